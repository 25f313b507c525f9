/*
 * IGMP and MLD: reports verified whole, General Queries built, records read, float
 * codes.
 * Covers, S-12, G-2 to G-5.
 */
#include "core/cursor.h"
#include "elements/group/report.h"
#include "elements/wire/checksum.h"
#include "elements/wire/float_code.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"
#include "tests/elements/wire/hex.h"

static struct amtg_addr addr(const char *text)
{
    struct amtg_addr a;
    ck_assert_msg(amtg_addr_parse(text, &a), "%s", text);
    return a;
}

/* A datagram to spoil; fix() makes all its checksums right again. */
struct sample {
    uint8_t octets[512];
    uint32_t len;
};

static struct sample sample(const char *text)
{
    struct sample s = {0};
    s.len = hex(text, s.octets);
    return s;
}

static void fix(struct sample *s)
{
    if (s->octets[0] >> 4 == 4) {
        uint32_t header = (s->octets[0] & 0x0fu) * 4;
        memset(s->octets + 10, 0, 2);
        amtg_put_u16(s->octets + 10, amtg_checksum(amtg_sum(0, s->octets, header)));
        memset(s->octets + header + 2, 0, 2);
        amtg_put_u16(s->octets + header + 2,
                     amtg_checksum(amtg_sum(0, s->octets + header, s->len - header)));
    } else {
        struct amtg_addr src = amtg_addr_from6(s->octets + 8);
        struct amtg_addr dst = amtg_addr_from6(s->octets + 24);
        uint32_t at = 48, len = s->len - at;
        memset(s->octets + at + 2, 0, 2);
        uint64_t sum = amtg_sum_pseudo(0, &src, &dst, IPPROTO_ICMPV6, len);
        amtg_put_u16(s->octets + at + 2, amtg_checksum(amtg_sum(sum, s->octets + at, len)));
    }
}

/* Append to (or, below 0, cut from) the message, and keep lengths and checksums right. */
static void resize(struct sample *s, int octets)
{
    s->len = (uint32_t)((int)s->len + octets);
    if (s->octets[0] >> 4 == 4)
        amtg_put_u16(s->octets + 2, (uint16_t)s->len);
    else
        amtg_put_u16(s->octets + 4, (uint16_t)(s->len - 40));
    fix(s);
}

/* The verdict on a datagram whose IP header is sound. */
static enum amtg_report_fault check(const struct sample *s, bool strict)
{
    struct amtg_ip ip;
    uint8_t *copy = exact(s->octets, s->len);
    ck_assert_int_eq(amtg_ip_parse(copy, s->len, &ip), AMTG_IP_SOUND);
    enum amtg_report_fault fault = s->octets[0] >> 4 == 4
                                       ? amtg_igmp_report_check(copy, &ip, strict, false)
                                       : amtg_mld_report_check(copy, &ip, strict);
    free(copy);
    return fault;
}

/* IGMPv2 Report and Leave, MLDv1 Report and Done for one group; v1 report by its type. */
static struct sample old4(uint8_t type, const char *dst)
{
    struct sample s = sample(HEX_INNER_REPORT4);
    struct amtg_addr to = addr(dst);
    memcpy(s.octets + 16, amtg_addr_octets4(&to), 4);
    memset(s.octets + 24, 0, 20);
    s.octets[24] = type;
    hex("e8010203", s.octets + 28);
    resize(&s, -12);
    return s;
}

static struct sample old6(uint8_t type, const char *dst)
{
    struct sample s = sample(HEX_INNER_REPORT6);
    struct amtg_addr to = addr(dst);
    memcpy(s.octets + 24, to.octets, 16);
    memset(s.octets + 48, 0, 44);
    s.octets[48] = type;
    hex("ff3e000000000000000000008000000d", s.octets + 56);
    resize(&s, -20);
    return s;
}

