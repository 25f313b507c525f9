/* wish-check: only what is wanted may come, and of that something has to come. */
#include "tests/elements/group/said.h"
#include "tests/support/udp_packet.h"

static void wish(struct rig *rig, const char *group, bool exclude, unsigned count,
                 const char *const *sources)
{
    struct amtg_packet *p =
        amtg_make(rig_element(rig, "it"), AMTG_JOIN,
                  (uint32_t)(sizeof(struct amtg_join) + count * sizeof(struct amtg_addr)));
    struct amtg_join *join = (struct amtg_join *)p->data;

    rig_element(rig, "it")->made--; /* it comes from elsewhere */
    join->exclude = exclude;
    join->count = (uint16_t)count;
    ck_assert(amtg_addr_parse(group, &join->group));
    for (unsigned i = 0; i < count; i++)
        ck_assert(amtg_addr_parse(sources[i], &join->sources[i]));
    rig_push(rig, "joins", p);
    rig_ignore(rig, "joins");
}

static void want(struct rig *rig, const char *source, const char *group)
{
    wish(rig, group, false, 1, &source);
}

static void leave(struct rig *rig, const char *group)
{
    wish(rig, group, false, 0, NULL);
}

static void come(struct rig *rig, const char *source, const char *group)
{
    rig_push(rig, "data", udp_packet(rig, source, 5004, group, 5004, 9));
    rig_ignore(rig, "data");
}

static const char *verdict(struct rig *rig)
{
    const char *text = amtg_runtime_verdict(rig_runtime(rig));
    return text ? text : "good";
}

START_TEST(records_and_what_is_wanted_pass)
{
    struct rig *rig = rig_new(_i, "it: {class: wish-check}");
    static const char *const sources[] = {"192.0.2.1", "192.0.2.2"};
    struct amtg_packet *p = amtg_make(rig_element(rig, "it"), AMTG_JOIN, sizeof(struct amtg_join));

    rig_element(rig, "it")->made--;
    amtg_addr_parse("239.9.9.9", &((struct amtg_join *)p->data)->group);
    rig_push(rig, "joins", p);
    ck_assert_str_eq(said(rig, "joins"), "nothing of 239.9.9.9 {}");
    wish(rig, "232.1.2.3", false, 2, sources);
    wish(rig, "239.1.1.1", true, 0, NULL);
    ck_assert_uint_eq(rig_counter(rig, "wanted"), 3);
    come(rig, "192.0.2.1", "232.1.2.3");
    come(rig, "192.0.2.2", "232.1.2.3");
    rig_push(rig, "data", udp_packet(rig, "192.0.2.9", 5004, "239.1.1.1", 5004, 9));
    ck_assert_str_eq(udp_said(rig, "data"), "192.0.2.9:5004 > 239.1.1.1:5004 hops 9");
    ck_assert_uint_eq(rig_counter(rig, "received"), 3);
    ck_assert_str_eq(verdict(rig), "good");
    rig_free(rig);
}
END_TEST

START_TEST(what_was_never_wanted_may_not_come)
{
    struct rig *rig = rig_new(_i, "it: {class: wish-check}");

    want(rig, "192.0.2.1", "232.1.2.3");
    rig_step(rig, 3723 * AMTG_S);
    come(rig, "192.0.2.2", "232.1.2.3");
    ck_assert_uint_eq(rig_drops(rig, "unwanted"), 1);
    ck_assert_str_eq(verdict(rig), "it (wish-check): at 1:02:03.000 came 192.0.2.2@232.1.2.3, "
                                   "which was never wanted");
    rig_free(rig);
}
END_TEST

START_TEST(what_is_wanted_no_more_may_come_for_a_while)
{
    struct rig *rig = rig_new(_i, "it: {class: wish-check, grace: 10s}");

    want(rig, "192.0.2.1", "232.1.2.3");
    leave(rig, "232.1.2.3");
    rig_step(rig, 10 * AMTG_S);
    come(rig, "192.0.2.1", "232.1.2.3");
    ck_assert_uint_eq(rig_counter(rig, "late"), 1);
    ck_assert_str_eq(verdict(rig), "good");
    rig_step(rig, 1);
    come(rig, "192.0.2.1", "232.1.2.3");
    ck_assert_str_eq(verdict(rig), "it (wish-check): at 0:00:10.000 came 192.0.2.1@232.1.2.3, "
                                   "which has not been wanted since 0:00:00.000");
    rig_free(rig);
}
END_TEST

/* A record says in full what is wanted: sources that it does not list are left. */
START_TEST(a_source_that_is_not_listed_any_more_is_left)
{
    static const char *const both[] = {"192.0.2.1", "192.0.2.2"};
    struct rig *rig = rig_new(_i, "it: {class: wish-check, grace: 0s}");

    wish(rig, "232.1.2.3", false, 2, both);
    want(rig, "192.0.2.2", "232.1.2.3");
    rig_step(rig, 1);
    come(rig, "192.0.2.2", "232.1.2.3");
    ck_assert_str_eq(verdict(rig), "good");
    come(rig, "192.0.2.1", "232.1.2.3");
    ck_assert_uint_eq(rig_drops(rig, "unwanted"), 1);
    rig_free(rig);
}
END_TEST

