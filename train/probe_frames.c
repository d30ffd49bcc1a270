/* probe_frames.c -- see probe_frames.h. */
#include "train/probe_frames.h"

#include <stdlib.h>
#include <string.h>

#include "data/csv.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

enum { TABLE_MAX = 1 << 24 };

static void table_path(const TrainProbe *p, char path[4200])
{
    snprintf(path, 4200, "%s/probe/scores.csv", p->folder);
}

static void maps_path(const TrainProbe *p, int64_t step, char path[4200])
{
    snprintf(path, 4200, "%s/probe/step-%06lld.png", p->folder, (long long)step);
}

static NnStatus append(TrainProbe *p, const TrainProbeFrame *frame, NnErr *err)
{
    if (p->n_frames == p->room) {
        const int room = p->room ? 2 * p->room : TRAIN_PROBE_FRAMES;
        TrainProbeFrame *larger = nn_realloc(p->frames, (size_t)room, sizeof *larger);
        if (!larger) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the frames of the report");
        p->frames = larger, p->room = room;
    }
    p->frames[p->n_frames++] = *frame;
    return NN_OK;
}

/* Does column i name image i? */
static int is_header(const TrainProbe *p, const DataCsv *csv)
{
    if (csv->n != p->n + 1) return 0;
    for (int i = 0; i < p->n; i++)
        if (strcmp(csv->fields[i + 1], p->trainer->set->items[p->item[i]].path) != 0) return 0;
    return 1;
}

static NnStatus take_row(TrainProbe *p, const DataCsv *csv, NnErr *err)
{
    TrainProbeFrame frame = { .step = strtoll(csv->fields[0], NULL, 10) };
    char path[4200];
    maps_path(p, frame.step, path);
    if (csv->n != p->n + 1 || frame.step > p->trainer->validated || !nn_file_exists(path)) return NN_OK;
    for (int i = 0; i < p->n; i++) frame.score[i] = strtof(csv->fields[i + 1], NULL);
    return append(p, &frame, err);
}

static NnStatus read_rows(TrainProbe *p, DataCsv *csv, NnErr *err)
{
    int more;
    NN_TRY(data_csv_next(csv, &more, err));
    if (!more || !is_header(p, csv)) return NN_OK;
    for (;;) {
        NN_TRY(data_csv_next(csv, &more, err));
        if (!more) return NN_OK;
        NN_TRY(take_row(p, csv, err));
    }
}

NnStatus train_frames_load(TrainProbe *p, NnErr *err)
{
    char path[4200];
    unsigned char *text;
    size_t len;
    DataCsv csv = { 0 };
    table_path(p, path);
    if (p->trainer->step == 0 || !nn_file_exists(path)) return NN_OK;
    NN_TRY(nn_file_read(path, TABLE_MAX, &text, &len, err));
    NnStatus status = data_csv_init(&csv, (char *)text, len, path, err);
    if (status == NN_OK) status = read_rows(p, &csv, err);
    data_csv_deinit(&csv);
    free(text);
    return status;
}

static void write_rows(const TrainProbe *p, FILE *f)
{
    fputs("step", f);
    for (int i = 0; i < p->n; i++) {
        fputc(',', f);
        data_csv_put(f, p->trainer->set->items[p->item[i]].path);
    }
    fputc('\n', f);
    for (int k = 0; k < p->n_frames; k++) {
        fprintf(f, "%lld", (long long)p->frames[k].step);
        for (int i = 0; i < p->n; i++) fprintf(f, ",%.6g", (double)p->frames[k].score[i]);
        fputc('\n', f);
    }
}

static NnStatus save_table(const TrainProbe *p, NnErr *err)
{
    char path[4200], *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (f) write_rows(p, f);
    const int failed = !f || ferror(f);
    table_path(p, path);
    if ((f && fclose(f)) || failed) {
        free(text);
        return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path);
    }
    const NnChunk chunk = { text, len };
    const NnStatus status = nn_file_write(path, &chunk, 1, err);
    free(text);
    return status;
}

NnStatus train_frames_add(TrainProbe *p, NnErr *err)
{
    TrainProbeFrame frame = { .step = p->trainer->step };
    char path[4200];
    DataImage strip = { 0 };
    memcpy(frame.score, nn_plan_data(p->plan, p->detector.score), (size_t)p->n * sizeof *frame.score);
    snprintf(path, sizeof path, "%s/probe", p->folder);
    NN_TRY(nn_folder_make(path, err));
    NN_TRY(train_probe_strip(p, &strip, err));
    maps_path(p, frame.step, path);
    const NnStatus status = data_image_save_png(&strip, path, err);
    data_image_free(&strip);
    if (status != NN_OK) return status;
    NN_TRY(append(p, &frame, err));
    return save_table(p, err);
}

NnStatus train_probe_maps(const TrainProbe *p, int f, DataImage *out, NnErr *err)
{
    char path[4200];
    const int tile = train_probe_tile(p);
    maps_path(p, p->frames[f].step, path);
    NN_TRY(data_image_load(path, 1, DATA_MAX_PIXELS, out, err));
    if (out->w == p->n * tile && out->h == tile) return NN_OK;
    const int w = out->w, h = out->h;
    data_image_free(out);
    return nn_fail(err, NN_ERR_FORMAT, "%s: %d x %d pixels, expected %d x %d", path, w, h, p->n * tile, tile);
}
