#include "elements/wire/amt.h"

#include "core/cursor.h"
#include "elements/wire/ip.h"

enum {
    P_FLAG = 0x01, E_FLAG = 0x02, LINUX_P_FLAG = 0x80, /* Request, second octet */
    G_FLAG = 0x01, L_FLAG = 0x02,                      /* Query, second octet */
    INNER_LEAST = 20,                                  /* the smallest IP header */
};

enum amtg_err amtg_amt_peek(const uint8_t *octets, uint32_t len, enum amtg_amt_message *out)
{
    if (len < 1)
        return AMTG_ETRUNC;
    if (octets[0] >> 4 != 0)
        return AMTG_EVERSION;
    unsigned type = octets[0] & 0x0f;
    if (type < AMTG_MSG_DISCOVERY || type > AMTG_MSG_TEARDOWN)
        return AMTG_ETYPE;
    *out = (enum amtg_amt_message)type;
    return AMTG_OK;
}

const char *amtg_amt_name(enum amtg_amt_message message)
{
    static const char *const names[] = {
        [AMTG_MSG_DISCOVERY] = "Relay Discovery",
        [AMTG_MSG_ADVERTISEMENT] = "Relay Advertisement",
        [AMTG_MSG_REQUEST] = "Request",
        [AMTG_MSG_QUERY] = "Membership Query",
        [AMTG_MSG_UPDATE] = "Membership Update",
        [AMTG_MSG_DATA] = "Multicast Data",
        [AMTG_MSG_TEARDOWN] = "Teardown",
    };
    unsigned i = message;
    return i < sizeof names / sizeof names[0] && names[i] ? names[i] : "unknown";
}

/*
 * Open a message that must be of `type` and have at least `least` octets; the cursor
 * stands at its second octet.
 */
static enum amtg_err open_message(const uint8_t *octets, uint32_t len, enum amtg_amt_message type,
                                  uint32_t least, struct amtg_cursor *in)
{
    enum amtg_amt_message found;
    enum amtg_err err = amtg_amt_peek(octets, len, &found);

    if (err)
        return err;
    if (found != type)
        return AMTG_ETYPE;
    if (len < least)
        return AMTG_ETRUNC;
    *in = amtg_cursor_of(octets, len);
    amtg_cursor_skip(in, 1);
    return AMTG_OK;
}

/* What is left of a message of fixed length must be nothing under strict rules. */
static enum amtg_err close_message(const struct amtg_cursor *in, enum amtg_amt_rules rules)
{
    if (in->failed)
        return AMTG_ETRUNC;
    return rules == AMTG_AMT_STRICT && amtg_cursor_left(in) ? AMTG_ELENGTH : AMTG_OK;
}

enum amtg_err amtg_amt_discovery_parse(const uint8_t *octets, uint32_t len,
                                       enum amtg_amt_rules rules, struct amtg_amt_discovery *out)
{
    struct amtg_cursor in;
    enum amtg_err err = open_message(octets, len, AMTG_MSG_DISCOVERY, AMTG_DISCOVERY_OCTETS, &in);

    if (err)
        return err;
    amtg_cursor_skip(&in, 3);
    struct amtg_amt_discovery m = {.nonce = amtg_cursor_u32(&in)};
    err = close_message(&in, rules);
    if (!err)
        *out = m;
    return err;
}

enum amtg_err amtg_amt_advertisement_parse(const uint8_t *octets, uint32_t len,
                                           struct amtg_amt_advertisement *out)
{
    struct amtg_cursor in;
    enum amtg_err err = open_message(octets, len, AMTG_MSG_ADVERTISEMENT,
                                     AMTG_ADVERTISEMENT4_OCTETS, &in);

    if (err)
        return err;
    amtg_cursor_skip(&in, 3);
    struct amtg_amt_advertisement m = {.nonce = amtg_cursor_u32(&in)};
    /* Only the length says the family of the relay address (section 5.1.2.5). */
    if (len == AMTG_ADVERTISEMENT4_OCTETS)
        m.relay = amtg_addr_from4(amtg_cursor_take(&in, 4));
    else if (len == AMTG_ADVERTISEMENT6_OCTETS)
        m.relay = amtg_addr_from6(amtg_cursor_take(&in, 16));
    else
        return AMTG_ELENGTH;
    *out = m;
    return AMTG_OK;
}

enum amtg_err amtg_amt_request_parse(const uint8_t *octets, uint32_t len,
                                     enum amtg_amt_rules rules, struct amtg_amt_request *out)
{
    struct amtg_cursor in;
    enum amtg_err err = open_message(octets, len, AMTG_MSG_REQUEST, AMTG_REQUEST_OCTETS, &in);

