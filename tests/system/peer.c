#include "peer.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t router_alert4[4] = {0x94, 0x04, 0x00, 0x00};
static const uint8_t router_alert6[8] = {0x3a, 0x00, 0x05, 0x02, 0x00, 0x00, 0x01, 0x00};

/* ---- what we send ---- */

/* RFC 7450, section 5.1.1 */
size_t discovery_build(uint8_t *out, uint32_t nonce)
{
    put32(out, 0x01000000);
    put32(out + 4, nonce);
    return 8;
}

/* RFC 7450, section 5.1.3 */
size_t request_build(uint8_t *out, uint32_t nonce, bool p)
{
    put32(out, 0x03000000 | (p ? 1u << 16 : 0));
    put32(out + 4, nonce);
    return 8;
}

/* RFC 7450, section 5.1.7 */
size_t teardown_build(uint8_t *out, const struct credentials *credentials)
{
    out[0] = 0x07;
    out[1] = 0;
    memcpy(out + 2, credentials->mac, 6);
    put32(out + 8, credentials->nonce);
    put16(out + 12, credentials->port);
    memcpy(out + 14, credentials->address, 16);
    return 30;
}

/* Group records have the same shape in both protocols (RFC 3376, 4.2.4; RFC 3810, 5.2.5). */
static size_t records_build(uint8_t *out, size_t room, const struct record *records,
                            unsigned count)
{
    size_t at = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct record *record = &records[i];
        size_t octets = address_octets(&record->group);
        if (at + 4 + octets * (1 + record->sources) > room)
            return 0;
        out[at] = record->type;
        out[at + 1] = 0;
        put16(out + at + 2,
              (uint16_t)(record->claimed < 0 ? (int)record->sources : record->claimed));
        memcpy(out + at + 4, record->group.a, octets);
        at += 4 + octets;
        for (unsigned k = 0; k < record->sources; k++, at += octets)
            memcpy(out + at, address_plus(&record->source, k).a, octets);
    }
    return at;
}

/* RFC 3376, section 4.2: TTL 1, TOS 0xC0, Router Alert, to 224.0.0.22. */
static size_t report4_build(uint8_t *out, size_t room, const struct record *records, unsigned count)
{
    uint8_t *igmp = out + 24;
    size_t size = records_build(igmp + 8, room - 32, records, count);
    if (!size)
        return 0;
    size += 8;
    igmp[0] = 0x22;
    memset(igmp + 1, 0, 5);
    put16(igmp + 6, (uint16_t)count);
    put16(igmp + 2, sum_fold(sum_octets(0, igmp, size)));

    memset(out, 0, 20);
    out[0] = 0x46;
    out[1] = 0xc0;
    put16(out + 2, (uint16_t)(24 + size));
    put16(out + 6, 0x4000);
    out[8] = 1;
    out[9] = IPPROTO_IGMP;
    put32(out + 16, 0xe0000016);
    memcpy(out + 20, router_alert4, 4);
    put16(out + 10, sum_fold(sum_octets(0, out, 24)));
    return 24 + size;
}

/* RFC 3810, section 5.2: link-local source, hop limit 1, Router Alert, to ff02::16. */
static size_t report6_build(uint8_t *out, size_t room, const struct record *records, unsigned count)
{
    struct address from, to;
    address_parse("fe80::2", &from);
    address_parse("ff02::16", &to);

    uint8_t *icmp = out + 48;
    size_t size = records_build(icmp + 8, room - 56, records, count);
    if (!size)
        return 0;
    size += 8;
    icmp[0] = 143;
    memset(icmp + 1, 0, 5);
    put16(icmp + 6, (uint16_t)count);
    put16(icmp + 2, sum_fold(sum_octets(sum_pseudo(&from, &to, IPPROTO_ICMPV6, (uint32_t)size),
                                        icmp, size)));

    put32(out, 0x60000000);
    put16(out + 4, (uint16_t)(8 + size));
    out[6] = 0;
    out[7] = 1;
    memcpy(out + 8, from.a, 16);
    memcpy(out + 24, to.a, 16);
    memcpy(out + 40, router_alert6, 8);
    return 48 + size;
}

/* RFC 7450, section 5.1.5 */
size_t update_build(uint8_t *out, size_t room, const struct credentials *credentials,
                    const struct record *records, unsigned count)
{
    bool v4 = records[0].group.family == AF_INET;
    size_t inner = v4 ? report4_build(out + 12, room - 12, records, count)
                      : report6_build(out + 12, room - 12, records, count);
    if (!inner)
        return 0;
    out[0] = 0x05;
    out[1] = 0;
    memcpy(out + 2, credentials->mac, 6);
    put32(out + 8, credentials->nonce);
    return 12 + inner;
}

/* ---- what we get ---- */

/* RFC 7450, section 5.1.2 */
const char *advertisement_check(const uint8_t *message, size_t size, uint32_t nonce,
                                const struct address *relay)
{
    if (size != 8 + address_octets(relay))
        return "Advertisement: wrong length";
    if (get32(message) != 0x02000000)
        return "Advertisement: version, type or reserved bits wrong";
    if (get32(message + 4) != nonce)
        return "Advertisement: wrong nonce";
    if (memcmp(message + 8, relay->a, address_octets(relay)))
        return "Advertisement: wrong Relay Address";
    return NULL;
}

