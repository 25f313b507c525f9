/*
 * What hosts say, by the choices of a fuzzer: reports of a few groups and sources, so that
 * they meet again. Among these are some that must be passed over.
 */
#ifndef AMTG_TESTS_FUZZ_SPEECH_H
#define AMTG_TESTS_FUZZ_SPEECH_H

#include "core/addr.h"
#include "tests/fuzz/support/fuzz.h"

enum { SPEECH_MOST = 2048, SPEECH_GROUPS = 7, SPEECH_SOURCES = 8, SPEECH_GOOD_SOURCES = 5 };

/* The first few are good; the last good source of a family is one that no report names. */
struct amtg_addr speech_group(bool ip4, unsigned i);
struct amtg_addr speech_source(bool ip4, unsigned i);

/* An IGMP or MLD message, a report of any version, without checksum; its octets. out: SPEECH_MOST */
uint32_t speech_report(struct choices *c, bool ip4, uint8_t *out);
/* The same as a whole datagram, right in all. */
uint32_t speech_datagram(bool ip4, const uint8_t *message, uint32_t len, uint8_t *out);
/* A UDP datagram with so many octets of payload, to a group. */
uint32_t speech_data(const struct amtg_addr *source, const struct amtg_addr *group,
                     uint32_t payload_octets, bool dont_fragment, uint8_t *out);

#endif
