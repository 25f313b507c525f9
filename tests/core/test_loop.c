/* The loop: order of timers and tasks, the virtual clock, descriptors, what keeps a run going. */
#include "tests/support/suite.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "core/loop.h"

static struct amtg_loop *loop;
static char trace[256];

struct named {
    struct amtg_timer timer;
    struct amtg_task task;
    char name;
    unsigned again; /* how often it restarts or posts itself */
};

static void note(char name)
{
    if (!name) /* only its deadline matters */
        return;
    size_t len = strlen(trace);
    ck_assert_uint_lt(len, sizeof trace - 1);
    trace[len] = name;
}

static void fire(struct amtg_element *e, struct amtg_timer *t)
{
    struct named *n = (struct named *)t;
    (void)e;
    note(n->name);
    if (n->again) {
        n->again--;
        amtg_loop_timer_start(loop, t, 0);
    }
}

static void run(struct amtg_element *e, struct amtg_task *t)
{
    struct named *n = (struct named *)((char *)t - offsetof(struct named, task));
    (void)e;
    note(n->name);
    if (n->again) {
        n->again--;
        amtg_loop_task_post(loop, t);
    }
}

static struct named named(char name)
{
    return (struct named){.name = name, .timer.fire = fire, .task.run = run};
}

static void begin(enum amtg_clock clock)
{
    memset(trace, 0, sizeof trace);
    loop = amtg_loop_new(clock, NULL);
    ck_assert_ptr_nonnull(loop);
}

START_TEST(timers_fire_by_deadline_then_by_order_of_start)
{
    struct named t[] = {named('a'), named('b'), named('c'), named('d'), named('e')};
    static const uint64_t delays[] = {50, 10, 50, 30, 10};

    begin(AMTG_CLOCK_VIRTUAL);
    for (int i = 0; i < 5; i++)
        amtg_loop_timer_start(loop, &t[i].timer, delays[i]);
    amtg_loop_step(loop, 49);
    ck_assert_str_eq(trace, "bed");
    ck_assert_uint_eq(amtg_loop_now_ns(loop), 49);
    amtg_loop_step(loop, 1);
    ck_assert_str_eq(trace, "bedac");
    amtg_loop_free(loop);
}
END_TEST

START_TEST(restarting_moves_a_timer_and_stopping_removes_it)
{
    struct named a = named('a'), b = named('b'), c = named('c');

    begin(AMTG_CLOCK_VIRTUAL);
    amtg_loop_timer_start(loop, &a.timer, 10);
    amtg_loop_timer_start(loop, &b.timer, 20);
    amtg_loop_timer_start(loop, &c.timer, 30);
    amtg_loop_timer_start(loop, &a.timer, 25);
    amtg_loop_timer_stop(loop, &c.timer);
    amtg_loop_timer_stop(loop, &c.timer);
    ck_assert(!amtg_timer_running(&c.timer));
    amtg_loop_step(loop, 100);
    ck_assert_str_eq(trace, "ba");
    amtg_loop_free(loop);
}
END_TEST

START_TEST(a_delay_beyond_the_end_of_time_ends_there)
{
    struct named a = named('a'), b = named('b');

    begin(AMTG_CLOCK_VIRTUAL);
    amtg_loop_step(loop, 100);
    amtg_loop_timer_start(loop, &a.timer, UINT64_MAX);
    amtg_loop_timer_start(loop, &b.timer, 10);
    amtg_loop_step(loop, 1000 * AMTG_S);
    ck_assert_str_eq(trace, "b");
    ck_assert_uint_eq(a.timer.deadline_ns, UINT64_MAX);
    amtg_loop_free(loop);
}
END_TEST

START_TEST(the_heap_keeps_its_order_under_random_use)
{
    enum { TIMERS = 500 };
    static struct named t[TIMERS];
    uint32_t seed = 1;
    uint64_t last = 0;

    begin(AMTG_CLOCK_VIRTUAL);
    for (int round = 0; round < 4 * TIMERS; round++) {
        struct named *n = &t[((seed = seed * 1664525 + 1013904223) >> 8) % TIMERS];
        n->timer.fire = fire;
        if (seed >> 20 & 3)
            amtg_loop_timer_start(loop, &n->timer, seed >> 12 & 0xffff);
        else
            amtg_loop_timer_stop(loop, &n->timer);
    }
    for (;;) { /* look at every deadline in turn */
        uint64_t next = UINT64_MAX;
        for (int i = 0; i < TIMERS; i++)
            if (amtg_timer_running(&t[i].timer) && t[i].timer.deadline_ns < next)
                next = t[i].timer.deadline_ns;
        if (next == UINT64_MAX)
            break;
        ck_assert_uint_ge(next, last);
        last = next;
        memset(trace, 0, sizeof trace);
        amtg_loop_step(loop, next - amtg_loop_now_ns(loop));
        for (int i = 0; i < TIMERS; i++)
            ck_assert(!amtg_timer_running(&t[i].timer) || t[i].timer.deadline_ns > next);
    }
    amtg_loop_free(loop);
}
END_TEST

