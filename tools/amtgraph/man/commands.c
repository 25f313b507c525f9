/* amtgraph(1): the commands, as --help tells of each. */
#include "tools/amtgraph/command.h"
#include "tools/amtgraph/man/man.h"

static void command(FILE *out, const struct command *c)
{
    fputs("## amtgraph ", out);
    man_line(out, c->name);
    fputs(*c->operands ? " " : "", out);
    man_line(out, c->operands);
    fputs(c->options_count ? " [option]...\n\n" : "\n\n", out);
    man_text(out, 0, c->summary);
    if (c->details)
        man_text(out, 0, c->details);
    for (unsigned i = 0; i < c->options_count; i++) {
        char name[64];
        char letter = c->options[i].letter;
        snprintf(name, sizeof name, letter ? "--%s, -%c" : "--%s", c->options[i].name, letter);
        man_entry(out, name, c->options[i].value, c->options[i].help);
    }
}

void man_amtgraph(FILE *out)
{
    man_head(out, "amtgraph", 1, "run graphs of packet-processing elements");
    fputs("# SYNOPSIS\n\n"
          "*amtgraph* _command_ [_operand_]... [_option_]...\n\n"
          "# DESCRIPTION\n\n",
          out);
    man_text(out, 0,
             "Runs graphs of packet-processing elements that YAML files describe: relays, gateways "
             "and proxies of Automatic Multicast Tunneling (AMT, RFC 7450), and whatever else can "
             "be composed of elements. How such a file is written is told in "
             "amtgraph-graph(5), and what elements there are in amtgraph-elements(7).\n\n"
             "Every command takes `--help`, which prints what stands here about it.");
    fputs("# COMMANDS\n\n", out);
    for (const struct command *const *c = commands; *c; c++)
        command(out, *c);
    fputs("# EXIT STATUS\n\n", out);
    for (const struct exit_meaning *m = exit_meanings; m->help; m++)
        man_entry(out, m->codes, NULL, m->help);
    fputs("# ENVIRONMENT\n\n", out);
    man_entry(out, "NO_COLOR", NULL, "when set, messages have no colours, on terminals too");
    man_entry(out, "AMTGRAPH_RUNTIME_DIR", NULL,
              "where runs have their sockets; else /run/amtgraph for root, "
              "$XDG_RUNTIME_DIR/amtgraph or /tmp/amtgraph-UID for others");
    man_text(out, 0, "A graph may name variables that set its parameters (`env`).");
    fputs("# SEE ALSO\n\n*amtgraph-graph*(5), *amtgraph-elements*(7)\n", out);
}
