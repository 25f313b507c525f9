/*
 * Elements that print (`print`, `stream-check`) do so on standard output, between the results
 * of a command or in the middle of its JSON. So they get another one, and the results this.
 */
#ifndef AMTG_TOOLS_OWN_STDOUT_H
#define AMTG_TOOLS_OWN_STDOUT_H

#include <stdbool.h>
#include <stdio.h>

/* Where results go from now on; NULL: there is none, which is said. */
FILE *own_stdout_take(void);
/* false: not all results could be written, which is said. */
bool own_stdout_give_back(FILE *out);

#endif
