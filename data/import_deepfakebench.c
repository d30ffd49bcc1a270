/* import_deepfakebench.c -- the JSON files of DeepfakeBench and DF40.
 *
 *     { DATASET: { LABEL: { "train" | "val" | "test": NODE } } }
 *     NODE  = { COMP: { VIDEO: ENTRY } }  where the set comes in compressions, else { VIDEO: ENTRY }
 *     ENTRY = { "label": text, "frames": [path...], "masks": [path...]? }
 *
 * Such files list Celeb-DF's test videos in train too, DFD's in all three splits, and have the test split as val. A
 * video counts in one split: test before train, train before val (where that leaves no val, splits.c carves one out of
 * train). What is passed over is counted and noted. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/foreign_paths.h"
#include "data/import_items.h"
#include "data/known_labels.h"
#include "data/spec.h"
#include "nn/base/file.h"
#include "nn/base/size.h"

static const size_t max_bytes = (size_t)4 << 30;

static const char *const comps[] = { "raw", "c23", "c40" };
enum { COMPS = sizeof comps / sizeof *comps };

/* In the order in which a video that is listed more than once belongs to them. */
static const struct {
    const char *name;
    int split;
} splits[] = { { "test", DATA_TEST }, { "train", DATA_TRAIN }, { "val", DATA_VAL } };
enum { SPLITS = sizeof splits / sizeof *splits };

typedef struct {
    char *id; /* label_VIDEO */
    const char *name;
    const json_t *entry;
    int rank; /* index into splits */
    int order, dropped;
    DataKnownLabel label;
} Video;

/* Things passed over: how many, and where the first was. */
typedef struct {
    int n;
    char first[256];
} Count;

typedef struct {
    const DataSpec *spec;
    DataSet *set;
    const char *file;
    char comp[8]; /* the compression that is read; "": the set has none */
    Video *videos;
    int n_videos;
    Count odd, empty, twice, repeated, unmasked;
    DataForeignPaths paths;
} Bench;

static NnStatus no_memory(const Bench *b, NnErr *err)
{
    return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", b->file);
}

static void count(Count *c, const char *where)
{
    if (c->n++ == 0) snprintf(c->first, sizeof c->first, "%.200s", where);
}

static int is_entry(const json_t *node)
{
    return json_is_array(json_object_get(node, "frames"));
}

/* ---- which compression ---- */

static int is_comp(const char *key)
{
    for (int i = 0; i < COMPS; i++)
        if (strcmp(key, comps[i]) == 0) return 1;
    return 0;
}

/* Is this child of a NODE a compression (and no video of that name)? */
static int is_comp_node(const char *key, const json_t *child)
{
    return is_comp(key) && json_is_object(child) && !is_entry(child);
}

/* Which compressions hold videos anywhere in the data set: found[i] for comps[i]. */
static int find_comps(const json_t *dataset, int found[COMPS])
{
    int n = 0;
    const char *label_key;
    json_t *label;
    json_object_foreach((json_t *)(uintptr_t)dataset, label_key, label)
    {
        for (int s = 0; s < SPLITS; s++) {
            const json_t *node = json_object_get(label, splits[s].name);
            for (int i = 0; i < COMPS; i++) {
                const json_t *child = json_object_get(node, comps[i]);
                if (found[i] || !is_comp_node(comps[i], child) || json_object_size(child) == 0) continue;
                found[i] = 1;
                n++;
            }
        }
    }
    return n;
}

static void list_comps(const int found[COMPS], char *out, size_t room)
{
    size_t used = 0;
    for (int i = 0; i < COMPS; i++)
        if (found[i]) used += (size_t)snprintf(out + used, room - used, "%s%s", used ? ", " : "", comps[i]);
}

/* The one that is asked for; else the one that the file's name ends in; else the only one. */
static NnStatus choose_comp(Bench *b, const json_t *dataset, NnErr *err)
{
    int found[COMPS] = { 0 };
    char known[32] = "";
    const int n = find_comps(dataset, found);
    const char *asked = b->spec->compression;
    list_comps(found, known, sizeof known);
    if (n == 0 && *asked)
        return data_set_note(b->set, err, "%s holds no compressions; compression = %s means nothing to it", b->file,
                             asked);
    for (int i = 0; i < COMPS; i++) {
        const int by_name = strstr(nn_path_name(b->file), comps[i]) != NULL;
        if (found[i] && (*asked ? strcmp(asked, comps[i]) == 0 : n == 1 || by_name)) strcpy(b->comp, comps[i]);
    }
    if (*b->comp || n == 0) return NN_OK;
    if (*asked)
        return nn_fail(err, NN_ERR_CONFIG, "%s: nothing of compression %s; it holds: %s", b->file, asked, known);
    return nn_fail(err, NN_ERR_CONFIG, "%s: holds %s; say which by compression=", b->file, known);
}

