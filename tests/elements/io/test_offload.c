/*
 * What senders leave to a device: unfinished checksums, packets that stand for
 * several; and the kernel's filter program.
 * Covers: the rule that a checksum left to the device is completed and that
 * coalesced packets are split.
 */
#include "tests/support/suite.h"

#include <net/ethernet.h>
#include <netinet/in.h>

#include "core/cursor.h"
#include "elements/io/capture_filter.h"
#include "elements/io/offload.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"
#include "elements/wire/udp.h"

enum { ROOM = 70000 };

static struct amtg_peer peer_of(const char *from, const char *to)
{
    struct amtg_peer peer = {.local_port = 4000, .remote_port = 5000};
    ck_assert(amtg_addr_parse(from, &peer.local) && amtg_addr_parse(to, &peer.remote));
    return peer;
}

/* A datagram of `payload` octets, each of them its index. */
static uint32_t build(uint8_t *out, bool is4, uint32_t payload)
{
    static uint8_t octets[ROOM];
    struct amtg_peer peer =
        is4 ? peer_of("10.0.0.2", "232.1.1.1") : peer_of("fd00::2", "ff3e::8000:1");
    const struct amtg_udp_options options = {.hops = 9, .id = 65534};

    for (uint32_t i = 0; i < payload; i++)
        octets[i] = (uint8_t)(i * 13 + (i >> 8));
    uint32_t heads = amtg_udp_build(&peer, &options, octets, payload, out);
    memcpy(out + heads, octets, payload);
    return heads + payload;
}

static void check_sound(const uint8_t *octets, uint32_t len, struct amtg_udp *udp)
{
    struct amtg_ip ip;
    ck_assert_int_eq(amtg_ip_parse(octets, len, &ip), AMTG_IP_SOUND);
    ck_assert_uint_eq(ip.total, len);
    ck_assert_int_eq(amtg_udp_parse(octets, &ip, false, udp), AMTG_UDP_SOUND);
    ck_assert(!udp->no_checksum);
}

START_TEST(an_unfinished_checksum_is_completed)
{
    static uint8_t octets[ROOM];
    for (unsigned is4 = 0; is4 < 2; is4++)
        for (uint32_t payload = 0; payload < 40; payload++) {
            uint32_t len = build(octets, is4, payload), start = is4 ? 20 : 40;
            uint16_t right = amtg_get_u16(octets + start + 6);
            struct amtg_peer peer =
                is4 ? peer_of("10.0.0.2", "232.1.1.1") : peer_of("fd00::2", "ff3e::8000:1");
            uint64_t sum = amtg_sum_pseudo(0, &peer.local, &peer.remote, 17, 8 + payload);
            amtg_put_u16(octets + start + 6, amtg_sum_fold(sum)); /* as a sender leaves it */
            ck_assert(amtg_offload_checksum(octets, len, start, 6));
            ck_assert_uint_eq(amtg_get_u16(octets + start + 6), right);
        }
}
END_TEST

START_TEST(a_checksum_outside_the_packet_is_refused)
{
    uint8_t octets[10] = {0};
    ck_assert(amtg_offload_checksum(octets, 10, 0, 8));
    ck_assert(!amtg_offload_checksum(octets, 10, 0, 9));
    ck_assert(!amtg_offload_checksum(octets, 10, 11, 0));
    ck_assert(!amtg_offload_checksum(octets, 10, 10, 0));
    ck_assert(!amtg_offload_checksum(octets, 10, 0xffffffff, 6));
}
END_TEST

/* The octets of a sum of 0 must not be sent as 0, which means "none". */
START_TEST(a_checksum_of_zero_is_written_as_its_other_form)
{
    uint8_t octets[4] = {0xff, 0xff, 0, 0};
    ck_assert(amtg_offload_checksum(octets, 4, 0, 2));
    ck_assert_uint_eq(amtg_get_u16(octets + 2), 0xffff);
}
END_TEST

