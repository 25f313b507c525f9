/*
 * raw-socket on a cable in a namespace of its own: datagrams arrive octet for octet.
 */
#include "tests/support/netns.h"
#include "tests/support/sockets.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>

#include "elements/wire/types.h"
#include "elements/wire/udp.h"

enum { MOST = 2048 };

static int listen_on(const char *device, uint16_t protocol)
{
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(protocol),
                             .sll_ifindex = (int)if_nametoindex(device)};
    ck_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    return fd;
}

/* A datagram of `len` octets in all, of a source that is not of this host. */
static struct amtg_packet *datagram(struct rig *rig, const char *from, const char *to, uint32_t len)
{
    uint8_t octets[MOST] = {0};
    struct amtg_peer peer = {.local_port = 7, .remote_port = 5000};
    const struct amtg_udp_options options = {.hops = 9, .tos = 0x28, .id = 77, .dont_fragment = true};

    ck_assert(amtg_addr_parse(from, &peer.local) && amtg_addr_parse(to, &peer.remote));
    uint32_t heads = amtg_udp_heads_octets(&peer);
    for (uint32_t i = heads; i < len; i++)
        octets[i] = (uint8_t)(i * 5);
    amtg_udp_build(&peer, &options, octets + heads, len - heads, octets);
    return rig_packet(rig, AMTG_IP, octets, len);
}

/* Push it; it must arrive there as it is. */
static void send_and_compare(struct rig *rig, int fd, const char *from, const char *to, uint32_t len)
{
    struct amtg_packet *p = datagram(rig, from, to, len);
    uint8_t sent[MOST], got[MOST];
    unsigned protocol = strchr(to, ':') ? 6 : 9;
    ssize_t n;

    memcpy(sent, p->data, len);
    rig_push(rig, "in", p);
    do
        n = recv(fd, got, sizeof got, 0);
    while (n > 0 && got[protocol] != IPPROTO_UDP);
    ck_assert_msg(n == (ssize_t)len, "%s: %zd octets arrived, not %u", to, n, len);
    ck_assert_mem_eq(got, sent, len);
}

START_TEST(datagrams_arrive_as_they_are)
{
    netns_enter();
    netns_run("ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0 && "
              "ip neigh add fd00::9 lladdr 02:00:00:00:00:09 dev v0");
    struct rig *rig = rig_new_real(_i, "it: {class: raw-socket, interface: v0}");
    int fd4 = listen_on("v1", ETH_P_IP), fd6 = listen_on("v1", ETH_P_IPV6);

    send_and_compare(rig, fd4, "192.0.2.5", "232.1.1.1", 100);
    send_and_compare(rig, fd4, "192.0.2.5", "232.1.1.1", 1500);
    send_and_compare(rig, fd4, "192.0.2.5", "10.0.0.9", 29);
    send_and_compare(rig, fd6, "2001:db8::5", "ff3e::8000:1", 100);
    send_and_compare(rig, fd6, "2001:db8::5", "ff3e::8000:1", 1500);
    send_and_compare(rig, fd6, "2001:db8::5", "ff02::99", 100);
    send_and_compare(rig, fd6, "2001:db8::5", "fd00::9", 49);
    ck_assert_uint_eq(rig_counter(rig, "sent"), 7);
    close(fd4);
    close(fd6);
    rig_free(rig);
}
END_TEST

START_TEST(what_is_too_long_or_has_no_route_is_dropped_by_name)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, "it: {class: raw-socket, interface: v0}");
    int fd = listen_on("v1", ETH_P_IP);
    struct amtg_packet *batch[] = {
        datagram(rig, "192.0.2.5", "232.1.1.1", 1501),
        datagram(rig, "2001:db8::5", "ff3e::8000:1", 1501),
        datagram(rig, "192.0.2.5", "198.51.100.1", 50),
        datagram(rig, "2001:db8::5", "2001:db8::7", 50),
        datagram(rig, "192.0.2.5", "232.1.1.1", 50),
    };

    rig_push_batch(rig, "in", batch, 5);
    ck_assert_uint_eq(rig_drops(rig, "too-big"), 2);
    ck_assert_uint_eq(rig_drops(rig, "no-route"), 2);
    ck_assert_uint_eq(rig_counter(rig, "sent"), 1);
    send_and_compare(rig, fd, "192.0.2.5", "232.1.1.1", 50);
    close(fd);
    rig_free(rig);
}
END_TEST

static unsigned heard_here(int shared, const char *loop)
{
    char text[128], octets[64];
    int fd = test_udp("0.0.0.0", 5000);
    struct ip_mreqn group = {.imr_ifindex = (int)if_nametoindex("v0")};

    inet_pton(AF_INET, "239.1.1.1", &group.imr_multiaddr);
    ck_assert(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) == 0);
    snprintf(text, sizeof text, "it: {class: raw-socket, interface: v0, loop: %s}", loop);
    struct rig *rig = rig_new_real(shared, text);
    rig_push(rig, "in", datagram(rig, "10.0.0.1", "239.1.1.1", 50));
    unsigned heard = test_receive(fd, octets, sizeof octets, NULL, NULL) >= 0;
    close(fd);
    rig_free(rig);
    return heard;
}

START_TEST(the_host_hears_its_own_multicast_only_if_told)
{
    netns_enter();
    ck_assert_uint_eq(heard_here(_i, "yes"), 1);
    ck_assert_uint_eq(heard_here(_i, "no"), 0);
}
END_TEST

START_TEST(a_full_socket_is_waited_for)
{
    netns_enter();
    netns_run("ip addr flush dev v1 && echo 50 >/proc/sys/net/ipv4/neigh/v0/retrans_time_ms && "
              "echo 2000000 >/proc/sys/net/ipv4/neigh/v0/unres_qlen_bytes");
    struct rig *rig = rig_new_real(_i, "it: {class: raw-socket, interface: v0, queue: 2000}");

    for (unsigned i = 0; i < 2000; i++)
        rig_push(rig, "in", datagram(rig, "10.0.0.1", "10.0.0.9", 1000));
    uint64_t sent = rig_counter(rig, "sent");
    ck_assert_uint_gt(rig_counter(rig, "waits"), 0);
    ck_assert_uint_lt(sent, 2000);
    for (int i = 0; i < 500 && rig_counter(rig, "sent") + rig_drops_all(rig) < 2000; i++)
        rig_step(rig, 10 * AMTG_MS);
    ck_assert_uint_gt(rig_counter(rig, "sent"), sent);
    ck_assert_uint_eq(rig_counter(rig, "sent") + rig_drops_all(rig), 2000);
    rig_free(rig);
}
END_TEST

AMTG_NETNS_SUITE("raw-socket", datagrams_arrive_as_they_are,
                 what_is_too_long_or_has_no_route_is_dropped_by_name,
                 the_host_hears_its_own_multicast_only_if_told, a_full_socket_is_waited_for)
