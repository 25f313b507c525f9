/*
 * tun: what the host says on the interface and is given by it; the interface down, up,
 * removed, there before; privileges. Each test in a network namespace of its own.
 */
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "elements/registry.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"
#include "tests/support/netns.h"
#include "tests/support/sockets.h"

#define T0 "it: {class: tun, interface: t0}"

enum { PORT = 5004 }; /* IPv4; and the next one IPv6 */

static const char *const groups[] = {"232.1.1.1", "ff3e::8000:1"};
static const char *const sources[] = {"10.0.0.9", "fd00::9"};

/* A socket that has joined (S,G) on the interface that the host's routes say, or on `interface`. */
static int join(int six, const char *interface)
{
    int fd = test_udp(six ? "::" : "0.0.0.0", (uint16_t)(PORT + six));
    struct group_source_req request = {.gsr_interface = interface ? if_nametoindex(interface) : 0};

    test_sockaddr(groups[six], 0, &request.gsr_group);
    test_sockaddr(sources[six], 0, &request.gsr_source);
    ck_assert_msg(setsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &request,
                             sizeof request) == 0, "join %s: %s", groups[six], strerror(errno));
    return fd;
}

static void push_from(struct rig *rig, const char *source, const char *group)
{
    uint8_t octets[64], payload[4] = {1, 2, 3, 4};
    struct amtg_peer peer = {.local_port = PORT};
    struct amtg_udp_options options = {.hops = 9};

    ck_assert(amtg_addr_parse(source, &peer.local) && amtg_addr_parse(group, &peer.remote));
    peer.remote_port = (uint16_t)(PORT + !amtg_addr_is4(&peer.remote));
    uint32_t heads = amtg_udp_build(&peer, &options, payload, sizeof payload, octets);
    memcpy(octets + heads, payload, sizeof payload);
    rig_push(rig, "in", rig_packet(rig, AMTG_IP, octets, heads + sizeof payload));
}

static bool heard(int fd, int wait_ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    uint8_t came[16];

    return poll(&wait, 1, wait_ms) == 1 && test_receive(fd, came, sizeof came, NULL, NULL) == 4;
}

static bool names_group(const struct amtg_packet *p, int six)
{
    struct amtg_addr group;
    bool found = false;

    ck_assert(amtg_addr_parse(groups[six], &group));
    const uint8_t *octets = six ? group.octets : amtg_addr_octets4(&group);
    uint32_t size = six ? 16 : 4;
    for (uint32_t at = six ? 40 : 20; at + size <= p->len && !found; at += 4)
        found = memcmp(p->data + at, octets, size) == 0;
    return found;
}

/* Step until a report for each of the groups wanted (0 IPv4, 1 IPv6) has come out, in any order. */
static void await_reports(struct rig *rig, bool wanted[static 2])
{
    for (int i = 0; i < 500 && (wanted[0] || wanted[1]); i++) {
        while (rig_count(rig, "out")) {
            struct amtg_packet *p = rig_take(rig, "out");
            for (int six = 0; six < 2; six++)
                wanted[six] = wanted[six] && !names_group(p, six);
            amtg_packet_free(p);
        }
        if (wanted[0] || wanted[1])
            rig_step(rig, 10 * AMTG_MS);
    }
    for (int six = 0; six < 2; six++)
        if (wanted[six])
            ck_abort_msg("no report for %s", groups[six]);
}

static void await_report(struct rig *rig, int six)
{
    await_reports(rig, (bool[2]){!six, six});
}

static void await_up(struct rig *rig, uint64_t up)
{
    for (int i = 0; i < 500 && rig_counter(rig, "up") != up; i++)
        rig_step(rig, 10 * AMTG_MS);
    ck_assert_uint_eq(rig_counter(rig, "up"), up);
}

static void expect_setup(const char *name)
{
    netns_run("ip route show 232.0.0.0/8 | grep -q 'dev %s'", name);
    netns_run("ip -6 route show table local | grep -q 'multicast ff3e::/32 dev %s'", name);
    netns_run("ip addr show dev %s | grep -q 'inet 169.254.232.1/32'", name);
}

static void end(struct rig *rig)
{
    rig_ignore(rig, "out");
    rig_free(rig);
}

