/*
 * How a graph is made, shared by the graph_*.c files only. In this order:
 *
 *   graph_load.c    files to scopes: keys, params, elements (graphs as classes unfold)
 *   graph_values.c  what a parameter is set to: `${name}`, --set, the environment, lists
 *   graph_sum.c     values that are sums: `10.1.0.1 + ${index}`
 *   graph_fill.c    the parameters of one element into its state; references
 *   graph_edges.c   chains of names to candidates: which ports could be meant
 *   graph_types.c   candidates to ports, by type; types and addressedness to a fixpoint
 *   graph_check.c   what the finished wiring must keep to
 *   graph_order.c   cycles, and the order of start
 *
 * A problem is said once. What had one is `bad` (cannot be used at all) or
 * `tainted` (its edges are not as the author meant), and later checks leave out
 * what would only follow from that. Everything is in the graph's arena.
 */
#ifndef AMTG_CORE_GRAPH_PRIVATE_H
#define AMTG_CORE_GRAPH_PRIVATE_H

#include "core/arena.h"
#include "core/config.h"
#include "core/graph.h"
#include "core/names.h"

enum {
    GRAPH_MAX_DEPTH = 16,          /* graphs within graphs */
    GRAPH_MAX_NODES = 1 << 18,     /* elements after unfolding */
    GRAPH_MAX_SCOPES = 1 << 14,    /* graphs after unfolding */
    GRAPH_MAX_ROW = 1 << 16,       /* ports that one item of a parameter stands for */
};

struct scope;

/* A value as written, and where: names in it belong to that scope, paths to that folder. */
struct value {
    const struct amtg_yaml *yaml; /* NULL: there is none */
    struct scope *scope;
    const char *folder; /* NULL: the folder in which the program runs */
    struct scope_param *index; /* what `${index}` is here; NULL: not in the entry of a row */
};

/* One scalar of a value after `${}`: shown at `mark`, come from `value.yaml->mark`. */
struct piece {
    struct value value;
    struct amtg_mark mark;
    const char *param; /* the parameter that it came from; NULL: written in place */
};

/* A declared parameter of a graph file, and what it is in this use of the file. */
struct scope_param {
    const char *name, *type, *help;
    struct amtg_mark mark;
    struct amtg_param spec; /* kind, range, names */
    struct value value;
    bool required, bad, used, has_bounds;
};

/* An entry of `elements`. */
struct item {
    const char *name;
    struct amtg_mark mark;
    bool bad;            /* no usable class: say nothing about its edges */
    int node;            /* a class: index into nodes; else -1 */
    struct scope *inner; /* a graph file, of a row the first; else NULL */
    struct item *row;    /* `count: N`: each of them; else NULL */
    unsigned row_count;
};

struct port_at {
    unsigned node, port;
};

/* A port of a graph file that declares it. */
struct export {
    const char *name;
    struct port_at at;
};

/* One use of a graph file: the outermost, or one as an element. */
struct scope {
    struct scope *outer;
    const struct amtg_yaml *tree;
    const char *file, *path, *folder; /* as shown; as resolved; of the file */
    const char *prefix;               /* "" or "outer/" */
    struct scope_param *index;        /* its number in a row, for its entry; NULL: not in one */
    unsigned depth;
    struct scope_param *params;
    unsigned params_count;
    struct amtg_names param_names;
    struct item *items;
    unsigned items_count;
    struct amtg_names item_names;
    struct export *ins, *outs;
    unsigned ins_count, outs_count;
    bool ports_bad; /* `inputs` or `outputs` had a problem */
};

struct wait {
    struct wait *next;
    unsigned edge;
};

/* An element in the making, beside its amtg_graph_node. */
struct draft {
    struct scope *scope;
    const struct amtg_yaml *entry;
    const struct class_info *info;
    bool tainted, referred, reached;
    bool ports_unsure; /* the parameter that names its ports is wrong */
    bool exported_in; /* something outside of the outermost file may feed it */
    bool *in_fed;     /* per input: has an edge, or is declared in `inputs` */
    bool *out_kept;   /* per output: declared in `outputs` of the outermost file */
    /* graph_types.c */
    unsigned unsettled;            /* edges that may lead here and are not settled */
    const struct amtg_type *carry; /* common type of what comes in; NULL: nothing yet */
    bool to;                       /* all that comes in is addressed */
    struct wait *waiting;          /* edges from here, until its type is known */
};

/* One end of an edge, and the ports that it may mean. */
struct end {
    const char *text; /* "b", or "b.in" when this port is named */
    struct amtg_mark mark;
    struct port_at *ports;
    const char **names; /* as they are called here */
    unsigned count;
};

struct draft_edge {
    struct end from, to;
    struct amtg_mark mark;
    struct port_at out, in; /* once settled and not bad */
    bool settled, bad;
    unsigned waits;
};

