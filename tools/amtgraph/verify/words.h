/* What `verify` says about what it saw: texts from its state, and names for machines. */
#ifndef AMTG_TOOLS_VERIFY_WORDS_H
#define AMTG_TOOLS_VERIFY_WORDS_H

#include "tools/amtgraph/verify/steps.h"

enum { VERIFY_CHANNEL_TEXT = 2 * AMTG_ADDR_TEXT + 16 };

/* "232.1.2.3 from 198.51.100.12" into out, which it returns. */
const char *verify_channel_text(const struct verify_options *o, char out[VERIFY_CHANNEL_TEXT]);
/* ", after 3 Requests", or nothing when the first was answered. */
struct verify_times {
    char text[40];
};
struct verify_times verify_times_text(const struct verify *v, enum amtg_amt_message message);
/* A list of all addresses; returns how many are of the family (0: any). */
unsigned verify_addresses_text(const struct amtg_addresses *found, unsigned family, char *out,
                               size_t room);
/* These write to out and return it. A good Query; a bad one, by our own drop and its octets. */
const char *verify_query_text(const struct verify *v, char *out, size_t room);
const char *verify_bad_query_text(const struct verify *v, char *out, size_t room);
const char *verify_moved_text(const struct verify *v, char *out, size_t room);
const char *verify_mtu_text(const struct verify *v, char *out, size_t room);
/* Over, and there was nothing in the last half of the time? */
bool verify_stream_stopped(const struct verify *v);
const char *verify_stream_text(const struct verify *v, char *out, size_t room);

bool verify_icmp_is_too_big(bool ip4, uint8_t type, uint8_t code);
/* Answers to our own probes, which the gateway did not ask for: no news. */
bool verify_drop_is_ours(const struct verify *v, const char *element, const char *reason);
/* The host did not let it out. */
bool verify_drop_is_unsendable(const char *element, const char *reason);

#endif
