/* SPDX-License-Identifier: Apache-2.0 */
/* The tables.  README.md says why they are as they are. */
#include "plugin/store/db_int.h"

#include <stdio.h>

static const char version_1[] =
    /* What came by each feed; "data through" is its last_said_us. */
    "CREATE TABLE feed("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " n_messages INTEGER NOT NULL DEFAULT 0,"
    " n_warned INTEGER NOT NULL DEFAULT 0,"
    " n_reused INTEGER NOT NULL DEFAULT 0,"
    " n_events INTEGER NOT NULL DEFAULT 0,"
    " raw_bytes INTEGER NOT NULL DEFAULT 0,"
    " stored_bytes INTEGER NOT NULL DEFAULT 0,"
    " last_received_us INTEGER NOT NULL DEFAULT 0,"
    " last_said_us INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"

    /* The receipt and the raw message. */
    "CREATE TABLE message("
    " id INTEGER PRIMARY KEY,"
    " sha256 BLOB NOT NULL UNIQUE,"
    " feed INTEGER NOT NULL,"
    " sender TEXT NOT NULL,"
    " control_id TEXT NOT NULL,"
    " kind TEXT NOT NULL,"
    " format INTEGER NOT NULL,"
    " received_us INTEGER NOT NULL,"
    " said_us INTEGER NOT NULL,"
    " n_warnings INTEGER NOT NULL,"
    " reused INTEGER NOT NULL,"
    " derived BLOB NOT NULL," /* derived_int.h */
    " raw_bytes INTEGER NOT NULL,"
    " deflated INTEGER NOT NULL,"
    " raw BLOB NOT NULL"
    ") STRICT;"
    /* Control ids mostly ascend: their text keeps neighbours together, a hash
     * would scatter them. */
    "CREATE INDEX message_control ON message(sender, control_id)"
    " WHERE control_id <> '';"

    /* Value first: clerks search by number alone. */
    "CREATE TABLE identifier("
    " id INTEGER PRIMARY KEY,"
    " authority TEXT NOT NULL,"
    " value TEXT NOT NULL,"
    " type TEXT NOT NULL,"
    " UNIQUE(value, authority)"
    ") STRICT;"

    /* What one message said about one identifier, events and claims: one range
     * is one patient. */
    "CREATE TABLE said("
    " identifier INTEGER NOT NULL,"
    " message INTEGER NOT NULL,"
    " sha256 BLOB NOT NULL," /* the message's, to spare a look-up each */
    " min_available_us INTEGER NOT NULL,"
    " claims BLOB NOT NULL," /* claims_int.h */
    " n_events INTEGER NOT NULL,"
    " events BLOB NOT NULL," /* context/codec.h */
    " PRIMARY KEY(identifier, message)"
    ") STRICT, WITHOUT ROWID;"

    /* Between which identifiers there was ever a claim, from either side. */
    "CREATE TABLE link("
    " identifier INTEGER NOT NULL,"
    " other INTEGER NOT NULL,"
    " PRIMARY KEY(identifier, other)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE due("
    " id INTEGER PRIMARY KEY,"
    " identifier INTEGER NOT NULL,"
    " message INTEGER NOT NULL,"
    " reason INTEGER NOT NULL,"
    " state INTEGER NOT NULL DEFAULT 0" /* 0 waits, 1 done */
    ") STRICT;"
    "CREATE INDEX due_waiting ON due(id) WHERE state = 0;"

    /* Of each kind of segment or resource: how many came, how many were
     * used. */
    "CREATE TABLE account("
    " feed INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " n_seen INTEGER NOT NULL,"
    " n_used INTEGER NOT NULL,"
    " PRIMARY KEY(feed, name)"
    ") STRICT, WITHOUT ROWID;";

