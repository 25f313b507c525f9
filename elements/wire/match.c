#include "elements/wire/match.h"

#include <stdlib.h>
#include <string.h>

#include "elements/wire/layer_fill.h"

struct matcher {
    const struct amtg_writing *w;
    const struct amtg_dissection *d;
    struct amtg_matching *out;
    bool *said; /* per part: it has been compared */
};

static void match_stack(struct matcher *m, const struct amtg_written *written, unsigned from,
                        unsigned depth);

/* ---- words ------------------------------------------------------------------ */

const char *amtg_match_words(const struct amtg_dissection *d, const struct amtg_part *part,
                             struct amtg_arena *arena, bool cut)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return "";
    if (part->field)
        amtg_part_print(d, part, cut, out);
    else
        amtg_part_print_name(part, out);
    fclose(out);
    const char *copy = amtg_arena_text(arena, text);
    free(text);
    return copy;
}

static const char *value_words(const struct matcher *m, const struct amtg_field *f,
                               const struct amtg_value *v)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return "";
    amtg_form_print(f, v, f->bits ? f->bits : 16, true, out);
    fclose(out);
    const char *copy = amtg_arena_text(m->w->arena, text);
    free(text);
    return copy;
}

static void differs(struct matcher *m, struct amtg_mark mark, int part, const char *name,
                    const char *expected)
{
    struct amtg_matching *out = m->out;

    out->mismatches =
        amtg_arena_grow(m->w->arena, out->mismatches, out->count, sizeof *out->mismatches);
    out->mismatches[out->count++] = (struct amtg_mismatch){
        .mark = mark,
        .part = part,
        .name = name,
        .expected = expected,
        .is = part >= 0 ? amtg_match_words(m->d, &m->d->parts[part], m->w->arena, true) : NULL};
}

/* ---- fields ----------------------------------------------------------------- */

/* The part of a name at this depth, from `from` on, within the same parent; -1: none. */
static int find(const struct amtg_dissection *d, unsigned from, unsigned depth, const char *name)
{
    for (unsigned i = from; i < d->count && d->parts[i].depth >= depth; i++)
        if (d->parts[i].depth == depth && d->parts[i].field && d->parts[i].item < 0 &&
            strcmp(d->parts[i].field->name, name) == 0)
            return (int)i;
    return -1;
}

static unsigned items_of(const struct amtg_dissection *d, unsigned list)
{
    unsigned count = 0, depth = d->parts[list].depth;

    for (unsigned i = list + 1; i < d->count && d->parts[i].depth > depth; i++)
        count += d->parts[i].depth == depth + 1;
    return count;
}

static void match_scalar(struct matcher *m, const struct amtg_written_field *said, int part)
{
    const struct amtg_part *p = &m->d->parts[part];
    const char *text = amtg_written_text(m->w, said->text, said->mark);
    struct amtg_value expected;

    if (!text || !amtg_form_parse(p->field, text, m->w->arena, &expected)) {
        differs(m, said->mark, part, p->field->name, text ? text : said->text);
        return;
    }
    struct amtg_value is = amtg_form_value(p->field, m->d->octets, p->octet, p->bit, p->bits);
    bool cut = p->fault[0] && !amtg_fill_is_sum(p->field->fill);
    if (cut || !amtg_value_equal(&is, &expected))
        differs(m, said->mark, part, p->field->name, value_words(m, p->field, &expected));
}

/* One of the items, 1 to count, that was not taken for another one before. */
static bool take_item(const struct matcher *m, int list, const uint8_t *octets, bool *taken,
                      unsigned count)
{
    const struct amtg_part *p = &m->d->parts[list];
    unsigned size = p->field->item_octets ? p->field->item_octets : 16;

    for (unsigned i = 1; i <= count; i++)
        if (!taken[i] && memcmp(octets, m->d->octets + p[i].octet, size) == 0)
            return taken[i] = true;
    return false;
}

/* In any order: each said one is there, and no others. */
static void match_addresses(struct matcher *m, const struct amtg_written_field *said, int list)
{
    const struct amtg_field *f = m->d->parts[list].field;
    unsigned count = 0, before = m->out->count, items = items_of(m->d, (unsigned)list);
    bool *taken = amtg_arena_get(m->w->arena, items + 1);

    for (const struct amtg_yaml *y = said->node->first; y; y = y->next, count++) {
        uint8_t octets[16];
        const char *text = amtg_written_text(m->w, y->text, y->mark);
        if (!text || !amtg_form_address(text, f->item_octets, octets) ||
            !take_item(m, list, octets, taken, items))
            differs(m, y->mark, list, f->name,
                    amtg_arena_printf(m->w->arena, "%s in it", text ? text : y->text));
    }
    if (m->out->count == before && count != items)
        differs(m, said->mark, list, f->name,
                count ? amtg_arena_printf(m->w->arena, "%u of them only", count) : "none");
}

