/*
 * udp-socket: UDP datagrams to and from the host's network.
 *
 *   in           datagrams with destinations: one peer, or a set that is expanded here
 *   out          datagrams received; peer says who sent them and which address was asked
 *   unreachable  a record for each ICMP error about something sent
 *
 * RFC 7450: replies leave from the address that was asked (sections 5.3.3.1 and
 * 5.3.3.2), outer packets are not fragmented (5.3.3.6).
 *
 *     udp: {class: udp-socket, bind: [0.0.0.0, "::"], port: 2268}
 */
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/listing.h"
#include "core/table.h"
#include "elements/io/route.h"
#include "elements/io/udp_bound.h"
#include "elements/io/udp_receive.h"
#include "elements/io/udp_send.h"
#include "elements/wire/types.h"

enum {
    ADDRESSES = 64, /* in each of the two lists */
    FAMILIES = 2,   /* IPv4, IPv6 */
};

struct udp_socket {
    struct amtg_addr_list bind, also;
    uint16_t port;
    uint64_t receive_buffer_octets, send_buffer_octets;
    uint8_t dscp, hop_limit;
    uint32_t queue;
    uint32_t copies_per_turn, trains;
    uint64_t coalesce_ns;
    bool zero_checksum6, gro;

    struct amtg_udp_bound *bounds;
    unsigned bounds_count;
    struct amtg_udp_sender senders[FAMILIES]; /* one a family: neither waits for the other */
    struct amtg_udp_receiver receiver;
    struct amtg_task refilled; /* buffers are back */
    bool dry;
};

static const struct amtg_counter counters[] = {
    [AMTG_SOCK_RECEIVED] = {"received", "datagrams", "received from the network"},
    [AMTG_SOCK_TRAINS_RECEIVED] = {"trains-received", "messages",
                                   "received that held several of these datagrams"},
    [AMTG_SOCK_TRAINS_COPIED] = {"trains-copied", "messages",
                                 "of these whose datagrams were copied: no large buffer was left"},
    [AMTG_SOCK_COPIES] = {"copies", "datagrams", "sent, each destination of a set counted"},
    [AMTG_SOCK_TRAINS] = {"trains", "messages", "sent that held several of these copies"},
    [AMTG_SOCK_PLAIN] = {"plain", "times", "that the way to an endpoint took no such message; it is tried again "
                                    "after a minute"},
    [AMTG_SOCK_CALLS] = {"send-calls", "calls", "system calls made to send"},
    [AMTG_SOCK_REPEATED] = {"repeated", "datagrams",
                            "sent once more: an ICMP error about another peer failed the send"},
    [AMTG_SOCK_WAITS] = {"waits", "times", "sending waited for room in the socket or the device"},
    [AMTG_SOCK_QUEUED] = {"queued", "packets", "wait to be sent", AMTG_GAUGE},
    [AMTG_SOCK_LOST_ERRORS] = {"lost-errors", "errors",
                               "ICMP errors for which there was no record"},
};

static const struct amtg_reason drops[] = {
    [AMTG_SOCK_QUEUE_FULL] = {"queue-full", "as many packets as `queue` allows were waiting"},
    [AMTG_SOCK_NO_DESTINATION] = {"no-destination", "it was addressed to nobody"},
    [AMTG_SOCK_NO_SOCKET] = {"no-socket", "no address is bound that it could leave from"},
    [AMTG_SOCK_TOO_BIG] = {"too-big",
                           "longer than the interface lets through in one piece (DF is set)"},
    [AMTG_SOCK_NO_ROUTE] = {"no-route", "no route to the destination, or its interface is down"},
    [AMTG_SOCK_NOT_PERMITTED] = {"not-permitted", "the host's packet filter refused it"},
    [AMTG_SOCK_NO_DEVICE_ROOM] = {"no-device-room", "the device's queue stayed full"},
    [AMTG_SOCK_SEND_FAILED] = {"send-failed",
                               "refused otherwise, say a source address that is no longer ours"},
    [AMTG_SOCK_NOT_UNICAST] = {"not-unicast",
                               "received by broadcast or multicast, so nobody was asked"},
    [AMTG_SOCK_NO_SOURCE_PORT] = {"no-source-port",
                                  "received from port 0, which nobody can reply to"},
    [AMTG_SOCK_STOPPED] = {"stopped", "was waiting when the run ended"},
};

