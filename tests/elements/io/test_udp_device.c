/*
 * udp-socket on a cable in a namespace of its own: what only shows on a device
 * with an MTU, a queue and neighbours.
 * Covers, R-72 (outer DF set), R-73, R-74 (outer packets whole), R-60 (outer
 *         size bounded by the first hop).
 */
#include "tests/support/netns.h"
#include "tests/support/sockets.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"

enum { PORT = 2268 };

/* What payloads begin with. */
#define OCTETS "\6\0\x45\1\2\3\4\5"

static struct amtg_peer peer_of(const char *remote, uint16_t port, const char *local)
{
    struct amtg_peer peer = {.remote_port = port, .local_port = PORT};
    ck_assert(amtg_addr_parse(remote, &peer.remote));
    ck_assert(amtg_addr_parse(local, &peer.local));
    return peer;
}

static void push(struct rig *rig, const struct amtg_peer *peer, size_t len)
{
    static uint8_t octets[65536] = OCTETS;
    struct amtg_packet *p = rig_packet(rig, AMTG_DATAGRAM, octets, len);
    amtg_packet_to_peer(p, peer);
    rig_push(rig, "in", p);
}

/* Sees what arrives at v1, from the IP header on. */
static int listen_on_v1(uint16_t protocol)
{
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(protocol),
                             .sll_ifindex = (int)if_nametoindex("v1")};
    ck_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    return fd;
}

/* The next UDP packet there. */
static ssize_t next_udp(int fd, uint8_t *octets, size_t room)
{
    ssize_t n;
    do
        n = recv(fd, octets, room, 0);
    while (n > 0 && octets[octets[0] >> 4 == 4 ? 9 : 6] != IPPROTO_UDP);
    return n;
}

/* The other end has no address: what is sent there just arrives at the listener. */
static void cable_to_nowhere(void)
{
    netns_run("ip addr flush dev v1 && ip link set v1 address 02:00:00:00:00:09 && "
              "ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:09 dev v0 && "
              "ip neigh add fd00::2 lladdr 02:00:00:00:00:09 dev v0");
}

/* The host itself found something too big for its link towards this peer. */
static void expect_too_big(struct rig *rig, const struct amtg_peer *peer, uint32_t mtu)
{
    struct amtg_packet *p = rig_take(rig, "unreachable");
    const struct amtg_unreachable *u = (void *)p->data;
    bool ip4 = amtg_addr_is4(&peer->remote);

    ck_assert(u->local);
    ck_assert_uint_eq(u->type, ip4 ? 3 : 2);
    ck_assert_uint_eq(u->code, ip4 ? 4 : 0);
    ck_assert_uint_eq(u->mtu, mtu);
    ck_assert_uint_eq(u->quoted, 0);
    ck_assert_mem_eq(&p->peer, peer, sizeof *peer);
    amtg_packet_free(p);
}

/*
 * Whoever keeps the path MTU of that tunnel learns the link's.
 *
 */
START_TEST(outer_packets_are_never_fragments)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_new_real(_i, "it: {class: udp-socket, bind: [0.0.0.0, \"::\"], "
                                       "hop-limit: 33, dscp: 34}");
    struct amtg_peer four = peer_of("10.0.0.2", 5, "10.0.0.1"), six = peer_of("fd00::2", 5, "fd00::1");
    int fd4 = listen_on_v1(ETH_P_IP), fd6 = listen_on_v1(ETH_P_IPV6);
    uint8_t octets[2048];

    push(rig, &four, 1473);
    push(rig, &four, 1472);
    push(rig, &six, 1453);
    push(rig, &six, 1452);
    test_await_counter(rig, "copies", 2);
    ck_assert_uint_eq(rig_drops(rig, "too-big"), 2);

    ck_assert_int_eq(next_udp(fd4, octets, sizeof octets), 1500);
    ck_assert_uint_eq(octets[6], 0x40); /* DF, and nothing else of fragments */
    ck_assert_uint_eq(octets[7], 0);
    ck_assert_uint_eq(octets[8], 33);
    ck_assert_uint_eq(octets[1], 34 << 2);
    ck_assert_int_eq(next_udp(fd4, octets, sizeof octets), -1);

    ck_assert_int_eq(next_udp(fd6, octets, sizeof octets), 1500);
    ck_assert_uint_eq(octets[7], 33);
    ck_assert_uint_eq((octets[0] & 0x0f) << 4 | octets[1] >> 4, 34 << 2);
    ck_assert_int_eq(next_udp(fd6, octets, sizeof octets), -1);
    expect_too_big(rig, &four, 1500);
    expect_too_big(rig, &six, 1500);
    close(fd4);
    close(fd6);
    rig_free(rig);
}
END_TEST

