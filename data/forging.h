/* forging.h -- one run of `data forge`, and the steps that it is made of. Private to command_forge.c, which takes them in
 * this order, and to the files that hold them. */
#ifndef DATA_FORGING_H
#define DATA_FORGING_H
#include "data/commands.h"
#include "data/data_set.h"

typedef struct {
    DataConsole *console;
    const DataArguments *arguments;
    char *methods;     /* [data_forge_count] which are wanted */
    DataSet *photos;   /* all files that look like photos, in the order of their paths */
    DataProbe *probes; /* [photos->n] what was seen in them; w = 0: not wanted */
    int *chosen;       /* [n] numbers of the photos to forge, split by split */
    int n, first[DATA_SPLITS + 1];
    FILE *manifest;               /* grows in memory while data_forging_write is at work */
    int n_bad, n_twins, n_forged; /* left out; copies left out; forgeries made */
} DataForging;

/* ---- photo_choice.c ---- */

/* List the photos of the folder specs[0]. ERR_USAGE, ERR_DATA: no such folder, no photo. */
NnStatus data_forging_list(DataForging *f, NnErr *err);

/* Read each photo once and fill chosen: those that can be read, are large enough and are no copy of another. ERR_DATA:
 * a bad one, unless --on-bad skip. */
NnStatus data_forging_choose(DataForging *f, NnErr *err);

/* Shuffle chosen and fill first. ERR_DATA: too few photos for the splits that are wanted. */
NnStatus data_forging_divide(DataForging *f, NnErr *err);

/* ERR_DATA with the reason `why`; or, with --on-bad skip, say it, count it and go on. */
NnStatus data_forging_leave_out(DataForging *f, const char *why, NnErr *err);

/* ---- photo_forging.c: pictures in memory ---- */

/* Photo `number`, at w x h pixels: its middle, without squeezing it. w = 0: as it is. The caller frees. */
NnStatus data_forging_load(const DataForging *f, int number, int w, int h, DataImage *out, NnErr *err);

/* JPEG, where --quality asks for it: the same way for real and forged images. kind: 0 real, else method + 1. */
NnStatus data_forging_finish(const DataForging *f, int number, int kind, DataImage *img, NnErr *err);

/* Photo chosen[k] of `split`, forged by data_forges[method]; `real` is what came of it unforged. The caller frees out
 * and mask; out->px NULL: no attempt has changed a pixel. */
NnStatus data_forging_forge(const DataForging *f, int split, int k, int method, const DataImage *photo,
                            const DataImage *real, DataImage *out, DataImage *mask, NnErr *err);

/* ---- forged_folder.c ---- */

/* Forge all that is chosen, into the folder --out; its manifest comes last. ERR_INTERRUPTED: Ctrl-C, and none was
 * written. */
NnStatus data_forging_write(DataForging *f, NnErr *err);

#endif
