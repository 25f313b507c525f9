/*
 * amt-mtu: makes multicast datagrams fit their tunnels (RFC 7450, section 5.3.3.6).
 *
 *   in    datagrams, addressed
 *   out   those that fit as they are, and IPv4 ones cut into fragments that fit
 *   icmp  "too big" errors to the sources of others
 *
 * A tunnel takes what the path to its gateway takes, less the outer headers. The path
 * MTU is that of the packet's set (struct amtg_kind), as far as it is known, but never
 * more than `pmtu`. It stands behind relay-fanout, and so works once per packet and kind
 * of destination, not once per gateway.
 *
 *     elements:
 *       mtu:    {class: amt-mtu, socket: errors}
 *       few:    {class: rate-limit, address-rate: 10, total-rate: 100}
 *       errors: {class: raw-socket, interface: eth1}
 *     edges:
 *       - native -> check -> fanout -> mtu
 *       - mtu.out -> encap -> udp
 *       - mtu.icmp -> few -> errors
 *
 * What relay-fanout makes of one datagram comes one after the other, before control
 * returns to the loop. So errors wait for a task: by then the smallest of its tunnels is
 * known, and one error says it (sections 5.3.3.6.2.1 and 5.3.3.6.2.2).
 */
#include "core/element.h"
#include "elements/group/filter.h"
#include "elements/io/route.h"
#include "elements/ip/cut.h"
#include "elements/wire/amt.h"
#include "elements/wire/icmp.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"

enum answers { ANSWER_NONE, ANSWER_SSM, ANSWER_ALL };
static const char *const answers[] = {"none", "ssm", "all", NULL};

enum {
    ERRORS = 16,      /* that may wait for the end of a turn */
    USUAL_MTU = 1500, /* of a link that nobody says anything about */
    PMTU_LEAST = 128, /* leaves room for a datagram */
    HEADS4 = AMTG_IP4_OCTETS + AMTG_UDP_OCTETS + AMTG_DATA_HEAD_OCTETS,
    HEADS6 = AMTG_IP6_OCTETS + AMTG_UDP_OCTETS + AMTG_DATA_HEAD_OCTETS,
};

/* A datagram that was too big, and how big it may be. */
struct error {
    struct amtg_packet *packet;
    uint32_t mtu;
};

struct amt_mtu {
    uint16_t pmtu;
    int icmp; /* enum answers */
    struct amtg_addr source4, source6;
    struct amtg_element *socket;

    uint32_t pmtu4, pmtu6; /* where nothing less is known */
    struct error errors[ERRORS];
    unsigned errors_count;
    struct amtg_task task;
};

enum { OUT, ICMP };
enum { PMTU4, PMTU6, CUT, FRAGMENTS, TOLD, NOT_TOLD, NO_ADDRESS };
enum { TOO_BIG4, TOO_BIG6, CANNOT_CUT };

/* ---- how big ------------------------------------------------------------- */

/* Octets that a datagram in these tunnels may have (section 5.3.3.6.1). */
static uint32_t tunnel_mtu(const struct amt_mtu *state, const struct amtg_packet *p)
{
    bool ip4 = p->to ? p->to->kind.version == 4 : amtg_addr_is4(&p->peer.remote);
    uint32_t pmtu = ip4 ? state->pmtu4 : state->pmtu6;

    if (p->to && p->to->kind.pmtu && p->to->kind.pmtu < pmtu)
        pmtu = p->to->kind.pmtu;
    return pmtu - (ip4 ? HEADS4 : HEADS6);
}

/* ---- fragments ----------------------------------------------------------- */

static bool dont_fragment(const struct amtg_packet *p)
{
    enum { DF = 0x40 };

    return !amtg_ip_is4(p) || (p->data[6] & DF);
}

/* To whoever `like` goes to. */
static void emit_fragment(struct amtg_element *e, struct amtg_cut *cut,
                          const struct amtg_packet *like, struct amtg_packet *fragment)
{
    fragment->transport = (uint16_t)amtg_cut_header(cut);
    fragment->protocol = like->protocol;
    fragment->time_ns = like->time_ns;
    amtg_cut_write(cut, fragment->data);
    if (like->to)
        amtg_packet_to_set(fragment, like->to);
    else
        amtg_packet_to_peer(fragment, &like->peer);
    amtg_count(e, FRAGMENTS, 1);
    amtg_emit(e, OUT, fragment);
}

