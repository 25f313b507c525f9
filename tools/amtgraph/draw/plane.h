/*
 * How a drawing is laid out, shared by its files only. A plane is
 * the inside of one frame, or of the whole drawing. In it stand items in layers, from left
 * to right; frames within are laid out first and are items like boxes. The method is that
 * of Sugiyama, Tagawa and Toda (1981), with lines of horizontal and vertical pieces:
 *
 *   plane.c     items, their pins (where lines end) and wires (lines, from pin to pin)
 *   layers.c    which edges close cycles; each item's layer
 *   lanes.c     wires to links: one through each gap that they pass, joined by lanes,
 *               which are items of no size in the layers between
 *   order.c     the order in each layer: few crossings
 *   place.c     the height of each item, near to what it is linked to
 *   straight.c  lines made straight
 *   route.c     the track of each link in its gap; layers get their x
 *   layout.c    all of it for each plane, and the planes put together
 *
 *   gap 0 | layer 0 | gap 1 | layer 1 | gap 2 ...      lines turn in gaps only
 *
 * A gap begins with room for the labels of what leaves to the right. So labels can meet
 * no other line: what crosses a gap up and down does it on tracks, behind the labels.
 *
 * Everything is bounded by the number of boxes and edges, and nothing depends on chance.
 */
#ifndef AMTG_TOOLS_DRAW_PLANE_H
#define AMTG_TOOLS_DRAW_PLANE_H

#include "tools/amtgraph/draw/draw.h"

/* Measures of a drawing, in pixels. */
enum {
    DRAW_MARGIN = 16,     /* around all */
    DRAW_HEAD = 36,       /* of a box: its name and class */
    DRAW_ROW = 16,        /* of a box: a line of ports */
    DRAW_FOOT = 5,        /* of a box: below the ports */
    DRAW_SIDE = 9,        /* of a box: left and right of texts */
    DRAW_FRAME_HEAD = 26, /* of a frame: its name */
    DRAW_FRAME_FOOT = 14,
    DRAW_BETWEEN = 22, /* boxes of a layer */
    DRAW_LANE = 15,    /* from a line to a box, and at least the height of a label */
    DRAW_LANES = 10,   /* from line to line */
    DRAW_NUDGE = 5,    /* what parts two lines that would lie on each other */
    DRAW_TRACK = 9,    /* the same, for lines up and down */
    DRAW_ARROW = 16,   /* the last piece of a line */
    DRAW_STUB = 7,     /* the first piece, when there is no label */
};

enum item_kind { ITEM_BOX, ITEM_FRAME, ITEM_GATE_IN, ITEM_GATE_OUT, ITEM_LANE };

/* Where lines end at an item. Those of lanes are at its middle, on both sides. */
struct pin {
    enum draw_side side;
    int dy;          /* from the top of the item */
    int rank;        /* among those of its side */
    int reach;       /* how far the label of its line goes; 0: none */
    bool fixed;      /* its rank stays */
    int port;        /* of the box, or DRAW_NONE */
    double key;      /* order.c: where its lines lead */
    unsigned *lanes; /* by layer: the item, plus 1, that leads to this pin; NULL: none yet */
};

struct item {
    enum item_kind kind;
    unsigned of; /* box, frame, or gate */
    int w, h, x, y;
    int layer, pos;
    struct pin *pins;
    unsigned pins_count;
    unsigned side_pins[2];
    int onward;      /* lanes: the link that goes on from here */
    unsigned *links; /* all that end here */
    unsigned links_count;
    /* scratch of the passes */
    double key;
    int wish, weight;
    int order;
};

/* One end of a link. Which boundary of the gap it is on follows from the item's layer. */
struct end {
    unsigned item;
    unsigned pin;
};

/* A line through one gap. */
struct link {
    unsigned gap;
    struct end from, to;
    int weight;
    int net; /* route.c */
};

struct wire {
    unsigned edge; /* of the drawing */
    int gate;      /* instead, if not DRAW_NONE */
    bool reference;
    bool back; /* layers.c: it is known to close a cycle */
    struct end from, to;
    unsigned *links;
    unsigned links_count;
    struct draw_point *points;
    unsigned points_count;
};

/* Lines through one gap that end at the same pin share one track up and down. */
struct net {
    unsigned gap;
    struct end to;
    int *left, *right; /* heights at which it meets the boundaries of the gap */
    unsigned left_count, right_count;
    int low, high, x, track;
    unsigned order;
};

struct plane {
    struct drawing *d;
    int frame; /* DRAW_NONE: the outermost */
    struct item *items;
    unsigned items_count;
    struct wire *wires;
    unsigned wires_count;
    struct link *links;
    unsigned links_count;
    unsigned layers_count;
    unsigned **layers; /* items in order */
    unsigned *layer_sizes;
    struct net *nets;
    unsigned nets_count;
    struct draw_point *joins;
    unsigned joins_count;
    int w, h;
    int x, y; /* of its origin in the drawing, once put together */
    bool gates_in, gates_out;
};

static inline void *plane_get(struct plane *p, size_t octets)
{
    return amtg_arena_get(p->d->arena, octets);
}

static inline struct pin *end_pin(const struct plane *p, struct end e)
{
    return &p->items[e.item].pins[e.pin];
}

/* Height of an end, once its item has one. */
static inline int end_y(const struct plane *p, struct end e)
{
    return p->items[e.item].y + end_pin(p, e)->dy;
}

/* The boundary of its gap that an end of a link is on: what is left of a gap leaves to the right.
 */
static inline enum draw_side end_boundary(const struct plane *p, const struct link *l, struct end e)
{
    return p->items[e.item].layer < (int)l->gap ? DRAW_LEFT : DRAW_RIGHT;
}

static inline bool same_end(struct end a, struct end b)
{
    return a.item == b.item && a.pin == b.pin;
}

/* Widths of texts: characters of a monospaced fount. */
int draw_text_width(const char *text, int size);

/* planes: those of the frames, by index, which are done. */
void plane_items(struct plane *p, const struct plane *planes);
/* Where the pins of a box are: from their ranks. */
void plane_pins(struct plane *p, struct item *item);
unsigned plane_lane(struct plane *p, int layer);
void plane_layers(struct plane *p);
void plane_lanes(struct plane *p);
void plane_order(struct plane *p);
/* The least distance between two items of a layer that are neighbours. */
int plane_distance(const struct item *above, const struct item *below);
void plane_place(struct plane *p);
void plane_straighten(struct plane *p);
/* Would a line lie on another? An item to be nudged so that it does not; DRAW_NONE: no. */
int plane_covered(struct plane *p);
/* Move an item down a little, with what is in its way. */
void plane_nudge(struct plane *p, unsigned item);
/* Heights from the border of the plane on, and its own. */
void plane_crop(struct plane *p);
void plane_route(struct plane *p);

#endif
