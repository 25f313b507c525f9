#include "elements/group/channels.h"

#include <stdlib.h>

/*
 * One source of a group that somebody names. `wanted` is
 * (EXCLUDE-mode endpoints - block) + include, when it has been built.
 */
struct amtg_channel_source {
    struct amtg_node node;
    struct amtg_ring entry; /* in amtg_channel.sources */
    struct {
        struct amtg_addr group, source;
    } key;
    bool built;
    struct amtg_set *include, *block, *wanted; /* lists: amtg_sets_add */
};

/* ---- rings -------------------------------------------------------------- */

static void ring_init(struct amtg_ring *r)
{
    r->next = r->prev = r;
}

static void ring_remove(struct amtg_ring *r)
{
    r->prev->next = r->next;
    r->next->prev = r->prev;
    ring_init(r);
}

static void ring_add_before(struct amtg_ring *r, struct amtg_ring *place)
{
    r->prev = place->prev;
    r->next = place;
    place->prev->next = r;
    place->prev = r;
}

static bool ring_is_empty(const struct amtg_ring *r)
{
    return r->next == r;
}

static struct amtg_channel_source *source_of(struct amtg_ring *entry)
{
    return AMTG_CONTAINER(entry, struct amtg_channel_source, entry);
}

/* ---- channels ----------------------------------------------------------- */

void amtg_channels_init(struct amtg_channels *cs, const uint8_t key[16])
{
    amtg_table_init(&cs->groups, key);
    amtg_table_init(&cs->sources, key);
    ring_init(&cs->all);
    ring_init(&cs->changed);
    cs->forwarding = 0;
}

struct amtg_channel *amtg_channels_find(const struct amtg_channels *cs,
                                        const struct amtg_addr *group)
{
    uint64_t hash = amtg_table_hash(&cs->groups, group, sizeof *group);

    for (struct amtg_node *n = amtg_table_find(&cs->groups, hash); n; n = amtg_node_next(n, hash)) {
        struct amtg_channel *c = AMTG_CONTAINER(n, struct amtg_channel, node);
        if (amtg_addr_equal(&c->group, group))
            return c;
    }
    return NULL;
}

struct amtg_channel *amtg_channels_get(struct amtg_channels *cs, const struct amtg_addr *group)
{
    struct amtg_channel *c = amtg_channels_find(cs, group);

    if (c)
        return c;
    c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->group = *group;
    ring_init(&c->changed);
    ring_init(&c->sources);
    if (!amtg_table_insert(&cs->groups, &c->node,
                           amtg_table_hash(&cs->groups, group, sizeof *group))) {
        free(c);
        return NULL;
    }
    ring_add_before(&c->all, &cs->all);
    return c;
}

bool amtg_channel_empty(const struct amtg_channel *c)
{
    return c->sources_count == 0 && amtg_sets_count(c->exclude) == 0;
}

static void mark_changed(struct amtg_channels *cs, struct amtg_channel *c)
{
    if (ring_is_empty(&c->changed))
        ring_add_before(&c->changed, &cs->changed);
}

/* ---- entries ------------------------------------------------------------ */

static struct amtg_channel_source *find_source(const struct amtg_channels *cs,
                                               const struct amtg_addr *group,
                                               const struct amtg_addr *source)
{
    struct amtg_channel_source want = {.key = {*group, *source}};
    uint64_t hash = amtg_table_hash(&cs->sources, &want.key, sizeof want.key);

    struct amtg_node *n = amtg_table_find(&cs->sources, hash);
    for (; n; n = amtg_node_next(n, hash)) {
        struct amtg_channel_source *s = AMTG_CONTAINER(n, struct amtg_channel_source, node);
        if (memcmp(&s->key, &want.key, sizeof want.key) == 0)
            return s;
    }
    return NULL;
}

