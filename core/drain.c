/* Draining: elements that serve peers take on nobody new, ahead of a stop. */
#include "core/runtime_private.h"

const struct amtg_interface amtg_drain = {
    .name = "drain",
    .summary = "takes on nobody new when asked to, ahead of a stop",
};

unsigned amtg_runtime_drain(struct amtg_runtime *rt, bool on)
{
    unsigned count = 0;

    for (unsigned i = 0; i < rt->graph->nodes_count; i++) {
        struct amtg_element *e = &rt->elements[i];
        const struct amtg_drain_ops *ops = amtg_ops(e, &amtg_drain);
        if (!ops)
            continue;
        ops->drain(e, on);
        count++;
    }
    return count;
}

uint64_t amtg_runtime_left(struct amtg_runtime *rt)
{
    uint64_t left = 0;

    for (unsigned i = 0; i < rt->graph->nodes_count; i++) {
        const struct amtg_drain_ops *ops = amtg_ops(&rt->elements[i], &amtg_drain);
        if (ops)
            left += ops->left(&rt->elements[i]);
    }
    return left;
}
