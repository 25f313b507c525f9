/* amtgraph trace GRAPH PACKETS...: each packet's way through a graph, explained. */
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/trace/follow.h"
#include "tools/amtgraph/load.h"
#include "tools/amtgraph/own_stdout.h"
#include "tools/amtgraph/trace/feed.h"
#include "tools/amtgraph/trace/show.h"

enum { WHY = 512 };

struct trace_run {
    const struct command_line *line;
    struct amtg_graph *graph;
    struct amtg_runtime *runtime;
    struct trace_feed *feed;
    struct follow *follow;
    uint64_t for_ns; /* after the last packet */
    uint8_t seed[32];
    unsigned packets;
    bool json;
    FILE *out; /* standard output, which elements cannot write to meanwhile */
};

static int failed(const char *why)
{
    fprintf(stderr, "amtgraph: %s\n", why);
    return EXIT_FAILED;
}

/* ---- what is asked for ----------------------------------------------------------- */

static int read_options(struct trace_run *r)
{
    static const struct amtg_param number = {.kind = AMTG_KIND_UINT, .size = sizeof(uint64_t)};
    const char *seed = line_value(r->line, "seed"), *span = line_value(r->line, "for");

    r->json = line_has(r->line, "json");
    if (seed && !amtg_param_scalar(&number, seed, r->seed))
        return usage_error(r->line->command, "--seed %s: a number expected", seed);
    if (span && !amtg_duration_parse(span, &r->for_ns))
        return usage_error(r->line->command,
                           "--for %s: a duration such as 10s, 1m30s or 2h expected", span);
    return EXIT_DONE;
}

/* FILE, or NAME=FILE where NAME is an element: where it goes in. */
static int add_file(struct trace_run *r, const char *operand)
{
    const char *equals = strchr(operand, '='), *path = operand, *at = line_value(r->line, "at");
    struct trace_place place;
    char why[WHY], *name = NULL;

    if (equals && equals > operand && !memchr(operand, '/', (size_t)(equals - operand))) {
        name = strndup(operand, (size_t)(equals - operand));
        path = equals + 1;
        at = name;
    }
    bool placed = !at || trace_place_read(r->graph, at, &place, why, sizeof why);
    free(name);
    if (!placed)
        return usage_error(r->line->command, "%s", why);
    struct amtg_diag *diag = amtg_diag_new();
    bool added = trace_feed_add(r->feed, path, at ? &place : NULL, diag, why, sizeof why);
    amtg_diag_print(diag, stderr, color_wanted(stderr));
    amtg_diag_free(diag);
    if (!added)
        return *why ? failed(why) : EXIT_FAILED;
    return EXIT_DONE;
}

static int make(struct trace_run *r)
{
    char why[WHY];
    enum amtg_err err;
    int code = EXIT_DONE;

    r->feed = trace_feed_new(r->graph);
    for (int i = 1; i < r->line->operands_count && !code; i++)
        code = add_file(r, r->line->operands[i]);
    if (code)
        return code;
    r->follow = follow_new(r->graph);
    struct amtg_runtime_options options = {.clock = AMTG_CLOCK_VIRTUAL,
                                           .boundary = true,
                                           .seed = r->seed,
                                           .observe = follow_look,
                                           .observe_arg = r->follow,
                                           .log_level = AMTG_LOG_ERROR};
    r->runtime = amtg_runtime_new(r->graph, &options, &err, why, sizeof why);
    if (!r->runtime)
        return failed(why);
    follow_attach(r->follow, r->runtime);
    if (trace_feed_first_ns(r->feed))
        amtg_loop_set_wall(amtg_runtime_loop(r->runtime), trace_feed_first_ns(r->feed));
    return EXIT_DONE;
}

/* ---- following ------------------------------------------------------------------- */

