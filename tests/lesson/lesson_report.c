/* lesson_report.c -- see lesson_report.h. */
#include "tests/lesson/lesson_report.h"

#include <stdio.h>
#include <string.h>

#include "nn/base/file.h"

void lesson_report_add(LessonReport *r, const char *what, double off, double on)
{
    if (r->n < LESSON_FIGURES) r->figure[r->n++] = (LessonFigure){ what, off, on };
}

void lesson_report_print(const LessonReport *r)
{
    printf("\n  %-58s %14s %14s\n", "", r->off, r->on);
    for (int i = 0; i < r->n; i++) {
        const LessonFigure *f = &r->figure[i];
        printf("  %-58s %14.3f %14.3f\n", f->what, f->off, f->on);
    }
}

static NnStatus save_table(const LessonReport *r, const char *path, NnErr *err)
{
    char text[4096];
    size_t len = (size_t)snprintf(text, sizeof text, "| | `%s` | `%s` |\n|---|---|---|\n", r->off, r->on);
    for (int i = 0; i < r->n && len < sizeof text; i++) {
        const LessonFigure *f = &r->figure[i];
        len += (size_t)snprintf(text + len, sizeof text - len, "| %s | %.3f | %.3f |\n", f->what, f->off, f->on);
    }
    if (len >= sizeof text) return nn_fail(err, NN_ERR_NOMEM, "%s: the table is too long", path);
    const NnChunk chunk = { text, len };
    return nn_file_write(path, &chunk, 1, err);
}

NnStatus lesson_report_save(const LessonReport *r, const char *path, NnErr *err)
{
    char file[1024];
    const int len = snprintf(file, sizeof file, "%s.png", path);
    if (len < 0 || (size_t)len >= sizeof file) return nn_fail(err, NN_ERR_USAGE, "%s: path too long", path);
    NN_TRY(data_image_save_png(&r->picture, file, err));
    snprintf(file, sizeof file, "%s.md", path);
    return save_table(r, file, err);
}

void lesson_report_free(LessonReport *r)
{
    data_image_free(&r->picture);
}
