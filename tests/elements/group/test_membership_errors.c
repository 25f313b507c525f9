/*
 * "Too big" errors and the path MTU of tunnels (RFC 7450, section 5.3.3.6.1; RFC 1191;
 * RFC 8201): which are believed, for how long, and for whom.
 * Covers, S-5, S-13
 */
#include "tests/support/rig.h"

#include <stdio.h>
#include <string.h>

#include "core/cursor.h"
#include "elements/group/members.h"
#include "elements/wire/types.h"

#define RELAY4 "198.51.100.1"
#define RELAY6 "2001:db8:1::1"
#define GATEWAY4 "203.0.113.7"
#define GATEWAY6 "2001:db8::7"

enum { UNKNOWN = 0, NOBODY = -1, MINUTE = 60 };

/* ALLOW {192.0.2.n} for 232.1.2.3, from this endpoint. */
static void join(struct rig *rig, const char *remote, uint16_t port, uint8_t n)
{
    uint8_t report[] = {0x22, 0, 0, 0, 0, 0, 0, 1, 5, 0, 0, 1, 232, 1, 2, 3, 192, 0, 2, n};
    struct amtg_packet *p = rig_packet(rig, AMTG_REPORT, report, sizeof report);

    rig_from(p, remote, port, strchr(remote, ':') ? RELAY6 : RELAY4, 2268);
    rig_push(rig, "reports", p);
}

/* The path MTU of the kind of which an endpoint gets 192.0.2.1 -> 232.1.2.3. */
static int pmtu_of(struct rig *rig, const char *remote, uint16_t port)
{
    struct amtg_element *it = rig_element(rig, "it");
    const struct amtg_members_ops *ops = amtg_ops(it, &amtg_members);
    struct amtg_addr source, group, want;
    int found = NOBODY;

    ck_assert(amtg_addr_parse("192.0.2.1", &source) && amtg_addr_parse("232.1.2.3", &group) &&
              amtg_addr_parse(remote, &want));
    for (struct amtg_set *s = ops->lookup(it, &source, &group); s; s = s->next)
        for (uint32_t i = 0; i < s->count; i++) {
            const struct amtg_endpoint *e = s->entries[i];
            if (e->peer.remote_port != port || !amtg_addr_equal(&e->peer.remote, &want))
                continue;
            ck_assert_int_eq(found, NOBODY); /* in one set only */
            ck_assert_uint_eq(s->kind.version, strchr(remote, ':') ? 6 : 4);
            ck_assert(!e->dead);
            found = s->kind.pmtu;
        }
    return found;
}

/* inner: octets of the datagram that is quoted; 0: only the ports are. */
static struct amtg_unreachable too_big(bool ip4, uint32_t mtu, uint32_t inner)
{
    struct amtg_unreachable u = {.type = ip4 ? 3 : 2, .code = ip4 ? 4 : 0, .mtu = mtu};

    if (inner) {
        u.quoted = sizeof u.quote;
        memcpy(u.quote, "\6\0\x45\0", 4);
        amtg_put_u16(u.quote + 4, (uint16_t)inner);
    }
    return u;
}

static void say(struct rig *rig, const char *remote, uint16_t port, struct amtg_unreachable u)
{
    struct amtg_packet *p = rig_packet(rig, AMTG_UNREACHABLE, &u, sizeof u);

    rig_from(p, remote, port, strchr(remote, ':') ? RELAY6 : RELAY4, 2268);
    rig_push(rig, "unreachable", p);
}

/* About the one gateway, with Data quoted that was too big by far. */
static void say4(struct rig *rig, uint32_t mtu)
{
    say(rig, GATEWAY4, 1, too_big(true, mtu, 20000));
}

static struct rig *begin(int shared, const char *params)
{
    char text[256];

    snprintf(text, sizeof text, "it: {class: membership%s%s}", *params ? ", " : "", params);
    struct rig *rig = rig_new(shared, text);
    join(rig, GATEWAY4, 1, 1);
    join(rig, GATEWAY4, 2, 1);
    join(rig, GATEWAY6, 1, 1);
    return rig;
}

static void finish(struct rig *rig)
{
    rig_step(rig, 0);
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "joins");
    rig_free(rig);
}

/* */
START_TEST(an_error_lowers_the_path_mtu_of_its_tunnel_alone)
{
    struct rig *rig = begin(_i, "");

    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), UNKNOWN);
    say4(rig, 1400);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 1400);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 2), UNKNOWN); /* behind the same address */
    ck_assert_int_eq(pmtu_of(rig, GATEWAY6, 1), UNKNOWN);
    say(rig, GATEWAY6, 1, too_big(false, 1280, 1400));
    ck_assert_int_eq(pmtu_of(rig, GATEWAY6, 1), 1280);
    ck_assert_uint_eq(rig_counter(rig, "pmtu-lowered"), 2);
    ck_assert_uint_eq(rig_counter(rig, "errors"), 0);

    /* It stays so in every channel that the endpoint joins from now on, and when it moves. */
    join(rig, GATEWAY4, 1, 2);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 1400);
    struct amtg_packet *p = rig_packet(rig, AMTG_REPORT,
                                       "\x22\0\0\0\0\0\0\1\5\0\0\1\xe8\1\2\3\xc0\0\2\1", 20);
    rig_from(p, GATEWAY4, 1, "198.51.100.2", 2268);
    rig_push(rig, "reports", p);
    ck_assert_uint_eq(rig_counter(rig, "moves"), 1);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 1400);
    finish(rig);
}
END_TEST

