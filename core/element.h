/*
 * What an element is, and what it may call. An element file includes this
 * header, the codecs it needs, and nothing else of the framework.
 *
 * The constant `struct amtg_class` at the end of each element file is the only
 * place that says what the class's ports, parameters, counters and drop reasons
 * are. Parsing, checks, help, reference pages and metrics all read it.
 *
 * Ownership: `push` hands over a batch. Each packet of it must be emitted
 * (amtg_emit), dropped under a name (amtg_drop), finished (amtg_finish: it did
 * what it came for), or kept, to be emitted, dropped or finished later. `stop`
 * drops what is kept. The test rig proves that each packet is accounted for.
 *
 * Outputs are collected and pushed on by the framework after the push, timer,
 * task or watch that filled them (or when a batch is full).
 */
#ifndef AMTG_CORE_ELEMENT_H
#define AMTG_CORE_ELEMENT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/loop.h"
#include "core/packet.h"
#include "core/param.h"
#include "core/type.h"

struct amtg_runtime;
struct amtg_check;
struct amtg_rows;

/* ---- the descriptor ----------------------------------------------------- */

enum amtg_port_flags {
    AMTG_TO = 1,           /* input: takes addressed packets only; output: gives addressed ones */
    AMTG_CARRIES_TYPE = 2, /* output: the type of what comes in (nearest common ancestor), at most `type` */
    AMTG_CARRIES_TO = 4,   /* output: addressed if all that comes in is */
    AMTG_MAY_BE_OPEN = 8,  /* may stay unconnected: an output then drops as `open` */
    AMTG_MANY = 16,        /* output: stands for one port per item of the parameter `ports_from` */
};

struct amtg_port {
    const char *name;
    const struct amtg_type *type;
    const char *help;
    unsigned flags;
};

enum amtg_counter_kind {
    AMTG_COUNTER, /* only grows */
    AMTG_GAUGE,   /* a present amount */
};

struct amtg_counter {
    const char *name; /* lower-case with dashes */
    const char *unit; /* "packets", "octets", "endpoints", ... */
    const char *help;
    enum amtg_counter_kind kind;
};

struct amtg_reason {
    const char *name; /* lower-case with dashes */
    const char *help; /* when, and by which rule */
};

/* Something that one element offers to others by reference (3.4 of the plan). */
struct amtg_interface {
    const char *name;
    const char *summary;
};

/*
 * What an element shows when asked: a table, filled in by `rows` in the thread of the
 * element. Listings of one name, of whichever classes, are shown as one.
 */
struct amtg_column {
    const char *name; /* lower-case with dashes */
    const char *unit; /* of numbers; NULL: texts */
    const char *help;
};

struct amtg_listing {
    const char *name; /* "gateways" */
    const char *help;
    const struct amtg_column *columns;
    unsigned columns_count;
    /*
     * Write some rows (listing.h), from cursor 0 on; returns where to go on, 0 at the end.
     * At most a few hundred at a time: packets wait meanwhile.
     */
    uint64_t (*rows)(struct amtg_element *e, uint64_t cursor, struct amtg_rows *rows);
};

/* What an element does when told: its arguments are scalars and texts, in the order given. */
struct amtg_call {
    const char *name;
    const char *help;
    size_t args_octets;
    const struct amtg_param *params;
    unsigned params_count;
    /* args: filled in, lent. On failure amtg_fail has said why; nothing has changed then. */
    enum amtg_err (*run)(struct amtg_element *e, const void *args);
};

struct amtg_provided {
    const struct amtg_interface *interface;
    const void *ops;          /* a struct that the interface's header declares */
    const void *stand_in_ops; /* host classes: used while the boundary takes their place; may be NULL */
};

/*
 * The interface `drain`: whoever serves peers can be asked to take on nobody new, and to
 * tell all who ask, ahead of a stop. amtgraph run asks it of all that offer it.
 */
extern const struct amtg_interface amtg_drain;

struct amtg_drain_ops {
    void (*drain)(struct amtg_element *e, bool on);
    uint64_t (*left)(struct amtg_element *e); /* peers that are being served */
};

enum amtg_class_flags {
    AMTG_HOST = 1,    /* touches the host (sockets, devices): replaced by the boundary on captures */
    AMTG_BREAKS = 2,  /* never emits from inside its push, so a cycle may pass through it */
    AMTG_ORDERED = 4, /* its outputs must not overtake each other */
    AMTG_SINGLE = 8,  /* cannot be copied for another shard */
    AMTG_NET_ADMIN = 16, /* sets interfaces up while it runs: amtgraph run keeps CAP_NET_ADMIN */
    AMTG_STDOUT = 32, /* standard output is its own: amtgraph run prints on standard error */
};

