/*
 * Fuzz: the decision tree of filters. The input is a few filter programs (classic BPF, any that
 * end), then a packet. Which of them is the first to match is what libpcap says.
 */
#include "elements/flow/decision.h"
#include "tests/fuzz/support/fuzz.h"

enum { PROGRAMS = 6, INSTRUCTIONS = 24 };

/* What programs are made of: all that the tree follows, and some that it leaves to libpcap. */
static const uint16_t codes[] = {
    BPF_LD | BPF_W | BPF_ABS,   BPF_LD | BPF_H | BPF_ABS,   BPF_LD | BPF_B | BPF_ABS,
    BPF_LD | BPF_W | BPF_IND,   BPF_LD | BPF_H | BPF_IND,   BPF_LD | BPF_B | BPF_IND,
    BPF_LDX | BPF_B | BPF_MSH,  BPF_LD | BPF_W | BPF_LEN,   BPF_ALU | BPF_AND | BPF_K,
    BPF_JMP | BPF_JA,           BPF_JMP | BPF_JEQ | BPF_K,  BPF_JMP | BPF_JEQ | BPF_K,
    BPF_JMP | BPF_JGT | BPF_K,  BPF_JMP | BPF_JGE | BPF_K,  BPF_JMP | BPF_JSET | BPF_K,
    BPF_RET | BPF_K,            BPF_ALU | BPF_ADD | BPF_K,  BPF_MISC | BPF_TAX,
    BPF_MISC | BPF_TXA,         BPF_LDX | BPF_IMM,          BPF_LD | BPF_IMM,
    BPF_JMP | BPF_JEQ | BPF_X,
};

enum { CODES = sizeof codes / sizeof codes[0] };

/* Mostly small, so that questions meet; at times at the edge of what there is. */
static uint32_t choose_k(struct choices *c)
{
    static const uint32_t edges[] = {0, UINT32_MAX, INT32_MAX, 1u << 31, 0xf, 0x1fff, 0xffff, 0xff00};
    uint8_t kind = choose_u8(c);

    if (kind < 192)
        return kind % 48;
    if (kind < 224)
        return edges[kind % (sizeof edges / sizeof edges[0])];
    uint32_t high = choose_u16(c);
    return high << 16 | choose_u16(c);
}

static unsigned make_program(struct choices *c, struct bpf_insn *insns)
{
    unsigned count = 1 + choose(c, INSTRUCTIONS);

    for (unsigned i = 0; i < count; i++) {
        unsigned left = count - i - 1; /* jumps lead forward, and no further than to the end */
        struct bpf_insn *insn = &insns[i];
        *insn = (struct bpf_insn){.code = codes[choose(c, CODES)], .k = choose_k(c)};
        if (!left) {
            insn->code = BPF_RET | BPF_K;
        } else if (BPF_CLASS(insn->code) == BPF_JMP) {
            uint8_t to = choose_u8(c);
            insn->jt = (uint8_t)((to >> 4) % left);
            insn->jf = (uint8_t)((to & 15) % left);
            if (insn->code == (BPF_JMP | BPF_JA))
                insn->k %= left;
        }
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    static struct bpf_insn insns[PROGRAMS][INSTRUCTIONS];
    struct choices c = {octets, len};
    struct bpf_program programs[PROGRAMS];
    unsigned count = 1 + choose(&c, PROGRAMS), wanted = 0;

    for (unsigned i = 0; i < count; i++) {
        programs[i] = (struct bpf_program){.bf_insns = insns[i]};
        programs[i].bf_len = make_program(&c, insns[i]);
        FUZZ_CHECK(bpf_validate(insns[i], (int)programs[i].bf_len), "program %u", i);
    }
    struct amtg_decision *d = amtg_decision_new(programs, count);
    FUZZ_CHECK(d, "out of memory");
    for (uint32_t cut = 0; cut <= c.left; cut++) { /* each length: a sanitizer sees who reads too far */
        uint32_t packet = (uint32_t)c.left - cut;
        uint8_t *exact = malloc(packet + !packet);
        if (packet)
            memcpy(exact, c.at, packet);
        for (wanted = 0; wanted < count; wanted++)
            if (bpf_filter(programs[wanted].bf_insns, exact, packet, packet))
                break;
        unsigned got = amtg_decide(d, exact, packet);
        FUZZ_CHECK(got == wanted, "%u instead of %u of %u, packet of %u octets", got, wanted, count,
                   packet);
        free(exact);
        if (cut == 64)
            break;
    }
    amtg_decision_free(d);
    return 0;
}