static void tell(struct trace_run *r)
{
    unsigned count;

    follow_ways(r->follow, &count);
    if (count && r->json) {
        json_t *instant = trace_json(r->follow, r->graph);
        json_dumpf(instant, r->out, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
        putc('\n', r->out);
        json_decref(instant);
    } else if (count) {
        trace_show(r->follow, r->graph, r->out);
    }
    follow_forget(r->follow);
}

static void feed(struct trace_run *r, const struct trace_due *due)
{
    char id[16];

    snprintf(id, sizeof id, "%u", ++r->packets);
    if (due->placed) {
        follow_feed(r->follow, due->place.node, due->place.out, id, due->captured.octets,
                    due->captured.len);
    } else {
        char *places = NULL;
        size_t len;
        FILE *out = open_memstream(&places, &len);
        if (!out)
            abort();
        fputs("it fits none of the places where captures can come in: ", out);
        trace_places_print(r->graph, out);
        fclose(out);
        follow_refuse(r->follow, id, due->captured.octets, due->captured.len, places);
        free(places);
    }
    tell(r);
}

static void wait_until(struct trace_run *r, uint64_t ns)
{
    while (follow_wait(r->follow, ns))
        tell(r);
}

static int follow_all(struct trace_run *r)
{
    struct amtg_loop *loop = amtg_runtime_loop(r->runtime);
    uint64_t zero = amtg_loop_wall_ns(loop, 0);
    enum trace_result result;
    struct trace_due due;
    char why[WHY];

    if (amtg_runtime_start(r->runtime, why, sizeof why))
        return failed(why);
    wait_until(r, 0);
    follow_forget(r->follow); /* from now on it is counted */
    while ((result = trace_feed_next(r->feed, &due, why, sizeof why)) == TRACE_DUE) {
        wait_until(r, due.captured.wall_ns > zero ? due.captured.wall_ns - zero : 0);
        if (amtg_runtime_outcome(r->runtime, why, sizeof why))
            return failed(why);
        feed(r, &due);
    }
    if (result == TRACE_BROKEN)
        return failed(why);
    wait_until(r, amtg_loop_now_ns(loop) + r->for_ns);
    if (amtg_runtime_outcome(r->runtime, why, sizeof why))
        return failed(why);
    return EXIT_DONE;
}

static int run(const struct command_line *line)
{
    struct trace_run r = {.line = line};
    int code = read_options(&r);

    if (!code)
        r.graph = load_graph_or_say(line, line->operands[0], &code);
    if (!code)
        code = make(&r);
    if (!code)
        r.out = own_stdout_take();
    if (!code)
        code = r.out ? follow_all(&r) : EXIT_FAILED;
    if (r.follow)
        follow_detach(r.follow);
    amtg_runtime_free(r.runtime);
    follow_free(r.follow);
    trace_feed_free(r.feed);
    if (r.out && !own_stdout_give_back(r.out))
        code = EXIT_FAILED;
    amtg_graph_free(r.graph);
    return code;
}

const struct command command_trace = {
    .name = "trace",
    .summary = "explain each packet's way through a graph, element by element",
    .operands = "GRAPH [NAME=]PACKETS...",
    .details =
        "PACKETS is a capture (pcap or pcapng; - : standard input), or NAME.yaml with packets as "
        "tests\n"
        "of graphs have them: `packets: [{ip4: A > B, ...}, ...]`. Each goes in where it fits: UDP "
        "where\n"
        "a socket has that port, ICMP errors where they are taken, multicast where packets are\n"
        "captured; or where --at or NAME= say. Told are the elements that it passes, with their "
        "line\n"
        "in the graph file, what each has changed in its octets, what was born of it, and where "
        "it\n"
        "ended and why. No privilege is needed, nothing of the host is touched, and nothing "
        "waits:\n"
        "time is that of the capture.",
    COMMAND_OPTIONS({"at", "ELEMENT[.OUTPUT]", "where all packets go in"},
                    {"for", "DURATION", "look on for this long after the last packet (default 0s)"},
                    {"json", NULL, "print a JSON object for each instant, one a line"}, OPTION_SET,
                    {"seed", "N", "of all that is random (default 0)"}),
    .operands_min = 2,
    .operands_max = -1,
    .run = run,
};
