/* Entries of `elements`: a definition for each class, chosen by the key `class`. */
#include <string.h>

#include "tools/amtgraph/schema/schema.h"

/* A class that is a graph file, as core/graph_load.c tells it. */
#define GRAPH_CLASS "^\\.\\.?/|.\\.yaml$"

/* Does the parameter name the ports of its class? */
static bool names_ports(const struct amtg_class *class, const struct amtg_param *p,
                        const char *name)
{
    return class->ports_from &&
           (strcmp(class->ports_from, name) == 0 || strcmp(class->ports_from, p->field) == 0);
}

static json_t *class_definition(const struct amtg_class *class)
{
    json_t *properties = json_object(), *required = json_pack("[s]", "class");
    char name[AMTG_PARAM_NAME];

    json_object_set_new(properties, "class", json_object());
    for (unsigned i = 0; i < class->params_count; i++) {
        const struct amtg_param *p = &class->params[i];
        amtg_param_name(p, name);
        json_object_set_new(properties, name, schema_param(p, names_ports(class, p, name)));
        if (!p->initial && !(p->kind == AMTG_KIND_MAP && p->min == 0))
            json_array_append_new(required, json_string(name));
    }
    return json_pack("{ss ss so so sb}", "title", class->name, "description", class->summary,
                     "required", required, "properties", properties, "additionalProperties", 0);
}

/* A graph in the place of a class: its file says what its parameters are. */
static json_t *graph_definition(void)
{
    json_t *count = json_pack("{ss s[oo]}", "description",
                              "makes a row of so many, called NAME[0], NAME[1] and so on", "anyOf",
                              schema_ref("value"), schema_ref("substituted"));

    return json_pack("{ss s{s{} so} s{s[oo]}}", "title", "a graph as an element", "properties",
                     "class", "count", count, "additionalProperties", "anyOf", schema_ref("value"),
                     schema_ref("substituted"));
}

/* "if the class is so, then the rest is as the definition says" */
static json_t *choice(json_t *class, const char *definition)
{
    return json_pack("{s{s{so} s[s]} so}", "if", "properties", "class", class, "required", "class",
                     "then", schema_ref(definition));
}

void schema_define_elements(json_t *definitions, const struct amtg_class *const *classes)
{
    json_t *names = json_array(), *summaries = json_array(), *choices = json_array();
    char key[AMTG_PARAM_NAME + 8];

    for (const struct amtg_class *const *c = classes; *c; c++) {
        snprintf(key, sizeof key, "class %s", (*c)->name);
        json_array_append_new(names, json_string((*c)->name));
        json_array_append_new(summaries, json_string((*c)->summary));
        json_object_set_new(definitions, key, class_definition(*c));
        json_array_append_new(choices, choice(json_pack("{ss}", "const", (*c)->name), key));
    }
    json_object_set_new(definitions, "class of a graph", graph_definition());
    json_array_append_new(
        choices, choice(json_pack("{ss ss}", "type", "string", "pattern", GRAPH_CLASS),
                        "class of a graph"));
    json_t *class = json_pack("{ss s[{so so} {ss ss ss}]}", "description",
                              "a class, or the path of a graph file", "anyOf", "enum", names,
                              "enumDescriptions", summaries, "description",
                              "a graph file, from the folder of this file", "type", "string",
                              "pattern", GRAPH_CLASS);
    json_object_set_new(definitions, "element",
                        json_pack("{ss s[s] s{so} so}", "type", "object", "required", "class",
                                  "properties", "class", class, "allOf", choices));
}
