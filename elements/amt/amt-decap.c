/*
 * amt-decap: take the datagram out of Multicast Data messages (RFC 7450, section
 * 5.1.6).
 *
 * in:  amt.data
 * out: ip-raw: the inner datagram with whatever follows it; check-ip verifies
 *      and trims it
 *
 *     elements:
 *       decap: {class: amt-decap}
 *       check: {class: check-ip}
 *     edges:
 *       - messages.data -> decap -> check
 */
#include "core/element.h"
#include "elements/wire/amt.h"
#include "elements/wire/types.h"

enum { OUT };
enum { SHORT };

static void amt_decap_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch) {
        struct amtg_amt_data data;

        if (amtg_amt_data_parse(packet->data, packet->len, &data)) {
            amtg_drop(e, SHORT, packet);
            continue;
        }
        amtg_packet_pull(packet, AMTG_DATA_HEAD_OCTETS);
        packet->type = AMTG_IP_RAW;
        amtg_emit(e, OUT, packet);
    }
}

const struct amtg_class amtg_amt_decap = {
    .name = "amt-decap",
    .summary = "takes IP datagrams out of AMT Multicast Data messages",
    .details = "RFC 7450, section 5.1.6. Nothing of the inner datagram is verified here: check-ip "
               "does that.",
    .example = "elements:\n"
               "  udp:      {class: udp-socket, bind: 127.0.0.1, port: 2268}\n"
               "  messages: {class: amt-classifier}\n"
               "  decap:    {class: amt-decap}\n"
               "  check:    {class: check-ip}\n"
               "  end:      {class: discard}\n"
               "edges:\n"
               "  - udp -> messages\n"
               "  - messages.data -> decap -> check -> end\n",
    AMTG_INPUTS({"in", AMTG_AMT_DATA, "Multicast Data", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_IP_RAW, "inner datagrams, unverified", 0}),
    AMTG_DROPS([SHORT] = {"short", "no whole Multicast Data message"}),
    .push = amt_decap_push,
};
