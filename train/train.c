/* train.c -- the program `train`: from a configuration to a run folder.
 *
 * main() reads like the story of a run: command line, configuration, data, network, training, farewell. The only place
 * where errors become text on stderr and exit codes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/audit.h"
#include "data/region_maps.h"
#include "nn/base/blas.h"
#include "nn/base/calm_start.h"
#include "nn/base/file.h"
#include "nn/base/shell_words.h"
#include "nn/base/size.h"
#include "nn/ops/micro.h"
#include "train/active.h"
#include "train/options.h"
#include "train/overfit.h"
#include "train/profile.h"
#include "train/regions.h"
#include "train/report_page.h"
#include "train/run_folder.h"
#include "train/run_header.h"
#include "train/run_record.h"
#include "train/session.h"
#include "train/snapshot.h"
#include "train/stop_signal.h"

enum { PROFILE_STEPS = 20 };

/* What main holds from start to end. */
typedef struct {
    int argc;
    char **argv;
    TrainOptions options;
    TrainConfig config;
    NnCheckpoint resumed; /* empty unless --resume */
    DataSet *set;
    int *train, *val;
    int n_train, n_val, n_bad;
    int side_min, side_max; /* of the training images, as they were found */
    Trainer *trainer;
    char folder[TRAIN_PATH_MAX], last[TRAIN_PATH_MAX];
} Program;

static int writes_nothing(const TrainOptions *o)
{
    return o->overfit || o->profile || o->summary || o->dry_run;
}

/* --mode regions is no run and has no folder. */
static int has_folder(const TrainOptions *o)
{
    return !o->overfit && !o->profile && !o->summary && !o->regions;
}

/* --overfit-batch N goes the way of --set, so that the limits of the table hold for it too. */
static NnStatus set_batch(Program *p, NnErr *err)
{
    char assignment[64];
    NnErr why = { 0 };
    NnBinding b[TRAIN_SECTIONS];
    train_config_bind(&p->config, b);
    snprintf(assignment, sizeof assignment, "train.batch=%d", p->options.overfit);
    if (nn_settings_set(b, TRAIN_SECTIONS, assignment, &why) == NN_OK) return NN_OK;
    return nn_fail(err, why.status, "--overfit-batch %d, by way of %s", p->options.overfit, why.msg);
}

/* --overfit-batch and --profile are short runs of their own. */
static NnStatus adapt_config(Program *p, NnErr *err)
{
    TrainRunSettings *train = &p->config.train;
    if (p->options.overfit) NN_TRY(set_batch(p, err));
    if (p->options.overfit) { /* one batch as it is: what regularises would only hide whether it can be learned */
        p->config.optim.accumulate = 1;
        p->config.active.picker = TRAIN_PICK_OFF;
        p->config.regions.remove = DATA_REMOVE_NONE;
        p->config.blur.kind = TRAIN_BLUR_NONE;
    }
    if (p->options.overfit && !train->steps) train->steps = TRAIN_OVERFIT_STEPS;
    if (p->options.profile && !train->steps) train->steps = PROFILE_STEPS;
    return NN_OK;
}

/* A resumed run takes its configuration from its own checkpoint. */
static NnStatus read_checkpoint(Program *p, NnErr *err)
{
    TrainConfig stored;
    train_folder_file(p->folder, "last.safetensors", p->last);
    NN_TRY(nn_checkpoint_load(p->last, &p->resumed, err));
    NN_TRY(train_snapshot_config(&p->resumed, p->last, &stored, err));
    NN_TRY(train_config_merge(&stored, &p->config, err));
    p->config = stored;
    return NN_OK;
}

static NnStatus configure(Program *p, NnErr *err)
{
    const TrainOptions *o = &p->options;
    NN_TRY(train_config_load(&p->config, o->config, o->sets, o->n_sets, err));
    if (o->print_config) return NN_OK;
    if (has_folder(o)) NN_TRY(train_folder_choose(o, &p->config, p->folder, err));
    if (o->resume && !o->summary) NN_TRY(read_checkpoint(p, err));
    return adapt_config(p, err);
}

