#include "elements/io/chatter.h"

#include <netinet/in.h>
#include <string.h>

#include "elements/wire/mld.h"

/* 224.0.0.0/24, 255.255.255.255, ff01::/16, ff02::/16 and link-local unicast. */
static bool stays_on_link(const struct amtg_addr *dst)
{
    static const uint8_t all_ones[4] = {255, 255, 255, 255};
    const uint8_t *four = amtg_addr_octets4(dst);

    if (amtg_addr_is_link_local(dst))
        return true;
    if (amtg_addr_is4(dst))
        return memcmp(four, "\340\0\0", 3) == 0 || memcmp(four, all_ones, 4) == 0;
    return amtg_addr_is_multicast(dst) && (dst->octets[1] & 0x0f) <= 2;
}

static bool is_group_management(const uint8_t *octets, const struct amtg_ip *ip)
{
    if (ip->version == 4)
        return ip->protocol == IPPROTO_IGMP;
    if (ip->protocol != IPPROTO_ICMPV6 || ip->total <= ip->transport)
        return false;
    switch (octets[ip->transport]) {
    case AMTG_MLD_QUERY:
    case AMTG_MLD_V1_REPORT:
    case AMTG_MLD_V1_DONE:
    case AMTG_MLD_V2_REPORT:
        return true;
    default:
        return false;
    }
}

bool amtg_is_chatter(const uint8_t *octets, const struct amtg_ip *ip)
{
    return !is_group_management(octets, ip) && stays_on_link(&ip->dst);
}
