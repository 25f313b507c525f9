/*
 * Memberships of endpoints: from reports to who gets which data and what is joined
 * upstream, with all that ends a membership, and all limits.
 * Covers,
 *         S-6, S-7, E-4, E-6, E-17
 */
#include "tests/support/rig.h"

#include <stdio.h>
#include <string.h>

#include "elements/group/members.h"
#include "elements/group/report.h"
#include "elements/registry.h"
#include "elements/wire/types.h"

#define RELAY "198.51.100.1"
#define GATEWAY "203.0.113.7"
#define G "239.1.2.3"
#define SSM "232.1.2.3"
#define S1 "192.0.2.1"
#define S2 "192.0.2.2"
#define S3 "192.0.2.3"

enum { DELETED_AFTER_S = 2 * 125 + 10 }; /* group membership interval of the defaults */

/* ---- reports ------------------------------------------------------------- */

struct report {
    uint8_t octets[60000];
    size_t len;
    bool ip4;
};

static struct report *new_report(bool ip4)
{
    static struct report r;
    memset(r.octets, 0, 8);
    r.octets[0] = ip4 ? 0x22 : 143;
    r.len = 8;
    r.ip4 = ip4;
    return &r;
}

static void put(struct report *r, const struct amtg_addr *a)
{
    size_t n = r->ip4 ? 4 : 16;
    memcpy(r->octets + r->len, a->octets + 16 - n, n);
    r->len += n;
}

static void put_head(struct report *r, int type, const struct amtg_addr *group, unsigned count)
{
    uint8_t *o = r->octets + r->len;
    o[0] = (uint8_t)type;
    o[1] = 0;
    amtg_put_u16(o + 2, (uint16_t)count);
    r->len += 4;
    put(r, group);
    amtg_put_u16(r->octets + 6, (uint16_t)(amtg_get_u16(r->octets + 6) + 1));
}

/* sources: addresses with a blank after each but the last. */
static void add(struct report *r, int type, const char *group, const char *sources)
{
    struct amtg_addr a, list[64];
    unsigned count = 0;
    char text[AMTG_ADDR_TEXT];
    int used;

    for (; sscanf(sources, " %45s%n", text, &used) == 1; sources += used)
        ck_assert(amtg_addr_parse(text, &list[count++]));
    ck_assert(amtg_addr_parse(group, &a));
    put_head(r, type, &a, count);
    for (unsigned i = 0; i < count; i++)
        put(r, &list[i]);
}

static struct amtg_addr numbered(const char *base, unsigned n)
{
    struct amtg_addr a;
    ck_assert(amtg_addr_parse(base, &a));
    amtg_put_u32(a.octets + 12, amtg_get_u32(a.octets + 12) + n);
    return a;
}

/* A record with `count` sources from `base` on. */
static void add_many(struct report *r, int type, const struct amtg_addr *group, const char *base,
                     unsigned count)
{
    put_head(r, type, group, count);
    for (unsigned i = 0; i < count; i++) {
        struct amtg_addr a = numbered(base, i);
        put(r, &a);
    }
}

static void send_from(struct rig *rig, const struct report *r, const char *remote, unsigned port)
{
    struct amtg_packet *p = rig_packet(rig, AMTG_REPORT, r->octets, r->len);
    rig_from(p, remote, (uint16_t)port, strchr(remote, ':') ? "2001:db8:1::1" : RELAY, 2268);
    rig_push(rig, "reports", p);
}

static void say(struct rig *rig, unsigned port, int type, const char *group, const char *sources)
{
    struct report *r = new_report(strchr(group, ':') == NULL);
    add(r, type, group, sources);
    send_from(rig, r, GATEWAY, port);
}

/* IGMPv1, IGMPv2 (8 octets), MLDv1 (24). */
static void say_older(struct rig *rig, unsigned port, int type, const char *group)
{
    struct report *r = new_report(strchr(group, ':') == NULL);
    struct amtg_addr a;
    r->octets[0] = (uint8_t)type;
    r->len = r->ip4 ? 4 : 8;
    ck_assert(amtg_addr_parse(group, &a));
    put(r, &a);
    send_from(rig, r, GATEWAY, port);
}

/* ---- what comes of it ---------------------------------------------------- */

static const struct amtg_members_ops *ops(struct rig *rig)
{
    return amtg_ops(rig_element(rig, "it"), &amtg_members);
}

static struct amtg_set *lookup(struct rig *rig, const char *source, const char *group)
{
    struct amtg_addr s, g;
    ck_assert(amtg_addr_parse(source, &s) && amtg_addr_parse(group, &g));
    return ops(rig)->lookup(rig_element(rig, "it"), &s, &g);
}

static int compare_ports(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* The ports of those who get source -> group, in order: "1 2". */
static const char *who(struct rig *rig, const char *source, const char *group)
{
    static char text[256];
    uint16_t ports[32];
    unsigned n = 0, used = 0;

    text[0] = '\0';
    for (struct amtg_set *set = lookup(rig, source, group); set; set = set->next) {
        ck_assert(set->count);
        for (uint32_t i = 0; i < set->count; i++)
            ports[n++] = set->entries[i]->peer.remote_port;
    }
    qsort(ports, n, sizeof ports[0], compare_ports);
    for (unsigned i = 0; i < n; i++)
        used += (unsigned)sprintf(text + used, "%s%u", i ? " " : "", ports[i]);
    return text;
}

static const char *join_text(const struct amtg_packet *p)
{
    static char text[65536];
    const struct amtg_join *join = (const struct amtg_join *)p->data;
    char a[AMTG_ADDR_TEXT];
    int used = sprintf(text, "%s %s", amtg_addr_text(&join->group, a),
                       join->exclude ? "EXCLUDE" : "INCLUDE");

    ck_assert_uint_eq(p->len, sizeof *join + join->count * sizeof join->sources[0]);
    for (unsigned i = 0; i < join->count; i++)
        used += sprintf(text + used, " %s", amtg_addr_text(&join->sources[i], a));
    return text;
}

/* The next join record, after what the loop has to do now. */
static void expect_join(struct rig *rig, const char *text)
{
    rig_step(rig, 0);
    struct amtg_packet *p = rig_take(rig, "joins");
    ck_assert_str_eq(join_text(p), text);
    amtg_packet_free(p);
}

static void expect_no_join(struct rig *rig)
{
    rig_step(rig, 0);
    rig_expect_nothing(rig, "joins");
}

/* Stops first, since stopping says that nothing is wanted any more. */
static void finish(struct rig *rig)
{
    rig_step(rig, 0);
    rig_ignore(rig, "joins");
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "joins");
    rig_free(rig);
}

