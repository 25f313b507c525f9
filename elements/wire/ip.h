/*
 * IPv4 and IPv6 headers: verify one whole and say what it holds (RFC 791,
 * RFC 8200), build one, and read or age one that check-ip has verified.
 *
 * Nothing here needs to be aligned, and nothing is read past `len`.
 */
#ifndef AMTG_WIRE_IP_H
#define AMTG_WIRE_IP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/packet.h"

enum {
    AMTG_IP4_OCTETS = 20,
    AMTG_IP6_OCTETS = 40,
    AMTG_ROUTER_ALERT4_OCTETS = 4,
    AMTG_ROUTER_ALERT6_OCTETS = 8, /* a whole hop-by-hop header */
    AMTG_TOS_CONTROL = 0xc0,       /* internetwork control (CS6) */
};

/*
 * What may be wrong with a header: one list for the enum and for the drop
 * reasons of those who check (AMTG_IP_FAULT_REASONS).
 */
#define AMTG_IP_FAULTS(X)                                                                     \
    X(TRUNCATED, "ip-truncated", "fewer octets than the IP header, or than it says it has")   \
    X(VERSION, "ip-version", "neither IPv4 nor IPv6")                                         \
    X(HEADER_LENGTH, "ip-header-length", "IPv4 header length below 20 octets")                \
    X(TOTAL_LENGTH, "ip-total-length",                                                        \
      "IPv4 total length below the header's, or IPv6 payload length 0")                       \
    X(CHECKSUM, "ip-checksum", "wrong IPv4 header checksum")                                  \
    X(OPTIONS, "ip-options", "a malformed IPv4 option, or one past the header")               \
    X(EXTENSIONS, "ip-extensions",                                                            \
      "a malformed, misplaced or endless chain of IPv6 extension headers")                    \
    X(ADDRESS, "ip-address", "an IPv4-mapped address in an IPv6 header")

enum amtg_ip_fault {
    AMTG_IP_SOUND,
#define X(name, text, help) AMTG_IP_FAULT_##name,
    AMTG_IP_FAULTS(X)
#undef X
    AMTG_IP_FAULT_COUNT,
};

/*
 * For the drop tables of elements: AMTG_DROPS(AMTG_IP_FAULT_REASONS [OWN] = ...).
 * The reasons then have the values of the enum less one; own ones start at
 * AMTG_IP_FAULT_COUNT - 1.
 */
#define AMTG_IP_FAULT_REASON_(fault, text, help) [AMTG_IP_FAULT_##fault - 1] = {text, help},
#define AMTG_IP_FAULT_REASONS AMTG_IP_FAULTS(AMTG_IP_FAULT_REASON_)

/* A verified header. */
struct amtg_ip {
    struct amtg_addr src, dst;
    uint32_t total;          /* octets of header(s) and payload, as the header says */
    uint16_t header;         /* octets of the IPv4 header with options; 40 for IPv6 */
    uint16_t transport;      /* octets before the transport header */
    uint8_t protocol;        /* of the transport; behind all extension headers */
    uint8_t version;         /* 4 or 6 */
    uint8_t hops;            /* TTL or hop limit */
    uint8_t tos;             /* TOS or traffic class, with ECN */
    bool dont_fragment;      /* DF; always so for IPv6 */
    bool fragment;           /* more fragments follow, or this is not the first */
    bool later_fragment;     /* not the first: there is no transport header in it */
    bool router_alert;       /* the option is there */
    bool hop_by_hop;         /* IPv6: a hop-by-hop header is there */
    bool other_extensions;   /* IPv6: any extension header but hop-by-hop */
    uint16_t router_alert_value; /* 0 for IGMP and MLD (RFC 2113, RFC 2711) */
    uint8_t router_alerts;       /* how many of these options */
};

/*
 * Verify the header of the datagram at `octets`, of which `len` are there; there
 * may be more than the datagram has. Walks all options and extension headers.
 * `out` is written only when the header is sound.
 */
enum amtg_ip_fault amtg_ip_parse(const uint8_t *octets, uint32_t len, struct amtg_ip *out);
const char *amtg_ip_fault_text(enum amtg_ip_fault fault);
/*
 * Make a packet one of type ip: verify its header, trim it to its total length, set
 * transport and protocol. The type itself is the caller's to set. Unchanged when
 * there is a fault. ip: what was found; may be NULL.
 */
enum amtg_ip_fault amtg_ip_check(struct amtg_packet *p, struct amtg_ip *ip);

/* ---- building ----------------------------------------------------------- */

struct amtg_ip_head {
    struct amtg_addr src, dst; /* the family is that of dst; an unspecified src fits either */
    uint32_t payload;          /* octets behind this header */
    uint16_t id;               /* IPv4 identification */
    uint8_t protocol, hops, tos;
    bool dont_fragment;        /* IPv4 */
    bool router_alert;         /* 24-octet IPv4 header, or a hop-by-hop header */
};

enum { AMTG_IP_HEAD_MOST = AMTG_IP6_OCTETS + AMTG_ROUTER_ALERT6_OCTETS };

/* Octets that amtg_ip_build writes. */
uint32_t amtg_ip_head_octets(const struct amtg_ip_head *h);
/*
 * Write the header to `out`, which has room for it; returns its octets. The caller
 * sees to it that header and payload fit 65535 octets.
 */
uint32_t amtg_ip_build(const struct amtg_ip_head *h, uint8_t *out);

/* ---- packets of type ip: verified before they came here ------------------ */

static inline bool amtg_ip_is4(const struct amtg_packet *p)
{
    return p->data[0] >> 4 == 4;
}
static inline uint8_t amtg_ip_hops(const struct amtg_packet *p)
{
    return amtg_ip_is4(p) ? p->data[8] : p->data[7];
}
static inline struct amtg_addr amtg_ip_source(const struct amtg_packet *p)
{
    return amtg_ip_is4(p) ? amtg_addr_from4(p->data + 12) : amtg_addr_from6(p->data + 8);
}
static inline struct amtg_addr amtg_ip_destination(const struct amtg_packet *p)
{
    return amtg_ip_is4(p) ? amtg_addr_from4(p->data + 16) : amtg_addr_from6(p->data + 24);
}
/*
 * One hop less, with the IPv4 checksum adjusted; hops must not be 0. Becomes sole
 * owner first: false when the pool is dry, p unchanged.
 */
bool amtg_ip_age(struct amtg_packet *p);

#endif
