#include "core/trace.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pcapng.h"

enum { WORDS_MOST = 1024 };

/* An edge may carry both kinds; each is an interface of its own, made when first seen. */
enum kind { WIRE, WORDS, KINDS };

struct amtg_trace {
    const struct amtg_graph *graph;
    FILE *file; /* NULL: no file */
    char *path;
    uint32_t *interfaces; /* by edge and kind: number + 1; 0: none yet */
    uint32_t interfaces_count;
    bool digest_wanted;
    crypto_generichash_state digest;
    /* The packet at hand */
    unsigned edge;
    uint64_t wall_ns;
    const struct amtg_packet *packet;
    bool written;
    char words[WORDS_MOST];
    FILE *words_out; /* fills `words` */
};

/* ---- the file ---------------------------------------------------------------------- */

static uint32_t interface_of(struct amtg_trace *t, enum kind kind)
{
    uint32_t *number = &t->interfaces[t->edge * KINDS + kind];
    const struct amtg_graph_edge *edge = &t->graph->edges[t->edge];
    const struct amtg_graph_node *from = &t->graph->nodes[edge->from];
    const struct amtg_graph_node *to = &t->graph->nodes[edge->to];
    char name[512];

    if (*number == 0) {
        snprintf(name, sizeof name, "%s.%s -> %s.%s", from->name, from->outs[edge->out].name,
                 to->name, to->ins[edge->in].name);
        amtg_pcapng_interface(t->file, kind == WIRE ? AMTG_LINK_RAW_IP : AMTG_LINK_WORDS, name,
                              edge->type ? edge->type->name : "any");
        *number = ++t->interfaces_count;
    }
    return *number - 1;
}

static void put_packet(struct amtg_trace *t, enum kind kind, const void *data, uint32_t len,
                       const char *comment)
{
    uint32_t interface = interface_of(t, kind); /* which may be written now, before the packet */

    amtg_pcapng_packet(t->file, interface, t->wall_ns, data, len, comment);
}

/* ---- one packet ------------------------------------------------------------------ */

static void take_copy(void *arg, const uint8_t *octets, uint32_t len)
{
    struct amtg_trace *t = arg;
    const struct amtg_set *to = t->packet->to;
    char comment[64] = "";

    if (t->written) /* the other copies differ in the destination only */
        return;
    if (to)
        snprintf(comment, sizeof comment, "to %u endpoints", to->count);
    put_packet(t, WIRE, octets, len, comment);
    t->written = true;
}

/* The line of words for a packet, into t->words; returns its length. */
static uint32_t describe(struct amtg_trace *t)
{
    rewind(t->words_out);
    amtg_type_describe(t->packet, t->words_out);
    fputc('\0', t->words_out);
    fflush(t->words_out);
    t->words[sizeof t->words - 1] = '\0';
    return (uint32_t)strlen(t->words);
}

static void write_packet(struct amtg_trace *t)
{
    const struct amtg_wire_form *wire = amtg_type_wire(t->packet->type);

    t->written = false;
    if (wire && wire->to_ip)
        wire->to_ip(t->packet, take_copy, t);
    if (!t->written) { /* a record; or it goes to nobody any more */
        uint32_t len = describe(t);
        put_packet(t, WORDS, t->words, len, t->words);
    }
}

/* ---- the digest ------------------------------------------------------------------ */

static void add(struct amtg_trace *t, const void *octets, size_t len)
{
    crypto_generichash_update(&t->digest, octets, len);
}

static void add_peer(struct amtg_trace *t, const struct amtg_peer *peer)
{
    add(t, &peer->remote, sizeof peer->remote);
    add(t, &peer->local, sizeof peer->local);
    add(t, &peer->remote_port, sizeof peer->remote_port);
    add(t, &peer->local_port, sizeof peer->local_port);
}

static void digest_packet(struct amtg_trace *t, uint64_t now_ns)
{
    const struct amtg_packet *p = t->packet;
    struct {
        uint64_t now_ns;
        uint32_t edge, len, copies, flags;
    } head = {now_ns, t->edge, p->len, p->to ? p->to->count : 0, p->flags};

    add(t, &head, sizeof head);
    add_peer(t, &p->peer);
    for (uint32_t i = 0; i < head.copies; i++)
        add_peer(t, &p->to->entries[i]->peer);
    if (amtg_type_is(p->type, AMTG_RECORD)) /* its octets may hold pointers */
        add(t, t->words, describe(t));
    else
        add(t, p->data, p->len);
}

/* ---- a trace --------------------------------------------------------------------- */

void amtg_trace_batch(struct amtg_trace *t, unsigned node, unsigned out, uint64_t now_ns,
                      uint64_t wall_ns, const struct amtg_batch *batch)
{
    t->edge = (unsigned)t->graph->nodes[node].outs[out].edge;
    t->wall_ns = wall_ns;
    AMTG_EACH (p, batch) {
        t->packet = p;
        if (t->digest_wanted)
            digest_packet(t, now_ns);
        if (t->file)
            write_packet(t);
    }
}

static void trace_free(struct amtg_trace *t)
{
    if (!t)
        return;
    if (t->words_out)
        fclose(t->words_out);
    free(t->interfaces);
    free(t->path);
    free(t);
}

struct amtg_trace *amtg_trace_open(const struct amtg_graph *graph, const char *path, bool digest,
                                   char *why, size_t room)
{
    struct amtg_trace *t = calloc(1, sizeof *t);
    size_t edges = graph->edges_count ? graph->edges_count : 1;

    if (t) {
        t->graph = graph;
        t->interfaces = calloc(edges * KINDS, sizeof *t->interfaces);
        t->path = strdup(path ? path : "");
        t->words_out = fmemopen(t->words, sizeof t->words, "w");
    }
    if (!t || !t->interfaces || !t->path || !t->words_out || sodium_init() < 0) {
        snprintf(why, room, "%s", amtg_err_text(AMTG_ENOMEM));
        goto fail;
    }
    t->digest_wanted = digest;
    crypto_generichash_init(&t->digest, NULL, 0, crypto_generichash_BYTES);
    if (!path)
        return t;
    t->file = strcmp(path, "-") ? fopen(path, "w") : stdout;
    if (!t->file) {
        snprintf(why, room, "cannot write %s: %s", path, strerror(errno));
        goto fail;
    }
    amtg_pcapng_section(t->file);
    return t;

fail:
    trace_free(t);
    return NULL;
}

const char *amtg_trace_digest(struct amtg_trace *t, char out[AMTG_TRACE_DIGEST])
{
    crypto_generichash_state copy = t->digest; /* more may follow */
    uint8_t hash[crypto_generichash_BYTES];

    *out = '\0';
    if (!t->digest_wanted)
        return out;
    crypto_generichash_final(&copy, hash, sizeof hash);
    return sodium_bin2hex(out, AMTG_TRACE_DIGEST, hash, sizeof hash);
}

bool amtg_trace_finish(struct amtg_trace *t, char *why, size_t room)
{
    bool good = true;

    if (!t)
        return true;
    if (t->file) {
        good = fflush(t->file) == 0 && !ferror(t->file);
        if (t->file != stdout)
            good = fclose(t->file) == 0 && good;
        if (!good)
            snprintf(why, room, "cannot write all of %s", t->path);
    }
    trace_free(t);
    return good;
}
