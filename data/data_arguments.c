/* data_arguments.c -- see data_arguments.h. */
#include "data/data_arguments.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "data/audit.h"
#include "data/forge.h"
#include "data/spec.h"
#include "nn/base/command_line.h"
#include "nn/base/help_text.h"
#include "nn/base/parallel.h"
#include "nn/base/settings.h"
#include "nn/base/size.h"

typedef struct {
    const char *name, *usage, *help, *more;
    int needs_out, min_specs, max_specs;
} Command;

static const Command commands[DATA_COMMANDS] = {
    [DATA_IMPORT] = { "import", "SPEC --out FILE", "write any data set as a manifest (CSV)",
                      "Reads the list once and opens no image; the images stay where they are. "
                      "Train on the result with [data] source = manifest, path = FILE.",
                      1, 1, 1 },
    [DATA_CHECK_SETS] = { "check", "SPEC...",
                          "look for what ruins results, such as leaks, damaged files, missing masks",
                          "Exit code 3 if there is an error; warnings are for you to judge. Of several SPECs the first "
                          "is trained on and the others are tested on: what they share is a leak, too.",
                          0, 1, INT_MAX },
    [DATA_STATS] = { "stats", "SPEC", "what there is: counts, sizes, masks, colours, per split and method", "", 0, 1,
                     1 },
    [DATA_FORGE_PHOTOS] = { "forge", "PHOTOS --methods NAME,... --out DIR",
                            "forge a folder of real photos: images, exact masks, manifest.csv",
                            "Every photo gives one real image and one forgery per method, all of them in one split.", 1,
                            1, 1 },
    [DATA_SHEET] = { "sheet", "SPEC --out FILE", "a picture of examples: real and each method, image beside mask", "",
                     1, 1, 1 },
};

typedef enum { FLAG, TEXT, NUMBER, SHARE } Kind;

enum {
    IMPORT = 1 << DATA_IMPORT,
    CHECK = 1 << DATA_CHECK_SETS,
    STATS = 1 << DATA_STATS,
    FORGE = 1 << DATA_FORGE_PHOTOS,
    SHEET = 1 << DATA_SHEET,
    ALL = IMPORT | CHECK | STATS | FORGE | SHEET
};

typedef struct {
    const char *name, *argument; /* argument NULL: a flag */
    Kind kind;
    int commands;
    size_t offset;
    int min, max; /* of a number */
    const char *help;
} Option;

#define F(field) offsetof(DataArguments, field)
static const Option options[] = {
    { "--out", "FILE", TEXT, IMPORT, F(out), 0, 0, "the manifest" },
    { "--out", "FILE", TEXT, SHEET, F(out), 0, 0, "the picture, a PNG" },
    { "--out", "DIR", TEXT, FORGE, F(out), 0, 0,
      "folder of the result, outside of PHOTOS; it must not hold a manifest.csv yet" },
    { "--quick", NULL, FLAG, CHECK, F(quick), 0, 0, "look at the list alone and open no image" },
    { "--allow", "KIND,...", TEXT, CHECK, F(allow), 0, 0, "findings (see below) that shall count as warnings" },
    { "--examples", "N", NUMBER, CHECK, F(examples), 0, 1000000, "how many of each finding are named (default 10)" },
    { "--csv", "FILE", TEXT, STATS, F(csv), 0, 0, "write all figures there, a row per split and method" },
    { "--methods", "NAME,...", TEXT, FORGE, F(methods), 0, 0, "manipulations to make (see below), or all" },
    { "--size", "N", NUMBER, FORGE, F(size), 16, 16384,
      "cut photos to squares of N x N pixels (default: leave their size)" },
    { "--val", "SHARE", SHARE, FORGE, F(val), 0, 0, "share of the photos for validation (default 0.15)" },
    { "--test", "SHARE", SHARE, FORGE, F(test), 0, 0, "share of the photos for the test (default 0.15)" },
    { "--quality", "LOW-HIGH", TEXT, FORGE, F(quality), 0, 0,
      "send real and forged images alike through JPEG of a quality drawn from there, e.g. 70-95 (default: no JPEG)" },
    { "--on-bad", "stop|skip", TEXT, FORGE, F(on_bad), 0, 0,
      "what a photo does that cannot be read or is too small: stop the forging (default), or be left out" },
    { "--columns", "N", NUMBER, SHEET, F(columns), 1, 8, "examples of real images and of each method (default 3)" },
    { "--seed", "N", NUMBER, FORGE | SHEET, F(seed), 0, INT_MAX, "seed of all random choices (default 1)" },
    { "--max-pixels", "N", NUMBER, CHECK | STATS | FORGE | SHEET, F(max_pixels), 1, 1 << 30,
      "an image of more pixels counts as unreadable (default 25000000)" },
    { "--threads", "N", NUMBER, CHECK | STATS | FORGE, F(threads), 1, 256, "threads (default: one per CPU)" },
    { "--help", NULL, FLAG, ALL, F(help), 0, 0, "this text" },
    { "--version", NULL, FLAG, ALL, F(version), 0, 0, "the version" },
};
#undef F
enum { N_OPTIONS = sizeof options / sizeof *options };

