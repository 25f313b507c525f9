/*
 * Which ports an edge means, and what type each edge has.
 *
 * An end that names no port means the only one that fits by type. A port that
 * carries types through (counter, tee, queue) has one only when what comes in is
 * known, so edges are settled from the sources on; what is left then lies on
 * cycles and is settled with what is known so far. At the end all types are
 * worked out again, to a fixpoint, over the finished wiring.
 */
#include <string.h>

#include "core/graph_private.h"

struct queue {
    unsigned *items;
    unsigned head, count;
};

const char *graph_port_name(struct loader *l, struct port_at at, bool output)
{
    const struct amtg_graph_node *n = &l->nodes[at.node];

    return amtg_arena_printf(l->arena, "%s.%s", n->name,
                             output ? n->outs[at.port].name : n->ins[at.port].name);
}

/* The type that an output has by what is known now; NULL: not known. */
static const struct amtg_type *out_type(const struct loader *l, struct port_at at)
{
    const struct amtg_port *port = l->nodes[at.node].outs[at.port].port;
    const struct draft *d = &l->drafts[at.node];

    if (!(port->flags & AMTG_CARRIES_TYPE))
        return port->type;
    if (!d->carry)
        return NULL;
    return amtg_type_is(d->carry, port->type) ? d->carry : port->type;
}

static const struct amtg_port *in_port(const struct loader *l, struct port_at at)
{
    return l->nodes[at.node].ins[at.port].port;
}

/* ---- settling -------------------------------------------------------------------- */

static const char *describe_end(struct loader *l, const struct end *end, bool output)
{
    const char *text = NULL;
    unsigned shown = end->count < 12 ? end->count : 12;

    for (unsigned i = 0; i < shown; i++) {
        struct port_at at = end->ports[i];
        const struct amtg_type *type = output ? out_type(l, at) : in_port(l, at)->type;
        const char *one =
            amtg_arena_printf(l->arena, "%s (%s)", end->names[i], type ? type->name : "any");
        text = text ? amtg_arena_printf(l->arena, "%s%s%s", text,
                                        i + 1 == end->count ? " and " : ", ", one)
                    : one;
    }
    return shown < end->count ? amtg_arena_printf(l->arena, "%s, ...", text) : text;
}

static void spoil(struct loader *l, struct draft_edge *e)
{
    e->bad = true;
    for (unsigned i = 0; i < e->from.count; i++)
        l->drafts[e->from.ports[i].node].tainted = true;
    for (unsigned i = 0; i < e->to.count; i++)
        l->drafts[e->to.ports[i].node].tainted = true;
}

/* Several pairs of ports fit, or none does: say which there are. */
static void ambiguous(struct loader *l, struct draft_edge *e, unsigned outs)
{
    if (outs == 0)
        graph_problem(l, e->mark, NULL, NULL, NULL,
                      "no type fits: \"%.60s\" gives %s, \"%.60s\" takes %s", e->from.text,
                      describe_end(l, &e->from, true), e->to.text, describe_end(l, &e->to, false));
    else if (outs > 1)
        graph_problem(l, e->from.mark, NULL,
                      amtg_arena_printf(l->arena, "%.60s.PORT", e->from.text), NULL,
                      "several outputs of \"%.60s\" fit \"%.60s\": %s", e->from.text, e->to.text,
                      describe_end(l, &e->from, true));
    else
        graph_problem(l, e->to.mark, NULL, amtg_arena_printf(l->arena, "%.60s.PORT", e->to.text),
                      NULL, "several inputs of \"%.60s\" fit \"%.60s\": %s", e->to.text,
                      e->from.text, describe_end(l, &e->to, false));
    spoil(l, e);
}

/* The ports of one end that fit some port of the other. */
static struct end fitting(struct loader *l, const struct draft_edge *e, bool output)
{
    const struct end *these = output ? &e->from : &e->to, *others = output ? &e->to : &e->from;
    struct end fit = *these;

    fit.count = 0;
    fit.ports = amtg_arena_get(l->arena, these->count * sizeof *fit.ports);
    fit.names = amtg_arena_get(l->arena, these->count * sizeof *fit.names);
    for (unsigned i = 0; i < these->count; i++)
        for (unsigned k = 0; k < others->count; k++) {
            struct port_at out = output ? these->ports[i] : others->ports[k];
            struct port_at in = output ? others->ports[k] : these->ports[i];
            if (!amtg_type_is(out_type(l, out), in_port(l, in)->type))
                continue;
            fit.ports[fit.count] = these->ports[i];
            fit.names[fit.count++] = these->names[i];
            break;
        }
    return fit;
}

/* The pair of ports that fits. What is the only pair is taken; whether it fits is told later. */
static void choose(struct loader *l, struct draft_edge *e)
{
    bool only_one = e->from.count == 1 && e->to.count == 1;

    for (unsigned i = 0; i < e->from.count && !only_one; i++)
        if (!out_type(l, e->from.ports[i])) { /* follows from a problem that is told elsewhere */
            spoil(l, e);
            return;
        }
    struct end from = only_one ? e->from : fitting(l, e, true);
    struct end to = only_one ? e->to : fitting(l, e, false);
    if (from.count == 1 && to.count == 1) {
        e->out = from.ports[0];
        e->in = to.ports[0];
        return;
    }
    if (from.count > 0) { /* say only what fits */
        e->from = from;
        e->to = to;
    }
    ambiguous(l, e, from.count);
}

