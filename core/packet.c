#include "core/packet.h"

#include <stdlib.h>
#include <string.h>

#include "core/loop.h"
#include "core/type.h"

/* Under address sanitizer nothing is recycled, so that late uses are seen. */
#if defined(__SANITIZE_ADDRESS__)
#define RECYCLE false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RECYCLE false
#endif
#endif
#ifndef RECYCLE
#define RECYCLE true
#endif

enum {
    PACKETS_PER_BUFFER = 16, /* views that may be out, for each buffer of the limit */
    SMALL_ROOM = AMTG_HEADROOM + AMTG_SMALL_OCTETS,
    LARGE_ROOM = AMTG_HEADROOM + AMTG_LARGE_OCTETS,
    LARGE_KEPT = 32, /* free large buffers that are not given back to the system: 2 MiB */
    PARTS = 4, /* who waits is woken when a quarter of what it was short of is free again */
};

/* What a request may be short of. */
enum short_of { SHORT_OF_SMALL = 1, SHORT_OF_LARGE = 2, SHORT_OF_VIEWS = 4 };

struct amtg_pool {
    struct amtg_buffer *free_small, *free_large;
    struct amtg_packet *free_packets;
    struct amtg_pool_stats stats;
    uint32_t small_in_use, large_in_use, large_limit, large_kept;
    struct amtg_loop *loop; /* of those who wait */
    struct amtg_task *waiting;
    enum short_of denied; /* why the latest request was refused */
    unsigned awaited;     /* enum short_of: what those who wait were short of */
    bool closed;
};

/* ---- pool --------------------------------------------------------------- */

struct amtg_pool *amtg_pool_new(uint32_t limit, uint32_t large_limit)
{
    struct amtg_pool *pool = calloc(1, sizeof *pool);

    if (pool) {
        pool->stats.limit = limit;
        pool->large_limit = large_limit;
    }
    return pool;
}

static void free_list(struct amtg_buffer *b)
{
    for (struct amtg_buffer *next; b; b = next) {
        next = b->next;
        free(b);
    }
}

void amtg_pool_free(struct amtg_pool *pool)
{
    if (!pool)
        return;
    free_list(pool->free_small);
    free_list(pool->free_large);
    while (pool->free_packets) {
        struct amtg_packet *next = pool->free_packets->next;
        free(pool->free_packets);
        pool->free_packets = next;
    }
    free(pool);
}

struct amtg_pool_stats amtg_pool_stats(const struct amtg_pool *pool)
{
    struct amtg_pool_stats stats = pool->stats;

    stats.in_use = pool->small_in_use + pool->large_in_use;
    return stats;
}

static struct amtg_buffer *buffer_new(struct amtg_pool *pool, uint32_t len)
{
    bool large = len > AMTG_SMALL_OCTETS;
    struct amtg_buffer *b;

    pool->denied = large ? SHORT_OF_LARGE : SHORT_OF_SMALL; /* in case it is */
    if (len > AMTG_LARGE_OCTETS ||
        (large ? pool->large_in_use >= pool->large_limit : pool->small_in_use >= pool->stats.limit))
        return NULL;
    struct amtg_buffer **kept = large ? &pool->free_large : &pool->free_small;
    if (*kept) {
        b = *kept;
        *kept = b->next;
        pool->large_kept -= large;
    } else {
        b = malloc(sizeof *b + (large ? LARGE_ROOM : SMALL_ROOM));
        if (!b)
            return NULL;
        b->size = large ? LARGE_ROOM : SMALL_ROOM;
        b->pool = pool;
    }
    b->refs = 1;
    if (large)
        pool->large_in_use++;
    else
        pool->small_in_use++;
    if (pool->small_in_use + pool->large_in_use > pool->stats.peak)
        pool->stats.peak = pool->small_in_use + pool->large_in_use;
    return b;
}

static uint64_t views_most(const struct amtg_pool *pool)
{
    return (uint64_t)(pool->stats.limit + pool->large_limit) * PACKETS_PER_BUFFER;
}

static bool is_free_again(uint64_t in_use, uint64_t limit)
{
    return in_use < limit && in_use <= limit - limit / PARTS;
}

/* Only once there is room of the kind that was short: else those who wait would spin. */
static void wake_if_room(struct amtg_pool *pool)
{
    if (((pool->awaited & SHORT_OF_SMALL) && !is_free_again(pool->small_in_use, pool->stats.limit)) ||
        ((pool->awaited & SHORT_OF_LARGE) && !is_free_again(pool->large_in_use, pool->large_limit)) ||
        ((pool->awaited & SHORT_OF_VIEWS) && !is_free_again(pool->stats.packets, views_most(pool))))
        return;
    pool->awaited = 0;
    while (pool->waiting) {
        struct amtg_task *t = pool->waiting;
        pool->waiting = t->next;
        t->next = NULL;
        amtg_loop_task_post(pool->loop, t);
    }
}

