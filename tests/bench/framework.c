/*
 * What the framework and its small elements cost for each packet, nothing of the
 * host touched: a pump, the elements of a case, a discard. sendmmsg is this
 * program's own and does nothing, so that fan-out is measured up to the system call.
 *
 *     bench_framework                  the names of the cases
 *     bench_framework CASE PACKETS     run one of them, say under callgrind
 *     bench_framework time PACKETS     ns of each beside `base`, in turns
 *
 * A line of the first: name, how often the element is there, copies of each packet. Of
 * the last: name, ns a packet (median), then what an element adds to `base`, for each
 * packet or copy: min, median, max.
 */
#include <string.h>
#include <sys/socket.h>

#include "core/runtime.h"
#include "elements/registry.h"
#include "elements/wire/types.h"
#include "tests/bench/bench.h"

enum { OCTETS = 1344, ROUNDS = 7, GATEWAYS = 1000, REPORT_OCTETS = 20 };

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    (void)fd, (void)messages, (void)flags;
    return (int)count;
}

/* ---- the pump -------------------------------------------------------------------- */

struct pump {
    uint64_t left;
    unsigned burst; /* packets a turn */
    struct amtg_task task;
};

/* 198.51.100.12 to 232.1.1.1, UDP 5000 to 5001; the payload is whatever was in the buffer. */
static const uint8_t head[28] = {
    0x45, 0, OCTETS >> 8, OCTETS & 0xff, 0, 0, 0x40, 0, 16, 17, 0, 0, 198, 51, 100, 12,
    232, 1, 1, 1, 0x13, 0x88, 0x13, 0x89, (OCTETS - 20) >> 8, (OCTETS - 20) & 0xff, 0, 0};
static uint8_t packet_head[sizeof head];

