/* safetensors.h -- the header of a safetensors file: JSON that says which bytes of the data are which tensor.
 *
 * A file is  u64 little-endian N | N bytes of header | data.  Owned by checkpoint.c; apart from it only so that the
 * rules of the format stand in one place and can be tested against files of other tools. */
#ifndef NN_SAFETENSORS_H
#define NN_SAFETENSORS_H
#include "nn/model/checkpoint.h"

enum { NN_SAFETENSORS_MAX_HEADER = 100000000 }; /* bytes; the limit of the format */

/* Header text of the tensors in the order given by `order` (indices into c->tensors), their data one after the other,
 * after n_meta entries of text (none: no "__metadata__"). Padded with spaces to a multiple of 8. The caller
 * frees *text. ERR_FORMAT: a name that is not UTF-8; ERR_NOMEM. */
NnStatus nn_safetensors_write_header(const NnCheckpoint *c, const int *order, const NnMeta *meta, int n_meta,
                                     char **text, size_t *len, NnErr *err);

/* Read and check a header of len bytes over data of data_len bytes: fills out's tensors (names, shapes, and as value
 * NULL) and meta; *first [n_tensors] is where each tensor begins, in floats; the caller frees it. The rules: starts with
 * '{', UTF-8 JSON without repeated names, nested no deeper than it must be; every tensor F32, 0 to 4 dimensions of
 * at least 1, as many bytes as its shape says; the tensors cover the data exactly, without hole or overlap.
 * ERR_FORMAT starts with `name` and says which rule is broken. On failure out may be part filled: the caller frees it. */
NnStatus nn_safetensors_read_header(const char *text, size_t len, size_t data_len, const char *name, NnCheckpoint *out,
                                    size_t **first, NnErr *err);

#endif
