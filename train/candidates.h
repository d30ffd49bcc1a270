/* candidates.h -- the files of active learning: which images were picked, and the masks that came back.
 *
 *     RUN/candidates.csv          a manifest (data/README.md), the best candidate first, with the columns path, label,
 *                                 mask, method, split; and, for the run itself, item (its name in the data set) and
 *                                 score (what the picker made of it; higher = sooner)
 *     RUN/candidates.png          the first of them, with their maps
 *     RUN/candidates/0001.png     portraits and photos, which are no files: the image of row 1, as the network sees it
 *     RUN/candidates/0001_mask.png  its mask: written from the data's own (oracle), or where one is expected (person)
 *
 * Images that are files keep their path, and with oracle their mask theirs. */
#ifndef TRAIN_CANDIDATES_H
#define TRAIN_CANDIDATES_H
#include "train/trainer.h"

enum { TRAIN_SHEET_CANDIDATES = 60 }; /* as many are shown in candidates.png */

typedef struct {
    int n;
    int *item;    /* [n] items of the set, the best candidate first */
    float *score; /* [n] */
    char **path;  /* [n] of a list that was read: the file that shows the image, absolute; else NULL */
    char **mask;  /* [n] the mask file that a person has drawn or shall draw; NULL: none */
    char **where; /* [n] "annotations.csv:4", where that file was named; NULL likewise */
} TrainCandidates;

NnStatus train_candidates_init(TrainCandidates *c, int n, NnErr *err);
void train_candidates_free(TrainCandidates *c);

/* Write candidates.csv and, for portraits and photos, the images (with the masks that may be seen). ERR_IO. */
NnStatus train_candidates_write(const Trainer *t, const char *folder, const TrainCandidates *c, NnErr *err);

/* Write candidates.png, with what t's network makes of them now. */
NnStatus train_candidates_draw(Trainer *t, const char *folder, const TrainCandidates *c,
                               const volatile sig_atomic_t *stop, NnErr *err);

/* Read candidates.csv into *c, which the caller frees also after a failure. Each mask of the column is taken for a
 * person's. ERR_IO; ERR_DATA names file and line. */
NnStatus train_candidates_read(const Trainer *t, const char *folder, TrainCandidates *c, NnErr *err);

/* Take masks from a person's manifest, columns path and mask, a row for each candidate, with paths relative to it. A
 * row belongs to the candidate to whose file its path leads; *c is a list that was read. ERR_DATA names file, line,
 * what was found and expected. */
NnStatus train_candidates_annotate(TrainCandidates *c, const char *annotations, NnErr *err);

#endif
