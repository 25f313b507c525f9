/* Cycles that must not be, and the order in which elements start. */
#include <string.h>

#include "core/graph_private.h"

/* Arrows between nodes: those of node n lead to to[start[n]] .. to[start[n + 1] - 1]. */
struct arrows {
    unsigned *start, *to;
};

enum arrow_kind {
    FLOW,         /* every edge */
    FLOW_THROUGH, /* edges whose end may emit from inside its push */
    REFERENCES,
};

static bool counts(const struct amtg_graph *g, enum arrow_kind kind, unsigned to)
{
    return kind != FLOW_THROUGH || !(g->nodes[to].class->flags & AMTG_BREAKS);
}

static struct arrows make_arrows(struct loader *l, const struct amtg_graph *g, enum arrow_kind kind)
{
    unsigned room = g->edges_count, used = 0;

    for (unsigned n = 0; n < g->nodes_count; n++)
        room += g->nodes[n].refs_count;
    struct arrows a = {amtg_arena_get(l->arena, (g->nodes_count + 1) * sizeof *a.start),
                       amtg_arena_get(l->arena, (room + 1) * sizeof *a.to)};
    for (unsigned n = 0; n < g->nodes_count; n++) {
        const struct amtg_graph_node *node = &g->nodes[n];
        a.start[n] = used;
        for (unsigned o = 0; kind != REFERENCES && o < node->outs_count; o++)
            if (node->outs[o].edge >= 0 && counts(g, kind, g->edges[node->outs[o].edge].to))
                a.to[used++] = g->edges[node->outs[o].edge].to;
        for (unsigned r = 0; kind == REFERENCES && r < node->refs_count; r++)
            a.to[used++] = node->refs[r].target;
    }
    a.start[g->nodes_count] = used;
    return a;
}

/* ---- strongly connected components (Tarjan), without recursion ------------------- */

struct tarjan {
    unsigned *index, *low, *component, *stack, *path, *next;
    bool *on_stack;
    unsigned count, depth, way, components;
};

static void *numbers(struct loader *l, unsigned count)
{
    return amtg_arena_get(l->arena, (count + 1) * sizeof(unsigned));
}

static void enter(struct tarjan *t, const struct arrows *a, unsigned n)
{
    t->index[n] = t->low[n] = ++t->count;
    t->next[n] = a->start[n];
    t->stack[t->depth++] = n;
    t->on_stack[n] = true;
    t->path[t->way++] = n;
}

static void leave(struct tarjan *t, unsigned n)
{
    t->way--;
    if (t->way > 0 && t->low[n] < t->low[t->path[t->way - 1]])
        t->low[t->path[t->way - 1]] = t->low[n];
    if (t->low[n] != t->index[n])
        return;
    unsigned member;
    do {
        member = t->stack[--t->depth];
        t->on_stack[member] = false;
        t->component[member] = t->components;
    } while (member != n);
    t->components++;
}

/* The number of each node's component; nodes on a common cycle have the same. */
static unsigned *components(struct loader *l, const struct amtg_graph *g, const struct arrows *a)
{
    unsigned count = g->nodes_count;
    struct tarjan t = {.index = numbers(l, count), .low = numbers(l, count),
                       .component = numbers(l, count), .stack = numbers(l, count),
                       .path = numbers(l, count), .next = numbers(l, count),
                       .on_stack = amtg_arena_get(l->arena, count + 1)};

    for (unsigned root = 0; root < count; root++) {
        if (t.index[root])
            continue;
        enter(&t, a, root);
        while (t.way > 0) {
            unsigned n = t.path[t.way - 1];
            if (t.next[n] == a->start[n + 1]) {
                leave(&t, n);
                continue;
            }
            unsigned to = a->to[t.next[n]++];
            if (!t.index[to])
                enter(&t, a, to);
            else if (t.on_stack[to] && t.index[to] < t.low[n])
                t.low[n] = t.index[to];
        }
    }
    return t.component;
}

/* ---- cycles ---------------------------------------------------------------------- */

enum { SHOWN = 8 }; /* elements of a cycle that a message names */

/* "a -> b -> a" for the way that ends at `last` and begins at n; long ones are cut. */
static const char *cycle_text(struct loader *l, const struct amtg_graph *g, const unsigned *before,
                              unsigned n, unsigned last)
{
    const char *text = g->nodes[n].name;
    unsigned length = 0, from_end = 0;

    for (unsigned k = last; k != n; k = before[k] - 1)
        length++;
    for (unsigned k = last; k != n; k = before[k] - 1, from_end++) {
        if (length <= SHOWN || from_end < SHOWN / 2 || length - from_end <= SHOWN / 2)
            text = amtg_arena_printf(l->arena, "%s -> %s", g->nodes[k].name, text);
        else if (from_end == SHOWN / 2)
            text = amtg_arena_printf(l->arena, "... -> %s", text);
    }
    return amtg_arena_printf(l->arena, "%s -> %s", g->nodes[n].name, text);
}

/* The shortest way from n back to n inside its component; NULL: there is none. */
static const char *find_cycle(struct loader *l, const struct amtg_graph *g, const struct arrows *a,
                              const unsigned *component, unsigned n, unsigned *before,
                              unsigned *queue)
{
    unsigned head = 0, tail = 0;

    queue[tail++] = n;
    while (head < tail) {
        unsigned at = queue[head++];
        for (unsigned i = a->start[at]; i < a->start[at + 1]; i++) {
            unsigned to = a->to[i];
            if (to == n)
                return cycle_text(l, g, before, n, at);
            if (component[to] != component[n] || before[to])
                continue;
            before[to] = at + 1;
            queue[tail++] = to;
        }
    }
    return NULL;
}

