/* matrix.c -- see matrix.h. */
#include "eval/matrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/bootstrap.h"
#include "eval/paired.h"
#include "nn/base/parallel.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"

static const EvalEstimate unknown = { (double)NAN, (double)NAN, (double)NAN };

static NnStatus no_memory(NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "matrix: out of memory");
}

/* ---- columns and cells ---- */

static const EvalPastSet *find_set(const EvalPastRun *run, const char *data)
{
    for (int d = 0; d < run->n_sets; d++)
        if (!strcmp(run->sets[d].name, data)) return &run->sets[d];
    return NULL;
}

static const EvalRow *find_row(const EvalPastSet *set, const char *method)
{
    for (int k = 0; set && k < set->rows.n; k++)
        if (set->rows.rows[k].kind == EVAL_ROW_METHOD && !strcmp(set->rows.rows[k].name, method))
            return &set->rows.rows[k];
    return NULL;
}

static int compare_columns(const EvalMatrixColumn *a, const EvalMatrixColumn *b)
{
    const int order = strcmp(a->data, b->data);
    return order ? order : strcmp(a->method, b->method);
}

/* Put a column where it belongs, unless it is there. */
static void insert_column(EvalMatrix *m, EvalMatrixColumn column)
{
    int at = 0;
    while (at < m->n_columns && compare_columns(&m->columns[at], &column) < 0) at++;
    if (at < m->n_columns && compare_columns(&m->columns[at], &column) == 0) return;
    memmove(&m->columns[at + 1], &m->columns[at], (size_t)(m->n_columns - at) * sizeof column);
    m->columns[at] = column;
    m->n_columns++;
}

static NnStatus list_columns(EvalMatrix *m, const EvalPastRun *runs, NnErr *err)
{
    size_t room = 0;
    for (int i = 0; i < m->n_runs; i++)
        for (int d = 0; d < runs[i].n_sets; d++) room += (size_t)runs[i].sets[d].n_methods;
    m->columns = nn_alloc(room + 1, sizeof *m->columns);
    if (!m->columns) return no_memory(err);
    for (int i = 0; i < m->n_runs; i++)
        for (int d = 0; d < runs[i].n_sets; d++)
            for (int k = 0; k < runs[i].sets[d].n_methods; k++)
                insert_column(m, (EvalMatrixColumn){ runs[i].sets[d].name, runs[i].sets[d].methods[k] });
    m->cells = nn_alloc((size_t)m->n_runs * (size_t)m->n_columns, sizeof *m->cells);
    return m->cells ? NN_OK : no_memory(err);
}

static void fill_cells(EvalMatrix *m)
{
    for (int i = 0; i < m->n_runs; i++)
        for (int c = 0; c < m->n_columns; c++) {
            EvalMatrixCell *cell = &m->cells[i * m->n_columns + c];
            cell->row = find_row(find_set(m->rows[i].run, m->columns[c].data), m->columns[c].method);
            for (int f = 0; f < EVAL_WEIGHED; f++) cell->difference[f] = unknown;
        }
}

/* ---- differences on shared images ---- */

static const char *method_of(const EvalPastSet *set, const EvalItem *item)
{
    return item->label ? set->methods[item->method] : "real";
}

/* The order in which items of a set stand: by path, then by manipulation. */
static int compare_items(const EvalPastSet *a, const EvalItem *x, const EvalPastSet *b, const EvalItem *y)
{
    const int order = strcmp(x->path, y->path);
    return order ? order : strcmp(method_of(a, x), method_of(b, y));
}

/* Both runs' items of the images that both judged, in one order, with the methods of `a`, none of them "seen":
 * what was trained on differs between the runs, and is no affair of a difference. */
typedef struct {
    EvalResults side[2];
    EvalRows rows[2];
    int count[2]; /* real, forged */
} Shared;

static void keep(Shared *s, const EvalItem *x, const EvalItem *y)
{
    const int at = s->side[0].n++;
    s->side[0].items[at] = *x;
    s->side[1].items[at] = *y;
    s->side[1].items[at].method = x->method;
    s->side[1].items[at].group = x->group;
    s->count[x->label]++;
}

static void intersect(const EvalPastSet *a, const EvalPastSet *b, Shared *s)
{
    s->side[0].n = 0;
    for (int i = 0, k = 0; i < a->results.n && k < b->results.n;) {
        const EvalItem *x = &a->results.items[i], *y = &b->results.items[k];
        const int order = compare_items(a, x, b, y);
        if (order == 0 && x->label == y->label) keep(s, x, y);
        i += order <= 0;
        k += order >= 0;
    }
    s->side[1].n = s->side[0].n;
}

