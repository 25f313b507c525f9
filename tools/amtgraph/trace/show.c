#include "tools/amtgraph/trace/show.h"

#include <string.h>

#include "tools/amtgraph/packet_change.h"

enum { INDENT = 2, DEEPEST = 16 };

static const char spaces[] = "                                                  ";

/* Where the text goes, and how deep it is in the tree of ways. */
struct page {
    const struct amtg_graph *graph;
    struct follow *follow;
    FILE *out;
    const char *indent; /* of the way that is shown */
};

/* ---- places and times ------------------------------------------------------------ */

const char *trace_reason_help(const struct amtg_class *class, const char *reason)
{
    int i = amtg_drop_index(class, reason);

    return i < 0 ? NULL : amtg_drop_reason(class, (unsigned)i)->help;
}

/* "update (amt-update, line 80)"; of another file than the graph's own: "FILE:12". */
static void put_node(const struct page *page, unsigned node, FILE *out)
{
    const struct amtg_graph_node *n = &page->graph->nodes[node];

    fprintf(out, "%s (%s, ", n->name, n->class->name);
    if (strcmp(n->mark.file, page->graph->file) == 0)
        fprintf(out, "line %u)", n->mark.line);
    else
        fprintf(out, "%s:%u)", n->mark.file, n->mark.line);
}

static void put_time(uint64_t ns, FILE *out)
{
    fprintf(out, "%llu.%06llu s", (unsigned long long)(ns / AMTG_S),
            (unsigned long long)(ns % AMTG_S / AMTG_US));
}

static void put_peer(const struct amtg_peer *peer, FILE *out)
{
    char text[AMTG_ADDR_TEXT];

    fprintf(out, amtg_addr_is4(&peer->remote) ? "%s:%u" : "[%s]:%u",
            amtg_addr_text(&peer->remote, text), peer->remote_port);
}

/* "192.0.2.1:2268", "3 endpoints: A, B, C", with what is left out counted. */
static void put_to(const struct follow_view *v, FILE *out)
{
    if (v->to_count != 1)
        fprintf(out, "%u endpoints%s", v->to_count, v->to_count ? ": " : "");
    for (unsigned i = 0; i < v->to_shown; i++) {
        fputs(i ? ", " : "", out);
        put_peer(&v->to[i], out);
    }
    if (v->to_count > v->to_shown)
        fprintf(out, " and %u more", v->to_count - v->to_shown);
}

/* ---- one step ------------------------------------------------------------------ */

static bool same_to(const struct follow_view *a, const struct follow_view *b)
{
    return a->to_count == b->to_count && a->to_shown == b->to_shown &&
           memcmp(a->to, b->to, a->to_shown * sizeof *a->to) == 0;
}

/* What the element has done to it, each thing a line. */
static void put_changes(const struct page *page, const struct follow_view *a,
                        const struct follow_view *b, const char *indent)
{
    struct packet_change c;

    if (a == b)
        return;
    packet_change_find(&c, a->type, a->octets, a->len, b->type, b->octets, b->len);
    if (c.changes.others)
        fprintf(page->out, "%sis now a %s: %s\n", indent, b->type->name, b->words);
    else
        packet_change_print(&c, indent, page->out);
    if (a->type != b->type && !c.changes.others)
        fprintf(page->out, "%stype %s -> %s\n", indent, a->type->name, b->type->name);
    packet_change_free(&c);
    if (b->to_count && !same_to(a, b)) {
        fprintf(page->out, "%sgoes to ", indent);
        put_to(b, page->out);
        putc('\n', page->out);
    }
    if (b->has_tos && b->to_count && (!a->has_tos || a->tos != b->tos))
        fprintf(page->out, "%souter TOS 0x%02x\n", indent, b->tos);
}

static void put_hop(const struct page *page, const struct follow_hop *hop, const char *indent)
{
    const struct amtg_graph_node *n = &page->graph->nodes[hop->node];

    fputs(page->indent, page->out);
    put_node(page, hop->node, page->out);
    fprintf(page->out, " -> %s", n->outs[hop->out].name);
    if (hop->after->time_ns > hop->before->time_ns) {
        fputs(", ", page->out);
        put_time(hop->after->time_ns - hop->before->time_ns, page->out);
        fputs(" later", page->out);
    }
    putc('\n', page->out);
    put_changes(page, hop->before, hop->after, indent);
}

