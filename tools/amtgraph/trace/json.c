/* What has been followed, as JSON: docs/trace-a-packet.md says what it means. */
#include <string.h>

#include "tools/amtgraph/packet_change.h"
#include "tools/amtgraph/packet_json.h"
#include "tools/amtgraph/trace/show.h"

enum { VERSION = 1 };

static json_t *seconds(uint64_t ns)
{
    return json_real((double)ns / (double)AMTG_S);
}

static void set_node(json_t *object, const struct amtg_graph *g, unsigned node)
{
    const struct amtg_graph_node *n = &g->nodes[node];

    json_object_set_new(object, "element", json_string(n->name));
    json_object_set_new(object, "class", json_string(n->class->name));
    json_object_set_new(object, "file", json_string(n->mark.file));
    json_object_set_new(object, "line", json_integer(n->mark.line));
}

/* {"count": 2, "first": ["203.0.113.7:51000", ...]} */
static json_t *destinations(const struct follow_view *v)
{
    json_t *first = json_array();

    for (unsigned i = 0; i < v->to_shown; i++)
        json_array_append_new(first, packet_peer_json(&v->to[i].remote, v->to[i].remote_port));
    return json_pack("{siso}", "count", (int)v->to_count, "first", first);
}

/* A packet as it is at one place. */
static json_t *packet(const struct follow_view *v)
{
    json_t *p = json_pack("{ssss}", "type", v->type->name, "describe", v->words);

    json_object_set_new(p, "octets", packet_hex_json(v->octets, v->len));
    if (v->to_count)
        json_object_set_new(p, "to", destinations(v));
    return p;
}

static json_t *hop_json(const struct amtg_graph *g, const struct follow_hop *hop)
{
    const struct follow_view *a = hop->before, *b = hop->after;
    json_t *h = json_object();
    struct packet_change c;

    set_node(h, g, hop->node);
    json_object_set_new(h, "output", json_string(g->nodes[hop->node].outs[hop->out].name));
    json_object_set_new(h, "time", seconds(b->time_ns));
    json_object_set_new(h, "packet", packet(b));
    packet_change_find(&c, a->type, a->octets, a->len, b->type, b->octets, b->len);
    json_object_set_new(h, "becomes", json_boolean(c.changes.others));
    json_object_set_new(h, "changes", packet_change_json(&c));
    packet_change_free(&c);
    return h;
}

static json_t *end_json(const struct amtg_graph *g, const struct follow_way *way)
{
    static const char *const names[] = {
        [FOLLOW_WAITS] = "kept",        [FOLLOW_SENT] = "sent",       [FOLLOW_LEFT] = "left",
        [FOLLOW_FINISHED] = "finished", [FOLLOW_DROPPED] = "dropped", [FOLLOW_REFUSED] = "refused",
    };
    json_t *e = json_pack("{ss}", "how", names[way->end]);

    if (way->end != FOLLOW_REFUSED && way->end != FOLLOW_LEFT)
        set_node(e, g, way->at);
    if (way->end == FOLLOW_SENT && way->last->to_count)
        json_object_set_new(e, "to", destinations(way->last));
    if (way->end == FOLLOW_DROPPED) {
        json_object_set_new(e, "reason", json_string(way->reason));
        json_object_set_new(e, "help",
                            json_string(trace_reason_help(g->nodes[way->at].class, way->reason)));
    } else if (way->reason) {
        json_object_set_new(e, "why", json_string(way->reason));
    }
    return e;
}

static json_t *way_json(const struct amtg_graph *g, const struct follow_way *way)
{
    static const char *const births[] = {
        [FOLLOW_CAPTURED] = "captured", [FOLLOW_COPIED] = "copied", [FOLLOW_MADE] = "made",
        [FOLLOW_TIMED] = "timed",       [FOLLOW_KEPT] = "kept",
    };
    const struct follow_view *v = way->first;
    json_t *first = packet(v);
    json_object_set_new(first, "layers", packet_layers_json(v->type, v->octets, v->len));
    json_t *w = json_pack("{ssssso}", "id", way->id, "begins", births[way->birth], "packet", first),
           *hops = json_array();

    json_object_set_new(w, "parent", way->parent ? json_string(way->parent->id) : json_null());
    if (way->birth != FOLLOW_CAPTURED)
        json_object_set_new(w, "by", json_string(g->nodes[way->node].name));
    json_object_set_new(w, "faults", packet_faults_json(v->type, v->octets, v->len));
    for (unsigned i = 0; i < way->hops_count; i++)
        json_array_append_new(hops, hop_json(g, &way->hops[i]));
    json_object_set_new(w, "hops", hops);
    json_object_set_new(w, "end", end_json(g, way));
    return w;
}

static json_t *counts_json(struct follow *f, const struct amtg_graph *g)
{
    json_t *all = json_array();
    struct follow_count c;

    for (unsigned i = 0; follow_counted(f, i, &c); i++)
        json_array_append_new(all, json_pack("{sssssIsI}", "element", g->nodes[c.node].name,
                                             c.counter ? "counter" : "drop",
                                             c.counter ? c.counter->name : c.reason->name, "was",
                                             (json_int_t)c.was, "is", (json_int_t)c.is));
    return all;
}

json_t *trace_json(struct follow *f, const struct amtg_graph *g)
{
    unsigned count;
    struct follow_way *const *ways = follow_ways(f, &count);
    json_t *all = json_array();
    uint64_t time_ns = 0;

    for (unsigned i = 0; i < count; i++) {
        json_array_append_new(all, way_json(g, ways[i]));
        if (ways[i]->last->time_ns > time_ns)
            time_ns = ways[i]->last->time_ns;
    }
    return json_pack("{sisososo}", "version", VERSION, "time", seconds(time_ns), "ways", all,
                     "counted", counts_json(f, g));
}
