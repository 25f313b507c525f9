/*
 * Values of fields: words to values, values to words. A value is a number of up to 64
 * bits, or octets, by the form of its field (layer.h).
 */
#ifndef AMTG_WIRE_FORM_H
#define AMTG_WIRE_FORM_H

#include <stdio.h>

#include "core/arena.h"
#include "elements/wire/layer.h"

struct amtg_value {
    bool is_number;
    uint64_t number;
    const uint8_t *octets; /* of others: lent, or in the arena */
    uint32_t len;
};

/* Is a value of this form a list or layers, which have no words of their own? */
static inline bool amtg_form_is_nested(enum amtg_form form)
{
    return form == AMTG_FORM_ADDRESSES || form == AMTG_FORM_RECORDS || form == AMTG_FORM_INNER;
}

/*
 * Words to a value of a field that is not nested; octets go to the arena. false: it is
 * none; amtg_form_expected says what would be.
 */
bool amtg_form_parse(const struct amtg_field *f, const char *text, struct amtg_arena *arena,
                     struct amtg_value *out);
const char *amtg_form_expected(const struct amtg_field *f);
/* An address into item_octets of 4 or 16, or 0 for the form of records; false: it is none of that
 * family. */
bool amtg_form_address(const char *text, uint8_t item_octets, uint8_t out[16]);

/* The value of a field in octets: from bit `bit` of octet `at`, `bits` wide. */
struct amtg_value amtg_form_value(const struct amtg_field *f, const uint8_t *octets, uint32_t at,
                                  unsigned bit, uint32_t bits);
bool amtg_value_equal(const struct amtg_value *a, const struct amtg_value *b);
/* In words, as amtg_form_parse takes them. bits: its width; cut: longer octets end in "..." */
void amtg_form_print(const struct amtg_field *f, const struct amtg_value *v, uint32_t bits,
                     bool cut, FILE *out);
void amtg_form_print_address(const uint8_t *octets, uint8_t item_octets, FILE *out);

#endif
