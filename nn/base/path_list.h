/* path_list.h -- several paths in one text, a comma between them: what a setting of the type NN_SET_PATHS holds.
 *
 * Blanks around a path and empty places count for nothing. A path with a comma in it cannot stand in a list. */
#ifndef NN_PATH_LIST_H
#define NN_PATH_LIST_H
#include "nn/base/settings.h"

/* Copy the first path of *list into path [size], and move *list behind it; "": no path is left. ERR_CONFIG: it does not
 * fit, and nothing is copied. */
NnStatus nn_path_list_next(const char **list, char *path, size_t size, NnErr *err);

/* Put `folder` (NULL: none) before each path that is relative, and write the list again, "a/x,/b". ERR_CONFIG: no room
 * for it. */
NnStatus nn_path_list_join(const char *folder, const char *list, char out[NN_TEXT_MAX], NnErr *err);

#endif
