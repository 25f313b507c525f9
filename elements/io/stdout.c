/*
 * stdout: writes payloads to standard output, one behind the other, for a player or any
 * other program that reads a stream from a pipe.
 *
 *   in   datagrams; their payload is written, nothing between them
 *
 *     elements:
 *       player: {class: stdout}
 *     edges:
 *       - unwrap -> player
 *
 * What standard output is decides how the loop is kept from waiting for its reader:
 *
 *     pipe        opened anew through /proc, not blocking: the flag is then ours alone
 *                 and not that of everyone who has the same pipe
 *     socket      send() with MSG_DONTWAIT
 *     all else    written as it is: a file takes all, and a terminal may make us wait
 *
 * Packets that wait stand in a list, at most `queue` of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/element.h"
#include "elements/wire/types.h"

struct output {
    uint32_t queue;

    int fd;
    bool is_socket;
    bool pollable; /* the loop can wait for it: a pipe, a socket, a terminal */
    bool closed;   /* nobody reads any more */
    struct amtg_watch watch;
    struct amtg_packet *first, **end; /* waiting; of the first, `done` octets are written */
    uint32_t done, waiting;
};

enum { IN };
enum { WRITTEN, OCTETS, WAITS };
enum { FULL, CLOSED, FAILED, STOPPED };

static struct amtg_packet *take_first(struct output *state)
{
    struct amtg_packet *p = state->first;

    state->first = p->next;
    if (!state->first)
        state->end = &state->first;
    state->waiting--;
    state->done = 0;
    p->next = NULL;
    return p;
}

/* ---- writing ------------------------------------------------------------ */

/* The reader has all it wants: an end in order, as `head` makes one. */
static void reader_gone(struct amtg_element *e)
{
    struct output *state = amtg_state(e);

    if (state->closed)
        return;
    state->closed = true;
    amtg_watch_remove(e, &state->watch);
    amtg_log(e, AMTG_LOG_INFO, "reader-gone", "written=%llu",
             (unsigned long long)e->counters[WRITTEN]);
    amtg_loop_stop(e->loop);
}

static ssize_t write_some(const struct output *state)
{
    const struct amtg_packet *p = state->first;
    const uint8_t *from = p->data + state->done;
    uint32_t left = p->len - state->done;

    return state->is_socket ? send(state->fd, from, left, MSG_DONTWAIT | MSG_NOSIGNAL)
                            : write(state->fd, from, left);
}

/* Write what waits, until there is no room. */
static void write_all(struct amtg_element *e)
{
    struct output *state = amtg_state(e);

    while (state->first && !state->closed) {
        ssize_t n = write_some(state);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            amtg_count(e, WAITS, 1);
            amtg_watch_set(e, &state->watch, EPOLLOUT);
            return;
        }
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            reader_gone(e);
            break;
        }
        if (n < 0) {
            amtg_abort(e, "cannot write to standard output: %s", strerror(errno));
            amtg_drop(e, FAILED, take_first(state));
            continue;
        }
        amtg_count(e, OCTETS, (uint64_t)n);
        state->done += (uint32_t)n;
        if (state->done == state->first->len) {
            amtg_count(e, WRITTEN, 1);
            amtg_finish(e, take_first(state));
        }
    }
    while (state->first && state->closed)
        amtg_drop(e, CLOSED, take_first(state));
}

static void ready(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    amtg_watch_set(e, w, 0); /* armed again when there is no room */
    if (events & (EPOLLERR | EPOLLHUP))
        reader_gone(e);
    write_all(e);
}

static void stdout_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct output *state = amtg_state(e);

    (void)in;
    AMTG_EACH (packet, batch) {
        if (state->waiting == state->queue) {
            amtg_drop(e, FULL, packet);
            continue;
        }
        packet->next = NULL;
        *state->end = packet;
        state->end = &packet->next;
        state->waiting++;
    }
    if (!state->watch.events) /* else the loop will say when there is room */
        write_all(e);
}

/* ---- life --------------------------------------------------------------- */

static uint32_t stdout_keeps(const void *params)
{
    const struct output *state = params;
    return state->queue;
}

static enum amtg_err stdout_init(struct amtg_element *e)
{
    struct output *state = amtg_state(e);

    state->end = &state->first;
    state->watch.ready = ready;
    return AMTG_OK;
}

static int open_output(struct output *state)
{
    struct stat what;

    if (fstat(STDOUT_FILENO, &what) < 0)
        return -1;
    state->is_socket = S_ISSOCK(what.st_mode);
    state->pollable = state->is_socket || S_ISFIFO(what.st_mode) || isatty(STDOUT_FILENO);
    if (S_ISFIFO(what.st_mode)) {
        int fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

static enum amtg_err stdout_start(struct amtg_element *e)
{
    struct output *state = amtg_state(e);

    state->closed = false;
    state->fd = open_output(state);
    if (state->fd < 0)
        return amtg_fail(e, AMTG_ESYSTEM, "standard output: %s", strerror(errno));
    if (state->pollable && amtg_watch_add(e, &state->watch, state->fd, 0)) {
        close(state->fd);
        return amtg_fail(e, AMTG_ESYSTEM, "cannot wait for standard output");
    }
    return AMTG_OK;
}

static void stdout_stop(struct amtg_element *e)
{
    struct output *state = amtg_state(e);

    while (state->first)
        amtg_drop(e, STOPPED, take_first(state));
    amtg_watch_remove(e, &state->watch);
    close(state->fd);
}

const struct amtg_class amtg_stdout = {
    .name = "stdout",
    .summary = "writes payloads to standard output, for a program that reads a pipe",
    .details =
        "Payloads follow each other with nothing between them. A slow reader never stops the "
        "run: up to `queue` packets wait, and more are dropped as `full`. (A terminal may make the "
        "run wait; a payload is nothing to look at anyway.) When the reader closes the pipe, the "
        "run ends in order.\n\n"
        "The counters of a graph that holds this element are printed on standard error; `print` "
        "and `stream-check` must not write to standard output there.",
    .example = "elements:\n"
               "  inner:  {class: pcap-source, file: inner.pcap}\n"
               "  check:  {class: check-ip}\n"
               "  unwrap: {class: udp-unwrap}\n"
               "  player: {class: stdout}\n"
               "edges:\n"
               "  - inner -> check -> unwrap -> player\n",
    .flags = AMTG_HOST | AMTG_STDOUT | AMTG_SINGLE,
    .state_octets = sizeof(struct output),
    AMTG_INPUTS([IN] = {.name = "in", .type = AMTG_DATAGRAM, .help = "payloads"}),
    AMTG_PARAMS(AMTG_U32(struct output, queue, "1024", 1, 1 << 20, "packets",
                         "packets that may wait for the reader")),
    AMTG_COUNTERS([WRITTEN] = {"written", "packets", "packets written whole"},
                  [OCTETS] = {"octets", "octets", "octets written"},
                  [WAITS] = {"waits", "times", "writing waited for the reader"}),
    AMTG_DROPS([FULL] = {"full", "`queue` packets were waiting for the reader"},
               [CLOSED] = {"closed", "the reader had closed the pipe"},
               [FAILED] = {"failed", "it could not be written, which ends the run"},
               [STOPPED] = {"stopped", "was waiting when the run ended"}),
    .keeps = stdout_keeps,
    .init = stdout_init,
    .start = stdout_start,
    .stop = stdout_stop,
    .push = stdout_push,
};
