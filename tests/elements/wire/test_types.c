/*
 * The types: their tree, what they look like in words, and on a wire.
 * Covers: E-21, M-26.
 */
#include "elements/wire/types.h"

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"
#include "elements/wire/udp.h"
#include "tests/elements/wire/hex.h"

static struct amtg_pool *pool;

static struct amtg_addr addr(const char *text)
{
    struct amtg_addr a;
    ck_assert_msg(amtg_addr_parse(text, &a), "%s", text);
    return a;
}

static struct amtg_packet *packet(const struct amtg_type *type, const char *text)
{
    uint8_t octets[512];
    uint32_t len = hex(text, octets);
    struct amtg_packet *p = amtg_packet_new(pool, len);
    ck_assert_ptr_nonnull(p);
    memcpy(p->data, octets, len);
    p->type = type;
    return p;
}

static struct amtg_peer peer(const char *remote, const char *local)
{
    return (struct amtg_peer){.remote = addr(remote), .remote_port = 51000,
                              .local = addr(local), .local_port = 2268};
}

/* Describe and free. */
static void ck_described(struct amtg_packet *p, const char *expected)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    amtg_type_describe(p, out);
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
    amtg_packet_free(p);
}

static void collect(void *arg, const uint8_t *octets, uint32_t len)
{
    struct amtg_batch *batch = arg;
    struct amtg_packet *p = amtg_packet_new(pool, len);
    memcpy(p->data, octets, len);
    batch->packets[batch->count++] = p;
}

START_TEST(narrow_types_stand_below_wide_ones)
{
    ck_assert(amtg_type_is(AMTG_IP4, AMTG_IP));
    ck_assert(amtg_type_is(AMTG_IP, AMTG_IP_RAW));
    ck_assert(!amtg_type_is(AMTG_IP_RAW, AMTG_IP));
    ck_assert(amtg_type_is(AMTG_AMT_TEARDOWN, AMTG_DATAGRAM));
    ck_assert(!amtg_type_is(AMTG_AMT_DATA, AMTG_IP_RAW));
    ck_assert(amtg_type_is(AMTG_GONE, AMTG_RECORD));
    ck_assert(!amtg_type_is(AMTG_REPORT, AMTG_PACKET));
    ck_assert_ptr_eq(amtg_type_common(AMTG_AMT_QUERY, AMTG_AMT_DATA), AMTG_AMT);
    ck_assert_ptr_eq(amtg_type_common(AMTG_IP4, AMTG_DATAGRAM), AMTG_PACKET);
    ck_assert_ptr_null(amtg_type_wire(AMTG_REPORT));
    ck_assert_ptr_eq(amtg_type_wire(AMTG_AMT_DATA), amtg_type_wire(AMTG_DATAGRAM));
}
END_TEST

