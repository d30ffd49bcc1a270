/* lesson_latent.c -- the latent loss off and on: two numbers of each image, a_0 and a_1, and whether they tell real from
 * forged. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "nn/base/size.h"
#include "tests/lesson/lesson_picture.h"
#include "tests/lesson/lesson_report.h"

enum { SIDE = 340, LEFT = 56, TOP = 70, BETWEEN = 70, FOOT = 96 };

/* Mean of activity half `half` over the images of a label. */
static double mean_activity(const LessonImages *images, const LessonView *v, int half, int label)
{
    double sum = 0;
    for (int i = 0; i < images->n; i++)
        if (images->label[i] == label) sum += (double)v->activity[2 * i + half];
    return sum / (label ? images->n_fake : images->n - images->n_fake);
}

/* AUC of a_1 - a_0: the decision that needs no classifier. */
static NnStatus halves_auc(const LessonImages *images, const LessonView *v, double *out, NnErr *err)
{
    float *score = nn_alloc((size_t)images->n, sizeof *score);
    if (!score) return nn_fail(err, NN_ERR_NOMEM, "lesson: out of memory");
    for (int i = 0; i < images->n; i++) score[i] = v->activity[2 * i + 1] - v->activity[2 * i];
    const NnStatus status = lesson_auc(images, score, out, err);
    free(score);
    return status;
}

/* The end of both axes: the largest activity, rounded up to a quarter. */
static double axis_end(const LessonImages *images, const LessonView *v, double end)
{
    for (int i = 0; i < 2 * images->n; i++) end = fmax(end, (double)v->activity[i]);
    return ceil(4 * end) / 4;
}

static int place(double value, double end)
{
    return (int)lrint(value / end * SIDE);
}

static void draw_axes(DataImage *out, int x, int y, double end)
{
    char text[16];
    for (int k = 0; k * 0.5 <= end; k++) {
        const int at = place(k * 0.5, end);
        snprintf(text, sizeof text, "%.1f", k * 0.5);
        lesson_line(out, x + at, y, x + at, y + SIDE, lesson_faint);
        lesson_line(out, x, y + at, x + SIDE, y + at, lesson_faint);
        lesson_text_centred(out, x + at - 20, 40, y + SIDE + 13, 1, text);
        lesson_text(out, x - 32, y + SIDE - at - 4, 1, text);
    }
    lesson_line(out, x, y, x, y + SIDE, lesson_ink);
    lesson_line(out, x, y + SIDE, x + SIDE, y + SIDE, lesson_ink);
    lesson_line(out, x, y + SIDE, x + SIDE, y, lesson_ink);
    lesson_text(out, x + 100, y + 40, 1, "called forged: a_1 above a_0");
    lesson_text(out, x + SIDE - 160, y + SIDE - 90, 1, "called real: a_0 above a_1");
    lesson_text_centred(out, x, SIDE, y + SIDE + 26, 1, "a_0: mean activity of the real half");
    lesson_text(out, x - 24, y - 14, 1, "a_1: mean activity of the forged half");
}

static void cross(DataImage *out, int x, int y, LessonColour c)
{
    for (int k = 0; k < 2; k++) {
        lesson_line(out, x - 3, y - 3 + k, x + 3, y + 3 + k, c);
        lesson_line(out, x - 3, y + 3 + k, x + 3, y - 3 + k, c);
    }
}

static void square(DataImage *out, int x, int y, int reach, int thick, LessonColour c)
{
    lesson_box(out, x - reach, y - reach, 2 * reach + 1, thick, c);
    lesson_box(out, x - reach, y + reach - thick + 1, 2 * reach + 1, thick, c);
    lesson_box(out, x - reach, y - reach, thick, 2 * reach + 1, c);
    lesson_box(out, x + reach - thick + 1, y - reach, thick, 2 * reach + 1, c);
}