/* ---- sockets' events ---------------------------------------------------- */

/* Receiving starts or ends on all sockets; waiting for room to send goes on. */
static void set_receiving(struct amtg_element *e, bool on)
{
    struct udp_socket *state = amtg_state(e);

    for (unsigned i = 0; i < state->bounds_count; i++) {
        struct amtg_watch *w = &state->bounds[i].watch;
        amtg_watch_set(e, w, on ? w->events | EPOLLIN : w->events & ~(uint32_t)EPOLLIN);
    }
    state->dry = !on;
}

static void refilled(struct amtg_element *e, struct amtg_task *t)
{
    (void)t;
    set_receiving(e, true);
}

static void ready(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    struct udp_socket *state = amtg_state(e);
    struct amtg_udp_bound *bound = AMTG_CONTAINER(w, struct amtg_udp_bound, watch);

    if (events & EPOLLERR)
        amtg_udp_drain_errors(e, bound);
    if ((events & EPOLLOUT) && (w->events & EPOLLOUT))
        amtg_udp_sender_writable(&state->senders[bound->is4 ? 0 : 1], bound);
    if ((events & EPOLLIN) && !state->dry && !amtg_udp_receive(&state->receiver, bound)) {
        set_receiving(e, false);
        amtg_wait_for_buffers(e, &state->refilled);
    }
}

/* Index of the sender: all endpoints of a set are of one family. */
static unsigned family_of(const struct amtg_packet *p)
{
    if (p->to && p->to->count)
        return p->to->kind.version == 4 ? 0 : 1;
    return amtg_addr_is4(&p->peer.remote) ? 0 : 1;
}

static void udp_socket_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct udp_socket *state = amtg_state(e);

    (void)in;
    AMTG_EACH (packet, batch)
        amtg_udp_sender_take(&state->senders[family_of(packet)], packet);
}

/* ---- source-address ----------------------------------------------------- */

/* An address on which nobody listens would be no use: then it is the first bound one. */
static bool towards(struct amtg_element *e, const struct amtg_addr *remote, uint32_t scope,
                    struct amtg_addr *out)
{
    const struct udp_socket *state = amtg_state(e);
    const struct amtg_udp_bound *first = NULL;
    struct amtg_addr choice;

    if (!amtg_route_towards(remote, scope, &choice))
        return false;
    for (unsigned i = 0; i < state->bounds_count; i++) {
        const struct amtg_udp_bound *b = &state->bounds[i];
        if (b->further || b->is4 != amtg_addr_is4(remote))
            continue;
        if (b->wildcard || amtg_addr_equal(&b->addr, &choice)) {
            *out = choice;
            return true;
        }
        if (!first)
            first = b;
    }
    if (first)
        *out = first->addr;
    return first != NULL;
}

/* On captures there is no system to ask. */
static bool towards_nowhere(struct amtg_element *e, const struct amtg_addr *remote, uint32_t scope,
                            struct amtg_addr *out)
{
    (void)e, (void)remote, (void)scope, (void)out;
    return false;
}

static bool serves(const struct amtg_element *e, bool ip4)
{
    const struct udp_socket *state = amtg_state(e);

    for (unsigned i = 0; i < state->bind.count; i++)
        if (amtg_addr_is4(&state->bind.items[i]) == ip4)
            return true;
    return false;
}

static const struct amtg_source_address_ops ops = {.towards = towards, .serves = serves};
static const struct amtg_source_address_ops stand_in_ops = {.towards = towards_nowhere,
                                                            .serves = serves};

/* ---- life --------------------------------------------------------------- */

static void udp_socket_check(const void *params, struct amtg_check *check)
{
    const struct udp_socket *state = params;

    if (!state->bind.count)
        amtg_check_problem(check, "bind", -1, "no address is left to bind");
    for (unsigned i = 0; i < state->bind.count; i++) {
        if (amtg_addr_is_multicast(&state->bind.items[i]))
            amtg_check_problem(check, "bind", (int)i, "a multicast address cannot be bound here");
        for (unsigned j = 0; j < i; j++)
            if (amtg_addr_equal(&state->bind.items[i], &state->bind.items[j])) {
                amtg_check_problem(check, "bind", (int)i, "the same address twice");
                break;
            }
    }
    for (unsigned i = 0; i < state->also.count; i++)
        if (amtg_addr_is_multicast(&state->also.items[i]) ||
            amtg_addr_is_unspecified(&state->also.items[i]))
            amtg_check_problem(check, "also", (int)i, "not the address of a host");
}

