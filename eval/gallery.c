/* gallery.c -- see gallery.h. */
#include "eval/gallery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/contact_sheet.h"
#include "data/heat_map.h"
#include "nn/base/size.h"

NnStatus eval_gallery_begin(EvalGallery *g, NnErr *err)
{
    const int i = g->n++;
    if (i >= EVAL_GALLERY_SETS) return NN_OK;
    g->sets[i] = nn_alloc(1, sizeof *g->sets[i]);
    return g->sets[i] ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "gallery: out of memory");
}

static void free_shot(EvalShot *shot)
{
    for (int i = 0; i < EVAL_SHOT_TILES; i++) data_image_free(&shot->tile[i]);
    *shot = (EvalShot){ 0 };
}

static NnStatus draw(EvalShot *shot, const EvalView *v, NnErr *err)
{
    NN_TRY(data_picture_from_planes(v->image, v->size, &shot->tile[0], err));
    NN_TRY(data_overlay(&shot->tile[0], v->map, v->size, &shot->tile[1], err));
    if (v->item->label && v->mask) NN_TRY(data_picture_from_mask(v->mask, v->size, &shot->tile[2], err));
    for (int i = 0; i < EVAL_SHOT_TILES; i++)
        if (shot->tile[i].px) NN_TRY(data_sheet_fit(&shot->tile[i], err));
    return NN_OK;
}

/* Surer and wrong: a higher score of a real image, a lower one of a forgery. */
static int is_surer(int label, double a, double b)
{
    return label ? a < b : a > b;
}

NnStatus eval_gallery_visit(EvalGallery *g, const EvalView *v, double threshold, NnErr *err)
{
    const int label = v->item->label;
    const double score = (double)v->item->score;
    if (g->n > EVAL_GALLERY_SETS || (score >= threshold) == label) return NN_OK;
    EvalGallerySet *set = g->sets[g->n - 1];
    EvalShot *shots = set->shots[label];
    int at = set->n[label];
    set->all[label]++;
    while (at > 0 && is_surer(label, score, shots[at - 1].score)) at--;
    if (at == EVAL_GALLERY_SHOTS) return NN_OK;
    EvalShot shot = { .seen = v->seen, .score = score };
    snprintf(shot.path, sizeof shot.path, "%s", v->item->path);
    snprintf(shot.method, sizeof shot.method, "%s", v->method);
    const NnStatus s = draw(&shot, v, err);
    if (s != NN_OK) {
        free_shot(&shot);
        return s;
    }
    if (set->n[label] == EVAL_GALLERY_SHOTS) free_shot(&shots[--set->n[label]]);
    memmove(&shots[at + 1], &shots[at], (size_t)(set->n[label]++ - at) * sizeof shot);
    shots[at] = shot;
    return NN_OK;
}

void eval_gallery_free(EvalGallery *g)
{
    for (int i = 0; i < g->n && i < EVAL_GALLERY_SETS; i++) {
        for (int kind = 0; g->sets[i] && kind < EVAL_ERROR_KINDS; kind++)
            for (int k = 0; k < g->sets[i]->n[kind]; k++) free_shot(&g->sets[i]->shots[kind][k]);
        free(g->sets[i]);
    }
    *g = (EvalGallery){ 0 };
}
