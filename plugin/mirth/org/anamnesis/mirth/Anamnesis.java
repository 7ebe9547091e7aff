/* SPDX-License-Identifier: Apache-2.0 */
package org.anamnesis.mirth;

import com.sun.jna.Pointer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * For channels: one message in, an Answer out.
 *
 * <pre>
 * var answer = Packages.org.anamnesis.mirth.Anamnesis.process(
 *     connectorMessage.getRawData(), 'x-application/hl7-v2+er7');
 * responseMap.put('ack', answer.ack());
 * if (answer.fhir() != null) channelMap.put('fhir', answer.fhir());
 * </pre>
 *
 * Shared: any thread of any channel, several at a time. No call throws; what went
 * wrong is the answer's code and text.
 */
public final class Anamnesis {
    public static final String HL7 = "x-application/hl7-v2+er7";
    public static final String FHIR = "application/fhir+json";
    /** A flag: stored, but nothing is made of it now. */
    public static final int HISTORICAL = 1;
    /** A flag: out of quarantine, at an operator's word. */
    public static final int RETRY = 2;

    // Read: a call of the library is under way. Write: the engine changes hands.
    private static final ReadWriteLock LOCK = new ReentrantReadWriteLock();
    private static Library library;
    private static Pointer engine;
    private static String closed = "the extension has not started";
    private static volatile int deadlineMs;

    private Anamnesis() {
    }

    /**
     * A message as a channel has it: a String that its listener decoded. HL7v2
     * goes back to bytes in the character set that its MSH-18 names, anything
     * else in UTF-8; so does the acknowledgement come back.
     */
    public static Answer process(String message, String contentType) {
        return process(message, contentType, null);
    }

    /**
     * The same where the listener's character set is known. With ISO-8859-1 on
     * both sides each byte is itself, whatever MSH-18 says.
     */
    public static Answer process(String message, String contentType, String charset) {
        try {
            Charset c = charset == null ? Charsets.of(message) : Charset.forName(charset);
            return ask(new Library.Message(message.getBytes(c), contentType, c, "", 0,
                deadlineMs));
        } catch (RuntimeException e) { // no message, no such character set
            return argument(e);
        }
    }

    /** A message byte by byte. */
    public static Answer process(byte[] message, String contentType) {
        return process(message, contentType, "", 0, deadlineMs);
    }

    /** With the channel's id of it for the log, flags, and milliseconds for the
     * suggestions (0: no limit). */
    public static Answer process(byte[] message, String contentType, String id, int flags,
        int deadlineMs) {
        try {
            return ask(new Library.Message(message, contentType,
                Charsets.of(new String(message, StandardCharsets.ISO_8859_1)), id, flags,
                deadlineMs));
        } catch (RuntimeException e) {
            return argument(e);
        }
    }

    /** How the engine is, in JSON: see anamnesis.h; "" while there is none. */
    public static String status() {
        LOCK.readLock().lock();
        try {
            return engine == null ? "" : library.status(engine);
        } catch (Throwable t) {
            return "";
        } finally {
            LOCK.readLock().unlock();
        }
    }

    private static Answer ask(Library.Message m) {
        LOCK.readLock().lock();
        try {
            Answer answer = engine == null
                ? new Answer(Refusal.UNAVAILABLE, closed, m.charset)
                : library.process(engine, m);
            return answer.acknowledged(m.bytes);
        } catch (Throwable t) {
            return new Answer(Refusal.INTERNAL, String.valueOf(t), m.charset)
                .acknowledged(m.bytes);
        } finally {
            LOCK.readLock().unlock();
        }
    }

    private static Answer argument(RuntimeException e) {
        return new Answer(Refusal.ARGUMENT, e.getClass().getSimpleName(),
            StandardCharsets.UTF_8);
    }

    // ---- the extension's side -------------------------------------------------

    static void deadline(int ms) {
        deadlineMs = ms;
    }

    /** An engine on this configuration, or another one for the engine there is.
     * On failure what was there stays. */
    static void open(Library loaded, byte[] yaml) throws Refusal {
        LOCK.readLock().lock();
        try {
            if (engine != null) {
                library.reload(engine, yaml);
                return;
            }
        } finally {
            LOCK.readLock().unlock();
        }
        Pointer opened = loaded.create(yaml);
        LOCK.writeLock().lock();
        try {
            library = loaded;
            engine = opened;
        } finally {
            LOCK.writeLock().unlock();
        }
    }

    static boolean isOpen() {
        LOCK.readLock().lock();
        try {
            return engine != null;
        } finally {
            LOCK.readLock().unlock();
        }
    }

    /** Why there is no engine, for those who ask meanwhile. */
    static void trouble(String why) {
        LOCK.writeLock().lock();
        closed = why;
        LOCK.writeLock().unlock();
    }

    /** Waits for the calls under way; twice is once. */
    static void close() {
        LOCK.writeLock().lock();
        try {
            if (engine != null)
                library.destroy(engine);
            engine = null;
            closed = "the extension has stopped";
        } finally {
            LOCK.writeLock().unlock();
        }
    }
}
