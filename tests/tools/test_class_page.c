/* Reference pages: a class that has one of everything, as text, Markdown and JSON. */
#include "tools/amtgraph/class_page.h"

#include <stdio.h>
#include <string.h>

#include "elements/registry.h"
#include "tests/support/suite.h"

static const struct amtg_interface paint = {"paint", "gives paint"};
static const char *const colours[] = {"red", "green", NULL};

struct box {
    uint8_t floor;
    uint64_t interval_ns;
    int colour;
    struct amtg_text_list doors;
    struct amtg_element *brush;
};

struct open_args {
    uint8_t width;
    const char *side;
};

static uint64_t no_rows(struct amtg_element *e, uint64_t cursor, struct amtg_rows *rows)
{
    (void)e;
    (void)cursor;
    (void)rows;
    return 0;
}

static const struct amtg_class box = {
    .name = "box",
    .summary = "keeps things",
    .details = "A paragraph that is long enough to need more than one line of a terminal, so "
               "that it is broken between words.\n\nAnother one, with <b> and | in it.",
    .example = "elements:\n  it: {class: box}\n",
    .flags = AMTG_HOST | AMTG_BREAKS | AMTG_ORDERED | AMTG_SINGLE,
    .state_octets = sizeof(struct box),
    .ports_from = "doors",
    AMTG_INPUTS({"in", AMTG_PACKET, "what | comes", AMTG_TO | AMTG_MAY_BE_OPEN}),
    AMTG_OUTPUTS({"out", AMTG_ANY, "what goes", AMTG_CARRIES_TYPE | AMTG_CARRIES_TO},
                 {"door", AMTG_RECORD, "one of many", AMTG_MANY}),
    AMTG_PARAMS(AMTG_U8(struct box, floor, "1", 0, 254, "hops", "the least"),
                AMTG_DURATION(struct box, interval_ns, NULL, AMTG_S, 60 * AMTG_S, "how often"),
                AMTG_ENUM(struct box, colour, "red", colours, "its look"),
                AMTG_TEXTS(struct box, doors, "", 0, 8, "where one may leave"),
                AMTG_REF(struct box, brush, &paint, false, "who paints")),
    AMTG_COUNTERS({"kept", "things", "things in it", AMTG_GAUGE},
                  {"seen", "things", "things that came", AMTG_COUNTER}),
    AMTG_DROPS({"full", "no room for <more>"}),
    AMTG_PROVIDES({&paint, &paint, NULL}),
    AMTG_LISTINGS({.name = "things", .help = "what is in it", .rows = no_rows,
                   AMTG_COLUMNS({"thing", NULL, "its name"}, {"age", "s", "since it came"})}),
    AMTG_CALLS({.name = "open", .help = "open it", .args_octets = sizeof(struct open_args),
                AMTG_PARAMS(AMTG_U8(struct open_args, width, NULL, 1, 9, "hands", "how far"),
                            AMTG_TEXT(struct open_args, side, "left", "where"))}),
};

static const char text_page[] =
    "box: keeps things\n"
    "\n"
    "  A paragraph that is long enough to need more than one line of a terminal, so\n"
    "  that it is broken between words.\n"
    "\n"
    "  Another one, with <b> and | in it.\n"
    "\n"
    "Nature\n"
    "  touches the host: replaced by the boundary on captures\n"
    "  never emits from inside its push: a cycle may pass through it\n"
    "  its outputs do not overtake each other\n"
    "  cannot be copied for another shard\n"
    "\n"
    "Inputs\n"
    "  in: packet, addressed packets only, may stay open\n"
    "      what | comes\n"
    "\n"
    "Outputs\n"
    "  out: any, of the type that comes in, addressed if all that comes in is\n"
    "      what goes\n"
    "  door: record, one for each item of a parameter\n"
    "      one of many\n"
    "      (the parameter is `doors`)\n"
    "\n"
    "Parameters\n"
    "  floor: default 1\n"
    "      the least\n"
    "      a whole number from 0 to 254 (hops)\n"
    "  interval: required\n"
    "      how often\n"
    "      a duration such as 1m30s from 1s to 1m\n"
    "  colour: default red\n"
    "      its look\n"
    "      red or green\n"
    "  doors: default none\n"
    "      where one may leave\n"
    "      a text or a list of texts\n"
    "  brush: default none\n"
    "      who paints\n"
    "      the name of an element that provides `paint`\n"
    "\n"
    "Offers by reference\n"
    "  paint: gives paint\n"
    "\n"
    "Counters\n"
    "  kept: things, gauge\n"
    "      things in it\n"
    "  seen: things\n"
    "      things that came\n"
    "\n"
    "Reasons for drops\n"
    "  full\n"
    "      no room for <more>\n"
    "\n"
    "Shows\n"
    "  things: what is in it\n"
    "      thing: its name\n"
    "      age: since it came\n"
    "\n"
    "Calls\n"
    "  open width [side]\n"
    "      open it\n"
    "\n"
    "Example\n"
    "  elements:\n"
    "    it: {class: box}\n";

