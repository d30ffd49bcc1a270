/* import_deeperforensics.c -- DeeperForensics-1.0 with its frames extracted (scripts/extract_frames):
 *
 *     lists/splits/train.txt  val.txt  test.txt                        a manipulated video in each line: 000_M101.mp4
 *     manipulated_videos/<variant>/frames/<target>_<actor>/<n>.png     the variant is the method
 *     original_sequences/youtube/<c>/frames/<target>/<n>.png           the targets, which are those of FaceForensics++
 *
 * An actor and the targets that bear the actor's face form a group, as the set's own splits have it. It has no masks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/frame_folder.h"
#include "data/import_items.h"
#include "data/spec.h"
#include "data/splits.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

enum { MAX_BYTES = 1 << 26 };

/* Names of videos, or of targets, and their splits. */
typedef struct {
    char *name;
    int split;
} Named;

typedef struct {
    int n;
    Named *entry;
} NamedList;

typedef struct {
    const DataSpec *spec;
    DataSet *set;
    NamedList declared; /* videos, as lists/splits has them; sorted */
    NamedList targets;  /* of the videos that are there */
} Import;

static NnStatus no_memory(const Import *in, NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory for its list", in->spec->path);
}

/* ---- names ---- */

static NnStatus named_add(const Import *in, NamedList *list, const char *name, size_t len, int split, NnErr *err)
{
    if ((list->n & (list->n - 1)) == 0) {
        Named *grown = nn_realloc(list->entry, list->n ? 2 * (size_t)list->n : 1, sizeof *grown);
        if (!grown) return no_memory(in, err);
        list->entry = grown;
    }
    char *copy = nn_alloc(len + 1, 1);
    if (!copy) return no_memory(in, err);
    memcpy(copy, name, len);
    copy[len] = 0;
    list->entry[list->n++] = (Named){ copy, split };
    return NN_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Named *)a)->name, ((const Named *)b)->name);
}

static void named_sort(NamedList *list)
{
    if (list->n > 0) qsort(list->entry, (size_t)list->n, sizeof *list->entry, by_name);
}

static const Named *named_find(const NamedList *list, const char *name)
{
    const Named key = { (char *)(uintptr_t)name, 0 };
    return list->n > 0 ? bsearch(&key, list->entry, (size_t)list->n, sizeof key, by_name) : NULL;
}

static void named_free(NamedList *list)
{
    for (int i = 0; i < list->n; i++) free(list->entry[i].name);
    free(list->entry);
}

/* ---- splits ---- */

static NnStatus read_split(Import *in, const char *folder, int split, NnErr *err)
{
    static const char *const files[DATA_SPLITS] = { "train.txt", "val.txt", "test.txt" };
    unsigned char *text = NULL;
    size_t len = 0;
    char *path = nn_path_join(folder, files[split]);
    if (!path) return no_memory(in, err);
    NnStatus s = nn_file_exists(path) ? nn_file_read(path, MAX_BYTES, &text, &len, err) : NN_OK;
    char *rest = (char *)text;
    const char *line;
    while (s == NN_OK && rest && (line = strtok_r(rest, "\r\n", &rest)) != NULL) {
        const char *name = nn_path_name(line);
        const size_t n = strcspn(name, ". \t");
        if (n > 0) s = named_add(in, &in->declared, name, n, split, err);
    }
    free(text);
    free(path);
    return s;
}

static NnStatus read_splits(Import *in, NnErr *err)
{
    char *folder =
        *in->spec->splits ? nn_path_join(NULL, in->spec->splits) : nn_path_join(in->spec->path, "lists/splits");
    if (!folder) return no_memory(in, err);
    NnStatus s = NN_OK;
    for (int split = 0; s == NN_OK && split < DATA_SPLITS; split++) s = read_split(in, folder, split, err);
    named_sort(&in->declared);
    for (int i = 1; s == NN_OK && i < in->declared.n; i++) {
        const Named *a = &in->declared.entry[i - 1], *b = &in->declared.entry[i];
        if (strcmp(a->name, b->name) == 0 && a->split != b->split)
            s = nn_fail(err, NN_ERR_DATA, "%s: %s is in two splits", folder, a->name);
    }
    if (s == NN_OK && in->declared.n == 0)
        s = data_set_note(in->set, err, "%s: no train.txt, val.txt or test.txt; splits are drawn", folder);
    free(folder);
    return s;
}

/* ---- videos ---- */

