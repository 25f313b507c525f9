/*
 * The types that the elements' ports speak, below the roots of core/type.h.
 *
 *   any -+- packet -+- ip-raw --- ip -+- ip4        captured; ip: verified by check-ip
 *        |          |                 +- ip6
 *        |          +- datagram -- amt -+- amt.discovery .. amt.teardown
 *        +- record -+- report                       a verified IGMP or MLD message
 *                   +- join                         what to join upstream
 *                   +- ask                          what to ask the hosts of a LAN
 *                   +- unreachable                  an ICMP error about a peer
 *                   +- gone                         a peer that has torn its tunnel down
 *                   +- lookup                       a host name whose addresses are wanted
 *                   +- addresses                    what became of such a question
 */
#ifndef AMTG_WIRE_TYPES_H
#define AMTG_WIRE_TYPES_H

#include "core/type.h"

extern const struct amtg_type amtg_type_ip_raw, amtg_type_ip, amtg_type_ip4, amtg_type_ip6;
extern const struct amtg_type amtg_type_datagram, amtg_type_amt;
extern const struct amtg_type amtg_type_amt_discovery, amtg_type_amt_advertisement,
    amtg_type_amt_request, amtg_type_amt_query, amtg_type_amt_update, amtg_type_amt_data,
    amtg_type_amt_teardown;
extern const struct amtg_type amtg_type_report, amtg_type_join, amtg_type_ask,
    amtg_type_unreachable, amtg_type_gone, amtg_type_lookup, amtg_type_addresses;

#define AMTG_IP_RAW (&amtg_type_ip_raw)     /* one IP datagram, nothing checked */
#define AMTG_IP (&amtg_type_ip)             /* header verified, trimmed to its length, transport set */
#define AMTG_IP4 (&amtg_type_ip4)
#define AMTG_IP6 (&amtg_type_ip6)
#define AMTG_DATAGRAM (&amtg_type_datagram) /* a UDP payload; peer says who */
#define AMTG_AMT (&amtg_type_amt)
#define AMTG_AMT_DISCOVERY (&amtg_type_amt_discovery)
#define AMTG_AMT_ADVERTISEMENT (&amtg_type_amt_advertisement)
#define AMTG_AMT_REQUEST (&amtg_type_amt_request)
#define AMTG_AMT_QUERY (&amtg_type_amt_query)
#define AMTG_AMT_UPDATE (&amtg_type_amt_update)
#define AMTG_AMT_DATA (&amtg_type_amt_data)
#define AMTG_AMT_TEARDOWN (&amtg_type_amt_teardown)
/* Records. `peer` of the packet says whose report it is, who is unreachable, who has gone. */
#define AMTG_REPORT (&amtg_type_report)     /* data: the IGMP or MLD message, whole and verified (group/report.h) */
#define AMTG_JOIN (&amtg_type_join)         /* data: struct amtg_join */
#define AMTG_ASK (&amtg_type_ask)           /* data: struct amtg_ask */
#define AMTG_UNREACHABLE (&amtg_type_unreachable) /* data: struct amtg_unreachable */
#define AMTG_GONE (&amtg_type_gone)         /* no data; peer.remote and peer.remote_port name the endpoint */
#define AMTG_LOOKUP (&amtg_type_lookup)       /* data: struct amtg_lookup */
#define AMTG_ADDRESSES_OF (&amtg_type_addresses) /* data: struct amtg_addresses */

/*
 * What is wanted of one group, in full: soft state. The sender says it at every
 * change and again from time to time; the receiver forgets what is not refreshed.
 * include with no sources: nothing is wanted any more.
 */
struct amtg_join {
    struct amtg_addr group;
    uint8_t exclude; /* 0: only `sources`; 1: all but `sources` */
    uint8_t pad;
    uint16_t count;
    struct amtg_addr sources[];
};

/*
 * What to ask the hosts of a LAN, once: who wants the group, or any of these sources of
 * it? suppress: the S flag, other routers are not to lower their timers.
 */
struct amtg_ask {
    struct amtg_addr group;
    uint8_t suppress;
    uint8_t pad;
    uint16_t count; /* 0: about the group */
    struct amtg_addr sources[];
};

enum { AMTG_QUOTED_MOST = 8 };

/*
 * An ICMP or ICMPv6 error about a datagram that we sent to the packet's peer; or, when
 * `local`, the same as such a "too big" error, but said by our own host, which could not
 * send the datagram.
 */
struct amtg_unreachable {
    uint8_t type, code; /* of the ICMP (peer IPv4) or ICMPv6 (peer IPv6) message */
    bool local;
    uint8_t quoted; /* octets of `quote` that are there */
    uint32_t mtu;   /* octets, of "too big" errors; 0: of others, and if it was not said */
    uint8_t quote[AMTG_QUOTED_MOST]; /* the first octets of that datagram's payload */
};

/* Which addresses has this host? Asked again whenever that is wanted anew. */
struct amtg_lookup {
    char name[AMTG_HOST_NAME]; /* as amtg_host_name_is demands; the octets behind its end are 0 */
};

enum amtg_lookup_result {
    AMTG_LOOKUP_FOUND,
    AMTG_LOOKUP_NONE,   /* there is no such name, or it has no address */
    AMTG_LOOKUP_FAILED, /* nobody could say; it may be asked again */
    AMTG_LOOKUP_RESULTS,
};

enum { AMTG_LOOKUP_MOST = 16 }; /* addresses of one name */

/* The answer to a lookup: the best address first (RFC 6724, section 6), each once. */
struct amtg_addresses {
    char name[AMTG_HOST_NAME]; /* as it was asked */
    uint8_t result;            /* enum amtg_lookup_result */
    uint8_t count;             /* 0 unless found */
    struct amtg_addr addresses[];
};

#endif
