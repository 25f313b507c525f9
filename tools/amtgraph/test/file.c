#include "tools/amtgraph/test/file.h"

#include <string.h>

#include "core/param.h"
#include "tools/amtgraph/test/keys.h"
#include "tools/amtgraph/test/step.h"

#define PROBLEM(diag, mark, expected, nearest, ...) \
    amtg_diag_add(diag, AMTG_PROBLEM, mark, NULL, expected, nearest, __VA_ARGS__)

/* A child that must be of a kind, if it is there; NULL: it is not there, or wrong. */
static const struct amtg_yaml *child(const struct amtg_yaml *map, const char *key,
                                     enum amtg_yaml_kind kind, const char *expected,
                                     struct amtg_diag *diag)
{
    const struct amtg_yaml *y = amtg_yaml_get(map, key);

    if (!y || y->bad)
        return NULL;
    if (y->kind == kind)
        return y;
    PROBLEM(diag, y->mark, expected, NULL, "`%s` cannot be this", key);
    return NULL;
}

/* ---- reading ---------------------------------------------------------------- */

static void check_set(const struct amtg_yaml *set, struct amtg_diag *diag)
{
    for (const struct amtg_yaml *y = set ? set->first : NULL; y; y = y->next)
        if (y->kind == AMTG_YAML_MAP)
            PROBLEM(diag, y->mark, "a value or a list of them", NULL, "a setting cannot be a map");
}

static void read_test(struct test_file *f, const struct amtg_yaml *y, struct amtg_diag *diag)
{
    static const struct amtg_param number = {.kind = AMTG_KIND_UINT, .size = sizeof(uint64_t)};

    if (y->bad)
        return;
    if (y->kind != AMTG_YAML_MAP) {
        PROBLEM(diag, y->mark, "a map with `name` and `steps`", NULL, "this is no test");
        return;
    }
    amtg_keys_check(y, NULL, test_keys, diag);
    const struct amtg_yaml *name = child(y, "name", AMTG_YAML_SCALAR, "a text", diag);
    const struct amtg_yaml *seed = child(y, "seed", AMTG_YAML_SCALAR, "a number", diag);
    const struct amtg_yaml *verdict = child(y, "verdict", AMTG_YAML_SCALAR, "good or bad", diag);
    const struct amtg_yaml *steps = child(y, "steps", AMTG_YAML_LIST, "a list of steps", diag);
    struct test test = {
        .steps = steps,
        .wires = child(y, "wires", AMTG_YAML_LIST, "a list such as [a <-> b]", diag),
        .set = child(y, "set", AMTG_YAML_MAP, "a map of parameters to values", diag)};

    check_set(test.set, diag);
    if (!amtg_yaml_get(y, "name"))
        PROBLEM(diag, y->mark, "a sentence that says what holds", NULL, "the test has no `name`");
    if (!amtg_yaml_get(y, "steps"))
        PROBLEM(diag, y->mark, NULL, NULL, "the test has no `steps`");
    else if (steps && !steps->first)
        PROBLEM(diag, steps->mark, "a list of steps", NULL, "the test does nothing");
    if (seed && !amtg_param_scalar(&number, seed->text, &test.seed))
        PROBLEM(diag, seed->mark, "a whole number", NULL, "`seed` cannot be \"%.40s\"", seed->text);
    if (verdict)
        test.bad_verdict = strcmp(verdict->text, "bad") == 0;
    if (verdict && !test.bad_verdict && strcmp(verdict->text, "good") != 0)
        PROBLEM(diag, verdict->mark, "good or bad", NULL, "`verdict` cannot be \"%.40s\"",
                verdict->text);
    if (!name || !steps)
        return;
    test.name = name->text;
    test.mark = name->mark;
    for (unsigned i = 0; i < f->tests_count; i++)
        if (strcmp(f->tests[i].name, test.name) == 0) {
            PROBLEM(diag, test.mark, NULL, NULL, "another test has this name");
            amtg_diag_note(diag, f->tests[i].mark, "first written here");
        }
    f->tests = amtg_arena_grow(f->arena, f->tests, f->tests_count, sizeof *f->tests);
    f->tests[f->tests_count++] = test;
}

