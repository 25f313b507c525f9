#include "elements/wire/igmp.h"

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/float_code.h"

enum { HEAD_OCTETS = 8, QUERY_OCTETS = 12 };

static struct amtg_addr addr4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return amtg_addr_from4((uint8_t[]){a, b, c, d});
}

/* RFC 3376 4.2.14, RFC 2236 section 9: where a message of this type is to be sent. */
static bool right_destination(uint8_t type, const struct amtg_addr *group,
                              const struct amtg_addr *dst)
{
    struct amtg_addr all_routers = addr4(224, 0, 0, 2), v3_routers = addr4(224, 0, 0, 22);

    if (type == AMTG_IGMP_V3_REPORT)
        return amtg_addr_equal(dst, &v3_routers);
    /* Routers take a Leave that was sent to the group too. */
    if (type == AMTG_IGMP_V2_LEAVE && amtg_addr_equal(dst, &all_routers))
        return true;
    return amtg_addr_equal(dst, group);
}

static enum amtg_report_fault check_header(const struct amtg_ip *ip, bool strict)
{
    if (ip->version != 4)
        return AMTG_REPORT_FAULT_FAMILY;
    if (ip->protocol != IPPROTO_IGMP)
        return AMTG_REPORT_FAULT_PROTOCOL;
    if (ip->fragment)
        return AMTG_REPORT_FAULT_FRAGMENT;
    if (ip->hops != 1)
        return AMTG_REPORT_FAULT_HOPS;
    if (strict && (ip->router_alerts != 1 || ip->router_alert_value != 0))
        return AMTG_REPORT_FAULT_ROUTER_ALERT;
    if (strict && ip->tos != AMTG_TOS_CONTROL)
        return AMTG_REPORT_FAULT_TOS;
    return AMTG_REPORT_SOUND;
}

enum amtg_report_fault amtg_igmp_report_check(const uint8_t *octets, const struct amtg_ip *ip,
                                              bool strict, bool v1)
{
    const uint8_t *igmp = octets + ip->transport;
    uint32_t len = ip->total - ip->transport;
    enum amtg_report_fault fault = check_header(ip, strict);

    if (fault)
        return fault;
    if (len < HEAD_OCTETS)
        return AMTG_REPORT_FAULT_TRUNCATED;
    if (amtg_sum_fold(amtg_sum(0, igmp, len)) != 0xffff)
        return AMTG_REPORT_FAULT_CHECKSUM;

    struct amtg_addr group = amtg_addr_from4(igmp + 4);
    switch (igmp[0]) {
    case AMTG_IGMP_QUERY:
        return AMTG_REPORT_FAULT_QUERY;
    case AMTG_IGMP_V1_REPORT:
        if (!v1)
            return AMTG_REPORT_FAULT_V1;
        /* fallthrough */
    case AMTG_IGMP_V2_REPORT:
    case AMTG_IGMP_V2_LEAVE:
        if (!amtg_addr_is_multicast(&group))
            return AMTG_REPORT_FAULT_GROUP;
        break;
    case AMTG_IGMP_V3_REPORT:
        if (!amtg_report_records_fit(igmp, len, 4))
            return AMTG_REPORT_FAULT_RECORDS;
        break;
    default:
        return AMTG_REPORT_FAULT_TYPE;
    }
    if (strict && !right_destination(igmp[0], &group, &ip->dst))
        return AMTG_REPORT_FAULT_DESTINATION;
    return AMTG_REPORT_SOUND;
}

uint32_t amtg_igmp_query_build(const struct amtg_general_query *q, uint8_t *out)
{
    struct amtg_ip_head head = {
        .src = q->src,
        .dst = addr4(224, 0, 0, 1),
        .payload = QUERY_OCTETS,
        .protocol = IPPROTO_IGMP,
        .hops = 1,
        .tos = AMTG_TOS_CONTROL,
        .dont_fragment = true,
        .router_alert = true,
    };
    uint32_t at = amtg_ip_build(&head, out);
    uint8_t *igmp = out + at;

    memset(igmp, 0, QUERY_OCTETS); /* group 0, S 0, no sources */
    igmp[0] = AMTG_IGMP_QUERY;
    igmp[1] = (uint8_t)q->max_response_code;
    igmp[8] = q->qrv > 7 ? 0 : q->qrv;
    igmp[9] = amtg_float8_encode(q->qqi_s);
    amtg_put_u16(igmp + 2, amtg_checksum(amtg_sum(0, igmp, QUERY_OCTETS)));
    return at + QUERY_OCTETS;
}
