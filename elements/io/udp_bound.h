/*
 * What the files of udp-socket share: one kernel socket for each bound address,
 * and the names of the class's counters and drops. udp-socket.c owns the sockets;
 * udp_send.c sends through them, udp_receive.c receives from them.
 */
#ifndef AMTG_IO_UDP_BOUND_H
#define AMTG_IO_UDP_BOUND_H

#include "core/element.h"

enum { AMTG_SOCK_BURST = 64 }; /* datagrams for each recvmmsg and sendmmsg */

enum amtg_sock_counter {
    AMTG_SOCK_RECEIVED,
    AMTG_SOCK_TRAINS_RECEIVED,
    AMTG_SOCK_TRAINS_COPIED,
    AMTG_SOCK_COPIES,
    AMTG_SOCK_TRAINS,
    AMTG_SOCK_PLAIN,
    AMTG_SOCK_CALLS,
    AMTG_SOCK_REPEATED,
    AMTG_SOCK_WAITS,
    AMTG_SOCK_QUEUED,
    AMTG_SOCK_LOST_ERRORS,
    AMTG_SOCK_COUNTERS
};

enum amtg_sock_drop {
    AMTG_SOCK_QUEUE_FULL,
    AMTG_SOCK_NO_DESTINATION,
    AMTG_SOCK_NO_SOCKET,
    AMTG_SOCK_TOO_BIG,
    AMTG_SOCK_NO_ROUTE,
    AMTG_SOCK_NOT_PERMITTED,
    AMTG_SOCK_NO_DEVICE_ROOM,
    AMTG_SOCK_SEND_FAILED,
    AMTG_SOCK_NOT_UNICAST,
    AMTG_SOCK_NO_SOURCE_PORT,
    AMTG_SOCK_STOPPED,
    AMTG_SOCK_DROPS
};

struct amtg_udp_bound {
    int fd;
    struct amtg_addr addr;
    uint16_t port;
    bool is4, wildcard;
    bool trains;  /* the kernel cuts messages into segments */
    uint32_t link_mtu; /* of the link that the last failed send was too big for; 0: it was not */
    bool further; /* one of `also`: not for others to be told as our address */
    struct amtg_watch watch;
};

struct amtg_udp_socket_options {
    uint64_t receive_buffer, send_buffer; /* octets */
    uint8_t hop_limit;
    bool free; /* the address need not be one of the host's yet */
    unsigned shards; /* that share the port, this socket being bound in their order; 1: none */
    bool zero_checksum6; /* take IPv6 datagrams without checksum (RFC 6935) */
    bool gro; /* take trains as one message, where the kernel gives them so */
};

/*
 * Make the socket and bind it. port 0: any; bound->port says which. On failure
 * amtg_fail has been called, and nothing is left open.
 */
enum amtg_err amtg_udp_bind(struct amtg_element *e, const struct amtg_addr *addr, uint16_t port,
                            const struct amtg_udp_socket_options *options,
                            struct amtg_udp_bound *bound);

#endif
