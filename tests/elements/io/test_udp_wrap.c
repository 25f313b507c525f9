/*
 * udp-wrap and udp-unwrap: datagrams to IP packets and back.
 * Covers: E-1, E-3, E-4, E-6, M-1, M-3, M-10, M-17, M-20, M-23, R-69, E-19.
 */
#include "core/cursor.h"
#include "elements/io/route.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"
#include "tests/elements/wire/hex.h"
#include "tests/support/refused.h"
#include "tests/support/rig.h"
#include "tests/support/udp_packet.h"

/* A set of n IPv4 endpoints, ports from 1000 on; the endpoints in `out` are the caller's. */
static struct amtg_set *set_of(unsigned n, struct amtg_endpoint **out)
{
    struct amtg_set *set = amtg_set_new(n);
    for (unsigned i = 0; i < n; i++) {
        struct amtg_peer peer = {.remote_port = (uint16_t)(1000 + i), .local_port = 2268};
        amtg_addr_parse("203.0.113.7", &peer.remote);
        amtg_addr_parse("192.0.2.1", &peer.local);
        out[i] = amtg_endpoint_new(&peer);
        ck_assert(amtg_set_add(&set, out[i]));
    }
    return set;
}

static void push_set(struct rig *rig, struct amtg_set *set)
{
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_DATA, HEX_DATA);
    amtg_packet_to_set(p, set);
    rig_push(rig, "in", p);
}

static void push_one(struct rig *rig, const char *remote, const char *local, const char *octets)
{
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_DATAGRAM, octets);
    rig_from(p, remote, 51000, local, 2268);
    amtg_packet_to_peer(p, &p->peer);
    rig_push(rig, "in", p);
}

/* Covers: M-1, M-3, M-6, M-10, M-17, M-20, M-23, R-69. */
START_TEST(a_reply_becomes_one_ip_packet)
{
    struct rig *rig = rig_new(_i, "it: {class: udp-wrap}");
    push_one(rig, "203.0.113.7", "192.0.2.1", HEX_REQUEST4);
    rig_expect_nothing(rig, "out"); /* never from inside its push */
    rig_step(rig, 0);
    struct amtg_packet *p = rig_take(rig, "out");
    struct amtg_ip ip;
    struct amtg_udp udp;
    ck_assert_ptr_eq(p->type, AMTG_IP);
    ck_assert_uint_eq(p->transport, 20);
    ck_assert_uint_eq(p->protocol, 17);
    ck_assert(!(p->flags & AMTG_ADDRESSED_ONE));
    ck_assert_int_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND);
    ck_assert_uint_eq(ip.total, p->len);
    ck_assert_uint_eq(ip.hops, 64);
    ck_assert_uint_eq(ip.tos, 0);
    ck_assert(ip.dont_fragment);
    ck_assert_int_eq(amtg_udp_parse(p->data, &ip, false, &udp), AMTG_UDP_SOUND);
    ck_assert(!udp.no_checksum);
    ck_assert_uint_eq(udp.peer.remote_port, 2268);
    ck_assert_uint_eq(udp.peer.local_port, 51000);
    ck_assert_uint_eq(udp.payload_octets, 8);
    amtg_packet_free(p);

    push_one(rig, "2001:db8:1::7", "2001:db8::1", HEX_REQUEST6);
    rig_step(rig, 0);
    p = rig_take(rig, "out");
    ck_assert_uint_eq(p->transport, 40);
    ck_assert_int_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND);
    ck_assert_int_eq(amtg_udp_parse(p->data, &ip, false, &udp), AMTG_UDP_SOUND);
    amtg_packet_free(p);
    ck_assert_uint_eq(rig_counter(rig, "copies"), 2);
    rig_free(rig);
}
END_TEST

