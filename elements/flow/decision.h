/*
 * Which of several filter programs (classic BPF, as pcap_compile makes them) is the first to
 * match a packet, without running them one after the other: they are made into one tree of
 * decisions, in which nothing is asked whose answer follows from what was asked before. Four
 * filters for a UDP port ask four times for the version, the protocol and the fragment
 * offset; the tree asks once.
 *
 * Each answer is that of bpf_filter(3). What the tree does not know how to ask (arithmetic,
 * loops, scratch memory), and what it has no room for, is still asked of bpf_filter.
 */
#ifndef AMTG_FLOW_DECISION_H
#define AMTG_FLOW_DECISION_H

#include <pcap/pcap.h>
#include <stdint.h>

struct amtg_decision;

/* The programs stay the caller's, unchanged until the decision is freed. NULL: no memory. */
struct amtg_decision *amtg_decision_new(const struct bpf_program *programs, unsigned count);
void amtg_decision_free(struct amtg_decision *d); /* NULL is fine */

/* The first program that matches these octets, from 0; the count of programs: none does. */
unsigned amtg_decide(const struct amtg_decision *d, const uint8_t *octets, uint32_t len);

/* At how many places bpf_filter is asked after all: for tests. */
unsigned amtg_decision_programs(const struct amtg_decision *d);

#endif
