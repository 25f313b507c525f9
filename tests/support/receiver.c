#include "tests/support/receiver.h"

#include <stdio.h>
#include <string.h>

#include "core/runtime_private.h"
#include "core/table.h"
#include "elements/registry.h"
#include "elements/wire/types.h"
#include "tests/support/rig.h"

enum { SETTINGS = 16, WHY = 512, PAYLOAD = 16 };

#define GRAPH "graphs/receive.yaml" /* tests run in the project's folder */
#define BEGAN (1767225600ull * AMTG_S) /* 2026-01-01 */

struct message {
    struct said said;
    struct message *next;
};

struct payload {
    char text[PAYLOAD];
    struct payload *next;
};

struct receiver {
    struct amtg_graph *graph;
    struct amtg_runtime *runtime;
    struct amtg_element *udp; /* the boundary's stand-in */
    /* In the places of what would touch the host. */
    struct amtg_element network, player;
    struct message *first, **end;
    struct payload *played;
};

/* ---- in the places of socket and player ----------------------------------- */

static void keep_message(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct receiver *r = AMTG_CONTAINER(e, struct receiver, network);

    (void)in;
    AMTG_EACH (p, batch) {
        struct message *m = calloc(1, sizeof *m);
        ck_assert(p->flags & AMTG_ADDRESSED_ONE);
        ck_assert_uint_le(p->len, sizeof m->said.octets);
        m->said = (struct said){.to = p->peer.remote, .port = p->peer.remote_port, .len = p->len};
        memcpy(m->said.octets, p->data, p->len);
        *r->end = m;
        r->end = &m->next;
        amtg_packet_free(p);
    }
}

static void keep_payload(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct receiver *r = AMTG_CONTAINER(e, struct receiver, player);

    (void)in;
    AMTG_EACH (p, batch) {
        struct payload *payload = calloc(1, sizeof *payload);
        memcpy(payload->text, p->data, p->len < PAYLOAD ? p->len : PAYLOAD - 1);
        payload->next = r->played;
        r->played = payload;
        amtg_packet_free(p);
    }
}

static const struct amtg_class network_class = {.name = "network", .push = keep_message};
static const struct amtg_class player_class = {.name = "player", .push = keep_payload};

/* All that is sent to the element `name` goes to `instead`. */
static void replace(struct receiver *r, const char *name, struct amtg_element *instead,
                    const struct amtg_class *class)
{
    struct amtg_element *was = amtg_runtime_find(r->runtime, name);

    ck_assert_msg(was != NULL, GRAPH " has no element %s", name);
    *instead = (struct amtg_element){.class = class, .name = name, .push = class->push};
    for (unsigned i = 0; i < r->graph->nodes_count; i++) {
        struct amtg_element *e = amtg_runtime_element(r->runtime, i);
        for (unsigned k = 0; k < e->outs_count; k++)
            if (e->outs[k].peer == was)
                e->outs[k].peer = instead;
    }
}

/* ---- life ----------------------------------------------------------------- */

static void load(struct receiver *r, const char *const settings[][2])
{
    struct amtg_setting list[SETTINGS];
    struct amtg_graph_options options = {.classes = amtg_classes, .settings = list};
    struct amtg_diag *diag = amtg_diag_new();

    for (; settings[options.settings_count][0]; options.settings_count++) {
        ck_assert_uint_lt(options.settings_count, SETTINGS);
        list[options.settings_count].name = settings[options.settings_count][0];
        list[options.settings_count].value = settings[options.settings_count][1];
    }
    r->graph = amtg_graph_load(GRAPH, &options, diag);
    amtg_diag_print(diag, stderr, false);
    ck_assert_msg(r->graph != NULL, GRAPH " is not valid (see above)");
    amtg_diag_free(diag);
}

struct receiver *receiver_new(const char *const settings[][2])
{
    struct receiver *r = calloc(1, sizeof *r);
    static const uint8_t seed[32] = {1};
    struct amtg_runtime_options options = {
        .clock = AMTG_CLOCK_VIRTUAL, .boundary = true, .seed = seed};
    enum amtg_err err;
    char why[WHY];

