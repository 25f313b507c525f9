#include "elements/wire/layer.h"

#include <string.h>

#include "core/cursor.h"
#include "elements/wire/amt.h"
#include "elements/wire/types.h"

const struct amtg_layer *const amtg_layers[] = {
    &amtg_layer_ip4,         &amtg_layer_ip6,  &amtg_layer_hop_by_hop,
    &amtg_layer_udp,         &amtg_layer_icmp, &amtg_layer_icmp6,
    &amtg_layer_igmp,        &amtg_layer_mld,  &amtg_layer_amt,
    &amtg_layer_payload,     &amtg_layer_join, &amtg_layer_ask,
    &amtg_layer_unreachable, &amtg_layer_gone, &amtg_layer_lookup,
    &amtg_layer_addresses,   NULL,
};

const struct amtg_layer *amtg_layer_named(const char *name)
{
    unsigned i = 0;

    while (amtg_layers[i] && strcmp(amtg_layers[i]->name, name) != 0)
        i++;
    return amtg_layers[i];
}

const struct amtg_message *amtg_layer_message(const struct amtg_layer *layer, const uint8_t *octets,
                                              uint32_t len)
{
    int number =
        layer->type_octet < len ? octets[layer->type_octet] & layer->type_mask : AMTG_ANY_NUMBER;
    unsigned i = 0;

    for (; i < layer->messages_count - 1; i++) {
        const struct amtg_message *m = &layer->messages[i];
        if (m->number == number && len >= m->least)
            break;
    }
    return &layer->messages[i];
}

const struct amtg_message *amtg_layer_message_named(const struct amtg_layer *layer,
                                                    const char *name)
{
    for (unsigned i = 0; i < layer->messages_count; i++)
        if (layer->messages[i].name && strcmp(layer->messages[i].name, name) == 0)
            return &layer->messages[i];
    return NULL;
}

const struct amtg_field *amtg_message_field(const struct amtg_message *m, const char *name)
{
    for (unsigned i = 0; i < m->fields_count; i++)
        if (strcmp(m->fields[i].name, name) == 0)
            return &m->fields[i];
    return NULL;
}

/* ---- which layer where ------------------------------------------------------ */

/* Types of which all packets begin with one layer. */
static const struct {
    const struct amtg_type *type;
    const struct amtg_layer *layer;
} firsts[] = {
    {AMTG_AMT, &amtg_layer_amt},   {AMTG_JOIN, &amtg_layer_join},
    {AMTG_ASK, &amtg_layer_ask},   {AMTG_UNREACHABLE, &amtg_layer_unreachable},
    {AMTG_GONE, &amtg_layer_gone}, {AMTG_LOOKUP, &amtg_layer_lookup},
    {AMTG_ADDRESSES_OF, &amtg_layer_addresses},
};

const struct amtg_layer *amtg_layer_first(const struct amtg_type *type, const uint8_t *octets,
                                          uint32_t len)
{
    for (unsigned i = 0; i < sizeof firsts / sizeof firsts[0]; i++)
        if (amtg_type_is(type, firsts[i].type))
            return firsts[i].layer;
    if (amtg_type_is(type, AMTG_IP_RAW))
        return len && octets[0] >> 4 == 4   ? &amtg_layer_ip4
               : len && octets[0] >> 4 == 6 ? &amtg_layer_ip6
                                            : &amtg_layer_payload;
    if (amtg_type_is(type, AMTG_REPORT)) /* no type of IGMP report is one of MLD */
        return len && octets[0] < 0x80 ? &amtg_layer_igmp : &amtg_layer_mld;
    if (amtg_type_is(type, AMTG_DATAGRAM)) {
        enum amtg_amt_message message;
        return amtg_amt_peek(octets, len, &message) ? &amtg_layer_payload : &amtg_layer_amt;
    }
    return amtg_type_is(type, AMTG_PACKET) ? &amtg_layer_payload : NULL;
}

const struct amtg_type *amtg_layer_type(const struct amtg_layer *layer)
{
    for (unsigned i = 0; i < sizeof firsts / sizeof firsts[0]; i++)
        if (firsts[i].layer == layer)
            return firsts[i].type;
    return layer == &amtg_layer_ip4 || layer == &amtg_layer_ip6 ? AMTG_IP_RAW : NULL;
}

bool amtg_layer_fits(const struct amtg_layer *layer, const struct amtg_type *type)
{
    for (unsigned i = 0; i < sizeof firsts / sizeof firsts[0]; i++)
        if (firsts[i].layer == layer)
            return amtg_type_is(firsts[i].type, type) || amtg_type_is(type, firsts[i].type);
    if (layer == &amtg_layer_ip4 || layer == &amtg_layer_ip6)
        return amtg_type_is(type, AMTG_IP_RAW);
    if (layer == &amtg_layer_igmp || layer == &amtg_layer_mld)
        return type == AMTG_REPORT || amtg_type_is(type, AMTG_IP_RAW);
    return layer == &amtg_layer_payload && amtg_type_is(type, AMTG_PACKET);
}

/* By protocol number; the ICMP of IPv6 is two layers here. */
static const struct amtg_layer *carried(uint8_t protocol, const uint8_t *octets, uint32_t len)
{
    if (protocol == amtg_layer_mld.protocol) {
        const struct amtg_message *m = amtg_layer_message(&amtg_layer_mld, octets, len);
        return m->name ? &amtg_layer_mld : &amtg_layer_icmp6;
    }
    for (unsigned i = 0; amtg_layers[i]; i++)
        if (amtg_layers[i]->protocol == protocol)
            return amtg_layers[i];
    return &amtg_layer_payload;
}

/* Octets behind the header, as its length field says. */
static void shorten(uint32_t *len, uint32_t whole, uint32_t own)
{
    if (whole >= own && whole - own < *len)
        *len = whole - own;
}

const struct amtg_layer *amtg_layer_behind(const struct amtg_layer *layer, const uint8_t *octets,
                                           uint32_t own, uint32_t *len)
{
    enum { MORE_FRAGMENTS = 0x2000, FRAGMENT_OFFSET = 0x1fff };
    const uint8_t *behind = octets + own;

    if (layer == &amtg_layer_ip4 && own >= 20) {
        shorten(len, amtg_get_u16(octets + 2), own);
        /* Of a fragment, even of the first, no length or checksum of the transport fits. */
        if (amtg_get_u16(octets + 6) & (MORE_FRAGMENTS | FRAGMENT_OFFSET))
            return &amtg_layer_payload;
        return carried(octets[9], behind, *len);
    }
    if (layer == &amtg_layer_ip6 && own >= 40) {
        shorten(len, amtg_get_u16(octets + 4), 0);
        return carried(octets[6], behind, *len);
    }
    if (layer == &amtg_layer_hop_by_hop && own >= 2)
        return carried(octets[0], behind, *len);
    if (layer == &amtg_layer_udp && own >= 8) {
        shorten(len, amtg_get_u16(octets + 4), own);
        bool amt =
            amtg_get_u16(octets) == AMTG_AMT_PORT || amtg_get_u16(octets + 2) == AMTG_AMT_PORT;
        return amt ? &amtg_layer_amt : *len ? &amtg_layer_payload : NULL;
    }
    return NULL;
}