static void make_head(void)
{
    uint32_t sum = 0;

    memcpy(packet_head, head, sizeof head);
    for (unsigned i = 0; i < 20; i += 2)
        sum += (uint32_t)(head[i] << 8 | head[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~(sum + (sum >> 16)) & 0xffff;
    packet_head[10] = (uint8_t)(sum >> 8);
    packet_head[11] = (uint8_t)sum;
}

static void pump_run(struct amtg_element *e, struct amtg_task *t)
{
    struct pump *pump = amtg_state(e);

    for (unsigned i = 0; i < pump->burst && pump->left; i++, pump->left--) {
        struct amtg_packet *p = amtg_make(e, AMTG_IP4, OCTETS);
        if (!p)
            give_up("no buffer");
        memcpy(p->data, packet_head, sizeof packet_head);
        p->transport = 20;
        p->protocol = 17;
        amtg_emit(e, 0, p);
    }
    if (pump->left)
        amtg_task_post(e, t);
    else
        amtg_release(e);
}

static enum amtg_err pump_start(struct amtg_element *e)
{
    struct pump *pump = amtg_state(e);

    pump->task.run = pump_run;
    amtg_hold(e);
    return AMTG_OK;
}

static const struct amtg_class pump_class = {
    .name = "pump", .summary = "packets, as fast as they are taken",
    .state_octets = sizeof(struct pump),
    AMTG_OUTPUTS({"out", AMTG_IP4, "multicast", 0}),
    .start = pump_start};

/* ---- cases ----------------------------------------------------------------------- */

static const struct {
    const char *name;
    unsigned times;  /* the element is there so often, one behind the other */
    unsigned copies; /* of each packet */
    unsigned burst;  /* packets that come together */
    const char *elements, *edges;
} cases[] = {
    {"base", 1, 1, AMTG_BATCH, "", "pump -> end"},
    {"counter", 4, 1, AMTG_BATCH,
     "  a: {class: counter}\n  b: {class: counter}\n  c: {class: counter}\n  d: {class: counter}\n",
     "pump -> a -> b -> c -> d -> end"},
    {"check-ip", 4, 1, AMTG_BATCH,
     "  a: {class: check-ip}\n  b: {class: check-ip}\n  c: {class: check-ip}\n"
     "  d: {class: check-ip}\n",
     "pump -> a -> b -> c -> d -> end"},
    {"classifier", 1, 1, AMTG_BATCH,
     "  a: {class: classifier, outputs: {w: udp port 1, x: udp port 2, y: udp port 3,"
     " z: udp port 5001}}\n",
     "pump -> a\n  - a.w -> end\n  - a.x -> end\n  - a.y -> end\n  - a.z -> end\n  - a.rest -> end"},
    {"amt-encap", 1, 1, AMTG_BATCH,
     "  gone: {class: discard}\n  members: {class: membership}\n"
     "  fanout: {class: relay-fanout, members: members}\n  encap: {class: amt-encap}\n",
     "pump -> fanout -> encap -> end\n  - members.joins -> gone"},
    {"amt-mtu", 1, 1, AMTG_BATCH,
     "  gone: {class: discard}\n  members: {class: membership}\n"
     "  fanout: {class: relay-fanout, members: members}\n  mtu: {class: amt-mtu}\n",
     "pump -> fanout -> mtu\n  - mtu.out -> end\n  - members.joins -> gone"},
    {"fanout", 1, 1, AMTG_BATCH,
     "  gone: {class: discard}\n  members: {class: membership}\n"
     "  fanout: {class: relay-fanout, members: members}\n",
     "pump -> fanout -> end\n  - members.joins -> gone"},
    {"copies", 1, GATEWAYS, 1,
     "  gone: {class: discard}\n  members: {class: membership, endpoints-per-address: 10000}\n"
     "  fanout: {class: relay-fanout, members: members}\n  encap: {class: amt-encap}\n"
     "  udp: {class: udp-socket, bind: 127.0.0.1, port: 0, queue: 100000}\n",
     "pump -> fanout -> encap -> udp.out -> gone\n  - members.joins -> gone"},
    {"trains", 1, GATEWAYS, AMTG_BATCH,
     "  gone: {class: discard}\n  members: {class: membership, endpoints-per-address: 10000}\n"
     "  fanout: {class: relay-fanout, members: members}\n  encap: {class: amt-encap}\n"
     "  udp: {class: udp-socket, bind: 127.0.0.1, port: 0, queue: 100000}\n",
     "pump -> fanout -> encap -> udp.out -> gone\n  - members.joins -> gone"},
};

enum { CASES = sizeof cases / sizeof cases[0] };

struct bench {
    struct amtg_graph *graph;
    struct amtg_runtime *runtime;
    struct amtg_pool *pool;
    unsigned burst;
};

/* IGMPv3: ALLOW {198.51.100.12} for 232.1.1.1, from each gateway. */
static void join_all(struct bench *b, struct amtg_element *members, unsigned gateways)
{
    static const uint8_t report[REPORT_OCTETS] = {0x22, [7] = 1, [8] = 5, [11] = 1,
                                                  [12] = 232, 1, 1, 1, 198, 51, 100, 12};

    for (unsigned i = 0; i < gateways; i++) {
        struct amtg_batch batch = {.count = 1};
        struct amtg_packet *p = amtg_packet_new(b->pool, sizeof report);
        uint32_t remote = htonl(0x7f000001u + i);
        memcpy(p->data, report, sizeof report);
        p->type = AMTG_REPORT;
        p->peer = (struct amtg_peer){.remote = amtg_addr_from4(&remote),
                                     .local = amtg_addr_from4("\x7f\0\0\1"),
                                     .remote_port = 40000, .local_port = 2268};
        batch.packets[0] = p;
        members->taken++;
        members->push(members, 0, &batch);
        amtg_loop_step(members->loop, 0);
    }
}

static struct bench bench_make(unsigned which)
{
    static const struct amtg_class *classes[256];
    char text[2048], why[256];
    struct amtg_graph_options options = {.classes = classes, .ports_may_be_open = true};
    struct amtg_runtime_options run = {.clock = AMTG_CLOCK_REAL, .buffers = 4096};
    struct amtg_diag *diag = amtg_diag_new();
    struct bench b;
    enum amtg_err err;
    unsigned count = 0;

    b.burst = cases[which].burst;
    classes[count++] = &pump_class;
    for (unsigned i = 0; amtg_classes[i] && count + 1 < 256; i++)
        classes[count++] = amtg_classes[i];
    int len = snprintf(text, sizeof text,
                       "amtgraph: 1\nelements:\n  pump: {class: pump}\n  end: {class: discard}\n%s"
                       "edges:\n  - %s\n", cases[which].elements, cases[which].edges);
    b.graph = amtg_graph_parse("bench", text, (size_t)len, &options, diag);
    amtg_diag_print(diag, stderr, false);
    amtg_diag_free(diag);
    if (!b.graph)
        give_up("%s is no graph", cases[which].name);
    b.runtime = amtg_runtime_new(b.graph, &run, &err, why, sizeof why);
    if (!b.runtime || amtg_runtime_start(b.runtime, why, sizeof why) != AMTG_OK)
        give_up("%s", why);
    b.pool = amtg_pool_new(64, 1);
    struct amtg_element *members = amtg_runtime_find(b.runtime, "members");
    if (members)
        join_all(&b, members, cases[which].copies);
    return b;
}

static void bench_free(struct bench *b)
{
    amtg_runtime_stop(b->runtime);
    amtg_runtime_free(b->runtime);
    amtg_pool_free(b->pool);
    amtg_graph_free(b->graph);
}

/* CPU time of so many packets, ns. */
static uint64_t bench_run(struct bench *b, uint64_t packets)
{
    struct amtg_element *pump = amtg_runtime_find(b->runtime, "pump");
    struct pump *state = amtg_state(pump);
    struct amtg_element *last = amtg_runtime_find(b->runtime, "udp");
    uint64_t began = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

    if (!last)
        last = amtg_runtime_find(b->runtime, "end");
    uint64_t wanted = last->finished + packets;
    state->left = packets;
    state->burst = b->burst;
    amtg_task_post(pump, &state->task);
    while (last->finished < wanted)
        amtg_loop_step(pump->loop, 0);
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID) - began;
}

/* The same; callgrind counts from here on (tests/bench/instructions). */
__attribute__((noinline, noclone)) static void bench_counted(struct bench *b, uint64_t packets)
{
    bench_run(b, packets);
}

/* ---- times ----------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What the elements of a case add to the base, for each packet, element and copy. */
static void time_case(unsigned which, uint64_t packets)
{
    struct bench base = bench_make(0), it = bench_make(which);
    double added[ROUNDS], ns[ROUNDS];

    packets = packets / cases[which].copies + 64;
    for (int i = -1; i < ROUNDS; i++) { /* the first one warms up */
        double without = (double)bench_run(&base, packets) / (double)packets;
        double with = (double)bench_run(&it, packets) / (double)packets;
        if (i < 0)
            continue;
        ns[i] = with;
        added[i] = (with - without) / cases[which].times / cases[which].copies;
    }
    qsort(added, ROUNDS, sizeof *added, compare);
    qsort(ns, ROUNDS, sizeof *ns, compare);
    printf("%s %.1f %.2f %.2f %.2f\n", cases[which].name, ns[ROUNDS / 2], added[0],
           added[ROUNDS / 2], added[ROUNDS - 1]);
    bench_free(&base);
    bench_free(&it);
}

int main(int argc, char **argv)
{
    make_head();
    if (argc == 1) {
        for (unsigned i = 0; i < CASES; i++)
            printf("%s %u %u\n", cases[i].name, cases[i].times, cases[i].copies);
        return EXIT_SUCCESS;
    }
    if (argc != 3)
        give_up("usage: %s [CASE|time PACKETS]", argv[0]);
    uint64_t packets = number_of(argv[2], 1, UINT32_MAX);
    for (unsigned i = 0; i < CASES; i++) {
        if (strcmp(argv[1], "time") == 0) {
            time_case(i, packets);
        } else if (strcmp(argv[1], cases[i].name) == 0) {
            struct bench b = bench_make(i);
            bench_run(&b, AMTG_BATCH); /* warms up */
            bench_counted(&b, packets);
            bench_free(&b);
            return EXIT_SUCCESS;
        }
    }
    return strcmp(argv[1], "time") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
