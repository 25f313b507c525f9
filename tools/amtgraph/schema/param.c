/* One parameter: what it may be, by its kind. The same order as in core/param.c. */
#include <string.h>

#include "tools/amtgraph/schema/schema.h"

enum { EXPECTED = 512 };

/* Adds a reference to one of the forms. */
static void add_ref(json_t *list, const char *name)
{
    json_array_append_new(list, schema_ref(name));
}

/* Nothing at all: `key:` with no value, "" and the word `none`. */
static void add_none(json_t *list)
{
    json_array_append_new(list, json_pack("{s[sns]}", "enum", "none", ""));
}

static bool may_be_none(const struct amtg_param *p)
{
    return p->initial && (*p->initial == '\0' || strcmp(p->initial, "none") == 0);
}

/* ---- numbers --------------------------------------------------------------------- */

static json_t *whole(uint64_t value)
{
    return value <= INT64_MAX ? json_integer((json_int_t)value) : json_real((double)value);
}

static void add_integer(json_t *list, const struct amtg_param *p)
{
    json_array_append_new(list,
                          json_pack("{ss so so}", "type", "integer", "minimum", whole(p->min),
                                    "maximum", whole(amtg_param_max(p))));
}

static void add_float(json_t *list, const struct amtg_param *p, bool bounded)
{
    json_t *number = json_pack("{ss}", "type", "number");

    if (bounded)
        json_object_set_new(number, "minimum", json_real(p->fmin));
    if (bounded && p->fmax != 0)
        json_object_set_new(number, "maximum", json_real(p->fmax));
    json_array_append_new(list, number);
    add_ref(list, "number");
}

/* ---- words ----------------------------------------------------------------------- */

static void add_bool(json_t *list)
{
    json_array_append_new(list, json_pack("{s[bbssss]}", "enum", 1, 0, "yes", "no", "on", "off"));
    json_array_append_new(list, json_pack("{s[ss]}", "enum", "true", "false"));
}

static void add_enum(json_t *list, const struct amtg_param *p)
{
    json_t *words = json_array();

    for (const char *const *n = p->names; n && *n; n++) {
        json_t *plain = schema_plain(*n);
        json_array_append_new(words, json_string(*n));
        if (json_is_string(plain))
            json_decref(plain);
        else
            json_array_append_new(words, plain);
    }
    json_array_append_new(list, json_pack("{so}", "enum", words));
}

static void add_address(json_t *list, const struct amtg_param *p)
{
    if (p->family != 6)
        add_ref(list, "IPv4 address");
    if (p->family != 4)
        add_ref(list, "IPv6 address");
}

/* ---- lists and maps -------------------------------------------------------------- */

/* No item: the word `none`, or `key:` with no value; "" only where nothing is known of its items. */
static void add_empty(json_t *list, enum schema_place place)
{
    if (place == SCHEMA_OF_DEFAULT)
        add_none(list);
    else
        json_array_append_new(list, json_pack("{s[sn]}", "enum", "none"));
}

/* What one item may be. */
static json_t *item_alternatives(const struct amtg_param *p, bool names)
{
    json_t *items = json_array();

    if (p->kind == AMTG_KIND_TEXTS)
        add_ref(items, names ? "name" : "scalar");
    else
        add_address(items, p);
    if (p->kind == AMTG_KIND_HOSTS)
        add_ref(items, "host name");
    return items;
}

/*
 * One item; or a list of them, within bounds. A list that holds "${name}" or `none` has more or
 * fewer items in the end than are written there, so its length is left to `check`.
 */
static void add_list(json_t *list, const struct amtg_param *p, enum schema_place place, bool names)
{
    json_t *one = item_alternatives(p, names), *vague = json_array();
    json_t *exact = json_pack("{ss so}", "type", "array", "items", schema_any_of(json_copy(one)));

    json_array_extend(list, one);
    if (p->min == 0)
        add_empty(list, place);
    if (p->min > 1)
        json_object_set_new(exact, "minItems", json_integer((json_int_t)p->min));
    if (p->max)
        json_object_set_new(exact, "maxItems", json_integer((json_int_t)p->max));
    json_array_append_new(list, exact);
    if (p->kind != AMTG_KIND_TEXTS || place == SCHEMA_OF_DEFAULT)
        add_empty(vague, place);
    if (place == SCHEMA_OF_CLASS)
        add_ref(vague, "substituted");
    json_array_extend(one, vague);
    json_array_append_new(list,
                          json_pack("{ss so so}", "type", "array", "items", schema_any_of(one),
                                    "contains", schema_any_of(vague)));
}

