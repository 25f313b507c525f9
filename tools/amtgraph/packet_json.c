#include "tools/amtgraph/packet_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/type.h"
#include "elements/wire/dissect.h"

enum { ENDPOINT = AMTG_ADDR_TEXT + 10 };

/* What `print` writes, as a JSON text; octets that are no UTF-8 leave it out. */
static json_t *printed(void (*print)(FILE *out, const void *a, const void *b), const void *a,
                       const void *b)
{
    char *text = NULL;
    size_t octets = 0;
    FILE *out = open_memstream(&text, &octets);

    if (!out)
        return json_null();
    print(out, a, b);
    fclose(out);
    json_t *value = json_stringn(text, octets);
    free(text);
    return value ? value : json_string("(not UTF-8)");
}

static void print_value(FILE *out, const void *d, const void *part)
{
    amtg_part_print(d, part, true, out);
}

static void print_name(FILE *out, const void *part, const void *nothing)
{
    (void)nothing;
    amtg_part_print_name(part, out);
}

static void print_words(FILE *out, const void *packet, const void *nothing)
{
    (void)nothing;
    amtg_type_describe(packet, out);
}

json_t *packet_words_json(const struct amtg_packet *p)
{
    return printed(print_words, p, NULL);
}

static json_t *part_json(const struct amtg_dissection *d, const struct amtg_part *part)
{
    json_t *json = json_object();

    if (!part->field) {
        json_object_set_new(json, "layer", json_string(part->layer->name));
        json_object_set_new(json, "title", json_string(part->layer->title));
        if (part->message && part->message->name)
            json_object_set_new(json, "message", json_string(part->message->name));
    } else {
        json_object_set_new(json, "name", printed(print_name, part, NULL));
        json_object_set_new(json, "value", printed(print_value, d, part));
        json_object_set_new(json, "bit", json_integer(part->bit));
        json_object_set_new(json, "bits", json_integer(part->bits));
    }
    json_object_set_new(json, "octet", json_integer(part->octet));
    json_object_set_new(json, "octets", json_integer(part->octets));
    json_object_set_new(json, "depth", json_integer(part->depth));
    if (part->fault[0])
        json_object_set_new(json, "fault", json_string(part->fault));
    return json;
}

json_t *packet_layers_json(const struct amtg_type *type, const uint8_t *octets, uint32_t len)
{
    json_t *layers = json_array(), *fields = NULL;
    struct amtg_dissection d;

    amtg_dissect(&d, amtg_layer_first(type, octets, len), octets, len);
    for (unsigned i = 0; i < d.count; i++) {
        json_t *part = part_json(&d, &d.parts[i]);
        if (d.parts[i].field && fields) {
            json_array_append_new(fields, part);
            continue;
        }
        fields = json_array();
        json_object_set_new(part, "fields", fields);
        json_array_append_new(layers, part);
    }
    amtg_dissection_free(&d);
    return layers;
}

json_t *packet_hex_json(const uint8_t *octets, uint32_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(2 * (size_t)len + 1);

    if (!text)
        return json_null();
    for (uint32_t i = 0; i < len; i++) {
        text[2 * i] = digits[octets[i] >> 4];
        text[2 * i + 1] = digits[octets[i] & 15];
    }
    json_t *json = json_stringn(text, 2 * (size_t)len);
    free(text);
    return json;
}

json_t *packet_peer_json(const struct amtg_addr *address, uint16_t port)
{
    char text[AMTG_ADDR_TEXT], all[ENDPOINT];

    if (!port)
        return json_null();
    amtg_addr_text(address, text);
    snprintf(all, sizeof all, strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, port);
    return json_string(all);
}