/* RFC 3376, section 4.1 in an IPv4 header; RFC 7450, section 5.3.3.3. */
static const char *query4_check(const uint8_t *ip, size_t size, struct credentials *out)
{
    static const uint8_t all_systems[4] = {224, 0, 0, 1}, none[4];
    const uint8_t *igmp = ip + 24;

    if (size != 36 || get16(ip + 2) != 36)
        return "IGMP Query: wrong length";
    if (ip[0] != 0x46 || memcmp(ip + 20, router_alert4, 4))
        return "IGMP Query: no Router Alert";
    if (ip[1] != 0xc0 || ip[8] != 1 || ip[9] != IPPROTO_IGMP || memcmp(ip + 16, all_systems, 4))
        return "IGMP Query: TOS, TTL, protocol or destination wrong";
    if (get16(ip + 6) & 0xbfff)
        return "IGMP Query: is a fragment";
    if (sum_fold(sum_octets(0, ip, 24)))
        return "IGMP Query: IPv4 header checksum wrong";
    if (sum_fold(sum_octets(0, igmp, 12)))
        return "IGMP Query: IGMP checksum wrong";
    if (igmp[0] != 0x11 || memcmp(igmp + 4, none, 4) || get16(igmp + 10))
        return "IGMP Query: not a General Query";
    if (igmp[1] != 1)
        return "IGMP Query: Max Response Code is not 1";
    if (igmp[8] & 0xf8)
        return "IGMP Query: S or reserved bits set";
    out->qrv = igmp[8] & 7;
    out->qqic = igmp[9];
    return NULL;
}

/* RFC 3810, section 5.1 in an IPv6 header; RFC 7450, section 5.3.3.3. */
static const char *query6_check(const uint8_t *ip, size_t size, struct credentials *out)
{
    static const uint8_t none[16];
    const uint8_t *icmp = ip + 48;
    struct address from = {.family = AF_INET6}, to = {.family = AF_INET6}, all_nodes;

    address_parse("ff02::1", &all_nodes);
    if (size != 76 || get16(ip + 4) != 36)
        return "MLD Query: wrong length";
    if (ip[0] >> 4 != 6 || ip[6] != 0 || memcmp(ip + 40, router_alert6, 8))
        return "MLD Query: no Router Alert";
    memcpy(from.a, ip + 8, 16);
    memcpy(to.a, ip + 24, 16);
    if (ip[7] != 1 || memcmp(to.a, all_nodes.a, 16))
        return "MLD Query: hop limit or destination wrong";
    if (from.a[0] != 0xfe || (from.a[1] & 0xc0) != 0x80)
        return "MLD Query: source is not link-local";
    if (sum_fold(sum_octets(sum_pseudo(&from, &to, IPPROTO_ICMPV6, 28), icmp, 28)))
        return "MLD Query: ICMPv6 checksum wrong";
    if (icmp[0] != 130 || icmp[1] || memcmp(icmp + 8, none, 16) || get16(icmp + 26))
        return "MLD Query: not a General Query";
    if (get16(icmp + 4) != 1)
        return "MLD Query: Maximum Response Code is not 1";
    if (icmp[24] & 0xf8)
        return "MLD Query: S or reserved bits set";
    out->qrv = icmp[24] & 7;
    out->qqic = icmp[25];
    return NULL;
}

/* RFC 7450, section 5.1.4: the gateway's fields are the last 18 octets. */
const char *query_check(const uint8_t *message, size_t size, uint32_t nonce, bool p,
                        const struct address *local, uint16_t port, struct credentials *out)
{
    struct credentials got = {.valid = true};
    uint8_t expected[16] = {0};

    if (size < 12 + 36 + 18 || message[0] != 0x04)
        return "Query: too short, or version or type wrong";
    if (message[1] & 0xfc)
        return "Query: reserved bits set";
    if (!(message[1] & 0x01))
        return "Query: G not set";
    if (get32(message + 8) != nonce)
        return "Query: wrong nonce";
    got.limit = message[1] & 0x02;
    got.nonce = nonce;
    memcpy(got.mac, message + 2, 6);
    got.port = get16(message + size - 18);
    memcpy(got.address, message + size - 16, 16);

    /* An IPv4 address takes the last four of the sixteen octets, after zeros. */
    if (local->family == AF_INET)
        memcpy(expected + 12, local->a, 4);
    else
        memcpy(expected, local->a, 16);
    if (got.port != port || memcmp(got.address, expected, 16))
        return "Query: gateway fields are not this gateway's address and port";

    size_t inner = size - 12 - 18;
    const char *wrong = p ? query6_check(message + 12, inner, &got)
                          : query4_check(message + 12, inner, &got);
    if (wrong)
        return wrong;
    if (got.qrv < 2 || got.qqic == 0)
        return "Query: QRV below 2 or no QQIC";
    *out = got;
    return NULL;
}
