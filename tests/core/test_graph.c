/* Graph files: parameters into states, values from outside, graphs as classes, size. */
#include "tests/core/graph_text.h"

#include "core/config.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct shelf *shelf(const char *name)
{
    return graph->nodes[node_of(name)].state;
}

static const char *address(const struct amtg_addr *a)
{
    static char text[AMTG_ADDR_TEXT];
    return amtg_addr_text(a, text);
}

START_TEST(defaults_go_through_the_parser)
{
    good("elements:\n  s: {class: shelf}\n");
    const struct shelf *s = shelf("s");
    ck_assert(!s->tidy);
    ck_assert_uint_eq(s->level, 1);
    ck_assert(s->wait_ns == 90 * AMTG_S);
    ck_assert(s->room_octets == 65536);
    ck_assert(s->lean == 0.5);
    ck_assert_str_eq(s->label, "");
    ck_assert_str_eq(s->device, "auto");
    ck_assert_str_eq(s->file, "");
    ck_assert(amtg_addr_is_unspecified(&s->home));
    ck_assert_uint_eq(s->binds.count, 2);
    ck_assert_str_eq(address(&s->binds.items[0]), "0.0.0.0");
    ck_assert_str_eq(address(&s->binds.items[1]), "::");
    ck_assert_uint_eq(s->fours.count + s->words.count + s->rules.count, 0);
    ck_assert_str_eq(graph->name, "t");
    ck_assert_str_eq(graph->summary, "");
    ck_assert_str_eq(graph->file, "folder/t.yaml");
    forget();
}
END_TEST

START_TEST(hosts_are_addresses_or_names_one_or_several_or_none)
{
    good("params:\n  h: {type: hosts, default: [relay.example.net, \"2001:db8::1\"]}\n"
         "elements:\n  s: {class: shelf, guests: [\"${h}\", none, relay]}\n"
         "  t: {class: shelf, guests: none}\n  u: {class: shelf}\n  v: {class: shelf, guests: a}\n");
    const struct shelf *s = shelf("s");
    ck_assert_uint_eq(s->guests.count, 3);
    ck_assert_str_eq(s->guests.items[0], "relay.example.net");
    ck_assert_str_eq(s->guests.items[1], "2001:db8::1");
    ck_assert_str_eq(s->guests.items[2], "relay");
    ck_assert_uint_eq(shelf("t")->guests.count, 0);
    ck_assert_uint_eq(shelf("u")->guests.count, 2);
    ck_assert_uint_eq(shelf("v")->guests.count, 1);
    forget();
    wrong(1, "s.guests: 4 items are too many (0 to 3)",
          "elements:\n  s: {class: shelf, guests: [a, b, c, d]}\n");
    wrong(1, "s.guests: wrong value \"192.0.2.256\" (expected an IP address or a host name, a list",
          "elements:\n  s: {class: shelf, guests: [a, 192.0.2.256]}\n");
    wrong(1, "params.h: wrong value \"a_b\" (expected an IP address or a host name, a list",
          "params:\n  h: {type: hosts, default: a_b}\nelements:\n  s: {class: shelf, guests: "
          "\"${h}\"}\n");
}
END_TEST

