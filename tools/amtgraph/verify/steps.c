#include "tools/amtgraph/verify/steps.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/loop.h"
#include "tools/amtgraph/verify/settle.h"
#include "tools/amtgraph/verify/words.h"

enum {
    TWICE = 2, /* one ICMP error, or one bad Query, may be a forgery or an accident */
};
#define PROBES_NS (1600 * AMTG_MS) /* until the probes are over, with something to spare */

/* ---- settling ---------------------------------------------------------------- */

static void begin(struct verify *v, uint64_t now_ns, enum verify_step step, uint64_t longest_ns)
{
    v->step = step;
    v->began_ns = now_ns;
    v->until_ns = now_ns + longest_ns;
    v->sent_in_step = v->icmp.in_step = v->dropped_in_step = v->unsendable = 0;
}

static void vsettle(struct verify *v, enum verify_step step, enum verify_state state,
                    enum verify_why why, uint64_t took_ns, const char *fmt, va_list args)
{
    struct verify_result *r = &v->results[step];

    r->state = state;
    r->why = why;
    r->took_ns = took_ns;
    vsnprintf(r->text, sizeof r->text, fmt, args);
    if (state == VERIFY_FAIL) {
        v->failed = step;
        v->step = VERIFY_STEPS;
    }
    v->options.settled(v->options.arg, step, r);
}

void verify_settle(struct verify *v, enum verify_step step, enum verify_state state,
                   uint64_t took_ns, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsettle(v, step, state, VERIFY_WHY_NONE, took_ns, fmt, args);
    va_end(args);
}

void verify_fail(struct verify *v, enum verify_step step, enum verify_why why, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsettle(v, step, VERIFY_FAIL, why, 0, fmt, args);
    va_end(args);
}

/*
 * May ICMP errors or our own host end the step before its time? Not while another address may
 * have its turn.
 */
static bool is_only_one(const struct verify *v)
{
    return v->candidates <= 1 || (v->step == VERIFY_REQUEST && v->options.discovers) ||
           v->step > VERIFY_REQUEST;
}

void verify_init(struct verify *v, const struct verify_options *options, uint64_t now_ns)
{
    *v = (struct verify){.options = *options, .failed = VERIFY_STEPS, .candidates = 1};
    if (!options->relay && options->family == 0)
        v->candidates = 2; /* the anycast addresses of both families */
    if (!options->named)
        v->results[VERIFY_NAME].state = VERIFY_SKIPPED;
    if (!options->discovers)
        v->results[VERIFY_DISCOVERY].state = VERIFY_SKIPPED;
    begin(v, now_ns,
          options->named       ? VERIFY_NAME
          : options->discovers ? VERIFY_DISCOVERY
                               : VERIFY_REQUEST,
          options->timeout_ns);
}

void verify_skip_discovery(struct verify *v, uint64_t now_ns)
{
    v->undiscovered = v->options.discovers = false;
    begin(v, now_ns, VERIFY_REQUEST, v->options.timeout_ns);
}

/* ---- the relay's name ----------------------------------------------------------- */

void verify_addresses(struct verify *v, uint64_t now_ns, const struct amtg_addresses *found)
{
    char list[160];
    unsigned usable;

    if (v->step != VERIFY_NAME)
        return;
    usable = verify_addresses_text(found, v->options.family, list, sizeof list);
    if (found->result == AMTG_LOOKUP_NONE)
        verify_fail(v, VERIFY_NAME, VERIFY_NO_NAME, "%s has no address", found->name);
    else if (found->result == AMTG_LOOKUP_FOUND && usable == 0)
        verify_fail(v, VERIFY_NAME, VERIFY_NO_FAMILY, "%s has no IPv%u address: %s", found->name,
                    v->options.family, list);
    if (found->result != AMTG_LOOKUP_FOUND || v->step != VERIFY_NAME)
        return; /* nobody could say: it is asked again */
    v->candidates = usable;
    verify_settle(v, VERIFY_NAME, VERIFY_OK, now_ns - v->began_ns, "%s is %s", found->name, list);
    begin(v, now_ns, v->options.discovers ? VERIFY_DISCOVERY : VERIFY_REQUEST,
          v->options.timeout_ns);
}

/* ---- what the gateway says --------------------------------------------------------- */

/* A Request follows an Advertisement that was good. */
static void discovered(struct verify *v, uint64_t now_ns)
{
    char relay[AMTG_ADDR_TEXT], asked[AMTG_ADDR_TEXT];

    if (!v->asked_known)
        return;
    verify_settle(v, VERIFY_DISCOVERY, VERIFY_OK, now_ns - v->sent_ns[AMTG_MSG_DISCOVERY],
                  "%s names relay %s%s", amtg_addr_text(&v->asked, asked),
                  amtg_addr_text(&v->relay, relay), verify_times_text(v, AMTG_MSG_DISCOVERY).text);
    begin(v, now_ns, VERIFY_REQUEST, v->options.timeout_ns);
}

