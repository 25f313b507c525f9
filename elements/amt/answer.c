#include "elements/amt/answer.h"

bool amtg_may_answer(const struct amtg_peer *peer)
{
    static const uint8_t broadcast[4] = {255, 255, 255, 255};
    const struct amtg_addr *to = &peer->remote;

    if (peer->remote_port == 0 || amtg_addr_is_unspecified(to) || amtg_addr_is_multicast(to))
        return false;
    return !amtg_addr_is4(to) || memcmp(amtg_addr_octets4(to), broadcast, 4) != 0;
}
