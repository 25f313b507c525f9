/*
 * Layers: an order of the items in which few edges lead back, then as far left as
 * that order allows, then nearer to where their lines are.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/draw/plane.h"

enum { PASSES = 4, FORCED = 1000 };

struct order {
    struct plane *p;
    unsigned *items; /* in order */
    unsigned count;
    int *weights; /* scratch: of edges between one item and each other */
};

/* An edge as layers take it: `from` is to stand before `to`. */
struct arc {
    unsigned from, to;
    int weight; /* how bad it is when it stands behind */
};

static bool counts(const struct wire *w)
{
    return !w->reference && w->from.item != w->to.item;
}

/* What a cycle passes through that is not to have it: gates are at the very ends. */
static int weight_into(const struct plane *p, const struct wire *w)
{
    const struct item *to = &p->items[w->to.item];

    if (to->kind == ITEM_GATE_OUT || p->items[w->from.item].kind == ITEM_GATE_IN)
        return FORCED;
    if (to->kind != ITEM_BOX)
        return 2;
    return p->d->graph->nodes[p->d->boxes[to->of].node].class->flags & AMTG_BREAKS ? 3 : 4;
}

static struct arc arc_of(const struct plane *p, const struct wire *w)
{
    int weight = weight_into(p, w);

    return w->back ? (struct arc){w->to.item, w->from.item, weight}
                   : (struct arc){w->from.item, w->to.item, weight};
}

static void collect_links(struct plane *p)
{
    for (unsigned i = 0; i < p->wires_count; i++) {
        const struct end ends[] = {p->wires[i].from, p->wires[i].to};
        for (unsigned k = 0; k < 2 && counts(&p->wires[i]); k++) {
            struct item *item = &p->items[ends[k].item];
            item->links =
                amtg_arena_grow(p->d->arena, item->links, item->links_count, sizeof(unsigned));
            item->links[item->links_count++] = i;
        }
    }
}

/* Depth first; an item stands before all that was found from it (filled from the end). */
static void visit(struct order *o, unsigned from, bool *seen, unsigned *place)
{
    const struct plane *p = o->p;
    const struct item *item = &p->items[from];

    seen[from] = true;
    for (unsigned i = item->links_count; i-- > 0;) {
        struct arc a = arc_of(p, &p->wires[item->links[i]]);
        if (a.from == from && !seen[a.to])
            visit(o, a.to, seen, place);
    }
    o->items[--*place] = from;
}

/* All that what comes from `from` leads to. Further on, who asks hears from whom it asks. */
static void reach(const struct plane *p, unsigned from, bool *seen)
{
    memset(seen, 0, p->items_count * sizeof *seen);
    seen[from] = true;
    for (bool more = true; more;) {
        more = false;
        for (unsigned i = 0; i < p->wires_count; i++) {
            const struct wire *w = &p->wires[i];
            unsigned a = w->reference ? w->to.item : w->from.item;
            unsigned b = w->reference ? w->from.item : w->to.item;
            if (w->reference && a == from)
                continue;
            more |= seen[a] && !seen[b];
            seen[b] |= seen[a];
        }
    }
}

/* A socket is where a cycle begins and ends: what comes from it and leads to it, leads back. */
static void turn_at_hosts(struct plane *p)
{
    bool *seen = plane_get(p, p->items_count * sizeof *seen);

    for (unsigned i = 0; i < p->items_count; i++) {
        if (p->items[i].kind != ITEM_BOX ||
            !(p->d->graph->nodes[p->d->boxes[p->items[i].of].node].class->flags & AMTG_HOST))
            continue;
        reach(p, i, seen);
        for (unsigned k = 0; k < p->items[i].links_count; k++) {
            struct wire *w = &p->wires[p->items[i].links[k]];
            w->back = w->to.item == i ? seen[w->from.item] : w->back;
        }
    }
}

static void first_order(struct order *o)
{
    unsigned place = o->p->items_count;
    bool *seen = plane_get(o->p, o->p->items_count * sizeof *seen);

    for (unsigned i = o->p->items_count; i-- > 0;) /* the last one that is visited stands first */
        if (!seen[i])
            visit(o, i, seen, &place);
}

/* Move an item to where the least weight leads back, as near as may be; false: it stands well. */
static bool sift(struct order *o, unsigned at)
{
    struct plane *p = o->p;
    unsigned item = o->items[at], best_at = at;
    int cost = 0, best = 0, here = 0;

    for (unsigned i = 0; i < p->items[item].links_count; i++) {
        struct arc a = arc_of(p, &p->wires[p->items[item].links[i]]);
        if (a.from == item)
            o->weights[a.to] += a.weight;
        else
            o->weights[a.from] -= a.weight;
        cost += a.to == item ? a.weight : 0; /* at the very front, all that comes leads back */
    }
    best = cost + 1;
    for (unsigned i = 0, before = 0; i <= o->count; i++) {
        /* `before` others stand before this place. */
        unsigned d = before > at ? before - at : at - before;
        unsigned best_d = best_at > at ? best_at - at : at - best_at;
        if (cost < best || (cost == best && d < best_d))
            best = cost, best_at = before;
        if (before == at && i <= at)
            here = cost;
        if (i == o->count || o->items[i] == item)
            continue;
        cost += o->weights[o->items[i]];
        before++;
    }
    for (unsigned i = 0; i < p->items[item].links_count; i++) {
        struct arc a = arc_of(p, &p->wires[p->items[item].links[i]]);
        o->weights[a.from] = o->weights[a.to] = 0;
    }
    if (best >= here)
        return false;
    memmove(o->items + at, o->items + at + 1, (o->count - 1 - at) * sizeof *o->items);
    memmove(o->items + best_at + 1, o->items + best_at,
            (o->count - 1 - best_at) * sizeof *o->items);
    o->items[best_at] = item;
    return true;
}

