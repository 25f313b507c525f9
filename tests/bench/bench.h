/* What the bench programs share: clocks, numbers from the command line, giving up. */
#ifndef AMTG_TESTS_BENCH_H
#define AMTG_TESTS_BENCH_H

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

__attribute__((noreturn, format(printf, 1, 2))) static inline void give_up(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

/* Nanoseconds of CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, ... */
static inline uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* Until CLOCK_MONOTONIC says so. */
static inline void sleep_until(uint64_t ns)
{
    struct timespec at = {(time_t)(ns / 1000000000ull), (long)(ns % 1000000000ull)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static inline uint64_t number_of(const char *text, uint64_t min, uint64_t max)
{
    char *end;
    uint64_t n = strtoull(text, &end, 10);
    if (end == text || *end || n < min || n > max)
        give_up("'%s' is not a number from %llu to %llu", text, (unsigned long long)min,
                (unsigned long long)max);
    return n;
}

/* An address of either family, with a port, that can be counted up. */
union endpoint {
    struct sockaddr any;
    struct sockaddr_in ip4;
    struct sockaddr_in6 ip6;
};

static inline union endpoint endpoint_of(const char *text, uint16_t port)
{
    union endpoint e = {.ip6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
    if (inet_pton(AF_INET6, text, &e.ip6.sin6_addr) == 1)
        return e;
    e = (union endpoint){.ip4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
    if (inet_pton(AF_INET, text, &e.ip4.sin_addr) != 1)
        give_up("'%s' is not an address", text);
    return e;
}

static inline socklen_t endpoint_octets(const union endpoint *e)
{
    return e->any.sa_family == AF_INET6 ? sizeof e->ip6 : sizeof e->ip4;
}

/* The last 32 bits of an address, host order: what counting up changes. */
static inline uint32_t endpoint_number(const union endpoint *e)
{
    return ntohl(e->any.sa_family == AF_INET6 ? e->ip6.sin6_addr.s6_addr32[3]
                                              : e->ip4.sin_addr.s_addr);
}

/* The address `n` further on, at another port. */
static inline union endpoint endpoint_plus(union endpoint e, uint32_t n, uint16_t port)
{
    uint32_t number = htonl(endpoint_number(&e) + n);
    if (e.any.sa_family == AF_INET6) {
        e.ip6.sin6_addr.s6_addr32[3] = number;
        e.ip6.sin6_port = htons(port);
    } else {
        e.ip4.sin_addr.s_addr = number;
        e.ip4.sin_port = htons(port);
    }
    return e;
}

/* Host order, so that addresses can be counted up. */
static inline uint32_t address_of(const char *text)
{
    struct in_addr address;
    if (inet_pton(AF_INET, text, &address) != 1)
        give_up("'%s' is not an IPv4 address", text);
    return ntohl(address.s_addr);
}

static inline struct sockaddr_in socket_address(uint32_t address, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(address)};
}

#endif
