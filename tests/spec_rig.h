/* spec_rig.h -- what the tests of importers share: a set from a SPEC whose paths lie in the temporary folder, its
 * notes, and whether a written manifest says the same. */
#ifndef SPEC_RIG_H
#define SPEC_RIG_H
#include "data/import.h"
#include "data/spec.h"
#include "data/splits.h"
#include "tests/data_rig.h"

/* The SPEC with every "@" in it replaced by the temporary folder. */
static inline DataSettings spec_settings(const char *text)
{
    DataSettings s = settings_of(DATA_SOURCE_SPEC, "");
    size_t used = 0;
    for (; *text; text++) {
        if (*text == '@') used += (size_t)snprintf(s.path + used, sizeof s.path - used, "%s", temp_folder);
        else s.path[used++] = *text;
        ck_assert_uint_lt(used, sizeof s.path);
    }
    s.path[used] = 0;
    return s;
}

static inline DataSet *list_spec(const char *text)
{
    DataSet *set;
    NnErr err = { 0 };
    const DataSettings s = spec_settings(text);
    ck_assert_msg(data_set_list(&s, &set, &err) == NN_OK, "%s", err.msg);
    return set;
}

static inline DataSet *open_spec(const char *text)
{
    const DataSettings s = spec_settings(text);
    return open_set(&s);
}

static inline void spec_fails(const char *text, NnStatus status, const char *part)
{
    DataSet *set;
    NnErr err = { 0 };
    const DataSettings s = spec_settings(text);
    const NnStatus got = data_set_list(&s, &set, &err);
    ck_assert_msg(got == status, "%s: status %d: %s", text, (int)got, err.msg);
    ck_assert_ptr_null(set);
    ck_assert_msg(strstr(err.msg, part) != NULL, "\"%s\" lacks \"%s\"", err.msg, part);
}

static inline int has_note(const DataSet *set, const char *part)
{
    for (int i = 0; i < set->n_notes; i++)
        if (strstr(set->notes[i], part)) return 1;
    return 0;
}

static inline int same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Write the set as out.csv (in a folder of the temporary one), read that, and compare item by item. */
static inline void assert_written_alike(const DataSet *set, const char *out)
{
    char spec[128];
    NnErr err = { 0 };
    make_parent(in_folder(out));
    ck_assert_msg(data_import_write(set, in_folder(out), &err) == NN_OK, "%s", err.msg);
    snprintf(spec, sizeof spec, "manifest:@/%s", out);
    DataSet *again = list_spec(spec);
    ck_assert_int_eq(again->n, set->n);
    ck_assert_int_eq(again->n_methods, set->n_methods);
    for (int i = 0; i < set->n; i++) {
        const DataItem *a = &set->items[i], *b = &again->items[i];
        char *file = nn_path_real(a->path), *read = nn_path_real(b->path);
        ck_assert_str_eq(file, read);
        free(file);
        free(read);
        ck_assert_int_eq(a->label, b->label);
        ck_assert_int_eq(a->split, b->split);
        ck_assert_int_eq(a->mask != NULL, b->mask != NULL);
        ck_assert(same_text(a->video, b->video));
        ck_assert_str_eq(data_item_method(set, i), data_item_method(again, i));
        for (int k = 0; k < i; k++)
            ck_assert_int_eq(a->group == set->items[k].group, b->group == again->items[k].group);
    }
    data_set_free(again);
}

#endif
