/* splits.h -- which items are for training, which for choosing, which for reporting.
 *
 * Rules, in this order; a group (one photograph, person or video) is never divided:
 * 1. What the data says (train, val, test) stands; an undecided item follows its group.
 * 2. Groups of which nothing is said are drawn: data_split_draw.
 * 3. Validation items choose the checkpoint and the threshold, so nothing may be reported
 *    on them. Data that names val but no test means the val items as the measure: they
 *    become the test split.
 * 4. Where no validation split is left, it is carved out of the training groups by
 *    val_fraction.
 * A set that is only listed (DataSet.as_listed) keeps what the data says and nothing else.
 * A set that is only measured on (DataSet.all_test) has no use for the draws: in rule 2 every group is test, and rule 4
 * is left out. */
#ifndef DATA_SPLITS_H
#define DATA_SPLITS_H
#include "data/data_set.h"

enum { DATA_SPLIT_OPEN = -1 }; /* DataItem.split of an item of which nothing is said */

/* Settle the split of every item. ERR_DATA if the data puts one group in two splits. */
NnStatus data_splits_settle(DataSet *set, NnErr *err);

#endif