START_TEST(each_layer_is_told_in_one_line)
{
    struct amtg_peer gateway = peer("203.0.113.7", "192.0.2.1");
    struct amtg_packet *p;

    ck_described(packet(AMTG_IP_RAW, HEX_INNER_DATA),
                 "198.51.100.12 > 232.1.2.3 TTL 9, UDP 5000 > 5001, 4 octets");
    ck_described(packet(AMTG_IP, HEX_INNER_QUERY4),
                 "0.0.0.0 > 224.0.0.1 TTL 1, IGMPv3 general query, QRV 2, QQI 125 s, 0 sources");
    ck_described(packet(AMTG_IP, HEX_INNER_REPORT6),
                 "fe80::2 > ff02::16 hop limit 1, MLDv2 report, 1 record: "
                 "ALLOW ff3e::8000:d {2001:db8::a}");

    p = packet(AMTG_AMT_REQUEST, HEX_REQUEST6);
    p->peer = gateway;
    ck_described(p, "203.0.113.7:51000 > 192.0.2.1:2268, AMT Request nonce a1b2c3d4 for MLDv2");
    p = packet(AMTG_AMT_QUERY, HEX_QUERY6_LG);
    amtg_packet_to_peer(p, &gateway);
    ck_described(p, "192.0.2.1:2268 > 203.0.113.7:51000, AMT Membership Query nonce a1b2c3d4 "
                    "MAC 010203040506 L gateway 2001:db8:1::7 port 51000: fe80::1 > ff02::1 "
                    "hop limit 1, MLDv2 general query, QRV 2, QQI 125 s, 0 sources");
    p = packet(AMTG_DATAGRAM, HEX_DATA);
    p->peer = peer("2001:db8::1", "2001:db8::2");
    ck_described(p, "[2001:db8::1]:51000 > [2001:db8::2]:2268, 34 octets");
    struct amtg_peer unbound = gateway; /* it leaves from whatever the system chooses */
    unbound.local = (struct amtg_addr){0};
    unbound.local_port = 0;
    p = packet(AMTG_DATAGRAM, HEX_DATA);
    amtg_packet_to_peer(p, &unbound);
    ck_described(p, "to 203.0.113.7:51000, 34 octets");
    p = packet(AMTG_REPORT, "2200ffff00000002 06000001e8010203c633640c 09000000e8010204");
    p->peer = gateway;
    ck_described(p, "203.0.113.7:51000: IGMPv3 report, 2 records: "
                    "BLOCK 232.1.2.3 {198.51.100.12}; type 9 232.1.2.4 {}");
    p = packet(AMTG_GONE, "");
    p->peer = gateway;
    ck_described(p, "203.0.113.7:51000 is gone");
}
END_TEST

START_TEST(joins_are_told_with_their_sources)
{
    struct {
        struct amtg_join join;
        struct amtg_addr sources[6];
    } j = {.join = {.group = addr("232.1.2.3"), .count = 1}, .sources = {addr("198.51.100.12")}};

    for (unsigned i = 1; i < 6; i++)
        j.sources[i] = addr("2001:db8::1");
    struct amtg_packet *p = amtg_packet_new(pool, sizeof j);
    p->type = AMTG_JOIN;
    memcpy(p->data, &j, sizeof j);
    ck_described(p, "only 232.1.2.3 {198.51.100.12}");

    p = amtg_packet_new(pool, sizeof j);
    p->type = AMTG_JOIN;
    j.join.exclude = 1;
    j.join.count = 6;
    memcpy(p->data, &j, sizeof j);
    ck_described(p, "all but 232.1.2.3 {198.51.100.12, 2001:db8::1, 2001:db8::1, 2001:db8::1 "
                    "and 2 more}");
    p = amtg_packet_new(pool, sizeof j);
    p->type = AMTG_JOIN;
    j.join.count = 7;
    memcpy(p->data, &j, sizeof j);
    ck_described(p, "join, truncated");
}
END_TEST

START_TEST(rubbish_of_any_length_is_told_too)
{
    static const char *const texts[] = {HEX_INNER_DATA, HEX_INNER_QUERY4, HEX_INNER_QUERY6,
                                        HEX_INNER_REPORT4, HEX_INNER_REPORT6, HEX_QUERY6_LG,
                                        HEX_UPDATE4, HEX_TEARDOWN, HEX_ADVERTISEMENT6};
    const struct amtg_type *const types[] = {AMTG_IP_RAW, AMTG_AMT, AMTG_DATAGRAM, AMTG_REPORT,
                                             AMTG_JOIN, AMTG_UNREACHABLE, AMTG_GONE};
    uint32_t noise = 1;
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint8_t octets[256];
        uint32_t whole = hex(texts[i], octets);
        for (uint32_t len = 0; len <= whole; len++) {
            for (unsigned t = 0; t < sizeof types / sizeof types[0]; t++) {
                struct amtg_packet *p = amtg_packet_new(pool, len);
                memcpy(p->data, octets, len);
                if (len) { /* spoil one octet */
                    noise = noise * 1664525u + 1013904223u;
                    p->data[(noise >> 8) % len] = (uint8_t)(noise >> 24);
                }
                p->type = types[t];
                char *text = NULL;
                size_t text_len = 0;
                FILE *out = open_memstream(&text, &text_len);
                amtg_type_describe(p, out);
                fclose(out);
                ck_assert_uint_gt(text_len, 0);
                ck_assert_ptr_null(strchr(text, '\n'));
                free(text);
                amtg_packet_free(p);
            }
        }
    }
}
END_TEST

