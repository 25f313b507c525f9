/* A part of a running graph stops and starts anew, as a process that is restarted. */
#include <stdlib.h>
#include <string.h>

#include "core/runtime_private.h"

static bool is_part(const char *name, const char *part)
{
    size_t len = strlen(part);
    return strncmp(name, part, len) == 0 && (name[len] == '\0' || name[len] == '/');
}

static void forget(struct amtg_runtime *rt, unsigned node)
{
    struct amtg_element *e = &rt->elements[node];

    amtg_element_fini(e);
    memcpy(e->state, rt->graph->nodes[node].state, e->class->state_octets);
    for (unsigned i = 0; i < e->class->counters_count; i++)
        if (e->class->counters[i].kind == AMTG_GAUGE)
            e->counters[i] = 0;
    amtg_element_refer(rt, node);
}

/* A stand-in goes on: it is the world outside. false: what failed is in rt->why. */
static bool begin(struct amtg_runtime *rt, const unsigned *nodes, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (amtg_element_init(&rt->elements[nodes[i]]))
            return false;
    for (unsigned i = 0; i < count; i++) {
        rt->elements[nodes[i]].stopped = false;
        if (amtg_element_start(&rt->elements[nodes[i]]))
            return false;
    }
    return true;
}

bool amtg_restart(struct amtg_element *e, const char *part)
{
    struct amtg_runtime *rt = e->runtime;
    unsigned count = 0, *nodes = calloc(rt->graph->nodes_count, sizeof *nodes);

    if (!nodes)
        return false;
    for (unsigned i = 0; i < rt->graph->nodes_count; i++) { /* in the order of start */
        unsigned node = rt->graph->order[i];
        if (is_part(rt->graph->nodes[node].name, part) && !rt->elements[node].boundary)
            nodes[count++] = node;
    }
    for (unsigned i = count; i-- > 0;)
        amtg_element_stop(&rt->elements[nodes[i]]);
    for (unsigned i = count; i-- > 0;)
        forget(rt, nodes[i]);
    if (!begin(rt, nodes, count))
        amtg_abort(e, "%s could not be restarted: %.200s", part, rt->why);
    free(nodes);
    return count > 0;
}
