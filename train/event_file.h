/* event_file.h -- TensorBoard's own file of a run: scalars and images over steps.
 *
 * A file is a row of records, u64 length | u32 check of it | data | u32 check of the data, little endian, with check =
 * ((crc >> 15) | (crc << 17)) + 0xa282ead8 of the CRC-32C; data is a protocol buffer `Event` (wall_time = 1, step = 2,
 * file_version = 3, summary = 5; a summary's value = 1 has tag = 1 and simple_value = 2 or image = 4 { height = 1,
 * width = 2, colorspace = 3, encoded = 4 }). The first event says file_version = "brain.Event:2". */
#ifndef TRAIN_EVENT_FILE_H
#define TRAIN_EVENT_FILE_H
#include <stdint.h>
#include <stdio.h>

#include "nn/base/status.h"

typedef struct {
    FILE *file;      /* NULL: nothing is written */
    char path[4096]; /* for messages */
} TrainEventFile;

/* CRC-32C (Castagnoli) of n bytes; of "123456789" it is 0xE3069283. */
uint32_t train_crc32c(const void *bytes, size_t n);

/* Go on with the run's file in folder, if step > 0 and there is one (the first by name): what stands there beyond
 * `step`, or from the first damaged record on, is cut off. Else begin events.out.tfevents.<unix time>.locus: no name
 * of a machine in it, and a run that begins anew removes older ones. ERR_IO. */
NnStatus train_events_open(TrainEventFile *e, const char *folder, int64_t step, NnErr *err);
void train_events_close(TrainEventFile *e);

/* The first event of a file; train_events_open has written it. */
void train_events_version(TrainEventFile *e, double wall_time);

/* wall_time: seconds since 1970. Values that are not finite are written as they are: the viewer knows them. */
void train_events_scalar(TrainEventFile *e, double wall_time, int64_t step, const char *tag, double value);
/* An RGB picture as PNG. */
void train_events_image(TrainEventFile *e, double wall_time, int64_t step, const char *tag, int w, int h,
                        const unsigned char *png, size_t len);

/* Push what was written to the disk. ERR_IO naming the file. */
NnStatus train_events_sync(TrainEventFile *e, NnErr *err);

#endif
