/*
 * Drawings: the geometry of each graph in graphs/, and of graphs made up at random. Nothing
 * lies on anything else, all is on the paper, and edges lead to the right unless they close
 * a cycle.
 */
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elements/registry.h"
#include "tests/support/suite.h"
#include "tests/tools/drawing_check.h"

/* Parts of worlds must be given parameters; gateway.yaml, a reference too: it is drawn in
 * home.yaml. */
static const struct part {
    const char *file;
    struct amtg_setting settings[3];
    size_t count;
} parts[] = {
    {"graphs/sim/parts/home.yaml",
     {{"local", "192.168.1.2"}, {"outside", "10.1.0.1"}, {"channels", "239.1.1.1"}},
     3},
    {"graphs/sim/parts/host.yaml", {{"local", "192.168.1.2"}}, 1},
    {"graphs/sim/parts/relay.yaml", {{"address", "192.0.2.1"}}, 1},
    {"graphs/sim/parts/gateway.yaml", {{NULL, NULL}}, 0},
};

static struct amtg_diag *diag;
static struct amtg_graph *graph;
static struct drawing *d;

static void draw(const struct draw_options *options)
{
    if (!graph)
        amtg_diag_print(diag, stderr, false);
    ck_assert_ptr_nonnull(graph);
    d = draw_graph(graph, options);
    ck_assert_ptr_nonnull(d);
}

static void draw_text(const char *text, const struct draw_options *options)
{
    const struct amtg_graph_options parse = {.classes = amtg_classes, .ports_may_be_open = true};

    diag = amtg_diag_new();
    graph = amtg_graph_parse("t.yaml", text, strlen(text), &parse, diag);
    draw(options);
}

/* false: it cannot be a graph of its own. */
static bool draw_file(const char *path, const struct draw_options *options)
{
    struct amtg_graph_options load = {.classes = amtg_classes};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcmp(parts[i].file, path) == 0) {
            if (parts[i].count == 0)
                return false;
            load.settings = parts[i].settings;
            load.settings_count = parts[i].count;
        }
    diag = amtg_diag_new();
    graph = amtg_graph_load(path, &load, diag);
    draw(options);
    return true;
}

static void done(void)
{
    drawing_free(d);
    amtg_graph_free(graph);
    amtg_diag_free(diag);
    d = NULL;
    graph = NULL;
}

/* ---- cases ---- */

static const char *const folders[] = {"graphs/*.yaml",         "graphs/parts/*.yaml",
                                      "graphs/sim/*.yaml",     "graphs/sim/parts/*.yaml",
                                      "graphs/lessons/*.yaml", "graphs/demo/watch.yaml"};

START_TEST(every_graph_is_laid_out_well)
{
    glob_t found;
    unsigned drawn = 0;

    ck_assert_int_eq(glob(folders[_i], 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        if (!draw_file(found.gl_pathv[i], NULL))
            continue;
        drawing_check(d);
        drawn++;
        done();
    }
    ck_assert_uint_ge(drawn, 1);
    globfree(&found);
}
END_TEST

START_TEST(a_row_is_one_box_unless_unfolded)
{
    ck_assert(draw_file("graphs/sim/small.yaml", NULL));
    unsigned row = 0;
    while (row < d->boxes_count && strcmp(d->boxes[row].name, "homes4") != 0)
        row++;
    ck_assert_uint_lt(row, d->boxes_count);
    ck_assert_uint_eq(d->boxes[row].count, 6);
    ck_assert_str_eq(d->boxes[row].class, "home.yaml");
    ck_assert_uint_eq(d->boxes[row].ports_count, 2);
    for (unsigned i = 0; i < 2; i++) /* as they are called in each of its graphs */
        ck_assert_str_eq(d->boxes[row].ports[i].name,
                         d->boxes[row].ports[i].kind == DRAW_IN ? "down.in" : "cable.up");
    unsigned folded = d->boxes_count;
    done();

    ck_assert(draw_file("graphs/sim/small.yaml", &(struct draw_options){.unfold = true}));
    ck_assert_uint_eq(d->boxes_count, graph->nodes_count);
    ck_assert_uint_gt(d->boxes_count, folded);
    drawing_check(d);
    done();
}
END_TEST

START_TEST(what_is_too_large_is_not_drawn)
{
    const struct amtg_graph_options load = {.classes = amtg_classes};

    diag = amtg_diag_new();
    graph = amtg_graph_load("graphs/sim/day.yaml", &load, diag);
    ck_assert_ptr_nonnull(graph);
    ck_assert_ptr_null(draw_graph(graph, &(struct draw_options){.unfold = true}));
    done();
}
END_TEST

static char text[1 << 18];
static size_t text_len;

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    text_len += (size_t)vsnprintf(text + text_len, sizeof text - text_len, fmt, args);
    va_end(args);
    ck_assert_uint_lt(text_len, sizeof text);
}

static uint32_t seed;

static unsigned below(unsigned n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % n;
}

