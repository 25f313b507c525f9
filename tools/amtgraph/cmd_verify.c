/* amtgraph verify: does a channel get here through a relay, and if not, at which step not? */
#include <string.h>

#include "elements/group/channel_text.h"
#include "tools/amtgraph/command.h"
#include "tools/amtgraph/run/signals.h"
#include "tools/amtgraph/verify/print.h"
#include "tools/amtgraph/verify/run.h"

enum { INNER4 = 1356, INNER6 = 1376 }; /* seven MPEG-TS packets in RTP, UDP and IP */
enum discovery { DISCOVERY_AUTO, DISCOVERY_ALWAYS, DISCOVERY_NEVER };

struct asked {
    const struct command_line *line;
    struct verify_options options;
    enum discovery discovery;
    bool json, color;
};

/* ---- options ------------------------------------------------------------------- */

static bool read_address(const struct command_line *line, const char *option, struct amtg_addr *out)
{
    const char *text = line_value(line, option);

    if (!text || amtg_addr_parse(text, out))
        return true;
    usage_error(line->command, "--%s %s: an IPv4 or IPv6 address expected", option, text);
    return false;
}

static bool read_number(const struct command_line *line, const char *option, uint32_t least,
                        uint32_t most, uint32_t *out)
{
    const struct amtg_param number = {
        .kind = AMTG_KIND_UINT, .size = sizeof *out, .min = least, .max = most};
    const char *text = line_value(line, option);

    if (!text || amtg_param_scalar(&number, text, out))
        return true;
    usage_error(line->command, "--%s %s: a number from %u to %u expected", option, text, least,
                most);
    return false;
}

static bool read_duration(const struct command_line *line, const char *option, uint64_t *out)
{
    const char *text = line_value(line, option);

    if (!text || (amtg_duration_parse(text, out) && *out > 0))
        return true;
    usage_error(line->command, "--%s %s: a duration such as 10s or 500ms expected", option, text);
    return false;
}

/* One of the words, by its place. */
static bool read_word(const struct command_line *line, const char *option,
                      const char *const words[3], unsigned *out)
{
    const char *text = line_value(line, option);

    for (*out = 0; text && *out < 3; ++*out)
        if (strcmp(words[*out], text) == 0)
            return true;
    if (!text) {
        *out = 0;
        return true;
    }
    usage_error(line->command, "--%s %s: %s, %s or %s expected", option, text, words[0], words[1],
                words[2]);
    return false;
}

static bool read_channel(struct asked *a)
{
    struct verify_options *o = &a->options;

    o->any_source = line_has(a->line, "any-source");
    if (!line_has(a->line, "group"))
        usage_error(a->line->command, "verify: --group is missing: which group?");
    else if (o->any_source == line_has(a->line, "source"))
        usage_error(a->line->command, "verify: either --source or --any-source");
    else if (read_address(a->line, "group", &o->group) &&
             read_address(a->line, "source", &o->source)) {
        const char *problem = amtg_channel_problem(o->any_source ? NULL : &o->source, &o->group);
        if (!problem)
            return true;
        usage_error(a->line->command, "verify: this channel cannot be joined: %s", problem);
    }
    return false;
}

/* The channel that is said to flow: it goes into the same Updates, so it is of the same family. */
static bool read_control(struct asked *a)
{
    struct verify_options *o = &a->options;
    bool has_source;

    o->control = line_value(a->line, "control");
    if (!o->control)
        return true;
    if (!amtg_channel_parse(o->control, &o->control_source, &o->control_group, &has_source)) {
        usage_error(a->line->command, "--control %s: SOURCE@GROUP or GROUP expected", o->control);
        return false;
    }
    o->control_any = !has_source;
    const char *problem =
        amtg_channel_problem(has_source ? &o->control_source : NULL, &o->control_group);
    if (!problem && amtg_addr_is4(&o->control_group) != amtg_addr_is4(&o->group))
        problem = "it is not of the IP family of --group";
    if (problem)
        usage_error(a->line->command, "--control %s: %s", o->control, problem);
    return !problem;
}

/* Which relay, of which family, found how. */
static bool read_relay(struct asked *a)
{
    static const char *const families[3] = {"auto", "4", "6"};
    static const char *const ways[3] = {"auto", "always", "never"};
    static const unsigned family_of[3] = {0, 4, 6};
    struct verify_options *o = &a->options;
    struct amtg_addr addr;
    unsigned family, way;

    if (!read_word(a->line, "family", families, &family) ||
        !read_word(a->line, "discovery", ways, &way))
        return false;
    o->relay = line_value(a->line, "relay");
    o->family = family_of[family];
    a->discovery = (enum discovery)way;
    o->discovers = a->discovery != DISCOVERY_NEVER;
    if (!o->relay && o->discovers)
        return true;
    if (!o->relay || !amtg_host_is(o->relay)) {
        usage_error(a->line->command,
                    o->relay ? "--relay %s: an address or a host name expected"
                             : "--discovery never goes with --relay%s",
                    o->relay ? o->relay : "");
        return false;
    }
    o->named = !amtg_addr_parse(o->relay, &addr);
    if (o->named)
        return true;
    unsigned is = amtg_addr_is4(&addr) ? 4 : 6;
    if (o->family && o->family != is) {
        usage_error(a->line->command, "--family %u: %s is an IPv%u address", o->family, o->relay,
                    is);
        return false;
    }
    o->family = is;
    return true;
}

