/* amt-advertise. Covers: M-2, M-3, M-5, R-12 to R-18, S-13. */
#include "tests/support/amt.h"

static struct amtg_packet *discovery(struct rig *rig, const char *remote, const char *local)
{
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_DISCOVERY, DISCOVERY_HEX);

    rig_from(p, remote, GATEWAY_PORT, local, RELAY_PORT);
    return p;
}

/* Covers, M-3, M-5. */
START_TEST(the_address_that_was_asked_is_advertised)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-advertise, discovery: 192.0.2.99}");

    rig_push(rig, "in", discovery(rig, GATEWAY4, RELAY4));
    struct amtg_packet *p = rig_take(rig, "out");
    expect_octets(p, "02000000" NONCE_HEX "c0000201");
    expect_to(p, GATEWAY4, GATEWAY_PORT, RELAY4, RELAY_PORT);
    amtg_packet_free(p);

    rig_push(rig, "in", discovery(rig, GATEWAY6, RELAY6));
    p = rig_take(rig, "out");
    expect_octets(p, "02000000" NONCE_HEX "20010db8000000000000000000000001");
    expect_to(p, GATEWAY6, GATEWAY_PORT, RELAY6, RELAY_PORT);
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

/* */
START_TEST(a_given_address_wins_and_the_answer_leaves_from_where_it_was_asked)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-advertise, relay4: 192.0.2.1,\n"
                                  "     relay6: 2001:db8::1, discovery: [192.52.193.1, 2001:3::1]}");

    rig_push(rig, "in", discovery(rig, GATEWAY4, "192.52.193.1"));
    struct amtg_packet *p = rig_take(rig, "out");
    expect_octets(p, "02000000" NONCE_HEX "c0000201");
    expect_to(p, GATEWAY4, GATEWAY_PORT, "192.52.193.1", RELAY_PORT);
    amtg_packet_free(p);

    rig_push(rig, "in", discovery(rig, GATEWAY6, "2001:3::1"));
    p = rig_take(rig, "out");
    expect_octets(p, "02000000" NONCE_HEX "20010db8000000000000000000000001");
    expect_to(p, GATEWAY6, GATEWAY_PORT, "2001:3::1", RELAY_PORT);
    amtg_packet_free(p);

    rig_push(rig, "in", discovery(rig, GATEWAY4, "192.0.2.50"));
    rig_expect_hex(rig, "out", "02000000" NONCE_HEX "c0000201");
    rig_free(rig);
}
END_TEST

/* */
START_TEST(a_discovery_address_is_not_advertised)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-advertise, discovery: 192.0.2.99}");

    rig_push(rig, "in", discovery(rig, GATEWAY4, "192.0.2.99"));
    rig_push(rig, "in", discovery(rig, GATEWAY4, "192.52.193.1"));
    rig_push(rig, "in", discovery(rig, GATEWAY6, "2001:3::1"));
    rig_push(rig, "in", discovery(rig, GATEWAY4, "0.0.0.0"));
    ck_assert_uint_eq(rig_drops(rig, "no-address"), 4);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

/* Loopback is routed everywhere: towards 127.0.0.1 the system would use 127.0.0.1. */
/* */
START_TEST(asked_at_a_discovery_address_the_socket_knows_a_better_one)
{
    struct rig *rig = rig_new_real(_i, "udp: {class: udp-socket, port: 0,\n"
                                       "      bind: [127.0.0.1, \"::1\"]}\n"
                                       "it: {class: amt-advertise, socket: udp}");

    rig_push(rig, "in", discovery(rig, "127.0.0.1", "192.52.193.1"));
    rig_expect_hex(rig, "out", "02000000" NONCE_HEX "7f000001");
    rig_push(rig, "in", discovery(rig, "::1", "2001:3::1"));
    rig_expect_hex(rig, "out", "02000000" NONCE_HEX "00000000000000000000000000000001");
    rig_free(rig);
}
END_TEST

/* Covers: M-2, M-4. */
START_TEST(reserved_bits_and_trailing_octets_are_ignored)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-advertise}");
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_DISCOVERY, "01ffffff" NONCE_HEX "0000");

    rig_from(p, GATEWAY4, GATEWAY_PORT, RELAY4, RELAY_PORT);
    rig_push(rig, "in", p);
    rig_expect_hex(rig, "out", "02000000" NONCE_HEX "c0000201");
    rig_free(rig);
}
END_TEST

START_TEST(short_discoveries_are_dropped)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-advertise}");

    for (unsigned len = 0; len < 8; len++) {
        struct amtg_packet *p = discovery(rig, GATEWAY4, RELAY4);
        amtg_packet_trim(p, len);
        rig_push(rig, "in", p);
    }
    ck_assert_uint_eq(rig_drops(rig, "short"), 8);
    rig_free(rig);
}
END_TEST

/* Covers: S-13. */
START_TEST(impossible_sources_are_never_answered)
{
    static const char *const sources[] = {"0.0.0.0", "255.255.255.255", "224.0.0.1", "239.1.2.3",
                                          "::", "ff02::1"};
    struct rig *rig = rig_new(_i, "it: {class: amt-advertise}");
    struct amtg_packet *p;

    for (unsigned i = 0; i < sizeof sources / sizeof sources[0]; i++)
        rig_push(rig, "in", discovery(rig, sources[i], RELAY4));
    p = discovery(rig, GATEWAY4, RELAY4);
    p->peer.remote_port = 0;
    rig_push(rig, "in", p);
    ck_assert_uint_eq(rig_drops(rig, "source"), 7);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-advertise", the_address_that_was_asked_is_advertised,
               a_given_address_wins_and_the_answer_leaves_from_where_it_was_asked,
               a_discovery_address_is_not_advertised,
               asked_at_a_discovery_address_the_socket_knows_a_better_one,
               reserved_bits_and_trailing_octets_are_ignored,
               short_discoveries_are_dropped, impossible_sources_are_never_answered)
