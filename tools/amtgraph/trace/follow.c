#include "tools/amtgraph/trace/follow.h"

#include <stdlib.h>
#include <string.h>

#include "elements/wire/types.h"

enum { BUCKETS = 1024, HANDED_MOST = AMTG_BATCH };

/* What was handed to a node in this instant, as it was then. */
struct handed {
    struct follow_way *ways[HANDED_MOST];
    const struct follow_view *views[HANDED_MOST];
    unsigned count;
};

/* What a node had counted before this instant, and the drops of packets that were seen in it. */
struct counted {
    uint64_t *counters, *drops, *seen_drops;
};

struct follow {
    const struct amtg_graph *graph;
    struct amtg_runtime *runtime;     /* NULL: looks no more */
    struct handed *handed;            /* as graph->nodes */
    struct counted *counted;          /* likewise */
    struct follow_way *live[BUCKETS]; /* by their packets */
    struct follow_way **ways;         /* of this instant */
    unsigned ways_count, ways_room;
    unsigned timed; /* ways that began by a timer, so far */
    bool waiting;   /* the loop is to stop when something is seen */
    bool seen;
};

/* ---- memory ------------------------------------------------------------------ */

static void *need(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

struct follow *follow_new(const struct amtg_graph *g)
{
    struct follow *f = need(calloc(1, sizeof *f));

    f->graph = g;
    f->handed = need(calloc(g->nodes_count + 1, sizeof *f->handed));
    f->counted = need(calloc(g->nodes_count + 1, sizeof *f->counted));
    for (unsigned i = 0; i < g->nodes_count; i++) {
        const struct amtg_class *class = g->nodes[i].class;
        struct counted *c = &f->counted[i];
        c->counters = need(calloc(class->counters_count + 1, sizeof *c->counters));
        c->drops = need(calloc(class->drops_count + AMTG_COMMON_DROPS, sizeof *c->drops));
        c->seen_drops = need(calloc(class->drops_count + AMTG_COMMON_DROPS, sizeof *c->drops));
    }
    return f;
}

static void way_free(struct follow_way *way)
{
    amtg_arena_free(way->arena);
    free(way);
}

void follow_free(struct follow *f)
{
    if (!f)
        return;
    follow_forget(f);
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct follow_way *way = f->live[i], *next; way; way = next) {
            next = way->next;
            way_free(way);
        }
    for (unsigned i = 0; i < f->graph->nodes_count; i++) {
        free(f->counted[i].counters);
        free(f->counted[i].drops);
        free(f->counted[i].seen_drops);
    }
    free(f->counted);
    free(f->handed);
    free(f->ways);
    free(f);
}

/* ---- packets that are on their way --------------------------------------------- */

static struct follow_way **bucket(struct follow *f, const struct amtg_packet *p)
{
    return &f->live[(uintptr_t)p / sizeof *p % BUCKETS];
}

static struct follow_way *find(struct follow *f, const struct amtg_packet *p)
{
    struct follow_way *way = *bucket(f, p);

    while (way && way->packet != p)
        way = way->next;
    return way;
}

static void lose(struct follow *f, struct follow_way *way)
{
    struct follow_way **at = bucket(f, way->packet);

    while (*at != way)
        at = &(*at)->next;
    *at = way->next;
    way->packet = NULL;
}

static void tell(struct follow *f, struct follow_way *way)
{
    if (f->ways_count == f->ways_room) {
        f->ways_room = f->ways_room ? 2 * f->ways_room : 16;
        f->ways = need(realloc(f->ways, f->ways_room * sizeof(struct follow_way *)));
    }
    f->ways[f->ways_count++] = way;
    way->told = true;
}

static struct follow_way *begin(struct follow *f, enum follow_birth birth, unsigned node,
                                const struct amtg_packet *p)
{
    struct follow_way *way = need(calloc(1, sizeof *way));

    way->arena = amtg_arena_new();
    way->birth = birth;
    way->node = way->at = node;
    way->packet = p;
    if (p) {
        way->next = *bucket(f, p);
        *bucket(f, p) = way;
    }
    tell(f, way);
    return way;
}

/* ---- views --------------------------------------------------------------------- */