static void error(struct rig *rig, const char *remote, unsigned port, int type, int code)
{
    struct amtg_unreachable u = {.type = (uint8_t)type, .code = (uint8_t)code};
    struct amtg_packet *p = rig_packet(rig, AMTG_UNREACHABLE, &u, sizeof u);
    rig_from(p, remote, (uint16_t)port, strchr(remote, ':') ? "2001:db8:1::1" : RELAY, 2268);
    rig_push(rig, "unreachable", p);
}

static void gone(struct rig *rig, const char *remote, unsigned port)
{
    struct amtg_packet *p = rig_packet(rig, AMTG_GONE, "", 0);
    rig_from(p, remote, (uint16_t)port, "::", 0);
    rig_push(rig, "gone", p);
}

#define ENDPOINTS(rig) rig_counter(rig, "endpoints")

/* ---- joining and leaving --------------------------------------------------- */

/* */
START_TEST(a_source_specific_join_is_served_and_said)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    say(rig, 1, AMTG_ALLOW, SSM, S1);
    ck_assert_str_eq(who(rig, S1, SSM), "1");
    ck_assert_str_eq(who(rig, S2, SSM), "");
    ck_assert_str_eq(who(rig, S1, G), "");
    expect_join(rig, SSM " INCLUDE " S1);
    expect_no_join(rig);
    struct amtg_set *set = lookup(rig, S1, SSM);
    ck_assert(set);
    const struct amtg_peer *peer = &set->entries[0]->peer;
    struct amtg_addr relay;
    amtg_addr_parse(RELAY, &relay);
    ck_assert(amtg_addr_equal(&peer->local, &relay));
    ck_assert_uint_eq(peer->local_port, 2268);
    ck_assert_uint_eq(ENDPOINTS(rig), 1);
    ck_assert_uint_eq(rig_counter(rig, "memberships"), 1);
    ck_assert_uint_eq(rig_counter(rig, "groups"), 1);
    ck_assert_uint_eq(rig_counter(rig, "channels"), 1);
    finish(rig);
}
END_TEST

/* RFC 9601, section 6.1.4.2: as the gateway's last Request said. */
START_TEST(an_endpoint_heeds_ecn_as_its_last_update_says)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    for (unsigned e = 0; e < 4; e++) {
        struct report *r = new_report(true);
        add(r, AMTG_ALLOW, SSM, e == 3 ? S2 : S1);
        struct amtg_packet *p = rig_packet(rig, AMTG_REPORT, r->octets, r->len);
        rig_from(p, GATEWAY, 1, RELAY, e == 3 ? 2269 : 2268); /* at last it moves */
        p->peer.ecn = e % 2;
        rig_push(rig, "reports", p);
        ck_assert(lookup(rig, S1, SSM)->entries[0]->peer.ecn == (e % 2));
        ck_assert_uint_eq(ENDPOINTS(rig), 1);
    }
    finish(rig);
}
END_TEST

/* RFC 7450, section 5.3.4: ahead of a shutdown. */
START_TEST(while_it_drains_nobody_new_is_taken_and_the_others_go_on)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");
    struct amtg_element *it = rig_element(rig, "it");
    const struct amtg_members_ops *members = amtg_ops(it, &amtg_members);
    const struct amtg_drain_ops *ops = amtg_ops(it, &amtg_drain);

    say(rig, 1, AMTG_ALLOW, SSM, S1);
    ck_assert(!members->full(it));
    ck_assert_uint_eq(amtg_runtime_drain(rig_runtime(rig), true), 1);
    ck_assert(members->full(it));
    ck_assert_uint_eq(rig_counter(rig, "draining"), 1);
    say(rig, 2, AMTG_ALLOW, SSM, S1); /* somebody new */
    ck_assert_uint_eq(rig_drops(rig, "draining"), 1);
    say(rig, 1, AMTG_ALLOW, SSM, S2); /* and one that is there */
    ck_assert_str_eq(who(rig, S1, SSM), "1");
    ck_assert_str_eq(who(rig, S2, SSM), "1");
    ck_assert_uint_eq(ops->left(it), 1);
    say(rig, 1, AMTG_BLOCK, SSM, S1 " " S2);
    ck_assert_uint_eq(amtg_runtime_left(rig_runtime(rig)), 0);
    say(rig, 1, AMTG_ALLOW, SSM, S1); /* it has left: somebody new again */
    ck_assert_uint_eq(rig_drops(rig, "draining"), 2);

    amtg_runtime_drain(rig_runtime(rig), false);
    ck_assert(!members->full(it));
    ck_assert_uint_eq(rig_counter(rig, "draining"), 0);
    say(rig, 2, AMTG_ALLOW, SSM, S1);
    ck_assert_str_eq(who(rig, S1, SSM), "2");
    finish(rig);
}
END_TEST

/* */
START_TEST(a_prompt_leave_ends_data_endpoint_and_join_at_once)
{
    static const int leaves[] = {AMTG_BLOCK, AMTG_TO_IN};
    for (unsigned i = 0; i < 2; i++) {
        struct rig *rig = rig_new(_i, "it: {class: membership}");
    
        say(rig, 1, AMTG_ALLOW, SSM, S1);
        expect_join(rig, SSM " INCLUDE " S1);
        struct amtg_set *held = lookup(rig, S1, SSM);
        ck_assert(held);
        amtg_set_hold(held); /* as a queued packet does */
        say(rig, 1, leaves[i], SSM, leaves[i] == AMTG_BLOCK ? S1 : "");
        ck_assert(held->entries[0]->dead);
        amtg_set_free(held);
        ck_assert_str_eq(who(rig, S1, SSM), "");
        expect_join(rig, SSM " INCLUDE");
        ck_assert_uint_eq(ENDPOINTS(rig) + rig_counter(rig, "memberships") +
                              rig_counter(rig, "groups") + rig_counter(rig, "channels"), 0);
        ck_assert_uint_eq(rig_counter(rig, "left"), 1);
        finish(rig);
    }
}
END_TEST

START_TEST(a_leave_by_lmqt_takes_the_last_member_query_time)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, leave: lmqt}");

    say(rig, 1, AMTG_TO_EX, G, "");
    expect_join(rig, G " EXCLUDE");
    say(rig, 1, AMTG_TO_IN, G, "");
    rig_step(rig, 1999 * AMTG_MS);
    ck_assert_str_eq(who(rig, S1, G), "1");
    rig_expect_nothing(rig, "joins");
    rig_step(rig, AMTG_MS);
    ck_assert_str_eq(who(rig, S1, G), "");
    expect_join(rig, G " INCLUDE");
    ck_assert_uint_eq(ENDPOINTS(rig), 0);
    finish(rig);
}
END_TEST

