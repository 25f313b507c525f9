#include "elements/wire/types.h"

#include "elements/wire/amt.h"
#include "elements/wire/describe.h"
#include "elements/wire/dns.h"
#include "elements/wire/icmp.h"
#include "elements/wire/ip.h"
#include "elements/wire/udp.h"

static void put_endpoint(const struct amtg_addr *a, uint16_t port, FILE *out)
{
    char text[AMTG_ADDR_TEXT];
    fprintf(out, amtg_addr_is4(a) ? "%s:%u" : "[%s]:%u", amtg_addr_text(a, text), port);
}

static void put_peer(const struct amtg_peer *peer, bool outward, FILE *out)
{
    const struct amtg_addr *from = outward ? &peer->local : &peer->remote;
    const struct amtg_addr *to = outward ? &peer->remote : &peer->local;

    if (outward && !peer->local_port && amtg_addr_is_unspecified(&peer->local)) {
        fputs("to ", out); /* from whatever the system chooses */
        put_endpoint(to, peer->remote_port, out);
        return;
    }
    put_endpoint(from, outward ? peer->local_port : peer->remote_port, out);
    fputs(" > ", out);
    put_endpoint(to, outward ? peer->remote_port : peer->local_port, out);
}

/* ---- ip-raw, ip, ip4, ip6 ------------------------------------------------ */

static void ip_describe(const struct amtg_packet *p, FILE *out)
{
    amtg_describe_ip(p->data, p->len, out);
    if (p->to)
        fprintf(out, " (to %u endpoint%s)", p->to->count, p->to->count == 1 ? "" : "s");
}

static bool ip_raw_from_ip(struct amtg_packet *p)
{
    (void)p; /* it is one already */
    return true;
}

static bool ip_from_ip(struct amtg_packet *p)
{
    return !amtg_ip_check(p, NULL);
}

static bool ip4_from_ip(struct amtg_packet *p)
{
    return p->len && p->data[0] >> 4 == 4 && ip_from_ip(p);
}

static bool ip6_from_ip(struct amtg_packet *p)
{
    return p->len && p->data[0] >> 4 == 6 && ip_from_ip(p);
}

static void ip_to_ip(const struct amtg_packet *p, amtg_wire_sink *sink, void *arg)
{
    sink(arg, p->data, p->len);
}

static const struct amtg_wire_form ip_raw_wire = {.from_ip = ip_raw_from_ip, .to_ip = ip_to_ip};
static const struct amtg_wire_form ip_wire = {.from_ip = ip_from_ip, .to_ip = ip_to_ip};
static const struct amtg_wire_form ip4_wire = {.from_ip = ip4_from_ip, .to_ip = ip_to_ip};
static const struct amtg_wire_form ip6_wire = {.from_ip = ip6_from_ip, .to_ip = ip_to_ip};

const struct amtg_type amtg_type_ip_raw = {
    .name = "ip-raw",
    .parent = AMTG_PACKET,
    .summary = "an IP datagram as it was captured, nothing verified",
    .describe = ip_describe,
    .wire = &ip_raw_wire,
};

const struct amtg_type amtg_type_ip = {
    .name = "ip",
    .parent = AMTG_IP_RAW,
    .summary = "an IP datagram with a verified header",
    .wire = &ip_wire,
};

const struct amtg_type amtg_type_ip4 = {
    .name = "ip4",
    .parent = AMTG_IP,
    .summary = "an IPv4 datagram with a verified header",
    .wire = &ip4_wire,
};

const struct amtg_type amtg_type_ip6 = {
    .name = "ip6",
    .parent = AMTG_IP,
    .summary = "an IPv6 datagram with a verified header",
    .wire = &ip6_wire,
};

/* ---- datagram and the AMT messages ---------------------------------------- */

static void put_ends(const struct amtg_packet *p, FILE *out)
{
    if (p->to)
        fprintf(out, "to %u endpoint%s", p->to->count, p->to->count == 1 ? "" : "s");
    else
        put_peer(&p->peer, p->flags & AMTG_ADDRESSED_ONE, out);
}

static void datagram_describe(const struct amtg_packet *p, FILE *out)
{
    put_ends(p, out);
    fprintf(out, ", %u octets", p->len);
}

