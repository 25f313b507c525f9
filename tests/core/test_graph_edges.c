/* Wiring: which ports an edge means, types and destinations, reach, cycles, order. */
#include "tests/core/graph_text.h"

#define FLOW(elements, edges) "elements:\n" elements "edges:\n" edges

START_TEST(an_unnamed_port_is_the_one_that_fits)
{
    good(FLOW("  sea: {class: harbour}\n  sort: {class: sorter}\n  desk: {class: desk}\n  w: "
              "{class: waiter}\n",
              "  - sea -> sort.cold -> w -> sea\n  - sort.hot -> desk\n  - sea.lost -> desk\n"));
    ck_assert_str_eq(edge_from("sea", "out"), "sort.in: water");
    ck_assert_str_eq(edge_from("sea", "lost"), "desk.notes: note");
    ck_assert_str_eq(edge_from("sort", "hot"), "desk.cups: tea");
    ck_assert_str_eq(edge_from("w", "out"), "sea.in: water to");
    good(FLOW("  s: {class: teapot}\n  d: {class: desk}\n", "  - s -> d\n"));
    ck_assert_str_eq(edge_from("s", "out"), "d.cups: tea");
    forget();
}
END_TEST

START_TEST(carried_types_choose_ports_whatever_the_order_of_edges)
{
    good(
        FLOW("  w: {class: writer}\n  p: {class: pipe}\n  q: {class: barrel}\n  d: {class: desk}\n",
             "  - q -> d\n  - p -> q\n  - w -> p\n"));
    ck_assert_str_eq(edge_from("q", "out"), "d.notes: note");
    /* also when a cycle of carriers must be cut to know: the pipe waits for the fork, and it for
     * the pipe */
    good(FLOW("  w: {class: writer}\n  p: {class: pipe}\n  f: {class: fork, prongs: [on, back]}\n"
              "  q: {class: barrel}\n  d: {class: desk}\n",
              "  - q -> p -> f\n  - f.on -> d\n  - f.back -> q\n  - w -> p\n"));
    ck_assert_str_eq(edge_from("f", "on"), "d.notes: note");
    /* not before all that comes in is known: tea alone would fit */
    wrong(
        1, "no type fits: \"p\" gives out (water), \"d\" takes",
        FLOW("  p: {class: pipe}\n  t: {class: teapot}\n  w: {class: well}\n  b: {class: barrel}\n"
             "  d: {class: desk}\n",
             "  - p -> d\n  - t -> p\n  - w -> b -> p\n"));
    forget();
}
END_TEST

START_TEST(the_carried_type_is_the_nearest_common_one)
{
    good(FLOW("  w: {class: well}\n  t: {class: teapot}\n  o: {class: press}\n  p: {class: pipe}\n"
              "  q: {class: pipe}\n  d: {class: drain}\n",
              "  - w -> p -> q -> d\n  - t -> p\n  - o -> q\n"));
    ck_assert_str_eq(edge_from("p", "out"), "q.in: water");
    ck_assert_str_eq(edge_from("q", "out"), "d.in: packet");
    forget();
}
END_TEST

START_TEST(types_that_do_not_fit_show_both_ends)
{
    wrong(1, "t.yaml:7:5: types do not fit: \"o.out\" gives oil, \"k.in\" takes water",
          FLOW("  o: {class: press}\n  k: {class: kettle}\n  d: {class: drain}\n",
               "  - o -> k -> d\n"));
    wrong(1, "types do not fit: \"p.out\" gives packet, \"k.in\" takes water",
          FLOW("  o: {class: press}\n  w: {class: well}\n  p: {class: pipe}\n  k: {class: kettle}\n"
               "  d: {class: drain}\n", "  - o -> p -> k -> d\n  - w -> p\n"));
    wrong(1,
          "no type fits: \"o\" gives out (oil), \"d\" takes notes (note), orders (order) and cups "
          "(tea)",
          FLOW("  o: {class: press}\n  d: {class: desk}\n", "  - o -> d\n"));
    forget();
}
END_TEST