struct amtg_class {
    const char *name;    /* lower-case with dashes */
    const char *summary; /* one line, no full stop */
    const char *details; /* paragraphs for the reference page: rules, RFC sections; may be NULL */
    const char *example; /* YAML lines of `elements:` and `edges:` that work; may be NULL */
    unsigned flags;

    size_t state_octets; /* zeroed and filled from `params` before init */

    const struct amtg_port *inputs, *outputs;
    unsigned inputs_count, outputs_count;
    const char *ports_from; /* the list or map parameter that names the AMTG_MANY output ports */
    /* How many ports item `item` of it stands for: a row, "name[0]" ..; 0: one, "name". NULL: always one. */
    unsigned (*row)(const void *state, unsigned item);

    const struct amtg_param *params;
    unsigned params_count;
    const struct amtg_counter *counters;
    unsigned counters_count;
    const struct amtg_reason *drops;
    unsigned drops_count;
    const struct amtg_provided *provides;
    unsigned provides_count;
    const struct amtg_listing *listings;
    unsigned listings_count;
    const struct amtg_call *calls;
    unsigned calls_count;

    /* Relations between parameters; touches nothing outside `state`. NULL: none. */
    void (*check)(const void *state, struct amtg_check *check);
    /* Most packets it may keep at a time (queues, sockets); NULL: none. */
    uint32_t (*keeps)(const void *state);

    /*
     * init: memory only, no host; its own fini is not called when it fails.
     * start: open sockets, start timers; upstream before downstream. On failure say
     * why with amtg_fail and leave nothing behind; stop is then not called.
     * stop: mirror of start; timers, tasks, watches removed, kept packets dropped.
     * fini: mirror of init. Any of the four may be NULL.
     */
    enum amtg_err (*init)(struct amtg_element *e);
    enum amtg_err (*start)(struct amtg_element *e);
    void (*stop)(struct amtg_element *e);
    void (*fini)(struct amtg_element *e);

    void (*push)(struct amtg_element *e, unsigned in, struct amtg_batch *batch);
};

/* Tables in a descriptor: the array and its length at once. */
#define AMTG_COUNT_OF_(...) (sizeof(__VA_ARGS__) / sizeof((__VA_ARGS__)[0]))
#define AMTG_TABLE_(field, type, ...)                                                        \
    field = (const type[]){__VA_ARGS__}, .field##_count = AMTG_COUNT_OF_((const type[]){__VA_ARGS__})
#define AMTG_INPUTS(...) .AMTG_TABLE_(inputs, struct amtg_port, __VA_ARGS__)
#define AMTG_OUTPUTS(...) .AMTG_TABLE_(outputs, struct amtg_port, __VA_ARGS__)
#define AMTG_PARAMS(...) .AMTG_TABLE_(params, struct amtg_param, __VA_ARGS__)
#define AMTG_COUNTERS(...) .AMTG_TABLE_(counters, struct amtg_counter, __VA_ARGS__)
#define AMTG_DROPS(...) .AMTG_TABLE_(drops, struct amtg_reason, __VA_ARGS__)
#define AMTG_PROVIDES(...) .AMTG_TABLE_(provides, struct amtg_provided, __VA_ARGS__)
#define AMTG_LISTINGS(...) .AMTG_TABLE_(listings, struct amtg_listing, __VA_ARGS__)
#define AMTG_COLUMNS(...) .AMTG_TABLE_(columns, struct amtg_column, __VA_ARGS__)
#define AMTG_CALLS(...) .AMTG_TABLE_(calls, struct amtg_call, __VA_ARGS__)

