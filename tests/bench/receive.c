/*
 * The yardstick of a gateway: what comes by UDP goes to a tun interface, and nothing else
 * is done. recvmmsg, then a write for each datagram, without the two octets of the AMT
 * header (RFC 7450, section 5.1.6).
 *
 *     bench_receive ADDRESS PORT INTERFACE
 *
 * Prints `ready` once it listens; runs until it is told to end.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum { BURST = 64, ROOM = 2048, DATA_HEAD = 2, BUFFER = 2 << 20 };

static int open_tun(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0)
        give_up("cannot open %s: %s", name, strerror(errno));
    return fd;
}

int main(int argc, char **argv)
{
    static uint8_t octets[BURST][ROOM];
    struct mmsghdr messages[BURST];
    struct iovec iov[BURST];
    int room = BUFFER;

    if (argc != 4)
        give_up("usage: %s ADDRESS PORT INTERFACE", argv[0]);
    struct sockaddr_in at = socket_address(address_of(argv[1]),
                                           (uint16_t)number_of(argv[2], 1, UINT16_MAX));
    int tun = open_tun(argv[3]), fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
        give_up("cannot listen: %s", strerror(errno));
    for (unsigned i = 0; i < BURST; i++) {
        iov[i] = (struct iovec){octets[i], ROOM};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &iov[i], .msg_iovlen = 1}};
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        int n = recvmmsg(fd, messages, BURST, MSG_WAITFORONE, NULL);
        for (int i = 0; i < n; i++)
            if (messages[i].msg_len > DATA_HEAD &&
                write(tun, octets[i] + DATA_HEAD, messages[i].msg_len - DATA_HEAD) < 0)
                continue; /* the interface is down: the count says so */
    }
}
