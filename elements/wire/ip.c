#include "elements/wire/ip.h"

#include "core/cursor.h"
#include "elements/wire/checksum.h"

enum {
    OPTION4_END = 0, OPTION4_NOP = 1, OPTION4_ROUTER_ALERT = 0x94,
    OPTION6_PAD1 = 0, OPTION6_ROUTER_ALERT = 5,
    FLAG4_DF = 0x4000, FLAG4_MF = 0x2000, OFFSET4 = 0x1fff,
    FLAG6_MF = 0x0001, OFFSET6 = 0xfff8,
    EXTENSIONS_MOST = 8, /* more extension headers than that are no honest packet */
};

static void note_router_alert(struct amtg_ip *ip, uint16_t value)
{
    ip->router_alert = true;
    ip->router_alert_value = value;
    if (ip->router_alerts < UINT8_MAX)
        ip->router_alerts++;
}

/* RFC 791, section 3.1: single octets 0 (ends the list) and 1, else type, length, value. */
static bool walk_options4(const uint8_t *at, const uint8_t *end, struct amtg_ip *ip)
{
    while (at < end && *at != OPTION4_END) {
        if (*at == OPTION4_NOP) {
            at++;
            continue;
        }
        if (end - at < 2 || at[1] < 2 || at[1] > end - at)
            return false;
        if (at[0] == OPTION4_ROUTER_ALERT && at[1] == 4)
            note_router_alert(ip, amtg_get_u16(at + 2));
        at += at[1];
    }
    return true;
}

static enum amtg_ip_fault parse4(const uint8_t *octets, uint32_t len, struct amtg_ip *ip)
{
    if (len < AMTG_IP4_OCTETS)
        return AMTG_IP_FAULT_TRUNCATED;
    ip->header = (uint16_t)((octets[0] & 0x0f) * 4);
    if (ip->header < AMTG_IP4_OCTETS)
        return AMTG_IP_FAULT_HEADER_LENGTH;
    if (ip->header > len)
        return AMTG_IP_FAULT_TRUNCATED;
    ip->total = amtg_get_u16(octets + 2);
    if (ip->total < ip->header)
        return AMTG_IP_FAULT_TOTAL_LENGTH;
    if (ip->total > len)
        return AMTG_IP_FAULT_TRUNCATED;
    if (amtg_sum_fold(amtg_sum(0, octets, ip->header)) != 0xffff)
        return AMTG_IP_FAULT_CHECKSUM;
    if (!walk_options4(octets + AMTG_IP4_OCTETS, octets + ip->header, ip))
        return AMTG_IP_FAULT_OPTIONS;

    uint16_t part = amtg_get_u16(octets + 6);
    ip->dont_fragment = part & FLAG4_DF;
    ip->fragment = part & (FLAG4_MF | OFFSET4);
    ip->later_fragment = part & OFFSET4;
    ip->transport = ip->header;
    ip->protocol = octets[9];
    ip->hops = octets[8];
    ip->tos = octets[1];
    ip->src = amtg_addr_from4(octets + 12);
    ip->dst = amtg_addr_from4(octets + 16);
    return AMTG_IP_SOUND;
}

/* RFC 8200, section 4.2: Pad1 is one octet, all others type, length of value, value. */
static bool walk_options6(const uint8_t *at, const uint8_t *end, bool hop_by_hop,
                          struct amtg_ip *ip)
{
    while (at < end) {
        if (*at == OPTION6_PAD1) {
            at++;
            continue;
        }
        if (end - at < 2 || at[1] > end - at - 2)
            return false;
        if (hop_by_hop && at[0] == OPTION6_ROUTER_ALERT && at[1] == 2)
            note_router_alert(ip, amtg_get_u16(at + 2));
        at += 2 + at[1];
    }
    return true;
}

/*
 * RFC 8200, section 4.1: the chain of extension headers. It ends at the transport,
 * at what cannot be looked into, or at a fragment that is not the first.
 */
