/*
 * igmp-querier and mld-querier that know their LAN by a raw-socket: their own address there,
 * and who cannot be on it. On a cable in a namespace of its own.
 */
#include "tests/elements/group/spoken.h"
#include "tests/support/netns.h"

static void hear(struct rig *rig, const char *source)
{
    struct amtg_question q = {.source = spoken_addr(source), .robustness = 2, .interval_s = 125,
                              .max_response_ms = 10000};
    q.ip4 = amtg_addr_is4(&q.source);
    rig_push(rig, "queries", query_packet(rig, &q));
}

/* The source address of the next Query. */
static const char *asked_from(struct rig *rig)
{
    static char text[AMTG_ADDR_TEXT];
    struct amtg_packet *p = rig_take(rig, "out");
    struct amtg_addr source = amtg_ip_source(p);

    amtg_packet_free(p);
    return amtg_addr_text(&source, text);
}

#define LAN4 "lan: {class: raw-socket, interface: v0}\nit: {class: igmp-querier, lan: lan}"
#define LAN6 "lan: {class: raw-socket, interface: v0}\nit: {class: mld-querier, source: \"::\", lan: lan}"

START_TEST(queries_come_from_the_address_on_the_lan)
{
    netns_enter();
    netns_run("ip addr add 10.0.0.77/24 dev v0 && ip -6 addr flush dev v0 scope link && "
              "ip addr add fe80::77/64 dev v0 nodad && ip addr add fe80::99/64 dev v0 nodad");
    struct rig *rig = rig_new_real(_i, LAN4);
    rig_step(rig, 0);
    ck_assert_str_eq(asked_from(rig), "10.0.0.1");
    hear(rig, "10.0.0.1");
    ck_assert_uint_eq(rig_counter(rig, "own"), 1);
    hear(rig, "10.0.0.2"); /* a higher one */
    ck_assert_uint_eq(rig_counter(rig, "querier"), 1);
    rig_free(rig);

    rig = rig_new_real(_i, LAN6);
    rig_step(rig, 0);
    ck_assert_str_eq(asked_from(rig), "fe80::77");
    hear(rig, "fe80::78");
    ck_assert_uint_eq(rig_counter(rig, "querier"), 1);
    hear(rig, "fe80::76");
    ck_assert_uint_eq(rig_counter(rig, "querier"), 0);
    rig_free(rig);
}
END_TEST

START_TEST(who_is_of_another_subnet_is_not_elected)
{
    netns_enter();
    netns_run("ip addr flush dev v0 && ip addr add 10.0.0.99/24 dev v0 && "
              "ip addr add 10.7.0.1/16 dev v0");
    struct rig *rig = rig_new_real(_i, LAN4);
    rig_step(rig, 0);
    rig_ignore(rig, "out");
    hear(rig, "10.0.1.1");
    hear(rig, "9.9.9.9");
    hear(rig, "10.8.0.1");
    ck_assert_uint_eq(rig_counter(rig, "not-electable"), 3);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 1);
    hear(rig, "10.7.200.200"); /* on the link, and higher than our first address */
    ck_assert_uint_eq(rig_counter(rig, "not-electable"), 3);
    ck_assert_uint_eq(rig_counter(rig, "querier"), 1);
    hear(rig, "10.0.0.98");
    ck_assert_uint_eq(rig_counter(rig, "querier"), 0);
    rig_free(rig);
}
END_TEST

START_TEST(without_an_address_everybody_is_given_way_to)
{
    netns_enter();
    netns_run("ip addr flush dev v0");
    struct rig *rig = rig_new_real(_i, LAN4);
    rig_step(rig, 0);
    ck_assert_str_eq(asked_from(rig), "0.0.0.0");
    hear(rig, "192.0.2.200");
    ck_assert_uint_eq(rig_counter(rig, "querier"), 0);
    rig_free(rig);

    rig = rig_new_real(_i, LAN6);
    rig_step(rig, 0);
    ck_assert_str_eq(asked_from(rig), "fe80::232:1");
    rig_free(rig);
}
END_TEST

AMTG_NETNS_SUITE("group/querier on a LAN", queries_come_from_the_address_on_the_lan,
                 who_is_of_another_subnet_is_not_elected,
                 without_an_address_everybody_is_given_way_to)
