#include "elements/io/frame_sockets.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <unistd.h>

static bool set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* Of protocol 0: nothing is received. */
static enum amtg_err open_one(struct amtg_element *e, uint64_t buffer, struct amtg_frame_socket *out)
{
    int octets = (int)(buffer / 2); /* the kernel doubles it, for its own bookkeeping */

    out->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (out->fd < 0)
        return errno == EPERM || errno == EACCES
                   ? amtg_fail(e, AMTG_EPRIVILEGE, "packet sockets need CAP_NET_RAW")
                   : amtg_fail(e, AMTG_ESYSTEM, "no packet socket: %s", strerror(errno));
    if (!set(out->fd, SOL_SOCKET, SO_SNDBUFFORCE, octets))
        set(out->fd, SOL_SOCKET, SO_SNDBUF, octets);
    if (!set(out->fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1))
        return amtg_fail(e, AMTG_ESYSTEM, "packet socket: %s", strerror(errno));
    return AMTG_OK;
}

enum amtg_err amtg_frame_sockets_open(struct amtg_element *e, uint64_t buffer,
                                      struct amtg_frame_socket sockets[AMTG_HOP_DEVICES])
{
    enum amtg_err err = AMTG_OK;

    for (unsigned i = 0; i < AMTG_HOP_DEVICES; i++)
        sockets[i] = (struct amtg_frame_socket){.fd = -1};
    for (unsigned i = 0; !err && i < AMTG_HOP_DEVICES; i++)
        err = open_one(e, buffer, &sockets[i]);
    if (err)
        amtg_frame_sockets_close(sockets);
    return err;
}

void amtg_frame_sockets_close(struct amtg_frame_socket sockets[AMTG_HOP_DEVICES])
{
    for (unsigned i = 0; i < AMTG_HOP_DEVICES; i++) {
        if (sockets[i].fd >= 0)
            close(sockets[i].fd);
        sockets[i].fd = -1;
    }
}

int amtg_frame_socket_send(struct amtg_frame_socket *by, unsigned index, struct mmsghdr *messages,
                           unsigned count)
{
    const struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)index};

    if (by->index != index) {
        if (bind(by->fd, (const struct sockaddr *)&to, sizeof to) < 0)
            return -1;
        by->index = index;
    }
    return sendmmsg(by->fd, messages, count, 0);
}
