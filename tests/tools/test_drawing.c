/*
 * Drawings: the geometry of each graph in graphs/, and of graphs made up at random. Nothing
 * lies on anything else, all is on the paper, and edges lead to the right unless they close
 * a cycle.
 */
#include "tools/amtgraph/draw.h"

#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elements/registry.h"
#include "tests/support/suite.h"

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

/* ---- geometry ---- */

/* As ck_assert_msg, which writes a file each time that all is well: there are millions of these. */
#define must(is_so, ...)               \
    do {                               \
        if (!(is_so))                  \
            ck_abort_msg(__VA_ARGS__); \
    } while (0)

static bool overlap(struct draw_rect a, struct draw_rect b)
{
    return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

static bool inside(struct draw_rect in, struct draw_rect out)
{
    return in.x >= out.x && in.y >= out.y && in.x + in.w <= out.x + out.w &&
           in.y + in.h <= out.y + out.h;
}

/* A level or upright piece of a line as a rectangle; 1 wide. */
static struct draw_rect piece(struct draw_point a, struct draw_point b)
{
    must(a.x == b.x || a.y == b.y, "%s", graph->file);
    return (struct draw_rect){a.x < b.x ? a.x : b.x, a.y < b.y ? a.y : b.y, abs(a.x - b.x) + 1,
                              abs(a.y - b.y) + 1};
}

/* The box a little smaller: lines end at its sides. */
static struct draw_rect shrunk(struct draw_rect r)
{
    return (struct draw_rect){r.x + 1, r.y + 1, r.w - 2, r.h - 2};
}

static const char *names(const struct draw_edge *e)
{
    static char text[300];

    snprintf(text, sizeof text, "%s: %s.%s -> %s", graph->file, d->boxes[e->from].name,
             d->boxes[e->from].ports[e->out].name, d->boxes[e->to].name);
    return text;
}

static void check_paper(void)
{
    const struct draw_rect paper = {0, 0, d->w, d->h};

    for (unsigned i = 0; i < d->boxes_count; i++) {
        must(inside(d->boxes[i].at, paper), "%s: %s", graph->file, d->boxes[i].name);
        must(d->boxes[i].at.w > 0, "%s", graph->file);
        if (d->boxes[i].frame != DRAW_NONE)
            must(inside(d->boxes[i].at, d->frames[d->boxes[i].frame].at), "%s", graph->file);
    }
    for (unsigned i = 0; i < d->frames_count; i++) {
        must(inside(d->frames[i].at, paper), "%s", graph->file);
        if (d->frames[i].frame != DRAW_NONE)
            must(inside(d->frames[i].at, d->frames[d->frames[i].frame].at), "%s", graph->file);
    }
    for (unsigned i = 0; i < d->edges_count; i++) {
        const struct draw_edge *e = &d->edges[i];
        must(e->points_count >= 2, "%s", graph->file);
        must(!e->label || inside(e->label_at, paper), "%s", graph->file);
        for (unsigned k = 1; k < e->points_count; k++)
            must(inside(piece(e->points[k - 1], e->points[k]), paper), "%s", names(e));
    }
    for (unsigned i = 0; i < d->gates_count; i++)
        must(inside(d->gates[i].at, paper), "%s", graph->file);
}

static void check_boxes_apart(void)
{
    for (unsigned i = 0; i < d->boxes_count; i++)
        for (unsigned k = 0; k < i; k++)
            must(!overlap(d->boxes[i].at, d->boxes[k].at), "%s: %s lies on %s", graph->file,
                 d->boxes[i].name, d->boxes[k].name);
    for (unsigned i = 0; i < d->frames_count; i++)
        for (unsigned k = 0; k < d->boxes_count; k++)
            must(inside(d->boxes[k].at, d->frames[i].at) ||
                     !overlap(d->boxes[k].at, d->frames[i].at),
                 "%s: %s lies on the border of %s", graph->file, d->boxes[k].name,
                 d->frames[i].name);
}

/* Labels lie on nothing: no other label, no box, no line but the beginning of their own. */
static void check_label(const struct draw_edge *e)
{
    for (unsigned i = 0; i < d->edges_count; i++) {
        const struct draw_edge *other = &d->edges[i];
        must(other == e || !other->label || !overlap(e->label_at, other->label_at),
             "the label of %s lies on another", names(e));
        for (unsigned k = 1; k < other->points_count; k++)
            must(!overlap(e->label_at, piece(other->points[k - 1], other->points[k])),
                 "a line to %s crosses the label of %s", d->boxes[other->to].name, names(e));
    }
    for (unsigned i = 0; i < d->boxes_count; i++)
        must(!overlap(e->label_at, d->boxes[i].at), "the label of %s lies on %s", names(e),
             d->boxes[i].name);
    for (unsigned i = 0; i < d->gates_count; i++)
        must(!overlap(e->label_at, d->gates[i].at), "%s", graph->file);
}

static void check_no_box_crossed(const struct draw_edge *e)
{
    for (unsigned i = 0; i < d->boxes_count; i++)
        for (unsigned k = 1; k < e->points_count; k++)
            must(!overlap(shrunk(d->boxes[i].at), piece(e->points[k - 1], e->points[k])),
                 "%s crosses %s", names(e), d->boxes[i].name);
}

/* Lines to different ports may cross; they never run on each other. */
static void check_lines_apart(const struct draw_edge *a, const struct draw_edge *b)
{
    if (a->to == b->to && a->in == b->in)
        return;
    for (unsigned i = 1; i < a->points_count; i++)
        for (unsigned k = 1; k < b->points_count; k++) {
            struct draw_rect x = piece(a->points[i - 1], a->points[i]);
            struct draw_rect y = piece(b->points[k - 1], b->points[k]);
            bool level = x.h == 1 && y.h == 1, upright = x.w == 1 && y.w == 1;
            must(!(level || upright) || !overlap(x, y), "%s and a line to %s lie on each other",
                 names(a), d->boxes[b->to].name);
        }
}

/* Does a way lead from one box to another? By edges, and from who is asked to who asks. */
static bool leads(unsigned from, unsigned to, bool *seen)
{
    if (from == to)
        return true;
    seen[from] = true;
    for (unsigned i = 0; i < d->edges_count; i++) {
        const struct draw_edge *e = &d->edges[i];
        unsigned a = e->line == DRAW_REFERENCE ? e->to : e->from;
        unsigned b = e->line == DRAW_REFERENCE ? e->from : e->to;
        if (a == from && !seen[b] && leads(b, to, seen))
            return true;
    }
    return false;
}

/* Two frames may hold a cycle without any of their boxes being in one. */
static bool in_cycle_of_frames(const struct draw_edge *e)
{
    return d->boxes[e->from].frame != d->boxes[e->to].frame;
}

static void check_to_the_right(const struct draw_edge *e)
{
    bool left = false;

    if (e->line == DRAW_REFERENCE)
        return;
    for (unsigned k = 1; k < e->points_count; k++)
        left |= e->points[k].x < e->points[k - 1].x;
    must(left == e->back, "%s", names(e));
    must(e->points[0].x < e->points[1].x, "%s", graph->file);
    must(e->points[e->points_count - 2].x < e->points[e->points_count - 1].x, "%s", graph->file);
    bool *seen = calloc(d->boxes_count, sizeof *seen);
    must(seen != NULL, "%s", graph->file);
    must(!left || in_cycle_of_frames(e) || leads(e->to, e->from, seen),
         "%s leads to the left, but closes no cycle", names(e));
    free(seen);
}

/* Lines begin and end at their ports. */
static void check_ends(const struct draw_edge *e)
{
    const struct draw_box *from = &d->boxes[e->from], *to = &d->boxes[e->to];
    const struct draw_point *first = &e->points[0], *last = &e->points[e->points_count - 1];

    must(first->y == from->ports[e->out].y, "%s", graph->file);
    must(last->y == to->ports[e->in].y, "%s", graph->file);
    must(first->x == from->at.x || first->x == from->at.x + from->at.w, "%s", graph->file);
    must(last->x == to->at.x || last->x == to->at.x + to->at.w, "%s", graph->file);
    if (e->line != DRAW_REFERENCE) {
        must(first->x == from->at.x + from->at.w, "%s", graph->file);
        must(last->x == to->at.x, "%s", graph->file);
        must(e->label != NULL, "%s", graph->file);
    }
}

/* Each edge of the graph is drawn, or lies within a row. */
static void check_complete(void)
{
    for (unsigned i = 0; i < graph->edges_count; i++) {
        const struct amtg_graph_edge *e = &graph->edges[i];
        const int from = d->node_box[e->from], to = d->node_box[e->to];
        if (d->edge_edge[i] == DRAW_NONE) {
            must(from == to && d->boxes[from].count > 0, "%s", graph->file);
            continue;
        }
        const struct draw_edge *drawn = &d->edges[d->edge_edge[i]];
        must((int)drawn->from == from, "%s", graph->file);
        must((int)drawn->to == to, "%s", graph->file);
        must(drawn->type == e->type, "%s", graph->file);
    }
    for (unsigned i = 0; i < d->gates_count; i++)
        must(d->gates[i].points_count >= 2, "%s", graph->file);
}

static void check_drawing(void)
{
    check_paper();
    check_boxes_apart();
    check_complete();
    for (unsigned i = 0; i < d->edges_count; i++) {
        if (d->edges[i].label)
            check_label(&d->edges[i]);
        check_no_box_crossed(&d->edges[i]);
        check_to_the_right(&d->edges[i]);
        check_ends(&d->edges[i]);
        for (unsigned k = 0; k < i; k++)
            check_lines_apart(&d->edges[i], &d->edges[k]);
    }
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
        check_drawing();
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
    check_drawing();
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

START_TEST(graphs_at_random_are_laid_out_well)
{
    seed = (uint32_t)_i;
    random_graph(1 + (unsigned)_i % 20);
    draw_text(text, NULL);
    check_drawing();
    done();
}
END_TEST

START_TEST(a_thousand_boxes_are_drawn)
{
    seed = 7;
    random_graph(500);
    draw_text(text, NULL);
    ck_assert_uint_eq(d->boxes_count, 1001);
    check_paper();
    check_boxes_apart();
    check_complete();
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
    check_drawing();
    done();
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("drawing");

    tcase_set_timeout(tc, 50);
    tcase_add_loop_test(tc, every_graph_is_laid_out_well, 0, sizeof folders / sizeof *folders);
    tcase_add_test(tc, a_row_is_one_box_unless_unfolded);
    tcase_add_test(tc, what_is_too_large_is_not_drawn);
    tcase_add_loop_test(tc, graphs_at_random_are_laid_out_well, 0, 60);
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
