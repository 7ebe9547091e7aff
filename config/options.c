/* SPDX-License-Identifier: Apache-2.0 */
#include "config/options.h"

#include "config/nearest_int.h"

#include <string.h>

enum { KEY_BYTES = 96, PROBLEM_BYTES = 400 };

const struct cfg_option cfg_option[CFG_N_OPTIONS] = {
#define X(member_, key_, type_, range_, def_, help_)                           \
    {.key = (key_),                                                            \
     .type = CFG_##type_,                                                      \
     range_,                                                                   \
     .def = (def_),                                                            \
     .help = (help_),                                                          \
     .offset = offsetof(struct cfg_options, member_)},
    CFG_OPTIONS(X)
#undef X
};

struct reader {
    struct an_arena *arena;
    const char *file;
    struct cfg_options *o;
    struct cfg_problems *problems;
    struct an_err *err;
};

static void *member(struct cfg_options *o, const struct cfg_option *option)
{
    return (char *)o + option->offset;
}

static bool is_list(const struct cfg_option *option)
{
    return option->type == CFG_TEXTS || option->type == CFG_PATHS;
}

static bool is_within(const struct cfg_option *option, int64_t n)
{
    return n >= option->min && n <= option->max;
}

static bool parse_choice(const struct cfg_option *option, struct an_str text,
                         int *value)
{
    struct an_str rest = an_str_c(option->choices), word;

    for (int i = 0; an_str_cut(&rest, ' ', &word); i++) {
        if (an_str_eq(word, text)) {
            *value = i;
            return true;
        }
    }
    return false;
}

static bool parse_number(const struct cfg_option *option, struct an_str text,
                         int64_t *value)
{
    int64_t n;
    bool ok;

    if (option->type == CFG_INT)
        ok = cfg_value_int(text, &n);
    else if (option->type == CFG_DURATION)
        ok = cfg_value_duration(text, &n);
    else
        ok = cfg_value_size(text, &n);
    if (!ok || !is_within(option, n))
        return false;
    *value = n;
    return true;
}

/* No control byte belongs into a path or a name. */
static bool parse_text(const struct cfg_option *option, struct an_str text,
                       struct an_str *value)
{
    if (!is_within(option, (int64_t)text.n))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7F)
            return false;
    *value = text;
    return true;
}

/* One scalar, from the file or from the column of defaults.  The text must
 * live as long as the values. */
static bool parse_scalar(const struct cfg_option *option, struct an_str text,
                         struct cfg_options *o)
{
    void *value = member(o, option);

    switch (option->type) {
    case CFG_BOOL: return cfg_value_bool(text, value);
    case CFG_INT:
    case CFG_DURATION:
    case CFG_SIZE: return parse_number(option, text, value);
    case CFG_ENUM: return parse_choice(option, text, value);
    case CFG_TEXT:
    case CFG_PATH: return parse_text(option, text, value);
    case CFG_URL:
        if (text.n && !cfg_value_url(text))
            return false;
        *(struct an_str *)value = text;
        return true;
    case CFG_ADDRESS: return cfg_value_address(text, value);
    case CFG_TEXTS:
    case CFG_PATHS: break;
    }
    return false;
}

static enum an_code list_new(struct an_arena *arena, size_t n,
                             struct cfg_texts *list, struct an_err *err)
{
    list->n = 0;
    list->item = an_arena_get(arena, n, sizeof(*list->item));
    return list->item ? AN_OK : an_fail_nomem(err);
}

static enum an_code default_list(struct an_arena *arena,
                                 const struct cfg_option *option,
                                 struct cfg_options *o, struct an_err *err)
{
    struct cfg_texts *list = member(o, option);
    struct an_str rest = an_str_c(option->def), word;
    enum an_code code = list_new(arena, (size_t)option->max, list, err);

    while (code == AN_OK && an_str_cut(&rest, ' ', &word))
        if (word.n)
            list->item[list->n++] = word;
    return code;
}

enum an_code cfg_options_default(struct an_arena *arena, struct cfg_options *o,
                                 struct an_err *err)
{
    *o = (struct cfg_options){.environment = CFG_PRODUCTION};
    for (int i = 0; i < CFG_N_OPTIONS; i++) {
        const struct cfg_option *option = &cfg_option[i];
        enum an_code code = AN_OK;

        if (is_list(option))
            code = default_list(arena, option, o, err);
        else if (!parse_scalar(option, an_str_c(option->def), o))
            code = an_fail(err, AN_INTERNAL, "a default breaks its own rule",
                           (size_t)i);
        if (code)
            return code;
    }
    return AN_OK;
}

/* ---- problems ----------------------------------------------------------- */

