/*
 * amt-gateway: everything that must not be accepted (spec of RFC 7450, sections
 * 5.2.3.3, 5.2.3.4.4 and 5.2.3.5.4): each wrong field, wrong source and wrong time,
 * one at a time, each under a name of its own; and relays that try to keep it busy.
 * Covers: M-4, M-11, M-14, M-16, M-22, G-12, G-15, G-16, G-24 to G-27, G-40 to G-46,
 * S-10 to S-13.
 */
#include "tests/elements/amt/gateway_rig.h"

static void end(struct rig *rig)
{
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}

/* ---- Queries --------------------------------------------------------------------------- */

/* What to do to the octets of a good Query before it is pushed. */
struct spoil {
    const char *drop;
    unsigned at;        /* octet of the message; the inner datagram begins at 12 */
    uint8_t xor;
    bool mend;          /* put the inner checksums right again */
    int longer;         /* octets more or less at the end */
};

static uint16_t sum16(const uint8_t *o, unsigned len, uint32_t sum)
{
    for (unsigned i = 0; i + 1 < len; i += 2)
        sum += amtg_get_u16(o + i);
    if (len % 2)
        sum += (uint32_t)o[len - 1] << 8;
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~((sum & 0xffff) + (sum >> 16));
}

/* Of an inner datagram as a good relay builds it: header 24 or 48 octets, message 12 or 28. */
static void mend(uint8_t *ip, bool mld)
{
    if (mld) {
        amtg_put_u16(ip + 50, 0);
        uint32_t pseudo = 58 + 28;
        for (unsigned i = 8; i < 40; i += 2)
            pseudo += amtg_get_u16(ip + i);
        amtg_put_u16(ip + 50, sum16(ip + 48, 28, pseudo));
        return;
    }
    amtg_put_u16(ip + 10, 0);
    amtg_put_u16(ip + 10, sum16(ip, 24, 0));
    amtg_put_u16(ip + 26, 0);
    amtg_put_u16(ip + 26, sum16(ip + 24, 12, 0));
}

/* The message with one thing wrong is dropped under its name; the good one after it is taken. */
static void expect_refused(int shared, bool mld, struct spoil s)
{
    struct rig *rig = rig_new(shared, GATEWAY(", compat: strict"));
    struct told good = {.mld = mld, .plain = true};

    report(rig, mld ? MLD_REPORT_HEX : IGMP_REPORT_HEX);
    good.nonce = take_request(rig, RELAY4, mld);
    struct amtg_packet *p = query_packet(rig, good);
    p->data[s.at] ^= s.xor;
    if (s.mend)
        mend(p->data + 12, mld);
    amtg_packet_trim(p, (uint32_t)((int)p->len + s.longer));
    rig_push(rig, "query", p);
    ck_assert_msg(rig_drops(rig, s.drop) == 1, "%s: octet %u ^ %02x, %d longer", s.drop, s.at,
                  s.xor, s.longer);
    rig_expect_nothing(rig, "queries");
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, mld ? "mld-state" : "igmp-state"), 1);
    tell(rig, good);
    ck_assert_uint_eq(rig_count(rig, "queries"), 1);
    rig_ignore(rig, "queries");
    rig_free(rig);
}