static bool walk_extensions6(const uint8_t *octets, struct amtg_ip *ip)
{
    uint32_t at = AMTG_IP6_OCTETS;
    uint8_t next = octets[6];

    for (unsigned count = 0;; count++) {
        bool options = next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS;
        bool extension = options || next == IPPROTO_ROUTING || next == IPPROTO_FRAGMENT ||
                         next == IPPROTO_AH;
        if (!extension || ip->later_fragment)
            break;
        if (count == EXTENSIONS_MOST || ip->total - at < 8)
            return false;
        if (next == IPPROTO_HOPOPTS) {
            if (count != 0) /* only straight behind the IPv6 header */
                return false;
            ip->hop_by_hop = true;
        } else {
            ip->other_extensions = true;
        }
        uint32_t octets_here = next == IPPROTO_FRAGMENT ? 8u
                               : next == IPPROTO_AH     ? (octets[at + 1] + 2u) * 4
                                                        : (octets[at + 1] + 1u) * 8;
        if (octets_here > ip->total - at)
            return false;
        if (options && !walk_options6(octets + at + 2, octets + at + octets_here,
                                      next == IPPROTO_HOPOPTS, ip))
            return false;
        if (next == IPPROTO_FRAGMENT) {
            uint16_t part = amtg_get_u16(octets + at + 2);
            ip->fragment = ip->fragment || (part & (FLAG6_MF | OFFSET6));
            ip->later_fragment = part & OFFSET6;
        }
        next = octets[at];
        at += octets_here;
    }
    ip->protocol = next;
    ip->transport = (uint16_t)at;
    return true;
}

static enum amtg_ip_fault parse6(const uint8_t *octets, uint32_t len, struct amtg_ip *ip)
{
    if (len < AMTG_IP6_OCTETS)
        return AMTG_IP_FAULT_TRUNCATED;
    uint16_t payload = amtg_get_u16(octets + 4);
    if (payload == 0) /* nothing, or a jumbogram (RFC 2675), which no tunnel carries */
        return AMTG_IP_FAULT_TOTAL_LENGTH;
    ip->total = AMTG_IP6_OCTETS + payload;
    if (ip->total > len)
        return AMTG_IP_FAULT_TRUNCATED;
    ip->header = AMTG_IP6_OCTETS;
    ip->hops = octets[7];
    ip->tos = (uint8_t)(octets[0] << 4 | octets[1] >> 4);
    ip->dont_fragment = true;
    ip->src = amtg_addr_from6(octets + 8);
    ip->dst = amtg_addr_from6(octets + 24);
    /* ::ffff:0:0/96 is how addr.h holds IPv4; on the wire it has no place (RFC 4291). */
    if (amtg_addr_is4(&ip->src) || amtg_addr_is4(&ip->dst))
        return AMTG_IP_FAULT_ADDRESS;
    return walk_extensions6(octets, ip) ? AMTG_IP_SOUND : AMTG_IP_FAULT_EXTENSIONS;
}

enum amtg_ip_fault amtg_ip_parse(const uint8_t *octets, uint32_t len, struct amtg_ip *out)
{
    if (len < 1)
        return AMTG_IP_FAULT_TRUNCATED;

    struct amtg_ip ip = {.version = octets[0] >> 4};
    enum amtg_ip_fault fault = ip.version == 4   ? parse4(octets, len, &ip)
                               : ip.version == 6 ? parse6(octets, len, &ip)
                                                 : AMTG_IP_FAULT_VERSION;
    if (!fault)
        *out = ip;
    return fault;
}

const char *amtg_ip_fault_text(enum amtg_ip_fault fault)
{
    static const char *const texts[] = {
        [AMTG_IP_SOUND] = "sound",
#define X(name, text, help) [AMTG_IP_FAULT_##name] = text,
        AMTG_IP_FAULTS(X)
#undef X
    };
    return (unsigned)fault < AMTG_IP_FAULT_COUNT ? texts[fault] : "unknown";
}

