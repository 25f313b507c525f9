#include "tests/fuzz/support/model.h"

#include <stdlib.h>
#include <string.h>

#include "elements/group/report.h"

/* ---- lists --------------------------------------------------------------- */

static struct model_endpoint *find_endpoint(struct model *m, const struct amtg_addr *remote,
                                            uint16_t port)
{
    for (unsigned i = 0; i < m->count; i++)
        if (amtg_addr_equal(&m->endpoints[i].peer.remote, remote) &&
            m->endpoints[i].peer.remote_port == port)
            return &m->endpoints[i];
    return NULL;
}

static struct model_group *find_group(const struct model_endpoint *e, const struct amtg_addr *group)
{
    for (unsigned i = 0; i < e->count; i++)
        if (amtg_addr_equal(&e->groups[i].group, group))
            return &e->groups[i];
    return NULL;
}

static struct model_source *find_source(const struct model_group *g, const struct amtg_addr *source)
{
    for (unsigned i = 0; i < g->count; i++)
        if (amtg_addr_equal(&g->sources[i].address, source))
            return &g->sources[i];
    return NULL;
}

static void remove_endpoint(struct model *m, struct model_endpoint *e)
{
    for (unsigned i = 0; i < e->count; i++)
        free(e->groups[i].sources);
    free(e->groups);
    *e = m->endpoints[--m->count];
}

/* A group without any state is none, an endpoint without groups neither. */
static void tidy(struct model *m)
{
    for (unsigned i = m->count; i-- > 0;) {
        struct model_endpoint *e = &m->endpoints[i];
        for (unsigned k = e->count; k-- > 0;)
            if (!e->groups[k].exclude && e->groups[k].count == 0) {
                free(e->groups[k].sources);
                e->groups[k] = e->groups[--e->count];
            }
        if (e->count == 0)
            remove_endpoint(m, e);
    }
}

void model_fini(struct model *m)
{
    while (m->count)
        remove_endpoint(m, &m->endpoints[0]);
    free(m->endpoints);
}

/* ---- time (RFC 3376, sections 6.2.2, 6.2.3, 6.5 and 7.3.2) --------------- */

static void expire_group(struct model_group *g, uint64_t now_ms)
{
    bool to_include = g->exclude && g->until_ms <= now_ms;
    unsigned kept = 0;

    if (g->older && g->older_until_ms <= now_ms)
        g->older = false;
    if (to_include)
        g->exclude = false;
    for (unsigned i = 0; i < g->count; i++) {
        struct model_source s = g->sources[i];
        if (!s.blocked && s.until_ms <= now_ms)
            s.blocked = true;
        if (!s.blocked || g->exclude)
            g->sources[kept++] = s;
    }
    g->count = kept;
}

void model_expire(struct model *m, uint64_t now_ms)
{
    for (unsigned i = 0; i < m->count; i++)
        for (unsigned k = 0; k < m->endpoints[i].count; k++)
            expire_group(&m->endpoints[i].groups[k], now_ms);
    tidy(m);
}

/* ---- what counts --------------------------------------------------------- */

static bool is_ssm(const struct amtg_addr *g, bool ip4)
{
    if (ip4)
        return g->octets[12] == 232;
    return g->octets[0] == 0xff && g->octets[1] >> 4 == 3 && g->octets[2] == 0 && g->octets[3] == 0;
}

/* A group that data may be forwarded for. */
static bool is_good_group(const struct amtg_addr *g, bool ip4)
{
    const uint8_t *o = g->octets;

    if (!ip4)
        return o[0] == 0xff && (o[1] & 0x0f) > 2;
    if (o[12] >> 4 != 14 || (o[12] == 224 && o[13] == 0 && o[14] == 0))
        return false;
    return !(o[12] == 232 && o[13] == 0 && o[14] == 0 && o[15] == 0);
}

static bool is_good_source(const struct amtg_addr *s, bool ip4)
{
    const uint8_t *o = s->octets;
    static const uint8_t one[16] = {[15] = 1};

    if (amtg_addr_is_unspecified(s) || amtg_addr_is4(s) != ip4)
        return false;
    if (!ip4)
        return o[0] != 0xff && memcmp(o, one, 16) != 0;
    return o[12] != 127 && o[12] >> 4 != 14 && memcmp(o + 12, "\xff\xff\xff\xff", 4) != 0;
}

/* ---- records: the tables ------------------------------------------------- */

enum where { NOWHERE, FORWARDED, BLOCKED }; /* not in the list; in X (or A); in Y */

