/*
 * Asking by a unix socket: each line is a request, {"amtgraph": 1, "id": 7, "do": "show", ...},
 * and each answer a line with the same id; the last line of an answer has "last": true.
 * {"do": "cancel", "id": 7} ends one that goes on. Clients are bounded, and one that does not
 * read what it asked for is dropped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/table.h"
#include "tools/amtgraph/admin/path.h"
#include "tools/amtgraph/admin/private.h"

enum {
    CLIENTS = 32,
    QUESTIONS = 16,        /* of a client at a time */
    LINE = 65536,          /* octets of a request */
    FULL = 1 << 20,        /* octets not yet read by the client: wait with more */
    MOST = 16 << 20,       /* and that is too much: it is dropped */
    KEPT = 1 << 16,        /* octets of memory for answers that stay with a client that has read all */
    BACKLOG = 16,
    REST_MS = 100,         /* while the process can have no more descriptors */
};

struct client;

struct asking {
    struct admin_asker asker;
    struct client *client;
    json_t *id; /* NULL: not in use */
};

struct client {
    struct admin_socket *socket; /* NULL: the slot is free */
    struct amtg_watch watch;
    char *in, *out;
    size_t in_octets, out_octets, out_sent, out_room;
    struct asking askings[QUESTIONS];
    bool ended; /* it sends no more, and waits for what it has asked */
    bool gone;
};

struct admin_socket {
    struct admin *admin;
    struct amtg_watch watch;
    int lock; /* held as long as the run has this name */
    char path[ADMIN_PATH], lock_path[ADMIN_PATH];
    bool bound, locked;
    struct amtg_timer rest;
    struct client clients[CLIENTS];
};

/* ---- what goes out ------------------------------------------------------------- */

static void client_close(struct client *c)
{
    struct admin_socket *s = c->socket;

    for (unsigned i = 0; i < QUESTIONS; i++) {
        admin_cancel(&c->askings[i].asker);
        json_decref(c->askings[i].id);
    }
    amtg_loop_watch_remove(s->admin->loop, &c->watch);
    close(c->watch.fd);
    free(c->in);
    free(c->out);
    *c = (struct client){0};
}

static size_t waiting(const struct client *c)
{
    return c->out_octets - c->out_sent;
}

/* What it may still say, and whether there is something for it. */
static void listen_to(struct client *c)
{
    uint32_t events = (c->ended ? 0 : EPOLLIN) | (waiting(c) ? EPOLLOUT : 0);

    if (!c->gone)
        amtg_loop_watch_set(c->socket->admin->loop, &c->watch, events);
}

/* It is closed when the loop comes to it, which is soon: whoever found that out may be at work for it. */
static void give_up(struct client *c)
{
    c->gone = true;
    shutdown(c->watch.fd, SHUT_RDWR);
}

static void flush(struct client *c)
{
    bool was_full = waiting(c) >= FULL;

    while (!c->gone && waiting(c)) {
        ssize_t n = send(c->watch.fd, c->out + c->out_sent, waiting(c), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            c->gone |= errno != EAGAIN;
            break;
        }
        c->out_sent += (size_t)n;
    }
    if (!waiting(c))
        c->out_octets = c->out_sent = 0;
    if (!waiting(c) && c->out_room > KEPT) {
        free(c->out);
        c->out = NULL;
        c->out_room = 0;
    }
    listen_to(c);
    for (unsigned i = 0; i < QUESTIONS && was_full && !c->gone && waiting(c) < FULL; i++)
        admin_resume(&c->askings[i].asker);
}

/* Room for `octets` more; false: no memory, or the client does not read. */
static bool make_room(struct client *c, size_t octets)
{
    if (waiting(c) + octets > MOST)
        return false;
    if (c->out_sent) {
        memmove(c->out, c->out + c->out_sent, waiting(c));
        c->out_octets -= c->out_sent;
        c->out_sent = 0;
    }
    if (c->out_octets + octets <= c->out_room)
        return true;
    size_t room = c->out_octets + octets > MOST / 2 ? MOST : 2 * (c->out_octets + octets);
    char *out = realloc(c->out, room);
    if (!out)
        return false;
    c->out = out;
    c->out_room = room;
    return true;
}

/* Takes line. */
static void say(struct client *c, json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    size_t octets = text ? strlen(text) : 0;

    json_decref(line);
    if (c->gone) {
        free(text);
        return;
    }
    if (!text || !make_room(c, octets + 1)) {
        give_up(c);
    } else {
        memcpy(c->out + c->out_octets, text, octets);
        c->out[c->out_octets + octets] = '\n';
        c->out_octets += octets + 1;
        listen_to(c);
    }
    free(text);
}

