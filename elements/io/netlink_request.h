/*
 * One request to the kernel by rtnetlink(7), and its answer: for netlink.c, which changes
 * what the kernel has, and netlink_ask.c, which reads it. The kernel answers at once.
 */
#ifndef AMTG_IO_NETLINK_REQUEST_H
#define AMTG_IO_NETLINK_REQUEST_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "elements/io/netlink.h"

enum { AMTG_NETLINK_ROOM = 512 };

struct amtg_netlink_request {
    union {
        struct nlmsghdr head;
        uint8_t octets[AMTG_NETLINK_ROOM];
    };
};

/* `fixed`: the structure behind the header, of the message's type. */
void amtg_netlink_begin(struct amtg_netlink_request *r, uint16_t type, uint16_t flags,
                        const void *fixed, uint32_t len);
void amtg_netlink_attribute(struct amtg_netlink_request *r, uint16_t type, const void *octets,
                            uint32_t len);
/* The same of an address: its 4 or 16 octets. */
void amtg_netlink_attribute_address(struct amtg_netlink_request *r, uint16_t type,
                                    const struct amtg_addr *a);
uint8_t amtg_netlink_family(const struct amtg_addr *a);

/*
 * Send it and read the answer; `read` gets each message of it but for the last, which says
 * how it went, and may be NULL. Returns that: 0 or a positive errno.
 */
int amtg_netlink_exchange(struct amtg_netlink *nl, struct amtg_netlink_request *r,
                          void (*read)(const struct nlmsghdr *m, void *arg), void *arg);

#endif
