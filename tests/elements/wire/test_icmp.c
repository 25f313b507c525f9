/*
 * ICMP errors that say "too big": what they look like, and what they never answer.
 *
 */
#include <string.h>

#include "core/cursor.h"
#include "elements/wire/amt.h"
#include "elements/wire/checksum.h"
#include "elements/wire/icmp.h"
#include "elements/wire/ip.h"
#include "tests/support/suite.h"

enum { ROOM = 4096 };

/* A packet of type ip on these octets, without a pool. */
static struct amtg_packet view(uint8_t *octets, uint32_t len)
{
    struct amtg_packet p = {.data = octets, .len = len};

    ck_assert_int_eq(amtg_ip_check(&p, NULL), AMTG_IP_SOUND);
    ck_assert_uint_eq(p.len, len);
    return p;
}

/* A datagram of `protocol` with `payload` octets, the first of which is `first`. */
static struct amtg_packet datagram(const char *source, const char *group, uint8_t protocol,
                                   uint8_t first, uint32_t payload)
{
    static uint8_t octets[ROOM];
    struct amtg_ip_head head = {.protocol = protocol, .hops = 9, .payload = payload};

    ck_assert(amtg_addr_parse(source, &head.src) && amtg_addr_parse(group, &head.dst));
    uint32_t at = amtg_ip_build(&head, octets);
    for (uint32_t i = 0; i < payload; i++)
        octets[at + i] = (uint8_t)(i + first);
    return view(octets, at + payload);
}

static void check_error(bool ip4, uint32_t payload, uint32_t expect, uint32_t mtu)
{
    uint8_t out[AMTG_ICMP_MOST + 1];
    struct amtg_packet p = ip4 ? datagram("192.0.2.1", "232.1.1.1", 17, 0, payload)
                               : datagram("2001:db8::1", "ff3e::8000:1", 17, 0, payload);
    struct amtg_addr ours, source = amtg_ip_source(&p);
    struct amtg_ip ip;

    out[AMTG_ICMP_MOST] = 0x5a;
    ck_assert(amtg_addr_parse(ip4 ? "198.51.100.1" : "2001:db8:1::1", &ours));
    uint32_t len = amtg_icmp_too_big(&p, &ours, mtu, out);
    ck_assert_uint_eq(len, expect);
    ck_assert_uint_eq(out[AMTG_ICMP_MOST], 0x5a);
    ck_assert_int_eq(amtg_ip_parse(out, len, &ip), AMTG_IP_SOUND);
    ck_assert_uint_eq(ip.total, len);
    ck_assert(amtg_addr_equal(&ip.src, &ours) && amtg_addr_equal(&ip.dst, &source));
    ck_assert_uint_eq(ip.tos, AMTG_TOS_CONTROL);
    ck_assert_uint_eq(ip.hops, 64);

    const uint8_t *icmp = out + ip.transport;
    uint32_t octets = len - ip.transport;
    uint64_t sum = ip4 ? 0 : amtg_sum_pseudo(0, &ip.src, &ip.dst, 58, octets);
    ck_assert_uint_eq(amtg_sum_fold(amtg_sum(sum, icmp, octets)), 0xffff);
    ck_assert_uint_eq(ip.protocol, ip4 ? 1 : 58);
    ck_assert_uint_eq(icmp[0], ip4 ? 3 : 2);
    ck_assert_uint_eq(icmp[1], ip4 ? 4 : 0);
    ck_assert_uint_eq(amtg_get_u32(icmp + 4), mtu);
    ck_assert_mem_eq(icmp + 8, p.data, octets - 8);
}

/* */
START_TEST(the_error_says_the_mtu_and_quotes_the_datagram)
{
    check_error(true, 100, 20 + 8 + 120, 1470);
    check_error(true, 520, 20 + 8 + 540, 500);
    check_error(true, 528, 576, 500); /* RFC 1812: no longer than 576 octets */
    check_error(true, 2000, 576, 65535);
    check_error(false, 100, 40 + 8 + 140, 1450);
    check_error(false, 1192, 1280, 1280); /* RFC 4443: no longer than 1280 */
    check_error(false, 1193, 1280, 70000);
    check_error(false, 2000, 1280, 1230);
}
END_TEST