/* Read every file once before the first step: what cannot be read ends the run now, and not in an hour, or with on_bad =
 * skip is left out. Portraits are no files. */
static NnStatus check_images(Program *p, int *index, int *n, NnErr *err)
{
    DataCheck check = { 0 };
    p->side_min = p->side_max = p->config.data.size;
    if (p->config.data.source == DATA_SOURCE_PORTRAITS || p->options.summary) return NN_OK;
    const NnStatus status = data_set_check(p->set, index, n, p->config.data.threads, &check, err);
    for (int i = 0; status == NN_OK && i < check.n_bad; i++) fprintf(stderr, "left out: %s\n", check.messages[i]);
    p->n_bad += check.n_bad;
    p->side_min = check.side_min, p->side_max = check.side_max;
    data_check_free(&check);
    return status;
}

/* What makes every later number worthless ends the run now; what a person should know is printed. */
static NnStatus audit_list(Program *p, NnErr *err)
{
    DataAudit audit = { 0 };
    const int kind = p->config.data.source, is_generated = kind == DATA_SOURCE_PORTRAITS || kind == DATA_SOURCE_PHOTOS;
    NN_TRY(data_audit_init_for_run(&audit, p->config.data.allow, err));
    if (is_generated || p->options.summary) return NN_OK;
    NnStatus status = data_audit_list(&audit, p->set, err);
    for (int k = 0; status == NN_OK && k < audit.n; k++) {
        const DataFinding *f = &audit.findings[k];
        const char *name = data_finding_rules[f->kind].name;
        if (f->severity == DATA_WARNING) fprintf(stderr, "warning: %s: %d %s\n", name, f->count, f->text);
    }
    if (status == NN_OK) status = data_audit_verdict(&audit, p->config.data.path, err);
    data_audit_free(&audit);
    return status;
}

static NnStatus choose_overfit_items(Program *p, NnErr *err)
{
    int *chosen = nn_alloc((size_t)p->options.overfit, sizeof *chosen);
    if (!chosen) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the items to overfit");
    const NnStatus status = train_overfit_choose(p->set, p->train, p->n_train, p->options.overfit, chosen, err);
    free(p->train);
    p->train = chosen, p->n_train = p->options.overfit, p->n_val = 0;
    return status;
}

static NnStatus open_data(Program *p, NnErr *err)
{
    NN_TRY(data_set_open(&p->config.data, (uint64_t)p->config.train.seed, &p->set, err));
    if (p->config.active.picker != TRAIN_PICK_OFF) NN_TRY(data_set_hide_masks(p->set, err)); /* before the check */
    NN_TRY(data_set_select(p->set, DATA_TRAIN, &p->train, &p->n_train, err));
    NN_TRY(data_set_select(p->set, DATA_VAL, &p->val, &p->n_val, err));
    if (p->options.profile || p->options.regions) p->n_val = 0;
    NN_TRY(audit_list(p, err));
    NN_TRY(check_images(p, p->val, &p->n_val, err));
    NN_TRY(check_images(p, p->train, &p->n_train, err)); /* last: theirs are the sizes that are noted */
    return p->options.overfit ? choose_overfit_items(p, err) : NN_OK;
}

