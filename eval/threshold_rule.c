/* threshold_rule.c -- see threshold_rule.h. */
#include "eval/threshold_rule.h"

#include <math.h>
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
} aims[] = { { "accuracy", NN_THRESHOLD_ACCURACY },
             { "youden", NN_THRESHOLD_YOUDEN },
             { "eer", NN_THRESHOLD_EER },
             { "fpr=", NN_THRESHOLD_FPR },
             { "fnr=", NN_THRESHOLD_FNR } };

/* A number of 0 to 1 that is all of the text. */
static int read_share(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && !*end && *out >= 0 && *out <= 1;
}

NnStatus eval_threshold_rule_parse(const char *text, EvalThresholdRule *out, NnErr *err)
{
    *out = (EvalThresholdRule){ 0 };
    for (size_t i = 0; i < sizeof aims / sizeof *aims; i++) {
        const size_t len = strlen(aims[i].name);
        if (strncmp(text, aims[i].name, len) != 0) continue;
        out->aim = aims[i].aim;
        if (aims[i].name[len - 1] == '=' ? read_share(text + len, &out->value) : !text[len]) return NN_OK;
    }
    out->is_number = 1;
    if (read_share(text, &out->value)) return NN_OK;
    return nn_fail(err, NN_ERR_USAGE,
                   "threshold \"%s\": unknown; known: accuracy, youden, eer, fpr=SHARE, fnr=SHARE, or the threshold "
                   "itself, a number from 0 to 1",
                   text);
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
