/*
 * amt-encap: put multicast datagrams into Multicast Data messages (RFC 7450,
 * section 5.1.6).
 *
 * in:  ip
 * out: amt.data; addressed as what came in
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
#include "elements/wire/types.h"

enum { OUT };

static void amt_encap_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch) {
        uint8_t *head = amtg_packet_push(packet, AMTG_DATA_HEAD_OCTETS);

        if (!head) {
            amtg_drop_no_buffer(e, packet);
            continue;
        }
        amtg_amt_data_head(head);
        packet->type = AMTG_AMT_DATA;
        amtg_emit(e, OUT, packet);
    }
}

const struct amtg_class amtg_amt_encap = {
    .name = "amt-encap",
    .summary = "puts IP datagrams into AMT Multicast Data messages",
    .details = "RFC 7450, section 5.1.6: two octets before the datagram, which stays as it is.",
    .example = "elements:\n"
               "  in:    {class: pcap-source, file: native.pcap}\n"
               "  check: {class: check-ip}\n"
               "  encap: {class: amt-encap}\n"
               "  end:   {class: discard}\n"
               "edges:\n"
               "  - in -> check -> encap -> end\n",
    AMTG_INPUTS({"in", AMTG_IP, "multicast datagrams", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_AMT_DATA, "Multicast Data", AMTG_CARRIES_TO}),
    .push = amt_encap_push,
};
