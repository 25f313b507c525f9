/*
 * Server-sent events (WHATWG HTML, section 9.2): what happens in the run, as it happens, many
 * things in one answer that does not end. Each event is a line of JSON as the unix socket would
 * give it. What a client has not read is bounded: packets are then missed, and are counted; one
 * that reads nothing at all for a while is dropped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "core/param.h"
#include "core/table.h"
#include "tools/amtgraph/web/private.h"

enum {
    TAPS = 16,         /* of a client */
    BLOCK = 16 * 1024, /* octets that the server takes at a time */
    FULL = 256 * 1024, /* octets not yet taken: nothing more but what must be told */
    MOST = 16 << 20,   /* and that is too much */
    SLOW = 5,          /* seconds in which nothing was taken: the client is dropped */
    QUIET = 10,        /* seconds without an event after which a comment tells that we are there */
    OFTEN_MS = 100,    /* counters at most so often */
};

struct stream;

struct source {
    struct admin_asker asker;
    struct stream *stream;
    const char *event; /* "packet", "drop", ... */
    char *edge;        /* of a tap */
};

struct stream {
    struct web_request *request;
    struct source status, counters, drops, crossings, taps[TAPS];
    unsigned taps_count;
    struct amtg_watch end; /* of the connection: it is not read while there is nothing to tell */
    struct amtg_timer tick, period; /* of a second; of the counters */
    uint64_t period_ns;
    char *out;
    size_t octets, taken, room;
    uint64_t id, taken_ns, told_ns;
    bool changes;     /* counters: only those that have changed */
    json_t *before;   /* the counters that were told last, when `changes` */
    json_t *refusal; /* why one of them cannot be, when that is told at once */
    bool streaming, dropped;
};

static struct amtg_loop *loop_of(const struct stream *s)
{
    return s->request->web->admin->loop;
}

static size_t waiting(const struct stream *s)
{
    return s->octets - s->taken;
}

/* ---- what goes out ------------------------------------------------------------------ */

/* Have the server look at it again. */
static void wake(struct stream *s)
{
    struct web_request *r = s->request;

    if (!r->suspended)
        return;
    r->suspended = false;
    MHD_resume_connection(r->connection);
    web_soon(r->web);
}

/* Its connection breaks down, and the server finds that out. */
static void drop(struct stream *s)
{
    s->dropped = true;
    amtg_loop_watch_remove(loop_of(s), &s->end);
    shutdown(s->end.fd, SHUT_RDWR);
    wake(s);
}

/* The client has gone. */
static void on_end(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    (void)e;
    (void)events;
    drop(AMTG_CONTAINER(w, struct stream, end));
}

/* Room for so many octets more; false: no memory, or too much waits. */
static bool make_room(struct stream *s, size_t octets)
{
    if (waiting(s) + octets > MOST)
        return false;
    if (s->taken) {
        memmove(s->out, s->out + s->taken, waiting(s));
        s->octets -= s->taken;
        s->taken = 0;
    }
    if (s->octets + octets <= s->room)
        return true;
    char *out = realloc(s->out, 2 * (s->octets + octets));
    if (!out)
        return false;
    s->out = out;
    s->room = 2 * (s->octets + octets);
    return true;
}

static void add(struct stream *s, const char *text, size_t octets)
{
    if (!make_room(s, octets)) {
        drop(s);
        return;
    }
    if (!waiting(s))
        s->taken_ns = amtg_loop_now_ns(loop_of(s)); /* the client has nothing to answer for */
    memcpy(s->out + s->octets, text, octets);
    s->octets += octets;
    s->told_ns = amtg_loop_now_ns(loop_of(s));
    wake(s);
}

/* Takes line. */
static void tell(struct stream *s, const char *event, json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15)), *all = NULL;
    int octets = text ? asprintf(&all, "id: %llu\nevent: %s\ndata: %s\n\n",
                                 (unsigned long long)++s->id, event, text)
                      : -1;

    json_decref(line);
    if (octets >= 0)
        add(s, all, (size_t)octets);
    else
        drop(s);
    if (octets >= 0)
        free(all);
    free(text);
}

