/* eval_page_pictures.c -- the sections of report.html that show images: the hardest errors, and examples. */
#include <stdio.h>
#include <stdlib.h>

#include "eval/eval_page.h"
#include "nn/base/file.h"

/* Small pictures are shown in whole steps, at up to DATA_SHEET_TILE pixels. */
static NnStatus put_tile(NnPage *p, const DataImage *tile, const char *alt, const char *caption, NnErr *err)
{
    DataBytes png = { 0 };
    if (!tile->px) return NN_OK;
    const int zoom = tile->w < DATA_SHEET_TILE ? DATA_SHEET_TILE / tile->w : 1;
    NN_TRY(data_image_to_png(tile, &png, err));
    nn_page_picture(p, &(NnPagePicture){ png.data, png.len, zoom * tile->w, zoom * tile->h, alt, caption });
    free(png.data);
    return NN_OK;
}

/* ---- errors ---- */

static NnStatus put_shot(NnPage *p, const EvalShot *shot, EvalErrorKind kind, NnErr *err)
{
    static const char *const captions[EVAL_SHOT_TILES] = { "image", "where it suspects", "truth: the mask" };
    char title[2 * NN_TEXT_MAX], alt[2 * NN_TEXT_MAX];
    if (kind == EVAL_FALSE_ALARM) snprintf(title, sizeof title, "score %.3f, yet real", shot->score);
    else
        snprintf(title, sizeof title, "score %.3f, yet forged: %.200s (%s)", shot->score, shot->method,
                 shot->seen ? "seen" : "unseen");
    nn_page_item_begin(p, title);
    for (int i = 0; i < EVAL_SHOT_TILES; i++) {
        snprintf(alt, sizeof alt, "%s of %s", captions[i], shot->path);
        NN_TRY(put_tile(p, &shot->tile[i], alt, captions[i], err));
    }
    nn_page_item_end(p);
    return NN_OK;
}

static NnStatus put_kind(NnPage *p, const EvalGallerySet *set, const char *data, EvalErrorKind kind, NnErr *err)
{
    static const char *const words[EVAL_ERROR_KINDS] = { "False alarms: real images that it calls forged",
                                                         "Misses: forgeries that it calls real" };
    char title[NN_TEXT_MAX + 128];
    snprintf(title, sizeof title, "%.200s. %s (the surest %d of %d)", data, words[kind], set->n[kind], set->all[kind]);
    if (set->n[kind] == 0) {
        nn_page_paragraph(p, "%s. %s: none.", data, words[kind]);
        return NN_OK;
    }
    nn_page_figure_begin(p, title);
    nn_page_grid_begin(p);
    for (int i = 0; i < set->n[kind]; i++) NN_TRY(put_shot(p, &set->shots[kind][i], kind, err));
    nn_page_grid_end(p);
    nn_page_figure_end(p, NULL);
    nn_page_details_begin(p, "Which files are these?");
    for (int i = 0; i < set->n[kind]; i++)
        nn_page_paragraph(p, "%.3f  %s", set->shots[kind][i].score, set->shots[kind][i].path);
    nn_page_details_end(p);
    return NN_OK;
}

NnStatus eval_page_errors(NnPage *p, const EvalReportPage *r, NnErr *err)
{
    if (!r->gallery) return NN_OK;
    nn_page_section_begin(
        p, "errors", "The hardest errors",
        "Images that it judged wrongly and was surest of, both kinds. In the map pale yellow is where it "
        "is sure of a forgery; where it suspects nothing the image shows unchanged.");
    for (int i = 0; i < r->gallery->n && i < EVAL_GALLERY_SETS && i < r->n; i++)
        for (int kind = 0; kind < EVAL_ERROR_KINDS; kind++)
            NN_TRY(put_kind(p, r->gallery->sets[i], r->reports[i].results.name, (EvalErrorKind)kind, err));
    if (r->n > EVAL_GALLERY_SETS)
        nn_page_paragraph(p, "Pictures are of the first %d data sets, to keep this file small.", EVAL_GALLERY_SETS);
    nn_page_section_end(p);
    return NN_OK;
}

/* ---- examples ---- */

static NnStatus put_example(NnPage *p, const DataSheetRow *row, NnErr *err)
{
    static const char *const captions[DATA_SHEET_COLUMNS] = { "image", "truth: the mask", "its map", "both" };
    char title[sizeof row->caption];
    snprintf(title, sizeof title, "%s%s%s%s%s", row->caption[0], *row->caption[1] ? ", " : "", row->caption[1],
             *row->caption[2] ? ", " : "", row->caption[2]);
    nn_page_item_begin(p, title);
    for (int i = 0; i < DATA_SHEET_COLUMNS; i++) NN_TRY(put_tile(p, &row->tiles[i], captions[i], captions[i], err));
    nn_page_item_end(p);
    return NN_OK;
}

NnStatus eval_page_examples(NnPage *p, const EvalReportPage *r, NnErr *err)
{
    if (!r->examples || r->examples->n == 0) return NN_OK;
    nn_page_section_begin(p, "examples", "Examples",
                          "Neither good nor bad ones were picked: they are the first images of each kind. A handful of "
                          "pictures proves nothing; the tables do.");
    nn_page_grid_begin(p);
    for (int i = 0; i < r->examples->n; i++) NN_TRY(put_example(p, &r->examples->rows[i], err));
    nn_page_grid_end(p);
    nn_page_section_end(p);
    return NN_OK;
}
