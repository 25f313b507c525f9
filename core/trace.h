/*
 * What crosses the edges of a running graph: written to a pcapng file with one
 * interface for each edge, and summed up in a digest, so that two runs can be
 * compared octet for octet. Wireshark shows the edge as the interface's name.
 *
 * Packets are written as the wire would see them; one that goes to a set of
 * endpoints is written once, as its first copy, and a comment says how many there
 * are. Records, which are never on a wire, are lines of words of the link type
 * LINKTYPE_USER0.
 *
 * A trace belongs to whoever opened it, and outlives the runtime that fills it.
 */
#ifndef AMTG_CORE_TRACE_H
#define AMTG_CORE_TRACE_H

#include "core/graph.h"

struct amtg_trace;

enum { AMTG_TRACE_DIGEST = 65 }; /* hex digits of a digest, and the end of the text */

/*
 * path: the file to write, replaced when it is there, or NULL: the digest alone.
 * NULL: the file cannot be made, or there is no memory; `why` says so.
 */
struct amtg_trace *amtg_trace_open(const struct amtg_graph *graph, const char *path, bool digest,
                                   char *why, size_t room);
/* A batch goes from output `out` of node `node` to its peer. */
void amtg_trace_batch(struct amtg_trace *t, unsigned node, unsigned out, uint64_t now_ns,
                      uint64_t wall_ns, const struct amtg_batch *batch);
/* BLAKE2b-256 of all so far: when, on which edge, to whom, which octets. Empty when none was wanted. */
const char *amtg_trace_digest(struct amtg_trace *t, char out[AMTG_TRACE_DIGEST]);
/* Flush, close and free. false: not all could be written. NULL is fine (true). */
bool amtg_trace_finish(struct amtg_trace *t, char *why, size_t room);

#endif
