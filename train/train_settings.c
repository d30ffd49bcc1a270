/* train_settings.c -- the tables of the sections that belong to training: one row a key. */
#include "train/train_settings.h"

#define L(field) offsetof(TrainLossSettings, field)
#define O(field) offsetof(TrainOptimSettings, field)
#define T(field) offsetof(TrainRunSettings, field)
#define G(field) offsetof(TrainGradcamSettings, field)
#define A(field) offsetof(TrainActiveSettings, field)
#define B(field) offsetof(TrainBlurSettings, field)

static const NnSetting gradcam_rows[] = {
    { "detectors", NN_SET_PATHS, G(detectors), "", 0, 0, NULL, "",
      "run folders or checkpoints whose maps are averaged; empty = the network in training" },
    { "layer", NN_SET_TEXT, G(layer), "", 0, 0, NULL, "",
      "the layer that is looked at, by its name in train --summary, e.g. encoder.3; empty = the latent" },
    { "explain", NN_SET_CHOICE, G(explain), "decision", 0, 0, "decision forged", "",
      "what the maps show. decision: why the detector says what it says, real or forged; "
      "forged: of every image, what speaks for forged" },
    { "fusion", NN_SET_CHOICE, G(fusion), "threshold", 0, 0, "threshold neighbour", "",
      "how the maps of several detectors become one region. threshold: where their mean is above t1; "
      "neighbour: also between t2 and t1, where neighbouring cells of the other maps differ by more than t3" },
    { "t1", NN_SET_FLOAT, G(t1), "0.6", 0, 1, NULL, "", "fusion: a mean above this is part of the region" },
    { "t2", NN_SET_FLOAT, G(t2), "0.2", 0, 1, NULL, "", "fusion = neighbour: a mean below this never is" },
    { "t3", NN_SET_FLOAT, G(t3), "0.4", 0, 1, NULL, "", "fusion = neighbour: difference that counts" },
    { "begin", NN_SET_FLOAT, G(begin), "0.4", 0, 1, NULL, "share",
      "a run that measures its own maps ([regions] maps is empty) does so after this share of its steps, "
      "and removes regions from then on" },
};

static const NnSetting active_rows[] = {
    { "picker", NN_SET_CHOICE, A(picker), "off", 0, 0, "off uncertainty channel random", "",
      "which training images get a mask. off: all that have one; uncertainty: the least certain; "
      "channel: those that lean on channels which light up outside forged regions; random: as a control, any" },
    { "budget", NN_SET_FLOAT, A(budget), "0.03", 0, 1, NULL, "share", "share of the training images that get one" },
    { "begin", NN_SET_FLOAT, A(begin), "0.5", 0, 1, NULL, "share",
      "they are picked after this share of the steps; until then no mask is used, afterwards only theirs" },
    { "annotate", NN_SET_CHOICE, A(annotate), "oracle", 0, 0, "oracle person", "",
      "oracle: take the data's own masks; person: stop, so that somebody can draw them (then train --annotations)" },
    { "draw", NN_SET_FLOAT, A(draw), "0", 0, 1, NULL, "share",
      "how much more often the picked are drawn: so large a part of the forged images of a batch is taken "
      "from them, besides what falls to them as to all others; needs [data] balance = yes" },
};