START_TEST(datagrams_survive_the_wire)
{
    static const struct { const char *remote, *local; uint32_t heads; } rows[] = {
        {"203.0.113.7", "192.0.2.1", 28}, {"2001:db8:1::7", "2001:db8::1", 48}};
    const struct amtg_wire_form *wire = amtg_type_wire(AMTG_DATAGRAM);

    for (unsigned i = 0; i < 2; i++) {
        struct amtg_batch sent = {0};
        struct amtg_peer to = peer(rows[i].remote, rows[i].local);
        struct amtg_packet *p = packet(AMTG_AMT_REQUEST, HEX_REQUEST4);
        amtg_packet_to_peer(p, &to);
        wire->to_ip(p, collect, &sent);
        ck_assert_uint_eq(sent.count, 1);
        struct amtg_packet *back = sent.packets[0];
        ck_assert_uint_eq(back->len, rows[i].heads + 8);
        ck_assert(wire->from_ip(back));
        ck_assert_uint_eq(back->len, p->len);
        ck_assert_mem_eq(back->data, p->data, p->len);
        /* Seen by the other end, sender and receiver have changed places. */
        ck_assert(amtg_addr_equal(&back->peer.remote, &to.local));
        ck_assert(amtg_addr_equal(&back->peer.local, &to.remote));
        ck_assert_uint_eq(back->peer.remote_port, to.local_port);
        ck_assert_uint_eq(back->peer.local_port, to.remote_port);
        amtg_packet_free(p);
        amtg_packet_free(back);

        /* One that came in looks as it did when it came. */
        sent.count = 0;
        p = packet(AMTG_AMT_REQUEST, HEX_REQUEST4);
        p->peer = to;
        wire->to_ip(p, collect, &sent);
        ck_assert_uint_eq(sent.count, 1);
        ck_assert(wire->from_ip(sent.packets[0]));
        ck_assert(amtg_addr_equal(&sent.packets[0]->peer.remote, &to.remote));
        ck_assert_uint_eq(sent.packets[0]->peer.remote_port, to.remote_port);
        amtg_packet_free(p);
        amtg_packet_free(sent.packets[0]);
    }
}
END_TEST

START_TEST(a_set_is_one_datagram_for_each_live_endpoint)
{
    struct amtg_set *set = amtg_set_new(1);
    struct amtg_endpoint *endpoints[3];
    for (unsigned i = 0; i < 3; i++) {
        struct amtg_peer to = peer("203.0.113.7", "192.0.2.1");
        to.remote_port = (uint16_t)(100 + i);
        endpoints[i] = amtg_endpoint_new(&to);
        ck_assert(amtg_set_add(&set, endpoints[i]));
    }
    endpoints[1]->dead = true;
    struct amtg_packet *p = packet(AMTG_AMT_DATA, HEX_DATA);
    struct amtg_batch sent = {0};
    amtg_packet_to_set(p, set);
    amtg_type_wire(AMTG_AMT_DATA)->to_ip(p, collect, &sent);
    ck_assert_uint_eq(sent.count, 2);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert(amtg_type_wire(AMTG_DATAGRAM)->from_ip(sent.packets[i]));
        ck_assert_uint_eq(sent.packets[i]->peer.local_port, 100 + 2 * i);
        amtg_packet_free(sent.packets[i]);
    }
    amtg_packet_free(p);
    for (unsigned i = 0; i < 3; i++)
        amtg_endpoint_free(endpoints[i]);
    amtg_set_free(set);
}
END_TEST

