/*
 * hop-limit: ages packets by one hop, as a router does (RFC 791, RFC 8200). Those
 * that have no more hops to go than `floor` leave by `expired` as they came.
 *
 *     elements:
 *       age: {class: hop-limit}
 *     edges:
 *       - check -> age -> fanout
 */
#include "core/element.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"

struct hop_limit {
    uint8_t floor; /* hops */
};

enum { OUT, EXPIRED };

static void hop_limit_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    const struct hop_limit *state = amtg_state(e);

    (void)in;
    AMTG_EACH (packet, batch) { /* type ip: checked before it came here */
        if (amtg_ip_hops(packet) <= state->floor)
            amtg_emit(e, EXPIRED, packet);
        else if (amtg_ip_age(packet))
            amtg_emit(e, OUT, packet);
        else
            amtg_drop_no_buffer(e, packet);
    }
}

const struct amtg_class amtg_hop_limit = {
    .name = "hop-limit",
    .summary = "ages IP packets by one hop; those at the floor leave by `expired`",
    .details = "TTL or hop limit becomes one less, and the IPv4 header checksum is adjusted rather "
               "than computed anew (RFC 1624), so that a header that was spoiled stays so.",
    .example = "elements:\n"
               "  native: {class: pcap-source, file: native.pcap}\n"
               "  check:  {class: check-ip}\n"
               "  age:    {class: hop-limit, floor: 1}\n"
               "  end:    {class: discard}\n"
               "edges:\n"
               "  - native -> check -> age\n"
               "  - age.out -> end\n",
    .state_octets = sizeof(struct hop_limit),
    AMTG_INPUTS({"in", AMTG_IP, "packets to forward", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_IP, "the same, one hop older",
                          AMTG_CARRIES_TYPE | AMTG_CARRIES_TO},
                 [EXPIRED] = {"expired", AMTG_IP, "those with no hop left, unchanged",
                              AMTG_CARRIES_TYPE | AMTG_CARRIES_TO | AMTG_MAY_BE_OPEN}),
    AMTG_PARAMS(AMTG_U8(struct hop_limit, floor, "1", 0, 254, "hops", "expire at or below")),
    .push = hop_limit_push,
};
