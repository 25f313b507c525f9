/*
 * Whom packets come from and go to: peers, endpoints (peers that outlive packets),
 * and sets of endpoints. Endpoints and sets are counted; nothing here is shared
 * between threads.
 */
#ifndef AMTG_CORE_ENDPOINT_H
#define AMTG_CORE_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

/*
 * Both ends of an exchange of datagrams. Ports in host order; scope: interface index
 * for link-local remotes, else 0.
 */
struct amtg_peer {
    struct amtg_addr remote;
    struct amtg_addr local; /* our address: replies leave from it */
    uint16_t remote_port;
    uint16_t local_port;
    uint32_t scope;
    bool ecn; /* it heeds the ECN field of what brings its datagrams; to others that is 0 */
};

/*
 * What the octets that go to an endpoint depend on. Endpoints of one kind get the
 * same octets, so what differs between kinds is done once a kind, not once an endpoint.
 * A further thing that it depends on is a further field, which goes into
 * amtg_kind_compare.
 */
struct amtg_kind {
    uint16_t pmtu;   /* octets: the longest IP packet that the way there takes; 0: not known */
    uint8_t version; /* of IP on the way there: 4 or 6 */
};

/* Below 0, 0 or above 0: a comes before b, is b, comes after b. */
int amtg_kind_compare(const struct amtg_kind *a, const struct amtg_kind *b);

/*
 * A peer that outlives packets: counted. Whoever made it marks it dead when the
 * peer is gone; from then on every set that still names it, also in queued packets,
 * skips it. Its kind changes only while its owner has it in no set; packets on their
 * way go by the kind of their set. `peer.ecn` may change at any time.
 */
struct amtg_endpoint {
    struct amtg_peer peer;
    uint32_t refs;
    struct amtg_kind kind; /* a new one's: its version, and nothing more is known */
    bool dead;
    uint64_t copies, octets; /* datagrams that were sent to it, and what was in them */
    uint64_t plain_ns; /* loop time until which it gets each datagram by itself: udp-socket has
                          found out that its way takes no messages of several */
};

struct amtg_endpoint *amtg_endpoint_new(const struct amtg_peer *peer); /* one reference; NULL: no memory */
struct amtg_endpoint *amtg_endpoint_hold(struct amtg_endpoint *e);
/* Whoever sends says how much it was: so many datagrams, and their octets. */
static inline void amtg_endpoint_sent(struct amtg_endpoint *e, uint64_t copies, uint64_t octets)
{
    e->copies += copies;
    e->octets += octets;
}
void amtg_endpoint_free(struct amtg_endpoint *e); /* gives one reference back; NULL is fine */

/*
 * A set of endpoints of one kind: counted, and immutable while shared. Its
 * owner edits it in place as long as it is the only holder; add and
 * remove clone it otherwise, so packets on their way keep the snapshot they were given.
 * A packet with a set of n endpoints is n copies not yet made.
 */
struct amtg_set {
    uint32_t refs;
    uint32_t count;
    uint32_t room;
    struct amtg_kind kind; /* that of the first endpoint that was added */
    struct amtg_set *next; /* its owner's, and nothing to others: see amtg_sets_add */
    struct amtg_endpoint *entries[];
};

struct amtg_set *amtg_set_new(uint32_t room); /* one reference; NULL: no memory */
struct amtg_set *amtg_set_hold(struct amtg_set *s);
void amtg_set_free(struct amtg_set *s); /* gives one reference back; NULL is fine */
/*
 * Add to / remove from the set that *s refers to; *s may come to refer to another
 * set (a clone, or one with more room). add takes a reference of its own to the
 * endpoint; adding one that is there already is the caller's mistake.
 * add: false when there is no memory; remove: false when it was not there.
 */
bool amtg_set_add(struct amtg_set **s, struct amtg_endpoint *e);
bool amtg_set_remove(struct amtg_set **s, const struct amtg_endpoint *e);

/*
 * Endpoints of any kinds: a list of sets, one a kind, in the order of the kinds. None is
 * empty; NULL says that there is nobody. Whoever has the list lends it; a set that is
 * held for later has no `next` any more.
 * add, remove: as above. free: gives back all references, and leaves *first NULL.
 */
bool amtg_sets_add(struct amtg_set **first, struct amtg_endpoint *e);
bool amtg_sets_remove(struct amtg_set **first, const struct amtg_endpoint *e);
void amtg_sets_free(struct amtg_set **first);
uint32_t amtg_sets_count(const struct amtg_set *first); /* endpoints of all of them */

#endif
