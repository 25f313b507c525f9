#include "elements/flow/bpf_step.h"

struct amtg_bpf_place amtg_bpf_begin(unsigned program)
{
    return (struct amtg_bpf_place){.program = program, .a = {.subject = AMTG_BPF_UNKNOWN}};
}

static unsigned octets_read(const struct bpf_insn *i)
{
    return BPF_SIZE(i->code) == BPF_B ? 1 : BPF_SIZE(i->code) == BPF_H ? 2 : 4;
}

static bool is_behind(const struct bpf_insn *i)
{
    return BPF_MODE(i->code) == BPF_IND;
}

/* What a load of the accumulator loads. */
static struct amtg_bpf_value loaded(const struct bpf_insn *i)
{
    static const enum amtg_bpf_subject subjects[2][5] = {
        {[1] = AMTG_BPF_ONE, [2] = AMTG_BPF_TWO, [4] = AMTG_BPF_FOUR},
        {[1] = AMTG_BPF_ONE_BEHIND, [2] = AMTG_BPF_TWO_BEHIND, [4] = AMTG_BPF_FOUR_BEHIND},
    };

    return (struct amtg_bpf_value){
        .subject = subjects[is_behind(i)][octets_read(i)], .at = i->k, .mask = UINT32_MAX};
}

/* Is all of it there? A program that reads what is not there does not match. */
static void ask_room(const struct bpf_insn *i, struct amtg_bpf_step *step)
{
    step->value = (struct amtg_bpf_value){.subject = is_behind(i) ? AMTG_BPF_LEFT : AMTG_BPF_LENGTH,
                                          .mask = UINT32_MAX};
    step->low = i->k + octets_read(i);
    step->high = UINT32_MAX;
}

/* The range in which the accumulator must be for the jump. false: it is nowhere. */
static bool condition(const struct bpf_insn *i, struct amtg_bpf_step *step)
{
    switch (BPF_OP(i->code)) {
    case BPF_JEQ:
        step->low = step->high = i->k;
        return true;
    case BPF_JSET:
        step->value.mask &= i->k;
        step->low = 1;
        break;
    case BPF_JGT:
        if (i->k == UINT32_MAX)
            return false;
        step->low = i->k + 1;
        break;
    default: /* BPF_JGE */
        step->low = i->k;
    }
    step->high = UINT32_MAX;
    return true;
}

/* Octets of the packet into the accumulator. false: not as anything that is known here. */
static bool load(const struct bpf_insn *i, struct amtg_bpf_step *step)
{
    if (i->k > INT32_MAX || (is_behind(i) && !step->on[1].x))
        return false;
    step->on[1].a = loaded(i);
    ask_room(i, step);
    return true;
}

bool amtg_bpf_step(const struct bpf_program *programs, const struct amtg_bpf_place *at,
                   struct amtg_bpf_step *step)
{
    const struct bpf_program *program = &programs[at->program];
    const struct bpf_insn *i = &program->bf_insns[at->pc];

    step->on[0] = amtg_bpf_begin(at->program + 1);
    step->on[1] = *at;
    step->on[1].pc++;
    switch (i->code) {
    case BPF_LD | BPF_W | BPF_ABS:
    case BPF_LD | BPF_H | BPF_ABS:
    case BPF_LD | BPF_B | BPF_ABS:
    case BPF_LD | BPF_W | BPF_IND:
    case BPF_LD | BPF_H | BPF_IND:
    case BPF_LD | BPF_B | BPF_IND:
        if (!load(i, step))
            break;
        return true;
    case BPF_LDX | BPF_B | BPF_MSH:
        if (i->k != AMTG_BPF_IP4_LENGTH_OCTET)
            break;
        step->on[1].x = true;
        ask_room(i, step);
        return true;
    case BPF_LD | BPF_W | BPF_LEN:
        step->on[1].a = (struct amtg_bpf_value){.subject = AMTG_BPF_LENGTH, .mask = UINT32_MAX};
        return false;
    case BPF_ALU | BPF_AND | BPF_K:
        step->on[1].a.mask &= i->k;
        return false;
    case BPF_JMP | BPF_JA:
        if (i->k >= program->bf_len) /* back, in a loop */
            break;
        step->on[1].pc += i->k;
        return false;
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_K:
        if (at->a.subject == AMTG_BPF_UNKNOWN)
            break;
        step->on[0] = *at;
        step->on[0].pc += 1 + i->jf;
        step->on[1].pc += i->jt;
        step->value = at->a;
        if (condition(i, step))
            return true;
        step->on[1] = step->on[0];
        return false;
    case BPF_RET | BPF_K:
        if (i->k)
            step->on[1].pc = AMTG_BPF_MATCHED;
        else
            step->on[1] = step->on[0];
        return false;
    }
    step->value =
        (struct amtg_bpf_value){.subject = AMTG_BPF_PROGRAM, .at = at->program, .mask = UINT32_MAX};
    step->low = step->high = 1;
    step->on[1].pc = AMTG_BPF_MATCHED;
    return true;
}
