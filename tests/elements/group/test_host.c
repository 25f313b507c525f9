/*
 * igmp-host and mld-host: from what is wanted, and from Queries, to reports.
 * Covers: G-1 to G-11, G-59
 */
#include "core/cursor.h"
#include "elements/group/members.h"
#include "elements/wire/checksum.h"
#include "tests/elements/group/spoken.h"
#include "tests/elements/wire/hex.h"

#define G "239.1.2.3"
#define G2 "239.1.2.4"
#define SSM "232.1.2.3"
#define S1 "192.0.2.1"
#define S2 "192.0.2.2"
#define S3 "192.0.2.3"

/* The same groups and sources in the other family: addr(i, "...") of a test that does both. */
#define G_6 "ff15::2:3"
#define SSM_6 "ff3e::8000:1"
#define S1_6 "2001:db8::1"
#define S2_6 "2001:db8::2"

static void only(struct rig *rig, const char *group, const char *sources)
{
    rig_push(rig, "joins", join_packet(rig, group, false, sources));
    rig_step(rig, 0);
}

static void all_but(struct rig *rig, const char *group, const char *sources)
{
    rig_push(rig, "joins", join_packet(rig, group, true, sources));
    rig_step(rig, 0);
}

/* The repeats, of which no test cares when in the second they come. */
static void forget_repeats(struct rig *rig)
{
    rig_step(rig, 10 * AMTG_S);
    rig_ignore(rig, "out");
}

static void ask(struct rig *rig, struct amtg_question q)
{
    q.ip4 = amtg_addr_is_unspecified(&q.group) ? q.ip4 : amtg_addr_is4(&q.group);
    if (!q.interval_s)
        q.interval_s = 125;
    rig_push(rig, "queries", query_packet(rig, &q));
    rig_step(rig, 0);
}

/* Stopping leaves what is still wanted, and says so. */
static void end(struct rig *rig)
{
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}

static void ask_older(struct rig *rig, uint8_t max_response)
{
    rig_push(rig, "queries", older_query_packet(rig, "192.0.2.1", max_response));
    rig_step(rig, 0);
}

static const char host4[] = "it: {class: igmp-host}";
static const char host6[] = "it: {class: mld-host}";

/* ---- changes ------------------------------------------------------------- */

/* Covers: G-1. */
START_TEST(each_change_of_the_filter_has_its_record)
{
    struct rig *rig = rig_new(_i, host4);

    only(rig, SSM, S1 " " S2);
    EXPECT_SPOKEN(rig, "out", "ALLOW " SSM " " S1 " " S2);
    forget_repeats(rig);
    only(rig, SSM, S2 " " S3);
    EXPECT_SPOKEN(rig, "out", "ALLOW " SSM " " S3 ", BLOCK " SSM " " S1);
    forget_repeats(rig);
    only(rig, SSM, "");
    EXPECT_SPOKEN(rig, "out", "BLOCK " SSM " " S2 " " S3);
    forget_repeats(rig);

    all_but(rig, G, "");
    EXPECT_SPOKEN(rig, "out", "TO_EX " G);
    forget_repeats(rig);
    all_but(rig, G, S1);
    EXPECT_SPOKEN(rig, "out", "BLOCK " G " " S1);
    forget_repeats(rig);
    all_but(rig, G, S2);
    EXPECT_SPOKEN(rig, "out", "ALLOW " G " " S1 ", BLOCK " G " " S2);
    forget_repeats(rig);
    only(rig, G, S3);
    EXPECT_SPOKEN(rig, "out", "TO_IN " G " " S3);
    forget_repeats(rig);
    all_but(rig, G, S1);
    EXPECT_SPOKEN(rig, "out", "TO_EX " G " " S1);
    forget_repeats(rig);
    only(rig, G, "");
    EXPECT_SPOKEN(rig, "out", "TO_IN " G);
    forget_repeats(rig);
    ck_assert_uint_eq(rig_counter(rig, "groups"), 0);
    end(rig);
}
END_TEST