START_TEST(destinations_are_carried_and_demanded)
{
    good(
        FLOW("  p: {class: post}\n  k: {class: pipe}\n  h: {class: harbour}\n  d: {class: drain}\n",
             "  - p -> k -> h.out -> d\n"));
    ck_assert_str_eq(edge_from("k", "out"), "h.in: water to");
    wrong(1, "\"k.out\" gives water without a destination, \"h.in\" takes water with one",
          FLOW("  w: {class: well}\n  p: {class: post}\n  k: {class: pipe}\n  h: {class: harbour}\n"
               "  d: {class: drain}\n", "  - p -> k -> h.out -> d\n  - w -> k\n"));
    forget();
}
END_TEST

START_TEST(ambiguity_is_an_error_that_lists_the_ports)
{
    wrong(1, "several outputs of \"s\" fit \"d\": cold (water) and hot (tea) (expected s.PORT)",
          FLOW("  w: {class: well}\n  s: {class: sorter}\n  d: {class: drain}\n",
               "  - w -> s -> d\n"));
    wrong(1, "several outputs of \"f\" fit \"d\": rest (water), a (water) and b (water)",
          FLOW("  w: {class: well}\n  f: {class: fork, prongs: [a, b]}\n  d: {class: drain}\n",
               "  - w -> f -> d\n"));
    forget();
}
END_TEST

START_TEST(a_port_in_the_middle_names_input_or_output)
{
    good(FLOW(
        "  w: {class: well}\n  s: {class: sorter}\n  k: {class: kettle}\n  d: {class: drain}\n",
        "  - w -> s.cold -> k.in -> d\n"));
    ck_assert_str_eq(edge_from("s", "cold"), "k.in: water");
    forget();
}
END_TEST

START_TEST(many_ports_are_called_as_the_parameter_says)
{
    good(
        FLOW("  w: {class: well}\n  f: {class: fork, prongs: [left, right]}\n  d: {class: drain}\n",
             "  - w -> f.left -> d\n  - f.right -> d\n"));
    const struct amtg_graph_node *f = &graph->nodes[node_of("f")];
    ck_assert_uint_eq(f->outs_count, 3);
    ck_assert_str_eq(f->outs[0].name, "rest");
    ck_assert_str_eq(f->outs[2].name, "right");
    ck_assert_ptr_eq(f->outs[2].port, &fork_class.outputs[1]);
    ck_assert_str_eq(edge_from("f", "right"), "d.in: water");
    wrong(1, "f.prongs: there is an output \"rest\" already",
          FLOW("  w: {class: well}\n  f: {class: fork, prongs: [rest]}\n  d: {class: drain}\n",
               "  - w -> f.rest -> d\n"));
    wrong(1, "f.prongs: 5 items are too many (1 to 4)",
          FLOW("  w: {class: well}\n  f: {class: fork, prongs: [a, b, c, d, e]}\n  d: {class: "
               "drain}\n",
               "  - w -> f.e -> d\n"));
    forget();
}
END_TEST

START_TEST(an_output_feeds_one_input)
{
    wrong(1, "the output \"w.out\" already feeds an input: put a tee between",
          FLOW("  w: {class: well}\n  d: {class: drain}\n  e: {class: drain}\n",
               "  - w -> d\n  - w -> e\n"));
    forget();
}
END_TEST

START_TEST(open_ports_are_told_unless_the_class_allows_them)
{
    wrong(1, "k: the output \"out\" (tea) is not connected",
          FLOW("  w: {class: well}\n  k: {class: kettle}\n", "  - w -> k\n"));
    wrong(1, "h: nothing feeds the input \"in\" (water)",
          FLOW("  h: {class: harbour}\n  d: {class: drain}\n", "  - h.out -> d\n"));
    options.ports_may_be_open = true;
    good(FLOW("  k: {class: kettle}\n", ""));
    ck_assert_ptr_eq(graph->nodes[0].outs[0].type, &tea);
    ck_assert_ptr_eq(graph->nodes[0].ins[0].type, &water);
    ck_assert_int_eq(graph->nodes[0].outs[0].edge, -1);
    forget();
}
END_TEST

