/* norm_pass.h -- the passes of batch normalisation over a tensor [N,C,plane], which batch_norm and conv_norm_act share.
 *
 * Each pass is parallel over (image, channel) planes, so that few channels keep several threads busy; sums of a channel
 * are taken plane by plane and put together in the order of images. */
#ifndef NN_NORM_PASS_H
#define NN_NORM_PASS_H
#include "nn/base/parallel.h"
#include "nn/ops/batch_norm.h"

/* y = act(z), z = (x - mean) scale + shift per channel, with scale = gamma inv_std and shift = beta;
 * act(z) = z, or where activate is set z > 0 ? z : slope z. */
typedef struct NnNorm {
    int N, C;
    size_t plane;
    const float *mean, *inv_std, *scale, *shift; /* [C] each */
    int activate;
    float slope;
} NnNorm;

/* Floats of the four coefficients. */
static inline size_t nn_norm_len(int C)
{
    return 4 * (size_t)C;
}

/* For a tensor of shape s, with its coefficients at `at` and no activation. */
NnNorm nn_norm_make(NnShape s, const float *at);

/* What the coefficients are made from; the running statistics are written only by nn_norm_from_batch. */
typedef struct {
    const float *gamma, *beta, *running_mean, *running_var; /* [C] each */
    float *state_mean, *state_var;                          /* where to update the last two; NULL: leave them */
    NnBatchNormAttr attr;
} NnNormSource;

/* Inputs first .. first + 3 of an op: gamma, beta, running mean, running variance. */
NnNormSource nn_norm_source(const NnFwd *k, int first, NnBatchNormAttr attr);

/* Coefficients from running statistics, written to `at`, with which n was made. */
void nn_norm_from_running(const NnNorm *n, const NnNormSource *s, float *at);

/* Coefficients from moments (conv_end.h) of the batch, and the running statistics' step towards them. */
void nn_norm_from_batch(const NnNorm *n, const NnNormSource *s, const float *moments, int slots, float *at);

/* Moments of x, one slot an image: nn_conv_moments_len(N, C) floats. */
void nn_norm_moments(const NnNorm *n, const float *x, float *moments);

void nn_norm_apply(const NnNorm *n, const float *x, float *y);

/* The same for copies of parts, and to the same bits. One value of a channel: */
typedef struct {
    float mean, scale, shift, slope;
} NnNormChannel;

static inline NnNormChannel nn_norm_channel(const NnNorm *n, int c)
{
    return (NnNormChannel){ n->mean[c], n->scale[c], n->shift[c], n->activate ? n->slope : 1 };
}

NN_KERNEL_PART float nn_norm_value(float x, NnNormChannel c)
{
    const float z = (x - c.mean) * c.scale + c.shift;
    return z > 0 ? z : c.slope * z;
}

/* In place, `channels` channels c .. of `pixels` pixels, channels last, `step` floats from one pixel to the next. */
void nn_norm_pixels(const NnNorm *n, int c, int channels, int pixels, float *x, size_t step);

/* First half of backward. With g = dy act'(z) and h = (x - mean) inv_std (Ioffe and Szegedy, section 3):
 * dbeta += sum g, dgamma += sum g h (either may be NULL), and the means that the second half needs go to the first 2 C
 * floats of sums, which has room for nn_norm_sums_len(). */
void nn_norm_sums(const NnNorm *n, const float *x, const float *dy, float *sums, float *dgamma, float *dbeta);
size_t nn_norm_sums_len(int N, int C);

/* The same in parts: first n's images, of which image 0 is image `first` of the batch that `sums` has room for; when all
 * have been there, with n for the whole batch, what nn_norm_sums writes. */
void nn_norm_sums_of_images(const NnNorm *n, int first, const float *x, const float *dy, float *sums);
void nn_norm_sums_merge(const NnNorm *n, float *sums, float *dgamma, float *dbeta);

/* Instead of it in inference, where the coefficients are constants: those means are 0, so that the second half gives
 * dx = scale g. mean: the running mean, which h is taken from; n's own may be another (conv_norm_act's is 0). */
void nn_norm_sums_frozen(const NnNorm *n, const float *x, const float *dy, const float *mean, float *sums,
                         float *dgamma, float *dbeta);

/* Second half: dx = or (add) += scale (g - mean of g - h mean of g h). dx may be dy. */
void nn_norm_gradient(const NnNorm *n, const float *x, const float *dy, const float *sums, int add, float *dx);

/* Both halves, to the same bits, channel by channel where channels are enough for all threads: what the first half of a
 * channel has read is then still in cache for the second. */
void nn_norm_backward(const NnNorm *n, const float *x, const float *dy, float *sums, float *dgamma, float *dbeta,
                      int add, float *dx);

#endif
