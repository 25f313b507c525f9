/*
 * udp-output: sends payloads as UDP datagrams to one address, so that a player or any
 * other program on this host can read them.
 *
 *   in   datagrams; their payload is sent, whoever they came from
 *
 * A multicast address is heard by whoever joins it on `interface`; with the default,
 * loopback, it never leaves the host.
 *
 *     elements:
 *       player: {class: udp-output, to: 127.0.0.1, port: 5004}
 *     edges:
 *       - unwrap -> player
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "elements/io/interface.h"
#include "elements/wire/types.h"

struct udp_output {
    struct amtg_addr to;
    uint16_t port;
    const char *interface;
    uint8_t ttl;
    uint64_t buffer_octets;

    struct amtg_nic nic;
    int fd;
};

enum { IN };
enum { SENT, OCTETS, NOBODY };
enum { FULL, TOO_BIG, REFUSED };

/* ---- sending ------------------------------------------------------------ */

static unsigned reason_of(int error)
{
    switch (error) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
        return FULL;
    case EMSGSIZE:
        return TOO_BIG;
    default:
        return REFUSED;
    }
}

/*
 * Send what is left of a batch; returns how many went, or -1 with errno. Nobody listening
 * is told by the next send, which then sends nothing: it is noted, and done again.
 */
static int send_some(struct amtg_element *e, struct mmsghdr *messages, unsigned count)
{
    const struct udp_output *state = amtg_state(e);

    for (unsigned tries = 0;; tries++) {
        int n = sendmmsg(state->fd, messages, count, MSG_DONTWAIT);
        if (n >= 0 || tries == 2 || (errno != ECONNREFUSED && errno != EINTR))
            return n;
        if (errno == ECONNREFUSED)
            amtg_count(e, NOBODY, 1);
    }
}

static void udp_output_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct mmsghdr messages[AMTG_BATCH];
    struct iovec iov[AMTG_BATCH];
    unsigned at = 0;

    (void)in;
    for (unsigned i = 0; i < batch->count; i++) {
        iov[i] = (struct iovec){batch->packets[i]->data, batch->packets[i]->len};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &iov[i], .msg_iovlen = 1}};
    }
    while (at < batch->count) {
        int n = send_some(e, messages + at, batch->count - at);
        if (n <= 0) { /* the first of them is at fault */
            amtg_drop(e, reason_of(errno), batch->packets[at++]);
            continue;
        }
        amtg_count(e, SENT, (unsigned)n);
        for (; n > 0; n--, at++) {
            amtg_count(e, OCTETS, batch->packets[at]->len);
            amtg_finish(e, batch->packets[at]);
        }
    }
}

/* ---- life --------------------------------------------------------------- */

static void udp_output_check(const void *params, struct amtg_check *check)
{
    const struct udp_output *state = params;

    if (amtg_addr_is_unspecified(&state->to))
        amtg_check_problem(check, "to", -1, "nobody has this address");
}

static bool set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* Multicast: out of our interface, so many hops far, and heard on this host. */
static bool set_multicast(int fd, const struct udp_output *state)
{
    struct ip_mreqn mreq = {.imr_ifindex = (int)state->nic.index};

    if (amtg_addr_is4(&state->to))
        return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &mreq, sizeof mreq) == 0 &&
               set(fd, IPPROTO_IP, IP_MULTICAST_TTL, state->ttl) &&
               set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
    return set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)state->nic.index) &&
           set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, state->ttl) &&
           set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1);
}

static enum amtg_err open_socket(struct amtg_element *e)
{
    struct udp_output *state = amtg_state(e);
    struct sockaddr_storage to;
    char text[AMTG_ADDR_TEXT];
    bool scoped = amtg_addr_is_multicast(&state->to) || amtg_addr_is_link_local(&state->to);
    socklen_t len =
        amtg_addr_to_sockaddr(&state->to, state->port, scoped ? state->nic.index : 0, &to);

    state->fd = socket(to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (state->fd < 0)
        return amtg_fail(e, AMTG_ESYSTEM, "no UDP socket: %s", strerror(errno));
    set(state->fd, SOL_SOCKET, SO_SNDBUF, (int)state->buffer_octets);
    if (amtg_addr_is_multicast(&state->to) && !set_multicast(state->fd, state))
        return amtg_fail(e, AMTG_ESYSTEM, "interface %s: multicast: %s", state->nic.name,
                         strerror(errno));
    if (connect(state->fd, (struct sockaddr *)&to, len) < 0)
        return amtg_fail(e, AMTG_ESYSTEM, "no way to %s: %s", amtg_addr_text(&state->to, text),
                         strerror(errno));
    return AMTG_OK;
}

static enum amtg_err udp_output_start(struct amtg_element *e)
{
    struct udp_output *state = amtg_state(e);
    enum amtg_err err = amtg_nic_find(e, state->interface, &state->nic);

    if (err)
        return err;
    err = open_socket(e);
    if (err && state->fd >= 0)
        close(state->fd);
    return err;
}

static void udp_output_stop(struct amtg_element *e)
{
    struct udp_output *state = amtg_state(e);
    close(state->fd);
}

const struct amtg_class amtg_udp_output = {
    .name = "udp-output",
    .summary = "sends payloads to one UDP address, for a program on this host",
    .details =
        "Each payload is one datagram to `to` and `port`, from any free port. To a multicast "
        "address it leaves by `interface`: the default, `lo`, is heard on this host only, by those "
        "who join on `lo`. The kernel has no route for IPv6 multicast there; name another "
        "interface, and a group of scope 1 (ff11::/16), which never leaves this host.\n\n"
        "Nothing waits here: what the socket cannot take at once is dropped as `full`. While "
        "nobody listens, what is sent is lost, and the errors that tell so are counted as "
        "`nobody`. Needs no privilege.",
    .example = "elements:\n"
               "  inner:  {class: pcap-source, file: inner.pcap}\n"
               "  check:  {class: check-ip}\n"
               "  unwrap: {class: udp-unwrap}\n"
               "  player: {class: udp-output, to: 127.0.0.1, port: 5004}\n"
               "edges:\n"
               "  - inner -> check -> unwrap -> player\n",
    .flags = AMTG_HOST,
    .state_octets = sizeof(struct udp_output),
    AMTG_INPUTS([IN] = {.name = "in", .type = AMTG_DATAGRAM, .help = "payloads"}),
    AMTG_PARAMS(
        AMTG_ADDRESS(struct udp_output, to, "127.0.0.1", 0, "where to, unicast or multicast"),
        AMTG_U16(struct udp_output, port, "5004", 1, 65535, NULL, "UDP port there"),
        AMTG_INTERFACE(struct udp_output, interface, "lo",
                       "where multicast and link-local datagrams leave"),
        AMTG_U8(struct udp_output, ttl, "1", 0, 255, "hops", "TTL or hop limit of multicast"),
        AMTG_SIZE(struct udp_output, buffer_octets, "1MiB", 4096, 1 << 30,
                  "room in the socket for what is not delivered yet; the system may allow less")),
    AMTG_COUNTERS([SENT] = {"sent", "packets", "handed to the kernel"},
                  [OCTETS] = {"octets", "octets", "their payload"},
                  [NOBODY] = {"nobody", "errors", "the host said that nobody listens there"}),
    AMTG_DROPS([FULL] = {"full", "no room in the socket"},
               [TOO_BIG] = {"too-big", "longer than a datagram can be"},
               [REFUSED] = {"refused", "the system refused it for another reason"}),
    .check = udp_output_check,
    .start = udp_output_start,
    .stop = udp_output_stop,
    .push = udp_output_push,
};