START_TEST(a_timer_that_restarts_at_once_leaves_room_for_others)
{
    struct named a = named('a'), b = named('b');

    begin(AMTG_CLOCK_VIRTUAL);
    a.again = 3;
    amtg_loop_timer_start(loop, &a.timer, 0);
    amtg_loop_timer_start(loop, &b.timer, 0);
    amtg_loop_step(loop, 0);
    ck_assert_str_eq(trace, "abaaa");
    amtg_loop_free(loop);
}
END_TEST

static struct named posted;

static void fire_and_post(struct amtg_element *e, struct amtg_timer *t)
{
    amtg_loop_task_post(loop, &posted.task);
    fire(e, t);
}

START_TEST(a_timer_that_restarts_at_once_lets_tasks_run_in_between)
{
    struct named a = named('a');

    begin(AMTG_CLOCK_VIRTUAL);
    posted = named('t');
    a.timer.fire = fire_and_post;
    a.again = 2;
    amtg_loop_timer_start(loop, &a.timer, 0);
    amtg_loop_step(loop, 0);
    ck_assert_str_eq(trace, "atatat");
    amtg_loop_free(loop);
}
END_TEST

START_TEST(tasks_run_in_order_once_and_what_they_post_comes_later)
{
    struct named a = named('a'), b = named('b'), c = named('c');

    begin(AMTG_CLOCK_VIRTUAL);
    a.again = 1;
    amtg_loop_task_post(loop, &a.task);
    amtg_loop_task_post(loop, &b.task);
    amtg_loop_task_post(loop, &b.task);
    amtg_loop_task_post(loop, &c.task);
    amtg_loop_task_cancel(loop, &c.task);
    amtg_loop_step(loop, 0);
    ck_assert_str_eq(trace, "aba");
    amtg_loop_free(loop);
}
END_TEST

START_TEST(a_virtual_day_takes_no_time_and_ends_where_it_was_told)
{
    struct named a = named('a');

    begin(AMTG_CLOCK_VIRTUAL);
    amtg_loop_hold(loop);
    amtg_loop_timer_start(loop, &a.timer, 23 * 3600 * AMTG_S);
    amtg_loop_run(loop, 24 * 3600 * AMTG_S);
    ck_assert_str_eq(trace, "a");
    ck_assert_uint_eq(amtg_loop_now_ns(loop), 24 * 3600 * AMTG_S);
    ck_assert_uint_eq(amtg_loop_wall_ns(loop, 0), 946684800ull * AMTG_S);
    amtg_loop_free(loop);
}
END_TEST

START_TEST(a_run_ends_when_nothing_holds_it)
{
    struct named a = named('a'), b = named('b');

    begin(AMTG_CLOCK_VIRTUAL);
    amtg_loop_timer_start(loop, &a.timer, 10); /* a timer alone is no reason to go on */
    amtg_loop_task_post(loop, &b.task);        /* a task is */
    amtg_loop_run(loop, UINT64_MAX);
    ck_assert_str_eq(trace, "b");
    amtg_loop_free(loop);
}
END_TEST

struct reader {
    struct amtg_watch watch;
    struct amtg_watch *other; /* removed by the callback */
    unsigned calls;
};

static void readable(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    struct reader *r = (struct reader *)w;
    char octet;
    (void)e;
    ck_assert(events & EPOLLIN);
    r->calls++;
    if (r->other)
        amtg_loop_watch_remove(loop, r->other);
    else
        ck_assert_int_eq(read(w->fd, &octet, 1), 1);
}

START_TEST(descriptors_are_watched_disarmed_and_removed_even_while_ready)
{
    struct reader a = {.watch.ready = readable}, b = {.watch.ready = readable};
    int one[2], two[2];

    begin(AMTG_CLOCK_REAL);
    ck_assert(pipe(one) == 0 && pipe(two) == 0);
    a.watch.fd = one[0];
    b.watch.fd = two[0];
    ck_assert_int_eq(amtg_loop_watch_add(loop, &a.watch, EPOLLIN), AMTG_OK);
    ck_assert_int_eq(amtg_loop_watch_add(loop, &b.watch, EPOLLIN), AMTG_OK);
    ck_assert(write(one[1], "x", 1) == 1);
    amtg_loop_step(loop, AMTG_S);
    ck_assert_uint_eq(a.calls, 1);
    ck_assert_uint_eq(b.calls, 0);

    amtg_loop_watch_set(loop, &a.watch, 0);
    ck_assert(write(one[1], "x", 1) == 1);
    amtg_loop_step(loop, 0);
    ck_assert_uint_eq(a.calls, 1);

    amtg_loop_watch_set(loop, &a.watch, EPOLLIN); /* both ready: whoever comes first removes the other */
    ck_assert(write(two[1], "x", 1) == 1);
    a.other = &b.watch;
    b.other = &a.watch;
    amtg_loop_step(loop, AMTG_S);
    ck_assert_uint_eq(a.calls - 1 + b.calls, 1);
    amtg_loop_watch_remove(loop, &a.watch);
    amtg_loop_watch_remove(loop, &b.watch);
    for (int i = 0; i < 2; i++) {
        close(one[i]);
        close(two[i]);
    }
    amtg_loop_free(loop);
}
END_TEST

