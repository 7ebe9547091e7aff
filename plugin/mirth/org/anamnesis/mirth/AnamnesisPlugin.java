/* SPDX-License-Identifier: Apache-2.0 */
package org.anamnesis.mirth;

import com.mirth.connect.model.ExtensionPermission;
import com.mirth.connect.plugins.ServicePlugin;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Properties;
import java.util.Timer;
import java.util.TimerTask;

/**
 * The extension's life within the engine. Nothing that is thrown leaves: an Error
 * out of init would keep the engine from starting at all, and the engine calls
 * start and stop as often as it likes.
 */
public final class AnamnesisPlugin implements ServicePlugin {
    private static final String NAME = "Anamnesis";
    /** How soon what could not be opened is tried again: a helper that is not yet
     * there, a store that another process still has, a file that comes. */
    private static final long AGAIN_MS = 5000;

    private final Log log = new Log();
    private Properties properties = new Properties();
    private Library library;
    private String loadedFrom = "";
    private String told = ""; // what the log said last of why not
    private Timer timer; // none while stopped

    @Override
    public String getPluginPointName() {
        return NAME;
    }

    @Override
    public Properties getDefaultProperties() {
        Properties p = new Properties();
        p.setProperty("file", "conf/anamnesis.yaml");
        p.setProperty("yaml", "");
        p.setProperty("library", "");
        p.setProperty("deadline_ms", "2000");
        p.setProperty("log", "INFO");
        return p;
    }

    @Override
    public ExtensionPermission[] getExtensionPermissions() {
        return null;
    }

    @Override
    public synchronized void init(Properties given) {
        properties = given;
        start();
    }

    @Override
    public synchronized void start() {
        if (timer != null)
            return;
        open();
        try {
            timer = new Timer(NAME, true);
            timer.schedule(new TimerTask() {
                @Override
                public void run() {
                    again();
                }
            }, AGAIN_MS, AGAIN_MS);
        } catch (Throwable t) {
            tell(t);
        }
    }

    private synchronized void again() {
        if (timer != null && !Anamnesis.isOpen())
            open();
    }

    @Override
    public synchronized void update(Properties given) {
        properties = given;
        told = "";
        open();
    }

    @Override
    public synchronized void stop() {
        try {
            if (timer != null)
                timer.cancel();
            timer = null;
            Anamnesis.close();
        } catch (Throwable t) {
            tell(t);
        }
    }

    private void open() {
        try {
            log.level(property("log"));
            Anamnesis.deadline(Integer.parseInt(property("deadline_ms")));
            byte[] yaml = yaml();
            Anamnesis.open(library(), yaml);
            told = "";
            log.info(library.name + " from " + loadedFrom + " is ready");
        } catch (Throwable t) {
            tell(t);
        }
    }

    private void tell(Throwable t) {
        try {
            String why = t instanceof Refusal ? t.getMessage() : t.toString();
            if (!Anamnesis.isOpen())
                Anamnesis.trouble(why);
            if (why.equals(told))
                return;
            told = why;
            log.error((Anamnesis.isOpen() ? "the configuration stays as it was: "
                : "not ready: ") + why);
        } catch (Throwable beyond) {
            // Not even a log: the engine runs on without us.
        }
    }

    private String property(String key) {
        String value = properties.getProperty(key);
        return value != null && !value.trim().isEmpty() ? value.trim()
            : getDefaultProperties().getProperty(key);
    }

    /** The text itself if there is one, else the file's. */
    private byte[] yaml() throws Refusal {
        String text = properties.getProperty("yaml", "");
        if (!text.trim().isEmpty())
            return text.getBytes(StandardCharsets.UTF_8);
        File file = inEngine(property("file"));
        try {
            return Files.readAllBytes(file.toPath());
        } catch (IOException e) {
            throw new Refusal(Refusal.CONFIG, "cannot read " + file);
        }
    }

    /** Loaded once: what a process has loaded stays, so another one wants a
     * restart. */
    private Library library() throws Refusal {
        String name = property("library");
        File file = name.isEmpty() ? beside("libanamnesis.so")
            : name.indexOf('/') < 0 ? beside(name) : inEngine(name);
        if (library == null) {
            library = new Library(file.getPath(),
                "Mirth or Open Integration Engine, extension "
                    + AnamnesisPlugin.class.getPackage().getImplementationVersion(), log);
            loadedFrom = file.getPath();
        } else if (!loadedFrom.equals(file.getPath())) {
            throw new Refusal(Refusal.CONFIG,
                "another library wants a restart of the engine: " + file);
        }
        return library;
    }

    // ---- places -----------------------------------------------------------------

    /** extensions/anamnesis, where our jar lies. */
    private static File folder() throws Refusal {
        try {
            return new File(AnamnesisPlugin.class.getProtectionDomain().getCodeSource()
                .getLocation().toURI().normalize()).getParentFile();
        } catch (URISyntaxException e) {
            throw new Refusal(Refusal.CONFIG, "the extension does not know where it lies");
        }
    }

    private static File beside(String name) throws Refusal {
        return new File(new File(folder(), "native/linux-" + System.getProperty("os.arch")),
            name);
    }

    /** A path from the folder of the engine on, unless it is absolute. */
    private static File inEngine(String path) throws Refusal {
        File file = new File(path);
        return file.isAbsolute() ? file
            : new File(folder().getParentFile().getParentFile(), path);
    }
}
