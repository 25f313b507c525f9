/* Rows: `count: N`, `${index}` and sums in the entry, and edges from and to all of a row. */
#include "tests/core/graph_text.h"

#include <stdlib.h>
#include <unistd.h>

/* A switch: `ports: {a: 3, b: 0}` is a row of three ports and one port. */
struct hub {
    struct amtg_map ports;
};

static unsigned hub_row(const void *state, unsigned item)
{
    const struct hub *h = state;
    return (unsigned)strtoul(h->ports.texts[item], NULL, 10);
}

static const struct amtg_class hub_class = {
    .name = "hub", .state_octets = sizeof(struct hub), .ports_from = "ports", .row = hub_row,
    .flags = AMTG_BREAKS, AMTG_INPUTS({"in", &water, "", 0}),
    AMTG_OUTPUTS({"rest", &water, "", AMTG_MAY_BE_OPEN}, {"port", &water, "", AMTG_MANY}),
    AMTG_PARAMS(AMTG_MAP(struct hub, ports, 1, 8, "names to numbers of ports"))};

static const struct amtg_class *const row_classes[] = {&well, &drain, &pipe_class, &shelf_class,
                                                       &mug_class, &saucer_class, &hub_class, NULL};

static const char *const host_file =
    "amtgraph: 1\n"
    "params:\n"
    "  home: {type: address}\n"
    "  level: {type: uint, default: 1}\n"
    "  binds: {type: addresses, default: none}\n"
    "inputs: {in: end}\n"
    "outputs: {out: start.out}\n"
    "elements:\n"
    "  start: {class: well}\n"
    "  shelf: {class: shelf, home: \"${home}\", level: \"${level}\", binds: \"${binds}\"}\n"
    "  end: {class: drain}\n";

static char folder[] = "/tmp/amtgraph-rows-XXXXXX";
static char host_path[64];

