#include "elements/wire/icmp.h"

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"

enum {
    ICMP4_UNREACHABLE = 3, ICMP4_FRAGMENTATION_NEEDED = 4 /* a code */,
    ICMP4_TIME_EXCEEDED = 11, ICMP4_PARAMETER = 12,
    ICMP6_UNREACHABLE = 1, ICMP6_TOO_BIG = 2, ICMP6_TIME_EXCEEDED = 3, ICMP6_PARAMETER = 4,
    ICMP_HEAD_OCTETS = 8, UDP_OCTETS = 8,
};

/* Ports and length of a quoted UDP header; the length must fit the datagram that it was in. */
static bool quoted_udp(const uint8_t *udp, uint32_t room, struct amtg_icmp_error *out)
{
    uint16_t length = amtg_get_u16(udp + 4);

    out->peer.local_port = amtg_get_u16(udp);
    out->peer.remote_port = amtg_get_u16(udp + 2);
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
        return e->type == ICMP4_UNREACHABLE || e->type == ICMP4_TIME_EXCEEDED ||
               e->type == ICMP4_PARAMETER;
    return e->type >= ICMP6_UNREACHABLE && e->type <= ICMP6_PARAMETER;
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
    if (ip4 && e.type == ICMP4_UNREACHABLE && e.code == ICMP4_FRAGMENTATION_NEEDED)
        e.mtu = amtg_get_u16(icmp + 6); /* RFC 1191 */
    else if (!ip4 && e.type == ICMP6_TOO_BIG)
        e.mtu = amtg_get_u32(icmp + 4);

    const uint8_t *quote = icmp + ICMP_HEAD_OCTETS;
    uint32_t quote_len = icmp_len - ICMP_HEAD_OCTETS;
    if (!(ip4 ? quoted4(quote, quote_len, &e) : quoted6(quote, quote_len, &e)))
        return false;
    /* An error goes to whoever sent the datagram; another's is none of ours. */
    if (!amtg_addr_equal(&e.peer.local, &ip.dst))
        return false;
    *out = e;
    return true;
}
