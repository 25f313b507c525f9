#include "elements/io/udp_bound.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "elements/io/steering.h"

static bool set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* As much as was asked if we have the privilege, else as much as the system lets anybody have. */
static void set_buffer(int fd, int forced, int plain, uint64_t octets)
{
    int value = (int)(octets / 2); /* the kernel doubles it, for its own bookkeeping */

    if (!set(fd, SOL_SOCKET, forced, value))
        set(fd, SOL_SOCKET, plain, value);
}

/*
 * Outer packets are never fragmented (RFC 7450, section 5.3.3.6): DF is set.
 * PROBE rather than DO: the kernel then neither lowers the size by itself when
 * some ICMP "too big" (perhaps forged) comes in, nor hides that error from us; it
 * comes out as a record, and whoever keeps the tunnel MTU judges it. IPV6_DONTFRAG
 * (RFC 3542) says for IPv6 once more that we want an error, and no Fragment header.
 */
static bool set_options4(int fd, const struct amtg_udp_socket_options *o)
{
    return set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE) &&
           set(fd, IPPROTO_IP, IP_RECVERR, 1) && set(fd, IPPROTO_IP, IP_PKTINFO, 1) &&
           set(fd, IPPROTO_IP, IP_TTL, o->hop_limit) && set(fd, IPPROTO_IP, IP_RECVTOS, 1) &&
           (!o->free || set(fd, IPPROTO_IP, IP_FREEBIND, 1));
}

static bool set_options6(int fd, const struct amtg_udp_socket_options *o)
{
    return set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
           set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE) &&
           set(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1) &&
           set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1) &&
           set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
           set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, o->hop_limit) &&
           set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1) &&
           (!o->zero_checksum6 || set(fd, IPPROTO_UDP, UDP_NO_CHECK6_RX, 1)) &&
           (!o->free || set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1));
}

static bool bind_to(int fd, const struct amtg_addr *addr, uint16_t port, uint16_t *bound)
{
    struct sockaddr_storage sa;
    socklen_t len = amtg_addr_to_sockaddr(addr, port, 0, &sa);
    struct amtg_addr unused;
    uint32_t scope;

    if (bind(fd, (struct sockaddr *)&sa, len) < 0)
        return false;
    len = sizeof sa;
    return getsockname(fd, (struct sockaddr *)&sa, &len) == 0 &&
           amtg_addr_from_sockaddr(&sa, &unused, bound, &scope);
}

enum amtg_err amtg_udp_bind(struct amtg_element *e, const struct amtg_addr *addr, uint16_t port,
                            const struct amtg_udp_socket_options *options,
                            struct amtg_udp_bound *bound)
{
    char text[AMTG_ADDR_TEXT];
    bool is4 = amtg_addr_is4(addr);
    int fd = socket(is4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    amtg_addr_text(addr, text);
    if (fd < 0)
        return amtg_fail(e, AMTG_ESYSTEM, "no %s socket: %s", is4 ? "IPv4" : "IPv6",
                         strerror(errno));
    set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options->receive_buffer);
    set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options->send_buffer);
    bool trains = set(fd, IPPROTO_UDP, UDP_SEGMENT, 0); /* Linux 4.18 */
    if (!trains)
        amtg_log(e, AMTG_LOG_INFO, "no-trains", "address=%s error=\"%s\"", text, strerror(errno));
    if (options->gro)
        set(fd, IPPROTO_UDP, UDP_GRO, 1); /* Linux 5.0; before that they come one by one */
    *bound = (struct amtg_udp_bound){
        .trains = trains,
        .fd = fd, .addr = *addr, .is4 = is4, .wildcard = amtg_addr_is_unspecified(addr)};
    if ((is4 ? set_options4(fd, options) : set_options6(fd, options)) &&
        (options->shards == 1 || set(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
        bind_to(fd, addr, port, &bound->port) &&
        (options->shards == 1 || amtg_steer_group(fd, is4, options->shards)))
        return AMTG_OK;

    int error = errno;
    close(fd);
    return amtg_fail(e, error == EACCES || error == EPERM ? AMTG_EPRIVILEGE : AMTG_ESYSTEM,
                     "cannot bind %s port %u: %s", text, port, strerror(error));
}
