/*
 * Error codes. One list gives the enum, the names and the messages, so they
 * cannot drift apart. Functions return 0 (AMTG_OK) or one of these; hostile
 * packets are never errors but counted drops (see element.h).
 */
#ifndef AMTG_CORE_ERR_H
#define AMTG_CORE_ERR_H

#define AMTG_ERRORS(X)                                                      \
    X(OK, "no error")                                                       \
    X(ENOMEM, "out of memory")                                              \
    X(ETRUNC, "message ends before its last field")                         \
    X(EVERSION, "unknown protocol version")                                 \
    X(ETYPE, "unknown or unexpected message type")                          \
    X(ELENGTH, "a length field does not fit the message")                   \
    X(ECHECKSUM, "wrong checksum")                                          \
    X(EVALUE, "a field has a value that is not allowed")                    \
    X(ECONFIG, "the graph is not valid")                                    \
    X(ESYSTEM, "the operating system refused")                              \
    X(EPRIVILEGE, "a privilege is missing")                                 \
    X(EFILE, "a file cannot be read or written")                            \
    X(ELIMIT, "a configured limit is reached")

enum amtg_err {
#define X(name, text) AMTG_##name,
    AMTG_ERRORS(X)
#undef X
};

/* The symbolic name ("ETRUNC") and the sentence of an error; never NULL. */
const char *amtg_err_name(enum amtg_err err);
const char *amtg_err_text(enum amtg_err err);

#endif
