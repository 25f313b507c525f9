/*
 * Data in (RFC 7450, section 5.2.3.3), and the signs that a relay has lost us.
 *
 * Timers:
 *   T_silence  Data flowed and has stopped: `silence`, twice as long after each time,
 *              as it was once Data flows for 30 s, or once the relay was away
 *   T_traffic  Update with subscriptions sent and no Data: random in
 *              [4 s, min(4 s * 2^retries, 120 s)] (RFC 8777, section 3.3.4.1)
 *   T_address  every `address-check`: do we still have the same address?
 */
#include "elements/amt/gateway.h"
#include "elements/io/route.h"
#include "elements/wire/types.h"

#define FLOW_NS (30 * AMTG_S)       /* Data that flows for so long is a steady stream */
#define SILENCE_MOST (64 * AMTG_S)
#define HOLD_TRAFFIC_LEAST (180 * AMTG_S) /* RFC 8777: 3 to 10 minutes */
#define HOLD_TRAFFIC_MOST (600 * AMTG_S)

enum { IP4_TO = 16, IP6_TO = 24 }; /* octets before the destination */
enum { ICMP_UNREACHABLE = 3, ICMP_TOO_BIG = 4, ICMP6_UNREACHABLE = 1 };

/* ---- Data ------------------------------------------------------------------------------ */

/* Only multicast may come out of a tunnel; check-ip verifies the rest. AMTG_GW_DROPS: fine. */
static enum amtg_gw_drop check_inner(const struct amtg_amt_data *data)
{
    const uint8_t *ip = data->inner;
    unsigned version = ip[0] >> 4;

    if (version == 4)
        return ip[IP4_TO] >> 4 == 14 ? AMTG_GW_DROPS : AMTG_GW_DATA_NOT_MULTICAST;
    if (version != 6 || data->inner_len < AMTG_IP6_OCTETS)
        return AMTG_GW_DATA_INNER;
    return ip[IP6_TO] == 0xff ? AMTG_GW_DROPS : AMTG_GW_DATA_NOT_MULTICAST;
}

static enum amtg_gw_drop check(const struct amt_gateway *g, const struct amtg_packet *p)
{
    const struct amtg_gw_tunnel *t = g->serving;
    struct amtg_amt_data data;

    if (amtg_amt_data_parse(p->data, p->len, &data))
        return AMTG_GW_DATA_SHORT;
    if (!t)
        return AMTG_GW_DATA_NO_TUNNEL;
    if (p->peer.remote_port != g->port || !amtg_addr_equal(&p->peer.remote, &t->relay))
        return AMTG_GW_DATA_SOURCE;
    return check_inner(&data);
}

static void note_data(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);
    uint64_t now = amtg_now(e);

    if (!g->data_seen || now - g->data_ns > g->silence_ns) {
        g->flow_ns = now;
    } else if (now - g->flow_ns > FLOW_NS && g->silence_now_ns != g->silence_ns) {
        g->silence_now_ns = g->silence_ns;
        amtg_timer_stop(e, &g->t_silence); /* it was to run for longer than that */
    }
    g->data_seen = true;
    g->data_ns = now;
    if (g->silence_ns && !amtg_timer_running(&g->t_silence))
        amtg_timer_start(e, &g->t_silence, g->silence_now_ns);
    if (amtg_timer_running(&g->t_traffic))
        amtg_timer_stop(e, &g->t_traffic);
    g->traffic_retries = 0;
}

void amtg_gw_data(struct amtg_element *e, struct amtg_packet *p)
{
    enum amtg_gw_drop fault = check(amtg_state(e), p);

    if (fault != AMTG_GW_DROPS) {
        amtg_drop(e, fault, p);
        return;
    }
    note_data(e);
    amtg_count(e, AMTG_GW_DATA_TAKEN, 1);
    amtg_emit(e, AMTG_GW_DATA, p);
}

/*
 * A relay that has restarted knows nothing of us and says nothing: all that we see is
 * that a stream stops. Asking for a Query is cheap, and its answer brings our
 * subscriptions back. A source may have stopped as well, so it is done ever more rarely.
 */
static void t_silence(struct amtg_element *e, struct amtg_timer *t)
{
    struct amt_gateway *g = amtg_state(e);
    uint64_t since = amtg_now(e) - g->data_ns;

    if (since < g->silence_now_ns) {
        amtg_timer_start(e, t, g->silence_now_ns - since);
        return;
    }
    if (!g->serving)
        return;
    amtg_count(e, AMTG_GW_SILENCES, 1);
    g->silence_now_ns *= 2;
    if (g->silence_now_ns > SILENCE_MOST)
        g->silence_now_ns = SILENCE_MOST;
    amtg_gw_renew(g->serving);
}