static void settle_edge(struct loader *l, unsigned edge, struct queue *ready)
{
    struct draft_edge *e = &l->edges[edge];
    struct end to = e->to; /* as counted in `unsettled` */

    choose(l, e);
    e->settled = true;
    if (!e->bad) {
        struct draft *d = &l->drafts[e->in.node];
        const struct amtg_type *type = out_type(l, e->out);
        if (type)
            d->carry = amtg_type_common(d->carry, type);
    }
    for (unsigned i = 0; i < to.count; i++) {
        struct draft *d = &l->drafts[to.ports[i].node];
        if (--d->unsettled > 0)
            continue;
        for (struct wait *w = d->waiting; w; w = w->next)
            if (--l->edges[w->edge].waits == 0)
                ready->items[ready->count++] = w->edge;
        d->waiting = NULL;
    }
}

static bool carries(const struct loader *l, struct port_at at)
{
    return l->nodes[at.node].outs[at.port].port->flags & AMTG_CARRIES_TYPE;
}

/* An edge waits for each element whose type it needs and does not know yet. */
static void wait_for_types(struct loader *l, unsigned edge, struct queue *ready)
{
    struct draft_edge *e = &l->edges[edge];

    for (unsigned i = 0; i < e->from.count; i++) {
        struct draft *d = &l->drafts[e->from.ports[i].node];
        if (!carries(l, e->from.ports[i]) || d->unsettled == 0)
            continue;
        struct wait *w = amtg_arena_get(l->arena, sizeof *w);
        *w = (struct wait){d->waiting, edge};
        d->waiting = w;
        e->waits++;
    }
    if (e->waits == 0)
        ready->items[ready->count++] = edge;
}

static void drain(struct loader *l, struct queue *ready)
{
    while (ready->head < ready->count) {
        unsigned edge = ready->items[ready->head++];
        if (!l->edges[edge].settled)
            settle_edge(l, edge, ready);
    }
}

/* May it be settled with what is known now, though something upstream is not? */
static bool may_settle(const struct loader *l, const struct draft_edge *e, bool force)
{
    if (e->settled)
        return false;
    if (force || (e->from.count == 1 && e->to.count == 1))
        return true;
    for (unsigned i = 0; i < e->from.count; i++)
        if (!out_type(l, e->from.ports[i]))
            return false;
    return true;
}

static void settle_rest(struct loader *l, struct queue *ready, bool force)
{
    for (bool progress = true; progress;) {
        progress = false;
        for (unsigned i = 0; i < l->edges_count; i++) {
            if (!may_settle(l, &l->edges[i], force))
                continue;
            settle_edge(l, i, ready);
            drain(l, ready);
            progress = true;
        }
    }
}

/* ---- the fixpoint ---------------------------------------------------------------- */

/* What comes from nowhere yet: the test rig, or a user of this graph as an element. */
static bool fed_from_outside(const struct loader *l, unsigned node, unsigned in)
{
    const struct draft *d = &l->drafts[node];

    return d->in_fed[in] || (l->options->ports_may_be_open && l->nodes[node].ins[in].edge < 0);
}

/* What an input takes; of one that takes anything and passes it on: what those behind it take. */
static const struct amtg_type *taken_type(const struct loader *l, struct port_at at, unsigned *budget)
{
    const struct amtg_graph_node *n = &l->nodes[at.node];
    const struct amtg_type *type = n->ins[at.port].port->type;

    for (unsigned o = 0; o < n->outs_count; o++) {
        int edge = n->outs[o].edge;
        if (edge < 0 || !carries(l, (struct port_at){at.node, o}) || *budget == 0)
            continue;
        --*budget;
        const struct amtg_type *behind = taken_type(l, l->edges[edge].in, budget);
        if (amtg_type_is(behind, type))
            type = behind;
    }
    return type;
}

/* The type of what comes in from outside, where something does. */
static const struct amtg_type *outside_type(const struct loader *l, unsigned node, unsigned in)
{
    unsigned budget = 1000; /* edges to look along; there are cycles */

    if (!l->drafts[node].exported_in)
        return l->nodes[node].ins[in].port->type;
    return taken_type(l, (struct port_at){node, in}, &budget);
}

