/* amtgraph run: execute a graph on the host, or on captures in virtual time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/shards.h"
#include "elements/registry.h"
#include "tools/amtgraph/admin/admin.h"
#include "tools/amtgraph/admin/path.h"
#include "tools/amtgraph/run/drain.h"
#include "tools/amtgraph/run/pace.h"
#include "tools/amtgraph/run/privilege.h"
#include "tools/amtgraph/run/options.h"
#include "tools/amtgraph/run/signals.h"

enum { WHY = 512 };

/* One run: what was asked for, and what it owns. */
struct run {
    struct run_options options;
    struct amtg_graph *graph;
    struct amtg_shards *shards;
    struct amtg_loop *loop;     /* of this thread: that of the only shard, or our own */
    struct amtg_loop *own_loop; /* looks after shards in threads; NULL: there is one, here */
    struct amtg_trace *trace;
    struct drain drain;
    struct admin *admin; /* NULL: nobody can look at it */
    struct pace *pace;   /* of a run that is told step by step; NULL: it keeps its own */
};

/* Waits for the end of a shard. */
struct ended {
    struct amtg_watch watch;
    struct run *run;
};

/* Has any class of the graph this flag? */
static bool any_has(const struct run *run, unsigned flag)
{
    for (unsigned i = 0; i < run->graph->nodes_count; i++)
        if (run->graph->nodes[i].class->flags & flag)
            return true;
    return false;
}

/* ---- counters ------------------------------------------------------------ */

/* On standard output, unless that is where an element writes packets. */
static FILE *stats_file(const struct run *run)
{
    return any_has(run, AMTG_STDOUT) ? stderr : stdout;
}

static void print_stats(struct amtg_shards *shards, void *arg)
{
    struct run *run = arg;

    amtg_runtimes_print_stats(amtg_shards_runtimes(shards), amtg_shards_count(shards),
                              stats_file(run), run->options.json);
}

/* Under a line that tells one time from another: text says nothing of what is 0, which may be all. */
static void print_stats_now(void *arg)
{
    struct run *run = arg;
    uint64_t now = amtg_loop_now_ns(run->loop);

    if (!run->options.json)
        fprintf(stats_file(run), "counters after %llu.%03llu s:\n",
                (unsigned long long)(now / AMTG_S), (unsigned long long)(now % AMTG_S / AMTG_MS));
    if (run->own_loop)
        amtg_shards_pause(run->shards, print_stats, run);
    else
        print_stats(run->shards, run);
}

/* ---- running ------------------------------------------------------------ */

static int failed(enum amtg_err err, const char *why)
{
    fprintf(stderr, "amtgraph: %s\n", why);
    switch (err) {
    case AMTG_EPRIVILEGE:
        return EXIT_PRIVILEGE;
    case AMTG_ECONFIG:
        return EXIT_USAGE;
    default:
        return EXIT_FAILED;
    }
}

static int load(struct run *run, const char *file)
{
    struct amtg_graph_options options = {.classes = amtg_classes,
                                         .settings = run->options.settings,
                                         .settings_count = run->options.settings_count};
    struct amtg_diag *diag = amtg_diag_new();

    run->graph = amtg_graph_load(file, &options, diag);
    amtg_diag_print(diag, stderr, color_wanted(stderr));
    amtg_diag_free(diag);
    return run->graph ? EXIT_DONE : EXIT_GRAPH;
}

static int make(struct run *run)
{
    const struct run_options *o = &run->options;
    unsigned shards = o->shards ? o->shards : run->graph->shards;
    char why[WHY];

    if (shards > 1 && (o->virtual || o->trace_path || o->digest))
        return usage_error(o->command, "shards run on the real clock, and are not traced");
    if (o->trace_path || o->digest) {
        run->trace = amtg_trace_open(run->graph, o->trace_path, o->digest, why, sizeof why);
        if (!run->trace)
            return failed(AMTG_EFILE, why);
    }
    if (o->paused && !(run->pace = pace_new(run->graph)))
        return failed(AMTG_ENOMEM, amtg_err_text(AMTG_ENOMEM));
    struct amtg_runtime_options options = {
        .clock = o->virtual ? AMTG_CLOCK_VIRTUAL : AMTG_CLOCK_REAL,
        .boundary = o->virtual,
        .replays = o->replays,
        .replays_count = o->replays_count,
        .records = o->records,
        .records_count = o->records_count,
        .seed = o->virtual ? o->seed : NULL,
        .trace = run->trace,
        .observe = run->pace ? pace_look : NULL,
        .observe_arg = run->pace,
        .log = stderr,
        .log_level = o->log_level,
    };
    enum amtg_err err;

    run->shards = amtg_shards_new(run->graph, &options, shards, &err, why, sizeof why);
    if (!run->shards)
        return failed(err, why);
    run->own_loop = shards > 1 ? amtg_loop_new(AMTG_CLOCK_REAL, NULL) : NULL;
    run->loop = shards > 1 ? run->own_loop
                           : amtg_runtime_loop(amtg_shards_runtimes(run->shards)[0]);
    return run->loop ? EXIT_DONE : failed(AMTG_ENOMEM, amtg_err_text(AMTG_ENOMEM));
}

