/* What a run has counted, for people and for programs; names come from the descriptors. */
#include <jansson.h>
#include <stdio.h>

#include "core/ask.h"
#include "core/runtime_private.h"

static const struct amtg_reason common_drops[AMTG_DROPS_COMMON] = {
    [AMTG_DROP_NO_BUFFER] = {"no-buffer", "the pool was dry"},
    [AMTG_DROP_OPEN] = {"open", "the output is not connected"},
    [AMTG_DROP_PEER_STOPPED] = {"peer-stopped", "the next element had stopped already"},
};

static const char *const boundary_names[3] = {"replayed", "not-replayable", "recorded"};

const char *amtg_common_drop(unsigned i)
{
    return common_drops[i].name;
}

/* What is summed up: the same element in each shard. */
struct view {
    struct amtg_runtime *const *runtimes;
    unsigned count;
};

static const struct amtg_element *first_of(const struct view *v, unsigned node)
{
    return &v->runtimes[0]->elements[node];
}

#define SUM(v, node, value) \
    ({ \
        uint64_t sum_ = 0; \
        for (unsigned s_ = 0; s_ < (v)->count; s_++) { \
            const struct amtg_element *e = &(v)->runtimes[s_]->elements[node]; \
            sum_ += (value); \
        } \
        sum_; \
    })

static struct amtg_pool_stats sum_pools(const struct view *v, bool records)
{
    struct amtg_pool_stats sum = {0};

    for (unsigned i = 0; i < v->count; i++) {
        const struct amtg_runtime *rt = v->runtimes[i];
        struct amtg_pool_stats s = amtg_pool_stats(records ? rt->records : rt->pool);
        sum.limit += s.limit;
        sum.in_use += s.in_use;
        sum.peak += s.peak;
        sum.denied += s.denied;
        sum.packets += s.packets;
    }
    return sum;
}

const struct amtg_reason *amtg_drop_reason(const struct amtg_class *class, unsigned i)
{
    return i < class->drops_count ? &class->drops[i] : &common_drops[i - class->drops_count];
}

int amtg_drop_index(const struct amtg_class *class, const char *name)
{
    for (unsigned i = 0; i < class->drops_count + AMTG_DROPS_COMMON; i++)
        if (strcmp(amtg_drop_reason(class, i)->name, name) == 0)
            return (int)i;
    return -1;
}

static unsigned drops_count(const struct amtg_element *e)
{
    return e->class->drops_count + AMTG_DROPS_COMMON;
}

const uint64_t *amtg_counter_find(const struct amtg_element *of, const char *name)
{
    for (unsigned i = 0; i < of->class->counters_count; i++)
        if (strcmp(of->class->counters[i].name, name) == 0)
            return &of->counters[i];
    int drop = amtg_drop_index(of->class, name);
    return drop < 0 ? NULL : &of->drops[drop];
}

/* ---- JSON --------------------------------------------------------------- */

static json_t *ports_json(const struct view *v, unsigned node, const struct amtg_graph_node *n)
{
    json_t *ports = json_object();

    for (unsigned i = 0; i < n->outs_count; i++)
        json_object_set_new(ports, n->outs[i].name,
                            json_pack("{sIsI}", "packets",
                                      (json_int_t)SUM(v, node, e->outs[i].packets), "octets",
                                      (json_int_t)SUM(v, node, e->outs[i].octets)));
    return ports;
}

static json_t *element_json(const struct view *v, unsigned node, const struct amtg_graph_node *n)
{
    const struct amtg_element *first = first_of(v, node);
    json_t *counters = json_object(), *drops = json_object();

    for (unsigned i = 0; i < first->class->counters_count; i++)
        json_object_set_new(counters, first->class->counters[i].name,
                            json_integer((json_int_t)SUM(v, node, e->counters[i])));
    for (unsigned i = 0; i < drops_count(first); i++)
        json_object_set_new(drops, amtg_drop_reason(first->class, i)->name,
                            json_integer((json_int_t)SUM(v, node, e->drops[i])));
    json_t *object = json_pack("{sssIsososo}", "class", first->class->name, "taken",
                               (json_int_t)SUM(v, node, e->taken), "counters", counters, "drops",
                               drops, "ports", ports_json(v, node, n));
    if (first->boundary) { /* a run on captures has one shard */
        uint64_t counts[3];
        amtg_boundary_counts(first, counts);
        json_t *boundary = json_object();
        for (unsigned i = 0; i < 3; i++)
            json_object_set_new(boundary, boundary_names[i], json_integer((json_int_t)counts[i]));
        json_object_set_new(object, "boundary", boundary);
    }
    return object;
}

