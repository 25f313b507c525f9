#include "elements/io/capture_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "elements/io/capture_filter.h"

enum { WHY = 512 };

static bool set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* Ethernet and loopback have 14 octets before the IP header; for the rest the kernel must say. */
static uint32_t link_header(int fd, const struct amtg_nic *nic)
{
    struct ifreq request = {0};

    memcpy(request.ifr_name, nic->name, sizeof request.ifr_name);
    if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
        return AMTG_CAPTURE_AT_NETWORK;
    unsigned short type = request.ifr_hwaddr.sa_family;
    return type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK ? ETH_HLEN : AMTG_CAPTURE_AT_NETWORK;
}

static enum amtg_err attach_filter(struct amtg_element *e, const struct amtg_capture_wanted *wanted,
                                   int fd)
{
    const struct amtg_capture_filter filter = {
        .expression = wanted->filter,
        .outgoing = wanted->outgoing,
        .shift = link_header(fd, wanted->nic),
    };
    struct sock_fprog program;
    char why[WHY];

    if (!amtg_capture_filter_compile(&filter, &program, why, sizeof why))
        return amtg_fail(e, AMTG_ECONFIG, "filter: %s", why);
    int done = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    free(program.filter);
    if (done < 0)
        return amtg_fail(e, AMTG_ESYSTEM, "the kernel refuses the filter: %s", strerror(errno));
    return AMTG_OK;
}

/* Options and filter first: until it is bound, the socket of protocol 0 gets nothing. */
static enum amtg_err set_up(struct amtg_element *e, const struct amtg_capture_wanted *wanted,
                            int fd)
{
    int octets = (int)(wanted->buffer_octets / 2);
    enum amtg_err err;

    if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, octets))
        set(fd, SOL_SOCKET, SO_RCVBUF, octets);
    if (!set(fd, SOL_PACKET, PACKET_AUXDATA, 1) || !set(fd, SOL_PACKET, PACKET_VNET_HDR, 1))
        return amtg_fail(e, AMTG_ESYSTEM, "packet socket: %s", strerror(errno));
    /* Saves a copy of all that we send; kernels that do not know it leave it to the filter. */
    if (!wanted->outgoing)
        set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    err = attach_filter(e, wanted, fd);
    if (err)
        return err;

    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETH_P_ALL),
                                  .sll_ifindex = (int)wanted->nic->index};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return amtg_fail(e, AMTG_ESYSTEM, "interface %s: %s", wanted->nic->name, strerror(errno));
    struct packet_mreq all = {.mr_ifindex = (int)wanted->nic->index, .mr_type = PACKET_MR_ALLMULTI};
    if (wanted->allmulti &&
        setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) < 0)
        return amtg_fail(e, AMTG_ESYSTEM, "interface %s: all multicast: %s", wanted->nic->name,
                         strerror(errno));
    return AMTG_OK;
}

enum amtg_err amtg_capture_socket_open(struct amtg_element *e,
                                       const struct amtg_capture_wanted *wanted, int *fd)
{
    *fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return errno == EPERM || errno == EACCES
                   ? amtg_fail(e, AMTG_EPRIVILEGE, "capturing needs CAP_NET_RAW")
                   : amtg_fail(e, AMTG_ESYSTEM, "no packet socket: %s", strerror(errno));
    enum amtg_err err = set_up(e, wanted, *fd);
    if (err)
        close(*fd);
    return err;
}
