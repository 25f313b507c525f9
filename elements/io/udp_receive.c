#include "elements/io/udp_receive.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "elements/io/steering.h"
#include "elements/wire/icmp.h"
#include "elements/wire/types.h"

enum {
    TURN = 4 * AMTG_SOCK_BURST, /* datagrams a turn, about: no further recvmmsg after so many */
    LARGE_SLOTS = 16,           /* that may have a large buffer ready */
    ERRORS = 256, /* entries of the error queue a turn */
    OVERFLOW_OCTETS = AMTG_LARGE_OCTETS - AMTG_SMALL_OCTETS,
    CONTROL_OCTETS = 128, /* packet info, TOS and segment size, of either family */
    ERROR_CONTROL_OCTETS = 512,
};

union control {
    struct cmsghdr align;
    char room[CONTROL_OCTETS];
};

struct amtg_udp_intake {
    struct amtg_packet *spare[AMTG_SOCK_BURST]; /* small ones */
    struct amtg_packet *large[AMTG_SOCK_BURST]; /* NULL: the slot has none */
    unsigned expected; /* slots that get a large buffer: messages of the last call that were long */
    unsigned stale;    /* slots, from the first on, that are to be made ready again */
    struct mmsghdr messages[AMTG_SOCK_BURST];
    struct iovec iov[AMTG_SOCK_BURST][2];
    struct sockaddr_storage names[AMTG_SOCK_BURST];
    union control controls[AMTG_SOCK_BURST];
    uint8_t *overflow; /* AMTG_SOCK_BURST areas, mapped: a page that is not touched costs nothing */
};

/* ---- addresses ---------------------------------------------------------- */

/*
 * Our address of the pair, from the packet info; it stays as it was when there is
 * none. false: the datagram was not sent to one host (broadcast, multicast).
 */
static bool read_local(struct msghdr *m, struct amtg_addr *local)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            *local = amtg_addr_from4(&info.ipi_addr);
            /* The kernel names another address to reply from when that one is not ours alone. */
            return info.ipi_addr.s_addr == info.ipi_spec_dst.s_addr;
        }
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            *local = amtg_addr_from6(&info.ipi6_addr);
            return !amtg_addr_is_multicast(local);
        }
    }
    return true;
}

/* The TOS or traffic class that it came with. */
static void read_tos(struct msghdr *m, struct amtg_packet *p)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
            amtg_packet_set_tos(p, *CMSG_DATA(c));
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
            int class;
            memcpy(&class, CMSG_DATA(c), sizeof class);
            amtg_packet_set_tos(p, (uint8_t)class);
        }
    }
}

static void read_remote(const struct sockaddr_storage *name, struct amtg_peer *peer)
{
    if (!amtg_addr_from_sockaddr(name, &peer->remote, &peer->remote_port, &peer->scope))
        peer->remote_port = 0;
}

/* Octets of each datagram of a message of `len`, but for the last, which may be shorter. */
static uint32_t read_segment(struct msghdr *m, uint32_t len)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            int segment;
            memcpy(&segment, CMSG_DATA(c), sizeof segment);
            return segment > 0 ? (uint32_t)segment : len;
        }
    return len;
}

/* ---- slots: where messages are put by the kernel -------------------------- */

static void give_back(struct amtg_udp_receiver *r, struct amtg_packet **p)
{
    if (*p)
        amtg_finish(r->element, *p);
    *p = NULL;
}

/* The large buffer of slot i, where a long message is expected and there is one to be had. */
static struct amtg_packet *prepare_large(struct amtg_udp_receiver *r, unsigned i)
{
    struct amtg_udp_intake *in = r->intake;

    if (i >= in->expected)
        give_back(r, &in->large[i]);
    else if (!in->large[i])
        in->large[i] = amtg_make(r->element, AMTG_DATAGRAM, AMTG_LARGE_OCTETS);
    return in->large[i];
}