/* Only the destination behind the small link is told of; the others get theirs. */
START_TEST(a_small_link_is_reported_for_whom_it_leads_to)
{
    netns_enter();
    cable_to_nowhere();
    netns_run("ip link add v2 mtu 1400 type veth peer name v3 && ip link set v2 up && "
              "ip link set v3 up && ip addr add 10.0.2.1/24 dev v2 && "
              "ip neigh add 10.0.2.2 lladdr 02:00:00:00:00:09 dev v2");
    struct rig *rig = rig_new_real(_i, "it: {class: udp-socket, bind: 0.0.0.0}");
    struct amtg_peer peers[] = {peer_of("10.0.0.2", 5, "10.0.0.1"), peer_of("10.0.2.2", 6, "10.0.2.1"),
                                peer_of("10.0.0.2", 7, "10.0.0.1")};
    struct amtg_set *set = amtg_set_new(3);
    uint8_t octets[1450] = {0};

    for (unsigned i = 0; i < 3; i++) {
        struct amtg_endpoint *endpoint = amtg_endpoint_new(&peers[i]);
        ck_assert(amtg_set_add(&set, endpoint));
        amtg_endpoint_free(endpoint);
    }
    struct amtg_packet *p = rig_packet(rig, AMTG_DATAGRAM, octets, sizeof octets);
    amtg_packet_to_set(p, set);
    rig_push(rig, "in", p);
    test_await_counter(rig, "copies", 2);
    test_await(rig, "unreachable", 1);
    expect_too_big(rig, &peers[1], 1400);
    ck_assert_uint_eq(rig_drops(rig, "too-big"), 1);
    amtg_set_free(set);
    rig_free(rig);
}
END_TEST

/*
 * An ICMP "fragmentation needed" for the peer, made here: it comes out as a record
 * with its MTU, and does not by itself make what is sent smaller.
 */
START_TEST(a_too_big_error_is_reported_and_not_obeyed_blindly)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_new_real(_i, "it: {class: udp-socket, bind: 10.0.0.1}");
    struct amtg_peer peer = peer_of("10.0.0.2", 5, "10.0.0.1");
    int fd = listen_on_v1(ETH_P_IP);
    uint8_t quoted[2048], icmp[36 + 6] = {3, 4, [6] = 600 >> 8, [7] = 600 & 0xff};

    push(rig, &peer, 1400);
    test_await_counter(rig, "copies", 1);
    ck_assert_int_eq(next_udp(fd, quoted, sizeof quoted), 1428);
    memcpy(icmp + 8, quoted, sizeof icmp - 8);
    uint32_t sum = 0;
    for (unsigned i = 0; i < sizeof icmp; i += 2)
        sum += (uint32_t)(icmp[i] << 8 | icmp[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16));
    icmp[2] = (uint8_t)(sum >> 8);
    icmp[3] = (uint8_t)sum;
    int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    struct sockaddr_storage sa;
    socklen_t len = test_sockaddr("10.0.0.1", 0, &sa);
    ck_assert(sendto(raw, icmp, sizeof icmp, 0, (struct sockaddr *)&sa, len) == sizeof icmp);

    test_await(rig, "unreachable", 1);
    struct amtg_packet *p = rig_take(rig, "unreachable");
    const struct amtg_unreachable *u = (void *)p->data;
    ck_assert_uint_eq(u->type, 3);
    ck_assert_uint_eq(u->code, 4);
    ck_assert_uint_eq(u->mtu, 600);
    ck_assert(!u->local);
    ck_assert_uint_eq(u->quoted, 6); /* of the payload, as much as the router quoted */
    ck_assert_mem_eq(u->quote, OCTETS, 6);
    ck_assert(amtg_addr_equal(&p->peer.remote, &peer.remote));
    ck_assert_uint_eq(p->peer.remote_port, 5);
    amtg_packet_free(p);

    push(rig, &peer, 1400);
    test_await_counter(rig, "copies", 2);
    ck_assert_int_eq(next_udp(fd, quoted, sizeof quoted), 1428);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    close(raw);
    close(fd);
    rig_free(rig);
}
END_TEST

