#include "tools/amtgraph/run/drain.h"

#include <stdio.h>

#include "core/table.h"

/* What all shards are asked, and what they say in all. */
struct question {
    bool on;
    unsigned sum;
};

static void ask_drain(struct amtg_shards *s, void *arg)
{
    struct question *q = arg;

    for (unsigned i = 0; i < amtg_shards_count(s); i++)
        q->sum += amtg_runtime_drain(amtg_shards_runtimes(s)[i], q->on);
}

static void ask_left(struct amtg_shards *s, void *arg)
{
    struct question *q = arg;

    for (unsigned i = 0; i < amtg_shards_count(s); i++)
        q->sum += amtg_runtime_left(amtg_shards_runtimes(s)[i]) != 0;
}

static unsigned ask(struct drain *d, void (*what)(struct amtg_shards *s, void *arg), bool on)
{
    struct question q = {.on = on};

    if (d->threads)
        amtg_shards_pause(d->shards, what, &q);
    else
        what(d->shards, &q);
    return q.sum;
}

static void look(struct amtg_element *e, struct amtg_timer *t)
{
    struct drain *d = AMTG_CONTAINER(t, struct drain, timer);
    uint64_t now = amtg_loop_now_ns(d->loop), left = d->end_ns > now ? d->end_ns - now : 0;

    (void)e;
    if (left == 0 || ask(d, ask_left, false) == 0)
        amtg_loop_stop(d->loop);
    else
        amtg_loop_timer_start(d->loop, t, left < AMTG_S ? left : AMTG_S);
}

void drain_end(struct drain *d)
{
    if (d->ending || !d->longest_ns || !ask(d, ask_drain, true)) {
        amtg_loop_stop(d->loop);
        return;
    }
    fprintf(stderr, "amtgraph: draining; one more signal stops at once\n");
    d->ending = true;
    d->end_ns = amtg_loop_now_ns(d->loop) + d->longest_ns;
    d->timer.fire = look;
    look(NULL, &d->timer);
}

void drain_toggle(struct drain *d)
{
    const char *what = "nothing of this graph can refuse anybody";

    if (d->ending)
        return;
    if (ask(d, ask_drain, !d->refusing)) {
        d->refusing = !d->refusing;
        what = d->refusing ? "nobody new is served from now on; once more to undo it"
                           : "everybody is served again";
    }
    fprintf(stderr, "amtgraph: SIGUSR2: %s\n", what);
}

void drain_stop(struct drain *d)
{
    amtg_loop_timer_stop(d->loop, &d->timer);
}
