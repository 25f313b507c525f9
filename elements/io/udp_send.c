#include "core/table.h"
#include "elements/io/udp_send.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "elements/io/udp_burst.h"
#include "elements/io/udp_receive.h"

enum {
    TRIES_OWN = 2,        /* sends of one message that fail without any ICMP error waiting */
    TRIES_FOREIGN = 16,   /* the same while ICMP errors about others keep coming in */
    STALLS = 8,           /* pauses in a row before a copy is given up for lack of room */
};

#define PAUSE_NS AMTG_MS

/* ---- sending a burst ---------------------------------------------------- */

static enum amtg_sock_drop reason_of(int error)
{
    switch (error) {
    case EMSGSIZE:
        return AMTG_SOCK_TOO_BIG;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
        return AMTG_SOCK_NO_ROUTE;
    case EPERM:
    case EACCES:
        return AMTG_SOCK_NOT_PERMITTED;
    case ENOBUFS:
    case ENOMEM:
        return AMTG_SOCK_NO_DEVICE_ROOM;
    default:
        return AMTG_SOCK_SEND_FAILED;
    }
}

/* Give up the copies that message i is. A reply is dropped whole. */
static void give_up(struct amtg_udp_sender *s, struct amtg_udp_lane *lane, unsigned i,
                    enum amtg_sock_drop reason)
{
    const struct amtg_udp_place *place = amtg_udp_burst_place(s->burst, i);

    amtg_udp_lane_advance(lane, s->element, place);
    if (amtg_udp_is_reply(place->train->first))
        amtg_drop(s->element, reason, amtg_udp_lane_take(lane));
    else
        amtg_drop_count(s->element, reason, amtg_udp_burst_copies(s->burst, i));
    s->tries = 0;
}

/* What to do about a failed send. */
enum verdict { AGAIN, GIVE_UP, WAIT, ONE_BY_ONE };

/*
 * What a train fails with where the way to its destination takes none (udp(7)): a datagram
 * larger than the link, a device or a tunnel (say IPsec) that cannot do checksums for it.
 */
static bool is_about_trains(int error)
{
    return error == EINVAL || error == EMSGSIZE || error == EIO || error == EOPNOTSUPP;
}

static enum verdict judge(struct amtg_udp_sender *s, struct amtg_udp_bound *bound, unsigned copies,
                          int error)
{
    struct amtg_element *e = s->element;

    if (error == EINTR)
        return AGAIN;
    if (error == EAGAIN) {
        amtg_count(e, AMTG_SOCK_WAITS, 1);
        s->blocked = bound;
        amtg_watch_set(e, &bound->watch, bound->watch.events | EPOLLOUT);
        return WAIT;
    }
    if (error == ENOBUFS || error == ENOMEM) { /* the device's queue is full */
        if (s->stalls >= STALLS)
            return GIVE_UP;
        s->stalls++;
        amtg_count(e, AMTG_SOCK_WAITS, 1);
        amtg_timer_start(e, &s->pause, PAUSE_NS);
        return WAIT;
    }
    /*
     * With IP_RECVERR an ICMP error about one peer fails the next send to any
     * other. Reading the error queue makes the socket well again; then this copy is
     * sent once more. When it fails with nothing in the queue, the error is its own. For a
     * train too: else one forged "too big" after another would end everybody's trains.
     */
    bound->link_mtu = 0;
    bool foreign = amtg_udp_drain_errors(e, bound) > 0;
    bool over = ++s->tries >= (foreign ? TRIES_FOREIGN : TRIES_OWN);
    if (copies > 1 && is_about_trains(error) && (over || !foreign)) {
        s->tries = 0;
        return ONE_BY_ONE;
    }
    if (over)
        return GIVE_UP;
    amtg_count(e, AMTG_SOCK_REPEATED, 1);
    return AGAIN;
}

/* The copy at this place does not fit the first link: whoever keeps path MTUs wants to know. */
static void report_too_big(struct amtg_udp_sender *s, const struct amtg_udp_bound *bound,
                           const struct amtg_udp_place *place)
{
    const struct amtg_peer *peer = amtg_udp_destination(place->train, place->index);

    if (peer)
        amtg_udp_report_too_big(s->element, bound, peer);
}

