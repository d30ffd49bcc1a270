/* file_probe.h -- one look at every file of a data set: what each image and mask is, or why it cannot be read.
 *
 * Files are decoded at their own size, once, and only a few figures of each are kept. `data check` and `data stats`
 * are made of these. */
#ifndef DATA_FILE_PROBE_H
#define DATA_FILE_PROBE_H
#include <signal.h>
#include <stdint.h>

#include "data/data_set.h"

typedef struct {
    int w, h;            /* pixels; 0: the image could not be read */
    int mask_w, mask_h;  /* 0: no mask, or it could not be read */
    float coverage;      /* share of the mask's pixels that are forged (level 128 or more); 0 without mask */
    float mean[3];       /* mean level of red, green, blue, 0..255 */
    uint64_t bytes;      /* of the image's file */
    uint64_t pixel_hash; /* CRC-32 and Adler-32 of the RGB pixels; 0: unread */
    char *trouble;       /* why the image could not be read; NULL: it could */
    char *mask_trouble;  /* the same for the mask */
} DataProbe;

/* How the look is taken. */
typedef struct {
    int threads;                                     /* at least 1 */
    const volatile sig_atomic_t *stop;               /* ends the look when it becomes non-zero; NULL: nothing does */
    void (*progress)(void *self, int done, int all); /* called by the calling thread alone; NULL: silence */
    void *self;
} DataProbeWay;

/* Look at every item of the set, which must be a list of files (data_set_list). *out [set->n]; free with
 * data_probes_free. Damaged files are no error: see trouble. ERR_NOMEM, ERR_INTERRUPTED. */
NnStatus data_probe_all(const DataSet *set, const DataProbeWay *way, DataProbe **out, NnErr *err);
void data_probes_free(DataProbe *probes, int n); /* NULL is fine */

/* Two images of at most max_pixels: *alike = 1 if every pixel is the same. 0 if one cannot be read. ERR_NOMEM. */
NnStatus data_probe_compare(const char *a, const char *b, size_t max_pixels, int *alike, NnErr *err);

/* Do both paths lead to one file, by whatever links? */
int data_probe_same_file(const char *a, const char *b);

#endif
