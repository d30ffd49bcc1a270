/* test_forge_photos.c -- `data forge` from inside: what it changes in a photo, what it leaves, where things end up. */
#include "data/audit.h"
#include "data/commands.h"
#include "data/splits.h"
#include "tests/data_rig.h"

enum { PHOTOS = 10 };

static const volatile sig_atomic_t go_on = 0;

/* Photographs of three sizes, each with a texture of its own; number 3 is copied. */
static void set_up(void)
{
    temp_folder_make();
    for (int i = 0; i <= PHOTOS; i++) {
        char name[32];
        DataImage img;
        NnErr err = { 0 };
        const int which = i < PHOTOS ? i : 3, w = 40 + 8 * (which % 3), h = 48 - 4 * (which % 3);
        snprintf(name, sizeof name, "my photos/%d.png", i);
        make_parent(in_folder(name));
        ck_assert_int_eq(data_image_new(w, h, 3, &img, &err), NN_OK);
        for (int k = 0; k < 3 * w * h; k++)
            img.px[k] = (unsigned char)(20 * which + (k / 3 % w) * 2 + (k / (3 * w) ^ which) * (k % 3 + 1));
        ck_assert_int_eq(data_image_save_png(&img, in_folder(name), &err), NN_OK);
        data_image_free(&img);
    }
}

/* Forge into the folder `out`; returns what was said to people, which the caller frees. */
static char *forge(const char *out, int size)
{
    char photos[256], folder[256], *said = NULL;
    size_t len;
    NnErr err = { 0 };
    const char *specs[] = { photos };
    snprintf(photos, sizeof photos, "%s", in_folder("my photos"));
    snprintf(folder, sizeof folder, "%s", in_folder(out));
    FILE *stream = open_memstream(&said, &len);
    DataConsole console = { .program = "data", .out = stream, .say = stream, .stop = &go_on };
    const DataArguments a = { .command = DATA_FORGE_PHOTOS,
                              .specs = specs,
                              .n_specs = 1,
                              .out = folder,
                              .methods = "all",
                              .on_bad = "stop",
                              .size = size,
                              .seed = 3,
                              .threads = 2,
                              .max_pixels = DATA_MAX_PIXELS,
                              .val = 0.2f,
                              .test = 0.2f };
    ck_assert_msg(data_command_forge(&console, &a, &err) == NN_OK, "%s", err.msg);
    fclose(stream);
    return said;
}

static DataSet *list(const char *name)
{
    DataSet *set;
    NnErr err = { 0 };
    const DataSettings s = settings_of(DATA_SOURCE_MANIFEST, name);
    ck_assert_msg(data_set_list(&s, &set, &err) == NN_OK, "%s", err.msg);
    return set;
}

static DataImage load(const char *path, int c)
{
    DataImage img;
    NnErr err = { 0 };
    ck_assert_msg(data_image_load(path, c, DATA_MAX_PIXELS, &img, &err) == NN_OK, "%s", err.msg);
    return img;
}

/* The forgery is the real image outside of the mask, and differs from it inside. */
static void assert_forged_inside(const DataItem *fake, const DataItem *real)
{
    DataImage a = load(fake->path, 3), b = load(real->path, 3), mask = load(fake->mask, 1);
    int changed = 0;
    ck_assert(a.w == b.w && a.h == b.h && mask.w == a.w && mask.h == a.h);
    for (int k = 0; k < 3 * a.w * a.h; k++) {
        if (a.px[k] == b.px[k]) continue;
        changed++;
        ck_assert_msg(mask.px[k / 3] == 255, "%s: pixel %d is changed outside of the mask", fake->path, k / 3);
    }
    ck_assert_int_gt(changed, 0);
    ck_assert_int_eq(fake->split, real->split);
    ck_assert_uint_eq(fake->group, real->group);
    data_image_free(&a);
    data_image_free(&b);
    data_image_free(&mask);
}

START_TEST(test_forgeries_differ_inside_their_masks_only)
{
    char *said = forge("made set", 0);
    ck_assert_ptr_nonnull(strstr(said, "10 real images (train 6, val 2, test 2) and 60 forgeries; 1 copies left out"));
    free(said);
    DataSet *set = list("made set/manifest.csv");
    ck_assert_int_eq(set->n, 7 * PHOTOS);
    ck_assert_int_eq(set->n_methods, 6);
    for (int i = 0; i < set->n; i++) {
        const DataItem *fake = &set->items[i];
        ck_assert(fake->split != DATA_SPLIT_OPEN);
        if (fake->label) assert_forged_inside(fake, item(set, fake->source));
    }
    data_set_free(set);
}
END_TEST

START_TEST(test_the_result_passes_the_check)
{
    DataProbe *probes;
    DataAudit a;
    NnErr err = { 0 };
    const DataProbeWay way = { .threads = 1 };
    free(forge("made set", 32));
    DataSet *set = list("made set/manifest.csv");
    ck_assert_int_eq(data_probe_all(set, &way, &probes, &err), NN_OK);
    for (int i = 0; i < set->n; i++) ck_assert(probes[i].w == 32 && probes[i].h == 32);
    ck_assert_int_eq(data_audit_init(&a, "", "--allow", 1, &err), NN_OK);
    ck_assert_int_eq(data_audit_list(&a, set, &err), NN_OK);
    ck_assert_int_eq(data_audit_images(&a, set, probes, &err), NN_OK);
    ck_assert_msg(a.n == 0, "%s: %s", a.n ? a.findings[0].text : "", a.n ? a.findings[0].examples[0] : "");
    data_audit_free(&a);
    data_probes_free(probes, set->n);
    data_set_free(set);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forge_photos");
    TCase *t = tcase_create("forge_photos");
    tcase_add_checked_fixture(t, set_up, temp_folder_remove);
    tcase_add_test(t, test_forgeries_differ_inside_their_masks_only);
    tcase_add_test(t, test_the_result_passes_the_check);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
