/* A program outside the tree: names the classes, and reads the graph it is given. */
#include <stdio.h>

#include "core/graph.h"
#include "elements/registry.h"

int main(int argc, char **argv)
{
    struct amtg_graph_options options = {.classes = amtg_classes};
    struct amtg_diag *diag = amtg_diag_new();
    struct amtg_graph *graph = argc == 2 ? amtg_graph_load(argv[1], &options, diag) : NULL;

    for (const struct amtg_class *const *class = amtg_classes; *class; class++)
        puts((*class)->name);
    amtg_diag_print(diag, stderr, false);
    bool good = graph != NULL;
    amtg_graph_free(graph);
    amtg_diag_free(diag);
    return good ? 0 : 1;
}