START_TEST(values_of_every_kind_reach_the_state)
{
    good("name: n\nsummary: about\n"
         "elements:\n  s:\n    class: shelf\n    tidy: yes\n    level: 0x5\n    wait: 5ms\n    "
         "room: 2MB\n"
         "    lean: -1\n    label: 'a b'\n    device: eth0\n    file: ./in/x.pcap\n    home: "
         "2001:db8::1\n"
         "    binds: 192.0.2.1\n    fours: [192.0.2.1, none, 192.0.2.2]\n    words: [one, two]\n"
         "    rules: {first: udp, second: not udp}\n");
    const struct shelf *s = shelf("s");
    ck_assert(s->tidy);
    ck_assert_uint_eq(s->level, 5);
    ck_assert(s->wait_ns == 5 * AMTG_MS && s->room_octets == 2000000 && s->lean == -1);
    ck_assert_str_eq(s->label, "a b");
    ck_assert_str_eq(s->device, "eth0");
    ck_assert_str_eq(s->file, "folder/in/x.pcap");
    ck_assert_str_eq(address(&s->home), "2001:db8::1");
    ck_assert_uint_eq(s->binds.count, 1);
    ck_assert_uint_eq(s->fours.count, 2);
    ck_assert_str_eq(address(&s->fours.items[1]), "192.0.2.2");
    ck_assert_uint_eq(s->words.count, 2);
    ck_assert_str_eq(s->words.items[1], "two");
    ck_assert_uint_eq(s->rules.count, 2);
    ck_assert_str_eq(s->rules.names[1], "second");
    ck_assert_str_eq(s->rules.texts[1], "not udp");
    ck_assert_str_eq(graph->name, "n");
    ck_assert_str_eq(graph->summary, "about");
    good("elements:\n  s: {class: shelf, file: /abs/x, words: single}\n  t: {class: shelf, file: "
         "'-'}\n");
    ck_assert_str_eq(shelf("s")->file, "/abs/x");
    ck_assert_str_eq(shelf("s")->words.items[0], "single");
    ck_assert_str_eq(shelf("t")->file, "-");
    forget();
}
END_TEST

START_TEST(wrong_values_are_told_with_what_was_expected)
{
    wrong(1,
          "s.device: wrong value \"a-name-that-is-too-long\" (expected the name of a network "
          "interface, or auto)",
          "elements:\n  s: {class: shelf, device: a-name-that-is-too-long}\n");
    wrong(1, "s.fours: wrong value \"::1\" (expected an IPv4 address, a list of them, or none)",
          "elements:\n  s: {class: shelf, fours: [192.0.2.1, '::1']}\n");
    wrong(1, "s.fours: 5 items are too many (0 to 4)",
          "elements:\n  s: {class: shelf, fours: [1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4, 1.1.1.5]}\n");
    wrong(1, "s.rules: this is no map", "elements:\n  s: {class: shelf, rules: [a, b]}\n");
    wrong(1, "s.rules: a list cannot stand here (expected a text)",
          "elements:\n  s: {class: shelf, rules: {a: [b]}}\n");
    wrong(1, "s.home: wrong value \"host\" (expected an IP address or none)",
          "elements:\n  s: {class: shelf, home: host}\n");
    wrong(2, "s.lean", "elements:\n  s: {class: shelf, lean: 2, level: 10}\n");
    forget();
}
END_TEST

