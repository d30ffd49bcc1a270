/* data_counts.h -- how many images, videos and masks a data set has, per split, method and label. */
#ifndef DATA_DATA_COUNTS_H
#define DATA_DATA_COUNTS_H
#include "data/data_set.h"

/* One split's real images, or its fakes of one method. */
typedef struct {
    int split, method; /* DataSplit or DATA_SPLIT_OPEN; -1 for real images */
    int images, masks; /* masks: items that name a mask file */
    int videos;        /* different ones; items of no video do not count */
    int frames[3];     /* of these videos: fewest, median, most; 0 without videos */
    int *items;        /* [images] */
} DataCount;

typedef struct {
    int n;
    DataCount *rows; /* only those with images: by split (train, val, test, none), real images first, then by name */
} DataCounts;

/* ERR_NOMEM. Free with data_counts_free. */
NnStatus data_counts_make(const DataSet *set, DataCounts *out, NnErr *err);
void data_counts_free(DataCounts *counts);

#endif
