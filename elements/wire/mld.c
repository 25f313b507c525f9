#include "elements/wire/mld.h"

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/float_code.h"

enum { HEAD_OCTETS = 8, V1_OCTETS = 24, QUERY_OCTETS = 28 };

/* ff02::last */
static struct amtg_addr link_scope(uint8_t last)
{
    return (struct amtg_addr){{[0] = 0xff, [1] = 0x02, [15] = last}};
}

/* RFC 3810 5.2.14, RFC 2710 section 8: where a message of this type is to be sent. */
static bool right_destination(uint8_t type, const struct amtg_addr *group,
                              const struct amtg_addr *dst)
{
    struct amtg_addr all_routers = link_scope(0x02), v2_routers = link_scope(0x16);

    if (type == AMTG_MLD_V2_REPORT)
        return amtg_addr_equal(dst, &v2_routers);
    return amtg_addr_equal(dst, type == AMTG_MLD_V1_DONE ? &all_routers : group);
}

static enum amtg_report_fault check_header(const struct amtg_ip *ip)
{
    if (ip->version != 6)
        return AMTG_REPORT_FAULT_FAMILY;
    if (ip->fragment)
        return AMTG_REPORT_FAULT_FRAGMENT;
    if (ip->protocol != IPPROTO_ICMPV6 || ip->other_extensions)
        return AMTG_REPORT_FAULT_PROTOCOL;
    if (ip->hops != 1)
        return AMTG_REPORT_FAULT_HOPS;
    /* RFC 3810, section 6.2: no Router Alert, no MLD. RFC 2711: never two of them. */
    if (ip->router_alerts != 1 || ip->router_alert_value != 0)
        return AMTG_REPORT_FAULT_ROUTER_ALERT;
    return AMTG_REPORT_SOUND;
}

/* The part of a type that is always there. */
static uint32_t fixed_octets(uint8_t type)
{
    return type >= AMTG_MLD_QUERY && type <= AMTG_MLD_V1_DONE ? V1_OCTETS : HEAD_OCTETS;
}

enum amtg_report_fault amtg_mld_report_check(const uint8_t *octets, const struct amtg_ip *ip,
                                             bool strict)
{
    const uint8_t *mld = octets + ip->transport;
    uint32_t len = ip->total - ip->transport;
    enum amtg_report_fault fault = check_header(ip);

    if (fault)
        return fault;
    if (len < HEAD_OCTETS || len < fixed_octets(mld[0]))
        return AMTG_REPORT_FAULT_TRUNCATED;
    uint64_t sum = amtg_sum_pseudo(0, &ip->src, &ip->dst, IPPROTO_ICMPV6, len);
    if (amtg_sum_fold(amtg_sum(sum, mld, len)) != 0xffff)
        return AMTG_REPORT_FAULT_CHECKSUM;

    struct amtg_addr group = {{0}};
    switch (mld[0]) {
    case AMTG_MLD_QUERY:
        return AMTG_REPORT_FAULT_QUERY;
    case AMTG_MLD_V1_REPORT:
    case AMTG_MLD_V1_DONE:
        group = amtg_addr_from6(mld + 8);
        /* An IPv4-mapped one would pass for an IPv4 group further on. */
        if (amtg_addr_is4(&group) || !amtg_addr_is_multicast(&group))
            return AMTG_REPORT_FAULT_GROUP;
        break;
    case AMTG_MLD_V2_REPORT:
        if (!amtg_report_records_fit(mld, len, 16))
            return AMTG_REPORT_FAULT_RECORDS;
        break;
    default:
        return AMTG_REPORT_FAULT_TYPE;
    }
    if (strict && !right_destination(mld[0], &group, &ip->dst))
        return AMTG_REPORT_FAULT_DESTINATION;
    return AMTG_REPORT_SOUND;
}

uint32_t amtg_mld_query_build(const struct amtg_general_query *q, uint8_t *out)
{
    struct amtg_ip_head head = {
        .src = q->src,
        .dst = link_scope(0x01),
        .payload = QUERY_OCTETS,
        .protocol = IPPROTO_ICMPV6,
        .hops = 1,
        .router_alert = true,
    };
    uint32_t at = amtg_ip_build(&head, out);
    uint8_t *mld = out + at;
    struct amtg_addr src = amtg_addr_from6(out + 8); /* as written */

    memset(mld, 0, QUERY_OCTETS); /* group ::, S 0, no sources */
    mld[0] = AMTG_MLD_QUERY;
    amtg_put_u16(mld + 4, q->max_response_code);
    mld[24] = q->qrv > 7 ? 0 : q->qrv;
    mld[25] = amtg_float8_encode(q->qqi_s);
    uint64_t sum = amtg_sum_pseudo(0, &src, &head.dst, IPPROTO_ICMPV6, QUERY_OCTETS);
    amtg_put_u16(mld + 2, amtg_checksum(amtg_sum(sum, mld, QUERY_OCTETS)));
    return at + QUERY_OCTETS;
}