static NnStatus share(const EvalPastSet *a, const EvalPastSet *b, Shared *s, NnErr *err)
{
    const EvalPastSet *sets[] = { a, b };
    for (int i = 0; i < 2; i++) {
        NN_TRY(eval_results_init(&s->side[i], a->results.n, a->n_methods, err));
        s->side[i].methods = a->results.methods;
    }
    if (a->images == b->images) intersect(a, b, s);
    else s->side[0].n = s->side[1].n = 0;
    for (int i = 0; i < 2; i++) NN_TRY(eval_rows_make(&s->side[i], sets[i]->rows.threshold, &s->rows[i], err));
    return NN_OK;
}

static void release_shared(Shared *s)
{
    for (int i = 0; i < 2; i++) {
        eval_rows_free(&s->rows[i]);
        eval_results_free(&s->side[i]);
    }
}

static void take_differences(EvalMatrix *m, int run, const char *data, const Shared *s, const EvalEstimate *found)
{
    for (int k = 0; k < s->rows[0].n; k++) {
        const EvalRow *row = &s->rows[0].rows[k];
        if (row->kind != EVAL_ROW_METHOD) continue;
        for (int c = 0; c < m->n_columns; c++) {
            EvalMatrixCell *cell = &m->cells[run * m->n_columns + c];
            if (strcmp(m->columns[c].data, data) != 0 || strcmp(m->columns[c].method, row->name) != 0) continue;
            memcpy(cell->difference, found + k * EVAL_WEIGHED, sizeof cell->difference);
            cell->shared_real = row->n_real;
            cell->shared_fake = row->n_fake;
        }
    }
}

static NnStatus compare_set(EvalMatrix *m, int run, const EvalPastSet *set, const EvalPastSet *first, NnErr *err)
{
    Shared s = { 0 };
    EvalEstimate *found = NULL;
    NnStatus status = share(set, first, &s, err);
    if (status == NN_OK && s.side[0].n > 0) {
        const EvalPair pair = { &s.side[0], &s.side[1], &s.rows[0], &s.rows[1] };
        found = nn_alloc((size_t)s.rows[0].n * EVAL_WEIGHED, sizeof *found);
        status = found ? eval_paired(&pair, 1, m->resamples, m->seed, found, err) : no_memory(err);
        if (status == NN_OK) take_differences(m, run, set->name, &s, found);
    }
    free(found);
    release_shared(&s);
    return status;
}

static NnStatus fill_differences(EvalMatrix *m, NnErr *err)
{
    for (int i = 1; i < m->n_runs; i++)
        for (int d = 0; d < m->rows[i].run->n_sets; d++) {
            const EvalPastSet *set = &m->rows[i].run->sets[d], *first = find_set(m->rows[0].run, set->name);
            if (first) NN_TRY(compare_set(m, i, set, first, err));
        }
    return NN_OK;
}

/* ---- the drop from seen to unseen ---- */

/* Mean over the seen and over the unseen columns, from one AUC per column. */
typedef struct {
    double sum[2];
    int n[2];
} Means;

static void add_column(Means *means, const EvalRow *row, double auc)
{
    means->sum[row->seen == 1] += auc;
    means->n[row->seen == 1]++;
}

static double mean_of(const Means *means, int seen)
{
    return means->n[seen] ? means->sum[seen] / means->n[seen] : (double)NAN;
}

/* AUCs of every resample of one data set, added to means [resamples]. */
static NnStatus resample_set(const EvalPastSet *set, uint32_t number, const EvalMatrix *m, Means *means, NnErr *err)
{
    const int n = set->results.n;
    uint64_t *groups = nn_alloc((size_t)n, sizeof *groups);
    int *count = nn_alloc((size_t)n, sizeof *count);
    EvalRanked *items = nn_alloc((size_t)n * (size_t)set->rows.n, sizeof *items);
    EvalRanking *rankings = nn_alloc((size_t)set->rows.n, sizeof *rankings);
    NnStatus s = groups && count && items && rankings ? NN_OK : no_memory(err);
    const int n_groups = s == NN_OK ? eval_groups_list(set->results.items, n, groups) : 0;
    for (int k = 0, at = 0; s == NN_OK && k < set->rows.n; at += rankings[k++].n)
        rankings[k] =
            eval_ranking_make(&set->results, &set->rows.rows[k], set->rows.threshold, groups, n_groups, items + at);
    for (int b = 0; s == NN_OK && b < m->resamples; b++) {
        NnRng rng = nn_rng_make(m->seed, NN_STREAM_BOOTSTRAP, number, (uint32_t)b);
        memset(count, 0, (size_t)n_groups * sizeof *count);
        for (int g = 0; g < n_groups; g++) count[nn_rng_below(&rng, (uint32_t)n_groups)]++;
        for (int k = 0; k < set->rows.n; k++) {
            double figures[EVAL_WEIGHED];
            if (set->rows.rows[k].kind != EVAL_ROW_METHOD) continue;
            eval_ranking_weigh(&rankings[k], count, figures);
            add_column(&means[b], &set->rows.rows[k], figures[EVAL_AUC]);
        }
    }
    free(groups), free(count), free(items), free(rankings);
    return s;
}