static uint32_t udp_socket_keeps(const void *params)
{
    const struct udp_socket *state = params;
    return FAMILIES * 2 * state->queue + AMTG_SOCK_BURST;
}

static enum amtg_err udp_socket_init(struct amtg_element *e)
{
    struct udp_socket *state = amtg_state(e);
    unsigned made = 0;

    state->refilled.run = refilled;
    state->bounds = calloc(state->bind.count + state->also.count + 1, sizeof *state->bounds);
    if (!state->bounds)
        return AMTG_ENOMEM;
    for (; made < FAMILIES; made++) {
        if (!amtg_udp_sender_init(&state->senders[made], e, state->trains))
            goto fail;
        state->senders[made].bounds = state->bounds;
        state->senders[made].limit = state->queue;
        state->senders[made].budget = state->copies_per_turn;
        state->senders[made].coalesce_ns = state->coalesce_ns;
        state->senders[made].tos = (uint8_t)(state->dscp << 2);
    }
    if (!amtg_udp_receiver_init(&state->receiver, e))
        goto fail;
    return AMTG_OK;

fail:
    while (made)
        amtg_udp_sender_fini(&state->senders[--made]);
    free(state->bounds);
    return AMTG_ENOMEM;
}

static void udp_socket_fini(struct amtg_element *e)
{
    struct udp_socket *state = amtg_state(e);

    amtg_udp_receiver_fini(&state->receiver);
    for (unsigned i = 0; i < FAMILIES; i++)
        amtg_udp_sender_fini(&state->senders[i]);
    free(state->bounds);
}

static void close_all(struct amtg_element *e)
{
    struct udp_socket *state = amtg_state(e);

    while (state->bounds_count) {
        struct amtg_udp_bound *b = &state->bounds[--state->bounds_count];
        amtg_watch_remove(e, &b->watch);
        close(b->fd);
    }
    for (unsigned i = 0; i < FAMILIES; i++)
        state->senders[i].bounds_count = 0;
}

static enum amtg_err open_one(struct amtg_element *e, const struct amtg_addr *addr, bool further)
{
    struct udp_socket *state = amtg_state(e);
    struct amtg_udp_bound *b = &state->bounds[state->bounds_count];
    const struct amtg_udp_socket_options options = {
        .receive_buffer = state->receive_buffer_octets,
        .send_buffer = state->send_buffer_octets,
        .hop_limit = state->hop_limit,
        .free = further,
        .shards = amtg_shard_count(e),
        .zero_checksum6 = state->zero_checksum6,
        .gro = state->gro,
    };
    /* Port 0: the first socket gets one from the system, the others follow it. */
    uint16_t port = state->bounds_count ? state->bounds[0].port : state->port;
    char text[AMTG_ADDR_TEXT];
    enum amtg_err err = amtg_udp_bind(e, addr, port, &options, b);

    if (err)
        return err;
    b->further = further;
    b->watch.ready = ready;
    err = amtg_watch_add(e, &b->watch, b->fd, EPOLLIN);
    if (err) {
        close(b->fd);
        return amtg_fail(e, err, "cannot wait for a socket");
    }
    state->bounds_count++;
    amtg_log(e, AMTG_LOG_INFO, "listening", "address=%s port=%u", amtg_addr_text(addr, text),
             b->port);
    return AMTG_OK;
}

/* Is an address of `also` to be bound: family in use, and not reached by a socket bound already? */
static bool is_further(const struct udp_socket *state, const struct amtg_addr *addr)
{
    bool family = false;

    for (unsigned i = 0; i < state->bounds_count; i++) {
        const struct amtg_udp_bound *b = &state->bounds[i];
        if (b->is4 != amtg_addr_is4(addr))
            continue;
        if (b->wildcard || amtg_addr_equal(&b->addr, addr))
            return false;
        family = true;
    }
    return family;
}

