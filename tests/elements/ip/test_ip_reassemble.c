/* ip-reassemble: fragments in any order, what is refused, and what bounds it. */
#include <stdio.h>
#include <string.h>

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"
#include "tests/support/rig.h"

enum { PAYLOAD = 64 - AMTG_UDP_OCTETS, ROOM = 70000 };

/* A whole datagram with `payload` octets of UDP in it; version 4 or 6. */
struct whole {
    uint8_t octets[ROOM];
    uint32_t len, header;
};

static struct whole *make(int version, uint16_t id, uint32_t payload)
{
    static struct whole w;
    static uint8_t filling[ROOM];
    struct amtg_peer peer = {.remote_port = 5004, .local_port = 5005};
    struct amtg_udp_options options = {.hops = 9, .id = id};

    for (uint32_t i = 0; i < payload; i++)
        filling[i] = (uint8_t)(i * 7 + i / 256);
    amtg_addr_parse(version == 4 ? "192.0.2.1" : "2001:db8::1", &peer.local);
    amtg_addr_parse(version == 4 ? "232.1.1.1" : "ff3e::8000:1", &peer.remote);
    uint32_t heads = amtg_udp_build(&peer, &options, filling, payload, w.octets);
    memcpy(w.octets + heads, filling, payload);
    w.len = heads + payload;
    w.header = heads - AMTG_UDP_OCTETS;
    return &w;
}

/* Octets from..to of the payload of IP, as a fragment. */
static struct amtg_packet *fragment(struct rig *rig, const struct whole *w, uint32_t from,
                                    uint32_t to, bool more)
{
    static uint8_t out[ROOM];
    uint32_t at = w->header;

    memcpy(out, w->octets, w->header);
    if (out[0] >> 4 == 4) {
        amtg_put_u16(out + 2, (uint16_t)(at + to - from));
        amtg_put_u16(out + 6, (uint16_t)(from / 8 | (more ? 0x2000 : 0)));
        amtg_put_u16(out + 10, 0);
        amtg_put_u16(out + 10, amtg_checksum(amtg_sum(0, out, at)));
    } else {
        out[at] = out[6];
        out[at + 1] = 0;
        amtg_put_u16(out + at + 2, (uint16_t)(from | (more ? 1 : 0)));
        amtg_put_u32(out + at + 4, 0xabcd0000u + w->octets[w->header + 8]);
        out[6] = IPPROTO_FRAGMENT;
        at += 8;
        amtg_put_u16(out + 4, (uint16_t)(8 + to - from));
    }
    memcpy(out + at, w->octets + w->header + from, to - from);
    struct amtg_packet *p = rig_packet(rig, AMTG_IP, out, at + to - from);
    ck_assert_int_eq(amtg_ip_check(p, NULL), AMTG_IP_SOUND);
    return p;
}

static void push(struct rig *rig, const struct whole *w, uint32_t from, uint32_t to, bool more)
{
    rig_push(rig, "in", fragment(rig, w, from, to, more));
}

static void expect(struct rig *rig, const struct whole *w)
{
    struct amtg_packet *p = rig_take(rig, "out");

    ck_assert_uint_eq(p->len, w->len);
    for (uint32_t i = 0; i < w->len; i++)
        ck_assert_msg(p->data[i] == w->octets[i], "octet %u is %02x, not %02x", i, p->data[i],
                      w->octets[i]);
    ck_assert_uint_eq(p->transport, w->header);
    ck_assert_uint_eq(p->protocol, IPPROTO_UDP);
    amtg_packet_free(p);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "datagrams"), 0);
    ck_assert_uint_eq(rig_counter(rig, "fragments"), 0);
    ck_assert_uint_eq(rig_counter(rig, "octets"), 0);
}

START_TEST(what_is_no_fragment_passes_unchanged)
{
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble}");

    for (int version = 4; version <= 6; version += 2) {
        struct whole *w = make(version, 1, PAYLOAD);
        struct amtg_packet *p = rig_packet(rig, AMTG_IP, w->octets, w->len);
        ck_assert_int_eq(amtg_ip_check(p, NULL), AMTG_IP_SOUND);
        rig_push(rig, "in", p);
        expect(rig, w);
    }
    rig_free(rig);
}
END_TEST