static void buffer_free(struct amtg_buffer *b)
{
    struct amtg_pool *pool = b->pool;

    if (--b->refs)
        return;
    bool large = b->size == LARGE_ROOM;
    struct amtg_buffer **kept = large ? &pool->free_large : &pool->free_small;
    if (large)
        pool->large_in_use--;
    else
        pool->small_in_use--;
    if (RECYCLE && !(large && pool->large_kept == LARGE_KEPT)) {
        b->next = *kept;
        *kept = b;
        pool->large_kept += large;
    } else {
        free(b);
    }
    if (pool->waiting)
        wake_if_room(pool);
}

void amtg_pool_wait(struct amtg_pool *pool, struct amtg_loop *loop, struct amtg_task *t)
{
    for (struct amtg_task *w = pool->waiting; w; w = w->next)
        if (w == t)
            return;
    if (pool->closed || t->posted)
        return;
    pool->loop = loop;
    t->next = pool->waiting;
    pool->waiting = t;
    pool->awaited |= pool->denied;
    wake_if_room(pool); /* some may have come back since */
}

void amtg_pool_close(struct amtg_pool *pool)
{
    pool->closed = true;
    pool->waiting = NULL;
}

/* ---- packets ------------------------------------------------------------ */

static struct amtg_packet *view_new(struct amtg_pool *pool)
{
    struct amtg_packet *p = pool->free_packets;

    if (pool->stats.packets >= views_most(pool)) {
        pool->denied = SHORT_OF_VIEWS;
        return NULL;
    }
    if (p) {
        pool->free_packets = p->next;
    } else {
        p = malloc(sizeof *p);
        if (!p)
            return NULL;
    }
    pool->stats.packets++;
    return p;
}

static void view_free(struct amtg_pool *pool, struct amtg_packet *p)
{
    pool->stats.packets--;
    if (RECYCLE) {
        p->next = pool->free_packets;
        pool->free_packets = p;
    } else {
        free(p);
    }
    if (pool->waiting)
        wake_if_room(pool);
}

struct amtg_packet *amtg_packet_new(struct amtg_pool *pool, uint32_t len)
{
    struct amtg_packet *p = view_new(pool);
    struct amtg_buffer *b = p ? buffer_new(pool, len) : NULL;

    if (!b) {
        if (p)
            view_free(pool, p);
        pool->stats.denied++;
        return NULL;
    }
    *p = (struct amtg_packet){
        .type = AMTG_PACKET, .buffer = b, .data = b->room + AMTG_HEADROOM, .len = len};
    return p;
}

struct amtg_packet *amtg_packet_clone(const struct amtg_packet *p)
{
    struct amtg_packet *copy = view_new(p->buffer->pool);

    if (!copy) {
        p->buffer->pool->stats.denied++;
        return NULL;
    }
    *copy = *p;
    copy->next = NULL;
    copy->buffer->refs++;
    if (copy->to)
        amtg_set_hold(copy->to);
    return copy;
}

void amtg_packet_free(struct amtg_packet *p)
{
    struct amtg_pool *pool = p->buffer->pool;

    amtg_set_free(p->to);
    buffer_free(p->buffer);
    view_free(pool, p);
}

/* Move p's octets to a buffer of its own with `before` octets of headroom. */
static bool move(struct amtg_packet *p, uint32_t before)
{
    uint32_t need = p->len + (before > AMTG_HEADROOM ? before - AMTG_HEADROOM : 0);
    struct amtg_buffer *b = buffer_new(p->buffer->pool, need);

    if (!b) {
        p->buffer->pool->stats.denied++;
        return false;
    }
    uint8_t *data = b->room + (before > AMTG_HEADROOM ? before : AMTG_HEADROOM);
    memcpy(data, p->data, p->len);
    buffer_free(p->buffer);
    p->buffer = b;
    p->data = data;
    return true;
}

bool amtg_packet_own(struct amtg_packet *p)
{
    return p->buffer->refs == 1 || move(p, 0);
}

uint8_t *amtg_packet_push(struct amtg_packet *p, uint32_t n)
{
    if ((p->buffer->refs > 1 || p->data < p->buffer->room + n) && !move(p, n))
        return NULL;
    p->data -= n;
    p->len += n;
    return p->data;
}

void amtg_packet_to_nobody(struct amtg_packet *p)
{
    amtg_set_free(p->to);
    p->to = NULL;
    p->flags &= (uint8_t)~(AMTG_ADDRESSED_ONE | AMTG_HAS_TOS);
}

void amtg_packet_to_peer(struct amtg_packet *p, const struct amtg_peer *peer)
{
    struct amtg_peer copy = *peer; /* may be p's own */

    amtg_packet_to_nobody(p);
    p->peer = copy;
    p->flags |= AMTG_ADDRESSED_ONE;
}

void amtg_packet_to_set(struct amtg_packet *p, struct amtg_set *set)
{
    amtg_set_hold(set);
    amtg_packet_to_nobody(p);
    p->to = set;
}
