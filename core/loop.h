/*
 * The loop: file descriptors, timers and tasks of one shard, and the only place
 * that reads a clock. Time comes from a real or a virtual clock; on the virtual
 * one nothing waits: the loop jumps to the next deadline. Equal deadlines fire in
 * the order in which they were started.
 *
 * Watches, timers and tasks are embedded in the state of whoever uses them, and
 * belong to an element (or to none): after each callback the loop calls `after`
 * with that element, which is how its collected outputs are flushed.
 * One thread; callbacks may start and stop anything, themselves included.
 */
#ifndef AMTG_CORE_LOOP_H
#define AMTG_CORE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define AMTG_US 1000ull
#define AMTG_MS 1000000ull
#define AMTG_S 1000000000ull

struct amtg_element;
struct amtg_loop;

enum amtg_clock { AMTG_CLOCK_REAL, AMTG_CLOCK_VIRTUAL };

struct amtg_timer {
    void (*fire)(struct amtg_element *e, struct amtg_timer *t);
    struct amtg_element *element;
    uint64_t deadline_ns; /* meaningful while running */
    uint64_t order;       /* breaks ties */
    uint32_t slot;        /* place in the heap + 1; 0: not running */
};

struct amtg_task {
    void (*run)(struct amtg_element *e, struct amtg_task *t);
    struct amtg_element *element;
    struct amtg_task *next;
    bool posted;
};

struct amtg_watch {
    void (*ready)(struct amtg_element *e, struct amtg_watch *w, uint32_t events); /* EPOLLIN ... */
    struct amtg_element *element;
    int fd; /* stays the caller's */
    uint32_t events; /* what is waited for now; 0: disarmed */
    bool added;
};

/* after: called after each callback with its element, when that is not NULL. */
struct amtg_loop *amtg_loop_new(enum amtg_clock clock, void (*after)(struct amtg_element *e));
void amtg_loop_free(struct amtg_loop *loop);

/*
 * Nanoseconds since the loop was made; moves only between callbacks.
 * amtg_loop_wall_ns adds the date at which it was made (virtual: 2000-01-01, or
 * what amtg_loop_set_wall was given).
 */
uint64_t amtg_loop_now_ns(const struct amtg_loop *loop);
uint64_t amtg_loop_wall_ns(const struct amtg_loop *loop, uint64_t loop_ns);
void amtg_loop_set_wall(struct amtg_loop *loop, uint64_t wall_at_zero_ns);

/* (Re)start: fires once, delay_ns from now. Restarting moves it. */
void amtg_loop_timer_start(struct amtg_loop *loop, struct amtg_timer *t, uint64_t delay_ns);
void amtg_loop_timer_stop(struct amtg_loop *loop, struct amtg_timer *t); /* harmless when not running */
static inline bool amtg_timer_running(const struct amtg_timer *t)
{
    return t->slot != 0;
}

/* Run soon, after what is ready now; posting twice runs once. */
void amtg_loop_task_post(struct amtg_loop *loop, struct amtg_task *t);
void amtg_loop_task_cancel(struct amtg_loop *loop, struct amtg_task *t);

/* Wait for events on w->fd (level triggered). set with 0 disarms but keeps it. */
enum amtg_err amtg_loop_watch_add(struct amtg_loop *loop, struct amtg_watch *w, uint32_t events);
void amtg_loop_watch_set(struct amtg_loop *loop, struct amtg_watch *w, uint32_t events);
void amtg_loop_watch_remove(struct amtg_loop *loop, struct amtg_watch *w);

/*
 * Somebody who decides when the virtual clock goes on, for looking at a run step by step: the
 * gate is called before each timer fires, with the time at which it does. It may take its
 * time, by amtg_loop_wait: handle what is ready on descriptors, waiting at most wait_ns of
 * real time. false: the loop is to stop; or it is handling such already, and nobody may wait.
 */
void amtg_loop_set_gate(struct amtg_loop *loop, void (*gate)(void *arg, uint64_t next_ns),
                        void *arg);
bool amtg_loop_wait(struct amtg_loop *loop, uint64_t wait_ns);

/*
 * What keeps a run going: sources hold the loop while they may still produce.
 * amtg_loop_run ends when nothing holds it and no task is posted, when
 * amtg_loop_stop was called, or when the clock reaches until_ns (UINT64_MAX: never).
 */
void amtg_loop_hold(struct amtg_loop *loop);
void amtg_loop_release(struct amtg_loop *loop);
void amtg_loop_stop(struct amtg_loop *loop);
void amtg_loop_run(struct amtg_loop *loop, uint64_t until_ns);
/*
 * For tests: run all that is due up to now + step_ns. Virtual: the clock then
 * stands at now + step_ns. Real: waits at most step_ns for something to do, and
 * does that.
 */
void amtg_loop_step(struct amtg_loop *loop, uint64_t step_ns);

#endif
