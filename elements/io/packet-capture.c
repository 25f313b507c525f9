/*
 * packet-capture: the IP packets that one interface receives, whole.
 *
 *   out   IP packets as they came, nothing verified
 *
 * A packet socket says before each packet what its sender or the device has left
 * undone; that is done here, and the link header is stripped. How the socket is set
 * up is in capture_socket.h.
 *
 *     native: {class: packet-capture, interface: eth1, filter: ip multicast or ip6 multicast}
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "elements/io/capture_filter.h"
#include "elements/io/capture_socket.h"
#include "elements/io/interface.h"
#include "elements/io/offload.h"
#include "elements/wire/types.h"

enum {
    BURST = 64, /* packets for each recvmmsg */
    BURSTS = 4, /* recvmmsg calls a turn */
    LINK_MOST = 256, /* octets of a link header, at most */
    OVERFLOW_OCTETS = AMTG_LARGE_OCTETS - AMTG_SMALL_OCTETS + LINK_MOST,
    WHY = 512,
};

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* headers older than Linux 6.2 */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

union control {
    struct cmsghdr align;
    char room[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
};

struct intake {
    struct amtg_packet *spare[BURST];
    unsigned stale; /* slots, from the first on, that are to be made ready again */
    struct mmsghdr messages[BURST];
    struct iovec iov[BURST][3]; /* what is undone; a small buffer; what does not fit that */
    struct virtio_net_hdr undone[BURST];
    union control controls[BURST];
    uint8_t *overflow; /* BURST areas, mapped: a page that is not touched costs nothing */
    uint8_t whole[AMTG_SMALL_OCTETS + OVERFLOW_OCTETS]; /* a coalesced packet, put together */
};

struct packet_capture {
    const char *interface;
    const char *filter;
    bool outgoing;
    bool allmulti;
    uint64_t buffer_octets;
    uint64_t coalesce_ns;

    struct amtg_nic nic;
    int fd;
    struct amtg_watch watch;
    struct amtg_timer statistics, next_look;
    struct amtg_task refilled;
    struct intake *intake;
};

enum { OUT };
enum { RECEIVED, KERNEL_DROPS, COMPLETED, SPLIT, ERRORS };
enum { COALESCED, MALFORMED };

/* ---- receiving ---------------------------------------------------------- */

/* false: there is no buffer. */
static bool prepare_slot(struct amtg_element *e, struct intake *in, unsigned i)
{
    if (!in->spare[i])
        in->spare[i] = amtg_make(e, AMTG_IP_RAW, AMTG_SMALL_OCTETS);
    if (!in->spare[i])
        return false;
    in->iov[i][0] = (struct iovec){&in->undone[i], sizeof in->undone[i]};
    in->iov[i][1] = (struct iovec){in->spare[i]->data, AMTG_SMALL_OCTETS};
    in->iov[i][2] = (struct iovec){in->overflow + (size_t)i * OVERFLOW_OCTETS, OVERFLOW_OCTETS};
    in->messages[i].msg_hdr = (struct msghdr){
        .msg_iov = in->iov[i],
        .msg_iovlen = 3,
        .msg_control = &in->controls[i],
        .msg_controllen = sizeof in->controls[i],
    };
    return true;
}

/*
 * Make the slots ready that are not any more: where packets come one by one, that is one of
 * them and not all. Returns how many are ready, from the first on.
 */
static unsigned prepare(struct amtg_element *e, struct intake *in)
{
    for (unsigned i = 0; i < in->stale; i++)
        if (!prepare_slot(e, in, i))
            return i;
    in->stale = 0;
    return BURST;
}

/* The first so many slots are not ready any more. */
static void note_stale(struct intake *in, unsigned slots)
{
    if (in->stale < slots)
        in->stale = slots;
}

/* Copy octets [from, from + len) of the frame in slot i. */
static void gather(const struct intake *in, unsigned i, uint32_t from, uint32_t len, uint8_t *out)
{
    uint32_t small = from < AMTG_SMALL_OCTETS ? AMTG_SMALL_OCTETS - from : 0;

    if (small > len)
        small = len;
    memcpy(out, (const uint8_t *)in->iov[i][1].iov_base + from, small);
    if (len > small)
        memcpy(out + small,
               (const uint8_t *)in->iov[i][2].iov_base + (from + small - AMTG_SMALL_OCTETS),
               len - small);
}

/* Where the IP header begins in the frame; UINT32_MAX: the kernel does not say. */
static uint32_t network_offset(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
        if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
            struct tpacket_auxdata aux;
            memcpy(&aux, CMSG_DATA(c), sizeof aux);
            return aux.tp_net;
        }
    return UINT32_MAX;
}