/* */
START_TEST(queries_are_the_octets_of_the_rfc)
{
    uint8_t expected[128], out[128];
    struct amtg_general_query q = {.max_response_code = 1, .qrv = 2, .qqi_s = 125};

    ck_assert_uint_eq(hex(HEX_INNER_QUERY4, expected), AMTG_IGMP_QUERY_OCTETS);
    ck_assert_uint_eq(amtg_igmp_query_build(&q, out), AMTG_IGMP_QUERY_OCTETS);
    ck_assert_mem_eq(out, expected, AMTG_IGMP_QUERY_OCTETS);

    q.src = addr("fe80::1");
    ck_assert_uint_eq(hex(HEX_INNER_QUERY6, expected), AMTG_MLD_QUERY_OCTETS);
    ck_assert_uint_eq(amtg_mld_query_build(&q, out), AMTG_MLD_QUERY_OCTETS);
    ck_assert_mem_eq(out, expected, AMTG_MLD_QUERY_OCTETS);
}
END_TEST

START_TEST(queries_of_any_source_and_value_verify)
{
    static const char *const sources[] = {"0.0.0.0", "192.0.2.1", "::", "fe80::1"};
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned qrv = 0; qrv < 10; qrv++) {
            struct amtg_general_query q = {.src = addr(sources[i]), .max_response_code = 255,
                                           .qrv = (uint8_t)qrv, .qqi_s = 255};
            struct amtg_ip ip;
            uint8_t out[128];
            bool ip4 = i < 2;
            uint32_t len = ip4 ? amtg_igmp_query_build(&q, out) : amtg_mld_query_build(&q, out);
            ck_assert_int_eq(amtg_ip_parse(out, len, &ip), AMTG_IP_SOUND);
            ck_assert_uint_eq(ip.total, len);
            ck_assert_uint_eq(ip.hops, 1);
            ck_assert_uint_eq(ip.router_alerts, 1);
            ck_assert(amtg_addr_equal(&ip.src, &q.src));
            /* A Query is told as one only once its checksum is right. */
            ck_assert_int_eq(ip4 ? amtg_igmp_report_check(out, &ip, false, false)
                                 : amtg_mld_report_check(out, &ip, false),
                             AMTG_REPORT_FAULT_QUERY);
            const uint8_t *tail = out + len - 4;
            ck_assert_uint_eq(tail[0], qrv > 7 ? 0 : qrv);
            ck_assert_uint_eq(tail[1], 0x8f); /* 248, the next lower */
        }
    }
    /* The unspecified source fits either family, in whatever form it is given. */
    uint8_t a[128], b[128];
    struct amtg_general_query q = {.src = addr("0.0.0.0"), .qrv = 2};
    struct amtg_general_query r = {.src = addr("::"), .qrv = 2};
    amtg_mld_query_build(&q, a);
    amtg_mld_query_build(&r, b);
    ck_assert_mem_eq(a, b, AMTG_MLD_QUERY_OCTETS);
    amtg_igmp_query_build(&q, a);
    amtg_igmp_query_build(&r, b);
    ck_assert_mem_eq(a, b, AMTG_IGMP_QUERY_OCTETS);
}
END_TEST

START_TEST(sound_reports_pass_strict_too)
{
    struct sample s[] = {
        sample(HEX_INNER_REPORT4), sample(HEX_INNER_REPORT6), old4(0x16, "232.1.2.3"),
        old4(0x17, "224.0.0.2"), old4(0x17, "232.1.2.3"), old6(131, "ff3e::8000:d"),
        old6(132, "ff02::2"),
    };
    for (unsigned i = 0; i < sizeof s / sizeof s[0]; i++) {
        ck_assert_msg(check(&s[i], false) == AMTG_REPORT_SOUND, "%u", i);
        ck_assert_msg(check(&s[i], true) == AMTG_REPORT_SOUND, "%u strict", i);
    }
}
END_TEST

/* */
START_TEST(any_inner_source_is_taken)
{
    static const char *const sources4[] = {"0.0.0.0", "192.0.2.9", "127.0.0.1", "255.255.255.255"};
    static const char *const sources6[] = {"::", "2001:db8::1", "::1"};
    for (unsigned i = 0; i < 4; i++) {
        struct sample s = sample(HEX_INNER_REPORT4);
        struct amtg_addr src = addr(sources4[i]);
        memcpy(s.octets + 12, amtg_addr_octets4(&src), 4);
        fix(&s);
        ck_assert_int_eq(check(&s, true), AMTG_REPORT_SOUND);
    }
    for (unsigned i = 0; i < 3; i++) {
        struct sample s = sample(HEX_INNER_REPORT6);
        struct amtg_addr src = addr(sources6[i]);
        memcpy(s.octets + 8, src.octets, 16);
        fix(&s);
        ck_assert_int_eq(check(&s, true), AMTG_REPORT_SOUND);
    }
}
END_TEST

