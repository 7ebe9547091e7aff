/* SPDX-License-Identifier: Apache-2.0 */
package org.apache.logging.log4j;

/** To compile against; the engine brings log4j. */
public class LogManager {
    public static native Logger getLogger(String name);
}
