/*
 * udp-wrap: makes whole IP packets of datagrams, one for each destination. The
 * inverse of udp-unwrap, for graphs that have the wire inside them. Never fragments.
 *
 *     elements:
 *       wrap: {class: udp-wrap, hop-limit: 64}
 *     edges:
 *       - encap -> wrap -> wire
 *
 * A datagram with a set of n endpoints is n copies not yet made. They are made by a
 * task, at most `burst` in a turn, so that one large set delays nobody for long; the
 * place where it stopped is (first packet of the queue, index into its set).
 */
#include "core/element.h"
#include "elements/io/route.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"

struct udp_wrap {
    struct amtg_addr_list local;
    uint16_t local_port;
    uint8_t hop_limit;
    uint8_t dscp;
    bool dont_fragment;
    uint32_t limit; /* packets */
    uint32_t burst; /* copies */

    struct amtg_packet *first, **end; /* waiting, oldest first */
    uint32_t count;
    uint32_t index; /* of the next endpoint in the set of `first` */
    uint16_t id;    /* IPv4 identification of the next packet that may be fragmented */
    struct amtg_task task;
};

enum { OUT };
enum { COPIES, LENGTH };
enum { FULL, UNADDRESSED, TOO_LONG, NO_ADDRESS, STOPPED };

static struct amtg_packet *take_first(struct amtg_element *e, struct udp_wrap *s)
{
    struct amtg_packet *p = s->first;

    s->first = p->next;
    if (!s->first)
        s->end = &s->first;
    s->count--;
    s->index = 0;
    p->next = NULL;
    amtg_gauge(e, LENGTH, s->count);
    return p;
}

/* Our address of the family of `remote`; NULL: there is none. */
static const struct amtg_addr *local_towards(const struct udp_wrap *s,
                                             const struct amtg_addr *remote)
{
    for (unsigned i = 0; i < s->local.count; i++)
        if (amtg_addr_is4(&s->local.items[i]) == amtg_addr_is4(remote))
            return &s->local.items[i];
    return NULL;
}

/* Fill in what the sender has left to us, as a socket does. false: no address would fit. */
static bool fill_in(const struct udp_wrap *s, struct amtg_peer *peer)
{
    if (s->local.count && amtg_addr_is_unspecified(&peer->local)) {
        const struct amtg_addr *local = local_towards(s, &peer->remote);
        if (!local)
            return false;
        peer->local = *local;
    }
    if (!peer->local_port)
        peer->local_port = s->local_port;
    return true;
}

static struct amtg_udp_options options_of_next(struct udp_wrap *s, const struct amtg_packet *p,
                                               const struct amtg_peer *peer)
{
    return (struct amtg_udp_options){
        .hops = s->hop_limit,
        .tos = amtg_packet_tos_to(p, peer, (uint8_t)(s->dscp << 2)),
        .dont_fragment = s->dont_fragment,
        /* RFC 6864, section 4.1: it means nothing in a packet that cannot be fragmented. */
        .id = s->dont_fragment ? 0 : s->id++,
    };
}

static void emit_ip(struct amtg_element *e, struct amtg_packet *p, const struct amtg_peer *peer)
{
    amtg_packet_to_nobody(p);
    p->peer = (struct amtg_peer){0};
    p->type = AMTG_IP;
    p->protocol = IPPROTO_UDP;
    p->transport = (uint16_t)(amtg_udp_heads_octets(peer) - AMTG_UDP_OCTETS);
    amtg_count(e, COPIES, 1);
    amtg_emit(e, OUT, p);
}

/* The headers go before the payload where it lies. */
static void wrap_single(struct amtg_element *e, struct amtg_packet *p)
{
    struct udp_wrap *s = amtg_state(e);
    struct amtg_peer peer = p->peer;
    struct amtg_udp_options options = options_of_next(s, p, &peer);
    uint32_t len = p->len, heads = amtg_udp_heads_octets(&peer);

    if (len > amtg_udp_payload_most(&peer)) {
        amtg_drop(e, TOO_LONG, p);
        return;
    }
    if (!fill_in(s, &peer)) {
        amtg_drop(e, NO_ADDRESS, p);
        return;
    }
    if (!amtg_packet_push(p, heads)) {
        amtg_drop_no_buffer(e, p);
        return;
    }
    amtg_udp_build(&peer, &options, p->data + heads, len, p->data);
    emit_ip(e, p, &peer);
}

