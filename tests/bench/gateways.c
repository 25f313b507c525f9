/*
 * Many gateways at once: each asks for admission (Request, Query, Update) and
 * joins one channel; prints how long it took until the relay had taken in all.
 * Then stays, to count who hears the channel, until standard input ends.
 *
 *     bench_gateways RELAY FIRST ADDRESSES COUNT SOURCE GROUP [ask|own|stamp]
 *
 * COUNT gateways on ADDRESSES addresses from FIRST on, of either family. A socket holds a port of all these
 * addresses: a process may not open one for each of 100,000 gateways everywhere.
 *     ask    they only ask: Request and Query, no Update, so that nothing is joined
 *     own    each joins a group of its own, from GROUP on
 *     stamp  for each packet of the channel, when the kernel had its last copy
 * A line `refresh RATE` on standard input: from now on they take turns in being
 * admitted again, RATE a second.
 * Prints lines `admitted ... seconds ... repeats ...` and, at the end, `heard ...`,
 * `refreshed ...` and, with `stamp`, for each packet `packet NUMBER copies ... last_ns ...`,
 * counted from when bench_source sent it.
 *
 * An Update is not answered. That the last one has been taken in is known by the
 * answer to one more Request, which the relay reads after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
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
    PAYLOAD = 2 + 20 + 8, /* octets of Data before what bench_source sent */
    PACKETS = 65536,      /* that can be told apart */
    TICKS = 100,          /* a second, to refresh */
    FIRST_PORT = 40000,
    AT_ONCE = 64,         /* messages read by a call */
    ROOM = 64 << 20,      /* octets that may wait at a socket */
};

enum mode { JOIN, ASK, OWN, STAMP };
static const char *const modes[] = {[ASK] = "ask", [OWN] = "own", [STAMP] = "stamp"};

/* What came of a packet of the channel. */
struct arrival {
    uint64_t last_ns; /* from the source to the last copy */
    unsigned copies;
};

enum progress { WAITING, ASKED, ADMITTED };

struct gateway {
    enum progress progress;
    uint32_t nonce;
    bool heard;
};

struct crowd {
    struct gateway *gateways; /* number i: address i % addresses, socket i / addresses */
    int *sockets;
    union endpoint relay, first; /* of one family */
    unsigned addresses;
    unsigned count, asked, admitted, heard;
    uint64_t repeats;
    enum mode mode;
    uint32_t source, group;
    uint8_t report[REPORT_OCTETS];
    int epoll, ticks;
    unsigned refresh_rate;
    uint64_t refreshed;
    struct arrival *arrivals; /* by number; NULL unless stamped */
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

/* From which of our addresses a message goes. */
union source {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* Returns its octets. */
static size_t name_source(union source *s, const union endpoint *from)
{
    struct in_pktinfo ip4 = {.ipi_spec_dst = from->ip4.sin_addr};
    struct in6_pktinfo ip6 = {.ipi6_addr = from->ip6.sin6_addr};

    if (from->any.sa_family == AF_INET6) {
        s->head = (struct cmsghdr){CMSG_LEN(sizeof ip6), IPPROTO_IPV6, IPV6_PKTINFO};
        memcpy(CMSG_DATA(&s->head), &ip6, sizeof ip6);
        return CMSG_SPACE(sizeof ip6);
    }
    s->head = (struct cmsghdr){CMSG_LEN(sizeof ip4), IPPROTO_IP, IP_PKTINFO};
    memcpy(CMSG_DATA(&s->head), &ip4, sizeof ip4);
    return CMSG_SPACE(sizeof ip4);
}

static void send_octets(struct crowd *crowd, const struct gateway *g, const void *octets, size_t len)
{
    unsigned i = (unsigned)(g - crowd->gateways);
    union endpoint from = endpoint_plus(crowd->first, i % crowd->addresses, 0);
    struct iovec data = {(void *)(uintptr_t)octets, len};
    union source source;
    struct msghdr message = {&crowd->relay, endpoint_octets(&crowd->relay), &data, 1, &source,
                             name_source(&source, &from), 0};
    if (sendmsg(crowd->sockets[i / crowd->addresses], &message, 0) < 0 && errno != EAGAIN &&
        errno != ENOBUFS)
        give_up("send: %s", strerror(errno));
}

static void ask(struct crowd *crowd, struct gateway *g)
{
    uint8_t request[8] = {REQUEST};
    amtg_put_u32(request + 4, g->nonce);
    send_octets(crowd, g, request, sizeof request);
    g->progress = ASKED;
}

static void answer(struct crowd *crowd, struct gateway *g, const uint8_t *query)
{
    uint8_t update[12 + REPORT_OCTETS] = {UPDATE};
    memcpy(update + 2, query + 2, 10); /* Response MAC and nonce */
    if (crowd->mode == OWN)
        make_report(update + 12, crowd->source, crowd->group + (uint32_t)(g - crowd->gateways));
    else
        memcpy(update + 12, crowd->report, REPORT_OCTETS);
    if (crowd->mode != ASK)
        send_octets(crowd, g, update, sizeof update);
    g->progress = ADMITTED;
    crowd->admitted++;
}

/* What came with a message: when the kernel received it (ns of CLOCK_REALTIME, 0 if it
 * was not asked to say) and at which address, by its last 32 bits. */
static void read_control(struct msghdr *message, uint64_t *at, uint32_t *address)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            *address = ntohl(info.ipi_addr.s_addr);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            *address = ntohl(info.ipi6_addr.s6_addr32[3]);
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec time;
            memcpy(&time, CMSG_DATA(c), sizeof time);
            *at = (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
        }
    }
}

