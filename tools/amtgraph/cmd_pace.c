/* amtgraph pace: have a virtual run that is paused go on. */
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/admin/client.h"

/* Where it stands, and the packet that it stands at, if it does so. */
static void print_state(const json_t *state, const json_t *crossing)
{
    const json_t *next = json_object_get(state, "next"), *from = json_object_get(crossing, "from"),
                 *to = json_object_get(crossing, "to");

    printf("%.6f s, %s at %s", json_real_value(json_object_get(state, "now")),
           json_string_value(json_object_get(state, "mode")),
           json_string_value(json_object_get(state, "at")));
    if (json_is_real(next))
        printf(", next event at %.6f s", json_real_value(next));
    putchar('\n');
    if (!crossing || strcmp(json_string_value(json_object_get(state, "at")), "packet"))
        return;
    printf("%s.%s -> %s (line %d): %s\n", json_string_value(json_object_get(from, "element")),
           json_string_value(json_object_get(from, "port")),
           to ? json_string_value(json_object_get(to, "element")) : "(out)",
           (int)json_integer_value(json_object_get(from, "line")),
           json_string_value(json_object_get(json_object_get(crossing, "packet"), "words")));
}

/* Follow until it stands still. */
static int follow(struct admin_client *c, bool json)
{
    json_t *crossing = NULL;
    bool still = false, last = false;

    if (!admin_client_ask(c, json_pack("{ss}", "do", "crossings")))
        return EXIT_FAILED;
    while (!still && !last) {
        json_t *line = admin_client_next(c, &last);
        if (!line)
            break;
        json_t *seen = json_object_get(line, "crossing"), *state = json_object_get(line, "pace");
        if (seen) {
            json_decref(crossing);
            crossing = json_incref(seen);
        }
        if (json)
            print_json_line(line, stdout);
        still = state && strcmp(json_string_value(json_object_get(state, "mode")), "paused") == 0;
        if (still && !json)
            print_state(state, crossing);
        json_decref(line);
    }
    json_decref(crossing);
    return still ? EXIT_DONE : EXIT_FAILED;
}

static bool is_step(const char *word)
{
    static const char *const steps[] = {"packet", "event", "play", "pause", "until"};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (strcmp(steps[i], word) == 0)
            return true;
    return false;
}

static int pace(const struct command_line *line)
{
    const char *step = line->operands[0], *speed = line_value(line, "speed");
    char *end = NULL;
    double factor = speed ? strtod(speed, &end) : 1;
    int code;

    if (speed && (*end || end == speed))
        return usage_error(line->command, "--speed %s: a number expected", speed);
    if (!is_step(step))
        return usage_error(line->command, "%s: packet, event, play, pause or until expected", step);
    if ((strcmp(step, "until") == 0) != (line->operands_count == 2))
        return usage_error(line->command, "%s", "TIME belongs to `until`, and only to it");
    struct admin_client *c = admin_client_open(line, &code);
    if (!c)
        return code;
    json_t *request = json_pack("{ss ss sf}", "do", "pace", "step", step, "speed", factor);
    if (line->operands_count == 2)
        json_object_set_new(request, "until", json_string(line->operands[1]));
    json_t *answer = admin_client_get(c, request);
    code = answer ? EXIT_DONE : EXIT_FAILED;
    if (answer && strcmp(step, "play") == 0 && line_has(line, "json"))
        print_json_line(answer, stdout);
    else if (answer && strcmp(step, "play") == 0)
        puts("playing");
    else if (answer)
        code = follow(c, line_has(line, "json"));
    json_decref(answer);
    admin_client_close(c);
    return code;
}

const struct command command_pace = {
    .name = "pace",
    .summary = "have a paused virtual run go on, step by step",
    .operands = "packet|event|play|pause|until [TIME]",
    .operands_min = 1,
    .operands_max = 2,
    .details = "For a run that was started with `run --virtual --paused`. `packet` goes on to the\n"
               "next packet that crosses an edge, `event` until all that the next timer causes has\n"
               "happened, `until` to a time of its clock such as 1m30s, `play` on and on.",
    COMMAND_OPTIONS(ADMIN_CLIENT_OPTION,
                    {"speed", "X", "of `play`: seconds a second (default 1); 0: as fast as it can"},
                    {"json", NULL, "print JSON, a line for each packet on the way"}),
    .run = pace,
};
