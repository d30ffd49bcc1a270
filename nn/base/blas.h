/* blas.h -- the one door to OpenBLAS. Nothing else includes <cblas.h>, which drags in <complex.h> and with it
 * a macro called I. All matrices are row-major float32.
 *
 * The library is opened at run time, after the core type has been chosen: OpenBLAS 0.3.21 takes newer Xeons for
 * a Prescott and would run at a quarter of their speed, and it reads OPENBLAS_CORETYPE only while it is loaded. */
#ifndef NN_BLAS_H
#define NN_BLAS_H
#include "nn/base/status.h"

/* Load OpenBLAS once per process; later calls return the first outcome. A value of OPENBLAS_CORETYPE that the
 * user has set is respected. ERR_IO: no library found (says which names were tried and how to install it).
 * Must have succeeded before any plan runs; not thread-safe itself. */
NnStatus nn_blas_init(NnErr *err);

/* C [M,N] = op(A) op(B) + beta C, with leading dimensions. op(A) is [M,K]: A is stored [M][lda], or, with
 * trans_a, [K][lda]; op(B) is [K,N]: stored [K][ldb], or with trans_b [N][ldb]. Single-threaded; call it from many
 * threads at once. With beta = 0, C is written without being read. */
void nn_gemm(int trans_a, int trans_b, int M, int N, int K, const float *A, int lda, const float *B, int ldb,
             float beta, float *C, int ldc);

/* "SkylakeX": what OpenBLAS runs as; "none" before nn_blas_init. */
const char *nn_blas_core(void);
/* "OpenBLAS 0.3.21 ..." */
const char *nn_blas_version(void);
/* Set when OpenBLAS runs as a core far below what the CPU can do (a sentence for the log); else NULL. */
const char *nn_blas_warning(void);

#endif
