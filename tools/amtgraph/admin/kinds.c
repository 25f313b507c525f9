/* What can be asked of a running graph, but for packets on their way (tap.c). */
#include <string.h>
#include <unistd.h>

#include "core/ask.h"
#include "core/diag.h"
#include "tools/amtgraph/admin/private.h"
#include "tools/amtgraph/class_page.h"

enum {
    WORDS = 512,
    PAGES = 4,      /* calls of `rows` in a visit, at most, */
    ROWS = 256,     /* and fewer when this many are there: packets wait meanwhile */
    NAMES = 64,
    ELEMENTS = 512,
    ARGUMENTS = 16,
};

extern const struct admin_kind admin_kind_crossings, admin_kind_drops, admin_kind_elements, admin_kind_graph,
    admin_kind_health, admin_kind_pace, admin_kind_tap;

/* ---- status: which run this is ----------------------------------------------- */

static void status_begin(struct admin_question *q)
{
    const struct amtg_graph *g = admin_graph(q->admin);
    const struct admin *a = q->admin;
    uint64_t now = amtg_loop_now_ns(a->loop);

    admin_answer(q,
                 json_pack("{ss ss? ss? ss? ss si si sf sb}", "run", a->name, "graph", g->name,
                           "summary", g->summary, "file", g->file, "version", AMTGRAPH_VERSION,
                           "pid", (int)getpid(), "shards", (int)admin_shards_count(a), "seconds",
                           (double)(now / AMTG_MS) / 1e3, "paced", a->pace != NULL),
                 true);
}

static const struct admin_kind status = {
    .name = "status", .help = "name, graph, version and age of the run", .begin = status_begin};

/* ---- edges: as the graph has them ----------------------------------------------- */

static void edges_begin(struct admin_question *q)
{
    const struct amtg_graph *g = admin_graph(q->admin);
    json_t *list = json_array();

    for (unsigned i = 0; i < g->edges_count; i++) {
        const struct amtg_graph_edge *e = &g->edges[i];
        json_array_append_new(
            list, json_pack("{ss ss ss ss ss si}", "from", g->nodes[e->from].name, "out",
                            g->nodes[e->from].outs[e->out].name, "to", g->nodes[e->to].name, "in",
                            g->nodes[e->to].ins[e->in].name, "type",
                            e->type ? e->type->name : "any", "line", (int)e->mark.line));
    }
    admin_answer(q, json_pack("{so}", "edges", list), true);
}

static const struct admin_kind edges = {
    .name = "edges", .help = "which output leads to which input", .begin = edges_begin};

/* ---- counters: of all elements and edges ------------------------------------- */

static void counters_there(struct admin_visit *v)
{
    v->result = amtg_runtimes_json(&v->runtime, 1);
}

static void counters_back(struct admin_visit *v)
{
    struct admin_question *q = v->question;

    if (q->sum)
        admin_sum(q->sum, v->result);
    else
        q->sum = json_incref(v->result);
    if (q->away == 1)
        admin_answer(q, json_incref(q->sum), true);
}

static void counters_begin(struct admin_question *q)
{
    admin_visit_all(q, &(struct admin_visit){.there = counters_there, .back = counters_back});
}

static const struct admin_kind counters = {
    .name = "counters", .help = "counters, drops and ports of all elements", .begin = counters_begin};

/* ---- listings: what can be shown ---------------------------------------------- */

static const struct amtg_listing *listing_of(const struct amtg_class *class, const char *name)
{
    for (unsigned i = 0; i < class->listings_count; i++)
        if (strcmp(class->listings[i].name, name) == 0)
            return &class->listings[i];
    return NULL;
}

static void listings_begin(struct admin_question *q)
{
    const struct amtg_graph *g = admin_graph(q->admin);
    json_t *seen = json_object(), *list = json_array();

    for (unsigned i = 0; i < g->nodes_count; i++)
        for (unsigned k = 0; k < g->nodes[i].class->listings_count; k++) {
            const struct amtg_listing *l = &g->nodes[i].class->listings[k];
            if (json_object_get(seen, l->name))
                continue;
            json_object_set_new(seen, l->name, json_true());
            json_array_append_new(list, class_page_listing_json(l));
        }
    json_decref(seen);
    admin_answer(q, json_pack("{so}", "listings", list), true);
}

static const struct admin_kind listings = {
    .name = "listings", .help = "what `show` can be asked for", .begin = listings_begin};

/* ---- show: a listing, a page at a time ----------------------------------------- */

static const char *listing_wanted(const struct admin_visit *v)
{
    return json_string_value(json_object_get(v->request, "listing"));
}

/* Rows say which element they are of, and which shard when there are several. */
static void label_rows(json_t *rows, size_t from, const struct amtg_element *e)
{
    for (size_t i = from; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        json_object_set_new(row, "element", json_string(e->name));
        if (amtg_shard_count(e) > 1)
            json_object_set_new(row, "shard", json_integer(amtg_shard_of(e)));
    }
}

/* v->node, v->cursor: where to go on. v->node past the last: this shard has shown all. */
static void show_there(struct admin_visit *v)
{
    unsigned count = amtg_runtime_graph(v->runtime)->nodes_count;

    v->result = json_array();
    for (unsigned pages = 0; v->node < count && pages < PAGES && json_array_size(v->result) < ROWS;) {
        struct amtg_element *e = amtg_runtime_element(v->runtime, v->node);
        const struct amtg_listing *l = e->boundary ? NULL : listing_of(e->class, listing_wanted(v));
        size_t from = json_array_size(v->result);
        if (l) {
            v->cursor = amtg_ask_rows(e, l, v->cursor, v->result);
            label_rows(v->result, from, e);
            pages++;
        }
        if (!l || !v->cursor)
            v->node++;
    }
}