static void updated(struct verify *v, uint64_t now_ns)
{
    char channel[VERIFY_CHANNEL_TEXT];

    if (v->first_update_ns == 0)
        v->first_update_ns = now_ns;
    if (v->step != VERIFY_UPDATE)
        return;
    verify_settle(v, VERIFY_UPDATE, VERIFY_OK, 0, "asks for %s; relays do not acknowledge it",
                  verify_channel_text(&v->options, channel));
    begin(v, now_ns, VERIFY_DATA, v->options.timeout_ns);
    if (!v->options.probe)
        return;
    if (v->until_ns < now_ns + PROBES_NS)
        v->until_ns = now_ns + PROBES_NS;
    v->probing = true;
    verify_probe_start(&v->probe, now_ns, amtg_addr_is4(&v->relay), v->options.inner,
                       v->options.nonce);
}

void verify_sent(struct verify *v, uint64_t now_ns, const uint8_t *octets, uint32_t len,
                 const struct amtg_peer *to)
{
    enum amtg_amt_message message;

    if (amtg_amt_peek(octets, len, &message))
        return;
    if (message == AMTG_MSG_DISCOVERY) {
        v->asked = to->remote;
        v->asked_known = true;
    }
    if (message == AMTG_MSG_REQUEST) {
        v->relay = to->remote;
        v->relay_known = true;
        if (v->step == VERIFY_DISCOVERY)
            discovered(v, now_ns);
    }
    v->sent[message]++;
    v->sent_ns[message] = now_ns;
    v->sent_in_step += (message == AMTG_MSG_DISCOVERY && v->step == VERIFY_DISCOVERY) ||
                       (message == AMTG_MSG_REQUEST && v->step == VERIFY_REQUEST);
    if (message == AMTG_MSG_UPDATE)
        updated(v, now_ns);
}

/* ---- what it hears --------------------------------------------------------------------- */

/* With G the relay says where our messages come from, as it sees them. */
static void note_seen(struct verify *v, const uint8_t *octets, uint32_t len)
{
    struct amtg_amt_query query;

    if (amtg_amt_query_parse(octets, len, &query) || !query.g)
        return;
    if (v->g &&
        (v->seen_port != query.gateway_port || !amtg_addr_equal(&v->seen, &query.gateway))) {
        v->moved = true;
        v->seen_before = v->seen;
        v->seen_port_before = v->seen_port;
    }
    v->g = true;
    v->seen = query.gateway;
    v->seen_port = query.gateway_port;
}

static void heard_query(struct verify *v, uint64_t now_ns, const uint8_t *octets, uint32_t len,
                        const struct amtg_peer *from)
{
    char text[AMTG_ADDR_TEXT];

    if (!v->relay_known || from->remote_port != v->options.port ||
        !amtg_addr_equal(&from->remote, &v->relay))
        return;
    v->query_len = len < sizeof v->query ? len : sizeof v->query;
    memcpy(v->query, octets, v->query_len);
    note_seen(v, octets, len);
    if (v->step != VERIFY_REQUEST)
        return;
    verify_settle(v, VERIFY_REQUEST, VERIFY_OK, now_ns - v->sent_ns[AMTG_MSG_REQUEST], "from %s%s",
                  amtg_addr_text(&from->remote, text), verify_times_text(v, AMTG_MSG_REQUEST).text);
    begin(v, now_ns, VERIFY_QUERY, v->options.timeout_ns);
}

void verify_heard(struct verify *v, uint64_t now_ns, const uint8_t *octets, uint32_t len,
                  const struct amtg_peer *from)
{
    enum amtg_amt_message message;
    struct amtg_amt_advertisement ad;

    if (amtg_amt_peek(octets, len, &message)) {
        v->strange++;
        return;
    }
    if (message == AMTG_MSG_ADVERTISEMENT && v->probing &&
        !amtg_amt_advertisement_parse(octets, len, &ad) && verify_probe_heard(&v->probe, ad.nonce))
        return;
    v->heard[message]++;
    if (message == AMTG_MSG_QUERY)
        heard_query(v, now_ns, octets, len, from);
}

void verify_accepted(struct verify *v, uint64_t now_ns)
{
    char text[160];

    v->accepted++;
    if (v->step != VERIFY_QUERY)
        return;
    verify_settle(v, VERIFY_QUERY, VERIFY_OK, 0, "%s", verify_query_text(v, text, sizeof text));
    begin(v, now_ns, VERIFY_UPDATE, v->options.timeout_ns);
}

/* ---- what goes wrong ----------------------------------------------------------------------- */