START_TEST(asking_again_in_time_undoes_a_leave_by_lmqt)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, leave: lmqt, refresh: 1h}");

    say(rig, 1, AMTG_ALLOW, SSM, S1);
    say(rig, 1, AMTG_BLOCK, SSM, S1);
    rig_step(rig, AMTG_S);
    say(rig, 1, AMTG_IS_IN, SSM, S1);
    rig_step(rig, 100 * AMTG_S);
    ck_assert_str_eq(who(rig, S1, SSM), "1");
    finish(rig);
}
END_TEST

/* */
START_TEST(without_a_report_an_endpoint_expires)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, refresh: 1h}");

    rig_step(rig, 12345678); /* not at the start of a millisecond */
    say(rig, 1, AMTG_IS_IN, SSM, S1);
    expect_join(rig, SSM " INCLUDE " S1);
    rig_step(rig, DELETED_AFTER_S * AMTG_S - AMTG_MS);
    ck_assert_str_eq(who(rig, S1, SSM), "1");
    rig_step(rig, AMTG_MS);
    ck_assert_str_eq(who(rig, S1, SSM), "");
    ck_assert_uint_eq(ENDPOINTS(rig), 0);
    ck_assert_uint_eq(rig_counter(rig, "expired"), 1);
    rig_ignore(rig, "joins");
    finish(rig);
}
END_TEST

/* */
START_TEST(each_report_restarts_the_timers)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, refresh: 1h}");

    say(rig, 1, AMTG_IS_EX, G, "");
    say(rig, 1, AMTG_IS_IN, SSM, S1);
    for (unsigned i = 0; i < 10; i++) {
        rig_step(rig, 125 * AMTG_S);
        say(rig, 1, AMTG_IS_EX, G, "");
        ck_assert_str_eq(who(rig, S1, G), "1");
        ck_assert_str_eq(who(rig, S1, SSM), i < 2 ? "1" : ""); /* not said again: 260 s */
    }
    rig_step(rig, (DELETED_AFTER_S + 1) * AMTG_S);
    ck_assert_uint_eq(ENDPOINTS(rig), 0);
    finish(rig);
}
END_TEST

START_TEST(the_interval_follows_its_parameters)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, robustness: 3, query-interval: 20s,"
                                  " query-response-interval: 15s}");

    say(rig, 1, AMTG_IS_IN, SSM, S1);
    rig_step(rig, 75 * AMTG_S - AMTG_MS);
    ck_assert_uint_eq(ENDPOINTS(rig), 1);
    rig_step(rig, AMTG_MS);
    ck_assert_uint_eq(ENDPOINTS(rig), 0);
    finish(rig);
}
END_TEST

/* */
START_TEST(the_response_interval_is_never_below_ten_seconds)
{
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    static const char *const texts[] = {"9s", "9999ms", "0"};

    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct amtg_diag *diag = amtg_diag_new();
        char text[160];
        int len = snprintf(text, sizeof text, "amtgraph: 1\nelements:\n  it: {class: membership, "
                                              "query-response-interval: %s}\n", texts[i]);
        ck_assert_ptr_null(amtg_graph_parse("x", text, (size_t)len, &options, diag));
        ck_assert_uint_eq(amtg_diag_problems(diag), 1);
        amtg_diag_free(diag);
    }
    struct rig *rig = rig_new(_i, "it: {class: membership, query-response-interval: 10s}");
    finish(rig);
}
END_TEST

START_TEST(the_clock_of_memberships_may_wrap)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, refresh: 1h}");

    rig_step(rig, (UINT32_MAX - 1000) * AMTG_MS); /* a second before 2^32 ms */
    say(rig, 1, AMTG_IS_IN, SSM, S1);
    rig_step(rig, DELETED_AFTER_S * AMTG_S - AMTG_MS);
    ck_assert_uint_eq(ENDPOINTS(rig), 1);
    rig_step(rig, AMTG_MS);
    ck_assert_uint_eq(ENDPOINTS(rig), 0);
    finish(rig);
}
END_TEST

/* ---- several at once -------------------------------------------------------- */

/* */
START_TEST(one_group_serves_its_sources_and_any_source_at_once)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    say(rig, 1, AMTG_ALLOW, G, S1);
    expect_join(rig, G " INCLUDE " S1);
    say(rig, 2, AMTG_TO_EX, G, "");
    expect_join(rig, G " EXCLUDE");
    say(rig, 3, AMTG_TO_EX, G, S1 " " S2);
    expect_no_join(rig);
    ck_assert_str_eq(who(rig, S1, G), "1 2");
    ck_assert_str_eq(who(rig, S2, G), "2");
    ck_assert_str_eq(who(rig, S3, G), "2 3");
    say(rig, 4, AMTG_TO_EX, G, S2);
    ck_assert_str_eq(who(rig, S1, G), "1 2 4");
    say(rig, 2, AMTG_TO_IN, G, "");
    expect_join(rig, G " EXCLUDE " S2); /* blocked by 3 and 4, wanted by nobody */
    ck_assert_str_eq(who(rig, S1, G), "1 4");
    ck_assert_str_eq(who(rig, S3, G), "3 4");
    say(rig, 3, AMTG_TO_IN, G, "");
    say(rig, 4, AMTG_TO_IN, G, "");
    expect_join(rig, G " INCLUDE " S1);
    ck_assert_str_eq(who(rig, S1, G), "1");
    ck_assert_str_eq(who(rig, S3, G), "");
    finish(rig);
}
END_TEST

/* */
START_TEST(endpoints_of_one_address_are_told_apart_by_their_ports)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    say(rig, 1, AMTG_ALLOW, SSM, S1);
    say(rig, 2, AMTG_ALLOW, SSM, S1 " " S2);
    ck_assert_str_eq(who(rig, S1, SSM), "1 2");
    say(rig, 1, AMTG_BLOCK, SSM, S1);
    ck_assert_str_eq(who(rig, S1, SSM), "2");
    ck_assert_str_eq(who(rig, S2, SSM), "2");
    finish(rig);
}
END_TEST

/* */
START_TEST(all_four_pairs_of_families_are_served)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    for (unsigned outer = 0; outer < 2; outer++) {
        struct report *r = new_report(true);
        add(r, AMTG_ALLOW, SSM, S1);
        send_from(rig, r, outer ? "2001:db8::7" : GATEWAY, 1 + outer);
        r = new_report(false);
        add(r, AMTG_ALLOW, "ff3e::8000:1", "2001:db8:2::1");
        add(r, AMTG_TO_EX, "ff0e::1", "");
        send_from(rig, r, outer ? "2001:db8::7" : GATEWAY, 1 + outer);
    }
    ck_assert_uint_eq(ENDPOINTS(rig), 2);
    ck_assert_str_eq(who(rig, S1, SSM), "1 2");
    ck_assert_str_eq(who(rig, "2001:db8:2::1", "ff3e::8000:1"), "1 2");
    ck_assert_str_eq(who(rig, "2001:db8:2::9", "ff0e::1"), "1 2");
    struct amtg_set *sets = lookup(rig, S1, SSM);
    ck_assert(sets && sets->next); /* each outer family has a set of its own */
    ck_assert_uint_eq(sets->count, 1);
    ck_assert_uint_eq(sets->next->count, 1);
    expect_join(rig, SSM " INCLUDE " S1);
    expect_join(rig, "ff3e::8000:1 INCLUDE 2001:db8:2::1");
    expect_join(rig, "ff0e::1 EXCLUDE");
    finish(rig);
}
END_TEST