/* A wildcard and an address of its family cannot both be bound; the wildcard covers it. */
static bool covered(const struct udp_socket *state, unsigned item)
{
    const struct amtg_addr *addr = &state->bind.items[item];

    for (unsigned i = 0; i < state->bind.count; i++)
        if (i != item && amtg_addr_is_unspecified(&state->bind.items[i]) &&
            amtg_addr_is4(&state->bind.items[i]) == amtg_addr_is4(addr))
            return true;
    return false;
}

static enum amtg_err udp_socket_start(struct amtg_element *e)
{
    struct udp_socket *state = amtg_state(e);
    enum amtg_err err = AMTG_OK;

    if (state->port == 0 && amtg_shard_count(e) > 1)
        return amtg_fail(e, AMTG_ECONFIG, "shards share a port, so it must be named");
    for (unsigned i = 0; !err && i < state->bind.count; i++)
        if (!covered(state, i))
            err = open_one(e, &state->bind.items[i], false);
    for (unsigned i = 0; !err && i < state->also.count; i++)
        if (is_further(state, &state->also.items[i]))
            err = open_one(e, &state->also.items[i], true);
    if (err) {
        close_all(e);
        return err;
    }
    for (unsigned i = 0; i < FAMILIES; i++)
        state->senders[i].bounds_count = state->bounds_count;
    state->dry = false;
    amtg_hold(e);
    return AMTG_OK;
}

static void udp_socket_stop(struct amtg_element *e)
{
    struct udp_socket *state = amtg_state(e);

    amtg_release(e);
    amtg_task_cancel(e, &state->refilled);
    amtg_udp_receiver_stop(&state->receiver);
    for (unsigned i = 0; i < FAMILIES; i++)
        amtg_udp_sender_stop(&state->senders[i]);
    close_all(e);
}

static uint64_t show_sockets(struct amtg_element *e, uint64_t cursor, struct amtg_rows *rows)
{
    const struct udp_socket *state = amtg_state(e);
    char text[AMTG_ADDR_TEXT];

    (void)cursor; /* they are few */
    for (unsigned i = 0; i < state->bounds_count; i++) {
        const struct amtg_udp_bound *b = &state->bounds[i];
        amtg_row(rows);
        amtg_cell_text(rows, "%s", amtg_addr_text(&b->addr, text));
        amtg_cell_number(rows, b->port);
        amtg_cell_text(rows, b->is4 ? "IPv4" : "IPv6");
        amtg_cell_text(rows, b->trains ? "yes" : "no");
    }
    return 0;
}

