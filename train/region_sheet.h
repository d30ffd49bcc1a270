/* region_sheet.h -- a picture that shows where detectors look: training images, their fused maps laid over them, and one
 * removal of each. */
#ifndef TRAIN_REGION_SHEET_H
#define TRAIN_REGION_SHEET_H
#include "data/region_maps.h"
#include "train/trainer.h"

enum { TRAIN_SHEET_EXAMPLES = 24 };

/* Zero-initialise. */
typedef struct {
    const Trainer *trainer;
    DataImage canvas;
    int number[TRAIN_SHEET_EXAMPLES]; /* which training items: half real, half forged, evenly spaced; none is picked */
    int n, side, zoom;                /* examples; pixels of a tile; its enlargement, in whole steps */
} TrainRegionSheet;

/* Choose the examples; an empty sheet with title and legend. */
NnStatus train_region_sheet_init(TrainRegionSheet *s, const Trainer *t, NnErr *err);
void train_region_sheet_deinit(TrainRegionSheet *s);

/* Draw training item `number` with its fused map [size,size] if it was chosen; others pass by. maps has its entry. The
 * removal is the first that [regions] would make, had its coin fallen so. */
NnStatus train_region_sheet_visit(TrainRegionSheet *s, int number, const DataImage *image, const float *fused,
                                  const DataRegionMaps *maps, NnErr *err);

/* As path.png. */
NnStatus train_region_sheet_save(const TrainRegionSheet *s, const char *path, NnErr *err);

#endif
