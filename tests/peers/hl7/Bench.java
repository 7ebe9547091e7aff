// SPDX-License-Identifier: Apache-2.0
package peers.hl7;

import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.parser.DefaultModelClassFactory;
import ca.uhn.hl7v2.parser.GenericModelClassFactory;
import ca.uhn.hl7v2.parser.ModelClassFactory;
import ca.uhn.hl7v2.parser.Parser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How fast HAPI HL7v2 parses and encodes a list of messages, how many it can
 * parse, how many of those it can encode, and how many come back as the text
 * they were. HAPI is set to its best: no validation, unknown versions allowed,
 * warmed up.
 *
 * <p>Usage: {@code Bench LIST DIR WARM_UP_S}; LIST names one file of DIR a line.
 * One row a parser, tab separated, on standard output. MB are 10^6 bytes of the
 * messages that it could take, over the CPU time of the one thread that parses
 * (garbage collection and JIT run in others), the median of the passes.
 */
public final class Bench {
    private static final int PASSES = 7;

    private Bench() {}

    private record Sample(String text, int bytes) {}

    public static void main(String[] args) throws IOException {
        if (args.length != 3) {
            System.err.println("usage: Bench LIST DIR WARM_UP_S");
            System.exit(2);
        }
        long warmUpNs = TimeUnit.SECONDS.toNanos(Integer.parseInt(args[2]));
        List<Sample> samples = read(Path.of(args[0]), Path.of(args[1]));
        System.out.println("parser\tmessages\tparsed\tencoded\tidentical\tparse_msg_s\tparse_MB_s"
                + "\tparse_encode_msg_s\tparse_encode_MB_s");
        HapiContext typed = context(new DefaultModelClassFactory());
        HapiContext generic = context(new GenericModelClassFactory());
        report("PipeParser, structures", typed.getPipeParser(), samples, warmUpNs);
        report("GenericParser, structures", typed.getGenericParser(), samples, warmUpNs);
        report("PipeParser, generic model", generic.getPipeParser(), samples, warmUpNs);
    }

    private static HapiContext context(ModelClassFactory model) {
        var context = new DefaultHapiContext();
        context.setValidationContext(ValidationContextFactory.noValidation());
        context.setModelClassFactory(model);
        context.getParserConfiguration().setAllowUnknownVersions(true);
        context.getParserConfiguration().setValidating(false);
        return context;
    }

    /** Reads the messages, their segments ended by CR as the wire wants. */
    private static List<Sample> read(Path list, Path dir) throws IOException {
        var samples = new ArrayList<Sample>();
        for (String name : Files.readAllLines(list)) {
            if (name.isBlank()) {
                continue;
            }
            byte[] bytes = Files.readAllBytes(dir.resolve(name.strip()));
            String text = decode(bytes).replace("\r\n", "\r");
            if (text.indexOf('\r') < 0) {
                text = text.replace('\n', '\r');
            }
            samples.add(new Sample(text, bytes.length));
        }
        return samples;
    }

    private static String decode(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
    }

    private static void report(String name, Parser parser, List<Sample> samples, long warmUpNs) {
        var parsed = new ArrayList<Sample>();
        var encoded = new ArrayList<Sample>();
        int identical = 0;
        for (Sample s : samples) {
            try {
                Message m = parser.parse(s.text);
                parsed.add(s);
                String back = parser.encode(m);
                encoded.add(s);
                identical += trimmed(back).equals(trimmed(s.text)) ? 1 : 0;
            } catch (HL7Exception | RuntimeException e) {
                // Refused: the counts show it, and the clock leaves it out.
                continue;
            }
        }
        double parse = median(parser, parsed, false, warmUpNs);
        double both = median(parser, encoded, true, warmUpNs);
        System.out.printf(
                "%s\t%d\t%d\t%d\t%d\t%.0f\t%.1f\t%.0f\t%.1f%n",
                name,
                samples.size(),
                parsed.size(),
                encoded.size(),
                identical,
                parsed.size() / parse,
                bytes(parsed) / parse / 1e6,
                encoded.size() / both,
                bytes(encoded) / both / 1e6);
    }

    private static double bytes(List<Sample> samples) {
        return samples.stream().mapToLong(Sample::bytes).sum();
    }

    /** HAPI ends the last segment, senders may not; empty lines after it say nothing. */
    private static String trimmed(String text) {
        int n = text.length();
        while (n > 0 && (text.charAt(n - 1) == '\r' || text.charAt(n - 1) == '\n')) {
            n--;
        }
        return text.substring(0, n);
    }

    /** CPU seconds of the median pass over the messages. */
    private static double median(Parser parser, List<Sample> samples, boolean encode, long warmUpNs) {
        for (long end = System.nanoTime() + warmUpNs; System.nanoTime() < end; ) {
            pass(parser, samples, encode);
        }
        var seconds = new double[PASSES];
        for (int i = 0; i < PASSES; i++) {
            seconds[i] = pass(parser, samples, encode);
        }
        Arrays.sort(seconds);
        return seconds[PASSES / 2];
    }

    private static double pass(Parser parser, List<Sample> samples, boolean encode) {
        var clock = ManagementFactory.getThreadMXBean();
        long begun = clock.getCurrentThreadCpuTime();
        long sum = 0;
        try {
            for (Sample s : samples) {
                Message m = parser.parse(s.text);
                sum += encode ? parser.encode(m).length() : m.getNames().length;
            }
        } catch (HL7Exception e) {
            throw new IllegalStateException("accepted once and not again", e);
        }
        if (sum == 0 && !samples.isEmpty()) {
            throw new IllegalStateException("nothing was parsed");
        }
        return (clock.getCurrentThreadCpuTime() - begun) / 1e9;
    }
}
