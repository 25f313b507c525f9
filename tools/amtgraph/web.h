/*
 * The web side of a run: the page, an API of JSON, server-sent events, metrics. It asks what
 * the admin side can be asked (admin_question.h) and runs in its thread and loop. Whoever may
 * connect may read; nothing is changed by it but the pace of a run on the virtual clock.
 *
 *   web.c         the server (libmicrohttpd) and its life, in the loop of the admin side
 *   web_address.c where it listens
 *   web_guard.c   which requests are refused before anything is asked
 *   web_page.c    the page, and what a browser may do in it
 *   web_api.c     the routes, and questions as JSON
 *   web_events.c  what happens, as it happens
 *   web_metrics.c for Prometheus
 *   web_none.c    instead of all of them, in a build without libmicrohttpd
 */
#ifndef AMTG_TOOLS_WEB_H
#define AMTG_TOOLS_WEB_H

#include "tools/amtgraph/admin.h"

struct web;

/* Serves from when the admin thread runs. NULL: *err, and `why` says so. */
struct web *web_open(struct admin *a, const struct web_options *options, enum amtg_err *err,
                     char *why, size_t room);
/* When the admin thread has ended and all questions have. NULL is fine. */
void web_close(struct web *w);

#endif
