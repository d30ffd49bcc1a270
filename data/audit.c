/* audit.c -- see audit.h: the rules, and the book that findings are written in. The looking is done in audit_list.c,
 * audit_images.c and audit_between.c. */
#include "data/audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/splits.h"
#include "nn/base/size.h"

#define GROUPS "no list with a video or source in two splits is opened; put it into one, or leave those columns empty"
#define FILES  "it is for [data] on_bad to stop the run or leave such images out"

const DataFindingRule data_finding_rules[DATA_FINDING_KINDS] = {
    [DATA_LEAK_FILE] = { "leak-file", DATA_ERROR, "one file, by whatever name or link, is in two splits", NULL },
    [DATA_LEAK_VIDEO] = { "leak-video", DATA_ERROR, "frames of one video are in two splits", GROUPS },
    [DATA_LEAK_ORIGIN] = { "leak-origin", DATA_ERROR,
                           "images of one origin (photograph, pair of identities) are in two splits", GROUPS },
    [DATA_LEAK_CONTENT] = { "leak-content", DATA_ERROR, "images that are alike in every pixel are in two splits",
                            NULL },
    [DATA_LEAK_NAME] = { "leak-name", DATA_WARNING,
                         "a video has the same name in the set trained on and in one tested on", NULL },
    [DATA_CONTRADICTION] = { "contradiction", DATA_ERROR, "the same file or the same pixels are both real and fake",
                             NULL },
    [DATA_TWICE] = { "twice", DATA_WARNING, "the same file or the same pixels are listed twice in one split", NULL },
    [DATA_ONE_CLASS] = { "one-class", DATA_ERROR, "a split, or all of the data, holds only real or only fake images",
                         NULL },
    [DATA_MASKS_SOME] = { "masks-some", DATA_ERROR, "some fakes of a method have a mask and others have none", NULL },
    [DATA_MASKS_NONE] = { "masks-none", DATA_WARNING, "no fake of a method has a mask", NULL },
    [DATA_MASK_SIZE] = { "mask-size", DATA_ERROR, "a mask has another size than its image", FILES },
    [DATA_MASK_EMPTY] = { "mask-empty", DATA_ERROR, "the mask of a fake marks no pixel as forged", FILES },
    [DATA_MISSING] = { "missing", DATA_ERROR, "an image or mask that is listed does not exist", FILES },
    [DATA_UNREADABLE] = { "unreadable", DATA_ERROR, "an image or mask cannot be read", FILES },
    [DATA_GIVEAWAY] = { "giveaway", DATA_WARNING, "file type or size alone tells real from fake", NULL },
};

const char *data_split_name(int split)
{
    static const char *const names[DATA_SPLITS] = { "train", "val", "test" };
    return split == DATA_SPLIT_OPEN ? "no split" : names[split];
}

/* ---- what is allowed ---- */

static NnStatus check_kind(const char *name, const char *where, NnErr *err)
{
    const char *names[DATA_FINDING_KINDS];
    char known[320] = "";
    for (int k = 0; k < DATA_FINDING_KINDS; k++) {
        names[k] = data_finding_rules[k].name;
        if (strcmp(name, names[k]) == 0) return NN_OK;
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", k ? ", " : "", names[k]);
    }
    const char *near = nn_nearest(name, names, DATA_FINDING_KINDS);
    return nn_fail(err, NN_ERR_CONFIG, "%s: \"%s\": no such kind of finding%s%s%s; known: %s", where, name,
                   near ? " (nearest: " : "", near ? near : "", near ? ")" : "", known);
}

NnStatus data_audit_init(DataAudit *a, const char *allow, const char *where, int max_examples, NnErr *err)
{
    char name[NN_TEXT_MAX];
    *a = (DataAudit){ .allow = allow, .max_examples = max_examples };
    for (const char *p = allow; *p;) {
        p += strspn(p, " \t,");
        size_t len = strcspn(p, ","); /* at commas alone, as nn_list_has: else two words would pass and allow nothing */
        const char *end = p + len;
        while (len > 0 && strchr(" \t", p[len - 1])) len--;
        snprintf(name, sizeof name, "%.*s", (int)len, p);
        p = end;
        if (len > 0) NN_TRY(check_kind(name, where, err));
    }
    return NN_OK;
}

