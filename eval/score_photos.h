/* score_photos.h -- judge single image files, without a data set. */
#ifndef EVAL_SCORE_PHOTOS_H
#define EVAL_SCORE_PHOTOS_H
#include "eval/photo_paths.h"
#include "eval/photo_verdict.h"
#include "eval/trained_run.h"

/* The verdict on one file, or why there is none. */
typedef struct {
    const char *path;
    float score; /* probability of being forged */
    EvalPhotoVerdict verdict;
    int w, h;            /* pixels of the file */
    const char *warning; /* in what it differs from the images trained on; "": in nothing that is known */
    const char *failure; /* NULL: judged; else what was wrong with the file */
} EvalPhoto;

typedef NnStatus (*EvalPhotoSink)(void *self, const EvalPhoto *photo, NnErr *err);

/* Judge the files in order and hand each to `sink`; a bad file is handed over with its failure and the rest go on.
 * maps: folder for pictures of photo and heat map, named after the files; NULL: none. The map covers what the
 * detector saw: with fit = crop that is the photo's central square. The status is of the whole (a map that cannot be
 * written, or a sink that fails, ends it); *n_bad counts bad files. */
NnStatus eval_score_photos(EvalRun *run, const EvalPhotoPaths *photos, const EvalPhotoBand *band, const char *maps,
                           EvalPhotoSink sink, void *self, int *n_bad, NnErr *err);

#endif
