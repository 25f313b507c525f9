#include "elements/wire/query.h"

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/float_code.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"

enum {
    IGMP_OCTETS = 8, IGMP3_OCTETS = 12,
    MLD_OCTETS = 24, MLD2_OCTETS = 28,
    S_FLAG = 0x08, QRV = 0x07,
    IGMP1_RESPONSE_MS = 10000, /* RFC 3376, section 7.1: version 1 says none, and means this */
};

static struct amtg_addr all_hosts(bool ip4)
{
    static const uint8_t octets4[4] = {224, 0, 0, 1};
    struct amtg_addr all_nodes = {{[0] = 0xff, [1] = 0x02, [15] = 0x01}};

    return ip4 ? amtg_addr_from4(octets4) : all_nodes;
}

/* The version by the length (RFC 3376, section 7.1; RFC 3810, section 8.1); 0: none has it. */
static uint8_t version_of(const uint8_t *message, uint32_t len, bool ip4)
{
    if (!ip4)
        return len == MLD_OCTETS ? 1 : len >= MLD2_OCTETS ? 2 : 0;
    if (len == IGMP_OCTETS)
        return message[1] ? 2 : 1;
    return len >= IGMP3_OCTETS ? 3 : 0;
}

static uint32_t response_ms(const uint8_t *message, uint8_t version, bool ip4)
{
    if (!ip4)
        return version == 1 ? amtg_get_u16(message + 4)
                            : amtg_float16_decode(amtg_get_u16(message + 4));
    if (version == 1)
        return IGMP1_RESPONSE_MS;
    return (version == 2 ? message[1] : amtg_float8_decode(message[1])) * 100u;
}

static enum amtg_query_fault check_header(const struct amtg_ip *ip)
{
    bool ip4 = ip->version == 4;

    if (ip->fragment)
        return AMTG_QUERY_FAULT_FRAGMENT;
    if (ip->protocol != (ip4 ? IPPROTO_IGMP : IPPROTO_ICMPV6) || (!ip4 && ip->other_extensions))
        return AMTG_QUERY_FAULT_PROTOCOL;
    if (ip->hops != 1)
        return AMTG_QUERY_FAULT_HOPS;
    /* RFC 3810, section 6.2: no Router Alert, no MLD. Old IGMP queriers have none. */
    if (!ip4 && (ip->router_alerts != 1 || ip->router_alert_value != 0))
        return AMTG_QUERY_FAULT_ROUTER_ALERT;
    return AMTG_QUERY_SOUND;
}

/* The message is one of its family: checksum, type, then length. */
static enum amtg_query_fault check_message(const uint8_t *message, uint32_t len,
                                           const struct amtg_ip *ip)
{
    bool ip4 = ip->version == 4;
    uint64_t sum = ip4 ? 0 : amtg_sum_pseudo(0, &ip->src, &ip->dst, IPPROTO_ICMPV6, len);

    if (len < IGMP_OCTETS)
        return AMTG_QUERY_FAULT_LENGTH;
    if (amtg_sum_fold(amtg_sum(sum, message, len)) != 0xffff)
        return AMTG_QUERY_FAULT_CHECKSUM;
    if (message[0] != (ip4 ? AMTG_IGMP_QUERY : AMTG_MLD_QUERY))
        return AMTG_QUERY_FAULT_TYPE;
    return version_of(message, len, ip4) ? AMTG_QUERY_SOUND : AMTG_QUERY_FAULT_LENGTH;
}

/* What the newest version says behind the fields of the older ones. */
static bool read_new_fields(struct amtg_query *q, const uint8_t *message, uint32_t len)
{
    const uint8_t *at = message + (q->ip4 ? IGMP_OCTETS : MLD_OCTETS);

    q->suppress = at[0] & S_FLAG;
    q->robustness = at[0] & QRV;
    q->interval_s = amtg_float8_decode(at[1]);
    q->count = amtg_get_u16(at + 2);
    q->sources = at + 4;
    return q->count * (q->ip4 ? 4u : 16u) <= len - (uint32_t)(q->sources - message);
}

enum amtg_query_fault amtg_query_parse(const uint8_t *octets, const struct amtg_ip *ip,
                                       struct amtg_query *out)
{
    const uint8_t *message = octets + ip->transport;
    uint32_t len = ip->total - ip->transport;
    struct amtg_query q = {.source = ip->src, .ip4 = ip->version == 4};

