/* active_rig.h -- what the tests of active learning share: a manifest of painted images for tiny runs. */
#ifndef ACTIVE_RIG_H
#define ACTIVE_RIG_H
#include "nn/base/rng.h"
#include "tests/data_rig.h"
#include "tests/run_rig.h"
#include "train/active.h"

enum { SIDE = 16, PEOPLE = 24, STEPS = 8, BEGIN = 4 }; /* begin is .5 */

/* The call fails with this status, and says every text (the last is NULL). */
static inline void failed(NnStatus got, NnStatus wanted, const char *const *parts)
{
    ck_assert_msg(got == wanted, "status %d: %s", (int)got, err.msg);
    for (; *parts; parts++) ck_assert_msg(strstr(err.msg, *parts) != NULL, "\"%s\" lacks \"%s\"", err.msg, *parts);
    err = (NnErr){ 0 };
}
#define FAILS(expr, status, ...) failed(expr, status, (const char *const[]){ __VA_ARGS__, NULL })

/* ---- a small world ----------------------------------------------------------------------------------------------- */

static inline void paint(const char *name, uint32_t number, int forged)
{
    NnRng rng = nn_rng_make(11, NN_STREAM_TEST, 0, number);
    DataImage img;
    OK(data_image_new(SIDE, SIDE, 3, &img, &err));
    for (int i = 0; i < 3 * SIDE * SIDE; i++) img.px[i] = (unsigned char)nn_rng_below(&rng, forged ? 120 : 255);
    make_parent(in_folder(name));
    OK(data_image_save_png(&img, in_folder(name), &err));
    data_image_free(&img);
}

/* White from column `from` on. */
static inline void paint_mask(const char *name, int side, int from)
{
    DataImage img;
    OK(data_image_new(side, side, 1, &img, &err));
    for (int i = 0; i < side * side; i++) img.px[i] = i % side >= from ? 255 : 0;
    make_parent(in_folder(name));
    OK(data_image_save_png(&img, in_folder(name), &err));
    data_image_free(&img);
}

/* PEOPLE real images and as many forged, every fourth pair for validation. */
static inline void paint_manifest(void)
{
    char text[16384] = "path,label,mask,method,split\n", name[64];
    for (int i = 0; i < PEOPLE; i++) {
        const char *split = i % 4 == 3 ? "val" : i == 0 ? "test" : "train";
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "images/r%02d.png,0,,,%s\nimages/f%02d.png,1,masks/m%02d.png,swap,%s\n", i, split, i, i, split);
        snprintf(name, sizeof name, "images/r%02d.png", i);
        paint(name, (uint32_t)i, 0);
        snprintf(name, sizeof name, "images/f%02d.png", i);
        paint(name, (uint32_t)(100 + i), 1);
        snprintf(name, sizeof name, "masks/m%02d.png", i);
        paint_mask(name, SIDE, 1 + i % (SIDE - 2));
    }
    write_text("set.csv", text);
}

static inline void set_up(void)
{
    static const char *const tiny[] = { "data.size=16",      "data.identities=40",     "data.forge=swap",
                                        "train.batch=4",     "train.steps=8",          "train.validate_every=2",
                                        "train.threads=2",   "data.val_fraction=0.3",  "active.picker=uncertainty",
                                        "active.budget=0.1", "optim.schedule=constant" };
    temp_folder_make();
    configure(tiny, sizeof tiny / sizeof *tiny);
}

/* As train.c does it. */
static inline NnStatus open_checked(void)
{
    DataCheck check = { 0 };
    open_data();
    NnStatus status = data_set_check(set, train_items, &n_train, 2, &check, &err);
    data_check_free(&check);
    if (status == NN_OK) status = data_set_check(set, val_items, &n_val, 2, &check, &err);
    data_check_free(&check);
    return status;
}

static inline void use_manifest(void)
{
    paint_manifest();
    assign("data.source=manifest");
    snprintf(config.data.path, sizeof config.data.path, "%s", in_folder("set.csv"));
    OK(open_checked());
}

#endif
