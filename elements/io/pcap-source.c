/*
 * pcap-source: the IP datagrams of a capture file, at the times at which they were
 * captured, at a rate of its own, or as fast as the graph takes them. It reads a
 * file, not the host, so it stays in place when the boundary replaces sockets.
 *
 *     elements:
 *       native: {class: pcap-source, file: native.pcap, speed: rate, rate: 1000}
 *     edges:
 *       - native -> check
 */
#include <string.h>

#include "core/capture_file.h"
#include "core/element.h"
#include "elements/wire/types.h"

enum speed { RECORDED, RATE, FAST };
static const char *const speeds[] = {"recorded", "rate", "fast", NULL};

struct pcap_source {
    const char *file;
    int speed;
    double rate;
    uint64_t loops;
    uint64_t gap_ns;

    struct amtg_capture_reader *reader;
    struct amtg_captured next; /* read, not yet sent; valid while `more` */
    bool more;
    uint64_t start_ns, pass_ns; /* loop time at which all, and this pass, began */
    uint64_t first_wall_ns;     /* date of the first datagram of the file */
    uint64_t due_ns;            /* loop time at which `next` is due; never goes back */
    uint64_t sent, sent_before_pass;
    struct amtg_timer timer;
    struct amtg_task task; /* the next turn of speed `fast`; or buffers are back */
};

enum { OUT };
enum { SENT, NOT_IP, CUT, PASSES };
enum { WHY = 256 };

/* ---- reading ------------------------------------------------------------ */

static void find_due(struct amtg_element *e)
{
    struct pcap_source *s = amtg_state(e);
    uint64_t due = 0;

    if (s->speed == RATE)
        due = s->start_ns + (uint64_t)((double)s->sent * (double)AMTG_S / s->rate);
    else if (s->speed == RECORDED && s->next.wall_ns > s->first_wall_ns)
        due = s->pass_ns + (s->next.wall_ns - s->first_wall_ns);
    if (due > s->due_ns)
        s->due_ns = due; /* an earlier date than its predecessor's: at once */
}

static void begin_pass(struct amtg_element *e, uint64_t now_ns)
{
    struct pcap_source *s = amtg_state(e);

    s->pass_ns = s->due_ns = now_ns;
    s->first_wall_ns = s->next.wall_ns;
    s->sent_before_pass = s->sent;
}

/* A pass is over. Read the first datagram of another one, if there is one to come. */
static enum amtg_capture_result read_again(struct amtg_element *e, char *why, size_t room)
{
    struct pcap_source *s = amtg_state(e);

    amtg_count(e, PASSES, 1);
    if (e->counters[PASSES] == s->loops || s->sent == s->sent_before_pass)
        return AMTG_CAPTURE_END; /* or there is nothing in the file to send */
    if (!amtg_capture_rewind(s->reader, why, room))
        return AMTG_CAPTURE_BROKEN;
    enum amtg_capture_result result = amtg_capture_next(s->reader, &s->next, why, room);
    if (result == AMTG_CAPTURE_DATAGRAM)
        begin_pass(e, s->due_ns + (s->speed == RECORDED ? s->gap_ns : 0));
    return result;
}

/* Read the next datagram and say when it is due; at the end of all passes `more` becomes false. */
static bool read_next(struct amtg_element *e, char *why, size_t room)
{
    struct pcap_source *s = amtg_state(e);
    enum amtg_capture_result result = amtg_capture_next(s->reader, &s->next, why, room);

    if (result == AMTG_CAPTURE_END)
        result = read_again(e, why, room);
    struct amtg_capture_stats stats = amtg_capture_stats(s->reader);
    amtg_gauge(e, NOT_IP, stats.not_ip);
    amtg_gauge(e, CUT, stats.cut);
    s->more = result == AMTG_CAPTURE_DATAGRAM;
    if (s->more)
        find_due(e);
    return result != AMTG_CAPTURE_BROKEN;
}

/* ---- sending ------------------------------------------------------------ */

/* false: nothing more can be sent in this turn, for want of a buffer or for good. */
static bool send_one(struct amtg_element *e)
{
    struct pcap_source *s = amtg_state(e);
    struct amtg_packet *p = amtg_make(e, AMTG_IP_RAW, s->next.len);
    char why[WHY];

    if (!p) {
        amtg_wait_for_buffers(e, &s->task);
        return false;
    }
    memcpy(p->data, s->next.octets, s->next.len);
    s->sent++;
    amtg_count(e, SENT, 1);
    amtg_emit(e, OUT, p);
    if (!read_next(e, why, sizeof why))
        amtg_abort(e, "%s", why);
    if (!s->more)
        amtg_release(e);
    return s->more;
}

