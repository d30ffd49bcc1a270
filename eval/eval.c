/* eval.c -- the evaluation program: how well does a trained detector do on manipulations it has and has not seen?
 * Holds main; the only file of this room that prints. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/heat_map.h"
#include "eval/bootstrap.h"
#include "eval/comparison_files.h"
#include "eval/eval_arguments.h"
#include "eval/examples.h"
#include "eval/judge.h"
#include "eval/map_folder.h"
#include "eval/photo_table.h"
#include "eval/report_files.h"
#include "eval/score_photos.h"
#include "eval/score_table.h"
#include "nn/base/calm_start.h"
#include "nn/base/file.h"
#include "nn/base/parallel.h"
#include "nn/base/size.h"

enum { BATCH = 32 };

/* ---- --score ---- */

enum { MAX_TOLD = 5 }; /* warnings that are told one by one */

typedef struct {
    int n, done, n_warned; /* files in all, and so far; of these, with a warning */
    int shows_progress;
    EvalPhotoTable table; /* rows NULL: none wanted */
} ScoreSink;

static NnStatus print_photo(void *self, const EvalPhoto *photo, NnErr *err)
{
    ScoreSink *sink = self;
    (void)err;
    if (sink->shows_progress) fputs("\r\033[K", stderr);
    if (!photo->failure)
        printf("%s\t%.4f\t%s\n", photo->path, (double)photo->score, eval_photo_verdicts[photo->verdict]);
    fflush(stdout);
    if (photo->failure) fprintf(stderr, "eval: %s\n", photo->failure);
    else if (*photo->warning && sink->n_warned++ < MAX_TOLD)
        fprintf(stderr, "eval: %s: %s\n", photo->path, photo->warning);
    if (sink->table.rows) eval_photo_table_add(&sink->table, photo);
    if (sink->shows_progress && ++sink->done < sink->n) fprintf(stderr, "%d of %d", sink->done, sink->n);
    return NN_OK;
}

static void tell_score_heading(const EvalRun *run, const EvalArguments *a, const EvalPhotoBand *band)
{
    if (isatty(STDOUT_FILENO))
        printf("path\tprobability of being forged\tverdict (real below %.3f, forged from %.3f on)\n", band->real_below,
               band->forged_from);
    if (run->validation.n == 0 && !a->threshold)
        fprintf(stderr, "eval: the checkpoint holds no validation scores, so no verdict is ever \"unsure\"\n");
}

static NnStatus score_all(EvalRun *run, const EvalArguments *a, const EvalPhotoPaths *photos, ScoreSink *sink,
                          NnErr *err)
{
    EvalPhotoBand band = { run->threshold, run->threshold };
    int n_bad;
    if (!a->threshold) NN_TRY(eval_photo_band(&run->validation, a->unsure, run->threshold, &band, err));
    if (a->out) NN_TRY(eval_photo_table_open(&sink->table, err));
    tell_score_heading(run, a, &band);
    NN_TRY(eval_score_photos(run, photos, &band, a->maps, print_photo, sink, &n_bad, err));
    if (sink->n_warned > MAX_TOLD)
        fprintf(stderr, "eval: %d more with such a warning%s\n", sink->n_warned - MAX_TOLD,
                a->out ? " (scores.csv has them)" : "; --out DIR lists them");
    if (a->out) NN_TRY(eval_photo_table_save(&sink->table, a->out, err));
    return n_bad == 0 ? NN_OK : nn_fail(err, NN_ERR_FORMAT, "%d of %d files could not be judged", n_bad, photos->n);
}

static NnStatus score_photos(EvalRun *run, const EvalArguments *a, NnErr *err)
{
    EvalPhotoPaths photos = { 0 };
    ScoreSink sink = { .shows_progress = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO) };
    NnStatus s = eval_photo_paths_add(&photos, a->photos, a->n_photos, err);
    sink.n = photos.n;
    if (s == NN_OK) s = score_all(run, a, &photos, &sink, err);
    eval_photo_table_free(&sink.table);
    eval_photo_paths_free(&photos);
    return s;
}

/* ---- data sets ---- */

