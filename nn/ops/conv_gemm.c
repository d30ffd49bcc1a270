/* conv_gemm.c -- convolution as matrix products over cache-sized tiles; see conv.c for the idea and the picture.
 *
 * Work is cut into items by shapes alone. Each item is done by one thread in a fixed order with a single-threaded
 * sgemm, so the bits do not depend on the number of threads:
 *   to_map      item = (images, tile, group): tiles of the map do not overlap;
 *   to_image    item = (images, group): tiles overlap in the image, so one thread adds them in order;
 *   to_weights  item = (lane, group): at most LANES partial sums over images, added up in order at the end. */
#include "nn/ops/conv_gemm.h"

#include <omp.h>
#include <string.h>

#include "nn/base/blas.h"
#include "nn/base/parallel.h"
#include "nn/ops/conv_method.h"
#include "nn/ops/cut.h"
#include "nn/ops/plane_sum.h"

enum {
    /* OpenBLAS multiplies matrices with M N K up to this without packing them first, up to twice as fast. */
    SMALL_PRODUCT = 1000000,
    TILE_MIN = 64, /* below, sgemm loses more than the cache gains */
    TILE_MAX = 512,
    COL_MAX = 192 * 1024, /* floats of a column matrix that stay in a second-level cache */
    LANES = 8
};

/* How a geometry is cut. The map is blocks of images; a block is a grid of tiles (1 x 1 if it has several images). */
typedef struct {
    int images, rows, cols; /* of a full tile */
    int blocks, grid_rows, grid_cols;
    int lanes; /* partial sums of the weight gradient */
} Cut;

/* Columns of a tile that suit sgemm and the cache. */
static int tile_target(const NnConvGeom *g)
{
    const int64_t work = (int64_t)g->Og * g->K;
    const int small = (int)(SMALL_PRODUCT / work);
    if (small >= TILE_MIN) return nn_min_int(small, TILE_MAX);
    return nn_max_int(TILE_MIN, nn_min_int(COL_MAX / g->K, TILE_MAX));
}

static Cut cut_make(const NnConvGeom *g)
{
    const int target = tile_target(g);
    Cut c = { .images = 1, .rows = 1, .cols = g->Wo };
    if (g->Wo > target) c.cols = nn_ceil_div(g->Wo, nn_ceil_div(g->Wo, target));
    else c.rows = nn_min_int(g->Ho, target / g->Wo);
    /* Small maps share a tile, but at least four items are left for threads. */
    if (c.rows == g->Ho && c.cols == g->Wo && !g->in_place)
        c.images = nn_max_int(1, nn_min_int(target / (g->Ho * g->Wo), g->N / 4));
    c.blocks = nn_ceil_div(g->N, c.images);
    c.grid_rows = nn_ceil_div(g->Ho, c.rows), c.grid_cols = nn_ceil_div(g->Wo, c.cols);
    c.lanes = nn_min_int(LANES, c.blocks);
    return c;
}

static NnConvTile cut_tile(const NnConvGeom *g, const Cut *c, int block, int tile)
{
    const int n0 = block * c->images, i0 = tile / c->grid_cols * c->rows, j0 = tile % c->grid_cols * c->cols;
    return (NnConvTile){ n0, nn_min_int(c->images, g->N - n0), i0, nn_min_int(c->rows, g->Ho - i0),
                         j0, nn_min_int(c->cols, g->Wo - j0) };
}

/* A thread's scratch: a column matrix [K,T], then room for a tile of the map [Og,T]. */
static size_t col_len(const NnConvGeom *g, const Cut *c)
{
    return nn_align_line((size_t)g->K * (size_t)(c->images * c->rows * c->cols));
}

static size_t slice_len(const NnConvGeom *g, const Cut *c)
{
    return col_len(g, c) + nn_align_line((size_t)g->Og * (size_t)(c->images * c->rows * c->cols));
}

static size_t weights_len(const NnConvGeom *g)
{
    return (size_t)g->O * (size_t)g->K;
}

size_t nn_conv_scratch(const NnConvGeom *g)
{
    const Cut c = cut_make(g);
    return (size_t)nn_threads() * slice_len(g, &c) + (size_t)c.lanes * weights_len(g);
}

static float *my_slice(const NnConvGeom *g, const Cut *c, float *scratch)
{
    return scratch + (size_t)omp_get_thread_num() * slice_len(g, c);
}

/* A matrix to read, inside a tensor or in scratch. */
typedef struct {
    const float *at;
    int ld;
} Matrix;

