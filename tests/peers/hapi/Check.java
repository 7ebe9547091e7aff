// SPDX-License-Identifier: Apache-2.0
package peers.hapi;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Proves that the peer is as strict as our tests take it to be: a peer that
 * accepts everything proves nothing about what we send. Speaks plain HTTP and
 * JSON, as our own client does. Each run uses fresh ids, so it may be repeated.
 *
 * <p>Usage: {@code Check BASE}; TAP on standard output, exit 1 on a failed check.
 */
public final class Check {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int NOTIFY_LIMIT_S = 30;

    private final HttpClient http = HttpClient.newHttpClient();
    private final String base;
    private int count;
    private boolean failed;

    private final String patient = UUID.randomUUID().toString();
    private final String device = UUID.randomUUID().toString();
    private final String risk = UUID.randomUUID().toString();
    private final String provenance = UUID.randomUUID().toString();
    private final String number = "PEER-" + patient;

    private Check(String base) {
        this.base = base;
    }

    public static void main(String[] args) throws Exception {
        if (args.length != 1) {
            System.err.println("usage: Check BASE");
            System.exit(2);
        }
        var check = new Check(args[0]);
        check.writes();
        check.reads();
        check.refuses();
        check.notifies();
        System.out.println("1.." + check.count);
        System.exit(check.failed ? 1 : 0);
    }

    private void writes() throws Exception {
        Answer a = send("POST", "", bundle(put("Patient", patient, """
                "identifier":[{"system":"urn:oid:2.999.1.1","value":"%s"}],
                "name":[{"family":"Invented"}],"birthDate":"1950-02-03"
                """.formatted(number))));
        is("a client may assign a UUID", a.entry(0), "201 Created");
        a = send("POST", "", suggestion(number));
        is("a transaction with a conditional reference is accepted", a.status(), 200);
        is("the risk assessment is new", a.entry(1), "201 Created");
        a = send("POST", "", suggestion(number));
        is("the same transaction again is accepted", a.status(), 200);
        is("and makes no new version", a.json().at("/entry/1/response/etag").asText(), "1");
    }

    private void reads() throws Exception {
        Answer a = send("GET", "/RiskAssessment/" + risk, null);
        is("it reads back", a.status(), 200);
        is("the conditional reference was resolved",
                a.json().at("/subject/reference").asText(), "Patient/" + patient);
        is("the decimal keeps its precision", a.body().contains("\"probabilityDecimal\":0.230"), true);
        is("found by subject", total("RiskAssessment?subject=Patient/" + patient), 1);
        is("found by identifier",
                total("RiskAssessment?identifier=" + quote("urn:ietf:rfc:3986|urn:uuid:" + risk)), 1);
        is("found by the patient's identifier",
                total("RiskAssessment?subject:Patient.identifier=" + quote("urn:oid:2.999.1.1|" + number)), 1);
        is("found by security label",
                total("RiskAssessment?_security=AIAST&subject=Patient/" + patient), 1);
        is("provenance found by target", total("Provenance?target=RiskAssessment/" + risk), 1);
        is("provenance found by agent", total("Provenance?agent=Device/" + device), 1);
    }

    private void refuses() throws Exception {
        String good = UUID.randomUUID().toString();
        String bad = UUID.randomUUID().toString();
        String first = put("Device", good, "\"status\":\"active\"");
        Answer a = send("POST", "", bundle(first, put("RiskAssessment", bad, """
                "status":"preliminary","subject":{"reference":"Patient/%s"}
                """.formatted(bad))));
        is("a reference that leads nowhere is refused", a.status(), 400);
        is("and the entry before it is rolled back", send("GET", "/Device/" + good, null).status(), 404);
        a = send("POST", "", bundle(first, put("RiskAssessment", bad, """
                "status":"preliminary","subject":{"reference":"Patient?identifier=urn:oid:2.999.1.1|nobody"}
                """)));
        is("a conditional reference without a match is refused", a.status(), 404);
        is("and rolls back too", send("GET", "/Device/" + good, null).status(), 404);
        a = send("PUT", "/RiskAssessment/" + bad, """
                {"resourceType":"RiskAssessment","id":"%s","status":"preliminary",
                 "subject":{"reference":"Provenance/%s"}}""".formatted(bad, provenance));
        is("a reference to a resource of the wrong type is refused", a.status(), 422);
        a = send("PUT", "/RiskAssessment/" + bad, """
                {"resourceType":"RiskAssessment","id":"%s","status":"bogus"}""".formatted(bad));
        is("a status outside its code list is refused", a.status(), 400);
        a = send("PUT", "/Device/" + device, """
                {"resourceType":"Device","id":"%s","status":"inactive"}""".formatted(device),
                "If-Match", "W/\"7\"");
        is("an update of a version that is not current is refused", a.status(), 409);
    }

