/*
 * A relay drains ahead of a stop, and the gateways that it serves go to another one: two
 * shipped relays and a shipped receiver, unchanged, on one virtual time.
 * Covers, G-28, G-53, G-73, D-24 (RFC 7450, section 5.3.4).
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/runtime.h"
#include "elements/registry.h"
#include "elements/wire/amt.h"
#include "elements/wire/types.h"
#include "tests/support/amt.h"
#include "tests/support/receiver.h"
#include "tests/support/suite.h"

enum { TICK = 10, SECOND = 1000, MINUTE = 60 * SECOND, RELAYS = 2, WHY = 512, STREAM = 100 };

struct relay {
    const char *address;
    struct amtg_graph *graph;
    struct amtg_runtime *runtime;
    struct amtg_element *udp, *native;
    struct world *world;
};

struct world {
    struct relay relays[RELAYS];
    struct receiver *receiver;
    unsigned limited; /* Queries with L, of either relay */
};

/* ---- a relay ------------------------------------------------------------------ */

/* What a relay sends to anybody goes to the receiver: there is nobody else. */
static void from_relay(void *arg, const struct amtg_element *from, unsigned out,
                       const struct amtg_packet *p)
{
    struct relay *relay = arg;

    if (!from->outs[out].peer || from->outs[out].peer != relay->udp)
        return;
    relay->world->limited += p->data[0] == AMTG_MSG_QUERY && (p->data[1] & 0x02);
    receiver_hear(relay->world->receiver, relay->address, AMTG_AMT_PORT, p->data, p->len);
}

static void start_relay(struct relay *relay, struct world *world, const char *address, uint8_t number)
{
    static uint8_t seeds[RELAYS][32];
    struct amtg_graph_options options = {.classes = amtg_classes};
    struct amtg_diag *diag = amtg_diag_new();
    enum amtg_err err;
    char why[WHY];

    seeds[number][0] = (uint8_t)(number + 1);
    *relay = (struct relay){.address = address, .world = world};
    relay->graph = amtg_graph_load("graphs/relay.yaml", &options, diag);
    ck_assert_ptr_nonnull(relay->graph);
    amtg_diag_free(diag);
    struct amtg_runtime_options run = {.clock = AMTG_CLOCK_VIRTUAL, .boundary = true,
                                       .seed = seeds[number], .observe = from_relay,
                                       .observe_arg = relay};
    relay->runtime = amtg_runtime_new(relay->graph, &run, &err, why, sizeof why);
    ck_assert_msg(relay->runtime != NULL, "%s", why);
    ck_assert_int_eq(amtg_runtime_start(relay->runtime, why, sizeof why), AMTG_OK);
    relay->udp = amtg_runtime_find(relay->runtime, "udp");
    relay->native = amtg_runtime_find(relay->runtime, "native");
}

static void stop_relay(struct relay *relay)
{
    amtg_runtime_stop(relay->runtime);
    amtg_runtime_free(relay->runtime);
    amtg_graph_free(relay->graph);
    relay->runtime = NULL;
}

static void to_relay(struct relay *relay, const struct said *said)
{
    struct amtg_packet *p = amtg_make(relay->udp, AMTG_DATAGRAM, said->len);

    memcpy(p->data, said->octets, said->len);
    ck_assert(amtg_addr_parse("10.0.0.2", &p->peer.remote));
    p->peer.remote_port = 40000;
    p->peer.local = said->to;
    p->peer.local_port = said->port;
    amtg_runtime_emit(relay->udp, 0, p);
}

/* The source sends to both, as a network with multicast does. */
static void from_source(struct world *w)
{
    uint8_t octets[64];
    uint32_t len = (uint32_t)rig_octets(NATIVE4_HEX, octets, sizeof octets);

    for (unsigned i = 0; i < RELAYS; i++) {
        if (!w->relays[i].runtime)
            continue;
        struct amtg_packet *p = amtg_make(w->relays[i].native, AMTG_IP_RAW, len);
        memcpy(p->data, octets, len);
        amtg_runtime_emit(w->relays[i].native, 0, p);
    }
}

static uint64_t endpoints(const struct relay *relay)
{
    return amtg_runtime_left(relay->runtime);
}

/* ---- the world ------------------------------------------------------------------ */