    if (err)
        return err;
    uint8_t flags = amtg_cursor_u8(&in);
    amtg_cursor_skip(&in, 2);
    struct amtg_amt_request m = {
        .nonce = amtg_cursor_u32(&in),
        .p = flags & P_FLAG,
        .e = flags & E_FLAG,
        .linux_p = flags & LINUX_P_FLAG,
    };
    err = close_message(&in, rules);
    if (!err)
        *out = m;
    return err;
}

enum amtg_err amtg_amt_query_parse(const uint8_t *octets, uint32_t len,
                                   struct amtg_amt_query *out)
{
    struct amtg_cursor in;
    enum amtg_err err = open_message(octets, len, AMTG_MSG_QUERY,
                                     AMTG_QUERY_HEAD_OCTETS + INNER_LEAST, &in);

    if (err)
        return err;
    uint8_t flags = amtg_cursor_u8(&in);
    struct amtg_amt_query m = {.l = flags & L_FLAG, .g = flags & G_FLAG};
    amtg_cursor_copy(&in, m.mac, sizeof m.mac);
    m.nonce = amtg_cursor_u32(&in);

    /* The gateway fields are counted from the end of the message (section 5.1.4.9). */
    uint32_t tail = m.g ? AMTG_QUERY_GATEWAY_OCTETS : 0;
    if (amtg_cursor_left(&in) < INNER_LEAST + tail)
        return AMTG_ETRUNC;
    m.inner_len = (uint32_t)amtg_cursor_left(&in) - tail;
    m.inner = amtg_cursor_take(&in, m.inner_len);
    if (m.g) {
        m.gateway_port = amtg_cursor_u16(&in);
        m.gateway = amtg_amt_address_get(amtg_cursor_take(&in, 16));
    }
    *out = m;
    return AMTG_OK;
}

enum amtg_err amtg_amt_update_parse(const uint8_t *octets, uint32_t len,
                                    struct amtg_amt_update *out)
{
    struct amtg_cursor in;
    enum amtg_err err = open_message(octets, len, AMTG_MSG_UPDATE,
                                     AMTG_UPDATE_HEAD_OCTETS + INNER_LEAST, &in);

    if (err)
        return err;
    struct amtg_amt_update m = {0};
    amtg_cursor_skip(&in, 1);
    amtg_cursor_copy(&in, m.mac, sizeof m.mac);
    m.nonce = amtg_cursor_u32(&in);
    m.inner_len = (uint32_t)amtg_cursor_left(&in);
    m.inner = amtg_cursor_take(&in, m.inner_len);
    *out = m;
    return AMTG_OK;
}

enum amtg_err amtg_amt_data_parse(const uint8_t *octets, uint32_t len, struct amtg_amt_data *out)
{
    struct amtg_cursor in;
    enum amtg_err err = open_message(octets, len, AMTG_MSG_DATA,
                                     AMTG_DATA_HEAD_OCTETS + INNER_LEAST, &in);

    if (err)
        return err;
    amtg_cursor_skip(&in, 1);
    struct amtg_amt_data m = {.inner_len = (uint32_t)amtg_cursor_left(&in)};
    m.inner = amtg_cursor_take(&in, m.inner_len);
    *out = m;
    return AMTG_OK;
}

bool amtg_amt_data_quoted(const uint8_t *octets, uint32_t len, uint32_t *inner)
{
    static const uint8_t head[AMTG_DATA_HEAD_OCTETS] = {AMTG_MSG_DATA, 0};
    const uint8_t *ip = octets + sizeof head;
    uint32_t known = len < sizeof head ? len : sizeof head;

    if (memcmp(octets, head, known) != 0)
        return false;
    *inner = 0;
    if (len >= sizeof head + 4 && ip[0] >> 4 == 4) /* total length */
        *inner = amtg_get_u16(ip + 2);
    else if (len >= sizeof head + 6 && ip[0] >> 4 == 6) /* payload length */
        *inner = AMTG_IP6_OCTETS + amtg_get_u16(ip + 4);
    else
        return len <= sizeof head || ip[0] >> 4 == 4 || ip[0] >> 4 == 6;
    return true;
}

enum amtg_err amtg_amt_teardown_parse(const uint8_t *octets, uint32_t len,
                                      enum amtg_amt_rules rules, struct amtg_amt_teardown *out)
{
    struct amtg_cursor in;
    enum amtg_err err = open_message(octets, len, AMTG_MSG_TEARDOWN, AMTG_TEARDOWN_OCTETS, &in);