static void amt_describe(const struct amtg_packet *p, FILE *out)
{
    put_ends(p, out);
    fputs(", ", out);
    amtg_describe_amt(p->data, p->len, out);
}

/*
 * A capture taken beside the sender may hold UDP checksums that a device was to
 * finish; those are as good as right ones. Others that are wrong never reached a
 * socket.
 */
static bool datagram_from_ip(struct amtg_packet *p)
{
    struct amtg_ip ip;
    struct amtg_udp udp;

    if (amtg_ip_parse(p->data, p->len, &ip) || amtg_udp_parse(p->data, &ip, true, &udp))
        return false;
    amtg_packet_pull(p, udp.payload);
    amtg_packet_trim(p, udp.payload_octets);
    amtg_packet_set_tos(p, ip.tos);
    p->peer = udp.peer;
    return true;
}

enum { SHOWN_HOPS = 64 };

static void datagram_to_peer(const struct amtg_packet *p, const struct amtg_peer *peer,
                             amtg_wire_sink *sink, void *arg)
{
    const struct amtg_udp_options options = {
        .hops = SHOWN_HOPS, .tos = amtg_packet_tos_to(p, peer, 0), .dont_fragment = true};
    uint8_t whole[AMTG_UDP_HEADS_MOST + AMTG_LARGE_OCTETS];

    if (p->len > amtg_udp_payload_most(peer))
        return;
    uint32_t at = amtg_udp_build(peer, &options, p->data, p->len, whole);
    memcpy(whole + at, p->data, p->len);
    sink(arg, whole, at + p->len);
}

static void datagram_to_ip(const struct amtg_packet *p, amtg_wire_sink *sink, void *arg)
{
    if (p->to) {
        for (uint32_t i = 0; i < p->to->count; i++)
            if (!p->to->entries[i]->dead)
                datagram_to_peer(p, &p->to->entries[i]->peer, sink, arg);
    } else if (p->flags & AMTG_ADDRESSED_ONE) {
        datagram_to_peer(p, &p->peer, sink, arg);
    } else { /* it came in: from the peer to us */
        struct amtg_peer inward = {
            .remote = p->peer.local,
            .remote_port = p->peer.local_port,
            .local = p->peer.remote,
            .local_port = p->peer.remote_port,
            .ecn = true, /* it is shown as it came */
        };
        datagram_to_peer(p, &inward, sink, arg);
    }
}

static const struct amtg_wire_form datagram_wire = {
    .from_ip = datagram_from_ip,
    .to_ip = datagram_to_ip,
};

const struct amtg_type amtg_type_datagram = {
    .name = "datagram",
    .parent = AMTG_PACKET,
    .summary = "the payload of a UDP datagram, with its peer",
    .describe = datagram_describe,
    .wire = &datagram_wire,
};

const struct amtg_type amtg_type_amt = {
    .name = "amt",
    .parent = AMTG_DATAGRAM,
    .summary = "an AMT message (RFC 7450, section 5.1)",
    .describe = amt_describe,
};

#define AMT_TYPE(message_, summary_)                                                          \
    const struct amtg_type amtg_type_amt_##message_ = {                                       \
        .name = "amt." #message_, .parent = AMTG_AMT, .summary = summary_}

AMT_TYPE(discovery, "a Relay Discovery: a gateway looks for a relay");
AMT_TYPE(advertisement, "a Relay Advertisement: the address of a relay");
AMT_TYPE(request, "a Request: a gateway wants to be asked for its memberships");
AMT_TYPE(query, "a Membership Query: the relay asks, and proves the gateway's address");
AMT_TYPE(update, "a Membership Update: what a gateway wants, with the proof");
AMT_TYPE(data, "Multicast Data: a multicast datagram in the tunnel");
AMT_TYPE(teardown, "a Teardown: a gateway gives its tunnel up");

/* ---- records --------------------------------------------------------------- */

static void report_describe(const struct amtg_packet *p, FILE *out)
{
    put_endpoint(&p->peer.remote, p->peer.remote_port, out);
    fputs(": ", out);
    /* No type of IGMP report is one of MLD, so the first octet tells. */
    bool ip4 = p->len && p->data[0] < 0x80;
    amtg_describe_group(p->data, p->len, ip4, out);
}

