/* comparison.c -- see comparison.h. */
#include "eval/comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

const char *const eval_compared_names[EVAL_COMPARED] = { "auc", "accuracy", "balanced_accuracy", "iou", "pixel_auc" };

/* ---- systems ---- */

/* files: NULL, or where each run's evaluation is. */
static NnStatus read_runs(const char *const *folders, const char *const *files, int n, EvalComparison *c, NnErr *err)
{
    c->runs = nn_alloc((size_t)n, sizeof *c->runs);
    c->systems = nn_alloc((size_t)n, sizeof *c->systems);
    if (!c->runs || !c->systems) return nn_fail(err, NN_ERR_NOMEM, "comparison: out of memory");
    for (; c->n_runs < n; c->n_runs++) {
        const int i = c->n_runs;
        if (files) NN_TRY(eval_past_run_read_at(folders[i], files[i], &c->runs[i], err));
        else NN_TRY(eval_past_run_read(folders[i], &c->runs[i], err));
    }
    return NN_OK;
}

static void swap_runs(EvalPastRun *a, EvalPastRun *b)
{
    const EvalPastRun kept = *a;
    *a = *b;
    *b = kept;
}

/* Bring the runs of the same name together, each where it was named first, by rising seed. */
static NnStatus group_runs(EvalComparison *c, NnErr *err)
{
    for (int from = 0, to; from < c->n_runs; from = to) {
        to = from + 1;
        for (int i = to; i < c->n_runs; i++) {
            if (strcmp(c->runs[i].name, c->runs[from].name) != 0) continue;
            for (int k = i; k > to; k--) swap_runs(&c->runs[k], &c->runs[k - 1]);
            for (int k = to; k > from && c->runs[k].seed < c->runs[k - 1].seed; k--)
                swap_runs(&c->runs[k], &c->runs[k - 1]);
            to++;
        }
        for (int i = from + 1; i < to; i++)
            if (c->runs[i].seed == c->runs[i - 1].seed)
                return nn_fail(err, NN_ERR_DATA, "%s and %s: both are %s with seed %llu", c->runs[i - 1].folder,
                               c->runs[i].folder, c->runs[i].name, (unsigned long long)c->runs[i].seed);
        c->systems[c->n_systems++] =
            (EvalSystem){ .name = c->runs[from].name, .n_runs = to - from, .runs = &c->runs[from] };
    }
    return NN_OK;
}

static NnStatus list_rows(EvalComparison *c, NnErr *err)
{
    const EvalPastRun *first = &c->runs[0];
    int n = 0;
    for (int d = 0; d < first->n_sets; d++) n += first->sets[d].rows.n;
    c->rows = nn_alloc((size_t)n, sizeof *c->rows);
    if (!c->rows) return nn_fail(err, NN_ERR_NOMEM, "comparison: out of memory");
    for (int d = 0; d < first->n_sets; d++)
        for (int k = 0; k < first->sets[d].rows.n; k++)
            c->rows[c->n_rows++] = (EvalComparedRow){ first->sets[d].name, &first->sets[d].rows.rows[k] };
    return NN_OK;
}

/* Every run must have been judged on what the first was; that the images are the same eval_paired sees to. */
static NnStatus check_run(const EvalPastRun *first, const EvalPastRun *run, NnErr *err)
{
    NnErr inner = { .status = NN_OK };
    int same = run->n_sets == first->n_sets;
    for (int d = 0; same && d < run->n_sets; d++) {
        same = !strcmp(run->sets[d].name, first->sets[d].name);
        if (same && eval_paired_check_rows(&first->sets[d].rows, &run->sets[d].rows, &inner) != NN_OK)
            return nn_fail(err, inner.status, "%s and %s: %s", first->folder, run->folder, inner.msg);
    }
    if (same) return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "%s and %s: not judged on the same data sets", first->folder, run->folder);
}

static NnStatus check_runs(const EvalComparison *c, NnErr *err)
{
    for (int i = 1; i < c->n_runs; i++) NN_TRY(check_run(&c->runs[0], &c->runs[i], err));
    return NN_OK;
}

/* ---- figures ---- */

static double figure(const EvalRow *row, int f)
{
    const double values[EVAL_COMPARED] = { row->auc.value, row->accuracy.value, row->balanced.value, row->iou,
                                           row->pixel_auc };
    return values[f];
}

static void mean_and_spread(const EvalSystem *system, int d, int k, int f, EvalComparedFigure *out)
{
    double sum = 0, squares = 0;
    for (int s = 0; s < system->n_runs; s++) sum += figure(&system->runs[s].sets[d].rows.rows[k], f);
    out->mean = sum / system->n_runs;
    for (int s = 0; s < system->n_runs; s++) {
        const double away = figure(&system->runs[s].sets[d].rows.rows[k], f) - out->mean;
        squares += away * away;
    }
    out->sd = system->n_runs > 1 ? sqrt(squares / (system->n_runs - 1)) : (double)NAN;
}

/* ---- differences ---- */

static const EvalPastRun *find_seed(const EvalSystem *system, uint64_t seed)
{
    for (int i = 0; i < system->n_runs; i++)
        if (system->runs[i].seed == seed) return &system->runs[i];
    return NULL;
}

