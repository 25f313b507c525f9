/*
 * Ways to take packets from a packet socket, with nothing done to them but that their octets
 * are ours afterwards: what packet-capture does, and what libpcap does.
 *
 *     recvmmsg      64 a call, into buffers of our own, as soon as there is one
 *     ring2         places that the kernel has filled (PACKET_RX_RING, TPACKET_V2), copied out
 *                   of, as soon as there is one: libpcap's immediate mode
 *     recvmmsg-1ms  as the first, but looks only once a millisecond
 *     ring3         blocks that the kernel has filled (TPACKET_V3), which it hands over when
 *                   they are full or after a millisecond
 *     none          nobody: what the source alone costs
 *
 *     bench_capture WAY INTERFACE
 *
 * IPv4 only, chosen in the kernel. Prints `ready`; at the end of standard input it prints
 * `packets ... cpu_ns ... lost ...`, the CPU time being that of the process.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum {
    BURST = 64,
    ROOM = 2048,
    BUFFER = 16 << 20, /* as packet-capture has by default; the ring is as large */
    BLOCK = 1 << 20,
    RETIRE_MS = 1, /* a block is handed over at the latest; the kernel knows no less */
};

static uint8_t octets[BURST][ROOM];

static int open_socket(void)
{
    /* Accept the EtherType of IPv4; the link header is there. */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IP, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};
    int yes = 1, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes) != 0)
        give_up("packet socket: %s", strerror(errno));
    return fd;
}

static void bind_to(int fd, const char *interface)
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
                             .sll_ifindex = (int)if_nametoindex(interface)};

    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0)
        give_up("%s: %s", interface, strerror(errno));
}

/* ---- recvmmsg ------------------------------------------------------------- */

static void prepare_messages(int fd)
{
    int yes = 1, room = BUFFER / 2;

    if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &yes, sizeof yes) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
        give_up("packet socket: %s", strerror(errno));
}

static uint64_t take_messages(int fd)
{
    static struct mmsghdr messages[BURST];
    static struct iovec iov[BURST][2];
    static struct virtio_net_hdr undone[BURST];
    static char control[BURST][CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    uint64_t packets = 0;

    for (int n = BURST; n == BURST; packets += n > 0 ? (uint64_t)n : 0) {
        for (unsigned i = 0; i < BURST; i++) {
            iov[i][0] = (struct iovec){&undone[i], sizeof undone[i]};
            iov[i][1] = (struct iovec){octets[i], ROOM};
            messages[i].msg_hdr = (struct msghdr){.msg_iov = iov[i], .msg_iovlen = 2,
                                                  .msg_control = control[i],
                                                  .msg_controllen = sizeof control[i]};
        }
        n = recvmmsg(fd, messages, BURST, MSG_DONTWAIT, NULL);
    }
    return packets;
}

/* ---- rings ----------------------------------------------------------------- */

static uint8_t *ring;
static unsigned at; /* place or block */

static void prepare_ring(int fd, int version, const void *request, socklen_t len)
{
    if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_RX_RING, request, len) != 0)
        give_up("ring: %s", strerror(errno));
    void *area = mmap(NULL, BUFFER, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (area == MAP_FAILED)
        give_up("ring: %s", strerror(errno));
    ring = area;
}

static void prepare_ring2(int fd)
{
    struct tpacket_req request = {.tp_block_size = BLOCK, .tp_block_nr = BUFFER / BLOCK,
                                  .tp_frame_size = ROOM, .tp_frame_nr = BUFFER / ROOM};

    prepare_ring(fd, TPACKET_V2, &request, sizeof request);
}

static void prepare_ring3(int fd)
{
    struct tpacket_req3 request = {.tp_block_size = BLOCK, .tp_block_nr = BUFFER / BLOCK,
                                   .tp_frame_size = ROOM, .tp_frame_nr = BUFFER / ROOM,
                                   .tp_retire_blk_tov = RETIRE_MS};

    prepare_ring(fd, TPACKET_V3, &request, sizeof request);
}

/* A packet lives on when its place has been given back, so it is copied, and what is undone of it. */
static void copy(uint64_t number, const uint8_t *link, const uint8_t *network, uint32_t len)
{
    struct virtio_net_hdr undone;

    memcpy(&undone, link - sizeof undone, sizeof undone);
    memcpy(octets[number % BURST], network, len < ROOM ? len : ROOM);
    octets[number % BURST][ROOM - 1] = undone.flags;
}

static uint64_t take_places(int fd)
{
    (void)fd;
    for (uint64_t packets = 0;; packets++) {
        struct tpacket2_hdr *p = (void *)(ring + (size_t)at * ROOM);
        if (!(__atomic_load_n(&p->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
            return packets;
        copy(packets, (uint8_t *)p + p->tp_mac, (uint8_t *)p + p->tp_net, p->tp_snaplen);
        __atomic_store_n(&p->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
        at = (at + 1) % (BUFFER / ROOM);
    }
}

static uint64_t take_blocks(int fd)
{
    uint64_t packets = 0;

    (void)fd;
    for (;;) {
        struct tpacket_block_desc *b = (void *)(ring + (size_t)at * BLOCK);
        if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
            return packets;
        const uint8_t *from = (uint8_t *)b + b->hdr.bh1.offset_to_first_pkt;
        for (uint32_t i = 0; i < b->hdr.bh1.num_pkts; i++) {
            const struct tpacket3_hdr *p = (const void *)from;
            copy(packets++, from + p->tp_mac, from + p->tp_net, p->tp_snaplen);
            from += p->tp_next_offset;
        }
        __atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
        at = (at + 1) % (BUFFER / BLOCK);
    }
}

/* ---- ways ------------------------------------------------------------------ */

static const struct way {
    const char *name;
    void (*prepare)(int fd);
    uint64_t (*take)(int fd);
    long pause_ns; /* before each look */
} ways[] = {
    {"none", NULL, NULL, 0},
    {"recvmmsg", prepare_messages, take_messages, 0},
    {"ring2", prepare_ring2, take_places, 0},
    {"recvmmsg-1ms", prepare_messages, take_messages, RETIRE_MS * 1000000},
    {"ring3", prepare_ring3, take_blocks, 0},
};

static const struct way *way_of(const char *name)
{
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(ways[i].name, name) == 0)
            return &ways[i];
    give_up("there is no way '%s'", name);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        give_up("usage: %s WAY INTERFACE", argv[0]);
    const struct way *way = way_of(argv[1]);
    int fd = way->take ? open_socket() : -1;
    struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    const struct timespec pause = {.tv_nsec = way->pause_ns};
    struct tpacket_stats_v3 stats = {0};
    socklen_t len = sizeof stats;
    uint64_t packets = 0;

    if (way->take) {
        way->prepare(fd);
        bind_to(fd, argv[2]);
    }
    puts("ready");
    fflush(stdout);
    uint64_t began = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    while (poll(ready, 2, -1) > 0 && !ready[0].revents) {
        if (way->pause_ns)
            nanosleep(&pause, NULL);
        packets += way->take(fd);
    }
    uint64_t cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - began;
    if (way->take)
        getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len);
    printf("packets %llu cpu_ns %llu lost %u\n", (unsigned long long)packets,
           (unsigned long long)cpu_ns, stats.tp_drops);
    return EXIT_SUCCESS;
}