/* `name` is <target>_<actor>, or with method NULL <target>. Its frames lie in parent/frames/name. */
static NnStatus add_video(Import *in, const char *parent, const char *name, const char *method, int split, NnErr *err)
{
    char video[NN_TEXT_MAX];
    int n, n_masks;
    snprintf(video, sizeof video, "%s/%s", method ? method : "original", name);
    char *frames = data_video_folder(parent, name, err);
    if (!frames) return no_memory(in, err);
    const DataVideo v = { .frames = frames, .video = video, .source = name, .method = method, .split = split };
    NnStatus s = data_video_add(in->set, &v, &n, &n_masks, err);
    if (s == NN_OK && n == 0) s = data_set_note(in->set, err, "%s: no frames", frames);
    free(frames);
    return s;
}

typedef NnStatus VideoAdder(Import *in, const char *parent, const char *name, const char *method, NnErr *err);

/* For every folder in parent/frames. */
static NnStatus for_each_video(Import *in, const char *parent, const char *method, VideoAdder *add, NnErr *err)
{
    DataNames names;
    char *frames = nn_path_join(parent, "frames");
    if (!frames) return no_memory(in, err);
    NnStatus s = data_names_read(frames, DATA_NAMES_FOLDERS, &names, err);
    free(frames);
    if (s != NN_OK) return s;
    for (int i = 0; s == NN_OK && i < names.n; i++) s = add(in, parent, names.name[i], method, err);
    data_names_free(&names);
    return s;
}

static NnStatus add_forged(Import *in, const char *parent, const char *name, const char *method, NnErr *err)
{
    const Named *declared = named_find(&in->declared, name);
    const int split = declared ? declared->split : DATA_SPLIT_OPEN;
    NN_TRY(named_add(in, &in->targets, name, strcspn(name, "_"), split, err));
    return add_video(in, parent, name, method, split, err);
}

static NnStatus add_target(Import *in, const char *parent, const char *name, const char *method, NnErr *err)
{
    const Named *target = named_find(&in->targets, name);
    return target ? add_video(in, parent, name, method, target->split, err) : NN_OK;
}

static NnStatus add_variants(Import *in, NnErr *err)
{
    DataNames variants;
    char *folder = nn_path_join(in->spec->path, "manipulated_videos");
    if (!folder) return no_memory(in, err);
    NnStatus s = data_names_read(folder, DATA_NAMES_FOLDERS, &variants, err);
    for (int i = 0; s == NN_OK && i < variants.n; i++) {
        char *parent = nn_path_join(folder, variants.name[i]);
        s = parent ? for_each_video(in, parent, variants.name[i], add_forged, err) : no_memory(in, err);
        free(parent);
    }
    if (s == NN_OK && in->set->n == 0)
        s = nn_fail(err, NN_ERR_DATA,
                    "%s: no <variant>/frames/<target>_<actor>/ with images; scripts/extract_frames makes them", folder);
    free(folder);
    data_names_free(&variants);
    return s;
}

static NnStatus add_originals(Import *in, NnErr *err)
{
    char parent[2 * NN_TEXT_MAX + 64];
    const int before = in->set->n;
    const char *compression = *in->spec->compression ? in->spec->compression : "c23"; /* what the set is made from */
    snprintf(parent, sizeof parent, "%s/original_sequences/youtube/%s", in->spec->path, compression);
    named_sort(&in->targets);
    NN_TRY(for_each_video(in, parent, NULL, add_target, err));
    if (in->set->n > before) return NN_OK;
    return nn_fail(err, NN_ERR_DATA,
                   "%s: no frames of any target; link FaceForensics++'s original_sequences there "
                   "(configs/datasets/deeperforensics.ini)",
                   parent);
}

static NnStatus list_videos(const DataSpec *spec, DataSet *set, NnErr *err)
{
    Import in = { .spec = spec, .set = set };
    NnStatus s = read_splits(&in, err);
    if (s == NN_OK) s = add_variants(&in, err);
    if (s == NN_OK) s = add_originals(&in, err);
    if (s == NN_OK) s = data_import_tie_pairs(set, "deeperforensics", err);
    if (s == NN_OK) s = data_import_groups(set, spec->path, err);
    named_free(&in.declared);
    named_free(&in.targets);
    return s;
}

static int has_variants(const char *path)
{
    char *folder = nn_path_join(path, "manipulated_videos");
    const int there = folder && nn_folder_exists(folder);
    free(folder);
    return there;
}

const DataFormat data_format_deeperforensics = {
    .name = "deeperforensics",
    .options = "compression splits",
    .help =
        "DeeperForensics-1.0: manipulated_videos/<variant>/frames/, and FaceForensics++'s original_sequences/ beside",
    .fits = has_variants,
    .list = list_videos,
};
