/* judging.c -- see judging.h. */
#include "eval/judging.h"

#include <stdlib.h>
#include <string.h>

#include "data/heat_map.h"
#include "eval/bootstrap.h"
#include "eval/eval_page.h"
#include "eval/examples.h"
#include "eval/judge.h"
#include "eval/map_folder.h"
#include "eval/robustness_files.h"
#include "eval/score_table.h"
#include "eval/video_scores.h"
#include "nn/base/file.h"
#include "nn/base/parallel.h"
#include "nn/base/size.h"

/* ---- pictures ---- */

/* What happens to each judged image besides its line in scores.csv. */
typedef struct {
    const char *data; /* name of the present data set */
    int n;            /* its images */
    const EvalVoice *voice;
    EvalExamples *examples; /* NULL: made already */
    EvalGallery gallery;
    double threshold;
    EvalMapFolder maps; /* path NULL: none wanted */
} Pictures;

static NnStatus write_map(EvalMapFolder *maps, const char *data, const EvalView *v, NnErr *err)
{
    DataImage photo = { 0 }, picture = { 0 };
    char name[NN_TEXT_MAX];
    snprintf(name, sizeof name, "%s", v->generated ? v->generated : nn_path_name(v->item->path));
    char *dot = v->generated ? NULL : strrchr(name, '.');
    if (dot && dot != name) *dot = 0;
    NnStatus s = data_picture_from_planes(v->image, v->size, &photo, err);
    if (s == NN_OK) s = data_photo_and_overlay(&photo, v->map, v->size, &picture, err);
    if (s == NN_OK) s = eval_map_folder_save(maps, data, v->method, name, &picture, err);
    data_image_free(&photo);
    data_image_free(&picture);
    return s;
}

static void show_progress(const Pictures *p, int number)
{
    enum { STEP = 32 };
    if (!p->voice->shows_progress) return;
    if ((number + 1) % STEP == 0) fprintf(p->voice->log, "\r%s: %d of %d", p->data, number + 1, p->n);
    if (number + 1 == p->n) fprintf(p->voice->log, "\r\033[K");
}

static NnStatus show_image(void *self, const EvalView *v, NnErr *err)
{
    Pictures *p = self;
    show_progress(p, v->number);
    if (p->examples) NN_TRY(eval_examples_visit(p->examples, v, err));
    NN_TRY(eval_gallery_visit(&p->gallery, v, p->threshold, err));
    return p->maps.path ? write_map(&p->maps, p->data, v, err) : NN_OK;
}

/* ---- data sets ---- */

typedef struct {
    const EvalArguments *arguments;
    const EvalVoice *voice;
    EvalRun *run;
    int threads, n;      /* data sets */
    EvalData *data;      /* [n] */
    EvalReport *reports; /* [n] */
    Pictures pictures;
    EvalExamples examples;
} Session;

static NnStatus open_data(Session *s, NnErr *err)
{
    if (s->arguments->n_data == 0) return eval_data_own(s->run, s->threads, &s->data[0], err);
    for (int i = 0; i < s->n; i++) {
        NN_TRY(eval_data_other(s->run, s->arguments->data[i], s->threads, &s->data[i], err));
        for (int k = 0; k < i; k++)
            if (!strcmp(s->data[k].name, s->data[i].name))
                return nn_fail(err, NN_ERR_USAGE, "--data %s: the name %s is taken already", s->arguments->data[i],
                               s->data[i].name);
    }
    return NN_OK;
}

static void tell_skipped(const DataCheck *check, FILE *log)
{
    for (int i = 0; i < check->n_bad; i++) fprintf(log, "eval: left out: %s\n", check->messages[i]);
    if (check->n_bad) fprintf(log, "eval: %d of %d images left out\n", check->n_bad, check->n_checked);
}

/* The same figures once more for videos, where frames of videos were judged. */
static NnStatus judge_videos(const Session *s, EvalReport *report, NnErr *err)
{
    const EvalArguments *a = s->arguments;
    if (!eval_has_videos(&report->results)) return NN_OK;
    NN_TRY(eval_video_scores(&report->results, a->aggregation, &report->videos, err));
    NN_TRY(eval_rows_make(&report->videos, s->run->threshold, &report->video_rows, err));
    NN_TRY(eval_bootstrap(&report->videos, &report->video_rows, a->bootstrap, a->seed, err));
    putc('\n', s->voice->out);
    eval_table_write(s->voice->out, &report->videos, &report->video_rows, s->run->threshold_rule);
    return NN_OK;
}

static NnStatus judge_data(Session *s, int i, NnErr *err)
{
    EvalData *data = &s->data[i];
    EvalReport *report = &s->reports[i];
    tell_skipped(&data->check, s->voice->log);
    s->pictures.data = data->name;
    s->pictures.n = data->n;
    s->pictures.examples = i == 0 ? &s->examples : NULL;
    if (i == 0) eval_examples_plan(&s->examples, data);
    NN_TRY(eval_gallery_begin(&s->pictures.gallery, err));
    NN_TRY(eval_judge(s->run, data, s->threads, show_image, &s->pictures, &report->results, err));
    report->source = *data->set->settings.path ? data->set->settings.path : data->name;
    report->images = eval_data_key(data);
    report->n_skipped = data->check.n_bad;
    report->results.compat = s->arguments->compat;
    NN_TRY(eval_rows_make(&report->results, s->run->threshold, &report->rows, err));
    NN_TRY(eval_bootstrap(&report->results, &report->rows, s->arguments->bootstrap, s->arguments->seed, err));
    eval_table_write(s->voice->out, &report->results, &report->rows, s->run->threshold_rule);
    NN_TRY(judge_videos(s, report, err));
    putc('\n', s->voice->out);
    return NN_OK;
}

