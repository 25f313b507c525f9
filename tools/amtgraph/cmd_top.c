/* amtgraph top: what moves in a running graph, per second. */
#include "tools/amtgraph/admin/client.h"
#include "tools/amtgraph/redraw.h"
#include "tools/amtgraph/rows.h"
#include "tools/amtgraph/admin/view.h"

static void print_view(const char *nothing, const json_t *view)
{
    if (json_array_size(json_object_get(view, "rows")))
        rows_print(json_object_get(view, "columns"), json_object_get(view, "rows"), stdout);
    else
        puts(nothing);
}

static void print_rates(const json_t *status, const json_t *before, const json_t *after,
                        const json_t *edges, bool json)
{
    json_t *edge_rates = run_view_edge_rates(before, after, edges);
    json_t *element_rates = run_view_element_rates(before, after);

    if (json) {
        json_t *line = json_pack("{sO sO sO}", "seconds", json_object_get(after, "seconds"), "edges",
                                 json_object_get(edge_rates, "rows"), "elements",
                                 json_object_get(element_rates, "rows"));
        print_json_line(line, stdout);
        json_decref(line);
    } else {
        const char *run = json_string_value(json_object_get(status, "run"));
        printf("%s, running for %.0f s\n\n", run ? run : "", json_real_value(json_object_get(after, "seconds")));
        print_view("no packet crosses an edge", edge_rates);
        putchar('\n');
        print_view("no element is at work", element_rates);
    }
    fflush(stdout);
    json_decref(edge_rates);
    json_decref(element_rates);
}

static json_t *ask(struct admin_client *c, const char *what)
{
    return admin_client_get(c, json_pack("{ss}", "do", what));
}

static int top(const struct command_line *line)
{
    bool once = line_has(line, "once"), json = line_has(line, "json");
    int code;
    unsigned long long every = redraw_every(line, &code);
    struct admin_client *c = code ? NULL : admin_client_open(line, &code);
    json_t *status = c ? ask(c, "status") : NULL, *edges = status ? ask(c, "edges") : NULL;
    json_t *before = edges ? ask(c, "counters") : NULL;

    for (bool again = before != NULL; again;) {
        redraw_wait(every);
        json_t *after = ask(c, "counters");
        if (after && !once && !json)
            redraw_begin(stdout);
        if (after)
            print_rates(status, before, after, edges, json);
        json_decref(before);
        before = after;
        again = after && !once && !ferror(stdout);
    }
    if (c && !before)
        code = EXIT_FAILED;
    json_decref(status);
    json_decref(edges);
    json_decref(before);
    admin_client_close(c);
    return code;
}

const struct command command_top = {
    .name = "top",
    .summary = "show packets per second over the edges of a running graph",
    .operands = "",
    .details = "What stands still is left out. An interrupt (^C) ends it.",
    COMMAND_OPTIONS(ADMIN_CLIENT_OPTION,
                    {"once", NULL, "print once, after the first interval, and end"},
                    {"every", "DURATION", "over which rates are measured (default 1s)"},
                    {"json", NULL, "print JSON, a line for each interval"}),
    .run = top,
};