/* Covers: G-13, G-41, G-43 to G-45, S-12, S-13. */
START_TEST(g41_g45_each_wrong_field_of_an_igmp_query_has_a_name)
{
    static const struct spoil all[] = {
        {.drop = "query-nonce", .at = 8, .xor = 0x80},
        {.drop = "query-nonce", .at = 11, .xor = 0x01},
        {.drop = "query-short", .longer = -20},
        {.drop = "query-ip", .longer = -1},                       /* inner length over its room */
        {.drop = "query-ip", .at = 12, .xor = 0x70},              /* version */
        {.drop = "query-ip", .at = 12, .xor = 0x09},              /* IHL */
        {.drop = "query-ip", .at = 15, .xor = 0x40, .mend = true}, /* total length too long */
        {.drop = "query-ip", .at = 15, .xor = 0x20, .mend = true}, /* too short */
        {.drop = "query-ip", .at = 18, .xor = 0x20, .mend = true}, /* more fragments */
        {.drop = "query-ip", .at = 19, .xor = 0x01, .mend = true}, /* a later fragment */
        {.drop = "query-ip", .at = 22, .xor = 0x01},              /* header checksum */
        {.drop = "query-type", .at = 21, .xor = 0x03, .mend = true}, /* protocol */
        {.drop = "query-type", .at = 36, .xor = 0x33, .mend = true}, /* a report */
        {.drop = "query-type", .at = 15, .xor = 0x04, .mend = true}, /* 8 octets: an IGMPv2 Query */
        {.drop = "query-checksum", .at = 38, .xor = 0x01},
        {.drop = "query-checksum", .at = 45, .xor = 0x01},
        {.drop = "query-specific", .at = 40, .xor = 0xe8, .mend = true}, /* a group */
        {.drop = "query-specific", .at = 47, .xor = 0x01, .mend = true}, /* sources */
        {.drop = "query-short", .at = 0, .xor = 0x10},            /* version of AMT */
        {.drop = "query-short", .at = 0, .xor = 0x02},            /* another message */
        {.drop = "query-short", .at = 1, .xor = 0x01}, /* G, but no room for its fields */
    };

    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        expect_refused(_i, false, all[i]);
}
END_TEST

/* Covers: G-41, G-43 to G-45, S-12, S-13. */
START_TEST(g43_g45_each_wrong_field_of_an_mld_query_has_a_name)
{
    static const struct spoil all[] = {
        {.drop = "query-nonce", .at = 9, .xor = 0x10},
        {.drop = "query-ip", .longer = -1},
        {.drop = "query-short", .longer = -57},
        {.drop = "query-ip", .longer = -50},
        {.drop = "query-type", .at = 18, .xor = 0x3a},             /* next header: none we know */
        {.drop = "query-alert", .at = 19, .xor = 0x03, .mend = true}, /* hop limit */
        {.drop = "query-type", .at = 52, .xor = 0x2b, .mend = true},  /* UDP behind the options */
        {.drop = "query-alert", .at = 54, .xor = 0x04, .mend = true}, /* no Router Alert: PadN */
        {.drop = "query-alert", .at = 57, .xor = 0x01, .mend = true}, /* for somebody else */
        {.drop = "query-type", .at = 60, .xor = 0x01, .mend = true},  /* an MLDv1 Report */
        {.drop = "query-checksum", .at = 62, .xor = 0x01},
        {.drop = "query-checksum", .at = 80, .xor = 0x01},
        {.drop = "query-specific", .at = 68, .xor = 0xff, .mend = true}, /* a group */
        {.drop = "query-specific", .at = 87, .xor = 0x01, .mend = true}, /* sources */
    };

    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        expect_refused(_i, true, all[i]);
}
END_TEST

/* Covers: G-45, G-48. */
START_TEST(g45_the_inner_datagram_ends_before_the_gateway_fields)
{
    struct rig *rig = rig_new(_i, GATEWAY(", compat: strict"));
    struct told good = {0};

    report(rig, IGMP_REPORT_HEX);
    good.nonce = take_request(rig, RELAY4, 0);
    struct amtg_packet *p = query_packet(rig, good);
    uint8_t *ip = p->data + 12;
    ip[3] += 4; /* port and the first two octets of the address would be its last ones */
    amtg_put_u16(ip + 10, 0);
    amtg_put_u16(ip + 10, sum16(ip, 24, 0));
    amtg_put_u16(ip + 26, 0);
    amtg_put_u16(ip + 26, sum16(ip + 24, 16, 0));
    rig_push(rig, "query", p);
    ck_assert_uint_eq(rig_drops(rig, "query-ip"), 1);
    rig_expect_nothing(rig, "queries");
    tell(rig, good);
    ck_assert_uint_eq(rig_count(rig, "queries"), 1);
    rig_ignore(rig, "queries");
    rig_free(rig);
}
END_TEST