static void on_answer(struct admin_asker *asker, json_t *line, bool last)
{
    struct asking *asking = AMTG_CONTAINER(asker, struct asking, asker);
    struct client *c = asking->client;

    if (!line)
        line = json_pack("{si ss}", "amtgraph", ADMIN_VERSION, "error", amtg_err_text(AMTG_ENOMEM));
    json_object_set(line, "id", asking->id);
    json_object_set_new(line, "last", json_boolean(last));
    if (last) {
        json_decref(asking->id);
        asking->id = NULL;
    }
    say(c, line);
}

static bool is_full(struct admin_asker *asker)
{
    return waiting(AMTG_CONTAINER(asker, struct asking, asker)->client) >= FULL;
}

/* ---- what comes in ------------------------------------------------------------- */

static struct asking *asking_of(struct client *c, const json_t *id)
{
    for (unsigned i = 0; i < QUESTIONS; i++)
        if (id ? json_equal(c->askings[i].id, id) : !c->askings[i].id)
            return &c->askings[i];
    return NULL;
}

static void refuse(struct client *c, const json_t *id, const char *words)
{
    json_t *line = json_pack("{si so sb}", "amtgraph", ADMIN_VERSION, "error", admin_words(words), "last", 1);

    json_object_set(line, "id", id ? (json_t *)id : json_null());
    say(c, line);
}

static void cancel(struct asking *asking)
{
    if (!asking)
        return;
    admin_cancel(&asking->asker);
    json_decref(asking->id);
    asking->id = NULL;
}

static void take_request(struct client *c, const json_t *request)
{
    const json_t *version = json_object_get(request, "amtgraph"), *id = json_object_get(request, "id");
    const char *what = json_string_value(json_object_get(request, "do"));
    struct asking *asking = asking_of(c, NULL);

    if (json_integer_value(version) != ADMIN_VERSION)
        refuse(c, id, "\"amtgraph\": 1 is missing: the version of this line");
    else if (!json_is_integer(id) && !json_is_string(id))
        refuse(c, id, "\"id\" is missing: a number or a text, for the answer");
    else if (what && strcmp(what, "cancel") == 0)
        cancel(asking_of(c, id));
    else if (asking_of(c, id))
        refuse(c, id, "a question with this id is being answered");
    else if (!asking)
        refuse(c, id, "too many questions at a time");
    else {
        asking->asker = (struct admin_asker){.answer = on_answer, .full = is_full, .may_change = true};
        asking->client = c;
        asking->id = json_incref((json_t *)id);
        admin_ask(c->socket->admin, &asking->asker, request);
    }
}

static void take_line(struct client *c, const char *line, size_t octets)
{
    json_error_t error;
    json_t *request = json_loadb(line, octets, JSON_REJECT_DUPLICATES, &error);
    char words[256];

    if (json_is_object(request)) {
        take_request(c, request);
    } else {
        snprintf(words, sizeof words, "no JSON object: %s", request ? "another value" : error.text);
        refuse(c, NULL, words);
    }
    json_decref(request);
}

static void take_lines(struct client *c)
{
    char *at = c->in, *end;
    size_t left = c->in_octets;

    while (!c->gone && (end = memchr(at, '\n', left))) {
        if (end != at)
            take_line(c, at, (size_t)(end - at));
        left -= (size_t)(end + 1 - at);
        at = end + 1;
    }
    memmove(c->in, at, left);
    c->in_octets = left;
    if (left == LINE) {
        refuse(c, NULL, "a line of more than 65536 octets");
        flush(c);
        c->gone = true;
    }
}

static bool is_asking(const struct client *c)
{
    for (unsigned i = 0; i < QUESTIONS; i++)
        if (c->askings[i].id)
            return true;
    return false;
}

static void on_client(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    struct client *c = AMTG_CONTAINER(w, struct client, watch);

    (void)e;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        ssize_t n = c->gone ? 0 : recv(w->fd, c->in + c->in_octets, LINE - c->in_octets, MSG_DONTWAIT);
        if (n > 0) {
            c->in_octets += (size_t)n;
            take_lines(c);
        } else if (n == 0) {
            c->ended = true;
            c->gone |= (events & (EPOLLHUP | EPOLLERR)) != 0; /* it hears no more, either */
        } else if (errno != EAGAIN && errno != EINTR) {
            c->gone = true;
        }
    }
    flush(c);
    if (c->gone || (c->ended && !waiting(c) && !is_asking(c)))
        client_close(c);
}

/* false: it cannot be served. */
static bool serve(struct admin_socket *s, int fd)
{
    struct client *c = s->clients;

    while (c < s->clients + CLIENTS && c->socket)
        c++;
    if (c == s->clients + CLIENTS)
        return false;
    *c = (struct client){.socket = s, .watch = {.ready = on_client, .fd = fd}, .in = malloc(LINE)};
    if (c->in && amtg_loop_watch_add(s->admin->loop, &c->watch, EPOLLIN) == AMTG_OK)
        return true;
    free(c->in);
    *c = (struct client){0};
    return false;
}

