#include "core/mailbox.h"

#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/table.h"

/* All letters that wait, oldest first. */
static struct amtg_letter *take_all(struct amtg_mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    struct amtg_letter *first = m->first;
    m->first = NULL;
    m->end = &m->first;
    m->count = 0;
    pthread_mutex_unlock(&m->lock);
    return first;
}

static void ready(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    struct amtg_mailbox *m = AMTG_CONTAINER(w, struct amtg_mailbox, watch);
    uint64_t rung;

    (void)e;
    (void)events;
    if (read(w->fd, &rung, sizeof rung) < 0) /* nobody rang: it did not block */
        return;
    for (struct amtg_letter *l = take_all(m), *next; l; l = next) {
        next = l->next;
        l->open(l);
    }
}

enum amtg_err amtg_mailbox_open(struct amtg_mailbox *m, struct amtg_loop *loop)
{
    *m = (struct amtg_mailbox){.loop = loop, .watch = {.ready = ready}};
    m->end = &m->first;
    m->watch.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (m->watch.fd < 0)
        return AMTG_ESYSTEM;
    if (amtg_loop_watch_add(loop, &m->watch, EPOLLIN)) {
        close(m->watch.fd);
        m->watch.fd = -1;
        return AMTG_ESYSTEM;
    }
    pthread_mutex_init(&m->lock, NULL);
    return AMTG_OK;
}

void amtg_mailbox_close(struct amtg_mailbox *m)
{
    if (!m->loop || m->watch.fd < 0)
        return;
    for (struct amtg_letter *l = take_all(m), *next; l; l = next) {
        next = l->next;
        l->discard(l);
    }
    amtg_loop_watch_remove(m->loop, &m->watch);
    close(m->watch.fd);
    m->watch.fd = -1;
    pthread_mutex_destroy(&m->lock);
}

static bool post(struct amtg_mailbox *m, struct amtg_letter *letter, unsigned most)
{
    static const uint64_t one = 1;

    pthread_mutex_lock(&m->lock);
    bool fits = m->count < most;
    if (fits) {
        letter->next = NULL;
        *m->end = letter;
        m->end = &letter->next;
        m->count++;
    }
    pthread_mutex_unlock(&m->lock);
    /* A counter that is full (2^64 - 2) has rung already. */
    return fits && (write(m->watch.fd, &one, sizeof one) == sizeof one || true);
}

bool amtg_mailbox_post(struct amtg_mailbox *m, struct amtg_letter *letter)
{
    return post(m, letter, AMTG_MAILBOX_ROOM);
}

void amtg_mailbox_order(struct amtg_mailbox *m, struct amtg_letter *letter)
{
    post(m, letter, UINT_MAX);
}
