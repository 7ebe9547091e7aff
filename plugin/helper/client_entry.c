/* SPDX-License-Identifier: Apache-2.0 */
/* The table of libanamnesis-helper.so, and the one symbol before it. */
#include "plugin/abi/calls.h"
#include "plugin/abi/results.h"
#include "plugin/helper/client_int.h"

#include <string.h>

#include "config.h"

static const struct anamnesis_chart chart = {.struct_size = sizeof(chart),
                                             .ask = client_chart_ask};

static const void *get_extension(const char *id)
{
    return id && strcmp(id, ANAMNESIS_CHART) == 0 ? &chart : NULL;
}

static const struct anamnesis_plugin plugin = {.struct_size = sizeof(plugin),
                                               .abi_major = ANAMNESIS_ABI_MAJOR,
                                               .abi_minor = ANAMNESIS_ABI_MINOR,
                                               .name = PACKAGE_NAME "-helper",
                                               .version = PACKAGE_VERSION,
                                               .create = client_create,
                                               .process = client_process,
                                               .result_count = abi_result_count,
                                               .result_at = abi_result_at,
                                               .results_free = abi_results_free,
                                               .reload = client_reload,
                                               .status = client_status,
                                               .drain = client_drain,
                                               .destroy = client_destroy,
                                               .get_extension = get_extension};

const anamnesis_plugin *anamnesis_plugin_entry(uint32_t host_abi_major,
                                               anamnesis_error *error)
{
    if (host_abi_major != ANAMNESIS_ABI_MAJOR) {
        (void)abi_fail(error, ANAMNESIS_E_VERSION,
                       "the host was made for another version of the ABI");
        return NULL;
    }
    (void)abi_ok(error);
    return &plugin;
}
