/*
 * packet-capture on a cable in a namespace of its own: what is given, what is not,
 * and what the sender has left undone.
 * Covers: R-69 in part (what goes into a tunnel has a valid checksum).
 */
#include "tests/support/netns.h"
#include "tests/support/sockets.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <sys/syscall.h>

#include "elements/wire/ip.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"

/* The system call as seen by the element, from a kernel before Linux 4.20. */
static bool kernel_gives_outgoing;
static unsigned refused;

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
    if (kernel_gives_outgoing && level == SOL_PACKET && option == PACKET_IGNORE_OUTGOING) {
        refused++;
        errno = ENOPROTOOPT;
        return -1;
    }
    return (int)syscall(SYS_setsockopt, fd, level, option, value, len);
}

/* A socket that sends multicast out of v1, and so along the cable to v0. */
static int sender(bool is4)
{
    int fd = test_udp(is4 ? "10.0.0.2" : "fd00::2", 0);
    int index = (int)if_nametoindex("v1"), hops = 5;
    struct ip_mreqn interface = {.imr_ifindex = index};

    if (is4) {
        ck_assert(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface) == 0);
        ck_assert(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops) == 0);
    } else {
        ck_assert(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index) == 0);
        ck_assert(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) == 0);
    }
    return fd;
}

static const char *group(bool is4)
{
    return is4 ? "232.1.1.1" : "ff3e::8000:1";
}

static void fill(uint8_t *octets, size_t len)
{
    for (size_t i = 0; i < len; i++)
        octets[i] = (uint8_t)(i * 31 + i / 255);
}

/* Take one packet and verify everything in it; its payload must be these octets. */
static void expect(struct rig *rig, bool is4, const uint8_t *octets, size_t len)
{
    struct amtg_packet *p = rig_take(rig, "out");
    struct amtg_ip ip;
    struct amtg_udp udp;

    ck_assert_ptr_eq(p->type, AMTG_IP_RAW);
    ck_assert_int_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND);
    ck_assert_uint_eq(ip.version, is4 ? 4 : 6);
    ck_assert_uint_eq(ip.hops, 5);
    ck_assert_int_eq(amtg_udp_parse(p->data, &ip, false, &udp), AMTG_UDP_SOUND);
    ck_assert(!udp.no_checksum);
    ck_assert_uint_eq(udp.payload_octets, len);
    ck_assert_mem_eq(p->data + udp.payload, octets, len);
    amtg_packet_free(p);
}

START_TEST(packets_are_given_whole_with_their_checksum_completed)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, "it: {class: packet-capture, interface: v0, "
                                       "filter: udp and (ip multicast or ip6 multicast)}");
    uint8_t octets[1400];
    fill(octets, sizeof octets);

    for (int is4 = 0; is4 < 2; is4++) {
        int fd = sender(is4);
        for (size_t len = 1; len <= sizeof octets; len += 1399)
            test_send(fd, group(is4), 5000, octets, len);
        test_await(rig, "out", 2);
        expect(rig, is4, octets, 1);
        expect(rig, is4, octets, 1400);
        close(fd);
    }
    ck_assert_uint_gt(rig_counter(rig, "completed"), 0); /* a cable of this kind computes none */
    rig_free(rig);
}
END_TEST

START_TEST(the_filter_keeps_out_what_it_does_not_name)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, "it: {class: packet-capture, interface: v0, "
                                       "filter: udp port 5001}");
    for (int is4 = 0; is4 < 2; is4++) {
        int fd = sender(is4);
        test_send(fd, group(is4), 5000, "no", 2);
        test_send(fd, group(is4), 5001, "yes", 3);
        test_await(rig, "out", 1);
        expect(rig, is4, (const uint8_t *)"yes", 3);
        close(fd);
    }
    rig_free(rig);
}
END_TEST

/* Send a frame as it is out of v1. */
static void send_frame(const uint8_t *frame, size_t len)
{
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll to = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_ALL),
                             .sll_ifindex = (int)if_nametoindex("v1")};
    ck_assert(sendto(fd, frame, len, 0, (struct sockaddr *)&to, sizeof to) == (ssize_t)len);
    close(fd);
}

static size_t frame_of(uint8_t *out, const char *before_ip)
{
    const struct amtg_udp_options options = {.hops = 5};
    struct amtg_peer peer = {.local_port = 1, .remote_port = 5000};
    size_t heads = rig_octets("01005e010101 020000000001", out, 64);

    heads += rig_octets(before_ip, out + heads, 64);
    ck_assert(amtg_addr_parse("10.0.0.2", &peer.local));
    ck_assert(amtg_addr_parse("232.1.1.1", &peer.remote));
    return heads + amtg_udp_build(&peer, &options, NULL, 0, out + heads);
}

