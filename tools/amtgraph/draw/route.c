/*
 * Tracks. In each gap, the lines to one pin are a net: a line up and down on a track, and
 * from it level lines to the boundaries of the gap. Which net comes before which is chosen
 * by crossings; lines must never lie on each other.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/draw/plane.h"

enum { ROUNDS = 4, COVERS = 200, TOUCHES = 4, NETS_MOST = 300 };

static void meet(struct plane *p, struct net *net, const struct link *l, struct end e)
{
    int y = end_y(p, e);
    bool left = end_boundary(p, l, e) == DRAW_LEFT;
    int **ys = left ? &net->left : &net->right;
    unsigned *count = left ? &net->left_count : &net->right_count;

    for (unsigned i = 0; i < *count; i++)
        if ((*ys)[i] == y)
            return;
    *ys = amtg_arena_grow(p->d->arena, *ys, *count, sizeof **ys);
    (*ys)[(*count)++] = y;
    net->low = y < net->low ? y : net->low;
    net->high = y > net->high ? y : net->high;
}

static void nets(struct plane *p)
{
    p->nets_count = 0;
    for (unsigned i = 0; i < p->links_count; i++)
        p->links[i].net = DRAW_NONE;
    for (unsigned i = 0; i < p->links_count; i++) {
        struct link *l = &p->links[i];
        const struct item *to = &p->items[l->to.item];
        for (unsigned k = 0; k < to->links_count && l->net == DRAW_NONE; k++) {
            const struct link *other = &p->links[to->links[k]];
            if (other->net != DRAW_NONE && other->gap == l->gap && same_end(other->to, l->to))
                l->net = other->net;
        }
        if (l->net == DRAW_NONE) {
            p->nets = amtg_arena_grow(p->d->arena, p->nets, p->nets_count, sizeof *p->nets);
            p->nets[p->nets_count] =
                (struct net){.gap = l->gap, .to = l->to, .low = 1 << 30, .high = -(1 << 30)};
            l->net = (int)p->nets_count++;
        }
        meet(p, &p->nets[l->net], l, l->from);
        meet(p, &p->nets[l->net], l, l->to);
    }
}

/* Level lines at almost the same height would be taken for one. */
static int covers(int y, const int *others, unsigned count)
{
    int cost = 0;

    for (unsigned i = 0; i < count; i++)
        cost += y == others[i] ? COVERS : abs(y - others[i]) < 6 ? TOUCHES : 0;
    return cost;
}

static int within(const int *ys, unsigned count, const struct net *net)
{
    int sum = 0;

    for (unsigned i = 0; i < count; i++)
        sum += net->low < ys[i] && ys[i] < net->high;
    return sum;
}

/* What it costs to have the track of a before that of b. */
static int cost(const struct net *a, const struct net *b)
{
    int sum = within(b->left, b->left_count, a) + within(a->right, a->right_count, b);

    for (unsigned i = 0; i < b->left_count; i++)
        sum += covers(b->left[i], a->right, a->right_count);
    return sum;
}

static bool bent(const struct net *net)
{
    return net->low < net->high;
}

/* Insert each net where it costs least among the others, some times over. */
static void arrange(struct net **list, unsigned count)
{
    for (int round = 0; round < ROUNDS && count < NETS_MOST; round++)
        for (unsigned i = 0; i < count; i++) {
            struct net *net = list[i];
            unsigned best_at = 0;
            int sum = 0, best;
            memmove(list + i, list + i + 1, (count - 1 - i) * sizeof(struct net *));
            for (unsigned k = 0; k + 1 < count; k++)
                sum += cost(net, list[k]);
            best = sum;
            for (unsigned k = 0; k + 1 < count; k++) { /* behind list[k] */
                sum += cost(list[k], net) - cost(net, list[k]);
                if (sum < best || (sum == best && k + 1 <= i))
                    best = sum, best_at = k + 1;
            }
            memmove(list + best_at + 1, list + best_at,
                    (count - 1 - best_at) * sizeof(struct net *));
            list[best_at] = net;
        }
}

