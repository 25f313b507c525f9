#include "elements/io/udp_burst.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

enum { IOVECS = AMTG_SOCK_BURST + AMTG_TRAIN_MOST };

union control {
    struct cmsghdr align;
    char room[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) +
              CMSG_SPACE(sizeof(uint16_t))];
};

/* What a message says besides its octets and its destination. */
struct extras {
    struct amtg_addr local; /* the address that it leaves from; unspecified: the socket's own */
    uint32_t scope;
    uint8_t tos;
    uint16_t segment; /* octets of each datagram of a train; 0: one datagram */
};

struct amtg_udp_burst {
    unsigned count;
    struct amtg_udp_bound *bound; /* all messages leave by this one */
    struct mmsghdr messages[AMTG_SOCK_BURST]; /* each has its name, for good */
    struct iovec iov[IOVECS];
    struct sockaddr_storage names[AMTG_SOCK_BURST];
    union control controls[AMTG_SOCK_BURST];
    unsigned controls_used; /* messages with the same extras share the last one */
    struct extras extras;   /* that the last one holds */
    size_t control_octets;  /* and how many of its octets */
    uint8_t copies[AMTG_SOCK_BURST];
    struct amtg_udp_place places[AMTG_SOCK_BURST + 1];
};

struct amtg_udp_burst *amtg_udp_burst_new(void)
{
    struct amtg_udp_burst *b = calloc(1, sizeof *b);

    for (unsigned i = 0; b && i < AMTG_SOCK_BURST; i++)
        b->messages[i].msg_hdr.msg_name = &b->names[i];
    return b;
}

void amtg_udp_burst_free(struct amtg_udp_burst *b)
{
    free(b);
}

unsigned amtg_udp_burst_count(const struct amtg_udp_burst *b)
{
    return b->count;
}

struct amtg_udp_bound *amtg_udp_burst_bound(const struct amtg_udp_burst *b)
{
    return b->bound;
}

struct mmsghdr *amtg_udp_burst_messages(struct amtg_udp_burst *b)
{
    return b->messages;
}

const struct amtg_udp_place *amtg_udp_burst_place(const struct amtg_udp_burst *b, unsigned i)
{
    return &b->places[i];
}

unsigned amtg_udp_burst_copies(const struct amtg_udp_burst *b, unsigned i)
{
    return b->copies[i];
}

/* What has left is noted with whom it went to, where that is an endpoint. */
static void note_sent(struct amtg_udp_burst *b, unsigned i)
{
    const struct amtg_udp_place *at = &b->places[i];

    if (!amtg_udp_is_reply(at->train->first))
        amtg_endpoint_sent(at->train->first->to->entries[at->index], b->copies[i],
                           b->copies[i] > 1 ? at->train->octets
                                            : b->messages[i].msg_hdr.msg_iov->iov_len);
}

struct amtg_udp_sum amtg_udp_burst_sent(struct amtg_udp_burst *b, unsigned i, unsigned count)
{
    struct amtg_udp_sum sum = {0};

    for (unsigned end = i + count; i < end; i++) {
        sum.copies += b->copies[i];
        sum.trains += b->copies[i] > 1;
        note_sent(b, i);
    }
    return sum;
}

/* ---- destinations ---------------------------------------------------------------- */

/* The socket that a copy leaves by: the one bound to our address of the pair, else a wildcard. */
static struct amtg_udp_bound *bound_for(struct amtg_udp_bound *bounds, unsigned count,
                                        const struct amtg_peer *peer)
{
    bool is4 = amtg_addr_is4(&peer->remote), any = amtg_addr_is_unspecified(&peer->local);
    struct amtg_udp_bound *wildcard = NULL;

    for (unsigned i = 0; i < count; i++) {
        struct amtg_udp_bound *b = &bounds[i];
        if (b->is4 != is4)
            continue;
        if (any || amtg_addr_equal(&b->addr, &peer->local))
            return b;
        if (b->wildcard)
            wildcard = b;
    }
    return wildcard;
}

/* ---- control data ---------------------------------------------------------------- */

static void put_extra(union control *control, size_t *used, int level, int type, const void *value,
                      size_t octets)
{
    struct cmsghdr *c = (struct cmsghdr *)(control->room + *used);

    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(octets);
    memcpy(CMSG_DATA(c), value, octets);
    *used += CMSG_SPACE(octets);
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
    if (extras->segment)
        put_extra(control, &used, IPPROTO_UDP, UDP_SEGMENT, &extras->segment,
                  sizeof extras->segment);
    return used;
}

static bool same_extras(const struct extras *a, const struct extras *b)
{
    return a->tos == b->tos && a->segment == b->segment && a->scope == b->scope &&
           amtg_addr_equal(&a->local, &b->local);
}

/*
 * A wildcard socket is told which of our addresses a message leaves from, each with a TOS
 * other than 0 which that is, and each train how long its datagrams are. Copies of one packet
 * say the same as a rule, once.
 */
static void set_extras(struct amtg_udp_burst *b, struct msghdr *m, const struct amtg_peer *peer,
                       uint8_t tos, uint16_t segment)
{
    struct extras extras = {.tos = tos, .segment = segment};

    if (b->bound->wildcard && !amtg_addr_is_unspecified(&peer->local)) {
        extras.local = peer->local;
        extras.scope = peer->scope;
    }
    if (!b->controls_used || !same_extras(&extras, &b->extras)) {
        b->extras = extras;
        b->control_octets = put_extras(&b->controls[b->controls_used++], b->bound->is4, &extras);
    }
    m->msg_control = &b->controls[b->controls_used - 1];
    m->msg_controllen = b->control_octets;
}