/* What the run is called: as was said, or after the graph, or after its file. */
static const char *name_of(const struct run *run, char *out, size_t room)
{
    const char *file = strrchr(run->graph->file, '/');
    const char *name = run->options.name ? run->options.name : run->graph->name;

    file = file ? file + 1 : run->graph->file;
    snprintf(out, room, "%.*s", name ? (int)strlen(name) : (int)strcspn(file, "."), name ? name : file);
    for (char *c = out; *c; c++) /* a graph may be called what no file can be */
        if (!admin_name_fits((char[]){'-', *c, '\0'}) || (*c == '.' && c == out))
            *c = '-';
    if (!out[0])
        snprintf(out, room, "graph");
    return out;
}

/* Whoever looks at a run does so on a real network; a virtual one is over before anybody can. */
static int open_admin(struct run *run)
{
    const struct run_options *o = &run->options;
    enum amtg_err err;
    char name[64], why[WHY];

    if (o->no_admin || (o->virtual && !o->name && !o->paused && !o->web))
        return EXIT_DONE;
    name_of(run, name, sizeof name);
    run->admin = admin_open(&(struct admin_options){.shards = run->shards, .name = name,
                                                    .pace = run->pace,
                                                    .web = o->web ? &o->page : NULL,
                                                    .must = o->name || o->paused},
                            &err, why, sizeof why);
    return run->admin ? EXIT_DONE : failed(err, why);
}

/* What was traced is on the medium, and its digest said; else the run has failed. */
static int finish_trace(struct run *run, int code)
{
    char digest[AMTG_TRACE_DIGEST], why[WHY];

    if (run->options.digest && run->trace && run->shards)
        fprintf(stats_file(run), "digest %s\n", amtg_trace_digest(run->trace, digest));
    if (!amtg_trace_finish(run->trace, why, sizeof why))
        code = failed(AMTG_EFILE, why);
    return code;
}

static void end_run(void *arg)
{
    struct run *run = arg;
    drain_end(&run->drain);
    admin_set_draining(run->admin, run->drain.ending || run->drain.refusing);
}

static void toggle_drain(void *arg)
{
    struct run *run = arg;
    drain_toggle(&run->drain);
    admin_set_draining(run->admin, run->drain.ending || run->drain.refusing);
}

/* A shard has ended: so do all. */
static void on_ended(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    struct ended *ended = (struct ended *)w;

    (void)e;
    (void)events;
    amtg_loop_stop(ended->run->loop);
}

/* Run the shards in threads, and this one until a signal comes or one of them ends. */
static enum amtg_err run_threads(struct run *run, char *why, size_t room)
{
    struct ended ended = {{.ready = on_ended, .fd = amtg_shards_ended_fd(run->shards)}, run};

    if (!amtg_shards_launch(run->shards, run->options.until_ns)) {
        snprintf(why, room, "no threads: %s", strerror(errno));
        return AMTG_ESYSTEM;
    }
    amtg_loop_hold(run->loop);
    enum amtg_err err = amtg_loop_watch_add(run->loop, &ended.watch, EPOLLIN);
    if (!err)
        amtg_loop_run(run->loop, UINT64_MAX);
    amtg_loop_watch_remove(run->loop, &ended.watch);
    amtg_shards_end(run->shards);
    amtg_shards_join(run->shards);
    return err;
}

/* Start, run, stop: what failed, if anything did. */
static enum amtg_err run_all(struct run *run, char *why, size_t room)
{
    enum amtg_err err = amtg_shards_start(run->shards, why, room);

