/* audit.h -- what is wrong with a data set as a whole: leaks between splits, missing classes and masks, damaged files.
 *
 * A single bad line ends the opening of a list (data_set.h); an audit looks at the list afterwards and gathers all that
 * it finds, each kind once with a count and its first examples. Errors ruin results: a number that is measured on such
 * data means nothing. Warnings are for a person to judge. Three looks, one after the other into one DataAudit:
 *
 *   data_audit_list     the list, and whether its files exist; opens no image, a few microseconds an item
 *   data_audit_images   what data_probe_all has seen in the files
 *   data_audit_between  a set that is trained on against one that is tested on
 */
#ifndef DATA_AUDIT_H
#define DATA_AUDIT_H
#include "data/file_probe.h"

typedef enum {
    DATA_LEAK_FILE,
    DATA_LEAK_VIDEO,
    DATA_LEAK_ORIGIN,
    DATA_LEAK_CONTENT,
    DATA_LEAK_NAME,
    DATA_CONTRADICTION,
    DATA_TWICE,
    DATA_ONE_CLASS,
    DATA_MASKS_SOME,
    DATA_MASKS_NONE,
    DATA_MASK_SIZE,
    DATA_MASK_EMPTY,
    DATA_MISSING,
    DATA_UNREADABLE,
    DATA_GIVEAWAY,
    DATA_FINDING_KINDS
} DataFindingKind;

typedef enum { DATA_WARNING, DATA_ERROR } DataSeverity;

/* The kinds, in the order of the enum. */
typedef struct {
    const char *name; /* "leak-video" */
    DataSeverity severity;
    const char *help; /* one line */
    /* What else stops a run over it, whatever [data] allow says, and what to do then; NULL: nothing. */
    const char *stops_a_run;
} DataFindingRule;

extern const DataFindingRule data_finding_rules[DATA_FINDING_KINDS];

typedef struct {
    DataFindingKind kind;
    DataSeverity severity; /* of the rule, unless it is allowed */
    int count, of;         /* how many, of how many; of = 0: no whole to speak of */
    char text[256];        /* what of them: "videos have frames in two splits" */
    int n_examples;
    char **examples; /* the first of them, whole sentences with paths and places in lists */
} DataFinding;

typedef struct {
    const char *allow; /* kinds whose errors are warnings here, comma separated; borrowed */
    int max_examples;  /* of each finding */
    int for_a_run;     /* data_audit_list leaves out what train will find itself, or may live with: missing files, which
                          data_set_check names, and a test split of one class */
    int n;
    DataFinding *findings;
    int n_errors, n_warnings; /* findings of each severity */
} DataAudit;

/* An empty audit. ERR_CONFIG: `allow` (named as `where` in the message) holds an unknown kind. */
NnStatus data_audit_init(DataAudit *a, const char *allow, const char *where, int max_examples, NnErr *err);

/* The same before training, with [data] allow (borrowed). ERR_CONFIG also for a kind that would stop the run all the same
 * (stops_a_run): nobody shall believe to have allowed it. */
NnStatus data_audit_init_for_run(DataAudit *a, const char *allow, NnErr *err);
void data_audit_free(DataAudit *a);

/* Look at the list. Items of manipulations that are not in settings.methods count in the test split alone, and masks
 * that are hidden (data_set_hide_masks) are not missed. Items of no split leak nowhere. ERR_NOMEM. */
NnStatus data_audit_list(DataAudit *a, const DataSet *set, NnErr *err);

/* Look at what is in the files; probes [set->n]. Reads images again only to be sure that two are alike. ERR_NOMEM. */
NnStatus data_audit_images(DataAudit *a, const DataSet *set, const DataProbe *probes, NnErr *err);

/* One set and what is known of its files. */
typedef struct {
    const DataSet *set;
    const DataProbe *probes; /* [set->n]; NULL: not looked at */
} DataAudited;

/* What of `tested` is in the training or validation of `trained`. Tested is what eval --data would measure on: the test
 * split (where there is none, the validation split) and what no split is declared for. Trained on is all but the test.
 * ERR_NOMEM. */
NnStatus data_audit_between(DataAudit *a, DataAudited trained, DataAudited tested, NnErr *err);

/* NN_OK without errors; else ERR_DATA, which tells the first of them with an example and how to learn more. `spec`:
 * what `data check` would be called with. */
NnStatus data_audit_verdict(const DataAudit *a, const char *spec, NnErr *err);

/* "train", "val", "test", or "no split". */
const char *data_split_name(int split);

/* ---- for the files that look ---- */

/* Write down one occurrence: it is counted in the finding of this kind with this text (a new one, of `of`, at the
 * first), and the example is kept while there is room. ERR_NOMEM. */
NnStatus data_audit_find(DataAudit *a, DataFindingKind kind, int of, const char *text, NnErr *err, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

/* Mask files that the items of a set name. */
int data_audit_masks(const DataSet *set);

/* Must these two items not share a thing? They are in different splits, or of different groups that may be drawn into
 * different ones. */
int data_items_part(const DataItem *a, const DataItem *b);

/* A pair as an example: "train: a.png (set.csv:3); test: b.png (set.csv:9)" into text. */
enum { DATA_PAIR_MAX = 1600 };
const char *data_item_pair(const DataItem *a, const DataItem *b, char text[DATA_PAIR_MAX]);

#endif
