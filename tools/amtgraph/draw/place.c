/*
 * Heights. Each item wishes to be where its lines run straight; what a layer then has is
 * the nearest to all wishes that keeps its order and its distances (by pooling adjacent
 * violators: exact, in one pass). Then lines are made straight (straight.c), and rows
 * in which nothing stands are taken out.
 */
#include <stdlib.h>

#include "tools/amtgraph/draw/plane.h"

enum { SWEEPS = 24 };

int plane_distance(const struct item *above, const struct item *below)
{
    bool a = above->kind == ITEM_LANE, b = below->kind == ITEM_LANE;

    return a && b ? DRAW_LANES : a || b ? DRAW_LANE : DRAW_BETWEEN;
}

static void stack(struct plane *p, unsigned layer)
{
    int y = 0;

    for (unsigned i = 0; i < p->layer_sizes[layer]; i++) {
        struct item *item = &p->items[p->layers[layer][i]];
        if (i > 0)
            y += plane_distance(&p->items[p->layers[layer][i - 1]], item);
        item->y = y;
        y += item->h;
    }
}

struct wish {
    int y, weight;
};

static int wish_order(const void *a, const void *b)
{
    return ((const struct wish *)a)->y - ((const struct wish *)b)->y;
}

/* The weighted median of where its lines would have it; towards: -1, 1, or 0 for both sides. */
static void wish(struct plane *p, unsigned at, int towards, struct wish *wishes)
{
    struct item *item = &p->items[at];
    unsigned count = 0;
    int total = 0, sum = 0;

    for (unsigned i = 0; i < item->links_count; i++) {
        const struct link *l = &p->links[item->links[i]];
        struct end here = l->from.item == at ? l->from : l->to;
        struct end there = l->from.item == at ? l->to : l->from;
        int layer = p->items[there.item].layer;
        if (there.item == at || (layer != item->layer && towards && layer != item->layer + towards))
            continue;
        int weight = layer == item->layer ? 1 : 2 * l->weight;
        wishes[count++] = (struct wish){end_y(p, there) - end_pin(p, here)->dy, weight};
        total += weight;
    }
    item->wish = item->y;
    item->weight = total ? total : 1;
    qsort(wishes, count, sizeof *wishes, wish_order);
    for (unsigned i = 0; i < count; i++) {
        sum += wishes[i].weight;
        if (2 * sum >= total) {
            item->wish = wishes[i].y;
            return;
        }
    }
}

/* Items that touch, and their common mean. */
struct pool {
    double sum, weight;
    unsigned first;
};

static void settle(struct plane *p, unsigned layer, struct pool *pools)
{
    unsigned count = 0, n = p->layer_sizes[layer];
    int *offsets = calloc(n + 1, sizeof *offsets); /* of each item, as if all touched */

    if (!offsets)
        return;
    for (unsigned i = 0; i < n; i++) {
        const struct item *item = &p->items[p->layers[layer][i]];
        const struct item *above = i ? &p->items[p->layers[layer][i - 1]] : NULL;
        offsets[i] = above ? offsets[i - 1] + above->h + plane_distance(above, item) : 0;
        pools[count++] =
            (struct pool){(double)(item->wish - offsets[i]) * item->weight, item->weight, i};
        while (count > 1 && pools[count - 1].sum * pools[count - 2].weight <
                                pools[count - 2].sum * pools[count - 1].weight) {
            pools[count - 2].sum += pools[count - 1].sum;
            pools[count - 2].weight += pools[count - 1].weight;
            count--;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        double mean = pools[i].sum / pools[i].weight;
        int y = (int)(mean < 0 ? mean - 0.5 : mean + 0.5);
        unsigned end = i + 1 < count ? pools[i + 1].first : n;
        for (unsigned k = pools[i].first; k < end; k++)
            p->items[p->layers[layer][k]].y = y + offsets[k];
    }
    free(offsets);
}

static void sweep(struct plane *p, int towards, struct wish *wishes, struct pool *pools)
{
    for (unsigned i = 0; i < p->layers_count; i++) {
        unsigned layer = towards > 0 ? p->layers_count - 1 - i : i;
        for (unsigned k = 0; k < p->layer_sizes[layer]; k++)
            wish(p, p->layers[layer][k], towards, wishes);
        settle(p, layer, pools);
    }
}

static int by_height(const void *a, const void *b)
{
    const struct item *x = *(const struct item *const *)a, *y = *(const struct item *const *)b;

    return x->y != y->y ? x->y - y->y : x->h - y->h;
}

/* Rows in which nothing stands, across all layers, are no higher than they need to be. */
static void close_up(struct plane *p)
{
    struct item **sorted = plane_get(p, (p->items_count + 1) * sizeof *sorted);
    int bottom = 0, by = 0;

    for (unsigned i = 0; i < p->items_count; i++)
        sorted[i] = &p->items[i];
    qsort(sorted, p->items_count, sizeof *sorted, by_height);
    for (unsigned i = 0; i < p->items_count; i++) {
        if (i > 0 && sorted[i]->y > bottom + DRAW_BETWEEN)
            by += sorted[i]->y - bottom - DRAW_BETWEEN;
        int below = sorted[i]->y + sorted[i]->h;
        bottom = i == 0 || below > bottom ? below : bottom;
        sorted[i]->y -= by;
    }
}

void plane_place(struct plane *p)
{
    struct wish *wishes = plane_get(p, (p->links_count + 1) * sizeof *wishes);
    struct pool *pools = plane_get(p, (p->items_count + 1) * sizeof *pools);

    for (unsigned layer = 0; layer < p->layers_count; layer++)
        stack(p, layer);
    for (int i = 0; i < SWEEPS; i++)
        sweep(p, i >= SWEEPS - 4 ? 0 : i % 2 ? 1 : -1, wishes, pools);
    plane_straighten(p);
    close_up(p);
}

void plane_crop(struct plane *p)
{
    int top = 1 << 30, bottom = -top;

    for (unsigned i = 0; i < p->items_count; i++) {
        const struct item *item = &p->items[i];
        top = item->y < top ? item->y : top;
        bottom = item->y + item->h > bottom ? item->y + item->h : bottom;
    }
    int above = p->frame == DRAW_NONE ? DRAW_MARGIN : DRAW_FRAME_HEAD;
    for (unsigned i = 0; i < p->items_count; i++)
        p->items[i].y += above - top;
    p->h = bottom - top + above + (p->frame == DRAW_NONE ? DRAW_MARGIN : DRAW_FRAME_FOOT);
}
