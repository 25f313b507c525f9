/*
 * upstream-join in a namespace of its own: what /proc/net says is joined, under the
 * kernel's own limits. On the virtual clock, so that three minutes take no time.
 * Covers: R-45 (what all endpoints want, joined upstream).
 */
#include "tests/support/netns.h"

#include <net/if.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "elements/wire/types.h"

static struct amtg_addr addr_of(const char *text)
{
    struct amtg_addr a;
    ck_assert_msg(amtg_addr_parse(text, &a), "%s", text);
    return a;
}

/* Source number i of the group's family. */
static struct amtg_addr source(const struct amtg_addr *group, unsigned i)
{
    struct amtg_addr a = addr_of(amtg_addr_is4(group) ? "198.18.0.0" : "2001:db8::");
    a.octets[14] = (uint8_t)(i >> 8);
    a.octets[15] = (uint8_t)i;
    return a;
}

/* Want the sources [first, first + count) of a group, or all but them. */
static void want(struct rig *rig, const struct amtg_addr *group, bool exclude, unsigned first,
                 unsigned count)
{
    size_t len = sizeof(struct amtg_join) + count * sizeof(struct amtg_addr);
    struct amtg_join *join = calloc(1, len);

    join->group = *group;
    join->exclude = exclude;
    join->count = (uint16_t)count;
    for (unsigned i = 0; i < count; i++) /* in no order, as records may come */
        join->sources[(i * 7919) % count] = source(group, first + i);
    rig_push(rig, "in", rig_packet(rig, AMTG_JOIN, join, len));
    free(join);
}

/* ---- what the kernel has ------------------------------------------------ */

/* An address as /proc/net writes it. */
static void in_hex(const struct amtg_addr *a, char out[40])
{
    if (amtg_addr_is4(a)) {
        const uint8_t *o = amtg_addr_octets4(a);
        sprintf(out, "0x%02x%02x%02x%02x", o[0], o[1], o[2], o[3]);
        return;
    }
    for (unsigned i = 0; i < 16; i++)
        sprintf(out + 2 * i, "%02x", a->octets[i]);
}

/* How many sources does the kernel have on v0 of this group, included and excluded? */
static void filter_of(const struct amtg_addr *group, unsigned *included, unsigned *excluded)
{
    char line[256], wanted[40], device[32], got[64], from[64];
    FILE *file = fopen(amtg_addr_is4(group) ? "/proc/net/mcfilter" : "/proc/net/mcfilter6", "r");
    unsigned long in, ex;

    ck_assert_ptr_nonnull(file);
    in_hex(group, wanted);
    *included = *excluded = 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%*d %31s %63s %63s %lu %lu", device, got, from, &in, &ex) == 5 &&
            strcmp(device, "v0") == 0 && strcmp(got, wanted) == 0) {
            *included += in > 0;
            *excluded += ex > 0;
        }
    fclose(file);
}

static bool source_included(const struct amtg_addr *group, unsigned i)
{
    char line[256], wanted[40], from[40], got[64], got_from[64];
    const struct amtg_addr s = source(group, i);
    FILE *file = fopen(amtg_addr_is4(group) ? "/proc/net/mcfilter" : "/proc/net/mcfilter6", "r");
    unsigned long in, ex;
    bool found = false;

    in_hex(group, wanted);
    in_hex(&s, from);
    while (fgets(line, sizeof line, file))
        found = found || (sscanf(line, "%*d %*s %63s %63s %lu %lu", got, got_from, &in, &ex) == 4 &&
                          !strcmp(got, wanted) && !strcmp(got_from, from) && in > 0);
    fclose(file);
    return found;
}

