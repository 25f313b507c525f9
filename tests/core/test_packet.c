/* Buffers, packets, pools, sets: who shares what, and what happens when it runs out. */
#include "tests/support/suite.h"

#include "core/loop.h"
#include "core/packet.h"

START_TEST(a_clone_shares_octets_until_one_side_writes)
{
    struct amtg_pool *pool = amtg_pool_new(4, 0);
    struct amtg_packet *a = amtg_packet_new(pool, 4);
    memcpy(a->data, "abcd", 4);
    struct amtg_packet *b = amtg_packet_clone(a);

    ck_assert_ptr_eq(a->data, b->data);
    ck_assert_uint_eq(amtg_pool_stats(pool).in_use, 1);
    ck_assert(amtg_packet_own(b));
    ck_assert_ptr_ne(a->data, b->data);
    b->data[0] = 'X';
    ck_assert_mem_eq(a->data, "abcd", 4);
    ck_assert_mem_eq(b->data, "Xbcd", 4);
    ck_assert_uint_eq(amtg_pool_stats(pool).in_use, 2);
    amtg_packet_free(a);
    amtg_packet_free(b);
    ck_assert_uint_eq(amtg_pool_stats(pool).in_use, 0);
    ck_assert_uint_eq(amtg_pool_stats(pool).packets, 0);
    amtg_pool_free(pool);
}
END_TEST

START_TEST(prepending_uses_the_headroom_and_moves_when_shared_or_full)
{
    struct amtg_pool *pool = amtg_pool_new(4, 0);
    struct amtg_packet *a = amtg_packet_new(pool, 2);
    uint8_t *was = a->data;

    memcpy(a->data, "zz", 2);
    ck_assert_ptr_eq(amtg_packet_push(a, AMTG_HEADROOM), was - AMTG_HEADROOM);
    memset(a->data, 'h', AMTG_HEADROOM);
    uint8_t *front = a->data;
    ck_assert_ptr_nonnull(amtg_packet_push(a, 1)); /* no headroom left */
    ck_assert_ptr_ne(a->data, front - 1);
    ck_assert_uint_eq(a->len, AMTG_HEADROOM + 3);
    ck_assert_mem_eq(a->data + 1 + AMTG_HEADROOM, "zz", 2);
    ck_assert_int_eq(a->data[1], 'h');

    struct amtg_packet *b = amtg_packet_clone(a);
    uint8_t *shared = a->data;
    ck_assert_ptr_nonnull(amtg_packet_push(b, 2));
    memset(b->data, 'n', 2);
    ck_assert_ptr_eq(a->data, shared);
    ck_assert_uint_eq(b->len, a->len + 2);
    ck_assert_mem_eq(b->data + 2, a->data, a->len);
    amtg_packet_free(a);
    amtg_packet_free(b);
    amtg_pool_free(pool);
}
END_TEST

START_TEST(a_dry_pool_refuses_and_leaves_the_packet_as_it_was)
{
    struct amtg_pool *pool = amtg_pool_new(2, 1);
    struct amtg_packet *a = amtg_packet_new(pool, 1), *b = amtg_packet_new(pool, AMTG_SMALL_OCTETS);

    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_ptr_null(amtg_packet_new(pool, 1));
    struct amtg_packet *c = amtg_packet_new(pool, AMTG_LARGE_OCTETS);
    ck_assert_ptr_nonnull(c); /* large buffers have a limit of their own */
    ck_assert_ptr_null(amtg_packet_new(pool, AMTG_SMALL_OCTETS + 1));
    ck_assert_ptr_null(amtg_packet_new(pool, AMTG_LARGE_OCTETS + 1));

    a->data[0] = 7;
    struct amtg_packet *d = amtg_packet_clone(a);
    ck_assert(!amtg_packet_own(d));
    ck_assert_ptr_null(amtg_packet_push(d, 1));
    ck_assert_uint_eq(d->len, 1);
    ck_assert_uint_eq(d->data[0], 7);
    ck_assert_uint_eq(amtg_pool_stats(pool).denied, 5);
    amtg_packet_free(a);
    amtg_packet_free(b);
    amtg_packet_free(c);
    amtg_packet_free(d);
    ck_assert_uint_eq(amtg_pool_stats(pool).in_use, 0);
    ck_assert_uint_eq(amtg_pool_stats(pool).peak, 3);
    amtg_pool_free(pool);
}
END_TEST

static unsigned woken;

