#include "tools/amtgraph/verify/probe.h"

#include "core/loop.h"
#include "elements/wire/amt.h"
#include "elements/wire/ip.h"
#include "elements/wire/udp.h"

/*
 * Three rounds, half a second apart: what was not answered is sent again, so that one lost
 * datagram does not count. No more than fourteen Discoveries, below a relay's rate-limit.
 */
enum { ROUNDS = 3, CONTROL_PAYLOAD = 64, CONTROL_BEHIND = 1 << 8 };
#define BETWEEN_NS (500 * AMTG_MS)

void verify_probe_start(struct verify_probe *p, uint64_t now_ns, bool ip4, uint32_t inner,
                        uint32_t nonce)
{
    uint32_t head = (ip4 ? AMTG_IP4_OCTETS : AMTG_IP6_OCTETS) + AMTG_UDP_OCTETS;

    *p = (struct verify_probe){
        .octets = {head + CONTROL_PAYLOAD, head + AMTG_DATA_HEAD_OCTETS + inner, 1500, 1280, 1024,
                   576},
        .head = head,
        .nonce = nonce,
        .next_ns = now_ns,
    };
}

/* A control that is sent once more has a nonce of its own: it must be answered then. */
static uint32_t nonce_of(const struct verify_probe *p, enum verify_probe_size size)
{
    bool last = size == VERIFY_PROBE_CONTROL && p->rounds == ROUNDS - 1;

    return p->nonce ^ (uint32_t)size ^ (last ? CONTROL_BEHIND : 0);
}

static void settle(struct verify_probe *p)
{
    if (p->answered[VERIFY_PROBE_NEEDED] || p->answered[VERIFY_PROBE_ETHERNET])
        p->result = VERIFY_PROBE_FITS;
    else if (p->answered[VERIFY_PROBE_CONTROL] && p->control_last)
        p->result = VERIFY_PROBE_SMALL;
    else
        p->result = VERIFY_PROBE_UNKNOWN;
}

void verify_probe_tick(struct verify_probe *p, uint64_t now_ns,
                       void (*send)(void *arg, uint32_t payload, uint32_t nonce), void *arg)
{
    if (p->result || now_ns < p->next_ns)
        return;
    bool enough =
        p->answered[VERIFY_PROBE_NEEDED] && (p->answered[VERIFY_PROBE_ETHERNET] || p->rounds > 1);
    if (enough || p->rounds == ROUNDS) {
        settle(p);
        return;
    }
    for (unsigned i = 0; i < VERIFY_PROBE_SIZES; i++) {
        bool again = i == VERIFY_PROBE_CONTROL && p->rounds == ROUNDS - 1;
        if ((p->answered[i] && !again) || (i >= VERIFY_PROBE_IPV6 && p->rounds == 0))
            continue;
        send(arg, p->octets[i] - p->head, nonce_of(p, (enum verify_probe_size)i));
        p->sent++;
    }
    p->rounds++;
    p->next_ns = now_ns + BETWEEN_NS;
}

bool verify_probe_heard(struct verify_probe *p, uint32_t nonce)
{
    uint32_t which = nonce ^ p->nonce;

    if (p->rounds == 0)
        return false;
    if (which == CONTROL_BEHIND) {
        p->control_last = p->answered[VERIFY_PROBE_CONTROL] = true;
        return true;
    }
    if (which >= VERIFY_PROBE_SIZES)
        return false;
    p->answered[which] = true;
    return true;
}

uint32_t verify_probe_longest(const struct verify_probe *p)
{
    uint32_t longest = 0;

    for (unsigned i = 0; i < VERIFY_PROBE_SIZES; i++)
        if (p->answered[i] && p->octets[i] > longest)
            longest = p->octets[i];
    return longest;
}
