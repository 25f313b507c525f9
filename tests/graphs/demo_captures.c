/*
 * Makes the captures of graphs/demo: what two gateways, a stranger and a source
 * send. An Update must carry the Response MAC of the Query before it, so the relay
 * is asked first: it runs on the Requests alone, and its answers are read. On
 * captures a run is the same each time, and so the MACs stay right.
 *
 *     demo_captures AMTGRAPH RELAY.YAML FOLDER
 *
 * Writes FOLDER/gateways.pcap and FOLDER/native.pcap.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/capture_file.h"
#include "core/cursor.h"
#include "core/loop.h"
#include "elements/wire/amt.h"
#include "elements/wire/checksum.h"
#include "elements/wire/udp.h"

enum { MOST = 512, PATH = 512, REPORT = 16 + 4, ALLOW = 5, BLOCK = 6 };

#define BEGAN (1767225600ull * AMTG_S) /* 2026-01-01 */
#define GROUP "232.1.2.3"
#define SOURCE "198.51.100.12"

struct gateway {
    struct amtg_peer peer; /* local: the gateway, remote: the relay */
    uint32_t nonce;
    uint8_t mac[AMTG_AMT_MAC_OCTETS];
};

__attribute__((noreturn)) static void give_up(const char *why)
{
    fprintf(stderr, "demo_captures: %s\n", why);
    exit(EXIT_FAILURE);
}

static struct amtg_addr addr(const char *text)
{
    struct amtg_addr a;
    if (!amtg_addr_parse(text, &a))
        give_up(text);
    return a;
}

static struct amtg_peer peer(const char *from, uint16_t from_port, const char *to, uint16_t to_port)
{
    return (struct amtg_peer){.local = addr(from), .local_port = from_port, .remote = addr(to),
                              .remote_port = to_port};
}

static void say(struct amtg_capture_writer *w, unsigned at_ms, const struct amtg_peer *p,
                const uint8_t *payload, uint32_t len)
{
    const struct amtg_udp_options options = {.hops = 16, .dont_fragment = true};
    uint8_t datagram[MOST];
    uint32_t heads = amtg_udp_build(p, &options, payload, len, datagram);

    memcpy(datagram + heads, payload, len);
    amtg_capture_write(w, BEGAN + at_ms * AMTG_MS, datagram, heads + len);
}

/* ---- what gateways say --------------------------------------------------- */

static void discover(struct amtg_capture_writer *w, unsigned at_ms, const struct gateway *g)
{
    uint8_t octets[MOST];
    struct amtg_amt_discovery m = {.nonce = 0x0d15c0 + 1};
    say(w, at_ms, &g->peer, octets, amtg_amt_discovery_build(&m, octets));
}

static void request(struct amtg_capture_writer *w, unsigned at_ms, const struct gateway *g)
{
    uint8_t octets[MOST];
    struct amtg_amt_request m = {.nonce = g->nonce};
    say(w, at_ms, &g->peer, octets, amtg_amt_request_build(&m, octets));
}

/* An Update with an IGMPv3 report of one record: ALLOW or BLOCK of the source. */
static void update(struct amtg_capture_writer *w, unsigned at_ms, const struct gateway *g,
                   uint8_t type)
{
    struct amtg_ip_head head = {.src = addr("0.0.0.0"), .dst = addr("224.0.0.22"),
                                .payload = REPORT, .protocol = IPPROTO_IGMP, .hops = 1,
                                .tos = AMTG_TOS_CONTROL, .router_alert = true};
    struct amtg_addr group = addr(GROUP), source = addr(SOURCE);
    struct amtg_amt_update m = {.nonce = g->nonce};
    uint8_t octets[MOST], report[REPORT] = {0x22, [7] = 1, [8] = type, [11] = 1};

    memcpy(report + 12, amtg_addr_octets4(&group), 4);
    memcpy(report + 16, amtg_addr_octets4(&source), 4);
    amtg_put_u16(report + 2, amtg_checksum(amtg_sum(0, report, REPORT)));
    memcpy(m.mac, g->mac, sizeof m.mac);
    uint32_t len = amtg_amt_update_head(&m, octets);
    len += amtg_ip_build(&head, octets + len);
    memcpy(octets + len, report, REPORT);
    say(w, at_ms, &g->peer, octets, len + REPORT);
}

static void teardown(struct amtg_capture_writer *w, unsigned at_ms, const struct gateway *g)
{
    uint8_t octets[MOST];
    struct amtg_amt_teardown m = {.nonce = g->nonce, .gateway = g->peer.local,
                                  .gateway_port = g->peer.local_port};
    memcpy(m.mac, g->mac, sizeof m.mac);
    say(w, at_ms, &g->peer, octets, amtg_amt_teardown_build(&m, octets));
}

/* ---- the Response MACs, from the relay itself ---------------------------- */

