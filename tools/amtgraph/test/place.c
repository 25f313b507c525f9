#include "tools/amtgraph/test/place.h"

#include <stdio.h>
#include <string.h>

#include "core/type.h"

#define PROBLEM(diag, mark, expected, nearest, ...) \
    amtg_diag_add(diag, AMTG_PROBLEM, mark, NULL, expected, nearest, __VA_ARGS__)

enum { NAMES_MOST = 1024 };

static const struct amtg_graph_port *port_of(const struct amtg_graph *g, const struct test_place *p)
{
    const struct amtg_graph_node *n = &g->nodes[p->node];

    return p->output ? &n->outs[p->port] : &n->ins[p->port];
}

const struct amtg_type *test_place_type(const struct amtg_graph *g, const struct test_place *p)
{
    const struct amtg_graph_port *port = port_of(g, p);

    return port->type ? port->type : port->port->type;
}

/* ---- what the graph shows --------------------------------------------------- */

static bool find_export(const struct amtg_graph *g, bool sends, struct test_place *p)
{
    const struct amtg_graph_export *all = sends ? g->inputs : g->outputs;
    unsigned count = sends ? g->inputs_count : g->outputs_count;

    for (unsigned i = 0; i < count; i++)
        if (strcmp(all[i].name, p->name) == 0) {
            p->node = all[i].node;
            p->port = (int)all[i].port;
            p->output = !sends;
            return true;
        }
    return false;
}

static const char *nearest_place(const struct amtg_graph *g, const char *name)
{
    const char *names[NAMES_MOST];
    unsigned count = 0;

    for (unsigned i = 0; i < g->inputs_count && count < NAMES_MOST; i++)
        names[count++] = g->inputs[i].name;
    for (unsigned i = 0; i < g->outputs_count && count < NAMES_MOST; i++)
        names[count++] = g->outputs[i].name;
    for (unsigned i = 0; i < g->nodes_count && count < NAMES_MOST; i++)
        names[count++] = g->nodes[i].name;
    return amtg_nearest(name, names, count);
}

static bool find_node(const struct amtg_graph *g, const char *name, size_t len, unsigned *node)
{
    for (unsigned i = 0; i < g->nodes_count; i++)
        if (strlen(g->nodes[i].name) == len && memcmp(g->nodes[i].name, name, len) == 0) {
            *node = i;
            return true;
        }
    return false;
}

/* ---- ports ------------------------------------------------------------------ */

static bool find_named(const struct amtg_graph_node *n, const char *name, bool output,
                       struct test_place *p)
{
    const struct amtg_graph_port *ports = output ? n->outs : n->ins;
    unsigned count = output ? n->outs_count : n->ins_count;

    for (unsigned i = 0; i < count; i++)
        if (strcmp(ports[i].name, name) == 0) {
            p->port = (int)i;
            p->output = output;
            return true;
        }
    return false;
}

/* "in, reports"; NULL: it has no ports. */
static const char *port_names(const struct amtg_graph_node *n, char *out, size_t room)
{
    size_t used = 0;

    if (n->ins_count + n->outs_count == 0)
        return NULL;
    out[0] = '\0';
    for (unsigned i = 0; i < n->ins_count + n->outs_count && used < room; i++) {
        const char *name = i < n->ins_count ? n->ins[i].name : n->outs[i - n->ins_count].name;
        int more = snprintf(out + used, room - used, "%s%s", i ? ", " : "", name);
        used += more > 0 ? (size_t)more : 0;
    }
    return out;
}

/* The single port of a side that takes a packet which begins so. */
static bool choose(const struct amtg_graph *g, const struct amtg_yaml *y,
                   const struct amtg_layer *first, struct amtg_diag *diag, struct test_place *p)
{
    const struct amtg_graph_node *n = &g->nodes[p->node];
    unsigned count = p->output ? n->outs_count : n->ins_count, found = 0;
    char names[256];

    for (unsigned i = 0; i < count; i++) {
        struct test_place at = {.node = p->node, .port = (int)i, .output = p->output};
        const struct amtg_type *type = test_place_type(g, &at);
        if (first ? !amtg_layer_fits(first, type) : amtg_type_is(type, AMTG_RECORD))
            continue; /* octets that are not written by layers are no record */
        if (!found++)
            p->port = (int)i;
    }
    if (found == 1)
        return true;
    if (!found)
        PROBLEM(diag, y->mark, port_names(n, names, sizeof names), NULL,
                "no %s of %s takes a packet that begins with %s", p->output ? "output" : "input",
                n->name, first ? first->name : "anything");
    else
        PROBLEM(diag, y->mark, port_names(n, names, sizeof names), NULL,
                "several ports of %s would do; name one as %s.PORT", n->name, n->name);
    return false;
}

bool test_place_find(const struct amtg_graph *g, const struct amtg_yaml *y, bool sends,
                     const struct amtg_layer *first, struct amtg_diag *diag, struct test_place *out)
{
    const char *dot = strchr(y->text, '.');
    char names[256];

    *out = (struct test_place){.name = y->text, .port = -1};
    if (find_export(g, sends, out))
        return true;
    if (!find_node(g, y->text, dot ? (size_t)(dot - y->text) : strlen(y->text), &out->node)) {
        PROBLEM(diag, y->mark, "an element, or a port that the graph shows",
                nearest_place(g, y->text), "there is no element \"%.60s\"", y->text);
        return false;
    }
    const struct amtg_graph_node *n = &g->nodes[out->node];
    out->output = sends == ((n->class->flags & AMTG_HOST) != 0);
    if (dot) {
        if (find_named(n, dot + 1, out->output, out) || find_named(n, dot + 1, !out->output, out))
            return true;
        PROBLEM(diag, y->mark, port_names(n, names, sizeof names), NULL, "%s has no port \"%.60s\"",
                n->name, dot + 1);
        return false;
    }
    if (sends)
        return choose(g, y, first, diag, out);
    if (out->output ? n->outs_count : n->ins_count)
        return true;
    PROBLEM(diag, y->mark, port_names(n, names, sizeof names), NULL, "nothing goes %s %s",
            out->output ? "out of" : "into", n->name);
    return false;
}
