/* Least privilege: once every element has opened what it needs, next to nothing needs a capability. */
#ifndef AMTG_TOOLS_PRIVILEGE_H
#define AMTG_TOOLS_PRIVILEGE_H

#include <stdbool.h>

/*
 * Give up capabilities for good, and the means to gain new ones: all of them, or all but
 * CAP_NET_ADMIN (for a graph with a class of AMTG_NET_ADMIN). Harmless without any.
 */
void privilege_drop(bool keep_net_admin);

#endif
