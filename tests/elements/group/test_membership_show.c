/* What membership shows when asked, and its call `drop`. */
#include "tests/support/rig.h"

#include <stdlib.h>
#include <string.h>

#include "core/ask.h"
#include "elements/wire/types.h"

#define ALLOW_ONE "22000000" "00000001" "05000001" "e8010203" "c0000201" /* 232.1.2.3 {192.0.2.1} */
#define EXCLUDE_ONE "22000000" "00000001" "04000001" "ef010203" "c0000202" /* 239.1.2.3 but 192.0.2.2 */

static void report(struct rig *rig, const char *hex, const char *remote, uint16_t port)
{
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_REPORT, hex);

    rig_from(p, remote, port, "198.51.100.1", 2268);
    rig_push(rig, "reports", p);
}

static const struct amtg_listing *listing(struct amtg_element *e, const char *name)
{
    for (unsigned i = 0; i < e->class->listings_count; i++)
        if (strcmp(e->class->listings[i].name, name) == 0)
            return &e->class->listings[i];
    ck_abort_msg("no listing %s", name);
    return NULL;
}

/* All rows, asked for page by page. */
static json_t *rows_of(struct rig *rig, const char *name)
{
    struct amtg_element *e = rig_element(rig, "it");
    json_t *rows = json_array();
    uint64_t cursor = 0;

    do
        cursor = amtg_ask_rows(e, listing(e, name), cursor, rows);
    while (cursor);
    return rows;
}

static void expect_rows(struct rig *rig, const char *name, const char *wanted)
{
    json_t *rows = rows_of(rig, name);
    char *text = json_dumps(rows, JSON_PRESERVE_ORDER | JSON_COMPACT);

    ck_assert_str_eq(text, wanted);
    free(text);
    json_decref(rows);
}

static void finish(struct rig *rig)
{
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "joins");
    rig_free(rig);
}

START_TEST(a_gateway_is_shown_with_what_it_has_joined)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    expect_rows(rig, "gateways", "[]");
    report(rig, ALLOW_ONE, "203.0.113.7", 51000);
    rig_step(rig, 100 * AMTG_S);
    report(rig, EXCLUDE_ONE, "203.0.113.7", 51000);
    rig_step(rig, 10 * AMTG_S);
    expect_rows(rig, "gateways",
                "[{\"gateway\":\"203.0.113.7:51000\",\"local\":\"198.51.100.1:2268\",\"state\":\"joined\","
                "\"age\":110.0,\"refreshed\":10.0,\"next\":150.0,\"groups\":2,\"sources\":2,"
                "\"joined\":\"232.1.2.3{192.0.2.1} 239.1.2.3{* but 192.0.2.2}\",\"copies\":0,"
                "\"octets\":0,\"pmtu\":null}]");
    expect_rows(rig, "groups",
                "[{\"group\":\"232.1.2.3\",\"gateway\":\"203.0.113.7:51000\",\"mode\":\"include\","
                "\"version\":\"current\",\"left\":null,\"sources\":\"192.0.2.1 (150.0 s)\"},"
                "{\"group\":\"239.1.2.3\",\"gateway\":\"203.0.113.7:51000\",\"mode\":\"exclude\","
                "\"version\":\"current\",\"left\":250.0,\"sources\":\"192.0.2.2 (blocked)\"}]");
    finish(rig);
}
END_TEST

START_TEST(channels_are_what_all_want_together)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    report(rig, ALLOW_ONE, "203.0.113.7", 51000);
    report(rig, ALLOW_ONE, "203.0.113.8", 51000);
    expect_rows(rig, "channels", "[{\"group\":\"232.1.2.3\",\"mode\":\"include\",\"sources\":\"192.0.2.1\","
                                 "\"listed\":1,\"any-source\":0}]");
    finish(rig);
}
END_TEST

START_TEST(each_of_a_thousand_gateways_is_shown_in_pages)
{
    enum { MANY = 1000 };
    struct rig *rig = rig_new(_i, "it: {class: membership}");
    bool seen[MANY] = {false};
    const json_t *row;
    size_t i;

    for (unsigned n = 0; n < MANY; n++)
        report(rig, ALLOW_ONE, "203.0.113.7", (uint16_t)(50000 + n));
    json_t *rows = rows_of(rig, "gateways");
    json_array_foreach(rows, i, row) {
        const char *text = json_string_value(json_object_get(row, "gateway"));
        seen[atoi(strchr(text, ':') + 1) - 50000] = true;
    }
    for (unsigned n = 0; n < MANY; n++)
        ck_assert_msg(seen[n], "gateway %u is not shown", n);
    json_t *first = json_array();
    struct amtg_element *e = rig_element(rig, "it");
    ck_assert_uint_ne(amtg_ask_rows(e, listing(e, "gateways"), 0, first), 0);
    ck_assert_uint_lt(json_array_size(first), 300); /* packets do not wait for all of them */
    json_decref(first);
    json_decref(rows);
    finish(rig);
}
END_TEST

START_TEST(a_gateway_can_be_dropped_by_hand)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");
    static const char *const args[] = {"203.0.113.7", "51000"};
    char why[256] = "";

    report(rig, ALLOW_ONE, "203.0.113.7", 51000);
    ck_assert_int_eq(amtg_ask_call(rig_element(rig, "it"), "drop", args, 2, why, sizeof why), AMTG_OK);
    ck_assert_uint_eq(rig_counter(rig, "endpoints"), 0);
    ck_assert_uint_eq(rig_counter(rig, "dropped"), 1);
    ck_assert_int_eq(amtg_ask_call(rig_element(rig, "it"), "drop", args, 2, why, sizeof why), AMTG_ECONFIG);
    ck_assert_str_eq(why, "it (membership): there is no such gateway");
    rig_step(rig, AMTG_S); /* upstream is told that nothing is wanted any more */
    rig_ignore(rig, "joins");
    expect_rows(rig, "channels", "[]");
    finish(rig);
}
END_TEST

/* Whatever each of them has joined, packets do not wait for more than some hundred rows. */
START_TEST(pages_of_groups_are_bounded_by_their_rows)
{
    enum { GATEWAYS = 200, GROUPS = 20, PAGE = 256 };
    struct rig *rig = rig_new(_i, "it: {class: membership}");
    struct amtg_element *e = rig_element(rig, "it");
    uint64_t cursor = 0;
    unsigned all = 0;

    for (unsigned n = 0; n < GATEWAYS; n++)
        for (unsigned g = 0; g < GROUPS; g++) {
            char hex[64];
            snprintf(hex, sizeof hex, "22000000" "00000001" "05000001" "e80102%02x" "c0000201", g);
            report(rig, hex, "203.0.113.7", (uint16_t)(50000 + n));
        }
    do {
        json_t *rows = json_array();
        cursor = amtg_ask_rows(e, listing(e, "groups"), cursor, rows);
        ck_assert_uint_lt(json_array_size(rows), PAGE + 8 * GROUPS); /* some may share a slot */
        all += (unsigned)json_array_size(rows);
        json_decref(rows);
    } while (cursor);
    ck_assert_uint_eq(all, GATEWAYS * GROUPS);
    finish(rig);
}
END_TEST

AMTG_RIG_SUITE("membership_show", a_gateway_is_shown_with_what_it_has_joined,
               channels_are_what_all_want_together, each_of_a_thousand_gateways_is_shown_in_pages,
               pages_of_groups_are_bounded_by_their_rows, a_gateway_can_be_dropped_by_hand)