    enum amtg_query_fault fault = check_header(ip);
    if (!fault)
        fault = check_message(message, len, ip);
    if (fault)
        return fault;

    q.version = version_of(message, len, q.ip4);
    q.max_response_ms = response_ms(message, q.version, q.ip4);
    q.group = q.ip4 ? amtg_addr_from4(message + 4) : amtg_addr_from6(message + 8);
    q.general = amtg_addr_is_unspecified(&q.group);
    /* An IPv4-mapped group in MLD would pass for an IPv4 one. */
    if (!q.general && (amtg_addr_is4(&q.group) != q.ip4 || !amtg_addr_is_multicast(&q.group)))
        return AMTG_QUERY_FAULT_GROUP;
    if (q.version == (q.ip4 ? 3 : 2) && !read_new_fields(&q, message, len))
        return AMTG_QUERY_FAULT_SOURCES;
    if (q.general && q.count)
        return AMTG_QUERY_FAULT_SOURCES;
    /* To one of our own addresses is fine, for tests of a network (RFC 3376, section 4.1.12). */
    struct amtg_addr all = all_hosts(q.ip4);
    if (q.general && amtg_addr_is_multicast(&ip->dst) && !amtg_addr_equal(&ip->dst, &all))
        return AMTG_QUERY_FAULT_DESTINATION;
    *out = q;
    return AMTG_QUERY_SOUND;
}

struct amtg_addr amtg_query_source(const struct amtg_query *q, unsigned i)
{
    return q->ip4 ? amtg_addr_from4(q->sources + i * 4u) : amtg_addr_from6(q->sources + i * 16u);
}

/* ---- building ----------------------------------------------------------- */

static struct amtg_ip_head head_of(const struct amtg_question *q)
{
    bool general = amtg_addr_is_unspecified(&q->group);

    return (struct amtg_ip_head){
        .src = q->source,
        .dst = general ? all_hosts(q->ip4) : q->group,
        .payload = q->ip4 ? IGMP3_OCTETS + q->count * 4u : MLD2_OCTETS + q->count * 16u,
        .protocol = q->ip4 ? IPPROTO_IGMP : IPPROTO_ICMPV6,
        .hops = 1,
        .tos = q->ip4 ? AMTG_TOS_CONTROL : 0,
        .dont_fragment = true,
        .router_alert = true,
    };
}

uint32_t amtg_question_octets(const struct amtg_question *q)
{
    struct amtg_ip_head head = head_of(q);
    return amtg_ip_head_octets(&head) + head.payload;
}

static void put_addr(uint8_t *out, const struct amtg_addr *a, bool ip4)
{
    memcpy(out, a->octets + (ip4 ? 12 : 0), ip4 ? 4 : 16); /* of :: too: zeroes */
}

uint32_t amtg_question_build(const struct amtg_question *q, uint8_t *out)
{
    struct amtg_ip_head head = head_of(q);
    uint32_t before = amtg_ip_build(&head, out);
    uint8_t *message = out + before, *at = message + (q->ip4 ? IGMP_OCTETS : MLD_OCTETS);
    uint32_t address = q->ip4 ? 4 : 16;
    uint64_t sum = 0;

    memset(message, 0, head.payload);
    message[0] = q->ip4 ? AMTG_IGMP_QUERY : AMTG_MLD_QUERY;
    if (q->ip4)
        message[1] = amtg_float8_encode(q->max_response_ms / 100);
    else
        amtg_put_u16(message + 4, amtg_float16_encode(q->max_response_ms));
    put_addr(at - address, &q->group, q->ip4); /* the last of the older fields */
    at[0] = (uint8_t)((q->suppress ? S_FLAG : 0) | (q->robustness > QRV ? 0 : q->robustness));
    at[1] = amtg_float8_encode(q->interval_s);
    amtg_put_u16(at + 2, q->count);
    for (unsigned i = 0; i < q->count; i++)
        put_addr(at + 4 + i * address, &q->sources[i], q->ip4);
    if (!q->ip4) {
        struct amtg_addr source = amtg_addr_from6(out + 8); /* as written */
        sum = amtg_sum_pseudo(0, &source, &head.dst, IPPROTO_ICMPV6, head.payload);
    }
    amtg_put_u16(message + 2, amtg_checksum(amtg_sum(sum, message, head.payload)));
    return before + head.payload;
}
