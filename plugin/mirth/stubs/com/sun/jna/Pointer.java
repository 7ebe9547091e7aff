/* SPDX-License-Identifier: Apache-2.0 */
package com.sun.jna;

/** To compile against; the engine brings JNA. */
public class Pointer {
    public static native long nativeValue(Pointer p);

    public native int getInt(long offset);

    public native long getLong(long offset);

    public native Pointer getPointer(long offset);

    public native byte[] getByteArray(long offset, int n);

    public native String getString(long offset, String encoding);

    public native void setInt(long offset, int value);

    public native void setLong(long offset, long value);

    public native void setPointer(long offset, Pointer value);

    public native void setMemory(long offset, long n, byte value);

    public native void write(long offset, byte[] bytes, int from, int n);

    public native Pointer share(long offset);
}
