/* For bash: one function, with what it goes by in three tables of the shell. */
#include "tools/amtgraph/completion/completion.h"

/* What does not depend on the tables; the commands, options and operands go in between. */
static const char head[] =
    "# Completion of amtgraph for bash, made by: amtgraph completion bash\n"
    "# Load it with: source <(amtgraph completion bash)\n"
    "\n"
    "# Sets `options` of a command, and `valued`: those with a value.\n"
    "_amtgraph_options()\n"
    "{\n"
    "    case $1 in\n";
static const char values_head[] =
    "    esac\n"
    "}\n"
    "\n"
    "# What completes the value of an option, or operand number N of a command.\n"
    "_amtgraph_values()\n"
    "{\n"
    "    case $1 in\n";
static const char words_head[] =
    "    esac\n"
    "}\n"
    "\n"
    "_amtgraph()\n"
    "{\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]-} words=''\n"
    "    local options='' valued='' files=''\n"
    "    local before=(\"${COMP_WORDS[@]:0:COMP_CWORD}\") last='' pending='' half='' operand=0 i\n"
    "\n"
    "    COMPREPLY=()\n"
    "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
    "        words=\"";
static const char tail[] =
    "\"\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
    "        return\n"
    "    fi\n"
    "    # `=` is a word of its own to bash: --stats=json, --replay udp=FILE\n"
    "    if [ \"$word\" = = ]; then\n"
    "        before+=('=')\n"
    "        word=''\n"
    "    fi\n"
    "    _amtgraph_options \"$command\"\n"
    "    for ((i = 2; i < ${#before[@]}; i++)); do\n"
    "        case ${before[i]} in\n"
    "        =)\n"
    "            pending=$last\n"
    "            [[ ${before[i - 1]} == --* ]] || half=yes\n"
    "            ;;\n"
    "        -?*)\n"
    "            last='' pending='' half=''\n"
    "            [[ \" $valued \" == *\" ${before[i]} \"* ]] && last=${before[i]} pending=$last\n"
    "            ;;\n"
    "        *)\n"
    "            if [ -n \"$pending\" ]; then\n"
    "                pending=''\n"
    "            else\n"
    "                last='' half=''\n"
    "                operand=$((operand + 1))\n"
    "            fi\n"
    "            ;;\n"
    "        esac\n"
    "    done\n"
    "    if [ -n \"$pending\" ]; then\n"
    "        _amtgraph_values \"$command $pending$half\"\n"
    "    elif [[ $word == -* ]]; then\n"
    "        words=$options\n"
    "    else\n"
    "        _amtgraph_values \"$command $operand\"\n"
    "    fi\n"
    "    if [ -n \"$files\" ]; then\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
    "    else\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
    "    fi\n"
    "}\n"
    "\n"
    "complete -F _amtgraph amtgraph\n";

/* "-w --write " */
static void option_words(const struct command_option *o, FILE *out)
{
    if (o->letter)
        fprintf(out, "-%c ", o->letter);
    fprintf(out, "--%s ", o->name);
}

static void options_of(const struct command *c, FILE *out)
{
    fprintf(out, "    %s)\n        options=\"", c->name);
    for (unsigned i = 0; i < c->options_count; i++)
        option_words(&c->options[i], out);
    fputs("--help\"\n        valued=\"", out);
    for (unsigned i = 0; i < c->options_count; i++)
        if (c->options[i].value)
            option_words(&c->options[i], out);
    fputs("\"\n        ;;\n", out);
}

static void value(const char *command, const char *key, const struct completion *c, FILE *out)
{
    if (c->kind == COMPLETE_NOTHING)
        return;
    fprintf(out, "    \"%s %s\"%s) ", command, key, c->repeated ? "[0-9]*" : "");
    if (c->kind == COMPLETE_FILES)
        fputs("files=yes ;;\n", out);
    else
        fprintf(out, "words=\"%s\" ;;\n", c->words);
}

static void values_of(const struct command *command, FILE *out)
{
    const char *at = command->operands;
    struct completion c;
    char key[64];

    for (unsigned i = 0; i < command->options_count; i++) {
        const struct command_option *o = &command->options[i];
        if (!o->value)
            continue;
        c = completion_of(o->value);
        snprintf(key, sizeof key, "--%s%s", o->name, c.after_equals ? "yes" : "");
        value(command->name, key, &c, out);
        snprintf(key, sizeof key, "-%c%s", o->letter, c.after_equals ? "yes" : "");
        if (o->letter)
            value(command->name, key, &c, out);
        completion_end(&c);
    }
    for (unsigned n = 0; completion_next(command, &at, &c); n++) {
        snprintf(key, sizeof key, "%u", n);
        if (c.repeated)
            key[0] = '\0'; /* from here on, any number */
        value(command->name, key, &c, out);
        completion_end(&c);
    }
}

void completion_bash(FILE *out)
{
    fputs(head, out);
    for (const struct command *const *c = commands; *c; c++)
        options_of(*c, out);
    fputs(values_head, out);
    for (const struct command *const *c = commands; *c; c++)
        values_of(*c, out);
    fputs(words_head, out);
    for (const struct command *const *c = commands; *c; c++)
        fprintf(out, "%s ", (*c)->name);
    fputs("--help --version", out);
    fputs(tail, out);
}
