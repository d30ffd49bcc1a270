/* import_ffpp.c -- FaceForensics++ as it lies on disk once frames are extracted (scripts/extract_frames).
 *
 *     original_sequences/{youtube,actors}/<c>/frames/<video>/<n>.png
 *     manipulated_sequences/<method>/<c>/{frames,masks}/<video>/<n>.png       <c> = raw, c23 or c40
 *     splits/{train,val,test}.json    [["071", "054"], ...]; or in the folder itself
 *
 * 071, 054, 071_054 and 054_071 are of one group and one split. Masks were made once and hold for every compression.
 * The videos of actors and DeepFakeDetection are in no official split: beside one, they are all test. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/frame_folder.h"
#include "data/import_items.h"
#include "data/spec.h"
#include "data/splits.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

enum { MAX_BYTES = 1 << 24 };

static const char *const comps[] = { "raw", "c23", "c40" };
enum { COMPS = sizeof comps / sizeof *comps };

/* A video of youtube and the split that it belongs to. */
typedef struct {
    char name[32];
    int split;
} Place;

typedef struct {
    const DataSpec *spec;
    DataSet *set;
    const char *comp;
    Place *places; /* by name */
    int n_places;
    int n_videos, n_empty, n_unplaced, n_unmasked, n_actors;
    char unplaced[64], empty[64];
} Tree;

static NnStatus no_memory(const Tree *t, NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", t->spec->path);
}

/* a/b/c/d, as far as they are not NULL; the caller frees. */
static char *join(const char *a, const char *b, const char *c, const char *d)
{
    char *ab = nn_path_join(a, b), *abc = ab && c ? nn_path_join(ab, c) : NULL;
    if (!ab || !c) return ab;
    free(ab);
    char *abcd = abc && d ? nn_path_join(abc, d) : NULL;
    if (!abc || !d) return abc;
    free(abc);
    return abcd;
}

/* ---- the official splits ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Place *)a)->name, ((const Place *)b)->name);
}

static NnStatus add_place(Tree *t, const json_t *name, int split, const char *file, NnErr *err)
{
    const char *text = json_string_value(name);
    if (!text || !*text || strlen(text) >= sizeof t->places->name)
        return nn_fail(err, NN_ERR_DATA, "%s: expected pairs of names: [[\"071\", \"054\"], ...]", file);
    if ((t->n_places & (t->n_places - 1)) == 0) {
        Place *grown = nn_realloc(t->places, t->n_places ? 2 * (size_t)t->n_places : 1, sizeof *grown);
        if (!grown) return no_memory(t, err);
        t->places = grown;
    }
    Place *p = &t->places[t->n_places++];
    *p = (Place){ .split = split };
    snprintf(p->name, sizeof p->name, "%s", text);
    return NN_OK;
}

static NnStatus add_places(Tree *t, const json_t *pairs, int split, const char *file, NnErr *err)
{
    size_t i;
    json_t *pair;
    if (!json_is_array(pairs) || json_array_size(pairs) == 0)
        return nn_fail(err, NN_ERR_DATA, "%s: expected pairs of names: [[\"071\", \"054\"], ...]", file);
    json_array_foreach(pairs, i, pair)
    {
        for (size_t k = 0; k < 2; k++) NN_TRY(add_place(t, json_array_get(pair, k), split, file, err));
    }
    return NN_OK;
}

static NnStatus read_split(Tree *t, const char *file, int split, NnErr *err)
{
    unsigned char *text;
    size_t len;
    json_error_t e;
    NN_TRY(nn_file_read(file, MAX_BYTES, &text, &len, err));
    json_t *pairs = json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, &e);
    free(text);
    const NnStatus s = pairs ? add_places(t, pairs, split, file, err)
                             : nn_fail(err, NN_ERR_DATA, "%s:%d: not valid JSON: %s", file, e.line, e.text);
    json_decref(pairs);
    return s;
}

/* All three files of a folder, or none of them: *found. */
static NnStatus read_splits(Tree *t, const char *folder, int *found, NnErr *err)
{
    static const char *const names[DATA_SPLITS] = { "train.json", "val.json", "test.json" };
    int there = 0;
    NnStatus s = NN_OK;
    for (int i = 0; s == NN_OK && i < DATA_SPLITS; i++) {
        char *file = nn_path_join(folder, names[i]);
        if (!file) s = no_memory(t, err);
        else if (nn_file_exists(file) && ++there) s = read_split(t, file, i, err);
        free(file);
    }
    *found = there > 0;
    if (s != NN_OK || there == 0 || there == DATA_SPLITS) return s;
    return nn_fail(err, NN_ERR_DATA, "%s: %d of train.json, val.json, test.json; expected all three, or none", folder,
                   there);
}

static NnStatus check_places(Tree *t, NnErr *err)
{
    if (t->n_places > 0) qsort(t->places, (size_t)t->n_places, sizeof *t->places, by_name);
    for (int i = 1; i < t->n_places; i++)
        if (strcmp(t->places[i].name, t->places[i - 1].name) == 0 && t->places[i].split != t->places[i - 1].split)
            return nn_fail(err, NN_ERR_DATA, "%s: the split files put video %s into two splits", t->spec->path,
                           t->places[i].name);
    return NN_OK;
}

