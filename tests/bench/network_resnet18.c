/* network_resnet18.c -- ResNet-18 (He et al. 2016) with one logit, as torchvision builds it: 11,177,025 weights.
 * Loss: binary cross-entropy. */
#include <stdio.h>

#include "nn/model/blocks.h"
#include "nn/ops/linear.h"
#include "nn/ops/loss_ops.h"
#include "nn/ops/pool.h"
#include "tests/bench/networks.h"

BenchNetwork bench_resnet18_build(NnGraph *g, int size, int batch)
{
    const NnVar image = nn_graph_input(g, "image", (NnShape){ 4, { batch, 3, size, size } }, 0);
    const NnVar label = nn_graph_input(g, "label", (NnShape){ 2, { batch, 1 } }, 0);
    NnVar x = nn_conv_block(g, "stem", image, (NnConvSpec){ 64, 7, 2, 1, NN_ACT_RELU });
    x = nn_max_pool(g, x, (NnPoolAttr){ .size = 3, .stride = 2, .pad = 1 });
    for (int layer = 0; layer < 4; layer++)
        for (int block = 0; block < 2; block++) {
            char name[32];
            snprintf(name, sizeof name, "layer%d.%d", layer + 1, block);
            x = nn_residual_block(g, name, x, 64 << layer, layer > 0 && block == 0 ? 2 : 1);
        }
    const NnLinearParams fc = nn_linear_params(g, "fc", 1, 512);
    const NnVar logit = nn_linear(g, nn_global_avg_pool(g, x), fc.weight, fc.bias);
    return (BenchNetwork){ .loss = nn_bce_with_logits(g, logit, label, NN_NONE), .outputs = { logit }, .n_outputs = 1 };
}
