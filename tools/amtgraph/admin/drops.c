/*
 * Packets that are dropped: of each element and reason the first since it was asked, and then one
 * a second at most, with how many there were meanwhile. A runtime tells one watcher of what ends in
 * it, so all who ask share that one; nobody is told when nobody asks.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/table.h"
#include "tools/amtgraph/packet_caught.h"
#include "tools/amtgraph/admin/private.h"

enum { ON_THE_WAY = 64 }; /* samples of a question and shard that wait to be looked at, at most */

/* A reason of an element, as one question and shard has seen it. */
struct seen {
    uint64_t next_ns; /* not shown before */
    uint64_t times;   /* since it was last shown */
};

/* One question in one shard. The admin thread makes and frees it, the shard uses it in between. */
struct shard_drops {
    struct shard_drops *next;        /* of who asks in this shard: the shard's */
    struct admin_question *question; /* the admin thread's */
    const struct dropping *all;
    struct amtg_mailbox *to;
    struct amtg_runtime *runtime;
    unsigned shard;
    atomic_uint on_the_way;
    bool listed; /* the shard's */
    struct seen *seen;
};

struct dropping {
    struct caught_view view;
    bool stopping;
    unsigned *first; /* of a node: where its reasons begin in `seen` */
    unsigned count;
    struct shard_drops shards[];
};

/* Who asks, in one shard. */
struct admin_drops {
    struct shard_drops *asking;
};

/* ---- in the shard ------------------------------------------------------------------ */

struct drop_caught {
    struct amtg_letter letter;
    struct shard_drops *by;
    unsigned node, reason;
    uint64_t times;
    struct caught caught;
    uint8_t octets[];
};

static void drop_free(struct amtg_letter *l)
{
    free(l);
}

static void open_drop(struct amtg_letter *l);

static void show(struct shard_drops *d, const struct amtg_element *at, unsigned reason,
                 struct seen *seen, const struct amtg_packet *p)
{
    uint64_t now = amtg_now(at);

    seen->times++;
    if (now < seen->next_ns || atomic_load(&d->on_the_way) >= ON_THE_WAY)
        return;
    struct drop_caught *c = malloc(sizeof *c + p->len);
    if (!c)
        return;
    c->letter = (struct amtg_letter){.open = open_drop, .discard = drop_free};
    c->by = d;
    c->node = amtg_runtime_index(at);
    c->reason = reason;
    c->times = seen->times;
    c->caught = caught_of(at, p, 0);
    memcpy(c->octets, p->data, p->len);
    seen->next_ns = now + AMTG_S;
    seen->times = 0;
    atomic_fetch_add(&d->on_the_way, 1);
    amtg_mailbox_order(d->to, &c->letter); /* ON_THE_WAY is its bound */
}

static void on_end(void *arg, const struct amtg_element *at, const char *reason,
                   const struct amtg_packet *p)
{
    const struct admin_drops *drops = arg;
    unsigned i = 0, count = at->class->drops_count + AMTG_COMMON_DROPS;

    while (reason && i < count && amtg_drop_reason(at->class, i)->name != reason)
        i++;
    if (!reason || i == count) /* finished: it did what it came for */
        return;
    for (struct shard_drops *d = drops->asking; d; d = d->next)
        show(d, at, i, &d->seen[d->all->first[amtg_runtime_index(at)] + i], p);
}

static void enlist(struct shard_drops *d, struct admin_drops *drops)
{
    if (d->listed)
        return;
    if (!drops->asking)
        amtg_runtime_watch_ends(d->runtime, on_end, drops);
    d->next = drops->asking;
    drops->asking = d;
    d->listed = true;
}

static void strike(struct shard_drops *d, struct admin_drops *drops)
{
    struct shard_drops **at = &drops->asking;

    if (!d->listed)
        return;
    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    d->listed = false;
    if (!drops->asking)
        amtg_runtime_watch_ends(d->runtime, NULL, NULL);
}

static void enlist_there(struct admin_visit *v)
{
    enlist(v->subject, &v->admin->drops[v->shard]);
}

