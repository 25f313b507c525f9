/* For zsh: an _arguments call for each command. */
#include <string.h>

#include "tools/amtgraph/completion/completion.h"

/* Inside '...' of a specification, where brackets and colons would end something. */
static void quoted(const char *text, FILE *out)
{
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", *text))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
}

/* ":NAME:what completes it" */
static void action(const struct completion *c, FILE *out)
{
    fputc(':', out);
    quoted(c->name, out);
    fputc(':', out);
    if (c->kind == COMPLETE_FILES)
        fputs(c->after_equals ? "{ compset -P \"*=\" && _files }" : "_files", out);
    else if (c->kind == COMPLETE_WORDS)
        fprintf(out, "(%s)", c->words);
}

static void arguments(const struct command *command, FILE *out)
{
    const char *at = command->operands;
    struct completion c;

    fprintf(out, "        %s)\n            _arguments", command->name);
    for (unsigned i = 0; i < command->options_count; i++) {
        const struct command_option *o = &command->options[i];
        if (o->letter) /* two names of one option */
            fprintf(out, " \\\n                '*'{-%c,--%s%s}'[", o->letter, o->name, o->value ? "=" : "");
        else
            fprintf(out, " \\\n                '*--%s%s[", o->name, o->value ? "=" : "");
        quoted(o->help, out);
        fputc(']', out);
        if (o->value) {
            c = completion_of(o->value);
            action(&c, out);
            completion_end(&c);
        }
        fputc('\'', out);
    }
    fputs(" \\\n                '--help[print help and end]'", out);
    for (unsigned n = 1; completion_next(command, &at, &c); n++) {
        if (c.repeated)
            fputs(" \\\n                '*", out);
        else
            fprintf(out, " \\\n                '%u", n);
        action(&c, out);
        fputc('\'', out);
        completion_end(&c);
    }
    fputs("\n            ;;\n", out);
}

void completion_zsh(FILE *out)
{
    fputs("#compdef amtgraph\n"
          "# Completion of amtgraph for zsh, made by: amtgraph completion zsh\n"
          "# Save it as _amtgraph in a folder of $fpath, or: source <(amtgraph completion zsh)\n"
          "\n"
          "_amtgraph()\n"
          "{\n"
          "    local curcontext=$curcontext state line\n"
          "    local -a commands=(\n",
          out);
    for (const struct command *const *c = commands; *c; c++) {
        fprintf(out, "        '%s:", (*c)->name);
        quoted((*c)->summary, out);
        fputs("'\n", out);
    }
    fputs("    )\n"
          "\n"
          "    _arguments -C '--help[print help and end]' '--version[print the version and end]' \\\n"
          "        '1:command:->command' '*::argument:->argument'\n"
          "    case $state in\n"
          "    command) _describe command commands ;;\n"
          "    argument)\n"
          "        case $words[1] in\n",
          out);
    for (const struct command *const *c = commands; *c; c++)
        arguments(*c, out);
    fputs("        esac\n"
          "        ;;\n"
          "    esac\n"
          "}\n"
          "\n"
          "if [ \"$funcstack[1]\" = _amtgraph ]; then\n"
          "    _amtgraph \"$@\"\n"
          "else\n"
          "    compdef _amtgraph amtgraph\n"
          "fi\n",
          out);
}
