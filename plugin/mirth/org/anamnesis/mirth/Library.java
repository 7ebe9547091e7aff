/* SPDX-License-Identifier: Apache-2.0 */
package org.anamnesis.mirth;

import com.sun.jna.Callback;
import com.sun.jna.CallbackReference;
import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * The table of plugin/anamnesis.h, called through JNA. Whichever of the two
 * libraries is loaded, libanamnesis.so or libanamnesis-helper.so, it is the same
 * table. Offsets are those of 64-bit pointers; fields are only ever appended.
 *
 * Shared: any thread, several at a time. An engine is a Pointer that may not be
 * used after destroy.
 */
final class Library {
    private static final int ABI_MAJOR = 1;

    private static final int ERROR_BYTES = 256;
    private static final int ERROR_CODE = 4;
    private static final int ERROR_TEXT = 8;
    private static final int ERROR_TEXT_BYTES = ERROR_BYTES - ERROR_TEXT;

    private static final int HOST_BYTES = 40;
    private static final int HOST_NAME = 16;
    private static final int HOST_LOG = 24;

    private static final int MESSAGE_BYTES = 48;
    private static final int MESSAGE_FLAGS = 4;
    private static final int MESSAGE_DATA = 8;
    private static final int MESSAGE_N = 16;
    private static final int MESSAGE_CONTENT_TYPE = 24;
    private static final int MESSAGE_MESSAGE_ID = 32;
    private static final int MESSAGE_DEADLINE_MS = 40;

    private static final int RESULT_BYTES = 32;
    private static final int RESULT_KIND = 4;
    private static final int RESULT_DATA = 16;
    private static final int RESULT_N = 24;

    private static final int PLUGIN_BYTES = 112;
    private static final int PLUGIN_NAME = 16;
    private static final int PLUGIN_VERSION = 24;
    private static final int PLUGIN_CREATE = 32;
    private static final int PLUGIN_PROCESS = 40;
    private static final int PLUGIN_RESULT_AT = 56;
    private static final int PLUGIN_RESULTS_FREE = 64;
    private static final int PLUGIN_RELOAD = 72;
    private static final int PLUGIN_STATUS = 80;
    private static final int PLUGIN_DESTROY = 96;

    // Where a call keeps what it passes: the message, the place of the results,
    // an error, a view of one result; then bytes.
    private static final int AT_RESULTS = MESSAGE_BYTES;
    private static final int AT_ERROR = AT_RESULTS + 8;
    private static final int AT_VIEW = AT_ERROR + ERROR_BYTES;
    private static final int AT_BYTES = AT_VIEW + RESULT_BYTES;

    /** void log(void *, int32_t, const char *, size_t), from any thread. */
    private static final class Lines implements Callback {
        private final Log log;

        Lines(Log log) {
            this.log = log;
        }

        public void callback(Pointer data, int level, Pointer line, long n) {
            try {
                log.line(level, new String(line.getByteArray(0, (int) n),
                    StandardCharsets.UTF_8));
            } catch (Throwable t) {
                // A line less, and nothing for the library to hear of.
            }
        }
    }

    private final Callback lines; // as long as an engine may call it
    private final Memory host;
    private final Memory hostName;
    private final Function create;
    private final Function process;
    private final Function resultAt;
    private final Function resultsFree;
    private final Function reload;
    private final Function status;
    private final Function destroy;

    /** Its own name and version, for the log. */
    final String name;

    Library(String path, String product, Log log) throws Refusal {
        if (!"64".equals(System.getProperty("sun.arch.data.model", "64")))
            throw new Refusal(Refusal.CONFIG, "a Java of 64 bits is needed");
        Pointer table;
        try (Block error = newError()) {
            table = NativeLibrary.getInstance(path)
                .getFunction("anamnesis_plugin_entry")
                .invokePointer(new Object[] {ABI_MAJOR, error});
            if (table == null)
                throw refused(error, 0);
        }
        if (table.getInt(0) < PLUGIN_BYTES)
            throw new Refusal(Refusal.CONFIG, path + " is too old");
        create = function(table, PLUGIN_CREATE);
        process = function(table, PLUGIN_PROCESS);
        resultAt = function(table, PLUGIN_RESULT_AT);
        resultsFree = function(table, PLUGIN_RESULTS_FREE);
        reload = function(table, PLUGIN_RELOAD);
        status = function(table, PLUGIN_STATUS);
        destroy = function(table, PLUGIN_DESTROY);
        name = text(table, PLUGIN_NAME) + " " + text(table, PLUGIN_VERSION);

        byte[] said = (product + "\0").getBytes(StandardCharsets.UTF_8);
        hostName = new Memory(said.length);
        hostName.write(0, said, 0, said.length);
        lines = new Lines(log);
        host = new Memory(HOST_BYTES);
        host.setMemory(0, HOST_BYTES, (byte) 0);
        host.setInt(0, HOST_BYTES);
        host.setPointer(HOST_NAME, hostName);
        host.setPointer(HOST_LOG, CallbackReference.getFunctionPointer(lines));
    }

