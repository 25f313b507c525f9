/* The document as a whole: a graph file, or a file of tests that names a graph. */
#include <string.h>

#include "core/graph.h"
#include "tools/amtgraph/schema/schema.h"
#include "tools/amtgraph/test/keys.h"

/* ---- `params` -------------------------------------------------------------------- */

/* What is particular to a type: its default and bounds. */
static json_t *type_keys(const struct amtg_graph_type *type)
{
    struct amtg_param any = {.kind = type->kind, .family = type->family, .size = type->size};
    bool bounds = amtg_graph_type_has_bounds(type);
    json_t *values = json_object();

    for (int i = 0; bounds && i < 2; i++)
        json_object_set_new(values, i ? "max" : "min",
                            schema_any_of(schema_alternatives(&any, SCHEMA_OF_DEFAULT, false)));
    for (int i = 0; !bounds && i < 2; i++)
        json_object_set_new(values, i ? "max" : "min", json_false());
    any.initial = type->kind == AMTG_KIND_ADDR ? "none" : NULL;
    json_object_set_new(values, "default",
                        type->kind == AMTG_KIND_ENUM /* one of `values` */
                            ? schema_any_of(json_pack("[o]", schema_ref("scalar")))
                            : schema_any_of(schema_alternatives(&any, SCHEMA_OF_DEFAULT, false)));
    if (type->kind == AMTG_KIND_ENUM)
        return json_pack("{so s[s]}", "properties", values, "required", "values");
    json_object_set_new(values, "values", json_false());
    return json_pack("{so}", "properties", values);
}

static json_t *declaration(void)
{
    json_t *names = json_array(), *written = json_array(), *choices = json_array();

    for (const struct amtg_graph_type *t = amtg_graph_types; t->name; t++) {
        json_array_append_new(names, json_string(t->name));
        json_array_append_new(written, json_string(t->written));
        json_array_append_new(choices,
                              json_pack("{s{s{s{ss}} s[s]} so}", "if", "properties", "type",
                                        "const", t->name, "required", "type", "then",
                                        type_keys(t)));
    }
    json_t *map = schema_map(
        amtg_declaration_keys,
        json_pack("{s{so so} so so so}", "type", "enum", names, "enumDescriptions", written, "help",
                  schema_any_of(json_pack("[o]", schema_ref("any scalar"))), "env",
                  schema_any_of(json_pack("[o]", schema_ref("any scalar"))), "values",
                  schema_any_of(json_pack("[oo]", schema_ref("any scalar"),
                                          json_pack("{ss so}", "type", "array", "items",
                                                    schema_ref("any scalar"))))));
    json_object_set_new(map, "allOf", choices);
    return map;
}

/* ---- a file ---------------------------------------------------------------------- */

/* A map that may be left empty: names, each with what the definition says. */
static json_t *names_to(const char *definition)
{
    return json_pack("{s[ss] so so}", "type", "object", "null", "propertyNames", schema_ref("name"),
                     "additionalProperties", schema_ref(definition));
}

static json_t *version(void)
{
    return json_pack("{s[is] si}", "enum", 1, "1", "default", 1);
}

static json_t *shards(void)
{
    static const struct amtg_param spec = {
        .kind = AMTG_KIND_UINT, .size = sizeof(unsigned), .min = 1, .max = AMTG_SHARDS_MOST};

    return schema_any_of(schema_alternatives(&spec, SCHEMA_OF_CLASS, false));
}

static json_t *elements(void)
{
    json_t *map = names_to("element");

    json_object_set_new(map, "type", json_string("object"));
    json_object_set_new(map, "minProperties", json_integer(1));
    return map;
}

static json_t *some_tests(void)
{
    return json_pack("{ss si so}", "type", "array", "minItems", 1, "items", schema_ref("test"));
}

static json_t *text(void)
{
    return schema_any_of(json_pack("[o]", schema_ref("any scalar")));
}

static json_t *graph_file(void)
{
    json_t *edges = json_pack("{s[ss] so}", "type", "array", "null", "items", schema_ref("chain"));

    return schema_map(amtg_graph_keys,
                      json_pack("{so so so so so so so so so so}", "amtgraph", version(), "name",
                                text(), "summary", text(), "params", names_to("declaration"),
                                "elements", elements(), "edges", edges, "inputs", names_to("port"),
                                "outputs", names_to("port"), "shards", shards(), "tests",
                                some_tests()));
}

static json_t *tests_file(void)
{
    return schema_map(test_file_keys,
                      json_pack("{so so so so so}", "amtgraph", version(), "graph", text(),
                                "summary", text(), "set",
                                schema_any_of(json_pack("[o]", schema_ref("settings"))), "tests",
                                some_tests()));
}

json_t *schema_document(const struct amtg_class *const *classes)
{
    json_t *definitions = json_object();

    json_object_set_new(definitions, "graph file", graph_file());
    json_object_set_new(definitions, "file of tests", tests_file());
    json_object_set_new(definitions, "declaration", declaration());
    schema_define_elements(definitions, classes);
    schema_define_tests(definitions);
    json_object_set_new(definitions, "value",
                        json_pack("{s[o{ssso}]}", "anyOf", schema_ref("scalar"), "type", "array",
                                  "items", schema_any_of(json_pack("[oo]", schema_ref("scalar"),
                                                                   schema_ref("substituted")))));
    json_object_set_new(definitions, "settings",
                        json_pack("{ss s{s[sssss]}}", "type", "object", "additionalProperties",
                                  "type", "string", "number", "boolean", "null", "array"));
    schema_define_forms(definitions);
    return json_pack("{ss ss ss ss s{s[s]} so so so}", "$schema",
                     "http://json-schema.org/draft-07/schema#", "title", "amtgraph graph file",
                     "description", "A graph of amtgraph, or a file of tests that names one",
                     "type", "object", "if", "required", "graph", "then",
                     schema_ref("file of tests"), "else", schema_ref("graph file"), "definitions",
                     definitions);
}