/* RFC 6946: a fragment header on a whole packet. */
START_TEST(an_atomic_fragment_passes_at_once)
{
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble}");

    push(rig, make(6, 1, PAYLOAD), 0, 64, false);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_uint_eq(p->len, 40 + 8 + 64);
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

START_TEST(three_fragments_in_any_order_make_the_whole)
{
    static const uint32_t edges[] = {0, 16, 40, 64};
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble}");

    for (int version = 4; version <= 6; version += 2)
        for (unsigned i = 0; i < 6; i++) {
            struct whole *w = make(version, (uint16_t)i, PAYLOAD);
            for (int k = 0; k < 3; k++) {
                rig_expect_nothing(rig, "out");
                int part = orders[i][k];
                push(rig, w, edges[part], edges[part + 1], part < 2);
            }
            expect(rig, w);
        }
    ck_assert_uint_eq(rig_counter(rig, "reassembled"), 12);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    rig_free(rig);
}
END_TEST

START_TEST(headers_before_the_fragment_header_stay)
{
    static const uint8_t options[8] = {0, 0, 1, 4, 0, 0, 0, 0}; /* PadN; next header filled in */
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble}");
    struct whole *w = make(6, 1, PAYLOAD);

    memmove(w->octets + 48, w->octets + 40, 64);
    memcpy(w->octets + 40, options, 8);
    w->octets[40] = IPPROTO_UDP;
    w->octets[6] = IPPROTO_HOPOPTS;
    amtg_put_u16(w->octets + 4, 8 + 64);
    w->len += 8;
    w->header += 8;
    for (uint32_t at = 0; at < 64; at += 32) {
        uint8_t out[48 + 8 + 32];
        memcpy(out, w->octets, 48);
        amtg_put_u16(out + 4, 8 + 8 + 32);
        out[40] = IPPROTO_FRAGMENT;
        memcpy(out + 48, (uint8_t[8]){IPPROTO_UDP, 0, 0, (uint8_t)(at | (at == 0)), 1, 2, 3, 4}, 8);
        memcpy(out + 56, w->octets + 48 + at, 32);
        struct amtg_packet *p = rig_packet(rig, AMTG_IP, out, sizeof out);
        ck_assert_int_eq(amtg_ip_check(p, NULL), AMTG_IP_SOUND);
        rig_push(rig, "in", p);
    }
    expect(rig, w);
    rig_free(rig);
}
END_TEST

START_TEST(datagrams_are_told_apart)
{
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble}");
    static struct whole one, two;

    one = *make(4, 1, PAYLOAD);
    two = *make(4, 2, PAYLOAD);
    push(rig, &one, 0, 32, true);
    push(rig, &two, 32, 64, false);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "datagrams"), 2);
    push(rig, &two, 0, 32, true);
    ck_assert_uint_eq(rig_counter(rig, "datagrams"), 1);
    push(rig, &one, 32, 64, false);
    ck_assert_uint_eq(rig_count(rig, "out"), 2);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(the_longest_datagram_is_put_together)
{
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble}");

    for (int version = 4; version <= 6; version += 2) {
        struct whole *w = make(version, 1, 65535 - (version == 4 ? 28 : 48));
        uint32_t all = w->len - w->header;
        for (uint32_t at = 0; at < all; at += 1440)
            push(rig, w, at, at + 1440 < all ? at + 1440 : all, at + 1440 < all);
        expect(rig, w);
    }
    rig_free(rig);
}
END_TEST

START_TEST(an_exact_copy_is_dropped_alone)
{
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble}");

    for (int version = 4; version <= 6; version += 2) {
        struct whole *w = make(version, 1, PAYLOAD);
        push(rig, w, 32, 64, false);
        push(rig, w, 32, 64, false);
        push(rig, w, 16, 32, true);
        push(rig, w, 16, 32, true);
        push(rig, w, 0, 16, true);
        expect(rig, w);
    }
    ck_assert_uint_eq(rig_drops(rig, "duplicate"), 4);
    rig_free(rig);
}
END_TEST

