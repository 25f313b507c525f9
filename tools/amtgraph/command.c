#include "tools/amtgraph/command.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct exit_meaning exit_meanings[] = {
    {"0", "done"},
    {"1", "failed or a negative verdict"},
    {"2", "wrong usage"},
    {"10 to 17", "of verify: the step that failed, see its help"},
    {"77", "a privilege is missing"},
    {"78", "a graph is wrong"},
    {NULL, NULL},
};

bool line_has(const struct command_line *line, const char *option)
{
    for (int i = 0; i < line->given_count; i++)
        if (strcmp(line->given[i].name, option) == 0)
            return true;
    return false;
}

const char *line_value(const struct command_line *line, const char *option)
{
    for (int i = line->given_count - 1; i >= 0; i--)
        if (strcmp(line->given[i].name, option) == 0)
            return line->given[i].value;
    return NULL;
}

int usage_error(const struct command *command, const char *fmt, ...)
{
    va_list args;

    fputs("amtgraph: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "\nTry `amtgraph %s%s--help`.\n", command ? command->name : "",
            command ? " " : "");
    return EXIT_USAGE;
}

bool color_wanted(FILE *out)
{
    const char *no = getenv("NO_COLOR"); /* counts when set to anything but "" (no-color.org) */

    return (!no || *no == '\0') && isatty(fileno(out));
}

/* "  --set NAME=VALUE" or "  -w, --write FILE" padded to a column, then the help. */
static void option_help(const struct command_option *option, FILE *out)
{
    char left[64], letter[8] = "";

    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, option->name, option->value ? " " : "",
             option->value ? option->value : "");
    fprintf(out, "  %-24s %s\n", left, option->help);
}

void command_help(const struct command *command, FILE *out)
{
    fprintf(out, "Usage: amtgraph %s%s%s%s\n\n%s\n", command->name,
            *command->operands ? " " : "", command->operands,
            command->options_count ? " [option]..." : "", command->summary);
    if (command->details)
        fprintf(out, "\n%s\n", command->details);
    fputs("\nOptions:\n", out);
    for (unsigned i = 0; i < command->options_count; i++)
        option_help(&command->options[i], out);
    option_help(&(struct command_option){"help", NULL, "print this and end"}, out);
}

/* The command's options and --help as getopt_long wants them; to be freed. */
static struct option *long_options(const struct command *command)
{
    struct option *table = calloc(command->options_count + 2, sizeof *table);

    if (!table)
        return NULL;
    for (unsigned i = 0; i < command->options_count; i++) {
        table[i].name = command->options[i].name;
        table[i].has_arg = command->options[i].value ? required_argument : no_argument;
    }
    table[command->options_count] = (struct option){.name = "help"};
    return table;
}

/* ":w:": the letters of the options as getopt_long wants them. */
static void letters_of(const struct command *command, char *out)
{
    *out++ = ':';
    for (unsigned i = 0; i < command->options_count; i++) {
        if (!command->options[i].letter)
            continue;
        *out++ = command->options[i].letter;
        if (command->options[i].value)
            *out++ = ':';
    }
    *out = '\0';
}

/* The option that getopt_long has found; NULL: --help. */
static const struct command_option *option_found(const struct command *command, int found, int index)
{
    for (unsigned i = 0; found && i < command->options_count; i++)
        if (command->options[i].letter == found)
            return &command->options[i];
    return index < (int)command->options_count ? &command->options[index] : NULL;
}

static int run_with(struct command_line *line, const struct option *table, int argc, char **argv)
{
    const struct command *command = line->command;
    char letters[2 * command->options_count + 2];
    int index = 0, found;

    letters_of(command, letters);
    opterr = 0;
    optind = 1;
    while ((found = getopt_long(argc, argv, letters, table, &index)) != -1) {
        const char *last = argv[optind - 1];
        if (found == ':')
            return usage_error(command, "option %s needs a value", last);
        if (found == '?')
            return usage_error(command, "unknown or ambiguous option %s", last);
        const struct command_option *option = option_found(command, found, index);
        if (!option) {
            command_help(command, stdout);
            return EXIT_DONE;
        }
        line->given[line->given_count++] =
            (struct given_option){.name = option->name, .value = optarg};
    }
    line->operands = argv + optind;
    line->operands_count = argc - optind;
    if (line->operands_count < command->operands_min)
        return usage_error(command, "%s: missing %s", command->name, command->operands);
    if (command->operands_max >= 0 && line->operands_count > command->operands_max)
        return usage_error(command, "%s: one operand too many: %s", command->name,
                           line->operands[command->operands_max]);
    return command->run(line);
}

int command_run(const struct command *command, int argc, char **argv)
{
    struct command_line line = {.command = command};
    struct option *table = long_options(command);
    int code = EXIT_FAILED;

    line.given = calloc((size_t)argc + 1, sizeof *line.given);
    if (table && line.given)
        code = run_with(&line, table, argc, argv);
    free(line.given);
    free(table);
    return code;
}