START_TEST(what_nothing_reaches_is_told_once)
{
    wrong(1, "p: unreachable: no edge leads here",
          FLOW("  w: {class: well}\n  d: {class: drain}\n  p: {class: pipe}\n  q: {class: pipe}\n"
               "  e: {class: drain}\n", "  - w -> d\n  - p -> q -> e\n"));
    wrong(
        1, "a: unreachable: it is fed only by what it feeds itself",
        FLOW(
            "  w: {class: well}\n  d: {class: drain}\n  a: {class: barrel}\n  b: {class: barrel}\n",
            "  - w -> d\n  - a -> b -> a\n"));
    wrong(1, "m: unreachable: it has no ports, and no element refers to it",
          FLOW("  w: {class: well}\n  d: {class: drain}\n  m: {class: mug}\n", "  - w -> d\n"));
    forget();
}
END_TEST

START_TEST(cycles_need_a_breaker_and_show_their_path)
{
    good(FLOW("  w: {class: well}\n  p: {class: pipe}\n  f: {class: fork, prongs: [on, back]}\n  "
              "b: {class: barrel}\n"
              "  d: {class: drain}\n",
              "  - w -> p -> f.on -> d\n  - f.back -> b -> p\n"));
    wrong(1, "p: a cycle without an element that breaks it, such as a queue: p -> f -> b -> p",
          FLOW("  w: {class: well}\n  p: {class: pipe}\n  f: {class: fork, prongs: [on, back]}\n  "
               "b: {class: pipe}\n"
               "  d: {class: drain}\n",
               "  - w -> p -> f.on -> d\n  - f.back -> b -> p\n"));
    wrong(2, "a: a cycle without an element that breaks it, such as a queue: a -> a",
          FLOW("  w: {class: well}\n  v: {class: well}\n  a: {class: fork, prongs: [x]}\n  b: "
               "{class: fork, prongs: [x]}\n"
               "  d: {class: drain}\n",
               "  - w -> a.x -> a\n  - v -> b.x -> b\n  - a.rest -> d\n  - b.rest -> d\n"));
    forget();
}
END_TEST

START_TEST(sinks_start_first_and_what_is_referred_to_before_who_refers)
{
    good(FLOW("  w: {class: well}\n  p: {class: pipe}\n  k: {class: kettle}\n  d: {class: drain}\n",
              "  - w -> p -> k -> d\n"));
    ck_assert(starts_before("d", "k") && starts_before("k", "p") && starts_before("p", "w"));
    /* udp -> .. -> udp: the socket starts last, so that all it may feed is there */
    good(FLOW("  sea: {class: quay}\n  p: {class: pipe}\n  w: {class: waiter}\n",
              "  - sea -> p -> w -> sea\n"));
    ck_assert(starts_before("w", "p") && starts_before("p", "sea"));
    /* unless somebody on the way refers to it */
    good(FLOW("  p: {class: pipe}\n  w: {class: waiter, cup: sea}\n  sea: {class: quay}\n",
              "  - sea -> p -> w -> sea\n"));
    ck_assert(starts_before("sea", "w") && starts_before("w", "p"));
    /* also when nobody is free to start, and it would be the first to be chosen */
    good(FLOW("  s: {class: steward, cup: sea}\n  o: {class: post}\n  d: {class: drain}\n"
              "  p: {class: pipe}\n  w: {class: waiter, cup: sea}\n  sea: {class: quay}\n",
              "  - o -> s -> d\n  - sea -> p -> w -> sea\n"));
    ck_assert(starts_before("sea", "s"));
    good(
        FLOW("  s: {class: shelf, mug: a}\n  a: {class: saucer, cup: m}\n  m: {class: mug}\n", ""));
    ck_assert(starts_before("m", "a") && starts_before("a", "s"));
    forget();
}
END_TEST

