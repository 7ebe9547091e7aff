/* SPDX-License-Identifier: Apache-2.0 */
/* What the suites of hl7/convert.h share: messages in pieces, and a Bundle as
 * text. */
#ifndef TESTS_HL7_CONVERT_HELP_H
#define TESTS_HL7_CONVERT_HELP_H

#include "hl7/convert.h"

/* Around each test. */
extern struct an_arena convert_arena;
void convert_set_up(void);
void convert_tear_down(void);

enum an_code convert_to(const char *text, enum hl7_bundle bundle,
                        struct hl7_converted *out, struct an_err *err);
/* The message Bundle as JSON; what cannot be converted fails the test. */
const char *convert(const char *text);

/* How often `part` stands in `text`. */
unsigned convert_times(const char *text, const char *part);
/* The id of the n-th resource of a type (0-based), in a static buffer of four
 * turns. */
const char *convert_id(const char *json, const char *type, unsigned n);

/* A message's head, and one segment so often. */
const char *convert_repeated(const char *head, const char *segment, unsigned n);
const char *convert_joined(const char *a, const char *b, const char *c);

#define MSH(type, id)                                                          \
    "MSH|^~\\&|LAB|HOSP|ENGINE|HOSP|20260301120000||" type "|" id "|P|2.5.1\r"
#define PID                                                                    \
    "PID|1||4711^^^HOSP^MR||Muster^Erika^Maria||19620714|F|||Hauptstr. "       \
    "1^^Ulm^^89073^DE\r"
#define PV1                                                                    \
    "PV1|1|I|W1^101^A||||||||||||||||V-77|||||||||||||||||||||||||"            \
    "20260228080000\r"
#define ORDER                                                                  \
    "ORC|RE|P-1^EHR|F-1^LAB\r"                                                 \
    "OBR|1|P-1^EHR|F-1^LAB|24323-8^CMP^LN|||20260301073000|||||||"             \
    "||||||||20260301110000||LAB|F\r"
#define OBX1 "OBX|1|NM|2160-0^Creatinine^LN||1.10|mg/dL|0.7-1.3|N|||F\r"
#define OBX2 "OBX|2|NM|2823-3^Potassium^LN||+4.5|mmol/L|3.5-5.1||||F\r"
#define SPM "SPM|1|S-9&EHR^S-9&LAB||BLD^Blood^HL70487\r"

#endif