static const char version_2[] =
    /* What became of their fields, see context/reading.h. */
    "ALTER TABLE account ADD COLUMN n_unused INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN n_text INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN n_mapped INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN n_odd INTEGER NOT NULL DEFAULT 0;"

    /* How often the same bytes came again. */
    "CREATE TABLE again("
    " message INTEGER PRIMARY KEY,"
    " n INTEGER NOT NULL,"
    " last_us INTEGER NOT NULL"
    ") STRICT;"

    /* What was refused, without its bytes: the latest of them. */
    "CREATE TABLE refusal("
    " id INTEGER PRIMARY KEY,"
    " sha256 BLOB NOT NULL UNIQUE,"
    " feed INTEGER NOT NULL,"
    " sender TEXT NOT NULL,"
    " control_id TEXT NOT NULL,"
    " kind TEXT NOT NULL,"
    " format INTEGER NOT NULL,"
    " raw_bytes INTEGER NOT NULL,"
    " what TEXT NOT NULL,"
    " place TEXT NOT NULL,"
    " n INTEGER NOT NULL DEFAULT 1,"
    " first_us INTEGER NOT NULL,"
    " last_us INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX refusal_control ON refusal(control_id)"
    " WHERE control_id <> '';"

    /* How far `reprocess` has come, and with which tables. */
    "CREATE TABLE reprocess("
    " one INTEGER PRIMARY KEY CHECK(one = 1),"
    " maps BLOB NOT NULL,"
    " after INTEGER NOT NULL," /* the last message that was done */
    " finished INTEGER NOT NULL,"
    " n_read INTEGER NOT NULL,"
    " n_changed INTEGER NOT NULL,"
    " n_unreadable INTEGER NOT NULL,"
    " n_asked INTEGER NOT NULL"
    ") STRICT;"
    /* Who is to be asked about again for that: once each. */
    "CREATE INDEX due_again ON due(identifier)"
    " WHERE state = 0 AND reason = 4;"

    /* What we said.  A newer suggestion of the same resource, audience and
     * language supersedes the older, which stays. */
    "CREATE TABLE suggestion("
    "id INTEGER PRIMARY KEY,"
    "resource TEXT NOT NULL," /* its id outside: a UUID */
    "patient INTEGER NOT NULL,"
    "encounter TEXT NOT NULL,"
    "topic TEXT NOT NULL,"
    "kind INTEGER NOT NULL,"
    "audience INTEGER NOT NULL,"
    "language TEXT NOT NULL,"
    "horizon_days INTEGER NOT NULL,"
    "model TEXT NOT NULL," /* digest */
    "stage INTEGER NOT NULL,"
    "release INTEGER NOT NULL,"
    "patient_facing INTEGER NOT NULL,"
    "never_patient INTEGER NOT NULL,"
    "needs INTEGER NOT NULL DEFAULT 0," /* of a pl_view */
    "as_of_us INTEGER NOT NULL,"
    "p REAL,"                        /* NULL: there is no number */
    "statement BLOB NOT NULL,"       /* seal(), vault_int.h */
    "detail_bytes INTEGER NOT NULL," /* JSON, detail.c */
    "deflated INTEGER NOT NULL,"
    "detail BLOB NOT NULL,"
    "created_us INTEGER NOT NULL,"
    "superseded_us INTEGER NOT NULL DEFAULT 0" /* 0: it is current */
    ") STRICT;"
    "CREATE UNIQUE INDEX suggestion_current"
    " ON suggestion(resource, audience, language) WHERE superseded_us = 0;"
    "CREATE INDEX suggestion_patient ON suggestion(patient, id)"
    " WHERE superseded_us = 0;"
    "CREATE INDEX suggestion_waiting ON suggestion(id)"
    " WHERE release = 1 AND superseded_us = 0;"
    "CREATE TABLE stage_count("
    " stage INTEGER PRIMARY KEY,"
    " n INTEGER NOT NULL"
    ") STRICT;"

    /* What is to be delivered, to each patient's record in order. */
    "CREATE TABLE outbox("
    "id INTEGER PRIMARY KEY,"
    "patient INTEGER NOT NULL,"
    "suggestion INTEGER NOT NULL," /* whose release it waits for, or 0 */
    "payload BLOB NOT NULL,"       /* empty once it is settled */
    "sha256 BLOB NOT NULL,"        /* of the payload */
    "state INTEGER NOT NULL,"      /* enum pl_outbox_state */
    "attempts INTEGER NOT NULL DEFAULT 0,"
    "next_us INTEGER NOT NULL,"
    "error INTEGER NOT NULL DEFAULT 0,"
    "created_us INTEGER NOT NULL,"
    "origin TEXT NOT NULL," /* what said it, see conclude.h */
    "done_us INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "CREATE INDEX outbox_due ON outbox(next_us, id) WHERE state = 0;"
    "CREATE INDEX outbox_order ON outbox(patient, id) WHERE state = 0;"
    "CREATE INDEX outbox_held ON outbox(patient) WHERE state = 1;"
    "CREATE INDEX outbox_of ON outbox(suggestion) WHERE suggestion <> 0;"
    "CREATE INDEX outbox_dead ON outbox(id) WHERE state = 3;"

    /* plugin/trust/audit.h.  The triggers stop mistakes; the hashes show what
     * went round them. */
    "CREATE TABLE audit("
    " seq INTEGER PRIMARY KEY,"
    " time_us INTEGER NOT NULL,"
    " actor TEXT NOT NULL,"
    " role TEXT NOT NULL,"
    " action TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " details TEXT NOT NULL,"
    " prev_hash BLOB NOT NULL,"
    " hash BLOB NOT NULL"
    ") STRICT;"
    "CREATE TRIGGER audit_stays BEFORE DELETE ON audit"
    " BEGIN SELECT raise(ABORT, 'the audit trail only grows'); END;"
    "CREATE TRIGGER audit_is_fixed BEFORE UPDATE ON audit"
    " BEGIN SELECT raise(ABORT, 'the audit trail only grows'); END;"
    "CREATE TABLE audit_head("
    " one INTEGER PRIMARY KEY CHECK(one = 1),"
    " seq INTEGER NOT NULL,"
    " hash BLOB NOT NULL"
    ") STRICT;"
    "INSERT INTO audit_head VALUES(1, 0, zeroblob(32));"

    /* vault_int.h, what a proof says too.  part and after: how far rekey has
     * come. */
    "CREATE TABLE vault_key("
    " id BLOB PRIMARY KEY,"
    " proof BLOB NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE vault("
    " one INTEGER PRIMARY KEY CHECK(one = 1),"
    " takes_plain INTEGER NOT NULL," /* rows without a seal may be there */
    " part INTEGER NOT NULL,"
    " after INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO vault VALUES(1, 1, 0, 0);"

    /* Since when its bytes, its events are gone; 0: they are there. */
    "ALTER TABLE message ADD COLUMN purged_us INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE message ADD COLUMN forgotten_us INTEGER NOT NULL DEFAULT 0;"
    /* Identifiers that are being erased. */
    "CREATE TABLE erasing("
    " identifier INTEGER PRIMARY KEY,"
    " since_us INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX suggestion_past ON suggestion(superseded_us)"
    " WHERE superseded_us <> 0 AND detail <> x'';"
    /* What was removed by age. */
    "CREATE TABLE purge("
    " kind INTEGER PRIMARY KEY," /* enum pl_purge_kind */
    " after INTEGER NOT NULL,"
    " n INTEGER NOT NULL,"
    " last_us INTEGER NOT NULL"
    ") STRICT;";