static void play(struct world *w, unsigned ms)
{
    for (unsigned at = 0; at < ms; at += TICK) {
        struct said said;
        if (receiver_now_ms(w->receiver) % STREAM == 0)
            from_source(w);
        receiver_step(w->receiver, TICK);
        while (receiver_take(w->receiver, &said))
            for (unsigned i = 0; i < RELAYS; i++) {
                struct amtg_addr address;
                ck_assert(amtg_addr_parse(w->relays[i].address, &address));
                if (w->relays[i].runtime && amtg_addr_equal(&address, &said.to))
                    to_relay(&w->relays[i], &said);
            }
        for (unsigned i = 0; i < RELAYS; i++)
            if (w->relays[i].runtime)
                amtg_loop_step(amtg_runtime_loop(w->relays[i].runtime), TICK * AMTG_MS);
    }
}

/* Both relays can be discovered, by their own addresses, the first one first. */
static void begin(struct world *w, const char *addresses)
{
    const char *const settings[][2] = {{"discovery", addresses}, {NULL, NULL}};

    *w = (struct world){.receiver = receiver_new(settings)};
    start_relay(&w->relays[0], w, RELAY4, 0);
    start_relay(&w->relays[1], w, "192.0.2.2", 1);
}

static void end(struct world *w)
{
    struct said said;

    receiver_stop(w->receiver);
    while (receiver_take(w->receiver, &said))
        ;
    receiver_free(w->receiver);
    for (unsigned i = 0; i < RELAYS; i++)
        if (w->relays[i].runtime)
            stop_relay(&w->relays[i]);
}

/* Packets of the stream that do not come in this time. */
static unsigned missing(struct world *w, unsigned ms)
{
    unsigned before = receiver_played(w->receiver, "test");

    play(w, ms);
    unsigned came = receiver_played(w->receiver, "test") - before, sent = ms / STREAM;
    return came >= sent ? 0 : sent - came;
}

START_TEST(gateways_leave_a_relay_that_drains_without_losing_a_packet)
{
    struct world w;

    begin(&w, RELAY4 ",192.0.2.2");
    play(&w, 10 * SECOND);
    ck_assert_uint_eq(endpoints(&w.relays[0]), 1);
    ck_assert_uint_eq(missing(&w, MINUTE), 0);

    ck_assert_uint_eq(amtg_runtime_drain(w.relays[0].runtime, true), 1);
    ck_assert_uint_eq(missing(&w, 2 * MINUTE), 0); /* within a query interval it is told */
    ck_assert_uint_ge(w.limited, 1);
    ck_assert_uint_eq(endpoints(&w.relays[0]), 0); /* left, by a Teardown */
    ck_assert_uint_eq(endpoints(&w.relays[1]), 1);
    ck_assert_uint_eq(receiver_counter(w.receiver, "tunnel/gateway", "relay-changes"), 1);
    ck_assert_uint_ge(receiver_counter(w.receiver, "tunnel/gateway", "teardowns"), 1);

    stop_relay(&w.relays[0]);
    ck_assert_uint_eq(missing(&w, 10 * MINUTE), 0);
    end(&w);
}
END_TEST

/* Who has just come is sent on at once, before it has anything there. */
START_TEST(a_new_gateway_does_not_stay_with_a_relay_that_drains)
{
    struct world w;

    begin(&w, RELAY4 ",192.0.2.2");
    amtg_runtime_drain(w.relays[0].runtime, true);
    play(&w, 5 * SECOND);
    ck_assert_uint_eq(endpoints(&w.relays[0]), 0);
    ck_assert_uint_eq(endpoints(&w.relays[1]), 1);
    ck_assert_uint_eq(receiver_drops(w.receiver, "tunnel/gateway", "query-refused"), 1);
    ck_assert_uint_eq(missing(&w, MINUTE), 0);
    end(&w);
}
END_TEST

/* There is nowhere to go: better served until the end than not at all. */
START_TEST(a_gateway_that_knows_no_other_relay_is_served_until_the_stop)
{
    struct world w;

    begin(&w, RELAY4);
    play(&w, 10 * SECOND);
    amtg_runtime_drain(w.relays[0].runtime, true);
    ck_assert_uint_eq(missing(&w, 10 * MINUTE), 0);
    ck_assert_uint_ge(w.limited, 2);
    amtg_runtime_drain(w.relays[0].runtime, false); /* the operator has thought better of it */
    w.limited = 0;
    play(&w, 2 * MINUTE);
    w.limited = 0;
    ck_assert_uint_eq(missing(&w, 5 * MINUTE), 0);
    ck_assert_uint_eq(w.limited, 0);
    end(&w);
}
END_TEST

AMTG_SUITE("relays that drain", gateways_leave_a_relay_that_drains_without_losing_a_packet,
           a_new_gateway_does_not_stay_with_a_relay_that_drains,
           a_gateway_that_knows_no_other_relay_is_served_until_the_stop)
