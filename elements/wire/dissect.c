#include "elements/wire/dissect.h"

#include <stdlib.h>
#include <string.h>

#include "elements/wire/layer_fill.h"

enum { PARTS_MOST = 4096, NESTED_MOST = 8 };

static const char cut_short[] = "cut short";

/* Where the taking apart is. */
struct place {
    const struct amtg_layer *layer;
    const uint8_t *ip; /* the IP header before it */
    unsigned depth;    /* of the layer */
};

static void take_stack(struct amtg_dissection *d, const struct amtg_layer *layer, const uint8_t *at,
                       uint32_t len, unsigned depth);

/* ---- parts ------------------------------------------------------------------ */

static struct amtg_part *add(struct amtg_dissection *d, struct amtg_part part)
{
    static struct amtg_part nowhere; /* what exceeds the bound, or memory */

    if (d->count == PARTS_MOST) {
        strcpy(d->parts[d->count - 1].fault, "too many parts; the rest is left out");
        return &nowhere;
    }
    if (d->count == d->room) {
        unsigned room = d->room ? 2 * d->room : 64;
        struct amtg_part *grown = realloc(d->parts, room * sizeof *grown);
        if (!grown)
            return &nowhere;
        d->parts = grown;
        d->room = room;
    }
    d->parts[d->count] = part;
    return &d->parts[d->count++];
}

static struct amtg_part *add_field(struct amtg_dissection *d, const struct place *place,
                                   const struct amtg_message *m, const struct amtg_field *f,
                                   const uint8_t *start, uint32_t first_bit, uint32_t bits)
{
    uint32_t octet = (uint32_t)(start - d->octets) + first_bit / 8;

    return add(d, (struct amtg_part){
                      .layer = place->layer,
                      .message = m,
                      .field = f,
                      .item = -1,
                      .depth = place->depth + 1,
                      .octet = octet,
                      .octets = (first_bit % 8 + bits + 7) / 8,
                      .bit = first_bit % 8,
                      .bits = bits,
                  });
}

/* ---- the fields of a message ------------------------------------------------ */

static uint32_t take_fields(struct amtg_dissection *d, const struct place *place,
                            const struct amtg_message *m, const uint8_t *start, uint32_t len);

static void take_addresses(struct amtg_dissection *d, const struct place *place,
                           const struct amtg_message *m, const struct amtg_field *f,
                           const uint8_t *start, uint32_t len)
{
    uint32_t each = f->item_octets ? f->item_octets : 16;

    for (uint32_t i = 0; i < len / each; i++) {
        struct amtg_part *item = add_field(d, place, m, f, start + i * each, 0, each * 8);
        item->item = (int)i;
        item->depth = place->depth + 2;
    }
}

static void take_records(struct amtg_dissection *d, const struct place *place,
                         const struct amtg_field *f, const uint8_t *start, uint32_t len)
{
    struct place within = *place;
    uint32_t at = 0;

    within.depth = place->depth + 2;
    for (int i = 0; at < len && d->count < PARTS_MOST; i++) {
        unsigned index = d->count;
        struct amtg_part *item = add_field(d, place, f->record, f, start + at, 0, 0);
        item->item = i;
        item->depth = within.depth;
        uint32_t octets = take_fields(d, &within, f->record, start + at, len - at);
        if (index < d->count) {
            d->parts[index].octets = octets;
            d->parts[index].bits = 8 * octets;
        }
        at += octets;
    }
}

static void take_nested(struct amtg_dissection *d, const struct place *place,
                        const struct amtg_message *m, const struct amtg_field *f,
                        const uint8_t *start, uint32_t len)
{
    if (f->form == AMTG_FORM_ADDRESSES) {
        take_addresses(d, place, m, f, start, len);
    } else if (f->form == AMTG_FORM_RECORDS) {
        take_records(d, place, f, start, len);
    } else if (f->form == AMTG_FORM_INNER && len && place->depth < 2 * NESTED_MOST) {
        const struct amtg_layer *first = start[0] >> 4 == 4   ? &amtg_layer_ip4
                                         : start[0] >> 4 == 6 ? &amtg_layer_ip6
                                                              : &amtg_layer_payload;
        take_stack(d, first, start, len, place->depth + 2);
    }
}

/* Returns the octets that the fields have; all that are left when they do not fit. */
static uint32_t take_fields(struct amtg_dissection *d, const struct place *place,
                            const struct amtg_message *m, const uint8_t *start, uint32_t len)
{
    uint32_t bit = 0;

    for (unsigned i = 0; i < m->fields_count; i++) {
        const struct amtg_field *f = &m->fields[i];
        uint32_t bits = f->bits ? f->bits : 8 * f->extent(start, bit / 8, len);
        if (!f->bits && bits == 0 && f->form != AMTG_FORM_RECORDS && f->form != AMTG_FORM_ADDRESSES)
            continue;
        if (bits > 8 * len - bit) {
            struct amtg_part *part = add_field(d, place, m, f, start, bit, 8 * len - bit);
            strcpy(part->fault, cut_short);
            return len;
        }
        add_field(d, place, m, f, start, bit, bits);
        if (amtg_form_is_nested(f->form))
            take_nested(d, place, m, f, start + bit / 8, bits / 8);
        bit += bits;
    }
    return bit / 8;
}

