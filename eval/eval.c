/* eval.c -- the evaluation program: how well does a trained detector do on manipulations it has and has not seen?
 * Holds main; the only file of this room that prints. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "eval/comparison_files.h"
#include "eval/eval_arguments.h"
#include "eval/judging.h"
#include "eval/photo_table.h"
#include "eval/score_photos.h"
#include "eval/several.h"
#include "nn/base/calm_start.h"
#include "nn/base/file.h"
#include "nn/base/parallel.h"

enum { BATCH = 32 };

/* ---- --score ---- */

enum { MAX_TOLD = 5 }; /* warnings that are told one by one */

typedef struct {
    int n, done, n_warned; /* files in all, and so far; of these, with a warning */
    int shows_progress;
    EvalPhotoTable table; /* rows NULL: none wanted */
} ScoreSink;

/* A path as part of a line on a terminal: control characters, which a file's name may hold, as question marks. */
static void put_path(FILE *out, const char *path)
{
    for (const char *c = path; *c; c++) putc((unsigned char)*c < ' ' || *c == 127 ? '?' : *c, out);
}

static NnStatus print_photo(void *self, const EvalPhoto *photo, NnErr *err)
{
    ScoreSink *sink = self;
    (void)err;
    if (sink->shows_progress) fputs("\r\033[K", stderr);
    if (!photo->failure) {
        put_path(stdout, photo->path);
        printf("\t%.4f\t%s\n", (double)photo->score, eval_photo_verdicts[photo->verdict]);
    }
    fflush(stdout);
    if (photo->failure || (*photo->warning && sink->n_warned++ < MAX_TOLD)) {
        fputs("eval: ", stderr);
        if (!photo->failure) put_path(stderr, photo->path), fputs(": ", stderr);
        put_path(stderr, photo->failure ? photo->failure : photo->warning);
        putc('\n', stderr);
    }
    if (sink->table.rows) eval_photo_table_add(&sink->table, photo);
    if (sink->shows_progress && ++sink->done < sink->n) fprintf(stderr, "%d of %d", sink->done, sink->n);
    return NN_OK;
}

/* Did somebody ask for a single line between real and forged? Then nothing is unsure. */
static int has_own_line(const EvalArguments *a)
{
    return a->threshold || a->compat;
}

static void tell_score_heading(const EvalRun *run, const EvalArguments *a, const EvalPhotoBand *band)
{
    if (isatty(STDOUT_FILENO))
        printf("path\tprobability of being forged\tverdict (real below %.3f, forged from %.3f on)\n", band->real_below,
               band->forged_from);
    if (run->validation.n == 0 && !has_own_line(a))
        fprintf(stderr, "eval: the checkpoint holds no validation scores, so no verdict is ever \"unsure\"\n");
}

static NnStatus score_all(EvalRun *run, const EvalArguments *a, const EvalPhotoPaths *photos, ScoreSink *sink,
                          NnErr *err)
{
    EvalPhotoBand band = { run->threshold, run->threshold };
    int n_bad;
    if (!has_own_line(a)) NN_TRY(eval_photo_band(&run->validation, a->unsure, run->threshold, &band, err));
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

/* Where files shall go is known before anything has been read. */
static NnStatus check_folders(const EvalArguments *a, NnErr *err)
{
    if (a->out) NN_TRY(nn_folder_check(a->out, err));
    return a->maps ? nn_folder_check(a->maps, err) : NN_OK;
}

static NnStatus work(const EvalArguments *a, NnErr *err)
{
    EvalRun *run;
    if (a->help || a->version) {
        if (a->help) eval_usage_write(stdout);
        else puts("locus eval " LOCUS_VERSION);
        return NN_OK;
    }
    NN_TRY(check_folders(a, err));
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
