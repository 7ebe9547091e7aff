/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/meds/code.h"

#include "context/system.h"

enum { NAME_BYTES = 64 };

#define SEPARATOR AN_STR("//")
#define ACT_CODE "http://terminology.hl7.org/CodeSystem/v3-ActCode"

/* The first name of a URI is the one that is written.  Names are compared
 * without case, "-", "_" and blanks. */
static const struct vocabulary {
    const char *name, *uri;
    unsigned kind;
} vocabularies[] = {
    {"LOINC", "http://loinc.org", CTX_OBSERVATION},
    {"SNOMED", "http://snomed.info/sct", CTX_CONDITION},
    {"SNOMEDCT", "http://snomed.info/sct", CTX_CONDITION},
    {"SCT", "http://snomed.info/sct", CTX_CONDITION},
    {"ICD10CM", "http://hl7.org/fhir/sid/icd-10-cm", CTX_CONDITION},
    {"ICD10", "http://hl7.org/fhir/sid/icd-10", CTX_CONDITION},
    {"ICD9CM", "http://hl7.org/fhir/sid/icd-9-cm", CTX_CONDITION},
    {"ICD10PCS", "http://www.cms.gov/Medicare/Coding/ICD10", CTX_PROCEDURE},
    {"CPT", "http://www.ama-assn.org/go/cpt", CTX_PROCEDURE},
    {"CPT4", "http://www.ama-assn.org/go/cpt", CTX_PROCEDURE},
    {"HCPCS", "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
     CTX_PROCEDURE},
    {"RXNORM", "http://www.nlm.nih.gov/research/umls/rxnorm",
     CTX_MEDICATION_ORDER},
    {"NDC", "http://hl7.org/fhir/sid/ndc", CTX_MEDICATION_ORDER},
    {"ATC", "http://www.whocc.no/atc", CTX_MEDICATION_ORDER},
    {"CVX", "http://hl7.org/fhir/sid/cvx", CTX_IMMUNIZATION},
};

/* A first part that says what a row is. */
static const struct class
{
    const char *name;
    unsigned kind;
    const char *of; /* the class of an encounter; NULL: the part behind it */
} classes[] = {
    {"DIAGNOSIS", CTX_CONDITION, NULL},
    {"CONDITION", CTX_CONDITION, NULL},
    {"PROCEDURE", CTX_PROCEDURE, NULL},
    {"LAB", CTX_OBSERVATION, NULL},
    {"OBSERVATION", CTX_OBSERVATION, NULL},
    {"MEASUREMENT", CTX_OBSERVATION, NULL},
    {"VITAL", CTX_OBSERVATION, NULL},
    {"MEDICATION", CTX_MEDICATION_ORDER, NULL},
    {"DRUG", CTX_MEDICATION_ORDER, NULL},
    {"ALLERGY", CTX_ALLERGY, NULL},
    {"IMMUNIZATION", CTX_IMMUNIZATION, NULL},
    {"VACCINE", CTX_IMMUNIZATION, NULL},
    {"SEX", CTX_SEX, NULL},
    {"GENDER", CTX_SEX, NULL},
    {"ADMISSION", CTX_ADMISSION, NULL},
    {"TRANSFER", CTX_TRANSFER, NULL},
    {"DISCHARGE", CTX_DISCHARGE, NULL},
    {"HOSPITAL_ADMISSION", CTX_ADMISSION, "IMP"},
    {"HOSPITAL_DISCHARGE", CTX_DISCHARGE, "IMP"},
    {"ED_REGISTRATION", CTX_ADMISSION, "EMER"},
    {"ED_OUT", CTX_DISCHARGE, "EMER"},
    {"ICU_ADMISSION", CTX_TRANSFER, "IMP"},
    {"ICU_DISCHARGE", CTX_TRANSFER, "IMP"},
    {"TRANSFER_TO", CTX_TRANSFER, "IMP"},
    {"MEDS_BIRTH", CTX_BIRTH, NULL},
    {"MEDS_DEATH", CTX_DEATH, NULL},
};

