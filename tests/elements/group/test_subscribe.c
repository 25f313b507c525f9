/*
 * subscribe: says what its parameters want, and knows it; members-filter, which asks
 * it. Covers: G-14.
 */
#include "core/config.h"
#include "core/graph.h"
#include "elements/group/members.h"
#include "elements/registry.h"
#include "tests/elements/group/said.h"
#include "tests/elements/group/spoken.h"

#include <stdlib.h>

static void end(struct rig *rig)
{
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}

START_TEST(each_group_is_said_at_once_and_again)
{
    struct rig *rig = rig_new(_i, "it: {class: subscribe, refresh: 30s, channels: ["
                                  "192.0.2.1@232.1.2.3, 239.1.1.1, 192.0.2.2@232.1.2.3, "
                                  "\"2001:db8::1@ff3e::8000:1\", 192.0.2.1@232.1.2.3]}");
    rig_step(rig, 0);
    for (unsigned turn = 0; turn < 3; turn++) {
        ck_assert_str_eq(said(rig, "out"), "only 232.1.2.3 {192.0.2.1, 192.0.2.2}");
        ck_assert_str_eq(said(rig, "out"), "all but 239.1.1.1 {}");
        ck_assert_str_eq(said(rig, "out"), "only ff3e::8000:1 {2001:db8::1}");
        rig_step(rig, 30 * AMTG_S - 1);
        rig_expect_nothing(rig, "out");
        rig_step(rig, 1);
    }
    rig_ignore(rig, "out");
    amtg_runtime_stop(rig_runtime(rig));
    ck_assert_str_eq(said(rig, "out"), "nothing of 232.1.2.3 {}");
    ck_assert_str_eq(said(rig, "out"), "nothing of 239.1.1.1 {}");
    ck_assert_str_eq(said(rig, "out"), "nothing of ff3e::8000:1 {}");
    rig_free(rig);
}
END_TEST

START_TEST(group_and_source_may_be_parameters_of_their_own)
{
    struct rig *rig = rig_new(_i, "it: {class: subscribe, group: [232.1.2.3, 232.1.2.4], "
                                  "source: [192.0.2.1, 192.0.2.2]}");
    rig_step(rig, 0);
    ck_assert_str_eq(said(rig, "out"), "only 232.1.2.3 {192.0.2.1, 192.0.2.2}");
    ck_assert_str_eq(said(rig, "out"), "only 232.1.2.4 {192.0.2.1, 192.0.2.2}");
    end(rig);
    rig = rig_new(_i, "it: {class: subscribe, group: 239.1.1.1, source: none}");
    rig_step(rig, 0);
    ck_assert_str_eq(said(rig, "out"), "all but 239.1.1.1 {}");
    end(rig);
    /* With sources and without: without says more. */
    rig = rig_new(_i, "it: {class: subscribe, group: 239.1.1.1, channels: [192.0.2.1@239.1.1.1]}");
    rig_step(rig, 0);
    ck_assert_str_eq(said(rig, "out"), "all but 239.1.1.1 {}");
    end(rig);
}
END_TEST

/* How many problems a graph with this element has. */
static unsigned problems(const char *element)
{
    char text[500];
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    struct amtg_diag *diag = amtg_diag_new();

    snprintf(text, sizeof text,
             "amtgraph: 1\nname: x\nelements:\n  it: {class: subscribe, %s}\n", element);
    struct amtg_graph *graph = amtg_graph_parse("x", text, strlen(text), &options, diag);
    unsigned n = amtg_diag_problems(diag);
    ck_assert((graph == NULL) == (n > 0));
    amtg_graph_free(graph);
    amtg_diag_free(diag);
    return n;
}

START_TEST(channels_that_cannot_be_are_refused)
{
    static const char *const wrong[] = {
        "channels: [192.0.2.1]",           "channels: [232.1.2.3]",
        "channels: [\"ff3e::8000:1\"]",    "channels: [192.0.2.1@]",
        "channels: [\"@232.1.2.3\"]",      "channels: [192.0.2.1@192.0.2.2]",
        "channels: [239.1.1.1@239.1.1.2]", "channels: [0.0.0.0@239.1.1.2]",
        "channels: [\"2001:db8::1@239.1.1.1\"]",
        "channels: [192.0.2.1@232.1.2.3@232.1.2.4]",
        "channels: []",                    "source: 192.0.2.1, channels: [239.1.1.1]",
        "group: 192.0.2.1",                "group: 232.1.1.1",
        "channels: [00000000000000000000000000000000000000000000000000192.0.2.1@239.1.1.1]",
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(problems(wrong[i]) == 1, "%s: %u problems", wrong[i], problems(wrong[i]));
    ck_assert_uint_eq(problems("channels: [192.0.2.1@232.1.2.3, 239.1.1.1]"), 0);
    ck_assert_uint_eq(problems("channels: [192.0.2.1, 192.0.2.2]"), 2);
}
END_TEST

/* An IPv4 or IPv6 datagram of no payload that matters. */
static void push_data(struct rig *rig, const char *source, const char *group)
{
    uint8_t o[64] = {0};
    struct amtg_ip_head head = {.src = spoken_addr(source), .dst = spoken_addr(group),
                                .payload = 8, .protocol = 17, .hops = 8};
    struct amtg_packet *p = rig_packet(rig, AMTG_IP, o, amtg_ip_build(&head, o) + 8);
    rig_push(rig, "in", p);
}

static const char filter[] =
    "it: {class: members-filter, members: wish}\n"
    "wish: {class: subscribe, channels: [192.0.2.1@232.1.2.3, 239.1.1.1, "
    "\"2001:db8::1@ff3e::8000:1\"]}\n"
    "end: {class: discard}\n"
    "edges:\n"
    "  - wish -> end\n";

/* Covers: S-10. */
START_TEST(only_what_is_wanted_passes)
{
    struct rig *rig = rig_new(_i, filter);

    push_data(rig, "192.0.2.1", "232.1.2.3");
    push_data(rig, "198.51.100.9", "239.1.1.1");
    push_data(rig, "2001:db8::1", "ff3e::8000:1");
    ck_assert_uint_eq(rig_count(rig, "out"), 3);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_ptr_null(p->to);
    amtg_packet_free(p);
    rig_ignore(rig, "out");
    push_data(rig, "192.0.2.2", "232.1.2.3");
    push_data(rig, "192.0.2.1", "232.1.2.4");
    push_data(rig, "2001:db8::2", "ff3e::8000:1");
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_drops(rig, "no-member"), 3);
    push_data(rig, "192.0.2.1", "192.0.2.9");
    ck_assert_uint_eq(rig_drops(rig, "not-multicast"), 1);
    rig_free(rig);
}
END_TEST

