/* lesson_blur.c -- the adversarial blur off and on: what it does to an image, and to a detector that has met it and one that
 * has not. Each detector is attacked by an adversary of its own, with the settings that the second was trained with. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"
#include "tests/lesson/lesson_picture.h"
#include "tests/lesson/lesson_report.h"
#include "train/adversary.h"

enum { BATCH = 32, ROWS = 5, TILE = 128, STEP = TILE + 8, LEFT = 88, TOP = 84, ROW = TILE + 18, FOOT = 30 };
static const float widest = 1.5f; /* sigma of the brightest colour, pixels */

/* One detector, attacked. */
typedef struct {
    LessonImages images; /* the blurred ones; all but `image` is borrowed */
    LessonView clean, blurred;
    float *sigma; /* [n,size,size], in units of `widest` */
} Attack;

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "lesson: out of memory");
}

/* ---- the attack ---- */

/* Images first.. of the list, the last batch filled up with its first images. */
static void fill_batch(const LessonImages *from, int first, float *image, float *mask, float *label)
{
    const size_t pixels = lesson_pixels(from);
    for (int k = 0; k < BATCH; k++) {
        const int left = from->n - first, i = first + (k < left ? k : k % left);
        memcpy(image + (size_t)k * 3 * pixels, from->image + (size_t)i * 3 * pixels, 3 * pixels * sizeof *image);
        memcpy(mask + (size_t)k * pixels, from->mask + (size_t)i * pixels, pixels * sizeof *mask);
        label[k] = (float)from->label[i];
    }
}

static void keep_batch(const float *changed, const float *sigma, int first, Attack *out)
{
    const size_t pixels = lesson_pixels(&out->images);
    const int left = out->images.n - first, n = left < BATCH ? left : BATCH;
    memcpy(out->images.image + (size_t)first * 3 * pixels, changed, (size_t)n * 3 * pixels * sizeof *changed);
    for (size_t p = 0; p < (size_t)n * pixels; p++) out->sigma[(size_t)first * pixels + p] = sigma[p] / widest;
}

static NnStatus blur_all(TrainAdversary *a, const LessonImages *from, Attack *out, NnErr *err)
{
    static const int item[BATCH];
    const size_t pixels = lesson_pixels(from);
    float label[BATCH], has_mask[BATCH];
    float *image = nn_alloc(BATCH, 3 * pixels * sizeof *image), *mask = nn_alloc(BATCH, pixels * sizeof *mask);
    float *changed = nn_alloc(BATCH, 3 * pixels * sizeof *changed);
    const NnStatus status = image && mask && changed ? NN_OK : no_memory(err);
    for (int i = 0; i < BATCH; i++) has_mask[i] = 1;
    for (int i = 0; status == NN_OK && i < from->n; i += BATCH) {
        const DataBatch batch = { BATCH, image, mask, label, has_mask, item };
        const TrainAdversaryStep step = { .masks = TRAIN_MASKS_ALL, .number = (uint32_t)i, .rate = 1 };
        fill_batch(from, i, image, mask, label);
        train_adversary_change(a, &batch, step, changed);
        keep_batch(changed, train_adversary_sigma(a), i, out);
    }
    free(image);
    free(mask);
    free(changed);
    return status;
}

static NnStatus attack(LessonNet *net, const TrainBlurSettings *blur, const LessonImages *images, Attack *out,
                       NnErr *err)
{
    const size_t pixels = lesson_pixels(images);
    TrainConfig config = net->config;
    TrainAdversary *adversary;
    config.blur = *blur, config.train.batch = BATCH;
    out->images = *images;
    out->images.image = nn_alloc((size_t)images->n, 3 * pixels * sizeof(float));
    out->sigma = nn_alloc((size_t)images->n, pixels * sizeof *out->sigma);
    if (!out->images.image || !out->sigma) return no_memory(err);
    NN_TRY(lesson_look(net, images, &out->clean, err));
    const TrainAdversarySpec spec = { .config = &config, .params = net->run->params };
    NN_TRY(train_adversary_new(&spec, &adversary, err));
    if (!adversary) return nn_fail(err, NN_ERR_USAGE, "lesson: the second run has [blur] kind = none");
    const NnStatus status = blur_all(adversary, images, out, err);
    train_adversary_free(adversary);
    return status == NN_OK ? lesson_look(net, &out->images, &out->blurred, err) : status;
}

static void attack_free(Attack *a)
{
    free(a->images.image);
    free(a->sigma);
    lesson_view_free(&a->clean);
    lesson_view_free(&a->blurred);
}

/* ---- the picture ---- */

static void put_scores(DataImage *out, int x, int y, const Attack *a, int i)
{
    char text[48];
    snprintf(text, sizeof text, "score %.2f > %.2f", lesson_score(&a->clean, i), lesson_score(&a->blurred, i));
    lesson_text_centred(out, x, 2 * STEP - 8, y + TILE + 4, 1, text);
}

