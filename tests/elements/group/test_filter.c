/*
 * The state of one group at one endpoint: every row of RFC 3376, section 6.4, and
 * of its timers, both ways of leaving, older versions, SSM, limits; and a long
 * random run against a model that is slow and says what the RFC says.
 * Covers, S-7
 *
 * States are written as text: "I a50 b70" is INCLUDE with the timers of sources a
 * and b at 50 and 70 ms, "E100 a50 c-" is EXCLUDE with its group timer at 100 ms, a
 * forwarded for another 50 ms and c blocked.
 */
#include "tests/support/suite.h"

#include <stdio.h>

#include "elements/group/filter.h"

enum { GMI = 260, LMQT = 2, SOURCES = 8, ROOM = 100 };

static const struct amtg_filter_rules prompt = {GMI, LMQT, AMTG_LEAVE_PROMPT};
static const struct amtg_filter_rules lmqt = {GMI, LMQT, AMTG_LEAVE_LMQT};

/* Somewhere in the middle, and so that deadlines pass the wrap of the clock. */
static const uint32_t starts[] = {1000, UINT32_MAX - 37};

/* As ck_assert_msg, which writes a mark each time, and here is asked a million times. */
#define ENSURE(condition, ...)       \
    do {                             \
        if (!(condition))            \
            ck_abort_msg(__VA_ARGS__); \
    } while (0)

/* ---- words --------------------------------------------------------------- */

static struct amtg_addr source_of(char letter)
{
    uint8_t o[4] = {192, 0, 2, (uint8_t)(letter - 'a' + 1)};
    return amtg_addr_from4(o);
}

static struct amtg_filter read_state(const char *text, uint32_t now)
{
    struct amtg_filter f = {.exclude = *text++ == 'E'};
    int used;

    f.sources = calloc(SOURCES, sizeof *f.sources);
    if (f.exclude)
        f.group_deadline_ms = now + (uint32_t)strtoul(text, (char **)&text, 10);
    char letter, timer[8];
    while (sscanf(text, " %c%7[0-9-]%n", &letter, timer, &used) == 2) {
        f.sources[f.count++] = (struct amtg_filter_source){
            source_of(letter), timer[0] == '-' ? AMTG_BLOCKED : now + (uint32_t)atoi(timer)};
        text += used;
    }
    ck_assert_msg(*text == '\0', "bad state: %s", text);
    return f;
}

static const char *text_of(const struct amtg_filter *f, uint32_t now)
{
    static char text[256];
    int used = f->exclude ? sprintf(text, "E%u", f->group_deadline_ms - now) : sprintf(text, "I");

    for (unsigned i = 0; i < f->count; i++) {
        char letter = (char)('a' + f->sources[i].address.octets[15] - 1);
        uint32_t d = f->sources[i].deadline_ms;
        used += d == AMTG_BLOCKED ? sprintf(text + used, " %c-", letter)
                                  : sprintf(text + used, " %c%u", letter, d - now);
    }
    return text;
}

struct record {
    struct amtg_group_record r;
    uint8_t octets[4 * 64];
};

static struct record record_of(int type, const char *letters)
{
    struct record rec = {.r = {.type = (uint8_t)type, .ip4 = true}};
    amtg_addr_parse("239.1.2.3", &rec.r.group);
    for (; *letters; letters++, rec.r.count++)
        memcpy(rec.octets + 4 * rec.r.count, source_of(*letters).octets + 12, 4);
    return rec;
}

/* Apply in place. */
static struct amtg_filter_skipped apply(struct amtg_filter *f, const struct amtg_filter_rules *rules,
                                        int type, const char *letters, bool older, uint32_t room,
                                        uint32_t now)
{
    struct record rec = record_of(type, letters);
    struct amtg_filter after;
    struct amtg_filter_skipped skipped;

    rec.r.sources = rec.octets;
    ENSURE(amtg_filter_apply(f, rules, &rec.r, older, room, now, &after, &skipped) == AMTG_OK,
           "not applied");
    amtg_filter_fini(f);
    *f = after;
    return skipped;
}

static void expire(struct amtg_filter *f, uint32_t now)
{
    struct amtg_filter after;
    ENSURE(amtg_filter_expire(f, now, &after) == AMTG_OK, "not expired");
    amtg_filter_fini(f);
    *f = after;
}

struct row {
    const char *before;
    int type;
    const char *sources;
    const char *after;
};

