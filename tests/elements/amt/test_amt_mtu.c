/*
 * amt-mtu: what fits passes untouched, what does not is cut, or dropped and its source
 * told.
 */
#include "elements/ip/fragment.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"
#include "tests/support/amt.h"

enum { ROOM = 4000, ID = 0x77 };

#define SOURCE4 "192.0.2.9"
#define SSM4 "232.1.2.3"
#define ASM4 "239.1.2.3"
#define SOURCE6 "2001:db8::9"
#define SSM6 "ff3e::8000:d"
#define OURS "source4: 198.51.100.1, source6: \"2001:db8:1::1\""

static struct amtg_set *set_of(uint8_t version, uint16_t pmtu)
{
    struct amtg_peer nowhere = {0};
    struct amtg_endpoint *endpoint = amtg_endpoint_new(&nowhere);
    struct amtg_set *set = amtg_set_new(1);

    endpoint->kind = (struct amtg_kind){.version = version, .pmtu = pmtu};
    ck_assert(amtg_set_add(&set, endpoint));
    amtg_endpoint_free(endpoint);
    return set;
}

/* A datagram of `len` octets in all. */
static struct amtg_packet *datagram(struct rig *rig, const char *source, const char *group,
                                    uint32_t len, bool df)
{
    static uint8_t octets[ROOM];
    struct amtg_ip_head head = {.protocol = 17, .hops = 9, .id = ID, .dont_fragment = df};

    ck_assert(amtg_addr_parse(source, &head.src) && amtg_addr_parse(group, &head.dst));
    head.payload = len - amtg_ip_head_octets(&head);
    uint32_t at = amtg_ip_build(&head, octets);
    for (uint32_t i = at; i < len; i++)
        octets[i] = (uint8_t)(i * 5 + i / 256);
    struct amtg_packet *p = rig_packet(rig, AMTG_IP, octets, len);
    ck_assert_int_eq(amtg_ip_check(p, NULL), AMTG_IP_SOUND);
    return p;
}

static void push(struct rig *rig, struct amtg_packet *p, uint8_t version, uint16_t pmtu)
{
    struct amtg_set *set = set_of(version, pmtu);

    amtg_packet_to_set(p, set);
    amtg_set_free(set);
    rig_push(rig, "in", p);
}

/* In tunnels over IP `version` with this path MTU, a datagram passes up to `most` octets. */
static void check_limit(struct rig *rig, const char *source, const char *group, uint8_t version,
                        uint16_t pmtu, uint32_t most)
{
    struct amtg_packet *p;

    push(rig, datagram(rig, source, group, most, true), version, pmtu);
    p = rig_take(rig, "out");
    ck_assert_uint_eq(p->len, most);
    ck_assert_uint_eq(p->to->kind.version, version);
    amtg_packet_free(p);
    uint64_t before = rig_drops_all(rig);
    push(rig, datagram(rig, source, group, most + 1, true), version, pmtu);
    rig_step(rig, 0);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_drops_all(rig), before + 1);
}

/* */
START_TEST(a_tunnel_takes_the_path_mtu_less_the_headers)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-mtu, icmp: none}");

    check_limit(rig, SOURCE4, SSM4, 4, 0, 1470); /* 1500 - 20 - 8 - 2 */
    check_limit(rig, SOURCE6, SSM6, 4, 0, 1470);
    check_limit(rig, SOURCE4, SSM4, 6, 0, 1450); /* 1500 - 40 - 8 - 2 */
    check_limit(rig, SOURCE6, SSM6, 6, 0, 1450);
    check_limit(rig, SOURCE4, SSM4, 4, 1400, 1370);
    check_limit(rig, SOURCE4, SSM4, 6, 1280, 1230);
    check_limit(rig, SOURCE4, SSM4, 4, 1500, 1470);
    check_limit(rig, SOURCE4, SSM4, 4, 9000, 1470); /* no more than the parameter */
    ck_assert_uint_eq(rig_drops(rig, "too-big4"), 6);
    ck_assert_uint_eq(rig_drops(rig, "too-big6"), 2);
    rig_free(rig);

    rig = rig_new(_i, "it: {class: amt-mtu, icmp: none, pmtu: 1300}");
    check_limit(rig, SOURCE4, SSM4, 4, 0, 1270);
    check_limit(rig, SOURCE4, SSM4, 6, 0, 1250);
    check_limit(rig, SOURCE4, SSM4, 4, 1400, 1270);
    check_limit(rig, SOURCE4, SSM4, 4, 1280, 1250);
    rig_free(rig);
}
END_TEST

