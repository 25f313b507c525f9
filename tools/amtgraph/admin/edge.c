#include "tools/amtgraph/admin/edge.h"

#include <stdio.h>
#include <string.h>

#include "core/diag.h"

enum { PART = 256, SHOWN = 8, NAMES = 1024 };

/* One side of an arrow as it was written: "name" or "name.port". */
struct side {
    char text[PART];
};

const char *admin_edge_text(const struct amtg_graph *g, unsigned i, char *out, size_t room)
{
    const struct amtg_graph_edge *e = &g->edges[i];

    snprintf(out, room, "%s.%s -> %s.%s", g->nodes[e->from].name, g->nodes[e->from].outs[e->out].name,
             g->nodes[e->to].name, g->nodes[e->to].ins[e->in].name);
    return out;
}

/* Is it "node" or "node.port"? The whole of it, since names of rows have dots and brackets. */
static bool fits(const struct side *side, const char *node, const char *port)
{
    size_t len = strlen(node);

    if (strncmp(side->text, node, len))
        return false;
    return side->text[len] == '\0' || (side->text[len] == '.' && strcmp(side->text + len + 1, port) == 0);
}

static bool edge_fits(const struct amtg_graph *g, const struct amtg_graph_edge *e,
                      const struct side *from, const struct side *to)
{
    return fits(from, g->nodes[e->from].name, g->nodes[e->from].outs[e->out].name) &&
           (!to->text[0] || fits(to, g->nodes[e->to].name, g->nodes[e->to].ins[e->in].name));
}

static void copy_trimmed(struct side *side, const char *from, size_t len)
{
    while (len && from[0] == ' ')
        from++, len--;
    while (len && from[len - 1] == ' ')
        len--;
    snprintf(side->text, sizeof side->text, "%.*s", (int)len, from);
}

/* The nearest element; or, if it is that one, an edge that it has. */
static void say_none(const struct amtg_graph *g, const char *text, const struct side *from, char *why,
                     size_t room)
{
    const char *names[NAMES];
    size_t count = 0;
    char edge[2 * PART];

    for (unsigned i = 0; i < g->nodes_count && count < NAMES; i++)
        names[count++] = g->nodes[i].name;
    const char *nearest = amtg_nearest(from->text, names, count);
    for (unsigned i = 0; nearest && strcmp(nearest, from->text) == 0 && i < g->edges_count; i++)
        if (strcmp(g->nodes[g->edges[i].from].name, nearest) == 0)
            nearest = admin_edge_text(g, i, edge, sizeof edge);
    snprintf(why, room, nearest ? "the graph has no edge \"%s\" (did you mean \"%s\"?)"
                                : "the graph has no edge \"%s\"", text, nearest);
}

bool admin_edge_find(const struct amtg_graph *g, const char *text, struct admin_edge *edge, char *why,
                     size_t room)
{
    const char *arrow = strstr(text, "->");
    struct side from, to = {""};
    unsigned found = 0;
    char one[2 * PART], all[SHOWN * PART] = "";

    copy_trimmed(&from, text, arrow ? (size_t)(arrow - text) : strlen(text));
    if (arrow)
        copy_trimmed(&to, arrow + 2, strlen(arrow + 2));
    for (unsigned i = 0; i < g->edges_count; i++) {
        const struct amtg_graph_edge *e = &g->edges[i];
        if (!edge_fits(g, e, &from, &to))
            continue;
        *edge = (struct admin_edge){e->from, e->out};
        if (found++ < SHOWN)
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", found > 1 ? ", " : "",
                     admin_edge_text(g, i, one, sizeof one));
    }
    if (found == 0)
        say_none(g, text, &from, why, room);
    else if (found > 1)
        snprintf(why, room, "\"%s\" is more than one edge: %s%s", text, all, found > SHOWN ? ", ..." : "");
    return found == 1;
}
