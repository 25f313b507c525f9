/*
 * The forwarding table and the merged wish, against a model that asks every
 * endpoint each time; sets lent to packets stay as they were.
 *
 */
#include "tests/support/suite.h"

#include "elements/group/channels.h"

enum { ENDPOINTS = 12, SOURCES = 5, GROUPS = 2, STEPS = 20000 };

#define ENSURE(condition, ...)         \
    do {                               \
        if (!(condition))              \
            ck_abort_msg(__VA_ARGS__); \
    } while (0)

struct world {
    struct amtg_channels cs;
    struct amtg_endpoint *endpoints[ENDPOINTS];
    struct amtg_filter filters[ENDPOINTS][GROUPS];
};

static struct amtg_addr source_of(unsigned i)
{
    uint8_t o[4] = {192, 0, 2, (uint8_t)(i + 1)};
    return amtg_addr_from4(o);
}

static struct amtg_addr group_of(unsigned i)
{
    uint8_t o[4] = {239, 1, 1, (uint8_t)(i + 1)};
    return amtg_addr_from4(o);
}

static void world_init(struct world *w)
{
    static const uint8_t key[16] = {7};

    *w = (struct world){0};
    amtg_channels_init(&w->cs, key);
    for (unsigned i = 0; i < ENDPOINTS; i++) {
        struct amtg_peer peer = {.remote_port = (uint16_t)(1000 + i)};
        /* every third one is an IPv6 endpoint */
        ENSURE(amtg_addr_parse(i % 3 ? "198.51.100.1" : "2001:db8::1", &peer.remote), "address");
        w->endpoints[i] = amtg_endpoint_new(&peer);
        w->endpoints[i]->kind.pmtu = i % 4 ? 0 : 1280; /* and every fourth has a small path MTU */
    }
}

/* listed: bits of included (INCLUDE) or blocked (EXCLUDE) sources; forwarded: EXCLUDE, by name. */
static void set(struct world *w, unsigned e, unsigned g, bool exclude, unsigned listed, unsigned forwarded)
{
    struct amtg_filter after = {.exclude = exclude, .group_deadline_ms = 1};
    struct amtg_addr group = group_of(g);

    if (listed | forwarded)
        after.sources = calloc(SOURCES, sizeof *after.sources);
    for (unsigned s = 0; s < SOURCES; s++)
        if ((listed | forwarded) >> s & 1)
            after.sources[after.count++] = (struct amtg_filter_source){
                source_of(s), exclude && listed >> s & 1 ? AMTG_BLOCKED : 9};
    struct amtg_filter *before = &w->filters[e][g];
    struct amtg_channel *c = amtg_channels_get(&w->cs, &group);
    ENSURE(c && amtg_channel_change(&w->cs, c, w->endpoints[e], before, &after), "change");
    amtg_filter_fini(before);
    *before = after;
    if (amtg_channel_empty(c))
        amtg_channel_settle(&w->cs, c);
}

static void world_fini(struct world *w)
{
    for (unsigned e = 0; e < ENDPOINTS; e++)
        for (unsigned g = 0; g < GROUPS; g++)
            set(w, e, g, false, 0, 0);
    ENSURE(w->cs.forwarding == 0 && w->cs.groups.count == 0 && w->cs.sources.count == 0,
           "nobody wants anything, yet there are entries");
    amtg_channels_fini(&w->cs);
    for (unsigned i = 0; i < ENDPOINTS; i++) {
        ENSURE(w->endpoints[i]->refs == 1, "endpoint %u is still held", i);
        amtg_endpoint_free(w->endpoints[i]);
    }
}

static bool has(const struct amtg_set *set, const struct amtg_endpoint *e, unsigned *times)
{
    *times = 0;
    for (; set; set = set->next)
        for (uint32_t i = 0; i < set->count; i++)
            if (set->entries[i] == e) {
                ENSURE(amtg_kind_compare(&set->kind, &e->kind) == 0, "in the set of another kind");
                ++*times;
            }
    return *times > 0;
}

/* Exactly those whose own state wants the source are in the sets, once. */
static void check_source(struct world *w, unsigned g, const struct amtg_addr *source)
{
    struct amtg_addr group = group_of(g);
    struct amtg_set *sets = amtg_channels_lookup(&w->cs, source, &group);
    bool expected = false;
    unsigned times;

    for (unsigned e = 0; e < ENDPOINTS; e++) {
        bool wants = amtg_filter_wants(&w->filters[e][g], source);
        expected = expected || wants;
        ENSURE(has(sets, w->endpoints[e], &times) == wants && times <= 1, "endpoint %u", e);
    }
    ENSURE((sets != NULL) == expected, "lookup gives %p", (void *)sets);
    for (; sets; sets = sets->next) {
        ENSURE(sets->count, "an empty set");
        ENSURE(!sets->next || amtg_kind_compare(&sets->kind, &sets->next->kind) < 0,
               "kinds out of order");
    }
}