static NnStatus find_splits(Tree *t, NnErr *err)
{
    int found = 0;
    char *inside = nn_path_join(t->spec->path, "splits");
    NnStatus s = inside ? NN_OK : no_memory(t, err);
    if (s == NN_OK) s = read_splits(t, *t->spec->splits ? t->spec->splits : inside, &found, err);
    free(inside);
    if (s == NN_OK && !found && *t->spec->splits)
        return nn_fail(err, NN_ERR_DATA, "splits = %s: no train.json, val.json, test.json there", t->spec->splits);
    if (s == NN_OK && !found) s = read_splits(t, t->spec->path, &found, err);
    if (s == NN_OK && !found)
        s = data_set_note(t->set, err,
                          "%s: no train.json, val.json, test.json there or in splits/: splits are drawn, and numbers "
                          "compare with no publication",
                          t->spec->path);
    return s == NN_OK ? check_places(t, err) : s;
}

/* The split of "071" or "071_054", by what stands before the first '_'. */
static int split_of(Tree *t, const char *video)
{
    Place key = { .split = DATA_SPLIT_OPEN };
    snprintf(key.name, sizeof key.name, "%.*s", (int)strcspn(video, "_"), video);
    const Place *p = t->n_places ? bsearch(&key, t->places, (size_t)t->n_places, sizeof key, by_name) : NULL;
    if (p || t->n_places == 0) return p ? p->split : DATA_SPLIT_OPEN;
    if (t->n_unplaced++ == 0) snprintf(t->unplaced, sizeof t->unplaced, "%.60s", video);
    return DATA_SPLIT_OPEN;
}

/* ---- the tree ---- */

/* A folder of videos in one compression. */
typedef struct {
    char *frames, *masks; /* folders; masks NULL: none */
    const char *name;     /* "youtube", or the method */
    const char *method;   /* NULL: real */
    int in_splits;        /* do the official splits speak of it? */
} Part;

static NnStatus add_video(Tree *t, const Part *part, const char *name, NnErr *err)
{
    const int split = part->in_splits ? split_of(t, name) : t->n_places ? DATA_TEST : DATA_SPLIT_OPEN;
    int n = 0, n_masks = 0;
    char *id = nn_alloc(strlen(part->name) + strlen(name) + 2, 1), *masks = NULL;
    char *source = part->in_splits ? nn_path_join(NULL, name) : NULL, *frames = nn_path_join(part->frames, name);
    NnStatus s = id && frames && (source || !part->in_splits) ? NN_OK : no_memory(t, err);
    if (s == NN_OK && part->masks && !(masks = nn_path_join(part->masks, name))) s = no_memory(t, err);
    if (s == NN_OK) {
        snprintf(id, strlen(part->name) + strlen(name) + 2, "%s_%s", part->name, name);
        const DataVideo v = { frames, masks, id, source, part->method, split };
        s = data_video_add(t->set, &v, &n, &n_masks, err);
    }
    t->n_videos++;
    t->n_actors += !part->in_splits;
    if (part->method) t->n_unmasked += n - n_masks;
    if (n == 0 && t->n_empty++ == 0) snprintf(t->empty, sizeof t->empty, "%.60s", name);
    free(id);
    free(source);
    free(frames);
    free(masks);
    return s;
}

static NnStatus add_videos(Tree *t, const Part *part, NnErr *err)
{
    DataNames videos;
    NN_TRY(data_names_read(part->frames, DATA_NAMES_FOLDERS, &videos, err));
    NnStatus s = NN_OK;
    for (int i = 0; s == NN_OK && i < videos.n; i++) s = add_video(t, part, videos.name[i], err);
    data_names_free(&videos);
    return s;
}

/* Where the masks of a method are: beside the frames, with those of c23, or above all compressions. */
static char *find_masks(const Tree *t, const char *folder, const char *name, int *ok)
{
    char *tries[] = { join(folder, name, t->comp, "masks"), join(folder, name, "c23", "masks"),
                      join(folder, name, "masks", NULL) };
    char *found = NULL;
    for (int i = 0; i < 3; i++) {
        if (!tries[i]) *ok = 0;
        else if (!found && nn_folder_exists(tries[i])) found = tries[i];
        else free(tries[i]);
    }
    return found;
}

/* The frames of sequences/name in the compression that is read. */
static NnStatus add_part(Tree *t, const char *sequences, const char *name, int is_real, NnErr *err)
{
    int ok = 1;
    char *folder = nn_path_join(t->spec->path, sequences);
    if (!folder) return no_memory(t, err);
    Part part = { .frames = join(folder, name, t->comp, "frames"), .name = name, .method = is_real ? NULL : name };
    part.in_splits = strcmp(name, is_real ? "actors" : "DeepFakeDetection") != 0;
    part.masks = is_real ? NULL : find_masks(t, folder, name, &ok);
    const NnStatus s = ok && part.frames ? add_videos(t, &part, err) : no_memory(t, err);
    free(part.frames);
    free(part.masks);
    free(folder);
    return s;
}

