/* network: packets find the host that has their destination, one hop older. */
#include "tests/support/refused.h"
#include "tests/support/udp_packet.h"

#define HOSTS "it: {class: network, hosts: {relay: 192.0.2.1, lan: 10.1.0.1-10.1.0.9, " \
              "both: \"10.2.0.1-10.2.0.3, 2001:db8::1 - 2001:db8::3\", last: 255.255.255.255}}"

static void send_to(struct rig *rig, const char *to, uint8_t hops)
{
    bool ip6 = strchr(to, ':');
    rig_push(rig, "in", udp_packet(rig, ip6 ? "2001:db8::99" : "10.9.9.9", 5, to, 7, hops));
}

START_TEST(each_packet_goes_to_the_host_with_its_destination)
{
    static const struct {
        const char *to, *output;
    } rows[] = {
        {"192.0.2.1", "relay"}, {"10.1.0.1", "lan[0]"},  {"10.1.0.5", "lan[4]"},
        {"10.1.0.9", "lan[8]"},    {"10.2.0.1", "both[0]"}, {"10.2.0.3", "both[2]"},
        {"2001:db8::1", "both[0]"}, {"2001:db8::3", "both[2]"}, {"255.255.255.255", "last"},
    };
    struct rig *rig = rig_new(_i, HOSTS);

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char expected[128];
        bool ip6 = strchr(rows[i].to, ':');
        snprintf(expected, sizeof expected, "%s:5 > %s:7 hops 63",
                 ip6 ? "2001:db8::99" : "10.9.9.9", rows[i].to);
        send_to(rig, rows[i].to, 64);
        ck_assert_str_eq(udp_said(rig, rows[i].output), expected);
    }
    rig_free(rig);
}
END_TEST

START_TEST(what_nobody_has_is_dropped)
{
    static const char *const nobody[] = {"192.0.2.0", "192.0.2.2", "10.1.0.0", "10.1.0.10",
                                         "10.2.0.4",  "0.0.0.0",   "232.1.2.3", "2001:db8::",
                                         "2001:db8::4", "::1"};
    unsigned count = sizeof nobody / sizeof nobody[0];
    struct rig *rig = rig_new(_i, HOSTS);

    for (unsigned i = 0; i < count; i++)
        send_to(rig, nobody[i], 64);
    ck_assert_uint_eq(rig_drops(rig, "no-route"), count);
    rig_free(rig);
}
END_TEST

START_TEST(a_packet_without_a_hop_left_expires)
{
    struct rig *rig = rig_new(_i, HOSTS);

    send_to(rig, "192.0.2.1", 2);
    ck_assert_str_eq(udp_said(rig, "relay"), "10.9.9.9:5 > 192.0.2.1:7 hops 1");
    send_to(rig, "192.0.2.1", 1);
    send_to(rig, "192.0.2.1", 0);
    send_to(rig, "2001:db8::1", 1);
    ck_assert_uint_eq(rig_drops(rig, "expired"), 3);
    rig_free(rig);
}
END_TEST

/* More outputs than one word has bits for those that hold something. */
START_TEST(a_hundred_hosts_get_theirs_out_of_one_batch)
{
    enum { FIRST = 30, COUNT = 64 };
    struct rig *rig = rig_new(_i, "it: {class: network, hosts: {h: 10.0.0.0-10.0.0.99}}");
    struct amtg_packet *packets[COUNT];

    for (unsigned i = 0; i < COUNT; i++) {
        char to[16];
        snprintf(to, sizeof to, "10.0.0.%u", FIRST + i);
        packets[i] = udp_packet(rig, "10.9.9.9", 5, to, 7, 9);
    }
    rig_push_batch(rig, "in", packets, COUNT);
    for (unsigned i = 0; i < 100; i++) {
        char name[16];
        bool one = i >= FIRST && i < FIRST + COUNT;
        snprintf(name, sizeof name, "h[%u]", i);
        ck_assert_uint_eq(rig_count(rig, name), one);
        rig_ignore(rig, name);
    }
    rig_free(rig);
}
END_TEST

START_TEST(hosts_that_cannot_be_are_refused)
{
    static const struct {
        const char *text, *problem;
    } rows[] = {
        {"relay: here", "expected an address or a range"},
        {"relay: \"\"", "expected an address or a range"},
        {"relay: 10.0.0.1-", "no address behind the dash"},
        {"relay: 10.0.0.2-10.0.0.1", "a range that ends before it begins"},
        {"relay: \"10.0.0.1-::1\"", "a range from one family to the other"},
        {"relay: 10.0.0.0-10.1.0.0", "a range of more than 65536 addresses"},
        {"relay: \"10.0.0.1-10.0.0.2, 10.0.1.1\"", "ranges of different lengths"},
        {"relay: \"10.0.0.1,\"", "expected an address or a range"},
        {"a: 10.0.0.1-10.0.0.9, b: 10.0.0.9", "two of them have the address 10.0.0.9"},
        {"relay: \"10.0.0.1, 10.0.0.1\"", "two of them have the address 10.0.0.1"},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "it: {class: network, hosts: {%s}}", rows[i].text);
        expect_refused(text, rows[i].problem);
    }
}
END_TEST

AMTG_RIG_SUITE("network", each_packet_goes_to_the_host_with_its_destination,
               what_nobody_has_is_dropped, a_packet_without_a_hop_left_expires,
               a_hundred_hosts_get_theirs_out_of_one_batch, hosts_that_cannot_be_are_refused)