START_TEST(mld_says_the_same_of_ipv6)
{
    struct rig *rig = rig_new(_i, host6);

    only(rig, SSM_6, S1_6 " " S2_6);
    EXPECT_SPOKEN(rig, "out", "ALLOW " SSM_6 " " S1_6 " " S2_6);
    all_but(rig, G_6, "");
    EXPECT_SPOKEN(rig, "out", "TO_EX " G_6);
    forget_repeats(rig);
    only(rig, G_6, S1_6);
    EXPECT_SPOKEN(rig, "out", "TO_IN " G_6 " " S1_6);
    only(rig, SSM_6, "");
    EXPECT_SPOKEN(rig, "out", "BLOCK " SSM_6 " " S1_6 " " S2_6);
    forget_repeats(rig);
    rig_ignore(rig, "out");
    end(rig);
}
END_TEST

/* Covers: G-2 to G-5. */
START_TEST(octets_are_those_of_the_rfcs)
{
    struct rig *rig = rig_new(_i, "it: {class: igmp-host, source: 192.0.2.9}");
    only(rig, "232.1.2.3", "198.51.100.12");
    struct amtg_packet *p = rig_take(rig, "out");
    uint8_t wanted[256];
    uint32_t len = hex("46c0002c0000400001020000c0000209e0000016 94040000"
                       "2200c4b80000000105000001e8010203c633640c", wanted);
    amtg_put_u16(wanted + 10, amtg_checksum(amtg_sum(0, wanted, 24)));
    ck_assert_uint_eq(p->len, len);
    wanted[30] = p->data[30]; /* M, and the checksum over it */
    ck_assert_mem_eq(p->data, wanted, 26);
    ck_assert_mem_eq(p->data + 28, wanted + 28, len - 28);
    amtg_packet_free(p);
    forget_repeats(rig);
    rig_ignore(rig, "out");
    end(rig);

    rig = rig_new(_i, host6);
    only(rig, "ff3e::8000:d", "2001:db8::a");
    len = hex(HEX_INNER_REPORT6, wanted); /* also from fe80::2 */
    p = rig_take(rig, "out");
    ck_assert_uint_eq(p->len, len);
    ck_assert_mem_eq(p->data, wanted, len);
    amtg_packet_free(p);
    forget_repeats(rig);
    end(rig);
}
END_TEST

/* Covers: G-6. */
START_TEST(a_change_is_said_as_often_as_the_last_query_wants)
{
    struct rig *rig = rig_new(_i, host4);

    all_but(rig, G, "");
    EXPECT_SPOKEN(rig, "out", "TO_EX " G);
    rig_expect_nothing(rig, "out");
    rig_step(rig, AMTG_S);
    EXPECT_SPOKEN(rig, "out", "TO_EX " G);
    rig_step(rig, 20 * AMTG_S);
    rig_expect_nothing(rig, "out");

    ask(rig, (struct amtg_question){.ip4 = true, .robustness = 4});
    rig_ignore(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "robustness"), 4);
    only(rig, G, "");
    for (unsigned i = 0; i < 4; i++) {
        EXPECT_SPOKEN(rig, "out", "TO_IN " G);
        rig_expect_nothing(rig, "out");
        unsigned waited = 0;
        while (rig_count(rig, "out") == 0 && waited++ < 1000)
            rig_step(rig, AMTG_MS);
        ck_assert_msg(i == 3 || waited <= 1000, "repeat %u took longer than 1 s", i);
    }
    rig_step(rig, 20 * AMTG_S);
    rig_expect_nothing(rig, "out");

    /* 0 stands for more than QRV can say: the default (RFC 3376, 4.1.6). */
    ask(rig, (struct amtg_question){.ip4 = true, .robustness = 9});
    ck_assert_uint_eq(rig_counter(rig, "robustness"), 2);
    end(rig);
}
END_TEST

