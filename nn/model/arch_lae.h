/* arch_lae.h -- the encoders and decoders of the locality-aware autoencoders; rows of nn_arch_table use them. */
#ifndef NN_ARCH_LAE_H
#define NN_ARCH_LAE_H
#include "nn/core/graph.h"

/* All: x [N,C,H,W] -> latent [N,L,H/16,W/16] >= 0 (it leaves a ReLU), and back to an image [N,3,H,W] in -1..1 (tanh). */

NnVar nn_lae_small_encode(NnGraph *g, NnVar x); /* L = 128 */
NnVar nn_lae_small_decode(NnGraph *g, NnVar h);

NnVar nn_lae_deep_encode(NnGraph *g, NnVar x); /* L = 128 */
NnVar nn_lae_deep_decode(NnGraph *g, NnVar h);

NnVar nn_lae_base_encode(NnGraph *g, NnVar x); /* L = 256 */
NnVar nn_lae_base_decode(NnGraph *g, NnVar h);

#endif
