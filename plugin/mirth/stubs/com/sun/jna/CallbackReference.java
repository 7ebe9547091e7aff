/* SPDX-License-Identifier: Apache-2.0 */
package com.sun.jna;

/** To compile against; the engine brings JNA. */
public class CallbackReference {
    public static native Pointer getFunctionPointer(Callback callback);
}
