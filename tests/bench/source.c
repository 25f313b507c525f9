/*
 * A paced source of multicast UDP.
 *
 *     bench_source ADDRESS GROUP OCTETS RATE COUNT [BURST]
 *
 * COUNT datagrams of OCTETS octets of payload, RATE a second, from ADDRESS (which
 * also names the interface) to port 5000 of GROUP; BURST at a time (default 1).
 */
#include <errno.h>
#include <string.h>

#include "core/cursor.h"
#include "tests/bench/bench.h"

int main(int argc, char **argv)
{
    if (argc != 6 && argc != 7)
        give_up("usage: %s ADDRESS GROUP OCTETS RATE COUNT [BURST]", argv[0]);
    uint64_t burst = argc == 7 ? number_of(argv[6], 1, 64) : 1;
    struct sockaddr_in from = socket_address(address_of(argv[1]), 0);
    struct sockaddr_in to = socket_address(address_of(argv[2]), 5000);
    size_t octets = number_of(argv[3], 4, 1472);
    uint64_t rate = number_of(argv[4], 1, 1000000), count = number_of(argv[5], 1, UINT32_MAX);
    uint8_t payload[1472] = {0};
    int ttl = 16;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &from.sin_addr, sizeof from.sin_addr) != 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl) != 0)
        give_up("source: %s", strerror(errno));

    uint64_t began = clock_ns(CLOCK_MONOTONIC);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t due = began + i / burst * burst * 1000000000ull / rate;
        struct timespec at = {(time_t)(due / 1000000000ull), (long)(due % 1000000000ull)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        amtg_put_u32(payload, (uint32_t)i);
        if (sendto(fd, payload, octets, 0, (struct sockaddr *)&to, sizeof to) < 0)
            give_up("sendto: %s", strerror(errno));
    }
    return EXIT_SUCCESS;
}
