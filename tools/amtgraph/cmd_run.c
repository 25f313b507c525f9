/* amtgraph run: execute a graph on the host, or on captures in virtual time. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/runtime.h"
#include "core/table.h"
#include "elements/registry.h"
#include "tools/amtgraph/privilege.h"
#include "tools/amtgraph/run_options.h"

enum { WHY = 512 };

/* One run: what was asked for, and what it owns. */
struct run {
    struct run_options options;
    struct amtg_graph *graph;
    struct amtg_runtime *runtime;
    struct amtg_trace *trace;
};

/* ---- signals ------------------------------------------------------------ */

struct signals {
    struct amtg_watch watch;
    struct run *run;
    bool refusing;           /* by SIGUSR2 */
    bool ending;             /* draining, then the end */
    uint64_t end_ns;
    struct amtg_timer drain; /* is anybody left to be served? */
};

/* Has any class of the graph this flag? */
static bool any_has(const struct run *run, unsigned flag)
{
    for (unsigned i = 0; i < run->graph->nodes_count; i++)
        if (run->graph->nodes[i].class->flags & flag)
            return true;
    return false;
}

/* On standard output, unless that is where an element writes packets. */
static FILE *stats_file(const struct run *run)
{
    return any_has(run, AMTG_STDOUT) ? stderr : stdout;
}

static void print_stats(struct run *run)
{
    amtg_runtime_print_stats(run->runtime, stats_file(run), run->options.json);
}

/* Under a line that tells one time from another: text says nothing of what is 0, which may be all. */
static void print_stats_now(struct run *run)
{
    uint64_t now = amtg_loop_now_ns(amtg_runtime_loop(run->runtime));

    if (!run->options.json)
        fprintf(stats_file(run), "counters after %llu.%03llu s:\n",
                (unsigned long long)(now / AMTG_S), (unsigned long long)(now % AMTG_S / AMTG_MS));
    print_stats(run);
}

/* ---- draining ----------------------------------------------------------- */

static void end_when_drained(struct amtg_element *e, struct amtg_timer *t)
{
    struct signals *signals = AMTG_CONTAINER(t, struct signals, drain);
    struct amtg_runtime *rt = signals->run->runtime;
    struct amtg_loop *loop = amtg_runtime_loop(rt);
    uint64_t now = amtg_loop_now_ns(loop);

    (void)e;
    if (now >= signals->end_ns || amtg_runtime_left(rt) == 0)
        amtg_loop_stop(loop);
    else
        amtg_loop_timer_start(loop, t, signals->end_ns - now < AMTG_S ? signals->end_ns - now : AMTG_S);
}

/* The first time, whoever is served gets `--drain` to go elsewhere; the second time it is over. */
static void end_run(struct signals *signals)
{
    struct run *run = signals->run;
    struct amtg_loop *loop = amtg_runtime_loop(run->runtime);

    if (signals->ending || !run->options.drain_ns || !amtg_runtime_drain(run->runtime, true)) {
        amtg_loop_stop(loop);
        return;
    }
    fprintf(stderr, "amtgraph: draining; one more signal stops at once\n");
    signals->ending = true;
    signals->end_ns = amtg_loop_now_ns(loop) + run->options.drain_ns;
    end_when_drained(NULL, &signals->drain);
}

static void refuse_or_accept(struct signals *signals)
{
    const char *what = "nothing of this graph can refuse anybody";

    if (signals->ending)
        return;
    if (amtg_runtime_drain(signals->run->runtime, !signals->refusing)) {
        signals->refusing = !signals->refusing;
        what = signals->refusing ? "nobody new is served from now on; once more to undo it"
                                 : "everybody is served again";
    }
    fprintf(stderr, "amtgraph: SIGUSR2: %s\n", what);
}

static void on_signal(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    struct signals *signals = (struct signals *)w;
    struct signalfd_siginfo info;

    (void)e;
    (void)events;
    while (read(w->fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGUSR1)
            print_stats_now(signals->run);
        else if (info.ssi_signo == SIGUSR2)
            refuse_or_accept(signals);
        else if (info.ssi_signo == SIGHUP)
            fputs("amtgraph: SIGHUP: a running graph cannot be reloaded; restart it\n", stderr);
        else
            end_run(signals);
    }
}

/* Signals come in through the loop from here on. false: the system refused, which is said. */
static bool open_signals(struct signals *signals)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signals->watch.ready = on_signal;
    signals->drain.fire = end_when_drained;
    signals->watch.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signals->watch.fd >= 0 &&
        amtg_loop_watch_add(amtg_runtime_loop(signals->run->runtime), &signals->watch, EPOLLIN) ==
            AMTG_OK)
        return true;
    fprintf(stderr, "amtgraph: signals cannot be received: %s\n", strerror(errno));
    return false;
}

