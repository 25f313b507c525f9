/* Problems: order, quotes, carets, notes, JSON, and the nearest name. */
#include "tests/support/suite.h"

#include <jansson.h>
#include <string.h>

#include "core/diag.h"

static const char source[] = "first line\nudp: {port: 99999}\n\tname: \xc3\xa4\xc3\xb6 \x1b[31m\n";

static struct amtg_diag *diag;
static char *text;

static void setup(void)
{
    diag = amtg_diag_new();
    amtg_diag_source(diag, "a.yaml", source, sizeof source - 1);
}

static void add(unsigned line, unsigned column, unsigned length, const char *message)
{
    struct amtg_mark mark = {"a.yaml", line, column, length};
    amtg_diag_add(diag, AMTG_PROBLEM, mark, NULL, NULL, NULL, "%s", message);
}

static const char *printed(bool color)
{
    size_t len;
    FILE *out = open_memstream(&text, &len);
    amtg_diag_print(diag, out, color);
    fclose(out);
    return text;
}

static void teardown(void)
{
    amtg_diag_free(diag);
    free(text);
    text = NULL;
}

START_TEST(a_problem_shows_place_line_caret_and_advice)
{
    setup();
    struct amtg_mark mark = {"a.yaml", 2, 13, 5}, note = {"a.yaml", 1, 1, 5};
    amtg_diag_add(diag, AMTG_PROBLEM, mark, "udp.port", "a whole number", "99", "\"%d\" is wrong",
                  99999);
    amtg_diag_note(diag, note, "first written here");
    ck_assert_str_eq(printed(false), "a.yaml:2:13: udp.port: \"99999\" is wrong (expected a whole "
                                     "number); did you mean \"99\"?\n"
                                     "    2 | udp: {port: 99999}\n"
                                     "      |             ^~~~~\n"
                                     "a.yaml:1:1: note: first written here\n"
                                     "    1 | first line\n"
                                     "      | ^~~~~\n");
    ck_assert_uint_eq(amtg_diag_problems(diag), 1);
    teardown();
}
END_TEST

START_TEST(carets_count_characters_and_tabs_are_one_column)
{
    setup();
    add(3, 9, 1, "here");
    ck_assert_str_eq(printed(false), "a.yaml:3:9: here\n"
                                     "    3 |  name: \xc3\xa4\xc3\xb6 ?[31m\n"
                                     "      |         ^\n");
    teardown();
}
END_TEST

START_TEST(problems_come_in_order_of_place_and_each_once)
{
    setup();
    add(2, 1, 1, "third");
    add(1, 5, 1, "second");
    add(1, 1, 1, "first");
    add(1, 5, 1, "second");
    amtg_diag_add(diag, AMTG_WARNING, (struct amtg_mark){"a.yaml", 0, 0, 1}, NULL, NULL, NULL,
                  "whole");
    amtg_diag_add(diag, AMTG_PROBLEM, (struct amtg_mark){"--set x", 0, 0, 1}, NULL, NULL, NULL,
                  "set");
    const char *out = printed(false);
    ck_assert(strncmp(out, "--set x: set\na.yaml: warning: whole\n", 36) == 0);
    ck_assert(strstr(out, "first") < strstr(out, "second"));
    ck_assert(strstr(out, "1:5: second") < strstr(out, "third"));
    ck_assert_uint_eq(amtg_diag_problems(diag), 4);
    ck_assert_uint_eq(amtg_diag_warnings(diag), 1);
    teardown();
}
END_TEST

START_TEST(control_characters_never_reach_the_terminal)
{
    setup();
    add(3, 1, 1, "bad \x1b[31m \xc2\x9b and \xff");
    for (const char *c = printed(false); *c; c++)
        ck_assert(*c == '\n' || (unsigned char)*c >= 0x20);
    ck_assert(strstr(text, "bad ?[31m ?? and ?") != NULL);
    teardown();
}
END_TEST

START_TEST(colours_are_written_only_when_wanted)
{
    setup();
    add(1, 1, 1, "x");
    ck_assert(strchr(printed(false), '\033') == NULL);
    free(text);
    ck_assert(strchr(printed(true), '\033') != NULL);
    teardown();
}
END_TEST

