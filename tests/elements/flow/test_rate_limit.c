/* rate-limit. Covers: S-8. */
#include "core/ask.h"
#include "core/cursor.h"
#include "elements/wire/types.h"
#include "tests/support/rig.h"

static struct amtg_packet *from(struct rig *rig, uint32_t address, uint16_t port)
{
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_REQUEST, "0300000000000001");
    uint8_t octets[4];

    amtg_put_u32(octets, address);
    p->peer.remote = amtg_addr_from4(octets);
    p->peer.remote_port = port;
    return p;
}

/* How many of `count` datagrams at once get through. */
static unsigned passed(struct rig *rig, uint32_t address, uint16_t port, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        rig_push(rig, "in", from(rig, address, port));
    unsigned through = rig_count(rig, "out");
    rig_ignore(rig, "out");
    return through;
}

enum { A = 0xcb007101u, B = 0xcb007102u };

/* Covers: S-8. */
START_TEST(an_endpoint_has_its_burst_and_then_its_rate)
{
    struct rig *rig = rig_new(_i, "it: {class: rate-limit, endpoint-rate: 2, endpoint-burst: 5}");

    ck_assert_uint_eq(passed(rig, A, 1000, 8), 5);
    ck_assert_uint_eq(rig_drops(rig, "endpoint-rate"), 3);
    ck_assert_uint_eq(passed(rig, A, 1001, 1), 1); /* another port: another endpoint */
    rig_step(rig, AMTG_S);
    ck_assert_uint_eq(passed(rig, A, 1000, 8), 2);
    rig_step(rig, 100 * AMTG_S);
    ck_assert_uint_eq(passed(rig, A, 1000, 8), 5); /* no more than the burst is saved up */
    rig_free(rig);
}
END_TEST

/* Whatever the hash says: here all ports share one set of places. */
START_TEST(endpoints_that_share_places_are_told_apart)
{
    struct rig *rig = rig_new(_i, "it: {class: rate-limit, entries: 8,\n"
                                  "     endpoint-rate: 1, endpoint-burst: 1}");

    for (uint16_t port = 1; port <= 8; port++)
        ck_assert_uint_eq(passed(rig, A, port, 2), 1);
    ck_assert_uint_eq(rig_drops(rig, "endpoint-rate"), 8);
    rig_free(rig);
}
END_TEST

START_TEST(an_address_has_its_limit_over_all_ports)
{
    struct rig *rig = rig_new(_i, "it: {class: rate-limit, address-rate: 4, address-burst: 10}");
    unsigned through = 0;

    for (unsigned port = 1; port <= 16; port++)
        through += passed(rig, A, (uint16_t)port, 1);
    ck_assert_uint_eq(through, 10);
    ck_assert_uint_eq(rig_drops(rig, "address-rate"), 6);
    ck_assert_uint_eq(passed(rig, B, 1, 1), 1);
    rig_free(rig);
}
END_TEST

START_TEST(a_noisy_endpoint_does_not_use_up_its_address)
{
    struct rig *rig = rig_new(_i, "it: {class: rate-limit, endpoint-rate: 1, endpoint-burst: 2,\n"
                                  "     address-rate: 4, address-burst: 4}");

    ck_assert_uint_eq(passed(rig, A, 1000, 50), 2);
    ck_assert_uint_eq(passed(rig, A, 1001, 1), 1);
    ck_assert_uint_eq(passed(rig, A, 1002, 1), 1);
    rig_free(rig);
}
END_TEST

START_TEST(what_one_limit_refuses_costs_the_others_nothing)
{
    struct rig *rig = rig_new(_i, "it: {class: rate-limit, endpoint-rate: 1, endpoint-burst: 2,\n"
                                  "     address-rate: 1000, address-burst: 1}");

    ck_assert_uint_eq(passed(rig, A, 1000, 2), 1); /* the second is too much for the address */
    rig_step(rig, AMTG_MS);
    ck_assert_uint_eq(passed(rig, A, 1000, 1), 1); /* and this the second of the endpoint */
    rig_step(rig, AMTG_MS);
    ck_assert_uint_eq(passed(rig, A, 1000, 1), 0);
    ck_assert_uint_eq(rig_drops(rig, "endpoint-rate"), 1);
    rig_free(rig);
}
END_TEST

