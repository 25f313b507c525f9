#include "elements/io/next_hops.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NEWS_ROOM = 16384 };

#define ASK_AGAIN_NS AMTG_S /* about a neighbour that is not known, or doubted */
/*
 * Between two times that all is forgotten: at least this, and for each destination four times
 * what it takes to ask for it, so that a busy routing daemon does not keep us asking.
 */
#define FORGET_NS (100 * AMTG_MS)
#define FORGET_EACH_NS (20 * AMTG_US)

struct neighbour_key {
    struct amtg_addr addr;
    uint32_t index;
};

struct neighbour {
    struct amtg_node node;
    struct neighbour_key key;
    const struct amtg_net_device *device;
    bool known, doubted;
    uint8_t mac[ETH_ALEN];
    uint64_t again_ns; /* when it may be asked for again */
};

struct way_key {
    struct amtg_addr remote, local;
    uint32_t scope;
};

struct way {
    struct amtg_node node;
    struct way_key key;
    struct neighbour *neighbour; /* NULL: the ordinary way */
    struct amtg_addr source;
    uint64_t until_ns;
};

/* ---- forgetting ---------------------------------------------------------- */

static void forget_way(struct amtg_node *node, void *arg)
{
    amtg_table_remove(arg, node);
    free(AMTG_CONTAINER(node, struct way, node));
}

static void forget_neighbour(struct amtg_node *node, void *arg)
{
    amtg_table_remove(arg, node);
    free(AMTG_CONTAINER(node, struct neighbour, node));
}

static void forget(struct amtg_next_hops *hops)
{
    amtg_timer_stop(hops->element, &hops->later);
    amtg_table_each(&hops->ways, forget_way, &hops->ways);
    amtg_table_each(&hops->neighbours, forget_neighbour, &hops->neighbours);
    hops->devices_count = 0;
    hops->forgot_ns = amtg_now(hops->element);
    hops->forgotten++;
}

static void forget_later(struct amtg_element *e, struct amtg_timer *t)
{
    (void)e;
    forget(AMTG_CONTAINER(t, struct amtg_next_hops, later));
}

void amtg_next_hops_doubt(struct amtg_next_hops *hops)
{
    uint64_t now = amtg_now(hops->element);
    uint64_t due = hops->forgot_ns + FORGET_NS + hops->ways.count * FORGET_EACH_NS;

    if (now >= due)
        forget(hops);
    else if (!amtg_timer_running(&hops->later))
        amtg_timer_start(hops->element, &hops->later, due - now);
}

/* ---- devices ------------------------------------------------------------- */

static struct amtg_net_device *find_device(struct amtg_next_hops *hops, unsigned index)
{
    for (unsigned i = 0; i < hops->devices_count; i++)
        if (hops->devices[i].index == index)
            return &hops->devices[i];
    return NULL;
}

/* NULL: it is gone, or one too many. */
static const struct amtg_net_device *device_at(struct amtg_next_hops *hops, unsigned index)
{
    struct amtg_net_device *device = find_device(hops, index);

    if (device || hops->devices_count == AMTG_HOP_DEVICES)
        return device;
    device = &hops->devices[hops->devices_count];
    if (amtg_netlink_ask_device(&hops->nl, index, device) != 0)
        return NULL;
    hops->devices_count++;
    return device;
}

/* ---- neighbours ---------------------------------------------------------- */

static struct neighbour *find_neighbour(struct amtg_next_hops *hops,
                                                 const struct neighbour_key *key, uint64_t hash)
{
    for (struct amtg_node *n = amtg_table_find(&hops->neighbours, hash); n;
         n = amtg_node_next(n, hash)) {
        struct neighbour *neighbour = AMTG_CONTAINER(n, struct neighbour, node);
        if (memcmp(&neighbour->key, key, sizeof *key) == 0)
            return neighbour;
    }
    return NULL;
}

static void heard(struct neighbour *neighbour, const struct amtg_net_neighbour *said)
{
    neighbour->known = said->known;
    neighbour->doubted = said->doubted;
    memcpy(neighbour->mac, said->mac, ETH_ALEN);
}

static void ask_neighbour(struct amtg_next_hops *hops, struct neighbour *neighbour)
{
    struct amtg_net_neighbour said;

    amtg_netlink_ask_neighbour(&hops->nl, neighbour->key.index, &neighbour->key.addr, &said);
    heard(neighbour, &said);
}

