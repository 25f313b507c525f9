/*
 * restarts: restarts a part of the graph now and then, as when its process ends and is
 * started anew: all that it knew is forgotten.
 *
 *     elements:
 *       relay:  {class: ./relay.yaml}
 *       crash:  {class: restarts, part: relay, every: 6h}
 *
 * Timer:
 *   due   the next restart
 */
#include <string.h>

#include "core/element.h"
#include "elements/flow/about.h"

struct restarts {
    const char *part;
    uint64_t every_ns, until_ns;

    struct amtg_timer due;
};

enum { RESTARTS };

static void plan(struct amtg_element *e)
{
    struct restarts *state = amtg_state(e);
    uint64_t delay = amtg_random_about(e, state->every_ns);

    if (!state->until_ns || amtg_now(e) + delay < state->until_ns)
        amtg_timer_start(e, &state->due, delay);
}

static void due(struct amtg_element *e, struct amtg_timer *t)
{
    const struct restarts *state = amtg_state(e);

    (void)t;
    if (!amtg_restart(e, state->part)) {
        amtg_abort(e, "there is nothing called \"%s\" to restart", state->part);
        return;
    }
    amtg_count(e, RESTARTS, 1);
    amtg_log(e, AMTG_LOG_INFO, "restarted", "part=%s", state->part);
    plan(e);
}

static enum amtg_err restarts_init(struct amtg_element *e)
{
    struct restarts *state = amtg_state(e);

    state->due.fire = due;
    return AMTG_OK;
}

static bool is_in(const char *part, const char *name)
{
    size_t len = strlen(part);
    return strncmp(name, part, len) == 0 && (name[len] == '\0' || name[len] == '/');
}

/* Now, not at the first restart: that may be hours away, or after the end of the run. */
static enum amtg_err restarts_start(struct amtg_element *e)
{
    const struct restarts *state = amtg_state(e);
    const struct amtg_element *other;
    unsigned i = 0;

    while ((other = amtg_element_at(e, i)) && !is_in(state->part, other->name))
        i++;
    if (!other)
        return amtg_fail(e, AMTG_ECONFIG, "there is nothing called \"%s\" to restart", state->part);
    if (is_in(state->part, e->name))
        return amtg_fail(e, AMTG_ECONFIG, "it cannot restart \"%s\", of which it is a part",
                         state->part);
    plan(e);
    return AMTG_OK;
}

static void restarts_stop(struct amtg_element *e)
{
    struct restarts *state = amtg_state(e);
    amtg_timer_stop(e, &state->due);
}

const struct amtg_class amtg_restarts = {
    .name = "restarts",
    .summary = "restarts a part of the graph now and then",
    .details =
        "The part is an element or a graph that is used as one, by its full name. It is stopped in "
        "good order, forgets all it knew, and starts anew at once, as a process that is restarted; "
        "its counters go on. Between two restarts passes a random time, `every` on average, spread "
        "evenly from nothing to twice that.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1}\n"
               "  path:   {class: link, delay: 30ms}\n"
               "  end:    {class: discard}\n"
               "  fault:  {class: restarts, part: path, every: 10m}\n"
               "edges:\n"
               "  - source -> path -> end\n",
    .state_octets = sizeof(struct restarts),
    AMTG_PARAMS(AMTG_TEXT(struct restarts, part, NULL, "what to restart: the full name"),
                AMTG_DURATION(struct restarts, every_ns, NULL, 1, 1000 * 24 * 3600 * AMTG_S,
                              "time between restarts, on average"),
                AMTG_DURATION(struct restarts, until_ns, "0s", 0, 1000 * 24 * 3600 * AMTG_S,
                              "time of the run from which on there are none; 0s: no such time")),
    AMTG_COUNTERS([RESTARTS] = {"restarts", "times", "the part was restarted", AMTG_COUNTER}),
    .init = restarts_init,
    .start = restarts_start,
    .stop = restarts_stop,
};
