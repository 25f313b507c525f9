/* The gateways that fuzz targets speak as: few, so that what they say meets again. */
#ifndef AMTG_TESTS_FUZZ_PEERS_H
#define AMTG_TESTS_FUZZ_PEERS_H

#include "core/packet.h"
#include "tests/fuzz/support/fuzz.h"

enum { PEERS = 4 };

/* Two behind one address, two of the other family; moved: at another of our addresses. */
static inline struct amtg_peer peer_at(unsigned i, bool moved)
{
    static const char *const remotes[PEERS] = {"203.0.113.7", "203.0.113.7", "2001:db8:1::7",
                                               "2001:db8:1::8"};
    static const char *const locals[2][2] = {{"192.0.2.1", "192.0.2.2"},
                                             {"2001:db8::1", "2001:db8::2"}};
    struct amtg_peer p = {.remote_port = (uint16_t)(51000 + i), .local_port = 2268};

    amtg_addr_parse(remotes[i], &p.remote);
    amtg_addr_parse(locals[i / 2][moved], &p.local);
    return p;
}

static inline bool peer_equal(const struct amtg_peer *a, const struct amtg_peer *b)
{
    return amtg_addr_equal(&a->remote, &b->remote) && amtg_addr_equal(&a->local, &b->local) &&
           a->remote_port == b->remote_port && a->local_port == b->local_port &&
           a->scope == b->scope && a->ecn == b->ecn;
}

/* i: written, which of them it is. */
static inline struct amtg_peer choose_peer(struct choices *c, unsigned *i)
{
    unsigned which = choose_u8(c);

    *i = which % PEERS;
    return peer_at(*i, which >> 7);
}

#endif
