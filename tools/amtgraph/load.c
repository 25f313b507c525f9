#include "tools/amtgraph/load.h"

#include <stdlib.h>
#include <string.h>

#include "elements/registry.h"

bool load_settings_read(const struct command_line *line, struct load_settings *out)
{
    *out = (struct load_settings){.all = calloc((size_t)line->given_count + 1, sizeof *out->all)};
    for (int i = 0; out->all && i < line->given_count; i++) {
        if (strcmp(line->given[i].name, "set") != 0)
            continue;
        const char *value = line->given[i].value, *equals = strchr(value, '=');
        if (!equals || equals == value) {
            usage_error(line->command, "--set %s: expected NAME=VALUE", value);
            load_settings_free(out);
            return false;
        }
        out->all[out->count].name = strndup(value, (size_t)(equals - value));
        out->all[out->count++].value = equals + 1;
    }
    return out->all != NULL;
}

void load_settings_free(struct load_settings *s)
{
    for (size_t i = 0; i < s->count; i++)
        free((char *)s->all[i].name);
    free(s->all);
}

struct amtg_graph *load_graph(const struct command_line *line, const char *path,
                              struct amtg_diag *diag, int *code)
{
    struct load_settings settings;

    if (!load_settings_read(line, &settings)) {
        *code = EXIT_USAGE;
        return NULL;
    }
    struct amtg_graph_options options = {
        .classes = amtg_classes, .settings = settings.all, .settings_count = settings.count};
    struct amtg_graph *graph = amtg_graph_load(path, &options, diag);
    *code = graph ? EXIT_DONE : EXIT_GRAPH;
    load_settings_free(&settings);
    return graph;
}

struct amtg_graph *load_graph_or_say(const struct command_line *line, const char *path, int *code)
{
    struct amtg_diag *diag = amtg_diag_new();
    struct amtg_graph *graph = load_graph(line, path, diag, code);

    amtg_diag_print(diag, stderr, color_wanted(stderr));
    amtg_diag_free(diag);
    return graph;
}