/* One problem per component that holds a cycle, at its first element. */
static void check_cycles(struct loader *l, const struct amtg_graph *g, enum arrow_kind kind)
{
    struct arrows a = make_arrows(l, g, kind);
    unsigned *component = components(l, g, &a), *before = numbers(l, g->nodes_count),
             *queue = numbers(l, g->nodes_count), *size = numbers(l, g->nodes_count);

    for (unsigned n = 0; n < g->nodes_count; n++)
        size[component[n]]++;
    for (unsigned n = 0; n < g->nodes_count; n++) {
        bool own = false;
        for (unsigned i = a.start[n]; i < a.start[n + 1]; i++)
            own |= a.to[i] == n;
        if (!own && size[component[n]] < 2)
            continue;
        const char *way = find_cycle(l, g, &a, component, n, before, queue);
        if (!way)
            continue;
        size[component[n]] = 0; /* said once */
        if (kind == REFERENCES)
            graph_problem(l, g->nodes[n].mark, g->nodes[n].name, NULL, NULL,
                          "references go round in a circle: %s", way);
        else
            graph_problem(l, g->nodes[n].mark, g->nodes[n].name, NULL, NULL,
                          "a cycle without an element that breaks it, such as a queue: %s", way);
    }
}

void graph_cycles(struct loader *l, const struct amtg_graph *g)
{
    check_cycles(l, g, FLOW_THROUGH);
    check_cycles(l, g, REFERENCES);
}

/* ---- order of start -------------------------------------------------------------- */

/*
 * What a node waits for: the elements that it refers to, always; those that it
 * feeds, unless that would go round in a circle, as udp -> .. -> udp does. Edges
 * into a breaker do not count where they close such a circle. Where a reference
 * closes one instead, the first breaker that waits for no reference starts.
 */
struct waiting {
    struct loader *l;
    struct amtg_graph *g;
    struct arrows flow, refs; /* from a node to what it waits for */
    unsigned *hard, *soft;    /* how many of them have not started */
    unsigned *back_start, *back_to; /* from a node to those that wait for it, hard ones marked */
    bool *done;
    unsigned *ready, head, tail, placed, cursor;
};

enum { HARD = 1u << 31 };

static void place(struct waiting *w, unsigned n)
{
    w->done[n] = true;
    w->g->order[w->placed++] = n;
    for (unsigned i = w->back_start[n]; i < w->back_start[n + 1]; i++) {
        unsigned other = w->back_to[i] & ~HARD;
        unsigned *left = w->back_to[i] & HARD ? &w->hard[other] : &w->soft[other];
        --*left;
        if (w->hard[other] + w->soft[other] == 0 && !w->done[other])
            w->ready[w->tail++] = other;
    }
}

/* Nobody is free: who may start though what it feeds has not? -1: references go in a circle. */
static int pick(struct waiting *w)
{
    int first = -1;

    for (unsigned n = w->cursor; n < w->g->nodes_count; n++) {
        if (w->done[n]) {
            w->cursor += n == w->cursor;
            continue;
        }
        if (w->hard[n] > 0)
            continue;
        if (w->g->nodes[n].class->flags & AMTG_BREAKS)
            return (int)n;
        if (first < 0)
            first = (int)n;
    }
    return first;
}

/* Turn round what waits for what, so that a start can tell those that waited for it. */
static void turn_round(struct waiting *w, const unsigned *component)
{
    unsigned count = w->g->nodes_count;
    unsigned total = w->flow.start[count] + w->refs.start[count];
    unsigned *fill;

    w->back_start = numbers(w->l, count + 1);
    w->back_to = numbers(w->l, total);
    for (int pass = 0; pass < 2; pass++) {
        fill = numbers(w->l, count + 1);
        for (unsigned n = 0; n < count; n++) {
            for (unsigned i = w->flow.start[n]; i < w->flow.start[n + 1]; i++) {
                unsigned to = w->flow.to[i];
                bool closes = component[to] == component[n] &&
                              (to == n || (w->g->nodes[to].class->flags & AMTG_BREAKS));
                if (closes)
                    continue;
                if (pass == 1) {
                    w->back_to[w->back_start[to] + fill[to]] = n;
                    w->soft[n]++;
                }
                fill[to]++;
            }
            for (unsigned i = w->refs.start[n]; i < w->refs.start[n + 1]; i++) {
                unsigned to = w->refs.to[i];
                if (pass == 1) {
                    w->back_to[w->back_start[to] + fill[to]] = n | HARD;
                    w->hard[n]++;
                }
                fill[to]++;
            }
        }
        for (unsigned n = 0; pass == 0 && n < count; n++)
            w->back_start[n + 1] = w->back_start[n] + fill[n];
    }
}

void graph_order(struct loader *l, struct amtg_graph *g)
{
    unsigned count = g->nodes_count;
    struct waiting w = {
        .l = l, .g = g,
        .flow = make_arrows(l, g, FLOW), .refs = make_arrows(l, g, REFERENCES),
        .hard = numbers(l, count), .soft = numbers(l, count), .ready = numbers(l, 2 * count),
        .done = amtg_arena_get(l->arena, count + 1),
    };

    g->order = numbers(l, count);
    turn_round(&w, components(l, g, &w.flow));
    for (unsigned n = 0; n < count; n++)
        if (w.hard[n] + w.soft[n] == 0)
            w.ready[w.tail++] = n;
    while (w.placed < count) {
        int n = w.head < w.tail ? (int)w.ready[w.head++] : pick(&w);
        if (n < 0)
            return; /* reported by graph_cycles */
        if (!w.done[n])
            place(&w, (unsigned)n);
    }
}