/* Each fragment is a datagram of its own from here on, and gets a Data message of its own. */
static void cut(struct amtg_element *e, struct amtg_packet *p, uint32_t mtu)
{
    struct amtg_cut cut;
    uint32_t octets;

    if (!amtg_cut_begin(&cut, p->data, p->len, mtu)) {
        amtg_drop(e, CANNOT_CUT, p);
        return;
    }
    while ((octets = amtg_cut_octets(&cut))) {
        struct amtg_packet *fragment = amtg_make(e, AMTG_IP, octets);
        if (!fragment) { /* without this one, the others would be of no use */
            amtg_drop_no_buffer(e, p);
            return;
        }
        emit_fragment(e, &cut, p, fragment);
    }
    amtg_count(e, CUT, 1);
    amtg_finish(e, p);
}

/* ---- errors -------------------------------------------------------------- */

static bool may_answer(const struct amt_mtu *state, const struct amtg_packet *p)
{
    struct amtg_addr group = amtg_ip_destination(p);

    return (state->icmp == ANSWER_ALL ||
            (state->icmp == ANSWER_SSM && amtg_group_is_ssm(&group))) &&
           amtg_icmp_may_answer(p);
}

static void drop(struct amtg_element *e, struct amtg_packet *p)
{
    amtg_drop(e, amtg_ip_is4(p) ? TOO_BIG4 : TOO_BIG6, p);
}

static bool is_same_channel(const struct amtg_packet *a, const struct amtg_packet *b)
{
    struct amtg_addr source_a = amtg_ip_source(a), source_b = amtg_ip_source(b);
    struct amtg_addr group_a = amtg_ip_destination(a), group_b = amtg_ip_destination(b);

    return amtg_addr_equal(&source_a, &source_b) && amtg_addr_equal(&group_a, &group_b);
}

/* Keep the datagram until the turn is over; or lower what the one of its channel says. */
static void answer_later(struct amtg_element *e, struct amtg_packet *p, uint32_t mtu)
{
    struct amt_mtu *state = amtg_state(e);

    for (struct error *error = state->errors; error < state->errors + state->errors_count; error++)
        if (is_same_channel(error->packet, p)) {
            if (error->mtu > mtu)
                error->mtu = mtu;
            drop(e, p);
            return;
        }
    if (state->errors_count == ERRORS) {
        amtg_count(e, NOT_TOLD, 1);
        drop(e, p);
        return;
    }
    state->errors[state->errors_count++] = (struct error){p, mtu};
    amtg_task_post(e, &state->task);
}

/* Our address in the error: as configured, else the one that the host would use. */
static bool find_source(const struct amt_mtu *state, const struct amtg_packet *p,
                        struct amtg_addr *out)
{
    bool ip4 = amtg_ip_is4(p);
    const struct amtg_addr *configured = ip4 ? &state->source4 : &state->source6;
    struct amtg_addr towards = amtg_ip_source(p);

    *out = *configured;
    if (!amtg_addr_is_unspecified(configured))
        return true;
    if (!state->socket)
        return false;
    const struct amtg_routes_ops *routes = amtg_ops(state->socket, &amtg_routes);
    return routes->towards(&towards, out) && amtg_addr_is4(out) == ip4;
}

static void answer(struct amtg_element *e, const struct error *error)
{
    struct amtg_addr from;

    if (!find_source(amtg_state(e), error->packet, &from)) {
        amtg_count(e, NO_ADDRESS, 1);
        return;
    }
    struct amtg_packet *p = amtg_make(e, AMTG_IP, AMTG_ICMP_MOST);
    if (!p) {
        amtg_no_buffer_count(e);
        return;
    }
    amtg_packet_trim(p, amtg_icmp_too_big(error->packet, &from, error->mtu, p->data));
    amtg_ip_check(p, NULL); /* we made it: this sets where things lie */
    p->peer.remote = amtg_ip_destination(p); /* for a limit of the errors that one source gets */
    amtg_count(e, TOLD, 1);
    amtg_emit(e, ICMP, p);
}

