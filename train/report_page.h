/* report_page.h -- report.html of a run: what came of it, for somebody who never saw the project.
 *
 * Written when the run ends, however it ends, from metrics.csv, the probe (probe.h) and a last look at the network.
 * No training number sees it. All but the run's times is a function of configuration and seed. Its pictures are small
 * tiles of eight images at no more than TRAIN_PROBE_FRAMES + 1 steps, and a page takes no more than
 * NN_PAGE_PICTURES_MAX bytes of them (nn/base/page.h): so the file stays below 10 MB whatever the run. */
#ifndef TRAIN_REPORT_PAGE_H
#define TRAIN_REPORT_PAGE_H
#include "train/watch.h"

typedef struct {
    Trainer *trainer;
    TrainWatch *watch;
    const char *folder;
    const char *started; /* UTC, as in run.json */
    NnStatus status;     /* how the run ended */
    const char *message; /* of its failure; "" */
    int64_t first;       /* step that this process began after */
} TrainEnding;

/* Write folder/report.html, whole or not at all. ERR_IO, ERR_NOMEM, and what reading metrics.csv may return. */
NnStatus train_report_write(const TrainEnding *e, NnErr *err);

#endif