START_TEST(the_interface_is_made_and_set_up_and_goes_with_the_run)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, T0);

    ck_assert_uint_eq(rig_counter(rig, "up"), 1);
    expect_setup("t0");
    netns_run("ip link show t0 | grep -q 'mtu 1450'");
    netns_run("grep -q 2 /proc/sys/net/ipv4/conf/t0/rp_filter");
    netns_run("grep -q 0 /proc/sys/net/ipv6/conf/t0/accept_ra");
    end(rig);
    netns_run("! ip link show t0 2>/dev/null");
}
END_TEST

START_TEST(joins_by_route_or_by_name_are_reported)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, T0);

    for (int six = 0; six < 2; six++)
        for (int named = 0; named < 2; named++) {
            int fd = join(six, named ? "t0" : NULL);
            await_report(rig, six);
            close(fd);
            await_report(rig, six); /* the leave names it, too */
        }
    end(rig);
}
END_TEST

START_TEST(members_receive_what_is_pushed_in_under_a_strict_filter_elsewhere)
{
    netns_enter();
    netns_run("echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter");
    struct rig *rig = rig_new_real(_i, T0);

    for (int six = 0; six < 2; six++) {
        int fd = join(six, NULL);
        push_from(rig, sources[six], groups[six]);
        ck_assert_msg(heard(fd, 2000), "nothing came for %s", groups[six]);
        close(fd);
    }
    ck_assert_uint_eq(rig_counter(rig, "written"), 2);
    ck_assert_uint_eq(rig_counter(rig, "no-way-back"), 0);
    end(rig);
}
END_TEST

/* Ten numbered datagrams of one flow, pushed in together. */
static void push_ten(struct rig *rig, int six)
{
    struct amtg_packet *packets[10];
    uint8_t octets[64];
    struct amtg_peer peer = {.local_port = PORT, .remote_port = (uint16_t)(PORT + six)};
    struct amtg_udp_options options = {.hops = 9, .dont_fragment = true};

    ck_assert(amtg_addr_parse(sources[six], &peer.local) && amtg_addr_parse(groups[six], &peer.remote));
    for (uint8_t i = 0; i < 10; i++) {
        uint8_t payload[4] = {i, 2, 3, (uint8_t)~i};
        uint32_t heads = amtg_udp_build(&peer, &options, payload, sizeof payload, octets);
        memcpy(octets + heads, payload, sizeof payload);
        packets[i] = rig_packet(rig, AMTG_IP, octets, heads + sizeof payload);
        ck_assert_int_eq(amtg_ip_check(packets[i], NULL), AMTG_IP_SOUND);
    }
    rig_push_batch(rig, "in", packets, 10);
}

static void expect_ten(int fd)
{
    for (uint8_t i = 0; i < 10; i++) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        uint8_t came[16], sent[4] = {i, 2, 3, (uint8_t)~i};
        ck_assert_msg(poll(&wait, 1, 2000) == 1, "datagram %u did not come", i);
        ck_assert_int_eq(test_receive(fd, came, sizeof came, NULL, NULL), 4);
        ck_assert_mem_eq(came, sent, 4);
    }
}

/* A kernel that says it takes trains and does not: the system call as seen by the element. */
static bool refuse_trains;

ssize_t writev(int fd, const struct iovec *iov, int count)
{
    if (refuse_trains && count > 2) {
        errno = EINVAL;
        return -1;
    }
    return syscall(SYS_writev, fd, iov, count);
}

/* A kernel that says at once what it cannot do. */
static enum { CAN_ALL, NO_UDP_OFFLOAD, NO_HEADERS } kernel;
static unsigned refused;

int ioctl(int fd, unsigned long request, ...)
{
    va_list list;

    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    bool offload = request == TUNSETOFFLOAD && ((unsigned long)argument & ~(unsigned long)TUN_F_CSUM);
    bool headers = request == TUNSETIFF && ((struct ifreq *)argument)->ifr_flags & IFF_VNET_HDR;
    if ((kernel == NO_UDP_OFFLOAD && offload) || (kernel == NO_HEADERS && headers)) {
        refused++;
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_ioctl, fd, request, argument);
}

static bool has_trains(void)
{
    FILE *release = fopen("/proc/sys/kernel/osrelease", "r");
    unsigned major = 0, minor = 0;

    ck_assert_int_eq(fscanf(release, "%u.%u", &major, &minor), 2);
    fclose(release);
    return major > 6 || (major == 6 && minor >= 2);
}

