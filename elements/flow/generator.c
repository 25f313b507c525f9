/*
 * generator: a source of numbered, time-stamped UDP datagrams to a multicast group.
 * The n-th burst is due at n × burst / rate after the start, counted from the start
 * and not from the burst before, so that the rate does not drift; what could not
 * be sent in time is sent late, not left out.
 *
 * What the payload holds is said in numbered.h; stream-check reads it.
 *
 *     elements:
 *       source: {class: generator, source: 192.0.2.1, group: 232.1.1.1, rate: 1000}
 *     edges:
 *       - source -> fanout
 */
#include "core/element.h"
#include "elements/flow/numbered.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"

enum { PAYLOAD_MOST = 65535 - AMTG_IP4_OCTETS - AMTG_UDP_OCTETS };

struct generator {
    struct amtg_addr source, group;
    uint16_t port, source_port;
    double rate;
    uint32_t burst;
    uint16_t size;
    uint64_t count;
    uint8_t ttl;

    struct amtg_peer peer;
    uint64_t after_ns;
    uint64_t start_ns, from;
    uint64_t sent;
    struct amtg_timer timer;
    struct amtg_task again; /* buffers are back */
    bool holding;
};

enum { OUT };
enum { SENT };

/* false: the pool is dry. */
static bool send_one(struct amtg_element *e)
{
    struct generator *g = amtg_state(e);
    bool ip4 = amtg_addr_is4(&g->group);
    uint32_t heads = amtg_udp_heads_octets(&g->peer);
    struct amtg_packet *p = amtg_make(e, ip4 ? AMTG_IP4 : AMTG_IP6, heads + g->size);

    if (!p)
        return false;
    uint8_t *payload = p->data + heads;
    amtg_numbered_write(payload, g->size, g->sent, amtg_now(e));
    struct amtg_udp_options options = {.hops = g->ttl, .id = (uint16_t)g->sent};
    amtg_udp_build(&g->peer, &options, payload, g->size, p->data);
    p->transport = (uint16_t)(heads - AMTG_UDP_OCTETS);
    p->protocol = IPPROTO_UDP;
    g->sent++;
    amtg_count(e, SENT, 1);
    amtg_emit(e, OUT, p);
    return true;
}

/*
 * Loop time at which the burst that holds packet n is due: counted from start_ns and packet `from` on,
 * which are the start, or the last change of the rate.
 */
static uint64_t due_ns(const struct generator *g, uint64_t n)
{
    return g->start_ns + (uint64_t)((double)(n - n % g->burst - g->from) * (double)AMTG_S / g->rate);
}

static bool is_done(const struct generator *g)
{
    return g->count && g->sent == g->count;
}

static void let_go(struct amtg_element *e)
{
    struct generator *g = amtg_state(e);

    if (g->holding)
        amtg_release(e);
    g->holding = false;
}

/* All that is due, but at most a batch in one turn: others want theirs too. */
static void send_due(struct amtg_element *e)
{
    struct generator *g = amtg_state(e);

    for (unsigned i = 0; i < AMTG_BATCH && !is_done(g) && due_ns(g, g->sent) <= amtg_now(e); i++)
        if (!send_one(e)) {
            amtg_wait_for_buffers(e, &g->again);
            return;
        }
    if (is_done(g)) {
        let_go(e);
        return;
    }
    uint64_t due = due_ns(g, g->sent);
    amtg_timer_start(e, &g->timer, due > amtg_now(e) ? due - amtg_now(e) : 0);
}

static void generator_fire(struct amtg_element *e, struct amtg_timer *t)
{
    (void)t;
    send_due(e);
}

struct rate_args {
    double rate;
};

/* The next burst is due at once, and those behind it at the new rate. */
static enum amtg_err set_rate(struct amtg_element *e, const void *args)
{
    const struct rate_args *set = args;
    struct generator *g = amtg_state(e);

    g->from = g->sent - g->sent % g->burst;
    g->start_ns = amtg_now(e);
    g->rate = set->rate;
    if (g->holding)
        amtg_timer_start(e, &g->timer, 0);
    return AMTG_OK;
}

static void generator_again(struct amtg_element *e, struct amtg_task *t)
{
    (void)t;
    send_due(e);
}

static void generator_check(const void *state, struct amtg_check *check)
{
    const struct generator *g = state;

    if (!amtg_addr_is_multicast(&g->group))
        amtg_check_problem(check, "group", -1, "not a multicast address");
    else if (amtg_addr_is4(&g->group) != amtg_addr_is4(&g->source))
        amtg_check_problem(check, "source", -1, "not of the same family as `group`");
    if (amtg_addr_is_multicast(&g->source))
        amtg_check_problem(check, "source", -1, "a multicast address cannot send");
}