static void warn_of_changes(const NnCheckpoint *c, const Trainer *t)
{
    const char *kernels = nn_checkpoint_meta(c, "kernels"), *core = nn_checkpoint_meta(c, "blas_core"),
               *isa = nn_checkpoint_meta(c, "isa"), *version = nn_checkpoint_meta(c, "version");
    if (isa && strcmp(isa, nn_micro()->name) != 0)
        fprintf(stderr,
                "warning: the run was begun with the instruction set %s, this is %s: results will differ in the last "
                "bits\n",
                isa, nn_micro()->name);
    if (core && strcmp(core, nn_blas_core()) != 0)
        fprintf(stderr,
                "warning: the run was begun with BLAS core %s, this is %s: results will differ in the last bits\n",
                core, nn_blas_core());
    if (kernels && strcmp(kernels, nn_plan_kernels(t->plan)) != 0)
        fprintf(stderr,
                "warning: the run was begun with kernels that this machine has not: results will differ in the last "
                "bits; then \"%s\", now \"%s\"\n",
                kernels, nn_plan_kernels(t->plan));
    if (version && strcmp(version, LOCUS_VERSION) != 0)
        fprintf(stderr, "warning: the run was begun with version %s, this is %s\n", version, LOCUS_VERSION);
}

static NnStatus make_trainer(Program *p, NnErr *err)
{
    const TrainerSpec spec = { .config = &p->config,
                               .set = p->set,
                               .train = p->train,
                               .val = p->val,
                               .n_train = p->n_train,
                               .n_val = p->n_val,
                               .side_min = p->side_min,
                               .side_max = p->side_max,
                               .augment = !p->options.overfit,
                               .kernels = nn_checkpoint_meta(&p->resumed, "kernels"),
                               .annotations = p->options.annotations,
                               .attack_kernels = nn_checkpoint_meta(&p->resumed, "attack_kernels"),
                               .generator_kernels = nn_checkpoint_meta(&p->resumed, "generator_kernels") };
    NN_TRY(nn_blas_init(err));
    NN_TRY(trainer_new(&spec, &p->trainer, err));
    if (p->resumed.n_tensors) {
        warn_of_changes(&p->resumed, p->trainer);
        NN_TRY(train_snapshot_restore(p->trainer, &p->resumed, p->last, err));
    }
    /* --mode regions makes the maps that this looks for. */
    if (!p->options.summary && !p->options.regions) {
        NN_TRY(train_regions_check(p->trainer, err));
        NN_TRY(train_active_check(p->trainer, err));
    }
    return p->options.annotations ? train_active_admits(p->trainer, p->folder, err) : NN_OK;
}

static NnStatus print_summary(const Program *p, NnErr *err)
{
    char *text = nn_detector_summary(p->trainer->graph, p->trainer->plan);
    if (!text) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the summary");
    fputs(text, stdout);
    free(text);
    return NN_OK;
}

static NnStatus print_config(const Program *p, NnErr *err)
{
    char *text = train_config_format(&p->config);
    if (!text) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the configuration");
    fputs(text, stdout);
    free(text);
    return NN_OK;
}

static NnStatus print_dry_run(const Program *p)
{
    TrainLog none = { 0 };
    train_header_say(&none, p->trainer, p->folder);
    puts("dry run: configuration, data and network are fine; nothing was written");
    return NN_OK;
}

static NnStatus overfit_or_profile(Program *p, NnErr *err)
{
    TrainSession s;
    int learned = 1;
    NN_TRY(train_session_open(&s, p->trainer, NULL, train_stop_flag(), err));
    train_header_say(&s.log, p->trainer, NULL);
    if (p->options.profile) train_profile_start(p->trainer);
    const NnStatus status = p->options.overfit ? train_overfit_run(&s, &learned, err) : train_session_run(&s, err);
    train_session_close(&s);
    if (status != NN_OK) return status;
    if (p->options.profile) NN_TRY(train_profile_print(p->trainer, err));
    if (learned) return NN_OK;
    return nn_fail(err, NN_ERR_FORMAT,
                   "--overfit-batch: %d images were not learned by heart in %d steps; look at data, "
                   "losses and learning rate",
                   p->options.overfit, p->config.train.steps);
}

static int has_test_images(const DataSet *set)
{
    int n = train_header_count(set, DATA_TEST, -1);
    for (int m = 0; m < set->n_methods; m++) n += train_header_count(set, DATA_TEST, m);
    return n > 0;
}

