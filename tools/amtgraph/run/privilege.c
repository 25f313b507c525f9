#include "tools/amtgraph/run/privilege.h"

#include <sys/prctl.h>

#ifdef AMTGRAPH_HAVE_CAP_NG
#include <cap-ng.h>
#endif

void privilege_drop(bool keep_net_admin)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifdef AMTGRAPH_HAVE_CAP_NG
    capng_get_caps_process();
    keep_net_admin = keep_net_admin && capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN);
    capng_clear(CAPNG_SELECT_BOTH);
    if (keep_net_admin)
        capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
    capng_apply(CAPNG_SELECT_BOTH);
#else
    (void)keep_net_admin;
#endif
}
