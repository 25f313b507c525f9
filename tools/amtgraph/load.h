/* Reading graph files for a subcommand: its --set options over what the file says. */
#ifndef AMTG_TOOLS_LOAD_H
#define AMTG_TOOLS_LOAD_H

#include "core/graph.h"
#include "tools/amtgraph/command.h"

/* For COMMAND_OPTIONS of commands that load graphs. */
#define OPTION_SET {"set", "NAME=VALUE", "set a parameter of the graph; lists with commas"}

/* The --set options of a command line, as graphs take them. */
struct load_settings {
    struct amtg_setting *all;
    size_t count;
};

/* false: one is no NAME=VALUE, which was said; there is nothing to free then. */
bool load_settings_read(const struct command_line *line, struct load_settings *out);
void load_settings_free(struct load_settings *s);

/*
 * Load a graph; problems and warnings go to diag. NULL: it is wrong (EXIT_GRAPH),
 * or the command line is (EXIT_USAGE, said already); *code tells which.
 */
struct amtg_graph *load_graph(const struct command_line *line, const char *path,
                              struct amtg_diag *diag, int *code);
/* The same, with what there is to say printed on standard error. */
struct amtg_graph *load_graph_or_say(const struct command_line *line, const char *path, int *code);

#endif