START_TEST(parameters_stand_for_whole_scalars)
{
    good("params:\n  d: {type: interface, default: eth7, help: where}\n  n: {type: ip6, default: "
         "none}\n"
         "  l: {type: ip4, default: [192.0.2.1, 192.0.2.2]}\n  w: {type: texts, default: [x, y]}\n"
         "  r: {type: text, default: tcp}\n  f: {type: file, default: a.pcap}\n  u: {type: uint, "
         "default: 0x3, max: 9}\n"
         "  e: {type: enum, values: [m, o], default: m}\n  mug: {type: reference, default: cup}\n"
         "elements:\n  cup: {class: mug}\n"
         "  s: {class: shelf, device: \"${d}\", binds: [\"${l}\", \"${n}\", '::1'], words: [a, "
         "\"${w}\", b],\n"
         "      rules: {all: \"${r}\"}, fours: \"${l}\", file: \"${f}\", level: \"${u}\", label: "
         "\"${e}\", mug: \"${mug}\"}\n");
    const struct shelf *s = shelf("s");
    ck_assert_str_eq(s->device, "eth7");
    ck_assert_uint_eq(s->binds.count, 3);
    ck_assert_str_eq(address(&s->binds.items[2]), "::1");
    ck_assert_uint_eq(s->words.count, 4);
    ck_assert_str_eq(s->words.items[2], "y");
    ck_assert_str_eq(s->rules.texts[0], "tcp");
    ck_assert_uint_eq(s->fours.count, 2);
    ck_assert_str_eq(s->file, "folder/a.pcap");
    ck_assert_uint_eq(s->level, 3);
    ck_assert_str_eq(s->label, "m");
    ck_assert_uint_eq(graph->nodes[node_of("s")].refs_count, 1);
    ck_assert_uint_eq(graph->params_count, 9);
    ck_assert_str_eq(graph->params[0].type, "interface");
    ck_assert_str_eq(graph->params[0].value, "eth7");
    ck_assert_str_eq(graph->params[0].help, "where");
    ck_assert_str_eq(graph->params[2].value, "192.0.2.1,192.0.2.2");
    wrong(1, "must be the whole value",
          "params:\n  d: {type: text, default: x}\nelements:\n  s: {class: shelf, label: \"a "
          "${d}\"}\n");
    wrong(1, "must be the whole value",
          "params:\n  d: {type: text, default: x}\nelements:\n  s: {class: shelf, label: "
          "\"${d}${d}\"}\n");
    wrong(1, "there is no parameter \"\" in `params`",
          "elements:\n  s: {class: shelf, label: \"${}\"}\n");
    wrong(1, "must be the whole value", "elements:\n  s: {class: shelf, label: \"${\"}\n");
    wrong(1, "params.d: a default cannot hold \"${...}\"",
          "params:\n  d: {type: text, default: \"${e}\"}\n  e: {type: text, default: x}\n"
          "elements:\n  s: {class: shelf, label: \"${d}\"}\n");
    wrong(1, "params.d: a default cannot hold \"${...}\"",
          "params:\n  d: {type: texts, default: [a, \"${d}\"]}\n"
          "elements:\n  s: {class: shelf, words: \"${d}\"}\n");
    wrong(1, "a list cannot stand here",
          "params:\n  w: {type: texts, default: [x, y]}\nelements:\n  s: {class: shelf, level: "
          "\"${w}\"}\n");
    forget();
}
END_TEST

START_TEST(settings_override_the_environment_and_that_the_default)
{
    static const char text[] =
        "params:\n  a: {type: text, default: d, env: AMTG_TEST_A}\n"
        "  b: {type: ip4, default: none}\n  f: {type: file, default: x}\n"
        "elements:\n  s: {class: shelf, label: \"${a}\", fours: \"${b}\", file: \"${f}\"}\n";
    static const struct amtg_setting set[] = {
        {"a", "set"}, {"b", "192.0.2.1,192.0.2.9"}, {"f", "here.pcap"}, {"a", "last"}};
    unsetenv("AMTG_TEST_A");
    good(text);
    ck_assert_str_eq(shelf("s")->label, "d");
    setenv("AMTG_TEST_A", "env", 1);
    good(text);
    ck_assert_str_eq(shelf("s")->label, "env");
    options.settings = set;
    options.settings_count = 4;
    good(text);
    ck_assert_str_eq(shelf("s")->label, "last");
    ck_assert_uint_eq(shelf("s")->fours.count, 2);
    ck_assert_str_eq(shelf("s")->file,
                     "here.pcap"); /* from where the user is, not from the file's folder */
    unsetenv("AMTG_TEST_A");
    options.settings = set;
    options.settings_count = 1;
    wrong(1, "--set a=set: folder/t.yaml has no parameter \"a\"",
          "elements:\n  s: {class: shelf}\n");
    options.settings = set;
    options.settings_count = 1;
    wrong(1, "--set a=set: params.a: wrong value \"set\" (expected a whole number)",
          "params:\n  a: {type: uint, default: 1}\nelements:\n  s: {class: shelf, level: "
          "\"${a}\"}\n");
    static const struct amtg_setting words[] = {{"w", "not udp, b ,,c"}};
    options.settings = words;
    options.settings_count = 1;
    good("params:\n  w: {type: texts, default: x}\nelements:\n  s: {class: shelf, words: \"${w}\"}\n");
    ck_assert_uint_eq(shelf("s")->words.count, 4);
    ck_assert_str_eq(shelf("s")->words.items[0], "not udp");
    ck_assert_str_eq(shelf("s")->words.items[1], "b");
    ck_assert_str_eq(shelf("s")->words.items[2], "");
    /* what is only set is no hidden substitution */
    static const struct amtg_setting dollar[] = {{"a", "${b}"}};
    options.settings = dollar;
    options.settings_count = 1;
    good(text);
    ck_assert_str_eq(shelf("s")->label, "${b}");
    forget();
}
END_TEST

