/*
 * Graphs from texts, made of classes that exist only here: all that the checker
 * looks at (ports, flags, parameters, references, the check of a class), and
 * nothing that runs. Included by one test program at a time.
 */
#ifndef AMTG_TESTS_GRAPH_TEXT_H
#define AMTG_TESTS_GRAPH_TEXT_H

#include <stdio.h>
#include <string.h>

#include "core/graph.h"
#include "tests/support/suite.h"

/* any > packet > water > tea; packet > oil; any > record > note, order */
static const struct amtg_type water = {.name = "water", .parent = AMTG_PACKET};
static const struct amtg_type tea = {.name = "tea", .parent = &water};
static const struct amtg_type oil = {.name = "oil", .parent = AMTG_PACKET};
static const struct amtg_type note = {.name = "note", .parent = AMTG_RECORD};
static const struct amtg_type order = {.name = "order", .parent = AMTG_RECORD};

static const struct amtg_interface cup = {"cup", "holds something"};
static const struct amtg_provided a_cup = {.interface = &cup};

/* ---- sources, sinks, and what lies between ---------------------------------- */

static const struct amtg_class well = {.name = "well", AMTG_OUTPUTS({"out", &water, "", 0})};
static const struct amtg_class teapot = {.name = "teapot", AMTG_OUTPUTS({"out", &tea, "", 0})};
static const struct amtg_class press = {.name = "press", AMTG_OUTPUTS({"out", &oil, "", 0})};
static const struct amtg_class post = {.name = "post", AMTG_OUTPUTS({"out", &water, "", AMTG_TO})};
static const struct amtg_class drain = {.name = "drain", AMTG_INPUTS({"in", AMTG_ANY, "", 0})};
static const struct amtg_class kettle = {.name = "kettle", AMTG_INPUTS({"in", &water, "", 0}),
                                         AMTG_OUTPUTS({"out", &tea, "", AMTG_CARRIES_TO})};
static const struct amtg_class pipe_class = {
    .name = "pipe", AMTG_INPUTS({"in", AMTG_ANY, "", 0}),
    AMTG_OUTPUTS({"out", AMTG_ANY, "", AMTG_CARRIES_TYPE | AMTG_CARRIES_TO})};
static const struct amtg_class barrel = {
    .name = "barrel", .flags = AMTG_BREAKS, AMTG_INPUTS({"in", AMTG_ANY, "", 0}),
    AMTG_OUTPUTS({"out", AMTG_ANY, "", AMTG_CARRIES_TYPE | AMTG_CARRIES_TO})};

/* As udp-socket and membership: several ports, told apart by their types. */
static const struct amtg_class harbour = {
    .name = "harbour", .flags = AMTG_HOST | AMTG_BREAKS, AMTG_INPUTS({"in", &water, "", AMTG_TO}),
    AMTG_OUTPUTS({"out", &water, "", 0}, {"lost", &note, "", AMTG_MAY_BE_OPEN})};
static const struct amtg_class desk = {
    .name = "desk", .flags = AMTG_BREAKS,
    AMTG_INPUTS({"notes", &note, "", AMTG_MAY_BE_OPEN}, {"orders", &order, "", AMTG_MAY_BE_OPEN},
                {"cups", &tea, "", AMTG_MAY_BE_OPEN}),
    AMTG_OUTPUTS({"out", &order, "", AMTG_MAY_BE_OPEN})};
static const struct amtg_class sorter = {
    .name = "sorter", AMTG_INPUTS({"in", &water, "", 0}),
    AMTG_OUTPUTS({"cold", &water, "", 0}, {"hot", &tea, "", AMTG_MAY_BE_OPEN})};
static const struct amtg_class writer = {.name = "writer", AMTG_OUTPUTS({"out", &note, "", 0})};

/* ---- parameters --------------------------------------------------------------- */