START_TEST(a_group_may_have_two_hundred_sources)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");
    struct report *r = new_report(true);
    struct amtg_addr group;

    amtg_addr_parse(SSM, &group);
    add_many(r, AMTG_ALLOW, &group, "10.0.0.1", 200);
    send_from(rig, r, GATEWAY, 1);
    ck_assert_str_eq(who(rig, "10.0.0.200", SSM), "1");
    ck_assert_str_eq(who(rig, "10.0.0.201", SSM), "");
    rig_step(rig, 0);
    struct amtg_packet *p = rig_take(rig, "joins");
    ck_assert_uint_eq(((struct amtg_join *)p->data)->count, 200);
    amtg_packet_free(p);
    ck_assert_uint_eq(rig_counter(rig, "channels"), 200);
    finish(rig);
}
END_TEST

START_TEST(a_report_may_have_four_hundred_groups)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");
    struct report *r = new_report(true);

    for (unsigned i = 0; i < 400; i++) {
        struct amtg_addr group = numbered("232.9.0.1", i * 7 % 400);
        add_many(r, AMTG_ALLOW, &group, S1, 1);
    }
    send_from(rig, r, GATEWAY, 1);
    ck_assert_uint_eq(rig_counter(rig, "memberships"), 400);
    ck_assert_str_eq(who(rig, S1, "232.9.1.144"), "1");
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_count(rig, "joins"), 400);
    gone(rig, GATEWAY, 1);
    ck_assert_uint_eq(rig_counter(rig, "memberships"), 0);
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_count(rig, "joins"), 800);
    finish(rig);
}
END_TEST

START_TEST(records_of_one_report_act_in_their_order)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");
    struct report *r = new_report(true);

    add(r, AMTG_ALLOW, SSM, S1);
    add(r, AMTG_BLOCK, SSM, S1);
    add(r, AMTG_ALLOW, SSM, S2);
    send_from(rig, r, GATEWAY, 1);
    ck_assert_str_eq(who(rig, S1, SSM), "");
    ck_assert_str_eq(who(rig, S2, SSM), "1");
    expect_join(rig, SSM " INCLUDE " S2);
    expect_no_join(rig);
    finish(rig);
}
END_TEST

/* ---- what creates nothing ---------------------------------------------------- */

/* */
START_TEST(a_report_about_nothing_creates_no_endpoint)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, endpoints: 1}");

    say(rig, 9, AMTG_ALLOW, SSM, S1); /* no room for another one */
    send_from(rig, new_report(true), GATEWAY, 1);
    say(rig, 1, AMTG_TO_IN, G, "");
    say(rig, 1, AMTG_IS_IN, G, "");
    say(rig, 1, AMTG_BLOCK, G, S1);
    say(rig, 1, AMTG_IS_EX, SSM, "");
    say(rig, 1, AMTG_IS_EX, "224.0.0.251", "");
    say(rig, 1, AMTG_IS_EX, "192.0.2.1", "");
    say(rig, 1, 9, G, S1);
    say_older(rig, 1, 0x17, G);
    say_older(rig, 1, 132, "ff0e::1");
    ck_assert_uint_eq(rig_drops_all(rig), 0); /* none of them asked for room */
    ck_assert_uint_eq(rig_counter(rig, "reports"), 11);
    ck_assert_uint_eq(ENDPOINTS(rig), 1);
    ck_assert_uint_eq(rig_counter(rig, "started"), 1);
    finish(rig);
}
END_TEST

START_TEST(a_report_of_bad_sources_only_creates_no_endpoint)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    say(rig, 1, AMTG_ALLOW, G, "127.0.0.1 0.0.0.0 239.1.1.1");
    ck_assert_uint_eq(ENDPOINTS(rig), 0);
    ck_assert_uint_eq(rig_counter(rig, "sources-bad"), 3);
    ck_assert_uint_eq(rig_counter(rig, "started") + rig_counter(rig, "left"), 0);
    expect_no_join(rig);
    finish(rig);
}
END_TEST

START_TEST(faulty_records_are_counted_and_the_others_count)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");
    struct report *r = new_report(true);

    add(r, 0, G, S1);
    add(r, AMTG_IS_EX, "10.1.1.1", "");
    add(r, AMTG_IS_EX, "224.0.0.5", "");
    add(r, AMTG_TO_EX, SSM, "");
    add(r, AMTG_ALLOW, SSM, S1);
    send_from(rig, r, GATEWAY, 1);
    ck_assert_str_eq(who(rig, S1, SSM), "1");
    ck_assert_str_eq(who(rig, S2, SSM), "");
    ck_assert_uint_eq(rig_counter(rig, "records"), 5);
    ck_assert_uint_eq(rig_counter(rig, "records-unknown-type"), 1);
    ck_assert_uint_eq(rig_counter(rig, "records-bad-group"), 1);
    ck_assert_uint_eq(rig_counter(rig, "records-link-local"), 1);
    ck_assert_uint_eq(rig_counter(rig, "records-ssm-exclude"), 1);
    ck_assert_uint_eq(rig_counter(rig, "memberships"), 1);
    finish(rig);
}
END_TEST

/* */
START_TEST(what_is_no_report_is_dropped)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    send_from(rig, &(struct report){.len = 0}, GATEWAY, 1);
    say_older(rig, 1, 0x11, G);
    say_older(rig, 1, 130, "ff0e::1");
    say_older(rig, 1, 0x12, G);
    ck_assert_uint_eq(rig_drops(rig, "not-a-report"), 3);
    ck_assert_uint_eq(rig_drops(rig, "igmpv1"), 1);
    ck_assert_uint_eq(ENDPOINTS(rig), 0);
    finish(rig);
}
END_TEST

/* ---- older versions ---------------------------------------------------------- */

