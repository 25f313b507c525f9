/* The hash table while it grows, shrinks and holds nodes with equal hashes; and the tree of types. */
#include "tests/support/suite.h"

#include "core/table.h"
#include "core/type.h"

enum { THINGS = 5000 };

struct thing {
    struct amtg_node node;
    uint32_t key;
    bool in;
};

static struct amtg_table table;

static uint64_t hash(const struct thing *t)
{
    uint32_t key = t->key / 2; /* pairs share a hash */
    return amtg_table_hash(&table, &key, sizeof key);
}

static struct thing *find(const struct thing *t)
{
    uint64_t h = hash(t);

    for (struct amtg_node *n = amtg_table_find(&table, h); n; n = amtg_node_next(n, h))
        if (AMTG_CONTAINER(n, struct thing, node)->key == t->key)
            return AMTG_CONTAINER(n, struct thing, node);
    return NULL;
}

static void count_one(struct amtg_node *node, void *arg)
{
    ck_assert(AMTG_CONTAINER(node, struct thing, node)->in);
    ++*(unsigned *)arg;
}

START_TEST(what_was_put_in_is_found_while_the_table_grows)
{
    static struct thing things[THINGS];
    static const uint8_t key[16] = {1, 2, 3};
    uint32_t seed = 7;
    unsigned count = 0, seen = 0;

    amtg_table_init(&table, key);
    ck_assert_ptr_null(amtg_table_find(&table, 1));
    for (unsigned round = 0; round < 6 * THINGS; round++) {
        seed = seed * 1664525 + 1013904223;
        struct thing *t = &things[(seed >> 8) % THINGS];
        t->key = (uint32_t)(t - things);
        ck_assert((find(t) == t) == t->in);
        if (t->in && seed >> 30 == 0) {
            amtg_table_remove(&table, &t->node);
            t->in = false;
            count--;
        } else if (!t->in) {
            ck_assert(amtg_table_insert(&table, &t->node, hash(t)));
            t->in = true;
            count++;
        }
        ck_assert_uint_eq(table.count, count);
    }
    for (unsigned i = 0; i < THINGS; i++) {
        things[i].key = i;
        ck_assert((find(&things[i]) == &things[i]) == things[i].in);
    }
    amtg_table_each(&table, count_one, &seen);
    ck_assert_uint_eq(seen, count);
    amtg_table_fini(&table);
}
END_TEST

static void note_seen(struct amtg_node *node, void *arg)
{
    unsigned *seen = arg;
    seen[AMTG_CONTAINER(node, struct thing, node)->key]++;
}

/* Half are there from the start, and each is seen although the table grows between the pages. */
START_TEST(pages_show_all_that_stays_while_the_table_grows)
{
    static const uint8_t key[16] = {7};
    struct thing *things = calloc(THINGS, sizeof *things);
    unsigned seen[THINGS] = {0}, added = THINGS / 2, pages = 0;
    uint64_t cursor = 0;

    amtg_table_init(&table, key);
    ck_assert_uint_eq(amtg_table_page(&table, 0, 8, note_seen, seen), 0);
    for (unsigned i = 0; i < THINGS; i++) {
        things[i].key = i;
        if (i < added)
            ck_assert(amtg_table_insert(&table, &things[i].node, hash(&things[i])));
    }
    do {
        cursor = amtg_table_page(&table, cursor, 8, note_seen, seen);
        for (unsigned i = 0; i < 40 && added < THINGS; i++, added++)
            ck_assert(amtg_table_insert(&table, &things[added].node, hash(&things[added])));
        ck_assert_uint_lt(pages++, THINGS);
    } while (cursor);
    for (unsigned i = 0; i < THINGS / 2; i++)
        ck_assert_uint_ge(seen[i], 1);
    ck_assert_uint_gt(pages, 2);
    amtg_table_fini(&table);
    free(things);
}
END_TEST

START_TEST(another_key_gives_other_hashes)
{
    struct amtg_table a, b;
    static const uint8_t one[16] = {1}, two[16] = {2};

    amtg_table_init(&a, one);
    amtg_table_init(&b, two);
    ck_assert_uint_ne(amtg_table_hash(&a, "x", 1), amtg_table_hash(&b, "x", 1));
}
END_TEST

static const struct amtg_type fruit = {.name = "fruit", .parent = AMTG_PACKET};
static const struct amtg_type apple = {.name = "apple", .parent = &fruit};
static const struct amtg_type pear = {.name = "pear", .parent = &fruit};

START_TEST(types_form_a_tree)
{
    ck_assert(amtg_type_is(&apple, &fruit));
    ck_assert(amtg_type_is(&apple, AMTG_ANY));
    ck_assert(!amtg_type_is(&fruit, &apple));
    ck_assert(!amtg_type_is(&apple, AMTG_RECORD));
    ck_assert_ptr_eq(amtg_type_common(&apple, &pear), &fruit);
    ck_assert_ptr_eq(amtg_type_common(&apple, &fruit), &fruit);
    ck_assert_ptr_eq(amtg_type_common(&apple, AMTG_RECORD), AMTG_ANY);
    ck_assert_ptr_eq(amtg_type_common(NULL, &pear), &pear);
    ck_assert_ptr_eq(amtg_type_common(&pear, NULL), &pear);
    ck_assert_ptr_null(amtg_type_wire(&apple));
}
END_TEST

AMTG_SUITE("table", what_was_put_in_is_found_while_the_table_grows,
           pages_show_all_that_stays_while_the_table_grows,
           another_key_gives_other_hashes, types_form_a_tree)