/* n tees of up to five outputs each, which lead anywhere, by way of a queue; also in circles. */
static void random_graph(unsigned n)
{
    static const char letters[] = "abcde";

    text_len = 0;
    say("amtgraph: 1\nname: t\nsummary: t\nelements:\n"
        "  src: {class: generator, source: 198.51.100.1, group: 232.1.1.1}\n");
    for (unsigned i = 0; i < n; i++)
        say("  q%u: {class: queue}\n  element-%u: {class: tee, outputs: [%.*s]}\n", i, i,
            (int)(3 * (1 + i % 5) - 2), "a, b, c, d, e");
    say("edges:\n  - src -> q0\n");
    for (unsigned i = 0; i < n; i++) {
        say("  - q%u -> element-%u\n", i, i);
        for (unsigned k = 0; k <= i % 5; k++)
            say("  - element-%u.%c -> q%u\n", i, letters[k],
                i + 1 < n && k == 0 ? i + 1 : below(n));
    }
}

/* Each size from 1 to 30 twice. With sanitizers, where this takes ten times as long, each once. */
enum { RANDOM_GRAPHS = 60 };
#ifdef __SANITIZE_ADDRESS__
enum { RANDOM_FIRST = 30 };
#else
enum { RANDOM_FIRST = 0 };
#endif

START_TEST(graphs_at_random_are_laid_out_well)
{
    seed = (uint32_t)_i;
    random_graph(1 + (unsigned)_i % 30); /* of 53, three lines are tangled */
    draw_text(text, NULL);
    drawing_check(d);
    done();
}
END_TEST

START_TEST(a_thousand_boxes_are_drawn)
{
    seed = 7;
    random_graph(500);
    draw_text(text, NULL);
    ck_assert_uint_eq(d->boxes_count, 1001);
    drawing_check_places(d);
    done();
}
END_TEST

START_TEST(the_same_graph_gives_the_same_drawing)
{
    char *texts[2];

    for (int i = 0; i < 2; i++) {
        ck_assert(draw_file("graphs/loop.yaml", NULL));
        json_t *json = draw_json(graph);
        ck_assert_ptr_nonnull(json);
        texts[i] = json_dumps(json, JSON_SORT_KEYS);
        json_decref(json);
        done();
    }
    ck_assert_str_eq(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
}
END_TEST

START_TEST(notes_stand_on_edges_and_make_them_wide)
{
    struct draw_note notes[64] = {[0] = {"1,234 /s  12 Mbit/s", 4}};
    const struct draw_options options = {.notes = notes};

    ck_assert(draw_file("graphs/relay.yaml", &options));
    ck_assert_uint_le(graph->edges_count, 64);
    const struct draw_edge *e = &d->edges[d->edge_edge[0]];
    ck_assert_str_eq(e->label, "datagram  1,234 /s  12 Mbit/s");
    ck_assert(e->width == 4);
    drawing_check(d);
    done();
}
END_TEST

START_TEST(a_port_of_a_graph_within_is_drawn_at_its_frame)
{
    draw_text("amtgraph: 1\nname: t\nsummary: t\ninputs: {wanted: tunnel.joins}\n"
              "outputs: {stream: tunnel.data}\n"
              "elements:\n  tunnel: {class: ./graphs/parts/tunnel.yaml}\n",
              NULL);
    drawing_check(d);
    ck_assert_uint_eq(d->gates_count, 2);
    ck_assert_uint_eq(d->frames_count, 1);
    const struct draw_rect *frame = &d->frames[0].at;
    const struct draw_gate *in = &d->gates[0], *out = &d->gates[1];
    ck_assert_str_eq(in->label, "join");
    ck_assert_int_eq(in->line, DRAW_RECORDS);
    ck_assert_int_eq(in->points[in->points_count - 1].x, frame->x);
    ck_assert_int_eq(out->points[0].x, frame->x + frame->w);
    done();
}
END_TEST

START_TEST(a_queue_may_feed_itself)
{
    draw_text("amtgraph: 1\nname: t\nsummary: t\nelements:\n  q: {class: queue}\n"
              "  t: {class: tee, outputs: [a, b]}\n  end: {class: discard}\n"
              "edges:\n  - q -> t\n  - t.a -> end\n  - t.b -> q\n",
              NULL);
    drawing_check(d);
    ck_assert(d->edges[2].back && !d->edges[0].back && !d->edges[1].back);
    done();
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("drawing");

    tcase_set_timeout(tc, 50);
    tcase_add_loop_test(tc, every_graph_is_laid_out_well, 0, sizeof folders / sizeof *folders);
    tcase_add_test(tc, a_row_is_one_box_unless_unfolded);
    tcase_add_test(tc, a_port_of_a_graph_within_is_drawn_at_its_frame);
    tcase_add_test(tc, a_queue_may_feed_itself);
    tcase_add_test(tc, what_is_too_large_is_not_drawn);
    tcase_add_loop_test(tc, graphs_at_random_are_laid_out_well, RANDOM_FIRST, RANDOM_GRAPHS);
    tcase_add_test(tc, a_thousand_boxes_are_drawn);
    tcase_add_test(tc, the_same_graph_gives_the_same_drawing);
    tcase_add_test(tc, notes_stand_on_edges_and_make_them_wide);
    Suite *suite = suite_create("drawing");
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
