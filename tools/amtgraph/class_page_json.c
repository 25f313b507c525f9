/* A class as JSON: docs, the page and the admin side read it. */
#include "tools/amtgraph/class_page.h"

enum { EXPECTED = 512 }; /* room for what a parameter expects */

static json_t *json_flags(const struct flag_words *words, unsigned flags)
{
    json_t *list = json_array();

    for (; words->name; words++)
        if (flags & words->flag)
            json_array_append_new(list, json_string(words->name));
    return list;
}

static json_t *json_ports(const struct amtg_port *ports, unsigned count,
                          const struct flag_words *words)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{ss ss ss so}", "name", ports[i].name, "type",
                                              ports[i].type->name, "help", ports[i].help, "flags",
                                              json_flags(words, ports[i].flags)));
    return list;
}

/* Bounds as numbers, where the kind has any: ns for durations, octets for sizes. */
static void json_range(json_t *param, const struct amtg_param *p)
{
    switch (p->kind) {
    case AMTG_KIND_UINT:
    case AMTG_KIND_DURATION:
    case AMTG_KIND_SIZE:
        json_object_set_new(param, "min", json_integer((json_int_t)p->min));
        if (p->max <= INT64_MAX) /* JSON integers of jansson are signed */
            json_object_set_new(param, "max", json_integer((json_int_t)p->max));
        break;
    case AMTG_KIND_FLOAT:
        json_object_set_new(param, "min", json_real(p->fmin));
        json_object_set_new(param, "max", json_real(p->fmax));
        break;
    case AMTG_KIND_ADDRS:
    case AMTG_KIND_HOSTS:
    case AMTG_KIND_TEXTS:
    case AMTG_KIND_MAP:
        json_object_set_new(param, "min_items", json_integer((json_int_t)p->min));
        json_object_set_new(param, "max_items", json_integer((json_int_t)p->max));
        break;
    default:
        break;
    }
}

static json_t *json_params(const struct amtg_param *params, unsigned count)
{
    json_t *list = json_array();
    char name[AMTG_PARAM_NAME], expected[EXPECTED];

    for (unsigned i = 0; i < count; i++) {
        const struct amtg_param *p = &params[i];
        json_t *param = json_pack("{ss ss sb ss? ss? ss ss}",
                                  "name", amtg_param_name(p, name),
                                  "kind", amtg_param_kind_name(p->kind),
                                  "required", !p->initial,
                                  "default", p->initial,
                                  "unit", p->unit,
                                  "help", p->help,
                                  "expected", amtg_param_expected(p, expected, sizeof expected));
        json_range(param, p);
        if (p->names) {
            json_t *values = json_array();
            for (const char *const *n = p->names; *n; n++)
                json_array_append_new(values, json_string(*n));
            json_object_set_new(param, "values", values);
        }
        if (p->interface)
            json_object_set_new(param, "interface", json_string(p->interface->name));
        json_array_append_new(list, param);
    }
    return list;
}

static json_t *json_counters(const struct amtg_class *class)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < class->counters_count; i++) {
        const struct amtg_counter *c = &class->counters[i];
        json_array_append_new(list, json_pack("{ss ss ss ss}",
                                              "name", c->name,
                                              "unit", c->unit,
                                              "kind", c->kind == AMTG_GAUGE ? "gauge" : "counter",
                                              "help", c->help));
    }
    return list;
}

json_t *class_page_listing_json(const struct amtg_listing *l)
{
    json_t *columns = json_array();

    for (unsigned i = 0; i < l->columns_count; i++)
        json_array_append_new(columns, json_pack("{ss ss? ss}", "name", l->columns[i].name, "unit",
                                                 l->columns[i].unit, "help", l->columns[i].help));
    return json_pack("{ss ss so}", "name", l->name, "help", l->help, "columns", columns);
}

static json_t *json_listings(const struct amtg_class *class)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < class->listings_count; i++)
        json_array_append_new(list, class_page_listing_json(&class->listings[i]));
    return list;
}

static json_t *json_calls(const struct amtg_class *class)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < class->calls_count; i++) {
        const struct amtg_call *call = &class->calls[i];
        json_array_append_new(list, json_pack("{ss ss so}", "name", call->name, "help", call->help,
                                              "params", json_params(call->params, call->params_count)));
    }
    return list;
}

json_t *class_page_json(const struct amtg_class *class)
{
    json_t *drops = json_array(), *provides = json_array();

    for (unsigned i = 0; i < class->drops_count; i++)
        json_array_append_new(drops, json_pack("{ss ss}", "name", class->drops[i].name, "help",
                                               class->drops[i].help));
    for (unsigned i = 0; i < class->provides_count; i++)
        json_array_append_new(provides,
                              json_pack("{ss ss}", "name", class->provides[i].interface->name,
                                        "summary", class->provides[i].interface->summary));
    return json_pack("{ss ss ss? ss? so so so ss? so so so so so so}",
                     "name", class->name,
                     "summary", class->summary,
                     "details", class->details,
                     "example", class->example,
                     "flags", json_flags(class_flag_words, class->flags),
                     "inputs", json_ports(class->inputs, class->inputs_count, input_flag_words),
                     "outputs", json_ports(class->outputs, class->outputs_count, output_flag_words),
                     "ports_from", class->ports_from,
                     "params", json_params(class->params, class->params_count),
                     "counters", json_counters(class),
                     "drops", drops,
                     "provides", provides,
                     "listings", json_listings(class),
                     "calls", json_calls(class));
}
