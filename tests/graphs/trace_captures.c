/*
 * Makes captures of written packets (tools/amtgraph/written_packets.h): those of
 * graphs/demo/trace. The MACs in them are those that graphs/relay.yaml asks for with seed 0.
 *
 *     trace_captures PACKETS.YAML CAPTURE.PCAP
 */
#include <stdio.h>
#include <stdlib.h>

#include "tools/amtgraph/written_packets.h"

int main(int argc, char **argv)
{
    struct amtg_diag *diag = amtg_diag_new();
    struct written_packets packets = {0};
    struct amtg_capture_writer *w = NULL;
    char why[256] = "usage: trace_captures PACKETS.YAML CAPTURE.PCAP";
    bool good = argc == 3 && written_packets_read(&packets, argv[1], diag) &&
                (w = amtg_capture_create(argv[2], why, sizeof why));

    amtg_diag_print(diag, stderr, false);
    for (unsigned i = 0; good && i < packets.count; i++)
        amtg_capture_write(w, packets.all[i].wall_ns, packets.all[i].octets, packets.all[i].len);
    if (!amtg_capture_finish(w, why, sizeof why))
        good = false;
    if (!good)
        fprintf(stderr, "trace_captures: %s\n", why);
    written_packets_free(&packets);
    amtg_diag_free(diag);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