static const NnSetting blur_rows[] = {
    { "kind", NN_SET_CHOICE, B(kind), "none", 0, 0, "none gradient generator random uniform perturb", "",
      "what changes each training batch once more. gradient, generator: a blur, pixel by pixel, that raises the loss, "
      "found by gradient ascent or by a network; as controls, random: a random blur; uniform: one width per image; "
      "perturb: a sign-gradient perturbation" },
    { "weight", NN_SET_FLOAT, B(weight), "1", 0, 1e6, NULL, "weight",
      "weight of the loss on the changed images, beside 1 for the images as they are" },
    { "kernel", NN_SET_INT, B(kernel), "3", 3, 7, NULL, "pixels", "side of the blur's kernel: 3, 5 or 7" },
    { "steps", NN_SET_INT, B(steps), "3", 1, 100, NULL, "steps",
      "before each step of the detector: ascents (gradient) or updates (generator)" },
    { "start", NN_SET_FLOAT, B(start), "4", 0, 1e6, NULL, "1/pixels^2",
      "gradient: 1/sigma^2 that the ascent starts from" },
    { "step", NN_SET_FLOAT, B(step), "1", 0, 1e6, NULL, "1/pixels^2",
      "gradient: length of one ascent, as a root mean square over the map" },
    { "rms", NN_SET_FLOAT, B(rms), "0", 0, 1e6, NULL, "1/pixels^2",
      "gradient: every image's map is brought to this root mean square; 0 = left as it is" },
    { "s_min", NN_SET_FLOAT, B(s_min), "1", 0, 1e6, NULL, "1/pixels^2",
      "generator: smallest 1/sigma^2; 1 = sigma of one pixel at most" },
    { "width", NN_SET_INT, B(width), "8", 1, 1024, NULL, "channels", "generator: width of its first layer" },
    { "lr", NN_SET_FLOAT, B(lr), "0.002", 0, 1e38, NULL, "", "generator: learning rate" },
    { "two_generators", NN_SET_BOOL, B(two_generators), "1", 0, 1, NULL, "",
      "generator: one for real and one for forged images" },
    { "sigma", NN_SET_FLOAT, B(sigma), "1", 0, 16, NULL, "pixels", "random, uniform: largest sigma" },
    { "levels", NN_SET_FLOAT, B(levels), "1", 0, 255, NULL, "of 255 levels",
      "perturb: by how much each value changes" },
};

static const NnSetting loss_rows[] = {
    { "rec", NN_SET_FLOAT, L(rec), "0.1", 0, 1e6, NULL, "weight",
      "reconstruction: the decoder must rebuild the image from its latent; keeps the latent about the picture" },
    { "rec_kind", NN_SET_CHOICE, L(rec_kind), "l1", 0, 0, "l1 mse", "", "distance between image and reconstruction" },
    { "latent", NN_SET_FLOAT, L(latent), "1", 0, 1e6, NULL, "weight",
      "latent split: real images light up the first half of the latent channels, forged ones the second" },
    { "mask", NN_SET_FLOAT, L(mask), "1", 0, 1e6, NULL, "weight",
      "interpretation: the map that explains the decision must agree with the mask of the forged region" },
    { "mask_kind", NN_SET_CHOICE, L(mask_kind), "mse", 0, 0, "mse bce dice", "",
      "distance between map and mask; dice cares about overlap, whatever the size of the region" },
    { "mask_on_real", NN_SET_BOOL, L(mask_on_real), "1", 0, 1, NULL, "",
      "real images count in the mask loss, with an empty mask: nothing may light up" },
    { "cls", NN_SET_FLOAT, L(cls), "1", 0, 1e6, NULL, "weight",
      "classification: binary cross-entropy of the logit, the only loss of an ordinary detector" },
};

static const NnSetting optim_rows[] = {
    { "optimizer", NN_SET_CHOICE, O(optimizer), "adam", 0, 0, "sgd adam adamw radam", "",
      "how gradients become updates, each as torch defines it" },
    { "lr", NN_SET_FLOAT, O(lr), "0.001", 0, 1e38, NULL, "", "learning rate: the size of a step" },
    { "momentum", NN_SET_FLOAT, O(momentum), "0.9", 0, 1, NULL, "", "sgd: share of the last update that is kept" },
    { "nesterov", NN_SET_BOOL, O(nesterov), "0", 0, 1, NULL, "", "sgd: look ahead along the momentum" },
    { "beta1", NN_SET_FLOAT, O(beta1), "0.9", 0, 0.99999, NULL, "",
      "adam, adamw, radam: memory of the gradient's mean" },
    { "beta2", NN_SET_FLOAT, O(beta2), "0.999", 0, 0.999999, NULL, "",
      "adam, adamw, radam: memory of its mean square" },
    { "eps", NN_SET_FLOAT, O(eps), "1e-8", 0, 1, NULL, "", "adam, adamw, radam: keeps a division from zero" },
    { "weight_decay", NN_SET_FLOAT, O(weight_decay), "0", 0, 10, NULL, "",
      "pull of weights towards zero; never on biases and batch norm" },
    { "schedule", NN_SET_CHOICE, O(schedule), "cosine", 0, 0, "constant step cosine poly plateau", "",
      "how the learning rate changes over the run" },
    { "warmup", NN_SET_INT, O(warmup), "0", 0, 1e9, NULL, "steps", "the learning rate grows from 0 over so many" },
    { "step_every", NN_SET_INT, O(step_every), "1000", 1, 1e9, NULL, "steps",
      "schedule = step: the rate falls after each so many" },
    { "step_factor", NN_SET_FLOAT, O(step_factor), "0.1", 0, 1, NULL, "",
      "schedule = step: the rate falls by this factor" },
    { "poly_power", NN_SET_FLOAT, O(poly_power), "0.9", 0, 10, NULL, "",
      "schedule = poly: lr (1 - progress)^poly_power" },
    { "plateau_patience", NN_SET_INT, O(plateau_patience), "3", 1, 1e6, NULL, "validations",
      "schedule = plateau: so many without a better result before the rate falls" },
    { "plateau_factor", NN_SET_FLOAT, O(plateau_factor), "0.5", 0, 1, NULL, "",
      "schedule = plateau: the rate falls by this factor" },
    { "clip_norm", NN_SET_FLOAT, O(clip_norm), "0", 0, 1e9, NULL, "",
      "gradients longer than this are shortened to it; 0 = off" },
    { "accumulate", NN_SET_INT, O(accumulate), "1", 1, 4096, NULL, "batches",
      "gradients of so many batches are averaged for one step: a large batch in little memory" },
    { "ema", NN_SET_FLOAT, O(ema), "0", 0, 0.999999, NULL, "",
      "validate and keep a running average of the weights with this memory, e.g. 0.999; 0 = off" },
};

