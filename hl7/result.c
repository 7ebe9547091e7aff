/* SPDX-License-Identifier: Apache-2.0 */
#include "hl7/result.h"

#include "base/hash.h"
#include "hl7/result_int.h"

#include <string.h>

enum { NAME_BYTES = 4096 };

const struct hl7_result_site hl7_result_site_default = {
    .application = AN_STR_INIT("ANAMNESIS"),
    .processing = AN_STR_INIT("P"),
    .version = AN_STR_INIT("2.5.1"),
    .system = AN_STR_INIT("99ANAMNESIS"),
    .document_type = AN_STR_INIT("AISUM"),
    .software = AN_STR_INIT("Anamnesis"),
};

#define TEXT(m, s) hl7_maker_text(m, s)

static struct an_str join(struct hl7_maker *m, struct an_str a, struct an_str b,
                          struct an_str c)
{
    struct an_str part[] = {a, b, c};

    return hl7_maker_join(m, '^', part, 3);
}

static bool is_document(const struct hl7_maker *m)
{
    return m->s->kind == CTX_SUGGEST_SUMMARY && !m->site->documents_are_oru;
}

const char *hl7_maker_status(const struct hl7_maker *m, bool of_row)
{
    if (m->said->withdrawn)
        return !of_row ? "C" : m->site->withdrawn_is_deleted ? "D" : "W";
    if (m->said->newer && !m->site->newer_is_preliminary)
        return "C";
    return m->said->released ? "F" : "P";
}

static void put_head(struct hl7_maker *m)
{
    const struct hl7_result_site *site = m->site;
    struct an_time now = an_time_us(m->said->now_us);
    char control[HL7_CONTROL_BYTES];
    struct hl7_row row = {.id = "MSH"};
    struct an_err err;
    bool again = m->said->newer && !site->edits_are_t02;

    if (hl7_result_control(m->said, control, &err) != AN_OK) {
        hl7_maker_fail(m, err.code, err.what);
        return;
    }
    row.field[2] = AN_STR("^~\\&");
    row.field[3] = TEXT(m, site->application);
    row.field[4] = TEXT(m, site->facility);
    row.field[5] = TEXT(m, site->receiver);
    row.field[6] = TEXT(m, site->receiver_facility);
    row.field[7] = hl7_maker_time(m, now);
    row.field[9] = !is_document(m) ? AN_STR("ORU^R01^ORU_R01")
                   : again         ? AN_STR("MDM^T08^MDM_T02")
                                   : AN_STR("MDM^T02^MDM_T02");
    row.field[10] = an_str_c(control);
    row.field[11] = TEXT(m, site->processing);
    row.field[12] = TEXT(m, site->version);
    row.field[18] = AN_STR("UNICODE UTF-8");
    row.field[19] = TEXT(m, m->s->language);
    hl7_maker_put(m, &row);
    if (is_document(m)) {
        struct hl7_row evn = {.id = "EVN"};

        evn.field[2] = hl7_maker_time(m, now);
        hl7_maker_put(m, &evn);
    }
}

/* The assigning authority as CX-4: a namespace, or what kind of universal id it
 * is (HL7 v2.5.1 table 0301). */
static struct an_str authority_of(struct hl7_maker *m, struct an_str known)
{
    static const struct {
        const char *prefix, *type;
        bool keeps;
    } kind[] = {{"urn:oid:", "ISO", false},
                {"urn:uuid:", "UUID", false},
                {"http://", "URI", true},
                {"https://", "URI", true},
                {"urn:", "URI", true}};
    struct an_str part[3] = {{NULL, 0}};
    size_t n = 0;

    for (size_t i = 0; i < m->site->n_authorities; i++) {
        struct an_str name = m->site->authority[i].name;

        if (!an_str_eq(m->site->authority[i].known, known))
            continue;
        while (n < 3 && an_str_cut(&name, '&', &part[n])) {
            part[n] = TEXT(m, part[n]);
            n++;
        }
        return hl7_maker_join(m, '&', part, n);
    }
    for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++)
        if (an_str_starts(known, an_str_c(kind[i].prefix))) {
            size_t skip = kind[i].keeps ? 0 : strlen(kind[i].prefix);

            part[1] = TEXT(m, an_str_sub(known, skip, known.n));
            part[2] = an_str_c(kind[i].type);
            return hl7_maker_join(m, '&', part, 3);
        }
    return TEXT(m, known);
}

static void put_patient(struct hl7_maker *m)
{
    const struct ctx_identifier *id = &m->who->id;
    struct an_str visit = m->who->visit, assigner = {NULL, 0};
    struct hl7_row pid = {.id = "PID"}, pv1 = {.id = "PV1"};
    struct an_str part[5] = {TEXT(m, id->value)};

    part[3] = authority_of(m, id->authority);
    part[4] = TEXT(m, id->type);
    pid.field[1] = AN_STR("1");
    pid.field[3] = hl7_maker_join(m, '^', part, 5);
    /* Name type U: unspecified.  Names are not known here. */
    pid.field[5] = AN_STR("^^^^^^U");
    hl7_maker_put(m, &pid);
    if (visit.n == 0 && !is_document(m))
        return;
    pv1.field[1] = AN_STR("1");
    pv1.field[2] = AN_STR("U");
    if (visit.n && an_str_cut(&visit, '|', &assigner) && visit.n) {
        struct an_str cx[4] = {TEXT(m, visit)};

        cx[3] = authority_of(m, assigner);
        pv1.field[19] = hl7_maker_join(m, '^', cx, 4);
    }
    hl7_maker_put(m, &pv1);
}

