/* SPDX-License-Identifier: Apache-2.0 */
package org.anamnesis.mirth;

import java.nio.charset.StandardCharsets;

/** Prints what the parts of the extension that need no engine make of a line:
 * "charset TEXT" and "ack CODE TEXT", where two tildes end a segment of TEXT. */
public final class Texts {
    public static void main(String[] args) {
        String text = args[args.length - 1].replace("~~", "\r");
        if (args[0].equals("charset")) {
            System.out.println(Charsets.of(text));
            return;
        }
        byte[] ack = Acknowledgement.of(text.getBytes(StandardCharsets.ISO_8859_1),
            Integer.parseInt(args[1]));
        System.out.println(ack == null ? "none"
            : new String(ack, StandardCharsets.ISO_8859_1).replace("\r", "~~"));
    }
}
