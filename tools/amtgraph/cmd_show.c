/* amtgraph show: tables of what a running graph has. */
#include <string.h>

#include "elements/registry.h"
#include "tools/amtgraph/admin/client.h"
#include "tools/amtgraph/redraw.h"
#include "tools/amtgraph/rows.h"
#include "tools/amtgraph/admin/view.h"

static json_t *counters(struct admin_client *c)
{
    return admin_client_get(c, json_pack("{ss}", "do", "counters"));
}

static json_t *get_elements(struct admin_client *c)
{
    json_t *now = counters(c), *view = now ? run_view_elements(now) : NULL;

    json_decref(now);
    return view;
}

static json_t *get_drops(struct admin_client *c)
{
    json_t *now = counters(c), *view = now ? run_view_drops(now) : NULL;

    json_decref(now);
    return view;
}

static json_t *get_edges(struct admin_client *c)
{
    json_t *now = counters(c), *edges = now ? admin_client_get(c, json_pack("{ss}", "do", "edges")) : NULL;
    json_t *view = edges ? run_view_edges(now, edges) : NULL;

    json_decref(now);
    json_decref(edges);
    return view;
}

static const struct {
    const char *name, *help;
    json_t *(*get)(struct admin_client *c);
} views[] = {
    {"elements", "packets in, out and dropped of each element", get_elements},
    {"edges", "packets and octets over each edge", get_edges},
    {"drops", "what was dropped where, and why", get_drops},
};

enum { VIEWS = sizeof views / sizeof views[0] };

static json_t *listings(struct admin_client *c)
{
    json_t *answer = admin_client_get(c, json_pack("{ss}", "do", "listings"));
    json_t *list = json_incref(json_object_get(answer, "listings"));

    json_decref(answer);
    return list;
}

/* Rows by their first column. */
static json_t *view_of(json_t *columns, const json_t *rows)
{
    const char *first = json_string_value(json_object_get(json_array_get(columns, 0), "name"));

    return json_pack("{sO so}", "columns", columns, "rows", rows_sorted(rows, first));
}

/* Do the rows differ in this? */
static bool differ(const json_t *rows, const char *key)
{
    const json_t *row, *first = json_object_get(json_array_get(rows, 0), key);
    bool several = false;
    size_t i;

    json_array_foreach((json_t *)rows, i, row)
        several |= first && !json_equal(json_object_get(row, key), first);
    return several;
}

/* A listing: its rows, and its columns with the element and the shard that have them, when those are several. */
static json_t *get_listing(struct admin_client *c, const char *name)
{
    json_t *all = listings(c), *rows = all ? admin_client_rows(c, name) : NULL, *view = NULL;
    const json_t *listing;
    size_t i;

    json_array_foreach(all, i, listing)
        if (rows && strcmp(json_string_value(json_object_get(listing, "name")), name) == 0)
            view = view_of(json_object_get(listing, "columns"), rows);
    if (view && differ(rows, "element"))
        rows_column(json_object_get(view, "columns"), "element", NULL);
    if (view && differ(rows, "shard"))
        rows_column(json_object_get(view, "columns"), "shard", "number");
    json_decref(all);
    json_decref(rows);
    return view;
}

static json_t *get(struct admin_client *c, const char *what)
{
    for (unsigned i = 0; i < VIEWS; i++)
        if (strcmp(views[i].name, what) == 0)
            return views[i].get(c);
    return get_listing(c, what);
}

/* Without an operand: what there is. */
static json_t *get_names(struct admin_client *c)
{
    json_t *all = listings(c), *view = all ? json_pack("{s[] s[]}", "columns", "rows") : NULL;
    const json_t *listing;
    size_t i;

    if (!view)
        return NULL;
    rows_column(json_object_get(view, "columns"), "name", NULL);
    rows_column(json_object_get(view, "columns"), "help", NULL);
    json_array_foreach(all, i, listing)
        json_array_append_new(json_object_get(view, "rows"),
                              json_pack("{sO sO}", "name", json_object_get(listing, "name"), "help",
                                        json_object_get(listing, "help")));
    for (i = 0; i < VIEWS; i++)
        json_array_append_new(json_object_get(view, "rows"),
                              json_pack("{ss ss}", "name", views[i].name, "help", views[i].help));
    json_decref(all);
    return view;
}

static void print(const json_t *view, bool json)
{
    if (json)
        print_json_line(view, stdout);
    else if (json_array_size(json_object_get(view, "rows")))
        rows_print(json_object_get(view, "columns"), json_object_get(view, "rows"), stdout);
    else
        puts("(none)");
    fflush(stdout);
}

static int show(const struct command_line *line)
{
    bool watch = line_has(line, "watch"), json = line_has(line, "json");
    int code;
    unsigned long long every = redraw_every(line, &code);
    struct admin_client *c = code ? NULL : admin_client_open(line, &code);

    if (!c)
        return code;
    for (bool again = true; again && !code; again = watch) {
        json_t *view = line->operands_count ? get(c, line->operands[0]) : get_names(c);
        code = view ? EXIT_DONE : EXIT_FAILED;
        if (view && watch && !json)
            redraw_begin(stdout);
        if (view)
            print(view, json);
        json_decref(view);
        if (ferror(stdout))
            code = EXIT_FAILED;
        else if (watch && !code)
            redraw_wait(every);
    }
    admin_client_close(c);
    return code;
}

/* Views, and the listings that some class has; those of one name once. */
static void what_names(FILE *out)
{
    for (int i = 0; i < VIEWS; i++)
        fprintf(out, "%s\n", views[i].name);
    for (const struct amtg_class *const *c = amtg_classes; *c; c++)
        for (unsigned i = 0; i < (*c)->listings_count; i++)
            fprintf(out, "%s\n", (*c)->listings[i].name);
}

const struct command command_show = {
    .name = "show",
    .summary = "show what a running graph has: gateways, groups, channels, drops and more",
    .operands = "[WHAT]",
    .operands_max = 1,
    .details = "WHAT is `elements`, `edges`, `drops`, or a listing of some element of the graph, such\n"
               "as `relay`, `gateways`, `groups`, `channels`, `upstream` or `tunnel`. Without it, what\n"
               "this run can show is said.",
    COMMAND_OPTIONS(ADMIN_CLIENT_OPTION,
                    {"watch", NULL, "again and again, in place"},
                    {"every", "DURATION", "how often that is (default 1s)"},
                    {"json", NULL, "print JSON: {\"columns\": [...], \"rows\": [...]}, a line each time"}),
    .run = show,
    .operand_words = what_names,
};
