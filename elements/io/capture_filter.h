/*
 * The program that the kernel runs for packet-capture: IP packets only, without
 * what belongs to a VLAN, with or without those of local senders; then what a pcap
 * filter expression says. Expressions start at the IP header (DLT_RAW).
 */
#ifndef AMTG_IO_CAPTURE_FILTER_H
#define AMTG_IO_CAPTURE_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * For packet sockets that see no link header, or one of a length that varies: read
 * from where the kernel says that the network header begins.
 */
#define AMTG_CAPTURE_AT_NETWORK ((uint32_t)SKF_NET_OFF)

struct amtg_capture_filter {
    const char *expression; /* "": everything */
    bool outgoing;          /* also packets of local senders */
    uint32_t shift;         /* octets of the link header, or AMTG_CAPTURE_AT_NETWORK */
};

/*
 * Make the program; out->filter is the caller's to free. false: the expression is
 * wrong or asks for what cannot be had here, and `why` says so.
 */
bool amtg_capture_filter_compile(const struct amtg_capture_filter *f, struct sock_fprog *out,
                                 char *why, size_t room);

#endif
