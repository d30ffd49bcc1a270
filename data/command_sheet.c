/* command_sheet.c -- `data sheet SPEC --out FILE`: a few examples of real and of each method, image beside mask. */
#include <stdlib.h>
#include <string.h>

#include "data/audit.h"
#include "data/bitmap_font.h"
#include "data/commands.h"
#include "data/contact_sheet.h"
#include "data/heat_map.h"
#include "nn/base/file.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"

enum { TILE = DATA_SHEET_TILE, PAPER = 255, GREY = 225, INK = 90 };

/* ---- tiles ---- */

static NnStatus new_tile(int level, DataImage *out, NnErr *err)
{
    NN_TRY(data_image_new(TILE, TILE, 3, out, err));
    memset(out->px, level, 3 * (size_t)TILE * TILE);
    return NN_OK;
}

/* A grey tile that says why there is no picture. */
static NnStatus word_tile(const char *word, DataImage *out, NnErr *err)
{
    NN_TRY(new_tile(GREY, out, err));
    data_font_draw(out, (TILE - (int)strlen(word) * DATA_FONT_W) / 2, (TILE - DATA_FONT_H) / 2, 1, INK, word);
    return NN_OK;
}

/* The whole picture in the middle of a tile, its proportions kept. */
static NnStatus fit_tile(const DataImage *img, DataImage *out, NnErr *err)
{
    const int longer = img->w > img->h ? img->w : img->h;
    const int w = (int)((int64_t)img->w * TILE / longer), h = (int)((int64_t)img->h * TILE / longer);
    DataImage small = { 0 };
    NN_TRY(data_image_resize(img, w > 0 ? w : 1, h > 0 ? h : 1, &small, err));
    NnStatus s = new_tile(GREY, out, err);
    if (s == NN_OK) data_picture_place(out, (TILE - small.w) / 2, (TILE - small.h) / 2, 1, &small);
    data_image_free(&small);
    return s == NN_OK ? data_sheet_fit(out, err) : s;
}

static NnStatus file_tile(const char *path, size_t max_pixels, DataImage *out, NnErr *err)
{
    DataImage img;
    NnErr why = { 0 };
    const NnStatus read = data_image_load(path, 3, max_pixels, &img, &why);
    if (read == NN_ERR_NOMEM) return nn_fail(err, read, "%s", why.msg);
    if (read != NN_OK) return word_tile("unreadable", out, err);
    const NnStatus s = fit_tile(&img, out, err);
    data_image_free(&img);
    return s;
}

static NnStatus mask_tile(const DataItem *item, size_t max_pixels, DataImage *out, NnErr *err)
{
    if (item->label == 0) return word_tile("real: no mask", out, err);
    if (!item->mask) return word_tile("mask unknown", out, err);
    return file_tile(item->mask, max_pixels, out, err);
}

/* ---- rows ---- */

/* The end of a name tells more of a frame than its beginning. */
static void put_end(char caption[32], const char *text, size_t fits)
{
    const size_t n = strlen(text);
    snprintf(caption, 32, "%.31s", n > fits ? text + n - fits : text);
}

/* The file below the name of its folder: frames are called alike. */
static const char *short_path(const char *path)
{
    const char *name = nn_path_name(path), *p = name;
    if (p > path) p--;
    while (p > path && p[-1] != '/') p--;
    return p;
}

static NnStatus fill_row(const DataSet *set, int i, DataSheetRow *row, NnErr *err)
{
    const DataItem *item = &set->items[i];
    const size_t max_pixels = (size_t)set->settings.max_pixels;
    put_end(row->caption[0], data_item_method(set, i), 21);
    put_end(row->caption[1], data_split_name(item->split), 21);
    put_end(row->caption[2], short_path(item->path), 21);
    NN_TRY(file_tile(item->path, max_pixels, &row->tiles[0], err));
    return mask_tile(item, max_pixels, &row->tiles[1], err);
}

static NnStatus empty_row(DataSheetRow *row, NnErr *err)
{
    NN_TRY(new_tile(PAPER, &row->tiles[0], err));
    return new_tile(PAPER, &row->tiles[1], err);
}

/* A row of the sheet: `columns` items of this method (-1: real), drawn from the seed, in the order of the list. */
static NnStatus fill_kind(const DataSet *set, const DataArguments *a, int method, int *order, DataSheetRow *rows,
                          NnErr *err)
{
    NnRng rng = nn_rng_make((uint64_t)a->seed, NN_STREAM_PICK, 0, (uint32_t)(method + 1));
    int n = 0, left = a->columns, used = 0;
    for (int i = 0; i < set->n; i++)
        if (set->items[i].method == method) order[n++] = i;
    for (int k = 0; k < n && left > 0; k++) {
        if (nn_rng_below(&rng, (uint32_t)(n - k)) >= (uint32_t)left) continue;
        NN_TRY(fill_row(set, order[k], &rows[used++], err));
        left--;
    }
    while (used < a->columns) NN_TRY(empty_row(&rows[used++], err));
    return NN_OK;
}

static NnStatus fill_sheet(DataConsole *console, const DataArguments *a, const DataSet *set, DataSheet *sheet,
                           NnErr *err)
{
    int *order = nn_alloc((size_t)set->n, sizeof *order);
    NnStatus s = order ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory to choose examples");
    for (int m = -1; m < set->n_methods && s == NN_OK; m++) {
        if (*console->stop) s = nn_fail(err, NN_ERR_INTERRUPTED, "interrupted; nothing was written");
        else s = fill_kind(set, a, m, order, &sheet->rows[(m + 1) * a->columns], err);
        data_console_progress(console, m + 2, set->n_methods + 1);
    }
    free(order);
    return s;
}

static NnStatus draw(DataConsole *console, const DataArguments *a, const DataSet *set, NnErr *err)
{
    DataSheet sheet = { .n = (set->n_methods + 1) * a->columns,
                        .columns = 2,
                        .across = a->columns,
                        .titles = { "image", "mask (white: forged)" } };
    DataImage picture = { 0 };
    sheet.rows = nn_alloc((size_t)sheet.n, sizeof *sheet.rows);
    if (!sheet.rows) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a sheet of %d examples", sheet.n);
    console->what = "methods";
    NnStatus s = fill_sheet(console, a, set, &sheet, err);
    data_console_clear(console);
    if (s == NN_OK) s = data_sheet_draw(&sheet, &picture, err);
    if (s == NN_OK) s = data_console_folder_of(a->out, err);
    if (s == NN_OK) s = data_image_save_png(&picture, a->out, err);
    data_image_free(&picture);
    data_sheet_free(&sheet);
    free(sheet.rows);
    return s;
}

NnStatus data_command_sheet(DataConsole *console, const DataArguments *a, NnErr *err)
{
    DataSet *set;
    NN_TRY(data_console_list(console, a, a->specs[0], &set, err));
    const NnStatus s = draw(console, a, set, err);
    if (s == NN_OK)
        fprintf(console->out, "written: %s (real and %d methods, up to %d examples each)\n", a->out, set->n_methods,
                a->columns);
    data_set_free(set);
    return s;
}
