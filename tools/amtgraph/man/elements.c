/* amtgraph-elements(7): the classes, from their descriptors. */
#include <string.h>

#include "elements/registry.h"
#include "tools/amtgraph/class_page.h"
#include "tools/amtgraph/man/man.h"

enum { TEXT = 1024 };

static void ports(FILE *out, const char *title, const struct amtg_port *ports, unsigned count,
                  const struct flag_words *words)
{
    char flags[256], what[TEXT];

    if (count)
        fprintf(out, "_%s_\n\n", title);
    for (unsigned i = 0; i < count; i++) {
        class_flags_text(words, ports[i].flags, flags, sizeof flags);
        snprintf(what, sizeof what, "%s%s%s", ports[i].type->name, *flags ? ", " : "", flags);
        man_entry(out, ports[i].name, what, ports[i].help);
    }
}

static void params(FILE *out, const struct amtg_class *class)
{
    char name[AMTG_PARAM_NAME], expected[512], what[TEXT], help[TEXT];

    if (class->params_count)
        fputs("_Parameters_\n\n", out);
    for (unsigned i = 0; i < class->params_count; i++) {
        const struct amtg_param *p = &class->params[i];
        snprintf(what, sizeof what, p->initial ? "default %s" : "%s", class_default_text(p));
        snprintf(help, sizeof help, "%s: %s", p->help,
                 class_expected_text(p, expected, sizeof expected));
        man_entry(out, amtg_param_name(p, name), what, help);
    }
}

static void counts(FILE *out, const struct amtg_class *class)
{
    if (class->counters_count)
        fputs("_Counters_\n\n", out);
    for (unsigned i = 0; i < class->counters_count; i++)
        man_entry(out, class->counters[i].name, class->counters[i].unit, class->counters[i].help);
    if (class->drops_count)
        fputs("_Reasons for drops_\n\n", out);
    for (unsigned i = 0; i < class->drops_count; i++)
        man_entry(out, class->drops[i].name, NULL, class->drops[i].help);
}

/* What it answers to `amtgraph show` and `amtgraph call`. */
static void answers(FILE *out, const struct amtg_class *class)
{
    char name[AMTG_PARAM_NAME], expected[512], help[TEXT];

    if (class->listings_count)
        fputs("_Listings_\n\n", out);
    for (unsigned i = 0; i < class->listings_count; i++) {
        const struct amtg_listing *l = &class->listings[i];
        man_entry(out, l->name, NULL, l->help);
        for (unsigned k = 0; k < l->columns_count; k++) {
            snprintf(help, sizeof help, "- `%s`: %s", l->columns[k].name, l->columns[k].help);
            man_text(out, 1, help);
        }
    }
    if (class->calls_count)
        fputs("_Calls_\n\n", out);
    for (unsigned i = 0; i < class->calls_count; i++) {
        const struct amtg_call *c = &class->calls[i];
        man_entry(out, c->name, NULL, c->help);
        for (unsigned k = 0; k < c->params_count; k++) {
            snprintf(help, sizeof help, "- `%s`: %s: %s", amtg_param_name(&c->params[k], name),
                     c->params[k].help, class_expected_text(&c->params[k], expected, sizeof expected));
            man_text(out, 1, help);
        }
    }
}

static void element(FILE *out, const struct amtg_class *class)
{
    fprintf(out, "# %s\n\n", class->name);
    man_text(out, 0, class->summary);
    if (class->details)
        man_text(out, 0, class->details);
    for (const struct flag_words *w = class_flag_words; w->name; w++)
        if (class->flags & w->flag)
            man_text(out, 0, w->words);
    ports(out, "Inputs", class->inputs, class->inputs_count, input_flag_words);
    ports(out, "Outputs", class->outputs, class->outputs_count, output_flag_words);
    params(out, class);
    if (class->provides_count)
        fputs("_Offers by reference_\n\n", out);
    for (unsigned i = 0; i < class->provides_count; i++)
        man_entry(out, class->provides[i].interface->name, NULL,
                  class->provides[i].interface->summary);
    counts(out, class);
    answers(out, class);
    if (class->example)
        man_listing(out, class->example);
}

void man_amtgraph_elements(FILE *out)
{
    man_head(out, "amtgraph-elements", 7, "classes of elements that graphs are made of");
    fputs("# DESCRIPTION\n\n", out);
    man_text(out, 0,
             "An element takes packets at its inputs and gives packets at its outputs. What follows "
             "is what `amtgraph elements CLASS` prints of each class: ports with their types, "
             "parameters, counters, and the reasons for which it drops packets.");
    for (const struct amtg_class *const *c = amtg_classes; *c; c++)
        element(out, *c);
    fputs("# SEE ALSO\n\n*amtgraph*(1), *amtgraph-graph*(5)\n", out);
}
