/*
 * tee: gives each of its outputs everything that comes in. The outputs are named
 * by a parameter. Octets are not copied: all get views of one buffer (section
 * "buffers and packets" of core/packet.h), the last one the packet itself.
 *
 *     elements:
 *       both: {class: tee, outputs: [onward, file]}
 *     edges:
 *       - native -> both
 *       - both.onward -> check
 *       - both.file -> sink
 */
#include "core/element.h"

struct tee {
    struct amtg_text_list outputs;
};

enum { MANY };
enum { CLONES };

static void tee_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch) {
        for (unsigned out = 0; out + 1 < e->outs_count; out++) {
            struct amtg_packet *clone = amtg_copy(e, packet);
            if (!clone) {
                amtg_no_buffer_count(e); /* this output goes without; the others need not */
                continue;
            }
            amtg_count(e, CLONES, 1);
            amtg_emit(e, out, clone);
        }
        amtg_emit(e, e->outs_count - 1, packet);
    }
}

const struct amtg_class amtg_tee = {
    .name = "tee",
    .summary = "gives everything to each of its outputs",
    .details = "Order is kept on each output, not between outputs: batches of the first ones may "
               "be a little ahead.\n\n"
               "When no packet is left for a clone, that output misses it, which counts as the "
               "drop `no-buffer`; the other outputs still get theirs.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1}\n"
               "  both:   {class: tee, outputs: [shown, dropped]}\n"
               "  show:   {class: print}\n"
               "  end:    {class: discard}\n"
               "edges:\n"
               "  - source -> both\n"
               "  - both.shown -> show\n"
               "  - both.dropped -> end\n",
    .state_octets = sizeof(struct tee),
    AMTG_INPUTS({.name = "in", .type = AMTG_ANY, .help = "what is wanted in several places"}),
    AMTG_OUTPUTS([MANY] = {.name = "output",
                           .type = AMTG_ANY,
                           .help = "all that comes in; called as `outputs` says",
                           .flags = AMTG_CARRIES_TYPE | AMTG_CARRIES_TO | AMTG_MANY}),
    .ports_from = "outputs",
    AMTG_PARAMS(AMTG_TEXTS(struct tee, outputs, NULL, 1, 64, "names of the outputs")),
    AMTG_COUNTERS([CLONES] = {"clones", "packets", "packets given to outputs before the last"}),
    .push = tee_push,
};
