/* eval.c -- the evaluation program: how well does a trained detector do on manipulations it has and has not seen?
 * Holds main; the only file of this room that prints. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "eval/comparison_files.h"
#include "eval/eval_arguments.h"
#include "eval/judging.h"
#include "eval/score_photos.h"
#include "eval/several.h"
#include "nn/base/calm_start.h"
#include "nn/base/file.h"
#include "nn/base/parallel.h"

enum { BATCH = 32 };

/* ---- --score ---- */

static void print_photo(void *self, const EvalPhoto *photo)
{
    (void)self;
    if (!photo->failure) {
        printf("%s\t%.4f\t%s\n", photo->path, (double)photo->score, photo->forged ? "forged" : "real");
        return;
    }
    fflush(stdout);
    fprintf(stderr, "eval: %s\n", photo->failure);
}

static NnStatus score_photos(EvalRun *run, const EvalArguments *a, NnErr *err)
{
    int n_bad;
    if (isatty(STDOUT_FILENO))
        printf("path\tprobability of being forged\tverdict (forged from %.3f on)\n", run->threshold);
    NN_TRY(eval_score_photos(run, a->photos, a->n_photos, a->maps, print_photo, NULL, &n_bad, err));
    if (n_bad == 0) return NN_OK;
    return nn_fail(err, NN_ERR_FORMAT, "%d of %d files could not be judged", n_bad, a->n_photos);
}

/* ---- data sets ---- */

static NnStatus judge_data_sets(EvalRun *run, const EvalArguments *a, NnErr *err)
{
    const EvalVoice voice = { stdout, stderr, isatty(STDERR_FILENO) };
    char *folder = a->out ? nn_path_join(NULL, a->out) : nn_path_join(run->folder, "eval");
    if (!folder) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    const NnStatus s = eval_session(run, a, folder, a->maps, &voice, err);
    free(folder);
    return s;
}

static NnStatus judge_several(const EvalArguments *a, NnErr *err)
{
    const EvalVoice voice = { stdout, stderr, isatty(STDERR_FILENO) };
    return eval_several(a, BATCH, &voice, err);
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
    if (s == NN_OK && a->out) s = eval_several_page(&comparison, a->out, err);
    if (s == NN_OK && a->out)
        printf("\nwritten: %s/{report.html, comparison.md, comparison.csv, comparison.tex}\n", a->out);
    free(text);
    eval_comparison_free(&comparison);
    return s;
}

/* ---- the program ---- */

static NnStatus work(const EvalArguments *a, NnErr *err)
{
    EvalRun *run;
    if (a->help || a->version) {
        fputs(a->help ? eval_usage : "locus eval " LOCUS_VERSION "\n", stdout);
        return NN_OK;
    }
    if (a->threads > 0) nn_threads_set(a->threads);
    if (a->compare) return compare_runs(a, err);
    if (a->n_runs > 1) return judge_several(a, err);
    NN_TRY(eval_run_open(a->runs[0], BATCH, &run, err));
    eval_session_warn(run, stderr);
    NnStatus s = eval_session_threshold(run, a, err);
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
