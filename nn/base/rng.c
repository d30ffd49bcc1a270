/* rng.c -- see rng.h. */
#include "nn/base/rng.h"

#include <math.h>
#include <string.h>

#include "nn/base/parallel.h"

static uint32_t mul_hi(uint32_t a, uint32_t b, uint32_t *lo)
{
    const uint64_t p = (uint64_t)a * b;
    *lo = (uint32_t)p;
    return (uint32_t)(p >> 32);
}

void nn_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint32_t lo0, lo1;
        const uint32_t hi0 = mul_hi(0xD2511F53u, c0, &lo0);
        const uint32_t hi1 = mul_hi(0xCD9E8D57u, c2, &lo1);
        c0 = hi1 ^ c1 ^ k0, c1 = lo1;
        c2 = hi0 ^ c3 ^ k1, c3 = lo0;
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

NnRng nn_rng_make(uint64_t seed, NnStream stream, uint32_t epoch, uint32_t item)
{
    return (NnRng){ .key = { (uint32_t)seed, (uint32_t)(seed >> 32) },
                    .counter = { 0, (uint32_t)stream, epoch, item } };
}

void nn_rng_seek(NnRng *r, uint32_t block)
{
    r->counter[0] = block;
    r->left = 0;
}

uint32_t nn_rng_u32(NnRng *r)
{
    if (r->left == 0) {
        nn_philox(r->counter, r->key, r->out);
        r->counter[0]++;
        r->left = 4;
    }
    return r->out[4 - r->left--];
}

enum { SIDE_BY_SIDE = 64 }; /* blocks; fewer would be unrolled instead of vectorised */

/* One round of many blocks; c[word][block]. */
static inline __attribute__((always_inline)) void round_of_many(uint32_t c[4][SIDE_BY_SIDE], uint32_t k0, uint32_t k1)
{
    for (int i = 0; i < SIDE_BY_SIDE; i++) {
        const uint64_t p = (uint64_t)0xD2511F53u * c[0][i], q = (uint64_t)0xCD9E8D57u * c[2][i];
        const uint32_t a = (uint32_t)(q >> 32) ^ c[1][i] ^ k0, b = (uint32_t)(p >> 32) ^ c[3][i] ^ k1;
        c[0][i] = a, c[1][i] = (uint32_t)q;
        c[2][i] = b, c[3][i] = (uint32_t)p;
    }
}

/* Blocks counter[0] and the next ones, `groups` times SIDE_BY_SIDE of them. */
NN_KERNEL_CLONES static void fill_blocks(const uint32_t counter[4], const uint32_t key[2], uint32_t *out, size_t groups)
{
    for (size_t g = 0; g < groups; g++, out += 4 * SIDE_BY_SIDE) {
        uint32_t c[4][SIDE_BY_SIDE];
        for (uint32_t i = 0; i < SIDE_BY_SIDE; i++) {
            c[0][i] = counter[0] + (uint32_t)g * SIDE_BY_SIDE + i;
            c[1][i] = counter[1], c[2][i] = counter[2], c[3][i] = counter[3];
        }
        for (uint32_t round = 0; round < 10; round++)
            round_of_many(c, key[0] + round * 0x9E3779B9u, key[1] + round * 0xBB67AE85u);
        for (int i = 0; i < SIDE_BY_SIDE; i++)
            for (int word = 0; word < 4; word++) out[4 * i + word] = c[word][i];
    }
}

/* n words of one group of blocks, fewer than all of them; what is left of the last block stays in r. */
static void fill_part(NnRng *r, uint32_t *out, size_t n)
{
    uint32_t group[4 * SIDE_BY_SIDE];
    const size_t blocks = (n + 3) / 4;
    fill_blocks(r->counter, r->key, group, 1);
    memcpy(out, group, n * sizeof *out);
    memcpy(r->out, group + 4 * (blocks - 1), sizeof r->out);
    r->counter[0] += (uint32_t)blocks;
    r->left = (int)(4 * blocks - n);
}

void nn_rng_fill(NnRng *r, uint32_t *out, size_t n)
{
    for (; n > 0 && r->left > 0; n--) *out++ = nn_rng_u32(r);
    const size_t groups = n / (4 * SIDE_BY_SIDE), words = groups * 4 * SIDE_BY_SIDE, rest = n - words;
    fill_blocks(r->counter, r->key, out, groups);
    r->counter[0] += (uint32_t)(words / 4);
    if (rest > SIDE_BY_SIDE) fill_part(r, out + words, rest);
    else
        for (size_t i = words; i < n; i++) out[i] = nn_rng_u32(r);
}

float nn_rng_uniform(NnRng *r)
{
    return (float)(nn_rng_u32(r) >> 8) * 0x1p-24f;
}

float nn_rng_range(NnRng *r, float lo, float hi)
{
    return lo + (hi - lo) * nn_rng_uniform(r);
}

/* Rejects the few words that would favour small numbers. */
uint32_t nn_rng_below(NnRng *r, uint32_t n)
{
    const uint32_t limit = UINT32_MAX - UINT32_MAX % n;
    uint32_t w;
    do w = nn_rng_u32(r);
    while (w >= limit);
    return w % n;
}

/* Box-Muller; the second value is dropped so that one call is one position. */
float nn_rng_normal(NnRng *r)
{
    const double u = 1.0 - (double)nn_rng_uniform(r), v = (double)nn_rng_uniform(r);
    return (float)(sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v));
}

int nn_rng_coin(NnRng *r, float p)
{
    return nn_rng_uniform(r) < p;
}

void nn_rng_shuffle(NnRng *r, int *index, int n)
{
    for (int i = n - 1; i > 0; i--) {
        const int j = (int)nn_rng_below(r, (uint32_t)i + 1), t = index[i];
        index[i] = index[j];
        index[j] = t;
    }
}

uint64_t nn_hash_text(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h;
}
