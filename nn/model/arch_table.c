/* arch_table.c -- every network that [model] network may name, one row each. */
#include "nn/model/arch_lae.h"
#include "nn/model/detector.h"

const NnArch nn_arch_table[] = {
    { "lae_small", "ForensicTransfer's autoencoder, 0.2 M weights", 128, 16, nn_lae_small_encode, nn_lae_small_decode },
    { "lae_deep", "ClassNSeg's encoder, mirrored decoder, 0.3 M weights", 128, 16, nn_lae_deep_encode,
      nn_lae_deep_decode },
    { "lae_base", "residual encoder, 3 M weights, for real work", 256, 16, nn_lae_base_encode, nn_lae_base_decode },
};
const int nn_arch_count = sizeof nn_arch_table / sizeof *nn_arch_table;