/* Is the group joined on v0 at all? (/proc/net/igmp lists groups below the device's line.) */
static bool joined(const struct amtg_addr *group)
{
    bool is4 = amtg_addr_is4(group), found = false, ours = false;
    char line[256], wanted[40], device[32], got[64];
    FILE *file = fopen(is4 ? "/proc/net/igmp" : "/proc/net/igmp6", "r");

    if (is4) { /* written as the number is in memory */
        uint32_t number;
        memcpy(&number, amtg_addr_octets4(group), 4);
        sprintf(wanted, "%08X", number);
    } else {
        in_hex(group, wanted);
    }
    while (fgets(line, sizeof line, file)) {
        if (!is4) {
            found = found || (sscanf(line, "%*d %31s %63s", device, got) == 2 &&
                              !strcmp(device, "v0") && !strcmp(got, wanted));
        } else if (line[0] != '\t') {
            ours = sscanf(line, "%*d %31s", device) == 1 && strcmp(device, "v0") == 0;
        } else {
            found = found || (ours && sscanf(line, "%63s", got) == 1 && !strcmp(got, wanted));
        }
    }
    fclose(file);
    return found;
}

static void expect_filter(const char *group, unsigned included, unsigned excluded)
{
    const struct amtg_addr a = addr_of(group);
    unsigned in, ex;
    filter_of(&a, &in, &ex);
    ck_assert_msg(in == included && ex == excluded,
                  "%s: %u included, %u excluded, not %u and %u", group, in, ex, included, excluded);
}

static struct rig *rig_here(int shared, const char *params)
{
    char text[128];
    netns_enter();
    snprintf(text, sizeof text, "it: {class: upstream-join, interface: v0%s}", params);
    return rig_new(shared, text);
}

static const char *const groups[] = {"232.1.1.1", "ff3e::8000:1"};

/* ---- tests -------------------------------------------------------------- */

START_TEST(more_sources_than_a_socket_takes_are_joined)
{
    struct rig *rig = rig_here(_i, "");
    for (unsigned f = 0; f < 2; f++) {
        const struct amtg_addr g = addr_of(groups[f]);
        static const unsigned counts[] = {1, 10, 11, 200, 1000};
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            want(rig, &g, false, 0, counts[i]);
            expect_filter(groups[f], counts[i], 0);
            ck_assert_uint_eq(rig_counter(rig, "sources"), counts[i]);
            ck_assert_uint_eq(rig_counter(rig, "sockets"), (counts[i] + 9) / 10);
        }
        want(rig, &g, false, 0, 0);
        expect_filter(groups[f], 0, 0);
        ck_assert(!joined(&g));
        ck_assert_uint_eq(rig_counter(rig, "groups"), 0);
        ck_assert_uint_eq(rig_counter(rig, "sockets"), 0);
    }
    rig_free(rig);
}
END_TEST

START_TEST(more_groups_than_a_socket_takes_are_joined)
{
    struct rig *rig = rig_here(_i, "");
    for (unsigned f = 0; f < 2; f++)
        for (unsigned i = 0; i < 400; i++) {
            struct amtg_addr g = addr_of(groups[f]);
            g.octets[14] = (uint8_t)(1 + i / 200);
            g.octets[15] = (uint8_t)(i % 200);
            want(rig, &g, i % 2, 0, i % 2 ? 0 : 1);
            ck_assert(joined(&g));
        }
    ck_assert_uint_eq(rig_counter(rig, "groups"), 800);
    ck_assert_uint_eq(rig_counter(rig, "sockets"), 40);
    ck_assert_uint_eq(rig_counter(rig, "no-room"), 0);
    rig_free(rig);
    const struct amtg_addr first = addr_of("232.1.1.0");
    ck_assert(!joined(&first)); /* left at the end */
}
END_TEST