/* The pairs of data set d; returns how many. */
static int pair_runs(const EvalSystem *system, const EvalSystem *base, int d, EvalPair *pairs)
{
    int n = 0;
    for (int s = 0; s < system->n_runs; s++) {
        const EvalPastRun *a = &system->runs[s], *b = find_seed(base, a->seed);
        if (!b) continue;
        pairs[n++] = (EvalPair){ &a->sets[d].results, &b->sets[d].results, &a->sets[d].rows, &b->sets[d].rows };
    }
    return n;
}

static EvalEstimate pixel_difference(const EvalPair *pairs, int seeds, int k, double *room)
{
    for (int s = 0; s < seeds; s++) room[s] = pairs[s].a_rows->rows[k].pixel_auc - pairs[s].b_rows->rows[k].pixel_auc;
    return eval_paired_interval(room, NULL, seeds, 0, 0);
}

/* What a data set's comparison needs room for. */
typedef struct {
    EvalPair *pairs;     /* [n_runs] */
    double *differences; /* [n_runs] */
    EvalEstimate *found; /* [n_rows][EVAL_WEIGHED] */
} Room;

static NnStatus compare_set(const EvalComparison *c, EvalSystem *system, int d, int first_row, Room *room, NnErr *err)
{
    NnErr inner = { .status = NN_OK };
    const EvalPastSet *set = &c->runs[0].sets[d];
    system->shared = pair_runs(system, &c->systems[0], d, room->pairs);
    if (system == c->systems || system->shared == 0) return NN_OK;
    const NnStatus s = eval_paired(room->pairs, system->shared, c->resamples, c->seed, room->found, &inner);
    if (s != NN_OK)
        return nn_fail(err, s, "%s and %s, data set %s: %s", system->name, c->systems[0].name, set->name, inner.msg);
    for (int k = 0; k < set->rows.n; k++) {
        EvalComparedFigure *out = &system->figures[(first_row + k) * EVAL_COMPARED];
        for (int f = 0; f < EVAL_WEIGHED; f++) out[f].difference = room->found[k * EVAL_WEIGHED + f];
        out[EVAL_PIXEL_AUC].difference = pixel_difference(room->pairs, system->shared, k, room->differences);
    }
    return NN_OK;
}

static NnStatus fill_system(const EvalComparison *c, EvalSystem *system, Room *room, NnErr *err)
{
    const EvalPastRun *first = &c->runs[0];
    system->figures = nn_alloc((size_t)c->n_rows * EVAL_COMPARED, sizeof *system->figures);
    if (!system->figures) return nn_fail(err, NN_ERR_NOMEM, "comparison: out of memory");
    for (int i = 0; i < c->n_rows * EVAL_COMPARED; i++)
        system->figures[i].difference = (EvalEstimate){ (double)NAN, (double)NAN, (double)NAN };
    for (int d = 0, row = 0; d < first->n_sets; row += first->sets[d++].rows.n) {
        for (int k = 0; k < first->sets[d].rows.n; k++)
            for (int f = 0; f < EVAL_COMPARED; f++)
                mean_and_spread(system, d, k, f, &system->figures[(row + k) * EVAL_COMPARED + f]);
        NN_TRY(compare_set(c, system, d, row, room, err));
    }
    return NN_OK;
}

static NnStatus fill_systems(EvalComparison *c, NnErr *err)
{
    Room room = { nn_alloc((size_t)c->n_runs, sizeof *room.pairs), nn_alloc((size_t)c->n_runs, sizeof(double)),
                  nn_alloc((size_t)c->n_rows * EVAL_WEIGHED, sizeof *room.found) };
    NnStatus s = NN_OK;
    if (!room.pairs || !room.differences || !room.found) s = nn_fail(err, NN_ERR_NOMEM, "comparison: out of memory");
    for (int i = 0; s == NN_OK && i < c->n_systems; i++) s = fill_system(c, &c->systems[i], &room, err);
    free(room.pairs);
    free(room.differences);
    free(room.found);
    return s;
}

NnStatus eval_comparison_make_at(const char *const *folders, const char *const *files, int n, int resamples,
                                 uint64_t seed, EvalComparison *out, NnErr *err)
{
    *out = (EvalComparison){ .resamples = resamples, .seed = seed };
    NnStatus s = read_runs(folders, files, n, out, err);
    if (s == NN_OK) s = group_runs(out, err);
    if (s == NN_OK) s = check_runs(out, err);
    if (s == NN_OK) s = list_rows(out, err);
    if (s == NN_OK) s = fill_systems(out, err);
    if (s != NN_OK) eval_comparison_free(out);
    return s;
}

NnStatus eval_comparison_make(const char *const *folders, int n, int resamples, uint64_t seed, EvalComparison *out,
                              NnErr *err)
{
    return eval_comparison_make_at(folders, NULL, n, resamples, seed, out, err);
}

void eval_comparison_free(EvalComparison *c)
{
    for (int i = 0; i < c->n_systems; i++) free(c->systems[i].figures);
    for (int i = 0; i < c->n_runs; i++) eval_past_run_free(&c->runs[i]);
    free(c->runs);
    free(c->systems);
    free(c->rows);
    *c = (EvalComparison){ 0 };
}

int eval_comparison_has_intervals(const EvalComparison *c)
{
    for (int s = 1; s < c->n_systems; s++)
        for (int k = 0; k < c->n_rows * EVAL_COMPARED; k++)
            if (!isnan(c->systems[s].figures[k].difference.lo)) return 1;
    return 0;
}
