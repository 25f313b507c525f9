/*
 * counter: counts what passes. One input, one output; whatever comes in goes on
 * unchanged, with its type and its destinations.
 *
 *     elements:
 *       seen: {class: counter}
 *     edges:
 *       - native -> seen -> check
 */
#include "core/element.h"

enum { OUT };
enum { PACKETS, OCTETS };

static void counter_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    uint64_t octets = 0;

    (void)in;
    AMTG_EACH (packet, batch)
        octets += packet->len;
    amtg_count(e, PACKETS, batch->count);
    amtg_count(e, OCTETS, octets);
    amtg_emit_batch(e, OUT, batch);
}

const struct amtg_class amtg_counter = {
    .name = "counter",
    .summary = "counts what passes",
    .details = "A packet with several destinations counts once: the copies are not made yet.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1}\n"
               "  seen:   {class: counter}\n"
               "  end:    {class: discard}\n"
               "edges:\n"
               "  - source -> seen -> end\n",
    AMTG_INPUTS({.name = "in", .type = AMTG_ANY, .help = "what is counted"}),
    AMTG_OUTPUTS([OUT] = {.name = "out",
                          .type = AMTG_ANY,
                          .help = "the same, unchanged",
                          .flags = AMTG_CARRIES_TYPE | AMTG_CARRIES_TO}),
    AMTG_COUNTERS([PACKETS] = {"packets", "packets", "packets and records that passed"},
                  [OCTETS] = {"octets", "octets", "their octets, as this port sees them"}),
    .push = counter_push,
};