/* "build/train" is followed by "build/eval", "locus-train" by "locus-eval". */
static char *next_command(const Program *p)
{
    const char *self = p->argv[0], *words[6];
    const size_t len = strlen(self), tail = strlen("train");
    const int known = len >= tail && !strcmp(self + len - tail, "train");
    int n = 0;
    char *eval = nn_alloc(len + sizeof "eval", 1);
    if (!eval) return NULL;
    snprintf(eval, len + sizeof "eval", "%.*seval", known ? (int)(len - tail) : 0, self);
    if (!strchr(eval, '/')) words[n++] = "env"; /* a shell has an eval of its own */
    words[n++] = eval;
    if (!has_test_images(p->set)) words[n++] = "--data", words[n++] = "NAME=SPEC";
    if (p->folder[0] == '-') words[n++] = "--";
    words[n++] = p->folder;
    char *line = nn_shell_line(words, n);
    free(eval);
    return line;
}

static void say_next(const Program *p, TrainLog *log)
{
    char *command = next_command(p);
    if (command) train_log_say(log, "next: %s", command);
    free(command);
}

static void say_farewell(Program *p, TrainSession *s)
{
    const Trainer *t = p->trainer;
    if (t->validated && t->config.train.best == TRAIN_BEST_AUC)
        train_log_say(&s->log, "best validation AUC %.4f (manipulations trained on)", t->best);
    else if (t->validated && isnan(s->best_auc)) /* it was before this process took the run up */
        train_log_say(&s->log, "best validation loss %.4f", -t->best);
    else if (t->validated) train_log_say(&s->log, "best validation loss %.4f, AUC there %.4f", -t->best, s->best_auc);
    if (p->n_bad) train_log_say(&s->log, "%d bad images were left out", p->n_bad);
    train_log_say(&s->log, "wrote %s: %slast.safetensors, metrics.csv, train.log", p->folder,
                  t->validated ? "best.safetensors, " : "");
    say_next(p, &s->log);
}

/* The run has stopped until somebody has drawn masks: what, where, and how to go on. */
static void say_waiting(const Program *p, TrainLog *log)
{
    char list[TRAIN_PATH_MAX];
    train_folder_file(p->folder, "candidates.csv", list);
    char *command = train_options_resume_command(p->argc, p->argv, p->folder, list);
    train_log_say(log, "waiting  for masks: for each row of %s draw a picture of the size of its image (path),", list);
    train_log_say(log,
                  "         white where the image is forged and black elsewhere, and save it as PNG or JPEG under the");
    train_log_say(log, "         name in the column mask, which you may change. Then go on with:");
    if (command) train_log_say(log, "         %s", command);
    free(command);
}

static const char *end_text(NnStatus status, int waits)
{
    return status == NN_OK && waits       ? "waiting for masks"
           : status == NN_OK              ? "finished"
           : status == NN_ERR_INTERRUPTED ? "interrupted"
                                          : "failed";
}

/* However the run has ended. A report that cannot be written is a warning: the run's results stand. */
static void write_report(const Program *p, TrainSession *s, const char *started, int64_t first, NnStatus status,
                         const NnErr *err)
{
    NnErr why = { 0 };
    const TrainEnding ending = { p->trainer, &s->watch, p->folder, started, status, status == NN_OK ? "" : err->msg,
                                 first };
    if (!p->config.train.report || !s->log.metrics) return;
    if (train_log_sync(&s->log, &why) != NN_OK || train_report_write(&ending, &why) != NN_OK)
        fprintf(stderr, "train: no report: %s\n", why.msg);
    else train_log_say(&s->log, "report   %s/report.html", p->folder);
}

