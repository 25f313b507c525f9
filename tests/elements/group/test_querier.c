/*
 * igmp-querier and mld-querier: Queries at the start and then at each interval, about
 * groups and sources, and who of several asks (RFC 3376, sections 6.6 and 8; RFC 3810,
 * sections 7.6 and 9).
 */
#include "elements/registry.h"
#include "tests/elements/group/spoken.h"
#include "tests/elements/wire/hex.h"

#define G "239.1.2.3"
#define S1 "192.0.2.1"
#define S2 "192.0.2.2"

static const char querier4[] = "it: {class: igmp-querier, source: 192.0.2.5}";
static const char querier6[] = "it: {class: mld-querier, source: \"fe80::5\"}";

static void say_ask(struct rig *rig, const char *group, bool suppress, const char *sources)
{
    struct amtg_packet *p = join_packet(rig, group, suppress, sources); /* of the same shape */

    _Static_assert(sizeof(struct amtg_ask) == sizeof(struct amtg_join), "one shape");
    p->type = AMTG_ASK;
    rig_push(rig, "asks", p);
}

static void hear(struct rig *rig, const char *source, uint8_t robustness, uint32_t interval_s)
{
    struct amtg_question q = {.source = spoken_addr(source), .robustness = robustness,
                              .interval_s = interval_s, .max_response_ms = 10000};
    q.ip4 = amtg_addr_is4(&q.source);
    rig_push(rig, "queries", query_packet(rig, &q));
}

START_TEST(queries_come_faster_at_the_start)
{
    struct rig *rig = rig_new(_i, "it: {class: igmp-querier, robustness: 3, query-interval: 40s}");

    rig_step(rig, 0);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_QUERIED(rig, "out", "all 10000ms QRV 3 QQI 40");
        rig_step(rig, 10 * AMTG_S - 1);
        rig_expect_nothing(rig, "out");
        rig_step(rig, 1);
        if (i == 2) /* the third was the last fast one */
            rig_expect_nothing(rig, "out");
    }
    rig_step(rig, 30 * AMTG_S - 1);
    rig_expect_nothing(rig, "out");
    rig_step(rig, 1);
    EXPECT_QUERIED(rig, "out", "all 10000ms QRV 3 QQI 40");
    rig_step(rig, 40 * AMTG_S);
    EXPECT_QUERIED(rig, "out", "all 10000ms QRV 3 QQI 40");
    ck_assert_uint_eq(rig_counter(rig, "general-queries"), 5);
    rig_free(rig);
}
END_TEST

START_TEST(general_queries_are_those_of_the_rfcs)
{
    uint8_t wanted[128];
    static const struct { const char *element, *octets; } rows[] = {
        {"it: {class: igmp-querier, source: 4.18.19.0, query-response-interval: 100ms}", NULL},
        {"it: {class: mld-querier, query-response-interval: 100ms}", NULL},
    };
    for (unsigned i = 0; i < 2; i++) {
        struct rig *rig = rig_new(_i, rows[i].element);
        uint32_t len = hex(i ? HEX_INNER_QUERY6 : HEX_INNER_QUERY4, wanted);
        rig_step(rig, 0);
        struct amtg_packet *p = rig_take(rig, "out");
        ck_assert_uint_eq(p->len, len);
        if (i == 0) {
            /* But for the source and the checksum over it. */
            ck_assert_mem_eq(p->data, wanted, 10);
            ck_assert_mem_eq(p->data + 16, wanted + 16, len - 16);
        } else { /* but for the response code, 100 for 1, and the checksum */
            ck_assert_mem_eq(p->data, wanted, 50);
            ck_assert_uint_eq(p->data[53], 100);
            ck_assert_mem_eq(p->data + 54, wanted + 54, len - 54);
        }
        amtg_packet_free(p);
        rig_free(rig);
    }
}
END_TEST

START_TEST(asks_become_specific_queries)
{
    struct rig *rig = rig_new(_i, querier4);

    rig_step(rig, 0);
    rig_ignore(rig, "out");
    say_ask(rig, G, false, "");
    EXPECT_QUERIED(rig, "out", G " 1000ms QRV 2 QQI 125");
    say_ask(rig, G, true, S1 " " S2);
    EXPECT_QUERIED(rig, "out", G " " S1 " " S2 " S 1000ms QRV 2 QQI 125");
    say_ask(rig, "ff15::1", false, "");
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "other-family"), 1);
    ck_assert_uint_eq(rig_counter(rig, "specific-queries"), 2);
    say_ask(rig, S1, false, "");
    ck_assert_uint_eq(rig_drops(rig, "malformed"), 1);
    rig_free(rig);

    rig = rig_new(_i, "it: {class: mld-querier, last-member-interval: 500ms}");
    rig_step(rig, 0);
    rig_ignore(rig, "out");
    say_ask(rig, "ff3e::8000:1", false, "2001:db8::1");
    EXPECT_QUERIED(rig, "out", "ff3e::8000:1 2001:db8::1 500ms QRV 2 QQI 125");
    say_ask(rig, G, false, "");
    ck_assert_uint_eq(rig_counter(rig, "other-family"), 1);
    rig_free(rig);
}
END_TEST

