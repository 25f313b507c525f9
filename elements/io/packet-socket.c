/*
 * packet-socket: UDP datagrams to many destinations as Ethernet frames, past the host's IP
 * stack. A sink beside udp-socket, for Data of a relay on a plain Ethernet uplink.
 *
 *   in     datagrams with destinations: one peer, or a set that is expanded here
 *   rest   those of the copies that cannot go as frames, with their destinations, for udp-socket
 *
 * RFC 7450, section 5.3.3.6: outer packets are not fragmented.
 *
 *     elements:
 *       fast: {class: packet-socket}
 *     edges:
 *       - encap -> fast
 *       - fast.rest -> udp
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "core/table.h"
#include "elements/io/frame_burst.h"
#include "elements/io/frame_sockets.h"
#include "elements/wire/types.h"

enum { STALLS = 8 }; /* pauses in a row before a copy is given up for lack of room */

#define PAUSE_NS AMTG_MS

struct packet_socket {
    uint16_t port;
    uint8_t dscp, hop_limit;
    uint32_t queue, copies_per_turn, destinations;
    uint64_t send_buffer_octets, keep_ns;

    struct amtg_next_hops hops;
    struct amtg_udp_lane replies, sets;
    struct amtg_frame_burst *burst;
    struct amtg_frame_socket sockets[AMTG_HOP_DEVICES]; /* in the order of the devices of `hops` */
    struct amtg_watch watch;     /* of the one that has no room, while that is waited for */
    struct amtg_task task;
    struct amtg_timer pause;
    unsigned stalls; /* times in a row that the device had no room */
    bool blocked;    /* waits for room in a socket */

    /* What goes by `rest` of the packet at hand: a view of it, and whom it is for. */
    struct amtg_packet *rest;
    struct amtg_set *rest_to;
    const struct amtg_udp_train *rest_of;
};

enum { REST };
enum {
    COPIES,
    CALLS,
    INDIRECT,
    UNRESOLVED,
    CONFIRMING,
    TOO_BIG,
    REFUSED,
    ASKED,
    FORGOTTEN,
    WAITS,
    QUEUED,
};
enum { QUEUE_FULL, NO_DESTINATION, NO_DEVICE_ROOM, STOPPED };

/* ---- the rest ------------------------------------------------------------ */

static void emit_rest(struct amtg_element *e)
{
    struct packet_socket *s = amtg_state(e);

    if (!s->rest)
        return;
    const struct amtg_packet was = *s->rest;
    amtg_packet_to_set(s->rest, s->rest_to);
    if (was.flags & AMTG_HAS_TOS)
        amtg_packet_set_tos(s->rest, was.tos);
    amtg_set_free(s->rest_to);
    amtg_emit(e, REST, s->rest);
    s->rest = NULL;
}

/* A copy for one of a set: gathered with those of the same packet, so that they stay cheap. */
static void put_rest(struct amtg_element *e, const struct amtg_udp_place *place)
{
    struct packet_socket *s = amtg_state(e);
    struct amtg_packet *p = place->train->first;

    if (s->rest && s->rest_of != place->train)
        emit_rest(e);
    if (!s->rest) {
        s->rest_of = place->train;
        s->rest_to = amtg_set_new(1);
        s->rest = s->rest_to ? amtg_copy(e, p) : NULL;
        if (!s->rest) {
            amtg_set_free(s->rest_to);
            amtg_no_buffer_count(e);
            return;
        }
    }
    if (!amtg_set_add(&s->rest_to, p->to->entries[place->index]))
        amtg_no_buffer_count(e);
}

static void send_rest(struct amtg_element *e, struct amtg_udp_lane *lane,
                      const struct amtg_udp_place *place, unsigned why)
{
    amtg_count(e, why, 1);
    if (!amtg_udp_is_reply(place->train->first)) {
        put_rest(e, place);
        return;
    }
    amtg_udp_lane_advance(lane, e, place);
    amtg_emit(e, REST, amtg_udp_lane_take(lane));
}

static unsigned why_no_frame(unsigned way)
{
    switch (way) {
    case AMTG_HOP_UNRESOLVED:
        return UNRESOLVED;
    case AMTG_HOP_DOUBTED:
        return CONFIRMING;
    case AMTG_FRAME_TOO_BIG:
        return TOO_BIG;
    default:
        return INDIRECT;
    }
}

/* ---- sending a burst ----------------------------------------------------- */

/*
 * A socket is waited for only while it has no room: a frame that has left wakes whoever waits
 * for it, which costs as much as making one.
 */
static bool wait_for_socket(struct amtg_element *e, int fd)
{
    struct packet_socket *s = amtg_state(e);

    if (amtg_watch_add(e, &s->watch, fd, EPOLLOUT))
        return false;
    amtg_count(e, WAITS, 1);
    s->blocked = true;
    return true;
}

