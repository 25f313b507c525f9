#include "tools/amtgraph/draw/plane.h"

#include <stdlib.h>
#include <string.h>

/* What a plane is made of, by what the drawing calls it. */
struct index {
    int *box, *frame;    /* items */
    unsigned **box_pins; /* of the ports of a box */
};

int draw_text_width(const char *text, int size)
{
    int width = 0;

    for (; *text; text++)
        if (((unsigned char)*text & 0xC0) != 0x80) /* not within a character of UTF-8 */
            width++;
    return (width * size * 602 + 999) / 1000;
}

static struct item *item_add(struct plane *p, enum item_kind kind, unsigned of)
{
    p->items = amtg_arena_grow(p->d->arena, p->items, p->items_count, sizeof *p->items);
    struct item *item = &p->items[p->items_count++];
    *item = (struct item){.kind = kind, .of = of, .layer = -1, .onward = DRAW_NONE};
    return item;
}

static unsigned pin_add(struct plane *p, struct item *item, enum draw_side side, int dy, int port)
{
    item->pins = amtg_arena_grow(p->d->arena, item->pins, item->pins_count, sizeof *item->pins);
    item->pins[item->pins_count] = (struct pin){.side = side,
                                                .dy = dy,
                                                .port = port,
                                                .fixed = port == DRAW_NONE,
                                                .rank = (int)item->side_pins[side]++};
    return item->pins_count++;
}

unsigned plane_lane(struct plane *p, int layer)
{
    struct item *item = item_add(p, ITEM_LANE, 0);

    item->layer = layer;
    pin_add(p, item, DRAW_LEFT, 0, DRAW_NONE);
    return p->items_count - 1;
}

/* Is what stands in the frame `inner` within `outer`, at any depth? */
static bool within(const struct drawing *d, int inner, int outer)
{
    while (inner != outer && inner != DRAW_NONE)
        inner = d->frames[inner].frame;
    return inner == outer;
}

/* The child of the plane's frame that a box is within. It is within the plane. */
static int child_of(const struct plane *p, int frame)
{
    while (p->d->frames[frame].frame != p->frame)
        frame = p->d->frames[frame].frame;
    return frame;
}

static void boxes(struct plane *p, struct index *index)
{
    struct drawing *d = p->d;

    for (unsigned i = 0; i < d->boxes_count; i++) {
        struct draw_box *b = &d->boxes[i];
        if (b->frame != p->frame)
            continue;
        struct item *item = item_add(p, ITEM_BOX, i);
        index->box[i] = (int)p->items_count - 1;
        index->box_pins[i] = plane_get(p, (b->ports_count + 1) * sizeof(unsigned));
        for (int used = 1; used >= 0; used--)
            for (unsigned k = 0; k < b->ports_count; k++)
                if (b->ports[k].used == (used == 1)) {
                    unsigned pin = pin_add(p, item, b->ports[k].side, 0, (int)k);
                    index->box_pins[i][k] = pin;
                    item->pins[pin].fixed = !used;
                }
    }
}

static void frames(struct plane *p, struct index *index, const struct plane *planes)
{
    for (unsigned i = 0; i < p->d->frames_count; i++) {
        if (p->d->frames[i].frame != p->frame)
            continue;
        struct item *item = item_add(p, ITEM_FRAME, i);
        item->w = planes[i].w;
        item->h = planes[i].h;
        index->frame[i] = (int)p->items_count - 1;
    }
}

