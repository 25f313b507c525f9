/*
 * tun: a network interface of the host whose other end is this element. What programs
 * send to it, or the kernel says on it, comes out here; what is pushed in arrives there.
 *
 *   in    IP packets for the host
 *   out   what the host sends: IGMP and MLD first of all
 *
 * So programs join by the kernel's own IGMP and MLD: a join that names the interface, or
 * whose group is routed to it, is reported on it.
 *
 *     elements:
 *       host: {class: tun, interface: amt0}
 *     edges:
 *       - host -> reports
 *       - members -> host
 *
 * States of the interface, as told by rtnetlink(7):
 *
 *     up <-> down   back up, it gets its addresses and routes again: the kernel forgets them
 *     gone          made again; the descriptor has no interface any more
 *
 * Timers:
 *   again   every second while it is gone, or while it could not be set up
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/element.h"
#include "elements/io/chatter.h"
#include "elements/io/tun_device.h"
#include "elements/io/tun_train.h"
#include "elements/io/way_back.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"

#define AGAIN_NS AMTG_S
#define WARN_NS (60 * AMTG_S)

enum { READ_LEAST = 2048 };

struct tun {
    const char *interface;
    struct amtg_text_list addresses, routes;
    uint32_t mtu, trains;
    bool setup;

    struct amtg_tun_train train;
    struct amtg_tun_wish wish;
    struct amtg_tun_device device;
    struct amtg_watch packets, links;
    struct amtg_timer again;
    struct amtg_way_back way_back;
    uint64_t warned_ns; /* of a source without a route; 0: not yet */
    uint8_t *room;      /* for one packet */
    uint32_t room_octets;
    uint32_t most; /* packets that are written at once */
    bool up;
    bool troubled; /* setting up has failed, and that was said */
};

enum { IN };
enum { OUT };
enum { RECEIVED, WRITTEN, WRITES, UP, TIMES_DOWN, TIMES_GONE, NO_WAY_BACK };
enum { DOWN, GONE, REFUSED, NO_MEMORY, CHATTER, MALFORMED };

/* ---- its state ---------------------------------------------------------- */

static void note_up(struct amtg_element *e, bool up)
{
    struct tun *state = amtg_state(e);

    if (state->up != up)
        amtg_log(e, AMTG_LOG_INFO, "interface-state", "interface=%s old=%s new=%s",
                 state->interface, state->up ? "up" : "down", up ? "up" : "down");
    if (state->up && !up)
        amtg_count(e, TIMES_DOWN, 1);
    state->up = up;
    amtg_gauge(e, UP, up);
}

static void gone(struct amtg_element *e)
{
    struct tun *state = amtg_state(e);

    if (state->device.fd < 0)
        return;
    amtg_log(e, AMTG_LOG_WARNING, "interface-gone", "interface=%s", state->interface);
    amtg_count(e, TIMES_GONE, 1);
    amtg_watch_remove(e, &state->packets);
    amtg_tun_close(&state->device);
    state->up = false;
    amtg_gauge(e, UP, 0);
    amtg_timer_start(e, &state->again, AGAIN_NS);
}

/* Say once what cannot be set up; all is tried again until it works. */
static void note_trouble(struct amtg_element *e, int error, const struct amtg_tun_trouble *trouble)
{
    struct tun *state = amtg_state(e);
    char text[AMTG_ADDR_TEXT];

    if (!error) {
        state->troubled = false;
        return;
    }
    if (!state->troubled)
        amtg_log(e, AMTG_LOG_WARNING, "interface-setup-failed",
                 "interface=%s what=\"%s\" prefix=%s error=\"%s\"", state->interface,
                 trouble->what ? trouble->what : "interface",
                 trouble->prefix ? amtg_addr_text(&trouble->prefix->addr, text) : "none",
                 strerror(error));
    state->troubled = true;
    amtg_timer_start(e, &state->again, AGAIN_NS);
}

/* Something happened to the interface: how is it now? */
static void look(struct amtg_element *e)
{
    struct tun *state = amtg_state(e);
    struct amtg_tun_trouble trouble = {0};
    char name[IF_NAMESIZE];
    bool up;

    if (state->device.fd < 0)
        return;
    if (!amtg_tun_look(&state->device, name, &up)) {
        gone(e);
        return;
    }
    note_up(e, up);
    if (up && state->setup) /* also when it was down only between two looks */
        note_trouble(e, amtg_tun_restore(&state->device, &state->wish, &trouble), &trouble);
}