static NnStatus drop_interval(const EvalMatrix *m, EvalMatrixRow *row, NnErr *err)
{
    Means *means = nn_alloc((size_t)m->resamples, sizeof *means);
    double *drops = nn_alloc((size_t)m->resamples, sizeof *drops);
    NnStatus s = means && drops ? NN_OK : no_memory(err);
    for (int d = 0; s == NN_OK && d < row->run->n_sets; d++)
        s = resample_set(&row->run->sets[d], (uint32_t)d, m, means, err);
    for (int which = 0; s == NN_OK && which < 3; which++) {
        EvalEstimate *out = which == 0 ? &row->unseen : which == 1 ? &row->seen : &row->drop;
        for (int b = 0; b < m->resamples; b++)
            drops[b] = which < 2 ? mean_of(&means[b], which) : mean_of(&means[b], 1) - mean_of(&means[b], 0);
        eval_interval_set(drops, m->resamples, out);
    }
    free(means);
    free(drops);
    return s;
}

static NnStatus fill_drop(EvalMatrix *m, int run, NnErr *err)
{
    EvalMatrixRow *row = &m->rows[run];
    Means means = { { 0, 0 }, { 0, 0 } };
    for (int c = 0; c < m->n_columns; c++) {
        const EvalMatrixCell *cell = eval_matrix_cell(m, run, c);
        if (cell->row) add_column(&means, cell->row, cell->row->auc.value);
    }
    row->n_seen = means.n[1], row->n_unseen = means.n[0];
    row->seen = row->unseen = row->drop = unknown;
    row->seen.value = mean_of(&means, 1);
    row->unseen.value = mean_of(&means, 0);
    row->drop.value = row->seen.value - row->unseen.value;
    return m->resamples > 0 ? drop_interval(m, row, err) : NN_OK;
}

/* ---- the matrix ---- */

static NnStatus fill(EvalMatrix *m, const EvalPastRun *runs, const char *const *names, NnErr *err)
{
    m->rows = nn_alloc((size_t)m->n_runs, sizeof *m->rows);
    if (!m->rows) return no_memory(err);
    for (int i = 0; i < m->n_runs; i++) m->rows[i] = (EvalMatrixRow){ .run = &runs[i], .name = names[i] };
    NN_TRY(list_columns(m, runs, err));
    fill_cells(m);
    NN_TRY(fill_differences(m, err));
    for (int i = 0; i < m->n_runs; i++) NN_TRY(fill_drop(m, i, err));
    return NN_OK;
}

NnStatus eval_matrix_make(const EvalPastRun *runs, const char *const *names, int n, int resamples, uint64_t seed,
                          EvalMatrix *out, NnErr *err)
{
    *out = (EvalMatrix){ .n_runs = n, .resamples = resamples, .seed = seed };
    const NnStatus s = fill(out, runs, names, err);
    if (s != NN_OK) eval_matrix_free(out);
    return s;
}

void eval_matrix_free(EvalMatrix *m)
{
    free(m->rows);
    free(m->columns);
    free(m->cells);
    *m = (EvalMatrix){ 0 };
}

const EvalMatrixCell *eval_matrix_cell(const EvalMatrix *m, int run, int column)
{
    return &m->cells[run * m->n_columns + column];
}

static int count_shared(const EvalPastSet *a, const EvalPastSet *b)
{
    int n = 0;
    for (int i = 0, k = 0; i < a->results.n && k < b->results.n;) {
        const EvalItem *x = &a->results.items[i], *y = &b->results.items[k];
        const int order = compare_items(a, x, b, y);
        n += order == 0 && x->label == y->label;
        i += order <= 0;
        k += order >= 0;
    }
    return n;
}

EvalShared eval_matrix_shared(const EvalMatrix *m, int run, const char *data)
{
    const EvalPastSet *first = find_set(m->rows[0].run, data), *set = find_set(m->rows[run].run, data);
    if (!first || !set) return EVAL_IMAGES_NONE;
    const int n = first->images == set->images ? count_shared(set, first) : 0;
    if (n == 0) return EVAL_IMAGES_OTHER;
    return n == set->results.n && n == first->results.n ? EVAL_IMAGES_SAME : EVAL_IMAGES_SOME;
}