/* ---- filling --------------------------------------------------------------------- */

/* A burst in the making. */
struct filling {
    struct amtg_udp_burst *b;
    struct amtg_udp_place at;
    unsigned iov;    /* where those of the train at hand begin */
    uint32_t copies; /* that may still be added */
    struct amtg_udp_bound *bounds;
    unsigned bounds_count;
    const struct amtg_peer *known; /* whose socket was looked for last; NULL: nobody's */
    struct amtg_udp_bound *bound;  /* that one */
    uint8_t tos;                   /* of packets that have none of their own */
    uint64_t now_ns;
};

/* The socket of this peer: of our addresses and of families there are but few. */
static struct amtg_udp_bound *find_bound(struct filling *f, const struct amtg_peer *peer)
{
    if (!f->known || !amtg_addr_equal(&f->known->local, &peer->local) ||
        amtg_addr_is4(&f->known->remote) != amtg_addr_is4(&peer->remote))
        f->bound = bound_for(f->bounds, f->bounds_count, peer);
    f->known = peer;
    return f->bound;
}

/* A message of `copies` packets of the train from `sub` on. */
static void add_message(struct filling *f, const struct amtg_peer *peer, unsigned copies)
{
    struct amtg_udp_burst *b = f->b;
    const struct amtg_packet *first = f->at.train->first;
    unsigned i = b->count++;
    struct msghdr *m = &b->messages[i].msg_hdr;

    b->places[i] = f->at;
    b->copies[i] = (uint8_t)copies;
    m->msg_iov = &b->iov[f->iov + f->at.sub];
    m->msg_iovlen = copies;
    m->msg_namelen = amtg_addr_to_sockaddr(&peer->remote, peer->remote_port, peer->scope,
                                           &b->names[i]);
    set_extras(b, m, peer, amtg_packet_tos_to(first, peer, f->tos),
               copies > 1 ? (uint16_t)first->len : 0);
    f->copies -= f->copies < copies ? f->copies : copies;
}

static bool is_full(const struct filling *f)
{
    return f->b->count == AMTG_SOCK_BURST || (f->b->count && !f->copies);
}

/* Can this destination have all of the train in one message? */
static bool takes_train(const struct filling *f, const struct amtg_udp_bound *bound)
{
    const struct amtg_udp_train *t = f->at.train;

    return t->count > 1 && bound->trains &&
           t->first->to->entries[f->at.index]->plain_ns <= f->now_ns;
}

/* The copies for one destination. false: the burst ends here, at f->at. */
static bool add_destination(struct filling *f, const struct amtg_peer *peer)
{
    struct amtg_udp_train *t = f->at.train;
    struct amtg_udp_bound *bound = find_bound(f, peer);
    bool whole = f->at.sub == 0 && bound && takes_train(f, bound);

    for (; f->at.sub < t->count; f->at.sub += whole ? t->count : 1) {
        if (is_full(f) || (f->b->count && bound != f->b->bound))
            return false;
        f->b->bound = bound;
        if (!bound) { /* a burst of one message that cannot be sent: see udp_send.c */
            f->b->copies[0] = 1;
            f->b->places[f->b->count++] = f->at;
            f->at.sub++;
            return false;
        }
        add_message(f, peer, whole ? t->count : 1);
    }
    return true;
}

static void settle(struct filling *f)
{
    if (f->at.train && f->at.sub == f->at.train->count)
        f->at = (struct amtg_udp_place){f->at.train, f->at.index + 1, 0};
    if (f->at.train && f->at.index >= amtg_udp_destinations(f->at.train))
        f->at = (struct amtg_udp_place){.train = f->at.train->next};
    f->b->places[f->b->count] = f->at;
}

/* One iovec for each packet of the train, from f->iov on. false: there is no room. */
static bool add_iovecs(struct filling *f)
{
    unsigned i = f->iov;

    if (f->iov + f->at.train->count > IOVECS)
        return false;
    for (struct amtg_packet *p = f->at.train->first; p; p = p->next)
        f->b->iov[i++] = (struct iovec){.iov_base = p->data, .iov_len = p->len};
    return true;
}

void amtg_udp_burst_fill(struct amtg_udp_burst *b, struct amtg_udp_lane *lane, uint32_t copies,
                         struct amtg_udp_bound *bounds, unsigned bounds_count, uint8_t tos,
                         uint64_t now_ns)
{
    struct filling f = {.b = b, .at = {lane->first, lane->index, lane->sub}, .copies = copies,
                        .bounds = bounds, .bounds_count = bounds_count, .tos = tos,
                        .now_ns = now_ns};

    b->count = b->controls_used = 0;
    b->bound = NULL;
    while (f.at.train && add_iovecs(&f)) {
        struct amtg_udp_train *t = f.at.train;
        uint32_t count = amtg_udp_destinations(t);
        unsigned before = b->count;

        t->closed = true; /* from here on it must stay as it is */
        for (; f.at.index < count; f.at.index++, f.at.sub = 0) {
            const struct amtg_peer *peer = amtg_udp_destination(t, f.at.index);
            if (peer && !add_destination(&f, peer)) {
                settle(&f);
                return;
            }
        }
        if (b->count > before)
            f.iov += t->count;
        f.at = (struct amtg_udp_place){.train = t->next};
    }
    settle(&f);
}
