/* op.h -- what an operation is. The graph, the memory plan and the tests know ops only through NnOp.
 *
 * The contract, which one loop (tests/test_ops.c) holds every op to:
 *   - shape() rejects what does not fit with a message; kernels never see a bad shape and cannot fail;
 *   - forward writes every element of y, writes nothing else, and lets NaN through;
 *   - backward ADDS into dx[i], skips a NULL dx[i], and reads only what `reads` declares (and dy, saved);
 *     an op that declares `overwrites` writes dx[i] instead of adding where the plan says that it is `fresh`, and one
 *     that declares `writes_last` does so even where dx[0] lies over x[0];
 *   - restore, where an op has it, writes the y of forward again, bit for bit;
 *   - in inference states stay as they are, and y has the same bits with `saved` and without;
 *   - the same inputs give the same bits at any number of threads. */
#ifndef NN_OP_H
#define NN_OP_H
#include <stddef.h>
#include <stdint.h>

#include "nn/base/rng.h"
#include "nn/base/status.h"

enum { NN_MAX_DIM = 4, NN_MAX_IN = 7 };

/* Row-major, n dimensions d[0..n-1], all at least 1. A scalar is { 1, { 1 } }. */
typedef struct {
    int32_t n;
    int32_t d[NN_MAX_DIM];
} NnShape;

static inline size_t nn_shape_len(NnShape s)
{
    size_t len = 1;
    for (int i = 0; i < s.n; i++) len *= (size_t)s.d[i];
    return len;
}

int nn_shape_equal(NnShape a, NnShape b);

/* "[8,3,64,64]" in buf (at least 64 bytes), which is returned. */
const char *nn_shape_text(NnShape s, char *buf);

/* All dimensions at least 1, and the byte count does not overflow. */
NnStatus nn_shape_check(NnShape s, NnErr *err);

/* What the step a kernel runs in looks like. */
typedef struct {
    /* 1: batch statistics, dropout. 0: inference. Then `saved` says whether it will be differentiated (a frozen plan,
     * NnPlanSpec.frozen): with it, backward follows, with train = 0 too, and gives the gradient of what inference
     * computed; without it (NULL, though op->saved() is not 0), nothing follows. */
    int train;
    uint64_t seed; /* of the run */
    uint32_t step; /* of the run */
    uint32_t node; /* of the op in its graph: nn_rng_make(seed, NN_STREAM_DROPOUT, step, node) */
    int again;     /* 1: this forward repeats an earlier one of the same step; states stay as they are */
} NnStep;

/* An input that was not written, because its op defers: what to make it from. */
typedef struct {
    const struct NnOp *op; /* NULL: x[i] is there */
    const void *attr;
    const float *saved;
} NnDeferred;

/* What a kernel may touch. Unused inputs are NULL with n_in below their index. */
typedef struct {
    int n_in;
    const float *x[NN_MAX_IN];
    NnShape xs[NN_MAX_IN];
    float *state[NN_MAX_IN]; /* writable alias of x[i] where op->state has bit i; else NULL */
    NnDeferred from;         /* of x[0], which is NULL then; only for a kernel that takes it */
    float *y;                /* NULL where the op defers */
    NnShape ys;
    float *saved;   /* op->saved() floats, kept until backward; NULL where no backward follows in inference */
    float *scratch; /* kernel->scratch() floats, contents undefined */
    const void *attr;
    const void *how; /* of the kernel that runs */
    NnStep step;
} NnFwd;

typedef struct {
    int n_in;
    const float *x[NN_MAX_IN];
    NnShape xs[NN_MAX_IN];
    NnDeferred from; /* as in NnFwd */
    const float *y, *dy;
    NnShape ys;
    float *dx[NN_MAX_IN]; /* ADD into these; NULL: not wanted (never all NULL) */
    int digest;           /* 1: `saved` ends after kernel->digest() floats; scratch is kernel->digest_scratch() */
    int fresh;            /* bit i: dx[i] holds nothing yet: write it. Only bits that op->overwrites has */
    float *dy_spoil;      /* writable alias of dy where op->spoils_dy; else NULL */
    const float *saved;
    float *scratch;
    const void *attr;
    const void *how; /* of the kernel that runs */
    NnStep step;
} NnBwd;

/* What backward reads besides dy and saved; everything else may be recycled before it runs.
 * NN_READS_X0 | NN_READS_X1 ... name single inputs. */
enum {
    NN_READS_X0 = 1,
    NN_READS_X1 = 2,
    NN_READS_X2 = 4,
    NN_READS_X3 = 8,
    NN_READS_X4 = 16,
    NN_READS_X5 = 32,
    NN_READS_X6 = 64,
    NN_READS_X = 127,
    NN_READS_Y = 128
};

