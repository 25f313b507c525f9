#include "tools/amtgraph/privilege.h"

#include <sys/prctl.h>

#ifdef AMTGRAPH_HAVE_CAP_NG
#include <cap-ng.h>
#endif

void privilege_drop(void)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifdef AMTGRAPH_HAVE_CAP_NG
    capng_clear(CAPNG_SELECT_BOTH);
    capng_apply(CAPNG_SELECT_BOTH);
#endif
}