START_TEST(path_mtus_are_rounded_down_to_a_few_sizes)
{
    static const struct { uint32_t said; int kept; } rows[] = {
        {65535, 9000}, {9000, 9000}, {8999, 4352}, {1501, 1500}, {1499, 1492}, {1480, 1480},
        {1479, 1454}, {1420, 1420}, {1419, 1400}, {1399, 1280}, {1279, 1006}, {577, 576},
        {576, 576}, {575, 576}, {68, 576}, {1, 576},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig *rig = begin(_i, "");
        say(rig, GATEWAY4, 1, too_big(true, rows[i].said, 65535));
        ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), rows[i].kept);
        finish(rig);
    }
}
END_TEST

/* */
/* */
START_TEST(no_error_goes_below_the_minimum)
{
    struct rig *rig = begin(_i, "pmtu-min: 1300");
    say4(rig, 100);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 1300);
    say(rig, GATEWAY6, 1, too_big(false, 100, 1400));
    ck_assert_int_eq(pmtu_of(rig, GATEWAY6, 1), 1300);
    finish(rig);

    rig = begin(_i, "pmtu-min: 68");
    say4(rig, 0);
    say4(rig, 10);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 68);
    say(rig, GATEWAY6, 1, too_big(false, 100, 1400)); /* RFC 8201: not below 1280 */
    ck_assert_int_eq(pmtu_of(rig, GATEWAY6, 1), 1280);
    finish(rig);
}
END_TEST

START_TEST(a_path_mtu_only_gets_smaller)
{
    struct rig *rig = begin(_i, "");

    say4(rig, 1400);
    say4(rig, 1480);
    say4(rig, 1410);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 1400);
    say4(rig, 1300);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 1280);
    ck_assert_uint_eq(rig_counter(rig, "pmtu-lowered"), 2);
    ck_assert_uint_eq(rig_counter(rig, "pmtu-ignored"), 2);
    finish(rig);
}
END_TEST

/* A router older than RFC 1191 says no MTU: the next smaller one is tried. */
START_TEST(an_error_without_mtu_goes_one_step_down)
{
    static const int steps[] = {1492, 1480, 1454, 1420, 1400, 1280, 1006, 576, 576};
    struct rig *rig = begin(_i, "");

    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        say(rig, GATEWAY4, 1, too_big(true, 0, 0));
        ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), steps[i]);
    }
    /* What was quoted helps. */
    say(rig, GATEWAY4, 2, too_big(true, 0, 1100));
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 2), 1006);
    finish(rig);
}
END_TEST

/* Covers: S-13. */
START_TEST(errors_that_cannot_be_about_our_data_are_ignored)
{
    struct rig *rig = begin(_i, "");
    struct amtg_unreachable u;
    unsigned ignored = 0;

    u = too_big(true, 1400, 1300); /* 1330 octets in all: they would have fitted */
    say(rig, GATEWAY4, 1, u), ignored++;
    u = too_big(true, 1400, 1370); /* so would exactly as many */
    say(rig, GATEWAY4, 1, u), ignored++;
    u = too_big(true, 1400, 1371);
    u.quote[0] = 4; /* a Query */
    say(rig, GATEWAY4, 1, u), ignored++;
    u = too_big(true, 1400, 1371);
    u.quote[2] = 0x55; /* no IP in it */
    say(rig, GATEWAY4, 1, u), ignored++;
    struct amtg_packet *p;
    static const struct { const char *local; uint16_t port; } ends[] = {
        {"198.51.100.2", 2268}, {RELAY4, 2269}}; /* not whom the gateway talks to */
    for (unsigned i = 0; i < 2; i++, ignored++) {
        u = too_big(true, 1400, 1371);
        p = rig_packet(rig, AMTG_UNREACHABLE, &u, sizeof u);
        rig_from(p, GATEWAY4, 1, ends[i].local, ends[i].port);
        rig_push(rig, "unreachable", p);
    }
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), UNKNOWN);
    ck_assert_uint_eq(rig_counter(rig, "pmtu-ignored"), ignored);

    say(rig, GATEWAY4, 9, too_big(true, 1400, 1371)); /* no endpoint */
    say(rig, "203.0.113.8", 1, too_big(true, 1400, 1371));
    ck_assert_uint_eq(rig_counter(rig, "unknown-peer"), 2);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), UNKNOWN);
    say(rig, GATEWAY4, 1, too_big(true, 1400, 1371));
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 1400);
    finish(rig);
}
END_TEST

