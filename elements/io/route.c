#include "elements/io/route.h"

const struct amtg_interface amtg_source_address = {
    .name = "source-address",
    .summary = "says which of our addresses the system would use towards a peer",
};
