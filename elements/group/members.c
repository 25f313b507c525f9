#include "elements/group/members.h"

const struct amtg_interface amtg_members = {
    .name = "members",
    .summary = "says who wants the packets of a source to a group",
};

bool amtg_source_stays_on_link(const struct amtg_addr *source)
{
    if (amtg_addr_is4(source) && amtg_addr_octets4(source)[0] == 0)
        return true;
    return amtg_addr_is_unspecified(source) || amtg_addr_is_loopback(source) ||
           amtg_addr_is_link_local(source);
}
