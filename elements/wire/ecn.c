#include "elements/wire/ecn.h"

#include "core/cursor.h"
#include "elements/wire/checksum.h"

/* IPv6 has its traffic class across the first two octets. */
uint8_t amtg_tos_read(const uint8_t *ip)
{
    return ip[0] >> 4 == 4 ? ip[1] : (uint8_t)(ip[0] << 4 | ip[1] >> 4);
}

void amtg_ecn_write(uint8_t *ip, uint8_t ecn)
{
    enum { AT6 = 4 }; /* bits to the right of IPv6's ECN field */

    if (ip[0] >> 4 != 4) {
        ip[1] = (uint8_t)((ip[1] & ~(AMTG_ECN_MASK << AT6)) | ecn << AT6);
        return;
    }
    uint16_t before = amtg_get_u16(ip); /* version, header length and TOS */
    ip[1] = (uint8_t)((ip[1] & ~AMTG_ECN_MASK) | ecn);
    amtg_put_u16(ip + 10,
                 amtg_checksum_replace(amtg_get_u16(ip + 10), before, amtg_get_u16(ip)));
}

struct amtg_ecn_egress amtg_ecn_decapsulate(uint8_t inner, uint8_t outer)
{
    /* RFC 6040, figure 4: rows by the inner field, columns by the outer one. */
    static const struct amtg_ecn_egress table[4][4] = {
        [AMTG_NOT_ECT] = {[AMTG_NOT_ECT] = {AMTG_NOT_ECT},
                          [AMTG_ECT0] = {AMTG_NOT_ECT, .odd = true},
                          [AMTG_ECT1] = {AMTG_NOT_ECT, .odd = true},
                          [AMTG_CE] = {AMTG_NOT_ECT, .drop = true, .odd = true}},
        [AMTG_ECT0] = {[AMTG_NOT_ECT] = {AMTG_ECT0},
                       [AMTG_ECT0] = {AMTG_ECT0},
                       [AMTG_ECT1] = {AMTG_ECT1},
                       [AMTG_CE] = {AMTG_CE}},
        [AMTG_ECT1] = {[AMTG_NOT_ECT] = {AMTG_ECT1},
                       [AMTG_ECT0] = {AMTG_ECT1, .odd = true},
                       [AMTG_ECT1] = {AMTG_ECT1},
                       [AMTG_CE] = {AMTG_CE}},
        [AMTG_CE] = {[AMTG_NOT_ECT] = {AMTG_CE},
                     [AMTG_ECT0] = {AMTG_CE},
                     [AMTG_ECT1] = {AMTG_CE, .odd = true},
                     [AMTG_CE] = {AMTG_CE}},
    };

    return table[inner & AMTG_ECN_MASK][outer & AMTG_ECN_MASK];
}

const char *amtg_ecn_text(uint8_t ecn)
{
    static const char *const names[] = {[AMTG_NOT_ECT] = "Not-ECT", [AMTG_ECT1] = "ECT(1)",
                                        [AMTG_ECT0] = "ECT(0)", [AMTG_CE] = "CE"};

    return names[ecn & AMTG_ECN_MASK];
}
