/* candidates.c -- see candidates.h: writing and drawing the list; candidate_list.c reads it. */
#include "train/candidates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/contact_sheet.h"
#include "data/csv.h"
#include "data/heat_map.h"
#include "nn/base/file.h"
#include "nn/base/size.h"
#include "train/look.h"
#include "train/run_folder.h"

enum { NAME_MAX_LEN = 48 };

NnStatus train_candidates_init(TrainCandidates *c, int n, NnErr *err)
{
    *c = (TrainCandidates){ .n = n };
    c->item = nn_alloc((size_t)n, sizeof *c->item);
    c->score = nn_alloc((size_t)n, sizeof *c->score);
    c->path = nn_alloc((size_t)n, sizeof *c->path);
    c->mask = nn_alloc((size_t)n, sizeof *c->mask);
    c->where = nn_alloc((size_t)n, sizeof *c->where);
    if (c->item && c->score && c->path && c->mask && c->where) return NN_OK;
    train_candidates_free(c);
    return nn_fail(err, NN_ERR_NOMEM, "out of memory for %d candidates", n);
}

void train_candidates_free(TrainCandidates *c)
{
    char **const lists[] = { c->path, c->mask, c->where };
    for (int l = 0; l < 3; l++)
        for (int k = 0; lists[l] && k < c->n; k++) free(lists[l][k]);
    free(c->item);
    free(c->score);
    free(c->path);
    free(c->mask);
    free(c->where);
    *c = (TrainCandidates){ 0 };
}

/* ---- names ---- */

/* Portraits and photos are forged on the fly: their items have names, but no files. */
static int is_generated(const Trainer *t)
{
    return t->config.data.source == DATA_SOURCE_PORTRAITS || t->config.data.source == DATA_SOURCE_PHOTOS;
}

/* "candidates/0001_mask.png" of candidate k. */
static const char *export_name(int k, const char *suffix, char name[NAME_MAX_LEN])
{
    snprintf(name, NAME_MAX_LEN, "candidates/%04d%s.png", k + 1, suffix);
    return name;
}

/* ---- writing ---- */

static NnStatus export_item(const Trainer *t, const char *folder, int i, int k, NnErr *err)
{
    DataSample s;
    char name[NAME_MAX_LEN], path[TRAIN_PATH_MAX];
    NN_TRY(data_set_read(t->set, i, &s, err));
    NnStatus status = data_image_save_png(&s.image, train_folder_file(folder, export_name(k, "", name), path), err);
    if (status == NN_OK && s.has_mask && !data_mask_file(t->set, i)) /* one that a person has drawn is there already */
        status = data_image_save_png(&s.mask, train_folder_file(folder, export_name(k, "_mask", name), path), err);
    data_sample_free(&s);
    return status;
}

/* The mask column of candidate k: a person's, the data's own, or where one is expected or was exported. */
static NnStatus put_mask(FILE *f, const Trainer *t, const char *folder, const TrainCandidates *c, int k, NnErr *err)
{
    char name[NAME_MAX_LEN], path[TRAIN_PATH_MAX];
    const char *own = t->config.active.annotate == TRAIN_ANNOTATE_ORACLE ? t->set->items[c->item[k]].mask : NULL;
    char *expected = nn_path_real(train_folder_file(folder, export_name(k, "_mask", name), path));
    char *other = c->mask[k] || own ? nn_path_real(c->mask[k] ? c->mask[k] : own) : NULL;
    const int ok = expected && (other || !(c->mask[k] || own));
    if (ok) data_csv_put(f, other && strcmp(other, expected) != 0 ? other : name);
    free(expected);
    free(other);
    return ok ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory for the name of a mask");
}

static NnStatus put_row(FILE *f, const Trainer *t, const char *folder, const TrainCandidates *c, int k, NnErr *err)
{
    char name[NAME_MAX_LEN];
    const int i = c->item[k];
    char *image = is_generated(t) ? nn_path_join(NULL, export_name(k, "", name)) : nn_path_real(t->set->items[i].path);
    if (!image) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the name of an image");
    data_csv_put(f, image);
    free(image);
    fputs(",1,", f);
    NN_TRY(put_mask(f, t, folder, c, k, err));
    fputc(',', f);
    data_csv_put(f, data_item_method(t->set, i));
    fputs(",train,", f);
    data_csv_put(f, t->set->items[i].path);
    fprintf(f, ",%.9g\n", (double)c->score[k]);
    return NN_OK;
}

