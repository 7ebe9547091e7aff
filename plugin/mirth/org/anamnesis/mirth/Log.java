/* SPDX-License-Identifier: Apache-2.0 */
package org.anamnesis.mirth;

import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.logging.log4j.core.config.Configurator;

/** Lines for the engine's log, in the name org.anamnesis. The engine's own
 * configuration keeps to ERROR whoever it does not name, so the level is a
 * property of the extension. Shared. */
final class Log {
    private static final String NAME = "org.anamnesis";
    private static final String[] LEVELS = {"DEBUG", "INFO", "WARN", "ERROR"};

    private final Logger logger = LogManager.getLogger(NAME);

    /** From which level on; a word that is none leaves it as it is. */
    void level(String word) {
        Level level = Level.toLevel(word, null);
        if (level != null)
            Configurator.setLevel(NAME, level);
    }

    /** `level` is an ANAMNESIS_LOG_ number. */
    void line(int level, String text) {
        int i = Math.max(0, Math.min(level, LEVELS.length - 1));
        logger.log(Level.toLevel(LEVELS[i], null), text);
    }

    void info(String text) {
        line(1, text);
    }

    void error(String text) {
        line(3, text);
    }
}