/* The list has the whole sentence, *err the first one's literal `what`. */
static enum an_code problem_add(struct reader *r, enum an_code code,
                                const char *what, uint32_t line,
                                uint32_t column, struct an_buf *sentence)
{
    struct cfg_problem *p;

    if (r->problems->n == CFG_PROBLEMS)
        return AN_OK;
    p = an_arena_get(r->arena, 1, sizeof(*p));
    if (p == NULL || an_buf_done(sentence, &p->text, NULL))
        return an_fail_line(r->err, AN_NOMEM, "out of memory", r->file, 0, 0);
    p->line = line;
    p->column = column;
    if (r->problems->last)
        r->problems->last->next = p;
    else
        r->problems->first = p;
    r->problems->last = p;
    if (r->problems->n++ == 0)
        an_fail_line(r->err, code, what, r->file, line, column);
    return AN_OK;
}

static void sentence_start(struct reader *r, struct an_buf *b)
{
    an_buf_init(b, r->arena, PROBLEM_BYTES);
}

static enum an_code problem_value(struct reader *r,
                                  const struct cfg_option *option,
                                  const struct cfg_node *node)
{
    struct an_buf b;

    sentence_start(r, &b);
    an_buf_put_c(&b, option->key);
    an_buf_put(&b, AN_STR(": expected "));
    cfg_option_put_expected(&b, option);
    return problem_add(r, AN_CONFIG, "a value is not what its option takes",
                       node->line, node->column, &b);
}

static enum an_code problem_unknown(struct reader *r, struct an_str prefix,
                                    const struct cfg_node *node)
{
    char near[KEY_BYTES];
    struct an_buf b;

    sentence_start(r, &b);
    an_buf_put(&b, AN_STR("unknown key"));
    if (cfg_nearest_key(prefix, node->key, near, sizeof(near))) {
        an_buf_put(&b, AN_STR("; did you mean \""));
        an_buf_put_c(&b, near);
        an_buf_put(&b, AN_STR("\"?"));
    }
    return problem_add(r, AN_CONFIG, "unknown key", node->key_line,
                       node->key_column, &b);
}

static enum an_code problem_map(struct reader *r, struct an_str key,
                                const struct cfg_node *node)
{
    struct an_buf b;

    sentence_start(r, &b);
    if (key.n) {
        an_buf_put(&b, key);
        an_buf_put(&b, AN_STR(": "));
    }
    an_buf_put(&b, AN_STR("expected keys and values"));
    return problem_add(r, AN_CONFIG, "expected keys and values", node->line,
                       node->column, &b);
}

/* ---- reading ------------------------------------------------------------ */

static enum an_code read_list(struct reader *r, const struct cfg_option *option,
                              const struct cfg_node *node)
{
    struct cfg_texts *list = member(r->o, option);
    const struct cfg_option item = {
        .min = 1, .max = option->type == CFG_PATHS ? 4095 : 1000};
    enum an_code code;

    if (node->kind != CFG_LIST || !is_within(option, (int64_t)node->n_children))
        return problem_value(r, option, node);
    code = list_new(r->arena, node->n_children, list, r->err);
    for (const struct cfg_node *c = node->first; c && code == AN_OK;
         c = c->next) {
        if (c->kind == CFG_SCALAR && !cfg_node_is_null(c) &&
            parse_text(&item, c->text, &list->item[list->n]))
            list->n++;
        else
            code = problem_value(r, option, c);
    }
    return code;
}

/* A number in quotes is still a number: nobody is helped by refusing it.  A
 * key with nothing behind it was left unfinished. */
static enum an_code read_value(struct reader *r,
                               const struct cfg_option *option,
                               const struct cfg_node *node)
{
    r->o->line[option - cfg_option] = node->line;
    if (is_list(option))
        return read_list(r, option, node);
    if (node->kind != CFG_SCALAR || cfg_node_is_null(node) ||
        !parse_scalar(option, node->text, r->o))
        return problem_value(r, option, node);
    return AN_OK;
}

enum match { NOTHING, A_MAP, AN_OPTION };

static enum match find(struct an_str key, const struct cfg_option **option)
{
    for (int i = 0; i < CFG_N_OPTIONS; i++) {
        struct an_str known = an_str_c(cfg_option[i].key);

        if (!an_str_starts(known, key))
            continue;
        *option = &cfg_option[i];
        if (known.n == key.n)
            return AN_OPTION;
        if (known.p[key.n] == '.')
            return A_MAP;
    }
    return NOTHING;
}

