/* What a run says at its end: for people, and as JSON for programs. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "elements/wire/types.h"
#include "tests/support/rig.h"

/* yours to free */
static char *stats(struct rig *rig, bool json)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    struct amtg_runtime *only = rig_runtime(rig);
    amtg_runtimes_print_stats(&only, 1, out, json);
    fclose(out);
    return text;
}

/* Two datagrams pass a queue of one: one of them is dropped. */
static struct rig *rig_after_a_drop(int shared)
{
    struct rig *rig = rig_new(shared, "it: {class: queue, limit: 1}");
    struct amtg_packet *two[] = {rig_packet_hex(rig, AMTG_DATAGRAM, "0102"),
                                 rig_packet_hex(rig, AMTG_DATAGRAM, "0304")};

    rig_push_batch(rig, "in", two, 2);
    rig_step(rig, 1500 * AMTG_MS);
    rig_expect_hex(rig, "out", "0102");
    return rig;
}

START_TEST(json_has_every_counter_drop_and_port)
{
    struct rig *rig = rig_after_a_drop(_i);
    char *text = stats(rig, true);
    json_error_t error;
    json_t *all = json_loads(text, 0, &error), *it;

    ck_assert_msg(all != NULL, "%s: %s", error.text, text);
    ck_assert_int_eq(json_integer_value(json_object_get(all, "version")), 1);
    ck_assert(json_real_value(json_object_get(all, "seconds")) == 1.5);
    it = json_object_get(json_object_get(all, "elements"), "it");
    ck_assert_str_eq(json_string_value(json_object_get(it, "class")), "queue");
    ck_assert_int_eq(json_integer_value(json_object_get(it, "taken")), 2);
    json_t *counters = json_object_get(it, "counters"), *drops = json_object_get(it, "drops");
    ck_assert_ptr_nonnull(json_object_get(counters, "length"));
    ck_assert_int_eq(json_integer_value(json_object_get(drops, "full")), 1);
    ck_assert_ptr_nonnull(json_object_get(drops, "no-buffer"));
    json_t *pool = json_object_get(all, "pool");
    ck_assert_int_gt(json_integer_value(json_object_get(pool, "limit")), 0);
    ck_assert_ptr_nonnull(json_object_get(all, "records"));
    json_decref(all);
    free(text);
    rig_free(rig);
}
END_TEST

START_TEST(people_are_told_what_is_not_zero)
{
    struct rig *rig = rig_after_a_drop(_i);
    char *text = stats(rig, false);

    ck_assert_msg(strstr(text, "it") && strstr(text, "full"), "%s", text);
    ck_assert_ptr_null(strstr(text, "no-buffer"));
    free(text);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("runtime-stats", json_has_every_counter_drop_and_port,
               people_are_told_what_is_not_zero)
