/* run_folder.c -- see run_folder.h. */
#include "train/run_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nn/base/file.h"

const char *train_folder_file(const char *folder, const char *name, char buf[TRAIN_PATH_MAX])
{
    snprintf(buf, TRAIN_PATH_MAX, "%s/%s", folder, name);
    return buf;
}

static int holds(const char *folder, const char *name)
{
    char path[TRAIN_PATH_MAX];
    return nn_file_exists(train_folder_file(folder, name, path));
}

/* "runs/lae" of "configs/lae.ini", with "-n" from the second on. */
static void default_folder(const char *config, int n, char folder[TRAIN_PATH_MAX])
{
    const char *name = nn_path_name(config), *dot = strrchr(name, '.');
    const int len = dot && dot > name ? (int)(dot - name) : (int)strlen(name);
    if (n < 2) snprintf(folder, TRAIN_PATH_MAX, "runs/%.*s", len, name);
    else snprintf(folder, TRAIN_PATH_MAX, "runs/%.*s-%d", len, name, n);
}

/* The first free one of runs/lae, runs/lae-2, ..., or with --resume the one before it. */
static void choose_default(const TrainOptions *o, char folder[TRAIN_PATH_MAX])
{
    int n = 1;
    for (default_folder(o->config, n, folder); nn_folder_exists(folder); default_folder(o->config, n, folder)) n++;
    if (o->resume && n > 1) default_folder(o->config, n - 1, folder);
}

NnStatus train_folder_choose(const TrainOptions *o, const TrainConfig *c, char folder[TRAIN_PATH_MAX], NnErr *err)
{
    const char *given = o->out ? o->out : c->train.out;
    if (given[0]) {
        const int len = snprintf(folder, TRAIN_PATH_MAX, "%s", given);
        if (len >= TRAIN_PATH_MAX - 64)
            return nn_fail(err, NN_ERR_USAGE, "--out: the path is too long (%d bytes)", len);
    } else choose_default(o, folder);
    if (o->resume && !holds(folder, "last.safetensors"))
        return nn_fail(err, NN_ERR_USAGE, "--resume: %s holds no last.safetensors to go on from", folder);
    if (!o->resume && (holds(folder, "last.safetensors") || holds(folder, "metrics.csv")))
        return nn_fail(err, NN_ERR_USAGE, "%s already holds a run; go on with it by --resume, or choose another --out",
                       folder);
    return NN_OK;
}

NnStatus train_folder_open(const char *folder, NnErr *err)
{
    char path[TRAIN_PATH_MAX];
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    NN_TRY(nn_folder_make(folder, err));
    train_folder_file(folder, ".lock", path);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666); /* stays open: closing would unlock */
    if (fd < 0) return nn_fail(err, NN_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    if (!fcntl(fd, F_SETLK, &lock)) return NN_OK;
    close(fd);
    return nn_fail(err, NN_ERR_IO, "%s: another process is training in this folder", folder);
}
