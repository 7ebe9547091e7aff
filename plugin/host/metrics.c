/* SPDX-License-Identifier: Apache-2.0 */
/* GET /metrics, in Prometheus' text format: numbers about the program, never
 * about a patient. */
#include "plugin/host/metrics_int.h"

#include "hl7/rules.h"
#include "plugin/store/outgoing.h"

enum { METRICS_BYTES = 1 << 20 };

/* Reasons are ours: no byte of a message is in a label. */
static void sample_reason(struct an_buf *b, const char *name, unsigned reason,
                          uint64_t value)
{
    an_buf_put_c(b, "anamnesis_");
    an_buf_put_c(b, name);
    an_buf_put_c(b, "{abstention=\"");
    an_buf_put_c(b, ctx_abstention_text(reason));
    an_buf_put_c(b, "\"} ");
    an_buf_put_u64(b, value);
    an_buf_put_char(b, '\n');
}

static void put_verdicts(struct an_buf *b, struct pl_server *s)
{
    static const char *const label[] = {
        "{verdict=\"accepted\"}", "{verdict=\"duplicate\"}",
        "{verdict=\"refused\"}", "{verdict=\"failed\"}"};

    struct pl_face_socket_counts hosts = pl_face_socket_count(s->socket);

    metric(b, "messages_total", "counter", "Messages by what became of them.");
    for (size_t i = 0; i <= PL_FAILED; i++)
        sample(b, "messages_total", label[i],
               atomic_load(&s->n_verdict[i]) + hosts.n_verdict[i]);
}

static void put_cds(struct an_buf *b, struct pl_server *s)
{
    metric(b, "cds_late_total", "counter",
           "CDS Hooks calls that cds.deadline answered without cards.");
    sample(b, "cds_late_total", "", atomic_load(&s->n_cds_late));
}

static void put_store(struct an_buf *b, struct pl_server *s)
{
    struct pl_committer_state state;
    struct pl_store_faults faults;

    pl_committer_state(pl_engine_committer(s->running.engine), &state);
    metric(b, "store_waiting", "gauge", "Messages that wait for their commit.");
    sample(b, "store_waiting", "", state.n_waiting);
    metric(b, "store_commits_total", "counter", "Transactions of messages.");
    sample(b, "store_commits_total", "", state.n_groups);
    metric(b, "store_failed_total", "counter",
           "Messages that could not be stored.");
    sample(b, "store_failed_total", "", state.n_failed);
    pl_store_faults(pl_engine_store(s->running.engine), &faults);
    metric(b, "store_faults_total", "counter",
           "Transactions of all kinds that failed, and logs that could not be "
           "carried over to the file.");
    sample(b, "store_faults_total", "{what=\"commit\"}", faults.n_commits);
    sample(b, "store_faults_total", "{what=\"checkpoint\"}",
           faults.n_checkpoints);
}

static void put_keeper(struct an_buf *b, struct pl_server *s)
{
    static const char *const label[PL_N_KEEPER_JOBS] = {
        [PL_KEEPER_SEAL] = "{job=\"seal\"}",
        [PL_KEEPER_ERASE] = "{job=\"erase\"}",
        [PL_KEEPER_PURGE] = "{job=\"purge\"}",
        [PL_KEEPER_RECLAIM] = "{job=\"reclaim\"}",
        [PL_KEEPER_INDEX] = "{job=\"index\"}",
        [PL_KEEPER_WITHDRAW] = "{job=\"withdraw\"}"};

    if (s->running.keeper == NULL)
        return;
    metric(b, "keeper_faults_total", "counter",
           "Failures of what is done to the store behind the others.");
    for (int i = 0; i < PL_N_KEEPER_JOBS; i++)
        sample(b, "keeper_faults_total", label[i],
               pl_keeper_faults(s->running.keeper, (enum pl_keeper_job)i));
}

/* Of all who ask, whether they wait for the answer or not. */
static void put_cache(struct an_buf *b, struct pl_server *s)
{
    const struct pl_mind *mind = pl_engine_consult(s->running.engine).mind;
    struct pl_passes_counts passes;
    struct rt_cache_counts c;

    if (mind == NULL)
        return;
    pl_mind_cache(mind, &c);
    metric(b, "positions_total", "counter",
           "Moments of the records that were asked about.");
    sample(b, "positions_total", "{outcome=\"kept\"}", c.n_kept);
    sample(b, "positions_total", "{outcome=\"computed\"}",
           c.n_positions - c.n_kept);
    pl_mind_passes(mind, &passes);
    metric(b, "passes_total", "counter", "Passes of the model.");
    sample(b, "passes_total", "", passes.n_passes);
    metric(b, "passed_total", "counter",
           "Questions that they answered: more, where some waited and shared "
           "one.");
    sample(b, "passed_total", "", passes.n_asks);
    metric(b, "cache_bytes", "gauge", "Memory of what is kept of them.");
    sample(b, "cache_bytes", "", c.bytes);
}