/* ---- out of the host ---------------------------------------------------- */

static void deliver(struct amtg_element *e, const uint8_t *octets, uint32_t len)
{
    struct amtg_ip ip;
    struct amtg_packet *p = amtg_make(e, AMTG_IP_RAW, len);

    if (!p) {
        amtg_no_buffer_count(e);
        return;
    }
    memcpy(p->data, octets, len);
    amtg_count(e, RECEIVED, 1);
    if (amtg_ip_parse(octets, len, &ip))
        amtg_drop(e, MALFORMED, p);
    else if (amtg_is_chatter(octets, &ip))
        amtg_drop(e, CHATTER, p);
    else
        amtg_emit(e, OUT, p);
}

static void packets_ready(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    struct tun *state = amtg_state(e);

    ssize_t before = state->device.trains ? AMTG_TUN_VNET_OCTETS : 0;

    for (unsigned i = 0; i < AMTG_BATCH; i++) {
        ssize_t n = read(w->fd, state->room, state->room_octets);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= before)
            break;
        deliver(e, state->room + before, (uint32_t)(n - before));
    }
    if (events & (EPOLLERR | EPOLLHUP))
        look(e);
}

/* ---- into the host ------------------------------------------------------ */

static void check_way_back(struct amtg_element *e, const struct amtg_packet *p)
{
    struct tun *state = amtg_state(e);
    uint64_t now = amtg_now(e);
    char text[AMTG_ADDR_TEXT];

    if (!amtg_ip_is4(p) || !amtg_way_back_missing(&state->way_back, p->data + 12, now))
        return;
    amtg_count(e, NO_WAY_BACK, 1);
    if (state->warned_ns && now - state->warned_ns < WARN_NS)
        return;
    state->warned_ns = now ? now : 1;
    struct amtg_addr source = amtg_ip_source(p);
    amtg_log(e, AMTG_LOG_WARNING, "source-without-route",
             "interface=%s source=%s hint=\"the reverse path filter drops its packets\"",
             state->interface, amtg_addr_text(&source, text));
}

static unsigned reason_of(int error)
{
    switch (error) {
    case EIO:
        return DOWN;
    case EBADFD:
    case EBADF:
        return GONE;
    case ENOMEM:
    case ENOBUFS:
    case EAGAIN:
        return NO_MEMORY;
    default:
        return REFUSED;
    }
}

/* 0 or errno. */
static int write_train(struct tun *state)
{
    unsigned skip = state->device.trains ? 0 : 1; /* of the iovec: there is no header */
    ssize_t n;

    do
        n = writev(state->device.fd, state->train.iov + skip, (int)(state->train.iov_count - skip));
    while (n < 0 && errno == EINTR);
    return n < 0 ? errno : 0;
}

static void account(struct amtg_element *e, int error)
{
    const struct amtg_tun_train *t = &((struct tun *)amtg_state(e))->train;

    for (unsigned i = 0; i < t->count; i++) {
        if (error) {
            amtg_drop(e, reason_of(error), t->packets[i]);
            continue;
        }
        amtg_count(e, WRITTEN, 1);
        amtg_finish(e, t->packets[i]);
    }
    amtg_count(e, WRITES, !error);
}

static void say_no_trains(struct amtg_element *e, int error)
{
    const struct tun *state = amtg_state(e);

    amtg_log(e, AMTG_LOG_INFO, "no-trains", "interface=%s error=\"%s\"", state->interface,
             strerror(error));
}

/* A train that the kernel does not take is written packet by packet, and so are all that follow. */
static void give_up_trains(struct amtg_element *e, int error)
{
    struct tun *state = amtg_state(e);

    state->most = 1;
    say_no_trains(e, error);
}