static NnStatus write_list(const Trainer *t, const char *folder, const TrainCandidates *c, NnErr *err)
{
    char *text = NULL, path[TRAIN_PATH_MAX];
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a list of %d candidates", c->n);
    fputs("path,label,mask,method,split,item,score\n", f);
    NnStatus status = NN_OK;
    for (int k = 0; status == NN_OK && k < c->n; k++) status = put_row(f, t, folder, c, k, err);
    if (fclose(f) && status == NN_OK) status = nn_fail(err, NN_ERR_NOMEM, "out of memory for %d candidates", c->n);
    const NnChunk chunk = { text, len };
    if (status == NN_OK) status = nn_file_write(train_folder_file(folder, "candidates.csv", path), &chunk, 1, err);
    free(text);
    return status;
}

NnStatus train_candidates_write(const Trainer *t, const char *folder, const TrainCandidates *c, NnErr *err)
{
    char path[TRAIN_PATH_MAX];
    const int has_folder = is_generated(t) || t->config.active.annotate == TRAIN_ANNOTATE_PERSON;
    if (has_folder) NN_TRY(nn_folder_make(train_folder_file(folder, "candidates", path), err));
    for (int k = 0; is_generated(t) && k < c->n; k++) NN_TRY(export_item(t, folder, c->item[k], k, err));
    return write_list(t, folder, c, err);
}

/* ---- drawing ---- */

/* A sheet under way: the first rows of a list. */
typedef struct {
    const Trainer *t;
    const TrainCandidates *c;
    DataSheetRow *rows;
} Painter;

static NnStatus paint_row(const Painter *p, int k, const float *image, const float *map, float score, NnErr *err)
{
    const int size = p->t->config.data.size, i = p->c->item[k];
    DataSheetRow *row = &p->rows[k];
    DataImage *tile = row->tiles;
    NN_TRY(data_picture_from_planes(image, size, &tile[0], err));
    NN_TRY(data_picture_from_map(map, size, &tile[1], err));
    NN_TRY(data_overlay(&tile[0], map, size, &tile[2], err));
    for (int column = 0; column < 3; column++) NN_TRY(data_sheet_fit(&tile[column], err));
    snprintf(row->caption[0], sizeof *row->caption, "%04d", k + 1);
    snprintf(row->caption[1], sizeof *row->caption, "%.21s",
             is_generated(p->t) ? data_item_method(p->t->set, i) : nn_path_name(p->t->set->items[i].path));
    snprintf(row->caption[2], sizeof *row->caption, "score %.2f", (double)score);
    return NN_OK;
}

static NnStatus paint_batch(void *self, const TrainLook *look, NnErr *err)
{
    const Painter *p = self;
    const size_t pixels = (size_t)p->t->config.data.size * (size_t)p->t->config.data.size;
    for (size_t i = 0; i < (size_t)look->batch->n; i++)
        NN_TRY(paint_row(p, (int)look->first + (int)i, look->batch->image + i * 3 * pixels, look->map + i * pixels,
                         look->score[i], err));
    return NN_OK;
}

static NnStatus save_sheet(const DataSheet *sheet, const char *path, NnErr *err)
{
    DataImage picture = { 0 };
    NN_TRY(data_sheet_draw(sheet, &picture, err));
    const NnStatus status = data_image_save_png(&picture, path, err);
    data_image_free(&picture);
    return status;
}

NnStatus train_candidates_draw(Trainer *t, const char *folder, const TrainCandidates *c,
                               const volatile sig_atomic_t *stop, NnErr *err)
{
    char path[TRAIN_PATH_MAX];
    const int n = c->n < TRAIN_SHEET_CANDIDATES ? c->n : TRAIN_SHEET_CANDIDATES;
    DataSheet sheet = { .n = n, .columns = 3, .across = 3, .titles = { "image", "map", "overlay" } };
    sheet.rows = nn_alloc((size_t)n, sizeof *sheet.rows);
    if (!sheet.rows) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a sheet of %d candidates", n);
    Painter p = { t, c, sheet.rows };
    NnStatus status = train_look(t, c->item, n, stop, paint_batch, &p, err);
    if (status == NN_OK) status = save_sheet(&sheet, train_folder_file(folder, "candidates.png", path), err);
    data_sheet_free(&sheet);
    free(sheet.rows);
    return status;
}
