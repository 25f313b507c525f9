/* udp-output: IPv6 multicast out of an interface, to its network or to this host only. */
#include <net/if.h>
#include <stdio.h>

#include "elements/wire/types.h"
#include "tests/support/netns.h"
#include "tests/support/sockets.h"

enum { PORT = 5004 };

static int joined(const char *group, const char *interface)
{
    int fd = test_udp("::", PORT);
    struct group_req request = {.gr_interface = if_nametoindex(interface)};

    test_sockaddr(group, 0, &request.gr_group);
    ck_assert(setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &request, sizeof request) == 0);
    ck_assert(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, strlen(interface)) == 0);
    return fd;
}

/* v0 is the side of the sender, v1 the other end of the cable. */
static void send_to(bool shared, const char *group, const char *hearer, bool heard)
{
    char text[160];

    netns_enter();
    snprintf(text, sizeof text, "it: {class: udp-output, to: \"%s\", port: %d, interface: v0}",
             group, PORT);
    int fd = joined(group, hearer);
    struct rig *rig = rig_new_real(shared, text);
    rig_push_hex(rig, "in", AMTG_DATAGRAM, "aabb");
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    ck_assert_int_eq(poll(&wait, 1, heard ? 2000 : 100), heard);
    rig_free(rig);
    close(fd);
}

START_TEST(a_group_of_interface_scope_is_heard_on_this_host)
{
    send_to(_i, "ff11::8000:1", "v0", true);
}
END_TEST

START_TEST(and_not_at_the_other_end_of_the_cable)
{
    send_to(_i, "ff11::8000:1", "v1", false);
}
END_TEST

START_TEST(a_group_of_wider_scope_is)
{
    send_to(_i, "ff15::8000:1", "v1", true);
}
END_TEST

AMTG_NETNS_SUITE("udp-output/multicast", a_group_of_interface_scope_is_heard_on_this_host,
                 and_not_at_the_other_end_of_the_cable, a_group_of_wider_scope_is)
