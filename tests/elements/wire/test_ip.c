/*
 * Checksums, IP headers and UDP headers.
 * Covers: S-12, R-37, R-38, M-1, M-3, M-10, M-17, M-23, E-19.
 */
#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"
#include "elements/wire/udp.h"
#include "tests/elements/wire/hex.h"

static struct amtg_addr addr(const char *text)
{
    struct amtg_addr a;
    ck_assert_msg(amtg_addr_parse(text, &a), "%s", text);
    return a;
}

/* ---- checksums -------------------------------------------------------------- */

/* RFC 1071 word by word, to compare with. */
static uint16_t slow(const uint8_t *octets, uint32_t len)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < len; i++)
        sum += i % 2 ? octets[i] : (uint32_t)octets[i] << 8;
    while (sum >> 16)
        sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)sum;
}

START_TEST(sums_agree_with_the_definition)
{
    uint8_t octets[300];
    uint32_t noise = 7;
    for (unsigned i = 0; i < sizeof octets; i++) {
        noise = noise * 1664525u + 1013904223u;
        octets[i] = i % 3 ? 0xff : (uint8_t)(noise >> 24); /* many carries */
    }
    for (uint32_t from = 0; from < 9; from++)
        for (uint32_t len = 0; len + from <= 120; len++)
            ck_assert_uint_eq(amtg_sum_fold(amtg_sum(0, octets + from, len)),
                              slow(octets + from, len));
    /* In pieces, all but the last of even length. */
    uint64_t sum = amtg_sum(amtg_sum(amtg_sum(0, octets, 18), octets + 18, 30), octets + 48, 101);
    ck_assert_uint_eq(amtg_sum_fold(sum), slow(octets, 149));
    sum = amtg_sum_u16(amtg_sum(0, octets, 18), 0xbeef);
    hex("beef", octets + 18);
    ck_assert_uint_eq(amtg_sum_fold(sum), slow(octets, 20));
    /* Nothing but carries. */
    memset(octets, 0xff, sizeof octets);
    ck_assert_uint_eq(amtg_sum_fold(amtg_sum(UINT64_MAX, octets, 300)), 0xffff);
    ck_assert_uint_eq(amtg_sum_fold(amtg_sum(0, NULL, 0)), 0);
}
END_TEST

START_TEST(the_example_of_rfc_1071_comes_out)
{
    uint8_t octets[8];
    uint32_t len = hex("0001f203f4f5f6f7", octets);
    ck_assert_uint_eq(amtg_sum_fold(amtg_sum(0, octets, len)), 0xddf2);
    ck_assert_uint_eq(amtg_checksum(amtg_sum(0, octets, len)), 0x220d);
}
END_TEST

START_TEST(replacing_a_word_is_as_good_as_summing_again)
{
    uint8_t head[20];
    hex("450000201234000009118b55c633640ce8010203", head);
    for (uint32_t word = 0; word < 0x10000; word += 13) {
        uint16_t old_sum = amtg_get_u16(head + 10), old_word = amtg_get_u16(head + 4);
        amtg_put_u16(head + 4, (uint16_t)word);
        amtg_put_u16(head + 10, amtg_checksum_replace(old_sum, old_word, (uint16_t)word));
        ck_assert_uint_eq(amtg_sum_fold(amtg_sum(0, head, 20)), 0xffff);
    }
    /* The example of RFC 1624, section 4. */
    ck_assert_uint_eq(amtg_checksum_replace(0xdd2f, 0x5555, 0x3285), 0x0000);
}
END_TEST

/* ---- IP headers --------------------------------------------------------------- */

static enum amtg_ip_fault parse(const uint8_t *octets, uint32_t len, struct amtg_ip *ip)
{
    uint8_t *copy = exact(octets, len);
    enum amtg_ip_fault fault = amtg_ip_parse(copy, len, ip);
    free(copy);
    return fault;
}

static void fix4(uint8_t *octets)
{
    uint32_t header = (octets[0] & 0x0fu) * 4;
    memset(octets + 10, 0, 2);
    amtg_put_u16(octets + 10, amtg_checksum(amtg_sum(0, octets, header)));
}