/* ---- help ---- */

static void help_name(FILE *out, const char *name, const char *help)
{
    char left[32];
    snprintf(left, sizeof left, "  %s", name);
    nn_help_row(out, left, 18, help);
}

static void help_program(FILE *out, const char *program)
{
    fprintf(out,
            "usage: %s COMMAND ... [options]\n\nData sets: bring them in, check them, make them, look at them.\n\n",
            program);
    for (int c = 0; c < DATA_COMMANDS; c++) {
        fprintf(out, "  %s %s\n", commands[c].name, commands[c].usage);
        nn_help_row(out, "", 6, commands[c].help);
    }
    fprintf(out, "\nSPEC names a data set, PHOTOS a folder. %s COMMAND --help says more.\n", program);
}

static void help_specs(FILE *out)
{
    fputs("\nA SPEC names a data set: its PATH, most often nothing more. In full:\n"
          "  [FORMAT:]PATH[,root=FOLDER][,compression=raw|c23|c40][,splits=PATH]\n",
          out);
    nn_help_row(out, "  FORMAT", 18, "one of those below; without it the looks of PATH tell");
    nn_help_row(out, "  root", 18, "where the images are, if not beside PATH");
    nn_help_row(out, "  compression", 18, "which, where the data set comes in several");
    nn_help_row(out, "  splits", 18, "where its lists of splits are, if not in their usual place");
    fputs("\nFormats:\n", out);
    for (int i = 0; i < data_n_formats; i++) help_name(out, data_formats[i]->name, data_formats[i]->help);
}

static void help_findings(FILE *out)
{
    char text[256];
    fputs("\nFindings:\n", out);
    for (int k = 0; k < DATA_FINDING_KINDS; k++) {
        const DataFindingRule *rule = &data_finding_rules[k];
        snprintf(text, sizeof text, "%s: %s", rule->severity == DATA_ERROR ? "error" : "warning", rule->help);
        help_name(out, rule->name, text);
    }
}

static void help_methods(FILE *out)
{
    fputs("\nMethods:\n", out);
    for (int m = 0; m < data_forge_count; m++) help_name(out, data_forges[m].name, data_forges[m].help);
}

static void help_command(FILE *out, const char *program, DataCommand command)
{
    const Command *c = &commands[command];
    fprintf(out, "usage: %s %s %s [options]\n\n%c%s.\n", program, c->name, c->usage, c->help[0] - 'a' + 'A',
            c->help + 1);
    if (*c->more) nn_help_row(out, "", 0, c->more);
    fputc('\n', out);
    for (int i = 0; i < N_OPTIONS; i++) {
        char left[32];
        if (!(options[i].commands & 1 << command)) continue;
        snprintf(left, sizeof left, "  %s%s%s", options[i].name, options[i].argument ? " " : "",
                 options[i].argument ? options[i].argument : "");
        nn_help_row(out, left, 22, options[i].help);
    }
    nn_word_help(out, 22);
    if (command == DATA_FORGE_PHOTOS) help_methods(out);
    else help_specs(out);
    if (command == DATA_CHECK_SETS) help_findings(out);
}

