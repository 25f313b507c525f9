#include "elements/flow/decision.h"

#include <stdbool.h>
#include <stdlib.h>

#include "core/cursor.h"

enum {
    GROWING_MOST = 1024,               /* questions and ends; then each place left gets an end */
    NODES_MOST = 2 * GROWING_MOST + 1, /* a tree has one end more than it has questions */
    IP4_LENGTH_OCTET = 0,              /* its lower half: words of the IPv4 header */
};

/* What a question is about: so many octets from `at` on, of the packet or of what is ... */
enum subject {
    ONE,
    TWO,
    FOUR,
    ONE_BEHIND, /* ... behind its IPv4 header: BPF's x + at */
    TWO_BEHIND,
    FOUR_BEHIND,
    LENGTH,  /* how many octets there are */
    LEFT,    /* how many behind the IPv4 header */
    PROGRAM, /* what program `at` says: 1, it matches; or 0 */
    ANSWER,  /* no question any more: `at` is the answer */
    REST,    /* nor this: the programs from `at` on are run one after the other */
    UNKNOWN, /* what we do not follow; never asked about */
};

struct value {
    enum subject subject;
    uint32_t at;
    uint32_t mask; /* it counts after this */
};

/*
 * Is the value from `low` to `high`? That is all that is ever asked: equality is a range of
 * one, and a bit is set when the value under its mask is above 0.
 * The question behind it follows if not; if so, that `skip` further on.
 */
struct question {
    struct value value;
    uint32_t low, span; /* high - low */
    uint32_t skip;
};

struct amtg_decision {
    const struct bpf_program *programs;
    unsigned programs_count;
    unsigned count;
    struct question questions[];
};

/* ---- asking ---------------------------------------------------------------------- */

static bool matches(const struct amtg_decision *d, unsigned program, const uint8_t *octets,
                    uint32_t len)
{
    return bpf_filter(d->programs[program].bf_insns, octets, len, len) != 0;
}

static unsigned run_rest(const struct amtg_decision *d, unsigned program, const uint8_t *octets,
                         uint32_t len)
{
    while (program < d->programs_count && !matches(d, program, octets, len))
        program++;
    return program;
}

unsigned amtg_decide(const struct amtg_decision *d, const uint8_t *octets, uint32_t len)
{
    uint32_t header = len > IP4_LENGTH_OCTET ? 4 * (octets[IP4_LENGTH_OCTET] & 0xfu) : 0;
    const uint8_t *behind = octets + header;

    for (const struct question *q = d->questions;; q++) {
        uint32_t at = q->value.at, v = 0;
        switch (q->value.subject) {
        case ONE:
            v = octets[at];
            break;
        case TWO:
            v = amtg_get_u16(octets + at);
            break;
        case FOUR:
            v = amtg_get_u32(octets + at);
            break;
        case ONE_BEHIND:
            v = behind[at];
            break;
        case TWO_BEHIND:
            v = amtg_get_u16(behind + at);
            break;
        case FOUR_BEHIND:
            v = amtg_get_u32(behind + at);
            break;
        case LENGTH:
            v = len;
            break;
        case LEFT:
            v = len > header ? len - header : 0;
            break;
        case PROGRAM:
            v = matches(d, at, octets, len);
            break;
        case ANSWER:
            return at;
        case REST:
            return run_rest(d, at, octets, len);
        case UNKNOWN:
            __builtin_unreachable();
        }
        if ((v & q->value.mask) - q->low <= q->span) {
            /* A branch that can be foreseen; a conditional move would wait for the octets. */
            __asm__ volatile("");
            q += q->skip;
        }
    }
}

/* ---- what follows from earlier answers ------------------------------------------- */

enum answer { NO, YES, OPEN };

/* The last of the questions on the way to somewhere, and its answer. question < 0: none. */
struct path {
    int question;
    bool answer;
};

/* Where the programs have been followed to. */
struct place {
    struct path path;
    unsigned program;
    uint32_t pc;    /* the instruction that comes; MATCHED: none, it has matched */
    struct value a; /* what BPF's accumulator holds */
    bool x;         /* its index register is known: the length of the IPv4 header */
};

#define MATCHED UINT32_MAX

/* A question while the tree grows. */
struct node {
    struct value value;
    uint32_t low, high;
    struct path path;   /* to it */
    struct place on[2]; /* where the programs go on behind its answers: no, yes */
    unsigned next[2];   /* the nodes there */
};

