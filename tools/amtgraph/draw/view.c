/*
 * From the nodes of a graph, which are flat, to boxes in frames: a name "a/b/c" is box c
 * in frame b in frame a, and all "rows[7]/..." are one box, "rows", unless unfolded.
 */
#include "tools/amtgraph/draw/view.h"

#include <stdlib.h>
#include <string.h>

struct view {
    struct drawing *d;
    bool unfold;
    unsigned folded_from; /* edges that stand for several are few: among these */
};

static void *grow(struct view *v, void *items, unsigned count, size_t octets)
{
    return amtg_arena_grow(v->d->arena, items, count, octets);
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The frame of that name, made with all around it when it is new; DRAW_NONE for "". */
static int frame_of(struct view *v, const char *name, size_t len, const struct amtg_mark *mark)
{
    struct drawing *d = v->d;

    if (len == 0)
        return DRAW_NONE;
    for (unsigned i = d->frames_count; i-- > 0;)
        if (strlen(d->frames[i].name) == len && memcmp(d->frames[i].name, name, len) == 0)
            return (int)i;
    const char *slash = memrchr(name, '/', len);
    int outer = frame_of(v, name, slash ? (size_t)(slash - name) : 0, mark);
    d->frames = grow(v, d->frames, d->frames_count, sizeof *d->frames);
    struct draw_frame *f = &d->frames[d->frames_count];
    *f = (struct draw_frame){
        .name = amtg_arena_text_of(d->arena, name, len), .file = "", .frame = outer};
    f->title = base_of(f->name);
    return (int)d->frames_count++;
}

static struct draw_box *box_add(struct view *v, const char *name, size_t len, unsigned node)
{
    struct drawing *d = v->d;
    const struct amtg_graph_node *n = &d->graph->nodes[node];
    const char *slash = memrchr(name, '/', len);
    int frame = frame_of(v, name, slash ? (size_t)(slash - name) : 0, &n->mark);

    d->boxes = grow(v, d->boxes, d->boxes_count, sizeof *d->boxes);
    struct draw_box *box = &d->boxes[d->boxes_count++];
    *box = (struct draw_box){.name = amtg_arena_text_of(d->arena, name, len),
                             .node = node,
                             .class = n->class->name,
                             .mark = n->mark,
                             .frame = frame};
    box->title = base_of(box->name);
    return box;
}

/* A node of a row: "outer/row[7]/inner" belongs to the box "outer/row". */
static struct draw_box *row_box(struct view *v, const char *name, const char *bracket,
                                unsigned node)
{
    struct drawing *d = v->d;
    size_t len = (size_t)(bracket - name);
    struct draw_box *box = NULL;

    for (unsigned i = d->boxes_count; i-- > 0 && !box;)
        if (d->boxes[i].count && strlen(d->boxes[i].name) == len &&
            memcmp(d->boxes[i].name, name, len) == 0)
            box = &d->boxes[i];
    if (!box)
        box = box_add(v, name, len, node);
    unsigned number = (unsigned)strtoul(bracket + 1, NULL, 10) + 1;
    box->count = number > box->count ? number : box->count;
    /* What stands directly in the row was read from the row's own file. */
    const char *inner = strchr(bracket, '/');
    if (box->node == node || (inner && !strchr(inner + 1, '/')))
        box->class = base_of(d->graph->nodes[node].mark.file);
    return box;
}

static bool boxes(struct view *v)
{
    struct drawing *d = v->d;

    for (unsigned i = 0; i < d->graph->nodes_count; i++) {
        const char *name = d->graph->nodes[i].name;
        const char *bracket = v->unfold ? NULL : strchr(name, '[');
        struct draw_box *box =
            bracket ? row_box(v, name, bracket, i) : box_add(v, name, strlen(name), i);
        d->node_box[i] = (int)(box - d->boxes);
        if (d->boxes_count > DRAW_MOST_BOXES)
            return false;
        /* The files of the frames: as for rows. */
        if (box->frame != DRAW_NONE && !bracket)
            d->frames[box->frame].file = base_of(d->graph->nodes[i].mark.file);
    }
    return true;
}

/*
 * What a port of a node is called at its box: "out"; of a row, with the node in each of its
 * graphs that has it, "cable.up". "row[7]" is "row" unless unfolded.
 */
static const char *port_name(struct view *v, unsigned node, const char *name)
{
    struct drawing *d = v->d;
    const char *bracket = strchr(d->graph->nodes[node].name, '[');
    const char *inner = bracket && !v->unfold ? strchr(bracket, '/') : NULL;
    char *all = inner ? amtg_arena_printf(d->arena, "%s.%s", inner + 1, name)
                      : amtg_arena_text(d->arena, name);
    char *to = all;

    for (const char *from = all; *from; from++) {
        size_t skip = *from == '[' && !v->unfold ? strcspn(from, "]") : 0;
        if (skip)
            from += from[skip] ? skip : skip - 1;
        else
            *to++ = *from;
    }
    *to = '\0';
    return all;
}

/* The port of that kind and name of the node's box, made when it is new. */
static unsigned port_of(struct view *v, unsigned node, enum draw_port_kind kind, const char *name,
                        unsigned index)
{
    struct drawing *d = v->d;
    struct draw_box *b = &d->boxes[d->node_box[node]];

    name = kind == DRAW_ASKED ? name : port_name(v, node, name);
    for (unsigned i = 0; i < b->ports_count; i++)
        if (b->ports[i].kind == kind && strcmp(b->ports[i].name, name) == 0)
            return i;
    b->ports = grow(v, b->ports, b->ports_count, sizeof *b->ports);
    b->ports[b->ports_count] = (struct draw_port){.kind = kind,
                                                  .side = kind == DRAW_OUT ? DRAW_RIGHT : DRAW_LEFT,
                                                  .name = name,
                                                  .index = index};
    return b->ports_count++;
}

/* The ports of a node in its box: all of them, but of a row only what leads out of it. */
static unsigned node_port(struct view *v, unsigned node, enum draw_port_kind kind, unsigned index)
{
    const struct amtg_graph_node *n = &v->d->graph->nodes[node];
    struct draw_box *box = &v->d->boxes[v->d->node_box[node]];
    const struct amtg_graph_port *port = kind == DRAW_IN ? &n->ins[index] : &n->outs[index];
    unsigned i = port_of(v, node, kind, port->name, box->count ? 0 : index);

    if (port->type)
        box->ports[i].type = port->type->name;
    return i;
}

static void all_ports(struct view *v)
{
    struct drawing *d = v->d;

    for (unsigned i = 0; i < d->boxes_count; i++) {
        const struct amtg_graph_node *n = &d->graph->nodes[d->boxes[i].node];
        if (d->boxes[i].count)
            continue;
        for (unsigned k = 0; k < n->ins_count; k++)
            node_port(v, d->boxes[i].node, DRAW_IN, k);
        for (unsigned k = 0; k < n->outs_count; k++)
            node_port(v, d->boxes[i].node, DRAW_OUT, k);
    }
}

static enum draw_line line_of(const struct amtg_type *type)
{
    return type && amtg_type_is(type, AMTG_RECORD) ? DRAW_RECORDS : DRAW_PACKETS;
}

static const char *label_of(struct view *v, const struct amtg_graph_edge *e,
                            const struct draw_note *n)
{
    const char *type = e->type ? e->type->name : "nothing";

    return n && n->text ? amtg_arena_printf(v->d->arena, "%s  %s", type, n->text) : type;
}

/* Edges of folded rows lie between the same ports: one is drawn, for all. */
static int same_edge(const struct view *v, const struct draw_edge *e)
{
    const struct drawing *d = v->d;

    for (unsigned i = 0; i < d->edges_count; i++) {
        const struct draw_edge *old = &d->edges[i];
        if (old->from == e->from && old->out == e->out && old->to == e->to && old->in == e->in &&
            (old->line == DRAW_REFERENCE) == (e->line == DRAW_REFERENCE))
            return (int)i;
    }
    return DRAW_NONE;
}

static unsigned edge_add(struct view *v, struct draw_edge e)
{
    struct drawing *d = v->d;
    bool folded = d->boxes[e.from].count || d->boxes[e.to].count;
    int old = folded ? same_edge(v, &e) : DRAW_NONE;

    if (old != DRAW_NONE) {
        d->edges[old].count++;
        return (unsigned)old;
    }
    e.count = 1;
    d->boxes[e.from].ports[e.out].used = d->boxes[e.to].ports[e.in].used = true;
    d->edges = grow(v, d->edges, d->edges_count, sizeof *d->edges);
    d->edges[d->edges_count] = e;
    return d->edges_count++;
}

static void edges(struct view *v, const struct draw_note *notes)
{
    struct drawing *d = v->d;

    for (unsigned i = 0; i < d->graph->edges_count; i++) {
        const struct amtg_graph_edge *e = &d->graph->edges[i];
        unsigned from = (unsigned)d->node_box[e->from], to = (unsigned)d->node_box[e->to];
        d->edge_edge[i] = DRAW_NONE;
        if (from == to && d->boxes[from].count)
            continue;
        const struct draw_note *note = notes ? &notes[i] : NULL;
        d->edge_edge[i] = (int)edge_add(
            v, (struct draw_edge){.line = line_of(e->type),
                                  .edge = i,
                                  .from = from,
                                  .out = node_port(v, e->from, DRAW_OUT, e->out),
                                  .to = to,
                                  .in = node_port(v, e->to, DRAW_IN, e->in),
                                  .type = e->type,
                                  .addressed = d->graph->nodes[e->from].outs[e->out].to,
                                  .width = note && note->width > 0 ? note->width : 1,
                                  .label = label_of(v, e, note)});
    }
}

/* The parameter that a reference fills in. */
static const char *ref_name(const struct amtg_graph_node *n, const struct amtg_graph_ref *ref,
                            char name[AMTG_PARAM_NAME])
{
    for (unsigned i = 0; i < n->class->params_count; i++)
        if (n->class->params[i].offset == ref->offset)
            return amtg_param_name(&n->class->params[i], name);
    return "";
}

static void references(struct view *v)
{
    struct drawing *d = v->d;

    for (unsigned i = 0; i < d->graph->nodes_count; i++) {
        const struct amtg_graph_node *n = &d->graph->nodes[i];
        for (unsigned k = 0; k < n->refs_count; k++) {
            unsigned from = (unsigned)d->node_box[i];
            unsigned to = (unsigned)d->node_box[n->refs[k].target];
            char name[AMTG_PARAM_NAME];
            if (from == to)
                continue;
            edge_add(v, (struct draw_edge){
                            .line = DRAW_REFERENCE,
                            .from = from,
                            .to = to,
                            .width = 1,
                            .out = port_of(v, i, DRAW_ASKS, ref_name(n, &n->refs[k], name), k),
                            .in = port_of(v, n->refs[k].target, DRAW_ASKED, "", 0)});
        }
    }
}

static void gates(struct view *v, const struct amtg_graph_export *exports, unsigned count,
                  bool input)
{
    struct drawing *d = v->d;

    for (unsigned i = 0; i < count; i++) {
        unsigned box = (unsigned)d->node_box[exports[i].node];
        unsigned port = node_port(v, exports[i].node, input ? DRAW_IN : DRAW_OUT, exports[i].port);
        const struct amtg_graph_node *n = &d->graph->nodes[exports[i].node];
        const struct amtg_type *type =
            (input ? &n->ins[exports[i].port] : &n->outs[exports[i].port])->type;
        d->boxes[box].ports[port].used = true;
        d->gates = grow(v, d->gates, d->gates_count, sizeof *d->gates);
        d->gates[d->gates_count++] = (struct draw_gate){.name = exports[i].name,
                                                        .input = input,
                                                        .box = box,
                                                        .port = port,
                                                        .line = line_of(type),
                                                        .label = type ? type->name : NULL};
    }
}

struct drawing *draw_view(const struct amtg_graph *g, const struct draw_options *options)
{
    struct amtg_arena *arena = amtg_arena_new();
    struct drawing *d = amtg_arena_get(arena, sizeof *d);
    struct view v = {.d = d, .unfold = options && options->unfold};

    d->graph = g;
    d->arena = arena;
    d->node_box = amtg_arena_get(arena, (g->nodes_count + 1) * sizeof *d->node_box);
    d->edge_edge = amtg_arena_get(arena, (g->edges_count + 1) * sizeof *d->edge_edge);
    if (!boxes(&v)) {
        amtg_arena_free(arena);
        return NULL;
    }
    all_ports(&v);
    edges(&v, options ? options->notes : NULL);
    references(&v);
    gates(&v, g->inputs, g->inputs_count, true);
    gates(&v, g->outputs, g->outputs_count, false);
    return d;
}
