/* path_list.h -- several paths in one text, a comma between them: what a setting of the type NN_SET_PATHS holds.
 *
 * Blanks around a path and empty places count for nothing. A path with a comma in it cannot stand in a list. */
#ifndef NN_PATH_LIST_H
#define NN_PATH_LIST_H
#include "nn/base/settings.h"

/* Copy the first path of the list, which is shorter than NN_TEXT_MAX. Where to go on; NULL: no path is left. */
const char *nn_path_list_next(const char *list, char path[NN_TEXT_MAX]);

/* Put `folder` (NULL: none) before each path that is relative, and write the list again, "a/x,/b". ERR_CONFIG: no room
 * for it. */
NnStatus nn_path_list_join(const char *folder, const char *list, char out[NN_TEXT_MAX], NnErr *err);

#endif
