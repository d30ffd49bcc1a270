/* run_folder.h -- where a run lives: choosing its folder, and keeping it to one process. */
#ifndef TRAIN_RUN_FOLDER_H
#define TRAIN_RUN_FOLDER_H
#include "nn/base/status.h"
#include "train/options.h"
#include "train/train_settings.h"

enum { TRAIN_PATH_MAX = 4096 };

/* The folder by --out, else [train] out, else runs/<name of CONFIG>, there with the next free number: runs/lae,
 * runs/lae-2. With --resume the folder given, or the latest of the numbered ones; it must hold last.safetensors.
 * Without, a folder that holds a run is refused. Nothing is created. ERR_USAGE. */
NnStatus train_folder_choose(const TrainOptions *o, const TrainConfig *c, char folder[TRAIN_PATH_MAX], NnErr *err);

/* Create the folder, see that it can be written, and lock it until the process ends. ERR_IO, also when another process
 * is using it. */
NnStatus train_folder_open(const char *folder, NnErr *err);

/* "folder/name" in buf, which is returned. */
const char *train_folder_file(const char *folder, const char *name, char buf[TRAIN_PATH_MAX]);

#endif
