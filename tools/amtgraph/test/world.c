#include "tools/amtgraph/test/world.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/capture_file.h"
#include "elements/wire/types.h"

enum { WIRED_MOST = 4096 }; /* packets on all wires at a time */

/* What goes into one stand-in comes out of another, as soon as the push is over. */
struct wire {
    struct wire *next;
    struct test_world *world;
    unsigned from, to;
    struct amtg_task task;
    struct amtg_packet *first, **end;
};

/* What has been looked through for a place: nothing before `next` is left there. */
struct cursor {
    struct test_place place;
    unsigned next;
};

struct test_world {
    const struct amtg_graph *graph;
    struct amtg_runtime *runtime;
    struct amtg_arena *arena;
    struct test_place *watched;
    unsigned watched_count;
    struct test_seen **seen;
    unsigned seen_count;
    struct cursor *cursors;
    unsigned cursors_count;
    const struct test_place *awaited; /* stop the clock when something passes here */
    struct wire *wires;
    unsigned wired;
};

void test_sender(bool ip6, struct amtg_addr *out)
{
    amtg_addr_parse(ip6 ? "2001:db8::10" : "192.0.2.10", out);
}

/* ---- looking on ------------------------------------------------------------- */

/* Node and input behind an output; -1: none. */
static void behind(const struct amtg_graph *g, unsigned node, unsigned out, int *to, int *in)
{
    int edge = g->nodes[node].outs[out].edge;

    *to = edge >= 0 ? (int)g->edges[edge].to : -1;
    *in = edge >= 0 ? (int)g->edges[edge].in : -1;
}

static bool is_at(const struct test_place *place, unsigned from, unsigned out, int to, int in)
{
    if (place->output)
        return place->node == from && (place->port < 0 || (unsigned)place->port == out);
    return (int)place->node == to && (place->port < 0 || place->port == in);
}

static void keep(struct test_world *w, struct test_seen seen)
{
    w->seen = amtg_arena_grow(w->arena, w->seen, w->seen_count, sizeof(struct test_seen *));
    w->seen[w->seen_count] = amtg_arena_get(w->arena, sizeof(struct test_seen));
    *w->seen[w->seen_count++] = seen;
}

static bool carries_peer(const struct amtg_type *type)
{
    return amtg_type_is(type, AMTG_DATAGRAM) || amtg_type_is(type, AMTG_REPORT) ||
           amtg_type_is(type, AMTG_UNREACHABLE) || amtg_type_is(type, AMTG_GONE);
}

static void remember(struct test_world *w, struct test_seen seen, const struct amtg_packet *p)
{
    uint8_t *octets = amtg_arena_get(w->arena, p->len + 1);

    memcpy(octets, p->data, p->len);
    seen.octets = octets;
    seen.len = p->len;
    seen.type = p->type;
    seen.peer = p->peer;
    seen.has_peer = carries_peer(p->type);
    seen.outward = p->flags & AMTG_ADDRESSED_ONE;
    if (!p->to) {
        keep(w, seen);
        return;
    }
    for (uint32_t i = 0; i < p->to->count; i++) {
        seen.peer = p->to->entries[i]->peer;
        seen.outward = seen.has_peer = true;
        if (!p->to->entries[i]->dead)
            keep(w, seen);
    }
}

static void carry(struct test_world *w, int node, const struct amtg_packet *p);

static void observe(void *arg, const struct amtg_element *from, unsigned out,
                    const struct amtg_packet *p)
{
    struct test_world *w = arg;
    struct test_seen seen = {.time_ns = amtg_now(from), .out = out};

    seen.from = (unsigned)(from - amtg_runtime_element(w->runtime, 0));
    behind(w->graph, seen.from, out, &seen.to, &seen.in);
    for (unsigned i = 0; i < w->watched_count; i++)
        if (is_at(&w->watched[i], seen.from, out, seen.to, seen.in)) {
            remember(w, seen, p);
            break;
        }
    if (w->awaited && is_at(w->awaited, seen.from, out, seen.to, seen.in))
        amtg_loop_stop(amtg_runtime_loop(w->runtime));
    carry(w, seen.to, p);
}