START_TEST(ip_types_take_what_they_verify)
{
    struct amtg_packet *p = packet(AMTG_IP_RAW, HEX_INNER_DATA "eeee");
    ck_assert(amtg_type_wire(AMTG_IP_RAW)->from_ip(p));
    ck_assert_uint_eq(p->len, 34);
    ck_assert(!amtg_type_wire(AMTG_IP6)->from_ip(p));
    ck_assert(amtg_type_wire(AMTG_IP4)->from_ip(p));
    ck_assert_uint_eq(p->len, 32);
    ck_assert_uint_eq(p->transport, 20);
    ck_assert_uint_eq(p->protocol, 17);
    p->data[10] ^= 1;
    ck_assert(!amtg_type_wire(AMTG_IP)->from_ip(p));
    amtg_packet_free(p);
}
END_TEST

/* An ICMP (family 4) or ICMPv6 error from a router about a datagram from `local` to `remote`. */
static struct amtg_packet *icmp_error(const char *remote, const char *local, uint8_t type,
                                      uint8_t code, uint32_t rest, uint32_t quoted)
{
    struct amtg_peer sent = peer(remote, local);
    bool ip4 = amtg_addr_is4(&sent.remote);
    struct amtg_udp_options options = {.hops = 64};
    uint8_t payload[64] = {6}, quote[128], whole[256] = {0};
    uint32_t at = amtg_udp_build(&sent, &options, payload, sizeof payload, quote);
    memcpy(quote + at, payload, sizeof payload);

    struct amtg_ip_head head = {.src = addr(ip4 ? "192.0.2.254" : "2001:db8::fe"),
                                .dst = sent.local, .payload = 8 + quoted, .hops = 64,
                                .protocol = ip4 ? IPPROTO_ICMP : IPPROTO_ICMPV6};
    at = amtg_ip_build(&head, whole);
    whole[at] = type;
    whole[at + 1] = code;
    amtg_put_u32(whole + at + 4, rest);
    memcpy(whole + at + 8, quote, quoted);
    uint64_t sum = ip4 ? 0 : amtg_sum_pseudo(0, &head.src, &head.dst, IPPROTO_ICMPV6, 8 + quoted);
    amtg_put_u16(whole + at + 2, amtg_checksum(amtg_sum(sum, whole + at, 8 + quoted)));

    struct amtg_packet *p = amtg_packet_new(pool, at + 8 + quoted);
    memcpy(p->data, whole, p->len);
    p->type = AMTG_UNREACHABLE;
    return p;
}