START_TEST(a_single_peer_is_served_like_a_set)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-mtu}");
    struct amtg_packet *p = datagram(rig, SOURCE4, SSM4, 1451, false);

    rig_from(p, "2001:db8::7", 51000, "2001:db8::1", 2268);
    struct amtg_peer peer = p->peer;
    amtg_packet_to_peer(p, &peer);
    rig_push(rig, "in", p);
    for (unsigned i = 0; i < 2; i++) {
        p = rig_take(rig, "out");
        expect_to(p, "2001:db8::7", 51000, "2001:db8::1", 2268);
        ck_assert_uint_eq(p->len, i == 0 ? 1444 : 27);
        amtg_packet_free(p);
    }
    rig_free(rig);
}
END_TEST

/* What has come out is, together, this datagram; none of it is longer than `most`. */
static void expect_fragments_of(struct rig *rig, const uint8_t *octets, uint32_t len, uint32_t most)
{
    enum { HEADER = 20 };
    uint32_t at = HEADER;

    while (rig_count(rig, "out")) {
        struct amtg_packet *p = rig_take(rig, "out");
        struct amtg_fragment part;
        ck_assert_uint_le(p->len, most);
        ck_assert(amtg_fragment_read(p, &part));
        ck_assert_uint_eq(part.offset, at - HEADER);
        ck_assert_int_eq(part.more, at + part.len < len);
        ck_assert_mem_eq(p->data + part.payload, octets + at, part.len);
        at += part.len;
        amtg_packet_free(p);
    }
    ck_assert_uint_eq(at, len);
}

/* each fragment is a packet of its own, and so gets a Data message of its own. */
/* */
START_TEST(a_datagram_without_df_is_cut_into_packets)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-mtu}");
    static const uint16_t pmtus[] = {1500, 1280, 576, 68};

    for (unsigned i = 0; i < 4; i++)
        for (uint32_t len = 1471; len <= 3500; len += 211) {
            struct amtg_packet *p = datagram(rig, SOURCE4, SSM4, len, false);
            uint8_t octets[ROOM];
            memcpy(octets, p->data, len);
            push(rig, p, 4, pmtus[i]);
            expect_fragments_of(rig, octets, len, pmtus[i] - 30);
        }
    ck_assert_uint_eq(rig_counter(rig, "cut"), 4 * 10);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    rig_free(rig);
}
END_TEST

START_TEST(fragments_go_where_the_datagram_went)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-mtu}");
    struct amtg_packet *p = datagram(rig, SOURCE4, SSM4, 3000, false);
    struct amtg_set *set = set_of(4, 1400);
    static const uint32_t lens[] = {20 + 1344, 20 + 1344, 20 + 292};

    p->time_ns = 77;
    amtg_packet_to_set(p, set);
    rig_push(rig, "in", p);
    for (unsigned i = 0; i < 3; i++) {
        struct amtg_ip ip;
        p = rig_take(rig, "out");
        ck_assert_ptr_eq(p->to, set);
        ck_assert_ptr_eq(p->type, AMTG_IP);
        ck_assert_uint_eq(p->len, lens[i]);
        ck_assert_uint_eq(p->transport, 20);
        ck_assert_uint_eq(p->protocol, 17);
        ck_assert_uint_eq(p->time_ns, 77);
        ck_assert_int_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND);
        ck_assert_int_eq(ip.later_fragment, i > 0);
        ck_assert_uint_eq(amtg_get_u16(p->data + 4), ID);
        amtg_packet_free(p);
    }
    amtg_set_free(set);
    ck_assert_uint_eq(rig_counter(rig, "cut"), 1);
    ck_assert_uint_eq(rig_counter(rig, "fragments"), 3);
    rig_free(rig);
}
END_TEST

START_TEST(what_no_fragment_can_hold_is_dropped)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-mtu}");
    struct amtg_packet *p = datagram(rig, SOURCE4, SSM4, 1500, false);

    /* Reaches past octet 65535 of its datagram. */
    amtg_put_u16(p->data + 6, 0x1fff);
    amtg_put_u16(p->data + 10, 0);
    amtg_put_u16(p->data + 10, amtg_checksum(amtg_sum(0, p->data, 20)));
    push(rig, p, 4, 0);
    ck_assert_uint_eq(rig_drops(rig, "cannot-cut"), 1);
    rig_free(rig);
}
END_TEST