START_TEST(pending_repeats_are_merged_with_new_changes)
{
    struct rig *rig = rig_new(_i, "it: {class: igmp-host, robustness: 2}");

    only(rig, SSM, S1);
    EXPECT_SPOKEN(rig, "out", "ALLOW " SSM " " S1);
    only(rig, SSM, S1 " " S2); /* at once, with the repeat of the first */
    EXPECT_SPOKEN(rig, "out", "ALLOW " SSM " " S1 " " S2);
    rig_step(rig, AMTG_S);
    EXPECT_SPOKEN(rig, "out", "ALLOW " SSM " " S2);
    rig_step(rig, 5 * AMTG_S);
    rig_expect_nothing(rig, "out");

    only(rig, SSM, S1); /* wanted, then not: what is repeated is what is so now */
    EXPECT_SPOKEN(rig, "out", "BLOCK " SSM " " S2);
    only(rig, SSM, S1 " " S2);
    EXPECT_SPOKEN(rig, "out", "ALLOW " SSM " " S2);
    rig_step(rig, AMTG_S);
    EXPECT_SPOKEN(rig, "out", "ALLOW " SSM " " S2);
    rig_step(rig, 5 * AMTG_S);
    rig_expect_nothing(rig, "out");

    all_but(rig, G, "");
    EXPECT_SPOKEN(rig, "out", "TO_EX " G);
    all_but(rig, G, S1); /* the mode is still to be said, and says all of the list */
    EXPECT_SPOKEN(rig, "out", "TO_EX " G " " S1);
    rig_step(rig, AMTG_S);
    EXPECT_SPOKEN(rig, "out", "BLOCK " G " " S1);
    rig_step(rig, 5 * AMTG_S);
    rig_expect_nothing(rig, "out");

    all_but(rig, G2, "");
    EXPECT_SPOKEN(rig, "out", "TO_EX " G2);
    only(rig, G2, "");
    EXPECT_SPOKEN(rig, "out", "TO_IN " G2);
    rig_step(rig, AMTG_S);
    EXPECT_SPOKEN(rig, "out", "TO_IN " G2);
    rig_step(rig, 5 * AMTG_S);
    rig_ignore(rig, "out");
    end(rig);
}
END_TEST

START_TEST(changes_of_one_moment_share_a_report)
{
    struct rig *rig = rig_new(_i, host4);
    struct amtg_packet *joins[] = {join_packet(rig, G, true, ""), join_packet(rig, SSM, false, S1),
                                   join_packet(rig, G2, true, S2)};

    rig_push_batch(rig, "joins", joins, 3);
    rig_step(rig, 0);
    EXPECT_SPOKEN(rig, "out", "TO_EX " G ", ALLOW " SSM " " S1 ", TO_EX " G2 " " S2);
    rig_expect_nothing(rig, "out");
    rig_step(rig, AMTG_S);
    EXPECT_SPOKEN(rig, "out", "TO_EX " G ", ALLOW " SSM " " S1 ", TO_EX " G2 " " S2);
    rig_expect_nothing(rig, "out");
    end(rig);
}
END_TEST

START_TEST(a_join_said_again_changes_nothing)
{
    struct rig *rig = rig_new(_i, host4);

    only(rig, SSM, S2 " " S1 " " S2);
    forget_repeats(rig);
    only(rig, SSM, S1 " " S2);
    only(rig, G, "");
    rig_step(rig, 10 * AMTG_S);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "changes"), 1);
    ck_assert_uint_eq(rig_counter(rig, "sources"), 2);
    end(rig);
}
END_TEST

START_TEST(what_nobody_says_again_is_left)
{
    struct rig *rig = rig_new(_i, "it: {class: igmp-host, hold: 60s}");

    all_but(rig, G, "");
    only(rig, SSM, S1);
    rig_step(rig, 40 * AMTG_S);
    rig_ignore(rig, "out");
    all_but(rig, G, "");
    rig_step(rig, 19 * AMTG_S);
    rig_expect_nothing(rig, "out");
    rig_step(rig, AMTG_S);
    EXPECT_SPOKEN(rig, "out", "BLOCK " SSM " " S1);
    forget_repeats(rig);
    ck_assert_uint_eq(rig_counter(rig, "groups"), 1);
    ck_assert_uint_eq(rig_counter(rig, "forgotten"), 1);
    end(rig);
}
END_TEST

START_TEST(stopping_leaves_all_groups)
{
    struct rig *rig = rig_new(_i, host4);

    all_but(rig, G, "");
    only(rig, SSM, S1 " " S2);
    forget_repeats(rig);
    amtg_runtime_stop(rig_runtime(rig));
    EXPECT_SPOKEN(rig, "out", "TO_IN " G ", BLOCK " SSM " " S1 " " S2);
    rig_free(rig);
}
END_TEST

/* ---- size ---------------------------------------------------------------- */

