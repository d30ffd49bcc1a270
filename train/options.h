/* options.h -- the command line of `train`. One table in options.c makes the parser and --help. */
#ifndef TRAIN_OPTIONS_H
#define TRAIN_OPTIONS_H
#include "nn/base/status.h"

typedef struct {
    const char *config; /* the one positional argument; NULL with --help and the like */
    const char **sets;  /* "section.key=value", in order; --seed and --threads are among them */
    int n_sets;
    const char *out;         /* NULL: by the configuration */
    const char *mode;        /* "train" or "regions" */
    int regions;             /* the latter */
    const char *annotations; /* a person's masks; NULL: none */
    int resume, dry_run, summary, print_config, profile, help, help_config, version;
    int overfit; /* images; 0: no */
    char seed[64], threads[64];
} TrainOptions;

/* ERR_USAGE: unknown option (the nearest known one named), missing value, no CONFIG. Strings point into argv; free with
 * train_options_free. */
NnStatus train_options_parse(int argc, char **argv, TrainOptions *o, NnErr *err);
void train_options_free(TrainOptions *o);

/* What --help prints. */
void train_options_help(const char *program);

/* The command that goes on with this run: argv without --out, --resume and --annotations, then `--out folder --resume`
 * and, unless NULL, `--annotations annotations` (all before a "--" of argv), quoted for a shell. Caller frees; NULL: no
 * memory. */
char *train_options_resume_command(int argc, char **argv, const char *folder, const char *annotations);

#endif