static const NnSetting run_rows[] = {
    { "epochs", NN_SET_INT, T(epochs), "10", 1, 1e6, NULL, "passes", "passes over the training images" },
    { "steps", NN_SET_INT, T(steps), "0", 0, 2e9, NULL, "steps", "length of the run; 0 = what epochs come to" },
    { "batch", NN_SET_INT, T(batch), "32", 1, 65536, NULL, "images", "images that are processed together" },
    { "seed", NN_SET_INT, T(seed), "1", 0, 2147483647, NULL, "",
      "all randomness comes from it: the same seed gives the same bits" },
    { "threads", NN_SET_INT, T(threads), "0", 0, 1024, NULL, "", "CPUs to use; 0 = all; never changes a result" },
    { "validate_every", NN_SET_INT, T(validate_every), "0", 0, 2e9, NULL, "steps",
      "how often the validation split is judged and `last` saved; 0 = once per epoch" },
    { "patience", NN_SET_INT, T(patience), "0", 0, 1e6, NULL, "validations",
      "stop after so many without a better result; 0 = never" },
    { "best", NN_SET_CHOICE, T(best), "auc", 0, 0, "auc loss", "",
      "what `best` is best at, on the validation images of the trained-on manipulations" },
    { "log_every", NN_SET_INT, T(log_every), "20", 1, 1e9, NULL, "steps", "a line in train.log after each so many" },
    { "out", NN_SET_TEXT, T(out), "", 0, 0, NULL, "",
      "folder of the run; empty = runs/<name of the configuration>, or the next free number" },
    { "conv", NN_SET_TEXT, T(conv), "auto", 0, 0, NULL, "",
      "how convolutions are computed. auto: the cheapest way; "
      "exact: the cheapest that rounds no more than a plain sum; "
      "or the name of one (blas, direct, winograd, ...), taken where it fits" },
    { "memory", NN_SET_CHOICE, T(memory), "normal", 0, 0, "normal low", "",
      "low: about half of the memory (at most 60 %), for up to one more forward pass a step; results stay the same" },
    { "report", NN_SET_BOOL, T(report), "1", 0, 1, NULL, "",
      "write report.html at the end, and keep the maps of eight validation images on the way; changes no result" },
};

const NnSection train_loss_section = { "loss", "what is minimised: a weighted sum of terms", NN_LIST(loss_rows) };
const NnSection train_optim_section = { "optim", "how it is minimised", NN_LIST(optim_rows) };
const NnSection train_run_section = { "train", "length, batches and housekeeping of the run", NN_LIST(run_rows) };
const NnSection train_gradcam_section = { "gradcam", "how primary regions, where a detector looks, are found",
                                          NN_LIST(gradcam_rows) };
const NnSection train_active_section = { "active", "masks for a few chosen images only", NN_LIST(active_rows) };
const NnSection train_blur_section = { "blur", "an adversary that changes the images of each batch once more",
                                       NN_LIST(blur_rows) };
