/*
 * What an element has done to a packet: two looks at it, taken apart by the layer tables and
 * compared (elements/wire/change.h). For a trace, and for whoever shows one step at a time.
 */
#ifndef AMTG_TOOLS_PACKET_CHANGE_H
#define AMTG_TOOLS_PACKET_CHANGE_H

#include <jansson.h>

#include "elements/wire/change.h"

struct packet_change {
    struct amtg_dissection before, after;
    struct amtg_changes changes;
};

/* The octets are lent, and must outlive it. */
void packet_change_find(struct packet_change *c, const struct amtg_type *before_type,
                        const uint8_t *before, uint32_t before_len,
                        const struct amtg_type *after_type, const uint8_t *after,
                        uint32_t after_len);
void packet_change_free(struct packet_change *c);

/*
 * Each change a line, begun with `indent`; those that follow from others (lengths, checksums)
 * together in the last: "hence ip4.checksum 0x9d88 -> 0x9e88".
 */
void packet_change_print(const struct packet_change *c, const char *indent, FILE *out);
/*
 * [{"what": "value", "name": "ip4.ttl", "was": "64", "is": "63", "hence": false,
 *   "was_at": [8, 1], "is_at": [8, 1]}, {"what": "added", "name": "amt data", "octets": 2,
 *   "is_at": [0, 42]}]; ..._at: first octet and number of octets. A new reference.
 */
json_t *packet_change_json(const struct packet_change *c);

/* What is wrong with a packet by itself, each a line begun with `indent`: checksums, lengths. */
void packet_faults_print(const struct amtg_type *type, const uint8_t *octets, uint32_t len,
                         const char *indent, FILE *out);
/* ["udp.checksum: wrong; 0x1234 would be right"] */
json_t *packet_faults_json(const struct amtg_type *type, const uint8_t *octets, uint32_t len);

#endif
