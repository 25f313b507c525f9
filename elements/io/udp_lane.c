#include "elements/io/udp_lane.h"

#include <stdlib.h>

uint32_t amtg_udp_destinations(const struct amtg_udp_train *t)
{
    const struct amtg_packet *p = t->first;

    return amtg_udp_is_reply(p) ? 1 : p->to ? p->to->count : 0;
}

const struct amtg_peer *amtg_udp_destination(const struct amtg_udp_train *t, uint32_t index)
{
    const struct amtg_packet *p = t->first;

    if (amtg_udp_is_reply(p))
        return &p->peer;
    return p->to->entries[index]->dead ? NULL : &p->to->entries[index]->peer;
}

void amtg_udp_lane_init(struct amtg_udp_lane *lane, uint32_t longest)
{
    *lane = (struct amtg_udp_lane){.longest = longest};
    lane->end = &lane->first;
}

void amtg_udp_lane_fini(struct amtg_udp_lane *lane)
{
    for (struct amtg_udp_train *t = lane->spare, *next; t; t = next) {
        next = t->next;
        free(t);
    }
    lane->spare = NULL;
}

/* Where a train for this packet's set would be remembered. */
static struct amtg_udp_train **recent(struct amtg_udp_lane *lane, const struct amtg_packet *p)
{
    return &lane->recent[((uintptr_t)p->to >> 6) % AMTG_LANE_RECENT];
}

/* An empty one stays by itself: no datagram of nothing is cut out of a message. */
static bool fits(const struct amtg_udp_lane *lane, const struct amtg_udp_train *t,
                 const struct amtg_packet *p)
{
    const struct amtg_packet *head = t->first;

    return !t->closed && head->to == p->to && p->len && p->len <= head->len &&
           head->tos == p->tos && head->flags == p->flags && t->count < lane->longest &&
           t->octets + p->len <= AMTG_TRAIN_OCTETS_MOST;
}

static void train_put(struct amtg_udp_train *t, struct amtg_packet *p)
{
    p->next = NULL;
    *t->end = p;
    t->end = &p->next;
    t->count++;
    t->octets += p->len;
    t->closed = p->len < t->first->len;
}

bool amtg_udp_lane_put(struct amtg_udp_lane *lane, struct amtg_packet *p)
{
    bool alone = amtg_udp_is_reply(p) || lane->longest == 1;
    struct amtg_udp_train **place = recent(lane, p), *t = alone ? NULL : *place;

    if (!t || !fits(lane, t, p)) {
        t = lane->spare;
        if (t)
            lane->spare = t->next;
        else
            t = malloc(sizeof *t);
        if (!t)
            return false;
        *t = (struct amtg_udp_train){.closed = false};
        t->end = &t->first;
        *lane->end = t;
        lane->end = &t->next;
        if (!alone)
            *(t->recent = place) = t;
    }
    train_put(t, p);
    t->closed |= alone;
    lane->count++;
    return true;
}

/* The first train is empty: it is kept to be used again. */
static void retire(struct amtg_udp_lane *lane)
{
    struct amtg_udp_train *t = lane->first;

    if (t->recent && *t->recent == t)
        *t->recent = NULL;
    lane->first = t->next;
    if (!lane->first)
        lane->end = &lane->first;
    t->next = lane->spare;
    lane->spare = t;
    lane->index = lane->sub = 0;
}

struct amtg_packet *amtg_udp_lane_take(struct amtg_udp_lane *lane)
{
    struct amtg_udp_train *t = lane->first;
    struct amtg_packet *p = t->first;

    t->first = p->next;
    t->closed = true;
    p->next = NULL;
    lane->count--;
    if (--t->count == 0)
        retire(lane);
    return p;
}

void amtg_udp_lane_advance(struct amtg_udp_lane *lane, struct amtg_element *e,
                           const struct amtg_udp_place *to)
{
    while (lane->first != to->train)
        amtg_finish(e, amtg_udp_lane_take(lane));
    lane->index = to->index;
    lane->sub = to->sub;
}