START_TEST(what_comes_together_is_written_at_once_and_received_one_by_one)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, T0);

    for (int six = 0; six < 2; six++) {
        int fd = join(six, NULL);
        push_ten(rig, six);
        expect_ten(fd);
        close(fd);
    }
    ck_assert_uint_eq(rig_counter(rig, "written"), 20);
    ck_assert_uint_eq(rig_counter(rig, "writes"), has_trains() ? 2 : 20);
    end(rig);
}
END_TEST

START_TEST(trains_that_the_kernel_refuses_are_written_one_by_one)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, T0);
    int fd = join(0, NULL);

    refuse_trains = true;
    push_ten(rig, 0);
    expect_ten(fd);
    push_ten(rig, 0);
    expect_ten(fd);
    ck_assert_uint_eq(rig_counter(rig, "written"), 20);
    ck_assert_uint_eq(rig_counter(rig, "writes"), 20);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    refuse_trains = false;
    close(fd);
    end(rig);
}
END_TEST

/* Linux before 6.2, and a sandbox without the headers: seen when the interface is opened. */
START_TEST(a_kernel_without_trains_gets_plain_writes)
{
    static const int kernels[] = {NO_UDP_OFFLOAD, NO_HEADERS};

    netns_enter();
    for (unsigned i = 0; i < 2; i++) {
        char *said;
        size_t length;
        FILE *log = open_memstream(&said, &length);

        kernel = kernels[i];
        refused = 0;
        rig_log_to(log);
        struct rig *rig = rig_new_real(_i, T0);
        ck_assert_uint_eq(refused, 1);
        int fd = join(0, NULL);
        await_report(rig, 0); /* read without a header, too */
        push_ten(rig, 0);
        expect_ten(fd);
        push_ten(rig, 0);
        expect_ten(fd);
        ck_assert_uint_eq(rig_counter(rig, "written"), 20);
        ck_assert_uint_eq(rig_counter(rig, "writes"), 20);
        ck_assert_uint_eq(rig_drops_all(rig), 0);
        close(fd);
        end(rig);
        kernel = CAN_ALL;
        fclose(log);
        rig_log_to(NULL);
        ck_assert_ptr_nonnull(strstr(said, "no-trains"));
        ck_assert_ptr_null(strstr(strstr(said, "no-trains") + 1, "no-trains")); /* once */
        free(said);
    }
}
END_TEST

START_TEST(without_trains_each_is_written_alone)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, "it: {class: tun, interface: t0, trains: 1}");
    int fd = join(0, NULL);

    push_ten(rig, 0);
    expect_ten(fd);
    ck_assert_uint_eq(rig_counter(rig, "writes"), 10);
    close(fd);
    end(rig);
}
END_TEST

START_TEST(a_source_without_a_route_is_counted_once_a_minute)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, T0);
    int fd = join(0, NULL);

    for (int i = 0; i < 3; i++)
        push_from(rig, "192.0.2.77", groups[0]);
    ck_assert_uint_eq(rig_counter(rig, "no-way-back"), 1);
    netns_run("ip route add default via 10.0.0.2");
    push_from(rig, "192.0.2.78", groups[0]);
    ck_assert_uint_eq(rig_counter(rig, "no-way-back"), 1);
    close(fd);
    end(rig);
}
END_TEST

START_TEST(no_stream_of_sources_makes_it_look_for_routes_all_the_time)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, T0);

    for (int i = 0; i < 200; i++) {
        char source[32];
        snprintf(source, sizeof source, "192.0.%d.%d", i, 255 - i);
        push_from(rig, source, groups[0]);
    }
    ck_assert_uint_ge(rig_counter(rig, "no-way-back"), 1);
    ck_assert_uint_le(rig_counter(rig, "no-way-back"), 20);
    end(rig);
}
END_TEST

static void say(int six, const char *to)
{
    int fd = test_udp(six ? "::" : "0.0.0.0", 0);
    struct ip_mreqn mreq = {.imr_ifindex = (int)if_nametoindex("t0")};

    if (six)
        ck_assert(!setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &mreq.imr_ifindex, sizeof(int)));
    else
        ck_assert(!setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &mreq, sizeof mreq));
    test_send(fd, to, 5353, "hello", 5);
    close(fd);
}

