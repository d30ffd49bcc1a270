/* report_curves.c -- the curves of report.html: losses, validation AUC, learning rate over the steps. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"
#include "train/report_parts.h"

enum { PLAIN, DASHED };

/* Places for vertical lines: the best validation, and where something began. */
typedef struct {
    NnChartMark mark[3];
    int n;
} Marks;

static Marks make_marks(const TrainEnding *e, const TrainVerdict *v)
{
    const TrainConfig *c = &e->trainer->config;
    const double total = (double)e->trainer->total;
    Marks m = { .n = 0 };
    if (v->best >= 0) m.mark[m.n++] = (NnChartMark){ v->step, "best", 0 };
    if (c->regions.remove != DATA_REMOVE_NONE && !c->regions.maps[0])
        m.mark[m.n++] = (NnChartMark){ (double)c->gradcam.begin * total, "regions are removed from here on", 0 };
    if (c->active.picker != TRAIN_PICK_OFF)
        m.mark[m.n++] = (NnChartMark){ (double)c->active.begin * total, "masks are given from here on", 0 };
    return m;
}

/* Training and validation of one column. smooth [n] is scratch. Returns the number of series: 3, or 2 without a validation. */
static int make_series(const TrainHistory *h, int column, double *smooth, NnChartSeries s[3])
{
    const TrainCurves *t = &h->train, *v = &h->val;
    train_history_smooth(t->value[column], t->n, smooth);
    s[0] = (NnChartSeries){ .name = "training", .x = t->value[0], .y = t->value[column], .n = t->n, .faint = 1 };
    s[1] = (NnChartSeries){ .name = "training", .x = t->value[0], .y = smooth, .n = t->n };
    s[2] = (NnChartSeries){ .name = "validation",
                            .x = v->value[0],
                            .y = v->value[column],
                            .n = v->n,
                            .style = 1,
                            .dash = DASHED,
                            .points = v->n <= 40 };
    return v->n > 0 ? 3 : 2;
}

static void draw_total(NnPage *p, const TrainHistory *h, double *smooth, const Marks *marks)
{
    NnChartSeries s[3];
    const int n = make_series(h, train_history_column(h, "loss"), smooth, s);
    nn_chart_lines(
        p, &(NnLineChart){ .text = { "Total loss",
                                     "lower is better. The pale line is what single steps gave, the solid one its "
                                     "running mean. Both solid and dashed should fall; where the dashed one (images "
                                     "not trained on) turns upwards for good, overfitting has begun.",
                                     "step", "loss", 0 },
                           .series = s,
                           .n = n,
                           .marks = marks->mark,
                           .n_marks = marks->n });
}

static void draw_terms(NnPage *p, const TrainEnding *e, const TrainHistory *h, double *smooth)
{
    static const char *const known[][2] = { { "rec", "rec: rebuild the image" },
                                            { "latent", "latent: one half for each class" },
                                            { "mask", "mask: show where it is forged" },
                                            { "cls", "cls: say whether it is forged" } };
    const TrainObjective *o = &e->trainer->objective;
    nn_chart_multiples_begin(p, "Each term of the loss, before its weight");
    for (int i = 0; i < o->n; i++) {
        NnChartSeries s[3];
        const int column = train_history_column(h, o->terms[i].name);
        const char *title = o->terms[i].name;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            if (!strcmp(known[k][0], title)) title = known[k][1];
        if (column < 0) continue;
        const int n = make_series(h, column, smooth, s);
        nn_chart_lines(p, &(NnLineChart){ .text = { title, NULL, "step", "loss", 1 }, .series = s, .n = n });
    }
    nn_chart_multiples_end(
        p, "the total loss is their weighted sum; a term that does not fall is one that the detector does not learn. "
           "Solid: training; dashed: validation.");
}

static void draw_auc(NnPage *p, const TrainHistory *h, const Marks *marks)
{
    const TrainCurves *v = &h->val;
    const int auc = train_history_column(h, "auc"), accuracy = train_history_column(h, "accuracy");
    if (!v->n || auc < 0 || accuracy < 0) return;
    const NnChartSeries s[] = {
        { .name = "AUC", .x = v->value[0], .y = v->value[auc], .n = v->n, .points = v->n <= 40 },
        { .name = "accuracy", .x = v->value[0], .y = v->value[accuracy], .n = v->n, .style = 2, .dash = DASHED },
    };
    NnChartMark all[4] = { { 0.5, "a coin toss", 1 } };
    for (int i = 0; i < marks->n; i++) all[i + 1] = marks->mark[i];
    nn_chart_lines(
        p, &(NnLineChart){ .text = { "Right or wrong, on validation images",
                                     "higher is better, 1 is perfect. A curve that still climbs at its right end asks "
                                     "for a longer run. Accuracy is at the threshold best for each validation.",
                                     "step", "AUC, accuracy (0 to 1)", 0 },
                           .y = { NAN, 1, 0 },
                           .series = s,
                           .n = 2,
                           .marks = all,
                           .n_marks = marks->n + 1 });
}

static void draw_rate(NnPage *p, const TrainHistory *h)
{
    const TrainCurves *t = &h->train;
    const int lr = train_history_column(h, "lr"), norm = train_history_column(h, "grad_norm");
    if (lr < 0 || norm < 0) return;
    const NnChartSeries rate = { .name = "rate", .x = t->value[0], .y = t->value[lr], .n = t->n };
    const NnChartSeries length = { .name = "length", .x = t->value[0], .y = t->value[norm], .n = t->n, .style = 3 };
    nn_chart_multiples_begin(p, "Pace");
    nn_chart_lines(p, &(NnLineChart){ .text = { "Learning rate", NULL, "step", "size of a step", 1 },
                                      .y = { 0, NAN, 0 },
                                      .series = &rate,
                                      .n = 1 });
    nn_chart_lines(p, &(NnLineChart){ .text = { "Gradient", NULL, "step", "length (log)", 1 },
                                      .y = { NAN, NAN, 1 },
                                      .series = &length,
                                      .n = 1 });
    nn_chart_multiples_end(
        p, "the rate follows the schedule of the configuration. A gradient that grows without end means that the rate "
           "is too high.");
}

NnStatus train_report_curves(NnPage *p, const TrainEnding *e, const TrainHistory *h, NnErr *err)
{
    const TrainVerdict v = train_verdict_make(h, e->trainer->config.train.best == TRAIN_BEST_AUC);
    const Marks marks = make_marks(e, &v);
    double *smooth = nn_alloc((size_t)h->train.n, sizeof *smooth);
    if (!smooth) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the curves of the report");
    nn_page_section_begin(p, "curves", "How it learned",
                          "Every chart runs from the first step on the left to the last.");
    if (h->width > 1) nn_page_paragraph(p, "Each point of a training curve is the mean of %d steps.", h->width);
    draw_total(p, h, smooth, &marks);
    draw_auc(p, h, &marks);
    draw_terms(p, e, h, smooth);
    draw_rate(p, h);
    nn_page_section_end(p);
    free(smooth);
    return NN_OK;
}
