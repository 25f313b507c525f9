/*
 * One step of a test, read: first to check it, with values that are saved earlier still
 * unknown, and again when its turn has come.
 */
#ifndef AMTG_TOOLS_TEST_STEP_H
#define AMTG_TOOLS_TEST_STEP_H

#include "core/addr.h"
#include "elements/wire/written.h"
#include "tools/amtgraph/test/file.h"
#include "tools/amtgraph/test/place.h"

enum test_verb {
    TEST_SEND,
    TEST_EXPECT,
    TEST_NOTHING,
    TEST_AFTER,
    TEST_COUNTERS,
    TEST_DROPS,
    TEST_STOP,
};

/* An address and a port, as far as they were said. */
struct test_end {
    struct amtg_mark mark;
    bool said, port_said;
    struct amtg_addr addr;
    uint16_t port;
};

struct test_step {
    enum test_verb verb;
    struct amtg_mark mark;         /* of its verb */
    const struct amtg_yaml *value; /* of its verb */
    struct test_place place;
    struct test_end from, to;
    const struct amtg_yaml *packet, *hex, *pcap; /* at most one of them */
    struct amtg_written written;                 /* of packet */
    const uint8_t *octets;                       /* of hex; of packet, when it is sent */
    uint32_t len;
    const struct amtg_layer *first; /* of what is sent; NULL: not known */
    uint32_t count;                 /* times, count; 1 when not said */
    uint64_t ns;                    /* after, within, for */
    bool skip_others;
    const struct amtg_yaml *save;
};

/* Values that steps save, by name; value NULL while only checking. */
struct test_values {
    struct {
        const char *name, *value;
    } * all;
    unsigned count;
};

struct test_reading {
    const struct test_file *file;
    const struct amtg_graph *graph; /* NULL: wrong; places are then not looked up */
    struct amtg_writing writing;    /* its value function is set by test_reading_init */
    struct test_values values;
};

void test_reading_init(struct test_reading *r, const struct test_file *f,
                       const struct amtg_graph *g, struct amtg_diag *diag,
                       struct amtg_arena *arena);
/* false: there were problems, in the diag. */
bool test_step_read(struct test_reading *r, const struct amtg_yaml *y, struct test_step *out);
void test_value_save(struct test_reading *r, const char *name, const char *value);
/* All steps of a test. g NULL: the graph is wrong, only the grammar counts. */
void test_steps_check(const struct test_file *f, const struct test *test,
                      const struct amtg_graph *g, struct amtg_diag *diag);

/* `a <-> b`: what goes into one stand-in comes out of the other. false: a problem. */
bool test_wire_read(const struct test_reading *r, const struct amtg_yaml *y, unsigned ends[2]);

#endif
