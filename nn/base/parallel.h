/* parallel.h -- how many threads kernels use, and how work is cut.
 *
 * Kernels are parallel over a partition of their work that depends on shapes alone, never on the number of
 * threads; each part is computed by one thread in a fixed order. So every thread count gives the same bits. */
#ifndef NN_PARALLEL_H
#define NN_PARALLEL_H

/* Threads that kernels use, at least 1. Default: the CPUs this process may run on. Set it before plans are made: a plan
 * reserves scratch for that many, and running it lowers a larger number to its own. */
void nn_threads_set(int n);
int nn_threads(void);

/* CPUs this process may run on. */
int nn_cpu_count(void);

/* Loops over fewer elements are not worth waking a thread for: `#pragma omp parallel for if (n > NN_PARALLEL_MIN)`. */
#define NN_PARALLEL_MIN 16384

/* Compile a kernel for several instruction sets; the best one is chosen when the program starts. None of them may
 * change a result: contraction is off, and the order of sums is fixed by the source. For static functions, of names that
 * no other file has: clang 14 exports what chooses the best one, and finds no other (`make lint` links with clang). */
#if defined(__x86_64__) && defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(LOCUS_NO_CLONES)
#define NN_KERNEL_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define NN_KERNEL_CLONES
#endif

/* For functions that clones call: inlined whatever their size, or the call would leave the clone's instruction set. */
#define NN_KERNEL_PART static inline __attribute__((always_inline))

/* Set flush-to-zero in the calling thread: denormals cost hundreds of cycles each. */
void nn_flush_denormals(void);

#endif
