#include "tests/support/web_client.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ARGS = 32, PATIENCE_MS = 20000 };

/* ---- the run ------------------------------------------------------------------------ */

static void become_run(const struct web_run *run, const char *const *args, int said, int out)
{
    const char *all[ARGS] = {AMTGRAPH_PROGRAM, "run"};
    unsigned count = 2;

    while (*args)
        all[count++] = *args++;
    all[count++] = "--web";
    all[count++] = "0";
    all[count] = NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("AMTGRAPH_RUNTIME_DIR", run->folder, 1);
    dup2(said, STDERR_FILENO);
    dup2(out, STDOUT_FILENO);
    execv(AMTGRAPH_PROGRAM, (char *const *)(uintptr_t)all);
    _exit(127);
}

static void start(struct web_run *run, const char *const *args, int out)
{
    static const char before[] = "web page at http://127.0.0.1:";
    char text[4096] = "";
    size_t octets = 0;
    int ends[2];

    snprintf(run->folder, sizeof run->folder, "/tmp/amtgraph-test-XXXXXX");
    if (!mkdtemp(run->folder) || pipe(ends) < 0)
        abort();
    run->pid = fork();
    if (run->pid == 0)
        become_run(run, args, ends[1], out);
    close(ends[1]);
    close(out);
    run->said = ends[0];
    while (octets < sizeof text - 1 &&
           !(strstr(text, before) && strchr(strstr(text, before), '\n'))) {
        ssize_t n = read(run->said, text + octets, sizeof text - 1 - octets);
        if (n <= 0) {
            fprintf(stderr, "the run says: %s\n", text);
            abort();
        }
        octets += (size_t)n;
        text[octets] = '\0';
    }
    run->port = (uint16_t)atoi(strstr(text, before) + strlen(before));
}

void web_run_start(struct web_run *run, const char *const *args)
{
    run->out = -1;
    start(run, args, open("/dev/null", O_WRONLY | O_CLOEXEC));
}

void web_run_start_unread(struct web_run *run, const char *const *args)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        abort();
    run->out = ends[0];
    start(run, args, ends[1]);
}

static void empty(const char *folder)
{
    DIR *all = opendir(folder);

    for (struct dirent *one; all && (one = readdir(all));)
        unlinkat(dirfd(all), one->d_name, 0);
    if (all)
        closedir(all);
}

int web_run_stop(struct web_run *run)
{
    char rest[65536];
    ssize_t n;
    int status = 0;

    kill(run->pid, SIGTERM);
    if (run->out >= 0)
        close(run->out);
    while ((n = read(run->said, rest, sizeof rest)) > 0) /* a sanitizer's words */
        fwrite(rest, 1, (size_t)n, stderr);
    close(run->said);
    waitpid(run->pid, &status, 0);
    empty(run->folder);
    rmdir(run->folder);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- octets --------------------------------------------------------------------------- */

int web_suite(const char *name, struct web_run *run, const char *const *more,
              const TTest *const *tests, size_t count)
{
    enum { MOST = 32 };
    char port[32];
    const char *args[MOST + 10] = {"graphs/loop.yaml", "--set", "count=0", "--set", port,
                                   "--log", "error", "--stats", "none"};
    Suite *suite = suite_create(name);
    TCase *all = tcase_create(name);
    unsigned used = 9;

    snprintf(port, sizeof port, "port=%u", 10000 + (unsigned)getpid() % 10000);
    for (unsigned i = 0; more[i] && i < MOST; i++)
        args[used++] = more[i];
    web_run_start(run, args);
    web_run_await(run, "wanted"); /* without any, its verdict would be bad */
    for (size_t i = 0; i < count; i++)
        tcase_add_test(all, tests[i]);
    tcase_set_timeout(all, 60);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    int code = web_run_stop(run);
    if (code)
        fprintf(stderr, "the run ended with %d\n", code);
    return failed || code ? EXIT_FAILURE : EXIT_SUCCESS;
}

int web_connect(const struct web_run *run, int room)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(run->port)};
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (room)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        abort();
    return fd;
}

