/*
 * The yardstick of packet-socket: the least that a program must do to give every gateway its
 * copy as an Ethernet frame, with headers made before. Past the queueing discipline
 * (PACKET_QDISC_BYPASS), by one of two ways:
 *
 *     sendmmsg  64 messages a call, each a header of its own and one shared payload
 *     ring      frames written to a ring that the kernel sends from (PACKET_TX_RING)
 *
 *     bench_frames sendmmsg|ring INTERFACE COUNT OCTETS COPIES [RATE]
 *
 * With RATE, packets come one by one, so many a second (not for the ring). Prints `copies ... cpu_ns ...`: how many were made, and the CPU time of the process for
 * that.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "core/cursor.h"
#include "tests/bench/bench.h"

enum {
    PER_CALL = 64,
    HEAD = 14 + 20 + 8,
    FRAME = 2048,   /* octets of a place in the ring */
    FRAMES = 1024,
    BLOCK = 1 << 17,
};

struct sender {
    int fd;
    unsigned count;
    uint8_t (*heads)[HEAD];
    uint8_t payload[1472];
    size_t octets; /* of it */
    double rate;   /* packets a second; 0: one follows the other */
};

static void make_head(uint8_t *head, uint32_t number, size_t octets)
{
    static const uint8_t mac[12] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1};

    memcpy(head, mac, sizeof mac);
    amtg_put_u16(head + 12, ETHERTYPE_IP);
    head[14] = 0x45;
    amtg_put_u16(head + 16, (uint16_t)(20 + 8 + octets));
    head[22] = 64;
    head[23] = 17;
    amtg_put_u32(head + 30, 0x0a480101 + number);
    amtg_put_u16(head + 38, (uint16_t)(8 + octets));
}

static uint64_t send_messages(const struct sender *s, uint64_t wanted)
{
    struct mmsghdr *messages = calloc(s->count, sizeof *messages);
    struct iovec(*iov)[2] = calloc(s->count, sizeof *iov);
    uint64_t copies = 0, packets = 0, start = clock_ns(CLOCK_MONOTONIC);

    if (!messages || !iov)
        give_up("no memory");
    for (unsigned i = 0; i < s->count; i++) {
        iov[i][0] = (struct iovec){s->heads[i], HEAD};
        iov[i][1] = (struct iovec){(void *)(uintptr_t)s->payload, s->octets};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = iov[i], .msg_iovlen = 2};
    }
    for (; copies < wanted; packets++) {
        if (s->rate > 0)
            sleep_until(start + (uint64_t)((double)packets * 1e9 / s->rate));
        for (unsigned at = 0; at < s->count;) {
            unsigned n = s->count - at < PER_CALL ? s->count - at : PER_CALL;
            int sent = sendmmsg(s->fd, messages + at, n, 0);
            if (sent <= 0)
                give_up("sendmmsg: %s", strerror(errno));
            at += (unsigned)sent;
            copies += (unsigned)sent;
        }
    }
    return copies;
}

static uint8_t *make_ring(int fd)
{
    struct tpacket_req ring = {.tp_block_size = BLOCK, .tp_frame_size = FRAME,
                               .tp_frame_nr = FRAMES, .tp_block_nr = FRAMES * FRAME / BLOCK};
    int version = TPACKET_V2;

    if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &ring, sizeof ring) != 0)
        give_up("ring: %s", strerror(errno));
    void *area = mmap(NULL, (size_t)FRAMES * FRAME, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (area == MAP_FAILED)
        give_up("ring: %s", strerror(errno));
    return area;
}

static uint64_t send_by_ring(const struct sender *s, uint8_t *ring, uint64_t wanted)
{
    const unsigned data = TPACKET2_HDRLEN - sizeof(struct sockaddr_ll);
    uint64_t copies = 0;
    unsigned at = 0, waiting = 0;

    while (copies < wanted)
        for (unsigned i = 0; i < s->count; i++) {
            struct tpacket2_hdr *place = (void *)(ring + (size_t)at * FRAME);
            while (__atomic_load_n(&place->tp_status, __ATOMIC_ACQUIRE) != TP_STATUS_AVAILABLE)
                if (send(s->fd, NULL, 0, 0) < 0)
                    give_up("send: %s", strerror(errno));
            memcpy((uint8_t *)place + data, s->heads[i], HEAD);
            memcpy((uint8_t *)place + data + HEAD, s->payload, s->octets);
            place->tp_len = (uint32_t)(HEAD + s->octets);
            __atomic_store_n(&place->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
            at = (at + 1) % FRAMES;
            copies++;
            if (++waiting == PER_CALL || i + 1 == s->count) {
                if (send(s->fd, NULL, 0, MSG_DONTWAIT) < 0 && errno != EAGAIN)
                    give_up("send: %s", strerror(errno));
                waiting = 0;
            }
        }
    return copies;
}

int main(int argc, char **argv)
{
    if (argc != 6 && argc != 7)
        give_up("usage: %s sendmmsg|ring INTERFACE COUNT OCTETS COPIES [RATE]", argv[0]);
    static struct sender s;
    uint64_t wanted = number_of(argv[5], 1, UINT32_MAX);
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_ifindex = (int)if_nametoindex(argv[2])};
    int yes = 1, buffer = 4 << 20;
    uint8_t *ring = NULL;

    s.count = (unsigned)number_of(argv[3], 1, 1000000);
    s.octets = number_of(argv[4], 1, sizeof s.payload);
    s.rate = argc > 6 ? strtod(argv[6], NULL) : 0;
    s.heads = calloc(s.count, sizeof *s.heads);
    if (!s.heads)
        give_up("no memory");
    for (unsigned i = 0; i < s.count; i++)
        make_head(s.heads[i], i, s.octets);
    s.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    setsockopt(s.fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    if (s.fd < 0 || setsockopt(s.fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) != 0)
        give_up("packet socket: %s", strerror(errno));
    if (strcmp(argv[1], "ring") == 0)
        ring = make_ring(s.fd);
    if (bind(s.fd, (struct sockaddr *)&at, sizeof at) != 0)
        give_up("%s: %s", argv[2], strerror(errno));

    uint64_t began = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t copies = ring ? send_by_ring(&s, ring, wanted) : send_messages(&s, wanted);
    uint64_t cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - began;
    printf("copies %llu cpu_ns %llu\n", (unsigned long long)copies, (unsigned long long)cpu_ns);
    return EXIT_SUCCESS;
}
