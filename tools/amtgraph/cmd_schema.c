/* amtgraph schema: JSON Schema of graph files, for editors and validators; tables for the docs. */
#include <string.h>

#include "elements/registry.h"
#include "tools/amtgraph/command.h"
#include "tools/amtgraph/schema/schema.h"
#include "tools/amtgraph/test/keys.h"

static int print_schema(void)
{
    json_t *schema = schema_document(amtg_classes);

    if (!schema)
        return EXIT_FAILED;
    json_dumpf(schema, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(schema);
    return EXIT_DONE;
}

/* ---- Markdown -------------------------------------------------------------------- */

static void print_keys(const struct amtg_key *keys)
{
    puts("| key | meaning |\n|---|---|");
    for (; keys->name; keys++)
        printf("| `%s` | %s%s |\n", keys->name, keys->required ? "required: " : "", keys->help);
}

static void print_types(void)
{
    puts("| type | written as |\n|---|---|");
    for (const struct amtg_graph_type *t = amtg_graph_types; t->name; t++)
        printf("| `%s` | %s |\n", t->name, t->written);
}

static int run(const struct command_line *line)
{
    const char *table = line_value(line, "table");

    if (!table)
        return print_schema();
    if (strcmp(table, "params") == 0)
        print_keys(amtg_declaration_keys);
    else if (strcmp(table, "types") == 0)
        print_types();
    else if (strcmp(table, "test") == 0)
        print_keys(test_keys);
    else
        return usage_error(line->command, "--table %s: params, types or test expected", table);
    return EXIT_DONE;
}

const struct command command_schema = {
    .name = "schema",
    .summary = "print the JSON Schema of graph files, for editors",
    .operands = "",
    .details =
        "Draft-07, of this build: its classes, their parameters with ranges, words and defaults,\n"
        "and tests. An editor with a YAML language server completes and checks a file that begins\n"
        "with the comment\n"
        "\n"
        "# yaml-language-server: $schema=graph.schema.json\n"
        "\n"
        "The schema takes all that `amtgraph check` takes; edges, types, references and what else\n"
        "concerns more than one value only `check` can judge.",
    COMMAND_OPTIONS({"table", "params|types|test", "print a table of keys instead, as Markdown"}),
    .run = run,
};
