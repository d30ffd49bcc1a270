/* import_celebdf.c -- Celeb-DF (v1 and v2) as it lies on disk once frames are extracted (scripts/extract_frames).
 *
 *     Celeb-real/  YouTube-real/  Celeb-synthesis/     each with frames/<video>/<n>.png, or <video>/<n>.png
 *     List_of_testing_videos.txt                       <1 = real, 0 = fake> <folder>/<video>.mp4
 *
 * Listed videos are test, the others train. id1_id3_0007 is the video id1_0007 with the face of id3. The official list
 * puts some forgeries into test and what they were made from, or other forgeries of it, not: those others are left out,
 * since no group may be on both sides. People are in both splits all the same: there are 59 of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/frame_folder.h"
#include "data/import_items.h"
#include "data/spec.h"
#include "data/splits.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

enum { MAX_BYTES = 1 << 24, NAME = 128 };

static const struct {
    const char *folder;
    int label;
} parts[] = { { "Celeb-real", 0 }, { "YouTube-real", 0 }, { "Celeb-synthesis", 1 } };
enum { PARTS = sizeof parts / sizeof *parts };

static const char list_name[] = "List_of_testing_videos.txt";

/* A test video, and the video that it was made from: itself if it is real. */
typedef struct {
    char video[NAME], origin[NAME]; /* "Celeb-synthesis/id1_id3_0007", "Celeb-real/id1_0007" */
    int found;
} Listed;

typedef struct {
    DataSet *set;
    const char *file; /* the list */
    char *folder;
    Listed *listed;       /* by video */
    const char **origins; /* of all that is listed, by bytes */
    int n, n_left_out, n_empty;
} Celeb;

static NnStatus no_memory(const Celeb *c, NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", c->folder ? c->folder : c->file);
}

/* "id1_id3_0007" -> "Celeb-real/id1_0007": without what stands between the first and the last '_'. */
static void origin_of(const char *folder, int label, const char *video, char out[NAME])
{
    const char *first = strchr(video, '_'), *last = strrchr(video, '_');
    if (label && first && first != last) snprintf(out, NAME, "Celeb-real/%.*s%s", (int)(first - video), video, last);
    else snprintf(out, NAME, "%s/%.90s", label ? "Celeb-real" : folder, video);
}

/* ---- the list ---- */

static int part_of(const char *path)
{
    for (int i = 0; i < PARTS; i++) {
        const size_t n = strlen(parts[i].folder);
        if (strncmp(path, parts[i].folder, n) == 0 && path[n] == '/') return i;
    }
    return -1;
}

static NnStatus parse_line(const Celeb *c, const char *line, int number, Listed *out, NnErr *err)
{
    const int real = strncmp(line, "1 ", 2) == 0, fake = strncmp(line, "0 ", 2) == 0;
    const char *path = line + 2 + (real || fake ? strspn(line + 2, " ") : 0);
    const int part = real || fake ? part_of(path) : -1;
    if (part < 0)
        return nn_fail(err, NN_ERR_DATA,
                       "%s:%d: \"%.100s\"; expected: 1 Celeb-real/VIDEO.mp4, or 0 Celeb-synthesis/...", c->file, number,
                       line);
    if (parts[part].label != fake)
        return nn_fail(err, NN_ERR_DATA, "%s:%d: \"%.100s\": 1 is real, 0 is fake", c->file, number, line);
    const char *video = path + strlen(parts[part].folder) + 1, *dot = strrchr(video, '.');
    const size_t n = dot ? (size_t)(dot - video) : strlen(video);
    if (n == 0 || n >= NAME - 32 || memchr(video, '/', n))
        return nn_fail(err, NN_ERR_DATA, "%s:%d: no name of a video: \"%.100s\"", c->file, number, video);
    char name[NAME];
    snprintf(name, sizeof name, "%.*s", (int)n, video);
    snprintf(out->video, NAME, "%s/%.90s", parts[part].folder, name);
    origin_of(parts[part].folder, parts[part].label, name, out->origin);
    return NN_OK;
}