START_TEST(headers_are_read_as_they_stand)
{
    uint8_t o[256];
    struct amtg_ip ip;
    struct amtg_addr a;

    ck_assert_int_eq(parse(o, hex(HEX_INNER_DATA, o), &ip), AMTG_IP_SOUND);
    ck_assert_uint_eq(ip.version, 4);
    ck_assert_uint_eq(ip.total, 32);
    ck_assert_uint_eq(ip.header, 20);
    ck_assert_uint_eq(ip.transport, 20);
    ck_assert_uint_eq(ip.protocol, IPPROTO_UDP);
    ck_assert_uint_eq(ip.hops, 9);
    ck_assert(!ip.fragment && !ip.dont_fragment && !ip.router_alert);
    a = addr("198.51.100.12");
    ck_assert(amtg_addr_equal(&ip.src, &a));
    a = addr("232.1.2.3");
    ck_assert(amtg_addr_equal(&ip.dst, &a));

    ck_assert_int_eq(parse(o, hex(HEX_INNER_REPORT4, o), &ip), AMTG_IP_SOUND);
    ck_assert_uint_eq(ip.transport, 24);
    ck_assert_uint_eq(ip.tos, 0xc0);
    ck_assert(ip.router_alert && ip.dont_fragment);
    ck_assert_uint_eq(ip.router_alerts, 1);
    ck_assert_uint_eq(ip.router_alert_value, 0);

    uint32_t len = hex(HEX_INNER_REPORT6, o);
    o[0] = 0x6a;
    o[1] = 0xb0;
    ck_assert_int_eq(parse(o, len, &ip), AMTG_IP_SOUND);
    ck_assert_uint_eq(ip.version, 6);
    ck_assert_uint_eq(ip.total, 92);
    ck_assert_uint_eq(ip.transport, 48);
    ck_assert_uint_eq(ip.protocol, IPPROTO_ICMPV6);
    ck_assert_uint_eq(ip.hops, 1);
    ck_assert_uint_eq(ip.tos, 0xab);
    ck_assert(ip.router_alert && ip.hop_by_hop && !ip.other_extensions);
    a = addr("fe80::2");
    ck_assert(amtg_addr_equal(&ip.src, &a));
    a = addr("ff02::16");
    ck_assert(amtg_addr_equal(&ip.dst, &a));
}
END_TEST

START_TEST(every_truncated_datagram_is_refused)
{
    static const char *const texts[] = {HEX_INNER_DATA, HEX_INNER_REPORT4, HEX_INNER_REPORT6};
    for (unsigned i = 0; i < 3; i++) {
        uint8_t o[256];
        struct amtg_ip ip;
        uint32_t whole = hex(texts[i], o);
        for (uint32_t len = 0; len < whole; len++)
            ck_assert_int_eq(parse(o, len, &ip), AMTG_IP_FAULT_TRUNCATED);
        memset(o + whole, 0xee, 9);
        ck_assert_int_eq(parse(o, whole + 9, &ip), AMTG_IP_SOUND); /* padding behind it */
        ck_assert_uint_eq(ip.total, whole);
    }
}
END_TEST