START_TEST(reports_are_no_larger_than_the_mtu)
{
    static const char sources[] = "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 "
                                  "192.0.2.7 192.0.2.8 192.0.2.9 192.0.2.10 192.0.2.11 192.0.2.12 "
                                  "192.0.2.13 192.0.2.14 192.0.2.15 192.0.2.16 192.0.2.17 "
                                  "192.0.2.18 192.0.2.19 192.0.2.20 192.0.2.21 192.0.2.22 "
                                  "192.0.2.23 192.0.2.24 192.0.2.25";
    /* 128 - 24 (IP) - 8 - 8 (record): 22 sources */
    struct rig *rig = rig_new(_i, "it: {class: igmp-host, mtu: 128, robustness: 1}");
    char text[1000];

    only(rig, SSM, sources);
    snprintf(text, sizeof text, "ALLOW " SSM " %.*s", (int)(strstr(sources, " 192.0.2.23") - sources),
             sources);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_uint_eq(p->len, 128);
    amtg_packet_free(p);
    EXPECT_SPOKEN(rig, "out", "ALLOW " SSM " 192.0.2.23 192.0.2.24 192.0.2.25");

    /* EXCLUDE is cut short: the rest is not blocked, and never said. */
    all_but(rig, G, sources);
    snprintf(text, sizeof text, "TO_EX " G " %.*s", (int)(strstr(sources, " 192.0.2.23") - sources),
             sources);
    EXPECT_SPOKEN(rig, "out", text);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "sources-left-out"), 3);

    /* A second TO_IN would take back the first. */
    only(rig, G, sources);
    snprintf(text, sizeof text, "TO_IN " G " %.*s", (int)(strstr(sources, " 192.0.2.23") - sources),
             sources);
    EXPECT_SPOKEN(rig, "out", text);
    EXPECT_SPOKEN(rig, "out", "ALLOW " G " 192.0.2.23 192.0.2.24 192.0.2.25");

    ask(rig, (struct amtg_question){.ip4 = true, .robustness = 1});
    ck_assert_uint_eq(rig_count(rig, "out"), 4);
    rig_ignore(rig, "out");
    end(rig);
}
END_TEST

START_TEST(the_last_record_of_a_report_fits_as_well)
{
    /* 24 (IP) + 8 + 12 records of 8 are 128 octets; one more leaves 4 of 132 over. */
    struct rig *rig = rig_new(_i, "it: {class: igmp-host, mtu: 132, robustness: 1}");
    char group[16];

    for (unsigned i = 0; i < 13; i++) {
        snprintf(group, sizeof group, "239.1.1.%u", i);
        all_but(rig, group, "");
    }
    rig_ignore(rig, "out");
    ask(rig, (struct amtg_question){.ip4 = true, .robustness = 1});
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_uint_eq(p->len, 128);
    amtg_packet_free(p);
    EXPECT_SPOKEN(rig, "out", "IS_EX 239.1.1.12");
    end(rig);
}
END_TEST

START_TEST(many_groups_fill_many_reports)
{
    struct rig *rig = rig_new(_i, "it: {class: igmp-host, mtu: 576}");
    char group[32];

    for (unsigned i = 0; i < 200; i++) {
        snprintf(group, sizeof group, "239.9.0.%u", i);
        rig_push(rig, "joins", join_packet(rig, group, true, ""));
    }
    forget_repeats(rig);
    ask(rig, (struct amtg_question){.ip4 = true});
    /* (576 - 24 - 8) / 8 = 68 records to a report */
    ck_assert_uint_eq(rig_count(rig, "out"), 3);
    ck_assert_msg(strncmp(spoken(rig, "out"), "IS_EX 239.9.0.0, IS_EX 239.9.0.1, ", 34) == 0, "first");
    rig_ignore(rig, "out");
    end(rig);
}
END_TEST

/* ---- Queries -------------------------------------------------------------- */

/* Covers: G-7, G-8, G-10. */
START_TEST(a_general_query_is_answered_with_all_groups_at_once)
{
    struct rig *rig = rig_new(_i, host4);

    all_but(rig, G, S1);
    only(rig, SSM, S1 " " S2);
    only(rig, G2, S1);
    only(rig, G2, "");
    forget_repeats(rig);
    ask(rig, (struct amtg_question){.ip4 = true, .max_response_ms = 10000});
    EXPECT_SPOKEN(rig, "out", "IS_EX " G " " S1 ", IS_IN " SSM " " S1 " " S2);
    rig_step(rig, 20 * AMTG_S);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "general-queries"), 1);
    end(rig);
}
END_TEST