/* One packet for one datagram. The checksum that was left to the device is completed. */
static void deliver_one(struct amtg_element *e, unsigned i, uint32_t network, uint32_t frame)
{
    struct packet_capture *state = amtg_state(e);
    struct intake *in = state->intake;
    const struct virtio_net_hdr *undone = &in->undone[i];
    struct amtg_packet *p;

    if (frame <= AMTG_SMALL_OCTETS) {
        p = in->spare[i];
        in->spare[i] = NULL;
        amtg_packet_trim(p, frame);
        amtg_packet_pull(p, network);
        p->time_ns = amtg_now(e);
    } else {
        p = amtg_make(e, AMTG_IP_RAW, frame - network);
        if (!p) {
            amtg_no_buffer_count(e);
            return;
        }
        gather(in, i, network, frame - network, p->data);
    }
    if (undone->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
        if (undone->csum_start < network ||
            !amtg_offload_checksum(p->data, p->len, undone->csum_start - network,
                                   undone->csum_offset)) {
            amtg_drop(e, MALFORMED, p);
            return;
        }
        amtg_count(e, COMPLETED, 1);
    }
    amtg_emit(e, OUT, p);
}

/* One packet that stands for several datagrams. */
static void deliver_train(struct amtg_element *e, unsigned i, uint32_t network, uint32_t frame)
{
    struct packet_capture *state = amtg_state(e);
    struct intake *in = state->intake;
    struct amtg_offload_train train;

    gather(in, i, network, frame - network, in->whole);
    if (!amtg_offload_train_read(in->whole, frame - network, in->undone[i].gso_size, &train)) {
        amtg_drop_count(e, COALESCED, 1);
        return;
    }
    amtg_count(e, SPLIT, 1);
    for (uint32_t n = 0; n < train.count; n++) {
        struct amtg_packet *p = amtg_make(e, AMTG_IP_RAW, amtg_offload_train_octets(&train, n));
        if (!p) {
            amtg_no_buffer_count(e);
            continue;
        }
        amtg_offload_train_write(&train, n, p->data);
        amtg_emit(e, OUT, p);
    }
}

static void deliver(struct amtg_element *e, unsigned i)
{
    struct packet_capture *state = amtg_state(e);
    struct intake *in = state->intake;
    struct mmsghdr *m = &in->messages[i];
    uint32_t network = network_offset(&m->msg_hdr);

    if (m->msg_len < sizeof(struct virtio_net_hdr) ||
        network > m->msg_len - sizeof(struct virtio_net_hdr)) {
        amtg_drop_count(e, MALFORMED, 1);
        return;
    }
    uint32_t frame = m->msg_len - (uint32_t)sizeof(struct virtio_net_hdr);
    switch (in->undone[i].gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_NONE:
        if ((m->msg_hdr.msg_flags & MSG_TRUNC) || frame - network > AMTG_LARGE_OCTETS)
            amtg_drop_count(e, COALESCED, 1);
        else
            deliver_one(e, i, network, frame);
        break;
    case VIRTIO_NET_HDR_GSO_UDP_L4:
        if (m->msg_hdr.msg_flags & MSG_TRUNC)
            amtg_drop_count(e, COALESCED, 1);
        else
            deliver_train(e, i, network, frame);
        break;
    default: /* TCP, or whole UDP datagrams to be fragmented: no multicast sender makes them */
        amtg_drop_count(e, COALESCED, 1);
        break;
    }
}

/* false: the run has no more to wait for. */
static bool receive_failed(struct amtg_element *e, int error)
{
    struct packet_capture *state = amtg_state(e);
    char name[IF_NAMESIZE];

    if (error == EINVAL) { /* the kernel has no word for how this packet was coalesced */
        amtg_drop_count(e, COALESCED, 1);
        return true;
    }
    amtg_count(e, ERRORS, 1);
    if (error != ENETDOWN)
        return true;
    if (!if_indextoname(state->nic.index, name)) {
        amtg_abort(e, "interface %s is gone", state->nic.name);
        return false;
    }
    amtg_log(e, AMTG_LOG_WARNING, "interface-down", "interface=%s", state->nic.name);
    return true;
}

/* What a look at the socket has come to. */
enum look { NOTHING, SOME, MORE, NO_BUFFERS };

static enum look look(struct amtg_element *e)
{
    struct packet_capture *state = amtg_state(e);
    enum look seen = NOTHING;

