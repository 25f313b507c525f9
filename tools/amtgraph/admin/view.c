#include "tools/amtgraph/admin/view.h"

#include <stdio.h>
#include <string.h>

#include "elements/registry.h"
#include "core/runtime.h"
#include "tools/amtgraph/rows.h"

enum { EDGE = 512 };

static json_t *view_new(void)
{
    return json_pack("{s[] s[]}", "columns", "rows");
}

static json_t *columns(json_t *view)
{
    return json_object_get(view, "columns");
}

static void add_row(json_t *view, json_t *row)
{
    json_array_append_new(json_object_get(view, "rows"), row);
}

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static const json_t *element_of(const json_t *counters, const char *name)
{
    return json_object_get(json_object_get(counters, "elements"), name);
}

static const json_t *port_of(const json_t *counters, const char *element, const char *port)
{
    return json_object_get(json_object_get(element_of(counters, element), "ports"), port);
}

static json_int_t sum_of(const json_t *object)
{
    const char *key;
    json_t *value;
    json_int_t sum = 0;

    json_object_foreach((json_t *)object, key, value)
        sum += json_integer_value(value);
    return sum;
}

static json_int_t sent_by(const json_t *element)
{
    const char *key;
    json_t *port;
    json_int_t sum = 0;

    json_object_foreach(json_object_get(element, "ports"), key, port)
        sum += number(port, "packets");
    return sum;
}

/* ---- as they stand ------------------------------------------------------------------ */

json_t *run_view_elements(const json_t *counters)
{
    json_t *view = view_new(), *element;
    const char *name;

    rows_column(columns(view), "element", NULL);
    rows_column(columns(view), "class", NULL);
    rows_column(columns(view), "in", "packets");
    rows_column(columns(view), "out", "packets");
    rows_column(columns(view), "dropped", "packets");
    json_object_foreach(json_object_get(counters, "elements"), name, element)
        add_row(view, json_pack("{ss sO sI sI sI}", "element", name, "class",
                                json_object_get(element, "class"), "in", number(element, "taken"),
                                "out", sent_by(element), "dropped",
                                sum_of(json_object_get(element, "drops"))));
    return view;
}

static const char *edge_text(const json_t *edge, char out[EDGE])
{
    snprintf(out, EDGE, "%s.%s -> %s.%s", json_string_value(json_object_get(edge, "from")),
             json_string_value(json_object_get(edge, "out")),
             json_string_value(json_object_get(edge, "to")),
             json_string_value(json_object_get(edge, "in")));
    return out;
}

static const json_t *port_of_edge(const json_t *counters, const json_t *edge)
{
    return port_of(counters, json_string_value(json_object_get(edge, "from")),
                   json_string_value(json_object_get(edge, "out")));
}

json_t *run_view_edges(const json_t *counters, const json_t *edges)
{
    json_t *view = view_new();
    const json_t *edge;
    char text[EDGE];
    size_t i;

    rows_column(columns(view), "edge", NULL);
    rows_column(columns(view), "type", NULL);
    rows_column(columns(view), "packets", "packets");
    rows_column(columns(view), "octets", "octets");
    json_array_foreach(json_object_get(edges, "edges"), i, edge) {
        const json_t *port = port_of_edge(counters, edge);
        add_row(view, json_pack("{ss sO sI sI}", "edge", edge_text(edge, text), "type",
                                json_object_get(edge, "type"), "packets", number(port, "packets"),
                                "octets", number(port, "octets")));
    }
    return view;
}

/* What the descriptor says about a reason; this program and the run are of one build, mostly. */
static const char *reason_help(const char *class, const char *reason)
{
    const struct amtg_class *const *c = amtg_classes;

    while (*c && strcmp((*c)->name, class))
        c++;
    int i = *c ? amtg_drop_index(*c, reason) : -1;
    return i < 0 ? "" : amtg_drop_reason(*c, (unsigned)i)->help;
}

json_t *run_view_drops(const json_t *counters)
{
    json_t *view = view_new(), *element, *count;
    const char *name, *reason;

    rows_column(columns(view), "element", NULL);
    rows_column(columns(view), "reason", NULL);
    rows_column(columns(view), "packets", "packets");
    rows_column(columns(view), "help", NULL);
    json_object_foreach(json_object_get(counters, "elements"), name, element)
        json_object_foreach(json_object_get(element, "drops"), reason, count)
            if (json_integer_value(count))
                add_row(view, json_pack("{ss ss sI ss}", "element", name, "reason", reason, "packets",
                                        json_integer_value(count), "help",
                                        reason_help(json_string_value(json_object_get(element, "class")),
                                                    reason)));
    return view;
}

/* ---- per second ----------------------------------------------------------------------- */

/* After a reset there is less than before: what there is has come since. */
static double rate(json_int_t before, json_int_t after, double seconds)
{
    json_int_t more = after >= before ? after - before : after;

    return seconds > 0 ? (double)more / seconds : 0;
}

static double seconds_between(const json_t *before, const json_t *after)
{
    return json_real_value(json_object_get(after, "seconds")) -
           json_real_value(json_object_get(before, "seconds"));
}

json_t *run_view_edge_rates(const json_t *before, const json_t *after, const json_t *edges)
{
    json_t *view = view_new();
    const json_t *edge;
    double seconds = seconds_between(before, after);
    char text[EDGE];
    size_t i;

    rows_column(columns(view), "edge", NULL);
    rows_column(columns(view), "packets/s", "packets/s");
    rows_column(columns(view), "kbit/s", "kbit/s");
    json_array_foreach(json_object_get(edges, "edges"), i, edge) {
        const json_t *was = port_of_edge(before, edge), *is = port_of_edge(after, edge);
        double packets = rate(number(was, "packets"), number(is, "packets"), seconds);
        if (packets > 0)
            add_row(view, json_pack("{ss sf sf}", "edge", edge_text(edge, text), "packets/s", packets,
                                    "kbit/s", rate(number(was, "octets"), number(is, "octets"), seconds) *
                                        8 / 1000));
    }
    return view;
}

json_t *run_view_element_rates(const json_t *before, const json_t *after)
{
    json_t *view = view_new(), *is;
    double seconds = seconds_between(before, after);
    const char *name;

    rows_column(columns(view), "element", NULL);
    rows_column(columns(view), "in/s", "packets/s");
    rows_column(columns(view), "out/s", "packets/s");
    rows_column(columns(view), "drops/s", "packets/s");
    json_object_foreach(json_object_get(after, "elements"), name, is) {
        const json_t *was = element_of(before, name);
        double in = rate(number(was, "taken"), number(is, "taken"), seconds);
        double out = rate(sent_by(was), sent_by(is), seconds);
        double drops = rate(sum_of(json_object_get(was, "drops")),
                            sum_of(json_object_get(is, "drops")), seconds);
        if (in > 0 || out > 0 || drops > 0)
            add_row(view, json_pack("{ss sf sf sf}", "element", name, "in/s", in, "out/s", out,
                                    "drops/s", drops));
    }
    return view;
}

json_t *run_view_rates(const json_t *before, const json_t *after, const json_t *edges)
{
    json_t *rates = json_array();
    const json_t *edge;
    double seconds = seconds_between(before, after);
    size_t i;

    json_array_foreach(json_object_get(edges, "edges"), i, edge) {
        const json_t *was = port_of_edge(before, edge), *is = port_of_edge(after, edge);
        json_array_append_new(rates,
                              json_pack("[ff]", rate(number(was, "packets"), number(is, "packets"), seconds),
                                        rate(number(was, "octets"), number(is, "octets"), seconds) * 8));
    }
    return rates;
}
