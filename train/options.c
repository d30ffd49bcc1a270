/* options.c -- see options.h. */
#include "train/options.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/command_line.h"
#include "nn/base/help_text.h"
#include "nn/base/settings.h"
#include "nn/base/shell_words.h"
#include "nn/base/size.h"

typedef enum { FLAG, TEXT, COUNT, SET, SEED, THREADS } OptionKind;

typedef struct {
    const char *name, *argument; /* argument NULL: a flag */
    OptionKind kind;
    size_t offset;
    const char *help;
} Option;

#define F(field) offsetof(TrainOptions, field)
static const Option table[] = {
    { "--set", "section.key=value", SET, 0,
      "override a key of the configuration (--help-config lists them); may be repeated" },
    { "--mode", "train|regions", TEXT, F(mode),
      "train: a run (default); regions: only measure where the [gradcam] detectors look, into the file --out" },
    { "--out", "DIR", TEXT, F(out), "folder of the run (default: runs/<name of CONFIG>, or the next free number)" },
    { "--resume", NULL, FLAG, F(resume),
      "go on with the interrupted run in DIR, or with the latest one of CONFIG; the result is the same bit for bit" },
    { "--annotations", "FILE", TEXT, F(annotations),
      "with --resume: the list of the masks that an [active] run has stopped to wait for, e.g. its candidates.csv" },
    { "--dry-run", NULL, FLAG, F(dry_run),
      "read configuration and data, build the network, say what would be done; write nothing" },
    { "--overfit-batch", "N", COUNT, F(overfit),
      "does it learn at all? learn N images by heart, say which term was not; write nothing" },
    { "--seed", "N", SEED, F(seed), "the same as --set train.seed=N" },
    { "--threads", "N", THREADS, F(threads), "the same as --set train.threads=N" },
    { "--summary", NULL, FLAG, F(summary), "print layers, shapes, parameters and memory, and end" },
    { "--print-config", NULL, FLAG, F(print_config), "print the whole resolved configuration as INI text, and end" },
    { "--profile", NULL, FLAG, F(profile),
      "train 20 steps (or train.steps), print time per op and what else a step spends; write nothing" },
    { "--help", NULL, FLAG, F(help), "this text" },
    { "--help-config", NULL, FLAG, F(help_config), "every key of a configuration, with type, default and meaning" },
    { "--version", NULL, FLAG, F(version), "print the version" },
};
enum { N_OPTIONS = sizeof table / sizeof *table };

/* The row of "--name" or "--name=value". */
static const Option *find_option(const char *text)
{
    const size_t len = strcspn(text, "=");
    for (int i = 0; i < N_OPTIONS; i++)
        if (strlen(table[i].name) == len && !strncmp(table[i].name, text, len)) return &table[i];
    return NULL;
}

