/* SPDX-License-Identifier: Apache-2.0 */
package org.anamnesis.mirth;

import java.nio.charset.StandardCharsets;
import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.UUID;

/**
 * The acknowledgement of a message that the library has not seen: AE, repeat it
 * later, or AR, do not (HL7 v2.5.1 2.9.2); CE and CR for who asked for an accept
 * acknowledgement in MSH-15.
 */
final class Acknowledgement {
    private Acknowledgement() {
    }

    /** null for what is not an HL7v2 message. */
    static byte[] of(byte[] message, int code) {
        // Bytes are letters here: what is repeated of them is repeated as it is.
        String text = new String(message, StandardCharsets.ISO_8859_1);
        if (!text.startsWith("MSH") || text.length() < 8)
            return null;
        String head = text.split("[\r\n]", 2)[0];
        String sep = head.substring(3, 4);
        String[] f = head.split(java.util.regex.Pattern.quote(sep), -1);
        boolean accept = !field(f, 15).isEmpty() && !"NE".equals(field(f, 15));
        boolean repeat = code != Refusal.QUARANTINED && code != Refusal.ARGUMENT;
        String[] msh = {"MSH", field(f, 2), field(f, 5), field(f, 6), field(f, 3),
            field(f, 4), new SimpleDateFormat("yyyyMMddHHmmssZ").format(new Date()), "",
            "ACK", UUID.randomUUID().toString().substring(0, 20), field(f, 11),
            field(f, 12)};
        String[] msa = {"MSA", (accept ? "C" : "A") + (repeat ? "E" : "R"), field(f, 10)};
        return (String.join(sep, msh) + "\r" + String.join(sep, msa) + "\r")
            .getBytes(StandardCharsets.ISO_8859_1);
    }

    /** MSH-n; MSH-1 is the separator, so MSH-2 stands first. */
    private static String field(String[] f, int n) {
        return n - 1 < f.length ? f[n - 1] : "";
    }
}
