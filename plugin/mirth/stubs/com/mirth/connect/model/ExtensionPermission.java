/* SPDX-License-Identifier: Apache-2.0 */
package com.mirth.connect.model;

/** To compile against; the engine has its own. */
public class ExtensionPermission {
}
