/*
 * A running graph: elements made of a graph's nodes, wired, on one loop with one
 * pool. Starts sinks before sources, stops in the mirrored order. With a boundary,
 * host classes are replaced by a stand-in with the same ports that is fed from
 * capture files and records to them, so that a shipped graph runs unchanged,
 * without privileges, on the virtual clock.
 *
 * A test may feed stand-ins itself (amtg_runtime_emit) and look at every edge (observe). What
 * leaves by an output that the graph declares in `outputs` then counts as emitted.
 */
#ifndef AMTG_CORE_RUNTIME_H
#define AMTG_CORE_RUNTIME_H

#include "core/graph.h"
#include "core/trace.h"

/* `--replay NAME=FILE` / `--record NAME=FILE`: NAME is an element. */
struct amtg_boundary_file {
    const char *element;
    const char *path;
};

/*
 * Sees each packet that leaves an output, before it is handed on; lent, nothing of it may be
 * changed. A packet with a set of destinations is seen once.
 */
typedef void amtg_observer(void *arg, const struct amtg_element *from, unsigned out,
                           const struct amtg_packet *p);

/*
 * Sees each packet that ends in an element: dropped under `reason`, or finished when that is
 * NULL. Lent: it is freed right after.
 */
typedef void amtg_end_observer(void *arg, const struct amtg_element *at, const char *reason,
                               const struct amtg_packet *p);

struct amtg_runtime_options {
    enum amtg_clock clock;
    bool boundary; /* host classes are replaced */
    const struct amtg_boundary_file *replays, *records;
    size_t replays_count, records_count;
    uint32_t buffers;    /* in the pool, beyond what the graph needs (tests keep what comes out) */
    const uint8_t *seed; /* 32 octets; NULL: from the system */
    struct amtg_trace *trace; /* gets all that crosses an edge; NULL: nobody looks */
    amtg_observer *observe; /* NULL: nobody looks on */
    void *observe_arg;
    FILE *log;           /* NULL: silent */
    enum amtg_log_level log_level;
};

/*
 * Looks at one output of a running graph: sees each batch before it is handed on, in the
 * thread of the runtime. Lent, as with an observer. Costs nothing where there is none.
 */
struct amtg_tap {
    void (*batch)(struct amtg_tap *t, const struct amtg_element *from, unsigned out,
                  const struct amtg_batch *batch);
    struct amtg_tap *next;
};

struct amtg_runtime;

/*
 * Make and init all elements. NULL on failure: *err says what kind, `why` (room
 * octets) names the element and the reason.
 */
struct amtg_runtime *amtg_runtime_new(const struct amtg_graph *graph,
                                      const struct amtg_runtime_options *options,
                                      enum amtg_err *err, char *why, size_t room);
/* Start all. On failure what was started is stopped again, and `why` says which element and why. */
enum amtg_err amtg_runtime_start(struct amtg_runtime *rt, char *why, size_t room);
/* Run until done, stopped, or until_ns of loop time. AMTG_OK, or what an element's amtg_abort said. */
enum amtg_err amtg_runtime_run(struct amtg_runtime *rt, uint64_t until_ns, char *why, size_t room);
/* Stop all (sources first, then what they feed). Idempotent. */
void amtg_runtime_stop(struct amtg_runtime *rt);
/* AMTG_OK, or what an element's amtg_abort said, be it as late as in its stop. */
enum amtg_err amtg_runtime_outcome(const struct amtg_runtime *rt, char *why, size_t room);
void amtg_runtime_free(struct amtg_runtime *rt);
/* After stop: the first verdict of an element that is not good (amtg_verdict); NULL: all is well. */
const char *amtg_runtime_verdict(const struct amtg_runtime *rt);

struct amtg_loop *amtg_runtime_loop(struct amtg_runtime *rt);
struct amtg_pool *amtg_runtime_pool(struct amtg_runtime *rt);
const struct amtg_graph *amtg_runtime_graph(const struct amtg_runtime *rt);
/* Elements in the order of the graph's nodes; or by full name, NULL if there is none. */
struct amtg_element *amtg_runtime_element(struct amtg_runtime *rt, unsigned node);
unsigned amtg_runtime_index(const struct amtg_element *e); /* which node it is made of */
struct amtg_element *amtg_runtime_find(struct amtg_runtime *rt, const char *name);

/*
 * Have `see` told of each packet that is dropped or finished from now on; NULL: of none any
 * more. At any time, on the thread that runs rt. Costs a comparison for each such packet while
 * nobody watches.
 */
void amtg_runtime_watch_ends(struct amtg_runtime *rt, amtg_end_observer *see, void *arg);

/*
 * Ask all elements that offer the interface `drain` to begin (or end) draining. Returns
 * how many there are. left: how many peers they serve.
 */
unsigned amtg_runtime_drain(struct amtg_runtime *rt, bool on);
uint64_t amtg_runtime_left(struct amtg_runtime *rt);

/*
 * From outside, between two steps of the loop; take p, which amtg_make has made for e.
 * emit: out of an output of e, as if e had emitted it: how a stand-in is fed. push: into an
 * input, such as one that the graph declares in `inputs`. All that follows of it at once is done.
 */
void amtg_runtime_emit(struct amtg_element *e, unsigned out, struct amtg_packet *p);
void amtg_runtime_push(struct amtg_element *e, unsigned in, struct amtg_packet *p);

/* In the thread of the runtime, between two of its steps. The tap stays the caller's. */
void amtg_tap_add(struct amtg_element *from, unsigned out, struct amtg_tap *t);
void amtg_tap_remove(struct amtg_element *from, unsigned out, struct amtg_tap *t);

/* What every element may drop for, besides the reasons of its class and after them: names. */
enum { AMTG_COMMON_DROPS = 3 };
const char *amtg_common_drop(unsigned i);
/* The i-th reason of a class, the common ones after its own: i < drops_count + AMTG_COMMON_DROPS. */
const struct amtg_reason *amtg_drop_reason(const struct amtg_class *class, unsigned i);
/* Which of them has this name; -1: none. */
int amtg_drop_index(const struct amtg_class *class, const char *name);

/*
 * Counters and drops of every element: lines for people, or one JSON object (jansson). Those of
 * several runtimes of one graph, its shards, are summed up.
 */
void amtg_runtimes_print_stats(struct amtg_runtime *const *runtimes, unsigned count, FILE *out,
                               bool json);

#endif