START_TEST(frames_of_a_vlan_and_of_other_protocols_are_left_out)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, "it: {class: packet-capture, interface: v0}");
    uint8_t frame[128];

    rig_step(rig, 50 * AMTG_MS); /* what the interfaces say when they come up */
    rig_ignore(rig, "out");
    send_frame(frame, frame_of(frame, "8100 0007 0800")); /* VLAN 7 */
    send_frame(frame, frame_of(frame, "88cc"));           /* LLDP */
    send_frame(frame, frame_of(frame, "8100 0000 0800")); /* a priority, no VLAN */
    send_frame(frame, frame_of(frame, "0800"));
    unsigned ours = 0;
    for (int i = 0; i < 20; i++) {
        rig_step(rig, 5 * AMTG_MS);
        while (rig_count(rig, "out")) {
            struct amtg_packet *p = rig_take(rig, "out");
            ours += p->len >= 20 && p->data[0] == 0x45 && p->data[16] == 232;
            amtg_packet_free(p);
        }
    }
    ck_assert_uint_eq(ours, 2);
    rig_free(rig);
}
END_TEST

START_TEST(local_senders_are_heard_only_when_asked_for)
{
    netns_enter();
    int fd = sender(true);
    struct rig *rig = rig_new_real(_i, "it: {class: packet-capture, interface: v1, "
                                       "filter: udp port 5000, outgoing: yes}");
    uint8_t octets[900];
    fill(octets, sizeof octets);
    test_send(fd, group(true), 5000, octets, sizeof octets);
    test_await(rig, "out", 1);
    expect(rig, true, octets, sizeof octets);
    rig_free(rig);

    rig = rig_new_real(_i, "it: {class: packet-capture, interface: v1, filter: udp port 5000}");
    test_send(fd, group(true), 5000, octets, sizeof octets);
    rig_step(rig, 50 * AMTG_MS);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
    close(fd);
}
END_TEST

/* There the filter leaves them out; what comes from elsewhere is heard as ever. */
START_TEST(a_kernel_that_gives_outgoing_packets_has_them_filtered)
{
    netns_enter();
    kernel_gives_outgoing = true;
    int from_here = sender(true);
    struct rig *rig = rig_new_real(_i, "it: {class: packet-capture, interface: v1, filter: udp port 5000}");
    struct rig *far = rig_new_real(_i, "it: {class: packet-capture, interface: v0, filter: udp port 5000}");
    kernel_gives_outgoing = false;
    ck_assert_uint_eq(refused, 2);

    test_send(from_here, group(true), 5000, "x", 1);
    test_await(far, "out", 1);
    expect(far, true, (const uint8_t *)"x", 1);
    rig_step(rig, 50 * AMTG_MS);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "received"), 0);
    rig_free(far);
    rig_free(rig);
    close(from_here);
}
END_TEST

/* Linux before 6.2 cannot tell how long the parts are; there the packet is dropped by name. */
START_TEST(a_coalesced_udp_packet_is_split)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, "it: {class: packet-capture, interface: v0, "
                                       "filter: udp port 5000}");
    uint8_t octets[20000];
    uint16_t each = 1000;
    fill(octets, sizeof octets);

    for (int is4 = 0; is4 < 2; is4++) {
        int fd = sender(is4);
        int value = each;
        ck_assert(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &value, sizeof value) == 0);
        test_send(fd, group(is4), 5000, octets, 2500);
        test_send(fd, group(is4), 5000, octets, sizeof octets);
        test_send(fd, group(is4), 5000, octets, 10); /* not coalesced */
        for (int i = 0; i < 20; i++)
            rig_step(rig, 5 * AMTG_MS);
        if (rig_drops(rig, "coalesced") == 0) {
            ck_assert_uint_eq(rig_counter(rig, "split"), 2 + 2 * is4);
            expect(rig, is4, octets, 1000);
            expect(rig, is4, octets + 1000, 1000);
            expect(rig, is4, octets + 2000, 500);
            for (unsigned i = 0; i < 20; i++)
                expect(rig, is4, octets + i * 1000, 1000);
        }
        expect(rig, is4, octets, 10);
        close(fd);
    }
    rig_free(rig);
}
END_TEST

