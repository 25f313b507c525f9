#include "tools/amtgraph/verify/words.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/loop.h"
#include "elements/wire/dissect.h"
#include "elements/wire/query.h"

/* ---- names for machines: stable, docs/why-no-packets.md ------------------------ */

const char *verify_step_name(enum verify_step step)
{
    static const char *const names[] = {
        [VERIFY_NAME] = "name",   [VERIFY_DISCOVERY] = "discovery", [VERIFY_REQUEST] = "request",
        [VERIFY_QUERY] = "query", [VERIFY_UPDATE] = "update",       [VERIFY_MTU] = "mtu",
        [VERIFY_DATA] = "data",   [VERIFY_STREAM] = "stream",
    };

    return names[step];
}

const char *verify_why_name(enum verify_why why)
{
    static const char *const names[] = {
        [VERIFY_WHY_NONE] = "none",           [VERIFY_NO_NAME] = "no-name",
        [VERIFY_NO_RESOLVER] = "no-resolver", [VERIFY_NO_FAMILY] = "no-family",
        [VERIFY_UNANSWERED] = "unanswered",   [VERIFY_REFUSED] = "refused",
        [VERIFY_NO_ROUTE] = "no-route",       [VERIFY_STRANGE] = "unacceptable",
        [VERIFY_LIMITED] = "limited",         [VERIFY_MOVED] = "moved",
        [VERIFY_IGNORED] = "ignored",         [VERIFY_SOURCE_SILENT] = "source-silent",
        [VERIFY_SILENT] = "silent",           [VERIFY_OTHER_CHANNEL] = "other-channel",
        [VERIFY_TOO_BIG] = "too-big",         [VERIFY_LOSS] = "loss",
        [VERIFY_DUPLICATES] = "duplicates",
    };

    return names[why];
}

