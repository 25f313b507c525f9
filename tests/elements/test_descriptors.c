/*
 * Every class says everything about itself, in the form that pages, messages and
 * metrics rely on; and its example is a good graph.
 */
#include <stdio.h>
#include <string.h>

#include "core/graph.h"
#include "elements/registry.h"
#include "tests/support/suite.h"

#define EACH_CLASS(c) \
    for (const struct amtg_class *const *at_ = amtg_classes, *c; (c = *at_); at_++)

static void expect_text(const struct amtg_class *c, const char *what, const char *name,
                        const char *text)
{
    ck_assert_msg(text && text[0], "%s: %s %s has no text", c->name, what, name);
    ck_assert_msg(text[strlen(text) - 1] != '.', "%s: the text of %s %s ends with a full stop",
                  c->name, what, name);
}

/* "lower-case-with-dashes" */
static void expect_name(const struct amtg_class *c, const char *what, const char *name)
{
    ck_assert_msg(name && name[0] >= 'a' && name[0] <= 'z', "%s: %s %s", c->name, what,
                  name ? name : "without a name");
    ck_assert_msg(name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0',
                  "%s: %s %s is not in lower case with dashes", c->name, what, name);
}

static void expect_ports(const struct amtg_class *c, const struct amtg_port *ports, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        expect_name(c, "port", ports[i].name);
        expect_text(c, "port", ports[i].name, ports[i].help);
        ck_assert_msg(ports[i].type != NULL, "%s: port %s has no type", c->name, ports[i].name);
        for (unsigned k = 0; k < i; k++)
            ck_assert_msg(strcmp(ports[i].name, ports[k].name), "%s: two ports %s", c->name,
                          ports[i].name);
    }
}

START_TEST(every_class_is_named_and_summed_up)
{
    EACH_CLASS (c) {
        expect_name(c, "class", c->name);
        expect_text(c, "class", c->name, c->summary);
        ck_assert_msg(c->inputs_count == 0 || c->push, "%s: inputs, but no push", c->name);
        for (const struct amtg_class *const *other = amtg_classes; *other != c; other++)
            ck_assert_msg(strcmp((*other)->name, c->name), "two classes %s", c->name);
    }
}
END_TEST

START_TEST(every_port_has_a_type_and_help)
{
    EACH_CLASS (c) {
        unsigned many = 0;
        expect_ports(c, c->inputs, c->inputs_count);
        expect_ports(c, c->outputs, c->outputs_count);
        for (unsigned i = 0; i < c->outputs_count; i++)
            many += (c->outputs[i].flags & AMTG_MANY) != 0;
        ck_assert_msg(many == (c->ports_from != NULL), "%s: AMTG_MANY and ports_from go together",
                      c->name);
    }
}
END_TEST

static bool has_scalar_default(const struct amtg_param *p)
{
    switch (p->kind) {
    case AMTG_KIND_BOOL:
    case AMTG_KIND_UINT:
    case AMTG_KIND_DURATION:
    case AMTG_KIND_SIZE:
    case AMTG_KIND_FLOAT:
    case AMTG_KIND_ENUM:
        return p->initial != NULL;
    default:
        return false;
    }
}

START_TEST(every_parameter_has_help_and_a_default_that_is_in_range)
{
    EACH_CLASS (c) {
        void *state = calloc(1, c->state_octets + 1);
        bool names_ports = c->ports_from == NULL;
        for (unsigned i = 0; i < c->params_count; i++) {
            const struct amtg_param *p = &c->params[i];
            char name[AMTG_PARAM_NAME], expected[512];
            amtg_param_name(p, name);
            expect_name(c, "parameter", name);
            expect_text(c, "parameter", name, p->help);
            ck_assert_msg(strlen(amtg_param_expected(p, expected, sizeof expected)) > 0,
                          "%s.%s: nothing is expected", c->name, name);
            ck_assert_msg(p->offset + p->size <= c->state_octets, "%s.%s lies outside the state",
                          c->name, name);
            if (has_scalar_default(p))
                ck_assert_msg(amtg_param_scalar(p, p->initial, state),
                              "%s.%s: the default %s is not %s", c->name, name, p->initial,
                              expected);
            names_ports |= c->ports_from && strcmp(name, c->ports_from) == 0;
        }
        ck_assert_msg(names_ports, "%s: no parameter %s to name its ports", c->name, c->ports_from);
        free(state);
    }
}
END_TEST