/* ---- gathering videos ---- */

static NnStatus append_video(Bench *b, const Video *v, NnErr *err)
{
    if ((b->n_videos & (b->n_videos - 1)) == 0) {
        Video *grown = nn_realloc(b->videos, b->n_videos ? 2 * (size_t)b->n_videos : 1, sizeof *grown);
        if (!grown) return no_memory(b, err);
        b->videos = grown;
    }
    b->videos[b->n_videos++] = *v;
    return NN_OK;
}

static NnStatus add_video(Bench *b, const char *name, const json_t *entry, int rank, NnErr *err)
{
    char where[NN_TEXT_MAX];
    Video v = { .name = name, .entry = entry, .rank = rank, .order = b->n_videos };
    const char *label = json_string_value(json_object_get(entry, "label"));
    snprintf(where, sizeof where, "%.300s: video \"%.100s\"", b->file, name);
    if (!label) return nn_fail(err, NN_ERR_DATA, "%s has no label, or one that is no text", where);
    NN_TRY(data_known_label(label, where, &v.label, err));
    const size_t room = strlen(label) + strlen(name) + 2;
    v.id = nn_alloc(room, 1);
    if (!v.id) return no_memory(b, err);
    snprintf(v.id, room, "%s_%s", label, name);
    const NnStatus s = append_video(b, &v, err);
    if (s != NN_OK) free(v.id);
    return s;
}

static NnStatus add_videos(Bench *b, const json_t *node, int rank, NnErr *err)
{
    const char *name;
    json_t *child;
    json_object_foreach((json_t *)(uintptr_t)node, name, child)
    {
        if (is_entry(child)) NN_TRY(add_video(b, name, child, rank, err));
        else count(&b->odd, name);
    }
    return NN_OK;
}

/* { COMP: { VIDEO: ENTRY } }, or { VIDEO: ENTRY }, or both at once. */
static NnStatus add_node(Bench *b, const json_t *node, int rank, NnErr *err)
{
    const char *key;
    json_t *child;
    json_object_foreach((json_t *)(uintptr_t)node, key, child)
    {
        if (is_comp_node(key, child)) {
            if (strcmp(key, b->comp) == 0) NN_TRY(add_videos(b, child, rank, err));
        } else if (is_entry(child)) NN_TRY(add_video(b, key, child, rank, err));
        else count(&b->odd, key);
    }
    return NN_OK;
}

static NnStatus add_label(Bench *b, const char *label, const json_t *by_split, NnErr *err)
{
    const char *key;
    json_t *node;
    if (!json_is_object(by_split)) count(&b->odd, label);
    json_object_foreach((json_t *)(uintptr_t)by_split, key, node)
    {
        int rank = 0;
        while (rank < SPLITS && strcmp(key, splits[rank].name) != 0) rank++;
        if (rank < SPLITS && json_is_object(node)) NN_TRY(add_node(b, node, rank, err));
        else count(&b->odd, key);
    }
    return NN_OK;
}

static int by_id_then_rank(const void *a, const void *b)
{
    const Video *x = a, *y = b;
    const int order = strcmp(x->id, y->id);
    if (order) return order;
    return x->rank != y->rank ? (x->rank > y->rank) - (x->rank < y->rank)
                              : (x->order > y->order) - (x->order < y->order);
}

static int by_order(const void *a, const void *b)
{
    const Video *x = a, *y = b;
    return (x->order > y->order) - (x->order < y->order);
}

/* A video counts in the split of its lowest rank. */
static void settle_videos(Bench *b)
{
    if (b->n_videos == 0) return;
    qsort(b->videos, (size_t)b->n_videos, sizeof *b->videos, by_id_then_rank);
    for (int i = 1, first = 0; i < b->n_videos; i++) {
        if (strcmp(b->videos[i].id, b->videos[first].id) != 0) first = i;
        b->videos[i].dropped = b->videos[i].rank != b->videos[first].rank;
        if (b->videos[i].dropped) count(&b->twice, b->videos[i].id);
    }
    qsort(b->videos, (size_t)b->n_videos, sizeof *b->videos, by_order);
}

/* ---- frames ---- */

static int by_frame(const void *a, const void *b)
{
    return data_frame_compare(*(const char *const *)a, *(const char *const *)b);
}