static void match_fields(struct matcher *m, const struct amtg_written_layer *l, unsigned parent)
{
    unsigned depth = m->d->parts[parent].depth + 1;

    for (unsigned i = 0; i < l->fields_count; i++) {
        const struct amtg_written_field *said = &l->fields[i];
        int part = find(m->d, parent + 1, depth, said->field->name);
        if (part < 0) {
            differs(m, said->mark, -1, said->field->name, said->text ? said->text : "this");
            continue;
        }
        m->said[part] = true;
        const struct amtg_field *f = m->d->parts[part].field;
        if (said->text) {
            match_scalar(m, said, part);
        } else if (f->form == AMTG_FORM_ADDRESSES) {
            match_addresses(m, said, part);
        } else if (f->form == AMTG_FORM_INNER) {
            struct amtg_written inner;
            if (amtg_written_read(m->w, said->node, &inner))
                match_stack(m, &inner, (unsigned)part + 1, depth + 1);
        } else {
            unsigned at = (unsigned)part + 1, count = 0, items = items_of(m->d, (unsigned)part);
            for (const struct amtg_yaml *y = said->node->first; y; y = y->next, count++) {
                struct amtg_written_layer record;
                while (at < m->d->count && m->d->parts[at].depth > depth + 1)
                    at++;
                if (count < items && amtg_written_record(m->w, y, f->record, &record))
                    match_fields(m, &record, at++);
            }
            if (count != items)
                differs(
                    m, said->mark, part, f->name,
                    amtg_arena_printf(m->w->arena, count == 1 ? "%u record" : "%u records", count));
        }
    }
}

/* ---- layers ----------------------------------------------------------------- */

static void match_stack(struct matcher *m, const struct amtg_written *written, unsigned from,
                        unsigned depth)
{
    const struct amtg_dissection *d = m->d;
    unsigned at = from;

    for (unsigned i = 0; i < written->layers_count; i++) {
        const struct amtg_written_layer *l = &written->layers[i];
        unsigned k = at;
        while (k < d->count && d->parts[k].depth >= depth &&
               !(d->parts[k].depth == depth && !d->parts[k].field && d->parts[k].layer == l->layer))
            k++;
        if (k == d->count || d->parts[k].depth < depth) {
            differs(m, l->mark, -1, l->layer->name, "this layer");
            continue;
        }
        at = k + 1;
        if (l->message && l->message != d->parts[k].message) {
            const char *is = d->parts[k].message->name;
            differs(m, l->value_mark, (int)k, l->layer->name, l->message->name);
            m->out->mismatches[m->out->count - 1].is = is ? is : "another message";
        } else
            match_fields(m, l, k);
    }
}

/* Checksums that are wrong, and of which nothing was said. */
static void match_sums(struct matcher *m, struct amtg_mark mark)
{
    for (unsigned i = 0; i < m->d->count; i++) {
        const struct amtg_part *p = &m->d->parts[i];
        if (p->fault[0] && p->field && !m->said[i] && amtg_fill_is_sum(p->field->fill))
            differs(m, mark, (int)i, p->field->name, "the right one");
    }
}

bool amtg_match(const struct amtg_writing *w, const struct amtg_written *written,
                const struct amtg_dissection *d, struct amtg_matching *out)
{
    struct matcher m = {.w = w, .d = d, .out = out};

    *out = (struct amtg_matching){0};
    m.said = amtg_arena_get(w->arena, d->count + 1);
    match_stack(&m, written, 0, 0);
    match_sums(&m, written->mark);
    return out->count == 0;
}

/* ---- paths ------------------------------------------------------------------ */

/* "LAYER.FIELD" split; layer NULL: any. */
static const char *split_path(const char *path, const struct amtg_layer **layer)
{
    const char *dot = strchr(path, '.');
    char name[32];

    *layer = NULL;
    if (!dot || (size_t)(dot - path) >= sizeof name)
        return path;
    memcpy(name, path, (size_t)(dot - path));
    name[dot - path] = '\0';
    *layer = amtg_layer_named(name);
    return *layer ? dot + 1 : path;
}

const struct amtg_part *amtg_match_find(const struct amtg_dissection *d, const char *path)
{
    const struct amtg_layer *layer;
    const char *field = split_path(path, &layer);

    for (unsigned i = 0; i < d->count; i++) {
        const struct amtg_part *p = &d->parts[i];
        if (p->field && p->item < 0 && !amtg_form_is_nested(p->field->form) &&
            (!layer || p->layer == layer) && strcmp(p->field->name, field) == 0)
            return p;
    }
    return NULL;
}

bool amtg_match_path_known(const char *path)
{
    const struct amtg_layer *layer;
    const char *field = split_path(path, &layer);

    for (unsigned i = 0; amtg_layers[i]; i++)
        for (unsigned k = 0;
             (!layer || layer == amtg_layers[i]) && k < amtg_layers[i]->messages_count; k++) {
            const struct amtg_field *f = amtg_message_field(&amtg_layers[i]->messages[k], field);
            if (f && !amtg_form_is_nested(f->form))
                return true;
        }
    return false;
}
