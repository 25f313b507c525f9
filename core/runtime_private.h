/* What runtime.c, element.c and boundary.c share; nobody else includes it. */
#ifndef AMTG_CORE_RUNTIME_PRIVATE_H
#define AMTG_CORE_RUNTIME_PRIVATE_H

#include "core/runtime.h"

/* After the class's own: */
enum { AMTG_DROP_NO_BUFFER, AMTG_DROP_OPEN, AMTG_DROP_PEER_STOPPED, AMTG_DROPS_COMMON };
_Static_assert((int)AMTG_DROPS_COMMON == (int)AMTG_COMMON_DROPS, "all of them have names");
enum { AMTG_WHY = 512 };

struct amtg_random_stream {
    uint8_t key[32];
    uint8_t block[64];
    size_t used; /* octets of block handed out */
    uint64_t counter;
};

/* The log of a run: at most AMTG_LOG_LINES a second, so that peers cannot fill a disk with it. */
struct amtg_log_state {
    FILE *out; /* NULL: silent */
    enum amtg_log_level level;
    uint64_t second; /* of loop time, to which `lines` belongs */
    uint32_t lines;
    uint64_t held_back; /* lines not written since it was last said */
};

enum { AMTG_LOG_LINES = 200 };

struct amtg_runtime {
    const struct amtg_graph *graph;
    struct amtg_loop *loop;
    struct amtg_pool *pool, *records;
    struct amtg_element *elements; /* as graph->nodes */
    uint8_t seed[32];
    unsigned shard;             /* which of its copies this is */
    struct amtg_shards *shards; /* all of them; NULL: it is the only one */
    struct amtg_trace *trace;
    struct amtg_log_state log;
    amtg_observer *observe;
    void *observe_arg;
    amtg_end_observer *ends; /* called where an element's ends_watched says so */
    void *ends_arg;
    bool aborted;
    char why[AMTG_WHY]; /* what failed, in words */
    char verdict[AMTG_WHY]; /* the first that is not good; empty: none */
};

/* Say how many lines were held back, if any were (log.c). */
void amtg_log_settle(struct amtg_runtime *rt);

/*
 * The life of one element, its stand-in included. On failure rt->why is filled. stop and
 * fini of what was not started or made do nothing.
 */
enum amtg_err amtg_element_init(struct amtg_element *e); /* not of a stand-in */
enum amtg_err amtg_element_start(struct amtg_element *e);
void amtg_element_stop(struct amtg_element *e);
void amtg_element_fini(struct amtg_element *e);
/* Fill in the references of a node's state. */
void amtg_element_refer(struct amtg_runtime *rt, unsigned node);

/* Push on what e has emitted and the framework still holds. */
void amtg_element_flush(struct amtg_element *e);

/* ---- the boundary: stand-ins for host classes (boundary.c) -------------- */

/* Is the element replaced in this run? */
bool amtg_boundary_wanted(const struct amtg_graph_node *node, const struct amtg_runtime_options *options);
/* Open its files, take over its push. On failure amtg_fail has said why. */
enum amtg_err amtg_boundary_init(struct amtg_element *e, const struct amtg_graph_node *node,
                                 const struct amtg_runtime_options *options);
/* When its first replayed packet was captured; UINT64_MAX: it replays nothing. */
uint64_t amtg_boundary_first_wall_ns(const struct amtg_element *e);
enum amtg_err amtg_boundary_start(struct amtg_element *e);
void amtg_boundary_stop(struct amtg_element *e);
/* Close the record; when not all of it is on the medium the run has failed. Idempotent. */
void amtg_boundary_finish_recording(struct amtg_element *e);
void amtg_boundary_fini(struct amtg_element *e);
/* {"replayed", "not-replayable", "recorded"}: packets. */
void amtg_boundary_counts(const struct amtg_element *e, uint64_t counts[3]);

#endif
