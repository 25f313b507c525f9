/*
 * Answering a gateway: what amt-advertise and amt-query have in common. A relay
 * sends nothing but Data that was not asked for, and an answer goes to whoever
 * the datagram says it is from, so a source that cannot be one gateway is never
 * answered (RFC 7450, sections 5.3.3.2, 5.3.3.3 and 6).
 */
#ifndef AMTG_AMT_ANSWER_H
#define AMTG_AMT_ANSWER_H

#include "core/packet.h"

/* May an answer go to the sender of a datagram? Not to a group, broadcast, nobody or port 0. */
bool amtg_may_answer(const struct amtg_peer *peer);

#endif
