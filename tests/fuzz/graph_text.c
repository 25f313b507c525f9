/*
 * Fuzz: graph files. Any text is either a graph or a list of problems that can be printed;
 * no host is touched. Files that it includes are refused or read: there is a folder of
 * parts beside the name that the text is given.
 */
#include "core/graph.h"
#include "elements/registry.h"
#include "tests/fuzz/support/fuzz.h"

static void print(const struct amtg_diag *diag)
{
    static FILE *nowhere;

    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    amtg_diag_print(diag, nowhere, true);
    amtg_diag_print_json(diag, nowhere);
}

/* Each edge connects ports that there are, and each node comes once in the order. */
static void check_graph(const struct amtg_graph *g)
{
    bool *seen = calloc(g->nodes_count + 1, sizeof *seen);

    for (unsigned i = 0; i < g->edges_count; i++) {
        const struct amtg_graph_edge *e = &g->edges[i];
        FUZZ_CHECK(e->from < g->nodes_count && e->to < g->nodes_count, "edge %u", i);
        FUZZ_CHECK(e->out < g->nodes[e->from].outs_count && e->in < g->nodes[e->to].ins_count,
                   "ports of edge %u", i);
    }
    for (unsigned i = 0; i < g->nodes_count; i++) {
        FUZZ_CHECK(g->order[i] < g->nodes_count && !seen[g->order[i]], "order %u", i);
        seen[g->order[i]] = true;
    }
    free(seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    static const struct amtg_setting setting = {.name = "x", .value = "1s"};

    for (size_t settings = 0; settings < 2; settings++) {
        struct amtg_graph_options options = {
            .classes = amtg_classes, .settings = &setting, .settings_count = settings};
        struct amtg_diag *diag = amtg_diag_new();
        struct amtg_graph *g = amtg_graph_parse("graphs/fuzz.yaml", (const char *)octets,
                                                len, &options, diag);
        FUZZ_CHECK(!g == (amtg_diag_problems(diag) > 0), "%zu problems", amtg_diag_problems(diag));
        print(diag);
        if (g)
            check_graph(g);
        amtg_graph_free(g);
        amtg_diag_free(diag);
    }
    return 0;
}