static void show_resume(struct admin_question *q)
{
    struct admin_asker *asker = q->asker;

    q->waiting = asker && asker->full && asker->full(asker);
    if (!q->waiting)
        admin_visit(q, q->page.shard, &q->page);
}

static void show_back(struct admin_visit *v)
{
    struct admin_question *q = v->question;
    unsigned shards = admin_shards_count(q->admin);

    q->page.node = v->node;
    q->page.cursor = v->cursor;
    if (v->node == admin_graph(q->admin)->nodes_count) {
        q->page.shard++;
        q->page.node = 0;
    }
    bool last = q->page.shard == shards;
    admin_answer(q, json_pack("{sO sb}", "rows", v->result, "more", !last), last);
    if (!last && q->asker)
        show_resume(q);
}

static void show_begin(struct admin_question *q)
{
    const char *name = json_string_value(json_object_get(q->request, "listing"));
    const struct amtg_graph *g = admin_graph(q->admin);
    const char *names[NAMES];
    size_t count = 0;
    bool known = false;

    for (unsigned i = 0; i < g->nodes_count; i++)
        for (unsigned k = 0; k < g->nodes[i].class->listings_count; k++) {
            known |= name && strcmp(g->nodes[i].class->listings[k].name, name) == 0;
            if (count < NAMES)
                names[count++] = g->nodes[i].class->listings[k].name;
        }
    const char *nearest = name ? amtg_nearest(name, names, count) : NULL;
    q->page = (struct admin_visit){.there = show_there, .back = show_back};
    if (known)
        admin_visit(q, 0, &q->page);
    else if (nearest)
        admin_refuse(q, "no element of this graph shows \"%s\" (did you mean \"%s\"?)", name, nearest);
    else
        admin_refuse(q, "no element of this graph shows \"%s\"", name ? name : "");
}

static const struct admin_kind show = {.name = "show",
                                       .help = "the rows of a listing",
                                       .begin = show_begin,
                                       .resume = show_resume};

/* ---- call: have an element do something ----------------------------------------- */

static void call_there(struct admin_visit *v)
{
    struct amtg_element *e = v->subject;
    const json_t *args = json_object_get(v->request, "args");
    const char *texts[ARGUMENTS], *call = json_string_value(json_object_get(v->request, "call"));
    unsigned count = (unsigned)json_array_size(args);
    char why[WORDS] = "";

    e = amtg_runtime_find(v->runtime, e->name);
    for (unsigned i = 0; i < count; i++)
        texts[i] = json_string_value(json_array_get(args, i));
    if (amtg_ask_call(e, call, texts, count, why, sizeof why))
        v->result = admin_words(why);
}

/* What the first shard that refused said; a call that is refused has changed nothing there. */
static void call_back(struct admin_visit *v)
{
    struct admin_question *q = v->question;

    if (!q->sum && v->result)
        q->sum = json_incref(v->result);
    if (q->away > 1)
        return;
    if (q->sum)
        admin_refuse(q, "%s", json_is_string(q->sum) ? json_string_value(q->sum) : "refused");
    else
        admin_answer(q, json_pack("{sb}", "done", 1), true);
}

static bool call_fits(struct admin_question *q, const char *call)
{
    const json_t *args = json_object_get(q->request, "args");
    const json_t *arg;
    size_t i;

    if (!call || (args && !json_is_array(args)) || json_array_size(args) > ARGUMENTS) {
        admin_refuse(q, "\"call\" needs \"element\", \"call\", and \"args\", a list of texts");
        return false;
    }
    json_array_foreach((json_t *)args, i, arg)
        if (!json_is_string(arg)) {
            admin_refuse(q, "argument %zu of the call is no text", i + 1);
            return false;
        }
    return true;
}

/* Says what is nearest, of the first elements: worlds have a great many. */
static void refuse_element(struct admin_question *q, const char *name)
{
    const struct amtg_graph *g = admin_graph(q->admin);
    const char *names[ELEMENTS];
    size_t count = 0;

    for (unsigned i = 0; i < g->nodes_count && count < ELEMENTS; i++)
        names[count++] = g->nodes[i].name;
    const char *nearest = amtg_nearest(name, names, count);
    if (nearest)
        admin_refuse(q, "the graph has no element \"%s\" (did you mean \"%s\"?)", name, nearest);
    else
        admin_refuse(q, "the graph has no element \"%s\"", name);
}

static void call_begin(struct admin_question *q)
{
    const char *name = json_string_value(json_object_get(q->request, "element"));
    struct amtg_runtime *rt = amtg_shards_runtimes(q->admin->shards)[0];
    struct amtg_element *e = name ? amtg_runtime_find(rt, name) : NULL;

    if (!call_fits(q, json_string_value(json_object_get(q->request, "call"))))
        return;
    if (!e)
        refuse_element(q, name ? name : "");
    else
        admin_visit_all(q, &(struct admin_visit){
                               .there = call_there, .back = call_back, .subject = e});
}

static const struct admin_kind call = {
    .name = "call", .help = "have an element do something", .changes = true, .begin = call_begin};

const struct admin_kind *const admin_kinds[] = {
    &status, &edges, &counters, &listings, &show, &call, &admin_kind_graph, &admin_kind_elements, &admin_kind_health,
    &admin_kind_tap, &admin_kind_drops, &admin_kind_pace, &admin_kind_crossings, NULL,
};
