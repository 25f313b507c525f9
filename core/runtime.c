#include "core/runtime.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/runtime_private.h"

enum {
    PER_SOURCE = 4 * AMTG_BATCH, /* buffers for each source, whatever the queues hold */
    IN_FLIGHT = 4 * AMTG_BATCH,  /* and for what is between the elements */
    LARGE = 256,                 /* large buffers: 16 MiB when all are out */
    RECORDS = 4096,
};

/* ---- an element's own secrets ------------------------------------------- */

/* out = BLAKE2b(name, keyed by the seed and what it is for) */
static void derive(const struct amtg_runtime *rt, const char *purpose, const char *name,
                   uint8_t *out, size_t octets)
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, rt->seed, sizeof rt->seed, octets);
    crypto_generichash_update(&state, (const uint8_t *)purpose, strlen(purpose) + 1);
    crypto_generichash_update(&state, (const uint8_t *)name, strlen(name));
    crypto_generichash_final(&state, out, octets);
}

/* ---- making ------------------------------------------------------------- */

static bool is_source(const struct amtg_class *class)
{
    return class->inputs_count == 0 || (class->flags & AMTG_HOST);
}

/* The sum of what may be kept anywhere, and a reserve for each source. */
static uint32_t pool_limit(const struct amtg_graph *graph)
{
    uint64_t limit = IN_FLIGHT;

    for (unsigned i = 0; i < graph->nodes_count; i++) {
        const struct amtg_graph_node *node = &graph->nodes[i];
        if (node->class->keeps)
            limit += node->class->keeps(node->state);
        if (is_source(node->class))
            limit += PER_SOURCE;
    }
    return limit > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)limit;
}

/* Memory of one element; false: out of it (what was had is freed by element_free). */
static bool element_make(struct amtg_runtime *rt, struct amtg_element *e,
                         const struct amtg_graph_node *node)
{
    const struct amtg_class *class = node->class;
    struct amtg_random_stream *random = calloc(1, sizeof *random);

    e->class = class;
    e->name = node->name;
    e->runtime = rt;
    e->loop = rt->loop;
    e->pool = rt->pool;
    e->records = rt->records;
    e->push = class->push;
    e->ins_count = node->ins_count;
    e->outs_count = node->outs_count;
    e->random = random;
    e->state = calloc(1, class->state_octets ? class->state_octets : 1);
    e->outs = calloc(node->outs_count ? node->outs_count : 1, sizeof *e->outs);
    e->filled = calloc(node->outs_count / 64 + 1u, sizeof *e->filled);
    e->counters = calloc(class->counters_count + 1, sizeof *e->counters);
    e->drops = calloc(class->drops_count + AMTG_DROPS_COMMON, sizeof *e->drops);
    if (!random || !e->state || !e->outs || !e->filled || !e->counters || !e->drops)
        return false;
    if (class->state_octets)
        memcpy(e->state, node->state, class->state_octets);
    random->used = sizeof random->block;
    derive(rt, "random", node->name, random->key, sizeof random->key);
    derive(rt, "hash", node->name, e->hash_key, sizeof e->hash_key);
    return true;
}

static void element_free(struct amtg_element *e)
{
    for (unsigned i = 0; i < e->outs_count && e->outs; i++)
        for (unsigned k = 0; k < e->outs[i].batch.count; k++)
            amtg_packet_free(e->outs[i].batch.packets[k]);
    if (e->random)
        sodium_memzero(e->random, sizeof(struct amtg_random_stream));
    free(e->random);
    free(e->state);
    free(e->outs);
    free(e->filled);
    free(e->counters);
    free(e->drops);
}

/* What a call failed for, when it has not said so itself. */
static enum amtg_err say_kind(struct amtg_element *e, enum amtg_err err)
{
    if (err && !e->runtime->why[0])
        amtg_fail(e, err, "%s", amtg_err_text(err));
    return err;
}

enum amtg_err amtg_element_init(struct amtg_element *e)
{
    enum amtg_err err = say_kind(e, e->class->init ? e->class->init(e) : AMTG_OK);

    e->inited = !err;
    return err;
}

enum amtg_err amtg_element_start(struct amtg_element *e)
{
    enum amtg_err err = AMTG_OK;

    if (e->boundary)
        err = amtg_boundary_start(e);
    else if (e->class->start)
        err = e->class->start(e);
    e->started = !err;
    if (!err)
        amtg_element_flush(e);
    return say_kind(e, err);
}

void amtg_element_stop(struct amtg_element *e)
{
    if (!e->started)
        return;
    e->started = false;
    if (e->boundary)
        amtg_boundary_stop(e);
    else if (e->class->stop)
        e->class->stop(e);
    amtg_element_flush(e);
    e->stopped = !e->boundary; /* a stand-in records to the end */
}