/* Covers: G-40, G-43. */
START_TEST(g43_a_family_that_asked_nothing_gets_no_answer)
{
    struct rig *rig = rig_new(_i, GATEWAY(", compat: strict"));

    report(rig, IGMP_REPORT_HEX);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0), .plain = true});
    rig_ignore(rig, "queries");
    report(rig, MLD_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, 1);
    tell(rig, (struct told){.nonce = nonce, .plain = true}); /* IGMP, to the Request for MLD */
    ck_assert_uint_eq(rig_drops(rig, "query-family"), 1);
    rig_expect_nothing(rig, "queries");
    end(rig);
}
END_TEST

/* Covers: G-8 to G-11. */
START_TEST(g9_g11_a_query_of_any_inner_source_is_taken)
{
    static const char *const sources[] = {"0.0.0.0", "192.0.2.1", "203.0.113.77", "::", "fe80::1",
                                          "2001:db8::77"};

    for (unsigned i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        bool mld = i >= 3;
        struct rig *rig = rig_new(_i, GATEWAY(", compat: strict"));
        struct told good = {.mld = mld, .plain = true};
        struct amtg_addr source;

        report(rig, mld ? MLD_REPORT_HEX : IGMP_REPORT_HEX);
        good.nonce = take_request(rig, RELAY4, mld);
        struct amtg_packet *p = query_packet(rig, good);
        ck_assert(amtg_addr_parse(sources[i], &source));
        if (mld)
            memcpy(p->data + 12 + 8, source.octets, 16);
        else
            memcpy(p->data + 12 + 12, amtg_addr_octets4(&source), 4);
        mend(p->data + 12, mld);
        rig_push(rig, "query", p);
        ck_assert_msg(rig_count(rig, "queries") == 1, "not from %s", sources[i]);
        rig_ignore(rig, "queries");
        rig_free(rig);
    }
}
END_TEST

START_TEST(g43_no_extension_header_may_stand_before_mld_but_that_of_router_alert)
{
    struct rig *rig = rig_new(_i, GATEWAY(", compat: strict"));
    static const uint8_t destination_options[8] = {IPPROTO_ICMPV6, 0, 1, 4};
    struct told good = {.plain = true, .mld = true};
    enum { INNER = 12, BEHIND = INNER + 48 };
    uint8_t octets[256];

    report(rig, MLD_REPORT_HEX);
    good.nonce = take_request(rig, RELAY4, 1);
    struct amtg_packet *p = query_packet(rig, good);
    uint32_t len = p->len;
    memcpy(octets, p->data, BEHIND);
    memcpy(octets + BEHIND, destination_options, 8);
    memcpy(octets + BEHIND + 8, p->data + BEHIND, len - BEHIND);
    octets[INNER + 40] = IPPROTO_DSTOPTS;
    amtg_put_u16(octets + INNER + 4, (uint16_t)(amtg_get_u16(octets + INNER + 4) + 8));
    amtg_packet_free(p);
    p = rig_packet(rig, AMTG_AMT_QUERY, octets, len + 8);
    rig_from(p, RELAY4, RELAY_PORT, "10.0.0.2", 40000);
    rig_push(rig, "query", p);
    ck_assert_uint_eq(rig_drops(rig, "query-type"), 1);
    rig_expect_nothing(rig, "queries");
    tell(rig, good); /* the same without it */
    ck_assert_uint_eq(rig_count(rig, "queries"), 1);
    rig_ignore(rig, "queries");
    rig_free(rig);
}
END_TEST