START_TEST(every_counter_and_drop_has_help)
{
    EACH_CLASS (c) {
        for (unsigned i = 0; i < c->counters_count; i++) {
            expect_name(c, "counter", c->counters[i].name);
            expect_text(c, "counter", c->counters[i].name, c->counters[i].help);
            expect_text(c, "unit of counter", c->counters[i].name, c->counters[i].unit);
        }
        for (unsigned i = 0; i < c->drops_count; i++) {
            expect_name(c, "drop", c->drops[i].name);
            expect_text(c, "drop", c->drops[i].name, c->drops[i].help);
            ck_assert_msg(strcmp(c->drops[i].name, "open") && strcmp(c->drops[i].name, "no-buffer"),
                          "%s: the drop %s is every element's already", c->name, c->drops[i].name);
        }
        for (unsigned i = 0; i < c->provides_count; i++) {
            const struct amtg_interface *interface = c->provides[i].interface;
            expect_name(c, "interface", interface->name);
            expect_text(c, "interface", interface->name, interface->summary);
        }
    }
}
END_TEST

START_TEST(every_listing_and_call_has_help)
{
    EACH_CLASS (c) {
        for (unsigned i = 0; i < c->listings_count; i++) {
            const struct amtg_listing *l = &c->listings[i];
            expect_name(c, "listing", l->name);
            expect_text(c, "listing", l->name, l->help);
            ck_assert_msg(l->columns_count && l->rows, "%s: the listing %s is empty", c->name, l->name);
            for (unsigned k = 0; k < l->columns_count; k++) {
                expect_name(c, "column", l->columns[k].name);
                expect_text(c, "column", l->columns[k].name, l->columns[k].help);
            }
        }
        for (unsigned i = 0; i < c->calls_count; i++) {
            const struct amtg_call *call = &c->calls[i];
            expect_name(c, "call", call->name);
            expect_text(c, "call", call->name, call->help);
            ck_assert_msg(call->run && strcmp(call->name, "reset"), "%s: the call %s", c->name,
                          call->name);
            for (unsigned k = 0; k < call->params_count; k++)
                ck_assert_msg(call->params[k].offset + call->params[k].size <= call->args_octets,
                              "%s: an argument of %s lies outside", c->name, call->name);
        }
    }
}
END_TEST

/* Listings of one name are shown as one, so they have the same columns. */
START_TEST(listings_of_one_name_have_the_same_columns)
{
    EACH_CLASS (c)
        for (unsigned i = 0; i < c->listings_count; i++)
            for (const struct amtg_class *const *other = amtg_classes; *other != c; other++)
                for (unsigned k = 0; k < (*other)->listings_count; k++) {
                    const struct amtg_listing *a = &c->listings[i], *b = &(*other)->listings[k];
                    if (strcmp(a->name, b->name))
                        continue;
                    ck_assert_uint_eq(a->columns_count, b->columns_count);
                    for (unsigned n = 0; n < a->columns_count; n++)
                        ck_assert_str_eq(a->columns[n].name, b->columns[n].name);
                }
}
END_TEST

START_TEST(every_example_is_a_good_graph_with_the_class_in_it)
{
    struct amtg_graph_options options = {.classes = amtg_classes};

    EACH_CLASS (c) {
        char text[4096];
        bool used = false;
        ck_assert_msg(c->example != NULL, "%s has no example", c->name);
        snprintf(text, sizeof text, "amtgraph: 1\nname: example\n%s", c->example);
        struct amtg_diag *diag = amtg_diag_new();
        struct amtg_graph *g = amtg_graph_parse(c->name, text, strlen(text), &options, diag);
        if (!g || amtg_diag_warnings(diag))
            amtg_diag_print(diag, stderr, false);
        ck_assert_msg(g && !amtg_diag_warnings(diag),
                      "the example of %s is no good graph (see above)", c->name);
        for (unsigned i = 0; i < g->nodes_count; i++)
            used |= g->nodes[i].class == c;
        ck_assert_msg(used, "the example of %s does not use it", c->name);
        amtg_graph_free(g);
        amtg_diag_free(diag);
    }
}
END_TEST

AMTG_SUITE("descriptors", every_class_is_named_and_summed_up, every_port_has_a_type_and_help,
           every_parameter_has_help_and_a_default_that_is_in_range, every_counter_and_drop_has_help,
           every_listing_and_call_has_help, listings_of_one_name_have_the_same_columns,
           every_example_is_a_good_graph_with_the_class_in_it)