    for (unsigned turn = 0; turn < BURSTS; turn++) {
        unsigned slots = prepare(e, state->intake);
        if (!slots)
            return NO_BUFFERS;
        int n = recvmmsg(state->fd, state->intake->messages, slots, MSG_DONTWAIT, NULL);
        note_stale(state->intake, n > 0 ? (unsigned)n : 1);
        if (n < 0) {
            if (errno == EAGAIN || !receive_failed(e, errno))
                return seen;
            continue;
        }
        amtg_count(e, RECEIVED, (unsigned)n);
        for (int i = 0; i < n; i++)
            deliver(e, (unsigned)i);
        seen = SOME;
        if ((unsigned)n < slots)
            return seen;
    }
    return MORE;
}

/*
 * With `coalesce`, the socket is looked at on time and not whenever it has something: to be
 * woken for each packet costs more than to take it. Once there was nothing, the next packet
 * wakes, and is not held up.
 */
static void take(struct amtg_element *e)
{
    struct packet_capture *state = amtg_state(e);
    enum look seen = look(e);

    if (seen == NO_BUFFERS) {
        amtg_watch_set(e, &state->watch, 0);
        amtg_wait_for_buffers(e, &state->refilled);
    } else if (state->coalesce_ns && seen != NOTHING) {
        amtg_watch_set(e, &state->watch, 0);
        amtg_timer_start(e, &state->next_look, seen == MORE ? 0 : state->coalesce_ns);
    } else {
        amtg_watch_set(e, &state->watch, EPOLLIN);
    }
}

static void ready(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    (void)w;
    (void)events;
    take(e);
}

static void look_again(struct amtg_element *e, struct amtg_timer *t)
{
    (void)t;
    take(e);
}

static void refilled(struct amtg_element *e, struct amtg_task *t)
{
    struct packet_capture *state = amtg_state(e);

    (void)t;
    amtg_watch_set(e, &state->watch, EPOLLIN);
}