/* */
START_TEST(older_reports_join_any_source_and_leave)
{
    static const struct {
        int report, leave;
        const char *group, *source;
    } rows[] = {{0x16, 0x17, G, S1}, {131, 132, "ff0e::1", "2001:db8:2::1"}};

    for (unsigned i = 0; i < 2; i++) {
        struct rig *rig = rig_new(_i, "it: {class: membership}");
        say_older(rig, 1, rows[i].report, rows[i].group);
        ck_assert_str_eq(who(rig, rows[i].source, rows[i].group), "1");
        say(rig, 1, AMTG_BLOCK, rows[i].group, rows[i].source);
        ck_assert_str_eq(who(rig, rows[i].source, rows[i].group), "1");
        ck_assert_uint_eq(rig_counter(rig, "records-older-mode"), 1);
        say_older(rig, 1, rows[i].leave, rows[i].group);
        ck_assert_str_eq(who(rig, rows[i].source, rows[i].group), "");
        ck_assert_uint_eq(ENDPOINTS(rig), 0);
        finish(rig);
    }
}
END_TEST

START_TEST(an_older_host_disturbs_no_other_endpoint_and_no_other_group)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    say_older(rig, 1, 0x16, G);
    say(rig, 2, AMTG_TO_EX, G, S1);
    say(rig, 1, AMTG_TO_EX, "239.1.2.4", S1);
    ck_assert_str_eq(who(rig, S1, G), "1");
    ck_assert_str_eq(who(rig, S1, "239.1.2.4"), "");
    finish(rig);
}
END_TEST

START_TEST(older_reports_of_ssm_groups_are_ignored)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    say(rig, 1, AMTG_ALLOW, SSM, S1);
    say_older(rig, 1, 0x16, SSM);
    say_older(rig, 1, 0x17, SSM);
    say_older(rig, 1, 131, "ff3e::8000:1");
    ck_assert_uint_eq(rig_counter(rig, "records-ssm-older"), 3);
    ck_assert_str_eq(who(rig, S1, SSM), "1");
    ck_assert_str_eq(who(rig, S2, SSM), "");
    ck_assert_uint_eq(rig_counter(rig, "groups"), 1);
    finish(rig);
}
END_TEST

/* ---- limits ------------------------------------------------------------------ */

/* */
START_TEST(endpoints_are_limited_and_those_that_are_there_stay)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, endpoints: 2}");

    say(rig, 1, AMTG_ALLOW, SSM, S1);
    ck_assert(!ops(rig)->full(rig_element(rig, "it")));
    say(rig, 2, AMTG_ALLOW, SSM, S1);
    ck_assert(ops(rig)->full(rig_element(rig, "it")));
    say(rig, 3, AMTG_ALLOW, SSM, S1);
    ck_assert_uint_eq(rig_drops(rig, "endpoint-limit"), 1);
    say(rig, 2, AMTG_ALLOW, SSM, S2);
    ck_assert_str_eq(who(rig, S2, SSM), "2");
    say(rig, 1, AMTG_TO_IN, SSM, "");
    say(rig, 3, AMTG_ALLOW, SSM, S1);
    ck_assert_str_eq(who(rig, S1, SSM), "2 3");
    finish(rig);
}
END_TEST

/* Covers: R-84, S-6. */
START_TEST(endpoints_of_one_address_are_limited)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, endpoints-per-address: 2}");
    struct report *r;

    say(rig, 1, AMTG_ALLOW, SSM, S1);
    say(rig, 2, AMTG_ALLOW, SSM, S1);
    say(rig, 3, AMTG_ALLOW, SSM, S1);
    ck_assert_uint_eq(rig_drops(rig, "address-limit"), 1);
    r = new_report(true);
    add(r, AMTG_ALLOW, SSM, S1);
    send_from(rig, r, "203.0.113.8", 3);
    ck_assert_str_eq(who(rig, S1, SSM), "1 2 3");
    gone(rig, GATEWAY, 1);
    say(rig, 4, AMTG_ALLOW, SSM, S1);
    ck_assert_str_eq(who(rig, S1, SSM), "2 3 4");
    finish(rig);
}
END_TEST

/* Covers: R-83, S-7. */
START_TEST(groups_of_an_endpoint_are_limited)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, groups: 2}");
    struct report *r = new_report(true);

    add(r, AMTG_ALLOW, "232.1.1.1", S1);
    add(r, AMTG_ALLOW, "232.1.1.2", S1);
    add(r, AMTG_ALLOW, "232.1.1.3", S1);
    add(r, AMTG_ALLOW, "232.1.1.1", S2);
    send_from(rig, r, GATEWAY, 1);
    ck_assert_uint_eq(rig_counter(rig, "groups-over-limit"), 1);
    ck_assert_uint_eq(rig_counter(rig, "groups"), 2);
    ck_assert_str_eq(who(rig, S2, "232.1.1.1"), "1");
    ck_assert_uint_eq(rig_drops_all(rig), 0); /* the Update counts, but for the addition */
    finish(rig);
}
END_TEST

START_TEST(sources_of_a_group_and_of_an_endpoint_are_limited)
{
    struct rig *rig =
        rig_new(_i, "it: {class: membership, sources: 3, sources-per-endpoint: 4}");
    struct report *r = new_report(true);

    add(r, AMTG_ALLOW, "232.1.1.1", S1 " " S2 " " S3 " 192.0.2.4");
    send_from(rig, r, GATEWAY, 1);
    ck_assert_uint_eq(rig_counter(rig, "sources-over-limit"), 1);
    ck_assert_uint_eq(rig_counter(rig, "channels"), 3);
    say(rig, 1, AMTG_ALLOW, "232.1.1.2", S1 " " S2);
    ck_assert_uint_eq(rig_counter(rig, "sources-over-limit"), 2);
    ck_assert_uint_eq(rig_counter(rig, "channels"), 4);
    say(rig, 1, AMTG_BLOCK, "232.1.1.1", S1);
    say(rig, 1, AMTG_ALLOW, "232.1.1.2", S2);
    ck_assert_str_eq(who(rig, S2, "232.1.1.2"), "1");
    finish(rig);
}
END_TEST

START_TEST(channels_of_all_endpoints_are_limited)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, channels: 3}");

    say(rig, 1, AMTG_ALLOW, "232.1.1.1", S1 " " S2);
    say(rig, 2, AMTG_TO_EX, G, "");
    say(rig, 3, AMTG_TO_EX, "239.1.1.1", "");
    ck_assert_uint_eq(rig_counter(rig, "groups-over-limit"), 1);
    say(rig, 1, AMTG_ALLOW, "232.1.1.1", S3);
    ck_assert_uint_eq(rig_counter(rig, "sources-over-limit"), 1);
    ck_assert_uint_eq(rig_counter(rig, "channels"), 3);
    ck_assert_uint_eq(ENDPOINTS(rig), 2);
    finish(rig);
}
END_TEST

