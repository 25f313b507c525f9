/* Plain UDP sockets for tests that talk to an element through the kernel. */
#ifndef AMTG_TESTS_SOCKETS_H
#define AMTG_TESTS_SOCKETS_H

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/addr.h"
#include "tests/support/rig.h"

static inline socklen_t test_sockaddr(const char *text, uint16_t port, struct sockaddr_storage *sa)
{
    struct amtg_addr a;
    ck_assert_msg(amtg_addr_parse(text, &a), "%s", text);
    return amtg_addr_to_sockaddr(&a, port, 0, sa);
}

/* A UDP socket bound to an address and, with port 0, to any port. */
static inline int test_udp(const char *text, uint16_t port)
{
    struct sockaddr_storage sa;
    socklen_t len = test_sockaddr(text, port, &sa);
    int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    ck_assert_msg(fd >= 0 && bind(fd, (struct sockaddr *)&sa, len) == 0, "%s port %u: %s", text,
                  port, strerror(errno));
    return fd;
}

static inline uint16_t test_port(int fd)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    struct amtg_addr a;
    uint16_t port;
    uint32_t scope;

    ck_assert(getsockname(fd, (struct sockaddr *)&sa, &len) == 0);
    ck_assert(amtg_addr_from_sockaddr(&sa, &a, &port, &scope));
    return port;
}

/* A port on which nobody listens. */
static inline uint16_t test_free_port(const char *text)
{
    int fd = test_udp(text, 0);
    uint16_t port = test_port(fd);
    close(fd);
    return port;
}

static inline void test_send(int fd, const char *text, uint16_t port, const void *octets, size_t len)
{
    struct sockaddr_storage sa;
    socklen_t sa_len = test_sockaddr(text, port, &sa);
    ssize_t sent = sendto(fd, octets, len, 0, (struct sockaddr *)&sa, sa_len);
    ck_assert_msg(sent == (ssize_t)len, "sendto %s: %s", text, strerror(errno));
}

/* One datagram, or -1 when there is none; from: who sent it. */
static inline ssize_t test_receive(int fd, void *octets, size_t room, struct amtg_addr *from,
                                   uint16_t *port)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    uint32_t scope;
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    poll(&ready, 1, 200); /* ms: a busy kernel delivers in its own time */
    ssize_t n = recvfrom(fd, octets, room, MSG_DONTWAIT, (struct sockaddr *)&sa, &len);

    if (n >= 0 && from)
        ck_assert(amtg_addr_from_sockaddr(&sa, from, port, &scope));
    return n;
}

/*
 * Step until `n` packets have come out of an output; fails the test after TEST_PATIENCE.
 * By the clock, since a step ends at the first event: many may come to nothing.
 */
#define TEST_PATIENCE (10 * AMTG_S)

static inline void test_await(struct rig *rig, const char *output, unsigned n)
{
    uint64_t until = amtg_now(rig_element(rig, "it")) + TEST_PATIENCE;

    while (rig_count(rig, output) < n && amtg_now(rig_element(rig, "it")) < until)
        rig_step(rig, 10 * AMTG_MS);
    ck_assert_msg(rig_count(rig, output) == n, "%u packets came out of %s, not %u",
                  rig_count(rig, output), output, n);
}

static inline void test_await_counter(struct rig *rig, const char *name, uint64_t n)
{
    uint64_t until = amtg_now(rig_element(rig, "it")) + TEST_PATIENCE;

    while (rig_counter(rig, name) < n && amtg_now(rig_element(rig, "it")) < until)
        rig_step(rig, 10 * AMTG_MS);
    ck_assert_msg(rig_counter(rig, name) == n, "counter %s is %llu, not %llu", name,
                  (unsigned long long)rig_counter(rig, name), (unsigned long long)n);
}

#endif
