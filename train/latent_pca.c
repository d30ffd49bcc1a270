/* latent_pca.c -- see latent_pca.h. The covariance X'X / n is never formed: v <- X'(X v), with what lies along
 * directions found before taken out. */
#include "train/latent_pca.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

enum { MOST_ROUNDS = 500 };

typedef struct {
    int n, d;
    double *x;    /* [n][d], centred */
    double *v[2]; /* [d] */
    double *next; /* [d] */
} Pca;

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void centre(Pca *p, const float *x)
{
    for (int c = 0; c < p->d; c++) {
        double mean = 0;
        for (int i = 0; i < p->n; i++) mean += (double)x[(size_t)i * (size_t)p->d + (size_t)c] / p->n;
        for (int i = 0; i < p->n; i++) {
            const size_t at = (size_t)i * (size_t)p->d + (size_t)c;
            p->x[at] = (double)x[at] - mean;
        }
    }
}

/* Take out of `next` what lies along the directions before k, and bring it to length 1; returns the length it had. */
static double settle(Pca *p, int k)
{
    for (int j = 0; j < k; j++) {
        const double along = dot(p->next, p->v[j], p->d);
        for (int c = 0; c < p->d; c++) p->next[c] -= along * p->v[j][c];
    }
    const double length = sqrt(dot(p->next, p->next, p->d));
    for (int c = 0; c < p->d; c++) p->next[c] = length > 0 ? p->next[c] / length : 0;
    return length;
}

/* v[k], and the sum of squares along it. */
static double find_direction(Pca *p, int k)
{
    double length = 0;
    for (int c = 0; c < p->d; c++) p->next[c] = 1 + 0.1 * ((c * 7 + k * 3) % 11); /* no symmetry that data may share */
    settle(p, k);
    for (int round = 0; round < MOST_ROUNDS; round++) {
        memcpy(p->v[k], p->next, (size_t)p->d * sizeof *p->next);
        memset(p->next, 0, (size_t)p->d * sizeof *p->next);
        for (int i = 0; i < p->n; i++) {
            const double *row = p->x + (size_t)i * (size_t)p->d, along = dot(row, p->v[k], p->d);
            for (int c = 0; c < p->d; c++) p->next[c] += along * row[c];
        }
        length = settle(p, k);
        if (length <= 0 || fabs(dot(p->next, p->v[k], p->d)) > 1 - 1e-12) break;
    }
    return length;
}

static void fix_sign(Pca *p, int k)
{
    int largest = 0;
    for (int c = 1; c < p->d; c++)
        if (fabs(p->v[k][c]) > fabs(p->v[k][largest])) largest = c;
    const double sign = p->v[k][largest] < 0 ? -1 : 1;
    for (int c = 0; c < p->d; c++) p->v[k][c] *= sign;
}

static void find_both(Pca *p, double *const place[2], double share[2])
{
    const double all = dot(p->x, p->x, p->n * p->d);
    for (int k = 0; k < 2; k++) {
        const double along = find_direction(p, k);
        fix_sign(p, k);
        share[k] = all > 0 ? along / all : 0;
        for (int i = 0; i < p->n; i++) place[k][i] = dot(p->x + (size_t)i * (size_t)p->d, p->v[k], p->d);
    }
}

NnStatus train_pca(const float *x, int n, int d, double *const place[2], double share[2], NnErr *err)
{
    Pca p = { .n = n, .d = d };
    p.x = nn_alloc((size_t)n, (size_t)d * sizeof *p.x);
    p.v[0] = nn_alloc(3, (size_t)d * sizeof *p.next);
    if (!p.x || !p.v[0]) {
        free(p.x);
        free(p.v[0]);
        return nn_fail(err, NN_ERR_NOMEM, "out of memory for components of %d latents", n);
    }
    p.v[1] = p.v[0] + d, p.next = p.v[1] + d;
    centre(&p, x);
    find_both(&p, place, share);
    free(p.x);
    free(p.v[0]);
    return NN_OK;
}
