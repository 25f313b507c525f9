/*
 * raw-socket: whole IP datagrams into the host's network.
 *
 *   in   verified IPv4 and IPv6 datagrams; each goes to the destination in its header
 *
 * Header included (raw(7)): the header is sent as it is, but for the IPv4 checksum,
 * which the kernel writes. Nothing is fragmented here.
 *
 *     out: {class: raw-socket, interface: eth2}
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/table.h"
#include "elements/io/interface.h"
#include "elements/io/lan.h"
#include "elements/io/route.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"

enum {
    BURST = 64,
    FAMILIES = 2, /* IPv4, IPv6 */
};

struct raw_socket {
    const char *interface;
    bool loop;
    uint32_t queue;

    struct amtg_nic nic;
    struct amtg_lan_addresses addresses;
    int fds[FAMILIES]; /* -1: the host does not have the family */
    struct amtg_watch watches[FAMILIES];
    struct amtg_packet *first, **end; /* waiting */
    uint32_t waiting;
    bool blocked;
};

enum { IN };
enum { SENT, WAITS };
enum {
    QUEUE_FULL,
    TOO_BIG,
    NO_ROUTE,
    NOT_PERMITTED,
    NO_FAMILY,
    SEND_FAILED,
    STOPPED
};

/* ---- sending ------------------------------------------------------------ */

static unsigned family_of(const struct amtg_packet *p)
{
    return amtg_ip_is4(p) ? 0 : 1;
}

static struct amtg_packet *take_first(struct raw_socket *state)
{
    struct amtg_packet *p = state->first;

    state->first = p->next;
    if (!state->first)
        state->end = &state->first;
    state->waiting--;
    p->next = NULL;
    return p;
}

static unsigned reason_of(int error)
{
    switch (error) {
    case EMSGSIZE:
        return TOO_BIG;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        return NO_ROUTE;
    case EPERM:
    case EACCES:
        return NOT_PERMITTED;
    default:
        return SEND_FAILED;
    }
}

/* Send packets of one family from the head of the queue; returns how many went, or -1. */
static int send_some(struct raw_socket *state, unsigned family)
{
    struct mmsghdr messages[BURST];
    struct sockaddr_storage names[BURST];
    struct iovec iov[BURST];
    unsigned n = 0;

    for (const struct amtg_packet *p = state->first; p && n < BURST && family_of(p) == family;
         p = p->next, n++) {
        const struct amtg_addr to = amtg_ip_destination(p);
        bool local = amtg_addr_is_link_local(&to) || amtg_addr_is_multicast(&to);
        iov[n] = (struct iovec){p->data, p->len};
        messages[n].msg_hdr = (struct msghdr){
            .msg_name = &names[n],
            .msg_namelen = amtg_addr_to_sockaddr(&to, 0, local ? state->nic.index : 0, &names[n]),
            .msg_iov = &iov[n],
            .msg_iovlen = 1,
        };
    }
    return sendmmsg(state->fds[family], messages, n, 0);
}

static void send_all(struct amtg_element *e)
{
    struct raw_socket *state = amtg_state(e);

    while (state->first && !state->blocked) {
        unsigned family = family_of(state->first);
        if (state->fds[family] < 0) {
            amtg_drop(e, NO_FAMILY, take_first(state));
            continue;
        }
        int n = send_some(state, family);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            amtg_count(e, WAITS, 1);
            state->blocked = true;
            amtg_watch_set(e, &state->watches[family], EPOLLOUT);
            return;
        }
        if (n < 0) { /* the first of them is at fault */
            amtg_drop(e, reason_of(errno), take_first(state));
            continue;
        }
        amtg_count(e, SENT, (unsigned)n);
        while (n-- > 0)
            amtg_finish(e, take_first(state));
    }
}

static void ready(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    struct raw_socket *state = amtg_state(e);
    int error;
    socklen_t len = sizeof error;

    if (events & EPOLLERR) /* reading an error takes it away */
        getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (!(events & EPOLLOUT) || !state->blocked)
        return;
    amtg_watch_set(e, w, 0);
    state->blocked = false;
    send_all(e);
}

static void raw_socket_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct raw_socket *state = amtg_state(e);

    (void)in;
    AMTG_EACH (packet, batch) {
        if (state->waiting >= state->queue) {
            amtg_drop(e, QUEUE_FULL, packet);
            continue;
        }
        packet->next = NULL;
        *state->end = packet;
        state->end = &packet->next;
        state->waiting++;
    }
    send_all(e);
}

/* ---- its LAN --------------------------------------------------------------- */

static bool own(struct amtg_element *e, bool ip4, struct amtg_addr *out)
{
    struct raw_socket *state = amtg_state(e);

    amtg_lan_look(&state->addresses, state->nic.name, amtg_now(e));
    return amtg_lan_own(&state->addresses, ip4, out);
}

static bool is_elsewhere(struct amtg_element *e, const struct amtg_addr *addr)
{
    struct raw_socket *state = amtg_state(e);

    amtg_lan_look(&state->addresses, state->nic.name, amtg_now(e));
    return amtg_lan_is_elsewhere(&state->addresses, addr);
}

static const struct amtg_lan_ops lan_ops = {.own = own, .is_elsewhere = is_elsewhere};

/* ---- life --------------------------------------------------------------- */

static uint32_t raw_socket_keeps(const void *params)
{
    const struct raw_socket *state = params;
    return state->queue;
}

