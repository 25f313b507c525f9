/*
 * igmp-parser and mld-parser: from the datagram inside an Update to a report.
 * Covers, S-12.
 */
#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/types.h"
#include "tests/elements/wire/hex.h"
#include "tests/support/rig.h"

#define HEX_IGMP "2200c4b80000000105000001e8010203c633640c"
#define HEX_MLD "8f00c0eb0000000105000001ff3e000000000000000000008000000d" \
    "20010db800000000000000000000000a"

/* */
START_TEST(reports_leave_with_their_peer)
{
    static const struct { const char *class, *inner, *message; } rows[] = {
        {"it: {class: igmp-parser}", HEX_INNER_REPORT4, HEX_IGMP},
        {"it: {class: igmp-parser, strict: true}", HEX_INNER_REPORT4 "eeee", HEX_IGMP},
        {"it: {class: mld-parser}", HEX_INNER_REPORT6 "ee", HEX_MLD},
        {"it: {class: mld-parser, strict: true}", HEX_INNER_REPORT6, HEX_MLD},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t message[64];
        uint32_t len = hex(rows[i].message, message);
        struct rig *rig = rig_new(_i, rows[i].class);
        struct amtg_packet *p = rig_packet_hex(rig, AMTG_IP_RAW, rows[i].inner);
        rig_from(p, "203.0.113.7", 51000, "192.0.2.1", 2268);
        rig_push(rig, "in", p);
        p = rig_take(rig, "out");
        ck_assert_ptr_eq(p->type, AMTG_REPORT);
        ck_assert_uint_eq(p->len, len); /* what stood behind the datagram is gone */
        ck_assert_mem_eq(p->data, message, len);
        ck_assert_uint_eq(p->peer.remote_port, 51000);
        ck_assert_uint_eq(p->peer.local_port, 2268);
        amtg_packet_free(p);
        ck_assert_uint_eq(rig_drops_all(rig), 0);
        rig_free(rig);
    }
}
END_TEST

/* Spoil one octet of a sound datagram, make its checksums right again, push it. */
static void push_changed(struct rig *rig, const char *inner, int at, uint8_t value, bool fix)
{
    uint8_t o[256];
    uint32_t len = hex(inner, o);
    if (at >= 0)
        o[at] = value;
    if (fix && o[0] >> 4 == 4) {
        memset(o + 10, 0, 2);
        amtg_put_u16(o + 10, amtg_checksum(amtg_sum(0, o, 24)));
        memset(o + 26, 0, 2);
        amtg_put_u16(o + 26, amtg_checksum(amtg_sum(0, o + 24, len - 24)));
    } else if (fix) {
        struct amtg_addr src = amtg_addr_from6(o + 8), dst = amtg_addr_from6(o + 24);
        memset(o + 50, 0, 2);
        uint64_t sum = amtg_sum_pseudo(0, &src, &dst, 58, len - 48);
        amtg_put_u16(o + 50, amtg_checksum(amtg_sum(sum, o + 48, len - 48)));
    }
    rig_push(rig, "in", rig_packet(rig, AMTG_IP_RAW, o, len));
}

struct spoiled {
    const char *inner;
    int at;
    uint8_t value;
    bool fix;
    const char *reason;
};

static void ck_dropped(int i, const char *class, const struct spoiled *rows, unsigned count)
{
    struct rig *rig = rig_new(i, class);
    for (unsigned k = 0; k < count; k++) {
        uint64_t before = rig_drops(rig, rows[k].reason);
        push_changed(rig, rows[k].inner, rows[k].at, rows[k].value, rows[k].fix);
        ck_assert_msg(rig_drops(rig, rows[k].reason) == before + 1, "row %u: not %s", k,
                      rows[k].reason);
        ck_assert_uint_eq(rig_drops_all(rig), k + 1);
    }
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}

/* Covers, S-11, S-12. */
START_TEST(each_fault_of_igmp_is_a_drop_of_its_own)
{
    static const struct spoiled rows[] = {
        {"", -1, 0, false, "ip-truncated"},
        {HEX_INNER_REPORT4, 3, 45, true, "ip-truncated"},
        {HEX_INNER_REPORT4, 0, 0x56, false, "ip-version"},
        {HEX_INNER_REPORT4, 0, 0x43, false, "ip-header-length"},
        {HEX_INNER_REPORT4, 3, 20, true, "ip-total-length"},
        {HEX_INNER_REPORT4, 15, 1, false, "ip-checksum"},
        {HEX_INNER_REPORT4, 21, 0, true, "ip-options"},
        {HEX_INNER_REPORT6, -1, 0, false, "other-family"},
        {HEX_INNER_REPORT4, 9, 17, true, "other-protocol"},
        {HEX_INNER_REPORT4, 6, 0x20, true, "fragment"},
        {HEX_INNER_REPORT4, 8, 64, true, "hops"},
        {HEX_INNER_REPORT4, 3, 30, true, "truncated"},
        {HEX_INNER_REPORT4, 43, 1, false, "checksum"},
        {HEX_INNER_QUERY4, -1, 0, false, "query"},
        {HEX_INNER_REPORT4, 24, 0x12, true, "igmpv1"},
        {HEX_INNER_REPORT4, 24, 0x14, true, "unknown-type"},
        {HEX_INNER_REPORT4, 24, 0x16, true, "group"},
        {HEX_INNER_REPORT4, 31, 2, true, "records"},
    };
    ck_dropped(_i, "it: {class: igmp-parser}", rows, sizeof rows / sizeof rows[0]);
}
END_TEST

