#include "elements/io/lan.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

const struct amtg_interface amtg_lan = {
    .name = "lan",
    .summary = "says which addresses the host has on a link",
};

static void note(struct amtg_lan_addresses *a, const struct ifaddrs *i)
{
    struct sockaddr_storage sa = {0};
    struct amtg_addr addr;
    uint16_t port;
    uint32_t scope;
    bool ip4 = i->ifa_addr->sa_family == AF_INET;

    memcpy(&sa, i->ifa_addr, ip4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
    if (!amtg_addr_from_sockaddr(&sa, &addr, &port, &scope))
        return;
    if (!ip4) {
        if (amtg_addr_is_link_local(&addr) &&
            (amtg_addr_is_unspecified(&a->own6) || memcmp(&addr, &a->own6, sizeof addr) < 0))
            a->own6 = addr;
        return;
    }
    if (amtg_addr_is_unspecified(&a->own4))
        a->own4 = addr;
    if (a->subnets_count == AMTG_LAN_SUBNETS) {
        a->more = true;
        return;
    }
    uint8_t(*subnet)[4] = a->subnets[a->subnets_count++];
    memcpy(subnet[0], amtg_addr_octets4(&addr), 4);
    memset(subnet[1], 0xff, 4);
    if (i->ifa_netmask)
        memcpy(subnet[1], &((const struct sockaddr_in *)(const void *)i->ifa_netmask)->sin_addr, 4);
}

void amtg_lan_look(struct amtg_lan_addresses *a, const char *name, uint64_t now_ns)
{
    struct ifaddrs *all;

    if (now_ns < a->until_ns)
        return;
    *a = (struct amtg_lan_addresses){.until_ns = now_ns + AMTG_S};
    if (getifaddrs(&all) < 0)
        return;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next)
        if (strcmp(i->ifa_name, name) == 0 && i->ifa_addr &&
            (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6))
            note(a, i);
    freeifaddrs(all);
}

bool amtg_lan_own(const struct amtg_lan_addresses *a, bool ip4, struct amtg_addr *out)
{
    const struct amtg_addr *own = ip4 ? &a->own4 : &a->own6;

    if (amtg_addr_is_unspecified(own))
        return false;
    *out = *own;
    return true;
}

bool amtg_lan_is_elsewhere(const struct amtg_lan_addresses *a, const struct amtg_addr *addr)
{
    const uint8_t *octets = amtg_addr_octets4(addr);

    if (a->subnets_count == 0 || a->more)
        return false;
    for (unsigned n = 0; n < a->subnets_count; n++) {
        uint8_t differs = 0;
        for (unsigned i = 0; i < 4; i++)
            differs |= (octets[i] ^ a->subnets[n][0][i]) & a->subnets[n][1][i];
        if (!differs)
            return false;
    }
    return true;
}

static bool no_own(struct amtg_element *lan, bool ip4, struct amtg_addr *out)
{
    (void)lan, (void)ip4, (void)out;
    return false;
}

static bool not_elsewhere(struct amtg_element *lan, const struct amtg_addr *addr)
{
    (void)lan, (void)addr;
    return false;
}

const struct amtg_lan_ops amtg_lan_nowhere = {.own = no_own, .is_elsewhere = not_elsewhere};
