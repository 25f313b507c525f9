#include "elements/io/netlink_request.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { ANSWER = 16384 }; /* octets: what is said of a link takes a few thousand */

void amtg_netlink_begin(struct amtg_netlink_request *r, uint16_t type, uint16_t flags,
                        const void *fixed, uint32_t len)
{
    memset(r, 0, sizeof *r);
    r->head.nlmsg_len = NLMSG_LENGTH(len);
    r->head.nlmsg_type = type;
    r->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    memcpy(NLMSG_DATA(&r->head), fixed, len);
}

void amtg_netlink_attribute(struct amtg_netlink_request *r, uint16_t type, const void *octets,
                            uint32_t len)
{
    struct rtattr *a = (struct rtattr *)(r->octets + NLMSG_ALIGN(r->head.nlmsg_len));

    a->rta_type = type;
    a->rta_len = (uint16_t)RTA_LENGTH(len);
    memcpy(RTA_DATA(a), octets, len);
    r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

void amtg_netlink_attribute_address(struct amtg_netlink_request *r, uint16_t type,
                                    const struct amtg_addr *a)
{
    if (amtg_addr_is4(a))
        amtg_netlink_attribute(r, type, amtg_addr_octets4(a), 4);
    else
        amtg_netlink_attribute(r, type, a->octets, 16);
}

uint8_t amtg_netlink_family(const struct amtg_addr *a)
{
    return amtg_addr_is4(a) ? AF_INET : AF_INET6;
}

/* The end of an answer is an error message, whose error 0 says that it is done. */
int amtg_netlink_exchange(struct amtg_netlink *nl, struct amtg_netlink_request *r,
                          void (*read)(const struct nlmsghdr *m, void *arg), void *arg)
{
    union {
        struct nlmsghdr head;
        uint8_t octets[ANSWER];
    } answer;

    r->head.nlmsg_seq = ++nl->sequence;
    if (send(nl->fd, r, r->head.nlmsg_len, 0) < 0)
        return errno;
    for (;;) {
        ssize_t n = recv(nl->fd, &answer, sizeof answer, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        int left = (int)n;
        for (const struct nlmsghdr *m = &answer.head; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
            if (m->nlmsg_seq != r->head.nlmsg_seq)
                continue;
            if (m->nlmsg_type == NLMSG_ERROR)
                return -((const struct nlmsgerr *)NLMSG_DATA(m))->error;
            if (read)
                read(m, arg);
        }
    }
}
