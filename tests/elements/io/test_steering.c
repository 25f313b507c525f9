/* The kernel's choice of a shard, by the BPF program, is the one that is computed here. */
#include "tests/support/suite.h"

#include <poll.h>
#include <string.h>

#include "elements/io/steering.h"
#include "tests/support/sockets.h"

enum { SHARDS = 3, ADDRESSES = 40, TEARDOWN_OCTETS = 30 };

/* A group of sockets on one port of this address. */
static void open_group(const char *address, int fds[SHARDS], uint16_t *port)
{
    struct sockaddr_storage sa;
    socklen_t len = test_sockaddr(address, 0, &sa);

    for (unsigned i = 0; i < SHARDS; i++) {
        int one = 1;
        fds[i] = socket(sa.ss_family, SOCK_DGRAM, 0);
        ck_assert_int_eq(setsockopt(fds[i], SOL_SOCKET, SO_REUSEPORT, &one, sizeof one), 0);
        ck_assert_int_eq(bind(fds[i], (struct sockaddr *)&sa, len), 0);
        ck_assert(amtg_steer_group(fds[i], sa.ss_family == AF_INET, SHARDS));
        ck_assert_int_eq(getsockname(fds[i], (struct sockaddr *)&sa, &len), 0);
    }
    *port = ntohs(sa.ss_family == AF_INET ? ((struct sockaddr_in *)&sa)->sin_port
                                          : ((struct sockaddr_in6 *)&sa)->sin6_port);
}

/* Which of them has got the datagram. */
static unsigned taker(int fds[SHARDS])
{
    struct pollfd wait[SHARDS];
    uint8_t octets[64];

    for (unsigned i = 0; i < SHARDS; i++)
        wait[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    ck_assert_int_eq(poll(wait, SHARDS, 2000), 1);
    for (unsigned i = 0; i < SHARDS; i++)
        if (wait[i].revents) {
            ck_assert_int_gt(recv(fds[i], octets, sizeof octets, 0), 0);
            return i;
        }
    return SHARDS;
}

static unsigned chosen(const char *address)
{
    struct amtg_addr a;
    ck_assert(amtg_addr_parse(address, &a));
    return amtg_steer(&a, SHARDS);
}

START_TEST(by_the_address_that_it_comes_from)
{
    int fds[SHARDS];
    uint16_t port;
    unsigned seen = 0;

    open_group("127.0.0.1", fds, &port);
    for (unsigned i = 0; i < ADDRESSES; i++) {
        char from[32];
        snprintf(from, sizeof from, "127.0.%u.%u", i / 7, i + 1);
        int fd = test_udp(from, 0);
        test_send(fd, "127.0.0.1", port, "\x03request", 8);
        unsigned shard = taker(fds);
        ck_assert_uint_eq(shard, chosen(from));
        seen |= 1u << shard;
        close(fd);
    }
    ck_assert_uint_eq(seen, (1u << SHARDS) - 1); /* all get some */
}
END_TEST

START_TEST(of_ipv6_too)
{
    int fds[SHARDS];
    uint16_t port;

    open_group("::1", fds, &port);
    int fd = test_udp("::1", 0);
    test_send(fd, "::1", port, "\x05update", 7);
    ck_assert_uint_eq(taker(fds), chosen("::1"));
    close(fd);
}
END_TEST

/* RFC 7450, section 5.1.7.7: IPv4 addresses in the last four octets behind zeroes. */
START_TEST(a_teardown_by_the_address_in_it)
{
    int fds[SHARDS];
    uint16_t port;
    uint8_t teardown[TEARDOWN_OCTETS] = {7};
    struct amtg_addr a;

    open_group("127.0.0.1", fds, &port);
    int fd = test_udp("127.0.0.1", 0);
    for (unsigned i = 0; i < ADDRESSES; i++) {
        char about[64];
        if (i % 2) {
            snprintf(about, sizeof about, "198.51.%u.%u", i, 2 * i);
            ck_assert(amtg_addr_parse(about, &a));
            memset(teardown + 14, 0, 12);
            memcpy(teardown + 26, amtg_addr_octets4(&a), 4);
        } else {
            snprintf(about, sizeof about, "2001:db8:%x:%x::%x", i, 3 * i, 7 * i + 1);
            ck_assert(amtg_addr_parse(about, &a));
            memcpy(teardown + 14, a.octets, 16);
        }
        test_send(fd, "127.0.0.1", port, (char *)teardown, sizeof teardown);
        ck_assert_uint_eq(taker(fds), chosen(about));
    }
    test_send(fd, "127.0.0.1", port, "\x07", 1); /* too short to say: somebody must refuse it */
    taker(fds);
    close(fd);
}
END_TEST

START_TEST(neighbours_are_spread)
{
    unsigned counts[4] = {0};

    for (unsigned i = 0; i < 4000; i++) {
        uint32_t word = htonl(0x0a000000u + i);
        struct amtg_addr a = amtg_addr_from4(&word);
        unsigned shard = amtg_steer(&a, 4);
        ck_assert_uint_lt(shard, 4);
        counts[shard]++;
    }
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_gt(counts[i], 900);
        ck_assert_uint_lt(counts[i], 1100);
    }
}
END_TEST

AMTG_SUITE("steering", by_the_address_that_it_comes_from, of_ipv6_too,
           a_teardown_by_the_address_in_it, neighbours_are_spread)
