/* past_run.c -- see past_run.h. */
#include "eval/past_run.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/csv.h"
#include "eval/video_scores.h"
#include "nn/base/file.h"
#include "nn/base/shell_words.h"
#include "nn/base/size.h"

enum { FILE_BYTES_MAX = 1 << 30 };

/* ---- scores.csv ---- */

/* The columns that are read; those from VIDEO on earlier versions did not write. */
typedef enum {
    DATA,
    PATH,
    LABEL,
    METHOD,
    SCORE,
    SEEN,
    PIXEL_AUC,
    IOU,
    GROUP,
    VIDEO,
    MASK_ENERGY,
    FALSE_ALARM,
    N_COLUMNS
} Column;
static const char *const column_names[N_COLUMNS] = { "data",  "path",  "label",       "method",
                                                     "score", "seen",  "pixel_auc",   "iou",
                                                     "group", "video", "mask_energy", "false_alarm" };

/* A line of the file before it is known how many methods there are. */
typedef struct {
    const char *data, *method;
    int seen;
    EvalItem item;
} Line;

typedef struct {
    const char *name; /* of the file */
    int column[N_COLUMNS];
    int n, room;
    Line *lines;
} Scores;

static NnStatus find_columns(Scores *s, const DataCsv *csv, NnErr *err)
{
    for (int c = 0; c < N_COLUMNS; c++) {
        s->column[c] = -1;
        for (int i = 0; i < csv->n; i++)
            if (!strcmp(csv->fields[i], column_names[c])) s->column[c] = i;
        if (c < VIDEO && s->column[c] < 0)
            return nn_fail(err, NN_ERR_DATA, "%s: no column \"%s\"", s->name, column_names[c]);
    }
    return NN_OK;
}

/* "" where there is no such column. */
static char *cell(const Scores *s, const DataCsv *csv, Column c)
{
    static char none[1];
    return s->column[c] < 0 ? none : csv->fields[s->column[c]];
}

/* NAN for an empty cell. */
static NnStatus read_number(const Scores *s, const DataCsv *csv, Column c, double *out, NnErr *err)
{
    const char *text = cell(s, csv, c);
    char *end;
    *out = *text ? strtod(text, &end) : (double)NAN;
    if (!*text || (end != text && !*end)) return NN_OK;
    return nn_fail(err, NN_ERR_DATA, "%s:%d: %s = \"%s\": expected a number", s->name, csv->line, column_names[c],
                   text);
}

static NnStatus read_line(const Scores *s, const DataCsv *csv, Line *line, NnErr *err)
{
    double label, score, seen;
    char *end;
    EvalItem *item = &line->item;
    for (int c = 0; c < N_COLUMNS; c++)
        if (s->column[c] >= csv->n) /* -1 where there is no such column */
            return nn_fail(err, NN_ERR_DATA, "%s:%d: the line ends before its column \"%s\"", s->name, csv->line,
                           column_names[c]);
    NN_TRY(read_number(s, csv, LABEL, &label, err));
    NN_TRY(read_number(s, csv, SCORE, &score, err));
    NN_TRY(read_number(s, csv, SEEN, &seen, err));
    NN_TRY(read_number(s, csv, PIXEL_AUC, &item->pixel_auc, err));
    NN_TRY(read_number(s, csv, IOU, &item->iou, err));
    NN_TRY(read_number(s, csv, MASK_ENERGY, &item->mask_energy, err));
    NN_TRY(read_number(s, csv, FALSE_ALARM, &item->false_alarm, err));
    if (*cell(s, csv, VIDEO)) item->video = cell(s, csv, VIDEO);
    item->path = csv->fields[s->column[PATH]];
    item->group = strtoull(csv->fields[s->column[GROUP]], &end, 16);
    item->iou_prior = item->mask_energy_prior = (double)NAN;
    if (*end || (label != 0 && label != 1) || isnan(score) || (label == 1 && seen != 0 && seen != 1))
        return nn_fail(err, NN_ERR_DATA, "%s:%d: expected label 0 or 1, a score, seen 0 or 1, a hexadecimal group",
                       s->name, csv->line);
    item->label = label == 1;
    item->score = (float)score;
    item->has_mask = item->label && !(isnan(item->iou) && isnan(item->pixel_auc));
    line->data = csv->fields[s->column[DATA]];
    line->method = csv->fields[s->column[METHOD]];
    line->seen = item->label && seen == 1;
    return NN_OK;
}