static void note_arrival(struct crowd *crowd, uint64_t at, const uint8_t *octets)
{
    uint64_t sent;
    struct arrival *a = &crowd->arrivals[amtg_get_u32(octets + PAYLOAD) % PACKETS];
    memcpy(&sent, octets + PAYLOAD + 4, sizeof sent);
    a->copies++;
    if (at > sent && at - sent > a->last_ns)
        a->last_ns = at - sent;
}

static void hear(struct crowd *crowd, struct gateway *g, uint64_t at, const uint8_t *octets,
                 size_t len)
{
    if (octets[0] == DATA && !g->heard) {
        g->heard = true;
        crowd->heard++;
    }
    if (octets[0] == DATA && crowd->arrivals && len >= PAYLOAD + 12)
        note_arrival(crowd, at, octets);
    if (octets[0] == QUERY && len >= QUERY_MIN && g->progress == ASKED &&
        amtg_get_u32(octets + 8) == g->nonce)
        answer(crowd, g, octets);
}

/* Read what waits at a socket, at most so much. */
static void receive(struct crowd *crowd, const int *socket)
{
    static uint8_t octets[AT_ONCE][2048];
    static char control[AT_ONCE][128];
    struct iovec into[AT_ONCE];
    struct mmsghdr messages[AT_ONCE];
    size_t which = (size_t)(socket - crowd->sockets);
    uint32_t first = endpoint_number(&crowd->first);

    for (unsigned i = 0; i < AT_ONCE; i++) {
        into[i] = (struct iovec){octets[i], sizeof octets[i]};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &into[i], .msg_iovlen = 1,
                                              .msg_control = control[i],
                                              .msg_controllen = sizeof control[i]};
    }
    int n = recvmmsg(*socket, messages, AT_ONCE, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        uint64_t at = 0;
        uint32_t address = 0;
        read_control(&messages[i].msg_hdr, &at, &address);
        size_t g = which * crowd->addresses + (address - first);
        if (address >= first && g < crowd->count && messages[i].msg_len >= 2)
            hear(crowd, &crowd->gateways[g], at, octets[i], messages[i].msg_len);
    }
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
            ask(crowd, &crowd->gateways[crowd->asked++]);
        if (listen_once(crowd, REPEAT_MS))
            continue;
        for (unsigned i = 0; i < crowd->asked; i++) {
            if (crowd->gateways[i].progress == ASKED) {
                ask(crowd, &crowd->gateways[i]);
                crowd->repeats++;
            }
        }
        if (crowd->repeats > 20ull * crowd->count)
            give_up("the relay admits %u of %u only", crowd->admitted, crowd->count);
    }
    /* One more Request behind the last Update. */
    struct gateway *last = &crowd->gateways[crowd->count - 1];
    last->nonce = ~last->nonce;
    ask(crowd, last);
    for (unsigned tries = 0; last->progress == ASKED; tries++) {
        if (tries > 10000)
            give_up("the relay does not answer after the last Update");
        if (!listen_once(crowd, REPEAT_MS))
            ask(crowd, last);
    }
}