/* ---- wires ------------------------------------------------------------------ */

static void deliver(struct amtg_element *e, struct amtg_task *t)
{
    struct wire *wire = (struct wire *)((char *)t - offsetof(struct wire, task));

    while (wire->first) {
        struct amtg_packet *p = wire->first;
        wire->first = p->next;
        wire->world->wired--;
        amtg_emit(e, 0, p);
    }
    wire->end = &wire->first;
}

static void carry_to(struct wire *wire, const struct amtg_packet *p, const struct amtg_peer *peer)
{
    struct amtg_element *e = amtg_runtime_element(wire->world->runtime, wire->to);
    struct amtg_packet *copy =
        wire->world->wired < WIRED_MOST ? amtg_make(e, AMTG_DATAGRAM, p->len) : NULL;

    if (!copy)
        return;
    memcpy(copy->data, p->data, p->len);
    copy->next = NULL;
    copy->peer = (struct amtg_peer){.remote = peer->local,
                                    .remote_port = peer->local_port,
                                    .local = peer->remote,
                                    .local_port = peer->remote_port};
    if (amtg_addr_is_unspecified(&copy->peer.remote)) /* a host would fill it in */
        test_sender(!amtg_addr_is4(&peer->remote), &copy->peer.remote);
    if (!copy->peer.remote_port)
        copy->peer.remote_port = TEST_SENDER_PORT;
    *wire->end = copy;
    wire->end = &copy->next;
    wire->world->wired++;
    amtg_task_post(e, &wire->task);
}

/* A datagram for one peer, or for each of a set; anything else does not travel on wires. */
static void carry(struct test_world *w, int node, const struct amtg_packet *p)
{
    for (struct wire *wire = w->wires; wire; wire = wire->next) {
        if ((int)wire->from != node || !amtg_type_is(p->type, AMTG_DATAGRAM))
            continue;
        for (uint32_t i = 0; p->to && i < p->to->count; i++)
            if (!p->to->entries[i]->dead)
                carry_to(wire, p, &p->to->entries[i]->peer);
        if (!p->to)
            carry_to(wire, p, &p->peer);
    }
}

static void add_wire(struct test_world *w, unsigned from, unsigned to)
{
    struct wire *wire = amtg_arena_get(w->arena, sizeof *wire);

    *wire =
        (struct wire){.next = w->wires, .world = w, .from = from, .to = to, .task.run = deliver};
    wire->end = &wire->first;
    w->wires = wire;
}

void test_world_wire(struct test_world *w, const unsigned ends[2])
{
    add_wire(w, ends[0], ends[1]);
    add_wire(w, ends[1], ends[0]);
}

/* ---- life ------------------------------------------------------------------- */

struct test_world *test_world_new(const struct amtg_graph *g, uint64_t seed, char *why, size_t room)
{
    struct amtg_arena *arena = amtg_arena_new();
    struct test_world *w = amtg_arena_get(arena, sizeof *w);
    uint8_t octets[32] = {0};
    struct amtg_runtime_options options = {.clock = AMTG_CLOCK_VIRTUAL,
                                           .boundary = true,
                                           .seed = octets,
                                           .observe = observe,
                                           .observe_arg = w,
                                           .buffers = WIRED_MOST};
    enum amtg_err err;

    w->arena = arena;
    w->graph = g;
    for (unsigned i = 0; i < 8; i++)
        octets[i] = (uint8_t)(seed >> 8 * i);
    w->runtime = amtg_runtime_new(g, &options, &err, why, room);
    if (w->runtime)
        return w;
    amtg_arena_free(arena);
    return NULL;
}

void test_world_free(struct test_world *w)
{
    char why[1];

    if (!w)
        return;
    test_world_stop(w, why, sizeof why);
    amtg_runtime_free(w->runtime);
    amtg_arena_free(w->arena);
}

void test_world_watch(struct test_world *w, const struct test_place *place)
{
    w->watched = amtg_arena_grow(w->arena, w->watched, w->watched_count, sizeof *w->watched);
    w->watched[w->watched_count++] = *place;
}

bool test_world_start(struct test_world *w, char *why, size_t room)
{
    return amtg_runtime_start(w->runtime, why, room) == AMTG_OK && test_world_pass(w, 0, why, room);
}

