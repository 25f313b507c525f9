#include "elements/io/netlink_ask.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>

#include "elements/io/netlink_request.h"

/* States in which a neighbour's address is there to be used (NUD_VALID of the kernel). */
enum {
    SURE = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE,
    KNOWN = SURE | NUD_PROBE | NUD_STALE | NUD_DELAY,
};

/* ---- attributes ---------------------------------------------------------- */

/* Call `take` for each attribute behind the `fixed` octets of a message. */
static void each_attribute(const struct nlmsghdr *m, size_t fixed,
                           void (*take)(const struct rtattr *a, void *out), void *out)
{
    const struct rtattr *a =
        (const void *)((const uint8_t *)NLMSG_DATA(m) + NLMSG_ALIGN(fixed));
    int left = (int)m->nlmsg_len - (int)NLMSG_SPACE(fixed);

    for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
        take(a, out);
}

static bool is_long_enough(const struct nlmsghdr *m, size_t fixed)
{
    return m->nlmsg_len >= NLMSG_LENGTH(fixed);
}

static uint32_t number(const struct rtattr *a)
{
    uint32_t n = 0;

    if (RTA_PAYLOAD(a) >= sizeof n)
        memcpy(&n, RTA_DATA(a), sizeof n);
    return n;
}

static void address(const void *octets, size_t len, struct amtg_addr *out)
{
    if (len == 4)
        *out = amtg_addr_from4(octets);
    else if (len == 16)
        *out = amtg_addr_from6(octets);
}

/* ---- routes -------------------------------------------------------------- */

static void take_route(const struct rtattr *a, void *arg)
{
    struct amtg_net_route *out = arg;
    const uint8_t *octets = RTA_DATA(a);

    switch (a->rta_type) {
    case RTA_OIF:
        out->index = number(a);
        break;
    case RTA_GATEWAY:
        address(octets, RTA_PAYLOAD(a), &out->next);
        break;
    case RTA_VIA: /* a router of the other family (RFC 5549): its family, then its address */
        if (RTA_PAYLOAD(a) > sizeof(uint16_t))
            address(octets + sizeof(uint16_t), RTA_PAYLOAD(a) - sizeof(uint16_t), &out->next);
        break;
    case RTA_PREFSRC:
        address(octets, RTA_PAYLOAD(a), &out->source);
        break;
    case RTA_ENCAP_TYPE:
        out->plain = false;
        break;
    default:
        break;
    }
}

static void read_route(const struct nlmsghdr *m, void *arg)
{
    struct amtg_net_route *out = arg;
    const struct rtmsg *msg = NLMSG_DATA(m);

    if (m->nlmsg_type != RTM_NEWROUTE || !is_long_enough(m, sizeof *msg))
        return;
    out->plain = msg->rtm_type == RTN_UNICAST;
    each_attribute(m, sizeof *msg, take_route, out);
}

int amtg_netlink_ask_route(struct amtg_netlink *nl, const struct amtg_addr *to,
                           const struct amtg_addr *local, uint32_t scope,
                           struct amtg_net_route *out)
{
    uint8_t bits = amtg_addr_is4(to) ? 32 : 128;
    bool fixed = !amtg_addr_is_unspecified(local) && amtg_addr_is4(local) == amtg_addr_is4(to);
    struct rtmsg msg = {.rtm_family = amtg_netlink_family(to), .rtm_dst_len = bits,
                        .rtm_src_len = fixed ? bits : 0};
    struct amtg_netlink_request r;

    amtg_netlink_begin(&r, RTM_GETROUTE, 0, &msg, sizeof msg);
    amtg_netlink_attribute_address(&r, RTA_DST, to);
    if (fixed)
        amtg_netlink_attribute_address(&r, RTA_SRC, local);
    if (scope)
        amtg_netlink_attribute(&r, RTA_OIF, &scope, sizeof scope);
    *out = (struct amtg_net_route){.next = *to, .source = *local};
    return amtg_netlink_exchange(nl, &r, read_route, out);
}

