/* amtgraph graph FILE: the picture of a graph, ports and types on the edges. */
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/draw.h"
#include "tools/amtgraph/load.h"

static void print_json(const struct drawing *d, FILE *out)
{
    json_t *json = drawing_json(d);
    char *text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;

    if (text)
        fprintf(out, "%s\n", text);
    free(text);
    json_decref(json);
}

static const struct format {
    const char *name;
    void (*print)(const struct drawing *d, FILE *out);
} formats[] = {
    {"dot", draw_dot}, {"json", print_json}, {"mermaid", draw_mermaid}, {"svg", draw_svg}};

static const struct format *format_of(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

static int run(const struct command_line *line)
{
    const char *name = line_value(line, "format");
    const struct format *format = format_of(name ? name : "dot");
    struct draw_options options = {.unfold = line_has(line, "unfold")};
    int code;

    if (!format)
        return usage_error(line->command, "--format %s: expected svg, dot, mermaid or json", name);
    struct amtg_graph *g = load_graph_or_say(line, line->operands[0], &code);
    if (!g)
        return code;
    struct drawing *drawing = draw_graph(g, &options);
    if (drawing)
        format->print(drawing, stdout);
    else
        code = usage_error(line->command, "more than %d boxes are too many to draw%s",
                           DRAW_MOST_BOXES, options.unfold ? "; try without --unfold" : "");
    drawing_free(drawing);
    amtg_graph_free(g);
    return code;
}

const struct command command_graph = {
    .name = "graph",
    .summary = "draw a graph",
    .operands = "FILE",
    .details =
        "Types stand on the edges. Edges of packets are drawn whole, those of records dashed,\n"
        "references dotted. A row (`count: N`) is one box. Example:\n"
        "    amtgraph graph graphs/relay.yaml --format svg > relay.svg\n"
        "svg needs nothing else; dot and mermaid leave the layout to their programs; json\n"
        "has all that svg has, with coordinates (docs/drawings.md).",
    COMMAND_OPTIONS({"format", "svg|dot|mermaid|json", "language of the picture (default: dot)"},
                    {"unfold", NULL, "draw each graph of a row for itself"}, OPTION_SET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
