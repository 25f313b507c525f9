#include "tests/fuzz/support/stage.h"

#include "core/runtime_private.h"
#include "elements/registry.h"
#include "tests/fuzz/support/fuzz.h"

enum { WHY = 512 };

struct stage {
    const struct amtg_graph *graph;
    const struct stage_border *borders;
    void *arg;
    struct amtg_runtime *runtime;
    struct amtg_loop *loop;
};

static struct stage *present; /* for `hear`, which knows the element only */

/* ---- graphs -------------------------------------------------------------- */

static const struct amtg_graph *checked(struct amtg_graph *graph, struct amtg_diag *diag)
{
    amtg_diag_print(diag, stderr, false);
    FUZZ_CHECK(graph != NULL, "the graph is not valid");
    amtg_diag_free(diag);
    return graph;
}

const struct amtg_graph *stage_graph(const char *file, const struct amtg_setting *settings)
{
    struct amtg_graph_options options = {.classes = amtg_classes, .settings = settings};
    struct amtg_diag *diag = amtg_diag_new();

    while (settings && settings[options.settings_count].name)
        options.settings_count++;
    return checked(amtg_graph_load(file, &options, diag), diag);
}

const struct amtg_graph *stage_graph_text(const char *text)
{
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    struct amtg_diag *diag = amtg_diag_new();

    return checked(amtg_graph_parse("fuzz", text, strlen(text), &options, diag), diag);
}

/* ---- borders ------------------------------------------------------------- */

static const struct stage_border *border_of(const struct stage *s, const char *element)
{
    const struct stage_border *b = s->borders;

    while (b->element && strcmp(b->element, element) != 0)
        b++;
    return b->element ? b : NULL;
}

static void hear(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    const struct stage_border *border = border_of(present, e->name);

    (void)in;
    AMTG_EACH (p, batch) {
        if (!p->to)
            border->hear(present->arg, p, p->flags & AMTG_ADDRESSED_ONE ? &p->peer : NULL);
        for (uint32_t i = 0; p->to && i < p->to->count; i++)
            if (!p->to->entries[i]->dead)
                border->hear(present->arg, p, &p->to->entries[i]->peer);
        amtg_finish(e, p);
    }
}

struct stage *stage_new(const struct amtg_graph *graph, const struct stage_border *borders,
                        void *arg)
{
    static const uint8_t seed[32] = {1};
    struct amtg_runtime_options options = {
        .clock = AMTG_CLOCK_VIRTUAL, .boundary = true, .seed = seed,
        .log = getenv("AMTG_FUZZ_LOG") ? stderr : NULL, .log_level = AMTG_LOG_DEBUG};
    struct stage *s = calloc(1, sizeof *s);
    enum amtg_err err;
    char why[WHY];

    *s = (struct stage){.graph = graph, .borders = borders, .arg = arg};
    s->runtime = amtg_runtime_new(graph, &options, &err, why, sizeof why);
    FUZZ_CHECK(s->runtime != NULL, "%s", why);
    s->loop = amtg_runtime_loop(s->runtime);
    for (const struct stage_border *b = borders; b->element; b++)
        stage_element(s, b->element)->push = hear;
    present = s;
    FUZZ_CHECK(amtg_runtime_start(s->runtime, why, sizeof why) == AMTG_OK, "%s", why);
    return s;
}

static void check_accounts(const struct stage *s)
{
    for (unsigned i = 0; i < s->graph->nodes_count; i++) {
        const struct amtg_element *e = amtg_runtime_element(s->runtime, i);
        FUZZ_CHECK(e->taken + e->made == e->emitted + e->dropped + e->finished,
                   "%s: taken %llu, made %llu, emitted %llu, dropped %llu, finished %llu", e->name,
                   (unsigned long long)e->taken, (unsigned long long)e->made,
                   (unsigned long long)e->emitted, (unsigned long long)e->dropped,
                   (unsigned long long)e->finished);
        FUZZ_CHECK(amtg_pool_stats(e->pool).packets == 0, "packets are still out");
        FUZZ_CHECK(amtg_pool_stats(e->records).packets == 0, "records are still out");
    }
}