static void show_corruption(void *self, const DataOperator *op, double level, int done, int of)
{
    enum { STEP = 32 };
    const Pictures *p = self;
    if (done % STEP == 0)
        fprintf(p->voice->log, "\r\033[K%s: %s %s %g: %d of %d", p->data, op->protocol, op->name, level, done, of);
    if (done == of) fprintf(p->voice->log, "\r\033[K");
}

static NnStatus test_robustness(Session *s, int i, NnErr *err)
{
    EvalReport *report = &s->reports[i];
    const EvalRobustSpec spec = { .protocols = s->arguments->robust,
                                  .threads = s->threads,
                                  .resamples = s->arguments->bootstrap,
                                  .seed = s->arguments->seed,
                                  .progress = s->voice->shows_progress ? show_corruption : NULL,
                                  .self = &s->pictures };
    NN_TRY(eval_robust_make(s->run, &s->data[i], &report->results, &report->rows, &spec, &report->robust, err));
    eval_robust_table(s->voice->out, &report->robust);
    putc('\n', s->voice->out);
    return NN_OK;
}

/* ---- files ---- */

static NnStatus save_examples(Session *s, const char *folder, NnErr *err)
{
    DataImage sheet = { 0 };
    char *path = nn_path_join(folder, "examples.png");
    NnStatus status =
        path ? eval_examples_draw(&s->examples, &sheet, err) : nn_fail(err, NN_ERR_NOMEM, "out of memory");
    if (status == NN_OK) status = data_image_save_png(&sheet, path, err);
    data_image_free(&sheet);
    free(path);
    return status;
}

static NnStatus save_page(const Session *s, const char *folder, const EvalBootstrapSpec *bootstrap, NnErr *err)
{
    const EvalReportPage page = { .reports = s->reports,
                                  .n = s->n,
                                  .run = s->run,
                                  .bootstrap = bootstrap,
                                  .gallery = &s->pictures.gallery,
                                  .examples = &s->examples };
    return eval_report_page_save(&page, folder, err);
}

static NnStatus save_all(Session *s, const char *folder, NnErr *err)
{
    const EvalBootstrapSpec bootstrap = { s->arguments->bootstrap, s->arguments->seed };
    NN_TRY(eval_report_save(folder, s->reports, s->n, s->run, &bootstrap, err));
    NN_TRY(save_examples(s, folder, err));
    NN_TRY(save_page(s, folder, &bootstrap, err));
    fprintf(s->voice->out, "\nwritten: %s/{report.html, eval.csv, eval.json, scores.csv, %sexamples.png}\n", folder,
            s->arguments->robust ? "robustness.csv, " : "");
    if (s->pictures.maps.path)
        fprintf(s->voice->out, "         %s/<data>/<manipulation>/*.png\n", s->pictures.maps.path);
    return NN_OK;
}

static NnStatus judge_and_save(Session *s, const char *folder, NnErr *err)
{
    s->data = nn_alloc((size_t)s->n, sizeof *s->data);
    s->reports = nn_alloc((size_t)s->n, sizeof *s->reports);
    if (!s->data || !s->reports) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    NN_TRY(nn_folder_check(folder, err));
    if (s->pictures.maps.path) NN_TRY(nn_folder_check(s->pictures.maps.path, err));
    NN_TRY(open_data(s, err));
    for (int i = 0; i < s->n; i++) {
        NN_TRY(judge_data(s, i, err));
        if (s->arguments->robust) NN_TRY(test_robustness(s, i, err));
    }
    eval_table_explain(s->voice->out, s->arguments->bootstrap);
    if (s->arguments->robust) eval_robust_explain(s->voice->out, &s->reports[0].robust);
    return save_all(s, folder, err);
}

NnStatus eval_session(EvalRun *run, const EvalArguments *a, const char *folder, const char *maps,
                      const EvalVoice *voice, NnErr *err)
{
    Session s = { .arguments = a,
                  .voice = voice,
                  .run = run,
                  .threads = nn_threads(),
                  .n = a->n_data ? a->n_data : 1,
                  .pictures = { .voice = voice, .maps.path = maps, .threshold = run->threshold } };
    const NnStatus status = judge_and_save(&s, folder, err);
    for (int i = 0; i < s.n; i++) {
        if (s.reports) eval_rows_free(&s.reports[i].video_rows);
        if (s.reports) eval_results_free(&s.reports[i].videos);
        if (s.reports) eval_rows_free(&s.reports[i].rows);
        if (s.reports) eval_robust_free(&s.reports[i].robust);
        if (s.reports) eval_results_free(&s.reports[i].results);
        if (s.data) eval_data_close(&s.data[i]);
    }
    free(s.reports);
    free(s.data);
    eval_examples_free(&s.examples);
    eval_map_folder_free(&s.pictures.maps);
    eval_gallery_free(&s.pictures.gallery);
    return status;
}

NnStatus eval_session_threshold(EvalRun *run, const EvalArguments *a, NnErr *err)
{
    return eval_run_set_threshold(run, a->compat ? "deepfakebench" : a->threshold, err);
}

void eval_session_warn(const EvalRun *run, FILE *log)
{
    if (!run->has_threshold || run->step < 0 || run->threshold_step < 0 || run->threshold_step == run->step) return;
    fprintf(log, "eval: the weights are those of step %lld, the threshold was chosen at step %lld\n",
            (long long)run->step, (long long)run->threshold_step);
}
