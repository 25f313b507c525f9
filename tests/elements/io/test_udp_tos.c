/*
 * udp-socket and the TOS or traffic class of what it sends and receives, on loopback.
 * Covers: E-1, E-3, E-4, E-6 (what is sent), E-7 (what is told of what arrives).
 */
#include "tests/support/sockets.h"

#include "elements/registry.h"
#include "elements/wire/types.h"

static const char *const hosts[] = {"127.0.0.1", "::1"};

static struct rig *rig_on(int shared, uint16_t port, const char *params)
{
    char text[256];
    snprintf(text, sizeof text, "it: {class: udp-socket, port: %u%s}", port, params);
    return rig_new_real(shared, text);
}

/* A receiver that learns the TOS of what it gets. */
static int receiver(unsigned family)
{
    int fd = test_udp(hosts[family], 0), on = 1;

    ck_assert(family == 0 ? setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof on) == 0
                          : setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof on) == 0);
    return fd;
}

/* The TOS of the next datagram. */
static unsigned received_tos(int fd)
{
    char octet, room[128];
    struct iovec iov = {&octet, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room,
                       .msg_controllen = sizeof room};
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    ck_assert_int_eq(poll(&ready, 1, 10000), 1);
    ck_assert_int_eq(recvmsg(fd, &m, 0), 1);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    ck_assert_ptr_nonnull(c);
    if (c->cmsg_level == IPPROTO_IP)
        return *CMSG_DATA(c);
    int class;
    memcpy(&class, CMSG_DATA(c), sizeof class);
    return (unsigned)class;
}

static struct amtg_peer peer_at(unsigned family, uint16_t port, bool ecn)
{
    struct amtg_peer peer = {.remote_port = port, .ecn = ecn};

    ck_assert(amtg_addr_parse(hosts[family], &peer.remote));
    ck_assert(amtg_addr_parse(hosts[family], &peer.local));
    return peer;
}

/* Two endpoints, of which the second heeds ECN, and packets of each ECN field to both. */
static void send_to_set(int shared, unsigned family, const char *bind)
{
    int fds[2] = {receiver(family), receiver(family)};
    struct rig *rig = rig_on(shared, test_free_port(hosts[family]), bind);
    struct amtg_set *set = amtg_set_new(2);

    for (unsigned i = 0; i < 2; i++) {
        struct amtg_peer peer = peer_at(family, test_port(fds[i]), i);
        struct amtg_endpoint *endpoint = amtg_endpoint_new(&peer);
        ck_assert(endpoint && amtg_set_add(&set, endpoint));
        amtg_endpoint_free(endpoint);
    }
    for (unsigned round = 0; round < 2; round++)
        for (uint8_t ecn = 0; ecn < 4; ecn++) { /* all wait in one burst */
            struct amtg_packet *p = rig_packet(rig, AMTG_DATAGRAM, "x", 1);
            amtg_packet_to_set(p, set);
            amtg_packet_set_tos(p, (uint8_t)(round ? 0xb8 | ecn : ecn));
            rig_push(rig, "in", p);
        }
    test_await_counter(rig, "copies", 16);
    ck_assert_uint_eq(rig_counter(rig, "send-calls"), 1);
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_uint_eq(received_tos(fds[0]), i < 4 ? 0 : 0xb8);
        ck_assert_uint_eq(received_tos(fds[1]), (i < 4 ? 0 : 0xb8) | (i & 3));
    }
    amtg_set_free(set);
    close(fds[0]);
    close(fds[1]);
    rig_free(rig);
}

/* Covers: E-1, E-3, E-4, E-6. */
START_TEST(ecn_goes_to_those_that_heed_it)
{
    send_to_set(_i, 0, ", bind: 127.0.0.1");
    send_to_set(_i, 0, ", bind: 0.0.0.0, dscp: 8");
    send_to_set(_i, 1, ", bind: \"::1\", dscp: 8");
    send_to_set(_i, 1, ", bind: \"::\"");
}
END_TEST

START_TEST(what_has_no_tos_gets_the_dscp_of_the_socket)
{
    for (unsigned test = 0; test < 4; test++) {
        unsigned family = test % 2;
        int fd = receiver(family);
        struct rig *rig = rig_on(_i, test_free_port(hosts[family]), test < 2 ? ", dscp: 48" : "");
        struct amtg_peer peer = peer_at(family, test_port(fd), true);
        for (unsigned i = 0; i < 2; i++) {
            struct amtg_packet *p = rig_packet(rig, AMTG_DATAGRAM, "x", 1);
            if (i)
                amtg_packet_set_tos(p, 0x03); /* of what came in: no answer has it */
            amtg_packet_to_peer(p, &peer);
            rig_push(rig, "in", p);
        }
        test_await_counter(rig, "copies", 2);
        ck_assert_uint_eq(received_tos(fd), test < 2 ? 0xc0 : 0);
        ck_assert_uint_eq(received_tos(fd), test < 2 ? 0xc0 : 0);
        close(fd);
        rig_free(rig);
    }
}
END_TEST

/* Covers: E-7. */
START_TEST(datagrams_have_the_tos_that_they_came_with)
{
    for (unsigned family = 0; family < 2; family++) {
        int fd = test_udp(hosts[family], 0);
        uint16_t port = test_free_port(hosts[family]);
        struct rig *rig = rig_on(_i, port, "");
        for (int tos = 0; tos < 256; tos += 0x55) {
            ck_assert(family == 0
                          ? setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos) == 0
                          : setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos) == 0);
            test_send(fd, hosts[family], port, "x", 1);
            test_await(rig, "out", 1);
            struct amtg_packet *p = rig_take(rig, "out");
            ck_assert(p->flags & AMTG_HAS_TOS);
            ck_assert_int_eq(p->tos, tos);
            amtg_packet_free(p);
        }
        close(fd);
        rig_free(rig);
    }
}
END_TEST

AMTG_RIG_SUITE("udp-socket: TOS", ecn_goes_to_those_that_heed_it,
               what_has_no_tos_gets_the_dscp_of_the_socket,
               datagrams_have_the_tos_that_they_came_with)