struct fork {
    struct amtg_text_list prongs;
};
static const struct amtg_class fork_class = {
    .name = "fork", .state_octets = sizeof(struct fork), .ports_from = "prongs",
    AMTG_INPUTS({"in", AMTG_ANY, "", 0}),
    AMTG_OUTPUTS({"rest", AMTG_ANY, "", AMTG_CARRIES_TYPE | AMTG_CARRIES_TO | AMTG_MAY_BE_OPEN},
                 {"prong", AMTG_ANY, "", AMTG_CARRIES_TYPE | AMTG_CARRIES_TO | AMTG_MANY}),
    AMTG_PARAMS(AMTG_TEXTS(struct fork, prongs, NULL, 1, 4, "names of outputs"))};

struct shelf {
    bool tidy;
    uint8_t level;
    uint64_t wait_ns, room_octets;
    double lean;
    const char *label, *device, *file;
    struct amtg_addr home;
    struct amtg_addr_list binds, fours;
    struct amtg_text_list guests;
    struct amtg_text_list words;
    struct amtg_map rules;
    struct amtg_element *mug;
};

static void check_shelf(const void *state, struct amtg_check *check)
{
    const struct shelf *s = state;

    if (s->tidy && s->level > 5)
        amtg_check_problem(check, "level", -1, "a tidy shelf has at most 5 levels");
    for (unsigned i = 0; i < s->words.count; i++)
        if (strcmp(s->words.items[i], "bad") == 0)
            amtg_check_problem(check, "words", (int)i, "a bad word");
    for (unsigned i = 0; i < s->rules.count; i++)
        if (strcmp(s->rules.texts[i], "bad") == 0)
            amtg_check_problem(check, "rules", (int)i, "a bad rule");
}

/* No inputs: a source of notes, so that it may stand alone. */
static const struct amtg_class shelf_class = {
    .name = "shelf", .state_octets = sizeof(struct shelf), .check = check_shelf,
    AMTG_OUTPUTS({"out", &note, "", AMTG_MAY_BE_OPEN}),
    AMTG_PARAMS(AMTG_BOOL(struct shelf, tidy, "no", ""),
                AMTG_U8(struct shelf, level, "1", 0, 9, "levels", ""),
                AMTG_DURATION(struct shelf, wait_ns, "1m30s", 0, 0, ""),
                AMTG_SIZE(struct shelf, room_octets, "64KiB", 0, 0, ""),
                AMTG_FLOAT(struct shelf, lean, "0.5", -1.0, 1.0, NULL, ""),
                AMTG_TEXT(struct shelf, label, "", ""),
                AMTG_INTERFACE(struct shelf, device, "auto", ""),
                AMTG_FILE(struct shelf, file, "", ""),
                AMTG_ADDRESS(struct shelf, home, "none", 0, ""),
                AMTG_ADDRESSES(struct shelf, binds, "0.0.0.0, ::", 0, 4, ""),
                AMTG_ADDRESSES(struct shelf, fours, "", 4, 4, ""),
                AMTG_HOSTS(struct shelf, guests, "a.example, 192.0.2.1", 3, ""),
                AMTG_TEXTS(struct shelf, words, "", 0, 8, ""),
                AMTG_MAP(struct shelf, rules, 0, 4, ""),
                AMTG_REF(struct shelf, mug, &cup, false, ""))};

struct saucer {
    struct amtg_element *cup;
};
static const struct amtg_class mug_class = {
    .name = "mug", .provides = &a_cup, .provides_count = 1};
static const struct amtg_class saucer_class = {
    .name = "saucer",
    .provides = &a_cup,
    .provides_count = 1,
    .state_octets = sizeof(struct saucer),
    AMTG_PARAMS(AMTG_REF(struct saucer, cup, &cup, true, ""))};

/* Both a step of the flow and one that refers: as amt-advertise asks udp-socket. */
static const struct amtg_class waiter = {
    .name = "waiter", .state_octets = sizeof(struct saucer), AMTG_INPUTS({"in", AMTG_ANY, "", 0}),
    AMTG_OUTPUTS({"out", &water, "", AMTG_TO}),
    AMTG_PARAMS(AMTG_REF(struct saucer, cup, &cup, false, ""))};