static enum amtg_err raw_socket_init(struct amtg_element *e)
{
    struct raw_socket *state = amtg_state(e);

    state->end = &state->first;
    for (unsigned i = 0; i < FAMILIES; i++) {
        state->fds[i] = -1;
        state->watches[i].ready = ready;
    }
    return AMTG_OK;
}

static void close_both(struct amtg_element *e)
{
    struct raw_socket *state = amtg_state(e);

    for (unsigned i = 0; i < FAMILIES; i++) {
        amtg_watch_remove(e, &state->watches[i]);
        if (state->fds[i] >= 0)
            close(state->fds[i]);
        state->fds[i] = -1;
    }
}

/* Multicast leaves by our interface; whether the host itself hears it is a parameter. */
static bool set_options4(int fd, const struct raw_socket *state)
{
    struct ip_mreqn interface = {.imr_ifindex = (int)state->nic.index};
    int loop = state->loop;

    return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface) == 0 &&
           setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof loop) == 0;
}

static bool set_options6(int fd, const struct raw_socket *state)
{
    int interface = (int)state->nic.index, loop = state->loop;

    return setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &interface, sizeof interface) == 0 &&
           setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &loop, sizeof loop) == 0;
}

/* IPPROTO_RAW: the header is included, and nothing is ever received. */
static enum amtg_err open_one(struct amtg_element *e, unsigned family)
{
    struct raw_socket *state = amtg_state(e);
    int fd = socket(family ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    IPPROTO_RAW);

    if (fd < 0 && errno == EAFNOSUPPORT)
        return AMTG_OK;
    if (fd < 0)
        return errno == EPERM || errno == EACCES
                   ? amtg_fail(e, AMTG_EPRIVILEGE, "raw sockets need CAP_NET_RAW")
                   : amtg_fail(e, AMTG_ESYSTEM, "no raw socket: %s", strerror(errno));
    state->fds[family] = fd;
    if (!(family ? set_options6(fd, state) : set_options4(fd, state)))
        return amtg_fail(e, AMTG_ESYSTEM, "interface %s: multicast: %s", state->nic.name,
                         strerror(errno));
    if (amtg_watch_add(e, &state->watches[family], fd, 0))
        return amtg_fail(e, AMTG_ESYSTEM, "cannot wait for the raw socket");
    return AMTG_OK;
}

static enum amtg_err raw_socket_start(struct amtg_element *e)
{
    struct raw_socket *state = amtg_state(e);
    enum amtg_err err = amtg_nic_find(e, state->interface, &state->nic);

    for (unsigned family = 0; !err && family < FAMILIES; family++)
        err = open_one(e, family);
    if (err)
        close_both(e);
    state->blocked = false;
    return err;
}

static void raw_socket_stop(struct amtg_element *e)
{
    struct raw_socket *state = amtg_state(e);

    while (state->first)
        amtg_drop(e, STOPPED, take_first(state));
    close_both(e);
}

const struct amtg_class amtg_raw_socket = {
    .name = "raw-socket",
    .summary = "whole IPv4 and IPv6 datagrams into the host's network",
    .details =
        "Each datagram goes where its header says: unicast by the host's routes, multicast out "
        "of `interface`. Headers are sent as they are; the kernel writes the IPv4 header checksum, "
        "and an identification where it is 0. What is longer than the interface's MTU is dropped "
        "as `too-big`.\n\n"
        "Needs CAP_NET_RAW.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1}\n"
               "  lan:    {class: raw-socket, interface: eth2}\n"
               "edges:\n"
               "  - source -> lan\n",
    .flags = AMTG_HOST | AMTG_BREAKS,
    .state_octets = sizeof(struct raw_socket),
    AMTG_INPUTS([IN] = {"in", AMTG_IP, "to be sent"}),
    AMTG_PARAMS(
        AMTG_INTERFACE(struct raw_socket, interface, "auto",
                       "where multicast leaves; auto: the interface of the default route"),
        AMTG_BOOL(struct raw_socket, loop, "yes", "multicast is heard on the host itself, too"),
        AMTG_U32(struct raw_socket, queue, "1024", 1, 1000000, "packets",
                 "packets that may wait for room in the socket")),
    AMTG_COUNTERS(
        [SENT] = {"sent", "packets", "handed to the kernel"},
        [WAITS] = {"waits", "times", "sending waited for room in the socket"}),
    AMTG_DROPS(
        [QUEUE_FULL] = {"queue-full", "as many packets as `queue` allows were waiting"},
        [TOO_BIG] = {"too-big", "longer than the MTU of the interface it leaves by"},
        [NO_ROUTE] = {"no-route", "no route to the destination, or its interface is down"},
        [NOT_PERMITTED] = {"not-permitted", "the host's packet filter refused it"},
        [NO_FAMILY] = {"no-family", "the host does not have this version of IP"},
        [SEND_FAILED] = {"send-failed", "refused for another reason"},
        [STOPPED] = {"stopped", "was waiting when the run ended"}),
    AMTG_PROVIDES({&amtg_lan, &lan_ops, &amtg_lan_nowhere},
                  {&amtg_routes, &amtg_routes_of_host, &amtg_routes_on_captures}),
    .keeps = raw_socket_keeps,
    .init = raw_socket_init,
    .start = raw_socket_start,
    .stop = raw_socket_stop,
    .push = raw_socket_push,
};