static void tun_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct tun *state = amtg_state(e);

    (void)in;
    for (unsigned i = 0; i < batch->count; i += state->train.count) {
        amtg_tun_train(&state->train, batch->packets + i, batch->count - i, state->most);
        check_way_back(e, batch->packets[i]); /* a train has one source */
        int error = write_train(state);
        if (error == EINVAL && state->train.count > 1) {
            give_up_trains(e, error);
            state->train.count = 0; /* the same ones again */
            continue;
        }
        account(e, error);
    }
}

/* ---- opening, and opening again ----------------------------------------- */

static enum amtg_err fail(struct amtg_element *e, int error, const struct amtg_tun_trouble *trouble)
{
    const struct tun *state = amtg_state(e);
    const char *what = trouble && trouble->what ? trouble->what : "opening";
    char text[AMTG_ADDR_TEXT];

    if (error == EPERM || error == EACCES)
        return amtg_fail(e, AMTG_EPRIVILEGE,
                         "interface %s: needs CAP_NET_ADMIN; or an interface that was made for "
                         "this user and set up before, and `setup: no`", state->interface);
    if (!trouble && error == ENOENT)
        return amtg_fail(e, AMTG_ESYSTEM, "this host has no /dev/net/tun (modprobe tun)");
    if (!trouble && error == EBUSY)
        return amtg_fail(e, AMTG_ESYSTEM, "interface %s: another program has it open",
                         state->interface);
    if (!trouble && error == EINVAL)
        return amtg_fail(e, AMTG_ESYSTEM, "interface %s: there is one, and it is no tun",
                         state->interface);
    if (trouble && trouble->prefix)
        return amtg_fail(e, AMTG_ESYSTEM, "interface %s: %s %s/%u: %s", state->interface, what,
                         amtg_addr_text(&trouble->prefix->addr, text), trouble->prefix->length,
                         strerror(error));
    return amtg_fail(e, AMTG_ESYSTEM, "interface %s: %s: %s", state->interface, what,
                     strerror(error));
}

static void note_shortcomings(struct amtg_element *e, const struct amtg_tun_trouble *trouble)
{
    const struct tun *state = amtg_state(e);

    if (trouble->without6)
        amtg_log(e, AMTG_LOG_WARNING, "interface-without-ipv6", "interface=%s", state->interface);
    if (trouble->strict)
        amtg_log(e, AMTG_LOG_WARNING, "reverse-path-filter", "interface=%s state=unchanged",
                 state->interface);
}

/* Open it, set it up, wait for its packets. 0, or errno with nothing left open. */
static int open_device(struct amtg_element *e, struct amtg_tun_trouble *trouble, bool *opened)
{
    struct tun *state = amtg_state(e);
    char name[IF_NAMESIZE];
    int error = amtg_tun_open(&state->device, state->interface, state->trains > 1);

    *opened = !error;
    state->most = state->device.trains ? state->trains : 1;
    if (!error && state->setup)
        error = amtg_tun_set_up(&state->device, &state->wish, trouble);
    if (!error && amtg_watch_add(e, &state->packets, state->device.fd, EPOLLIN))
        error = ENOMEM;
    if (error) {
        amtg_tun_close(&state->device);
        return error;
    }
    if (!amtg_tun_look(&state->device, name, &state->up))
        state->up = false;
    amtg_gauge(e, UP, state->up);
    note_shortcomings(e, trouble);
    if (state->most < state->trains)
        say_no_trains(e, EOPNOTSUPP);
    return 0;
}

static void again_due(struct amtg_element *e, struct amtg_timer *t)
{
    struct tun *state = amtg_state(e);
    struct amtg_tun_trouble trouble = {0};
    bool opened;

    (void)t;
    if (state->device.fd >= 0) {
        look(e);
        return;
    }
    int error = open_device(e, &trouble, &opened);
    note_trouble(e, error, &trouble);
    if (!error)
        amtg_log(e, AMTG_LOG_INFO, "interface-back", "interface=%s", state->interface);
}

/* Is something said about our interface? What could not be kept may have been. */
static void links_ready(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    struct tun *state = amtg_state(e);

    (void)events;
    if (amtg_netlink_told(w->fd, state->device.index))
        look(e);
}

/* ---- life --------------------------------------------------------------- */

static void check_prefixes(const struct amtg_text_list *texts, const char *param, bool whole,
                           struct amtg_check *check)
{
    struct amtg_prefix p;