static NnStatus unknown_option(const char *text, NnErr *err)
{
    const char *names[N_OPTIONS];
    for (int i = 0; i < N_OPTIONS; i++) names[i] = table[i].name;
    const char *near = nn_nearest(text, names, N_OPTIONS);
    return nn_fail(err, NN_ERR_USAGE, "%s: unknown option%s%s%s; --help lists them", text,
                   near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static NnStatus parse_count(const char *name, const char *text, long min, int *out, NnErr *err)
{
    char *end;
    errno = 0;
    const long v = strtol(text ? text : "", &end, 10);
    if (!text || end == text || *end || errno || v < min || v > INT_MAX)
        return nn_fail(err, NN_ERR_USAGE, "%s %s: expected a whole number of at least %ld", name, text ? text : "",
                       min);
    *out = (int)v;
    return NN_OK;
}

/* --seed N is a --set in disguise: one way in for all settings. */
static NnStatus add_shorthand(TrainOptions *o, char buf[64], const char *key, const Option *opt, const char *value,
                              NnErr *err)
{
    int n = 0;
    NN_TRY(parse_count(opt->name, value, 0, &n, err));
    snprintf(buf, 64, "train.%s=%d", key, n);
    o->sets[o->n_sets++] = buf;
    return NN_OK;
}

static NnStatus apply_option(TrainOptions *o, const Option *opt, const char *value, NnErr *err)
{
    char *field = (char *)o + opt->offset;
    switch (opt->kind) {
    case FLAG:
        *(int *)(void *)field = 1;
        return NN_OK;
    case TEXT:
        *(const char **)(void *)field = value;
        return NN_OK;
    case COUNT:
        return parse_count(opt->name, value, 2, (int *)(void *)field, err);
    case SEED:
        return add_shorthand(o, o->seed, "seed", opt, value, err);
    case THREADS:
        return add_shorthand(o, o->threads, "threads", opt, value, err);
    default:
        o->sets[o->n_sets++] = value;
        return NN_OK;
    }
}

/* One option at argv[*i]; moves *i past its value. */
static NnStatus parse_option(int argc, char **argv, int *i, TrainOptions *o, NnErr *err)
{
    const char *text = argv[*i], *value = strchr(text, '=');
    const Option *opt = find_option(text);
    if (!opt) return unknown_option(text, err);
    if (value) value++;
    if (!opt->argument && value) return nn_fail(err, NN_ERR_USAGE, "%s: takes no value", opt->name);
    if (opt->argument && !value) {
        if (*i + 1 >= argc || !strncmp(argv[*i + 1], "--", 2))
            return nn_fail(err, NN_ERR_USAGE, "%s: expected a value: %s %s", opt->name, opt->name, opt->argument);
        value = argv[++*i];
    }
    if (value && !*value) return nn_fail(err, NN_ERR_USAGE, "%s: the value is empty", opt->name);
    return apply_option(o, opt, value, err);
}

static NnStatus check_mode(TrainOptions *o, NnErr *err)
{
    o->regions = o->mode && !strcmp(o->mode, "regions");
    if (o->mode && !o->regions && strcmp(o->mode, "train") != 0)
        return nn_fail(err, NN_ERR_USAGE, "--mode %s: unknown; known: train, regions", o->mode);
    if (!o->regions || o->summary) return NN_OK;
    if (o->resume || o->overfit || o->profile || o->dry_run)
        return nn_fail(err, NN_ERR_USAGE,
                       "--mode regions goes with none of --resume, --overfit-batch, --profile, --dry-run");
    if (o->out) return NN_OK;
    return nn_fail(err, NN_ERR_USAGE, "--mode regions: expected --out FILE, where the maps go");
}

static NnStatus check_options(TrainOptions *o, NnErr *err)
{
    if (o->help || o->help_config || o->version) return NN_OK;
    if (!o->config)
        return nn_fail(err, NN_ERR_USAGE,
                       "expected a configuration: train CONFIG [options], e.g. "
                       "train configs/lae.ini; --help lists the options");
    if (o->overfit && (o->resume || o->profile))
        return nn_fail(err, NN_ERR_USAGE, "--overfit-batch goes with neither --resume nor --profile");
    if (o->annotations && !o->resume)
        return nn_fail(err, NN_ERR_USAGE, "--annotations goes with --resume: it is for a run that waits for them");
    if (o->profile && o->resume) return nn_fail(err, NN_ERR_USAGE, "--profile does not go with --resume");
    return check_mode(o, err);
}

NnStatus train_options_parse(int argc, char **argv, TrainOptions *o, NnErr *err)
{
    *o = (TrainOptions){ 0 };
    o->sets = nn_alloc((size_t)argc + 1, sizeof *o->sets);
    if (!o->sets) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the command line");
    for (int i = 1, only_names = 0; i < argc; i++) {
        const NnWordKind kind = nn_word_kind(argv[i], &only_names);
        if (kind == NN_WORD_END) continue;
        if (kind == NN_WORD_OPTION) NN_TRY(parse_option(argc, argv, &i, o, err));
        else if (o->config)
            return nn_fail(err, NN_ERR_USAGE, "%s: a second configuration, beside %s", argv[i], o->config);
        else o->config = argv[i];
    }
    return check_options(o, err);
}

void train_options_free(TrainOptions *o)
{
    free(o->sets);
    o->sets = NULL;
}

void train_options_help(const char *program)
{
    printf("usage: %s CONFIG [options]\n\n"
           "Train a detector of forged images as the INI file CONFIG says, for example\n"
           "  %s configs/lae.ini --set data.identities=500 --set train.epochs=1\n\n",
           program, program);
    for (int i = 0; i < N_OPTIONS; i++) {
        char left[64];
        snprintf(left, sizeof left, "  %s%s%s", table[i].name, table[i].argument ? " " : "",
                 table[i].argument ? table[i].argument : "");
        nn_help_row(stdout, left, 28, table[i].help);
    }
    nn_word_help(stdout, 28);
    printf("\nexit codes: 0 ok, 1 run failed, 2 command line or configuration, 3 data,\n"
           "            4 diverged (NaN or infinite),\n"
           "            130 / 143 interrupted by Ctrl-C / SIGTERM with a checkpoint saved\n");
}

/* Is it "--name=value"? */
static int has_value(const char *text, const char *name)
{
    const size_t len = strlen(name);
    return !strncmp(text, name, len) && text[len] == '=';
}

char *train_options_resume_command(int argc, char **argv, const char *folder, const char *annotations)
{
    const char **words = nn_alloc((size_t)argc + 5, sizeof *words);
    if (!words) return NULL;
    int n = 0, i = 0;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strcmp(argv[i], "--resume") || has_value(argv[i], "--out") || has_value(argv[i], "--annotations"))
            continue;
        if (!strcmp(argv[i], "--out") || !strcmp(argv[i], "--annotations")) i++;
        else words[n++] = argv[i];
    }
    words[n++] = "--out";
    words[n++] = folder;
    words[n++] = "--resume";
    if (annotations) words[n++] = "--annotations";
    if (annotations) words[n++] = annotations;
    for (; i < argc; i++) words[n++] = argv[i]; /* "--" and names */
    char *line = nn_shell_line(words, n);
    free(words);
    return line;
}
