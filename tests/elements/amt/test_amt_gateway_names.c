/*
 * amt-gateway: relays given by name, and several of them. Covers: D-9, D-17, D-20, D-28,
 * G-29, G-30, G-39.
 */
#include "tests/elements/amt/gateway_rig.h"

#define NAME "relay.example.net"
#define NAMED(more) "it: {class: amt-gateway, ecn: no, relay: " NAME more "}"

#define GIVEN(relays, more) "it: {class: amt-gateway, ecn: no, relay: " relays more "}"

static void take_lookup(struct rig *rig, const char *name)
{
    struct amtg_packet *p = rig_take(rig, "lookups");

    ck_assert_uint_eq(p->len, sizeof(struct amtg_lookup));
    ck_assert_str_eq((const char *)p->data, name);
    amtg_packet_free(p);
}

/* Answer with these addresses, NULL at their end; none: there is no such host. */
static void answer(struct rig *rig, const char *name, const char *const *addresses)
{
    uint8_t octets[sizeof(struct amtg_addresses) + AMTG_LOOKUP_MOST * sizeof(struct amtg_addr)] = {0};
    struct amtg_addresses *a = (void *)octets;

    strncpy(a->name, name, sizeof a->name);
    for (; addresses && addresses[a->count]; a->count++)
        ck_assert(amtg_addr_parse(addresses[a->count], &a->addresses[a->count]));
    a->result = a->count ? AMTG_LOOKUP_FOUND : AMTG_LOOKUP_NONE;
    rig_push(rig, "addresses",
             rig_packet(rig, AMTG_ADDRESSES_OF, octets, sizeof *a + a->count * sizeof a->addresses[0]));
}
#define ANSWER(rig, name, ...) answer(rig, name, (const char *const[]){__VA_ARGS__, NULL})

/*
 * Let at most so much time pass until a name is looked up; Requests that are repeated
 * meanwhile are ignored. How many milliseconds it took.
 */
static uint64_t wait_for_lookup(struct rig *rig, unsigned most_s)
{
    for (uint64_t ms = 0; ms < most_s * 1000ull; ms += 10) {
        if (rig_count(rig, "lookups")) {
            rig_ignore(rig, "out");
            return ms;
        }
        rig_step(rig, 10 * AMTG_MS);
    }
    ck_abort_msg("no name was looked up for %u s", most_s);
    return 0;
}

/* Stop, whatever is said then. */
static void end(struct rig *rig)
{
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_ignore(rig, "lookups");
    rig_ignore(rig, "queries");
    rig_free(rig);
}

/* The Request of IGMP that has just gone to `relay` is answered, and reports follow. */
static void serve(struct rig *rig, const char *relay, uint8_t mac)
{
    uint32_t nonce = take_request(rig, relay, 0);

    tell(rig, (struct told){.from = relay, .nonce = nonce, .mac = mac, .plain = true});
    rig_ignore(rig, "queries");
    report(rig, IGMP_REPORT_HEX);
    expect_update(rig, relay, mac, nonce, IGMP_REPORT_HEX);
}

/* ---- a relay by name ------------------------------------------------------------------- */

START_TEST(the_first_subscription_looks_the_relay_up_and_its_answer_asks_it)
{
    struct rig *rig = rig_new(_i, NAMED(""));

    expect_quiet(rig, 300);
    rig_expect_nothing(rig, "lookups");
    report(rig, IGMP_REPORT_HEX);
    take_lookup(rig, NAME);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "finder-state"), 3);
    ANSWER(rig, NAME, RELAY4);
    ck_assert_uint_eq(rig_counter(rig, "finder-state"), 0);
    serve(rig, RELAY4, 1);
    /* In the routine cycle nobody is looked up again. */
    for (unsigned i = 0; i < 100; i++) {
        flow(rig, RELAY4);
        rig_step(rig, 500 * AMTG_MS);
    }
    rig_expect_nothing(rig, "lookups");
    ck_assert_uint_eq(rig_counter(rig, "lookups"), 1);
    end(rig);
}
END_TEST

