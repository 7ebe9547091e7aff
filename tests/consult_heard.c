/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/consult_heard.h"

#include "fhir/cards.h"
#include "plugin/host/thread.h"
#include "plugin/store/db_int.h"

#include <check.h>

enum { OUT_BYTES = 64 << 20 };

void ward_settle(struct ward *w)
{
    struct pl_watch *watch = ward_watch(w, 1);

    ck_assert(pl_watch_drain(watch, -1));
    pl_watch_close(watch);
}

static void put_shown(struct ward *w, struct an_buf *b, enum pl_face face,
                      bool to_patient)
{
    const struct pl_call call = {.patient = ward_patient(),
                                 .clock_us = pl_clock_us(NULL),
                                 .face = face,
                                 .to_patient = to_patient,
                                 .actor = AN_STR("Practitioner/7"),
                                 .instance = AN_STR("call-1")};
    struct fhir_saying what = {.released = true, .now_us = call.clock_us};
    struct fhir_card_settings card = {.p_warning = 0};
    struct fhir_card_call asked = {.hook_instance = AN_STR("call-1")};
    struct fhir_written written;
    struct pl_answer a;
    struct an_str json;

    ck_assert_int_eq(ward_ask(w, &call, &a), AN_OK);
    what.suggestion = a.shown;
    what.n_suggestions = a.n_shown;
    ck_assert_int_eq(
        fhir_write(&w->arena, &w->naming, &a.who, &what, &written, NULL),
        AN_OK);
    an_buf_put(b, written.json);
    if (fhir_cards(&w->arena, &w->naming, &card, &asked, &a.who, &what, &json,
                   NULL) == AN_OK)
        an_buf_put(b, json);
}

void heard_rows(struct ward *w, struct an_buf *b, const char *query)
{
    sqlite3_stmt *s = NULL;
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(w->path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, query, -1, &s, NULL), SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        int n = sqlite3_column_bytes(s, 0);

        an_buf_put(b, (struct an_str){sqlite3_column_blob(s, 0), (size_t)n});
        an_buf_put_char(b, '\n');
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
}

/* All that anybody could have been told. */
struct an_str heard_all(struct ward *w)
{
    struct pl_watch *watch = ward_watch(w, 1);
    struct an_str text;
    struct an_buf b;

    ck_assert(pl_watch_drain(watch, -1));
    pl_watch_close(watch);
    an_buf_init(&b, &w->arena, OUT_BYTES);
    heard_rows(w, &b, "SELECT payload FROM outbox WHERE state < 4");
    for (unsigned face = 0; face < PL_N_FACES; face++) {
        put_shown(w, &b, (enum pl_face)face, false);
        if (face != PL_FACE_CONSOLE)
            put_shown(w, &b, (enum pl_face)face, true);
    }
    heard_rows(w, &b, "SELECT payload FROM outbox WHERE state < 4");
    heard_rows(w, &b, "SELECT statement FROM suggestion");
    heard_rows(w, &b, "SELECT details FROM audit");
    an_buf_put(&b, ward_said(w));
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text;
}

/* Whatever may be heard of the patient without anybody asking anew. */
struct an_str heard_standing(struct ward *w)
{
    const struct ctx_identifier who = ward_patient();
    const struct pl_suggestion *row;
    size_t n = ward_current(w, &who, &row);
    struct an_str text;
    struct an_buf b;

    an_buf_init(&b, &w->arena, OUT_BYTES);
    heard_rows(w, &b, "SELECT payload FROM outbox WHERE state < 2");
    for (size_t i = 0; i < n; i++)
        for (unsigned face = 0; face < PL_N_FACES; face++) {
            struct pl_item item = pl_suggestion_item(&row[i], false);

            if (pl_may_leave(&w->policy, &item, (enum pl_face)face, false) ==
                PL_MAY)
                an_buf_put(&b, row[i].statement);
        }
    ck_assert_int_eq(an_buf_done(&b, &text, NULL), AN_OK);
    return text;
}