void amtg_element_fini(struct amtg_element *e)
{
    if (e->boundary)
        amtg_boundary_fini(e);
    else if (e->inited && e->class->fini)
        e->class->fini(e);
    e->inited = false;
}

void amtg_element_refer(struct amtg_runtime *rt, unsigned node)
{
    const struct amtg_graph_node *n = &rt->graph->nodes[node];

    for (unsigned k = 0; k < n->refs_count; k++) {
        struct amtg_element *target = &rt->elements[n->refs[k].target];
        memcpy((char *)rt->elements[node].state + n->refs[k].offset, &target, sizeof target);
    }
}

static void wire(struct amtg_runtime *rt)
{
    const struct amtg_graph *g = rt->graph;

    for (unsigned i = 0; i < g->edges_count; i++) {
        const struct amtg_graph_edge *edge = &g->edges[i];
        struct amtg_out *out = &rt->elements[edge->from].outs[edge->out];
        out->peer = &rt->elements[edge->to];
        out->in = edge->in;
    }
    for (unsigned i = 0; rt->observe && i < g->outputs_count; i++)
        rt->elements[g->outputs[i].node].outs[g->outputs[i].port].outside = true;
    for (unsigned i = 0; i < g->nodes_count; i++)
        for (unsigned k = 0; k < g->nodes[i].outs_count; k++)
            rt->elements[i].outs[k].watched = rt->trace || rt->observe;
    for (unsigned i = 0; i < g->nodes_count; i++)
        amtg_element_refer(rt, i);
}

static enum amtg_err init_all(struct amtg_runtime *rt, const struct amtg_runtime_options *options)
{
    for (unsigned i = 0; i < rt->graph->nodes_count; i++) {
        unsigned node = rt->graph->order[i];
        struct amtg_element *e = &rt->elements[node];
        enum amtg_err err =
            amtg_boundary_wanted(&rt->graph->nodes[node], options)
                ? say_kind(e, amtg_boundary_init(e, &rt->graph->nodes[node], options))
                : amtg_element_init(e);

        if (err)
            return err;
    }
    return AMTG_OK;
}

/* On captures the date is that of the first packet that is replayed. */
static void set_wall(struct amtg_runtime *rt)
{
    uint64_t first = UINT64_MAX;

    for (unsigned i = 0; i < rt->graph->nodes_count; i++)
        if (rt->elements[i].boundary) {
            uint64_t wall = amtg_boundary_first_wall_ns(&rt->elements[i]);
            if (wall < first)
                first = wall;
        }
    if (first != UINT64_MAX)
        amtg_loop_set_wall(rt->loop, first);
}

/* `--replay NAME=...` and `--record NAME=...` must name elements, each once. */
static enum amtg_err check_names(struct amtg_runtime *rt, const struct amtg_boundary_file *files,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!amtg_runtime_find(rt, files[i].element)) {
            snprintf(rt->why, sizeof rt->why, "the graph has no element `%s` (for %s)",
                     files[i].element, files[i].path);
            return AMTG_ECONFIG;
        }
        for (size_t k = 0; k < i; k++)
            if (strcmp(files[k].element, files[i].element) == 0) {
                snprintf(rt->why, sizeof rt->why, "two files for element `%s`: %s and %s",
                         files[i].element, files[k].path, files[i].path);
                return AMTG_ECONFIG;
            }
    }
    return AMTG_OK;
}

static enum amtg_err make_all(struct amtg_runtime *rt, const struct amtg_runtime_options *options)
{
    const struct amtg_graph *graph = rt->graph;

    rt->loop = amtg_loop_new(options->clock, amtg_element_flush);
    rt->pool = amtg_pool_new(pool_limit(graph) + options->buffers, LARGE);
    rt->records = amtg_pool_new(RECORDS, LARGE);
    rt->elements = calloc(graph->nodes_count ? graph->nodes_count : 1, sizeof *rt->elements);
    if (!rt->loop || !rt->pool || !rt->records || !rt->elements)
        return AMTG_ENOMEM;
    for (unsigned i = 0; i < graph->nodes_count; i++)
        if (!element_make(rt, &rt->elements[i], &graph->nodes[i]))
            return AMTG_ENOMEM;
    wire(rt);
    enum amtg_err err = check_names(rt, options->replays, options->replays_count);
    if (!err)
        err = check_names(rt, options->records, options->records_count);
    return err ? err : init_all(rt, options);
}

static void say_why(const struct amtg_runtime *rt, enum amtg_err err, char *why, size_t room)
{
    snprintf(why, room, "%s", rt && rt->why[0] ? rt->why : amtg_err_text(err));
}