/* Covers: G-9, G-11. */
START_TEST(a_query_of_any_source_is_answered)
{
    static const char *const four[] = {"0.0.0.0", "192.0.2.1", "203.0.113.77", "169.254.1.1"};
    static const char *const six[] = {"::", "fe80::1", "2001:db8::77"};

    for (unsigned i = 0; i < 7; i++) {
        bool ip4 = i < 4;
        struct amtg_question q = {.ip4 = ip4, .robustness = 1};
        struct rig *rig = rig_new(_i, ip4 ? "it: {class: igmp-host}" : "it: {class: mld-host}");

        ck_assert(amtg_addr_parse(ip4 ? four[i] : six[i - 4], &q.source));
        all_but(rig, ip4 ? G : "ff0e::1", "");
        rig_step(rig, 10 * AMTG_S);
        rig_ignore(rig, "out");
        ask(rig, q);
        EXPECT_SPOKEN(rig, "out", ip4 ? "IS_EX " G : "IS_EX ff0e::1");
        end(rig);
    }
}
END_TEST

START_TEST(nothing_wanted_is_no_answer)
{
    struct rig *rig = rig_new(_i, host6);

    rig_push_hex(rig, "queries", AMTG_IP_RAW, HEX_INNER_QUERY6);
    rig_step(rig, 20 * AMTG_S);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    end(rig);
}
END_TEST

START_TEST(a_delayed_answer_comes_within_the_time_and_once)
{
    struct rig *rig = rig_new(_i, "it: {class: mld-host, answer: delayed, source: \"fe80::9\"}");

    all_but(rig, G_6, "");
    forget_repeats(rig);
    ask(rig, (struct amtg_question){.max_response_ms = 10000, .robustness = 2});
    rig_expect_nothing(rig, "out");
    ask(rig, (struct amtg_question){.max_response_ms = 10000, .robustness = 2});
    rig_step(rig, 10 * AMTG_S);
    EXPECT_SPOKEN(rig, "out", "IS_EX " G_6);
    rig_step(rig, 20 * AMTG_S);
    rig_expect_nothing(rig, "out");
    end(rig);
}
END_TEST

START_TEST(specific_queries_get_what_is_wanted_of_what_they_name)
{
    struct rig *rig = rig_new(_i, host4);
    struct amtg_addr sources[] = {spoken_addr(S2), spoken_addr(S3)};
    struct amtg_question q = {.group = spoken_addr(SSM), .max_response_ms = 1000, .robustness = 2};

    only(rig, SSM, S1 " " S2);
    all_but(rig, G, S2);
    forget_repeats(rig);
    ask(rig, q);
    EXPECT_SPOKEN(rig, "out", "IS_IN " SSM " " S1 " " S2);
    q.sources = sources;
    q.count = 2;
    ask(rig, q);
    EXPECT_SPOKEN(rig, "out", "IS_IN " SSM " " S2);
    q.group = spoken_addr(G);
    ask(rig, q);
    EXPECT_SPOKEN(rig, "out", "IS_IN " G " " S3);
    q.count = 1; /* S2, which is blocked */
    ask(rig, q);
    q.group = spoken_addr(G2);
    q.count = 0;
    ask(rig, q);
    rig_step(rig, 20 * AMTG_S);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "specific-queries"), 5);
    end(rig);
}
END_TEST

START_TEST(answers_that_wait_are_merged)
{
    struct rig *rig = rig_new(_i, "it: {class: igmp-host, answer: delayed}");
    struct amtg_addr s1 = spoken_addr(S1), s2 = spoken_addr(S2);
    struct amtg_question q = {.group = spoken_addr(SSM), .sources = &s1, .count = 1,
                              .max_response_ms = 1000};

    only(rig, SSM, S1 " " S2 " " S3);
    forget_repeats(rig);
    ask(rig, q); /* rule 5: the union */
    q.sources = &s2;
    ask(rig, q);
    rig_step(rig, AMTG_S);
    EXPECT_SPOKEN(rig, "out", "IS_IN " SSM " " S1 " " S2);
    rig_step(rig, 5 * AMTG_S);
    rig_expect_nothing(rig, "out");

    ask(rig, q); /* rule 4: the group, whatever was asked before or is later */
    q.count = 0;
    ask(rig, q);
    q.count = 1;
    ask(rig, q);
    rig_step(rig, AMTG_S);
    EXPECT_SPOKEN(rig, "out", "IS_IN " SSM " " S1 " " S2 " " S3);
    rig_step(rig, 5 * AMTG_S);
    rig_expect_nothing(rig, "out");

    /* Rule 1: a general answer that comes sooner covers it. */
    ask(rig, (struct amtg_question){.ip4 = true, .max_response_ms = 100});
    q.max_response_ms = 60000;
    ask(rig, q);
    rig_step(rig, 60 * AMTG_S);
    EXPECT_SPOKEN(rig, "out", "IS_IN " SSM " " S1 " " S2 " " S3);
    rig_expect_nothing(rig, "out");
    end(rig);
}
END_TEST

