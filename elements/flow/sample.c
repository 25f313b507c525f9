/*
 * sample: passes on one packet in every so many, and the others by `rest`. Put it
 * before what is too slow for all of them, such as print.
 *
 *     elements:
 *       some: {class: sample, every: 1000}
 *       show: {class: print}
 *     edges:
 *       - native -> some
 *       - some.out -> show
 *       - some.rest -> end
 */
#include "core/element.h"
#include "core/listing.h"

struct sample {
    uint32_t every; /* a parameter: filled in before anything here is called */

    uint32_t position; /* of the next packet in its row of `every`; 0: it is the one */
};

enum { OUT, REST };
enum { SAMPLED };

static void sample_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct sample *s = amtg_state(e);

    (void)in; /* there is one input only */
    AMTG_EACH (packet, batch) {
        if (s->position == 0) {
            amtg_count(e, SAMPLED, 1);
            amtg_emit(e, OUT, packet);
        } else {
            amtg_emit(e, REST, packet);
        }
        s->position = (s->position + 1) % s->every;
    }
}

/* ---- shown and told while it runs ---------------------------------------------- */

static uint64_t sample_rows(struct amtg_element *e, uint64_t cursor, struct amtg_rows *rows)
{
    const struct sample *s = amtg_state(e);

    (void)cursor; /* one row is never too much at a time */
    amtg_row(rows);
    amtg_cell_number(rows, s->every);
    amtg_cell_number(rows, s->position == 0 ? 0 : s->every - s->position);
    return 0;
}

struct every_args {
    uint32_t packets;
};

static enum amtg_err set_every(struct amtg_element *e, const void *args)
{
    const struct every_args *every = args;
    struct sample *s = amtg_state(e);

    s->every = every->packets;
    s->position = 0;
    return AMTG_OK;
}

const struct amtg_class amtg_sample = {
    .name = "sample",
    .summary = "passes on one packet in every so many",
    .details = "The first packet that comes is passed on, and then every `every`th one.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1, rate: 5000}\n"
               "  some:   {class: sample, every: 1000}\n"
               "  show:   {class: print}\n"
               "  end:    {class: discard}\n"
               "edges:\n"
               "  - source -> some\n"
               "  - some.out -> show\n"
               "  - some.rest -> end\n",
    .state_octets = sizeof(struct sample),
    AMTG_INPUTS({.name = "in", .type = AMTG_ANY, .help = "what is too much"}),
    AMTG_OUTPUTS([OUT] = {.name = "out",
                          .type = AMTG_ANY,
                          .help = "one in every `every`",
                          .flags = AMTG_CARRIES_TYPE | AMTG_CARRIES_TO},
                 [REST] = {.name = "rest",
                           .type = AMTG_ANY,
                           .help = "the others",
                           .flags = AMTG_CARRIES_TYPE | AMTG_CARRIES_TO | AMTG_MAY_BE_OPEN}),
    AMTG_PARAMS(AMTG_U32(struct sample, every, "100", 1, UINT32_MAX, "packets",
                         "length of the row of which the first is passed on")),
    AMTG_COUNTERS([SAMPLED] = {"sampled", "packets", "packets passed on by `out`"}),
    AMTG_LISTINGS({.name = "samples",
                   .help = "which packets are passed on",
                   AMTG_COLUMNS({"every", "packets", "length of the row"},
                                {"skips", "packets", "that come before the next one passed on"}),
                   .rows = sample_rows}),
    AMTG_CALLS({.name = "every",
                .help = "begin rows of another length",
                .args_octets = sizeof(struct every_args),
                AMTG_PARAMS(AMTG_U32(struct every_args, packets, NULL, 1, UINT32_MAX, "packets",
                                     "length of the row")),
                .run = set_every}),
    .push = sample_push,
};