/* The one that is there, or a new one. A device without ARP has frames go to itself, as the kernel does. */
static struct neighbour *neighbour_at(struct amtg_next_hops *hops,
                                               const struct amtg_net_device *device,
                                               const struct amtg_addr *addr)
{
    struct neighbour_key key = {.addr = *addr, .index = device->index};
    uint64_t hash = amtg_table_hash(&hops->neighbours, &key, sizeof key);
    struct neighbour *neighbour = find_neighbour(hops, &key, hash);

    if (neighbour)
        return neighbour;
    neighbour = calloc(1, sizeof *neighbour);
    if (!neighbour || !amtg_table_insert(&hops->neighbours, &neighbour->node, hash)) {
        free(neighbour);
        return NULL;
    }
    neighbour->key = key;
    neighbour->device = device;
    if (device->no_arp) {
        neighbour->known = true;
        memcpy(neighbour->mac, device->mac, ETH_ALEN);
    } else {
        ask_neighbour(hops, neighbour);
    }
    return neighbour;
}

/* How a packet gets there now. Each second one goes the ordinary way where the kernel is to look. */
static enum amtg_hop_way judge(struct amtg_next_hops *hops, struct neighbour *neighbour)
{
    uint64_t now = amtg_now(hops->element);

    if (neighbour->known && !neighbour->doubted)
        return AMTG_HOP_FRAME;
    if (now < neighbour->again_ns)
        return neighbour->known ? AMTG_HOP_FRAME : AMTG_HOP_UNRESOLVED;
    neighbour->again_ns = now + ASK_AGAIN_NS;
    ask_neighbour(hops, neighbour);
    return !neighbour->known ? AMTG_HOP_UNRESOLVED
                             : neighbour->doubted ? AMTG_HOP_DOUBTED : AMTG_HOP_FRAME;
}

/* ---- ways ---------------------------------------------------------------- */

static struct way *find_way(struct amtg_next_hops *hops, const struct way_key *key, uint64_t hash)
{
    for (struct amtg_node *n = amtg_table_find(&hops->ways, hash); n; n = amtg_node_next(n, hash)) {
        struct way *way = AMTG_CONTAINER(n, struct way, node);
        if (memcmp(&way->key, key, sizeof *key) == 0)
            return way;
    }
    return NULL;
}

static void ask_way(struct amtg_next_hops *hops, struct way *way)
{
    struct amtg_net_route route;
    const struct amtg_net_device *device;

    hops->asked++;
    way->until_ns = amtg_now(hops->element) + hops->keep_ns;
    way->neighbour = NULL;
    if (amtg_netlink_ask_route(&hops->nl, &way->key.remote, &way->key.local, way->key.scope,
                               &route) != 0 ||
        !route.plain)
        return;
    way->source = route.source;
    device = device_at(hops, route.index);
    if (device)
        way->neighbour = neighbour_at(hops, device, &route.next);
}

/* NULL: there is no room for it. */
static struct way *way_to(struct amtg_next_hops *hops, const struct way_key *key)
{
    uint64_t hash = amtg_table_hash(&hops->ways, key, sizeof *key);
    struct way *way = find_way(hops, key, hash);

    if (way) {
        if (amtg_now(hops->element) >= way->until_ns)
            ask_way(hops, way);
        return way;
    }
    if (hops->ways.count >= hops->limit || hops->neighbours.count >= hops->limit) {
        /* Of those that have gone, perhaps; nobody says when a destination has. But not now:
           what was said of other copies of the burst at hand must stay as it is. */
        if (amtg_now(hops->element) >= hops->forgot_ns + hops->keep_ns &&
            !amtg_timer_running(&hops->later))
            amtg_timer_start(hops->element, &hops->later, 0);
        return NULL;
    }
    way = calloc(1, sizeof *way);
    if (!way || !amtg_table_insert(&hops->ways, &way->node, hash)) {
        free(way);
        return NULL;
    }
    way->key = *key;
    ask_way(hops, way);
    return way;
}

