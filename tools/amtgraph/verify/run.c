#include "tools/amtgraph/verify/run.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/table.h"
#include "elements/registry.h"
#include "tools/amtgraph/run/signals.h"

/*
 * graphs/receive.yaml without a player. The relay is asked `again` soon, so that what changes
 * between two answers shows, and each Update has a fresh Response MAC; it is never left for
 * another.
 */
static const char graph_text[] =
    "amtgraph: 1\n"
    "name: verify\n"
    "params:\n"
    "  relay:     {type: hosts}\n"
    "  discovery: {type: hosts}\n"
    "  port:      {type: uint}\n"
    "  local4:    {type: ip4}\n"
    "  local6:    {type: ip6}\n"
    "  again:     {type: duration}\n"
    "  channels:  {type: texts}\n"
    "elements:\n"
    "  wish:      {class: subscribe, channels: '${channels}'}\n"
    "  wishes:    {class: tee, outputs: [igmp, mld]}\n"
    "  igmp-host: {class: igmp-host}\n"
    "  mld-host:  {class: mld-host}\n"
    "  gateway:   {class: amt-gateway, relay: '${relay}', discovery: '${discovery}',\n"
    "              port: '${port}', socket: udp, retry-most: 2s, retries: 2, silence: 0s,\n"
    "              no-traffic: 0s, interval-cap: '${again}', interval-floor: '${again}'}\n"
    "  names:     {class: name-lookup}\n"
    "  queries:   {class: tee, outputs: [igmp, mld]}\n"
    "  udp:       {class: udp-socket, bind: ['${local4}', '${local6}'], port: 0, dscp: 48,\n"
    "              zero-checksum6: true}\n"
    "  messages:  {class: amt-classifier}\n"
    "  decap:     {class: amt-decap}\n"
    "  check:     {class: check-ip}\n"
    "  end:       {class: discard}\n"
    "edges:\n"
    "  - wish -> wishes\n"
    "  - wishes.igmp -> igmp-host.joins\n"
    "  - wishes.mld -> mld-host.joins\n"
    "  - igmp-host -> gateway.reports\n"
    "  - mld-host -> gateway.reports\n"
    "  - gateway.queries -> queries\n"
    "  - queries.igmp -> igmp-host.queries\n"
    "  - queries.mld -> mld-host.queries\n"
    "  - gateway.lookups -> names -> gateway.addresses\n"
    "  - gateway.out -> udp\n"
    "  - udp -> messages\n"
    "  - udp.unreachable -> gateway.unreachable\n"
    "  - messages.advertisement -> gateway.advertisement\n"
    "  - messages.query -> gateway.query\n"
    "  - messages.data -> gateway.data\n"
    "  - gateway.data -> decap -> check -> end\n";

/* Elements whose drops are about what the network brought. */
static const char *const watched[] = {"udp", "messages", "gateway", "decap", "check"};
enum { WATCHED = sizeof watched / sizeof watched[0], REASONS_MOST = 128 };

static uint64_t now_of(const struct verify_run *run)
{
    return run->base_ns + amtg_loop_now_ns(amtg_runtime_loop(run->runtime));
}

/* ---- what passes the edges ---------------------------------------------------- */

static bool is(const struct amtg_element *e, const char *name)
{
    return strcmp(e->name, name) == 0;
}

static void observe(void *arg, const struct amtg_element *from, unsigned out,
                    const struct amtg_packet *p)
{
    struct verify_run *run = arg;
    struct verify *v = run->judge;
    bool gateway = is(from, "gateway");
    const char *port =
        gateway ? from->class->outputs[out].name : ""; /* elsewhere one may be many */

    if (verify_over(v))
        return; /* the gateway takes its leave */
    uint64_t now = now_of(run);
    if (is(from, "udp") && p->type == AMTG_UNREACHABLE)
        verify_unreachable(v, now, (const struct amtg_unreachable *)p->data, &p->peer.remote);
    else if (is(from, "udp"))
        verify_heard(v, now, p->data, p->len, &p->peer);
    else if (gateway && strcmp(port, "out") == 0)
        verify_sent(v, now, p->data, p->len, &p->peer);
    else if (gateway && strcmp(port, "queries") == 0)
        verify_accepted(v, now);
    else if (is(from, "names"))
        verify_addresses(v, now, (const struct amtg_addresses *)p->data);
    else if (is(from, "check"))
        verify_datagram(v, now, p->data, p->len);
    else
        return;
    amtg_loop_task_post(amtg_runtime_loop(run->runtime), &run->look);
}

/* ---- what is dropped, and time --------------------------------------------------- */

static void look_at_drops(struct verify_run *run, unsigned which)
{
    struct amtg_element *e = amtg_runtime_find(run->runtime, watched[which]);
    uint64_t *before = run->drops + which * REASONS_MOST;

    for (unsigned i = 0; i < e->class->drops_count && i < REASONS_MOST; i++) {
        uint64_t more = e->drops[i] - before[i];
        before[i] = e->drops[i];
        if (more && !verify_over(run->judge))
            verify_dropped(run->judge, now_of(run), watched[which], e->class->drops[i].name,
                           e->class->drops[i].help, more);
    }
}

static void look(struct verify_run *run)
{
    struct amtg_loop *loop = amtg_runtime_loop(run->runtime);
    uint64_t now = now_of(run);

    for (unsigned i = 0; i < WATCHED; i++)
        look_at_drops(run, i);
    if (verify_next(run->judge) <= now)
        verify_time(run->judge, now);
    uint64_t next = verify_next(run->judge);
    if (verify_over(run->judge))
        amtg_loop_stop(loop);
    else
        amtg_loop_timer_start(loop, &run->timer, next > now ? next - now : 0);
}

