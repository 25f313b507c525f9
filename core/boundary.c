/*
 * The boundary: a stand-in with the same ports takes the place of a class that
 * touches the host. What comes out of it is replayed from a capture file at the
 * times at which it was captured; what goes into it is recorded, as a capture
 * file or, when the file's name does not end in .pcap, as a line of text for each
 * packet and destination. It knows no class: types say how they look on a wire.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/capture_file.h"
#include "core/runtime_private.h"

struct boundary {
    const struct amtg_graph_node *node;
    struct amtg_capture_reader *reader;
    struct amtg_captured next; /* read, not yet replayed; valid while `more` */
    bool more;
    struct amtg_timer timer;
    struct amtg_task again; /* buffers are back */
    struct amtg_capture_writer *writer;
    FILE *text;
    uint64_t replayed, not_replayable, recorded;
    uint64_t now_wall_ns; /* for the sink of to_ip */
};

static const char *file_for(const char *element, const struct amtg_boundary_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(files[i].element, element) == 0)
            return files[i].path;
    return NULL;
}

bool amtg_boundary_wanted(const struct amtg_graph_node *node, const struct amtg_runtime_options *o)
{
    return o->boundary && ((node->class->flags & AMTG_HOST) ||
                           file_for(node->name, o->replays, o->replays_count) ||
                           file_for(node->name, o->records, o->records_count));
}

/* ---- replay: out of the stand-in ---------------------------------------- */

static bool read_next(struct amtg_element *e, char *why, size_t room)
{
    struct boundary *b = e->boundary;
    enum amtg_capture_result result = amtg_capture_next(b->reader, &b->next, why, room);

    b->more = result == AMTG_CAPTURE_DATAGRAM;
    return result != AMTG_CAPTURE_BROKEN;
}

/* Loop time at which the packet read last is due. */
static uint64_t due_ns(const struct amtg_element *e)
{
    const struct boundary *b = e->boundary;
    uint64_t zero = amtg_loop_wall_ns(e->loop, 0);

    return b->next.wall_ns > zero ? b->next.wall_ns - zero : 0;
}

/* Out of the first output whose type can make something of it. */
static void emit_captured(struct amtg_element *e, struct amtg_packet *p)
{
    struct boundary *b = e->boundary;

    for (unsigned i = 0; i < b->node->outs_count; i++) {
        const struct amtg_type *type = b->node->outs[i].type;
        const struct amtg_wire_form *wire = type ? amtg_type_wire(type) : NULL;
        if (wire && wire->from_ip && wire->from_ip(p)) {
            p->type = type;
            b->replayed++;
            amtg_emit(e, i, p);
            return;
        }
    }
    b->not_replayable++;
    amtg_finish(e, p);
}

static void replay_due(struct amtg_element *e)
{
    struct boundary *b = e->boundary;
    char why[AMTG_WHY];

    while (b->more && due_ns(e) <= amtg_now(e)) {
        struct amtg_packet *p = amtg_make(e, AMTG_PACKET, b->next.len);
        if (!p) {
            amtg_wait_for_buffers(e, &b->again);
            return;
        }
        memcpy(p->data, b->next.octets, b->next.len);
        emit_captured(e, p);
        if (!read_next(e, why, sizeof why)) {
            amtg_abort(e, "%s", why);
            break;
        }
    }
    if (b->more)
        amtg_timer_start(e, &b->timer, due_ns(e) - amtg_now(e));
    else
        amtg_release(e);
}

static void replay_fire(struct amtg_element *e, struct amtg_timer *t)
{
    (void)t;
    replay_due(e);
}

static void replay_again(struct amtg_element *e, struct amtg_task *t)
{
    (void)t;
    replay_due(e);
}

/* ---- record: into the stand-in ------------------------------------------ */

static void print_peer(FILE *out, const struct amtg_peer *peer)
{
    char local[AMTG_ADDR_TEXT], remote[AMTG_ADDR_TEXT];

    fprintf(out, " %s %u > %s %u", amtg_addr_text(&peer->local, local), peer->local_port,
            amtg_addr_text(&peer->remote, remote), peer->remote_port);
}

static void record_line(struct amtg_element *e, unsigned in, const struct amtg_packet *p,
                        const struct amtg_peer *to)
{
    struct boundary *b = e->boundary;
    uint64_t now = amtg_now(e);

    fprintf(b->text, "%llu.%06llu %s.%s", (unsigned long long)(now / AMTG_S),
            (unsigned long long)(now % AMTG_S / 1000), e->name, b->node->ins[in].name);
    if (to)
        print_peer(b->text, to);
    fputs(": ", b->text);
    amtg_type_describe(p, b->text);
    fputc('\n', b->text);
    b->recorded++;
}

