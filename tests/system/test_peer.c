/*
 * The oracle is checked, too: what `gateway` takes for a right Advertisement or Query,
 * and what it sends, against vectors made by hand from the RFCs (all of their IPv4, IGMP
 * and ICMPv6 checksums verified with tshark).
 *
 * Covers: M-3 to M-5, M-10, M-11, M-13 to M-16, M-25, R-26, R-27, R-30 to R-33.
 */
#include "peer.h"
#include "tally.h"
#include "tests/support/suite.h"

#include <string.h>

#define NONCE 0xa1b2c3d4
#define HEAD "0401010203040506a1b2c3d4"
#define QUERY4 "46c00024000040000102041300000000e0000001940400001101ec8100000000027d0000"
#define QUERY6                                                                             \
    "6000000000240001fe800000000000000000000000000001ff02000000000000000000000000"          \
    "00013a0005020000010082007da50001000000000000000000000000000000000000027d0000"
#define GATEWAY4 "c738000000000000000000000000cb007107"
#define GATEWAY6 "c73820010db8000100000000000000000007"

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t size = strlen(hex) / 2;
    for (size_t i = 0; i < size; i++)
        ck_assert_int_eq(sscanf(hex + 2 * i, "%2hhx", &out[i]), 1);
    return size;
}

static void expect_hex(const uint8_t *got, size_t size, const char *hex)
{
    uint8_t expected[256];
    ck_assert_uint_eq(size, from_hex(hex, expected));
    ck_assert_mem_eq(got, expected, size);
}

static struct address address_of(const char *text)
{
    struct address address;
    ck_assert(address_parse(text, &address));
    return address;
}

static const struct credentials vector_credentials = {
    .valid = true,
    .mac = {1, 2, 3, 4, 5, 6},
    .nonce = NONCE,
    .port = 51000,
    .address = {[12] = 203, 0, 113, 7},
};

START_TEST(queries_of_the_vectors_are_right)
{
    uint8_t message[256];
    struct credentials got;
    struct address local4 = address_of("203.0.113.7"), local6 = address_of("2001:db8:1::7");

    size_t size = from_hex(HEAD QUERY4 GATEWAY4, message);
    ck_assert_ptr_null(query_check(message, size, NONCE, false, &local4, 51000, &got));
    ck_assert(got.valid && !got.limit);
    ck_assert_uint_eq(got.qqic, 125);
    ck_assert_uint_eq(got.qrv, 2);
    ck_assert_mem_eq(got.mac, vector_credentials.mac, 6);
    ck_assert_mem_eq(got.address, vector_credentials.address, 16);

    size = from_hex(HEAD QUERY6 GATEWAY6, message);
    message[1] |= 0x02;
    ck_assert_ptr_null(query_check(message, size, NONCE, true, &local6, 51000, &got));
    ck_assert(got.limit);
}
END_TEST

/* All but the MAC, which is the relay's own affair, and the L flag; the IPv4 address of the
 * querier and QRV, QQIC are free, but then a checksum is wrong. */
START_TEST(any_other_octet_makes_a_query_wrong)
{
    static const struct {
        const char *hex, *local;
        bool p;
    } cases[] = {
        {HEAD QUERY4 GATEWAY4, "203.0.113.7", false},
        {HEAD QUERY6 GATEWAY6, "2001:db8:1::7", true},
    };
    for (size_t i = 0; i < 2; i++) {
        uint8_t message[256];
        struct credentials got;
        struct address local = address_of(cases[i].local);
        size_t size = from_hex(cases[i].hex, message);
        for (size_t at = 0; at < size; at++) {
            bool flow_label = cases[i].p && at >= 12 && at < 16;
            if ((at >= 2 && at < 8) || flow_label)
                continue;
            message[at] ^= 0x10;
            ck_assert_msg(query_check(message, size, NONCE, cases[i].p, &local, 51000, &got),
                          "octet %zu of case %zu", at, i);
            message[at] ^= 0x10;
        }
        for (size_t cut = 0; cut < size; cut++)
            ck_assert_ptr_nonnull(
                query_check(message, cut, NONCE, cases[i].p, &local, 51000, &got));
        ck_assert_ptr_nonnull(
            query_check(message, size + 1, NONCE, cases[i].p, &local, 51000, &got));
        ck_assert_ptr_nonnull(
            query_check(message, size, NONCE, !cases[i].p, &local, 51000, &got));
    }
}
END_TEST

START_TEST(advertisements_are_checked_octet_by_octet)
{
    uint8_t message[32];
    struct address relay4 = address_of("192.0.2.1"), relay6 = address_of("2001:db8::1");

    size_t size = from_hex("02000000a1b2c3d4c0000201", message);
    ck_assert_ptr_null(advertisement_check(message, size, NONCE, &relay4));
    ck_assert_ptr_nonnull(advertisement_check(message, size, NONCE, &relay6));
    for (size_t at = 0; at < size; at++) {
        message[at] ^= 1;
        ck_assert_ptr_nonnull(advertisement_check(message, size, NONCE, &relay4));
        message[at] ^= 1;
    }
    size = from_hex("02000000a1b2c3d420010db8000000000000000000000001", message);
    ck_assert_ptr_null(advertisement_check(message, size, NONCE, &relay6));
}
END_TEST

START_TEST(messages_are_built_as_in_the_vectors)
{
    uint8_t message[256];
    struct record record4 = {5, address_of("232.1.2.3"), address_of("198.51.100.12"), 1, -1};
    struct record record6 = {5, address_of("ff3e::8000:d"), address_of("2001:db8::a"), 1, -1};

    expect_hex(message, discovery_build(message, NONCE), "01000000a1b2c3d4");
    expect_hex(message, request_build(message, NONCE, false), "03000000a1b2c3d4");
    expect_hex(message, request_build(message, NONCE, true), "03010000a1b2c3d4");
    expect_hex(message, teardown_build(message, &vector_credentials),
               "0700010203040506a1b2c3d4c738000000000000000000000000cb007107");
    expect_hex(message, update_build(message, sizeof message, &vector_credentials, &record4, 1),
               "0500010203040506a1b2c3d446c0002c00004000010203f600000000e0000016940400002200c4b8"
               "0000000105000001e8010203c633640c");
    expect_hex(message, update_build(message, sizeof message, &vector_credentials, &record6, 1),
               "0500010203040506a1b2c3d46000000000340001fe800000000000000000000000000002ff020000"
               "0000000000000000000000163a000502000001008f00c0eb0000000105000001ff3e000000000000"
               "000000008000000d20010db800000000000000000000000a");
}
END_TEST

START_TEST(tallies_count_each_number_once)
{
    struct tally tally = {0};
    tally_add(&tally, 7, 100);
    tally_add(&tally, 100000, 300);
    tally_add(&tally, 7, 500);
    tally_add(&tally, 3, 200);
    ck_assert_uint_eq(tally.count, 3);
    ck_assert_uint_eq(tally.duplicates, 1);
    ck_assert_uint_eq(tally.least, 3);
    ck_assert_uint_eq(tally.most, 100000);
    tally_clear(&tally);
    ck_assert_uint_eq(tally.count, 0);
}
END_TEST

AMTG_SUITE("peer", queries_of_the_vectors_are_right, any_other_octet_makes_a_query_wrong,
           advertisements_are_checked_octet_by_octet, messages_are_built_as_in_the_vectors,
           tallies_count_each_number_once)
