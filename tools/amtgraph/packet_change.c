#include "tools/amtgraph/packet_change.h"

#include <stdlib.h>

/* ---- changes ------------------------------------------------------------------- */

static void dissect(struct amtg_dissection *d, const struct amtg_type *type, const uint8_t *octets,
                    uint32_t len)
{
    amtg_dissect(d, amtg_layer_first(type, octets, len), octets, len);
}

void packet_change_find(struct packet_change *c, const struct amtg_type *before_type,
                        const uint8_t *before, uint32_t before_len,
                        const struct amtg_type *after_type, const uint8_t *after,
                        uint32_t after_len)
{
    dissect(&c->before, before_type, before, before_len);
    dissect(&c->after, after_type, after, after_len);
    amtg_changes_find(&c->changes, &c->before, &c->after);
}

void packet_change_free(struct packet_change *c)
{
    amtg_changes_free(&c->changes);
    amtg_dissection_free(&c->before);
    amtg_dissection_free(&c->after);
}

void packet_change_print(const struct packet_change *c, const char *indent, FILE *out)
{
    const char *between = "hence ";

    for (unsigned i = 0; i < c->changes.count; i++) {
        if (c->changes.all[i].filled)
            continue;
        fputs(indent, out);
        amtg_change_print(&c->changes, i, out);
        putc('\n', out);
    }
    for (unsigned i = 0; i < c->changes.count; i++) {
        if (!c->changes.all[i].filled)
            continue;
        fprintf(out, "%s%s", *between == 'h' ? indent : "", between);
        amtg_change_print(&c->changes, i, out);
        between = ", ";
    }
    if (*between == ',')
        putc('\n', out);
}

static void set_place(json_t *object, const char *key, const struct amtg_dissection *d, int part)
{
    if (part >= 0)
        json_object_set_new(
            object, key, json_pack("[ii]", (int)d->parts[part].octet, (int)d->parts[part].octets));
}

static void set_words(json_t *object, const char *key, const char *words)
{
    json_t *text = words ? json_string(words) : NULL; /* NULL, too, of what is no UTF-8 */

    if (words)
        json_object_set_new(object, key, text ? text : json_string("(not UTF-8)"));
}

json_t *packet_change_json(const struct packet_change *c)
{
    json_t *all = json_array();

    for (unsigned i = 0; i < c->changes.count; i++) {
        const struct amtg_change *change = &c->changes.all[i];
        json_t *one =
            json_pack("{ssss}", "what", amtg_change_kind_name(change->kind), "name", change->name);
        if (change->kind == AMTG_CHANGE_ADDED || change->kind == AMTG_CHANGE_REMOVED)
            json_object_set_new(one, "octets", json_integer(change->octets));
        else
            json_object_set_new(one, "hence", json_boolean(change->filled));
        set_words(one, "was", change->was);
        set_words(one, "is", change->is);
        set_place(one, "was_at", &c->before, change->before);
        set_place(one, "is_at", &c->after, change->after);
        json_array_append_new(all, one);
    }
    return all;
}

/* ---- faults -------------------------------------------------------------------- */

/* "udp.checksum", "ip4": to be freed. */
static char *fault_name(const struct amtg_part *part)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    if (part->field)
        fprintf(out, "%s.", part->layer->name);
    amtg_part_print_name(part, out);
    fclose(out);
    return text;
}

void packet_faults_print(const struct amtg_type *type, const uint8_t *octets, uint32_t len,
                         const char *indent, FILE *out)
{
    struct amtg_dissection d;

    dissect(&d, type, octets, len);
    for (unsigned i = 0; i < d.count; i++) {
        if (!d.parts[i].fault[0])
            continue;
        char *name = fault_name(&d.parts[i]);
        fprintf(out, "%s%s: %s\n", indent, name, d.parts[i].fault);
        free(name);
    }
    amtg_dissection_free(&d);
}

json_t *packet_faults_json(const struct amtg_type *type, const uint8_t *octets, uint32_t len)
{
    json_t *all = json_array();
    char *text = NULL;
    size_t room;
    FILE *out = open_memstream(&text, &room);

    if (!out)
        abort();
    packet_faults_print(type, octets, len, "", out);
    fclose(out);
    for (char *at = text, *end; (end = strchr(at, '\n')); at = end + 1)
        json_array_append_new(all, json_stringn(at, (size_t)(end - at)));
    free(text);
    return all;
}
