/*
 * Queries of every version: verified whole, and built.
 * Covers: G-8 to G-11, G-43, G-44, S-12.
 */
#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/query.h"
#include "tests/elements/wire/hex.h"

static struct amtg_addr addr(const char *text)
{
    struct amtg_addr a;
    ck_assert_msg(amtg_addr_parse(text, &a), "%s", text);
    return a;
}

/* As a receiver does it, on octets that end where the heap block does. -1: not even IP. */
static int parse(const uint8_t *octets, uint32_t len, struct amtg_query *q)
{
    static uint8_t *copy; /* lent to q until the next call */
    struct amtg_ip ip;

    free(copy);
    copy = exact(octets, len);
    return amtg_ip_parse(copy, len, &ip) ? -1 : (int)amtg_query_parse(copy, &ip, q);
}

/* The checksums of a message at `at` made right again. */
static void fix(uint8_t *o, uint32_t len)
{
    if (o[0] >> 4 == 4) {
        uint32_t at = (o[0] & 15u) * 4;
        memset(o + 10, 0, 2);
        amtg_put_u16(o + 10, amtg_checksum(amtg_sum(0, o, at)));
        memset(o + at + 2, 0, 2);
        amtg_put_u16(o + at + 2, amtg_checksum(amtg_sum(0, o + at, len - at)));
        return;
    }
    struct amtg_addr src = amtg_addr_from6(o + 8), dst = amtg_addr_from6(o + 24);
    memset(o + 50, 0, 2);
    uint64_t sum = amtg_sum_pseudo(0, &src, &dst, IPPROTO_ICMPV6, len - 48);
    amtg_put_u16(o + 50, amtg_checksum(amtg_sum(sum, o + 48, len - 48)));
}

START_TEST(general_queries_are_read)
{
    uint8_t o[256];
    struct amtg_query q;

    ck_assert_int_eq(parse(o, hex(HEX_INNER_QUERY4, o), &q), AMTG_QUERY_SOUND);
    ck_assert(q.ip4 && q.general && !q.suppress);
    ck_assert_uint_eq(q.version, 3);
    ck_assert_uint_eq(q.max_response_ms, 100);
    ck_assert_uint_eq(q.robustness, 2);
    ck_assert_uint_eq(q.interval_s, 125);
    ck_assert_uint_eq(q.count, 0);

    ck_assert_int_eq(parse(o, hex(HEX_INNER_QUERY6, o), &q), AMTG_QUERY_SOUND);
    ck_assert(!q.ip4 && q.general);
    ck_assert_uint_eq(q.version, 2);
    ck_assert_uint_eq(q.max_response_ms, 1);
    ck_assert_uint_eq(q.interval_s, 125);
    ck_assert_uint_eq(q.source.octets[0], 0xfe);
}
END_TEST

/* Cut an IGMPv3 or MLDv2 query down to `len` octets of message. */
static uint32_t shortened(const char *text, uint8_t *o, uint32_t message)
{
    hex(text, o);
    uint32_t at = o[0] >> 4 == 4 ? 24 : 48;
    if (o[0] >> 4 == 4)
        amtg_put_u16(o + 2, (uint16_t)(at + message));
    else
        amtg_put_u16(o + 4, (uint16_t)(at + message - 40));
    memset(o + at + (o[0] >> 4 == 4 ? 12 : 28), 0, 64);
    fix(o, at + message);
    return at + message;
}

