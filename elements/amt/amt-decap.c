/*
 * amt-decap: take the datagram out of Multicast Data messages (RFC 7450, section
 * 5.1.6).
 *
 * in:  amt.data
 * out: ip-raw: the inner datagram with whatever follows it; check-ip verifies
 *      and trims it
 *
 * Congestion that the tunnel's packets met goes on to the inner datagram (RFC 6040,
 * section 4.2). That it may be marked, the gateway has told the relay by E (RFC 9601).
 *
 *     elements:
 *       decap: {class: amt-decap}
 *       check: {class: check-ip}
 *     edges:
 *       - messages.data -> decap -> check
 */
#include "core/element.h"
#include "elements/wire/amt.h"
#include "elements/wire/ecn.h"
#include "elements/wire/types.h"

struct amt_decap {
    uint64_t odd_ecn_log_ns;

    uint64_t quiet_until_ns; /* no line before */
};

enum { OUT };
enum { CONGESTED, ODD };
enum { SHORT, NOT_ECT_CE };

/* What no sound tunnel makes may be a fault or an attack: said, but not more often than wanted. */
static void note_odd(struct amtg_element *e, const struct amtg_peer *from, uint8_t inner,
                     uint8_t outer)
{
    struct amt_decap *state = amtg_state(e);
    char relay[AMTG_ADDR_TEXT];

    amtg_count(e, ODD, 1);
    if (!state->odd_ecn_log_ns || amtg_now(e) < state->quiet_until_ns)
        return;
    state->quiet_until_ns = amtg_now(e) + state->odd_ecn_log_ns;
    amtg_log(e, AMTG_LOG_WARNING, "odd-ecn", "relay=%s inner=%s outer=%s so-far=%llu",
             amtg_addr_text(&from->remote, relay), amtg_ecn_text(inner), amtg_ecn_text(outer),
             (unsigned long long)e->counters[ODD]);
}

/* false: the packet was dropped. */
static bool take_ecn(struct amtg_element *e, struct amtg_packet *packet)
{
    uint8_t outer = packet->flags & AMTG_HAS_TOS ? packet->tos & AMTG_ECN_MASK : AMTG_NOT_ECT;
    uint8_t inner = amtg_tos_read(packet->data) & AMTG_ECN_MASK;
    struct amtg_ecn_egress now = amtg_ecn_decapsulate(inner, outer);

    if (now.odd)
        note_odd(e, &packet->peer, inner, outer);
    if (now.drop) {
        amtg_drop(e, NOT_ECT_CE, packet);
        return false;
    }
    if (now.ecn == inner)
        return true;
    if (!amtg_packet_own(packet)) {
        amtg_drop_no_buffer(e, packet);
        return false;
    }
    amtg_ecn_write(packet->data, now.ecn);
    amtg_count(e, CONGESTED, now.ecn == AMTG_CE);
    return true;
}

static void amt_decap_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch) {
        struct amtg_amt_data data;

        if (amtg_amt_data_parse(packet->data, packet->len, &data)) {
            amtg_drop(e, SHORT, packet);
            continue;
        }
        amtg_packet_pull(packet, AMTG_DATA_HEAD_OCTETS);
        if (!take_ecn(e, packet))
            continue;
        packet->flags &= (uint8_t)~AMTG_HAS_TOS;
        packet->type = AMTG_IP_RAW;
        amtg_emit(e, OUT, packet);
    }
}

const struct amtg_class amtg_amt_decap = {
    .name = "amt-decap",
    .summary = "takes IP datagrams out of AMT Multicast Data messages",
    .details = "RFC 7450, section 5.1.6. Nothing of the inner datagram is verified here: check-ip "
               "does that. Only its ECN field may change: it becomes the more severe one of inner "
               "and outer header (RFC 6040, section 4.2). CE outside of a datagram that is not "
               "ECN-capable is a drop, since there is no other way to tell of it. Pairs that no "
               "sound tunnel makes are counted as `odd-ecn`, and said once in `odd-ecn-log`.",
    .example = "elements:\n"
               "  udp:      {class: udp-socket, bind: 127.0.0.1, port: 2268}\n"
               "  messages: {class: amt-classifier}\n"
               "  decap:    {class: amt-decap}\n"
               "  check:    {class: check-ip}\n"
               "  end:      {class: discard}\n"
               "edges:\n"
               "  - udp -> messages\n"
               "  - messages.data -> decap -> check -> end\n",
    AMTG_INPUTS({"in", AMTG_AMT_DATA, "Multicast Data", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_IP_RAW, "inner datagrams, unverified", 0}),
    .state_octets = sizeof(struct amt_decap),
    AMTG_PARAMS(AMTG_DURATION(struct amt_decap, odd_ecn_log_ns, "1m", 0, 24 * 3600 * AMTG_S,
                              "log odd pairs of ECN fields at most so often; 0s: never")),
    AMTG_COUNTERS([CONGESTED] = {"congested", "packets", "marked CE by the tunnel", AMTG_COUNTER},
                  [ODD] = {"odd-ecn", "packets", "with ECN fields that do not belong together",
                           AMTG_COUNTER}),
    AMTG_DROPS([SHORT] = {"short", "no whole Multicast Data message"},
               [NOT_ECT_CE] = {"not-ect-ce", "the tunnel met congestion (outer CE), and the inner "
                                             "datagram is not ECN-capable (RFC 6040, 4.2)"}),
    .push = amt_decap_push,
};
