/* eval_arguments.c -- see eval_arguments.h. */
#include "eval/eval_arguments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "data/corruption.h"
#include "eval/threshold_rule.h"
#include "eval/video_scores.h"
#include "nn/base/command_line.h"
#include "nn/base/settings.h"
#include "nn/base/size.h"

/* %s: the rules of --threshold, a line. */
static const char usage[] = "usage: eval RUN [--data NAME=SPEC]... [options]\n"
                            "           judge a detector on its own test images, or on other data sets\n"
                            "       eval RUN_A RUN_B... [--data NAME=SPEC]... [options]\n"
                            "           judge several detectors: who generalises to what?\n"
                            "       eval RUN --score PATH... [--out DIR] [--maps DIR]\n"
                            "           judge images of which nothing is known\n"
                            "       eval --compare RUN... [--out DIR]\n"
                            "           set detectors that were judged before side by side\n"
                            "\n"
                            "RUN is the folder of a run (its best.safetensors, else last.safetensors), or a\n"
                            "checkpoint file.\n"
                            "\n"
                            "What is judged:\n"
                            "  --data NAME=SPEC  judge this data set and call it NAME: a manifest (CSV), a\n"
                            "                    folder, or what else `data check --help` lists. Its test\n"
                            "                    split where it declares splits, else every image; may be\n"
                            "                    given several times\n"
                            "  --score PATH...   print path, probability of being forged, and verdict (real,\n"
                            "                    unsure, forged) of each image; PATH is an image, a folder,\n"
                            "                    a list (.txt or .lst, a path a line), or - for a list on\n"
                            "                    standard input; with --out also as scores.csv\n"
                            "  --robust LIST     judge again under every corruption of these protocols:\n"
                            "                    deeperforensics, imdl, cnndetection, or all; also writes\n"
                            "                    robustness.csv\n"
                            "  --compare RUN...  print tables of runs that were judged before: mean and\n"
                            "                    spread over seeds, difference to the first with its\n"
                            "                    interval. Folders NAME-s<seed> that differ by the seed are\n"
                            "                    one system; with --out also as comparison.md, .csv, .tex\n"
                            "\n"
                            "Where results go:\n"
                            "  --out DIR         report.html, eval.csv, eval.json, scores.csv, examples.png\n"
                            "                    (default: eval/ in the run). Of several runs these go into\n"
                            "                    DIR/<run>/, and what sets the runs side by side into DIR\n"
                            "                    (default: compared/ in the first run's eval/)\n"
                            "  --maps DIR        write every judged image beside its heat map as PNG, a\n"
                            "                    folder per manipulation\n"
                            "\n"
                            "How:\n"
                            "  --threshold RULE  from which score on an image is called forged (default: the\n"
                            "                    threshold stored with the run): a number, or\n"
                            "                    %s\n"
                            "                    (deepfakebench: above .5; the others by the scores of the\n"
                            "                    run's validation images)\n"
                            "  --unsure SHARE    --score: forged and real are said so that at most this share\n"
                            "                    of the validation images of the other kind is beyond the\n"
                            "                    line; in between, unsure (default 0.05)\n"
                            "  --aggregate HOW   score of a video from its frames' scores: mean (default) or\n"
                            "                    max\n"
                            "  --compat deepfakebench\n"
                            "                    measure as that benchmark does: equal error rate without\n"
                            "                    interpolation, threshold .5\n"
                            "  --bootstrap N     resamples for the 95 %% intervals (default 1000; 0: none)\n"
                            "  --seed N          seed of these resamples, and of noise and blocks of --robust\n"
                            "                    (default 1)\n"
                            "  --threads N       threads (default: one per CPU); results do not depend on it\n"
                            "  --help            this text\n"
                            "  --version         the version\n";
static const char exit_codes[] = "\nexit codes: 0 done; 1 an image or file failed; 2 usage or configuration;\n"
                                 "            3 unusable data\n";

void eval_usage_write(FILE *out)
{
    char rules[EVAL_THRESHOLD_NAMES];
    eval_threshold_rule_names(rules);
    fprintf(out, usage, rules);
    nn_word_help(out, 20);
    fputs(exit_codes, out);
}

