/* origin_groups.c -- see origin_groups.h. All names are sorted; items whose names are equal are joined in a forest of
 * parents (union-find; Galler and Fischer, "An Improved Equivalence Algorithm", CACM 1964). */
#include "data/origin_groups.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/rng.h"
#include "nn/base/size.h"

/* In the order in which a group is named after them. */
typedef enum { VIDEO, SOURCE, PATH, KINDS } Kind;

typedef struct {
    const char *text;
    Kind kind;
    int item;
} Name;

typedef struct {
    Name *names; /* [n_names], sorted */
    size_t n_names;
    int *parent;        /* [n]; a root is its own */
    const Name **title; /* [n], of roots: the name that gives the group its number */
} Forest;

/* Videos before files; sources and paths are names of one kind of thing. */
static int compare_names(const Name *a, const Name *b)
{
    const int order = (b->kind == VIDEO) - (a->kind == VIDEO);
    return order ? order : strcmp(a->text, b->text);
}

static int by_name(const void *a, const void *b)
{
    return compare_names(a, b);
}

/* Halves the way to the root as it goes, so that later ones are short. */
static int root_of(const Forest *f, int i)
{
    while (f->parent[i] != i) i = f->parent[i] = f->parent[f->parent[i]];
    return i;
}

/* `before`: the same name of the item before. Frames of a video follow each other: what they share needs no sorting. */
static void add_name(Forest *f, const char *text, const char *before, Kind kind, int item)
{
    if (!*text) return;
    if (strcmp(text, before) == 0) f->parent[root_of(f, item)] = root_of(f, item - 1);
    else f->names[f->n_names++] = (Name){ text, kind, item };
}

static void collect_names(Forest *f, const DataOrigin *origins, int n)
{
    for (int i = 0; i < n; i++) {
        const DataOrigin none = { "", "", "" }, *before = i ? &origins[i - 1] : &none;
        add_name(f, origins[i].video, before->video, VIDEO, i);
        add_name(f, origins[i].source, before->source, SOURCE, i);
        add_name(f, origins[i].path, before->path, PATH, i);
    }
    qsort(f->names, f->n_names, sizeof *f->names, by_name);
}

static void join_items(Forest *f)
{
    for (size_t k = 1; k < f->n_names; k++)
        if (compare_names(&f->names[k - 1], &f->names[k]) == 0)
            f->parent[root_of(f, f->names[k].item)] = root_of(f, f->names[k - 1].item);
}

/* The names are sorted, so the first of its kind that a group meets is the first in the order of bytes. */
static void choose_titles(Forest *f)
{
    for (size_t k = 0; k < f->n_names; k++) {
        const Name *name = &f->names[k], **title = &f->title[root_of(f, name->item)];
        if (!*title || name->kind < (*title)->kind) *title = name;
    }
}

/* The complement keeps a video's number apart from that of a file of the same name. */
static uint64_t number_of(const Name *title)
{
    const uint64_t hash = nn_hash_text(title->text);
    return title->kind == VIDEO ? ~hash : hash;
}

NnStatus data_origin_groups(const DataOrigin *origins, int n, DataItem *items, NnErr *err)
{
    Forest f = { .names = nn_alloc((size_t)n, KINDS * sizeof *f.names),
                 .parent = nn_alloc((size_t)n, sizeof *f.parent),
                 .title = nn_alloc((size_t)n, sizeof *f.title) };
    const int ok = f.names && f.parent && f.title;
    if (ok) {
        for (int i = 0; i < n; i++) f.parent[i] = i;
        collect_names(&f, origins, n);
        join_items(&f);
        choose_titles(&f);
        for (int i = 0; i < n; i++) items[i].group = number_of(f.title[root_of(&f, i)]);
    }
    free(f.names);
    free(f.parent);
    free(f.title);
    return ok ? NN_OK : nn_fail(err, NN_ERR_NOMEM, "out of memory for the groups of %d items", n);
}