static char *page(void (*print)(const struct amtg_class *class, FILE *out))
{
    char *text = NULL;
    size_t octets;
    FILE *out = open_memstream(&text, &octets);

    print(&box, out);
    fclose(out);
    return text;
}

START_TEST(a_text_page_says_all)
{
    char *text = page(class_page_text);

    ck_assert_str_eq(text, text_page);
    free(text);
}
END_TEST

START_TEST(a_markdown_page_has_tables_that_help_texts_cannot_break)
{
    static const char *const lines[] = {
        "# box\n\nKeeps things.\n",
        "\n- its outputs do not overtake each other\n",
        "\n| `in` | `packet` | what \\| comes | addressed packets only, may stay open |\n",
        "\n| `floor` | `1` | the least | a whole number from 0 to 254 (hops) |\n",
        "\n| `interval` | required | how often | a duration such as 1m30s from 1s to 1m |\n",
        "\n| `doors` | none | where one may leave | a text or a list of texts |\n",
        "\nThe parameter that names them is `doors`.\n",
        "\n| `paint` | gives paint |\n",
        "\n| `kept` | things, gauge | things in it |\n",
        "\n| `full` | no room for &lt;more> |\n",
        "\n## Shows `things`: what is in it\n",
        "\n| `age` | s | since it came |\n",
        "\n| `open width [side]` | open it |\n",
        "\n```yaml\nelements:\n  it: {class: box}\n```\n",
    };
    char *text = page(class_page_markdown);

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        ck_assert_msg(strstr(text, lines[i]) != NULL, "not in the page: %s", lines[i]);
    free(text);
}
END_TEST

static const char *json_text(const json_t *json, const char *list, size_t i, const char *key)
{
    const char *text =
        json_string_value(json_object_get(json_array_get(json_object_get(json, list), i), key));
    ck_assert_msg(text != NULL, "no text %s of %s[%zu]", key, list, i);
    return text;
}

START_TEST(json_says_all)
{
    json_t *json = class_page_json(&box);
    const json_t *params = json_object_get(json, "params");
    const json_t *interval = json_array_get(params, 1);

    ck_assert_ptr_nonnull(json);
    ck_assert_str_eq(json_string_value(json_object_get(json, "name")), "box");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "flags")), 4);
    ck_assert_str_eq(json_text(json, "inputs", 0, "type"), "packet");
    ck_assert_str_eq(json_text(json, "outputs", 1, "name"), "door");
    ck_assert_str_eq(json_string_value(json_object_get(json, "ports_from")), "doors");
    ck_assert_str_eq(json_text(json, "params", 0, "unit"), "hops");
    ck_assert(json_is_true(json_object_get(interval, "required")));
    ck_assert(json_is_null(json_object_get(interval, "default")));
    ck_assert_int_eq(json_integer_value(json_object_get(interval, "max")), 60000000000);
    ck_assert_uint_eq(json_array_size(json_object_get(json_array_get(params, 2), "values")), 2);
    ck_assert_str_eq(json_text(json, "params", 4, "interface"), "paint");
    ck_assert_str_eq(json_text(json, "counters", 0, "kind"), "gauge");
    ck_assert_str_eq(json_text(json, "listings", 0, "name"), "things");
    ck_assert_str_eq(json_text(json, "calls", 0, "help"), "open it");
    ck_assert_str_eq(json_text(json, "drops", 0, "name"), "full");
    ck_assert_str_eq(json_text(json, "provides", 0, "name"), "paint");
    json_decref(json);
}
END_TEST

START_TEST(every_class_has_a_json_page)
{
    for (const struct amtg_class *const *c = amtg_classes; *c; c++) {
        json_t *json = class_page_json(*c);
        ck_assert_msg(json != NULL, "%s", (*c)->name);
        json_decref(json);
    }
}
END_TEST

AMTG_SUITE("class page", a_text_page_says_all,
           a_markdown_page_has_tables_that_help_texts_cannot_break, json_says_all,
           every_class_has_a_json_page)
