#include "tools/amtgraph/web/web.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/table.h"
#include "tools/amtgraph/web/private.h"

enum {
    MEMORY =
        32 * 1024, /* octets of a connection: its request with all headers must fit in half of it */
    IDLE = 30,     /* seconds after which a connection that says or reads nothing is closed */
    ANSWER = 3,    /* seconds that a question may take */
};

/* ---- replies ------------------------------------------------------------------- */

void web_send(struct web_request *r, unsigned status, struct MHD_Response *response)
{
    if (!response) {
        r->result = MHD_NO; /* closes the connection */
        return;
    }
    MHD_add_response_header(response, "Content-Security-Policy", r->web->policy);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    r->result = MHD_queue_response(r->connection, status, response);
    MHD_destroy_response(response);
}

void web_reply(struct web_request *r, unsigned status, const char *type, char *body, size_t octets)
{
    struct MHD_Response *response =
        body ? MHD_create_response_from_buffer(octets, body, MHD_RESPMEM_MUST_FREE) : NULL;

    if (response)
        MHD_add_response_header(response, "Content-Type", type);
    else
        free(body);
    web_send(r, status, response);
}

void web_reply_json(struct web_request *r, unsigned status, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));

    json_decref(json);
    web_reply(r, status, "application/json", text, text ? strlen(text) : 0);
}

void web_reply_text(struct web_request *r, unsigned status, const char *fmt, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, fmt);
    int octets = vasprintf(&text, fmt, args);
    va_end(args);
    web_reply(r, status, "text/plain; charset=utf-8", octets < 0 ? NULL : text,
              octets < 0 ? 0 : (size_t)octets);
}

void web_refuse(struct web_request *r, unsigned status, const char *fmt, ...)
{
    char words[WEB_WORDS];
    va_list args;

    va_start(args, fmt);
    vsnprintf(words, sizeof words, fmt, args);
    va_end(args);
    web_reply_json(r, status,
                   json_pack("{si so}", "amtgraph", ADMIN_VERSION, "error",
                             json_stringn_nocheck(words, strlen(words))));
}

/* ---- questions ----------------------------------------------------------------- */

static void resume(struct web_request *r)
{
    amtg_loop_timer_stop(r->web->admin->loop, &r->timer);
    r->answered = true;
    if (r->suspended)
        MHD_resume_connection(r->connection);
    r->suspended = false;
    web_soon(r->web);
}

/* Rows of one line join those of the lines before. */
static void join_rows(json_t *all, const json_t *line)
{
    json_t *rows = json_object_get(all, "rows");

    if (rows)
        json_array_extend(rows, json_object_get(line, "rows"));
    json_object_set(all, "more", json_object_get(line, "more"));
}

static void on_answer(struct admin_asker *asker, json_t *line, bool last)
{
    struct web_request *r = AMTG_CONTAINER(asker, struct web_request, asker);

    if (r->answer && line) {
        join_rows(r->answer, line);
        json_decref(line);
    } else {
        r->answer = line;
    }
    if (!last && json_array_size(json_object_get(r->answer, "rows")) >= r->rows_most) {
        admin_cancel(asker);
        last = true;
    }
    if (last)
        resume(r);
    else
        amtg_loop_timer_start(r->web->admin->loop, &r->timer, ANSWER * AMTG_S);
}

static void on_no_answer(struct amtg_element *e, struct amtg_timer *t)
{
    struct web_request *r = AMTG_CONTAINER(t, struct web_request, timer);

    (void)e;
    admin_cancel(&r->asker);
    json_decref(r->answer);
    r->answer = NULL;
    resume(r);
}

static void finish(struct web_request *r)
{
    const char *error = json_string_value(json_object_get(r->answer, "error"));

    if (!r->answer)
        web_refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE, "the run does not answer within %d s", ANSWER);
    else if (error)
        web_refuse(r, r->route->refused ? r->route->refused : MHD_HTTP_BAD_REQUEST, "%s", error);
    else
        r->route->finish(r);
}

void web_ask(struct web_request *r, json_t *request)
{
    amtg_loop_timer_start(r->web->admin->loop, &r->timer, ANSWER * AMTG_S);
    admin_ask(r->web->admin, &r->asker, request);
    json_decref(request);
    if (r->answered) {
        finish(r);
        return;
    }
    r->suspended = true;
    MHD_suspend_connection(r->connection);
}

/* ---- requests ------------------------------------------------------------------ */

static void request_free(struct web_request *r)
{
    if (r->stream)
        web_events_end(r);
    admin_cancel(&r->asker);
    amtg_loop_timer_stop(r->web->admin->loop, &r->timer);
    json_decref(r->answer);
    *r->at = r->next;
    if (r->next)
        r->next->at = r->at;
    free(r);
}

static struct web_request *request_new(struct web *w, struct MHD_Connection *connection,
                                       const char *path)
{
    struct web_request *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->web = w;
    r->connection = connection;
    r->asker.answer = on_answer;
    r->timer.fire = on_no_answer;
    r->rows_most = UINT64_MAX;
    r->result = MHD_YES;
    snprintf(r->path, sizeof r->path, "%s", path);
    r->next = w->requests;
    r->at = &w->requests;
    if (r->next)
        r->next->at = &r->next;
    w->requests = r;
    return r;
}

