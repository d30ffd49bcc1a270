/* detector.c -- [model], and the wiring that every detector shares: input filters, latent halves, score, map.
 *
 * What differs between networks is their encoder and decoder (arch_<family>.c); all else is here, once. */
#include "nn/model/detector.h"

#include <stdio.h>
#include <string.h>

#include "nn/model/blocks.h"
#include "nn/ops/activation.h"
#include "nn/ops/arithmetic.h"
#include "nn/ops/conv.h"
#include "nn/ops/linear.h"
#include "nn/ops/pool.h"
#include "nn/ops/rearrange.h"
#include "nn/ops/reduce.h"
#include "nn/ops/resample.h"
#include "nn/ops/top_mean.h"

#define FIELD(name) offsetof(NnModelSettings, name)
static const NnSetting model_rows[] = {
    { "network", NN_SET_TEXT, FIELD(network), "lae_small", 0, 0, NULL, "",
      "architecture: lae_small, lae_deep or lae_base" },
    { "input", NN_SET_CHOICE, FIELD(input), "residual", 0, 0, "rgb residual", "",
      "what the encoder sees: the colours (rgb), or their high-pass residuals by three SRM filters each" },
    { "score", NN_SET_CHOICE, FIELD(score), "logit", 0, 0, "logit latent region", "",
      "what the score is made of. logit: a linear unit on the pooled latent; "
      "latent: how active the two halves of the latent are; "
      "region: the mean of the hottest part of the map (before its sigmoid), with map = cam" },
    { "score_region", NN_SET_FLOAT, FIELD(score_region), "0.1", 1e-6, 1, NULL, "of the map",
      "score = region: how large that part is; so much of an image must look forged to make it so" },
    { "map", NN_SET_CHOICE, FIELD(map), "cam", 0, 0, "cam activation", "",
      "what the map is made of. cam: class activation, by the weights of the logit; "
      "activation: the activity of the half of the latent that stands for forged" },
    { "map_bias", NN_SET_CHOICE, FIELD(map_bias), "shared", 0, 0, "shared own", "",
      "map = cam: its bias is that of the logit (shared), or one of its own, "
      "which lets a small forged region decide the score; with score = region both are the same" },
    { "residual_clip", NN_SET_FLOAT, FIELD(residual_clip), "0.04", 1e-4, 2, NULL, "input units (levels * 2/255)",
      "residuals are clipped to +-this; an 8-bit level is 2/255 = 0.0078, so 0.04 is 5 levels" },
};
const NnSection nn_model_section = { "model", "the network and what it reports", model_rows,
                                     sizeof model_rows / sizeof *model_rows };

enum { SRM_FILTERS = 3, SRM_SIZE = 5, SRM_TAPS = SRM_SIZE * SRM_SIZE };

/* Noise residuals of the spatial rich model (Fridrich and Kodovsky 2012): second differences in both directions, the
 * 5x5 "KV" filter, second differences along rows. Each is divided by `scale`; each sums to zero. */
