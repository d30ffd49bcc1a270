/* data_settings.c -- the tables of the [data] and [augment] sections; see data_settings.h.
 * The help lines are what --help-config shows. */
#include "data/data_settings.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof *(rows)))

#define AT(field) offsetof(DataSettings, field)
static const NnSetting data_rows[] = {
    { "source", NN_SET_CHOICE, AT(source), "portraits", 0, 0, "portraits photos manifest folder spec", "",
      "portraits: embedded faces, forged on the fly; photos: a folder of your real photos, forged on the fly; "
      "manifest: a CSV list; folder: real/ and fake/; spec: any known layout (data/README.md, Specs)" },
    { "path", NN_SET_SPEC, AT(path), "", 0, 0, DATA_SPEC_PATHS, "",
      "the CSV file (manifest), the folder (photos, folder), or [FORMAT:]PATH[,root=FOLDER][,compression=c23] (spec); "
      "portraits need none" },
    { "methods", NN_SET_TEXT, AT(methods), "swap", 0, 0, NULL, "",
      "manipulations to train on, comma separated, or all; the others are met for the first time in the test" },
    { "forge", NN_SET_TEXT, AT(forge), "swap,inpaint,recolor,warp,resample,splice", 0, 0, NULL, "",
      "manipulations that portraits and photos are forged with, comma separated" },
    { "size", NN_SET_INT, AT(size), "64", 16, 1024, NULL, "pixels",
      "side of the square that every image is brought to" },
    { "fit", NN_SET_CHOICE, AT(fit), "resize", 0, 0, "resize crop", "",
      "resize: squeeze the whole image into the square; crop: keep its proportions and cut the longer side" },
    { "identities", NN_SET_INT, AT(identities), "1200", 4, 10000000, NULL, "people",
      "portraits: how many people there are, over all splits" },
    { "val_fraction", NN_SET_FLOAT, AT(val_fraction), "0.15", 0, 0.9, NULL, "share",
      "share of the groups (people, photos) for choosing checkpoint and threshold, where the data does not say" },
    { "test_fraction", NN_SET_FLOAT, AT(test_fraction), "0.15", 0, 0.9, NULL, "share",
      "share of the groups for the final test, where the data does not say" },
    { "quality_min", NN_SET_INT, AT(quality_min), "70", 1, 100, NULL, "JPEG quality",
      "portraits and photos are saved as JPEG, real and forged alike: lowest quality" },
    { "quality_max", NN_SET_INT, AT(quality_max), "95", 1, 100, NULL, "JPEG quality", "and highest quality" },
    { "noise", NN_SET_FLOAT, AT(noise), "2", 0, 64, NULL, "levels",
      "portraits and photos: standard deviation of the camera noise, real and forged alike" },
    { "on_bad", NN_SET_CHOICE, AT(on_bad), "stop", 0, 0, "stop skip", "",
      "what an unreadable image does: stop the run, or be left out, named and counted" },
    { "max_pixels", NN_SET_INT, AT(max_pixels), "25000000", 1, 1 << 30, NULL, "pixels",
      "largest image that is decoded; guards against files made to fill the memory" },
    { "cache_mib", NN_SET_INT, AT(cache_mib), "1024", 0, 1 << 20, NULL, "MiB",
      "memory for decoded images, so that each is decoded once; changes speed only" },
    { "threads", NN_SET_INT, AT(threads), "2", 1, 256, NULL, "threads",
      "threads that prepare batches; changes speed only" },
    { "balance", NN_SET_BOOL, AT(balance), "1", 0, 1, NULL, "",
      "draw real and forged images equally often in training" },
    { "allow", NN_SET_TEXT, AT(allow), "", 0, 0, NULL, "",
      "findings of the data check that shall not stop a run, comma separated, e.g. masks-some (data check --help)" },
};
#undef AT

#define AT(field) offsetof(DataAugment, field)
static const NnSetting augment_rows[] = {
    { "flip", NN_SET_FLOAT, AT(flip), "0.5", 0, 1, NULL, "probability", "mirror left and right" },
    { "shift", NN_SET_INT, AT(shift), "0", 0, 256, NULL, "pixels",
      "largest move in each direction; the border is reflected" },
    { "jpeg", NN_SET_FLOAT, AT(jpeg), "0", 0, 1, NULL, "probability", "save as JPEG once more" },
    { "jpeg_min", NN_SET_INT, AT(jpeg_min), "60", 1, 100, NULL, "JPEG quality", "lowest quality of that" },
    { "jpeg_max", NN_SET_INT, AT(jpeg_max), "95", 1, 100, NULL, "JPEG quality", "and highest" },
    { "blur", NN_SET_FLOAT, AT(blur), "0", 0, 1, NULL, "probability", "blur with a Gaussian" },
    { "blur_sigma", NN_SET_FLOAT, AT(blur_sigma), "1", 0.1, 16, NULL, "pixels", "largest sigma of that" },
    { "noise", NN_SET_FLOAT, AT(noise), "0", 0, 1, NULL, "probability", "add Gaussian noise" },
    { "noise_sigma", NN_SET_FLOAT, AT(noise_sigma), "3", 0, 64, NULL, "levels",
      "largest standard deviation of that, of 255 levels" },
    { "colour", NN_SET_FLOAT, AT(colour), "0", 0, 1, NULL, "share",
      "largest change of brightness, contrast and saturation; 0.2 means by up to a fifth" },
};
#undef AT

#define AT(field) offsetof(DataRegions, field)
static const NnSetting regions_rows[] = {
    { "remove", NN_SET_CHOICE, AT(remove), "none", 0, 0, "none primary random", "",
      "what is removed from training images: nothing, their primary region, or (a control) a region of the same form "
      "elsewhere" },
    { "maps", NN_SET_PATH, AT(maps), "", 0, 0, NULL, "",
      "file of primary region maps, as train --mode regions writes it; empty = the run measures its own (see "
      "[gradcam])" },
    { "probability", NN_SET_FLOAT, AT(probability), "0.5", 0, 1, NULL, "probability",
      "that something is removed, drawn anew at every reading of an image" },
    { "alpha_min", NN_SET_FLOAT, AT(alpha_min), "0.5", 0, 1, NULL, "share",
      "of the pixels of the primary region, hottest first, at least so many go" },
    { "alpha_max", NN_SET_FLOAT, AT(alpha_max), "1", 0, 1, NULL, "share", "and at most so many" },
    { "fill", NN_SET_CHOICE, AT(fill), "noise", 0, 0, "noise black mean blur", "",
      "what is put there: random colours, black, the image's mean colour, or the image itself, blurred" },
};
#undef AT

const NnSection data_section = { "data", "images: where they come from and how they are brought to size", data_rows,
                                 COUNT(data_rows) };
const NnSection data_augment_section = { "augment", "random changes to training images; none in validation and test",
                                         augment_rows, COUNT(augment_rows) };
const NnSection data_regions_section = { "regions", "removal of primary regions from training images", regions_rows,
                                         COUNT(regions_rows) };
