/* region_sheet.c -- see region_sheet.h. */
#include "train/region_sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/bitmap_font.h"
#include "data/heat_map.h"
#include "data/region_removal.h"
#include "nn/base/size.h"
#include "train/run_folder.h"

enum { TILES = 3, ACROSS = 3, DOWN = TRAIN_SHEET_EXAMPLES / ACROSS, TILE = 128 };
enum { GUTTER = 4, MARGIN = 14, TITLE = 52, CAPTION = 14, RAMP = 160, INK = 40 };

/* ---- which images ---- */

static void choose(TrainRegionSheet *s, const Trainer *t, int label)
{
    int n = 0, seen = 0, taken = 0;
    for (int i = 0; i < t->n_train; i++) n += t->set->items[t->train[i]].label == label;
    const int want = n < TRAIN_SHEET_EXAMPLES / 2 ? n : TRAIN_SHEET_EXAMPLES / 2;
    for (int i = 0; i < t->n_train && taken < want; i++) {
        if (t->set->items[t->train[i]].label != label) continue;
        if (seen++ < (int)((int64_t)taken * n / want)) continue;
        s->number[s->n++] = i;
        taken++;
    }
}

/* ---- the empty sheet ---- */

static int group_width(const TrainRegionSheet *s)
{
    return TILES * s->side + (TILES - 1) * GUTTER;
}

static void draw_ramp(DataImage *canvas, int x, int y)
{
    for (int u = 0; u < RAMP; u++) {
        unsigned char colour[3];
        data_ramp_colour((float)u / (RAMP - 1), colour);
        for (int v = 0; v < DATA_FONT_H; v++)
            memcpy(canvas->px + 3 * ((size_t)(y + v) * (size_t)canvas->w + (size_t)(x + u)), colour, 3);
    }
}

static void draw_title(TrainRegionSheet *s)
{
    DataImage *c = &s->canvas;
    const int line = MARGIN + 24, low = MARGIN + 31 * DATA_FONT_W;
    data_font_draw(c, MARGIN, MARGIN - 4, 2, INK, "primary regions");
    data_font_draw(c, MARGIN, line, 1, INK, "image / fused map / one removal");
    data_font_draw(c, low + 30, line, 1, INK, "map: 0");
    draw_ramp(c, low + 30 + 7 * DATA_FONT_W, line);
    data_font_draw(c, low + 30 + 8 * DATA_FONT_W + RAMP, line, 1, INK, "1");
}

NnStatus train_region_sheet_init(TrainRegionSheet *s, const Trainer *t, NnErr *err)
{
    const int size = t->config.data.size;
    *s = (TrainRegionSheet){ .trainer = t };
    for (int label = 0; label < 2; label++) choose(s, t, label);
    s->zoom = size < TILE ? TILE / size : 1;
    s->side = size > TILE ? TILE : s->zoom * size;
    const int w = 2 * MARGIN + ACROSS * group_width(s) + (ACROSS - 1) * MARGIN;
    const int h = TITLE + DOWN * (CAPTION + s->side + MARGIN);
    NN_TRY(data_image_new(w, h, 3, &s->canvas, err));
    memset(s->canvas.px, 255, 3 * (size_t)w * (size_t)h);
    draw_title(s);
    return NN_OK;
}

void train_region_sheet_deinit(TrainRegionSheet *s)
{
    data_image_free(&s->canvas);
}

/* ---- its tiles ---- */

static NnStatus place_tile(TrainRegionSheet *s, int x, int y, const DataImage *tile, NnErr *err)
{
    if (tile->w <= TILE) {
        data_place(&s->canvas, x, y, s->zoom, tile);
        return NN_OK;
    }
    DataImage small;
    NN_TRY(data_image_resize(tile, s->side, s->side, &small, err));
    data_place(&s->canvas, x, y, 1, &small);
    data_image_free(&small);
    return NN_OK;
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

static NnStatus draw_example(TrainRegionSheet *s, int k, const DataImage *image, const float *fused,
                             const DataRegionMaps *maps, NnErr *err)
{
    const Trainer *t = s->trainer;
    const int step = s->side + GUTTER, x = MARGIN + k % ACROSS * (group_width(s) + MARGIN),
              y = TITLE + k / ACROSS * (CAPTION + s->side + MARGIN);
    DataImage over = { 0 }, removed = { 0 };
    data_font_draw(&s->canvas, x, y + 3, 1, INK, data_item_method(t->set, t->train[s->number[k]]));
    NN_TRY(place_tile(s, x, y + CAPTION, image, err));
    NnStatus status = data_overlay(image, fused, image->w, &over, err);
    if (status == NN_OK) status = place_tile(s, x + step, y + CAPTION, &over, err);
    if (status == NN_OK) status = data_image_copy(image, &removed, err);
    if (status == NN_OK) status = remove_once(s, s->number[k], maps, &removed, err);
    if (status == NN_OK) status = place_tile(s, x + 2 * step, y + CAPTION, &removed, err);
    data_image_free(&over);
    data_image_free(&removed);
    return status;
}

NnStatus train_region_sheet_visit(TrainRegionSheet *s, int number, const DataImage *image, const float *fused,
                                  const DataRegionMaps *maps, NnErr *err)
{
    for (int k = 0; k < s->n; k++)
        if (s->number[k] == number) return draw_example(s, k, image, fused, maps, err);
    return NN_OK;
}

NnStatus train_region_sheet_save(const TrainRegionSheet *s, const char *path, NnErr *err)
{
    char png[TRAIN_PATH_MAX];
    if (snprintf(png, sizeof png, "%s.png", path) >= (int)sizeof png)
        return nn_fail(err, NN_ERR_IO, "%s: the path is too long", path);
    return data_image_save_png(&s->canvas, png, err);
}
