#include "elements/wire/change.h"

#include <stdlib.h>
#include <string.h>

enum { LAYERS_MOST = 32 };

/* A layer of a dissection, with the fields that are its own. */
struct header {
    int part;       /* its index */
    unsigned first; /* its fields, as indices into `fields` of the side */
    unsigned count;
    uint32_t octets; /* of its own: without the layers behind and within */
};

struct named {
    int part;
    const char *name; /* "records[0].group" */
};

/* One of the two dissections, its layers in their order. */
struct side {
    const struct amtg_dissection *d;
    struct header headers[LAYERS_MOST];
    unsigned count;
    struct named *fields;
};

/* ---- words -------------------------------------------------------------------- */

static const char *value_of(struct amtg_arena *arena, const struct amtg_dissection *d, int part)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return "?";
    amtg_part_print(d, &d->parts[part], true, out);
    if (d->parts[part].fault[0])
        fprintf(out, " (%s)", d->parts[part].fault);
    fclose(out);
    const char *kept = amtg_arena_text_of(arena, text, len);
    free(text);
    return kept;
}

static const char *name_of_part(struct amtg_arena *arena, const struct amtg_part *part)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return "?";
    amtg_part_print_name(part, out);
    fclose(out);
    const char *kept = amtg_arena_text_of(arena, text, len);
    free(text);
    return kept;
}

static const char *join_names(struct amtg_arena *arena, const char *a, const char *b)
{
    size_t room = strlen(a) + strlen(b) + 2;
    char *text = amtg_arena_get(arena, room);

    snprintf(text, room, "%s.%s", a, b);
    return text;
}

/* ---- a dissection as a row of headers ------------------------------------------- */

/* Is it one whose value says all: no list of records, nothing that layers of its own say? */
static bool has_value(const struct amtg_part *p)
{
    if (p->field->form == AMTG_FORM_ADDRESSES)
        return p->item < 0; /* the list says its items */
    return !amtg_form_is_nested(p->field->form);
}

/*
 * Fields of a layer are one deeper than it; those of a record two deeper than the list, one
 * deeper than the item before them.
 */
static void add_field(struct amtg_arena *arena, struct side *s, struct header *h, unsigned i,
                      const char **record, unsigned *total)
{
    const struct amtg_part *p = &s->d->parts[i];
    const char *name = name_of_part(arena, p);

    if (p->field->form == AMTG_FORM_RECORDS && p->item >= 0)
        *record = name;
    else if (p->depth <= s->d->parts[h->part].depth + 1)
        *record = NULL;
    else if (*record)
        name = join_names(arena, *record, name);
    if (!has_value(p))
        return;
    s->fields[*total] = (struct named){(int)i, name};
    h->count++;
    ++*total;
}

/* Octets of a layer that no other layer has, behind or within it. */
static void count_own(struct side *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        const struct amtg_part *p = &s->d->parts[s->headers[i].part];
        uint32_t own = p->octets, end = p->octet + p->octets;
        for (unsigned k = i + 1, at = p->octet; k < s->count && at < end; k++) {
            const struct amtg_part *q = &s->d->parts[s->headers[k].part];
            if (q->octet >= end || q->depth < p->depth)
                break;
            if (q->octet < at) /* within the one before */
                continue;
            own -= q->octets < own ? q->octets : own;
            at = q->octet + q->octets;
        }
        s->headers[i].octets = own;
    }
}

/* The header that a field belongs to: the deepest that is open and less deep than it. */
static int owner_of(const struct side *s, const struct amtg_part *p)
{
    for (unsigned i = s->count; i-- > 0;) {
        const struct amtg_part *q = &s->d->parts[s->headers[i].part];
        if (q->depth < p->depth && q->layer == p->layer)
            return (int)i;
    }
    return -1;
}

/* Fields of one header stand together, though an inner datagram may lie between them. */
static void read_side(struct amtg_arena *arena, struct side *s, const struct amtg_dissection *d)
{
    unsigned total = 0, owners_count = d->count ? d->count : 1;
    int *owners = amtg_arena_get(arena, owners_count * sizeof *owners);

    s->d = d;
    s->fields = amtg_arena_get(arena, owners_count * sizeof *s->fields);
    for (unsigned i = 0; i < d->count; i++) {
        owners[i] = -1;
        if (d->parts[i].field)
            owners[i] = owner_of(s, &d->parts[i]);
        else if (s->count < LAYERS_MOST)
            s->headers[s->count++] = (struct header){.part = (int)i};
    }
    for (unsigned k = 0; k < s->count; k++) {
        const char *record = NULL;
        s->headers[k].first = total;
        for (unsigned i = 0; i < d->count; i++)
            if (owners[i] == (int)k)
                add_field(arena, s, &s->headers[k], i, &record, &total);
    }
    count_own(s);
}

