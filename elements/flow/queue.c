/*
 * queue: keeps packets until the loop comes round, and passes them on in the order
 * of its discipline. It never emits from inside its push, so a cycle may pass
 * through it, and what stands before it cannot be slowed down by what stands
 * behind it. Rates are not its business.
 *
 *     elements:
 *       wait: {class: queue, limit: 4096, discipline: fair}
 *     edges:
 *       - messages.request -> wait -> query
 *
 * All disciplines are rows of lanes, each a list in order of arrival; they differ
 * in the lane that a packet goes to, in the lane that is served next, and in who
 * must go when the queue is full:
 *
 *                lanes                    next                  full
 *     fifo       one                      that one              the new packet
 *     priority   8, by precedence         the highest           the oldest of the lowest
 *     fair       `flows`, by keyed hash   in turn, by octets    the oldest of the longest
 */
#include <stdlib.h>
#include <string.h>

#include "core/element.h"
#include "core/table.h"
#include "elements/wire/types.h"

enum discipline { FIFO, PRIORITY, FAIR };
static const char *const disciplines[] = {"fifo", "priority", "fair", NULL};

enum {
    BANDS = 8,           /* priority: one for each class selector (RFC 2474, section 4.2.2) */
    CONTROL_BAND = 6,    /* network control (RFC 4594, section 3.1) */
    QUANTUM_OCTETS = 1500, /* fair: what a lane may send in its turn */
};

struct lane {
    struct amtg_packet *first, **end;
    uint32_t count;
    uint32_t credit_octets;        /* fair: what is left of its turn */
    struct lane *next;             /* fair: in the circle of those that wait */
};

struct queue {
    uint32_t limit, burst, flows;
    int discipline;

    uint32_t count;
    uint64_t octets;
    struct lane *lanes;
    unsigned lanes_count;
    struct lane *waiting, **waiting_end; /* fair: lanes that hold packets; the first has its turn */
    struct amtg_table hash;              /* fair: for its keyed hash; holds nothing */
    struct amtg_task task;
};

enum { OUT };
enum { LENGTH, OCTETS, MOST };
enum { FULL, STOPPED };

/* ---- lanes -------------------------------------------------------------- */

static void lane_append(struct lane *lane, struct amtg_packet *p)
{
    p->next = NULL;
    *lane->end = p;
    lane->end = &p->next;
    lane->count++;
}

static struct amtg_packet *lane_take(struct lane *lane)
{
    struct amtg_packet *p = lane->first;

    lane->first = p->next;
    if (!lane->first)
        lane->end = &lane->first;
    lane->count--;
    p->next = NULL;
    return p;
}

/* ---- priority ----------------------------------------------------------- */

/*
 * IP packets go by the upper three bits of their DSCP, the class selector. What is
 * no IP packet carries none: records between elements, and AMT messages but data,
 * rank as network control; all other datagrams rank lowest.
 */
static unsigned band_of(const struct amtg_packet *p)
{
    if (amtg_type_is(p->type, AMTG_IP_RAW)) {
        if (p->len < 2)
            return 0;
        return p->data[0] >> 4 == 6 ? (unsigned)(p->data[0] & 0x0f) >> 1 : p->data[1] >> 5;
    }
    if (amtg_type_is(p->type, AMTG_RECORD))
        return CONTROL_BAND;
    if (amtg_type_is(p->type, AMTG_AMT) && !amtg_type_is(p->type, AMTG_AMT_DATA))
        return CONTROL_BAND;
    return 0;
}

static struct lane *highest(struct queue *q)
{
    struct lane *lane = q->lanes + q->lanes_count - 1;
    while (!lane->count)
        lane--;
    return lane;
}

/* The lowest band that holds something; NULL when the new packet's is no higher than that. */
static struct lane *lowest_below(struct queue *q, const struct lane *arriving)
{
    for (struct lane *lane = q->lanes; lane < arriving; lane++)
        if (lane->count)
            return lane;
    return NULL;
}

/* ---- fair: deficit round robin (Shreedhar and Varghese, 1995) ------------ */

/*
 * A flow: both addresses of an IP packet (no ports, since fragments have none), and
 * for all else address and port of the peer.
 */
static struct lane *lane_of_flow(struct queue *q, const struct amtg_packet *p)
{
    uint8_t key[32] = {0};

