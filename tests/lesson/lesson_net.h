/* lesson_net.h -- what a lesson looks at: a trained run, the images of a split, and what the run's detector says of them. */
#ifndef LESSON_NET_H
#define LESSON_NET_H
#include "data/data_set.h"
#include "eval/trained_run.h"
#include "train/train_settings.h"

/* A trained run, with a plan that keeps more than a judgement needs. */
typedef struct {
    EvalRun *run;
    TrainConfig config;
    NnPlan *plan; /* inference: activity, logit, map */
} LessonNet;

/* Images of one split as floats, in the order of the data set. */
typedef struct {
    DataSet *set;
    int *item; /* [n], index into set->items */
    int n, n_fake, size;
    float *image;         /* [n,3,size,size], -1..1 */
    float *mask;          /* [n,size,size], 0 or 1 */
    unsigned char *label; /* [n], 1 forged */
} LessonImages;

/* What a detector says of each of them. */
typedef struct {
    float *logit;     /* [n] */
    float *activity;  /* [n,2]: a_0, a_1 */
    float *map;       /* [n,size,size], 0..1 */
    double threshold; /* called forged if sigmoid(logit) is at least this */
} LessonView;

/* Two detectors on the same images. */
typedef struct {
    LessonImages images;
    LessonView off, on;
} LessonPair;

/* `folder` of a run: its last checkpoint, as the two runs of a lesson are compared at the same step. */
NnStatus lesson_net_open(const char *folder, LessonNet *out, NnErr *err);
void lesson_net_close(LessonNet *net);

/* The images of a split, without augmentation. */
NnStatus lesson_images_load(const LessonNet *net, DataSplit split, LessonImages *out, NnErr *err);
void lesson_images_free(LessonImages *images);

NnStatus lesson_look(LessonNet *net, const LessonImages *images, LessonView *out, NnErr *err);
void lesson_view_free(LessonView *view);

/* Let both look at the images of a split. */
NnStatus lesson_pair_look(LessonNet *off, LessonNet *on, DataSplit split, LessonPair *out, NnErr *err);
void lesson_pair_free(LessonPair *pair);

/* sigmoid(logit) of image i. */
double lesson_score(const LessonView *view, int i);

/* "score 0.27: forged", at the threshold that the run chose on its validation images. */
void lesson_verdict(const LessonView *view, int i, char text[32]);

/* AUC of score [n] for the labels of the images. */
NnStatus lesson_auc(const LessonImages *images, const float *score, double *out, NnErr *err);

/* The k-th forged (label 1) or real (0) image, counted from 0; -1: there are not so many. */
int lesson_find(const LessonImages *images, int label, int k);

static inline size_t lesson_pixels(const LessonImages *images)
{
    return (size_t)images->size * (size_t)images->size;
}

#endif
