/* The calls that elements make; what they are made of is in runtime_private.h. */
#include "core/element.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/runtime_private.h"

enum { OUTS_PER_WORD = 64 };

/* ---- outputs ------------------------------------------------------------ */

/* In a cycle, what an element says while the graph stops may come to one that has stopped. */
static void drop_all(struct amtg_element *e, struct amtg_out *out)
{
    for (uint32_t i = 0; i < out->batch.count; i++)
        amtg_drop(e, e->class->drops_count + AMTG_DROP_PEER_STOPPED, out->batch.packets[i]);
    out->batch.count = 0;
}

static void trace(const struct amtg_element *e, const struct amtg_out *out,
                  const struct amtg_batch *batch)
{
    const struct amtg_runtime *rt = e->runtime;
    uint64_t now = amtg_now(e);

    amtg_trace_batch(rt->trace, (unsigned)(e - rt->elements), (unsigned)(out - e->outs), now,
                     amtg_loop_wall_ns(e->loop, now), batch);
}

static void observe(const struct amtg_element *e, const struct amtg_out *out,
                    const struct amtg_packet *p)
{
    e->runtime->observe(e->runtime->observe_arg, e, (unsigned)(out - e->outs), p);
}

/* A tap may remove itself when it has seen enough. */
static void show(const struct amtg_element *e, const struct amtg_out *out,
                 const struct amtg_batch *batch)
{
    if (e->runtime->trace)
        trace(e, out, batch);
    if (e->runtime->observe)
        AMTG_EACH (p, batch)
            observe(e, out, p);
    for (struct amtg_tap *t = out->taps, *next; t; t = next) {
        next = t->next;
        t->batch(t, e, (unsigned)(out - e->outs), batch);
    }
}

/* Hand over to the next element, and see to what it emits. */
static void hand_over(struct amtg_element *e, struct amtg_out *out, struct amtg_batch *batch)
{
    struct amtg_element *peer = out->peer;
    uint64_t octets = 0;

    out->pushing = true;
    out->packets += batch->count;
    AMTG_EACH (p, batch)
        octets += p->len;
    out->octets += octets;
    e->emitted += batch->count;
    if (out->watched)
        show(e, out, batch);
    peer->taken += batch->count;
    peer->push(peer, out->in, batch);
    amtg_element_flush(peer);
    out->pushing = false;
}

static void push_on(struct amtg_element *e, struct amtg_out *out)
{
    out->filling = false;
    if (!out->batch.count || out->pushing) /* pushing: a cycle has led back to its own beginning */
        return;
    if (out->peer->stopped) {
        drop_all(e, out);
        return;
    }
    hand_over(e, out, &out->batch);
    out->batch.count = 0;
}

/* Some elements have a thousand outputs, of which few hold anything: a bit for each that does. */
static void note_filled(struct amtg_element *e, unsigned i, bool filled)
{
    uint64_t bit = 1ull << i % OUTS_PER_WORD, *word = &e->filled[i / OUTS_PER_WORD];

    *word = filled ? *word | bit : *word & ~bit;
}

void amtg_element_flush(struct amtg_element *e)
{
    if (!e->unflushed)
        return;
    e->unflushed = false;
    for (unsigned word = 0; word * OUTS_PER_WORD < e->outs_count; word++)
        while (e->filled[word]) { /* in the order of the outputs */
            unsigned i = word * OUTS_PER_WORD + (unsigned)__builtin_ctzll(e->filled[word]);
            note_filled(e, i, false);
            push_on(e, &e->outs[i]);
        }
    e->last_out = NULL;
}

/*
 * While an output is pushed on, all that follows from it included, nothing may be emitted
 * there: its batch is being walked, may be full, and the cycle would have no end. Only a
 * cycle leads back to it, and in each is a class that promised not to emit from inside its
 * push (AMTG_BREAKS). A wrong promise ends the run, in all builds.
 */
static _Noreturn void emitted_inside(const struct amtg_element *e, unsigned i)
{
    fprintf(stderr, "amtgraph: %s (%s): emits on \"%s\" from inside a push that came from there\n",
            e->name, e->class->name, e->class->outputs[i].name);
    abort();
}