START_TEST(each_fault_has_its_name)
{
    static const struct {
        const char *octets;
        unsigned at;
        uint8_t value;
        enum amtg_ip_fault fault;
    } rows[] = {
        {HEX_INNER_DATA, 0, 0x55, AMTG_IP_FAULT_VERSION},
        {HEX_INNER_DATA, 0, 0x05, AMTG_IP_FAULT_VERSION},
        {HEX_INNER_DATA, 0, 0x44, AMTG_IP_FAULT_HEADER_LENGTH},
        {HEX_INNER_DATA, 0, 0x40, AMTG_IP_FAULT_HEADER_LENGTH},
        {HEX_INNER_DATA, 0, 0x49, AMTG_IP_FAULT_TRUNCATED}, /* 36 octets of header in 32 */
        {HEX_INNER_DATA, 3, 19, AMTG_IP_FAULT_TOTAL_LENGTH},
        {HEX_INNER_DATA, 3, 0, AMTG_IP_FAULT_TOTAL_LENGTH},
        {HEX_INNER_DATA, 3, 33, AMTG_IP_FAULT_TRUNCATED},
        {HEX_INNER_DATA, 2, 0xff, AMTG_IP_FAULT_TRUNCATED},
        {HEX_INNER_REPORT4, 20, 0x94, AMTG_IP_SOUND},
        {HEX_INNER_REPORT4, 21, 0, AMTG_IP_FAULT_OPTIONS},
        {HEX_INNER_REPORT4, 21, 1, AMTG_IP_FAULT_OPTIONS},
        {HEX_INNER_REPORT4, 21, 5, AMTG_IP_FAULT_OPTIONS},
        {HEX_INNER_REPORT4, 21, 255, AMTG_IP_FAULT_OPTIONS},
        {HEX_INNER_REPORT4, 21, 3, AMTG_IP_SOUND}, /* an end of options follows */
        {HEX_INNER_REPORT4, 20, 0, AMTG_IP_SOUND}, /* nothing but an end of options */
        {HEX_INNER_REPORT6, 4, 1, AMTG_IP_FAULT_TRUNCATED},
        {HEX_INNER_REPORT6, 5, 53, AMTG_IP_FAULT_TRUNCATED},
        {HEX_INNER_REPORT6, 5, 0, AMTG_IP_FAULT_TOTAL_LENGTH},
        {HEX_INNER_REPORT6, 5, 7, AMTG_IP_FAULT_EXTENSIONS},
        {HEX_INNER_REPORT6, 41, 6, AMTG_IP_FAULT_EXTENSIONS},
        {HEX_INNER_REPORT6, 41, 255, AMTG_IP_FAULT_EXTENSIONS},
        {HEX_INNER_REPORT6, 40, 0, AMTG_IP_FAULT_EXTENSIONS}, /* a second hop-by-hop header */
        {HEX_INNER_REPORT6, 43, 5, AMTG_IP_FAULT_EXTENSIONS}, /* an option past the header */
        {HEX_INNER_REPORT6, 47, 1, AMTG_IP_FAULT_EXTENSIONS},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t o[256];
        struct amtg_ip ip;
        uint32_t len = hex(rows[i].octets, o);
        o[rows[i].at] = rows[i].value;
        if (o[0] >> 4 == 4 && rows[i].fault != AMTG_IP_FAULT_HEADER_LENGTH && (o[0] & 15) < 8)
            fix4(o);
        enum amtg_ip_fault fault = parse(o, len, &ip);
        ck_assert_msg(fault == rows[i].fault, "row %u: %s", i, amtg_ip_fault_text(fault));
    }
    for (unsigned bit = 0; bit < 160; bit++) {
        uint8_t o[256];
        struct amtg_ip ip;
        uint32_t len = hex(HEX_INNER_DATA, o);
        o[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_msg(parse(o, len, &ip) != AMTG_IP_SOUND, "bit %u", bit);
    }
    ck_assert_str_eq(amtg_ip_fault_text(AMTG_IP_FAULT_CHECKSUM), "ip-checksum");
    ck_assert_str_eq(amtg_ip_fault_text(99), "unknown");
}
END_TEST

START_TEST(ipv4_in_disguise_is_no_ipv6_address)
{
    uint8_t o[256];
    struct amtg_ip ip;
    uint32_t len = hex(HEX_INNER_REPORT6, o);
    hex("00000000000000000000ffffc0000201", o + 8);
    ck_assert_int_eq(parse(o, len, &ip), AMTG_IP_FAULT_ADDRESS);
    len = hex(HEX_INNER_REPORT6, o);
    hex("00000000000000000000ffffe8010203", o + 24);
    ck_assert_int_eq(parse(o, len, &ip), AMTG_IP_FAULT_ADDRESS);
}
END_TEST

START_TEST(fragments_are_known)
{
    static const struct { const char *part; bool fragment, later, df; } four[] = {
        {"0000", false, false, false}, {"4000", false, false, true}, {"2000", true, false, false},
        {"0001", true, true, false},   {"3fff", true, true, false},
    };
    for (unsigned i = 0; i < 5; i++) {
        uint8_t o[256];
        struct amtg_ip ip;
        uint32_t len = hex(HEX_INNER_DATA, o);
        hex(four[i].part, o + 6);
        fix4(o);
        ck_assert_int_eq(parse(o, len, &ip), AMTG_IP_SOUND);
        ck_assert_int_eq(ip.fragment, four[i].fragment);
        ck_assert_int_eq(ip.later_fragment, four[i].later);
        ck_assert_int_eq(ip.dont_fragment, four[i].df);
    }
    static const struct { const char *part; bool fragment, later; } six[] = {
        {"0000", false, false}, {"0001", true, false}, {"0008", true, true}, {"0009", true, true}};
    for (unsigned i = 0; i < 4; i++) {
        uint8_t o[256];
        struct amtg_ip ip;
        uint32_t len = hex("60000000001411 40 20010db8000000000000000000000001"
                           "ff3e000000000000000000008000000d"
                           "1100 0000 00000007 1388138900 0c0000 74657374", o);
        o[6] = 44;
        hex(six[i].part, o + 42);
        ck_assert_int_eq(parse(o, len, &ip), AMTG_IP_SOUND);
        ck_assert_int_eq(ip.fragment, six[i].fragment);
        ck_assert_int_eq(ip.later_fragment, six[i].later);
        ck_assert_uint_eq(ip.transport, 48);
        ck_assert_uint_eq(ip.protocol, IPPROTO_UDP);
        ck_assert(ip.other_extensions);
    }
}
END_TEST

START_TEST(extension_headers_are_walked_to_the_transport)
{
    uint8_t o[512];
    struct amtg_ip ip;
    const char *head = "6000000000380040 20010db8000000000000000000000001"
                       "ff3e000000000000000000008000000d";
    /* hop-by-hop, destination options, routing, authentication (24 octets), UDP */
    uint32_t len = hex(head, o);
    len += hex("3c00010400000000 2b00010400000000 3300000000000000"
               "1104000000000001 0000000100000000 0000000000000000"
               "1388138900080000", o + len);
    ck_assert_uint_eq(len, 40 + 0x38);
    ck_assert_int_eq(parse(o, len, &ip), AMTG_IP_SOUND);
    ck_assert_uint_eq(ip.transport, 88);
    ck_assert_uint_eq(ip.protocol, IPPROTO_UDP);
    ck_assert(ip.hop_by_hop && ip.other_extensions && !ip.router_alert);

    /* A hop-by-hop header anywhere but first. */
    o[40] = 0;
    ck_assert_int_eq(parse(o, len, &ip), AMTG_IP_FAULT_EXTENSIONS);

    /* Eight are fine; a longer chain is cut off, however long the datagram. */
    for (unsigned count = 8; count < 10; count++) {
        len = hex(head, o);
        o[6] = 60;
        for (unsigned i = 0; i < count; i++)
            len += hex("3c00010400000000", o + len);
        o[len - 8] = 59; /* no next header */
        amtg_put_u16(o + 4, (uint16_t)(len - 40));
        ck_assert_int_eq(parse(o, len, &ip),
                         count == 8 ? AMTG_IP_SOUND : AMTG_IP_FAULT_EXTENSIONS);
    }
    ck_assert_uint_eq(ip.protocol, 59);
    ck_assert_uint_eq(ip.transport, 40 + 8 * 8);
}
END_TEST

START_TEST(what_is_built_is_sound)
{
    static const struct { const char *src, *dst; uint32_t octets[2]; } rows[] = {
        {"192.0.2.1", "203.0.113.7", {20, 24}}, {"2001:db8::1", "2001:db8::2", {40, 48}}};
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned alert = 0; alert < 2; alert++) {
            uint8_t o[AMTG_IP_HEAD_MOST + 5] = {0};
            struct amtg_ip ip;
            struct amtg_ip_head head = {.src = addr(rows[i].src), .dst = addr(rows[i].dst),
                                        .payload = 5, .id = 0x1234, .protocol = 99, .hops = 7,
                                        .tos = 0xb8, .dont_fragment = true,
                                        .router_alert = alert};
            uint32_t octets = rows[i].octets[alert];
            ck_assert_uint_eq(amtg_ip_head_octets(&head), octets);
            ck_assert_uint_eq(amtg_ip_build(&head, o), octets);
            ck_assert_int_eq(parse(o, octets + 5, &ip), AMTG_IP_SOUND);
            ck_assert_uint_eq(ip.total, octets + 5);
            ck_assert_uint_eq(ip.transport, octets);
            ck_assert_uint_eq(ip.protocol, 99);
            ck_assert_uint_eq(ip.hops, 7);
            ck_assert_uint_eq(ip.tos, 0xb8);
            ck_assert(ip.dont_fragment);
            ck_assert_uint_eq(ip.router_alerts, alert);
            ck_assert(amtg_addr_equal(&ip.src, &head.src));
            ck_assert(amtg_addr_equal(&ip.dst, &head.dst));
        }
    }
}
END_TEST

