/* safetensors.c -- writing, reading and checking the JSON header of a safetensors file.
 *
 * Only float32 is known. Nothing here touches tensor data. */
#include "nn/model/safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

enum {
    MAX_DEPTH = 3, /* { name : { "shape" : [ */
    ALIGNMENT = 8
};

/* Where a message comes from: the file, and the tensor if one is meant. */
typedef struct {
    const char *file, *tensor;
} Where;

/* ---- writing ---- */

static json_t *tensor_entry(NnShape s, size_t begin, size_t end)
{
    json_t *shape = json_array();
    for (int i = 0; i < s.n; i++) json_array_append_new(shape, json_integer(s.d[i]));
    json_t *entry = json_object();
    json_object_set_new(entry, "dtype", json_string("F32"));
    json_object_set_new(entry, "shape", shape);
    json_object_set_new(entry, "data_offsets", json_pack("[I,I]", (json_int_t)begin, (json_int_t)end));
    return entry;
}

static NnStatus add_tensors(json_t *root, const NnCheckpoint *c, const int *order, NnErr *err)
{
    size_t begin = 0;
    for (int i = 0; i < c->n_tensors; i++) {
        const NnTensor *t = &c->tensors[order[i]];
        size_t bytes, end;
        if (!nn_size_mul(nn_shape_len(t->shape), sizeof(float), &bytes) || !nn_size_add(begin, bytes, &end))
            return nn_fail(err, NN_ERR_FORMAT, "tensor \"%.99s\": too large", t->name);
        if (json_object_set_new(root, t->name, tensor_entry(t->shape, begin, end)) != 0)
            return nn_fail(err, NN_ERR_FORMAT, "tensor \"%.99s\": name is not UTF-8, or out of memory", t->name);
        begin = end;
    }
    return NN_OK;
}

static NnStatus add_meta(json_t *root, const NnMeta *meta, int n, NnErr *err)
{
    if (n == 0) return NN_OK;
    json_t *table = json_object();
    if (json_object_set_new(root, "__metadata__", table) != 0) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    for (int i = 0; i < n; i++)
        if (json_object_set_new(table, meta[i].key, json_string(meta[i].value)) != 0)
            return nn_fail(err, NN_ERR_FORMAT, "note \"%s\": text is not UTF-8, or out of memory", meta[i].key);
    return NN_OK;
}

/* JSON text in memory of our own, padded. */
static NnStatus dump_padded(const json_t *root, char **text, size_t *len, NnErr *err)
{
    const size_t n = json_dumpb(root, NULL, 0, JSON_COMPACT);
    size_t padded;
    if (n == 0 || !nn_size_add(n, ALIGNMENT - 1, &padded)) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    padded -= padded % ALIGNMENT;
    if (padded > NN_SAFETENSORS_MAX_HEADER)
        return nn_fail(err, NN_ERR_FORMAT, "header of %zu bytes; the format allows %d", padded,
                       NN_SAFETENSORS_MAX_HEADER);
    if (!(*text = nn_alloc(padded, 1))) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a header");
    memset(*text, ' ', padded);
    if (json_dumpb(root, *text, n, JSON_COMPACT) != n) {
        free(*text);
        *text = NULL;
        return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    }
    *len = padded;
    return NN_OK;
}

NnStatus nn_safetensors_write_header(const NnCheckpoint *c, const int *order, const NnMeta *meta, int n_meta,
                                     char **text, size_t *len, NnErr *err)
{
    json_t *root = json_object();
    if (!root) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    NnStatus s = add_meta(root, meta, n_meta, err);
    if (s == NN_OK) s = add_tensors(root, c, order, err);
    if (s == NN_OK) s = dump_padded(root, text, len, err);
    json_decref(root);
    return s;
}

/* ---- reading ---- */

/* Refuse deep nesting before a recursive parser sees it. Brackets inside strings do not count. */
static NnStatus check_depth(const char *text, size_t len, const char *file, NnErr *err)
{
    int depth = 0, in_string = 0;
    for (size_t i = 0; i < len; i++) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') i++;
            else if (c == '"') in_string = 0;
        } else if (c == '"') {
            in_string = 1;
        } else if (c == '{' || c == '[') {
            if (++depth > MAX_DEPTH)
                return nn_fail(err, NN_ERR_FORMAT, "%s: header byte %zu: nested deeper than %d levels", file, i,
                               MAX_DEPTH);
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return NN_OK;
}