    if (!amtg_type_is(p->type, AMTG_IP_RAW)) {
        memcpy(key, p->peer.remote.octets, 16);
        memcpy(key + 16, &p->peer.remote_port, 2);
    } else if (p->len >= 20 && p->data[0] >> 4 == 4) {
        memcpy(key, p->data + 12, 8);
    } else if (p->len >= 40) {
        memcpy(key, p->data + 8, 32);
    }
    return q->lanes + amtg_table_hash(&q->hash, key, sizeof key) % q->lanes_count;
}

static void circle_append(struct queue *q, struct lane *lane)
{
    lane->next = NULL;
    *q->waiting_end = lane;
    q->waiting_end = &lane->next;
}

static void circle_shift(struct queue *q)
{
    q->waiting = q->waiting->next;
    if (!q->waiting)
        q->waiting_end = &q->waiting;
}

/* The lane whose turn it is and whose credit covers its next packet. */
static struct lane *in_turn(struct queue *q)
{
    for (;;) {
        struct lane *lane = q->waiting;
        if (!lane->count) { /* its packets were dropped while it waited */
            circle_shift(q);
            lane->next = lane;
        } else if (lane->credit_octets >= lane->first->len) {
            lane->credit_octets -= lane->first->len;
            return lane;
        } else {
            lane->credit_octets += QUANTUM_OCTETS;
            circle_shift(q);
            circle_append(q, lane);
        }
    }
}

/* Looks at every lane, but only when the queue is full. */
static struct lane *longest(struct queue *q)
{
    struct lane *most = q->lanes;
    for (struct lane *lane = q->lanes; lane < q->lanes + q->lanes_count; lane++)
        if (lane->count > most->count)
            most = lane;
    return most;
}

/* ---- in and out --------------------------------------------------------- */

static struct lane *lane_of(struct queue *q, const struct amtg_packet *p)
{
    switch (q->discipline) {
    case PRIORITY:
        return q->lanes + band_of(p);
    case FAIR:
        return lane_of_flow(q, p);
    default:
        return q->lanes;
    }
}

static struct lane *lane_to_serve(struct queue *q)
{
    switch (q->discipline) {
    case PRIORITY:
        return highest(q);
    case FAIR:
        return in_turn(q);
    default:
        return q->lanes;
    }
}

/* When full: the lane whose oldest packet makes room for one in `arriving`, or NULL. */
static struct lane *lane_to_cut(struct queue *q, struct lane *arriving)
{
    switch (q->discipline) {
    case PRIORITY:
        return lowest_below(q, arriving);
    case FAIR:
        return longest(q);
    default:
        return NULL;
    }
}

static struct amtg_packet *take(struct queue *q, struct lane *lane)
{
    struct amtg_packet *p = lane_take(lane);

    q->count--;
    q->octets -= p->len;
    return p;
}

static void keep(struct queue *q, struct lane *lane, struct amtg_packet *p)
{
    if (q->discipline == FAIR && lane->next == lane) { /* alone: not in the circle */
        lane->credit_octets = QUANTUM_OCTETS;
        circle_append(q, lane);
    }
    lane_append(lane, p);
    q->count++;
    q->octets += p->len;
}

static void show(struct amtg_element *e)
{
    const struct queue *q = amtg_state(e);

    amtg_gauge(e, LENGTH, q->count);
    amtg_gauge(e, OCTETS, q->octets);
    if (q->count > e->counters[MOST])
        amtg_gauge(e, MOST, q->count);
}

static void queue_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct queue *q = amtg_state(e);

    (void)in;
    AMTG_EACH (packet, batch) {
        struct lane *lane = lane_of(q, packet);
        if (q->count == q->limit) {
            struct lane *cut = lane_to_cut(q, lane);
            if (!cut) {
                amtg_drop(e, FULL, packet);
                continue;
            }
            amtg_drop(e, FULL, take(q, cut));
        }
        keep(q, lane, packet);
    }
    if (q->count)
        amtg_task_post(e, &q->task);
    show(e);
}

static void queue_run(struct amtg_element *e, struct amtg_task *t)
{
    struct queue *q = amtg_state(e);

    for (uint32_t i = 0; i < q->burst && q->count; i++)
        amtg_emit(e, OUT, take(q, lane_to_serve(q)));
    if (q->count)
        amtg_task_post(e, t);
    show(e);
}