/* ---- UDP ------------------------------------------------------------------------ */

static struct amtg_peer peer(const char *remote, const char *local)
{
    return (struct amtg_peer){.remote = addr(remote), .remote_port = 51000,
                              .local = addr(local), .local_port = 2268};
}

static const struct amtg_udp_options options = {.hops = 64, .tos = 0xc0, .dont_fragment = true};

/* A whole datagram; returns its length. */
static uint32_t build(const struct amtg_peer *to, const char *payload, uint8_t *o)
{
    uint8_t octets[64];
    uint32_t len = hex(payload, octets);
    uint32_t at = amtg_udp_build(to, &options, octets, len, o);
    memcpy(o + at, octets, len);
    return at + len;
}

START_TEST(udp_survives_a_round_trip)
{
    static const struct { const char *remote, *local; uint32_t heads; } rows[] = {
        {"203.0.113.7", "192.0.2.1", 28}, {"2001:db8:1::7", "2001:db8::1", 48},
        {"203.0.113.7", "::", 28},        {"2001:db8:1::7", "0.0.0.0", 48},
    };
    static const char *const payloads[] = {"", "01", HEX_REQUEST4, HEX_TEARDOWN "00"};
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned k = 0; k < 4; k++) {
            uint8_t o[256], payload[64];
            struct amtg_peer to = peer(rows[i].remote, rows[i].local);
            struct amtg_ip ip;
            struct amtg_udp udp;
            uint32_t len = build(&to, payloads[k], o), payload_len = hex(payloads[k], payload);
            ck_assert_uint_eq(len, rows[i].heads + payload_len);
            ck_assert_int_eq(parse(o, len, &ip), AMTG_IP_SOUND);
            ck_assert_int_eq(amtg_udp_parse(o, &ip, false, &udp), AMTG_UDP_SOUND);
            ck_assert_uint_eq(udp.payload, rows[i].heads);
            ck_assert_uint_eq(udp.payload_octets, payload_len);
            ck_assert(!udp.no_checksum && !udp.unfinished);
            ck_assert(amtg_addr_equal(&udp.peer.local, &to.remote));
            ck_assert_uint_eq(udp.peer.local_port, 51000);
            ck_assert_uint_eq(udp.peer.remote_port, 2268);
            if (i < 2)
                ck_assert(amtg_addr_equal(&udp.peer.remote, &to.local));
            else
                ck_assert(amtg_addr_is_unspecified(&udp.peer.remote));
            ck_assert_int_eq(amtg_addr_is4(&udp.peer.remote), i % 2 == 0);
            /* RFC 768: octets of IP behind the UDP length are none of the datagram's. */
            ck_assert_uint_eq(ip.tos, 0xc0);
            ck_assert_uint_eq(ip.hops, 64);
        }
    }
}
END_TEST

