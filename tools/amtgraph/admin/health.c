/* Does each shard answer? It is waited for a while; the answer says who did not in that time. */
#include <stdlib.h>

#include "core/table.h"
#include "tools/amtgraph/admin/private.h"

enum { PATIENCE_MS = 1000 };

struct health {
    struct admin_question *question;
    struct amtg_timer timer;
};

static void there(struct admin_visit *v)
{
    (void)v; /* to have been there is all */
}

static void back(struct admin_visit *v)
{
    struct admin_question *q = v->question;
    struct health *h = q->of_kind;

    if (q->away > 1)
        return;
    amtg_loop_timer_stop(q->admin->loop, &h->timer);
    admin_answer(q, json_pack("{sb}", "healthy", 1), true);
}

static void on_timer(struct amtg_element *e, struct amtg_timer *t)
{
    struct admin_question *q = AMTG_CONTAINER(t, struct health, timer)->question;

    (void)e;
    admin_answer(q,
                 json_pack("{sb so}", "healthy", 0, "why",
                           json_sprintf("%u of %u shards have not answered within %d ms", q->away,
                                        admin_shards_count(q->admin), PATIENCE_MS)),
                 true);
}

static void begin(struct admin_question *q)
{
    struct health *h = q->of_kind = calloc(1, sizeof *h);

    if (!h) {
        admin_refuse(q, "%s", amtg_err_text(AMTG_ENOMEM));
        return;
    }
    h->question = q;
    h->timer.fire = on_timer;
    amtg_loop_timer_start(q->admin->loop, &h->timer, PATIENCE_MS * AMTG_MS);
    admin_visit_all(q, &(struct admin_visit){.there = there, .back = back});
}

static void end(struct admin_question *q)
{
    struct health *h = q->of_kind;

    if (h)
        amtg_loop_timer_stop(q->admin->loop, &h->timer);
    free(h);
}

const struct admin_kind admin_kind_health = {.name = "health",
                                             .help = "whether each shard answers within a second",
                                             .begin = begin,
                                             .end = end};