START_TEST(memberships_of_all_endpoints_are_limited)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, memberships: 3}");

    say(rig, 1, AMTG_ALLOW, "232.1.1.1", S1);
    say(rig, 2, AMTG_ALLOW, "232.1.1.1", S1); /* of one group, but a second membership */
    say(rig, 2, AMTG_ALLOW, "232.1.1.2", S1);
    say(rig, 2, AMTG_ALLOW, "232.1.1.3", S1);
    say(rig, 3, AMTG_ALLOW, "232.1.1.1", S1);
    ck_assert_uint_eq(rig_counter(rig, "groups-over-limit"), 2);
    ck_assert_uint_eq(rig_counter(rig, "memberships"), 3);
    ck_assert_str_eq(who(rig, S1, "232.1.1.1"), "1 2");
    ck_assert_uint_eq(ENDPOINTS(rig), 2);
    say(rig, 2, AMTG_ALLOW, "232.1.1.1", S2); /* what is there may still change */
    ck_assert_str_eq(who(rig, S2, "232.1.1.1"), "2");
    gone(rig, GATEWAY, 1);
    say(rig, 3, AMTG_ALLOW, "232.1.1.1", S1);
    ck_assert_str_eq(who(rig, S1, "232.1.1.1"), "2 3");
    finish(rig);
}
END_TEST

START_TEST(one_address_cannot_take_the_room_of_all)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, entries-per-address: 5}");
    struct report *r;

    say(rig, 1, AMTG_ALLOW, "232.1.1.1", S1 " " S2);
    say(rig, 2, AMTG_ALLOW, "232.1.1.2", S1 " " S2); /* one group and one source are left */
    ck_assert_uint_eq(rig_counter(rig, "sources-over-limit"), 1);
    ck_assert_uint_eq(rig_counter(rig, "channels"), 3);
    say(rig, 3, AMTG_TO_EX, G, "");
    ck_assert_uint_eq(rig_counter(rig, "groups-over-limit"), 1);
    ck_assert_uint_eq(ENDPOINTS(rig), 2);
    r = new_report(true);
    add(r, AMTG_ALLOW, "232.1.1.1", S1 " " S2 " " S3);
    send_from(rig, r, "203.0.113.8", 4);
    ck_assert_str_eq(who(rig, S3, "232.1.1.1"), "4");
    say(rig, 1, AMTG_BLOCK, "232.1.1.1", S1);
    say(rig, 2, AMTG_ALLOW, "232.1.1.2", S3);
    ck_assert_str_eq(who(rig, S3, "232.1.1.2"), "2");
    say(rig, 1, AMTG_BLOCK, "232.1.1.1", S2); /* the source, and the group with it */
    say(rig, 3, AMTG_ALLOW, "232.1.1.3", S1);
    ck_assert_str_eq(who(rig, S1, "232.1.1.3"), "3");
    ck_assert_uint_eq(rig_counter(rig, "memberships"), 3);
    finish(rig);
}
END_TEST

START_TEST(without_room_for_a_membership_there_is_none_for_a_gateway)
{
    static const char *const limits[] = {"memberships: 2", "channels: 2"};

    for (unsigned i = 0; i < 2; i++) {
        char text[64];
        snprintf(text, sizeof text, "it: {class: membership, %s}", limits[i]);
        struct rig *rig = rig_new(_i, text);
        say(rig, 1, AMTG_ALLOW, "232.1.1.1", S1);
        ck_assert(!ops(rig)->full(rig_element(rig, "it")));
        say(rig, 1, AMTG_ALLOW, "232.1.1.2", S1);
        ck_assert(ops(rig)->full(rig_element(rig, "it")));
        say(rig, 1, AMTG_TO_IN, "232.1.1.1", "");
        ck_assert(!ops(rig)->full(rig_element(rig, "it")));
        finish(rig);
    }
}
END_TEST

/* ---- what ends a tunnel -------------------------------------------------------- */

/* */
START_TEST(a_run_of_unreachable_errors_ends_the_tunnel)
{
    static const struct {
        const char *remote;
        int type, code, other_type, other_code;
    } rows[] = {{GATEWAY, 3, 3, 11, 0}, {"2001:db8::7", 1, 4, 3, 0}};

    for (unsigned i = 0; i < 2; i++) {
        struct rig *rig = rig_new(_i, "it: {class: membership}");
        struct report *r = new_report(true);
        add(r, AMTG_ALLOW, SSM, S1);
        send_from(rig, r, rows[i].remote, 1);
        send_from(rig, r, rows[i].remote, 2);
        for (unsigned n = 0; n < 4; n++) /* too soon, however many */
            error(rig, rows[i].remote, 1, rows[i].type, rows[i].code);
        rig_step(rig, 2999 * AMTG_MS);
        error(rig, rows[i].remote, 1, rows[i].type, rows[i].code);
        for (unsigned n = 0; n < 10; n++) { /* time exceeded: says that there is a path */
            rig_step(rig, AMTG_S);
            error(rig, rows[i].remote, 2, rows[i].other_type, rows[i].other_code);
        }
        ck_assert_str_eq(who(rig, S1, SSM), "1 2");
        error(rig, rows[i].remote, 1, rows[i].type, rows[i].code);
        ck_assert_str_eq(who(rig, S1, SSM), "2");
        ck_assert_uint_eq(rig_counter(rig, "unreachable"), 1);
        ck_assert_uint_eq(rig_counter(rig, "errors"), 6);
        ck_assert_uint_eq(rig_counter(rig, "errors-other"), 10);
        finish(rig);
    }
}
END_TEST

START_TEST(a_report_between_the_errors_keeps_the_tunnel)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    say(rig, 1, AMTG_ALLOW, SSM, S1);
    for (unsigned n = 0; n < 10; n++) {
        error(rig, GATEWAY, 1, 3, 1);
        rig_step(rig, 4 * AMTG_S);
        error(rig, GATEWAY, 1, 3, 1);
        say(rig, 1, AMTG_IS_IN, SSM, S1);
    }
    ck_assert_uint_eq(rig_counter(rig, "unreachable"), 0);
    error(rig, GATEWAY, 1, 3, 1);
    rig_step(rig, 4 * AMTG_S);
    error(rig, GATEWAY, 1, 3, 1);
    ck_assert_str_eq(who(rig, S1, SSM), "1"); /* two are too few */
    error(rig, GATEWAY, 1, 3, 1);
    ck_assert_str_eq(who(rig, S1, SSM), "");
    finish(rig);
}
END_TEST

/* */
START_TEST(errors_can_be_told_never_to_end_a_tunnel)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, unreachable-count: 0}");

    say(rig, 1, AMTG_ALLOW, SSM, S1);
    for (unsigned n = 0; n < 20; n++) {
        error(rig, GATEWAY, 1, 3, 3);
        rig_step(rig, AMTG_S);
    }
    ck_assert_str_eq(who(rig, S1, SSM), "1");
    finish(rig);
}
END_TEST