static void run(struct amtg_element *e, struct amtg_task *t)
{
    struct amt_mtu *state = amtg_state(e);

    (void)t;
    for (unsigned i = 0; i < state->errors_count; i++) {
        answer(e, &state->errors[i]);
        drop(e, state->errors[i].packet);
    }
    state->errors_count = 0;
}

/* ---- packets ------------------------------------------------------------- */

static void make_fit(struct amtg_element *e, struct amtg_packet *p)
{
    const struct amt_mtu *state = amtg_state(e);
    uint32_t mtu = tunnel_mtu(state, p);

    if (p->len <= mtu)
        amtg_emit(e, OUT, p);
    else if (!dont_fragment(p))
        cut(e, p, mtu);
    else if (may_answer(state, p))
        answer_later(e, p, mtu);
    else
        drop(e, p);
}

/* Nearly always, all of them fit. */
static bool all_fit(const struct amt_mtu *state, const struct amtg_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->packets[i]->len > tunnel_mtu(state, batch->packets[i]))
            return false;
    return true;
}

static void amt_mtu_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    if (all_fit(amtg_state(e), batch)) {
        amtg_emit_batch(e, OUT, batch);
        return;
    }
    AMTG_EACH (packet, batch)
        make_fit(e, packet);
}

/* ---- life ---------------------------------------------------------------- */

static uint32_t amt_mtu_keeps(const void *params)
{
    (void)params;
    return ERRORS;
}

static void amt_mtu_check(const void *params, struct amtg_check *check)
{
    const struct amt_mtu *state = params;

    if (state->pmtu && state->pmtu < PMTU_LEAST)
        amtg_check_problem(check, "pmtu", -1, "too small for a datagram and its headers");
}

static enum amtg_err amt_mtu_init(struct amtg_element *e)
{
    struct amt_mtu *state = amtg_state(e);

    state->task.run = run;
    return AMTG_OK;
}

static uint32_t default_pmtu(const struct amt_mtu *state, bool ip4)
{
    const struct amtg_routes_ops *routes =
        state->socket ? amtg_ops(state->socket, &amtg_routes) : NULL;
    uint32_t mtu = state->pmtu;

    if (!mtu && routes)
        mtu = routes->link_mtu(ip4);
    if (!mtu)
        mtu = USUAL_MTU;
    return mtu < UINT16_MAX ? mtu : UINT16_MAX;
}

static enum amtg_err amt_mtu_start(struct amtg_element *e)
{
    struct amt_mtu *state = amtg_state(e);

    state->pmtu4 = default_pmtu(state, true);
    state->pmtu6 = default_pmtu(state, false);
    amtg_gauge(e, PMTU4, state->pmtu4);
    amtg_gauge(e, PMTU6, state->pmtu6);
    return AMTG_OK;
}

static void amt_mtu_stop(struct amtg_element *e)
{
    struct amt_mtu *state = amtg_state(e);

    amtg_task_cancel(e, &state->task);
    while (state->errors_count)
        drop(e, state->errors[--state->errors_count].packet);
}

