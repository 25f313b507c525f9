/*
 * nat: RFC 4787, by its requirements REQ-1, REQ-5, REQ-6, REQ-8 and REQ-10; ICMP errors as
 * in RFC 5508, REQ-3 and REQ-4.
 */
#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/icmp.h"
#include "tests/support/refused.h"
#include "tests/support/udp_packet.h"

#define OUTER "203.0.113.7"
#define INNER "10.0.0.5"
#define RELAY "192.0.2.1"

static void say(struct rig *rig, const char *input, const char *from, uint16_t from_port,
                const char *to, uint16_t to_port)
{
    rig_push(rig, input, udp_packet(rig, from, from_port, to, to_port, 64));
}

/* Sends from inside and returns the port outside that it was given. */
static uint16_t port_of(struct rig *rig, const char *from, uint16_t from_port, const char *to,
                        uint16_t to_port)
{
    char address[32], rest[64], expected[64];
    unsigned port;

    say(rig, "inside", from, from_port, to, to_port);
    const char *said = udp_said(rig, "outside");
    ck_assert_int_eq(sscanf(said, "%31[0-9.]:%u > %63[^h]", address, &port, rest), 3);
    snprintf(expected, sizeof expected, "%s:%u ", to, to_port);
    ck_assert_str_eq(rest, expected);
    ck_assert_str_eq(address, OUTER);
    ck_assert_uint_ge(port, 1024);
    return (uint16_t)port;
}

START_TEST(what_goes_out_comes_from_the_address_outside_and_answers_find_back)
{
    struct rig *rig = rig_new(_i, "it: {class: nat, address: " OUTER "}");
    uint16_t port = port_of(rig, INNER, 5000, RELAY, 2268);

    say(rig, "outside", RELAY, 2268, OUTER, port);
    ck_assert_str_eq(udp_said(rig, "inside"), RELAY ":2268 > " INNER ":5000 hops 64");
    ck_assert_uint_eq(rig_counter(rig, "mappings"), 1);
    rig_free(rig);
}
END_TEST

/* REQ-1: one mapping whoever is sent to; others have others. */
START_TEST(a_mapping_belongs_to_the_end_inside)
{
    struct rig *rig = rig_new(_i, "it: {class: nat, address: " OUTER "}");
    uint16_t port = port_of(rig, INNER, 5000, RELAY, 2268);

    ck_assert_uint_eq(port_of(rig, INNER, 5000, RELAY, 2269), port);
    ck_assert_uint_eq(port_of(rig, INNER, 5000, "198.51.100.9", 53), port);
    ck_assert_uint_ne(port_of(rig, INNER, 5001, RELAY, 2268), port);
    ck_assert_uint_ne(port_of(rig, "10.0.0.6", 5000, RELAY, 2268), port);
    ck_assert_uint_eq(rig_counter(rig, "made"), 3);
    rig_free(rig);
}
END_TEST

/* REQ-8 */
START_TEST(who_may_send_in_is_as_the_filter_says)
{
    static const struct {
        const char *filter;
        unsigned same, other_port, stranger;
    } rows[] = {{"none", 1, 1, 1}, {"address", 1, 1, 0}, {"address-port", 1, 0, 0}};

    for (unsigned i = 0; i < 3; i++) {
        char text[128];
        snprintf(text, sizeof text, "it: {class: nat, address: " OUTER ", filter: %s}",
                 rows[i].filter);
        struct rig *rig = rig_new(_i, text);
        uint16_t port = port_of(rig, INNER, 5000, RELAY, 2268);
        unsigned passed = 0;
        say(rig, "outside", RELAY, 2268, OUTER, port);
        ck_assert_uint_eq(rig_count(rig, "inside"), passed += rows[i].same);
        say(rig, "outside", RELAY, 99, OUTER, port);
        ck_assert_uint_eq(rig_count(rig, "inside"), passed += rows[i].other_port);
        say(rig, "outside", "198.51.100.9", 2268, OUTER, port);
        ck_assert_uint_eq(rig_count(rig, "inside"), passed += rows[i].stranger);
        ck_assert_uint_eq(rig_drops(rig, "filtered"), 3 - passed);
        rig_ignore(rig, "inside");
        rig_free(rig);
    }
}
END_TEST

