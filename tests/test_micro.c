/* test_micro.c -- every set of micro-kernels that runs here, against plain loops in double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/rng.h"
#include "nn/ops/micro.h"
#include "tests/check_main.h"

static float *floats(size_t n, uint32_t item)
{
    float *v = malloc((n + NN_MICRO_SLACK) * sizeof *v);
    ck_assert(v != NULL);
    NnRng r = nn_rng_make(5, NN_STREAM_TEST, 0, item);
    for (size_t i = 0; i < n + NN_MICRO_SLACK; i++) v[i] = nn_rng_range(&r, -1, 1);
    return v;
}

static void check_near(const NnMicro *m, const char *what, int a, int b, float got, double want)
{
    ck_assert_msg(fabs((double)got - want) < 2e-5, "%s %s [%d][%d] = %.9g, expected %.9g", m->name, what, a, b,
                  (double)got, want);
}

/* A pattern of shifts that no image has: in no order, with repetitions. */
static void check_sum(const NnMicro *m, int tile, int K, int vectors)
{
    const int32_t pattern[5] = { 3, 0, 7, 7, 41 };
    int32_t shift[64 + NN_MICRO_AHEAD] = { 0 }, place[16];
    const int L = m->lanes, P = vectors * L;
    const size_t ldy = (size_t)P + 9;
    for (int k = 0; k < K; k++) shift[k] = pattern[k % 5] + k / 5 * (2 * P + 50);
    for (int v = 0; v < vectors; v++) place[v] = v * 7 % vectors * (L + 3); /* in no order, with gaps */
    float *x = floats((size_t)K * (size_t)(2 * P + 50), 1), *w = floats((size_t)K * (size_t)tile, 2),
          *y = floats((size_t)tile * ldy, 3);
    float *before = floats((size_t)tile * ldy, 3);
    const NnMicroSum s = { .K = K, .tile = tile, .shift = shift, .place = place, .x = x, .w = w };
    m->sum(&s, vectors, y, ldy);
    for (int o = 0; o < tile; o++)
        for (int p = 0; p < (int)ldy; p++) {
            double want = 0;
            for (int k = 0; k < K; k++)
                want += (double)w[k * tile + o] * (double)x[shift[k] + place[p / L % vectors] + p % L];
            const float got = y[(size_t)o * ldy + (size_t)p];
            if (p < P) check_near(m, "sum", o, p, got, want);
            else ck_assert_msg(got == before[(size_t)o * ldy + (size_t)p], "%s sum wrote behind column P", m->name);
        }
    free(x), free(w), free(y), free(before);
}

/* What it asks for in advance, whether nothing, little or more than it has steps for, makes no difference. */
static void check_product(const NnMicro *m, int K, int vectors)
{
    const int P = vectors * m->lanes;
    const size_t n = 8 * (size_t)P;
    float *x = floats((size_t)K * (size_t)P, 9), *w = floats(8 * (size_t)K, 10), *y = floats(n + 1, 11);
    const float behind = y[n];
    const size_t asked[] = { 0, 1, sizeof *x * (size_t)K * (size_t)P, 1 << 20 };
    for (int i = 0; i < 4; i++) {
        memset(y, 0, sizeof *y * n);
        m->product(K, P, x, w, y, i ? x : NULL, asked[i]);
        for (int o = 0; o < 8; o++)
            for (int p = 0; p < P; p++) {
                double want = 0;
                for (int k = 0; k < K; k++) want += (double)w[8 * k + o] * (double)x[k * P + p];
                check_near(m, "product", o, p, y[o * P + p], want);
            }
        ck_assert_msg(y[n] == behind, "%s product wrote behind row 8", m->name);
    }
    free(x), free(w), free(y);
}

