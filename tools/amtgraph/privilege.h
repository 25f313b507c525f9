/* Least privilege: once every element has opened what it needs, nothing needs a capability any more. */
#ifndef AMTG_TOOLS_PRIVILEGE_H
#define AMTG_TOOLS_PRIVILEGE_H

/* Give up all capabilities for good, and the means to gain new ones. Harmless without any. */
void privilege_drop(void);

#endif
