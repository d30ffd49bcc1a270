/* network_lae_ref.c -- LAE-ref, the network that the speed targets are stated for: 1,569,012 weights at 128 px.
 *
 *   image [N,3,S,S], 0..1
 *     | conv3x3, batch norm, leaky ReLU: 32, then with stride 2: 32, 64, 128, 128
 *   features [N,128,S/16,S/16] --- 1x1 convolution with cls.weight latent.weight, sigmoid, bilinear --> map [N,1,S,S]
 *     | mean over positions
 *     | linear "latent" --> z [N,128] --- linear "cls" --> logit [N,1]
 *     | linear "seed" --> [N,128,8,8]
 *     | nearest x2, conv3x3, batch norm, ReLU, until S x S: 128, 128, 64, 32, 16 (the last four at 128 px)
 *     | conv3x3 with bias, sigmoid
 *   image again [N,3,S,S]
 *
 * Loss: mean squared error of image and map, plus the cross-entropy of the logit. */
#include <stdio.h>

#include "nn/model/blocks.h"
#include "nn/ops/activation.h"
#include "nn/ops/arithmetic.h"
#include "nn/ops/conv.h"
#include "nn/ops/linear.h"
#include "nn/ops/loss_ops.h"
#include "nn/ops/pool.h"
#include "nn/ops/rearrange.h"
#include "nn/ops/reduce.h"
#include "nn/ops/resample.h"
#include "tests/bench/networks.h"

enum { FEATURES = 128, SEED_SIZE = 8, NAME_LEN = 32 };

static NnVar encode(NnGraph *g, NnVar x)
{
    static const int channels[] = { 32, 32, 64, 128, FEATURES };
    for (int i = 0; i < 5; i++) {
        char name[NAME_LEN];
        snprintf(name, sizeof name, "encoder.%d", i);
        const NnConvSpec spec = { channels[i], 3, i == 0 ? 1 : 2, 1, NN_ACT_NONE };
        x = nn_leaky_relu(g, nn_conv_block(g, name, x, spec), 0.1f);
    }
    return x;
}

/* How often SEED_SIZE must double to give size; -1: never. */
static int doublings(int size)
{
    int n = 0;
    for (int s = SEED_SIZE; s < size; s *= 2) n++;
    return n > 0 && SEED_SIZE << n == size ? n : -1;
}

static NnVar decode(NnGraph *g, NnVar h, int size)
{
    const int n = doublings(size);
    for (int i = 0; i < n; i++) {
        char name[NAME_LEN];
        snprintf(name, sizeof name, "decoder.%d", i);
        const int channels = 16 << (n - 1 - i);
        h = nn_up_block(g, name, h, (NnConvSpec){ channels < FEATURES ? channels : FEATURES, 3, 1, 1, NN_ACT_RELU });
    }
    return nn_sigmoid(g, nn_conv_block(g, "decoder.last", h, (NnConvSpec){ 3, 3, 1, 0, NN_ACT_NONE }));
}

/* w_c = sum_z cls_z latent_zc: what the logit gives to feature c, applied at every position. */
static NnVar class_activation_map(NnGraph *g, NnVar features, NnVar latent, NnVar cls, int size)
{
    const NnVar rows = nn_mul(g, latent, nn_reshape(g, cls, (NnShape){ 2, { FEATURES, 1 } }));
    const NnVar w = nn_reshape(g, nn_sum(g, rows, 0, 1), (NnShape){ 4, { 1, FEATURES, 1, 1 } });
    const NnVar map = nn_conv2d(g, features, w, NN_NONE, (NnConvAttr){ .stride = 1, .dilation = 1, .groups = 1 });
    return nn_resize_bilinear(g, nn_sigmoid(g, map), size, size);
}

BenchNetwork bench_lae_ref_build(NnGraph *g, int size, int batch)
{
    const NnVar image = nn_graph_input(g, "image", (NnShape){ 4, { batch, 3, size, size } }, 0);
    const NnVar label = nn_graph_input(g, "label", (NnShape){ 2, { batch, 1 } }, 0);
    const NnVar mask = nn_graph_input(g, "mask", (NnShape){ 4, { batch, 1, size, size } }, 0);
    if (doublings(size) < 1)
        nn_graph_fail(g, NN_ERR_CONFIG, "lae_ref: size %d: must be 16, 32, 64, ...: 8 doubled", size);

    const NnVar features = encode(g, image);
    const NnLinearParams latent = nn_linear_params(g, "latent", FEATURES, FEATURES);
    const NnLinearParams cls = nn_linear_params(g, "cls", 1, FEATURES);
    const NnLinearParams seed = nn_linear_params(g, "seed", FEATURES * SEED_SIZE * SEED_SIZE, FEATURES);
    const NnVar z = nn_linear(g, nn_global_avg_pool(g, features), latent.weight, latent.bias);
    const NnVar logit = nn_linear(g, z, cls.weight, cls.bias);
    const NnVar map = class_activation_map(g, features, latent.weight, cls.weight, size);
    const NnShape seed_shape = { 4, { batch, FEATURES, SEED_SIZE, SEED_SIZE } };
    const NnVar recon = decode(g, nn_reshape(g, nn_linear(g, z, seed.weight, seed.bias), seed_shape), size);

    const NnVar errors = nn_add(g, nn_mse(g, recon, image, NN_NONE), nn_mse(g, map, mask, NN_NONE));
    const NnVar loss = nn_add(g, errors, nn_bce_with_logits(g, logit, label, NN_NONE));
    return (BenchNetwork){ .loss = loss, .outputs = { logit, map, recon }, .n_outputs = 3 };
}
