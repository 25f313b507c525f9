/* The judge of `amtgraph verify`, on time that the test gives: no sockets. */
#include "tests/tools/verify_play.h"

/* ---- steps -------------------------------------------------------------------------- */

START_TEST(all_steps_are_settled_in_their_order)
{
    struct play play;

    begin(&play, false, true, false);
    joins(&play);
    ck_assert_uint_eq(play.settled, 4);
    ck_assert_uint_eq(play.v.results[VERIFY_DISCOVERY].took_ns, AMTG_MS);
    ck_assert_uint_eq(play.v.results[VERIFY_REQUEST].took_ns, 2 * AMTG_MS);
    pass(&play, 3 * AMTG_MS);
    for (uint16_t i = 0; i < 100; i++) {
        hears_data(&play, SOURCE, i);
        pass(&play, 50 * AMTG_MS);
    }
    ck_assert_uint_eq(play.v.results[VERIFY_DATA].took_ns, 3 * AMTG_MS);
    ck_assert(verify_over(&play.v));
    ck_assert_int_eq(play.v.failed, VERIFY_STEPS);
    ck_assert_int_eq(play.v.results[VERIFY_STREAM].state, VERIFY_OK);
    ck_assert_int_eq(play.v.results[VERIFY_MTU].state, VERIFY_OPEN);
}
END_TEST

/* The host may be late, and then there is a datagram after the end. */
START_TEST(a_stream_that_goes_on_after_the_end_has_not_stopped)
{
    const struct verify v = {
        .until_ns = 10 * AMTG_S, .options.watch_ns = 5 * AMTG_S, .stream.last_ns = 10 * AMTG_S + 1};

    ck_assert(!verify_stream_stopped(&v));
}
END_TEST

START_TEST(a_stream_that_stops_is_worth_a_warning)
{
    struct play play;

    begin(&play, false, true, false);
    joins(&play);
    for (uint16_t i = 0; i < 20; i++)
        hears_data(&play, SOURCE, i);
    pass(&play, 5 * AMTG_S);
    ck_assert_int_eq(play.v.failed, VERIFY_STEPS);
    ck_assert_int_eq(play.v.results[VERIFY_STREAM].state, VERIFY_WARN);
    ck_assert_ptr_nonnull(strstr(play.v.results[VERIFY_STREAM].text, "none in the last 5.0 s"));
}
END_TEST

START_TEST(silence_fails_the_step_that_waits)
{
    struct play play;

    begin(&play, false, true, false);
    sends(&play, AMTG_MSG_DISCOVERY);
    pass(&play, 5 * AMTG_S - 1);
    ck_assert(!verify_over(&play.v));
    pass(&play, 1);
    failed_at(&play, VERIFY_DISCOVERY, VERIFY_UNANSWERED);

    begin(&play, false, false, false);
    sends(&play, AMTG_MSG_REQUEST);
    pass(&play, 5 * AMTG_S);
    failed_at(&play, VERIFY_REQUEST, VERIFY_UNANSWERED);

    begin(&play, false, true, false);
    joins(&play);
    pass(&play, 5 * AMTG_S);
    failed_at(&play, VERIFY_DATA, VERIFY_SILENT);
}
END_TEST

START_TEST(a_discovery_may_be_done_without)
{
    struct play play;

    begin(&play, false, true, false);
    play.v.options.discovery_optional = true;
    sends(&play, AMTG_MSG_DISCOVERY);
    pass(&play, 5 * AMTG_S);
    ck_assert(play.v.undiscovered);
    ck_assert_int_eq(play.v.results[VERIFY_DISCOVERY].state, VERIFY_WARN);
    verify_skip_discovery(&play.v, play.now_ns);
    ck_assert(!verify_over(&play.v));
    sends(&play, AMTG_MSG_REQUEST);
    pass(&play, 5 * AMTG_S);
    failed_at(&play, VERIFY_DISCOVERY, VERIFY_UNANSWERED); /* it turns out that nobody is there */
}
END_TEST

START_TEST(one_icmp_error_may_be_forged_two_are_believed)
{
    struct play play;

    begin(&play, false, true, false);
    sends(&play, AMTG_MSG_DISCOVERY);
    hears_icmp(&play, 3, 3);
    ck_assert(!verify_over(&play.v));
    hears_icmp(&play, 3, 3);
    failed_at(&play, VERIFY_DISCOVERY, VERIFY_REFUSED);

    begin(&play, false, true, false);
    joins(&play);
    hears_icmp(&play, 3, 13);
    hears_icmp(&play, 3, 13);
    failed_at(&play, VERIFY_UPDATE, VERIFY_REFUSED);

    begin(&play, false, true, false);
    sends(&play, AMTG_MSG_DISCOVERY);
    hears_icmp(&play, 3, 4); /* too big: no refusal */
    hears_icmp(&play, 3, 4);
    ck_assert(!verify_over(&play.v));
}
END_TEST