START_TEST(a_lookup_that_fails_or_stays_unanswered_is_repeated_with_back_off)
{
    for (int fails = 0; fails < 2; fails++) {
        struct rig *rig = rig_new(_i, NAMED(""));
        uint64_t longest = 0;

        report(rig, IGMP_REPORT_HEX);
        for (unsigned n = 0; n < 12; n++) {
            take_lookup(rig, NAME);
            if (fails)
                answer(rig, NAME, NULL);
            rig_expect_nothing(rig, "lookups");
            uint64_t ms = wait_for_lookup(rig, 130);
            ck_assert_uint_ge(ms, 990);
            ck_assert_uint_le(ms, (n < 7 ? 1000u << n : 120000) + 10);
            longest = ms > longest ? ms : longest;
        }
        ck_assert_uint_gt(longest, 16000);
        take_lookup(rig, NAME);
        ck_assert_uint_eq(rig_counter(rig, "lookups-failed"), fails ? 12 : 0);
        ANSWER(rig, NAME, RELAY4);
        take_request(rig, RELAY4, 0);
        end(rig);
    }
}
END_TEST

START_TEST(an_answer_that_comes_late_is_taken)
{
    struct rig *rig = rig_new(_i, NAMED(""));

    report(rig, IGMP_REPORT_HEX);
    rig_step(rig, 20 * AMTG_S);
    rig_ignore(rig, "lookups");
    rig_expect_nothing(rig, "out");
    ANSWER(rig, NAME, RELAY4);
    take_request(rig, RELAY4, 0);
    end(rig);
}
END_TEST

START_TEST(nobody_is_looked_up_any_more_when_nothing_is_subscribed)
{
    struct rig *rig = rig_new(_i, NAMED(""));

    report(rig, IGMP_REPORT_HEX);
    take_lookup(rig, NAME);
    report(rig, IGMP_BLOCK_HEX);
    expect_quiet(rig, 600);
    rig_expect_nothing(rig, "lookups");
    ANSWER(rig, NAME, RELAY4); /* kept, and no reason to ask for anything */
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "finder-state"), 0);
    rig_free(rig);
}
END_TEST

START_TEST(a_relay_that_moved_is_found_at_its_new_address_once_it_is_silent)
{
    struct rig *rig = rig_new(_i, NAMED(", retries: 1, teardown: false"));

    report(rig, IGMP_REPORT_HEX);
    take_lookup(rig, NAME);
    ANSWER(rig, NAME, RELAY4);
    serve(rig, RELAY4, 1);
    flow(rig, RELAY4);
    wait_for_lookup(rig, 10); /* silence, two Requests, and then */
    take_lookup(rig, NAME);
    ANSWER(rig, NAME, OTHER_RELAY);
    ck_assert_uint_eq(rig_counter(rig, "moving"), 1);
    uint32_t nonce = take_request(rig, OTHER_RELAY, 0);
    rig_ignore(rig, "out");
    flow(rig, RELAY4); /* until it has answered, the old one serves */
    tell(rig, (struct told){.from = OTHER_RELAY, .nonce = nonce, .mac = 2, .plain = true});
    rig_ignore(rig, "queries");
    rig_ignore(rig, "out"); /* what the old relay is told */
    report(rig, IGMP_REPORT_HEX);
    expect_update(rig, OTHER_RELAY, 2, nonce, IGMP_REPORT_HEX);
    ck_assert_uint_eq(rig_counter(rig, "relay-changes"), 1);
    flow(rig, OTHER_RELAY);
    end(rig);
}
END_TEST