static const char version_3[] =
    /* What is the next to be removed by age, however the clock ran when it
     * came.  The bytes of a message go before its events: of one that comes
     * only the first index is written. */
    "CREATE INDEX message_kept ON message(received_us) WHERE purged_us = 0;"
    "CREATE INDEX message_read ON message(received_us)"
    " WHERE purged_us <> 0 AND forgotten_us = 0;"
    "ALTER TABLE purge DROP COLUMN after;"
    /* What of one patient is to be erased, beside what is current. */
    "CREATE INDEX suggestion_of ON suggestion(patient)"
    " WHERE superseded_us <> 0 AND detail <> x'';"
    "CREATE INDEX outbox_refused ON outbox(patient) WHERE state = 3;"
    /* When something was closed or parted of what is known under an
     * identifier: the number of that occasion, ascending.  Who thinks
     * meanwhile learns by it (conclude.h). */
    "CREATE TABLE closing("
    " identifier INTEGER PRIMARY KEY,"
    " n INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX closing_n ON closing(n);";

static const char version_4[] =
    /* When the latest was said that may have parted the two, and has not been
     * taken back since; 0: nothing. */
    "ALTER TABLE link ADD COLUMN parted_us INTEGER NOT NULL DEFAULT 0;"
    /* Of what came before it is not known: the next claim tells. */
    "UPDATE link SET parted_us = 1"
    " WHERE identifier IN (SELECT identifier FROM closing);";

