/*
 * The yardstick: the least that a userspace program must do to give every gateway
 * its copy, with no AMT logic at all. For each packet, sendmmsg with up to 64
 * messages a call, all sharing one buffer; or, for SEGMENTS packets at a time, messages
 * that the kernel or the device cuts (UDP_SEGMENT).
 *
 *     bench_sendmmsg LOCAL FIRST ADDRESSES COUNT OCTETS COPIES [SEGMENTS [RATE]]
 *
 * COUNT destinations on ADDRESSES addresses from FIRST on, of either family. With RATE the
 * packets come as those of bench_source do, RATE a second and SEGMENTS at a time, and the loop sleeps
 * between; without, one follows the other. Prints `copies ... cpu_ns ...`: how many were
 * made, and the CPU time of the process for that.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/bench/bench.h"

enum { PER_CALL = 64, SEGMENTS_MOST = 64 };

int main(int argc, char **argv)
{
    if (argc < 7 || argc > 9)
        give_up("usage: %s LOCAL FIRST ADDRESSES COUNT OCTETS COPIES [SEGMENTS [RATE]]", argv[0]);
    union endpoint from = endpoint_of(argv[1], 0), first = endpoint_of(argv[2], 0);
    unsigned addresses = (unsigned)number_of(argv[3], 1, 65536);
    unsigned count = (unsigned)number_of(argv[4], 1, 1000000);
    size_t octets = number_of(argv[5], 1, 1472);
    uint64_t wanted = number_of(argv[6], 1, UINT32_MAX);

    unsigned segments = argc > 7 ? (unsigned)number_of(argv[7], 1, SEGMENTS_MOST) : 1;
    double rate = argc > 8 ? (double)number_of(argv[8], 1, 1000000) : 0;

    static uint8_t payload[SEGMENTS_MOST][1472];
    struct iovec shared[SEGMENTS_MOST];
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(uint16_t))];
    } control;
    uint16_t segment = (uint16_t)octets;
    control.align = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof segment), .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT};
    memcpy(CMSG_DATA(&control.align), &segment, sizeof segment);
    for (unsigned i = 0; i < segments; i++)
        shared[i] = (struct iovec){payload[i], octets};
    union endpoint *to = calloc(count, sizeof *to);
    struct mmsghdr *messages = calloc(count, sizeof *messages);
    int fd = socket(from.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int buffer = 4 << 20;

    if (!to || !messages)
        give_up("no memory");
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    if (fd < 0 || bind(fd, &from.any, endpoint_octets(&from)) != 0)
        give_up("socket: %s", strerror(errno));
    for (unsigned i = 0; i < count; i++) {
        to[i] = endpoint_plus(first, i % addresses, (uint16_t)(40000 + i / addresses));
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &to[i], .msg_namelen = endpoint_octets(&to[i]), .msg_iov = shared,
            .msg_iovlen = segments, .msg_control = segments > 1 ? &control : NULL,
            .msg_controllen = segments > 1 ? sizeof control : 0};
    }

    uint64_t copies = 0, packets = 0, start = clock_ns(CLOCK_MONOTONIC);
    uint64_t began = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (; copies < wanted; packets += segments) {
        if (rate > 0)
            sleep_until(start + (uint64_t)((double)packets * 1e9 / rate));
        for (unsigned at = 0; at < count;) {
            unsigned n = count - at < PER_CALL ? count - at : PER_CALL;
            int sent = sendmmsg(fd, messages + at, n, 0);
            if (sent <= 0)
                give_up("sendmmsg: %s", strerror(errno));
            at += (unsigned)sent;
            copies += (uint64_t)sent * segments;
        }
    }
    uint64_t cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - began;
    printf("copies %llu cpu_ns %llu\n", (unsigned long long)copies, (unsigned long long)cpu_ns);
    return EXIT_SUCCESS;
}
