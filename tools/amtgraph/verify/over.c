#include "core/loop.h"
#include "tools/amtgraph/verify/settle.h"
#include "tools/amtgraph/verify/words.h"

void verify_refuse(struct verify *v, enum verify_step step, unsigned times)
{
    verify_fail(v, step, VERIFY_REFUSED, "refused %u time%s: %s", times, times == 1 ? "" : "s",
                verify_icmp_text(v->icmp.ip4, v->icmp.type, v->icmp.code));
}

/* Whole, as far as can be known. */
static void judge_stream(struct verify *v)
{
    const struct verify_row *row;
    enum verify_numbers numbers = verify_stream_numbers(&v->stream, &row);
    char text[256];
    uint32_t most = v->options.most_permille;

    verify_stream_text(v, text, sizeof text);
    if (row && verify_row_lost_permille(row) > most)
        verify_fail(v, VERIFY_STREAM, VERIFY_LOSS, "%s", text);
    else if (row && verify_row_duplicated_permille(row) > most)
        verify_fail(v, VERIFY_STREAM, VERIFY_DUPLICATES, "%s", text);
    else
        verify_settle(v, VERIFY_STREAM,
                      verify_stream_stopped(v)         ? VERIFY_WARN
                      : numbers == VERIFY_NUMBERS_NONE ? VERIFY_UNKNOWN
                                                       : VERIFY_OK,
                      0, "%s", text);
    v->step = VERIFY_STEPS;
}

void verify_settle_mtu(struct verify *v)
{
    char text[256];

    verify_settle(v, VERIFY_MTU,
                  v->probe.result == VERIFY_PROBE_FITS    ? VERIFY_OK
                  : v->probe.result == VERIFY_PROBE_SMALL ? VERIFY_WARN
                                                          : VERIFY_UNKNOWN,
                  0, "%s", verify_mtu_text(v, text, sizeof text));
}

/* A unicast address need not answer Discoveries (RFC 7450, section 5.2.3.4). */
static void go_on_undiscovered(struct verify *v)
{
    verify_settle(v, VERIFY_DISCOVERY, VERIFY_WARN, 0,
                  "no answer to %u Discoveries, which an address that is given need not send",
                  v->sent_in_step);
    v->undiscovered = true;
    v->step = VERIFY_STEPS;
}

/* No answer to what the step has sent. */
static void unanswered(struct verify *v, enum verify_step step)
{
    const char *what = step == VERIFY_DISCOVERY ? "Discovery" : "Request";

    if (v->icmp.in_step)
        verify_refuse(v, step, v->icmp.in_step);
    else if (v->unsendable && v->unsendable >= v->sent_in_step)
        verify_fail(v, step, VERIFY_NO_ROUTE, "our own host does not send it");
    else if (v->dropped_in_step || v->strange)
        verify_fail(v, step, VERIFY_STRANGE, "what came was no good answer: %s",
                    v->dropped_in_step ? v->drop_text : "no AMT message");
    else if (step == VERIFY_REQUEST && v->results[VERIFY_DISCOVERY].state == VERIFY_WARN)
        verify_fail(v, VERIFY_DISCOVERY, VERIFY_UNANSWERED,
                    "nothing answers at all: %llu Discoveries, %llu Requests",
                    (unsigned long long)v->sent[AMTG_MSG_DISCOVERY],
                    (unsigned long long)v->sent[AMTG_MSG_REQUEST]);
    else if (step == VERIFY_DISCOVERY && v->options.discovery_optional)
        go_on_undiscovered(v);
    else
        verify_fail(v, step, VERIFY_UNANSWERED, "no answer to %u %s in %.3g s", v->sent_in_step,
                    v->sent_in_step == 1       ? what
                    : step == VERIFY_DISCOVERY ? "Discoveries"
                                               : "Requests",
                    (double)v->options.timeout_ns / AMTG_S);
}

/* No Data. What separates the causes comes first; often nothing does. */
static void no_data(struct verify *v)
{
    double seconds = (double)(v->until_ns - v->began_ns) / AMTG_S;
    char text[256];

    if (v->icmp.in_step)
        verify_refuse(v, VERIFY_UPDATE, v->icmp.in_step);
    else if (v->moved)
        verify_fail(v, VERIFY_UPDATE, VERIFY_MOVED, "%s", verify_moved_text(v, text, sizeof text));
    else if (v->probing && v->probe.result == VERIFY_PROBE_SMALL)
        verify_fail(v, VERIFY_MTU, VERIFY_TOO_BIG, "no Data, and %s",
                    verify_mtu_text(v, text, sizeof text));
    else if (v->control)
        verify_fail(v, VERIFY_DATA, VERIFY_SOURCE_SILENT,
                    "none in %.3g s, while %llu datagrams of %s came: the relay heeds our Updates",
                    seconds, (unsigned long long)v->control, v->options.control);
    else if (v->other_channels)
        verify_fail(v, VERIFY_DATA, VERIFY_OTHER_CHANNEL,
                    "only Data of other channels in %.3g s: %llu", seconds,
                    (unsigned long long)v->other_channels);
    else if (v->heard[AMTG_MSG_DATA])
        verify_fail(v, VERIFY_DATA, VERIFY_STRANGE, "Data came, and was dropped: %s", v->drop_text);
    else if (v->options.control)
        verify_fail(v, VERIFY_UPDATE, VERIFY_IGNORED,
                    "no Data in %.3g s, and none of %s, which is said to flow", seconds,
                    v->options.control);
    else
        verify_fail(v, VERIFY_DATA, VERIFY_SILENT,
                    "none in %.3g s, after Updates that answered %u Quer%s, each by its own MAC",
                    seconds, v->accepted, v->accepted == 1 ? "y" : "ies");
}

void verify_end_step(struct verify *v)
{
    char text[256];

    switch (v->step) {
    case VERIFY_NAME:
        verify_fail(v, VERIFY_NAME, VERIFY_NO_RESOLVER, "nobody could say what address %s has",
                    v->options.relay);
        break;
    case VERIFY_QUERY:
        verify_fail(v, VERIFY_QUERY, VERIFY_STRANGE, "%s",
                    verify_bad_query_text(v, text, sizeof text));
        break;
    case VERIFY_UPDATE:
        verify_fail(v, VERIFY_UPDATE, VERIFY_STRANGE, "none was sent");
        break;
    case VERIFY_DATA:
        no_data(v);
        break;
    case VERIFY_STREAM:
        judge_stream(v);
        break;
    default:
        unanswered(v, v->step);
    }
}
