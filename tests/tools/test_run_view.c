/* Counters as tables, and rates between two looks. */
#include "tools/amtgraph/admin/view.h"

#include <string.h>

#include "tests/support/suite.h"

static json_t *counters(double seconds, int out_a, int out_b, int taken, int dropped)
{
    return json_pack("{sf s{s{ss si s{} s{s{si si} s{si si}}} s{ss si s{si si} s{}}}}", "seconds", seconds,
                     "elements", "two", "class", "tee", "taken", taken, "drops", "ports", "a", "packets", out_a,
                     "octets", 100 * out_a, "b", "packets", out_b, "octets", 100 * out_b, "end", "class",
                     "check-ip", "taken", out_a, "drops", "too-short", dropped, "no-buffer", 0, "ports");
}

static json_t *edges(void)
{
    return json_pack("{s[{ss ss ss ss ss} {ss ss ss ss ss}]}", "edges", "from", "two", "out", "a", "to", "end",
                     "in", "in", "type", "ip", "from", "two", "out", "b", "to", "other", "in", "in", "type", "ip");
}

/* Takes all of them. */
static void expect(json_t *view, const char *wanted, json_t *before, json_t *after, json_t *edges)
{
    const json_t *rows = json_is_array(view) ? view : json_object_get(view, "rows");
    char *text = json_dumps(rows, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));

    ck_assert_str_eq(text, wanted);
    free(text);
    json_decref(view);
    json_decref(before);
    json_decref(after);
    json_decref(edges);
}

START_TEST(elements_edges_and_drops_are_tables)
{
    json_t *now = counters(1, 5, 3, 7, 2), *of = edges();

    expect(run_view_elements(now),
           "[{\"element\":\"two\",\"class\":\"tee\",\"in\":7,\"out\":8,\"dropped\":0},"
           "{\"element\":\"end\",\"class\":\"check-ip\",\"in\":5,\"out\":0,\"dropped\":2}]", NULL, NULL, NULL);
    expect(run_view_edges(now, of),
           "[{\"edge\":\"two.a -> end.in\",\"type\":\"ip\",\"packets\":5,\"octets\":500},"
           "{\"edge\":\"two.b -> other.in\",\"type\":\"ip\",\"packets\":3,\"octets\":300}]", NULL, NULL, NULL);
    json_t *drops = run_view_drops(now), *row = json_array_get(json_object_get(drops, "rows"), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(drops, "rows")), 1); /* what is 0 is left out */
    ck_assert_str_eq(json_string_value(json_object_get(row, "reason")), "too-short");
    ck_assert_int_eq(json_integer_value(json_object_get(row, "packets")), 2);
    json_decref(drops);
    json_decref(now);
    json_decref(of);
}
END_TEST

START_TEST(rates_are_what_came_in_between)
{
    json_t *before = counters(10, 100, 50, 150, 4), *after = counters(12, 300, 50, 350, 5), *of = edges();

    expect(run_view_edge_rates(before, after, of),
           "[{\"edge\":\"two.a -> end.in\",\"packets/s\":100.0,\"kbit/s\":80.0}]", NULL, NULL, NULL);
    expect(run_view_element_rates(before, after),
           "[{\"element\":\"two\",\"in/s\":100.0,\"out/s\":100.0,\"drops/s\":0.0},"
           "{\"element\":\"end\",\"in/s\":100.0,\"out/s\":0.0,\"drops/s\":0.5}]", NULL, NULL, NULL);
    expect(run_view_rates(before, after, of), "[[100.0,80000.0],[0.0,0.0]]", before, after, of);
}
END_TEST

/* `call ELEMENT.reset` in between: no rate is below 0, nor near 2^64. */
START_TEST(after_a_reset_what_there_is_has_come_since)
{
    json_t *before = counters(10, 1000, 0, 0, 9), *after = counters(11, 30, 0, 0, 1), *of = edges();

    expect(run_view_edge_rates(before, after, of),
           "[{\"edge\":\"two.a -> end.in\",\"packets/s\":30.0,\"kbit/s\":24.0}]", NULL, NULL, NULL);
    expect(run_view_rates(before, after, of), "[[30.0,24000.0],[0.0,0.0]]", before, after, of);
}
END_TEST

START_TEST(two_looks_in_the_same_instant_have_no_rates)
{
    json_t *before = counters(10, 1, 0, 0, 0), *after = counters(10, 2, 0, 0, 0), *of = edges();

    expect(run_view_rates(before, after, of), "[[0.0,0.0],[0.0,0.0]]", before, after, of);
}
END_TEST

AMTG_SUITE("run_view", elements_edges_and_drops_are_tables, rates_are_what_came_in_between,
           after_a_reset_what_there_is_has_come_since, two_looks_in_the_same_instant_have_no_rates)