/* */
START_TEST(any_spoiled_octet_of_a_message_is_noticed)
{
    static const char *const texts[] = {HEX_INNER_REPORT4, HEX_INNER_REPORT6};
    for (unsigned i = 0; i < 2; i++) {
        struct sample s = sample(texts[i]);
        for (uint32_t at = i ? 48 : 24; at < s.len; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                s.octets[at] ^= (uint8_t)(1 << bit);
                enum amtg_report_fault fault = check(&s, false);
                /* A type with a longer fixed part may be found too short first. */
                ck_assert_msg(fault == AMTG_REPORT_FAULT_CHECKSUM ||
                              fault == AMTG_REPORT_FAULT_TRUNCATED, "%u.%u", at, bit);
                s.octets[at] ^= (uint8_t)(1 << bit);
            }
        }
    }
}
END_TEST

/* */
START_TEST(wrong_headers_are_told_apart)
{
    static const struct {
        const char *octets;
        unsigned at;
        uint8_t value;
        enum amtg_report_fault lenient, strict;
    } rows[] = {
        {HEX_INNER_REPORT4, 9, 17, AMTG_REPORT_FAULT_PROTOCOL, AMTG_REPORT_FAULT_PROTOCOL},
        {HEX_INNER_REPORT4, 6, 0x20, AMTG_REPORT_FAULT_FRAGMENT, AMTG_REPORT_FAULT_FRAGMENT},
        {HEX_INNER_REPORT4, 7, 1, AMTG_REPORT_FAULT_FRAGMENT, AMTG_REPORT_FAULT_FRAGMENT},
        {HEX_INNER_REPORT4, 8, 2, AMTG_REPORT_FAULT_HOPS, AMTG_REPORT_FAULT_HOPS},
        {HEX_INNER_REPORT4, 8, 0, AMTG_REPORT_FAULT_HOPS, AMTG_REPORT_FAULT_HOPS},
        {HEX_INNER_REPORT4, 8, 255, AMTG_REPORT_FAULT_HOPS, AMTG_REPORT_FAULT_HOPS},
        {HEX_INNER_REPORT4, 1, 0, AMTG_REPORT_SOUND, AMTG_REPORT_FAULT_TOS},
        {HEX_INNER_REPORT4, 19, 1, AMTG_REPORT_SOUND, AMTG_REPORT_FAULT_DESTINATION},
        {HEX_INNER_REPORT4, 20, 0, AMTG_REPORT_SOUND, AMTG_REPORT_FAULT_ROUTER_ALERT},
        {HEX_INNER_REPORT4, 23, 1, AMTG_REPORT_SOUND, AMTG_REPORT_FAULT_ROUTER_ALERT},
        {HEX_INNER_REPORT4, 24, 0x99, AMTG_REPORT_FAULT_TYPE, AMTG_REPORT_FAULT_TYPE},
        {HEX_INNER_REPORT4, 24, 0x13, AMTG_REPORT_FAULT_TYPE, AMTG_REPORT_FAULT_TYPE},
        {HEX_INNER_REPORT4, 24, 0x11, AMTG_REPORT_FAULT_QUERY, AMTG_REPORT_FAULT_QUERY},
        {HEX_INNER_REPORT4, 24, 0x12, AMTG_REPORT_FAULT_V1, AMTG_REPORT_FAULT_V1},
        {HEX_INNER_REPORT6, 40, 59, AMTG_REPORT_FAULT_PROTOCOL, AMTG_REPORT_FAULT_PROTOCOL},
        {HEX_INNER_REPORT6, 6, 58, AMTG_REPORT_FAULT_ROUTER_ALERT, AMTG_REPORT_FAULT_ROUTER_ALERT},
        {HEX_INNER_REPORT6, 6, 60, AMTG_REPORT_FAULT_PROTOCOL, AMTG_REPORT_FAULT_PROTOCOL},
        {HEX_INNER_REPORT6, 7, 2, AMTG_REPORT_FAULT_HOPS, AMTG_REPORT_FAULT_HOPS},
        {HEX_INNER_REPORT6, 7, 0, AMTG_REPORT_FAULT_HOPS, AMTG_REPORT_FAULT_HOPS},
        {HEX_INNER_REPORT6, 39, 1, AMTG_REPORT_SOUND, AMTG_REPORT_FAULT_DESTINATION},
        {HEX_INNER_REPORT6, 42, 1, AMTG_REPORT_FAULT_ROUTER_ALERT, AMTG_REPORT_FAULT_ROUTER_ALERT},
        {HEX_INNER_REPORT6, 45, 1, AMTG_REPORT_FAULT_ROUTER_ALERT, AMTG_REPORT_FAULT_ROUTER_ALERT},
        {HEX_INNER_REPORT6, 48, 144, AMTG_REPORT_FAULT_TYPE, AMTG_REPORT_FAULT_TYPE},
        {HEX_INNER_REPORT6, 48, 128, AMTG_REPORT_FAULT_TYPE, AMTG_REPORT_FAULT_TYPE},
        {HEX_INNER_REPORT6, 48, 130, AMTG_REPORT_FAULT_QUERY, AMTG_REPORT_FAULT_QUERY},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample s = sample(rows[i].octets);
        s.octets[rows[i].at] = rows[i].value;
        fix(&s);
        ck_assert_msg(check(&s, false) == rows[i].lenient, "row %u: %d", i, check(&s, false));
        ck_assert_msg(check(&s, true) == rows[i].strict, "row %u: %d", i, check(&s, true));
    }
}
END_TEST

