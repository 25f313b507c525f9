#include "tools/amtgraph/redraw.h"

#include <time.h>
#include <unistd.h>

#include "core/loop.h"
#include "core/param.h"

unsigned long long redraw_every(const struct command_line *line, int *code)
{
    const char *text = line_value(line, "every");
    uint64_t ns = AMTG_S;

    *code = EXIT_DONE;
    if (text && (!amtg_duration_parse(text, &ns) || ns < 10 * AMTG_MS))
        *code = usage_error(line->command, "--every %s: a duration from 10ms on expected", text);
    return ns;
}

void redraw_wait(unsigned long long ns)
{
    struct timespec ts = {.tv_sec = (time_t)(ns / AMTG_S), .tv_nsec = (long)(ns % AMTG_S)};

    nanosleep(&ts, NULL);
}

void redraw_begin(FILE *out)
{
    fputs(isatty(fileno(out)) ? "\033[H\033[2J" : "\n", out);
}