void verify_unreachable(struct verify *v, uint64_t now_ns, const struct amtg_unreachable *record,
                        const struct amtg_addr *peer)
{
    bool ip4 = amtg_addr_is4(peer);

    (void)now_ns;
    if (verify_icmp_is_too_big(ip4, record->type, record->code)) {
        if (v->probing && record->mtu && (!v->probe.told || record->mtu < v->probe.told))
            v->probe.told = record->mtu;
        return;
    }
    v->icmp.count++;
    v->icmp.in_step++;
    v->icmp.type = record->type;
    v->icmp.code = record->code;
    v->icmp.ip4 = ip4;
    if (v->icmp.in_step < TWICE || !is_only_one(v))
        return;
    if (v->step == VERIFY_DISCOVERY || v->step == VERIFY_REQUEST)
        verify_refuse(v, v->step, v->icmp.in_step);
    else if (v->step == VERIFY_DATA)
        verify_refuse(v, VERIFY_UPDATE, v->icmp.in_step);
}

static void note_drop(struct verify *v, const char *element, const char *reason, const char *help,
                      uint64_t count)
{
    for (unsigned i = 0; i < VERIFY_DROPS; i++) {
        struct verify_drop *d = &v->drops[i];
        if (i == v->drops_count) {
            *d = (struct verify_drop){.element = element, .reason = reason, .help = help};
            v->drops_count++;
        }
        if (strcmp(d->element, element) == 0 && strcmp(d->reason, reason) == 0) {
            d->count += count;
            d->step = v->step;
            return;
        }
    }
}

void verify_dropped(struct verify *v, uint64_t now_ns, const char *element, const char *reason,
                    const char *help, uint64_t count)
{
    (void)now_ns;
    if (verify_drop_is_ours(v, element, reason))
        return;
    note_drop(v, element, reason, help, count);
    if (verify_drop_is_unsendable(element, reason)) {
        v->unsendable += (unsigned)count;
        if (v->unsendable >= TWICE && v->step < VERIFY_STEPS && is_only_one(v))
            verify_fail(v, v->step == VERIFY_DATA ? VERIFY_UPDATE : v->step, VERIFY_NO_ROUTE,
                        "our own host does not send it: %s", help);
        return;
    }
    v->dropped_in_step += (unsigned)count;
    snprintf(v->drop_text, sizeof v->drop_text, "%s", help);
    if (v->step != VERIFY_QUERY)
        return;
    if (strcmp(reason, "query-refused") == 0)
        verify_fail(v, VERIFY_QUERY, VERIFY_LIMITED, "the relay takes nobody new (flag L)");
    else if (v->dropped_in_step >= TWICE)
        verify_time(v, v->until_ns);
}

/* ---- Data -------------------------------------------------------------------------------------
 */

static bool is_wanted(const struct verify *v, const struct amtg_ip *ip)
{
    return amtg_addr_equal(&ip->dst, &v->options.group) &&
           (v->options.any_source || amtg_addr_equal(&ip->src, &v->options.source));
}

static bool is_control(const struct verify *v, const struct amtg_ip *ip)
{
    const struct verify_options *o = &v->options;

    return o->control && amtg_addr_equal(&ip->dst, &o->control_group) &&
           (o->control_any || amtg_addr_equal(&ip->src, &o->control_source));
}

void verify_datagram(struct verify *v, uint64_t now_ns, const uint8_t *octets, uint32_t len)
{
    struct amtg_ip ip;
    char text[AMTG_ADDR_TEXT];

    if (amtg_ip_parse(octets, len, &ip))
        return;
    if (!is_wanted(v, &ip)) {
        if (is_control(v, &ip))
            v->control++;
        else
            v->other_channels++;
        return;
    }
    if (v->step == VERIFY_DATA) {
        verify_settle(v, VERIFY_DATA, VERIFY_OK, now_ns - v->first_update_ns,
                      "from the Update to the first: %u octets from %s", ip.total,
                      amtg_addr_text(&ip.src, text));
        uint64_t probed_ns = v->probing ? v->first_update_ns + PROBES_NS : 0;
        begin(v, now_ns, VERIFY_STREAM, v->options.watch_ns);
        if (v->until_ns < probed_ns)
            v->until_ns = probed_ns;
    }
    if (v->step == VERIFY_STREAM)
        verify_stream_add(&v->stream, now_ns, octets, &ip);
}

/* ---- time ------------------------------------------------------------------------ */

uint64_t verify_next(const struct verify *v)
{
    if (verify_over(v))
        return UINT64_MAX;
    bool probing = v->probing && v->probe.result == VERIFY_PROBE_PENDING;
    return probing && v->probe.next_ns < v->until_ns ? v->probe.next_ns : v->until_ns;
}

void verify_time(struct verify *v, uint64_t now_ns)
{
    if (verify_over(v))
        return;
    if (v->probing && v->probe.result == VERIFY_PROBE_PENDING) {
        verify_probe_tick(&v->probe, now_ns, v->options.probe, v->options.probe_arg);
        if (v->probe.result != VERIFY_PROBE_PENDING)
            verify_settle_mtu(v);
    }
    if (now_ns >= v->until_ns)
        verify_end_step(v);
}
