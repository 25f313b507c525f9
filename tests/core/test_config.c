/* YAML text to a tree: what it looks like, where everything stands, and what is refused. */
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/config.h"

static struct amtg_diag *diag;
static char *text;

static struct amtg_yaml *parse_octets(const char *octets, size_t len)
{
    amtg_diag_free(diag);
    diag = amtg_diag_new();
    return amtg_yaml_parse("t.yaml", octets, len, diag);
}

static struct amtg_yaml *parse(const char *yaml)
{
    return parse_octets(yaml, strlen(yaml));
}

static const char *printed(void)
{
    size_t len;
    free(text);
    FILE *out = open_memstream(&text, &len);
    amtg_diag_print(diag, out, false);
    fclose(out);
    return text;
}

static void teardown(struct amtg_yaml *y)
{
    amtg_yaml_free(y);
    amtg_diag_free(diag);
    free(text);
    diag = NULL;
    text = NULL;
}

/* One problem, whose message holds these words. */
static void expect_problem(const char *yaml, const char *words)
{
    struct amtg_yaml *y = parse(yaml);
    ck_assert_msg(amtg_diag_problems(diag) == 1, "%s", printed());
    ck_assert_msg(strstr(printed(), words) != NULL, "%s", text);
    amtg_yaml_free(y);
}

START_TEST(the_tree_is_as_the_file_says)
{
    struct amtg_yaml *y = parse("a: 1\nb: [x, \"y z\", {k: v}]\nc:\n  - d\n  -\n\"e\": ''\n");
    ck_assert_uint_eq(amtg_diag_problems(diag), 0);
    ck_assert_int_eq(y->kind, AMTG_YAML_MAP);
    const struct amtg_yaml *a = amtg_yaml_get(y, "a"), *b = amtg_yaml_get(y, "b");
    ck_assert_str_eq(a->text, "1");
    ck_assert(!a->quoted);
    ck_assert_ptr_eq(a->next, b);
    ck_assert_int_eq(b->kind, AMTG_YAML_LIST);
    ck_assert_str_eq(b->first->next->text, "y z");
    ck_assert(b->first->next->quoted);
    ck_assert_str_eq(amtg_yaml_get(b->first->next->next, "k")->text, "v");
    ck_assert_str_eq(amtg_yaml_get(y, "c")->first->next->text, "");
    ck_assert_str_eq(amtg_yaml_get(y, "e")->text, "");
    ck_assert(amtg_yaml_get(y, "e")->quoted);
    ck_assert_ptr_null(amtg_yaml_get(y, "f"));
    ck_assert_ptr_null(amtg_yaml_get(a, "f"));
    ck_assert_ptr_null(amtg_yaml_get(NULL, "f"));
    teardown(y);
}
END_TEST

START_TEST(every_scalar_knows_its_place)
{
    struct amtg_yaml *y = parse("# first\nkey: {inner: \"quoted\"}\n\xc3\xa4: value\n");
    const struct amtg_yaml *inner = amtg_yaml_get(amtg_yaml_get(y, "key"), "inner");
    ck_assert_uint_eq(inner->mark.line, 2);
    ck_assert_uint_eq(inner->mark.column, 14);
    ck_assert_uint_eq(inner->mark.length, 8);
    ck_assert_uint_eq(inner->key_mark.column, 7);
    ck_assert_uint_eq(inner->key_mark.length, 5);
    const struct amtg_yaml *umlaut = amtg_yaml_get(y, "\xc3\xa4");
    ck_assert_uint_eq(umlaut->mark.line, 3);
    ck_assert_uint_eq(umlaut->mark.column, 4);
    ck_assert_str_eq(umlaut->mark.file, "t.yaml");
    teardown(y);
}
END_TEST

