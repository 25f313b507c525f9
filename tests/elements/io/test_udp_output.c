/* udp-output: payloads reach a socket of this host. Loopback only. */
#include <net/if.h>
#include <stdio.h>

#include "elements/wire/types.h"
#include "tests/support/sockets.h"

static struct rig *rig_to(bool shared, const char *to, uint16_t port)
{
    char text[160];

    snprintf(text, sizeof text, "it: {class: udp-output, to: \"%s\", port: %u}", to, port);
    return rig_new_real(shared, text);
}

static void push(struct rig *rig, const char *hex)
{
    rig_push_hex(rig, "in", AMTG_DATAGRAM, hex);
}

static void expect(int fd, const char *hex)
{
    uint8_t came[64], octets[64];
    size_t len = rig_octets(hex, octets, sizeof octets);
    struct pollfd wait = {.fd = fd, .events = POLLIN};

    ck_assert_msg(poll(&wait, 1, 2000) == 1, "nothing came");
    ck_assert_int_eq(test_receive(fd, came, sizeof came, NULL, NULL), (ssize_t)len);
    ck_assert_mem_eq(came, octets, len);
}

START_TEST(payloads_reach_a_socket_of_either_family)
{
    const char *addresses[] = {"127.0.0.1", "::1"};

    for (unsigned i = 0; i < 2; i++) {
        int fd = test_udp(addresses[i], 0);
        struct rig *rig = rig_to(_i, addresses[i], test_port(fd));
        struct amtg_packet *both[] = {rig_packet_hex(rig, AMTG_DATAGRAM, "0102"),
                                      rig_packet_hex(rig, AMTG_DATAGRAM, "030405")};
        rig_push_batch(rig, "in", both, 2);
        expect(fd, "0102");
        expect(fd, "030405");
        ck_assert_uint_eq(rig_counter(rig, "sent"), 2);
        ck_assert_uint_eq(rig_counter(rig, "octets"), 5);
        rig_free(rig);
        close(fd);
    }
}
END_TEST

START_TEST(multicast_is_heard_on_loopback)
{
    int fd = test_udp("0.0.0.0", 0);
    struct group_req request = {.gr_interface = if_nametoindex("lo")};

    test_sockaddr("239.255.1.1", 0, &request.gr_group);
    ck_assert(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof request) == 0);
    struct rig *rig = rig_to(_i, "239.255.1.1", test_port(fd));
    push(rig, "aabb");
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    expect(fd, "aabb");
    rig_free(rig);
    close(fd);
}
END_TEST

/* Each error belongs to a datagram before, and must not cost the next one. */
START_TEST(nobody_listening_is_noted_and_costs_nothing_else)
{
    uint16_t port = test_free_port("127.0.0.1");
    struct rig *rig = rig_to(_i, "127.0.0.1", port);

    push(rig, "01");
    push(rig, "02");
    ck_assert_uint_ge(rig_counter(rig, "nobody"), 1);
    int fd = test_udp("127.0.0.1", port);
    push(rig, "03");
    expect(fd, "03");
    ck_assert_uint_eq(rig_counter(rig, "sent"), 3);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    rig_free(rig);
    close(fd);
}
END_TEST

START_TEST(a_payload_longer_than_a_datagram_is_dropped)
{
    int fd = test_udp("127.0.0.1", 0);
    struct rig *rig = rig_to(_i, "127.0.0.1", test_port(fd));
    static uint8_t octets[65508];
    struct amtg_packet *both[] = {rig_packet(rig, AMTG_DATAGRAM, octets, sizeof octets),
                                  rig_packet_hex(rig, AMTG_DATAGRAM, "07")};

    rig_push_batch(rig, "in", both, 2);
    ck_assert_uint_eq(rig_drops(rig, "too-big"), 1);
    expect(fd, "07");
    rig_free(rig);
    close(fd);
}
END_TEST

AMTG_RIG_SUITE("udp-output", payloads_reach_a_socket_of_either_family,
               multicast_is_heard_on_loopback, nobody_listening_is_noted_and_costs_nothing_else,
               a_payload_longer_than_a_datagram_is_dropped)