/* ---- layers ----------------------------------------------------------------- */

/* Checksums of the fields of a layer, parts[from ..]: are they right? */
static void verify(struct amtg_dissection *d, unsigned from, const struct amtg_laid *laid,
                   unsigned depth)
{
    uint32_t base = (uint32_t)(laid->octets - d->octets);

    for (unsigned i = from; i < d->count; i++) {
        struct amtg_part *part = &d->parts[i];
        uint64_t right;
        if (part->depth != depth || part->item >= 0 || !part->field || part->fault[0] ||
            !amtg_fill_is_sum(part->field->fill))
            continue;
        struct amtg_value is =
            amtg_form_value(part->field, d->octets, part->octet, part->bit, part->bits);
        if (is.number == 0 && laid->layer == &amtg_layer_udp)
            continue; /* none was made (RFC 768; RFC 6935) */
        if (amtg_fill(laid, part->field, part->octet - base, &right) && right != is.number)
            snprintf(part->fault, sizeof part->fault, "wrong; 0x%04x would be right",
                     (unsigned)right);
    }
}

static void take_stack(struct amtg_dissection *d, const struct amtg_layer *layer, const uint8_t *at,
                       uint32_t len, unsigned depth)
{
    const uint8_t *ip = NULL;

    while (layer && d->count < PARTS_MOST) {
        struct place place = {.layer = layer, .depth = depth};
        const struct amtg_message *m = amtg_layer_message(layer, at, len);
        unsigned index = d->count;
        add(d, (struct amtg_part){.layer = layer,
                                  .message = m,
                                  .item = -1,
                                  .depth = depth,
                                  .octet = (uint32_t)(at - d->octets)});
        if (layer == &amtg_layer_ip4 || layer == &amtg_layer_ip6)
            ip = at;
        uint32_t own = take_fields(d, &place, m, at, len), behind_len = len - own;
        const struct amtg_layer *behind = amtg_layer_behind(layer, at, own, &behind_len);
        struct amtg_laid laid = {.layer = layer,
                                 .message = m,
                                 .behind = behind,
                                 .ip = ip,
                                 .octets = at,
                                 .own = own,
                                 .all = own + (behind ? behind_len : 0)};
        if (index < d->count) {
            d->parts[index].octets = laid.all;
            d->parts[index].bits = 8 * laid.all;
        }
        verify(d, index + 1, &laid, depth + 1);
        uint32_t left = len - own - (behind ? behind_len : 0);
        if (left && index < d->count)
            snprintf(d->parts[index].fault, sizeof d->parts[index].fault, "%u octets follow it",
                     left);
        at += own;
        len = behind_len;
        layer = behind;
    }
}

void amtg_dissect(struct amtg_dissection *d, const struct amtg_layer *first, const uint8_t *octets,
                  uint32_t len)
{
    *d = (struct amtg_dissection){.octets = octets, .len = len};
    take_stack(d, first, octets, len, 0);
}

void amtg_dissection_free(struct amtg_dissection *d)
{
    free(d->parts);
    *d = (struct amtg_dissection){0};
}

/* ---- words ------------------------------------------------------------------ */

/* "[192.0.2.1, 192.0.2.2]", "2 records"; a record and layers within have no words. */
static void print_list(const struct amtg_dissection *d, const struct amtg_part *list, FILE *out)
{
    unsigned count = 0;

    if (list->field->form == AMTG_FORM_INNER || list->item >= 0)
        return;
    bool addresses = list->field->form == AMTG_FORM_ADDRESSES;
    if (addresses)
        putc('[', out);
    for (const struct amtg_part *p = list + 1; p < d->parts + d->count && p->depth > list->depth;
         p++) {
        if (p->depth != list->depth + 1)
            continue;
        if (addresses) {
            fputs(count ? ", " : "", out);
            amtg_form_print_address(d->octets + p->octet, p->field->item_octets, out);
        }
        count++;
    }
    if (addresses)
        putc(']', out);
    else
        fprintf(out, count == 1 ? "%u record" : "%u records", count);
}

void amtg_part_print(const struct amtg_dissection *d, const struct amtg_part *part, bool cut,
                     FILE *out)
{
    if (!part->field)
        return;
    if (part->field->form == AMTG_FORM_ADDRESSES && part->item >= 0) {
        amtg_form_print_address(d->octets + part->octet, part->field->item_octets, out);
        return;
    }
    if (amtg_form_is_nested(part->field->form)) {
        print_list(d, part, out);
        return;
    }
    /* What is cut short has no value of its form. */
    static const struct amtg_field raw = {.form = AMTG_FORM_OCTETS};
    bool whole = strcmp(part->fault, cut_short) != 0;
    const struct amtg_field *f = whole ? part->field : &raw;
    struct amtg_value v = amtg_form_value(f, d->octets, part->octet, part->bit, part->bits);
    amtg_form_print(f, &v, part->bits, cut, out);
}

void amtg_part_print_name(const struct amtg_part *part, FILE *out)
{
    if (!part->field)
        fprintf(out, part->message->name ? "%s %s" : "%s", part->layer->name, part->message->name);
    else if (part->item >= 0)
        fprintf(out, "%s[%d]", part->field->name, part->item);
    else
        fputs(part->field->name, out);
}
