/* What the finished wiring must keep to: types, open ports, what nothing reaches. */
#include <string.h>

#include "core/graph_private.h"

static const char *addressed(bool to)
{
    return to ? " with a destination" : "";
}

/* Both ends of each edge. */
static void check_types(struct loader *l)
{
    for (unsigned i = 0; i < l->edges_count; i++) {
        const struct draft_edge *e = &l->edges[i];
        if (e->bad)
            continue;
        const struct amtg_graph_port *out = &l->nodes[e->out.node].outs[e->out.port];
        const struct amtg_port *in = l->nodes[e->in.node].ins[e->in.port].port;
        const char *from = graph_port_name(l, e->out, true), *to = graph_port_name(l, e->in, false);
        bool wants_to = in->flags & AMTG_TO;
        if (!out->type)
            continue; /* nothing comes this way; why, is told elsewhere */
        if (!amtg_type_is(out->type, in->type))
            graph_problem(l, e->mark, NULL, NULL, NULL,
                          "types do not fit: \"%.100s\" gives %s%s, \"%.100s\" takes %s%s", from,
                          out->type->name, addressed(out->to), to, in->type->name,
                          addressed(wants_to));
        else if (wants_to && !out->to)
            graph_problem(l, e->mark, NULL, "an element between that gives one", NULL,
                          "\"%.100s\" gives %s without a destination, \"%.100s\" takes %s with one",
                          from, out->type->name, to, in->type->name);
    }
}

/* ---- open ports ------------------------------------------------------------------ */

/* Outputs with nobody behind them, inputs that nobody feeds, unless the class allows it. */
static void check_open(struct loader *l)
{
    for (unsigned n = 0; n < l->nodes_count; n++) {
        const struct amtg_graph_node *node = &l->nodes[n];
        const struct draft *d = &l->drafts[n];
        bool fed = node->ins_count == 0;
        if (d->tainted)
            continue;
        for (unsigned i = 0; i < node->ins_count; i++)
            fed |= node->ins[i].edge >= 0 || d->in_fed[i];
        if (!fed && !(node->class->flags & AMTG_HOST))
            continue; /* told as unreachable */
        for (unsigned i = 0; i < node->ins_count; i++)
            if (node->ins[i].edge < 0 && !d->in_fed[i] &&
                !(node->ins[i].port->flags & AMTG_MAY_BE_OPEN))
                graph_problem(l, node->mark, node->name, NULL, NULL,
                              "nothing feeds the input \"%s\" (%s)", node->ins[i].name,
                              node->ins[i].port->type->name);
        for (unsigned o = 0; o < node->outs_count; o++)
            if (node->outs[o].edge < 0 && !d->out_kept[o] &&
                !(node->outs[o].port->flags & AMTG_MAY_BE_OPEN))
                graph_problem(l, node->mark, node->name, NULL, NULL,
                              "the output \"%s\" (%s) is not connected: put a discard behind it if "
                              "that is meant",
                              node->outs[o].name, node->outs[o].port->type->name);
    }
}

/* ---- reach ----------------------------------------------------------------------- */

/* All that an element feeds, directly or not, is reached. */
static void reach(struct loader *l, unsigned from, unsigned *stack)
{
    unsigned depth = 0;

    if (l->drafts[from].reached)
        return;
    l->drafts[from].reached = true;
    stack[depth++] = from;
    while (depth > 0) {
        const struct amtg_graph_node *node = &l->nodes[stack[--depth]];
        for (unsigned o = 0; o < node->outs_count; o++) {
            if (node->outs[o].edge < 0)
                continue;
            unsigned to = l->edges[node->outs[o].edge].in.node;
            if (!l->drafts[to].reached) {
                l->drafts[to].reached = true;
                stack[depth++] = to;
            }
        }
    }
}

static bool is_source(const struct loader *l, unsigned n)
{
    return l->nodes[n].ins_count == 0 || (l->nodes[n].class->flags & AMTG_HOST) ||
           l->drafts[n].tainted || l->drafts[n].exported_in;
}

static bool has_input(const struct loader *l, unsigned n)
{
    for (unsigned i = 0; i < l->nodes[n].ins_count; i++)
        if (l->nodes[n].ins[i].edge >= 0)
            return true;
    return false;
}

