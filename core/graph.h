/*
 * A graph: nodes (elements to be) and edges between their ports, read from a
 * file, with parameters filled in, references resolved, types worked out and
 * everything checked. A graph runs nothing and touches no host; runtime.h makes
 * elements of it. Graphs used as elements are unfolded here: their nodes appear
 * as "outer/inner".
 *
 * The graph owns all memory that parameters point to; it must outlive every
 * runtime made of it.
 */
#ifndef AMTG_CORE_GRAPH_H
#define AMTG_CORE_GRAPH_H

#include "core/diag.h"
#include "core/element.h"

/* One `--set name=value`. */
struct amtg_setting {
    const char *name;
    const char *value;
};

enum { AMTG_SHARDS_MOST = 64 };

struct amtg_graph_options {
    const struct amtg_class *const *classes; /* NULL-terminated registry */
    const struct amtg_setting *settings;
    size_t settings_count;
    bool ports_may_be_open; /* the test rig: unconnected and unreachable are no problems */
};

struct amtg_graph_port {
    const char *name;
    const struct amtg_port *port;   /* in the class */
    const struct amtg_type *type;   /* worked out; NULL: nothing comes here */
    bool to;                        /* worked out: addressed */
    int edge;                       /* outputs: index of its edge, or -1 */
};

struct amtg_graph_ref {
    size_t offset;   /* of the struct amtg_element * in the state */
    unsigned target; /* index of the node */
};

struct amtg_graph_node {
    const char *name;
    const struct amtg_class *class;
    struct amtg_mark mark; /* its key in `elements` */
    void *state;           /* template: parameters filled in, the rest zero */
    struct amtg_graph_port *ins, *outs;
    unsigned ins_count, outs_count;
    struct amtg_graph_ref *refs;
    unsigned refs_count;
};

struct amtg_graph_edge {
    unsigned from, out; /* node, output */
    unsigned to, in;    /* node, input */
    const struct amtg_type *type;
    struct amtg_mark mark;
};

struct amtg_graph_param {
    const char *name, *type, *value, *help;
};

/* A port that the graph shows where it is used as an element: an entry of `inputs` or `outputs`. */
struct amtg_graph_export {
    const char *name;
    unsigned node, port;
};

struct amtg_graph {
    const char *file, *name, *summary;
    struct amtg_graph_node *nodes;
    unsigned nodes_count;
    struct amtg_graph_edge *edges;
    unsigned edges_count;
    struct amtg_graph_param *params;
    unsigned params_count;
    unsigned shards; /* copies that run, each on a thread of its own (core/shards.h); at least 1 */
    struct amtg_graph_export *inputs, *outputs;
    unsigned inputs_count, outputs_count;
    unsigned *order; /* node indices, sinks first: the order of start; stop is the reverse */
    void *memory;    /* graph.c's own: everything above */
};

/* NULL when there were problems (all of them are in diag). Warnings alone give a graph. */
struct amtg_graph *amtg_graph_load(const char *path, const struct amtg_graph_options *options,
                                   struct amtg_diag *diag);
struct amtg_yaml; /* config.h */
/* The same from a file that was read already: the tree is the caller's and must outlive the graph. */
struct amtg_graph *amtg_graph_of(const char *path, const struct amtg_yaml *tree,
                                 const struct amtg_graph_options *options, struct amtg_diag *diag);
/* The same from text; `name` is what messages call it, and relative paths start from its folder. */
struct amtg_graph *amtg_graph_parse(const char *name, const char *octets, size_t len,
                                    const struct amtg_graph_options *options,
                                    struct amtg_diag *diag);
void amtg_graph_free(struct amtg_graph *g);

#endif