/* Covers: M-14, M-16, S-12. */
START_TEST(every_truncation_of_a_query_is_refused)
{
    struct rig *rig = rig_new(_i, GATEWAY(", compat: strict"));
    struct told good = {.plain = true};

    report(rig, IGMP_REPORT_HEX);
    good.nonce = take_request(rig, RELAY4, 0);
    for (unsigned len = 0; len < 48; len++) {
        struct amtg_packet *p = query_packet(rig, good);
        amtg_packet_trim(p, len);
        rig_push(rig, "query", p);
        rig_expect_nothing(rig, "queries");
    }
    ck_assert_uint_eq(rig_drops_all(rig), 48 + 1);
    rig_free(rig);
}
END_TEST

/* Covers: M-11, G-48. */
START_TEST(m11_g48_reserved_bits_and_octets_behind_are_ignored)
{
    struct rig *rig = rig_new(_i, GATEWAY(""));

    report(rig, IGMP_REPORT_HEX);
    struct amtg_packet *p = query_packet(rig, (struct told){.nonce = take_request(rig, RELAY4, 0)});
    p->data[1] |= 0xfc;
    /* Three octets between the inner datagram and the gateway fields. */
    uint32_t len = p->len;
    ck_assert_uint_ge(amtg_packet_tailroom(p), 3);
    memmove(p->data + len - 18 + 3, p->data + len - 18, 18);
    memset(p->data + len - 18, 0xee, 3);
    amtg_packet_trim(p, len + 3);
    rig_push(rig, "query", p);
    struct amtg_packet *inner = rig_take(rig, "queries");
    ck_assert_uint_eq(inner->len, 36);
    amtg_packet_free(inner);
    report(rig, IGMP_REPORT_HEX);
    rig_ignore(rig, "out");
    amtg_runtime_stop(rig_runtime(rig));
    struct amtg_packet *teardown = rig_take(rig, "out"); /* the fields were found */
    uint8_t fields[18];
    rig_octets(GATEWAY4_HEX, fields, sizeof fields);
    ck_assert_mem_eq(teardown->data + 12, fields, sizeof fields);
    amtg_packet_free(teardown);
    rig_free(rig);
}
END_TEST

/* Covers: G-42. */
START_TEST(g42_a_query_from_elsewhere_is_refused)
{
    struct rig *rig = rig_new(_i, GATEWAY(", compat: strict"));

    report(rig, IGMP_REPORT_HEX);
    struct told good = {.nonce = take_request(rig, RELAY4, 0)};
    struct told other = good, port = good, family = good;
    other.from = OTHER_RELAY;
    port.from_port = 2269;
    family.from = RELAY6;
    tell(rig, other);
    tell(rig, port);
    tell(rig, family);
    ck_assert_uint_eq(rig_drops(rig, "query-source"), 3);
    rig_expect_nothing(rig, "queries");
    rig_free(rig);
}
END_TEST

/* Covers: G-40, G-46. */
START_TEST(g40_g46_a_query_at_the_wrong_time_is_refused)
{
    struct rig *rig = rig_new(_i, GATEWAY(", no-traffic: 0s, teardown: false"));

    tell(rig, (struct told){.nonce = 1}); /* there is no relay */
    ck_assert_uint_eq(rig_drops(rig, "query-source"), 1);
    uint32_t nonce = establish(rig, (struct told){.plain = true});
    tell(rig, (struct told){.nonce = nonce, .plain = true}); /* a second one */
    tell(rig, (struct told){.nonce = nonce + 1, .plain = true});
    ck_assert_uint_eq(rig_drops(rig, "query-unexpected"), 2);
    rig_step(rig, 60 * AMTG_S);
    uint32_t next = take_request(rig, RELAY4, 0);
    tell(rig, (struct told){.nonce = nonce, .plain = true}); /* of the cycle before */
    ck_assert_uint_eq(rig_drops(rig, "query-nonce"), 1);
    tell(rig, (struct told){.nonce = next, .plain = true, .mld = true}); /* not what P asked for */
    ck_assert_uint_eq(rig_drops(rig, "query-family"), 1);
    tell(rig, (struct told){.nonce = next, .plain = true});
    ck_assert_uint_eq(rig_count(rig, "queries"), 1);
    rig_ignore(rig, "queries");
    end(rig);
}
END_TEST