static void check_rows(const struct amtg_filter_rules *rules, const struct row *rows, size_t count)
{
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++)
        for (size_t i = 0; i < count; i++) {
            const struct row *row = &rows[i];
            struct amtg_filter f = read_state(row->before, starts[s]);
            apply(&f, rules, row->type, row->sources, false, ROOM, starts[s]);
            ck_assert_msg(strcmp(text_of(&f, starts[s]), row->after) == 0,
                          "%s, type %d {%s}: %s, not %s", row->before, row->type, row->sources,
                          text_of(&f, starts[s]), row->after);
            amtg_filter_fini(&f);
        }
}
#define CHECK_ROWS(rules, rows) check_rows(rules, rows, sizeof(rows) / sizeof((rows)[0]))

/* ---- transitions --------------------------------------------------------- */

/* */
START_TEST(current_state_and_allow_records_act_alike_in_both_modes)
{
    static const struct row rows[] = {
        {"I", AMTG_IS_IN, "b", "I b260"},
        {"I", AMTG_IS_IN, "", "I"},
        {"I a50 b70", AMTG_IS_IN, "bc", "I a50 b260 c260"},
        {"I a50 b70", AMTG_IS_EX, "bc", "E260 b70 c-"},
        {"I a50", AMTG_IS_EX, "", "E260"},
        {"I", AMTG_IS_EX, "a", "E260 a-"},
        {"I a50 b70", AMTG_ALLOW, "bc", "I a50 b260 c260"},
        {"I a50 b70", AMTG_ALLOW, "", "I a50 b70"},
        {"E100 a50 b70 c- d-", AMTG_IS_IN, "bce", "E100 a50 b260 c260 d- e260"},
        {"E100 a50 b70 c- d-", AMTG_ALLOW, "bce", "E100 a50 b260 c260 d- e260"},
        {"E100 a50 b70 c- d-", AMTG_IS_EX, "bce", "E260 b70 c- e260"},
        {"E100 a50 c-", AMTG_IS_EX, "", "E260"},
    };
    CHECK_ROWS(&prompt, rows);
    CHECK_ROWS(&lmqt, rows);
}
END_TEST

START_TEST(leaving_lowers_timers_as_queries_would)
{
    static const struct row rows[] = {
        {"I a50 b70", AMTG_BLOCK, "bc", "I a50 b2"},
        {"I a50 b1", AMTG_BLOCK, "b", "I a50 b1"},
        {"I a50 b70", AMTG_TO_EX, "bc", "E260 b2 c-"},
        {"I a50 b70", AMTG_TO_IN, "bc", "I a2 b260 c260"},
        {"I a50 b70", AMTG_TO_IN, "", "I a2 b2"},
        {"E100 a50 b70 c- d-", AMTG_BLOCK, "bce", "E100 a50 b2 c- d- e2"},
        {"E1 a50", AMTG_BLOCK, "e", "E1 a50 e1"},
        {"E100 a50 b70 c- d-", AMTG_TO_EX, "bce", "E260 b2 c- e2"},
        {"E1 a50", AMTG_TO_EX, "e", "E260 e1"},
        {"E100 a50 b70 c- d-", AMTG_TO_IN, "bce", "E2 a2 b260 c260 d- e260"},
        {"E100 a50 b70 c- d-", AMTG_TO_IN, "", "E2 a2 b2 c- d-"},
        {"E1 a1", AMTG_TO_IN, "", "E1 a1"},
    };
    CHECK_ROWS(&lmqt, rows);
}
END_TEST

START_TEST(prompt_leaving_acts_at_once)
{
    static const struct row rows[] = {
        {"I a50 b70", AMTG_BLOCK, "bc", "I a50"},
        {"I a50 b70", AMTG_BLOCK, "ab", "I"},
        {"E100 a50 b70 c- d-", AMTG_BLOCK, "bce", "E100 a50 b- c- d- e-"},
        {"I a50 b70", AMTG_TO_IN, "", "I"},
        {"E100 a50 c-", AMTG_TO_IN, "", "I"},
        /* whatever else would be queried for gets the last member query time */
        {"I a50 b70", AMTG_TO_EX, "bc", "E260 b2 c-"},
        {"I a50 b70", AMTG_TO_IN, "bc", "I a2 b260 c260"},
        {"E100 a50 b70 c- d-", AMTG_TO_EX, "bce", "E260 b2 c- e2"},
        {"E100 a50 b70 c- d-", AMTG_TO_IN, "bce", "E2 a2 b260 c260 d- e260"},
    };
    CHECK_ROWS(&prompt, rows);
}
END_TEST