static struct amtg_channel_source *get_source(struct amtg_channels *cs, struct amtg_channel *c,
                                              const struct amtg_addr *source)
{
    struct amtg_channel_source *s = find_source(cs, &c->group, source);

    if (s)
        return s;
    s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->key.group = c->group;
    s->key.source = *source;
    if (!amtg_table_insert(&cs->sources, &s->node,
                           amtg_table_hash(&cs->sources, &s->key, sizeof s->key))) {
        free(s);
        return NULL;
    }
    ring_add_before(&s->entry, &c->sources);
    c->sources_count++;
    cs->forwarding++;
    return s;
}

/* Entries with built sets stand first, so that a change of (*,G) finds them without a search. */
static void unbuild(struct amtg_channel *c, struct amtg_channel_source *s)
{
    if (!s->built)
        return;
    amtg_sets_free(&s->wanted);
    s->built = false;
    ring_remove(&s->entry);
    ring_add_before(&s->entry, &c->sources);
}

static void free_source(struct amtg_channels *cs, struct amtg_channel *c,
                        struct amtg_channel_source *s)
{
    amtg_table_remove(&cs->sources, &s->node);
    ring_remove(&s->entry);
    c->sources_count--;
    cs->forwarding--;
    amtg_sets_free(&s->include);
    amtg_sets_free(&s->block);
    amtg_sets_free(&s->wanted);
    free(s);
}

static int compare_pointers(const void *a, const void *b)
{
    const struct amtg_endpoint *const *x = a, *const *y = b;
    return (*x > *y) - (*x < *y);
}

/* The block list of an entry, sorted, so that one endpoint can be looked up in it. */
struct blocked {
    uint32_t count;
    const struct amtg_endpoint *sorted[];
};

static struct blocked *sort_blocked(const struct amtg_set *block)
{
    uint32_t count = amtg_sets_count(block), n = 0;
    struct blocked *b = malloc(sizeof *b + count * sizeof b->sorted[0]);

    if (!b)
        return NULL;
    for (; block; block = block->next)
        for (uint32_t i = 0; i < block->count; i++)
            b->sorted[n++] = block->entries[i];
    b->count = count;
    if (count)
        qsort(b->sorted, count, sizeof b->sorted[0], compare_pointers);
    return b;
}

static bool is_blocked(const struct blocked *b, const struct amtg_endpoint *e)
{
    return b->count && bsearch(&e, b->sorted, b->count, sizeof b->sorted[0], compare_pointers);
}

/* Add to `list` what is in `from` and not blocked; blocked: NULL, nothing is. */
static bool add_all(struct amtg_set **list, const struct amtg_set *from,
                    const struct blocked *blocked)
{
    for (; from; from = from->next)
        for (uint32_t i = 0; i < from->count; i++)
            if (!(blocked && is_blocked(blocked, from->entries[i])) &&
                !amtg_sets_add(list, from->entries[i]))
                return false;
    return true;
}

/* (EXCLUDE-mode endpoints - block) + include */
static bool build(struct amtg_channel *c, struct amtg_channel_source *s)
{
    struct blocked *blocked = sort_blocked(s->block);
    bool ok = blocked && add_all(&s->wanted, c->exclude, blocked) &&
              add_all(&s->wanted, s->include, NULL);

    free(blocked);
    if (!ok) {
        amtg_sets_free(&s->wanted);
        return false;
    }
    s->built = true;
    ring_remove(&s->entry);
    ring_add_before(&s->entry, c->sources.next);
    return true;
}

/* ---- changes ------------------------------------------------------------- */

/* How a state names a source. One that EXCLUDE mode forwards by name is as good as not named. */
enum naming { UNNAMED, INCLUDED, BLOCKED };

static enum naming naming_of(const struct amtg_filter *f, const struct amtg_filter_source *s)
{
    if (!f->exclude)
        return INCLUDED;
    return s->deadline_ms == AMTG_BLOCKED ? BLOCKED : UNNAMED;
}

static bool is_wanted(const struct amtg_filter *f, enum naming naming)
{
    return naming == INCLUDED || (naming == UNNAMED && f->exclude);
}

