/*
 * What ICMP errors about its endpoints do to membership: a run of "unreachable" ends a
 * tunnel (RFC 7450, section 5.3.3.6.4), and "too big" makes its path MTU smaller, for
 * some minutes (RFC 7450, section 5.3.3.6.1; RFC 1191; RFC 8201).
 *
 * Anybody can send an ICMP error. So it counts for the one tunnel that it quotes, and no
 * other; one that cannot have come of what we sent counts for nothing; and a path MTU
 * never goes below a minimum.
 */
#include "elements/group/membership.h"
#include "elements/wire/amt.h"
#include "elements/wire/icmp.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"

/*
 * Path MTUs are rounded down to one of these, so that endpoints fall into few kinds
 * (RFC 1191, section 7, does it to search). Common ones lie on or just above a step:
 * Ethernet, PPPoE, tunnels in IPv4 and in IPv6, VPNs, the least of IPv6.
 */
static const uint16_t steps[] = {9000, 4352, 2002, 1500, 1492, 1480, 1454, 1420,
                                 1400, 1280, 1006, 576,  296,  68};

enum {
    STEPS = sizeof steps / sizeof steps[0],
    USUAL = 1500,  /* what is assumed of a path that nothing is known of */
    LEAST4 = 68,   /* RFC 791, section 3.2 */
    LEAST6 = 1280, /* RFC 8200, section 5 */
};

/* Destination Unreachable and nothing else; "too big" says the opposite: there is a path. */
static bool means_unreachable(bool ip4, const struct amtg_unreachable *u)
{
    return ip4 ? u->type == AMTG_ICMP4_UNREACHABLE && u->code != AMTG_ICMP4_FRAGMENTATION_NEEDED
               : u->type == AMTG_ICMP6_UNREACHABLE;
}

/*
 * RFC 7450, section 5.3.3.6.4: a run of errors ends the tunnel. One error may be
 * forged or a passing fault of routing, so they must go on for a while without any
 * report in between.
 */
static void count_unreachable(struct amtg_element *e, struct amtg_member *m)
{
    struct membership *state = amtg_state(e);

    amtg_count(e, AMTG_MEMBERS_ERRORS, 1);
    if (m->errors == 0)
        m->errors_since_ms = amtg_membership_now_ms(e);
    if (m->errors < UINT16_MAX)
        m->errors++;
    uint32_t span_ms = amtg_membership_now_ms(e) - m->errors_since_ms;
    if (state->unreachable_count && m->errors >= state->unreachable_count &&
        span_ms * AMTG_MS >= state->unreachable_span_ns)
        amtg_membership_end(e, m, AMTG_MEMBERS_NOT_REACHED);
}

/* ---- path MTU ------------------------------------------------------------ */

/* The largest step up to `mtu`, or the last one. */
static uint16_t step_down(uint32_t mtu)
{
    unsigned i = 0;

    while (i < STEPS - 1 && steps[i] > mtu)
        i++;
    return steps[i];
}

/*
 * Octets of the packet that was too big; 0: too little of it is quoted to say. false:
 * it was no Data of this tunnel. (IPv4 routers may quote no more than the ports.)
 */
static bool is_about_data(const struct amtg_member *m, const struct amtg_peer *about,
                          const struct amtg_unreachable *u, uint32_t *octets)
{
    const struct amtg_peer *peer = &m->endpoint->peer;
    uint32_t inner;

    if (about->local_port != peer->local_port || !amtg_addr_equal(&about->local, &peer->local))
        return false;
    if (!amtg_amt_data_quoted(u->quote, u->quoted, &inner))
        return false;
    *octets = inner ? amtg_udp_heads_octets(peer) + AMTG_DATA_HEAD_OCTETS + inner : 0;
    return true;
}