/* ---- neighbours ---------------------------------------------------------- */

static void take_neighbour(const struct rtattr *a, void *arg)
{
    struct amtg_net_neighbour *out = arg;

    if (a->rta_type == NDA_DST)
        address(RTA_DATA(a), RTA_PAYLOAD(a), &out->addr);
    if (a->rta_type == NDA_LLADDR && RTA_PAYLOAD(a) == ETH_ALEN) {
        out->known = true;
        memcpy(out->mac, RTA_DATA(a), ETH_ALEN);
    }
}

void amtg_netlink_read_neighbour(const struct nlmsghdr *m, struct amtg_net_neighbour *out)
{
    const struct ndmsg *msg = NLMSG_DATA(m);

    *out = (struct amtg_net_neighbour){0};
    if (!is_long_enough(m, sizeof *msg))
        return;
    out->index = (unsigned)msg->ndm_ifindex;
    each_attribute(m, sizeof *msg, take_neighbour, out);
    out->known &= m->nlmsg_type == RTM_NEWNEIGH && (msg->ndm_state & KNOWN);
    out->doubted = !(msg->ndm_state & SURE);
}

static void answer_neighbour(const struct nlmsghdr *m, void *out)
{
    amtg_netlink_read_neighbour(m, out);
}

int amtg_netlink_ask_neighbour(struct amtg_netlink *nl, unsigned index,
                               const struct amtg_addr *addr, struct amtg_net_neighbour *out)
{
    struct ndmsg msg = {.ndm_family = amtg_netlink_family(addr), .ndm_ifindex = (int)index};
    struct amtg_netlink_request r;

    amtg_netlink_begin(&r, RTM_GETNEIGH, 0, &msg, sizeof msg);
    amtg_netlink_attribute_address(&r, NDA_DST, addr);
    *out = (struct amtg_net_neighbour){.index = index, .addr = *addr};
    return amtg_netlink_exchange(nl, &r, answer_neighbour, out);
}

/* ---- devices ------------------------------------------------------------- */

static void take_device(const struct rtattr *a, void *arg)
{
    struct amtg_net_device *out = arg;

    if (a->rta_type == IFLA_MTU)
        out->mtu = number(a);
    if (a->rta_type == IFLA_ADDRESS && RTA_PAYLOAD(a) == ETH_ALEN)
        memcpy(out->mac, RTA_DATA(a), ETH_ALEN);
}

void amtg_netlink_read_device(const struct nlmsghdr *m, struct amtg_net_device *out)
{
    const struct ifinfomsg *msg = NLMSG_DATA(m);

    *out = (struct amtg_net_device){0};
    if (!is_long_enough(m, sizeof *msg))
        return;
    out->index = (unsigned)msg->ifi_index;
    out->usable = m->nlmsg_type == RTM_NEWLINK && msg->ifi_type == ARPHRD_ETHER &&
                  (msg->ifi_flags & IFF_UP) && (msg->ifi_flags & IFF_RUNNING);
    out->no_arp = msg->ifi_flags & IFF_NOARP;
    each_attribute(m, sizeof *msg, take_device, out);
}

static void answer_device(const struct nlmsghdr *m, void *out)
{
    amtg_netlink_read_device(m, out);
}

int amtg_netlink_ask_device(struct amtg_netlink *nl, unsigned index, struct amtg_net_device *out)
{
    struct ifinfomsg msg = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index};
    struct amtg_netlink_request r;

    amtg_netlink_begin(&r, RTM_GETLINK, 0, &msg, sizeof msg);
    *out = (struct amtg_net_device){.index = index};
    return amtg_netlink_exchange(nl, &r, answer_device, out);
}

/* ---- news ---------------------------------------------------------------- */

int amtg_netlink_watch_ways(void)
{
    return amtg_netlink_socket(SOCK_NONBLOCK,
                               RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE |
                                   1u << (RTNLGRP_IPV4_RULE - 1) | 1u << (RTNLGRP_IPV6_RULE - 1) |
                                   1u << (RTNLGRP_NEXTHOP - 1));
}
