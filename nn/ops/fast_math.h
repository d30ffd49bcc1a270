/* fast_math.h -- exp, log and tanh where ops need them, in arithmetic that compilers vectorise: libm's are called an
 * element at a time and take longer than the convolutions beside them.
 *
 * Polynomials fitted by us to the smallest largest relative error (3e-9 to 5e-9, far below a float's rounding). The
 * relative errors stated are measured by tests/test_fast_math.c. NaN gives NaN. */
#ifndef NN_FAST_MATH_H
#define NN_FAST_MATH_H
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "nn/base/parallel.h"

/* exp(x) for x <= 0, within 2e-7. Below -87.3, where it would be denormal, about 1e-38.
 * x = n ln 2 + r with |r| <= ln 2 / 2; exp(r) = 1 + r + r^2 q(r); 2^n is put together from its exponent. */
NN_KERNEL_PART float nn_exp_down(float x)
{
    const float lowest = -87.3f, to_integer = 12582912.0f; /* 1.5 2^23: adding it leaves no room for a fraction */
    const float c = x < lowest ? lowest : x;
    const float shifted = c * 1.44269504f + to_integer, n = shifted - to_integer;
    const float r = c - n * 0.693359375f + n * 2.12194440e-4f; /* ln 2 in two parts: the first product is exact */
    const float q = 4.999999340e-01f +
                    r * (1.666651997e-01f + r * (4.166839580e-02f + r * (8.368796688e-03f + r * 1.381443314e-03f)));
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3f800000u; /* the low bits of `shifted` are n */
    float power;
    memcpy(&power, &bits, sizeof power);
    return power * (1 + (r + r * r * q));
}

/* log(1 + e) for 0 <= e <= 1, within 3e-7: 2 artanh(s) with s = e / (2 + e), so nothing cancels near 0. */
NN_KERNEL_PART float nn_log1p_unit(float e)
{
    const float s = e / (2 + e), z = s * s;
    const float q = 6.666641313e-01f + z * (4.002169906e-01f + z * (2.799914107e-01f + z * 2.802445891e-01f));
    return s * (2 + z * q);
}

/* log(x) for finite x, within 3e-7; minus infinity at 0 and for denormals, NaN below. x = 2^n m with m from 1/sqrt(2) to
 * sqrt(2); log(m) = 2 artanh(s) with s = (m - 1) / (m + 1), so nothing cancels near 1. */
NN_KERNEL_PART float nn_log_of(float x)
{
    const uint32_t one = 0x3f800000u, root_half = 0x3f3504f3u;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits += one - root_half; /* n now changes where m is 1/sqrt(2) */
    const float n = (float)((int32_t)(bits >> 23) - 127);
    bits = (bits & 0x7fffffu) + root_half;
    float m;
    memcpy(&m, &bits, sizeof m);
    const float f = m - 1, s = f / (2 + f), z = s * s;
    const float q = 6.666677609e-01f + z * (3.997757398e-01f + z * 2.987093836e-01f);
    const float log_m = s * (2 + z * q), log_x = n * 0.693359375f + (log_m - n * 2.12194440e-4f);
    return x >= FLT_MIN ? log_x : x >= 0 ? -INFINITY : NAN;
}

/* log(1 - p) for 0 <= p <= 1, within 3e-7: what rounding took from 1 - p is added to its logarithm. */
NN_KERNEL_PART float nn_log_rest_of(float p)
{
    const float rest = 1 - p, lost = (1 - rest) - p;
    return nn_log_of(rest) + lost;
}

/* 1 / (1 + exp(-x)), within 3e-7; below x = -87.3 about 1e-38. */
NN_KERNEL_PART float nn_sigmoid_of(float x)
{
    const float e = nn_exp_down(-fabsf(x));
    return (x < 0 ? e : 1.0f) / (1.0f + e);
}

/* Within 4e-7. A polynomial near 0, where (1 - e) / (1 + e) with e = exp(-2 |x|) would cancel. */
NN_KERNEL_PART float nn_tanh_of(float x)
{
    const float z = x * x, e = nn_exp_down(-2 * fabsf(x));
    const float q = -3.333328393e-01f +
                    z * (1.333149129e-01f + z * (-5.374349806e-02f + z * (2.065058722e-02f + z * -5.717044954e-03f)));
    const float near = x + x * z * q, far = (1 - e) / (1 + e);
    return fabsf(x) < 0.625f ? near : x < 0 ? -far : far;
}

#endif