    Pointer create(byte[] yaml) throws Refusal {
        try (Block error = newError(); Block text = copy(yaml); Block place = new Block(8)) {
            place.setLong(0, 0);
            int code = create.invokeInt(
                new Object[] {host, text, (long) yaml.length, place, error});
            if (code != 0)
                throw refused(error, 0);
            return place.getPointer(0);
        }
    }

    void reload(Pointer engine, byte[] yaml) throws Refusal {
        try (Block error = newError(); Block text = copy(yaml)) {
            if (reload.invokeInt(
                    new Object[] {engine, text, (long) yaml.length, error}) != 0)
                throw refused(error, 0);
        }
    }

    void destroy(Pointer engine) {
        destroy.invokeVoid(new Object[] {engine});
    }

    String status(Pointer engine) throws Refusal {
        try (Block b = new Block(AT_BYTES)) {
            clear(b);
            int code = status.invokeInt(
                new Object[] {engine, b.share(AT_RESULTS), b.share(AT_ERROR)});
            Answer answer = new Answer(code, "", StandardCharsets.UTF_8);
            collect(b, answer);
            if (code != 0)
                throw refused(b, AT_ERROR);
            return answer.status();
        }
    }

    /** What came of a message; a failure is an answer too. */
    Answer process(Pointer engine, Message m) {
        byte[] type = (m.type + "\0").getBytes(StandardCharsets.UTF_8);
        byte[] id = (m.id + "\0").getBytes(StandardCharsets.UTF_8);
        long at = AT_BYTES;

        try (Block b = new Block(at + type.length + id.length + m.bytes.length + 1)) {
            clear(b);
            b.setInt(0, MESSAGE_BYTES);
            b.setInt(MESSAGE_FLAGS, m.flags);
            b.setLong(MESSAGE_N, m.bytes.length);
            b.setInt(MESSAGE_DEADLINE_MS, m.deadlineMs);
            at = put(b, MESSAGE_CONTENT_TYPE, at, type);
            at = put(b, MESSAGE_MESSAGE_ID, at, id);
            put(b, MESSAGE_DATA, at, m.bytes);
            int code = process.invokeInt(new Object[] {
                engine, b, b.share(AT_RESULTS), b.share(AT_ERROR)});
            String why = code == 0 ? "" : errorText(b, AT_ERROR);
            Answer answer = new Answer(code, why, m.charset);
            collect(b, answer);
            return answer;
        }
    }

    /** Every result into `answer`, and what the library holds of them freed. */
    private void collect(Block b, Answer answer) {
        Pointer results = b.getPointer(AT_RESULTS);
        Pointer view = b.share(AT_VIEW);

        if (results == null)
            return;
        try {
            for (int i = 0;; i++) {
                b.setInt(AT_VIEW, RESULT_BYTES);
                if (resultAt.invokeInt(new Object[] {results, i, view}) != 0)
                    return;
                int n = (int) b.getLong(AT_VIEW + RESULT_N);
                Pointer data = b.getPointer(AT_VIEW + RESULT_DATA);
                answer.add(b.getInt(AT_VIEW + RESULT_KIND),
                    n == 0 ? new byte[0] : data.getByteArray(0, n));
            }
        } finally {
            resultsFree.invokeVoid(new Object[] {results});
        }
    }

    // ---- memory -------------------------------------------------------------

    private static void clear(Block b) {
        b.setMemory(0, AT_BYTES, (byte) 0);
        b.setInt(AT_ERROR, ERROR_BYTES);
    }

    private static long put(Block b, int field, long at, byte[] bytes) {
        b.write(at, bytes, 0, bytes.length);
        b.setPointer(field, b.share(at));
        return at + bytes.length;
    }

    private static Block newError() {
        Block error = new Block(ERROR_BYTES);
        error.setMemory(0, ERROR_BYTES, (byte) 0);
        error.setInt(0, ERROR_BYTES);
        return error;
    }

    private static Block copy(byte[] bytes) {
        Block b = new Block(bytes.length + 1L);
        b.write(0, bytes, 0, bytes.length);
        return b;
    }

    private static Function function(Pointer table, int offset) {
        return Function.getFunction(table.getPointer(offset));
    }

    private static String text(Pointer table, int offset) {
        return table.getPointer(offset).getString(0, "UTF-8");
    }

    private static Refusal refused(Pointer p, int error) {
        return new Refusal(p.getInt(error + ERROR_CODE), errorText(p, error));
    }

    private static String errorText(Pointer p, int error) {
        byte[] bytes = p.getByteArray(error + ERROR_TEXT, ERROR_TEXT_BYTES);
        int n = 0;
        while (n < bytes.length && bytes[n] != 0)
            n++;
        return new String(bytes, 0, n, StandardCharsets.UTF_8);
    }

    /** One message on its way in. */
    static final class Message {
        final byte[] bytes;
        final String type;
        final Charset charset; // of the acknowledgement as a String
        final String id;
        final int flags;
        final int deadlineMs;

        Message(byte[] bytes, String type, Charset charset, String id, int flags,
            int deadlineMs) {
            this.bytes = bytes;
            this.type = type;
            this.charset = charset;
            this.id = id;
            this.flags = flags;
            this.deadlineMs = deadlineMs;
        }
    }
}