static bool carries_peer(const struct amtg_type *type)
{
    return amtg_type_is(type, AMTG_DATAGRAM);
}

static void take_to(struct amtg_arena *arena, struct follow_view *v, const struct amtg_packet *p)
{
    struct amtg_peer *to = amtg_arena_get(arena, FOLLOW_TO_SHOWN * sizeof *to);

    v->to = to;
    for (uint32_t i = 0; p->to && i < p->to->count; i++) {
        if (p->to->entries[i]->dead)
            continue;
        if (v->to_shown < FOLLOW_TO_SHOWN)
            to[v->to_shown++] = p->to->entries[i]->peer;
        v->to_count++;
    }
    if (!p->to && (p->flags & AMTG_ADDRESSED_ONE)) {
        to[0] = p->peer;
        v->to_count = v->to_shown = 1;
    }
}

static struct follow_view *view_of(struct amtg_arena *arena, const struct amtg_packet *p,
                                   uint64_t now)
{
    struct follow_view *v = amtg_arena_get(arena, sizeof *v);
    uint8_t *octets = amtg_arena_get(arena, p->len + 1);
    char *words = NULL;
    size_t len;
    FILE *out = need(open_memstream(&words, &len));

    memcpy(octets, p->data, p->len);
    amtg_type_describe(p, out);
    fclose(out);
    *v = (struct follow_view){.type = p->type,
                              .octets = octets,
                              .len = p->len,
                              .words = amtg_arena_text(arena, words),
                              .has_tos = carries_peer(p->type) && (p->flags & AMTG_HAS_TOS),
                              .tos = p->tos,
                              .time_ns = now};
    take_to(arena, v, p);
    free(words);
    return v;
}

/* ---- births -------------------------------------------------------------------- */

static unsigned node_of(const struct follow *f, const struct amtg_element *e)
{
    return (unsigned)(e - amtg_runtime_element(f->runtime, 0));
}

/* Of what was handed to the node in this instant: whose octets it has, or else the last. */
static int cause_of(const struct follow *f, unsigned node, const struct amtg_packet *p)
{
    const struct handed *h = &f->handed[node];

    for (unsigned i = h->count; i-- > 0;)
        if (h->ways[i]->buffer == p->buffer)
            return (int)i;
    return (int)h->count - 1;
}

static struct follow_way *born(struct follow *f, unsigned node, const struct amtg_packet *p,
                               uint64_t now)
{
    const struct handed *h = &f->handed[node];
    int cause = cause_of(f, node, p);
    struct follow_way *parent = cause >= 0 ? h->ways[cause] : NULL;
    bool copy = parent && parent->buffer == p->buffer;
    struct follow_way *way = begin(f,
                                   copy     ? FOLLOW_COPIED
                                   : parent ? FOLLOW_MADE
                                            : FOLLOW_TIMED,
                                   node, p);

    way->parent = parent;
    way->id = parent ? amtg_arena_printf(way->arena, "%s.%u", parent->id, ++parent->children)
                     : amtg_arena_printf(way->arena, "t%u", ++f->timed);
    way->first = way->last = copy ? h->views[cause] : view_of(way->arena, p, now);
    return way;
}

/* ---- looking on ---------------------------------------------------------------- */

static void stop_waiting(struct follow *f)
{
    f->seen = true;
    if (f->waiting)
        amtg_loop_stop(amtg_runtime_loop(f->runtime));
}

static void hand(struct follow *f, unsigned node, struct follow_way *way)
{
    struct handed *h = &f->handed[node];

    if (h->count == HANDED_MOST) {
        memmove(h->ways, h->ways + 1, (HANDED_MOST - 1) * sizeof *h->ways);
        memmove(h->views, h->views + 1, (HANDED_MOST - 1) * sizeof *h->views);
        h->count--;
    }
    h->ways[h->count] = way;
    h->views[h->count++] = way->last;
}

/* Known, and told of in this instant: else it begins, or goes on. */
static struct follow_way *way_of(struct follow *f, unsigned node, const struct amtg_packet *p,
                                 uint64_t now)
{
    struct follow_way *way = find(f, p);

    if (!way)
        return born(f, node, p, now);
    if (!way->told)
        tell(f, way);
    return way;
}

