#include "core/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 64,
    VIRTUAL_POLL = 1024, /* turns of the virtual clock between looks at descriptors */
};

#define VIRTUAL_WALL (946684800ull * AMTG_S) /* 2000-01-01 */

struct amtg_loop {
    enum amtg_clock clock;
    void (*after)(struct amtg_element *e);
    int epoll;
    uint64_t now_ns, zero_ns; /* zero: the system's monotonic clock when the loop was made */
    uint64_t wall_at_zero_ns;
    struct amtg_timer **heap; /* heap[0] is the next to fire */
    uint32_t heap_count, heap_room;
    uint64_t order;
    struct amtg_task *tasks, **tasks_end;
    struct epoll_event events[EVENTS];
    int events_count;
    unsigned holds, watches, turns;
    bool stopping, handling;
    void (*gate)(void *arg, uint64_t next_ns); /* NULL: the virtual clock goes on by itself */
    void *gate_arg;
};

/* ---- clock -------------------------------------------------------------- */

static uint64_t read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * AMTG_S + (uint64_t)ts.tv_nsec;
}

static void refresh_now(struct amtg_loop *loop)
{
    if (loop->clock == AMTG_CLOCK_REAL)
        loop->now_ns = read_clock(CLOCK_MONOTONIC) - loop->zero_ns;
}

uint64_t amtg_loop_now_ns(const struct amtg_loop *loop)
{
    return loop->now_ns;
}

uint64_t amtg_loop_wall_ns(const struct amtg_loop *loop, uint64_t loop_ns)
{
    return loop->wall_at_zero_ns + loop_ns;
}

void amtg_loop_set_wall(struct amtg_loop *loop, uint64_t wall_at_zero_ns)
{
    loop->wall_at_zero_ns = wall_at_zero_ns;
}

/* ---- making ------------------------------------------------------------- */

struct amtg_loop *amtg_loop_new(enum amtg_clock clock, void (*after)(struct amtg_element *e))
{
    struct amtg_loop *loop = calloc(1, sizeof *loop);

    if (!loop)
        return NULL;
    loop->clock = clock;
    loop->after = after;
    loop->tasks_end = &loop->tasks;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        free(loop);
        return NULL;
    }
    if (clock == AMTG_CLOCK_REAL) {
        loop->zero_ns = read_clock(CLOCK_MONOTONIC);
        loop->wall_at_zero_ns = read_clock(CLOCK_REALTIME);
    } else {
        loop->wall_at_zero_ns = VIRTUAL_WALL;
    }
    return loop;
}

void amtg_loop_free(struct amtg_loop *loop)
{
    if (!loop)
        return;
    close(loop->epoll);
    free(loop->heap);
    free(loop);
}

static void done(struct amtg_loop *loop, struct amtg_element *e)
{
    if (e && loop->after)
        loop->after(e);
}

/* ---- timers: a binary heap ---------------------------------------------- */

static bool before(const struct amtg_timer *a, const struct amtg_timer *b)
{
    if (a->deadline_ns != b->deadline_ns)
        return a->deadline_ns < b->deadline_ns;
    return a->order < b->order;
}

static void put(struct amtg_loop *loop, uint32_t i, struct amtg_timer *t)
{
    loop->heap[i] = t;
    t->slot = i + 1;
}

static void sift_up(struct amtg_loop *loop, uint32_t i, struct amtg_timer *t)
{
    while (i > 0 && before(t, loop->heap[(i - 1) / 2])) {
        put(loop, i, loop->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(loop, i, t);
}

static void sift_down(struct amtg_loop *loop, uint32_t i, struct amtg_timer *t)
{
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= loop->heap_count)
            break;
        if (child + 1 < loop->heap_count && before(loop->heap[child + 1], loop->heap[child]))
            child++;
        if (!before(loop->heap[child], t))
            break;
        put(loop, i, loop->heap[child]);
        i = child;
    }
    put(loop, i, t);
}

void amtg_loop_timer_stop(struct amtg_loop *loop, struct amtg_timer *t)
{
    if (!t->slot)
        return;
    uint32_t i = t->slot - 1;
    struct amtg_timer *last = loop->heap[--loop->heap_count];
    t->slot = 0;
    if (last == t)
        return;
    if (i > 0 && before(last, loop->heap[(i - 1) / 2]))
        sift_up(loop, i, last);
    else
        sift_down(loop, i, last);
}

