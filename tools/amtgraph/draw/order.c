/*
 * The order of each layer. Sweeps by barycentre first: an item goes to the middle of what
 * it is linked to. Then single items are moved to where they cause the fewest crossings,
 * as long as there are few enough of them to try. The best order of all is kept.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/draw/plane.h"

enum { STARTS = 24, SWEEPS = 12, ROUNDS = 6 };
static const double WORK_MOST = 3e6; /* pairs of links looked at, for one layer in one round */

/* A link as crossings see it: where it meets the two boundaries of its gap. */
struct chord {
    double a, b;  /* by boundary, from top to bottom; of a turn: both on the one boundary */
    int boundary; /* of a turn: DRAW_LEFT or DRAW_RIGHT; else DRAW_NONE */
    int weight;
    struct end to;
};

struct ordering {
    struct plane *p;
    unsigned **gaps; /* links, by gap */
    unsigned *gap_sizes;
    struct chord *chords; /* scratch */
};

static double key_of(const struct plane *p, struct end e)
{
    const struct pin *pin = end_pin(p, e);

    return p->items[e.item].pos + (pin->rank + 1.0) / (p->items[e.item].side_pins[pin->side] + 2.0);
}

static void chord_of(const struct plane *p, const struct link *l, struct chord *c)
{
    enum draw_side from = end_boundary(p, l, l->from), to = end_boundary(p, l, l->to);
    double a = key_of(p, l->from), b = key_of(p, l->to);

    *c = (struct chord){
        .a = a, .b = b, .boundary = DRAW_NONE, .weight = l->weight > 1 ? 2 : 1, .to = l->to};
    if (from == to)
        *c = (struct chord){a < b ? a : b, a < b ? b : a, (int)from, c->weight, l->to};
    else if (from == DRAW_RIGHT)
        c->a = b, c->b = a;
}

static bool between(double low, double x, double high)
{
    return low < x && x < high;
}

static bool cross(const struct chord *c, const struct chord *d)
{
    if (same_end(c->to, d->to))
        return false;
    if (c->boundary == DRAW_NONE && d->boundary == DRAW_NONE)
        return (c->a - d->a) * (c->b - d->b) < 0;
    if (c->boundary == DRAW_NONE)
        return cross(d, c);
    if (d->boundary == DRAW_NONE)
        return between(c->a, c->boundary == DRAW_LEFT ? d->a : d->b, c->b);
    return c->boundary == d->boundary && between(c->a, d->a, c->b) != between(c->a, d->b, c->b);
}

/* Crossings in a gap, and a little for long ways up and down. */
static double gap_cost(struct ordering *o, unsigned gap)
{
    double cost = 0;
    unsigned n = o->gap_sizes[gap];

    for (unsigned i = 0; i < n; i++) {
        struct chord *c = &o->chords[i];
        chord_of(o->p, &o->p->links[o->gaps[gap][i]], c);
        cost += 0.01 * c->weight * fabs(c->a - c->b);
        for (unsigned k = 0; k < i; k++)
            if (cross(c, &o->chords[k]))
                cost += c->weight * o->chords[k].weight;
    }
    return cost;
}

static double layer_cost(struct ordering *o, unsigned layer)
{
    return gap_cost(o, layer) + gap_cost(o, layer + 1);
}

static double whole_cost(struct ordering *o)
{
    double cost = 0;

    for (unsigned gap = 0; gap <= o->p->layers_count; gap++)
        cost += gap_cost(o, gap);
    return cost;
}

/* Pins that may move follow what they lead to. */
static void order_pins(struct plane *p, struct item *item)
{
    for (unsigned i = 0; i < item->pins_count; i++)
        item->pins[i].key = item->pins[i].fixed ? 1e9 : item->pins[i].rank * 1e-6;
    for (unsigned i = 0; i < item->links_count; i++) {
        const struct link *l = &p->links[item->links[i]];
        bool from = &p->items[l->from.item] == item;
        struct end here = from ? l->from : l->to, there = from ? l->to : l->from;
        const struct item *other = &p->items[there.item];
        struct pin *pin = &item->pins[here.pin];
        if (pin->fixed)
            continue;
        if (other == item)
            pin->key += 1e6;
        else if (other->layer == item->layer) /* a turn: to the outside */
            pin->key += other->pos > item->pos ? 1e6 - other->pos : -1e6 - other->pos;
        else
            pin->key += key_of(p, there);
    }
    for (unsigned i = 0; i < item->pins_count; i++) {
        int rank = 0;
        for (unsigned k = 0; k < item->pins_count; k++)
            rank += item->pins[k].side == item->pins[i].side &&
                    (item->pins[k].key < item->pins[i].key ||
                     (item->pins[k].key == item->pins[i].key && k < i));
        item->pins[i].rank = rank;
    }
}