START_TEST(the_other_family_is_refused)
{
    struct sample four = sample(HEX_INNER_REPORT4), six = sample(HEX_INNER_REPORT6);
    struct amtg_ip ip;
    ck_assert(!amtg_ip_parse(four.octets, four.len, &ip));
    ck_assert_int_eq(amtg_mld_report_check(four.octets, &ip, false), AMTG_REPORT_FAULT_FAMILY);
    ck_assert(!amtg_ip_parse(six.octets, six.len, &ip));
    ck_assert_int_eq(amtg_igmp_report_check(six.octets, &ip, false, false),
                     AMTG_REPORT_FAULT_FAMILY);
}
END_TEST

START_TEST(two_router_alerts_are_one_too_many_for_mld)
{
    struct sample s = sample(HEX_INNER_REPORT6);
    /* 16 octets of hop-by-hop header: alert, alert, PadN of 6. */
    memmove(s.octets + 56, s.octets + 48, s.len - 48);
    hex("3a01 05020000 05020000 010400000000", s.octets + 40);
    s.len += 8;
    amtg_put_u16(s.octets + 4, (uint16_t)(s.len - 40));
    ck_assert_int_eq(check(&s, false), AMTG_REPORT_FAULT_ROUTER_ALERT);
}
END_TEST

START_TEST(a_fragment_of_mld_is_refused)
{
    struct sample s = sample(HEX_INNER_REPORT6);
    memmove(s.octets + 56, s.octets + 48, s.len - 48);
    s.octets[40] = 44;
    hex("3a00000100000007", s.octets + 48); /* the first of several parts */
    s.len += 8;
    amtg_put_u16(s.octets + 4, (uint16_t)(s.len - 40));
    ck_assert_int_eq(check(&s, false), AMTG_REPORT_FAULT_FRAGMENT);
}
END_TEST

/* Covers: R-37, S-12. */
START_TEST(reports_cut_short_are_refused_whole)
{
    /* Fixed part, record, source: whatever is missing, nothing of the report is used. */
    static const struct { const char *octets; uint32_t message; } rows[] = {
        {HEX_INNER_REPORT4, 24}, {HEX_INNER_REPORT6, 48}};
    for (unsigned i = 0; i < 2; i++) {
        struct sample whole = sample(rows[i].octets);
        for (uint32_t len = whole.len - 1; len > rows[i].message + 3; len--) {
            struct sample s = whole;
            resize(&s, (int)len - (int)whole.len);
            ck_assert_int_eq(check(&s, false), len < rows[i].message + 8
                                                   ? AMTG_REPORT_FAULT_TRUNCATED
                                                   : AMTG_REPORT_FAULT_RECORDS);
        }
    }
    for (int cut = 1; cut <= 4; cut++) {
        struct sample s = old4(0x16, "232.1.2.3");
        resize(&s, -cut);
        ck_assert_int_eq(check(&s, false), AMTG_REPORT_FAULT_TRUNCATED);
    }
    for (int cut = 1; cut <= 20; cut++) {
        struct sample s = old6(131, "ff3e::8000:d");
        resize(&s, -cut);
        ck_assert_int_eq(check(&s, false), AMTG_REPORT_FAULT_TRUNCATED);
    }
}
END_TEST

