/* SPDX-License-Identifier: Apache-2.0 */
package org.anamnesis.mirth;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/** From HL7 table 0211 to Java's character sets. */
final class Charsets {
    private static final int MSH_18 = 17; // MSH-1 is the separator itself

    private Charsets() {
    }

    /** Of an HL7v2 message by its MSH-18, of anything else UTF-8. */
    static Charset of(String message) {
        if (!message.startsWith("MSH") || message.length() < 8)
            return StandardCharsets.UTF_8;
        String[] f = message.split("[\r\n]", 2)[0]
            .split(java.util.regex.Pattern.quote(message.substring(3, 4)), -1);
        String name = f.length > MSH_18 ? f[MSH_18] : "";
        if (name.matches("8859/[0-9]{1,2}.*"))
            name = "ISO-8859-" + name.replaceAll("^8859/([0-9]+).*", "$1");
        else if (!name.startsWith("GB 18030"))
            return StandardCharsets.UTF_8;
        else
            name = "GB18030";
        return Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.UTF_8;
    }
}
