/* blocks.c -- compositions of ops with their parameters; no kernels here. */
#include "nn/model/blocks.h"

#include <stdio.h>

#include "nn/ops/activation.h"
#include "nn/ops/arithmetic.h"
#include "nn/ops/batch_norm.h"
#include "nn/ops/conv.h"
#include "nn/ops/resample.h"

enum { NAME_MAX_LEN = 128 };

static const NnBatchNormAttr usual_batch_norm = { .eps = 1e-5f, .momentum = 0.1f };

/* "<scope><suffix>"; a name that would be cut fails, since two cut names could be the same. */
static NnVar named_param(NnGraph *g, const char *scope, const char *suffix, NnShape s, NnInit init, int flags)
{
    char name[NAME_MAX_LEN];
    if (snprintf(name, sizeof name, "%s%s", scope, suffix) >= (int)sizeof name)
        return nn_graph_fail(g, NN_ERR_CONFIG, "parameter name %s%s is longer than %d bytes", scope, suffix,
                             NAME_MAX_LEN - 1);
    return nn_graph_param(g, name, s, init, flags);
}

static NnVar conv_layer(NnGraph *g, const char *scope, const char *part, NnVar x, NnConvSpec spec)
{
    if (!nn_var_is_some(x)) return NN_NONE;
    char name[NAME_MAX_LEN];
    snprintf(name, sizeof name, "%s%s", scope, part);

    const int C = nn_graph_shape(g, x).d[1], O = spec.channels, K = spec.kernel;
    const NnInit he = { NN_INIT_HE, C * K * K, O * K * K };
    const NnShape shape = { 4, { O, C, K, K } };
    const NnVar w = named_param(g, name, ".weight", shape, he, NN_PARAM_TRAIN | NN_PARAM_DECAY);
    NnVar b = NN_NONE;
    if (!spec.norm) {
        b = named_param(g, name, ".bias", (NnShape){ 1, { O } }, (NnInit){ .kind = NN_INIT_ZERO }, NN_PARAM_TRAIN);
        if (!nn_var_is_some(b)) return NN_NONE;
    }
    return nn_conv2d(g, x, w, b, (NnConvAttr){ .stride = spec.stride, .pad = K / 2, .dilation = 1, .groups = 1 });
}

static NnVar norm_layer(NnGraph *g, const char *scope, const char *part, NnVar x)
{
    if (!nn_var_is_some(x)) return NN_NONE;
    char name[NAME_MAX_LEN];
    snprintf(name, sizeof name, "%s%s", scope, part);

    const NnShape s = { 1, { nn_graph_shape(g, x).d[1] } };
    const NnInit zero = { .kind = NN_INIT_ZERO }, one = { .kind = NN_INIT_ONE };
    const NnVar gamma = named_param(g, name, ".weight", s, one, NN_PARAM_TRAIN);
    const NnVar beta = named_param(g, name, ".bias", s, zero, NN_PARAM_TRAIN);
    const NnVar mean = named_param(g, name, ".running_mean", s, zero, 0);
    const NnVar var = named_param(g, name, ".running_var", s, one, 0);
    return nn_batch_norm(g, x, gamma, beta, mean, var, usual_batch_norm);
}

static NnVar activate(NnGraph *g, NnVar x, NnAct act)
{
    switch (act) {
    case NN_ACT_RELU:
        return nn_relu(g, x);
    case NN_ACT_TANH:
        return nn_tanh(g, x);
    case NN_ACT_NONE:
        break;
    }
    return x;
}

static NnVar conv_norm_act(NnGraph *g, const char *scope, NnVar x, NnConvSpec spec)
{
    NnVar y = conv_layer(g, scope, ".conv", x, spec);
    if (spec.norm) y = norm_layer(g, scope, ".bn", y);
    return activate(g, y, spec.act);
}

NnVar nn_conv_block(NnGraph *g, const char *scope, NnVar x, NnConvSpec spec)
{
    nn_graph_scope(g, scope);
    const NnVar y = conv_norm_act(g, scope, x, spec);
    nn_graph_scope(g, "");
    return y;
}

NnVar nn_up_block(NnGraph *g, const char *scope, NnVar x, NnConvSpec spec)
{
    nn_graph_scope(g, scope);
    const NnVar y = conv_norm_act(g, scope, nn_upsample_nearest(g, x, 2), spec);
    nn_graph_scope(g, "");
    return y;
}

static NnVar shortcut(NnGraph *g, const char *scope, NnVar x, int channels, int stride)
{
    if (stride == 1 && nn_graph_shape(g, x).d[1] == channels) return x;
    const NnConvSpec spec = { channels, 1, stride, 1, NN_ACT_NONE };
    return norm_layer(g, scope, ".downsample.1", conv_layer(g, scope, ".downsample.0", x, spec));
}

NnVar nn_residual_block(NnGraph *g, const char *scope, NnVar x, int channels, int stride)
{
    const NnConvSpec first = { channels, 3, stride, 1, NN_ACT_RELU }, second = { channels, 3, 1, 1, NN_ACT_NONE };
    nn_graph_scope(g, scope);
    const NnVar a = nn_relu(g, norm_layer(g, scope, ".bn1", conv_layer(g, scope, ".conv1", x, first)));
    const NnVar b = norm_layer(g, scope, ".bn2", conv_layer(g, scope, ".conv2", a, second));
    const NnVar y = nn_relu(g, nn_add(g, b, shortcut(g, scope, x, channels, stride)));
    nn_graph_scope(g, "");
    return y;
}

NnLinearParams nn_linear_params(NnGraph *g, const char *scope, int outputs, int features)
{
    const NnInit init = { NN_INIT_LECUN, features, outputs };
    const NnShape w = { 2, { outputs, features } }, b = { 1, { outputs } };
    NnLinearParams p;
    p.weight = named_param(g, scope, ".weight", w, init, NN_PARAM_TRAIN | NN_PARAM_DECAY);
    p.bias = named_param(g, scope, ".bias", b, init, NN_PARAM_TRAIN);
    return p;
}