START_TEST(records_that_claim_too_much_are_refused)
{
    static const struct { const char *octets; unsigned at; const char *value; } rows[] = {
        {HEX_INNER_REPORT4, 30, "0002"}, {HEX_INNER_REPORT4, 30, "ffff"},
        {HEX_INNER_REPORT4, 33, "01"},   {HEX_INNER_REPORT4, 33, "ff"},
        {HEX_INNER_REPORT4, 34, "0002"}, {HEX_INNER_REPORT4, 34, "ffff"},
        {HEX_INNER_REPORT6, 54, "0002"}, {HEX_INNER_REPORT6, 57, "01"},
        {HEX_INNER_REPORT6, 58, "0002"}, {HEX_INNER_REPORT6, 58, "ffff"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample s = sample(rows[i].octets);
        hex(rows[i].value, s.octets + rows[i].at);
        fix(&s);
        ck_assert_msg(check(&s, false) == AMTG_REPORT_FAULT_RECORDS, "row %u", i);
    }
}
END_TEST

START_TEST(additional_and_auxiliary_data_are_fine)
{
    struct sample s = sample(HEX_INNER_REPORT4);
    memset(s.octets + s.len, 0xee, 4);
    resize(&s, 4); /* additional data: a tail of rubbish inside the IGMP length */
    ck_assert_int_eq(check(&s, true), AMTG_REPORT_SOUND);
    s.octets[33] = 1; /* now it is the record's auxiliary data */
    fix(&s);
    ck_assert_int_eq(check(&s, true), AMTG_REPORT_SOUND);

    struct amtg_report report;
    struct amtg_group_record record;
    ck_assert(amtg_report_open(&report, s.octets + 24, s.len - 24, true));
    ck_assert(amtg_report_next(&report, &record));
    ck_assert_uint_eq(record.count, 1);
    ck_assert(!amtg_report_next(&report, &record));

    s = old4(0x16, "232.1.2.3");
    memset(s.octets + s.len, 0xee, 3);
    resize(&s, 3);
    ck_assert_int_eq(check(&s, true), AMTG_REPORT_SOUND);
}
END_TEST

START_TEST(older_messages_need_a_multicast_group)
{
    struct sample s = old4(0x16, "232.1.2.3");
    s.octets[28] = 10;
    fix(&s);
    ck_assert_int_eq(check(&s, false), AMTG_REPORT_FAULT_GROUP);
    s.octets[24] = 0x17;
    fix(&s);
    ck_assert_int_eq(check(&s, false), AMTG_REPORT_FAULT_GROUP);
    s = old6(131, "ff3e::8000:d");
    s.octets[56] = 0x20;
    fix(&s);
    ck_assert_int_eq(check(&s, false), AMTG_REPORT_FAULT_GROUP);
    hex("00000000000000000000ffffe8010203", s.octets + 56); /* IPv4 in disguise */
    fix(&s);
    ck_assert_int_eq(check(&s, false), AMTG_REPORT_FAULT_GROUP);
}
END_TEST

START_TEST(igmpv1_reports_are_taken_only_when_asked_for)
{
    struct sample s = old4(0x12, "232.1.2.3");
    struct amtg_ip ip;
    ck_assert_int_eq(check(&s, false), AMTG_REPORT_FAULT_V1);
    ck_assert(!amtg_ip_parse(s.octets, s.len, &ip));
    ck_assert_int_eq(amtg_igmp_report_check(s.octets, &ip, true, true), AMTG_REPORT_SOUND);
}
END_TEST

START_TEST(old_destinations_matter_when_strict)
{
    struct sample s[] = {old4(0x16, "224.0.0.2"), old4(0x17, "224.0.0.22"),
                         old6(131, "ff02::2"), old6(132, "ff3e::8000:d")};
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(check(&s[i], false), AMTG_REPORT_SOUND);
        ck_assert_int_eq(check(&s[i], true), AMTG_REPORT_FAULT_DESTINATION);
    }
}
END_TEST