/* "{192.0.2.1, 192.0.2.2 and 3 more}" */
static void put_sources(const struct amtg_addr *sources, unsigned count, FILE *out)
{
    enum { LISTED_MOST = 4 };
    char text[AMTG_ADDR_TEXT];

    putc('{', out);
    for (unsigned i = 0; i < count && i < LISTED_MOST; i++)
        fprintf(out, "%s%s", i ? ", " : "", amtg_addr_text(&sources[i], text));
    if (count > LISTED_MOST)
        fprintf(out, " and %u more", count - LISTED_MOST);
    putc('}', out);
}

static void join_describe(const struct amtg_packet *p, FILE *out)
{
    const struct amtg_join *join = (const void *)p->data;
    char text[AMTG_ADDR_TEXT];

    if (p->len < sizeof *join || p->len < sizeof *join + join->count * sizeof join->sources[0]) {
        fputs("join, truncated", out);
        return;
    }
    fprintf(out, "%s %s ", join->exclude ? "all but" : join->count ? "only" : "nothing of",
            amtg_addr_text(&join->group, text));
    put_sources(join->sources, join->count, out);
}

static void ask_describe(const struct amtg_packet *p, FILE *out)
{
    const struct amtg_ask *ask = (const void *)p->data;
    char text[AMTG_ADDR_TEXT];

    if (p->len < sizeof *ask || p->len < sizeof *ask + ask->count * sizeof ask->sources[0]) {
        fputs("ask, truncated", out);
        return;
    }
    fprintf(out, "who wants %s", amtg_addr_text(&ask->group, text));
    if (ask->count) {
        fputs(" of ", out);
        put_sources(ask->sources, ask->count, out);
    }
    fputs(ask->suppress ? "? (suppress)" : "?", out);
}

static void unreachable_describe(const struct amtg_packet *p, FILE *out)
{
    const struct amtg_unreachable *u = (const void *)p->data;

    put_endpoint(&p->peer.remote, p->peer.remote_port, out);
    if (p->len < sizeof *u) {
        fputs(" unreachable, truncated", out);
        return;
    }
    fprintf(out, " unreachable: %s type %u code %u",
            amtg_addr_is4(&p->peer.remote) ? "ICMP" : "ICMPv6", u->type, u->code);
    if (u->mtu)
        fprintf(out, ", MTU %u", u->mtu);
}

static bool unreachable_from_ip(struct amtg_packet *p)
{
    struct amtg_icmp_error e;

    if (!amtg_packet_own(p) || !amtg_icmp_error_parse(p->data, p->len, &e))
        return false;
    /* The datagram has far more octets than the record, wherever that can be aligned. */
    uintptr_t over = (uintptr_t)p->data % _Alignof(struct amtg_unreachable);
    if (over)
        amtg_packet_pull(p, (uint32_t)(_Alignof(struct amtg_unreachable) - over));
    struct amtg_unreachable record = {.type = e.type, .code = e.code, .mtu = e.mtu};
    record.quoted = (uint8_t)(e.payload_octets < sizeof record.quote ? e.payload_octets
                                                                     : sizeof record.quote);
    memcpy(record.quote, e.payload, record.quoted);
    memcpy(p->data, &record, sizeof record);
    amtg_packet_trim(p, sizeof record);
    p->peer = e.peer;
    return true;
}

static void gone_describe(const struct amtg_packet *p, FILE *out)
{
    put_endpoint(&p->peer.remote, p->peer.remote_port, out);
    fputs(" is gone", out);
}

static void lookup_describe(const struct amtg_packet *p, FILE *out)
{
    const struct amtg_lookup *lookup = (const void *)p->data;

    if (p->len < sizeof *lookup)
        fputs("lookup, truncated", out);
    else
        fprintf(out, "who is %.*s?", AMTG_HOST_NAME, lookup->name);
}

