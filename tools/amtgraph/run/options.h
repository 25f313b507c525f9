/* What the command line of `amtgraph run` asks for. */
#ifndef AMTG_TOOLS_RUN_OPTIONS_H
#define AMTG_TOOLS_RUN_OPTIONS_H

#include "core/shards.h"
#include "tools/amtgraph/admin/admin.h"
#include "tools/amtgraph/command.h"

struct run_options {
    const struct command *command;
    struct amtg_setting *settings;
    struct amtg_boundary_file *replays, *records;
    size_t settings_count, replays_count, records_count;
    uint64_t until_ns;      /* of loop time; UINT64_MAX: no end */
    uint64_t drain_ns;      /* from a signal to the end; 0: at once */
    const char *trace_path; /* NULL: none */
    const char *name;       /* of the run; NULL: that of the graph */
    struct web_options page; /* its hosts: with room for all that are given */
    const char **page_hosts;
    bool web; /* a page is wanted */
    bool no_admin;
    bool paused; /* a virtual run that waits to be told to go on */
    uint8_t seed[32];
    enum amtg_log_level log_level;
    bool json, no_stats; /* of the counters at the end */
    bool virtual;        /* on the virtual clock, host classes replaced */
    bool seeded, digest;
    unsigned shards; /* 0: as the graph says */
    char *names; /* copies of NAME=VALUE, split */
};

/* Fills all of *o (zeroed). An exit code; what is wrong has been said. Free it in any case. */
int run_options_read(struct run_options *o, const struct command_line *line);
void run_options_free(struct run_options *o);

#endif
