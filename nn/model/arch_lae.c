/* arch_lae.c -- lae_small, lae_deep, lae_base: fully convolutional autoencoders that shrink an image 16 times.
 *
 * lae_small has the layers of ForensicTransfer (Cozzolino et al. 2018, arXiv 1812.02510); lae_deep has the encoder of
 * ClassNSeg (Nguyen et al. 2019) with a decoder that mirrors it; lae_base is our own, for real work. */
#include "nn/model/arch_lae.h"

#include <stdio.h>

#include "nn/model/blocks.h"

static const char *part_name(char *buf, size_t size, const char *part, int i)
{
    snprintf(buf, size, "%s.%d", part, i);
    return buf;
}

/* 3x3 convolution, batch norm if `norm` (not in lae_small's first layer), ReLU. */
static NnVar down(NnGraph *g, int i, NnVar x, int channels, int stride, int norm)
{
    char name[32];
    return nn_conv_block(g, part_name(name, sizeof name, "encoder", i), x,
                         (NnConvSpec){ channels, 3, stride, norm, NN_ACT_RELU });
}

/* 3x3 convolution, batch norm, ReLU; after doubling the size where `grow`. */
static NnVar up(NnGraph *g, int i, NnVar h, int channels, int grow)
{
    char name[32];
    const NnConvSpec spec = { channels, 3, 1, 1, NN_ACT_RELU };
    part_name(name, sizeof name, "decoder", i);
    return grow ? nn_up_block(g, name, h, spec) : nn_conv_block(g, name, h, spec);
}

/* The decoder's last layer: an image. */
static NnVar to_image(NnGraph *g, int i, NnVar h)
{
    char name[32];
    return nn_conv_block(g, part_name(name, sizeof name, "decoder", i), h, (NnConvSpec){ 3, 3, 1, 0, NN_ACT_TANH });
}

NnVar nn_lae_small_encode(NnGraph *g, NnVar x)
{
    static const int channels[] = { 8, 16, 32, 64, 128 };
    for (int i = 0; i < 5; i++) x = down(g, i, x, channels[i], i == 0 ? 1 : 2, i > 0);
    return x;
}

NnVar nn_lae_small_decode(NnGraph *g, NnVar h)
{
    static const int channels[] = { 64, 32, 16, 8 };
    for (int i = 0; i < 4; i++) h = up(g, i, h, channels[i], 1);
    return to_image(g, 4, h);
}

NnVar nn_lae_deep_encode(NnGraph *g, NnVar x)
{
    static const int channels[] = { 8, 8, 16, 16, 32, 32, 64, 64, 128 };
    for (int i = 0; i < 9; i++) x = down(g, i, x, channels[i], 1 + i % 2, 1);
    return x;
}

/* Where the encoder halves the size, the decoder doubles it. */
NnVar nn_lae_deep_decode(NnGraph *g, NnVar h)
{
    static const int channels[] = { 64, 64, 32, 32, 16, 16, 8, 8 };
    for (int i = 0; i < 8; i++) h = up(g, i, h, channels[i], i % 2);
    return to_image(g, 8, h);
}

/* A strided stem, then three stages of two residual blocks, the first of each halving the size. */
NnVar nn_lae_base_encode(NnGraph *g, NnVar x)
{
    static const int channels[] = { 64, 128, 256 };
    x = down(g, 0, x, 32, 2, 1);
    for (int i = 0; i < 6; i++) {
        char name[32];
        x = nn_residual_block(g, part_name(name, sizeof name, "encoder", i + 1), x, channels[i / 2], i % 2 ? 1 : 2);
    }
    return x;
}

NnVar nn_lae_base_decode(NnGraph *g, NnVar h)
{
    static const int channels[] = { 128, 64, 32, 16 };
    for (int i = 0; i < 4; i++) h = up(g, i, h, channels[i], 1);
    return to_image(g, 4, h);
}