static NnStatus parse_json(const char *text, size_t len, const char *file, json_t **root, NnErr *err)
{
    if (len == 0 || text[0] != '{') return nn_fail(err, NN_ERR_FORMAT, "%s: header does not start with '{'", file);
    NN_TRY(check_depth(text, len, file, err));
    json_error_t e;
    *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
    if (*root) return NN_OK;
    if (json_error_code(&e) == json_error_out_of_memory) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
    return nn_fail(err, NN_ERR_FORMAT, "%s: header byte %d: %s", file, e.position, e.text);
}

static NnStatus read_meta(json_t *table, const char *file, NnCheckpoint *out, NnErr *err)
{
    if (!json_is_object(table))
        return nn_fail(err, NN_ERR_FORMAT, "%s: \"__metadata__\" is not an object of texts", file);
    out->meta = nn_alloc(json_object_size(table), sizeof *out->meta);
    if (!out->meta) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory for its notes", file);
    const char *key;
    json_t *value;
    json_object_foreach(table, key, value)
    {
        if (!json_is_string(value))
            return nn_fail(err, NN_ERR_FORMAT, "%s: \"__metadata__\": value of \"%.99s\" is not a text", file, key);
        NnMeta *m = &out->meta[out->n_meta++];
        m->key = strdup(key);
        m->value = strdup(json_string_value(value));
        if (!m->key || !m->value) return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory for its notes", file);
    }
    return NN_OK;
}

static NnStatus bad_tensor(Where w, NnErr *err, const char *what)
{
    return nn_fail(err, NN_ERR_FORMAT, "%s: tensor \"%.99s\": %s", w.file, w.tensor, what);
}

static NnStatus read_dtype(json_t *entry, Where w, NnErr *err)
{
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    if (!dtype) return bad_tensor(w, err, "\"dtype\" is missing or not a text");
    if (strcmp(dtype, "F32") != 0)
        return nn_fail(err, NN_ERR_FORMAT, "%s: tensor \"%.99s\": dtype is \"%s\"; only F32 is known", w.file, w.tensor,
                       dtype);
    return NN_OK;
}

/* A shape of no dimension is a single number, which is [1] here. */
static NnStatus read_shape(json_t *entry, Where w, NnShape *shape, NnErr *err)
{
    const json_t *dims = json_object_get(entry, "shape");
    if (!json_is_array(dims)) return bad_tensor(w, err, "\"shape\" is missing or not a list");
    const size_t n = json_array_size(dims);
    if (n > NN_MAX_DIM)
        return nn_fail(err, NN_ERR_FORMAT, "%s: tensor \"%.99s\": %zu dimensions; at most %d are known", w.file,
                       w.tensor, n, NN_MAX_DIM);
    *shape = (NnShape){ n ? (int)n : 1, { 1 } };
    for (size_t i = 0; i < n; i++) {
        const json_t *d = json_array_get(dims, i);
        if (!json_is_integer(d)) return bad_tensor(w, err, "a dimension is not a whole number");
        const json_int_t value = json_integer_value(d);
        if (value < 1 || value > INT32_MAX)
            return nn_fail(err, NN_ERR_FORMAT, "%s: tensor \"%.99s\": dimension %zu is %lld; known are 1 to %d", w.file,
                           w.tensor, i, (long long)value, INT32_MAX);
        shape->d[i] = (int32_t)value;
    }
    return NN_OK;
}

/* Bytes of a shape; false on overflow. */
static bool shape_bytes(NnShape s, size_t *bytes)
{
    *bytes = sizeof(float);
    for (int i = 0; i < s.n; i++)
        if (!nn_size_mul(*bytes, (size_t)s.d[i], bytes)) return false;
    return true;
}

typedef struct {
    size_t begin, end; /* bytes of the data */
    int tensor;
} Span;

static NnStatus read_offsets(json_t *entry, Where w, size_t data_len, Span *span, NnErr *err)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    if (!json_is_array(offsets)) return bad_tensor(w, err, "\"data_offsets\" is missing or not a list");
    if (json_array_size(offsets) != 2) return bad_tensor(w, err, "\"data_offsets\" is not a pair");
    const json_t *b = json_array_get(offsets, 0), *e = json_array_get(offsets, 1);
    if (!json_is_integer(b) || !json_is_integer(e)) return bad_tensor(w, err, "an offset is not a whole number");
    const json_int_t begin = json_integer_value(b), end = json_integer_value(e);
    if (begin < 0) return bad_tensor(w, err, "an offset is negative");
    if (end < begin) return bad_tensor(w, err, "ends before it begins");
    if ((unsigned long long)end > data_len)
        return nn_fail(err, NN_ERR_FORMAT,
                       "%s: tensor \"%.99s\": ends at byte %lld of the data, of which there are %zu", w.file, w.tensor,
                       (long long)end, data_len);
    span->begin = (size_t)begin;
    span->end = (size_t)end;
    return NN_OK;
}