START_TEST(header_fields_follow_the_parameters)
{
    struct rig *rig = rig_new(
        _i, "it: {class: udp-wrap, hop-limit: 9, dscp: 48, dont-fragment: false}");
    struct amtg_ip ip;
    uint16_t ids[2];
    for (unsigned i = 0; i < 2; i++) {
        push_one(rig, "203.0.113.7", "192.0.2.1", HEX_REQUEST4);
        rig_step(rig, 0);
        struct amtg_packet *p = rig_take(rig, "out");
        ck_assert_int_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND);
        ck_assert_uint_eq(ip.hops, 9);
        ck_assert_uint_eq(ip.tos, 0xc0);
        ck_assert(!ip.dont_fragment);
        ids[i] = amtg_get_u16(p->data + 4);
        amtg_packet_free(p);
    }
    ck_assert_uint_eq((uint16_t)(ids[0] + 1), ids[1]); /* else parts of two could be mixed up */
    rig_free(rig);
}
END_TEST

/* RFC 6040, section 4.3: the ECN field goes to those that are known to heed it only. */
START_TEST(ecn_goes_to_those_that_heed_it)
{
    struct rig *rig = rig_new(_i, "it: {class: udp-wrap, dscp: 48}");
    struct amtg_endpoint *endpoints[2];
    struct amtg_set *set = set_of(2, endpoints);
    struct amtg_ip ip;

    endpoints[1]->peer.ecn = true;
    for (unsigned ecn = 0; ecn < 4; ecn++) {
        struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_DATA, HEX_DATA);
        amtg_packet_to_set(p, set);
        amtg_packet_set_tos(p, (uint8_t)(0xb8 | ecn));
        rig_push(rig, "in", p);
        rig_step(rig, 0);
        for (unsigned i = 0; i < 2; i++) {
            p = rig_take(rig, "out");
            ck_assert_int_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND);
            ck_assert_uint_eq(ip.tos, 0xb8 | (i ? ecn : 0));
            ck_assert_uint_eq(p->flags & AMTG_HAS_TOS, 0);
            amtg_packet_free(p);
        }
    }
    for (unsigned i = 0; i < 2; i++)
        amtg_endpoint_free(endpoints[i]);
    amtg_set_free(set);

    /* Who is answered is told nothing of what brought the question. */
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_DATAGRAM, HEX_REQUEST4);
    rig_from(p, "203.0.113.7", 51000, "192.0.2.1", 2268);
    p->peer.ecn = true;
    amtg_packet_set_tos(p, 0x03);
    amtg_packet_to_peer(p, &p->peer);
    rig_push(rig, "in", p);
    rig_step(rig, 0);
    p = rig_take(rig, "out");
    ck_assert_uint_eq(p->data[1], 0xc0);
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

START_TEST(unwrapped_datagrams_have_the_tos_that_they_came_with)
{
    struct rig *rig = rig_new(_i, "wrap: {class: udp-wrap}\nit: {class: udp-unwrap}");

    for (unsigned family = 4; family <= 6; family += 2) {
        const struct amtg_udp_options options = {.hops = 1, .tos = 0x8b};
        struct amtg_peer peer = {.remote_port = 1, .local_port = 2};
        uint8_t octets[64];
        amtg_addr_parse(family == 4 ? "192.0.2.1" : "2001:db8::1", &peer.remote);
        amtg_addr_parse(family == 4 ? "192.0.2.2" : "2001:db8::2", &peer.local);
        uint32_t len = amtg_udp_build(&peer, &options, NULL, 0, octets);
        rig_push(rig, "in", rig_packet(rig, AMTG_IP, octets, len));
        struct amtg_packet *p = rig_take(rig, "out");
        ck_assert(p->flags & AMTG_HAS_TOS);
        ck_assert_uint_eq(p->tos, 0x8b);
        amtg_packet_free(p);
    }
    rig_free(rig);
}
END_TEST