/* What comes second, after 16..40 (more): each of these refuses all of the datagram. */
START_TEST(fragments_that_collide_refuse_the_whole_datagram)
{
    static const struct {
        uint32_t from, to;
        bool more;
    } second[] = {
        {16, 48, true},  {8, 24, true},  {32, 64, true}, {0, 64, true},   {24, 32, true},
        {16, 40, false}, {8, 16, false}, {8, 32, false}, {24, 40, false},
    };

    for (unsigned i = 0; i < sizeof second / sizeof second[0]; i++)
        for (int version = 4; version <= 6; version += 2) {
            struct rig *rig = rig_new(_i, "it: {class: ip-reassemble}");
            struct whole *w = make(version, 1, PAYLOAD);
            push(rig, w, 16, 40, true);
            push(rig, w, second[i].from, second[i].to, second[i].more);
            ck_assert_msg(rig_drops(rig, "overlap") == 2, "case %u", i);
            push(rig, w, 0, 16, true); /* RFC 5722: and those that are still to come */
            push(rig, w, 16, 40, true);
            push(rig, w, 40, 64, false);
            ck_assert_uint_eq(rig_drops(rig, "overlap"), 5);
            rig_expect_nothing(rig, "out");
            rig_free(rig);
        }
}
END_TEST

START_TEST(a_copy_with_other_octets_is_a_collision)
{
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble}");
    struct whole *w = make(4, 1, PAYLOAD);

    push(rig, w, 0, 32, true);
    w->octets[w->header + 31] ^= 1;
    push(rig, w, 0, 32, true);
    ck_assert_uint_eq(rig_drops(rig, "overlap"), 2);
    rig_free(rig);
}
END_TEST

START_TEST(two_ends_are_a_collision)
{
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble}");
    struct whole *w = make(4, 1, PAYLOAD);

    push(rig, w, 32, 48, false);
    push(rig, w, 48, 64, false);
    ck_assert_uint_eq(rig_drops(rig, "overlap"), 2);
    w = make(4, 2, PAYLOAD);
    push(rig, w, 32, 48, false);
    push(rig, w, 48, 64, true);
    ck_assert_uint_eq(rig_drops(rig, "overlap"), 4);
    w = make(4, 3, PAYLOAD);
    push(rig, w, 48, 64, false);
    push(rig, w, 16, 32, false); /* another end before it, where nothing lies yet */
    ck_assert_uint_eq(rig_drops(rig, "overlap"), 6);
    rig_free(rig);
}
END_TEST

START_TEST(odd_lengths_and_too_long_ones_are_dropped)
{
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble}");

    for (int version = 4; version <= 6; version += 2) {
        struct whole *w = make(version, 1, PAYLOAD);
        push(rig, w, 0, 20, true);
        push(rig, w, 8, 8, true);
        push(rig, w, 8, 8, false);
        push(rig, make(version, 1, 65000), 64000, 64008, true); /* sound: not too long */
    }
    ck_assert_uint_eq(rig_drops(rig, "length"), 6);
    ck_assert_uint_eq(rig_drops_all(rig), 6);
    static struct whole w;
    w = *make(4, 1, PAYLOAD);
    struct amtg_packet *p = fragment(rig, &w, 0, 24, false);
    amtg_put_u16(p->data + 6, 65512 / 8); /* 20 + 65512 + 24 */
    rig_push(rig, "in", p);
    w = *make(6, 1, PAYLOAD);
    p = fragment(rig, &w, 0, 24, false);
    amtg_put_u16(p->data + 42, 65512);
    rig_push(rig, "in", p);
    ck_assert_uint_eq(rig_drops(rig, "too-long"), 2);
    rig_free(rig);
}
END_TEST

START_TEST(an_incomplete_datagram_is_given_up_in_time)
{
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble, timeout: 10s}");
    static struct whole one, two;

    one = *make(4, 1, PAYLOAD);
    two = *make(4, 2, PAYLOAD);
    push(rig, &one, 0, 16, true);
    rig_step(rig, 4 * AMTG_S);
    push(rig, &two, 0, 16, true);
    push(rig, &one, 16, 32, true);
    rig_step(rig, 6 * AMTG_S - 1);
    ck_assert_uint_eq(rig_drops(rig, "timeout"), 0);
    rig_step(rig, 1);
    ck_assert_uint_eq(rig_drops(rig, "timeout"), 2);
    ck_assert_uint_eq(rig_counter(rig, "datagrams"), 1);
    rig_step(rig, 4 * AMTG_S);
    ck_assert_uint_eq(rig_drops(rig, "timeout"), 3);
    ck_assert_uint_eq(rig_counter(rig, "datagrams"), 0);
    rig_free(rig);
}
END_TEST