void amtg_loop_timer_start(struct amtg_loop *loop, struct amtg_timer *t, uint64_t delay_ns)
{
    amtg_loop_timer_stop(loop, t);
    if (loop->heap_count == loop->heap_room) {
        uint32_t room = loop->heap_room ? loop->heap_room * 2 : 64;
        struct amtg_timer **heap = realloc(loop->heap, room * sizeof *heap);
        if (!heap)
            abort(); /* a timer that silently never fires would be worse */
        loop->heap = heap;
        loop->heap_room = room;
    }
    t->deadline_ns = delay_ns > UINT64_MAX - loop->now_ns ? UINT64_MAX : loop->now_ns + delay_ns;
    t->order = loop->order++;
    sift_up(loop, loop->heap_count++, t);
}

/* false: the loop stops, or another timer is the first now, or this one has been started anew. */
static bool pass_gate(struct amtg_loop *loop, const struct amtg_timer *t)
{
    uint64_t order = t->order;

    loop->gate(loop->gate_arg, t->deadline_ns);
    return !loop->stopping && loop->heap_count && loop->heap[0] == t && t->order == order;
}

void amtg_loop_set_gate(struct amtg_loop *loop, void (*gate)(void *arg, uint64_t next_ns),
                        void *arg)
{
    loop->gate = gate;
    loop->gate_arg = arg;
}

/* Fire what is due at `now`; timers started meanwhile wait for the next turn. */
static void fire_due(struct amtg_loop *loop)
{
    uint64_t newest = loop->order;

    while (loop->heap_count && !loop->stopping) {
        struct amtg_timer *t = loop->heap[0];
        if (t->deadline_ns > loop->now_ns || t->order >= newest)
            return;
        if (loop->gate && !pass_gate(loop, t))
            continue; /* what happened at the gate may have changed all */
        amtg_loop_timer_stop(loop, t);
        struct amtg_element *e = t->element;
        t->fire(e, t);
        done(loop, e);
    }
}

/* ---- tasks -------------------------------------------------------------- */

void amtg_loop_task_post(struct amtg_loop *loop, struct amtg_task *t)
{
    if (t->posted)
        return;
    t->posted = true;
    t->next = NULL;
    *loop->tasks_end = t;
    loop->tasks_end = &t->next;
}

void amtg_loop_task_cancel(struct amtg_loop *loop, struct amtg_task *t)
{
    if (!t->posted)
        return;
    for (struct amtg_task **at = &loop->tasks; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            if (loop->tasks_end == &t->next)
                loop->tasks_end = at;
            break;
        }
    t->posted = false;
    t->next = NULL;
}

/* Run what is posted now; what that posts waits for the next turn. */
static void run_tasks(struct amtg_loop *loop)
{
    struct amtg_task marker = {.posted = true};

    if (!loop->tasks)
        return;
    *loop->tasks_end = &marker;
    loop->tasks_end = &marker.next;
    while (loop->tasks != &marker) {
        struct amtg_task *t = loop->tasks;
        struct amtg_element *e = t->element;
        loop->tasks = t->next;
        t->posted = false;
        t->next = NULL;
        t->run(e, t);
        done(loop, e);
    }
    loop->tasks = marker.next;
    if (!loop->tasks)
        loop->tasks_end = &loop->tasks;
}

/* ---- descriptors -------------------------------------------------------- */

enum amtg_err amtg_loop_watch_add(struct amtg_loop *loop, struct amtg_watch *w, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = w};

    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, w->fd, &ev) < 0)
        return AMTG_ESYSTEM;
    w->events = events;
    w->added = true;
    loop->watches++;
    return AMTG_OK;
}

void amtg_loop_watch_set(struct amtg_loop *loop, struct amtg_watch *w, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = w};

    if (!w->added || w->events == events)
        return;
    epoll_ctl(loop->epoll, EPOLL_CTL_MOD, w->fd, &ev);
    w->events = events;
}

void amtg_loop_watch_remove(struct amtg_loop *loop, struct amtg_watch *w)
{
    if (!w->added)
        return;
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, w->fd, NULL);
    w->added = false;
    loop->watches--;
    for (int i = 0; i < loop->events_count; i++) /* it may be among what is being handled */
        if (loop->events[i].data.ptr == w)
            loop->events[i].data.ptr = NULL;
}