void follow_look(void *arg, const struct amtg_element *from, unsigned out,
                 const struct amtg_packet *p)
{
    struct follow *f = arg;

    if (!f->runtime)
        return;
    unsigned node = node_of(f, from);
    struct follow_way *way = way_of(f, node, p, amtg_now(from));
    const struct follow_view *before = way->last;
    int edge = f->graph->nodes[node].outs[out].edge;
    way->last = view_of(way->arena, p, amtg_now(from));
    way->buffer = p->buffer;
    way->hops = amtg_arena_grow(way->arena, way->hops, way->hops_count, sizeof *way->hops);
    way->hops[way->hops_count++] = (struct follow_hop){node, out, before, way->last};
    if (edge >= 0) {
        way->at = f->graph->edges[edge].to;
        hand(f, way->at, way);
    } else {
        way->end = FOLLOW_LEFT;
        lose(f, way);
    }
    stop_waiting(f);
}

static void note_drop(struct follow *f, unsigned node, const char *reason)
{
    int i = amtg_drop_index(f->graph->nodes[node].class, reason);

    if (i >= 0)
        f->counted[node].seen_drops[i]++;
}

/* What was finished without ever having left who made it says nothing. */
static void look_at_end(void *arg, const struct amtg_element *at, const char *reason,
                        const struct amtg_packet *p)
{
    struct follow *f = arg;
    unsigned node = node_of(f, at);

    if (!find(f, p) && !reason)
        return;
    struct follow_way *way = way_of(f, node, p, amtg_now(at));
    way->end = reason ? FOLLOW_DROPPED : at->boundary ? FOLLOW_SENT : FOLLOW_FINISHED;
    way->at = node;
    way->reason = reason;
    if (reason)
        note_drop(f, node, reason);
    lose(f, way);
    stop_waiting(f);
}

/* ---- counters ------------------------------------------------------------------ */

static void take_counters(struct follow *f)
{
    for (unsigned i = 0; f->runtime && i < f->graph->nodes_count; i++) {
        const struct amtg_element *e = amtg_runtime_element(f->runtime, i);
        const struct amtg_class *class = e->class;
        struct counted *c = &f->counted[i];
        size_t drops = (class->drops_count + AMTG_COMMON_DROPS) * sizeof *c->drops;
        memcpy(c->counters, e->counters, class->counters_count * sizeof *c->counters);
        memcpy(c->drops, e->drops, drops);
        memset(c->seen_drops, 0, drops);
    }
}

bool follow_counted(struct follow *f, unsigned i, struct follow_count *out)
{
    for (unsigned node = 0; f->runtime && node < f->graph->nodes_count; node++) {
        const struct amtg_element *e = amtg_runtime_element(f->runtime, node);
        const struct amtg_class *class = e->class;
        const struct counted *c = &f->counted[node];
        for (unsigned k = 0; k < class->counters_count; k++)
            if (e->counters[k] != c->counters[k] && i-- == 0) {
                *out = (struct follow_count){node, &class->counters[k], NULL, c->counters[k],
                                             e->counters[k]};
                return true;
            }
        for (unsigned k = 0; k < class->drops_count + AMTG_COMMON_DROPS; k++)
            if (e->drops[k] != c->drops[k] + c->seen_drops[k] && i-- == 0) {
                *out = (struct follow_count){node, NULL, amtg_drop_reason(class, k),
                                             c->drops[k] + c->seen_drops[k], e->drops[k]};
                return true;
            }
    }
    return false;
}

/* ---- instants ------------------------------------------------------------------ */

void follow_attach(struct follow *f, struct amtg_runtime *rt)
{
    f->runtime = rt;
    amtg_runtime_watch_ends(rt, look_at_end, f);
}

void follow_detach(struct follow *f)
{
    if (f->runtime)
        amtg_runtime_watch_ends(f->runtime, NULL, NULL);
    f->runtime = NULL;
}

struct follow_way *const *follow_ways(const struct follow *f, unsigned *count)
{
    *count = f->ways_count;
    return f->ways;
}

