/* run_log.c -- see run_log.h. */
#include "train/run_log.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train/run_folder.h"

/* Does this row of a table belong to what the checkpoint knows? The header of a CSV does. */
static int row_is_known(const char *row, int64_t step, int64_t validated)
{
    static const char start[] = "{\"step\":";
    const int is_json = *row == '{';
    if (is_json && strncmp(row, start, sizeof start - 1) != 0) return 0;
    char *end;
    if (is_json) row += sizeof start - 1;
    const long long n = strtoll(row, &end, 10);
    if (end == row) return 1;
    return n <= (strstr(row, is_json ? ",\"split\":\"val\"" : ",val,") ? validated : step);
}

/* Cut a table after its last known row; an unfinished last line goes too. */
static NnStatus cut_rows(FILE *f, const char *path, int64_t step, int64_t validated, NnErr *err)
{
    char *line = NULL;
    size_t size = 0;
    long keep = 0;
    ssize_t n;
    while ((n = getline(&line, &size, f)) > 0 && line[n - 1] == '\n' && row_is_known(line, step, validated))
        keep += (long)n;
    free(line);
    if (fseek(f, keep, SEEK_SET) || ftruncate(fileno(f), keep))
        return nn_fail(err, NN_ERR_IO, "%s: %s", path, strerror(errno));
    return NN_OK;
}

static NnStatus open_table(FILE **out, const char *folder, const char *name, int64_t step, int64_t validated,
                           NnErr *err)
{
    char path[TRAIN_PATH_MAX];
    train_folder_file(folder, name, path);
    *out = fopen(path, step > 0 ? "r+" : "w");
    if (!*out && step > 0 && errno == ENOENT) *out = fopen(path, "w");
    if (!*out) return nn_fail(err, NN_ERR_IO, "%s: %s", path, strerror(errno));
    return step > 0 ? cut_rows(*out, path, step, validated, err) : NN_OK;
}

static void write_header(FILE *f, const TrainObjective *o, int changed)
{
    fprintf(f, "step,epoch,split,lr,grad_norm,loss");
    for (int i = 0; i < o->n; i++) fprintf(f, ",%s,%s_weighted", o->terms[i].name, o->terms[i].name);
    fprintf(f, ",auc,accuracy,threshold%s\n", changed ? ",changed_loss" : "");
}

NnStatus train_log_open(TrainLog *log, const char *folder, const Trainer *t, NnErr *err)
{
    char path[TRAIN_PATH_MAX];
    const int64_t step = t->step, validated = t->validated;
    *log = (TrainLog){ 0 };
    snprintf(log->folder, sizeof log->folder, "%s", folder);
    NN_TRY(open_table(&log->metrics, folder, "metrics.csv", step, validated, err));
    NN_TRY(open_table(&log->lines, folder, "metrics.jsonl", step, validated, err));
    NN_TRY(open_table(&log->timing, folder, "timing.csv", step, validated, err));
    if (ftell(log->metrics) == 0) write_header(log->metrics, &t->objective, t->adversary != NULL);
    if (ftell(log->timing) == 0) fprintf(log->timing, "step,seconds,images_per_s,wait_share\n");
    log->text = fopen(train_folder_file(folder, "train.log", path), step > 0 ? "a" : "w");
    return log->text ? NN_OK : nn_fail(err, NN_ERR_IO, "%s: %s", path, strerror(errno));
}

void train_log_close(TrainLog *log)
{
    FILE *files[] = { log->metrics, log->lines, log->timing, log->text };
    for (int i = 0; i < 4; i++)
        if (files[i]) fclose(files[i]);
    *log = (TrainLog){ 0 };
}

static void write_losses(FILE *f, const TrainObjective *o, double loss, const double *term)
{
    fprintf(f, ",%.9g", loss);
    for (int i = 0; i < o->n; i++) fprintf(f, ",%.9g,%.9g", term[i], (double)o->terms[i].weight * term[i]);
}

/* ---- metrics.jsonl: the same rows, an object a line ---- */

