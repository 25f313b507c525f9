/*
 * Places in a graph, as tests name them, from where the tester stands.
 *
 * NAME is an element or a port that the graph shows. A stand-in for the host is where the
 * outside begins: what is sent to it comes out of it, and what goes into it can be expected.
 * Of any other element it is the other way round. NAME.PORT is a port, input or output.
 */
#ifndef AMTG_TOOLS_TEST_PLACE_H
#define AMTG_TOOLS_TEST_PLACE_H

#include "core/config.h"
#include "core/graph.h"
#include "elements/wire/layer.h"

struct test_place {
    const char *name; /* as written */
    unsigned node;
    int port;    /* -1: any of that side */
    bool output; /* of the element; else an input */
};

/*
 * Find it. sends: a packet that begins with `first` (NULL: anything) is to be sent there, so
 * that a single port must be meant. false: a problem, in diag. What is expected may be at any
 * port of one side.
 */
bool test_place_find(const struct amtg_graph *g, const struct amtg_yaml *y, bool sends,
                     const struct amtg_layer *first, struct amtg_diag *diag,
                     struct test_place *out);
/* The type of what passes there: worked out for the graph, or as the class says. */
const struct amtg_type *test_place_type(const struct amtg_graph *g, const struct test_place *p);

#endif