static void put_end(const struct page *page, const struct follow_way *way)
{
    FILE *out = page->out;
    const struct amtg_class *class = page->graph->nodes[way->at].class;

    fputs(page->indent, out);
    if (way->end == FOLLOW_REFUSED) {
        fprintf(out, "goes nowhere: %s\n", way->reason);
        return;
    }
    if (way->end == FOLLOW_LEFT) {
        fputs("leaves the graph\n", out);
        return;
    }
    put_node(page, way->at, out);
    switch (way->end) {
    case FOLLOW_SENT:
        fputs(": sent", out);
        if (way->last->to_count) {
            fputs(" to ", out);
            put_to(way->last, out);
        }
        putc('\n', out);
        break;
    case FOLLOW_DROPPED:
        fprintf(out, ": DROPPED as %s: %s\n", way->reason, trace_reason_help(class, way->reason));
        break;
    case FOLLOW_WAITS:
        fputs(": kept for now\n", out);
        break;
    default:
        fputs(": finished, it has done what it came for\n", out);
    }
}

/* ---- ways ---------------------------------------------------------------------- */

static void put_head(const struct page *page, const struct follow_way *way)
{
    const char *name = page->graph->nodes[way->node].name;
    FILE *out = page->out;

    switch (way->birth) {
    case FOLLOW_CAPTURED:
        fprintf(out, "%s  at ", way->id);
        put_time(way->first->time_ns, out);
        break;
    case FOLLOW_COPIED:
        fprintf(out, "%s  a copy, by %s", way->id, name);
        break;
    case FOLLOW_MADE:
        fprintf(out, "%s  made by %s", way->id, name);
        break;
    case FOLLOW_TIMED:
        fprintf(out, "%s  at ", way->id);
        put_time(way->first->time_ns, out);
        fprintf(out, ", made by %s when it was time", name);
        break;
    case FOLLOW_KEPT:
        fprintf(out, "%s  goes on at ", way->id);
        put_time(way->hops_count ? way->hops[0].after->time_ns : way->first->time_ns, out);
        fprintf(out, ", kept in %s until then", name);
        break;
    }
    if (way->birth != FOLLOW_COPIED)
        fprintf(out, ": %s", way->first->words);
    putc('\n', out);
}

static void put_way(const struct page *parents, const struct follow_way *way, unsigned depth)
{
    struct page page = *parents;
    unsigned d = depth < DEEPEST ? depth : DEEPEST, count;
    struct follow_way *const *ways = follow_ways(page.follow, &count);
    const char *end = spaces + sizeof spaces - 1, *changes = end - INDENT * (d + 3);

    fputs(end - INDENT * d, page.out);
    put_head(&page, way);
    page.indent = end - INDENT * (d + 1);
    if (way->birth == FOLLOW_CAPTURED)
        packet_faults_print(way->first->type, way->first->octets, way->first->len, changes,
                            page.out);
    for (unsigned i = 0; i < way->hops_count; i++)
        put_hop(&page, &way->hops[i], changes);
    put_end(&page, way);
    for (unsigned i = 0; i < count; i++)
        if (ways[i]->parent == way)
            put_way(&page, ways[i], depth + 1);
}

/* "   membership counted: endpoints 0 -> 1, joins +1", a line for each element. */
static void put_counts(const struct page *page)
{
    struct follow_count c;
    unsigned last = page->graph->nodes_count;

    for (unsigned i = 0; follow_counted(page->follow, i, &c); i++) {
        const char *name = c.counter ? c.counter->name : c.reason->name;
        if (c.node == last)
            fputs(", ", page->out);
        else
            fprintf(page->out, "%s   %s counted: ", i ? "\n" : "", page->graph->nodes[c.node].name);
        last = c.node;
        if (c.counter && c.counter->kind == AMTG_GAUGE)
            fprintf(page->out, "%s %llu -> %llu", name, (unsigned long long)c.was,
                    (unsigned long long)c.is);
        else
            fprintf(page->out, "%s +%llu", name, (unsigned long long)(c.is - c.was));
    }
    if (last != page->graph->nodes_count)
        putc('\n', page->out);
}

void trace_show(struct follow *f, const struct amtg_graph *g, FILE *out)
{
    struct page page = {.graph = g, .follow = f, .out = out};
    unsigned count;
    struct follow_way *const *ways = follow_ways(f, &count);

    for (unsigned i = 0; i < count; i++)
        if (!ways[i]->parent)
            put_way(&page, ways[i], 0);
    put_counts(&page);
    putc('\n', out);
}