static int by_video(const void *a, const void *b)
{
    return strcmp(((const Listed *)a)->video, ((const Listed *)b)->video);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static NnStatus add_line(Celeb *c, const char *line, int number, NnErr *err)
{
    if ((c->n & (c->n - 1)) == 0) {
        Listed *grown = nn_realloc(c->listed, c->n ? 2 * (size_t)c->n : 1, sizeof *grown);
        if (!grown) return no_memory(c, err);
        c->listed = grown;
    }
    c->listed[c->n] = (Listed){ .found = 0 };
    NN_TRY(parse_line(c, line, number, &c->listed[c->n], err));
    c->n++;
    return NN_OK;
}

static NnStatus sort_list(Celeb *c, NnErr *err)
{
    if (c->n == 0) return nn_fail(err, NN_ERR_DATA, "%s: no video is listed", c->file);
    qsort(c->listed, (size_t)c->n, sizeof *c->listed, by_video);
    c->origins = nn_alloc((size_t)c->n, sizeof *c->origins);
    if (!c->origins) return no_memory(c, err);
    for (int i = 0; i < c->n; i++) c->origins[i] = c->listed[i].origin;
    qsort(c->origins, (size_t)c->n, sizeof *c->origins, by_bytes);
    return NN_OK;
}

static NnStatus read_list(Celeb *c, NnErr *err)
{
    unsigned char *text;
    size_t len;
    int number = 0;
    NN_TRY(nn_file_read(c->file, MAX_BYTES, &text, &len, err));
    NnStatus s =
        memchr(text, 0, len) ? nn_fail(err, NN_ERR_DATA, "%s: holds zero bytes; expected text", c->file) : NN_OK;
    for (char *line = (char *)text, *end; s == NN_OK && *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end) *end++ = 0;
        line[strcspn(line, "\r")] = 0;
        number++;
        if (*line) s = add_line(c, line, number, err);
    }
    free(text);
    return s == NN_OK ? sort_list(c, err) : s;
}

/* ---- the folders ---- */

/* Test if it is listed; else train, but -2: neither, where its origin is listed. */
static int split_of(Celeb *c, const char *folder, int label, const char *video)
{
    Listed key = { .found = 0 };
    snprintf(key.video, NAME, "%s/%.90s", folder, video);
    origin_of(folder, label, video, key.origin);
    const char *origin = key.origin;
    Listed *l = c->n ? bsearch(&key, c->listed, (size_t)c->n, sizeof key, by_video) : NULL;
    if (l) l->found = 1;
    if (l) return DATA_TEST;
    if (c->n == 0) return DATA_SPLIT_OPEN;
    return bsearch(&origin, c->origins, (size_t)c->n, sizeof origin, by_bytes) ? -2 : DATA_TRAIN;
}

static NnStatus add_video(Celeb *c, int part, const char *folder, const char *name, NnErr *err)
{
    const int label = parts[part].label, split = split_of(c, parts[part].folder, label, name);
    char video[NAME], origin[NAME];
    int n = 0, n_masks = 0;
    if (strlen(name) >= NAME - 32) return nn_fail(err, NN_ERR_DATA, "%s/%s: name too long", folder, name);
    c->n_left_out += split == -2;
    if (split == -2) return NN_OK;
    char *frames = nn_path_join(folder, name);
    if (!frames) return no_memory(c, err);
    snprintf(video, NAME, "%s/%.90s", parts[part].folder, name);
    origin_of(parts[part].folder, label, name, origin);
    const DataVideo v = { frames, NULL, video, origin, label ? "Celeb-DF" : NULL, split };
    const NnStatus s = data_video_add(c->set, &v, &n, &n_masks, err);
    c->n_empty += n == 0;
    free(frames);
    return s;
}

