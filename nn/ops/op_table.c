/* op_table.c -- the table that op_list.h expands to. */
#include "nn/ops/op_table.h"

#define NN_OP(name) extern const NnOp nn_op_##name;
#include "nn/ops/op_list.h"
#undef NN_OP

const NnOp *const nn_op_table[] = {
#define NN_OP(name) &nn_op_##name,
#include "nn/ops/op_list.h"
#undef NN_OP
};
const int nn_op_count = sizeof nn_op_table / sizeof *nn_op_table;