START_TEST(the_last_eight_are_remembered)
{
    struct rig *rig = rig_new(_i, "it: {class: nat, address: " OUTER "}");
    uint16_t port = 0;

    for (uint16_t i = 1; i <= 9; i++)
        port = port_of(rig, INNER, 5000, RELAY, i);
    say(rig, "outside", RELAY, 1, OUTER, port);
    ck_assert_uint_eq(rig_drops(rig, "filtered"), 1);
    for (uint16_t i = 2; i <= 9; i++)
        say(rig, "outside", RELAY, i, OUTER, port);
    ck_assert_uint_eq(rig_count(rig, "inside"), 8);
    rig_ignore(rig, "inside");
    rig_free(rig);
}
END_TEST

/* REQ-5, REQ-6: going out keeps a mapping, coming in does not. */
START_TEST(a_mapping_ends_when_nothing_goes_out)
{
    struct rig *rig = rig_new(_i, "it: {class: nat, address: " OUTER ", timeout: 5m}");
    uint16_t port = port_of(rig, INNER, 5000, RELAY, 2268);

    port_of(rig, "10.0.0.6", 1, RELAY, 2268);
    rig_step(rig, 299 * AMTG_S);
    ck_assert_uint_eq(port_of(rig, INNER, 5000, RELAY, 2268), port);
    say(rig, "outside", RELAY, 2268, OUTER, port);
    rig_step(rig, AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "mappings"), 1); /* the other one has gone */
    rig_step(rig, 298 * AMTG_S);
    say(rig, "outside", RELAY, 2268, OUTER, port);
    ck_assert_uint_eq(rig_count(rig, "inside"), 2);
    rig_step(rig, AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "mappings"), 0);
    say(rig, "outside", RELAY, 2268, OUTER, port);
    ck_assert_uint_eq(rig_drops(rig, "no-mapping"), 1);
    ck_assert_uint_eq(rig_counter(rig, "expired"), 2);
    rig_ignore(rig, "inside");
    rig_free(rig);
}
END_TEST

START_TEST(the_table_is_bounded)
{
    struct rig *rig = rig_new(_i, "it: {class: nat, address: " OUTER ", mappings: 2}");
    uint16_t port = port_of(rig, INNER, 1, RELAY, 2268);

    port_of(rig, INNER, 2, RELAY, 2268);
    say(rig, "inside", INNER, 3, RELAY, 2268);
    ck_assert_uint_eq(rig_drops(rig, "full"), 1);
    ck_assert_uint_eq(port_of(rig, INNER, 1, RELAY, 2268), port);
    rig_free(rig);
}
END_TEST

START_TEST(after_a_rebind_all_is_new_and_perhaps_the_address)
{
    struct rig *rig =
        rig_new(_i, "it: {class: nat, address: [" OUTER ", 203.0.113.8], timeout: 24h, "
                    "rebind: 1h, until: 10h}");
    uint16_t port = port_of(rig, INNER, 5000, RELAY, 2268);
    unsigned steps = 0;

    while (rig_counter(rig, "rebinds") == 0) {
        rig_step(rig, 60 * AMTG_S);
        ck_assert_uint_le(++steps, 120); /* twice the mean at most */
    }
    ck_assert_uint_eq(rig_counter(rig, "mappings"), 0);
    say(rig, "outside", RELAY, 2268, OUTER, port);
    ck_assert_uint_eq(rig_drops(rig, "other-address"), 1);
    say(rig, "inside", INNER, 5000, RELAY, 2268);
    const char *said = udp_said(rig, "outside");
    ck_assert_msg(strncmp(said, "203.0.113.8:", 12) == 0, "%s", said);
    rig_step(rig, 10 * 3600 * AMTG_S);
    uint64_t rebinds = rig_counter(rig, "rebinds");
    ck_assert_uint_ge(rebinds, 4);
    rig_step(rig, 24 * 3600 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "rebinds"), rebinds);
    rig_free(rig);
}
END_TEST