START_TEST(chatter_of_the_link_is_dropped_and_the_rest_comes_out)
{
    netns_enter();
    netns_run("echo 0 >/proc/sys/net/ipv6/conf/default/router_solicitations");
    struct rig *rig = rig_new_real(_i, T0);
    static const char *const chatter[] = {"224.0.0.251", "224.0.0.252", "ff02::fb", "ff02::1:3"};

    for (int i = 0; i < 50; i++)
        rig_step(rig, AMTG_MS);
    rig_ignore(rig, "out");
    uint64_t before = rig_drops(rig, "chatter");
    for (unsigned i = 0; i < 4; i++)
        say(i / 2, chatter[i]);
    for (int i = 0; i < 50 && rig_drops(rig, "chatter") < before + 4; i++)
        rig_step(rig, 10 * AMTG_MS);
    ck_assert_uint_eq(rig_drops(rig, "chatter"), before + 4);
    rig_ignore(rig, "out"); /* MLD reports of the kernel's own groups */
    say(0, groups[0]);
    test_await(rig, "out", 1);
    end(rig);
}
END_TEST

START_TEST(down_is_a_drop_and_up_again_all_is_as_before)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, T0);
    int fds[2];

    for (int six = 0; six < 2; six++) {
        fds[six] = join(six, NULL);
        await_report(rig, six);
    }
    netns_run("ip link set t0 down");
    push_from(rig, sources[0], groups[0]);
    ck_assert_uint_eq(rig_drops(rig, "down"), 1);
    await_up(rig, 0);
    rig_ignore(rig, "out");
    netns_run("ip link set t0 up");
    await_up(rig, 1);
    expect_setup("t0");
    ck_assert_uint_eq(rig_counter(rig, "times-down"), 1);
    await_reports(rig, (bool[2]){true, true}); /* the kernel says by itself what it wants */
    for (int six = 0; six < 2; six++) {
        push_from(rig, sources[six], groups[six]);
        ck_assert(heard(fds[six], 2000));
        close(fds[six]);
    }
    end(rig);
}
END_TEST

START_TEST(down_and_up_at_once_is_noticed)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, T0);

    netns_run("ip link set t0 down && ip link set t0 up");
    netns_run("! ip route show 232.0.0.0/8 | grep -q 'dev t0'");
    for (int i = 0; i < 20; i++)
        rig_step(rig, 10 * AMTG_MS);
    expect_setup("t0");
    end(rig);
}
END_TEST

START_TEST(removed_it_is_made_again)
{
    netns_enter();
    struct rig *rig = rig_new_real(_i, T0);

    netns_run("ip link del t0");
    push_from(rig, sources[0], groups[0]);
    ck_assert_uint_eq(rig_drops(rig, "gone"), 1);
    await_up(rig, 0);
    push_from(rig, sources[0], groups[0]);
    ck_assert_uint_eq(rig_drops(rig, "gone"), 2);
    await_up(rig, 1);
    ck_assert_uint_eq(rig_counter(rig, "times-gone"), 1);
    expect_setup("t0");
    int fd = join(0, NULL);
    await_report(rig, 0);
    push_from(rig, sources[0], groups[0]);
    ck_assert(heard(fd, 2000));
    close(fd);
    end(rig);
}
END_TEST

START_TEST(what_was_there_before_stays_as_it_was)
{
    netns_enter();
    netns_run("ip tuntap add t0 mode tun && ip addr add 10.9.9.1/24 dev t0 && ip link set t0 up");
    netns_run("ip route add 232.0.0.0/8 dev t0");
    struct rig *rig = rig_new_real(_i, T0);

    expect_setup("t0");
    end(rig);
    netns_run("ip route show 232.0.0.0/8 | grep -q 'dev t0'"); /* not ours to take away */
    netns_run("! ip -6 route show table local | grep -q 'ff3e::/32 dev t0'");
    netns_run("ip addr show dev t0 | grep -q 'inet 10.9.9.1/24'");
    netns_run("! ip addr show dev t0 | grep -q 'inet 169.254.232.1/32'");
}
END_TEST

START_TEST(without_setup_it_is_only_opened)
{
    netns_enter();
    netns_run("ip tuntap add t0 mode tun");
    struct rig *rig = rig_new_real(_i, "it: {class: tun, interface: t0, setup: no}");

    ck_assert_uint_eq(rig_counter(rig, "up"), 0);
    netns_run("ip addr add 10.9.9.1/24 dev t0 && ip link set t0 up");
    await_up(rig, 1);
    netns_run("! ip route show 232.0.0.0/8 | grep -q 'dev t0'");
    end(rig);
}
END_TEST