/* ---- what a relay makes of it ------------------------------------------------ */

enum { SOURCES = 40, MOST_EXCLUDED = 16 };

static struct amtg_addr numbered(unsigned i)
{
    return amtg_addr_from4((uint8_t[]){192, 0, 2, (uint8_t)(i + 1)});
}

/* The relay forwards just what is wanted: wish has a bit for each source. */
static void expect_forwarded(struct rig *rig, bool exclude, uint64_t wish, unsigned turn)
{
    struct amtg_element *relay = rig_element(rig, "relay");
    const struct amtg_members_ops *ops = amtg_ops(relay, &amtg_members);
    struct amtg_addr group = spoken_addr(G);

    for (unsigned i = 0; i < SOURCES; i++) {
        struct amtg_addr source = numbered(i);
        bool wanted = (wish >> i & 1) != exclude;
        ck_assert_msg((ops->lookup(relay, &source, &group) != NULL) == wanted,
                      "turn %u: source %u is%s wanted", turn, i, wanted ? "" : " not");
    }
}

/* Reports of up to 128 octets, so that most changes need two of them. */
START_TEST(a_relay_ends_up_with_what_is_wanted)
{
    struct rig *rig = rig_new(_i, "it: {class: igmp-host, mtu: 128}\n"
                                  "igmp: {class: igmp-parser, strict: true}\n"
                                  "relay: {class: membership}\n"
                                  "end: {class: discard}\n"
                                  "edges:\n"
                                  "  - it -> igmp -> relay.reports\n"
                                  "  - relay.joins -> end\n");
    uint64_t state = 88172645463325252u;

    for (unsigned turn = 0; turn < 300; turn++) {
        char sources[SOURCES * 16] = "";
        state ^= state << 13, state ^= state >> 7, state ^= state << 17; /* xorshift64 */
        bool exclude = state >> 63;
        uint64_t wish = state & (state >> 3 | state >> 5) & ((UINT64_C(1) << SOURCES) - 1);
        for (unsigned i = 0, n = 0; i < SOURCES; i++) {
            if (!(wish >> i & 1))
                continue;
            if (exclude && n == MOST_EXCLUDED) {
                wish &= (UINT64_C(1) << i) - 1;
                break;
            }
            sprintf(sources + strlen(sources), " 192.0.2.%u", i + 1);
            n++;
        }
        if (exclude)
            all_but(rig, G, sources);
        else
            only(rig, G, sources);
        /* The repeats are over after 1 s, the last member query time 2 s after them. */
        rig_step(rig, 3100 * AMTG_MS);
        expect_forwarded(rig, exclude, wish, turn);
    }
    rig_free(rig);
}
END_TEST

/* ---- what is not for it ---------------------------------------------------- */

START_TEST(the_other_family_is_left_alone)
{
    struct rig *rig = rig_new(_i, host4);

    all_but(rig, G_6, "");
    rig_push_hex(rig, "queries", AMTG_IP_RAW, HEX_INNER_QUERY6);
    rig_step(rig, 5 * AMTG_S);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "other-family"), 2);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    end(rig);

    rig = rig_new(_i, host6);
    all_but(rig, G, "");
    rig_push_hex(rig, "queries", AMTG_IP_RAW, HEX_INNER_QUERY4);
    rig_step(rig, 5 * AMTG_S);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "other-family"), 2);
    end(rig);
}
END_TEST

START_TEST(wrong_queries_are_named)
{
    struct rig *rig = rig_new(_i, host4);

    all_but(rig, G, "");
    forget_repeats(rig);
    rig_push_hex(rig, "queries", AMTG_IP_RAW, "45");
    rig_push_hex(rig, "queries", AMTG_IP_RAW, HEX_INNER_REPORT4);
    ask_older(rig, 100);
    rig_step(rig, 20 * AMTG_S);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_drops(rig, "ip-truncated"), 1);
    ck_assert_uint_eq(rig_drops(rig, "not-a-query"), 1);
    ck_assert_uint_eq(rig_drops(rig, "older-query"), 1);
    ck_assert_uint_eq(rig_counter(rig, "general-queries"), 0);
    end(rig);
}
END_TEST

