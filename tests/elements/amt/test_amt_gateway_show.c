/* What amt-gateway shows of its search for a relay, and of its tunnels. */
#include "tests/elements/amt/gateway_rig.h"

#include <jansson.h>
#include <string.h>

#include "core/ask.h"

static json_t *rows_of(struct rig *rig)
{
    struct amtg_element *e = rig_element(rig, "it");
    const struct amtg_listing *l = &e->class->listings[0];
    json_t *rows = json_array();

    ck_assert_uint_eq(e->class->listings_count, 1);
    ck_assert_str_eq(l->name, "tunnel");
    ck_assert_uint_eq(amtg_ask_rows(e, l, 0, rows), 0);
    return rows;
}

/* The row of that tunnel and family ("": none) has this in a column, as JSON. */
static void expect_cell(struct rig *rig, const char *tunnel, const char *family, const char *column, const char *wanted)
{
    json_t *rows = rows_of(rig), *row;
    char *text = NULL;
    size_t i;

    json_array_foreach(rows, i, row) {
        const char *its = json_string_value(json_object_get(row, "family"));
        if (strcmp(json_string_value(json_object_get(row, "tunnel")), tunnel) == 0 && strcmp(its ? its : "", family) == 0) {
            ck_assert_uint_eq(json_object_size(row), 9);
            text = json_dumps(json_object_get(row, column), JSON_ENCODE_ANY);
        }
    }
    ck_assert_msg(text != NULL, "no row %s %s", tunnel, family);
    ck_assert_msg(strcmp(text, wanted) == 0, "%s %s: %s is %s", tunnel, family, column, text);
    free(text);
    json_decref(rows);
}

START_TEST(a_search_is_shown_with_whom_it_asks)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: 192.52.193.1, retries: 100"));
    json_t *rows = rows_of(rig);

    ck_assert_uint_eq(json_array_size(rows), 1); /* no tunnel yet */
    json_decref(rows);
    expect_cell(rig, "search", "", "relay", "null");
    expect_cell(rig, "search", "", "next", "null");
    report(rig, IGMP_REPORT_HEX);
    take_discovery(rig, ANYCAST4);
    expect_cell(rig, "search", "", "relay", "\"" ANYCAST4 "\"");
    expect_cell(rig, "search", "", "retries", "0");
    wait_out(rig, 3);
    take_discovery(rig, ANYCAST4);
    expect_cell(rig, "search", "", "retries", "1");
    rig_free(rig);
}
END_TEST

START_TEST(a_tunnel_is_shown_with_how_the_relay_sees_us)
{
    struct rig *rig = rig_new(_i, GATEWAY(""));

    report(rig, IGMP_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, 0);
    expect_cell(rig, "serving", "igmp", "relay", "\"" RELAY4 "\"");
    expect_cell(rig, "serving", "igmp", "seen-as", "null");
    expect_cell(rig, "serving", "igmp", "data", "null");
    tell(rig, (struct told){.nonce = nonce});
    expect_cell(rig, "serving", "igmp", "state", "\"active\"");
    expect_cell(rig, "serving", "igmp", "seen-as", "\"203.0.113.7:51000\"");
    flow(rig, RELAY4);
    rig_step(rig, 3 * AMTG_S);
    expect_cell(rig, "serving", "igmp", "data", "3.0");
    expect_cell(rig, "serving", "mld", "data", "3.0");
    rig_ignore(rig, "out");
    rig_ignore(rig, "queries");
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("amt_gateway_show", a_search_is_shown_with_whom_it_asks, a_tunnel_is_shown_with_how_the_relay_sees_us)