/* ---- reading records ------------------------------------------------------ */

static void ck_record(struct amtg_report *report, uint8_t type, const char *group, unsigned count)
{
    struct amtg_group_record record;
    struct amtg_addr expected = addr(group);
    ck_assert(amtg_report_next(report, &record));
    ck_assert_uint_eq(record.type, type);
    ck_assert(amtg_addr_equal(&record.group, &expected));
    ck_assert_uint_eq(record.count, count);
}

START_TEST(older_messages_read_as_records)
{
    static const struct {
        bool ip4;
        uint8_t type;
        enum amtg_report_version version;
        enum amtg_record_type record;
    } rows[] = {
        {true, 0x12, AMTG_IGMP_V1, AMTG_IS_EX}, {true, 0x16, AMTG_IGMP_V2, AMTG_IS_EX},
        {true, 0x17, AMTG_IGMP_V2, AMTG_TO_IN}, {false, 131, AMTG_MLD_V1, AMTG_IS_EX},
        {false, 132, AMTG_MLD_V1, AMTG_TO_IN},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample s = rows[i].ip4 ? old4(rows[i].type, "232.1.2.3")
                                      : old6(rows[i].type, "ff3e::8000:d");
        uint32_t at = rows[i].ip4 ? 24 : 48;
        struct amtg_report report;
        ck_assert(amtg_report_open(&report, s.octets + at, s.len - at, rows[i].ip4));
        ck_assert_int_eq(report.version, rows[i].version);
        ck_record(&report, rows[i].record, rows[i].ip4 ? "232.1.2.3" : "ff3e::8000:d", 0);
        struct amtg_group_record none;
        ck_assert(!amtg_report_next(&report, &none));
    }
}
END_TEST

START_TEST(records_come_in_the_order_of_the_message)
{
    uint8_t o[128];
    uint32_t len = hex("2200000000000003"
                       "06010002e8010203 c6336401 c6336402 deadbeef"
                       "04000000e8010204"
                       "63000000e8010205", o);
    struct amtg_report report;
    struct amtg_group_record record;
    ck_assert(amtg_report_open(&report, o, len, true));
    ck_assert_int_eq(report.version, AMTG_IGMP_V3);
    ck_assert_uint_eq(report.left, 3);
    ck_assert(amtg_report_next(&report, &record));
    ck_assert_uint_eq(record.type, AMTG_BLOCK);
    struct amtg_addr first = amtg_record_source(&record, 0);
    struct amtg_addr second = amtg_record_source(&record, 1);
    struct amtg_addr one = addr("198.51.100.1"), two = addr("198.51.100.2");
    ck_assert(amtg_addr_equal(&first, &one));
    ck_assert(amtg_addr_equal(&second, &two));
    ck_record(&report, AMTG_TO_EX, "232.1.2.4", 0);
    ck_record(&report, 0x63, "232.1.2.5", 0);
    ck_assert(!amtg_report_next(&report, &record));

    struct sample s = sample(HEX_INNER_REPORT6);
    ck_assert(amtg_report_open(&report, s.octets + 48, s.len - 48, false));
    ck_assert_int_eq(report.version, AMTG_MLD_V2);
    ck_assert(amtg_report_next(&report, &record));
    first = amtg_record_source(&record, 0);
    one = addr("2001:db8::a");
    ck_assert(amtg_addr_equal(&first, &one));
}
END_TEST

START_TEST(ipv4_in_disguise_is_nothing_in_mld)
{
    uint8_t o[128];
    uint32_t len = hex("8f00000000000002"
                       "0100000000000000000000000000ffffe8010203"
                       "01000001ff3e000000000000000000008000000d"
                       "00000000000000000000ffffc6336401", o);
    struct amtg_report report;
    struct amtg_group_record record;
    ck_assert(amtg_report_open(&report, o, len, false));
    ck_assert(amtg_report_next(&report, &record));
    ck_assert_uint_eq(record.type, 0);
    ck_assert(amtg_report_next(&report, &record));
    struct amtg_addr source = amtg_record_source(&record, 0);
    ck_assert(amtg_addr_is_unspecified(&source));
    ck_assert(!amtg_addr_is4(&source));
}
END_TEST