const struct amtg_class amtg_amt_mtu = {
    .name = "amt-mtu",
    .summary = "makes multicast datagrams fit their tunnels, by fragments or by telling the source",
    .details =
        "RFC 7450, section 5.3.3.6. A tunnel takes the path MTU less the outer headers: 30 octets "
        "over IPv4, 50 over IPv6. The path MTU is `pmtu`, or smaller where membership knows of "
        "less; it is kept for each tunnel, so that no gateway can make the packets of others "
        "smaller. Of a datagram that is longer:\n\n"
        "- IPv4 without DF: it is cut into fragments (RFC 791), each of which becomes a Data "
        "message of its own. The gateway's side reassembles.\n"
        "- IPv4 with DF, and IPv6: it is dropped, and if its group is one of SSM, the source is "
        "told: ICMP Fragmentation Needed, or ICMPv6 Packet Too Big, with the MTU of its smallest "
        "tunnel. One error for all tunnels, and for all datagrams of a channel that come in the "
        "same turn. Sources to other groups are told only with `icmp: all`: a group whose sources "
        "nobody chose would let anyone make errors. What must not be answered (RFC 1812, section "
        "4.3.2.7; RFC 4443, section 2.4) never is.\n\n"
        "`icmp` says errors to nobody in particular, and without limit: put a rate-limit behind "
        "it, which counts by the source, and a raw-socket. The errors come from `source4` and "
        "`source6`, else from the address that the host has towards the source.\n\n"
        "A path MTU of 1280 over IPv6 leaves 1230 octets, and over IPv4 1250: an IPv6 source "
        "cannot be told to send less than 1280 (RFC 8200), so its longest packets do not get "
        "through such a tunnel.",
    .example = "elements:\n"
               "  udp:        {class: udp-socket, bind: 127.0.0.1, port: 2268}\n"
               "  messages:   {class: amt-classifier}\n"
               "  secret:     {class: amt-secret}\n"
               "  query:      {class: amt-query, secret: secret}\n"
               "  update:     {class: amt-update, secret: secret}\n"
               "  igmp:       {class: igmp-parser}\n"
               "  membership: {class: membership}\n"
               "  joins:      {class: discard}\n"
               "  native:     {class: pcap-source, file: native.pcap}\n"
               "  check:      {class: check-ip}\n"
               "  fanout:     {class: relay-fanout, members: membership}\n"
               "  mtu:        {class: amt-mtu, socket: errors}\n"
               "  few:        {class: rate-limit, address-rate: 10, total-rate: 100}\n"
               "  errors:     {class: raw-socket}\n"
               "  encap:      {class: amt-encap}\n"
               "edges:\n"
               "  - udp -> messages\n"
               "  - messages.request -> query -> udp\n"
               "  - messages.update -> update\n"
               "  - update.igmp -> igmp -> membership\n"
               "  - udp.unreachable -> membership\n"
               "  - membership.joins -> joins\n"
               "  - native -> check -> fanout -> mtu\n"
               "  - mtu.out -> encap -> udp\n"
               "  - mtu.icmp -> few -> errors\n",
    .state_octets = sizeof(struct amt_mtu),
    AMTG_INPUTS({"in", AMTG_IP, "multicast datagrams", AMTG_TO}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_IP, "datagrams and fragments that fit", AMTG_TO},
                 [ICMP] = {"icmp", AMTG_IP, "errors to sources", AMTG_MAY_BE_OPEN}),
    AMTG_PARAMS(
        AMTG_U16(struct amt_mtu, pmtu, "0", 0, UINT16_MAX, "octets",
                 "path MTU of tunnels; 0: the MTU of the interface of the default route, as "
                 "`socket` says, else 1500"),
        AMTG_ENUM(struct amt_mtu, icmp, "ssm", answers, "whose sources are told: of SSM groups"),
        AMTG_ADDRESS(struct amt_mtu, source4, "0.0.0.0", 4,
                     "our address in ICMP errors; 0.0.0.0: the one that `socket` says"),
        AMTG_ADDRESS(struct amt_mtu, source6, "::", 6, "the same of ICMPv6"),
        AMTG_REF(struct amt_mtu, socket, &amtg_routes, false, "knows the host's routes")),
    AMTG_COUNTERS(
        [PMTU4] = {"pmtu4", "octets", "path MTU of IPv4 tunnels of which nothing less is known",
                   AMTG_GAUGE},
        [PMTU6] = {"pmtu6", "octets", "the same of IPv6 tunnels", AMTG_GAUGE},
        [CUT] = {"cut", "datagrams", "cut into fragments, once for each kind of tunnel"},
        [FRAGMENTS] = {"fragments", "fragments", "that they were cut into"},
        [TOLD] = {"told", "errors", "made"},
        [NOT_TOLD] = {"not-told", "datagrams",
                      "not answered: there were others of many channels in the same turn"},
        [NO_ADDRESS] = {"no-address", "errors", "not made: no address of ours to send them from"}),
    AMTG_DROPS(
        [TOO_BIG4] = {"too-big4", "longer than the tunnel takes, with DF (RFC 7450, 5.3.3.6.2.1)"},
        [TOO_BIG6] = {"too-big6", "longer than the tunnel takes, IPv6 (RFC 7450, 5.3.3.6.2.2)"},
        [CANNOT_CUT] = {"cannot-cut", "the tunnel takes no more than its header, or it is a "
                                      "fragment of more than 65535 octets"}),
    .check = amt_mtu_check,
    .keeps = amt_mtu_keeps,
    .init = amt_mtu_init,
    .start = amt_mtu_start,
    .stop = amt_mtu_stop,
    .push = amt_mtu_push,
};