static void close_signals(struct signals *signals)
{
    if (signals->watch.fd < 0)
        return;
    amtg_loop_timer_stop(amtg_runtime_loop(signals->run->runtime), &signals->drain);
    amtg_loop_watch_remove(amtg_runtime_loop(signals->run->runtime), &signals->watch);
    close(signals->watch.fd);
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
    char why[WHY];

    if (o->trace_path || o->digest) {
        run->trace = amtg_trace_open(run->graph, o->trace_path, o->digest, why, sizeof why);
        if (!run->trace)
            return failed(AMTG_EFILE, why);
    }
    struct amtg_runtime_options options = {
        .clock = o->virtual ? AMTG_CLOCK_VIRTUAL : AMTG_CLOCK_REAL,
        .boundary = o->virtual,
        .replays = o->replays,
        .replays_count = o->replays_count,
        .records = o->records,
        .records_count = o->records_count,
        .seed = o->virtual ? o->seed : NULL,
        .trace = run->trace,
        .log = stderr,
        .log_level = o->log_level,
    };
    enum amtg_err err;

    run->runtime = amtg_runtime_new(run->graph, &options, &err, why, sizeof why);
    return run->runtime ? EXIT_DONE : failed(err, why);
}

/* What was traced is on the medium, and its digest said; else the run has failed. */
static int finish_trace(struct run *run, int code)
{
    char digest[AMTG_TRACE_DIGEST], why[WHY];

    if (run->options.digest && run->trace && run->runtime)
        fprintf(stats_file(run), "digest %s\n", amtg_trace_digest(run->trace, digest));
    if (!amtg_trace_finish(run->trace, why, sizeof why))
        code = failed(AMTG_EFILE, why);
    return code;
}

static int go(struct run *run)
{
    struct signals signals = {.run = run};
    char why[WHY];
    int code = EXIT_DONE;

    if (!open_signals(&signals)) {
        close_signals(&signals);
        return EXIT_FAILED;
    }
    enum amtg_err err = amtg_runtime_start(run->runtime, why, sizeof why);
    if (!err) {
        privilege_drop(any_has(run, AMTG_NET_ADMIN));
        err = amtg_runtime_run(run->runtime, run->options.until_ns, why, sizeof why);
        amtg_runtime_stop(run->runtime);
        if (!err)
            err = amtg_runtime_outcome(run->runtime, why, sizeof why);
        if (!run->options.no_stats)
            print_stats(run);
    }
    if (err) {
        code = failed(err, why);
    } else if (amtg_runtime_verdict(run->runtime)) {
        fprintf(stderr, "amtgraph: negative verdict: %s\n", amtg_runtime_verdict(run->runtime));
        code = EXIT_FAILED;
    }
    close_signals(&signals);
    return code;
}

static int run_graph(const struct command_line *line)
{
    struct run run = {0};
    int code = run_options_read(&run.options, line);

    if (!code)
        code = load(&run, line->operands[0]);
    if (!code)
        code = make(&run);
    if (!code)
        code = go(&run);
    code = finish_trace(&run, code);
    amtg_runtime_free(run.runtime);
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
        "is over. SIGUSR2 does that without an end, and the next one undoes it. With --replay or --record the elements that touch the host are\n"
        "replaced: what they would receive comes from capture files, what they would send\n"
        "is recorded, nothing waits, and no privilege is needed. A record file whose name\n"
        "ends in .pcap is a capture; any other holds a line of text for each packet.\n"
        "--virtual does so without files: a world that is all in the graph runs as fast as\n"
        "it can, the same each time for the same --seed.",
    COMMAND_OPTIONS({"set", "NAME=VALUE", "set a parameter of the graph; lists with commas"},
                    {"for", "DURATION", "stop after this time of the run's clock, e.g. 10s"},
                    {"until", "DURATION", "the same"},
                    {"virtual", NULL, "on a virtual clock, nothing of the host touched"},
                    {"seed", "N", "of all that is random in such a run (default 0)"},
                    {"trace", "FILE", "write all that crosses an edge, as pcapng (- : standard output)"},
                    {"digest", NULL, "print a hash of all that crossed an edge"},
                    {"replay", "NAME=FILE", "feed the outputs of element NAME from a capture"},
                    {"record", "NAME=FILE", "record what goes into element NAME (- : standard output)"},
                    {"drain", "DURATION", "from SIGTERM to the end, while gateways go elsewhere"},
                    {"stats", "json|text|none", "how to print the counters at the end (default text)"},
                    {"log", "LEVEL", "error, warning, info (default) or debug"}),
    .run = run_graph,
};
