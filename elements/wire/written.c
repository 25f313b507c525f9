#include "elements/wire/written.h"

#include <string.h>

#define PROBLEM(w, mark, expected, nearest, ...) \
    amtg_diag_add((w)->diag, AMTG_PROBLEM, mark, (w)->subject, expected, nearest, __VA_ARGS__)

const char *amtg_written_text(const struct amtg_writing *w, const char *text, struct amtg_mark mark)
{
    return w->value ? w->value(w->arg, text, mark) : text;
}

#define LAYERS "a layer: ip4, ip6, udp, igmp, mld, amt, payload, join, ..."

/* ---- values ----------------------------------------------------------------- */

static bool check_scalar(const struct amtg_writing *w, const struct amtg_field *f,
                         const char *written, struct amtg_mark mark)
{
    const char *text = amtg_written_text(w, written, mark);
    struct amtg_value v;

    if (!text || amtg_form_parse(f, text, w->arena, &v))
        return true;
    const char *nearest = NULL, *names[16];
    unsigned count = 0;
    for (; f->names && count < 16 && f->names[count].text; count++)
        names[count] = f->names[count].text;
    if (count)
        nearest = amtg_nearest(text, names, count);
    PROBLEM(w, mark, amtg_form_expected(f), nearest, "%s cannot be \"%.60s\"", f->name, text);
    return false;
}

static bool check_addresses(const struct amtg_writing *w, const struct amtg_field *f,
                            const struct amtg_yaml *list)
{
    bool good = true;

    for (const struct amtg_yaml *i = list->first; i; i = i->next) {
        uint8_t octets[16];
        const char *text =
            i->kind == AMTG_YAML_SCALAR ? amtg_written_text(w, i->text, i->mark) : "";
        if (!text || amtg_form_address(text, f->item_octets, octets))
            continue;
        PROBLEM(w, i->mark,
                f->item_octets == 4 ? "an IPv4 address"
                : f->item_octets    ? "an IPv6 address"
                                    : "an IP address",
                NULL, "%s cannot hold \"%.60s\"", f->name, text);
        good = false;
    }
    return good;
}

static bool check_nested(const struct amtg_writing *w, const struct amtg_field *f,
                         const struct amtg_yaml *node)
{
    struct amtg_written inner;
    struct amtg_written_layer record;
    bool good = true;

    if (node->kind != (f->form == AMTG_FORM_INNER ? AMTG_YAML_MAP : AMTG_YAML_LIST)) {
        PROBLEM(w, node->mark, amtg_form_expected(f), NULL, "%s cannot be this", f->name);
        return false;
    }
    if (f->form == AMTG_FORM_INNER)
        return amtg_written_read(w, node, &inner);
    if (f->form == AMTG_FORM_ADDRESSES)
        return check_addresses(w, f, node);
    for (const struct amtg_yaml *i = node->first; i; i = i->next)
        good &= amtg_written_record(w, i, f->record, &record);
    return good;
}

/* ---- fields ----------------------------------------------------------------- */

/* Takes one for the layer; false: a problem, reported. */
static bool add_field(const struct amtg_writing *w, struct amtg_written_layer *l,
                      struct amtg_written_field field)
{
    for (unsigned i = 0; i < l->fields_count; i++)
        if (l->fields[i].field == field.field) {
            PROBLEM(w, field.mark, NULL, NULL, "%s is said twice", field.field->name);
            return false;
        }
    bool good = field.text ? check_scalar(w, field.field, field.text, field.mark)
                           : check_nested(w, field.field, field.node);
    l->fields = amtg_arena_grow(w->arena, l->fields, l->fields_count, sizeof *l->fields);
    l->fields[l->fields_count++] = field;
    return good;
}

/* The field of a message, or of any message of a layer where it is not said which. */
static const struct amtg_field *find_field(const struct amtg_written_layer *l, const char *name)
{
    const struct amtg_field *found = l->message ? amtg_message_field(l->message, name) : NULL;

    for (unsigned i = 0; l->layer && !l->message && !found && i < l->layer->messages_count; i++)
        found = amtg_message_field(&l->layer->messages[i], name);
    return found;
}

