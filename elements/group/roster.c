#include "elements/group/roster.h"

#include <stdlib.h>

/* How much an address has. */
struct amtg_roster_address {
    struct amtg_node node;
    struct amtg_addr address;
    uint32_t count;   /* endpoints */
    uint32_t entries; /* their groups and sources */
};

void amtg_roster_init(struct amtg_roster *r, const uint8_t key[16])
{
    *r = (struct amtg_roster){0};
    amtg_table_init(&r->members, key);
    amtg_table_init(&r->addresses, key);
    amtg_channels_init(&r->channels, key);
}

static void end_node(struct amtg_node *node, void *roster)
{
    amtg_roster_end(roster, AMTG_CONTAINER(node, struct amtg_member, node));
}

void amtg_roster_fini(struct amtg_roster *r)
{
    amtg_table_each(&r->members, end_node, r);
    amtg_channels_fini(&r->channels);
    amtg_table_fini(&r->members);
    amtg_table_fini(&r->addresses);
}

/* ---- endpoints ----------------------------------------------------------- */

static uint64_t hash_member(const struct amtg_roster *r, const struct amtg_addr *remote,
                            uint16_t port)
{
    uint8_t key[18];

    memcpy(key, remote->octets, 16);
    memcpy(key + 16, &port, sizeof port);
    return amtg_table_hash(&r->members, key, sizeof key);
}

struct amtg_member *amtg_roster_find(const struct amtg_roster *r, const struct amtg_addr *remote,
                                     uint16_t port)
{
    uint64_t hash = hash_member(r, remote, port);

    for (struct amtg_node *n = amtg_table_find(&r->members, hash); n; n = amtg_node_next(n, hash)) {
        struct amtg_member *m = AMTG_CONTAINER(n, struct amtg_member, node);
        if (m->endpoint->peer.remote_port == port &&
            amtg_addr_equal(&m->endpoint->peer.remote, remote))
            return m;
    }
    return NULL;
}

static struct amtg_roster_address *get_address(struct amtg_roster *r, const struct amtg_addr *a)
{
    uint64_t hash = amtg_table_hash(&r->addresses, a, sizeof *a);
    struct amtg_roster_address *found;

    struct amtg_node *n = amtg_table_find(&r->addresses, hash);
    for (; n; n = amtg_node_next(n, hash)) {
        found = AMTG_CONTAINER(n, struct amtg_roster_address, node);
        if (amtg_addr_equal(&found->address, a))
            return found;
    }
    found = calloc(1, sizeof *found);
    if (!found)
        return NULL;
    found->address = *a;
    if (!amtg_table_insert(&r->addresses, &found->node, hash)) {
        free(found);
        return NULL;
    }
    return found;
}

static void put_address(struct amtg_roster *r, struct amtg_roster_address *a)
{
    if (a->count)
        return;
    amtg_table_remove(&r->addresses, &a->node);
    free(a);
}

static bool memberships_full(const struct amtg_roster *r)
{
    return r->memberships >= r->limits.memberships ||
           r->channels.forwarding >= r->limits.forwarding;
}

bool amtg_roster_full(const struct amtg_roster *r)
{
    return r->members.count >= r->limits.endpoints || memberships_full(r);
}

struct amtg_member *amtg_roster_admit(struct amtg_roster *r, const struct amtg_peer *peer,
                                      enum amtg_refusal *why)
{
    *why = AMTG_REFUSED_ENDPOINTS;
    if (r->members.count >= r->limits.endpoints)
        return NULL;

    struct amtg_roster_address *address = get_address(r, &peer->remote);
    *why = AMTG_REFUSED_MEMORY;
    if (!address)
        return NULL;
    if (address->count >= r->limits.per_address) {
        *why = AMTG_REFUSED_ADDRESS;
        return NULL;
    }

    struct amtg_member *m = calloc(1, sizeof *m);
    if (m)
        m->endpoint = amtg_endpoint_new(peer);
    if (!m || !m->endpoint ||
        !amtg_table_insert(&r->members, &m->node,
                           hash_member(r, &peer->remote, peer->remote_port))) {
        if (m)
            amtg_endpoint_free(m->endpoint);
        free(m);
        put_address(r, address);
        return NULL;
    }
    m->address = address;
    address->count++;
    return m;
}

static const struct amtg_filter nothing;