    for (unsigned i = 0; i < texts->count; i++)
        if (!amtg_prefix_parse(texts->items[i], &p))
            amtg_check_problem(check, param, (int)i, "no %s such as %s: \"%.60s\"",
                               whole ? "address" : "prefix",
                               whole ? "10.0.0.1/24" : "232.0.0.0/8", texts->items[i]);
}

static void tun_check(const void *params, struct amtg_check *check)
{
    const struct tun *state = params;

    if (strcmp(state->interface, "auto") == 0)
        amtg_check_problem(check, "interface", -1, "needs a name of its own");
    check_prefixes(&state->addresses, "addresses", true, check);
    check_prefixes(&state->routes, "routes", false, check);
}

static enum amtg_err tun_init(struct amtg_element *e)
{
    struct tun *state = amtg_state(e);
    struct amtg_tun_wish *wish = &state->wish;

    wish->mtu = state->mtu;
    for (unsigned i = 0; i < state->addresses.count; i++)
        amtg_prefix_parse(state->addresses.items[i], &wish->addresses[wish->addresses_count++]);
    for (unsigned i = 0; i < state->routes.count; i++)
        amtg_prefix_parse(state->routes.items[i], &wish->routes[wish->routes_count++]);
    state->room_octets = state->mtu > READ_LEAST ? state->mtu : READ_LEAST;
    state->room_octets += AMTG_TUN_VNET_OCTETS;
    state->room = malloc(state->room_octets);
    state->packets.ready = packets_ready;
    state->links.ready = links_ready;
    state->again.fire = again_due;
    state->device.fd = state->links.fd = state->way_back.fd = -1;
    return state->room ? AMTG_OK : AMTG_ENOMEM;
}

static void close_all(struct amtg_element *e)
{
    struct tun *state = amtg_state(e);

    amtg_watch_remove(e, &state->packets);
    amtg_watch_remove(e, &state->links);
    if (state->links.fd >= 0)
        close(state->links.fd);
    state->links.fd = -1;
    if (state->device.fd >= 0 && state->setup)
        amtg_tun_clear(&state->device, &state->wish);
    amtg_tun_close(&state->device);
    amtg_way_back_close(&state->way_back);
}

/* The messages about links first, so that nothing is missed. */
static enum amtg_err tun_start(struct amtg_element *e)
{
    struct tun *state = amtg_state(e);
    struct amtg_tun_trouble trouble = {0};
    bool opened = false;
    int fd = amtg_netlink_watch_links();

    state->device = (struct amtg_tun_device){.fd = -1, .nl = {.fd = -1}};
    if (fd < 0 || amtg_watch_add(e, &state->links, fd, EPOLLIN)) {
        if (fd >= 0)
            close(fd);
        return amtg_fail(e, AMTG_ESYSTEM, "cannot watch interfaces: %s", strerror(errno));
    }
    int error = open_device(e, &trouble, &opened);
    if (error) {
        close_all(e);
        return fail(e, error, opened ? &trouble : NULL);
    }
    amtg_way_back_open(&state->way_back);
    amtg_hold(e);
    return AMTG_OK;
}

static void tun_stop(struct amtg_element *e)
{
    struct tun *state = amtg_state(e);

    amtg_timer_stop(e, &state->again);
    close_all(e);
    amtg_release(e);
}

static void tun_fini(struct amtg_element *e)
{
    struct tun *state = amtg_state(e);
    free(state->room);
}

