/* lesson.c -- the program `lesson`: two trained runs that differ in one key, compared in a few figures and one picture.
 *
 *     build/lesson interpretation OFF ON OUT     OFF, ON: folders of runs; writes OUT.md and OUT.png
 *     build/lesson watermark CONFIG FOLDER       the images of the lesson `regions`
 *
 * scripts/lesson.sh trains the runs and calls it. It lives with the tests because it needs both train and eval, which do
 * not know each other, and because its figures are held to account: tests/e2e_lessons.sh compares them with train/README.md. */
#include <stdio.h>
#include <string.h>

#include "nn/base/calm_start.h"
#include "nn/base/parallel.h"
#include "tests/lesson/lesson_report.h"
#include "tests/lesson/lesson_watermark.h"

static const struct {
    const char *name;
    LessonTeach *teach;
    const char *look; /* what to look at, in one sentence */
} lessons[] = {
    { "interpretation", lesson_interpretation,
      "both detectors detect alike, but only the one trained with masks lights up where the forgery is." },
    { "latent", lesson_latent,
      "without the loss the halves mean nothing; with it two numbers, a_0 and a_1, tell real from forged." },
    { "regions", lesson_regions,
      "the detector that may keep its favourite region learns the watermark, and is lost without it." },
    { "blur", lesson_blur,
      "a blur that can hardly be seen undoes the first detector. The second, which has met it, holds; but see the "
      "random one." },
};
enum { N_LESSONS = sizeof lessons / sizeof *lessons };

static NnStatus run(int which, char *const *argv, NnErr *err)
{
    LessonNet off, on = { 0 };
    LessonReport report = { 0 };
    NN_TRY(lesson_net_open(argv[2], &off, err));
    NnStatus status = lesson_net_open(argv[3], &on, err);
    if (status == NN_OK) status = lessons[which].teach(&off, &on, &report, err);
    if (status == NN_OK) status = lesson_report_save(&report, argv[4], err);
    if (status == NN_OK) {
        lesson_report_print(&report);
        printf("\n  Look at: %s\n  Picture: %s.png\n", lessons[which].look, argv[4]);
    }
    lesson_report_free(&report);
    lesson_net_close(&on);
    lesson_net_close(&off);
    return status;
}

static NnStatus usage(NnErr *err)
{
    char known[128] = "";
    size_t len = 0;
    for (int i = 0; i < N_LESSONS; i++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "", lessons[i].name);
    return nn_fail(err, NN_ERR_USAGE, "usage: lesson NAME OFF_RUN ON_RUN OUT; NAME is one of %s", known);
}

static NnStatus obey(int argc, char *const *argv, NnErr *err)
{
    if (argc == 4 && !strcmp(argv[1], "watermark")) return lesson_watermark_write(argv[2], argv[3], err);
    for (int i = 0; argc == 5 && i < N_LESSONS; i++)
        if (!strcmp(argv[1], lessons[i].name)) return run(i, argv, err);
    return usage(err);
}

int main(int argc, char **argv)
{
    nn_calm_start(argv);
    nn_threads_set(nn_cpu_count());
    NnErr err = { 0 };
    const NnStatus status = obey(argc, argv, &err);
    if (status != NN_OK) fprintf(stderr, "lesson: %s\n", err.msg);
    return nn_status_exit_code(status);
}