/* Where a wire of this plane ends, for an edge that ends at a port of a box. */
static struct end end_of(struct plane *p, const struct index *index, const struct plane *planes,
                         unsigned edge, unsigned box, unsigned port, bool to)
{
    struct drawing *d = p->d;
    int frame = d->boxes[box].frame;

    if (frame == p->frame)
        return (struct end){(unsigned)index->box[box], index->box_pins[box][port]};
    if (within(d, frame, p->frame)) { /* at the border of a frame within, where its wire ends */
        int child = child_of(p, frame);
        struct item *item = &p->items[index->frame[child]];
        const struct plane *inner = &planes[child];
        for (unsigned i = 0; i < inner->wires_count; i++) {
            struct wire *w = &inner->wires[i];
            if (w->gate != DRAW_NONE || w->edge != edge)
                continue;
            int dy = end_y(inner, to ? w->from : w->to);
            for (unsigned k = 0; k < item->pins_count; k++)
                if (item->pins[k].side == (to ? DRAW_LEFT : DRAW_RIGHT) && item->pins[k].dy == dy)
                    return (struct end){(unsigned)index->frame[child], k};
            return (struct end){(unsigned)index->frame[child],
                                pin_add(p, item, to ? DRAW_LEFT : DRAW_RIGHT, dy, DRAW_NONE)};
        }
    }
    abort(); /* who calls has looked */
}

/* A gate on the border of this frame; one for all edges to the same port from outside. */
static struct end gate_of(struct plane *p, unsigned edge, bool to, int gate)
{
    enum item_kind kind = to ? ITEM_GATE_OUT : ITEM_GATE_IN;
    const struct draw_edge *edges = p->d->edges;

    for (unsigned i = 0; i < p->items_count && gate == DRAW_NONE && !to; i++)
        if (p->items[i].kind == kind && edges[p->items[i].of].to == edges[edge].to &&
            edges[p->items[i].of].in == edges[edge].in)
            return (struct end){i, 0};
    struct item *item = item_add(p, kind, gate == DRAW_NONE ? edge : (unsigned)gate);
    if (gate != DRAW_NONE) {
        item->w = draw_text_width(p->d->gates[gate].name, 11) + 2 * DRAW_SIDE;
        item->h = 20;
    }
    pin_add(p, item, to ? DRAW_LEFT : DRAW_RIGHT, item->h / 2, DRAW_NONE);
    *(to ? &p->gates_out : &p->gates_in) = true;
    return (struct end){p->items_count - 1, 0};
}

static void wire_add(struct plane *p, struct wire w)
{
    p->wires = amtg_arena_grow(p->d->arena, p->wires, p->wires_count, sizeof *p->wires);
    p->wires[p->wires_count++] = w;
}

static void wires(struct plane *p, const struct index *index, const struct plane *planes)
{
    struct drawing *d = p->d;

    for (unsigned i = 0; i < d->edges_count; i++) {
        const struct draw_edge *e = &d->edges[i];
        int from = d->boxes[e->from].frame, to = d->boxes[e->to].frame;
        bool from_in = within(d, from, p->frame), to_in = within(d, to, p->frame);
        if (!from_in && !to_in)
            continue;
        if (from_in && to_in && from != p->frame && to != p->frame &&
            child_of(p, from) == child_of(p, to))
            continue;
        struct wire w = {.edge = i, .gate = DRAW_NONE, .reference = e->line == DRAW_REFERENCE};
        w.from = from_in ? end_of(p, index, planes, i, e->from, e->out, false)
                         : gate_of(p, i, false, DRAW_NONE);
        w.to = to_in ? end_of(p, index, planes, i, e->to, e->in, true)
                     : gate_of(p, i, true, DRAW_NONE);
        wire_add(p, w);
    }
}

/* The head of a frame, for what is a port of a graph within: what is behind it is not shown. */
static struct end frame_head(struct plane *p, unsigned frame, bool input)
{
    struct item *item = &p->items[frame];
    enum draw_side side = input ? DRAW_LEFT : DRAW_RIGHT;

    for (unsigned i = 0; i < item->pins_count; i++)
        if (item->pins[i].side == side && item->pins[i].dy == DRAW_FRAME_HEAD / 2)
            return (struct end){frame, i};
    return (struct end){frame, pin_add(p, item, side, DRAW_FRAME_HEAD / 2, DRAW_NONE)};
}