/* ---- errors -------------------------------------------------------------- */

static void expect_error(struct rig *rig, const char *from, const char *to, uint32_t mtu)
{
    struct amtg_packet *p = rig_take(rig, "icmp");
    struct amtg_addr source = amtg_ip_source(p), destination = amtg_ip_destination(p);
    char text[AMTG_ADDR_TEXT];

    ck_assert_ptr_eq(p->type, AMTG_IP);
    ck_assert_str_eq(amtg_addr_text(&source, text), from);
    ck_assert_str_eq(amtg_addr_text(&destination, text), to);
    ck_assert_str_eq(amtg_addr_text(&p->peer.remote, text), to); /* for a rate-limit */
    ck_assert_uint_eq(p->peer.remote_port, 0);
    ck_assert_ptr_null(p->to);
    ck_assert_uint_eq(p->data[p->transport], amtg_ip_is4(p) ? 3 : 2);
    ck_assert_uint_eq(p->data[p->transport + 1], amtg_ip_is4(p) ? 4 : 0);
    ck_assert_uint_eq(amtg_get_u32(p->data + p->transport + 4), mtu);
    /* It quotes what came. */
    ck_assert_int_eq(p->data[p->transport + 8] >> 4, amtg_ip_is4(p) ? 4 : 6);
    amtg_packet_free(p);
}

/* */
START_TEST(the_source_of_an_ssm_group_is_told)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-mtu, " OURS "}");

    push(rig, datagram(rig, SOURCE4, SSM4, 1471, true), 4, 0);
    push(rig, datagram(rig, SOURCE6, SSM6, 1451, false), 6, 0);
    rig_expect_nothing(rig, "icmp"); /* not yet: there may be a smaller tunnel */
    rig_step(rig, 0);
    expect_error(rig, "198.51.100.1", SOURCE4, 1470);
    expect_error(rig, "2001:db8:1::1", SOURCE6, 1450);
    ck_assert_uint_eq(rig_drops(rig, "too-big4"), 1);
    ck_assert_uint_eq(rig_drops(rig, "too-big6"), 1);
    ck_assert_uint_eq(rig_counter(rig, "told"), 2);
    rig_free(rig);
}
END_TEST

/* one error, with the smallest MTU of all tunnels. */
/* */
START_TEST(one_error_speaks_for_all_tunnels)
{
    static const uint16_t pmtus[] = {0, 1280, 1400};
    struct rig *rig = rig_new(_i, "it: {class: amt-mtu, " OURS "}");

    for (unsigned i = 0; i < 3; i++) {
        push(rig, datagram(rig, SOURCE4, SSM4, 1471, true), 4, pmtus[i]);
        push(rig, datagram(rig, SOURCE6, SSM6, 1471, true), 4, pmtus[i]);
        push(rig, datagram(rig, SOURCE6, SSM6, 1471, true), 6, pmtus[i]);
    }
    rig_step(rig, 0);
    expect_error(rig, "198.51.100.1", SOURCE4, 1250);
    expect_error(rig, "2001:db8:1::1", SOURCE6, 1230);
    rig_expect_nothing(rig, "icmp");
    ck_assert_uint_eq(rig_drops_all(rig), 9);

    /* Some tunnels take it, some do not. */
    push(rig, datagram(rig, SOURCE4, SSM4, 1300, true), 4, 0);
    push(rig, datagram(rig, SOURCE4, SSM4, 1300, true), 4, 1280);
    rig_step(rig, 0);
    expect_error(rig, "198.51.100.1", SOURCE4, 1250);
    ck_assert_uint_eq(rig_count(rig, "out"), 1);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

/* */
START_TEST(sources_that_nobody_chose_are_not_told)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-mtu, " OURS "}");

    push(rig, datagram(rig, SOURCE4, ASM4, 1500, true), 4, 0);
    push(rig, datagram(rig, SOURCE6, "ff0e::1", 1500, true), 4, 0);
    push(rig, datagram(rig, "127.0.0.1", SSM4, 1500, true), 4, 0); /* and never: no host */
    rig_step(rig, 0);
    rig_expect_nothing(rig, "icmp");
    ck_assert_uint_eq(rig_drops_all(rig), 3);
    rig_free(rig);

    rig = rig_new(_i, "it: {class: amt-mtu, icmp: all, " OURS "}");
    push(rig, datagram(rig, SOURCE4, ASM4, 1500, true), 4, 0);
    push(rig, datagram(rig, SOURCE6, "ff0e::1", 1500, true), 4, 0);
    push(rig, datagram(rig, "127.0.0.1", SSM4, 1500, true), 4, 0);
    rig_step(rig, 0);
    expect_error(rig, "198.51.100.1", SOURCE4, 1470);
    expect_error(rig, "2001:db8:1::1", SOURCE6, 1470);
    rig_free(rig);

    rig = rig_new(_i, "it: {class: amt-mtu, icmp: none, " OURS "}");
    push(rig, datagram(rig, SOURCE4, SSM4, 1500, true), 4, 0);
    rig_step(rig, 0);
    rig_expect_nothing(rig, "icmp");
    ck_assert_uint_eq(rig_drops(rig, "too-big4"), 1);
    rig_free(rig);
}
END_TEST

