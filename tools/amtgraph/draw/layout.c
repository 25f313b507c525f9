/* The planes of a drawing, from the innermost frames outwards, put together. */
#include <string.h>

#include "tools/amtgraph/draw/plane.h"
#include "tools/amtgraph/draw/view.h"

enum { NUDGES_MOST = 60, NUDGED_MOST = 2000 }; /* times; links of a plane that is worth it */

static void plane_lay_out(struct plane *p, const struct plane *planes)
{
    plane_items(p, planes);
    if (p->items_count == 0) {
        p->w = p->h = 2 * DRAW_MARGIN;
        return;
    }
    plane_layers(p);
    plane_lanes(p);
    plane_order(p);
    plane_place(p);
    int item;
    for (int tries = p->links_count < NUDGED_MOST ? NUDGES_MOST : 0;
         tries > 0 && (item = plane_covered(p)) != DRAW_NONE; tries--)
        plane_nudge(p, (unsigned)item);
    plane_crop(p);
    plane_route(p);
    if (p->frame == DRAW_NONE)
        return;
    const struct draw_frame *f = &p->d->frames[p->frame];
    int title = draw_text_width(f->title, 12) + 3 * DRAW_SIDE + draw_text_width(f->file, 10);
    p->w = title > p->w ? title : p->w;
    for (unsigned i = 0; i < p->wires_count; i++) { /* gates out are on the border */
        struct wire *w = &p->wires[i];
        if (p->items[w->to.item].kind == ITEM_GATE_OUT)
            w->points[w->points_count - 1].x = p->items[w->to.item].x = p->w;
    }
}

/* Origins of the planes, of a frame before those within; and where frames, boxes and ports are. */
static void put_together(struct drawing *d, struct plane *planes, struct plane *p)
{
    for (unsigned i = 0; i < p->items_count; i++) {
        const struct item *item = &p->items[i];
        struct draw_rect at = {p->x + item->x, p->y + item->y, item->w, item->h};
        if (item->kind == ITEM_FRAME) {
            d->frames[item->of].at = at;
            planes[item->of].x = at.x;
            planes[item->of].y = at.y;
            put_together(d, planes, &planes[item->of]);
        } else if (item->kind == ITEM_BOX) {
            struct draw_box *b = &d->boxes[item->of];
            b->at = at;
            for (unsigned k = 0; k < item->pins_count; k++)
                b->ports[item->pins[k].port].y = at.y + item->pins[k].dy;
        } else if (p->frame == DRAW_NONE && item->kind != ITEM_LANE) {
            d->gates[item->of].at = at;
        }
    }
    for (unsigned i = 0; i < p->joins_count; i++) {
        d->joins = amtg_arena_grow(d->arena, d->joins, d->joins_count, sizeof *d->joins);
        d->joins[d->joins_count++] =
            (struct draw_point){p->x + p->joins[i].x, p->y + p->joins[i].y};
    }
}

/* Points of a line in a plane behind those that it has; corners only. */
static void points_add(struct drawing *d, struct draw_point **points, unsigned *count,
                       const struct plane *p, const struct wire *w)
{
    for (unsigned i = 0; i < w->points_count; i++) {
        struct draw_point at = {p->x + w->points[i].x, p->y + w->points[i].y};
        const struct draw_point *last = *count ? &(*points)[*count - 1] : NULL;
        if (last && last->x == at.x && last->y == at.y)
            continue;
        if (*count > 1 &&
            ((last->y == at.y && last[-1].y == at.y) || (last->x == at.x && last[-1].x == at.x)))
            --*count; /* the last one is no corner */
        *points = amtg_arena_grow(d->arena, *points, *count, sizeof **points);
        (*points)[(*count)++] = at;
    }
}

static void wire_of(struct drawing *d, const struct plane *p, unsigned edge)
{
    for (unsigned i = 0; i < p->wires_count; i++)
        if (p->wires[i].edge == edge && p->wires[i].gate == DRAW_NONE)
            points_add(d, &d->edges[edge].points, &d->edges[edge].points_count, p, &p->wires[i]);
}

/* Is the plane around the frame of that index, or that of it itself? */
static bool around(const struct drawing *d, int outer, int frame)
{
    while (frame != outer && frame != DRAW_NONE)
        frame = d->frames[frame].frame;
    return frame == outer;
}

/* Down to the frame of the end: what is outside comes first. */
static void lead_in(struct drawing *d, struct plane *planes, unsigned edge, int frame, int top)
{
    if (frame == top)
        return;
    lead_in(d, planes, edge, d->frames[frame].frame, top);
    wire_of(d, &planes[frame], edge);
}

/* On the first piece of a line, behind the pile that a row is. */
static struct draw_rect label_at(struct draw_point start, const char *label, bool row)
{
    return (struct draw_rect){start.x + 5 + (row ? DRAW_ROW_EDGE : 0), start.y - 14,
                              draw_text_width(label, 10), 12};
}

static void edge_line(struct drawing *d, struct plane *planes, struct plane *outermost, unsigned i)
{
    struct draw_edge *e = &d->edges[i];
    int frame = d->boxes[e->from].frame, to = d->boxes[e->to].frame;

    for (; !around(d, frame, to); frame = d->frames[frame].frame)
        wire_of(d, &planes[frame], i);
    wire_of(d, frame == DRAW_NONE ? outermost : &planes[frame], i);
    lead_in(d, planes, i, to, frame);

    for (unsigned k = 1; k < e->points_count && e->line != DRAW_REFERENCE; k++)
        e->back |= e->points[k].x < e->points[k - 1].x;
    if (e->label)
        e->label_at = label_at(e->points[0], e->label, d->boxes[e->from].count > 0);
}

static void gate_lines(struct drawing *d, const struct plane *p)
{
    for (unsigned i = 0; i < p->wires_count; i++)
        if (p->wires[i].gate != DRAW_NONE) {
            struct draw_gate *g = &d->gates[p->wires[i].gate];
            points_add(d, &g->points, &g->points_count, p, &p->wires[i]);
            if (g->label)
                g->label_at =
                    label_at(g->points[0], g->label, !g->input && d->boxes[g->box].count > 0);
        }
}

struct drawing *draw_graph(const struct amtg_graph *g, const struct draw_options *options)
{
    struct drawing *d = draw_view(g, options);

    if (!d)
        return NULL;
    struct plane *planes = amtg_arena_get(d->arena, (d->frames_count + 1) * sizeof *planes);
    struct plane outermost = {.d = d, .frame = DRAW_NONE};
    for (unsigned i = d->frames_count; i-- > 0;) { /* frames within have larger indices */
        planes[i] = (struct plane){.d = d, .frame = (int)i};
        plane_lay_out(&planes[i], planes);
    }
    plane_lay_out(&outermost, planes);
    put_together(d, planes, &outermost);
    for (unsigned i = 0; i < d->edges_count; i++)
        edge_line(d, planes, &outermost, i);
    gate_lines(d, &outermost);
    d->w = outermost.w;
    d->h = outermost.h;
    return d;
}

void drawing_free(struct drawing *d)
{
    if (d)
        amtg_arena_free(d->arena);
}
