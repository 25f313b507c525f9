/*
 * The interface `querier-role`: is this querier the elected one of its link? Offered by
 * igmp-querier and mld-querier, asked by querier-filter once per packet, so it is shared by
 * reference rather than drawn as an edge.
 */
#ifndef AMTG_GROUP_QUERIER_ROLE_H
#define AMTG_GROUP_QUERIER_ROLE_H

#include "core/element.h"

extern const struct amtg_interface amtg_querier_role;

struct amtg_querier_role_ops {
    bool (*is_elected)(const struct amtg_element *querier);
};

#endif
