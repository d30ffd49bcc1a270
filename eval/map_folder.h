/* map_folder.h -- a folder of pictures in which no picture overwrites another of the same evaluation. */
#ifndef EVAL_MAP_FOLDER_H
#define EVAL_MAP_FOLDER_H
#include <stdint.h>

#include "data/image.h"

/* Zero-initialise with the folder's name; release with eval_map_folder_free. */
typedef struct {
    const char *path; /* borrowed */
    uint64_t *used;   /* hash set of the names taken: [room], 0 = free place */
    size_t n, room;
} EvalMapFolder;

/* Save as PATH/sub1/sub2/name.png (NULL: one folder less), a second picture of that name as name-2.png, and so on.
 * Folders are created. Characters that a file name cannot hold become '_'. */
NnStatus eval_map_folder_save(EvalMapFolder *folder, const char *sub1, const char *sub2, const char *name,
                              const DataImage *picture, NnErr *err);
void eval_map_folder_free(EvalMapFolder *folder);

#endif
