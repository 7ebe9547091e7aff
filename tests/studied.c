/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/studied.h"

#include "tests/suite.h"
#include "trainer/dataset/pseudonym.h"
#include "trainer/file.h"

#include <stdio.h>

#define SCT "http://snomed.info/sct"
#define LN "http://loinc.org"
#define YEAR_2000 (INT64_C(946684800) * 1000000)

struct test_folder studied_folder;
struct an_arena studied_arena;

void studied_set_up(void)
{
    test_folder_make(&studied_folder);
    an_arena_init(&studied_arena, (size_t)1 << 30);
}

void studied_tear_down(void)
{
    test_folder_drop(&studied_folder);
    an_arena_free(&studied_arena);
}

uint64_t studied_number(int i)
{
    return 1000 + 3 * (uint64_t)i;
}

int64_t studied_from(int i)
{
    return YEAR_2000 + i * 37 % 1000 * DAY;
}

int64_t studied_until(int i)
{
    return studied_from(i) + (2000 + 10 * (i % 50)) * DAY;
}

static struct ctx_event *add(struct studied_one *p, enum ctx_kind kind,
                             const char *system, const char *code,
                             int64_t at_us)
{
    struct ctx_event *e = &p->event[p->record.n_events++];

    *e = (struct ctx_event){
        .kind = (uint8_t)kind,
        .status = CTX_STATUS_FINAL,
        .effective = {.us = at_us, .precision = AN_TIME_DAY},
        .available_us = at_us,
        .concept = {.system = an_str_c(system), .code = an_str_c(code)}};
    return e;
}

static void add_value(struct studied_one *p, int64_t at_us, int tenths)
{
    struct ctx_event *e = add(p, CTX_OBSERVATION, LN, "2160-0", at_us);

    e->value = (struct ctx_value){.kind = CTX_VALUE_QUANTITY,
                                  .number = tenths / 10.0,
                                  .unit = AN_STR("mg/dL")};
}

bool studied_dies(int i)
{
    return i % 7 == 0;
}

bool studied_has_stroke(int i)
{
    return i % 4 == 1;
}

/* In no order.  A value stands at the very beginning, another at the very end
 * or after it; who dies does it at the very end. */
void studied_one(struct studied_one *p, int i)
{
    const int64_t from = studied_from(i), until = studied_until(i);
    struct ctx_event *sex;

    *p = (struct studied_one){.record = {.id = studied_number(i),
                                         .event = p->event,
                                         .watched = true,
                                         .from_us = from,
                                         .until_us = until}};
    add_value(p, from + 200 * DAY, 7 + i % 11);
    if (i != STUDIED_UNKNOWN) {
        sex = add(p, CTX_SEX, "", "", 0);
        sex->effective.precision = AN_TIME_NONE;
        sex->value.kind = CTX_VALUE_CODE;
        sex->value.code.code = i % 2 ? AN_STR("female") : AN_STR("male");
        add_value(p, from - 30 * DAY, 6 + i % 9);
        add_value(p, from, 8 + i % 7);
        if (i % 3)
            add(p, CTX_CONDITION, SCT, "38341003", from - (400 + i) * DAY);
    }
    add_value(p, until, 9 + i % 5);
    add_value(p, until + DAY, 99);
    if (studied_has_stroke(i))
        add(p, CTX_CONDITION, SCT, "230690007", from + (500 + i) * DAY);
    if (studied_dies(i))
        add(p, CTX_DEATH, "", "", until);
    add(p, CTX_BIRTH, "", "", from - (18000 + 100 * i) * DAY);
}

static void put(const char *name, const char *text)
{
    char path[TEST_PATH_BYTES];

    test_folder_file(&studied_folder, name, path);
    ck_assert_int_eq(tr_file_write(path, an_str_c(text), NULL), AN_OK);
}

static void read_outcomes(struct studied *m)
{
    put("stroke.yaml",
        "id: stroke\ntitle: {en: Stroke}\nuse: Test.\n"
        "event:\n  kinds: [condition]\n  codes:\n"
        "    - {system: snomed, code: \"230690007\", text: \"Stroke\"}\n"
        "start: {from: now, gap_days: 0}\nexclude: {before: yes}\n"
        "horizons_days: [365, 1826]\naudience: [clinician]\npatient: never\n"
        "threshold: off\n");
    put("death.yaml",
        "id: death\ntitle: {en: Death}\nuse: Test.\n"
        "event: {kinds: [death]}\nstart: {from: now, gap_days: 0}\n"
        "exclude: {before: yes}\nhorizons_days: [365, 1826]\n"
        "audience: [clinician]\npatient: never\nthreshold: off\n");
    ck_assert_int_eq(tr_outcomes_read(&studied_arena, studied_folder.path,
                                      &m->outcomes, &m->err),
                     AN_OK);
}

/* People for whom `wanted` says so, in another order than their numbers'. */
void studied_begin(struct studied *m, bool (*wanted)(int))
{
    *m = (struct studied){.err = {.code = AN_OK}};
    read_outcomes(m);
    ck_assert_int_eq(tr_concepts_read(&studied_arena, AN_STR(""), "t",
                                      &m->concepts, &m->err),
                     AN_OK);
    tr_people_init(&m->people, (size_t)1 << 30);
    for (int k = 0; k < N_STUDIED; k++) {
        const int i = k * 7 % N_STUDIED;
        struct studied_one one;

        studied_one(&one, i);
        if (wanted == NULL || wanted(i))
            ck_assert_int_eq(
                tr_people_take_record(&m->people, &one.record, &m->err), AN_OK);
    }
    ck_assert_int_eq(tr_people_gather(&m->people, &m->err), AN_OK);
    tr_dataset_how_init(&m->how);
    m->how.has_seed = true;
    m->how.seed = STUDIED_SEED;
}

enum an_code studied_make(struct studied *m)
{
    return tr_dataset_make(&studied_arena, &m->people, &m->outcomes,
                           &m->concepts, &m->how, &m->d, &m->err);
}

/* Which of them a key is. */
int studied_person(uint64_t key)
{
    struct tr_pseudonym p;

    ck_assert_int_eq(tr_pseudonym_seed(&p, STUDIED_SEED, NULL), AN_OK);
    for (int i = 0; i < N_STUDIED; i++) {
        char text[24];
        struct ctx_identifier id = {.authority = AN_STR("urn:id:study")};
        uint64_t is;

        snprintf(text, sizeof(text), "%d", (int)studied_number(i));
        id.value = an_str_c(text);
        ck_assert_int_eq(tr_pseudonym_of(&p, &id, &is, NULL), AN_OK);
        if (is == key)
            return i;
    }
    ck_abort_msg("a key of nobody");
    return 0;
}
