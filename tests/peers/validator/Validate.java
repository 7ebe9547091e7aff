// SPDX-License-Identifier: Apache-2.0
package peers.validator;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;

/**
 * Validates R4 resources (JSON, one a file): structure, cardinality, invariants,
 * bindings, references inside a Bundle, and codes as far as their code systems
 * are at hand: LOINC, SNOMED CT, RxNorm and ICD-10-CM are not, and a code of
 * theirs is a warning. What a reference outside the Bundle points to is for
 * the server to check.
 *
 * <p>Usage: {@code Validate FILE...}; one line an issue on standard output,
 * {@code FILE:LINE:COLUMN: SEVERITY: LOCATION: MESSAGE}; exit 1 if any is an
 * error, 2 if a file cannot be read.
 */
public final class Validate {
    private Validate() {}

    public static void main(String[] args) throws IOException {
        if (args.length == 0) {
            System.err.println("usage: Validate FILE...");
            System.exit(2);
        }
        FhirContext fhir = FhirContext.forR4();
        FhirValidator validator = fhir.newValidator();
        validator.registerValidatorModule(new FhirInstanceValidator(support(fhir)));
        long errors = 0;
        for (String file : args) {
            errors += validate(validator, file);
        }
        System.exit(errors > 0 ? 1 : 0);
    }

    /** Prints what is found in a file and returns how many errors there were. */
    private static long validate(FhirValidator validator, String file) throws IOException {
        String text = Files.readString(Path.of(file), StandardCharsets.UTF_8);
        List<SingleValidationMessage> found = validator.validateWithResult(text).getMessages();
        for (SingleValidationMessage m : found) {
            System.out.printf(
                    "%s:%d:%d: %s: %s: %s%n",
                    file,
                    m.getLocationLine() == null ? 0 : m.getLocationLine(),
                    m.getLocationCol() == null ? 0 : m.getLocationCol(),
                    m.getSeverity().getCode(),
                    m.getLocationString(),
                    m.getMessage().replace('\n', ' '));
        }
        return found.stream().filter(m -> m.getSeverity().compareTo(ResultSeverityEnum.ERROR) >= 0).count();
    }

    private static IValidationSupport support(FhirContext fhir) throws IOException {
        return new ValidationSupportChain(
                new Terminology(fhir),
                new DefaultProfileValidationSupport(fhir),
                new CommonCodeSystemsTerminologyService(fhir),
                new InMemoryTerminologyServerValidationSupport(fhir),
                new SnapshotGeneratingValidationSupport(fhir));
    }
}