START_TEST(a_missing_checksum_stays_missing_and_a_wrong_one_wrong)
{
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        struct rig *rig = rig_new(_i, "it: {class: nat, address: " OUTER "}");
        struct amtg_packet *p = udp_packet(rig, INNER, 5000, RELAY, 2268, 64);
        amtg_put_u16(p->data + 26, wrong ? (uint16_t)(amtg_get_u16(p->data + 26) ^ 1) : 0);
        rig_push(rig, "inside", p);
        p = rig_take(rig, "outside");
        struct amtg_ip ip;
        struct amtg_udp udp;
        ck_assert_int_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND);
        enum amtg_udp_fault fault = amtg_udp_parse(p->data, &ip, false, &udp);
        ck_assert_int_eq(fault, wrong ? AMTG_UDP_CHECKSUM : AMTG_UDP_SOUND);
        ck_assert(wrong || udp.no_checksum);
        amtg_packet_free(p);
        rig_free(rig);
    }
}
END_TEST

/*
 * RFC 768: a sum that comes out as 0 is sent as 0xffff, since 0 says that there is none.
 * Of all values of one word of the payload, there is one for which it does.
 */
START_TEST(an_adjusted_checksum_never_says_that_there_is_none)
{
    struct rig *rig = NULL;

    for (unsigned word = 0; word < 65536; word++) {
        if (word % 1024 == 0) { /* the rig keeps shared buffers to its end */
            if (rig)
                rig_free(rig);
            rig = rig_new(_i, "it: {class: nat, address: " OUTER "}");
        }
        struct amtg_packet *p = udp_packet(rig, INNER, 5000, RELAY, 2268, 64);
        uint8_t *payload = p->data + 28, *checksum = p->data + 26;
        uint16_t before = amtg_get_u16(payload);
        uint16_t adjusted = amtg_checksum_replace(amtg_get_u16(checksum), before, (uint16_t)word);
        amtg_put_u16(payload, (uint16_t)word);
        amtg_put_u16(checksum, adjusted ? adjusted : 0xffff);
        rig_push(rig, "inside", p);
        udp_said(rig, "outside"); /* has a checksum, and the right one */
    }
    rig_free(rig);
}
END_TEST

START_TEST(other_packets_are_not_translated)
{
    struct rig *rig = rig_new(_i, "it: {class: nat, address: " OUTER "}");
    struct amtg_packet *p = udp_packet(rig, INNER, 5000, RELAY, 2268, 64);
    p->data[9] = 6; /* TCP */
    rig_push(rig, "inside", p);
    ck_assert_uint_eq(rig_drops(rig, "not-udp"), 1);
    p = udp_packet(rig, INNER, 5000, RELAY, 2268, 64);
    p->data[6] = 0x20; /* more fragments follow */
    rig_push(rig, "inside", p);
    ck_assert_uint_eq(rig_drops(rig, "fragment"), 1);
    say(rig, "outside", RELAY, 2268, "203.0.113.6", 5000);
    ck_assert_uint_eq(rig_drops(rig, "other-address"), 1);

    say(rig, "inside", "2001:db8::5", 5000, "2001:db8::1", 2268);
    ck_assert_str_eq(udp_said(rig, "outside"), "2001:db8::5:5000 > 2001:db8::1:2268 hops 64");
    say(rig, "outside", "2001:db8::1", 2268, "2001:db8::5", 5000);
    ck_assert_str_eq(udp_said(rig, "inside"), "2001:db8::1:2268 > 2001:db8::5:5000 hops 64");
    ck_assert_uint_eq(rig_counter(rig, "ip6"), 2);
    rig_free(rig);
}
END_TEST

