/*
 * Packets as they cross an edge. A tap is laid in each shard by a visit, copies what passes
 * into letters to the admin thread, and is taken up by another visit. What is not fetched in
 * time is not waited for: it is counted as missed.
 */
#include <pcap/pcap.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/table.h"
#include "core/type.h"
#include "tools/amtgraph/packet_caught.h"
#include "tools/amtgraph/admin/edge.h"
#include "tools/amtgraph/admin/private.h"

enum {
    ON_THE_WAY = 64, /* catches of a tap that wait to be looked at, at most */
};

/* One edge in one shard. The admin thread makes and frees it, the shard uses it in between. */
struct shard_tap {
    struct amtg_tap tap;
    struct admin_question *question; /* the admin thread's */
    const struct tapping *all;
    struct amtg_mailbox *to;
    struct amtg_element *from;
    atomic_uint on_the_way;
    uint64_t missed; /* the shard's: since the last catch */
    bool laid;       /* the shard's */
};

struct tapping {
    struct admin_edge edge;
    uint64_t left;  /* packets still to be shown; UINT64_MAX: all */
    struct caught_view view;
    struct bpf_program filter; /* of whole IP packets; bf_insns NULL: everything */
    bool stopping;
    unsigned count;
    struct shard_tap taps[];
};

/* ---- in the shard ------------------------------------------------------------- */

struct catch {
    struct amtg_letter letter;
    struct shard_tap *tap;
    uint64_t missed;
    uint32_t count;
    struct caught packets[AMTG_BATCH];
    uint8_t octets[];
};

static void catch_free(struct amtg_letter *l)
{
    free(l);
}

struct question_of_wire {
    const struct bpf_program *filter;
    bool asked, wanted;
};

static void ask_wire(void *arg, const uint8_t *octets, uint32_t len)
{
    struct question_of_wire *q = arg;
    struct pcap_pkthdr header = {.caplen = len, .len = len};

    if (!q->asked)
        q->wanted = pcap_offline_filter(q->filter, &header, octets) != 0;
    q->asked = true;
}

/* By what the wire would see of its first copy; records are on no wire. */
static bool is_wanted(const struct shard_tap *t, const struct amtg_packet *p)
{
    const struct amtg_wire_form *wire = amtg_type_wire(p->type);
    struct question_of_wire q = {.filter = &t->all->filter};

    if (!q.filter->bf_insns)
        return true;
    if (wire && wire->to_ip) {
        struct amtg_packet one = caught_of(t->from, p, 0).packet;
        wire->to_ip(&one, ask_wire, &q);
    }
    return q.wanted;
}

static void open_catch(struct amtg_letter *l);

/* As many as fit into one letter; octets: of all that are wanted. */
static struct catch *catch_new(struct shard_tap *t, unsigned count, size_t octets)
{
    struct catch *c = NULL;

    if (atomic_load(&t->on_the_way) < ON_THE_WAY)
        c = malloc(sizeof *c + octets);
    if (!c)
        return NULL;
    c->letter = (struct amtg_letter){.open = open_catch, .discard = catch_free};
    c->tap = t;
    c->missed = t->missed;
    c->count = count;
    t->missed = 0;
    return c;
}

static void on_batch(struct amtg_tap *tap, const struct amtg_element *from, unsigned out,
                     const struct amtg_batch *batch)
{
    struct shard_tap *t = AMTG_CONTAINER(tap, struct shard_tap, tap);
    const struct amtg_packet *wanted[AMTG_BATCH];
    unsigned count = 0;
    size_t octets = 0;

    (void)from;
    (void)out;
    AMTG_EACH (p, batch)
        if (is_wanted(t, p)) {
            wanted[count++] = p;
            octets += p->len;
        }
    if (!count)
        return;
    struct catch *c = catch_new(t, count, octets);
    if (!c) {
        t->missed += count;
        return;
    }
    octets = 0;
    for (unsigned i = 0; i < count; i++) {
        c->packets[i] = caught_of(t->from, wanted[i], octets);
        memcpy(c->octets + octets, wanted[i]->data, c->packets[i].packet.len);
        octets += c->packets[i].packet.len;
    }
    atomic_fetch_add(&t->on_the_way, 1);
    amtg_mailbox_order(t->to, &c->letter); /* ON_THE_WAY is its bound */
}

static void lay(struct admin_visit *v)
{
    struct shard_tap *t = v->subject;

    if (!t->laid)
        amtg_tap_add(t->from, t->all->edge.out, &t->tap);
    t->laid = true;
}

static void take_up(struct admin_visit *v)
{
    struct shard_tap *t = v->subject;

    if (t->laid)
        amtg_tap_remove(t->from, t->all->edge.out, &t->tap);
    t->laid = false;
}

/* ---- in the admin thread -------------------------------------------------------- */

static void stop(struct admin_question *q)
{
    struct tapping *all = q->of_kind;

    if (!all || all->stopping)
        return;
    all->stopping = true;
    for (unsigned i = 0; i < all->count; i++)
        admin_visit(q, i, &(struct admin_visit){.there = take_up, .subject = &all->taps[i]});
}

