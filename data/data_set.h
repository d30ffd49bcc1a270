/* data_set.h -- a data set: a list of items, and a way to read each one.
 *
 * Sources make one (manifest, folder, portraits, photos, or any layout that spec.h knows); everything after
 * them -- loader, training, evaluation -- knows only this interface. An item's
 * content is a pure function of the files (or the seed) and its index, whatever
 * thread reads it and however often. */
#ifndef DATA_SET_H
#define DATA_SET_H
#include <stdint.h>

#include "data/data_settings.h"
#include "data/image.h"

typedef enum { DATA_TRAIN, DATA_VAL, DATA_TEST, DATA_SPLITS } DataSplit;

typedef struct {
    char *path;     /* what a person would look for: the file, or "portraits/00042/swap" */
    char *mask;     /* mask file, or NULL */
    char *where;    /* "set.csv:17" for messages; NULL for generated items */
    char *video;    /* name of the video that it is a frame of, unique in the set; NULL: of none */
    char *source;   /* what it was made from, as the list says it (a file or a video's name); NULL: not said */
    int label;      /* 0 real, 1 forged */
    int method;     /* index into DataSet.methods; -1 for real images */
    int split;      /* DataSplit */
    uint64_t group; /* items of one photograph, person or video share it; splits never do */
} DataItem;

/* One item in memory, already fitted to [data] size. */
typedef struct {
    DataImage image; /* [size][size][3] */
    DataImage mask;  /* [size][size][1], 255 = forged; all 0 for real images */
    int has_mask;    /* 0: where the forgery is, is unknown (mask is all 0 then) */
    int w, h;        /* pixels of the image before it was fitted */
} DataSample;

void data_sample_free(DataSample *s);

typedef struct DataSet DataSet;

/* How a source reads item i; self is the source's own state. Thread-safe. */
typedef struct {
    NnStatus (*read)(const void *self, const DataSet *set, int i, DataSample *out, NnErr *err);
    void (*free)(void *self);
} DataReader;

struct DataSet {
    DataSettings settings; /* a copy */
    uint64_t seed;
    int all_test;  /* opened by data_set_open_all_test */
    int as_listed; /* opened by data_set_list */
    int n, n_methods;
    DataItem *items;
    char **methods;      /* names, sorted */
    unsigned char *seen; /* per method: is it in settings.methods? */
    char **notes;        /* [n_notes]: what the source passed over or repaired, a line each; programs print them */
    int n_notes;
    char *mask_hidden; /* per item: its mask must not be read (data_set_hide_masks); NULL: none */
    char **mask_shown; /* per item: file that data_set_show_mask gave it; NULL: its own */
    const DataReader *reader;
    void *self;
    struct DataCache *cache;
};

/* Open the set that [data] describes. The list is checked here: columns, labels, duplicates,
 * splits. Image files are opened later (see data_set_check). `seed`
 * drives generated sources and automatic splits. The caller frees with
 * data_set_free. ERR_CONFIG: unknown method (known ones listed), bad path;
 * ERR_DATA: file and line of what is wrong. */
NnStatus data_set_open(const DataSettings *settings, uint64_t seed, DataSet **out, NnErr *err);

/* As data_set_open, for a manifest or folder that is measured on and never trained on: val_fraction and test_fraction
 * count for nothing. Groups of which no split is declared are test, all of them, and no validation split is carved out
 * of training groups. */
NnStatus data_set_open_all_test(const DataSettings *settings, uint64_t seed, DataSet **out, NnErr *err);

/* As data_set_open, but only the list: splits as the data declares them (DATA_SPLIT_OPEN where it says nothing), and no
 * image is ever read. For `data import`, `check` and `stats`. */
NnStatus data_set_list(const DataSettings *settings, DataSet **out, NnErr *err);

void data_set_free(DataSet *set);

/* Item i through the cache. Thread-safe. A failure names file and line. The
 * caller frees the sample. */
NnStatus data_set_read(const DataSet *set, int i, DataSample *out, NnErr *err);

/* From now on no mask of a forged item is seen: mask files are not opened, and what the forging of portraits and photos
 * knows of its place is thrown away. has_mask is 0, the mask is empty. data_set_show_mask takes one item out of that,
 * with the mask file `mask` (copied; of the image's size) in place of its own if not NULL. Hiding anew undoes it. Not
 * while a loader reads the set. The cache forgets what it must. ERR_NOMEM. (hidden_masks.c) */
NnStatus data_set_hide_masks(DataSet *set, NnErr *err);
NnStatus data_set_show_mask(DataSet *set, int i, const char *mask, NnErr *err);
int data_mask_is_hidden(const DataSet *set, int i);
/* Does the data say where forged item i was forged, hidden or not? By its list alone: no file is opened. */
int data_mask_is_known(const DataSet *set, int i);
/* The file that item i's mask is to be read from now; NULL: none. */
const char *data_mask_file(const DataSet *set, int i);

/* Indices of the items of a split, in item order, that training or testing uses:
 * train and val hold real images and the seen methods, test holds everything.
 * The caller frees *index. */
NnStatus data_set_select(const DataSet *set, DataSplit split, int **index, int *n, NnErr *err);

/* What a look at every item found: filled by data_set_check. */
typedef struct {
    int n_checked, n_bad;
    char **messages;        /* one for each bad item */
    int side_min, side_max; /* shorter side of the good images before they are fitted, pixels; 0: no good one */
} DataCheck;

/* Read every listed item once (over `threads`, filling the cache) and, with on_bad =
 * skip, remove the bad ones from the list in place; with on_bad = stop the first bad
 * one (in list order) is returned as an error. The calling thread reads too, and is set to flush denormals
 * (nn_flush_denormals). */
NnStatus data_set_check(const DataSet *set, int *index, int *n, int threads, DataCheck *check, NnErr *err);
void data_check_free(DataCheck *check);

/* "real", or the method's name. */
const char *data_item_method(const DataSet *set, int i);

/* ---- the sources; each fills items, methods, reader and self of a zeroed set ---- */
NnStatus data_manifest_open(DataSet *set, NnErr *err);  /* manifest.c, settings.path = a CSV file */
NnStatus data_folder_open(DataSet *set, NnErr *err);    /* folder.c,   settings.path = a folder   */
NnStatus data_generated_open(DataSet *set, NnErr *err); /* generated.c: portraits and photos      */

/* ---- helpers that sources share (data_set.c) ---- */

/* Append an item; strings are copied (NULL stays NULL). `method` NULL for real. ERR_DATA: a method whose name holds a
 * comma, or is one that tables of results give to other rows (real, all, seen, unseen); item->where, else the path,
 * opens the message. */
NnStatus data_set_add(DataSet *set, const DataItem *item, const char *method, NnErr *err);

/* Take the items i with drop[i] != 0 out of the list. Before a cache is made. */
void data_set_drop(DataSet *set, const char *drop);

/* Append a note for people: what was passed over and why, counted. ERR_NOMEM. */
NnStatus data_set_note(DataSet *set, NnErr *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The split of a group drawn from (seed, group): test below test_fraction, then val. */
DataSplit data_split_draw(uint64_t seed, uint64_t group, float val_fraction, float test_fraction);

/* Reader of items that are files (manifest and folder): decodes image and mask, checks that
 * they have the same size, fits both to settings.size. */
extern const DataReader data_file_reader;

/* The mask of item i from the file that data_mask_file names, which must be of the size of `image` (not yet fitted) and
 * mark something: 0 or 255, fitted. ERR_DATA and others name line and files. */
NnStatus data_file_mask(const DataSet *set, int i, const DataImage *image, DataImage *out, NnErr *err);

#endif