enum amtg_err amtg_roster_move(struct amtg_roster *r, struct amtg_member *m,
                               const struct amtg_peer *peer)
{
    struct amtg_endpoint *old = m->endpoint, *new = amtg_endpoint_new(peer);
    bool ok = new != NULL;

    if (new)
        new->kind = old->kind;
    for (unsigned i = 0; i < m->groups_count && new; i++) {
        struct amtg_membership *g = &m->groups[i];
        /* First the new one, so that the wish of the channel never lapses. */
        ok = amtg_channel_change(&r->channels, g->channel, new, &nothing, &g->filter) && ok;
        amtg_channel_change(&r->channels, g->channel, old, &g->filter, &nothing);
    }
    if (!new)
        return AMTG_ENOMEM;
    old->dead = true;
    amtg_endpoint_free(old);
    m->endpoint = new;
    return ok ? AMTG_OK : AMTG_ENOMEM;
}

/* Out of all sets, and into those of its new kind. Packets on their way go on as they are. */
enum amtg_err amtg_roster_change_kind(struct amtg_roster *r, struct amtg_member *m,
                                      const struct amtg_kind *kind)
{
    bool ok = true;

    for (unsigned i = 0; i < m->groups_count; i++)
        amtg_channel_change(&r->channels, m->groups[i].channel, m->endpoint,
                            &m->groups[i].filter, &nothing);
    m->endpoint->kind = *kind;
    for (unsigned i = 0; i < m->groups_count; i++)
        ok = amtg_channel_change(&r->channels, m->groups[i].channel, m->endpoint, &nothing,
                                 &m->groups[i].filter) && ok;
    return ok ? AMTG_OK : AMTG_ENOMEM;
}

void amtg_roster_end(struct amtg_roster *r, struct amtg_member *m)
{
    m->endpoint->dead = true;
    for (unsigned i = 0; i < m->groups_count; i++) {
        struct amtg_membership *g = &m->groups[i];
        amtg_channel_change(&r->channels, g->channel, m->endpoint, &g->filter, &nothing);
        amtg_filter_fini(&g->filter);
    }
    r->memberships -= m->groups_count;
    m->address->entries -= m->groups_count + m->sources;
    m->address->count--;
    put_address(r, m->address);
    amtg_table_remove(&r->members, &m->node);
    amtg_endpoint_free(m->endpoint);
    free(m->groups);
    free(m);
}

/* ---- memberships --------------------------------------------------------- */

