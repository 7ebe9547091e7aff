/* SPDX-License-Identifier: Apache-2.0 */
package com.sun.jna;

/** To compile against; the engine brings JNA. */
public class Memory extends Pointer {
    public Memory(long n) {
    }

    protected native void dispose();
}
