/* SPDX-License-Identifier: Apache-2.0 */
/* What a data set holds, in counts: for people, and for programs. */
#include "trainer/dataset/dataset.h"
#include "trainer/put.h"

#include <stdio.h>

enum { REPORT_BYTES = 1 << 20 };

static const char *const split_name[TR_N_SPLITS] = {"train", "tune", "test"};

static void put_count(struct an_json_out *w, const char *key, uint64_t n)
{
    an_out_key(w, key);
    an_out_i64(w, (int64_t)n);
}

static void put_outcome(struct an_json_out *w, const struct adv_outcome *o,
                        const struct tr_outcome_count *c)
{
    an_out_object(w);
    an_out_key_str(w, "id", o->id);
    for (int s = 0; s < TR_N_SPLITS; s++) {
        an_out_key(w, split_name[s]);
        an_out_object(w);
        put_count(w, "at_risk", c[s].at_risk);
        put_count(w, "events", c[s].events);
        an_out_key(w, "events_by_horizon");
        an_out_array(w);
        for (size_t h = 0; h < o->n_horizons; h++) {
            an_out_object(w);
            put_count(w, "horizon_days", o->horizon_days[h]);
            put_count(w, "events", c[s].by_horizon[h]);
            an_out_end(w);
        }
        an_out_end(w);
        an_out_end(w);
    }
    an_out_end(w);
}

static enum an_code to_json(struct an_arena *arena, const struct tr_dataset *d,
                            const struct tr_people *p,
                            const struct tr_outcomes *o, struct an_str *json,
                            struct an_err *err)
{
    const struct tr_dataset_counts *c = &d->counts;
    struct an_json_out w;

    an_out_init(&w, arena, REPORT_BYTES);
    an_out_object(&w);
    put_count(&w, "documents", p->n_documents);
    put_count(&w, "documents_refused", p->n_refused);
    put_count(&w, "warnings", p->n_warnings);
    put_count(&w, "records", p->n_records);
    put_count(&w, "events_of_codes_of_the_study_alone", p->n_local);
    put_count(&w, "rows_without_a_time_left_out", p->n_static);
    an_out_key_str(&w, "ids",
                   d->ids_kept ? AN_STR("kept") : AN_STR("left out"));
    put_count(&w, "persons", p->n_persons);
    put_count(&w, "persons_without_birth_date", c->no_birth);
    put_count(&w, "persons_outside_the_observed_time", c->outside);
    put_count(&w, "positions_not_asked_as_corrected_later", c->corrected);
    put_count(&w, "events", p->n_events);
    put_count(&w, "events_left_behind", p->n_left_behind);
    an_out_key_str(&w, "labelled_events",
                   p->labelled_too ? AN_STR("included") : AN_STR("left out"));
    put_count(&w, "events_left_out_as_confidential", p->n_closed);
    put_count(&w, "persons_opted_out", p->n_opted_out);
    put_count(&w, "events_read", c->n_read);
    put_count(&w, "events_of_unknown_code", c->n_unknown);
    put_count(&w, "concepts", d->vocabulary.n_concepts);
    put_count(&w, "targets", d->vocabulary.n_targets);
    put_count(&w, "values", d->vocabulary.n_scales);
    put_count(&w, "codes_dropped", d->n_dropped);
    put_count(&w, "events_of_dropped_codes", d->n_dropped_events);
    put_count(&w, "wide", d->features.n);
    an_out_key(&w, "splits");
    an_out_object(&w);
    for (int s = 0; s < TR_N_SPLITS; s++) {
        an_out_key(&w, split_name[s]);
        an_out_object(&w);
        put_count(&w, "patients", c->patients[s]);
        put_count(&w, "positions", c->positions[s]);
        put_count(&w, "items", c->items[s]);
        put_count(&w, "queries", c->queries[s]);
        an_out_end(&w);
    }
    an_out_end(&w);
    an_out_key(&w, "outcomes");
    an_out_array(&w);
    for (size_t k = 0; k < o->n; k++)
        put_outcome(&w, &o->outcome[k], c->outcome[k]);
    an_out_end(&w);
    an_out_end(&w);
    return an_out_done(&w, json, err);
}

static enum an_code to_text(struct an_arena *arena, const struct tr_dataset *d,
                            const struct tr_people *p,
                            const struct tr_outcomes *o, struct an_str *text,
                            struct an_err *err)
{
    const struct tr_dataset_counts *c = &d->counts;
    const double read = c->n_read ? (double)c->n_read : 1;
    struct an_buf b;

    an_buf_init(&b, arena, REPORT_BYTES);
    tr_put_line(
        &b,
        "documents %zu (refused %zu), records %zu, persons %zu (no birth "
        "date %llu, outside the observed time %llu)\n",
        p->n_documents, p->n_refused, p->n_records, p->n_persons,
        (unsigned long long)c->no_birth, (unsigned long long)c->outside);
    if (p->n_local + p->n_static)
        tr_put_line(&b,
                    "events of codes of the study alone %zu, rows without a "
                    "time left out %zu\n",
                    p->n_local, p->n_static);
    tr_put_line(&b, "ids %s\n",
                d->ids_kept ? "KEPT: keys are the numbers of the study"
                            : "left out");
    tr_put_line(
        &b,
        "labelled events %s; left out as confidential or denied %zu events, "
        "of %zu persons who opted out all\n",
        p->labelled_too ? "INCLUDED" : "left out", p->n_closed, p->n_opted_out);
    tr_put_line(
        &b,
        "concepts %zu (predicted %zu), values %zu, wide features %zu; "
        "codes too rare for a row %zu (%zu events); unknown share %.4f\n\n",
        d->vocabulary.n_concepts, d->vocabulary.n_targets,
        d->vocabulary.n_scales, d->features.n, d->n_dropped,
        d->n_dropped_events, (double)c->n_unknown / read);
    tr_put_line(&b, "%-8s %9s %10s %10s %8s\n", "split", "patients",
                "positions", "items", "queries");
    for (int s = 0; s < TR_N_SPLITS; s++)
        tr_put_line(&b, "%-8s %9llu %10llu %10llu %8llu\n", split_name[s],
                    (unsigned long long)c->patients[s],
                    (unsigned long long)c->positions[s],
                    (unsigned long long)c->items[s],
                    (unsigned long long)c->queries[s]);
    tr_put_line(&b, "\n%-24s %8s %16s %16s %16s\n", "outcome", "horizon",
                "train", "tune", "test");
    for (size_t k = 0; k < o->n; k++)
        for (size_t h = 0; h < o->outcome[k].n_horizons; h++) {
            tr_put_line(&b, "%-24.*s %8u", AN_STR_ARG(o->outcome[k].id),
                        o->outcome[k].horizon_days[h]);
            for (int s = 0; s < TR_N_SPLITS; s++)
                tr_put_line(&b, " %7llu/%8llu",
                            (unsigned long long)c->outcome[k][s].by_horizon[h],
                            (unsigned long long)c->outcome[k][s].at_risk);
            tr_put_line(&b, "\n");
        }
    return an_buf_done(&b, text, err);
}

enum an_code tr_dataset_report(struct an_arena *arena,
                               const struct tr_dataset *d,
                               const struct tr_people *people,
                               const struct tr_outcomes *outcomes,
                               struct an_str *json, struct an_str *text,
                               struct an_err *err)
{
    enum an_code code = to_json(arena, d, people, outcomes, json, err);

    return code == AN_OK ? to_text(arena, d, people, outcomes, text, err)
                         : code;
}