static void make_files(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(host_path, sizeof host_path, "%s/host.yaml", folder);
    FILE *file = fopen(host_path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(host_file, file);
    fclose(file);
    options.classes = row_classes;
}

static void remove_files(void)
{
    forget();
    unlink(host_path);
    rmdir(folder);
}

/* A graph with an entry `hosts` of that file, and these edges. */
static char *with(const char *entry, const char *more)
{
    static char text[2048];

    snprintf(text, sizeof text,
             "params:\n  many: {type: uint, default: 3}\n  first: {type: address, default: 10.0.0.255}\n"
             "elements:\n  hosts: {class: %s, %s}\n%s",
             host_path, entry, more);
    options.classes = row_classes;
    return text;
}

static const struct shelf *shelf_of(const char *name)
{
    return graph->nodes[node_of(name)].state;
}

static const char *home_of(const char *name)
{
    static char text[AMTG_ADDR_TEXT];
    return amtg_addr_text(&shelf_of(name)->home, text);
}

START_TEST(each_of_a_row_has_its_number_in_its_values)
{
    make_files();
    good(with("count: 3, home: \"10.0.0.255 + ${index}\", level: \"${index}\"",
              "  end: {class: drain}\n  source: {class: hub, ports: {a: 3}}\n  w: {class: well}\n"
              "edges:\n  - w -> source.in\n  - source.a -> hosts -> end\n"));
    ck_assert_uint_eq(graph->nodes_count, 12);
    ck_assert_str_eq(home_of("hosts[0]/shelf"), "10.0.0.255");
    ck_assert_str_eq(home_of("hosts[1]/shelf"), "10.0.1.0");
    ck_assert_str_eq(home_of("hosts[2]/shelf"), "10.0.1.1");
    ck_assert_uint_eq(shelf_of("hosts[2]/shelf")->level, 2);
    ck_assert_str_eq(edge_from("source", "a[0]"), "hosts[0]/end.in: water");
    ck_assert_str_eq(edge_from("source", "a[2]"), "hosts[2]/end.in: water");
    ck_assert_str_eq(edge_from("hosts[0]/start", "out"), "end.in: water");
    ck_assert_str_eq(edge_from("hosts[2]/start", "out"), "end.in: water");
    remove_files();
}
END_TEST

START_TEST(sums_take_parameters_and_reach_into_lists)
{
    make_files();
    good(with("count: \"${many}\", home: \"${first} + ${index} + 1\", "
              "binds: [\"2001:db8::ffff + ${index}\", 192.0.2.1]",
              "  end: {class: drain}\n  s: {class: hub, ports: {a: 3}}\n  w: {class: well}\n"
              "edges:\n  - w -> s\n  - s.a -> hosts -> end\n"));
    char text[AMTG_ADDR_TEXT];
    ck_assert_str_eq(home_of("hosts[1]/shelf"), "10.0.1.1");
    const struct amtg_addr_list *binds = &shelf_of("hosts[1]/shelf")->binds;
    ck_assert_uint_eq(binds->count, 2);
    ck_assert_str_eq(amtg_addr_text(&binds->items[0], text), "2001:db8::1:0");
    ck_assert_str_eq(amtg_addr_text(&binds->items[1], text), "192.0.2.1");
    remove_files();
}
END_TEST

START_TEST(one_of_a_row_can_be_named)
{
    make_files();
    good(with("count: 2, home: 10.0.0.1",
              "  end: {class: drain}\n  other: {class: drain}\n"
              "  s: {class: hub, ports: {a: 2, b: 0}}\n  w: {class: well}\n"
              "edges:\n  - w -> s\n  - s.a[1] -> hosts[0] -> other\n  - s.a[0] -> hosts[1].in\n"
              "  - hosts[1] -> end\n  - s.b -> end\n"));
    ck_assert_str_eq(edge_from("s", "a[1]"), "hosts[0]/end.in: water");
    ck_assert_str_eq(edge_from("s", "a[0]"), "hosts[1]/end.in: water");
    ck_assert_str_eq(edge_from("hosts[0]/start", "out"), "other.in: water");
    ck_assert_str_eq(edge_from("s", "b"), "end.in: water");
    remove_files();
}
END_TEST

#define REST "  end: {class: drain}\n  s: {class: hub, ports: {a: 3}}\n  w: {class: well}\n"
#define WIRED REST "edges:\n  - w -> s\n  - s.a -> hosts -> end\n"

START_TEST(wrong_rows_are_told_once)
{
    make_files();
    wrong(1, "hosts.count: this is not how many there are in a row (expected a whole number from 1",
          with("count: 0, home: 10.0.0.1", WIRED));
    wrong(1, "hosts.count: this is not how many", with("count: [1, 2], home: 10.0.0.1", WIRED));
    wrong(1, "wrong value \"10\" (expected a whole number from 0 to 9",
          with("count: 3, home: 10.0.0.1, level: 10", WIRED));
    wrong(1, "hosts[0]: " , with("count: 3, home: 10.0.0.1, levl: 1", WIRED));
    wrong(1, "did you mean \"level\"?", with("count: 3, home: 10.0.0.1, levl: 1", WIRED));
    wrong(1, "the sum \"255.255.255.254 + ${index}\" is too large",
          with("count: 3, home: \"255.255.255.254 + ${index}\"", WIRED));
    wrong(1, "\"x\" cannot be a term of a sum (expected an address or a whole number)",
          with("count: 3, home: \"x + ${index}\"", WIRED));
    wrong(1, "\"10.0.0.1\" cannot be a term of a sum (expected a whole number)",
          with("count: 3, home: \"${index} + 10.0.0.1\"", WIRED));
    wrong(1, "there is no parameter \"indx\"", with("count: 3, home: \"10.0.0.1 + ${indx}\"", WIRED));
    wrong(1, "there is no parameter \"index\" in `params`",
          with("home: \"10.0.0.1 + ${index}\"",
               "  end: {class: drain}\n  w: {class: well}\nedges:\n  - w -> hosts -> end\n"));
    remove_files();
}
END_TEST

START_TEST(wrong_edges_of_rows_are_told_once)
{
    make_files();
    wrong(1, "\"hosts\" is a row of 4, and \"s.a\" is a row of 3",
          with("count: 4, home: 10.0.0.1", WIRED));
    wrong(1, "\"hosts\" is a row of 3, and \"w\" is one output (expected a row of 3 outputs)",
          with("count: 3, home: 10.0.0.1",
               "  end: {class: drain}\n  w: {class: well}\nedges:\n  - w -> hosts -> end\n"));
    wrong(1, "\"hosts[3]\" is no end of an edge",
          with("count: 3, home: 10.0.0.1", WIRED "  - hosts[3] -> end\n"));
    wrong(1, "outputs.out: \"hosts\" is a row (expected one, as hosts[0])",
          with("count: 3, home: 10.0.0.1", REST "edges:\n  - w -> s\n  - s.a -> hosts\n"
                                                "outputs: {out: hosts}\n"));
    wrong(1, "a row of 65537 ports is too long (at most 65536)",
          with("count: 3, home: 10.0.0.1",
               "  end: {class: drain}\n  s: {class: hub, ports: {a: 65537}}\n  w: {class: well}\n"
               "edges:\n  - w -> s\n  - s.a -> hosts -> end\n"));
    remove_files();
}
END_TEST

START_TEST(a_graph_with_a_parameter_count_makes_no_row)
{
    make_files();
    FILE *file = fopen(host_path, "w");
    fputs("amtgraph: 1\nparams:\n  count: {type: uint}\ninputs: {in: end}\noutputs: {out: start.out}\n"
          "elements:\n  start: {class: well}\n  shelf: {class: shelf, level: \"${count}\"}\n"
          "  end: {class: drain}\n", file);
    fclose(file);
    good(with("count: 5", "  end: {class: drain}\n  w: {class: well}\n"
                          "edges:\n  - w -> hosts -> end\n"));
    ck_assert_uint_eq(shelf_of("hosts/shelf")->level, 5);
    remove_files();
}
END_TEST

AMTG_SUITE("graph_rows", each_of_a_row_has_its_number_in_its_values,
           sums_take_parameters_and_reach_into_lists, one_of_a_row_can_be_named,
           wrong_rows_are_told_once, wrong_edges_of_rows_are_told_once,
           a_graph_with_a_parameter_count_makes_no_row)
