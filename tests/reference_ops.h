/* reference_ops.h -- naive, independent answers for ops: plain loops in double, straight from the definition. */
#ifndef REFERENCE_OPS_H
#define REFERENCE_OPS_H
#include "nn/core/op.h"

/* Output of an op for inputs x, in y [shape ys]. */
typedef void (*ReferenceForward)(const double *const *x, const NnShape *xs, int n_in, const void *attr, NnShape ys,
                                 double *y);

/* The reference of the op of that name; NULL if it has none. */
ReferenceForward reference_find(const char *op);

#endif