static void wait_no_more(struct amtg_element *e)
{
    struct packet_socket *s = amtg_state(e);

    if (s->blocked)
        amtg_watch_remove(e, &s->watch);
    s->blocked = false;
}

/* The device's queue is full. false: it has been for too long. */
static bool wait_for_device(struct amtg_element *e)
{
    struct packet_socket *s = amtg_state(e);

    if (s->stalls >= STALLS)
        return false;
    s->stalls++;
    amtg_count(e, WAITS, 1);
    amtg_timer_start(e, &s->pause, PAUSE_NS);
    return true;
}

static void drop_copy(struct amtg_element *e, struct amtg_udp_lane *lane,
                      const struct amtg_udp_place *place)
{
    if (!amtg_udp_is_reply(place->train->first)) {
        amtg_drop_count(e, NO_DEVICE_ROOM, 1);
        return;
    }
    amtg_udp_lane_advance(lane, e, place);
    amtg_drop(e, NO_DEVICE_ROOM, amtg_udp_lane_take(lane));
}

/* What to do about copy i, which was refused. false: it is to be tried again later. */
static bool is_done_with(struct amtg_element *e, struct amtg_udp_lane *lane, unsigned i,
                         struct amtg_frame_socket *by, int error)
{
    struct packet_socket *s = amtg_state(e);
    const struct amtg_udp_place *place = amtg_frame_burst_place(s->burst, i);

    if (error == EAGAIN && wait_for_socket(e, by->fd))
        return false;
    if (error == ENOBUFS || error == ENOMEM) {
        if (wait_for_device(e))
            return false;
        amtg_next_hops_doubt(&s->hops);
        drop_copy(e, lane, place);
        return true;
    }
    /* The device is down or gone, or its MTU is another: UDP will say what is the matter. */
    by->index = 0;
    amtg_next_hops_doubt(&s->hops);
    send_rest(e, lane, place, REFUSED);
    return true;
}

/* With whom they went to, where that is an endpoint. */
static void note_sent(struct packet_socket *s, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        const struct amtg_packet *p = amtg_frame_burst_place(s->burst, i)->train->first;
        if (!amtg_udp_is_reply(p))
            amtg_endpoint_sent(p->to->entries[amtg_frame_burst_place(s->burst, i)->index], 1, p->len);
    }
}

/* Returns how many copies are done with. Ends early when it must wait. */
static unsigned send_burst(struct amtg_element *e, struct amtg_udp_lane *lane)
{
    struct packet_socket *s = amtg_state(e);
    unsigned count = amtg_frame_burst_count(s->burst), done = 0;

    while (done < count) {
        unsigned frames = amtg_frame_burst_run(s->burst, done);
        if (!frames) {
            send_rest(e, lane, amtg_frame_burst_place(s->burst, done),
                      why_no_frame(amtg_frame_burst_way(s->burst, done)));
            done++;
            continue;
        }
        const struct amtg_net_device *device = amtg_frame_burst_device(s->burst, done);
        struct amtg_frame_socket *by = &s->sockets[device - s->hops.devices];
        int n = amtg_frame_socket_send(by, device->index,
                                       amtg_frame_burst_messages(s->burst) + done, frames);
        amtg_count(e, CALLS, 1);
        if (n > 0) {
            amtg_count(e, COPIES, (unsigned)n);
            note_sent(s, done, (unsigned)n);
            s->stalls = 0;
            done += (unsigned)n;
        } else if (errno != EINTR) {
            if (!is_done_with(e, lane, done, by, errno))
                break;
            done++;
        }
    }
    amtg_udp_lane_advance(lane, e, amtg_frame_burst_place(s->burst, done));
    if (s->rest && lane->first != s->rest_of)
        emit_rest(e);
    return done;
}

/* ---- turns --------------------------------------------------------------- */

static bool must_wait(const struct packet_socket *s)
{
    return s->blocked || amtg_timer_running(&s->pause);
}

static void show(struct amtg_element *e)
{
    struct packet_socket *s = amtg_state(e);

    amtg_gauge(e, QUEUED, s->replies.count + s->sets.count);
    amtg_count(e, ASKED, s->hops.asked);
    amtg_count(e, FORGOTTEN, s->hops.forgotten);
    s->hops.asked = s->hops.forgotten = 0;
}

static void turn(struct amtg_element *e, struct amtg_task *t)
{
    struct packet_socket *s = amtg_state(e);
    const struct amtg_frame_options options = {
        .hops = s->hop_limit, .tos = (uint8_t)(s->dscp << 2), .port = s->port};
    uint32_t budget = s->copies_per_turn;

    while (budget && s->replies.count + s->sets.count && !must_wait(s)) {
        struct amtg_udp_lane *lane = s->replies.first ? &s->replies : &s->sets;
        amtg_frame_burst_fill(s->burst, lane, budget, &s->hops, &options);
        budget -= send_burst(e, lane);
    }
    emit_rest(e);
    show(e);
    if (s->replies.count + s->sets.count && !must_wait(s))
        amtg_task_post(e, t);
}

