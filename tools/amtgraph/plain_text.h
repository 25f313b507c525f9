/* Text that comes from a run or its peers, for a terminal, which it must not steer. */
#ifndef AMTG_TOOLS_PLAIN_TEXT_H
#define AMTG_TOOLS_PLAIN_TEXT_H

#include <stddef.h>

/* Into `out`, as much as there is room for, in whole characters: UTF-8, with ? for what controls. */
char *plain_text(char *out, size_t room, const char *text);

#endif