static void wrap_copy(struct amtg_element *e, const struct amtg_packet *p,
                      struct amtg_endpoint *to)
{
    struct udp_wrap *s = amtg_state(e);
    struct amtg_peer peer = to->peer;
    struct amtg_udp_options options = options_of_next(s, p, &peer);
    uint32_t heads = amtg_udp_heads_octets(&peer);

    if (p->len > amtg_udp_payload_most(&peer)) {
        amtg_drop_count(e, TOO_LONG, 1);
        return;
    }
    if (!fill_in(s, &peer)) {
        amtg_drop_count(e, NO_ADDRESS, 1);
        return;
    }
    struct amtg_packet *copy = amtg_make(e, AMTG_IP, heads + p->len);
    if (!copy) {
        amtg_no_buffer_count(e);
        return;
    }
    copy->time_ns = p->time_ns;
    memcpy(copy->data + heads, p->data, p->len);
    amtg_udp_build(&peer, &options, p->data, p->len, copy->data);
    amtg_endpoint_sent(to, 1, p->len);
    emit_ip(e, copy, &peer);
}

/* One step of the packet at the head of the queue: one endpoint, or the end of its set. */
static void step(struct amtg_element *e, struct udp_wrap *s)
{
    struct amtg_packet *p = s->first;

    if (!p->to) {
        wrap_single(e, take_first(e, s));
    } else if (s->index == p->to->count) {
        amtg_finish(e, take_first(e, s));
    } else {
        struct amtg_endpoint *endpoint = p->to->entries[s->index++];
        if (!endpoint->dead) /* it left while this packet waited */
            wrap_copy(e, p, endpoint);
    }
}

static void udp_wrap_run(struct amtg_element *e, struct amtg_task *t)
{
    struct udp_wrap *s = amtg_state(e);

    for (uint32_t steps = 0; s->first && steps < s->burst; steps++)
        step(e, s);
    if (s->first)
        amtg_task_post(e, t);
}

static void udp_wrap_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct udp_wrap *s = amtg_state(e);

    (void)in;
    AMTG_EACH (packet, batch) {
        if (!packet->to && !(packet->flags & AMTG_ADDRESSED_ONE)) {
            amtg_drop(e, UNADDRESSED, packet);
        } else if (s->count == s->limit) {
            amtg_drop(e, FULL, packet);
        } else {
            packet->next = NULL;
            *s->end = packet;
            s->end = &packet->next;
            s->count++;
        }
    }
    amtg_gauge(e, LENGTH, s->count);
    if (s->first)
        amtg_task_post(e, &s->task);
}

static uint32_t udp_wrap_keeps(const void *state)
{
    return ((const struct udp_wrap *)state)->limit;
}

static bool towards(struct amtg_element *e, const struct amtg_addr *remote, uint32_t scope,
                    struct amtg_addr *out)
{
    const struct amtg_addr *local = local_towards(amtg_state(e), remote);

    (void)scope;
    if (local)
        *out = *local;
    return local != NULL;
}

static bool serves(const struct amtg_element *e, bool ip4)
{
    const struct udp_wrap *s = amtg_state(e);
    bool served = s->local.count == 0; /* it sends what says its own address, whatever that is */

    for (unsigned i = 0; i < s->local.count; i++)
        served |= amtg_addr_is4(&s->local.items[i]) == ip4;
    return served;
}

static const struct amtg_source_address_ops source_address_ops = {.towards = towards,
                                                                  .serves = serves};

static void udp_wrap_check(const void *params, struct amtg_check *check)
{
    const struct udp_wrap *s = params;

    for (unsigned i = 0; i < s->local.count; i++)
        if (local_towards(s, &s->local.items[i]) != &s->local.items[i])
            amtg_check_problem(check, "local", (int)i, "a second one of this family");
}

static enum amtg_err udp_wrap_init(struct amtg_element *e)
{
    struct udp_wrap *s = amtg_state(e);

