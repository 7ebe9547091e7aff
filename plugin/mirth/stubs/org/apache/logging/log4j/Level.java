/* SPDX-License-Identifier: Apache-2.0 */
package org.apache.logging.log4j;

/** To compile against; the engine brings log4j. */
public final class Level {
    public static native Level toLevel(String name, Level otherwise);

}
