/* SPDX-License-Identifier: Apache-2.0 */
package org.anamnesis.mirth;

import com.sun.jna.Memory;

/** Native memory that is given back when a call ends, and not when the
 * collector comes by. */
final class Block extends Memory implements AutoCloseable {
    Block(long n) {
        super(n);
    }

    @Override
    public void close() {
        dispose();
    }
}
