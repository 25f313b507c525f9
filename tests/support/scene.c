#include "tests/support/scene.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/capture_file.h"
#include "core/cursor.h"
#include "elements/registry.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"
#include "tests/support/rig.h"

enum { SETTINGS = 16, PATH = 64, WHY = 512, MOST = 2048 };

#define BEGAN (1767225600ull * AMTG_S) /* 2026-01-01 */

/* tests run in the project's folder */
static const struct scene_graph relay_graph = {"graphs/relay.yaml", "udp", "native", "upstream"};

struct scene {
    const struct scene_graph *of;
    uint8_t seed[32];
    struct amtg_setting settings[SETTINGS];
    size_t settings_count;
    char folder[PATH], udp[PATH + 16], native[PATH + 16], sent_path[PATH + 16], joins[PATH + 16];
    struct amtg_capture_writer *udp_writer, *native_writer;
    struct amtg_graph *graph;
    uint64_t **counters, **drops; /* of each node, as they were at the end */
    uint8_t tos; /* of what is said */
    struct sent *sent;
    unsigned sent_count;
};

struct amtg_peer scene_gateway(const char *address, uint16_t port, const char *relay)
{
    struct amtg_peer p = {.remote_port = port, .local_port = AMTG_AMT_PORT};

    ck_assert(amtg_addr_parse(address, &p.remote));
    ck_assert(amtg_addr_parse(relay, &p.local));
    return p;
}

static struct amtg_capture_writer *create(const char *path)
{
    char why[WHY];
    struct amtg_capture_writer *w = amtg_capture_create(path, why, sizeof why);

    ck_assert_msg(w != NULL, "%s", why);
    return w;
}

struct scene *scene_new(uint8_t seed)
{
    return scene_new_of(seed, &relay_graph);
}

struct scene *scene_new_of(uint8_t seed, const struct scene_graph *graph)
{
    struct scene *s = calloc(1, sizeof *s);