static void put_json(FILE *f, const char *name, const char *suffix, double value)
{
    fprintf(f, ",\"%s%s\":", name, suffix);
    if (isfinite(value)) fprintf(f, "%.9g", value);
    else fputs("null", f);
}

static void begin_line(FILE *f, const Trainer *t, const char *split)
{
    fprintf(f, "{\"step\":%lld,\"epoch\":%lld,\"split\":\"%s\"", (long long)t->step,
            (long long)trainer_epoch(t, t->step), split);
}

static void put_losses(FILE *f, const TrainObjective *o, double loss, const double *term)
{
    put_json(f, "loss", "", loss);
    for (int i = 0; i < o->n; i++) {
        put_json(f, o->terms[i].name, "", term[i]);
        put_json(f, o->terms[i].name, "_weighted", (double)o->terms[i].weight * term[i]);
    }
}

static void step_line(FILE *f, const Trainer *t, const TrainStep *s)
{
    begin_line(f, t, "train");
    put_json(f, "lr", "", s->lr);
    put_json(f, "grad_norm", "", s->grad_norm);
    put_losses(f, &t->objective, s->loss, s->term);
    if (t->adversary) put_json(f, "changed_loss", "", s->changed);
    fputs("}\n", f);
}

static void validation_line(FILE *f, const Trainer *t, const TrainValidation *v)
{
    begin_line(f, t, "val");
    put_losses(f, &t->objective, v->loss, v->term);
    put_json(f, "auc", "", v->auc);
    put_json(f, "accuracy", "", v->accuracy);
    put_json(f, "threshold", "", v->threshold);
    fputs("}\n", f);
}

void train_log_step(TrainLog *log, const Trainer *t, const TrainStep *s)
{
    if (!log->metrics) return;
    fprintf(log->metrics, "%lld,%lld,train,%.9g,%.9g", (long long)t->step, (long long)trainer_epoch(t, t->step), s->lr,
            s->grad_norm);
    write_losses(log->metrics, &t->objective, s->loss, s->term);
    fprintf(log->metrics, ",,,");
    if (t->adversary) fprintf(log->metrics, ",%.9g", s->changed);
    fputc('\n', log->metrics);
    step_line(log->lines, t, s);
}

void train_log_validation(TrainLog *log, const Trainer *t, const TrainValidation *v)
{
    if (!log->metrics) return;
    fprintf(log->metrics, "%lld,%lld,val,,", (long long)t->step, (long long)trainer_epoch(t, t->step));
    write_losses(log->metrics, &t->objective, v->loss, v->term);
    fprintf(log->metrics, ",%.9g,%.9g,%.9g%s\n", v->auc, v->accuracy, v->threshold, t->adversary ? "," : "");
    validation_line(log->lines, t, v);
}

void train_log_time(TrainLog *log, int64_t step, double seconds, double images_per_s, double wait_share)
{
    if (!log->timing) return;
    fprintf(log->timing, "%lld,%.3f,%.2f,%.4f\n", (long long)step, seconds, images_per_s, wait_share);
}

void train_log_say(TrainLog *log, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    vprintf(fmt, ap);
    putchar('\n');
    fflush(stdout);
    if (log->text) vfprintf(log->text, fmt, again), fputc('\n', log->text);
    va_end(again);
    va_end(ap);
}

void train_log_note(TrainLog *log, const char *fmt, ...)
{
    va_list ap;
    if (!log->text) return;
    va_start(ap, fmt);
    vfprintf(log->text, fmt, ap);
    va_end(ap);
    fputc('\n', log->text);
}

NnStatus train_log_sync(TrainLog *log, NnErr *err)
{
    FILE *files[] = { log->metrics, log->lines, log->timing, log->text };
    for (int i = 0; i < 4; i++) {
        if (!files[i]) continue;
        if (fflush(files[i]) || ferror(files[i]) || fsync(fileno(files[i])))
            return nn_fail(err, NN_ERR_IO, "%s: the logs cannot be written: %s", log->folder, strerror(errno));
    }
    return NN_OK;
}
