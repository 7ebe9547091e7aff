/* SPDX-License-Identifier: Apache-2.0 */
package org.anamnesis.mirth;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What came of one message. Immutable once it is returned.
 *
 * The message itself stays the channel's: whatever an answer says, send it on.
 */
public final class Answer {
    private static final int HL7_ACK = 1;
    private static final int OPERATION_OUTCOME = 2;
    private static final int FHIR_BUNDLE = 3;
    private static final int DIAGNOSTIC = 4;
    private static final int STATUS = 5;

    private final int code;
    private final String error;
    private final Charset charset;
    private byte[] ack;
    private String status = "";
    private final List<String> bundles = new ArrayList<String>();
    private final List<String> diagnostics = new ArrayList<String>();

    Answer(int code, String error, Charset charset) {
        this.code = code;
        this.error = error;
        this.charset = charset;
    }

    void add(int kind, byte[] data) {
        switch (kind) {
        case HL7_ACK:
            ack = data;
            break;
        case FHIR_BUNDLE:
            bundles.add(new String(data, StandardCharsets.UTF_8));
            break;
        case OPERATION_OUTCOME:
        case DIAGNOSTIC:
            diagnostics.add(new String(data, StandardCharsets.UTF_8));
            break;
        case STATUS:
            status = new String(data, StandardCharsets.UTF_8);
            break;
        default: // of a later library
        }
    }

    /** Give it an acknowledgement if the library made none. */
    Answer acknowledged(byte[] message) {
        if (ack == null)
            ack = Acknowledgement.of(message, code);
        return this;
    }

    String status() {
        return status;
    }

    /** Stored, now or before. */
    public boolean accepted() {
        return code == 0;
    }

    /** 0, or an ANAMNESIS_E_ number of anamnesis.h. */
    public int code() {
        return code;
    }

    /** Why not, without a byte of the message; "" if accepted. */
    public String error() {
        return error;
    }

    /**
     * The HL7v2 acknowledgement, as the text that a listener writes in the
     * character set of the call; "" where none is wanted, and for FHIR. It says AA
     * or CA only after the message was stored durably.
     */
    public String ack() {
        return ack == null ? "" : new String(ack, charset);
    }

    /** The same, byte by byte. */
    public byte[] ackBytes() {
        return ack == null ? new byte[0] : ack.clone();
    }

    /** The first transaction Bundle with suggestions; null where nothing leaves. */
    public String fhir() {
        return bundles.isEmpty() ? null : bundles.get(0);
    }

    /** All of them, one for each patient of whom something is said. */
    public String[] bundles() {
        return bundles.toArray(new String[0]);
    }

    /** OperationOutcomes in JSON: the answer to FHIR, or why there is nothing. */
    public String[] diagnostics() {
        return diagnostics.toArray(new String[0]);
    }
}