START_TEST(sources_come_and_go_one_by_one)
{
    struct rig *rig = rig_here(_i, "");
    for (unsigned f = 0; f < 2; f++) {
        const struct amtg_addr g = addr_of(groups[f]);
        /* a window of sources that moves, grows and shrinks */
        static const unsigned windows[][2] = {{0, 25}, {5, 25}, {24, 3}, {0, 60}, {55, 60}, {300, 9}};
        for (size_t w = 0; w < sizeof windows / sizeof windows[0]; w++) {
            want(rig, &g, false, windows[w][0], windows[w][1]);
            expect_filter(groups[f], windows[w][1], 0);
            for (unsigned i = 0; i < windows[w][1]; i++)
                ck_assert(source_included(&g, windows[w][0] + i));
        }
        uint64_t changes = rig_counter(rig, "changes");
        want(rig, &g, false, 300, 9);
        ck_assert_uint_eq(rig_counter(rig, "changes"), changes);
        want(rig, &g, false, 0, 0);
        ck_assert_uint_eq(rig_counter(rig, "sockets"), 0);
    }
    rig_free(rig);
}
END_TEST

START_TEST(the_filter_mode_changes_both_ways)
{
    struct rig *rig = rig_here(_i, "");
    for (unsigned f = 0; f < 2; f++) {
        const struct amtg_addr g = addr_of(groups[f]);
        want(rig, &g, false, 0, 30);
        expect_filter(groups[f], 30, 0);
        want(rig, &g, true, 0, 0); /* all sources */
        expect_filter(groups[f], 0, 0);
        ck_assert(joined(&g));
        want(rig, &g, true, 0, 4); /* all but four */
        expect_filter(groups[f], 0, 4);
        want(rig, &g, true, 2, 5);
        expect_filter(groups[f], 0, 5);
        want(rig, &g, true, 0, 50); /* as many as fit */
        expect_filter(groups[f], 0, 10);
        ck_assert_uint_eq(rig_counter(rig, "sockets"), 1);
        want(rig, &g, false, 0, 12);
        expect_filter(groups[f], 12, 0);
        want(rig, &g, false, 0, 0);
        ck_assert(!joined(&g));
        ck_assert_uint_eq(rig_counter(rig, "sockets"), 0);
    }
    rig_free(rig);
}
END_TEST

START_TEST(a_group_that_is_not_said_again_is_forgotten)
{
    struct rig *rig = rig_here(_i, ", hold: 3m");
    const struct amtg_addr a = addr_of("232.1.1.1"), b = addr_of("239.1.1.1");

    want(rig, &a, false, 0, 3);
    rig_step(rig, 60 * AMTG_S);
    want(rig, &b, true, 0, 0);
    rig_step(rig, 119 * AMTG_S);
    ck_assert(joined(&a) && joined(&b));
    rig_step(rig, 2 * AMTG_S);
    ck_assert(!joined(&a) && joined(&b));
    ck_assert_uint_eq(rig_counter(rig, "forgotten"), 1);
    want(rig, &b, true, 0, 0);
    rig_step(rig, 179 * AMTG_S);
    ck_assert(joined(&b));
    rig_step(rig, 2 * AMTG_S);
    ck_assert(!joined(&b));
    ck_assert_uint_eq(rig_counter(rig, "groups"), 0);
    rig_free(rig);
}
END_TEST

/* Rather too much than too little: all sources come in until the wanted ones are joined. */
START_TEST(a_group_is_not_let_go_before_its_sources_are_joined)
{
    struct rig *rig = rig_here(_i, ", sockets: 2");
    const struct amtg_addr g = addr_of("239.1.1.1");

    want(rig, &g, true, 0, 0);
    want(rig, &g, false, 0, 15); /* would need two more */
    ck_assert_uint_eq(rig_counter(rig, "no-descriptor"), 1);
    expect_filter("239.1.1.1", 10, 0);
    ck_assert_uint_eq(rig_counter(rig, "sockets"), 2); /* the one for all sources too */
    want(rig, &g, false, 0, 10);
    rig_step(rig, 1100 * AMTG_MS);
    expect_filter("239.1.1.1", 10, 0);
    ck_assert_uint_eq(rig_counter(rig, "sockets"), 1);
    rig_free(rig);
}
END_TEST