/* Behind what is in `out` already, cut where there is no more room. */
static void add(char *out, size_t room, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void add(char *out, size_t room, const char *fmt, ...)
{
    size_t at = strlen(out);
    va_list args;

    va_start(args, fmt);
    vsnprintf(out + at, room - at, fmt, args);
    va_end(args);
}

/* ---- ICMP, and drops that mean something of their own ---------------------------- */

enum { ICMP4_UNREACHABLE = 3, ICMP4_TOO_BIG = 4, ICMP6_UNREACHABLE = 1, ICMP6_TOO_BIG = 2 };

bool verify_icmp_is_too_big(bool ip4, uint8_t type, uint8_t code)
{
    return ip4 ? type == ICMP4_UNREACHABLE && code == ICMP4_TOO_BIG : type == ICMP6_TOO_BIG;
}

/* RFC 792, RFC 1812 (section 5.2.7.1), RFC 4443 (section 3.1) */
const char *verify_icmp_text(bool ip4, uint8_t type, uint8_t code)
{
    static const char *const codes4[] = {
        [0] = "ICMP network unreachable",          [1] = "ICMP host unreachable",
        [2] = "ICMP protocol unreachable",         [3] = "ICMP port unreachable",
        [9] = "ICMP network prohibited",           [10] = "ICMP host prohibited",
        [13] = "ICMP administratively prohibited",
    };
    static const char *const codes6[] = {
        [0] = "ICMPv6 no route",         [1] = "ICMPv6 administratively prohibited",
        [2] = "ICMPv6 beyond scope",     [3] = "ICMPv6 address unreachable",
        [4] = "ICMPv6 port unreachable", [5] = "ICMPv6 source address refused by policy",
        [6] = "ICMPv6 reject route",
    };
    const char *text = NULL;

    if (ip4 && type == ICMP4_UNREACHABLE && code < sizeof codes4 / sizeof codes4[0])
        text = codes4[code];
    if (!ip4 && type == ICMP6_UNREACHABLE && code < sizeof codes6 / sizeof codes6[0])
        text = codes6[code];
    return text ? text : ip4 ? "another ICMP error" : "another ICMPv6 error";
}

bool verify_drop_is_ours(const struct verify *v, const char *element, const char *reason)
{
    bool udp = strcmp(element, "udp") == 0;

    return (v->probing && strcmp(reason, "ad-unexpected") == 0) ||
           (v->probing && udp && strcmp(reason, "too-big") == 0) ||
           (v->probing && strcmp(reason, "unreachable-other") == 0) ||
           strncmp(reason, "report-no-", 10) == 0; /* the first Query asks for all again */
}

bool verify_drop_is_unsendable(const char *element, const char *reason)
{
    return strcmp(element, "udp") == 0 &&
           (strcmp(reason, "no-route") == 0 || strcmp(reason, "not-permitted") == 0 ||
            strcmp(reason, "no-socket") == 0 || strcmp(reason, "send-failed") == 0);
}

/* ---- steps in words ------------------------------------------------------------------ */

const char *verify_channel_text(const struct verify_options *o, char out[VERIFY_CHANNEL_TEXT])
{
    char group[AMTG_ADDR_TEXT], source[AMTG_ADDR_TEXT];

    snprintf(out, VERIFY_CHANNEL_TEXT, "%s from %s", amtg_addr_text(&o->group, group),
             o->any_source ? "anybody" : amtg_addr_text(&o->source, source));
    return out;
}

struct verify_times verify_times_text(const struct verify *v, enum amtg_amt_message message)
{
    struct verify_times out = {""};

    if (v->sent_in_step > 1)
        snprintf(out.text, sizeof out.text, ", after %u %s", v->sent_in_step,
                 message == AMTG_MSG_DISCOVERY ? "Discoveries" : "Requests");
    return out;
}

unsigned verify_addresses_text(const struct amtg_addresses *found, unsigned family, char *out,
                               size_t room)
{
    unsigned usable = 0;

    *out = '\0';
    for (unsigned i = 0; i < found->count; i++) {
        char text[AMTG_ADDR_TEXT];
        usable += family == 0 || amtg_addr_is4(&found->addresses[i]) == (family == 4);
        amtg_addr_text(&found->addresses[i], text);
        add(out, room, "%s%s", i ? ", " : "", text);
    }
    return usable;
}

/* The inner Query of the last message; false: none that can be read. */
static bool inner_query(const struct verify *v, struct amtg_amt_query *query,
                        struct amtg_query *out)
{
    struct amtg_ip ip;

    return !amtg_amt_query_parse(v->query, v->query_len, query) &&
           !amtg_ip_parse(query->inner, query->inner_len, &ip) &&
           !amtg_query_parse(query->inner, &ip, out);
}

const char *verify_query_text(const struct verify *v, char *out, size_t room)
{
    struct amtg_amt_query query;
    struct amtg_query inner;
    char seen[AMTG_ADDR_TEXT];

    if (!inner_query(v, &query, &inner)) {
        snprintf(out, room, "accepted, though our own reading of it fails");
        return out;
    }
    snprintf(out, room, "%s, querier interval %u s, robustness %u", inner.ip4 ? "IGMPv3" : "MLDv2",
             inner.interval_s, inner.robustness);
    if (query.g)
        add(out, room, "; sees us at %s port %u", amtg_addr_text(&query.gateway, seen),
            query.gateway_port);
    if (query.l)
        add(out, room, "; takes nobody new (flag L)");
    return out;
}

/* Our own reason, and what the field tables find wrong with the octets. */
const char *verify_bad_query_text(const struct verify *v, char *out, size_t room)
{
    struct amtg_dissection d;

    snprintf(out, room, "dropped %u times: %s", v->dropped_in_step,
             v->dropped_in_step ? v->drop_text : "no reason was given");
    amtg_dissect(&d, &amtg_layer_amt, v->query, v->query_len);
    for (unsigned i = 0; i < d.count; i++) {
        const struct amtg_part *part = &d.parts[i];
        if (*part->fault == '\0')
            continue;
        add(out, room, "; %s%s%s at octet %u: %s", part->layer->name, part->field ? " " : "",
            part->field ? part->field->name : "", part->octet, part->fault);
        break; /* the first says it; what follows is its consequence */
    }
    amtg_dissection_free(&d);
    return out;
}

const char *verify_moved_text(const struct verify *v, char *out, size_t room)
{
    char before[AMTG_ADDR_TEXT], now[AMTG_ADDR_TEXT];

    snprintf(out, room,
             "no Data, and the relay saw us at %s port %u, then at %s port %u: a Response MAC "
             "is good for one address and port only",
             amtg_addr_text(&v->seen_before, before), v->seen_port_before,
             amtg_addr_text(&v->seen, now), v->seen_port);
    return out;
}

const char *verify_mtu_text(const struct verify *v, char *out, size_t room)
{
    const struct verify_probe *p = &v->probe;
    uint32_t longest = verify_probe_longest(p), tunnel = p->head + AMTG_DATA_HEAD_OCTETS;
    uint32_t fits =
        p->told > longest && p->told < p->octets[VERIFY_PROBE_NEEDED] ? p->told : longest;
    char told[48] = "";

    if (p->told)
        snprintf(told, sizeof told, " (path MTU %u was told)", p->told);
    switch (p->result) {
    case VERIFY_PROBE_FITS:
        snprintf(out, room, "%u octets of IP reach the relay: room for %u inside the tunnel",
                 longest, longest - tunnel);
        break;
    case VERIFY_PROBE_SMALL:
        snprintf(out, room,
                 "%u octets of IP do not reach the relay, %u do%s: room for %u inside the tunnel",
                 p->octets[VERIFY_PROBE_NEEDED], longest, told, fits - tunnel);
        break;
    default:
        snprintf(out, room, "not known: the relay answers no Discovery that is filled up%s", told);
    }
    return out;
}

/* ---- the stream ------------------------------------------------------------------------- */

static const char *numbers_text(enum verify_numbers numbers)
{
    static const char *const texts[] = {
        [VERIFY_NUMBERS_NONE] = "",
        [VERIFY_NUMBERS_ID] = "by the IPv4 identification, which counts up here",
        [VERIFY_NUMBERS_RTP] = "by RTP sequence numbers",
        [VERIFY_NUMBERS_OWN] = "by the numbers of amtgraph's generator",
    };

    return texts[numbers];
}

bool verify_stream_stopped(const struct verify *v)
{
    uint64_t last_ns = v->stream.last_ns;

    return v->until_ns > last_ns && v->until_ns - last_ns > v->options.watch_ns / 2; /* it may be later */
}

const char *verify_stream_text(const struct verify *v, char *out, size_t room)
{
    const struct verify_stream *s = &v->stream;
    const struct verify_row *row;
    enum verify_numbers numbers = verify_stream_numbers(s, &row);
    double seconds = (double)(s->last_ns - s->first_ns) / AMTG_S;

    snprintf(out, room, "%llu datagrams, the longest %u octets", (unsigned long long)s->datagrams,
             s->largest);
    if (seconds > 0)
        add(out, room, ", %.0f kbit/s", (double)s->octets * 8 / 1000 / seconds);
    if (s->fragments)
        add(out, room, ", %llu of them fragments", (unsigned long long)s->fragments);
    if (verify_stream_stopped(v))
        add(out, room, "; none in the last %.1f s", (double)(v->until_ns - s->last_ns) / AMTG_S);
    if (row)
        add(out, room, "; lost %llu, duplicated %llu, late %llu, %s", (unsigned long long)row->lost,
            (unsigned long long)row->duplicated, (unsigned long long)row->reordered,
            numbers_text(numbers));
    else
        add(out, room, "; repeated %llu; loss cannot be known: nothing in them is numbered",
            (unsigned long long)s->repeated);
    return out;
}
