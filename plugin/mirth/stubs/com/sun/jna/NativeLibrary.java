/* SPDX-License-Identifier: Apache-2.0 */
package com.sun.jna;

/** To compile against; the engine brings JNA. */
public class NativeLibrary {
    public static native NativeLibrary getInstance(String path);

    public native Function getFunction(String name);
}