START_TEST(a_set_becomes_one_packet_for_each_live_endpoint)
{
    struct rig *rig = rig_new(_i, "it: {class: udp-wrap}");
    struct amtg_endpoint *endpoints[5];
    struct amtg_set *set = set_of(5, endpoints);
    push_set(rig, set);
    push_set(rig, set);
    endpoints[2]->dead = true; /* leaves while the packets wait */
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_count(rig, "out"), 8);
    static const uint16_t ports[] = {1000, 1001, 1003, 1004, 1000, 1001, 1003, 1004};
    for (unsigned i = 0; i < 8; i++) {
        struct amtg_packet *p = rig_take(rig, "out");
        struct amtg_ip ip;
        struct amtg_udp udp;
        uint8_t data[64];
        uint32_t len = hex(HEX_DATA, data);
        ck_assert_int_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND);
        ck_assert_int_eq(amtg_udp_parse(p->data, &ip, false, &udp), AMTG_UDP_SOUND);
        ck_assert_uint_eq(udp.peer.local_port, ports[i]);
        ck_assert_uint_eq(udp.payload_octets, len);
        ck_assert_mem_eq(p->data + udp.payload, data, len);
        ck_assert_ptr_null(p->to);
        amtg_packet_free(p);
    }
    amtg_set_free(set);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_uint_eq(endpoints[i]->copies, i == 2 ? 0 : 2);
        amtg_endpoint_free(endpoints[i]);
    }
    rig_free(rig);
}
END_TEST

START_TEST(packets_leave_in_the_order_in_which_they_came)
{
    enum { MANY = 250 };
    struct rig *rig = rig_new(_i, "it: {class: udp-wrap, burst: 100}");
    struct amtg_endpoint *endpoints[MANY];
    struct amtg_set *set = set_of(MANY, endpoints);
    push_set(rig, set);
    push_one(rig, "203.0.113.8", "192.0.2.1", HEX_REQUEST4);
    ck_assert_uint_eq(rig_counter(rig, "length"), 2);
    for (unsigned i = 0; i < 10; i++)
        rig_step(rig, 0);
    ck_assert_uint_eq(rig_count(rig, "out"), MANY + 1);
    for (unsigned i = 0; i < MANY + 1; i++) {
        struct amtg_packet *p = rig_take(rig, "out");
        ck_assert_uint_eq(amtg_get_u16(p->data + 22), i < MANY ? 1000 + i : 51000);
        amtg_packet_free(p);
    }
    ck_assert_uint_eq(rig_counter(rig, "length"), 0);
    amtg_set_free(set);
    for (unsigned i = 0; i < MANY; i++)
        amtg_endpoint_free(endpoints[i]);
    rig_free(rig);
}
END_TEST

/* Another task of the same loop: it must get its turn between the bursts. */
static struct rig *watched;
static uint64_t seen[8];
static unsigned seen_count;

static void look(struct amtg_element *e, struct amtg_task *t)
{
    seen[seen_count++] = rig_counter(watched, "copies");
    if (seen_count < 8)
        amtg_loop_task_post(e->loop, t);
}

START_TEST(others_get_their_turn_between_bursts)
{
    enum { MANY = 250 };
    struct rig *rig = watched = rig_new(_i, "it: {class: udp-wrap, burst: 100}");
    struct amtg_endpoint *endpoints[MANY];
    struct amtg_set *set = set_of(MANY, endpoints);
    struct amtg_task other = {.run = look};
    seen_count = 0;
    push_set(rig, set);
    other.element = rig_element(rig, "it");
    amtg_loop_task_post(other.element->loop, &other);
    for (unsigned i = 0; i < 10; i++)
        rig_step(rig, 0);
    ck_assert_uint_ge(seen_count, 4);
    for (unsigned i = 1; i < seen_count; i++)
        ck_assert_uint_le(seen[i] - seen[i - 1], 100);
    ck_assert_uint_le(seen[0], 100);
    ck_assert_uint_eq(rig_counter(rig, "copies"), MANY);
    rig_ignore(rig, "out");
    amtg_set_free(set);
    for (unsigned i = 0; i < MANY; i++)
        amtg_endpoint_free(endpoints[i]);
    rig_free(rig);
}
END_TEST