/* Place of a group in the list, or where it belongs. */
static unsigned place_of(const struct amtg_member *m, const struct amtg_addr *group, bool *found)
{
    unsigned low = 0, high = m->groups_count;

    *found = false;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = memcmp(&m->groups[middle].channel->group, group, sizeof *group);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool make_room(struct amtg_member *m)
{
    if (m->groups_count < m->groups_room)
        return true;
    unsigned room = m->groups_room + m->groups_room / 2 + 1;
    struct amtg_membership *groups = realloc(m->groups, room * sizeof *groups);
    if (!groups)
        return false;
    m->groups = groups;
    m->groups_room = (uint16_t)room;
    return true;
}

static void remove_membership(struct amtg_roster *r, struct amtg_member *m, unsigned at)
{
    m->groups_count--;
    memmove(&m->groups[at], &m->groups[at + 1], (m->groups_count - at) * sizeof m->groups[0]);
    r->memberships--;
    m->address->entries--;
}

/* The state of membership `at` becomes *after, which is taken. It is gone when that is empty. */
static enum amtg_err become(struct amtg_roster *r, struct amtg_member *m, unsigned at,
                            struct amtg_filter *after)
{
    struct amtg_membership *g = &m->groups[at];
    bool ok = amtg_channel_change(&r->channels, g->channel, m->endpoint, &g->filter, after);

    m->sources += after->count;
    m->sources -= g->filter.count;
    m->address->entries += after->count;
    m->address->entries -= g->filter.count;
    amtg_filter_fini(&g->filter);
    g->filter = *after;
    if (amtg_filter_empty(after))
        remove_membership(r, m, at);
    return ok ? AMTG_OK : AMTG_ENOMEM;
}

static enum amtg_err expire_one(struct amtg_roster *r, struct amtg_member *m, unsigned at,
                                uint32_t now_ms)
{
    struct amtg_filter after;
    uint32_t deadline;

    if (!amtg_filter_next(&m->groups[at].filter, &deadline) ||
        !amtg_deadline_due(deadline, now_ms))
        return AMTG_OK;
    enum amtg_err err = amtg_filter_expire(&m->groups[at].filter, now_ms, &after);
    return err ? err : become(r, m, at, &after);
}

/* A membership of a group that had none, with the state *after, which is taken. */
static enum amtg_err add_membership(struct amtg_roster *r, struct amtg_member *m, unsigned at,
                                    const struct amtg_addr *group, struct amtg_filter *after)
{
    struct amtg_channel *channel = make_room(m) ? amtg_channels_get(&r->channels, group) : NULL;

    if (!channel) {
        amtg_filter_fini(after);
        return AMTG_ENOMEM;
    }
    memmove(&m->groups[at + 1], &m->groups[at], (m->groups_count - at) * sizeof m->groups[0]);
    m->groups[at] = (struct amtg_membership){.channel = channel};
    m->groups_count++;
    r->memberships++;
    m->address->entries++;
    return become(r, m, at, after);
}

static uint64_t left_of(uint64_t limit, uint64_t used)
{
    return limit > used ? limit - used : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Sources that a membership may list which is new, or lists `count` now. */
static uint32_t room_for_sources(const struct amtg_roster *r, const struct amtg_member *m,
                                 bool new, unsigned count)
{
    uint64_t free_here = left_of(r->limits.sources_in_all, m->sources);
    uint64_t free_for_address = left_of(r->limits.entries, m->address->entries + new);
    uint64_t free_for_all = left_of(r->limits.forwarding, r->channels.forwarding);
    uint64_t more = least(free_here, least(free_for_address, free_for_all));

    return (uint32_t)least(count + more, r->limits.sources);
}

enum amtg_err amtg_roster_apply(struct amtg_roster *r, struct amtg_member *m,
                                const struct amtg_group_record *record, bool older,
                                uint32_t now_ms, struct amtg_record_outcome *outcome)
{
    struct amtg_filter after;
    enum amtg_err err = AMTG_OK;
    bool found;
    unsigned at = place_of(m, &record->group, &found);

    *outcome = (struct amtg_record_outcome){0};
    if (found) {
        err = expire_one(r, m, at, now_ms);
        if (err)
            return err;
        at = place_of(m, &record->group, &found);
    }
    const struct amtg_filter *before = found ? &m->groups[at].filter : &nothing;
    outcome->listed = before->count;
    err = amtg_filter_apply(before, &r->rules, record, older,
                            room_for_sources(r, m, !found, before->count), now_ms, &after,
                            &outcome->skipped);
    if (err)
        return err;
    outcome->has_deadline = amtg_filter_next(&after, &outcome->deadline_ms);
    /* Without memory for the question, those who still want it have to say so unasked. */
    if (r->rules.leave == AMTG_LEAVE_QUERY)
        (void)amtg_filter_lowered(before, &r->rules, now_ms, &after, &outcome->lowered);
    if (found)
        return become(r, m, at, &after);
    if (amtg_filter_empty(&after))
        return AMTG_OK;
    if (m->groups_count >= r->limits.groups || memberships_full(r) ||
        m->address->entries >= r->limits.entries) {
        outcome->no_group = true;
        outcome->has_deadline = false;
        amtg_filter_fini(&after);
        return AMTG_OK;
    }
    return add_membership(r, m, at, &record->group, &after);
}

enum amtg_err amtg_roster_expire(struct amtg_roster *r, struct amtg_member *m, uint32_t now_ms)
{
    enum amtg_err err = AMTG_OK;

    for (unsigned i = m->groups_count; i-- > 0 && !err;)
        err = expire_one(r, m, i, now_ms);
    return err;
}

const struct amtg_filter *amtg_member_filter(const struct amtg_member *m,
                                             const struct amtg_addr *group)
{
    bool found;
    unsigned at = place_of(m, group, &found);

    return found ? &m->groups[at].filter : NULL;
}

bool amtg_member_next(const struct amtg_member *m, uint32_t *deadline_ms)
{
    bool found = false;

    for (unsigned i = 0; i < m->groups_count; i++) {
        uint32_t d;
        if (!amtg_filter_next(&m->groups[i].filter, &d))
            continue;
        if (!found || (int32_t)(d - *deadline_ms) < 0)
            *deadline_ms = d;
        found = true;
    }
    if (found && m->endpoint->kind.pmtu && (int32_t)(m->pmtu_until_ms - *deadline_ms) < 0)
        *deadline_ms = m->pmtu_until_ms;
    return found;
}
