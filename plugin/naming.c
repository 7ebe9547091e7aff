/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/naming.h"

#include "config.h"
#include "plugin/receiver.h"

/* The two lists are one: fhir/ does not know the configuration. */
_Static_assert((int)CFG_P_FRACTION == (int)FHIR_P_FRACTION &&
                   (int)CFG_P_PERCENT == (int)FHIR_P_PERCENT &&
                   (int)CFG_P_INTERVAL == (int)FHIR_P_INTERVAL,
               "forms of a probability");

enum { URL_BYTES = 8192 };

/* a and b as one text. */
static bool join(struct an_arena *arena, struct an_str a, struct an_str b,
                 struct an_str *out)
{
    struct an_buf buf;

    an_buf_init(&buf, arena, URL_BYTES);
    an_buf_put(&buf, a);
    an_buf_put(&buf, b);
    return an_buf_done(&buf, out, NULL) == AN_OK;
}

enum an_code pl_naming_make(struct an_arena *arena,
                            const struct cfg_options *options,
                            const struct pl_policy *policy,
                            struct fhir_write_settings *out, struct an_err *err)
{
    struct an_str url = options->outbox_url;

    *out = (struct fhir_write_settings){
        .tenant = options->tenant,
        .base = url,
        .own = options->names_url,
        .source = url,
        .software = AN_STR(PACKAGE_NAME),
        .software_version = AN_STR(PACKAGE_VERSION),
        .probability = (uint8_t)options->outbox_probability,
        .demo = pl_must_mark(policy)};
    while (an_str_ends(out->own, AN_STR("/")))
        out->own.n--;
    if (out->own.n == 0 &&
        !join(arena, AN_STR("urn:x-anamnesis:"), options->tenant, &out->own))
        return an_fail_nomem(err);
    /* fhir/read.h names a server with its last slash. */
    if (url.n && !an_str_ends(url, AN_STR("/")) &&
        !join(arena, url, AN_STR("/"), &out->source))
        return an_fail_nomem(err);
    return pl_receiver_make(arena, options, out, err);
}

/* An authority that the world outside knows as an identifier system.  Those
 * of ids (".../Patient") name a resource of one server, not a system. */
static bool is_system(struct an_str authority)
{
    return (an_str_starts(authority, AN_STR("http://")) ||
            an_str_starts(authority, AN_STR("https://")) ||
            (an_str_starts(authority, AN_STR("urn:")) &&
             !an_str_starts(authority, AN_STR("urn:id:")) &&
             !an_str_starts(authority, AN_STR("urn:fhir:")) &&
             !an_str_starts(authority, AN_STR("urn:cds-hooks:")))) &&
           !an_str_ends(authority, AN_STR("/Patient"));
}

enum an_code pl_naming_who(struct an_arena *arena,
                           const struct fhir_write_settings *s,
                           const struct ctx_person *person,
                           struct an_str encounter, struct fhir_who *out,
                           struct an_err *err)
{
    const struct ctx_member *current = &person->member[person->current];
    struct an_str server = {NULL, 0}, visit = encounter, assigner;

    if (s->source.n && !join(arena, s->source, AN_STR("Patient"), &server))
        return an_fail_nomem(err);
    *out = (struct fhir_who){.id = current->id, .encounter = encounter};
    if (is_system(current->id.authority))
        out->system = current->id.authority;
    for (size_t i = 0; i < person->n_members; i++) {
        const struct ctx_member *m = &person->member[i];

        if (m->retired)
            continue;
        if (server.n && an_str_eq(m->id.authority, server)) {
            out->patient_id = m->id.value;
        } else if (out->system.n == 0 && is_system(m->id.authority)) {
            out->id = m->id;
            out->system = m->id.authority;
        }
    }
    if (an_str_cut(&visit, '|', &assigner) && visit.n && is_system(assigner)) {
        out->encounter_system = assigner;
        out->encounter_number = visit;
    }
    return AN_OK;
}

enum an_code pl_naming_origin(struct an_arena *arena,
                              const struct pl_policy *policy,
                              const struct ctx_model_id *model,
                              struct an_str *out, struct an_err *err)
{
    static const char *const environment[] = {[CFG_PRODUCTION] = "production|",
                                              [CFG_DEMO] = "demo|",
                                              [CFG_TEST] = "test|"};

    struct an_buf b;

    an_buf_init(&b, arena, URL_BYTES);
    an_buf_put_c(&b, environment[policy->environment]);
    an_buf_put(&b, model->digest);
    for (size_t i = 0; i < CTX_N_AUDIENCES; i++)
        if (policy->permitted[i]) {
            an_buf_put_char(&b, '|');
            an_buf_put_u64(&b, i);
            an_buf_put_char(&b, '=');
            an_buf_put_u64(&b, policy->permitted[i]);
        }
    if (policy->vip_usual)
        an_buf_put_c(&b, "|vip");
    return an_buf_done(&b, out, err);
}

bool pl_naming_reaches(const struct fhir_who *who)
{
    return who->patient_id.n > 0 || who->system.n > 0;
}

struct an_str pl_naming_encounter(const struct ctx_timeline *t, int64_t now_us)
{
    const struct ctx_event *in = NULL;
    int64_t left_us = INT64_MAX;

    for (size_t i = 0; i < t->n_events; i++) {
        const struct ctx_event *e = t->event[i];

        if (e->effective.us > now_us || e->effective.precision == AN_TIME_NONE)
            continue;
        if (e->kind == CTX_ADMISSION && e->encounter.n) {
            in = e;
            left_us = e->end.precision != AN_TIME_NONE ? e->end.us : INT64_MAX;
        } else if (e->kind == CTX_DISCHARGE && in &&
                   an_str_eq(e->encounter, in->encounter)) {
            left_us = e->effective.us;
        }
    }
    return in && (left_us == INT64_MAX || now_us - left_us <= AN_US_PER_DAY)
               ? in->encounter
               : AN_STR("");
}