/* ---- Advertisements -------------------------------------------------------------------------- */

/* Covers: G-24 to G-26, M-4, M-5, S-13. */
START_TEST(g24_g26_each_wrong_advertisement_has_a_name)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: 192.52.193.1"));
    static const char *const impossible[] = {"0.0.0.0", "127.0.0.1", "224.0.0.1", "232.1.2.3",
                                             "255.255.255.255", "169.254.1.1"};
    char hex[64];

    advertise(rig, ANYCAST4, 1, RELAY4);
    ck_assert_uint_eq(rig_drops(rig, "ad-unexpected"), 1);
    report(rig, IGMP_REPORT_HEX);
    uint32_t nonce = take_discovery(rig, ANYCAST4);
    advertise(rig, ANYCAST4, nonce ^ 1, RELAY4);
    advertise(rig, ANYCAST4, 0, RELAY4);
    ck_assert_uint_eq(rig_drops(rig, "ad-nonce"), 2);
    advertise(rig, RELAY4, nonce, RELAY4);
    advertise(rig, ANYCAST6, nonce, RELAY4);
    ck_assert_uint_eq(rig_drops(rig, "ad-source"), 2);
    advertise(rig, ANYCAST4, nonce, RELAY6);
    ck_assert_uint_eq(rig_drops(rig, "ad-family"), 1);
    for (unsigned i = 0; i < sizeof impossible / sizeof impossible[0]; i++)
        advertise(rig, ANYCAST4, nonce, impossible[i]);
    ck_assert_uint_eq(rig_drops(rig, "ad-relay"), sizeof impossible / sizeof impossible[0]);
    for (unsigned len = 0; len < 30; len++) {
        if (len == 12 || len == 24)
            continue;
        uint8_t octets[30] = {2};
        amtg_put_u32(octets + 4, nonce);
        struct amtg_packet *p = rig_packet(rig, AMTG_AMT_ADVERTISEMENT, octets, len);
        rig_from(p, ANYCAST4, RELAY_PORT, "10.0.0.2", 40000);
        rig_push(rig, "advertisement", p);
    }
    ck_assert_uint_eq(rig_drops(rig, "ad-length"), 28);
    snprintf(hex, sizeof hex, "02000000%08xc0000201", nonce);
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_ADVERTISEMENT, hex);
    rig_from(p, ANYCAST4, 2269, "10.0.0.2", 40000);
    rig_push(rig, "advertisement", p);
    ck_assert_uint_eq(rig_drops(rig, "ad-source"), 3);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "advertisements"), 0);
    snprintf(hex, sizeof hex, "02ffffff%08xc0000201", nonce); /* M-4: reserved bits */
    p = rig_packet_hex(rig, AMTG_AMT_ADVERTISEMENT, hex);
    rig_from(p, ANYCAST4, RELAY_PORT, "10.0.0.2", 40000);
    rig_push(rig, "advertisement", p);
    take_request(rig, RELAY4, 0);
    rig_free(rig);
}
END_TEST

/* ---- Data ------------------------------------------------------------------------ */