static NnStatus add_parts(Tree *t, const char *sequences, int is_real, NnErr *err)
{
    DataNames parts;
    char *folder = nn_path_join(t->spec->path, sequences);
    NnStatus s = folder ? data_names_read(folder, DATA_NAMES_FOLDERS, &parts, err) : no_memory(t, err);
    free(folder);
    if (s != NN_OK) return s;
    for (int i = 0; s == NN_OK && i < parts.n; i++) s = add_part(t, sequences, parts.name[i], is_real, err);
    data_names_free(&parts);
    return s;
}

/* ---- which compression ---- */

/* Does sequences/<anything>/comp/frames exist? */
static NnStatus has_comp(const Tree *t, const char *sequences, const char *comp, int *has, NnErr *err)
{
    DataNames parts;
    char *folder = nn_path_join(t->spec->path, sequences);
    if (!folder) return no_memory(t, err);
    NnStatus s = data_names_read(folder, DATA_NAMES_FOLDERS, &parts, err);
    for (int i = 0; s == NN_OK && i < parts.n; i++) {
        char *frames = join(folder, parts.name[i], comp, "frames");
        if (!frames) s = no_memory(t, err);
        else *has |= nn_folder_exists(frames);
        free(frames);
    }
    if (s == NN_OK || parts.n) data_names_free(&parts);
    free(folder);
    return s;
}

static NnStatus choose_comp(Tree *t, NnErr *err)
{
    int found[COMPS] = { 0 }, n = 0;
    char known[32] = "";
    for (int i = 0; i < COMPS; i++) {
        NN_TRY(has_comp(t, "original_sequences", comps[i], &found[i], err));
        NN_TRY(has_comp(t, "manipulated_sequences", comps[i], &found[i], err));
        if (!found[i]) continue;
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", n++ ? ", " : "", comps[i]);
        if (!*t->spec->compression || strcmp(t->spec->compression, comps[i]) == 0) t->comp = comps[i];
    }
    const char *path = t->spec->path;
    if (n == 0)
        return nn_fail(err, NN_ERR_DATA,
                       "%s: no original_sequences/*/{raw,c23,c40}/frames there; extract the frames first "
                       "(scripts/extract_frames)",
                       path);
    if (!t->comp)
        return nn_fail(err, NN_ERR_CONFIG, "%s: no frames of compression %s; there are: %s", path, t->spec->compression,
                       known);
    if (n > 1 && !*t->spec->compression)
        return nn_fail(err, NN_ERR_CONFIG, "%s: holds %s; say which by compression=", path, known);
    return NN_OK;
}

/* ---- the whole ---- */

static NnStatus report(const Tree *t, NnErr *err)
{
    const char *path = t->spec->path;
    if (t->n_empty)
        NN_TRY(data_set_note(t->set, err, "%s: %d of %d videos have no frames, the first %s", path, t->n_empty,
                             t->n_videos, t->empty));
    if (t->n_unplaced)
        NN_TRY(data_set_note(t->set, err, "%s: %d videos are in no split file, the first %s: their splits are drawn",
                             path, t->n_unplaced, t->unplaced));
    if (t->n_unmasked) NN_TRY(data_set_note(t->set, err, "%s: %d forged frames have no mask", path, t->n_unmasked));
    if (t->n_actors && t->n_places)
        NN_TRY(data_set_note(t->set, err,
                             "%s: %d videos of actors and DeepFakeDetection are in no official split: all test", path,
                             t->n_actors));
    return t->set->n ? NN_OK : nn_fail(err, NN_ERR_DATA, "%s: no frame found", path);
}

static NnStatus list_ffpp(const DataSpec *spec, DataSet *set, NnErr *err)
{
    Tree t = { .spec = spec, .set = set };
    NnStatus s = choose_comp(&t, err);
    if (s == NN_OK) s = find_splits(&t, err);
    if (s == NN_OK) s = add_parts(&t, "original_sequences", 1, err);
    if (s == NN_OK) s = add_parts(&t, "manipulated_sequences", 0, err);
    if (s == NN_OK) s = report(&t, err);
    if (s == NN_OK) s = data_import_tie_pairs(set, "youtube", err);
    if (s == NN_OK) s = data_import_groups(set, spec->path, err);
    free(t.places);
    return s;
}

static int is_tree(const char *path)
{
    char *real = nn_path_join(path, "original_sequences"), *fake = nn_path_join(path, "manipulated_sequences");
    const int fits = (real && nn_folder_exists(real)) || (fake && nn_folder_exists(fake));
    free(real);
    free(fake);
    return fits;
}

const DataFormat data_format_ffpp = {
    .name = "ffpp",
    .options = "compression splits",
    .help = "the folder of FaceForensics++: original_sequences/ and manipulated_sequences/ with extracted frames",
    .fits = is_tree,
    .list = list_ffpp,
};
