/*
 * Capture files (pcap and pcapng, by libpcap) as rows of whole IP datagrams with
 * their dates. Reading takes Ethernet (VLAN tags included), Linux "cooked" (v1 and
 * v2), BSD loopback and raw IP files; what is no IP datagram, or was not captured
 * whole, is skipped and counted. Nothing inside the datagrams is checked. Writing
 * makes raw IP pcap files with nanosecond time stamps.
 *
 * The caller owns readers and writers. Every function that can fail writes a
 * sentence that names the file into why[room].
 */
#ifndef AMTG_CORE_CAPTURE_FILE_H
#define AMTG_CORE_CAPTURE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct amtg_capture_reader;
struct amtg_capture_writer;

struct amtg_captured {
    const uint8_t *octets; /* from the first octet of the IP header; lent until the next call */
    uint32_t len;          /* 1 .. AMTG_LARGE_OCTETS; link layer padding may be included */
    uint64_t wall_ns;      /* since 1970 */
};

struct amtg_capture_stats {
    uint64_t datagrams; /* handed out */
    uint64_t not_ip;    /* skipped: another protocol, or no octets at all */
    uint64_t cut;       /* skipped: the file holds only the beginning of the frame */
};

enum amtg_capture_result { AMTG_CAPTURE_DATAGRAM, AMTG_CAPTURE_END, AMTG_CAPTURE_BROKEN };

/* path: "-" is standard input. NULL: no such file, no capture, or of a link type without IP. */
struct amtg_capture_reader *amtg_capture_open(const char *path, char *why, size_t room);
/*
 * The next IP datagram. BROKEN: the file ends in the middle of a frame, or is
 * damaged; `why` says where. After END or BROKEN only rewind and close make sense.
 */
enum amtg_capture_result amtg_capture_next(struct amtg_capture_reader *r, struct amtg_captured *out,
                                           char *why, size_t room);
/* To the first frame again; statistics go on. false: the file cannot be opened again. */
bool amtg_capture_rewind(struct amtg_capture_reader *r, char *why, size_t room);
struct amtg_capture_stats amtg_capture_stats(const struct amtg_capture_reader *r);
void amtg_capture_close(struct amtg_capture_reader *r); /* NULL is fine */

/* path: "-" is standard output; an existing file is replaced. */
struct amtg_capture_writer *amtg_capture_create(const char *path, char *why, size_t room);
/* Add one IP datagram. false: the medium has refused something; finish says so again. */
bool amtg_capture_write(struct amtg_capture_writer *w, uint64_t wall_ns, const uint8_t *octets,
                        uint32_t len);
/* Flush, close and free. false: not all could be written. NULL is fine (true). */
bool amtg_capture_finish(struct amtg_capture_writer *w, char *why, size_t room);

#endif
