/* command_check.c -- `data check SPEC...`: the audit of each set, then of the first against the others. */
#include <stdlib.h>
#include <string.h>

#include "data/audit.h"
#include "data/commands.h"
#include "data/data_counts.h"
#include "data/splits.h"
#include "nn/base/size.h"

typedef struct {
    DataConsole *console;
    const DataArguments *arguments;
    DataSet **sets;     /* [n_specs] */
    DataProbe **probes; /* [n_specs]; NULL entries with --quick */
    int n_errors, n_warnings;
} Check;

/* ---- the table ---- */

static int method_width(const DataSet *set)
{
    int width = 6;
    for (int m = 0; m < set->n_methods; m++)
        if ((int)strlen(set->methods[m]) > width) width = (int)strlen(set->methods[m]);
    return width < 32 ? width : 32;
}

static void put_row(FILE *out, int width, const char *split, const char *method, const char *label, const DataCount *c)
{
    fprintf(out, "  %-8s  %-*.*s  %-5s  %8d  %8d  %8d\n", split, width, width, method, label, c->images, c->videos,
            c->masks);
}

static void put_table(FILE *out, const DataSet *set, const DataCounts *counts)
{
    const int width = method_width(set);
    DataCount all = { 0 };
    fprintf(out, "  %-8s  %-*s  %-5s  %8s  %8s  %8s\n", "split", width, "method", "label", "images", "videos", "masks");
    for (int r = 0; r < counts->n; r++) {
        const DataCount *c = &counts->rows[r];
        const int fake = c->method >= 0;
        put_row(out, width, data_split_name(c->split), fake ? set->methods[c->method] : "-", fake ? "fake" : "real", c);
        all.images += c->images, all.masks += c->masks;
    }
    fprintf(out, "  %-8s  %-*s  %-5s  %8d  %8s  %8d\n\n", "all", width, "", "", all.images, "", all.masks);
}

/* ---- findings ---- */

static void put_finding(FILE *out, const DataFinding *f)
{
    fprintf(out, "%s  %s: %d", f->severity == DATA_ERROR ? "ERROR  " : "warning", data_finding_rules[f->kind].name,
            f->count);
    if (f->of) fprintf(out, " of %d", f->of);
    fprintf(out, " %s\n", f->text);
    for (int i = 0; i < f->n_examples; i++) fprintf(out, "           %s\n", f->examples[i]);
    if (f->count > f->n_examples && f->n_examples)
        fprintf(out, "           ... and %d more\n", f->count - f->n_examples);
}

/* What is worst comes last, where one looks. */
static void put_findings(Check *c, const DataAudit *audit)
{
    FILE *out = c->console->out;
    for (int severity = DATA_WARNING; severity <= DATA_ERROR; severity++)
        for (int k = 0; k < audit->n; k++)
            if ((int)audit->findings[k].severity == severity) put_finding(out, &audit->findings[k]);
    if (audit->n) fputc('\n', out);
    c->n_errors += audit->n_errors;
    c->n_warnings += audit->n_warnings;
}

/* ---- the sets ---- */

static NnStatus begin(const Check *c, DataAudit *audit, NnErr *err)
{
    return data_audit_init(audit, c->arguments->allow, "--allow", c->arguments->examples, err);
}

static NnStatus look_at_set(Check *c, int i, DataAudit *audit, NnErr *err)
{
    NN_TRY(begin(c, audit, err));
    NN_TRY(data_audit_list(audit, c->sets[i], err));
    if (c->arguments->quick) return NN_OK;
    NN_TRY(data_console_probe(c->console, c->arguments, c->sets[i], &c->probes[i], err));
    return data_audit_images(audit, c->sets[i], c->probes[i], err);
}

static NnStatus check_set(Check *c, int i, NnErr *err)
{
    DataCounts counts;
    DataAudit audit = { 0 };
    NN_TRY(data_console_list(c->console, c->arguments, c->arguments->specs[i], &c->sets[i], err));
    NN_TRY(data_counts_make(c->sets[i], &counts, err));
    fprintf(c->console->out, "%s\n\n", c->arguments->specs[i]);
    put_table(c->console->out, c->sets[i], &counts);
    data_counts_free(&counts);
    const NnStatus s = look_at_set(c, i, &audit, err);
    if (s == NN_OK) put_findings(c, &audit);
    data_audit_free(&audit);
    return s;
}

static NnStatus check_between(Check *c, int i, NnErr *err)
{
    DataAudit audit = { 0 };
    const DataAudited trained = { c->sets[0], c->probes[0] }, tested = { c->sets[i], c->probes[i] };
    NnStatus s = begin(c, &audit, err);
    if (s == NN_OK) s = data_audit_between(&audit, trained, tested, err);
    if (s == NN_OK) put_findings(c, &audit);
    data_audit_free(&audit);
    return s;
}

static NnStatus check_all(Check *c, NnErr *err)
{
    const int n = c->arguments->n_specs;
    if (!c->sets || !c->probes) return nn_fail(err, NN_ERR_NOMEM, "out of memory for %d data sets", n);
    for (int i = 0; i < n; i++) NN_TRY(check_set(c, i, err));
    for (int i = 1; i < n; i++) NN_TRY(check_between(c, i, err));
    if (c->n_errors)
        return nn_fail(err, NN_ERR_DATA, "check failed; errors: %d, warnings: %d%s", c->n_errors, c->n_warnings,
                       c->arguments->quick ? "; no image was opened (--quick)" : "");
    fprintf(c->console->out, "check passed; errors: 0, warnings: %d%s\n", c->n_warnings,
            c->arguments->quick ? "; no image was opened (--quick)" : "");
    return NN_OK;
}

NnStatus data_command_check(DataConsole *console, const DataArguments *a, NnErr *err)
{
    const size_t n = (size_t)a->n_specs;
    Check c = {
        .console = console, .arguments = a, .sets = nn_alloc(n, sizeof *c.sets), .probes = nn_alloc(n, sizeof *c.probes)
    };
    const NnStatus s = check_all(&c, err);
    for (size_t i = 0; i < n; i++) {
        if (c.probes && c.sets && c.sets[i]) data_probes_free(c.probes[i], c.sets[i]->n);
        if (c.sets) data_set_free(c.sets[i]);
    }
    free(c.sets);
    free(c.probes);
    return s;
}
