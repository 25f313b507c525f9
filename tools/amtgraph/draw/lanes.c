/*
 * Wires to links. A wire passes the layers between its ends by lanes; wires to the same
 * pin share theirs, so that they come together as early as they can.
 */
#include "tools/amtgraph/draw/plane.h"

/* The pin of that port on that side, made when there is none. */
static unsigned pin_on(struct plane *p, struct item *item, unsigned pin, enum draw_side side)
{
    for (unsigned i = 0; i < item->pins_count; i++)
        if (item->pins[i].port == item->pins[pin].port && item->pins[i].side == side)
            return i;
    item->pins = amtg_arena_grow(p->d->arena, item->pins, item->pins_count, sizeof *item->pins);
    item->pins[item->pins_count] = item->pins[pin];
    item->pins[item->pins_count].side = side;
    return item->pins_count++;
}

/* References leave and arrive on the side that is nearer. */
static void choose_sides(struct plane *p, struct wire *w)
{
    struct item *from = &p->items[w->from.item], *to = &p->items[w->to.item];
    bool right = from->layer <= to->layer;

    if (from->kind == ITEM_BOX) {
        from->pins[w->from.pin].side = right ? DRAW_RIGHT : DRAW_LEFT;
        p->d->boxes[from->of].ports[from->pins[w->from.pin].port].side =
            right ? DRAW_RIGHT : DRAW_LEFT;
    } else {
        right = true;
    }
    if (to->kind == ITEM_BOX)
        w->to.pin =
            pin_on(p, to, w->to.pin, right && from->layer < to->layer ? DRAW_LEFT : DRAW_RIGHT);
}

/* Ranks anew: what is used before what is not, in the order of the class. */
static void rank_pins(struct plane *p, struct item *item)
{
    int ranks[2] = {0, 0};

    for (int unused = 0; unused < 2; unused++)
        for (unsigned i = 0; i < item->pins_count; i++) {
            struct pin *pin = &item->pins[i];
            bool is_unused = pin->port != DRAW_NONE && pin->fixed;
            if (is_unused == (unused == 1))
                pin->rank = ranks[pin->side]++;
        }
    item->side_pins[DRAW_LEFT] = (unsigned)ranks[DRAW_LEFT];
    item->side_pins[DRAW_RIGHT] = (unsigned)ranks[DRAW_RIGHT];
    plane_pins(p, item);
}

static unsigned gap_at(const struct plane *p, struct end e)
{
    return (unsigned)p->items[e.item].layer + (end_pin(p, e)->side == DRAW_RIGHT ? 1 : 0);
}

static void item_link(struct plane *p, unsigned at, unsigned link)
{
    struct item *item = &p->items[at];

    item->links = amtg_arena_grow(p->d->arena, item->links, item->links_count, sizeof *item->links);
    item->links[item->links_count++] = link;
}

/* The links of a wire, one after the other; those shared with other wires are there already. */
static void wire_link(struct plane *p, struct wire *w, unsigned link)
{
    w->links = amtg_arena_grow(p->d->arena, w->links, w->links_count, sizeof *w->links);
    w->links[w->links_count++] = link;
}

static unsigned link_add(struct plane *p, struct wire *w, unsigned gap, struct end from,
                         struct end to)
{
    bool lanes = p->items[from.item].kind == ITEM_LANE && p->items[to.item].kind == ITEM_LANE;

    p->links = amtg_arena_grow(p->d->arena, p->links, p->links_count, sizeof *p->links);
    p->links[p->links_count] = (struct link){.gap = gap,
                                             .from = from,
                                             .to = to,
                                             .net = DRAW_NONE,
                                             .weight = w->reference ? 1
                                                       : lanes      ? 6
                                                                    : 3};
    if (p->items[from.item].kind == ITEM_LANE)
        p->items[from.item].onward = (int)p->links_count;
    item_link(p, from.item, p->links_count);
    item_link(p, to.item, p->links_count);
    wire_link(p, w, p->links_count);
    return p->links_count++;
}

static void follow(struct plane *p, struct wire *w, unsigned lane)
{
    while (p->items[lane].kind == ITEM_LANE && p->items[lane].onward != DRAW_NONE) {
        unsigned link = (unsigned)p->items[lane].onward;
        wire_link(p, w, link);
        lane = p->links[link].to.item;
    }
}

static void wire_lanes(struct plane *p, struct wire *w)
{
    unsigned gap = gap_at(p, w->from), last = gap_at(p, w->to);
    struct end at = w->from;

    if (!end_pin(p, w->to)->lanes)
        end_pin(p, w->to)->lanes = plane_get(p, (p->layers_count + 1) * sizeof(unsigned));
    unsigned *lanes = end_pin(p, w->to)->lanes;
    while (gap != last) {
        unsigned layer = gap < last ? gap : gap - 1;
        bool there = lanes[layer] != 0;
        if (!there)
            lanes[layer] = plane_lane(p, (int)layer) + 1;
        struct end lane = {lanes[layer] - 1, 0};
        link_add(p, w, gap, at, lane);
        if (there) {
            follow(p, w, lane.item);
            return;
        }
        at = lane;
        gap = gap < last ? gap + 1 : gap - 1;
    }
    link_add(p, w, gap, at, w->to);
}

void plane_lanes(struct plane *p)
{
    for (unsigned i = 0; i < p->wires_count; i++)
        if (p->wires[i].reference)
            choose_sides(p, &p->wires[i]);
    for (unsigned i = 0; i < p->items_count; i++)
        rank_pins(p, &p->items[i]);
    for (unsigned i = 0; i < p->wires_count; i++)
        wire_lanes(p, &p->wires[i]);
}
