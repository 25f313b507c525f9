#include "tools/amtgraph/run/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/table.h"

static void on_signal(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    struct signals *s = AMTG_CONTAINER(w, struct signals, watch);
    struct signalfd_siginfo info;

    (void)e;
    (void)events;
    while (read(w->fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGUSR1)
            s->stats(s->arg);
        else if (info.ssi_signo == SIGUSR2)
            s->drain(s->arg);
        else if (info.ssi_signo == SIGHUP)
            fputs("amtgraph: SIGHUP: a running graph cannot be reloaded; restart it\n", stderr);
        else
            s->stop(s->arg);
    }
}

static sigset_t all(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGHUP);
    return set;
}

void signals_block(void)
{
    sigset_t set = all();

    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool signals_open(struct signals *s)
{
    sigset_t set = all();

    s->watch.ready = on_signal;
    s->watch.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (s->watch.fd >= 0 && amtg_loop_watch_add(s->loop, &s->watch, EPOLLIN) == AMTG_OK)
        return true;
    fprintf(stderr, "amtgraph: signals cannot be received: %s\n", strerror(errno));
    signals_close(s);
    return false;
}

void signals_close(struct signals *s)
{
    if (s->watch.fd < 0)
        return;
    amtg_loop_watch_remove(s->loop, &s->watch);
    close(s->watch.fd);
    s->watch.fd = -1;
}
