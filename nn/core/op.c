/* op.c -- shapes: comparing, printing, checking. */
#include "nn/core/op.h"

#include <stdio.h>

#include "nn/base/size.h"

int nn_shape_equal(NnShape a, NnShape b)
{
    if (a.n != b.n) return 0;
    for (int i = 0; i < a.n; i++)
        if (a.d[i] != b.d[i]) return 0;
    return 1;
}

const char *nn_shape_text(NnShape s, char *buf)
{
    int at = sprintf(buf, "[");
    for (int i = 0; i < s.n && i < NN_MAX_DIM; i++) at += sprintf(buf + at, i ? ",%d" : "%d", (int)s.d[i]);
    sprintf(buf + at, "]");
    return buf;
}

NnStatus nn_shape_check(NnShape s, NnErr *err)
{
    char text[64];
    size_t len = sizeof(float);
    if (s.n < 1 || s.n > NN_MAX_DIM)
        return nn_fail(err, NN_ERR_SHAPE, "a shape has 1 to %d dimensions, not %d", NN_MAX_DIM, (int)s.n);
    for (int i = 0; i < s.n; i++) {
        if (s.d[i] < 1)
            return nn_fail(err, NN_ERR_SHAPE, "shape %s: every dimension must be at least 1", nn_shape_text(s, text));
        if (!nn_size_mul(len, (size_t)s.d[i], &len))
            return nn_fail(err, NN_ERR_SHAPE, "shape %s is larger than memory", nn_shape_text(s, text));
    }
    return NN_OK;
}
