/*
 * Queries of IGMP and MLD, whatever their version and kind: verify one whole
 * before anything of it is used, and build those of the newest versions (RFC 3376,
 * sections 4.1 and 7.1; RFC 3810, sections 5.1 and 8.1).
 */
#ifndef AMTG_WIRE_QUERY_H
#define AMTG_WIRE_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "elements/wire/ip.h"

#define AMTG_QUERY_FAULTS(X)                                                                    \
    X(PROTOCOL, "other-protocol", "IGMP, or ICMPv6 right behind the hop-by-hop header, is "     \
      "not what it carries")                                                                    \
    X(FRAGMENT, "fragment", "a fragment of an IP datagram")                                     \
    X(HOPS, "hops", "TTL or hop limit is not 1")                                                \
    X(ROUTER_ALERT, "no-router-alert", "MLD: not exactly one Router Alert option of value 0")   \
    X(LENGTH, "length", "of a length that no version of a Query has (RFC 3376, 7.1; RFC 3810, " \
      "8.1)")                                                                                   \
    X(CHECKSUM, "checksum", "wrong IGMP or ICMPv6 checksum")                                    \
    X(TYPE, "not-a-query", "another message than a Query")                                      \
    X(GROUP, "group", "asks about an address that is no multicast group")                       \
    X(SOURCES, "sources", "its sources do not fit, or there are some of no group")              \
    X(DESTINATION, "destination", "a General Query to another group than all hosts (RFC 3376, " \
      "9.1)")

enum amtg_query_fault {
    AMTG_QUERY_SOUND,
#define X(name, text, help) AMTG_QUERY_FAULT_##name,
    AMTG_QUERY_FAULTS(X)
#undef X
    AMTG_QUERY_FAULT_COUNT,
};

/* Drop tables: the faults of the IP header first, then these; own ones from AMTG_QUERY_OWN on. */
#define AMTG_QUERY_REASON(fault) (AMTG_IP_FAULT_COUNT - 1 + (fault) - 1)
#define AMTG_QUERY_FAULT_REASON_(fault, text, help)                                             \
    [AMTG_QUERY_REASON(AMTG_QUERY_FAULT_##fault)] = {text, help},
#define AMTG_QUERY_FAULT_REASONS AMTG_QUERY_FAULTS(AMTG_QUERY_FAULT_REASON_)
#define AMTG_QUERY_OWN AMTG_QUERY_REASON(AMTG_QUERY_FAULT_COUNT)

/* A verified Query. What its version cannot say has the value that the RFCs give it. */
struct amtg_query {
    struct amtg_addr source; /* who asks */
    struct amtg_addr group;  /* unspecified: a General Query */
    uint32_t max_response_ms;
    uint32_t interval_s;    /* of the querier, from QQIC; 0: it did not say */
    uint8_t version;        /* IGMP 1, 2, 3; MLD 1, 2 */
    uint8_t robustness;     /* QRV; 0: it did not say */
    bool ip4;               /* IGMP */
    bool general, suppress; /* suppress: the S flag */
    uint16_t count;         /* sources */
    const uint8_t *sources; /* count × (4 or 16) octets, as on the wire */
};

/*
 * Verify a Query, from IP protocol to last source. octets: the datagram whose header
 * was parsed to `ip`. A Query may come from any address (RFC 7450, section
 * 5.2.3.5.4). out: written only when it is sound; it points into octets.
 */
enum amtg_query_fault amtg_query_parse(const uint8_t *octets, const struct amtg_ip *ip,
                                       struct amtg_query *out);
/* Source i of a Query, 0 <= i < count. */
struct amtg_addr amtg_query_source(const struct amtg_query *q, unsigned i);

/* What to ask with an IGMPv3 or MLDv2 Query. */
struct amtg_question {
    struct amtg_addr source;          /* unspecified: 0.0.0.0, or :: */
    struct amtg_addr group;           /* unspecified: a General Query */
    const struct amtg_addr *sources;  /* of the family of the group */
    uint16_t count;
    uint32_t max_response_ms, interval_s; /* rounded down to what can be said */
    uint8_t robustness;               /* above 7 it is sent as 0 */
    bool ip4, suppress;
};

/* Octets of the datagram that amtg_question_build writes. */
uint32_t amtg_question_octets(const struct amtg_question *q);
/*
 * Write it as an IP datagram, with hop limit 1 and Router Alert, to all hosts or to
 * the group. `out` has room for it; returns its octets.
 */
uint32_t amtg_question_build(const struct amtg_question *q, uint8_t *out);

#endif