static NnStatus read_lines(Scores *s, DataCsv *csv, NnErr *err)
{
    int more;
    NN_TRY(data_csv_next(csv, &more, err));
    if (!more) return nn_fail(err, NN_ERR_DATA, "%s: empty", s->name);
    NN_TRY(find_columns(s, csv, err));
    for (;;) {
        NN_TRY(data_csv_next(csv, &more, err));
        if (!more) return NN_OK;
        if (s->n == s->room) {
            const int room = s->room ? 2 * s->room : 1024;
            Line *grown = nn_realloc(s->lines, (size_t)room, sizeof *grown);
            if (!grown) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", s->name);
            s->lines = grown, s->room = room;
        }
        s->lines[s->n] = (Line){ 0 };
        NN_TRY(read_line(s, csv, &s->lines[s->n], err));
        s->n++;
    }
}

/* By data set, then path, then manipulation (generated items of several may share a path). */
static int by_path(const void *a, const void *b)
{
    const Line *x = a, *y = b;
    int order = strcmp(x->data, y->data);
    if (!order) order = strcmp(x->item.path, y->item.path);
    return order ? order : strcmp(x->method, y->method);
}

/* ---- from lines to data sets ---- */

static int find_method(char *const *methods, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(methods[i], name)) return i;
    return -1;
}

/* Manipulations in the order of their names, so that all runs list them alike. */
static NnStatus list_methods(const Line *lines, int n, EvalPastSet *set, NnErr *err)
{
    for (int i = 0; i < n; i++) {
        if (!lines[i].item.label || find_method(set->methods, set->n_methods, lines[i].method) >= 0) continue;
        char **grown = nn_realloc(set->methods, (size_t)set->n_methods + 1, sizeof *grown);
        if (grown) set->methods = grown;
        char *name = grown ? nn_path_join(NULL, lines[i].method) : NULL;
        if (!name) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
        int at = set->n_methods++;
        for (; at > 0 && strcmp(set->methods[at - 1], name) > 0; at--) set->methods[at] = set->methods[at - 1];
        set->methods[at] = name;
    }
    return NN_OK;
}

static NnStatus fill_set(const Line *lines, int n, EvalPastSet *set, NnErr *err)
{
    NN_TRY(list_methods(lines, n, set, err));
    set->name = nn_path_join(NULL, lines[0].data);
    if (!set->name) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    NN_TRY(eval_results_init(&set->results, n, set->n_methods, err));
    set->results.name = set->name;
    set->results.methods = (const char *const *)set->methods;
    for (int i = 0; i < n; i++) {
        EvalItem *item = &set->results.items[i];
        *item = lines[i].item;
        item->method = item->label ? find_method(set->methods, set->n_methods, lines[i].method) : -1;
        if (item->label) set->results.seen[item->method] = (unsigned char)lines[i].seen;
    }
    return NN_OK;
}

static NnStatus make_sets(const Scores *s, EvalPastRun *run, NnErr *err)
{
    if (s->n == 0) return nn_fail(err, NN_ERR_DATA, "%s: no images", s->name);
    qsort(s->lines, (size_t)s->n, sizeof *s->lines, by_path);
    run->sets = nn_alloc((size_t)s->n, sizeof *run->sets);
    if (!run->sets) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", s->name);
    for (int from = 0, to; from < s->n; from = to) {
        for (to = from + 1; to < s->n && !strcmp(s->lines[from].data, s->lines[to].data);) to++;
        NN_TRY(fill_set(s->lines + from, to - from, &run->sets[run->n_sets++], err));
    }
    return NN_OK;
}

static NnStatus read_scores(const char *path, EvalPastRun *run, NnErr *err)
{
    size_t len;
    DataCsv csv = { 0 };
    Scores scores = { .name = path };
    NN_TRY(nn_file_read(path, FILE_BYTES_MAX, (unsigned char **)(void *)&run->scores, &len, err));
    NnStatus s = data_csv_init(&csv, run->scores, len, path, err);
    if (s == NN_OK) s = read_lines(&scores, &csv, err);
    if (s == NN_OK) s = make_sets(&scores, run, err);
    data_csv_deinit(&csv);
    free(scores.lines);
    return s;
}

/* ---- eval.json ---- */

static double value_of(const json_t *row, const char *key)
{
    const json_t *v = json_object_get(row, key);
    if (json_is_object(v)) v = json_object_get(v, "value");
    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

static int is_text(const json_t *object, const char *key, const char *text)
{
    const char *found = json_string_value(json_object_get(object, key));
    return found && !strcmp(found, text);
}

/* The element of `list` that is this row; pooled rows are told from manipulations of the same name. Earlier versions
 * wrote no level: all was of frames. */
static const json_t *find_row(const json_t *list, const char *level, const EvalRow *row)
{
    const char *kind = row->kind == EVAL_ROW_METHOD ? "manipulation" : "pooled";
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *found = json_array_get(list, i);
        const int same_level =
            json_object_get(found, "level") ? is_text(found, "level", level) : !strcmp(level, "frame");
        if (same_level && is_text(found, "row", kind) && is_text(found, "method", row->name)) return found;
    }
    return NULL;
}