/* First those that nothing feeds; then, if any are left, cycles that nothing enters. */
static void check_reach(struct loader *l)
{
    unsigned *stack = amtg_arena_get(l->arena, (l->nodes_count + 1) * sizeof *stack);

    for (unsigned n = 0; n < l->nodes_count; n++)
        if (is_source(l, n))
            reach(l, n, stack);
    for (int cycles = 0; cycles < 2; cycles++)
        for (unsigned n = 0; n < l->nodes_count; n++) {
            if (l->drafts[n].reached || (!cycles && has_input(l, n)))
                continue;
            graph_problem(l, l->nodes[n].mark, l->nodes[n].name, NULL, NULL,
                          cycles ? "unreachable: it is fed only by what it feeds itself"
                                 : "unreachable: no edge leads here");
            reach(l, n, stack);
        }
    for (unsigned n = 0; n < l->nodes_count; n++) {
        const struct amtg_graph_node *node = &l->nodes[n];
        /* Without ports and with nothing to offer, it acts on its own. */
        if (node->ins_count + node->outs_count == 0 && node->class->provides_count &&
            !l->drafts[n].referred && !l->drafts[n].tainted)
            graph_problem(l, node->mark, node->name, NULL, NULL,
                          "unreachable: it has no ports, and no element refers to it");
    }
}

/* An edge was given up, yet nothing was said: never a silent ignore. */
static void check_silent(struct loader *l)
{
    for (unsigned i = 0; i < l->edges_count && !graph_has_problems(l); i++)
        if (l->edges[i].bad)
            graph_problem(l, l->edges[i].mark, NULL, "element.port", NULL,
                          "the types here cannot be worked out: name the ports");
}

/* Edges of the finished graph; those with a problem are left out. */
static void copy_edges(struct loader *l, struct amtg_graph *g)
{
    g->edges = amtg_arena_get(l->arena, (l->edges_count + 1) * sizeof *g->edges);
    for (unsigned i = 0; i < l->edges_count; i++) {
        const struct draft_edge *e = &l->edges[i];
        if (e->bad)
            continue;
        struct amtg_graph_port *out = &l->nodes[e->out.node].outs[e->out.port];
        out->edge = (int)g->edges_count;
        g->edges[g->edges_count++] = (struct amtg_graph_edge){
            .from = e->out.node, .out = e->out.port, .to = e->in.node, .in = e->in.port,
            .type = out->type, .mark = e->mark};
    }
}

void graph_shards(struct loader *l)
{
    static const struct amtg_param spec = {
        .kind = AMTG_KIND_UINT, .size = sizeof(unsigned), .min = 1, .max = AMTG_SHARDS_MOST};
    struct value v = {amtg_yaml_get(l->top->tree, "shards"), l->top, l->top->folder, NULL};
    char expected[128];
    struct piece p;

    l->shards = 1;
    if (!v.yaml || !graph_piece(l, v, "shards", &p))
        return;
    const struct amtg_yaml *y = p.value.yaml;
    l->shards_mark = p.mark;
    if (y->kind != AMTG_YAML_SCALAR || !amtg_param_scalar(&spec, y->text, &l->shards))
        graph_piece_problem(l, &p, "shards", amtg_param_expected(&spec, expected, sizeof expected),
                            NULL, "this is no number of shards");
}

/* Each element must allow for copies. */
static void check_shards(struct loader *l)
{
    for (unsigned n = 0; n < l->nodes_count && l->shards > 1; n++)
        if (l->nodes[n].class->flags & AMTG_SINGLE) {
            graph_problem(l, l->nodes[n].mark, l->nodes[n].name, NULL, NULL,
                          "there can be only one %s, so the graph can have no shards",
                          l->nodes[n].class->name);
            amtg_diag_note(l->diag, l->shards_mark, "shards are asked for here");
        }
}

void graph_check(struct loader *l, struct amtg_graph *g)
{
    check_shards(l);
    g->shards = l->shards;
    check_types(l);
    if (!l->options->ports_may_be_open) {
        check_open(l);
        check_reach(l);
    }
    check_silent(l);
    copy_edges(l, g);
    for (unsigned n = 0; n < l->nodes_count; n++)
        for (unsigned i = 0; i < l->nodes[n].ins_count; i++)
            l->nodes[n].ins[i].edge = -1; /* of outputs only, says the header */
}