static enum naming naming_of_address(const struct amtg_filter *f, const struct amtg_addr *source)
{
    int i = amtg_filter_find(f, source);
    return i < 0 ? UNNAMED : naming_of(f, &f->sources[i]);
}

static void edit_wanted(struct amtg_channel *c, struct amtg_channel_source *s,
                        struct amtg_endpoint *endpoint, bool was, bool is)
{
    if (!s->built || was == is)
        return;
    if (!is)
        amtg_sets_remove(&s->wanted, endpoint);
    else if (!amtg_sets_add(&s->wanted, endpoint))
        unbuild(c, s); /* no memory: the next packet builds it anew, or is not forwarded */
}

struct change {
    struct amtg_channels *cs;
    struct amtg_channel *c;
    struct amtg_endpoint *endpoint;
    const struct amtg_filter *before, *after;
    bool ok;
};

static void change_source(struct change *ch, const struct amtg_addr *source, enum naming was,
                          enum naming is)
{
    if (was == is)
        return;
    struct amtg_channel_source *s = is == UNNAMED ? find_source(ch->cs, &ch->c->group, source)
                                                  : get_source(ch->cs, ch->c, source);
    if (!s) { /* no memory, now or when it should have been made */
        ch->ok = ch->ok && is == UNNAMED;
        return;
    }
    bool included = amtg_sets_count(s->include) > 0;
    uint32_t blockers = amtg_sets_count(s->block);
    if (was != UNNAMED)
        amtg_sets_remove(was == INCLUDED ? &s->include : &s->block, ch->endpoint);
    if (is != UNNAMED && !amtg_sets_add(is == INCLUDED ? &s->include : &s->block, ch->endpoint))
        ch->ok = false;
    edit_wanted(ch->c, s, ch->endpoint, is_wanted(ch->before, was), is_wanted(ch->after, is));

    uint32_t blockers_now = amtg_sets_count(s->block);
    ch->c->blocked_count += (blockers_now > 0) - (blockers > 0);
    if (included != (amtg_sets_count(s->include) > 0) || blockers != blockers_now)
        mark_changed(ch->cs, ch->c);
    if (amtg_sets_count(s->include) + blockers_now == 0)
        free_source(ch->cs, ch->c, s);
}

/* Walk both ascending lists at once. */
static void change_sources(struct change *ch)
{
    const struct amtg_filter *b = ch->before, *a = ch->after;
    unsigned i = 0, j = 0;

    while (i < b->count || j < a->count) {
        int order = i == b->count ? 1
                    : j == a->count ? -1
                                    : memcmp(&b->sources[i].address, &a->sources[j].address,
                                             sizeof(struct amtg_addr));
        const struct amtg_addr *source =
            order <= 0 ? &b->sources[i].address : &a->sources[j].address;
        change_source(ch, source, order <= 0 ? naming_of(b, &b->sources[i]) : UNNAMED,
                      order >= 0 ? naming_of(a, &a->sources[j]) : UNNAMED);
        i += order <= 0;
        j += order >= 0;
    }
}

/* The mode changes: all built sets follow, but those of sources that the endpoint names. */
static void change_mode(struct change *ch)
{
    struct amtg_ring *next, *sources = &ch->c->sources;

    for (struct amtg_ring *r = sources->next; r != sources; r = next) {
        struct amtg_channel_source *s = source_of(r);
        next = r->next;
        if (!s->built)
            break;
        if (naming_of_address(ch->before, &s->key.source) == UNNAMED &&
            naming_of_address(ch->after, &s->key.source) == UNNAMED)
            edit_wanted(ch->c, s, ch->endpoint, ch->before->exclude, ch->after->exclude);
    }
    bool had = amtg_sets_count(ch->c->exclude) > 0;
    if (!ch->after->exclude)
        amtg_sets_remove(&ch->c->exclude, ch->endpoint);
    else if (!amtg_sets_add(&ch->c->exclude, ch->endpoint))
        ch->ok = false;
    bool has = amtg_sets_count(ch->c->exclude) > 0;
    while (!has && !ring_is_empty(sources) && source_of(sources->next)->built)
        unbuild(ch->c, source_of(sources->next));
    ch->cs->forwarding += (size_t)has - (size_t)had;
    /* What everybody blocks depends on how many "everybody" is. */
    if (had != has || ch->c->blocked_count)
        mark_changed(ch->cs, ch->c);
}