static NnStatus draw_row(const LessonImages *images, const Attack *const attacks[2], int i, int y, DataImage *out,
                         NnErr *err)
{
    const size_t at = (size_t)i * lesson_pixels(images);
    const int size = images->size, zoom = TILE / size;
    lesson_text(out, 8, y + TILE / 2 - 8, 2, images->label[i] ? "forged" : "real");
    NN_TRY(lesson_put_planes(out, LEFT, y, zoom, images->image + 3 * at, size, err));
    for (int k = 0; k < 2; k++) {
        const int x = LEFT + (1 + 2 * k) * STEP;
        NN_TRY(lesson_put_map(out, x, y, zoom, attacks[k]->sigma + at, size, err));
        NN_TRY(lesson_put_planes(out, x + STEP, y, zoom, attacks[k]->images.image + 3 * at, size, err));
        put_scores(out, x, y, attacks[k], i);
    }
    return NN_OK;
}

static NnStatus draw(const LessonImages *images, const Attack *const attacks[2], LessonReport *r, NnErr *err)
{
    const char *const titles[] = { "image", "sigma", "blurred", "sigma", "blurred" };
    DataImage *out = &r->picture;
    NN_TRY(lesson_canvas(LEFT + 5 * STEP, TOP + ROWS * ROW + FOOT, out, err));
    lesson_text_centred(out, 0, out->w, 6, 2, "blur: an adversary hides the traces");
    lesson_text_centred(out, LEFT + STEP, 2 * STEP, 34, 2, r->off);
    lesson_text_centred(out, LEFT + 3 * STEP, 2 * STEP, 34, 2, r->on);
    for (int k = 0; k < 5; k++) lesson_text_centred(out, LEFT + k * STEP, TILE, 62, 2, titles[k]);
    for (int k = 0; k < ROWS; k++) {
        const int i = k < ROWS - 1 ? lesson_find(images, 1, k) : lesson_find(images, 0, 0);
        if (i >= 0) NN_TRY(draw_row(images, attacks, i, TOP + k * ROW, out, err));
    }
    lesson_colour_bar(out, LEFT, out->h - 18, 120, "sigma of the blur: 0", "1.5 pixels or more");
    lesson_text(out, LEFT + 380, out->h - 17, 1, "score: as it is > blurred");
    return NN_OK;
}

/* ---- the lesson ---- */

/* Mean cross-entropy of the logits. */
static double cross_entropy(const LessonImages *images, const LessonView *v)
{
    double sum = 0;
    for (int i = 0; i < images->n; i++) {
        const double x = images->label[i] ? (double)v->logit[i] : -(double)v->logit[i];
        sum += x > 0 ? log1p(exp(-x)) : log1p(exp(x)) - x;
    }
    return sum / images->n;
}

/* AUC under a blur that knows neither detector nor label: sigma random, smooth, up to a pixel. */
static NnStatus random_auc(LessonNet *net, const TrainBlurSettings *blur, const LessonImages *images, double *out,
                           NnErr *err)
{
    TrainBlurSettings random = *blur;
    Attack a = { 0 };
    random.kind = TRAIN_BLUR_RANDOM, random.sigma = 1;
    NnStatus status = attack(net, &random, images, &a, err);
    if (status == NN_OK) status = lesson_auc(images, a.blurred.logit, out, err);
    attack_free(&a);
    return status;
}

static NnStatus teach(const LessonImages *images, const Attack *const a[2], const double random[2], LessonReport *r,
                      NnErr *err)
{
    double clean[2], blurred[2];
    for (int k = 0; k < 2; k++) {
        NN_TRY(lesson_auc(images, a[k]->clean.logit, &clean[k], err));
        NN_TRY(lesson_auc(images, a[k]->blurred.logit, &blurred[k], err));
    }
    lesson_report_add(r, "classification loss on images as they are", cross_entropy(images, &a[0]->clean),
                      cross_entropy(images, &a[1]->clean));
    lesson_report_add(r, "classification loss on images blurred against it", cross_entropy(images, &a[0]->blurred),
                      cross_entropy(images, &a[1]->blurred));
    lesson_report_add(r, "detection of images as they are: AUC", clean[0], clean[1]);
    lesson_report_add(r, "detection of images blurred at random: AUC", random[0], random[1]);
    lesson_report_add(r, "detection of images blurred against it: AUC", blurred[0], blurred[1]);
    return draw(images, a, r, err);
}

NnStatus lesson_blur(LessonNet *off, LessonNet *on, LessonReport *r, NnErr *err)
{
    static const char *const kinds[] = { "none", "gradient", "generator", "random", "uniform", "perturb" };
    LessonImages images;
    Attack a = { 0 }, b = { 0 };
    const Attack *const attacks[] = { &a, &b };
    double random[2];
    snprintf(r->off, sizeof r->off, "kind = %s", kinds[off->config.blur.kind]);
    snprintf(r->on, sizeof r->on, "kind = %s", kinds[on->config.blur.kind]);
    NN_TRY(lesson_images_load(on, DATA_TEST, &images, err));
    NnStatus status = attack(off, &on->config.blur, &images, &a, err);
    if (status == NN_OK) status = attack(on, &on->config.blur, &images, &b, err);
    if (status == NN_OK) status = random_auc(off, &on->config.blur, &images, &random[0], err);
    if (status == NN_OK) status = random_auc(on, &on->config.blur, &images, &random[1], err);
    if (status == NN_OK) status = teach(&images, attacks, random, r, err);
    attack_free(&a);
    attack_free(&b);
    lesson_images_free(&images);
    return status;
}
