#include "tools/amtgraph/run/pace.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/amtgraph/packet_caught.h"
#include "tools/amtgraph/packet_change.h"

/* A packet as it was, with its octets, which are ours. */
struct seen {
    struct caught caught;
    uint8_t *octets;
    uint64_t instant; /* 0: nothing */
};

struct pace {
    const struct amtg_graph *graph;
    struct amtg_runtime *runtime; /* NULL: not begun */
    struct amtg_loop *loop;
    enum pace_mode mode;
    const char *at; /* where it stands: "start", "packet", "event", "time", "end" */
    uint64_t now_ns; /* up to which all has happened: the clock of the loop is at what comes next */
    uint64_t until_ns, next_ns;
    double speed;
    uint64_t played_from_ns, played_since_ns; /* loop time and real time at which play began */
    bool credit;  /* PACE_EVENT: its timer has not fired yet */
    bool ended;
    uint64_t instant; /* one for each timer that fires */
    struct seen *into; /* by node: what it was given last */
    struct seen crossing;
    struct seen before; /* what the element at work was given, in the same instant */
    unsigned node, out;
    void (*listen)(void *arg, bool crossing);
    void *listen_arg;
};

struct pace *pace_new(const struct amtg_graph *g)
{
    struct pace *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->graph = g;
    p->at = "start";
    p->instant = 1;
    p->next_ns = UINT64_MAX;
    p->into = calloc(g->nodes_count + 1, sizeof *p->into);
    if (p->into)
        return p;
    free(p);
    return NULL;
}

void pace_free(struct pace *p)
{
    if (!p)
        return;
    for (unsigned i = 0; i < p->graph->nodes_count; i++)
        free(p->into[i].octets);
    free(p->into);
    free(p->crossing.octets);
    free(p->before.octets);
    free(p);
}

/* ---- standing still ---------------------------------------------------------------- */

static void tell(struct pace *p, bool crossing)
{
    if (p->listen)
        p->listen(p->listen_arg, crossing);
}

static void stand(struct pace *p, const char *at)
{
    if (p->mode == PACE_UNTIL && !p->ended && p->until_ns > p->now_ns && p->until_ns < p->next_ns)
        p->now_ns = p->until_ns;
    p->mode = PACE_PAUSED;
    p->at = at;
    tell(p, false);
}

static void wait_while_paused(struct pace *p)
{
    while (p->mode == PACE_PAUSED && amtg_loop_wait(p->loop, UINT64_MAX))
        ;
}

static uint64_t real_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * AMTG_S + (uint64_t)ts.tv_nsec;
}

/* Until real time has come to where play would be at next_ns, or something else is wanted. */
static void wait_for_turn(struct pace *p, uint64_t next_ns)
{
    while (p->mode == PACE_PLAY && p->speed > 0 && next_ns > p->played_from_ns) {
        uint64_t due = p->played_since_ns +
                       (uint64_t)((double)(next_ns - p->played_from_ns) / p->speed);
        uint64_t now = real_now();
        if (now >= due || !amtg_loop_wait(p->loop, due - now))
            return;
    }
    if (p->mode == PACE_PLAY && p->speed <= 0)
        amtg_loop_wait(p->loop, 0); /* whoever asks is not kept waiting */
}

static void gate(void *arg, uint64_t next_ns)
{
    struct pace *p = arg;

    p->next_ns = next_ns;
    do {
        if (p->mode == PACE_EVENT && !p->credit)
            stand(p, "event");
        if (p->mode == PACE_UNTIL && next_ns > p->until_ns)
            stand(p, "time");
        wait_while_paused(p);
        wait_for_turn(p, next_ns);
        wait_while_paused(p); /* it may have been told so meanwhile */
    } while (p->mode == PACE_UNTIL && next_ns > p->until_ns); /* or to go to before the next */
    p->credit = false;
    p->instant++;
    p->now_ns = next_ns;
    p->next_ns = UINT64_MAX; /* not known before this one is over */
}

void pace_begin(struct pace *p, struct amtg_runtime *rt)
{
    p->runtime = rt;
    p->loop = amtg_runtime_loop(rt);
    amtg_loop_set_gate(p->loop, gate, p);
}

void pace_linger(struct pace *p)
{
    p->ended = true;
    p->now_ns = amtg_loop_now_ns(p->loop);
    p->next_ns = UINT64_MAX;
    stand(p, "end");
    while (amtg_loop_wait(p->loop, UINT64_MAX))
        p->mode = PACE_PAUSED; /* there is nowhere to go */
}