/* All that is due, but at most a batch in one turn: others want theirs too. */
static void send_due(struct amtg_element *e)
{
    struct pcap_source *s = amtg_state(e);

    for (unsigned i = 0; i < AMTG_BATCH && s->due_ns <= amtg_now(e); i++)
        if (!send_one(e))
            return;
    if (s->due_ns > amtg_now(e))
        amtg_timer_start(e, &s->timer, s->due_ns - amtg_now(e));
    else
        amtg_task_post(e, &s->task);
}

static void pcap_source_fire(struct amtg_element *e, struct amtg_timer *t)
{
    (void)t;
    send_due(e);
}

static void pcap_source_run(struct amtg_element *e, struct amtg_task *t)
{
    (void)t;
    send_due(e);
}

/* ---- life --------------------------------------------------------------- */

static enum amtg_err pcap_source_init(struct amtg_element *e)
{
    struct pcap_source *s = amtg_state(e);

    s->timer.fire = pcap_source_fire;
    s->task.run = pcap_source_run;
    return AMTG_OK;
}

static enum amtg_err pcap_source_start(struct amtg_element *e)
{
    struct pcap_source *s = amtg_state(e);
    char why[WHY];

    s->reader = amtg_capture_open(s->file, why, sizeof why);
    if (!s->reader)
        return amtg_fail(e, AMTG_EFILE, "%s", why);
    s->start_ns = s->pass_ns = s->due_ns = amtg_now(e);
    s->first_wall_ns = UINT64_MAX; /* whatever its date, the first one is due now */
    if (!read_next(e, why, sizeof why)) {
        amtg_capture_close(s->reader);
        return amtg_fail(e, AMTG_EFILE, "%s", why);
    }
    if (s->more) {
        begin_pass(e, amtg_now(e));
        amtg_hold(e);
        amtg_timer_start(e, &s->timer, 0);
    }
    return AMTG_OK;
}

static void pcap_source_stop(struct amtg_element *e)
{
    struct pcap_source *s = amtg_state(e);

    amtg_timer_stop(e, &s->timer);
    amtg_task_cancel(e, &s->task);
    if (s->more)
        amtg_release(e);
    s->more = false;
    amtg_capture_close(s->reader);
    s->reader = NULL;
}

const struct amtg_class amtg_pcap_source = {
    .name = "pcap-source",
    .summary = "the IP datagrams of a capture file",
    .details =
        "Reads pcap and pcapng files of Ethernet (with or without VLAN tags), Linux cooked, BSD "
        "loopback and raw IP frames. Frames of other protocols, and those that were not captured "
        "whole, are left out and counted.\n\n"
        "Speed `recorded` keeps the distances in time of the file, and leaves `gap` between two "
        "passes; `rate` sends `rate` packets/s; `fast` sends a batch in each turn of the loop (on "
        "the virtual clock no time passes meanwhile). When the pool is dry it waits, and then "
        "makes up for it.\n\n"
        "The run goes on at least until all passes are done. A file that turns out to be damaged "
        "ends the run as a failure, after the packets before the damage.",
    .example = "elements:\n"
               "  native: {class: pcap-source, file: native.pcap, speed: rate, rate: 1000}\n"
               "  copy:   {class: pcap-sink, file: copy.pcap}\n"
               "edges:\n"
               "  - native -> copy\n",
    .flags = AMTG_SINGLE,
    .state_octets = sizeof(struct pcap_source),
    AMTG_OUTPUTS([OUT] = {.name = "out",
                          .type = AMTG_IP_RAW,
                          .help = "the datagrams, in the order of the file"}),
    AMTG_PARAMS(
        AMTG_FILE(struct pcap_source, file, NULL, "the capture, pcap or pcapng"),
        AMTG_ENUM(struct pcap_source, speed, "recorded", speeds, "when the datagrams are sent"),
        AMTG_FLOAT(struct pcap_source, rate, "1000", 0.001, 1e8, "packets/s", "for speed `rate`"),
        AMTG_U64(struct pcap_source, loops, "1", 0, UINT64_MAX, "passes",
                 "how often the file is sent; 0: without end"),
        AMTG_DURATION(struct pcap_source, gap_ns, "1s", AMTG_US, 86400 * AMTG_S,
                      "time between two passes at speed `recorded`")),
    AMTG_COUNTERS([SENT] = {"sent", "packets", "datagrams sent"},
                  [NOT_IP] = {"not-ip", "frames", "frames left out: another protocol"},
                  [CUT] = {"cut", "frames", "frames left out: not captured whole"},
                  [PASSES] = {"passes", "passes", "how often the end of the file was reached"}),
    .init = pcap_source_init,
    .start = pcap_source_start,
    .stop = pcap_source_stop,
};