static int agree(double a, double b)
{
    return isnan(a) ? isnan(b) : fabs(a - b) < 1e-6;
}

/* NAN where there is none. */
static void read_interval(const json_t *object, const char *key, EvalEstimate *out)
{
    const json_t *found = json_object_get(object, key), *lo = json_object_get(found, "lo"),
                 *hi = json_object_get(found, "hi");
    out->lo = json_is_number(lo) ? json_number_value(lo) : (double)NAN;
    out->hi = json_is_number(hi) ? json_number_value(hi) : (double)NAN;
}

static void take_stored(const json_t *written, EvalRow *row)
{
    row->pixel_auc = value_of(written, "pixel_auc");
    row->pixel_auc_prior = value_of(written, "pixel_auc_prior");
    row->iou_prior = value_of(written, "iou_prior");
    read_interval(written, "auc", &row->auc);
    read_interval(written, "accuracy", &row->accuracy);
    read_interval(written, "balanced_accuracy", &row->balanced);
    for (int i = 0; i < EVAL_ROW_COLUMNS; i++) {
        const EvalRowColumn *column = &eval_row_columns[i];
        if (column->is_stored) *eval_row_place(row, column) = value_of(written, column->name);
    }
}

/* Rows from the scores, held against those that were written down. */
static NnStatus fill_rows(const json_t *list, double threshold, const char *path, const EvalResults *r, EvalRows *rows,
                          NnErr *err)
{
    NN_TRY(eval_rows_make(r, threshold, rows, err));
    for (int k = 0; k < rows->n; k++) {
        EvalRow *row = &rows->rows[k];
        const json_t *written = find_row(list, eval_level_text(r), row);
        if (!written || !agree(row->auc.value, value_of(written, "auc")) ||
            !agree(row->balanced.value, value_of(written, "balanced_accuracy")))
            return nn_fail(err, NN_ERR_DATA,
                           "%s: row %s of %s (%s level) does not follow from scores.csv beside it; "
                           "judge anew",
                           path, row->name, r->name, eval_level_text(r));
        take_stored(written, row);
    }
    return NN_OK;
}

/* One data set as the report has it: its definitions, its rows, and those of its videos. */
static NnStatus fill_levels(const json_t *written, double threshold, const char *path, EvalPastSet *set, NnErr *err)
{
    const json_t *rows = json_object_get(written, "rows"), *videos = json_object_get(written, "videos");
    if (is_text(written, "compat", "deepfakebench")) set->results.compat = EVAL_DEEPFAKEBENCH;
    NN_TRY(fill_rows(rows, threshold, path, &set->results, &set->rows, err));
    if (!json_is_object(videos)) return NN_OK;
    const EvalAggregation how = is_text(videos, "aggregation", "max") ? EVAL_MAX : EVAL_MEAN;
    NN_TRY(eval_video_scores(&set->results, how, &set->videos, err));
    return fill_rows(rows, threshold, path, &set->videos, &set->video_rows, err);
}

/* As it was applied; earlier versions wrote nine digits of it. */
static double threshold_of(const json_t *card)
{
    const char *exact = json_string_value(json_object_get(card, "threshold_exact"));
    return exact ? strtod(exact, NULL) : json_number_value(json_object_get(card, "threshold"));
}

/* Evaluations of the first versions note no key; generated images of theirs are told apart by the seed. */
static void read_key(const json_t *written, const EvalPastRun *run, EvalPastSet *set)
{
    const char *key = json_string_value(json_object_get(written, "images"));
    const int generated = !strcmp(set->name, "portraits") || !strcmp(set->name, "photos");
    set->images = key ? strtoull(key, NULL, 16) : generated ? run->seed : 0;
}

static char *copy_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return nn_path_join(NULL, text ? text : "");
}