static const char version_5[] =
    /* Of the claims that make the two one person: the first message that holds
     * one (0: not known), the earliest moment at which one was available, and
     * the latest at which one was said.  That is kept only where one of the
     * two was moved, which makes an end of what was said before; else it is
     * the largest number.  1: by all that is known now, that was its end; it
     * was never said but in one list of identifiers. */
    "ALTER TABLE link ADD COLUMN message INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE link ADD COLUMN first_us INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE link ADD COLUMN last_us INTEGER NOT NULL"
    " DEFAULT 9223372036854775807;"
    "ALTER TABLE link ADD COLUMN is_over INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE link ADD COLUMN is_plain INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX link_stands ON link(identifier) WHERE is_over = 0;"
    /* A visit of one identifier that is one of another since a message said
     * so; with no visit, the first identifier itself, with all it has. */
    "CREATE TABLE moved("
    " prior INTEGER NOT NULL,"
    " prior_visit TEXT NOT NULL,"
    " said_us INTEGER NOT NULL,"
    " current INTEGER NOT NULL,"
    " visit TEXT NOT NULL,"
    " message INTEGER NOT NULL,"
    " available_us INTEGER NOT NULL,"
    " PRIMARY KEY(prior, prior_visit, said_us, current, visit, message)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX moved_to ON moved(current, visit);"
    /* Which messages speak of a visit, of identifiers whose visits were moved:
     * those that have a row without a visit. */
    "CREATE TABLE visited("
    " identifier INTEGER NOT NULL,"
    " visit TEXT NOT NULL,"
    " message INTEGER NOT NULL,"
    " PRIMARY KEY(identifier, visit, message)"
    ") STRICT, WITHOUT ROWID;";

static const char version_6[] =
    /* resources.h.  Where what a FHIR resource said lies. */
    "CREATE TABLE resource("
    " key INTEGER NOT NULL,"
    " identifier INTEGER NOT NULL,"
    " message INTEGER NOT NULL,"
    " PRIMARY KEY(key, identifier, message)"
    ") STRICT, WITHOUT ROWID;"
    /* What servers have deleted, whether we had it or not. */
    "CREATE TABLE deleted("
    " key INTEGER NOT NULL,"
    " fact BLOB NOT NULL," /* its SHA-256 */
    " at_us INTEGER NOT NULL,"
    " PRIMARY KEY(key, fact, at_us)"
    ") STRICT, WITHOUT ROWID;"
    /* What may have to be withdrawn for that.  No number comes twice: who was late
     * to take a note away would take another's. */
    "CREATE TABLE withdrawal("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " identifier INTEGER NOT NULL,"
    " key INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX withdrawal_of ON withdrawal(identifier);"
    /* Of the messages that were here before those tables: after which the next
     * has no rows yet, and the last. */
    "CREATE TABLE indexing("
    " one INTEGER PRIMARY KEY CHECK(one = 1),"
    " after INTEGER NOT NULL,"
    " until INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO indexing SELECT 1, 0, coalesce(max(id), 0) FROM message;";

/* Its rows name facts, too: what has none yet is read all through until the next
 * message about one of whom a visit was moved. */
static const char version_7[] = "DELETE FROM visited;";

