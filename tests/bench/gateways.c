/*
 * Many gateways at once: each asks for admission (Request, Query, Update) and
 * joins one channel; prints how long it took until the relay had taken in all.
 * Then stays, to count who hears the channel, until standard input ends.
 *
 *     bench_gateways RELAY FIRST ADDRESSES COUNT SOURCE GROUP [ask]
 *
 * COUNT gateways on ADDRESSES addresses from FIRST on, each with a port of its own.
 * With `ask` they only ask: Request and Query, no Update, so that nothing is joined.
 * Prints lines `admitted ... seconds ... repeats ...` and, at the end, `heard ...`.
 *
 * An Update is not answered. That the last one has been taken in is known by the
 * answer to one more Request, which the relay reads after it.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/cursor.h"
#include "tests/bench/bench.h"

enum {
    RELAY_PORT = 2268,
    WINDOW = 512,          /* Requests under way at a time */
    REPEAT_MS = 250,       /* silence after which they are said again */
    QUERY_MIN = 12,        /* octets before the inner query */
    REPORT_OCTETS = 24 + 20, /* IPv4 header with Router Alert, IGMPv3 report, one source */
    REQUEST = 3,
    QUERY = 4,
    UPDATE = 5,
    DATA = 6,
};

enum progress { WAITING, ASKED, ADMITTED };

struct gateway {
    int fd;
    enum progress progress;
    uint32_t nonce;
    bool heard;
};

struct crowd {
    struct gateway *gateways;
    unsigned count, asked, admitted, heard;
    uint64_t repeats;
    bool ask_only;
    uint8_t report[REPORT_OCTETS];
    int epoll;
};

static uint16_t internet_sum(const uint8_t *octets, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i += 2)
        sum += amtg_get_u16(octets + i);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* IGMPv3, ALLOW {source} for group (RFC 3376, 4.2), in an IPv4 datagram. */
static void make_report(uint8_t *o, uint32_t source, uint32_t group)
{
    static const uint8_t header[24] = {0x46, 0xc0, 0, REPORT_OCTETS, 0, 0, 0x40, 0, 1, 2, 0, 0,
                                       0, 0, 0, 0, 224, 0, 0, 22, 0x94, 4, 0, 0};
    memset(o, 0, REPORT_OCTETS);
    memcpy(o, header, sizeof header);
    amtg_put_u16(o + 10, internet_sum(o, sizeof header));
    uint8_t *igmp = o + sizeof header;
    igmp[0] = 0x22;
    igmp[7] = 1; /* records */
    igmp[8] = 5; /* ALLOW_NEW_SOURCES */
    igmp[11] = 1; /* sources */
    amtg_put_u32(igmp + 12, group);
    amtg_put_u32(igmp + 16, source);
    amtg_put_u16(igmp + 2, internet_sum(igmp, REPORT_OCTETS - sizeof header));
}

static void send_octets(int fd, const void *octets, size_t len)
{
    if (send(fd, octets, len, 0) < 0 && errno != EAGAIN && errno != ENOBUFS && errno != ECONNREFUSED)
        give_up("send: %s", strerror(errno));
}

static void ask(struct gateway *g)
{
    uint8_t request[8] = {REQUEST};
    amtg_put_u32(request + 4, g->nonce);
    send_octets(g->fd, request, sizeof request);
    g->progress = ASKED;
}

static void answer(struct crowd *crowd, struct gateway *g, const uint8_t *query)
{
    uint8_t update[12 + REPORT_OCTETS] = {UPDATE};
    memcpy(update + 2, query + 2, 10); /* Response MAC and nonce */
    memcpy(update + 12, crowd->report, REPORT_OCTETS);
    if (!crowd->ask_only)
        send_octets(g->fd, update, sizeof update);
    g->progress = ADMITTED;
    crowd->admitted++;
}

static void receive(struct crowd *crowd, struct gateway *g)
{
    uint8_t octets[2048];
    ssize_t len = recv(g->fd, octets, sizeof octets, MSG_DONTWAIT);
    if (len < 2)
        return;
    if (octets[0] == DATA && !g->heard) {
        g->heard = true;
        crowd->heard++;
    }
    if (octets[0] == QUERY && len >= QUERY_MIN && g->progress == ASKED &&
        amtg_get_u32(octets + 8) == g->nonce)
        answer(crowd, g, octets);
}