START_TEST(a_relay_whose_name_is_gone_or_unchanged_is_asked_on_and_keeps_its_tunnel)
{
    struct rig *rig = rig_new(_i, NAMED(", retries: 0, teardown: false, quick: 60s"));
    unsigned lookups = 0;

    report(rig, IGMP_REPORT_HEX);
    take_lookup(rig, NAME);
    ANSWER(rig, NAME, RELAY4);
    serve(rig, RELAY4, 1);
    flow(rig, RELAY4);
    for (unsigned ms = 0; ms < 30000; ms += 10) {
        rig_step(rig, 10 * AMTG_MS);
        if (!rig_count(rig, "lookups"))
            continue;
        take_lookup(rig, NAME);
        if (lookups++ % 2)
            answer(rig, NAME, NULL);
        else
            ANSWER(rig, NAME, RELAY4);
    }
    ck_assert_uint_ge(lookups, 3);
    ck_assert_uint_ge(rig_counter(rig, "lookups-failed"), 1);
    ck_assert_uint_eq(rig_counter(rig, "igmp-state"), 3); /* refreshing, the last Query serves */
    ck_assert_uint_eq(rig_counter(rig, "moving"), 0);
    rig_ignore(rig, "out");
    flow(rig, RELAY4);
    wait_out(rig, 3); /* asked every 1 to 2 s all along */
    serve(rig, RELAY4, 3);
    ck_assert_uint_eq(rig_counter(rig, "relay-changes"), 0);
    end(rig);
}
END_TEST

START_TEST(a_relay_that_sends_nothing_is_looked_up_but_not_held_down_when_it_is_the_only_one)
{
    struct rig *rig = rig_new(_i, NAMED(", teardown: false"));

    report(rig, IGMP_REPORT_HEX);
    take_lookup(rig, NAME);
    ANSWER(rig, NAME, RELAY4);
    serve(rig, RELAY4, 1);
    wait_for_lookup(rig, 6);
    take_lookup(rig, NAME);
    ANSWER(rig, NAME, RELAY4);
    ck_assert_uint_eq(rig_counter(rig, "no-traffic"), 1);
    ck_assert_uint_eq(rig_counter(rig, "held-down"), 0);
    ck_assert_uint_eq(rig_counter(rig, "igmp-state"), 2);
    end(rig);
}
END_TEST

START_TEST(while_the_only_relay_is_held_down_its_name_is_looked_up_now_and_then)
{
    struct rig *rig = rig_new(_i, NAMED(""));

    report(rig, IGMP_REPORT_HEX);
    take_lookup(rig, NAME);
    ANSWER(rig, NAME, RELAY4);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0), .l = true});
    ck_assert_uint_eq(rig_drops(rig, "query-refused"), 1);
    wait_for_lookup(rig, 3);
    take_lookup(rig, NAME);
    ANSWER(rig, NAME, RELAY4);
    rig_expect_nothing(rig, "out");
    wait_for_lookup(rig, 121);
    take_lookup(rig, NAME);
    ANSWER(rig, NAME, OTHER_RELAY);
    take_request(rig, OTHER_RELAY, 0);
    end(rig);
}
END_TEST

/* ---- several ------------------------------------------------------------------------------ */

START_TEST(several_addresses_are_tried_in_their_order_until_one_answers)
{
    struct rig *rig = rig_new(_i, NAMED(", retries: 0"));

    report(rig, IGMP_REPORT_HEX);
    take_lookup(rig, NAME);
    ANSWER(rig, NAME, "2001:db8::9", "192.0.2.8", RELAY4);
    take_request(rig, "2001:db8::9", 0);
    wait_for_lookup(rig, 3);
    take_lookup(rig, NAME);
    ANSWER(rig, NAME, "2001:db8::9", "192.0.2.8", RELAY4);
    take_request(rig, "192.0.2.8", 0);
    wait_for_lookup(rig, 6);
    take_lookup(rig, NAME);
    ANSWER(rig, NAME, "2001:db8::9", "192.0.2.8", RELAY4);
    serve(rig, RELAY4, 1);
    ck_assert_uint_eq(rig_counter(rig, "relay-changes"), 0); /* none had served before */
    end(rig);
}
END_TEST

