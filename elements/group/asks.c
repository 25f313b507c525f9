#include "elements/group/asks.h"

#include <stdlib.h>

#include "elements/wire/types.h"

struct source_open {
    struct amtg_addr address;
    uint8_t left; /* times that it is still asked about */
};

struct amtg_question_open {
    struct amtg_question_open *next;
    struct amtg_addr remote, group;
    uint16_t port;
    uint8_t group_left; /* times that the group itself is still asked about */
    uint32_t due_ms;
    uint32_t count;
    struct source_open *sources;
};

static void close_question(struct amtg_question_open **at)
{
    struct amtg_question_open *q = *at;

    *at = q->next;
    free(q->sources);
    free(q);
}

void amtg_asks_fini(struct amtg_asks *a)
{
    while (a->first)
        close_question(&a->first);
}

static struct amtg_question_open *find(struct amtg_asks *a, const struct amtg_peer *peer,
                                       const struct amtg_addr *group)
{
    for (struct amtg_question_open *q = a->first; q; q = q->next)
        if (q->port == peer->remote_port && amtg_addr_equal(&q->group, group) &&
            amtg_addr_equal(&q->remote, &peer->remote))
            return q;
    return NULL;
}

static struct amtg_question_open *open_question(struct amtg_asks *a, const struct amtg_peer *peer,
                                                const struct amtg_addr *group)
{
    struct amtg_question_open *q = calloc(1, sizeof *q);

    if (!q)
        return NULL;
    q->remote = peer->remote;
    q->port = peer->remote_port;
    q->group = *group;
    q->next = a->first;
    a->first = q;
    return q;
}

static void ask_source(struct amtg_question_open *q, const struct amtg_addr *source, uint8_t times)
{
    for (uint32_t i = 0; i < q->count; i++)
        if (amtg_addr_equal(&q->sources[i].address, source)) {
            q->sources[i].left = times;
            return;
        }
    q->sources[q->count++] = (struct source_open){*source, times};
}

bool amtg_asks_add(struct amtg_asks *a, const struct amtg_peer *peer,
                   const struct amtg_addr *group, const struct amtg_filter_lowered *lowered,
                   uint32_t now_ms)
{
    struct amtg_question_open *q = find(a, peer, group);

    if (!q)
        q = open_question(a, peer, group);
    if (!q)
        return false;
    q->due_ms = now_ms; /* also when empty, for want of memory: it is closed then */
    if (lowered->count) {
        struct source_open *more =
            realloc(q->sources, (q->count + lowered->count) * sizeof *more);
        if (!more)
            return false;
        q->sources = more;
    }
    if (lowered->group)
        q->group_left = a->times;
    for (uint32_t i = 0; i < lowered->count; i++)
        ask_source(q, &lowered->sources[i], a->times);
    return true;
}

/* ---- saying so ------------------------------------------------------------ */

/* An ask record with room for `room` sources; NULL: no buffer. */
static struct amtg_packet *record(struct amtg_element *e, const struct amtg_question_open *q,
                                  bool suppress, uint32_t room)
{
    struct amtg_packet *p = amtg_make(
        e, AMTG_ASK, (uint32_t)(sizeof(struct amtg_ask) + room * sizeof(struct amtg_addr)));

    if (p)
        *(struct amtg_ask *)p->data = (struct amtg_ask){.group = q->group, .suppress = suppress};
    else
        amtg_no_buffer_count(e);
    return p;
}

static bool is_high(const struct amtg_asks *a, uint32_t deadline_ms, uint32_t now_ms)
{
    return (int32_t)(deadline_ms - now_ms) > (int32_t)a->last_member_ms;
}

/*
 * RFC 3376, section 6.6.3.1: the S flag is set when the timer is higher than the last
 * member query time, since somebody has answered; other routers then leave theirs.
 */
static void say_group(struct amtg_asks *a, struct amtg_element *e, unsigned out,
                      struct amtg_question_open *q, const struct amtg_filter *f, uint32_t now_ms)
{
    if (q->group_left == 0)
        return;
    q->group_left--;
    if (!f->exclude) /* it has become INCLUDE by itself: its sources are known */
        return;
    struct amtg_packet *p = record(e, q, is_high(a, f->group_deadline_ms, now_ms), 0);
    if (!p)
        return;
    a->said++;
    amtg_emit(e, out, p);
}

/* Section 6.6.3.2: two Queries, of sources that somebody has answered for and of the others. */
static void say_sources(struct amtg_asks *a, struct amtg_element *e, unsigned out,
                        struct amtg_question_open *q, const struct amtg_filter *f, bool high,
                        uint32_t now_ms)
{
    uint32_t room = 0;
    struct amtg_packet *p;

    for (unsigned pass = 0; pass < 2; pass++) {
        struct amtg_ask *ask = NULL;
        if (pass == 1) {
            p = room ? record(e, q, high, room) : NULL;
            if (!p)
                return;
            ask = (struct amtg_ask *)p->data;
        }
        for (uint32_t i = 0; i < q->count; i++) {
            int at = amtg_filter_find(f, &q->sources[i].address);
            if (at < 0 || f->sources[at].deadline_ms == AMTG_BLOCKED ||
                is_high(a, f->sources[at].deadline_ms, now_ms) != high)
                continue;
            if (ask)
                ask->sources[ask->count++] = q->sources[i].address;
            else
                room++;
        }
    }
    a->said++;
    amtg_emit(e, out, p);
}

static void count_down(struct amtg_question_open *q)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < q->count; i++)
        if (--q->sources[i].left)
            q->sources[kept++] = q->sources[i];
    q->count = kept;
}

void amtg_asks_say(struct amtg_asks *a, struct amtg_element *e, unsigned out,
                   const struct amtg_roster *r, uint32_t now_ms)
{
    struct amtg_question_open **at = &a->first, *q;

    while ((q = *at)) {
        if (!amtg_deadline_due(q->due_ms, now_ms)) {
            at = &q->next;
            continue;
        }
        const struct amtg_member *m = amtg_roster_find(r, &q->remote, q->port);
        const struct amtg_filter *f = m ? amtg_member_filter(m, &q->group) : NULL;
        if (!f) { /* it is gone: nothing to keep */
            close_question(at);
            continue;
        }
        say_group(a, e, out, q, f, now_ms);
        say_sources(a, e, out, q, f, false, now_ms);
        say_sources(a, e, out, q, f, true, now_ms);
        count_down(q);
        q->due_ms = now_ms + a->interval_ms;
        if (q->group_left || q->count)
            at = &q->next;
        else
            close_question(at);
    }
}

bool amtg_asks_next(const struct amtg_asks *a, uint32_t *due_ms)
{
    for (const struct amtg_question_open *q = a->first; q; q = q->next)
        if (q == a->first || (int32_t)(q->due_ms - *due_ms) < 0)
            *due_ms = q->due_ms;
    return a->first != NULL;
}
