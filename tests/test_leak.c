/* test_leak.c -- nothing but the forgery tells real from forged.
 *
 * A logistic regression on what a file gives away without a look at the picture (JPEG
 * size, mean and deviation of each channel) must stay at chance for every manipulation,
 * on people it was not trained on. And the task must not be impossible: inside the mask,
 * or along its rim, the finest detail of a forgery differs from that of the real image. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/data_set.h"
#include "data/forge.h"
#include "nn/base/metrics.h"
#include "tests/check_main.h"

enum { SIZE = 32, PEOPLE = 600, FEATURES = 7, JPEG_QUALITY = 90, METHODS = 6 };

/* The tolerance asked for is .08; with some 240 test people of each class the standard error of an AUC is .026. */
#define TOLERANCE 0.08

typedef struct {
    double file[FEATURES];     /* JPEG size, then mean and deviation of R, G, B */
    float detail[SIZE * SIZE]; /* squared Laplacian of luma */
    unsigned char mask[SIZE * SIZE];
    int split, method, person;
} Look;

static void file_statistics(const DataImage *img, double f[FEATURES])
{
    DataBytes jpeg;
    NnErr err = { 0 };
    ck_assert_int_eq(data_image_to_jpeg(img, JPEG_QUALITY, &jpeg, &err), NN_OK);
    f[0] = (double)jpeg.len;
    free(jpeg.data);
    const int n = img->w * img->h;
    for (int c = 0; c < 3; c++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < n; i++) {
            const double v = img->px[3 * i + c];
            sum += v, squares += v * v;
        }
        f[1 + c] = sum / n;
        f[4 + c] = sqrt(squares / n - sum / n * sum / n);
    }
}

static float luma(const DataImage *img, int x, int y)
{
    const unsigned char *p = img->px + 3 * (y * img->w + x);
    return 0.299f * (float)p[0] + 0.587f * (float)p[1] + 0.114f * (float)p[2];
}

static void fine_detail(const DataImage *img, float *detail)
{
    memset(detail, 0, sizeof(float) * SIZE * SIZE);
    for (int y = 1; y < SIZE - 1; y++)
        for (int x = 1; x < SIZE - 1; x++) {
            const float d = 4 * luma(img, x, y) - luma(img, x - 1, y) - luma(img, x + 1, y) - luma(img, x, y - 1) -
                            luma(img, x, y + 1);
            detail[y * SIZE + x] = d * d;
        }
}

static void look_at(const DataSet *set, int i, Look *l)
{
    DataSample s;
    NnErr err = { 0 };
    ck_assert_msg(data_set_read(set, i, &s, &err) == NN_OK, "%s", err.msg);
    const DataItem *item = &set->items[i];
    l->split = item->split, l->person = (int)item->group;
    l->method = -1;
    for (int m = 0; item->label && m < METHODS; m++)
        if (strcmp(data_forges[m].name, data_item_method(set, i)) == 0) l->method = m;
    file_statistics(&s.image, l->file);
    fine_detail(&s.image, l->detail);
    memcpy(l->mask, s.mask.px, SIZE * SIZE);
    data_sample_free(&s);
}

/* Every item of a portrait set in which all methods are trained on. */
static Look *looks;
static int n_looks;

static void forget_everything(void)
{
    free(looks);
    looks = NULL;
}

