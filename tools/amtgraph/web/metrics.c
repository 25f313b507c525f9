/*
 * What is counted, for Prometheus (text format 0.0.4). A counter or gauge of a class is a family of
 * its own, amtgraph_CLASS_NAME_UNIT, since what it means is the class's to say; what all elements
 * have is one family each.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/web/private.h"

enum { NAME = 200 };

/* Where the answer is written, and what it is made of. */
struct page {
    FILE *out;
    const struct amtg_graph *graph;
    const json_t *elements; /* name -> counters, drops, ports */
};

/* ---- the format ------------------------------------------------------------------ */

static void print_escaped(FILE *out, const char *text, bool quoted)
{
    for (; *text; text++)
        if (*text == '\n')
            fputs("\\n", out);
        else if (*text == '\\' || (quoted && *text == '"'))
            fprintf(out, "\\%c", *text);
        else
            putc(*text, out);
}

static void family(const struct page *p, const char *name, const char *type, const char *help)
{
    fprintf(p->out, "# HELP %s ", name);
    print_escaped(p->out, help, false);
    fprintf(p->out, "\n# TYPE %s %s\n", name, type);
}

struct label {
    const char *name, *value;
};

/* `NAME{label="value",...} `; the value follows. labels: ended by one without a name. */
static void sample(const struct page *p, const char *name, const struct label *labels)
{
    char before = '{';

    fputs(name, p->out);
    for (; labels->name; labels++, before = ',') {
        fprintf(p->out, "%c%s=\"", before, labels->name);
        print_escaped(p->out, labels->value, true);
        putc('"', p->out);
    }
    fputs(before == ',' ? "} " : " ", p->out);
}
#define LABELS(...) ((const struct label[]){__VA_ARGS__, {NULL, NULL}})

static unsigned long long number(const json_t *object, const char *key)
{
    return (unsigned long long)json_integer_value(json_object_get(object, key));
}

static const json_t *element(const struct page *p, unsigned node)
{
    return json_object_get(p->elements, p->graph->nodes[node].name);
}

/* ---- counters and gauges of a class ------------------------------------------------ */

/* How the units of descriptors are written here; others are what they are. */
static const struct unit {
    const char *unit, *name;
    bool nanoseconds;
} units[] = {
    {"octets", "bytes", false}, {"ns", "seconds", true}, {"times", "", false},
    {"state", "", false},       {"version", "", false},
};

static struct unit unit_of(const char *unit)
{
    for (unsigned i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].unit, unit) == 0)
            return units[i];
    return (struct unit){unit, unit, false};
}

/* amtgraph_CLASS_NAME_UNIT_total, the unit once when the name begins or ends with it. */
static const char *name_of(const struct amtg_class *class, const struct amtg_counter *c,
                           char out[NAME])
{
    struct unit unit = unit_of(c->unit);
    size_t len = strlen(c->name), unit_len = strlen(c->unit);

    if (len >= unit_len && strcmp(c->name + len - unit_len, c->unit) == 0)
        len -= unit_len;
    while (len && c->name[len - 1] == '-')
        len--;
    if (strncmp(c->name, c->unit, unit_len) == 0 && c->name[unit_len] == '-')
        unit.name = "";
    /* "counter" in a name would say of which type it is. */
    snprintf(out, NAME, "amtgraph_%s%s%s%.*s%s%s%s", class->name,
             strcmp(class->name, "counter") ? "" : "s", len ? "_" : "", (int)len, c->name,
             unit.name[0] ? "_" : "", unit.name, c->kind == AMTG_COUNTER ? "_total" : "");
    for (char *at = out; *at; at++)
        if (!isalnum((unsigned char)*at))
            *at = '_';
    return out;
}

static void print_value(const struct page *p, unsigned long long value, bool nanoseconds)
{
    if (nanoseconds)
        fprintf(p->out, "%llu.%09llu\n", value / 1000000000, value % 1000000000);
    else
        fprintf(p->out, "%llu\n", value);
}

static void print_counter(const struct page *p, const struct amtg_class *class,
                          const struct amtg_counter *c)
{
    char name[NAME];

    family(p, name_of(class, c, name), c->kind == AMTG_COUNTER ? "counter" : "gauge", c->help);
    for (unsigned i = 0; i < p->graph->nodes_count; i++) {
        if (p->graph->nodes[i].class != class)
            continue;
        sample(p, name, LABELS({"element", p->graph->nodes[i].name}));
        print_value(p, number(json_object_get(element(p, i), "counters"), c->name),
                    unit_of(c->unit).nanoseconds);
    }
}

static bool is_first_of_class(const struct amtg_graph *g, unsigned node)
{
    for (unsigned i = 0; i < node; i++)
        if (g->nodes[i].class == g->nodes[node].class)
            return false;
    return true;
}

static void print_classes(const struct page *p)
{
    for (unsigned i = 0; i < p->graph->nodes_count; i++) {
        const struct amtg_class *class = p->graph->nodes[i].class;
        for (unsigned k = 0; is_first_of_class(p->graph, i) && k < class->counters_count; k++)
            print_counter(p, class, &class->counters[k]);
    }
}