static NnStatus full_run(Program *p, NnErr *err)
{
    TrainSession s = { 0 };
    char started[32];
    const int64_t first = p->trainer->step;
    NnErr late = { 0 };
    train_record_now(started);
    NN_TRY(train_folder_open(p->folder, err));
    NN_TRY(train_record_write(p->trainer, p->folder, p->argc, p->argv, started, first, "running", err));
    NnStatus status = train_session_open(&s, p->trainer, p->folder, train_stop_flag(), err);
    if (status == NN_OK) {
        train_header_say(&s.log, p->trainer, p->folder);
        status = train_session_run(&s, err);
    }
    write_report(p, &s, started, first, status, err);
    if (status == NN_OK && p->trainer->waits) say_waiting(p, &s.log);
    else if (status == NN_OK) say_farewell(p, &s);
    if (train_record_write(p->trainer, p->folder, p->argc, p->argv, started, first, end_text(status, p->trainer->waits),
                           &late) != NN_OK)
        fprintf(stderr, "train: %s\n", late.msg);
    train_session_close(&s);
    return status;
}

static NnStatus measure_regions(Program *p, NnErr *err)
{
    TrainLog none = { 0 };
    if (!p->config.gradcam.detectors[0])
        return nn_fail(err, NN_ERR_CONFIG,
                       "--mode regions: [gradcam] detectors is empty; expected run folders or checkpoints, e.g. "
                       "--set gradcam.detectors=runs/a,runs/b");
    NN_TRY(data_region_maps_check_place(p->options.out, err));
    char *folder = nn_path_folder(p->options.out);
    if (!folder) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    NnStatus status = nn_folder_make(folder, err);
    free(folder);
    if (status == NN_OK) status = train_regions_measure(p->trainer, p->options.out, &none, train_stop_flag(), err);
    return status;
}

static NnStatus run(Program *p, NnErr *err)
{
    NN_TRY(configure(p, err));
    if (p->options.print_config) return print_config(p, err);
    NN_TRY(open_data(p, err));
    NN_TRY(make_trainer(p, err));
    if (p->options.summary) return print_summary(p, err);
    if (p->options.dry_run) return print_dry_run(p);
    train_stop_install();
    if (p->options.regions) return measure_regions(p, err);
    return writes_nothing(&p->options) ? overfit_or_profile(p, err) : full_run(p, err);
}

static NnStatus print_config_help(NnErr *err)
{
    TrainConfig c;
    NnBinding b[TRAIN_SECTIONS];
    train_config_bind(&c, b);
    nn_settings_defaults(b, TRAIN_SECTIONS);
    char *text = nn_settings_help(b, TRAIN_SECTIONS);
    if (!text) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the help");
    fputs(text, stdout);
    free(text);
    return NN_OK;
}

static NnStatus obey(Program *p, NnErr *err)
{
    NN_TRY(train_options_parse(p->argc, p->argv, &p->options, err));
    if (p->options.help) train_options_help(p->argv[0]);
    else if (p->options.help_config) return print_config_help(err);
    else if (p->options.version) puts("train (Locus) " LOCUS_VERSION);
    else return run(p, err);
    return NN_OK;
}

/* Text and exit code of a failure. */
static int report(const Program *p, NnStatus status, const NnErr *err)
{
    if (status == NN_OK) return 0;
    fprintf(stderr, "train: %s\n", err->msg);
    if (status != NN_ERR_INTERRUPTED) return nn_status_exit_code(status);
    char *command = p->folder[0] ? train_options_resume_command(p->argc, p->argv, p->folder, NULL) : NULL;
    if (command) fprintf(stderr, "train: saved; go on with: %s\n", command);
    free(command);
    return 128 + (int)*train_stop_flag();
}

int main(int argc, char **argv)
{
    nn_calm_start(argv);
    Program p = { .argc = argc, .argv = argv };
    NnErr err = { 0 };
    const NnStatus status = obey(&p, &err);
    const int code = report(&p, status, &err);
    trainer_free(p.trainer);
    free(p.train);
    free(p.val);
    data_set_free(p.set);
    nn_checkpoint_free(&p.resumed);
    train_options_free(&p.options);
    return code;
}