/* Wait for something to read, at most wait_ms, and read it. false: there was nothing. */
static bool listen_once(struct crowd *crowd, int wait_ms)
{
    struct epoll_event events[WINDOW];
    int n = epoll_wait(crowd->epoll, events, WINDOW, wait_ms);
    for (int i = 0; i < n; i++)
        receive(crowd, events[i].data.ptr);
    return n > 0;
}

static void settle_in(struct crowd *crowd)
{
    while (crowd->admitted < crowd->count) {
        while (crowd->asked < crowd->count && crowd->asked - crowd->admitted < WINDOW)
            ask(&crowd->gateways[crowd->asked++]);
        if (listen_once(crowd, REPEAT_MS))
            continue;
        for (unsigned i = 0; i < crowd->asked; i++) {
            if (crowd->gateways[i].progress == ASKED) {
                ask(&crowd->gateways[i]);
                crowd->repeats++;
            }
        }
        if (crowd->repeats > 20ull * crowd->count)
            give_up("the relay admits %u of %u only", crowd->admitted, crowd->count);
    }
    /* One more Request behind the last Update. */
    struct gateway *last = &crowd->gateways[crowd->count - 1];
    last->nonce = ~last->nonce;
    ask(last);
    for (unsigned tries = 0; last->progress == ASKED; tries++) {
        if (tries > 10000)
            give_up("the relay does not answer after the last Update");
        if (!listen_once(crowd, REPEAT_MS))
            ask(last);
    }
}

static void open_sockets(struct crowd *crowd, uint32_t relay, uint32_t first, unsigned addresses)
{
    struct rlimit limit = {crowd->count + 64, crowd->count + 64};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        give_up("%u descriptors: %s", crowd->count, strerror(errno));
    crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
    struct sockaddr_in to = socket_address(relay, RELAY_PORT);
    for (unsigned i = 0; i < crowd->count; i++) {
        struct gateway *g = &crowd->gateways[i];
        struct sockaddr_in from = socket_address(first + i % addresses, 0);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = g};
        g->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        g->nonce = 0x10000 + i;
        if (g->fd < 0 || bind(g->fd, (struct sockaddr *)&from, sizeof from) != 0 ||
            connect(g->fd, (struct sockaddr *)&to, sizeof to) != 0 ||
            epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, g->fd, &event) != 0)
            give_up("gateway %u: %s", i, strerror(errno));
    }
}

int main(int argc, char **argv)
{
    if (argc != 7 && !(argc == 8 && strcmp(argv[7], "ask") == 0))
        give_up("usage: %s RELAY FIRST ADDRESSES COUNT SOURCE GROUP [ask]", argv[0]);
    struct crowd crowd = {.count = (unsigned)number_of(argv[4], 1, 1000000),
                          .ask_only = argc == 8};
    crowd.gateways = calloc(crowd.count, sizeof *crowd.gateways);
    if (!crowd.gateways)
        give_up("no memory");
    make_report(crowd.report, address_of(argv[5]), address_of(argv[6]));
    open_sockets(&crowd, address_of(argv[1]), address_of(argv[2]),
                 (unsigned)number_of(argv[3], 1, 65536));

    uint64_t began = clock_ns(CLOCK_MONOTONIC);
    settle_in(&crowd);
    double seconds = (double)(clock_ns(CLOCK_MONOTONIC) - began) / 1e9;
    printf("admitted %u seconds %.4f repeats %llu\n", crowd.count, seconds,
           (unsigned long long)crowd.repeats);
    fflush(stdout);

    struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input);
    for (;;) {
        struct epoll_event events[WINDOW];
        int n = epoll_wait(crowd.epoll, events, WINDOW, -1);
        for (int i = 0; i < n; i++) {
            if (!events[i].data.ptr) {
                printf("heard %u\n", crowd.heard);
                return EXIT_SUCCESS; /* the system closes the sockets */
            }
            receive(&crowd, events[i].data.ptr);
        }
    }
}
