/* A drawing as JSON, for who draws it without laying anything out: docs/drawings.md. */
#include "tools/amtgraph/draw/draw.h"

static const char *const lines[] = {
    [DRAW_PACKETS] = "packets", [DRAW_RECORDS] = "records", [DRAW_REFERENCE] = "reference"};

static json_t *points(const struct draw_point *at, unsigned count)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < count; i++)
        json_array_append_new(list, json_pack("[ii]", at[i].x, at[i].y));
    return list;
}

static json_t *rect(const struct draw_rect *r)
{
    return json_pack("{si si si si}", "x", r->x, "y", r->y, "w", r->w, "h", r->h);
}

static json_t *label(const char *text, const struct draw_rect *at)
{
    json_t *label = text ? rect(at) : json_null();

    if (text)
        json_object_set_new(label, "text", json_string(text));
    return label;
}

static json_t *ports(const struct draw_box *b)
{
    static const char *const kinds[] = {
        [DRAW_IN] = "in", [DRAW_OUT] = "out", [DRAW_ASKS] = "asks", [DRAW_ASKED] = "asked"};
    json_t *list = json_array();

    for (unsigned i = 0; i < b->ports_count; i++) {
        const struct draw_port *p = &b->ports[i];
        json_array_append_new(list,
                              json_pack("{ss ss ss ss? sb si}", "kind", kinds[p->kind], "side",
                                        p->side == DRAW_LEFT ? "left" : "right", "name", p->name,
                                        "type", p->type, "used", p->used, "y", p->y));
    }
    return list;
}

static json_t *boxes(const struct drawing *d)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < d->boxes_count; i++) {
        const struct draw_box *b = &d->boxes[i];
        const struct amtg_class *class = d->graph->nodes[b->node].class;
        json_t *box = rect(&b->at);
        json_t *more = json_pack(
            "{ss ss ss ss ss si si si si sb so}", "name", b->name, "title", b->title, "class",
            b->class, "summary", b->count ? "" : class->summary, "file", b->mark.file, "line",
            b->mark.line, "node", b->node, "count", b->count, "frame", b->frame, "host",
            !b->count && (class->flags & AMTG_HOST) != 0, "ports", ports(b));
        json_object_update(box, more);
        json_decref(more);
        json_array_append_new(list, box);
    }
    return list;
}

static json_t *frames(const struct drawing *d)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < d->frames_count; i++) {
        const struct draw_frame *f = &d->frames[i];
        json_t *frame = rect(&f->at);
        json_t *more = json_pack("{ss ss ss si}", "name", f->name, "title", f->title, "file",
                                 f->file, "frame", f->frame);
        json_object_update(frame, more);
        json_decref(more);
        json_array_append_new(list, frame);
    }
    return list;
}

static json_t *edges(const struct drawing *d)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < d->edges_count; i++) {
        const struct draw_edge *e = &d->edges[i];
        json_array_append_new(
            list, json_pack("{ss si si si si si si ss? sb sb so so}", "line", lines[e->line],
                            "edge", e->line == DRAW_REFERENCE ? DRAW_NONE : (int)e->edge, "count",
                            e->count, "from", e->from, "out", e->out, "to", e->to, "in", e->in,
                            "type", e->type ? e->type->name : NULL, "addressed", e->addressed,
                            "back", e->back, "label", label(e->label, &e->label_at), "points",
                            points(e->points, e->points_count)));
    }
    return list;
}

static json_t *gates(const struct drawing *d)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < d->gates_count; i++) {
        const struct draw_gate *g = &d->gates[i];
        json_t *gate = rect(&g->at);
        json_t *more =
            json_pack("{ss ss sb si si so so}", "name", g->name, "line", lines[g->line], "label",
                      label(g->label, &g->label_at), "input", g->input, "box", g->box, "port",
                      g->port, "points", points(g->points, g->points_count));
        json_object_update(gate, more);
        json_decref(more);
        json_array_append_new(list, gate);
    }
    return list;
}

static json_t *integers(const int *all, unsigned count)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < count; i++)
        json_array_append_new(list, json_integer(all[i]));
    return list;
}

json_t *drawing_json(const struct drawing *d)
{
    const struct amtg_graph *g = d->graph;

    return json_pack("{si ss ss s{si si} so so so so so so so}", "amtgraph-drawing", 1, "name",
                     g->name ? g->name : "", "summary", g->summary ? g->summary : "", "size", "w",
                     d->w, "h", d->h, "boxes", boxes(d), "frames", frames(d), "edges", edges(d),
                     "gates", gates(d), "joins", points(d->joins, d->joins_count), "node_box",
                     integers(d->node_box, g->nodes_count), "edge_edge",
                     integers(d->edge_edge, g->edges_count));
}

json_t *draw_json(const struct amtg_graph *g)
{
    struct drawing *d = draw_graph(g, NULL);
    json_t *json = d ? drawing_json(d) : NULL;

    drawing_free(d);
    return json;
}
