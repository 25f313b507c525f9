/*
 * network: hands each packet to the host that has its destination address, as the
 * routers between hosts do together. For graphs that hold a whole network.
 *
 *     elements:
 *       net: {class: network, hosts: {relay: 192.0.2.1, home: 10.1.0.1}}
 *     edges:
 *       - home-wrap -> net
 *       - relay-wrap -> net
 *       - net.relay -> relay-unwrap
 *       - net.home -> home-unwrap
 */
#include "core/element.h"
#include "elements/ip/hosts.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"

struct network {
    struct amtg_map hosts;

    struct amtg_hosts table;
};

enum { NO_ROUTE, EXPIRED };
enum { HOSTS_MOST = 4096 }; /* names; each may be a row */

static void forward(struct amtg_element *e, struct amtg_packet *packet)
{
    const struct network *state = amtg_state(e);
    struct amtg_addr to = amtg_ip_destination(packet);
    int output = amtg_hosts_find(&state->table, &to);

    if (output < 0)
        amtg_drop(e, NO_ROUTE, packet);
    else if (amtg_ip_hops(packet) <= 1) /* RFC 791, section 3.2; RFC 8200, section 3 */
        amtg_drop(e, EXPIRED, packet);
    else if (!amtg_ip_age(packet))
        amtg_drop_no_buffer(e, packet);
    else
        amtg_emit(e, (unsigned)output, packet);
}

static void network_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch)
        forward(e, packet);
}

/* ---- who has which addresses ------------------------------------------------ */

/* The ranges of every host, as far as they can be read. false: no memory. */
static bool fill(struct amtg_hosts *table, const struct network *state, struct amtg_check *check)
{
    uint32_t output = 0;

    for (unsigned i = 0; i < state->hosts.count; i++) {
        struct amtg_hosts_range ranges[AMTG_HOSTS_RANGES];
        unsigned count;
        uint32_t row;
        const char *problem = amtg_hosts_parse(state->hosts.texts[i], ranges, &count, &row);
        if (problem && check)
            amtg_check_problem(check, "hosts", (int)i, "%s", problem);
        for (unsigned k = 0; !problem && k < count; k++) {
            ranges[k].output = output;
            if (!amtg_hosts_add(table, &ranges[k]))
                return false;
        }
        output += problem ? 1 : row;
    }
    return true;
}

/* A range stands for a row of outputs, one for each of its addresses. */
static unsigned network_row(const void *params, unsigned item)
{
    const struct network *state = params;
    struct amtg_hosts_range ranges[AMTG_HOSTS_RANGES];
    unsigned count;
    uint32_t row;

    return amtg_hosts_parse(state->hosts.texts[item], ranges, &count, &row) || row == 1 ? 0 : row;
}

static void network_check(const void *params, struct amtg_check *check)
{
    struct amtg_hosts table = {0};
    struct amtg_addr at;
    char text[AMTG_ADDR_TEXT];

    if (fill(&table, params, check) && !amtg_hosts_sort(&table, &at))
        amtg_check_problem(check, "hosts", -1, "two of them have the address %s",
                           amtg_addr_text(&at, text));
    amtg_hosts_fini(&table);
}

static enum amtg_err network_init(struct amtg_element *e)
{
    struct network *state = amtg_state(e);
    struct amtg_addr at;

    if (!fill(&state->table, state, NULL)) {
        amtg_hosts_fini(&state->table);
        return AMTG_ENOMEM;
    }
    amtg_hosts_sort(&state->table, &at);
    return AMTG_OK;
}

static void network_fini(struct amtg_element *e)
{
    struct network *state = amtg_state(e);
    amtg_hosts_fini(&state->table);
}

const struct amtg_class amtg_network = {
    .name = "network",
    .summary = "hands each packet to the host that has its destination address",
    .details =
        "Stands for the routers between hosts, in graphs that hold a whole network. `hosts` names "
        "an output for each host, and its address: `relay: 192.0.2.1`. A range stands for a row of "
        "hosts, `homes: 10.1.0.1-10.1.3.232` for the outputs `homes[0]` to `homes[999]`. A host "
        "may have several addresses, of either family, and a row several ranges of one length, with "
        "commas between them. There is no default route, and no multicast: what nobody has is "
        "dropped as `no-route`.\n\n"
        "One hop for every packet, whatever the way: TTL or hop limit becomes one less.",
    .example = "elements:\n"
               "  wire:  {class: pcap-source, file: wire.pcap}\n"
               "  check: {class: check-ip}\n"
               "  net:   {class: network, hosts: {relay: \"192.0.2.1, 2001:db8::1\", home: 10.1.0.1}}\n"
               "  relay: {class: counter}\n"
               "  home:  {class: counter}\n"
               "  end:   {class: discard}\n"
               "edges:\n"
               "  - wire -> check -> net\n"
               "  - net.relay -> relay -> end\n"
               "  - net.home -> home -> end\n",
    .state_octets = sizeof(struct network),
    AMTG_INPUTS({.name = "in", .type = AMTG_IP, .help = "what any host sends"}),
    AMTG_OUTPUTS({.name = "host",
                  .type = AMTG_IP,
                  .help = "for the host of this name, one hop older",
                  .flags = AMTG_MANY | AMTG_CARRIES_TYPE}),
    .ports_from = "hosts",
    .row = network_row,
    AMTG_PARAMS(AMTG_MAP(struct network, hosts, 1, HOSTS_MOST,
                         "names of outputs, and whose addresses lead there")),
    AMTG_DROPS([NO_ROUTE] = {"no-route", "nobody has the destination address"},
               [EXPIRED] = {"expired", "no hop was left"}),
    .check = network_check,
    .init = network_init,
    .fini = network_fini,
    .push = network_push,
};