uint64_t test_world_now(const struct test_world *w)
{
    return amtg_loop_now_ns(amtg_runtime_loop(w->runtime));
}

struct amtg_runtime *test_world_runtime(struct test_world *w)
{
    return w->runtime;
}

static bool accounted(struct test_world *w, char *why, size_t room)
{
    for (unsigned i = 0; i < w->graph->nodes_count; i++) {
        const struct amtg_element *e = amtg_runtime_element(w->runtime, i);
        if (e->taken + e->made == e->emitted + e->dropped + e->finished)
            continue;
        snprintf(why, room, "%s (%s): %llu packets came, %llu are accounted for", e->name,
                 e->class->name, (unsigned long long)(e->taken + e->made),
                 (unsigned long long)(e->emitted + e->dropped + e->finished));
        return false;
    }
    return true;
}

const char *test_world_verdict(const struct test_world *w)
{
    return amtg_runtime_verdict(w->runtime);
}

bool test_world_stop(struct test_world *w, char *why, size_t room)
{
    amtg_runtime_stop(w->runtime);
    for (struct wire *wire = w->wires; wire; wire = wire->next) {
        amtg_loop_task_cancel(amtg_runtime_loop(w->runtime), &wire->task);
        while (wire->first) {
            struct amtg_packet *p = wire->first;
            wire->first = p->next;
            amtg_finish(amtg_runtime_element(w->runtime, wire->to), p);
        }
        wire->end = &wire->first;
    }
    if (amtg_runtime_outcome(w->runtime, why, room))
        return false;
    return accounted(w, why, room);
}

/* ---- time ------------------------------------------------------------------- */

/* An element may stop the loop (amtg_end): in a test that ends nothing. */
bool test_world_pass(struct test_world *w, uint64_t ns, char *why, size_t room)
{
    struct amtg_loop *loop = amtg_runtime_loop(w->runtime);
    uint64_t until = amtg_loop_now_ns(loop) + ns;

    do
        amtg_loop_step(loop, until - amtg_loop_now_ns(loop));
    while (amtg_loop_now_ns(loop) < until && !amtg_runtime_outcome(w->runtime, why, room));
    return amtg_runtime_outcome(w->runtime, why, room) == AMTG_OK;
}

static struct cursor *cursor_of(struct test_world *w, const struct test_place *place)
{
    for (unsigned i = 0; i < w->cursors_count; i++) {
        const struct test_place *p = &w->cursors[i].place;
        if (p->node == place->node && p->port == place->port && p->output == place->output)
            return &w->cursors[i];
    }
    w->cursors = amtg_arena_grow(w->arena, w->cursors, w->cursors_count, sizeof *w->cursors);
    w->cursors[w->cursors_count] = (struct cursor){.place = *place};
    return &w->cursors[w->cursors_count++];
}

static struct test_seen *find_seen(struct test_world *w, const struct test_place *place)
{
    struct cursor *c = cursor_of(w, place);

    for (; c->next < w->seen_count; c->next++) {
        struct test_seen *s = w->seen[c->next];
        if (is_at(place, s->from, s->out, s->to, s->in) &&
            !(place->output ? s->taken_out : s->taken_in))
            return s;
    }
    return NULL;
}

struct test_seen *test_world_next(struct test_world *w, const struct test_place *place,
                                  uint64_t until_ns)
{
    struct amtg_loop *loop = amtg_runtime_loop(w->runtime);
    struct test_seen *found = find_seen(w, place);
    char why[1];

    w->awaited = place;
    while (!found && amtg_loop_now_ns(loop) < until_ns &&
           !amtg_runtime_outcome(w->runtime, why, sizeof why)) {
        amtg_loop_step(loop, until_ns - amtg_loop_now_ns(loop));
        found = find_seen(w, place);
    }
    w->awaited = NULL;
    return found;
}

void test_world_take(const struct test_place *place, struct test_seen *seen)
{
    if (place->output)
        seen->taken_out = true;
    else
        seen->taken_in = true;
}

/* ---- sending ---------------------------------------------------------------- */

