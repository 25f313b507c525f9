#include "tools/amtgraph/verify/print.h"

#include <jansson.h>

#include "core/loop.h"
#include "tools/amtgraph/verify/causes.h"
#include "tools/amtgraph/verify/words.h"

static const char *const titles[VERIFY_STEPS] = {
    [VERIFY_NAME] = "Name resolved",       [VERIFY_DISCOVERY] = "Discovery answered",
    [VERIFY_REQUEST] = "Request answered", [VERIFY_QUERY] = "Query well-formed",
    [VERIFY_UPDATE] = "Update sent",       [VERIFY_MTU] = "MTU sufficient",
    [VERIFY_DATA] = "Data received",       [VERIFY_STREAM] = "Stream whole",
};

static const struct {
    const char *word, *color, *json;
} states[] = {
    [VERIFY_OPEN] = {"-", "", "open"},
    [VERIFY_OK] = {"ok", "\033[32m", "ok"},
    [VERIFY_WARN] = {"warn", "\033[33m", "warning"},
    [VERIFY_UNKNOWN] = {"?", "\033[33m", "unknown"},
    [VERIFY_SKIPPED] = {"-", "", "skipped"},
    [VERIFY_FAIL] = {"FAIL", "\033[31m", "failed"},
};

/* ---- for people --------------------------------------------------------------- */

void verify_print_head(const struct verify_options *o, FILE *out)
{
    char channel[VERIFY_CHANNEL_TEXT];

    fprintf(out, "verify %s, by %s%s, port %u\n", verify_channel_text(o, channel),
            o->relay ? "relay " : "the anycast addresses", o->relay ? o->relay : "", o->port);
    fflush(out);
}

void verify_print_step(enum verify_step step, const struct verify_result *result, bool color,
                       FILE *out)
{
    const char *on = color ? states[result->state].color : "";

    fprintf(out, "%s%-4s%s  %-18s  ", on, states[result->state].word, *on ? "\033[0m" : "",
            titles[step]);
    if (result->took_ns)
        fprintf(out, "%.1f ms, ", (double)result->took_ns / AMTG_MS);
    fprintf(out, "%s\n", result->text);
    fflush(out);
}

/* "5 Discoveries, 1 Advertisement", what there was of it. */
static void print_messages(const char *what, const uint64_t *counts, uint64_t strange, FILE *out)
{
    bool any = strange;

    fprintf(out, "  %-9s", what);
    if (strange)
        fprintf(out, "%llu datagrams that are no AMT", (unsigned long long)strange);
    for (unsigned i = AMTG_MSG_DISCOVERY; i < VERIFY_MESSAGES; i++)
        if (counts[i]) {
            fprintf(out, "%s%s %llu", any ? ", " : "", amtg_amt_name((enum amtg_amt_message)i),
                    (unsigned long long)counts[i]);
            any = true;
        }
    fputs(any ? "\n" : "nothing\n", out);
}

static void print_evidence(const struct verify *v, FILE *out)
{
    fputs("\nWhat was seen:\n", out);
    print_messages("sent", v->sent, 0, out);
    print_messages("heard", v->heard, v->strange, out);
    if (v->icmp.count)
        fprintf(out, "  %-9s%llu, the last: %s\n", "ICMP", (unsigned long long)v->icmp.count,
                verify_icmp_text(v->icmp.ip4, v->icmp.type, v->icmp.code));
    for (unsigned i = 0; i < v->drops_count; i++)
        fprintf(out, "  %-9s%s %s %llu: %s\n", "dropped", v->drops[i].element, v->drops[i].reason,
                (unsigned long long)v->drops[i].count, v->drops[i].help);
}

void verify_print_end(const struct verify *v, int code, FILE *out)
{
    if (v->failed == VERIFY_STEPS) {
        fputs("\nThe channel gets here through the relay.\n", out);
        return;
    }
    const char *const *line = verify_causes(v->failed, v->results[v->failed].why);
    print_evidence(v, out);
    fprintf(out, "\nFailed at step `%s` (exit code %d). Likely causes:\n",
            verify_step_name(v->failed), code);
    for (; *line; line++)
        fprintf(out, "  - %s\n", *line);
}

/* ---- for machines ---------------------------------------------------------------- */

