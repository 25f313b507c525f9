/*
 * amt-teardown: say that a gateway has torn its tunnel down (RFC 7450, section
 * 5.3.3.5).
 *
 * in:  amt.teardown
 * out: a `gone` record about the endpoint that the message names
 *
 * A gateway tears down the endpoint that it was, from the address that it now is:
 * the MAC is checked over the address and port *in the message*, and the sender
 * of the datagram does not matter (section 5.1.7).
 *
 *     elements:
 *       secret:   {class: amt-secret}
 *       teardown: {class: amt-teardown, secret: secret}
 *     edges:
 *       - messages.teardown -> teardown -> membership
 */
#include "core/element.h"
#include "elements/amt/mac.h"
#include "elements/wire/amt.h"
#include "elements/wire/types.h"

struct amt_teardown {
    struct amtg_element *secret;
};

enum { OUT };
enum { SHORT, BAD_MAC };

static void tear_down(struct amtg_element *e, struct amtg_packet *packet)
{
    const struct amt_teardown *state = amtg_state(e);
    const struct amtg_response_mac_ops *mac = amtg_ops(state->secret, &amtg_response_mac);
    struct amtg_amt_teardown teardown;

    if (amtg_amt_teardown_parse(packet->data, packet->len, AMTG_AMT_LENIENT, &teardown)) {
        amtg_drop(e, SHORT, packet);
        return;
    }
    if (!mac->check(state->secret, &teardown.gateway, teardown.gateway_port, teardown.nonce,
                    teardown.mac, NULL)) {
        amtg_drop(e, BAD_MAC, packet);
        return;
    }
    /* The packet becomes the record: no data, and its peer is the endpoint that is gone. */
    amtg_packet_trim(packet, 0);
    packet->type = AMTG_GONE;
    packet->peer.remote = teardown.gateway;
    packet->peer.remote_port = teardown.gateway_port;
    amtg_emit(e, OUT, packet);
}

static void amt_teardown_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch)
        tear_down(e, packet);
}

const struct amtg_class amtg_amt_teardown = {
    .name = "amt-teardown",
    .summary = "checks the MAC of Teardowns and says which endpoint is gone",
    .details =
        "RFC 7450, section 5.3.3.5. The MAC must be right for the address, port and nonce that "
        "the message itself carries; where it came from does not matter, since a gateway sends it "
        "after its address has changed.",
    .example = "elements:\n"
               "  udp:      {class: udp-socket, bind: 127.0.0.1, port: 2268}\n"
               "  messages: {class: amt-classifier}\n"
               "  secret:   {class: amt-secret}\n"
               "  query:    {class: amt-query, secret: secret}\n"
               "  teardown: {class: amt-teardown, secret: secret}\n"
               "  gone:     {class: discard}\n"
               "edges:\n"
               "  - udp -> messages\n"
               "  - messages.request -> query -> udp\n"
               "  - messages.teardown -> teardown -> gone\n",
    AMTG_INPUTS({"in", AMTG_AMT_TEARDOWN, "Teardowns", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_GONE, "who is gone", 0}),
    .state_octets = sizeof(struct amt_teardown),
    AMTG_PARAMS(AMTG_REF(struct amt_teardown, secret, &amtg_response_mac, true,
                         "the secret that amt-query makes MACs with")),
    AMTG_DROPS([SHORT] = {"short", "no whole Teardown"},
               [BAD_MAC] = {"bad-mac", "the MAC is not the one of the endpoint and nonce in the "
                                       "message, or its secret is retired"}),
    .push = amt_teardown_push,
};