    s->of = graph;
    memset(s->seed, seed, sizeof s->seed);
    snprintf(s->folder, sizeof s->folder, "/tmp/amtgraph-scene.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(s->folder));
    snprintf(s->udp, sizeof s->udp, "%s/udp.pcap", s->folder);
    snprintf(s->native, sizeof s->native, "%s/native.pcap", s->folder);
    snprintf(s->sent_path, sizeof s->sent_path, "%s/sent.pcap", s->folder);
    snprintf(s->joins, sizeof s->joins, "%s/joins.txt", s->folder);
    s->udp_writer = create(s->udp);
    s->native_writer = create(s->native);
    return s;
}

void scene_set(struct scene *s, const char *name, const char *value)
{
    ck_assert_uint_lt(s->settings_count, SETTINGS);
    s->settings[s->settings_count++] = (struct amtg_setting){.name = name, .value = value};
}

/* ---- what is said ------------------------------------------------------- */

void scene_say(struct scene *s, uint64_t at_ms, const struct amtg_peer *gateway,
               const uint8_t *octets, uint32_t len)
{
    struct amtg_udp_options options = {.hops = 64, .tos = s->tos, .dont_fragment = true};
    struct amtg_peer way = { /* as the gateway sends it */
        .remote = gateway->local, .remote_port = gateway->local_port,
        .local = gateway->remote, .local_port = gateway->remote_port};
    uint8_t datagram[MOST];
    uint32_t heads = amtg_udp_build(&way, &options, octets, len, datagram);

    ck_assert_uint_le(heads + len, sizeof datagram);
    memcpy(datagram + heads, octets, len);
    ck_assert(amtg_capture_write(s->udp_writer, BEGAN + at_ms * AMTG_MS, datagram, heads + len));
}

void scene_tos(struct scene *s, uint8_t tos)
{
    s->tos = tos;
}

void scene_say_hex(struct scene *s, uint64_t at_ms, const struct amtg_peer *gateway,
                   const char *hex)
{
    uint8_t octets[MOST];

    scene_say(s, at_ms, gateway, octets, (uint32_t)rig_octets(hex, octets, sizeof octets));
}

void scene_discovery(struct scene *s, uint64_t at_ms, const struct amtg_peer *gateway,
                     uint32_t nonce)
{
    struct amtg_amt_discovery m = {.nonce = nonce};
    uint8_t octets[AMTG_DISCOVERY_OCTETS];

    scene_say(s, at_ms, gateway, octets, amtg_amt_discovery_build(&m, octets));
}

void scene_request(struct scene *s, uint64_t at_ms, const struct amtg_peer *gateway, uint32_t nonce,
                   uint8_t flags)
{
    uint8_t octets[AMTG_REQUEST_OCTETS] = {AMTG_MSG_REQUEST, flags};

    amtg_put_u32(octets + 4, nonce);
    scene_say(s, at_ms, gateway, octets, sizeof octets);
}

void scene_update(struct scene *s, uint64_t at_ms, const struct amtg_peer *gateway, uint32_t nonce,
                  const uint8_t mac[AMTG_AMT_MAC_OCTETS], const char *report_hex)
{
    struct amtg_amt_update m = {.nonce = nonce};
    uint8_t octets[MOST];

    memcpy(m.mac, mac, sizeof m.mac);
    uint32_t head = amtg_amt_update_head(&m, octets);
    size_t inner = rig_octets(report_hex, octets + head, sizeof octets - head);
    scene_say(s, at_ms, gateway, octets, head + (uint32_t)inner);
}

void scene_teardown(struct scene *s, uint64_t at_ms, const struct amtg_peer *gateway,
                    const struct amtg_peer *gone, uint32_t nonce,
                    const uint8_t mac[AMTG_AMT_MAC_OCTETS])
{
    struct amtg_amt_teardown m = {
        .nonce = nonce, .gateway = gone->remote, .gateway_port = gone->remote_port};
    uint8_t octets[AMTG_TEARDOWN_OCTETS];

    memcpy(m.mac, mac, sizeof m.mac);
    scene_say(s, at_ms, gateway, octets, amtg_amt_teardown_build(&m, octets));
}

void scene_native(struct scene *s, uint64_t at_ms, const char *hex)
{
    uint8_t octets[MOST];
    size_t len = rig_octets(hex, octets, sizeof octets);

    ck_assert(amtg_capture_write(s->native_writer, BEGAN + at_ms * AMTG_MS, octets, (uint32_t)len));
}

/* ---- playing ------------------------------------------------------------ */

static void load(struct scene *s)
{
    struct amtg_graph_options options = {.classes = amtg_classes, .settings = s->settings,
                                         .settings_count = s->settings_count};
    struct amtg_diag *diag = amtg_diag_new();

    s->graph = amtg_graph_load(s->of->file, &options, diag);
    amtg_diag_print(diag, stderr, false);
    ck_assert_msg(s->graph != NULL, "%s is not valid (see above)", s->of->file);
    ck_assert_uint_eq(amtg_diag_warnings(diag), 0);
    amtg_diag_free(diag);
}

/* Read back what was sent: each datagram must be sound, checksums included. */
static void read_sent(struct scene *s)
{
    char why[WHY];
    struct amtg_captured c;
    struct amtg_capture_reader *r = amtg_capture_open(s->sent_path, why, sizeof why);

    ck_assert_msg(r != NULL, "%s", why);
    while (amtg_capture_next(r, &c, why, sizeof why) == AMTG_CAPTURE_DATAGRAM) {
        struct amtg_ip ip;
        struct amtg_udp udp;
        ck_assert_int_eq(amtg_ip_parse(c.octets, c.len, &ip), AMTG_IP_SOUND);
        ck_assert_int_eq(amtg_udp_parse(c.octets, &ip, false, &udp), AMTG_UDP_SOUND);
        ck_assert(ip.dont_fragment);
        uint8_t *octets = malloc(udp.payload_octets + 1);
        memcpy(octets, c.octets + udp.payload, udp.payload_octets);
        s->sent = realloc(s->sent, (s->sent_count + 1) * sizeof *s->sent);
        s->sent[s->sent_count++] = (struct sent){
            .at_ns = c.wall_ns - BEGAN,
            .peer = {.remote = udp.peer.local, .remote_port = udp.peer.local_port,
                     .local = udp.peer.remote, .local_port = udp.peer.remote_port},
            .tos = ip.tos,
            .octets = octets,
            .len = udp.payload_octets,
        };
    }
    amtg_capture_close(r);
}

static uint64_t *copy_of(const uint64_t *values, unsigned count)
{
    uint64_t *copy = calloc(count + 1, sizeof *copy);

    memcpy(copy, values, count * sizeof *copy);
    return copy;
}

/* Each packet is accounted for; note the counters. */
static void close_accounts(struct scene *s, struct amtg_runtime *rt)
{
    s->counters = calloc(s->graph->nodes_count, sizeof *s->counters);
    s->drops = calloc(s->graph->nodes_count, sizeof *s->drops);
    for (unsigned i = 0; i < s->graph->nodes_count; i++) {
        const struct amtg_element *e = amtg_runtime_element(rt, i);
        ck_assert_msg(e->taken + e->made == e->emitted + e->dropped + e->finished,
                      "%s does not account for each packet", e->name);
        s->counters[i] = copy_of(e->counters, e->class->counters_count);
        s->drops[i] = copy_of(e->drops, e->class->drops_count);
    }
    ck_assert_uint_eq(amtg_pool_stats(amtg_runtime_pool(rt)).packets, 0);
}

void scene_play(struct scene *s, uint64_t until_ms)
{
    struct amtg_boundary_file replays[] = {{s->of->udp, s->udp}, {s->of->native, s->native}};
    struct amtg_boundary_file records[] = {{s->of->udp, s->sent_path}, {s->of->upstream, s->joins}};
    struct amtg_runtime_options options = {
        .clock = AMTG_CLOCK_VIRTUAL, .boundary = true, .seed = s->seed,
        .replays = replays, .replays_count = s->of->native ? 2 : 1, .records = records, .records_count = 2};
    enum amtg_err err;
    char why[WHY];

    ck_assert_msg(amtg_capture_finish(s->udp_writer, why, sizeof why), "%s", why);
    ck_assert_msg(amtg_capture_finish(s->native_writer, why, sizeof why), "%s", why);
    load(s);
    struct amtg_runtime *rt = amtg_runtime_new(s->graph, &options, &err, why, sizeof why);
    ck_assert_msg(rt != NULL, "%s", why);
    struct amtg_loop *loop = amtg_runtime_loop(rt);
    amtg_loop_set_wall(loop, BEGAN);
    ck_assert_msg(amtg_runtime_start(rt, why, sizeof why) == AMTG_OK, "%s", why);
    ck_assert_msg(amtg_runtime_run(rt, UINT64_MAX, why, sizeof why) == AMTG_OK, "%s", why);
    if (until_ms * AMTG_MS > amtg_loop_now_ns(loop))
        amtg_loop_step(loop, until_ms * AMTG_MS - amtg_loop_now_ns(loop));
    amtg_runtime_stop(rt);
    close_accounts(s, rt);
    amtg_runtime_free(rt); /* the recordings are complete now */
    read_sent(s);
}

void scene_free(struct scene *s)
{
    for (unsigned i = 0; i < s->graph->nodes_count; i++) {
        free(s->counters[i]);
        free(s->drops[i]);
    }
    free(s->counters);
    free(s->drops);
    amtg_graph_free(s->graph);
    for (unsigned i = 0; i < s->sent_count; i++)
        free((void *)s->sent[i].octets);
    free(s->sent);
    unlink(s->udp);
    unlink(s->native);
    unlink(s->sent_path);
    unlink(s->joins);
    rmdir(s->folder);
    free(s);
}

/* ---- what was sent ------------------------------------------------------ */

static bool is_to(const struct sent *sent, const struct amtg_peer *gateway)
{
    return !gateway || (amtg_addr_equal(&sent->peer.remote, &gateway->remote) &&
                        sent->peer.remote_port == gateway->remote_port);
}

static bool is_message(const struct sent *sent, enum amtg_amt_message message)
{
    enum amtg_amt_message found;

    ck_assert_int_eq(amtg_amt_peek(sent->octets, sent->len, &found), AMTG_OK);
    return found == message;
}

const struct sent *scene_sent(const struct scene *s, const struct amtg_peer *gateway,
                              enum amtg_amt_message message, unsigned index)
{
    for (unsigned i = 0; i < s->sent_count; i++)
        if (is_to(&s->sent[i], gateway) && is_message(&s->sent[i], message) && index-- == 0)
            return &s->sent[i];
    return NULL;
}

unsigned scene_count(const struct scene *s, const struct amtg_peer *gateway,
                     enum amtg_amt_message message)
{
    unsigned count = 0;

