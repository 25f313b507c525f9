#include "elements/wire/compose.h"

#include <stdlib.h>
#include <string.h>

#include "core/packet.h"
#include "elements/wire/layer_fill.h"
#include "elements/wire/types.h"

enum { FIELDS_MOST = 32, ROOM = AMTG_LARGE_OCTETS + 1024 };

/* What is being written. */
struct sheet {
    const struct amtg_writing *w;
    uint8_t *octets;
    uint64_t bits; /* written */
    bool full;
    bool problems;
};

/* One layer of it. */
struct placing {
    const struct amtg_written_layer *layer;
    const struct amtg_written_layer *group; /* the IGMP or MLD message behind it; NULL: none */
    uint64_t start;                         /* bits */
    unsigned items;
    uint64_t at[FIELDS_MOST]; /* bits: where each field stands */
};

static void write_stack(struct sheet *s, const struct amtg_written *written, bool ip);

#define PROBLEM(s, mark, expected, ...)                                                  \
    do {                                                                                 \
        amtg_diag_add((s)->w->diag, AMTG_PROBLEM, mark, (s)->w->subject, expected, NULL, \
                      __VA_ARGS__);                                                      \
        (s)->problems = true;                                                            \
    } while (0)

/* ---- octets ----------------------------------------------------------------- */

static bool has_room(struct sheet *s, uint64_t bits)
{
    if (s->bits + bits > 8ull * ROOM)
        s->full = true;
    return !s->full;
}

static void set_number(struct sheet *s, uint64_t at, uint32_t bits, uint64_t number,
                       bool host_order)
{
    uint16_t two = (uint16_t)number;
    uint32_t four = (uint32_t)number;

    if (host_order) {
        memcpy(s->octets + at / 8, bits == 16 ? (void *)&two : (void *)&four, bits / 8);
        return;
    }
    for (uint32_t i = 0; i < bits; i++, at++) {
        uint8_t mask = (uint8_t)(0x80 >> at % 8);
        if (number >> (bits - 1 - i) & 1)
            s->octets[at / 8] |= mask;
        else
            s->octets[at / 8] &= (uint8_t)~mask;
    }
}

static void put_number(struct sheet *s, uint32_t bits, uint64_t number, bool host_order)
{
    if (!has_room(s, bits))
        return;
    set_number(s, s->bits, bits, number, host_order);
    s->bits += bits;
}

static void put_octets(struct sheet *s, const uint8_t *octets, uint32_t len)
{
    if (!len || !has_room(s, 8ull * len))
        return;
    memcpy(s->octets + s->bits / 8, octets, len);
    s->bits += 8ull * len;
}

/* ---- fields ----------------------------------------------------------------- */

static const struct amtg_written_field *given(const struct amtg_written_layer *l,
                                              const struct amtg_field *f)
{
    for (unsigned i = 0; l && i < l->fields_count; i++)
        if (l->fields[i].field == f)
            return &l->fields[i];
    return NULL;
}

/* text: NULL when it is not known yet: zeroes of the field's width. */
static void put_scalar(struct sheet *s, const struct amtg_field *f, const char *text)
{
    enum { WIDTH_UNKNOWN = 16 };
    struct amtg_value v = {.is_number = f->form <= AMTG_FORM_MILLIS};
    static const uint8_t zero[AMTG_HOST_NAME];

    if (text && !amtg_form_parse(f, text, s->w->arena, &v))
        return; /* was reported when it was read */
    if (v.is_number)
        put_number(s, f->bits ? f->bits : WIDTH_UNKNOWN, v.number, f->host_order);
    else if (text)
        put_octets(s, v.octets, v.len);
    else
        put_octets(s, zero, f->bits ? f->bits / 8 : f->form == AMTG_FORM_COMPAT ? 16 : 0);
}

static unsigned write_fields(struct sheet *s, struct placing *p);

static unsigned put_addresses(struct sheet *s, const struct amtg_field *f,
                              const struct amtg_yaml *list)
{
    unsigned count = 0;

    for (const struct amtg_yaml *i = list->first; i; i = i->next, count++) {
        uint8_t octets[16] = {0};
        const char *text = amtg_written_text(s->w, i->text, i->mark);
        if (text)
            amtg_form_address(text, f->item_octets, octets);
        put_octets(s, octets, f->item_octets ? f->item_octets : 16);
    }
    return count;
}

