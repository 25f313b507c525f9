#include "core/capture_file.h"

#include <pcap/pcap.h>
#include <pcap/sll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"
#include "core/packet.h"

/*
 * Link headers. Each function gets one whole frame, and returns how many octets
 * stand before the IP header, or NOT_IP.
 */
enum { NOT_IP = -1 };

enum {
    ETHERTYPE_IP4 = 0x0800,
    ETHERTYPE_IP6 = 0x86dd,
    ETHERTYPE_VLAN = 0x8100,         /* IEEE 802.1Q, customer tag */
    ETHERTYPE_SERVICE_VLAN = 0x88a8, /* IEEE 802.1Q, service tag */
    ETHERTYPE_OLD_QINQ = 0x9100,     /* service tag before it was standardized */
};

/* From an EtherType at `at`: step over tags; `next` is where what it announces begins. */
static int after_ethertype(const uint8_t *frame, uint32_t len, uint32_t at, uint32_t next)
{
    while (next <= len) {
        uint16_t ethertype = amtg_get_u16(frame + at);
        if (ethertype == ETHERTYPE_IP4 || ethertype == ETHERTYPE_IP6)
            return (int)next;
        if (ethertype != ETHERTYPE_VLAN && ethertype != ETHERTYPE_SERVICE_VLAN &&
            ethertype != ETHERTYPE_OLD_QINQ)
            return NOT_IP;
        at = next + 2; /* a tag: 2 octets of priority and VLAN, then the next EtherType */
        next += 4;
    }
    return NOT_IP;
}

static int raw_header(const uint8_t *frame, uint32_t len)
{
    (void)frame;
    (void)len;
    return 0;
}

static int ethernet_header(const uint8_t *frame, uint32_t len)
{
    return after_ethertype(frame, len, 12, 14);
}

static int sll_header(const uint8_t *frame, uint32_t len)
{
    return after_ethertype(frame, len, SLL_HDR_LEN - 2, SLL_HDR_LEN);
}

static int sll2_header(const uint8_t *frame, uint32_t len)
{
    return after_ethertype(frame, len, 0, SLL2_HDR_LEN);
}

/*
 * BSD loopback: four octets with an address family, in the byte order of the
 * machine that captured (NULL) or of the network (LOOP). IPv6 has as many numbers
 * as there are systems. All are below 256, so one octet tells, in either order.
 */
static int loopback_header(const uint8_t *frame, uint32_t len)
{
    static const uint8_t families[] = {2, 10, 24, 28, 30};

    if (len < 4 || frame[1] || frame[2] || (frame[0] && frame[3]))
        return NOT_IP;
    uint8_t family = frame[0] | frame[3];
    return memchr(families, family, sizeof families) ? 4 : NOT_IP;
}

static const struct link {
    int dlt;
    int (*header)(const uint8_t *frame, uint32_t len);
} links[] = {
    {DLT_RAW, raw_header},         {DLT_IPV4, raw_header},      {DLT_IPV6, raw_header},
    {DLT_EN10MB, ethernet_header}, {DLT_LINUX_SLL, sll_header}, {DLT_LINUX_SLL2, sll2_header},
    {DLT_NULL, loopback_header},   {DLT_LOOP, loopback_header},
};

static const struct link *link_find(int dlt)
{
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        if (links[i].dlt == dlt)
            return &links[i];
    return NULL;
}

/* ---- reading ------------------------------------------------------------ */

struct amtg_capture_reader {
    pcap_t *pcap;
    const struct link *link;
    struct amtg_capture_stats stats;
    uint64_t frame; /* number of the frame read last, from 1, for messages */
    char path[];
};

static bool reader_attach(struct amtg_capture_reader *r, char *why, size_t room)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_open_offline_with_tstamp_precision(r->path, PCAP_TSTAMP_PRECISION_NANO,
                                                           error);

    if (!pcap) {
        /* libpcap names the file itself when the system refuses it, but not otherwise. */
        if (strncmp(error, r->path, strlen(r->path)) == 0)
            snprintf(why, room, "cannot read %s", error);
        else
            snprintf(why, room, "%s is not a capture file: %s", r->path, error);
        return false;
    }
    const struct link *link = link_find(pcap_datalink(pcap));
    if (!link) {
        const char *name = pcap_datalink_val_to_name(pcap_datalink(pcap));
        snprintf(why, room,
                 "%s has frames of link type %d (%s), in which we cannot find IP datagrams "
                 "(expected Ethernet, Linux cooked, BSD loopback or raw IP)",
                 r->path, pcap_datalink(pcap), name ? name : "unknown");
        pcap_close(pcap);
        return false;
    }
    r->pcap = pcap;
    r->link = link;
    r->frame = 0;
    return true;
}