static void open_catch(struct amtg_letter *l)
{
    struct catch *c = (struct catch *)l;
    struct shard_tap *t = c->tap;
    struct admin_question *q = t->question;
    struct tapping *all = q->of_kind;

    atomic_fetch_sub(&t->on_the_way, 1);
    if (c->missed && q->asker)
        admin_answer(q, json_pack("{sI}", "missed", (json_int_t)c->missed), false);
    for (unsigned i = 0; i < c->count && q->asker && !all->stopping; i++) {
        if (q->asker->full && q->asker->full(q->asker)) {
            admin_answer(q, json_pack("{sI}", "missed", (json_int_t)(c->count - i)), false);
            break;
        }
        bool last = --all->left == 0;
        json_t *line = json_pack("{so}", "packet", caught_json(&c->packets[i], &all->view, c->octets));
        if (last)
            stop(q);
        admin_answer(q, line, last);
    }
    catch_free(l);
}

static bool is_one_of(const char *word, size_t len, const char *const *words)
{
    while (*words && (strlen(*words) != len || strncmp(*words, word, len)))
        words++;
    return *words != NULL;
}

/*
 * libpcap would look up names of hosts: that takes its time, in which nobody is answered, and tells
 * others. So after `host`, `net`, `src` and `dst` there must be an address or a word of the language.
 */
static bool names_host(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.:-";
    static const char *const before[] = {"host", "net", "src", "dst", "gateway", NULL};
    static const char *const after[] = {"host", "net", "src", "dst", "port", "portrange", "and", "or", "proto", NULL};
    bool address = false; /* is what may come now */

    for (size_t len; *text; text += len ? len : 1) {
        len = strspn(text, more);
        bool name = len && strspn(text, letters) > 0 && !memchr(text, ':', len);
        if (name && (memchr(text, '.', len) || (address && !is_one_of(text, len, after))))
            return true;
        if (len)
            address = is_one_of(text, len, before);
    }
    return false;
}

static bool filter_compile(struct admin_question *q, struct tapping *all)
{
    const json_t *filter = json_object_get(q->request, "filter");
    const char *text = json_string_value(filter);

    if (!filter)
        return true;
    if (!text || names_host(text)) {
        admin_refuse(q, !text ? "\"filter\": a text expected"
                              : "filter \"%s\": names of hosts are not looked up: an address expected", text);
        return false;
    }
    pcap_t *of = pcap_open_dead(DLT_RAW, CAUGHT_SNAP);
    if (!of || pcap_compile(of, &all->filter, text, 1, PCAP_NETMASK_UNKNOWN) < 0) {
        admin_refuse(q, "filter \"%s\": %s", text, of ? pcap_geterr(of) : amtg_err_text(AMTG_ENOMEM));
        all->filter.bf_insns = NULL;
    }
    if (of)
        pcap_close(of);
    return all->filter.bf_insns != NULL;
}

/* A number of the request from 1 on; what is not there is `initial`. false: something else is. */
static bool number_of(struct admin_question *q, const char *name, uint64_t initial, uint64_t *out)
{
    const json_t *value = json_object_get(q->request, name);

    *out = value ? (uint64_t)json_integer_value(value) : initial;
    if (!value || json_integer_value(value) > 0)
        return true;
    admin_refuse(q, "\"%s\": a number above 0 expected", name);
    return false;
}

/* The first line says which edge it is, by its whole name. */
static void edge_line(struct admin_question *q, const struct admin_edge *edge)
{
    const struct amtg_graph *g = admin_graph(q->admin);
    int i = g->nodes[edge->node].outs[edge->out].edge;
    const struct amtg_type *type = g->edges[i].type;
    char text[1024];

    admin_answer(q, json_pack("{ss ss}", "edge", admin_edge_text(g, (unsigned)i, text, sizeof text),
                              "type", type ? type->name : "any"), false);
}

static void tap_begin(struct admin_question *q)
{
    const char *text = json_string_value(json_object_get(q->request, "edge"));
    unsigned count = admin_shards_count(q->admin);
    struct tapping *all = calloc(1, sizeof *all + count * sizeof all->taps[0]);
    char why[1024];
    uint64_t snap;

    q->of_kind = all;
    if (!all || !text || !admin_edge_find(admin_graph(q->admin), text, &all->edge, why, sizeof why)) {
        admin_refuse(q, "%s", !all ? amtg_err_text(AMTG_ENOMEM) : !text ? "\"edge\" is missing" : why);
        return;
    }
    if (!number_of(q, "count", UINT64_MAX, &all->left) || !number_of(q, "snap", CAUGHT_SNAP, &snap) ||
        !filter_compile(q, all))
        return;
    all->view.snap = snap < CAUGHT_SNAP ? (uint32_t)snap : CAUGHT_SNAP;
    all->view.wire = json_is_true(json_object_get(q->request, "wire"));
    all->view.layers = json_is_true(json_object_get(q->request, "layers"));
    all->count = count;
    for (unsigned i = 0; i < count; i++) {
        struct shard_tap *t = &all->taps[i];
        *t = (struct shard_tap){.tap = {.batch = on_batch}, .question = q, .all = all,
                                .to = admin_mailbox(q->admin)};
        t->from = amtg_runtime_element(amtg_shards_runtimes(q->admin->shards)[i], all->edge.node);
        admin_visit(q, i, &(struct admin_visit){.there = lay, .subject = t});
    }
    edge_line(q, &all->edge);
}

/* The shards stand still, or have all taken their taps up. */
static void tap_end(struct admin_question *q)
{
    struct tapping *all = q->of_kind;

    for (unsigned i = 0; all && i < all->count; i++)
        if (all->taps[i].laid)
            amtg_tap_remove(all->taps[i].from, all->edge.out, &all->taps[i].tap);
    if (all)
        pcap_freecode(&all->filter);
    free(all);
}

const struct admin_kind admin_kind_tap = {
    .name = "tap", .help = "packets as they cross an edge", .begin = tap_begin, .cancel = stop,
    .end = tap_end};