START_TEST(the_length_tells_the_version)
{
    static const struct { const char *text; uint32_t octets; int version; } rows[] = {
        {HEX_INNER_QUERY4, 7, 0},  {HEX_INNER_QUERY4, 8, 2},   {HEX_INNER_QUERY4, 9, 0},
        {HEX_INNER_QUERY4, 11, 0}, {HEX_INNER_QUERY4, 12, 3},  {HEX_INNER_QUERY4, 13, 3},
        {HEX_INNER_QUERY6, 8, 0},  {HEX_INNER_QUERY6, 23, 0},  {HEX_INNER_QUERY6, 24, 1},
        {HEX_INNER_QUERY6, 25, 0}, {HEX_INNER_QUERY6, 27, 0},  {HEX_INNER_QUERY6, 28, 2},
        {HEX_INNER_QUERY6, 31, 2},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t o[256];
        struct amtg_query q;
        int fault = parse(o, shortened(rows[i].text, o, rows[i].octets), &q);
        ck_assert_msg(fault == (rows[i].version ? AMTG_QUERY_SOUND : AMTG_QUERY_FAULT_LENGTH),
                      "row %u: fault %d", i, fault);
        if (rows[i].version)
            ck_assert_int_eq(q.version, rows[i].version);
    }
}
END_TEST

START_TEST(an_igmpv1_query_means_ten_seconds)
{
    uint8_t o[256];
    struct amtg_query q;

    shortened(HEX_INNER_QUERY4, o, 8);
    o[25] = 0;
    fix(o, 32);
    ck_assert_int_eq(parse(o, 32, &q), AMTG_QUERY_SOUND);
    ck_assert_uint_eq(q.version, 1);
    ck_assert_uint_eq(q.max_response_ms, 10000);
}
END_TEST

START_TEST(each_fault_has_its_name)
{
    static const struct { const char *text; int at, value, fault; } rows[] = {
        {HEX_INNER_QUERY4, 9, 17, AMTG_QUERY_FAULT_PROTOCOL},
        {HEX_INNER_QUERY4, 6, 0x20, AMTG_QUERY_FAULT_FRAGMENT},
        {HEX_INNER_QUERY4, 8, 2, AMTG_QUERY_FAULT_HOPS},
        {HEX_INNER_QUERY4, 24, 0x22, AMTG_QUERY_FAULT_TYPE},
        {HEX_INNER_QUERY4, 28, 10, AMTG_QUERY_FAULT_GROUP},
        {HEX_INNER_QUERY4, 35, 1, AMTG_QUERY_FAULT_SOURCES},
        {HEX_INNER_QUERY4, 19, 2, AMTG_QUERY_FAULT_DESTINATION},
        {HEX_INNER_QUERY6, 7, 2, AMTG_QUERY_FAULT_HOPS},
        {HEX_INNER_QUERY6, 42, 1, AMTG_QUERY_FAULT_ROUTER_ALERT},
        {HEX_INNER_QUERY6, 45, 1, AMTG_QUERY_FAULT_ROUTER_ALERT},
        {HEX_INNER_QUERY6, 40, 17, AMTG_QUERY_FAULT_PROTOCOL},
        {HEX_INNER_QUERY6, 48, 131, AMTG_QUERY_FAULT_TYPE},
        {HEX_INNER_QUERY6, 56, 0xfe, AMTG_QUERY_FAULT_GROUP},
        {HEX_INNER_QUERY6, 75, 1, AMTG_QUERY_FAULT_SOURCES},
        {HEX_INNER_QUERY6, 39, 2, AMTG_QUERY_FAULT_DESTINATION},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t o[256];
        struct amtg_query q;
        uint32_t len = hex(rows[i].text, o);
        o[rows[i].at] = (uint8_t)rows[i].value;
        fix(o, len);
        int fault = parse(o, len, &q);
        ck_assert_msg(fault == rows[i].fault, "row %u: fault %d", i, fault);
    }
    uint8_t o[256];
    struct amtg_query q;
    uint32_t len = hex(HEX_INNER_QUERY4, o);
    o[33]++;
    ck_assert_int_eq(parse(o, len, &q), AMTG_QUERY_FAULT_CHECKSUM);
    len = hex(HEX_INNER_QUERY6, o);
    o[73]++;
    ck_assert_int_eq(parse(o, len, &q), AMTG_QUERY_FAULT_CHECKSUM);
}
END_TEST

