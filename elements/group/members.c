#include "elements/group/members.h"

const struct amtg_interface amtg_members = {
    .name = "members",
    .summary = "says who wants the packets of a source to a group",
};
