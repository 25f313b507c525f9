/* generator: layout of the packets, and when they come. */
#include <stdio.h>
#include <string.h>

#include "core/ask.h"
#include "core/cursor.h"
#include "elements/registry.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"
#include "tests/support/rig.h"

#define FOUR "it: {class: generator, source: 192.0.2.1, group: 232.1.1.1"
#define SIX "it: {class: generator, source: \"2001:db8::1\", group: \"ff3e::8000:1\""

static uint64_t u64(const uint8_t *o)
{
    return (uint64_t)amtg_get_u32(o) << 32 | amtg_get_u32(o + 4);
}

/* Take one; check all of it but the time stamp, which is returned. */
static uint64_t expect_number(struct rig *rig, uint64_t number, uint32_t size)
{
    struct amtg_packet *p = rig_take(rig, "out");
    struct amtg_ip ip;
    struct amtg_udp udp;

    ck_assert_int_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND);
    ck_assert_uint_eq(ip.total, p->len);
    ck_assert_uint_eq(ip.transport, p->transport);
    ck_assert_uint_eq(ip.protocol, p->protocol);
    ck_assert_int_eq(amtg_udp_parse(p->data, &ip, false, &udp), AMTG_UDP_SOUND);
    ck_assert(!udp.no_checksum);
    ck_assert_uint_eq(udp.payload_octets, size);
    const uint8_t *payload = p->data + udp.payload;
    ck_assert_mem_eq(payload, "AMTGtest", 8);
    ck_assert_uint_eq(u64(payload + 8), number);
    for (uint32_t i = 24; i < size; i++)
        if (payload[i] != (i & 0xff))
            ck_abort_msg("octet %u of the payload is %02x", i, payload[i]);
    uint64_t time_ns = u64(payload + 16);
    amtg_packet_free(p);
    return time_ns;
}

static void expect_heads(struct rig *rig, const struct amtg_type *type, const char *source,
                         const char *group)
{
    struct amtg_packet *p = rig_take(rig, "out");
    struct amtg_addr from = amtg_ip_source(p), to = amtg_ip_destination(p);
    char text[AMTG_ADDR_TEXT];

    ck_assert_ptr_eq(p->type, type);
    ck_assert_uint_eq(amtg_ip_hops(p), 7);
    ck_assert_uint_eq(amtg_get_u16(p->data + p->transport), 4001);
    ck_assert_uint_eq(amtg_get_u16(p->data + p->transport + 2), 4000);
    ck_assert_str_eq(amtg_addr_text(&from, text), source);
    ck_assert_str_eq(amtg_addr_text(&to, text), group);
    amtg_packet_free(p);
}

#define SHAPE ", rate: 10, count: 3, size: 300, ttl: 7, port: 4000, source-port: 4001}"

