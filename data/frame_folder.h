/* frame_folder.h -- folders of videos' frames: FOLDER/<video>/<n>.png. */
#ifndef DATA_FRAME_FOLDER_H
#define DATA_FRAME_FOLDER_H
#include "data/data_set.h"

/* Names in a folder, without "." in front. */
typedef struct {
    int n;
    char **name;
} DataNames;

typedef enum { DATA_NAMES_IMAGES, DATA_NAMES_FOLDERS } DataNamesKind;

/* The images (by their names' endings, in the order of data_frame_compare) or the folders (by bytes) in a folder. An
 * absent folder has none. ERR_IO, ERR_NOMEM. */
NnStatus data_names_read(const char *folder, DataNamesKind kind, DataNames *out, NnErr *err);
void data_names_free(DataNames *names);

/* A video whose frames lie in a folder of their own. */
typedef struct {
    const char *frames; /* folder */
    const char *masks;  /* folder of masks with the frames' base names, as PNG; NULL: none */
    const char *video;  /* as DataItem has it, and so on */
    const char *source;
    const char *method; /* NULL: real */
    int split;
} DataVideo;

/* Append an item for each frame; *n says how many there were, *n_masks how many of them have a mask. */
NnStatus data_video_add(DataSet *set, const DataVideo *video, int *n, int *n_masks, NnErr *err);

/* The folder of `video` under `parent`: parent/frames/video, or parent/video; NULL if there is neither. *err is set
 * without memory, and NULL returned. The caller frees. */
char *data_video_folder(const char *parent, const char *video, NnErr *err);

#endif
