/* student.c -- see student.h. P(|T| > t) = I_x(freedom / 2, 1 / 2) with x = freedom / (freedom + t^2), where I is the
 * regularised incomplete beta function; its inverse is found by halving. */
#include "eval/student.h"

#include <math.h>

enum { FRACTION_TERMS = 500, HALVINGS = 200 };

/* A term of the continued fraction must not be 0. */
static double not_zero(double v)
{
    return fabs(v) < 1e-300 ? 1e-300 : v;
}

/* One turn of Lentz's method: fraction *= (1 + a / c) / (1 + a d), carried in c and d. */
static double turn(double a, double *c, double *d)
{
    *d = 1 / not_zero(1 + a * *d);
    *c = not_zero(1 + a / *c);
    return *c * *d;
}

/* The continued fraction of I_x(a, b); converges fast for x < (a + 1) / (a + b + 2). (NIST, dlmf.nist.gov/8.17.22) */
static double fraction(double x, double a, double b)
{
    double c = 1, d = 1 / not_zero(1 - (a + b) * x / (a + 1)), value = d;
    for (int m = 1; m < FRACTION_TERMS; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        value *= turn(even, &c, &d);
        const double last = turn(odd, &c, &d);
        value *= last;
        if (fabs(last - 1) < 1e-15) break;
    }
    return value;
}

static double incomplete_beta(double x, double a, double b)
{
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(1 - x, b, a);
    const double log_front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x);
    return exp(log_front) * fraction(x, a, b) / a;
}

static double share_outside(double t, double freedom)
{
    return incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

double eval_student_factor(double outside, double freedom)
{
    double low = 0, high = 1;
    while (share_outside(high, freedom) > outside && high < 1e100) low = high, high *= 2;
    for (int i = 0; i < HALVINGS && low < high; i++) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) break;
        if (share_outside(middle, freedom) > outside) low = middle;
        else high = middle;
    }
    return high;
}
