/* contact_sheet.h -- examples.png: a few judged images as rows of input, mask, map and overlay. */
#ifndef EVAL_CONTACT_SHEET_H
#define EVAL_CONTACT_SHEET_H
#include "eval/judge.h"

enum { EVAL_SHEET_ROWS = 8, EVAL_SHEET_COLUMNS = 4 };

typedef struct {
    int number;          /* which image of the data set */
    char caption[3][32]; /* manipulation; seen or unseen; score */
    DataImage tiles[EVAL_SHEET_COLUMNS];
} EvalSheetRow;

/* Zero-initialise; release with eval_sheet_free. */
typedef struct {
    int n;
    EvalSheetRow rows[EVAL_SHEET_ROWS];
} EvalSheet;

/* Choose the rows: a real image, two forgeries of each seen manipulation, one of each unseen, as far as there is room. Row k
 * takes the k-th image of its kind, whatever the detector makes of it: nothing is picked by hand or by score. */
void eval_sheet_plan(EvalSheet *sheet, const EvalData *data);

/* Keep the pictures of a judged image that was chosen; others pass by. */
NnStatus eval_sheet_visit(EvalSheet *sheet, const EvalView *view, NnErr *err);

/* Draw all rows with captions, maps in the colours of heat_map.h. Small tiles are enlarged in whole steps, large
 * ones shrunk, to 128 pixels. */
NnStatus eval_sheet_draw(const EvalSheet *sheet, DataImage *out, NnErr *err);
void eval_sheet_free(EvalSheet *sheet);

#endif
