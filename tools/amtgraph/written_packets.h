/*
 * Packets that people write, instead of a capture: a YAML file of them, each as the tests of
 * graph files have it (elements/wire/written.h), with the time since the one before.
 *
 *     packets:
 *       - {ip4: 203.0.113.7 > 192.0.2.1, udp: 51000 > 2268, amt: request, nonce: 7}
 *       - after: 100ms
 *         packet: {ip4: 198.51.100.12 > 232.1.2.3, udp: 5000 > 5001, payload: hello}
 */
#ifndef AMTG_TOOLS_WRITTEN_PACKETS_H
#define AMTG_TOOLS_WRITTEN_PACKETS_H

#include "core/capture_file.h"
#include "core/diag.h"

struct written_packets {
    struct amtg_captured *all; /* whole IP datagrams; the first at 2026-01-01 */
    unsigned count;
    struct amtg_arena *arena;
};

/* Does its name say that it holds such packets? */
bool written_packets_is(const char *path);
/* false: there were problems, all of which are in diag. Free it in any case. */
bool written_packets_read(struct written_packets *w, const char *path, struct amtg_diag *diag);
void written_packets_free(struct written_packets *w);

#endif
