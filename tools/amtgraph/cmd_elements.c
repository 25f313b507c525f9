/* amtgraph elements: list the classes, or show all about one, from the descriptors. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/diag.h"
#include "elements/registry.h"
#include "tools/amtgraph/class_page.h"
#include "tools/amtgraph/command.h"

enum { CLASSES_MOST = 256 }; /* names among which the nearest is looked for */

extern const struct command command_elements;

static const struct amtg_class *class_find(const char *name)
{
    for (const struct amtg_class *const *c = amtg_classes; *c; c++)
        if (strcmp((*c)->name, name) == 0)
            return *c;
    return NULL;
}

static int unknown_class(const char *name)
{
    const char *names[CLASSES_MOST];
    size_t count = 0;

    for (const struct amtg_class *const *c = amtg_classes; *c && count < CLASSES_MOST; c++)
        names[count++] = (*c)->name;
    const char *nearest = amtg_nearest(name, names, count);
    if (nearest)
        return usage_error(&command_elements, "unknown class \"%s\" (did you mean \"%s\"?)", name,
                           nearest);
    return usage_error(&command_elements, "unknown class \"%s\"", name);
}

/* Whether class i is the first of its folder. */
static bool room_begins(size_t i)
{
    return i == 0 || strcmp(amtg_class_rooms[i], amtg_class_rooms[i - 1]) != 0;
}

static void list_text(void)
{
    int width = 0;

    for (const struct amtg_class *const *c = amtg_classes; *c; c++)
        if ((int)strlen((*c)->name) > width)
            width = (int)strlen((*c)->name);
    for (size_t i = 0; amtg_classes[i]; i++) {
        if (room_begins(i))
            printf("%selements/%s\n", i ? "\n" : "", amtg_class_rooms[i]);
        printf("  %-*s  %s\n", width, amtg_classes[i]->name, amtg_classes[i]->summary);
    }
}

/* The index of docs/elements/. */
static void list_markdown(void)
{
    puts("<!-- Generated from the descriptors by tools/element-pages; do not edit. -->\n"
         "# Elements\n\n"
         "What a graph can be made of. `amtgraph elements NAME` prints the same pages.\n\n"
         "Besides its own reasons, any element may drop packets as `no-buffer` (the pool was dry) "
         "and as `open` (an output that leads nowhere).");
    for (size_t i = 0; amtg_classes[i]; i++) {
        const struct amtg_class *c = amtg_classes[i];
        if (room_begins(i))
            printf("\n## elements/%s\n\n| Element | What it does |\n|---|---|\n",
                   amtg_class_rooms[i]);
        printf("| [%s](%s.md) | %s |\n", c->name, c->name, c->summary);
    }
}

static void print_json(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

static int list(const struct command_line *line)
{
    if (line_has(line, "markdown")) {
        list_markdown();
    } else if (line_has(line, "json")) {
        json_t *all = json_array();
        for (const struct amtg_class *const *c = amtg_classes; *c; c++)
            json_array_append_new(all, class_page_json(*c));
        print_json(all);
    } else {
        list_text();
    }
    return EXIT_DONE;
}

static int run(const struct command_line *line)
{
    if (line_has(line, "json") && line_has(line, "markdown"))
        return usage_error(line->command, "--json and --markdown exclude each other");
    if (!line->operands_count)
        return list(line);
    const struct amtg_class *class = class_find(line->operands[0]);
    if (!class)
        return unknown_class(line->operands[0]);
    if (line_has(line, "markdown"))
        class_page_markdown(class, stdout);
    else if (line_has(line, "json"))
        print_json(class_page_json(class));
    else
        class_page_text(class, stdout);
    return EXIT_DONE;
}

static void class_names(FILE *out)
{
    for (const struct amtg_class *const *c = amtg_classes; *c; c++)
        fprintf(out, "%s\n", (*c)->name);
}

const struct command command_elements = {
    .name = "elements",
    .summary = "list the elements, or show all about one",
    .operands = "[CLASS]",
    .details = "Without CLASS: one line for each element, folder by folder. With it: its ports,\n"
               "parameters, counters, reasons for drops, what it shows and can be told while it\n"
               "runs (`amtgraph show`, `amtgraph call`), and an example.",
    COMMAND_OPTIONS({"json", NULL, "print JSON; without CLASS, all about every element"},
                    {"markdown", NULL, "print the reference page, or without CLASS its index"}),
    .operands_min = 0,
    .operands_max = 1,
    .run = run,
    .operand_words = class_names,
};
