/*
 * Files with tests: the section `tests` of a graph file, or a file of its own that names a
 * graph. docs/testing-a-graph.md has the grammar. Here is what surrounds the steps; a step is
 * read by step.h.
 */
#ifndef AMTG_TOOLS_TEST_FILE_H
#define AMTG_TOOLS_TEST_FILE_H

#include "core/arena.h"
#include "core/config.h"
#include "core/graph.h"

struct test {
    const char *name;
    struct amtg_mark mark;         /* of its name */
    const struct amtg_yaml *set;   /* settings, or NULL */
    const struct amtg_yaml *wires; /* or NULL */
    const struct amtg_yaml *steps; /* a list */
    uint64_t seed;
    bool bad_verdict; /* what an element judges must come out negative */
};

struct test_file {
    const char *path;
    struct amtg_yaml *tree;
    bool standalone;              /* it names a graph */
    const char *graph_path;       /* the graph: that file, or this one */
    struct amtg_yaml *graph_tree; /* of another file; else NULL */
    const struct amtg_yaml *set;  /* settings for all tests of the file, or NULL */
    struct test *tests;
    unsigned tests_count;
    struct amtg_arena *arena;
};

/*
 * Read a file and what surrounds the steps of its tests. NULL: it has no usable tree.
 * Problems are in diag. A graph file without `tests` has none.
 */
struct test_file *test_file_open(const char *path, struct amtg_diag *diag);
void test_file_close(struct test_file *f); /* NULL is fine */
/*
 * The graph as a test wants it: its settings over those of the file over `options`. test
 * NULL: as the file wants it. NULL: problems, in diag.
 */
struct amtg_graph *test_file_graph(struct test_file *f, const struct test *test,
                                   const struct amtg_graph_options *options,
                                   struct amtg_diag *diag);
/* All problems of all steps, with the graphs that the tests are of. */
void test_file_check(struct test_file *f, const struct amtg_graph_options *options,
                     struct amtg_diag *diag);

#endif
