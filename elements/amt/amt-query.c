/*
 * amt-query: answer a Request with a Membership Query (RFC 7450, section
 * 5.3.3.3). Stateless: nothing is kept of who asked.
 *
 * in:  amt.request
 * out: amt.query, to the sender, from the address that was asked
 *
 * P=0 asks for an IGMPv3 General Query, P=1 for an MLDv2 one. The Response MAC
 * binds the sender's address and port to its nonce. G: the sender's address and
 * port as we see them, for its Teardown. L: no new endpoint is accepted.
 *
 * E: the gateway heeds the ECN field of what brings Data to it (RFC 9601, section
 * 6.1.4.2). That goes into the MAC, and comes back with the gateway's Updates.
 *
 * `compat: auto` serves Linux gateways. Their driver lays its flags out from the
 * other end of the octet: what it sends for P=1 has 0x80 set and 0x01 clear, and
 * it drops a Query with what we call L or G as having reserved bits set. It sends
 * both its Requests with one nonce and keeps one MAC for both protocols. So such a
 * Request is answered by two Queries, IGMPv3 and MLDv2, both without L and G: the
 * one for its IPv4 half too, whose own Request nothing tells from anybody else's.
 *
 *     elements:
 *       secret: {class: amt-secret, interval: 125s}
 *       query:  {class: amt-query, secret: secret, interval: 125s}
 *     edges:
 *       - messages.request -> query -> udp
 */
#include "core/listing.h"
#include "elements/amt/answer.h"
#include "elements/amt/mac.h"
#include "elements/group/members.h"
#include "elements/wire/amt.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"
#include "elements/wire/types.h"

enum compat { COMPAT_AUTO, COMPAT_STRICT };
static const char *const compat_names[] = {
    [COMPAT_AUTO] = "auto", [COMPAT_STRICT] = "strict", NULL};

/* A General Query as inner datagram: always the same octets. */
struct inner {
    uint32_t len;
    uint8_t octets[AMTG_MLD_QUERY_OCTETS]; /* an IGMP one is shorter */
};

struct amt_query {
    struct amtg_element *secret, *members; /* members: or NULL */
    uint64_t interval_ns;
    uint8_t robustness;
    struct amtg_addr source4, source6;
    bool teardown, ecn;
    int compat;

    struct inner igmp, mld;
};

enum { OUT };
enum { IGMP_QUERIES, MLD_QUERIES, COMPAT_REQUESTS, LIMITED, ECN_REQUESTS };
enum { SHORT, SOURCE };

/* Max Response Code 1, whatever the Query Response Interval: gateways answer at once (5.3.3.3). */
enum { MAX_RESPONSE_CODE = 1 };

/* plain: as Linux gateways need it, without L and G. */
static void query(struct amtg_element *e, const struct amtg_peer *to,
                  const struct amtg_amt_request *request, const struct inner *inner, bool plain)
{
    const struct amt_query *state = amtg_state(e);
    const struct amtg_response_mac_ops *mac = amtg_ops(state->secret, &amtg_response_mac);
    struct amtg_amt_query message = {
        .nonce = request->nonce,
        .g = state->teardown && !plain,
        .gateway_port = to->remote_port,
        .gateway = to->remote,
        .inner = inner->octets,
        .inner_len = inner->len,
    };

    if (state->members && !plain) {
        const struct amtg_members_ops *members = amtg_ops(state->members, &amtg_members);
        message.l = members->full(state->members);
    }
    struct amtg_packet *reply =
        amtg_make(e, AMTG_AMT_QUERY, amtg_amt_query_octets(&message));
    if (!reply) {
        amtg_no_buffer_count(e);
        return;
    }
    mac->make(state->secret, &to->remote, to->remote_port, request->nonce,
              state->ecn && request->e, message.mac);
    amtg_amt_query_build(&message, reply->data);
    amtg_packet_to_peer(reply, to);
    amtg_count(e, inner == &state->igmp ? IGMP_QUERIES : MLD_QUERIES, 1);
    amtg_count(e, LIMITED, message.l);
    amtg_emit(e, OUT, reply);
}

static void answer(struct amtg_element *e, struct amtg_packet *packet)
{
    const struct amt_query *state = amtg_state(e);
    const struct amtg_peer *from = &packet->peer;
    struct amtg_amt_request request;

    if (amtg_amt_request_parse(packet->data, packet->len, AMTG_AMT_LENIENT, &request)) {
        amtg_drop(e, SHORT, packet);
        return;
    }
    if (!amtg_may_answer(from)) {
        amtg_drop(e, SOURCE, packet);
        return;
    }
    if (state->compat == COMPAT_AUTO && request.linux_p && !request.p) {
        amtg_count(e, COMPAT_REQUESTS, 1);
        query(e, from, &request, &state->igmp, true);
        query(e, from, &request, &state->mld, true);
    } else {
        query(e, from, &request, request.p ? &state->mld : &state->igmp, false);
    }
    amtg_count(e, ECN_REQUESTS, request.e);
    amtg_finish(e, packet);
}

static void amt_query_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch)
        answer(e, packet);
}