static const struct {
    float scale, tap[SRM_TAPS];
} srm[SRM_FILTERS] = {
    { 4, { 0, 0, 0, 0, 0, 0, -1, 2, -1, 0, 0, 2, -4, 2, 0, 0, -1, 2, -1, 0, 0, 0, 0, 0, 0 } },
    { 12, { -1, 2, -2, 2, -1, 2, -6, 8, -6, 2, -2, 8, -12, 8, -2, 2, -6, 8, -6, 2, -1, 2, -2, 2, -1 } },
    { 2, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, -2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
};

/* image [N,3,H,W] -> [N,9,H,W] in -1..1: clip(srm_f * colour_c) / clip at channel 3 c + f.
 *
 * Units: the image is level * 2/255 - 1, so a residual of r levels is r * 2/255 here, and clipping at c means clipping
 * at c * 255/2 levels. What tells forgeries apart are residuals of a few levels; edges give tens of them and would
 * drown the rest, hence the clip, and the division that brings what is left to about unit range. Pixels outside the
 * image count as 0 (mid grey), so the outermost two rows and columns mostly clip, for real and forged alike. */
static NnVar residual_input(NnGraph *g, NnVar image, float clip)
{
    float taps[3][SRM_FILTERS][SRM_TAPS];
    for (int c = 0; c < 3; c++)
        for (int f = 0; f < SRM_FILTERS; f++)
            for (int t = 0; t < SRM_TAPS; t++) taps[c][f][t] = srm[f].tap[t] / srm[f].scale;

    nn_graph_scope(g, "residual");
    const NnShape shape = { 4, { 3 * SRM_FILTERS, 1, SRM_SIZE, SRM_SIZE } };
    const NnVar w = nn_graph_constant(g, "residual.srm", shape, &taps[0][0][0]);
    const NnVar r =
        nn_conv2d(g, image, w, NN_NONE, (NnConvAttr){ .stride = 1, .pad = SRM_SIZE / 2, .dilation = 1, .groups = 3 });
    const NnVar y = nn_scale(g, nn_clamp(g, r, -clip, clip), 1.0f / clip, 0);
    nn_graph_scope(g, "");
    return y;
}

/* [N] -> [N,1] */
static NnVar as_column(NnGraph *g, NnVar x)
{
    if (!nn_var_is_some(x)) return NN_NONE;
    return nn_reshape(g, x, (NnShape){ 2, { nn_graph_shape(g, x).d[0], 1 } });
}

/* a_0, a_1 [N,2]: the mean |h_c| of each half. */
static NnVar latent_activity(NnGraph *g, NnVar latent, int C)
{
    nn_graph_scope(g, "activity");
    const NnVar size = nn_abs(g, latent);
    const NnVar real = as_column(g, nn_mean(g, nn_slice(g, size, 0, C / 2), 1, 3));
    const NnVar fake = as_column(g, nn_mean(g, nn_slice(g, size, C / 2, C / 2), 1, 3));
    const NnVar both = nn_concat(g, real, fake);
    nn_graph_scope(g, "");
    return both;
}

/* The class activation map: the unit that gives the logit from the pooled latent, applied at every position instead
 * (Zhou et al. 2016), so map_logit averages to the logit of score_whole before resizing. Logits are resized, not
 * probabilities: the map is then the sigmoid of one node, and a cross-entropy on it can work on that node without
 * overflow.
 *
 * With the shared bias, a forgery on a tenth of the picture sets two losses against each other: the mask wants the
 * map's logits negative on nine tenths, the label wants their mean positive. A bias of its own [ours] frees the map's
 * level from the score's; what is shared is where the evidence lies. */
static void cam_map(NnGraph *g, NnDetector *d, NnLinearParams head, NnMapBias bias, int C, int H, int W)
{
    nn_graph_scope(g, "map");
    if (bias == NN_MAP_BIAS_OWN)
        head.bias =
            nn_graph_param(g, "map.bias", (NnShape){ 1, { 1 } }, (NnInit){ NN_INIT_ZERO, 0, 0 }, NN_PARAM_TRAIN);
    const NnVar w = nn_reshape(g, head.weight, (NnShape){ 4, { 1, C, 1, 1 } });
    const NnVar small = nn_conv2d(g, d->latent, w, head.bias, (NnConvAttr){ .stride = 1, .dilation = 1, .groups = 1 });
    d->map_logit = nn_resize_bilinear(g, small, H, W);
    d->map = nn_sigmoid(g, d->map_logit);
    nn_graph_scope(g, "");
}

/* A_1 = mean_k |h1_k| at every position, divided by its own maximum. The division is not cosmetic: the latent loss
 * drives mean(A_1) of a forged image to 1, while a mask that covers a part p of it asks for a mean of p; on plain A_1
 * the two losses would pull against each other for ever. After the division only the form of A_1 is compared. The price:
 * the map of a real image has a maximum of 1 as well, wherever it is. */
static void activation_map(NnGraph *g, NnDetector *d, int C, int H, int W)
{
    nn_graph_scope(g, "map");
    const NnShape s = nn_graph_shape(g, d->latent);
    const NnVar mean = nn_mean(g, nn_abs(g, nn_slice(g, d->latent, C / 2, C / 2)), 1, 1);
    const NnVar a = nn_reshape(g, mean, (NnShape){ 4, { s.d[0], 1, s.d[2], s.d[3] } });
    d->map = nn_resize_bilinear(g, nn_max_normalize(g, a), H, W);
    nn_graph_scope(g, "");
}

/* The logit of the latent as a whole, and the score of it or of the activities. */
static void score_whole(NnGraph *g, NnDetector *d, NnLinearParams head, NnScoreKind kind)
{
    nn_graph_scope(g, "head");
    d->logit = nn_linear(g, nn_global_avg_pool(g, d->latent), head.weight, head.bias);
    nn_graph_scope(g, "score");
    d->score = kind == NN_SCORE_LATENT ? nn_slice(g, nn_softmax(g, d->activity), 1, 1) : nn_sigmoid(g, d->logit);
    nn_graph_scope(g, "");
}

/* The logit of the hottest part of the map [ours]: forged because some region is, however large the rest. The mean over
 * all positions that a linear unit on the pooled latent amounts to drowns a small forgery, and sets the label against
 * the mask (see cam_map). Taken at the size of the image, where a part of a 4 x 4 map is fine enough too. */
static void score_region(NnGraph *g, NnDetector *d, float part)
{
    nn_graph_scope(g, "head");
    d->logit = nn_top_mean(g, d->map_logit, part);
    nn_graph_scope(g, "score");
    d->score = nn_sigmoid(g, d->logit);
    nn_graph_scope(g, "");
}

static const NnArch *find_arch(const char *name)
{
    for (int i = 0; i < nn_arch_count; i++)
        if (strcmp(nn_arch_table[i].name, name) == 0) return &nn_arch_table[i];
    return NULL;
}

static void fail_unknown_network(NnGraph *g, const char *name)
{
    enum { MAX_KNOWN = 64 };
    const char *known[MAX_KNOWN];
    char list[512] = "";
    size_t len = 0;
    const int n = nn_arch_count < MAX_KNOWN ? nn_arch_count : MAX_KNOWN;
    for (int i = 0; i < n; i++) {
        known[i] = nn_arch_table[i].name;
        if (len < sizeof list)
            len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", i ? ", " : "", nn_arch_table[i].name);
    }
    const char *near = nn_nearest(name, known, n);
    nn_graph_fail(g, NN_ERR_CONFIG, "[model] network = \"%s\": unknown; known: %s%s%s%s", name, list,
                  near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

NnStatus nn_model_check(const NnModelSettings *set, NnErr *err)
{
    if (set->score == NN_SCORE_REGION && set->map == NN_MAP_ACTIVATION)
        return nn_fail(
            err, NN_ERR_CONFIG,
            "[model] score = region, but map = activation: that map has a maximum of 1 on every image, real or "
            "forged, and so says nothing about whether; expected map = cam, or score = logit or latent");
    return NN_OK;
}

/* 0 if it recorded a failure, as below. */
static int settings_fit(NnGraph *g, const NnModelSettings *set)
{
    NnErr err = { 0 };
    const NnStatus s = nn_model_check(set, &err);
    if (s != NN_OK) nn_graph_fail(g, s, "%s", err.msg);
    return s == NN_OK;
}

/* Everything about the image that building could trip over; 0 if it recorded a failure. */
static int image_fits(NnGraph *g, const NnArch *arch, NnVar image)
{
    const NnShape s = nn_graph_shape(g, image);
    char text[64];
    if (s.n != 4 || s.d[1] != 3) {
        nn_graph_fail(g, NN_ERR_SHAPE, "%s: image is %s, expected [N,3,H,W]", arch->name, nn_shape_text(s, text));
        return 0;
    }
    if (s.d[2] % arch->multiple || s.d[3] % arch->multiple) {
        nn_graph_fail(g, NN_ERR_SHAPE, "%s: image is %d x %d pixels; height and width must be multiples of %d",
                      arch->name, s.d[2], s.d[3], arch->multiple);
        return 0;
    }
    return 1;
}

static int has_failed(const NnGraph *g)
{
    NnErr err = { 0 };
    return nn_graph_status(g, &err) != NN_OK;
}

static const NnDetector no_detector = { { -1 }, { -1 }, { -1 }, { -1 }, { -1 }, { -1 }, { -1 }, { -1 } };

static NnVar encode(NnGraph *g, const NnArch *arch, const NnModelSettings *set, NnVar image)
{
    if (set->input == NN_INPUT_RGB) return arch->encode(g, image);
    if (set->residual_clip > 0) return arch->encode(g, residual_input(g, image, set->residual_clip));
    return nn_graph_fail(g, NN_ERR_CONFIG, "[model] residual_clip = %g: must be above 0", (double)set->residual_clip);
}

static NnVar decode(NnGraph *g, const NnArch *arch, NnVar latent, NnVar select)
{
    if (!arch->decode) return NN_NONE;
    if (!nn_var_is_some(select)) return arch->decode(g, latent);
    nn_graph_scope(g, "select");
    const NnVar kept = nn_mul(g, latent, select);
    nn_graph_scope(g, "");
    return arch->decode(g, kept);
}

NnDetector nn_detector_build(NnGraph *g, const NnModelSettings *set, NnVar image, NnVar select)
{
    NnDetector d = no_detector;
    const NnArch *arch = find_arch(set->network);
    if (!arch) {
        fail_unknown_network(g, set->network);
        return no_detector;
    }
    if (has_failed(g) || !settings_fit(g, set) || !image_fits(g, arch, image)) return no_detector;

    const int C = arch->latent_channels, H = nn_graph_shape(g, image).d[2], W = nn_graph_shape(g, image).d[3];
    d.image = image;
    d.latent = encode(g, arch, set, image);
    d.activity = latent_activity(g, d.latent, C);

    const NnLinearParams head = nn_linear_params(g, "head", 1, C);
    if (set->score != NN_SCORE_REGION) score_whole(g, &d, head, (NnScoreKind)set->score);
    if (set->map == NN_MAP_CAM) cam_map(g, &d, head, (NnMapBias)set->map_bias, C, H, W);
    else activation_map(g, &d, C, H, W);
    if (set->score == NN_SCORE_REGION) score_region(g, &d, set->score_region);
    d.recon = decode(g, arch, d.latent, select);
    return has_failed(g) ? no_detector : d;
}

int nn_detector_latent_channels(const NnModelSettings *settings)
{
    const NnArch *arch = find_arch(settings->network);
    return arch ? arch->latent_channels : -1;
}