/* ---- life --------------------------------------------------------------- */

static enum amtg_err queue_init(struct amtg_element *e)
{
    struct queue *q = amtg_state(e);

    q->lanes_count = q->discipline == FAIR ? q->flows : q->discipline == PRIORITY ? BANDS : 1;
    q->lanes = calloc(q->lanes_count, sizeof *q->lanes);
    if (!q->lanes)
        return AMTG_ENOMEM;
    for (unsigned i = 0; i < q->lanes_count; i++) {
        q->lanes[i].end = &q->lanes[i].first;
        q->lanes[i].next = &q->lanes[i]; /* points to itself: not in the circle */
    }
    q->waiting_end = &q->waiting;
    amtg_table_init(&q->hash, e->hash_key);
    q->task.run = queue_run;
    return AMTG_OK;
}

static void queue_stop(struct amtg_element *e)
{
    struct queue *q = amtg_state(e);

    amtg_task_cancel(e, &q->task);
    for (unsigned i = 0; i < q->lanes_count; i++)
        while (q->lanes[i].count)
            amtg_drop(e, STOPPED, take(q, &q->lanes[i]));
    show(e);
}

static void queue_fini(struct amtg_element *e)
{
    struct queue *q = amtg_state(e);

    amtg_table_fini(&q->hash);
    free(q->lanes);
}

static uint32_t queue_keeps(const void *state)
{
    const struct queue *q = state;
    return q->limit;
}

const struct amtg_class amtg_queue = {
    .name = "queue",
    .summary = "keeps packets until the loop comes round",
    .details =
        "It never emits from inside its push, so a cycle of edges may pass through it. Each turn "
        "of the loop passes on at most `burst` packets.\n\n"
        "Discipline `fifo`: in order of arrival; when full, the new packet is dropped.\n\n"
        "Discipline `priority`: eight bands, the highest first. IP packets go by the upper three "
        "bits of their DSCP (the class selector of RFC 2474, section 4.2.2). What is no IP packet "
        "carries none: records, and AMT messages other than Multicast Data, rank as network "
        "control (6), all other datagrams as best effort (0). When full, the oldest packet of the "
        "lowest band makes room for one of a higher band.\n\n"
        "Discipline `fair`: deficit round robin, in turns of 1500 octets, between flows: the two "
        "addresses of an IP packet, the peer's address and port of all else. Flows are told apart "
        "by a keyed hash over `flows` lanes. When full, the oldest packet of the longest lane is "
        "dropped, so a flood displaces itself only.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1}\n"
               "  wait:   {class: queue, limit: 4096, discipline: fair}\n"
               "  end:    {class: discard}\n"
               "edges:\n"
               "  - source -> wait -> end\n",
    .flags = AMTG_BREAKS,
    .state_octets = sizeof(struct queue),
    AMTG_INPUTS({.name = "in", .type = AMTG_ANY, .help = "what is to wait"}),
    AMTG_OUTPUTS([OUT] = {.name = "out",
                          .type = AMTG_ANY,
                          .help = "the same, in the order of the discipline",
                          .flags = AMTG_CARRIES_TYPE | AMTG_CARRIES_TO}),
    AMTG_PARAMS(AMTG_U32(struct queue, limit, "1024", 1, 1 << 20, "packets", "most that it keeps"),
                AMTG_ENUM(struct queue, discipline, "fifo", disciplines,
                          "who goes first, and who must go when it is full"),
                AMTG_U32(struct queue, burst, "64", 1, 1 << 16, "packets",
                         "most that it passes on in one turn of the loop"),
                AMTG_U32(struct queue, flows, "256", 1, 1 << 16, "lanes",
                         "lanes of discipline `fair`")),
    AMTG_COUNTERS([LENGTH] = {"length", "packets", "packets in it now", AMTG_GAUGE},
                  [OCTETS] = {"octets", "octets", "their octets", AMTG_GAUGE},
                  [MOST] = {"most", "packets", "most packets that were in it at once", AMTG_GAUGE}),
    AMTG_DROPS([FULL] = {"full", "the queue held `limit` packets"},
               [STOPPED] = {"stopped", "still waiting when the graph stopped"}),
    .keeps = queue_keeps,
    .init = queue_init,
    .stop = queue_stop,
    .fini = queue_fini,
    .push = queue_push,
};
