#include "elements/io/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 512, ANSWER = 4096, EVENTS_ROOM = 8192 };

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

static const void *octets_of(const struct amtg_addr *a, uint32_t *len)
{
    bool ip4 = amtg_addr_is4(a);

    *len = ip4 ? 4 : 16;
    return ip4 ? amtg_addr_octets4(a) : a->octets;
}

static uint8_t family_of(const struct amtg_addr *a)
{
    return amtg_addr_is4(a) ? AF_INET : AF_INET6;
}

/* ---- requests ----------------------------------------------------------- */

struct request {
    union {
        struct nlmsghdr head;
        uint8_t octets[ROOM];
    };
};

/* `fixed`: the structure behind the header, of the message's type. */
static void begin(struct request *r, uint16_t type, uint16_t flags, const void *fixed, uint32_t len)
{
    memset(r, 0, sizeof *r);
    r->head.nlmsg_len = NLMSG_LENGTH(len);
    r->head.nlmsg_type = type;
    r->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    memcpy(NLMSG_DATA(&r->head), fixed, len);
}

static void attribute(struct request *r, uint16_t type, const void *octets, uint32_t len)
{
    struct rtattr *a = (struct rtattr *)(r->octets + NLMSG_ALIGN(r->head.nlmsg_len));

    a->rta_type = type;
    a->rta_len = (uint16_t)RTA_LENGTH(len);
    memcpy(RTA_DATA(a), octets, len);
    r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

/* The answer to request `sequence`: an error message, whose error 0 says that it is done. */
static int await_answer(const struct amtg_netlink *nl, uint32_t sequence)
{
    union {
        struct nlmsghdr head;
        uint8_t octets[ANSWER];
    } answer;

    for (;;) {
        ssize_t n = recv(nl->fd, &answer, sizeof answer, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        int left = (int)n;
        for (const struct nlmsghdr *m = &answer.head; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
            if (m->nlmsg_seq == sequence && m->nlmsg_type == NLMSG_ERROR)
                return -((const struct nlmsgerr *)NLMSG_DATA(m))->error;
    }
}

static int ask(struct amtg_netlink *nl, struct request *r)
{
    r->head.nlmsg_seq = ++nl->sequence;
    if (send(nl->fd, r, r->head.nlmsg_len, 0) < 0)
        return errno;
    return await_answer(nl, r->head.nlmsg_seq);
}

/* ---- what can be asked -------------------------------------------------- */

static int open_socket(int flags, uint32_t groups)
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
    nl->fd = open_socket(0, 0);
    return nl->fd;
}

int amtg_netlink_watch_links(void)
{
    return open_socket(SOCK_NONBLOCK, RTMGRP_LINK);
}

int amtg_netlink_link_up(struct amtg_netlink *nl, unsigned index, uint32_t mtu)
{
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC,
                             .ifi_index = (int)index,
                             .ifi_flags = IFF_UP,
                             .ifi_change = IFF_UP};
    struct request r;

    begin(&r, RTM_NEWLINK, 0, &link, sizeof link);
    attribute(&r, IFLA_MTU, &mtu, sizeof mtu);
    return ask(nl, &r);
}

int amtg_netlink_address(struct amtg_netlink *nl, unsigned index, const struct amtg_prefix *address,
                         bool add)
{
    bool local = amtg_addr_is_link_local(&address->addr);
    struct ifaddrmsg msg = {.ifa_family = family_of(&address->addr),
                            .ifa_prefixlen = address->length,
                            .ifa_flags = IFA_F_NODAD,
                            .ifa_scope = local ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                            .ifa_index = index};
    struct request r;
    uint32_t len;
    const void *octets = octets_of(&address->addr, &len);

    begin(&r, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE | NLM_F_EXCL : 0, &msg,
          sizeof msg);
    attribute(&r, IFA_LOCAL, octets, len);
    attribute(&r, IFA_ADDRESS, octets, len);
    return ask(nl, &r);
}

int amtg_netlink_route(struct amtg_netlink *nl, unsigned index, const struct amtg_prefix *to,
                       bool add)
{
    bool ip4 = amtg_addr_is4(&to->addr), multicast6 = !ip4 && amtg_addr_is_multicast(&to->addr);
    struct rtmsg msg = {.rtm_family = family_of(&to->addr),
                        .rtm_dst_len = to->length,
                        .rtm_table = multicast6 ? RT_TABLE_LOCAL : RT_TABLE_MAIN,
                        .rtm_protocol = RTPROT_STATIC,
                        .rtm_scope = ip4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                        .rtm_type = multicast6 ? RTN_MULTICAST : RTN_UNICAST};
    struct request r;
    uint32_t len, out = index;
    const void *octets = octets_of(&to->addr, &len);

    begin(&r, add ? RTM_NEWROUTE : RTM_DELROUTE, add ? NLM_F_CREATE | NLM_F_EXCL : 0, &msg,
          sizeof msg);
    attribute(&r, RTA_DST, octets, len);
    attribute(&r, RTA_OIF, &out, sizeof out);
    return ask(nl, &r);
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
