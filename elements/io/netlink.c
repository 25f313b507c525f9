#include "elements/io/netlink.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "elements/io/netlink_request.h"

enum { EVENTS_ROOM = 8192 };

/* ---- prefixes ----------------------------------------------------------- */

bool amtg_prefix_parse(const char *text, struct amtg_prefix *out)
{
    char address[AMTG_ADDR_TEXT];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    char *end;

    if (len >= sizeof address)
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    if (!amtg_addr_parse(address, &out->addr))
        return false;
    unsigned long most = amtg_addr_is4(&out->addr) ? 32 : 128, bits = most;
    if (slash) {
        if (slash[1] < '0' || slash[1] > '9')
            return false;
        bits = strtoul(slash + 1, &end, 10);
        if (*end || bits > most)
            return false;
    }
    out->length = (uint8_t)bits;
    return true;
}

/* ---- what can be asked -------------------------------------------------- */

int amtg_netlink_socket(int flags, uint32_t groups)
{
    struct sockaddr_nl us = {.nl_family = AF_NETLINK, .nl_groups = groups};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&us, sizeof us) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int amtg_netlink_open(struct amtg_netlink *nl)
{
    nl->sequence = 0;
    nl->fd = amtg_netlink_socket(0, 0);
    return nl->fd;
}

int amtg_netlink_watch_links(void)
{
    return amtg_netlink_socket(SOCK_NONBLOCK, RTMGRP_LINK);
}

int amtg_netlink_link_up(struct amtg_netlink *nl, unsigned index, uint32_t mtu)
{
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC,
                             .ifi_index = (int)index,
                             .ifi_flags = IFF_UP,
                             .ifi_change = IFF_UP};
    struct amtg_netlink_request r;

    amtg_netlink_begin(&r, RTM_NEWLINK, 0, &link, sizeof link);
    amtg_netlink_attribute(&r, IFLA_MTU, &mtu, sizeof mtu);
    return amtg_netlink_exchange(nl, &r, NULL, NULL);
}

int amtg_netlink_address(struct amtg_netlink *nl, unsigned index, const struct amtg_prefix *address,
                         bool add)
{
    bool local = amtg_addr_is_link_local(&address->addr);
    struct ifaddrmsg msg = {.ifa_family = amtg_netlink_family(&address->addr),
                            .ifa_prefixlen = address->length,
                            .ifa_flags = IFA_F_NODAD,
                            .ifa_scope = local ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                            .ifa_index = index};
    struct amtg_netlink_request r;

    amtg_netlink_begin(&r, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE | NLM_F_EXCL : 0,
                       &msg, sizeof msg);
    amtg_netlink_attribute_address(&r, IFA_LOCAL, &address->addr);
    amtg_netlink_attribute_address(&r, IFA_ADDRESS, &address->addr);
    return amtg_netlink_exchange(nl, &r, NULL, NULL);
}

int amtg_netlink_route(struct amtg_netlink *nl, unsigned index, const struct amtg_prefix *to,
                       bool add)
{
    bool ip4 = amtg_addr_is4(&to->addr), multicast6 = !ip4 && amtg_addr_is_multicast(&to->addr);
    struct rtmsg msg = {.rtm_family = amtg_netlink_family(&to->addr),
                        .rtm_dst_len = to->length,
                        .rtm_table = multicast6 ? RT_TABLE_LOCAL : RT_TABLE_MAIN,
                        .rtm_protocol = RTPROT_STATIC,
                        .rtm_scope = ip4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                        .rtm_type = multicast6 ? RTN_MULTICAST : RTN_UNICAST};
    struct amtg_netlink_request r;
    uint32_t out = index;

    amtg_netlink_begin(&r, add ? RTM_NEWROUTE : RTM_DELROUTE, add ? NLM_F_CREATE | NLM_F_EXCL : 0,
                       &msg, sizeof msg);
    amtg_netlink_attribute_address(&r, RTA_DST, &to->addr);
    amtg_netlink_attribute(&r, RTA_OIF, &out, sizeof out);
    return amtg_netlink_exchange(nl, &r, NULL, NULL);
}

bool amtg_netlink_told(int fd, unsigned index)
{
    union {
        struct nlmsghdr head;
        uint8_t octets[EVENTS_ROOM];
    } messages;
    bool told = false;

    for (;;) {
        ssize_t n = recv(fd, &messages, sizeof messages, MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == ENOBUFS)) {
            told = true;
            continue;
        }
        if (n <= 0)
            return told;
        int left = (int)n;
        for (const struct nlmsghdr *m = &messages.head; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
            if (m->nlmsg_type == RTM_NEWLINK || m->nlmsg_type == RTM_DELLINK)
                told |= ((const struct ifinfomsg *)NLMSG_DATA(m))->ifi_index == (int)index;
    }
}