/* Covers: G-15, G-16, M-22, S-10. */
START_TEST(g15_g16_each_wrong_data_has_a_name)
{
    struct rig *rig = rig_new(_i, GATEWAY(", teardown: false"));
    char inner[] = "0600" NATIVE4_HEX, inner6[] = "0600" NATIVE6_HEX;

    establish(rig, (struct told){.plain = true});
    memcpy(inner + 2 * (2 + 16), "c0000207", 8);
    data_from(rig, RELAY4, RELAY_PORT, inner); /* to a host */
    memcpy(inner + 2 * (2 + 16), "ffffffff", 8);
    data_from(rig, RELAY4, RELAY_PORT, inner); /* broadcast */
    memcpy(inner + 2 * (2 + 16), "dfffffff", 8);
    data_from(rig, RELAY4, RELAY_PORT, inner);
    memcpy(inner6 + 2 * (2 + 24), "fe80", 4);
    data_from(rig, RELAY4, RELAY_PORT, inner6);
    memcpy(inner6 + 2 * (2 + 24), "00000000000000000000ffffe8010203", 32); /* mapped group */
    data_from(rig, RELAY4, RELAY_PORT, inner6);
    ck_assert_uint_eq(rig_drops(rig, "data-not-multicast"), 5);
    data_from(rig, RELAY4, RELAY_PORT, "0600 55000020123400000911 8b55c633640ce8010203");
    data_from(rig, RELAY4, RELAY_PORT, "0600 05000020123400000911 8b55c633640ce8010203");
    data_from(rig, RELAY4, RELAY_PORT, "0600 60000020123400000911 8b55c633640ce8010203");
    ck_assert_uint_eq(rig_drops(rig, "data-inner"), 3);
    data_from(rig, RELAY4, RELAY_PORT, "0600 4500");
    data_from(rig, RELAY4, RELAY_PORT, "06");
    data_from(rig, RELAY4, RELAY_PORT, "1600" NATIVE4_HEX);
    data_from(rig, RELAY4, RELAY_PORT, "0500" NATIVE4_HEX);
    ck_assert_uint_eq(rig_drops(rig, "data-short"), 4);
    data_from(rig, OTHER_RELAY, RELAY_PORT, "0600" NATIVE4_HEX);
    data_from(rig, RELAY4, 1, "0600" NATIVE4_HEX);
    data_from(rig, RELAY6, RELAY_PORT, "0600" NATIVE4_HEX);
    ck_assert_uint_eq(rig_drops(rig, "data-source"), 3);
    rig_expect_nothing(rig, "data");
    ck_assert_uint_eq(rig_counter(rig, "data"), 0);
    end(rig);
}
END_TEST

/* ---- relays that would keep it busy ------------------------------------------------ */

START_TEST(endless_advertisements_and_queries_make_it_send_nothing)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: 192.52.193.1, no-traffic: 0s"));

    report(rig, IGMP_REPORT_HEX);
    uint32_t discovery = take_discovery(rig, ANYCAST4);
    advertise(rig, ANYCAST4, discovery, RELAY4);
    uint32_t nonce = take_request(rig, RELAY4, 0);
    tell(rig, (struct told){.nonce = nonce, .interval_s = UINT32_MAX});
    for (unsigned i = 0; i < 5000; i++) {
        advertise(rig, ANYCAST4, discovery, OTHER_RELAY);
        tell(rig, (struct told){.nonce = nonce});
    }
    ck_assert_uint_eq(rig_drops(rig, "ad-unexpected"), 5000);
    ck_assert_uint_eq(rig_drops(rig, "query-unexpected"), 5000);
    ck_assert_uint_eq(rig_count(rig, "queries"), 1);
    rig_ignore(rig, "queries");
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

/* It answers everything at once with an address never seen before, and then refuses. */
START_TEST(a_relay_that_advertises_and_refuses_is_asked_ever_more_rarely)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: 192.52.193.1"));
    char relay[AMTG_ADDR_TEXT];
    unsigned sent = 0;

    report(rig, IGMP_REPORT_HEX);
    for (unsigned ms = 0; ms < 600000; ms += 20) {
        while (rig_count(rig, "out")) {
            struct amtg_packet *p = rig_take(rig, "out");
            struct amtg_peer to = p->peer;
            uint8_t type = p->data[0];
            uint32_t nonce = amtg_get_u32(p->data + 4);
            amtg_packet_free(p);
            snprintf(relay, sizeof relay, "10.%u.%u.1", sent / 256 % 256, sent % 256);
            sent++;
            if (type == 1)
                advertise(rig, ANYCAST4, nonce, relay);
            else if (type == 3)
                tell(rig, (struct told){.from = amtg_addr_text(&to.remote, relay), .nonce = nonce,
                                        .l = true, .interval_s = UINT32_MAX});
        }
        rig_step(rig, 20 * AMTG_MS);
    }
    ck_assert_uint_le(sent, 60);
    ck_assert_uint_le(rig_counter(rig, "held-down"), 32);
    rig_expect_nothing(rig, "queries");
    rig_free(rig);
}
END_TEST

