/* stream-check: what it counts, what it judges, and what reaches the exit code. */
#include <stdio.h>
#include <string.h>

#include "elements/flow/numbered.h"
#include "elements/wire/types.h"
#include "tests/support/rig.h"

#define QUIET "it: {class: stream-check, report: none"

static void push(struct rig *rig, uint64_t number, uint64_t time_ns)
{
    uint8_t payload[40];

    amtg_numbered_write(payload, sizeof payload, number, time_ns);
    rig_push(rig, "in", rig_packet(rig, AMTG_DATAGRAM, payload, sizeof payload));
}

static void expect(struct rig *rig, uint64_t received, uint64_t lost, uint64_t duplicated,
                   uint64_t reordered, uint64_t stale)
{
    ck_assert_uint_eq(rig_counter(rig, "received"), received);
    ck_assert_uint_eq(rig_counter(rig, "lost"), lost);
    ck_assert_uint_eq(rig_counter(rig, "duplicated"), duplicated);
    ck_assert_uint_eq(rig_counter(rig, "reordered"), reordered);
    ck_assert_uint_eq(rig_counter(rig, "stale"), stale);
}

/* Stop, and see whether the run would fail. */
static void end(struct rig *rig, const char *verdict)
{
    rig_ignore(rig, "out");
    amtg_runtime_stop(rig_runtime(rig));
    const char *said = amtg_runtime_verdict(rig_runtime(rig));
    if (verdict) {
        ck_assert_msg(said && strstr(said, verdict), "said %s", said ? said : "nothing");
    } else {
        ck_assert_msg(!said, "said %s", said);
    }
    rig_free(rig);
}

START_TEST(a_whole_stream_is_good_and_passed_on)
{
    struct rig *rig = rig_new(_i, QUIET "}");

    for (uint64_t i = 5; i < 15; i++)
        push(rig, i, 0);
    ck_assert_uint_eq(rig_count(rig, "out"), 10);
    expect(rig, 10, 0, 0, 0, 0); /* what was before the first is not lost */
    end(rig, NULL);
}
END_TEST

START_TEST(a_gap_is_lost_until_it_is_filled)
{
    struct rig *rig = rig_new(_i, QUIET "}");

    push(rig, 0, 0);
    push(rig, 4, 0);
    expect(rig, 2, 3, 0, 0, 0);
    push(rig, 2, 0);
    expect(rig, 3, 2, 0, 1, 0);
    push(rig, 2, 0);
    expect(rig, 3, 2, 1, 1, 0);
    push(rig, 4, 0);
    expect(rig, 3, 2, 2, 1, 0);
    push(rig, 1, 0);
    push(rig, 3, 0);
    expect(rig, 5, 0, 2, 3, 0);
    end(rig, NULL);
}
END_TEST

START_TEST(numbers_before_the_first_or_the_window_are_stale)
{
    struct rig *rig = rig_new(_i, QUIET ", window: 8, may-lose: 100}");

    push(rig, 10, 0);
    push(rig, 9, 0);
    expect(rig, 1, 0, 0, 0, 1);
    push(rig, 20, 0);
    expect(rig, 2, 9, 0, 0, 1);
    push(rig, 12, 0);
    expect(rig, 2, 9, 0, 0, 2);
    push(rig, 13, 0);
    expect(rig, 3, 8, 0, 1, 2);
    push(rig, 27, 0); /* 20 is the oldest of the window now; 21 has the place of 13 */
    push(rig, 20, 0);
    push(rig, 21, 0);
    expect(rig, 5, 13, 1, 2, 2);
    end(rig, NULL);
}
END_TEST

START_TEST(a_leap_over_the_whole_window_forgets_it)
{
    struct rig *rig = rig_new(_i, QUIET ", window: 8}");

    for (uint64_t i = 0; i < 8; i++)
        push(rig, i, 0);
    push(rig, 1000, 0);
    push(rig, 999, 0);
    expect(rig, 10, 991, 0, 1, 0);
    end(rig, "lost 991");
}
END_TEST

START_TEST(no_number_makes_it_count_for_ever)
{
    struct rig *rig = rig_new(_i, QUIET "}");

    push(rig, 0, 0);
    push(rig, UINT64_MAX, 0);
    push(rig, 1, 0);
    expect(rig, 2, UINT64_MAX - 1, 0, 0, 1);
    end(rig, "lost 18446744073709551614");
}
END_TEST

START_TEST(loss_beyond_what_is_allowed_is_a_negative_verdict)
{
    for (int allowed = 0; allowed < 3; allowed++) {
        char text[128];
        snprintf(text, sizeof text, QUIET ", may-lose: %d}", allowed);
        struct rig *rig = rig_new(_i, text);
        push(rig, 0, 0);
        push(rig, 2, 0);
        end(rig, allowed ? NULL : "it (stream-check): received 2 (at least 1), lost 1 (at most 0)");
    }
}
END_TEST

START_TEST(too_few_is_a_negative_verdict)
{
    end(rig_new(_i, QUIET "}"), "received 0 (at least 1)");
    end(rig_new(_i, QUIET ", least: 0}"), NULL);
}
END_TEST

START_TEST(latency_has_least_mean_and_most)
{
    struct rig *rig = rig_new(_i, QUIET "}");

    rig_step(rig, AMTG_S);
    push(rig, 0, AMTG_S - 10);
    push(rig, 1, AMTG_S - 40);
    push(rig, 1, AMTG_S - 70);
    ck_assert_uint_eq(rig_counter(rig, "latency-least"), 10);
    ck_assert_uint_eq(rig_counter(rig, "latency-mean"), 40);
    ck_assert_uint_eq(rig_counter(rig, "latency-most"), 70);
    end(rig, NULL);
}
END_TEST

