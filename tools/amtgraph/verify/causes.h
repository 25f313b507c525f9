/* What may be behind a failed step, most likely first, and what tells the causes apart. */
#ifndef AMTG_TOOLS_VERIFY_CAUSES_H
#define AMTG_TOOLS_VERIFY_CAUSES_H

#include "tools/amtgraph/verify/steps.h"

/* Lines, ending with NULL; the texts are constant. */
const char *const *verify_causes(enum verify_step step, enum verify_why why);

#endif
