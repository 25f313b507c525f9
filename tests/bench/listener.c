/*
 * A program of the host that listens to a channel on one interface.
 *
 *     bench_listener INTERFACE SOURCE GROUP
 *
 * Joins, prints `joined`, and counts datagrams until standard input ends; then prints
 * `heard N`.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/bench/bench.h"

enum { BURST = 64, ROOM = 2048, PORT = 5000, BUFFER = 16 << 20 };

static int join(const char *interface, uint32_t source, uint32_t group)
{
    struct sockaddr_in at = socket_address(group, PORT);
    struct sockaddr_in from = socket_address(source, 0), to = socket_address(group, 0);
    struct group_source_req channel = {.gsr_interface = if_nametoindex(interface)};
    int room = BUFFER, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memcpy(&channel.gsr_source, &from, sizeof from);
    memcpy(&channel.gsr_group, &to, sizeof to);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0 ||
        setsockopt(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &channel, sizeof channel) != 0)
        give_up("cannot join on %s: %s", interface, strerror(errno));
    return fd;
}

int main(int argc, char **argv)
{
    static uint8_t octets[BURST][ROOM];
    struct mmsghdr messages[BURST];
    struct iovec iov[BURST];
    uint64_t heard = 0;

    if (argc != 4)
        give_up("usage: %s INTERFACE SOURCE GROUP", argv[0]);
    int fd = join(argv[1], address_of(argv[2]), address_of(argv[3]));
    for (unsigned i = 0; i < BURST; i++) {
        iov[i] = (struct iovec){octets[i], ROOM};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &iov[i], .msg_iovlen = 1}};
    }
    puts("joined");
    fflush(stdout);
    for (;;) {
        struct pollfd ready[] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
        poll(ready, 2, -1);
        int n = recvmmsg(fd, messages, BURST, MSG_DONTWAIT, NULL);
        if (n > 0)
            heard += (unsigned)n;
        else if (ready[1].revents)
            break;
    }
    printf("heard %llu\n", (unsigned long long)heard);
    return EXIT_SUCCESS;
}