static void order_all_pins(struct plane *p)
{
    for (unsigned i = 0; i < p->items_count; i++)
        if (p->items[i].kind == ITEM_BOX)
            order_pins(p, &p->items[i]);
}

static void set_positions(struct plane *p, unsigned layer)
{
    for (unsigned i = 0; i < p->layer_sizes[layer]; i++)
        p->items[p->layers[layer][i]].pos = (int)i;
}

/* The middle of what an item is linked to: in the layer before, or behind, and in its own. */
static void barycentre(struct plane *p, unsigned at, int towards)
{
    struct item *item = &p->items[at];
    double sum = 0, weights = 0;

    for (unsigned i = 0; i < item->links_count; i++) {
        const struct link *l = &p->links[item->links[i]];
        struct end there = l->from.item == at ? l->to : l->from;
        int layer = p->items[there.item].layer;
        if (layer != item->layer + towards && layer != item->layer)
            continue;
        double share = (key_of(p, there) + 0.5) / (p->layer_sizes[layer] + 1);
        sum += l->weight * share;
        weights += l->weight;
    }
    item->key = weights > 0 ? sum / weights : (item->pos + 0.5) / (p->layer_sizes[item->layer] + 1);
}

static void sweep_layer(struct plane *p, unsigned layer, int towards)
{
    unsigned *items = p->layers[layer];

    for (unsigned i = 0; i < p->layer_sizes[layer]; i++)
        barycentre(p, items[i], towards);
    for (unsigned i = 1; i < p->layer_sizes[layer]; i++) {
        unsigned item = items[i], k = i;
        for (; k > 0 && p->items[items[k - 1]].key > p->items[item].key; k--)
            items[k] = items[k - 1];
        items[k] = item;
    }
    set_positions(p, layer);
}

struct kept {
    double cost;
    int *pos, **ranks;
};

static void keep(struct ordering *o, struct kept *best)
{
    struct plane *p = o->p;
    double cost = whole_cost(o);

    if (cost >= best->cost)
        return;
    best->cost = cost;
    for (unsigned i = 0; i < p->items_count; i++) {
        best->pos[i] = p->items[i].pos;
        for (unsigned k = 0; k < p->items[i].pins_count; k++)
            best->ranks[i][k] = p->items[i].pins[k].rank;
    }
}

static void restore(struct plane *p, const struct kept *best)
{
    for (unsigned i = 0; i < p->items_count; i++) {
        p->items[i].pos = best->pos[i];
        p->layers[p->items[i].layer][best->pos[i]] = i;
        for (unsigned k = 0; k < p->items[i].pins_count; k++)
            p->items[i].pins[k].rank = best->ranks[i][k];
    }
}

/* The item at `at` of a layer to the place where the layer costs least. */
static bool move_best(struct ordering *o, unsigned layer, unsigned at)
{
    struct plane *p = o->p;
    unsigned *items = p->layers[layer], item = items[at], n = p->layer_sizes[layer], best_at = at;
    double best = layer_cost(o, layer) - 1e-9;

    memmove(items + at, items + at + 1, (n - 1 - at) * sizeof *items);
    for (unsigned i = 0; i < n; i++) {
        memmove(items + i + 1, items + i, (n - 1 - i) * sizeof *items);
        items[i] = item;
        set_positions(p, layer);
        double cost = i == at ? best : layer_cost(o, layer);
        if (cost < best)
            best = cost, best_at = i;
        memmove(items + i, items + i + 1, (n - 1 - i) * sizeof *items);
    }
    memmove(items + best_at + 1, items + best_at, (n - 1 - best_at) * sizeof *items);
    items[best_at] = item;
    set_positions(p, layer);
    return best_at != at;
}