void stage_free(struct stage *s)
{
    amtg_runtime_stop(s->runtime);
    check_accounts(s);
    amtg_runtime_free(s->runtime);
    present = NULL;
    free(s);
}

/* ---- in ------------------------------------------------------------------ */

static struct amtg_packet *packet(struct amtg_element *e, const struct amtg_type *type,
                                  const struct amtg_peer *peer, const uint8_t *octets, uint32_t len)
{
    struct amtg_packet *p = amtg_make(e, type, len);

    FUZZ_CHECK(p != NULL, "no buffer for %u octets", len);
    if (len)
        memcpy(p->data, octets, len);
    if (peer)
        p->peer = *peer;
    return p;
}

static unsigned port_of(const struct amtg_graph_port *ports, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(ports[i].name, name) == 0)
            return i;
    FUZZ_CHECK(false, "there is no port %s", name);
    return 0;
}

static const struct amtg_graph_node *node_of(const struct stage *s, const char *element)
{
    for (unsigned i = 0; i < s->graph->nodes_count; i++)
        if (strcmp(s->graph->nodes[i].name, element) == 0)
            return &s->graph->nodes[i];
    FUZZ_CHECK(false, "there is no element %s", element);
    return NULL;
}

void stage_say(struct stage *s, const char *element, const char *output,
               const struct amtg_type *type, const struct amtg_peer *peer, const uint8_t *octets,
               uint32_t len)
{
    const struct amtg_graph_node *node = node_of(s, element);
    struct amtg_element *e = stage_element(s, element);

    amtg_emit(e, port_of(node->outs, node->outs_count, output), packet(e, type, peer, octets, len));
    amtg_element_flush(e);
    stage_step(s, 0);
}

void stage_push(struct stage *s, const char *element, const char *input,
                const struct amtg_type *type, const struct amtg_peer *peer, const uint8_t *octets,
                uint32_t len)
{
    const struct amtg_graph_node *node = node_of(s, element);
    struct amtg_element *e = stage_element(s, element);
    struct amtg_batch batch = {.count = 1};

    batch.packets[0] = packet(e, type, peer, octets, len); /* counts as made */
    e->push(e, port_of(node->ins, node->ins_count, input), &batch);
    amtg_element_flush(e);
    stage_step(s, 0);
}

void stage_step(struct stage *s, uint64_t ms)
{
    amtg_loop_step(s->loop, ms * AMTG_MS);
}

uint64_t stage_now_ms(const struct stage *s)
{
    return amtg_loop_now_ns(s->loop) / AMTG_MS;
}

/* ---- asking -------------------------------------------------------------- */

struct amtg_element *stage_element(struct stage *s, const char *name)
{
    struct amtg_element *e = amtg_runtime_find(s->runtime, name);

    FUZZ_CHECK(e != NULL, "there is no element %s", name);
    return e;
}

uint64_t stage_counter(struct stage *s, const char *element, const char *counter)
{
    const struct amtg_element *e = stage_element(s, element);

    for (unsigned i = 0; i < e->class->counters_count; i++)
        if (strcmp(e->class->counters[i].name, counter) == 0)
            return e->counters[i];
    FUZZ_CHECK(false, "%s has no counter %s", element, counter);
    return 0;
}

uint64_t stage_drops(struct stage *s, const char *element, const char *reason)
{
    const struct amtg_element *e = stage_element(s, element);

    for (unsigned i = 0; i < e->class->drops_count; i++)
        if (strcmp(e->class->drops[i].name, reason) == 0)
            return e->drops[i];
    FUZZ_CHECK(false, "%s has no drop reason %s", element, reason);
    return 0;
}
