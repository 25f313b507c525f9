/* What is printed again and again in place, until somebody presses ^C. */
#ifndef AMTG_TOOLS_REDRAW_H
#define AMTG_TOOLS_REDRAW_H

#include <stdio.h>

#include "tools/amtgraph/command.h"

/* `--every DURATION` of a command, in ns; one second unless said. *code: EXIT_USAGE if it is wrong. */
unsigned long long redraw_every(const struct command_line *line, int *code);
/* Sleep so long. */
void redraw_wait(unsigned long long ns);
/* On a terminal, go to its beginning and clear it; else an empty line keeps one time from another. */
void redraw_begin(FILE *out);

#endif