struct amtg_capture_reader *amtg_capture_open(const char *path, char *why, size_t room)
{
    size_t octets = strlen(path) + 1;
    struct amtg_capture_reader *r = calloc(1, sizeof *r + octets);

    if (!r) {
        snprintf(why, room, "no memory to read %s", path);
        return NULL;
    }
    memcpy(r->path, path, octets);
    if (!reader_attach(r, why, room)) {
        free(r);
        return NULL;
    }
    return r;
}

/* Find the datagram in a frame. false: skipped, and counted as such. */
static bool datagram_find(struct amtg_capture_reader *r, const struct pcap_pkthdr *header,
                          const uint8_t *frame, struct amtg_captured *out)
{
    int before = r->link->header(frame, header->caplen);

    if (before != NOT_IP && header->caplen < header->len) {
        r->stats.cut++;
        return false;
    }
    if (before == NOT_IP || header->caplen == (uint32_t)before ||
        header->caplen - (uint32_t)before > AMTG_LARGE_OCTETS) {
        r->stats.not_ip++;
        return false;
    }
    out->octets = frame + before;
    out->len = header->caplen - (uint32_t)before;
    /* By NANO precision tv_usec holds nanoseconds. */
    out->wall_ns = (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec;
    r->stats.datagrams++;
    return true;
}

enum amtg_capture_result amtg_capture_next(struct amtg_capture_reader *r, struct amtg_captured *out,
                                           char *why, size_t room)
{
    struct pcap_pkthdr *header;
    const uint8_t *frame;
    int got;

    while ((got = pcap_next_ex(r->pcap, &header, &frame)) == 1) {
        r->frame++;
        if (datagram_find(r, header, frame, out))
            return AMTG_CAPTURE_DATAGRAM;
    }
    if (got == PCAP_ERROR_BREAK)
        return AMTG_CAPTURE_END;
    snprintf(why, room, "%s is damaged after frame %llu: %s", r->path,
             (unsigned long long)r->frame, pcap_geterr(r->pcap));
    return AMTG_CAPTURE_BROKEN;
}

bool amtg_capture_rewind(struct amtg_capture_reader *r, char *why, size_t room)
{
    pcap_t *old = r->pcap;

    if (!reader_attach(r, why, room))
        return false;
    pcap_close(old);
    return true;
}

struct amtg_capture_stats amtg_capture_stats(const struct amtg_capture_reader *r)
{
    return r->stats;
}

void amtg_capture_close(struct amtg_capture_reader *r)
{
    if (!r)
        return;
    pcap_close(r->pcap);
    free(r);
}

/* ---- writing ------------------------------------------------------------ */

enum { SNAPSHOT_OCTETS = 262144 }; /* written into the file: more than any IP datagram */

struct amtg_capture_writer {
    pcap_t *pcap;
    pcap_dumper_t *dumper;
    char path[];
};

struct amtg_capture_writer *amtg_capture_create(const char *path, char *why, size_t room)
{
    size_t octets = strlen(path) + 1;
    struct amtg_capture_writer *w = calloc(1, sizeof *w + octets);

    if (!w)
        goto no_memory;
    memcpy(w->path, path, octets);
    w->pcap = pcap_open_dead_with_tstamp_precision(DLT_RAW, SNAPSHOT_OCTETS,
                                                   PCAP_TSTAMP_PRECISION_NANO);
    if (!w->pcap)
        goto no_memory;
    w->dumper = pcap_dump_open(w->pcap, path);
    if (!w->dumper) {
        snprintf(why, room, "cannot write %s", pcap_geterr(w->pcap)); /* "file: reason" */
        pcap_close(w->pcap);
        free(w);
        return NULL;
    }
    return w;

no_memory:
    snprintf(why, room, "no memory to write %s", path);
    free(w);
    return NULL;
}

bool amtg_capture_write(struct amtg_capture_writer *w, uint64_t wall_ns, const uint8_t *octets,
                        uint32_t len)
{
    struct pcap_pkthdr header = {.caplen = len, .len = len};

    header.ts.tv_sec = (time_t)(wall_ns / 1000000000u);
    header.ts.tv_usec = (suseconds_t)(wall_ns % 1000000000u);
    pcap_dump((u_char *)w->dumper, &header, octets);
    return !ferror(pcap_dump_file(w->dumper));
}

bool amtg_capture_finish(struct amtg_capture_writer *w, char *why, size_t room)
{
    if (!w)
        return true;
    bool written = pcap_dump_flush(w->dumper) == 0 && !ferror(pcap_dump_file(w->dumper));
    if (!written)
        snprintf(why, room, "cannot write all of %s", w->path);
    pcap_dump_close(w->dumper);
    pcap_close(w->pcap);
    free(w);
    return written;
}
