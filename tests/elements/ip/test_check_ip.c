/*
 * check-ip: what leaves has a sound header and its own length.
 * Covers: S-12, R-54.
 */
#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/types.h"
#include "tests/elements/wire/hex.h"
#include "tests/support/rig.h"

static struct rig *new(int i)
{
    return rig_new(i, "it: {class: check-ip}");
}

START_TEST(sound_packets_pass_with_their_transport_set)
{
    struct rig *rig = new(_i);
    rig_push_hex(rig, "in", AMTG_IP_RAW, HEX_INNER_DATA);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_ptr_eq(p->type, AMTG_IP);
    ck_assert_uint_eq(p->transport, 20);
    ck_assert_uint_eq(p->protocol, 17);
    ck_assert_uint_eq(p->len, 32);
    amtg_packet_free(p);
    rig_push_hex(rig, "in", AMTG_IP_RAW, HEX_INNER_REPORT6);
    p = rig_take(rig, "out");
    ck_assert_uint_eq(p->transport, 48);
    ck_assert_uint_eq(p->protocol, 58);
    amtg_packet_free(p);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    ck_assert_uint_eq(rig_counter(rig, "trimmed"), 0);
    rig_free(rig);
}
END_TEST

START_TEST(padding_is_cut_off)
{
    struct rig *rig = new(_i);
    rig_push_hex(rig, "in", AMTG_IP_RAW, HEX_INNER_DATA "0000000000000000");
    rig_expect_hex(rig, "out", HEX_INNER_DATA);
    rig_push_hex(rig, "in", AMTG_IP_RAW, HEX_INNER_REPORT6 "00");
    rig_expect_hex(rig, "out", HEX_INNER_REPORT6);
    ck_assert_uint_eq(rig_counter(rig, "trimmed"), 2);
    rig_free(rig);
}
END_TEST

START_TEST(each_fault_is_a_drop_of_its_own)
{
    static const struct { const char *octets, *reason; } rows[] = {
        {"", "ip-truncated"},
        {"45", "ip-truncated"},
        {"450000201234000009118b55c633640ce8010203138913", "ip-truncated"},
        {"550000201234000009118b55c633640ce801020313881389000c000074657374", "ip-version"},
        {"440000201234000009118b55c633640ce801020313881389000c000074657374", "ip-header-length"},
        {"450000131234000009118b55c633640ce801020313881389000c000074657374", "ip-total-length"},
        {"450000201234000008118b55c633640ce801020313881389000c000074657374", "ip-checksum"},
        {"46c0002400004000010206d300000000e000000194ff000011", "ip-truncated"},
        {"46c000180000400001020320 00000000e000000194ff0000", "ip-options"},
        {"6000000000000001fe800000000000000000000000000001ff020000000000000000000000000001",
         "ip-total-length"},
        {"6000000000080001fe800000000000000000000000000001ff020000000000000000000000000001"
         "3a01050200000100", "ip-extensions"},
        {"6000000000081101 00000000000000000000ffffc0000201 ff020000000000000000000000000001"
         "0000000000080000", "ip-address"},
        {"4500001412340000091153e5e0000001e8010203", "martian"},
        {"45000014123400000911546cffffffffc8c8c8c8", "martian"},
        {"4500001412340000091164fdc633640c00000000", "martian"},
    };
    struct rig *rig = new(_i);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t o[256];
        uint32_t len = hex(rows[i].octets, o);
        /* Rows that are not about the checksum get a right one. */
        if (strcmp(rows[i].reason, "martian") == 0 || strcmp(rows[i].reason, "ip-options") == 0) {
            o[10] = o[11] = 0;
            amtg_put_u16(o + 10, amtg_checksum(amtg_sum(0, o, (o[0] & 15u) * 4)));
        }
        uint64_t before = rig_drops(rig, rows[i].reason);
        rig_push(rig, "in", rig_packet(rig, AMTG_IP_RAW, o, len));
        ck_assert_msg(rig_drops(rig, rows[i].reason) == before + 1, "row %u: not %s", i,
                      rows[i].reason);
        ck_assert_uint_eq(rig_drops_all(rig), i + 1);
    }
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(destinations_stay_with_the_packet)
{
    struct rig *rig = new(_i);
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_IP_RAW, HEX_INNER_DATA);
    rig_from(p, "192.0.2.1", 51000, "198.51.100.1", 2268);
    amtg_packet_to_peer(p, &p->peer);
    rig_push(rig, "in", p);
    p = rig_take(rig, "out");
    ck_assert(p->flags & AMTG_ADDRESSED_ONE);
    ck_assert_uint_eq(p->peer.remote_port, 51000);
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("check-ip", sound_packets_pass_with_their_transport_set, padding_is_cut_off,
               each_fault_is_a_drop_of_its_own, destinations_stay_with_the_packet)