static void look_at_everything(void)
{
    DataSettings s;
    const NnBinding b = { &data_section, &s };
    DataSet *set;
    NnErr err = { 0 };
    nn_settings_defaults(&b, 1);
    s.size = SIZE, s.identities = PEOPLE, s.cache_mib = 0, s.val_fraction = 0, s.test_fraction = 0.4f;
    memcpy(s.methods, "all", 4);
    ck_assert_msg(data_set_open(&s, 2024, &set, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(data_forge_count, METHODS);
    n_looks = set->n;
    looks = calloc((size_t)n_looks, sizeof *looks);
    ck_assert_ptr_nonnull(looks);
#pragma omp parallel for schedule(dynamic, 8)
    for (int i = 0; i < n_looks; i++) look_at(set, i, &looks[i]);
    data_set_free(set);
}

/* ---- logistic regression ---- */

typedef struct {
    double mean[FEATURES], spread[FEATURES], weight[FEATURES], bias;
} Model;

static int belongs(const Look *l, int split, int method)
{
    return l->split == split && (l->method < 0 || l->method == method);
}

static double score(const Model *m, const Look *l)
{
    double z = m->bias;
    for (int k = 0; k < FEATURES; k++) z += m->weight[k] * (l->file[k] - m->mean[k]) / m->spread[k];
    return z;
}

static void standardise(Model *m, int method)
{
    for (int k = 0; k < FEATURES; k++) {
        double n = 0, sum = 0, squares = 0;
        for (int i = 0; i < n_looks; i++)
            if (belongs(&looks[i], DATA_TRAIN, method))
                n++, sum += looks[i].file[k], squares += looks[i].file[k] * looks[i].file[k];
        m->mean[k] = sum / n;
        m->spread[k] = sqrt(squares / n - m->mean[k] * m->mean[k]);
    }
}

static Model fit(int method)
{
    Model m = { 0 };
    standardise(&m, method);
    for (int step = 0; step < 400; step++) {
        double slope[FEATURES + 1] = { 0 }, n = 0;
        for (int i = 0; i < n_looks; i++) {
            if (!belongs(&looks[i], DATA_TRAIN, method)) continue;
            const double miss = (looks[i].method >= 0) - 1 / (1 + exp(-score(&m, &looks[i])));
            for (int k = 0; k < FEATURES; k++) slope[k] += miss * (looks[i].file[k] - m.mean[k]) / m.spread[k];
            slope[FEATURES] += miss, n++;
        }
        for (int k = 0; k < FEATURES; k++) m.weight[k] += slope[k] / n;
        m.bias += slope[FEATURES] / n;
    }
    return m;
}

static double auc_of(const Model *m, int method)
{
    float *s = calloc((size_t)n_looks, sizeof *s);
    unsigned char *label = calloc((size_t)n_looks, 1);
    size_t n = 0;
    double auc = 0;
    NnErr err = { 0 };
    for (int i = 0; i < n_looks; i++)
        if (belongs(&looks[i], DATA_TEST, method)) s[n] = (float)score(m, &looks[i]), label[n++] = looks[i].method >= 0;
    ck_assert_int_eq(nn_auc(s, label, n, &auc, &err), NN_OK);
    free(s);
    free(label);
    return auc;
}

START_TEST(file_statistics_tell_nothing)
{
    for (int method = 0; method < METHODS; method++) {
        const Model m = fit(method);
        const double auc = auc_of(&m, method);
        printf("  %-9s AUC of file statistics %.3f\n", data_forges[method].name, auc);
        ck_assert_msg(fabs(auc - 0.5) < TOLERANCE, "%s: file statistics reach AUC %.3f", data_forges[method].name, auc);
    }
}
END_TEST

/* The same regression on data with a planted leak -- forged images one level brighter per ten -- must find it. */
START_TEST(a_planted_leak_is_found)
{
    for (int i = 0; i < n_looks; i++)
        if (looks[i].method == 0)
            for (int c = 0; c < 3; c++) looks[i].file[1 + c] *= 1.1;
    const Model m = fit(0);
    ck_assert_double_gt(auc_of(&m, 0), 0.5 + TOLERANCE);
    for (int i = 0; i < n_looks; i++)
        if (looks[i].method == 0)
            for (int c = 0; c < 3; c++) looks[i].file[1 + c] /= 1.1;
}
END_TEST

/* ---- the traces are there ---- */

typedef enum { INSIDE, RIM, REST } Zone;

static Zone zone_of(const unsigned char *mask, int x, int y)
{
    int in = 0;
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++) in += mask[(y + dy) * SIZE + x + dx] == 255;
    return in == 9 ? INSIDE : in == 0 ? REST : RIM;
}

/* log of mean detail in a zone over mean detail elsewhere; the zones are those of the forged one of a pair. */
static double contrast(const Look *l, const unsigned char *mask, Zone zone)
{
    double sum[3] = { 1, 1, 1 }, n[3] = { 1, 1, 1 };
    for (int y = 1; y < SIZE - 1; y++)
        for (int x = 1; x < SIZE - 1; x++) {
            const Zone z = zone_of(mask, x, y);
            sum[z] += (double)l->detail[y * SIZE + x], n[z]++;
        }
    return log(sum[zone] / n[zone]) - log(sum[REST] / n[REST]);
}

/* Mean of (forged - real) over pairs of one person, in standard errors. */
static double paired_t(int method, Zone zone)
{
    double n = 0, sum = 0, squares = 0;
    const Look *real = NULL;
    for (int i = 0; i < n_looks; i++) {
        if (looks[i].method < 0) real = &looks[i];
        if (looks[i].method != method) continue;
        const double d = contrast(&looks[i], looks[i].mask, zone) - contrast(real, looks[i].mask, zone);
        n++, sum += d, squares += d * d;
    }
    const double mean = sum / n;
    return mean / sqrt((squares / n - mean * mean) / n);
}

START_TEST(forgeries_leave_traces)
{
    for (int method = 0; method < METHODS; method++) {
        const double inside = paired_t(method, INSIDE), rim = paired_t(method, RIM);
        printf("  %-9s detail inside %+6.1f, on the rim %+6.1f standard errors\n", data_forges[method].name, inside,
               rim);
        ck_assert_msg(fabs(inside) > 4 || fabs(rim) > 4, "%s leaves no trace: %.1f, %.1f", data_forges[method].name,
                      inside, rim);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("leak");
    TCase *t = tcase_create("leak");
    tcase_set_timeout(t, 120);
    tcase_add_unchecked_fixture(t, look_at_everything, forget_everything);
    tcase_add_test(t, file_statistics_tell_nothing);
    tcase_add_test(t, a_planted_leak_is_found);
    tcase_add_test(t, forgeries_leave_traces);
    suite_add_tcase(s, t);
    return check_run(s);
}