/* false: there is no buffer. */
static bool prepare_slot(struct amtg_udp_receiver *r, unsigned i)
{
    struct amtg_udp_intake *in = r->intake;

    if (!in->spare[i])
        in->spare[i] = amtg_make(r->element, AMTG_DATAGRAM, AMTG_SMALL_OCTETS);
    if (!in->spare[i])
        return false;
    struct amtg_packet *large = prepare_large(r, i);
    if (large)
        in->iov[i][0] = (struct iovec){large->data, AMTG_LARGE_OCTETS};
    else
        in->iov[i][0] = (struct iovec){in->spare[i]->data, AMTG_SMALL_OCTETS};
    in->iov[i][1] = (struct iovec){in->overflow + (size_t)i * OVERFLOW_OCTETS, OVERFLOW_OCTETS};
    in->messages[i].msg_hdr = (struct msghdr){
        .msg_name = &in->names[i],
        .msg_namelen = sizeof in->names[i],
        .msg_iov = in->iov[i],
        .msg_iovlen = large ? 1 : 2,
        .msg_control = &in->controls[i],
        .msg_controllen = sizeof in->controls[i],
    };
    return true;
}

/*
 * Make the slots ready that are not any more: where datagrams come one by one, that is one of
 * them and not all. Returns how many are ready, from the first on.
 */
static unsigned prepare(struct amtg_udp_receiver *r)
{
    for (unsigned i = 0; i < r->intake->stale; i++)
        if (!prepare_slot(r, i))
            return i;
    r->intake->stale = 0;
    return AMTG_SOCK_BURST;
}

/* The first so many slots are not ready any more. */
static void note_stale(struct amtg_udp_intake *in, unsigned slots)
{
    if (in->stale < slots)
        in->stale = slots;
}

/* Octets of a message that lies in a small buffer and the overflow area behind it. */
static void gather(const struct iovec iov[2], uint32_t at, uint8_t *to, uint32_t octets)
{
    uint32_t in_small = at < AMTG_SMALL_OCTETS ? AMTG_SMALL_OCTETS - at : 0;

    if (in_small > octets)
        in_small = octets;
    if (in_small)
        memcpy(to, (uint8_t *)iov[0].iov_base + at, in_small);
    if (octets > in_small)
        memcpy(to + in_small, (uint8_t *)iov[1].iov_base + (at + in_small - AMTG_SMALL_OCTETS),
               octets - in_small);
}

/*
 * The message of slot i, of len octets, in one buffer; NULL: it is long, and no large
 * buffer is left. A short one never leaves in a large buffer, which it might hold for long.
 */
static struct amtg_packet *take_slot(struct amtg_udp_receiver *r, unsigned i, uint32_t len)
{
    struct amtg_udp_intake *in = r->intake;
    bool is_long = len > AMTG_SMALL_OCTETS;
    struct amtg_packet **ready = is_long ? &in->large[i] : &in->spare[i];
    struct amtg_packet *p = *ready;

    if (!p) {
        p = amtg_make(r->element, AMTG_DATAGRAM, len);
        if (!p)
            return NULL;
        gather(in->iov[i], 0, p->data, len);
    } else if (!is_long && in->large[i]) {
        memcpy(p->data, in->large[i]->data, len);
    }
    *ready = NULL;
    p->time_ns = amtg_now(r->element);
    amtg_packet_trim(p, len);
    return p;
}

/* ---- datagrams ---------------------------------------------------------- */

/* Each datagram of a message: packets that are views of one buffer. Takes p. */
static void emit_views(struct amtg_element *e, struct amtg_packet *p, uint32_t segment)
{
    while (p->len > segment) {
        struct amtg_packet *view = amtg_copy(e, p);
        if (view) {
            amtg_packet_trim(view, segment);
            amtg_emit(e, AMTG_SOCK_OUT, view);
        } else {
            amtg_no_buffer_count(e);
        }
        amtg_packet_pull(p, segment);
    }
    amtg_emit(e, AMTG_SOCK_OUT, p);
}

/* The same when no large buffer is left: each has a buffer of its own. */
static void emit_copies(struct amtg_udp_receiver *r, unsigned i, const struct amtg_peer *peer,
                        uint32_t segment)
{
    struct amtg_element *e = r->element;
    struct mmsghdr *m = &r->intake->messages[i];

    for (uint32_t at = 0; at < m->msg_len; at += segment) {
        uint32_t octets = m->msg_len - at < segment ? m->msg_len - at : segment;
        struct amtg_packet *p = amtg_make(e, AMTG_DATAGRAM, octets);
        if (!p) {
            amtg_no_buffer_count(e);
            continue;
        }
        gather(r->intake->iov[i], at, p->data, octets);
        p->peer = *peer;
        read_tos(&m->msg_hdr, p);
        amtg_emit(e, AMTG_SOCK_OUT, p);
    }
}