static NnStatus take_report(const json_t *root, const char *path, EvalPastRun *run, NnErr *err)
{
    const json_t *card = json_object_get(root, "run"), *sets = json_object_get(root, "data_sets");
    const json_t *seed = json_object_get(card, "seed"), *threshold = json_object_get(card, "threshold");
    if (!json_is_integer(seed) || !json_is_number(threshold) || (int)json_array_size(sets) != run->n_sets)
        return nn_fail(err, NN_ERR_DATA, "%s: no seed, no threshold, or not the data sets of scores.csv; judge anew",
                       path);
    run->seed = (uint64_t)json_integer_value(seed);
    run->trained_on = copy_text(card, json_is_string(json_object_get(card, "seen")) ? "seen" : "trained_on");
    run->source = copy_text(card, "source");
    if (!run->trained_on || !run->source) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    for (int i = 0; i < run->n_sets; i++) {
        const json_t *written = NULL;
        for (size_t k = 0; k < json_array_size(sets); k++)
            if (is_text(json_array_get(sets, k), "data", run->sets[i].name)) written = json_array_get(sets, k);
        NN_TRY(fill_levels(written, threshold_of(card), path, &run->sets[i], err));
        read_interval(written, "drop_auc", &run->sets[i].rows.drop_auc);
        read_interval(written, "drop_balanced_accuracy", &run->sets[i].rows.drop_balanced);
        read_key(written, run, &run->sets[i]);
    }
    return NN_OK;
}

static NnStatus read_report(const char *path, EvalPastRun *run, NnErr *err)
{
    unsigned char *text;
    size_t len;
    json_error_t why;
    NN_TRY(nn_file_read(path, FILE_BYTES_MAX, &text, &len, err));
    json_t *root = json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, &why);
    free(text);
    if (!root) return nn_fail(err, NN_ERR_DATA, "%s:%d: %s", path, why.line, why.text);
    const NnStatus s = take_report(root, path, run, err);
    json_decref(root);
    return s;
}

/* ---- a run ---- */

/* "lae" of "runs/lae-s3/" with seed 3. */
static NnStatus name_run(EvalPastRun *run, NnErr *err)
{
    char tail[32];
    for (size_t n = strlen(run->folder); n > 1 && run->folder[n - 1] == '/'; n--) run->folder[n - 1] = 0;
    run->name = nn_path_join(NULL, nn_path_name(run->folder));
    if (!run->name) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    snprintf(tail, sizeof tail, "-s%llu", (unsigned long long)run->seed);
    const size_t n = strlen(run->name), cut = strlen(tail);
    if (n > cut && !strcmp(run->name + n - cut, tail)) run->name[n - cut] = 0;
    return NN_OK;
}

static NnStatus not_judged(const char *folder, NnErr *err)
{
    char *command = nn_shell_line((const char *const[]){ "build/eval", folder }, 2);
    if (!command) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    nn_fail(err, NN_ERR_IO, "%s: no scores.csv and eval.json there, nor in its eval/; first: %s", folder, command);
    free(command);
    return NN_ERR_IO;
}

static NnStatus read_files(const char *folder, const char *files, EvalPastRun *run, NnErr *err)
{
    char *scores = nn_path_join(files, "scores.csv"), *report = nn_path_join(files, "eval.json");
    NnStatus s = NN_OK;
    if (!scores || !report) s = nn_fail(err, NN_ERR_NOMEM, "out of memory");
    else if (!nn_file_exists(scores) || !nn_file_exists(report)) s = not_judged(folder, err);
    if (s == NN_OK) s = read_scores(scores, run, err);
    if (s == NN_OK) s = read_report(report, run, err);
    free(scores), free(report);
    return s;
}

NnStatus eval_past_run_read_at(const char *folder, const char *files, EvalPastRun *out, NnErr *err)
{
    *out = (EvalPastRun){ .folder = nn_path_join(NULL, folder) };
    NnStatus s = out->folder ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory");
    if (s == NN_OK) s = read_files(folder, files, out, err);
    if (s == NN_OK) s = name_run(out, err);
    if (s != NN_OK) eval_past_run_free(out);
    return s;
}

NnStatus eval_past_run_read(const char *folder, EvalPastRun *out, NnErr *err)
{
    char *inner = nn_path_join(folder, "eval");
    if (!inner) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    const NnStatus s = eval_past_run_read_at(folder, nn_folder_exists(inner) ? inner : folder, out, err);
    free(inner);
    return s;
}

static void free_set(EvalPastSet *set)
{
    for (int m = 0; m < set->n_methods; m++) free(set->methods[m]);
    eval_rows_free(&set->video_rows);
    eval_results_free(&set->videos);
    eval_rows_free(&set->rows);
    eval_results_free(&set->results);
    free(set->methods);
    free(set->name);
}

void eval_past_run_free(EvalPastRun *run)
{
    for (int i = 0; i < run->n_sets; i++) free_set(&run->sets[i]);
    free(run->sets);
    free(run->scores);
    free(run->folder);
    free(run->name);
    free(run->trained_on);
    free(run->source);
    *run = (EvalPastRun){ 0 };
}
