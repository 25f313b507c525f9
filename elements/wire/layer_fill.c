#include "elements/wire/layer_fill.h"

#include "elements/wire/checksum.h"

bool amtg_fill_is_sum(enum amtg_fill fill)
{
    return fill >= AMTG_FILL_SUM_OWN;
}

/* Over `len` octets but the two of the field itself. */
static uint64_t sum_around(const uint8_t *octets, uint32_t len, uint32_t at)
{
    return amtg_sum(amtg_sum(0, octets, at), octets + at + 2, len - at - 2);
}

static uint64_t sum_pseudo(uint64_t sum, const struct amtg_laid *laid)
{
    bool is4 = laid->ip[0] >> 4 == 4;
    struct amtg_addr src = is4 ? amtg_addr_from4(laid->ip + 12) : amtg_addr_from6(laid->ip + 8);
    struct amtg_addr dst = is4 ? amtg_addr_from4(laid->ip + 16) : amtg_addr_from6(laid->ip + 24);

    return amtg_sum_pseudo(sum, &src, &dst, (uint8_t)laid->layer->protocol, laid->all);
}

static bool checksum(const struct amtg_laid *laid, enum amtg_fill fill, uint32_t at, uint64_t *out)
{
    uint32_t len = fill == AMTG_FILL_SUM_OWN ? laid->own : laid->all;
    uint64_t sum = 0;

    if (len < at + 2 || (fill == AMTG_FILL_SUM_PSEUDO && !laid->ip))
        return false;
    if (fill == AMTG_FILL_SUM_PSEUDO)
        sum = sum_pseudo(sum, laid);
    uint64_t around = sum_around(laid->octets, len, at);
    *out = amtg_checksum(amtg_sum_u16(around, amtg_sum_fold(sum)));
    if (*out == 0 && laid->layer == &amtg_layer_udp)
        *out = 0xffff; /* 0 would say that there is none (RFC 768) */
    return true;
}

bool amtg_fill(const struct amtg_laid *laid, const struct amtg_field *f, uint32_t at, uint64_t *out)
{
    switch (f->fill) {
    case AMTG_FILL_TYPE:
        *out = (uint64_t)laid->message->number;
        return laid->message->number != AMTG_ANY_NUMBER;
    case AMTG_FILL_LENGTH:
        *out = laid->all;
        return true;
    case AMTG_FILL_BEHIND:
        *out = laid->all - laid->own;
        return true;
    case AMTG_FILL_WORDS:
        *out = laid->own / 4;
        return true;
    case AMTG_FILL_COUNT:
        *out = laid->items;
        return true;
    case AMTG_FILL_PROTOCOL: {
        enum { EXPERIMENTAL = 253 }; /* RFC 3692 */
        *out = laid->behind && laid->behind->protocol >= 0 ? (uint64_t)laid->behind->protocol
                                                           : EXPERIMENTAL;
        return true;
    }
    case AMTG_FILL_SUM_OWN:
    case AMTG_FILL_SUM:
    case AMTG_FILL_SUM_PSEUDO:
        return checksum(laid, f->fill, at, out);
    case AMTG_FILL_TAIL: /* known only to who writes it */
    case AMTG_FILL_NOTHING:
        break;
    }
    return false;
}