static void put_thoughts(struct an_buf *b, struct pl_server *s)
{
    struct pl_watch_counts c;

    if (s->running.watch == NULL)
        return;
    pl_watch_counts(s->running.watch, &c);
    metric(b, "questions_total", "counter", "Triggers by what became of them.");
    sample(b, "questions_total", "{fate=\"answered\"}", c.n_answered);
    sample(b, "questions_total", "{fate=\"given_up\"}", c.n_given_up);
    sample(b, "questions_total", "{fate=\"put_off\"}", c.n_put_off);
    metric(b, "suggestions_total", "counter", "Suggestions made unasked.");
    sample(b, "suggestions_total", "", c.n_said);
    metric(b, "unreachable_total", "counter",
           "Times that the receiver knew no identifier of the patient.");
    sample(b, "unreachable_total", "", c.n_unreachable);
    metric(b, "forecasts_total", "counter",
           "Forecasts by why there was none; empty: there was.");
    for (unsigned i = 0; i < CTX_N_ABSTENTIONS; i++)
        if (c.forecast[i])
            sample_reason(b, "forecasts_total", i, c.forecast[i]);
    metric(b, "risks_total", "counter",
           "Risks by why there was none; empty: there was.");
    for (unsigned i = 0; i < CTX_N_ABSTENTIONS; i++)
        if (c.risk[i])
            sample_reason(b, "risks_total", i, c.risk[i]);
}

static void put_outbox(struct an_buf *b, struct pl_server *s)
{
    struct pl_outbox_counts c;

    if (s->running.outbox == NULL)
        return;
    pl_outbox_counts(s->running.outbox, &c);
    metric(b, "outbox_attempts_total", "counter",
           "Deliveries by what the receiving server said.");
    sample(b, "outbox_attempts_total", "{fate=\"delivered\"}", c.n_delivered);
    sample(b, "outbox_attempts_total", "{fate=\"refused\"}", c.n_refused);
    sample(b, "outbox_attempts_total", "{fate=\"retried\"}", c.n_retried);
    sample(b, "outbox_attempts_total", "{fate=\"left\"}", c.n_left);
    metric(b, "outbox_broken", "gauge",
           "1 while nothing is sent after failures in a row.");
    sample(b, "outbox_broken", "", c.is_broken);
}

static void put_filer(struct an_buf *b, struct pl_server *s)
{
    struct pl_filer_counts c;

    if (s->running.filer == NULL)
        return;
    pl_filer_counts(s->running.filer, &c);
    metric(b, "hl7_out_attempts_total", "counter",
           "Messages by what the HL7 version 2 receiver said.");
    sample(b, "hl7_out_attempts_total", "{fate=\"delivered\"}", c.n_delivered);
    sample(b, "hl7_out_attempts_total", "{fate=\"refused\"}", c.n_refused);
    sample(b, "hl7_out_attempts_total", "{fate=\"retried\"}", c.n_retried);
}

/* ---- what became of the fields ------------------------------------------ */

/* By segment: those that hl7/ knows, then FHIR's types as they are met, and one
 * for all others, whatever a sender calls them. */
struct by_segment {
    struct an_str name;
    int64_t n_seen, n_used, n_field[CTX_N_FIELD_STATES];
};

/* The name that may be a label.  hl7/ makes names of three bytes, which are the
 * sender's; those of fhir/ are longer and out of its table. */
static struct an_str label_of(struct an_str name)
{
    bool known = name.n > 3 || hl7_segment_id(name) != HL7_N_SEGMENTS;

    return known ? name : AN_STR("other");
}

static size_t sum_up(const struct pl_status *status, struct by_segment *sum)
{
    size_t n = 0;

    for (size_t i = 0; i < status->n_accounts; i++) {
        const struct pl_account *a = &status->account[i];
        struct an_str name = label_of(a->name);
        size_t k = 0;

        while (k < n && !an_str_eq(sum[k].name, name))
            k++;
        if (k == n)
            sum[n++].name = name;
        sum[k].n_seen += a->n_seen;
        sum[k].n_used += a->n_used;
        for (unsigned s = 0; s < CTX_N_FIELD_STATES; s++)
            sum[k].n_field[s] += a->n_field[s];
    }
    return n;
}

