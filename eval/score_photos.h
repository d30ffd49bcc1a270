/* score_photos.h -- judge single image files, without a data set. */
#ifndef EVAL_SCORE_PHOTOS_H
#define EVAL_SCORE_PHOTOS_H
#include "eval/trained_run.h"

/* The verdict on one file, or why there is none. */
typedef struct {
    const char *path;
    float score;         /* probability of being forged */
    int forged;          /* score >= the run's threshold */
    const char *failure; /* NULL: judged; else what was wrong with the file */
} EvalPhoto;

typedef void (*EvalPhotoSink)(void *self, const EvalPhoto *photo);

/* Judge the files in order and hand each to `sink`; a bad file is handed over with its failure and the rest go on.
 * maps: folder for pictures of photo and heat map, named after the files; NULL: none. The map covers what the
 * detector saw: with fit = crop that is the photo's central square. The status is of the whole (a map that cannot be
 * written ends it); *n_bad counts bad files. */
NnStatus eval_score_photos(EvalRun *run, const char *const *paths, int n, const char *maps, EvalPhotoSink sink,
                           void *self, int *n_bad, NnErr *err);

#endif
