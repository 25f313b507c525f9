#include "elements/io/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- in the child ------------------------------------------------------------------ */

static bool has(const struct amtg_resolved *r, const struct amtg_addr *a)
{
    for (unsigned i = 0; i < r->count; i++)
        if (amtg_addr_equal(&r->addresses[i], a))
            return true;
    return false;
}

static void collect(const struct addrinfo *list, struct amtg_resolved *out)
{
    for (const struct addrinfo *item = list; item; item = item->ai_next) {
        struct sockaddr_storage sa = {0};
        struct amtg_addr a;
        uint16_t port;
        uint32_t scope;
        memcpy(&sa, item->ai_addr, item->ai_addrlen < sizeof sa ? item->ai_addrlen : sizeof sa);
        if (!amtg_addr_from_sockaddr(&sa, &a, &port, &scope) || has(out, &a))
            continue;
        if (out->count < AMTG_LOOKUP_MOST)
            out->addresses[out->count++] = a;
        else
            out->more++;
    }
}

static enum amtg_lookup_result result_of(int error)
{
    switch (error) {
    case 0: return AMTG_LOOKUP_FOUND;
    case EAI_NONAME:
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
    case EAI_ADDRFAMILY:
#endif
        return AMTG_LOOKUP_NONE;
    default: return AMTG_LOOKUP_FAILED;
    }
}

static void ask(const char *name, struct amtg_resolved *out)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *list = NULL;

    errno = 0;
    out->error = getaddrinfo(name, NULL, &hints, &list);
    out->system = errno;
    out->result = result_of(out->error);
    if (out->error == 0) {
        collect(list, out);
        freeaddrinfo(list);
    }
    if (out->result == AMTG_LOOKUP_FOUND && out->count == 0)
        out->result = AMTG_LOOKUP_NONE;
}

/*
 * Nothing of the parent is touched: not its signals, its descriptors (sockets and a tun
 * stay open as long as anybody has them), nor what it would do at its exit.
 */
static void __attribute__((noreturn)) child(const char *name, int fd, pid_t parent)
{
    struct amtg_resolved resolved = {0};
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    if (fd != STDERR_FILENO + 1 && dup2(fd, STDERR_FILENO + 1) < 0)
        _exit(1);
    fd = STDERR_FILENO + 1;
    close_range((unsigned)fd + 1, ~0u, 0);
    ask(name, &resolved);
    ssize_t written = write(fd, &resolved, sizeof resolved); /* below PIPE_BUF: whole, or not at all */
    _exit(written == (ssize_t)sizeof resolved ? 0 : 1);
}

/* ---- in the parent ------------------------------------------------------------------- */

bool amtg_resolve_start(struct amtg_resolve *r, const char *name)
{
    int ends[2];
    sigset_t all, before;
    pid_t parent = getpid();

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return false;
    /* No handler of ours may run in the child. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        child(name, ends[1], parent);
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        errno = error;
        return false;
    }
    *r = (struct amtg_resolve){.pid = pid, .fd = ends[0]};
    return true;
}

bool amtg_resolve_take(const struct amtg_resolve *r, struct amtg_resolved *out)
{
    return read(r->fd, out, sizeof *out) == (ssize_t)sizeof *out;
}

void amtg_resolve_end(struct amtg_resolve *r)
{
    close(r->fd);
    kill(r->pid, SIGKILL);
    while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    r->pid = 0;
}

const char *amtg_resolved_why(const struct amtg_resolved *resolved)
{
    if (resolved->error == EAI_SYSTEM)
        return strerror(resolved->system);
    return resolved->error ? gai_strerror(resolved->error) : "it has no address";
}
