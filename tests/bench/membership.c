/*
 * What endpoints cost in the membership element alone: time to take a first report,
 * a refresh and a leave of each, and memory, with everybody in one channel.
 *
 *     bench_membership ENDPOINTS ADDRESSES
 */
#include <malloc.h>
#include <string.h>

#include "core/runtime.h"
#include "elements/group/members.h"
#include "elements/registry.h"
#include "elements/wire/types.h"
#include "tests/bench/bench.h"

enum { REPORT_OCTETS = 20, LOOKUPS = 1000000 };

static const char graph_text[] =
    "amtgraph: 1\nname: bench\nelements:\n"
    "  it:  {class: membership, endpoints: 10000000, endpoints-per-address: 65536,\n"
    "        memberships: 100000000, entries-per-address: 100000000}\n"
    "  end: {class: discard}\n"
    "edges:\n  - it.joins -> end\n";

struct bench {
    struct amtg_runtime *runtime;
    struct amtg_element *it;
    struct amtg_pool *pool;
    uint64_t endpoints, addresses;
};

/* An IGMPv3 report of one record with the source 192.0.2.1, or none for EXCLUDE. */
static uint32_t report(uint8_t *o, uint8_t type, bool source)
{
    static const uint8_t head[16] = {0x22, [7] = 1, [12] = 232, 1, 1, 1};

    memcpy(o, head, sizeof head);
    o[8] = type;
    o[11] = source;
    if (!source)
        o[12] = 239;
    memcpy(o + 16, "\xc0\x00\x02\x01", 4);
    return source ? REPORT_OCTETS : REPORT_OCTETS - 4;
}

static void push_all(struct bench *b, const char *what, uint8_t type, bool source)
{
    struct amtg_batch batch = {0};
    uint8_t octets[REPORT_OCTETS];
    uint32_t len = report(octets, type, source);
    size_t before = mallinfo2().uordblks;
    uint64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

    for (uint64_t i = 0; i < b->endpoints; i++) {
        struct amtg_packet *p = amtg_packet_new(b->pool, len);
        uint32_t remote = htonl(0x0a000000u + (uint32_t)(i % b->addresses));
        memcpy(p->data, octets, len);
        p->type = AMTG_REPORT;
        p->peer = (struct amtg_peer){.remote = amtg_addr_from4(&remote),
                                     .local = amtg_addr_from4("\xc6\x33\x64\x01"),
                                     .remote_port = (uint16_t)(1024 + i / b->addresses),
                                     .local_port = 2268};
        batch.packets[batch.count++] = p;
        if (batch.count == AMTG_BATCH || i + 1 == b->endpoints) {
            b->it->taken += batch.count;
            b->it->push(b->it, 0, &batch);
            batch.count = 0;
            amtg_loop_step(b->it->loop, 0);
        }
    }
    uint64_t ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start;
    double octets_each = ((double)mallinfo2().uordblks - (double)before) / (double)b->endpoints;
    printf("%-28s %8.1f ms  %7.0f ns each  %+7.0f octets each\n", what, (double)ns / 1e6,
           (double)ns / (double)b->endpoints, octets_each);
}

static void look_up(struct bench *b)
{
    const struct amtg_members_ops *ops = amtg_ops(b->it, &amtg_members);
    struct amtg_addr source = amtg_addr_from4("\xc0\x00\x02\x01");
    struct amtg_addr group = amtg_addr_from4("\xe8\x01\x01\x01");
    uint64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID), found = 0;

    for (unsigned i = 0; i < LOOKUPS; i++)
        found += ops->lookup(b->it, &source, &group) != NULL;
    uint64_t ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start;
    printf("%-28s %8.1f ms  %7.0f ns each\n", found ? "look up a channel" : "look up nothing",
           (double)ns / 1e6, (double)ns / LOOKUPS);
}

int main(int argc, char **argv)
{
    struct amtg_graph_options options = {.classes = amtg_classes};
    struct amtg_diag *diag = amtg_diag_new();
    struct amtg_runtime_options run = {.clock = AMTG_CLOCK_VIRTUAL};
    enum amtg_err err;
    char why[256];

    if (argc != 3)
        give_up("usage: %s ENDPOINTS ADDRESSES", argv[0]);
    struct bench b = {.endpoints = number_of(argv[1], 1, 10000000),
                      .addresses = number_of(argv[2], 1, 10000000)};
    if (b.endpoints / b.addresses > 60000)
        give_up("no more than 60000 endpoints of an address");
    options.ports_may_be_open = true;
    struct amtg_graph *graph =
        amtg_graph_parse("bench", graph_text, sizeof graph_text - 1, &options, diag);
    if (!graph) {
        amtg_diag_print(diag, stderr, false);
        return EXIT_FAILURE;
    }
    b.runtime = amtg_runtime_new(graph, &run, &err, why, sizeof why);
    if (!b.runtime || amtg_runtime_start(b.runtime, why, sizeof why) != AMTG_OK)
        give_up("%s", why);
    b.it = amtg_runtime_find(b.runtime, "it");
    b.pool = amtg_pool_new(1024, 1);

    printf("%llu endpoints of %llu addresses\n", (unsigned long long)b.endpoints,
           (unsigned long long)b.addresses);
    push_all(&b, "join (S,G)", 5, true);
    push_all(&b, "refresh (S,G)", 1, true);
    look_up(&b);
    push_all(&b, "join (*,G) too", 4, false);
    push_all(&b, "leave (*,G)", 3, false);
    push_all(&b, "leave (S,G)", 6, true);

    amtg_runtime_stop(b.runtime);
    amtg_runtime_free(b.runtime);
    amtg_pool_free(b.pool);
    amtg_graph_free(graph);
    amtg_diag_free(diag);
    return EXIT_SUCCESS;
}
