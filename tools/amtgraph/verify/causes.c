#include "tools/amtgraph/verify/causes.h"

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Rows in the order in which they are looked at; step VERIFY_STEPS: any step. */
static const struct row {
    enum verify_step step;
    enum verify_why why;
    const char *const *lines;
} rows[] = {
    {VERIFY_NAME, VERIFY_NO_NAME,
     LINES("the name is misspelt, or has neither an A nor an AAAA record",
           "it is known only inside another network: ask that network's resolver")},
    {VERIFY_NAME, VERIFY_NO_RESOLVER,
     LINES("this host has no working resolver: see /etc/resolv.conf, try `getent hosts NAME`",
           "give the relay by its address, to go on without")},
    {VERIFY_NAME, VERIFY_NO_FAMILY,
     LINES("the relay serves the other IP family only: leave --family out, or give the other")},
    {VERIFY_STEPS, VERIFY_NO_ROUTE,
     LINES("this host has no route to the relay in that IP family: see `ip route get ADDRESS`",
           "a packet filter of this host refuses UDP to the relay")},
    {VERIFY_STEPS, VERIFY_LIMITED,
     LINES("the relay is full, or is being drained for maintenance: take another one",
           "at an amtgraph relay: its limit `endpoints`, or it was told to drain")},
    {VERIFY_DISCOVERY, VERIFY_REFUSED,
     LINES("no relay runs at that address",
           "it listens on another port: AMT's is 2268 (see --port)",
           "a firewall before it rejects UDP 2268")},
    {VERIFY_DISCOVERY, VERIFY_UNANSWERED,
     LINES("no relay is at that address, or it is down",
           "UDP to that port (AMT's is 2268) is dropped on the way there, or its answers on the "
           "way back",
           "it is the right host and the wrong port, behind a firewall that drops silently",
           "without --relay: few networks have a relay at the anycast addresses; name one")},
    {VERIFY_DISCOVERY, VERIFY_STRANGE,
     LINES("another service answers on that port",
           "the answer comes from another address than was asked (a NAT, or a relay with several "
           "addresses)",
           "the relay advertises an address that gateways cannot use")},
    {VERIFY_REQUEST, VERIFY_REFUSED,
     LINES("the relay that was advertised does not run, or listens on another port",
           "a firewall before it rejects UDP 2268")},
    {VERIFY_REQUEST, VERIFY_UNANSWERED,
     LINES("the address that the Discovery named cannot be reached from here (private, or "
           "firewalled), though the one that was asked can",
           "the relay limits Requests by rate or address, or ignores flags that it does not know",
           "Queries are longer than Advertisements: something may drop them on the way back")},
    {VERIFY_REQUEST, VERIFY_STRANGE,
     LINES("the Query comes from another address or port than was asked: a NAT, or a relay with "
           "several addresses, between the two",
           "another service answers on that port")},
    {VERIFY_QUERY, VERIFY_STRANGE,
     LINES("the relay makes Queries that RFC 7450, section 5.2.3.5.4, has gateways ignore",
           "something between the two changes or cuts UDP payloads",
           "somebody else answers in the relay's place: the nonce is then wrong")},
    {VERIFY_UPDATE, VERIFY_REFUSED,
     LINES("the relay ended, or was restarted, after its Query",
           "a firewall lets short messages through and rejects Updates")},
    {VERIFY_UPDATE, VERIFY_MOVED,
     LINES("a NAT gives each message another port or address: the relay refuses our Response "
           "MAC, without a word",
           "two ways out of this network take turns (load balancing): send to the relay by one")},
    {VERIFY_UPDATE, VERIFY_IGNORED,
     LINES(
         "the relay refuses the Updates, which it never says: a wrong Response MAC (does something "
         "change addresses or ports on the way?), a limit, or a filter; at an amtgraph relay, the "
         "drops of `update` and `membership`",
         "Data is dropped on the way back, while short messages pass",
         "the channel that is said to flow does not: ask another gateway of that relay")},
    {VERIFY_UPDATE, VERIFY_STRANGE, LINES("the gateway has not sent it: a fault of amtgraph")},
    {VERIFY_MTU, VERIFY_TOO_BIG,
     LINES("the way to the relay is narrower than the stream is wide: DSL, VPN or another "
           "tunnel; datagrams that must not be fragmented are dropped at the relay",
           "ICMP \"too big\" is filtered, so that the relay never learns it: lower its `pmtu`",
           "or the source is silent: what a gateway sees cannot tell that apart; a stream of "
           "shorter datagrams can")},
    {VERIFY_DATA, VERIFY_SILENT,
     LINES("the source does not send, or sends to another group or from another address",
           "the relay gets no native multicast: its upstream interface, or the routers behind it",
           "the relay refused the Update (its Response MAC, or a filter), which it never says: at "
           "an amtgraph relay, `update` drop `bad-mac`",
           "Data is dropped on the way back, while short messages pass",
           "to tell apart: add --control with a channel that is known to flow through this relay")},
    {VERIFY_DATA, VERIFY_SOURCE_SILENT,
     LINES("the source does not send, or sends to another group or from another address",
           "the relay joins it in vain: the routers between it and the source have no route or no "
           "state for this source and group, while they have for the other",
           "a limit or a filter of the relay is about this channel alone")},
    {VERIFY_DATA, VERIFY_OTHER_CHANNEL,
     LINES("the group has this source no more: try --any-source to see who sends",
           "the relay mixes up the channels of its gateways")},
    {VERIFY_DATA, VERIFY_STRANGE,
     LINES("Data comes from another address or port than the relay's: a NAT, or a relay with "
           "several addresses",
           "the relay forwards datagrams that are broken, or no multicast")},
    {VERIFY_STREAM, VERIFY_LOSS,
     LINES("the way from the relay is congested, or polices UDP",
           "datagrams near the path MTU are lost: see the line on the MTU",
           "the loss is before the relay: compare with a receiver of native multicast there")},
    {VERIFY_STREAM, VERIFY_DUPLICATES,
     LINES("the source sends twice, or over two paths that meet before the relay",
           "a switch or a ring on the way duplicates datagrams")},
};

const char *const *verify_causes(enum verify_step step, enum verify_why why)
{
    static const char *const none[] = {NULL};

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].why == why && (rows[i].step == step || rows[i].step == VERIFY_STEPS))
            return rows[i].lines;
    return none;
}
