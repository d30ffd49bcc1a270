/* onednn_bench.c -- oneDNN 2.x as the peer of our single convolutions, in one process with them.
 *
 * usage: onednn_bench [-t THREADS] [-k KERNELS] N C H W O K STRIDE UPSAMPLE SECONDS
 *        onednn_bench -v    the version of oneDNN; fails where it was built without
 *
 * In the layouts that oneDNN likes best ("any"), fp32, training forward; copying into and out of those layouts is not
 * timed. Three ways: "onednn" (direct algorithm) and "onednn-auto" on the image already enlarged, and "onednn-resample"
 * (the nearest enlargement by oneDNN's own primitive, then direct; backward likewise). */
#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <oneapi/dnnl/dnnl.h>
#endif
#include <stdio.h>

#if !defined(DNNL_VERSION_MAJOR) || DNNL_VERSION_MAJOR != 2

int main(void)
{
    fprintf(stderr, "onednn_bench: built without oneDNN 2.x; install libdnnl-dev and build again\n");
    return 1;
}

#else
#include <omp.h>
#include <stdlib.h>
#include <unistd.h>

#include "nn/base/calm_start.h"
#include "nn/base/parallel.h"
#include "nn/base/size.h"
#include "tests/bench/conv_bench.h"

/* Everything here is set up once and must not fail: where it does, the program says where and ends. */
#define TRY(call) check(call, #call)
static void check(dnnl_status_t s, const char *call)
{
    if (s == dnnl_success) return;
    fprintf(stderr, "onednn_bench: status %d from %s\n", (int)s, call);
    exit(1);
}

static dnnl_engine_t engine;
static dnnl_stream_t stream;

typedef dnnl_memory_desc_t Layout;

enum { MAX_ARGS = 3, MAX_STEPS = 2 };

typedef struct {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arg[MAX_ARGS];
    int n;
} Step;

typedef struct {
    Step step[MAX_STEPS]; /* one after the other */
    int n;
    dnnl_memory_t out;
} Direction;

typedef struct {
    Direction at[CONV_DIRECTIONS];
    int enlarged; /* 1: the input gradient is that of the enlarged image */
    float *plain;
} Peer;

/* ---- memory ---- */

static Layout layout(const int d[4], dnnl_format_tag_t tag)
{
    Layout m;
    const dnnl_dims_t dims = { d[0], d[1], d[2], d[3] };
    TRY(dnnl_memory_desc_init_by_tag(&m, 4, dims, dnnl_f32, tag));
    return m;
}

/* Memory of one layout on huge pages. It lives as long as the program, which measures one case and ends. */
static dnnl_memory_t memory(const Layout *m)
{
    dnnl_memory_t mem;
    float *p = conv_floats(dnnl_memory_desc_get_size(m) / sizeof *p + 1);
    if (!p) check(dnnl_out_of_memory, "conv_floats");
    TRY(dnnl_memory_create(&mem, m, engine, p));
    return mem;
}

static const Layout *layout_of(dnnl_memory_t mem)
{
    const Layout *m;
    TRY(dnnl_memory_get_memory_desc(mem, &m));
    return m;
}

static void reorder(dnnl_memory_t from, dnnl_memory_t to)
{
    dnnl_primitive_desc_t d;
    dnnl_primitive_t p;
    TRY(dnnl_reorder_primitive_desc_create(&d, layout_of(from), engine, layout_of(to), engine, NULL));
    TRY(dnnl_primitive_create(&p, d));
    const dnnl_exec_arg_t arg[] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };
    TRY(dnnl_primitive_execute(p, stream, 2, arg));
    TRY(dnnl_stream_wait(stream));
    dnnl_primitive_destroy(p);
    dnnl_primitive_desc_destroy(d);
}

/* The same values in plain order, in the buffer given. */
static dnnl_memory_t plain_view(const Layout *m, float *plain)
{
    dnnl_memory_t view;
    const int dims[4] = { (int)m->dims[0], (int)m->dims[1], (int)m->dims[2], (int)m->dims[3] };
    const Layout nchw = layout(dims, dnnl_nchw);
    TRY(dnnl_memory_create(&view, &nchw, engine, plain));
    return view;
}

static dnnl_memory_t memory_of(const Layout *m, float *plain)
{
    dnnl_memory_t from = plain_view(m, plain), to = memory(m);
    reorder(from, to);
    dnnl_memory_destroy(from);
    return to;
}

/* ---- the three primitives of a convolution ---- */

typedef struct {
    int src[4], w[4], dst[4];
    dnnl_dims_t stride, left, right;
} Shape;