static size_t image_at(const NnConvGeom *g, const NnConvTile *t, int group)
{
    return ((size_t)t->n0 * (size_t)g->C + (size_t)(group * g->Cg)) * (size_t)g->H * (size_t)g->W +
           (size_t)t->i0 * (size_t)g->W + (size_t)t->j0;
}

static size_t map_at(const NnConvGeom *g, int n, int o, int i0, int j0)
{
    return (((size_t)n * (size_t)g->O + (size_t)o) * (size_t)g->Ho + (size_t)i0) * (size_t)g->Wo + (size_t)j0;
}

/* The column matrix of a tile: the image itself if it can be, else built in scratch. */
static Matrix col_of_image(const NnConvGeom *g, const float *image, int group, const NnConvTile *t, float *col)
{
    if (g->in_place) return (Matrix){ image + image_at(g, t, group), g->H * g->W };
    nn_im2col(g, image, group, t, col);
    return (Matrix){ col, nn_conv_tile_len(t) };
}

/* A tile of the map as a matrix [Og,T]: in place for one image, else copied side by side into buffer. */
static Matrix map_in(const NnConvGeom *g, const float *map, int group, const NnConvTile *t, float *buffer)
{
    const int o0 = group * g->Og, area = t->rows * t->cols, T = nn_conv_tile_len(t);
    if (t->images == 1) return (Matrix){ map + map_at(g, t->n0, o0, t->i0, t->j0), g->Ho * g->Wo };
    for (int o = 0; o < g->Og; o++)
        for (int m = 0; m < t->images; m++)
            memcpy(buffer + (size_t)o * (size_t)T + m * area, map + map_at(g, t->n0 + m, o0 + o, t->i0, t->j0),
                   sizeof *map * (size_t)area);
    return (Matrix){ buffer, T };
}

/* After the product: take it to the map, if it went to a buffer, and finish it. */
NN_KERNEL_CLONES
static void copy_or_add(const float *from, int add, float *to, int n)
{
    if (add)
        for (int p = 0; p < n; p++) to[p] += from[p];
    else
        for (int p = 0; p < n; p++) to[p] = from[p];
}

static void map_out(const NnConvGeom *g, Matrix product, const NnConvEnd *end, int add, int group, const NnConvTile *t,
                    int slot, float *map)
{
    const int o0 = group * g->Og, area = t->rows * t->cols;
    for (int o = 0; o < g->Og; o++)
        for (int m = 0; m < t->images; m++) {
            float *to = map + map_at(g, t->n0 + m, o0 + o, t->i0, t->j0);
            if (t->images > 1) copy_or_add(product.at + (size_t)o * (size_t)product.ld + m * area, add, to, area);
            if (!add) nn_conv_end_run(end, slot, g->O, o0 + o, to, (size_t)area);
        }
}

/* One tile of the map: the product goes straight into it, or, for several images, through scratch. */
static void tile_to_map(const NnConvGeom *g, const Cut *c, const float *image, const float *w, const NnConvEnd *end,
                        int add, int group, const NnConvTile *t, int slot, float *map, float *mine)
{
    const int T = nn_conv_tile_len(t), direct = t->images == 1, ld = direct ? g->Ho * g->Wo : T;
    const Matrix col = col_of_image(g, image, group, t, mine);
    const float *wg = w + (size_t)(group * g->Og) * (size_t)g->K;
    float *out = direct ? map + map_at(g, t->n0, group * g->Og, t->i0, t->j0) : mine + col_len(g, c);
    nn_gemm(0, 0, g->Og, T, g->K, wg, g->K, col.at, col.ld, add && direct ? 1 : 0, out, ld);
    map_out(g, (Matrix){ out, ld }, end, add, group, t, slot, map);
}

int nn_conv_map_slots(const NnConvGeom *g)
{
    const Cut c = cut_make(g);
    return c.blocks * c.grid_rows * c.grid_cols;
}

void nn_conv_to_map(const NnConvGeom *g, const float *image, const float *w, const NnConvEnd *end, int add, float *map,
                    float *scratch)
{
    const Cut c = cut_make(g);
    const int tiles = c.grid_rows * c.grid_cols;
#pragma omp parallel for num_threads(nn_threads()) schedule(dynamic)
    for (int item = 0; item < c.blocks * g->groups * tiles; item++) {
        const int group = item / tiles % g->groups, block = item / tiles / g->groups, tile = item % tiles;
        const NnConvTile t = cut_tile(g, &c, block, tile);
        tile_to_map(g, &c, image, w, end, add, group, &t, block * tiles + tile, map, my_slice(g, &c, scratch));
    }
}

