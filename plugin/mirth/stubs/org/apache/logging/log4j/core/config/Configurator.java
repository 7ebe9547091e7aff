/* SPDX-License-Identifier: Apache-2.0 */
package org.apache.logging.log4j.core.config;

import org.apache.logging.log4j.Level;

/** To compile against; the engine brings log4j. */
public final class Configurator {
    public static native void setLevel(String name, Level level);
}