bool amtg_channel_change(struct amtg_channels *cs, struct amtg_channel *c,
                         struct amtg_endpoint *endpoint, const struct amtg_filter *before,
                         const struct amtg_filter *after)
{
    struct change ch = {cs, c, endpoint, before, after, .ok = true};

    if (before->exclude != after->exclude)
        change_mode(&ch);
    change_sources(&ch);
    if (amtg_channel_empty(c))
        mark_changed(cs, c); /* so that it is settled, and freed */
    return ch.ok;
}

/* ---- asking -------------------------------------------------------------- */

struct amtg_set *amtg_channels_lookup(struct amtg_channels *cs, const struct amtg_addr *source,
                                      const struct amtg_addr *group)
{
    struct amtg_channel *c = amtg_channels_find(cs, group);

    if (!c)
        return NULL;
    struct amtg_channel_source *s = c->sources_count ? find_source(cs, group, source) : NULL;
    if (!s)
        return c->exclude;
    if (!c->exclude)
        return s->include;
    return s->built || build(c, s) ? s->wanted : NULL;
}

uint32_t amtg_channel_wish(const struct amtg_channel *c, bool *exclude,
                           struct amtg_addr *sources, uint32_t room)
{
    uint32_t all = amtg_sets_count(c->exclude), n = 0;

    *exclude = all > 0;
    for (const struct amtg_ring *r = c->sources.next; r != &c->sources; r = r->next) {
        const struct amtg_channel_source *s =
            AMTG_CONTAINER(r, const struct amtg_channel_source, entry);
        /* EXCLUDE: what every EXCLUDE-mode endpoint blocks and nobody includes. */
        bool listed = all ? amtg_sets_count(s->block) == all && amtg_sets_count(s->include) == 0
                          : amtg_sets_count(s->include) > 0;
        if (!listed)
            continue;
        if (n < room)
            sources[n] = s->key.source;
        n++;
    }
    return n;
}

/* ---- who is next ---------------------------------------------------------- */

static void free_channel(struct amtg_channels *cs, struct amtg_channel *c)
{
    if (amtg_sets_count(c->exclude))
        cs->forwarding--;
    while (!ring_is_empty(&c->sources))
        free_source(cs, c, source_of(c->sources.next));
    amtg_sets_free(&c->exclude);
    ring_remove(&c->changed);
    ring_remove(&c->all);
    amtg_table_remove(&cs->groups, &c->node);
    free(c);
}

void amtg_channels_fini(struct amtg_channels *cs)
{
    while (!ring_is_empty(&cs->all))
        free_channel(cs, AMTG_CONTAINER(cs->all.next, struct amtg_channel, all));
    amtg_table_fini(&cs->groups);
    amtg_table_fini(&cs->sources);
}

struct amtg_channel *amtg_channels_next_changed(const struct amtg_channels *cs)
{
    return ring_is_empty(&cs->changed)
               ? NULL
               : AMTG_CONTAINER(cs->changed.next, struct amtg_channel, changed);
}

void amtg_channel_settle(struct amtg_channels *cs, struct amtg_channel *c)
{
    ring_remove(&c->changed);
    if (amtg_channel_empty(c))
        free_channel(cs, c);
}

struct amtg_channel *amtg_channels_next_in_turn(struct amtg_channels *cs)
{
    if (ring_is_empty(&cs->all))
        return NULL;
    struct amtg_channel *c = AMTG_CONTAINER(cs->all.next, struct amtg_channel, all);
    ring_remove(&c->all);
    ring_add_before(&c->all, &cs->all);
    return c;
}