static void add_map(json_t *list, const struct amtg_param *p, bool names)
{
    json_t *map = json_pack("{ss s{s[oo]}}", "type", "object", "additionalProperties", "anyOf",
                            schema_ref("scalar"), schema_ref("substituted"));

    if (p->min)
        json_object_set_new(map, "minProperties", json_integer((json_int_t)p->min));
    if (p->max)
        json_object_set_new(map, "maxProperties", json_integer((json_int_t)p->max));
    if (names)
        json_object_set_new(map, "propertyNames", schema_ref("name"));
    json_array_append_new(list, map);
}

/* ---- a parameter ----------------------------------------------------------------- */

/* Texts of which a graph's parameter says nothing more: whoever takes them checks them. */
static bool add_text(json_t *list, const struct amtg_param *p, enum schema_place place)
{
    const char *form = p->kind == AMTG_KIND_TEXT        ? "scalar"
                       : p->kind == AMTG_KIND_INTERFACE ? "interface"
                       : p->kind == AMTG_KIND_FILE      ? "path"
                       : p->kind == AMTG_KIND_REF       ? "name"
                                                        : NULL;

    if (!form)
        return false;
    add_ref(list, place == SCHEMA_OF_DEFAULT ? "scalar" : form);
    if (place == SCHEMA_OF_CLASS && p->kind != AMTG_KIND_TEXT && may_be_none(p))
        add_none(list);
    return true;
}

json_t *schema_alternatives(const struct amtg_param *p, enum schema_place place, bool names)
{
    json_t *list = json_array();

    if (add_text(list, p, place)) {
    } else if (p->kind == AMTG_KIND_BOOL) {
        add_bool(list);
    } else if (p->kind == AMTG_KIND_UINT || p->kind == AMTG_KIND_SIZE) {
        add_integer(list, p);
        add_ref(list, p->kind == AMTG_KIND_UINT ? "whole number" : "size");
    } else if (p->kind == AMTG_KIND_DURATION) {
        add_ref(list, "duration");
        if (p->min == 0)
            json_array_append_new(list, json_pack("{s[is]}", "enum", 0, "0"));
    } else if (p->kind == AMTG_KIND_FLOAT) {
        add_float(list, p, place == SCHEMA_OF_CLASS);
    } else if (p->kind == AMTG_KIND_ENUM) {
        add_enum(list, p);
    } else if (p->kind == AMTG_KIND_ADDR) {
        add_address(list, p);
        if (may_be_none(p))
            add_none(list);
    } else if (p->kind == AMTG_KIND_MAP) {
        add_map(list, p, names);
        return list; /* nothing can stand for a map */
    } else {
        add_list(list, p, place, names);
    }
    if (place == SCHEMA_OF_CLASS)
        add_ref(list, "substituted");
    return list;
}

/* A default as YAML reads it: lists with commas are lists. NULL: there is nothing to show. */
static json_t *default_value(const struct amtg_param *p)
{
    bool is_list =
        p->kind == AMTG_KIND_ADDRS || p->kind == AMTG_KIND_HOSTS || p->kind == AMTG_KIND_TEXTS;
    json_t *list = json_array();

    if (!p->initial || !*p->initial || !is_list || !strchr(p->initial, ',')) {
        json_decref(list);
        return p->initial && *p->initial ? schema_plain(p->initial) : NULL;
    }
    for (const char *at = p->initial; *at;) {
        size_t len = strcspn(at, ",");
        json_array_append_new(list, json_stringn(at, len));
        at += len;
        at += strspn(at, ", ");
    }
    return list;
}

json_t *schema_param(const struct amtg_param *p, bool names)
{
    char expected[EXPECTED];
    bool unit = p->unit && p->kind != AMTG_KIND_SIZE;
    json_t *value = json_object(), *initial = default_value(p);

    amtg_param_expected(p, expected, sizeof expected);
    json_object_set_new(value, "description",
                        json_sprintf("%s: %s%s%s%s", p->help, expected, unit ? " (" : "",
                                     unit ? p->unit : "", unit ? ")" : ""));
    if (initial)
        json_object_set_new(value, "default", initial);
    json_object_set_new(value, "anyOf", schema_alternatives(p, SCHEMA_OF_CLASS, names));
    return value;
}