/* The kernel forgets its figures when they are read. */
static void read_statistics(struct amtg_element *e)
{
    struct packet_capture *state = amtg_state(e);
    struct tpacket_stats stats;
    socklen_t len = sizeof stats;

    if (getsockopt(state->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
        amtg_count(e, KERNEL_DROPS, stats.tp_drops);
}

static void statistics_due(struct amtg_element *e, struct amtg_timer *t)
{
    read_statistics(e);
    amtg_timer_start(e, t, AMTG_S);
}

/* ---- life --------------------------------------------------------------- */

static void packet_capture_check(const void *params, struct amtg_check *check)
{
    const struct packet_capture *state = params;
    const struct amtg_capture_filter filter = {.expression = state->filter};
    struct sock_fprog program;
    char why[WHY];

    if (!amtg_capture_filter_compile(&filter, &program, why, sizeof why))
        amtg_check_problem(check, "filter", -1, "%s", why);
    else
        free(program.filter);
}

static uint32_t packet_capture_keeps(const void *params)
{
    (void)params;
    return BURST;
}

static enum amtg_err packet_capture_init(struct amtg_element *e)
{
    struct packet_capture *state = amtg_state(e);

    state->fd = -1;
    state->watch.ready = ready;
    state->refilled.run = refilled;
    state->statistics.fire = statistics_due;
    state->next_look.fire = look_again;
    state->intake = calloc(1, sizeof *state->intake);
    if (!state->intake)
        return AMTG_ENOMEM;
    void *area = mmap(NULL, (size_t)BURST * OVERFLOW_OCTETS, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED) {
        free(state->intake);
        return AMTG_ENOMEM;
    }
    state->intake->overflow = area;
    state->intake->stale = BURST;
    return AMTG_OK;
}

static void packet_capture_fini(struct amtg_element *e)
{
    struct packet_capture *state = amtg_state(e);

    munmap(state->intake->overflow, (size_t)BURST * OVERFLOW_OCTETS);
    free(state->intake);
}

static enum amtg_err packet_capture_start(struct amtg_element *e)
{
    struct packet_capture *state = amtg_state(e);
    enum amtg_err err = amtg_nic_find(e, state->interface, &state->nic);

    if (err)
        return err;
    const struct amtg_capture_wanted wanted = {
        .nic = &state->nic,
        .filter = state->filter,
        .outgoing = state->outgoing,
        .allmulti = state->allmulti,
        .buffer_octets = state->buffer_octets,
    };
    err = amtg_capture_socket_open(e, &wanted, &state->fd);
    if (err)
        return err;
    if (amtg_watch_add(e, &state->watch, state->fd, EPOLLIN)) {
        close(state->fd);
        return amtg_fail(e, AMTG_ESYSTEM, "cannot wait for the packet socket");
    }
    amtg_timer_start(e, &state->statistics, AMTG_S);
    amtg_hold(e);
    amtg_log(e, AMTG_LOG_INFO, "capturing", "interface=%s", state->nic.name);
    return AMTG_OK;
}

static void packet_capture_stop(struct amtg_element *e)
{
    struct packet_capture *state = amtg_state(e);

    amtg_release(e);
    amtg_timer_stop(e, &state->statistics);
    amtg_timer_stop(e, &state->next_look);
    amtg_task_cancel(e, &state->refilled);
    amtg_watch_remove(e, &state->watch);
    read_statistics(e);
    close(state->fd);
    for (unsigned i = 0; i < BURST; i++) {
        if (state->intake->spare[i])
            amtg_finish(e, state->intake->spare[i]);
        state->intake->spare[i] = NULL;
    }
    state->intake->stale = BURST;
}

const struct amtg_class amtg_packet_capture = {
    .name = "packet-capture",
    .summary = "the IP packets that one interface receives, whole",
    .details =
        "Gives IPv4 and IPv6 packets that pass the filter expression (pcap-filter(7)), which the "
        "kernel runs; it is in place before the first packet. Expressions begin at the IP header: "
        "`ip multicast or ip6 multicast`, `udp port 5001`. Frames with a VLAN tag belong to "
        "the interface of that VLAN and are left out.\n\n"
        "With `outgoing`, packets that the host itself sends by the interface are given too. A "
        "checksum that the sender left to the device is completed. A packet that stands "
        "for several UDP datagrams, coalesced by the device or by the sender, is split into them; "
        "other coalesced packets are dropped as `coalesced`.\n\n"
        "With `coalesce`, such as 1ms, packets of a busy stream wait for so long at most and are taken "
        "together, at a fraction of the cost, and leave a relay in trains; the first after a pause "
        "does not wait.\n\n"
        "Groups that the host has joined reach the interface by themselves. `allmulti` asks it "
        "for all groups, for networks that flood them without being asked.\n\n"
        "Needs CAP_NET_RAW.",
    .example = "elements:\n"
               "  native: {class: packet-capture, interface: eth1, filter: ip multicast}\n"
               "  check:  {class: check-ip}\n"
               "  file:   {class: pcap-sink, file: native.pcap}\n"
               "edges:\n"
               "  - native -> check -> file\n",
    .flags = AMTG_HOST,
    .state_octets = sizeof(struct packet_capture),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_IP_RAW, "as they came, from the IP header on"}),
    AMTG_PARAMS(
        AMTG_INTERFACE(struct packet_capture, interface, "auto",
                       "where to capture; auto: the interface of the default route"),
        AMTG_TEXT(struct packet_capture, filter, "", "which packets, as a pcap filter expression"),
        AMTG_BOOL(struct packet_capture, outgoing, "no", "also packets of local senders"),
        AMTG_BOOL(struct packet_capture, allmulti, "no",
                  "receive groups that nobody here has joined"),
        AMTG_SIZE(struct packet_capture, buffer_octets, "16MiB", 4096, 1ull << 30,
                  "the kernel's room for packets that wait to be read"),
        AMTG_DURATION(struct packet_capture, coalesce_ns, "0s", 0, AMTG_S,
                      "while packets come, take them so often, together; 0: each at once")),
    AMTG_COUNTERS(
        [RECEIVED] = {"received", "packets", "read from the kernel, coalesced ones counted as one"},
        [KERNEL_DROPS] = {"kernel-drops", "packets",
                          "lost in the kernel because `buffer` was full"},
        [COMPLETED] = {"completed", "packets", "whose checksum had been left to the device"},
        [SPLIT] = {"split", "packets", "that stood for several datagrams"},
        [ERRORS] = {"errors", "errors", "of the socket, such as the interface going down"}),
    AMTG_DROPS(
        [COALESCED] = {"coalesced",
                       "stood for several packets in a way that cannot be undone here"},
        [MALFORMED] = {"malformed", "the kernel's word about it makes no sense"}),
    .check = packet_capture_check,
    .keeps = packet_capture_keeps,
    .init = packet_capture_init,
    .start = packet_capture_start,
    .stop = packet_capture_stop,
    .fini = packet_capture_fini,
};