struct making {
    const struct bpf_program *programs;
    unsigned programs_count;
    unsigned count;
    struct node nodes[NODES_MOST];
};

static bool is_end(const struct node *n)
{
    return n->value.subject == ANSWER || n->value.subject == REST;
}

static bool same_octets(const struct value *a, const struct value *b)
{
    return a->subject == b->subject && a->at == b->at;
}

/*
 * All answers on the way here narrow down where the value of `q` can be. What they say about
 * the same octets under another mask counts if it is exact and that mask covers ours.
 */
static enum answer known(const struct making *m, struct path path, const struct node *q)
{
    uint32_t low = 0, high = UINT32_MAX, mask = q->value.mask;

    for (; path.question >= 0; path = m->nodes[path.question].path) {
        const struct node *past = &m->nodes[path.question];
        if (!same_octets(&past->value, &q->value))
            continue;
        if (path.answer && past->low == past->high && (past->value.mask & mask) == mask) {
            low = high = past->low & mask;
            break;
        }
        if (past->value.mask != mask)
            continue;
        if (path.answer) {
            low = past->low > low ? past->low : low;
            high = past->high < high ? past->high : high;
        } else if (past->low <= q->low && past->high >= q->high) {
            return NO;
        } else if (past->low <= low && past->high >= low) {
            low = past->high + 1;
        } else if (past->high >= high && past->low <= high) {
            high = past->low - 1;
        }
    }
    if (high < q->low || low > q->high)
        return NO;
    return low >= q->low && high <= q->high ? YES : OPEN;
}

/* ---- following programs ---------------------------------------------------------- */

static struct place next_program(struct place at)
{
    return (struct place){.path = at.path, .program = at.program + 1, .a = {.subject = UNKNOWN}};
}

/* What a load of the accumulator loads. */
static struct value loaded(const struct bpf_insn *i)
{
    bool behind = BPF_MODE(i->code) == BPF_IND;
    enum subject subject = BPF_SIZE(i->code) == BPF_B   ? behind ? ONE_BEHIND : ONE
                           : BPF_SIZE(i->code) == BPF_H ? behind ? TWO_BEHIND : TWO
                           : behind                     ? FOUR_BEHIND
                                                        : FOUR;

    return (struct value){.subject = subject, .at = i->k, .mask = UINT32_MAX};
}

/* Is all of it there? A program that reads what is not there does not match. */
static void ask_room(const struct bpf_insn *i, struct node *q)
{
    uint32_t octets = BPF_SIZE(i->code) == BPF_B ? 1 : BPF_SIZE(i->code) == BPF_H ? 2 : 4;

    q->value =
        (struct value){.subject = BPF_MODE(i->code) == BPF_IND ? LEFT : LENGTH, .mask = UINT32_MAX};
    q->low = i->k + octets;
    q->high = UINT32_MAX;
}

/* The range in which the accumulator must be for the jump. false: it is nowhere. */
static bool condition(const struct bpf_insn *i, struct node *q)
{
    switch (BPF_OP(i->code)) {
    case BPF_JEQ:
        q->low = q->high = i->k;
        return true;
    case BPF_JSET:
        q->value.mask &= i->k;
        q->low = 1;
        break;
    case BPF_JGT:
        if (i->k == UINT32_MAX)
            return false;
        q->low = i->k + 1;
        break;
    default: /* BPF_JGE */
        q->low = i->k;
    }
    q->high = UINT32_MAX;
    return true;
}

/*
 * One instruction, as bpf_filter does it. What it asks goes to `q`, and with it where the
 * programs go on. false: it asks nothing, and they go on as if so.
 */
