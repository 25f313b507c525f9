#include "elements/io/joiner.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct amtg_join_socket {
    int fd;
    unsigned family; /* index into with_room */
    unsigned groups;
    bool refused;      /* the kernel takes no more groups although we would */
    bool listed;       /* in with_room */
    uint64_t searched; /* generation of the last search that must not choose it */
    struct amtg_join_socket *next, **link;         /* in with_room */
    struct amtg_join_socket *next_all, **link_all; /* in all */
};

struct amtg_seat {
    struct amtg_join_socket *socket;
    struct amtg_seat *next;
    uint32_t count; /* sources */
    bool refused;   /* the kernel takes no more sources although we would */
};

/* ---- sockets ------------------------------------------------------------ */

static void list_room(struct amtg_joiner *j, struct amtg_join_socket *s)
{
    struct amtg_join_socket **head = &j->with_room[s->family];
    bool room = s->groups < AMTG_JOINER_GROUPS && !s->refused;

    if (room && !s->listed) {
        s->next = *head;
        s->link = head;
        if (*head)
            (*head)->link = &s->next;
        *head = s;
    } else if (!room && s->listed) {
        *s->link = s->next;
        if (s->next)
            s->next->link = s->link;
    }
    s->listed = room;
}

static struct amtg_join_socket *socket_open(struct amtg_joiner *j, unsigned family)
{
    if (j->sockets >= j->most) {
        errno = EMFILE;
        return NULL;
    }
    struct amtg_join_socket *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->fd = socket(family ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s->fd < 0) {
        int error = errno;
        free(s);
        errno = error;
        return NULL;
    }
    s->family = family;
    s->next_all = j->all;
    s->link_all = &j->all;
    if (j->all)
        j->all->link_all = &s->next_all;
    j->all = s;
    j->sockets++;
    list_room(j, s);
    return s;
}

static void socket_close(struct amtg_joiner *j, struct amtg_join_socket *s)
{
    s->refused = true; /* no room any more: out of the list */
    list_room(j, s);
    *s->link_all = s->next_all;
    if (s->next_all)
        s->next_all->link_all = s->link_all;
    j->sockets--;
    close(s->fd);
    free(s);
}

/* A socket with room where the group has no seat; NULL: errno says why. */
static struct amtg_join_socket *socket_for(struct amtg_joiner *j, const struct amtg_joined *g)
{
    unsigned family = amtg_addr_is4(&g->group) ? 0 : 1;

    j->generation++;
    for (struct amtg_seat *seat = g->seats; seat; seat = seat->next)
        seat->socket->searched = j->generation;
    if (g->exclude)
        g->exclude->socket->searched = j->generation;
    for (struct amtg_join_socket *s = j->with_room[family]; s; s = s->next)
        if (s->searched != j->generation)
            return s;
    return socket_open(j, family);
}

/* ---- the kernel's calls (RFC 3678, section 5) ---------------------------- */

static int of_group(const struct amtg_joiner *j, const struct amtg_join_socket *s, int option,
                    const struct amtg_addr *group)
{
    struct group_req request = {.gr_interface = j->interface};

    amtg_addr_to_sockaddr(group, 0, 0, &request.gr_group);
    return setsockopt(s->fd, s->family ? IPPROTO_IPV6 : IPPROTO_IP, option, &request,
                      sizeof request);
}

static int of_source(const struct amtg_joiner *j, const struct amtg_join_socket *s, int option,
                     const struct amtg_addr *group, const struct amtg_addr *source)
{
    struct group_source_req request = {.gsr_interface = j->interface};

    amtg_addr_to_sockaddr(group, 0, 0, &request.gsr_group);
    amtg_addr_to_sockaddr(source, 0, 0, &request.gsr_source);
    return setsockopt(s->fd, s->family ? IPPROTO_IPV6 : IPPROTO_IP, option, &request,
                      sizeof request);
}

/* ---- seats -------------------------------------------------------------- */

/*
 * Give the group a seat on another socket: in INCLUDE mode with this source, in
 * EXCLUDE mode with NULL. NULL: errno says why.
 */
