// SPDX-License-Identifier: Apache-2.0
package peers.hl7;

import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.parser.PipeParser;
import ca.uhn.hl7v2.util.Terser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Does HAPI HL7v2, with its own validation and the structures of the version that
 * the message names, take what we write? It must find the structure, leave no
 * segment without a place, and write the same fields again.
 *
 * <p>Usage: {@code Golden FILE...}; a file has a segment a line. A line for each
 * that is refused, then how many of how many were taken; 1 unless all were.
 */
public final class Golden {
    private Golden() {}

    public static void main(String[] args) throws IOException {
        PipeParser parser = new DefaultHapiContext().getPipeParser();
        int taken = 0;
        for (String arg : args) {
            String text = Files.readString(Path.of(arg), StandardCharsets.UTF_8)
                    .replace('\n', '\r');
            String fault = fault(parser, text);
            if (fault == null) {
                taken++;
            } else {
                System.out.println(arg + ": " + fault);
            }
        }
        System.out.println("HAPI takes " + taken + " of " + args.length);
        System.exit(taken == args.length && taken > 0 ? 0 : 1);
    }

    private static String fault(PipeParser parser, String text) {
        try {
            Message message = parser.parse(text);
            String kind = message.getClass().getSimpleName();
            if (!kind.equals("ORU_R01") && !kind.equals("MDM_T02")) {
                return "it is taken for " + kind;
            }
            List<String> odd = strangers(message);
            if (!odd.isEmpty()) {
                return "no place for " + odd;
            }
            String said = new Terser(message).get("/.MSH-10");
            if (said == null || said.isEmpty()) {
                return "no control id";
            }
            return values(parser.encode(message)).equals(values(text)) ? null
                    : "it is written otherwise";
        } catch (HL7Exception e) {
            return e.toString();
        }
    }

    /** Segments that HAPI did not expect where they stood. */
    private static List<String> strangers(Message message) {
        var odd = new ArrayList<String>();
        for (String name : message.getNames()) {
            if (name.length() == 3 && message instanceof ca.uhn.hl7v2.model.AbstractGroup group
                    && group.getNonStandardNames().contains(name)) {
                odd.add(name);
            }
        }
        return odd;
    }

    /** Without delimiters at the ends of fields and segments. */
    private static List<String> values(String text) {
        var all = new ArrayList<String>();
        for (String segment : text.split("\r")) {
            all.add(segment.replaceAll("\\|+$", ""));
        }
        return all;
    }
}