START_TEST(all_together_have_a_limit_when_it_is_set)
{
    struct rig *rig = rig_new(_i, "it: {class: rate-limit, total-rate: 10, total-burst: 3}");
    unsigned through = 0;

    for (unsigned i = 0; i < 5; i++)
        through += passed(rig, A + i, 1000, 1);
    ck_assert_uint_eq(through, 3);
    ck_assert_uint_eq(rig_drops(rig, "total-rate"), 2);
    rig_free(rig);
}
END_TEST

START_TEST(rate_0_is_no_limit)
{
    struct rig *rig = rig_new(_i, "it: {class: rate-limit, endpoint-rate: 0, address-rate: 0,\n"
                                  "     endpoint-burst: 1, address-burst: 1}");

    ck_assert_uint_eq(passed(rig, A, 1000, 500), 500);
    rig_free(rig);
}
END_TEST

START_TEST(the_defaults_let_500_gateways_behind_one_address_ask_twice_a_second)
{
    struct rig *rig = rig_new(_i, "it: {class: rate-limit}");
    unsigned through = 0;

    for (unsigned second = 0; second < 10; second++) {
        for (unsigned port = 1; port <= 500; port++)
            through += passed(rig, A, (uint16_t)port, 2);
        rig_step(rig, AMTG_S);
    }
    ck_assert_uint_eq(through, 10 * 500 * 2);
    rig_free(rig);
}
END_TEST

START_TEST(a_flood_of_other_addresses_locks_nobody_out)
{
    struct rig *rig = rig_new(_i, "it: {class: rate-limit, endpoint-rate: 2, endpoint-burst: 2,\n"
                                  "     entries: 64}");
    unsigned through = 0;

    for (unsigned second = 0; second < 5; second++) {
        for (uint32_t i = 0; i < 2000; i++)
            rig_push(rig, "in", from(rig, 0x0a000000u + second * 2000 + i, 1000));
        rig_ignore(rig, "out");
        through += passed(rig, A, 1000, 2);
        rig_step(rig, AMTG_S);
    }
    ck_assert_uint_eq(through, 5 * 2);
    ck_assert_uint_gt(rig_counter(rig, "forgotten"), 0);
    rig_free(rig);
}
END_TEST

START_TEST(who_has_used_most_is_forgotten_last)
{
    struct rig *rig = rig_new(_i, "it: {class: rate-limit, endpoint-rate: 1, endpoint-burst: 10,\n"
                                  "     entries: 8}"); /* one set of places */

    ck_assert_uint_eq(passed(rig, A, 1000, 20), 10);
    for (uint32_t i = 0; i < 1000; i++)
        rig_push(rig, "in", from(rig, 0x0a000000u + i, 1000));
    rig_ignore(rig, "out");
    ck_assert_uint_eq(passed(rig, A, 1000, 20), 0);
    rig_free(rig);
}
END_TEST

START_TEST(the_packets_keep_their_order_and_type)
{
    struct rig *rig = rig_new(_i, "it: {class: rate-limit}");

    for (unsigned i = 0; i < 3; i++) {
        struct amtg_packet *p = from(rig, A, 1000);
        p->data[7] = (uint8_t)i;
        rig_push(rig, "in", p);
    }
    rig_expect_hex(rig, "out", "0300000000000000");
    rig_expect_hex(rig, "out", "0300000000000001");
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_ptr_eq(p->type, AMTG_AMT_REQUEST);
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

START_TEST(a_limit_is_set_while_it_runs)
{
    struct rig *rig = rig_new(_i, "it: {class: rate-limit, endpoint-rate: 2, endpoint-burst: 5}");
    static const char *const args[] = {"endpoint", "burst=2", "rate=1"};
    char why[256];

    ck_assert_int_eq(amtg_ask_call(rig_element(rig, "it"), "set", args, 3, why, sizeof why), AMTG_OK);
    ck_assert_uint_eq(passed(rig, A, 1000, 8), 2);
    rig_step(rig, AMTG_S);
    ck_assert_uint_eq(passed(rig, A, 1000, 8), 1);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("rate-limit", a_limit_is_set_while_it_runs, an_endpoint_has_its_burst_and_then_its_rate,
               endpoints_that_share_places_are_told_apart,
               an_address_has_its_limit_over_all_ports,
               a_noisy_endpoint_does_not_use_up_its_address,
               what_one_limit_refuses_costs_the_others_nothing,
               all_together_have_a_limit_when_it_is_set, rate_0_is_no_limit,
               the_defaults_let_500_gateways_behind_one_address_ask_twice_a_second,
               a_flood_of_other_addresses_locks_nobody_out, who_has_used_most_is_forgotten_last,
               the_packets_keep_their_order_and_type)