/* The kinds of rt_kind_key. */
static const struct class kinds[] = {
    {"sex", CTX_SEX, NULL},
    {"encounter", CTX_TRANSFER, NULL},
    {"condition", CTX_CONDITION, NULL},
    {"procedure", CTX_PROCEDURE, NULL},
    {"observation", CTX_OBSERVATION, NULL},
    {"medication", CTX_MEDICATION_ORDER, NULL},
    {"allergy", CTX_ALLERGY, NULL},
    {"immunization", CTX_IMMUNIZATION, NULL},
};

enum {
    N_VOCABULARIES = sizeof(vocabularies) / sizeof(vocabularies[0]),
    N_CLASSES = sizeof(classes) / sizeof(classes[0]),
    N_KINDS = sizeof(kinds) / sizeof(kinds[0])
};

/* ---- parts ----------------------------------------------------------------- */

static const struct vocabulary *vocabulary_of(struct an_str name)
{
    char plain[NAME_BYTES];
    size_t n = 0;

    for (size_t i = 0; i < name.n && n < sizeof(plain); i++)
        if (name.p[i] != '-' && name.p[i] != '_' && name.p[i] != ' ')
            plain[n++] = name.p[i];
    for (size_t i = 0; i < N_VOCABULARIES; i++)
        if (an_str_eq_nocase((struct an_str){plain, n},
                             an_str_c(vocabularies[i].name)))
            return &vocabularies[i];
    return NULL;
}

static const struct class *class_of(const struct class *of, size_t n,
                                    struct an_str name)
{
    for (size_t i = 0; i < n; i++)
        if (an_str_eq_nocase(name, an_str_c(of[i].name)))
            return &of[i];
    return NULL;
}

/* What stands before the next "//", not counting that of a URI; *rest gets what
 * is behind it, p NULL when there is none. */
static struct an_str cut(struct an_str *rest)
{
    const struct an_str all = *rest;
    size_t i = an_str_starts(all, AN_STR("http://"))    ? 7
               : an_str_starts(all, AN_STR("https://")) ? 8
                                                        : 0;

    for (; i + 1 < all.n; i++)
        if (all.p[i] == '/' && all.p[i + 1] == '/') {
            *rest = an_str_sub(all, i + SEPARATOR.n, all.n);
            return an_str_sub(all, 0, i);
        }
    *rest = (struct an_str){NULL, 0};
    return all;
}

static bool is_uri(struct an_str name)
{
    return an_str_starts(name, AN_STR("urn:")) ||
           an_str_starts(name, AN_STR("http://")) ||
           an_str_starts(name, AN_STR("https://"));
}

static enum an_code local_system(struct an_arena *arena, struct an_str name,
                                 struct an_str *system, struct an_err *err)
{
    struct an_buf b;

    an_buf_init(&b, arena, TR_MEDS_CODE_BYTES + NAME_BYTES);
    an_buf_put(&b, AN_STR("urn:id:"));
    an_buf_put(&b, name);
    return an_buf_done(&b, system, err);
}

/* "ICD//10//I509", as MIMIC's rows have it. */
static bool is_icd(struct an_str name, struct an_str *rest, unsigned kind,
                   struct ctx_code *code)
{
    struct an_str after = *rest;
    const struct an_str edition = after.p ? cut(&after) : (struct an_str){0};

    if (!an_str_eq_nocase(name, AN_STR("ICD")) || after.p == NULL)
        return false;
    if (an_str_eq(edition, AN_STR("10")))
        code->system = kind == CTX_PROCEDURE
                           ? AN_STR("http://www.cms.gov/Medicare/Coding/ICD10")
                           : AN_STR("http://hl7.org/fhir/sid/icd-10-cm");
    else if (an_str_eq(edition, AN_STR("9")))
        code->system = kind == CTX_PROCEDURE
                           ? AN_STR("urn:id:ICD9PROC")
                           : AN_STR("http://hl7.org/fhir/sid/icd-9-cm");
    else
        return false;
    *rest = after;
    code->code = cut(rest);
    return true;
}

/* A vocabulary's code: name, code, and what is left of the text.  `first` is
 * the class that stood before, or "". */
