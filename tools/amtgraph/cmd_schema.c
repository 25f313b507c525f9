/* amtgraph schema: JSON Schema of graph files, for editors and validators. */
#include "elements/registry.h"
#include "tools/amtgraph/command.h"
#include "tools/amtgraph/schema.h"

static int run(const struct command_line *line)
{
    json_t *schema = schema_document(amtg_classes);

    (void)line;
    if (!schema)
        return EXIT_FAILED;
    json_dumpf(schema, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(schema);
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
    .run = run,
};
