/* Edges by the names that people give them. */
#include "tools/amtgraph/admin/edge.h"

#include <string.h>

#include "tests/support/suite.h"

static struct amtg_graph *graph;

/* By hand: names of all kinds that files, graphs within and rows lead to. */
static void begin(void)
{
    static struct amtg_graph_port in = {.name = "in"}, out = {.name = "out"}, two[2] = {{.name = "a"}, {.name = "b.c"}};
    static struct amtg_graph_node nodes[4];
    static struct amtg_graph_edge edges[4];
    static struct amtg_graph g;

    nodes[0] = (struct amtg_graph_node){.name = "source", .outs = &out, .outs_count = 1};
    nodes[1] = (struct amtg_graph_node){.name = "row[0].tunnel/lines", .ins = &in, .ins_count = 1, .outs = two, .outs_count = 2};
    nodes[2] = (struct amtg_graph_node){.name = "row[0]", .ins = &in, .ins_count = 1, .outs = &out, .outs_count = 1};
    nodes[3] = (struct amtg_graph_node){.name = "end", .ins = &in, .ins_count = 1};
    edges[0] = (struct amtg_graph_edge){.from = 0, .to = 1};
    edges[1] = (struct amtg_graph_edge){.from = 1, .out = 0, .to = 2};
    edges[2] = (struct amtg_graph_edge){.from = 1, .out = 1, .to = 3};
    edges[3] = (struct amtg_graph_edge){.from = 2, .to = 3};
    g = (struct amtg_graph){.nodes = nodes, .nodes_count = 4, .edges = edges, .edges_count = 4};
    graph = &g;
}

static void found(const char *name, unsigned node, unsigned out)
{
    struct admin_edge edge;
    char why[512] = "";

    ck_assert_msg(admin_edge_find(graph, name, &edge, why, sizeof why), "%s: %s", name, why);
    ck_assert_uint_eq(edge.node, node);
    ck_assert_uint_eq(edge.out, out);
}

static void refused(const char *name, const char *words)
{
    struct admin_edge edge;
    char why[512] = "";

    ck_assert(!admin_edge_find(graph, name, &edge, why, sizeof why));
    ck_assert_str_eq(why, words);
}

START_TEST(an_edge_is_called_by_what_it_comes_from)
{
    begin();
    found("source", 0, 0);
    found("source.out", 0, 0);
    found(" source ", 0, 0);
    found("row[0].tunnel/lines.a", 1, 0);
    found("row[0].tunnel/lines.b.c", 1, 1); /* both names may have dots */
    found("row[0]", 2, 0);
    found("row[0].out", 2, 0);
}
END_TEST

START_TEST(or_by_both_of_its_ends)
{
    begin();
    found("source -> row[0].tunnel/lines", 0, 0);
    found("source.out->row[0].tunnel/lines.in", 0, 0);
    found("row[0].tunnel/lines -> end", 1, 1);
    found("row[0].tunnel/lines -> row[0].in", 1, 0);
}
END_TEST

START_TEST(what_it_is_not_is_said)
{
    char name[400];

    begin();
    refused("sorce", "the graph has no edge \"sorce\" (did you mean \"source\"?)");
    refused("source.in", "the graph has no edge \"source.in\" (did you mean \"source\"?)");
    refused("source -> end",
            "the graph has no edge \"source -> end\" (did you mean \"source.out -> row[0].tunnel/lines.in\"?)");
    refused("", "the graph has no edge \"\"");
    refused("row[0].tunnel/lines", "\"row[0].tunnel/lines\" is more than one edge: row[0].tunnel/lines.a -> row[0].in, "
                                   "row[0].tunnel/lines.b.c -> end.in");
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct admin_edge edge;
    char why[64];
    ck_assert(!admin_edge_find(graph, name, &edge, why, sizeof why)); /* however long */
}
END_TEST

AMTG_SUITE("admin_edge", an_edge_is_called_by_what_it_comes_from, or_by_both_of_its_ends, what_it_is_not_is_said)