static Shape shape_of(const ConvCase *c, const ConvData *data)
{
    const int pad = c->K / 2;
    return (Shape){
        { c->N, c->C, data->He, data->We },
        { c->O, c->C, c->K, c->K },
        { c->N, c->O, data->Ho, data->Wo },
        { c->stride, c->stride },
        { pad, pad },
        { (data->Ho - 1) * c->stride + c->K - data->He - pad, (data->Wo - 1) * c->stride + c->K - data->We - pad },
    };
}

/* 0: this algorithm does not do this case. */
static int describe(const Shape *s, dnnl_alg_kind_t alg, dnnl_primitive_desc_t pd[CONV_DIRECTIONS])
{
    const Layout src = layout(s->src, dnnl_format_tag_any), w = layout(s->w, dnnl_format_tag_any);
    const Layout dst = layout(s->dst, dnnl_format_tag_any);
    dnnl_convolution_desc_t d;
    TRY(dnnl_convolution_forward_desc_init(&d, dnnl_forward_training, alg, &src, &w, NULL, &dst, s->stride, s->left,
                                           s->right));
    if (dnnl_primitive_desc_create(&pd[0], &d, NULL, engine, NULL) != dnnl_success) return 0;
    TRY(dnnl_convolution_backward_data_desc_init(&d, alg, &src, &w, &dst, s->stride, s->left, s->right));
    if (dnnl_primitive_desc_create(&pd[1], &d, NULL, engine, pd[0]) != dnnl_success) return 0;
    TRY(dnnl_convolution_backward_weights_desc_init(&d, alg, &src, &w, NULL, &dst, s->stride, s->left, s->right));
    return dnnl_primitive_desc_create(&pd[2], &d, NULL, engine, pd[0]) == dnnl_success;
}

/* Two inputs and one output, by the library's names for them. */
static const struct {
    dnnl_query_t in[2], out;
    int in_arg[2], out_arg;
} roles[CONV_DIRECTIONS] = {
    { { dnnl_query_src_md, dnnl_query_weights_md },
      dnnl_query_dst_md,
      { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS },
      DNNL_ARG_DST },
    { { dnnl_query_diff_dst_md, dnnl_query_weights_md },
      dnnl_query_diff_src_md,
      { DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS },
      DNNL_ARG_DIFF_SRC },
    { { dnnl_query_src_md, dnnl_query_diff_dst_md },
      dnnl_query_diff_weights_md,
      { DNNL_ARG_SRC, DNNL_ARG_DIFF_DST },
      DNNL_ARG_DIFF_WEIGHTS },
};

static Direction convolve(const ConvData *data, dnnl_primitive_desc_t pd, ConvDirection d)
{
    float *const plain[CONV_DIRECTIONS][2] = { { data->enlarged, data->w },
                                               { data->dy, data->w },
                                               { data->enlarged, data->dy } };
    Direction r = { .n = 1 };
    Step *s = &r.step[0];
    for (int i = 0; i < 2; i++)
        s->arg[i] = (dnnl_exec_arg_t){ roles[d].in_arg[i],
                                       memory_of(dnnl_primitive_desc_query_md(pd, roles[d].in[i], 0), plain[d][i]) };
    r.out = memory(dnnl_primitive_desc_query_md(pd, roles[d].out, 0));
    s->arg[2] = (dnnl_exec_arg_t){ roles[d].out_arg, r.out };
    s->n = 3;
    TRY(dnnl_primitive_create(&s->primitive, pd));
    return r;
}

/* ---- enlarging by a primitive of its own ---- */

/* The small image in the blocks in which the convolution wants the large one. */
static Layout small_layout(const ConvCase *c, const Layout *large)
{
    const int dims[4] = { c->N, c->C, c->H, c->W };
    const dnnl_blocking_desc_t *b = &large->format_desc.blocking;
    const int block = b->inner_nblks == 1 ? (int)b->inner_blks[0] : 1;
    return layout(dims, block == 16 ? dnnl_nChw16c : block == 8 ? dnnl_nChw8c : dnnl_nchw);
}

static dnnl_primitive_t resampling(const ConvCase *c, const Layout *small, const Layout *large, int backward)
{
    const float factor[2] = { (float)c->upsample, (float)c->upsample };
    dnnl_resampling_desc_t d;
    dnnl_primitive_desc_t pd, back;
    dnnl_primitive_t p;
    TRY(dnnl_resampling_forward_desc_init(&d, dnnl_forward_training, dnnl_resampling_nearest, factor, small, large));
    TRY(dnnl_primitive_desc_create(&pd, &d, NULL, engine, NULL));
    if (backward) {
        TRY(dnnl_resampling_backward_desc_init(&d, dnnl_resampling_nearest, factor, small, large));
        TRY(dnnl_primitive_desc_create(&back, &d, NULL, engine, pd));
    }
    TRY(dnnl_primitive_create(&p, backward ? back : pd));
    return p;
}

