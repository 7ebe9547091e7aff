/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of the table and of its extensions; entry.c puts them there.
 * plugin/anamnesis.h says what each does.
 *
 * Thread-safety: shared. */
#ifndef PLUGIN_ABI_CALLS_INT_H
#define PLUGIN_ABI_CALLS_INT_H

#include "base/err.h"
#include "plugin/anamnesis.h"

/* ---- error.c ------------------------------------------------------------ */

/* Fill the caller's error, as far as it is there, and return `code`. */
anamnesis_status abi_fail(struct anamnesis_error *error, anamnesis_status code,
                          const char *text);
/* The same for one of ours, told with its place. */
anamnesis_status abi_fail_err(struct anamnesis_error *error,
                              const struct an_err *err);
anamnesis_status abi_ok(struct anamnesis_error *error);

/* A struct of the caller in our size: what is in ours and not in his is 0.
 * False when his has not even `least` bytes. */
bool abi_adopt(void *ours, size_t our_size, const void *his, size_t least);

/* ---- engine.c ----------------------------------------------------------- */

anamnesis_status abi_create(const struct anamnesis_host *host,
                            const char *config, size_t n,
                            struct anamnesis_engine **engine,
                            struct anamnesis_error *error);
anamnesis_status abi_reload(struct anamnesis_engine *engine, const char *config,
                            size_t n, struct anamnesis_error *error);
anamnesis_status abi_drain(struct anamnesis_engine *engine,
                           uint32_t timeout_ms);
void abi_destroy(struct anamnesis_engine *engine);

/* ---- process.c, chart.c, status.c --------------------------------------- */

anamnesis_status abi_process(struct anamnesis_engine *engine,
                             const struct anamnesis_message *message,
                             struct anamnesis_results **results,
                             struct anamnesis_error *error);
anamnesis_status abi_chart_ask(struct anamnesis_engine *engine,
                               const char *authority, const char *value,
                               const char *user, uint32_t deadline_ms,
                               struct anamnesis_results **results,
                               struct anamnesis_error *error);
anamnesis_status abi_status(struct anamnesis_engine *engine,
                            struct anamnesis_results **results,
                            struct anamnesis_error *error);

#endif
