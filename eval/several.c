/* several.c -- see several.h. Runs are held one at a time; what remains of each are its files. */
#include "eval/several.h"

#include <stdlib.h>
#include <string.h>

#include "eval/compare_page.h"
#include "eval/comparison_files.h"
#include "eval/matrix_files.h"
#include "nn/base/file.h"
#include "nn/base/settings.h"
#include "nn/base/size.h"

typedef struct {
    const EvalArguments *arguments;
    const EvalVoice *voice;
    int n, batch;
    char **names;      /* [n]: of each run */
    char **real;       /* [n]: the folder that it lies in, without links */
    char **folders;    /* [n]: where its evaluation goes */
    EvalPastRun *past; /* [n], read back */
    int n_past;
    char *folder; /* of what sets them side by side */
} Several;

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "several runs: out of memory");
}

/* ---- names and folders ---- */

static int is_taken(const Several *s, int i, const char *name)
{
    for (int k = 0; k < i; k++)
        if (!strcmp(s->names[k], name)) return 1;
    return 0;
}

/* The last part of the run's folder; a second run of that name is NAME-2, and so on. */
static NnStatus name_run(Several *s, int i, const char *folder, NnErr *err)
{
    char name[NN_TEXT_MAX];
    s->real[i] = nn_path_real(folder);
    if (!s->real[i]) return no_memory(err);
    const char *base = nn_path_name(s->real[i]);
    snprintf(name, sizeof name, "%.400s", *base ? base : "run");
    for (int k = 2; is_taken(s, i, name); k++) snprintf(name, sizeof name, "%.400s-%d", *base ? base : "run", k);
    s->names[i] = nn_path_join(NULL, name);
    return s->names[i] ? NN_OK : no_memory(err);
}

static NnStatus choose_folder(Several *s, int i, const char *folder, NnErr *err)
{
    const char *out = s->arguments->out;
    s->folders[i] = out ? nn_path_join(out, s->names[i]) : nn_path_join(folder, "eval");
    if (!s->folders[i]) return no_memory(err);
    for (int k = 0; k < i; k++)
        if (!out && !strcmp(s->real[k], s->real[i]))
            return nn_fail(err, NN_ERR_USAGE,
                           "%s and %s: both would write to %s; --out DIR gives each a folder of its own",
                           s->arguments->runs[k], s->arguments->runs[i], s->folders[i]);
    return nn_folder_check(s->folders[i], err);
}

static NnStatus plan_run(Several *s, int i, NnErr *err)
{
    char *checkpoint;
    NN_TRY(nn_trained_find(s->arguments->runs[i], &checkpoint, err));
    char *folder = nn_path_folder(checkpoint);
    NnStatus status = folder ? name_run(s, i, folder, err) : no_memory(err);
    if (status == NN_OK) status = choose_folder(s, i, folder, err);
    free(folder);
    free(checkpoint);
    return status;
}

/* What can be known to go wrong is said before the first run is judged, which may take hours. */
static NnStatus plan(Several *s, NnErr *err)
{
    const char *out = s->arguments->out;
    for (int i = 0; i < s->n; i++) NN_TRY(plan_run(s, i, err));
    s->folder = out ? nn_path_join(NULL, out) : nn_path_join(s->folders[0], "compared");
    return s->folder ? nn_folder_check(s->folder, err) : no_memory(err);
}

/* ---- judging ---- */

static NnStatus judge_open(Several *s, int i, EvalRun *run, NnErr *err)
{
    char *maps = s->arguments->maps ? nn_path_join(s->arguments->maps, s->names[i]) : NULL;
    if (s->arguments->maps && !maps) return no_memory(err);
    fprintf(s->voice->out, "%s== %s ==\n", i ? "\n" : "", s->names[i]);
    eval_session_warn(run, s->voice->log);
    const NnStatus status = eval_session(run, s->arguments, s->folders[i], maps, s->voice, err);
    free(maps);
    return status;
}

static NnStatus judge(Several *s, int i, NnErr *err)
{
    EvalRun *run;
    NN_TRY(eval_run_open(s->arguments->runs[i], s->batch, &run, err));
    NnStatus status = eval_session_threshold(run, s->arguments, err);
    if (status == NN_OK) status = judge_open(s, i, run, err);
    eval_run_close(run);
    return status;
}

/* ---- side by side ---- */

/* Means over seeds need runs that saw and judged the same; where they did not (*made = 0), the matrix says all there is
 * to say. */
