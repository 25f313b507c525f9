/* What a class lists and does when asked (core/ask.h). */
#include <stdlib.h>
#include <string.h>

#include "core/ask.h"
#include "core/listing.h"
#include "core/runtime.h"
#include "tests/support/suite.h"

struct shelf {
    uint32_t books;
};

static uint64_t shelf_rows(struct amtg_element *e, uint64_t cursor, struct amtg_rows *rows)
{
    const struct shelf *state = amtg_state(e);

    amtg_row(rows);
    amtg_cell_text(rows, "book %d", (int)cursor + 1);
    amtg_cell_number(rows, 100 * (cursor + 1));
    amtg_cell_time(rows, 1500 * AMTG_MS);
    amtg_cell_none(rows);
    return cursor + 1 < state->books ? cursor + 1 : 0;
}

struct shelf_add {
    uint32_t count;
    const char *title;
};

static enum amtg_err shelf_add(struct amtg_element *e, const void *args)
{
    struct shelf *state = amtg_state(e);
    const struct shelf_add *add = args;

    if (strcmp(add->title, "forbidden") == 0)
        return amtg_fail(e, AMTG_ECONFIG, "no such book is taken");
    state->books += add->count;
    amtg_count(e, 0, 1);
    amtg_gauge(e, 1, state->books);
    return AMTG_OK;
}

static const struct amtg_class shelf_class = {
    .name = "shelf",
    .summary = "keeps books",
    .state_octets = sizeof(struct shelf),
    AMTG_PARAMS(AMTG_U32(struct shelf, books, "2", 0, 99, "books", "on it")),
    AMTG_COUNTERS({"adds", "calls", "so often", AMTG_COUNTER}, {"books", "books", "on it", AMTG_GAUGE}),
    AMTG_LISTINGS({.name = "books", .help = "what is there", .rows = shelf_rows,
                   AMTG_COLUMNS({"title", NULL, "of it"}, {"pages", "pages", "of it"},
                                {"age", "s", "of it"}, {"owner", NULL, "of it"})}),
    AMTG_CALLS({.name = "add", .help = "add some", .args_octets = sizeof(struct shelf_add),
                AMTG_PARAMS(AMTG_U32(struct shelf_add, count, NULL, 1, 9, "books", "so many"),
                            AMTG_TEXT(struct shelf_add, title, "any", "of them")),
                .run = shelf_add}),
};

static const struct amtg_class *const classes[] = {&shelf_class, NULL};

static struct amtg_graph *graph;
static struct amtg_runtime *rt;
static struct amtg_element *shelf;
static char why[512];

static void set_up(void)
{
    static const char text[] = "amtgraph: 1\nname: ask\nelements:\n  shelf: {class: shelf}\nedges: []\n";
    struct amtg_graph_options options = {.classes = classes, .ports_may_be_open = true};
    struct amtg_diag *diag = amtg_diag_new();
    enum amtg_err err;

    graph = amtg_graph_parse("ask.yaml", text, strlen(text), &options, diag);
    amtg_diag_print(diag, stderr, false);
    amtg_diag_free(diag);
    ck_assert_ptr_nonnull(graph);
    rt = amtg_runtime_new(graph, &(struct amtg_runtime_options){.clock = AMTG_CLOCK_VIRTUAL}, &err,
                          why, sizeof why);
    ck_assert_ptr_nonnull(rt);
    shelf = amtg_runtime_find(rt, "shelf");
    why[0] = '\0';
}

static void tear_down(void)
{
    amtg_runtime_free(rt);
    amtg_graph_free(graph);
}

static enum amtg_err call(const char *name, const char *first, const char *second)
{
    const char *args[2] = {first, second};

    why[0] = '\0';
    return amtg_ask_call(shelf, name, args, (first != NULL) + (second != NULL), why, sizeof why);
}