static json_t *steps_json(const struct verify *v)
{
    json_t *steps = json_array();

    for (unsigned i = 0; i < VERIFY_STEPS; i++) {
        const struct verify_result *r = &v->results[i];
        json_t *step = json_pack("{s:s, s:s, s:s}", "step", verify_step_name((enum verify_step)i),
                                 "state", states[r->state].json, "text", r->text);
        if (r->state == VERIFY_FAIL)
            json_object_set_new(step, "why", json_string(verify_why_name(r->why)));
        if (r->took_ns)
            json_object_set_new(step, "milliseconds", json_real((double)r->took_ns / AMTG_MS));
        json_array_append_new(steps, step);
    }
    return steps;
}

static json_t *messages_json(const uint64_t *counts)
{
    static const char *const names[VERIFY_MESSAGES] = {
        NULL, "discovery", "advertisement", "request", "query", "update", "data", "teardown"};
    json_t *messages = json_object();

    for (unsigned i = AMTG_MSG_DISCOVERY; i < VERIFY_MESSAGES; i++)
        json_object_set_new(messages, names[i], json_integer((json_int_t)counts[i]));
    return messages;
}

static json_t *drops_json(const struct verify *v)
{
    json_t *drops = json_array();

    for (unsigned i = 0; i < v->drops_count; i++)
        json_array_append_new(drops,
                              json_pack("{s:s, s:s, s:I, s:s}", "element", v->drops[i].element,
                                        "reason", v->drops[i].reason, "count",
                                        (json_int_t)v->drops[i].count, "help", v->drops[i].help));
    return drops;
}

/* Loss is null where it cannot be known. */
static json_t *stream_json(const struct verify *v)
{
    const struct verify_stream *s = &v->stream;
    const struct verify_row *row;
    enum verify_numbers numbers = verify_stream_numbers(s, &row);
    json_t *stream =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "datagrams", (json_int_t)s->datagrams,
                  "octets", (json_int_t)s->octets, "longest", (json_int_t)s->largest, "fragments",
                  (json_int_t)s->fragments, "repeated", (json_int_t)s->repeated, "other-channels",
                  (json_int_t)v->other_channels, "numbered-by", verify_numbers_name(numbers));

    json_object_set_new(stream, "lost", row ? json_integer((json_int_t)row->lost) : json_null());
    json_object_set_new(stream, "duplicated",
                        row ? json_integer((json_int_t)row->duplicated) : json_null());
    json_object_set_new(stream, "late",
                        row ? json_integer((json_int_t)row->reordered) : json_null());
    return stream;
}

static json_t *causes_json(const struct verify *v)
{
    json_t *causes = json_array();

    if (v->failed == VERIFY_STEPS)
        return causes;
    for (const char *const *line = verify_causes(v->failed, v->results[v->failed].why); *line;
         line++)
        json_array_append_new(causes, json_string(*line));
    return causes;
}

static json_t *address_json(bool known, const struct amtg_addr *a)
{
    char text[AMTG_ADDR_TEXT];

    return known ? json_string(amtg_addr_text(a, text)) : json_null();
}

void verify_print_json(const struct verify *v, int code, FILE *out)
{
    bool probed = v->probing && v->probe.result != VERIFY_PROBE_PENDING;
    uint32_t longest = verify_probe_longest(&v->probe);
    json_t *root = json_pack("{s:i, s:s, s:i}", "version", 1, "command", "verify", "exit", code);

    json_object_set_new(root, "failed",
                        v->failed == VERIFY_STEPS ? json_null()
                                                  : json_string(verify_step_name(v->failed)));
    json_object_set_new(root, "relay", address_json(v->relay_known, &v->relay));
    json_object_set_new(root, "group", address_json(true, &v->options.group));
    json_object_set_new(root, "source", address_json(!v->options.any_source, &v->options.source));
    json_object_set_new(root, "steps", steps_json(v));
    json_object_set_new(root, "sent", messages_json(v->sent));
    json_object_set_new(root, "heard", messages_json(v->heard));
    json_object_set_new(root, "icmp-errors", json_integer((json_int_t)v->icmp.count));
    json_object_set_new(root, "drops", drops_json(v));
    json_object_set_new(root, "seen-as", address_json(v->g, &v->seen));
    json_object_set_new(root, "seen-port", v->g ? json_integer(v->seen_port) : json_null());
    json_object_set_new(root, "path-octets",
                        probed && longest ? json_integer(longest) : json_null());
    json_object_set_new(root, "control-datagrams",
                        v->options.control ? json_integer((json_int_t)v->control) : json_null());
    json_object_set_new(root, "stream", stream_json(v));
    json_object_set_new(root, "causes", causes_json(v));
    json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    fputc('\n', out);
    json_decref(root);
}
