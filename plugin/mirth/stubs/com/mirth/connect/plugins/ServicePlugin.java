/* SPDX-License-Identifier: Apache-2.0 */
package com.mirth.connect.plugins;

import com.mirth.connect.model.ExtensionPermission;
import java.util.Properties;

/** To compile against; the engine has its own. */
public interface ServicePlugin extends ServerPlugin {
    void init(Properties properties);

    void update(Properties properties);

    Properties getDefaultProperties();

    ExtensionPermission[] getExtensionPermissions();
}
