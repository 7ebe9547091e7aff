/* SPDX-License-Identifier: Apache-2.0 */
#include "trainer/package/said.h"

#include "config/nearest.h"
#include "config/yaml.h"

const char *const tr_card_key_name[TR_N_CARD_KEYS] = {
#define X(name, help) #name,
    TR_CARD_KEYS(X)
#undef X
};

const char *const tr_card_key_help[TR_N_CARD_KEYS] = {
#define X(name, help) help,
    TR_CARD_KEYS(X)
#undef X
};

/* Literals, so that an error outlives whatever was read; the last is of a key
 * that is like none. */
static const char *const unknown[TR_N_CARD_KEYS + 1] = {
#define X(name, help) "unknown key; did you mean \"" #name "\"?",
    TR_CARD_KEYS(X)
#undef X
        "unknown key"};

static size_t key_of(struct an_str key)
{
    size_t i = 0;

    while (i < TR_N_CARD_KEYS && !an_str_eq(key, an_str_c(tr_card_key_name[i])))
        i++;
    return i;
}

enum an_code tr_card_said_read(struct an_arena *arena, struct an_str bytes,
                               const char *file, struct tr_card_said *said,
                               struct an_err *err)
{
    struct cfg_yaml yaml;
    enum an_code code = cfg_yaml_read(arena, bytes, file, &yaml, err);

    *said = (struct tr_card_said){.text = {{NULL, 0}}};
    if (code != AN_OK || yaml.root == NULL)
        return code;
    if (yaml.root->kind != CFG_MAP)
        return cfg_node_fail(&yaml, yaml.root, AN_TYPE,
                             "expected keys and texts", err);
    for (const struct cfg_node *n = yaml.root->first; n; n = n->next) {
        const size_t key = key_of(n->key);

        if (key == TR_N_CARD_KEYS)
            return an_fail_line(
                err, AN_CODE,
                unknown[cfg_nearest(n->key, tr_card_key_name, TR_N_CARD_KEYS)],
                file, n->key_line, n->key_column);
        if (n->kind != CFG_SCALAR)
            return cfg_node_fail(&yaml, n, AN_TYPE, "expected a text", err);
        if (!cfg_node_is_null(n))
            said->text[key] = an_str_trim(n->text);
    }
    return AN_OK;
}