/* The fills of one message: all else first, since checksums are over that too. */
static void fill_in(struct sheet *s, const struct placing *p, struct amtg_laid laid)
{
    const struct amtg_message *m = laid.message;

    for (int sums = 0; sums < 2; sums++)
        for (unsigned i = 0; i < m->fields_count; i++) {
            const struct amtg_field *f = &m->fields[i];
            uint64_t value;
            if (f->fill == AMTG_FILL_NOTHING || amtg_fill_is_sum(f->fill) != sums ||
                given(p->layer, f))
                continue;
            uint32_t at = (uint32_t)((p->at[i] - p->start) / 8);
            if (amtg_fill(&laid, f, at, &value))
                set_number(s, p->at[i], f->bits, value, f->host_order);
        }
}

static unsigned put_records(struct sheet *s, const struct amtg_field *f,
                            const struct amtg_yaml *list)
{
    unsigned count = 0;

    for (const struct amtg_yaml *i = list->first; i; i = i->next, count++) {
        struct amtg_written_layer record;
        if (!amtg_written_record(s->w, i, f->record, &record))
            continue;
        struct placing p = {.layer = &record, .start = s->bits};
        struct amtg_laid laid = {.message = f->record, .octets = s->octets + s->bits / 8};
        laid.items = write_fields(s, &p);
        laid.own = laid.all = (uint32_t)((s->bits - p.start) / 8);
        if (!s->full)
            fill_in(s, &p, laid);
    }
    return count;
}

static void put_inner(struct sheet *s, const struct amtg_yaml *map)
{
    struct amtg_written inner;

    if (amtg_written_read(s->w, map, &inner))
        write_stack(s, &inner, true);
}

/* Words for a field of which nothing is said; NULL: there are none. */
static const char *unsaid(const struct sheet *s, const struct placing *p,
                          const struct amtg_field *f)
{
    if (!p->group)
        return f->initial;
    if (f->group)
        return f->group;
    if (strcmp(f->name, "destination") == 0) {
        const struct amtg_message *m = p->group->message;
        if (m && m->destination)
            return m->destination;
        const struct amtg_field *group = m ? amtg_message_field(m, "group") : NULL;
        const struct amtg_written_field *said = group ? given(p->group, group) : NULL;
        return said ? amtg_written_text(s->w, said->text, said->mark) : NULL;
    }
    return f->initial;
}

static void write_unsaid(struct sheet *s, const struct placing *p, const struct amtg_field *f)
{
    const char *words = unsaid(s, p, f);

    if (words)
        put_scalar(s, f, words);
    else if (f->fill == AMTG_FILL_TAIL)
        put_number(s, f->bits,
                   given(p->layer, amtg_message_field(p->layer->message, "gateway")) != NULL,
                   false);
    else if (f->fill != AMTG_FILL_NOTHING)
        put_number(s, f->bits, 0, false);
    else if (f->bits || f->form == AMTG_FORM_INNER || strcmp(f->name, "relay") == 0) {
        PROBLEM(s, p->layer->mark, amtg_form_expected(f), "%s is missing", f->name);
        put_scalar(s, f, NULL);
    }
}

/* The fields of a layer or record; returns the items of its list. */
static unsigned write_fields(struct sheet *s, struct placing *p)
{
    const struct amtg_message *m = p->layer->message;
    unsigned items = 0;

    for (unsigned i = 0; i < m->fields_count && i < FIELDS_MOST; i++) {
        const struct amtg_field *f = &m->fields[i];
        const struct amtg_written_field *said = given(p->layer, f);
        p->at[i] = s->bits;
        if (!said)
            write_unsaid(s, p, f);
        else if (said->text)
            put_scalar(s, f, amtg_written_text(s->w, said->text, said->mark));
        else if (f->form == AMTG_FORM_ADDRESSES)
            items = put_addresses(s, f, said->node);
        else if (f->form == AMTG_FORM_RECORDS)
            items = put_records(s, f, said->node);
        else
            put_inner(s, said->node);
    }
    return items;
}

/* ---- layers ----------------------------------------------------------------- */