/* Edges of each output are in file order; wire them, and find outputs with two. */
static void wire(struct loader *l)
{
    for (unsigned i = 0; i < l->edges_count; i++) {
        struct draft_edge *e = &l->edges[i];
        if (e->bad)
            continue;
        struct amtg_graph_port *out = &l->nodes[e->out.node].outs[e->out.port];
        bool kept = l->drafts[e->out.node].out_kept[e->out.port];
        if (out->edge < 0 && !kept) {
            out->edge = (int)i;
            l->nodes[e->in.node].ins[e->in.port].edge = (int)i; /* any: it is fed */
            continue;
        }
        graph_problem(l, e->mark, NULL, NULL, NULL,
                      kept ? "the output \"%.120s\" is given away in `outputs` already"
                           : "the output \"%.120s\" already feeds an input: put a tee between",
                      graph_port_name(l, e->out, true));
        if (!kept)
            amtg_diag_note(l->diag, l->edges[out->edge].mark, "here");
        spoil(l, e);
    }
}

static bool out_to(const struct loader *l, struct port_at at)
{
    const struct amtg_port *port = l->nodes[at.node].outs[at.port].port;

    if (port->flags & AMTG_TO)
        return true;
    return (port->flags & AMTG_CARRIES_TO) && l->drafts[at.node].to;
}

static void start_types(struct loader *l)
{
    for (unsigned n = 0; n < l->nodes_count; n++) {
        struct draft *d = &l->drafts[n];
        d->carry = NULL;
        d->to = true;
        for (unsigned i = 0; i < l->nodes[n].ins_count; i++) {
            const struct amtg_port *port = l->nodes[n].ins[i].port;
            if (!fed_from_outside(l, n, i))
                continue;
            d->carry = amtg_type_common(d->carry, outside_type(l, n, i));
            d->to &= (port->flags & AMTG_TO) != 0;
        }
    }
}

/* Types only widen, `to` only turns false: so this ends, soon. */
static void fix_types(struct loader *l)
{
    unsigned room = l->nodes_count + 1; /* a ring: each node is in it once at most */
    struct queue q = {.items = amtg_arena_get(l->arena, room * sizeof *q.items)};
    bool *queued = amtg_arena_get(l->arena, l->nodes_count + 1);

    for (unsigned n = 0; n < l->nodes_count; n++) {
        q.items[q.count++ % room] = n;
        queued[n] = true;
    }
    while (q.head < q.count) {
        unsigned n = q.items[q.head++ % room];
        queued[n] = false;
        for (unsigned o = 0; o < l->nodes[n].outs_count; o++) {
            struct port_at at = {n, o};
            int edge = l->nodes[n].outs[o].edge;
            if (edge < 0)
                continue;
            unsigned target = l->edges[edge].in.node;
            struct draft *d = &l->drafts[target];
            const struct amtg_type *type = out_type(l, at);
            const struct amtg_type *carry = type ? amtg_type_common(d->carry, type) : d->carry;
            bool to = d->to && out_to(l, at);
            if (carry == d->carry && to == d->to)
                continue;
            d->carry = carry;
            d->to = to;
            if (!queued[target]) {
                queued[target] = true;
                q.items[q.count++ % room] = target;
            }
        }
    }
}

/* What was worked out, where everybody reads it. */
static void store_types(struct loader *l)
{
    for (unsigned n = 0; n < l->nodes_count; n++) {
        struct amtg_graph_node *node = &l->nodes[n];
        for (unsigned o = 0; o < node->outs_count; o++) {
            struct port_at at = {n, o};
            node->outs[o].type = out_type(l, at);
            node->outs[o].to = node->outs[o].type && out_to(l, at);
        }
        for (unsigned i = 0; i < node->ins_count; i++) {
            bool outside = fed_from_outside(l, n, i);
            node->ins[i].type = outside ? outside_type(l, n, i) : NULL;
            node->ins[i].to = outside && (node->ins[i].port->flags & AMTG_TO);
        }
    }
    for (unsigned i = 0; i < l->edges_count; i++) {
        const struct draft_edge *e = &l->edges[i];
        if (e->bad)
            continue;
        struct amtg_graph_port *in = &l->nodes[e->in.node].ins[e->in.port];
        bool first = in->type == NULL;
        in->type = amtg_type_common(in->type, l->nodes[e->out.node].outs[e->out.port].type);
        in->to = l->nodes[e->out.node].outs[e->out.port].to && (first || in->to);
    }
}

void graph_settle(struct loader *l)
{
    size_t room = (l->edges_count + 1) * sizeof(unsigned);
    struct queue ready = {.items = amtg_arena_get(l->arena, room)};

    for (unsigned i = 0; i < l->edges_count; i++)
        for (unsigned k = 0; k < l->edges[i].to.count; k++)
            l->drafts[l->edges[i].to.ports[k].node].unsettled++;
    for (unsigned n = 0; n < l->nodes_count; n++) {
        struct draft *d = &l->drafts[n];
        bool open = l->options->ports_may_be_open && d->unsettled == 0;
        for (unsigned i = 0; i < l->nodes[n].ins_count; i++)
            if (d->in_fed[i] || open)
                d->carry = amtg_type_common(d->carry, l->nodes[n].ins[i].port->type);
    }
    for (unsigned i = 0; i < l->edges_count; i++)
        wait_for_types(l, i, &ready);
    drain(l, &ready);
    settle_rest(l, &ready, false);
    settle_rest(l, &ready, true);
    wire(l);
    start_types(l);
    fix_types(l);
    store_types(l);
}
