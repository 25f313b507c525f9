#include "tests/support/run_client.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGS = 32, PATIENCE_S = 20, READ = 65536, LOOKS = 2000, LOOK_US = 10000 };

/* ---- the run ------------------------------------------------------------------------ */

static void become_run(const struct asked_run *run, const char *const *args)
{
    const char *all[ARGS] = {AMTGRAPH_PROGRAM, "run"};
    unsigned count = 2;

    while (*args)
        all[count++] = *args++;
    all[count++] = "--name";
    all[count++] = run->name;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("AMTGRAPH_RUNTIME_DIR", run->folder, 1);
    if (!freopen("/dev/null", "w", stdout))
        _exit(127);
    execv(AMTGRAPH_PROGRAM, (char *const *)(uintptr_t)all);
    _exit(127);
}

void asked_run_start(struct asked_run *run, const char *name, const char *const *args)
{
    struct run_client c;

    if (!run->folder[0]) {
        snprintf(run->folder, sizeof run->folder, "/tmp/amtgraph-test-XXXXXX");
        if (!mkdtemp(run->folder))
            abort();
    }
    run->name = name;
    run->pid = fork();
    if (run->pid == 0)
        become_run(run, args);
    for (unsigned looks = 0; !run_client_open(&c, run); looks++) { /* the other process starts */
        if (looks == LOOKS)
            abort();
        usleep(LOOK_US);
    }
    run_client_close(&c);
}

int asked_run_stop(struct asked_run *run, int signal)
{
    int status = 0;

    kill(run->pid, signal);
    waitpid(run->pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void asked_run_clean(struct asked_run *run)
{
    DIR *all = opendir(run->folder);

    for (struct dirent *one; all && (one = readdir(all));)
        unlinkat(dirfd(all), one->d_name, 0);
    if (all)
        closedir(all);
    rmdir(run->folder);
    run->folder[0] = '\0';
}

/* ---- the client ------------------------------------------------------------------------ */

bool run_client_open(struct run_client *c, const struct asked_run *run)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_S};

    *c = (struct run_client){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    snprintf(to.sun_path, sizeof to.sun_path, "%s/%s.sock", run->folder, run->name);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) == 0)
        return true;
    close(c->fd);
    return false;
}

void run_client_close(struct run_client *c)
{
    close(c->fd);
    free(c->text);
    *c = (struct run_client){.fd = -1};
}

/* The other side may close at any time: that is no failure here. */
void run_client_write(struct run_client *c, const char *octets, size_t count)
{
    while (count) {
        ssize_t n = send(c->fd, octets, count, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        octets += n;
        count -= (size_t)n;
    }
}

void run_client_say(struct run_client *c, const char *text)
{
    run_client_write(c, text, strlen(text));
}

/* false: nothing came. */
static bool read_more(struct run_client *c)
{
    if (c->room - c->octets < READ)
        c->text = realloc(c->text, c->room = c->octets + 2 * READ);
    ssize_t n = recv(c->fd, c->text + c->octets, READ, 0);

    if (n <= 0)
        return false;
    c->octets += (size_t)n;
    return true;
}

json_t *run_client_line(struct run_client *c)
{
    char *end;

    while (!c->octets || !(end = memchr(c->text, '\n', c->octets)))
        if (!read_more(c))
            return NULL;
    json_t *line = json_loadb(c->text, (size_t)(end - c->text), 0, NULL);
    c->octets -= (size_t)(end + 1 - c->text);
    memmove(c->text, end + 1, c->octets);
    return line;
}

json_t *run_client_ask(struct run_client *c, const char *request)
{
    run_client_say(c, "{\"amtgraph\": 1, \"id\": 1, ");
    run_client_say(c, request);
    run_client_say(c, "}\n");
    return run_client_line(c);
}

const char *run_client_error(struct run_client *c, const char *request)
{
    static char words[4096];
    json_t *line = run_client_ask(c, request);
    const char *error = json_string_value(json_object_get(line, "error"));

    snprintf(words, sizeof words, "%s", !line ? "(no answer)" : error ? error : "");
    json_decref(line);
    return words;
}