void data_arguments_help(FILE *out, const char *program, DataCommand command)
{
    if (command == DATA_COMMANDS) help_program(out, program);
    else help_command(out, program, command);
    fputs("\nexit codes: 0 done; 1 a file failed; 2 command line; 3 the data is unusable;\n"
          "            130 / 143 interrupted by Ctrl-C / SIGTERM\n",
          out);
}

/* ---- parsing ---- */

static NnStatus find_command(const char *text, DataCommand *out, NnErr *err)
{
    const char *names[DATA_COMMANDS];
    char known[96] = "";
    for (int c = 0; c < DATA_COMMANDS; c++) {
        names[c] = commands[c].name;
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", c ? ", " : "", names[c]);
        if (strcmp(text, names[c]) != 0) continue;
        *out = (DataCommand)c;
        return NN_OK;
    }
    const char *near = nn_nearest(text, names, DATA_COMMANDS);
    return nn_fail(err, NN_ERR_USAGE, "%s: no such command%s%s%s; known: %s", text, near ? "; did you mean " : "",
                   near ? near : "", near ? "?" : "", known);
}

/* The row of "--name" or "--name=value" that this command has; with DATA_COMMANDS that any has. */
static const Option *find_option(const char *text, DataCommand command)
{
    const size_t len = strcspn(text, "=");
    for (int i = 0; i < N_OPTIONS; i++)
        if ((command == DATA_COMMANDS || options[i].commands & 1 << command) && strlen(options[i].name) == len &&
            !strncmp(options[i].name, text, len))
            return &options[i];
    return NULL;
}

static NnStatus unknown_option(const char *text, DataCommand command, NnErr *err)
{
    const char *names[N_OPTIONS];
    int n = 0;
    if (command == DATA_COMMANDS)
        return nn_fail(err, NN_ERR_USAGE, "%s: expected a command before the options; --help lists them", text);
    for (int i = 0; i < N_OPTIONS; i++)
        if (options[i].commands & 1 << command) names[n++] = options[i].name;
    const char *near = nn_nearest(text, names, n);
    return nn_fail(err, NN_ERR_USAGE, "%s: %s has no such option%s%s%s; %s --help lists them", text,
                   commands[command].name, near ? "; did you mean " : "", near ? near : "", near ? "?" : "",
                   commands[command].name);
}

static NnStatus read_number(const Option *o, const char *text, int *out, NnErr *err)
{
    char *end;
    errno = 0;
    const long v = strtol(text, &end, 10);
    if (end == text || *end || errno || v < o->min || v > o->max)
        return nn_fail(err, NN_ERR_USAGE, "%s %s: expected a whole number from %d to %d", o->name, text, o->min,
                       o->max);
    *out = (int)v;
    return NN_OK;
}

static NnStatus read_share(const Option *o, const char *text, float *out, NnErr *err)
{
    char *end;
    const float v = strtof(text, &end);
    if (end == text || *end || !(v >= 0 && v <= 0.9f))
        return nn_fail(err, NN_ERR_USAGE, "%s %s: expected a share from 0 to 0.9", o->name, text);
    *out = v;
    return NN_OK;
}

static NnStatus take_value(DataArguments *a, const Option *o, const char *value, NnErr *err)
{
    void *field = (char *)a + o->offset;
    if (o->kind == NUMBER) return read_number(o, value, field, err);
    if (o->kind == SHARE) return read_share(o, value, field, err);
    *(const char **)field = value;
    return NN_OK;
}

