// SPDX-License-Identifier: Apache-2.0
package peers.validator;

import ca.uhn.fhir.context.FhirContext;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.NpmPackageValidationSupport;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.CodeSystem;
import org.hl7.fhir.r4.model.CodeSystem.CodeSystemContentMode;
import org.hl7.fhir.r4.model.CodeSystem.ConceptDefinitionComponent;

/**
 * HL7's terminology package (THO), the newest copy that the package repository
 * has, with two corrections.
 *
 * <p>It lists code systems of others, LOINC and ICD-10-CM among them, by name
 * only. The validator would call every code of theirs wrong where an element is
 * a Coding, so those entries are left out: such a code is then unchecked.
 *
 * <p>AIAST, "Artificial Intelligence asserted", came into the terminology after
 * this copy, so as it stands the validator calls our label an error. The
 * published code system has it beside the other "asserted" codes; here it gets
 * that place. Every other check on the code system stays.
 */
final class Terminology extends NpmPackageValidationSupport {
    private static final String PACKAGE = "classpath:org/hl7/fhir/r5/packages/hl7.terminology-5.1.0.tgz";
    private static final String OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";

    Terminology(FhirContext fhir) throws IOException {
        super(fhir);
        loadPackageFromClasspath(PACKAGE);
    }

    @Override
    public void addCodeSystem(IBaseResource resource) {
        var codes = (CodeSystem) resource;
        if (codes.getContent() != CodeSystemContentMode.COMPLETE) {
            return;
        }
        if (OBSERVATION_VALUE.equals(codes.getUrl())) {
            find(codes.getConcept(), "_SECINTPRVABOBV")
                    .orElseThrow(() -> new IllegalStateException(OBSERVATION_VALUE + " is not as expected"))
                    .addConcept()
                    .setCode("AIAST")
                    .setDisplay("Artificial Intelligence asserted");
        }
        super.addCodeSystem(codes);
    }

    private static Optional<ConceptDefinitionComponent> find(List<ConceptDefinitionComponent> in, String code) {
        return in.stream()
                .flatMap(c -> c.getCode().equals(code) ? Stream.of(c) : find(c.getConcept(), code).stream())
                .findFirst();
    }
}
