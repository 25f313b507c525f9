/*
 * What waits to be sent by udp-socket (packet-socket: each packet by itself): lanes of trains.
 * A *train* is one packet or several
 * that go to the same set of destinations with the same size and TOS, so that each
 * destination can get them in one message, to be cut into segments by the kernel or the
 * device (UDP_SEGMENT, udp(7)). The last one may be shorter.
 *
 * A train takes packets until its first copy is under way: nothing waits for others to come.
 * Packets of different sets may overtake each other, those of one set do not.
 */
#ifndef AMTG_IO_UDP_LANE_H
#define AMTG_IO_UDP_LANE_H

#include "core/element.h"

enum {
    AMTG_TRAIN_MOST = 64,           /* segments that every kernel takes in one message */
    AMTG_TRAIN_OCTETS_MOST = 65507, /* payload of a UDP datagram over IPv4 */
    AMTG_LANE_RECENT = 64,
};

struct amtg_udp_train {
    struct amtg_packet *first, **end;
    uint32_t count;  /* packets */
    uint32_t octets; /* of all */
    bool closed;     /* takes no more */
    struct amtg_udp_train **recent; /* where the lane remembers it; NULL: nowhere */
    struct amtg_udp_train *next;
};

/* Which copy: packet `sub` of the train, to destination `index`; sub is 0 but for those that take no trains. */
struct amtg_udp_place {
    struct amtg_udp_train *train; /* NULL: the end of the lane */
    uint32_t index, sub;
};

struct amtg_udp_lane {
    struct amtg_udp_train *first, **end;
    uint32_t count;               /* packets */
    uint32_t index, sub;          /* the next copy of the first train */
    uint32_t longest;             /* packets in a train, at most; 1: no trains */
    struct amtg_udp_train *recent[AMTG_LANE_RECENT]; /* by set: where more of it may join */
    struct amtg_udp_train *spare; /* to be used again */
};

static inline bool amtg_udp_is_reply(const struct amtg_packet *p)
{
    return (p->flags & AMTG_ADDRESSED_ONE) != 0;
}

/* How many destinations a train has, those that have gone included. */
uint32_t amtg_udp_destinations(const struct amtg_udp_train *t);
/* Who gets destination `index` of it. NULL: it has gone meanwhile. */
const struct amtg_peer *amtg_udp_destination(const struct amtg_udp_train *t, uint32_t index);

void amtg_udp_lane_init(struct amtg_udp_lane *lane, uint32_t longest);
/* Nothing may wait any more. */
void amtg_udp_lane_fini(struct amtg_udp_lane *lane);
/* Takes the packet. false: no memory, and it stays the caller's. */
bool amtg_udp_lane_put(struct amtg_udp_lane *lane, struct amtg_packet *p);
/* Out of the lane: the first packet of its first train, whatever was sent of it. */
struct amtg_packet *amtg_udp_lane_take(struct amtg_udp_lane *lane);
/* All copies before this place are done with; packets that all have are finished. */
void amtg_udp_lane_advance(struct amtg_udp_lane *lane, struct amtg_element *e,
                           const struct amtg_udp_place *to);

#endif
