/* eval_page.h -- report.html: what one detector can be trusted with, for somebody who never saw this project.
 *
 * One offline file. Its size does not grow with the number of images: histograms are bins, curves are thinned to what
 * can be seen, pictures are a fixed number of small tiles (gallery.h, examples.h). All text is escaped by nn/base/page. */
#ifndef EVAL_EVAL_PAGE_H
#define EVAL_EVAL_PAGE_H
#include "eval/examples.h"
#include "eval/gallery.h"
#include "eval/report_files.h"
#include "nn/base/chart.h"

/* Everything is borrowed. */
typedef struct {
    const EvalReport *reports; /* [n], the judged data sets */
    int n;
    const EvalRun *run;
    const EvalBootstrapSpec *bootstrap;
    const EvalGallery *gallery;   /* its sets in the order of reports; NULL: none */
    const EvalExamples *examples; /* of the first data set; NULL: none */
} EvalReportPage;

/* Write folder/report.html, whole or not at all. ERR_NOMEM, ERR_IO, ERR_NUMERIC. */
NnStatus eval_report_page_save(const EvalReportPage *r, const char *folder, NnErr *err);

/* ---- its parts, a section each; those without anything to show write nothing ---- */

/* eval_page_tables.c: a heat table of AUCs, figures with intervals, the map beside the position prior. */
NnStatus eval_page_generalisation(NnPage *p, const EvalReportPage *r, NnErr *err);
void eval_page_places(NnPage *p, const EvalReportPage *r);
/* eval_page_pictures.c */
NnStatus eval_page_errors(NnPage *p, const EvalReportPage *r, NnErr *err);
NnStatus eval_page_examples(NnPage *p, const EvalReportPage *r, NnErr *err);
/* eval_page_robust.c: AUC against level, a chart per corruption. */
int eval_page_has_robustness(const EvalReportPage *r);
void eval_page_robustness(NnPage *p, const EvalReportPage *r);
/* eval_page_training.c: losses and validation from metrics.csv in the run's folder. ERR_NOMEM; a file that cannot be read
 * is said on the page, as the evaluation does not depend on it. */
int eval_page_has_training(const EvalReportPage *r);
NnStatus eval_page_training(NnPage *p, const EvalReportPage *r, const char *folder, NnErr *err);

/* The words of the report beside those of nn_page_common_words, as a section. */
void eval_page_words(NnPage *p);

#endif