/* What can be said of it before its body is read. */
static void begin(struct web_request *r, const char *method, size_t path_octets)
{
    const char *allow = NULL;

    r->posts = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
    r->head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    if (web_guard(r))
        return;
    r->route = path_octets < sizeof r->path ? web_route_find(method, r->path, &allow) : NULL;
    if (r->route) {
        r->name = r->path + strlen(r->route->path);
        web_guard_body(r);
        return;
    }
    if (!allow) {
        web_refuse(r, MHD_HTTP_NOT_FOUND, "there is nothing at \"%s\"", r->path);
        return;
    }
    char *words = NULL;
    int octets = asprintf(&words,
                          "{\"amtgraph\":%d,\"error\":\"only %s here; what changes a run "
                          "is told by its unix socket\"}",
                          ADMIN_VERSION, allow);
    struct MHD_Response *response =
        octets < 0 ? NULL
                   : MHD_create_response_from_buffer((size_t)octets, words, MHD_RESPMEM_MUST_FREE);
    if (response) {
        MHD_add_response_header(response, "Allow", allow);
        MHD_add_response_header(response, "Content-Type", "application/json");
    }
    web_send(r, MHD_HTTP_METHOD_NOT_ALLOWED, response);
}

/* false: it is too long. */
static bool take_body(struct web_request *r, const char *octets, size_t count)
{
    if (r->body_octets + count > WEB_BODY)
        return false;
    memcpy(r->body + r->body_octets, octets, count);
    r->body_octets += count;
    return true;
}

/* The server calls it with the headers, with each part of the body, and then until there is a
 * reply. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *octets,
                                  size_t *count, void **mine)
{
    struct web_request *r = *mine;

    (void)version;
    if (!r) {
        *mine = r = request_new(arg, connection, url);
        if (!r)
            return MHD_NO;
        begin(r, method, strlen(url));
    } else if (*count) {
        if (!take_body(r, octets, *count))
            return MHD_NO;
        *count = 0;
    } else if (!r->begun) {
        r->begun = true;
        r->route->begin(r);
    } else if (r->answered) {
        finish(r);
    }
    return r->result;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **mine,
                         enum MHD_RequestTerminationCode how)
{
    (void)arg;
    (void)connection;
    (void)how;
    if (*mine)
        request_free(*mine);
    *mine = NULL;
}

/* ---- turns in the loop ----------------------------------------------------------- */

static void turn(struct web *w)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;

    MHD_run(w->daemon);
    amtg_loop_timer_stop(w->admin->loop, &w->timer);
    if (MHD_get_timeout(w->daemon, &wait_ms) != MHD_YES)
        return;
    if (wait_ms)
        amtg_loop_timer_start(w->admin->loop, &w->timer, wait_ms * AMTG_MS);
    else
        web_soon(w);
}

static void on_ready(struct amtg_element *e, struct amtg_watch *watch, uint32_t events)
{
    (void)e;
    (void)events;
    turn(AMTG_CONTAINER(watch, struct web, watch));
}

static void on_timer(struct amtg_element *e, struct amtg_timer *t)
{
    (void)e;
    turn(AMTG_CONTAINER(t, struct web, timer));
}

static void on_turn(struct amtg_element *e, struct amtg_task *t)
{
    (void)e;
    turn(AMTG_CONTAINER(t, struct web, turn));
}

void web_soon(struct web *w)
{
    amtg_loop_task_post(w->admin->loop, &w->turn);
}

/* ---- its life -------------------------------------------------------------------- */

static bool start(struct web *w, int listener)
{
    w->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, w,
        MHD_OPTION_LISTEN_SOCKET, (MHD_socket)listener, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        w, MHD_OPTION_CONNECTION_LIMIT, (unsigned)WEB_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!w->daemon)
        return false;
    w->watch = (struct amtg_watch){
        .ready = on_ready,
        .fd = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd};
    return amtg_loop_watch_add(w->admin->loop, &w->watch, EPOLLIN) == AMTG_OK;
}

static void announce(const struct web *w)
{
    char text[WEB_ADDRESS_TEXT];

    web_address_text(&w->address, text);
    fprintf(stderr, "amtgraph: web page at http://%s/\n", text);
    if (!amtg_addr_is_loopback(&w->address.ip))
        fprintf(stderr, "amtgraph: warning: whoever can reach %s may look at this run\n", text);
}

struct web *web_open(struct admin *a, const struct web_options *options, enum amtg_err *err,
                     char *why, size_t room)
{
    struct web *w = calloc(1, sizeof *w);
    char text[WEB_ADDRESS_TEXT];
    int listener;

    *err = AMTG_ENOMEM;
    snprintf(why, room, "%s", amtg_err_text(*err));
    if (!w)
        return NULL;
    w->admin = a;
    w->address = options->address;
    w->hosts = options->hosts;
    w->hosts_count = options->hosts_count;
    w->watch.fd = -1;
    w->timer.fire = on_timer;
    w->turn.run = on_turn;
    if (web_page_open(w)) {
        *err = AMTG_ESYSTEM;
        listener = web_address_listen(&w->address);
        if (listener >= 0 && start(w, listener)) {
            announce(w);
            web_soon(w);
            return w;
        }
        snprintf(why, room, "--web %s: %s", web_address_text(&options->address, text),
                 strerror(errno));
    }
    web_close(w);
    return NULL;
}

void web_close(struct web *w)
{
    if (!w)
        return;
    if (w->daemon) {
        for (struct web_request *r = w->requests; r; r = r->next)
            if (r->suspended) /* the server insists on it */
                resume(r);
        amtg_loop_watch_remove(w->admin->loop, &w->watch);
        MHD_stop_daemon(w->daemon);
    }
    amtg_loop_timer_stop(w->admin->loop, &w->timer);
    amtg_loop_task_cancel(w->admin->loop, &w->turn);
    free(w->page);
    free(w);
}