static bool may(const char *source, uint8_t protocol, uint8_t type)
{
    bool ip4 = !strchr(source, ':');
    struct amtg_packet p =
        datagram(source, ip4 ? "232.1.1.1" : "ff3e::8000:1", protocol, type, 1400);

    return amtg_icmp_may_answer(&p);
}

START_TEST(only_single_hosts_are_answered)
{
    static const char *const good[] = {"192.0.2.1", "10.0.0.1", "2001:db8::1", "fe80::1"};
    static const char *const bad[] = {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "232.1.1.1",
                                      "240.0.0.1", "255.255.255.255", "::", "::1", "ff3e::8000:1"};

    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(may(good[i], 17, 0), "%s", good[i]);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!may(bad[i], 17, 0), "%s", bad[i]);
}
END_TEST

START_TEST(errors_are_not_answered)
{
    static const uint8_t errors4[] = {3, 4, 5, 11, 12}, others4[] = {0, 8, 13};

    for (unsigned i = 0; i < sizeof errors4; i++)
        ck_assert(!may("192.0.2.1", 1, errors4[i]));
    for (unsigned i = 0; i < sizeof others4; i++)
        ck_assert(may("192.0.2.1", 1, others4[i]));
    for (unsigned type = 0; type < 256; type++)
        ck_assert_int_eq(may("2001:db8::1", 58, (uint8_t)type), type >= 128 && type != 137);
    ck_assert(may("192.0.2.1", 58, 3)); /* that is no ICMP */
    ck_assert(may("2001:db8::1", 1, 3));
}
END_TEST

START_TEST(of_ipv4_fragments_only_the_first_is_answered)
{
    for (unsigned offset = 0; offset < 2; offset++) {
        struct amtg_packet p = datagram("192.0.2.1", "232.1.1.1", 17, 0, 1400);
        amtg_put_u16(p.data + 6, (uint16_t)(0x2000 | offset));
        amtg_put_u16(p.data + 10, 0);
        amtg_put_u16(p.data + 10, amtg_checksum(amtg_sum(0, p.data, 20)));
        ck_assert_int_eq(amtg_icmp_may_answer(&p), offset == 0);
    }
    /* An IPv6 source that cut a datagram too coarsely has to know, whichever is too big. */
    static const uint8_t protocols[] = {17, 58};
    for (unsigned i = 0; i < 2; i++) {
        struct amtg_packet p = datagram("2001:db8::1", "ff3e::8000:1", 44, 0, 1400);
        memcpy(p.data + 40, (uint8_t[]){protocols[i], 0, 0x05, 0x01, 0, 0, 0, 1}, 8);
        ck_assert_int_eq(amtg_icmp_may_answer(&p), i == 0);
    }
}
END_TEST

static bool quoted(const char *octets, uint32_t len, uint32_t *inner)
{
    return amtg_amt_data_quoted((const uint8_t *)octets, len, inner);
}

START_TEST(a_quote_is_told_from_that_of_other_messages)
{
    uint32_t inner = 7;

    ck_assert(quoted("", 0, &inner));
    ck_assert_uint_eq(inner, 0);
    ck_assert(quoted("\6", 1, &inner) && quoted("\6\0", 2, &inner));
    ck_assert(!quoted("\4", 1, &inner) && !quoted("\6\1", 2, &inner) && !quoted("\x16", 1, &inner));
    ck_assert(quoted("\6\0\x45", 3, &inner) && inner == 0);
    ck_assert(quoted("\6\0\x60", 3, &inner) && inner == 0);
    ck_assert(!quoted("\6\0\x55", 3, &inner));
    ck_assert(!quoted("\6\0\x55\0\5\xdc\0\0", 8, &inner));
    ck_assert(quoted("\6\0\x45\0\5\xdc\0\0", 8, &inner));
    ck_assert_uint_eq(inner, 1500);
    ck_assert(quoted("\6\0\x60\0\0\0\5\0", 8, &inner));
    ck_assert_uint_eq(inner, 1280 + 40);
    ck_assert(quoted("\6\0\x60\0\0\0\5\0", 7, &inner) && inner == 0);
}
END_TEST

AMTG_SUITE("wire/icmp", the_error_says_the_mtu_and_quotes_the_datagram,
           only_single_hosts_are_answered, errors_are_not_answered,
           of_ipv4_fragments_only_the_first_is_answered,
           a_quote_is_told_from_that_of_other_messages)
