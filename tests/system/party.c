#include "party.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RECEIVE_BATCH = 64,
    DATAGRAM_MAX = 4096,
    BUFFER_OCTETS = 16 << 20, /* receive buffer of a socket */
    VIOLATIONS_TOLD = 20,
};

struct gateway gateways[GATEWAYS_MAX];
struct stream streams[STREAMS_MAX];
bool loose[STREAMS_MAX];
unsigned violations;
static int poller;

void party_violation(const struct gateway *gateway, const char *what)
{
    if (violations++ < VIOLATIONS_TOLD)
        fprintf(stderr, "gateway %d: %s\n", (int)(gateway - gateways), what);
}

static bool is_from(const struct sockaddr_storage *from, const struct address *address)
{
    struct sockaddr_storage expected;
    address_to_sockaddr(address, AMT_PORT, &expected);
    if (from->ss_family != expected.ss_family)
        return false;
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *a = (const void *)from, *b = (const void *)&expected;
        return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
    }
    const struct sockaddr_in6 *a = (const void *)from, *b = (const void *)&expected;
    return a->sin6_port == b->sin6_port && !memcmp(&a->sin6_addr, &b->sin6_addr, 16);
}

/* Copy what the kernel of a sender with sockets chose itself, then mend the checksum. */
static void follow_kernel(const uint8_t *got, uint8_t *expected)
{
    if (got[0] >> 4 == 6) {
        memcpy(expected + 1, got + 1, 3);
        return;
    }
    memcpy(expected + 4, got + 4, 4);
    put16(expected + 10, 0);
    put16(expected + 10, sum_fold(sum_octets(0, expected, 20)));
}

static void receive_data(struct gateway *gateway, const uint8_t *message, size_t size)
{
    const uint8_t *ip = message + 2;
    uint8_t expected[PACKET_MAX];
    struct label label;

    if (message[1]) {
        party_violation(gateway, "Data: reserved octet set");
        return;
    }
    if (!packet_label(ip, size - 2, &label) || label.stream >= STREAMS_MAX ||
        !streams[label.stream].set) {
        party_violation(gateway, "Data: not a packet of the source");
        return;
    }
    size_t expected_size = packet_build(&streams[label.stream], &label, expected);
    if (loose[label.stream])
        follow_kernel(ip, expected);
    if (expected_size != size - 2 || memcmp(expected, ip, expected_size)) {
        party_violation(gateway, "Data: inner datagram is not what the source sent");
        return;
    }
    struct tally **tally = &gateway->tallies[label.stream];
    if (!*tally && !(*tally = calloc(1, sizeof **tally)))
        abort();
    tally_add(*tally, label.number, label.sent_ns);
}

static void receive(struct gateway *gateway, const uint8_t *message, size_t size,
                    const struct sockaddr_storage *from)
{
    const char *wrong = NULL;
    uint8_t type = size ? message[0] : 0;

    if (type == AMT_DATA && size > 2) {
        if (is_from(from, &gateway->relay))
            receive_data(gateway, message, size);
        else
            party_violation(gateway, "Data: not from the relay's address and port");
        return;
    }
    if (type != gateway->waiting)
        wrong = "message that was not asked for";
    else if (!is_from(from, &gateway->asked))
        wrong = "answer from another address or port than the one asked";
    else if (type == AMT_ADVERTISEMENT)
        wrong = advertisement_check(message, size, gateway->nonce, &gateway->relay);
    else
        wrong = query_check(message, size, gateway->nonce, gateway->p, &gateway->local,
                            gateway->port, &gateway->credentials);
    if (wrong)
        party_violation(gateway, wrong);
    else
        gateway->waiting = 0;
}

static void drain(struct gateway *gateway)
{
    static uint8_t buffers[RECEIVE_BATCH][DATAGRAM_MAX];
    struct iovec parts[RECEIVE_BATCH];
    struct sockaddr_storage from[RECEIVE_BATCH];
    struct mmsghdr messages[RECEIVE_BATCH];

    memset(messages, 0, sizeof messages);
    for (unsigned i = 0; i < RECEIVE_BATCH; i++) {
        parts[i] = (struct iovec){buffers[i], DATAGRAM_MAX};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i],
                                              .msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(gateway->fd, messages, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++)
        receive(gateway, buffers[i], messages[i].msg_len, &from[i]);
}

/* Receive for at most `ms`; true when stdin has something. */
static bool serve_once(int ms)
{
    struct epoll_event events[64];
    int count = epoll_wait(poller, events, 64, ms);
    bool line = false;
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr)
            drain(events[i].data.ptr);
        else
            line = true;
    }
    return line;
}

void party_serve(void)
{
    while (!serve_once(-1))
        ;
}

bool party_serve_until(double seconds, bool (*done)(const void *), const void *context)
{
    uint64_t deadline = now_ns() + (uint64_t)(seconds * 1e9);
    for (;;) {
        if (done && done(context))
            return true;
        if (now_ns() >= deadline)
            return false;
        if (serve_once(10))
            poll(NULL, 0, 1); /* the next command must wait: do not spin */
    }
}

bool party_open(struct gateway *gateway, const struct address *local, uint16_t port,
                const struct address *relay)
{
    struct sockaddr_storage at;
    socklen_t length = address_to_sockaddr(local, port, &at);
    int octets = BUFFER_OCTETS, fd = socket(local->family, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, length) ||
        getsockname(fd, (struct sockaddr *)&at, &length))
        return false;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
    *gateway = (struct gateway){.fd = fd, .local = *local, .relay = *relay};
    gateway->port = ntohs(local->family == AF_INET ? ((struct sockaddr_in *)&at)->sin_port
                                                   : ((struct sockaddr_in6 *)&at)->sin6_port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = gateway};
    return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool party_init(void)
{
    for (unsigned i = 0; i < GATEWAYS_MAX; i++)
        gateways[i].fd = -1;
    poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    return poller >= 0 && epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &event) == 0;
}