static void wake(struct amtg_element *e, struct amtg_task *t)
{
    (void)e;
    (void)t;
    woken++;
}

START_TEST(who_waits_for_buffers_is_woken_once_there_are_some)
{
    struct amtg_loop *loop = amtg_loop_new(AMTG_CLOCK_VIRTUAL, NULL);
    struct amtg_pool *pool = amtg_pool_new(4, 0);
    struct amtg_task task = {.run = wake}, other = {.run = wake}, third = {.run = wake};
    struct amtg_packet *p[4];

    woken = 0;
    for (int i = 0; i < 4; i++)
        p[i] = amtg_packet_new(pool, 1);
    amtg_pool_wait(pool, loop, &task);
    amtg_pool_wait(pool, loop, &other);
    amtg_pool_wait(pool, loop, &third);
    amtg_pool_wait(pool, loop, &task);
    amtg_loop_step(loop, 0);
    ck_assert_uint_eq(woken, 0);
    amtg_packet_free(p[0]);
    amtg_loop_step(loop, 0);
    ck_assert_uint_eq(woken, 3); /* each once */
    amtg_packet_free(p[1]);
    amtg_packet_free(p[2]);
    amtg_packet_free(p[3]);
    amtg_loop_step(loop, 0);
    ck_assert_uint_eq(woken, 3);
    amtg_pool_free(pool);
    amtg_loop_free(loop);
}
END_TEST

/* Small buffers abound all the time: who wants a large one must not be woken to spin. */
START_TEST(who_waits_for_a_large_buffer_is_woken_by_a_large_one)
{
    struct amtg_loop *loop = amtg_loop_new(AMTG_CLOCK_VIRTUAL, NULL);
    struct amtg_pool *pool = amtg_pool_new(100, 2);
    struct amtg_task task = {.run = wake};
    struct amtg_packet *small = amtg_packet_new(pool, 1);
    struct amtg_packet *large[2];

    woken = 0;
    for (int i = 0; i < 2; i++)
        large[i] = amtg_packet_new(pool, 3000);
    ck_assert_ptr_null(amtg_packet_new(pool, 3000));
    amtg_pool_wait(pool, loop, &task);
    amtg_loop_step(loop, 0);
    ck_assert_uint_eq(woken, 0);
    amtg_packet_free(small);
    amtg_loop_step(loop, 0);
    ck_assert_uint_eq(woken, 0);
    amtg_packet_free(large[0]);
    amtg_loop_step(loop, 0);
    ck_assert_uint_eq(woken, 1);
    amtg_packet_free(large[1]);
    amtg_pool_free(pool);
    amtg_loop_free(loop);
}
END_TEST

static struct amtg_endpoint *endpoint(uint16_t port)
{
    struct amtg_peer peer = {.remote_port = port};
    return amtg_endpoint_new(&peer);
}

START_TEST(a_set_is_edited_in_place_by_its_only_holder)
{
    struct amtg_set *set = amtg_set_new(8), *was = set;
    struct amtg_endpoint *a = endpoint(1), *b = endpoint(2);

    ck_assert(amtg_set_add(&set, a));
    ck_assert(amtg_set_add(&set, b));
    ck_assert_ptr_eq(set, was);
    ck_assert(amtg_set_remove(&set, a));
    ck_assert(!amtg_set_remove(&set, a));
    ck_assert_ptr_eq(set, was);
    ck_assert_uint_eq(set->count, 1);
    ck_assert_ptr_eq(set->entries[0], b);
    ck_assert_uint_eq(a->refs, 1);
    amtg_endpoint_free(a);
    amtg_endpoint_free(b);
    amtg_set_free(set);
}
END_TEST

START_TEST(any_entry_of_a_set_can_be_removed)
{
    struct amtg_peer peer = {.remote_port = 1};

    for (unsigned count = 1; count <= 6; count++)
        for (unsigned gone = 0; gone < count; gone++) {
            struct amtg_set *set = amtg_set_new(1);
            struct amtg_endpoint *all[6];
            for (unsigned i = 0; i < count; i++) {
                all[i] = amtg_endpoint_new(&peer);
                ck_assert(amtg_set_add(&set, all[i]));
            }
            ck_assert(amtg_set_remove(&set, all[gone]));
            ck_assert(!amtg_set_remove(&set, all[gone]));
            ck_assert_uint_eq(set->count, count - 1);
            for (unsigned i = 0; i < set->count; i++)
                ck_assert_ptr_ne(set->entries[i], all[gone]);
            for (unsigned i = 0; i < count; i++)
                amtg_endpoint_free(all[i]);
            amtg_set_free(set);
        }
}
END_TEST