enum {
    DATA,
    OUT,
    MAPS,
    ROBUST,
    SCORE,
    COMPARE,
    THRESHOLD,
    UNSURE,
    AGGREGATE,
    COMPAT,
    BOOTSTRAP,
    SEED,
    THREADS,
    HELP,
    VERSION,
    N_OPTIONS
};
static const char *const options[N_OPTIONS] = { "--data",      "--out",       "--maps",    "--robust",    "--score",
                                                "--compare",   "--threshold", "--unsure",  "--aggregate", "--compat",
                                                "--bootstrap", "--seed",      "--threads", "--help",      "--version" };

static NnStatus read_number(const char *option, const char *text, long max, long *out, NnErr *err)
{
    char *end;
    errno = 0;
    *out = strtol(text, &end, 10);
    if (end == text || *end || errno || *out < 0 || *out > max)
        return nn_fail(err, NN_ERR_USAGE, "%s %s: expected a whole number from 0 to %ld", option, text, max);
    return NN_OK;
}

static NnStatus read_share(const char *option, const char *text, double max, double *out, NnErr *err)
{
    char *end;
    *out = strtod(text, &end);
    if (end == text || *end || !(*out >= 0 && *out <= max))
        return nn_fail(err, NN_ERR_USAGE, "%s %s: expected a share from 0 to %g", option, text, max);
    return NN_OK;
}

/* Which option `text` names, its length without "=value" in *len; -1: unknown. */
static int find_option(const char *text, size_t *len)
{
    *len = strcspn(text, "=");
    for (int i = 0; i < N_OPTIONS; i++)
        if (strlen(options[i]) == *len && !strncmp(options[i], text, *len)) return i;
    return -1;
}

static NnStatus unknown_option(const char *text, NnErr *err)
{
    const char *near = nn_nearest(text, options, N_OPTIONS);
    if (near) return nn_fail(err, NN_ERR_USAGE, "%s: no such option; did you mean %s?", text, near);
    return nn_fail(err, NN_ERR_USAGE, "%s: no such option; --help lists them", text);
}

static NnStatus take_value(EvalArguments *a, int option, const char *value, NnErr *err)
{
    long number = 0;
    NnStatus s = NN_OK;
    switch (option) {
    case DATA:
        a->data[a->n_data++] = value;
        break;
    case OUT:
        a->out = value;
        break;
    case MAPS:
        a->maps = value;
        break;
    case ROBUST:
        a->robust = value;
        s = data_protocols_check(value, err);
        break;
    case UNSURE:
        s = read_share(options[option], value, 0.5, &a->unsure, err);
        break;
    case THRESHOLD:
        a->threshold = value;
        break;
    case AGGREGATE:
        return eval_aggregation_parse(value, &a->aggregation, err);
    case COMPAT:
        if (strcmp(value, "deepfakebench") != 0)
            return nn_fail(err, NN_ERR_USAGE, "--compat %s: unknown; known: deepfakebench", value);
        a->compat = EVAL_DEEPFAKEBENCH;
        break;
    case BOOTSTRAP:
        s = read_number(options[option], value, 1000000, &number, err);
        a->bootstrap = (int)number;
        break;
    case SEED:
        s = read_number(options[option], value, 2147483647, &number, err);
        a->seed = (uint64_t)number;
        break;
    default:
        s = read_number(options[option], value, 1024, &number, err);
        a->threads = (int)number;
        break;
    }
    return s;
}

static void take_positional(EvalArguments *a, const char *text)
{
    if (a->score) a->photos[a->n_photos++] = text;
    else a->runs[a->n_runs++] = text;
}

