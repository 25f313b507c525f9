/* amtgraph test FILE...: the tests of graph files, on the virtual clock. */
#include <fnmatch.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arena.h"
#include "elements/registry.h"
#include "tools/amtgraph/load.h"
#include "tools/amtgraph/own_stdout.h"
#include "tools/amtgraph/test/file.h"
#include "tools/amtgraph/test/run.h"

struct session {
    const struct amtg_graph_options *options;
    const char *filter; /* a pattern; NULL: all */
    FILE *out;          /* standard output, which elements cannot write to meanwhile */
    bool color;
    json_t *files; /* NULL: words are wanted */
    unsigned run, failed, matched;
    int worst;
};

/* ---- one test --------------------------------------------------------------- */

static json_t *problems_json(const struct amtg_diag *diag)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return json_array();
    amtg_diag_print_json(diag, out);
    fclose(out);
    json_t *all = json_loads(text, 0, NULL);
    free(text);
    return all ? all : json_array();
}

static void say(struct session *s, const struct test_file *f, const struct test *test, bool good,
                const struct amtg_diag *diag, const char *detail, json_t *tests)
{
    if (tests) {
        json_array_append_new(tests, json_pack("{sssisbsoss}", "name", test->name, "line",
                                               (int)test->mark.line, "passed", good, "problems",
                                               problems_json(diag), "detail", detail));
        return;
    }
    if (good) {
        fprintf(s->out, "ok    %s: %s\n", f->path, test->name);
        return;
    }
    fprintf(s->out, "FAIL  %s: %s\n", f->path, test->name);
    amtg_diag_print(diag, s->out, s->color);
    fputs(detail, s->out);
}

static void run_test(struct session *s, struct test_file *f, const struct test *test,
                     struct amtg_diag *diag, json_t *tests)
{
    char *detail = NULL;
    size_t len;
    FILE *out = open_memstream(&detail, &len);

    if (!out)
        return;
    amtg_diag_forget(diag);
    struct amtg_graph *g = test_file_graph(f, test, s->options, diag);
    bool good = g && test_run(f, test, g, diag, out);
    amtg_graph_free(g);
    fclose(out);
    s->run++;
    s->failed += !good;
    say(s, f, test, good, diag, detail, tests);
    free(detail);
}

/* ---- one file --------------------------------------------------------------- */

static bool is_wanted(const struct session *s, const struct test *test)
{
    return !s->filter || fnmatch(s->filter, test->name, 0) == 0;
}

static void run_tests(struct session *s, struct test_file *f, struct amtg_diag *diag)
{
    json_t *tests = s->files ? json_array() : NULL;

    for (unsigned i = 0; i < f->tests_count; i++)
        if (is_wanted(s, &f->tests[i])) {
            s->matched++;
            run_test(s, f, &f->tests[i], diag, tests);
        }
    if (tests)
        json_array_append_new(s->files, json_pack("{ssso}", "file", f->path, "tests", tests));
}

static void say_wrong(struct session *s, const char *path, const struct amtg_diag *diag)
{
    s->worst = EXIT_GRAPH;
    if (s->files)
        json_array_append_new(s->files,
                              json_pack("{ssso}", "file", path, "problems", problems_json(diag)));
    else
        amtg_diag_print(diag, stderr, s->color && isatty(STDERR_FILENO));
}

/* Returns the number of tests that the file has, wanted or not. */
static unsigned run_file(struct session *s, const char *path)
{
    struct amtg_diag *diag = amtg_diag_new();
    struct test_file *f = test_file_open(path, diag);
    unsigned count = f ? f->tests_count : 0;

    if (f && !f->tests_count) /* still it must be a graph */
        amtg_graph_free(test_file_graph(f, NULL, s->options, diag));
    if (f)
        test_file_check(f, s->options, diag);
    if (amtg_diag_problems(diag)) {
        say_wrong(s, path, diag);
        count = count ? count : 1;
    } else if (f) {
        run_tests(s, f, diag);
    }
    test_file_close(f);
    amtg_diag_free(diag);
    return count;
}

/* tests/NAME.yaml beside NAME.yaml, where a graph has more tests than its own file should hold. */
static char *file_beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash + 1 - path) : 0;
    char *beside = NULL;

    if (asprintf(&beside, "%.*stests/%s", folder, path, path + folder) < 0)
        return NULL;
    if (access(beside, F_OK) == 0)
        return beside;
    free(beside);
    return NULL;
}

static void run_operand(struct session *s, const char *path)
{
    unsigned count = run_file(s, path);
    char *beside = file_beside(path);

    if (beside)
        count += run_file(s, beside);
    free(beside);
    if (count == 0) {
        fprintf(stderr, "amtgraph: %s has no tests\n", path);
        s->worst = s->worst ? s->worst : EXIT_FAILED;
    }
}

/* ---- the command ------------------------------------------------------------ */

static void print_json(const struct session *s)
{
    json_t *all = json_pack("{sisisiso}", "version", 1, "tests", (int)s->run, "failed",
                            (int)s->failed, "files", s->files);

    json_dumpf(all, s->out, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    putc('\n', s->out);
    json_decref(all);
}

static int run_with(const struct command_line *line, const struct amtg_graph_options *options)
{
    struct session s = {.options = options, .color = color_wanted(stdout), .out = own_stdout_take()};
    const char *pattern = line_value(line, "filter");
    char *filter = NULL;

    if (!s.out)
        return EXIT_FAILED;
    if (pattern && asprintf(&filter, "*%s*", pattern) < 0)
        return EXIT_FAILED;
    s.filter = filter;
    if (line_has(line, "json"))
        s.files = json_array();
    for (int i = 0; i < line->operands_count; i++)
        run_operand(&s, line->operands[i]);
    if (s.files)
        print_json(&s);
    else
        fprintf(s.out, "%u test%s, %u failed\n", s.run, s.run == 1 ? "" : "s", s.failed);
    free(filter);
    if (!own_stdout_give_back(s.out))
        return EXIT_FAILED;
    if (s.worst == EXIT_DONE && pattern && s.matched == 0)
        return usage_error(line->command, "--filter %s: no test has such a name", pattern);
    return s.worst ? s.worst : s.failed ? EXIT_FAILED : EXIT_DONE;
}

static int run(const struct command_line *line)
{
    struct load_settings settings;

    if (!load_settings_read(line, &settings))
        return EXIT_USAGE;
    struct amtg_graph_options options = {
        .classes = amtg_classes, .settings = settings.all, .settings_count = settings.count};
    int code = run_with(line, &options);
    load_settings_free(&settings);
    return code;
}

const struct command command_test = {
    .name = "test",
    .summary = "run the tests of graph files, on a virtual clock",
    .operands = "FILE...",
    .details =
        "A graph file may have tests, or a file of its own, tests/NAME.yaml beside NAME.yaml,\n"
        "which is found by itself. No privilege is needed, nothing of the host is touched and\n"
        "nothing waits. A test that fails says where, and shows the packet field by field.\n"
        "Exit code 0 when all hold, 1 when one does not, 78 when a file is wrong.",
    COMMAND_OPTIONS(
        {"filter", "PATTERN", "only tests whose names contain it; * and ? as in a shell"},
        {"json", NULL, "print the results on standard output as JSON"}, OPTION_SET),
    .operands_min = 1,
    .operands_max = -1,
    .run = run,
};