START_TEST(the_shortest_interval_and_silence_do_not_make_it_spin)
{
    struct rig *rig = rig_new(_i, GATEWAY(", no-traffic: 0s, teardown: false"));

    establish(rig, (struct told){.interval_s = 1, .plain = true});
    for (unsigned ms = 0; ms < 60000; ms += 10) {
        while (rig_count(rig, "out")) {
            struct amtg_packet *p = rig_take(rig, "out");
            if (p->data[0] == 3)
                tell(rig, (struct told){.nonce = amtg_get_u32(p->data + 4), .interval_s = 1,
                                        .plain = true});
            amtg_packet_free(p);
        }
        if (ms % 1500 == 0) { /* Data that stops again and again */
            flow(rig, RELAY4);
            report(rig, IGMP_REPORT_HEX);
            unreachable(rig, RELAY4, 3, 3);
        }
        rig_step(rig, 10 * AMTG_MS);
    }
    ck_assert_uint_le(rig_counter(rig, "requests"), 62);
    rig_ignore(rig, "queries");
    end(rig);
}
END_TEST

/* Octets without sense, at each input: nothing gets through, and nothing breaks. */
START_TEST(noise_gets_nowhere)
{
    struct rig *rig = rig_new(_i, GATEWAY(", teardown: false, no-traffic: 0s"));
    static const struct {
        const char *input;
        const struct amtg_type *type;
        uint8_t first;
    } inputs[] = {
        {"advertisement", AMTG_AMT_ADVERTISEMENT, 2},
        {"query", AMTG_AMT_QUERY, 4},
        {"reports", AMTG_IP_RAW, 0x46},
    };
    uint32_t x = 1;

    establish(rig, (struct told){.plain = true});
    for (unsigned round = 0; round < 5000; round++) {
        uint8_t octets[128];
        unsigned which = round % 3;
        for (unsigned i = 0; i < sizeof octets; i++) {
            x = x * 1664525 + 1013904223;
            octets[i] = (uint8_t)(x >> 24);
        }
        octets[0] = inputs[which].first;
        struct amtg_packet *p = rig_packet(rig, inputs[which].type, octets, x >> 25);
        rig_from(p, RELAY4, RELAY_PORT, "10.0.0.2", 40000);
        rig_push(rig, inputs[which].input, p);
    }
    rig_expect_nothing(rig, "out");
    rig_expect_nothing(rig, "queries");
    end(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-gateway battery",
               g41_g45_each_wrong_field_of_an_igmp_query_has_a_name,
               g43_g45_each_wrong_field_of_an_mld_query_has_a_name,
               g45_the_inner_datagram_ends_before_the_gateway_fields,
               g43_a_family_that_asked_nothing_gets_no_answer,
               g9_g11_a_query_of_any_inner_source_is_taken,
               g43_no_extension_header_may_stand_before_mld_but_that_of_router_alert,
               every_truncation_of_a_query_is_refused,
               m11_g48_reserved_bits_and_octets_behind_are_ignored,
               g42_a_query_from_elsewhere_is_refused,
               g40_g46_a_query_at_the_wrong_time_is_refused,
               g24_g26_each_wrong_advertisement_has_a_name, g15_g16_each_wrong_data_has_a_name,
               endless_advertisements_and_queries_make_it_send_nothing,
               a_relay_that_advertises_and_refuses_is_asked_ever_more_rarely,
               the_shortest_interval_and_silence_do_not_make_it_spin, noise_gets_nowhere)
