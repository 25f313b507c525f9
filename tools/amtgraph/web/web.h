/*
 * The web side of a run: the page, an API of JSON, server-sent events, metrics. It asks what
 * the admin side can be asked (admin/question.h) and runs in its thread and loop. Whoever may
 * connect may read; nothing is changed by it but the pace of a run on the virtual clock.
 *
 *   web.c         the server (libmicrohttpd) and its life, in the loop of the admin side
 *   address.c where it listens
 *   guard.c   which requests are refused before anything is asked
 *   page.c    the page, and what a browser may do in it
 *   api.c     the routes, and questions as JSON
 *   events.c  what happens, as it happens
 *   metrics.c for Prometheus
 *   none.c    instead of all of them, in a build without libmicrohttpd
 */
#ifndef AMTG_TOOLS_WEB_H
#define AMTG_TOOLS_WEB_H

#include "tools/amtgraph/admin/admin.h"

struct web;

/* Serves from when the admin thread runs. NULL: *err, and `why` says so. */
struct web *web_open(struct admin *a, const struct web_options *options, enum amtg_err *err,
                     char *why, size_t room);
/* When the admin thread has ended and all questions have. NULL is fine. */
void web_close(struct web *w);

#endif