/* A flood of channels makes a bounded number of errors in a turn, and keeps no more. */
START_TEST(a_turn_has_so_many_errors_and_no_more)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-mtu, " OURS "}");
    char source[AMTG_ADDR_TEXT];

    for (unsigned i = 0; i < 40; i++) {
        snprintf(source, sizeof source, "192.0.2.%u", 1 + i % 20);
        push(rig, datagram(rig, source, SSM4, 1500, true), 4, 0);
    }
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_count(rig, "icmp"), 16);
    ck_assert_uint_eq(rig_counter(rig, "not-told"), 8);
    ck_assert_uint_eq(rig_drops(rig, "too-big4"), 40);
    rig_ignore(rig, "icmp");
    rig_free(rig);
}
END_TEST

START_TEST(without_an_address_of_ours_nobody_is_told)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-mtu}");

    push(rig, datagram(rig, SOURCE4, SSM4, 1500, true), 4, 0);
    rig_step(rig, 0);
    rig_expect_nothing(rig, "icmp");
    ck_assert_uint_eq(rig_counter(rig, "no-address"), 1);
    ck_assert_uint_eq(rig_drops(rig, "too-big4"), 1);
    rig_free(rig);
}
END_TEST

START_TEST(what_waits_at_the_end_is_dropped)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-mtu, " OURS "}");

    push(rig, datagram(rig, SOURCE4, SSM4, 1500, true), 4, 0);
    rig_free(rig); /* proves that it is accounted for */
}
END_TEST

/* Errors to a source are few, whatever it sends: mtu.icmp -> rate-limit, as in relay.yaml. */
START_TEST(a_rate_limit_counts_errors_by_source)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-mtu, " OURS "}\n"
                                  "few: {class: rate-limit, address-rate: 10, address-burst: 5,\n"
                                  "      endpoint-rate: 0, total-rate: 100, total-burst: 8}\n"
                                  "end: {class: discard}\n"
                                  "edges:\n"
                                  "  - it.icmp -> few -> end");
    const struct amtg_element *few = rig_element(rig, "few");

    for (unsigned i = 0; i < 1000; i++) {
        push(rig, datagram(rig, SOURCE4, SSM4, 1500, true), 4, 0);
        rig_step(rig, 0);
    }
    ck_assert_uint_eq(few->emitted, 5);
    for (unsigned i = 0; i < 1000; i++) { /* another source is not kept from its own, but all are */
        push(rig, datagram(rig, SOURCE6, SSM6, 1500, true), 4, 0);
        rig_step(rig, 0);
    }
    ck_assert_uint_eq(few->emitted, 8);
    rig_step(rig, AMTG_S);
    push(rig, datagram(rig, SOURCE4, SSM4, 1500, true), 4, 0);
    rig_step(rig, 0);
    ck_assert_uint_eq(few->emitted, 9);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-mtu", a_tunnel_takes_the_path_mtu_less_the_headers,
               a_single_peer_is_served_like_a_set, a_datagram_without_df_is_cut_into_packets,
               fragments_go_where_the_datagram_went, what_no_fragment_can_hold_is_dropped,
               the_source_of_an_ssm_group_is_told, one_error_speaks_for_all_tunnels,
               sources_that_nobody_chose_are_not_told, a_turn_has_so_many_errors_and_no_more,
               without_an_address_of_ours_nobody_is_told, what_waits_at_the_end_is_dropped,
               a_rate_limit_counts_errors_by_source)