START_TEST(the_queue_is_bounded)
{
    struct rig *rig = rig_new(_i, "it: {class: udp-wrap, limit: 3}");
    for (unsigned i = 0; i < 5; i++)
        push_one(rig, "203.0.113.7", "192.0.2.1", HEX_REQUEST4);
    ck_assert_uint_eq(rig_drops(rig, "full"), 2);
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_count(rig, "out"), 3);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(what_waits_at_the_end_is_dropped)
{
    struct rig *rig = rig_new(_i, "it: {class: udp-wrap}");
    push_one(rig, "203.0.113.7", "192.0.2.1", HEX_REQUEST4);
    rig_free(rig); /* proves the account */
}
END_TEST

START_TEST(what_cannot_be_sent_is_dropped)
{
    static uint8_t large[65535];
    struct rig *rig = rig_new(_i, "it: {class: udp-wrap}");
    rig_push_hex(rig, "in", AMTG_DATAGRAM, HEX_REQUEST4);
    ck_assert_uint_eq(rig_drops(rig, "unaddressed"), 1);

    struct amtg_packet *p = rig_packet(rig, AMTG_DATAGRAM, large, 65508);
    rig_from(p, "203.0.113.7", 51000, "192.0.2.1", 2268);
    amtg_packet_to_peer(p, &p->peer);
    rig_push(rig, "in", p);
    p = rig_packet(rig, AMTG_DATAGRAM, large, 65507);
    rig_from(p, "203.0.113.7", 51000, "192.0.2.1", 2268);
    amtg_packet_to_peer(p, &p->peer);
    rig_push(rig, "in", p);
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_drops(rig, "too-long"), 1);
    p = rig_take(rig, "out");
    ck_assert_uint_eq(p->len, 65535);
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

/* ---- and back ---------------------------------------------------------------- */

/* An IP packet with a Request from 203.0.113.7:51000 (or its IPv6 twin) to us. */
static uint32_t request(bool ip4, uint8_t *o)
{
    struct amtg_peer to = {.remote_port = 2268, .local_port = 51000};
    struct amtg_udp_options options = {.hops = 64};
    uint8_t payload[8];
    uint32_t len = hex(HEX_REQUEST4, payload);
    amtg_addr_parse(ip4 ? "192.0.2.1" : "2001:db8::1", &to.remote);
    amtg_addr_parse(ip4 ? "203.0.113.7" : "2001:db8:1::7", &to.local);
    uint32_t at = amtg_udp_build(&to, &options, payload, len, o);
    memcpy(o + at, payload, len);
    return at + len;
}

static void push_ip(struct rig *rig, const uint8_t *o, uint32_t len, uint8_t flags)
{
    struct amtg_packet *p = rig_packet(rig, AMTG_IP, o, len);
    p->flags |= flags;
    rig_push(rig, "in", p);
}

START_TEST(unwrapping_gives_payload_and_sender)
{
    struct rig *rig = rig_new(_i, "it: {class: udp-unwrap}");
    for (unsigned i = 0; i < 2; i++) {
        uint8_t o[128];
        struct amtg_addr sender;
        char text[AMTG_ADDR_TEXT];
        push_ip(rig, o, request(i == 0, o), AMTG_ADDRESSED_ONE);
        struct amtg_packet *p = rig_take(rig, "out");
        uint8_t expected[8];
        ck_assert_ptr_eq(p->type, AMTG_DATAGRAM);
        ck_assert_uint_eq(p->len, hex(HEX_REQUEST4, expected));
        ck_assert_mem_eq(p->data, expected, 8);
        sender = p->peer.remote;
        ck_assert_str_eq(amtg_addr_text(&sender, text), i ? "2001:db8:1::7" : "203.0.113.7");
        ck_assert_uint_eq(p->peer.remote_port, 51000);
        ck_assert_uint_eq(p->peer.local_port, 2268);
        ck_assert(!(p->flags & AMTG_ADDRESSED_ONE)); /* the peer is no destination */
        amtg_packet_free(p);
    }
    rig_free(rig);
}
END_TEST

