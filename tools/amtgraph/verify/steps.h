/*
 * The judge of `amtgraph verify`: is told what a gateway says, hears and drops, and settles
 * step by step whether multicast gets here through a relay. What happened is settled by what
 * the gateway did next: an Advertisement is good if a Request follows it, a Query if an
 * Update does. So nobody checks messages a second time.
 *
 * Pure: no sockets, and time is an input. The caller calls verify_time when verify_next says.
 */
#ifndef AMTG_TOOLS_VERIFY_STEPS_H
#define AMTG_TOOLS_VERIFY_STEPS_H

#include "elements/wire/amt.h"
#include "elements/wire/types.h"
#include "tools/amtgraph/verify/probe.h"
#include "tools/amtgraph/verify/stream.h"

enum verify_step {
    VERIFY_NAME,      /* the relay's name has an address */
    VERIFY_DISCOVERY, /* a Discovery is answered */
    VERIFY_REQUEST,   /* a Request is answered, by whatever Query */
    VERIFY_QUERY,     /* that Query is well-formed and takes us on */
    VERIFY_UPDATE,    /* an Update is sent, and nothing says that it was refused */
    VERIFY_MTU,       /* datagrams of the wanted length get through */
    VERIFY_DATA,      /* Data of the channel comes */
    VERIFY_STREAM,    /* and it is whole: loss and duplicates, as far as can be known */
    VERIFY_STEPS,
};

enum verify_state {
    VERIFY_OPEN, /* not reached, or not settled yet */
    VERIFY_OK,
    VERIFY_WARN,    /* worth to know, and nothing failed by it */
    VERIFY_UNKNOWN, /* it cannot be known */
    VERIFY_SKIPPED,
    VERIFY_FAIL,
};

/* Why a step failed; causes.h says what may be behind it. */
enum verify_why {
    VERIFY_WHY_NONE,
    VERIFY_NO_NAME,       /* there is no such name */
    VERIFY_NO_RESOLVER,   /* nobody could say */
    VERIFY_NO_FAMILY,     /* no address of a family that may be used */
    VERIFY_UNANSWERED,    /* silence */
    VERIFY_REFUSED,       /* ICMP errors */
    VERIFY_NO_ROUTE,      /* our own host could not or would not send */
    VERIFY_STRANGE,       /* something came, and was dropped */
    VERIFY_LIMITED,       /* the relay takes nobody new */
    VERIFY_MOVED,         /* the relay sees us at changing addresses */
    VERIFY_IGNORED,       /* not even Data of the channel that is said to flow */
    VERIFY_SILENT,        /* no Data */
    VERIFY_SOURCE_SILENT, /* no Data, while the channel that is said to flow does */
    VERIFY_OTHER_CHANNEL, /* Data of other channels only */
    VERIFY_TOO_BIG,       /* no Data, and the way is small */
    VERIFY_LOSS,
    VERIFY_DUPLICATES,
    VERIFY_WHYS,
};

struct verify_result {
    enum verify_state state;
    enum verify_why why;
    uint64_t took_ns; /* from what it answers; 0: means nothing */
    char text[256];
};

struct verify_options {
    const char *relay;       /* as the user wrote it */
    bool named;              /* it is a name */
    bool discovers;          /* else Requests go to the relay at once */
    bool discovery_optional; /* unanswered, it is only a warning: take up with verify_skip_discovery
                              */
    unsigned family;         /* of the tunnel: 4, 6, 0: any */
    struct amtg_addr group, source;
    bool any_source;
    const char *control; /* a channel that is said to flow, as graphs write it; NULL: none */
    struct amtg_addr control_group, control_source;
    bool control_any; /* of whatever source */
    uint16_t port;
    uint64_t timeout_ns;    /* of each step */
    uint64_t watch_ns;      /* how long Data is looked at */
    uint32_t inner;         /* octets of an inner datagram that has to fit */
    uint32_t most_permille; /* loss or duplicates that are still good */
    uint32_t nonce;         /* for the probes, unpredictable */

    /* A step has been settled, or settled anew; lent. */
    void (*settled)(void *arg, enum verify_step step, const struct verify_result *result);
    /* Send a Discovery to the relay, `payload` octets long. NULL: no probes. */
    void (*probe)(void *arg, uint32_t payload, uint32_t nonce);
    void *arg, *probe_arg;
};

