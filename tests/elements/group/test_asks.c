/*
 * membership with `leave: query`: several hosts are behind one endpoint, as on a LAN,
 * so what one of them leaves is asked for (RFC 3376, sections 6.4.2 and 6.6.3; RFC
 * 3810, sections 7.4.2 and 7.6.3).
 */
#include "core/cursor.h"
#include "core/runtime_private.h"
#include "elements/group/asks.h"
#include "elements/group/members.h"
#include "tests/elements/group/spoken.h"

#include <stdlib.h>

#define G "239.1.2.3"
#define G6 "ff15::2:3"
#define S1 "192.0.2.1"
#define S2 "192.0.2.2"
#define S3 "192.0.2.3"

static const char lan[] = "it: {class: membership, leave: query}";

/* A report with one record, from the LAN: nobody in particular. */
static void say(struct rig *rig, int type, const char *group, const char *sources)
{
    struct amtg_addr g = spoken_addr(group);
    bool ip4 = amtg_addr_is4(&g);
    uint32_t address = ip4 ? 4 : 16, count = 0;
    uint8_t o[500] = {[0] = ip4 ? 0x22 : 143, [7] = 1, [8] = (uint8_t)type};
    char text[AMTG_ADDR_TEXT];
    int used;

    memcpy(o + 12, g.octets + 16 - address, address);
    for (; sscanf(sources, " %45s%n", text, &used) == 1; sources += used) {
        struct amtg_addr s = spoken_addr(text);
        memcpy(o + 12 + ++count * address, s.octets + 16 - address, address);
    }
    amtg_put_u16(o + 10, (uint16_t)count);
    rig_push(rig, "reports", rig_packet(rig, AMTG_REPORT, o, 12 + (1 + count) * address));
    rig_step(rig, 0);
}

static void say_older(struct rig *rig, uint8_t type)
{
    struct amtg_addr g = spoken_addr(G);
    uint8_t o[8] = {type};

    memcpy(o + 4, amtg_addr_octets4(&g), 4);
    rig_push(rig, "reports", rig_packet(rig, AMTG_REPORT, o, sizeof o));
    rig_step(rig, 0);
}

static const char *asked(struct rig *rig)
{
    static char *text;
    size_t size;

    free(text);
    FILE *out = open_memstream(&text, &size);
    struct amtg_packet *p = rig_take(rig, "asks");
    ck_assert_ptr_eq(p->type, AMTG_ASK);
    amtg_type_describe(p, out);
    fclose(out);
    amtg_packet_free(p);
    return text;
}

#define EXPECT_ASKED(rig, wanted) ck_assert_str_eq(asked(rig), wanted)

static bool wanted(struct rig *rig, const char *source, const char *group)
{
    struct amtg_element *it = rig_element(rig, "it");
    const struct amtg_members_ops *ops = amtg_ops(it, &amtg_members);
    struct amtg_addr s = spoken_addr(source), g = spoken_addr(group);

    return ops->lookup(it, &s, &g) != NULL;
}

static void end(struct rig *rig)
{
    rig_expect_nothing(rig, "asks");
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "joins");
    rig_free(rig);
}

START_TEST(a_group_that_nobody_answers_for_is_left)
{
    struct rig *rig = rig_new(_i, lan);

    say(rig, AMTG_TO_EX, G, "");
    rig_expect_nothing(rig, "asks");
    say(rig, AMTG_TO_IN, G, "");
    EXPECT_ASKED(rig, "who wants " G "?");
    say(rig, AMTG_TO_IN, G, ""); /* another host, in the same moment */
    rig_expect_nothing(rig, "asks");
    rig_step(rig, AMTG_S - 1);
    rig_expect_nothing(rig, "asks");
    rig_step(rig, 1);
    EXPECT_ASKED(rig, "who wants " G "?");
    rig_step(rig, AMTG_S - 1);
    ck_assert(wanted(rig, S1, G));
    rig_step(rig, 1);
    ck_assert(!wanted(rig, S1, G));
    rig_step(rig, 10 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "asks"), 2);
    end(rig);
}
END_TEST

START_TEST(who_answers_keeps_the_group)
{
    struct rig *rig = rig_new(_i, lan);

    say(rig, AMTG_TO_EX, G, "");
    rig_step(rig, AMTG_S);
    say(rig, AMTG_TO_IN, G, "");
    EXPECT_ASKED(rig, "who wants " G "?");
    rig_step(rig, AMTG_S / 2);
    say(rig, AMTG_IS_EX, G, "");
    rig_step(rig, AMTG_S / 2);
    EXPECT_ASKED(rig, "who wants " G "? (suppress)"); /* its timer is high again */
    rig_step(rig, 259 * AMTG_S);
    ck_assert(wanted(rig, S1, G));
    rig_step(rig, 2 * AMTG_S);
    ck_assert(!wanted(rig, S1, G));
    end(rig);
}
END_TEST

