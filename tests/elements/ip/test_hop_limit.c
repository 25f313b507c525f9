/* hop-limit: one hop less, the IPv4 checksum right again. */
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"
#include "tests/elements/wire/hex.h"
#include "tests/support/rig.h"

START_TEST(packets_age_by_one_hop)
{
    struct rig *rig = rig_new(_i, "it: {class: hop-limit}");
    rig_push_hex(rig, "in", AMTG_IP, HEX_INNER_DATA);
    rig_expect_hex(rig, "out", "450000201234000008118c55c633640ce801020313881389000c000074657374");
    rig_push_hex(rig, "in", AMTG_IP, "6000000000091109 20010db8000000000000000000000001"
                 "ff3e000000000000000000008000000d 138813890009000000");
    rig_expect_hex(rig, "out", "6000000000091108 20010db8000000000000000000000001"
                   "ff3e000000000000000000008000000d 138813890009000000");
    rig_expect_nothing(rig, "expired");
    rig_free(rig);
}
END_TEST

START_TEST(every_ttl_keeps_a_right_checksum)
{
    struct rig *rig = rig_new(_i, "it: {class: hop-limit, floor: 0}");
    for (unsigned ttl = 1; ttl < 256; ttl++) {
        uint8_t o[64];
        struct amtg_ip_head head = {.hops = (uint8_t)ttl, .protocol = 17,
                                    .id = (uint16_t)(ttl * 257)};
        ck_assert(amtg_addr_parse("198.51.100.12", &head.src));
        ck_assert(amtg_addr_parse("232.1.2.3", &head.dst));
        rig_push(rig, "in", rig_packet(rig, AMTG_IP, o, amtg_ip_build(&head, o)));
        struct amtg_packet *p = rig_take(rig, "out");
        ck_assert_uint_eq(p->data[8], ttl - 1);
        ck_assert_uint_eq(amtg_sum_fold(amtg_sum(0, p->data, 20)), 0xffff);
        amtg_packet_free(p);
    }
    rig_free(rig);
}
END_TEST

START_TEST(packets_at_the_floor_expire_unchanged)
{
    struct rig *rig = rig_new(_i, "it: {class: hop-limit, floor: 9}");
    rig_push_hex(rig, "in", AMTG_IP, HEX_INNER_DATA); /* TTL 9 */
    rig_expect_hex(rig, "expired", HEX_INNER_DATA);
    rig_push_hex(rig, "in", AMTG_IP, HEX_INNER_REPORT6); /* hop limit 1 */
    rig_expect_hex(rig, "expired", HEX_INNER_REPORT6);
    rig_expect_nothing(rig, "out");
    rig_free(rig);

    rig = rig_new(_i, "it: {class: hop-limit, floor: 8}");
    rig_push_hex(rig, "in", AMTG_IP, HEX_INNER_DATA);
    rig_expect_nothing(rig, "expired");
    ck_assert_uint_eq(rig_count(rig, "out"), 1);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(no_packet_ages_below_zero)
{
    struct rig *rig = rig_new(_i, "it: {class: hop-limit, floor: 0}");
    uint8_t o[64];
    struct amtg_ip_head head = {.hops = 0, .protocol = 17};
    ck_assert(amtg_addr_parse("198.51.100.12", &head.src));
    ck_assert(amtg_addr_parse("232.1.2.3", &head.dst));
    rig_push(rig, "in", rig_packet(rig, AMTG_IP, o, amtg_ip_build(&head, o)));
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_count(rig, "expired"), 1);
    rig_ignore(rig, "expired");
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("hop-limit", packets_age_by_one_hop, every_ttl_keeps_a_right_checksum,
               packets_at_the_floor_expire_unchanged, no_packet_ages_below_zero)