static void record_text(struct amtg_element *e, unsigned in, const struct amtg_packet *p)
{
    if (!p->to) {
        record_line(e, in, p, p->flags & AMTG_ADDRESSED_ONE ? &p->peer : NULL);
        return;
    }
    for (uint32_t i = 0; i < p->to->count; i++)
        if (!p->to->entries[i]->dead)
            record_line(e, in, p, &p->to->entries[i]->peer);
}

static void record_octets(void *arg, const uint8_t *octets, uint32_t len)
{
    struct boundary *b = arg;

    amtg_capture_write(b->writer, b->now_wall_ns, octets, len);
    b->recorded++;
}

static void record(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct boundary *b = e->boundary;

    b->now_wall_ns = amtg_loop_wall_ns(e->loop, amtg_now(e));
    AMTG_EACH (p, batch) {
        const struct amtg_wire_form *wire = amtg_type_wire(p->type);
        if (b->text)
            record_text(e, in, p);
        else if (b->writer && wire && wire->to_ip)
            wire->to_ip(p, record_octets, b);
        amtg_finish(e, p);
    }
}

/* ---- life --------------------------------------------------------------- */

static bool is_capture_name(const char *path)
{
    size_t len = strlen(path);
    return len >= 5 && strcmp(path + len - 5, ".pcap") == 0;
}

/* A record file for an element that takes nothing, or a replay for one that gives nothing, is a mistake. */
static enum amtg_err open_files(struct amtg_element *e, const char *replay, const char *record_path)
{
    struct boundary *b = e->boundary;
    char why[AMTG_WHY];

    if (replay) {
        if (!b->node->outs_count)
            return amtg_fail(e, AMTG_ECONFIG, "has no output to replay %s from", replay);
        b->reader = amtg_capture_open(replay, why, sizeof why);
        if (!b->reader || !read_next(e, why, sizeof why))
            return amtg_fail(e, AMTG_EFILE, "%s", why);
    }
    if (record_path) {
        if (!b->node->ins_count)
            return amtg_fail(e, AMTG_ECONFIG, "has no input to record to %s", record_path);
        if (is_capture_name(record_path)) {
            b->writer = amtg_capture_create(record_path, why, sizeof why);
            if (!b->writer)
                return amtg_fail(e, AMTG_EFILE, "%s", why);
        } else {
            b->text = strcmp(record_path, "-") ? fopen(record_path, "w") : stdout;
            if (!b->text)
                return amtg_fail(e, AMTG_EFILE, "cannot write %s: %m", record_path);
        }
    }
    return AMTG_OK;
}

enum amtg_err amtg_boundary_init(struct amtg_element *e, const struct amtg_graph_node *node,
                                 const struct amtg_runtime_options *o)
{
    struct boundary *b = calloc(1, sizeof *b);

    if (!b)
        return AMTG_ENOMEM;
    b->node = node;
    b->timer.fire = replay_fire;
    b->again.run = replay_again;
    e->boundary = b;
    e->push = record;
    enum amtg_err err = open_files(e, file_for(node->name, o->replays, o->replays_count),
                                   file_for(node->name, o->records, o->records_count));
    if (err)
        amtg_boundary_fini(e);
    return err;
}

uint64_t amtg_boundary_first_wall_ns(const struct amtg_element *e)
{
    const struct boundary *b = e->boundary;
    return b->more ? b->next.wall_ns : UINT64_MAX;
}

enum amtg_err amtg_boundary_start(struct amtg_element *e)
{
    struct boundary *b = e->boundary;

    if (b->more) {
        amtg_hold(e);
        amtg_timer_start(e, &b->timer, due_ns(e));
    }
    return AMTG_OK;
}

void amtg_boundary_stop(struct amtg_element *e)
{
    struct boundary *b = e->boundary;

    if (b->more)
        amtg_release(e);
    b->more = false;
    amtg_timer_stop(e, &b->timer);
    amtg_task_cancel(e, &b->again);
}

void amtg_boundary_finish_recording(struct amtg_element *e)
{
    struct boundary *b = e->boundary;
    char why[AMTG_WHY];

    if (!amtg_capture_finish(b->writer, why, sizeof why))
        amtg_abort(e, "%s", why);
    b->writer = NULL;
    if (b->text && (fflush(b->text) != 0 || ferror(b->text)))
        amtg_abort(e, "cannot write all of its record");
    if (b->text && b->text != stdout)
        fclose(b->text);
    b->text = NULL;
}

void amtg_boundary_fini(struct amtg_element *e)
{
    struct boundary *b = e->boundary;
    char why[AMTG_WHY];

    amtg_capture_close(b->reader);
    amtg_capture_finish(b->writer, why, sizeof why); /* when it was never started */
    if (b->text && b->text != stdout)
        fclose(b->text);
    free(b);
    e->boundary = NULL;
}

void amtg_boundary_counts(const struct amtg_element *e, uint64_t counts[3])
{
    const struct boundary *b = e->boundary;

    counts[0] = b->replayed;
    counts[1] = b->not_replayable;
    counts[2] = b->recorded;
}