/* Wait at most wait_ns (UINT64_MAX: for ever) and handle what is ready. */
static void poll_watches(struct amtg_loop *loop, uint64_t wait_ns)
{
    struct timespec ts = {.tv_sec = (time_t)(wait_ns / AMTG_S), .tv_nsec = (long)(wait_ns % AMTG_S)};
    int n = epoll_pwait2(loop->epoll, loop->events, EVENTS, wait_ns == UINT64_MAX ? NULL : &ts, NULL);

    refresh_now(loop);
    loop->handling = true;
    loop->events_count = n > 0 ? n : 0;
    for (int i = 0; i < loop->events_count; i++) {
        struct amtg_watch *w = loop->events[i].data.ptr;
        if (!w)
            continue;
        struct amtg_element *e = w->element;
        w->ready(e, w, loop->events[i].events);
        done(loop, e);
    }
    loop->events_count = 0;
    loop->handling = false;
}

bool amtg_loop_wait(struct amtg_loop *loop, uint64_t wait_ns)
{
    if (loop->handling || loop->stopping)
        return false;
    poll_watches(loop, wait_ns);
    return !loop->stopping;
}

/* ---- running ------------------------------------------------------------ */

void amtg_loop_hold(struct amtg_loop *loop)
{
    loop->holds++;
}

void amtg_loop_release(struct amtg_loop *loop)
{
    loop->holds--;
}

void amtg_loop_stop(struct amtg_loop *loop)
{
    loop->stopping = true;
}

/* Virtual: let the clock jump to the next deadline, at most to `until`. false: nothing happens before it. */
static bool jump(struct amtg_loop *loop, uint64_t until_ns)
{
    if (loop->tasks)
        return true;
    if (!loop->heap_count || loop->heap[0]->deadline_ns > until_ns) {
        if (until_ns != UINT64_MAX)
            loop->now_ns = until_ns;
        return false;
    }
    if (loop->heap[0]->deadline_ns > loop->now_ns)
        loop->now_ns = loop->heap[0]->deadline_ns;
    return true;
}

static uint64_t wait_for(const struct amtg_loop *loop, uint64_t until_ns)
{
    uint64_t next = until_ns;

    if (loop->tasks)
        return 0;
    if (loop->heap_count && loop->heap[0]->deadline_ns < next)
        next = loop->heap[0]->deadline_ns;
    if (next == UINT64_MAX)
        return UINT64_MAX;
    return next > loop->now_ns ? next - loop->now_ns : 0;
}

/* One turn after the tasks: timers, then descriptors. false: the clock has reached until_ns. */
static bool turn(struct amtg_loop *loop, uint64_t until_ns)
{
    if (loop->clock == AMTG_CLOCK_VIRTUAL) {
        bool more = jump(loop, until_ns);
        if (loop->watches && (!more || ++loop->turns % VIRTUAL_POLL == 0))
            poll_watches(loop, 0);
        if (more)
            fire_due(loop);
        return more;
    }
    refresh_now(loop);
    fire_due(loop);
    if (loop->stopping || loop->now_ns >= until_ns)
        return false;
    if (loop->holds || loop->tasks) /* else the run is over: perhaps a timer gave the last hold back */
        poll_watches(loop, wait_for(loop, until_ns));
    return true;
}

void amtg_loop_run(struct amtg_loop *loop, uint64_t until_ns)
{
    loop->stopping = false;
    refresh_now(loop);
    for (;;) {
        run_tasks(loop);
        if (loop->stopping || (!loop->holds && !loop->tasks) || !turn(loop, until_ns))
            return;
    }
}

void amtg_loop_step(struct amtg_loop *loop, uint64_t step_ns)
{
    refresh_now(loop);
    uint64_t until_ns = loop->now_ns + step_ns;

    loop->stopping = false;
    if (loop->clock == AMTG_CLOCK_VIRTUAL) {
        do
            run_tasks(loop);
        while (!loop->stopping && turn(loop, until_ns));
        return;
    }
    run_tasks(loop);
    fire_due(loop);
    poll_watches(loop, wait_for(loop, until_ns));
    run_tasks(loop);
    refresh_now(loop);
    fire_due(loop);
}
