/* SPDX-License-Identifier: Apache-2.0 */
package com.mirth.connect.plugins;

/** To compile against; the engine has its own. */
public interface ServerPlugin {
    String getPluginPointName();

    void start();

    void stop();
}