START_TEST(a_bad_query_fails_when_it_comes_twice_or_no_good_one_follows)
{
    struct play play;

    begin(&play, false, false, false);
    sends(&play, AMTG_MSG_REQUEST);
    hears_query(&play, 51000);
    verify_dropped(&play.v, play.now_ns, "gateway", "query-checksum", "wrong checksum", 1);
    ck_assert(!verify_over(&play.v));
    verify_dropped(&play.v, play.now_ns, "gateway", "query-checksum", "wrong checksum", 1);
    failed_at(&play, VERIFY_QUERY, VERIFY_STRANGE);

    begin(&play, false, false, false);
    sends(&play, AMTG_MSG_REQUEST);
    hears_query(&play, 51000);
    verify_dropped(&play.v, play.now_ns, "gateway", "query-refused", "L", 1);
    failed_at(&play, VERIFY_QUERY, VERIFY_LIMITED);
}
END_TEST

START_TEST(a_query_from_elsewhere_answers_nothing)
{
    struct play play;

    begin(&play, false, false, false);
    sends(&play, AMTG_MSG_REQUEST);
    play.v.options.port = 2269; /* so that what comes is from another port than was asked */
    hears_query(&play, 51000);
    ck_assert_int_eq(play.v.results[VERIFY_REQUEST].state, VERIFY_OPEN);
    verify_dropped(&play.v, play.now_ns, "gateway", "query-source", "from elsewhere", 1);
    pass(&play, 5 * AMTG_S);
    failed_at(&play, VERIFY_REQUEST, VERIFY_STRANGE);
}
END_TEST

START_TEST(without_data_a_changing_address_is_what_failed)
{
    struct play play;

    begin(&play, false, true, false);
    joins(&play);
    hears_query(&play, 51001);
    pass(&play, 5 * AMTG_S);
    failed_at(&play, VERIFY_UPDATE, VERIFY_MOVED);
}
END_TEST

/* The channel that flows tells a relay that ignores us from a source that is silent. */
START_TEST(a_control_channel_tells_silence_from_refusal)
{
    struct play play;

    for (unsigned flows = 0; flows < 2; flows++) {
        begin(&play, false, true, false);
        play.v.options.control = "198.51.100.13@" GROUP;
        play.v.options.control_group = addr(GROUP);
        play.v.options.control_source = addr("198.51.100.13");
        joins(&play);
        if (flows)
            hears_data(&play, "198.51.100.13", 0);
        pass(&play, 5 * AMTG_S);
        if (flows)
            failed_at(&play, VERIFY_DATA, VERIFY_SOURCE_SILENT);
        else
            failed_at(&play, VERIFY_UPDATE, VERIFY_IGNORED);
        ck_assert_uint_eq(play.v.control, flows);
    }
}
END_TEST

START_TEST(data_of_other_channels_is_not_it)
{
    struct play play;

    begin(&play, false, true, false);
    joins(&play);
    hears_data(&play, "198.51.100.13", 0);
    pass(&play, 5 * AMTG_S);
    failed_at(&play, VERIFY_DATA, VERIFY_OTHER_CHANNEL);
    ck_assert_uint_eq(play.v.stream.datagrams, 0);
}
END_TEST

START_TEST(what_the_host_does_not_send_fails_at_once)
{
    struct play play;

    begin(&play, false, true, false);
    sends(&play, AMTG_MSG_DISCOVERY);
    verify_dropped(&play.v, play.now_ns, "udp", "no-route", "no route", 2);
    failed_at(&play, VERIFY_DISCOVERY, VERIFY_NO_ROUTE);

    begin(&play, false, true, false); /* there is another address, and that may be reached */
    play.v.candidates = 2;
    sends(&play, AMTG_MSG_DISCOVERY);
    sends(&play, AMTG_MSG_DISCOVERY);
    verify_dropped(&play.v, play.now_ns, "udp", "no-route", "no route", 2);
    sends(&play, AMTG_MSG_DISCOVERY);
    ck_assert(!verify_over(&play.v));
    pass(&play, 5 * AMTG_S);
    failed_at(&play, VERIFY_DISCOVERY, VERIFY_UNANSWERED);
}
END_TEST

START_TEST(a_name_is_looked_up_first)
{
    _Alignas(struct amtg_addresses)
        uint8_t room[sizeof(struct amtg_addresses) + sizeof(struct amtg_addr)] = {0};
    struct amtg_addresses *found = (struct amtg_addresses *)room;
    struct play play;

    found->result = AMTG_LOOKUP_FAILED;
    begin(&play, true, true, false);
    verify_addresses(&play.v, 0, found);
    ck_assert(!verify_over(&play.v));
    pass(&play, 5 * AMTG_S);
    failed_at(&play, VERIFY_NAME, VERIFY_NO_RESOLVER);

    found->result = AMTG_LOOKUP_NONE;
    begin(&play, true, true, false);
    verify_addresses(&play.v, 0, found);
    failed_at(&play, VERIFY_NAME, VERIFY_NO_NAME);

    found->result = AMTG_LOOKUP_FOUND;
    found->count = 1;
    found->addresses[0] = addr(RELAY);
    begin(&play, true, true, false);
    play.v.options.family = 6;
    verify_addresses(&play.v, 0, found);
    failed_at(&play, VERIFY_NAME, VERIFY_NO_FAMILY);

    begin(&play, true, true, false);
    verify_addresses(&play.v, AMTG_MS, found);
    ck_assert_int_eq(play.v.results[VERIFY_NAME].state, VERIFY_OK);
    ck_assert_int_eq(play.v.step, VERIFY_DISCOVERY);
}
END_TEST