static void amt_query_check(const void *params, struct amtg_check *check)
{
    const struct amt_query *state = params;

    if (amtg_addr_is_multicast(&state->source4))
        amtg_check_problem(check, "source4", -1, "a datagram cannot come from a group");
    if (amtg_addr_is_multicast(&state->source6))
        amtg_check_problem(check, "source6", -1, "a datagram cannot come from a group");
}

static enum amtg_err amt_query_init(struct amtg_element *e)
{
    struct amt_query *state = amtg_state(e);
    struct amtg_general_query general = {
        .max_response_code = MAX_RESPONSE_CODE,
        .qrv = state->robustness,
        .qqi_s = (uint32_t)(state->interval_ns / AMTG_S),
    };

    general.src = state->source4;
    state->igmp.len = amtg_igmp_query_build(&general, state->igmp.octets);
    general.src = state->source6;
    state->mld.len = amtg_mld_query_build(&general, state->mld.octets);
    return AMTG_OK;
}

static uint64_t relay(struct amtg_element *e, uint64_t cursor, struct amtg_rows *rows)
{
    const struct amt_query *state = amtg_state(e);

    (void)cursor;
    amtg_fact(rows, "query-interval", "%llu s, robustness %u",
              (unsigned long long)(state->interval_ns / AMTG_S), state->robustness);
    return 0;
}

const struct amtg_class amtg_amt_query = {
    .name = "amt-query",
    .summary = "answers a Request with a Membership Query",
    .details =
        "RFC 7450, section 5.3.3.3. Each Request is answered to its sender, from the address "
        "that was asked, with the nonce, the Response MAC, the gateway's address and port (G), "
        "and a General Query: IGMPv3, or MLDv2 with P=1. L is set while `members` has no room "
        "for a further endpoint. No state is made.\n\n"
        "A gateway with E gets the ECN field of Data in the outer header as well (RFC 6040, normal "
        "mode), others get 0 there (compatibility mode); with `ecn: false`, all do.\n\n"
        "`compat: auto` answers the Requests of a Linux gateway for IPv6 (0x80 set, 0x01 clear "
        "in the second octet) with two Queries without L and G, which is what that gateway takes "
        "for both its halves. `compat: strict` reads the flags by the RFC alone.\n\n"
        "Some gateways read the query interval as a plain number of seconds: keep it below 128 s.",
    .example = "elements:\n"
               "  udp:      {class: udp-socket, bind: 127.0.0.1, port: 2268}\n"
               "  messages: {class: amt-classifier}\n"
               "  secret:   {class: amt-secret}\n"
               "  query:    {class: amt-query, secret: secret, interval: 125s}\n"
               "edges:\n"
               "  - udp -> messages\n"
               "  - messages.request -> query -> udp\n",
    AMTG_INPUTS({"in", AMTG_AMT_REQUEST, "who asks for a Query", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_AMT_QUERY, "the answer", AMTG_TO}),
    .state_octets = sizeof(struct amt_query),
    AMTG_PARAMS(
        AMTG_REF(struct amt_query, secret, &amtg_response_mac, true, "makes the Response MAC"),
        AMTG_REF(struct amt_query, members, &amtg_members, false,
                 "says when there is no room for a further endpoint (the L flag)"),
        AMTG_DURATION(struct amt_query, interval_ns, "125s", AMTG_S, 31744 * AMTG_S,
                      "the query interval told to gateways: how often they should ask again"),
        AMTG_U8(struct amt_query, robustness, "2", 1, 7, NULL, "the QRV told to gateways"),
        AMTG_ADDRESS(struct amt_query, source4, "0.0.0.0", 4, "source of inner IGMPv3 Queries"),
        AMTG_ADDRESS(struct amt_query, source6, "fe80::1", 6,
                     "source of inner MLDv2 Queries; hosts want a link-local one"),
        AMTG_BOOL(struct amt_query, teardown, "true",
                  "tell gateways their address and port (G), so that they can tear down"),
        AMTG_BOOL(struct amt_query, ecn, "true",
                  "carry ECN over to gateways that say that they heed it (E, RFC 9601)"),
        AMTG_ENUM(struct amt_query, compat, "auto", compat_names,
                  "auto: serve Linux gateways as they need it; strict: by the RFC alone")),
    AMTG_COUNTERS(
        [IGMP_QUERIES] = {"igmp-queries", "packets", "IGMPv3 Queries sent", AMTG_COUNTER},
        [MLD_QUERIES] = {"mld-queries", "packets", "MLDv2 Queries sent", AMTG_COUNTER},
        [COMPAT_REQUESTS] = {"compat-requests", "packets", "Requests answered as Linux needs it",
                             AMTG_COUNTER},
        [LIMITED] = {"limited", "packets", "Queries sent with L", AMTG_COUNTER},
        [ECN_REQUESTS] = {"ecn-requests", "packets", "Requests with E", AMTG_COUNTER}),
    AMTG_LISTINGS({.name = "relay", .help = "the relay at a glance", .rows = relay,
                   AMTG_FACT_COLUMNS}),
    AMTG_DROPS([SHORT] = {"short", "no whole Request"},
               [SOURCE] = {"source", "from a group, broadcast, nobody or port 0: never answered"}),
    .check = amt_query_check,
    .init = amt_query_init,
    .push = amt_query_push,
};
