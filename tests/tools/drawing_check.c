/* The geometry of a drawing, measured; what is wrong fails the test with words. */
#include "tests/tools/drawing_check.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct drawing *d;
static const struct amtg_graph *graph;

/* As ck_assert_msg, which writes a file each time that all is well: there are millions of these. */
#define must(is_so, ...)               \
    do {                               \
        if (!(is_so))                  \
            ck_abort_msg(__VA_ARGS__); \
    } while (0)

static bool overlap(struct draw_rect a, struct draw_rect b)
{
    return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

static bool inside(struct draw_rect in, struct draw_rect out)
{
    return in.x >= out.x && in.y >= out.y && in.x + in.w <= out.x + out.w &&
           in.y + in.h <= out.y + out.h;
}

/* A level or upright piece of a line as a rectangle; 1 wide. */
static struct draw_rect piece(struct draw_point a, struct draw_point b)
{
    must(a.x == b.x || a.y == b.y, "%s", graph->file);
    return (struct draw_rect){a.x < b.x ? a.x : b.x, a.y < b.y ? a.y : b.y, abs(a.x - b.x) + 1,
                              abs(a.y - b.y) + 1};
}

/* The box a little smaller: lines end at its sides. */
static struct draw_rect shrunk(struct draw_rect r)
{
    return (struct draw_rect){r.x + 1, r.y + 1, r.w - 2, r.h - 2};
}

static const char *names(const struct draw_edge *e)
{
    static char text[300];

    snprintf(text, sizeof text, "%s: %s.%s -> %s", graph->file, d->boxes[e->from].name,
             d->boxes[e->from].ports[e->out].name, d->boxes[e->to].name);
    return text;
}

static void check_paper(void)
{
    const struct draw_rect paper = {0, 0, d->w, d->h};

    for (unsigned i = 0; i < d->boxes_count; i++) {
        must(inside(d->boxes[i].at, paper), "%s: %s", graph->file, d->boxes[i].name);
        must(d->boxes[i].at.w > 0, "%s", graph->file);
        if (d->boxes[i].frame != DRAW_NONE)
            must(inside(d->boxes[i].at, d->frames[d->boxes[i].frame].at), "%s", graph->file);
    }
    for (unsigned i = 0; i < d->frames_count; i++) {
        must(inside(d->frames[i].at, paper), "%s", graph->file);
        if (d->frames[i].frame != DRAW_NONE)
            must(inside(d->frames[i].at, d->frames[d->frames[i].frame].at), "%s", graph->file);
    }
    for (unsigned i = 0; i < d->edges_count; i++) {
        const struct draw_edge *e = &d->edges[i];
        must(e->points_count >= 2, "%s", graph->file);
        must(!e->label || inside(e->label_at, paper), "%s", graph->file);
        for (unsigned k = 1; k < e->points_count; k++)
            must(inside(piece(e->points[k - 1], e->points[k]), paper), "%s", names(e));
    }
    for (unsigned i = 0; i < d->gates_count; i++)
        must(inside(d->gates[i].at, paper), "%s", graph->file);
}

static void check_boxes_apart(void)
{
    for (unsigned i = 0; i < d->boxes_count; i++)
        for (unsigned k = 0; k < i; k++)
            must(!overlap(d->boxes[i].at, d->boxes[k].at), "%s: %s lies on %s", graph->file,
                 d->boxes[i].name, d->boxes[k].name);
    for (unsigned i = 0; i < d->frames_count; i++)
        for (unsigned k = 0; k < d->boxes_count; k++)
            must(inside(d->boxes[k].at, d->frames[i].at) ||
                     !overlap(d->boxes[k].at, d->frames[i].at),
                 "%s: %s lies on the border of %s", graph->file, d->boxes[k].name,
                 d->frames[i].name);
}

/* Labels lie on nothing: no other label, no box, no line but the beginning of their own. */
static void check_label(const struct draw_edge *e)
{
    for (unsigned i = 0; i < d->edges_count; i++) {
        const struct draw_edge *other = &d->edges[i];
        must(other == e || !other->label || !overlap(e->label_at, other->label_at),
             "the label of %s lies on another", names(e));
        for (unsigned k = 1; k < other->points_count; k++)
            must(!overlap(e->label_at, piece(other->points[k - 1], other->points[k])),
                 "a line to %s crosses the label of %s", d->boxes[other->to].name, names(e));
    }
    for (unsigned i = 0; i < d->boxes_count; i++)
        must(!overlap(e->label_at, d->boxes[i].at), "the label of %s lies on %s", names(e),
             d->boxes[i].name);
    for (unsigned i = 0; i < d->gates_count; i++)
        must(!overlap(e->label_at, d->gates[i].at), "%s", graph->file);
}

static void check_no_box_crossed(const struct draw_edge *e)
{
    for (unsigned i = 0; i < d->boxes_count; i++)
        for (unsigned k = 1; k < e->points_count; k++)
            must(!overlap(shrunk(d->boxes[i].at), piece(e->points[k - 1], e->points[k])),
                 "%s crosses %s", names(e), d->boxes[i].name);
}

/* Lines to different ports may cross; they never run on each other. */
static void check_lines_apart(const struct draw_edge *a, const struct draw_edge *b)
{
    if (a->to == b->to && a->in == b->in)
        return;
    for (unsigned i = 1; i < a->points_count; i++)
        for (unsigned k = 1; k < b->points_count; k++) {
            struct draw_rect x = piece(a->points[i - 1], a->points[i]);
            struct draw_rect y = piece(b->points[k - 1], b->points[k]);
            bool level = x.h == 1 && y.h == 1, upright = x.w == 1 && y.w == 1;
            must(!(level || upright) || !overlap(x, y), "%s and a line to %s lie on each other",
                 names(a), d->boxes[b->to].name);
        }
}

/* Does a way lead from one box to another? By edges, and from who is asked to who asks. */
static bool leads(unsigned from, unsigned to, bool *seen)
{
    if (from == to)
        return true;
    seen[from] = true;
    for (unsigned i = 0; i < d->edges_count; i++) {
        const struct draw_edge *e = &d->edges[i];
        unsigned a = e->line == DRAW_REFERENCE ? e->to : e->from;
        unsigned b = e->line == DRAW_REFERENCE ? e->from : e->to;
        if (a == from && !seen[b] && leads(b, to, seen))
            return true;
    }
    return false;
}

/* Two frames may hold a cycle without any of their boxes being in one. */
static bool in_cycle_of_frames(const struct draw_edge *e)
{
    return d->boxes[e->from].frame != d->boxes[e->to].frame;
}

static void check_to_the_right(const struct draw_edge *e)
{
    bool left = false;

    if (e->line == DRAW_REFERENCE)
        return;
    for (unsigned k = 1; k < e->points_count; k++)
        left |= e->points[k].x < e->points[k - 1].x;
    must(left == e->back, "%s", names(e));
    must(e->points[0].x < e->points[1].x, "%s", graph->file);
    must(e->points[e->points_count - 2].x < e->points[e->points_count - 1].x, "%s", graph->file);
    bool *seen = calloc(d->boxes_count, sizeof *seen);
    must(seen != NULL, "%s", graph->file);
    must(!left || in_cycle_of_frames(e) || leads(e->to, e->from, seen),
         "%s leads to the left, but closes no cycle", names(e));
    free(seen);
}

/* Lines begin and end at their ports. */
static void check_ends(const struct draw_edge *e)
{
    const struct draw_box *from = &d->boxes[e->from], *to = &d->boxes[e->to];
    const struct draw_point *first = &e->points[0], *last = &e->points[e->points_count - 1];

    must(first->y == from->ports[e->out].y, "%s", graph->file);
    must(last->y == to->ports[e->in].y, "%s", graph->file);
    must(first->x == from->at.x || first->x == from->at.x + from->at.w, "%s", graph->file);
    must(last->x == to->at.x || last->x == to->at.x + to->at.w, "%s", graph->file);
    if (e->line != DRAW_REFERENCE) {
        must(first->x == from->at.x + from->at.w, "%s", graph->file);
        must(last->x == to->at.x, "%s", graph->file);
        must(e->label != NULL, "%s", graph->file);
    }
}

/* Each edge of the graph is drawn, or lies within a row. */
static void check_complete(void)
{
    for (unsigned i = 0; i < graph->edges_count; i++) {
        const struct amtg_graph_edge *e = &graph->edges[i];
        const int from = d->node_box[e->from], to = d->node_box[e->to];
        if (d->edge_edge[i] == DRAW_NONE) {
            must(from == to && d->boxes[from].count > 0, "%s", graph->file);
            continue;
        }
        const struct draw_edge *drawn = &d->edges[d->edge_edge[i]];
        must((int)drawn->from == from, "%s", graph->file);
        must((int)drawn->to == to, "%s", graph->file);
        must(drawn->type == e->type, "%s", graph->file);
    }
    for (unsigned i = 0; i < d->gates_count; i++)
        must(d->gates[i].points_count >= 2, "%s", graph->file);
}

void drawing_check_places(const struct drawing *drawing)
{
    d = drawing;
    graph = d->graph;
    check_paper();
    check_boxes_apart();
    check_complete();
}

void drawing_check(const struct drawing *drawing)
{
    drawing_check_places(drawing);
    for (unsigned i = 0; i < d->edges_count; i++) {
        if (d->edges[i].label)
            check_label(&d->edges[i]);
        check_no_box_crossed(&d->edges[i]);
        check_to_the_right(&d->edges[i]);
        check_ends(&d->edges[i]);
        for (unsigned k = 0; k < i; k++)
            check_lines_apart(&d->edges[i], &d->edges[k]);
    }
}