/* Names that could have been meant: the fields of the layer, and all layers. */
static const char *nearest_name(const struct amtg_written_layer *l, const char *name)
{
    const char *names[128];
    unsigned count = 0;

    for (unsigned i = 0; l && l->message && i < l->message->fields_count && count < 100; i++)
        names[count++] = l->message->fields[i].name;
    for (unsigned i = 0; amtg_layers[i] && count < 128; i++)
        names[count++] = amtg_layers[i]->name;
    return amtg_nearest(name, names, count);
}

/* name: the key of y, or what follows LAYER. in it. */
static bool take_field(const struct amtg_writing *w, struct amtg_written_layer *l,
                       const struct amtg_yaml *y, const char *name)
{
    const struct amtg_field *f = find_field(l, name);

    if (y->bad)
        return false;
    if (!f) {
        PROBLEM(w, y->key_mark, NULL, nearest_name(l, name), "%s%s%s has no field \"%.60s\"",
                l->layer ? l->layer->name : "a record", l->message && l->message->name ? " " : "",
                l->message && l->message->name ? l->message->name : "", name);
        return false;
    }
    if (!amtg_form_is_nested(f->form) && y->kind != AMTG_YAML_SCALAR) {
        PROBLEM(w, y->mark, amtg_form_expected(f), NULL, "%s cannot be a list or a map", f->name);
        return false;
    }
    return add_field(
        w, l,
        (struct amtg_written_field){.field = f,
                                    .mark = y->mark,
                                    .node = y,
                                    .text = amtg_form_is_nested(f->form) ? NULL : y->text});
}

/* ---- the value of a layer's own key ----------------------------------------- */

/* A part of a scalar as a place of its own. */
static struct amtg_mark part_mark(const struct amtg_yaml *y, const char *part, size_t len)
{
    struct amtg_mark mark = y->mark;

    mark.column += (unsigned)(part - y->text) + y->quoted;
    mark.length = len ? (unsigned)len : 1;
    return mark;
}

static bool add_brief(const struct amtg_writing *w, struct amtg_written_layer *l, const char *name,
                      const struct amtg_yaml *y, const char *part, size_t len)
{
    return add_field(w, l,
                     (struct amtg_written_field){.field = amtg_message_field(l->message, name),
                                                 .mark = part_mark(y, part, len),
                                                 .text = amtg_arena_text_of(w->arena, part, len)});
}

/* "A > B" */
static bool take_pair(const struct amtg_writing *w, struct amtg_written_layer *l,
                      const struct amtg_yaml *y)
{
    const char *sign = strstr(y->text, " > ");

    if (!sign) {
        PROBLEM(w, y->mark, "two values with ` > ` between them", NULL, "%s cannot be \"%.60s\"",
                l->layer->name, y->text);
        return false;
    }
    bool good = add_brief(w, l, l->layer->brief[0], y, y->text, (size_t)(sign - y->text));
    return add_brief(w, l, l->layer->brief[1], y, sign + 3, strlen(sign + 3)) && good;
}

static bool take_message(const struct amtg_writing *w, struct amtg_written_layer *l,
                         const struct amtg_yaml *y)
{
    const char *names[16];
    unsigned count = 0;

    l->message = amtg_layer_message_named(l->layer, y->text);
    if (l->message)
        return true;
    for (unsigned i = 0; i < l->layer->messages_count && count < 16; i++)
        if (l->layer->messages[i].name)
            names[count++] = l->layer->messages[i].name;
    PROBLEM(w, y->mark, NULL, amtg_nearest(y->text, names, count), "%s has no message \"%.60s\"",
            l->layer->name, y->text);
    return false;
}

