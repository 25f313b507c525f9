/* Tests in graph files: steps by their verbs, packets by the tables of layers. */
#include <string.h>

#include "elements/wire/layer.h"
#include "tools/amtgraph/schema/schema.h"
#include "tools/amtgraph/test/keys.h"
#include "tools/amtgraph/test/step.h"

static const struct amtg_param whole = {.kind = AMTG_KIND_UINT, .size = sizeof(uint64_t)};
static const struct amtg_param times = {
    .kind = AMTG_KIND_UINT, .size = sizeof(uint32_t), .min = 1, .max = 1000000};
static const struct amtg_param duration = {.kind = AMTG_KIND_DURATION, .size = sizeof(uint64_t)};

static json_t *one_of_kind(const struct amtg_param *p)
{
    return schema_any_of(schema_alternatives(p, SCHEMA_OF_CLASS, false));
}

static json_t *refer(const char *definition)
{
    return schema_any_of(json_pack("[o]", schema_ref(definition)));
}

/* ---- packets --------------------------------------------------------------------- */

/* A layer's own key: the name of one of its messages, or whatever its short form takes. */
static json_t *layer_value(const struct amtg_layer *layer)
{
    json_t *names = json_array(), *value = json_pack("{ss}", "description", layer->title);

    for (unsigned i = 0; i < layer->messages_count; i++)
        if (layer->messages[i].name)
            json_array_append_new(names, json_string(layer->messages[i].name));
    json_array_append_new(names, json_null());
    if (layer->messages_count > 1)
        json_object_set(value, "enum", names);
    else
        json_object_set_new(value, "anyOf", json_pack("[o]", schema_ref("any scalar")));
    json_decref(names);
    return value;
}

static json_t *field_value(const struct amtg_field *f)
{
    if (f->form == AMTG_FORM_INNER)
        return refer("packet");
    if (f->form == AMTG_FORM_ADDRESSES || f->form == AMTG_FORM_RECORDS)
        return json_pack("{ss}", "type", "array");
    return refer("any scalar");
}

/* Fields of all messages of a layer, each called NAME and LAYER.NAME. */
static void add_fields(json_t *properties, const struct amtg_layer *layer)
{
    for (unsigned m = 0; m < layer->messages_count; m++)
        for (unsigned i = 0; i < layer->messages[m].fields_count; i++) {
            const struct amtg_field *f = &layer->messages[m].fields[i];
            json_t *full = json_sprintf("%s.%s", layer->name, f->name);
            if (!json_object_get(properties, f->name))
                json_object_set_new(properties, f->name, field_value(f));
            else if (!amtg_layer_named(f->name)) /* two layers have it: anything may be its value */
                json_object_set_new(properties, f->name, json_object());
            json_object_set_new(properties, json_string_value(full), field_value(f));
            json_decref(full);
        }
}

static json_t *packet(void)
{
    json_t *properties = json_object();

    for (const struct amtg_layer *const *l = amtg_layers; *l; l++)
        json_object_set_new(properties, (*l)->name, layer_value(*l));
    for (const struct amtg_layer *const *l = amtg_layers; *l; l++)
        add_fields(properties, *l);
    return json_pack("{ss si so sb}", "type", "object", "minProperties", 1, "properties",
                     properties, "additionalProperties", 0);
}

/* ---- steps ----------------------------------------------------------------------- */

/* What a circumstance, or the verb itself, may be. */
static json_t *key_value(const char *name)
{
    static const char *const durations[] = {"within", "for", "after"};

    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++)
        if (strcmp(name, durations[i]) == 0)
            return one_of_kind(&duration);
    if (strcmp(name, "times") == 0 || strcmp(name, "count") == 0)
        return one_of_kind(&times);
    if (strcmp(name, "packet") == 0)
        return refer("packet");
    if (strcmp(name, "skip-others") == 0)
        return json_pack("{s[bbssss]}", "enum", 1, 0, "yes", "no", "true", "false");
    if (strcmp(name, "save") == 0 || strcmp(name, "counters") == 0 || strcmp(name, "drops") == 0)
        return json_pack("{ss s{so}}", "type", "object", "additionalProperties", "anyOf",
                         json_pack("[o]", schema_ref("any scalar")));
    return refer("any scalar");
}

static const char *key_help(const char *name)
{
    for (const struct amtg_key *k = test_step_keys; k->name; k++)
        if (strcmp(k->name, name) == 0)
            return k->help;
    return "";
}

static json_t *step_of(const struct test_verb_words *verb)
{
    struct amtg_key keys[TEST_STEP_KEYS + 1] = {{verb->name, verb->help, true}};
    json_t *values = json_pack("{so}", verb->name, key_value(verb->name));

    for (unsigned i = 0; verb->keys[i]; i++) {
        keys[i + 1] = (struct amtg_key){verb->keys[i], key_help(verb->keys[i]), false};
        json_object_set_new(values, verb->keys[i], key_value(verb->keys[i]));
    }
    return schema_map(keys, values);
}

/* A step is of the first verb that it holds; `stop` stands alone. */
static json_t *step(void)
{
    const struct test_verb_words *stop = &test_verb_words[TEST_STOP];
    json_t *step = json_pack("{ss ss}", "description", stop->help, "const", stop->name);
    json_t *verbs = json_object(); /* for editors to offer, while there is none */

    for (int verb = TEST_STOP - 1; verb >= 0; verb--) {
        const struct test_verb_words *v = &test_verb_words[verb];
        step = json_pack("{s{ss s[s]} so so}", "if", "type", "object", "required", v->name, "then",
                         step_of(v), "else", step);
        json_object_set_new(verbs, v->name, json_pack("{ss}", "description", v->help));
    }
    json_object_set_new(step, "properties", verbs);
    return step;
}

void schema_define_tests(json_t *definitions)
{
    json_t *steps = json_pack("{ss si so}", "type", "array", "minItems", 1, "items",
                              schema_ref("step"));
    json_t *wires =
        json_pack("{ss so}", "type", "array", "items", schema_ref("wire"));

    json_object_set_new(
        definitions, "test",
        schema_map(test_keys,
                   json_pack("{so so so so s{s[ss]} so}", "name", refer("any scalar"), "set",
                             refer("settings"), "seed", one_of_kind(&whole), "wires", wires,
                             "verdict", "enum", "good", "bad", "steps", steps)));
    json_object_set_new(definitions, "step", step());
    json_object_set_new(definitions, "packet", packet());
}