/* A reference, resolved when all elements are known. */
struct draft_ref {
    unsigned node;
    const struct amtg_param *param;
    struct piece piece;
    const char *subject;
};

struct class_info {
    const struct amtg_class *class;
    const char **param_names;
};

struct graph_file {
    const char *path; /* resolved */
    const char *name; /* as shown */
    const struct amtg_yaml *tree; /* NULL: not usable */
    bool lent;                    /* the tree is somebody else's */
};

/* What outlives loading: `memory` of the graph. */
struct graph_memory {
    struct amtg_arena *arena;
    struct graph_file *files;
    unsigned files_count;
};

struct loader {
    struct graph_memory *memory;
    struct amtg_arena *arena;
    const struct amtg_graph_options *options;
    struct amtg_diag *diag;
    size_t reported_before; /* problems of other graphs */
    struct class_info *classes;
    struct amtg_names class_names;
    struct scope *top;
    unsigned scopes_count;
    unsigned shards;
    struct amtg_mark shards_mark;
    bool too_large; /* the limit was reached and reported */
    struct amtg_graph_node *nodes;
    struct draft *drafts;
    unsigned nodes_count;
    struct draft_edge *edges;
    unsigned edges_count;
    struct draft_ref *refs;
    unsigned refs_count;
};

/* Passed to class->check. */
struct amtg_check {
    struct loader *loader;
    unsigned node;
    unsigned problems;
};

/* l, place, subject or NULL, expected or NULL, nearest or NULL, format ... */
#define graph_problem(l, ...) amtg_diag_add((l)->diag, AMTG_PROBLEM, __VA_ARGS__)

/* Has this graph had a problem? */
bool graph_has_problems(const struct loader *l);
/* The nearest of the names in an index; NULL: none, or there are too many problems to care. */
const char *graph_nearest(const struct loader *l, const char *name, const struct amtg_names *names);
/* Lower- or upper-case letters, digits, `_` and `-`; not empty; not too long. */
bool graph_is_name(const char *text);
const char *graph_folder(struct amtg_arena *arena, const char *path);
/* A path as written in a file of that folder. */
const char *graph_path(struct amtg_arena *arena, const char *folder, const char *path);

/* graph_load.c */
void graph_load_top(struct loader *l, struct graph_file *file);
struct graph_file *graph_file_of(struct loader *l, const char *name);
/* The same, not read: found with its tree, or new without one. */
struct graph_file *graph_file_add(struct loader *l, const char *name);

/* graph_values.c */
void graph_params(struct loader *l, struct scope *s);
/* Values of the outermost graph: settings and the environment over defaults. */
void graph_params_outside(struct loader *l, struct scope *s);
/* Values of a graph used as an element: the keys of its entry. */
void graph_params_inside(struct loader *l, struct scope *s, const struct amtg_yaml *entry,
                         const char *subject);
/* All values must be of their type; required ones must be there. */
void graph_params_check(struct loader *l, struct scope *s, const char *subject,
                        struct amtg_mark place);
/* One scalar after `${}`. false: a problem, reported. A list is left for graph_pieces to splice. */
bool graph_piece(struct loader *l, struct value v, const char *subject, struct piece *out);
/* A scalar or a list to its pieces. false: a problem, reported. */
bool graph_pieces(struct loader *l, struct value v, const char *subject, const char *expected,
                  struct piece **out, unsigned *count);
void graph_piece_problem(struct loader *l, const struct piece *p, const char *subject,
                         const char *expected, const char *nearest, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* A scalar that no file holds; a list of the parts of a text between commas. */
struct amtg_yaml *graph_text(struct loader *l, const char *text, struct amtg_mark mark);
struct amtg_yaml *graph_list(struct loader *l, const char *text, struct amtg_mark mark);

/* graph_sum.c */
bool graph_is_sum(const char *text);
/* NULL: a problem, reported. */
struct amtg_yaml *graph_sum(struct loader *l, struct value v, const char *subject);

/* graph_fill.c */
void graph_fill(struct loader *l, unsigned node);
void graph_refs(struct loader *l);

/* graph_edges.c */
void graph_exports(struct loader *l, struct scope *s);
void graph_edges(struct loader *l, struct scope *s);
/* Its edges are not as the author meant: what follows from that is not worth a message. */
void graph_taint(struct loader *l, const struct item *item);

/* graph_types.c, graph_check.c */
void graph_settle(struct loader *l);
void graph_check(struct loader *l, struct amtg_graph *g);
/* `shards: N` of the outermost file, into the loader. */
void graph_shards(struct loader *l);
const char *graph_port_name(struct loader *l, struct port_at at, bool output);

/* graph_order.c: works on a graph whose nodes, references and edges are there. */
void graph_cycles(struct loader *l, const struct amtg_graph *g);
void graph_order(struct loader *l, struct amtg_graph *g);

#endif