/* What happens to each judged image besides its line in scores.csv. */
typedef struct {
    const char *data; /* name of the present data set */
    int n;            /* its images */
    int shows_progress;
    EvalExamples *examples; /* NULL: made already */
    EvalMapFolder maps;     /* path NULL: none wanted */
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

static NnStatus show_image(void *self, const EvalView *v, NnErr *err)
{
    Pictures *p = self;
    if (p->shows_progress && (v->number + 1) % BATCH == 0)
        fprintf(stderr, "\r%s: %d of %d", p->data, v->number + 1, p->n);
    if (p->shows_progress && v->number + 1 == p->n) fprintf(stderr, "\r\033[K");
    if (p->examples) NN_TRY(eval_examples_visit(p->examples, v, err));
    return p->maps.path ? write_map(&p->maps, p->data, v, err) : NN_OK;
}

/* What main holds while it judges. */
typedef struct {
    const EvalArguments *arguments;
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

static void tell_skipped(const DataCheck *check)
{
    for (int i = 0; i < check->n_bad; i++) fprintf(stderr, "eval: left out: %s\n", check->messages[i]);
    if (check->n_bad) fprintf(stderr, "eval: %d of %d images left out\n", check->n_bad, check->n_checked);
}

static NnStatus judge_data(Session *s, int i, NnErr *err)
{
    EvalData *data = &s->data[i];
    EvalReport *report = &s->reports[i];
    tell_skipped(&data->check);
    s->pictures.data = data->name;
    s->pictures.n = data->n;
    s->pictures.examples = i == 0 ? &s->examples : NULL;
    if (i == 0) eval_examples_plan(&s->examples, data);
    NN_TRY(eval_judge(s->run, data, s->threads, show_image, &s->pictures, &report->results, err));
    report->source = *data->set->settings.path ? data->set->settings.path : data->name;
    report->n_skipped = data->check.n_bad;
    NN_TRY(eval_rows_make(&report->results, s->run->threshold, &report->rows, err));
    NN_TRY(eval_bootstrap(&report->results, &report->rows, s->arguments->bootstrap, s->arguments->seed, err));
    eval_table_write(stdout, &report->results, &report->rows, s->run->threshold_rule);
    putchar('\n');
    return NN_OK;
}

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

static NnStatus save_all(Session *s, const char *folder, NnErr *err)
{
    const EvalBootstrapSpec bootstrap = { s->arguments->bootstrap, s->arguments->seed };
    NN_TRY(eval_report_save(folder, s->reports, s->n, s->run, &bootstrap, err));
    NN_TRY(save_examples(s, folder, err));
    printf("\nwritten: %s/{eval.csv, eval.json, scores.csv, examples.png}\n", folder);
    if (s->arguments->maps) printf("         %s/<data>/<manipulation>/*.png\n", s->arguments->maps);
    return NN_OK;
}

static NnStatus judge_and_save(Session *s, NnErr *err)
{
    s->data = nn_alloc((size_t)s->n, sizeof *s->data);
    s->reports = nn_alloc((size_t)s->n, sizeof *s->reports);
    if (!s->data || !s->reports) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    NN_TRY(open_data(s, err));
    for (int i = 0; i < s->n; i++) NN_TRY(judge_data(s, i, err));
    eval_table_explain(stdout, s->arguments->bootstrap);
    char *folder = s->arguments->out ? nn_path_join(NULL, s->arguments->out) : nn_path_join(s->run->folder, "eval");
    if (!folder) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    const NnStatus status = save_all(s, folder, err);
    free(folder);
    return status;
}

static NnStatus judge_data_sets(EvalRun *run, const EvalArguments *a, NnErr *err)
{
    Session s = { .arguments = a, .run = run, .threads = nn_threads(), .n = a->n_data ? a->n_data : 1 };
    s.pictures.maps.path = a->maps;
    s.pictures.shows_progress = isatty(STDERR_FILENO);
    const NnStatus status = judge_and_save(&s, err);
    for (int i = 0; i < s.n; i++) {
        if (s.reports) eval_rows_free(&s.reports[i].rows);
        if (s.reports) eval_results_free(&s.reports[i].results);
        if (s.data) eval_data_close(&s.data[i]);
    }
    free(s.reports);
    free(s.data);
    eval_examples_free(&s.examples);
    eval_map_folder_free(&s.pictures.maps);
    return status;
}

/* ---- --compare ---- */

static NnStatus compare_runs(const EvalArguments *a, NnErr *err)
{
    EvalComparison comparison;
    NN_TRY(eval_comparison_make(a->runs, a->n_runs, a->bootstrap, a->seed, &comparison, err));
    char *text = eval_comparison_markdown(&comparison);
    NnStatus s = text ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory");
    if (text) fputs(text, stdout);
    if (s == NN_OK && a->out) s = eval_comparison_save(&comparison, a->out, err);
    if (s == NN_OK && a->out) printf("\nwritten: %s/comparison.{md, csv, tex}\n", a->out);
    free(text);
    eval_comparison_free(&comparison);
    return s;
}

/* ---- the program ---- */

/* In `last` of an interrupted run the weights are some steps beyond the last validation. */
static void tell_old_threshold(const EvalRun *run)
{
    if (!run->has_threshold || run->step < 0 || run->threshold_step < 0 || run->threshold_step == run->step) return;
    fprintf(stderr, "eval: the weights are those of step %lld, the threshold was chosen at step %lld\n",
            (long long)run->step, (long long)run->threshold_step);
}

static NnStatus work(const EvalArguments *a, NnErr *err)
{
    EvalRun *run;
    if (a->help || a->version) {
        fputs(a->help ? eval_usage : "locus eval " LOCUS_VERSION "\n", stdout);
        return NN_OK;
    }
    if (a->threads > 0) nn_threads_set(a->threads);
    if (a->compare) return compare_runs(a, err);
    NN_TRY(eval_run_open(a->run, BATCH, &run, err));
    tell_old_threshold(run);
    NnStatus s = eval_run_set_threshold(run, a->threshold, err);
    if (s == NN_OK) s = a->score ? score_photos(run, a, err) : judge_data_sets(run, a, err);
    eval_run_close(run);
    return s;
}

int main(int argc, char **argv)
{
    nn_calm_start(argv);
    NnErr err = { 0 };
    EvalArguments arguments;
    NnStatus s = eval_arguments_parse(argc, argv, &arguments, &err);
    if (s == NN_OK) {
        s = work(&arguments, &err);
        eval_arguments_free(&arguments);
    }
    if (s == NN_OK && (fflush(stdout) || ferror(stdout))) s = nn_fail(&err, NN_ERR_IO, "standard output: write failed");
    if (s != NN_OK) fprintf(stderr, "eval: %s\n", err.msg);
    return nn_status_exit_code(s);
}
