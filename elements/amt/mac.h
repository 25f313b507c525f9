/*
 * The interface `response-mac` (RFC 7450, section 5.3.5): offered by amt-secret,
 * used by amt-query, amt-update and amt-teardown.
 */
#ifndef AMTG_AMT_MAC_H
#define AMTG_AMT_MAC_H

#include "core/element.h"

extern const struct amtg_interface amtg_response_mac;

enum { AMTG_MAC_OCTETS = 6 };

struct amtg_response_mac_ops {
    /*
     * The MAC of (address, port, nonce) under the present secret. port, nonce: host
     * order; ecn: the Request had E (RFC 9601, section 6.1.4.2).
     */
    void (*make)(struct amtg_element *secret, const struct amtg_addr *address, uint16_t port,
                 uint32_t nonce, bool ecn, uint8_t mac[AMTG_MAC_OCTETS]);
    /*
     * Is it right under the present secret, or under the previous one while that is
     * still good (RFC 7450, section 5.3.3.4)? Constant time in the MAC. *ecn: with
     * which E it was made; ecn may be NULL.
     */
    bool (*check)(struct amtg_element *secret, const struct amtg_addr *address, uint16_t port,
                  uint32_t nonce, const uint8_t mac[AMTG_MAC_OCTETS], bool *ecn);
};

#endif