/* Nobody is there: it leaves the graph, where that is meant and seen, or is dropped. */
static void emit_open(struct amtg_element *e, struct amtg_out *out, struct amtg_packet *p)
{
    if (!out->outside) {
        amtg_drop(e, e->class->drops_count + AMTG_DROP_OPEN, p);
        return;
    }
    observe(e, out, p);
    out->packets++;
    out->octets += p->len;
    e->emitted++;
    amtg_packet_free(p);
}

void amtg_emit_first(struct amtg_element *e, unsigned i, struct amtg_packet *p)
{
    struct amtg_out *out = &e->outs[i];

    if (!out->peer) {
        emit_open(e, out, p);
        return;
    }
    if ((e->class->flags & AMTG_ORDERED) && e->last_out != out) {
        if (e->last_out)
            push_on(e, e->last_out);
        e->last_out = out;
    }
    if (out->pushing)
        emitted_inside(e, i);
    out->batch.packets[out->batch.count++] = p;
    note_filled(e, i, true);
    e->unflushed = true;
    out->filling = true;
    if (out->batch.count == AMTG_BATCH)
        push_on(e, out);
}

void amtg_emit_full(struct amtg_element *e, unsigned i)
{
    push_on(e, &e->outs[i]);
}

void amtg_emit_batch(struct amtg_element *e, unsigned i, struct amtg_batch *batch)
{
    struct amtg_out *out = &e->outs[i];

    if (out->peer && !out->peer->stopped && !out->pushing && !e->unflushed)
        hand_over(e, out, batch);
    else
        AMTG_EACH (p, batch)
            amtg_emit(e, i, p);
}

/* ---- from outside -------------------------------------------------------- */

static void note_watched(const struct amtg_element *e, struct amtg_out *out)
{
    out->watched = e->runtime->trace || e->runtime->observe || out->taps;
}

void amtg_tap_add(struct amtg_element *from, unsigned i, struct amtg_tap *t)
{
    struct amtg_out *out = &from->outs[i];

    t->next = out->taps;
    out->taps = t;
    note_watched(from, out);
}

void amtg_tap_remove(struct amtg_element *from, unsigned i, struct amtg_tap *t)
{
    struct amtg_out *out = &from->outs[i];

    for (struct amtg_tap **at = &out->taps; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            break;
        }
    note_watched(from, out);
}

void amtg_runtime_emit(struct amtg_element *e, unsigned out, struct amtg_packet *p)
{
    amtg_emit(e, out, p);
    amtg_element_flush(e);
}

void amtg_runtime_push(struct amtg_element *e, unsigned in, struct amtg_packet *p)
{
    struct amtg_batch batch = {.count = 1, .packets = {p}};

    e->taken++;
    e->made--; /* it was made for e, but comes from elsewhere */
    e->push(e, in, &batch);
    amtg_element_flush(e);
}

/* ---- the packet account ------------------------------------------------- */

/* Out of line with all that it needs: who is not watched pays for a comparison and no more. */
static __attribute__((noinline, cold)) void end_watched(struct amtg_element *e, const char *reason,
                                                        struct amtg_packet *p)
{
    e->runtime->ends(e->runtime->ends_arg, e, reason, p);
    amtg_packet_free(p);
}

void amtg_drop(struct amtg_element *e, unsigned reason, struct amtg_packet *p)
{
    e->drops[reason]++;
    e->dropped++;
    if (e->ends_watched)
        end_watched(e, amtg_drop_reason(e->class, reason)->name, p);
    else
        amtg_packet_free(p);
}

void amtg_drop_no_buffer(struct amtg_element *e, struct amtg_packet *p)
{
    amtg_drop(e, e->class->drops_count + AMTG_DROP_NO_BUFFER, p);
}

void amtg_finish(struct amtg_element *e, struct amtg_packet *p)
{
    e->finished++;
    if (e->ends_watched)
        end_watched(e, NULL, p);
    else
        amtg_packet_free(p);
}

void amtg_drop_count(struct amtg_element *e, unsigned reason, uint64_t n)
{
    e->drops[reason] += n;
}

void amtg_no_buffer_count(struct amtg_element *e)
{
    e->drops[e->class->drops_count + AMTG_DROP_NO_BUFFER]++;
}

