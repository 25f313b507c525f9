/*
 * The router side of IGMP and MLD once more: slow, and written to be compared with the
 * tables of RFC 3376, section 6.4, and RFC 3810, section 7.4, by reading. Each endpoint has
 * groups, each group a mode, a timer, and sources with timers or blocked. It shares no code
 * with elements/group but the reading of records (report.h).
 *
 * Times: milliseconds since the beginning, never turning over. Without limits.
 */
#ifndef AMTG_TESTS_FUZZ_MODEL_H
#define AMTG_TESTS_FUZZ_MODEL_H

#include "core/packet.h"
#include "elements/wire/types.h"

struct model_source {
    struct amtg_addr address;
    bool blocked;      /* its timer is zero; in EXCLUDE mode only */
    uint64_t until_ms; /* unless blocked */
};

struct model_group {
    struct amtg_addr group;
    bool exclude, older;
    uint64_t until_ms;       /* EXCLUDE: the group timer */
    uint64_t older_until_ms; /* older: until when the older version counts as present */
    struct model_source *sources;
    unsigned count;
};

struct model_endpoint {
    struct amtg_peer peer;
    struct model_group *groups;
    unsigned count;
    unsigned errors; /* ICMP errors since the last report */
    uint64_t errors_since_ms;
};

struct model {
    uint64_t interval_ms;    /* group membership interval */
    uint64_t last_member_ms; /* last member query time */
    bool prompt;             /* BLOCK and TO_IN{} act at once */
    unsigned errors;         /* ICMP errors that end an endpoint, */
    uint64_t errors_span_ms; /* over this time at least */
    struct model_endpoint *endpoints;
    unsigned count;
};

void model_fini(struct model *m);
/* What is due up to now runs out. Before anything else is asked or said. */
void model_expire(struct model *m, uint64_t now_ms);
/* A report (an IGMP message, or an MLD one) of an endpoint, which has passed all checks. */
void model_report(struct model *m, const struct amtg_peer *peer, const uint8_t *message,
                  uint32_t len, bool ip4, uint64_t now_ms);
void model_gone(struct model *m, const struct amtg_addr *remote, uint16_t port);
void model_unreachable(struct model *m, const struct amtg_peer *peer, uint8_t type, uint8_t code,
                       uint64_t now_ms);

/* Is a packet of this source to this group for this endpoint? */
bool model_wants(const struct model_endpoint *e, const struct amtg_addr *source,
                 const struct amtg_addr *group);
unsigned model_memberships(const struct model *m);

/*
 * What all endpoints together want of a group (RFC 3376, section 3.2; RFC 4605, section
 * 4.1): is the source
 * wanted? Is it a wish for all sources but some?
 */
bool model_wish(const struct model *m, const struct amtg_addr *group, const struct amtg_addr *source);
bool model_wish_excludes(const struct model *m, const struct amtg_addr *group);

#endif