/* Rows in no order, with gaps between them. */
static void check_outer(const NnMicro *m, int rows, int P, int na, int nb)
{
    const size_t lda = (size_t)na + 3, ldb = (size_t)nb + 5, ldy = (size_t)nb + 2;
    float *A = floats((size_t)(3 * P + 2) * lda, 4), *B = floats((size_t)(3 * P) * ldb, 5);
    float *y = floats((size_t)na * ldy, 6), *before = floats((size_t)na * ldy, 6);
    const int32_t a_row[3] = { (2 * P + 2) * (int32_t)lda, 0, P * (int32_t)lda + 1 };
    const int32_t b_row[3] = { 0, 2 * P * (int32_t)ldb, P * (int32_t)ldb };
    m->outer(rows, P, &(NnMicroColumns){ A, a_row, lda }, na, &(NnMicroColumns){ B, b_row, ldb }, nb, y, ldy);
    for (int a = 0; a < na; a++)
        for (int b = 0; b < (int)ldy; b++) {
            double want = (double)before[(size_t)a * ldy + (size_t)b];
            for (int i = 0; i < rows * P && b < nb; i++) {
                const size_t p = (size_t)(i % P);
                want += (double)A[(size_t)a_row[i / P] + p * lda + (size_t)a] *
                        (double)B[(size_t)b_row[i / P] + p * ldb + (size_t)b];
            }
            check_near(m, "outer", a, b, y[(size_t)a * ldy + (size_t)b], want);
        }
    free(A), free(B), free(y), free(before);
}

static void check_transpose(const NnMicro *m, int C, int P)
{
    const size_t ldx = (size_t)P + 1, ldy = (size_t)C + 2;
    float *x = floats((size_t)C * ldx, 7), *y = floats((size_t)P * ldy, 8), *before = floats((size_t)P * ldy, 8);
    m->transpose(C, P, x, ldx, y, ldy);
    for (int p = 0; p < P; p++)
        for (int c = 0; c < (int)ldy; c++) {
            const float got = y[(size_t)p * ldy + (size_t)c];
            const float want = c < C ? x[(size_t)c * ldx + (size_t)p] : before[(size_t)p * ldy + (size_t)c];
            ck_assert_msg(got == want, "%s transpose [%d][%d] = %g, expected %g", m->name, p, c, (double)got,
                          (double)want);
        }
    free(x), free(y), free(before);
}

START_TEST(test_set)
{
    int n;
    const NnMicro *const *all = nn_micro_all(&n);
    if (_i >= n) return;
    const NnMicro *m = all[_i];
    for (int tile = 4; tile <= 8; tile += 4)
        for (int vectors = 1; vectors <= 13; vectors += 3) {
            check_sum(m, tile, 1, vectors);
            check_sum(m, tile, 33, vectors);
        }
    for (int vectors = 1; vectors <= 8; vectors++) {
        check_product(m, 1, vectors);
        check_product(m, 33, vectors);
    }
    for (int na = 1; na <= 27; na++)
        for (int vectors = 1; vectors <= 5; vectors++) {
            check_outer(m, 1, 37, na, vectors * m->lanes);
            check_outer(m, 3, 5, na, vectors * m->lanes);
        }
    for (int C = 1; C <= 40; C += 3)
        for (int P = 1; P <= 70; P += 11) check_transpose(m, C, P);
    check_transpose(m, 32, 64);
}
END_TEST

/* What micro.h promises: fused sets agree to the bit. */
START_TEST(test_fused_sets_agree)
{
    int n;
    const NnMicro *const *all = nn_micro_all(&n);
    if (n < 3) return;
    enum { P = 96, K = 5 };
    const int32_t shift[K + NN_MICRO_AHEAD] = { 0, 1, 2, P, P + 7 };
    int32_t place[P / 8];
    float *x = floats((size_t)3 * P, 1), *w = floats((size_t)K * 8, 2), *y = floats((size_t)8 * P * 4, 3);
    for (int i = 0; i < 2; i++) {
        const NnMicroSum s = { .K = K, .tile = 8, .shift = shift, .place = place, .x = x, .w = w };
        for (int v = 0; v < P / all[i]->lanes; v++) place[v] = v * all[i]->lanes;
        all[i]->sum(&s, P / all[i]->lanes, y + (size_t)i * 16 * P, P);
        all[i]->product(3, P, x, w, y + (size_t)i * 16 * P + 8 * P, NULL, 0);
    }
    ck_assert_msg(!memcmp(y, y + (size_t)16 * P, sizeof *y * 16 * P), "avx512 and avx2 differ");
    free(x), free(w), free(y);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("micro");
    TCase *t = tcase_create("micro");
    tcase_add_loop_test(t, test_set, 0, 3);
    tcase_add_test(t, test_fused_sets_agree);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
