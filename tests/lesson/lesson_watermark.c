/* lesson_watermark.c -- see lesson_watermark.h. */
#include "tests/lesson/lesson_watermark.h"

#include <stdio.h>
#include <stdlib.h>

#include "data/bitmap_font.h"
#include "data/data_set.h"
#include "nn/base/file.h"
#include "train/train_settings.h"

typedef struct {
    const DataSet *set;
    const char *folder;
    FILE *list;
    int n; /* images written */
} Writer;

static NnStatus save(Writer *w, const DataImage *image, char kind, char name[32], NnErr *err)
{
    char path[1024];
    snprintf(name, 32, "%05d%c.png", w->n, kind);
    snprintf(path, sizeof path, "%s/%s", w->folder, name);
    return data_image_save_png(image, path, err);
}

static NnStatus write_image(Writer *w, const DataItem *item, const DataSample *sample, const char *method, NnErr *err)
{
    static const char *const splits[] = { "train", "val", "test" };
    char image[32], mask[32] = "";
    w->n++;
    NN_TRY(save(w, &sample->image, 'i', image, err));
    if (item->label) NN_TRY(save(w, &sample->mask, 'm', mask, err));
    fprintf(w->list, "%s,%d,%s,%s,%s,%llu\n", image, item->label, mask, method, splits[item->split],
            (unsigned long long)item->group);
    return NN_OK;
}

static NnStatus write_item(Writer *w, int i, NnErr *err)
{
    const DataItem *item = &w->set->items[i];
    DataSample sample;
    NN_TRY(data_set_read(w->set, i, &sample, err));
    NnStatus status = NN_OK;
    if (!item->label) status = write_image(w, item, &sample, "", err);
    else if (item->split == DATA_TEST) status = write_image(w, item, &sample, "clean", err);
    if (item->label && status == NN_OK) {
        data_font_draw(&sample.image, LESSON_MARK_X, LESSON_MARK_Y, 1, 255, "AI");
        status = write_image(w, item, &sample, "marked", err);
    }
    data_sample_free(&sample);
    return status;
}

static NnStatus write_all(Writer *w, NnErr *err)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/list.csv", w->folder);
    w->list = fopen(path, "w");
    if (!w->list) return nn_fail(err, NN_ERR_IO, "%s: cannot be written", path);
    fprintf(w->list, "path,label,mask,method,split,source\n");
    NnStatus status = NN_OK;
    for (int i = 0; status == NN_OK && i < w->set->n; i++) status = write_item(w, i, err);
    if (fclose(w->list) && status == NN_OK) status = nn_fail(err, NN_ERR_IO, "%s: write failed", path);
    return status;
}

NnStatus lesson_watermark_write(const char *config, const char *folder, NnErr *err)
{
    TrainConfig c;
    DataSet *set;
    NN_TRY(train_config_load(&c, config, NULL, 0, err));
    NN_TRY(data_set_open(&c.data, (uint64_t)c.train.seed, &set, err));
    Writer w = { .set = set, .folder = folder };
    NnStatus status = nn_folder_make(folder, err);
    if (status == NN_OK) status = write_all(&w, err);
    data_set_free(set);
    return status;
}