static bool take_layer(const struct amtg_writing *w, struct amtg_written_layer *l,
                       const struct amtg_yaml *y)
{
    bool several = l->layer->messages_count > 1;

    if (y->bad)
        return false;
    if (y->kind != AMTG_YAML_SCALAR) {
        PROBLEM(w, y->mark,
                several ? "the name of a message; fields follow as further keys"
                        : "a value or nothing; fields follow as further keys",
                NULL, "%s cannot be a list or a map", l->layer->name);
        return false;
    }
    if (!several)
        l->message = &l->layer->messages[0];
    if (*y->text == '\0')
        return true;
    if (several)
        return take_message(w, l, y);
    if (l->layer->brief[1])
        return take_pair(w, l, y);
    if (l->layer->brief[0])
        return add_brief(w, l, l->layer->brief[0], y, y->text, strlen(y->text));
    PROBLEM(w, y->mark, "nothing", NULL, "%s has no value", l->layer->name);
    return false;
}

/* ---- all of it -------------------------------------------------------------- */

/*
 * Whose field a key is: of the layer that LAYER.FIELD names, where two layers have fields of
 * one name; else of the last one. NULL: of none, which is told.
 */
static struct amtg_written_layer *owner(const struct amtg_writing *w, struct amtg_written *written,
                                        const struct amtg_yaml *y, const char **name)
{
    const char *dot = strchr(y->key, '.');
    size_t len = dot ? (size_t)(dot - y->key) : 0;

    *name = dot ? dot + 1 : y->key;
    for (unsigned i = written->layers_count; i > 0; i--) {
        struct amtg_written_layer *l = &written->layers[i - 1];
        if (!dot || (strlen(l->layer->name) == len && memcmp(l->layer->name, y->key, len) == 0))
            return l;
    }
    PROBLEM(w, y->key_mark, dot ? "one of the layers before" : LAYERS, nearest_name(NULL, y->key),
            "there is no layer \"%.60s\"", dot ? amtg_arena_text_of(w->arena, y->key, len) : y->key);
    return NULL;
}

bool amtg_written_read(const struct amtg_writing *w, const struct amtg_yaml *map,
                       struct amtg_written *out)
{
    bool good = true, lost = false; /* lost: the last layer is wrong, so are its fields */

    *out = (struct amtg_written){.mark = map->mark};
    if (map->kind != AMTG_YAML_MAP || !map->first) {
        if (!map->bad)
            PROBLEM(w, map->mark, "a map such as {amt: request, nonce: 1}", NULL, "this is no packet");
        return false;
    }
    for (const struct amtg_yaml *y = map->first; y; y = y->next) {
        const struct amtg_layer *layer = amtg_layer_named(y->key);
        const char *name;
        if (layer) {
            out->layers =
                amtg_arena_grow(w->arena, out->layers, out->layers_count, sizeof *out->layers);
            struct amtg_written_layer *l = &out->layers[out->layers_count++];
            *l = (struct amtg_written_layer){
                .layer = layer, .mark = y->key_mark, .value_mark = y->mark};
            bool taken = take_layer(w, l, y);
            lost = !taken && !l->message;
            good &= taken;
        } else if (!lost) {
            struct amtg_written_layer *l = owner(w, out, y, &name);
            good &= l && take_field(w, l, y, name);
            if (!out->layers_count)
                return false; /* what follows would belong to what is wrong */
        }
    }
    return good;
}

bool amtg_written_record(const struct amtg_writing *w, const struct amtg_yaml *map,
                         const struct amtg_message *record, struct amtg_written_layer *out)
{
    bool good = true;

    *out =
        (struct amtg_written_layer){.message = record, .mark = map->mark, .value_mark = map->mark};
    if (map->kind != AMTG_YAML_MAP) {
        PROBLEM(w, map->mark, "a map such as {type: allow, group: 232.1.2.3}", NULL,
                "this is no record");
        return false;
    }
    for (const struct amtg_yaml *y = map->first; y; y = y->next)
        good &= take_field(w, out, y, y->key);
    return good;
}