enum { VERIFY_DROPS = 16, VERIFY_MESSAGES = AMTG_MSG_TEARDOWN + 1, VERIFY_QUERY_KEPT = 256 };

/* What the gateway's elements have dropped, by name. */
struct verify_drop {
    const char *element, *reason, *help;
    uint64_t count;
    enum verify_step step; /* during which it was seen last */
};

struct verify {
    struct verify_options options;
    struct verify_result results[VERIFY_STEPS];
    enum verify_step step;   /* that is waited for; VERIFY_STEPS: over */
    uint64_t began_ns;       /* the present step */
    uint64_t until_ns;       /* and when it has failed */
    enum verify_step failed; /* VERIFY_STEPS: none */
    bool undiscovered;       /* the judge stopped for want of an Advertisement, which is optional */

    uint64_t sent[VERIFY_MESSAGES], heard[VERIFY_MESSAGES]; /* by type, probes left out */
    uint64_t sent_ns[VERIFY_MESSAGES];                      /* the last of the type */
    uint64_t strange;                                       /* datagrams that are no AMT */
    unsigned sent_in_step; /* of the message that the step waits on */
    uint64_t first_update_ns;
    struct amtg_addr asked, relay; /* where the last Discovery, the last Request went */
    bool asked_known, relay_known;
    unsigned candidates;    /* addresses that the relay may be at */
    struct amtg_addr local; /* where it left, if that is known */

    struct {
        unsigned in_step; /* since the present step began */
        uint64_t count;   /* about what we sent, "too big" left out */
        uint8_t type, code;
        bool ip4;
    } icmp;
    struct verify_drop drops[VERIFY_DROPS];
    unsigned drops_count;
    unsigned dropped_in_step, unsendable;
    char drop_text[128]; /* the last one, in words */

    uint8_t query[VERIFY_QUERY_KEPT]; /* the last Query heard */
    uint32_t query_len;
    unsigned accepted; /* Queries */
    bool g, moved;
    struct amtg_addr seen, seen_before; /* how the relay sees us */
    uint16_t seen_port, seen_port_before;

    struct verify_probe probe;
    bool probing;
    struct verify_stream stream;
    uint64_t control;        /* datagrams of the control channel */
    uint64_t other_channels; /* datagrams that nobody asked for */
};

void verify_init(struct verify *v, const struct verify_options *options, uint64_t now_ns);
/* Take up again without Discovery, when it was not answered and need not be. */
void verify_skip_discovery(struct verify *v, uint64_t now_ns);

/* A name was looked up. */
void verify_addresses(struct verify *v, uint64_t now_ns, const struct amtg_addresses *found);
/* An AMT message of the gateway's to a relay; a datagram from the network. */
void verify_sent(struct verify *v, uint64_t now_ns, const uint8_t *octets, uint32_t len,
                 const struct amtg_peer *to);
void verify_heard(struct verify *v, uint64_t now_ns, const uint8_t *octets, uint32_t len,
                  const struct amtg_peer *from);
/* The gateway has found a Query good, and its host part is asked. */
void verify_accepted(struct verify *v, uint64_t now_ns);
void verify_unreachable(struct verify *v, uint64_t now_ns, const struct amtg_unreachable *record,
                        const struct amtg_addr *peer);
/* `count` more than before; the texts outlive v. */
void verify_dropped(struct verify *v, uint64_t now_ns, const char *element, const char *reason,
                    const char *help, uint64_t count);
/* An inner datagram, verified. */
void verify_datagram(struct verify *v, uint64_t now_ns, const uint8_t *octets, uint32_t len);

/* When verify_time is due next; UINT64_MAX: never. */
uint64_t verify_next(const struct verify *v);
void verify_time(struct verify *v, uint64_t now_ns);
static inline bool verify_over(const struct verify *v)
{
    return v->step == VERIFY_STEPS;
}

/* "discovery" */
const char *verify_step_name(enum verify_step step);
/* "unanswered" */
const char *verify_why_name(enum verify_why why);
/* "ICMP port unreachable" */
const char *verify_icmp_text(bool ip4, uint8_t type, uint8_t code);

#endif
