/* What a graph with one element is refused for. */
#ifndef AMTG_TESTS_REFUSED_H
#define AMTG_TESTS_REFUSED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/graph.h"
#include "elements/registry.h"
#include "tests/support/suite.h"

/* Fails the test unless `it: {class: ...}` is refused, and `problem` is in the words. */
static inline void expect_refused(const char *element, const char *problem)
{
    char text[1024], *said;
    size_t size;
    FILE *out = open_memstream(&said, &size);
    struct amtg_diag *diag = amtg_diag_new();
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    int len = snprintf(text, sizeof text, "amtgraph: 1\nname: x\nelements:\n  %s\n", element);
    struct amtg_graph *graph = amtg_graph_parse("x", text, (size_t)len, &options, diag);

    ck_assert_msg(!graph, "%s", element);
    amtg_diag_print(diag, out, false);
    fclose(out);
    ck_assert_msg(strstr(said, problem) != NULL, "%s\n%s", element, said);
    free(said);
    amtg_diag_free(diag);
}

#endif
