/*
 * Next hops: the Ethernet header for each destination, as the kernel's tables have it. Asked
 * once for each destination and kept. The kernel tells of changes: those of neighbours and
 * devices are applied; at those of routes, rules and links all is forgotten, at most ten times
 * a second, and asked again where it is needed. So is each after some time in any case.
 *
 * What frames do not suit goes the ordinary way, by a UDP socket, and that also is how the
 * kernel is made to find a neighbour, or to see whether it is still there: frames do not
 * tell it that the neighbour is in use.
 */
#ifndef AMTG_IO_NEXT_HOPS_H
#define AMTG_IO_NEXT_HOPS_H

#include "core/element.h"
#include "core/table.h"
#include "elements/io/netlink_ask.h"

enum { AMTG_HOP_DEVICES = 8 };

enum amtg_hop_way {
    AMTG_HOP_FRAME,      /* by a frame */
    AMTG_HOP_INDIRECT,   /* no route, or not to an Ethernet device that is up, or no room to know it */
    AMTG_HOP_UNRESOLVED, /* the neighbour's address is not known */
    AMTG_HOP_DOUBTED,    /* it is, and one packet a second is to have the kernel confirm it */
};

struct amtg_next_hop {
    const struct amtg_net_device *device;
    const uint8_t *mac;      /* of the next hop */
    struct amtg_addr source; /* ours, for what does not say its own */
};

struct amtg_next_hops {
    struct amtg_element *element;
    uint32_t limit;     /* destinations */
    uint64_t keep_ns;   /* how long an answer is believed without news */

    struct amtg_netlink nl;
    struct amtg_watch news;
    struct amtg_timer later; /* all is to be forgotten then */
    uint64_t forgot_ns;      /* when that was done last */
    struct amtg_table ways, neighbours;
    struct amtg_net_device devices[AMTG_HOP_DEVICES];
    unsigned devices_count;
    uint64_t asked, forgotten; /* destinations asked for; times that all was forgotten */
};

void amtg_next_hops_init(struct amtg_next_hops *hops, struct amtg_element *e);
void amtg_next_hops_fini(struct amtg_next_hops *hops);
/* For start: on failure amtg_fail has been called. */
enum amtg_err amtg_next_hops_start(struct amtg_next_hops *hops);
void amtg_next_hops_stop(struct amtg_next_hops *hops);

/*
 * The way to this peer. out: for AMTG_HOP_FRAME; what it points to is good until the next
 * event of the loop or call of amtg_next_hops_doubt.
 */
enum amtg_hop_way amtg_next_hop(struct amtg_next_hops *hops, const struct amtg_peer *peer,
                                struct amtg_next_hop *out);
/* A device has refused a frame: what is known may be wrong. */
void amtg_next_hops_doubt(struct amtg_next_hops *hops);

#endif
