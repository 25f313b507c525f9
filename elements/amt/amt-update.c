/*
 * amt-update: let the report in a Membership Update through, once its MAC proves
 * that the sender is where it says it is (RFC 7450, section 5.3.3.4).
 *
 * in:   amt.update
 * igmp: the inner IPv4 datagram, trimmed to its own length
 * mld:  the inner IPv6 datagram, likewise
 *
 * The MAC is checked before anything of the inner datagram is looked at. The
 * sender of the Update stays the packet's peer: address *and* port name the
 * endpoint. It heeds ECN if the MAC was made for a Request with E. What the inner
 * datagram holds is for igmp-parser and mld-parser.
 *
 *     elements:
 *       secret: {class: amt-secret}
 *       update: {class: amt-update, secret: secret}
 *     edges:
 *       - messages.update -> update
 *       - update.igmp -> igmp -> membership
 *       - update.mld -> mld -> membership
 */
#include "core/cursor.h"
#include "core/element.h"
#include "elements/amt/mac.h"
#include "elements/wire/amt.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"

struct amt_update {
    struct amtg_element *secret;
};

enum { IGMP, MLD };
enum { SHORT, BAD_MAC, INNER_VERSION, INNER_LENGTH };

/* Octets of the inner datagram by its own header; 0: the header itself is not all there. */
static uint32_t inner_octets(const uint8_t *inner, uint32_t len, bool ip4)
{
    if (ip4)
        return len < AMTG_IP4_OCTETS ? 0 : amtg_get_u16(inner + 2);
    return len < AMTG_IP6_OCTETS ? 0 : AMTG_IP6_OCTETS + amtg_get_u16(inner + 4);
}

static void open_update(struct amtg_element *e, struct amtg_packet *packet)
{
    const struct amt_update *state = amtg_state(e);
    const struct amtg_response_mac_ops *mac = amtg_ops(state->secret, &amtg_response_mac);
    const struct amtg_peer *from = &packet->peer;
    struct amtg_amt_update update;

    if (amtg_amt_update_parse(packet->data, packet->len, &update)) {
        amtg_drop(e, SHORT, packet);
        return;
    }
    bool ecn;
    if (!mac->check(state->secret, &from->remote, from->remote_port, update.nonce, update.mac,
                    &ecn)) {
        amtg_drop(e, BAD_MAC, packet);
        return;
    }
    packet->peer.ecn = ecn;
    unsigned version = update.inner[0] >> 4;
    if (version != 4 && version != 6) {
        amtg_drop(e, INNER_VERSION, packet);
        return;
    }
    /* No more than the message holds; octets beyond the inner datagram are ignored. */
    uint32_t octets = inner_octets(update.inner, update.inner_len, version == 4);
    if (octets < AMTG_IP4_OCTETS || octets > update.inner_len) {
        amtg_drop(e, INNER_LENGTH, packet);
        return;
    }
    amtg_packet_pull(packet, AMTG_UPDATE_HEAD_OCTETS);
    amtg_packet_trim(packet, octets);
    packet->type = AMTG_IP_RAW;
    amtg_emit(e, version == 4 ? IGMP : MLD, packet);
}

static void amt_update_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch)
        open_update(e, packet);
}

const struct amtg_class amtg_amt_update = {
    .name = "amt-update",
    .summary = "checks the MAC of Membership Updates and hands on the report inside",
    .details =
        "RFC 7450, section 5.3.3.4. The MAC must be right for the address and port that the "
        "Update came from and for its nonce, under the present secret or the one before; so no "
        "state can be made or changed for somebody who does not get our Queries. The inner "
        "datagram leaves as it is, cut to the length that its own header says; the parsers behind "
        "verify it.",
    .example = "elements:\n"
               "  udp:      {class: udp-socket, bind: 127.0.0.1, port: 2268}\n"
               "  messages: {class: amt-classifier}\n"
               "  secret:   {class: amt-secret}\n"
               "  query:    {class: amt-query, secret: secret}\n"
               "  update:   {class: amt-update, secret: secret}\n"
               "  reports:  {class: discard}\n"
               "edges:\n"
               "  - udp -> messages\n"
               "  - messages.request -> query -> udp\n"
               "  - messages.update -> update\n"
               "  - update.igmp -> reports\n"
               "  - update.mld -> reports\n",
    .flags = AMTG_ORDERED,
    AMTG_INPUTS({"in", AMTG_AMT_UPDATE, "Membership Updates", 0}),
    AMTG_OUTPUTS([IGMP] = {"igmp", AMTG_IP_RAW, "inner IPv4 datagrams", AMTG_MAY_BE_OPEN},
                 [MLD] = {"mld", AMTG_IP_RAW, "inner IPv6 datagrams", AMTG_MAY_BE_OPEN}),
    .state_octets = sizeof(struct amt_update),
    AMTG_PARAMS(AMTG_REF(struct amt_update, secret, &amtg_response_mac, true,
                         "the secret that amt-query makes MACs with")),
    AMTG_DROPS([SHORT] = {"short", "no whole Membership Update"},
               [BAD_MAC] = {"bad-mac", "the MAC is not the one of this sender and nonce, or its "
                                       "secret is retired"},
               [INNER_VERSION] = {"inner-version", "the inner datagram is neither IPv4 nor IPv6"},
               [INNER_LENGTH] = {"inner-length",
                                 "the inner datagram says that it is longer than the message, or "
                                 "shorter than its own header"}),
    .push = amt_update_push,
};