/* Nets that have nothing to do with each other may share a track. */
static bool apart(const struct net *a, const struct net *b)
{
    return a->high + DRAW_TRACK < b->low || b->high + DRAW_TRACK < a->low;
}

/* The nets of a gap that need a track, in order; returns how many. */
static unsigned arranged(struct plane *p, unsigned gap, struct net **list)
{
    unsigned count = 0;

    for (unsigned i = 0; i < p->nets_count; i++)
        if (p->nets[i].gap == gap && bent(&p->nets[i]))
            list[count++] = &p->nets[i];
    arrange(list, count);
    return count;
}

/* Returns the number of tracks. */
static int tracks(struct plane *p, unsigned gap, struct net **list)
{
    unsigned count = arranged(p, gap, list);
    int most = 0;

    for (unsigned i = 0; i < count; i++) {
        list[i]->track = 0;
        for (unsigned k = 0; k < i; k++)
            if (!apart(list[i], list[k]) && list[k]->track >= list[i]->track)
                list[i]->track = list[k]->track + 1;
        most = list[i]->track + 1 > most ? list[i]->track + 1 : most;
    }
    return most;
}

/* An item at which a net meets that boundary of its gap at that height; a lane, if there is one. */
static unsigned item_at(const struct plane *p, const struct net *net, enum draw_side boundary,
                        int y)
{
    unsigned found = net->to.item;

    for (unsigned i = 0; i < p->links_count; i++) {
        const struct link *l = &p->links[i];
        const struct end ends[] = {l->from, l->to};
        for (int k = 0; k < 2 && &p->nets[l->net] == net; k++)
            if (end_boundary(p, l, ends[k]) == boundary && end_y(p, ends[k]) == y) {
                found = ends[k].item;
                if (p->items[found].kind == ITEM_LANE)
                    return found;
            }
    }
    return found;
}

/* Two level lines that lie on each other: an item that one of them ends at; DRAW_NONE: none do. */
static int covered(const struct plane *p, struct net *const *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; k < i; k++) /* the track of k comes first */
            for (unsigned r = 0; r < list[k]->right_count; r++) {
                int y = list[k]->right[r];
                if (covers(y, list[i]->left, list[i]->left_count) < COVERS)
                    continue;
                unsigned a = item_at(p, list[k], DRAW_RIGHT, y);
                unsigned b = item_at(p, list[i], DRAW_LEFT, y);
                return (int)(p->items[b].kind == ITEM_LANE ? b : a);
            }
    return DRAW_NONE;
}

int plane_covered(struct plane *p)
{
    struct net **list = plane_get(p, (p->links_count + 1) * sizeof *list);
    int item = DRAW_NONE;

    nets(p);
    for (unsigned gap = 0; gap <= p->layers_count && item == DRAW_NONE; gap++) {
        unsigned count = arranged(p, gap, list);
        item = count < NETS_MOST ? covered(p, list, count) : DRAW_NONE;
    }
    return item;
}

/* How far the items of a layer reach, with the labels of what leaves them. */
static int reach(const struct plane *p, unsigned layer, int x)
{
    int most = x;

    for (unsigned i = 0; i < p->layer_sizes[layer]; i++) {
        const struct item *item = &p->items[p->layers[layer][i]];
        int right =
            x + item->w + (item->kind == ITEM_BOX || item->kind == ITEM_FRAME ? DRAW_STUB : 0);
        for (unsigned k = 0; k < item->pins_count; k++)
            if (item->pins[k].reach && x + item->w + item->pins[k].reach > right)
                right = x + item->w + item->pins[k].reach;
        most = right > most ? right : most;
    }
    return most;
}

static bool only_gates(const struct plane *p, unsigned layer)
{
    for (unsigned i = 0; i < p->layer_sizes[layer]; i++)
        if (p->items[p->layers[layer][i]].kind < ITEM_GATE_IN ||
            p->items[p->layers[layer][i]].w > 0)
            return false;
    return true;
}

