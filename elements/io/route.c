#include "elements/io/route.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "elements/io/interface.h"

const struct amtg_interface amtg_source_address = {
    .name = "source-address",
    .summary = "says which of our addresses the system would use towards a peer",
};

const struct amtg_interface amtg_routes = {
    .name = "routes",
    .summary = "says which address the host would use towards another, and how long a packet its "
               "default route takes",
};

/* ---- the host's ---------------------------------------------------------- */

/* What the system would choose: connecting a socket sends nothing, but fixes its address. */
bool amtg_route_towards(const struct amtg_addr *remote, uint32_t scope, struct amtg_addr *out)
{
    struct sockaddr_storage sa;
    socklen_t len = amtg_addr_to_sockaddr(remote, 9, scope, &sa);
    int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint16_t port;
    bool done;

    if (fd < 0)
        return false;
    done = connect(fd, (struct sockaddr *)&sa, len) == 0;
    len = sizeof sa;
    done = done && getsockname(fd, (struct sockaddr *)&sa, &len) == 0 &&
           amtg_addr_from_sockaddr(&sa, out, &port, &scope);
    close(fd);
    return done;
}

static bool find_default_route(bool ip4, char name[IF_NAMESIZE])
{
    FILE *routes = fopen(ip4 ? "/proc/net/route" : "/proc/net/ipv6_route", "re");
    bool found = amtg_nic_of_default_route(ip4 ? routes : NULL, ip4 ? NULL : routes, name);

    if (routes)
        fclose(routes);
    return found;
}

static uint32_t link_mtu(bool ip4)
{
    struct ifreq request = {0};
    bool found;
    int fd;

    if (!find_default_route(ip4, request.ifr_name))
        return 0;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    found = fd >= 0 && ioctl(fd, SIOCGIFMTU, &request) == 0;
    if (fd >= 0)
        close(fd);
    return found ? (uint32_t)request.ifr_mtu : 0;
}

static bool towards(const struct amtg_addr *remote, struct amtg_addr *out)
{
    return amtg_route_towards(remote, 0, out);
}

const struct amtg_routes_ops amtg_routes_of_host = {.towards = towards, .link_mtu = link_mtu};

/* ---- on captures, there is no host to ask -------------------------------- */

static bool towards_nowhere(const struct amtg_addr *remote, struct amtg_addr *out)
{
    (void)remote, (void)out;
    return false;
}

static uint32_t no_link(bool ip4)
{
    (void)ip4;
    return 0;
}

const struct amtg_routes_ops amtg_routes_on_captures = {.towards = towards_nowhere,
                                                        .link_mtu = no_link};
