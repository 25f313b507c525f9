#include "elements/group/joins.h"

#include <sodium.h>
#include <stdlib.h>

#include "elements/wire/types.h"

enum amtg_err amtg_joins_init(struct amtg_joins *j, uint16_t room)
{
    *j = (struct amtg_joins){.wish = malloc(room * sizeof *j->wish), .room = room};
    return j->wish ? AMTG_OK : AMTG_ENOMEM;
}

void amtg_joins_fini(struct amtg_joins *j)
{
    free(j->wish);
    j->wish = NULL;
}

static int compare_addr(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct amtg_addr));
}

/* The wish of a channel, in ascending order, to j->wish: how many sources. */
static uint16_t wish_of(struct amtg_joins *j, const struct amtg_channel *c, bool *exclude)
{
    uint32_t n = amtg_channel_wish(c, exclude, j->wish, j->room);

    if (n > j->room) {
        j->over++;
        n = j->room;
        if (!amtg_group_is_ssm(&c->group)) {
            *exclude = true;
            n = 0;
        }
    }
    qsort(j->wish, n, sizeof *j->wish, compare_addr);
    return (uint16_t)n;
}

/* A wish as a number, to tell whether it has changed; 0: for nothing, which goes without saying. */
static uint64_t digest(const struct amtg_joins *j, const struct amtg_element *e, bool exclude,
                       uint16_t n)
{
    uint64_t hash;

    if (!exclude && n == 0)
        return 0;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)j->wish, n * sizeof *j->wish,
                     e->hash_key);
    return (hash & ~UINT64_C(3)) | (exclude ? 3 : 1);
}

bool amtg_joins_say(struct amtg_joins *j, struct amtg_element *e, unsigned out,
                    struct amtg_channel *c, bool again)
{
    bool exclude;
    uint16_t n = wish_of(j, c, &exclude);
    uint64_t wish = digest(j, e, exclude, n);

    if (wish == c->said && !(again && wish))
        return true;
    struct amtg_packet *p =
        amtg_make(e, AMTG_JOIN, (uint32_t)(sizeof(struct amtg_join) + n * sizeof *j->wish));
    if (!p) {
        amtg_no_buffer_count(e);
        return false;
    }
    struct amtg_join *join = (struct amtg_join *)p->data;
    join->group = c->group;
    join->exclude = exclude;
    join->count = n;
    memcpy(join->sources, j->wish, n * sizeof *j->wish);
    c->said = wish;
    j->said++;
    amtg_emit(e, out, p);
    return true;
}
