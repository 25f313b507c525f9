/*
 * Answers of name servers (RFC 1035, section 4; RFC 3596), as captures hold them: what
 * stands in for a resolver when a graph runs on captures. Live names are asked by the
 * host's own resolver, elements/io/resolve.h.
 */
#ifndef AMTG_WIRE_DNS_H
#define AMTG_WIRE_DNS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

enum { AMTG_DNS_PORT = 53, AMTG_DNS_ADDRESSES = 16 };

enum amtg_dns_rcode { AMTG_DNS_NO_ERROR = 0, AMTG_DNS_NAME_ERROR = 3 };

struct amtg_dns_answer {
    char name[AMTG_HOST_NAME]; /* as the question has it, without a dot at the end */
    uint8_t rcode;
    unsigned count;
    struct amtg_addr addresses[AMTG_DNS_ADDRESSES]; /* of A and AAAA records, in their order; no more */
};

/*
 * Parse a response with one question for a host name; what is answered may stand behind
 * aliases. false: it is none, or it ends too early; *out is then undefined.
 */
bool amtg_dns_answer_parse(const uint8_t *octets, uint32_t len, struct amtg_dns_answer *out);

#endif
