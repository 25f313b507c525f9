/*
 * outage: a path that is cut now and then, in both directions at once. What is sent
 * while it is cut is lost. When it is cut, and for how long, is chance from the
 * element's own stream.
 *
 *     elements:
 *       cable: {class: outage, every: 6h, length: 30s}
 *     edges:
 *       - home -> cable.up
 *       - cable.up -> net
 *       - net.home -> cable.down
 *       - cable.down -> home
 *
 * Timer:
 *   change   the path is cut, or whole again
 */
#include "core/element.h"
#include "elements/flow/about.h"
#include "elements/flow/path.h"

struct outage {
    uint64_t every_ns, length_ns, until_ns;

    bool cut;
    uint64_t since_ns;
    struct amtg_timer change;
};

enum { UP, DOWN };
enum { IS_CUT, CUTS };
enum { LOST };

const struct amtg_interface amtg_path = {
    .name = "path",
    .summary = "says whether what is sent arrives just now",
};

static void outage_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    const struct outage *state = amtg_state(e);

    AMTG_EACH (packet, batch) {
        if (state->cut)
            amtg_drop(e, LOST, packet);
        else
            amtg_emit(e, in, packet);
    }
}

/* The next cut, unless it would come too late. */
static void plan_cut(struct amtg_element *e)
{
    struct outage *state = amtg_state(e);
    uint64_t delay = amtg_random_about(e, state->every_ns);

    if (!state->until_ns || amtg_now(e) + delay < state->until_ns)
        amtg_timer_start(e, &state->change, delay);
}

static void change(struct amtg_element *e, struct amtg_timer *t)
{
    struct outage *state = amtg_state(e);

    state->cut = !state->cut;
    state->since_ns = amtg_now(e);
    amtg_gauge(e, IS_CUT, state->cut);
    if (state->cut) {
        amtg_count(e, CUTS, 1);
        amtg_timer_start(e, t, 1 + amtg_random_below(e, state->length_ns));
    } else {
        plan_cut(e);
    }
}

static bool up(const struct amtg_element *e, uint64_t *since_ns)
{
    const struct outage *state = amtg_state(e);

    *since_ns = state->since_ns;
    return !state->cut;
}

static const struct amtg_path_ops path_ops = {.up = up};

static enum amtg_err outage_init(struct amtg_element *e)
{
    struct outage *state = amtg_state(e);

    state->change.fire = change;
    return AMTG_OK;
}

static enum amtg_err outage_start(struct amtg_element *e)
{
    struct outage *state = amtg_state(e);

    state->cut = false;
    state->since_ns = amtg_now(e);
    amtg_gauge(e, IS_CUT, 0);
    if (state->every_ns)
        plan_cut(e);
    return AMTG_OK;
}

static void outage_stop(struct amtg_element *e)
{
    struct outage *state = amtg_state(e);
    amtg_timer_stop(e, &state->change);
}

const struct amtg_class amtg_outage = {
    .name = "outage",
    .summary = "a path that is cut now and then",
    .details =
        "Between two cuts it is whole for a random time, `every` on average; a cut lasts a random "
        "time, at most `length`. Both directions are cut together, and what is sent meanwhile is "
        "dropped as `lost`. From `until` on it is not cut any more.\n\n"
        "Whoever judges how long something took may ask it whether the path was there (interface "
        "`path`): wish-check does.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1}\n"
               "  cable:  {class: outage, every: 10m, length: 5s}\n"
               "  end:    {class: discard}\n"
               "edges:\n"
               "  - source -> cable.down\n"
               "  - cable.down -> end\n",
    .state_octets = sizeof(struct outage),
    AMTG_INPUTS([UP] = {.name = "up",
                        .type = AMTG_ANY,
                        .help = "what goes one way",
                        .flags = AMTG_MAY_BE_OPEN},
                [DOWN] = {.name = "down",
                          .type = AMTG_ANY,
                          .help = "what goes the other way",
                          .flags = AMTG_MAY_BE_OPEN}),
    AMTG_OUTPUTS([UP] = {.name = "up",
                         .type = AMTG_ANY,
                         .help = "what came in by `up`",
                         .flags = AMTG_CARRIES_TYPE | AMTG_CARRIES_TO | AMTG_MAY_BE_OPEN},
                 [DOWN] = {.name = "down",
                           .type = AMTG_ANY,
                           .help = "what came in by `down`",
                           .flags = AMTG_CARRIES_TYPE | AMTG_CARRIES_TO | AMTG_MAY_BE_OPEN}),
    AMTG_PARAMS(AMTG_DURATION(struct outage, every_ns, "0s", 0, 1000 * 24 * 3600 * AMTG_S,
                              "time between cuts, on average; 0s: none"),
                AMTG_DURATION(struct outage, length_ns, "30s", 1, 24 * 3600 * AMTG_S,
                              "longest cut"),
                AMTG_DURATION(struct outage, until_ns, "0s", 0, 1000 * 24 * 3600 * AMTG_S,
                              "time of the run from which on no cut begins; 0s: never")),
    AMTG_COUNTERS([IS_CUT] = {"is-cut", "paths", "1: it is cut", AMTG_GAUGE},
                  [CUTS] = {"cuts", "times", "it was cut"}),
    AMTG_DROPS([LOST] = {"lost", "sent while the path was cut"}),
    AMTG_PROVIDES({.interface = &amtg_path, .ops = &path_ops}),
    .init = outage_init,
    .start = outage_start,
    .stop = outage_stop,
    .push = outage_push,
};