START_TEST(joins_that_no_host_may_report_are_named)
{
    struct rig *rig = rig_new(_i, "it: {class: igmp-host, groups: 2, sources: 3}");
    _Alignas(struct amtg_join) uint8_t cut[sizeof(struct amtg_join)] = {0};

    all_but(rig, SSM, "");
    all_but(rig, "224.0.0.1", "");
    only(rig, SSM, "239.1.1.1");
    only(rig, S1, S2);
    ((struct amtg_join *)cut)->group = spoken_addr(G);
    ((struct amtg_join *)cut)->count = 1;
    rig_push(rig, "joins", rig_packet(rig, AMTG_JOIN, cut, sizeof cut));
    rig_push(rig, "joins", rig_packet(rig, AMTG_JOIN, cut, sizeof cut - 1));
    ck_assert_uint_eq(rig_drops(rig, "ssm-exclude"), 1);
    ck_assert_uint_eq(rig_drops(rig, "unreported"), 1);
    ck_assert_uint_eq(rig_drops(rig, "malformed"), 4);
    rig_expect_nothing(rig, "out");

    only(rig, SSM, S1 " " S2);
    only(rig, "232.1.2.4", S1 " " S2);
    only(rig, "232.1.2.4", S1);
    only(rig, "232.1.2.5", S1);
    ck_assert_uint_eq(rig_drops(rig, "limit"), 2);
    ck_assert_uint_eq(rig_counter(rig, "groups"), 2);
    ck_assert_uint_eq(rig_counter(rig, "sources"), 3);
    only(rig, SSM, S1 " " S3); /* at the limit: as many as before, then fewer, then one too many */
    only(rig, SSM, S3);
    ck_assert_uint_eq(rig_drops(rig, "limit"), 2);
    ck_assert_uint_eq(rig_counter(rig, "sources"), 2);
    only(rig, SSM, S1 " " S2 " " S3);
    ck_assert_uint_eq(rig_drops(rig, "limit"), 3);
    ck_assert_uint_eq(rig_counter(rig, "sources"), 2);
    rig_ignore(rig, "out");
    forget_repeats(rig);
    end(rig);

    rig = rig_new(_i, host6);
    all_but(rig, "ff02::1", "");
    all_but(rig, "ff01::5", "");
    all_but(rig, "ff00::5", "");
    ck_assert_uint_eq(rig_drops(rig, "unreported"), 3);
    all_but(rig, "ff02::5", "");
    EXPECT_SPOKEN(rig, "out", "TO_EX ff02::5");
    forget_repeats(rig);
    end(rig);
}
END_TEST

/* ---- older queriers --------------------------------------------------------- */

START_TEST(an_older_querier_is_spoken_to_in_its_version)
{
    struct rig *rig = rig_new(_i, "it: {class: igmp-host, older-versions: yes, hold: 1h}");

    all_but(rig, G, S1);
    EXPECT_SPOKEN(rig, "out", "TO_EX " G " " S1);
    ask_older(rig, 100); /* what was pending is cancelled; the group is reported */
    ck_assert_uint_eq(rig_counter(rig, "version"), 2);
    EXPECT_SPOKEN(rig, "out", "v2 IS_EX " G);
    rig_step(rig, 15 * AMTG_S);
    rig_expect_nothing(rig, "out");

    all_but(rig, G, ""); /* sources mean nothing to it */
    rig_expect_nothing(rig, "out");
    only(rig, G2, S1);
    EXPECT_SPOKEN(rig, "out", "v2 IS_EX " G2);
    rig_step(rig, 10 * AMTG_S);
    EXPECT_SPOKEN(rig, "out", "v2 IS_EX " G2);
    only(rig, G2, "");
    EXPECT_SPOKEN(rig, "out", "v2 TO_IN " G2);
    rig_step(rig, 10 * AMTG_S);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "groups"), 1);

    ask_older(rig, 0); /* version 1 beats version 2, and knows no leaving */
    EXPECT_SPOKEN(rig, "out", "v1 IS_EX " G);
    only(rig, G, "");
    rig_step(rig, 20 * AMTG_S);
    rig_expect_nothing(rig, "out");

    /* 2 x 125 s + 10 s after the last one; what was to be repeated then is not. */
    rig_step(rig, 240 * AMTG_S - 1);
    all_but(rig, G2, "");
    EXPECT_SPOKEN(rig, "out", "v1 IS_EX " G2);
    rig_step(rig, 1);
    ck_assert_uint_eq(rig_counter(rig, "version"), 3);
    rig_step(rig, 20 * AMTG_S);
    rig_expect_nothing(rig, "out");
    all_but(rig, G, "");
    EXPECT_SPOKEN(rig, "out", "TO_EX " G);
    forget_repeats(rig);
    end(rig);
}
END_TEST