/* The planes of one item of to_image, set to the bias. */
static void fill_planes(const NnConvGeom *g, const float *b, int group, int n0, int n1, float *image)
{
    const size_t plane = (size_t)g->H * (size_t)g->W;
    for (int n = n0; n < n1; n++)
        for (int c = group * g->Cg; c < (group + 1) * g->Cg; c++) {
            float *to = image + ((size_t)n * (size_t)g->C + (size_t)c) * plane;
            for (size_t p = 0; p < plane; p++) to[p] = b ? b[c] : 0;
        }
}

/* image += w^T map for one tile; where a pixel has one tap only, the product may overwrite it (add = 0). */
static void tile_to_image(const NnConvGeom *g, const Cut *c, const float *map, const float *w, int group,
                          const NnConvTile *t, int add, float *image, float *mine)
{
    const int T = nn_conv_tile_len(t);
    const float *wg = w + (size_t)(group * g->Og) * (size_t)g->K;
    const Matrix in = map_in(g, map, group, t, mine + col_len(g, c));
    if (g->in_place) {
        nn_gemm(1, 0, g->K, T, g->Og, wg, g->K, in.at, in.ld, add ? 1 : 0, image + image_at(g, t, group), g->H * g->W);
        return;
    }
    nn_gemm(1, 0, g->K, T, g->Og, wg, g->K, in.at, in.ld, 0, mine, T);
    nn_col2im(g, mine, group, t, image);
}

void nn_conv_to_image(const NnConvGeom *g, const float *map, const float *w, const float *b, int add, float *image,
                      float *scratch)
{
    const Cut c = cut_make(g);
    const int items = c.blocks * g->groups, overwrite = g->in_place && !add && !b;
#pragma omp parallel for num_threads(nn_threads()) schedule(dynamic)
    for (int item = 0; item < items; item++) {
        const int group = item % g->groups, block = item / g->groups, n0 = block * c.images;
        if (!add && !overwrite) fill_planes(g, b, group, n0, nn_min_int(n0 + c.images, g->N), image);
        for (int tile = 0; tile < c.grid_rows * c.grid_cols; tile++) {
            const NnConvTile t = cut_tile(g, &c, block, tile);
            tile_to_image(g, &c, map, w, group, &t, !overwrite, image, my_slice(g, &c, scratch));
        }
    }
}

/* sum = or += map col^T for one tile. */
static void tile_to_weights(const NnConvGeom *g, const Cut *c, const float *image, const float *map, int group,
                            const NnConvTile *t, int first, float *sum, float *mine)
{
    const Matrix col = col_of_image(g, image, group, t, mine);
    const Matrix in = map_in(g, map, group, t, mine + col_len(g, c));
    nn_gemm(0, 1, g->Og, g->K, nn_conv_tile_len(t), in.at, in.ld, col.at, col.ld, first ? 0 : 1, sum, g->K);
}

/* dw += the partial sums, lane by lane. */
static void add_lanes(const float *partial, int lanes, size_t len, float *dw)
{
#pragma omp parallel for num_threads(nn_threads()) if (len * (size_t)lanes > NN_PARALLEL_MIN)
    for (size_t i = 0; i < len; i++) {
        float sum = 0;
        for (int lane = 0; lane < lanes; lane++) sum += partial[(size_t)lane * len + i];
        dw[i] += sum;
    }
}

void nn_conv_to_weights(const NnConvGeom *g, const float *image, const float *map, float *dw, float *scratch)
{
    const Cut c = cut_make(g);
    const size_t len = weights_len(g);
    float *partial = scratch + (size_t)nn_threads() * slice_len(g, &c);
#pragma omp parallel for num_threads(nn_threads()) schedule(dynamic)
    for (int item = 0; item < c.lanes * g->groups; item++) {
        const int group = item % g->groups, lane = item / g->groups;
        float *sum = partial + (size_t)lane * len + (size_t)(group * g->Og) * (size_t)g->K;
        for (int block = lane; block < c.blocks; block += c.lanes)
            for (int tile = 0; tile < c.grid_rows * c.grid_cols; tile++) {
                const NnConvTile t = cut_tile(g, &c, block, tile);
                const int first = block == lane && tile == 0;
                tile_to_weights(g, &c, image, map, group, &t, first, sum, my_slice(g, &c, scratch));
            }
    }
    add_lanes(partial, c.lanes, len, dw);
}

void nn_conv_to_bias(const float *dy, int N, int C, size_t plane, float *db)
{
#pragma omp parallel for num_threads(nn_threads()) if ((size_t)N * (size_t)C * plane > NN_PARALLEL_MIN)
    for (int c = 0; c < C; c++) {
        float sum = 0;
        for (int n = 0; n < N; n++) sum += nn_plane_sum(dy + ((size_t)n * (size_t)C + (size_t)c) * plane, plane);
        db[c] += sum;
    }
}

