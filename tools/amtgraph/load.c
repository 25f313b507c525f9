#include "tools/amtgraph/load.h"

#include <stdlib.h>
#include <string.h>

#include "elements/registry.h"

/* The --set options; *count of them; NULL: one is no NAME=VALUE, which is said. */
static struct amtg_setting *settings_of(const struct command_line *line, size_t *count)
{
    struct amtg_setting *settings = calloc((size_t)line->given_count + 1, sizeof *settings);

    *count = 0;
    for (int i = 0; settings && i < line->given_count; i++) {
        if (strcmp(line->given[i].name, "set") != 0)
            continue;
        const char *value = line->given[i].value, *equals = strchr(value, '=');
        if (!equals || equals == value) {
            usage_error(line->command, "--set %s: expected NAME=VALUE", value);
            free(settings);
            return NULL;
        }
        settings[*count].name = strndup(value, (size_t)(equals - value));
        settings[(*count)++].value = equals + 1;
    }
    return settings;
}

struct amtg_graph *load_graph(const struct command_line *line, const char *path,
                              struct amtg_diag *diag, int *code)
{
    size_t count;
    struct amtg_setting *settings = settings_of(line, &count);

    if (!settings) {
        *code = EXIT_USAGE;
        return NULL;
    }
    struct amtg_graph_options options = {
        .classes = amtg_classes, .settings = settings, .settings_count = count};
    struct amtg_graph *graph = amtg_graph_load(path, &options, diag);
    *code = graph ? EXIT_DONE : EXIT_GRAPH;
    for (size_t i = 0; i < count; i++)
        free((char *)settings[i].name);
    free(settings);
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
