/*
 * A paced source of multicast UDP.
 *
 *     bench_source ADDRESS GROUP OCTETS RATE COUNT [BURST [GROUPS [whole]]]
 *
 * COUNT datagrams of OCTETS octets of payload, RATE a second, from ADDRESS (which
 * also names the interface) to port 5000 of GROUP; BURST at a time (default 1), to
 * GROUPS groups from GROUP on in turn (default 1). Those of a burst leave one after the
 * other, each by a call of its own; `whole`: all by one, as a message that the kernel or the
 * receiver cuts (UDP_SEGMENT), so that they arrive together. Each datagram holds its number
 * and when it was sent, ns of CLOCK_REALTIME.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#include "core/cursor.h"
#include "tests/bench/bench.h"

enum { BURST_MOST = 64, OCTETS_MOST = 1472 };

static int open_socket(struct sockaddr_in from)
{
    int ttl = 16, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &from.sin_addr, sizeof from.sin_addr) != 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl) != 0)
        give_up("source: %s", strerror(errno));
    return fd;
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 9 || (argc == 9 && strcmp(argv[8], "whole") != 0))
        give_up("usage: %s ADDRESS GROUP OCTETS RATE COUNT [BURST [GROUPS [whole]]]", argv[0]);
    uint64_t burst = argc > 6 ? number_of(argv[6], 1, BURST_MOST) : 1;
    uint32_t groups = argc > 7 ? (uint32_t)number_of(argv[7], 1, 65536) : 1;
    uint32_t group = address_of(argv[2]);
    size_t octets = number_of(argv[3], 12, OCTETS_MOST);
    double rate = strtod(argv[4], NULL); /* also less than one */
    uint64_t count = number_of(argv[5], 1, UINT32_MAX);
    int fd = open_socket(socket_address(address_of(argv[1]), 0)), segment = (int)octets;
    uint64_t a_call = argc == 9 ? burst : 1;
    static uint8_t payload[BURST_MOST * OCTETS_MOST];

    if (!(rate >= 0.001 && rate <= 1e6))
        give_up("'%s' is no rate from 0.001 to 1000000", argv[4]);
    if (a_call > 1 && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) != 0)
        give_up("UDP_SEGMENT: %s", strerror(errno));
    uint64_t began = clock_ns(CLOCK_MONOTONIC);
    for (uint64_t i = 0; i < count; i += a_call) {
        sleep_until(began + (uint64_t)((double)(i / burst * burst) * 1e9 / rate));
        struct sockaddr_in to = socket_address(group + (uint32_t)(i / a_call % groups), 5000);
        uint64_t now = clock_ns(CLOCK_REALTIME), n = count - i < a_call ? count - i : a_call;
        for (uint64_t k = 0; k < n; k++) {
            amtg_put_u32(payload + k * octets, (uint32_t)(i + k));
            memcpy(payload + k * octets + 4, &now, sizeof now);
        }
        if (sendto(fd, payload, n * octets, 0, (struct sockaddr *)&to, sizeof to) < 0)
            give_up("sendto: %s", strerror(errno));
    }
    return EXIT_SUCCESS;
}