static json_t *pool_json(struct amtg_pool_stats s)
{
    return json_pack("{sIsIsIsIsI}", "limit", (json_int_t)s.limit, "in_use", (json_int_t)s.in_use,
                     "peak", (json_int_t)s.peak, "denied", (json_int_t)s.denied, "packets",
                     (json_int_t)s.packets);
}

json_t *amtg_runtimes_json(struct amtg_runtime *const *runtimes, unsigned count)
{
    const struct view view = {runtimes, count}, *v = &view;
    const struct amtg_runtime *rt = runtimes[0];
    const struct amtg_graph *g = rt->graph;
    json_t *elements = json_object();

    for (unsigned i = 0; i < g->nodes_count; i++)
        json_object_set_new(elements, g->nodes[i].name, element_json(v, i, &g->nodes[i]));
    json_t *all = json_object();
    json_object_set_new(all, "version", json_integer(1));
    json_object_set_new(all, "graph", json_string(g->name ? g->name : ""));
    json_object_set_new(all, "seconds", json_real((double)amtg_loop_now_ns(rt->loop) / (double)AMTG_S));
    json_object_set_new(all, "elements", elements);
    json_object_set_new(all, "pool", pool_json(sum_pools(v, false)));
    json_object_set_new(all, "records", pool_json(sum_pools(v, true)));
    return all;
}

static void print_json(const struct view *v, FILE *out)
{
    json_t *all = amtg_runtimes_json(v->runtimes, v->count);

    json_dumpf(all, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    fputc('\n', out);
    json_decref(all);
}

/* ---- text: one line a value, zero ones left out ------------------------- */

static void line(FILE *out, const char *element, const char *what, const char *name,
                 uint64_t value, const char *unit)
{
    if (value)
        fprintf(out, "%-24s %-8s %-24s %12llu %s\n", element, what, name,
                (unsigned long long)value, unit ? unit : "");
}

static void element_text(const struct view *v, unsigned node, const struct amtg_graph_node *n,
                         FILE *out)
{
    const struct amtg_element *first = first_of(v, node);
    const struct amtg_class *class = first->class;

    for (unsigned k = 0; k < n->outs_count; k++)
        line(out, n->name, "out", n->outs[k].name, SUM(v, node, e->outs[k].packets), "packets");
    for (unsigned k = 0; k < class->counters_count; k++)
        line(out, n->name, "counter", class->counters[k].name, SUM(v, node, e->counters[k]),
             class->counters[k].unit);
    for (unsigned k = 0; k < drops_count(first); k++)
        line(out, n->name, "drop", amtg_drop_reason(class, k)->name, SUM(v, node, e->drops[k]),
             "packets");
    if (first->boundary) {
        uint64_t counts[3];
        amtg_boundary_counts(first, counts);
        for (unsigned k = 0; k < 3; k++)
            line(out, n->name, "boundary", boundary_names[k], counts[k], "packets");
    }
}

static void print_text(const struct view *v, FILE *out)
{
    const struct amtg_graph *g = v->runtimes[0]->graph;

    for (unsigned i = 0; i < g->nodes_count; i++)
        element_text(v, i, &g->nodes[i], out);
    struct amtg_pool_stats s = sum_pools(v, false);
    line(out, "(pool)", "gauge", "in-use", s.in_use, "buffers");
    line(out, "(pool)", "gauge", "peak", s.peak, "buffers");
    line(out, "(pool)", "counter", "denied", s.denied, "requests");
}

void amtg_runtimes_print_stats(struct amtg_runtime *const *runtimes, unsigned count, FILE *out,
                               bool json)
{
    struct view v = {runtimes, count};

    if (json)
        print_json(&v, out);
    else
        print_text(&v, out);
    fflush(out);
}
