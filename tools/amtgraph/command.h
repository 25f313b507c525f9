/*
 * A subcommand of amtgraph: one file cmd_<name>.c, which ends with a constant
 * `struct command`, and one line in the table of main.c. The command line is
 * read by the shared code (getopt_long) before `run` is called: unknown options,
 * missing values, a wrong number of operands and --help never reach it.
 */
#ifndef AMTG_TOOLS_COMMAND_H
#define AMTG_TOOLS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tools/amtgraph/exit.h"

struct command_option {
    const char *name;  /* "set": written --set */
    const char *value; /* what its value is, "NAME=VALUE"; NULL: it takes none */
    const char *help;  /* one line */
    char letter;       /* 'w': written -w, too; 0: none */
};

struct command_line;

struct command {
    const char *name;
    const char *summary;  /* one line */
    const char *operands; /* "FILE..." */
    const char *details;  /* paragraphs for --help; may be NULL */
    const struct command_option *options;
    unsigned options_count;
    int operands_min, operands_max; /* max -1: any number */
    int (*run)(const struct command_line *line); /* returns an exit code */
    void (*operand_words)(FILE *out); /* for completion: what operands may be, a word a line; or NULL */
};

/* Options in a descriptor: COMMAND_OPTIONS({"json", NULL, "print JSON"}, ...) */
#define COMMAND_OPTIONS(...)                                                              \
    .options = (const struct command_option[]){__VA_ARGS__},                              \
    .options_count = sizeof((const struct command_option[]){__VA_ARGS__}) /               \
                     sizeof(struct command_option)

/* One option as given, in the order of the command line. */
struct given_option {
    const char *name;
    const char *value; /* NULL: takes none */
};

struct command_line {
    const struct command *command;
    struct given_option *given;
    int given_count;
    char **operands;
    int operands_count;
};

/* Was the option given? / its last value, or NULL. */
bool line_has(const struct command_line *line, const char *option);
const char *line_value(const struct command_line *line, const char *option);

/* Say what is wrong with the command line, and where help is; returns EXIT_USAGE. */
int usage_error(const struct command *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Read argv[1..] (argv[0]: the subcommand) and run it; returns an exit code. */
int command_run(const struct command *command, int argc, char **argv);
/* What --help prints. */
void command_help(const struct command *command, FILE *out);

/* May colours be written there? A terminal, and NO_COLOR is not set. */
bool color_wanted(FILE *out);

extern const struct command *const commands[]; /* NULL-terminated; main.c */

#endif
