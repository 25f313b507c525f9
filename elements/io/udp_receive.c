#include "elements/io/udp_receive.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "elements/io/steering.h"
#include "elements/wire/icmp.h"
#include "elements/wire/types.h"

enum {
    BURSTS = 4,   /* recvmmsg calls a turn */
    ERRORS = 256, /* entries of the error queue a turn */
    OVERFLOW_OCTETS = AMTG_LARGE_OCTETS - AMTG_SMALL_OCTETS,
    CONTROL_OCTETS = 128, /* packet info and TOS, of either family */
    ERROR_CONTROL_OCTETS = 512,
};

union control {
    struct cmsghdr align;
    char room[CONTROL_OCTETS];
};

struct amtg_udp_intake {
    struct amtg_packet *spare[AMTG_SOCK_BURST];
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

/* ---- datagrams ---------------------------------------------------------- */

/* Make each slot ready; returns how many are, from the first on. */
static unsigned prepare(struct amtg_udp_receiver *r)
{
    struct amtg_udp_intake *in = r->intake;
    unsigned i;

    for (i = 0; i < AMTG_SOCK_BURST; i++) {
        if (!in->spare[i])
            in->spare[i] = amtg_make(r->element, AMTG_DATAGRAM, AMTG_SMALL_OCTETS);
        if (!in->spare[i])
            break;
        in->iov[i][0] = (struct iovec){in->spare[i]->data, AMTG_SMALL_OCTETS};
        in->iov[i][1] = (struct iovec){in->overflow + (size_t)i * OVERFLOW_OCTETS, OVERFLOW_OCTETS};
        in->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &in->names[i],
            .msg_namelen = sizeof in->names[i],
            .msg_iov = in->iov[i],
            .msg_iovlen = 2,
            .msg_control = &in->controls[i],
            .msg_controllen = sizeof in->controls[i],
        };
    }
    return i;
}

/* The packet of slot i, of len octets; NULL: it is long, and no large buffer is left. */
static struct amtg_packet *take_slot(struct amtg_udp_receiver *r, unsigned i, uint32_t len)
{
    struct amtg_udp_intake *in = r->intake;
    struct amtg_packet *p;

    if (len <= AMTG_SMALL_OCTETS) {
        p = in->spare[i];
        in->spare[i] = NULL;
        p->time_ns = amtg_now(r->element);
        amtg_packet_trim(p, len);
        return p;
    }
    p = amtg_make(r->element, AMTG_DATAGRAM, len);
    if (!p)
        return NULL;
    memcpy(p->data, in->iov[i][0].iov_base, AMTG_SMALL_OCTETS);
    memcpy(p->data + AMTG_SMALL_OCTETS, in->iov[i][1].iov_base, len - AMTG_SMALL_OCTETS);
    return p;
}

static void deliver(struct amtg_udp_receiver *r, const struct amtg_udp_bound *bound, unsigned i)
{
    struct amtg_element *e = r->element;
    struct mmsghdr *m = &r->intake->messages[i];
    struct amtg_peer peer = {.local = bound->addr, .local_port = bound->port};

    read_remote(&r->intake->names[i], &peer);
    if (!read_local(&m->msg_hdr, &peer.local)) {
        amtg_drop_count(e, AMTG_SOCK_NOT_UNICAST, 1);
        return;
    }
    if (peer.remote_port == 0) {
        amtg_drop_count(e, AMTG_SOCK_NO_SOURCE_PORT, 1);
        return;
    }
    struct amtg_packet *p = take_slot(r, i, m->msg_len);
    if (!p) {
        amtg_no_buffer_count(e);
        return;
    }
    p->peer = peer;
    read_tos(&m->msg_hdr, p);
    amtg_emit(e, AMTG_SOCK_OUT, p);
}

bool amtg_udp_receive(struct amtg_udp_receiver *r, struct amtg_udp_bound *bound)
{
    for (unsigned turn = 0; turn < BURSTS; turn++) {
        unsigned ready = prepare(r);
        if (!ready)
            return false;
        int n = recvmmsg(bound->fd, r->intake->messages, ready, MSG_DONTWAIT, NULL);
        if (n < 0) {
            /* An ICMP error shows here too; its record comes from the error queue. */
            if (errno == EAGAIN)
                return true;
            amtg_udp_drain_errors(r->element, bound);
            continue;
        }
        amtg_count(r->element, AMTG_SOCK_RECEIVED, (unsigned)n);
        for (int i = 0; i < n; i++)
            deliver(r, bound, (unsigned)i);
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
        if (r->intake->spare[i])
            amtg_finish(r->element, r->intake->spare[i]);
        r->intake->spare[i] = NULL;
    }
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
