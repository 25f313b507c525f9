#include "core/graph_keys.h"

#include <stdio.h>
#include <string.h>

enum { KEYS_MOST = 32, TEXT_MOST = 512 };

/* `tests` is for whoever runs them, and means nothing to a run. */
const struct amtg_key amtg_graph_keys[] = {
    {"amtgraph", "the version of this format: 1", true},
    {"name", "what the graph is called", false},
    {"summary", "what it is for, in a line", false},
    {"params", "what may be set from outside: names, each with a declaration", false},
    {"elements", "names of elements, each with its class and the parameters of that", true},
    {"edges", "chains such as `a -> b.in -> c`: what an output gives goes to an input", false},
    {"inputs", "inputs that the graph shows when it is used as an element: `name: element.port`",
     false},
    {"outputs", "outputs that the graph shows when it is used as an element: `name: element.port`",
     false},
    {"shards", "how many copies of the graph run, each on a thread of its own", false},
    {"tests", "what the graph must do, run by `amtgraph test`", false},
    {NULL, NULL, false},
};

const struct amtg_key amtg_declaration_keys[] = {
    {"type", "what it may be; the types are listed below", true},
    {"default", "the value when none is set; without it, one must be set", false},
    {"help", "a line for people", false},
    {"env", "an environment variable that sets it; `--set` wins", false},
    {"min", "the least value, of a `uint`, `duration`, `size` or `float`", false},
    {"max", "the largest value, of a `uint`, `duration`, `size` or `float`", false},
    {"values", "the list of what an `enum` may be", false},
    {NULL, NULL, false},
};

const struct amtg_graph_type amtg_graph_types[] = {
    {"bool", AMTG_KIND_BOOL, 0, sizeof(bool), "`true`, `false`, `yes`, `no`, `on`, `off`"},
    {"uint", AMTG_KIND_UINT, 0, sizeof(uint64_t), "a whole number: `2268`, `0x8dc`"},
    {"duration", AMTG_KIND_DURATION, 0, sizeof(uint64_t),
     "a time: `125s`, `100ms`, `2h`, `1m30s`, `5us`"},
    {"size", AMTG_KIND_SIZE, 0, sizeof(uint64_t), "octets: `1500`, `64KiB`, `2MB`"},
    {"float", AMTG_KIND_FLOAT, 0, sizeof(double), "a number: `0.5`"},
    {"text", AMTG_KIND_TEXT, 0, 0, "any text"},
    {"texts", AMTG_KIND_TEXTS, 0, 0, "a text, or a list of them"},
    {"enum", AMTG_KIND_ENUM, 0, sizeof(int), "one of `values`"},
    {"address", AMTG_KIND_ADDR, 0, sizeof(struct amtg_addr), "an IP address of either family"},
    {"addresses", AMTG_KIND_ADDRS, 0, 0, "IP addresses, one or a list; `none` for no address"},
    {"hosts", AMTG_KIND_HOSTS, 0, 0,
     "IP addresses or host names, one or a list; `none` for nobody"},
    {"ip4", AMTG_KIND_ADDRS, 4, 0, "an IPv4 address, or several; `none` for no address"},
    {"ip6", AMTG_KIND_ADDRS, 6, 0, "an IPv6 address, or several; `none` for no address"},
    {"interface", AMTG_KIND_INTERFACE, 0, 0,
     "the name of a network interface, or `auto` for that of the default route"},
    {"file", AMTG_KIND_FILE, 0, 0,
     "a path; relative ones start from the folder of the file they are written in, with `--set` "
     "and in the environment from the current folder"},
    {"reference", AMTG_KIND_REF, 0, 0, "the name of an element"},
    {NULL, 0, 0, 0, NULL},
};

const char *amtg_keys_text(const struct amtg_key *keys, char *out, size_t room)
{
    size_t len = 0;

    out[0] = '\0';
    for (const struct amtg_key *k = keys; k->name && len < room; k++)
        len += (size_t)snprintf(out + len, room - len, "%s%s",
                                k == keys ? "" : k[1].name ? ", " : " or ", k->name);
    return out;
}

void amtg_keys_check(const struct amtg_yaml *map, const char *subject, const struct amtg_key *keys,
                     struct amtg_diag *diag)
{
    const char *names[KEYS_MOST];
    char expected[TEXT_MOST];
    size_t count = 0;

    for (; keys[count].name && count < KEYS_MOST; count++)
        names[count] = keys[count].name;
    for (const struct amtg_yaml *y = map->first; y; y = y->next) {
        size_t i = 0;
        while (i < count && strcmp(names[i], y->key) != 0)
            i++;
        if (i == count)
            amtg_diag_add(diag, AMTG_PROBLEM, y->key_mark, subject,
                          amtg_keys_text(keys, expected, sizeof expected),
                          amtg_nearest(y->key, names, count), "there is no key \"%.60s\" here",
                          y->key);
    }
}

bool amtg_graph_type_has_bounds(const struct amtg_graph_type *type)
{
    return type->kind == AMTG_KIND_UINT || type->kind == AMTG_KIND_DURATION ||
           type->kind == AMTG_KIND_SIZE || type->kind == AMTG_KIND_FLOAT;
}