static ssize_t on_read(void *arg, uint64_t at, char *out, size_t room)
{
    struct stream *s = arg;
    size_t octets = waiting(s) < room ? waiting(s) : room;

    (void)at;
    if (s->dropped)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (!octets) {
        s->request->suspended = true;
        MHD_suspend_connection(s->request->connection);
        return 0;
    }
    memcpy(out, s->out + s->taken, octets);
    s->taken += octets;
    s->taken_ns = amtg_loop_now_ns(loop_of(s));
    return (ssize_t)octets;
}

/* ---- what is told ------------------------------------------------------------------- */

static json_t *elements_of(const json_t *counters)
{
    return json_object_get(counters, "elements");
}

/* Of these counters, those that are not as they were told last. Takes line. */
static json_t *changed(struct stream *s, json_t *line)
{
    json_t *was = elements_of(s->before), *is = elements_of(line), *all, *some;

    if (!s->changes || !is)
        return line;
    some = web_changes(was, is);
    all = json_copy(line);
    json_object_set_new(all, "elements", some ? some : json_object());
    json_object_set_new(all, "changes", json_boolean(was));
    json_decref(s->before);
    s->before = line;
    return all;
}

static void on_answer(struct admin_asker *asker, json_t *line, bool last)
{
    struct source *source = AMTG_CONTAINER(asker, struct source, asker);
    struct stream *s = source->stream;
    const char *event = source->event;

    if (!line)
        line = json_pack("{ss}", "error", amtg_err_text(AMTG_ENOMEM));
    if (last && json_object_get(line, "error")) {
        if (!s->streaming && !s->refusal) {
            s->refusal = line;
            return;
        }
        event = "refused";
    }
    if (json_object_get(line, "missed"))
        event = "missed";
    if (json_object_get(line, "crossing") && !json_object_get(line, "pace")) {
        event = "crossing";
        if (waiting(s) >= FULL) { /* the client cannot follow; where it stands is told all the same */
            json_decref(line);
            return;
        }
    }
    if (source == &s->counters)
        line = changed(s, line);
    if (json_object_get(line, "edge")) { /* the first line of a tap: which edge it is */
        event = "tap";
        json_object_set_new(line, "asked", json_string(source->edge));
    } else if (source->edge) {
        json_object_set_new(line, "edge", json_string(source->edge));
    }
    tell(s, event, line);
}

static bool is_full(struct admin_asker *asker)
{
    return waiting(AMTG_CONTAINER(asker, struct source, asker)->stream) >= FULL;
}

/* Takes request. */
static void ask(struct stream *s, struct source *source, const char *event, json_t *request)
{
    source->stream = s;
    source->event = event;
    source->asker = (struct admin_asker){.answer = on_answer, .full = is_full};
    admin_ask(s->request->web->admin, &source->asker, request);
    json_decref(request);
}

static void ask_counters(struct amtg_element *e, struct amtg_timer *t)
{
    struct stream *s = AMTG_CONTAINER(t, struct stream, period);

    (void)e;
    amtg_loop_timer_start(loop_of(s), t, s->period_ns);
    if (!s->counters.asker.question && waiting(s) < FULL) /* else it is behind anyway */
        ask(s, &s->counters, "counters", json_pack("{ss}", "do", "counters"));
}

static void on_tick(struct amtg_element *e, struct amtg_timer *t)
{
    struct stream *s = AMTG_CONTAINER(t, struct stream, tick);
    uint64_t now = amtg_loop_now_ns(loop_of(s));

    (void)e;
    amtg_loop_timer_start(loop_of(s), t, AMTG_S);
    if (waiting(s) && now - s->taken_ns > SLOW * AMTG_S)
        drop(s);
    else if (now - s->told_ns >= QUIET * AMTG_S)
        add(s, ":\n\n", 3);
}

/* ---- its life ------------------------------------------------------------------------ */

/* Nobody is asked any more, as the client has gone. */
static void stream_end(struct stream *s)
{
    admin_cancel(&s->status.asker);
    admin_cancel(&s->counters.asker);
    admin_cancel(&s->drops.asker);
    admin_cancel(&s->crossings.asker);
    for (unsigned i = 0; i < s->taps_count; i++) {
        admin_cancel(&s->taps[i].asker);
        free(s->taps[i].edge);
    }
    amtg_loop_watch_remove(loop_of(s), &s->end);
    amtg_loop_timer_stop(loop_of(s), &s->tick);
    amtg_loop_timer_stop(loop_of(s), &s->period);
    s->request->web->streams--;
    s->request->stream = NULL;
    s->request = NULL;
}

