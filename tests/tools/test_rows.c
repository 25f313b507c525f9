/* Tables on a terminal: widths, what is missing, and texts that would steer it. */
#include "tools/amtgraph/rows.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/suite.h"
#include "tools/amtgraph/plain_text.h"

/* What is printed of rows (JSON) with the columns name, a text, and count, a number. */
static void expect(const char *rows_text, const char *wanted)
{
    json_t *columns = json_array(), *rows = json_loads(rows_text, 0, NULL);
    char *text = NULL;
    size_t octets;
    FILE *out = open_memstream(&text, &octets);

    ck_assert_ptr_nonnull(rows);
    rows_column(columns, "name", NULL);
    rows_column(columns, "count", "packets");
    rows_print(columns, rows, out);
    fclose(out);
    ck_assert_str_eq(text, wanted);
    free(text);
    json_decref(columns);
    json_decref(rows);
}

START_TEST(texts_stand_left_and_numbers_right)
{
    expect("[{\"name\": \"a\", \"count\": 1}, {\"name\": \"longer\", \"count\": 1234567}]",
           "name      count\n"
           "a             1\n"
           "longer  1234567\n");
    expect("[{\"name\": true, \"count\": 1.25}]", "name  count\nyes     1.2\n");
}
END_TEST

START_TEST(what_is_not_there_is_a_dash_and_a_column_of_such_is_left_out)
{
    expect("[{\"name\": \"a\"}, {\"name\": null, \"count\": 7}]", "name  count\na         -\n-         7\n");
    expect("[{\"name\": \"a\", \"count\": null}, {\"name\": \"b\"}]", "name\na\nb\n");
    expect("[]", "");
}
END_TEST

/* Characters have a width, octets have none. */
START_TEST(columns_hold_beside_characters_of_several_octets)
{
    expect("[{\"name\": \"\xc3\xa9t\xc3\xa9\", \"count\": 1}, {\"name\": \"winter\", \"count\": 2}]",
           "name    count\n"
           "\xc3\xa9t\xc3\xa9         1\n"
           "winter      2\n");
}
END_TEST

START_TEST(controls_do_not_reach_the_terminal)
{
    expect("[{\"name\": \"a\\u001b[2Jb\\n\\u007f\\u009bc\", \"count\": 1}]", "name        count\na?[2Jb???c      1\n");
}
END_TEST

START_TEST(plain_text_is_cut_at_whole_characters)
{
    char out[8];

    ck_assert_str_eq(plain_text(out, sizeof out, "123456\xc3\xa9"), "123456");
    ck_assert_str_eq(plain_text(out, sizeof out, "12345\xc3\xa9"), "12345\xc3\xa9");
    ck_assert_str_eq(plain_text(out, sizeof out, "\xff\xc3"), "??");
    ck_assert_str_eq(plain_text(out, 1, "abc"), "");
}
END_TEST

START_TEST(rows_are_sorted_with_their_numbers_as_numbers)
{
    json_t *rows = json_loads("[{\"a\": \"192.0.2.10\"}, {\"b\": 1}, {\"a\": \"192.0.2.9\"}]", 0, NULL);
    json_t *sorted = rows_sorted(rows, "a");
    char *text = json_dumps(sorted, JSON_COMPACT);

    ck_assert_str_eq(text, "[{\"b\":1},{\"a\":\"192.0.2.9\"},{\"a\":\"192.0.2.10\"}]");
    free(text);
    json_decref(sorted);
    json_decref(rows);
}
END_TEST

AMTG_SUITE("rows", texts_stand_left_and_numbers_right,
           what_is_not_there_is_a_dash_and_a_column_of_such_is_left_out,
           columns_hold_beside_characters_of_several_octets, controls_do_not_reach_the_terminal,
           plain_text_is_cut_at_whole_characters, rows_are_sorted_with_their_numbers_as_numbers)