/* A host whose limits were lowered: more sockets are taken. */
START_TEST(lower_limits_of_the_host_are_met)
{
    netns_enter();
    netns_run("echo 5 >/proc/sys/net/ipv4/igmp_max_memberships && "
              "echo 3 >/proc/sys/net/ipv4/igmp_max_msf");
    struct rig *rig = rig_new(_i, "it: {class: upstream-join, interface: v0}");
    const struct amtg_addr g = addr_of("232.1.1.1");

    want(rig, &g, false, 0, 40);
    expect_filter("232.1.1.1", 40, 0);
    ck_assert_uint_eq(rig_counter(rig, "sockets"), 14);
    for (unsigned i = 0; i < 100; i++) {
        struct amtg_addr other = addr_of("239.1.1.1");
        other.octets[15] = (uint8_t)i;
        want(rig, &other, true, 0, 0);
        ck_assert(joined(&other));
    }
    /* Where one leaves there is room for one: no socket more, however often. */
    uint64_t sockets = rig_counter(rig, "sockets");
    for (unsigned i = 0; i < 20; i++) {
        struct amtg_addr leaver = addr_of("239.1.1.1"), comer = addr_of("239.2.2.2");
        leaver.octets[15] = (uint8_t)(5 * i); /* from sockets that stay */
        comer.octets[15] = (uint8_t)i;
        want(rig, &leaver, false, 0, 0);
        want(rig, &comer, true, 0, 0);
        ck_assert(joined(&comer));
    }
    ck_assert_uint_eq(rig_counter(rig, "sockets"), sockets);
    rig_free(rig);
}
END_TEST

START_TEST(what_does_not_fit_is_tried_again)
{
    struct rig *rig = rig_here(_i, ", sockets: 2");
    const struct amtg_addr a = addr_of("232.1.1.1"), b = addr_of("232.1.1.2");

    want(rig, &a, false, 0, 30); /* would need three */
    expect_filter("232.1.1.1", 20, 0);
    ck_assert_uint_eq(rig_counter(rig, "no-descriptor"), 1);
    want(rig, &b, false, 0, 5); /* fits beside it */
    expect_filter("232.1.1.2", 5, 0);
    rig_step(rig, 1100 * AMTG_MS);
    ck_assert_uint_eq(rig_counter(rig, "no-descriptor"), 2);
    expect_filter("232.1.1.1", 20, 0);
    want(rig, &a, false, 15, 20); /* applied when it is tried again; nothing wanted is left */
    rig_step(rig, 2200 * AMTG_MS);
    expect_filter("232.1.1.1", 20, 0);
    for (unsigned i = 15; i < 35; i++)
        ck_assert(source_included(&a, i));
    uint64_t errors = rig_counter(rig, "no-descriptor");
    rig_step(rig, 5 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "no-descriptor"), errors);
    rig_free(rig);
}
END_TEST

/* From here on no descriptor is left. Returns the limits before. */
static struct rlimit no_descriptors(void)
{
    struct rlimit before, none;
    int next = dup(STDERR_FILENO);

    close(next);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){(rlim_t)next, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    return before;
}

START_TEST(many_failures_are_tried_again_a_few_at_a_time_until_one_succeeds)
{
    struct rig *rig = rig_here(_i, "");
    struct amtg_addr group = addr_of("239.1.1.0");
    struct rlimit before = no_descriptors();

    for (unsigned i = 0; i < 200; i++) {
        group.octets[15] = (uint8_t)i;
        want(rig, &group, true, 0, 0);
    }
    ck_assert_uint_eq(rig_counter(rig, "no-descriptor"), 200);
    rig_step(rig, 1100 * AMTG_MS);
    ck_assert_uint_eq(rig_counter(rig, "no-descriptor"), 208);
    for (unsigned i = 0; i < 100; i++) { /* in the midst of what has failed */
        group.octets[15] = (uint8_t)(2 * i);
        want(rig, &group, false, 0, 0);
    }
    rig_step(rig, AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "no-descriptor"), 216);
    setrlimit(RLIMIT_NOFILE, &before);
    rig_step(rig, AMTG_S + 10 * AMTG_MS);
    for (unsigned i = 0; i < 200; i++) {
        group.octets[15] = (uint8_t)i;
        ck_assert_int_eq(joined(&group), i % 2);
    }
    rig_step(rig, 5 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "no-descriptor"), 216);
    rig_free(rig);
}
END_TEST

