/*
 * The mappings of a NAT (RFC 4787, section 4): found by the end inside and by the port
 * outside, in order of last use. Nothing here knows about packets or timers.
 */
#ifndef AMTG_IP_NAT_TABLE_H
#define AMTG_IP_NAT_TABLE_H

#include "core/addr.h"
#include "core/table.h"

enum {
    AMTG_NAT_FIRST_PORT = 1024, /* RFC 4787, REQ-3: no well-known ports for others */
    AMTG_NAT_REMOTES = 8,       /* whom a mapping has sent to: those that are remembered */
};

struct amtg_nat_end {
    struct amtg_addr address;
    uint16_t port;
};

struct amtg_nat_mapping {
    struct amtg_node by_inside, by_port;
    struct amtg_nat_mapping *older, *newer;
    struct amtg_nat_end inside;
    uint16_t port; /* outside */
    uint64_t used_ns;
    struct amtg_nat_end remotes[AMTG_NAT_REMOTES];
    unsigned remotes_count, next_remote; /* next: the place of the one remembered longest */
};

struct amtg_nat_table {
    struct amtg_table by_inside, by_port;
    struct amtg_nat_mapping *oldest, *newest;
};

/* key: 16 octets */
void amtg_nat_init(struct amtg_nat_table *t, const uint8_t key[16]);
/* All mappings must have been forgotten. */
void amtg_nat_fini(struct amtg_nat_table *t);

static inline size_t amtg_nat_count(const struct amtg_nat_table *t)
{
    return t->by_port.count;
}
static inline struct amtg_nat_mapping *amtg_nat_oldest(const struct amtg_nat_table *t)
{
    return t->oldest;
}

/* NULL: there is none. */
struct amtg_nat_mapping *amtg_nat_by_inside(const struct amtg_nat_table *t,
                                            const struct amtg_nat_end *inside);
struct amtg_nat_mapping *amtg_nat_by_port(const struct amtg_nat_table *t, uint16_t port);
/* One that is not there yet. NULL: no memory. */
struct amtg_nat_mapping *amtg_nat_add(struct amtg_nat_table *t, const struct amtg_nat_end *inside,
                                      uint16_t port, uint64_t now_ns);
void amtg_nat_use(struct amtg_nat_table *t, struct amtg_nat_mapping *m, uint64_t now_ns);
void amtg_nat_forget(struct amtg_nat_table *t, struct amtg_nat_mapping *m);

/* Remember whom it sent to, and ask: by address and port, or by address alone. */
void amtg_nat_sent_to(struct amtg_nat_mapping *m, const struct amtg_nat_end *remote);
bool amtg_nat_was_sent_to(const struct amtg_nat_mapping *m, const struct amtg_nat_end *remote,
                          bool port_too);

#endif