/* A port of all addresses. false: errno says why. */
static bool open_one(const struct crowd *crowd, int *fd, uint16_t port)
{
    bool ip6 = crowd->first.any.sa_family == AF_INET6;
    union endpoint at = endpoint_of(ip6 ? "::" : "0.0.0.0", port);
    int yes = 1, room = ROOM;

    *fd = socket(at.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return *fd >= 0 && bind(*fd, &at.any, endpoint_octets(&at)) == 0 &&
           (ip6 ? setsockopt(*fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &yes, sizeof yes)
                : setsockopt(*fd, IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes)) == 0 &&
           setsockopt(*fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) == 0 &&
           (!crowd->arrivals ||
            setsockopt(*fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes) == 0);
}

static void open_sockets(struct crowd *crowd)
{
    unsigned count = (crowd->count + crowd->addresses - 1) / crowd->addresses;

    crowd->sockets = calloc(count, sizeof *crowd->sockets);
    crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &crowd->sockets[i]};
        if (!open_one(crowd, &crowd->sockets[i], (uint16_t)(FIRST_PORT + i)) ||
            epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, crowd->sockets[i], &event) != 0)
            give_up("socket %u: %s", i, strerror(errno));
    }
    for (unsigned i = 0; i < crowd->count; i++)
        crowd->gateways[i].nonce = 0x10000 + i;
}

/* ---- what comes after ------------------------------------------------------------ */

static void watch(struct crowd *crowd, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        give_up("epoll: %s", strerror(errno));
}

/* Whose turn it is since the last tick. */
static void refresh(struct crowd *crowd)
{
    uint64_t ticks;
    if (read(crowd->ticks, &ticks, sizeof ticks) != sizeof ticks)
        return;
    for (uint64_t i = 0; i < ticks * crowd->refresh_rate / TICKS; i++)
        ask(crowd, &crowd->gateways[crowd->refreshed++ % crowd->count]);
}

/* Do what standard input says. false: it has ended. */
static bool obey(struct crowd *crowd)
{
    char line[64] = {0};
    struct itimerspec tick = {{0, 1000000000 / TICKS}, {0, 1000000000 / TICKS}};
    ssize_t len = read(STDIN_FILENO, line, sizeof line - 1);
    if (len < 0 && errno == EAGAIN)
        return true;
    if (len <= 0)
        return false;
    if (sscanf(line, "refresh %u", &crowd->refresh_rate) != 1)
        give_up("what is '%s'?", line);
    timerfd_settime(crowd->ticks, 0, &tick, NULL);
    return true;
}

static void stay(struct crowd *crowd)
{
    crowd->ticks = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    watch(crowd, crowd->ticks);
    watch(crowd, STDIN_FILENO);
    for (;;) {
        struct epoll_event events[WINDOW];
        int n = epoll_wait(crowd->epoll, events, WINDOW, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) {
                receive(crowd, events[i].data.ptr);
                continue;
            }
            refresh(crowd);
            if (!obey(crowd))
                return;
        }
    }
}

static void print_end(const struct crowd *crowd)
{
    printf("heard %u\nrefreshed %llu\n", crowd->heard, (unsigned long long)crowd->refreshed);
    for (unsigned i = 0; crowd->arrivals && i < PACKETS; i++) {
        if (crowd->arrivals[i].copies)
            printf("packet %u copies %u last_ns %llu\n", i, crowd->arrivals[i].copies,
                   (unsigned long long)crowd->arrivals[i].last_ns);
    }
}

static enum mode mode_of(const char *text)
{
    for (unsigned i = ASK; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(text, modes[i]) == 0)
            return i;
    }
    give_up("there is no mode '%s'", text);
}

int main(int argc, char **argv)
{
    if (argc != 7 && argc != 8)
        give_up("usage: %s RELAY FIRST ADDRESSES COUNT SOURCE GROUP [ask|own|stamp]", argv[0]);
    struct crowd crowd = {.count = (unsigned)number_of(argv[4], 1, 1000000),
                          .relay = endpoint_of(argv[1], RELAY_PORT),
                          .first = endpoint_of(argv[2], 0),
                          .addresses = (unsigned)number_of(argv[3], 1, 65536),
                          .source = address_of(argv[5]), .group = address_of(argv[6]),
                          .mode = argc == 8 ? mode_of(argv[7]) : JOIN};
    crowd.gateways = calloc(crowd.count, sizeof *crowd.gateways);
    if (crowd.mode == STAMP)
        crowd.arrivals = calloc(PACKETS, sizeof *crowd.arrivals);
    if (!crowd.gateways || (crowd.mode == STAMP && !crowd.arrivals))
        give_up("no memory");
    make_report(crowd.report, crowd.source, crowd.group);
    open_sockets(&crowd);

    uint64_t began = clock_ns(CLOCK_MONOTONIC);
    settle_in(&crowd);
    double seconds = (double)(clock_ns(CLOCK_MONOTONIC) - began) / 1e9;
    printf("admitted %u seconds %.4f repeats %llu\n", crowd.count, seconds,
           (unsigned long long)crowd.repeats);
    fflush(stdout);
    stay(&crowd);
    print_end(&crowd);
    return EXIT_SUCCESS; /* the system closes the sockets */
}