/* R-58, S-5: the switch. What the host itself finds too big for its link is no hearsay. */
/* Covers: R-58, S-5. */
START_TEST(errors_from_the_path_can_be_switched_off)
{
    struct rig *rig = begin(_i, "pmtu-dynamic: no");
    struct amtg_unreachable u = too_big(true, 1400, 20000);

    say(rig, GATEWAY4, 1, u);
    say(rig, GATEWAY6, 1, too_big(false, 1280, 1400));
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), UNKNOWN);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY6, 1), UNKNOWN);
    ck_assert_uint_eq(rig_counter(rig, "pmtu-ignored"), 2);
    u = too_big(true, 500, 0);
    u.local = true;
    say(rig, GATEWAY4, 1, u);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 296); /* below pmtu-min, which is for hearsay */
    finish(rig);
}
END_TEST

/* RFC 1191, section 6.3: after ten minutes, the larger size is tried again. */
START_TEST(what_is_known_of_a_path_gets_old)
{
    struct rig *rig = begin(_i, "");
    unsigned minutes = 0;

    say4(rig, 1400);
    for (; minutes < 9; minutes++) {
        join(rig, GATEWAY4, 1, 1);
        rig_step(rig, MINUTE * AMTG_S);
        ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 1400);
    }
    join(rig, GATEWAY4, 1, 1);
    rig_step(rig, MINUTE * AMTG_S - AMTG_MS);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 1400);
    rig_step(rig, AMTG_MS);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), UNKNOWN);
    ck_assert_uint_eq(rig_counter(rig, "pmtu-aged"), 1);
    say4(rig, 1480); /* and may turn out to be another one */
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 1480);
    finish(rig);

    rig = begin(_i, "pmtu-age: 5m");
    say4(rig, 1400);
    for (minutes = 0; minutes < 4; minutes++) {
        join(rig, GATEWAY4, 1, 1);
        rig_step(rig, MINUTE * AMTG_S);
    }
    say4(rig, 1280); /* from here on anew */
    for (; minutes < 8; minutes++) {
        join(rig, GATEWAY4, 1, 1);
        rig_step(rig, MINUTE * AMTG_S);
    }
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 1280);
    rig_step(rig, MINUTE * AMTG_S);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), UNKNOWN);
    finish(rig);
}
END_TEST

START_TEST(an_endpoint_ends_as_before_whatever_is_known_of_its_path)
{
    struct rig *rig = begin(_i, "");

    say4(rig, 1400);
    rig_step(rig, 259 * AMTG_S);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), 1400);
    rig_step(rig, AMTG_S); /* the group membership interval */
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), NOBODY);
    ck_assert_uint_eq(rig_counter(rig, "expired"), 3);
    join(rig, GATEWAY4, 1, 1);
    ck_assert_int_eq(pmtu_of(rig, GATEWAY4, 1), UNKNOWN); /* a new tunnel, of which nothing is known */
    rig_step(rig, 400 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "pmtu-aged"), 0);
    finish(rig);
}
END_TEST

/* Packets on their way keep the set that they were given, and its endpoints are not dead. */
START_TEST(packets_on_their_way_still_get_there)
{
    struct rig *rig = begin(_i, "");
    struct amtg_element *it = rig_element(rig, "it");
    const struct amtg_members_ops *ops = amtg_ops(it, &amtg_members);
    struct amtg_addr source, group;

    ck_assert(amtg_addr_parse("192.0.2.1", &source) && amtg_addr_parse("232.1.2.3", &group));
    struct amtg_set *held = amtg_set_hold(ops->lookup(it, &source, &group));
    ck_assert_uint_eq(held->count, 2);
    say4(rig, 1400);
    ck_assert_uint_eq(held->count, 2);
    ck_assert_uint_eq(held->kind.pmtu, 0);
    ck_assert(!held->entries[0]->dead && !held->entries[1]->dead);
    /* Upstream has nothing to learn from it. */
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_counter(rig, "joins"), 1);
    amtg_set_free(held);
    finish(rig);
}
END_TEST

AMTG_RIG_SUITE("group/membership_errors", an_error_lowers_the_path_mtu_of_its_tunnel_alone,
               path_mtus_are_rounded_down_to_a_few_sizes, no_error_goes_below_the_minimum,
               a_path_mtu_only_gets_smaller, an_error_without_mtu_goes_one_step_down,
               errors_that_cannot_be_about_our_data_are_ignored,
               errors_from_the_path_can_be_switched_off, what_is_known_of_a_path_gets_old,
               an_endpoint_ends_as_before_whatever_is_known_of_its_path,
               packets_on_their_way_still_get_there)
