/*
 * The seven AMT messages (RFC 7450, section 5.1) between octets and structs in
 * host order. Parsers write their struct only on success and borrow the inner
 * datagram from the octets that they were given; nothing here allocates.
 *
 * Reserved bits are ignored when reading and written as 0, as every "reserved"
 * paragraph of section 5.1 asks.
 */
#ifndef AMTG_WIRE_AMT_H
#define AMTG_WIRE_AMT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/err.h"

enum amtg_amt_message {
    AMTG_MSG_DISCOVERY = 1,
    AMTG_MSG_ADVERTISEMENT,
    AMTG_MSG_REQUEST,
    AMTG_MSG_QUERY,
    AMTG_MSG_UPDATE,
    AMTG_MSG_DATA,
    AMTG_MSG_TEARDOWN,
};

enum {
    AMTG_AMT_PORT = 2268, /* of the relay (RFC 7450, section 7.2) */

    AMTG_AMT_MAC_OCTETS = 6,
    AMTG_DISCOVERY_OCTETS = 8,
    AMTG_ADVERTISEMENT4_OCTETS = 12,
    AMTG_ADVERTISEMENT6_OCTETS = 24,
    AMTG_REQUEST_OCTETS = 8,
    AMTG_QUERY_HEAD_OCTETS = 12,   /* before the inner datagram */
    AMTG_QUERY_GATEWAY_OCTETS = 18, /* after it, with G */
    AMTG_UPDATE_HEAD_OCTETS = 12,
    AMTG_DATA_HEAD_OCTETS = 2,
    AMTG_TEARDOWN_OCTETS = 30,
};

/*
 * How long a Discovery, Request or Teardown may be. Lenient: octets after the
 * last field are ignored (a deployed gateway sends Requests of nine octets).
 * Strict: exactly its fields. Advertisements are exact in both: their length says
 * the family (section 5.1.2.5).
 */
enum amtg_amt_rules { AMTG_AMT_LENIENT, AMTG_AMT_STRICT };

struct amtg_amt_discovery {
    uint32_t nonce;
};

struct amtg_amt_advertisement {
    uint32_t nonce;
    struct amtg_addr relay;
};

struct amtg_amt_request {
    uint32_t nonce;
    bool p;        /* 0x01: an MLDv2 Query is wanted, else an IGMPv3 one */
    bool e;        /* 0x02: the gateway decapsulates ECN (RFC 9601; reserved in RFC 7450) */
    bool linux_p;  /* 0x80: where the Linux gateway puts P */
};

struct amtg_amt_query {
    uint8_t mac[AMTG_AMT_MAC_OCTETS];
    uint32_t nonce;
    bool l;                   /* 0x02: the relay takes no new endpoints */
    bool g;                   /* 0x01: the gateway fields are there */
    uint16_t gateway_port;    /* with g */
    struct amtg_addr gateway; /* with g */
    const uint8_t *inner;     /* the inner datagram and whatever follows it */
    uint32_t inner_len;       /* octets there; the datagram's own length may be less */
};

struct amtg_amt_update {
    uint8_t mac[AMTG_AMT_MAC_OCTETS];
    uint32_t nonce;
    const uint8_t *inner;
    uint32_t inner_len;
};

struct amtg_amt_data {
    const uint8_t *inner;
    uint32_t inner_len;
};

struct amtg_amt_teardown {
    uint8_t mac[AMTG_AMT_MAC_OCTETS];
    uint32_t nonce;
    uint16_t gateway_port;
    struct amtg_addr gateway;
};

/*
 * The type of a message, from its first octet alone. Returns AMTG_OK, AMTG_ETRUNC
 * (empty), AMTG_EVERSION (not 0) or AMTG_ETYPE (none of the seven).
 */
enum amtg_err amtg_amt_peek(const uint8_t *octets, uint32_t len, enum amtg_amt_message *out);
/* "Request", or "unknown"; for people. */
const char *amtg_amt_name(enum amtg_amt_message message);

/*
 * octets, len: the UDP payload. Returns AMTG_OK, AMTG_ETRUNC, AMTG_ELENGTH (strict
 * rules, or an Advertisement of a length that no family has), AMTG_EVERSION or
 * AMTG_ETYPE. The inner datagram must have room for the smallest IP header; it is
 * not looked at otherwise.
 */
enum amtg_err amtg_amt_discovery_parse(const uint8_t *octets, uint32_t len,
                                       enum amtg_amt_rules rules, struct amtg_amt_discovery *out);
enum amtg_err amtg_amt_advertisement_parse(const uint8_t *octets, uint32_t len,
                                           struct amtg_amt_advertisement *out);
enum amtg_err amtg_amt_request_parse(const uint8_t *octets, uint32_t len,
                                     enum amtg_amt_rules rules, struct amtg_amt_request *out);
enum amtg_err amtg_amt_query_parse(const uint8_t *octets, uint32_t len,
                                   struct amtg_amt_query *out);
enum amtg_err amtg_amt_update_parse(const uint8_t *octets, uint32_t len,
                                    struct amtg_amt_update *out);
enum amtg_err amtg_amt_data_parse(const uint8_t *octets, uint32_t len, struct amtg_amt_data *out);
enum amtg_err amtg_amt_teardown_parse(const uint8_t *octets, uint32_t len,
                                      enum amtg_amt_rules rules, struct amtg_amt_teardown *out);

/*
 * Can the start of a UDP payload, as an ICMP error quotes it, be that of Data as we send
 * it? What is not there, it is not held against. inner: octets of the inner datagram, 0
 * when too little is quoted to know; written on success.
 */
bool amtg_amt_data_quoted(const uint8_t *octets, uint32_t len, uint32_t *inner);

/*
 * Write a message to `out`, which the caller knows to have room; returns its
 * octets. The *_head forms write only what stands before the inner datagram, for
 * a packet whose inner datagram is in place already.
 */
uint32_t amtg_amt_discovery_build(const struct amtg_amt_discovery *m, uint8_t *out);
uint32_t amtg_amt_advertisement_build(const struct amtg_amt_advertisement *m, uint8_t *out);
uint32_t amtg_amt_request_build(const struct amtg_amt_request *m, uint8_t *out);
uint32_t amtg_amt_query_octets(const struct amtg_amt_query *m);
uint32_t amtg_amt_query_build(const struct amtg_amt_query *m, uint8_t *out);
uint32_t amtg_amt_update_head(const struct amtg_amt_update *m, uint8_t *out);
uint32_t amtg_amt_data_head(uint8_t *out);
uint32_t amtg_amt_teardown_build(const struct amtg_amt_teardown *m, uint8_t *out);

/*
 * The 16 octets of a Gateway IP Address field (section 5.1.4.9.2), also the form
 * that goes into the Response MAC: IPv4 as IPv4-compatible, 96 zero bits first.
 * Reading takes the unspecified and the loopback address of IPv6, and whatever
 * else would be in 0.0.0.0/8, for IPv6.
 */
void amtg_amt_address_put(const struct amtg_addr *a, uint8_t out[16]);
struct amtg_addr amtg_amt_address_get(const uint8_t in[16]);

#endif
