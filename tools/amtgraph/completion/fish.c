/* For fish: a line for each command, option and operand. */
#include "tools/amtgraph/completion/completion.h"

static void quoted(const char *text, FILE *out)
{
    fputc('\'', out);
    for (; *text; text++)
        if (*text == '\'' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    fputc('\'', out);
}

static void begin(const char *command, FILE *out)
{
    fprintf(out, "complete -c amtgraph -n '__fish_seen_subcommand_from %s'", command);
}

static void option(const char *command, const struct command_option *o, FILE *out)
{
    begin(command, out);
    fprintf(out, " -l %s", o->name);
    if (o->letter)
        fprintf(out, " -s %c", o->letter);
    if (o->value) {
        struct completion c = completion_of(o->value);
        fputs(c.kind == COMPLETE_FILES ? " -r -F" : " -x", out);
        if (c.kind == COMPLETE_WORDS) {
            fputs(" -a ", out);
            quoted(c.words, out);
        }
        completion_end(&c);
    }
    fputs(" -d ", out);
    quoted(o->help, out);
    fputc('\n', out);
}

static void operands(const struct command *command, FILE *out)
{
    const char *at = command->operands;
    struct completion c;

    while (completion_next(command, &at, &c)) {
        if (c.kind != COMPLETE_NOTHING)
            begin(command->name, out);
        if (c.kind == COMPLETE_FILES)
            fputs(" -F\n", out);
        if (c.kind == COMPLETE_WORDS) {
            fputs(" -a ", out);
            quoted(c.words, out);
            fputc('\n', out);
        }
        completion_end(&c);
    }
}

void completion_fish(FILE *out)
{
    static const struct command_option help = {"help", NULL, "print help and end"};

    fputs("# Completion of amtgraph for fish, made by: amtgraph completion fish\n"
          "# Save it as ~/.config/fish/completions/amtgraph.fish\n"
          "\n"
          "complete -c amtgraph -f\n"
          "complete -c amtgraph -n __fish_use_subcommand -l help -d 'print help and end'\n"
          "complete -c amtgraph -n __fish_use_subcommand -l version -d 'print the version and end'\n",
          out);
    for (const struct command *const *c = commands; *c; c++) {
        fprintf(out, "\ncomplete -c amtgraph -n __fish_use_subcommand -a %s -d ", (*c)->name);
        quoted((*c)->summary, out);
        fputc('\n', out);
        for (unsigned i = 0; i < (*c)->options_count; i++)
            option((*c)->name, &(*c)->options[i], out);
        option((*c)->name, &help, out);
        operands(*c, out);
    }
}
