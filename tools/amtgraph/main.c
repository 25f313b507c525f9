/* amtgraph: the command line. One file per subcommand; this one only finds it. */
#include <string.h>

#include "core/diag.h"
#include "tools/amtgraph/command.h"

/* One line per subcommand, in the order in which help lists them. */
#define COMMANDS(X) \
    X(run_graph)    \
    X(check)        \
    X(show)         \
    X(top)          \
    X(tap)          \
    X(call)         \
    X(pace)         \
    X(test)         \
    X(trace)        \
    X(elements)     \
    X(graph)        \
    X(verify)       \
    X(schema)       \
    X(completion)   \
    X(man)

#define X(name) extern const struct command command_##name;
COMMANDS(X)
#undef X

const struct command *const commands[] = {
#define X(name) &command_##name,
    COMMANDS(X)
#undef X
    NULL,
};

static void help(FILE *out)
{
    fputs("Usage: amtgraph COMMAND [operand]... [option]...\n\n"
          "Runs graphs of packet-processing elements that YAML files describe.\n\nCommands:\n", out);
    for (const struct command *const *c = commands; *c; c++)
        fprintf(out, "  %-12s %s\n", (*c)->name, (*c)->summary);
    fputs("\nOptions:\n  --help       print this, or the help of a command, and end\n"
          "  --version    print the version and end\n\nExit codes:\n", out);
    for (const struct exit_meaning *m = exit_meanings; m->help; m++)
        fprintf(out, "  %-12s %s\n", m->codes, m->help);
}

static int unknown_command(const char *name)
{
    const char *names[sizeof commands / sizeof commands[0]] = {NULL};
    size_t count = 0;

    for (; commands[count]; count++)
        names[count] = commands[count]->name;
    const char *nearest = amtg_nearest(name, names, count);
    if (nearest)
        return usage_error(NULL, "unknown command \"%s\" (did you mean \"%s\"?)", name, nearest);
    return usage_error(NULL, "unknown command \"%s\"", name);
}

static int run(int argc, char **argv)
{
    if (argc < 2)
        return usage_error(NULL, "a command is missing");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("amtgraph " AMTGRAPH_VERSION);
        return EXIT_DONE;
    }
    for (const struct command *const *c = commands; *c; c++)
        if (strcmp((*c)->name, argv[1]) == 0)
            return command_run(*c, argc - 1, argv + 1);
    return unknown_command(argv[1]);
}

/* What did not reach standard output (a full disk) has failed, whatever the command says. */
int main(int argc, char **argv)
{
    int code = run(argc, argv);

    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    perror("amtgraph: standard output");
    return code == EXIT_DONE ? EXIT_FAILED : code;
}