/* The path MTU that follows from the error; 0: none does. */
static uint16_t believed(const struct membership *state, const struct amtg_member *m,
                         const struct amtg_peer *about, const struct amtg_unreachable *u)
{
    const struct amtg_kind *kind = &m->endpoint->kind;
    uint32_t least = kind->version == 4 ? LEAST4 : LEAST6;
    uint32_t sent = 0, mtu = u->mtu;

    if (!u->local) {
        if (!state->pmtu_dynamic || !is_about_data(m, about, u, &sent))
            return 0;
        if (sent && mtu >= sent) /* it would have fitted */
            return 0;
        if (least < state->pmtu_min)
            least = state->pmtu_min;
    }
    if (mtu == 0) /* of a router older than RFC 1191 */
        mtu = (sent ? sent : kind->pmtu ? kind->pmtu : USUAL) - 1u;
    mtu = step_down(mtu);
    if (mtu < least)
        mtu = least;
    return kind->pmtu && mtu >= kind->pmtu ? 0 : (uint16_t)mtu;
}

static enum amtg_err set_pmtu(struct amtg_element *e, struct amtg_member *m, uint16_t pmtu,
                              const char *why)
{
    struct membership *state = amtg_state(e);
    struct amtg_kind kind = m->endpoint->kind;
    char text[AMTG_ADDR_TEXT];

    kind.pmtu = pmtu;
    amtg_log(e, AMTG_LOG_INFO, "tunnel-mtu", "remote=%s port=%u pmtu=%u reason=%s",
             amtg_addr_text(&m->endpoint->peer.remote, text),
             (unsigned)m->endpoint->peer.remote_port, (unsigned)pmtu, why);
    return amtg_roster_change_kind(&state->roster, m, &kind);
}

static void take_too_big(struct amtg_element *e, struct amtg_member *m,
                         const struct amtg_peer *about, const struct amtg_unreachable *u)
{
    struct membership *state = amtg_state(e);
    uint16_t pmtu = believed(state, m, about, u);

    if (!pmtu) {
        amtg_count(e, AMTG_MEMBERS_PMTU_IGNORED, 1);
        return;
    }
    amtg_count(e, AMTG_MEMBERS_PMTU_LOWERED, 1);
    m->pmtu_until_ms = amtg_membership_now_ms(e) + (uint32_t)(state->pmtu_age_ns / AMTG_MS);
    amtg_membership_arm(e, m, m->pmtu_until_ms);
    if (set_pmtu(e, m, pmtu, u->local ? "link" : "icmp") != AMTG_OK)
        amtg_membership_end(e, m, AMTG_MEMBERS_OUT_OF_MEMORY);
}

/* RFC 1191, section 6.3: what is known gets old, so that a better path is found some day. */
enum amtg_err amtg_membership_age_pmtu(struct amtg_element *e, struct amtg_member *m)
{
    if (!m->endpoint->kind.pmtu ||
        !amtg_deadline_due(m->pmtu_until_ms, amtg_membership_now_ms(e)))
        return AMTG_OK;
    amtg_count(e, AMTG_MEMBERS_PMTU_AGED, 1);
    return set_pmtu(e, m, 0, "age");
}

/* ---- records ------------------------------------------------------------- */

void amtg_membership_error(struct amtg_element *e, struct amtg_packet *p)
{
    struct membership *state = amtg_state(e);
    bool ip4 = amtg_addr_is4(&p->peer.remote);
    struct amtg_unreachable u;

    if (p->len < sizeof u) {
        amtg_drop(e, AMTG_MEMBERS_BAD_RECORD, p);
        return;
    }
    memcpy(&u, p->data, sizeof u);
    struct amtg_member *m =
        amtg_roster_find(&state->roster, &p->peer.remote, p->peer.remote_port);
    if (!m)
        amtg_count(e, AMTG_MEMBERS_UNKNOWN_PEER, 1);
    else if (amtg_icmp_is_too_big(ip4, u.type, u.code))
        take_too_big(e, m, &p->peer, &u);
    else if (means_unreachable(ip4, &u))
        count_unreachable(e, m);
    else
        amtg_count(e, AMTG_MEMBERS_ERRORS_OTHER, 1);
    amtg_finish(e, p);
}