START_TEST(sources_are_asked_for_by_name)
{
    struct rig *rig = rig_new(_i, lan);

    say(rig, AMTG_ALLOW, G, S1 " " S2 " " S3);
    say(rig, AMTG_BLOCK, G, S1 " " S2);
    EXPECT_ASKED(rig, "who wants " G " of {" S1 ", " S2 "}?");
    say(rig, AMTG_IS_IN, G, S2);
    rig_step(rig, AMTG_S);
    EXPECT_ASKED(rig, "who wants " G " of {" S1 "}?");
    EXPECT_ASKED(rig, "who wants " G " of {" S2 "}? (suppress)");
    rig_step(rig, AMTG_S);
    ck_assert(!wanted(rig, S1, G));
    ck_assert(wanted(rig, S2, G));
    ck_assert(wanted(rig, S3, G));
    end(rig);
}
END_TEST

START_TEST(leaving_again_asks_no_more_often)
{
    struct rig *rig = rig_new(_i, lan);

    say(rig, AMTG_ALLOW, G, S1 " " S2);
    say(rig, AMTG_BLOCK, G, S1);
    EXPECT_ASKED(rig, "who wants " G " of {" S1 "}?");
    rig_step(rig, AMTG_S / 2);
    say(rig, AMTG_BLOCK, G, S1); /* the repeat of that report */
    rig_expect_nothing(rig, "asks");
    say(rig, AMTG_BLOCK, G, S2); /* another: with what is still open */
    EXPECT_ASKED(rig, "who wants " G " of {" S1 ", " S2 "}?");
    rig_step(rig, AMTG_S);
    EXPECT_ASKED(rig, "who wants " G " of {" S2 "}?");
    rig_step(rig, 5 * AMTG_S);
    ck_assert(!wanted(rig, S1, G) && !wanted(rig, S2, G));
    end(rig);
}
END_TEST

/* The query column of RFC 3376, section 6.4.2: EXCLUDE(X = {S1}, Y = {S2}) before each. */
START_TEST(each_row_of_the_table_asks_for_its_own)
{
    static const struct { int type; const char *sources, *asked; } rows[] = {
        {AMTG_BLOCK, S1 " " S2 " " S3, "who wants " G " of {" S1 ", " S3 "}?"},
        {AMTG_TO_EX, S1 " " S2 " " S3, "who wants " G " of {" S1 ", " S3 "}?"},
        {AMTG_TO_IN, S2, "who wants " G "?"}, /* and about S1, looked at below */
        {AMTG_TO_IN, S1, "who wants " G "?"},
        {AMTG_IS_EX, S1 " " S2 " " S3, NULL},
        {AMTG_IS_IN, S2, NULL},
        {AMTG_ALLOW, S2, NULL},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig *rig = rig_new(_i, lan);
        say(rig, AMTG_IS_EX, G, S2);
        say(rig, AMTG_IS_IN, G, S1);
        rig_expect_nothing(rig, "asks");
        say(rig, rows[i].type, G, rows[i].sources);
        if (rows[i].asked)
            EXPECT_ASKED(rig, rows[i].asked);
        if (i == 2)
            EXPECT_ASKED(rig, "who wants " G " of {" S1 "}?");
        rig_expect_nothing(rig, "asks");
        end(rig);
    }
}
END_TEST

