/*
 * Shards: N copies of a graph on N threads, each with its own elements, loop and pools.
 * They share the graph, which nobody writes, and post letters to each other; no element
 * needs a lock. Each has randomness of its own: what belongs together (a gateway's Request,
 * Update and Teardown) comes to one shard, by its address.
 *
 * All are made, started and stopped by the thread that owns this; only what lies between
 * runs in threads. So sockets are bound in the order of the shards, before any is read.
 */
#ifndef AMTG_CORE_SHARDS_H
#define AMTG_CORE_SHARDS_H

#include "core/mailbox.h"
#include "core/runtime.h"

struct amtg_shards;

/*
 * Make and init `count` (1 .. AMTG_SHARDS_MOST) copies. NULL on failure, as amtg_runtime_new;
 * AMTG_ECONFIG also for a graph with an element that cannot be copied. On the real clock only.
 */
struct amtg_shards *amtg_shards_new(const struct amtg_graph *graph,
                                    const struct amtg_runtime_options *options, unsigned count,
                                    enum amtg_err *err, char *why, size_t room);
enum amtg_err amtg_shards_start(struct amtg_shards *s, char *why, size_t room);
/* Begin to run, until until_ns of loop time at most. false: no threads; none is left then. */
bool amtg_shards_launch(struct amtg_shards *s, uint64_t until_ns);
/* Readable once a shard has ended: by itself, by amtg_end, or because something failed. */
int amtg_shards_ended_fd(const struct amtg_shards *s);
/* Have all end soon. */
void amtg_shards_end(struct amtg_shards *s);
/*
 * Have all stand still while `look` runs in the caller's thread, so that it may read their
 * elements. Not in between amtg_shards_end and amtg_shards_join.
 */
void amtg_shards_pause(struct amtg_shards *s, void (*look)(struct amtg_shards *s, void *arg),
                       void *arg);
/* Wait until all have ended. */
void amtg_shards_join(struct amtg_shards *s);
/* Stop all elements; then what failed, if anything did. */
enum amtg_err amtg_shards_stop(struct amtg_shards *s, char *why, size_t room);
const char *amtg_shards_verdict(const struct amtg_shards *s);
void amtg_shards_free(struct amtg_shards *s);

/*
 * Have a letter opened in the thread of a shard, from any other thread, between its start and
 * its end. One that comes too late is discarded when the shards are freed. There is no bound:
 * whoever posts sees to it that there are few.
 */
void amtg_shards_post(struct amtg_shards *s, unsigned shard, struct amtg_letter *letter);

unsigned amtg_shards_count(const struct amtg_shards *s);
struct amtg_runtime *const *amtg_shards_runtimes(const struct amtg_shards *s);

#endif