static void on_task(struct amtg_element *e, struct amtg_task *t)
{
    (void)e;
    look(AMTG_CONTAINER(t, struct verify_run, look));
}

static void on_timer(struct amtg_element *e, struct amtg_timer *t)
{
    (void)e;
    look(AMTG_CONTAINER(t, struct verify_run, timer));
}

/* A Discovery to the relay, filled up with zeroes: probe.h. */
static void send_probe(void *arg, uint32_t payload, uint32_t nonce)
{
    struct verify_run *run = arg;
    struct amtg_element *udp = amtg_runtime_find(run->runtime, "udp");
    const struct amtg_addr *relay = &run->judge->relay;
    struct amtg_amt_discovery message = {.nonce = nonce};
    struct amtg_peer peer = {.remote = *relay, .remote_port = run->judge->options.port};
    static const uint8_t any[16];

    struct amtg_packet *p = amtg_make(udp, AMTG_AMT_DISCOVERY, payload);
    if (!p)
        return;
    memset(p->data, 0, p->len);
    amtg_amt_discovery_build(&message, p->data);
    peer.local = amtg_addr_is4(relay) ? amtg_addr_from4(any) : amtg_addr_from6(any);
    amtg_packet_to_peer(p, &peer);
    amtg_runtime_push(udp, 0, p);
}

/* ---- the run ------------------------------------------------------------------------ */

static struct amtg_graph *make_graph(const struct verify_run *run)
{
    const struct verify_options *o = &run->judge->options;
    char group[AMTG_ADDR_TEXT], source[AMTG_ADDR_TEXT], port[8], again[32];
    char channels[4 * AMTG_ADDR_TEXT];
    uint64_t again_ns = o->timeout_ns / 4 < AMTG_S ? AMTG_S : o->timeout_ns / 4;
    struct amtg_setting settings[] = {
        {"relay", run->discovers ? "none" : o->relay},
        {"discovery", o->relay ? o->relay : "192.52.193.1,2001:3::1"},
        {"port", port},
        {"local4", o->family == 6 ? "none" : "0.0.0.0"},
        {"local6", o->family == 4 ? "none" : "::"},
        {"again", again},
        {"channels", channels},
    };
    struct amtg_graph_options options = {.classes = amtg_classes,
                                         .settings = settings,
                                         .settings_count = sizeof settings / sizeof settings[0]};
    struct amtg_diag *diag = amtg_diag_new();

    amtg_addr_text(&o->group, group);
    amtg_addr_text(&o->source, source);
    snprintf(channels, sizeof channels, "%s%s%s%s%s", o->any_source ? "" : source,
             o->any_source ? "" : "@", group, o->control ? "," : "", o->control ? o->control : "");
    snprintf(port, sizeof port, "%u", o->port);
    snprintf(again, sizeof again, "%llums", (unsigned long long)(again_ns / AMTG_MS));
    struct amtg_graph *g =
        amtg_graph_parse("verify", graph_text, sizeof graph_text - 1, &options, diag);
    amtg_diag_print(diag, stderr, false);
    amtg_diag_free(diag);
    return g;
}

static void on_signal(void *arg)
{
    struct verify_run *run = arg;

    run->interrupted = true;
    amtg_loop_stop(amtg_runtime_loop(run->runtime));
}

static void ignore(void *arg)
{
    (void)arg;
}

static enum amtg_err go(struct verify_run *run)
{
    struct amtg_loop *loop = amtg_runtime_loop(run->runtime);
    struct signals signals = {
        .stop = on_signal, .stats = ignore, .drain = ignore, .arg = run, .loop = loop};
    struct verify_options *o = &run->judge->options;

    run->timer = (struct amtg_timer){.fire = on_timer};
    run->look = (struct amtg_task){.run = on_task};
    o->probe = run->probes ? send_probe : NULL;
    o->probe_arg = run;
    o->nonce = amtg_random_u32(amtg_runtime_find(run->runtime, "udp"));
    if (!signals_open(&signals))
        return AMTG_ESYSTEM;
    enum amtg_err err = amtg_runtime_start(run->runtime, run->why, sizeof run->why);
    if (!err) {
        amtg_loop_task_post(loop, &run->look);
        err = amtg_runtime_run(run->runtime, UINT64_MAX, run->why, sizeof run->why);
        run->base_ns = now_of(run);
        amtg_loop_task_cancel(loop, &run->look);
        amtg_loop_timer_stop(loop, &run->timer);
        amtg_runtime_stop(run->runtime);
    }
    signals_close(&signals);
    return err;
}

enum amtg_err verify_run(struct verify_run *run)
{
    struct amtg_graph *graph = make_graph(run);
    struct amtg_runtime_options options = {
        .clock = AMTG_CLOCK_REAL,
        .observe = observe,
        .observe_arg = run,
        .log = run->logs ? stderr : NULL,
        .log_level = AMTG_LOG_INFO,
    };
    enum amtg_err err = AMTG_ECONFIG;

    snprintf(run->why, sizeof run->why, "the gateway's graph cannot be made");
    run->drops = calloc(WATCHED * REASONS_MOST, sizeof *run->drops);
    if (graph && run->drops)
        run->runtime = amtg_runtime_new(graph, &options, &err, run->why, sizeof run->why);
    if (run->runtime)
        err = go(run);
    amtg_runtime_free(run->runtime);
    run->runtime = NULL;
    free(run->drops);
    amtg_graph_free(graph);
    return err;
}