START_TEST(d20_of_several_relays_one_that_sends_nothing_is_held_down_and_left)
{
    struct rig *rig = rig_new(_i, GIVEN("[" RELAY4 ", " OTHER_RELAY "]", ", teardown: false"));

    report(rig, IGMP_REPORT_HEX);
    serve(rig, RELAY4, 1);
    for (unsigned ms = 0; ms < 6000 && !rig_counter(rig, "moving"); ms += 10)
        rig_step(rig, 10 * AMTG_MS);
    ck_assert_uint_eq(rig_counter(rig, "held-down"), 1);
    uint32_t nonce = take_request(rig, OTHER_RELAY, 0);
    tell(rig, (struct told){.from = OTHER_RELAY, .nonce = nonce, .mac = 2, .plain = true});
    ck_assert_uint_eq(rig_counter(rig, "relay-changes"), 1);
    end(rig);
}
END_TEST

START_TEST(relays_that_are_given_are_tried_in_turn_while_they_are_silent)
{
    struct rig *rig = rig_new(
        _i, GIVEN("[" RELAY4 ", " OTHER_RELAY ", 192.0.2.3]", ", retries: 0"));
    static const char *const order[] = {RELAY4, OTHER_RELAY, "192.0.2.3", RELAY4};
    char text[AMTG_ADDR_TEXT];
    unsigned turn = 0;

    report(rig, IGMP_REPORT_HEX);
    for (unsigned ms = 0; ms < 60000 && turn < 4; ms += 10) {
        while (turn < 4 && rig_count(rig, "out")) {
            struct amtg_packet *p = rig_take(rig, "out");
            amtg_addr_text(&p->peer.remote, text);
            if (strcmp(text, order[turn]) == 0)
                turn++;
            else
                ck_assert_str_eq(text, order[turn - 1]); /* a repeat */
            amtg_packet_free(p);
        }
        rig_step(rig, 10 * AMTG_MS);
    }
    ck_assert_uint_eq(turn, 4);
    end(rig);
}
END_TEST

START_TEST(addresses_that_are_of_no_use_are_left_out)
{
    struct rig *rig = rig_new(_i, "it:  {class: amt-gateway, ecn: no, relay: " NAME ", socket: udp}\n"
                                  "udp: {class: udp-socket, bind: 0.0.0.0, port: 0}\n");

    report(rig, IGMP_REPORT_HEX);
    take_lookup(rig, NAME);
    ANSWER(rig, NAME, "2001:db8::9", "0.0.0.0", "232.1.1.1", "169.254.1.1", "fe80::1", "::");
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "addresses-unserved"), 1);
    ck_assert_uint_eq(rig_counter(rig, "addresses-unfit"), 5);
    wait_for_lookup(rig, 2); /* as if it had none */
    take_lookup(rig, NAME);
    ANSWER(rig, NAME, "2001:db8::9", RELAY4);
    take_request(rig, RELAY4, 0);
    end(rig);
}
END_TEST

START_TEST(an_address_of_a_family_without_socket_is_not_asked)
{
    struct rig *rig = rig_new(_i, "it:  {class: amt-gateway, socket: udp, retries: 0}\n"
                                  "udp: {class: udp-socket, bind: 0.0.0.0, port: 0}\n");

    report(rig, IGMP_REPORT_HEX);
    ck_assert_uint_eq(rig_counter(rig, "addresses-unserved"), 1);
    for (unsigned i = 0; i < 5; i++) {
        take_discovery(rig, ANYCAST4);
        wait_out(rig, 130);
    }
    end(rig);
}
END_TEST

/* ---- discovery at names -------------------------------------------------------------------- */

START_TEST(discovery_goes_to_the_addresses_of_names_and_asks_for_them_again_in_the_next_round)
{
    struct rig *rig = rig_new(
        _i, FINDER(", discovery: [" ANYCAST4 ", any.example.net], retries: 0"));

    report(rig, IGMP_REPORT_HEX);
    take_lookup(rig, "any.example.net");
    ANSWER(rig, "any.example.net", "192.0.2.9", ANYCAST4);
    take_discovery(rig, ANYCAST4);
    wait_out(rig, 2);
    take_discovery(rig, "192.0.2.9");
    wait_for_lookup(rig, 3); /* ANYCAST4 is a candidate once only */
    take_lookup(rig, "any.example.net");
    rig_expect_nothing(rig, "out");
    ANSWER(rig, "any.example.net", "192.0.2.10");
    take_discovery(rig, ANYCAST4);
    wait_out(rig, 5);
    uint32_t nonce = take_discovery(rig, "192.0.2.10");
    advertise(rig, "192.0.2.10", nonce, RELAY4);
    take_request(rig, RELAY4, 0);
    end(rig);
}
END_TEST

