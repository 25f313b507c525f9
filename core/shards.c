#include "core/shards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/runtime_private.h"

struct shard {
    struct amtg_shards *all;
    struct amtg_runtime *runtime;
    struct amtg_mailbox mailbox;
    pthread_t thread;
    bool running; /* the thread was made, and is not joined yet */
};

struct amtg_shards {
    unsigned count;
    struct shard *shards;
    struct amtg_runtime **runtimes;
    uint64_t until_ns;
    int ended_fd;
    /* The state of a pause, and who has ended. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned parked, ended;
    bool paused;
};

/* ---- letters --------------------------------------------------------------------- */

/* To a shard: end, or stand still. */
struct order {
    struct amtg_letter letter;
    struct shard *shard;
};

static void order_free(struct amtg_letter *l)
{
    free(l);
}

static void open_end(struct amtg_letter *l)
{
    struct order *o = (struct order *)l;

    amtg_loop_stop(o->shard->runtime->loop);
    free(o);
}

static void open_pause(struct amtg_letter *l)
{
    struct order *o = (struct order *)l;
    struct amtg_shards *s = o->shard->all;

    pthread_mutex_lock(&s->lock);
    s->parked++;
    pthread_cond_broadcast(&s->changed);
    while (s->paused)
        pthread_cond_wait(&s->changed, &s->lock);
    s->parked--;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    free(o);
}

/* Memory for it is waited for: a shard that goes on while others stand still would be read. */
static void give_order(struct shard *shard, void (*open)(struct amtg_letter *l))
{
    struct order *o;

    while (!(o = malloc(sizeof *o)))
        usleep(1000);
    *o = (struct order){.letter = {.open = open, .discard = order_free}, .shard = shard};
    amtg_mailbox_order(&shard->mailbox, &o->letter);
}

/* A packet that the same element of another shard is to emit. */
struct parcel {
    struct amtg_letter letter;
    struct amtg_element *to;
    unsigned out;
    const struct amtg_type *type;
    struct amtg_peer peer;
    uint32_t len;
    uint8_t octets[];
};

static void open_parcel(struct amtg_letter *l)
{
    struct parcel *parcel = (struct parcel *)l;
    struct amtg_element *e = parcel->to;
    struct amtg_packet *p = e->stopped ? NULL : amtg_make(e, parcel->type, parcel->len);

    if (p) {
        memcpy(p->data, parcel->octets, parcel->len);
        p->peer = parcel->peer;
        amtg_emit(e, parcel->out, p);
        amtg_element_flush(e);
    } else {
        amtg_no_buffer_count(e);
    }
    free(parcel);
}

unsigned amtg_shard_of(const struct amtg_element *e)
{
    return e->runtime->shard;
}

unsigned amtg_shard_count(const struct amtg_element *e)
{
    return e->runtime->shards ? e->runtime->shards->count : 1;
}

bool amtg_emit_in(struct amtg_element *e, unsigned shard, unsigned out, struct amtg_packet *p)
{
    struct amtg_shards *s = e->runtime->shards;
    struct parcel *parcel = malloc(sizeof *parcel + p->len);
    bool posted = false;

    if (parcel) {
        *parcel = (struct parcel){
            .letter = {.open = open_parcel, .discard = order_free},
            .to = &s->shards[shard].runtime->elements[e - e->runtime->elements],
            .out = out, .type = p->type, .peer = p->peer, .len = p->len};
        memcpy(parcel->octets, p->data, p->len);
        posted = amtg_mailbox_post(&s->shards[shard].mailbox, &parcel->letter);
    }
    if (!posted)
        free(parcel);
    amtg_finish(e, p);
    return posted;
}

/* ---- threads --------------------------------------------------------------------- */

static void *run(void *arg)
{
    static const uint64_t one = 1;
    struct shard *shard = arg;
    struct amtg_shards *s = shard->all;
    char why[AMTG_WHY];

    amtg_runtime_run(shard->runtime, s->until_ns, why, sizeof why);
    pthread_mutex_lock(&s->lock);
    s->ended++;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (write(s->ended_fd, &one, sizeof one) != sizeof one)
        abort(); /* it never blocks */
    return NULL;
}

bool amtg_shards_launch(struct amtg_shards *s, uint64_t until_ns)
{
    s->until_ns = until_ns;
    for (unsigned i = 0; i < s->count; i++) {
        struct shard *shard = &s->shards[i];
        shard->running = pthread_create(&shard->thread, NULL, run, shard) == 0;
        if (!shard->running) {
            amtg_shards_end(s);
            amtg_shards_join(s);
            return false;
        }
    }
    return true;
}

int amtg_shards_ended_fd(const struct amtg_shards *s)
{
    return s->ended_fd;
}

void amtg_shards_end(struct amtg_shards *s)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->shards[i].running)
            give_order(&s->shards[i], open_end);
}