void pace_set(struct pace *p, enum pace_mode mode, uint64_t until_ns, double speed)
{
    if (mode == PACE_PAUSED && p->mode != PACE_PAUSED)
        p->at = "event"; /* told so while it waited for the next */
    p->mode = mode;
    p->until_ns = until_ns;
    p->speed = speed;
    p->credit = mode == PACE_EVENT;
    p->played_from_ns = p->now_ns;
    p->played_since_ns = real_now();
    tell(p, false);
}

bool pace_is_fast(const struct pace *p)
{
    return p->mode == PACE_PLAY || p->mode == PACE_UNTIL;
}

void pace_set_listener(struct pace *p, void (*listen)(void *arg, bool crossing), void *arg)
{
    p->listen = listen;
    p->listen_arg = arg;
}

/* ---- packets ----------------------------------------------------------------------- */

/* No memory: it is as if nothing had been seen. */
static void note(struct seen *s, const struct caught *c, const uint8_t *from, uint64_t instant)
{
    uint8_t *octets = realloc(s->octets, c->packet.len + 1);

    s->instant = 0;
    if (!octets)
        return;
    s->octets = octets;
    s->caught = *c;
    memcpy(octets, from, c->packet.len);
    s->instant = instant;
}

void pace_look(void *arg, const struct amtg_element *from, unsigned out,
               const struct amtg_packet *packet)
{
    struct pace *p = arg;
    unsigned node = amtg_runtime_index(from);
    int edge = p->graph->nodes[node].outs[out].edge;
    const struct seen *given = &p->into[node];
    const struct caught now = caught_of(from, packet, 0);

    p->before.instant = 0;
    if (given->instant == p->instant)
        note(&p->before, &given->caught, given->octets, p->instant);
    note(&p->crossing, &now, packet->data, p->instant);
    p->node = node;
    p->out = out;
    if (edge >= 0)
        note(&p->into[p->graph->edges[edge].to], &now, packet->data, p->instant);
    if (!p->runtime)
        return;
    tell(p, true);
    if (p->mode == PACE_PACKET)
        stand(p, "packet");
    wait_while_paused(p);
}

/* ---- in words ------------------------------------------------------------------------ */

static json_t *time_json(uint64_t ns)
{
    return ns == UINT64_MAX ? json_null() : json_real((double)ns / (double)AMTG_S);
}

json_t *pace_state(const struct pace *p)
{
    static const char *const modes[] = {[PACE_PAUSED] = "paused", [PACE_PACKET] = "packet",
                                        [PACE_EVENT] = "event",   [PACE_UNTIL] = "until",
                                        [PACE_PLAY] = "play"};

    return json_pack("{ss ss so so sf sb}", "mode", modes[p->mode], "at", p->at, "now",
                     time_json(p->now_ns), "next",
                     time_json(p->next_ns), "speed", p->speed, "ended", p->ended);
}

static json_t *place_json(const struct pace *p, unsigned node, const char *port)
{
    const struct amtg_graph_node *n = &p->graph->nodes[node];

    return json_pack("{ss ss ss ss si}", "element", n->name, "port", port, "class", n->class->name,
                     "file", n->mark.file, "line", (int)n->mark.line);
}

static json_t *seen_json(const struct seen *s)
{
    static const struct caught_view view = {.snap = UINT32_MAX, .layers = true};
    struct caught c = s->caught;

    return caught_json(&c, &view, s->octets);
}

json_t *pace_crossing(const struct pace *p)
{
    const struct seen *is = &p->crossing, *was = &p->before;
    int edge = p->graph->nodes[p->node].outs[p->out].edge;

    if (!is->instant)
        return NULL;
    json_t *json = json_pack("{so so so}", "time", time_json(amtg_loop_now_ns(p->loop)), "from",
                             place_json(p, p->node, p->graph->nodes[p->node].outs[p->out].name),
                             "packet", seen_json(is));
    if (edge >= 0) {
        const struct amtg_graph_edge *e = &p->graph->edges[edge];
        json_object_set_new(json, "to", place_json(p, e->to, p->graph->nodes[e->to].ins[e->in].name));
    }
    if (was->instant) {
        struct packet_change c;
        packet_change_find(&c, was->caught.packet.type, was->octets, was->caught.packet.len,
                           is->caught.packet.type, is->octets, is->caught.packet.len);
        json_object_set_new(json, "before", seen_json(was));
        json_object_set_new(json, "becomes", json_boolean(c.changes.others));
        json_object_set_new(json, "changes", packet_change_json(&c));
        packet_change_free(&c);
    }
    return json;
}
