/* amtgraph man PAGE: the source of a manual page. */
#include <string.h>

#include "tools/amtgraph/command.h"
#include "tools/amtgraph/man/man.h"

static const struct {
    const char *name;
    void (*write)(FILE *out);
} pages[] = {
    {"amtgraph.1", man_amtgraph},
    {"amtgraph-graph.5", man_amtgraph_graph},
    {"amtgraph-elements.7", man_amtgraph_elements},
};

static int run(const struct command_line *line)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (strcmp(line->operands[0], pages[i].name) == 0) {
            pages[i].write(stdout);
            return EXIT_DONE;
        }
    return usage_error(line->command, "there is no page \"%s\": %s", line->operands[0],
                       line->command->operands);
}

const struct command command_man = {
    .name = "man",
    .summary = "print the source of a manual page, for scdoc",
    .operands = "amtgraph.1|amtgraph-graph.5|amtgraph-elements.7",
    .details = "Installed with amtgraph, and read by `man amtgraph`, where scdoc was there when it was\n"
               "built. Without that:\n"
               "\n"
               "amtgraph man amtgraph.1 | scdoc | man -l -",
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