/* The frames of an entry in their order, each once. *frames is the caller's to free. */
static NnStatus sort_frames(Bench *b, const Video *v, const char ***frames, int *n, NnErr *err)
{
    const json_t *list = json_object_get(v->entry, "frames");
    const size_t listed = json_array_size(list);
    int kept = 0;
    *frames = nn_alloc(listed, sizeof **frames);
    if (!*frames) return no_memory(b, err);
    for (size_t i = 0; i < listed; i++) {
        const char *path = json_string_value(json_array_get(list, i));
        if (path && *path) (*frames)[kept++] = path;
        else count(&b->odd, v->id);
    }
    if (kept == 0) count(&b->empty, v->id);
    qsort(*frames, (size_t)kept, sizeof **frames, by_frame);
    *n = 0;
    for (int i = 0; i < kept; i++) {
        if (*n > 0 && strcmp((*frames)[i], (*frames)[*n - 1]) == 0) count(&b->repeated, (*frames)[i]);
        else (*frames)[(*n)++] = (*frames)[i];
    }
    return NN_OK;
}

/* The last component "frames" of the path becomes "masks", and the compression before it `comp` unless that is NULL.
 * NULL if there is no such component; ERR_NOMEM in *s. */
static char *mask_path(const char *path, const char *from, const char *to, NnStatus *s)
{
    const char *at = NULL;
    char part[24];
    snprintf(part, sizeof part, "/%s/", from);
    for (const char *p = path; (p = strstr(p, part)) != NULL; p++) at = p;
    if (!at) return NULL;
    const size_t room = strlen(path) + strlen(to) + 1;
    char *mask = nn_alloc(room, 1);
    if (!mask) *s = NN_ERR_NOMEM;
    else snprintf(mask, room, "%.*s/%s/%s", (int)(at - path), path, to, at + strlen(part));
    return mask;
}

/* Masks were only made of c23 and hold for every compression. */
static char *mask_of_c23(const char *mask, const char *comp, NnStatus *s)
{
    char from[24];
    snprintf(from, sizeof from, "%s/masks", comp);
    return mask_path(mask, from, "c23/masks", s);
}

/* Where the image was found, a mask counts if it is there too; where nothing was, the label alone tells. */
static NnStatus find_mask(const Bench *b, const Video *v, const char *image, char **mask, NnErr *err)
{
    NnStatus s = NN_OK;
    *mask = v->label.has_masks ? mask_path(image, "frames", "masks", &s) : NULL;
    if (*mask && b->paths.found && !nn_file_exists(*mask)) {
        char *other = *b->comp ? mask_of_c23(*mask, b->comp, &s) : NULL;
        free(*mask);
        *mask = other;
        if (other && !nn_file_exists(other)) {
            free(other);
            *mask = NULL;
        }
    }
    return s == NN_OK ? NN_OK : no_memory(b, err);
}

static NnStatus add_frame(Bench *b, const Video *v, const char *listed, NnErr *err)
{
    const char *method = *v->label.method ? v->label.method : NULL;
    DataItem item = { .where = (char *)(uintptr_t)b->file,
                      .video = v->id,
                      .source = v->label.is_pair ? (char *)(uintptr_t)v->name : NULL,
                      .label = method != NULL,
                      .split = splits[v->rank].split };
    NnStatus s = data_foreign_find(&b->paths, listed, &item.path, err);
    if (s == NN_OK) s = find_mask(b, v, item.path, &item.mask, err);
    if (s == NN_OK && v->label.has_masks && !item.mask) count(&b->unmasked, item.path);
    if (s == NN_OK) s = data_set_add(b->set, &item, method, err);
    free(item.path);
    free(item.mask);
    return s;
}

static NnStatus add_frames(Bench *b, const Video *v, NnErr *err)
{
    const char **frames = NULL;
    int n = 0;
    if (v->dropped) return NN_OK;
    NN_TRY(sort_frames(b, v, &frames, &n, err));
    NnStatus s = NN_OK;
    for (int i = 0; s == NN_OK && i < n; i++) s = add_frame(b, v, frames[i], err);
    free(frames);
    return s;
}

/* ---- the file ---- */

static NnStatus note(const Bench *b, const Count *c, const char *what, NnErr *err)
{
    return c->n ? data_set_note(b->set, err, "%s: %d %s, the first %s", b->file, c->n, what, c->first) : NN_OK;
}

