/*
 * No fuzzer guesses checksums. A target runs its input as it is, and once more with the
 * checksums mended.
 */
#ifndef AMTG_TESTS_FUZZ_MEND_H
#define AMTG_TESTS_FUZZ_MEND_H

#include <stdint.h>

/* Writes the IPv4 header checksum of the datagram, and that of UDP, IGMP, ICMP or ICMPv6 in it. */
void mend_checksums(uint8_t *datagram, uint32_t len);

#endif