/*
 * For a while this destination gets each datagram by itself; said once for the socket. Ways
 * change, so it is tried again: where nothing has changed that costs one call that fails.
 */
static void give_up_trains(struct amtg_udp_sender *s, const struct amtg_udp_place *place, int error)
{
    struct amtg_endpoint *to = place->train->first->to->entries[place->index];
    char text[AMTG_ADDR_TEXT];

    to->plain_ns = amtg_now(s->element) + AMTG_TRAINS_AGAIN;
    amtg_count(s->element, AMTG_SOCK_PLAIN, 1);
    if (s->plain_said)
        return;
    s->plain_said = true;
    amtg_log(s->element, AMTG_LOG_INFO, "no-trains", "destination=%s error=\"%s\"",
             amtg_addr_text(&to->peer.remote, text), strerror(error));
}

/* Returns how many copies are done with. Ends early when it must wait, or fill the burst anew. */
static unsigned send_burst(struct amtg_udp_sender *s, struct amtg_udp_lane *lane)
{
    struct amtg_udp_bound *bound = amtg_udp_burst_bound(s->burst);
    unsigned count = amtg_udp_burst_count(s->burst), done = 0, copies = 0;

    while (done < count) {
        if (!bound) {
            copies += amtg_udp_burst_copies(s->burst, done);
            give_up(s, lane, done++, AMTG_SOCK_NO_SOCKET);
            continue;
        }
        int n = sendmmsg(bound->fd, amtg_udp_burst_messages(s->burst) + done, count - done, 0);
        amtg_count(s->element, AMTG_SOCK_CALLS, 1);
        if (n > 0) {
            struct amtg_udp_sum sent = amtg_udp_burst_sent(s->burst, done, (unsigned)n);
            amtg_count(s->element, AMTG_SOCK_COPIES, sent.copies);
            amtg_count(s->element, AMTG_SOCK_TRAINS, sent.trains);
            copies += sent.copies;
            done += (unsigned)n;
            s->tries = s->stalls = 0;
            continue;
        }
        int error = errno;
        const struct amtg_udp_place *place = amtg_udp_burst_place(s->burst, done);
        enum verdict verdict = judge(s, bound, amtg_udp_burst_copies(s->burst, done), error);
        if (verdict == AGAIN)
            continue;
        if (verdict == ONE_BY_ONE)
            give_up_trains(s, place, error);
        if (verdict != GIVE_UP)
            break;
        if (error == EMSGSIZE && bound->link_mtu)
            report_too_big(s, bound, place);
        copies += amtg_udp_burst_copies(s->burst, done);
        give_up(s, lane, done++, reason_of(error));
    }
    amtg_udp_lane_advance(lane, s->element, amtg_udp_burst_place(s->burst, done));
    return copies;
}

/* ---- turns -------------------------------------------------------------- */

static uint32_t waiting(const struct amtg_udp_sender *s)
{
    return s->replies.count + s->sets.count;
}

static bool must_wait(const struct amtg_udp_sender *s)
{
    return s->blocked || amtg_timer_running(&s->pause);
}

static void fill(struct amtg_udp_sender *s, struct amtg_udp_lane *lane, uint32_t copies)
{
    amtg_udp_burst_fill(s->burst, lane, copies, s->bounds, s->bounds_count, s->tos,
                        amtg_now(s->element));
}

static void turn(struct amtg_udp_sender *s)
{
    uint32_t budget = s->budget;

    while (budget && waiting(s) && !must_wait(s)) {
        struct amtg_udp_lane *lane = s->replies.first ? &s->replies : &s->sets;
        fill(s, lane, budget);
        uint32_t copies = send_burst(s, lane);
        budget -= copies < budget ? copies : budget;
    }
    s->element->counters[AMTG_SOCK_QUEUED] += (uint64_t)waiting(s) - s->shown; /* a gauge of all senders */
    s->shown = waiting(s);
    if (waiting(s) && !must_wait(s))
        amtg_task_post(s->element, &s->task);
}

static void run(struct amtg_element *e, struct amtg_task *t)
{
    (void)e;
    turn(AMTG_CONTAINER(t, struct amtg_udp_sender, task));
}

static void pause_over(struct amtg_element *e, struct amtg_timer *t)
{
    struct amtg_udp_sender *s = AMTG_CONTAINER(t, struct amtg_udp_sender, pause);
    amtg_task_post(e, &s->task);
}