START_TEST(many_sources_need_many_queries)
{
    /* 128 - 24 - 12: 23 sources */
    struct rig *rig = rig_new(_i, "it: {class: igmp-querier, mtu: 128}");
    char sources[64 * 16] = "";

    for (unsigned i = 1; i <= 47; i++)
        sprintf(sources + strlen(sources), " 192.0.2.%u", i);
    rig_step(rig, 0);
    rig_ignore(rig, "out");
    say_ask(rig, "232.1.2.3", false, sources);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_uint_eq(p->len, 128);
    amtg_packet_free(p);
    rig_ignore(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "specific-queries"), 3);
    rig_free(rig);
}
END_TEST

START_TEST(the_lower_address_asks)
{
    struct rig *rig = rig_new(_i, querier4);

    rig_step(rig, 0);
    hear(rig, "192.0.2.6", 2, 125);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 1);
    hear(rig, "192.0.2.4", 2, 125);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 0);
    rig_ignore(rig, "out");
    say_ask(rig, G, false, "");
    ck_assert_uint_eq(rig_drops(rig, "not-querier"), 1);

    /* 2 x 125 s + 10 s / 2 after its last Query */
    rig_step(rig, 200 * AMTG_S);
    hear(rig, "192.0.2.4", 2, 125);
    rig_step(rig, 255 * AMTG_S - 1);
    rig_expect_nothing(rig, "out");
    rig_step(rig, 1);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 1);
    EXPECT_QUERIED(rig, "out", "all 10000ms QRV 2 QQI 125");
    rig_step(rig, 125 * AMTG_S);
    EXPECT_QUERIED(rig, "out", "all 10000ms QRV 2 QQI 125");
    ck_assert_uint_eq(rig_counter(rig, "elections"), 2);

    /* By its own values: 3 x 20 s + 5 s. */
    hear(rig, "192.0.2.4", 3, 20);
    rig_step(rig, 65 * AMTG_S - 1);
    rig_expect_nothing(rig, "out");
    rig_step(rig, 1);
    ck_assert_uint_eq(rig_count(rig, "out"), 1);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(some_queries_elect_nobody)
{
    struct rig *rig = rig_new(_i, querier4);

    rig_step(rig, 0);
    hear(rig, "0.0.0.0", 2, 125);
    ck_assert_uint_eq(rig_counter(rig, "not-electable"), 1);
    hear(rig, "192.0.2.5", 2, 125);
    ck_assert_uint_eq(rig_counter(rig, "own"), 1);
    hear(rig, "fe80::1", 2, 125);
    ck_assert_uint_eq(rig_counter(rig, "other-family"), 1);
    rig_push_hex(rig, "queries", AMTG_IP_RAW, HEX_INNER_REPORT4);
    ck_assert_uint_eq(rig_drops(rig, "not-a-query"), 1);
    rig_push_hex(rig, "queries", AMTG_IP_RAW, "4500");
    ck_assert_uint_eq(rig_drops(rig, "ip-truncated"), 1);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 1);
    rig_ignore(rig, "out");
    rig_free(rig);

    rig = rig_new(_i, querier6);
    rig_step(rig, 0);
    hear(rig, "2001:db8::1", 2, 125);
    ck_assert_uint_eq(rig_counter(rig, "not-electable"), 1);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 1);
    hear(rig, "fe80::4", 2, 125);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 0);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(nobody_who_cannot_be_on_the_link_is_elected)
{
    static const char *const wrong4[] = {"0.0.0.0", "224.0.0.1", "255.255.255.255", "127.0.0.1"};
    static const char *const wrong6[] = {"2001:db8::1", "ff02::1", "::1"};
    const char *const *wrong = _i ? wrong6 : wrong4;
    unsigned count = _i ? 3 : 4;
    struct rig *rig = rig_new(_i, _i ? "it: {class: mld-querier, source: \"fe80::5\"}"
                                     : "it: {class: igmp-querier}"); /* gives way to everybody */

    rig_step(rig, 0);
    for (unsigned i = 0; i < count; i++)
        hear(rig, wrong[i], 2, 125);
    ck_assert_uint_eq(rig_counter(rig, "not-electable"), count);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 1);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(a_forged_query_silences_for_no_longer_than_our_own_values_say)
{
    struct rig *rig = rig_new(_i, _i ? "it: {class: mld-querier, source: \"fe80::5\", robustness: 3}"
                                     : "it: {class: igmp-querier, source: 192.0.2.5, robustness: 3}");

    rig_step(rig, 0);
    hear(rig, _i ? "fe80::4" : "192.0.2.4", 7, 31744);
    rig_ignore(rig, "out");
    rig_step(rig, (3 * 125 + 5) * AMTG_S - 1); /* not 7 x 31744 s, which is two and a half days */
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "querier"), 0);
    rig_step(rig, 1);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 1);
    ck_assert_uint_eq(rig_counter(rig, "patience-capped"), 1);
    ck_assert_uint_eq(rig_count(rig, "out"), 1);
    rig_ignore(rig, "out");

    /* The start is long over: the next Query is not one of the faster ones. */
    rig_step(rig, 125 * AMTG_S - 1);
    rig_expect_nothing(rig, "out");
    hear(rig, _i ? "fe80::4" : "192.0.2.4", 3, 125);
    ck_assert_uint_eq(rig_counter(rig, "patience-capped"), 1);
    rig_free(rig);
}
END_TEST