/* The same from a router of IPv6. */
START_TEST(a_packet_too_big_message_is_reported_and_not_obeyed_blindly)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_new_real(_i, "it: {class: udp-socket, bind: \"fd00::1\"}");
    struct amtg_peer peer = peer_of("fd00::2", 5, "fd00::1");
    int fd = listen_on_v1(ETH_P_IPV6);
    uint8_t quoted[2048], icmp[8 + 48 + 100] = {2, 0, [6] = 1300 >> 8, [7] = 1300 & 0xff};

    push(rig, &peer, 1400);
    test_await_counter(rig, "copies", 1);
    ck_assert_int_eq(next_udp(fd, quoted, sizeof quoted), 1448);
    memcpy(icmp + 8, quoted, sizeof icmp - 8);
    int raw = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6); /* the kernel writes the checksum */
    struct sockaddr_storage sa;
    socklen_t len = test_sockaddr("fd00::1", 0, &sa);
    ck_assert(sendto(raw, icmp, sizeof icmp, 0, (struct sockaddr *)&sa, len) == sizeof icmp);

    test_await(rig, "unreachable", 1);
    struct amtg_packet *p = rig_take(rig, "unreachable");
    const struct amtg_unreachable *u = (void *)p->data;
    ck_assert_uint_eq(u->type, 2);
    ck_assert_uint_eq(u->code, 0);
    ck_assert_uint_eq(u->mtu, 1300);
    ck_assert(!u->local);
    ck_assert_uint_eq(u->quoted, AMTG_QUOTED_MOST);
    ck_assert_mem_eq(u->quote, OCTETS, AMTG_QUOTED_MOST);
    ck_assert(amtg_addr_equal(&p->peer.remote, &peer.remote));
    ck_assert_uint_eq(p->peer.remote_port, 5);
    amtg_packet_free(p);

    push(rig, &peer, 1400);
    test_await_counter(rig, "copies", 2);
    ck_assert_int_eq(next_udp(fd, quoted, sizeof quoted), 1448);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    close(raw);
    close(fd);
    rig_free(rig);
}
END_TEST

/* Nobody answers for 10.0.0.9: the neighbour table holds what is sent there, until it gives up. */
START_TEST(a_full_socket_is_waited_for)
{
    netns_enter();
    netns_run("ip addr flush dev v1 && echo 50 >/proc/sys/net/ipv4/neigh/v0/retrans_time_ms");
    struct rig *rig = rig_new_real(_i, "it: {class: udp-socket, bind: 10.0.0.1, send-buffer: 8KiB, "
                                       "queue: 64}");
    struct amtg_peer peer = peer_of("10.0.0.9", 5, "10.0.0.1");

    for (unsigned i = 0; i < 40; i++)
        push(rig, &peer, 1000);
    rig_step(rig, 0);
    ck_assert_uint_gt(rig_counter(rig, "waits"), 0);
    ck_assert_uint_gt(rig_counter(rig, "queued"), 0);
    ck_assert_uint_lt(rig_counter(rig, "copies"), 40);
    for (int i = 0; i < 500 && rig_counter(rig, "queued"); i++)
        rig_step(rig, 10 * AMTG_MS);
    ck_assert_uint_eq(rig_counter(rig, "queued"), 0);
    ck_assert_uint_eq(rig_counter(rig, "copies") + rig_drops_all(rig), 40);
    rig_ignore(rig, "unreachable"); /* host unreachable, from our own host */
    rig_free(rig);
}
END_TEST

START_TEST(a_full_device_is_given_time)
{
    netns_enter();
    cable_to_nowhere();
    netns_run("tc qdisc add dev v0 root tbf rate 4mbit burst 2kb limit 4kb");
    struct rig *rig = rig_new_real(_i, "it: {class: udp-socket, bind: 10.0.0.1}");
    struct amtg_peer peer = peer_of("10.0.0.2", 5, "10.0.0.1");

    for (unsigned i = 0; i < 30; i++)
        push(rig, &peer, 1000);
    for (int i = 0; i < 500 && (rig_counter(rig, "queued") || i == 0); i++)
        rig_step(rig, 10 * AMTG_MS);
    ck_assert_uint_gt(rig_counter(rig, "waits"), 0);
    ck_assert_uint_eq(rig_counter(rig, "copies"), 30);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    rig_free(rig);
}
END_TEST