static NnStatus report(const Bench *b, NnErr *err)
{
    NN_TRY(note(b, &b->odd, "entries are nothing that DeepfakeBench writes and were passed over", err));
    NN_TRY(note(b, &b->empty, "videos have no frames", err));
    NN_TRY(note(b, &b->twice, "videos are listed in a second split and count once: test before train before val", err));
    NN_TRY(note(b, &b->repeated, "frames are listed twice and count once", err));
    NN_TRY(note(b, &b->unmasked, "forged frames have no mask", err));
    return data_foreign_report(&b->paths, b->set, err);
}

/* The root's key is the file's stem, without "_c40"; a file that was renamed has one key all the same. */
static NnStatus find_dataset(Bench *b, const json_t *root, const json_t **dataset, NnErr *err)
{
    char stem[NN_TEXT_MAX];
    snprintf(stem, sizeof stem, "%s", nn_path_name(b->file));
    char *dot = strrchr(stem, '.');
    if (dot) *dot = 0;
    *dataset = json_object_get(root, stem);
    char *suffix = strrchr(stem, '_');
    if (!*dataset && suffix && is_comp(suffix + 1)) *suffix = 0;
    if (!*dataset) *dataset = json_object_get(root, stem);
    if (!*dataset && json_object_size(root) == 1) {
        void *only = json_object_iter((json_t *)(uintptr_t)root);
        *dataset = json_object_iter_value(only);
        NN_TRY(data_set_note(b->set, err, "%s holds \"%.100s\", not \"%.100s\", as its name says", b->file,
                             json_object_iter_key(only), stem));
    }
    if (json_is_object(*dataset)) return NN_OK;
    return nn_fail(err, NN_ERR_DATA,
                   "%s: no data set \"%.100s\" in it: expected {\"%.100s\": {LABEL: {\"train\": ...}}}", b->file, stem,
                   stem);
}

static NnStatus read_root(Bench *b, const json_t *root, NnErr *err)
{
    const json_t *dataset;
    const char *label;
    json_t *by_split;
    NN_TRY(find_dataset(b, root, &dataset, err));
    NN_TRY(choose_comp(b, dataset, err));
    json_object_foreach((json_t *)(uintptr_t)dataset, label, by_split) NN_TRY(add_label(b, label, by_split, err));
    settle_videos(b);
    for (int i = 0; i < b->n_videos; i++) NN_TRY(add_frames(b, &b->videos[i], err));
    NN_TRY(report(b, err));
    return b->set->n ? NN_OK : nn_fail(err, NN_ERR_DATA, "%s: no image is listed", b->file);
}

static NnStatus parse(const Bench *b, json_t **root, NnErr *err)
{
    unsigned char *text;
    size_t len;
    json_error_t e;
    NN_TRY(nn_file_read(b->file, max_bytes, &text, &len, err));
    const size_t mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    *root = json_loadb((const char *)text + mark, len - mark, JSON_REJECT_DUPLICATES, &e);
    free(text);
    if (json_is_object(*root)) return NN_OK;
    if (!*root) return nn_fail(err, NN_ERR_DATA, "%s:%d: not valid JSON: %s", b->file, e.line, e.text);
    json_decref(*root);
    return nn_fail(err, NN_ERR_DATA, "%s: expected an object: {DATASET: {LABEL: {\"train\": ...}}}", b->file);
}

static void bench_free(Bench *b)
{
    for (int i = 0; i < b->n_videos; i++) free(b->videos[i].id);
    free(b->videos);
    data_foreign_deinit(&b->paths);
}

static NnStatus list_deepfakebench(const DataSpec *spec, DataSet *set, NnErr *err)
{
    Bench b = { .spec = spec, .set = set, .file = spec->path };
    json_t *root;
    NN_TRY(parse(&b, &root, err));
    char *folder = *spec->root ? nn_path_join(NULL, spec->root) : nn_path_folder(spec->path);
    data_foreign_init(&b.paths, folder);
    NnStatus s = folder ? read_root(&b, root, err) : no_memory(&b, err);
    json_decref(root); /* before the sorting, which needs memory too */
    if (s == NN_OK) s = data_import_tie_pairs(set, "youtube", err);
    if (s == NN_OK) s = data_import_drop_repeats(set, err);
    if (s == NN_OK) s = data_import_groups(set, folder, err);
    bench_free(&b);
    free(folder);
    return s;
}

static int is_json(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, ".json") == 0 && nn_file_exists(path);
}

const DataFormat data_format_deepfakebench = {
    .name = "deepfakebench",
    .options = "root compression",
    .help = "a JSON file of DeepfakeBench or DF40; root: the folder that its paths are below",
    .fits = is_json,
    .list = list_deepfakebench,
};