START_TEST(the_oldest_datagram_makes_room_for_a_new_one)
{
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble, datagrams: 2}");

    for (uint16_t id = 1; id <= 3; id++)
        push(rig, make(4, id, PAYLOAD), 0, 32, true);
    ck_assert_uint_eq(rig_drops(rig, "crowded-out"), 1);
    push(rig, make(4, 2, PAYLOAD), 32, 64, false);
    struct amtg_packet *p = rig_take(rig, "out");
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

START_TEST(fragments_and_octets_are_bounded)
{
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble, fragments: 3}");

    push(rig, make(4, 1, PAYLOAD), 0, 8, true);
    push(rig, make(4, 1, PAYLOAD), 8, 16, true);
    for (uint32_t at = 0; at < 24; at += 8)
        push(rig, make(4, 2, PAYLOAD), at, at + 8, true);
    ck_assert_uint_eq(rig_drops(rig, "crowded-out"), 2); /* both of the first */
    push(rig, make(4, 2, PAYLOAD), 24, 32, true);        /* the second alone is too much */
    ck_assert_uint_eq(rig_drops(rig, "crowded-out"), 6);
    ck_assert_uint_eq(rig_counter(rig, "datagrams"), 0);
    rig_free(rig);

    rig = rig_new(_i, "it: {class: ip-reassemble, octets: 1280}");
    push(rig, make(4, 1, 2000), 0, 800, true);
    push(rig, make(4, 2, 2000), 0, 800, true);
    ck_assert_uint_eq(rig_drops(rig, "crowded-out"), 1);
    ck_assert_uint_eq(rig_counter(rig, "octets"), 820);
    rig_free(rig);
}
END_TEST

/* RFC 3168, section 5.3 */
START_TEST(congestion_in_one_fragment_marks_the_whole)
{
    static const struct {
        uint8_t one, other;
        bool passes;
        uint8_t whole;
    } cases[] = {{2, 3, true, 3}, {3, 1, true, 3}, {2, 2, true, 2}, {0, 3, false, 0}};

    for (unsigned i = 0; i < 4; i++)
        for (int version = 4; version <= 6; version += 2) {
            struct rig *rig = rig_new(_i, "it: {class: ip-reassemble}");
            struct whole *w = make(version, 1, PAYLOAD);
            int shift = version == 4 ? 0 : 4;
            w->octets[1] |= (uint8_t)(cases[i].one << shift);
            push(rig, w, 0, 32, true);
            w->octets[1] = (uint8_t)(cases[i].other << shift);
            push(rig, w, 32, 64, false);
            ck_assert_uint_eq(rig_drops(rig, "ecn"), cases[i].passes ? 0 : 2);
            if (cases[i].passes) {
                struct amtg_packet *p = rig_take(rig, "out");
                struct amtg_ip ip;
                ck_assert_int_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND);
                ck_assert_uint_eq(ip.tos, cases[i].whole);
                amtg_packet_free(p);
            }
            rig_free(rig);
        }
}
END_TEST

START_TEST(what_is_incomplete_at_stop_is_dropped)
{
    struct rig *rig = rig_new(_i, "it: {class: ip-reassemble}");

    push(rig, make(6, 1, PAYLOAD), 0, 32, true);
    amtg_runtime_stop(rig_runtime(rig));
    ck_assert_uint_eq(rig_drops(rig, "stopped"), 1);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("ip-reassemble", what_is_no_fragment_passes_unchanged,
               an_atomic_fragment_passes_at_once, three_fragments_in_any_order_make_the_whole,
               headers_before_the_fragment_header_stay, datagrams_are_told_apart,
               the_longest_datagram_is_put_together, an_exact_copy_is_dropped_alone,
               fragments_that_collide_refuse_the_whole_datagram,
               a_copy_with_other_octets_is_a_collision, two_ends_are_a_collision,
               odd_lengths_and_too_long_ones_are_dropped,
               an_incomplete_datagram_is_given_up_in_time,
               the_oldest_datagram_makes_room_for_a_new_one, fragments_and_octets_are_bounded,
               congestion_in_one_fragment_marks_the_whole, what_is_incomplete_at_stop_is_dropped)