START_TEST(what_is_no_report_does_not_open)
{
    struct amtg_report report;
    for (unsigned type = 0; type < 256; type++) {
        uint8_t o[24] = {(uint8_t)type};
        bool igmp = type == 0x12 || type == 0x16 || type == 0x17 || type == 0x22;
        bool mld = type == 131 || type == 132 || type == 143;
        ck_assert_int_eq(amtg_report_open(&report, o, sizeof o, true), igmp);
        ck_assert_int_eq(amtg_report_open(&report, o, sizeof o, false), mld);
    }
    uint8_t o[8] = {0x22};
    ck_assert(!amtg_report_open(&report, o, 0, true));
    ck_assert(!amtg_report_open(&report, o, 7, true));
    ck_assert(amtg_report_open(&report, o, 8, true));
}
END_TEST

/* ---- float codes ----------------------------------------------------------- */

/* Covers: R-30, G-50. */
START_TEST(float_codes_say_what_the_rfc_says)
{
    static const struct { uint32_t value; uint8_t code; uint32_t back; } eight[] = {
        {0, 0, 0},          {125, 0x7d, 125},   {127, 0x7f, 127}, {128, 0x80, 128},
        {135, 0x80, 128},   {136, 0x81, 136},   {248, 0x8f, 248}, {255, 0x8f, 248},
        {256, 0x90, 256},   {31744, 0xff, 31744}, {31745, 0xff, 31744}, {32768, 0xff, 31744},
        {UINT32_MAX, 0xff, 31744},
    };
    for (unsigned i = 0; i < sizeof eight / sizeof eight[0]; i++) {
        ck_assert_uint_eq(amtg_float8_encode(eight[i].value), eight[i].code);
        ck_assert_uint_eq(amtg_float8_decode(eight[i].code), eight[i].back);
    }
    ck_assert_uint_eq(amtg_float16_encode(32767), 32767);
    ck_assert_uint_eq(amtg_float16_encode(32768), 0x8000);
    ck_assert_uint_eq(amtg_float16_encode(AMTG_FLOAT16_MOST), 0xffff);
    ck_assert_uint_eq(amtg_float16_encode(UINT32_MAX), 0xffff);
    ck_assert_uint_eq(amtg_float16_decode(0xffff), AMTG_FLOAT16_MOST);
    ck_assert_uint_eq(amtg_float16_decode(0x8000), 32768);
}
END_TEST

START_TEST(every_code_survives_a_round_trip)
{
    for (uint32_t code = 0; code < 0x100; code++)
        ck_assert_uint_eq(amtg_float8_encode(amtg_float8_decode((uint8_t)code)), code);
    for (uint32_t code = 0; code < 0x10000; code++)
        ck_assert_uint_eq(amtg_float16_encode(amtg_float16_decode((uint16_t)code)), code);
    for (uint32_t value = 0; value <= AMTG_FLOAT8_MOST; value++) {
        uint8_t code = amtg_float8_encode(value);
        ck_assert_uint_le(amtg_float8_decode(code), value);
        if (code < 0xff)
            ck_assert_uint_gt(amtg_float8_decode((uint8_t)(code + 1)), value);
    }
}
END_TEST

AMTG_SUITE("group messages", queries_are_the_octets_of_the_rfc,
           queries_of_any_source_and_value_verify, sound_reports_pass_strict_too,
           any_inner_source_is_taken, any_spoiled_octet_of_a_message_is_noticed,
           wrong_headers_are_told_apart, the_other_family_is_refused,
           two_router_alerts_are_one_too_many_for_mld, a_fragment_of_mld_is_refused,
           reports_cut_short_are_refused_whole,
           records_that_claim_too_much_are_refused, additional_and_auxiliary_data_are_fine,
           older_messages_need_a_multicast_group, igmpv1_reports_are_taken_only_when_asked_for,
           old_destinations_matter_when_strict, older_messages_read_as_records,
           records_come_in_the_order_of_the_message, ipv4_in_disguise_is_nothing_in_mld,
           what_is_no_report_does_not_open, float_codes_say_what_the_rfc_says,
           every_code_survives_a_round_trip)