static enum amtg_err generator_init(struct amtg_element *e)
{
    struct generator *g = amtg_state(e);

    g->peer = (struct amtg_peer){.remote = g->group,
                                 .remote_port = g->port,
                                 .local = g->source,
                                 .local_port = g->source_port};
    g->timer.fire = generator_fire;
    g->again.run = generator_again;
    return AMTG_OK;
}

static enum amtg_err generator_start(struct amtg_element *e)
{
    struct generator *g = amtg_state(e);

    g->start_ns = amtg_now(e) + g->after_ns;
    amtg_hold(e);
    g->holding = true;
    amtg_timer_start(e, &g->timer, g->after_ns);
    return AMTG_OK;
}

static void generator_stop(struct amtg_element *e)
{
    struct generator *g = amtg_state(e);

    amtg_timer_stop(e, &g->timer);
    amtg_task_cancel(e, &g->again);
    let_go(e);
}

static uint64_t sent(const struct amtg_element *e)
{
    const struct generator *g = amtg_state(e);
    return g->sent;
}

static bool done(const struct amtg_element *e)
{
    return is_done(amtg_state(e));
}

static const struct amtg_numbered_source_ops ops = {.sent = sent, .done = done};

const struct amtg_class amtg_generator = {
    .name = "generator",
    .summary = "a source of numbered, time-stamped UDP in multicast packets",
    .details =
        "The rate does not drift: burst n is due at n × burst / rate after the first. What could "
        "not be sent in time, for want of buffers or of processor time, is sent late.\n\n"
        "Payload, in network order: octets 0 to 7 `AMTGtest`; 8 to 15 the sequence number, from 0; "
        "16 to 23 the loop's time in ns at which the packet was made; from 24 on, each octet is "
        "the low octet of its offset. The low 16 bits of the sequence number are the "
        "identification of IPv4 packets, too.\n\n"
        "The run goes on at least until `count` packets have been made.",
    .example = "elements:\n"
               "  source: {class: generator, source: \"2001:db8::1\", group: \"ff3e::8000:1\", "
               "rate: 1000, count: 10000}\n"
               "  seen:   {class: counter}\n"
               "  end:    {class: discard}\n"
               "edges:\n"
               "  - source -> seen -> end\n",
    .flags = AMTG_SINGLE,
    .state_octets = sizeof(struct generator),
    AMTG_OUTPUTS([OUT] = {.name = "out", .type = AMTG_IP, .help = "the packets, whole and sound"}),
    AMTG_PARAMS(
        AMTG_ADDRESS(struct generator, source, NULL, 0, "address that they come from"),
        AMTG_ADDRESS(struct generator, group, NULL, 0, "multicast address that they go to"),
        AMTG_U16(struct generator, port, "5004", 1, 65535, NULL, "UDP port that they go to"),
        AMTG_U16(struct generator, source_port, "5004", 1, 65535, NULL,
                 "UDP port that they come from"),
        AMTG_FLOAT(struct generator, rate, "100", 0.001, 1e8, "packets/s", "how many per second"),
        AMTG_U32(struct generator, burst, "1", 1, 65536, "packets",
                 "how many at once; the rate stays the same"),
        AMTG_U16(struct generator, size, "188", AMTG_NUMBERED_LEAST, PAYLOAD_MOST, "octets",
                 "UDP payload of each"),
        AMTG_U64(struct generator, count, "0", 0, UINT64_MAX, "packets",
                 "end after so many; 0 goes on"),
        AMTG_DURATION(struct generator, after_ns, "0s", 0, 24 * 3600 * AMTG_S,
                      "time from the start of the run to the first packet"),
        AMTG_U8(struct generator, ttl, "16", 0, 255, "hops", "TTL or hop limit")),
    AMTG_COUNTERS([SENT] = {"sent", "packets", "packets made, which is the next sequence number"}),
    AMTG_PROVIDES({&amtg_numbered_source, &ops, NULL}),
    .check = generator_check,
    AMTG_CALLS({.name = "rate", .help = "set the rate, until the run ends",
                .args_octets = sizeof(struct rate_args),
                AMTG_PARAMS(AMTG_FLOAT(struct rate_args, rate, NULL, 0.001, 1e8, "packets/s",
                                       "how many per second")),
                .run = set_rate}),
    .init = generator_init,
    .start = generator_start,
    .stop = generator_stop,
};
