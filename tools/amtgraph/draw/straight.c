/*
 * Straight lines. What hangs together by straight lines is a block; it moves as a whole,
 * and pushes along what stands in its way, when another line becomes straight by that and
 * all in all there is less of bends. At last, lines that would lie on each other are parted.
 */
#include <stdlib.h>

#include "tools/amtgraph/draw/plane.h"

enum { ROUNDS = 12, HELD_MOST = 200, WORK_MOST = 400000 }; /* items of a block; of all blocks */

struct block {
    unsigned *items, count;
    bool *in;
    unsigned work; /* items of all blocks so far */
};

static void add(struct block *b, unsigned item)
{
    if (!b->in[item])
        b->items[b->count++] = item;
    b->in[item] = true;
}

static bool is_straight(const struct plane *p, const struct link *l)
{
    return l->weight > 1 && end_y(p, l->from) == end_y(p, l->to) &&
           p->items[l->from.item].layer != p->items[l->to.item].layer;
}

/* The item that the block would come too near to; DRAW_NONE: there is room. */
static int in_the_way(const struct plane *p, unsigned at, int by, const struct block *b)
{
    const struct item *item = &p->items[at];
    int next = item->pos + (by > 0 ? 1 : -1);

    if (next < 0 || next >= (int)p->layer_sizes[item->layer])
        return DRAW_NONE;
    unsigned other = p->layers[item->layer][next];
    const struct item *o = &p->items[other];
    int free_space = by > 0 ? o->y - item->y - item->h - plane_distance(item, o)
                            : item->y - o->y - o->h - plane_distance(o, item);
    return !b->in[other] && free_space < abs(by) ? (int)other : DRAW_NONE;
}

/* All that has to move with an item: what is in its way, and if `hold`, what it is straight with.
 */
static bool block_of(struct plane *p, unsigned from, int but, int by, bool hold, struct block *b)
{
    for (unsigned i = 0; i < b->count; i++)
        b->in[b->items[i]] = false;
    b->count = 0;
    add(b, from);
    for (unsigned i = 0; i < b->count; i++) {
        const struct item *item = &p->items[b->items[i]];
        for (unsigned k = 0; k < item->links_count; k++) {
            const struct link *l = &p->links[item->links[k]];
            bool lanes =
                p->items[l->from.item].kind == ITEM_LANE && p->items[l->to.item].kind == ITEM_LANE;
            if ((hold || lanes) && is_straight(p, l))
                add(b, l->from.item == b->items[i] ? l->to.item : l->from.item);
        }
        int other = in_the_way(p, b->items[i], by, b);
        if (other != DRAW_NONE)
            add(b, (unsigned)other);
        b->work++;
        if ((but != DRAW_NONE && b->in[but]) || (hold && b->count > HELD_MOST))
            return false; /* it would come along; too large to be worth it */
    }
    return true;
}

static int bend(int dy, int weight)
{
    return dy ? weight * (abs(dy) + 12) : 0; /* a bend is bad, even a small one */
}

static int gain(const struct plane *p, const struct block *b, int by)
{
    int sum = 0;

    for (unsigned i = 0; i < b->count; i++) {
        const struct item *item = &p->items[b->items[i]];
        for (unsigned k = 0; k < item->links_count; k++) {
            const struct link *l = &p->links[item->links[k]];
            bool from = l->from.item == b->items[i];
            if (b->in[from ? l->to.item : l->from.item])
                continue;
            int dy = end_y(p, l->from) - end_y(p, l->to);
            int weight = p->items[l->from.item].layer == p->items[l->to.item].layer ? 1 : l->weight;
            sum += bend(dy, weight) - bend(from ? dy + by : dy - by, weight);
        }
    }
    return sum;
}

static void move(struct plane *p, const struct block *b, int by)
{
    for (unsigned i = 0; i < b->count; i++)
        p->items[b->items[i]].y += by;
}

static bool straighten(struct plane *p, unsigned link, struct block *b)
{
    const struct link *l = &p->links[link];
    int dy = end_y(p, l->to) - end_y(p, l->from);

    if (dy == 0 || p->items[l->from.item].layer == p->items[l->to.item].layer)
        return false;
    for (int side = 0; side < 2; side++) {
        int by = side ? -dy : dy;
        if (!block_of(p, side ? l->to.item : l->from.item, (int)(side ? l->from.item : l->to.item),
                      by, true, b) ||
            gain(p, b, by) <= 0)
            continue;
        move(p, b, by);
        return true;
    }
    return false;
}

/* ---- lines that change places ---- */

/* Do two lines of a gap begin where the other ends? Whichever turns first would lie on it. */
static bool tangled(const struct plane *p, const struct link *a, const struct link *b)
{
    const struct link *of[2] = {a, b};
    int left[2], right[2];

    if (same_end(a->to, b->to) || same_end(a->from, b->from))
        return false;
    for (int i = 0; i < 2; i++) {
        bool forward = end_boundary(p, of[i], of[i]->from) == DRAW_LEFT;
        if (end_boundary(p, of[i], of[i]->to) == end_boundary(p, of[i], of[i]->from))
            return false;
        left[i] = end_y(p, forward ? of[i]->from : of[i]->to);
        right[i] = end_y(p, forward ? of[i]->to : of[i]->from);
    }
    return left[0] != right[0] && abs(left[0] - right[1]) < 4 && abs(left[1] - right[0]) < 4;
}

/* Move that of the four items which costs least, by half a line of ports. */
static void untangle(struct plane *p, const struct link *a, const struct link *b,
                     struct block *block)
{
    const unsigned ends[] = {a->from.item, a->to.item, b->from.item, b->to.item};
    int best = 0, best_gain = -(1 << 30);

    for (int i = 0; i < 8; i++) {
        int by = i % 2 ? -DRAW_ROW / 2 : DRAW_ROW / 2;
        block_of(p, ends[i / 2], DRAW_NONE, by, false, block);
        int g = gain(p, block, by);
        if (g > best_gain)
            best_gain = g, best = i;
    }
    int by = best % 2 ? -DRAW_ROW / 2 : DRAW_ROW / 2;
    block_of(p, ends[best / 2], DRAW_NONE, by, false, block);
    move(p, block, by);
}

static void untangle_all(struct plane *p, struct block *b)
{
    for (unsigned i = 0; i < p->links_count; i++)
        for (unsigned k = 0; k < i; k++)
            if (p->links[i].gap == p->links[k].gap && tangled(p, &p->links[i], &p->links[k]))
                untangle(p, &p->links[i], &p->links[k], b);
}

void plane_nudge(struct plane *p, unsigned item)
{
    struct block b = {.items = plane_get(p, (p->items_count + 1) * sizeof *b.items),
                      .in = plane_get(p, (p->items_count + 1) * sizeof *b.in)};

    block_of(p, item, DRAW_NONE, DRAW_NUDGE, false, &b);
    move(p, &b, DRAW_NUDGE);
}

void plane_straighten(struct plane *p)
{
    struct block b = {.items = plane_get(p, (p->items_count + 1) * sizeof *b.items),
                      .in = plane_get(p, (p->items_count + 1) * sizeof *b.in)};

    for (int round = 0; round < ROUNDS; round++) {
        bool moved = false;
        for (unsigned i = 0; i < p->links_count && b.work < WORK_MOST; i++)
            moved |= straighten(p, i, &b);
        if (!moved)
            break;
    }
    untangle_all(p, &b);
}
