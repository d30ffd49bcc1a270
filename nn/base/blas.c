/* blas.c -- opens OpenBLAS at run time and calls its sgemm; see blas.h for why it is not simply linked.
 *
 * Owns the library handle and the choice of OPENBLAS_CORETYPE. The order matters: the variable must be in the
 * environment before dlopen, because the library picks its kernels in its own constructor. */
#include "nn/base/blas.h"

#include <cblas.h> /* for its types only: nothing here is linked against it */
#include <dlfcn.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void (*SgemmFn)(enum CBLAS_ORDER, enum CBLAS_TRANSPOSE, enum CBLAS_TRANSPOSE, blasint, blasint, blasint, float,
                        const float *, blasint, const float *, blasint, float, float *, blasint);
typedef char *(*TextFn)(void);
typedef void (*SetThreadsFn)(int);

static struct {
    int tried;
    NnStatus status; /* of the first nn_blas_init */
    char message[512];
    SgemmFn sgemm;
    char core[64], version[256], warning[384];
} blas = { .core = "none", .version = "none" };

static const char *const library_names[] = {
    "libopenblas.so.0",
    "libopenblas.so",
    "libopenblas.0.dylib",
    "libopenblas.dylib",
    "/opt/homebrew/opt/openblas/lib/libopenblas.dylib", /* Homebrew keeps OpenBLAS out of the search path */
    "/usr/local/opt/openblas/lib/libopenblas.dylib",
};
enum { N_NAMES = sizeof library_names / sizeof *library_names };

#if defined(__x86_64__)
/* The best core name of OpenBLAS for this CPU; NULL where its own detection may stand. */
static const char *cpu_core(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return "SkylakeX";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
    return NULL;
}
#else
static const char *cpu_core(void)
{
    return NULL;
}
#endif

/* Kernels without AVX2: what a failed detection falls back to. */
static int is_old_core(const char *core)
{
    static const char *const old[] = { "Prescott", "Core2",   "Katmai",       "Coppermine", "Northwood",
                                       "Banias",   "Penryn",  "Dunnington",   "Nehalem",    "Atom",
                                       "Athlon",   "Opteron", "Opteron_SSE3", "Barcelona",  "Nano",
                                       "Bobcat",   "Generic", "Sandybridge",  "Bulldozer" };
    for (size_t i = 0; i < sizeof old / sizeof *old; i++)
        if (strcmp(core, old[i]) == 0) return 1;
    return 0;
}

static void *open_library(void)
{
    for (int i = 0; i < N_NAMES; i++) {
        void *lib = dlopen(library_names[i], RTLD_NOW | RTLD_LOCAL);
        if (lib) return lib;
    }
    return NULL;
}

/* ISO C has no cast from the object pointer of dlsym to a function pointer; POSIX promises that this works. */
static void find(void *lib, const char *name, void *fn)
{
    void *p = dlsym(lib, name);
    memcpy(fn, &p, sizeof p);
}

static void copy_text(TextFn fn, char *to, size_t size)
{
    snprintf(to, size, "%s", fn ? fn() : "unknown");
}

/* One thread per call, whatever the user's environment says: nn_gemm promises it. In the OpenMP build of the
 * library this call would also shrink the thread teams of the whole program, so their size is put back. */
static void single_thread(SetThreadsFn set_threads)
{
    const int team = omp_get_max_threads();
    if (set_threads) set_threads(1);
    omp_set_num_threads(team);
}

static void note_core(void *lib)
{
    TextFn corename, config;
    find(lib, "openblas_get_corename", &corename);
    find(lib, "openblas_get_config", &config);
    copy_text(corename, blas.core, sizeof blas.core);
    copy_text(config, blas.version, sizeof blas.version);
    const char *best = cpu_core();
    if (best && is_old_core(blas.core))
        snprintf(blas.warning, sizeof blas.warning,
                 "OpenBLAS runs its %s kernels although this CPU can do %s: expect a fraction of the speed; "
                 "unset OPENBLAS_CORETYPE or set it to %s",
                 blas.core, best, best);
}

static NnStatus load(void)
{
    const char *best = cpu_core();
    if (best) setenv("OPENBLAS_CORETYPE", best, 0); /* 0: keep what the user has set */
    setenv("OPENBLAS_NUM_THREADS", "1", 0);
    void *lib = open_library();
    if (!lib) {
        size_t at = (size_t)snprintf(blas.message, sizeof blas.message, "OpenBLAS not found; tried");
        for (int i = 0; i < N_NAMES && at < sizeof blas.message; i++)
            at += (size_t)snprintf(blas.message + at, sizeof blas.message - at, " %s", library_names[i]);
        if (at < sizeof blas.message)
            snprintf(blas.message + at, sizeof blas.message - at,
                     "; install it: apt install libopenblas-dev, dnf install openblas-devel, brew install openblas");
        return NN_ERR_IO;
    }
    find(lib, "cblas_sgemm", &blas.sgemm);
    if (!blas.sgemm) {
        snprintf(blas.message, sizeof blas.message, "OpenBLAS was found but has no cblas_sgemm: built without CBLAS");
        return NN_ERR_IO;
    }
    SetThreadsFn set_threads;
    find(lib, "openblas_set_num_threads", &set_threads);
    single_thread(set_threads);
    note_core(lib);
    return NN_OK;
}

NnStatus nn_blas_init(NnErr *err)
{
    if (!blas.tried) {
        blas.tried = 1;
        blas.status = load();
    }
    return blas.status == NN_OK ? NN_OK : nn_fail(err, blas.status, "%s", blas.message);
}

void nn_gemm(int trans_a, int trans_b, int M, int N, int K, const float *A, int lda, const float *B, int ldb,
             float beta, float *C, int ldc)
{
    blas.sgemm(CblasRowMajor, trans_a ? CblasTrans : CblasNoTrans, trans_b ? CblasTrans : CblasNoTrans, M, N, K, 1, A,
               lda, B, ldb, beta, C, ldc);
}

const char *nn_blas_core(void)
{
    return blas.core;
}

const char *nn_blas_version(void)
{
    return blas.version;
}

const char *nn_blas_warning(void)
{
    return blas.warning[0] ? blas.warning : NULL;
}
