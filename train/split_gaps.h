/* split_gaps.h -- what a split lacks to be of use: images at all, one of the classes, a manipulation trained on. */
#ifndef TRAIN_SPLIT_GAPS_H
#define TRAIN_SPLIT_GAPS_H
#include "data/data_set.h"

/* A sentence for each gap, each with a newline and with what would fill it; "" where there is none. An empty training or
 * validation split is left to others to tell. Items that training does not use (data_set_select) do not count. The caller
 * frees; NULL: no memory. */
char *train_split_gaps(const DataSet *set);

#endif