NnStatus data_audit_init_for_run(DataAudit *a, const char *allow, NnErr *err)
{
    NN_TRY(data_audit_init(a, allow, "[data] allow", 1, err));
    a->for_a_run = 1;
    for (int k = 0; k < DATA_FINDING_KINDS; k++) {
        const DataFindingRule *rule = &data_finding_rules[k];
        if (rule->stops_a_run && nn_list_has(allow, rule->name))
            return nn_fail(err, NN_ERR_CONFIG, "[data] allow: \"%s\" cannot be allowed: %s", rule->name,
                           rule->stops_a_run);
    }
    return NN_OK;
}

void data_audit_free(DataAudit *a)
{
    for (int k = 0; k < a->n; k++) {
        for (int i = 0; i < a->findings[k].n_examples; i++) free(a->findings[k].examples[i]);
        free(a->findings[k].examples);
    }
    free(a->findings);
    *a = (DataAudit){ 0 };
}

/* ---- the book ---- */

static DataFinding *begin(DataAudit *a, DataFindingKind kind, int of, const char *text)
{
    DataFinding *grown = nn_realloc(a->findings, (size_t)a->n + 1, sizeof *grown);
    if (!grown) return NULL;
    a->findings = grown;
    DataFinding *f = &grown[a->n++];
    *f = (DataFinding){ .kind = kind, .severity = data_finding_rules[kind].severity, .of = of };
    if (nn_list_has(a->allow, data_finding_rules[kind].name)) f->severity = DATA_WARNING;
    a->n_errors += f->severity == DATA_ERROR;
    a->n_warnings += f->severity == DATA_WARNING;
    snprintf(f->text, sizeof f->text, "%s", text);
    return f;
}

static DataFinding *finding_of(DataAudit *a, DataFindingKind kind, int of, const char *text)
{
    for (int k = 0; k < a->n; k++)
        if (a->findings[k].kind == kind && strncmp(a->findings[k].text, text, sizeof a->findings[k].text - 1) == 0)
            return &a->findings[k];
    return begin(a, kind, of, text);
}

static int keep_example(DataFinding *f, const char *line)
{
    const size_t bytes = strlen(line) + 1;
    char **grown = nn_realloc(f->examples, (size_t)f->n_examples + 1, sizeof *grown);
    if (grown) f->examples = grown;
    if (!grown || !(grown[f->n_examples] = nn_alloc(bytes, 1))) return 0;
    memcpy(grown[f->n_examples++], line, bytes);
    return 1;
}

NnStatus data_audit_find(DataAudit *a, DataFindingKind kind, int of, const char *text, NnErr *err, const char *fmt, ...)
{
    char line[DATA_PAIR_MAX + 256];
    DataFinding *f = finding_of(a, kind, of, text);
    if (!f) return nn_fail(err, NN_ERR_NOMEM, "out of memory for the findings of a data check");
    f->count++;
    if (f->n_examples >= a->max_examples) return NN_OK;
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    return keep_example(f, line) ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory for an example");
}

NnStatus data_audit_verdict(const DataAudit *a, const char *spec, NnErr *err)
{
    char of[32] = "";
    const DataFinding *f = a->findings;
    if (!a->n_errors) return NN_OK;
    while (f->severity != DATA_ERROR) f++;
    const char *kind = data_finding_rules[f->kind].name;
    if (f->of) snprintf(of, sizeof of, " of %d", f->of);
    return nn_fail(err, NN_ERR_DATA,
                   "%.120s: %s: %d%s %.120s, e.g. %.300s (errors: %d; \"data check\" lists all; [data] allow = %s lets "
                   "this one pass)",
                   spec, kind, f->count, of, f->text, f->n_examples ? f->examples[0] : "-", a->n_errors, kind);
}

int data_audit_masks(const DataSet *set)
{
    int n = 0;
    for (int i = 0; i < set->n; i++) n += set->items[i].mask != NULL;
    return n;
}

int data_items_part(const DataItem *a, const DataItem *b)
{
    const int declared = a->split != DATA_SPLIT_OPEN && b->split != DATA_SPLIT_OPEN;
    if (declared) return a->split != b->split;
    return a->group != b->group;
}

static int put_item(char *text, size_t room, const DataItem *item)
{
    return snprintf(text, room, "%s: %.500s%s%.250s%s", data_split_name(item->split), item->path,
                    item->where ? " (" : "", item->where ? item->where : "", item->where ? ")" : "");
}

const char *data_item_pair(const DataItem *a, const DataItem *b, char text[DATA_PAIR_MAX])
{
    const int n = put_item(text, DATA_PAIR_MAX, a);
    const int m = n + snprintf(text + n, (size_t)(DATA_PAIR_MAX - n), "; ");
    put_item(text + m, (size_t)(DATA_PAIR_MAX - m), b);
    return text;
}