static void pause_over(struct amtg_element *e, struct amtg_timer *t)
{
    struct packet_socket *s = amtg_state(e);

    (void)t;
    amtg_task_post(e, &s->task);
}

static void writable(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    struct packet_socket *s = amtg_state(e);
    int error;
    socklen_t len = sizeof error;

    if (events & EPOLLERR) /* of a device that went away: reading it takes it away */
        getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    wait_no_more(e);
    amtg_task_post(e, &s->task);
}

static void packet_socket_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct packet_socket *s = amtg_state(e);

    (void)in;
    AMTG_EACH (packet, batch) {
        struct amtg_udp_lane *lane = amtg_udp_is_reply(packet) ? &s->replies : &s->sets;
        if (!amtg_udp_is_reply(packet) && !packet->to)
            amtg_drop(e, NO_DESTINATION, packet);
        else if (lane->count >= s->queue)
            amtg_drop(e, QUEUE_FULL, packet);
        else if (!amtg_udp_lane_put(lane, packet))
            amtg_drop_no_buffer(e, packet);
    }
    if (!must_wait(s))
        amtg_task_post(e, &s->task);
}

/* ---- life ---------------------------------------------------------------- */

static uint32_t packet_socket_keeps(const void *params)
{
    const struct packet_socket *s = params;
    return 2 * s->queue + 1;
}

static enum amtg_err packet_socket_init(struct amtg_element *e)
{
    struct packet_socket *s = amtg_state(e);

    s->burst = amtg_frame_burst_new();
    if (!s->burst)
        return AMTG_ENOMEM;
    amtg_udp_lane_init(&s->replies, 1);
    amtg_udp_lane_init(&s->sets, 1);
    amtg_next_hops_init(&s->hops, e);
    s->hops.limit = s->destinations;
    s->hops.keep_ns = s->keep_ns;
    s->watch.ready = writable;
    s->task.run = turn;
    s->pause.fire = pause_over;
    return AMTG_OK;
}

static void packet_socket_fini(struct amtg_element *e)
{
    struct packet_socket *s = amtg_state(e);

    amtg_next_hops_fini(&s->hops);
    amtg_udp_lane_fini(&s->sets);
    amtg_udp_lane_fini(&s->replies);
    amtg_frame_burst_free(s->burst);
}

static enum amtg_err packet_socket_start(struct amtg_element *e)
{
    struct packet_socket *s = amtg_state(e);
    enum amtg_err err = amtg_frame_sockets_open(e, s->send_buffer_octets, s->sockets);

    if (err)
        return err;
    err = amtg_next_hops_start(&s->hops);
    if (err)
        amtg_frame_sockets_close(s->sockets);
    s->stalls = 0;
    return err;
}

static void packet_socket_stop(struct amtg_element *e)
{
    struct packet_socket *s = amtg_state(e);

    amtg_task_cancel(e, &s->task);
    amtg_timer_stop(e, &s->pause);
    wait_no_more(e);
    while (s->replies.first)
        amtg_drop(e, STOPPED, amtg_udp_lane_take(&s->replies));
    while (s->sets.first)
        amtg_drop(e, STOPPED, amtg_udp_lane_take(&s->sets));
    amtg_next_hops_stop(&s->hops);
    show(e);
    amtg_frame_sockets_close(s->sockets);
}