enum amtg_hop_way amtg_next_hop(struct amtg_next_hops *hops, const struct amtg_peer *peer,
                                struct amtg_next_hop *out)
{
    struct way_key key = {.remote = peer->remote, .local = peer->local, .scope = peer->scope};
    const struct way *way = way_to(hops, &key);

    if (!way || !way->neighbour || !way->neighbour->device->usable)
        return AMTG_HOP_INDIRECT;
    *out = (struct amtg_next_hop){.device = way->neighbour->device,
                                  .mac = way->neighbour->mac,
                                  .source = way->source};
    return judge(hops, way->neighbour);
}

/* ---- news ---------------------------------------------------------------- */

static void hear_of_neighbour(struct amtg_next_hops *hops, const struct nlmsghdr *m)
{
    struct amtg_net_neighbour said;

    amtg_netlink_read_neighbour(m, &said);
    const struct neighbour_key key = {.addr = said.addr, .index = said.index};
    uint64_t hash = amtg_table_hash(&hops->neighbours, &key, sizeof key);
    struct neighbour *neighbour = find_neighbour(hops, &key, hash);
    if (neighbour && !neighbour->device->no_arp)
        heard(neighbour, &said);
}

/* Whether it is up counts at once; which routes have come or gone with it is not always said. */
static void hear_of_device(struct amtg_next_hops *hops, const struct nlmsghdr *m)
{
    struct amtg_net_device said;

    amtg_netlink_read_device(m, &said);
    struct amtg_net_device *device = find_device(hops, said.index);
    if (device)
        *device = said;
    amtg_next_hops_doubt(hops);
}

static void read_news(struct amtg_next_hops *hops, const struct nlmsghdr *m)
{
    switch (m->nlmsg_type) {
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
        hear_of_neighbour(hops, m);
        break;
    case RTM_NEWLINK:
    case RTM_DELLINK:
        hear_of_device(hops, m);
        break;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
    case RTM_NEWRULE:
    case RTM_DELRULE:
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
        amtg_next_hops_doubt(hops);
        break;
    default:
        break;
    }
}

static void news_came(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    struct amtg_next_hops *hops = AMTG_CONTAINER(w, struct amtg_next_hops, news);
    union {
        struct nlmsghdr head;
        uint8_t octets[NEWS_ROOM];
    } messages;

    (void)e, (void)events;
    for (;;) {
        ssize_t n = recv(w->fd, &messages, sizeof messages, MSG_DONTWAIT);
        if (n < 0 && errno == ENOBUFS) { /* some of it was lost */
            amtg_next_hops_doubt(hops);
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        int left = (int)n;
        for (const struct nlmsghdr *m = &messages.head; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
            read_news(hops, m);
    }
}

/* ---- life ---------------------------------------------------------------- */

void amtg_next_hops_init(struct amtg_next_hops *hops, struct amtg_element *e)
{
    hops->element = e;
    hops->nl.fd = -1;
    hops->news.ready = news_came;
    hops->later.fire = forget_later;
    amtg_table_init(&hops->ways, e->hash_key);
    amtg_table_init(&hops->neighbours, e->hash_key);
}

void amtg_next_hops_fini(struct amtg_next_hops *hops)
{
    amtg_table_fini(&hops->ways);
    amtg_table_fini(&hops->neighbours);
}

/* Told before asking, so that nothing is missed between. */
enum amtg_err amtg_next_hops_start(struct amtg_next_hops *hops)
{
    int news = amtg_netlink_watch_ways();

    if (news < 0)
        return amtg_fail(hops->element, AMTG_ESYSTEM, "rtnetlink: %s", strerror(errno));
    if (amtg_watch_add(hops->element, &hops->news, news, EPOLLIN)) {
        close(news);
        return amtg_fail(hops->element, AMTG_ESYSTEM, "cannot wait for rtnetlink");
    }
    if (amtg_netlink_open(&hops->nl) < 0) {
        int error = errno;
        amtg_watch_remove(hops->element, &hops->news);
        close(news);
        return amtg_fail(hops->element, AMTG_ESYSTEM, "rtnetlink: %s", strerror(error));
    }
    return AMTG_OK;
}

void amtg_next_hops_stop(struct amtg_next_hops *hops)
{
    amtg_watch_remove(hops->element, &hops->news);
    close(hops->news.fd);
    close(hops->nl.fd);
    forget(hops);
}
