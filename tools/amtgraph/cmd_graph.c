/* amtgraph graph FILE: the picture of a graph, ports and types on the edges; or of a run, and its rates. */
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/admin/client.h"
#include "tools/amtgraph/draw/draw.h"
#include "tools/amtgraph/load.h"
#include "tools/amtgraph/redraw.h"
#include "tools/amtgraph/admin/view.h"

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

/* ---- of a run --------------------------------------------------------------------- */

static json_t *ask(struct admin_client *c, const char *what)
{
    return admin_client_get(c, json_pack("{ss}", "do", what));
}

/* What crosses each edge in that time. NULL: what is wrong has been said. */
static json_t *look(struct admin_client *c, unsigned long long ns)
{
    json_t *edges = ask(c, "edges"), *before = edges ? ask(c, "counters") : NULL, *after = NULL;

    if (before) {
        redraw_wait(ns);
        after = ask(c, "counters");
    }
    json_t *rates = after ? run_view_rates(before, after, edges) : NULL;
    json_decref(edges);
    json_decref(before);
    json_decref(after);
    return rates;
}

/* The run draws itself: its parameters are not in its file. */
static int draw_run(const struct command_line *line, const struct format *format)
{
    int code;
    unsigned long long every = redraw_every(line, &code);
    struct admin_client *c = code ? NULL : admin_client_open(line, &code);
    json_t *rates = c ? look(c, every) : NULL, *answer = NULL;

    if (rates)
        answer = admin_client_get(c, json_pack("{ss ss sO sb}", "do", "graph", "format", format->name, "rates",
                                               rates, "unfold", line_has(line, "unfold")));
    const json_t *drawing = json_object_get(answer, "drawing");
    if (json_is_string(drawing)) {
        fputs(json_string_value(drawing), stdout);
    } else if (drawing) {
        json_dumpf(drawing, stdout, JSON_INDENT(1));
        putchar('\n');
    } else if (c) {
        code = EXIT_FAILED;
    }
    json_decref(answer);
    json_decref(rates);
    admin_client_close(c);
    return code;
}

static int run(const struct command_line *line)
{
    const char *name = line_value(line, "format");
    const struct format *format = format_of(name ? name : "dot");
    struct draw_options options = {.unfold = line_has(line, "unfold")};
    int code;

    if (!format)
        return usage_error(line->command, "--format %s: expected svg, dot, mermaid or json", name);
    if (line_has(line, "live") && !line->operands_count)
        return draw_run(line, format);
    if (line_has(line, "live"))
        return usage_error(line->command, "%s", "--live draws a run, which --name says, and no FILE");
    if (!line->operands_count)
        return usage_error(line->command, "%s", "FILE is missing, or --live for a run");
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
    .operands = "[FILE]",
    .details =
        "Types stand on the edges. Edges of packets are drawn whole, those of records dashed,\n"
        "references dotted. A row (`count: N`) is one box. Example:\n"
        "    amtgraph graph graphs/relay.yaml --format svg > relay.svg\n"
        "svg needs nothing else; dot and mermaid leave the layout to their programs; json\n"
        "has all that svg has, with coordinates (docs/drawings.md). With --live it is a running\n"
        "graph that is drawn, with what crosses each edge in a second, and how much in its width:\n"
        "    amtgraph graph --live --name relay --format svg > relay.svg",
    COMMAND_OPTIONS({"format", "svg|dot|mermaid|json", "language of the picture (default: dot)"},
                    {"unfold", NULL, "draw each graph of a row for itself"},
                    {"live", NULL, "draw a run, and its rates"}, ADMIN_CLIENT_OPTION,
                    {"every", "DURATION", "over which rates are measured (default 1s)"}, OPTION_SET),
    .operands_max = 1,
    .run = run,
};
