/*
 * The socket of packet-capture: bound to one interface, with a filter in the kernel
 * that is there before the first packet.
 *
 * It is of kind SOCK_RAW, since only such a one says what a sender or the device has
 * left undone: each packet comes behind a struct virtio_net_hdr (PACKET_VNET_HDR) and
 * its link header; where that ends is in a control message (PACKET_AUXDATA).
 */
#ifndef AMTG_IO_CAPTURE_SOCKET_H
#define AMTG_IO_CAPTURE_SOCKET_H

#include "elements/io/interface.h"

struct amtg_capture_wanted {
    const struct amtg_nic *nic;
    const char *filter; /* a pcap expression; "": everything */
    bool outgoing;      /* also packets of local senders */
    bool allmulti;      /* have the device receive all multicast */
    uint64_t buffer_octets;
};

/*
 * Open it; *fd is the caller's to close. For `start`: on failure amtg_fail has been
 * called with the reason, its error is returned, and nothing stays open.
 */
enum amtg_err amtg_capture_socket_open(struct amtg_element *e,
                                       const struct amtg_capture_wanted *wanted, int *fd);

#endif