enum amtg_ip_fault amtg_ip_check(struct amtg_packet *p, struct amtg_ip *out)
{
    struct amtg_ip ip;
    enum amtg_ip_fault fault = amtg_ip_parse(p->data, p->len, &ip);

    if (fault)
        return fault;
    amtg_packet_trim(p, ip.total);
    p->transport = ip.transport;
    p->protocol = ip.protocol;
    if (out)
        *out = ip;
    return AMTG_IP_SOUND;
}

/* ---- building ----------------------------------------------------------- */

uint32_t amtg_ip_head_octets(const struct amtg_ip_head *h)
{
    if (amtg_addr_is4(&h->dst))
        return AMTG_IP4_OCTETS + (h->router_alert ? AMTG_ROUTER_ALERT4_OCTETS : 0u);
    return AMTG_IP6_OCTETS + (h->router_alert ? AMTG_ROUTER_ALERT6_OCTETS : 0u);
}

static void build4(const struct amtg_ip_head *h, uint32_t octets, uint8_t *out)
{
    static const uint8_t alert[] = {OPTION4_ROUTER_ALERT, 4, 0, 0}; /* RFC 2113 */

    out[0] = (uint8_t)(0x40 | octets / 4);
    out[1] = h->tos;
    amtg_put_u16(out + 2, (uint16_t)(octets + h->payload));
    amtg_put_u16(out + 4, h->id);
    amtg_put_u16(out + 6, h->dont_fragment ? FLAG4_DF : 0);
    out[8] = h->hops;
    out[9] = h->protocol;
    amtg_put_u16(out + 10, 0);
    memcpy(out + 12, amtg_addr_octets4(&h->src), 4); /* of :: too: zeroes */
    memcpy(out + 16, amtg_addr_octets4(&h->dst), 4);
    if (h->router_alert)
        memcpy(out + AMTG_IP4_OCTETS, alert, sizeof alert);
    amtg_put_u16(out + 10, amtg_checksum(amtg_sum(0, out, octets)));
}

static void build6(const struct amtg_ip_head *h, uint32_t octets, uint8_t *out)
{
    /* RFC 2711 and RFC 3810, section 5: Router Alert of value 0, then PadN. */
    static const uint8_t alert[] = {0, 0, OPTION6_ROUTER_ALERT, 2, 0, 0, 1, 0};

    amtg_put_u32(out, 0x60000000u | (uint32_t)h->tos << 20);
    amtg_put_u16(out + 4, (uint16_t)(octets - AMTG_IP6_OCTETS + h->payload));
    out[6] = h->router_alert ? IPPROTO_HOPOPTS : h->protocol;
    out[7] = h->hops;
    if (amtg_addr_is4(&h->src)) /* 0.0.0.0 for :: */
        memset(out + 8, 0, 16);
    else
        memcpy(out + 8, h->src.octets, 16);
    memcpy(out + 24, h->dst.octets, 16);
    if (h->router_alert) {
        memcpy(out + AMTG_IP6_OCTETS, alert, sizeof alert);
        out[AMTG_IP6_OCTETS] = h->protocol;
    }
}

uint32_t amtg_ip_build(const struct amtg_ip_head *h, uint8_t *out)
{
    uint32_t octets = amtg_ip_head_octets(h);

    if (amtg_addr_is4(&h->dst))
        build4(h, octets, out);
    else
        build6(h, octets, out);
    return octets;
}

/* ---- verified packets ---------------------------------------------------- */

bool amtg_ip_age(struct amtg_packet *p)
{
    if (!amtg_packet_own(p))
        return false;
    if (amtg_ip_is4(p)) {
        uint16_t before = amtg_get_u16(p->data + 8); /* TTL and protocol */
        uint16_t after = (uint16_t)(before - 0x0100);
        amtg_put_u16(p->data + 8, after);
        amtg_put_u16(p->data + 10,
                     amtg_checksum_replace(amtg_get_u16(p->data + 10), before, after));
    } else {
        p->data[7]--;
    }
    return true;
}