/* The other side may close at any time: that is no failure here. */
void web_write(int fd, const char *octets, size_t count)
{
    while (count) {
        ssize_t n = send(fd, octets, count, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        octets += n;
        count -= (size_t)n;
    }
}

/* half: say that nothing more follows, as who has said half a request. */
static struct web_reply exchange(const struct web_run *run, const char *octets, size_t count,
                                 bool half)
{
    struct web_reply reply = {0};
    char part[65536];
    size_t all = 0;
    ssize_t n;
    int fd = web_connect(run, 0);
    FILE *out = open_memstream(&reply.all, &all);

    web_write(fd, octets, count);
    if (half)
        shutdown(fd, SHUT_WR);
    while ((n = recv(fd, part, sizeof part, 0)) > 0)
        fwrite(part, 1, (size_t)n, out);
    fclose(out);
    close(fd);
    if (sscanf(reply.all, "HTTP/1.%*d %d", &reply.status) != 1)
        reply.status = 0;
    char *blank = strstr(reply.all, "\r\n\r\n");
    reply.body = blank ? blank + 4 : reply.all + all;
    reply.octets = all - (size_t)(reply.body - reply.all);
    return reply;
}

struct web_reply web_say(const struct web_run *run, const char *octets, size_t count)
{
    return exchange(run, octets, count, true);
}

struct web_reply web_ask(const struct web_run *run, const char *what, const char *host,
                         const char *headers, const char *body)
{
    char *text = NULL, ours[32], length[64] = "";

    snprintf(ours, sizeof ours, "127.0.0.1:%u", run->port);
    if (body)
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body));
    int octets = asprintf(&text, "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s%s\r\n%s", what,
                          host ? host : ours, headers, length, body ? body : "");
    struct web_reply reply = exchange(run, text, (size_t)octets, false);
    free(text);
    return reply;
}

struct web_reply web_get(const struct web_run *run, const char *path)
{
    char what[512];

    snprintf(what, sizeof what, "GET %s", path);
    return web_ask(run, what, NULL, "", NULL);
}

void web_reply_free(struct web_reply *reply)
{
    free(reply->all);
    *reply = (struct web_reply){0};
}

const char *web_header(const struct web_reply *reply, const char *name)
{
    static char value[1024];
    size_t len = strlen(name);

    for (const char *line = reply->all; line && line < reply->body; line = strstr(line, "\r\n")) {
        line += strspn(line, "\r\n");
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            line += len + 1 + strspn(line + len + 1, " ");
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line, "\r\n"), line);
            return value;
        }
    }
    return NULL;
}

json_t *web_json(const struct web_reply *reply)
{
    json_error_t error;
    json_t *json = json_loadb(reply->body, reply->octets, 0, &error);

    ck_assert_msg(json != NULL, "no JSON: %s: %.200s", error.text, reply->body);
    return json;
}

/* ---- events ----------------------------------------------------------------------------- */

struct web_events *web_events_open(const struct web_run *run, const char *query)
{
    struct web_events *e = calloc(1, sizeof *e);
    char *text = NULL;

    /* HTTP/1.0: no chunks */
    int octets = asprintf(&text, "GET /api/events?%s HTTP/1.0\r\nHost: 127.0.0.1:%u\r\n\r\n", query,
                          run->port);
    e->fd = web_connect(run, 0);
    web_write(e->fd, text, (size_t)octets);
    free(text);
    return e;
}

/* What an event says, up to its blank line. */
static void take_event(struct web_events *e, char *from)
{
    char *data = strstr(from, "data: ");
    unsigned long long id = 0;

    e->event[0] = '\0';
    json_decref(e->data);
    e->data = NULL;
    if (strstr(from, "id: "))
        sscanf(strstr(from, "id: "), "id: %llu", &id);
    if (strstr(from, "event: "))
        sscanf(strstr(from, "event: "), "event: %63s", e->event);
    e->id = id;
    if (data)
        e->data = json_loads(data + 6, 0, NULL);
}

bool web_events_next(struct web_events *e, const char *event)
{
    for (time_t begun = time(NULL); time(NULL) - begun < PATIENCE_MS / 1000;) {
        char *end = strstr(e->text, "\n\n");
        if (end) {
            *end = '\0';
            take_event(e, e->text);
            size_t gone = (size_t)(end + 2 - e->text);
            memmove(e->text, end + 2, e->octets - gone + 1);
            e->octets -= gone;
            if (strcmp(e->event, event) == 0)
                return true;
            continue;
        }
        ssize_t n = recv(e->fd, e->text + e->octets, sizeof e->text - 1 - e->octets, 0);
        if (n <= 0)
            return false;
        e->octets += (size_t)n;
        e->text[e->octets] = '\0';
    }
    return false;
}

void web_events_close(struct web_events *e)
{
    json_decref(e->data);
    close(e->fd);
    free(e);
}

void web_run_await(const struct web_run *run, const char *edge)
{
    char query[128];

    snprintf(query, sizeof query, "tap=%s&snap=1", edge);
    struct web_events *e = web_events_open(run, query);
    if (!web_events_next(e, "packet"))
        abort();
    web_events_close(e);
}
