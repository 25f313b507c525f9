#include "elements/flow/decision.h"

#include <stdbool.h>
#include <stdlib.h>

#include "core/cursor.h"
#include "elements/flow/bpf_step.h"

enum {
    GROWING_MOST = 1024,               /* questions and ends; then each place left gets an end */
    NODES_MOST = 2 * GROWING_MOST + 1, /* a tree has one end more than it has questions */
};

/* A step's question. If the answer is no, the one behind it follows; if yes, that `skip` further on. */
struct question {
    struct amtg_bpf_value value;
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
    uint32_t header =
        len > AMTG_BPF_IP4_LENGTH_OCTET ? 4 * (octets[AMTG_BPF_IP4_LENGTH_OCTET] & 0xfu) : 0;
    const uint8_t *behind = octets + header;

    for (const struct question *q = d->questions;; q++) {
        uint32_t at = q->value.at, v = 0;
        switch (q->value.subject) {
        case AMTG_BPF_ONE:
            v = octets[at];
            break;
        case AMTG_BPF_TWO:
            v = amtg_get_u16(octets + at);
            break;
        case AMTG_BPF_FOUR:
            v = amtg_get_u32(octets + at);
            break;
        case AMTG_BPF_ONE_BEHIND:
            v = behind[at];
            break;
        case AMTG_BPF_TWO_BEHIND:
            v = amtg_get_u16(behind + at);
            break;
        case AMTG_BPF_FOUR_BEHIND:
            v = amtg_get_u32(behind + at);
            break;
        case AMTG_BPF_LENGTH:
            v = len;
            break;
        case AMTG_BPF_LEFT:
            v = len > header ? len - header : 0;
            break;
        case AMTG_BPF_PROGRAM:
            v = matches(d, at, octets, len);
            break;
        case AMTG_BPF_ANSWER:
            return at;
        case AMTG_BPF_REST:
            return run_rest(d, at, octets, len);
        case AMTG_BPF_UNKNOWN:
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

/* A question while the tree grows. */
struct node {
    struct amtg_bpf_step asks;
    struct path path; /* to it */
    unsigned next[2]; /* the nodes behind its answers: no, yes */
};

struct making {
    const struct bpf_program *programs;
    unsigned programs_count;
    unsigned count;
    struct node nodes[NODES_MOST];
};

static bool is_end(const struct node *n)
{
    return n->asks.value.subject == AMTG_BPF_ANSWER || n->asks.value.subject == AMTG_BPF_REST;
}

static bool same_octets(const struct amtg_bpf_value *a, const struct amtg_bpf_value *b)
{
    return a->subject == b->subject && a->at == b->at;
}

/*
 * All answers on the way here narrow down where the value of `q` can be. What they say about
 * the same octets under another mask counts if it is exact and that mask covers ours.
 */
static enum answer known(const struct making *m, struct path path, const struct amtg_bpf_step *q)
{
    uint32_t low = 0, high = UINT32_MAX, mask = q->value.mask;

    for (; path.question >= 0; path = m->nodes[path.question].path) {
        const struct amtg_bpf_step *past = &m->nodes[path.question].asks;
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

/* ---- making the tree ------------------------------------------------------------- */

static unsigned add(struct making *m, const struct node *n)
{
    m->nodes[m->count] = *n;
    return m->count++;
}

static unsigned add_end(struct making *m, enum amtg_bpf_subject subject, unsigned at)
{
    return add(m, &(struct node){.asks.value = {.subject = subject, .at = at}});
}

/* The node that stands here: the first question that is open, or the end. */
static unsigned follow(struct making *m, struct path path, struct amtg_bpf_place at)
{
    if (m->count >= GROWING_MOST)
        return add_end(m, at.pc == AMTG_BPF_MATCHED ? AMTG_BPF_ANSWER : AMTG_BPF_REST, at.program);
    while (at.program < m->programs_count && at.pc != AMTG_BPF_MATCHED) {
        struct node n = {.path = path};
        bool asked = amtg_bpf_step(m->programs, &at, &n.asks);
        enum answer answer = asked ? known(m, path, &n.asks) : YES;
        if (answer == OPEN)
            return add(m, &n);
        at = n.asks.on[answer];
    }
    return add_end(m, AMTG_BPF_ANSWER, at.program);
}

/* The nodes are also the list of what is still to be followed: those near the root come first. */
static void grow(struct making *m)
{
    follow(m, (struct path){.question = -1}, amtg_bpf_begin(0));
    for (unsigned i = 0; i < m->count; i++)
        for (unsigned answer = NO; answer <= YES && !is_end(&m->nodes[i]); answer++) {
            struct path path = {(int)i, answer};
            unsigned next = follow(m, path, m->nodes[i].asks.on[answer]);
            m->nodes[i].next[answer] = next;
        }
}

/* Write a node, behind it what follows if not, and then what follows if so. */
static void write_out(struct amtg_decision *d, const struct making *m, unsigned node)
{
    const struct node *n = &m->nodes[node];
    struct question *q = &d->questions[d->count++];

    *q = (struct question){
        .value = n->asks.value, .low = n->asks.low, .span = n->asks.high - n->asks.low};
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

    for (unsigned i = 0; i < d->count; i++) {
        enum amtg_bpf_subject subject = d->questions[i].value.subject;
        n += subject == AMTG_BPF_PROGRAM || subject == AMTG_BPF_REST;
    }
    return n;
}