static void gathered(struct amtg_element *e, struct amtg_timer *t)
{
    struct amtg_udp_sender *s = AMTG_CONTAINER(t, struct amtg_udp_sender, gather);

    if (!must_wait(s))
        amtg_task_post(e, &s->task);
}

void amtg_udp_sender_writable(struct amtg_udp_sender *s, struct amtg_udp_bound *bound)
{
    amtg_watch_set(s->element, &bound->watch, bound->watch.events & ~(uint32_t)EPOLLOUT);
    s->blocked = NULL;
    amtg_task_post(s->element, &s->task);
}

void amtg_udp_sender_take(struct amtg_udp_sender *s, struct amtg_packet *p)
{
    if (!amtg_udp_is_reply(p) && !p->to) {
        amtg_drop(s->element, AMTG_SOCK_NO_DESTINATION, p);
        return;
    }
    /* Loopback would take a little more, only to refuse it by an ICMP error later on. */
    if (p->len > AMTG_TRAIN_OCTETS_MOST) {
        amtg_drop(s->element, AMTG_SOCK_TOO_BIG, p);
        return;
    }
    struct amtg_udp_lane *lane = amtg_udp_is_reply(p) ? &s->replies : &s->sets;
    if (lane->count >= s->limit) {
        amtg_drop(s->element, AMTG_SOCK_QUEUE_FULL, p);
        return;
    }
    if (!amtg_udp_lane_put(lane, p)) {
        amtg_drop_no_buffer(s->element, p);
        return;
    }
    if (must_wait(s))
        return;
    /* Only where that is wanted does a packet wait for others to make a train with. */
    if (lane == &s->sets && s->coalesce_ns && lane->count < lane->longest) {
        if (!amtg_timer_running(&s->gather))
            amtg_timer_start(s->element, &s->gather, s->coalesce_ns);
        return;
    }
    amtg_task_post(s->element, &s->task);
}

bool amtg_udp_sender_init(struct amtg_udp_sender *s, struct amtg_element *e, uint32_t longest)
{
    s->element = e;
    amtg_udp_lane_init(&s->replies, 1);
    amtg_udp_lane_init(&s->sets, longest);
    s->task.run = run;
    s->pause.fire = pause_over;
    s->gather.fire = gathered;
    s->burst = amtg_udp_burst_new();
    return s->burst != NULL;
}

void amtg_udp_sender_fini(struct amtg_udp_sender *s)
{
    amtg_udp_burst_free(s->burst);
    amtg_udp_lane_fini(&s->replies);
    amtg_udp_lane_fini(&s->sets);
}

/*
 * What was said to single peers when the run ended (a gateway's Teardown, say) still
 * leaves, if the socket takes it without waiting. Twice: an ICMP error about another
 * peer fails the first attempt.
 */
static void last_replies(struct amtg_udp_sender *s)
{
    struct mmsghdr *message = amtg_udp_burst_messages(s->burst);

    while (s->replies.first) {
        fill(s, &s->replies, 1);
        struct amtg_udp_bound *bound = amtg_udp_burst_bound(s->burst);
        bool left = bound && (sendmmsg(bound->fd, message, 1, MSG_DONTWAIT) == 1 ||
                              sendmmsg(bound->fd, message, 1, MSG_DONTWAIT) == 1);
        if (!left) {
            give_up(s, &s->replies, 0, bound ? AMTG_SOCK_STOPPED : AMTG_SOCK_NO_SOCKET);
            continue;
        }
        amtg_count(s->element, AMTG_SOCK_CALLS, 1);
        amtg_count(s->element, AMTG_SOCK_COPIES, 1);
        amtg_udp_lane_advance(&s->replies, s->element, amtg_udp_burst_place(s->burst, 1));
    }
}

void amtg_udp_sender_stop(struct amtg_udp_sender *s)
{
    amtg_task_cancel(s->element, &s->task);
    amtg_timer_stop(s->element, &s->pause);
    amtg_timer_stop(s->element, &s->gather);
    last_replies(s);
    while (s->sets.first)
        amtg_drop(s->element, AMTG_SOCK_STOPPED, amtg_udp_lane_take(&s->sets));
    s->blocked = NULL;
}
