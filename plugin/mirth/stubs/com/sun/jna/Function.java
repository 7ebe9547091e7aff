/* SPDX-License-Identifier: Apache-2.0 */
package com.sun.jna;

/** To compile against; the engine brings JNA. */
public class Function extends Pointer {
    public static native Function getFunction(Pointer p);

    public native int invokeInt(Object[] arguments);

    public native Pointer invokePointer(Object[] arguments);

    public native void invokeVoid(Object[] arguments);
}
