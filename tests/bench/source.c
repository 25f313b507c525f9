/*
 * A paced source of multicast UDP.
 *
 *     bench_source ADDRESS GROUP OCTETS RATE COUNT [BURST [GROUPS]]
 *
 * COUNT datagrams of OCTETS octets of payload, RATE a second, from ADDRESS (which
 * also names the interface) to port 5000 of GROUP; BURST at a time (default 1), to
 * GROUPS groups from GROUP on in turn (default 1). Each holds its number and when it
 * was sent, ns of CLOCK_REALTIME.
 */
#include <errno.h>
#include <string.h>

#include "core/cursor.h"
#include "tests/bench/bench.h"

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 8)
        give_up("usage: %s ADDRESS GROUP OCTETS RATE COUNT [BURST [GROUPS]]", argv[0]);
    uint64_t burst = argc > 6 ? number_of(argv[6], 1, 64) : 1;
    uint32_t groups = argc > 7 ? (uint32_t)number_of(argv[7], 1, 65536) : 1;
    struct sockaddr_in from = socket_address(address_of(argv[1]), 0);
    uint32_t group = address_of(argv[2]);
    size_t octets = number_of(argv[3], 12, 1472);
    double rate = strtod(argv[4], NULL); /* also less than one */
    uint64_t count = number_of(argv[5], 1, UINT32_MAX);
    uint8_t payload[1472] = {0};
    int ttl = 16;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (!(rate >= 0.001 && rate <= 1e6))
        give_up("'%s' is no rate from 0.001 to 1000000", argv[4]);
    if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &from.sin_addr, sizeof from.sin_addr) != 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl) != 0)
        give_up("source: %s", strerror(errno));

    uint64_t began = clock_ns(CLOCK_MONOTONIC);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t due = began + (uint64_t)((double)(i / burst * burst) * 1e9 / rate);
        struct timespec at = {(time_t)(due / 1000000000ull), (long)(due % 1000000000ull)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        struct sockaddr_in to = socket_address(group + (uint32_t)(i % groups), 5000);
        uint64_t now = clock_ns(CLOCK_REALTIME);
        amtg_put_u32(payload, (uint32_t)i);
        memcpy(payload + 4, &now, sizeof now);
        if (sendto(fd, payload, octets, 0, (struct sockaddr *)&to, sizeof to) < 0)
            give_up("sendto: %s", strerror(errno));
    }
    return EXIT_SUCCESS;
}