static void strike_there(struct admin_visit *v)
{
    strike(v->subject, &v->admin->drops[v->shard]);
}

/* ---- in the admin thread --------------------------------------------------------------- */

static void open_drop(struct amtg_letter *l)
{
    struct drop_caught *c = (struct drop_caught *)l;
    struct shard_drops *d = c->by;
    struct admin_question *q = d->question;
    const struct amtg_graph_node *node = &admin_graph(q->admin)->nodes[c->node];
    const struct amtg_reason *reason = amtg_drop_reason(node->class, c->reason);

    atomic_fetch_sub(&d->on_the_way, 1);
    if (q->asker && !(q->asker->full && q->asker->full(q->asker))) {
        json_t *drop = json_pack("{ss ss ss sI so}", "element", node->name, "reason", reason->name,
                                 "help", reason->help, "times", (json_int_t)c->times, "packet",
                                 caught_json(&c->caught, &d->all->view, c->octets));
        if (d->all->count > 1)
            json_object_set_new(drop, "shard", json_integer(d->shard));
        admin_answer(q, json_pack("{so}", "drop", drop), false);
    }
    free(c);
}

static void stop(struct admin_question *q)
{
    struct dropping *all = q->of_kind;

    if (!all || all->stopping)
        return;
    all->stopping = true;
    for (unsigned i = 0; i < all->count; i++)
        admin_visit(q, i, &(struct admin_visit){.there = strike_there, .subject = &all->shards[i]});
}

/* false: no memory. */
static bool make_room(struct admin_question *q, struct dropping *all)
{
    const struct amtg_graph *g = admin_graph(q->admin);
    unsigned reasons = 0;

    if (!q->admin->drops)
        q->admin->drops = calloc(admin_shards_count(q->admin), sizeof *q->admin->drops);
    all->first = calloc(g->nodes_count + 1, sizeof *all->first);
    for (unsigned i = 0; all->first && i < g->nodes_count; i++) {
        all->first[i] = reasons;
        reasons += g->nodes[i].class->drops_count + AMTG_COMMON_DROPS;
    }
    bool whole = q->admin->drops && all->first;
    for (unsigned i = 0; i < all->count; i++)
        whole &= (all->shards[i].seen = calloc(reasons + 1, sizeof(struct seen))) != NULL;
    return whole;
}

static void begin(struct admin_question *q)
{
    unsigned count = admin_shards_count(q->admin);
    struct dropping *all = calloc(1, sizeof *all + count * sizeof all->shards[0]);
    json_int_t snap = json_integer_value(json_object_get(q->request, "snap"));

    q->of_kind = all;
    if (all)
        all->count = count;
    if (!all || !make_room(q, all)) {
        admin_refuse(q, "%s", amtg_err_text(AMTG_ENOMEM));
        return;
    }
    all->view.snap = snap > 0 && snap < CAUGHT_SNAP ? (uint32_t)snap : CAUGHT_SNAP;
    all->view.layers = json_is_true(json_object_get(q->request, "layers"));
    all->view.wire = json_is_true(json_object_get(q->request, "wire"));
    for (unsigned i = 0; i < count; i++) {
        struct shard_drops *d = &all->shards[i];
        d->question = q;
        d->all = all;
        d->to = admin_mailbox(q->admin);
        d->runtime = amtg_shards_runtimes(q->admin->shards)[i];
        d->shard = i;
        admin_visit(q, i, &(struct admin_visit){.there = enlist_there, .subject = d});
    }
}

/* The shards stand still, or have all struck it off their lists. */
static void end(struct admin_question *q)
{
    struct dropping *all = q->of_kind;

    if (!all)
        return;
    for (unsigned i = 0; i < all->count; i++) {
        if (q->admin->drops)
            strike(&all->shards[i], &q->admin->drops[i]);
        free(all->shards[i].seen);
    }
    free(all->first);
    free(all);
}

void admin_drops_free(struct admin *a)
{
    free(a->drops);
}

const struct admin_kind admin_kind_drops = {
    .name = "drops",
    .help = "packets that are dropped: one of each element and reason a second",
    .begin = begin,
    .cancel = stop,
    .end = end};