/* One way to compute an op. Most ops have one; conv2d has several, and the plan chooses: among those that fit the
 * cheapest, and of equally cheap ones the first. */
typedef struct {
    const char *name; /* "blas", "direct", ...; NULL for the only one */
    /* Can it do this case? NULL: always. */
    int (*fits)(const NnShape *xs, int n_in, const void *attr, const void *how);
    /* Floats of scratch that forward and backward need. NULL: none. */
    size_t (*scratch)(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how);
    void (*forward)(const NnFwd *k);
    void (*backward)(const NnBwd *k);
    /* In training, backward can do with the beginning of `saved` and compute the rest twice more, a part at a time, to
     * the same bits: floats of that beginning (0, or NULL: it needs all), and of the scratch that it needs then. */
    size_t (*digest)(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how);
    size_t (*digest_scratch)(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how);
    /* Expected seconds of one thread for forward and backward: of the shapes and the CPU's instruction set alone, so
     * that every run on a machine chooses alike. NULL: 0. */
    double (*cost)(const NnShape *xs, int n_in, NnShape ys, const void *attr, const void *how);
    const void *how;          /* handed to all of the above, so that one function can serve several kernels */
    const struct NnOp *takes; /* deferred outputs of this op as x[0]; NULL: none */
    int inexact; /* 1: rounds more than a plain sum does (Winograd); never chosen where exactness is asked for */
} NnKernel;

/* One row of an op's test table; tests/test_ops.c says what is checked with it. */
typedef struct {
    const char *label;
    NnShape xs[NN_MAX_IN]; /* the first n_in used; n_in = number of leading shapes with n > 0 */
    float lo, hi;          /* inputs are drawn from [lo,hi] ... */
    float kink, kink_gap;  /* ... but never closer than kink_gap to kink */
    const void *attr;
    const float *in[NN_MAX_IN]; /* optional: inputs by hand instead of drawn */
    const float *y, *dx0;       /* optional answers by hand: output, and gradient of x0 for dy = 1 */
    int no_grad;                /* bits of inputs whose gradient is not defined (labels, weights, states) */
    int infer;                  /* run as inference only; y and dx0 are of inference then */
    float tolerance;            /* of the gradient check; 0: the default */
    NnStatus want;              /* expected verdict of shape(); NN_OK if zero */
} NnOpCase;

struct NnNode;  /* graph.h */
struct NnFused; /* graph.h */

typedef struct NnOp {
    const char *name; /* lower case, as in messages and --summary */
    int min_in, max_in;
    int reads;        /* NN_READS_* */
    int state;        /* bit i: input i is a state (running statistics) that a training forward updates */
    int no_grad;      /* bit i: input i never gets a gradient (targets, weights, states) */
    int overwrites;   /* bit i: backward obeys `fresh` for dx[i]; the plan clears the others beforehand */
    int writes_last;  /* 1: backward touches dx[0] only when it has read x[0] (or `from`) for the last time, so that a
                       * fresh dx[0] may lie in its place */
    int spoils_dy;    /* 1: backward may use dy as scratch */
    size_t attr_size; /* bytes of its attr struct, copied into the graph; 0: none */
    NnStatus (*shape)(const NnShape *xs, int n_in, const void *attr, NnShape *ys, NnErr *err);
    size_t (*saved)(const NnShape *xs, int n_in, NnShape ys, const void *attr); /* or NULL: none */
    double (*flops)(const NnShape *xs, int n_in, NnShape ys, const void *attr); /* forward; NULL: len(ys) */
    const NnKernel *kernels; /* in order of preference; the last one fits everything */
    int n_kernels;
    /* Write the y of forward again, cheaply, from `saved` and the inputs whose bits `restore_reads` has (x, xs, y, ys,
     * saved, attr, step are given). The plan may then recycle y between forward and backward. NULL: cannot. */
    void (*restore)(const NnFwd *k);
    int restore_reads;
    /* 1: training forward may be asked to leave y out (y = NULL), since every reader makes it from `saved` by itself,
     * the same bits as forward would have written. All of `saved` is written then, and finite where y is. */
    int defers;
    /* Fusing: if this op, applied to the output of `producer` as its input 0, can be one op together with it, describe
     * that op and return 1. The plan asks only where nothing else needs the producer's output. NULL: never. */
    int (*absorb)(const struct NnNode *self, const struct NnNode *producer, struct NnFused *fused);
    /* An independent answer for the tests: a plain loop in double (tests/reference_ops.c), or NULL. Set
     * there by name, not here. */
    const NnOpCase *cases;
    int n_cases;
} NnOp;

/* For op tables: `NN_LIST(relu_cases)` expands to the array and its length. */
#define NN_LIST(a) a, (int)(sizeof(a) / sizeof *(a))

#endif