static void read_standalone(struct test_file *f, struct amtg_diag *diag)
{
    const struct amtg_yaml *version = amtg_yaml_get(f->tree, "amtgraph");
    const struct amtg_yaml *graph = amtg_yaml_get(f->tree, "graph");
    const char *slash = strrchr(f->path, '/');

    amtg_keys_check(f->tree, NULL, test_file_keys, diag);
    if (!version)
        PROBLEM(diag, f->tree->mark, "amtgraph: 1", NULL, "the key `amtgraph` is missing");
    else if (version->kind != AMTG_YAML_SCALAR || strcmp(version->text, "1") != 0)
        PROBLEM(diag, version->mark, "1", NULL, "this version of graph files is not known");
    if (!amtg_yaml_get(f->tree, "tests"))
        PROBLEM(diag, f->tree->mark, "a list of tests", NULL, "the key `tests` is missing");
    f->set = child(f->tree, "set", AMTG_YAML_MAP, "a map of parameters to values", diag);
    check_set(f->set, diag);
    if (graph->kind != AMTG_YAML_SCALAR) {
        PROBLEM(diag, graph->mark, "the path of a graph file", NULL, "`graph` cannot be this");
        return;
    }
    f->graph_path = *graph->text == '/' || !slash
                        ? graph->text
                        : amtg_arena_printf(f->arena, "%.*s%s", (int)(slash + 1 - f->path), f->path,
                                            graph->text);
    f->graph_tree = amtg_yaml_read(f->graph_path, diag);
    if (!f->graph_tree)
        amtg_diag_note(diag, graph->mark, "named as the graph here");
}

struct test_file *test_file_open(const char *path, struct amtg_diag *diag)
{
    struct amtg_yaml *tree = amtg_yaml_read(path, diag);

    if (!tree)
        return NULL;
    struct amtg_arena *arena = amtg_arena_new();
    struct test_file *f = amtg_arena_get(arena, sizeof *f);
    f->arena = arena;
    f->tree = tree;
    f->path = f->graph_path = path;
    f->standalone = amtg_yaml_get(tree, "graph") != NULL;
    if (f->standalone)
        read_standalone(f, diag);
    const struct amtg_yaml *tests = child(tree, "tests", AMTG_YAML_LIST, "a list of tests", diag);
    if (tests && !tests->first)
        PROBLEM(diag, tests->mark, "a list of tests", NULL, "there are no tests here");
    for (const struct amtg_yaml *y = tests ? tests->first : NULL; y; y = y->next)
        read_test(f, y, diag);
    return f;
}

void test_file_close(struct test_file *f)
{
    if (!f)
        return;
    amtg_yaml_free(f->tree);
    amtg_yaml_free(f->graph_tree);
    amtg_arena_free(f->arena);
}

/* ---- graphs ----------------------------------------------------------------- */

static const char *value_text(struct amtg_arena *arena, const struct amtg_yaml *y)
{
    const char *text = NULL;

    if (y->kind == AMTG_YAML_SCALAR)
        return y->text;
    for (const struct amtg_yaml *i = y->first; i; i = i->next)
        text = text ? amtg_arena_printf(arena, "%s,%s", text, i->text ? i->text : "") : i->text;
    return text ? text : "";
}

/* Adds settings; one that is there already is replaced. */
static void add_settings(struct amtg_arena *arena, struct amtg_setting *all, size_t *count,
                         const struct amtg_yaml *set)
{
    for (const struct amtg_yaml *y = set ? set->first : NULL; y; y = y->next) {
        size_t i = 0;
        if (y->kind == AMTG_YAML_MAP) /* was told */
            continue;
        while (i < *count && strcmp(all[i].name, y->key) != 0)
            i++;
        all[i] = (struct amtg_setting){y->key, value_text(arena, y)};
        *count += i == *count;
    }
}

static size_t children(const struct amtg_yaml *map)
{
    size_t count = 0;

    for (const struct amtg_yaml *y = map ? map->first : NULL; y; y = y->next)
        count++;
    return count;
}

struct amtg_graph *test_file_graph(struct test_file *f, const struct test *test,
                                   const struct amtg_graph_options *options, struct amtg_diag *diag)
{
    const struct amtg_yaml *own = test ? test->set : NULL;
    const struct amtg_yaml *tree = f->standalone ? f->graph_tree : f->tree;
    struct amtg_graph_options with = *options;
    size_t room = options->settings_count + children(f->set) + children(own) + 1;
    struct amtg_setting *settings = amtg_arena_get(f->arena, room * sizeof *settings);

    if (!tree)
        return NULL;
    if (options->settings_count)
        memcpy(settings, options->settings, options->settings_count * sizeof *settings);
    with.settings = settings;
    add_settings(f->arena, settings, &with.settings_count, f->set);
    add_settings(f->arena, settings, &with.settings_count, own);
    size_t before = amtg_diag_reported(diag);
    struct amtg_graph *g = amtg_graph_of(f->graph_path, tree, &with, diag);
    if (!g && own && amtg_diag_reported(diag) != before)
        amtg_diag_note(diag, test->mark, "with the settings of this test");
    return g;
}

void test_file_check(struct test_file *f, const struct amtg_graph_options *options,
                     struct amtg_diag *diag)
{
    struct amtg_graph *plain = NULL;

    for (unsigned i = 0; i < f->tests_count; i++) {
        struct amtg_graph *own = NULL;
        if (f->tests[i].set)
            own = test_file_graph(f, &f->tests[i], options, diag);
        else if (!plain)
            plain = test_file_graph(f, NULL, options, diag);
        test_steps_check(f, &f->tests[i], f->tests[i].set ? own : plain, diag);
        amtg_graph_free(own);
    }
    amtg_graph_free(plain);
}