START_TEST(a_device_that_stays_full_is_given_up)
{
    netns_enter();
    cable_to_nowhere();
    netns_run("tc qdisc add dev v0 root tbf rate 1kbit burst 1500 limit 1500");
    struct rig *rig = rig_new_real(_i, "it: {class: udp-socket, bind: 10.0.0.1}");
    struct amtg_peer peer = peer_of("10.0.0.2", 5, "10.0.0.1");

    for (unsigned i = 0; i < 6; i++)
        push(rig, &peer, 1000);
    for (int i = 0; i < 500 && (rig_counter(rig, "queued") || i == 0); i++)
        rig_step(rig, 10 * AMTG_MS);
    ck_assert_uint_eq(rig_counter(rig, "queued"), 0);
    ck_assert_uint_ge(rig_counter(rig, "copies"), 1);
    ck_assert_uint_eq(rig_drops(rig, "no-device-room"), 6 - rig_counter(rig, "copies"));
    rig_free(rig);
}
END_TEST

START_TEST(destinations_without_a_route_are_named)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, "it: {class: udp-socket, bind: [0.0.0.0, \"::\"]}");
    struct amtg_peer far = peer_of("192.0.2.1", 5, "10.0.0.1"), near = peer_of("10.0.0.1", 5, "10.0.0.1");
    struct amtg_peer far6 = peer_of("2001:db8::1", 5, "fd00::1");
    int fd = test_udp("10.0.0.1", 5);

    push(rig, &far, 10);
    push(rig, &far6, 10);
    push(rig, &near, 10);
    test_await_counter(rig, "copies", 1);
    ck_assert_uint_eq(rig_drops(rig, "no-route"), 2);
    netns_run("ip route add blackhole 192.0.2.0/24 && ip route add prohibit 198.51.100.0/24");
    struct amtg_peer forbidden = peer_of("198.51.100.1", 5, "10.0.0.1");
    push(rig, &forbidden, 10);
    push(rig, &near, 10);
    test_await_counter(rig, "copies", 2);
    ck_assert_uint_eq(rig_drops(rig, "not-permitted"), 1);
    close(fd);
    rig_free(rig);
}
END_TEST

/* The anycast address comes to the host after the relay was started. */
START_TEST(an_address_of_also_may_come_later)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, "it: {class: udp-socket, bind: [10.0.0.1, \"fd00::1\"], "
                                       "also: [192.52.193.1, \"2001:3::1\"]}");
    int fd = test_udp("10.0.0.2", 0), fd6 = test_udp("fd00::2", 0);
    uint8_t octets[16];
    char name[AMTG_ADDR_TEXT];
    struct amtg_addr from;
    uint16_t port;

    netns_run("ip addr add 192.52.193.1/32 dev lo && ip -6 addr add 2001:3::1/128 dev lo nodad");
    netns_await("ip -6 route get 2001:3::1 2>/dev/null | grep -q '^local '");
    test_send(fd, "192.52.193.1", PORT, "4", 1);
    test_send(fd6, "2001:3::1", PORT, "6", 1);
    test_await(rig, "out", 2);
    for (int i = 0; i < 2; i++) {
        struct amtg_packet *p = rig_take(rig, "out");
        struct amtg_packet *answer = rig_packet(rig, AMTG_DATAGRAM, p->data, p->len);
        amtg_packet_to_peer(answer, &p->peer);
        rig_push(rig, "in", answer);
        amtg_packet_free(p);
    }
    test_await_counter(rig, "copies", 2);
    ck_assert_int_eq(test_receive(fd, octets, sizeof octets, &from, &port), 1);
    ck_assert_str_eq(amtg_addr_text(&from, name), "192.52.193.1");
    ck_assert_int_eq(test_receive(fd6, octets, sizeof octets, &from, &port), 1);
    ck_assert_str_eq(amtg_addr_text(&from, name), "2001:3::1");
    close(fd);
    close(fd6);
    rig_free(rig);
}
END_TEST

/* Nobody can be answered at port 0. */
START_TEST(a_datagram_without_a_source_port_is_dropped)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, "it: {class: udp-socket, bind: 10.0.0.1}");
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001)};
    uint8_t udp[9] = {[2] = PORT >> 8, [3] = PORT & 0xff, [5] = sizeof udp}; /* no checksum */
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);

    test_await(rig, "out", 0);
    ck_assert(sendto(fd, udp, sizeof udp, 0, (struct sockaddr *)&to, sizeof to) == sizeof udp);
    udp[1] = 7;
    ck_assert(sendto(fd, udp, sizeof udp, 0, (struct sockaddr *)&to, sizeof to) == sizeof udp);
    test_await(rig, "out", 1);
    ck_assert_uint_eq(rig_drops(rig, "no-source-port"), 1);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_uint_eq(p->peer.remote_port, 7);
    amtg_packet_free(p);
    close(fd);
    rig_free(rig);
}
END_TEST

