/* page_words.c -- what the words of a report mean, said to somebody who knows none of them. */
#include "nn/base/page.h"

static const NnPageEntry words[] = {
    { "Real, forged", "A real image shows what the camera saw. In a forged one somebody, or a program, has changed a "
                      "part: swapped a face, painted something out, pasted something in." },
    { "Manipulation",
      "One way of forging. \"Seen\" manipulations occur in the training images; \"unseen\" ones do not, and show "
      "whether the detector has learned forging or only that way of it." },
    { "Score", "The detector's answer for one image, from 0 (surely real) to 1 (surely forged)." },
    { "Threshold", "The score from which on an image is called forged. It is chosen on validation images, never on "
                   "those that test the detector." },
    { "Mask, map", "The mask is the truth: white where an image was forged. The map is the detector's own answer to "
                   "\"where?\": the lighter, the more it takes that place for forged." },
    { "AUC", "Take one forged and one real image at random: how often does the forged one get the higher score? 1 is "
             "always, 0.5 is a coin toss. No threshold is needed for it." },
    { "AP", "Average precision: sort all images by score; how pure is the top of the list, on average, as it grows to "
            "take in all forged images? 1 is perfect, a coin toss gives the share of forged images." },
    { "EER",
      "Equal error rate: the threshold is moved until as many real images are called forged as forged ones real; this "
      "share is the EER. 0 is perfect, 0.5 is a coin toss." },
    { "Accuracy", "The share of images on the right side of the threshold." },
    { "Training, validation, test",
      "Images are divided. The detector learns from the first part, the second decides when it was best, the third, "
      "kept apart until the end, says how good it is." },
    { "Step, epoch", "A step changes the detector a little after a look at a handful of images (a batch). An epoch is "
                     "as many steps as it takes to see every training image once." },
    { "Loss", "What training makes small: a measure of how wrong the detector is. It has terms, one for each thing "
              "that is asked of the detector." },
    { "Learning rate", "How large the change in one step is." },
    { "Overfitting", "Learning the training images by heart: the training loss goes on falling while the validation "
                     "loss rises." },
    { "Reconstruction",
      "Some detectors must also rebuild the image from the few numbers that they keep of it. What they cannot "
      "rebuild, they have not kept." },
    { "Latent, PCA",
      "The latent is those few numbers. PCA finds the two directions in which they differ most from image to image, "
      "so that they can be drawn as points on paper." },
    { "Interval",
      "The range in which a figure would fall in 95 of 100 repetitions with other images of the same kind. A "
      "difference smaller than the intervals proves nothing." },
    { "IoU", "Intersection over union: of all places that the map or the mask marks, the share that both mark. 1 is "
             "perfect agreement." },
};

const NnPageEntry *nn_page_common_words(int *n)
{
    *n = sizeof words / sizeof *words;
    return words;
}
