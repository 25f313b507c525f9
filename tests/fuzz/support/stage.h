/*
 * A stage: a graph on the virtual clock, with its borders in the hands of a fuzz target.
 * Host classes are replaced by stand-ins; what goes into an element that is a border
 * comes to the target, what would come from the host is said by the target.
 *
 * stage_free proves the packet account of every element, and that every buffer is back.
 * One stage at a time; graphs may be used for any number of stages, one after another.
 */
#ifndef AMTG_TESTS_FUZZ_STAGE_H
#define AMTG_TESTS_FUZZ_STAGE_H

#include "core/runtime.h"

struct stage;

/* An element whose input ends here. */
struct stage_border {
    const char *element;
    /* Once for each packet and destination; to: NULL when it is addressed to nobody. */
    void (*hear)(void *arg, const struct amtg_packet *p, const struct amtg_peer *to);
};

/* A shipped graph with settings {name, value} up to {NULL}; or one from text. Never freed. */
const struct amtg_graph *stage_graph(const char *file, const struct amtg_setting *settings);
const struct amtg_graph *stage_graph_text(const char *text);

/* borders: up to an element NULL. arg: for their `hear`. */
struct stage *stage_new(const struct amtg_graph *graph, const struct stage_border *borders,
                        void *arg);
void stage_free(struct stage *s);

/* A packet out of an output of an element (a host class), or into an input of one. peer: or NULL. */
void stage_say(struct stage *s, const char *element, const char *output,
               const struct amtg_type *type, const struct amtg_peer *peer, const uint8_t *octets,
               uint32_t len);
void stage_push(struct stage *s, const char *element, const char *input,
                const struct amtg_type *type, const struct amtg_peer *peer, const uint8_t *octets,
                uint32_t len);

/* Let time pass, with all that is due then. */
void stage_step(struct stage *s, uint64_t ms);
uint64_t stage_now_ms(const struct stage *s);

struct amtg_element *stage_element(struct stage *s, const char *name);
uint64_t stage_counter(struct stage *s, const char *element, const char *counter);
uint64_t stage_drops(struct stage *s, const char *element, const char *reason);

#endif
