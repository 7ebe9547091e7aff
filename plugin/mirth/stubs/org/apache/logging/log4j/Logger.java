/* SPDX-License-Identifier: Apache-2.0 */
package org.apache.logging.log4j;

/** To compile against; the engine brings log4j. */
public interface Logger {
    void log(Level level, String message);
}