START_TEST(what_would_hide_meaning_is_refused)
{
    expect_problem("a: &x 1\n", "anchors (&x) are not supported");
    expect_problem("a: [*x]\n", "aliases (*x) are not supported");
    expect_problem("a: !!str 1\n", "tags (tag:yaml.org,2002:str) are not supported");
    expect_problem("a: ! 1\n", "tags (!) are not supported");
    expect_problem("a: &x {b: 1}\n", "anchors");
    expect_problem("? [1, [2, 3]]\n: 1\nb: 2\n", "cannot be a key");
    expect_problem("*x : 1\n", "aliases");
    expect_problem("a: 1\n---\nb: 1\n", "a second document");
    expect_problem("a: \"x\\0y\"\n", "NUL");
    teardown(NULL);
}
END_TEST

START_TEST(a_key_written_twice_is_told_with_its_first_place)
{
    struct amtg_yaml *y = parse("a: 1\nb: 2\na: 3\na: 4\n");
    ck_assert_uint_eq(amtg_diag_problems(diag), 2);
    ck_assert_str_eq(amtg_yaml_get(y, "a")->text, "1");
    ck_assert(strstr(printed(), "t.yaml:3:1: the key \"a\" is written twice\n") != NULL);
    ck_assert(strstr(text, "t.yaml:1:1: note: first written here\n") != NULL);
    teardown(y);
}
END_TEST

START_TEST(broken_syntax_is_told_with_its_place)
{
    expect_problem("a: [1, 2\nb: 3\n", "t.yaml:2:");
    expect_problem("a: 1\n b: 2\n", "not valid YAML");
    expect_problem("\ta: 1\n", "t.yaml:1:1: the file is not valid YAML");
    expect_problem("a:\n \tb: 1\n", "(expected spaces; here is a tab)");
    expect_problem("a: \"x\n", "not valid YAML");
    expect_problem("a: @x\n", "not valid YAML");
    teardown(NULL);
}
END_TEST

START_TEST(empty_files_are_told)
{
    expect_problem("", "the file is empty");
    expect_problem("# only a comment\n\n", "the file is empty");
    teardown(NULL);
}
END_TEST

START_TEST(rubbish_is_told_with_its_place)
{
    static const char *const wrong[] = {
        "\xff", "\xc0\x80", "\xe0\x80\x80",        "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xc3", "\x80",     "\xf8\x88\x80\x80\x80"};
    char yaml[64];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(yaml, sizeof yaml, "a: 1\nb: %s", wrong[i]);
        expect_problem(yaml, "t.yaml:2:4: the octet 0x");
    }
    ck_assert_ptr_null(parse_octets("a: \0b\n", 6));
    ck_assert(strstr(printed(), "t.yaml:1:4: the octet 0x00") != NULL);
    ck_assert_ptr_null(parse_octets("\x7f\x45LF\x02\x01\x01\x00\x00", 9));
    ck_assert_uint_eq(amtg_diag_problems(diag), 1);
    expect_problem("a: \x01\n", "not valid YAML"); /* libyaml's own refusal */
    teardown(NULL);
}
END_TEST

START_TEST(nesting_is_bounded)
{
    char yaml[3000] = "a: ";
    memset(yaml + 3, '[', 2000);
    expect_problem(yaml, "nested too deeply (at most 32)");
    yaml[3 + 31] = '\0';
    memset(yaml + 3 + 31, ']', 31);
    yaml[3 + 62] = '\0';
    amtg_yaml_free(parse(yaml));
    ck_assert_uint_eq(amtg_diag_problems(diag), 0);
    for (int i = 0; i < 500; i++)
        memcpy(yaml + 2 * i, "? ", 3);
    amtg_yaml_free(parse(yaml));
    ck_assert_uint_ge(amtg_diag_problems(diag), 1);
    for (int i = 0; i < 500; i++)
        memcpy(yaml + 2 * i, "- ", 3);
    expect_problem(yaml, "nested too deeply");
    teardown(NULL);
}
END_TEST