    if (err)
        return err;
    privilege_drop(any_has(run, AMTG_NET_ADMIN)); /* before there are threads: it is for this one */
    if (run->admin && !admin_launch(run->admin))
        fprintf(stderr, "amtgraph: warning: nobody can look at this run: no thread: %s\n", strerror(errno));
    if (run->pace)
        pace_begin(run->pace, amtg_shards_runtimes(run->shards)[0]);
    if (run->own_loop)
        err = run_threads(run, why, room);
    else
        err = amtg_runtime_run(amtg_shards_runtimes(run->shards)[0], run->options.until_ns, why,
                               room);
    if (run->pace && !err)
        pace_linger(run->pace);
    admin_close(run->admin);
    run->admin = NULL;
    if (err)
        amtg_shards_stop(run->shards, (char[WHY]){0}, WHY); /* what failed first is told */
    else
        err = amtg_shards_stop(run->shards, why, room);
    if (!run->options.no_stats)
        print_stats(run->shards, run);
    return err;
}

static int go(struct run *run)
{
    struct signals signals = {.stop = end_run, .stats = print_stats_now, .drain = toggle_drain,
                              .arg = run, .loop = run->loop};
    char why[WHY];
    int code = EXIT_DONE;

    run->drain = (struct drain){.shards = run->shards, .loop = run->loop,
                                .threads = run->own_loop != NULL,
                                .longest_ns = run->options.drain_ns};
    if (!signals_open(&signals))
        return EXIT_FAILED;
    enum amtg_err err = run_all(run, why, sizeof why);
    if (err) {
        code = failed(err, why);
    } else if (amtg_shards_verdict(run->shards)) {
        fprintf(stderr, "amtgraph: negative verdict: %s\n", amtg_shards_verdict(run->shards));
        code = EXIT_FAILED;
    }
    drain_stop(&run->drain);
    signals_close(&signals);
    return code;
}

static int run_graph(const struct command_line *line)
{
    struct run run = {0};

    signals_block(); /* one that comes early must not end the run by its default action */
    int code = run_options_read(&run.options, line);

    if (!code)
        code = load(&run, line->operands[0]);
    if (!code)
        code = make(&run);
    if (!code)
        code = open_admin(&run);
    if (!code)
        code = go(&run);
    code = finish_trace(&run, code);
    admin_close(run.admin);
    amtg_shards_free(run.shards);
    pace_free(run.pace);
    amtg_loop_free(run.own_loop);
    amtg_graph_free(run.graph);
    run_options_free(&run.options);
    return code;
}

const struct command command_run_graph = {
    .name = "run",
    .summary = "run a graph until it is done, stopped, or its time is over",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .details =
        "SIGINT and SIGTERM stop it in order and print the counters; SIGUSR1 prints them\n"
        "and goes on. With --drain, the first of SIGINT and SIGTERM makes a relay refuse new\n"
        "gateways and tell all to go elsewhere; it ends when they have gone, or when that time\n"
        "is over. SIGUSR2 does that without an end, and the next one undoes it. With --replay\n"
        "or --record the elements that touch the host are\n"
        "replaced: what they would receive comes from capture files, what they would send\n"
        "is recorded, nothing waits, and no privilege is needed. A record file whose name\n"
        "ends in .pcap is a capture; any other holds a line of text for each packet.\n"
        "--virtual does so without files: a world that is all in the graph runs as fast as\n"
        "it can, the same each time for the same --seed, until --until, or until nothing\n"
        "is left to happen.",
    COMMAND_OPTIONS({"set", "NAME=VALUE", "set a parameter of the graph; lists with commas"},
                    {"for", "DURATION", "stop after this time of the run's clock, e.g. 10s"},
                    {"until", "DURATION", "the same"},
                    {"shards", "N", "copies of the graph, each on a thread (default: as it says, or 1)"},
                    {"virtual", NULL, "on a virtual clock, nothing of the host touched"},
                    {"seed", "N", "of all that is random in such a run (default 0)"},
                    {"trace", "FILE", "write all that crosses an edge, as pcapng (- : standard output)"},
                    {"digest", NULL, "print a hash of all that crossed an edge"},
                    {"replay", "NAME=FILE", "feed the outputs of element NAME from a capture"},
                    {"record", "NAME=FILE", "record what goes into element NAME (- : standard output)"},
                    {"name", "NAME", "of this run, for show, tap and the like (default: that of the graph)"},
                    {"web", "[ADDR:]PORT", "serve the page of this run by HTTP (ADDR: 127.0.0.1; port 0: any)"},
                    {"web-host", "NAME", "the page may be called by this name too, as behind a proxy"},
                    {"no-admin", NULL, "open no socket: nobody can look at this run"},
                    {"paused", NULL, "a virtual run waits until `amtgraph pace` or the page lets it go on"},
                    {"drain", "DURATION", "from SIGTERM to the end, while gateways go elsewhere"},
                    {"stats", "json|text|none", "how to print the counters at the end (default text)"},
                    {"log", "error|warning|info|debug", "what is logged (default info)"}),
    .run = run_graph,
};
