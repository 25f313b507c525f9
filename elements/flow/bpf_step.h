/*
 * Filter programs (classic BPF, as pcap_compile makes them) read an instruction at a time, for
 * whoever follows them without a packet: what the instruction asks, and where it goes on after
 * each answer.
 */
#ifndef AMTG_FLOW_BPF_STEP_H
#define AMTG_FLOW_BPF_STEP_H

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

enum { AMTG_BPF_IP4_LENGTH_OCTET = 0 }; /* its lower half: words of the IPv4 header */

/* What a question is about: so many octets from `at` on, of the packet or of what is ... */
enum amtg_bpf_subject {
    AMTG_BPF_ONE,
    AMTG_BPF_TWO,
    AMTG_BPF_FOUR,
    AMTG_BPF_ONE_BEHIND, /* ... behind its IPv4 header: BPF's x + at */
    AMTG_BPF_TWO_BEHIND,
    AMTG_BPF_FOUR_BEHIND,
    AMTG_BPF_LENGTH,  /* how many octets there are */
    AMTG_BPF_LEFT,    /* how many behind the IPv4 header */
    AMTG_BPF_PROGRAM, /* what program `at` says: 1, it matches; or 0 */
    AMTG_BPF_ANSWER,  /* no question any more: `at` is the answer */
    AMTG_BPF_REST,    /* nor this: the programs from `at` on are run one after the other */
    AMTG_BPF_UNKNOWN, /* what we do not follow; never asked about */
};

struct amtg_bpf_value {
    enum amtg_bpf_subject subject;
    uint32_t at;
    uint32_t mask; /* it counts after this */
};

/* Where programs that are run one after the other have been followed to. */
struct amtg_bpf_place {
    unsigned program;
    uint32_t pc; /* the instruction that comes; AMTG_BPF_MATCHED: none, it has matched */
    struct amtg_bpf_value a; /* what the accumulator holds */
    bool x;                  /* the index register is known: the length of the IPv4 header */
};

#define AMTG_BPF_MATCHED UINT32_MAX

/*
 * Is the value from `low` to `high`? That is all that is ever asked: equality is a range of
 * one, and a bit is set when the value under its mask is above 0.
 * And where the programs go on: if not, if so.
 */
struct amtg_bpf_step {
    struct amtg_bpf_value value;
    uint32_t low, high;
    struct amtg_bpf_place on[2];
};

/* At the first instruction of this program; there need be no such program. */
struct amtg_bpf_place amtg_bpf_begin(unsigned program);

/*
 * One instruction, as bpf_filter(3) does it: the one at `at`, of these programs. What cannot be
 * followed makes a question of the whole program (AMTG_BPF_PROGRAM).
 * programs: lent; at->program is one of them, at->pc an instruction of it.
 * ret: true, *step is written. false: it asks nothing; the programs go on as step->on[1] says,
 *      and what is asked stays as it was.
 */
bool amtg_bpf_step(const struct bpf_program *programs, const struct amtg_bpf_place *at,
                   struct amtg_bpf_step *step);

#endif