/* A message of `type` in ICMPv6 or IGMP, as check-ip passes it on. */
static void push_message(struct rig *rig, const char *source, const char *group, uint8_t protocol,
                         uint8_t type)
{
    uint8_t o[64] = {0};
    struct amtg_ip_head head = {.src = spoken_addr(source), .dst = spoken_addr(group),
                                .payload = 8, .protocol = protocol, .hops = 8};
    uint32_t before = amtg_ip_build(&head, o);
    o[before] = type;
    struct amtg_packet *p = rig_packet(rig, AMTG_IP, o, before + 8);
    ck_assert_int_eq(amtg_ip_check(p, NULL), AMTG_IP_SOUND);
    rig_push(rig, "in", p);
}

/* Covers: S-11. */
START_TEST(igmp_and_mld_stay_on_their_own_link)
{
    static const uint8_t mld[] = {130, 131, 132, 143};
    struct rig *rig = rig_new(_i, filter);

    /* A Query from a low address to a group that is wanted would win an election. */
    push_message(rig, "0.0.0.1", "239.1.1.1", IPPROTO_IGMP, 0x11);
    push_message(rig, "192.0.2.1", "232.1.2.3", IPPROTO_IGMP, 0x22);
    for (unsigned i = 0; i < sizeof mld; i++)
        push_message(rig, "2001:db8::1", "ff3e::8000:1", IPPROTO_ICMPV6, mld[i]);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_drops(rig, "group-management"), 6);
    push_message(rig, "2001:db8::1", "ff3e::8000:1", IPPROTO_ICMPV6, 128);
    push_message(rig, "192.0.2.1", "232.1.2.3", IPPROTO_UDP, 143);
    ck_assert_uint_eq(rig_count(rig, "out"), 2);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

/* A relay could become the host's IPv6 router by an Advertisement to a group that it wants. */
START_TEST(neighbour_discovery_and_errors_are_for_one_link_or_host)
{
    static const uint8_t types[] = {1, 2, 4, 129, 133, 134, 135, 136, 137, 138, 148, 255};
    struct rig *rig = rig_new(_i, filter);

    for (unsigned i = 0; i < sizeof types; i++)
        push_message(rig, "2001:db8::1", "ff3e::8000:1", IPPROTO_ICMPV6, types[i]);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_drops(rig, "icmp"), sizeof types);
    rig_free(rig);
}
END_TEST

START_TEST(what_no_router_forwards_does_not_pass)
{
    struct rig *rig = rig_new(_i, "it: {class: members-filter, members: wish}\n"
                                  "wish: {class: subscribe, channels: [239.1.1.1, \"ff1e::1:1\"]}\n"
                                  "end: {class: discard}\n"
                                  "edges:\n"
                                  "  - wish -> end\n");
    static const char *const sources4[] = {"0.0.0.1", "127.0.0.1", "169.254.1.1"};
    static const char *const sources6[] = {"::", "::1", "fe80::1"};

    for (unsigned i = 0; i < 3; i++) {
        push_data(rig, sources4[i], "239.1.1.1");
        push_data(rig, sources6[i], "ff1e::1:1");
    }
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_drops(rig, "source-scope"), 6);
    rig_free(rig);
}
END_TEST

START_TEST(who_asks_for_endpoints_gets_one)
{
    struct rig *rig = rig_new(_i, filter);
    struct amtg_element *wish = rig_element(rig, "wish");
    const struct amtg_members_ops *ops = amtg_ops(wish, &amtg_members);
    struct amtg_addr s1 = spoken_addr("192.0.2.1"), g = spoken_addr("232.1.2.3");

    ck_assert_uint_eq(amtg_sets_count(ops->lookup(wish, &s1, &g)), 1);
    ck_assert(!ops->lookup(wish, &g, &g));
    ck_assert(ops->full(wish));
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("group/subscribe", each_group_is_said_at_once_and_again,
               group_and_source_may_be_parameters_of_their_own, channels_that_cannot_be_are_refused,
               only_what_is_wanted_passes, igmp_and_mld_stay_on_their_own_link,
               neighbour_discovery_and_errors_are_for_one_link_or_host,
               what_no_router_forwards_does_not_pass,
               who_asks_for_endpoints_gets_one)