static const struct amtg_written_layer *group_behind(const struct amtg_written *written, unsigned i)
{
    while (i + 1 < written->layers_count && written->layers[i + 1].layer == &amtg_layer_hop_by_hop)
        i++;
    const struct amtg_written_layer *next =
        i + 1 < written->layers_count ? &written->layers[i + 1] : NULL;

    return next && (next->layer == &amtg_layer_igmp || next->layer == &amtg_layer_mld) ? next
                                                                                       : NULL;
}

/* From layer i on; ip: bits at which the IP header before it begins, or -1. */
static void write_from(struct sheet *s, const struct amtg_written *written, unsigned i, int64_t ip)
{
    struct placing p = {.layer = &written->layers[i], .start = s->bits};
    const struct amtg_written_layer *next =
        i + 1 < written->layers_count ? &written->layers[i + 1] : NULL;

    if (!p.layer->message) {
        PROBLEM(s, p.layer->value_mark, "the name of a message", "which message of %s?",
                p.layer->layer->name);
        return;
    }
    if (p.layer->layer == &amtg_layer_ip4 || p.layer->layer == &amtg_layer_ip6) {
        ip = (int64_t)p.start;
        p.group = group_behind(written, i);
    }
    struct amtg_laid laid = {.layer = p.layer->layer,
                             .message = p.layer->message,
                             .behind = next ? next->layer : NULL,
                             .ip = ip >= 0 ? s->octets + ip / 8 : NULL,
                             .octets = s->octets + p.start / 8};
    laid.items = write_fields(s, &p);
    laid.own = (uint32_t)((s->bits - p.start) / 8);
    if (next)
        write_from(s, written, i + 1, ip);
    laid.all = (uint32_t)((s->bits - p.start) / 8);
    if (!s->full)
        fill_in(s, &p, laid);
}

/* A layer that nobody wrote, for the sake of the one at `mark`. */
static void insert(const struct amtg_writing *w, struct amtg_written *written, unsigned at,
                   const struct amtg_layer *layer)
{
    struct amtg_written_layer *all =
        amtg_arena_get(w->arena, (written->layers_count + 1) * sizeof *all);

    memcpy(all, written->layers, at * sizeof *all);
    memcpy(all + at + 1, written->layers + at, (written->layers_count - at) * sizeof *all);
    all[at] = (struct amtg_written_layer){
        .layer = layer, .message = &layer->messages[0], .mark = all[at + 1].mark};
    written->layers = all;
    written->layers_count++;
}

/* The headers that an IGMP or MLD message travels with. */
static struct amtg_written with_headers(const struct amtg_writing *w,
                                        const struct amtg_written *written)
{
    struct amtg_written all = *written;
    const struct amtg_layer *first = all.layers[0].layer;

    if (first == &amtg_layer_igmp)
        insert(w, &all, 0, &amtg_layer_ip4);
    else if (first == &amtg_layer_mld)
        insert(w, &all, 0, &amtg_layer_ip6);
    if (all.layers_count > 1 && all.layers[0].layer == &amtg_layer_ip6 &&
        all.layers[1].layer == &amtg_layer_mld &&
        !given(&all.layers[0], amtg_message_field(all.layers[0].message, "next-header")))
        insert(w, &all, 1, &amtg_layer_hop_by_hop);
    return all;
}

/* ip: it is to be an IP datagram. */
static void write_stack(struct sheet *s, const struct amtg_written *written, bool ip)
{
    struct amtg_written all = ip ? with_headers(s->w, written) : *written;

    write_from(s, &all, 0, -1);
}

bool amtg_compose(const struct amtg_writing *w, const struct amtg_written *written,
                  const struct amtg_type *type, struct amtg_composed *out)
{
    struct sheet s = {.w = w, .octets = calloc(1, ROOM)};

    if (!s.octets)
        return false;
    write_stack(&s, written, amtg_type_is(type, AMTG_IP_RAW));
    uint32_t len = (uint32_t)(s.bits / 8);
    if (s.full || len > AMTG_LARGE_OCTETS)
        PROBLEM(&s, written->mark, "at most 65535 octets", "no datagram is as long as this");
    uint8_t *octets = amtg_arena_get(w->arena, len + 1);
    memcpy(octets, s.octets, s.full ? 0 : len);
    free(s.octets);
    *out = (struct amtg_composed){.first = written->layers[0].layer, .octets = octets, .len = len};
    return !s.problems;
}
