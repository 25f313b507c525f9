/* amtgraph call: have an element of a running graph do what its class declares. */
#include <string.h>

#include "tools/amtgraph/admin/client.h"

static int call(const struct command_line *line)
{
    const char *what = line->operands[0], *dot = strrchr(what, '.');
    json_t *args = json_array();
    int code;

    if (!dot || dot == what || !dot[1]) {
        json_decref(args);
        return usage_error(line->command, "%s: ELEMENT.CALL expected, such as secret.rotate", what);
    }
    for (int i = 1; i < line->operands_count; i++)
        json_array_append_new(args, json_string(line->operands[i]));
    struct admin_client *c = admin_client_open(line, &code);
    json_t *request = json_pack("{ss ss% ss so}", "do", "call", "element", what, (size_t)(dot - what),
                                "call", dot + 1, "args", args);
    if (!c) {
        json_decref(request);
        return code;
    }
    json_t *answer = admin_client_get(c, request);
    code = answer ? EXIT_DONE : EXIT_FAILED;
    if (answer && line_has(line, "json"))
        print_json_line(answer, stdout);
    json_decref(answer);
    admin_client_close(c);
    return code;
}

const struct command command_call = {
    .name = "call",
    .summary = "have an element of a running graph do something",
    .operands = "ELEMENT.CALL [ARGUMENT]...",
    .operands_min = 1,
    .operands_max = -1,
    .details = "`amtgraph elements CLASS` lists the calls of a class and their arguments, which are\n"
               "given in that order or as NAME=VALUE. Every element has `reset`: its counters begin\n"
               "at 0 again. For example:\n\n"
               "  amtgraph call secret.rotate\n"
               "  amtgraph call membership.drop 192.0.2.7 51000\n"
               "  amtgraph call polite.set address rate=100",
    COMMAND_OPTIONS(ADMIN_CLIENT_OPTION, {"json", NULL, "print the answer as JSON"}),
    .run = call,
};
