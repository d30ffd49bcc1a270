/* region_sheet.h -- a picture that shows where detectors look: training images, their fused maps laid over them, and one
 * removal of each. */
#ifndef TRAIN_REGION_SHEET_H
#define TRAIN_REGION_SHEET_H
#include "data/contact_sheet.h"
#include "data/region_maps.h"
#include "train/trainer.h"

enum { TRAIN_REGION_EXAMPLES = 24 };

/* Zero-initialise. */
typedef struct {
    const Trainer *trainer;
    int number[TRAIN_REGION_EXAMPLES]; /* which training items: half real, half forged, evenly spaced; none is picked */
    int n;
    DataSheetRow rows[TRAIN_REGION_EXAMPLES];
} TrainRegionSheet;

/* Choose the examples. */
void train_region_sheet_init(TrainRegionSheet *s, const Trainer *t);
void train_region_sheet_deinit(TrainRegionSheet *s);

/* Keep the pictures of training item `number`, with its fused map [size,size], if it was chosen; others pass by. maps has
 * its entry. The removal is the first that [regions] would make, had its coin fallen so. */
NnStatus train_region_sheet_visit(TrainRegionSheet *s, int number, const DataImage *image, const float *fused,
                                  const DataRegionMaps *maps, NnErr *err);

/* As path.png. */
NnStatus train_region_sheet_save(TrainRegionSheet *s, const char *path, NnErr *err);

#endif