START_TEST(references_are_checked)
{
    good("elements:\n  s: {class: shelf, mug: m}\n  m: {class: mug}\n");
    ck_assert_uint_eq(graph->nodes[0].refs_count, 1);
    ck_assert_uint_eq(graph->nodes[0].refs[0].target, 1);
    ck_assert_uint_eq(graph->nodes[0].refs[0].offset, offsetof(struct shelf, mug));
    good("elements:\n  s: {class: shelf, mug: none}\n");
    ck_assert_uint_eq(graph->nodes[0].refs_count, 0);
    wrong(1, "s.mug: there is no element \"mugs\"", "elements:\n  s: {class: shelf, mug: mugs}\n");
    wrong(1, "s.mug: \"t\" (shelf) provides no `cup`",
          "elements:\n  s: {class: shelf, mug: t}\n  t: {class: shelf}\n");
    wrong(1, "a.cup: an element cannot refer to itself",
          "elements:\n  a: {class: saucer, cup: a}\n");
    wrong(1, "a: references go round in a circle: a -> b -> a",
          "elements:\n  a: {class: saucer, cup: b}\n  b: {class: saucer, cup: a}\n");
    wrong(1, "a: the parameter `cup` is missing",
          "elements:\n  a: {class: saucer}\n  s: {class: shelf, mug: a}\n");
    forget();
}
END_TEST

START_TEST(what_follows_from_a_problem_is_not_told)
{
    /* one wrong class, one wrong name: nobody complains about their neighbours */
    wrong(1, "there is no class \"ketle\"; did you mean \"kettle\"?",
          FLOW("  w: {class: well}\n  k: {class: ketle}\n  p: {class: pipe}\n  d: {class: desk}\n",
               "  - w -> k.whatever -> p -> d\n"));
    wrong(1, "there is no element \"pipee\"; did you mean \"pipe\"?",
          FLOW("  w: {class: well}\n  pipe: {class: pipe}\n  d: {class: drain}\n",
               "  - w -> pipee -> d\n"));
    wrong(1, "edges: this is no list",
          FLOW("  w: {class: well}\n  p: {class: pipe}\n  d: {class: drain}\n", "  w: d\n"));
    wrong(1, "f.prongs",
          FLOW("  w: {class: well}\n  f: {class: fork, prongs: {a: b}}\n  d: {class: drain}\n",
               "  - w -> f.a -> d\n"));
    forget();
}
END_TEST

START_TEST(what_comes_from_outside_is_what_those_behind_take)
{
    good("elements:\n  p: {class: pipe}\n  b: {class: barrel}\n  desk: {class: desk}\n"
         "edges:\n  - p -> b -> desk.orders\ninputs: {in: p.in}\n");
    ck_assert_ptr_eq(graph->nodes[node_of("p")].ins[0].type, &order);
    ck_assert_ptr_eq(graph->nodes[node_of("b")].ins[0].type, &order);
    ck_assert_uint_eq(graph->inputs_count, 1);
    wrong(1, "types do not fit", "elements:\n  p: {class: pipe}\n  w: {class: press}\n  desk: {class: desk}\n"
          "edges:\n  - p -> desk.orders\n  - w -> p\ninputs: {in: p.in}\n");
    forget();
}
END_TEST

AMTG_SUITE("graph edges", what_comes_from_outside_is_what_those_behind_take,
           an_unnamed_port_is_the_one_that_fits,
           carried_types_choose_ports_whatever_the_order_of_edges,
           the_carried_type_is_the_nearest_common_one, types_that_do_not_fit_show_both_ends,
           destinations_are_carried_and_demanded, ambiguity_is_an_error_that_lists_the_ports,
           a_port_in_the_middle_names_input_or_output,
           many_ports_are_called_as_the_parameter_says, an_output_feeds_one_input,
           open_ports_are_told_unless_the_class_allows_them, what_nothing_reaches_is_told_once,
           cycles_need_a_breaker_and_show_their_path,
           sinks_start_first_and_what_is_referred_to_before_who_refers, references_are_checked,
           what_follows_from_a_problem_is_not_told)