/* ---- lining up ------------------------------------------------------------------ */

/* How much two layers have in common; 0: they are not the same. */
static unsigned likeness(const struct side *a, unsigned i, const struct side *b, unsigned k)
{
    const struct amtg_part *p = &a->d->parts[a->headers[i].part];
    const struct amtg_part *q = &b->d->parts[b->headers[k].part];

    if (p->layer != q->layer)
        return 0;
    bool same = p->octets == q->octets &&
                memcmp(a->d->octets + p->octet, b->d->octets + q->octet, p->octets) == 0;
    return 2 + (p->message == q->message) + same;
}

/* pair[i]: the layer of b that layer i of a has become; -1: none. As much in common as can be. */
static bool line_up(const struct side *a, const struct side *b, int pair[LAYERS_MOST])
{
    unsigned best[LAYERS_MOST + 1][LAYERS_MOST + 1] = {{0}}; /* from i and k on */
    bool any = false;

    for (unsigned i = a->count; i-- > 0;)
        for (unsigned k = b->count; k-- > 0;) {
            unsigned like = likeness(a, i, b, k);
            unsigned both = like ? like + best[i + 1][k + 1] : 0;
            unsigned skip = best[i + 1][k] > best[i][k + 1] ? best[i + 1][k] : best[i][k + 1];
            best[i][k] = both > skip ? both : skip;
        }
    for (unsigned i = 0; i < a->count; i++)
        pair[i] = -1;
    for (unsigned i = 0, k = 0; i < a->count && k < b->count;) {
        unsigned like = likeness(a, i, b, k);
        if (like && best[i][k] == like + best[i + 1][k + 1]) {
            any = true;
            pair[i++] = (int)k++;
        } else if (best[i + 1][k] >= best[i][k + 1]) {
            i++;
        } else {
            k++;
        }
    }
    return any;
}

/* ---- finding -------------------------------------------------------------------- */

static void add(struct amtg_changes *c, struct amtg_change change)
{
    if (c->count == AMTG_CHANGES_MOST)
        return;
    c->all = amtg_arena_grow(c->arena, c->all, c->count, sizeof *c->all);
    c->all[c->count++] = change;
}

static void add_layer(struct amtg_changes *c, enum amtg_change_kind kind, const struct side *s,
                      unsigned i)
{
    const struct header *h = &s->headers[i];
    bool gone = kind == AMTG_CHANGE_REMOVED;

    add(c, (struct amtg_change){.kind = kind,
                                .before = gone ? h->part : -1,
                                .after = gone ? -1 : h->part,
                                .octets = h->octets,
                                .name = name_of_part(c->arena, &s->d->parts[h->part])});
}

static void add_value(struct amtg_changes *c, const struct side *a, const struct named *was,
                      const struct side *b, const struct named *is)
{
    const struct side *s = was ? a : b;
    const struct named *one = was ? was : is;
    const struct amtg_part *part = &s->d->parts[one->part];
    enum amtg_fill fill = part->field->fill;

    add(c, (struct amtg_change){.kind = !was  ? AMTG_CHANGE_GAINED
                                        : !is ? AMTG_CHANGE_LOST
                                              : AMTG_CHANGE_VALUE,
                                .before = was ? was->part : -1,
                                .after = is ? is->part : -1,
                                .filled = fill != AMTG_FILL_NOTHING && fill != AMTG_FILL_TYPE &&
                                          fill != AMTG_FILL_PROTOCOL && fill != AMTG_FILL_TAIL,
                                .name = join_names(c->arena, part->layer->name, one->name),
                                .was = was ? value_of(c->arena, a->d, was->part) : NULL,
                                .is = is ? value_of(c->arena, b->d, is->part) : NULL});
}

static bool same_value(const struct side *a, int i, const struct side *b, int k)
{
    const struct amtg_part *p = &a->d->parts[i], *q = &b->d->parts[k];

    if (p->bits != q->bits || strcmp(p->fault, q->fault) != 0)
        return false;
    if (p->bit == 0 && q->bit == 0 && p->bits % 8 == 0)
        return memcmp(a->d->octets + p->octet, b->d->octets + q->octet, p->bits / 8) == 0;
    struct amtg_value was = amtg_form_value(p->field, a->d->octets, p->octet, p->bit, p->bits);
    struct amtg_value is = amtg_form_value(q->field, b->d->octets, q->octet, q->bit, q->bits);
    return amtg_value_equal(&was, &is);
}

