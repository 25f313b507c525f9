/*
 * One capture with each AMT message (tests/vectors.pcap; raw IP, verified with
 * tshark), read as the boundary reads it: from IP datagram to message and back.
 * Covers: M-1 to M-26 as far as they are about octets.
 */
#include "core/capture_file.h"
#include "elements/wire/types.h"
#include "tests/elements/wire/hex.h"

static const char *const messages[] = {
    HEX_DISCOVERY, HEX_ADVERTISEMENT4, HEX_ADVERTISEMENT6, HEX_REQUEST4, HEX_REQUEST6, HEX_QUERY4,
    HEX_QUERY4_G,  HEX_QUERY6_LG,      HEX_UPDATE4,        HEX_UPDATE6,  HEX_TEARDOWN, HEX_DATA,
};
enum { MESSAGES = sizeof messages / sizeof messages[0] };

/* What each line of `amtgraph run` with a print would say, without the addresses of the tunnel. */
static const char *const words[MESSAGES] = {
    "AMT Relay Discovery nonce a1b2c3d4",
    "AMT Relay Advertisement nonce a1b2c3d4 relay 192.0.2.1",
    "AMT Relay Advertisement nonce a1b2c3d4 relay 2001:db8::1",
    "AMT Request nonce a1b2c3d4 for IGMPv3",
    "AMT Request nonce a1b2c3d4 for MLDv2",
    "AMT Membership Query nonce a1b2c3d4 MAC 010203040506: 0.0.0.0 > 224.0.0.1 TTL 1, "
        "IGMPv3 general query, QRV 2, QQI 125 s, 0 sources",
    "AMT Membership Query nonce a1b2c3d4 MAC 010203040506 gateway 203.0.113.7 port 51000: "
        "0.0.0.0 > 224.0.0.1 TTL 1, IGMPv3 general query, QRV 2, QQI 125 s, 0 sources",
    "AMT Membership Query nonce a1b2c3d4 MAC 010203040506 L gateway 2001:db8:1::7 port 51000: "
        "fe80::1 > ff02::1 hop limit 1, MLDv2 general query, QRV 2, QQI 125 s, 0 sources",
    "AMT Membership Update nonce a1b2c3d4 MAC 010203040506: 0.0.0.0 > 224.0.0.22 TTL 1, "
        "IGMPv3 report, 1 record: ALLOW 232.1.2.3 {198.51.100.12}",
    "AMT Membership Update nonce a1b2c3d4 MAC 010203040506: fe80::2 > ff02::16 hop limit 1, "
        "MLDv2 report, 1 record: ALLOW ff3e::8000:d {2001:db8::a}",
    "AMT Teardown nonce a1b2c3d4 MAC 010203040506 gateway 203.0.113.7 port 51000",
    "AMT Multicast Data: 198.51.100.12 > 232.1.2.3 TTL 9, UDP 5000 > 5001, 4 octets",
};

static void keep(void *arg, const uint8_t *octets, uint32_t len)
{
    struct amtg_packet *p = arg;
    memcpy(p->data, octets, len);
    p->len = len;
}

START_TEST(the_capture_holds_each_message_in_order)
{
    char why[256];
    struct amtg_capture_reader *reader = amtg_capture_open("tests/vectors.pcap", why, sizeof why);
    ck_assert_msg(reader != NULL, "%s", why);
    struct amtg_pool *pool = amtg_pool_new(8, 8);
    const struct amtg_wire_form *wire = amtg_type_wire(AMTG_DATAGRAM);
    struct amtg_captured captured;

    for (unsigned i = 0; i < MESSAGES; i++) {
        uint8_t message[256];
        uint32_t len = hex(messages[i], message);
        ck_assert_int_eq(amtg_capture_next(reader, &captured, why, sizeof why),
                         AMTG_CAPTURE_DATAGRAM);
        struct amtg_packet *p = amtg_packet_new(pool, captured.len);
        memcpy(p->data, captured.octets, captured.len);
        ck_assert(wire->from_ip(p));
        ck_assert_uint_eq(p->len, len);
        ck_assert_mem_eq(p->data, message, len);

        char *text = NULL;
        size_t text_len;
        FILE *out = open_memstream(&text, &text_len);
        p->type = AMTG_AMT;
        amtg_type_describe(p, out);
        fclose(out);
        const char *behind_ends = strchr(text, ',');
        ck_assert_ptr_nonnull(behind_ends);
        ck_assert_str_eq(behind_ends + 2, words[i]);
        free(text);

        /* Written again and read again, it is the same. */
        struct amtg_packet *again = amtg_packet_new(pool, 512);
        wire->to_ip(p, keep, again);
        ck_assert(wire->from_ip(again));
        ck_assert_uint_eq(again->len, len);
        ck_assert_mem_eq(again->data, message, len);
        ck_assert(amtg_addr_equal(&again->peer.remote, &p->peer.remote));
        ck_assert_uint_eq(again->peer.remote_port, p->peer.remote_port);
        ck_assert_uint_eq(again->peer.local_port, p->peer.local_port);
        amtg_packet_free(again);
        amtg_packet_free(p);
    }
    ck_assert_int_eq(amtg_capture_next(reader, &captured, why, sizeof why), AMTG_CAPTURE_END);
    amtg_capture_close(reader);
    amtg_pool_free(pool);
}
END_TEST

AMTG_SUITE("vectors", the_capture_holds_each_message_in_order)
