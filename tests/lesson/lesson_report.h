/* lesson_report.h -- what a lesson found: a few figures with the term off and on, and a picture. */
#ifndef LESSON_REPORT_H
#define LESSON_REPORT_H
#include "data/image.h"
#include "tests/lesson/lesson_net.h"

enum { LESSON_FIGURES = 8 };

typedef struct {
    const char *what;
    double off, on;
} LessonFigure;

/* Zero-initialise; release with lesson_report_free. */
typedef struct {
    char off[40], on[40]; /* what differs between the two runs: "mask = 0", "mask = 5" */
    LessonFigure figure[LESSON_FIGURES];
    int n;
    DataImage picture;
} LessonReport;

/* One lesson: two trained runs in, a report out. */
typedef NnStatus LessonTeach(LessonNet *off, LessonNet *on, LessonReport *out, NnErr *err);
LessonTeach lesson_interpretation, lesson_latent, lesson_regions, lesson_blur;

void lesson_report_add(LessonReport *r, const char *what, double off, double on);
void lesson_report_print(const LessonReport *r);
/* path + ".md" (a Markdown table, as train/README.md shows it) and path + ".png". */
NnStatus lesson_report_save(const LessonReport *r, const char *path, NnErr *err);
void lesson_report_free(LessonReport *r);

#endif