static void rested(struct amtg_element *e, struct amtg_timer *t)
{
    struct admin_socket *s = AMTG_CONTAINER(t, struct admin_socket, rest);

    (void)e;
    amtg_loop_watch_set(s->admin->loop, &s->watch, EPOLLIN);
}

static void on_listener(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    static const char refused[] = "{\"amtgraph\":1,\"id\":null,\"error\":\"too many ask already\",\"last\":true}\n";
    struct admin_socket *s = AMTG_CONTAINER(w, struct admin_socket, watch);
    int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)e;
    (void)events;
    if (fd < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) { /* it would ring on */
        amtg_loop_watch_set(s->admin->loop, w, 0);
        amtg_loop_timer_start(s->admin->loop, &s->rest, REST_MS * AMTG_MS);
    }
    if (fd < 0 || serve(s, fd))
        return;
    send(fd, refused, sizeof refused - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

/* ---- its place ------------------------------------------------------------------- */

/* Open and lock the file. Whoever had it before may have removed it in between: then again. */
static bool lock_file(struct admin_socket *s)
{
    struct stat here, there;

    for (;;) {
        s->lock = open(s->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (s->lock < 0 || flock(s->lock, LOCK_EX | LOCK_NB) < 0)
            return false;
        if (fstat(s->lock, &here) == 0 && stat(s->lock_path, &there) == 0 &&
            here.st_ino == there.st_ino)
            return s->locked = true;
        close(s->lock);
    }
}

/* The name is ours as long as the lock is, which goes with the process, however that ends. */
static enum amtg_err take_name(struct admin_socket *s, char *why, size_t room)
{
    const char *path = s->lock_path;
    char pid[16] = "";

    if (!admin_path(s->admin->name, "lock", s->lock_path) ||
        !admin_path(s->admin->name, "sock", s->path)) {
        snprintf(why, room, "the path of the socket is too long");
        return AMTG_ESYSTEM;
    }
    if (!lock_file(s) && (s->lock < 0 || errno != EWOULDBLOCK)) {
        snprintf(why, room, "%s: %s", path, strerror(errno));
        return AMTG_ESYSTEM;
    }
    if (!s->locked) {
        if (read(s->lock, pid, sizeof pid - 1) <= 0)
            snprintf(pid, sizeof pid, "not known");
        snprintf(why, room, "a graph is running under the name \"%s\" already (process %s): "
                 "give this one another by --name", s->admin->name, pid);
        return AMTG_ECONFIG;
    }
    int octets = snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (ftruncate(s->lock, 0) < 0 || pwrite(s->lock, pid, (size_t)octets, 0) != octets) {
        snprintf(why, room, "%s: %s", path, strerror(errno));
        return AMTG_ESYSTEM;
    }
    return AMTG_OK;
}

static enum amtg_err listen_there(struct admin_socket *s, char *why, size_t room)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, s->path, sizeof s->path);
    unlink(s->path); /* what a run that was killed has left */
    s->watch = (struct amtg_watch){.ready = on_listener};
    s->watch.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t mask = umask(0177); /* 0600 from the start */
    s->bound = s->watch.fd >= 0 && bind(s->watch.fd, (struct sockaddr *)&address, sizeof address) == 0;
    umask(mask);
    if (s->bound && listen(s->watch.fd, BACKLOG) == 0 &&
        amtg_loop_watch_add(s->admin->loop, &s->watch, EPOLLIN) == AMTG_OK)
        return AMTG_OK;
    snprintf(why, room, "%s: %s", s->path, strerror(errno));
    return AMTG_ESYSTEM;
}

struct admin_socket *admin_socket_open(struct admin *a, enum amtg_err *err, char *why, size_t room)
{
    struct admin_socket *s = calloc(1, sizeof *s);
    char directory[ADMIN_PATH];
    const char *wrong;

    *err = AMTG_ENOMEM;
    if (!s)
        return NULL;
    s->admin = a;
    s->lock = s->watch.fd = -1;
    s->rest.fire = rested;
    *err = AMTG_OK;
    if ((wrong = admin_directory_make())) {
        snprintf(why, room, "%s: %s", admin_directory(directory), wrong);
        *err = AMTG_ESYSTEM;
    }
    if (!*err)
        *err = take_name(s, why, room);
    if (!*err)
        *err = listen_there(s, why, room);
    if (!*err)
        return s;
    admin_socket_close(s);
    return NULL;
}

void admin_socket_close(struct admin_socket *s)
{
    if (!s)
        return;
    for (struct client *c = s->clients; c < s->clients + CLIENTS; c++)
        if (c->socket) {
            flush(c);
            client_close(c);
        }
    amtg_loop_timer_stop(s->admin->loop, &s->rest);
    amtg_loop_watch_remove(s->admin->loop, &s->watch);
    if (s->bound)
        unlink(s->path);
    if (s->watch.fd >= 0)
        close(s->watch.fd);
    if (s->locked)
        unlink(s->lock_path); /* while it is still ours */
    if (s->lock >= 0)
        close(s->lock);
    free(s);
}