/* Covers: E-19. */
START_TEST(each_fault_of_udp_is_a_drop_of_its_own)
{
    static const struct { unsigned at; uint8_t value; const char *reason; } rows[] = {
        {9, 6, "other-protocol"}, {6, 0x20, "fragment"}, {7, 1, "fragment"}, {3, 27, "truncated"},
        {25, 7, "length"}, {25, 17, "length"}, {24, 1, "length"}, {35, 0, "checksum"},
    };
    struct rig *rig = rig_new(_i, "it: {class: udp-unwrap}");
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t o[128];
        uint32_t len = request(true, o);
        o[rows[i].at] = rows[i].value;
        memset(o + 10, 0, 2);
        amtg_put_u16(o + 10, amtg_checksum(amtg_sum(0, o, 20)));
        uint64_t before = rig_drops(rig, rows[i].reason);
        push_ip(rig, o, len, 0);
        ck_assert_msg(rig_drops(rig, rows[i].reason) == before + 1, "row %u: not %s", i,
                      rows[i].reason);
        ck_assert_uint_eq(rig_drops_all(rig), i + 1);
    }
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

/* Covers: G-18, E-18. */
START_TEST(zero_checksums_pass_where_they_may)
{
    static const struct { const char *text; unsigned passed; } rows[] = {
        {"it: {class: udp-unwrap, zero-checksum: none}", 0},
        {"it: {class: udp-unwrap}", 1},
        {"it: {class: udp-unwrap, zero-checksum: both}", 2},
    };
    for (unsigned i = 0; i < 3; i++) {
        struct rig *rig = rig_new(_i, rows[i].text);
        uint8_t o[128];
        uint32_t len = request(true, o);
        memset(o + 26, 0, 2);
        push_ip(rig, o, len, 0);
        ck_assert_uint_eq(rig_count(rig, "out"), i > 0);
        len = request(false, o);
        memset(o + 46, 0, 2);
        push_ip(rig, o, len, 0);
        ck_assert_uint_eq(rig_count(rig, "out"), rows[i].passed);
        ck_assert_uint_eq(rig_drops(rig, "no-checksum"), 2 - rows[i].passed);
        rig_ignore(rig, "out");
        rig_free(rig);
    }
}
END_TEST

/* Covers: E-20. */
START_TEST(a_zero_checksum_is_nothing_to_be_logged)
{
    char *said = NULL;
    size_t len = 0;
    FILE *log = open_memstream(&said, &len);
    uint8_t o[128];
    uint32_t octets = request(false, o);

    rig_log_to(log);
    struct rig *rig = rig_new(_i, "it: {class: udp-unwrap, zero-checksum: both}");
    memset(o + 46, 0, 2);
    push_ip(rig, o, octets, 0);
    ck_assert_uint_eq(rig_count(rig, "out"), 1);
    rig_ignore(rig, "out");
    rig_free(rig);
    rig_log_to(NULL);
    fclose(log);
    ck_assert_str_eq(said, "");
    free(said);
}
END_TEST

START_TEST(a_checksum_left_to_a_device_is_no_fault)
{
    struct rig *rig = rig_new(_i, "it: {class: udp-unwrap}");
    uint8_t o[128];
    uint32_t len = request(true, o);
    struct amtg_addr src = amtg_addr_from4(o + 12), dst = amtg_addr_from4(o + 16);
    amtg_put_u16(o + 26, amtg_sum_fold(amtg_sum_pseudo(0, &src, &dst, 17, 16)));
    push_ip(rig, o, len, 0);
    ck_assert_uint_eq(rig_drops(rig, "checksum"), 1);
    push_ip(rig, o, len, AMTG_NO_CHECKSUM_YET);
    rig_expect_hex(rig, "out", HEX_REQUEST4);
    rig_free(rig);
}
END_TEST

