/* progress.c -- see progress.h. */
#include "train/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nn/base/clock.h"

static void start_line(TrainProgress *p, const Trainer *t, double now)
{
    p->line_time = now;
    p->line_waited = trainer_waited(t);
    p->line_stepping = t->stepping;
    p->line_step = t->step;
    p->sum = (TrainStep){ 0 };
}

void train_progress_start(TrainProgress *p, const Trainer *t)
{
    *p = (TrainProgress){ .terminal = isatty(STDOUT_FILENO), .began = nn_clock(), .first = t->step };
    start_line(p, t, p->began);
}

static void add_step(TrainProgress *p, const TrainStep *s)
{
    p->sum.loss += s->loss;
    p->sum.grad_norm += s->grad_norm;
    p->sum.changed += s->changed;
    for (int i = 0; i < TRAIN_MAX_TERMS; i++) p->sum.term[i] += s->term[i];
}

/* "loss 0.512  rec 0.210  latent 0.400  grad 1.2": means since the last plain line. */
static void format_losses(const TrainProgress *p, const Trainer *t, int decimals, char *text, size_t size)
{
    const double n = (double)(t->step - p->line_step);
    size_t used = (size_t)snprintf(text, size, "loss %.*f", decimals, p->sum.loss / n);
    for (int i = 0; i < t->objective.n && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "  %s %.*f", t->objective.terms[i].name, decimals,
                                 p->sum.term[i] / n);
    if (t->adversary && used < size)
        used += (size_t)snprintf(text + used, size - used, "  changed %.*f", decimals, p->sum.changed / n);
    if (used < size) snprintf(text + used, size - used, "  grad %.3g", p->sum.grad_norm / n);
}

/* wait_share: of the time in steps, waiting for images. Validations are not in it. */
typedef struct {
    double images_per_s, wait_share, eta;
} Speed;

static Speed measure_speed(const TrainProgress *p, const Trainer *t, double now)
{
    const double seconds = now - p->line_time + 1e-9, steps = (double)(t->step - p->line_step);
    const double images = steps * t->config.train.batch * t->config.optim.accumulate;
    const double each = (now - p->began) / (double)(t->step - p->first);
    const double waited = trainer_waited(t) - p->line_waited, stepping = t->stepping - p->line_stepping;
    return (Speed){ images / seconds, waited / (stepping + 1e-9), each * (double)(t->total - t->step) };
}

static int terminal_width(void)
{
    struct winsize w;
    return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_col > 20 ? w.ws_col : 80;
}

/* "[###.......] 120/400  " and the text behind it. */
static void draw(TrainProgress *p, int64_t done, int64_t all, const char *text, double now)
{
    enum { CELLS = 10 };
    static const char full[] = "##########", empty[] = "..........";
    char line[512];
    const int cells = (int)(CELLS * done / all);
    snprintf(line, sizeof line, "[%.*s%.*s] %lld/%lld  %s", cells, full, CELLS - cells, empty, (long long)done,
             (long long)all, text);
    printf("\r%.*s\033[K", terminal_width() - 1, line);
    fflush(stdout);
    p->shown = 1;
    p->drawn = now;
}

/* Short, since a line that is cut shows less: what a person watches comes first. */
static void draw_bar(TrainProgress *p, const Trainer *t, double now)
{
    char losses[320], text[480];
    const Speed v = measure_speed(p, t, now);
    const int eta = (int)v.eta;
    format_losses(p, t, 2, losses, sizeof losses);
    snprintf(text, sizeof text, "%.0f images/s  ETA %d:%02d  wait %.0f%%  %s", v.images_per_s, eta / 60, eta % 60,
             100 * v.wait_share, losses);
    draw(p, t->step, t->total, text, now);
}

void train_progress_count(TrainProgress *p, const char *what, int64_t done, int64_t all)
{
    char text[128];
    const double now = nn_clock();
    if (!p->terminal || done < 1 || (now - p->drawn <= 0.1 && done < all)) return;
    const int eta = (int)((now - p->began) / (double)done * (double)(all - done));
    snprintf(text, sizeof text, "%s  ETA %d:%02d", what, eta / 60, eta % 60);
    draw(p, done, all, text, now);
}

static void write_line(TrainProgress *p, TrainLog *log, const Trainer *t, const TrainStep *s, double now)
{
    char losses[320], line[512];
    const Speed v = measure_speed(p, t, now);
    format_losses(p, t, 4, losses, sizeof losses);
    snprintf(line, sizeof line, "step %lld/%lld  epoch %lld  %s  lr %.3g  %.0f images/s  wait %.0f%%",
             (long long)t->step, (long long)t->total, (long long)trainer_epoch(t, t->step), losses, s->lr,
             v.images_per_s, 100 * v.wait_share);
    train_log_time(log, t->step, now - p->began, v.images_per_s, v.wait_share);
    train_log_note(log, "%s", line);
    if (!p->terminal) puts(line), fflush(stdout);
    start_line(p, t, now);
}

void train_progress_step(TrainProgress *p, TrainLog *log, const Trainer *t, const TrainStep *s)
{
    const double now = nn_clock();
    add_step(p, s);
    if (p->terminal && now - p->drawn > 0.1) draw_bar(p, t, now);
    if (t->step % t->config.train.log_every == 0 || t->step == t->total) write_line(p, log, t, s, now);
}

void train_progress_clear(TrainProgress *p)
{
    if (!p->shown) return;
    printf("\r\033[K");
    fflush(stdout);
    p->shown = 0;
}
