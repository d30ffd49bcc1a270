/* threshold_rule.c -- see threshold_rule.h. */
#include "eval/threshold_rule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

/* ---- the scores ---- */

static NnStatus check_validation(const NnTensor *score, const NnTensor *label, const char *path, NnErr *err)
{
    if (!score || !label || score->shape.n != 1 || !nn_shape_equal(score->shape, label->shape))
        return nn_fail(err, NN_ERR_FORMAT, "%s: validation.score and validation.label are not two lists of one length",
                       path);
    for (int i = 0; i < score->shape.d[0]; i++) {
        const float s = score->value[i], l = label->value[i];
        if (!(s >= 0.0f && s <= 1.0f) || (l != 0.0f && l != 1.0f))
            return nn_fail(err, NN_ERR_FORMAT,
                           "%s: validation image %d has score %g, label %g: expected 0 to 1, and 0 or 1", path, i + 1,
                           (double)s, (double)l);
    }
    return NN_OK;
}

NnStatus eval_validation_read(const NnCheckpoint *c, const char *path, EvalValidation *out, NnErr *err)
{
    const NnTensor *score = nn_checkpoint_find(c, "validation.score"),
                   *label = nn_checkpoint_find(c, "validation.label");
    *out = (EvalValidation){ 0 };
    if (!score && !label) return NN_OK;
    NN_TRY(check_validation(score, label, path, err));
    const int n = score->shape.d[0];
    out->score = nn_alloc((size_t)n, sizeof *out->score);
    out->label = nn_alloc((size_t)n, 1);
    if (!out->score || !out->label) {
        eval_validation_free(out);
        return nn_fail(err, NN_ERR_NOMEM, "%s: no memory for the scores of %d validation images", path, n);
    }
    out->n = n;
    memcpy(out->score, score->value, (size_t)n * sizeof *out->score);
    for (int i = 0; i < n; i++) out->label[i] = label->value[i] > 0.5f;
    return NN_OK;
}

void eval_validation_free(EvalValidation *v)
{
    free(v->score);
    free(v->label);
    *v = (EvalValidation){ 0 };
}

/* ---- the rules ---- */

static const struct {
    const char *name; /* with "=" where a limit follows */
    NnThresholdAim aim;
    int is_fixed; /* a number that needs no scores, and no aim */
} known[] = { { "accuracy", NN_THRESHOLD_ACCURACY, 0 }, { "youden", NN_THRESHOLD_YOUDEN, 0 },
              { "eer", NN_THRESHOLD_EER, 0 },           { "fpr=", NN_THRESHOLD_FPR, 0 },
              { "fnr=", NN_THRESHOLD_FNR, 0 },          { "deepfakebench", NN_THRESHOLD_ACCURACY, 1 } };
enum { RULES = sizeof known / sizeof *known };

static int has_limit(int rule)
{
    return known[rule].name[strlen(known[rule].name) - 1] == '=';
}

void eval_threshold_rule_names(char out[EVAL_THRESHOLD_NAMES])
{
    size_t n = 0;
    for (int i = 0; i < RULES; i++)
        n += (size_t)snprintf(out + n, EVAL_THRESHOLD_NAMES - n, "%s%s%s", i ? ", " : "", known[i].name,
                              has_limit(i) ? "SHARE" : "");
}

/* A number of 0 to 1 that is all of the text. */
static int read_share(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && !*end && *out >= 0 && *out <= 1;
}

/* Is `text` this rule, with a limit where it has one? */
static int is_rule(const char *text, int rule, double *limit)
{
    const size_t len = strlen(known[rule].name);
    if (strncmp(text, known[rule].name, len) != 0) return 0;
    return has_limit(rule) ? read_share(text + len, limit) : !text[len];
}

NnStatus eval_threshold_rule_parse(const char *text, EvalThresholdRule *out, NnErr *err)
{
    char names[EVAL_THRESHOLD_NAMES];
    *out = (EvalThresholdRule){ 0 };
    for (int i = 0; i < RULES; i++) {
        if (!is_rule(text, i, &out->value)) continue;
        out->aim = known[i].aim;
        out->is_number = known[i].is_fixed;
        if (out->is_number) out->value = nextafter(0.5, 1);
        return NN_OK;
    }
    out->is_number = 1;
    if (read_share(text, &out->value)) return NN_OK;
    eval_threshold_rule_names(names);
    return nn_fail(err, NN_ERR_USAGE,
                   "threshold \"%s\": unknown; known: %s, or the threshold itself, a number from 0 to 1", text, names);
}

NnStatus eval_thresholds(const EvalValidation *v, const EvalThresholdRule *rules, int n, double *out, NnErr *err)
{
    for (int i = 0; i < n; i++) {
        NnErr inner = { .status = NN_OK };
        out[i] = rules[i].value;
        if (rules[i].is_number) continue;
        if (v->n == 0)
            return nn_fail(err, NN_ERR_DATA,
                           "the checkpoint holds no scores of its validation, so no threshold can be chosen by them; "
                           "train with this version, or give the threshold as a number");
        if (nn_threshold_find(rules[i].aim, rules[i].value, v->score, v->label, (size_t)v->n, &out[i], &inner) != NN_OK)
            return nn_fail(err, NN_ERR_DATA, "the validation of the checkpoint: %s", inner.msg);
    }
    return NN_OK;
}
