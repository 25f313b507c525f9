#include "tools/amtgraph/run/options.h"

#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/admin/path.h"

/* NAME=VALUE in place: NAME ends where = was. NULL: no name or no =. */
static char *split(char *pair)
{
    char *equals = strchr(pair, '=');

    if (!equals || equals == pair)
        return NULL;
    *equals = '\0';
    return equals + 1;
}

static int read_pair(struct run_options *o, const struct given_option *option, char *copy)
{
    char *value = split(copy);

    if (!value)
        return usage_error(o->command, "--%s %s: NAME=%s expected", option->name, option->value,
                           strcmp(option->name, "set") == 0 ? "VALUE" : "FILE");
    if (strcmp(option->name, "set") == 0)
        o->settings[o->settings_count++] = (struct amtg_setting){copy, value};
    else if (strcmp(option->name, "replay") == 0)
        o->replays[o->replays_count++] = (struct amtg_boundary_file){copy, value};
    else
        o->records[o->records_count++] = (struct amtg_boundary_file){copy, value};
    return EXIT_DONE;
}

/* A number of 64 bits, the first octets of the seed. */
static int read_seed(struct run_options *o, const char *text)
{
    static const struct amtg_param number = {.kind = AMTG_KIND_UINT, .size = sizeof(uint64_t)};

    uint64_t value; /* aligned, which the octets of the seed need not be */

    if (!amtg_param_scalar(&number, text, &value))
        return usage_error(o->command, "--seed %s: a number expected", text);
    memcpy(o->seed, &value, sizeof(value));
    o->seeded = true;
    return EXIT_DONE;
}

static int read_duration(struct run_options *o, const struct given_option *option,
                         uint64_t *out)
{
    if (!amtg_duration_parse(option->value, out))
        return usage_error(o->command, "--%s %s: a duration such as 10s, 1m30s or 2h expected",
                           option->name, option->value);
    return EXIT_DONE;
}

static int read_shards(struct run_options *o, const char *text)
{
    static const struct amtg_param number = {
        .kind = AMTG_KIND_UINT, .size = sizeof(uint32_t), .min = 1, .max = AMTG_SHARDS_MOST};

    if (!amtg_param_scalar(&number, text, &o->shards))
        return usage_error(o->command, "--shards %s: a number from 1 to %d expected", text,
                           AMTG_SHARDS_MOST);
    return EXIT_DONE;
}

static int read_stats(struct run_options *o, const char *text)
{
    o->json = strcmp(text, "json") == 0;
    o->no_stats = strcmp(text, "none") == 0;
    if (!o->json && !o->no_stats && strcmp(text, "text"))
        return usage_error(o->command, "--stats %s: json, text or none expected", text);
    return EXIT_DONE;
}

static int read_level(struct run_options *o, const char *text)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    unsigned level = 0;

    while (level < 4 && strcmp(levels[level], text))
        level++;
    if (level == 4)
        return usage_error(o->command, "--log %s: error, warning, info or debug expected", text);
    o->log_level = (enum amtg_log_level)level;
    return EXIT_DONE;
}

static int read_name(struct run_options *o, const char *text)
{
    if (!admin_name_fits(text))
        return usage_error(o->command, "--name %s: at most 63 letters, digits and -_. expected", text);
    o->name = text;
    return EXIT_DONE;
}

static int read_web(struct run_options *o, const char *text)
{
    o->web = true;
    if (!web_address_parse(text, &o->page.address))
        return usage_error(o->command, "--web %s: a port, or an address and a port such as "
                                       "127.0.0.1:8080 or [::1]:8080 expected", text);
    return EXIT_DONE;
}

static int read_web_host(struct run_options *o, const char *text)
{
    if (!amtg_host_is(text))
        return usage_error(o->command, "--web-host %s: a host name expected", text);
    o->page_hosts[o->page.hosts_count++] = text;
    return EXIT_DONE;
}

static int read_single(struct run_options *o, const struct given_option *option)
{
    const char *name = option->name;

    if (strcmp(name, "for") == 0 || strcmp(name, "until") == 0)
        return read_duration(o, option, &o->until_ns);
    if (strcmp(name, "drain") == 0)
        return read_duration(o, option, &o->drain_ns);
    if (strcmp(name, "shards") == 0)
        return read_shards(o, option->value);
    if (strcmp(name, "stats") == 0)
        return read_stats(o, option->value);
    if (strcmp(name, "log") == 0)
        return read_level(o, option->value);
    if (strcmp(name, "seed") == 0)
        return read_seed(o, option->value);
    if (strcmp(name, "name") == 0)
        return read_name(o, option->value);
    if (strcmp(name, "web") == 0)
        return read_web(o, option->value);
    if (strcmp(name, "web-host") == 0)
        return read_web_host(o, option->value);
    if (strcmp(name, "trace") == 0)
        o->trace_path = option->value;
    o->no_admin |= strcmp(name, "no-admin") == 0;
    o->paused |= strcmp(name, "paused") == 0;
    o->virtual |= strcmp(name, "virtual") == 0;
    o->digest |= strcmp(name, "digest") == 0;
    return EXIT_DONE;
}

int run_options_read(struct run_options *o, const struct command_line *line)
{
    size_t octets = 1, count = (size_t)line->given_count + 1;

    o->command = line->command;
    o->until_ns = UINT64_MAX;
    o->log_level = AMTG_LOG_INFO;
    for (int i = 0; i < line->given_count; i++)
        octets += line->given[i].value ? strlen(line->given[i].value) + 1 : 0;
    o->names = malloc(octets);
    o->settings = calloc(count, sizeof *o->settings);
    o->replays = calloc(count, sizeof *o->replays);
    o->records = calloc(count, sizeof *o->records);
    o->page.hosts = o->page_hosts = calloc(count, sizeof *o->page_hosts);
    if (!o->page_hosts || !o->names || !o->settings || !o->replays || !o->records)
        return EXIT_FAILED;
    char *copy = o->names;
    for (int i = 0; i < line->given_count; i++) {
        const struct given_option *option = &line->given[i];
        bool pair = strcmp(option->name, "set") == 0 || strcmp(option->name, "replay") == 0 ||
                    strcmp(option->name, "record") == 0;
        int code = pair ? read_pair(o, option, strcpy(copy, option->value))
                        : read_single(o, option);
        if (code)
            return code;
        copy += pair ? strlen(option->value) + 1 : 0;
    }
    o->virtual |= o->replays_count || o->records_count;
    if (o->paused && (!o->virtual || o->no_admin))
        return usage_error(o->command, "--paused goes with --virtual, --replay or --record, and not "
                                       "with --no-admin: who would tell it to go on?");
    if (o->seeded && !o->virtual)
        return usage_error(o->command, "--seed: secrets on a real network must not be repeatable; "
                                       "it goes with --virtual, --replay or --record");
    if (o->web && o->no_admin)
        return usage_error(o->command, "--web lets others look at the run, --no-admin does not");
    return EXIT_DONE;
}

void run_options_free(struct run_options *o)
{
    free(o->names);
    free(o->settings);
    free(o->replays);
    free(o->records);
    free(o->page_hosts);
}