/* Enlarge before the convolution, and gather the gradient of the small image after its input gradient. Its weight
 * gradient finds the enlarged image where forward left it. */
static void add_resampling(Peer *p, const ConvCase *c, const ConvData *data)
{
    Direction *f = &p->at[CONV_FORWARD], *b = &p->at[CONV_INPUT_GRADIENT];
    const dnnl_memory_t large = f->step[0].arg[0].memory, dlarge = b->out;
    const Layout small = small_layout(c, layout_of(large)), dsmall = small_layout(c, layout_of(dlarge));
    f->step[1] = f->step[0];
    f->step[0] = (Step){ resampling(c, &small, layout_of(large), 0),
                         { { DNNL_ARG_SRC, memory_of(&small, data->x) }, { DNNL_ARG_DST, large } },
                         2 };
    b->out = memory(&dsmall);
    b->step[1] = (Step){ resampling(c, &dsmall, layout_of(dlarge), 1),
                         { { DNNL_ARG_DIFF_DST, dlarge }, { DNNL_ARG_DIFF_SRC, b->out } },
                         2 };
    f->n = b->n = 2;
    p->enlarged = 0;
}

/* ---- the contestants ---- */

static void run(void *self, ConvDirection d)
{
    const Direction *r = &((const Peer *)self)->at[d];
    for (int i = 0; i < r->n; i++)
        TRY(dnnl_primitive_execute(r->step[i].primitive, stream, r->step[i].n, r->step[i].arg));
    TRY(dnnl_stream_wait(stream));
}

static const float *result(void *self, ConvDirection d)
{
    Peer *p = self;
    if (d == CONV_INPUT_GRADIENT && p->enlarged) return NULL;
    const Layout *m = layout_of(p->at[d].out);
    const size_t n = (size_t)m->dims[0] * (size_t)m->dims[1] * (size_t)m->dims[2] * (size_t)m->dims[3];
    free(p->plain);
    p->plain = conv_floats(n);
    if (!p->plain) check(dnnl_out_of_memory, "conv_floats");
    dnnl_memory_t plain = plain_view(m, p->plain);
    reorder(p->at[d].out, plain);
    dnnl_memory_destroy(plain);
    return p->plain;
}

static void peer_free(void *self)
{
    free(((Peer *)self)->plain);
    free(self);
}

static int peer_open(const ConvCase *c, const ConvData *data, dnnl_alg_kind_t alg, const char *name, int resample,
                     ConvContestant *out)
{
    dnnl_primitive_desc_t pd[CONV_DIRECTIONS];
    const Shape shape = shape_of(c, data);
    if (!describe(&shape, alg, pd)) {
        fprintf(stderr, "onednn_bench: %s does not do this case\n", name);
        return 0;
    }
    Peer *p = nn_alloc(1, sizeof *p);
    if (!p) check(dnnl_out_of_memory, "nn_alloc");
    for (int d = 0; d < CONV_DIRECTIONS; d++) p->at[d] = convolve(data, pd[d], (ConvDirection)d);
    p->enlarged = c->upsample > 1;
    if (resample) add_resampling(p, c, data);
    const char *kind;
    TRY(dnnl_primitive_desc_query(pd[0], dnnl_query_impl_info_str, 0, &kind));
    *out = (ConvContestant){ .self = p, .run = run, .result = result, .free = peer_free };
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->kernel, sizeof out->kernel, "%s", kind);
    return 1;
}

static int peers(const ConvCase *c, const ConvData *data, ConvContestant *out, int max)
{
    enum { PEERS = 3 };
    int n = 0;
    omp_set_num_threads(nn_threads());
    TRY(dnnl_engine_create(&engine, dnnl_cpu, 0));
    TRY(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
    if (max < PEERS) return 0;
    n += peer_open(c, data, dnnl_convolution_direct, "onednn", 0, out + n);
    n += peer_open(c, data, dnnl_convolution_auto, "onednn-auto", 0, out + n);
    if (c->upsample > 1) n += peer_open(c, data, dnnl_convolution_direct, "onednn-resample", 1, out + n);
    return n;
}

int main(int argc, char **argv)
{
    nn_calm_start(argv);
    const char *kernels = NULL;
    for (int o; (o = getopt(argc, argv, "t:k:v")) != -1;)
        if (o == 't' && atoi(optarg) > 0) nn_threads_set(atoi(optarg));
        else if (o == 'k') kernels = optarg;
        else if (o == 'v') {
            const dnnl_version_t *v = dnnl_version();
            return printf("oneDNN %d.%d.%d\n", v->major, v->minor, v->patch) < 0;
        }
    return conv_bench_run(argc - optind, argv + optind, kernels, peers);
}

#endif
