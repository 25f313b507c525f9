/*
 * For tests of the AMT elements: the vectors' messages as hex, and the MAC that
 * the rig's secret would make. The inner datagrams' checksums were verified with
 * an independent decoder.
 */
#ifndef AMTG_TESTS_AMT_H
#define AMTG_TESTS_AMT_H

#include "core/cursor.h"
#include "elements/amt/mac.h"
#include "elements/wire/types.h"
#include "tests/support/rig.h"

/* The parts of messages that do not depend on the secret. Nonce a1b2c3d4. */
#define NONCE_HEX "a1b2c3d4"
#define NONCE 0xa1b2c3d4u
#define MAC_HEX "010203040506"

#define DISCOVERY_HEX "01000000" NONCE_HEX
#define REQUEST4_HEX "03000000" NONCE_HEX
#define REQUEST6_HEX "03010000" NONCE_HEX
#define REQUEST_LINUX6_HEX "03800000" NONCE_HEX
/* QRV 2, QQIC 125, Max Response Code 1; from 0.0.0.0 and from fe80::1 */
#define IGMP_QUERY_HEX "46c00024000040000102041300000000e0000001940400001101ec8100000000027d0000"
#define MLD_QUERY_HEX                                                                         \
    "6000000000240001fe800000000000000000000000000001ff020000000000000000000000000001"         \
    "3a0005020000010082007da50001000000000000000000000000000000000000027d0000"
/* ALLOW {198.51.100.12} for 232.1.2.3; ALLOW {2001:db8::a} for ff3e::8000:d, from fe80::2 */
#define IGMP_REPORT_HEX                                                                       \
    "46c0002c00004000010203f600000000e0000016940400002200c4b80000000105000001e8010203c633640c"
#define IGMP_BLOCK_HEX                                                                        \
    "46c0002c00004000010203f600000000e0000016940400002200c3b80000000106000001e8010203c633640c"
#define MLD_REPORT_HEX                                                                        \
    "6000000000340001fe800000000000000000000000000002ff020000000000000000000000000016"         \
    "3a000502000001008f00c0eb0000000105000001ff3e000000000000000000008000000d"                 \
    "20010db800000000000000000000000a"
/* 203.0.113.7 port 51000; [2001:db8:1::7] port 51000 */
#define GATEWAY4_HEX "c738000000000000000000000000cb007107"
#define GATEWAY6_HEX "c73820010db8000100000000000000000007"
#define GATEWAY4 "203.0.113.7"
#define GATEWAY6 "2001:db8:1::7"
#define GATEWAY_PORT 51000
#define RELAY4 "192.0.2.1"
#define RELAY6 "2001:db8::1"
#define RELAY_PORT 2268
/* 198.51.100.12 -> 232.1.2.3, TTL 9, UDP 5000 -> 5001 "test" without checksum */
#define NATIVE4_HEX "450000201234000009118b55c633640ce801020313881389000c000074657374"

/* 2001:db8::a -> ff3e::8000:d, hop limit 9, UDP 5000 -> 5001 "test" */
#define NATIVE6_HEX                                                                           \
    "60000000000c110920010db800000000000000000000000aff3e000000000000000000008000000d"         \
    "13881389000c43dc74657374"

static inline const struct amtg_response_mac_ops *mac_ops(struct rig *rig, const char *secret)
{
    return amtg_ops(rig_element(rig, secret), &amtg_response_mac);
}

/*
 * Put the MAC of (address, port, nonce of the message) into a Query, Update or Teardown.
 * e: as for a Request with the flag E.
 */
static inline void put_mac_e(struct rig *rig, const char *secret, struct amtg_packet *p,
                             const char *address, uint16_t port, bool e)
{
    struct amtg_addr a;

    ck_assert(amtg_addr_parse(address, &a));
    mac_ops(rig, secret)->make(rig_element(rig, secret), &a, port, amtg_get_u32(p->data + 8), e,
                               p->data + 2);
}
static inline void put_mac(struct rig *rig, const char *secret, struct amtg_packet *p,
                           const char *address, uint16_t port)
{
    put_mac_e(rig, secret, p, address, port, false);
}

/* The packet is addressed to one peer, and these are its ends. */
static inline void expect_to(const struct amtg_packet *p, const char *remote, uint16_t remote_port,
                             const char *local, uint16_t local_port)
{
    char text[AMTG_ADDR_TEXT];

    ck_assert(p->flags & AMTG_ADDRESSED_ONE);
    ck_assert_str_eq(amtg_addr_text(&p->peer.remote, text), remote);
    ck_assert_str_eq(amtg_addr_text(&p->peer.local, text), local);
    ck_assert_uint_eq(p->peer.remote_port, remote_port);
    ck_assert_uint_eq(p->peer.local_port, local_port);
}

/* The octets of a packet are these; the packet stays the caller's. */
static inline void expect_octets(const struct amtg_packet *p, const char *hex)
{
    static uint8_t octets[AMTG_LARGE_OCTETS];
    size_t len = rig_octets(hex, octets, sizeof octets);

    ck_assert_uint_eq(p->len, len);
    ck_assert_mem_eq(p->data, octets, len);
}

#endif