START_TEST(errors_and_teardowns_of_strangers_change_nothing)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, unreachable-span: 0s, unreachable-count: 1}");

    say(rig, 1, AMTG_ALLOW, SSM, S1);
    error(rig, GATEWAY, 2, 3, 3);
    error(rig, "203.0.113.8", 1, 3, 3);
    gone(rig, GATEWAY, 2);
    gone(rig, "203.0.113.8", 1);
    rig_push(rig, "unreachable", rig_packet(rig, AMTG_UNREACHABLE, "\3", 1));
    ck_assert_uint_eq(rig_counter(rig, "unknown-peer"), 4);
    ck_assert_uint_eq(rig_drops(rig, "bad-record"), 1);
    ck_assert_str_eq(who(rig, S1, SSM), "1");
    error(rig, GATEWAY, 1, 3, 3);
    ck_assert_str_eq(who(rig, S1, SSM), "");
    finish(rig);
}
END_TEST

/* */
START_TEST(a_teardown_ends_everything_of_its_endpoint)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    say(rig, 1, AMTG_ALLOW, SSM, S1 " " S2);
    say(rig, 1, AMTG_TO_EX, G, "");
    say(rig, 2, AMTG_TO_EX, G, "");
    rig_step(rig, 0);
    rig_ignore(rig, "joins");
    gone(rig, GATEWAY, 1);
    ck_assert_str_eq(who(rig, S1, SSM), "");
    ck_assert_str_eq(who(rig, S1, G), "2");
    expect_join(rig, SSM " INCLUDE");
    expect_no_join(rig);
    ck_assert_uint_eq(rig_counter(rig, "torn-down"), 1);
    ck_assert_uint_eq(ENDPOINTS(rig), 1);
    finish(rig);
}
END_TEST

/* 200 records on 10 sources are 2000 steps; 8 x 20 are allowed, and what is over is left out. */
START_TEST(a_report_cannot_have_a_long_list_looked_through_for_ever)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, sources-per-endpoint: 20}");
    const struct amtg_addr group = numbered(SSM, 0);
    struct report *r = new_report(true);

    add_many(r, AMTG_ALLOW, &group, "192.0.2.1", 10);
    send_from(rig, r, GATEWAY, 1);
    r = new_report(true);
    for (unsigned i = 0; i < 200; i++)
        add_many(r, AMTG_BLOCK, &group, "192.0.2.1", 0);
    send_from(rig, r, GATEWAY, 1);
    ck_assert_uint_eq(rig_counter(rig, "records-over-limit"), 200 - 17);
    say(rig, 1, AMTG_BLOCK, SSM, "192.0.2.1"); /* the next report begins anew */
    ck_assert_uint_eq(rig_counter(rig, "records-over-limit"), 200 - 17);
    ck_assert_str_eq(who(rig, "192.0.2.1", SSM), "");
    ck_assert_str_eq(who(rig, "192.0.2.2", SSM), "1");
    rig_ignore(rig, "joins");
    finish(rig);
}
END_TEST

/* */
START_TEST(data_leaves_from_where_the_last_report_was_sent)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");
    struct report *r;
    char text[AMTG_ADDR_TEXT];

    say(rig, 1, AMTG_ALLOW, SSM, S1);
    expect_join(rig, SSM " INCLUDE " S1);
    struct amtg_set *held = lookup(rig, S1, SSM), *now;
    ck_assert(held);
    amtg_set_hold(held);
    r = new_report(true);
    struct amtg_packet *p = rig_packet(rig, AMTG_REPORT, r->octets, r->len);
    rig_from(p, GATEWAY, 1, "198.51.100.2", 2268);
    rig_push(rig, "reports", p);
    ck_assert_str_eq(who(rig, S1, SSM), "1");
    ck_assert((now = lookup(rig, S1, SSM)));
    ck_assert_str_eq(amtg_addr_text(&now->entries[0]->peer.local, text), "198.51.100.2");
    ck_assert(!now->entries[0]->dead && held->entries[0]->dead);
    amtg_set_free(held);
    expect_no_join(rig);
    ck_assert_uint_eq(rig_counter(rig, "moves"), 1);
    p = rig_packet(rig, AMTG_REPORT, r->octets, r->len); /* the same address on another link */
    rig_from(p, GATEWAY, 1, "198.51.100.2", 2268);
    p->peer.scope = 7;
    rig_push(rig, "reports", p);
    ck_assert_uint_eq(rig_counter(rig, "moves"), 2);
    ck_assert((now = lookup(rig, S1, SSM)));
    ck_assert_uint_eq(now->entries[0]->peer.scope, 7);
    ck_assert_uint_eq(rig_counter(rig, "started"), 1);
    finish(rig);
}
END_TEST

/* ---- joins -------------------------------------------------------------------- */

START_TEST(many_changes_of_a_group_at_once_are_one_join)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");
    struct amtg_packet *packets[AMTG_BATCH];
    char source[AMTG_ADDR_TEXT];

    for (unsigned i = 0; i < AMTG_BATCH; i++) {
        struct report *r = new_report(true);
        struct amtg_addr a = numbered("10.0.0.1", i);
        add(r, AMTG_ALLOW, SSM, amtg_addr_text(&a, source));
        packets[i] = rig_packet(rig, AMTG_REPORT, r->octets, r->len);
        rig_from(packets[i], GATEWAY, (uint16_t)(i + 1), RELAY, 2268);
    }
    rig_push_batch(rig, "reports", packets, AMTG_BATCH);
    rig_expect_nothing(rig, "joins"); /* not from inside the push */
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_count(rig, "joins"), 1);
    finish(rig);
}
END_TEST

START_TEST(joins_are_said_again_in_their_turn_and_not_in_a_burst)
{
    enum { GROUPS = 600 };
    struct rig *rig = rig_new(_i, "it: {class: membership, query-interval: 1h, refresh: 60s}");
    struct report *r = new_report(true);
    unsigned most = 0, sum = 0;
    static bool seen[GROUPS];

    memset(seen, 0, sizeof seen);
    for (unsigned i = 0; i < GROUPS; i++) {
        struct amtg_addr group = numbered("232.9.0.0", i + 1);
        add_many(r, AMTG_ALLOW, &group, S1, 1);
    }
    send_from(rig, r, GATEWAY, 1);
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_count(rig, "joins"), GROUPS);
    rig_ignore(rig, "joins");
    for (unsigned i = 0; i < 60; i++) {
        rig_step(rig, AMTG_S);
        unsigned n = rig_count(rig, "joins");
        most = n > most ? n : most;
        sum += n;
        while (rig_count(rig, "joins")) {
            struct amtg_packet *p = rig_take(rig, "joins");
            const struct amtg_join *join = (const struct amtg_join *)p->data;
            seen[amtg_get_u16(join->group.octets + 14) - 1] = join->count == 1;
            amtg_packet_free(p);
        }
    }
    ck_assert_uint_eq(sum, GROUPS);
    ck_assert_uint_eq(most, GROUPS / 60);
    for (unsigned i = 0; i < GROUPS; i++)
        ck_assert_msg(seen[i], "group %u", i);
    gone(rig, GATEWAY, 1);
    rig_step(rig, 0);
    rig_ignore(rig, "joins");
    rig_step(rig, 120 * AMTG_S);
    rig_expect_nothing(rig, "joins");
    finish(rig);
}
END_TEST