START_TEST(a_channel_that_is_wanted_may_not_be_silent_for_long)
{
    struct rig *rig = rig_new(_i, "it: {class: wish-check, gap: 60s}");

    want(rig, "192.0.2.1", "232.1.2.3");
    rig_step(rig, 59 * AMTG_S);
    come(rig, "192.0.2.1", "232.1.2.3");
    ck_assert_uint_eq(rig_counter(rig, "longest-gap"), 59 * AMTG_S);
    rig_step(rig, 60 * AMTG_S - 1);
    ck_assert_str_eq(verdict(rig), "good");
    rig_step(rig, 1);
    ck_assert_str_eq(verdict(rig),
                     "it (wish-check): at 0:01:59.000 nothing has come of 192.0.2.1@232.1.2.3 "
                     "since 0:00:59.000, though it is wanted");
    ck_assert_uint_eq(rig_counter(rig, "gaps"), 1);
    rig_step(rig, 60 * AMTG_S); /* and again, for as long as it is so */
    ck_assert_uint_eq(rig_counter(rig, "gaps"), 2);
    rig_free(rig);
}
END_TEST

START_TEST(who_has_left_waits_for_nothing_and_who_joins_again_anew)
{
    struct rig *rig = rig_new(_i, "it: {class: wish-check, gap: 60s}");

    wish(rig, "239.1.1.1", true, 0, NULL);
    rig_step(rig, 50 * AMTG_S);
    leave(rig, "239.1.1.1");
    rig_step(rig, 600 * AMTG_S);
    wish(rig, "239.1.1.1", true, 0, NULL);
    rig_step(rig, 60 * AMTG_S - 1);
    ck_assert_str_eq(verdict(rig), "good");
    rig_step(rig, 1);
    ck_assert_str_eq(verdict(rig), "it (wish-check): at 0:11:50.000 nothing has come of "
                                   "*@239.1.1.1 since 0:10:50.000, though it is wanted");
    rig_free(rig);
}
END_TEST

/* No silence counts while the path is cut; then it counts from the end of the cut. */
START_TEST(a_path_that_is_cut_excuses)
{
    struct rig *rig = rig_new(_i, "it: {class: wish-check, gap: 60s, path: cable}\n"
                                  "cable: {class: outage, every: 1s, length: 2h}");
    struct amtg_element *cable = rig_element(rig, "cable");
    uint64_t whole_ns = 0;

    want(rig, "192.0.2.1", "232.1.2.3");
    rig_step(rig, 3 * AMTG_S);
    ck_assert_uint_ge(cable->counters[1], 1); /* cuts */
    for (unsigned i = 0; i < 100000 && !rig_counter(rig, "gaps"); i++) {
        whole_ns = cable->counters[0] ? 0 : whole_ns + AMTG_S;
        ck_assert_uint_le(whole_ns, 62 * AMTG_S);
        rig_step(rig, AMTG_S);
    }
    ck_assert_uint_eq(rig_counter(rig, "gaps"), 0); /* it is never whole for long enough */
    rig_free(rig);
}
END_TEST

START_TEST(more_channels_than_can_be_remembered_are_a_bad_verdict)
{
    struct rig *rig = rig_new(_i, "it: {class: wish-check, channels: 2, grace: 5s}");

    want(rig, "192.0.2.1", "232.1.2.1");
    want(rig, "192.0.2.1", "232.1.2.2");
    leave(rig, "232.1.2.1");
    rig_step(rig, 6 * AMTG_S);
    want(rig, "192.0.2.1", "232.1.2.3"); /* in the place of the one that was left */
    ck_assert_str_eq(verdict(rig), "good");
    want(rig, "192.0.2.1", "232.1.2.4");
    ck_assert_str_eq(verdict(rig),
                     "it (wish-check): more than 2 channels to remember: raise `channels`");
    rig_free(rig);
}
END_TEST

START_TEST(a_truncated_record_is_dropped)
{
    struct rig *rig = rig_new(_i, "it: {class: wish-check}");

    rig_push_hex(rig, "joins", AMTG_JOIN, "e801");
    rig_push_hex(rig, "joins", AMTG_JOIN, "00000000000000000000ffffe8010203 0000 0001");
    ck_assert_uint_eq(rig_drops(rig, "malformed"), 2);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("wish-check", records_and_what_is_wanted_pass, what_was_never_wanted_may_not_come,
               what_is_wanted_no_more_may_come_for_a_while,
               a_source_that_is_not_listed_any_more_is_left,
               a_channel_that_is_wanted_may_not_be_silent_for_long,
               who_has_left_waits_for_nothing_and_who_joins_again_anew, a_path_that_is_cut_excuses,
               more_channels_than_can_be_remembered_are_a_bad_verdict,
               a_truncated_record_is_dropped)
