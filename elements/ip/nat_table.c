#include "elements/ip/nat_table.h"

#include <stdlib.h>

#include "core/cursor.h"

enum { INSIDE_OCTETS = 18 };

static uint64_t hash_inside(const struct amtg_nat_table *t, const struct amtg_nat_end *inside)
{
    uint8_t key[INSIDE_OCTETS];

    memcpy(key, inside->address.octets, 16);
    amtg_put_u16(key + 16, inside->port);
    return amtg_table_hash(&t->by_inside, key, sizeof key);
}

static uint64_t hash_port(const struct amtg_nat_table *t, uint16_t port)
{
    uint8_t key[2];

    amtg_put_u16(key, port);
    return amtg_table_hash(&t->by_port, key, sizeof key);
}

static bool same(const struct amtg_nat_end *a, const struct amtg_nat_end *b)
{
    return a->port == b->port && amtg_addr_equal(&a->address, &b->address);
}

void amtg_nat_init(struct amtg_nat_table *t, const uint8_t key[16])
{
    amtg_table_init(&t->by_inside, key);
    amtg_table_init(&t->by_port, key);
    t->oldest = t->newest = NULL;
}

void amtg_nat_fini(struct amtg_nat_table *t)
{
    amtg_table_fini(&t->by_inside);
    amtg_table_fini(&t->by_port);
}

struct amtg_nat_mapping *amtg_nat_by_inside(const struct amtg_nat_table *t,
                                            const struct amtg_nat_end *inside)
{
    uint64_t hash = hash_inside(t, inside);

    for (struct amtg_node *n = amtg_table_find(&t->by_inside, hash); n; n = amtg_node_next(n, hash)) {
        struct amtg_nat_mapping *m = AMTG_CONTAINER(n, struct amtg_nat_mapping, by_inside);
        if (same(&m->inside, inside))
            return m;
    }
    return NULL;
}

struct amtg_nat_mapping *amtg_nat_by_port(const struct amtg_nat_table *t, uint16_t port)
{
    uint64_t hash = hash_port(t, port);

    for (struct amtg_node *n = amtg_table_find(&t->by_port, hash); n; n = amtg_node_next(n, hash)) {
        struct amtg_nat_mapping *m = AMTG_CONTAINER(n, struct amtg_nat_mapping, by_port);
        if (m->port == port)
            return m;
    }
    return NULL;
}

/* ---- order of use ----------------------------------------------------------- */

static void unlink_from(struct amtg_nat_table *t, struct amtg_nat_mapping *m)
{
    *(m->older ? &m->older->newer : &t->oldest) = m->newer;
    *(m->newer ? &m->newer->older : &t->newest) = m->older;
}

static void append(struct amtg_nat_table *t, struct amtg_nat_mapping *m)
{
    m->older = t->newest;
    m->newer = NULL;
    *(m->older ? &m->older->newer : &t->oldest) = m;
    t->newest = m;
}

void amtg_nat_use(struct amtg_nat_table *t, struct amtg_nat_mapping *m, uint64_t now_ns)
{
    m->used_ns = now_ns;
    unlink_from(t, m);
    append(t, m);
}

/* ---- making and forgetting ---------------------------------------------------- */

struct amtg_nat_mapping *amtg_nat_add(struct amtg_nat_table *t, const struct amtg_nat_end *inside,
                                      uint16_t port, uint64_t now_ns)
{
    struct amtg_nat_mapping *m = calloc(1, sizeof *m);

    if (!m)
        return NULL;
    m->inside = *inside;
    m->port = port;
    m->used_ns = now_ns;
    if (!amtg_table_insert(&t->by_inside, &m->by_inside, hash_inside(t, inside))) {
        free(m);
        return NULL;
    }
    if (!amtg_table_insert(&t->by_port, &m->by_port, hash_port(t, port))) {
        amtg_table_remove(&t->by_inside, &m->by_inside);
        free(m);
        return NULL;
    }
    append(t, m);
    return m;
}

void amtg_nat_forget(struct amtg_nat_table *t, struct amtg_nat_mapping *m)
{
    amtg_table_remove(&t->by_inside, &m->by_inside);
    amtg_table_remove(&t->by_port, &m->by_port);
    unlink_from(t, m);
    free(m);
}

/* ---- whom it sent to ------------------------------------------------------------ */

bool amtg_nat_was_sent_to(const struct amtg_nat_mapping *m, const struct amtg_nat_end *remote,
                          bool port_too)
{
    for (unsigned i = 0; i < m->remotes_count; i++)
        if (port_too ? same(&m->remotes[i], remote)
                     : amtg_addr_equal(&m->remotes[i].address, &remote->address))
            return true;
    return false;
}

void amtg_nat_sent_to(struct amtg_nat_mapping *m, const struct amtg_nat_end *remote)
{
    if (amtg_nat_was_sent_to(m, remote, true))
        return;
    m->remotes[m->next_remote] = *remote;
    m->next_remote = (m->next_remote + 1) % AMTG_NAT_REMOTES;
    if (m->remotes_count < AMTG_NAT_REMOTES)
        m->remotes_count++;
}