/* */
START_TEST(timers_run_out_as_the_rfc_says)
{
    static const struct {
        const char *before;
        uint32_t later;
        const char *after;
    } rows[] = {
        {"I a50 b70", 49, "I a1 b21"},
        {"I a50 b70", 50, "I b20"},       /* INCLUDE: deleted */
        {"I a50 b70", 70, "I"},           /* the last one takes the group with it */
        {"E100 a50 c-", 50, "E50 a- c-"}, /* EXCLUDE: kept, and no longer forwarded */
        {"E100 a50 c-", 100, "I"},        /* the group, with nothing left that is forwarded */
        {"E100 a150 b160 c-", 100, "I a50 b60"}, /* INCLUDE of what is still asked for */
        {"E100 a100 c-", 100, "I"},
    };
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++)
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            uint32_t now = starts[s] + rows[i].later;
            struct amtg_filter f = read_state(rows[i].before, starts[s]);
            expire(&f, now);
            ck_assert_str_eq(text_of(&f, now), rows[i].after);
            ck_assert_int_eq(amtg_filter_empty(&f), strcmp(rows[i].after, "I") == 0);
            amtg_filter_fini(&f);
        }
}
END_TEST

/* */
START_TEST(forwarding_follows_mode_and_timers)
{
    static const struct {
        const char *state;
        bool a, b; /* b is not listed */
    } rows[] = {
        {"I a50", true, false}, {"E100 a50", true, true}, {"E100 a-", false, true}, {"I", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct amtg_addr a = source_of('a'), b = source_of('b');
        struct amtg_filter f = read_state(rows[i].state, 1000);
        ck_assert_int_eq(amtg_filter_wants(&f, &a), rows[i].a);
        ck_assert_int_eq(amtg_filter_wants(&f, &b), rows[i].b);
        amtg_filter_fini(&f);
    }
}
END_TEST

START_TEST(the_next_deadline_is_the_earliest)
{
    static const struct {
        const char *state;
        uint32_t next; /* 0: none */
    } rows[] = {{"I", 0}, {"I a50 b30", 30}, {"E100 c-", 100}, {"E100 a50 c-", 50}, {"E20 a50", 20}};

    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++)
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct amtg_filter f = read_state(rows[i].state, starts[s]);
            uint32_t deadline;
            ck_assert_int_eq(amtg_filter_next(&f, &deadline), rows[i].next != 0);
            if (rows[i].next)
                ck_assert_uint_eq(deadline - starts[s], rows[i].next);
            amtg_filter_fini(&f);
        }
}
END_TEST

/* Zero says that a source is blocked; a deadline that falls there is another thing. */
START_TEST(a_deadline_on_the_wrap_of_the_clock_is_no_block)
{
    const uint32_t now = 0u - GMI;
    const struct amtg_addr a = source_of('a');
    struct amtg_filter f = {0};

    apply(&f, &prompt, AMTG_ALLOW, "a", false, ROOM, now);
    ck_assert(amtg_filter_wants(&f, &a));
    expire(&f, now + GMI - 1);
    ck_assert(amtg_filter_wants(&f, &a));
    expire(&f, now + GMI + 1);
    ck_assert(amtg_filter_empty(&f));
    amtg_filter_fini(&f);
}
END_TEST

/* ---- older versions ------------------------------------------------------ */

START_TEST(an_older_report_sets_the_mode_and_a_leave_ends_the_group)
{
    const struct amtg_filter_rules *both[] = {&prompt, &lmqt};
    for (unsigned i = 0; i < 2; i++) {
        struct amtg_filter f = {0};
        apply(&f, both[i], AMTG_IS_EX, "", true, ROOM, 1000);
        ck_assert_str_eq(text_of(&f, 1000), "E260");
        ck_assert(f.older);
        apply(&f, both[i], AMTG_TO_IN, "", true, ROOM, 1100);
        ck_assert_str_eq(text_of(&f, 1100), i == 0 ? "I" : "E2");
        expire(&f, 1102);
        ck_assert(amtg_filter_empty(&f) && !f.older);
        amtg_filter_fini(&f);
    }
}
END_TEST

