/* Packets of a test in words: who sent it to whom, and each layer field by field. */
#ifndef AMTG_TOOLS_TEST_SHOW_H
#define AMTG_TOOLS_TEST_SHOW_H

#include <stdio.h>

#include "elements/wire/match.h"
#include "tools/amtgraph/test/world.h"

/* "into udp.in at 0.5 s, 48 octets, from 192.0.2.1 2268 to 192.0.2.10 51000" */
void test_show_head(const struct amtg_graph *g, const struct test_place *place,
                    const struct test_seen *seen, FILE *out);
/*
 * Every part on a line: where it is, its name, its value. Those that differ are marked, with
 * what was expected; so are those with a fault. m may be NULL.
 */
void test_show_parts(const struct amtg_dissection *d, const struct amtg_matching *m, FILE *out);
/* Octets and what they should be, sixteen on a line, lines that are equal once. */
void test_show_octets(const uint8_t *is, uint32_t is_len, const uint8_t *expected,
                      uint32_t expected_len, FILE *out);
/* "192.0.2.1 2268" into out, which it returns. */
enum { TEST_END_TEXT = AMTG_ADDR_TEXT + 8 };
const char *test_show_end(const struct amtg_addr *addr, uint16_t port, char out[TEST_END_TEXT]);

#endif