/* One source that is in the state or in the record, or in both. */
struct place {
    enum where was, is;
    bool named;        /* in the record's list */
    uint64_t timer_ms; /* when it ends; of FORWARDED */
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* INCLUDE(A): the rows of the first half. `low`: the query column, without a query. */
static void from_include(const struct model *m, unsigned type, struct place *p, uint64_t start,
                         uint64_t low)
{
    bool a = p->was == FORWARDED, b = p->named;

    switch (type) {
    case AMTG_IS_IN: /* INCLUDE(A+B), (B)=GMI */
    case AMTG_ALLOW:
        p->is = a || b ? FORWARDED : NOWHERE;
        if (b)
            p->timer_ms = start;
        break;
    case AMTG_TO_IN: /* INCLUDE(A+B), (B)=GMI, Q(G,A-B) */
        p->is = a || b ? FORWARDED : NOWHERE;
        p->timer_ms = b ? start : least(p->timer_ms, low);
        break;
    case AMTG_BLOCK: /* INCLUDE(A), Q(G,A*B) */
        p->is = a ? FORWARDED : NOWHERE;
        if (a && b)
            p->timer_ms = least(p->timer_ms, low);
        if (a && b && m->prompt)
            p->is = NOWHERE;
        break;
    case AMTG_IS_EX: /* EXCLUDE(A*B,B-A), (B-A)=0, delete (A-B) */
        p->is = a && b ? FORWARDED : b ? BLOCKED : NOWHERE;
        break;
    case AMTG_TO_EX: /* the same, Q(G,A*B) */
        p->is = a && b ? FORWARDED : b ? BLOCKED : NOWHERE;
        if (a && b)
            p->timer_ms = least(p->timer_ms, low);
        break;
    }
}

/* EXCLUDE(X,Y): the rows of the second half. */
static void from_exclude(const struct model *m, unsigned type, struct place *p, uint64_t start,
                         uint64_t low, uint64_t group)
{
    bool x = p->was == FORWARDED, y = p->was == BLOCKED, a = p->named;

    switch (type) {
    case AMTG_IS_IN: /* EXCLUDE(X+A,Y-A), (A)=GMI */
    case AMTG_ALLOW:
        p->is = x || a ? FORWARDED : BLOCKED;
        if (a)
            p->timer_ms = start;
        break;
    case AMTG_TO_IN: /* the same, Q(G,X-A), Q(G) */
        p->is = x || a ? FORWARDED : BLOCKED;
        p->timer_ms = a ? start : least(p->timer_ms, low);
        break;
    case AMTG_IS_EX: /* EXCLUDE(A-Y,Y*A), (A-X-Y)=GMI, delete (X-A) and (Y-A) */
        p->is = !a ? NOWHERE : y ? BLOCKED : FORWARDED;
        if (a && !x && !y)
            p->timer_ms = start;
        break;
    case AMTG_TO_EX: /* the same with (A-X-Y)=Group Timer, Q(G,A-Y) */
        p->is = !a ? NOWHERE : y ? BLOCKED : FORWARDED;
        p->timer_ms = least(x ? p->timer_ms : group, low);
        break;
    case AMTG_BLOCK: /* EXCLUDE(X+(A-Y),Y), (A-X-Y)=Group Timer, Q(G,A-Y) */
        if (!a)
            break;
        p->is = y ? BLOCKED : FORWARDED;
        p->timer_ms = least(x ? p->timer_ms : group, low);
        if (m->prompt)
            p->is = BLOCKED;
        break;
    }
}

static bool names(const struct amtg_group_record *r, unsigned count, const struct amtg_addr *source)
{
    for (unsigned i = 0; i < count; i++) {
        struct amtg_addr named = amtg_record_source(r, i);
        if (amtg_addr_equal(&named, source))
            return true;
    }
    return false;
}

static void place_source(const struct model *m, struct model_group *after,
                         const struct model_group *before, const struct amtg_group_record *r,
                         unsigned named, const struct amtg_addr *source, uint64_t now_ms)
{
    const struct model_source *old = find_source(before, source);
    struct place p = {
        .was = !old ? NOWHERE : old->blocked ? BLOCKED : FORWARDED,
        .named = names(r, named, source),
        .timer_ms = old ? old->until_ms : 0,
    };
    uint64_t start = now_ms + m->interval_ms, low = now_ms + m->last_member_ms;

    p.is = p.was;
    if (before->exclude)
        from_exclude(m, r->type, &p, start, low, before->until_ms);
    else
        from_include(m, r->type, &p, start, low);
    if (p.is != NOWHERE)
        after->sources[after->count++] = (struct model_source){
            .address = *source, .blocked = p.is == BLOCKED, .until_ms = p.timer_ms};
}

static void apply(const struct model *m, struct model_group *g, const struct amtg_group_record *r,
                  unsigned named, uint64_t now_ms)
{
    struct model_group after = *g;

    after.count = 0;
    after.sources = calloc(g->count + named + 1, sizeof *after.sources);
    if (m->prompt && r->type == AMTG_TO_IN && named == 0) {
        after.exclude = false; /* it has left, and is the only one there */
    } else {
        for (unsigned i = 0; i < g->count; i++)
            place_source(m, &after, g, r, named, &g->sources[i].address, now_ms);
        for (unsigned i = 0; i < named; i++) {
            struct amtg_addr source = amtg_record_source(r, i);
            if (is_good_source(&source, r->ip4) && !find_source(g, &source) &&
                !find_source(&after, &source))
                place_source(m, &after, g, r, named, &source, now_ms);
        }
        if (r->type == AMTG_IS_EX || r->type == AMTG_TO_EX) {
            after.exclude = true;
            after.until_ms = now_ms + m->interval_ms;
        } else if (r->type == AMTG_TO_IN && g->exclude) { /* Q(G) */
            after.until_ms = least(g->until_ms, now_ms + m->last_member_ms);
        }
    }
    free(g->sources);
    *g = after;
}

static void take_record(struct model *m, struct model_endpoint *e, const struct amtg_group_record *r,
                        bool older, uint64_t now_ms)
{
    bool excludes = r->type == AMTG_IS_EX || r->type == AMTG_TO_EX;
    unsigned named = r->count;

    if (r->type < AMTG_IS_IN || r->type > AMTG_BLOCK || !is_good_group(&r->group, r->ip4))
        return;
    if (is_ssm(&r->group, r->ip4) && (excludes || older)) /* RFC 4604, section 2.2 */
        return;
    struct model_group *g = find_group(e, &r->group);
    if (!g) {
        e->groups = realloc(e->groups, (e->count + 1) * sizeof *e->groups);
        g = &e->groups[e->count++];
        *g = (struct model_group){.group = r->group};
    }
    if (older && r->type == AMTG_IS_EX) { /* RFC 3376, section 7.3.2 */
        g->older = true;
        g->older_until_ms = now_ms + m->interval_ms;
    }
    if (g->older && r->type == AMTG_BLOCK)
        return;
    if (g->older && r->type == AMTG_TO_EX)
        named = 0;
    apply(m, g, r, named, now_ms);
    if (!g->exclude && g->count == 0) /* no group any more, so nothing is known of it */
        g->older = false;
}

/* ---- what is said -------------------------------------------------------- */

void model_report(struct model *m, const struct amtg_peer *peer, const uint8_t *message,
                  uint32_t len, bool ip4, uint64_t now_ms)
{
    struct amtg_group_record record;
    struct amtg_report report;

    if (!amtg_report_open(&report, message, len, ip4) || report.version == AMTG_IGMP_V1)
        return;
    struct model_endpoint *e = find_endpoint(m, &peer->remote, peer->remote_port);
    if (!e) {
        m->endpoints = realloc(m->endpoints, (m->count + 1) * sizeof *m->endpoints);
        e = &m->endpoints[m->count++];
        *e = (struct model_endpoint){0};
    }
    e->peer = *peer;
    e->errors = 0;
    bool older = report.version == AMTG_IGMP_V2 || report.version == AMTG_MLD_V1;
    while (amtg_report_next(&report, &record))
        take_record(m, e, &record, older, now_ms);
    tidy(m);
}

void model_gone(struct model *m, const struct amtg_addr *remote, uint16_t port)
{
    struct model_endpoint *e = find_endpoint(m, remote, port);

    if (e)
        remove_endpoint(m, e);
}

void model_unreachable(struct model *m, const struct amtg_peer *peer, uint8_t type, uint8_t code,
                       uint64_t now_ms)
{
    struct model_endpoint *e = find_endpoint(m, &peer->remote, peer->remote_port);
    bool ip4 = amtg_addr_is4(&peer->remote);

    if (!e || (ip4 ? type != 3 || code == 4 : type != 1))
        return;
    if (e->errors++ == 0)
        e->errors_since_ms = now_ms;
    if (e->errors >= m->errors && now_ms - e->errors_since_ms >= m->errors_span_ms)
        remove_endpoint(m, e);
}

/* ---- what follows -------------------------------------------------------- */

bool model_wants(const struct model_endpoint *e, const struct amtg_addr *source,
                 const struct amtg_addr *group)
{
    const struct model_group *g = find_group(e, group);
    const struct model_source *s = g ? find_source(g, source) : NULL;

    if (!g)
        return false;
    return s ? !s->blocked : g->exclude;
}

unsigned model_memberships(const struct model *m)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < m->count; i++)
        sum += m->endpoints[i].count;
    return sum;
}

bool model_wish(const struct model *m, const struct amtg_addr *group, const struct amtg_addr *source)
{
    for (unsigned i = 0; i < m->count; i++)
        if (model_wants(&m->endpoints[i], source, group))
            return true;
    return false;
}

bool model_wish_excludes(const struct model *m, const struct amtg_addr *group)
{
    for (unsigned i = 0; i < m->count; i++) {
        const struct model_group *g = find_group(&m->endpoints[i], group);
        if (g && g->exclude)
            return true;
    }
    return false;
}