START_TEST(a_leave_alone_does_not_set_the_older_mode)
{
    struct amtg_filter f = read_state("E100", 1000);
    apply(&f, &lmqt, AMTG_TO_IN, "", true, ROOM, 1000);
    ck_assert(!f.older);
    amtg_filter_fini(&f);
}
END_TEST

START_TEST(in_the_older_mode_block_and_the_sources_of_to_ex_are_ignored)
{
    struct amtg_filter f = {0};

    apply(&f, &prompt, AMTG_IS_EX, "", true, ROOM, 1000);
    struct amtg_filter_skipped skipped = apply(&f, &prompt, AMTG_BLOCK, "a", false, ROOM, 1010);
    ck_assert(skipped.by_compatibility);
    ck_assert_str_eq(text_of(&f, 1010), "E250");
    skipped = apply(&f, &prompt, AMTG_TO_EX, "ab", false, ROOM, 1020);
    ck_assert(!skipped.by_compatibility);
    ck_assert_str_eq(text_of(&f, 1020), "E260");
    /* IS_EX keeps its sources, ALLOW acts: the RFC names no more than these two. */
    apply(&f, &prompt, AMTG_ALLOW, "a", false, ROOM, 1030);
    ck_assert_str_eq(text_of(&f, 1030), "E250 a260");
    amtg_filter_fini(&f);
}
END_TEST

START_TEST(the_older_mode_runs_out)
{
    struct amtg_filter f = {0};

    apply(&f, &prompt, AMTG_IS_EX, "", true, ROOM, 1000);
    apply(&f, &prompt, AMTG_IS_EX, "", false, ROOM, 1100); /* a newer host keeps the group */
    expire(&f, 1000 + GMI - 1);
    ck_assert(f.older);
    expire(&f, 1000 + GMI);
    ck_assert(!f.older && f.exclude);
    apply(&f, &prompt, AMTG_BLOCK, "a", false, ROOM, 1000 + GMI);
    ck_assert_str_eq(text_of(&f, 1000 + GMI), "E100 a-");
    amtg_filter_fini(&f);
}
END_TEST

START_TEST(the_older_mode_ends_though_nothing_else_runs_out)
{
    struct amtg_filter f = {0};

    apply(&f, &prompt, AMTG_IS_EX, "", true, ROOM, 1000);
    apply(&f, &prompt, AMTG_IS_EX, "", false, ROOM, 1100);
    /* Nothing is due that amtg_filter_next would name, so nobody expires anything. */
    apply(&f, &prompt, AMTG_BLOCK, "a", false, ROOM, 1000 + GMI);
    ck_assert_str_eq(text_of(&f, 1000 + GMI), "E100 a-");
    ck_assert(!f.older);
    amtg_filter_fini(&f);
}
END_TEST

/* ---- which records and sources count --------------------------------------- */

