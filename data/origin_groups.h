/* origin_groups.h -- which items of a list come from the same photograph or video.
 *
 * Two items belong together if they share a video, or a name of a file: the source of both, or the source of one and
 * the path of the other. So do items that a chain of such pairs connects, a face swap's two videos for one. A group
 * is a connected component of that relation. */
#ifndef DATA_ORIGIN_GROUPS_H
#define DATA_ORIGIN_GROUPS_H
#include "data/data_set.h"

/* What a list says of one item, as written there; "" where it says nothing. Videos and files are told apart: a video
 * "a" and a photograph "a" have nothing in common. */
typedef struct {
    const char *video, *source, *path;
} DataOrigin;

/* Set items[i].group from origins[i], i < n. The number is the hash of the component's first video in the order of
 * bytes, else its first source, else its path: it depends on no order of items. ERR_NOMEM. */
NnStatus data_origin_groups(const DataOrigin *origins, int n, DataItem *items, NnErr *err);

#endif