/* For `check`: a problem with a parameter, shown at its place in the file. item: of a list or map; -1: the whole. */
void amtg_check_problem(struct amtg_check *check, const char *param, int item, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- the instance ------------------------------------------------------- */

struct amtg_out {
    struct amtg_element *peer; /* NULL: open */
    unsigned in;
    struct amtg_batch batch; /* collected, not yet pushed on */
    bool pushing;            /* being pushed on right now, with all that follows */
    bool outside;            /* no peer, but an output of the graph itself, and somebody looks on */
    bool filling;            /* holds packets and takes more: nothing but room is to be seen to */
    bool watched;            /* a trace, an observer or a tap looks on */
    uint64_t packets, octets;
    struct amtg_tap *taps;
};

struct amtg_element {
    const struct amtg_class *class;
    const char *name; /* full: "outer/inner" */
    void *state;
    struct amtg_runtime *runtime;
    struct amtg_loop *loop;
    struct amtg_pool *pool;    /* of packets */
    struct amtg_pool *records; /* of records, so that neither can starve the other */
    struct amtg_out *outs;
    unsigned outs_count, ins_count;
    uint64_t *counters; /* as in class->counters */
    uint64_t *drops;    /* as in class->drops, then `no-buffer`, `open`, `peer-stopped` */
    /* The packet account: taken + made == emitted + dropped + finished + kept. */
    uint64_t taken, made, emitted, finished, dropped;
    void (*push)(struct amtg_element *e, unsigned in, struct amtg_batch *batch);
    struct amtg_out *last_out; /* ordered classes: the output being filled */
    bool inited, started;
    bool stopped;              /* its stop has been called: nothing is pushed to it any more */
    bool unflushed;            /* some output holds packets not yet pushed on */
    bool ends_watched;         /* somebody wants to know what is dropped and finished here */
    uint64_t *filled;          /* which: bit i % 64 of word i / 64 */
    void *random;              /* its stream */
    void *boundary;            /* state of the stand-in, while one takes its place */
    uint8_t hash_key[16];
};

static inline void *amtg_state(const struct amtg_element *e)
{
    return e->state;
}

/* The whole of amtg_emit, for outputs that are not `filling`; push on one that is full. */
void amtg_emit_first(struct amtg_element *e, unsigned out, struct amtg_packet *p);
void amtg_emit_full(struct amtg_element *e, unsigned out);

/* Send a packet out of output `out`; takes it. Open outputs count it as dropped `open`. */
static inline void amtg_emit(struct amtg_element *e, unsigned i, struct amtg_packet *p)
{
    struct amtg_out *out = &e->outs[i];

    if (!out->filling) {
        amtg_emit_first(e, i, p);
        return;
    }
    out->batch.packets[out->batch.count++] = p;
    if (out->batch.count == AMTG_BATCH)
        amtg_emit_full(e, i);
}
/*
 * Send all packets of a batch that was pushed in, out of one output. In the way of a
 * class that looks at packets without changing them: nothing is copied when nothing waits.
 */
void amtg_emit_batch(struct amtg_element *e, unsigned out, struct amtg_batch *batch);
/* Drop under class->drops[reason]; takes it. */
void amtg_drop(struct amtg_element *e, unsigned reason, struct amtg_packet *p);
void amtg_drop_no_buffer(struct amtg_element *e, struct amtg_packet *p);
/* The packet did what it came for (was sent, applied, answered); takes it. */
void amtg_finish(struct amtg_element *e, struct amtg_packet *p);
/* Count a drop of something that never became a packet (say, a copy not sent). */
void amtg_drop_count(struct amtg_element *e, unsigned reason, uint64_t n);
/* Say that what was not to be had was a buffer, when there is no packet to drop. */
void amtg_no_buffer_count(struct amtg_element *e);

/* A fresh packet of `len` octets / a copy / a record of `size` zeroed octets. NULL: pool dry. */
struct amtg_packet *amtg_make(struct amtg_element *e, const struct amtg_type *type, uint32_t len);
struct amtg_packet *amtg_copy(struct amtg_element *e, const struct amtg_packet *p);

/* Add to a counter; set a gauge. */
static inline void amtg_count(struct amtg_element *e, unsigned counter, uint64_t n)
{
    e->counters[counter] += n;
}
static inline uint64_t amtg_counter_of(const struct amtg_element *e, unsigned counter)
{
    return e->counters[counter];
}
static inline void amtg_gauge(struct amtg_element *e, unsigned counter, uint64_t value)
{
    e->counters[counter] = value;
}

/* Time, randomness, hashing: from the runtime, so that a run can be repeated. */
static inline uint64_t amtg_now(const struct amtg_element *e)
{
    return amtg_loop_now_ns(e->loop);
}
void amtg_random(struct amtg_element *e, void *out, size_t octets);
uint32_t amtg_random_u32(struct amtg_element *e);
/* 0 .. below-1, without bias; below > 0. */
uint64_t amtg_random_below(struct amtg_element *e, uint64_t below);

/* Timers, tasks, watches of an element: embed one in the state, set its callback in init. */
static inline void amtg_timer_start(struct amtg_element *e, struct amtg_timer *t, uint64_t delay_ns)
{
    t->element = e;
    amtg_loop_timer_start(e->loop, t, delay_ns);
}
static inline void amtg_timer_stop(struct amtg_element *e, struct amtg_timer *t)
{
    amtg_loop_timer_stop(e->loop, t);
}
static inline void amtg_task_post(struct amtg_element *e, struct amtg_task *t)
{
    t->element = e;
    amtg_loop_task_post(e->loop, t);
}
static inline void amtg_task_cancel(struct amtg_element *e, struct amtg_task *t)
{
    amtg_loop_task_cancel(e->loop, t);
}
static inline enum amtg_err amtg_watch_add(struct amtg_element *e, struct amtg_watch *w, int fd,
                                           uint32_t events)
{
    w->element = e;
    w->fd = fd;
    return amtg_loop_watch_add(e->loop, w, events);
}
static inline void amtg_watch_set(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    amtg_loop_watch_set(e->loop, w, events);
}
static inline void amtg_watch_remove(struct amtg_element *e, struct amtg_watch *w)
{
    amtg_loop_watch_remove(e->loop, w);
}
/*
 * A source that got no buffer disarms its watch and calls this: `t` is posted
 * when buffers are back, and re-arms it. Instead of spinning.
 */
void amtg_wait_for_buffers(struct amtg_element *e, struct amtg_task *t);

/* A source holds the run while it may still produce (each hold needs its release). */
static inline void amtg_hold(struct amtg_element *e)
{
    amtg_loop_hold(e->loop);
}
static inline void amtg_release(struct amtg_element *e)
{
    amtg_loop_release(e->loop);
}
/*
 * Restart a part of the graph, as when its process ends and is started anew: the element of
 * that name, or all that are called "part/...". Stops them in order, forgets all state, and
 * starts them. Counters go on; gauges begin at 0. Only from a timer or a task, and never the
 * part in which e is. What fails in it ends the run. false: there is no such part.
 */
bool amtg_restart(struct amtg_element *e, const char *part);
/* What the run was for is done: it stops in good order, whatever holds it. */
void amtg_end(struct amtg_element *e);
/* Something failed for good while running: the run stops with exit code 1 and this text. */
void amtg_abort(struct amtg_element *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * What a run was to show, judged: at any time, also from stop. One that is not good makes
 * `amtgraph run` end with exit code 1 and the words of the first such. Does not stop the run.
 */
void amtg_verdict(struct amtg_element *e, bool good, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Which shard this is, 0 .. of how many that run (core/shards.h). */
unsigned amtg_shard_of(const struct amtg_element *e);
unsigned amtg_shard_count(const struct amtg_element *e);
/*
 * Have the same element of another shard emit a copy of a packet of e's (its octets, type
 * and peer; no set), soon; takes it. false: that shard's mailbox is full, so it is lost.
 */
bool amtg_emit_in(struct amtg_element *e, unsigned shard, unsigned out, struct amtg_packet *p);

/* The ops of a referenced element (never NULL for a checked graph). */
const void *amtg_ops(const struct amtg_element *e, const struct amtg_interface *interface);

/*
 * For those who watch the run: its elements in the order of the graph (NULL past the last),
 * and a counter or drop reason of one by its name (NULL: it has none of it), as it is now
 * and for as long as the run is there.
 */
const struct amtg_element *amtg_element_at(const struct amtg_element *e, unsigned index);
const uint64_t *amtg_counter_find(const struct amtg_element *of, const char *name);

/* From init or start: why it failed. Returns err, for `return amtg_fail(...)`. */
enum amtg_err amtg_fail(struct amtg_element *e, enum amtg_err err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * A line to the log: stable id, then key=value pairs. Never per packet. What peers
 * can cause is bounded: beyond 200 lines a second, lines other than errors are held
 * back and their number is said, unless the level is debug.
 * amtg_log(e, AMTG_LOG_INFO, "endpoint-gone", "endpoint=%s reason=%s", ...)
 */
enum amtg_log_level { AMTG_LOG_ERROR, AMTG_LOG_WARNING, AMTG_LOG_INFO, AMTG_LOG_DEBUG };
void amtg_log(const struct amtg_element *e, enum amtg_log_level level, const char *id,
              const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