/* Fields of a layer in both: by name, each from where the last was found on. */
static void compare_fields(struct amtg_changes *c, const struct side *a, const struct header *g,
                           const struct side *b, const struct header *h)
{
    unsigned at = 0; /* of h: all before it have been told */

    for (unsigned i = 0; i < g->count; i++) {
        const struct named *was = &a->fields[g->first + i];
        unsigned k = at;
        while (k < h->count && strcmp(b->fields[h->first + k].name, was->name) != 0)
            k++;
        if (k == h->count) {
            add_value(c, a, was, b, NULL);
            continue;
        }
        for (; at < k; at++)
            add_value(c, a, NULL, b, &b->fields[h->first + at]);
        const struct named *is = &b->fields[h->first + at++];
        if (!same_value(a, was->part, b, is->part))
            add_value(c, a, was, b, is);
    }
    for (; at < h->count; at++)
        add_value(c, a, NULL, b, &b->fields[h->first + at]);
}

static void compare_layers(struct amtg_changes *c, const struct side *a, unsigned i,
                           const struct side *b, unsigned k)
{
    const struct header *g = &a->headers[i], *h = &b->headers[k];
    const struct amtg_part *p = &a->d->parts[g->part], *q = &b->d->parts[h->part];

    if (p->message != q->message)
        add(c, (struct amtg_change){.kind = AMTG_CHANGE_MESSAGE,
                                    .before = g->part,
                                    .after = h->part,
                                    .name = p->layer->name,
                                    .was = p->message->name ? p->message->name : "other",
                                    .is = q->message->name ? q->message->name : "other"});
    compare_fields(c, a, g, b, h);
}

void amtg_changes_find(struct amtg_changes *c, const struct amtg_dissection *before,
                       const struct amtg_dissection *after)
{
    struct side a = {0}, b = {0};
    int pair[LAYERS_MOST];
    unsigned k = 0;

    *c = (struct amtg_changes){.arena = amtg_arena_new()};
    read_side(c->arena, &a, before);
    read_side(c->arena, &b, after);
    c->others = !line_up(&a, &b, pair) && (a.count || b.count);
    for (unsigned i = 0; i < a.count; i++) {
        if (pair[i] < 0) {
            add_layer(c, AMTG_CHANGE_REMOVED, &a, i);
            continue;
        }
        for (; k < (unsigned)pair[i]; k++)
            add_layer(c, AMTG_CHANGE_ADDED, &b, k);
        compare_layers(c, &a, i, &b, k++);
    }
    for (; k < b.count; k++)
        add_layer(c, AMTG_CHANGE_ADDED, &b, k);
}

void amtg_changes_free(struct amtg_changes *c)
{
    amtg_arena_free(c->arena);
    *c = (struct amtg_changes){0};
}

/* ---- saying --------------------------------------------------------------------- */

const char *amtg_change_kind_name(enum amtg_change_kind kind)
{
    static const char *const names[] = {
        [AMTG_CHANGE_REMOVED] = "removed", [AMTG_CHANGE_ADDED] = "added",
        [AMTG_CHANGE_MESSAGE] = "message", [AMTG_CHANGE_VALUE] = "value",
        [AMTG_CHANGE_LOST] = "lost",       [AMTG_CHANGE_GAINED] = "gained",
    };

    return names[kind];
}

void amtg_change_print(const struct amtg_changes *c, unsigned i, FILE *out)
{
    const struct amtg_change *change = &c->all[i];

    switch (change->kind) {
    case AMTG_CHANGE_REMOVED:
    case AMTG_CHANGE_ADDED:
        fprintf(out, "%s %s (%u octet%s)", change->name,
                change->kind == AMTG_CHANGE_ADDED ? "added" : "removed", change->octets,
                change->octets == 1 ? "" : "s");
        break;
    case AMTG_CHANGE_MESSAGE:
    case AMTG_CHANGE_VALUE:
        fprintf(out, "%s %s -> %s", change->name, change->was, change->is);
        break;
    case AMTG_CHANGE_LOST:
        fprintf(out, "%s %s gone", change->name, change->was);
        break;
    case AMTG_CHANGE_GAINED:
        fprintf(out, "%s %s new", change->name, change->is);
        break;
    }
}