START_TEST(unused_parameters_are_warned_about)
{
    good("params:\n  a: {type: text, default: d}\nelements:\n  s: {class: shelf}\n");
    ck_assert_uint_eq(amtg_diag_warnings(diag), 1);
    ck_assert(strstr(said, "warning: params: the parameter \"a\" is not used") != NULL);
    forget();
}
END_TEST

START_TEST(a_class_may_check_relations_between_its_parameters)
{
    wrong(1, "t.yaml:3:39: s.level: a tidy shelf has at most 5 levels",
          "elements:\n  s: {class: shelf, tidy: yes, level: 6}\n");
    wrong(1, "t.yaml:3:33: s.words: a bad word",
          "elements:\n  s: {class: shelf, words: [ok, bad]}\n");
    wrong(1, "t.yaml:3:43: s.rules: a bad rule",
          "elements:\n  s: {class: shelf, rules: {one: ok, two: bad}}\n");
    wrong(1, "t.yaml:5:29: s.words: a bad word",
          "params:\n  w: {type: texts, default: [ok, bad]}\nelements:\n  s: {class: shelf, words: "
          "[\"${w}\"]}\n");
    ck_assert(strstr(said, "t.yaml:3:34: note: the value of \"w\" is from here") != NULL);
    /* not when a parameter is wrong anyway */
    wrong(1, "wrong value \"99\"",
          "elements:\n  s: {class: shelf, tidy: yes, level: 99, words: bad}\n");
    forget();
}
END_TEST

/* ---- graphs as classes ------------------------------------------------------------------- */

static char folder[] = "/tmp/amtgraph-test-XXXXXX";

static void file(const char *name, const char *lines)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fprintf(out, "amtgraph: 1\n%s", lines);
    fclose(out);
}

static struct amtg_graph *load_file(const char *name)
{
    char path[200];
    forget();
    diag = amtg_diag_new();
    snprintf(path, sizeof path, "%s/%s", folder, name);
    graph = amtg_graph_load(path, &options, diag);
    say();
    return graph;
}

