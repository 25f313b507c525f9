#include "elements/wire/icmp.h"

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"

enum {
    ICMP4_SOURCE_QUENCH = 4, ICMP4_REDIRECT = 5, ICMP4_TIME_EXCEEDED = 11, ICMP4_PARAMETER = 12,
    ICMP6_PARAMETER = 4, ICMP6_NO_ERROR = 128, ICMP6_REDIRECT = 137,
    ICMP_HEAD_OCTETS = 8, UDP_OCTETS = 8, HOPS = 64,
    ICMP4_MOST = 576, /* RFC 1812, section 4.3.2.3 */
};

/* Ports and length of a quoted UDP header; the length must fit the datagram that it was in. */
static bool quoted_udp(const uint8_t *udp, uint32_t room, struct amtg_icmp_error *out)
{
    uint16_t length = amtg_get_u16(udp + 4);

    out->peer.local_port = amtg_get_u16(udp);
    out->peer.remote_port = amtg_get_u16(udp + 2);
    out->payload = udp + UDP_OCTETS;
    return length >= UDP_OCTETS && length <= room;
}

/* Only the head of the datagram needs to be quoted, so its lengths may reach past the end. */
static bool quoted4(const uint8_t *quote, uint32_t len, struct amtg_icmp_error *out)
{
    if (len < AMTG_IP4_OCTETS + UDP_OCTETS || quote[0] >> 4 != 4)
        return false;
    uint32_t header = (quote[0] & 0x0fu) * 4;
    uint16_t total = amtg_get_u16(quote + 2);
    bool later_fragment = amtg_get_u16(quote + 6) & 0x1fff;
    if (header < AMTG_IP4_OCTETS || len < header + UDP_OCTETS || total < header ||
        later_fragment || quote[9] != IPPROTO_UDP)
        return false;
    out->peer.local = amtg_addr_from4(quote + 12);
    out->peer.remote = amtg_addr_from4(quote + 16);
    return quoted_udp(quote + header, total - header, out);
}

/* What we send has no extension headers, so UDP must follow at once. */
static bool quoted6(const uint8_t *quote, uint32_t len, struct amtg_icmp_error *out)
{
    if (len < AMTG_IP6_OCTETS + UDP_OCTETS || quote[0] >> 4 != 6 || quote[6] != IPPROTO_UDP)
        return false;
    out->peer.local = amtg_addr_from6(quote + 8);
    out->peer.remote = amtg_addr_from6(quote + 24);
    return quoted_udp(quote + AMTG_IP6_OCTETS, amtg_get_u16(quote + 4), out);
}

static bool is_error(const struct amtg_icmp_error *e, bool ip4)
{
    if (ip4)
        return e->type == AMTG_ICMP4_UNREACHABLE || e->type == ICMP4_TIME_EXCEEDED ||
               e->type == ICMP4_PARAMETER;
    return e->type >= AMTG_ICMP6_UNREACHABLE && e->type <= ICMP6_PARAMETER;
}

bool amtg_icmp_error_parse(const uint8_t *octets, uint32_t len, struct amtg_icmp_error *out)
{
    struct amtg_icmp_error e = {0};
    struct amtg_ip ip;

    if (amtg_ip_parse(octets, len, &ip) || ip.fragment)
        return false;
    bool ip4 = ip.version == 4;
    const uint8_t *icmp = octets + ip.transport;
    uint32_t icmp_len = ip.total - ip.transport;
    if (ip.protocol != (ip4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) || icmp_len < ICMP_HEAD_OCTETS)
        return false;
    uint64_t sum = ip4 ? 0 : amtg_sum_pseudo(0, &ip.src, &ip.dst, IPPROTO_ICMPV6, icmp_len);
    if (amtg_sum_fold(amtg_sum(sum, icmp, icmp_len)) != 0xffff)
        return false;

    e.type = icmp[0];
    e.code = icmp[1];
    if (!is_error(&e, ip4))
        return false;
    if (amtg_icmp_is_too_big(ip4, e.type, e.code))
        e.mtu = ip4 ? amtg_get_u16(icmp + 6) /* RFC 1191 */ : amtg_get_u32(icmp + 4);

    const uint8_t *quote = icmp + ICMP_HEAD_OCTETS;
    uint32_t quote_len = icmp_len - ICMP_HEAD_OCTETS;
    if (!(ip4 ? quoted4(quote, quote_len, &e) : quoted6(quote, quote_len, &e)))
        return false;
    /* An error goes to whoever sent the datagram; another's is none of ours. */
    if (!amtg_addr_equal(&e.peer.local, &ip.dst))
        return false;
    e.payload_octets = quote_len - (uint32_t)(e.payload - quote);
    *out = e;
    return true;
}

