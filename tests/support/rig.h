/*
 * The rig: one element under test, called `it`, in a graph of its own on the
 * virtual clock. Each output of `it` that the text leaves open gets a recorder.
 * Inputs are pushed by the test. Use it in a suite made with AMTG_RIG_SUITE: each
 * test then runs twice, the second time (`_i` is 1) with every pushed buffer
 * shared with a second packet whose octets must stay as they were.
 *
 *     START_TEST(packets_at_the_floor_expire)
 *     {
 *         struct rig *rig = rig_new(_i, "it: {class: hop-limit, floor: 1}");
 *         rig_push_hex(rig, "in", AMTG_IP, "4500...");
 *         rig_expect_hex(rig, "expired", "4500...");
 *         rig_free(rig);
 *     }
 *     END_TEST
 *
 * rig_free stops the graph and fails the test unless every packet is accounted
 * for (taken + made == emitted + dropped + finished), every buffer is back, and
 * everything recorded was looked at (rig_expect_*, rig_take, rig_ignore).
 */
#ifndef AMTG_TESTS_RIG_H
#define AMTG_TESTS_RIG_H

#include <stdio.h>

#include "core/element.h"
#include "core/runtime.h"
#include "tests/support/suite.h"

struct rig;

/*
 * elements: lines of an `elements:` map, at any indent; one is called `it`. May be
 * followed by a line `edges:` and list items. Fails the test when the graph is bad.
 */
struct rig *rig_new(bool shared, const char *elements);
/* The same on the real clock and real sockets, for host classes (loopback only). */
struct rig *rig_new_real(bool shared, const char *elements);
/* Where rigs made from now on log to, all levels; NULL: nowhere. */
void rig_log_to(FILE *out);
void rig_free(struct rig *rig);

/* A packet with a copy of these octets; then push it (takes it). `it` may start when it is first needed. */
struct amtg_packet *rig_packet(struct rig *rig, const struct amtg_type *type, const void *octets, size_t len);
struct amtg_packet *rig_packet_hex(struct rig *rig, const struct amtg_type *type, const char *hex);
/* Set who sent it: "192.0.2.1", 51000 to "198.51.100.1", 2268. */
void rig_from(struct amtg_packet *p, const char *remote, uint16_t remote_port, const char *local, uint16_t local_port);
void rig_push(struct rig *rig, const char *input, struct amtg_packet *p);
void rig_push_hex(struct rig *rig, const char *input, const struct amtg_type *type, const char *hex);
void rig_push_batch(struct rig *rig, const char *input, struct amtg_packet **packets, unsigned count);

/* Let time pass: all that is due up to then happens. */
void rig_step(struct rig *rig, uint64_t ns);

/* What came out of an output, oldest first. take: yours to free with amtg_packet_free; fails when there is none. */
unsigned rig_count(struct rig *rig, const char *output);
struct amtg_packet *rig_take(struct rig *rig, const char *output);
void rig_expect_hex(struct rig *rig, const char *output, const char *hex); /* takes one and compares */
void rig_expect_nothing(struct rig *rig, const char *output);
void rig_ignore(struct rig *rig, const char *output); /* forget all that was recorded there */

/* Counters and drop reasons of `it`, by name (also `no-buffer`, `open`); an unknown name fails the test. */
uint64_t rig_counter(struct rig *rig, const char *name);
uint64_t rig_drops(struct rig *rig, const char *reason);
uint64_t rig_drops_all(struct rig *rig);

struct amtg_element *rig_element(struct rig *rig, const char *name);
struct amtg_runtime *rig_runtime(struct rig *rig);

/* A hex text (blanks allowed) to octets; returns how many; fails the test on bad hex. */
size_t rig_octets(const char *hex, uint8_t *out, size_t room);

#define AMTG_RIG_SUITE(name, ...)                                                         \
    int main(void)                                                                        \
    AMTG_RIG_SUITE_BODY(name, __VA_ARGS__)

#define AMTG_RIG_SUITE_BODY(name, ...)                                                    \
    {                                                                                     \
        const TTest *const tests[] = {__VA_ARGS__};                                       \
        Suite *suite = suite_create(name);                                                \
        TCase *all = tcase_create(name);                                                  \
        for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)                       \
            tcase_add_loop_test(all, tests[i], 0, 2);                                     \
        tcase_set_timeout(all, 30);                                                       \
        suite_add_tcase(suite, all);                                                      \
        SRunner *runner = srunner_create(suite);                                          \
        srunner_run_all(runner, CK_ENV);                                                  \
        int failed = srunner_ntests_failed(runner);                                       \
        srunner_free(runner);                                                             \
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                      \
    }

#endif
