/* The pace of a virtual run: told by "pace", followed by "crossings". */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/diag.h"
#include "core/param.h"
#include "tools/amtgraph/admin/private.h"
#include "tools/amtgraph/run/pace.h"

enum {
    ON_THE_WAY = 256, /* crossings that nobody has read yet; more are left out */
    BURST = 256,      /* crossings at once while it does not stop at each ... */
    PER_MS = 20,      /* ... and so long for each of those that follow: nobody could follow more */
};

/* ---- told -------------------------------------------------------------------------------- */

struct order {
    enum pace_mode mode;
    uint64_t until_ns;
    double speed;
};

static void pace_there(struct admin_visit *v)
{
    const struct order *order = v->subject;

    if (order)
        pace_set(v->admin->pace, order->mode, order->until_ns, order->speed);
    v->result = pace_state(v->admin->pace);
}

static void pace_back(struct admin_visit *v)
{
    admin_answer(v->question, json_pack("{sO}", "pace", v->result), true);
}

static bool order_read(struct admin_question *q, struct order *order)
{
    static const char *const steps[] = {"pause", "packet", "event", "until", "play"};
    const char *step = json_string_value(json_object_get(q->request, "step"));
    const json_t *speed = json_object_get(q->request, "speed");
    const char *until = json_string_value(json_object_get(q->request, "until"));
    unsigned i = 0;

    while (step && i < 5 && strcmp(steps[i], step))
        i++;
    order->mode = (enum pace_mode)i;
    order->speed = speed ? json_number_value(speed) : 1;
    if (!step || i == 5)
        admin_refuse(q, "\"step\": pause, packet, event, until or play expected");
    else if (speed && (!json_is_number(speed) || !(order->speed == 0 || (order->speed >= 1e-6 && order->speed <= 1e9))))
        admin_refuse(q, "\"speed\": seconds a second expected; 0: as fast as it can");
    else if (i == PACE_UNTIL && (!until || !amtg_duration_parse(until, &order->until_ns)))
        admin_refuse(q, "\"until\": a time such as 1m30s expected");
    else
        return true;
    return false;
}

static bool is_paced(struct admin_question *q)
{
    if (!q->admin->pace)
        admin_refuse(q, "this run keeps its own pace: only `run --virtual --paused` can be told");
    return q->admin->pace != NULL;
}

static void pace_begin_question(struct admin_question *q)
{
    struct order *order = calloc(1, sizeof *order);

    q->of_kind = order;
    if (!is_paced(q))
        return;
    if (!order)
        admin_refuse(q, "%s", amtg_err_text(AMTG_ENOMEM));
    else if (order_read(q, order))
        admin_visit(q, 0, &(struct admin_visit){.there = pace_there, .back = pace_back, .subject = order});
}

static void pace_end(struct admin_question *q)
{
    free(q->of_kind);
}

const struct admin_kind admin_kind_pace = {.name = "pace",
                                           .help = "have a virtual run go on, or stand still",
                                           .changes = true,
                                           .begin = pace_begin_question,
                                           .end = pace_end};

/* ---- followed ------------------------------------------------------------------------------ */

struct news {
    struct amtg_letter letter;
    struct admin *admin;
    json_t *line;
    bool crossing;
};

extern const struct admin_kind admin_kind_crossings;

static void news_free(struct amtg_letter *l)
{
    struct news *n = (struct news *)l;

    json_decref(n->line);
    free(n);
}

/* Crossings are left out for who does not read them; where the run stands is told to everybody. */
static bool is_told(const struct admin_question *q, const struct news *n)
{
    struct admin_asker *asker = q->asker;

    return q->kind == &admin_kind_crossings && asker &&
           !(n->crossing && asker->full && asker->full(asker));
}

/* In the admin thread: to all who follow. */
static void open_news(struct amtg_letter *l)
{
    struct news *n = (struct news *)l;

    atomic_fetch_sub(&n->admin->news_on_the_way, n->crossing);
    for (struct admin_question *q = n->admin->questions, *next; q; q = next) {
        next = q->next;
        if (is_told(q, n))
            admin_answer(q, json_copy(n->line), false);
    }
    news_free(l);
}

/* Is it too early to tell of another one? */
static bool is_too_fast(struct admin *a)
{
    struct timespec ts;

    if (!pace_is_fast(a->pace))
        return false;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    uint64_t now = (uint64_t)ts.tv_sec * AMTG_S + (uint64_t)ts.tv_nsec;
    uint64_t more = (now - a->news_ns) / (PER_MS * AMTG_MS);
    if (more) {
        a->news_left = more < BURST - a->news_left ? a->news_left + (unsigned)more : BURST;
        a->news_ns = now;
    }
    if (!a->news_left)
        return true;
    a->news_left--;
    return false;
}

/* In the thread of the run. */
static void spread(void *arg, bool crossing)
{
    struct admin *a = arg;

    if (crossing && is_too_fast(a))
        return;
    struct news *n = malloc(sizeof *n);
    if (!n || (crossing && atomic_load(&a->news_on_the_way) >= ON_THE_WAY)) {
        free(n);
        return;
    }
    *n = (struct news){.letter = {.open = open_news, .discard = news_free}, .admin = a, .crossing = crossing};
    n->line = crossing ? json_pack("{so*}", "crossing", pace_crossing(a->pace))
                       : json_pack("{so}", "pace", pace_state(a->pace));
    atomic_fetch_add(&a->news_on_the_way, crossing);
    amtg_mailbox_order(&a->mailbox, &n->letter);
}

static void follow_there(struct admin_visit *v)
{
    struct admin *a = v->admin;

    a->followers++;
    pace_set_listener(a->pace, spread, a);
    v->result = json_pack("{so so*}", "pace", pace_state(a->pace), "crossing", pace_crossing(a->pace));
}

static void follow_back(struct admin_visit *v)
{
    admin_answer(v->question, json_incref(v->result), false);
}

static void leave_there(struct admin_visit *v)
{
    if (--v->admin->followers == 0)
        pace_set_listener(v->admin->pace, NULL, NULL);
}

static void crossings_begin(struct admin_question *q)
{
    if (is_paced(q))
        admin_visit(q, 0, &(struct admin_visit){.there = follow_there, .back = follow_back});
}

static void crossings_cancel(struct admin_question *q)
{
    admin_visit(q, 0, &(struct admin_visit){.there = leave_there});
}

const struct admin_kind admin_kind_crossings = {
    .name = "crossings",
    .help = "each packet that crosses an edge of a virtual run, and what its element did to it",
    .begin = crossings_begin,
    .cancel = crossings_cancel};
