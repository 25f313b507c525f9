#include "core/endpoint.h"

#include <stdlib.h>

/* ---- endpoints ---------------------------------------------------------- */

int amtg_kind_compare(const struct amtg_kind *a, const struct amtg_kind *b)
{
    return a->version != b->version ? a->version - b->version : a->pmtu - b->pmtu;
}

struct amtg_endpoint *amtg_endpoint_new(const struct amtg_peer *peer)
{
    struct amtg_endpoint *e = malloc(sizeof *e);

    if (e)
        *e = (struct amtg_endpoint){.peer = *peer,
                                    .refs = 1,
                                    .kind.version = amtg_addr_is4(&peer->remote) ? 4 : 6};
    return e;
}

struct amtg_endpoint *amtg_endpoint_hold(struct amtg_endpoint *e)
{
    e->refs++;
    return e;
}

void amtg_endpoint_free(struct amtg_endpoint *e)
{
    if (e && --e->refs == 0)
        free(e);
}

/* ---- sets --------------------------------------------------------------- */

struct amtg_set *amtg_set_new(uint32_t room)
{
    struct amtg_set *s = malloc(sizeof *s + room * sizeof s->entries[0]);

    if (s)
        *s = (struct amtg_set){.refs = 1, .room = room};
    return s;
}

struct amtg_set *amtg_set_hold(struct amtg_set *s)
{
    s->refs++;
    return s;
}

void amtg_set_free(struct amtg_set *s)
{
    if (!s || --s->refs)
        return;
    for (uint32_t i = 0; i < s->count; i++)
        amtg_endpoint_free(s->entries[i]);
    free(s);
}

/* Make *s a set that only we hold, with room for `room` entries. */
static bool set_own(struct amtg_set **s, uint32_t room)
{
    struct amtg_set *old = *s, *new;

    if (old->refs == 1) {
        if (room <= old->room)
            return true;
        new = realloc(old, sizeof *new + room * sizeof new->entries[0]);
        if (!new)
            return false;
        new->room = room;
    } else {
        if (room < old->count)
            room = old->count;
        new = amtg_set_new(room);
        if (!new)
            return false;
        for (uint32_t i = 0; i < old->count; i++)
            new->entries[i] = amtg_endpoint_hold(old->entries[i]);
        new->count = old->count;
        new->kind = old->kind;
        new->next = old->next;
        old->next = NULL;
        amtg_set_free(old);
    }
    *s = new;
    return true;
}

bool amtg_set_add(struct amtg_set **s, struct amtg_endpoint *e)
{
    uint32_t count = (*s)->count, room = (*s)->room;

    if (count == room)
        room = room < 4 ? 4 : room + room / 2;
    if (!set_own(s, room))
        return false;
    if ((*s)->count == 0)
        (*s)->kind = e->kind;
    (*s)->entries[(*s)->count++] = amtg_endpoint_hold(e);
    return true;
}

/*
 * The place of an entry, or `count`. From both ends: those who came first leave
 * first, and whoever comes and goes all the time (perhaps to keep us busy) is last.
 */
static uint32_t find_in(const struct amtg_set *s, const struct amtg_endpoint *e)
{
    for (uint32_t front = 0, back = s->count; front < back; front++) {
        if (s->entries[front] == e)
            return front;
        if (s->entries[--back] == e)
            return back;
    }
    return s->count;
}

bool amtg_set_remove(struct amtg_set **s, const struct amtg_endpoint *e)
{
    uint32_t i = find_in(*s, e);

    if (i == (*s)->count || !set_own(s, (*s)->count))
        return false;
    struct amtg_endpoint *gone = (*s)->entries[i];
    (*s)->entries[i] = (*s)->entries[--(*s)->count];
    amtg_endpoint_free(gone);
    return true;
}

/* ---- lists of sets ------------------------------------------------------ */

/* Where the set of a kind is, or where it belongs. */
static struct amtg_set **place_of(struct amtg_set **first, const struct amtg_kind *kind, bool *found)
{
    int order = 1;

    while (*first && (order = amtg_kind_compare(&(*first)->kind, kind)) < 0)
        first = &(*first)->next;
    *found = *first && order == 0;
    return first;
}

static void unlink_set(struct amtg_set **place)
{
    struct amtg_set *gone = *place;

    *place = gone->next;
    gone->next = NULL;
    amtg_set_free(gone);
}

bool amtg_sets_add(struct amtg_set **first, struct amtg_endpoint *e)
{
    bool found;
    struct amtg_set **place = place_of(first, &e->kind, &found);

    if (found)
        return amtg_set_add(place, e);
    struct amtg_set *new = amtg_set_new(1);
    if (!new)
        return false;
    amtg_set_add(&new, e); /* there is room for one */
    new->next = *place;
    *place = new;
    return true;
}

bool amtg_sets_remove(struct amtg_set **first, const struct amtg_endpoint *e)
{
    bool found;
    struct amtg_set **place = place_of(first, &e->kind, &found);

    if (!found || !amtg_set_remove(place, e))
        return false;
    if ((*place)->count == 0)
        unlink_set(place);
    return true;
}

void amtg_sets_free(struct amtg_set **first)
{
    while (*first)
        unlink_set(first);
}

uint32_t amtg_sets_count(const struct amtg_set *first)
{
    uint32_t n = 0;

    for (; first; first = first->next)
        n += first->count;
    return n;
}
