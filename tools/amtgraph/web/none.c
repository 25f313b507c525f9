/* A build without libmicrohttpd. */
#include <stdio.h>

#include "tools/amtgraph/web/web.h"

struct web *web_open(struct admin *a, const struct web_options *options, enum amtg_err *err,
                     char *why, size_t room)
{
    (void)a;
    (void)options;
    *err = AMTG_ECONFIG;
    snprintf(why, room, "--web: this amtgraph was built without libmicrohttpd");
    return NULL;
}

void web_close(struct web *w)
{
    (void)w;
}