/* When the loop is late, a source may have been blocked before the question is due. */
START_TEST(a_source_that_is_blocked_by_now_is_not_asked_for)
{
    struct rig *rig = rig_new(_i, lan);
    struct amtg_asks asks = {.times = 2, .interval_ms = 1000, .last_member_ms = 2000};
    struct amtg_addr group = spoken_addr(G), sources[] = {spoken_addr(S1), spoken_addr(S2)};
    struct amtg_filter_lowered lowered = {.count = 2, .sources = sources};
    struct amtg_group_record record = {.group = group, .count = 1};
    static const uint8_t types[] = {AMTG_IS_EX, AMTG_IS_IN}, key[16];
    struct amtg_record_outcome outcome;
    struct amtg_peer peer = {.remote = spoken_addr("192.0.2.9"), .remote_port = 9};
    enum amtg_refusal why;
    struct amtg_roster r;

    amtg_roster_init(&r, key);
    r.rules = (struct amtg_filter_rules){
        .interval_ms = 260000, .last_member_ms = 2000, .leave = AMTG_LEAVE_QUERY};
    r.limits = (struct amtg_roster_limits){.endpoints = 1, .per_address = 1, .groups = 1,
                                           .sources = 9, .sources_in_all = 9, .forwarding = 9,
                                           .memberships = 9, .entries = 99};
    struct amtg_member *m = amtg_roster_admit(&r, &peer, &why);
    ck_assert_ptr_nonnull(m);
    for (unsigned i = 0; i < 2; i++) { /* EXCLUDE({S1}, {S2}) */
        record.type = types[i];
        record.sources = amtg_addr_octets4(&sources[1 - i]);
        record.ip4 = true;
        ck_assert_int_eq(amtg_roster_apply(&r, m, &record, false, 1, &outcome), AMTG_OK);
        free(outcome.lowered.sources);
    }
    ck_assert(amtg_asks_add(&asks, &peer, &group, &lowered, 1));
    amtg_asks_say(&asks, rig_element(rig, "it"), 1, &r, 1);
    amtg_element_flush(rig_element(rig, "it"));
    EXPECT_ASKED(rig, "who wants " G " of {" S1 "}? (suppress)");
    amtg_asks_fini(&asks);
    amtg_roster_end(&r, m);
    amtg_roster_fini(&r);
    end(rig);
}
END_TEST

START_TEST(ipv6_groups_are_asked_for_too)
{
    struct rig *rig = rig_new(_i, lan);

    say(rig, AMTG_TO_EX, G6, "");
    say(rig, AMTG_TO_IN, G6, "2001:db8::1");
    EXPECT_ASKED(rig, "who wants " G6 "?");
    rig_step(rig, AMTG_S);
    EXPECT_ASKED(rig, "who wants " G6 "?");
    rig_step(rig, AMTG_S);
    ck_assert(wanted(rig, "2001:db8::1", G6));
    ck_assert(!wanted(rig, "2001:db8::2", G6));
    end(rig);
}
END_TEST

START_TEST(older_hosts_leave_after_being_asked)
{
    struct rig *rig = rig_new(_i, lan);

    say_older(rig, 0x16);
    say_older(rig, 0x17);
    EXPECT_ASKED(rig, "who wants " G "?");
    rig_step(rig, AMTG_S);
    EXPECT_ASKED(rig, "who wants " G "?");
    rig_step(rig, AMTG_S);
    ck_assert(!wanted(rig, S1, G));
    end(rig);
}
END_TEST

START_TEST(robustness_and_interval_are_parameters)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, leave: query, robustness: 3, "
                                  "last-member-interval: 200ms}");

    say(rig, AMTG_TO_EX, G, "");
    say(rig, AMTG_TO_IN, G, "");
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_ASKED(rig, "who wants " G "?");
        ck_assert(wanted(rig, S1, G));
        rig_step(rig, 200 * AMTG_MS);
    }
    ck_assert(!wanted(rig, S1, G));
    end(rig);
}
END_TEST

START_TEST(other_ways_of_leaving_ask_nobody)
{
    static const char *const elements[] = {"it: {class: membership, leave: prompt}",
                                           "it: {class: membership, leave: lmqt}"};
    for (unsigned i = 0; i < 2; i++) {
        struct rig *rig = rig_new(_i, elements[i]);
        say(rig, AMTG_TO_EX, G, "");
        say(rig, AMTG_TO_IN, G, S1);
        rig_step(rig, 5 * AMTG_S);
        ck_assert(!wanted(rig, S2, G));
        end(rig);
    }
}
END_TEST

START_TEST(stopping_while_asking_leaves_nothing_behind)
{
    struct rig *rig = rig_new(_i, lan);

    say(rig, AMTG_ALLOW, G, S1 " " S2);
    say(rig, AMTG_BLOCK, G, S1 " " S2);
    rig_ignore(rig, "asks");
    end(rig);
}
END_TEST

AMTG_RIG_SUITE("group/asks", a_group_that_nobody_answers_for_is_left, who_answers_keeps_the_group,
               sources_are_asked_for_by_name, leaving_again_asks_no_more_often,
               each_row_of_the_table_asks_for_its_own,
               a_source_that_is_blocked_by_now_is_not_asked_for, ipv6_groups_are_asked_for_too,
               older_hosts_leave_after_being_asked, robustness_and_interval_are_parameters,
               other_ways_of_leaving_ask_nobody, stopping_while_asking_leaves_nothing_behind)