START_TEST(without_ipv6_it_does_what_is_left)
{
    netns_enter();
    netns_run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6");
    struct rig *rig = rig_new_real(_i, T0);
    int fd = join(0, NULL);

    await_report(rig, 0);
    close(fd);
    end(rig);
}
END_TEST

/* ---- what cannot be ------------------------------------------------------ */

static struct amtg_graph *parse(const char *params)
{
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    struct amtg_diag *diag = amtg_diag_new();
    char text[256];

    int len = snprintf(text, sizeof text, "amtgraph: 1\nelements:\n  it: {class: tun, %s}\n",
                       params);
    struct amtg_graph *graph = amtg_graph_parse("tun", text, (size_t)len, &options, diag);
    amtg_diag_free(diag);
    return graph;
}

static void expect_no_start(const char *params, enum amtg_err err, const char *words)
{
    static const struct amtg_runtime_options options = {.clock = AMTG_CLOCK_REAL};
    struct amtg_graph *graph = parse(params);
    enum amtg_err made;
    char why[512];

    ck_assert_ptr_nonnull(graph);
    struct amtg_runtime *rt = amtg_runtime_new(graph, &options, &made, why, sizeof why);
    ck_assert_msg(rt != NULL, "%s", why);
    ck_assert_int_eq(amtg_runtime_start(rt, why, sizeof why), err);
    ck_assert_msg(strstr(why, words) != NULL, "said: %s", why);
    amtg_runtime_free(rt);
    amtg_graph_free(graph);
}

START_TEST(a_missing_privilege_is_said_in_words)
{
    netns_enter();
    ck_assert(setresuid(65534, 65534, 65534) == 0);
    expect_no_start("interface: t0", AMTG_EPRIVILEGE, "interface t0: needs CAP_NET_ADMIN");
}
END_TEST

START_TEST(an_interface_of_another_kind_or_in_use_is_refused)
{
    netns_enter();
    expect_no_start("interface: v0", AMTG_ESYSTEM, "it is no tun");
    struct rig *rig = rig_new_real(_i, T0);
    expect_no_start("interface: t0", AMTG_ESYSTEM, "another program has it open");
    end(rig);
}
END_TEST

START_TEST(a_route_that_the_kernel_refuses_is_named)
{
    netns_enter();
    expect_no_start("interface: t0, routes: 232.1.1.1/8", AMTG_ESYSTEM, "route 232.1.1.1/8: ");
    netns_run("! ip link show t0 2>/dev/null");
}
END_TEST

START_TEST(wrong_parameters_are_problems_of_the_graph)
{
    static const char *const wrong[] = {
        "interface: auto", "routes: 232.0.0.0/33", "routes: x", "addresses: 10.0.0.1/",
        "addresses: \"fd00::1/129\"", "routes: 232.0.0.0/8x", "mtu: 1279",
    };

    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(parse(wrong[i]) == NULL, "%s was taken", wrong[i]);
    struct amtg_graph *graph = parse("routes: none");
    ck_assert_ptr_null(graph); /* an empty list says it */
    graph = parse("routes: [], addresses: [10.0.0.1, \"fd00::1/64\"]");
    ck_assert_ptr_nonnull(graph);
    amtg_graph_free(graph);
}
END_TEST

AMTG_NETNS_SUITE("tun", the_interface_is_made_and_set_up_and_goes_with_the_run,
                 joins_by_route_or_by_name_are_reported,
                 members_receive_what_is_pushed_in_under_a_strict_filter_elsewhere,
                 what_comes_together_is_written_at_once_and_received_one_by_one,
                 trains_that_the_kernel_refuses_are_written_one_by_one,
                 a_kernel_without_trains_gets_plain_writes,
                 without_trains_each_is_written_alone,
                 a_source_without_a_route_is_counted_once_a_minute,
                 no_stream_of_sources_makes_it_look_for_routes_all_the_time,
                 chatter_of_the_link_is_dropped_and_the_rest_comes_out,
                 down_is_a_drop_and_up_again_all_is_as_before, down_and_up_at_once_is_noticed,
                 removed_it_is_made_again, what_was_there_before_stays_as_it_was,
                 without_setup_it_is_only_opened, without_ipv6_it_does_what_is_left,
                 a_missing_privilege_is_said_in_words,
                 an_interface_of_another_kind_or_in_use_is_refused,
                 a_route_that_the_kernel_refuses_is_named,
                 wrong_parameters_are_problems_of_the_graph)