static struct amtg_seat *seat_new(struct amtg_joiner *j, const struct amtg_joined *g,
                                  const struct amtg_addr *source)
{
    struct amtg_seat *seat = calloc(1, sizeof *seat);

    if (!seat)
        return NULL;
    for (;;) {
        struct amtg_join_socket *s = socket_for(j, g);
        if (!s)
            break;
        int done = source ? of_source(j, s, MCAST_JOIN_SOURCE_GROUP, &g->group, source)
                          : of_group(j, s, MCAST_JOIN_GROUP, &g->group);
        if (done == 0) {
            s->groups++;
            list_room(j, s);
            seat->socket = s;
            seat->count = source ? 1 : 0;
            return seat;
        }
        int error = errno;
        bool fresh = s->groups == 0;
        if (fresh) {
            socket_close(j, s);
        } else if (error == ENOBUFS) { /* the host allows fewer groups: go on with another */
            s->refused = true;
            list_room(j, s);
        }
        errno = error;
        if (fresh || error != ENOBUFS)
            break;
    }
    int error = errno;
    free(seat);
    errno = error;
    return NULL;
}

/* The group has left its seat. */
static void seat_free(struct amtg_joiner *j, struct amtg_seat *seat)
{
    struct amtg_join_socket *s = seat->socket;

    free(seat);
    s->groups--;
    s->refused = false;
    if (s->groups == 0)
        socket_close(j, s);
    else
        list_room(j, s);
}

/* ---- INCLUDE ------------------------------------------------------------ */

static struct amtg_seat *source_join(struct amtg_joiner *j, struct amtg_joined *g,
                                     const struct amtg_addr *source)
{
    for (struct amtg_seat *seat = g->seats; seat; seat = seat->next) {
        if (seat->count >= AMTG_JOINER_SOURCES || seat->refused)
            continue;
        if (of_source(j, seat->socket, MCAST_JOIN_SOURCE_GROUP, &g->group, source) == 0) {
            seat->count++;
            return seat;
        }
        if (errno != ENOBUFS)
            return NULL;
        seat->refused = true; /* the host allows fewer sources */
    }
    struct amtg_seat *seat = seat_new(j, g, source);
    if (seat) {
        seat->next = g->seats;
        g->seats = seat;
    }
    return seat;
}

/* The kernel gives the membership up with its last source. */
static void source_leave(struct amtg_joiner *j, struct amtg_joined *g,
                         const struct amtg_joined_source *source)
{
    struct amtg_seat *seat = source->seat;

    of_source(j, seat->socket, MCAST_LEAVE_SOURCE_GROUP, &g->group, &source->addr);
    seat->refused = false;
    if (--seat->count)
        return;
    for (struct amtg_seat **at = &g->seats; *at; at = &(*at)->next)
        if (*at == seat) {
            *at = seat->next;
            break;
        }
    seat_free(j, seat);
}

static int order(const struct amtg_addr *a, const struct amtg_addr *b)
{
    return memcmp(a->octets, b->octets, sizeof a->octets);
}

/* Join what is wanted and not joined, until something fails. */
static int sources_add(struct amtg_joiner *j, struct amtg_joined *g, const struct amtg_wish *wish)
{
    uint32_t a = 0, w = 0, n = 0, room = g->sources_count + wish->count;
    struct amtg_joined_source *merged = malloc((room ? room : 1) * sizeof *merged);
    int error = 0;

    if (!merged)
        return ENOMEM;
    while (a < g->sources_count || w < wish->count) {
        int which = a == g->sources_count ? 1
                    : w == wish->count    ? -1
                                          : order(&g->sources[a].addr, &wish->sources[w]);
        if (which <= 0) {
            merged[n++] = g->sources[a++];
            w += which == 0;
            continue;
        }
        struct amtg_seat *seat = error ? NULL : source_join(j, g, &wish->sources[w]);
        if (seat)
            merged[n++] = (struct amtg_joined_source){wish->sources[w], seat};
        else if (!error)
            error = errno;
        w++;
    }
    free(g->sources);
    g->sources = merged;
    g->sources_count = n;
    return error;
}

