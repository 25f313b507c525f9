/*
 * querier-filter: forwards while our querier is elected, each family by its own (RFC 4605,
 * section 4.2).
 */
#include "tests/elements/group/spoken.h"
#include "tests/support/amt.h"

/* A Query of somebody else, to the querier called `name`. */
static void hear(struct rig *rig, const char *name, const char *source)
{
    struct amtg_question q = {.source = spoken_addr(source), .robustness = 2, .interval_s = 125,
                              .max_response_ms = 10000};
    struct amtg_element *querier = rig_element(rig, name);
    struct amtg_batch batch = {.count = 1};

    q.ip4 = amtg_addr_is4(&q.source);
    batch.packets[0] = query_packet(rig, &q);
    rig_step(rig, 0);
    querier->taken++;
    querier->push(querier, 1, &batch);
}

#define QUERIERS                                                                          \
    "igmp: {class: igmp-querier, source: 192.0.2.5}\n"                                    \
    "mld: {class: mld-querier, source: \"fe80::5\"}\n"                                    \
    "end: {class: discard}\n"
#define EDGES "edges:\n- igmp -> end\n- mld -> end\n"

static void push_both(struct rig *rig)
{
    rig_push_hex(rig, "in", AMTG_IP, NATIVE4_HEX);
    rig_push_hex(rig, "in", AMTG_IP, NATIVE6_HEX);
}

START_TEST(a_family_is_forwarded_while_its_querier_is_elected)
{
    struct rig *rig = rig_new(_i, QUERIERS "it: {class: querier-filter, igmp: igmp, mld: mld}\n" EDGES);

    push_both(rig);
    rig_expect_hex(rig, "out", NATIVE4_HEX);
    rig_expect_hex(rig, "out", NATIVE6_HEX);
    hear(rig, "igmp", "192.0.2.4");
    push_both(rig);
    rig_expect_hex(rig, "out", NATIVE6_HEX);
    ck_assert_uint_eq(rig_drops(rig, "not-querier4"), 1);
    hear(rig, "mld", "fe80::4");
    push_both(rig);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_drops(rig, "not-querier4"), 2);
    ck_assert_uint_eq(rig_drops(rig, "not-querier6"), 1);

    rig_step(rig, 255 * AMTG_S); /* the others are gone */
    push_both(rig);
    rig_expect_hex(rig, "out", NATIVE4_HEX);
    rig_expect_hex(rig, "out", NATIVE6_HEX);
    rig_free(rig);
}
END_TEST

START_TEST(the_rule_can_be_switched_off)
{
    struct rig *rig = rig_new(_i, QUERIERS
                              "it: {class: querier-filter, igmp: igmp, forward: always}\n" EDGES);

    hear(rig, "igmp", "192.0.2.4");
    hear(rig, "mld", "fe80::4");
    push_both(rig);
    ck_assert_uint_eq(rig_count(rig, "out"), 2);
    rig_ignore(rig, "out");
    rig_free(rig);

    rig = rig_new(_i, QUERIERS "it: {class: querier-filter, igmp: igmp}\n" EDGES);
    hear(rig, "igmp", "192.0.2.4");
    hear(rig, "mld", "fe80::4");
    push_both(rig); /* nobody was named for IPv6 */
    rig_expect_hex(rig, "out", NATIVE6_HEX);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("group/querier-filter", a_family_is_forwarded_while_its_querier_is_elected,
               the_rule_can_be_switched_off)