/* Ports that the outermost graph declares: their gates are drawn, with names. */
static void declared(struct plane *p, const struct index *index, struct plane *planes)
{
    struct drawing *d = p->d;

    for (unsigned i = 0; p->frame == DRAW_NONE && i < d->gates_count; i++) {
        const struct draw_gate *g = &d->gates[i];
        int frame = d->boxes[g->box].frame;
        struct wire w = {.gate = (int)i};
        struct end box = frame == DRAW_NONE
                             ? end_of(p, index, planes, 0, g->box, g->port, g->input)
                             : frame_head(p, (unsigned)index->frame[child_of(p, frame)], g->input);
        struct end gate = gate_of(p, 0, !g->input, (int)i);
        w.from = g->input ? gate : box;
        w.to = g->input ? box : gate;
        wire_add(p, w);
    }
}

/* How far the label of an edge reaches from the port that it leaves. */
static void reaches(struct plane *p)
{
    for (unsigned i = 0; i < p->wires_count; i++) {
        struct wire *w = &p->wires[i];
        struct pin *pin = end_pin(p, w->from);
        const struct item *item = &p->items[w->from.item];
        const char *label =
            w->gate == DRAW_NONE ? p->d->edges[w->edge].label : p->d->gates[w->gate].label;
        if (label && (w->gate != DRAW_NONE || pin->port != DRAW_NONE))
            pin->reach = draw_text_width(label, 10) + 10;
        if (pin->reach && item->kind == ITEM_BOX && p->d->boxes[item->of].count)
            pin->reach += DRAW_ROW_EDGE;
    }
}

void plane_items(struct plane *p, const struct plane *planes)
{
    struct drawing *d = p->d;
    struct index index = {
        .box = plane_get(p, (d->boxes_count + 1) * sizeof(int)),
        .frame = plane_get(p, (d->frames_count + 1) * sizeof(int)),
        .box_pins = plane_get(p, (d->boxes_count + 1) * sizeof(unsigned *)),
    };

    boxes(p, &index);
    frames(p, &index, planes);
    wires(p, &index, planes);
    declared(p, &index, (struct plane *)planes);
    reaches(p);
}

/* Name and class on top, then inputs on the left and outputs on the right. */
static void box_size(struct plane *p, struct item *item)
{
    const struct draw_box *b = &p->d->boxes[item->of];
    int sides[2] = {0, 0}, rows[2] = {0, 0};
    int w = draw_text_width(b->title, 13);
    int class = draw_text_width(b->class, 11) + (b->count ? draw_text_width("10000 x ", 11) : 0);

    w = class > w ? class : w;
    for (unsigned i = 0; i < item->pins_count; i++) {
        const struct draw_port *port = &b->ports[item->pins[i].port];
        if (port->kind == DRAW_ASKED)
            continue;
        int width = draw_text_width(port->name, 10);
        sides[item->pins[i].side] =
            width > sides[item->pins[i].side] ? width : sides[item->pins[i].side];
        rows[item->pins[i].side]++;
    }
    int ports = sides[DRAW_LEFT] + sides[DRAW_RIGHT] + (sides[0] && sides[1] ? 14 : 0);
    w = ports > w ? ports : w;
    item->w = w + 2 * DRAW_SIDE;
    int most = rows[0] > rows[1] ? rows[0] : rows[1];
    item->h = DRAW_HEAD + most * DRAW_ROW + (most ? DRAW_FOOT : 0);
}

void plane_pins(struct plane *p, struct item *item)
{
    const struct draw_box *b = &p->d->boxes[item->of];

    if (item->kind != ITEM_BOX)
        return;
    for (unsigned i = 0; i < item->pins_count; i++) {
        struct pin *pin = &item->pins[i];
        int rank = 0;
        if (b->ports[pin->port].kind == DRAW_ASKED) {
            pin->dy = DRAW_HEAD / 2 - 1;
            continue;
        }
        for (unsigned k = 0; k < item->pins_count; k++)
            rank += item->pins[k].side == pin->side && item->pins[k].rank < pin->rank &&
                    b->ports[item->pins[k].port].kind != DRAW_ASKED;
        pin->dy = DRAW_HEAD + rank * DRAW_ROW + DRAW_ROW / 2;
    }
    box_size(p, item);
}
