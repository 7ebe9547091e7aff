/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/deid/profile.h"

#include "base/hash.h"
#include "trainer/deid/check_digit.h"
#include "trainer/deid/value.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_PATH_BYTES = 160, MAX_CODE_BYTES = 127 };

static const struct tr_deid_row fhir_rows[] = {
#include "config/tables/deid-fhir.inc"
};

static const struct tr_deid_row hl7_rows[] = {
#include "config/tables/deid-hl7.inc"
};

static const struct system {
    const char *uri, *codes;
} systems[] = {
#include "config/tables/deid-systems.inc"
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
enum {
    N_FHIR = COUNT(fhir_rows),
    N_HL7 = COUNT(hl7_rows),
    N_SYSTEMS = COUNT(systems)
};

static const struct {
    const char *name, *text;
} profiles[] = {
    [TR_DEID_SAFE_HARBOR] = {"safe-harbor", "safe-harbor 1"},
    [TR_DEID_DATE_SHIFT] = {"date-shift", "date-shift 1"},
};

const char *tr_deid_profile_text(enum tr_deid_profile profile)
{
    return profiles[profile].text;
}

bool tr_deid_profile_of(struct an_str name, enum tr_deid_profile *profile)
{
    for (size_t i = 0; i < COUNT(profiles); i++)
        if (an_str_eq(name, an_str_c(profiles[i].name))) {
            *profile = (enum tr_deid_profile)i;
            return true;
        }
    return false;
}

const char *tr_deid_method_text(enum tr_deid_method method)
{
    static const char *const text[] = {
#define X(name) #name,
        TR_DEID_METHODS(X)
#undef X
    };

    return text[method];
}

enum tr_deid_method tr_deid_method(const struct tr_deid_row *row,
                                   enum tr_deid_profile profile)
{
    return profile == TR_DEID_SAFE_HARBOR ? row->safe_harbor : row->date_shift;
}

const struct tr_deid_row *tr_deid_rows(enum tr_deid_form form, size_t *n)
{
    *n = form == TR_DEID_FHIR ? N_FHIR : N_HL7;
    return form == TR_DEID_FHIR ? fhir_rows : hl7_rows;
}

/* The first row that is not before `path`. */
static size_t lower(const struct tr_deid_row *row, size_t n, struct an_str path)
{
    size_t low = 0;

    while (low < n) {
        size_t middle = (low + n) / 2;

        if (an_str_cmp(an_str_c(row[middle].path), path) < 0)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

const struct tr_deid_row *tr_deid_find(enum tr_deid_form form, const char *as,
                                       struct an_str name)
{
    char path[MAX_PATH_BYTES];
    int length = snprintf(path, sizeof(path), "%s%c%.*s", as,
                          form == TR_DEID_HL7 && !strchr(as, '-') ? '-' : '.',
                          AN_STR_ARG(name));
    const struct tr_deid_row *row;
    struct an_str whole;
    size_t n, i;

    if (name.n == 0 || length < 0 || length >= MAX_PATH_BYTES)
        return NULL;
    whole = (struct an_str){path, (size_t)length};
    row = tr_deid_rows(form, &n);
    i = lower(row, n, whole);
    return i < n && an_str_eq(an_str_c(row[i].path), whole) ? &row[i] : NULL;
}

static const char *const fhir_types[] = {
    "AllergyIntolerance",
    "Bundle",
    "CarePlan",
    "Condition",
    "Consent",
    "Coverage",
    "Device",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "FamilyMemberHistory",
    "Goal",
    "ImagingStudy",
    "Immunization",
    "Location",
    "Medication",
    "MedicationAdministration",
    "MedicationDispense",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Organization",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "ServiceRequest",
    "Specimen",
};

static const char *const hl7_types[] = {
    "AL1", "DG1", "EVN", "FT1", "IAM", "IN1", "MRG", "MSH", "OBR",
    "OBX", "ORC", "PID", "PR1", "PRB", "PV1", "PV2", "RXA", "RXC",
    "RXD", "RXE", "RXG", "RXO", "RXR", "SPM", "TXA",
};

const char *tr_deid_type(enum tr_deid_form form, struct an_str type)
{
    const char *const *name = form == TR_DEID_FHIR ? fhir_types : hl7_types;
    size_t n = form == TR_DEID_FHIR ? COUNT(fhir_types) : COUNT(hl7_types);

    for (size_t i = 0; i < n; i++)
        if (an_str_eq(type, an_str_c(name[i])))
            return name[i];
    return NULL;
}

static enum an_code add(struct an_sha256_run *run, const char *text,
                        struct an_err *err)
{
    /* The NUL ends each cell. */
    return an_sha256_add(run, (struct an_str){text, strlen(text) + 1}, err);
}

static enum an_code add_rows(struct an_sha256_run *run, enum tr_deid_form form,
                             struct an_err *err)
{
    enum an_code code = AN_OK;
    size_t n;
    const struct tr_deid_row *row = tr_deid_rows(form, &n);

    for (size_t i = 0; i < n && code == AN_OK; i++) {
        const char *cell[] = {
            row[i].path, row[i].as, tr_deid_method_text(row[i].safe_harbor),
            tr_deid_method_text(row[i].date_shift), row[i].values};

        for (size_t c = 0; c < COUNT(cell) && code == AN_OK; c++)
            code = add(run, cell[c], err);
    }
    return code;
}

enum an_code tr_deid_tables_hash(char hex[65], struct an_err *err)
{
    struct an_sha256_run run;
    struct an_sha256 hash;
    enum an_code code = an_sha256_begin(&run, err);

    if (code != AN_OK)
        return code;
    code = add_rows(&run, TR_DEID_FHIR, err);
    if (code == AN_OK)
        code = add_rows(&run, TR_DEID_HL7, err);
    for (size_t i = 0; i < N_SYSTEMS && code == AN_OK; i++) {
        code = add(&run, systems[i].uri, err);
        if (code == AN_OK)
            code = add(&run, systems[i].codes, err);
    }
    for (size_t i = 0; tr_deid_value_cell(i) && code == AN_OK; i++)
        code = add(&run, tr_deid_value_cell(i), err);
    an_sha256_end(&run, &hash);
    an_hex_print(hash.b, sizeof(hash.b), hex);
    return code;
}

struct tr_deid_patterns {
    regex_t row[N_FHIR + N_HL7], system[N_SYSTEMS];
    bool has_row[N_FHIR + N_HL7], has_system[N_SYSTEMS];
};

static bool compile(regex_t *out, const char *values)
{
    char whole[2048];
    int n = snprintf(whole, sizeof(whole), "^(%s)$", values);

    return n > 0 && (size_t)n < sizeof(whole) &&
           regcomp(out, whole, REG_EXTENDED | REG_NOSUB) == 0;
}

static bool compile_all(struct tr_deid_patterns *p)
{
    for (size_t i = 0; i < N_FHIR + N_HL7; i++) {
        const struct tr_deid_row *row =
            i < N_FHIR ? &fhir_rows[i] : &hl7_rows[i - N_FHIR];

        if (row->values[0] &&
            !(p->has_row[i] = compile(&p->row[i], row->values)))
            return false;
    }
    for (size_t i = 0; i < N_SYSTEMS; i++)
        if (!(p->has_system[i] = compile(&p->system[i], systems[i].codes)))
            return false;
    return true;
}

enum an_code tr_deid_patterns_open(struct tr_deid_patterns **patterns,
                                   struct an_err *err)
{
    *patterns = calloc(1, sizeof(**patterns));
    if (*patterns == NULL)
        return an_fail_nomem(err);
    if (compile_all(*patterns))
        return AN_OK;
    tr_deid_patterns_close(*patterns);
    *patterns = NULL;
    return an_fail(err, AN_INTERNAL, "a pattern of a table is none", 0);
}

void tr_deid_patterns_close(struct tr_deid_patterns *patterns)
{
    for (size_t i = 0; patterns && i < N_FHIR + N_HL7; i++)
        if (patterns->has_row[i])
            regfree(&patterns->row[i]);
    for (size_t i = 0; patterns && i < N_SYSTEMS; i++)
        if (patterns->has_system[i])
            regfree(&patterns->system[i]);
    free(patterns);
}

/* A NUL in the text would end it early. */
static bool match(const regex_t *pattern, struct an_str text)
{
    char copy[MAX_CODE_BYTES + 1];

    if (text.n == 0 || text.n > MAX_CODE_BYTES || memchr(text.p, 0, text.n) ||
        memchr(text.p, '\n', text.n))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return regexec(pattern, copy, 0, NULL, 0) == 0;
}

bool tr_deid_matches(const struct tr_deid_patterns *patterns,
                     enum tr_deid_form form, const struct tr_deid_row *row,
                     struct an_str text)
{
    size_t i = form == TR_DEID_FHIR ? (size_t)(row - fhir_rows)
                                    : (size_t)(row - hl7_rows) + N_FHIR;

    return patterns->has_row[i] && match(&patterns->row[i], text);
}

static const struct system *find_system(struct an_str uri)
{
    size_t low = 0, high = N_SYSTEMS;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = an_str_cmp(an_str_c(systems[middle].uri), uri);

        if (order == 0)
            return &systems[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* A number in that system is one of its codes by more than its form. */
static bool checks(struct an_str uri, struct an_str code)
{
    if (an_str_eq(uri, AN_STR("http://loinc.org")))
        return tr_deid_is_loinc(code);
    if (an_str_eq(uri, AN_STR("http://snomed.info/sct")))
        return tr_deid_is_sctid(code);
    return true;
}

bool tr_deid_code(const struct tr_deid_patterns *patterns, struct an_str uri,
                  struct an_str code, struct an_str *system,
                  struct an_str *kept)
{
    const struct system *s = find_system(uri);

    if (s == NULL || !match(&patterns->system[s - systems], code) ||
        !checks(uri, code))
        return false;
    *system = an_str_c(s->uri);
    *kept = code;
    if (an_str_eq(uri, AN_STR("urn:ietf:bcp:47")))
        an_str_cut(&code, '-', kept);
    return true;
}
