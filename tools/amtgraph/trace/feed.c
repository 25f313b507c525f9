#include "tools/amtgraph/trace/feed.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"
#include "elements/wire/icmp.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"
#include "tools/amtgraph/written_packets.h"

enum { FILES_MOST = 64, UDP = 17 };

struct file {
    struct amtg_capture_reader *reader; /* NULL: they are written ones */
    struct written_packets written;
    unsigned taken; /* of those */
    struct amtg_captured next;
    bool more, has_place;
    struct trace_place place;
};

struct trace_feed {
    const struct amtg_graph *graph;
    struct file files[FILES_MOST];
    unsigned count;
    int lent; /* the file whose datagram the caller has; -1: none */
};

/* ---- places -------------------------------------------------------------------- */

static bool takes_captures(const struct amtg_graph_port *port)
{
    const struct amtg_wire_form *wire = port->type ? amtg_type_wire(port->type) : NULL;

    return wire && wire->from_ip;
}

static int find_node(const struct amtg_graph *g, const char *name, size_t len)
{
    for (unsigned i = 0; i < g->nodes_count; i++)
        if (strlen(g->nodes[i].name) == len && memcmp(g->nodes[i].name, name, len) == 0)
            return (int)i;
    return -1;
}

static const char *nearest_node(const struct amtg_graph *g, const char *name)
{
    const char **names = calloc(g->nodes_count + 1, sizeof *names);
    const char *nearest = NULL;

    for (unsigned i = 0; names && i < g->nodes_count; i++)
        names[i] = g->nodes[i].name;
    if (names)
        nearest = amtg_nearest(name, names, g->nodes_count);
    free(names);
    return nearest;
}

bool trace_place_read(const struct amtg_graph *g, const char *text, struct trace_place *out,
                      char *why, size_t room)
{
    const char *dot = strrchr(text, '.');
    int node = find_node(g, text, strlen(text));

    if (node < 0 && dot)
        node = find_node(g, text, (size_t)(dot - text));
    else
        dot = NULL;
    if (node < 0) {
        const char *nearest = nearest_node(g, text);
        snprintf(why, room, "the graph has no element \"%s\"%s%s%s", text,
                 nearest ? " (did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?)" : "");
        return false;
    }
    const struct amtg_graph_node *n = &g->nodes[node];
    for (unsigned i = 0; i < n->outs_count; i++)
        if (dot ? strcmp(n->outs[i].name, dot + 1) == 0 : takes_captures(&n->outs[i])) {
            *out = (struct trace_place){(unsigned)node, i};
            if (takes_captures(&n->outs[i]))
                return true;
        }
    snprintf(why, room, "%s (%s): no output%s%s that captured datagrams can come from", n->name,
             n->class->name, dot ? " " : "", dot ? dot + 1 : "");
    return false;
}

/* ---- which of them ------------------------------------------------------------- */

/* A parameter that the class declares under this name, of this kind and size; NULL: there is none.
 */
static const void *param_of(const struct amtg_graph_node *n, const char *called,
                            enum amtg_param_kind kind, size_t size)
{
    char name[AMTG_PARAM_NAME];

    for (unsigned i = 0; i < n->class->params_count; i++) {
        const struct amtg_param *p = &n->class->params[i];
        if (p->kind == kind && p->size == size && strcmp(amtg_param_name(p, name), called) == 0)
            return (const char *)n->state + p->offset;
    }
    return NULL;
}

/* The port of a class of sockets; -1: it has none. */
static long port_of(const struct amtg_graph_node *n)
{
    const uint16_t *port = param_of(n, "port", AMTG_KIND_UINT, sizeof *port);

    return port ? *port : -1;
}

/* Would the node's filter, if it has one, let a datagram pass? */
static bool passes_filter(const struct amtg_graph_node *n, const uint8_t *octets, uint32_t len)
{
    const char *const *filter = param_of(n, "filter", AMTG_KIND_TEXT, sizeof *filter);
    struct pcap_pkthdr head = {.caplen = len, .len = len};
    struct bpf_program program;

    if (!filter || !*filter || !**filter)
        return true;
    pcap_t *pcap = pcap_open_dead(DLT_RAW, AMTG_LARGE_OCTETS);
    bool passes = true; /* what cannot be said here is no filter */
    if (pcap && pcap_compile(pcap, &program, *filter, 1, PCAP_NETMASK_UNKNOWN) == 0) {
        passes = pcap_offline_filter(&program, &head, octets) != 0;
        pcap_freecode(&program);
    }
    if (pcap)
        pcap_close(pcap);
    return passes;
}

/* What a datagram says about where it belongs. */
struct traits {
    bool ip, multicast, udp, error; /* error: an ICMP error about a datagram of ours */
    uint16_t port;                  /* its destination's */
};

static struct traits traits_of(const uint8_t *octets, uint32_t len)
{
    struct traits t = {0};
    struct amtg_ip ip;
    struct amtg_icmp_error error;

    if (amtg_ip_parse(octets, len, &ip))
        return t;
    t.ip = true;
    t.multicast = amtg_addr_is_multicast(&ip.dst);
    t.udp = ip.protocol == UDP && ip.transport + 4u <= len;
    if (t.udp)
        t.port = amtg_get_u16(octets + ip.transport + 2);
    t.error = amtg_icmp_error_parse(octets, len, &error);
    return t;
}

