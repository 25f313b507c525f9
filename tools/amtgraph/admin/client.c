#include "tools/amtgraph/admin/client.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/amtgraph/admin/path.h"
#include "tools/amtgraph/admin/question.h"
#include "tools/amtgraph/plain_text.h"

enum { RUNS_NAMED = 16, NAME = 64, WORDS = 2048 };

struct admin_client {
    int fd;
    FILE *in;
    char *line;
    size_t room;
};

/* ---- finding it ----------------------------------------------------------------- */

static int connect_to(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[ADMIN_PATH];

    errno = ENAMETOOLONG;
    if (!admin_path(name, "sock", path))
        return -1;
    memcpy(address.sun_path, path, sizeof path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0) {
        int error = errno;
        close(fd);
        errno = error;
    }
    return -1;
}

/* The name of a file, if it is that of a run's socket. */
static bool name_of_socket(const char *file, char name[NAME])
{
    size_t len = strlen(file);

    if (len <= 5 || len - 5 >= NAME || strcmp(file + len - 5, ".sock"))
        return false;
    snprintf(name, NAME, "%.*s", (int)(len - 5), file);
    return admin_name_fits(name);
}

/* Names of the runs that answer, up to RUNS_NAMED. */
static unsigned find_runs(char names[RUNS_NAMED][NAME])
{
    char directory[ADMIN_PATH];
    DIR *dir = opendir(admin_directory(directory));
    unsigned count = 0;

    for (struct dirent *d; dir && count < RUNS_NAMED && (d = readdir(dir));) {
        int fd = name_of_socket(d->d_name, names[count]) ? connect_to(names[count]) : -1;
        if (fd < 0) /* no socket, or left behind by a run that was killed */
            continue;
        close(fd);
        count++;
    }
    if (dir)
        closedir(dir);
    return count;
}

static int connect_to_only(int *code)
{
    char names[RUNS_NAMED][NAME], directory[ADMIN_PATH];
    unsigned count = find_runs(names);

    if (count == 1)
        return connect_to(names[0]);
    if (count == 0) {
        fprintf(stderr, "amtgraph: no graph is running (no socket of one in %s)\n",
                admin_directory(directory));
        *code = EXIT_FAILED;
        return -1;
    }
    fputs("amtgraph: several graphs are running: say which by --name:", stderr);
    for (unsigned i = 0; i < count; i++)
        fprintf(stderr, " %s", names[i]);
    fputc('\n', stderr);
    *code = EXIT_USAGE;
    return -1;
}

static int connect_by_name(const char *name, int *code)
{
    int fd = connect_to(name);

    if (fd >= 0)
        return fd;
    *code = errno == EACCES || errno == EPERM ? EXIT_PRIVILEGE : EXIT_FAILED;
    if (errno == ENOENT || errno == ECONNREFUSED)
        fprintf(stderr, "amtgraph: no graph is running under the name \"%s\"\n", name);
    else
        fprintf(stderr, "amtgraph: the run \"%s\" cannot be reached: %s\n", name, strerror(errno));
    return -1;
}

struct admin_client *admin_client_open(const struct command_line *line, int *code)
{
    const char *name = line_value(line, "name");
    char directory[ADMIN_PATH];

    if (name && !admin_name_fits(name)) {
        *code = usage_error(line->command, "--name %s: at most 63 letters, digits and -_. expected", name);
        return NULL;
    }
    if (!admin_directory_is_safe()) {
        fprintf(stderr, "amtgraph: %s belongs to another user: what is there cannot be believed\n",
                admin_directory(directory));
        *code = EXIT_PRIVILEGE;
        return NULL;
    }
    int fd = name ? connect_by_name(name, code) : connect_to_only(code);
    if (fd < 0)
        return NULL;
    struct admin_client *c = calloc(1, sizeof *c);
    *code = EXIT_FAILED;
    if (c)
        c->in = fdopen(fd, "r");
    if (!c || !c->in) {
        fprintf(stderr, "amtgraph: %s\n", strerror(errno));
        close(fd);
        free(c);
        return NULL;
    }
    c->fd = fd;
    *code = EXIT_DONE;
    return c;
}

void admin_client_close(struct admin_client *c)
{
    if (!c)
        return;
    fclose(c->in);
    free(c->line);
    free(c);
}

/* ---- asking ----------------------------------------------------------------------- */

static bool send_all(int fd, const char *octets, size_t len)
{
    while (len) {
        ssize_t n = send(fd, octets, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        octets += n;
        len -= (size_t)n;
    }
    return true;
}

static void say_gone(void)
{
    fputs("amtgraph: the run has ended\n", stderr);
}

bool admin_client_ask(struct admin_client *c, json_t *request)
{
    json_object_set_new(request, "amtgraph", json_integer(ADMIN_VERSION));
    json_object_set_new(request, "id", json_integer(1));
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    bool good = text && send_all(c->fd, text, strlen(text)) && send_all(c->fd, "\n", 1);
    free(text);
    if (!good)
        say_gone();
    return good;
}

json_t *admin_client_next(struct admin_client *c, bool *last)
{
    ssize_t octets = getline(&c->line, &c->room, c->in);
    json_t *line = octets > 0 ? json_loadb(c->line, (size_t)octets, 0, NULL) : NULL;
    const json_t *error = json_object_get(line, "error");
    const char *words = json_string_value(error);
    char plain[WORDS];

    if (!line)
        say_gone();
    else if (error)
        fprintf(stderr, "amtgraph: %s\n", plain_text(plain, sizeof plain, words ? words : "refused"));
    if (!line || error) {
        json_decref(line);
        return NULL;
    }
    *last = json_is_true(json_object_get(line, "last"));
    json_object_del(line, "last");
    json_object_del(line, "id");
    return line;
}

json_t *admin_client_get(struct admin_client *c, json_t *request)
{
    bool last;

    return admin_client_ask(c, request) ? admin_client_next(c, &last) : NULL;
}

json_t *admin_client_rows(struct admin_client *c, const char *listing)
{
    json_t *all = json_array();
    bool last = false;

    if (!admin_client_ask(c, json_pack("{ss ss}", "do", "show", "listing", listing))) {
        json_decref(all);
        return NULL;
    }
    while (!last) {
        json_t *line = admin_client_next(c, &last);
        if (!line) {
            json_decref(all);
            return NULL;
        }
        json_array_extend(all, json_object_get(line, "rows"));
        json_decref(line);
    }
    return all;
}

void print_json_line(const json_t *json, FILE *out)
{
    json_dumpf(json, out, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    fputc('\n', out);
    fflush(out);
}
