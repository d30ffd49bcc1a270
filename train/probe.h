/* probe.h -- a few fixed validation images, looked at again and again while a run learns, for its report and
 * TensorBoard.
 *
 * Which images: of the real and of the forged ones of the validation split half each, evenly spaced in its order;
 * none is picked. They go through a small graph of their own over the run's parameters (their average, with EMA), in
 * inference mode: no number of the training sees it.
 *
 * What is kept in the run's folder: probe/step-000123.png, the maps of that step beside each other as grey levels
 * (shrunk to TRAIN_PROBE_TILE), and probe/scores.csv, a row a step. A resumed run goes on with the rows up to its
 * last validation. Steps: before the first one, and then at evenly spaced validations, so that a run has at most
 * TRAIN_PROBE_FRAMES. */
#ifndef TRAIN_PROBE_H
#define TRAIN_PROBE_H
#include "data/image.h"
#include "train/trainer.h"

enum { TRAIN_PROBE_IMAGES = 8, TRAIN_PROBE_FRAMES = 24, TRAIN_PROBE_TILE = 96 /* pixels */ };

typedef struct {
    int64_t step;
    float score[TRAIN_PROBE_IMAGES];
} TrainProbeFrame;

typedef struct {
    Trainer *trainer; /* borrowed */
    char folder[4096];
    int item[TRAIN_PROBE_IMAGES]; /* of the set */
    int n, size;                  /* images; pixels of a side */
    float *image, *mask;          /* [n,3,H,W] in -1..1; [n,1,H,W] */
    float label[TRAIN_PROBE_IMAGES], has_mask[TRAIN_PROBE_IMAGES];
    NnGraph *graph;
    TrainInputs inputs;
    NnDetector detector;
    NnPlan *plan;
    TrainProbeFrame *frames; /* [n_frames], by step */
    int n_frames, room;
    double seconds; /* spent here, in this process */
} TrainProbe;

/* Choose and read the images, build the network, and take up the frames that the folder holds. n = 0: there is no
 * validation split. The caller calls train_probe_deinit, also after a failure. */
NnStatus train_probe_init(TrainProbe *p, Trainer *t, const char *folder, NnErr *err);
void train_probe_deinit(TrainProbe *p);

/* Shall the step reached be kept? */
int train_probe_due(const TrainProbe *p);

/* The batch of the probe's images. */
DataBatch train_probe_batch(const TrainProbe *p);

/* Show a batch of at most TRAIN_PROBE_IMAGES images to the network; results lie in p->plan until the next look. */
void train_probe_look(TrainProbe *p, const DataBatch *batch);

/* Look at the probe's images and keep maps and scores as a frame of this step. ERR_IO. */
NnStatus train_probe_record(TrainProbe *p, NnErr *err);

/* The maps of frame f as they were kept, [tile][n * tile][1]. ERR_IO, ERR_FORMAT. */
NnStatus train_probe_maps(const TrainProbe *p, int f, DataImage *out, NnErr *err);

/* "real", or the manipulation of probe image i. */
const char *train_probe_kind(const TrainProbe *p, int i);

/* Pixels of a side of a map that is kept. */
int train_probe_tile(const TrainProbe *p);

/* The last look's maps beside each other, as they are kept. ERR_NOMEM. */
NnStatus train_probe_strip(const TrainProbe *p, DataImage *out, NnErr *err);

#endif
