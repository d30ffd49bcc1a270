/* region_sheet.c -- see region_sheet.h. */
#include "train/region_sheet.h"

#include <stdio.h>
#include <stdlib.h>

#include "data/heat_map.h"
#include "data/region_removal.h"
#include "nn/base/size.h"
#include "train/run_folder.h"

enum { COLUMNS = 3, ACROSS = 2 };

static void choose(TrainRegionSheet *s, const Trainer *t, int label)
{
    int n = 0, seen = 0, taken = 0;
    for (int i = 0; i < t->n_train; i++) n += t->set->items[t->train[i]].label == label;
    const int want = n < TRAIN_REGION_EXAMPLES / 2 ? n : TRAIN_REGION_EXAMPLES / 2;
    for (int i = 0; i < t->n_train && taken < want; i++) {
        if (t->set->items[t->train[i]].label != label) continue;
        if (seen++ < (int)((int64_t)taken * n / want)) continue;
        s->number[s->n++] = i;
        taken++;
    }
}

void train_region_sheet_init(TrainRegionSheet *s, const Trainer *t)
{
    *s = (TrainRegionSheet){ .trainer = t };
    for (int label = 0; label < 2; label++) choose(s, t, label);
}

void train_region_sheet_deinit(TrainRegionSheet *s)
{
    DataSheet sheet = { .n = s->n, .rows = s->rows };
    data_sheet_free(&sheet);
}

/* The removal that item `number` would meet in its first epoch. */
static NnStatus remove_once(const TrainRegionSheet *s, int number, const DataRegionMaps *maps, DataImage *image,
                            NnErr *err)
{
    const Trainer *t = s->trainer;
    DataRegions how = t->config.regions;
    how.probability = 1;
    if (how.remove == DATA_REMOVE_NONE) how.remove = DATA_REMOVE_PRIMARY;
    NnRng rng = nn_rng_make((uint64_t)t->config.train.seed, NN_STREAM_REMOVAL, 0, (uint32_t)t->train[number]);
    unsigned char *map = nn_alloc((size_t)image->w * (size_t)image->h, 1);
    if (!map) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a map");
    NnStatus status = data_region_maps_get(maps, number, image, map, err);
    if (status == NN_OK) status = data_region_remove(&how, &rng, map, image, err);
    free(map);
    return status;
}

static double share_above_zero(const float *map, size_t n)
{
    size_t hot = 0;
    for (size_t i = 0; i < n; i++) hot += map[i] > 0;
    return (double)hot / (double)n;
}

static NnStatus fill_row(TrainRegionSheet *s, int k, const DataImage *image, const float *fused,
                         const DataRegionMaps *maps, NnErr *err)
{
    DataSheetRow *row = &s->rows[k];
    const char *method = data_item_method(s->trainer->set, s->trainer->train[s->number[k]]);
    const double share = share_above_zero(fused, (size_t)image->w * (size_t)image->h);
    snprintf(row->caption[0], sizeof row->caption[0], "%s", method);
    snprintf(row->caption[1], sizeof row->caption[1], share > 0 ? "region .%02d" : "none",
             share < 0.99 ? (int)(100 * share + 0.5) : 99);
    NN_TRY(data_image_copy(image, &row->tiles[0], err));
    NN_TRY(data_overlay(image, fused, image->w, &row->tiles[1], err));
    NN_TRY(data_image_copy(image, &row->tiles[2], err));
    NN_TRY(remove_once(s, s->number[k], maps, &row->tiles[2], err));
    for (int i = 0; i < COLUMNS; i++) NN_TRY(data_sheet_fit(&row->tiles[i], err));
    return NN_OK;
}

NnStatus train_region_sheet_visit(TrainRegionSheet *s, int number, const DataImage *image, const float *fused,
                                  const DataRegionMaps *maps, NnErr *err)
{
    for (int k = 0; k < s->n; k++)
        if (s->number[k] == number) return fill_row(s, k, image, fused, maps, err);
    return NN_OK;
}

NnStatus train_region_sheet_save(TrainRegionSheet *s, const char *path, NnErr *err)
{
    const DataSheet sheet = { s->n, COLUMNS, ACROSS, { "image", "fused map", "removal" }, s->rows };
    DataImage picture = { 0 };
    char png[TRAIN_PATH_MAX];
    if (snprintf(png, sizeof png, "%s.png", path) >= (int)sizeof png)
        return nn_fail(err, NN_ERR_IO, "%s: the path is too long", path);
    NnStatus status = data_sheet_draw(&sheet, &picture, err);
    if (status == NN_OK) status = data_image_save_png(&picture, png, err);
    data_image_free(&picture);
    return status;
}
