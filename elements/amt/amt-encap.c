/*
 * amt-encap: put multicast datagrams into Multicast Data messages (RFC 7450,
 * section 5.1.6).
 *
 * in:  ip
 * out: amt.data; addressed as what came in
 *
 * What the outer IP header is to say of class and congestion goes along as the packet's
 * `tos`: the DSCP by parameter, the ECN field as inside. udp-socket and udp-wrap leave
 * the latter out for gateways that do not heed it (RFC 6040, section 4.1; RFC 9601,
 * section 6.1.4.2).
 *
 * The two octets go into the headroom: nothing is copied unless a tee shares the
 * buffer. It stands behind relay-fanout, and so works once per packet and kind
 * of destination, not once per gateway.
 *
 *     elements:
 *       encap: {class: amt-encap}
 *     edges:
 *       - native -> check -> fanout -> encap -> udp
 */
#include "core/element.h"
#include "elements/wire/amt.h"
#include "elements/wire/ecn.h"
#include "elements/wire/types.h"

struct amt_encap {
    uint8_t dscp;
    bool copy_dscp;
};

enum { OUT };

static uint8_t outer_tos(const struct amt_encap *state, const struct amtg_packet *packet)
{
    uint8_t inner = amtg_tos_read(packet->data);

    if (state->copy_dscp)
        return inner;
    return (uint8_t)(state->dscp << 2 | (inner & AMTG_ECN_MASK));
}

static void amt_encap_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    const struct amt_encap *state = amtg_state(e);

    (void)in;
    AMTG_EACH (packet, batch) {
        uint8_t tos = outer_tos(state, packet);
        uint8_t *head = amtg_packet_push(packet, AMTG_DATA_HEAD_OCTETS);

        if (!head) {
            amtg_drop_no_buffer(e, packet);
            continue;
        }
        amtg_amt_data_head(head);
        amtg_packet_set_tos(packet, tos);
        packet->type = AMTG_AMT_DATA;
        amtg_emit(e, OUT, packet);
    }
}

const struct amtg_class amtg_amt_encap = {
    .name = "amt-encap",
    .summary = "puts IP datagrams into AMT Multicast Data messages",
    .details = "RFC 7450, section 5.1.6: two octets before the datagram, which stays as it is. "
               "The outer header gets the inner ECN field where the gateway heeds it (RFC 6040, "
               "section 4.1), else 0, and a DSCP of its own.",
    .example = "elements:\n"
               "  in:    {class: pcap-source, file: native.pcap}\n"
               "  check: {class: check-ip}\n"
               "  encap: {class: amt-encap}\n"
               "  end:   {class: discard}\n"
               "edges:\n"
               "  - in -> check -> encap -> end\n",
    AMTG_INPUTS({"in", AMTG_IP, "multicast datagrams", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_AMT_DATA, "Multicast Data", AMTG_CARRIES_TO}),
    .state_octets = sizeof(struct amt_encap),
    AMTG_PARAMS(AMTG_U8(struct amt_encap, dscp, "0", 0, 63, NULL, "DSCP of the outer header"),
                AMTG_BOOL(struct amt_encap, copy_dscp, "false",
                          "that of the inner header instead")),
    .push = amt_encap_push,
};