    r->end = &r->first;
    load(r, settings);
    if (getenv("AMTG_RIG_LOG")) {
        options.log = stderr;
        options.log_level = AMTG_LOG_DEBUG;
    }
    r->runtime = amtg_runtime_new(r->graph, &options, &err, why, sizeof why);
    ck_assert_msg(r->runtime != NULL, "%s", why);
    r->udp = amtg_runtime_find(r->runtime, "tunnel/udp");
    replace(r, "tunnel/udp", &r->network, &network_class);
    replace(r, "player", &r->player, &player_class);
    amtg_loop_set_wall(amtg_runtime_loop(r->runtime), BEGAN);
    ck_assert_msg(amtg_runtime_start(r->runtime, why, sizeof why) == AMTG_OK, "%s", why);
    return r;
}

void receiver_stop(struct receiver *r)
{
    amtg_runtime_stop(r->runtime);
}

void receiver_free(struct receiver *r)
{
    receiver_stop(r);
    for (unsigned i = 0; i < r->graph->nodes_count; i++) {
        const struct amtg_element *e = amtg_runtime_element(r->runtime, i);
        ck_assert_msg(e->taken + e->made == e->emitted + e->dropped + e->finished,
                      "%s does not account for each packet", e->name);
    }
    ck_assert_uint_eq(amtg_pool_stats(amtg_runtime_pool(r->runtime)).packets, 0);
    amtg_runtime_free(r->runtime);
    amtg_graph_free(r->graph);
    for (struct message *next, *m = r->first; m; m = next) {
        next = m->next;
        free(m);
    }
    for (struct payload *next, *p = r->played; p; p = next) {
        next = p->next;
        free(p);
    }
    free(r);
}

void receiver_step(struct receiver *r, unsigned ms)
{
    amtg_loop_step(amtg_runtime_loop(r->runtime), ms * AMTG_MS);
}

uint64_t receiver_now_ms(struct receiver *r)
{
    return amtg_loop_now_ns(amtg_runtime_loop(r->runtime)) / AMTG_MS;
}

/* ---- to and from the tunnel ------------------------------------------------ */

bool receiver_take(struct receiver *r, struct said *out)
{
    struct message *m = r->first;

    if (!m)
        return false;
    *out = m->said;
    r->first = m->next;
    if (!r->first)
        r->end = &r->first;
    free(m);
    return true;
}

void receiver_hear(struct receiver *r, const char *from, uint16_t port, const uint8_t *octets,
                   uint32_t len)
{
    struct amtg_packet *p = amtg_make(r->udp, AMTG_DATAGRAM, len);

    ck_assert(p != NULL);
    if (len)
        memcpy(p->data, octets, len);
    ck_assert(amtg_addr_parse(from, &p->peer.remote));
    ck_assert(amtg_addr_parse(amtg_addr_is4(&p->peer.remote) ? "10.0.0.2" : "2001:db8:2::2",
                              &p->peer.local));
    p->peer.remote_port = port;
    p->peer.local_port = 40000;
    amtg_emit(r->udp, 0, p);
    amtg_element_flush(r->udp);
}

void receiver_hear_hex(struct receiver *r, const char *from, uint16_t port, const char *hex)
{
    uint8_t octets[2048];

    receiver_hear(r, from, port, octets, (uint32_t)rig_octets(hex, octets, sizeof octets));
}

unsigned receiver_played(struct receiver *r, const char *payload)
{
    unsigned count = 0;

    for (const struct payload *p = r->played; p; p = p->next)
        count += !payload || strcmp(p->text, payload) == 0;
    return count;
}

/* ---- counters --------------------------------------------------------------- */

static struct amtg_element *element_of(struct receiver *r, const char *name)
{
    struct amtg_element *e = amtg_runtime_find(r->runtime, name);

    ck_assert_msg(e != NULL, GRAPH " has no element %s", name);
    return e;
}

uint64_t receiver_drops(struct receiver *r, const char *element, const char *reason)
{
    const struct amtg_element *e = element_of(r, element);

    for (unsigned i = 0; i < e->class->drops_count; i++)
        if (strcmp(e->class->drops[i].name, reason) == 0)
            return e->drops[i];
    ck_abort_msg("%s has no drop reason %s", element, reason);
    return 0;
}

uint64_t receiver_counter(struct receiver *r, const char *element, const char *counter)
{
    const struct amtg_element *e = element_of(r, element);

    for (unsigned i = 0; i < e->class->counters_count; i++)
        if (strcmp(e->class->counters[i].name, counter) == 0)
            return e->counters[i];
    ck_abort_msg("%s has no counter %s", element, counter);
    return 0;
}