START_TEST(faulty_records_are_named)
{
    static const struct {
        const char *group;
        int type;
        enum amtg_report_version version;
        enum amtg_record_fault fault;
    } rows[] = {
        {"239.1.2.3", AMTG_IS_EX, AMTG_IGMP_V3, AMTG_RECORD_FINE},
        {"239.1.2.3", AMTG_IS_EX, AMTG_IGMP_V2, AMTG_RECORD_FINE},
        {"239.1.2.3", 0, AMTG_IGMP_V3, AMTG_RECORD_UNKNOWN_TYPE},
        {"239.1.2.3", 7, AMTG_IGMP_V3, AMTG_RECORD_UNKNOWN_TYPE},
        {"192.0.2.1", AMTG_IS_IN, AMTG_IGMP_V3, AMTG_RECORD_BAD_GROUP},
        {"223.255.255.255", AMTG_IS_IN, AMTG_IGMP_V3, AMTG_RECORD_BAD_GROUP},
        {"240.0.0.0", AMTG_IS_IN, AMTG_IGMP_V3, AMTG_RECORD_BAD_GROUP},
        {"224.0.0.1", AMTG_IS_EX, AMTG_IGMP_V3, AMTG_RECORD_BAD_GROUP},
        {"224.0.0.251", AMTG_IS_EX, AMTG_IGMP_V3, AMTG_RECORD_LINK_LOCAL},
        {"224.0.1.0", AMTG_IS_EX, AMTG_IGMP_V3, AMTG_RECORD_FINE},
        {"232.0.0.0", AMTG_IS_IN, AMTG_IGMP_V3, AMTG_RECORD_BAD_GROUP},
        {"232.0.0.1", AMTG_IS_IN, AMTG_IGMP_V3, AMTG_RECORD_FINE},
        {"232.255.255.255", AMTG_IS_EX, AMTG_IGMP_V3, AMTG_RECORD_SSM_EXCLUDE},
        {"232.1.1.1", AMTG_TO_EX, AMTG_IGMP_V3, AMTG_RECORD_SSM_EXCLUDE},
        {"232.1.1.1", AMTG_TO_IN, AMTG_IGMP_V3, AMTG_RECORD_FINE},
        {"232.1.1.1", AMTG_ALLOW, AMTG_IGMP_V3, AMTG_RECORD_FINE},
        {"232.1.1.1", AMTG_IS_EX, AMTG_IGMP_V2, AMTG_RECORD_SSM_OLDER},
        {"232.1.1.1", AMTG_TO_IN, AMTG_IGMP_V2, AMTG_RECORD_SSM_OLDER},
        {"231.255.255.255", AMTG_TO_EX, AMTG_IGMP_V3, AMTG_RECORD_FINE},
        {"233.0.0.0", AMTG_TO_EX, AMTG_IGMP_V3, AMTG_RECORD_FINE},
        {"ff0e::1", AMTG_IS_EX, AMTG_MLD_V2, AMTG_RECORD_FINE},
        {"ff02::1", AMTG_IS_EX, AMTG_MLD_V2, AMTG_RECORD_LINK_LOCAL},
        {"ff02::1:ff00:1", AMTG_IS_EX, AMTG_MLD_V2, AMTG_RECORD_LINK_LOCAL},
        {"ff32::1", AMTG_IS_IN, AMTG_MLD_V2, AMTG_RECORD_LINK_LOCAL},
        {"ff01::1", AMTG_IS_EX, AMTG_MLD_V2, AMTG_RECORD_BAD_GROUP},
        {"ff00::1", AMTG_IS_EX, AMTG_MLD_V2, AMTG_RECORD_BAD_GROUP},
        {"2001:db8::1", AMTG_IS_EX, AMTG_MLD_V2, AMTG_RECORD_BAD_GROUP},
        {"ff3e::8000:1", AMTG_IS_EX, AMTG_MLD_V2, AMTG_RECORD_SSM_EXCLUDE},
        {"ff3e::8000:1", AMTG_IS_IN, AMTG_MLD_V2, AMTG_RECORD_FINE},
        {"ff3e::8000:1", AMTG_IS_EX, AMTG_MLD_V1, AMTG_RECORD_SSM_OLDER},
        {"ff3e:1::1", AMTG_IS_EX, AMTG_MLD_V2, AMTG_RECORD_FINE},
        {"ff1e::1", AMTG_IS_EX, AMTG_MLD_V2, AMTG_RECORD_FINE},
        {"ff7e::1", AMTG_IS_EX, AMTG_MLD_V2, AMTG_RECORD_FINE},
        {"::ffff:232.1.1.1", AMTG_IS_IN, AMTG_MLD_V2, AMTG_RECORD_BAD_GROUP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct amtg_group_record r = {.type = (uint8_t)rows[i].type,
                                      .ip4 = rows[i].version <= AMTG_IGMP_V3};
        ck_assert(amtg_addr_parse(rows[i].group, &r.group));
        ck_assert_msg(amtg_record_check(&r, rows[i].version) == rows[i].fault, "%s type %d version %d",
                      rows[i].group, rows[i].type, rows[i].version);
    }
}
END_TEST

START_TEST(sources_that_are_no_unicast_addresses_are_skipped)
{
    static const uint8_t octets[] = {224, 1,   1,   1,   0,   0, 0, 0, 255, 255, 255, 255,
                                     127, 0,   0,   1,   192, 0, 2, 1, 192, 0,   2,   1};
    struct amtg_group_record r = {
        .type = AMTG_IS_IN, .ip4 = true, .count = sizeof octets / 4, .sources = octets};
    struct amtg_filter f = {0}, after;
    struct amtg_filter_skipped skipped;

    ck_assert_int_eq(amtg_filter_apply(&f, &prompt, &r, false, ROOM, 1000, &after, &skipped), AMTG_OK);
    ck_assert_str_eq(text_of(&after, 1000), "I a260"); /* said twice, listed once */
    ck_assert_uint_eq(skipped.bad_sources, 4);
    amtg_filter_fini(&after);
}
END_TEST

START_TEST(sources_of_the_other_family_are_skipped)
{
    static const char *const texts[] = {"::ffff:192.0.2.1", "ff0e::1", "::", "::1", "2001:db8::1"};
    uint8_t octets[16 * 5];
    struct amtg_group_record r = {.type = AMTG_IS_IN, .count = 5, .sources = octets};
    struct amtg_filter f = {0}, after;
    struct amtg_filter_skipped skipped;

    for (unsigned i = 0; i < 5; i++) {
        struct amtg_addr a;
        ck_assert(amtg_addr_parse(texts[i], &a));
        memcpy(octets + 16 * i, a.octets, 16);
    }
    ck_assert_int_eq(amtg_filter_apply(&f, &prompt, &r, false, ROOM, 1000, &after, &skipped), AMTG_OK);
    ck_assert_uint_eq(after.count, 1);
    ck_assert_uint_eq(skipped.bad_sources, 4);
    amtg_filter_fini(&after);
}
END_TEST

START_TEST(a_to_in_of_skipped_sources_only_is_no_leave)
{
    static const uint8_t octets[] = {224, 1, 1, 1};
    struct amtg_group_record r = {.type = AMTG_TO_IN, .ip4 = true, .count = 1, .sources = octets};
    struct amtg_filter f = read_state("I a50", 1000), after;
    struct amtg_filter_skipped skipped;

    ck_assert_int_eq(amtg_filter_apply(&f, &prompt, &r, false, ROOM, 1000, &after, &skipped), AMTG_OK);
    ck_assert_str_eq(text_of(&after, 1000), "I a2");
    amtg_filter_fini(&f);
    amtg_filter_fini(&after);
}
END_TEST

/* ---- limits -------------------------------------------------------------- */

/* Covers: R-83, S-7. */
START_TEST(beyond_the_limit_blocked_sources_go_first_and_additions_next)
{
    static const struct {
        struct row row;
        uint32_t room;
        uint32_t over;
    } rows[] = {
        {{"I a50 b70", AMTG_ALLOW, "cd", "I a50 b70 c260"}, 3, 1},
        {{"I a50 b70", AMTG_ALLOW, "abc", "I a260 b260"}, 2, 1}, /* refreshed all the same */
        {{"I a50 b70", AMTG_ALLOW, "c", "I a50 b70"}, 1, 1}, /* nothing that flows is cut */
        {{"E100 a50 c- d-", AMTG_ALLOW, "b", "E100 a50 b260 c-"}, 3, 1},
        {{"E100 a50 b50 c50", AMTG_BLOCK, "de", "E100 a50 b50 c50"}, 3, 2},
        {{"E100 a50 c- d-", AMTG_BLOCK, "e", "E100 a50 c- d-"}, 3, 1},
        {{"I", AMTG_IS_EX, "abcd", "E260 a- b-"}, 2, 2},
        {{"I", AMTG_IS_EX, "ab", "E260"}, 0, 2},
        {{"I", AMTG_IS_IN, "ab", "I"}, 0, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i].row;
        struct amtg_filter f = read_state(row->before, 1000);
        struct amtg_filter_skipped skipped =
            apply(&f, &prompt, row->type, row->sources, false, rows[i].room, 1000);
        ck_assert_msg(strcmp(text_of(&f, 1000), row->after) == 0, "row %zu: %s", i, text_of(&f, 1000));
        ck_assert_uint_eq(skipped.over_limit, rows[i].over);
        amtg_filter_fini(&f);
    }
}
END_TEST

START_TEST(a_record_of_many_sources_lists_no_more_than_may_be)
{
    enum { MANY = 16000 };
    uint8_t *octets = malloc(4 * MANY);
    struct amtg_group_record r = {.type = AMTG_IS_IN, .ip4 = true, .count = MANY, .sources = octets};
    struct amtg_filter f = {0}, after;
    struct amtg_filter_skipped skipped;

    for (unsigned i = 0; i < MANY; i++) {
        uint32_t a = 0x0a000000u + (i * 7919u) % MANY + 1; /* out of order */
        amtg_put_u32(octets + 4 * i, a);
    }
    ck_assert_int_eq(amtg_filter_apply(&f, &prompt, &r, false, UINT32_MAX, 1000, &after, &skipped), AMTG_OK);
    ck_assert_uint_eq(after.count, AMTG_FILTER_SOURCES);
    ck_assert_uint_eq(skipped.over_limit, MANY - AMTG_FILTER_SOURCES);
    for (unsigned i = 1; i < after.count; i++)
        ck_assert_int_lt(memcmp(&after.sources[i - 1].address, &after.sources[i].address, 16), 0);
    amtg_filter_fini(&after);
    free(octets);
}
END_TEST

/* ---- against a model ------------------------------------------------------- */

/* Sets are bit masks over SOURCES sources; times are far from any wrap. */
struct model {
    bool exclude, older;
    unsigned x, y; /* INCLUDE: x is A and y is empty */
    uint64_t timer[SOURCES], group, older_until;
};

static void set_timers(struct model *m, unsigned set, uint64_t to)
{
    for (unsigned i = 0; i < SOURCES; i++)
        if (set >> i & 1)
            m->timer[i] = to;
}

static void query_sources(struct model *m, unsigned set, uint64_t now)
{
    for (unsigned i = 0; i < SOURCES; i++)
        if (set >> i & 1 && m->timer[i] > now + LMQT)
            m->timer[i] = now + LMQT;
}

static void query_group(struct model *m, uint64_t now)
{
    if (m->group > now + LMQT)
        m->group = now + LMQT;
}

static void model_include(struct model *m, int type, unsigned b, bool is_prompt, bool none, uint64_t now)
{
    unsigned a = m->x;

    switch (type) {
    case AMTG_IS_IN:
    case AMTG_ALLOW:
        m->x = a | b;
        set_timers(m, b, now + GMI);
        break;
    case AMTG_BLOCK:
        if (is_prompt)
            m->x = a & ~b;
        else
            query_sources(m, a & b, now);
        break;
    case AMTG_IS_EX:
    case AMTG_TO_EX:
        m->exclude = true;
        m->x = a & b;
        m->y = b & ~a;
        m->group = now + GMI;
        if (type == AMTG_TO_EX)
            query_sources(m, a & b, now);
        break;
    case AMTG_TO_IN:
        if (is_prompt && none) {
            m->x = 0;
            break;
        }
        m->x = a | b;
        set_timers(m, b, now + GMI);
        query_sources(m, a & ~b, now);
        break;
    }
}

static void model_exclude(struct model *m, int type, unsigned a, bool is_prompt, bool none, uint64_t now)
{
    unsigned x = m->x, y = m->y;

    switch (type) {
    case AMTG_IS_IN:
    case AMTG_ALLOW:
        m->x = x | a;
        m->y = y & ~a;
        set_timers(m, a, now + GMI);
        break;
    case AMTG_IS_EX:
        m->x = a & ~y;
        m->y = y & a;
        set_timers(m, a & ~x & ~y, now + GMI);
        m->group = now + GMI;
        break;
    case AMTG_BLOCK:
        if (is_prompt) {
            m->x = x & ~a;
            m->y = y | a;
            break;
        }
        m->x = x | (a & ~y);
        set_timers(m, a & ~x & ~y, m->group);
        query_sources(m, a & ~y, now);
        break;
    case AMTG_TO_EX:
        m->x = a & ~y;
        m->y = y & a;
        set_timers(m, a & ~x & ~y, m->group);
        query_sources(m, a & ~y, now);
        m->group = now + GMI;
        break;
    case AMTG_TO_IN:
        if (is_prompt && none) {
            m->exclude = false;
            m->x = m->y = 0;
            break;
        }
        m->x = x | a;
        m->y = y & ~a;
        set_timers(m, a, now + GMI);
        query_sources(m, x & ~a, now);
        query_group(m, now);
        break;
    }
}

static void model_report(struct model *m, int type, unsigned set, bool older, bool is_prompt, uint64_t now)
{
    bool none = set == 0;

    if (older && type == AMTG_IS_EX) {
        m->older = true;
        m->older_until = now + GMI;
    }
    if (m->older && type == AMTG_BLOCK)
        return;
    if (m->older && type == AMTG_TO_EX)
        set = 0;
    if (m->exclude)
        model_exclude(m, type, set, is_prompt, none, now);
    else
        model_include(m, type, set, is_prompt, none, now);
    if (!m->exclude && m->x == 0)
        *m = (struct model){0};
}

static void model_expire(struct model *m, uint64_t now)
{
    unsigned out = 0;

    for (unsigned i = 0; i < SOURCES; i++)
        if (m->x >> i & 1 && m->timer[i] <= now)
            out |= 1u << i;
    m->x &= ~out;
    if (m->exclude)
        m->y |= out;
    if (m->exclude && m->group <= now) {
        m->exclude = false;
        m->y = 0;
    }
    if (m->older && m->older_until <= now)
        m->older = false;
    if (!m->exclude && m->x == 0)
        *m = (struct model){0};
}

static void compare(const struct model *m, const struct amtg_filter *f, uint64_t now, unsigned step)
{
    unsigned x = 0, y = 0;

    ENSURE(m->exclude == f->exclude && m->older == f->older, "step %u", step);
    if (m->exclude)
        ENSURE((uint32_t)m->group == f->group_deadline_ms, "step %u", step);
    for (unsigned i = 0; i < f->count; i++) {
        unsigned s = f->sources[i].address.octets[15] - 1u;
        if (f->sources[i].deadline_ms == AMTG_BLOCKED) {
            y |= 1u << s;
            continue;
        }
        x |= 1u << s;
        ENSURE((uint32_t)m->timer[s] == f->sources[i].deadline_ms, "step %u", step);
    }
    ENSURE(x == m->x && y == m->y, "step %u: %s", step, text_of(f, (uint32_t)now));
    for (unsigned s = 0; s < SOURCES; s++) {
        struct amtg_addr a = source_of((char)('a' + s));
        bool wanted = m->exclude ? !(m->y >> s & 1) : m->x >> s & 1;
        ENSURE(amtg_filter_wants(f, &a) == wanted, "step %u", step);
    }
}

static uint32_t random_of(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static void run_against_model(const struct amtg_filter_rules *rules, uint64_t seed)
{
    struct model m = {0};
    struct amtg_filter f = {0};
    uint64_t now = 1000;

    for (unsigned step = 0; step < 40000; step++) {
        static const uint32_t pauses[] = {0, 1, 2, 3, 50, 200, 300};
        char letters[SOURCES * 2 + 1] = "";
        unsigned set = 0, n = random_of(&seed) % 5;
        int type = 1 + (int)(random_of(&seed) % 6);
        bool older = random_of(&seed) % 16 == 0;

        now += random_of(&seed) % 3 ? 0 : pauses[random_of(&seed) % 7];
        if (older) {
            type = random_of(&seed) % 4 ? AMTG_IS_EX : AMTG_TO_IN;
            n = 0;
        }
        for (unsigned i = 0; i < n; i++) { /* any order, repeated ones too */
            unsigned s = random_of(&seed) % SOURCES;
            set |= 1u << s;
            letters[i] = (char)('a' + s);
        }
        expire(&f, (uint32_t)now);
        model_expire(&m, now);
        compare(&m, &f, now, step);
        apply(&f, rules, type, letters, older, ROOM, (uint32_t)now);
        model_report(&m, type, set, older, rules->leave == AMTG_LEAVE_PROMPT, now);
        compare(&m, &f, now, step);
    }
    amtg_filter_fini(&f);
}

/* */
START_TEST(a_random_run_agrees_with_the_model)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        run_against_model(&prompt, seed);
        run_against_model(&lmqt, seed + 100);
    }
}
END_TEST

AMTG_SUITE("filter", current_state_and_allow_records_act_alike_in_both_modes,
           leaving_lowers_timers_as_queries_would, prompt_leaving_acts_at_once,
           timers_run_out_as_the_rfc_says, forwarding_follows_mode_and_timers,
           the_next_deadline_is_the_earliest,
           a_deadline_on_the_wrap_of_the_clock_is_no_block,
           an_older_report_sets_the_mode_and_a_leave_ends_the_group,
           a_leave_alone_does_not_set_the_older_mode,
           in_the_older_mode_block_and_the_sources_of_to_ex_are_ignored, the_older_mode_runs_out,
           the_older_mode_ends_though_nothing_else_runs_out,
           faulty_records_are_named, sources_that_are_no_unicast_addresses_are_skipped,
           sources_of_the_other_family_are_skipped, a_to_in_of_skipped_sources_only_is_no_leave,
           beyond_the_limit_blocked_sources_go_first_and_additions_next,
           a_record_of_many_sources_lists_no_more_than_may_be, a_random_run_agrees_with_the_model)
