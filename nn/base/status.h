/* status.h -- how every fallible function in this project reports failure.
 *
 * A function that can fail returns NnStatus and takes an NnErr* last. On failure
 * it records one human sentence -- where, what was found, what was expected --
 * and leaves nothing half done. Only main() turns a status into text on stderr
 * and an exit code; no library function prints, exits or aborts. */
#ifndef NN_STATUS_H
#define NN_STATUS_H

/* X(name, exit code of a program that ends with it, text) */
#define NN_STATUS_LIST(X)                                                                                              \
    X(OK, 0, "success")                                                                                                \
    X(ERR_SHAPE, 2, "tensor shapes do not fit the operation")                                                          \
    X(ERR_CONFIG, 2, "configuration value missing, unknown or invalid")                                                \
    X(ERR_USAGE, 2, "command line not understood")                                                                     \
    X(ERR_IO, 1, "file could not be read or written")                                                                  \
    X(ERR_FORMAT, 1, "file is not in the expected format")                                                             \
    X(ERR_DATA, 3, "data set is unusable")                                                                             \
    X(ERR_NOMEM, 1, "out of memory")                                                                                   \
    X(ERR_NUMERIC, 4, "loss or gradient is not finite")                                                                \
    X(ERR_INTERRUPTED, 130, "interrupted")

typedef enum {
#define X(name, code, text) NN_##name,
    NN_STATUS_LIST(X)
#undef X
        NN_STATUS_COUNT
} NnStatus;

typedef struct {
    NnStatus status; /* NN_OK until something fails; the first failure wins */
    char msg[768];
} NnErr;

/* Record a failure and return its status, so that callers can write
 * `return nn_fail(err, ...)`. A second failure keeps the first message. */
NnStatus nn_fail(NnErr *err, NnStatus s, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The analyser cannot see into nn_fail; tell it that what comes back is never NN_OK. */
#ifdef __clang_analyzer__
#define nn_fail(err, s, ...) ((void)nn_fail(err, s, __VA_ARGS__), (s))
#endif

/* "tensor shapes do not fit the operation" */
const char *nn_status_text(NnStatus s);

/* The exit code of a program that ends with this status; see the list above. */
int nn_status_exit_code(NnStatus s);

/* Forward a failure to our own caller. */
#define NN_TRY(expr)                                                                                                   \
    do {                                                                                                               \
        NnStatus nn_try_ = (expr);                                                                                     \
        if (nn_try_ != NN_OK) return nn_try_;                                                                          \
    } while (0)

#endif
