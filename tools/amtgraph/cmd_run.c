/* amtgraph run: execute a graph on the host, or on captures in virtual time. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/runtime.h"
#include "elements/registry.h"
#include "tools/amtgraph/command.h"
#include "tools/amtgraph/privilege.h"

enum { WHY = 512 };

static const char *const log_levels[] = {"error", "warning", "info", "debug"};

/* One run: what was asked for, and what it owns. */
struct run {
    const struct command *command;
    struct amtg_graph *graph;
    struct amtg_runtime *runtime;
    struct amtg_setting *settings;
    struct amtg_boundary_file *replays, *records;
    size_t settings_count, replays_count, records_count;
    uint64_t until_ns;
    enum amtg_log_level log_level;
    bool json, no_stats;
    char *names; /* copies of NAME=VALUE, split */
};

/* ---- the command line --------------------------------------------------- */

/* NAME=VALUE in place: NAME ends where = was. NULL: no name or no =. */
static char *split(char *pair)
{
    char *equals = strchr(pair, '=');

    if (!equals || equals == pair)
        return NULL;
    *equals = '\0';
    return equals + 1;
}

static int read_pair(struct run *run, const struct given_option *option, char *copy)
{
    char *value = split(copy);

    if (!value)
        return usage_error(run->command, "--%s %s: NAME=%s expected", option->name, option->value,
                           strcmp(option->name, "set") == 0 ? "VALUE" : "FILE");
    if (strcmp(option->name, "set") == 0)
        run->settings[run->settings_count++] = (struct amtg_setting){copy, value};
    else if (strcmp(option->name, "replay") == 0)
        run->replays[run->replays_count++] = (struct amtg_boundary_file){copy, value};
    else
        run->records[run->records_count++] = (struct amtg_boundary_file){copy, value};
    return EXIT_DONE;
}

static int read_single(struct run *run, const struct given_option *option)
{
    if (strcmp(option->name, "for") == 0) {
        if (!amtg_duration_parse(option->value, &run->until_ns))
            return usage_error(run->command, "--for %s: a duration such as 10s, 1m30s or 2h expected",
                               option->value);
    } else if (strcmp(option->name, "stats") == 0) {
        run->json = strcmp(option->value, "json") == 0;
        run->no_stats = strcmp(option->value, "none") == 0;
        if (!run->json && !run->no_stats && strcmp(option->value, "text"))
            return usage_error(run->command, "--stats %s: json, text or none expected",
                               option->value);
    } else {
        unsigned level = 0;
        while (level < 4 && strcmp(log_levels[level], option->value))
            level++;
        if (level == 4)
            return usage_error(run->command, "--log %s: error, warning, info or debug expected",
                               option->value);
        run->log_level = (enum amtg_log_level)level;
    }
    return EXIT_DONE;
}

static int read_line(struct run *run, const struct command_line *line)
{
    size_t octets = 1, count = (size_t)line->given_count + 1;

    for (int i = 0; i < line->given_count; i++)
        octets += strlen(line->given[i].value) + 1;
    run->names = malloc(octets);
    run->settings = calloc(count, sizeof *run->settings);
    run->replays = calloc(count, sizeof *run->replays);
    run->records = calloc(count, sizeof *run->records);
    if (!run->names || !run->settings || !run->replays || !run->records)
        return EXIT_FAILED;
    char *copy = run->names;
    for (int i = 0; i < line->given_count; i++) {
        const struct given_option *option = &line->given[i];
        bool pair = strcmp(option->name, "set") == 0 || strcmp(option->name, "replay") == 0 ||
                    strcmp(option->name, "record") == 0;
        strcpy(copy, option->value);
        int code = pair ? read_pair(run, option, copy) : read_single(run, option);
        if (code)
            return code;
        copy += strlen(option->value) + 1;
    }
    return EXIT_DONE;
}

/* ---- signals ------------------------------------------------------------ */

struct signals {
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

/* On standard output, unless that is where an element writes packets. */
static FILE *stats_file(const struct run *run)
{
    return any_has(run, AMTG_STDOUT) ? stderr : stdout;
}

static void print_stats(struct run *run)
{
    amtg_runtime_print_stats(run->runtime, stats_file(run), run->json);
}

/* Under a line that tells one time from another: text says nothing of what is 0, which may be all. */
static void print_stats_now(struct run *run)
{
    uint64_t now = amtg_loop_now_ns(amtg_runtime_loop(run->runtime));

    if (!run->json)
        fprintf(stats_file(run), "counters after %llu.%03llu s:\n",
                (unsigned long long)(now / AMTG_S), (unsigned long long)(now % AMTG_S / AMTG_MS));
    print_stats(run);
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
        else if (info.ssi_signo == SIGHUP)
            fputs("amtgraph: SIGHUP: a running graph cannot be reloaded; restart it\n", stderr);
        else
            amtg_loop_stop(amtg_runtime_loop(signals->run->runtime));
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
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signals->watch.ready = on_signal;
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
                                         .settings = run->settings,
                                         .settings_count = run->settings_count};
    struct amtg_diag *diag = amtg_diag_new();

    run->graph = amtg_graph_load(file, &options, diag);
    amtg_diag_print(diag, stderr, color_wanted(stderr));
    amtg_diag_free(diag);
    return run->graph ? EXIT_DONE : EXIT_GRAPH;
}

static int make(struct run *run)
{
    static const uint8_t same_each_time[32]; /* a run on captures can be repeated */
    bool boundary = run->replays_count || run->records_count;
    struct amtg_runtime_options options = {
        .clock = boundary ? AMTG_CLOCK_VIRTUAL : AMTG_CLOCK_REAL,
        .boundary = boundary,
        .replays = run->replays,
        .replays_count = run->replays_count,
        .records = run->records,
        .records_count = run->records_count,
        .seed = boundary ? same_each_time : NULL,
        .log = stderr,
        .log_level = run->log_level,
    };
    enum amtg_err err;
    char why[WHY];

    run->runtime = amtg_runtime_new(run->graph, &options, &err, why, sizeof why);
    return run->runtime ? EXIT_DONE : failed(err, why);
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
        err = amtg_runtime_run(run->runtime, run->until_ns, why, sizeof why);
        amtg_runtime_stop(run->runtime);
        if (!err)
            err = amtg_runtime_outcome(run->runtime, why, sizeof why);
        if (!run->no_stats)
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
    struct run run = {.command = line->command, .until_ns = UINT64_MAX, .log_level = AMTG_LOG_INFO};
    int code = read_line(&run, line);

    if (!code)
        code = load(&run, line->operands[0]);
    if (!code)
        code = make(&run);
    if (!code)
        code = go(&run);
    amtg_runtime_free(run.runtime);
    amtg_graph_free(run.graph);
    free(run.names);
    free(run.settings);
    free(run.replays);
    free(run.records);
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
        "and goes on. With --replay or --record the elements that touch the host are\n"
        "replaced: what they would receive comes from capture files, what they would send\n"
        "is recorded, nothing waits, and no privilege is needed. A record file whose name\n"
        "ends in .pcap is a capture; any other holds a line of text for each packet.",
    COMMAND_OPTIONS({"set", "NAME=VALUE", "set a parameter of the graph; lists with commas"},
                    {"for", "DURATION", "stop after this time, e.g. 10s"},
                    {"replay", "NAME=FILE", "feed the outputs of element NAME from a capture"},
                    {"record", "NAME=FILE", "record what goes into element NAME (- : standard output)"},
                    {"stats", "json|text|none", "how to print the counters at the end (default text)"},
                    {"log", "LEVEL", "error, warning, info (default) or debug"}),
    .run = run_graph,
};
