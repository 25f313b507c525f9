#include "elements/io/capture_filter.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WHOLE = 0x40000, /* octets to keep of a packet: all */
    NOBODY = 0xffff, /* no kind of packet */
    VLAN_ID = 0x0fff,
    OWN = 10, /* instructions of ours before the expression's */
};

#define LOAD(from) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + (from)))

/*
 * The part of ours. A frame with a VLAN tag belongs to the interface of that VLAN,
 * although a socket of the lower interface sees it; tag 0 is a priority only.
 */
static void write_own(const struct amtg_capture_filter *f, struct sock_filter *to)
{
    const struct sock_filter own[OWN] = {
        [0] = LOAD(SKF_AD_PROTOCOL),
        [1] = BPF_JUMP(BPF_JMP | BPF_JEQ, ETH_P_IP, 1, 0),
        [2] = BPF_JUMP(BPF_JMP | BPF_JEQ, ETH_P_IPV6, 0, 9 - 3),
        [3] = LOAD(SKF_AD_PKTTYPE),
        [4] = BPF_JUMP(BPF_JMP | BPF_JEQ, f->outgoing ? NOBODY : PACKET_OUTGOING, 9 - 5, 0),
        [5] = LOAD(SKF_AD_VLAN_TAG_PRESENT),
        [6] = BPF_JUMP(BPF_JMP | BPF_JEQ, 0, OWN - 7, 0),
        [7] = LOAD(SKF_AD_VLAN_TAG),
        [8] = BPF_JUMP(BPF_JMP | BPF_JSET, VLAN_ID, 0, OWN - 9),
        [9] = BPF_STMT(BPF_RET | BPF_K, 0),
    };
    memcpy(to, own, sizeof own);
}

/*
 * Compiled expressions count from the IP header, the kernel from the link header:
 * move what is read. The length of the packet cannot be moved, so it is refused.
 */
static bool write_expression(const struct bpf_program *program, uint32_t shift,
                             struct sock_filter *to, char *why, size_t room)
{
    for (unsigned i = 0; i < program->bf_len; i++) {
        const struct bpf_insn *from = &program->bf_insns[i];
        bool load = BPF_CLASS(from->code) == BPF_LD || BPF_CLASS(from->code) == BPF_LDX;
        unsigned mode = BPF_MODE(from->code);

        to[i] = (struct sock_filter){from->code, from->jt, from->jf, from->k};
        if (!load)
            continue;
        if (mode == BPF_LEN || (mode == BPF_ABS && from->k > INT32_MAX)) {
            snprintf(why, room, "tests of the packet's length (len, less, greater) cannot be "
                                "used here; say ip[2:2] or ip6[4:2]");
            return false;
        }
        if (mode == BPF_ABS || mode == BPF_IND || mode == BPF_MSH)
            to[i].k += shift;
    }
    return true;
}

static bool join(const struct amtg_capture_filter *f, const struct bpf_program *program,
                 struct sock_fprog *out, char *why, size_t room)
{
    size_t count = OWN + program->bf_len;

    if (count > BPF_MAXINSNS) {
        snprintf(why, room, "the expression makes a program too long for the kernel");
        return false;
    }
    struct sock_filter *filter = calloc(count, sizeof *filter);
    if (!filter) {
        snprintf(why, room, "out of memory");
        return false;
    }
    write_own(f, filter);
    if (!write_expression(program, f->shift, filter + OWN, why, room)) {
        free(filter);
        return false;
    }
    *out = (struct sock_fprog){.len = (unsigned short)count, .filter = filter};
    return true;
}

bool amtg_capture_filter_compile(const struct amtg_capture_filter *f, struct sock_fprog *out,
                                 char *why, size_t room)
{
    pcap_t *pcap = pcap_open_dead(DLT_RAW, WHOLE);
    struct bpf_program program;
    bool done;

    if (!pcap) {
        snprintf(why, room, "out of memory");
        return false;
    }
    if (pcap_compile(pcap, &program, f->expression, 1, PCAP_NETMASK_UNKNOWN) < 0) {
        snprintf(why, room, "%s", pcap_geterr(pcap));
        pcap_close(pcap);
        return false;
    }
    done = join(f, &program, out, why, room);
    pcap_freecode(&program);
    pcap_close(pcap);
    return done;
}