START_TEST(a_train_becomes_the_datagrams_it_stands_for)
{
    static const struct {
        uint32_t payload, each, count, last;
    } rows[] = {{1800, 500, 4, 300}, {1500, 500, 3, 500}, {500, 500, 1, 500},
                {501, 500, 2, 1},    {3, 1, 3, 1},        {60000, 1344, 45, 864}};
    static uint8_t whole[ROOM], part[ROOM];

    for (unsigned is4 = 0; is4 < 2; is4++)
        for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
            struct amtg_offload_train train;
            uint32_t len = build(whole, is4, rows[r].payload), at = 0;
            ck_assert(amtg_offload_train_read(whole, len, rows[r].each, &train));
            ck_assert_uint_eq(train.count, rows[r].count);
            for (uint32_t i = 0; i < train.count; i++) {
                struct amtg_udp udp;
                uint32_t octets = amtg_offload_train_octets(&train, i);
                amtg_offload_train_write(&train, i, part);
                check_sound(part, octets, &udp);
                ck_assert_uint_eq(udp.payload_octets,
                                  i + 1 == train.count ? rows[r].last : rows[r].each);
                ck_assert_mem_eq(part + udp.payload, whole + train.heads + at, udp.payload_octets);
                if (is4) /* 65534, 65535, 0, ... */
                    ck_assert_uint_eq(amtg_get_u16(part + 4), (uint16_t)(65534 + i));
                at += udp.payload_octets;
            }
            ck_assert_uint_eq(at, rows[r].payload);
        }
}
END_TEST

START_TEST(what_is_no_plain_udp_is_no_train)
{
    static uint8_t whole[ROOM];
    struct amtg_offload_train train;

    for (unsigned is4 = 0; is4 < 2; is4++) {
        uint32_t len = build(whole, is4, 1000), heads = is4 ? 28 : 48;
        ck_assert(!amtg_offload_train_read(whole, len, 0, &train));
        for (uint32_t cut = 0; cut <= heads; cut++)
            ck_assert(!amtg_offload_train_read(whole, cut, 100, &train));
        ck_assert(amtg_offload_train_read(whole, heads + 1, 100, &train));
        ck_assert(!amtg_offload_train_read(whole, 65600, 65535, &train)); /* a part too long */
        ck_assert(!amtg_offload_train_read(whole, 65600, 1, &train));     /* too many */
        whole[is4 ? 9 : 6] = 6; /* TCP */
        ck_assert(!amtg_offload_train_read(whole, len, 100, &train));
    }
    uint32_t len = build(whole, true, 1000);
    whole[6] = 0x20; /* more fragments */
    ck_assert(!amtg_offload_train_read(whole, len, 100, &train));
    whole[6] = 0;
    whole[0] = 0x44; /* a header of 16 octets */
    ck_assert(!amtg_offload_train_read(whole, len, 100, &train));
    whole[0] = 0x55;
    ck_assert(!amtg_offload_train_read(whole, len, 100, &train));
}
END_TEST

/* ---- the filter --------------------------------------------------------- */

static const char *compile(const char *expression, uint32_t shift, struct sock_fprog *out)
{
    static char why[256];
    const struct amtg_capture_filter f = {.expression = expression, .shift = shift};
    return amtg_capture_filter_compile(&f, out, why, sizeof why) ? NULL : why;
}

START_TEST(wrong_expressions_are_explained)
{
    struct sock_fprog program;
    static const char *const wrong[] = {"udp prot 5", "ether host 1:2:3:4:5:6", "greater 100",
                                        "len > 5", "(udp", "ip6[70000000000] = 1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *why = compile(wrong[i], ETHER_HDR_LEN, &program);
        ck_assert_msg(why && *why, "%s", wrong[i]);
    }
}
END_TEST

START_TEST(reads_are_moved_behind_the_link_header)
{
    static const char *const right[] = {"", "ip multicast or ip6 multicast", "udp port 5001",
                                        "ip[2:2] > 100 and igmp", "net 232.0.0.0/8"};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        struct sock_fprog at_zero, moved;
        ck_assert_ptr_null(compile(right[i], 0, &at_zero));
        ck_assert_ptr_null(compile(right[i], ETHER_HDR_LEN, &moved));
        ck_assert_uint_eq(at_zero.len, moved.len);
        for (unsigned n = 0; n < moved.len; n++) {
            const struct sock_filter *a = &at_zero.filter[n], *b = &moved.filter[n];
            unsigned mode = BPF_MODE(a->code), class = BPF_CLASS(a->code);
            bool reads = (class == BPF_LD || class == BPF_LDX) &&
                         (mode == BPF_ABS || mode == BPF_IND || mode == BPF_MSH) &&
                         a->k < (uint32_t)SKF_AD_OFF;
            ck_assert_uint_eq(b->k, a->k + (reads ? ETHER_HDR_LEN : 0));
        }
        free(at_zero.filter);
        free(moved.filter);
    }
}
END_TEST

AMTG_SUITE("offload", an_unfinished_checksum_is_completed, a_checksum_outside_the_packet_is_refused,
           a_checksum_of_zero_is_written_as_its_other_form,
           a_train_becomes_the_datagrams_it_stands_for, what_is_no_plain_udp_is_no_train,
           wrong_expressions_are_explained, reads_are_moved_behind_the_link_header)