START_TEST(long_lines_are_cut_around_the_caret)
{
    char line[4000];
    memset(line, 'x', sizeof line);
    diag = amtg_diag_new();
    amtg_diag_source(diag, "a.yaml", line, sizeof line);
    add(1, 2000, 3000, "deep inside");
    ck_assert(strlen(printed(false)) < 500);
    ck_assert(strstr(text, "^~") != NULL);
    teardown();
}
END_TEST

START_TEST(what_is_too_much_is_only_counted)
{
    char message[32];
    setup();
    for (int i = 0; i < 1500; i++) {
        snprintf(message, sizeof message, "number %d", i);
        add(1, 1, 1, message);
    }
    ck_assert_uint_eq(amtg_diag_problems(diag), 1500);
    ck_assert(strstr(printed(false), "... and 500 more\n") != NULL);
    teardown();
}
END_TEST

START_TEST(json_says_the_same)
{
    setup();
    struct amtg_mark mark = {"a.yaml", 2, 13, 5};
    amtg_diag_add(diag, AMTG_PROBLEM, mark, "udp.port", "less", NULL, "too \"much\" \xff");
    amtg_diag_note(diag, mark, "there");
    size_t len;
    FILE *out = open_memstream(&text, &len);
    amtg_diag_print_json(diag, out);
    fclose(out);
    json_t *all = json_loads(text, 0, NULL), *one = json_array_get(all, 0);
    ck_assert_uint_eq(json_array_size(all), 1);
    ck_assert_str_eq(json_string_value(json_object_get(one, "file")), "a.yaml");
    ck_assert_int_eq(json_integer_value(json_object_get(one, "line")), 2);
    ck_assert_int_eq(json_integer_value(json_object_get(one, "column")), 13);
    ck_assert_str_eq(json_string_value(json_object_get(one, "message")), "too \"much\" ?");
    ck_assert_str_eq(json_string_value(json_object_get(one, "expected")), "less");
    ck_assert_uint_eq(json_array_size(json_object_get(one, "notes")), 1);
    json_decref(all);
    teardown();
}
END_TEST

START_TEST(the_nearest_name_is_found)
{
    static const char *const names[] = {"udp-socket", "counter", "tee", "queue", "run", "check"};
    static const struct {
        const char *name, *nearest;
    } rows[] = {{"upd-socket", "udp-socket"}, {"conter", "counter"}, {"quue", "queue"},
                {"te", "tee"}, {"chekc", "check"}, {"udp_socket", "udp-socket"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_str_eq(amtg_nearest(rows[i].name, names, 6), rows[i].nearest);
    ck_assert_ptr_null(amtg_nearest("elephant", names, 6));
    ck_assert_ptr_null(amtg_nearest("", names, 6));
    ck_assert_ptr_null(amtg_nearest("xy", names, 6));
    ck_assert_ptr_null(amtg_nearest("anything", NULL, 0));
}
END_TEST

START_TEST(what_is_forgotten_may_be_told_again_with_its_line)
{
    setup();
    add(2, 13, 5, "wrong");
    amtg_diag_forget(diag);
    ck_assert_uint_eq(amtg_diag_problems(diag), 0);
    ck_assert_uint_eq(amtg_diag_reported(diag), 0);
    ck_assert_str_eq(printed(false), "");
    free(text);
    add(2, 13, 5, "wrong");
    ck_assert_uint_eq(amtg_diag_problems(diag), 1);
    ck_assert_ptr_nonnull(strstr(printed(false), "udp: {port: 99999}"));
    teardown();
}
END_TEST

AMTG_SUITE("diag", what_is_forgotten_may_be_told_again_with_its_line,
           a_problem_shows_place_line_caret_and_advice,
           carets_count_characters_and_tabs_are_one_column,
           problems_come_in_order_of_place_and_each_once,
           control_characters_never_reach_the_terminal, colours_are_written_only_when_wanted,
           long_lines_are_cut_around_the_caret, what_is_too_much_is_only_counted,
           json_says_the_same, the_nearest_name_is_found)
