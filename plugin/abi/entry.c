/* SPDX-License-Identifier: Apache-2.0 */
/* The one symbol from which a host gets all others. */
#include "plugin/abi/calls.h"
#include "plugin/abi/results.h"

#include <string.h>

#include "config.h"

static const struct anamnesis_chart chart = {.struct_size = sizeof(chart),
                                             .ask = abi_chart_ask};

static const void *get_extension(const char *id)
{
    return id && strcmp(id, ANAMNESIS_CHART) == 0 ? &chart : NULL;
}

static const struct anamnesis_plugin plugin = {.struct_size = sizeof(plugin),
                                               .abi_major = ANAMNESIS_ABI_MAJOR,
                                               .abi_minor = ANAMNESIS_ABI_MINOR,
                                               .name = PACKAGE_NAME,
                                               .version = PACKAGE_VERSION,
                                               .create = abi_create,
                                               .process = abi_process,
                                               .result_count = abi_result_count,
                                               .result_at = abi_result_at,
                                               .results_free = abi_results_free,
                                               .reload = abi_reload,
                                               .status = abi_status,
                                               .drain = abi_drain,
                                               .destroy = abi_destroy,
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
