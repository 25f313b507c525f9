#include "elements/group/channel_text.h"

#include "elements/group/filter.h"

bool amtg_channel_parse(const char *text, struct amtg_addr *source, struct amtg_addr *group,
                        bool *has_source)
{
    const char *at = strchr(text, '@');
    char first[AMTG_ADDR_TEXT];

    *has_source = at != NULL;
    if (!at)
        return amtg_addr_parse(text, group);
    size_t len = (size_t)(at - text);
    if (len >= sizeof first)
        return false;
    memcpy(first, text, len);
    first[len] = '\0';
    return amtg_addr_parse(first, source) && amtg_addr_parse(at + 1, group);
}

const char *amtg_channel_problem(const struct amtg_addr *source, const struct amtg_addr *group)
{
    if (!amtg_addr_is_multicast(group))
        return "its group is no multicast address";
    if (!source)
        return amtg_group_is_ssm(group) ? "an SSM group (RFC 4607) needs a source" : NULL;
    if (amtg_addr_is4(source) != amtg_addr_is4(group))
        return "source and group are of different families";
    if (amtg_addr_is_multicast(source) || amtg_addr_is_unspecified(source))
        return "its source is no unicast address";
    return NULL;
}