/* Leave what is joined and not wanted. */
static void sources_remove(struct amtg_joiner *j, struct amtg_joined *g,
                           const struct amtg_wish *wish)
{
    uint32_t w = 0, kept = 0;

    for (uint32_t a = 0; a < g->sources_count; a++) {
        while (w < wish->count && order(&wish->sources[w], &g->sources[a].addr) < 0)
            w++;
        if (w < wish->count && order(&wish->sources[w], &g->sources[a].addr) == 0)
            g->sources[kept++] = g->sources[a];
        else
            source_leave(j, g, &g->sources[a]);
    }
    g->sources_count = kept;
}

static bool as_wished(const struct amtg_joined *g, const struct amtg_wish *wish)
{
    if (wish->exclude || g->exclude || g->sources_count != wish->count)
        return false;
    for (uint32_t i = 0; i < wish->count; i++)
        if (!amtg_addr_equal(&g->sources[i].addr, &wish->sources[i]))
            return false;
    return true;
}

/* ---- EXCLUDE ------------------------------------------------------------ */

static bool contains(const struct amtg_addr *list, uint32_t count, const struct amtg_addr *a)
{
    for (uint32_t i = 0; i < count; i++)
        if (amtg_addr_equal(&list[i], a))
            return true;
    return false;
}

/* Let through what is no longer excluded, then block as much of the rest as fits. */
static void block(struct amtg_joiner *j, struct amtg_joined *g, const struct amtg_wish *wish)
{
    const struct amtg_join_socket *s = g->exclude->socket;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < g->blocked_count; i++) {
        struct amtg_addr a = g->blocked[i];
        if (contains(wish->sources, wish->count, &a))
            g->blocked[kept++] = a;
        else
            of_source(j, s, MCAST_UNBLOCK_SOURCE, &g->group, &a);
    }
    g->blocked_count = kept;
    for (uint32_t i = 0; i < wish->count && g->blocked_count < AMTG_JOINER_SOURCES; i++) {
        const struct amtg_addr *a = &wish->sources[i];
        if (contains(g->blocked, g->blocked_count, a))
            continue;
        if (of_source(j, s, MCAST_BLOCK_SOURCE, &g->group, a) < 0)
            return; /* received, then, and filtered later on */
        g->blocked[g->blocked_count++] = *a;
    }
}

static void exclude_leave(struct amtg_joiner *j, struct amtg_joined *g)
{
    if (!g->exclude)
        return;
    of_group(j, g->exclude->socket, MCAST_LEAVE_GROUP, &g->group);
    seat_free(j, g->exclude);
    g->exclude = NULL;
    g->blocked_count = 0;
}

/* ---- both --------------------------------------------------------------- */

int amtg_joiner_apply(struct amtg_joiner *j, struct amtg_joined *g, const struct amtg_wish *wish)
{
    static const struct amtg_wish nothing = {.count = 0};
    int error;

    if (as_wished(g, wish))
        return 0;
    if (!wish->exclude) {
        error = sources_add(j, g, wish);
        if (!error)
            exclude_leave(j, g);
        sources_remove(j, g, wish);
        return error;
    }
    if (!g->exclude)
        g->exclude = seat_new(j, g, NULL);
    if (!g->exclude)
        return errno;
    block(j, g, wish);
    sources_remove(j, g, &nothing);
    return 0;
}

void amtg_joined_free(struct amtg_joined *g)
{
    while (g->seats) {
        struct amtg_seat *seat = g->seats;
        g->seats = seat->next;
        free(seat);
    }
    free(g->exclude);
    free(g->sources);
    *g = (struct amtg_joined){.group = g->group};
}

void amtg_joiner_init(struct amtg_joiner *j, unsigned interface, uint32_t most)
{
    *j = (struct amtg_joiner){.interface = interface, .most = most};
}

void amtg_joiner_fini(struct amtg_joiner *j)
{
    while (j->all)
        socket_close(j, j->all);
}