START_TEST(the_real_clock_waits_for_its_timer)
{
    struct named a = named('a');

    begin(AMTG_CLOCK_REAL);
    amtg_loop_hold(loop);
    amtg_loop_timer_start(loop, &a.timer, AMTG_MS);
    amtg_loop_run(loop, 3 * AMTG_MS);
    ck_assert_str_eq(trace, "a");
    ck_assert_uint_ge(amtg_loop_now_ns(loop), 3 * AMTG_MS);
    amtg_loop_free(loop);
}
END_TEST

static void fire_and_release(struct amtg_element *e, struct amtg_timer *t)
{
    (void)e;
    (void)t;
    amtg_loop_release(loop);
}

START_TEST(on_the_real_clock_a_run_ends_when_a_timer_gives_the_last_hold_back)
{
    struct amtg_timer last = {.fire = fire_and_release};

    begin(AMTG_CLOCK_REAL);
    amtg_loop_hold(loop);
    amtg_loop_timer_start(loop, &last, AMTG_MS);
    amtg_loop_run(loop, UINT64_MAX); /* would wait for ever */
    amtg_loop_free(loop);
}
END_TEST

/* ---- the gate ------------------------------------------------------------- */

static struct named *held; /* what the gate does something about when it is asked for `at` */
static uint64_t held_at, held_for;
static unsigned asked;

static void gate(void *arg, uint64_t next_ns)
{
    ck_assert_ptr_eq(arg, &asked);
    asked++;
    if (held && next_ns == held_at) {
        struct named *n = held;
        held = NULL;
        if (held_for == UINT64_MAX)
            amtg_loop_stop(loop);
        else if (held_for)
            amtg_loop_timer_start(loop, &n->timer, held_for);
        else
            amtg_loop_timer_stop(loop, &n->timer);
    }
}

static void begin_gated(struct named *t, unsigned count)
{
    begin(AMTG_CLOCK_VIRTUAL);
    asked = 0;
    amtg_loop_set_gate(loop, gate, &asked);
    for (unsigned i = 0; i < count; i++)
        amtg_loop_timer_start(loop, &t[i].timer, 10 * (i + 1));
}

START_TEST(the_gate_is_asked_before_each_timer)
{
    struct named t[] = {named('a'), named('b'), named('c')};

    begin_gated(t, 3);
    amtg_loop_step(loop, 20);
    ck_assert_str_eq(trace, "ab");
    ck_assert_uint_eq(asked, 2);
    amtg_loop_free(loop);
}
END_TEST

/* At the gate anybody may be told anything: a timer may be put off, or stopped, or another be earlier. */
START_TEST(a_timer_that_is_put_off_at_the_gate_fires_when_it_is_due)
{
    struct named t[] = {named('a')};

    begin_gated(t, 1);
    held = &t[0];
    held_at = 10;
    held_for = 100;
    amtg_loop_step(loop, 109);
    ck_assert_str_eq(trace, "");
    amtg_loop_step(loop, 1);
    ck_assert_str_eq(trace, "a");
    amtg_loop_free(loop);
}
END_TEST

START_TEST(a_timer_that_is_stopped_at_the_gate_does_not_fire)
{
    struct named t[] = {named('a'), named('b')};

    begin_gated(t, 2);
    held = &t[0];
    held_at = 10;
    held_for = 0;
    amtg_loop_step(loop, 100);
    ck_assert_str_eq(trace, "b");
    amtg_loop_free(loop);
}
END_TEST

START_TEST(a_loop_that_is_stopped_at_the_gate_fires_nothing)
{
    struct named t[] = {named('a'), named('b')};

    begin_gated(t, 2);
    held = &t[1];
    held_at = 20;
    held_for = UINT64_MAX;
    amtg_loop_step(loop, 100);
    ck_assert_str_eq(trace, "a");
    ck_assert(!amtg_loop_wait(loop, 0));
    amtg_loop_free(loop);
}
END_TEST

AMTG_SUITE("loop", timers_fire_by_deadline_then_by_order_of_start,
           restarting_moves_a_timer_and_stopping_removes_it,
           a_delay_beyond_the_end_of_time_ends_there,
           the_heap_keeps_its_order_under_random_use,
           a_timer_that_restarts_at_once_leaves_room_for_others,
           a_timer_that_restarts_at_once_lets_tasks_run_in_between,
           tasks_run_in_order_once_and_what_they_post_comes_later,
           a_virtual_day_takes_no_time_and_ends_where_it_was_told,
           a_run_ends_when_nothing_holds_it,
           descriptors_are_watched_disarmed_and_removed_even_while_ready,
           the_real_clock_waits_for_its_timer,
           on_the_real_clock_a_run_ends_when_a_timer_gives_the_last_hold_back,
           the_gate_is_asked_before_each_timer,
           a_timer_that_is_put_off_at_the_gate_fires_when_it_is_due,
           a_timer_that_is_stopped_at_the_gate_does_not_fire,
           a_loop_that_is_stopped_at_the_gate_fires_nothing)