struct amtg_runtime *amtg_runtime_new(const struct amtg_graph *graph,
                                      const struct amtg_runtime_options *options,
                                      enum amtg_err *err, char *why, size_t room)
{
    struct amtg_runtime *rt = calloc(1, sizeof *rt);

    *err = AMTG_ENOMEM;
    if (!rt || sodium_init() < 0) {
        say_why(NULL, *err, why, room);
        free(rt);
        return NULL;
    }
    rt->graph = graph;
    rt->trace = options->trace;
    rt->observe = options->observe;
    rt->observe_arg = options->observe_arg;
    rt->log = (struct amtg_log_state){.out = options->log, .level = options->log_level};
    if (options->seed)
        memcpy(rt->seed, options->seed, sizeof rt->seed);
    else
        randombytes_buf(rt->seed, sizeof rt->seed);
    *err = make_all(rt, options);
    if (*err) {
        say_why(rt, *err, why, room);
        amtg_runtime_free(rt);
        return NULL;
    }
    set_wall(rt);
    return rt;
}

void amtg_runtime_stop(struct amtg_runtime *rt)
{
    if (rt->pool)
        amtg_pool_close(rt->pool);
    for (unsigned i = rt->graph->nodes_count; i-- > 0 && rt->elements;)
        amtg_element_stop(&rt->elements[rt->graph->order[i]]);
    /* Not before all have stopped: each may have said something to others until then. */
    for (unsigned i = 0; i < rt->graph->nodes_count && rt->elements; i++)
        if (rt->elements[i].boundary)
            amtg_boundary_finish_recording(&rt->elements[i]);
    amtg_log_settle(rt);
}

void amtg_runtime_free(struct amtg_runtime *rt)
{
    if (!rt)
        return;
    amtg_runtime_stop(rt);
    for (unsigned i = rt->graph->nodes_count; i-- > 0 && rt->elements;)
        amtg_element_fini(&rt->elements[rt->graph->order[i]]);
    if (rt->elements)
        for (unsigned i = 0; i < rt->graph->nodes_count; i++)
            element_free(&rt->elements[i]);
    free(rt->elements);
    amtg_pool_free(rt->pool);
    amtg_pool_free(rt->records);
    amtg_loop_free(rt->loop);
    sodium_memzero(rt->seed, sizeof rt->seed);
    free(rt);
}

/* ---- start and stop, mirrored ------------------------------------------- */

enum amtg_err amtg_runtime_start(struct amtg_runtime *rt, char *why, size_t room)
{
    for (unsigned i = 0; i < rt->graph->nodes_count; i++) {
        enum amtg_err err = amtg_element_start(&rt->elements[rt->graph->order[i]]);

        if (err) {
            say_why(rt, err, why, room);
            amtg_runtime_stop(rt);
            return err;
        }
    }
    return AMTG_OK;
}

enum amtg_err amtg_runtime_outcome(const struct amtg_runtime *rt, char *why, size_t room)
{
    if (!rt->aborted)
        return AMTG_OK;
    say_why(rt, AMTG_ESYSTEM, why, room);
    return AMTG_ESYSTEM;
}

enum amtg_err amtg_runtime_run(struct amtg_runtime *rt, uint64_t until_ns, char *why, size_t room)
{
    if (!rt->aborted)
        amtg_loop_run(rt->loop, until_ns);
    return amtg_runtime_outcome(rt, why, room);
}

const char *amtg_runtime_verdict(const struct amtg_runtime *rt)
{
    return rt->verdict[0] ? rt->verdict : NULL;
}

void amtg_runtime_watch_ends(struct amtg_runtime *rt, amtg_end_observer *see, void *arg)
{
    rt->ends = see;
    rt->ends_arg = arg;
    for (unsigned i = 0; i < rt->graph->nodes_count; i++)
        rt->elements[i].ends_watched = see != NULL;
}

/* ---- lending ------------------------------------------------------------ */

struct amtg_loop *amtg_runtime_loop(struct amtg_runtime *rt)
{
    return rt->loop;
}

struct amtg_pool *amtg_runtime_pool(struct amtg_runtime *rt)
{
    return rt->pool;
}

const struct amtg_graph *amtg_runtime_graph(const struct amtg_runtime *rt)
{
    return rt->graph;
}

struct amtg_element *amtg_runtime_element(struct amtg_runtime *rt, unsigned node)
{
    return &rt->elements[node];
}

unsigned amtg_runtime_index(const struct amtg_element *e)
{
    return (unsigned)(e - e->runtime->elements);
}

struct amtg_element *amtg_runtime_find(struct amtg_runtime *rt, const char *name)
{
    for (unsigned i = 0; i < rt->graph->nodes_count; i++)
        if (strcmp(rt->graph->nodes[i].name, name) == 0)
            return &rt->elements[i];
    return NULL;
}