void amtg_gw_expect_data(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    if (!g->no_traffic_ns || amtg_timer_running(&g->t_traffic) ||
        (g->data_seen && amtg_now(e) - g->data_ns < g->no_traffic_ns))
        return;
    amtg_timer_start(e, &g->t_traffic,
                     amtg_gw_back_off(e, g->no_traffic_ns, g->traffic_retries, g->retry_most_ns));
}

/*
 * The relay may have no path to the source, or there is no source. Look for another
 * relay; this one goes on serving until one is found (RFC 8777, section 3.3.4.1).
 */
static void t_traffic(struct amtg_element *e, struct amtg_timer *t)
{
    struct amt_gateway *g = amtg_state(e);

    (void)t;
    if (!g->serving)
        return;
    amtg_count(e, AMTG_GW_NO_TRAFFIC, 1);
    if (g->traffic_retries < UINT32_MAX)
        g->traffic_retries++;
    if (!amtg_gw_has_choice(g))
        return;
    if (amtg_gw_discovers(g) || g->finder.candidates_count > 1) /* else it is all there is */
        amtg_gw_hold_down(e, &g->serving->relay,
                          HOLD_TRAFFIC_LEAST +
                              amtg_random_below(e, HOLD_TRAFFIC_MOST - HOLD_TRAFFIC_LEAST + 1));
    amtg_gw_seek(e);
    amtg_gw_show(e);
}

/* ---- ICMP (RFC 7450, section 5.2.3.9) ------------------------------------------------------ */

static bool is_unreachable(const struct amtg_packet *p)
{
    const struct amtg_unreachable *record = (const void *)p->data;

    if (amtg_addr_is4(&p->peer.remote))
        return record->type == ICMP_UNREACHABLE && record->code != ICMP_TOO_BIG;
    return record->type == ICMP6_UNREACHABLE;
}

static bool is_ours(const struct amt_gateway *g, const struct amtg_peer *peer)
{
    bool tunnel = (g->serving && amtg_addr_equal(&g->serving->relay, &peer->remote)) ||
                  (g->moving && amtg_addr_equal(&g->moving->relay, &peer->remote));
    bool discovery = g->finder.state == AMTG_FINDER_ASKING && amtg_gw_discovers(g) &&
                     amtg_addr_equal(&g->finder.candidates[g->finder.candidate], &peer->remote);

    return peer->remote_port == g->port && (tunnel || discovery);
}

/*
 * About an Update, it means that the relay has not got it: begin a new cycle. About a
 * Discovery or Request, retransmission goes on as if nothing had been said; ICMP is
 * easily forged.
 */
void amtg_gw_unreachable(struct amtg_element *e, struct amtg_packet *p)
{
    struct amt_gateway *g = amtg_state(e);
    struct amtg_gw_tunnel *t = g->serving;

    if (!is_unreachable(p)) {
        amtg_drop(e, AMTG_GW_UNREACHABLE_OTHER, p);
        return;
    }
    if (!is_ours(g, &p->peer)) {
        amtg_drop(e, AMTG_GW_UNREACHABLE_STRANGER, p);
        return;
    }
    if (t && t->update_last && amtg_addr_equal(&t->relay, &p->peer.remote)) {
        amtg_count(e, AMTG_GW_UNREACHABLE_RENEWED, 1);
        amtg_gw_renew(t);
    } else {
        amtg_count(e, AMTG_GW_UNREACHABLE_IGNORED, 1);
    }
    amtg_finish(e, p);
}

/* ---- our own address ------------------------------------------------------------------------ */

/*
 * After a change of address Updates fail the relay's check in silence until the next
 * Query: ask for one at once (RFC 7450, section 4.2.2.1). So too when a route is back.
 */
static void t_address(struct amtg_element *e, struct amtg_timer *timer)
{
    struct amt_gateway *g = amtg_state(e);
    const struct amtg_source_address_ops *ops = amtg_ops(g->socket, &amtg_source_address);
    struct amtg_gw_tunnel *t = g->serving;
    struct amtg_addr now = {{0}};
    char text[AMTG_ADDR_TEXT];

    if (!t)
        return;
    amtg_timer_start(e, timer, g->address_check_ns);
    if (!ops->towards(g->socket, &t->relay, 0, &now))
        memset(&now, 0, sizeof now); /* no route */
    bool changed = t->local_known && !amtg_addr_equal(&t->local, &now);
    t->local = now;
    t->local_known = true;
    if (!changed || amtg_addr_is_unspecified(&now))
        return;
    amtg_count(e, AMTG_GW_ADDRESS_CHANGES, 1);
    amtg_log(e, AMTG_LOG_INFO, "gateway-address", "local=%s", amtg_addr_text(&now, text));
    amtg_gw_renew(t);
}

void amtg_gw_data_init(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    g->t_silence.fire = t_silence;
    g->t_traffic.fire = t_traffic;
    g->t_address.fire = t_address;
}