/* Covers: M-1, M-3, M-6, M-10, M-17, M-20, M-23, R-69. */
START_TEST(a_checksum_that_comes_out_as_zero_is_sent_as_its_twin)
{
    /* Choose the payload such that the sum is 0xffff. */
    struct amtg_peer to = peer("203.0.113.7", "192.0.2.1");
    uint8_t o[64], payload[2] = {0};
    amtg_udp_build(&to, &options, payload, 2, o);
    memcpy(payload, o + 26, 2);
    amtg_udp_build(&to, &options, payload, 2, o);
    ck_assert_uint_eq(amtg_get_u16(o + 26), 0xffff);
}
END_TEST

/* Covers: E-19. */
START_TEST(faults_of_udp_have_names)
{
    struct amtg_peer to[2] = {peer("203.0.113.7", "192.0.2.1"),
                              peer("2001:db8:1::7", "2001:db8::1")};
    for (unsigned i = 0; i < 2; i++) {
        uint8_t o[256];
        struct amtg_ip ip;
        struct amtg_udp udp;
        uint32_t len = build(&to[i], HEX_REQUEST4, o);
        ck_assert_int_eq(parse(o, len, &ip), AMTG_IP_SOUND);
        uint8_t *head = o + ip.transport;

        struct amtg_ip other = ip;
        other.protocol = 6;
        ck_assert_int_eq(amtg_udp_parse(o, &other, false, &udp), AMTG_UDP_OTHER_PROTOCOL);
        other = ip;
        other.fragment = true;
        ck_assert_int_eq(amtg_udp_parse(o, &other, false, &udp), AMTG_UDP_FRAGMENT);
        for (uint32_t octets = 0; octets < 16; octets++) {
            other = ip;
            other.total = ip.transport + octets;
            ck_assert_int_eq(amtg_udp_parse(o, &other, false, &udp),
                             octets < 8 ? AMTG_UDP_TRUNCATED : AMTG_UDP_LENGTH);
        }
        amtg_put_u16(head + 4, 7);
        ck_assert_int_eq(amtg_udp_parse(o, &ip, false, &udp), AMTG_UDP_LENGTH);
        amtg_put_u16(head + 4, 17);
        ck_assert_int_eq(amtg_udp_parse(o, &ip, false, &udp), AMTG_UDP_LENGTH);
        amtg_put_u16(head + 4, 16);
        for (uint32_t at = ip.transport; at < len; at++) {
            o[at] ^= 0x10;
            ck_assert_int_ne(amtg_udp_parse(o, &ip, true, &udp), AMTG_UDP_SOUND);
            o[at] ^= 0x10;
        }
        ck_assert_int_eq(amtg_udp_parse(o, &ip, false, &udp), AMTG_UDP_SOUND);
    }
}
END_TEST