static void draw_panel(const LessonImages *images, const LessonView *v, int x, double end, const char *title,
                       DataImage *out)
{
    lesson_text_centred(out, x, SIDE, 34, 2, title);
    draw_axes(out, x, TOP, end);
    for (int i = 0; i < images->n; i++) {
        const int u = x + place((double)v->activity[2 * i], end);
        const int w = TOP + SIDE - place((double)v->activity[2 * i + 1], end);
        if (images->label[i]) cross(out, u, w, lesson_orange);
        else square(out, u, w, 2, 1, lesson_blue);
    }
    square(out, x + place(1, end), TOP + SIDE, 9, 2, lesson_blue);
    square(out, x, TOP + SIDE - place(1, end), 9, 2, lesson_orange);
}

static void draw_legend(DataImage *out)
{
    const int y = out->h - 46;
    square(out, LEFT + 6, y + 3, 2, 1, lesson_blue);
    lesson_text(out, LEFT + 18, y, 1, "a real image");
    cross(out, LEFT + 126, y + 3, lesson_orange);
    lesson_text(out, LEFT + 138, y, 1, "a forged image");
    square(out, LEFT + 266, y + 3, 9, 2, lesson_blue);
    lesson_text(out, LEFT + 282, y, 1, "where the loss wants real images");
    square(out, LEFT + 510, y + 3, 9, 2, lesson_orange);
    lesson_text(out, LEFT + 526, y, 1, "... and forged ones");
    lesson_text(out, LEFT, y + 24, 1, "a point is a test image. a point above the diagonal is called forged.");
}

static NnStatus draw(const LessonPair *pair, LessonReport *r, NnErr *err)
{
    const LessonImages *images = &pair->images;
    const double end = axis_end(images, &pair->on, axis_end(images, &pair->off, 1));
    const int width = LEFT + 2 * SIDE + BETWEEN + 30;
    NN_TRY(lesson_canvas(width, TOP + SIDE + FOOT, &r->picture, err));
    lesson_text_centred(&r->picture, 0, width, 8, 2, "latent: two numbers of each image");
    draw_panel(images, &pair->off, LEFT, end, r->off, &r->picture);
    draw_panel(images, &pair->on, LEFT + SIDE + BETWEEN, end, r->on, &r->picture);
    draw_legend(&r->picture);
    return NN_OK;
}

static NnStatus teach(const LessonPair *pair, LessonReport *r, NnErr *err)
{
    static const char *const what[2][2] = { { "a_0 of real images, mean", "a_0 of forged images, mean" },
                                            { "a_1 of real images, mean", "a_1 of forged images, mean" } };
    const LessonImages *images = &pair->images;
    double off, on;
    for (int half = 0; half < 2; half++)
        for (int label = 0; label < 2; label++)
            lesson_report_add(r, what[half][label], mean_activity(images, &pair->off, half, label),
                              mean_activity(images, &pair->on, half, label));
    NN_TRY(halves_auc(images, &pair->off, &off, err));
    NN_TRY(halves_auc(images, &pair->on, &on, err));
    lesson_report_add(r, "detection by the halves: AUC of a_1 - a_0", off, on);
    NN_TRY(lesson_auc(images, pair->off.logit, &off, err));
    NN_TRY(lesson_auc(images, pair->on.logit, &on, err));
    lesson_report_add(r, "detection by the logit: AUC of the score", off, on);
    return draw(pair, r, err);
}

NnStatus lesson_latent(LessonNet *off, LessonNet *on, LessonReport *r, NnErr *err)
{
    LessonPair pair;
    snprintf(r->off, sizeof r->off, "latent = %g", (double)off->config.loss.latent);
    snprintf(r->on, sizeof r->on, "latent = %g", (double)on->config.loss.latent);
    NN_TRY(lesson_pair_look(off, on, DATA_TEST, &pair, err));
    const NnStatus status = teach(&pair, r, err);
    lesson_pair_free(&pair);
    return status;
}