static void addresses_describe(const struct amtg_packet *p, FILE *out)
{
    static const char *const results[AMTG_LOOKUP_RESULTS] = {
        [AMTG_LOOKUP_FOUND] = "",
        [AMTG_LOOKUP_NONE] = "no such host",
        [AMTG_LOOKUP_FAILED] = "cannot be looked up",
    };
    const struct amtg_addresses *a = (const void *)p->data;

    if (p->len < sizeof *a || p->len < sizeof *a + a->count * sizeof a->addresses[0] ||
        a->result >= AMTG_LOOKUP_RESULTS) {
        fputs("addresses, truncated", out);
        return;
    }
    fprintf(out, "%.*s: %s", AMTG_HOST_NAME, a->name, results[a->result]);
    if (a->result == AMTG_LOOKUP_FOUND)
        put_sources(a->addresses, a->count, out);
}

static enum amtg_lookup_result result_of(const struct amtg_dns_answer *answer)
{
    if (answer->count)
        return AMTG_LOOKUP_FOUND;
    return answer->rcode == AMTG_DNS_NO_ERROR || answer->rcode == AMTG_DNS_NAME_ERROR
               ? AMTG_LOOKUP_NONE
               : AMTG_LOOKUP_FAILED;
}

/* In the place of what a name server sent stands what it said. */
static bool addresses_from_ip(struct amtg_packet *p)
{
    struct amtg_ip ip;
    struct amtg_udp udp;
    struct amtg_dns_answer answer;

    if (amtg_ip_parse(p->data, p->len, &ip) || amtg_udp_parse(p->data, &ip, true, &udp) ||
        udp.peer.remote_port != AMTG_DNS_PORT ||
        !amtg_dns_answer_parse(p->data + udp.payload, udp.payload_octets, &answer))
        return false;
    uint32_t size =
        (uint32_t)(sizeof(struct amtg_addresses) + answer.count * sizeof answer.addresses[0]);
    if (!amtg_packet_own(p) || p->len + amtg_packet_tailroom(p) < size)
        return false;
    struct amtg_addresses *record = (struct amtg_addresses *)p->data;
    memset(record, 0, size);
    memcpy(record->name, answer.name, strlen(answer.name));
    record->count = (uint8_t)answer.count;
    record->result = (uint8_t)result_of(&answer);
    memcpy(record->addresses, answer.addresses, answer.count * sizeof answer.addresses[0]);
    amtg_packet_trim(p, size);
    return true;
}

_Static_assert((int)AMTG_DNS_ADDRESSES <= (int)AMTG_LOOKUP_MOST, "an answer must fit a record");

static const struct amtg_wire_form addresses_wire = {.from_ip = addresses_from_ip};

static const struct amtg_wire_form unreachable_wire = {.from_ip = unreachable_from_ip};

const struct amtg_type amtg_type_report = {
    .name = "report",
    .parent = AMTG_RECORD,
    .summary = "a verified IGMP or MLD report and the peer that sent it",
    .describe = report_describe,
};

const struct amtg_type amtg_type_join = {
    .name = "join",
    .parent = AMTG_RECORD,
    .summary = "what is wanted of one group, in full",
    .describe = join_describe,
};

const struct amtg_type amtg_type_ask = {
    .name = "ask",
    .parent = AMTG_RECORD,
    .summary = "what to ask the hosts of a LAN about a group",
    .describe = ask_describe,
};

const struct amtg_type amtg_type_unreachable = {
    .name = "unreachable",
    .parent = AMTG_RECORD,
    .summary = "an ICMP error about a peer",
    .describe = unreachable_describe,
    .wire = &unreachable_wire,
};

const struct amtg_type amtg_type_gone = {
    .name = "gone",
    .parent = AMTG_RECORD,
    .summary = "a peer that has torn its tunnel down",
    .describe = gone_describe,
};

const struct amtg_type amtg_type_lookup = {
    .name = "lookup",
    .parent = AMTG_RECORD,
    .summary = "a host name whose addresses are wanted",
    .describe = lookup_describe,
};

const struct amtg_type amtg_type_addresses = {
    .name = "addresses",
    .parent = AMTG_RECORD,
    .summary = "the addresses of a host name, or that it has none",
    .describe = addresses_describe,
    .wire = &addresses_wire,
};