/* A frame with this IP datagram, from v1 to v0. */
static void put_on_v1(const uint8_t *ip, size_t len)
{
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
                             .sll_ifindex = (int)if_nametoindex("v1"), .sll_halen = 6};
    struct ifreq v0 = {.ifr_name = "v0"};
    int fd = socket(AF_PACKET, SOCK_DGRAM, 0);

    ck_assert(fd >= 0 && ioctl(fd, SIOCGIFHWADDR, &v0) == 0);
    memcpy(to.sll_addr, v0.ifr_hwaddr.sa_data, 6);
    ck_assert(sendto(fd, ip, len, 0, (struct sockaddr *)&to, sizeof to) == (ssize_t)len);
    close(fd);
}

/* The outer datagrams of a Linux relay have TOS 0xc0 and no DF, so that they may come in pieces. */
START_TEST(k18_fragments_as_a_linux_relay_lets_them_happen_come_as_one_datagram)
{
    enum { PAYLOAD = 1472, HEADS = 28, CUT = 20 + 1200 };
    static const struct amtg_udp_options options = {.hops = 9, .tos = 0xc0, .id = 77};
    struct amtg_peer gateway = {.remote_port = PORT, .local_port = PORT};
    uint8_t whole[HEADS + PAYLOAD], part[sizeof whole];

    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_new_real(_i, "it: {class: udp-socket, bind: 10.0.0.1}");
    ck_assert(amtg_addr_parse("10.0.0.1", &gateway.remote) &&
              amtg_addr_parse("10.0.0.2", &gateway.local));
    for (unsigned i = 0; i < PAYLOAD; i++)
        whole[HEADS + i] = (uint8_t)(i * 3);
    amtg_udp_build(&gateway, &options, whole + HEADS, PAYLOAD, whole);
    test_await(rig, "out", 0);
    for (unsigned later = 2; later-- > 0;) { /* the second piece first */
        unsigned from = later ? CUT : 20, to = later ? (unsigned)sizeof whole : CUT;
        memcpy(part, whole, 20);
        memcpy(part + 20, whole + from, to - from);
        amtg_put_u16(part + 2, (uint16_t)(20 + to - from));
        amtg_put_u16(part + 6, (uint16_t)((from - 20) / 8 | (later ? 0 : 0x2000)));
        amtg_put_u16(part + 10, 0);
        amtg_put_u16(part + 10, amtg_checksum(amtg_sum(0, part, 20)));
        put_on_v1(part, 20 + to - from);
    }
    test_await(rig, "out", 1);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_uint_eq(p->len, PAYLOAD);
    ck_assert_mem_eq(p->data, whole + HEADS, PAYLOAD);
    ck_assert_uint_eq(p->peer.remote_port, PORT);
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

/* Link-local peers are told apart by the interface that they are on. */
START_TEST(link_local_peers_keep_their_scope)
{
    netns_enter();
    netns_run("ip -6 addr add fe80::1/64 dev v0 nodad && ip -6 addr add fe80::2/64 dev v1 nodad");
    struct rig *rig = rig_new_real(_i, "it: {class: udp-socket, bind: \"::\"}");
    struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                              .sin6_port = htons(PORT),
                              .sin6_scope_id = if_nametoindex("v1")};
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_scope_id = if_nametoindex("v1")};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    uint8_t octets[16];

    inet_pton(AF_INET6, "fe80::2", &at.sin6_addr);
    inet_pton(AF_INET6, "fe80::1", &to.sin6_addr);
    ck_assert(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    ck_assert(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to) == 1);
    test_await(rig, "out", 1);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_uint_eq(p->peer.scope, if_nametoindex("v0"));
    push(rig, &p->peer, 3);
    test_await_counter(rig, "copies", 1);
    ck_assert_int_eq(recv(fd, octets, sizeof octets, 0), 3);
    amtg_packet_free(p);
    close(fd);
    rig_free(rig);
}
END_TEST

AMTG_NETNS_SUITE("udp-socket on a device", outer_packets_are_never_fragments,
                 a_small_link_is_reported_for_whom_it_leads_to,
                 a_too_big_error_is_reported_and_not_obeyed_blindly,
                 a_packet_too_big_message_is_reported_and_not_obeyed_blindly,
                 a_full_socket_is_waited_for,
                 a_full_device_is_given_time, a_device_that_stays_full_is_given_up, destinations_without_a_route_are_named,
                 an_address_of_also_may_come_later,
                 a_datagram_without_a_source_port_is_dropped,
                 k18_fragments_as_a_linux_relay_lets_them_happen_come_as_one_datagram, link_local_peers_keep_their_scope)