static NnStatus read_tensor(json_t *entry, Where w, size_t data_len, NnShape *shape, Span *span, NnErr *err)
{
    if (!json_is_object(entry)) return bad_tensor(w, err, "is not described by an object");
    NN_TRY(read_dtype(entry, w, err));
    NN_TRY(read_shape(entry, w, shape, err));
    NN_TRY(read_offsets(entry, w, data_len, span, err));
    if (json_object_size(entry) != 3)
        return bad_tensor(w, err, "has a key besides \"dtype\", \"shape\" and \"data_offsets\"");
    size_t bytes;
    char text[64];
    if (!shape_bytes(*shape, &bytes)) return bad_tensor(w, err, "its size overflows");
    if (bytes != span->end - span->begin)
        return nn_fail(err, NN_ERR_FORMAT, "%s: tensor \"%.99s\": shape %s takes %zu bytes, its offsets span %zu",
                       w.file, w.tensor, nn_shape_text(*shape, text), bytes, span->end - span->begin);
    return NN_OK;
}

static int compare_spans(const void *a, const void *b)
{
    const Span *p = a, *q = b;
    if (p->begin != q->begin) return p->begin < q->begin ? -1 : 1;
    return (p->end > q->end) - (p->end < q->end);
}

/* Do the spans cover 0..data_len exactly? Sorts them. */
static NnStatus check_cover(Span *spans, const NnCheckpoint *c, size_t data_len, const char *file, NnErr *err)
{
    if (c->n_tensors > 0) qsort(spans, (size_t)c->n_tensors, sizeof *spans, compare_spans);
    size_t at = 0;
    for (int i = 0; i < c->n_tensors; i++) {
        const char *name = c->tensors[spans[i].tensor].name;
        if (spans[i].begin < at)
            return nn_fail(err, NN_ERR_FORMAT, "%s: tensor \"%.99s\": overlaps the one before it", file, name);
        if (spans[i].begin > at)
            return nn_fail(err, NN_ERR_FORMAT, "%s: tensor \"%.99s\": %zu bytes before it belong to no tensor", file,
                           name, spans[i].begin - at);
        at = spans[i].end;
    }
    if (at != data_len)
        return nn_fail(err, NN_ERR_FORMAT, "%s: %zu bytes at the end belong to no tensor", file, data_len - at);
    return NN_OK;
}

static NnStatus read_entries(json_t *root, size_t data_len, const char *file, NnCheckpoint *out, Span *spans,
                             NnErr *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        if (strcmp(key, "__metadata__") == 0) {
            NN_TRY(read_meta(value, file, out, err));
            continue;
        }
        Span *span = &spans[out->n_tensors];
        NnShape shape = { 0 };
        NN_TRY(read_tensor(value, (Where){ file, key }, data_len, &shape, span, err));
        span->tensor = out->n_tensors;
        NnTensor *t = &out->tensors[out->n_tensors];
        if (!(t->name = strdup(key))) return nn_fail(err, NN_ERR_NOMEM, "out of memory");
        t->shape = shape;
        out->n_tensors++;
    }
    return NN_OK;
}

/* Into room for as many tensors as the header has entries. */
static NnStatus read_checked(json_t *root, size_t data_len, const char *file, NnCheckpoint *out, Span *spans,
                             size_t *first, NnErr *err)
{
    NN_TRY(read_entries(root, data_len, file, out, spans, err));
    NN_TRY(check_cover(spans, out, data_len, file, err));
    for (int i = 0; i < out->n_tensors; i++) first[spans[i].tensor] = spans[i].begin / sizeof(float);
    return NN_OK;
}

NnStatus nn_safetensors_read_header(const char *text, size_t len, size_t data_len, const char *name, NnCheckpoint *out,
                                    size_t **first, NnErr *err)
{
    json_t *root = NULL;
    NN_TRY(parse_json(text, len, name, &root, err));
    const size_t n = json_object_size(root);
    Span *spans = nn_alloc(n, sizeof *spans);
    *first = nn_alloc(n, sizeof **first);
    out->tensors = nn_alloc(n, sizeof *out->tensors);
    NnStatus s;
    if (spans && *first && out->tensors) s = read_checked(root, data_len, name, out, spans, *first, err);
    else s = nn_fail(err, NN_ERR_NOMEM, "%s: out of memory for %zu tensors", name, n);
    free(spans);
    json_decref(root);
    return s;
}