/* FOLDER/frames/<video>, or FOLDER/<video>. */
static NnStatus add_part(Celeb *c, int part, NnErr *err)
{
    DataNames videos = { 0 };
    char *outer = nn_path_join(c->folder, parts[part].folder), *inner = outer ? nn_path_join(outer, "frames") : NULL;
    const char *folder = inner && nn_folder_exists(inner) ? inner : outer;
    NnStatus s = inner ? data_names_read(folder, DATA_NAMES_FOLDERS, &videos, err) : no_memory(c, err);
    for (int i = 0; s == NN_OK && i < videos.n; i++) s = add_video(c, part, folder, videos.name[i], err);
    data_names_free(&videos);
    free(inner);
    free(outer);
    return s;
}

static NnStatus report(const Celeb *c, NnErr *err)
{
    int missing = 0;
    const char *first = NULL;
    for (int i = 0; i < c->n; i++) {
        if (c->listed[i].found) continue;
        if (missing++ == 0) first = c->listed[i].video;
    }
    if (c->n == 0)
        NN_TRY(data_set_note(c->set, err, "%s: no %s there: splits are drawn, and numbers compare with no publication",
                             c->folder, list_name));
    if (missing)
        NN_TRY(data_set_note(c->set, err, "%s: %d of %d test videos have no folder of frames, the first %s", c->file,
                             missing, c->n, first));
    if (c->n_left_out)
        NN_TRY(data_set_note(c->set, err, "%s: %d videos are left out: the test holds others made from the same ones",
                             c->folder, c->n_left_out));
    if (c->n_empty) NN_TRY(data_set_note(c->set, err, "%s: %d videos have no frames", c->folder, c->n_empty));
    return c->set->n ? NN_OK
                     : nn_fail(err, NN_ERR_DATA,
                               "%s: no frame found in Celeb-real/, YouTube-real/, "
                               "Celeb-synthesis/; extract them first (scripts/extract_frames)",
                               c->folder);
}

/* PATH is the list or the folder; root and splits name the other one. */
static NnStatus find_both(const DataSpec *spec, Celeb *c, char **list, NnErr *err)
{
    const int is_folder = nn_folder_exists(spec->path);
    c->folder = is_folder     ? nn_path_join(NULL, spec->path)
                : *spec->root ? nn_path_join(NULL, spec->root)
                              : nn_path_folder(spec->path);
    *list = *spec->splits ? nn_path_join(NULL, spec->splits)
            : is_folder   ? nn_path_join(spec->path, list_name)
                          : nn_path_join(NULL, spec->path);
    c->file = *list;
    return c->folder && *list ? NN_OK : no_memory(c, err);
}

static NnStatus list_celebdf(const DataSpec *spec, DataSet *set, NnErr *err)
{
    Celeb c = { .set = set, .file = spec->path };
    char *list = NULL;
    NnStatus s = find_both(spec, &c, &list, err);
    if (s == NN_OK && nn_file_exists(list)) s = read_list(&c, err);
    for (int i = 0; s == NN_OK && i < PARTS; i++) s = add_part(&c, i, err);
    if (s == NN_OK) s = report(&c, err);
    if (s == NN_OK) s = data_import_groups(set, c.folder, err);
    free(c.origins);
    free(c.listed);
    free(c.folder);
    free(list);
    return s;
}

static int is_celebdf(const char *path)
{
    if (nn_file_exists(path)) return strcmp(nn_path_name(path), list_name) == 0;
    char *fake = nn_path_join(path, "Celeb-synthesis"), *real = nn_path_join(path, "Celeb-real");
    const int fits = fake && real && (nn_folder_exists(fake) || nn_folder_exists(real));
    free(fake);
    free(real);
    return fits;
}

const DataFormat data_format_celebdf = {
    .name = "celebdf",
    .options = "root splits",
    .help = "the folder of Celeb-DF with extracted frames, or its List_of_testing_videos.txt",
    .fits = is_celebdf,
    .list = list_celebdf,
};
