/* watch.c -- see watch.h. */
#include "train/watch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nn/base/clock.h"
#include "train/probe_pictures.h"

static double wall_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void put(TrainWatch *w, const Trainer *t, double now, const char *split, const char *name, double value)
{
    char tag[80];
    snprintf(tag, sizeof tag, "%s/%s", split, name);
    train_events_scalar(&w->events, now, t->step, tag, value);
}

static void put_losses(TrainWatch *w, const Trainer *t, double now, const char *split, double loss, const double *term)
{
    put(w, t, now, split, "loss", loss);
    for (int i = 0; i < t->objective.n; i++) put(w, t, now, split, t->objective.terms[i].name, term[i]);
}

void train_watch_step(TrainWatch *w, const Trainer *t, const TrainStep *s)
{
    if (!w->events.file || t->step % t->config.train.log_every != 0) return;
    const double start = nn_clock(), now = wall_time();
    put_losses(w, t, now, "train", s->loss, s->term);
    put(w, t, now, "train", "lr", s->lr);
    put(w, t, now, "train", "grad_norm", s->grad_norm);
    if (t->adversary) put(w, t, now, "train", "changed_loss", s->changed);
    w->seconds += nn_clock() - start;
}

/* A picture that has just been made (`made` is how that went), as an event; frees it. */
static NnStatus put_picture(TrainWatch *w, NnStatus made, const char *tag, DataImage *picture, NnErr *err)
{
    DataBytes png = { 0 };
    const NnStatus status = made == NN_OK ? data_image_to_png(picture, &png, err) : made;
    if (status == NN_OK)
        train_events_image(&w->events, wall_time(), w->probe.trainer->step, tag, picture->w, picture->h, png.data,
                           png.len);
    free(png.data);
    data_image_free(picture);
    return status;
}

/* Maps at every frame; what they are maps of once, at the first. */
static NnStatus record(TrainWatch *w, NnErr *err)
{
    DataImage picture = { 0 };
    NN_TRY(train_probe_record(&w->probe, err));
    if (w->probe.n_frames == 1)
        NN_TRY(
            put_picture(w, train_probe_truth_rows(&w->probe, &picture, err), "probe/images and masks", &picture, err));
    return put_picture(w, train_probe_map_row(&w->probe, &picture, err), "probe/maps", &picture, err);
}

/* The probe has failed: say so, and do without. */
static void give_up(TrainWatch *w, TrainLog *log, const NnErr *why)
{
    train_log_say(log, "warning  no more pictures for the report: %s", why->msg);
    train_probe_deinit(&w->probe);
}

static void record_if_due(TrainWatch *w, TrainLog *log)
{
    NnErr why = { 0 };
    const double start = nn_clock();
    if (train_probe_due(&w->probe) && record(w, &why) != NN_OK) give_up(w, log, &why);
    w->seconds += nn_clock() - start;
}

void train_watch_validation(TrainWatch *w, TrainLog *log, const Trainer *t, const TrainValidation *v)
{
    const double now = wall_time();
    if (w->events.file) {
        put_losses(w, t, now, "val", v->loss, v->term);
        put(w, t, now, "val", "auc", v->auc);
        put(w, t, now, "val", "accuracy", v->accuracy);
        put(w, t, now, "val", "threshold", v->threshold);
    }
    record_if_due(w, log);
}

NnStatus train_watch_open(TrainWatch *w, const char *folder, Trainer *t, TrainLog *log, NnErr *err)
{
    NnErr why = { 0 };
    *w = (TrainWatch){ .began = nn_clock() };
    NN_TRY(train_events_open(&w->events, folder, t->step, err));
    if (t->config.train.report && train_probe_init(&w->probe, t, folder, &why) != NN_OK) give_up(w, log, &why);
    w->seconds = nn_clock() - w->began;
    if (t->step == 0) record_if_due(w, log);
    return NN_OK;
}

void train_watch_close(TrainWatch *w)
{
    train_events_close(&w->events);
    train_probe_deinit(&w->probe);
}

NnStatus train_watch_sync(TrainWatch *w, NnErr *err)
{
    return train_events_sync(&w->events, err);
}