/* ---- the two methods ---- */

/* Operations a second that sgemm reaches on products of this kind. */
static double product_rate(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return 100e9;
    if (__builtin_cpu_supports("avx2")) return 55e9;
#endif
    return 15e9;
}

/* Expected seconds a float, of the column matrix (made or added up) and of a tensor that is read or written; and of an
 * image's part of a row of the column matrix, however short. */
static const double column_seconds = 0.35e-9, tensor_seconds = 0.4e-9, run_seconds = 15e-9;

/* The three products; few rows or columns or a short inner length leave sgemm's registers half empty. */
static double product_cost(const NnConvGeom *g)
{
    const Cut c = cut_make(g);
    const double read = g->Kh < g->stride ? (double)g->Kh / g->stride : 1; /* of the image's rows */
    const double image = read * g->N * g->C * g->H * g->W, map = (double)g->N * g->O * g->Ho * g->Wo;
    const double starve = (1 + 3.0 / g->Og) * (1 + 8.0 / g->K) * (1 + 12.0 / (c.images * c.rows * c.cols));
    return 3 * (2 * map * g->K * starve / product_rate() + tensor_seconds * (image + map));
}

static double blas_cost(const NnConvGeom *g)
{
    const double runs = (double)g->N * g->K * g->groups;
    return product_cost(g) + 3 * runs * (column_seconds * g->Ho * g->Wo + run_seconds);
}

static int blas_fits(const NnConvGeom *g)
{
    (void)g;
    return 1;
}

static void blas_forward(const NnConvGeom *g, const float *x, const float *w, const NnConvEnd *end, float *y,
                         float *scratch)
{
    nn_conv_to_map(g, x, w, end, 0, y, scratch);
}

static void blas_dx(const NnConvGeom *g, const float *dy, const float *w, int add, float *dx, float *scratch)
{
    nn_conv_to_image(g, dy, w, NULL, add, dx, scratch);
}

const NnConvMethod nn_conv_blas = {
    .name = "blas",
    .fits = blas_fits,
    .cost = blas_cost,
    .scratch = nn_conv_scratch,
    .slots = nn_conv_map_slots,
    .forward = blas_forward,
    .input_gradient = blas_dx,
    .weight_gradient = nn_conv_to_weights,
};

enum { POINTWISE_MIN = 64 }; /* smaller planes gain more from sharing a tile with other images */

static NnConvGeom in_place(const NnConvGeom *g)
{
    NnConvGeom p = *g;
    p.in_place = 1;
    return p;
}

static int pointwise_fits(const NnConvGeom *g)
{
    return g->Kh == 1 && g->Kw == 1 && g->stride == 1 && g->pad == 0 && g->groups == 1 && g->upsample == 1 &&
           g->H * g->W >= POINTWISE_MIN;
}

static double pointwise_cost(const NnConvGeom *g)
{
    const NnConvGeom p = in_place(g);
    return product_cost(&p);
}

static size_t pointwise_scratch(const NnConvGeom *g)
{
    const NnConvGeom p = in_place(g);
    return nn_conv_scratch(&p);
}

static int pointwise_slots(const NnConvGeom *g)
{
    const NnConvGeom p = in_place(g);
    return nn_conv_map_slots(&p);
}

static void pointwise_forward(const NnConvGeom *g, const float *x, const float *w, const NnConvEnd *end, float *y,
                              float *scratch)
{
    const NnConvGeom p = in_place(g);
    nn_conv_to_map(&p, x, w, end, 0, y, scratch);
}

static void pointwise_dx(const NnConvGeom *g, const float *dy, const float *w, int add, float *dx, float *scratch)
{
    const NnConvGeom p = in_place(g);
    nn_conv_to_image(&p, dy, w, NULL, add, dx, scratch);
}

static void pointwise_dw(const NnConvGeom *g, const float *x, const float *dy, float *dw, float *scratch)
{
    const NnConvGeom p = in_place(g);
    nn_conv_to_weights(&p, x, dy, dw, scratch);
}

const NnConvMethod nn_conv_pointwise = {
    .name = "pointwise",
    .apart = 1,
    .fits = pointwise_fits,
    .cost = pointwise_cost,
    .scratch = pointwise_scratch,
    .slots = pointwise_slots,
    .forward = pointwise_forward,
    .input_gradient = pointwise_dx,
    .weight_gradient = pointwise_dw,
};
