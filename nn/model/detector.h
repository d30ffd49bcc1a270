/* detector.h -- a detector of forgeries, built by name from [model].
 *
 * Every network, whatever its architecture, offers the same handles: a logit (forged?), a map (where?), and for
 * autoencoders the latent and the reconstruction. Losses, evaluation and reports know only these. */
#ifndef NN_DETECTOR_H
#define NN_DETECTOR_H
#include "nn/base/settings.h"
#include "nn/core/graph.h"

typedef enum { NN_INPUT_RGB, NN_INPUT_RESIDUAL } NnInputKind;
typedef enum { NN_SCORE_LOGIT, NN_SCORE_LATENT, NN_SCORE_REGION } NnScoreKind;
typedef enum { NN_MAP_CAM, NN_MAP_ACTIVATION } NnMapKind;
typedef enum { NN_MAP_BIAS_SHARED, NN_MAP_BIAS_OWN } NnMapBias;

typedef struct {
    char network[NN_TEXT_MAX]; /* a name of nn_arch_table */
    int input;                 /* NnInputKind */
    int score;                 /* NnScoreKind: what `score` is made of */
    float score_region;        /* score = region: the part of the map, hottest first, that makes the logit; (0,1] */
    int map;                   /* NnMapKind: what `map` is made of */
    int map_bias;              /* NnMapBias: the bias of the class activation map */
    float residual_clip;       /* residual input: clipped to +-this (in 8-bit levels / 255 * 2 units of the input) */
} NnModelSettings;

extern const NnSection nn_model_section; /* [model] */

/* Handles of one built detector. N images of H x W. */
typedef struct {
    NnVar image;     /* [N,3,H,W], -1..1: the input */
    NnVar latent;    /* [N,C,h,w]: the encoder's output h; channels 0..C/2-1 are the real half h0, the rest h1 */
    NnVar activity;  /* [N,2]: a_0, a_1 = mean |h_0|, mean |h_1| over channels and positions */
    NnVar logit;     /* [N,1]: linear unit on the global average of the latent; score = region: mean of the hottest
                      * part of map_logit */
    NnVar score;     /* [N,1]: probability of being forged: sigmoid(logit), or softmax(a_0,a_1)[1] */
    NnVar map;       /* [N,1,H,W] in [0,1]: the interpretation map M */
    NnVar map_logit; /* [N,1,H,W]: what `map` is the sigmoid of (cam), or NN_NONE (activation) */
    NnVar recon;     /* [N,3,H,W], -1..1: the decoder's output; NN_NONE for networks without a decoder */
} NnDetector;

/* Settings that do not go together, before anything is built (nn_detector_build asks too). ERR_CONFIG. */
NnStatus nn_model_check(const NnModelSettings *settings, NnErr *err);

/* Build into g. `select` [N,C,1,1] multiplies the latent before the decoder (the selection block: 1 on the half
 * of the true class, 0 on the other); NN_NONE: nothing is zeroed. Failures poison g (see graph.h): unknown network with
 * the known ones listed, sizes that do not divide.
 *
 * Parameters are called and ordered alike whatever the score is made of. With score = region and map_bias = own the
 * bias of the linear unit, "head.bias", is there and has no use: no gradient reaches it, and it stays as it began. */
NnDetector nn_detector_build(NnGraph *g, const NnModelSettings *settings, NnVar image, NnVar select);

/* Channels C of the latent, or -1 for an unknown network: the shape of `select` before building. */
int nn_detector_latent_channels(const NnModelSettings *settings);

/* What --summary prints: one line a node (name, op, shape, parameters, MFLOP), totals, memory of the plan.
 * Caller frees. NULL: no memory. */
struct NnPlan;
char *nn_detector_summary(const NnGraph *g, const struct NnPlan *plan);

/* One architecture: a row of nn_arch_table (arch_table.c), built in arch_<family>.c. */
typedef struct {
    const char *name, *help;
    int latent_channels;
    int multiple; /* H and W must be multiples of this */
    NnVar (*encode)(NnGraph *g, NnVar x);
    NnVar (*decode)(NnGraph *g, NnVar h); /* NULL: no decoder */
} NnArch;

extern const NnArch nn_arch_table[];
extern const int nn_arch_count;

#endif
