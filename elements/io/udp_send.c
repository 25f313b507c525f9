#include "core/table.h"
#include "elements/io/udp_send.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "elements/io/udp_receive.h"

enum {
    TRIES_OWN = 2,        /* sends of one message that fail without any ICMP error waiting */
    TRIES_FOREIGN = 16,   /* the same while ICMP errors about others keep coming in */
    PAYLOAD_MOST = 65507, /* octets of a UDP payload over IPv4 */
    STALLS = 8,           /* pauses in a row before a copy is given up for lack of room */
};

#define PAUSE_NS AMTG_MS

union control {
    struct cmsghdr align;
    char room[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

/* What a message says besides its octets and its destination. */
struct extras {
    struct amtg_addr local; /* the address that it leaves from; unspecified: the socket's own */
    uint32_t scope;
    uint8_t tos;
};

/* Which copy a message is; and, one past the last message, where the next burst begins. */
struct place {
    struct amtg_packet *packet; /* NULL: the end of the lane */
    uint32_t index;
};

struct amtg_udp_burst {
    unsigned count;
    struct amtg_udp_bound *bound; /* all messages leave by this one */
    struct mmsghdr messages[AMTG_SOCK_BURST];
    struct iovec iov[AMTG_SOCK_BURST];
    struct sockaddr_storage names[AMTG_SOCK_BURST];
    union control controls[AMTG_SOCK_BURST];
    unsigned controls_used;  /* messages with the same extras share the last one */
    struct extras extras;    /* that the last one holds */
    size_t control_octets;   /* and how many of its octets */
    struct place places[AMTG_SOCK_BURST + 1];
};

/* ---- lanes -------------------------------------------------------------- */

static bool is_reply(const struct amtg_packet *p)
{
    return (p->flags & AMTG_ADDRESSED_ONE) != 0;
}

static void lane_put(struct amtg_udp_lane *lane, struct amtg_packet *p)
{
    p->next = NULL;
    *lane->end = p;
    lane->end = &p->next;
    lane->count++;
}

static struct amtg_packet *lane_take(struct amtg_udp_lane *lane)
{
    struct amtg_packet *p = lane->first;

    lane->first = p->next;
    if (!lane->first)
        lane->end = &lane->first;
    lane->at = 0;
    p->next = NULL;
    lane->count--;
    return p;
}

/* All copies before this place are done with. */
static void lane_advance(struct amtg_udp_sender *s, struct amtg_udp_lane *lane,
                         const struct place *to)
{
    while (lane->first != to->packet)
        amtg_finish(s->element, lane_take(lane));
    lane->at = to->index;
}

/* ---- filling a burst ---------------------------------------------------- */

/* The socket that a copy leaves by: the one bound to our address of the pair, else a wildcard. */
static struct amtg_udp_bound *bound_for(const struct amtg_udp_sender *s,
                                        const struct amtg_peer *peer)
{
    bool is4 = amtg_addr_is4(&peer->remote), any = amtg_addr_is_unspecified(&peer->local);
    struct amtg_udp_bound *wildcard = NULL;

    for (unsigned i = 0; i < s->bounds_count; i++) {
        struct amtg_udp_bound *b = &s->bounds[i];
        if (b->is4 != is4)
            continue;
        if (any || amtg_addr_equal(&b->addr, &peer->local))
            return b;
        if (b->wildcard)
            wildcard = b;
    }
    return wildcard;
}

static struct cmsghdr *put_extra(union control *control, size_t *used, int level, int type,
                                 const void *value, size_t octets)
{
    struct cmsghdr *c = (struct cmsghdr *)(control->room + *used);

    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(octets);
    memcpy(CMSG_DATA(c), value, octets);
    *used += CMSG_SPACE(octets);
    return c;
}

/* Returns the octets written. Sockets send TOS 0 where nothing is said. */
static size_t put_extras(union control *control, bool is4, const struct extras *extras)
{
    size_t used = 0;
    int tos = extras->tos;

    if (!amtg_addr_is_unspecified(&extras->local)) {
        if (is4) {
            struct in_pktinfo info = {0};
            memcpy(&info.ipi_spec_dst, amtg_addr_octets4(&extras->local), 4);
            put_extra(control, &used, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
        } else {
            struct in6_pktinfo info = {.ipi6_ifindex = extras->scope};
            memcpy(&info.ipi6_addr, extras->local.octets, 16);
            put_extra(control, &used, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
        }
    }
    if (tos)
        put_extra(control, &used, is4 ? IPPROTO_IP : IPPROTO_IPV6, is4 ? IP_TOS : IPV6_TCLASS, &tos,
                  sizeof tos);
    return used;
}

static bool same_extras(const struct extras *a, const struct extras *b)
{
    return a->tos == b->tos && a->scope == b->scope && amtg_addr_equal(&a->local, &b->local);
}

/*
 * A wildcard socket is told which of our addresses a message leaves from, and each with
 * a TOS other than 0 which that is. Copies of one packet say the same as a rule, once.
 */
static void set_extras(struct amtg_udp_burst *b, struct msghdr *m, const struct amtg_peer *peer,
                       uint8_t tos)
{
    struct extras extras = {.tos = tos};

    if (b->bound->wildcard && !amtg_addr_is_unspecified(&peer->local)) {
        extras.local = peer->local;
        extras.scope = peer->scope;
    }
    if (!b->controls_used || !same_extras(&extras, &b->extras)) {
        b->extras = extras;
        b->control_octets = put_extras(&b->controls[b->controls_used++], b->bound->is4, &extras);
    }
    if (!b->control_octets)
        return;
    m->msg_control = &b->controls[b->controls_used - 1];
    m->msg_controllen = b->control_octets;
}

static void burst_add(struct amtg_udp_burst *b, const struct amtg_peer *peer, unsigned iov,
                      struct place place, uint8_t tos)
{
    unsigned i = b->count++;
    struct msghdr *m = &b->messages[i].msg_hdr;

    b->places[i] = place;
    *m = (struct msghdr){.msg_iov = &b->iov[iov], .msg_iovlen = 1, .msg_name = &b->names[i]};
    m->msg_namelen = amtg_addr_to_sockaddr(&peer->remote, peer->remote_port, peer->scope,
                                           &b->names[i]);
    set_extras(b, m, peer, tos);
}

static uint32_t destinations(const struct amtg_packet *p)
{
    return is_reply(p) ? 1 : p->to ? p->to->count : 0;
}

/* NULL: it has gone meanwhile. */
static const struct amtg_peer *destination(const struct amtg_packet *p, uint32_t i)
{
    if (is_reply(p))
        return &p->peer;
    return p->to->entries[i]->dead ? NULL : &p->to->entries[i]->peer;
}

/*
 * Fill the burst from the lane with copies that leave by one socket. Messages of
 * one packet share one iovec. (Trains, several packets of one stream to each
 * destination as one UDP_SEGMENT message, would be formed here.)
 */
static void burst_fill(struct amtg_udp_sender *s, const struct amtg_udp_lane *lane, uint32_t most)
{
    struct amtg_udp_burst *b = s->burst;
    struct place place = {.packet = lane->first, .index = lane->at};
    unsigned iov = 0;

    if (most > AMTG_SOCK_BURST)
        most = AMTG_SOCK_BURST;
    b->count = b->controls_used = 0;
    for (; place.packet; place = (struct place){.packet = place.packet->next}) {
        struct amtg_packet *p = place.packet;
        uint32_t count = destinations(p);

        b->iov[iov] = (struct iovec){.iov_base = p->data, .iov_len = p->len};
        for (; place.index < count; place.index++) {
            const struct amtg_peer *peer = destination(p, place.index);
            if (!peer)
                continue;
            struct amtg_udp_bound *bound = bound_for(s, peer);
            if (b->count == most || (b->count && bound != b->bound)) {
                b->places[b->count] = place;
                return;
            }
            b->bound = bound;
            if (!bound) { /* a burst of one message that cannot be sent: see send_burst */
                b->places[b->count++] = place;
                b->places[1] = is_reply(p) ? (struct place){.packet = p->next}
                                           : (struct place){.packet = p, .index = place.index + 1};
                return;
            }
            burst_add(b, peer, iov, place, amtg_packet_tos_to(p, peer, s->tos));
        }
        if (iov < b->count)
            iov++;
        if (iov == AMTG_SOCK_BURST) {
            b->places[b->count] = (struct place){.packet = p->next};
            return;
        }
    }
    b->places[b->count] = place;
}

/* ---- sending a burst ---------------------------------------------------- */

static enum amtg_sock_drop reason_of(int error)
{
    switch (error) {
    case EMSGSIZE:
        return AMTG_SOCK_TOO_BIG;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
        return AMTG_SOCK_NO_ROUTE;
    case EPERM:
    case EACCES:
        return AMTG_SOCK_NOT_PERMITTED;
    case ENOBUFS:
    case ENOMEM:
        return AMTG_SOCK_NO_DEVICE_ROOM;
    default:
        return AMTG_SOCK_SEND_FAILED;
    }
}

/* Give up the copy at this place. A reply is dropped whole. */
static void give_up(struct amtg_udp_sender *s, struct amtg_udp_lane *lane,
                    const struct place *place, enum amtg_sock_drop reason)
{
    lane_advance(s, lane, place);
    if (is_reply(place->packet))
        amtg_drop(s->element, reason, lane_take(lane));
    else
        amtg_drop_count(s->element, reason, 1);
    s->tries = 0;
}

/* What to do about a failed send. */
enum verdict { AGAIN, GIVE_UP, WAIT };

static enum verdict judge(struct amtg_udp_sender *s, struct amtg_udp_bound *bound, int error)
{
    struct amtg_element *e = s->element;

    if (error == EINTR)
        return AGAIN;
    if (error == EAGAIN) {
        amtg_count(e, AMTG_SOCK_WAITS, 1);
        s->blocked = bound;
        amtg_watch_set(e, &bound->watch, bound->watch.events | EPOLLOUT);
        return WAIT;
    }
    if (error == ENOBUFS || error == ENOMEM) { /* the device's queue is full */
        if (s->stalls >= STALLS)
            return GIVE_UP;
        s->stalls++;
        amtg_count(e, AMTG_SOCK_WAITS, 1);
        amtg_timer_start(e, &s->pause, PAUSE_NS);
        return WAIT;
    }
    /*
     * With IP_RECVERR an ICMP error about one peer fails the next send to any
     * other. Reading the error queue makes the socket well again; then this copy is
     * sent once more. When it fails with nothing in the queue, the error is its own.
     */
    bound->link_mtu = 0;
    unsigned most = amtg_udp_drain_errors(e, bound) ? TRIES_FOREIGN : TRIES_OWN;
    if (++s->tries >= most)
        return GIVE_UP;
    amtg_count(e, AMTG_SOCK_REPEATED, 1);
    return AGAIN;
}

/* The copy at this place does not fit the first link: whoever keeps path MTUs wants to know. */
static void report_too_big(struct amtg_udp_sender *s, const struct amtg_udp_bound *bound,
                           const struct place *place)
{
    const struct amtg_peer *peer = destination(place->packet, place->index);

    if (peer)
        amtg_udp_report_too_big(s->element, bound, peer);
}

/* Returns how many copies are done with; fewer than the burst holds: it must wait. */
static unsigned send_burst(struct amtg_udp_sender *s, struct amtg_udp_lane *lane)
{
    struct amtg_udp_burst *b = s->burst;
    unsigned done = 0;

    while (done < b->count) {
        if (!b->bound) {
            give_up(s, lane, &b->places[done++], AMTG_SOCK_NO_SOCKET);
            continue;
        }
        int n = sendmmsg(b->bound->fd, b->messages + done, b->count - done, 0);
        amtg_count(s->element, AMTG_SOCK_CALLS, 1);
        if (n > 0) {
            amtg_count(s->element, AMTG_SOCK_COPIES, (unsigned)n);
            done += (unsigned)n;
            s->tries = s->stalls = 0;
            continue;
        }
        int error = errno;
        enum verdict verdict = judge(s, b->bound, error);
        if (verdict == WAIT)
            break;
        if (verdict == AGAIN)
            continue;
        const struct place *place = &b->places[done++];
        if (error == EMSGSIZE && b->bound->link_mtu)
            report_too_big(s, b->bound, place);
        give_up(s, lane, place, reason_of(error));
    }
    lane_advance(s, lane, &b->places[done]);
    return done;
}

/* ---- turns -------------------------------------------------------------- */

static uint32_t waiting(const struct amtg_udp_sender *s)
{
    return s->replies.count + s->sets.count;
}

static bool must_wait(const struct amtg_udp_sender *s)
{
    return s->blocked || amtg_timer_running(&s->pause);
}

static void turn(struct amtg_udp_sender *s)
{
    uint32_t budget = s->budget;

    while (budget && waiting(s) && !must_wait(s)) {
        struct amtg_udp_lane *lane = s->replies.first ? &s->replies : &s->sets;
        burst_fill(s, lane, budget);
        budget -= send_burst(s, lane);
    }
    s->element->counters[AMTG_SOCK_QUEUED] += (uint64_t)waiting(s) - s->shown; /* a gauge of all senders */
    s->shown = waiting(s);
    if (waiting(s) && !must_wait(s))
        amtg_task_post(s->element, &s->task);
}

static void run(struct amtg_element *e, struct amtg_task *t)
{
    (void)e;
    turn(AMTG_CONTAINER(t, struct amtg_udp_sender, task));
}

static void pause_over(struct amtg_element *e, struct amtg_timer *t)
{
    struct amtg_udp_sender *s = AMTG_CONTAINER(t, struct amtg_udp_sender, pause);
    amtg_task_post(e, &s->task);
}

void amtg_udp_sender_writable(struct amtg_udp_sender *s, struct amtg_udp_bound *bound)
{
    amtg_watch_set(s->element, &bound->watch, bound->watch.events & ~(uint32_t)EPOLLOUT);
    s->blocked = NULL;
    amtg_task_post(s->element, &s->task);
}

void amtg_udp_sender_take(struct amtg_udp_sender *s, struct amtg_packet *p)
{
    if (!is_reply(p) && !p->to) {
        amtg_drop(s->element, AMTG_SOCK_NO_DESTINATION, p);
        return;
    }
    /* Loopback would take a little more, only to refuse it by an ICMP error later on. */
    if (p->len > PAYLOAD_MOST) {
        amtg_drop(s->element, AMTG_SOCK_TOO_BIG, p);
        return;
    }
    struct amtg_udp_lane *lane = is_reply(p) ? &s->replies : &s->sets;
    if (lane->count >= s->limit) {
        amtg_drop(s->element, AMTG_SOCK_QUEUE_FULL, p);
        return;
    }
    lane_put(lane, p);
    if (!must_wait(s))
        amtg_task_post(s->element, &s->task);
}

bool amtg_udp_sender_init(struct amtg_udp_sender *s, struct amtg_element *e)
{
    s->element = e;
    s->replies.end = &s->replies.first;
    s->sets.end = &s->sets.first;
    s->task.run = run;
    s->pause.fire = pause_over;
    s->burst = calloc(1, sizeof *s->burst);
    return s->burst != NULL;
}

void amtg_udp_sender_fini(struct amtg_udp_sender *s)
{
    free(s->burst);
}

/*
 * What was said to single peers when the run ended (a gateway's Teardown, say) still
 * leaves, if the socket takes it without waiting. Twice: an ICMP error about another
 * peer fails the first attempt.
 */
static void last_replies(struct amtg_udp_sender *s)
{
    struct amtg_udp_burst *b = s->burst;

    while (s->replies.first) {
        burst_fill(s, &s->replies, 1);
        if (b->count == 0) { /* they were for nobody */
            lane_advance(s, &s->replies, &b->places[0]);
            continue;
        }
        bool left = b->bound && (sendmmsg(b->bound->fd, b->messages, 1, MSG_DONTWAIT) == 1 ||
                                 sendmmsg(b->bound->fd, b->messages, 1, MSG_DONTWAIT) == 1);
        if (!left) {
            give_up(s, &s->replies, &b->places[0],
                    b->bound ? AMTG_SOCK_STOPPED : AMTG_SOCK_NO_SOCKET);
            continue;
        }
        amtg_count(s->element, AMTG_SOCK_CALLS, 1);
        amtg_count(s->element, AMTG_SOCK_COPIES, 1);
        lane_advance(s, &s->replies, &b->places[1]);
    }
}

void amtg_udp_sender_stop(struct amtg_udp_sender *s)
{
    amtg_task_cancel(s->element, &s->task);
    amtg_timer_stop(s->element, &s->pause);
    last_replies(s);
    while (s->sets.first)
        amtg_drop(s->element, AMTG_SOCK_STOPPED, lane_take(&s->sets));
    s->blocked = NULL;
}