static NnStatus make_comparison(const Several *s, EvalComparison *c, int *made, NnErr *err)
{
    NnErr why = { .status = NN_OK };
    const NnStatus status = eval_comparison_make_at((const char *const *)s->names, (const char *const *)s->folders,
                                                    s->n, s->arguments->bootstrap, s->arguments->seed, c, &why);
    *made = status == NN_OK;
    return status == NN_OK || status == NN_ERR_DATA ? NN_OK : nn_fail(err, status, "%s", why.msg);
}

/* The runs' own reports as seen from the page; only those below its folder keep their place when that is moved. */
static NnStatus save_page(const Several *s, const EvalMatrix *m, const EvalComparison *c, NnErr *err)
{
    EvalComparePage page = { .matrix = m, .comparison = c };
    char **links = nn_alloc((size_t)s->n, sizeof *links);
    NnStatus status = links ? NN_OK : no_memory(err);
    for (int i = 0; status == NN_OK && s->arguments->out && i < s->n; i++) {
        links[i] = nn_path_join(s->names[i], "report.html");
        if (!links[i]) status = no_memory(err);
    }
    page.links = (const char *const *)links;
    if (status == NN_OK) status = eval_compare_page_save(&page, s->folder, err);
    for (int i = 0; links && i < s->n; i++) free(links[i]);
    free(links);
    return status;
}

static NnStatus save_all(const Several *s, const EvalMatrix *m, NnErr *err)
{
    EvalComparison c;
    int made;
    char *text = eval_matrix_markdown(m);
    if (!text) return no_memory(err);
    fprintf(s->voice->out, "\n%s", text);
    free(text);
    NN_TRY(eval_matrix_save(m, s->folder, err));
    NN_TRY(make_comparison(s, &c, &made, err));
    NnStatus status = made ? eval_comparison_save(&c, s->folder, err) : NN_OK;
    if (status == NN_OK) status = save_page(s, m, made ? &c : NULL, err);
    if (made) eval_comparison_free(&c);
    fprintf(s->voice->out, "\nwritten: %s/{report.html, matrix.csv, matrix.md, eval.json%s}\n", s->folder,
            made ? ", comparison.csv, comparison.md, comparison.tex" : "");
    return status;
}

static NnStatus set_side_by_side(Several *s, NnErr *err)
{
    EvalMatrix m;
    for (; s->n_past < s->n; s->n_past++)
        NN_TRY(eval_past_run_read_at(s->names[s->n_past], s->folders[s->n_past], &s->past[s->n_past], err));
    NN_TRY(eval_matrix_make(s->past, (const char *const *)s->names, s->n, s->arguments->bootstrap, s->arguments->seed,
                            &m, err));
    const NnStatus status = save_all(s, &m, err);
    eval_matrix_free(&m);
    return status;
}

static NnStatus work(Several *s, NnErr *err)
{
    s->names = nn_alloc((size_t)s->n, sizeof *s->names);
    s->real = nn_alloc((size_t)s->n, sizeof *s->real);
    s->folders = nn_alloc((size_t)s->n, sizeof *s->folders);
    s->past = nn_alloc((size_t)s->n, sizeof *s->past);
    if (!s->names || !s->real || !s->folders || !s->past) return no_memory(err);
    NN_TRY(plan(s, err));
    for (int i = 0; i < s->n; i++) NN_TRY(judge(s, i, err));
    return set_side_by_side(s, err);
}

NnStatus eval_several(const EvalArguments *a, int batch, const EvalVoice *voice, NnErr *err)
{
    Several s = { .arguments = a, .voice = voice, .n = a->n_runs, .batch = batch };
    const NnStatus status = work(&s, err);
    for (int i = 0; i < s.n; i++) {
        if (s.names) free(s.names[i]);
        if (s.real) free(s.real[i]);
        if (s.folders) free(s.folders[i]);
    }
    for (int i = 0; i < s.n_past; i++) eval_past_run_free(&s.past[i]);
    free(s.names), free(s.real), free(s.folders), free(s.past);
    free(s.folder);
    return status;
}

NnStatus eval_several_page(const EvalComparison *c, const char *folder, NnErr *err)
{
    EvalMatrix m;
    const char **names = nn_alloc((size_t)c->n_runs, sizeof *names);
    if (!names) return no_memory(err);
    for (int i = 0; i < c->n_runs; i++) names[i] = nn_path_name(c->runs[i].folder);
    NnStatus status = eval_matrix_make(c->runs, names, c->n_runs, c->resamples, c->seed, &m, err);
    if (status == NN_OK) {
        status = eval_compare_page_save(&(EvalComparePage){ .matrix = &m, .comparison = c }, folder, err);
        eval_matrix_free(&m);
    }
    free(names);
    return status;
}