static void sample_segment(struct an_buf *b, const char *name,
                           struct an_str segment, const char *outcome,
                           int64_t value)
{
    an_buf_put_c(b, "anamnesis_");
    an_buf_put_c(b, name);
    an_buf_put_c(b, "{segment=\"");
    an_buf_put(b, segment);
    an_buf_put_c(b, "\",outcome=\"");
    an_buf_put_c(b, outcome);
    an_buf_put_c(b, "\"} ");
    an_buf_put_u64(b, value > 0 ? (uint64_t)value : 0);
    an_buf_put_char(b, '\n');
}

static void put_fields(struct an_buf *b, const struct pl_status *status)
{
    struct by_segment *sum =
        an_arena_get(b->arena, status->n_accounts, sizeof(*sum));
    size_t n = sum ? sum_up(status, sum) : 0;

    metric(b, "segments", "gauge",
           "Segments and resources of stored messages, by whether something was"
           " made of them.");
    for (size_t i = 0; i < n; i++) {
        sample_segment(b, "segments", sum[i].name, "used", sum[i].n_used);
        sample_segment(b, "segments", sum[i].name, "unused",
                       sum[i].n_seen - sum[i].n_used);
    }
    metric(b, "fields", "gauge",
           "Their fields and elements, by what became of them.");
    for (size_t i = 0; i < n; i++)
        for (unsigned s = CTX_FIELD_UNUSED; s < CTX_N_FIELD_STATES; s++)
            sample_segment(b, "fields", sum[i].name, ctx_field_label(s),
                           sum[i].n_field[s]);
}

/* What stands in the store, whoever put it there. */
static void put_kept(struct an_buf *b, struct pl_server *s)
{
    struct pl_reader *reader;
    struct pl_outgoing o;
    struct pl_status status;

    if (pl_engine_reader(s->running.engine, &reader, NULL) != AN_OK)
        return;
    if (pl_status(reader, b->arena, &status, NULL) == AN_OK) {
        metric(b, "triggers_waiting", "gauge",
               "What messages have triggered and nobody has answered yet.");
        sample(b, "triggers_waiting", "", (uint64_t)status.n_triggers_waiting);
        put_fields(b, &status);
    }
    if (pl_outgoing(reader, &o, NULL) == AN_OK) {
        metric(b, "outbox_rows", "gauge", "Deliveries that are not settled.");
        sample(b, "outbox_rows", "{state=\"waiting\"}",
               (uint64_t)o.n_outbox_waiting);
        sample(b, "outbox_rows", "{state=\"held\"}", (uint64_t)o.n_outbox_held);
        sample(b, "outbox_rows", "{state=\"dead\"}", (uint64_t)o.n_outbox_dead);
        metric(b, "hl7_out_rows", "gauge",
               "Messages for the HL7 version 2 receiver that are not settled.");
        sample(b, "hl7_out_rows", "{state=\"waiting\"}",
               (uint64_t)o.n_filing_waiting);
        sample(b, "hl7_out_rows", "{state=\"held\"}",
               (uint64_t)o.n_filing_held);
        sample(b, "hl7_out_rows", "{state=\"dead\"}",
               (uint64_t)o.n_filing_dead);
        metric(b, "unreleased", "gauge",
               "Texts for patients that wait for a clinician.");
        sample(b, "unreleased", "", (uint64_t)o.n_unreleased);
        metric(b, "audit_rows", "gauge", "Rows of the audit trail.");
        sample(b, "audit_rows", "", (uint64_t)o.n_audit);
    }
    pl_put_cards(b, reader);
    pl_reader_close(reader);
}

enum an_code pl_get_metrics(void *ctx, struct pl_http_request *q,
                            struct pl_http_response *r)
{
    struct pl_server *s = ctx;
    struct an_buf b;

    an_buf_init(&b, q->arena, METRICS_BYTES);
    put_verdicts(&b, s);
    put_cds(&b, s);
    put_store(&b, s);
    put_keeper(&b, s);
    pl_put_listeners(&b, s);
    put_thoughts(&b, s);
    put_cache(&b, s);
    put_outbox(&b, s);
    put_filer(&b, s);
    put_kept(&b, s);
    pl_put_feeds(&b, s);
    metric(&b, "start_time_seconds", "gauge", "When the server was started.");
    sample(&b, "start_time_seconds", "", (uint64_t)s->started_us / 1000000);
    r->content_type = "text/plain; version=0.0.4; charset=utf-8";
    return an_buf_done(&b, &r->body, NULL);
}