START_TEST(ip4_packets_are_sound_numbered_and_stamped)
{
    struct rig *rig = rig_new(_i, FOUR SHAPE);

    rig_step(rig, AMTG_S);
    expect_heads(rig, AMTG_IP4, "192.0.2.1", "232.1.1.1");
    ck_assert_uint_eq(expect_number(rig, 1, 300), 100 * AMTG_MS);
    ck_assert_uint_eq(expect_number(rig, 2, 300), 200 * AMTG_MS);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(ip6_packets_are_sound_numbered_and_stamped)
{
    struct rig *rig = rig_new(_i, SIX SHAPE);

    rig_step(rig, AMTG_S);
    expect_heads(rig, AMTG_IP6, "2001:db8::1", "ff3e::8000:1");
    ck_assert_uint_eq(expect_number(rig, 1, 300), 100 * AMTG_MS);
    ck_assert_uint_eq(expect_number(rig, 2, 300), 200 * AMTG_MS);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(the_rate_does_not_drift)
{
    struct rig *rig = rig_new(_i, FOUR ", rate: 3}"); /* a third of a second is no whole ns */
    uint64_t last = 0;

    rig_step(rig, 1000 * AMTG_S);
    ck_assert_uint_eq(rig_count(rig, "out"), 3001);
    for (unsigned i = 0; i <= 3000; i++)
        last = expect_number(rig, i, 188);
    ck_assert_uint_eq(last, 1000 * AMTG_S);
    rig_free(rig);
}
END_TEST

START_TEST(bursts_come_at_once_at_the_same_rate)
{
    struct rig *rig = rig_new(_i, FOUR ", rate: 100, burst: 10}");

    rig_step(rig, 99 * AMTG_MS);
    ck_assert_uint_eq(rig_count(rig, "out"), 10);
    rig_step(rig, AMTG_MS);
    ck_assert_uint_eq(rig_count(rig, "out"), 20);
    rig_step(rig, 900 * AMTG_MS);
    ck_assert_uint_eq(rig_count(rig, "out"), 110);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(bursts_larger_than_a_batch_are_whole)
{
    struct rig *rig = rig_new(_i, FOUR ", rate: 1, burst: 1000, count: 1000}");

    rig_step(rig, 0);
    for (unsigned i = 0; i < 1000; i++)
        ck_assert_uint_eq(expect_number(rig, i, 188), 0);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(the_first_comes_after_a_while_when_asked)
{
    struct rig *rig = rig_new(_i, FOUR ", rate: 10, after: 300ms}");

    rig_step(rig, 300 * AMTG_MS - 1);
    rig_expect_nothing(rig, "out");
    rig_step(rig, 1);
    ck_assert_uint_eq(expect_number(rig, 0, 188), 300 * AMTG_MS);
    rig_step(rig, 100 * AMTG_MS);
    ck_assert_uint_eq(expect_number(rig, 1, 188), 400 * AMTG_MS);
    rig_free(rig);
}
END_TEST

START_TEST(the_run_lasts_until_the_count_is_reached)
{
    struct rig *rig = rig_new(_i, FOUR ", rate: 10, count: 5}");
    char why[256];

    ck_assert_int_eq(amtg_runtime_run(rig_runtime(rig), UINT64_MAX, why, sizeof why), AMTG_OK);
    ck_assert_uint_eq(amtg_loop_now_ns(amtg_runtime_loop(rig_runtime(rig))), 400 * AMTG_MS);
    ck_assert_uint_eq(rig_count(rig, "out"), 5);
    ck_assert_uint_eq(rig_counter(rig, "sent"), 5);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(a_dry_pool_delays_but_leaves_nothing_out)
{
    enum { COUNT = 1000 };
    struct rig *rig = rig_new(_i, FOUR ", rate: 1000000, size: 3000, count: 1000}");
    unsigned sent = 0;

    /* The recorder keeps them all, and large buffers are few, so the pool runs dry. */
    rig_step(rig, AMTG_S);
    ck_assert_uint_lt(rig_count(rig, "out"), COUNT / 2);
    for (unsigned round = 0; round < COUNT && sent < COUNT; round++) {
        while (rig_count(rig, "out"))
            expect_number(rig, sent++, 3000);
        rig_step(rig, AMTG_S);
    }
    ck_assert_uint_eq(sent, COUNT);
    rig_free(rig);
}
END_TEST

START_TEST(the_largest_payload_fits)
{
    struct rig *rig = rig_new(_i, FOUR ", count: 1, size: 65507}");

    rig_step(rig, 0);
    expect_number(rig, 0, 65507);
    rig_free(rig);
}
END_TEST

static void expect_refused(const char *element)
{
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    struct amtg_diag *diag = amtg_diag_new();
    char text[512];

    snprintf(text, sizeof text, "amtgraph: 1\nname: x\nelements:\n  it: %s\n", element);
    ck_assert_ptr_null(amtg_graph_parse("x", text, strlen(text), &options, diag));
    ck_assert_uint_eq(amtg_diag_problems(diag), 1);
    amtg_diag_free(diag);
}

START_TEST(addresses_that_cannot_be_are_problems_of_the_graph)
{
    expect_refused("{class: generator, source: 192.0.2.1, group: 192.0.2.2}");
    expect_refused("{class: generator, source: 192.0.2.1, group: \"ff3e::1\"}");
    expect_refused("{class: generator, source: 232.0.0.1, group: 232.0.0.1}");
}
END_TEST

START_TEST(the_rate_is_set_while_it_runs)
{
    struct rig *rig = rig_new(_i, FOUR ", rate: 10, burst: 2}");
    static const char *const args[] = {"100"};
    char why[256];

    rig_step(rig, AMTG_S - 1);
    ck_assert_uint_eq(rig_count(rig, "out"), 10);
    rig_ignore(rig, "out");
    ck_assert_int_eq(amtg_ask_call(rig_element(rig, "it"), "rate", args, 1, why, sizeof why), AMTG_OK);
    rig_step(rig, AMTG_S - 1);
    ck_assert_uint_eq(rig_count(rig, "out"), 100);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("flow/generator", ip4_packets_are_sound_numbered_and_stamped,
               ip6_packets_are_sound_numbered_and_stamped, the_rate_does_not_drift,
               bursts_come_at_once_at_the_same_rate, bursts_larger_than_a_batch_are_whole,
               the_first_comes_after_a_while_when_asked,
               the_run_lasts_until_the_count_is_reached, a_dry_pool_delays_but_leaves_nothing_out,
               the_largest_payload_fits, addresses_that_cannot_be_are_problems_of_the_graph,
               the_rate_is_set_while_it_runs)