/* The message of slot i: one datagram or a train of them. Returns how many. */
static unsigned deliver(struct amtg_udp_receiver *r, const struct amtg_udp_bound *bound, unsigned i)
{
    struct amtg_element *e = r->element;
    struct mmsghdr *m = &r->intake->messages[i];
    struct amtg_peer peer = {.local = bound->addr, .local_port = bound->port};
    uint32_t segment = read_segment(&m->msg_hdr, m->msg_len);
    unsigned count = m->msg_len > segment ? (m->msg_len + segment - 1) / segment : 1;

    amtg_count(e, AMTG_SOCK_RECEIVED, count);
    amtg_count(e, AMTG_SOCK_TRAINS_RECEIVED, count > 1);
    read_remote(&r->intake->names[i], &peer);
    if (!read_local(&m->msg_hdr, &peer.local)) {
        amtg_drop_count(e, AMTG_SOCK_NOT_UNICAST, count);
        return count;
    }
    if (peer.remote_port == 0) {
        amtg_drop_count(e, AMTG_SOCK_NO_SOURCE_PORT, count);
        return count;
    }
    struct amtg_packet *p = take_slot(r, i, m->msg_len);
    if (p) {
        p->peer = peer;
        read_tos(&m->msg_hdr, p);
        emit_views(e, p, segment);
    } else {
        amtg_count(e, AMTG_SOCK_TRAINS_COPIED, count > 1);
        emit_copies(r, i, &peer, segment);
    }
    return count;
}

/* One call's messages. Returns how many datagrams they were. */
static unsigned deliver_all(struct amtg_udp_receiver *r, const struct amtg_udp_bound *bound,
                            unsigned messages)
{
    unsigned datagrams = 0, lengthy = 0;

    for (unsigned i = 0; i < messages; i++) {
        lengthy += r->intake->messages[i].msg_len > AMTG_SMALL_OCTETS;
        datagrams += deliver(r, bound, i);
    }
    note_stale(r->intake, messages);
    note_stale(r->intake, r->intake->expected);
    r->intake->expected = lengthy < LARGE_SLOTS ? lengthy : LARGE_SLOTS;
    note_stale(r->intake, r->intake->expected);
    return datagrams;
}

bool amtg_udp_receive(struct amtg_udp_receiver *r, struct amtg_udp_bound *bound)
{
    for (unsigned taken = 0; taken < TURN;) {
        unsigned ready = prepare(r);
        if (!ready)
            return false;
        int n = recvmmsg(bound->fd, r->intake->messages, ready, MSG_DONTWAIT, NULL);
        if (n < 0) {
            note_stale(r->intake, 1);
            /* An ICMP error shows here too; its record comes from the error queue. */
            if (errno == EAGAIN)
                return true;
            amtg_udp_drain_errors(r->element, bound);
            taken += AMTG_SOCK_BURST;
            continue;
        }
        taken += deliver_all(r, bound, (unsigned)n);
        if ((unsigned)n < ready)
            return true;
    }
    return true;
}

bool amtg_udp_receiver_init(struct amtg_udp_receiver *r, struct amtg_element *e)
{
    r->element = e;
    r->intake = calloc(1, sizeof *r->intake);
    if (!r->intake)
        return false;
    void *area = mmap(NULL, (size_t)AMTG_SOCK_BURST * OVERFLOW_OCTETS, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED) {
        free(r->intake);
        return false;
    }
    r->intake->overflow = area;
    r->intake->stale = AMTG_SOCK_BURST;
    return true;
}

void amtg_udp_receiver_fini(struct amtg_udp_receiver *r)
{
    munmap(r->intake->overflow, (size_t)AMTG_SOCK_BURST * OVERFLOW_OCTETS);
    free(r->intake);
}

void amtg_udp_receiver_stop(struct amtg_udp_receiver *r)
{
    for (unsigned i = 0; i < AMTG_SOCK_BURST; i++) {
        give_back(r, &r->intake->spare[i]);
        give_back(r, &r->intake->large[i]);
    }
    r->intake->stale = AMTG_SOCK_BURST;
}