/* A port unreachable of `from`, about the datagram from our address and port to it. */
static struct amtg_packet *unreachable_at(struct rig *rig, const char *ours, uint16_t our_port,
                                          const char *from)
{
    struct amtg_packet *quoted = udp_packet(rig, ours, our_port, from, 2268, 60);
    uint8_t octets[128] = {0}, *icmp = octets + 20;
    struct amtg_ip_head head = {.payload = 8 + 28, .protocol = IPPROTO_ICMP, .hops = 64};

    amtg_addr_parse(from, &head.src);
    amtg_addr_parse(ours, &head.dst);
    amtg_ip_build(&head, octets);
    icmp[0] = icmp[1] = 3; /* destination unreachable, port */
    memcpy(icmp + 8, quoted->data, 28);
    amtg_put_u16(icmp + 2, amtg_checksum(amtg_sum(0, icmp, 8 + 28)));
    amtg_packet_free(quoted);
    struct amtg_packet *p = rig_packet(rig, AMTG_IP, octets, 20 + 8 + 28);
    p->transport = 20;
    p->protocol = IPPROTO_ICMP;
    return p;
}

static struct amtg_packet *unreachable(struct rig *rig, uint16_t our_port, const char *from)
{
    return unreachable_at(rig, OUTER, our_port, from);
}

/* RFC 5508, REQ-3 and REQ-4 */
START_TEST(icmp_errors_go_to_whoever_sent_it)
{
    struct rig *rig = rig_new(_i, "it: {class: nat, address: " OUTER "}");
    uint16_t port = port_of(rig, INNER, 5000, RELAY, 2268);
    struct amtg_icmp_error error;
    char text[AMTG_ADDR_TEXT];

    rig_push(rig, "outside", unreachable(rig, port, RELAY));
    struct amtg_packet *p = rig_take(rig, "inside");
    ck_assert(amtg_icmp_error_parse(p->data, p->len, &error)); /* all checksums are right */
    ck_assert_str_eq(amtg_addr_text(&error.peer.local, text), INNER);
    ck_assert_uint_eq(error.peer.local_port, 5000);
    ck_assert_str_eq(amtg_addr_text(&error.peer.remote, text), RELAY);
    ck_assert_uint_eq(amtg_sum_fold(amtg_sum(0, p->data + 28, 20)), 0xffff); /* the quoted header's */
    amtg_packet_free(p);
    ck_assert_uint_eq(rig_counter(rig, "errors"), 1);

    rig_push(rig, "outside", unreachable(rig, (uint16_t)(port + 1), RELAY));
    ck_assert_uint_eq(rig_drops(rig, "no-mapping"), 1);
    rig_push(rig, "outside", unreachable_at(rig, "203.0.113.6", port, RELAY)); /* not our address */
    ck_assert_uint_eq(rig_drops(rig, "no-mapping"), 2);
    p = unreachable(rig, port, RELAY);
    p->data[22] ^= 1; /* its checksum */
    rig_push(rig, "outside", p);
    rig_push(rig, "inside", unreachable(rig, port, RELAY));
    ck_assert_uint_eq(rig_drops(rig, "not-udp"), 2);
    rig_free(rig);
}
END_TEST

START_TEST(a_nat_without_an_address_is_refused)
{
    expect_refused("it: {class: nat, address: none}", "there is none");
    expect_refused("it: {class: nat, address: \"2001:db8::1\"}", "it.address");
}
END_TEST

AMTG_RIG_SUITE("nat", what_goes_out_comes_from_the_address_outside_and_answers_find_back,
               a_mapping_belongs_to_the_end_inside, who_may_send_in_is_as_the_filter_says,
               the_last_eight_are_remembered, a_mapping_ends_when_nothing_goes_out,
               the_table_is_bounded, after_a_rebind_all_is_new_and_perhaps_the_address,
               a_missing_checksum_stays_missing_and_a_wrong_one_wrong,
               an_adjusted_checksum_never_says_that_there_is_none,
               other_packets_are_not_translated, icmp_errors_go_to_whoever_sent_it,
               a_nat_without_an_address_is_refused)
