/* The places of the API, and what is asked there. */
#include <stdlib.h>
#include <string.h>

#include "core/param.h"
#include "tools/amtgraph/web/private.h"

enum {
    ROWS = 10000, /* of a listing, unless more are asked for */
    ROWS_MOST = 100000,
};

/* ---- answers as they are --------------------------------------------------------- */

static void ask_begin(struct web_request *r)
{
    web_ask(r, json_pack("{ss}", "do", r->route->kind));
}

static void answer_finish(struct web_request *r)
{
    web_reply_json(r, MHD_HTTP_OK, json_incref(r->answer));
}

/* ---- a listing, all rows joined ---------------------------------------------------- */

static void show_begin(struct web_request *r)
{
    static const struct amtg_param number = {
        .kind = AMTG_KIND_UINT, .size = sizeof(uint32_t), .min = 1, .max = ROWS_MOST};
    const char *limit = web_argument(r, "limit");
    uint32_t most = ROWS;

    if (limit && !amtg_param_scalar(&number, limit, &most)) {
        web_refuse(r, MHD_HTTP_BAD_REQUEST, "limit: a number from 1 to %d expected", ROWS_MOST);
        return;
    }
    r->rows_most = most;
    web_ask(r, json_pack("{ss ss?}", "do", "show", "listing", r->name));
}

static void show_finish(struct web_request *r)
{
    json_t *rows = json_object_get(r->answer, "rows");

    if (json_array_size(rows) > r->rows_most)
        json_object_set_new(r->answer, "more", json_true());
    while (json_array_size(rows) > r->rows_most)
        json_array_remove(rows, json_array_size(rows) - 1);
    answer_finish(r);
}

/* ---- for whoever looks after the run ------------------------------------------------- */

static void health_finish(struct web_request *r)
{
    const char *why = json_string_value(json_object_get(r->answer, "why"));

    if (why)
        web_reply_text(r, MHD_HTTP_SERVICE_UNAVAILABLE, "%s\n", why);
    else
        web_reply_text(r, MHD_HTTP_OK, "well\n");
}

static void ready_begin(struct web_request *r)
{
    if (atomic_load(&r->web->admin->draining))
        web_reply_text(r, MHD_HTTP_SERVICE_UNAVAILABLE, "draining: nobody new is served\n");
    else
        web_reply_text(r, MHD_HTTP_OK, "ready\n");
}

/* ---- the one thing that may be told by HTTP --------------------------------------------- */

/*
 * The pace of a run on the virtual clock. Pages of other sites cannot send this header without
 * asking first whether they may, and nobody answers that (W3C Fetch, CORS preflight).
 */
static void pace_begin(struct web_request *r)
{
    const char *ours = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "X-Amtgraph");
    json_error_t error;
    json_t *request = NULL;

    if (!ours || strcmp(ours, "1")) {
        web_refuse(r, MHD_HTTP_FORBIDDEN, "the header X-Amtgraph: 1 is missing");
        return;
    }
    request = json_loadb(r->body, r->body_octets, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(request)) {
        json_decref(request);
        web_refuse(r, MHD_HTTP_BAD_REQUEST, "a JSON object expected");
        return;
    }
    json_object_set_new(request, "do", json_string(r->route->kind));
    r->asker.may_change = true;
    web_ask(r, request);
}

/* ---- all places -------------------------------------------------------------------------- */

static const struct web_route routes[] = {
    {"GET", "/", .begin = web_page_begin},
    {"GET", "/api/status", .kind = "status", .begin = ask_begin, .finish = answer_finish},
    {"GET", "/api/counters", .kind = "counters", .begin = ask_begin, .finish = answer_finish},
    {"GET", "/api/edges", .kind = "edges", .begin = ask_begin, .finish = answer_finish},
    {"GET", "/api/listings", .kind = "listings", .begin = ask_begin, .finish = answer_finish},
    {"GET", "/api/graph", .kind = "graph", .begin = ask_begin, .finish = answer_finish},
    {"GET", "/api/elements", .kind = "elements", .begin = ask_begin, .finish = answer_finish},
    {"GET", "/api/show/", .more = true, .refused = MHD_HTTP_NOT_FOUND, .begin = show_begin,
     .finish = show_finish},
    {"GET", "/api/events", .begin = web_events_begin},
    {"GET", "/metrics", .kind = "counters", .begin = ask_begin, .finish = web_metrics_finish},
    {"GET", "/healthz", .kind = "health", .begin = ask_begin, .finish = health_finish},
    {"GET", "/readyz", .begin = ready_begin},
    {"POST", "/api/pace", .kind = "pace", .begin = pace_begin, .finish = answer_finish},
};

static bool leads_to(const char *path, const struct web_route *route)
{
    size_t len = strlen(route->path);

    return route->more ? strncmp(path, route->path, len) == 0 && path[len]
                       : strcmp(path, route->path) == 0;
}

const struct web_route *web_route_find(const char *method, const char *path, const char **allow)
{
    if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
        method = MHD_HTTP_METHOD_GET;
    *allow = NULL;
    for (const struct web_route *r = routes; r < routes + sizeof routes / sizeof *routes; r++) {
        if (!leads_to(path, r))
            continue;
        if (strcmp(method, r->method) == 0)
            return r;
        *allow = strcmp(r->method, "GET") ? r->method : "GET, HEAD";
    }
    return NULL;
}