static bool moves(struct ordering *o)
{
    bool moved = false;

    for (unsigned layer = 0; layer < o->p->layers_count; layer++) {
        double links = o->gap_sizes[layer] + o->gap_sizes[layer + 1];
        double n = o->p->layer_sizes[layer];
        if (n * n * links * links > WORK_MOST)
            continue;
        for (unsigned i = 0; i < n; i++)
            moved |= move_best(o, layer, i);
    }
    return moved;
}

static void prepare_kept(struct plane *p, struct kept *kept)
{
    kept->pos = plane_get(p, (p->items_count + 1) * sizeof *kept->pos);
    kept->ranks = plane_get(p, (p->items_count + 1) * sizeof *kept->ranks);
    for (unsigned i = 0; i < p->items_count; i++)
        kept->ranks[i] = plane_get(p, (p->items[i].pins_count + 1) * sizeof **kept->ranks);
}

static void prepare(struct ordering *o, struct kept *best)
{
    struct plane *p = o->p;

    p->layers = plane_get(p, (p->layers_count + 1) * sizeof *p->layers);
    p->layer_sizes = plane_get(p, (p->layers_count + 1) * sizeof *p->layer_sizes);
    prepare_kept(p, best);
    for (unsigned i = 0; i < p->items_count; i++) {
        int layer = p->items[i].layer;
        p->layers[layer] = amtg_arena_grow(p->d->arena, p->layers[layer], p->layer_sizes[layer],
                                           sizeof **p->layers);
        p->items[i].pos = (int)p->layer_sizes[layer];
        p->layers[layer][p->layer_sizes[layer]++] = i;
    }
    o->gaps = plane_get(p, (p->layers_count + 1) * sizeof *o->gaps);
    o->gap_sizes = plane_get(p, (p->layers_count + 1) * sizeof *o->gap_sizes);
    o->chords = plane_get(p, (p->links_count + 1) * sizeof *o->chords);
    for (unsigned i = 0; i < p->links_count; i++) {
        unsigned gap = p->links[i].gap;
        o->gaps[gap] =
            amtg_arena_grow(p->d->arena, o->gaps[gap], o->gap_sizes[gap], sizeof **o->gaps);
        o->gaps[gap][o->gap_sizes[gap]++] = i;
    }
}

/* The same orders to begin with, each time: that of the file, its reverse, and shuffled ones. */
static void shuffle(struct plane *p, unsigned start, uint32_t *seed)
{
    for (unsigned layer = 0; layer < p->layers_count && start; layer++) {
        unsigned *items = p->layers[layer], n = p->layer_sizes[layer];
        for (unsigned i = 0; i < n; i++) {
            *seed = *seed * 1664525 + 1013904223;
            unsigned k = start == 1 ? n - 1 - i : i + (*seed >> 16) % (n - i);
            if (k < i)
                break;
            unsigned item = items[i];
            items[i] = items[k];
            items[k] = item;
        }
        set_positions(p, layer);
    }
}

static void improve(struct ordering *o, unsigned start, uint32_t *seed, struct kept *best)
{
    struct plane *p = o->p;
    struct kept here = {.cost = INFINITY, .pos = best[1].pos, .ranks = best[1].ranks};
    unsigned layers = p->layers_count;

    shuffle(p, start, seed);
    keep(o, &here);
    for (unsigned sweep = 0; sweep < SWEEPS; sweep++) {
        for (unsigned i = 0; i < layers; i++)
            sweep_layer(p, sweep % 2 ? layers - 1 - i : i, sweep % 2 ? 1 : -1);
        order_all_pins(p);
        keep(o, &here);
    }
    restore(p, &here);
    for (unsigned round = 0; round < ROUNDS; round++) {
        bool moved = moves(o);
        keep(o, &here);
        order_all_pins(p);
        keep(o, &here);
        if (!moved)
            break;
    }
    restore(p, &here);
    keep(o, best);
}

void plane_order(struct plane *p)
{
    struct ordering o = {.p = p};
    struct kept best[2] = {{.cost = INFINITY}, {.cost = INFINITY}}; /* of all starts; of one */
    uint32_t seed = 1;

    prepare(&o, &best[0]);
    prepare_kept(p, &best[1]);
    unsigned starts = p->links_count < 150 ? STARTS : p->links_count < 600 ? 2 : 1;
    for (unsigned start = 0; start < starts; start++)
        improve(&o, start, &seed, best);
    restore(p, &best[0]);
    for (unsigned i = 0; i < p->items_count; i++)
        plane_pins(p, &p->items[i]);
}