/* ---- what all elements have ---------------------------------------------------------- */

static void print_taken(const struct page *p)
{
    family(p, "amtgraph_element_taken_packets_total", "counter",
           "packets that came into the element");
    for (unsigned i = 0; i < p->graph->nodes_count; i++) {
        const struct amtg_graph_node *n = &p->graph->nodes[i];
        sample(p, "amtgraph_element_taken_packets_total",
               LABELS({"element", n->name}, {"class", n->class->name}));
        print_value(p, number(element(p, i), "taken"), false);
    }
}

static void print_drops(const struct page *p)
{
    family(p, "amtgraph_element_dropped_packets_total", "counter",
           "packets that the element dropped, by reason");
    for (unsigned i = 0; i < p->graph->nodes_count; i++) {
        const struct amtg_graph_node *n = &p->graph->nodes[i];
        const json_t *drops = json_object_get(element(p, i), "drops");
        for (unsigned k = 0; k < n->class->drops_count + AMTG_COMMON_DROPS; k++) {
            const char *reason = amtg_drop_reason(n->class, k)->name;
            sample(p, "amtgraph_element_dropped_packets_total",
                   LABELS({"element", n->name}, {"class", n->class->name}, {"reason", reason}));
            print_value(p, number(drops, reason), false);
        }
    }
}

/* of: "packets" or "octets" as the run calls it. */
static void print_ports(const struct page *p, const char *name, const char *of, const char *help)
{
    family(p, name, "counter", help);
    for (unsigned i = 0; i < p->graph->nodes_count; i++) {
        const struct amtg_graph_node *n = &p->graph->nodes[i];
        const json_t *ports = json_object_get(element(p, i), "ports");
        for (unsigned k = 0; k < n->outs_count; k++) {
            sample(p, name, LABELS({"element", n->name}, {"port", n->outs[k].name}));
            print_value(p, number(json_object_get(ports, n->outs[k].name), of), false);
        }
    }
}

/* ---- the run as a whole ----------------------------------------------------------------- */

static void print_pools(const struct page *p, const json_t *counters)
{
    static const struct {
        const char *name, *type, *key, *help;
    } of[] = {
        {"amtgraph_pool_limit_buffers", "gauge", "limit", "buffers that there may be at most"},
        {"amtgraph_pool_in_use_buffers", "gauge", "in_use", "buffers in use"},
        {"amtgraph_pool_peak_buffers", "gauge", "peak",
         "buffers in use at a time, the most so far"},
        {"amtgraph_pool_denied_requests_total", "counter", "denied",
         "buffers that were not to be had"},
    };
    static const char *const pools[][2] = {{"pool", "packets"}, {"records", "records"}};

    for (unsigned i = 0; i < sizeof of / sizeof *of; i++) {
        family(p, of[i].name, of[i].type, of[i].help);
        for (unsigned k = 0; k < 2; k++) {
            sample(p, of[i].name, LABELS({"pool", pools[k][1]}));
            print_value(p, number(json_object_get(counters, pools[k][0]), of[i].key), false);
        }
    }
}

static void print_run(const struct page *p, const struct admin *a, const json_t *counters)
{
    char shards[16];

    snprintf(shards, sizeof shards, "%u", amtg_shards_count(a->shards));
    family(p, "amtgraph_build_info", "gauge", "which amtgraph this is");
    sample(p, "amtgraph_build_info", LABELS({"version", AMTGRAPH_VERSION}));
    print_value(p, 1, false);
    family(p, "amtgraph_run_info", "gauge", "which run this is");
    sample(p, "amtgraph_run_info",
           LABELS({"run", a->name}, {"graph", p->graph->name ? p->graph->name : ""},
                  {"shards", shards}));
    print_value(p, 1, false);
    family(p, "amtgraph_uptime_seconds", "gauge", "time of the run's clock since it began");
    fprintf(p->out, "amtgraph_uptime_seconds %.3f\n",
            json_real_value(json_object_get(counters, "seconds")));
}

void web_metrics_finish(struct web_request *r)
{
    char *text = NULL;
    size_t octets = 0;
    struct page p = {open_memstream(&text, &octets), admin_graph(r->web->admin),
                     json_object_get(r->answer, "elements")};

    if (!p.out) {
        web_refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE, "%s", amtg_err_text(AMTG_ENOMEM));
        return;
    }
    print_run(&p, r->web->admin, r->answer);
    print_pools(&p, r->answer);
    print_taken(&p);
    print_drops(&p);
    print_ports(&p, "amtgraph_port_packets_total", "packets", "packets that left by an output");
    print_ports(&p, "amtgraph_port_bytes_total", "octets",
                "octets of the packets that left by an output");
    print_classes(&p);
    bool whole = !ferror(p.out);
    if (fclose(p.out) || !whole) {
        free(text);
        text = NULL;
    }
    web_reply(r, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text, octets);
}
