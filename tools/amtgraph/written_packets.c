#include "tools/amtgraph/written_packets.h"

#include <string.h>

#include "core/loop.h"
#include "core/param.h"
#include "elements/wire/compose.h"
#include "elements/wire/types.h"

#define BEGAN (1767225600ull * AMTG_S) /* 2026-01-01 */

#define PROBLEM(diag, mark, expected, ...) \
    amtg_diag_add(diag, AMTG_PROBLEM, mark, NULL, expected, NULL, __VA_ARGS__)

bool written_packets_is(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* The keys of a packet with a time; *packet: what it is. false: there were problems. */
static bool read_keys(const struct amtg_yaml *item, const struct amtg_yaml **packet,
                      uint64_t *after_ns, struct amtg_diag *diag)
{
    size_t before = amtg_diag_problems(diag);

    for (const struct amtg_yaml *key = item->first; key; key = key->next) {
        if (strcmp(key->key, "packet") == 0)
            *packet = key;
        else if (strcmp(key->key, "after") != 0)
            PROBLEM(diag, key->key_mark, "after or packet", "unknown key \"%.40s\"", key->key);
        else if (key->kind != AMTG_YAML_SCALAR || !amtg_duration_parse(key->text, after_ns))
            PROBLEM(diag, key->mark, "a duration such as 100ms or 2s", "this is none");
    }
    return amtg_diag_problems(diag) == before;
}

static void read_packet(struct written_packets *w, const struct amtg_yaml *item, uint64_t *now_ns,
                        struct amtg_diag *diag)
{
    struct amtg_writing writing = {.diag = diag, .arena = w->arena};
    const struct amtg_yaml *packet = item;
    struct amtg_written written;
    struct amtg_composed made;
    uint64_t after_ns = 0;

    if (item->kind == AMTG_YAML_MAP &&
        (amtg_yaml_get(item, "packet") || amtg_yaml_get(item, "after"))) {
        packet = NULL;
        if (!read_keys(item, &packet, &after_ns, diag))
            return;
    }
    if (!packet) {
        PROBLEM(diag, item->mark, "packet: {ip4: ...}", "there is no packet");
        return;
    }
    if (packet->kind != AMTG_YAML_MAP) {
        PROBLEM(diag, packet->mark, "a packet such as {ip4: ..., udp: ...}", "this is none");
        return;
    }
    *now_ns += after_ns;
    if (!amtg_written_read(&writing, packet, &written) ||
        !amtg_compose(&writing, &written, AMTG_IP_RAW, &made))
        return;
    if (made.first != &amtg_layer_ip4 && made.first != &amtg_layer_ip6) {
        PROBLEM(diag, packet->mark, "ip4 or ip6 first", "this is no whole IP datagram");
        return;
    }
    w->all = amtg_arena_grow(w->arena, w->all, w->count, sizeof *w->all);
    w->all[w->count++] = (struct amtg_captured){made.octets, made.len, BEGAN + *now_ns};
}

bool written_packets_read(struct written_packets *w, const char *path, struct amtg_diag *diag)
{
    struct amtg_yaml *tree = amtg_yaml_read(path, diag);
    const struct amtg_yaml *list =
        tree && tree->kind == AMTG_YAML_MAP ? amtg_yaml_get(tree, "packets") : NULL;
    uint64_t now_ns = 0;

    *w = (struct written_packets){.arena = amtg_arena_new()};
    if (tree && (!list || list->kind != AMTG_YAML_LIST))
        PROBLEM(diag, list ? list->mark : tree->mark, "packets: [...]", "no list of packets");
    for (const struct amtg_yaml *key = list ? tree->first : NULL; key; key = key->next)
        if (key != list)
            PROBLEM(diag, key->key_mark, "packets", "unknown key \"%.40s\"", key->key);
    for (const struct amtg_yaml *item = list ? list->first : NULL; item; item = item->next)
        read_packet(w, item, &now_ns, diag);
    amtg_yaml_free(tree);
    return amtg_diag_problems(diag) == 0;
}

void written_packets_free(struct written_packets *w)
{
    amtg_arena_free(w->arena);
    *w = (struct written_packets){0};
}
