#include "elements/amt/gateway_check.h"

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/float_code.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"

enum { IGMP_OCTETS = 12, MLD_OCTETS = 28 }; /* of a General Query; an older IGMP one has 8 */

static enum amtg_gw_query_fault check4(const uint8_t *igmp, uint32_t len, const struct amtg_ip *ip,
                                       struct amtg_gw_general *out)
{
    if (ip->protocol != IPPROTO_IGMP || len < IGMP_OCTETS || igmp[0] != AMTG_IGMP_QUERY)
        return AMTG_GW_FAULT_TYPE;
    if (amtg_sum_fold(amtg_sum(0, igmp, len)) != 0xffff)
        return AMTG_GW_FAULT_CHECKSUM;
    if (amtg_get_u32(igmp + 4) != 0 || amtg_get_u16(igmp + 10) != 0)
        return AMTG_GW_FAULT_SPECIFIC;
    out->robustness = igmp[8] & 7;
    out->interval_s = amtg_float8_decode(igmp[9]);
    return AMTG_GW_QUERY_SOUND;
}

static enum amtg_gw_query_fault check6(const uint8_t *mld, uint32_t len, const struct amtg_ip *ip,
                                       struct amtg_gw_general *out)
{
    struct amtg_addr group;

    if (ip->protocol != IPPROTO_ICMPV6 || ip->other_extensions || len < MLD_OCTETS ||
        mld[0] != AMTG_MLD_QUERY)
        return AMTG_GW_FAULT_TYPE;
    if (ip->hops != 1 || ip->router_alerts != 1 || ip->router_alert_value != 0)
        return AMTG_GW_FAULT_ALERT;
    uint64_t sum = amtg_sum_pseudo(0, &ip->src, &ip->dst, IPPROTO_ICMPV6, len);
    if (amtg_sum_fold(amtg_sum(sum, mld, len)) != 0xffff)
        return AMTG_GW_FAULT_CHECKSUM;
    group = amtg_addr_from6(mld + 8);
    if (!amtg_addr_is_unspecified(&group) || amtg_addr_is4(&group) || amtg_get_u16(mld + 26) != 0)
        return AMTG_GW_FAULT_SPECIFIC;
    out->robustness = mld[24] & 7;
    out->interval_s = amtg_float8_decode(mld[25]);
    return AMTG_GW_QUERY_SOUND;
}

enum amtg_gw_query_fault amtg_gw_query_check(const uint8_t *octets, uint32_t len,
                                             struct amtg_gw_general *out)
{
    struct amtg_ip ip;
    struct amtg_gw_general found;

    if (amtg_ip_parse(octets, len, &ip) || ip.fragment)
        return AMTG_GW_FAULT_IP;
    found = (struct amtg_gw_general){.ip4 = ip.version == 4, .total = ip.total};
    enum amtg_gw_query_fault fault =
        (found.ip4 ? check4 : check6)(octets + ip.transport, ip.total - ip.transport, &ip, &found);
    if (!fault)
        *out = found;
    return fault;
}
