/* amtgraph-graph(5): the keys of graph files, from the tables by which these are read. */
#include "tools/amtgraph/man/man.h"
#include "tools/amtgraph/test/keys.h"

static const char example[] = "amtgraph: 1\n"
                              "name: count-multicast\n"
                              "summary: Count multicast packets of one interface\n"
                              "\n"
                              "params:\n"
                              "  interface: {type: interface, default: auto, help: where to listen}\n"
                              "\n"
                              "elements:\n"
                              "  capture: {class: packet-capture, interface: \"${interface}\"}\n"
                              "  check:   {class: check-ip}\n"
                              "  count:   {class: counter}\n"
                              "  end:     {class: discard}\n"
                              "\n"
                              "edges:\n"
                              "  - capture -> check -> count -> end\n";

static void params(FILE *out)
{
    fputs("# PARAMS\n\n", out);
    man_text(out, 0,
             "What may be set from outside. Each declaration has these keys; \"${name}\" stands for "
             "the value where an element has a parameter.");
    man_keys(out, amtg_declaration_keys);
    fputs("## Types\n\n", out);
    for (const struct amtg_graph_type *t = amtg_graph_types; t->name; t++)
        man_entry(out, t->name, NULL, t->written);
}

static void tests(FILE *out)
{
    fputs("# TESTS\n\n", out);
    man_text(out, 0, "A list of tests, in the graph file or in one of their own, which has the keys");
    man_keys(out, test_file_keys);
    fputs("## A test\n\n", out);
    man_keys(out, test_keys);
    fputs("## Steps\n\n", out);
    for (const struct test_verb_words *v = test_verb_words; v->name; v++)
        man_entry(out, v->name, NULL, v->help);
    man_text(out, 0, "Besides, a step may have");
    man_keys(out, test_step_keys);
}

void man_amtgraph_graph(FILE *out)
{
    man_head(out, "amtgraph-graph", 5, "graph files of amtgraph");
    fputs("# DESCRIPTION\n\n", out);
    man_text(out, 0,
             "A graph file names elements and draws the edges between their ports. It is YAML, "
             "without anchors, tags and further documents. This page lists its keys; the whole of "
             "the format is told in graph-files.md, and tests in testing-a-graph.md, among the "
             "documents of amtgraph.");
    man_listing(out, example);
    fputs("# KEYS\n\n", out);
    man_keys(out, amtg_graph_keys);
    params(out);
    fputs("# ELEMENTS\n\n", out);
    man_entry(out, "class", "(required)",
              "a class of amtgraph-elements(7), or the path of another graph file, from the folder "
              "of this one");
    man_text(out, 0, "The other keys are the parameters of the class, or of that graph.");
    tests(out);
    fputs("# EDITORS\n\n", out);
    man_text(out, 0,
             "`amtgraph schema` prints a JSON Schema, by which editors complete and check files that "
             "begin with the comment");
    man_listing(out, "# yaml-language-server: $schema=graph.schema.json\n");
    fputs("# SEE ALSO\n\n*amtgraph*(1), *amtgraph-elements*(7)\n", out);
}
