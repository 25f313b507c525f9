/* amtgraph check FILE...: every problem of every file in one pass; runs nothing. */
#include "tools/amtgraph/load.h"

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

static int run(const struct command_line *line)
{
    struct amtg_diag *diag = amtg_diag_new();
    int worst = EXIT_DONE;

    for (int i = 0; i < line->operands_count && worst != EXIT_USAGE; i++) {
        int code;
        amtg_graph_free(load_graph(line, line->operands[i], diag, &code));
        if (code != EXIT_DONE)
            worst = code;
    }
    if (worst != EXIT_USAGE && line_has(line, "json")) {
        amtg_diag_print_json(diag, stdout);
    } else if (worst != EXIT_USAGE) {
        amtg_diag_print(diag, stderr, color_wanted(stderr));
        print_verdict(diag, line->operands_count);
    }
    amtg_diag_free(diag);
    return worst;
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