START_TEST(a_single_join_is_said_again_once_in_each_interval)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, refresh: 30s}");

    say(rig, 1, AMTG_TO_EX, G, "");
    expect_join(rig, G " EXCLUDE");
    for (unsigned i = 0; i < 4; i++) {
        rig_step(rig, 30 * AMTG_S);
        expect_join(rig, G " EXCLUDE");
        expect_no_join(rig);
    }
    finish(rig);
}
END_TEST

START_TEST(a_wish_of_too_many_sources_is_widened)
{
    struct rig *rig = rig_new(_i, "it: {class: membership, join-sources: 2, refresh: 1h}");

    say(rig, 1, AMTG_ALLOW, G, S1 " " S2);
    expect_join(rig, G " INCLUDE " S1 " " S2);
    say(rig, 2, AMTG_ALLOW, G, S3);
    expect_join(rig, G " EXCLUDE");
    ck_assert_str_eq(who(rig, S3, G), "2"); /* data is filtered all the same */
    ck_assert_str_eq(who(rig, "192.0.2.9", G), "");
    ck_assert_uint_eq(rig_counter(rig, "joins-over-limit"), 1);
    say(rig, 2, AMTG_BLOCK, G, S3);
    expect_join(rig, G " INCLUDE " S1 " " S2);
    /* an SSM group knows no EXCLUDE: the first ones stay */
    say(rig, 1, AMTG_ALLOW, SSM, S2 " " S3);
    expect_join(rig, SSM " INCLUDE " S2 " " S3);
    say(rig, 1, AMTG_ALLOW, SSM, S1);
    expect_no_join(rig);
    ck_assert_uint_eq(rig_counter(rig, "joins-over-limit"), 2);
    finish(rig);
}
END_TEST

START_TEST(joins_that_found_no_buffer_are_said_later)
{
    enum { EACH = 1000, ENDPOINTS_OF = 5 };
    struct rig *rig = rig_new(_i, "it: {class: membership, refresh: 60s}");
    unsigned said = 0;

    for (unsigned e = 0; e < ENDPOINTS_OF; e++) {
        struct report *r = new_report(true);
        for (unsigned i = 0; i < EACH; i++) {
            struct amtg_addr group = numbered("232.9.0.1", e * EACH + i);
            add_many(r, AMTG_ALLOW, &group, S1, 1);
        }
        send_from(rig, r, GATEWAY, e + 1);
    }
    rig_step(rig, 0);
    said = rig_count(rig, "joins"); /* all records that there are wait with the recorder */
    ck_assert_uint_lt(said, EACH * ENDPOINTS_OF);
    ck_assert_uint_ge(rig_drops(rig, "no-buffer"), 1);
    rig_ignore(rig, "joins");
    rig_step(rig, AMTG_S);
    said += rig_count(rig, "joins");
    ck_assert_uint_ge(said, EACH * ENDPOINTS_OF);
    rig_ignore(rig, "joins");
    finish(rig);
}
END_TEST

START_TEST(stopping_says_that_nothing_is_wanted_any_more)
{
    struct rig *rig = rig_new(_i, "it: {class: membership}");

    say(rig, 1, AMTG_ALLOW, SSM, S1);
    say(rig, 2, AMTG_TO_EX, G, "");
    expect_join(rig, SSM " INCLUDE " S1);
    expect_join(rig, G " EXCLUDE");
    say(rig, 3, AMTG_TO_EX, "239.9.9.9", ""); /* never said, so not taken back */
    amtg_runtime_stop(rig_runtime(rig));
    ck_assert_uint_eq(rig_count(rig, "joins"), 2);
    for (unsigned i = 0; i < 2; i++) {
        struct amtg_packet *p = rig_take(rig, "joins");
        const char *text = join_text(p);
        ck_assert(strcmp(text, SSM " INCLUDE") == 0 || strcmp(text, G " INCLUDE") == 0);
        amtg_packet_free(p);
    }
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("membership", a_source_specific_join_is_served_and_said,
               an_endpoint_heeds_ecn_as_its_last_update_says,
               while_it_drains_nobody_new_is_taken_and_the_others_go_on,
               a_prompt_leave_ends_data_endpoint_and_join_at_once,
               a_leave_by_lmqt_takes_the_last_member_query_time,
               asking_again_in_time_undoes_a_leave_by_lmqt, without_a_report_an_endpoint_expires,
               each_report_restarts_the_timers, the_interval_follows_its_parameters,
               the_response_interval_is_never_below_ten_seconds,
               the_clock_of_memberships_may_wrap,
               one_group_serves_its_sources_and_any_source_at_once,
               endpoints_of_one_address_are_told_apart_by_their_ports,
               all_four_pairs_of_families_are_served, a_group_may_have_two_hundred_sources,
               a_report_may_have_four_hundred_groups, records_of_one_report_act_in_their_order,
               a_report_about_nothing_creates_no_endpoint,
               a_report_of_bad_sources_only_creates_no_endpoint,
               faulty_records_are_counted_and_the_others_count, what_is_no_report_is_dropped,
               older_reports_join_any_source_and_leave,
               an_older_host_disturbs_no_other_endpoint_and_no_other_group,
               older_reports_of_ssm_groups_are_ignored,
               endpoints_are_limited_and_those_that_are_there_stay,
               endpoints_of_one_address_are_limited, groups_of_an_endpoint_are_limited,
               sources_of_a_group_and_of_an_endpoint_are_limited,
               channels_of_all_endpoints_are_limited, memberships_of_all_endpoints_are_limited,
               one_address_cannot_take_the_room_of_all,
               without_room_for_a_membership_there_is_none_for_a_gateway,
               a_run_of_unreachable_errors_ends_the_tunnel,
               a_report_between_the_errors_keeps_the_tunnel,
               errors_can_be_told_never_to_end_a_tunnel,
               errors_and_teardowns_of_strangers_change_nothing,
               a_teardown_ends_everything_of_its_endpoint,
               a_report_cannot_have_a_long_list_looked_through_for_ever,
               data_leaves_from_where_the_last_report_was_sent,
               many_changes_of_a_group_at_once_are_one_join,
               joins_are_said_again_in_their_turn_and_not_in_a_burst,
               a_single_join_is_said_again_once_in_each_interval,
               a_wish_of_too_many_sources_is_widened, joins_that_found_no_buffer_are_said_later,
               stopping_says_that_nothing_is_wanted_any_more)