START_TEST(loss_and_duplicates_fail_beyond_what_is_allowed)
{
    struct play play;

    for (unsigned lossy = 0; lossy < 2; lossy++) {
        begin(&play, false, true, false);
        joins(&play);
        for (uint16_t i = 0; i < 100; i++) {
            if (lossy && i % 10 == 5)
                continue;
            hears_data(&play, SOURCE, i);
            if (!lossy && i % 10 == 5)
                hears_data(&play, SOURCE, i);
            pass(&play, 40 * AMTG_MS);
        }
        pass(&play, 2 * AMTG_S);
        failed_at(&play, VERIFY_STREAM, lossy ? VERIFY_LOSS : VERIFY_DUPLICATES);
    }
}
END_TEST

/* ---- the probe ------------------------------------------------------------------------ */

/* Answer the probes of at most `most` octets of payload, the first `count` of them. */
static void answer_probes(struct play *play, uint32_t most, unsigned count)
{
    unsigned answered = 0;

    for (unsigned at = 0; answered <= play->probes && play->now_ns < 60 * AMTG_S; at++) {
        if (at == play->probes) {
            if (play->v.probe.result)
                return;
            pass(play, 100 * AMTG_MS);
            at--;
            continue;
        }
        if (play->payloads[at] <= most && answered++ < count)
            hears_advertisement(play, play->nonces[at]);
    }
}

START_TEST(probes_tell_how_long_a_datagram_may_be)
{
    struct play play;

    begin(&play, false, true, true);
    joins(&play);
    answer_probes(&play, 1472, 100);
    ck_assert_int_eq(play.v.results[VERIFY_MTU].state, VERIFY_OK);
    ck_assert_uint_eq(verify_probe_longest(&play.v.probe), 1500);
    ck_assert_uint_eq(play.v.heard[AMTG_MSG_ADVERTISEMENT], 1); /* that of the Discovery */

    begin(&play, false, true, true);
    joins(&play);
    answer_probes(&play, 1280 - 28, 100);
    ck_assert_int_eq(play.v.results[VERIFY_MTU].state, VERIFY_WARN);
    ck_assert_uint_eq(verify_probe_longest(&play.v.probe), 1280);
    ck_assert_uint_le(play.probes, 14);
    pass(&play, 5 * AMTG_S);
    failed_at(&play, VERIFY_MTU, VERIFY_TOO_BIG);
}
END_TEST

/* Its datagrams may be short: that they come says nothing of wide ones. */
START_TEST(a_narrow_way_is_named_though_a_control_channel_flows)
{
    struct play play;

    begin(&play, false, true, true);
    play.v.options.control = "198.51.100.13@" GROUP;
    play.v.options.control_group = addr(GROUP);
    play.v.options.control_source = addr("198.51.100.13");
    joins(&play);
    answer_probes(&play, 576 - 28, 100);
    hears_data(&play, "198.51.100.13", 0);
    pass(&play, 5 * AMTG_S);
    failed_at(&play, VERIFY_MTU, VERIFY_TOO_BIG);
}
END_TEST

START_TEST(a_relay_that_ignores_probes_says_nothing_of_the_way)
{
    struct play play;

    begin(&play, false, true, true);
    joins(&play);
    pass(&play, 3 * AMTG_S);
    ck_assert_int_eq(play.v.results[VERIFY_MTU].state, VERIFY_UNKNOWN);

    /* A rate-limit: short ones are answered at first only. That proves nothing of long ones. */
    begin(&play, false, true, true);
    joins(&play);
    answer_probes(&play, 100, 1);
    ck_assert_int_eq(play.v.results[VERIFY_MTU].state, VERIFY_UNKNOWN);
    pass(&play, 5 * AMTG_S);
    failed_at(&play, VERIFY_DATA, VERIFY_SILENT);
}
END_TEST

AMTG_SUITE("tools/verify", all_steps_are_settled_in_their_order,
           a_stream_that_stops_is_worth_a_warning,
           a_stream_that_goes_on_after_the_end_has_not_stopped, silence_fails_the_step_that_waits,
           a_discovery_may_be_done_without, one_icmp_error_may_be_forged_two_are_believed,
           a_bad_query_fails_when_it_comes_twice_or_no_good_one_follows,
           a_query_from_elsewhere_answers_nothing, without_data_a_changing_address_is_what_failed,
           a_control_channel_tells_silence_from_refusal, data_of_other_channels_is_not_it,
           what_the_host_does_not_send_fails_at_once, a_name_is_looked_up_first,
           loss_and_duplicates_fail_beyond_what_is_allowed, probes_tell_how_long_a_datagram_may_be,
           a_narrow_way_is_named_though_a_control_channel_flows,
           a_relay_that_ignores_probes_says_nothing_of_the_way)