START_TEST(sources_of_no_group_are_a_fault)
{
    uint8_t o[256];
    struct amtg_query q;
    struct amtg_addr source4 = addr("192.0.2.1"), source6 = addr("2001:db8::1");
    struct amtg_question ask = {.sources = &source4, .count = 1, .ip4 = true};

    ck_assert_int_eq(parse(o, amtg_question_build(&ask, o), &q), AMTG_QUERY_FAULT_SOURCES);
    ask = (struct amtg_question){.sources = &source6, .count = 1};
    ck_assert_int_eq(parse(o, amtg_question_build(&ask, o), &q), AMTG_QUERY_FAULT_SOURCES);
}
END_TEST

START_TEST(a_query_to_our_own_address_is_fine)
{
    uint8_t o[256];
    struct amtg_query q;
    uint32_t len = hex(HEX_INNER_QUERY4, o);

    memcpy(o + 16, (uint8_t[]){192, 0, 2, 9}, 4);
    fix(o, len);
    ck_assert_int_eq(parse(o, len, &q), AMTG_QUERY_SOUND);
}
END_TEST

START_TEST(general_questions_are_those_of_a_relay)
{
    uint8_t built[256], wanted[256];
    struct amtg_question q = {.source = addr("192.0.2.1"), .max_response_ms = 100,
                              .interval_s = 125, .robustness = 2, .ip4 = true};
    uint32_t len = hex(HEX_INNER_QUERY4, wanted);

    q.source = amtg_addr_from4(wanted + 12);
    ck_assert_uint_eq(amtg_question_octets(&q), len);
    ck_assert_uint_eq(amtg_question_build(&q, built), len);
    ck_assert_mem_eq(built, wanted, len);

    q = (struct amtg_question){.source = addr("fe80::1"), .max_response_ms = 1,
                               .interval_s = 125, .robustness = 2};
    len = hex(HEX_INNER_QUERY6, wanted);
    ck_assert_uint_eq(amtg_question_octets(&q), len);
    ck_assert_uint_eq(amtg_question_build(&q, built), len);
    ck_assert_mem_eq(built, wanted, len);
}
END_TEST

START_TEST(questions_about_sources_are_read_again)
{
    static const char *const groups[] = {"239.1.2.3", "ff3e::8000:1"};
    static const char *const sources[][2] = {{"192.0.2.1", "192.0.2.2"},
                                             {"2001:db8::1", "2001:db8::2"}};
    for (unsigned i = 0; i < 2; i++) {
        struct amtg_addr list[2] = {addr(sources[i][0]), addr(sources[i][1])};
        struct amtg_question ask = {.group = addr(groups[i]), .sources = list, .count = 2,
                                    .max_response_ms = 1000, .interval_s = 300,
                                    .robustness = 9, .ip4 = i == 0, .suppress = true};
        uint8_t o[256];
        struct amtg_query q;
        uint32_t len = amtg_question_build(&ask, o);

        ck_assert_uint_eq(len, amtg_question_octets(&ask));
        ck_assert_int_eq(parse(o, len, &q), AMTG_QUERY_SOUND);
        ck_assert(q.ip4 == ask.ip4 && !q.general && q.suppress);
        ck_assert(amtg_addr_equal(&q.group, &ask.group));
        ck_assert_uint_eq(q.max_response_ms, 1000);
        ck_assert_uint_eq(q.interval_s, 288); /* the next lower one that a code says */
        ck_assert_uint_eq(q.robustness, 0);
        ck_assert_uint_eq(q.count, 2);
        for (unsigned k = 0; k < 2; k++) {
            struct amtg_addr a = amtg_query_source(&q, k);
            ck_assert(amtg_addr_equal(&a, &list[k]));
        }
        /* Not one octet may be missing. */
        for (uint32_t cut = 0; cut < len; cut++)
            ck_assert_int_ne(parse(o, cut, &q), AMTG_QUERY_SOUND);
    }
}
END_TEST

AMTG_SUITE("wire/query", general_queries_are_read, the_length_tells_the_version,
           an_igmpv1_query_means_ten_seconds, each_fault_has_its_name,
           sources_of_no_group_are_a_fault, a_query_to_our_own_address_is_fine,
           general_questions_are_those_of_a_relay,
           questions_about_sources_are_read_again)