START_TEST(mldv1_is_spoken_too)
{
    struct rig *rig = rig_new(_i, "it: {class: mld-host, older-versions: yes}");

    rig_push(rig, "queries", older_query_packet(rig, "fe80::1", 100));
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_counter(rig, "version"), 1);
    all_but(rig, G_6, "");
    EXPECT_SPOKEN(rig, "out", "v1 IS_EX " G_6);
    rig_step(rig, 10 * AMTG_S);
    EXPECT_SPOKEN(rig, "out", "v1 IS_EX " G_6);
    only(rig, G_6, "");
    EXPECT_SPOKEN(rig, "out", "v1 TO_IN " G_6);
    rig_step(rig, 20 * AMTG_S);
    rig_expect_nothing(rig, "out");
    end(rig);
}
END_TEST

START_TEST(a_forged_query_takes_versions_away_for_an_hour_at_most)
{
    struct rig *rig = rig_new(_i, "it: {class: igmp-host, older-versions: yes, hold: 24h}");

    all_but(rig, G, "");
    forget_repeats(rig);
    ask(rig, (struct amtg_question){.ip4 = true, .robustness = 7, .interval_s = 31744});
    ask_older(rig, 100);
    rig_ignore(rig, "out");
    rig_step(rig, 3600 * AMTG_S - 1);
    ck_assert_uint_eq(rig_counter(rig, "version"), 2);
    rig_step(rig, 1);
    ck_assert_uint_eq(rig_counter(rig, "version"), 3);
    rig_ignore(rig, "out");
    end(rig);
}
END_TEST

START_TEST(an_absurd_response_time_is_not_waited_for)
{
    struct rig *rig = rig_new(_i, _i ? "it: {class: mld-host, answer: delayed, hold: 24h}"
                                     : "it: {class: igmp-host, answer: delayed, hold: 24h}");
    const char *group = _i ? G_6 : G;

    all_but(rig, group, "");
    forget_repeats(rig);
    for (unsigned i = 0; i < 20; i++) {
        /* QQIC 0 and QRV 0 say nothing: the defaults of the RFCs count. */
        struct amtg_question q = {.ip4 = !_i, .max_response_ms = 3000000};
        if (i % 2)
            q.group = spoken_addr(group);
        rig_push(rig, "queries", query_packet(rig, &q));
        rig_step(rig, 125 * AMTG_S);
        ck_assert_uint_eq(rig_count(rig, "out"), 1);
        rig_ignore(rig, "out");
    }
    ck_assert_uint_eq(rig_counter(rig, "response-capped"), 20);
    ck_assert_uint_eq(rig_counter(rig, "robustness"), 2);
    end(rig);
}
END_TEST

AMTG_RIG_SUITE("group/host", each_change_of_the_filter_has_its_record, mld_says_the_same_of_ipv6,
               octets_are_those_of_the_rfcs, a_change_is_said_as_often_as_the_last_query_wants,
               pending_repeats_are_merged_with_new_changes, changes_of_one_moment_share_a_report,
               a_join_said_again_changes_nothing, what_nobody_says_again_is_left, stopping_leaves_all_groups,
               reports_are_no_larger_than_the_mtu,
               the_last_record_of_a_report_fits_as_well, many_groups_fill_many_reports,
               a_general_query_is_answered_with_all_groups_at_once, a_query_of_any_source_is_answered,
               nothing_wanted_is_no_answer,
               a_delayed_answer_comes_within_the_time_and_once,
               specific_queries_get_what_is_wanted_of_what_they_name, answers_that_wait_are_merged,
               a_relay_ends_up_with_what_is_wanted, the_other_family_is_left_alone, wrong_queries_are_named,
               joins_that_no_host_may_report_are_named,
               an_older_querier_is_spoken_to_in_its_version, mldv1_is_spoken_too,
               a_forged_query_takes_versions_away_for_an_hour_at_most,
               an_absurd_response_time_is_not_waited_for)