static bool read_options(struct asked *a)
{
    struct verify_options *o = &a->options;
    uint32_t port = AMTG_AMT_PORT, percent = 1;

    o->timeout_ns = 10 * AMTG_S;
    o->watch_ns = 5 * AMTG_S;
    if (!read_channel(a) || !read_control(a) || !read_relay(a))
        return false;
    o->inner = amtg_addr_is4(&o->group) ? INNER4 : INNER6;
    bool ok = read_number(a->line, "port", 1, UINT16_MAX, &port) &&
              read_number(a->line, "mtu", 68, 1470, &o->inner) &&
              read_number(a->line, "may-lose", 0, 100, &percent) &&
              read_duration(a->line, "timeout", &o->timeout_ns) &&
              read_duration(a->line, "for", &o->watch_ns);
    o->port = (uint16_t)port;
    o->most_permille = percent * 10;
    a->json = line_has(a->line, "json");
    a->color = !a->json && color_wanted(stdout);
    return ok;
}

/* ---- the verdict ------------------------------------------------------------------ */

static void settled(void *arg, enum verify_step step, const struct verify_result *result)
{
    const struct asked *a = arg;

    if (!a->json)
        verify_print_step(step, result, a->color, stdout);
}

static int conclude(const struct asked *a, const struct verify_run *run, enum amtg_err err)
{
    const struct verify *v = run->judge;

    if (err) {
        fprintf(stderr, "amtgraph: %s\n", run->why);
        return EXIT_FAILED;
    }
    int code = run->interrupted           ? EXIT_FAILED
               : v->failed < VERIFY_STEPS ? EXIT_VERIFY + (int)v->failed
                                          : EXIT_DONE;
    if (a->json)
        verify_print_json(v, code, stdout);
    else if (run->interrupted)
        fputs("\nInterrupted: no verdict.\n", stdout);
    else
        verify_print_end(v, code, stdout);
    return code;
}

static int verify(const struct command_line *line)
{
    struct asked asked = {.line = line};
    struct verify judge;
    struct verify_run run = {.judge = &judge};

    if (!read_options(&asked))
        return EXIT_USAGE;
    asked.options.settled = settled;
    asked.options.arg = &asked;
    asked.options.discovery_optional = asked.discovery == DISCOVERY_AUTO && asked.options.relay;
    run.discovers = asked.options.discovers;
    run.probes = !line_has(line, "no-probe");
    run.logs = line_has(line, "log");
    signals_block();
    if (!asked.json)
        verify_print_head(&asked.options, stdout);
    verify_init(&judge, &asked.options, 0);
    enum amtg_err err = verify_run(&run);
    if (!err && !run.interrupted && judge.undiscovered) {
        verify_skip_discovery(&judge, run.base_ns);
        run.discovers = false;
        err = verify_run(&run);
    }
    return conclude(&asked, &run, err);
}

const struct command command_verify = {
    .name = "verify",
    .summary = "join a channel through a relay, step by step, and name the step that fails",
    .operands = "",
    .details =
        "Acts as a gateway, without privileges: looks for the relay, joins the channel, and looks\n"
        "at what comes. Each step prints a line as it is settled; the one that fails names its\n"
        "likely causes. Without --relay the anycast addresses are asked for one.\n"
        "docs/why-no-packets.md goes through all steps.\n\n"
        "Exit codes: 0 the channel gets here, 1 interrupted or failed on this host, 2 wrong "
        "usage;\n"
        "else the step that failed: 10 name, 11 discovery, 12 request, 13 query, 14 update, 15 "
        "mtu,\n"
        "16 data, 17 stream.",
    COMMAND_OPTIONS(
        {"relay", "HOST", "the relay's address or name"},
        {"group", "ADDRESS", "the multicast group, IPv4 or IPv6"},
        {"source", "ADDRESS", "who sends to it"}, {"any-source", NULL, "whoever sends to it"},
        {"control", "CHANNEL",
         "SOURCE@GROUP or GROUP that is known to flow: tells a silent source apart"},
        {"family", "4|6|auto", "of the tunnel (default: as the relay's address)"},
        {"port", "N", "the relay's UDP port (default 2268)"},
        {"discovery", "auto|always|never",
         "ask by a Discovery first; auto: and do without if it is not answered"},
        {"timeout", "DURATION", "how long each step may take (default 10s)"},
        {"for", "DURATION", "how long to look at the stream (default 5s)"},
        {"mtu", "OCTETS", "longest inner datagram that must fit (default 1356, IPv6 1376)"},
        {"no-probe", NULL, "send no filled Discoveries to see how long a datagram may be"},
        {"may-lose", "PERCENT", "loss and duplicates that are still good (default 1)"},
        {"json", NULL, "print one JSON object at the end instead"},
        {"log", NULL, "the gateway's own log, on standard error"}),
    .run = verify,
};
