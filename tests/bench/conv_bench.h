/* conv_bench.h -- single convolutions, ours and a library's in turn, in one process. */
#ifndef CONV_BENCH_H
#define CONV_BENCH_H
#include <stddef.h>

/* A KxK convolution with padding K/2 on x [N,C,H,W], enlarged `upsample` times (nearest) beforehand. */
typedef struct {
    int N, C, H, W, O, K, stride, upsample;
} ConvCase;

typedef enum { CONV_FORWARD, CONV_INPUT_GRADIENT, CONV_WEIGHT_GRADIENT, CONV_DIRECTIONS } ConvDirection;

/* One way to compute a case. Both sides start from the same x, w and dy (ConvData). */
typedef struct {
    char name[32], kernel[32]; /* "ours-auto", "direct" */
    void *self;
    void (*run)(void *self, ConvDirection d);
    /* The result of the last run, in plain order: y [N,O,Ho,Wo], dx [N,C,H,W] or dw [O,C,K,K]. NULL: dx is for the
     * enlarged image, which the other side never makes. Owned by self, valid until the next call. */
    const float *(*result)(void *self, ConvDirection d);
    void (*free)(void *self);
} ConvContestant;

/* Drawn from -1..1, in plain order. `enlarged` [N,C,H upsample,W upsample] is x if upsample is 1. */
typedef struct {
    float *x, *enlarged, *w, *dy;
    int He, We, Ho, Wo; /* of enlarged, of y */
} ConvData;

/* n floats on huge pages where the system has them; NULL: no memory. Release with free(). */
float *conv_floats(size_t n);

/* Fill out[0..max-1] with a library's ways, and return how many. */
typedef int ConvPeers(const ConvCase *c, const ConvData *data, ConvContestant *out, int max);

/* Arguments N C H W O K STRIDE UPSAMPLE SECONDS; kernels "auto,exact" or NULL for auto; peers may be NULL. Prints a
 * line for each contestant: GFLOP/s of the direct algorithm on the enlarged image, forward, input gradient, weight
 * gradient and all three together, and the largest difference of any result from the first contestant's, relative to
 * its largest element. Returns an exit code. */
int conv_bench_run(int argc, char **argv, const char *kernels, ConvPeers *peers);

#endif