/* RFC 3376, section 3.2, literally. The wish as a number, of which the highest bit is the mode. */
static unsigned check_wish(struct world *w, unsigned g)
{
    struct amtg_addr group = group_of(g), sources[SOURCES];
    struct amtg_channel *c = amtg_channels_find(&w->cs, &group);
    unsigned included = 0, blocked = ~0u, got = 0;
    bool exclude = false, says_exclude = false;
    uint32_t n = c ? amtg_channel_wish(c, &says_exclude, sources, SOURCES) : 0;

    for (unsigned e = 0; e < ENDPOINTS; e++) {
        const struct amtg_filter *f = &w->filters[e][g];
        unsigned mine = 0;
        for (unsigned i = 0; i < f->count; i++)
            if (!f->exclude || f->sources[i].deadline_ms == AMTG_BLOCKED)
                mine |= 1u << (f->sources[i].address.octets[15] - 1);
        exclude = exclude || f->exclude;
        if (f->exclude)
            blocked &= mine;
        else
            included |= mine;
    }
    for (uint32_t i = 0; i < n; i++)
        got |= 1u << (sources[i].octets[15] - 1);
    ENSURE(says_exclude == exclude, "mode");
    ENSURE(got == (exclude ? blocked & ~included : included), "sources %x", got);
    return got | (exclude ? 1u << SOURCES : 0);
}

static uint32_t random_of(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* */
START_TEST(a_random_run_serves_exactly_those_who_want_it)
{
    struct world w;
    uint64_t seed = 42;
    struct amtg_addr stranger;
    unsigned said[GROUPS] = {0};

    world_init(&w);
    amtg_addr_parse("203.0.113.9", &stranger);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned e = random_of(&seed) % ENDPOINTS, g = random_of(&seed) % GROUPS;
        unsigned listed = random_of(&seed) % (1 << SOURCES), forwarded = random_of(&seed) % (1 << SOURCES);
        switch (random_of(&seed) % 4) {
        case 0: set(&w, e, g, false, 0, 0); break;
        case 1: set(&w, e, g, true, listed, forwarded & ~listed); break;
        default: set(&w, e, g, false, listed, 0);
        }
        /* Not after each change, so that sets are sometimes built late and sometimes edited. */
        if (random_of(&seed) % 3 == 0)
            for (unsigned s = 0; s < SOURCES; s++) {
                struct amtg_addr source = source_of(s);
                if (random_of(&seed) % 2)
                    check_source(&w, g, &source);
            }
        check_source(&w, g, &stranger);
        unsigned wish = check_wish(&w, g);
        struct amtg_channel *c = amtg_channels_next_changed(&w.cs);
        ENSURE(c || wish == said[g], "the wish has changed, but not the channel");
        said[g] = wish;
        if (c)
            amtg_channel_settle(&w.cs, c);
    }
    world_fini(&w);
}
END_TEST

START_TEST(a_set_that_a_packet_holds_stays_as_it_was)
{
    struct world w;
    struct amtg_addr group = group_of(0), source = source_of(0);

    world_init(&w);
    set(&w, 1, 0, false, 1, 0);
    set(&w, 2, 0, false, 1, 0);
    struct amtg_set *held = amtg_channels_lookup(&w.cs, &source, &group);
    ck_assert(held);
    amtg_set_hold(held);
    set(&w, 1, 0, false, 0, 0);
    set(&w, 5, 0, false, 1, 0);
    ck_assert_uint_eq(held->count, 2);
    ck_assert_ptr_eq(held->entries[0], w.endpoints[1]);
    check_source(&w, 0, &source);
    amtg_set_free(held);
    world_fini(&w);
}
END_TEST

START_TEST(a_channel_is_changed_only_when_its_wish_may_be)
{
    struct world w;
    struct amtg_addr group = group_of(0);

    world_init(&w);
    set(&w, 1, 0, false, 1, 0);
    struct amtg_channel *c = amtg_channels_next_changed(&w.cs);
    ck_assert_ptr_eq(c, amtg_channels_find(&w.cs, &group));
    amtg_channel_settle(&w.cs, c);
    ck_assert_ptr_null(amtg_channels_next_changed(&w.cs));
    set(&w, 2, 0, false, 1, 0); /* the second one for the same source */
    ck_assert_ptr_null(amtg_channels_next_changed(&w.cs));
    set(&w, 1, 0, false, 0, 0);
    ck_assert_ptr_null(amtg_channels_next_changed(&w.cs));
    set(&w, 3, 0, true, 0, 0);
    ck_assert_ptr_eq(amtg_channels_next_changed(&w.cs), c);
    amtg_channel_settle(&w.cs, c);
    set(&w, 4, 0, true, 0, 0);
    ck_assert_ptr_null(amtg_channels_next_changed(&w.cs));
    world_fini(&w);
}
END_TEST

START_TEST(channels_take_turns)
{
    struct world w;

    world_init(&w);
    ck_assert_ptr_null(amtg_channels_next_in_turn(&w.cs));
    set(&w, 0, 0, true, 0, 0);
    set(&w, 0, 1, true, 0, 0);
    struct amtg_channel *first = amtg_channels_next_in_turn(&w.cs);
    struct amtg_channel *second = amtg_channels_next_in_turn(&w.cs);
    ck_assert_ptr_ne(first, second);
    ck_assert_ptr_eq(amtg_channels_next_in_turn(&w.cs), first);
    ck_assert_uint_eq(w.cs.forwarding, 2);
    world_fini(&w);
}
END_TEST

AMTG_SUITE("channels", a_random_run_serves_exactly_those_who_want_it,
           a_set_that_a_packet_holds_stays_as_it_was,
           a_channel_is_changed_only_when_its_wish_may_be, channels_take_turns)