/* How well a datagram fits an output; 0: not at all. */
static unsigned fit(const struct amtg_graph_node *n, const struct amtg_graph_port *out,
                    const struct traits *t)
{
    if (!(n->class->flags & AMTG_HOST) || !takes_captures(out))
        return 0;
    if (amtg_type_is(out->type, AMTG_IP_RAW))
        return !t->ip ? 1 : t->multicast ? 4 : 2;
    if (amtg_type_is(out->type, AMTG_UNREACHABLE))
        return t->error ? 5 : 0;
    if (!amtg_type_is(out->type, AMTG_DATAGRAM) || !t->udp || t->multicast)
        return 0;
    long port = port_of(n);
    return port == t->port ? 5 : port <= 0 ? 3 : 0;
}

bool trace_place_choose(const struct amtg_graph *g, const uint8_t *octets, uint32_t len,
                        struct trace_place *out)
{
    struct traits t = traits_of(octets, len);
    unsigned best = 0;

    for (unsigned i = 0; i < g->nodes_count; i++)
        for (unsigned k = 0; k < g->nodes[i].outs_count; k++) {
            unsigned fits = fit(&g->nodes[i], &g->nodes[i].outs[k], &t);
            if (fits <= best || !passes_filter(&g->nodes[i], octets, len))
                continue;
            best = fits;
            *out = (struct trace_place){i, k};
        }
    return best > 0;
}

void trace_places_print(const struct amtg_graph *g, FILE *out)
{
    bool any = false;

    for (unsigned i = 0; i < g->nodes_count; i++)
        for (unsigned k = 0; k < g->nodes[i].outs_count; k++) {
            const struct amtg_graph_node *n = &g->nodes[i];
            if (!(n->class->flags & AMTG_HOST) || !takes_captures(&n->outs[k]))
                continue;
            fprintf(out, "%s%s.%s (%s", any ? ", " : "", n->name, n->outs[k].name,
                    n->outs[k].type->name);
            long port = amtg_type_is(n->outs[k].type, AMTG_DATAGRAM) ? port_of(n) : 0;
            if (port > 0)
                fprintf(out, " to port %ld", port);
            putc(')', out);
            any = true;
        }
    if (!any)
        fputs("the graph has none", out);
}

/* ---- files --------------------------------------------------------------------- */

struct trace_feed *trace_feed_new(const struct amtg_graph *g)
{
    struct trace_feed *f = calloc(1, sizeof *f);

    if (!f)
        abort();
    f->graph = g;
    f->lent = -1;
    return f;
}

void trace_feed_free(struct trace_feed *f)
{
    for (unsigned i = 0; f && i < f->count; i++) {
        amtg_capture_close(f->files[i].reader);
        written_packets_free(&f->files[i].written);
    }
    free(f);
}

static bool advance(struct file *file, char *why, size_t room)
{
    if (!file->reader) {
        file->more = file->taken < file->written.count;
        if (file->more)
            file->next = file->written.all[file->taken++];
        return true;
    }
    enum amtg_capture_result result = amtg_capture_next(file->reader, &file->next, why, room);

    file->more = result == AMTG_CAPTURE_DATAGRAM;
    return result != AMTG_CAPTURE_BROKEN;
}

bool trace_feed_add(struct trace_feed *f, const char *path, const struct trace_place *at,
                    struct amtg_diag *diag, char *why, size_t room)
{
    if (f->count == FILES_MOST) {
        snprintf(why, room, "%s: more than %d files", path, FILES_MOST);
        return false;
    }
    struct file *file = &f->files[f->count++];
    *file = (struct file){.has_place = at != NULL};
    if (at)
        file->place = *at;
    *why = '\0';
    if (written_packets_is(path))
        return written_packets_read(&file->written, path, diag) && advance(file, why, room);
    file->reader = amtg_capture_open(path, why, room);
    return file->reader && advance(file, why, room);
}

/* The file whose next datagram comes first; NULL: all have ended. */
static const struct file *earliest(const struct trace_feed *f)
{
    const struct file *first = NULL;

    for (unsigned i = 0; i < f->count; i++)
        if (f->files[i].more && (!first || f->files[i].next.wall_ns < first->next.wall_ns))
            first = &f->files[i];
    return first;
}

uint64_t trace_feed_first_ns(const struct trace_feed *f)
{
    const struct file *first = earliest(f);

    return first ? first->next.wall_ns : 0;
}

enum trace_result trace_feed_next(struct trace_feed *f, struct trace_due *out, char *why,
                                  size_t room)
{
    if (f->lent >= 0 && !advance(&f->files[f->lent], why, room))
        return TRACE_BROKEN;
    f->lent = -1;
    const struct file *file = earliest(f);
    if (!file)
        return TRACE_END;
    f->lent = (int)(file - f->files);
    *out = (struct trace_due){.captured = file->next, .place = file->place, .placed = true};
    if (!file->has_place)
        out->placed =
            trace_place_choose(f->graph, out->captured.octets, out->captured.len, &out->place);
    return TRACE_DUE;
}
