/* Texts of each form, as patterns; and small things that all parts of the schema need. */
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/schema/schema.h"

#define BYTE  "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define IP4   "(" BYTE "\\.){3}" BYTE
#define GROUP "[0-9A-Fa-f]{1,4}"
/* RFC 4291, section 2.2: all eight groups, or `::` for some; the last two may be an IPv4 address. */
#define IP6                                                                               \
    "((" GROUP ":){7}" GROUP "|(" GROUP ":){1,7}:|:(:" GROUP "){1,7}|::"                  \
    "|(" GROUP ":){1,6}(:" GROUP "){1}|(" GROUP ":){1,5}(:" GROUP "){2}"                  \
    "|(" GROUP ":){1,4}(:" GROUP "){3}|(" GROUP ":){1,3}(:" GROUP "){4}"                  \
    "|(" GROUP ":){1,2}(:" GROUP "){5}|" GROUP ":(:" GROUP "){6}"                         \
    "|(" GROUP ":){6}" IP4 "|(?=.*::)([0-9A-Fa-f]{0,4}:){2,6}" IP4 ")"
#define PART  "([0-9]+(\\.[0-9]+)?"
#define LABEL "[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
#define NAME  "[A-Za-z0-9_-]{1,64}"
#define END   " *" NAME "(\\[[0-9A-Fa-fx]+\\])?(\\.[A-Za-z0-9_.-]+(\\[[0-9]+\\])?)? *"

/* An IPv4 address as an IPv6 one (RFC 4291, section 2.5.5.2): to `check` it is the former. */
#define MAPPED "[0:]+[fF]{4}:(" IP4 "|" GROUP ":" GROUP ")"

/* What YAML may read a text as, besides a text: a number (n), true or false (b), nothing (0). */
static const struct {
    const char *name, *as, *description, *pattern;
} forms[] = {
    {"any scalar", "nb0", "a text", "^[^\\x00]*$"},
    {"scalar", "nb0", "a text", "^(?![\\s\\S]*\\$\\{)[^\\x00]*$"},
    {"substituted", "", "\"${name}\", the value of a parameter of this graph; or a sum with such terms",
     "^\\$\\{[^}]*\\}$|^(?=[\\s\\S]*\\$\\{)[\\s\\S]* \\+ "},
    {"name", "nb", "a name of letters, digits, `-` and `_`", "^" NAME "$"},
    {"whole number", "", "a whole number, in quotes", "^(0|[1-9][0-9]*|0[xX][0-9A-Fa-f]{1,16})$"},
    {"number", "", "a number, in quotes",
     "^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?$"},
    {"duration", "", "a duration such as 1m30s",
     "^(?=[0-9])" PART "d)?" PART "h)?" PART "m)?" PART "s)?" PART "ms)?" PART "us)?" PART "ns)?$"},
    {"size", "", "a size such as 64KiB", "^[0-9]+(B|kB|KB|MB|GB|KiB|MiB|GiB|TiB)?$"},
    {"IPv4 address", "", "an IPv4 address", "^(" IP4 "|" MAPPED ")$"},
    {"IPv6 address", "", "an IPv6 address", "^(?!" MAPPED "$)" IP6 "$"},
    {"host name", "b", "a host name", "^(?!.*(^|\\.)[0-9]+\\.?$)" LABEL "(\\." LABEL ")*\\.?$"},
    {"interface", "nb", "the name of a network interface, or auto",
     "^(?!\\.\\.?$)[^/ \\t:]{1,15}$"},
    {"path", "nb", "the path of a file", "^(?![\\s\\S]*\\$\\{)[\\s\\S]"},
    {"port", "nb", "element.port", "^" END "$"},
    {"chain", "", "a -> b.in -> c", "^" END "(->" END ")+$"},
    {"wire", "", "a <-> b", " <-> "},
};

/* The types of JSON that such a text may have. */
static json_t *types_of(const char *as)
{
    json_t *types = json_pack("[s]", "string");

    if (strchr(as, 'n'))
        json_array_append_new(types, json_string("number"));
    if (strchr(as, 'b'))
        json_array_append_new(types, json_string("boolean"));
    if (strchr(as, '0'))
        json_array_append_new(types, json_string("null"));
    return types;
}

json_t *schema_ref(const char *name)
{
    return json_pack("{so}", "$ref", json_sprintf("#/definitions/%s", name));
}

json_t *schema_any_of(json_t *alternatives)
{
    return json_pack("{so}", "anyOf", alternatives);
}

json_t *schema_plain(const char *text)
{
    size_t len = strlen(text);
    char *end;

    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_boolean(*text == 't');
    if (len && strspn(text, "0123456789") == len && len < 16)
        return json_integer(strtoll(text, NULL, 10));
    if (len && strspn(text, "0123456789.eE+-") == len) {
        double number = strtod(text, &end);
        if (*end == '\0')
            return json_real(number);
    }
    return json_string(text);
}

json_t *schema_map(const struct amtg_key *keys, json_t *values)
{
    json_t *map = json_pack("{ss}", "type", "object"), *required = json_array();

    for (const struct amtg_key *k = keys; k->name; k++) {
        json_t *value = json_object_get(values, k->name);
        json_t *described = json_pack("{ss}", "description", k->help);
        if (value)
            json_object_update(described, value);
        json_object_set_new(values, k->name, described);
        if (k->required)
            json_array_append_new(required, json_string(k->name));
    }
    json_object_set_new(map, "required", required);
    json_object_set_new(map, "properties", values);
    json_object_set_new(map, "additionalProperties", json_false());
    return map;
}

void schema_define_forms(json_t *definitions)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        json_object_set_new(definitions, forms[i].name,
                            json_pack("{ss so ss so}", "description", forms[i].description, "type",
                                      types_of(forms[i].as), "pattern", forms[i].pattern,
                                      "patternErrorMessage", /* of editors; others ignore it */
                                      json_sprintf("expected %s", forms[i].description)));
}
