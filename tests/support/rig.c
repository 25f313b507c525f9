#include "tests/support/rig.h"

#include <stdio.h>
#include <string.h>

#include "core/runtime_private.h"
#include "core/table.h"
#include "elements/registry.h"

enum {
    POOL = 65536, /* buffers for what the test pushes and what is recorded */
    TEXT = 1 << 20,
    WHY = 512,
};

/* What was pushed with a shared buffer, and what its octets were. */
struct shared {
    struct amtg_packet *clone;
    uint8_t *octets;
    struct shared *next;
};

struct recorder {
    struct amtg_element element; /* stands behind an open output of `it` */
    const char *output;
    struct amtg_packet *first, **end;
    unsigned count;
};

struct rig {
    bool shared;
    struct amtg_graph *graph;
    struct amtg_runtime *runtime;
    struct amtg_pool *pool; /* of what the test pushes */
    struct amtg_element *it;
    const struct amtg_graph_node *node;
    struct recorder *recorders;
    struct shared *pushed;
};

static void record(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct recorder *r = AMTG_CONTAINER(e, struct recorder, element);

    (void)in;
    AMTG_EACH (p, batch) {
        p->next = NULL;
        *r->end = p;
        r->end = &p->next;
        r->count++;
    }
}

static const struct amtg_class recorder_class = {.name = "recorder", .push = record};

/* ---- making ------------------------------------------------------------- */

/* Re-indent the lines so that the map entries stand at two blanks and list items below `edges:` too. */
static char *graph_text(const char *elements)
{
    char *text = calloc(1, TEXT);
    size_t used = (size_t)snprintf(text, TEXT, "amtgraph: 1\nname: rig\nelements:\n");
    size_t indent = SIZE_MAX;

    for (const char *line = elements; line && *line;) {
        const char *end = strchr(line, '\n');
        size_t len = end ? (size_t)(end - line) : strlen(line);
        size_t blanks = strspn(line, " ");
        if (blanks < len) {
            if (len - blanks == 6 && strncmp(line + blanks, "edges:", 6) == 0) {
                used += (size_t)snprintf(text + used, TEXT - used, "edges:\n");
                indent = SIZE_MAX;
            } else {
                if (indent == SIZE_MAX)
                    indent = blanks;
                ck_assert_msg(blanks >= indent, "bad indent in the rig's text: %.*s", (int)len, line);
                used += (size_t)snprintf(text + used, TEXT - used, "  %*s%.*s\n",
                                         (int)(blanks - indent), "", (int)(len - blanks), line + blanks);
            }
        }
        line = end ? end + 1 : NULL;
    }
    return text;
}

static void load(struct rig *rig, const char *elements)
{
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    struct amtg_diag *diag = amtg_diag_new();
    char *text = graph_text(elements);

    rig->graph = amtg_graph_parse("rig", text, strlen(text), &options, diag);
    if (!rig->graph)
        amtg_diag_print(diag, stderr, false);
    ck_assert_msg(rig->graph != NULL, "the rig's graph is not valid (see above)");
    amtg_diag_free(diag);
    free(text);
}

static void put_recorders(struct rig *rig)
{
    rig->recorders = calloc(rig->it->outs_count + 1, sizeof *rig->recorders);
    for (unsigned i = 0; i < rig->it->outs_count; i++) {
        struct recorder *r = &rig->recorders[i];
        if (rig->it->outs[i].peer)
            continue;
        r->output = rig->node->outs[i].name;
        r->end = &r->first;
        r->element = (struct amtg_element){
            .class = &recorder_class, .name = r->output, .push = record};
        rig->it->outs[i].peer = &r->element;
    }
}

static FILE *log_out;

void rig_log_to(FILE *out)
{
    log_out = out;
}

static struct rig *make(bool shared, const char *elements, enum amtg_clock clock)
{
    struct rig *rig = calloc(1, sizeof *rig);
    static const uint8_t seed[32] = {1};
    struct amtg_runtime_options options = {.clock = clock, .buffers = POOL, .seed = seed};
    enum amtg_err err;
    char why[WHY];

    if (log_out || getenv("AMTG_RIG_LOG")) {
        options.log = log_out ? log_out : stderr;
        options.log_level = AMTG_LOG_DEBUG;
    }
    rig->shared = shared;
    load(rig, elements);
    rig->runtime = amtg_runtime_new(rig->graph, &options, &err, why, sizeof why);
    ck_assert_msg(rig->runtime != NULL, "%s", why);
    rig->it = amtg_runtime_find(rig->runtime, "it");
    ck_assert_msg(rig->it != NULL, "no element is called `it`");
    for (unsigned i = 0; i < rig->graph->nodes_count; i++)
        if (strcmp(rig->graph->nodes[i].name, "it") == 0)
            rig->node = &rig->graph->nodes[i];
    rig->pool = amtg_pool_new(POOL, POOL);
    put_recorders(rig);
    ck_assert_msg(amtg_runtime_start(rig->runtime, why, sizeof why) == AMTG_OK, "%s", why);
    return rig;
}

