/* op_table.h -- all ops of op_list.h, by number. */
#ifndef NN_OP_TABLE_H
#define NN_OP_TABLE_H
#include "nn/core/op.h"

extern const NnOp *const nn_op_table[];
extern const int nn_op_count;

#endif