/* `prefix` is "" or ends in a point; the key is put behind it. */
static bool join(struct an_str prefix, struct an_str key, char buf[KEY_BYTES],
                 struct an_str *joined)
{
    if (key.n == 0 || memchr(key.p, '.', key.n) ||
        key.n >= KEY_BYTES - 1 - prefix.n)
        return false;
    memcpy(buf, prefix.p, prefix.n);
    memcpy(buf + prefix.n, key.p, key.n);
    *joined = (struct an_str){buf, prefix.n + key.n};
    return true;
}

/* Recursion ends with the table: a map goes on only while its key is the
 * beginning of an option's. */
static enum an_code read_map(struct reader *r, struct an_str prefix,
                             const struct cfg_node *map)
{
    char buf[KEY_BYTES];
    struct an_str key;
    enum an_code code = AN_OK;

    if (cfg_node_is_null(map))
        return AN_OK;
    if (map->kind != CFG_MAP)
        return problem_map(r, an_str_sub(prefix, 0, prefix.n - !!prefix.n),
                           map);
    for (const struct cfg_node *c = map->first; c && code == AN_OK;
         c = c->next) {
        const struct cfg_option *option = NULL;
        enum match match = NOTHING;

        if (join(prefix, c->key, buf, &key))
            match = find(key, &option);
        if (match == AN_OPTION) {
            code = read_value(r, option, c);
        } else if (match == A_MAP) {
            buf[key.n++] = '.';
            code = read_map(r, key, c);
        } else {
            code = problem_unknown(r, prefix, c);
        }
    }
    return code;
}

static enum an_code problem_pair(struct reader *r, enum cfg_option_id id,
                                 const char *what)
{
    struct an_buf b;

    sentence_start(r, &b);
    an_buf_put_c(&b, what);
    return problem_add(r, AN_CONFIG, what, r->o->line[id], r->o->line[id] != 0,
                       &b);
}

/* NAME=SOMETHING; a name can stand in a URL. */
static bool is_named(struct an_str item)
{
    struct an_str name = {"", 0};

    if (!an_str_cut(&item, '=', &name) || name.n == 0 || name.n > 32 ||
        an_str_trim(item).n == 0)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!((name.p[i] >= 'a' && name.p[i] <= 'z') ||
              (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '-'))
            return false;
    return true;
}

static enum an_code check_subscriptions(struct reader *r)
{
    const struct cfg_options *o = r->o;

    for (size_t i = 0; i < o->subscriptions.n; i++)
        if (!is_named(o->subscriptions.item[i]))
            return problem_pair(r, CFG_OPT_subscriptions,
                                "subscriptions.of: expected NAME=CRITERIA, the "
                                "name of small letters, digits and -");
    return AN_OK;
}

/* SENDER=15m or SENDER=off; a sender's name may hold anything but this. */
static bool is_silence(struct an_str item)
{
    size_t i = item.n;
    int64_t ms;

    while (i && item.p[i - 1] != '=')
        i--;
    if (i < 2)
        return false;
    item = an_str_trim(an_str_sub(item, i, item.n));
    return an_str_eq(item, AN_STR("off")) ||
           (cfg_value_duration(item, &ms) && ms > 0);
}

static enum an_code check_feeds(struct reader *r)
{
    const struct cfg_options *o = r->o;

    for (size_t i = 0; i < o->feeds_silence.n; i++)
        if (!is_silence(o->feeds_silence.item[i]))
            return problem_pair(r, CFG_OPT_feeds_silence,
                                "feeds.silence: expected SENDER=DURATION, such "
                                "as EHR|HOSP=15m, or SENDER=off");
    return AN_OK;
}

static enum an_code check_networks(struct reader *r, enum cfg_option_id id,
                                   const struct cfg_texts *list)
{
    struct cfg_network network;

    for (size_t i = 0; i < list->n; i++)
        if (!cfg_value_network(list->item[i], &network))
            return problem_pair(r, id,
                                "peers: expected addresses and networks, such "
                                "as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32");
    return AN_OK;
}

/* APPLICATION|FACILITY, neither of them empty. */
static bool is_sender(struct an_str s)
{
    struct an_str application = {"", 0}, facility = {"", 0};

    return an_str_cut(&s, '|', &application) && application.n &&
           an_str_cut(&s, '|', &facility) && facility.n && s.p == NULL;
}

static enum an_code check_lists(struct reader *r)
{
    const struct cfg_options *o = r->o;
    enum an_code code = check_networks(r, CFG_OPT_mllp_peers, &o->mllp_peers);

    if (code == AN_OK)
        code = check_networks(r, CFG_OPT_http_peers, &o->http_peers);
    for (size_t i = 0; code == AN_OK && i < o->senders.n; i++)
        if (!is_sender(o->senders.item[i]))
            return problem_pair(r, CFG_OPT_senders,
                                "listen.senders: expected "
                                "\"APPLICATION|FACILITY\", * for any");
    return code;
}