/* As a socket: it has an address of each family and a port, for what says none of its own. */
START_TEST(what_the_sender_leaves_open_is_filled_in)
{
    struct rig *rig = rig_new(_i, "it: {class: udp-wrap, local: [10.1.0.1, \"2001:db8::7\"], "
                                  "local-port: 40000}");
    static const struct {
        const char *remote, *local;
        uint16_t local_port;
        const char *expected;
    } rows[] = {
        {"192.0.2.1", "0.0.0.0", 0, "10.1.0.1:40000"},
        {"192.0.2.1", "10.1.0.9", 0, "10.1.0.9:40000"},
        {"192.0.2.1", "0.0.0.0", 7, "10.1.0.1:7"},
        {"2001:db8::1", "::", 0, "2001:db8::7:40000"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct amtg_packet *p = rig_packet_hex(rig, AMTG_DATAGRAM, HEX_REQUEST4);
        rig_from(p, rows[i].remote, 2268, rows[i].local, rows[i].local_port);
        amtg_packet_to_peer(p, &p->peer);
        rig_push(rig, "in", p);
        rig_step(rig, 0);
        char expected[100];
        snprintf(expected, sizeof expected, "%s > %s:2268 hops 64", rows[i].expected,
                 rows[i].remote);
        ck_assert_str_eq(udp_said(rig, "out"), expected);
    }
    const struct amtg_source_address_ops *ops =
        amtg_ops(rig_element(rig, "it"), &amtg_source_address);
    struct amtg_addr remote, local;
    char text[AMTG_ADDR_TEXT];
    amtg_addr_parse("2001:db8::1", &remote);
    ck_assert(ops->towards(rig_element(rig, "it"), &remote, 0, &local));
    ck_assert_str_eq(amtg_addr_text(&local, text), "2001:db8::7");
    rig_free(rig);

    rig = rig_new(_i, "it: {class: udp-wrap, local: 10.1.0.1}");
    push_one(rig, "2001:db8::1", "::", HEX_REQUEST6);
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_drops(rig, "no-address"), 1);
    ops = amtg_ops(rig_element(rig, "it"), &amtg_source_address);
    ck_assert(!ops->towards(rig_element(rig, "it"), &remote, 0, &local));
    ck_assert(ops->serves(rig_element(rig, "it"), true));
    ck_assert(!ops->serves(rig_element(rig, "it"), false));
    rig_free(rig);
    expect_refused("it: {class: udp-wrap, local: [10.1.0.1, 10.1.0.2]}", "a second one");
}
END_TEST

START_TEST(wrap_and_unwrap_undo_each_other)
{
    struct rig *rig = rig_new(_i, "it: {class: udp-wrap}\n"
                                  "check: {class: check-ip}\n"
                                  "back: {class: udp-unwrap}\n"
                                  "end: {class: discard}\n"
                                  "edges:\n"
                                  "  - it -> check -> back -> end\n");
    push_one(rig, "203.0.113.7", "192.0.2.1", HEX_TEARDOWN);
    push_one(rig, "2001:db8:1::7", "2001:db8::1", HEX_TEARDOWN);
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_element(rig, "end")->finished, 2);
    ck_assert_uint_eq(rig_element(rig, "back")->dropped, 0);
    ck_assert_uint_eq(rig_element(rig, "check")->dropped, 0);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("udp-wrap and udp-unwrap", a_reply_becomes_one_ip_packet,
               header_fields_follow_the_parameters,
               ecn_goes_to_those_that_heed_it,
               unwrapped_datagrams_have_the_tos_that_they_came_with, a_set_becomes_one_packet_for_each_live_endpoint,
               packets_leave_in_the_order_in_which_they_came, others_get_their_turn_between_bursts,
               the_queue_is_bounded, what_waits_at_the_end_is_dropped,
               what_cannot_be_sent_is_dropped, unwrapping_gives_payload_and_sender,
               each_fault_of_udp_is_a_drop_of_its_own, zero_checksums_pass_where_they_may,
               a_zero_checksum_is_nothing_to_be_logged,
               a_checksum_left_to_a_device_is_no_fault, what_the_sender_leaves_open_is_filled_in,
               wrap_and_unwrap_undo_each_other)