/* Widths of the gaps, and with them all x. */
static void columns(struct plane *p)
{
    struct net **list = plane_get(p, (p->nets_count + 1) * sizeof *list);
    int x = 0, pad = p->frame == DRAW_NONE ? DRAW_MARGIN : DRAW_ARROW;

    for (unsigned gap = 0; gap <= p->layers_count; gap++) {
        int count = tracks(p, gap, list);
        bool first = gap == 0, last = gap == p->layers_count;
        bool flush = (first && p->frame != DRAW_NONE && p->gates_in) ||
                     (last && p->frame != DRAW_NONE && only_gates(p, gap - 1));
        if (!flush || count)
            x += first ? pad - DRAW_TRACK : last ? 0 : DRAW_TRACK;
        for (unsigned i = 0; i < p->nets_count; i++)
            if (p->nets[i].gap == gap)
                p->nets[i].x = x + p->nets[i].track * DRAW_TRACK;
        x += count * DRAW_TRACK;
        if (!flush)
            x += last ? pad : first && !count ? DRAW_TRACK : DRAW_ARROW - DRAW_TRACK / 2;
        if (last)
            break;
        for (unsigned i = 0; i < p->layer_sizes[gap]; i++)
            p->items[p->layers[gap][i]].x = x;
        x = reach(p, gap, x);
    }
    p->w = x;
}

static void point(struct plane *p, struct wire *w, int x, int y)
{
    if (w->points_count && w->points[w->points_count - 1].x == x &&
        w->points[w->points_count - 1].y == y)
        return;
    w->points = amtg_arena_grow(p->d->arena, w->points, w->points_count, sizeof *w->points);
    w->points[w->points_count++] = (struct draw_point){x, y};
}

/* Where a line leaves or reaches an item. Lanes are passed. */
static void touch(struct plane *p, struct wire *w, struct end e)
{
    const struct item *item = &p->items[e.item];

    if (item->kind != ITEM_LANE)
        point(p, w, item->x + (end_pin(p, e)->side == DRAW_RIGHT ? item->w : 0), end_y(p, e));
}

static void wire_points(struct plane *p, struct wire *w)
{
    for (unsigned i = 0; i < w->links_count; i++) {
        const struct link *l = &p->links[w->links[i]];
        const struct net *net = &p->nets[l->net];
        touch(p, w, l->from);
        if (bent(net)) {
            point(p, w, net->x, end_y(p, l->from));
            point(p, w, net->x, end_y(p, l->to));
        }
        touch(p, w, l->to);
    }
}

static void join(struct plane *p, const struct net *net, int y, bool left, bool right)
{
    if (left + right + (y > net->low) + (y < net->high) < 3)
        return;
    p->joins = amtg_arena_grow(p->d->arena, p->joins, p->joins_count, sizeof *p->joins);
    p->joins[p->joins_count++] = (struct draw_point){net->x, y};
}

static bool has(const int *ys, unsigned count, int y)
{
    for (unsigned i = 0; i < count; i++)
        if (ys[i] == y)
            return true;
    return false;
}

/* Where three lines of a net or more meet. */
static void joins(struct plane *p)
{
    for (unsigned i = 0; i < p->nets_count; i++) {
        const struct net *net = &p->nets[i];
        if (!bent(net))
            continue;
        for (unsigned k = 0; k < net->left_count; k++)
            join(p, net, net->left[k], true, has(net->right, net->right_count, net->left[k]));
        for (unsigned k = 0; k < net->right_count; k++)
            if (!has(net->left, net->left_count, net->right[k]))
                join(p, net, net->right[k], false, true);
    }
}

void plane_route(struct plane *p)
{
    nets(p);
    columns(p);
    for (unsigned i = 0; i < p->wires_count; i++)
        wire_points(p, &p->wires[i]);
    joins(p);
}