START_TEST(icmp_errors_become_records_about_the_peer)
{
    static const struct {
        const char *remote, *local;
        uint8_t type, code;
        uint32_t rest, mtu, quoted;
        const char *text;
    } rows[] = {
        {"203.0.113.7", "192.0.2.1", 3, 3, 0, 0, 28,
         "203.0.113.7:51000 unreachable: ICMP type 3 code 3"},
        {"203.0.113.7", "192.0.2.1", 3, 4, 1400, 1400, 92,
         "203.0.113.7:51000 unreachable: ICMP type 3 code 4, MTU 1400"},
        {"203.0.113.7", "192.0.2.1", 11, 0, 99, 0, 28,
         "203.0.113.7:51000 unreachable: ICMP type 11 code 0"},
        {"2001:db8:1::7", "2001:db8::1", 1, 4, 0, 0, 48,
         "[2001:db8:1::7]:51000 unreachable: ICMPv6 type 1 code 4"},
        {"2001:db8:1::7", "2001:db8::1", 2, 0, 1280, 1280, 112,
         "[2001:db8:1::7]:51000 unreachable: ICMPv6 type 2 code 0, MTU 1280"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct amtg_packet *p = icmp_error(rows[i].remote, rows[i].local, rows[i].type,
                                           rows[i].code, rows[i].rest, rows[i].quoted);
        ck_assert(amtg_type_wire(AMTG_UNREACHABLE)->from_ip(p));
        struct amtg_unreachable u;
        ck_assert_uint_eq(p->len, sizeof u);
        ck_assert_uint_eq((uintptr_t)p->data % _Alignof(struct amtg_unreachable), 0);
        memcpy(&u, p->data, sizeof u);
        ck_assert_uint_eq(u.type, rows[i].type);
        ck_assert_uint_eq(u.code, rows[i].code);
        ck_assert_uint_eq(u.mtu, rows[i].mtu);
        ck_assert(!u.local);
        ck_assert_uint_eq(u.quoted, rows[i].quoted > 48 ? AMTG_QUOTED_MOST : 0);
        ck_assert(u.quoted == 0 || memcmp(u.quote, "\6\0\0\0\0\0\0", AMTG_QUOTED_MOST) == 0);
        ck_assert_uint_eq(p->peer.remote_port, 51000);
        ck_assert_uint_eq(p->peer.local_port, 2268);
        struct amtg_addr local = addr(rows[i].local);
        ck_assert(amtg_addr_equal(&p->peer.local, &local));
        ck_described(p, rows[i].text);
    }
}
END_TEST

/* Make the ICMP checksum of an IPv4 error right again after octets were changed. */
static void fix_icmp4(struct amtg_packet *p)
{
    memset(p->data + 22, 0, 2);
    amtg_put_u16(p->data + 22, amtg_checksum(amtg_sum(0, p->data + 20, p->len - 20)));
}

/* Covers: E-21. */
START_TEST(what_is_no_error_about_our_datagram_is_no_record)
{
    const struct amtg_wire_form *wire = amtg_type_wire(AMTG_UNREACHABLE);
    struct { unsigned at; uint8_t value; const char *what; } rows[] = {
        {20, 0, "an echo reply"},       {20, 5, "a redirect"},
        {28, 0x65, "quotes IPv6"},      {28, 0x44, "quotes a short header"},
        {35, 1, "quotes a fragment"},   {37, 6, "quotes TCP"},
        {43, 2, "from another of us"},  {53, 7, "a quoted UDP length below 8"},
        {53, 73, "a quoted UDP length past its datagram"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct amtg_packet *p = icmp_error("203.0.113.7", "192.0.2.1", 3, 3, 0, 28);
        fix_icmp4(p);
        p->data[rows[i].at] = rows[i].value;
        fix_icmp4(p);
        uint32_t len = p->len;
        ck_assert_msg(!wire->from_ip(p), "%s", rows[i].what);
        ck_assert_uint_eq(p->len, len);
        amtg_packet_free(p);
    }
    /* Quotes that end too early; a wrong checksum; not ICMP at all. */
    for (uint32_t quoted = 0; quoted < 28; quoted++) {
        struct amtg_packet *p = icmp_error("203.0.113.7", "192.0.2.1", 3, 3, 0, quoted);
        ck_assert(!wire->from_ip(p));
        amtg_packet_free(p);
    }
    for (uint32_t quoted = 0; quoted < 48; quoted++) {
        struct amtg_packet *p = icmp_error("2001:db8:1::7", "2001:db8::1", 1, 4, 0, quoted);
        ck_assert(!wire->from_ip(p));
        amtg_packet_free(p);
    }
    struct amtg_packet *p = icmp_error("203.0.113.7", "192.0.2.1", 3, 3, 0, 28);
    p->data[22] ^= 1;
    ck_assert(!wire->from_ip(p));
    amtg_packet_free(p);
    p = packet(AMTG_UNREACHABLE, HEX_INNER_DATA);
    ck_assert(!wire->from_ip(p));
    amtg_packet_free(p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("types");
    TCase *all = tcase_create("types");
    pool = amtg_pool_new(64, 4);
    tcase_add_test(all, narrow_types_stand_below_wide_ones);
    tcase_add_test(all, each_layer_is_told_in_one_line);
    tcase_add_test(all, joins_are_told_with_their_sources);
    tcase_add_test(all, rubbish_of_any_length_is_told_too);
    tcase_add_test(all, datagrams_survive_the_wire);
    tcase_add_test(all, a_set_is_one_datagram_for_each_live_endpoint);
    tcase_add_test(all, ip_types_take_what_they_verify);
    tcase_add_test(all, icmp_errors_become_records_about_the_peer);
    tcase_add_test(all, what_is_no_error_about_our_datagram_is_no_record);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    amtg_pool_free(pool);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