const struct amtg_class amtg_tun = {
    .name = "tun",
    .summary = "a network interface of the host whose other end is the graph",
    .details =
        "Programs on the host join groups on this interface by naming it, or because the group is "
        "among `routes`; the kernel's IGMP and MLD reports come out here, and what goes in is "
        "received by those programs. What else the host says on any link (neighbour and router "
        "discovery, mDNS, LLMNR) is dropped as `chatter`.\n\n"
        "The interface is opened, or made when there is none of this name; it is then gone when "
        "the graph stops. With `setup`, it gets MTU, addresses and routes, is brought up, and its "
        "rp_filter is set to loose (of `all` and its own the larger counts): sources of multicast "
        "are not routed to this interface. Router Advertisements are not accepted on it: whoever is at "
        "the other end is no router of this host. An IPv4 source to which there is no route at all is "
        "dropped by the kernel even then; that is logged and counted. When the interface goes "
        "down and up, addresses and routes are put back; when it is removed, it is made again.\n\n"
        "The default MTU of 1450 octets is what an AMT tunnel over IPv6 carries on Ethernet "
        "(1500 less 40, 8 and 2); over IPv4 it would be 1470 (RFC 7450, section 5.1.6). It bounds "
        "what the host sends, not what is pushed in.\n\n"
        "Datagrams of one flow that come together, of equal size and with right checksums, are "
        "written to the host as one where the kernel takes them apart again (Linux 6.2); programs "
        "see no difference.\n\n"
        "The IPv4 address is there because the kernel drops what comes in by an interface that "
        "has none; it is link-local, so it says nothing beyond this host.\n\n"
        "Needs CAP_NET_ADMIN, which `amtgraph run` keeps for a graph with this element, or with "
        "`setup: no` an interface made for the user (`ip tuntap add mode tun user NAME`).",
    .example = "elements:\n"
               "  host:  {class: tun, interface: amt0}\n"
               "  show:  {class: print}\n"
               "  end:   {class: discard}\n"
               "  inner: {class: pcap-source, file: inner.pcap}\n"
               "  check: {class: check-ip}\n"
               "edges:\n"
               "  - host -> show -> end\n"
               "  - inner -> check -> host\n",
    .flags = AMTG_HOST | AMTG_BREAKS | AMTG_SINGLE | AMTG_NET_ADMIN,
    .state_octets = sizeof(struct tun),
    AMTG_INPUTS([IN] = {.name = "in",
                        .type = AMTG_IP,
                        .help = "for the host",
                        .flags = AMTG_MAY_BE_OPEN}),
    AMTG_OUTPUTS([OUT] = {.name = "out", .type = AMTG_IP_RAW, .help = "from the host"}),
    AMTG_PARAMS(
        AMTG_INTERFACE(struct tun, interface, "amt0", "name of the interface"),
        AMTG_TEXTS(struct tun, addresses, "169.254.232.1/32", 0, AMTG_TUN_ITEMS,
                   "addresses that it gets, with prefix lengths"),
        AMTG_TEXTS(struct tun, routes, "232.0.0.0/8, ff3e::/32", 0, AMTG_TUN_ITEMS,
                   "prefixes that are routed to it; joins of these groups need not name it"),
        AMTG_U32(struct tun, mtu, "1450", 1280, 65535, "octets",
                 "longest packet that the host sends"),
        AMTG_U32(struct tun, trains, "64", 1, AMTG_TUN_TRAIN_MOST, "packets",
                 "UDP datagrams of one flow that are written to the host at once"),
        AMTG_BOOL(struct tun, setup, "yes",
                  "set MTU, addresses, routes, rp_filter and accept_ra, and bring it up")),
    AMTG_COUNTERS(
        [RECEIVED] = {"received", "packets", "packets that the host sent"},
        [WRITTEN] = {"written", "packets", "packets handed to the host"},
        [WRITES] = {"writes", "calls", "system calls that did so"},
        [UP] = {"up", "interfaces", "1 while the interface is up", AMTG_GAUGE},
        [TIMES_DOWN] = {"times-down", "times", "it went down"},
        [TIMES_GONE] = {"times-gone", "times", "it was removed"},
        [NO_WAY_BACK] = {"no-way-back", "sources",
                         "IPv4 sources found to have no route, each once a minute at most"}),
    AMTG_DROPS([DOWN] = {"down", "the interface was down"},
               [GONE] = {"gone", "the interface had been removed"},
               [REFUSED] = {"refused", "the kernel took it for no packet"},
               [NO_MEMORY] = {"no-memory", "the kernel had no memory for it"},
               [CHATTER] = {"chatter", "from the host, for this link only, and not IGMP or MLD"},
               [MALFORMED] = {"malformed", "from the host, and no sound IP packet"}),
    .check = tun_check,
    .init = tun_init,
    .start = tun_start,
    .stop = tun_stop,
    .fini = tun_fini,
    .push = tun_push,
};
