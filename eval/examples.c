/* examples.c -- see examples.h. */
#include "eval/examples.h"

#include <stdio.h>
#include <string.h>

#include "data/bitmap_font.h"
#include "data/heat_map.h"

enum { COLUMNS = 4, INK = 40 };

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

static void plan_row(EvalExamples *e, const EvalData *data, int method)
{
    if (e->n == EVAL_EXAMPLES_MAX) return;
    const int number = find_image(data, method, e->n);
    if (number >= 0) e->number[e->n++] = number;
}

void eval_examples_plan(EvalExamples *e, const EvalData *data)
{
    plan_row(e, data, -1);
    for (int seen = 1; seen >= 0; seen--)
        for (int m = 0; m < data->set->n_methods; m++)
            for (int times = seen ? 2 : 1; times > 0 && data->set->seen[m] == seen; times--) plan_row(e, data, m);
}

/* ---- their tiles ---- */

static NnStatus unknown_mask(int size, DataImage *out, NnErr *err)
{
    NN_TRY(data_image_new(size, size, 3, out, err));
    memset(out->px, 200, 3 * (size_t)size * (size_t)size);
    data_font_draw(out, size / 2 - 4 * DATA_FONT_W, size / 2 - 4, 1, INK, "no mask");
    return NN_OK;
}

static NnStatus fill_row(DataSheetRow *row, const EvalView *v, NnErr *err)
{
    DataImage *tile = row->tiles;
    NN_TRY(data_picture_from_planes(v->image, v->size, &tile[0], err));
    if (v->mask) NN_TRY(data_picture_from_mask(v->mask, v->size, &tile[1], err));
    else NN_TRY(unknown_mask(v->size, &tile[1], err));
    NN_TRY(data_picture_from_map(v->map, v->size, &tile[2], err));
    NN_TRY(data_overlay(&tile[0], v->map, v->size, &tile[3], err));
    for (int i = 0; i < COLUMNS; i++) NN_TRY(data_sheet_fit(&tile[i], err));
    int line = 0;
    snprintf(row->caption[line++], sizeof *row->caption, "%s", v->method);
    if (v->item->label) snprintf(row->caption[line++], sizeof *row->caption, "%s", v->seen ? "seen" : "unseen");
    snprintf(row->caption[line], sizeof *row->caption, "score %.2f", (double)v->item->score);
    return NN_OK;
}

NnStatus eval_examples_visit(EvalExamples *e, const EvalView *view, NnErr *err)
{
    for (int i = 0; i < e->n; i++)
        if (e->number[i] == view->number) return fill_row(&e->rows[i], view, err);
    return NN_OK;
}

static DataSheet sheet_of(EvalExamples *e)
{
    return (
        DataSheet){ .n = e->n, .columns = COLUMNS, .titles = { "input", "mask", "map", "overlay" }, .rows = e->rows };
}

NnStatus eval_examples_draw(EvalExamples *e, DataImage *out, NnErr *err)
{
    const DataSheet sheet = sheet_of(e);
    return data_sheet_draw(&sheet, out, err);
}

void eval_examples_free(EvalExamples *e)
{
    DataSheet sheet = sheet_of(e);
    data_sheet_free(&sheet);
    *e = (EvalExamples){ 0 };
}