    while (scene_sent(s, gateway, message, count))
        count++;
    return count;
}

void scene_mac(const struct scene *s, const struct amtg_peer *gateway, unsigned index,
               uint8_t mac[AMTG_AMT_MAC_OCTETS])
{
    const struct sent *query = scene_sent(s, gateway, AMTG_MSG_QUERY, index);
    struct amtg_amt_query m;

    ck_assert_msg(query != NULL, "there is no Query %u", index);
    ck_assert_int_eq(amtg_amt_query_parse(query->octets, query->len, &m), AMTG_OK);
    memcpy(mac, m.mac, sizeof m.mac);
}

/* ---- as text ------------------------------------------------------------ */

/* What is said of MACs must not depend on how secrets are made. */
static void hide_macs(char *text)
{
    static const char word[] = " MAC ";

    for (char *at = strstr(text, word); at; at = strstr(at, word)) {
        at += sizeof word - 1;
        memset(at, 'x', 2 * AMTG_AMT_MAC_OCTETS);
    }
}

char *scene_sent_text(struct scene *s)
{
    struct amtg_pool *pool = amtg_pool_new(1, 1);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    for (unsigned i = 0; i < s->sent_count; i++) {
        const struct sent *sent = &s->sent[i];
        struct amtg_packet *p = amtg_packet_new(pool, sent->len);
        memcpy(p->data, sent->octets, sent->len);
        p->type = AMTG_AMT;
        amtg_packet_to_peer(p, &sent->peer);
        fprintf(out, "%llu ms ", (unsigned long long)(sent->at_ns / AMTG_MS));
        amtg_type_describe(p, out);
        fputc('\n', out);
        amtg_packet_free(p);
    }
    fclose(out);
    amtg_pool_free(pool);
    hide_macs(text);
    return text;
}

/* Wishes are soft state: what is just said again is left out. */
char *scene_joins_text(struct scene *s)
{
    char *text = NULL, *line = NULL;
    size_t len = 0, room = 0;
    FILE *in = fopen(s->joins, "r"), *out = open_memstream(&text, &len);

    ck_assert_ptr_nonnull(in);
    while (getline(&line, &room, in) > 0) {
        const char *wish = strchr(line, ' '); /* after the time */
        fflush(out);
        if (!wish || !strstr(text, wish))
            fputs(line, out);
    }
    free(line);
    fclose(in);
    fclose(out);
    return text;
}

/* ---- counters ----------------------------------------------------------- */

static unsigned node_of(const struct scene *s, const char *element)
{
    for (unsigned i = 0; i < s->graph->nodes_count; i++)
        if (strcmp(s->graph->nodes[i].name, element) == 0)
            return i;
    ck_abort_msg("%s has no element %s", s->of->file, element);
    return 0;
}

uint64_t scene_drops(struct scene *s, const char *element, const char *reason)
{
    unsigned node = node_of(s, element);
    const struct amtg_class *class = s->graph->nodes[node].class;

    for (unsigned i = 0; i < class->drops_count; i++)
        if (strcmp(class->drops[i].name, reason) == 0)
            return s->drops[node][i];
    ck_abort_msg("%s has no drop reason %s", class->name, reason);
    return 0;
}

uint64_t scene_counter(struct scene *s, const char *element, const char *counter)
{
    unsigned node = node_of(s, element);
    const struct amtg_class *class = s->graph->nodes[node].class;

    for (unsigned i = 0; i < class->counters_count; i++)
        if (strcmp(class->counters[i].name, counter) == 0)
            return s->counters[node][i];
    ck_abort_msg("%s has no counter %s", class->name, counter);
    return 0;
}