static const char version_8[] =
    /* feedback.h.  What a client was shown as a card, and what was held back; the
     * id outside is made of the call and the suggestion. */
    "CREATE TABLE card("
    " id INTEGER PRIMARY KEY,"
    " uuid TEXT NOT NULL UNIQUE,"
    " patient INTEGER NOT NULL,"
    " suggestion INTEGER NOT NULL,"
    " service TEXT NOT NULL,"
    " instance TEXT NOT NULL," /* of the call */
    " actor TEXT NOT NULL,"
    " kind INTEGER NOT NULL,"
    " topic TEXT NOT NULL,"
    " drivers INTEGER NOT NULL," /* pl_quiet_drivers */
    " p REAL,"                   /* NULL: there is no number */
    " quiet INTEGER NOT NULL,"   /* enum pl_quiet; 0: it was shown */
    " shown_us INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX card_of ON card(patient, quiet);"
    "CREATE INDEX card_said ON card(suggestion);"
    "CREATE INDEX card_since ON card(shown_us);"
    /* What became of them, each time that somebody said so.  It goes with its
     * card and never changes. */
    "CREATE TABLE feedback("
    " id INTEGER PRIMARY KEY,"
    " card INTEGER NOT NULL,"
    " at_us INTEGER NOT NULL," /* by the client's clock */
    " accepted INTEGER NOT NULL,"
    " received_us INTEGER NOT NULL,"
    " actor TEXT NOT NULL,"
    " role TEXT NOT NULL,"
    " reason TEXT NOT NULL,"      /* a label of ours */
    " response INTEGER NOT NULL," /* enum pl_response */
    " detail BLOB NOT NULL,"      /* seal(), vault_int.h */
    " UNIQUE(card, at_us, accepted)"
    ") STRICT;"
    "CREATE TRIGGER feedback_is_fixed BEFORE UPDATE OF card, at_us, accepted,"
    " received_us, actor, role, reason, response ON feedback"
    " BEGIN SELECT raise(ABORT, 'feedback only grows'); END;"
    /* How many there ever were. */
    "CREATE TABLE card_count("
    " kind INTEGER NOT NULL,"
    " topic TEXT NOT NULL,"
    " fate INTEGER NOT NULL," /* enum pl_card_fate */
    " why TEXT NOT NULL,"     /* a label of ours, or '' */
    " n INTEGER NOT NULL,"
    " PRIMARY KEY(kind, topic, fate, why)"
    ") STRICT, WITHOUT ROWID;";

static const char version_9[] =
    /* deliveries.h.  What the receiver was sent of ours, by its UUID: whose it
     * is, which model said it, where the receiver keeps it ("" is under our own
     * name) and in which version ("" is not known). */
    "CREATE TABLE sent("
    " resource TEXT NOT NULL PRIMARY KEY,"
    " type TEXT NOT NULL,"
    " patient INTEGER NOT NULL,"
    " model TEXT NOT NULL," /* digest */
    " address TEXT NOT NULL DEFAULT '',"
    " version TEXT NOT NULL DEFAULT '',"
    " state INTEGER NOT NULL DEFAULT 0" /* enum pl_sent_state */
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX sent_patient ON sent(patient) WHERE state = 0;"
    "CREATE INDEX sent_model ON sent(model) WHERE state = 0;"
    /* enum pl_outbox_kind; of entries that went one by one, those that are
     * done. */
    "ALTER TABLE outbox ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outbox ADD COLUMN done TEXT NOT NULL DEFAULT '';"
    /* Models that may say nothing any more, and what is of one. */
    "CREATE INDEX suggestion_model ON suggestion(model, superseded_us);"
    "CREATE TABLE recalled("
    " model TEXT NOT NULL PRIMARY KEY,"
    " at_us INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;";

/* filing.h.  channel 1: HL7 version 2; kind 1: it withdraws. */
static const char version_10[] =
    "ALTER TABLE outbox ADD COLUMN channel INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outbox ADD COLUMN ready INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outbox ADD COLUMN n_errors INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outbox ADD COLUMN released_by TEXT NOT NULL DEFAULT '';"
    /* What the receiver may have, and in how many versions. */
    "CREATE TABLE filed("
    " resource TEXT NOT NULL,"
    " audience INTEGER NOT NULL,"
    " language TEXT NOT NULL,"
    " patient INTEGER NOT NULL,"
    " suggestion INTEGER NOT NULL," /* the last that was made ready */
    " n INTEGER NOT NULL,"
    " stands INTEGER NOT NULL," /* filing_int.h */
    " origin TEXT NOT NULL,"
    " PRIMARY KEY(resource, audience, language)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX filed_of ON filed(patient) WHERE stands = 1;"
    "CREATE INDEX filed_as ON filed(suggestion);"
    "CREATE INDEX filed_in ON filed(substr(origin, 1, instr(origin, '|')));";

static const char version_11[] =
    /* Whose the store is: tenant_int.h. */
    "CREATE TABLE tenant("
    " one INTEGER PRIMARY KEY CHECK(one = 1),"
    " name TEXT NOT NULL"
    ") STRICT;";