START_TEST(nodes_are_bounded)
{
    size_t len = AMTG_YAML_MAX_OCTETS;
    char *yaml = malloc(len);
    for (size_t i = 0; i < len; i += 2)
        memcpy(yaml + i, i == 0 ? "[1" : ",1", 2);
    ck_assert_ptr_null(parse_octets(yaml, len));
    ck_assert(strstr(printed(), "too many nodes") != NULL);
    free(yaml);
    teardown(NULL);
}
END_TEST

START_TEST(a_huge_file_is_refused_without_reading_it)
{
    char path[] = "/tmp/amtgraph-test-XXXXXX";
    int fd = mkstemp(path);
    struct timespec from, to;
    ck_assert_int_eq(write(fd, "a: x", 4), 4);
    ck_assert_int_eq(ftruncate(fd, 100 << 20), 0);
    diag = amtg_diag_new();
    clock_gettime(CLOCK_MONOTONIC, &from);
    ck_assert_ptr_null(amtg_yaml_read(path, diag));
    clock_gettime(CLOCK_MONOTONIC, &to);
    ck_assert(strstr(printed(), "too large for a graph") != NULL);
    ck_assert_int_lt((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000,
                     1000);
    close(fd);
    unlink(path);
    teardown(NULL);
}
END_TEST

START_TEST(a_pipe_or_device_by_name_is_not_waited_for)
{
    char path[] = "/tmp/amtgraph-pipe-XXXXXX", words[128];

    ck_assert_ptr_nonnull(mkdtemp(path));
    snprintf(words, sizeof words, "%s/pipe", path);
    ck_assert_int_eq(mkfifo(words, 0600), 0);
    diag = amtg_diag_new();
    ck_assert_ptr_null(amtg_yaml_read(words, diag));
    unlink(words);
    rmdir(path);
    strcat(words, ": this is no regular file (expected a file)");
    ck_assert(strstr(printed(), words) != NULL);
    ck_assert_ptr_null(amtg_yaml_read("/dev/zero", diag));
    ck_assert(strstr(printed(), "/dev/zero: this is no regular file") != NULL);
    teardown(NULL);
}
END_TEST

START_TEST(a_pipe_that_is_handed_over_is_read)
{
    static const char first[] = "amtgraph: 1\n";
    char path[32];
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], first, sizeof first - 1), sizeof first - 1);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    pid_t writer = fork(); /* the rest comes late */
    if (writer == 0) {
        usleep(50000);
        ssize_t n = write(ends[1], "name: late\n", 11);
        _exit(n != 11);
    }
    close(ends[1]);
    diag = amtg_diag_new();
    struct amtg_yaml *y = amtg_yaml_read(path, diag);
    ck_assert_ptr_nonnull(amtg_yaml_get(y, "name"));
    amtg_yaml_free(y);
    close(ends[0]);
    ck_assert_int_eq(waitpid(writer, NULL, 0), writer);
    teardown(NULL);
}
END_TEST

START_TEST(what_is_no_file_is_told)
{
    diag = amtg_diag_new();
    ck_assert_ptr_null(amtg_yaml_read("/", diag));
    ck_assert(strstr(printed(), "/: this is a directory (expected a file)") != NULL);
    ck_assert_ptr_null(amtg_yaml_read("/does/not/exist.yaml", diag));
    ck_assert(strstr(printed(), "/does/not/exist.yaml: the file cannot be read: No such file") !=
              NULL);
    ck_assert_uint_eq(amtg_diag_problems(diag), 2);
    teardown(NULL);
}
END_TEST

AMTG_SUITE("config", the_tree_is_as_the_file_says, every_scalar_knows_its_place,
           what_would_hide_meaning_is_refused, a_key_written_twice_is_told_with_its_first_place,
           broken_syntax_is_told_with_its_place, empty_files_are_told,
           rubbish_is_told_with_its_place, nesting_is_bounded, nodes_are_bounded,
           a_huge_file_is_refused_without_reading_it,
           a_pipe_or_device_by_name_is_not_waited_for, a_pipe_that_is_handed_over_is_read,
           what_is_no_file_is_told)