START_TEST(a_listing_gives_its_rows_a_page_at_a_time)
{
    json_t *rows = json_array();

    set_up();
    uint64_t cursor = amtg_ask_rows(shelf, &shelf_class.listings[0], 0, rows);
    ck_assert_uint_eq(cursor, 1);
    ck_assert_uint_eq(amtg_ask_rows(shelf, &shelf_class.listings[0], cursor, rows), 0);
    char *text = json_dumps(rows, JSON_PRESERVE_ORDER);
    ck_assert_str_eq(text, "[{\"title\": \"book 1\", \"pages\": 100, \"age\": 1.5, \"owner\": null}, "
                           "{\"title\": \"book 2\", \"pages\": 200, \"age\": 1.5, \"owner\": null}]");
    free(text);
    json_decref(rows);
    tear_down();
}
END_TEST

START_TEST(a_call_takes_its_arguments_by_place_and_by_name)
{
    set_up();
    const struct shelf *state = amtg_state(shelf);
    ck_assert_int_eq(call("add", "3", NULL), AMTG_OK);
    ck_assert_uint_eq(state->books, 5);
    ck_assert_int_eq(call("add", "title=x", "count=1"), AMTG_OK);
    ck_assert_uint_eq(state->books, 6);
    tear_down();
}
END_TEST

START_TEST(a_call_that_is_wrong_says_why_and_changes_nothing)
{
    set_up();
    const struct shelf *state = amtg_state(shelf);
    ck_assert_int_eq(call("ad", NULL, NULL), AMTG_ECONFIG);
    ck_assert_str_eq(why, "shelf (shelf) has no call \"ad\" (did you mean \"add\"?)");
    ck_assert_int_eq(call("add", NULL, NULL), AMTG_ECONFIG);
    ck_assert_str_eq(why, "add: count: a whole number from 1 to 9 expected");
    ck_assert_int_eq(call("add", "10", NULL), AMTG_ECONFIG);
    ck_assert_str_eq(why, "add: count: a whole number from 1 to 9 expected, not 10");
    ck_assert_int_eq(call("reset", "1", NULL), AMTG_ECONFIG);
    ck_assert_str_eq(why, "reset: \"1\" is one argument too many");
    ck_assert_int_eq(call("add", "1", "forbidden"), AMTG_ECONFIG);
    ck_assert_str_eq(why, "shelf (shelf): no such book is taken");
    ck_assert_uint_eq(state->books, 2);
    tear_down();
}
END_TEST

START_TEST(reset_sets_to_0_what_only_grows)
{
    set_up();
    ck_assert_int_eq(call("add", "1", NULL), AMTG_OK);
    shelf->drops[0] = 7; /* one of those that all classes have */
    ck_assert_int_eq(call("reset", NULL, NULL), AMTG_OK);
    ck_assert_uint_eq(amtg_counter_of(shelf, 0), 0);
    ck_assert_uint_eq(amtg_counter_of(shelf, 1), 3);
    ck_assert_uint_eq(shelf->drops[0], 0);
    tear_down();
}
END_TEST

/* Its state was never made ready. */
START_TEST(a_stand_in_is_told_to_do_nothing)
{
    set_up();
    const struct shelf *state = amtg_state(shelf);
    shelf->boundary = shelf; /* anything that is there */
    ck_assert_int_eq(call("add", "1", NULL), AMTG_ECONFIG);
    ck_assert_str_eq(why, "shelf is replaced by a stand-in in this run");
    ck_assert_uint_eq(state->books, 2);
    ck_assert_int_eq(call("reset", NULL, NULL), AMTG_OK);
    shelf->boundary = NULL;
    tear_down();
}
END_TEST

AMTG_SUITE("ask", a_listing_gives_its_rows_a_page_at_a_time,
           a_call_takes_its_arguments_by_place_and_by_name,
           a_call_that_is_wrong_says_why_and_changes_nothing, reset_sets_to_0_what_only_grows,
           a_stand_in_is_told_to_do_nothing)
