/*
 * Who gets the packets of source -> group: the forwarding table (*,G), (S,G) ->
 * endpoints of a relay (RFC 7450, section 5.3.3.4), and what all endpoints
 * together want from upstream (RFC 3376, section 3.2; RFC 4605, section 4.1).
 *
 * Each group has the sets of its EXCLUDE-mode endpoints, which serve every source
 * that nobody names. A source that some endpoint names, to have it or to block it,
 * has an entry: the sets of those who include it and of those who block it, and,
 * once a packet of it has been looked up while there are EXCLUDE-mode endpoints,
 * the sets that result from both. All are edited in place from then on.
 *
 * Endpoints are held by the sets. Nothing here knows about time.
 */
#ifndef AMTG_GROUP_CHANNELS_H
#define AMTG_GROUP_CHANNELS_H

#include "core/packet.h"
#include "core/table.h"
#include "elements/group/filter.h"

struct amtg_channel_source;

/* Ring of things; a ring that is empty points to itself. */
struct amtg_ring {
    struct amtg_ring *next, *prev;
};

/* A group that some endpoint wants, or that the last one has just left. */
struct amtg_channel {
    struct amtg_node node;
    struct amtg_addr group;
    struct amtg_ring all;     /* in amtg_channels.all */
    struct amtg_ring changed; /* in amtg_channels.changed while its wish may have changed */
    struct amtg_ring sources; /* its entries; those with built sets come first */
    uint32_t sources_count;
    uint32_t blocked_count; /* entries that some endpoint blocks */
    uint64_t said; /* the owner's note of the wish that it said last */
    struct amtg_set *exclude; /* endpoints in EXCLUDE mode, in a list as those of entries */
};

struct amtg_channels {
    struct amtg_table groups, sources;
    struct amtg_ring all, changed;
    size_t forwarding; /* entries (*,G) and (S,G) */
};

/* key: 16 octets for both tables. */
void amtg_channels_init(struct amtg_channels *cs, const uint8_t key[16]);
/* Frees every channel with its sets. */
void amtg_channels_fini(struct amtg_channels *cs);

/*
 * The channel of a group, made when there is none; a new one must be changed or
 * settled. NULL: no memory.
 */
struct amtg_channel *amtg_channels_get(struct amtg_channels *cs, const struct amtg_addr *group);
struct amtg_channel *amtg_channels_find(const struct amtg_channels *cs,
                                        const struct amtg_addr *group);

/*
 * The state of one endpoint in this group goes from `before` to `after`. false: no
 * memory; the endpoint then misses some of what it wants, and a later change to
 * INCLUDE{} still removes all of it.
 */
bool amtg_channel_change(struct amtg_channels *cs, struct amtg_channel *c,
                         struct amtg_endpoint *endpoint, const struct amtg_filter *before,
                         const struct amtg_filter *after);

/* As amtg_members_ops.lookup. */
struct amtg_set *amtg_channels_lookup(struct amtg_channels *cs, const struct amtg_addr *source,
                                      const struct amtg_addr *group);

/* Wants anybody anything of it? */
bool amtg_channel_empty(const struct amtg_channel *c);

/*
 * The merged wish of all endpoints: up to `room` sources to `sources`.
 * ret: how many sources the wish has, which may be more than room.
 */
uint32_t amtg_channel_wish(const struct amtg_channel *c, bool *exclude,
                           struct amtg_addr *sources, uint32_t room);

/* A channel whose wish may have changed, or NULL. It stays so until it is settled. */
struct amtg_channel *amtg_channels_next_changed(const struct amtg_channels *cs);
/* Its wish has been said: no longer changed, and freed when nobody wants it. */
void amtg_channel_settle(struct amtg_channels *cs, struct amtg_channel *c);
/* The next channel in turn, for saying all of them again; NULL: there is none. */
struct amtg_channel *amtg_channels_next_in_turn(struct amtg_channels *cs);

#endif
