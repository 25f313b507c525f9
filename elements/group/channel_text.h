/* Channels as users write them: SOURCE@GROUP, or GROUP for every source. */
#ifndef AMTG_GROUP_CHANNEL_TEXT_H
#define AMTG_GROUP_CHANNEL_TEXT_H

#include "core/addr.h"

/* false: neither. has_source: it names one. */
bool amtg_channel_parse(const char *text, struct amtg_addr *source, struct amtg_addr *group,
                        bool *has_source);
/* What is wrong with a channel, in words; NULL: nothing. source NULL: any. */
const char *amtg_channel_problem(const struct amtg_addr *source, const struct amtg_addr *group);

#endif