START_TEST(zero_and_unfinished_checksums_are_told)
{
    uint8_t o[256];
    struct amtg_ip ip;
    struct amtg_udp udp;
    struct amtg_peer to = peer("203.0.113.7", "192.0.2.1");
    uint32_t len = build(&to, HEX_REQUEST4, o);
    ck_assert_int_eq(parse(o, len, &ip), AMTG_IP_SOUND);
    amtg_put_u16(o + 26, 0);
    ck_assert_int_eq(amtg_udp_parse(o, &ip, false, &udp), AMTG_UDP_SOUND);
    ck_assert(udp.no_checksum && !udp.unfinished);
    /* What Linux leaves there when a device is to finish it. */
    amtg_put_u16(o + 26, amtg_sum_fold(amtg_sum_pseudo(0, &ip.src, &ip.dst, 17, 16)));
    ck_assert_int_eq(amtg_udp_parse(o, &ip, false, &udp), AMTG_UDP_CHECKSUM);
    ck_assert_int_eq(amtg_udp_parse(o, &ip, true, &udp), AMTG_UDP_SOUND);
    ck_assert(udp.unfinished);
}
END_TEST

START_TEST(the_longest_payloads_fit_their_family)
{
    struct amtg_peer four = peer("203.0.113.7", "192.0.2.1");
    struct amtg_peer six = peer("2001:db8:1::7", "2001:db8::1");
    ck_assert_uint_eq(amtg_udp_payload_most(&four), 65507);
    ck_assert_uint_eq(amtg_udp_payload_most(&six), 65527);
}
END_TEST

AMTG_SUITE("ip and udp", sums_agree_with_the_definition, the_example_of_rfc_1071_comes_out,
           replacing_a_word_is_as_good_as_summing_again, headers_are_read_as_they_stand,
           every_truncated_datagram_is_refused, each_fault_has_its_name,
           ipv4_in_disguise_is_no_ipv6_address, fragments_are_known,
           extension_headers_are_walked_to_the_transport, what_is_built_is_sound,
           udp_survives_a_round_trip, a_checksum_that_comes_out_as_zero_is_sent_as_its_twin,
           faults_of_udp_have_names, zero_and_unfinished_checksums_are_told,
           the_longest_payloads_fit_their_family)