static const char version_12[] =
    /* switches.h.  Of what nothing more may be heard, who said so and why; the
     * count goes up with each change. */
    "CREATE TABLE switch("
    " name TEXT NOT NULL PRIMARY KEY,"
    " since_us INTEGER NOT NULL,"
    " actor TEXT NOT NULL,"
    " role TEXT NOT NULL,"
    " reason TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE switch_generation("
    " one INTEGER PRIMARY KEY CHECK(one = 1),"
    " n INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO switch_generation VALUES(1, 0);";

const char *const pl_schema_step[] = {
    version_1, version_2, version_3, version_4,  version_5,  version_6,
    version_7, version_8, version_9, version_10, version_11, version_12};
const size_t pl_schema_n_steps =
    sizeof(pl_schema_step) / sizeof(pl_schema_step[0]);

/* In one statement, which sees one state: another program may just be making the
 * file. */
static enum an_code read_marks(struct pl_db *db, int64_t *application,
                               int64_t *version, int64_t *n_tables,
                               struct an_err *err)
{
    static const char text[] =
        "SELECT (SELECT count(*) FROM sqlite_schema),"
        " (SELECT application_id FROM pragma_application_id),"
        " (SELECT user_version FROM pragma_user_version)";
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db->sql, text, -1, &s, NULL);
    enum an_code code = AN_OK;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        *n_tables = sqlite3_column_int64(s, 0);
        *application = sqlite3_column_int64(s, 1);
        *version = sqlite3_column_int64(s, 2);
    } else {
        code = pl_db_fail(db, rc, err);
    }
    sqlite3_finalize(s);
    return code;
}

/* An empty file is ours to begin. */
enum an_code pl_schema_identify(struct pl_db *db, size_t n, int64_t *version,
                                struct an_err *err)
{
    int64_t application = 0, n_tables = 0;
    enum an_code code = read_marks(db, &application, version, &n_tables, err);

    if (code != AN_OK)
        return code;
    if (application != PL_APPLICATION_ID &&
        (application != 0 || *version != 0 || n_tables != 0))
        return an_fail(err, AN_CONFLICT,
                       "the file is a database of another program", 0);
    if (*version < 0 || *version > (int64_t)n)
        return an_fail(err, AN_UNSUPPORTED,
                       "the store was written by a newer version", 0);
    return AN_OK;
}

static enum an_code take_step(struct pl_db *db, const char *step,
                              int64_t version, struct an_err *err)
{
    char stamp[96];
    enum an_code code = pl_db_exec(db, step, err);

    (void)snprintf(stamp, sizeof(stamp),
                   "PRAGMA application_id = %d; PRAGMA user_version = %lld",
                   PL_APPLICATION_ID, (long long)version);
    if (code == AN_OK)
        code = pl_db_exec(db, stamp, err);
    if (code == AN_OK)
        code = pl_db_exec(db, "COMMIT", err);
    return code;
}

/* A file of this version is not locked.  Of an older one the version is read
 * again inside each transaction: another program may have begun at the same
 * moment. */
enum an_code pl_schema_migrate(struct pl_db *db, const char *const *step,
                               size_t n, struct an_err *err)
{
    int64_t version = 0;
    enum an_code code = pl_schema_identify(db, n, &version, err);

    while (code == AN_OK && version != (int64_t)n) {
        code = pl_db_exec(db, "BEGIN IMMEDIATE", err);
        if (code == AN_OK)
            code = pl_schema_identify(db, n, &version, err);
        if (code != AN_OK || version == (int64_t)n)
            break;
        code = take_step(db, step[version], version + 1, err);
        version++;
    }
    if (!sqlite3_get_autocommit(db->sql))
        sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

enum an_code pl_schema_check(struct pl_db *db, struct an_err *err)
{
    int64_t version;
    enum an_code code =
        pl_schema_identify(db, pl_schema_n_steps, &version, err);

    if (code == AN_OK && version != (int64_t)pl_schema_n_steps)
        code = an_fail(err, AN_CONFLICT,
                       "the store is of an older version: open it for writing "
                       "once",
                       0);
    return code;
}