const struct amtg_class amtg_udp_socket = {
    .name = "udp-socket",
    .summary = "UDP datagrams to and from the host's network",
    .details =
        "Binds any number of addresses of both families, each with a socket of its own. A datagram "
        "that was received carries the address that was asked, and a reply to it leaves from "
        "there.\n\n"
        "A packet with a set of destinations is expanded here: at most `copies-per-turn` copies "
        "between two looks at what comes in, replies to single peers first. Destinations that "
        "are gone are skipped.\n\n"
        "Packets that wait for the same set and have the same size go to each destination as one "
        "message, a train, that the kernel or the device cuts into datagrams (`UDP_SEGMENT`). They "
        "are not held back for that, unless `coalesce` says so: under load they wait anyway. A "
        "destination whose way takes no trains gets its datagrams one by one from then on.\n\n"
        "Datagrams of one sender that come together the kernel hands over as one message, too "
        "(`UDP_GRO`, unless `gro` is false). They leave one by one, in their order, and share a "
        "large buffer, so nothing is copied unless the pool has no large one left.\n\n"
        "DF is set on all that is sent, and nothing is fragmented; what does not fit the interface "
        "is dropped as `too-big`, and a record says so, like one of an ICMP error. "
        "ICMP errors come out of `unreachable`, each with the peer that it is about; a send that "
        "failed for another peer's sake is repeated.\n\n"
        "A datagram that was received carries the TOS or traffic class that it came with. One to "
        "be sent may have its own; its ECN field is sent as 0 to destinations of which it is not "
        "known that they heed it (RFC 6040, section 4.3).\n\n"
        "IPv6 datagrams without UDP checksum are dropped by the system unless `zero-checksum6`; a "
        "relay may send Data so (RFC 6935), and a gateway must take it. A checksum that is there "
        "is always verified, and IPv4 needs none.\n\n"
        "Shards share the port: the kernel gives a datagram to one of them by its source address, a "
        "Teardown by the address in it; an ICMP error is passed on to the one that it concerns.\n\n"
        "Addresses of `also` are bound where their family is bound at all and no wildcard covers "
        "them; they may come to the host later (anycast).",
    .example = "elements:\n"
               "  udp: {class: udp-socket, bind: [0.0.0.0, \"::\"], port: 2268}\n"
               "  messages: {class: amt-classifier}\n"
               "edges:\n"
               "  - udp -> messages\n",
    .flags = AMTG_HOST | AMTG_BREAKS,
    .state_octets = sizeof(struct udp_socket),
    AMTG_INPUTS({"in", AMTG_DATAGRAM, "to be sent", AMTG_TO | AMTG_MAY_BE_OPEN}),
    AMTG_OUTPUTS([AMTG_SOCK_OUT] = {"out", AMTG_DATAGRAM, "received"},
                 [AMTG_SOCK_UNREACHABLE] = {"unreachable", AMTG_UNREACHABLE,
                                           "ICMP errors about what was sent", AMTG_MAY_BE_OPEN}),
    AMTG_PARAMS(
        AMTG_ADDRESSES(struct udp_socket, bind, "0.0.0.0, ::", 0, ADDRESSES,
                       "our addresses; 0.0.0.0 and :: stand for all of a family"),
        AMTG_ADDRESSES(struct udp_socket, also, "", 0, ADDRESSES,
                       "further addresses, which the host may come to have later"),
        AMTG_U16(struct udp_socket, port, "2268", 0, 65535, NULL, "our port; 0: any that is free"),
        AMTG_SIZE(struct udp_socket, receive_buffer_octets, "4MiB", 4096, 1ull << 30,
                  "the kernel's room for what comes in, for each address"),
        AMTG_SIZE(struct udp_socket, send_buffer_octets, "4MiB", 4096, 1ull << 30,
                  "the kernel's room for what goes out, for each address"),
        AMTG_U8(struct udp_socket, hop_limit, "64", 1, 255, "hops",
                "TTL or hop limit of what is sent"),
        AMTG_U8(struct udp_socket, dscp, "0", 0, 63, NULL,
                "DSCP of what is sent, unless it has one already, as Data of amt-encap has"),
        AMTG_U32(struct udp_socket, queue, "4096", 1, 1000000, "packets",
                 "packets that may wait to be sent; replies and sets are counted apart"),
        AMTG_U32(struct udp_socket, copies_per_turn, "1024", 1, 1000000, "datagrams",
                 "copies sent between two looks at what comes in"),
        AMTG_U32(struct udp_socket, trains, "64", 1, AMTG_TRAIN_MOST, "packets",
                 "packets of a stream that go to each destination in one message; 1: no trains"),
        AMTG_DURATION(struct udp_socket, coalesce_ns, "0s", 0, AMTG_S,
                      "time that a packet waits for others of its stream; 0: none"),
        AMTG_BOOL(struct udp_socket, zero_checksum6, "false",
                  "take IPv6 datagrams without UDP checksum too, as a relay may send Data"),
        AMTG_BOOL(struct udp_socket, gro, "true",
                  "let the kernel hand over datagrams that come together as one message")),
    .counters = counters,
    .counters_count = AMTG_SOCK_COUNTERS,
    .drops = drops,
    .drops_count = AMTG_SOCK_DROPS,
    AMTG_LISTINGS({.name = "sockets", .help = "where it listens", .rows = show_sockets,
                   AMTG_COLUMNS({"address", NULL, "ours; 0.0.0.0 and :: stand for all of a family"},
                                {"port", "number", "ours"}, {"family", NULL, "of IP"},
                                {"trains", NULL, "whether the kernel takes several datagrams as one message"})}),
    AMTG_PROVIDES({&amtg_source_address, &ops, &stand_in_ops}),
    .check = udp_socket_check,
    .keeps = udp_socket_keeps,
    .init = udp_socket_init,
    .start = udp_socket_start,
    .stop = udp_socket_stop,
    .fini = udp_socket_fini,
    .push = udp_socket_push,
};
