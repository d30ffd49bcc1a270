/* forge_resample.c -- resample: a region through a low-resolution bottleneck, as generators leave it.
 *
 * Down by box average, up again by nearest, bilinear, or bilinear with the uneven gain
 * of a transposed convolution whose kernel is no multiple of its stride (Odena et al.,
 * "Deconvolution and Checkerboard Artifacts", 2016). */
#include <math.h>

#include "data/forge_region.h"

typedef enum { UP_NEAREST, UP_BILINEAR, UP_CHECKER } UpKind;

typedef struct {
    int factor;
    UpKind kind;
    float ripple; /* relative gain of the lattice that kernels overlap on */
} Bottleneck;

static Bottleneck draw_bottleneck(NnRng *rng)
{
    Bottleneck b = { .kind = (UpKind)nn_rng_below(rng, 3) };
    b.factor = b.kind == UP_NEAREST ? 2 + nn_rng_coin(rng, 0.25f) : 2 + (int)nn_rng_below(rng, 3);
    b.ripple = b.kind == UP_CHECKER ? nn_rng_range(rng, 0.02f, 0.06f) : 0;
    return b;
}

static float ripple_gain(const Bottleneck *b, int x)
{
    return x % b->factor == 0 ? 1 + b->ripple : 1 - b->ripple / (float)(b->factor - 1);
}

static void fill_through(const DataImage *low, const Bottleneck *b, DataForgeWork *work)
{
    const float sx = (float)low->w / (float)work->w, sy = (float)low->h / (float)work->h;
    for (int y = work->y0; y < work->y1; y++)
        for (int x = work->x0; x < work->x1; x++) {
            const int i = y * work->w + x;
            if (work->alpha[i] <= 0) continue;
            const float lx = ((float)x + 0.5f) * sx, ly = ((float)y + 0.5f) * sy;
            const float gain = ripple_gain(b, x) * ripple_gain(b, y);
            if (b->kind == UP_NEAREST) data_sample_bilinear(low, floorf(lx), floorf(ly), work->layer + 3 * i);
            else data_sample_bilinear(low, lx - 0.5f, ly - 0.5f, work->layer + 3 * i);
            for (int c = 0; c < 3; c++) work->layer[3 * i + c] *= gain;
        }
}

static NnStatus fill_resampled(const DataForgeInput *in, NnRng *rng, DataForgeWork *work, NnErr *err)
{
    const Bottleneck b = draw_bottleneck(rng);
    DataImage low;
    NN_TRY(data_image_resize(in->photo, (work->w + b.factor - 1) / b.factor, (work->h + b.factor - 1) / b.factor, &low,
                             err));
    fill_through(&low, &b, work);
    data_image_free(&low);
    return NN_OK;
}

NnStatus data_forge_resample(const DataForgeInput *in, NnRng *rng, DataImage *out, DataImage *mask, NnErr *err)
{
    const DataForgeShape shape = data_forge_shape_on_face(in, rng, 0.05f, 0.25f);
    DataForgeWork work;
    NN_TRY(data_forge_work_new(in, &shape, rng, &work, err));
    NnStatus s = fill_resampled(in, rng, &work, err);
    if (s == NN_OK) s = data_forge_finish(in, &work, out, mask, err);
    data_forge_work_free(&work);
    return s;
}
