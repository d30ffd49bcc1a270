/* import_items.h -- what importers do to a list once it is gathered: order of frames, ties between videos, repeats. */
#ifndef DATA_IMPORT_ITEMS_H
#define DATA_IMPORT_ITEMS_H
#include "data/data_set.h"

/* Order of two frames of a video by their base names: "9.png" before "10.png". Numbers by value and before other names;
 * other names digit runs by value, the rest by bytes; what is equal so far by bytes of the whole. As strcmp. */
int data_frame_compare(const char *a, const char *b);

/* Sources that are pairs A_B ("071_054": the face of 054 in the video 071) or single names: whatever a chain of pairs
 * ties together gets one source, "<prefix>/<the smallest name of them>". Items without a source stay. ERR_NOMEM. */
NnStatus data_import_tie_pairs(DataSet *set, const char *prefix, NnErr *err);

/* The group of every item, from video and source, and where it has neither from its path: as a manifest that
 * data_import_write wrote reads back. `folder`: the path is taken from below it. ERR_NOMEM. */
NnStatus data_import_groups(DataSet *set, const char *folder, NnErr *err);

/* A path that is listed again with the same label and split is dropped, with a note; with another label or split it is
 * ERR_DATA, as in a manifest. */
NnStatus data_import_drop_repeats(DataSet *set, NnErr *err);

#endif