static void find_order(struct order *o)
{
    struct plane *p = o->p;

    o->count = p->items_count;
    o->items = plane_get(p, (o->count + 1) * sizeof *o->items);
    o->weights = plane_get(p, (o->count + 1) * sizeof *o->weights);
    turn_at_hosts(p);
    first_order(o);
    for (int pass = 0; pass < PASSES; pass++) {
        bool moved = false;
        for (unsigned i = 0; i < o->count; i++)
            moved |= sift(o, i);
        if (!moved)
            break;
    }
    for (unsigned i = 0; i < o->count; i++)
        p->items[o->items[i]].order = (int)i;
}

/*
 * The layers that its lines leave to an item: after all that stand before it in the order,
 * before all others. balance: more lines to the right than to the left.
 */
static void room_of(const struct plane *p, unsigned at, int *low, int *high, int *balance)
{
    const struct item *item = &p->items[at];

    for (unsigned i = 0; i < item->links_count; i++) {
        const struct wire *w = &p->wires[item->links[i]];
        const struct item *other = &p->items[w->from.item == at ? w->to.item : w->from.item];
        if (other->order < item->order) {
            *low = other->layer + 1 > *low ? other->layer + 1 : *low;
            --*balance;
        } else {
            *high = other->layer - 1 < *high ? other->layer - 1 : *high;
            ++*balance;
        }
    }
}

static void assign(struct order *o, int first)
{
    struct plane *p = o->p;
    enum { FAR = 1 << 20 };

    for (unsigned i = 0; i < o->count; i++) {
        int low = p->items[o->items[i]].kind == ITEM_GATE_IN ? 0 : first, high = FAR, balance = 0;
        room_of(p, o->items[i], &low, &high, &balance);
        p->items[o->items[i]].layer = low;
    }
    for (int pass = 0; pass < PASSES; pass++)
        for (unsigned i = o->count; i-- > 0;) {
            struct item *item = &p->items[o->items[i]];
            int low = first, high = FAR, balance = 0;
            room_of(p, o->items[i], &low, &high, &balance);
            if (item->kind != ITEM_GATE_IN && item->links_count)
                item->layer = balance > 0 && high < FAR ? high : low;
        }
}

/* Who has only references stands just before the first that asks it or that it asks. */
static void assign_referred(struct plane *p, int first)
{
    for (unsigned i = 0; i < p->items_count; i++) {
        struct item *item = &p->items[i];
        int least = 1 << 20;
        if (item->links_count)
            continue;
        for (unsigned k = 0; k < p->wires_count; k++) {
            const struct wire *w = &p->wires[k];
            if (w->from.item != i && w->to.item != i)
                continue;
            const struct item *other = &p->items[w->from.item == i ? w->to.item : w->from.item];
            if (other->links_count && other->layer < least)
                least = other->layer;
        }
        if (least < 1 << 20)
            item->layer = least > first ? least - 1 : least + 1;
    }
}

/* Numbers without holes, and gates out at the very last. */
static void number(struct plane *p)
{
    int last = 0, next = 0;

    for (unsigned i = 0; i < p->items_count; i++)
        last = p->items[i].layer > last ? p->items[i].layer : last;
    for (unsigned i = 0; i < p->items_count; i++)
        if (p->items[i].kind == ITEM_GATE_OUT)
            p->items[i].layer = last + 1;
    int *numbers = plane_get(p, ((size_t)last + 2) * sizeof *numbers);
    for (unsigned i = 0; i < p->items_count; i++)
        numbers[p->items[i].layer] = 1;
    for (int i = 0; i <= last + 1; i++)
        numbers[i] = numbers[i] ? next++ : -1;
    for (unsigned i = 0; i < p->items_count; i++)
        p->items[i].layer = numbers[p->items[i].layer];
    p->layers_count = (unsigned)next;
}

void plane_layers(struct plane *p)
{
    struct order o = {.p = p};
    int first = p->gates_in ? 1 : 0;

    collect_links(p);
    find_order(&o);
    assign(&o, first);
    assign_referred(p, first);
    number(p);
    for (unsigned i = 0; i < p->items_count; i++) { /* from now on: links */
        p->items[i].links = NULL;
        p->items[i].links_count = 0;
    }
}