static bool step(const struct making *m, const struct place *at, struct node *q)
{
    const struct bpf_program *program = &m->programs[at->program];
    const struct bpf_insn *i = &program->bf_insns[at->pc];

    q->on[0] = next_program(*at);
    q->on[1] = *at;
    q->on[1].pc++;
    switch (i->code) {
    case BPF_LD | BPF_W | BPF_ABS:
    case BPF_LD | BPF_H | BPF_ABS:
    case BPF_LD | BPF_B | BPF_ABS:
    case BPF_LD | BPF_W | BPF_IND:
    case BPF_LD | BPF_H | BPF_IND:
    case BPF_LD | BPF_B | BPF_IND:
        if (i->k > INT32_MAX || (BPF_MODE(i->code) == BPF_IND && !at->x))
            break;
        q->on[1].a = loaded(i);
        ask_room(i, q);
        return true;
    case BPF_LDX | BPF_B | BPF_MSH:
        if (i->k != IP4_LENGTH_OCTET)
            break;
        q->on[1].x = true;
        ask_room(i, q);
        return true;
    case BPF_LD | BPF_W | BPF_LEN:
        q->on[1].a = (struct value){.subject = LENGTH, .mask = UINT32_MAX};
        return false;
    case BPF_ALU | BPF_AND | BPF_K:
        q->on[1].a.mask &= i->k;
        return false;
    case BPF_JMP | BPF_JA:
        if (i->k >= program->bf_len) /* back, in a loop */
            break;
        q->on[1].pc += i->k;
        return false;
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_K:
        if (at->a.subject == UNKNOWN)
            break;
        q->on[0] = *at;
        q->on[0].pc += 1 + i->jf;
        q->on[1].pc += i->jt;
        q->value = at->a;
        if (condition(i, q))
            return true;
        q->on[1] = q->on[0];
        return false;
    case BPF_RET | BPF_K:
        if (i->k)
            q->on[1].pc = MATCHED;
        else
            q->on[1] = q->on[0];
        return false;
    }
    q->value = (struct value){.subject = PROGRAM, .at = at->program, .mask = UINT32_MAX};
    q->low = q->high = 1;
    q->on[1].pc = MATCHED;
    return true;
}

/* ---- making the tree ------------------------------------------------------------- */

static unsigned add(struct making *m, const struct node *n)
{
    m->nodes[m->count] = *n;
    return m->count++;
}

static unsigned add_end(struct making *m, enum subject subject, unsigned at)
{
    return add(m, &(struct node){.value = {.subject = subject, .at = at}});
}

/* The node that stands here: the first question that is open, or the end. */
static unsigned follow(struct making *m, struct place at)
{
    if (m->count >= GROWING_MOST)
        return add_end(m, at.pc == MATCHED ? ANSWER : REST, at.program);
    while (at.program < m->programs_count && at.pc != MATCHED) {
        struct node n = {.path = at.path};
        enum answer answer = step(m, &at, &n) ? known(m, at.path, &n) : YES;
        if (answer == OPEN)
            return add(m, &n);
        at = n.on[answer];
    }
    return add_end(m, ANSWER, at.program);
}

/* The nodes are also the list of what is still to be followed: those near the root come first. */
static void grow(struct making *m)
{
    follow(m, (struct place){.path.question = -1, .a = {.subject = UNKNOWN}});
    for (unsigned i = 0; i < m->count; i++)
        for (unsigned answer = NO; answer <= YES && !is_end(&m->nodes[i]); answer++) {
            struct place on = m->nodes[i].on[answer];
            on.path = (struct path){(int)i, answer};
            unsigned next = follow(m, on);
            m->nodes[i].next[answer] = next;
        }
}

/* Write a node, behind it what follows if not, and then what follows if so. */
static void write_out(struct amtg_decision *d, const struct making *m, unsigned node)
{
    const struct node *n = &m->nodes[node];
    struct question *q = &d->questions[d->count++];

    *q = (struct question){.value = n->value, .low = n->low, .span = n->high - n->low};
    if (is_end(n))
        return;
    write_out(d, m, n->next[NO]);
    q->skip = (uint32_t)(&d->questions[d->count] - q) - 1;
    write_out(d, m, n->next[YES]);
}

struct amtg_decision *amtg_decision_new(const struct bpf_program *programs, unsigned count)
{
    struct making *m = malloc(sizeof *m);
    struct amtg_decision *d = NULL;

    if (!m)
        return NULL;
    m->programs = programs;
    m->programs_count = count;
    m->count = 0;
    grow(m);
    d = malloc(sizeof *d + m->count * sizeof d->questions[0]);
    if (d) {
        *d = (struct amtg_decision){.programs = programs, .programs_count = count};
        write_out(d, m, 0);
    }
    free(m);
    return d;
}

void amtg_decision_free(struct amtg_decision *d)
{
    free(d);
}

unsigned amtg_decision_programs(const struct amtg_decision *d)
{
    unsigned n = 0;

    for (unsigned i = 0; i < d->count; i++)
        n += d->questions[i].value.subject == PROGRAM || d->questions[i].value.subject == REST;
    return n;
}
