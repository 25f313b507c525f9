/*
 * amt-advertise: answer a Relay Discovery with a Relay Advertisement (RFC 7450,
 * section 5.3.3.2). Stateless.
 *
 * in:  amt.discovery
 * out: amt.advertisement, to the sender, from the address that was asked
 *
 * Which address is advertised, of the family of the Discovery:
 *   1. `relay4` or `relay6`, where given;
 *   2. the address that was asked, unless it is a discovery address;
 *   3. the address that the system would use towards the gateway (`socket`).
 *
 *     elements:
 *       advertise: {class: amt-advertise, discovery: 192.52.193.1, socket: udp}
 *     edges:
 *       - messages.discovery -> advertise -> udp
 */
#include "core/element.h"
#include "elements/amt/answer.h"
#include "elements/io/route.h"
#include "elements/wire/amt.h"
#include "elements/wire/types.h"

struct amt_advertise {
    struct amtg_addr_list relay4, relay6; /* none or one */
    struct amtg_addr_list discovery;
    struct amtg_element *socket; /* or NULL */
};

enum { OUT };
enum { SHORT, SOURCE, NO_ADDRESS };

/* Anybody's: 192.52.193.0/24 and 2001:3::/32 are for discovery alone (RFC 7450, section 7.1). */
static bool in_anycast_prefix(const struct amtg_addr *a)
{
    static const uint8_t prefix4[3] = {192, 52, 193}, prefix6[4] = {0x20, 0x01, 0x00, 0x03};

    return amtg_addr_is4(a) ? memcmp(amtg_addr_octets4(a), prefix4, sizeof prefix4) == 0
                            : memcmp(a->octets, prefix6, sizeof prefix6) == 0;
}

static bool for_discovery(const struct amt_advertise *state, const struct amtg_addr *a)
{
    for (unsigned i = 0; i < state->discovery.count; i++)
        if (amtg_addr_equal(&state->discovery.items[i], a))
            return true;
    return in_anycast_prefix(a);
}

/* One relay: a unicast address that gateways can send Requests to. */
static bool is_relay_address(const struct amt_advertise *state, const struct amtg_addr *a)
{
    return !amtg_addr_is_unspecified(a) && !amtg_addr_is_multicast(a) && !for_discovery(state, a);
}

static bool choose(const struct amt_advertise *state, const struct amtg_peer *peer,
                   struct amtg_addr *out)
{
    bool ip4 = amtg_addr_is4(&peer->remote);
    const struct amtg_addr_list *fixed = ip4 ? &state->relay4 : &state->relay6;

    if (fixed->count) {
        *out = fixed->items[0];
        return true;
    }
    if (is_relay_address(state, &peer->local)) {
        *out = peer->local;
        return true;
    }
    if (!state->socket)
        return false;
    const struct amtg_source_address_ops *ops = amtg_ops(state->socket, &amtg_source_address);
    /* Over IPv4 an IPv4 address, over IPv6 an IPv6 one: the length is all that tells the family. */
    return ops->towards(state->socket, &peer->remote, peer->scope, out) &&
           amtg_addr_is4(out) == ip4 && is_relay_address(state, out);
}

static void answer(struct amtg_element *e, struct amtg_packet *packet)
{
    const struct amt_advertise *state = amtg_state(e);
    struct amtg_amt_discovery discovery;
    struct amtg_amt_advertisement advertisement;

    if (amtg_amt_discovery_parse(packet->data, packet->len, AMTG_AMT_LENIENT, &discovery)) {
        amtg_drop(e, SHORT, packet);
        return;
    }
    if (!amtg_may_answer(&packet->peer)) {
        amtg_drop(e, SOURCE, packet);
        return;
    }
    advertisement.nonce = discovery.nonce;
    if (!choose(state, &packet->peer, &advertisement.relay)) {
        amtg_drop(e, NO_ADDRESS, packet);
        return;
    }
    struct amtg_packet *reply = amtg_make(e, AMTG_AMT_ADVERTISEMENT, AMTG_ADVERTISEMENT6_OCTETS);
    if (!reply) {
        amtg_drop_no_buffer(e, packet);
        return;
    }
    amtg_packet_trim(reply, amtg_amt_advertisement_build(&advertisement, reply->data));
    amtg_packet_to_peer(reply, &packet->peer);
    amtg_finish(e, packet);
    amtg_emit(e, OUT, reply);
}

static void amt_advertise_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch)
        answer(e, packet);
}

const struct amtg_class amtg_amt_advertise = {
    .name = "amt-advertise",
    .summary = "answers a Relay Discovery with a Relay Advertisement",
    .details =
        "RFC 7450, section 5.3.3.2. The answer leaves from the address that was asked, be it "
        "anycast or not, and names a relay address of the same family: the one given; else the "
        "one that was asked, unless it is a discovery address; else the one that the system would "
        "use towards the gateway. Addresses of the two assigned anycast prefixes always count as "
        "discovery addresses. `relay4` and `relay6` may name another host: a broker advertises "
        "relays other than itself (section 4.2.1.1).",
    .example = "elements:\n"
               "  udp:       {class: udp-socket, bind: 127.0.0.1, port: 2268}\n"
               "  messages:  {class: amt-classifier}\n"
               "  advertise: {class: amt-advertise, relay4: 192.0.2.1, discovery: 192.52.193.1}\n"
               "edges:\n"
               "  - udp -> messages\n"
               "  - messages.discovery -> advertise -> udp\n",
    AMTG_INPUTS({"in", AMTG_AMT_DISCOVERY, "who looks for a relay", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_AMT_ADVERTISEMENT, "the answer", AMTG_TO}),
    .state_octets = sizeof(struct amt_advertise),
    AMTG_PARAMS(
        AMTG_ADDRESSES(struct amt_advertise, relay4, "none", 4, 1,
                       "advertised to who asks over IPv4; none: found out"),
        AMTG_ADDRESSES(struct amt_advertise, relay6, "none", 6, 1,
                       "advertised to who asks over IPv6; none: found out"),
        AMTG_ADDRESSES(struct amt_advertise, discovery, "none", 0, 64,
                       "our discovery addresses (anycast): never advertised unless given above"),
        AMTG_REF(struct amt_advertise, socket, &amtg_source_address, false,
                 "knows which address the system would use towards a gateway")),
    AMTG_DROPS(
        [SHORT] = {"short", "no whole Relay Discovery"},
        [SOURCE] = {"source", "from a group, broadcast, nobody or port 0: never answered"},
        [NO_ADDRESS] = {"no-address", "there is no relay address of that family to advertise"}),
    .push = amt_advertise_push,
};
