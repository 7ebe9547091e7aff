/* SPDX-License-Identifier: Apache-2.0 */
/* One engine: the configuration in force, the store, and what every message
 * needs on its way.  The program has one; a host that loads the library may
 * have several, each with a store of its own.
 *
 *     struct pl_engine_source from = {.config = yaml, .file = "a.yaml",
 *                                     .log = &log, .clock = clock};
 *     pl_engine_open(&from, &engine, err);
 *     job = pl_engine_job(engine, &inbound, bytes);
 *     pl_job_read(job, pl_engine_settings(engine));
 *     pl_job_put(job, pl_engine_committer(engine));
 *     pl_engine_close(engine);
 *
 * Thread-safety: shared after opening; open and close are called by one thread.
 * Ownership: the engine owns what it opens; the log is borrowed. */
#ifndef PLUGIN_ENGINE_H
#define PLUGIN_ENGINE_H

#include "base/log.h"
#include "config/options.h"
#include "plugin/consult.h"
#include "plugin/pipeline.h"
#include "plugin/store/reader.h"
#include "plugin/trust/stage.h"

struct pl_engine;

struct pl_engine_source {
    struct an_str config; /* the text of an anamnesis.yaml(5) */
    const char *file;     /* its name, for errors */
    struct an_log *log;   /* may be NULL */
    an_clock *clock;      /* UTC microseconds */
    bool thinks;          /* suggestions are made, not only messages taken: the
                             model is loaded, unless the stage is off */
};

/* AN_CONFIG, AN_SYNTAX ... with file:line:column for a wrong configuration or
 * table; of one that thinks, what pl_mind_open says of the model and
 * pl_policy_check of the stage; what pl_store_open says for the store. */
enum an_code pl_engine_open(const struct pl_engine_source *from,
                            struct pl_engine **out, struct an_err *err)
    __attribute__((warn_unused_result));
/* Store what is queued and take no more messages; what was taken may still be
 * thought about and shown. */
void pl_engine_stop(struct pl_engine *e);
/* Stop if that was not done, and free.  NULL is nothing to close. */
void pl_engine_close(struct pl_engine *e);

const struct cfg_options *pl_engine_options(const struct pl_engine *e);
const struct pl_settings *pl_engine_settings(const struct pl_engine *e);
/* Of an engine that thinks; any other has the policy of one that is off. */
const struct pl_policy *pl_engine_policy(const struct pl_engine *e);
/* For consultants of this engine. */
struct pl_consult_source pl_engine_consult(const struct pl_engine *e);
struct pl_store *pl_engine_store(struct pl_engine *e);
/* NULL for one that does not think, or watches nobody. */
struct pl_feeds *pl_engine_feeds(struct pl_engine *e);
struct pl_committer *pl_engine_committer(struct pl_engine *e);
struct an_log *pl_engine_log(struct pl_engine *e);
int64_t pl_engine_now_us(const struct pl_engine *e);

/* A reader of the engine's store, for one thread. */
enum an_code pl_engine_reader(const struct pl_engine *e, struct pl_reader **out,
                              struct an_err *err)
    __attribute__((warn_unused_result));

/* A message that has arrived now.  NULL without memory. */
struct pl_job *pl_engine_job(struct pl_engine *e, enum pl_format format,
                             struct an_str feed, struct an_str bytes,
                             bool historical);

/* The model of a configuration and what may leave of what it says.  *mind is
 * NULL when the stage is off.  For whoever checks a configuration without
 * opening a store. */
enum an_code pl_policy_make(const struct cfg_options *options, const char *file,
                            struct pl_mind **mind, struct pl_policy *out,
                            struct an_err *err)
    __attribute__((warn_unused_result));

/* What reading depends on, from a configuration: the tables it names are read
 * too.  For whoever checks a configuration without opening a store. */
enum an_code pl_settings_make(struct an_arena *arena,
                              const struct cfg_options *options,
                              struct pl_settings *out, struct an_err *err)
    __attribute__((warn_unused_result));

#endif
