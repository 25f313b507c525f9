/* relay-fanout. */
#include "elements/group/members.h"
#include "tests/support/amt.h"

#include <string.h>

/*
 * Who wants what is asked of an element of this class, which stands in for the
 * membership: these sets, as the test makes them.
 */
static struct amtg_set *wanted;
static struct amtg_addr asked_source, asked_group;

static struct amtg_set *lookup(struct amtg_element *members, const struct amtg_addr *source,
                               const struct amtg_addr *group)
{
    (void)members;
    asked_source = *source;
    asked_group = *group;
    return wanted;
}

static bool full(struct amtg_element *members)
{
    (void)members;
    return false;
}

static const struct amtg_members_ops ops = {.lookup = lookup, .full = full};

static const struct amtg_class told = {
    .name = "told",
    .summary = "says of every channel what the test says",
    AMTG_PROVIDES({&amtg_members, &ops, NULL}),
};

static const struct amtg_class *membership; /* whose place is taken */

/* The rig knows the classes of the registry; the test's own takes the membership's place. */
static void want(uint8_t version, uint16_t pmtu)
{
    struct amtg_peer nowhere = {0};
    struct amtg_endpoint *endpoint = amtg_endpoint_new(&nowhere);

    endpoint->kind = (struct amtg_kind){.version = version, .pmtu = pmtu};
    ck_assert(amtg_sets_add(&wanted, endpoint));
    amtg_endpoint_free(endpoint);
}

static struct rig *begin(int shared, bool ip4, bool ip6)
{
    struct rig *rig = rig_new(shared, "members: {class: membership}\n"
                                      "it: {class: relay-fanout, members: members}");

    membership = rig_element(rig, "members")->class;
    rig_element(rig, "members")->class = &told;
    if (ip4)
        want(4, 0);
    if (ip6)
        want(6, 0);
    return rig;
}

static void end(struct rig *rig)
{
    rig_element(rig, "members")->class = membership;
    amtg_sets_free(&wanted);
    rig_free(rig);
}

/* A native IPv6 datagram from 2001:db8::a to ff3X::8000:d, X the scope in the second octet. */
#define NATIVE6_SCOPE_HEX(second)                                                                   \
    "60000000000811ff20010db800000000000000000000000a"                                        \
    "ff" second "000000000000000000008000000d" "1388138900080000"

/* */
START_TEST(a_packet_gets_the_set_of_its_channel)
{
    struct rig *rig = begin(_i, true, false);
    char text[AMTG_ADDR_TEXT];

    rig_push_hex(rig, "in", AMTG_IP, NATIVE4_HEX);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_ptr_eq(p->to, wanted);
    expect_octets(p, NATIVE4_HEX);
    ck_assert_str_eq(amtg_addr_text(&asked_source, text), "198.51.100.12");
    ck_assert_str_eq(amtg_addr_text(&asked_group, text), "232.1.2.3");
    amtg_packet_free(p);

    rig_push_hex(rig, "in", AMTG_IP, NATIVE6_SCOPE_HEX("3e"));
    p = rig_take(rig, "out");
    ck_assert_str_eq(amtg_addr_text(&asked_source, text), "2001:db8::a");
    ck_assert_str_eq(amtg_addr_text(&asked_group, text), "ff3e::8000:d");
    amtg_packet_free(p);
    end(rig);
}
END_TEST

START_TEST(each_kind_gets_a_view_of_one_buffer)
{
    struct rig *rig = begin(_i, true, true);
    struct amtg_packet *views[3];

    want(4, 1280);
    rig_push_hex(rig, "in", AMTG_IP, NATIVE4_HEX);
    for (unsigned i = 0; i < 3; i++)
        views[i] = rig_take(rig, "out");
    ck_assert_ptr_eq(views[0]->to, wanted);
    ck_assert_ptr_eq(views[1]->to, wanted->next);
    ck_assert_ptr_eq(views[2]->to, wanted->next->next);
    ck_assert_uint_eq(views[1]->to->kind.pmtu, 1280);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_ptr_eq(views[i]->buffer, views[0]->buffer);
        expect_octets(views[i], NATIVE4_HEX);
    }
    for (unsigned i = 0; i < 3; i++)
        amtg_packet_free(views[i]);
    end(rig);
}
END_TEST