const struct amtg_class amtg_packet_socket = {
    .name = "packet-socket",
    .summary = "UDP datagrams to many destinations as Ethernet frames, past the host's IP stack",
    .details =
        "For Data of a relay on a plain Ethernet uplink: a copy costs about half of what a "
        "datagram does. Header by header it sends what `udp-socket` would: from the "
        "address and port in the packet's peer, with a UDP checksum, DF, and an ECN field of 0 for "
        "those of whom it is not known that they heed it. A packet with a set of destinations is "
        "expanded here, at most `copies-per-turn` copies between two looks at other things.\n\n"
        "Device, next hop and its Ethernet address are the kernel's: asked by rtnetlink once for "
        "each destination, changed when the kernel says so. When routes, rules or links change, "
        "all is asked again, at most ten times a second.\n\n"
        "What cannot go as a frame leaves by `rest`, with its destinations, and belongs into a "
        "`udp-socket`: where the way is no Ethernet device that is up (a tunnel, the host itself), "
        "or the kernel does not know the neighbour's address yet; sending to it makes the kernel "
        "find it. So does one packet a second to a neighbour that has not been heard for a while, "
        "to see whether it is still there. What is too long for the device goes there too, and is "
        "dropped and reported there.\n\n"
        "Frames pass by the host's packet filter, its traffic control and IPsec policies, and "
        "path MTUs that it has learned. ICMP errors about them reach the `udp-socket` of the same "
        "address and port. Packets of a stream do not make trains here (`UDP_SEGMENT`): where they "
        "come in bursts, `udp-socket` is the faster one.\n\n"
        "Needs CAP_NET_RAW.",
    .example = "elements:\n"
               "  discoveries: {class: pcap-source, file: tunnel.pcap}\n"
               "  check:       {class: check-ip}\n"
               "  unwrap:      {class: udp-unwrap}\n"
               "  messages:    {class: amt-classifier}\n"
               "  advertise:   {class: amt-advertise}\n"
               "  fast:        {class: packet-socket}\n"
               "  udp:         {class: udp-socket, bind: 192.0.2.1}\n"
               "  end:         {class: discard}\n"
               "edges:\n"
               "  - discoveries -> check -> unwrap -> messages\n"
               "  - messages.discovery -> advertise -> fast\n"
               "  - fast.rest -> udp\n"
               "  - udp.out -> end\n",
    .flags = AMTG_HOST | AMTG_BREAKS,
    .state_octets = sizeof(struct packet_socket),
    AMTG_INPUTS({"in", AMTG_DATAGRAM, "to be sent", AMTG_TO}),
    AMTG_OUTPUTS([REST] = {"rest", AMTG_DATAGRAM, "what is to go by a UDP socket",
                           AMTG_TO | AMTG_CARRIES_TYPE}),
    AMTG_PARAMS(
        AMTG_U16(struct packet_socket, port, "2268", 1, 65535, NULL,
                 "our port, for what does not say its own"),
        AMTG_U8(struct packet_socket, hop_limit, "64", 1, 255, "hops",
                "TTL or hop limit of what is sent"),
        AMTG_U8(struct packet_socket, dscp, "0", 0, 63, NULL,
                "DSCP of what is sent, unless it has one already, as Data of amt-encap has"),
        AMTG_U32(struct packet_socket, queue, "4096", 1, 1000000, "packets",
                 "packets that may wait to be sent; replies and sets are counted apart"),
        AMTG_U32(struct packet_socket, copies_per_turn, "1024", 1, 1000000, "datagrams",
                 "copies sent between two looks at what comes in"),
        AMTG_U32(struct packet_socket, destinations, "100000", 1, 10000000, "destinations",
                 "whose next hops are kept; further ones leave by `rest`"),
        AMTG_DURATION(struct packet_socket, keep_ns, "60s", AMTG_S, 3600 * AMTG_S,
                      "time after which a next hop is asked for again, whatever was said"),
        AMTG_SIZE(struct packet_socket, send_buffer_octets, "4MiB", 4096, 1ull << 30,
                  "the kernel's room for what goes out")),
    AMTG_COUNTERS(
        [COPIES] = {"copies", "frames", "sent, each destination of a set counted"},
        [CALLS] = {"send-calls", "calls", "system calls made to send"},
        [INDIRECT] = {"indirect", "datagrams",
                      "to `rest`: no route, or not by an Ethernet device that is up"},
        [UNRESOLVED] = {"unresolved", "datagrams",
                        "to `rest`: the kernel does not know the neighbour's address"},
        [CONFIRMING] = {"confirming", "datagrams",
                        "to `rest`, so that the kernel looks whether the neighbour is still there"},
        [TOO_BIG] = {"too-big", "datagrams", "to `rest`: longer than the device's MTU"},
        [REFUSED] = {"refused", "datagrams", "to `rest`: the device took no frame"},
        [ASKED] = {"asked", "destinations", "for which the kernel was asked for the next hop"},
        [FORGOTTEN] = {"forgotten", "times", "that all next hops were, to be asked for again"},
        [WAITS] = {"waits", "times", "sending waited for room in the socket or the device"},
        [QUEUED] = {"queued", "packets", "wait to be sent", AMTG_GAUGE}),
    AMTG_DROPS(
        [QUEUE_FULL] = {"queue-full", "as many packets as `queue` allows were waiting"},
        [NO_DESTINATION] = {"no-destination", "it was addressed to nobody"},
        [NO_DEVICE_ROOM] = {"no-device-room", "the device's queue stayed full"},
        [STOPPED] = {"stopped", "was waiting when the run ended"}),
    .keeps = packet_socket_keeps,
    .init = packet_socket_init,
    .start = packet_socket_start,
    .stop = packet_socket_stop,
    .fini = packet_socket_fini,
    .push = packet_socket_push,
};
