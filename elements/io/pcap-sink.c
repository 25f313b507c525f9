/*
 * pcap-sink: writes IP packets to a capture file (pcap, raw IP, time stamps in
 * nanoseconds: the date at which each packet came in or was made). It is the end of
 * a path; put a tee before it to go on. It writes a file, not the host, so it stays
 * in place when the boundary replaces sockets.
 *
 *     elements:
 *       file: {class: pcap-sink, file: out.pcap}
 *     edges:
 *       - check -> file
 */
#include "core/capture_file.h"
#include "core/element.h"
#include "elements/wire/types.h"

struct pcap_sink {
    const char *file;

    struct amtg_capture_writer *writer;
};

enum { WRITTEN, OCTETS };
enum { UNWRITTEN };
enum { WHY = 256 };

static void pcap_sink_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct pcap_sink *s = amtg_state(e);

    (void)in;
    AMTG_EACH (packet, batch) {
        uint64_t wall_ns = amtg_loop_wall_ns(e->loop, packet->time_ns);
        if (!amtg_capture_write(s->writer, wall_ns, packet->data, packet->len)) {
            amtg_abort(e, "cannot write %s", s->file);
            amtg_drop(e, UNWRITTEN, packet);
            continue;
        }
        amtg_count(e, WRITTEN, 1);
        amtg_count(e, OCTETS, packet->len);
        amtg_finish(e, packet);
    }
}

static enum amtg_err pcap_sink_start(struct amtg_element *e)
{
    struct pcap_sink *s = amtg_state(e);
    char why[WHY];

    s->writer = amtg_capture_create(s->file, why, sizeof why);
    return s->writer ? AMTG_OK : amtg_fail(e, AMTG_EFILE, "%s", why);
}

static void pcap_sink_stop(struct amtg_element *e)
{
    struct pcap_sink *s = amtg_state(e);
    char why[WHY];

    if (!amtg_capture_finish(s->writer, why, sizeof why))
        amtg_abort(e, "%s", why);
    s->writer = NULL;
}

const struct amtg_class amtg_pcap_sink = {
    .name = "pcap-sink",
    .summary = "writes IP packets to a capture file",
    .details = "The file is pcap with raw IP datagrams and time stamps in nanoseconds. A file of "
               "that name is replaced when the graph starts. The file is complete when the graph "
               "has stopped.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1, count: 100}\n"
               "  file:   {class: pcap-sink, file: out.pcap}\n"
               "edges:\n"
               "  - source -> file\n",
    .flags = AMTG_SINGLE,
    .state_octets = sizeof(struct pcap_sink),
    AMTG_INPUTS({.name = "in", .type = AMTG_IP_RAW, .help = "IP packets, verified or not"}),
    AMTG_PARAMS(AMTG_FILE(struct pcap_sink, file, NULL, "the capture to write")),
    AMTG_COUNTERS([WRITTEN] = {"written", "packets", "packets written"},
                  [OCTETS] = {"octets", "octets", "their octets, file headers not counted"}),
    AMTG_DROPS([UNWRITTEN] = {"unwritten", "the file could not be written, which ends the run"}),
    .start = pcap_sink_start,
    .stop = pcap_sink_stop,
    .push = pcap_sink_push,
};
