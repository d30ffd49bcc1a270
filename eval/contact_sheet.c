/* contact_sheet.c -- see contact_sheet.h. */
#include "eval/contact_sheet.h"

#include <stdio.h>
#include <string.h>

#include "data/bitmap_font.h"
#include "data/heat_map.h"

enum { TILE = 128, GUTTER = 6, HEADER = 24, CAPTION = 132, INK = 40 };

/* ---- which images ---- */

/* Place in data->index of image number k (counted round and round) of a method, -1 for real ones; -1: none. */
static int find_image(const EvalData *data, int method, int k)
{
    int n = 0, seen = 0;
    for (int i = 0; i < data->n; i++) n += data->set->items[data->index[i]].method == method;
    for (int i = 0; i < data->n; i++)
        if (data->set->items[data->index[i]].method == method && seen++ == k % n) return i;
    return -1;
}

static void plan_row(EvalSheet *sheet, const EvalData *data, int method)
{
    if (sheet->n == EVAL_SHEET_ROWS) return;
    const int number = find_image(data, method, sheet->n);
    if (number >= 0) sheet->rows[sheet->n++].number = number;
}

void eval_sheet_plan(EvalSheet *sheet, const EvalData *data)
{
    plan_row(sheet, data, -1);
    for (int seen = 1; seen >= 0; seen--)
        for (int m = 0; m < data->set->n_methods; m++)
            for (int times = seen ? 2 : 1; times > 0 && data->set->seen[m] == seen; times--) plan_row(sheet, data, m);
}

/* ---- their tiles ---- */

/* Shrink to TILE, and keep six bits a colour: nobody sees the others, and they double the file. */
static NnStatus fit_tile(DataImage *tile, NnErr *err)
{
    DataImage small = { 0 };
    if (tile->w > TILE) {
        NN_TRY(data_image_resize(tile, TILE, TILE, &small, err));
        data_image_free(tile);
        *tile = small;
    }
    for (size_t i = 0; i < 3 * (size_t)tile->w * (size_t)tile->h; i++)
        tile->px[i] = (unsigned char)((tile->px[i] & 0xFC) | tile->px[i] >> 6);
    return NN_OK;
}

static NnStatus unknown_mask(int size, DataImage *out, NnErr *err)
{
    NN_TRY(data_image_new(size, size, 3, out, err));
    memset(out->px, 200, 3 * (size_t)size * (size_t)size);
    data_font_draw(out, size / 2 - 4 * DATA_FONT_W, size / 2 - 4, 1, INK, "no mask");
    return NN_OK;
}

static NnStatus fill_row(EvalSheetRow *row, const EvalView *v, NnErr *err)
{
    DataImage *tile = row->tiles;
    NN_TRY(data_picture_from_planes(v->image, v->size, &tile[0], err));
    if (v->mask) NN_TRY(data_picture_from_mask(v->mask, v->size, &tile[1], err));
    else NN_TRY(unknown_mask(v->size, &tile[1], err));
    NN_TRY(data_picture_from_map(v->map, v->size, &tile[2], err));
    NN_TRY(data_overlay(&tile[0], v->map, v->size, &tile[3], err));
    for (int i = 0; i < EVAL_SHEET_COLUMNS; i++) NN_TRY(fit_tile(&tile[i], err));
    int line = 0;
    snprintf(row->caption[line++], sizeof *row->caption, "%s", v->method);
    if (v->item->label) snprintf(row->caption[line++], sizeof *row->caption, "%s", v->seen ? "seen" : "unseen");
    snprintf(row->caption[line], sizeof *row->caption, "score %.2f", (double)v->item->score);
    return NN_OK;
}

NnStatus eval_sheet_visit(EvalSheet *sheet, const EvalView *view, NnErr *err)
{
    for (int i = 0; i < sheet->n; i++)
        if (sheet->rows[i].number == view->number) return fill_row(&sheet->rows[i], view, err);
    return NN_OK;
}

/* ---- the sheet ---- */

/* Large letters where they fit, else small ones. */
static void write_caption(DataImage *canvas, int x, int y, int width, const char *text)
{
    const int zoom = (int)strlen(text) * DATA_FONT_W * 2 <= width ? 2 : 1;
    data_font_draw(canvas, x, y, zoom, INK, text);
}

static void draw_row(const EvalSheetRow *row, int y, int zoom, DataImage *out)
{
    const int side = zoom * row->tiles[0].w;
    for (int i = 0; i < 3; i++) write_caption(out, GUTTER, y + side / 2 - 34 + 24 * i, CAPTION, row->caption[i]);
    for (int i = 0; i < EVAL_SHEET_COLUMNS; i++)
        data_place(out, CAPTION + GUTTER + i * (side + GUTTER), y, zoom, &row->tiles[i]);
}

NnStatus eval_sheet_draw(const EvalSheet *sheet, DataImage *out, NnErr *err)
{
    static const char *const titles[EVAL_SHEET_COLUMNS] = { "input", "mask", "map", "overlay" };
    if (sheet->n == 0 || !sheet->rows[0].tiles[0].px)
        return nn_fail(err, NN_ERR_DATA, "contact sheet: no image was judged");
    const int zoom = TILE / sheet->rows[0].tiles[0].w, side = zoom * sheet->rows[0].tiles[0].w;
    NN_TRY(data_image_new(CAPTION + GUTTER + EVAL_SHEET_COLUMNS * (side + GUTTER), HEADER + sheet->n * (side + GUTTER),
                          3, out, err));
    memset(out->px, 255, 3 * (size_t)out->w * (size_t)out->h);
    for (int i = 0; i < EVAL_SHEET_COLUMNS; i++)
        write_caption(out, CAPTION + GUTTER + i * (side + GUTTER), 5, side, titles[i]);
    for (int i = 0; i < sheet->n; i++) draw_row(&sheet->rows[i], HEADER + i * (side + GUTTER), zoom, out);
    return NN_OK;
}

void eval_sheet_free(EvalSheet *sheet)
{
    for (int i = 0; i < sheet->n; i++)
        for (int k = 0; k < EVAL_SHEET_COLUMNS; k++) data_image_free(&sheet->rows[i].tiles[k]);
    *sheet = (EvalSheet){ 0 };
}
