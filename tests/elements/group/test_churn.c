/* churn: channels are wanted and not, for random times of a given mean, until a given time. */
#include "tests/elements/group/said.h"
#include "tests/support/refused.h"

#include <string.h>

START_TEST(a_channel_is_wanted_now_and_then)
{
    struct rig *rig = rig_new(_i, "it: {class: churn, channels: [192.0.2.1@232.1.2.3], "
                                  "wanted: 10m, unwanted: 20m, refresh: 24h}");
    uint64_t wanted_ns = 0, total_ns = 1000 * 1800 * AMTG_S;

    ck_assert_uint_eq(rig_counter(rig, "wanted"), 0);
    rig_expect_nothing(rig, "out");
    for (uint64_t ns = 0; ns < total_ns; ns += 60 * AMTG_S) {
        rig_step(rig, 60 * AMTG_S);
        wanted_ns += rig_counter(rig, "wanted") * 60 * AMTG_S;
        if (rig_count(rig, "out") > 100)
            rig_ignore(rig, "out");
    }
    rig_ignore(rig, "out");
    /* A third of the time, in 1000 rounds of half an hour: 3 % of deviation. */
    ck_assert_uint_ge(wanted_ns, total_ns / 3 * 9 / 10);
    ck_assert_uint_le(wanted_ns, total_ns / 3 * 11 / 10);
    ck_assert_uint_ge(rig_counter(rig, "changes"), 1800);
    ck_assert_uint_le(rig_counter(rig, "changes"), 2200);
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(each_change_is_said_in_full_for_its_group)
{
    struct rig *rig = rig_new(_i, "it: {class: churn, channels: [192.0.2.1@232.1.2.3, "
                                  "192.0.2.2@232.1.2.3], wanted: 1h, unwanted: 1h, refresh: 24h}");
    unsigned both = 0, one = 0, none = 0;

    for (unsigned i = 0; i < 200; i++) {
        rig_step(rig, 600 * AMTG_S);
        while (rig_count(rig, "out")) {
            const char *text = said(rig, "out");
            bool first = strstr(text, "192.0.2.1"), second = strstr(text, "192.0.2.2");
            ck_assert(strstr(text, "232.1.2.3"));
            ck_assert_int_eq(strncmp(text, "only", 4) == 0, first || second);
            both += first && second;
            one += first != second;
            none += !first && !second;
        }
    }
    ck_assert(both && one && none);
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(what_is_wanted_is_said_again)
{
    struct rig *rig = rig_new(_i, "it: {class: churn, channels: [239.1.1.1, 192.0.2.1@232.1.2.3], "
                                  "wanted: 24h, unwanted: 1s, refresh: 30s}");
    rig_step(rig, 3 * AMTG_S);
    ck_assert_uint_ge(rig_counter(rig, "wanted"), 1);
    rig_ignore(rig, "out");
    for (unsigned i = 0; i < 3; i++) {
        uint64_t wanted = rig_counter(rig, "wanted");
        rig_step(rig, 30 * AMTG_S);
        ck_assert_uint_ge(rig_count(rig, "out"), wanted);
        rig_ignore(rig, "out");
    }
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(from_until_on_nothing_is_wanted)
{
    struct rig *rig = rig_new(_i, "it: {class: churn, channels: [239.1.1.1], wanted: 24h, "
                                  "unwanted: 1s, refresh: 24h, until: 10s}");
    rig_step(rig, 10 * AMTG_S - 1);
    ck_assert_str_eq(said(rig, "out"), "all but 239.1.1.1 {}");
    ck_assert_uint_eq(rig_counter(rig, "wanted"), 1);
    rig_step(rig, 1);
    ck_assert_str_eq(said(rig, "out"), "nothing of 239.1.1.1 {}");
    ck_assert_uint_eq(rig_counter(rig, "wanted"), 0);
    rig_step(rig, 3 * 24 * 3600 * AMTG_S); /* more than twice the mean */
    rig_expect_nothing(rig, "out");
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(a_graph_that_stops_wants_nothing)
{
    struct rig *rig = rig_new(_i, "it: {class: churn, channels: [239.1.1.1], wanted: 24h, "
                                  "unwanted: 1s}");
    rig_step(rig, 2 * AMTG_S);
    rig_ignore(rig, "out");
    amtg_runtime_stop(rig_runtime(rig));
    ck_assert_str_eq(said(rig, "out"), "nothing of 239.1.1.1 {}");
    rig_free(rig);
}
END_TEST

START_TEST(channels_that_cannot_be_are_refused)
{
    expect_refused("it: {class: churn, channels: []}", "channels");
    expect_refused("it: {class: churn, channels: [here]}", "expected GROUP or SOURCE@GROUP");
    expect_refused("it: {class: churn, channels: [192.0.2.1]}", "no multicast address");
    expect_refused("it: {class: churn, channels: [232.1.2.3]}", "needs a source");
}
END_TEST

AMTG_RIG_SUITE("churn", a_channel_is_wanted_now_and_then, each_change_is_said_in_full_for_its_group,
               what_is_wanted_is_said_again, from_until_on_nothing_is_wanted,
               a_graph_that_stops_wants_nothing, channels_that_cannot_be_are_refused)
