/* forge_inpaint.c -- inpaint: a part of the face erased and filled from its rim.
 *
 * The fill is harmonic: the Laplace equation with the photo around the region as
 * boundary, solved by successive over-relaxation (Young 1954). It has no texture and
 * no sensor noise of its own; a draw of faint grain keeps that from being the only sign. */
#include <math.h>
#include <stdlib.h>

#include "data/forge_region.h"
#include "data/grain.h"
#include "nn/base/size.h"

enum { SWEEPS_PER_PIXEL = 4, SWEEPS_MIN = 40 };
#define SETTLED 0.05f /* levels: largest change of a sweep when the fill counts as converged */

/* Indices of the pixels to fill, in raster order; border pixels of the picture stay known. */
static int *unknowns(const DataForgeWork *work, int *n, int *span)
{
    int *list = nn_alloc((size_t)work->w * (size_t)work->h, sizeof *list);
    int lo = work->w, hi = 0;
    *n = 0;
    if (!list) return NULL;
    for (int y = work->y0 > 1 ? work->y0 : 1; y < work->y1 && y < work->h - 1; y++)
        for (int x = work->x0 > 1 ? work->x0 : 1; x < work->x1 && x < work->w - 1; x++)
            if (work->alpha[y * work->w + x] > 0) {
                list[(*n)++] = y * work->w + x;
                lo = x < lo ? x : lo, hi = x > hi ? x : hi;
            }
    *span = hi > lo ? hi - lo + 2 : 2;
    return list;
}

static float relax(float *v, int row, const int *list, int n, float omega)
{
    float most = 0;
    for (int k = 0; k < n; k++)
        for (int c = 0; c < 3; c++) {
            float *p = v + 3 * list[k] + c;
            const float step = omega * (0.25f * (p[-3] + p[3] + p[-row] + p[row]) - *p);
            *p += step;
            most = fabsf(step) > most ? fabsf(step) : most;
        }
    return most;
}

static NnStatus fill_harmonic(const DataImage *photo, DataForgeWork *work, NnErr *err)
{
    int n, span;
    int *const list = unknowns(work, &n, &span);
    if (!list) return nn_fail(err, NN_ERR_NOMEM, "out of memory for inpainting %dx%d pixels", work->w, work->h);
    const float omega = 2 / (1 + sinf(3.14159265f / (float)span));
    for (int i = 0; i < 3 * work->w * work->h; i++) work->layer[i] = (float)photo->px[i];
    for (int sweep = 0; sweep < SWEEPS_MIN + SWEEPS_PER_PIXEL * span; sweep++)
        if (relax(work->layer, 3 * work->w, list, n, omega) < SETTLED) break;
    free(list);
    return NN_OK;
}

static void add_grain(DataForgeWork *work, NnRng *rng, float sigma)
{
    for (int i = 0; i < work->w * work->h; i++) {
        if (work->alpha[i] <= 0) continue;
        const float common = sigma * data_grain(rng);
        for (int c = 0; c < 3; c++) work->layer[3 * i + c] += common;
    }
}

NnStatus data_forge_inpaint(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err)
{
    DataForgeShape shape = data_forge_shape_on_face(in, rng, 0.03f, 0.1f);
    DataForgeWork work;
    shape.feather = nn_rng_range(rng, 0.5f, 1.5f);
    NN_TRY(data_forge_work_new(in, &shape, rng, &work, err));
    NnStatus s = fill_harmonic(in->photo, &work, err);
    if (s == NN_OK) {
        add_grain(&work, rng, nn_rng_range(rng, 0, 2.5f));
        s = data_forge_finish(in, &work, out, mask, err);
    }
    data_forge_work_free(&work);
    return s;
}
