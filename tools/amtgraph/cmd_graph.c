/* amtgraph graph FILE: the picture of a graph, ports and types on the edges. */
#include <string.h>

#include "tools/amtgraph/load.h"

/* "out > in: amt.request"; ports that are the only one of their kind need no name. */
static void print_label(const struct amtg_graph *g, const struct amtg_graph_edge *e, FILE *out)
{
    const struct amtg_graph_node *from = &g->nodes[e->from], *to = &g->nodes[e->to];

    fprintf(out, "%s to %s: %s%s", from->outs[e->out].name, to->ins[e->in].name,
            e->type ? e->type->name : "?", from->outs[e->out].to ? ", addressed" : "");
}

/* References are drawn too: dashed arrows from who asks to who is asked. */
static void print_dot(const struct amtg_graph *g, FILE *out)
{
    fprintf(out, "digraph \"%s\" {\n    node [shape=box]\n", g->name);
    for (unsigned i = 0; i < g->nodes_count; i++)
        fprintf(out, "    \"%s\" [label=\"%s\\n%s\"]\n", g->nodes[i].name, g->nodes[i].name,
                g->nodes[i].class->name);
    for (unsigned i = 0; i < g->edges_count; i++) {
        const struct amtg_graph_edge *e = &g->edges[i];
        fprintf(out, "    \"%s\" -> \"%s\" [label=\"", g->nodes[e->from].name,
                g->nodes[e->to].name);
        print_label(g, e, out);
        fputs("\"]\n", out);
    }
    for (unsigned i = 0; i < g->nodes_count; i++)
        for (unsigned k = 0; k < g->nodes[i].refs_count; k++)
            fprintf(out, "    \"%s\" -> \"%s\" [style=dashed]\n", g->nodes[i].name,
                    g->nodes[g->nodes[i].refs[k].target].name);
    fputs("}\n", out);
}

/* Mermaid takes no free texts as identifiers: nodes are numbered. */
static void print_mermaid(const struct amtg_graph *g, FILE *out)
{
    fputs("flowchart LR\n", out);
    for (unsigned i = 0; i < g->nodes_count; i++)
        fprintf(out, "    n%u[\"%s<br/>%s\"]\n", i, g->nodes[i].name, g->nodes[i].class->name);
    for (unsigned i = 0; i < g->edges_count; i++) {
        const struct amtg_graph_edge *e = &g->edges[i];
        fprintf(out, "    n%u -->|\"", e->from);
        print_label(g, e, out);
        fprintf(out, "\"| n%u\n", e->to);
    }
    for (unsigned i = 0; i < g->nodes_count; i++)
        for (unsigned k = 0; k < g->nodes[i].refs_count; k++)
            fprintf(out, "    n%u -.-> n%u\n", i, g->nodes[i].refs[k].target);
}

static int run(const struct command_line *line)
{
    const char *format = line_value(line, "format");
    void (*print)(const struct amtg_graph *g, FILE *out) = print_dot;
    int code;

    if (format && strcmp(format, "mermaid") == 0)
        print = print_mermaid;
    else if (format && strcmp(format, "dot") != 0)
        return usage_error(line->command, "--format %s: expected dot or mermaid", format);
    struct amtg_graph *g = load_graph_or_say(line, line->operands[0], &code);
    if (!g)
        return code;
    print(g, stdout);
    amtg_graph_free(g);
    return EXIT_DONE;
}

const struct command command_graph = {
    .name = "graph",
    .summary = "draw a graph",
    .operands = "FILE",
    .details = "Port names and types stand on the edges; references are dashed. Example:\n"
               "    amtgraph graph graphs/relay.yaml | dot -Tsvg > relay.svg",
    COMMAND_OPTIONS({"format", "dot|mermaid", "language of the picture (default: dot)"},
                    OPTION_SET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
