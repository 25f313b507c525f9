/*
 * The picture of a graph: what is drawn, and where. draw_graph lays it out once;
 * draw_svg, draw_dot, draw_mermaid and drawing_json only write down the result, and
 * so does the page of a running graph.
 *
 * A drawing shows boxes (elements), frames (graphs that are used as elements), edges
 * with the types that they carry, and references. Edges lead from left to right, but
 * for those that close a cycle. A row (`count: N`) is one box, unless it is unfolded.
 *
 * Lengths are in pixels of a drawing at its natural size; the origin is the upper left
 * corner. The same graph always gives the same drawing. A drawing owns all that it
 * holds, but lends names from the graph, which must outlive it.
 */
#ifndef AMTG_TOOLS_DRAW_H
#define AMTG_TOOLS_DRAW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/arena.h"
#include "core/graph.h"

/* More boxes than this are not drawn: nobody could read them. */
enum { DRAW_MOST_BOXES = 4000 };
enum { DRAW_NONE = -1 };
/* A row is drawn as a pile, which reaches beyond its box by so much, to the right and above. */
enum { DRAW_ROW_EDGE = 6 };

/* What else stands on an edge, such as its rate; and how wide it is (0: as usual, 1). */
struct draw_note {
    const char *text; /* NULL: nothing */
    double width;
};

struct draw_options {
    bool unfold;                   /* each graph of a row for itself */
    const struct draw_note *notes; /* one for each edge of the graph; NULL: none */
};

struct draw_point {
    int x, y;
};

struct draw_rect {
    int x, y, w, h;
};

enum draw_side { DRAW_LEFT, DRAW_RIGHT };

enum draw_port_kind {
    DRAW_IN,    /* an input */
    DRAW_OUT,   /* an output */
    DRAW_ASKS,  /* a parameter that refers to another element */
    DRAW_ASKED, /* where such references end; has no name */
};

struct draw_port {
    enum draw_port_kind kind;
    enum draw_side side;
    const char *name;
    const char *type; /* NULL: nothing passes there, or it is a reference */
    bool used;        /* an edge or a reference is drawn there */
    int y;            /* of its line */
    unsigned index;   /* in the class, as in struct amtg_graph_node; of a folded box: its own */
};

struct draw_box {
    const char *name;  /* "tunnel/udp"; of a folded row, "homes" */
    const char *title; /* the last part of it */
    const char *class; /* of a folded row, the graph's file */
    unsigned node;     /* in the graph; of a folded row, its first */
    unsigned count;    /* of a folded row, how many graphs; else 0 */
    struct amtg_mark mark;
    int frame; /* index, or DRAW_NONE */
    struct draw_port *ports;
    unsigned ports_count;
    struct draw_rect at;
};

/* A graph that is used as an element: a frame around what is in it. */
struct draw_frame {
    const char *name, *title;
    const char *file; /* that it was read from, without its folder */
    int frame;        /* around this one, or DRAW_NONE; of a smaller index */
    struct draw_rect at;
};

enum draw_line {
    DRAW_PACKETS, /* an edge that packets take */
    DRAW_RECORDS, /* an edge of records: messages that never appear on a wire */
    DRAW_REFERENCE,
};

/* A port that the drawn graph itself declares; the line from it or to it. */
struct draw_gate {
    const char *name;
    bool input;
    unsigned box, port;
    enum draw_line line;
    const char *label; /* the type; NULL: none */
    struct draw_rect at, label_at;
    struct draw_point *points; /* from left to right */
    unsigned points_count;
};

struct draw_edge {
    enum draw_line line;
    unsigned edge;  /* in the graph, the first if several are drawn as one; not of references */
    unsigned count; /* how many */
    unsigned from, out, to, in;   /* boxes, and ports of theirs */
    const struct amtg_type *type; /* NULL: a reference, or nothing passes */
    bool addressed;
    bool back; /* closes a cycle: leads around to the left */
    double width;
    const char *label; /* the type and what the notes say; NULL: none */
    struct draw_rect label_at;
    struct draw_point *points; /* horizontal and vertical pieces in turn */
    unsigned points_count;
};

struct drawing {
    const struct amtg_graph *graph;
    struct amtg_arena *arena;
    int w, h;
    struct draw_box *boxes;
    unsigned boxes_count;
    struct draw_frame *frames;
    unsigned frames_count;
    struct draw_gate *gates;
    unsigned gates_count;
    struct draw_edge *edges; /* references too */
    unsigned edges_count;
    struct draw_point *joins; /* where lines to one port meet */
    unsigned joins_count;
    int *node_box;  /* for each node of the graph: its box */
    int *edge_edge; /* for each edge of the graph: the one that stands for it; DRAW_NONE: inside a
                       box */
};

/* NULL: there are more than DRAW_MOST_BOXES boxes. options: NULL for the defaults. */
struct drawing *draw_graph(const struct amtg_graph *g, const struct draw_options *options);
void drawing_free(struct drawing *d); /* NULL is fine */

void draw_svg(const struct drawing *d, FILE *out);
void draw_dot(const struct drawing *d, FILE *out);
void draw_mermaid(const struct drawing *d, FILE *out);
/* As docs/drawings.md describes it. The caller's reference; NULL: no memory. */
json_t *drawing_json(const struct drawing *d);
/* The same for a graph as it is drawn by default; NULL also when it is too large. */
json_t *draw_json(const struct amtg_graph *g);

#endif
