/* portrait_noise.c -- noise along a row of samples, many at a time (see data_noise_row in portrait_maths.h). */
#include "data/portrait_maths.h"
#include "nn/base/parallel.h"

/* One octave, then on to where the next one is looked up. */
NN_KERNEL_CLONES static void add_octave(const DataLattice *restrict l, float *restrict x, float *restrict y, float gain,
                                        float *restrict out, int n)
{
    for (int i = 0; i < n; i++) {
        const float turned = next_octave_x(x[i], y[i]);
        out[i] += gain * noise_at(l, x[i], y[i]);
        y[i] = next_octave_y(x[i], y[i]), x[i] = turned;
    }
}

void data_noise_row(const DataLattice *l, float *x, float *y, int octaves, float *out, int n)
{
    float gain = 1;
    for (int i = 0; i < n; i++) out[i] = 0;
    for (int o = 0; o < octaves; o++) {
        add_octave(l, x, y, gain, out, n);
        gain *= 0.5f;
    }
}