void web_events_end(struct web_request *r)
{
    stream_end(r->stream);
}

static void stream_free(void *arg)
{
    struct stream *s = arg;

    if (s->request)
        stream_end(s);
    json_decref(s->refusal);
    json_decref(s->before);
    free(s->out);
    free(s);
}

/* Which edges to tap: each `tap` of the query. */
static enum MHD_Result take_tap(void *arg, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
    struct stream *s = arg;
    struct source *tap = &s->taps[s->taps_count];
    const char *filter = web_argument(s->request, "filter"),
               *snap = web_argument(s->request, "snap");
    json_t *request;

    (void)kind;
    if (strcmp(name, "tap") || s->refusal)
        return MHD_YES;
    if (s->taps_count == TAPS || !value) {
        s->refusal =
            json_pack("{so}", "error", json_sprintf("at most %d edges can be tapped", TAPS));
        return MHD_YES;
    }
    s->taps_count++;
    tap->edge = strdup(value);
    request =
        json_pack("{ss ss ss* sb}", "do", "tap", "edge", value, "filter", filter, "layers", 1);
    if (snap)
        json_object_set_new(request, "snap", json_integer(atoll(snap)));
    ask(s, tap, "packet", request);
    return MHD_YES;
}

static void begin_counters(struct stream *s, const char *text)
{
    if (!text)
        return;
    if (!amtg_duration_parse(text, &s->period_ns) || s->period_ns < OFTEN_MS * AMTG_MS) {
        s->refusal =
            json_pack("{ss}", "error", "counters: a duration from 100ms on expected, such as 1s");
        return;
    }
    s->period.fire = ask_counters;
    ask_counters(NULL, &s->period);
}

static bool is_wanted(const struct web_request *r, const char *name)
{
    const char *value = web_argument(r, name);

    return value && strcmp(value, "1") == 0;
}

static void begin_all(struct stream *s)
{
    struct web_request *r = s->request;

    ask(s, &s->status, "status", json_pack("{ss}", "do", "status"));
    MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, take_tap, s);
    if (!s->refusal && is_wanted(r, "drops"))
        ask(s, &s->drops, "drop", json_pack("{ss sb}", "do", "drops", "layers", 1));
    if (!s->refusal && is_wanted(r, "crossings"))
        ask(s, &s->crossings, "pace", json_pack("{ss}", "do", "crossings"));
    s->changes = is_wanted(r, "changes");
    if (!s->refusal)
        begin_counters(s, web_argument(r, "counters"));
    s->tick.fire = on_tick;
    on_tick(NULL, &s->tick);
}

static struct stream *stream_new(struct web_request *r)
{
    struct stream *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->request = r;
    r->stream = s;
    s->taken_ns = s->told_ns = amtg_loop_now_ns(loop_of(s));
    r->web->streams++;
    s->end.ready = on_end;
    s->end.fd =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    amtg_loop_watch_add(loop_of(s), &s->end, EPOLLRDHUP);
    add(s, "retry: 1000\n\n", 13);
    begin_all(s);
    s->streaming = true;
    return s;
}

void web_events_begin(struct web_request *r)
{
    struct MHD_Response *response = NULL;

    if (r->web->streams >= WEB_STREAMS && !r->head) {
        web_refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE, "%d others are looking on already",
                   WEB_STREAMS);
        return;
    }
    struct stream *s = r->head ? NULL : stream_new(r);
    if (s && s->refusal) {
        web_refuse(r, MHD_HTTP_BAD_REQUEST, "%s",
                   json_string_value(json_object_get(s->refusal, "error")));
        stream_free(s);
        return;
    }
    if (s)
        response =
            MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, s, stream_free);
    else if (r->head)
        response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    if (response)
        MHD_add_response_header(response, "Content-Type", "text/event-stream");
    else if (s)
        stream_free(s);
    web_send(r, MHD_HTTP_OK, response);
}