static void put_order(struct hl7_maker *m)
{
    struct hl7_row row = {.id = "OBR"};

    row.field[1] = AN_STR("1");
    row.field[3] = join(m, TEXT(m, m->said->resource),
                        TEXT(m, m->site->software), AN_STR(""));
    row.field[4] = hl7_maker_code(m, "", "");
    row.field[7] = hl7_maker_time(m, m->s->as_of);
    row.field[22] = hl7_maker_time(m, an_time_us(m->said->now_us));
    row.field[24] = AN_STR("OTH");
    row.field[25] = an_str_c(hl7_maker_status(m, false));
    hl7_maker_put(m, &row);
}

static void put_document(struct hl7_maker *m)
{
    bool is_final =
        m->said->released && !m->said->withdrawn && m->said->by.n > 0;
    struct an_time now = an_time_us(m->said->now_us);
    struct hl7_row row = {.id = "TXA"};

    row.field[1] = AN_STR("1");
    row.field[2] = TEXT(m, m->site->document_type);
    row.field[3] = AN_STR("TX");
    row.field[4] = hl7_maker_time(m, m->s->as_of);
    row.field[6] = hl7_maker_time(m, now);
    row.field[12] = join(m, TEXT(m, m->said->resource),
                         TEXT(m, m->site->software), AN_STR(""));
    row.field[17] = is_final ? AN_STR("AU") : AN_STR("DO");
    row.field[19] = m->said->withdrawn ? AN_STR("CA") : AN_STR("AV");
    if (is_final)
        row.field[22] = TEXT(m, m->said->by);
    hl7_maker_put(m, &row);
}

static enum an_code check(const struct hl7_result_who *who,
                          const struct hl7_result_said *said,
                          struct an_err *err)
{
    if (said->what->kind >= CTX_N_SUGGESTIONS)
        return an_fail(err, AN_UNSUPPORTED, "a suggestion of no known kind", 0);
    if (said->what->abstention != CTX_ABSTAIN_NONE)
        return an_fail(err, AN_TYPE, "an abstention is no result", 0);
    if (said->resource.n == 0 || said->version == 0)
        return an_fail(err, AN_MISSING, "a result without an id", 0);
    if (who->id.value.n == 0)
        return an_fail(err, AN_MISSING, "a result of nobody", 0);
    return AN_OK;
}

enum an_code hl7_result(struct an_arena *arena,
                        const struct hl7_result_site *site,
                        const struct hl7_result_who *who,
                        const struct hl7_result_said *said, struct an_str *out,
                        struct an_err *err)
{
    struct hl7_maker m = {.arena = arena,
                          .site = site,
                          .who = who,
                          .said = said,
                          .s = said->what};
    struct an_str message = {NULL, 0};
    enum an_code rc = check(who, said, err);

    *out = (struct an_str){NULL, 0};
    if (rc != AN_OK)
        return rc;
    an_buf_init(&m.out, arena, HL7_RESULT_BYTES);
    put_head(&m);
    put_patient(&m);
    if (is_document(&m)) {
        put_document(&m);
        hl7_maker_document(&m);
    } else {
        put_order(&m);
        hl7_maker_notes(&m);
        hl7_maker_values(&m);
    }
    if (m.code != AN_OK)
        return an_fail(err, m.code, m.what, 0);
    rc = an_buf_done(&m.out, &message, err);
    if (rc == AN_OK && site->n_edits)
        rc = hl7_result_edited(arena, site, message, &message, err);
    if (rc == AN_OK)
        *out = message;
    return rc;
}

enum an_code hl7_result_control(const struct hl7_result_said *said,
                                char id[HL7_CONTROL_BYTES], struct an_err *err)
{
    char hex[AN_SHA256_HEX + 1];
    struct an_sha256 hash;
    struct an_arena arena;
    struct an_str bytes = {NULL, 0};
    struct an_buf b;
    enum an_code rc;

    id[0] = '\0';
    an_arena_init(&arena, 4 * NAME_BYTES);
    an_buf_init(&b, &arena, NAME_BYTES);
    an_buf_put(&b, said->resource);
    an_buf_put_char(&b, '|');
    an_buf_put_u64(&b, said->what->audience);
    an_buf_put_char(&b, '|');
    an_buf_put(&b, said->what->language);
    an_buf_put_char(&b, '|');
    an_buf_put_u64(&b, said->version);
    rc = an_buf_done(&b, &bytes, err);
    if (rc == AN_OK)
        rc = an_sha256(bytes, &hash, err);
    an_arena_free(&arena);
    if (rc != AN_OK)
        return rc;
    an_hex_print(hash.b, sizeof(hash.b), hex);
    memcpy(id, hex, HL7_CONTROL_BYTES - 1);
    id[HL7_CONTROL_BYTES - 1] = '\0';
    return AN_OK;
}
