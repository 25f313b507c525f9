#include "elements/io/tun_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    PATH = 64,
    F_USO = 0x20 | 0x40, /* TUN_F_USO4, TUN_F_USO6: newer than Debian 12's headers */
};

/* ---- opening ------------------------------------------------------------ */

/*
 * Does this kernel take UDP segmentation by a tun interface (Linux 6.2)? One that would be
 * willing to give such packets takes them as well; that we want none is said at once.
 */
static bool takes_trains(int fd)
{
    bool willing = ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | F_USO) == 0;

    ioctl(fd, TUNSETOFFLOAD, 0);
    return willing;
}

static int attach_as(struct amtg_tun_device *tun, const char *name, short flags)
{
    struct ifreq request = {.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | flags)};

    tun->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tun->fd < 0)
        return errno;
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (ioctl(tun->fd, TUNSETIFF, &request) < 0 || ioctl(tun->fd, TUNGETIFF, &request) < 0)
        return errno;
    tun->persistent = request.ifr_flags & IFF_PERSIST;
    tun->index = if_nametoindex(request.ifr_name);
    return tun->index ? 0 : errno;
}

/*
 * With headers for trains or, where those cannot be, without: the kernel segments no UDP, or
 * what stands in for a kernel (a sandbox, say) does not know the headers.
 */
static int attach(struct amtg_tun_device *tun, const char *name, bool trains)
{
    int error = attach_as(tun, name, trains ? IFF_VNET_HDR : 0);

    tun->trains = trains && !error && takes_trains(tun->fd);
    if (!trains || tun->trains || (error && error != EINVAL))
        return error;
    close(tun->fd);
    return attach_as(tun, name, 0);
}

int amtg_tun_open(struct amtg_tun_device *tun, const char *name, bool trains)
{
    *tun = (struct amtg_tun_device){.fd = -1, .nl = {.fd = -1}};
    int error = amtg_netlink_open(&tun->nl) < 0 ? errno : attach(tun, name, trains);

    if (error)
        amtg_tun_close(tun);
    return error;
}

void amtg_tun_close(struct amtg_tun_device *tun)
{
    if (tun->fd >= 0)
        close(tun->fd);
    if (tun->nl.fd >= 0)
        close(tun->nl.fd);
    tun->fd = tun->nl.fd = -1;
}

/* ---- setting up --------------------------------------------------------- */

/* What an interface says to IPv6 that the host, or just this interface, does not have. */
static bool is_without6(const struct amtg_prefix *p, int error)
{
    return !amtg_addr_is4(&p->addr) && (error == EACCES || error == ENODEV || error == EINVAL ||
                                        error == EOPNOTSUPP || error == EAFNOSUPPORT);
}

typedef int netlink_change(struct amtg_netlink *nl, unsigned index, const struct amtg_prefix *p,
                           bool add);

static int add_all(struct amtg_tun_device *tun, netlink_change *change,
                   const struct amtg_prefix *items, unsigned count, uint32_t *ours,
                   struct amtg_tun_trouble *trouble)
{
    for (unsigned i = 0; i < count; i++) {
        int error = change(&tun->nl, tun->index, &items[i], true);
        if (!error)
            *ours |= 1u << i;
        if (!error || error == EEXIST)
            continue;
        if (is_without6(&items[i], error)) {
            trouble->without6 = true;
            continue;
        }
        trouble->prefix = &items[i];
        return error;
    }
    return 0;
}

int amtg_tun_restore(struct amtg_tun_device *tun, const struct amtg_tun_wish *wish,
                     struct amtg_tun_trouble *trouble)
{
    trouble->what = "address";
    int error = add_all(tun, amtg_netlink_address, wish->addresses, wish->addresses_count,
                        &tun->our_addresses, trouble);
    if (error)
        return error;
    trouble->what = "route";
    error = add_all(tun, amtg_netlink_route, wish->routes, wish->routes_count, &tun->our_routes,
                    trouble);
    if (!error)
        trouble->what = NULL;
    return error;
}

/* An option of the interface that only /proc/sys has. */
static bool set_option(const char *family, const char *name, const char *option, char value)
{
    char path[PATH + IF_NAMESIZE];

    snprintf(path, sizeof path, "/proc/sys/net/%s/conf/%s/%s", family, name, option);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = write(fd, &value, 1) == 1;
    close(fd);
    return done;
}

/*
 * Loose reverse path filter (RFC 3704, section 2.4): what comes out of the tunnel has a
 * source whose route leads elsewhere. Of `all` and the interface's own the larger counts.
 *
 * No Router Advertisements: whoever is at the other end of the tunnel is no router of this
 * host. (A host without IPv6 does not have the option.)
 */
static bool set_options(const char *name)
{
    set_option("ipv6", name, "accept_ra", '0');
    return set_option("ipv4", name, "rp_filter", '2');
}

int amtg_tun_set_up(struct amtg_tun_device *tun, const struct amtg_tun_wish *wish,
                    struct amtg_tun_trouble *trouble)
{
    char name[IF_NAMESIZE];
    bool up;

    *trouble = (struct amtg_tun_trouble){.what = "MTU and state"};
    if (!amtg_tun_look(tun, name, &up))
        return ENODEV;
    trouble->strict = !set_options(name);
    int error = amtg_netlink_link_up(&tun->nl, tun->index, wish->mtu);
    return error ? error : amtg_tun_restore(tun, wish, trouble);
}

void amtg_tun_clear(struct amtg_tun_device *tun, const struct amtg_tun_wish *wish)
{
    if (!tun->persistent)
        return;
    for (unsigned i = 0; i < wish->routes_count; i++)
        if (tun->our_routes >> i & 1)
            amtg_netlink_route(&tun->nl, tun->index, &wish->routes[i], false);
    for (unsigned i = 0; i < wish->addresses_count; i++)
        if (tun->our_addresses >> i & 1)
            amtg_netlink_address(&tun->nl, tun->index, &wish->addresses[i], false);
}

/* ---- looking ------------------------------------------------------------ */

bool amtg_tun_look(const struct amtg_tun_device *tun, char name[IF_NAMESIZE], bool *up)
{
    struct ifreq request = {0};

    /* An interface that was removed leaves the descriptor without one. */
    if (tun->fd < 0 || ioctl(tun->fd, TUNGETIFF, &request) < 0)
        return false;
    memcpy(name, request.ifr_name, IF_NAMESIZE);
    if (ioctl(tun->nl.fd, SIOCGIFFLAGS, &request) < 0)
        return false;
    *up = request.ifr_flags & IFF_UP;
    return true;
}