/* ---- the error queue ---------------------------------------------------- */

static const struct sock_extended_err *find_error(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
        if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
            (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
            return (const void *)CMSG_DATA(c);
    return NULL;
}

/* The kernel gives an ICMP error to any socket of a group: it goes to the shard that sent. */
static void pass_on(struct amtg_element *e, struct amtg_packet *p)
{
    unsigned owner = amtg_steer(&p->peer.remote, amtg_shard_count(e));

    if (owner == amtg_shard_of(e))
        amtg_emit(e, AMTG_SOCK_UNREACHABLE, p);
    else if (!amtg_emit_in(e, owner, AMTG_SOCK_UNREACHABLE, p))
        amtg_count(e, AMTG_SOCK_LOST_ERRORS, 1);
}

/* quote: the failed datagram's payload, as far as it came back. */
static void report_error(struct amtg_element *e, const struct amtg_udp_bound *bound,
                         struct msghdr *m, const struct sock_extended_err *error,
                         const uint8_t *quote, uint32_t quoted)
{
    struct amtg_packet *p = amtg_make(e, AMTG_UNREACHABLE, sizeof(struct amtg_unreachable));

    if (!p) {
        amtg_count(e, AMTG_SOCK_LOST_ERRORS, 1);
        return;
    }
    struct amtg_unreachable *record = (void *)p->data;
    *record = (struct amtg_unreachable){
        .type = error->ee_type,
        .code = error->ee_code,
        .mtu = error->ee_errno == EMSGSIZE ? error->ee_info : 0,
        .quoted = (uint8_t)quoted,
    };
    memcpy(record->quote, quote, quoted);
    /* The kernel gives the address that the failed datagram was for, and ours. */
    p->peer = (struct amtg_peer){.local = bound->addr, .local_port = bound->port};
    read_remote(m->msg_name, &p->peer);
    read_local(m, &p->peer.local);
    pass_on(e, p);
}

void amtg_udp_report_too_big(struct amtg_element *e, const struct amtg_udp_bound *bound,
                             const struct amtg_peer *peer)
{
    struct amtg_packet *p = amtg_make(e, AMTG_UNREACHABLE, sizeof(struct amtg_unreachable));

    if (!p) {
        amtg_count(e, AMTG_SOCK_LOST_ERRORS, 1);
        return;
    }
    struct amtg_unreachable *record = (void *)p->data;
    *record = (struct amtg_unreachable){
        .type = bound->is4 ? AMTG_ICMP4_UNREACHABLE : AMTG_ICMP6_TOO_BIG,
        .code = bound->is4 ? AMTG_ICMP4_FRAGMENTATION_NEEDED : 0,
        .local = true,
        .mtu = bound->link_mtu,
    };
    p->peer = *peer;
    amtg_emit(e, AMTG_SOCK_UNREACHABLE, p);
}

unsigned amtg_udp_drain_errors(struct amtg_element *e, struct amtg_udp_bound *bound)
{
    unsigned found = 0;

    for (unsigned i = 0; i < ERRORS; i++) {
        union {
            struct cmsghdr align;
            char room[ERROR_CONTROL_OCTETS];
        } control;
        struct sockaddr_storage name = {0};
        uint8_t quote[AMTG_QUOTED_MOST];
        struct iovec iov = {quote, sizeof quote};
        struct msghdr m = {
            .msg_name = &name,
            .msg_namelen = sizeof name,
            .msg_iov = &iov,
            .msg_iovlen = 1,
            .msg_control = &control,
            .msg_controllen = sizeof control,
        };
        ssize_t quoted = recvmsg(bound->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
        if (quoted < 0)
            break;
        const struct sock_extended_err *error = find_error(&m);
        /* An error of local origin was the answer to a send already, but for the link's MTU. */
        if (error && error->ee_origin == SO_EE_ORIGIN_LOCAL && error->ee_errno == EMSGSIZE)
            bound->link_mtu = error->ee_info;
        if (!error || (error->ee_origin != SO_EE_ORIGIN_ICMP &&
                       error->ee_origin != SO_EE_ORIGIN_ICMP6))
            continue;
        report_error(e, bound, &m, error, quote, (uint32_t)quoted);
        found++;
    }
    return found;
}