struct amtg_packet *amtg_make(struct amtg_element *e, const struct amtg_type *type, uint32_t len)
{
    bool record = amtg_type_is(type, AMTG_RECORD);
    struct amtg_packet *p = amtg_packet_new(record ? e->records : e->pool, len);

    if (!p)
        return NULL;
    if (record)
        memset(p->data, 0, len);
    p->type = type;
    p->time_ns = amtg_now(e);
    e->made++;
    return p;
}

struct amtg_packet *amtg_copy(struct amtg_element *e, const struct amtg_packet *p)
{
    struct amtg_packet *copy = amtg_packet_clone(p);

    if (copy)
        e->made++;
    return copy;
}

void amtg_wait_for_buffers(struct amtg_element *e, struct amtg_task *t)
{
    t->element = e;
    amtg_pool_wait(e->pool, e->loop, t);
}

/* ---- randomness: a ChaCha20 stream of the run's seed and the element's name */

void amtg_random(struct amtg_element *e, void *out, size_t octets)
{
    struct amtg_random_stream *r = e->random;
    uint8_t *to = out;

    while (octets) {
        static const uint8_t zero[sizeof r->block], nonce[crypto_stream_chacha20_NONCEBYTES];
        if (r->used == sizeof r->block) {
            crypto_stream_chacha20_xor_ic(r->block, zero, sizeof zero, nonce, r->counter++, r->key);
            r->used = 0;
        }
        size_t n = sizeof r->block - r->used;
        if (n > octets)
            n = octets;
        memcpy(to, r->block + r->used, n);
        memset(r->block + r->used, 0, n); /* what was handed out may have been a secret */
        r->used += n;
        to += n;
        octets -= n;
    }
}

uint32_t amtg_random_u32(struct amtg_element *e)
{
    uint32_t value;
    amtg_random(e, &value, sizeof value);
    return value;
}

uint64_t amtg_random_below(struct amtg_element *e, uint64_t below)
{
    uint64_t value, fair = UINT64_MAX - UINT64_MAX % below; /* a whole number of rounds */

    do
        amtg_random(e, &value, sizeof value);
    while (value >= fair);
    return value % below;
}

/* ---- references --------------------------------------------------------- */

const void *amtg_ops(const struct amtg_element *e, const struct amtg_interface *interface)
{
    for (unsigned i = 0; i < e->class->provides_count; i++) {
        const struct amtg_provided *p = &e->class->provides[i];
        if (p->interface == interface)
            return e->boundary && p->stand_in_ops ? p->stand_in_ops : p->ops;
    }
    return NULL;
}

const struct amtg_element *amtg_element_at(const struct amtg_element *e, unsigned index)
{
    return index < e->runtime->graph->nodes_count ? &e->runtime->elements[index] : NULL;
}

/* ---- words -------------------------------------------------------------- */

enum amtg_err amtg_fail(struct amtg_element *e, enum amtg_err err, const char *fmt, ...)
{
    struct amtg_runtime *rt = e->runtime;
    int used = snprintf(rt->why, sizeof rt->why, "%s (%s): ", e->name, e->class->name);
    va_list args;

    va_start(args, fmt);
    if (used >= 0 && (size_t)used < sizeof rt->why)
        vsnprintf(rt->why + used, sizeof rt->why - (size_t)used, fmt, args);
    va_end(args);
    return err;
}

void amtg_abort(struct amtg_element *e, const char *fmt, ...)
{
    struct amtg_runtime *rt = e->runtime;
    char text[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (rt->aborted)
        return;
    rt->aborted = true;
    amtg_fail(e, AMTG_ESYSTEM, "%s", text);
    amtg_loop_stop(rt->loop);
}

void amtg_end(struct amtg_element *e)
{
    amtg_loop_stop(e->loop);
}

void amtg_verdict(struct amtg_element *e, bool good, const char *fmt, ...)
{
    struct amtg_runtime *rt = e->runtime;
    va_list args;

    if (good || rt->verdict[0])
        return;
    int used = snprintf(rt->verdict, sizeof rt->verdict, "%s (%s): ", e->name, e->class->name);
    va_start(args, fmt);
    if (used >= 0 && (size_t)used < sizeof rt->verdict)
        vsnprintf(rt->verdict + used, sizeof rt->verdict - (size_t)used, fmt, args);
    va_end(args);
}
