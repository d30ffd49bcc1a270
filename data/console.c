/* console.c -- what the commands of `data` share: opening, progress. See commands.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/commands.h"
#include "nn/base/clock.h"
#include "nn/base/file.h"
#include "nn/base/shell_words.h"

static int is_same(const struct stat *a, const char *file)
{
    struct stat b;
    return file && !stat(file, &b) && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

/* Does `file` exist and is the list or folder that was read, or one of its images or masks? */
static int is_source(const DataSet *set, const char *file)
{
    struct stat a;
    if (!file || stat(file, &a)) return 0;
    if (is_same(&a, set->settings.path)) return 1;
    for (int i = 0; i < set->n; i++)
        if (is_same(&a, set->items[i].path) || is_same(&a, set->items[i].mask)) return 1;
    return 0;
}

NnStatus data_console_list(DataConsole *console, const DataArguments *a, const char *spec, DataSet **out, NnErr *err)
{
    DataSettings settings;
    const NnBinding binding = { &data_section, &settings };
    nn_settings_defaults(&binding, 1);
    settings.source = DATA_SOURCE_SPEC;
    settings.max_pixels = a->max_pixels;
    if (snprintf(settings.path, sizeof settings.path, "%s", spec) >= (int)sizeof settings.path)
        return nn_fail(err, NN_ERR_USAGE, "%.60s...: longer than %d bytes", spec, NN_TEXT_MAX - 1);
    snprintf(settings.methods, sizeof settings.methods, "all");
    NN_TRY(data_set_list(&settings, out, err));
    for (int k = 0; k < (*out)->n_notes; k++) fprintf(console->say, "data: note: %s\n", (*out)->notes[k]);
    const char *over = a->out && is_source(*out, a->out) ? a->out : is_source(*out, a->csv) ? a->csv : NULL;
    if (!over) return NN_OK;
    data_set_free(*out);
    return nn_fail(err, NN_ERR_USAGE, "%s: is the data set itself, or one of its files; write to another file", over);
}

void data_console_progress(DataConsole *console, int done, int all)
{
    const double now = nn_clock();
    if (!console->terminal || now - console->drawn < 0.1) return;
    console->drawn = now, console->shown = 1;
    fprintf(console->say, "\r%.60s: %d of %d\033[K", console->what, done, all);
    fflush(console->say);
}

void data_console_clear(DataConsole *console)
{
    if (console->shown) fputs("\r\033[K", console->say);
    console->shown = 0;
}

static void tell(void *self, int done, int all)
{
    data_console_progress(self, done, all);
}

NnStatus data_console_probe(DataConsole *console, const DataArguments *a, const DataSet *set, DataProbe **out,
                            NnErr *err)
{
    const DataProbeWay way = { a->threads, console->stop, tell, console };
    console->what = set->settings.path;
    const NnStatus s = data_probe_all(set, &way, out, err);
    data_console_clear(console);
    return s;
}

void data_console_next(DataConsole *console, const char *manifest)
{
    const int like_option = manifest[0] == '-';
    const char *const words[] = { console->program, "check", like_option ? "--" : manifest, manifest };
    char *line = nn_shell_line(words, 3 + like_option);
    if (line) fprintf(console->out, "next: %s\n", line);
    free(line);
}

NnStatus data_console_folder_of(const char *file, NnErr *err)
{
    char *folder = nn_path_folder(file);
    if (!folder) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    const NnStatus s = nn_folder_make(folder, err);
    free(folder);
    return s;
}