static enum an_code read_coded(struct an_arena *arena, struct an_str first,
                               struct an_str *rest, struct tr_meds_code *out,
                               struct ctx_code *code, struct an_err *err)
{
    struct an_str name, after = *rest;
    const struct vocabulary *v;

    name = cut(&after);
    if (is_icd(name, &after, out->kind, code)) {
        *rest = after;
        out->local |= !ctx_system_standard(code->system);
        return AN_OK;
    }
    v = after.p ? vocabulary_of(name) : NULL;
    if (v) {
        code->system = an_str_c(v->uri);
        if (!out->sure_kind)
            out->kind = v->kind;
    } else if (after.p && is_uri(name)) {
        code->system = name;
        out->local |= !ctx_system_standard(name);
    } else {
        enum an_code is;

        /* Behind a class the code is the next part; without one the first part
         * is the vocabulary, if there is a second. */
        if (first.n)
            after = *rest;
        out->local = true;
        is = local_system(arena,
                          first.n   ? first
                          : after.p ? name
                                    : AN_STR("meds"),
                          &code->system, err);
        if (is != AN_OK)
            return is;
        after = first.n || after.p ? after : *rest;
    }
    code->code = cut(&after);
    *rest = after;
    return AN_OK;
}

/* ---- reading --------------------------------------------------------------- */

static struct an_str sex_of(struct an_str said)
{
    if (an_str_eq_nocase(said, AN_STR("female")) ||
        an_str_eq_nocase(said, AN_STR("F")))
        return AN_STR("female");
    if (an_str_eq_nocase(said, AN_STR("male")) ||
        an_str_eq_nocase(said, AN_STR("M")))
        return AN_STR("male");
    return AN_STR("unknown");
}

/* Encounters, sex, birth and death: true when it is one of them. */
static bool read_own(const struct class *c, struct an_str rest,
                     struct tr_meds_code *out)
{
    const struct an_str behind = rest.p ? cut(&rest) : (struct an_str){"", 0};

    switch (c->kind) {
    case CTX_BIRTH:
    case CTX_DEATH: return true;
    case CTX_SEX: out->code.code = sex_of(behind); return true;
    case CTX_ADMISSION:
    case CTX_TRANSFER:
    case CTX_DISCHARGE:
        out->code.code = c->of ? an_str_c(c->of) : behind;
        out->code.system = AN_STR(ACT_CODE);
        return true;
    default: return false;
    }
}

/* Where a coded answer begins: "=" before a vocabulary and a code. */
static size_t answer_at(struct an_str text)
{
    for (size_t i = 1; i + 1 < text.n; i++) {
        struct an_str after = an_str_sub(text, i + 1, text.n), name;

        if (text.p[i] != '=')
            continue;
        name = cut(&after);
        if (after.p && (vocabulary_of(name) || is_uri(name)))
            return i;
    }
    return text.n;
}

static enum an_code read_event(struct an_arena *arena, struct an_str text,
                               struct tr_meds_code *out, struct an_err *err)
{
    const size_t answer = answer_at(text);
    struct an_str rest = an_str_sub(text, 0, answer), after = rest;
    const struct an_str first = cut(&after);
    const struct class *c = class_of(classes, N_CLASSES, first);
    struct an_str named = AN_STR("");
    enum an_code code;

    if (c) {
        out->kind = c->kind;
        out->sure_kind = true;
        if (read_own(c, after, out))
            return AN_OK;
        if (after.p) {
            named = first;
            rest = after;
        }
    }
    code = read_coded(arena, named, &rest, out, &out->code, err);
    if (rest.p)
        out->unit = rest;
    if (code != AN_OK || answer == text.n)
        return code;
    rest = an_str_sub(text, answer + 1, text.n);
    out->kind = CTX_OBSERVATION;
    out->sure_kind = true;
    return read_coded(arena, AN_STR(""), &rest, out, &out->answer, err);
}