/* Whoever listens by TLS needs what it takes. */
static enum an_code check_tls(struct reader *r)
{
    const struct cfg_options *o = r->o;
    enum cfg_option_id by = o->mllp_tls ? CFG_OPT_mllp_tls : CFG_OPT_http_tls;

    if (o->tls_client != CFG_TLS_NONE && o->tls_ca_file.n == 0)
        return problem_pair(r, CFG_OPT_tls_client,
                            "listen.tls.client_certificate: "
                            "listen.tls.ca_file has to say who signs them");
    if ((o->mllp_tls || o->http_tls) &&
        (o->tls_certificate_file.n == 0 || o->tls_key_file.n == 0))
        return problem_pair(r, by,
                            "tls: needs listen.tls.certificate_file and "
                            "listen.tls.key_file");
    return AN_OK;
}

/* 0 is for ever. */
static enum an_code check_retention(struct reader *r)
{
    int64_t raw_ms = r->o->store_keep_raw_ms;
    int64_t events_ms = r->o->store_keep_events_ms;

    if (events_ms == 0 || (raw_ms && raw_ms <= events_ms))
        return AN_OK;
    return problem_pair(r, CFG_OPT_store_keep_events_ms,
                        "store.retention.events is less than "
                        "store.retention.raw: the bytes would still say what "
                        "was read in them");
}

/* One number that must not be less than another. */
static enum an_code check_pairs(struct reader *r)
{
    const struct cfg_options *o = r->o;

    if (o->mllp_max_pending_bytes &&
        o->mllp_max_pending_bytes < o->mllp_max_frame_bytes)
        return problem_pair(r, CFG_OPT_mllp_max_pending_bytes,
                            "listen.mllp.max_pending is less than "
                            "listen.mllp.max_frame");
    if (o->outbox_retry_max_ms < o->outbox_retry_first_ms)
        return problem_pair(r, CFG_OPT_outbox_retry_max_ms,
                            "outbox.retry_max is less than "
                            "outbox.retry_first");
    return check_retention(r);
}

static enum an_code check_auth(struct reader *r)
{
    const struct cfg_options *o = r->o;

    if (o->outbox_auth == CFG_AUTH_SMART &&
        (o->outbox_client_id.n == 0 || o->outbox_client_key.n == 0))
        return problem_pair(r, CFG_OPT_outbox_auth,
                            "outbox.auth: smart needs outbox.client_id and "
                            "outbox.client_key");
    return AN_OK;
}

/* What no single value can break. */
static enum an_code check_together(struct reader *r)
{
    const struct cfg_options *o = r->o;
    enum an_code code = AN_OK;

    if (o->environment == CFG_DEMO && o->outbox_url.n &&
        !o->outbox_is_test_target)
        code = problem_pair(r, CFG_OPT_outbox_url,
                            "outbox.url: environment demo writes only to a "
                            "server with outbox.test_target: true");
    if (code == AN_OK && o->environment == CFG_PRODUCTION &&
        o->clock != CFG_CLOCK_SYSTEM)
        code = problem_pair(r, CFG_OPT_clock,
                            "clock: in production the present is the "
                            "machine's: clock: system");
    if (code == AN_OK)
        code = check_auth(r);
    if (code == AN_OK)
        code = check_pairs(r);
    if (code == AN_OK)
        code = check_subscriptions(r);
    if (code == AN_OK)
        code = check_feeds(r);
    if (code == AN_OK)
        code = check_lists(r);
    return code == AN_OK ? check_tls(r) : code;
}

enum an_code cfg_options_read(struct an_arena *arena, struct an_str bytes,
                              const char *file, struct cfg_options *o,
                              struct cfg_problems *problems, struct an_err *err)
{
    struct an_err local;
    struct reader r = {arena, file, o, problems, err ? err : &local};
    struct cfg_yaml yaml;
    struct an_buf b;
    enum an_code code;

    *problems = (struct cfg_problems){.n = 0};
    code = cfg_options_default(arena, o, r.err);
    if (code)
        return code;
    code = cfg_yaml_read(arena, bytes, file, &yaml, r.err);
    if (code && code != AN_NOMEM) {
        struct an_err found = *r.err;

        sentence_start(&r, &b);
        an_buf_put_c(&b, found.what);
        if (problem_add(&r, found.code, found.what, found.where.line,
                        found.where.column, &b))
            return AN_NOMEM;
    }
    if (code)
        return code;
    if (yaml.root)
        code = read_map(&r, AN_STR(""), yaml.root);
    if (code == AN_OK && problems->n == 0)
        code = check_together(&r);
    if (code)
        return code;
    return problems->n ? r.err->code : AN_OK;
}