    if (err)
        return err;
    struct amtg_amt_teardown m = {0};
    amtg_cursor_skip(&in, 1);
    amtg_cursor_copy(&in, m.mac, sizeof m.mac);
    m.nonce = amtg_cursor_u32(&in);
    m.gateway_port = amtg_cursor_u16(&in);
    m.gateway = amtg_amt_address_get(amtg_cursor_take(&in, 16));
    err = close_message(&in, rules);
    if (!err)
        *out = m;
    return err;
}

/* ---- building ----------------------------------------------------------- */

uint32_t amtg_amt_discovery_build(const struct amtg_amt_discovery *m, uint8_t *out)
{
    amtg_put_u32(out, (uint32_t)AMTG_MSG_DISCOVERY << 24);
    amtg_put_u32(out + 4, m->nonce);
    return AMTG_DISCOVERY_OCTETS;
}

uint32_t amtg_amt_advertisement_build(const struct amtg_amt_advertisement *m, uint8_t *out)
{
    amtg_put_u32(out, (uint32_t)AMTG_MSG_ADVERTISEMENT << 24);
    amtg_put_u32(out + 4, m->nonce);
    if (amtg_addr_is4(&m->relay)) {
        memcpy(out + 8, amtg_addr_octets4(&m->relay), 4);
        return AMTG_ADVERTISEMENT4_OCTETS;
    }
    memcpy(out + 8, m->relay.octets, 16);
    return AMTG_ADVERTISEMENT6_OCTETS;
}

uint32_t amtg_amt_request_build(const struct amtg_amt_request *m, uint8_t *out)
{
    out[0] = AMTG_MSG_REQUEST;
    out[1] = (uint8_t)((m->p ? P_FLAG : 0) | (m->e ? E_FLAG : 0) |
                       (m->linux_p ? LINUX_P_FLAG : 0));
    amtg_put_u16(out + 2, 0);
    amtg_put_u32(out + 4, m->nonce);
    return AMTG_REQUEST_OCTETS;
}

uint32_t amtg_amt_query_octets(const struct amtg_amt_query *m)
{
    return AMTG_QUERY_HEAD_OCTETS + m->inner_len + (m->g ? AMTG_QUERY_GATEWAY_OCTETS : 0u);
}

uint32_t amtg_amt_query_build(const struct amtg_amt_query *m, uint8_t *out)
{
    out[0] = AMTG_MSG_QUERY;
    out[1] = (uint8_t)((m->l ? L_FLAG : 0) | (m->g ? G_FLAG : 0));
    memcpy(out + 2, m->mac, sizeof m->mac);
    amtg_put_u32(out + 8, m->nonce);
    memcpy(out + AMTG_QUERY_HEAD_OCTETS, m->inner, m->inner_len);
    if (m->g) {
        uint8_t *tail = out + AMTG_QUERY_HEAD_OCTETS + m->inner_len;
        amtg_put_u16(tail, m->gateway_port);
        amtg_amt_address_put(&m->gateway, tail + 2);
    }
    return amtg_amt_query_octets(m);
}

uint32_t amtg_amt_update_head(const struct amtg_amt_update *m, uint8_t *out)
{
    out[0] = AMTG_MSG_UPDATE;
    out[1] = 0;
    memcpy(out + 2, m->mac, sizeof m->mac);
    amtg_put_u32(out + 8, m->nonce);
    return AMTG_UPDATE_HEAD_OCTETS;
}

uint32_t amtg_amt_data_head(uint8_t *out)
{
    out[0] = AMTG_MSG_DATA;
    out[1] = 0;
    return AMTG_DATA_HEAD_OCTETS;
}

uint32_t amtg_amt_teardown_build(const struct amtg_amt_teardown *m, uint8_t *out)
{
    out[0] = AMTG_MSG_TEARDOWN;
    out[1] = 0;
    memcpy(out + 2, m->mac, sizeof m->mac);
    amtg_put_u32(out + 8, m->nonce);
    amtg_put_u16(out + 12, m->gateway_port);
    amtg_amt_address_put(&m->gateway, out + 14);
    return AMTG_TEARDOWN_OCTETS;
}

/* ---- the address form --------------------------------------------------- */

void amtg_amt_address_put(const struct amtg_addr *a, uint8_t out[16])
{
    if (amtg_addr_is4(a)) {
        memset(out, 0, 12);
        memcpy(out + 12, amtg_addr_octets4(a), 4);
    } else {
        memcpy(out, a->octets, 16);
    }
}

struct amtg_addr amtg_amt_address_get(const uint8_t in[16])
{
    static const uint8_t zero[12];

    if (memcmp(in, zero, 12) == 0 && in[12] != 0)
        return amtg_addr_from4(in + 12);
    return amtg_addr_from6(in);
}