static const struct amtg_class steward = {
    .name = "steward", .flags = AMTG_BREAKS, .state_octets = sizeof(struct saucer),
    AMTG_INPUTS({"in", AMTG_ANY, "", 0}), AMTG_OUTPUTS({"out", &water, "", AMTG_TO}),
    AMTG_PARAMS(AMTG_REF(struct saucer, cup, &cup, false, ""))};
static const struct amtg_class quay = {
    .name = "quay", .flags = AMTG_HOST | AMTG_BREAKS, .provides = &a_cup, .provides_count = 1,
    AMTG_INPUTS({"in", &water, "", AMTG_TO}), AMTG_OUTPUTS({"out", &water, "", 0})};

static const struct amtg_class *const classes[] = {
    &well, &teapot, &press, &post, &drain, &kettle, &pipe_class, &barrel, &harbour, &desk, &sorter,
    &writer, &fork_class, &shelf_class, &mug_class, &saucer_class, &waiter, &steward,
    &quay, NULL};

/* ---- loading ------------------------------------------------------------------------ */

static struct amtg_diag *diag;
static struct amtg_graph *graph;
static char *said;
static struct amtg_graph_options options = {.classes = classes};

static void forget(void)
{
    amtg_graph_free(graph);
    amtg_diag_free(diag);
    free(said);
    graph = NULL;
    diag = NULL;
    said = NULL;
    options = (struct amtg_graph_options){.classes = classes};
}

static void say(void)
{
    size_t len;
    FILE *out = open_memstream(&said, &len);

    amtg_diag_print(diag, out, false);
    fclose(out);
}

/* A graph from the lines after `amtgraph: 1`. */
static struct amtg_graph *load(const char *lines)
{
    size_t room = strlen(lines) + 32;
    char *text = malloc(room);
    struct amtg_graph_options kept = options;
    int len = snprintf(text, room, "amtgraph: 1\n%s", lines);

    forget();
    options = kept;
    diag = amtg_diag_new();
    graph = amtg_graph_parse("folder/t.yaml", text, (size_t)len, &options, diag);
    free(text);
    say();
    return graph;
}

static void good(const char *lines)
{
    ck_assert_msg(load(lines) != NULL, "%s", said);
}

/* `problems` problems, one of which holds these words. */
static void wrong(unsigned problems, const char *words, const char *lines)
{
    ck_assert_msg(load(lines) == NULL, "no problem: %s", lines);
    ck_assert_msg(amtg_diag_problems(diag) == problems, "%s", said);
    ck_assert_msg(strstr(said, words) != NULL, "not \"%s\" but %s", words, said);
}

static inline unsigned node_of(const char *name)
{
    for (unsigned i = 0; i < graph->nodes_count; i++)
        if (strcmp(graph->nodes[i].name, name) == 0)
            return i;
    ck_abort_msg("there is no node %s", name);
    return 0;
}

/* "a.out > b.in: water" for the edge out of a; the test fails when there is none. */
static inline const char *edge_from(const char *name, const char *output)
{
    static char text[200];
    const struct amtg_graph_node *n = &graph->nodes[node_of(name)];

    for (unsigned o = 0; o < n->outs_count; o++)
        if (strcmp(n->outs[o].name, output) == 0 && n->outs[o].edge >= 0) {
            const struct amtg_graph_edge *e = &graph->edges[n->outs[o].edge];
            snprintf(text, sizeof text, "%s.%s: %s%s", graph->nodes[e->to].name,
                     graph->nodes[e->to].ins[e->in].name, e->type->name,
                     n->outs[o].to ? " to" : "");
            return text;
        }
    ck_abort_msg("no edge from %s.%s", name, output);
    return NULL;
}

/* Does `first` start before `second`? */
static inline bool starts_before(const char *first, const char *second)
{
    unsigned a = node_of(first), b = node_of(second);

    for (unsigned i = 0; i < graph->nodes_count; i++)
        if (graph->order[i] == a || graph->order[i] == b)
            return graph->order[i] == a;
    return false;
}

#endif