    /** A rest-hook subscription must reach a listener of ours with the resource and the header. */
    private void notifies() throws Exception {
        BlockingQueue<String> calls = new ArrayBlockingQueue<>(8);
        HttpServer hook = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        hook.createContext("/", call -> {
            call.getRequestBody().readAllBytes();
            calls.offer(call.getRequestMethod() + " " + call.getRequestURI() + " "
                    + call.getRequestHeaders().getFirst("Authorization"));
            call.sendResponseHeaders(200, -1);
            call.close();
        });
        hook.start();
        try {
            Answer a = send("POST", "/Subscription", """
                    {"resourceType":"Subscription","status":"requested","reason":"peer check",
                     "criteria":"Observation?subject=Patient/%s","channel":{"type":"rest-hook",
                     "endpoint":"http://127.0.0.1:%d/hook","payload":"application/fhir+json",
                     "header":["Authorization: Bearer invented"]}}
                    """.formatted(patient, hook.getAddress().getPort()));
            String subscription = "/Subscription/" + a.json().path("id").asText();
            String state = "";
            for (int i = 0; i < NOTIFY_LIMIT_S * 5 && !state.equals("active"); i++) {
                Thread.sleep(200);
                state = send("GET", subscription, null).json().path("status").asText();
            }
            is("a subscription becomes active", state, "active");
            String id = UUID.randomUUID().toString();
            send("PUT", "/Observation/" + id, """
                    {"resourceType":"Observation","id":"%s","status":"final","code":{"coding":
                     [{"system":"http://loinc.org","code":"2160-0"}]},"subject":{"reference":"Patient/%s"},
                     "valueQuantity":{"value":2.10,"unit":"mg/dL"}}
                    """.formatted(id, patient));
            is("and a new result is sent to its endpoint",
                    calls.poll(NOTIFY_LIMIT_S, TimeUnit.SECONDS),
                    "PUT /hook/Observation/" + id + " Bearer invented");
            send("DELETE", subscription, null);
        } finally {
            hook.stop(0);
        }
    }

    private String suggestion(String patientNumber) {
        return bundle(
                put("Device", device, """
                        "deviceName":[{"name":"Demonstrator","type":"model-name"}]"""),
                put("RiskAssessment", risk, """
                        "meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
                        "code":"AIAST"}]},"identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:%s"}],
                        "status":"preliminary","subject":{"reference":"Patient?identifier=urn:oid:2.999.1.1|%s"},
                        "prediction":[{"outcome":{"text":"invented"},"probabilityDecimal":0.230}]
                        """.formatted(risk, patientNumber)),
                put("Provenance", provenance, """
                        "target":[{"reference":"RiskAssessment/%s"}],"recorded":"2026-01-02T03:04:05Z",
                        "agent":[{"who":{"reference":"Device/%s"}}]
                        """.formatted(risk, device)));
    }

    private static String bundle(String... entries) {
        return "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[" + String.join(",", entries) + "]}";
    }

    private static String put(String type, String id, String elements) {
        return """
                {"resource":{"resourceType":"%s","id":"%s",%s},"request":{"method":"PUT","url":"%s/%s"}}
                """.formatted(type, id, elements, type, id);
    }

    private int total(String query) throws Exception {
        return send("GET", "/" + query, null).json().path("total").asInt(-1);
    }

    private static String quote(String s) {
        return URLEncoder.encode(s, StandardCharsets.UTF_8);
    }

    private record Answer(int status, String body, JsonNode json) {
        String entry(int i) {
            return json.at("/entry/" + i + "/response/status").asText();
        }
    }

    private Answer send(String method, String path, String body, String... headers) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(base + path))
                .method(method, body == null
                        ? HttpRequest.BodyPublishers.noBody()
                        : HttpRequest.BodyPublishers.ofString(body))
                .header("Content-Type", "application/fhir+json");
        if (headers.length > 0) {
            request.headers(headers);
        }
        HttpResponse<String> r = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        return new Answer(r.statusCode(), r.body(), JSON.readTree(r.body()));
    }

    private void is(String what, Object got, Object wanted) {
        boolean good = wanted.equals(got);
        failed |= !good;
        System.out.println((good ? "ok " : "not ok ") + ++count + " - " + what
                + (good ? "" : ": got " + got + ", wanted " + wanted));
    }
}