/* */
START_TEST(strict_igmp_demands_what_the_rfc_does)
{
    static const struct spoiled rows[] = {
        {HEX_INNER_REPORT4, 20, 0, true, "no-router-alert"},
        {HEX_INNER_REPORT4, 1, 0, true, "tos"},
        {HEX_INNER_REPORT4, 19, 2, true, "destination"},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    ck_dropped(_i, "it: {class: igmp-parser, strict: true}", rows, ROWS);

    struct rig *rig = rig_new(_i, "it: {class: igmp-parser}"); /* deployed gateways do all of it */
    for (unsigned k = 0; k < ROWS; k++)
        push_changed(rig, rows[k].inner, rows[k].at, rows[k].value, rows[k].fix);
    ck_assert_uint_eq(rig_count(rig, "out"), ROWS);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(each_fault_of_mld_is_a_drop_of_its_own)
{
    static const struct spoiled rows[] = {
        {"60", -1, 0, false, "ip-truncated"},
        {HEX_INNER_REPORT6, 5, 53, false, "ip-truncated"},
        {HEX_INNER_REPORT6, 5, 0, false, "ip-total-length"},
        {HEX_INNER_REPORT6, 41, 9, false, "ip-extensions"},
        {HEX_INNER_REPORT4, -1, 0, false, "other-family"},
        {HEX_INNER_REPORT6, 40, 17, false, "other-protocol"},
        {HEX_INNER_REPORT6, 7, 255, true, "hops"},
        {HEX_INNER_REPORT6, 42, 1, true, "no-router-alert"},
        {HEX_INNER_REPORT6, 5, 15, true, "truncated"},
        {HEX_INNER_REPORT6, 91, 1, false, "checksum"},
        {HEX_INNER_REPORT6, 23, 9, false, "checksum"}, /* the pseudo-header is covered */
        {HEX_INNER_QUERY6, -1, 0, false, "query"},
        {HEX_INNER_REPORT6, 48, 135, true, "unknown-type"},
        {HEX_INNER_REPORT6, 48, 131, true, "group"},
        {HEX_INNER_REPORT6, 59, 2, true, "records"},
    };
    ck_dropped(_i, "it: {class: mld-parser}", rows, sizeof rows / sizeof rows[0]);
}
END_TEST

START_TEST(strict_mld_demands_the_destination)
{
    static const struct spoiled rows[] = {{HEX_INNER_REPORT6, 39, 2, true, "destination"}};
    ck_dropped(_i, "it: {class: mld-parser, strict: true}", rows, 1);
    struct rig *rig = rig_new(_i, "it: {class: mld-parser}");
    push_changed(rig, rows[0].inner, rows[0].at, rows[0].value, rows[0].fix);
    rig_expect_hex(rig, "out", "8f00c0ff0000000105000001ff3e000000000000000000008000000d"
                               "20010db800000000000000000000000a");
    rig_free(rig);
}
END_TEST

START_TEST(igmpv1_reports_become_v2_when_asked_for)
{
    struct rig *rig = rig_new(_i, "it: {class: igmp-parser, igmpv1: as-v2}");
    uint8_t o[64];
    hex("46c0002000004000010203020000000000000000 94040000 1200000000000000", o);
    hex("e8010203", o + 16);
    hex("e8010203", o + 28);
    amtg_put_u16(o + 10, 0);
    amtg_put_u16(o + 10, amtg_checksum(amtg_sum(0, o, 24)));
    amtg_put_u16(o + 26, amtg_checksum(amtg_sum(0, o + 24, 8)));
    rig_push(rig, "in", rig_packet(rig, AMTG_IP_RAW, o, 32));
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_uint_eq(p->len, 8);
    ck_assert_uint_eq(p->data[0], 0x16);
    ck_assert_mem_eq(p->data + 4, o + 28, 4);
    ck_assert_uint_eq(amtg_sum_fold(amtg_sum(0, p->data, 8)), 0xffff);
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("report parsers", reports_leave_with_their_peer,
               each_fault_of_igmp_is_a_drop_of_its_own, strict_igmp_demands_what_the_rfc_does,
               each_fault_of_mld_is_a_drop_of_its_own, strict_mld_demands_the_destination,
               igmpv1_reports_become_v2_when_asked_for)