START_TEST(when_a_lookup_fails_the_addresses_that_were_known_are_asked_on)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: any.example.net, retries: 0"));

    report(rig, IGMP_REPORT_HEX);
    take_lookup(rig, "any.example.net");
    ANSWER(rig, "any.example.net", "192.0.2.9");
    take_discovery(rig, "192.0.2.9");
    wait_for_lookup(rig, 2);
    take_lookup(rig, "any.example.net");
    answer(rig, "any.example.net", NULL);
    take_discovery(rig, "192.0.2.9");
    end(rig);
}
END_TEST

START_TEST(addresses_are_asked_after_a_second_when_a_name_has_no_answer)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: [any.example.net, " ANYCAST4 "]"));

    report(rig, IGMP_REPORT_HEX);
    take_lookup(rig, "any.example.net");
    rig_step(rig, AMTG_S - 1);
    rig_expect_nothing(rig, "out");
    rig_step(rig, 1);
    take_discovery(rig, ANYCAST4);
    end(rig);
}
END_TEST

START_TEST(what_is_no_answer_of_ours_is_dropped)
{
    struct rig *rig = rig_new(_i, NAMED(""));
    struct amtg_addresses a = {.count = 1};

    report(rig, IGMP_REPORT_HEX);
    take_lookup(rig, NAME);
    ANSWER(rig, "other.example.net", RELAY4);
    ck_assert_uint_eq(rig_drops(rig, "addresses-stranger"), 1);
    rig_push(rig, "addresses", rig_packet(rig, AMTG_ADDRESSES_OF, "x", 1));
    strcpy(a.name, NAME);
    rig_push(rig, "addresses", rig_packet(rig, AMTG_ADDRESSES_OF, &a, sizeof a));
    a = (struct amtg_addresses){.result = AMTG_LOOKUP_RESULTS};
    strcpy(a.name, NAME);
    rig_push(rig, "addresses", rig_packet(rig, AMTG_ADDRESSES_OF, &a, sizeof a));
    memset(a.name, 'a', sizeof a.name);
    a.result = 0;
    rig_push(rig, "addresses", rig_packet(rig, AMTG_ADDRESSES_OF, &a, sizeof a));
    ck_assert_uint_eq(rig_drops(rig, "addresses-wrong"), 4);
    rig_expect_nothing(rig, "out");
    end(rig);
}
END_TEST

AMTG_RIG_SUITE("amt/amt-gateway names",
               the_first_subscription_looks_the_relay_up_and_its_answer_asks_it,
               a_lookup_that_fails_or_stays_unanswered_is_repeated_with_back_off,
               an_answer_that_comes_late_is_taken,
               nobody_is_looked_up_any_more_when_nothing_is_subscribed,
               a_relay_that_moved_is_found_at_its_new_address_once_it_is_silent,
               a_relay_whose_name_is_gone_or_unchanged_is_asked_on_and_keeps_its_tunnel,
               a_relay_that_sends_nothing_is_looked_up_but_not_held_down_when_it_is_the_only_one,
               while_the_only_relay_is_held_down_its_name_is_looked_up_now_and_then,
               several_addresses_are_tried_in_their_order_until_one_answers,
               d20_of_several_relays_one_that_sends_nothing_is_held_down_and_left,
               relays_that_are_given_are_tried_in_turn_while_they_are_silent,
               addresses_that_are_of_no_use_are_left_out,
               an_address_of_a_family_without_socket_is_not_asked,
               discovery_goes_to_the_addresses_of_names_and_asks_for_them_again_in_the_next_round,
               when_a_lookup_fails_the_addresses_that_were_known_are_asked_on,
               addresses_are_asked_after_a_second_when_a_name_has_no_answer,
               what_is_no_answer_of_ours_is_dropped)
