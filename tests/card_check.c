/* SPDX-License-Identifier: Apache-2.0 */
/* card_check FILE...: answers to CDS Hooks calls, held against
 * tests/card_rules.h.  Exit status 1, and a line for each that breaks one. */
#include "tests/card_rules.h"

#include <stdio.h>

enum { BYTES = 4 << 20 };

static const char *check(const char *path)
{
    static char bytes[BYTES];
    const struct an_json *root;
    const char *broken = "it is no JSON";
    struct an_arena arena;
    FILE *f = fopen(path, "re");
    size_t n;

    if (f == NULL)
        return "it cannot be read";
    n = fread(bytes, 1, sizeof(bytes), f);
    (void)fclose(f);
    an_arena_init(&arena, (size_t)BYTES * 16);
    if (an_json_read(&arena, &(struct an_json_limits){0},
                     (struct an_str){bytes, n}, &root, NULL) == AN_OK)
        broken = card_rule_broken(root);
    an_arena_free(&arena);
    return broken;
}

int main(int argc, char **argv)
{
    int bad = argc < 2;

    for (int i = 1; i < argc; i++) {
        const char *broken = check(argv[i]);

        if (broken)
            (void)printf("%s: %s\n", argv[i], broken);
        bad |= broken != NULL;
    }
    return bad;
}
