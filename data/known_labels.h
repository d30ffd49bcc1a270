/* known_labels.h -- the labels that DeepfakeBench and DF40 use, and what they mean. */
#ifndef DATA_KNOWN_LABELS_H
#define DATA_KNOWN_LABELS_H
#include <stddef.h>

#include "nn/base/status.h"

enum { DATA_LABEL_NAME = 64 };

typedef struct {
    char method[DATA_LABEL_NAME]; /* "": real; else the manipulation, named as the data set itself names it */
    int has_masks;                /* 0: there are none; 1: there may be */
    int is_pair;                  /* videos are numbers of FaceForensics++: a, or a_b */
} DataKnownLabel;

/* ERR_DATA: not a known label; the nearest is named. `where` opens the message. */
NnStatus data_known_label(const char *label, const char *where, DataKnownLabel *out, NnErr *err);

#endif