void amtg_shards_pause(struct amtg_shards *s, void (*look)(struct amtg_shards *s, void *arg),
                       void *arg)
{
    pthread_mutex_lock(&s->lock);
    s->paused = true;
    for (unsigned i = 0; i < s->count; i++)
        give_order(&s->shards[i], open_pause);
    while (s->parked + s->ended < s->count)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);

    look(s, arg);

    pthread_mutex_lock(&s->lock);
    s->paused = false;
    pthread_cond_broadcast(&s->changed);
    while (s->parked)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void amtg_shards_join(struct amtg_shards *s)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->shards[i].running) {
            pthread_join(s->shards[i].thread, NULL);
            s->shards[i].running = false;
        }
}

/* ---- life ------------------------------------------------------------------------ */

static enum amtg_err add_shard(struct amtg_shards *s, const struct amtg_graph *graph,
                               const struct amtg_runtime_options *options, unsigned i, char *why,
                               size_t room)
{
    struct amtg_runtime_options own = *options;
    struct shard *shard = &s->shards[i];
    uint8_t seed[32];
    enum amtg_err err;

    if (options->seed) {
        memcpy(seed, options->seed, sizeof seed);
        seed[sizeof seed - 1] ^= (uint8_t)i;
        own.seed = seed;
    }
    shard->all = s;
    shard->mailbox.watch.fd = -1;
    shard->runtime = s->runtimes[i] = amtg_runtime_new(graph, &own, &err, why, room);
    if (!shard->runtime)
        return err;
    shard->runtime->shard = i;
    shard->runtime->shards = s;
    err = amtg_mailbox_open(&shard->mailbox, shard->runtime->loop);
    if (err)
        snprintf(why, room, "no mailbox for a shard: %m");
    return err;
}

/* An element that there can be only one of. NULL: none. */
static const struct amtg_graph_node *find_single(const struct amtg_graph *graph)
{
    for (unsigned i = 0; i < graph->nodes_count; i++)
        if (graph->nodes[i].class->flags & AMTG_SINGLE)
            return &graph->nodes[i];
    return NULL;
}

struct amtg_shards *amtg_shards_new(const struct amtg_graph *graph,
                                    const struct amtg_runtime_options *options, unsigned count,
                                    enum amtg_err *err, char *why, size_t room)
{
    const struct amtg_graph_node *single = count > 1 ? find_single(graph) : NULL;
    struct amtg_shards *s;

    if (single) {
        snprintf(why, room, "%s (%s): there can be only one, so the graph has no shards",
                 single->name, single->class->name);
        *err = AMTG_ECONFIG;
        return NULL;
    }
    *err = AMTG_ENOMEM;
    snprintf(why, room, "%s", amtg_err_text(*err));
    s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->ended_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    s->shards = calloc(count, sizeof *s->shards);
    s->runtimes = calloc(count, sizeof *s->runtimes);
    if (s->ended_fd < 0 || !s->shards || !s->runtimes) {
        amtg_shards_free(s);
        return NULL;
    }
    *err = AMTG_OK;
    while (s->count < count && !*err)
        *err = add_shard(s, graph, options, s->count++, why, room);
    if (*err) {
        amtg_shards_free(s);
        return NULL;
    }
    return s;
}

enum amtg_err amtg_shards_start(struct amtg_shards *s, char *why, size_t room)
{
    for (unsigned i = 0; i < s->count; i++) {
        enum amtg_err err = amtg_runtime_start(s->runtimes[i], why, room);
        if (!err)
            continue;
        while (i-- > 0)
            amtg_runtime_stop(s->runtimes[i]);
        return err;
    }
    return AMTG_OK;
}

enum amtg_err amtg_shards_stop(struct amtg_shards *s, char *why, size_t room)
{
    enum amtg_err err = AMTG_OK;

    for (unsigned i = 0; i < s->count; i++)
        amtg_runtime_stop(s->runtimes[i]);
    for (unsigned i = 0; i < s->count && !err; i++)
        err = amtg_runtime_outcome(s->runtimes[i], why, room);
    return err;
}

const char *amtg_shards_verdict(const struct amtg_shards *s)
{
    const char *verdict = NULL;

    for (unsigned i = 0; i < s->count && !verdict; i++)
        verdict = amtg_runtime_verdict(s->runtimes[i]);
    return verdict;
}

void amtg_shards_free(struct amtg_shards *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->count; i++) /* all, before what they may post to is gone */
        if (s->runtimes[i])
            amtg_runtime_stop(s->runtimes[i]);
    for (unsigned i = 0; i < s->count; i++) {
        if (s->runtimes[i])
            amtg_mailbox_close(&s->shards[i].mailbox);
        amtg_runtime_free(s->runtimes[i]);
    }
    if (s->ended_fd >= 0)
        close(s->ended_fd);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s->shards);
    free(s->runtimes);
    free(s);
}

void amtg_shards_post(struct amtg_shards *s, unsigned shard, struct amtg_letter *letter)
{
    amtg_mailbox_order(&s->shards[shard].mailbox, letter);
}

unsigned amtg_shards_count(const struct amtg_shards *s)
{
    return s->count;
}

struct amtg_runtime *const *amtg_shards_runtimes(const struct amtg_shards *s)
{
    return s->runtimes;
}