/* The narrowest type that is known of a packet for this port. */
static const struct amtg_type *type_of(const struct amtg_type *port, const struct amtg_layer *first)
{
    const struct amtg_type *own = first ? amtg_layer_type(first) : NULL;

    return own && amtg_type_is(own, port) ? own : port;
}

static bool send_typed(struct test_world *w, const struct test_place *place,
                       const struct amtg_type *type, const uint8_t *octets, uint32_t len,
                       const struct amtg_peer *peer, char *why, size_t room)
{
    struct amtg_element *e = amtg_runtime_element(w->runtime, place->node);
    const struct amtg_graph_node *node = &w->graph->nodes[place->node];
    const struct amtg_graph_port *port =
        place->output ? &node->outs[place->port] : &node->ins[place->port];
    struct amtg_packet *p = amtg_make(e, type, len);

    if (!p) {
        snprintf(why, room, "there is no buffer for another packet");
        return false;
    }
    memcpy(p->data, octets, len);
    if (amtg_type_is(type, AMTG_IP) && !amtg_type_wire(type)->from_ip(p)) {
        snprintf(why, room, "only sound IP datagrams of type %s pass here", type->name);
        amtg_finish(e, p);
        return false;
    }
    p->type = type;
    p->peer = *peer;
    if (port->port->flags & AMTG_TO || port->to) {
        p->peer = (struct amtg_peer){.remote = peer->local,
                                     .remote_port = peer->local_port,
                                     .local = peer->remote,
                                     .local_port = peer->remote_port};
        p->flags |= AMTG_ADDRESSED_ONE;
    }
    if (place->output)
        amtg_runtime_emit(e, (unsigned)place->port, p);
    else
        amtg_runtime_push(e, (unsigned)place->port, p);
    return test_world_pass(w, 0, why, room);
}

bool test_world_send(struct test_world *w, const struct test_place *place,
                     const struct amtg_layer *first, const uint8_t *octets, uint32_t len,
                     const struct amtg_peer *peer, char *why, size_t room)
{
    const struct amtg_type *type = type_of(test_place_type(w->graph, place), first);

    return send_typed(w, place, type, octets, len, peer, why, room);
}

/* One datagram of a capture: as it is, or what the port's type makes of it. */
static bool send_captured(struct test_world *w, const struct test_place *place,
                          const struct amtg_captured *c, char *why, size_t room)
{
    const struct amtg_type *type = test_place_type(w->graph, place);
    const struct amtg_wire_form *wire = amtg_type_wire(type);
    struct amtg_element *e = amtg_runtime_element(w->runtime, place->node);
    struct amtg_packet *p = amtg_make(e, AMTG_PACKET, c->len);

    if (!p) {
        snprintf(why, room, "there is no buffer for another packet");
        return false;
    }
    memcpy(p->data, c->octets, c->len);
    if (!wire || !wire->from_ip || !wire->from_ip(p)) {
        snprintf(why, room, "a datagram of the capture cannot be of type %s", type->name);
        amtg_finish(e, p);
        return false;
    }
    p->type = type;
    if (place->output)
        amtg_runtime_emit(e, (unsigned)place->port, p);
    else
        amtg_runtime_push(e, (unsigned)place->port, p);
    return test_world_pass(w, 0, why, room);
}

bool test_world_replay(struct test_world *w, const struct test_place *place, const char *path,
                       char *why, size_t room)
{
    struct amtg_capture_reader *reader = amtg_capture_open(path, why, room);
    enum amtg_capture_result result = AMTG_CAPTURE_BROKEN;
    struct amtg_captured c;
    uint64_t begin = test_world_now(w), first = 0;
    bool good = reader != NULL;

    while (good && (result = amtg_capture_next(reader, &c, why, room)) == AMTG_CAPTURE_DATAGRAM) {
        first = first ? first : c.wall_ns;
        uint64_t due = begin + (c.wall_ns > first ? c.wall_ns - first : 0);
        if (due > test_world_now(w))
            good = test_world_pass(w, due - test_world_now(w), why, room);
        good = good && send_captured(w, place, &c, why, room);
    }
    amtg_capture_close(reader);
    return good && result != AMTG_CAPTURE_BROKEN;
}