START_TEST(queries_of_older_versions_are_counted)
{
    struct rig *rig = rig_new(_i, querier4);

    rig_step(rig, 0);
    rig_push(rig, "queries", older_query_packet(rig, "192.0.2.4", 0)); /* IGMPv1 elects nobody */
    ck_assert_uint_eq(rig_counter(rig, "older-queries"), 1);
    ck_assert_uint_eq(rig_counter(rig, "not-electable"), 1);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 1);
    rig_push(rig, "queries", older_query_packet(rig, "192.0.2.4", 100));
    ck_assert_uint_eq(rig_counter(rig, "older-queries"), 2);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 0);
    rig_ignore(rig, "out");
    rig_step(rig, 255 * AMTG_S - 1); /* it does not say its values: ours */
    rig_expect_nothing(rig, "out");
    rig_step(rig, 1);
    ck_assert_uint_eq(rig_count(rig, "out"), 1);
    rig_ignore(rig, "out");
    hear(rig, "192.0.2.6", 2, 125);
    ck_assert_uint_eq(rig_counter(rig, "older-queries"), 2);
    rig_free(rig);

    rig = rig_new(_i, querier6);
    rig_step(rig, 0);
    rig_push(rig, "queries", older_query_packet(rig, "fe80::4", 100));
    ck_assert_uint_eq(rig_counter(rig, "older-queries"), 1);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 0);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(who_has_no_address_gives_way)
{
    struct rig *rig = rig_new(_i, "it: {class: igmp-querier}");

    rig_step(rig, 0);
    hear(rig, "0.0.0.0", 2, 125); /* its own, or a switch's */
    ck_assert_uint_eq(rig_counter(rig, "querier"), 1);
    hear(rig, "192.0.2.200", 2, 125);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 0);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

static unsigned problems(const char *element)
{
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    struct amtg_diag *diag = amtg_diag_new();
    char text[300];

    snprintf(text, sizeof text, "amtgraph: 1\nname: x\nelements:\n  it: %s\n", element);
    amtg_graph_free(amtg_graph_parse("x", text, strlen(text), &options, diag));
    unsigned n = amtg_diag_problems(diag);
    amtg_diag_free(diag);
    return n;
}

START_TEST(wrong_parameters_are_refused)
{
    ck_assert_uint_eq(problems("{class: igmp-querier, query-interval: 10s}"), 1);
    ck_assert_uint_eq(problems("{class: igmp-querier, source: 224.0.0.1}"), 1);
    ck_assert_uint_eq(problems("{class: mld-querier, query-interval: 11s}"), 0);
}
END_TEST

AMTG_RIG_SUITE("group/querier", queries_come_faster_at_the_start,
               general_queries_are_those_of_the_rfcs, asks_become_specific_queries,
               many_sources_need_many_queries, the_lower_address_asks, some_queries_elect_nobody,
               nobody_who_cannot_be_on_the_link_is_elected,
               a_forged_query_silences_for_no_longer_than_our_own_values_say,
               queries_of_older_versions_are_counted, who_has_no_address_gives_way, wrong_parameters_are_refused)
