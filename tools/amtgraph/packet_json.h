/* Octets of packets as JSON: what the admin side, `trace` and the page have in common. */
#ifndef AMTG_TOOLS_PACKET_JSON_H
#define AMTG_TOOLS_PACKET_JSON_H

#include <jansson.h>

#include "core/packet.h"

/*
 * The layers of a packet and their fields, in the order of the octets:
 *
 *     [{"layer": "amt", "message": "request", "octet": 0, "octets": 8, "depth": 0, "fields":
 *         [{"name": "nonce", "value": "0x01020304", "octet": 4, "octets": 4, "bit": 0,
 *           "bits": 32, "depth": 1}]}]
 *
 * A field that is wrong has "fault" too, in words. Octets are counted from the first of `octets`.
 */
json_t *packet_layers_json(const struct amtg_type *type, const uint8_t *octets, uint32_t len);
/* "0a0b..." */
json_t *packet_hex_json(const uint8_t *octets, uint32_t len);
/* "192.0.2.1:2268"; null when there is no such peer. */
json_t *packet_peer_json(const struct amtg_addr *address, uint16_t port);
/* One line about it in words (amtg_type_describe). */
json_t *packet_words_json(const struct amtg_packet *p);

#endif