START_TEST(a_packet_keeps_the_snapshot_it_was_given)
{
    struct amtg_pool *pool = amtg_pool_new(1, 0);
    struct amtg_set *set = amtg_set_new(1);
    struct amtg_endpoint *a = endpoint(1), *b = endpoint(2);
    struct amtg_packet *p = amtg_packet_new(pool, 1);

    ck_assert(amtg_set_add(&set, a));
    amtg_packet_to_set(p, set);
    ck_assert(amtg_set_add(&set, b)); /* grows and clones at once */
    ck_assert_ptr_ne(p->to, set);
    ck_assert_uint_eq(p->to->count, 1);
    ck_assert_uint_eq(set->count, 2);
    ck_assert(amtg_set_remove(&set, a));
    ck_assert_ptr_eq(p->to->entries[0], a);
    a->dead = true; /* the one thing that reaches packets on their way */
    amtg_endpoint_free(a);
    ck_assert(p->to->entries[0]->dead);

    amtg_packet_to_peer(p, &b->peer);
    ck_assert_ptr_null(p->to);
    ck_assert(p->flags & AMTG_ADDRESSED_ONE);
    ck_assert_uint_eq(p->peer.remote_port, 2);
    amtg_packet_to_nobody(p);
    ck_assert(!(p->flags & AMTG_ADDRESSED_ONE));
    amtg_packet_free(p);
    amtg_set_free(set);
    amtg_endpoint_free(b);
    amtg_pool_free(pool);
}
END_TEST

START_TEST(a_list_has_a_set_for_each_kind_of_endpoint)
{
    static const struct amtg_kind kinds[] = {{0, 6}, {1280, 4}, {0, 4}, {1280, 4}, {1280, 6}};
    static const unsigned order[] = {2, 1, 0, 4}; /* the first of each kind */
    struct amtg_set *sets = NULL, *held;
    struct amtg_endpoint *all[5];
    unsigned n = 0;

    for (unsigned i = 0; i < 5; i++) {
        all[i] = endpoint((uint16_t)i);
        all[i]->kind = kinds[i];
        ck_assert(amtg_sets_add(&sets, all[i]));
    }
    ck_assert_uint_eq(amtg_sets_count(sets), 5);
    for (struct amtg_set *s = sets; s; s = s->next, n++) {
        ck_assert_int_eq(amtg_kind_compare(&s->kind, &kinds[order[n]]), 0);
        ck_assert_ptr_eq(s->entries[0], all[order[n]]);
        ck_assert_uint_eq(s->count, order[n] == 1 ? 2 : 1);
    }
    ck_assert_uint_eq(n, 4);

    /* A set that a packet holds stays as it was; the list goes on with a clone in its place. */
    held = amtg_set_hold(sets->next);
    ck_assert(amtg_sets_remove(&sets, all[1]));
    ck_assert(!amtg_sets_remove(&sets, all[1]));
    ck_assert_uint_eq(held->count, 2);
    ck_assert_uint_eq(sets->next->count, 1);
    ck_assert(sets->next->next->next && !sets->next->next->next->next);
    ck_assert(amtg_sets_remove(&sets, all[3]));
    ck_assert_uint_eq(sets->next->kind.version, 6); /* no empty set is kept */
    ck_assert(amtg_sets_remove(&sets, all[2]));
    ck_assert_ptr_eq(sets->entries[0], all[0]);
    amtg_sets_free(&sets);
    ck_assert_ptr_null(sets);
    amtg_set_free(held);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_uint_eq(all[i]->refs, 1);
        amtg_endpoint_free(all[i]);
    }
}
END_TEST

AMTG_SUITE("packet", a_clone_shares_octets_until_one_side_writes,
           prepending_uses_the_headroom_and_moves_when_shared_or_full,
           a_dry_pool_refuses_and_leaves_the_packet_as_it_was,
           who_waits_for_buffers_is_woken_once_there_are_some,
           who_waits_for_a_large_buffer_is_woken_by_a_large_one,
           a_set_is_edited_in_place_by_its_only_holder,
           any_entry_of_a_set_can_be_removed,
           a_packet_keeps_the_snapshot_it_was_given,
           a_list_has_a_set_for_each_kind_of_endpoint)
