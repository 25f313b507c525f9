/*
 * discard: the end of a path that is not wanted. Takes anything; has no output.
 * What comes here is finished, not dropped: it was meant to end here.
 *
 *     elements:
 *       end: {class: discard}
 *     edges:
 *       - check.expired -> end
 */
#include "core/element.h"

enum { PACKETS, OCTETS };

static void discard_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch) {
        amtg_count(e, PACKETS, 1);
        amtg_count(e, OCTETS, packet->len);
        amtg_finish(e, packet);
    }
}

const struct amtg_class amtg_discard = {
    .name = "discard",
    .summary = "the end of what is not wanted",
    .details = "An output that is left open drops what it gives under the name `open`. An edge to "
               "a discard says that this is meant, and counts under a name of its own.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1}\n"
               "  end:    {class: discard}\n"
               "edges:\n"
               "  - source -> end\n",
    AMTG_INPUTS({.name = "in", .type = AMTG_ANY, .help = "what ends here"}),
    AMTG_COUNTERS([PACKETS] = {"packets", "packets", "packets and records that ended here"},
                  [OCTETS] = {"octets", "octets", "their octets"}),
    .push = discard_push,
};