/* ---- answering ----------------------------------------------------------- */

static bool is_error4(uint8_t type)
{
    return type == AMTG_ICMP4_UNREACHABLE || type == ICMP4_SOURCE_QUENCH ||
           type == ICMP4_REDIRECT || type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAMETER;
}

/* One host, which an answer can reach: RFC 1812, section 4.3.2.7; RFC 4443, section 2.4(e.6). */
static bool is_one_host(const struct amtg_addr *a)
{
    enum { CLASS_E = 0xf0 }; /* and the limited broadcast */

    if (amtg_addr_is4(a) && (amtg_addr_octets4(a)[0] == 0 || amtg_addr_octets4(a)[0] >= CLASS_E))
        return false;
    return !amtg_addr_is_unspecified(a) && !amtg_addr_is_loopback(a) &&
           !amtg_addr_is_multicast(a);
}

bool amtg_icmp_may_answer(const struct amtg_packet *p)
{
    struct amtg_addr source = amtg_ip_source(p);
    struct amtg_ip ip;

    if (!is_one_host(&source) || amtg_ip_parse(p->data, p->len, &ip))
        return false;
    if (ip.later_fragment) /* what it is part of cannot be seen */
        return ip.version == 6 && ip.protocol != IPPROTO_ICMPV6;
    bool has_type = p->len > ip.transport;
    uint8_t type = has_type ? p->data[ip.transport] : 0;
    if (ip.version == 4)
        return ip.protocol != IPPROTO_ICMP || (has_type && !is_error4(type));
    return ip.protocol != IPPROTO_ICMPV6 ||
           (has_type && type >= ICMP6_NO_ERROR && type != ICMP6_REDIRECT);
}

uint32_t amtg_icmp_too_big(const struct amtg_packet *p, const struct amtg_addr *from, uint32_t mtu,
                           uint8_t *out)
{
    bool ip4 = amtg_ip_is4(p);
    struct amtg_ip_head head = {
        .src = *from,
        .dst = amtg_ip_source(p),
        .protocol = ip4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
        .hops = HOPS,
        .tos = AMTG_TOS_CONTROL, /* RFC 1812, section 4.3.2.5 */
        .dont_fragment = true,
    };
    uint32_t heads = amtg_ip_head_octets(&head) + ICMP_HEAD_OCTETS;
    uint32_t room = (ip4 ? ICMP4_MOST : AMTG_ICMP_MOST) - heads;
    uint32_t quoted = p->len < room ? p->len : room;

    head.payload = ICMP_HEAD_OCTETS + quoted;
    uint8_t *icmp = out + amtg_ip_build(&head, out);
    icmp[0] = ip4 ? AMTG_ICMP4_UNREACHABLE : AMTG_ICMP6_TOO_BIG;
    icmp[1] = ip4 ? AMTG_ICMP4_FRAGMENTATION_NEEDED : 0;
    amtg_put_u16(icmp + 2, 0);
    amtg_put_u32(icmp + 4, mtu); /* of ICMP: 16 bits that are unused, then the MTU */
    memcpy(icmp + ICMP_HEAD_OCTETS, p->data, quoted);
    uint64_t sum = ip4 ? 0 : amtg_sum_pseudo(0, &head.src, &head.dst, head.protocol, head.payload);
    amtg_put_u16(icmp + 2, amtg_checksum(amtg_sum(sum, icmp, head.payload)));
    return heads + quoted;
}
