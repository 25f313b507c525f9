#include "elements/io/interface.h"

#include <errno.h>
#include <net/route.h>
#include <string.h>

enum { LINE = 512 };

static bool default_route4(FILE *file, char name[IF_NAMESIZE])
{
    char line[LINE];
    unsigned best = 0;
    bool found = false;

    while (fgets(line, sizeof line, file)) {
        char device[IF_NAMESIZE];
        unsigned long destination, gateway, mask;
        unsigned flags, metric;

        /* The heading does not scan: its second word is no number. */
        if (sscanf(line, "%15s %lx %lx %x %*d %*d %u %lx", device, &destination, &gateway, &flags,
                   &metric, &mask) != 6)
            continue;
        if (destination != 0 || mask != 0 || !(flags & RTF_UP) || (flags & RTF_REJECT))
            continue;
        if (found && metric >= best)
            continue;
        found = true;
        best = metric;
        strcpy(name, device);
    }
    return found;
}

static bool default_route6(FILE *file, char name[IF_NAMESIZE])
{
    static const char nowhere[] = "00000000000000000000000000000000";
    char line[LINE];
    unsigned best = 0;
    bool found = false;

    while (fgets(line, sizeof line, file)) {
        char device[IF_NAMESIZE], destination[33];
        unsigned length, metric, flags;

        if (sscanf(line, "%32s %x %*32s %*x %*32s %x %*x %*x %x %15s", destination, &length,
                   &metric, &flags, device) != 5)
            continue;
        /* The kernel keeps an unreachable default route on lo; it is no way out. */
        if (strcmp(destination, nowhere) != 0 || length != 0 || !(flags & RTF_UP) ||
            (flags & RTF_REJECT) || strcmp(device, "lo") == 0)
            continue;
        if (found && metric >= best)
            continue;
        found = true;
        best = metric;
        strcpy(name, device);
    }
    return found;
}

bool amtg_nic_of_default_route(FILE *route4, FILE *route6, char name[IF_NAMESIZE])
{
    return (route4 && default_route4(route4, name)) || (route6 && default_route6(route6, name));
}

enum amtg_err amtg_nic_find(struct amtg_element *e, const char *name, struct amtg_nic *out)
{
    if (strcmp(name, "auto") == 0) {
        FILE *route4 = fopen("/proc/net/route", "re");
        FILE *route6 = fopen("/proc/net/ipv6_route", "re");
        bool found = amtg_nic_of_default_route(route4, route6, out->name);
        if (route4)
            fclose(route4);
        if (route6)
            fclose(route6);
        if (!found)
            return amtg_fail(e, AMTG_ESYSTEM,
                             "there is no default route, so no interface for `auto`: name one");
    } else if (strlen(name) >= IF_NAMESIZE) {
        return amtg_fail(e, AMTG_ESYSTEM, "interface %s: no such name is possible", name);
    } else {
        strcpy(out->name, name);
    }
    out->index = if_nametoindex(out->name);
    if (out->index == 0)
        return amtg_fail(e, AMTG_ESYSTEM, "interface %s: %s", out->name, strerror(errno));
    return AMTG_OK;
}