/* The option at argv[*i]; moves *i to its value where that stands apart. */
static NnStatus take_option(DataArguments *a, int argc, char **argv, int *i, NnErr *err)
{
    const char *text = argv[*i], *value = strchr(text, '=');
    const Option *o = find_option(text, a->command);
    if (!o || (a->command == DATA_COMMANDS && o->commands != ALL)) return unknown_option(text, a->command, err);
    if (o->kind == FLAG) {
        if (value) return nn_fail(err, NN_ERR_USAGE, "%s: takes no value", o->name);
        *(int *)(void *)((char *)a + o->offset) = 1;
        return NN_OK;
    }
    if (value) value++;
    else if (*i + 1 < argc) value = argv[++*i];
    if (!value || !*value)
        return nn_fail(err, NN_ERR_USAGE, "%s: expected a value: %s %s", o->name, o->name, o->argument);
    return take_value(a, o, value, err);
}

/* "70-95" */
static NnStatus read_quality(DataArguments *a, NnErr *err)
{
    char *end;
    if (!a->quality) return NN_OK;
    const long low = strtol(a->quality, &end, 10), high = *end == '-' ? strtol(end + 1, &end, 10) : low;
    if (*end || low < 1 || high > 100 || low > high)
        return nn_fail(err, NN_ERR_USAGE, "--quality %s: expected LOW-HIGH, JPEG qualities from 1 to 100", a->quality);
    a->quality_min = (int)low, a->quality_max = (int)high;
    return NN_OK;
}

static NnStatus check_forge(DataArguments *a, NnErr *err)
{
    if (strcmp(a->on_bad, "stop") != 0 && strcmp(a->on_bad, "skip") != 0)
        return nn_fail(err, NN_ERR_USAGE, "--on-bad %s: known: stop, skip", a->on_bad);
    if (a->val + a->test >= 1)
        return nn_fail(err, NN_ERR_USAGE, "--val %g and --test %g leave nothing to train on", (double)a->val,
                       (double)a->test);
    if (!a->methods) return nn_fail(err, NN_ERR_USAGE, "forge: expected --methods NAME,...; forge --help lists them");
    return read_quality(a, err);
}

static NnStatus check(DataArguments *a, NnErr *err)
{
    if (a->help || a->version) return NN_OK;
    if (a->command == DATA_COMMANDS)
        return nn_fail(err, NN_ERR_USAGE, "expected a command: import, check, stats, forge or sheet; --help explains");
    const Command *c = &commands[a->command];
    if (a->n_specs < c->min_specs) return nn_fail(err, NN_ERR_USAGE, "%s: expected %s %s", c->name, c->name, c->usage);
    if (a->n_specs > c->max_specs)
        return nn_fail(err, NN_ERR_USAGE, "%s: %s takes one data set; %s is there already", a->specs[1], c->name,
                       a->specs[0]);
    if (c->needs_out && !a->out)
        return nn_fail(err, NN_ERR_USAGE, "%s: expected --out, where the result goes: %s %s", c->name, c->name,
                       c->usage);
    return a->command == DATA_FORGE_PHOTOS ? check_forge(a, err) : NN_OK;
}

NnStatus data_arguments_parse(int argc, char **argv, DataArguments *a, NnErr *err)
{
    *a = (DataArguments){ .command = DATA_COMMANDS,
                          .allow = "",
                          .on_bad = "stop",
                          .seed = 1,
                          .threads = nn_cpu_count(),
                          .examples = 10,
                          .columns = 3,
                          .max_pixels = DATA_MAX_PIXELS,
                          .val = 0.15f,
                          .test = 0.15f };
    a->specs = nn_alloc((size_t)argc + 1, sizeof *a->specs);
    if (!a->specs) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the command line");
    for (int i = 1, only_names = 0; i < argc; i++) {
        const NnWordKind kind = nn_word_kind(argv[i], &only_names);
        if (kind == NN_WORD_END) continue;
        if (kind == NN_WORD_OPTION) NN_TRY(take_option(a, argc, argv, &i, err));
        else if (a->command == DATA_COMMANDS) NN_TRY(find_command(argv[i], &a->command, err));
        else a->specs[a->n_specs++] = argv[i];
    }
    return check(a, err);
}

void data_arguments_free(DataArguments *a)
{
    free(a->specs);
    a->specs = NULL;
}
