/* amtgraph check FILE...: every problem of graphs and their tests, in one pass; runs nothing. */
#include "elements/registry.h"
#include "tools/amtgraph/load.h"
#include "tools/amtgraph/test/file.h"

static void print_verdict(const struct amtg_diag *diag, int files)
{
    size_t problems = amtg_diag_problems(diag), warnings = amtg_diag_warnings(diag);

    fprintf(stderr, "%d file%s: ", files, files == 1 ? "" : "s");
    if (problems == 0)
        fputs("no problem", stderr);
    else
        fprintf(stderr, "%zu problem%s", problems, problems == 1 ? "" : "s");
    if (warnings > 0)
        fprintf(stderr, ", %zu warning%s", warnings, warnings == 1 ? "" : "s");
    fputc('\n', stderr);
}

/* A graph with its tests, or a file of tests with the graph that it names. */
static void check(const char *path, const struct amtg_graph_options *options,
                  struct amtg_diag *diag)
{
    struct test_file *f = test_file_open(path, diag);

    if (f) {
        bool tested = f->standalone && f->tests_count; /* the graph is read as each test wants it */
        if (!tested)
            amtg_graph_free(test_file_graph(f, NULL, options, diag));
        test_file_check(f, options, diag);
    }
    test_file_close(f);
}

static int run(const struct command_line *line)
{
    struct load_settings settings;

    if (!load_settings_read(line, &settings))
        return EXIT_USAGE;
    struct amtg_graph_options options = {
        .classes = amtg_classes, .settings = settings.all, .settings_count = settings.count};
    struct amtg_diag *diag = amtg_diag_new();
    for (int i = 0; i < line->operands_count; i++)
        check(line->operands[i], &options, diag);
    int code = amtg_diag_problems(diag) ? EXIT_GRAPH : EXIT_DONE;
    if (line_has(line, "json")) {
        amtg_diag_print_json(diag, stdout);
    } else {
        amtg_diag_print(diag, stderr, color_wanted(stderr));
        print_verdict(diag, line->operands_count);
    }
    amtg_diag_free(diag);
    load_settings_free(&settings);
    return code;
}

const struct command command_check = {
    .name = "check",
    .summary = "find every problem of graph files, without running them",
    .operands = "FILE...",
    .details =
        "All problems of all files are told in one pass: file, line and column, the line with\n"
        "a caret, what was expected, and the nearest name. Exit code 78 when there is any.",
    COMMAND_OPTIONS({"json", NULL, "print the problems on standard output as JSON"}, OPTION_SET),
    .operands_min = 1,
    .operands_max = -1,
    .run = run,
};