    s->end = &s->first;
    s->task.run = udp_wrap_run;
    return AMTG_OK;
}

static enum amtg_err udp_wrap_start(struct amtg_element *e)
{
    struct udp_wrap *s = amtg_state(e);

    amtg_random(e, &s->id, sizeof s->id);
    return AMTG_OK;
}

static void udp_wrap_stop(struct amtg_element *e)
{
    struct udp_wrap *s = amtg_state(e);

    amtg_task_cancel(e, &s->task);
    while (s->first)
        amtg_drop(e, STOPPED, take_first(e, s));
}

const struct amtg_class amtg_udp_wrap = {
    .name = "udp-wrap",
    .summary = "makes IP packets of datagrams, one for each destination",
    .details =
        "Each packet goes from the local address and port of its peer to the remote ones, with a "
        "valid UDP checksum. Sets of destinations end here: copies are made in turns of at most "
        "`burst`, and endpoints that have left meanwhile are skipped. The ECN field of a datagram "
        "is 0 for destinations of which it is not known that they heed it. Nothing is fragmented; "
        "what no IP packet can hold is dropped.\n\n"
        "Who sends and leaves address or port to the socket gets those of `local` and `local-port`, "
        "so that a gateway whose datagrams leave by it is a host with these addresses. It offers "
        "them to others, too (interface `source-address`).",
    .example = "elements:\n"
               "  discoveries: {class: pcap-source, file: tunnel.pcap}\n"
               "  check:       {class: check-ip}\n"
               "  unwrap:      {class: udp-unwrap}\n"
               "  messages:    {class: amt-classifier}\n"
               "  advertise:   {class: amt-advertise}\n"
               "  wrap:        {class: udp-wrap, dscp: 48}\n"
               "  answers:     {class: pcap-sink, file: answers.pcap}\n"
               "edges:\n"
               "  - discoveries -> check -> unwrap -> messages\n"
               "  - messages.discovery -> advertise -> wrap -> answers\n",
    .flags = AMTG_BREAKS,
    .state_octets = sizeof(struct udp_wrap),
    AMTG_INPUTS({"in", AMTG_DATAGRAM, "datagrams with their destinations", AMTG_TO}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_IP, "whole IP packets, one for each destination", 0}),
    AMTG_PARAMS(AMTG_ADDRESSES(struct udp_wrap, local, "none", 0, 2,
                               "our addresses, one of a family, for what does not say its own"),
                AMTG_U16(struct udp_wrap, local_port, "0", 0, 65535, NULL,
                         "our port, for what does not say its own"),
                AMTG_U8(struct udp_wrap, hop_limit, "64", 1, 255, "hops", "TTL or hop limit"),
                AMTG_U8(struct udp_wrap, dscp, "0", 0, 63, NULL,
                        "DSCP of datagrams that have none, as Data of amt-encap has"),
                AMTG_BOOL(struct udp_wrap, dont_fragment, "true", "set DF in IPv4 headers"),
                AMTG_U32(struct udp_wrap, limit, "1024", 1, 1 << 20, "packets",
                         "packets that may wait"),
                AMTG_U32(struct udp_wrap, burst, "1024", 1, 65536, "copies",
                         "copies made in one turn, at most")),
    AMTG_COUNTERS([COPIES] = {"copies", "packets", "IP packets made", AMTG_COUNTER},
                  [LENGTH] = {"length", "packets", "packets waiting now", AMTG_GAUGE}),
    AMTG_DROPS([FULL] = {"full", "as many packets were waiting as may"},
               [UNADDRESSED] = {"unaddressed", "has no destination"},
               [TOO_LONG] = {"too-long", "no IP packet can hold it (copies, not packets)"},
               [NO_ADDRESS] = {"no-address", "`local` has no address of its family"},
               [STOPPED] = {"stopped", "was still waiting at the end of the run"}),
    AMTG_PROVIDES({.interface = &amtg_source_address, .ops = &source_address_ops}),
    .check = udp_wrap_check,
    .keeps = udp_wrap_keeps,
    .init = udp_wrap_init,
    .start = udp_wrap_start,
    .stop = udp_wrap_stop,
    .push = udp_wrap_push,
};
