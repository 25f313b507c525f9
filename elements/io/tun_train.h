/*
 * Trains into a tun interface: UDP datagrams of one flow, one behind the other, are written
 * as one large datagram that the kernel takes apart again (UDP segmentation, Linux 6.2).
 * The interface was opened with IFF_VNET_HDR: before each packet stands a struct
 * virtio_net_hdr.
 */
#ifndef AMTG_IO_TUN_TRAIN_H
#define AMTG_IO_TUN_TRAIN_H

#include <stdbool.h>
#include <sys/uio.h>

#include "core/packet.h"

enum {
    AMTG_TUN_TRAIN_MOST = 64, /* packets; what every kernel takes */
    AMTG_TUN_VNET_OCTETS = 10,
    AMTG_TUN_HEADS_OCTETS = AMTG_TUN_VNET_OCTETS + 48, /* and IPv6 and UDP headers */
};

/* One write: what stands before the payloads, and pointers into the packets. */
struct amtg_tun_train {
    uint8_t heads[AMTG_TUN_HEADS_OCTETS];
    struct iovec iov[1 + AMTG_TUN_TRAIN_MOST];
    unsigned iov_count;
    struct amtg_packet *const *packets; /* the train; owned by the caller */
    unsigned count;
};

/*
 * The longest train that the first of these packets (type ip, count > 0) begins, at most
 * `most` packets; one packet goes alone, unchanged. Of a train, the datagrams have equal
 * headers and sizes (the last may be shorter), no options, are no fragments, and have UDP
 * checksums that are right: the kernel makes new ones. IPv4 identifications either say
 * nothing (DF; RFC 6864, section 4.1) or count up by one, as the kernel will count.
 */
void amtg_tun_train(struct amtg_tun_train *t, struct amtg_packet *const *packets, unsigned count,
                    unsigned most);

#endif