START_TEST(what_no_generator_wrote_is_dropped)
{
    struct rig *rig = rig_new(_i, QUIET ", least: 0}");
    uint8_t payload[40];

    amtg_numbered_write(payload, sizeof payload, 0, 0);
    rig_push(rig, "in", rig_packet(rig, AMTG_DATAGRAM, payload, AMTG_NUMBERED_LEAST - 1));
    payload[3] ^= 1;
    rig_push(rig, "in", rig_packet(rig, AMTG_DATAGRAM, payload, sizeof payload));
    ck_assert_uint_eq(rig_drops(rig, "not-numbered"), 2);
    end(rig, NULL);
}
END_TEST

START_TEST(a_changed_octet_is_a_negative_verdict)
{
    struct rig *rig = rig_new(_i, QUIET ", least: 0}");
    uint8_t payload[40];

    amtg_numbered_write(payload, sizeof payload, 0, 0);
    payload[39] ^= 1;
    rig_push(rig, "in", rig_packet(rig, AMTG_DATAGRAM, payload, sizeof payload));
    ck_assert_uint_eq(rig_drops(rig, "changed"), 1);
    end(rig, "changed 1");
}
END_TEST

#define STREAM(source, group, loss, more)                                                  \
    "source: {class: generator, source: " source ", group: " group ", count: 1000}\n"      \
    "path: {class: link, delay: 20ms, loss: " loss "}\n"                                   \
    "it: {class: stream-check, report: none, source: source" more "}\n"                    \
    "edges:\n"                                                                             \
    "  - source -> path -> it\n"

START_TEST(a_generator_s_packets_are_read_out_of_both_versions_of_ip)
{
    const char *texts[] = {STREAM("192.0.2.1", "232.1.1.1", "0", ", least: 1000"),
                           STREAM("\"2001:db8::1\"", "\"ff3e::8000:1\"", "0", ", least: 1000")};

    for (unsigned i = 0; i < 2; i++) {
        struct rig *rig = rig_new(_i, texts[i]);
        rig_step(rig, 20 * AMTG_S);
        expect(rig, 1000, 0, 0, 0, 0);
        ck_assert_uint_eq(rig_counter(rig, "latency-least"), 20 * AMTG_MS);
        ck_assert_uint_eq(rig_counter(rig, "latency-most"), 20 * AMTG_MS);
        end(rig, NULL);
    }
}
END_TEST

/* The generator goes to `path`, of which nothing comes; the test itself pushes number 0. */
#define DEAD_END                                                                            \
    "source: {class: generator, source: 192.0.2.1, group: 232.1.1.1, rate: 100, count: 50}\n" \
    "path: {class: discard}\n"                                                              \
    "it: {class: stream-check, report: none, source: source, silence: 500ms}\n"             \
    "edges:\n"                                                                              \
    "  - source -> path\n"

START_TEST(what_was_sent_last_is_under_way_until_the_silence_is_too_long)
{
    for (int silent = 0; silent < 2; silent++) {
        struct rig *rig = rig_new(_i, DEAD_END);
        push(rig, 0, 0);
        rig_step(rig, 500 * AMTG_MS - !silent);
        end(rig, silent ? "lost 49" : NULL);
    }
}
END_TEST

/* Beside the stream is one that never ends, so that the run would go on. */
#define ENDS(loss)                                                                          \
    "source: {class: generator, source: 192.0.2.1, group: 232.1.1.1, rate: 100, count: 50, " \
    "after: 1s}\n"                                                                          \
    "path: {class: link, delay: 30ms, loss: " loss "}\n"                                    \
    "it: {class: stream-check, report: none, least: 0, source: source, ends: yes}\n"        \
    "other: {class: generator, source: 192.0.2.1, group: 232.1.1.1}\n"                      \
    "nowhere: {class: discard}\n"                                                           \
    "edges:\n"                                                                              \
    "  - source -> path -> it\n"                                                            \
    "  - other -> nowhere\n"

START_TEST(with_ends_the_run_is_over_when_all_has_come_or_nothing_comes)
{
    static const struct {
        const char *text;
        uint64_t sent_ms, grace_ms, received;
    } cases[] = {{ENDS("0"), 1000 + 490, 30, 50}, {ENDS("1"), 1000 + 490, 1000, 0}};

    for (unsigned i = 0; i < 2; i++) {
        struct rig *rig = rig_new(_i, cases[i].text);
        uint64_t over = (cases[i].sent_ms + cases[i].grace_ms) * AMTG_MS;
        char why[256];
        ck_assert_int_eq(amtg_runtime_run(rig_runtime(rig), 60 * AMTG_S, why, sizeof why), AMTG_OK);
        uint64_t now = amtg_loop_now_ns(amtg_runtime_loop(rig_runtime(rig)));
        ck_assert_uint_ge(now, over);
        ck_assert_uint_le(now, over + 40 * AMTG_MS);
        ck_assert_uint_eq(rig_counter(rig, "received"), cases[i].received);
        end(rig, NULL);
    }
}
END_TEST

AMTG_RIG_SUITE("stream-check", a_whole_stream_is_good_and_passed_on,
               a_gap_is_lost_until_it_is_filled, numbers_before_the_first_or_the_window_are_stale,
               a_leap_over_the_whole_window_forgets_it,
               no_number_makes_it_count_for_ever,
               loss_beyond_what_is_allowed_is_a_negative_verdict, too_few_is_a_negative_verdict,
               latency_has_least_mean_and_most, what_no_generator_wrote_is_dropped,
               a_changed_octet_is_a_negative_verdict,
               a_generator_s_packets_are_read_out_of_both_versions_of_ip,
               what_was_sent_last_is_under_way_until_the_silence_is_too_long,
               with_ends_the_run_is_over_when_all_has_come_or_nothing_comes)