static void run_relay(const char *amtgraph, const char *relay, const char *in, const char *out)
{
    char replay[PATH + 8], record[PATH + 8];
    snprintf(replay, sizeof replay, "udp=%s", in);
    snprintf(record, sizeof record, "udp=%s", out);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(127);
        execl(amtgraph, amtgraph, "run", relay, "--replay", replay, "--record", record,
              (char *)NULL);
        _exit(127);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        give_up("the relay did not run");
}

/* Take the MAC of a Query to one of the gateways. */
static void read_query(const struct amtg_captured *c, struct gateway *gateways, unsigned count)
{
    struct amtg_ip ip;
    struct amtg_udp udp;
    struct amtg_amt_query query;

    if (amtg_ip_parse(c->octets, c->len, &ip) != AMTG_IP_SOUND ||
        amtg_udp_parse(c->octets, &ip, false, &udp) != AMTG_UDP_SOUND ||
        amtg_amt_query_parse(c->octets + udp.payload, udp.payload_octets, &query) != AMTG_OK)
        return;
    for (unsigned i = 0; i < count; i++)
        if (query.nonce == gateways[i].nonce)
            memcpy(gateways[i].mac, query.mac, sizeof query.mac);
}

static void read_queries(const char *path, struct gateway *gateways, unsigned count)
{
    char why[256];
    struct amtg_captured c;
    struct amtg_capture_reader *r = amtg_capture_open(path, why, sizeof why);

    if (!r)
        give_up(why);
    while (amtg_capture_next(r, &c, why, sizeof why) == AMTG_CAPTURE_DATAGRAM)
        read_query(&c, gateways, count);
    amtg_capture_close(r);
}

/* ---- the story ----------------------------------------------------------- */

static struct amtg_capture_writer *create(const char *path)
{
    char why[256];
    struct amtg_capture_writer *w = amtg_capture_create(path, why, sizeof why);
    if (!w)
        give_up(why);
    return w;
}

static void finish(struct amtg_capture_writer *w)
{
    char why[256];
    if (!amtg_capture_finish(w, why, sizeof why))
        give_up(why);
}

static void write_gateways(const char *path, const struct gateway *a, const struct gateway *b,
                           bool requests_only)
{
    struct amtg_capture_writer *w = create(path);

    if (!requests_only)
        discover(w, 0, a);
    request(w, 100, a);
    if (!requests_only)
        update(w, 200, a, ALLOW);
    request(w, 500, b);
    if (!requests_only) {
        struct gateway stranger = *a; /* has seen A's Update, and says it from another place */
        stranger.peer.local = addr("203.0.113.66");
        update(w, 600, b, ALLOW);
        update(w, 800, &stranger, BLOCK);
        update(w, 1000, a, BLOCK);
        teardown(w, 1200, b);
    }
    finish(w);
}

static void write_native(const char *path)
{
    static const unsigned at_ms[] = {300, 700, 900, 1100, 1300};
    struct amtg_peer wanted = peer(SOURCE, 5000, GROUP, 5001);
    struct amtg_peer unwanted = peer("198.51.100.99", 5000, GROUP, 5001);
    struct amtg_capture_writer *w = create(path);
    char text[16];

    for (unsigned i = 0; i < sizeof at_ms / sizeof at_ms[0]; i++) {
        int len = snprintf(text, sizeof text, "packet %u", i + 1);
        say(w, at_ms[i], &wanted, (const uint8_t *)text, (uint32_t)len);
        if (i == 0)
            say(w, 400, &unwanted, (const uint8_t *)"unwanted", 8);
    }
    finish(w);
}

int main(int argc, char **argv)
{
    char gateways_path[PATH], native_path[PATH], answers_path[PATH];
    struct gateway both[] = {
        {.peer = peer("203.0.113.7", 51000, "192.0.2.1", AMTG_AMT_PORT), .nonce = 0xa0000001},
        {.peer = peer("2001:db8:b::9", 40000, "2001:db8::1", AMTG_AMT_PORT), .nonce = 0xb0000001},
    };

    if (argc != 4)
        give_up("usage: demo_captures AMTGRAPH RELAY.YAML FOLDER");
    snprintf(gateways_path, sizeof gateways_path, "%s/gateways.pcap", argv[3]);
    snprintf(native_path, sizeof native_path, "%s/native.pcap", argv[3]);
    snprintf(answers_path, sizeof answers_path, "%s/answers.pcap", argv[3]);

    write_gateways(gateways_path, &both[0], &both[1], true);
    run_relay(argv[1], argv[2], gateways_path, answers_path);
    read_queries(answers_path, both, 2);
    unlink(answers_path);
    write_gateways(gateways_path, &both[0], &both[1], false);
    write_native(native_path);
    return EXIT_SUCCESS;
}