static void make_folder(void)
{
    char path[200];
    strcpy(folder, "/tmp/amtgraph-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/sub", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    file("sub/boil.yaml",
         "params:\n  words: {type: texts, default: [none]}\n  file: {type: file, default: "
         "own.pcap}\n"
         "  mug: {type: reference, default: none}\n"
         "elements:\n  k: {class: kettle}\n  p: {class: pipe}\n  q: {class: pipe}\n"
         "  s: {class: shelf, words: \"${words}\", file: \"${file}\", mug: \"${mug}\"}\n"
         "edges: [k -> p, s -> q]\n"
         "inputs: {in: k.in}\noutputs: {out: p, notes: q.out}\n");
}

static void remove_folder(void)
{
    char command[200];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(a_graph_used_as_an_element_is_unfolded)
{
    make_folder();
    file("top.yaml",
         "params:\n  two: {type: texts, default: [b, c]}\n"
         "elements:\n  w: {class: well}\n  cup: {class: mug}\n"
         "  one: {class: ./sub/boil.yaml}\n"
         "  two: {class: sub/boil.yaml, words: [a, \"${two}\"], file: mine.pcap, mug: cup}\n"
         "  d: {class: desk}\n  e: {class: desk}\n"
         "  v: {class: well}\n"
         "edges:\n  - w -> one.out -> d\n  - one.notes -> d\n  - v -> two.in -> e\n");
    /* `one.out -> d` in the middle: out is an output; two's outputs are told apart by type */
    load_file("top.yaml");
    ck_assert_msg(!graph, "notes of two is open");
    ck_assert_msg(
        strstr(said, "several outputs of \"two\" fit \"e\": out (tea) and notes (note)") != NULL,
        "%s", said);
    file("top.yaml",
         "params:\n  two: {type: texts, default: [b, c]}\n"
         "elements:\n  w: {class: well}\n  cup: {class: mug}\n"
         "  one: {class: ./sub/boil.yaml}\n"
         "  two: {class: sub/boil.yaml, words: [a, \"${two}\"], file: mine.pcap, mug: cup}\n"
         "  d: {class: desk}\n  e: {class: drain}\n  k: {class: pipe}\n"
         "  v: {class: well}\n"
         "edges:\n  - w -> one.out -> d\n  - one.notes -> d\n  - v -> two.out -> k -> e\n  - "
         "two.notes -> d\n");
    ck_assert_msg(load_file("top.yaml") != NULL, "%s", said);
    ck_assert_str_eq(edge_from("w", "out"), "one/k.in: water");
    ck_assert_str_eq(edge_from("one/p", "out"), "d.cups: tea");
    ck_assert_str_eq(edge_from("two/q", "out"), "d.notes: note");
    ck_assert_str_eq(edge_from("k", "out"), "e.in: tea");
    ck_assert_str_eq(shelf("one/s")->words.items[0], "none");
    ck_assert_uint_eq(shelf("two/s")->words.count, 3);
    ck_assert_str_eq(shelf("two/s")->words.items[2], "c");
    char path[200];
    snprintf(path, sizeof path, "%s/sub/own.pcap", folder);
    ck_assert_str_eq(shelf("one/s")->file, path);
    snprintf(path, sizeof path, "%s/mine.pcap", folder);
    ck_assert_str_eq(shelf("two/s")->file, path);
    ck_assert_uint_eq(graph->nodes[node_of("two/s")].refs[0].target, node_of("cup"));
    /* on its own it is a good graph as well: its ports lead outside */
    ck_assert_msg(load_file("sub/boil.yaml") != NULL, "%s", said);
    ck_assert_ptr_eq(graph->nodes[node_of("p")].outs[0].type, &tea);
    forget();
    remove_folder();
}
END_TEST

START_TEST(problems_inside_are_told_once_and_end_the_load)
{
    make_folder();
    file(
        "bad.yaml",
        "elements:\n  k: {class: ketle}\n  p: {class: pipe}\nedges: [k -> p]\noutputs: {out: p}\n");
    file("top.yaml",
         "elements:\n  a: {class: ./bad.yaml}\n  b: {class: ./bad.yaml}\n  d: {class: drain}\n"
         "edges: [a -> d, b -> d]\n");
    ck_assert_ptr_null(load_file("top.yaml"));
    ck_assert_msg(strstr(said, "bad.yaml:3:14: a/k: there is no class \"ketle\"") != NULL, "%s",
                  said);
    /* a second load into the same diag finds the same problem, and must not pass for good */
    char path[200];
    snprintf(path, sizeof path, "%s/top.yaml", folder);
    ck_assert_ptr_null(amtg_graph_load(path, &options, diag));
    forget();
    remove_folder();
}
END_TEST

START_TEST(unfolding_is_bounded)
{
    char name[32], lines[400];
    make_folder();
    file("g0.yaml", "elements:\n  m: {class: shelf}\n");
    for (int i = 1; i < 15; i++) { /* each holds four of the one before: 4^14 elements */
        snprintf(name, sizeof name, "g%d.yaml", i);
        snprintf(lines, sizeof lines,
                 "elements:\n  a: {class: ./g%d.yaml}\n  b: {class: ./g%d.yaml}\n"
                 "  c: {class: ./g%d.yaml}\n  d: {class: ./g%d.yaml}\n",
                 i - 1, i - 1, i - 1, i - 1);
        file(name, lines);
    }
    ck_assert_ptr_null(load_file("g14.yaml"));
    ck_assert_msg(strstr(said, "the graph is too large") != NULL, "%s", said);
    ck_assert_uint_eq(amtg_diag_problems(diag), 1);
    for (int i = 15; i < 20; i++) {
        snprintf(name, sizeof name, "g%d.yaml", i);
        snprintf(lines, sizeof lines, "elements:\n  a: {class: ./g%d.yaml}\n", i - 1);
        file(name, lines);
    }
    file("g3.yaml", "elements:\n  m: {class: shelf}\n");
    file("g14.yaml", "elements:\n  a: {class: ./g13.yaml}\n");
    for (int i = 4; i < 14; i++) {
        snprintf(name, sizeof name, "g%d.yaml", i);
        snprintf(lines, sizeof lines, "elements:\n  a: {class: ./g%d.yaml}\n", i - 1);
        file(name, lines);
    }
    ck_assert_msg(load_file("g19.yaml") != NULL, "%s", said); /* 16 deep */
    file("g20.yaml", "elements:\n  a: {class: ./g19.yaml}\n");
    ck_assert_ptr_null(load_file("g20.yaml"));
    ck_assert_msg(strstr(said, "nested too deeply (at most 16)") != NULL, "%s", said);
    forget();
    remove_folder();
}
END_TEST

/* ---- size --------------------------------------------------------------------------------- */

static double seconds_to_load(const char *lines, bool is_good)
{
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    load(lines);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    ck_assert_msg((graph != NULL) == is_good, "%.2000s", said);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* A chain of n pipes, its edges written from the end; `fault` of them are misspelt. */
static char *chain(int n, bool fault)
{
    size_t room = (size_t)n * 120 + 200, used = 0;
    char *text = malloc(room);
    used += (size_t)sprintf(text + used, "elements:\n  w: {class: well}\n  d: {class: drain}\n");
    for (int i = 0; i < n; i++)
        used +=
            (size_t)sprintf(text + used, "  pipe%d: {class: %s}\n", i, i % 2 ? "barrel" : "pipe");
    used += (size_t)sprintf(text + used, "edges:\n  - pipe%d -> d\n", n - 1);
    for (int i = n - 1; i > 0; i--)
        used +=
            (size_t)sprintf(text + used, "  - pipe%d%s -> pipe%d\n", i - 1, fault ? "x" : "", i);
    sprintf(text + used, "  - w -> pipe0\n");
    return text;
}

START_TEST(ten_thousand_elements_load_well_under_a_second)
{
    char *lines = chain(10000, false);
    double took = seconds_to_load(lines, true);
    ck_assert_uint_eq(graph->nodes_count, 10002);
    ck_assert(starts_before("d", "pipe0"));
    ck_assert_str_eq(edge_from("pipe9998", "out"), "pipe9999.in: water");
#ifdef __SANITIZE_ADDRESS__
    took /= 4; /* the sanitizer's share */
#endif
    ck_assert_msg(took < 0.7, "%f s", took);
    free(lines);
    lines = chain(10000, true); /* ten thousand problems */
    took = seconds_to_load(lines, false);
    ck_assert_uint_ge(amtg_diag_problems(diag), 9999);
#ifdef __SANITIZE_ADDRESS__
    took /= 4;
#endif
    ck_assert_msg(took < 1, "%f s", took);
    free(lines);
    forget();
}
END_TEST

/* ---- rubbish ------------------------------------------------------------------------------- */

START_TEST(no_mutation_of_a_good_file_makes_it_crash_or_leak)
{
    static const char seed[] =
        "amtgraph: 1\nname: n\nparams:\n  d: {type: interface, default: eth7, env: AMTG_TEST_A}\n"
        "  l: {type: ip4, default: [192.0.2.1, none]}\n  u: {type: uint, min: 1, max: 9, default: "
        "3}\n"
        "elements:\n  w: {class: well}\n  f: {class: fork, prongs: [a, back]}\n  b: {class: "
        "barrel}\n"
        "  p: {class: pipe}\n  sea: {class: harbour}\n  desk: {class: desk}\n  m: {class: mug}\n"
        "  s: {class: shelf, mug: m, device: \"${d}\", fours: [\"${l}\"], rules: {x: y}, level: "
        "\"${u}\"}\n"
        "  x: {class: post}\n  e: {class: drain}\n"
        "edges:\n  - w -> p -> f.a -> e\n  - f.back -> b -> p\n  - sea.lost -> desk\n  - s -> "
        "desk\n"
        "  - x -> sea.out -> e\ninputs: {in: p.in}\noutputs: {out: f.rest}\n";
    static const char octets[] = "{}[]:,-&*!|>'\"%@`#?.\n\t ${}0a\x80\xff\xc3";
    char text[sizeof seed + 64];
    uint32_t random = 12345;
    int good_ones = 0;

    good(seed + strlen("amtgraph: 1\n"));
#ifdef __SANITIZE_ADDRESS__
    enum { ROUNDS = 3000 };
#else
    enum { ROUNDS = 12000 };
#endif
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = sizeof seed - 1;
        memcpy(text, seed, len);
        for (int changes = 1 + round % 4; changes > 0; changes--) {
            random = random * 1664525 + 1013904223;
            size_t at = (random >> 8) % len;
            char octet = octets[(random >> 24) % (sizeof octets - 1)];
            switch ((random >> 4) % 4) {
            case 0: text[at] = octet; break;
            case 1: memmove(text + at, text + at + 1, --len - at); break;
            case 2: memmove(text + at + 1, text + at, len++ - at); text[at] = octet; break;
            default: text[at] = text[(at + 7) % len]; break;
            }
        }
        forget();
        diag = amtg_diag_new();
        graph = amtg_graph_parse("t.yaml", text, len, &options, diag);
        ck_assert_msg((graph == NULL) == (amtg_diag_problems(diag) > 0), "%.*s", (int)len, text);
        say();
        good_ones += graph != NULL;
    }
    ck_assert_int_gt(good_ones, 0);
    forget();
}
END_TEST

START_TEST(a_tree_that_was_read_makes_as_many_graphs_as_are_wanted)
{
    static const char lines[] = "amtgraph: 1\nparams: {level: {type: uint, default: 2}}\n"
                                "elements: {s: {class: shelf, level: \"${level}\"}}\n"
                                "tests: [anything, {at: all}]\n";
    struct amtg_setting three = {"level", "3"}, wrong_one = {"level", "x"};
    struct amtg_graph_options with = options;

    forget();
    diag = amtg_diag_new();
    struct amtg_yaml *tree = amtg_yaml_parse("t.yaml", lines, sizeof lines - 1, diag);
    graph = amtg_graph_of("t.yaml", tree, &options, diag);
    ck_assert_ptr_nonnull(graph);
    ck_assert_uint_eq(shelf("s")->level, 2);
    amtg_graph_free(graph);
    with.settings = &three;
    with.settings_count = 1;
    graph = amtg_graph_of("t.yaml", tree, &with, diag);
    ck_assert_ptr_nonnull(graph);
    ck_assert_uint_eq(shelf("s")->level, 3);
    amtg_graph_free(graph);
    with.settings = &wrong_one;
    graph = amtg_graph_of("t.yaml", tree, &with, diag);
    ck_assert_ptr_null(graph);
    ck_assert_uint_eq(amtg_diag_problems(diag), 1);
    amtg_yaml_free(tree);
    forget();
}
END_TEST

AMTG_SUITE("graph", a_tree_that_was_read_makes_as_many_graphs_as_are_wanted,
           defaults_go_through_the_parser,
           hosts_are_addresses_or_names_one_or_several_or_none, values_of_every_kind_reach_the_state,
           wrong_values_are_told_with_what_was_expected, parameters_stand_for_whole_scalars,
           settings_override_the_environment_and_that_the_default,
           unused_parameters_are_warned_about, a_class_may_check_relations_between_its_parameters,
           a_graph_used_as_an_element_is_unfolded, problems_inside_are_told_once_and_end_the_load,
           unfolding_is_bounded, ten_thousand_elements_load_well_under_a_second,
           no_mutation_of_a_good_file_makes_it_crash_or_leak)
