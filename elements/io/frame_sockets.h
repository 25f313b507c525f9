/*
 * The packet sockets of packet-socket: one for each device that frames leave by. They are made
 * at the start, while there is the privilege, and bound when they are first used. They receive
 * nothing, and pass by the queueing discipline.
 */
#ifndef AMTG_IO_FRAME_SOCKETS_H
#define AMTG_IO_FRAME_SOCKETS_H

#include <sys/socket.h>

#include "elements/io/next_hops.h"

struct amtg_frame_socket {
    int fd;         /* -1: none */
    unsigned index; /* of the device that it is bound to; 0: none yet */
};

/* For start; buffer: octets. On failure amtg_fail has been called and nothing stays open. */
enum amtg_err amtg_frame_sockets_open(struct amtg_element *e, uint64_t buffer,
                                      struct amtg_frame_socket sockets[AMTG_HOP_DEVICES]);
void amtg_frame_sockets_close(struct amtg_frame_socket sockets[AMTG_HOP_DEVICES]);
/*
 * Send frames by the device of this index; messages need no address. Returns how many went, or
 * -1 and errno. After an error about the device, set `by->index` to 0.
 */
int amtg_frame_socket_send(struct amtg_frame_socket *by, unsigned index, struct mmsghdr *messages,
                           unsigned count);

#endif