/* Take argv[*i], and its value where it has one. */
static NnStatus take_option(EvalArguments *a, int argc, char *const *argv, int *i, NnErr *err)
{
    size_t len;
    const char *text = argv[*i];
    const int option = find_option(text, &len);
    const char *value = option >= 0 && text[len] == '=' ? text + len + 1 : NULL;
    if (option < 0) return unknown_option(text, err);
    if (option == SCORE || option == COMPARE || option == HELP || option == VERSION) {
        if (value) return nn_fail(err, NN_ERR_USAGE, "%s: %s takes no value", text, options[option]);
        if (option == COMPARE && a->n_runs > 0)
            return nn_fail(err, NN_ERR_USAGE, "%s: runs to compare come after --compare", a->runs[0]);
        a->score |= option == SCORE;
        a->compare |= option == COMPARE;
        a->help |= option == HELP;
        a->version |= option == VERSION;
        return NN_OK;
    }
    if (!value && *i + 1 < argc) value = argv[++*i];
    if (!value || !*value) return nn_fail(err, NN_ERR_USAGE, "%s: its value is missing", options[option]);
    return take_value(a, option, value, err);
}

static NnStatus check_compare(const EvalArguments *a, NnErr *err)
{
    if (a->n_runs == 0) return nn_fail(err, NN_ERR_USAGE, "--compare: no run named after it");
    if (a->score || a->n_data || a->maps || a->robust || a->threshold || a->compat || a->aggregation)
        return nn_fail(
            err, NN_ERR_USAGE,
            "--compare reads what was judged before; it goes with none of --score, --data, --maps, --robust, "
            "--threshold, --aggregate, --compat");
    return NN_OK;
}

static int is_picture(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && (!strcmp(dot, ".png") || !strcmp(dot, ".jpg") || !strcmp(dot, ".jpeg"));
}

static NnStatus check_combination(const EvalArguments *a, NnErr *err)
{
    if (a->help || a->version) return NN_OK;
    if (a->compare) return check_compare(a, err);
    if (a->n_runs == 0)
        return nn_fail(err, NN_ERR_USAGE, "which run? usage: eval RUN_OR_CHECKPOINT [options]; see --help");
    if (a->score && a->n_photos == 0) return nn_fail(err, NN_ERR_USAGE, "--score: nothing named after it");
    for (int i = 1; i < a->n_runs; i++)
        if (is_picture(a->runs[i]))
            return nn_fail(err, NN_ERR_USAGE, "%s: a run? images to judge come after --score", a->runs[i]);
    if (a->score && a->n_runs > 1)
        return nn_fail(err, NN_ERR_USAGE, "%s: --score judges with one run; images come after it", a->runs[1]);
    if (a->score && a->n_data > 0) return nn_fail(err, NN_ERR_USAGE, "--score and --data: one at a time");
    if (a->score && a->robust) return nn_fail(err, NN_ERR_USAGE, "--score and --robust: one at a time");
    if (a->compat && a->threshold)
        return nn_fail(err, NN_ERR_USAGE, "--compat deepfakebench has its own threshold; found --threshold %s",
                       a->threshold);
    return NN_OK;
}

NnStatus eval_arguments_parse(int argc, char *const *argv, EvalArguments *out, NnErr *err)
{
    *out = (EvalArguments){ .bootstrap = 1000, .seed = 1, .unsure = 0.05 };
    out->data = nn_alloc((size_t)argc + 1, sizeof *out->data);
    out->photos = nn_alloc((size_t)argc + 1, sizeof *out->photos);
    out->runs = nn_alloc((size_t)argc + 1, sizeof *out->runs);
    NnStatus s = out->data && out->photos && out->runs ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "arguments: out of memory");
    for (int i = 1, only_names = 0; s == NN_OK && i < argc; i++) {
        const NnWordKind kind = nn_word_kind(argv[i], &only_names);
        if (kind == NN_WORD_OPTION) s = take_option(out, argc, argv, &i, err);
        if (kind == NN_WORD_NAME) take_positional(out, argv[i]);
    }
    if (s == NN_OK) s = check_combination(out, err);
    if (s != NN_OK) eval_arguments_free(out);
    return s;
}

void eval_arguments_free(EvalArguments *a)
{
    free(a->data);
    free(a->photos);
    free(a->runs);
    *a = (EvalArguments){ 0 };
}