START_TEST(a_datagram_of_60000_octets_is_given_whole)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, "it: {class: packet-capture, interface: lo, "
                                       "filter: udp port 5000}");
    static uint8_t octets[60000];
    int fd = test_udp("127.0.0.1", 0);
    uint32_t heads = 28;

    fill(octets, sizeof octets);
    test_send(fd, "127.0.0.1", 5000, octets, sizeof octets);
    test_await(rig, "out", 1);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_uint_eq(p->len, heads + sizeof octets);
    ck_assert_mem_eq(p->data + heads, octets, sizeof octets);
    amtg_packet_free(p);
    close(fd);
    rig_free(rig);
}
END_TEST

START_TEST(what_the_kernel_loses_is_counted)
{
    netns_enter();
    enum { SENT = 2000 };
    struct rig *rig = rig_new_real(_i, "it: {class: packet-capture, interface: v0, "
                                       "filter: udp port 5000, buffer: 64KiB}");
    int fd = sender(true);
    uint8_t octets[1000];
    fill(octets, sizeof octets);

    for (unsigned i = 0; i < SENT; i++)
        test_send(fd, group(true), 5000, octets, sizeof octets);
    for (int i = 0; i < 60 && rig_counter(rig, "kernel-drops") == 0; i++)
        rig_step(rig, 50 * AMTG_MS);
    ck_assert_uint_gt(rig_counter(rig, "received"), 0);
    ck_assert_uint_eq(rig_counter(rig, "received") + rig_counter(rig, "kernel-drops"), SENT);
    rig_ignore(rig, "out");
    close(fd);
    rig_free(rig);
}
END_TEST

START_TEST(the_interface_of_the_default_route_is_the_default)
{
    netns_enter();
    netns_run("ip route add default via 10.0.0.2 dev v0");
    struct rig *rig = rig_new_real(_i, "it: {class: packet-capture, filter: udp port 5000}");
    int fd = sender(true);

    test_send(fd, group(true), 5000, "x", 1);
    test_await(rig, "out", 1);
    expect(rig, true, (const uint8_t *)"x", 1);
    close(fd);
    rig_free(rig);
}
END_TEST

START_TEST(an_interface_that_goes_down_and_up_is_still_captured)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, "it: {class: packet-capture, interface: v0, "
                                       "filter: udp port 5000}");
    int fd = sender(true);

    netns_run("ip link set v0 down");
    for (int i = 0; i < 5; i++)
        rig_step(rig, 10 * AMTG_MS);
    ck_assert_uint_eq(rig_counter(rig, "errors"), 1);
    netns_run("ip link set v0 up");
    netns_await("ip link show v1 | grep -q 'state UP'");
    test_send(fd, group(true), 5000, "x", 1);
    test_await(rig, "out", 1);
    expect(rig, true, (const uint8_t *)"x", 1);
    close(fd);
    rig_free(rig);
}
END_TEST

START_TEST(packets_wait_for_each_other_when_they_may)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, "it: {class: packet-capture, interface: v0, coalesce: 300ms, "
                                       "filter: udp and ip multicast}");
    const struct amtg_element *it = rig_element(rig, "it");
    uint8_t octets[3] = {1, 2, 3};
    int fd = sender(true);

    test_send(fd, group(true), 5000, octets, 1);
    test_await(rig, "out", 1); /* the first after a pause does not wait: the rig has waited for it alone */
    uint64_t first_ns = amtg_now(it);
    expect(rig, true, octets, 1);
    test_send(fd, group(true), 5000, octets, 2);
    test_send(fd, group(true), 5000, octets, 3);
    test_await(rig, "out", 2);
    ck_assert_uint_ge(amtg_now(it) - first_ns, 290 * AMTG_MS);
    expect(rig, true, octets, 2);
    expect(rig, true, octets, 3);
    test_send(fd, group(true), 5000, octets, 1);
    test_await(rig, "out", 1);
    expect(rig, true, octets, 1);
    ck_assert_uint_eq(rig_counter(rig, "received"), 4);
    close(fd);
    rig_free(rig);
}
END_TEST

AMTG_NETNS_SUITE("packet-capture", packets_are_given_whole_with_their_checksum_completed,
                 the_filter_keeps_out_what_it_does_not_name,
                 frames_of_a_vlan_and_of_other_protocols_are_left_out,
                 local_senders_are_heard_only_when_asked_for,
                 a_kernel_that_gives_outgoing_packets_has_them_filtered, a_coalesced_udp_packet_is_split,
                 a_datagram_of_60000_octets_is_given_whole, what_the_kernel_loses_is_counted,
                 the_interface_of_the_default_route_is_the_default,
                 an_interface_that_goes_down_and_up_is_still_captured,
                 packets_wait_for_each_other_when_they_may)