enum an_code tr_meds_code_read(struct an_arena *arena, struct an_str text,
                               struct tr_meds_code *out, struct an_err *err)
{
    static const struct {
        const char *text;
        enum tr_meds_what what;
    } marks[] = {{"ANAMNESIS_OBSERVED_FROM", TR_MEDS_OBSERVED_FROM},
                 {"ANAMNESIS_ASKED_FROM", TR_MEDS_ASKED_FROM},
                 {"ANAMNESIS_OBSERVED_UNTIL", TR_MEDS_OBSERVED_UNTIL}};
    struct an_str rest = text;
    const struct class *kind;

    *out = (struct tr_meds_code){.kind = CTX_OBSERVATION};
    if (text.n == 0)
        return an_fail(err, AN_MISSING, "a row without a code", 0);
    if (text.n > TR_MEDS_CODE_BYTES)
        return an_fail(err, AN_LIMIT, "a code that is too long", 0);
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (an_str_eq(text, an_str_c(marks[i].text))) {
            out->what = marks[i].what;
            return AN_OK;
        }
    if (!an_str_eq(cut(&rest), AN_STR("KIND")) || rest.p == NULL)
        return read_event(arena, text, out, err);
    kind = class_of(kinds, N_KINDS, rest);
    if (kind == NULL)
        return read_event(arena, text, out, err);
    out->kind = kind->kind;
    out->sure_kind = true;
    if (out->kind == CTX_SEX)
        out->code.code = AN_STR("unknown");
    return AN_OK;
}

unsigned tr_meds_parent_kind(struct an_str parent, bool *sure)
{
    struct an_str rest = parent, name = cut(&rest);
    const struct vocabulary *v;
    const struct class *kind;

    *sure = false;
    if (rest.p == NULL) { /* as OMOP's are written: one slash */
        rest = parent;
        if (!an_str_cut(&rest, '/', &name) || rest.p == NULL)
            return CTX_N_KINDS;
    }
    if (an_str_eq(name, AN_STR("KIND"))) {
        kind = class_of(kinds, N_KINDS, rest);
        *sure = kind != NULL;
        return kind ? kind->kind : (unsigned)CTX_N_KINDS;
    }
    v = vocabulary_of(name);
    return v ? v->kind : (unsigned)CTX_N_KINDS;
}

/* ---- writing --------------------------------------------------------------- */

/* "system|code" as "NAME//code". */
static void put_coded(struct an_buf *b, struct an_str key)
{
    struct an_str system = {"", 0};
    const char *name = NULL;

    (void)an_str_cut(&key, '|', &system);
    for (size_t i = 0; i < N_VOCABULARIES && name == NULL; i++)
        if (an_str_eq(system, an_str_c(vocabularies[i].uri)))
            name = vocabularies[i].name;
    an_buf_put(b, name ? an_str_c(name) : system);
    an_buf_put(b, SEPARATOR);
    an_buf_put(b, key);
}

static bool put_own(struct an_buf *b, struct an_str key)
{
    static const struct {
        const char *before, *as;
    } own[] = {{"sex|", "SEX//"},
               {"kind|", "KIND//"},
               {"encounter|admission-", "ADMISSION//"},
               {"encounter|transfer-", "TRANSFER//"},
               {"encounter|discharge-", "DISCHARGE//"}};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        const struct an_str before = an_str_c(own[i].before);

        if (!an_str_starts(key, before))
            continue;
        an_buf_put_c(b, own[i].as);
        an_buf_put(b, an_str_sub(key, before.n, key.n));
        return true;
    }
    return false;
}

void tr_meds_code_put(struct an_buf *b, struct an_str key, struct an_str unit)
{
    size_t answer = 0, equals = 0;

    if (put_own(b, key))
        return;
    /* An answer is behind the last "=" that has a bar after it. */
    for (size_t i = 0; i < key.n; i++) {
        equals = key.p[i] == '=' ? i : equals;
        answer = key.p[i] == '|' ? equals : answer;
    }
    put_coded(b, an_str_sub(key, 0, answer ? answer : key.n));
    if (answer) {
        an_buf_put_char(b, '=');
        put_coded(b, an_str_sub(key, answer + 1, key.n));
    } else if (unit.n) {
        an_buf_put(b, SEPARATOR);
        an_buf_put(b, unit);
    }
}
