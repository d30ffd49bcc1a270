/* data_settings.c -- the tables of the [data] and [augment] sections; see data_settings.h.
 * The help lines are what --help-config shows. */
#include "data/data_settings.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof *(rows)))

#define AT(field) offsetof(DataSettings, field)
static const NnSetting data_rows[] = {
    { "source", NN_SET_CHOICE, AT(source), "portraits", 0, 0, "portraits photos manifest folder spec", "",
      "portraits: built-in drawn faces, forged on the fly; photos: a folder of your real photos, forged on the fly; "
      "manifest: a list of your images as CSV; folder: images sorted into real/ and fake/; "
      "spec: any layout that `data check --help` names" },
    { "path", NN_SET_SPEC, AT(path), "", 0, 0, DATA_SPEC_PATHS, "",
      "manifest: the CSV file; photos, folder: the folder; portraits: stays empty; "
      "spec: [FORMAT:]PATH[,root=FOLDER][,compression=c23]" },
    { "methods", NN_SET_TEXT, AT(methods), "swap", 0, 0, NULL, "",
      "names of the manipulations to train on, comma separated, or all; the others in the data are only tested on" },
    { "forge", NN_SET_TEXT, AT(forge), "swap,inpaint,recolor,warp,resample,splice", 0, 0, NULL, "",
      "portraits and photos: the manipulations that they are forged with, comma separated (data forge --help)" },
    { "size", NN_SET_INT, AT(size), "64", 16, 1024, NULL, "pixels",
      "side of the square that every image is brought to" },
    { "fit", NN_SET_CHOICE, AT(fit), "resize", 0, 0, "resize crop", "",
      "how an image becomes square: resize squeezes all of it in; crop keeps proportions and cuts the longer side" },
    { "identities", NN_SET_INT, AT(identities), "1200", 4, 10000000, NULL, "people",
      "portraits: how many people there are, over all splits" },
    { "val_fraction", NN_SET_FLOAT, AT(val_fraction), "0.15", 0, 0.9, NULL, "share",
      "share of the people, photos or videos for validation, which chooses checkpoint and threshold, "
      "where the data names no splits" },
    { "test_fraction", NN_SET_FLOAT, AT(test_fraction), "0.15", 0, 0.9, NULL, "share",
      "share of the people, photos or videos for the final test, where the data names no splits" },
    { "quality_min", NN_SET_INT, AT(quality_min), "70", 1, 100, NULL, "JPEG quality",
      "portraits and photos go through JPEG, real and forged alike: the lowest quality that is drawn" },
    { "quality_max", NN_SET_INT, AT(quality_max), "95", 1, 100, NULL, "JPEG quality",
      "portraits and photos go through JPEG: the highest quality that is drawn" },
    { "noise", NN_SET_FLOAT, AT(noise), "2", 0, 64, NULL, "levels",
      "portraits and photos: largest standard deviation of the camera noise, of 255 levels; real and forged alike" },
    { "on_bad", NN_SET_CHOICE, AT(on_bad), "stop", 0, 0, "stop skip", "",
      "an image or mask that cannot be read: stop ends the run, skip leaves it out (and names it)" },
    { "max_pixels", NN_SET_INT, AT(max_pixels), "25000000", 1, 1 << 30, NULL, "pixels",
      "an image of more pixels counts as unreadable; guards against files made to fill the memory" },
    { "cache_mib", NN_SET_INT, AT(cache_mib), "1024", 0, 1 << 20, NULL, "MiB",
      "memory for decoded images, so that each is decoded once; changes speed only" },
    { "threads", NN_SET_INT, AT(threads), "2", 1, 256, NULL, "threads",
      "threads that prepare batches; changes speed only" },
    { "balance", NN_SET_BOOL, AT(balance), "1", 0, 1, NULL, "",
      "draw real and forged images equally often in training" },
    { "allow", NN_SET_TEXT, AT(allow), "", 0, 0, NULL, "",
      "findings of the data check that shall not stop a run, comma separated: leak-file, contradiction, one-class "
      "(validation images of one class are then left out), masks-some (data check --help says what they are). Videos "
      "and sources in two splits stop every run, and files that cannot be read are the business of on_bad" },
};
#undef AT

#define AT(field) offsetof(DataAugment, field)
static const NnSetting augment_rows[] = {
    { "flip", NN_SET_FLOAT, AT(flip), "0.5", 0, 1, NULL, "probability", "mirror left and right" },
    { "shift", NN_SET_INT, AT(shift), "0", 0, 256, NULL, "pixels",
      "largest move in each direction; the border is reflected" },
    { "jpeg", NN_SET_FLOAT, AT(jpeg), "0", 0, 1, NULL, "probability", "send through JPEG once more" },
    { "jpeg_min", NN_SET_INT, AT(jpeg_min), "60", 1, 100, NULL, "JPEG quality", "jpeg: lowest quality" },
    { "jpeg_max", NN_SET_INT, AT(jpeg_max), "95", 1, 100, NULL, "JPEG quality", "jpeg: highest quality" },
    { "blur", NN_SET_FLOAT, AT(blur), "0", 0, 1, NULL, "probability", "blur with a Gaussian" },
    { "blur_sigma", NN_SET_FLOAT, AT(blur_sigma), "1", 0.1, 16, NULL, "pixels", "blur: largest sigma" },
    { "noise", NN_SET_FLOAT, AT(noise), "0", 0, 1, NULL, "probability", "add Gaussian noise" },
    { "noise_sigma", NN_SET_FLOAT, AT(noise_sigma), "3", 0, 64, NULL, "levels",
      "noise: largest standard deviation, of 255 levels" },
    { "colour", NN_SET_FLOAT, AT(colour), "0", 0, 1, NULL, "share",
      "largest change of brightness, contrast and saturation; 0.2 means by up to a fifth" },
};
#undef AT

#define AT(field) offsetof(DataRegions, field)
static const NnSetting regions_rows[] = {
    { "remove", NN_SET_CHOICE, AT(remove), "none", 0, 0, "none primary random", "",
      "what is removed from training images: nothing; primary: the region where a detector looks; "
      "random: as a control, a region of the same form elsewhere" },
    { "maps", NN_SET_PATH, AT(maps), "", 0, 0, NULL, "",
      "file of region maps, as train --mode regions writes it; empty = the run measures its own ([gradcam])" },
    { "probability", NN_SET_FLOAT, AT(probability), "0.5", 0, 1, NULL, "probability",
      "of a removal, drawn anew each time that an image is read" },
    { "alpha_min", NN_SET_FLOAT, AT(alpha_min), "0.5", 0, 1, NULL, "share",
      "smallest share of the region's pixels that is removed, the hottest first" },
    { "alpha_max", NN_SET_FLOAT, AT(alpha_max), "1", 0, 1, NULL, "share",
      "largest share of the region's pixels that is removed" },
    { "fill", NN_SET_CHOICE, AT(fill), "noise", 0, 0, "noise black mean blur", "",
      "what is put in their place: random colours, black, the image's mean colour, or the image itself, blurred" },
};
#undef AT

const NnSection data_section = { "data", "images: where they come from and how they are brought to size", data_rows,
                                 COUNT(data_rows) };
const NnSection data_augment_section = { "augment", "random changes to training images; none in validation and test",
                                         augment_rows, COUNT(augment_rows) };
const NnSection data_regions_section = { "regions",
                                         "removal of primary regions, where a detector looks, from training images",
                                         regions_rows, COUNT(regions_rows) };
