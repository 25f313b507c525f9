/* amtgraph completion SHELL: what makes a shell complete this program's commands. */
#include <string.h>

#include "tools/amtgraph/completion/completion.h"

static const struct {
    const char *name;
    void (*write)(FILE *out);
} shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

static int run(const struct command_line *line)
{
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
        if (strcmp(line->operands[0], shells[i].name) == 0) {
            shells[i].write(stdout);
            return EXIT_DONE;
        }
    return usage_error(line->command, "there is no completion for \"%s\": bash, zsh or fish",
                       line->operands[0]);
}

const struct command command_completion = {
    .name = "completion",
    .summary = "print what makes a shell complete amtgraph's commands",
    .operands = "bash|zsh|fish",
    .details =
        "Commands, options, words that an option takes, classes of elements, and files. In the\n"
        "present shell:\n"
        "\n"
        "source <(amtgraph completion bash)\n"
        "\n"
        "What is printed says in its head where to keep it.",
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
