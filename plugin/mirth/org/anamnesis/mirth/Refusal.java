/* SPDX-License-Identifier: Apache-2.0 */
package org.anamnesis.mirth;

/** What the library refused: one of its ANAMNESIS_E_ numbers and its text,
 * which holds no byte of a message. */
final class Refusal extends Exception {
    static final long serialVersionUID = 1;
    static final int ARGUMENT = -1;
    static final int CONFIG = -3;
    static final int UNAVAILABLE = -5;
    static final int QUARANTINED = -6;
    static final int INTERNAL = -10;

    final int code;

    Refusal(int code, String text) {
        super(text);
        this.code = code;
    }
}