START_TEST(only_ipv6_tunnels_want_it)
{
    struct rig *rig = begin(_i, false, true);

    rig_push_hex(rig, "in", AMTG_IP, NATIVE4_HEX);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_ptr_eq(p->to, wanted);
    ck_assert_uint_eq(p->to->kind.version, 6);
    amtg_packet_free(p);
    end(rig);
}
END_TEST

/* */
START_TEST(what_nobody_wants_is_dropped)
{
    struct rig *rig = begin(_i, false, false);

    rig_push_hex(rig, "in", AMTG_IP, NATIVE4_HEX);
    ck_assert_uint_eq(rig_drops(rig, "no-member"), 1);
    end(rig);
}
END_TEST

/* Push NATIVE4_HEX with another address at this offset. */
static void push4(struct rig *rig, unsigned offset, const char *address)
{
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_IP, NATIVE4_HEX);
    struct amtg_addr a;

    ck_assert(amtg_addr_parse(address, &a));
    memcpy(p->data + offset, amtg_addr_octets4(&a), 4);
    rig_push(rig, "in", p);
}

/* */
START_TEST(unicast_is_dropped)
{
    struct rig *rig = begin(_i, true, true);

    push4(rig, 16, "192.0.2.1");
    push4(rig, 16, "255.255.255.255");
    ck_assert_uint_eq(rig_drops(rig, "not-multicast"), 2);
    end(rig);
}
END_TEST

START_TEST(groups_that_stay_on_their_link_are_dropped)
{
    static const char *const scopes[] = {"00", "01", "02", "12", "32"};
    struct rig *rig = begin(_i, true, false);

    push4(rig, 16, "224.0.0.1");
    push4(rig, 16, "224.0.0.255");
    for (unsigned i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        char hex[256];
        snprintf(hex, sizeof hex, "%s%s%s", "60000000000811ff20010db800000000000000000000000aff",
                 scopes[i], "000000000000000000008000000d1388138900080000");
        rig_push_hex(rig, "in", AMTG_IP, hex);
    }
    ck_assert_uint_eq(rig_drops(rig, "scope"), 7);
    push4(rig, 16, "224.0.1.0");
    rig_push_hex(rig, "in", AMTG_IP, NATIVE6_SCOPE_HEX("33"));
    ck_assert_uint_eq(rig_count(rig, "out"), 2);
    rig_ignore(rig, "out");
    end(rig);
}
END_TEST

START_TEST(sources_of_one_link_or_host_are_not_forwarded)
{
    static const char *const sources4[] = {"169.254.1.1", "0.0.0.0", "0.1.2.3", "127.0.0.1",
                                           "127.255.1.2"};
    static const char *const sources6[] = {"00000000000000000000000000000000",
                                           "00000000000000000000000000000001",
                                           "fe800000000000000000000000000001"};
    struct rig *rig = begin(_i, true, false);

    for (unsigned i = 0; i < 5; i++)
        push4(rig, 12, sources4[i]);
    for (unsigned i = 0; i < 3; i++) {
        char hex[256];
        snprintf(hex, sizeof hex, "60000000000811ff%s%s", sources6[i],
                 "ff3e0000000000000000000080000001" "000d1388138900080000");
        rig_push_hex(rig, "in", AMTG_IP, hex);
    }
    ck_assert_uint_eq(rig_drops(rig, "source-scope"), 8);
    ck_assert_uint_eq(rig_drops_all(rig), 8);
    end(rig);
}
END_TEST

AMTG_RIG_SUITE("relay-fanout", a_packet_gets_the_set_of_its_channel,
               each_kind_gets_a_view_of_one_buffer, only_ipv6_tunnels_want_it,
               what_nobody_wants_is_dropped, unicast_is_dropped,
               groups_that_stay_on_their_link_are_dropped,
               sources_of_one_link_or_host_are_not_forwarded)
