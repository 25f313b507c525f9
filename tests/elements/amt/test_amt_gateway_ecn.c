/*
 * amt-gateway: which Requests have the flag E. Covers: E-6, E-16, M-7, G-36, G-58.
 */
#include "tests/elements/amt/gateway_rig.h"

#define ECN(more) "it: {class: amt-gateway, relay: 192.0.2.1" more "}"

enum { P = 0x01, E = 0x02, LINUX = 0x80 };

/* Ask again by the interval, and be answered by the first Request. */
static void cycle(struct rig *rig, bool mld, unsigned flags)
{
    wait_out(rig, 61);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, flags), .mld = mld});
    rig_ignore(rig, "queries");
}

/* Ask again by the interval; only the second Request, without E, is answered. */
static void cycle_without(struct rig *rig)
{
    wait_out(rig, 61);
    uint32_t nonce = take_request(rig, RELAY4, E);
    ck_assert_uint_le(wait_out(rig, 3), 1010);
    ck_assert_uint_eq(take_request(rig, RELAY4, 0), nonce);
    tell(rig, (struct told){.nonce = nonce});
    rig_ignore(rig, "queries");
}

/* Covers: E-16. */
START_TEST(each_first_request_has_e)
{
    for (unsigned mld = 0; mld < 2; mld++) {
        struct rig *rig = rig_new(_i, ECN(", silence: 0s, no-traffic: 0s"));
        report(rig, mld ? MLD_REPORT_HEX : IGMP_REPORT_HEX);
        for (unsigned i = 0; i < 4; i++)
            cycle(rig, mld, E | mld);
        ck_assert_uint_eq(rig_counter(rig, "ecn-requests"), 4);
        rig_ignore(rig, "out");
        rig_free(rig);
    }
}
END_TEST

START_TEST(without_ecn_none_has_e)
{
    struct rig *rig = rig_new(_i, ECN(", ecn: no, silence: 0s, no-traffic: 0s"));

    report(rig, IGMP_REPORT_HEX);
    cycle(rig, false, 0);
    cycle(rig, false, 0);
    ck_assert_uint_eq(rig_counter(rig, "ecn-requests"), 0);
    rig_free(rig);
}
END_TEST

/* What answers without E only, twice, is taken for a relay that drops reserved bits. */
START_TEST(a_relay_that_drops_e_is_asked_without_for_an_hour)
{
    struct rig *rig = rig_new(_i, ECN(", silence: 0s, no-traffic: 0s"));

    report(rig, IGMP_REPORT_HEX);
    cycle_without(rig);
    cycle_without(rig);
    for (unsigned i = 0; i < 3600 / 60 - 1; i++)
        cycle(rig, false, 0);
    wait_out(rig, 61); /* about an hour later */
    if (take_message(rig, RELAY4, AMTG_MSG_REQUEST).flags != E) {
        ck_assert_uint_le(wait_out(rig, 130), 121000);
        take_request(rig, RELAY4, 0);
        ck_abort_msg("no Request had E again");
    }
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(one_lost_request_changes_nothing)
{
    struct rig *rig = rig_new(_i, ECN(", silence: 0s, no-traffic: 0s"));

    report(rig, IGMP_REPORT_HEX);
    for (unsigned i = 0; i < 3; i++) {
        cycle_without(rig);
        cycle(rig, false, E);
    }
    rig_free(rig);
}
END_TEST

START_TEST(another_relay_is_told_again)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-gateway, discovery: [192.0.2.1, 192.0.2.2], "
                                  "silence: 0s, no-traffic: 0s}");

    report(rig, IGMP_REPORT_HEX);
    advertise(rig, RELAY4, take_discovery(rig, RELAY4), RELAY4);
    cycle_without(rig);
    cycle_without(rig);
    cycle(rig, false, 0);
    wait_out(rig, 61);
    /* It says L and has nothing of ours: another one is looked for, and then asked. */
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0), .l = true});
    advertise(rig, RELAY4, take_discovery(rig, RELAY4), OTHER_RELAY);
    take_request(rig, OTHER_RELAY, E);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(requests_of_linux_layout_have_no_e)
{
    struct rig *rig = rig_new(_i, ECN(", silence: 0s, no-traffic: 0s"));
    static const unsigned flags[] = {E | P, P, LINUX, P, LINUX};

    report(rig, MLD_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, flags[0]);
    for (unsigned i = 1; i < 5; i++) {
        wait_out(rig, 121);
        ck_assert_uint_eq(take_request(rig, RELAY4, flags[i]), nonce);
    }
    tell(rig, (struct told){.nonce = nonce, .mld = true, .plain = true});
    rig_ignore(rig, "queries");
    cycle(rig, true, LINUX); /* known for one now: neither P nor E where the RFCs have them */
    rig_free(rig);

    rig = rig_new(_i, ECN(", compat: linux"));
    report(rig, MLD_REPORT_HEX);
    take_request(rig, RELAY4, LINUX);
    rig_free(rig);
}
END_TEST

START_TEST(strict_means_e_in_all)
{
    struct rig *rig = rig_new(_i, ECN(", compat: strict"));

    report(rig, IGMP_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, E);
    for (unsigned i = 0; i < 5; i++) {
        wait_out(rig, 121);
        ck_assert_uint_eq(take_request(rig, RELAY4, E), nonce);
    }
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-gateway: E", each_first_request_has_e, without_ecn_none_has_e,
               a_relay_that_drops_e_is_asked_without_for_an_hour, one_lost_request_changes_nothing,
               another_relay_is_told_again, requests_of_linux_layout_have_no_e,
               strict_means_e_in_all)