START_TEST(limits_and_malformed_records_are_dropped_by_name)
{
    struct rig *rig = rig_here(_i, ", groups: 2, sources: 15");
    const struct amtg_addr a = addr_of("232.1.1.1"), b = addr_of("232.1.1.2"),
                           c = addr_of("232.1.1.3"), host = addr_of("192.0.2.1");
    struct {
        struct amtg_join join;
        struct amtg_addr source;
    } mixed = {.join = {.group = a, .count = 1}, .source = addr_of("2001:db8::1")};

    want(rig, &a, false, 0, 10);
    want(rig, &b, false, 0, 6); /* 16 */
    ck_assert_uint_eq(rig_drops(rig, "limit"), 1);
    want(rig, &b, false, 0, 5);
    want(rig, &c, true, 0, 0); /* a third group */
    ck_assert_uint_eq(rig_drops(rig, "limit"), 2);
    want(rig, &a, false, 0, 8);
    want(rig, &b, false, 0, 7);
    ck_assert_uint_eq(rig_counter(rig, "sources"), 15);
    ck_assert_uint_eq(rig_drops(rig, "limit"), 2);

    want(rig, &host, true, 0, 0);
    rig_push(rig, "in", rig_packet(rig, AMTG_JOIN, &mixed, sizeof mixed));
    for (size_t len = 0; len < sizeof mixed; len++)
        rig_push(rig, "in", rig_packet(rig, AMTG_JOIN, &mixed, len));
    ck_assert_uint_eq(rig_drops(rig, "malformed"), 2 + sizeof mixed);
    expect_filter("232.1.1.1", 8, 0);
    rig_free(rig);
}
END_TEST

/* Else whoever fills the limit up could have the groups of others left. */
START_TEST(a_group_that_cannot_grow_keeps_what_it_has)
{
    struct rig *rig = rig_here(_i, ", sources: 5, hold: 10s");
    const struct amtg_addr g = addr_of("232.1.1.1");

    want(rig, &g, false, 0, 5);
    for (unsigned i = 0; i < 5; i++) {
        rig_step(rig, 4 * AMTG_S);
        want(rig, &g, false, 0, 6);
    }
    ck_assert_uint_eq(rig_drops(rig, "limit"), 5);
    ck_assert_uint_eq(rig_counter(rig, "forgotten"), 0);
    expect_filter("232.1.1.1", 5, 0);
    rig_step(rig, 11 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "forgotten"), 1);
    expect_filter("232.1.1.1", 0, 0);
    rig_free(rig);
}
END_TEST

START_TEST(an_interface_that_is_gone_is_named)
{
    struct rig *rig = rig_here(_i, "");
    const struct amtg_addr g = addr_of("232.1.1.1");

    netns_run("ip link del v0");
    want(rig, &g, false, 0, 3);
    ck_assert_uint_eq(rig_counter(rig, "no-interface"), 1);
    ck_assert_uint_eq(rig_counter(rig, "sockets"), 0);
    rig_free(rig);
}
END_TEST

AMTG_NETNS_SUITE("upstream-join", more_sources_than_a_socket_takes_are_joined,
                 more_groups_than_a_socket_takes_are_joined, sources_come_and_go_one_by_one,
                 the_filter_mode_changes_both_ways, a_group_that_is_not_said_again_is_forgotten,
                 a_group_is_not_let_go_before_its_sources_are_joined,
                 lower_limits_of_the_host_are_met, what_does_not_fit_is_tried_again,
                 many_failures_are_tried_again_a_few_at_a_time_until_one_succeeds,
                 limits_and_malformed_records_are_dropped_by_name,
                 a_group_that_cannot_grow_keeps_what_it_has,
                 an_interface_that_is_gone_is_named)