struct rig *rig_new(bool shared, const char *elements)
{
    return make(shared, elements, AMTG_CLOCK_VIRTUAL);
}

struct rig *rig_new_real(bool shared, const char *elements)
{
    return make(shared, elements, AMTG_CLOCK_REAL);
}

/* ---- the proof at the end ----------------------------------------------- */

static void check_shared(struct rig *rig)
{
    while (rig->pushed) {
        struct shared *s = rig->pushed;
        ck_assert_msg(memcmp(s->clone->data, s->octets, s->clone->len) == 0,
                      "the element wrote into a buffer that it shares");
        amtg_packet_free(s->clone);
        free(s->octets);
        rig->pushed = s->next;
        free(s);
    }
}

static void check_accounts(struct rig *rig)
{
    for (unsigned i = 0; i < rig->graph->nodes_count; i++) {
        const struct amtg_element *e = amtg_runtime_element(rig->runtime, i);
        ck_assert_msg(e->taken + e->made == e->emitted + e->dropped + e->finished,
                      "%s: taken %llu + made %llu is not emitted %llu + dropped %llu + finished %llu",
                      e->name, (unsigned long long)e->taken, (unsigned long long)e->made,
                      (unsigned long long)e->emitted, (unsigned long long)e->dropped,
                      (unsigned long long)e->finished);
    }
}

void rig_free(struct rig *rig)
{
    amtg_runtime_stop(rig->runtime);
    for (unsigned i = 0; i < rig->it->outs_count; i++)
        ck_assert_msg(rig->recorders[i].count == 0, "%u packets of output %s were not looked at",
                      rig->recorders[i].count, rig->recorders[i].output);
    check_accounts(rig);
    check_shared(rig);
    ck_assert_msg(amtg_pool_stats(rig->pool).packets == 0, "%llu pushed packets were never given back",
                  (unsigned long long)amtg_pool_stats(rig->pool).packets);
    ck_assert_msg(amtg_pool_stats(rig->it->pool).packets == 0, "%llu packets leaked",
                  (unsigned long long)amtg_pool_stats(rig->it->pool).packets);
    ck_assert_msg(amtg_pool_stats(rig->it->records).packets == 0, "%llu records leaked",
                  (unsigned long long)amtg_pool_stats(rig->it->records).packets);
    amtg_runtime_free(rig->runtime);
    amtg_graph_free(rig->graph);
    amtg_pool_free(rig->pool);
    free(rig->recorders);
    free(rig);
}

