/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/abi/calls.h"

#include <string.h>

anamnesis_status abi_fail(struct anamnesis_error *error, anamnesis_status code,
                          const char *text)
{
    const size_t head = offsetof(struct anamnesis_error, text);
    size_t room, n = strlen(text);

    if (error == NULL || error->struct_size < head)
        return code;
    error->code = code;
    room = error->struct_size - head;
    if (room > sizeof(error->text))
        room = sizeof(error->text);
    if (room == 0)
        return code;
    if (n >= room)
        n = room - 1;
    memcpy(error->text, text, n);
    error->text[n] = '\0';
    return code;
}

static anamnesis_status status_of(enum an_code code)
{
    switch (code) {
    case AN_OK: return ANAMNESIS_OK;
    case AN_NOMEM: return ANAMNESIS_E_NOMEM;
    case AN_IO:
    case AN_BUSY: return ANAMNESIS_E_UNAVAILABLE;
    case AN_CONFLICT: return ANAMNESIS_E_CONFLICT;
    case AN_INTERNAL: return ANAMNESIS_E_INTERNAL;
    case AN_SYNTAX:
    case AN_MISSING:
    case AN_TYPE:
    case AN_CODE:
    case AN_LIMIT:
    case AN_NOTFOUND:
    case AN_UNSUPPORTED:
    case AN_CONFIG:
    case AN_INTEGRITY: break;
    }
    return ANAMNESIS_E_CONFIG;
}

anamnesis_status abi_fail_err(struct anamnesis_error *error,
                              const struct an_err *err)
{
    char text[512];

    an_err_print(err, text, sizeof(text));
    return abi_fail(error, status_of(err->code), text);
}

anamnesis_status abi_ok(struct anamnesis_error *error)
{
    return abi_fail(error, ANAMNESIS_OK, "");
}

bool abi_adopt(void *ours, size_t our_size, const void *his, size_t least)
{
    uint32_t size = 0;

    memset(ours, 0, our_size);
    if (his == NULL)
        return false;
    memcpy(&size, his, sizeof(size));
    if (size < least)
        return false;
    memcpy(ours, his, size < our_size ? size : our_size);
    return true;
}