/* What is kept goes on later from how it is now; the steps that led there have been told. */
static void rebase(struct follow_way *way)
{
    struct amtg_arena *arena = amtg_arena_new();
    struct follow_view *v = amtg_arena_get(arena, sizeof *v);
    uint8_t *octets = amtg_arena_get(arena, way->last->len + 1);
    struct amtg_peer *to = amtg_arena_get(arena, FOLLOW_TO_SHOWN * sizeof *to);

    *v = *way->last;
    memcpy(octets, v->octets, v->len);
    memcpy(to, v->to, FOLLOW_TO_SHOWN * sizeof *to);
    v->octets = octets;
    v->to = to;
    v->words = amtg_arena_text(arena, v->words);
    way->id = amtg_arena_text(arena, way->id);
    amtg_arena_free(way->arena);
    way->arena = arena;
    way->first = way->last = v;
    way->birth = FOLLOW_KEPT;
    way->node = way->at;
    way->parent = NULL;
    way->hops = NULL;
    way->hops_count = 0;
    way->told = false;
}

void follow_forget(struct follow *f)
{
    for (unsigned i = f->ways_count; i-- > 0;) { /* copies begin with views of those before */
        if (f->ways[i]->packet)
            rebase(f->ways[i]);
        else
            way_free(f->ways[i]);
    }
    f->ways_count = 0;
    f->seen = false;
    for (unsigned i = 0; i < f->graph->nodes_count; i++)
        f->handed[i].count = 0;
    take_counters(f);
}

static void settle(struct follow *f)
{
    amtg_loop_step(amtg_runtime_loop(f->runtime), 0);
}

bool follow_wait(struct follow *f, uint64_t until_ns)
{
    struct amtg_loop *loop = amtg_runtime_loop(f->runtime);
    char why[1];

    do {
        uint64_t now = amtg_loop_now_ns(loop);
        f->waiting = true;
        amtg_loop_step(loop, until_ns > now ? until_ns - now : 0);
        f->waiting = false;
    } while (!f->seen && amtg_loop_now_ns(loop) < until_ns &&
             !amtg_runtime_outcome(f->runtime, why, sizeof why));
    if (f->seen)
        settle(f);
    return f->seen;
}

/* ---- feeding ------------------------------------------------------------------- */

static struct follow_way *fed(struct follow *f, unsigned node, const char *id,
                              struct amtg_packet *p)
{
    struct follow_way *way = begin(f, FOLLOW_CAPTURED, node, p);

    way->id = amtg_arena_text(way->arena, id);
    way->first = way->last =
        view_of(way->arena, p, amtg_loop_now_ns(amtg_runtime_loop(f->runtime)));
    way->buffer = p->buffer;
    return way;
}

void follow_feed(struct follow *f, unsigned node, unsigned out, const char *id,
                 const uint8_t *octets, uint32_t len)
{
    struct amtg_element *e = amtg_runtime_element(f->runtime, node);
    const struct amtg_type *type = f->graph->nodes[node].outs[out].type;
    const struct amtg_wire_form *wire = amtg_type_wire(type);
    struct amtg_packet *p = amtg_make(e, AMTG_PACKET, len);

    if (!p) {
        follow_refuse(f, id, octets, len, "there is no buffer for another packet");
        return;
    }
    memcpy(p->data, octets, len);
    p->type = AMTG_IP_RAW;
    struct follow_way *way = fed(f, node, id, p);
    if (!wire || !wire->from_ip || !wire->from_ip(p)) {
        lose(f, way); /* its end is not that of the stand-in */
        way->end = FOLLOW_REFUSED;
        way->reason = amtg_arena_printf(
            way->arena, "no sound %s: a host drops it before %s sees it", type->name, e->name);
        amtg_finish(e, p);
        return;
    }
    p->type = type;
    amtg_runtime_emit(e, out, p);
    settle(f);
}

void follow_refuse(struct follow *f, const char *id, const uint8_t *octets, uint32_t len,
                   const char *why)
{
    struct amtg_packet p = {.type = AMTG_IP_RAW, .data = (uint8_t *)octets, .len = len};
    struct follow_way *way = fed(f, 0, id, &p);

    lose(f, way);
    way->end = FOLLOW_REFUSED;
    way->reason = amtg_arena_text(way->arena, why);
}