/* ---- in ----------------------------------------------------------------- */

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t rig_octets(const char *hex, uint8_t *out, size_t room)
{
    size_t count = 0;

    for (; *hex; hex++) {
        if (strchr(" \n\t", *hex))
            continue;
        ck_assert_msg(digit(hex[0]) >= 0 && hex[1] && digit(hex[1]) >= 0, "bad hex at %s", hex);
        ck_assert_msg(count < room, "more than %zu octets of hex", room);
        out[count++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
        hex++;
    }
    return count;
}

struct amtg_packet *rig_packet(struct rig *rig, const struct amtg_type *type, const void *octets,
                               size_t len)
{
    struct amtg_packet *p = amtg_packet_new(rig->pool, (uint32_t)len);

    ck_assert_msg(p != NULL, "no packet of %zu octets", len);
    if (len)
        memcpy(p->data, octets, len);
    p->type = type;
    p->time_ns = amtg_now(rig->it);
    return p;
}

struct amtg_packet *rig_packet_hex(struct rig *rig, const struct amtg_type *type, const char *hex)
{
    static uint8_t octets[AMTG_LARGE_OCTETS];
    return rig_packet(rig, type, octets, rig_octets(hex, octets, sizeof octets));
}

void rig_from(struct amtg_packet *p, const char *remote, uint16_t remote_port, const char *local,
              uint16_t local_port)
{
    ck_assert(amtg_addr_parse(remote, &p->peer.remote));
    ck_assert(amtg_addr_parse(local, &p->peer.local));
    p->peer.remote_port = remote_port;
    p->peer.local_port = local_port;
    p->peer.scope = 0;
}

static void share(struct rig *rig, const struct amtg_packet *p)
{
    struct shared *s = calloc(1, sizeof *s);

    s->clone = amtg_packet_clone(p);
    s->octets = malloc(p->len + 1);
    memcpy(s->octets, p->data, p->len);
    s->next = rig->pushed;
    rig->pushed = s;
}

void rig_push_batch(struct rig *rig, const char *input, struct amtg_packet **packets, unsigned count)
{
    struct amtg_batch batch = {.count = count};
    unsigned in = 0;

    while (in < rig->node->ins_count && strcmp(rig->node->ins[in].name, input))
        in++;
    ck_assert_msg(in < rig->node->ins_count, "`it` has no input %s", input);
    ck_assert_uint_le(count, AMTG_BATCH);
    for (unsigned i = 0; i < count; i++) {
        if (rig->shared)
            share(rig, packets[i]);
        batch.packets[i] = packets[i];
    }
    rig->it->taken += count;
    rig->it->push(rig->it, in, &batch);
    amtg_element_flush(rig->it);
}

void rig_push(struct rig *rig, const char *input, struct amtg_packet *p)
{
    rig_push_batch(rig, input, &p, 1);
}

void rig_push_hex(struct rig *rig, const char *input, const struct amtg_type *type, const char *hex)
{
    rig_push(rig, input, rig_packet_hex(rig, type, hex));
}

void rig_step(struct rig *rig, uint64_t ns)
{
    amtg_loop_step(rig->it->loop, ns);
}

/* ---- out ---------------------------------------------------------------- */

static struct recorder *recorder_of(struct rig *rig, const char *output)
{
    for (unsigned i = 0; i < rig->it->outs_count; i++)
        if (rig->recorders[i].output && strcmp(rig->recorders[i].output, output) == 0)
            return &rig->recorders[i];
    ck_abort_msg("`it` has no open output %s", output);
    return NULL;
}

unsigned rig_count(struct rig *rig, const char *output)
{
    return recorder_of(rig, output)->count;
}

struct amtg_packet *rig_take(struct rig *rig, const char *output)
{
    struct recorder *r = recorder_of(rig, output);
    struct amtg_packet *p = r->first;

    ck_assert_msg(p != NULL, "nothing came out of %s", output);
    r->first = p->next;
    if (!r->first)
        r->end = &r->first;
    p->next = NULL;
    r->count--;
    return p;
}

void rig_expect_hex(struct rig *rig, const char *output, const char *hex)
{
    static uint8_t octets[AMTG_LARGE_OCTETS];
    size_t len = rig_octets(hex, octets, sizeof octets);
    struct amtg_packet *p = rig_take(rig, output);

    ck_assert_msg(p->len == len, "%s: %u octets came, %zu expected", output, p->len, len);
    for (size_t i = 0; i < len; i++)
        ck_assert_msg(p->data[i] == octets[i], "%s: octet %zu is %02x, %02x expected", output, i,
                      p->data[i], octets[i]);
    amtg_packet_free(p);
}

void rig_expect_nothing(struct rig *rig, const char *output)
{
    unsigned count = rig_count(rig, output);
    ck_assert_msg(count == 0, "%u packets came out of %s, none expected", count, output);
}

void rig_ignore(struct rig *rig, const char *output)
{
    while (rig_count(rig, output))
        amtg_packet_free(rig_take(rig, output));
}

/* ---- counters ----------------------------------------------------------- */

uint64_t rig_counter(struct rig *rig, const char *name)
{
    const struct amtg_class *class = rig->it->class;

    for (unsigned i = 0; i < class->counters_count; i++)
        if (strcmp(class->counters[i].name, name) == 0)
            return rig->it->counters[i];
    ck_abort_msg("%s has no counter %s", class->name, name);
    return 0;
}

uint64_t rig_drops(struct rig *rig, const char *reason)
{
    const struct amtg_class *class = rig->it->class;

    for (unsigned i = 0; i < class->drops_count; i++)
        if (strcmp(class->drops[i].name, reason) == 0)
            return rig->it->drops[i];
    if (strcmp(reason, "no-buffer") == 0)
        return rig->it->drops[class->drops_count + AMTG_DROP_NO_BUFFER];
    if (strcmp(reason, "open") == 0)
        return rig->it->drops[class->drops_count + AMTG_DROP_OPEN];
    if (strcmp(reason, "peer-stopped") == 0)
        return rig->it->drops[class->drops_count + AMTG_DROP_PEER_STOPPED];
    ck_abort_msg("%s has no drop reason %s", class->name, reason);
    return 0;
}

uint64_t rig_drops_all(struct rig *rig)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < rig->it->class->drops_count + AMTG_DROPS_COMMON; i++)
        sum += rig->it->drops[i];
    return sum;
}

struct amtg_element *rig_element(struct rig *rig, const char *name)
{
    struct amtg_element *e = amtg_runtime_find(rig->runtime, name);
    ck_assert_msg(e != NULL, "no element is called %s", name);
    return e;
}

struct amtg_runtime *rig_runtime(struct rig *rig)
{
    return rig->runtime;
}
