/*
 * Octets in words, layer by layer, for people: one line without line end each.
 * Takes any octets; what cannot be read is said to be so.
 */
#ifndef AMTG_WIRE_DESCRIBE_H
#define AMTG_WIRE_DESCRIBE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct amtg_packet;

/* An IP datagram and what it carries: UDP (AMT on its port), IGMP, MLD, ICMP. */
void amtg_describe_ip(const uint8_t *octets, uint32_t len, FILE *out);
/* An AMT message and its inner datagram. */
void amtg_describe_amt(const uint8_t *octets, uint32_t len, FILE *out);
/* An IGMP message (ip4), or an MLD one. */
void amtg_describe_group(const uint8_t *octets, uint32_t len, bool ip4, FILE *out);

#endif
