/* checkpoint.c -- collecting tensors and notes, and putting them into a safetensors file and back.
 *
 * The format has no checksum, so ours is the first note of the header: "crc32", eight hex digits of the CRC-32 of the
 * header (with these digits as zeros) followed by the data. The second note, "format" = "locus", says that
 * there must be one, so that damage to the word "crc32" itself shows. Files of other tools have neither and are read
 * without. What is left, the eight bytes of the header's length, cannot change without breaking the header. */
#include "nn/model/checkpoint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "nn/base/file.h"
#include "nn/base/size.h"
#include "nn/model/safetensors.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors data are little-endian");
_Static_assert(sizeof(float) == 4, "F32 is the C float");

enum { PREFIX_LEN = 8, CRC_DIGITS = 8, NOTE_MAX = 4096, NAME_MAX_LEN = 256 };

/* How a header of ours begins; the digits follow at once. */
static const char crc_lead[] = "{\"__metadata__\":{\"crc32\":\"";
enum { CRC_AT = sizeof crc_lead - 1 };

static const size_t max_file = (size_t)1 << 34; /* 16 GiB: beyond any network here */

/* ---- collecting ---- */

const NnTensor *nn_checkpoint_find(const NnCheckpoint *c, const char *name)
{
    for (int i = 0; i < c->n_tensors; i++)
        if (strcmp(c->tensors[i].name, name) == 0) return &c->tensors[i];
    return NULL;
}

const char *nn_checkpoint_meta(const NnCheckpoint *c, const char *key)
{
    for (int i = 0; i < c->n_meta; i++)
        if (strcmp(c->meta[i].key, key) == 0) return c->meta[i].value;
    return NULL;
}

NnStatus nn_checkpoint_add(NnCheckpoint *c, const char *name, NnShape shape, const float *value, NnErr *err)
{
    if (strcmp(name, "__metadata__") == 0 || nn_checkpoint_find(c, name))
        return nn_fail(err, NN_ERR_CONFIG, "checkpoint: the name \"%s\" is taken", name);
    NnTensor *grown = nn_realloc(c->tensors, (size_t)c->n_tensors + 1, sizeof *grown);
    if (grown) c->tensors = grown;
    char *copy = grown ? strdup(name) : NULL;
    if (!copy) return nn_fail(err, NN_ERR_NOMEM, "out of memory for a checkpoint");
    c->tensors[c->n_tensors++] = (NnTensor){ copy, shape, (float *)value }; /* only read: see borrows */
    c->borrows = 1;
    return NN_OK;
}

NnStatus nn_checkpoint_note(NnCheckpoint *c, const char *key, const char *value, NnErr *err)
{
    if (nn_checkpoint_meta(c, key))
        return nn_fail(err, NN_ERR_CONFIG, "checkpoint: there is a note \"%s\" already", key);
    NnMeta *grown = nn_realloc(c->meta, (size_t)c->n_meta + 1, sizeof *grown);
    if (grown) c->meta = grown;
    const NnMeta note = { grown ? strdup(key) : NULL, grown ? strdup(value) : NULL };
    if (!note.key || !note.value) {
        free(note.key);
        free(note.value);
        return nn_fail(err, NN_ERR_NOMEM, "out of memory for a checkpoint");
    }
    c->meta[c->n_meta++] = note;
    return NN_OK;
}

NnStatus nn_checkpoint_notef(NnCheckpoint *c, NnErr *err, const char *key, const char *fmt, ...)
{
    char text[NOTE_MAX];
    va_list ap;
    va_start(ap, fmt);
    const int len = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (len < 0 || len >= NOTE_MAX)
        return nn_fail(err, NN_ERR_CONFIG, "checkpoint: note \"%s\" is longer than %d bytes", key, NOTE_MAX - 1);
    return nn_checkpoint_note(c, key, text, err);
}

void nn_checkpoint_free(NnCheckpoint *c)
{
    for (int i = 0; i < c->n_tensors; i++) free(c->tensors[i].name);
    for (int i = 0; i < c->n_meta; i++) {
        free(c->meta[i].key);
        free(c->meta[i].value);
    }
    free(c->tensors);
    free(c->meta);
    free(c->block);
    *c = (NnCheckpoint){ 0 };
}

/* ---- parameters ---- */

static NnStatus full_name(char *buf, size_t size, const char *prefix, const char *name, NnErr *err)
{
    if ((size_t)snprintf(buf, size, "%s%s", prefix, name) < size) return NN_OK;
    return nn_fail(err, NN_ERR_CONFIG, "tensor name %s%s is longer than %zu bytes", prefix, name, size - 1);
}

NnStatus nn_checkpoint_add_params(NnCheckpoint *c, const NnParams *p, const char *prefix, const float *block,
                                  int trained_only, NnErr *err)
{
    char name[NAME_MAX_LEN];
    for (int i = 0; i < nn_params_count(p); i++) {
        const NnParam *param = nn_params_at(p, i);
        if (trained_only && !(param->flags & NN_PARAM_TRAIN)) continue;
        NN_TRY(full_name(name, sizeof name, prefix, param->name, err));
        NN_TRY(nn_checkpoint_add(c, name, param->shape, block + param->offset, err));
    }
    return NN_OK;
}

static NnStatus get_param(const NnCheckpoint *c, const NnParam *param, const char *name, float *block, NnErr *err)
{
    const NnTensor *t = nn_checkpoint_find(c, name);
    char found[64], expected[64];
    if (!t)
        return nn_fail(err, NN_ERR_FORMAT, "weights: tensor \"%s\" is missing (the file has %d others)", name,
                       c->n_tensors);
    if (!nn_shape_equal(t->shape, param->shape))
        return nn_fail(err, NN_ERR_FORMAT, "weights: tensor \"%s\" is %s, the network expects %s", name,
                       nn_shape_text(t->shape, found), nn_shape_text(param->shape, expected));
    memcpy(block + param->offset, t->value, param->len * sizeof(float));
    return NN_OK;
}

NnStatus nn_checkpoint_get_params(const NnCheckpoint *c, const NnParams *p, const char *prefix, float *block,
                                  int trained_only, NnErr *err)
{
    char name[NAME_MAX_LEN];
    for (int i = 0; i < nn_params_count(p); i++) {
        const NnParam *param = nn_params_at(p, i);
        if (trained_only && !(param->flags & NN_PARAM_TRAIN)) continue;
        NN_TRY(full_name(name, sizeof name, prefix, param->name, err));
        NN_TRY(get_param(c, param, name, block, err));
    }
    return NN_OK;
}

/* ---- writing ---- */

/* The tensors' indices in the order of the format: by alignment of dtype (all the same here), then by name. */
static int *name_order(const NnCheckpoint *c)
{
    int *order = nn_alloc((size_t)c->n_tensors, sizeof *order);
    if (!order) return NULL;
    for (int i = 0; i < c->n_tensors; i++) {
        int at = i;
        for (; at > 0 && strcmp(c->tensors[order[at - 1]].name, c->tensors[i].name) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

/* Our two notes, then the caller's. The texts are borrowed; free the array alone. */
static NnMeta *notes_with_crc(const NnCheckpoint *c, int *n)
{
    static char crc_key[] = "crc32", crc_blank[] = "00000000", format_key[] = "format", format[] = "locus";
    size_t count;
    NnMeta *notes = nn_size_add((size_t)c->n_meta, 2, &count) ? nn_alloc(count, sizeof *notes) : NULL;
    if (!notes) return NULL;
    notes[0] = (NnMeta){ crc_key, crc_blank };
    notes[1] = (NnMeta){ format_key, format };
    for (int i = 0; i < c->n_meta; i++) notes[2 + i] = c->meta[i];
    *n = (int)count;
    return notes;
}

static void crc_text(unsigned long crc, char text[CRC_DIGITS + 1])
{
    snprintf(text, CRC_DIGITS + 1, "%08lx", crc & 0xffffffffUL);
}

/* The length, the header, one chunk a tensor; the header gets its CRC. */
static void fill_chunks(const NnCheckpoint *c, const int *order, const uint64_t *prefix, char *header, size_t len,
                        NnChunk *chunks)
{
    unsigned long crc = crc32_z(0, (const unsigned char *)header, len);
    chunks[0] = (NnChunk){ prefix, PREFIX_LEN };
    chunks[1] = (NnChunk){ header, len };
    for (int i = 0; i < c->n_tensors; i++) {
        const NnTensor *t = &c->tensors[order[i]];
        chunks[2 + i] = (NnChunk){ t->value, nn_shape_len(t->shape) * sizeof(float) };
        crc = crc32_z(crc, chunks[2 + i].data, chunks[2 + i].len);
    }
    char text[CRC_DIGITS + 1];
    crc_text(crc, text);
    memcpy(header + CRC_AT, text, CRC_DIGITS);
}

static NnStatus write_ordered(const NnCheckpoint *c, const int *order, const NnMeta *notes, int n_notes,
                              const char *path, NnErr *err)
{
    char *header = NULL;
    size_t len = 0, count;
    NN_TRY(nn_safetensors_write_header(c, order, notes, n_notes, &header, &len, err));
    NnChunk *chunks = nn_size_add((size_t)c->n_tensors, 2, &count) ? nn_alloc(count, sizeof *chunks) : NULL;
    NnStatus s;
    if (chunks) {
        const uint64_t prefix = len;
        fill_chunks(c, order, &prefix, header, len, chunks);
        s = nn_file_write(path, chunks, (int)count, err);
    } else {
        s = nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path);
    }
    free(chunks);
    free(header);
    return s;
}

static NnStatus check_notes(const NnCheckpoint *c, NnErr *err)
{
    static const char *const ours[] = { "crc32", "format" };
    for (int i = 0; i < 2; i++)
        if (nn_checkpoint_meta(c, ours[i]))
            return nn_fail(err, NN_ERR_CONFIG, "checkpoint: a note may not be named \"%s\"", ours[i]);
    return NN_OK;
}

NnStatus nn_checkpoint_save(const NnCheckpoint *c, const char *path, NnErr *err)
{
    NN_TRY(check_notes(c, err));
    int n_notes = 0;
    int *order = name_order(c);
    NnMeta *notes = notes_with_crc(c, &n_notes);
    NnStatus s;
    if (order && notes) s = write_ordered(c, order, notes, n_notes, path, err);
    else s = nn_fail(err, NN_ERR_NOMEM, "%s: out of memory", path);
    free(order);
    free(notes);
    return s;
}

/* ---- reading ---- */

/* Compare the CRC a header of ours carries with what header and data give. Comparing the digits as text, not as a
 * number, lets no other spelling of them pass. */
static NnStatus check_crc(const char *header, size_t len, const unsigned char *data, size_t data_len, const char *name,
                          NnErr *err)
{
    static const unsigned char blank[CRC_DIGITS] = { '0', '0', '0', '0', '0', '0', '0', '0' };
    const unsigned char *h = (const unsigned char *)header;
    if (len < CRC_AT + CRC_DIGITS) return nn_fail(err, NN_ERR_FORMAT, "%s: damaged: header ends within crc32", name);
    unsigned long crc = crc32_z(crc32_z(0, h, CRC_AT), blank, CRC_DIGITS);
    crc = crc32_z(crc, h + CRC_AT + CRC_DIGITS, len - CRC_AT - CRC_DIGITS);
    crc = crc32_z(crc, data, data_len);
    char text[CRC_DIGITS + 1];
    crc_text(crc, text);
    if (memcmp(text, h + CRC_AT, CRC_DIGITS) == 0) return NN_OK;
    return nn_fail(err, NN_ERR_FORMAT, "%s: damaged: its CRC-32 is %s, not what it says", name, text);
}

/* A header that mentions a CRC, or that says it is ours, must begin as we write it. */
static NnStatus check_no_crc(const NnCheckpoint *c, const char *name, NnErr *err)
{
    const char *format = nn_checkpoint_meta(c, "format");
    if (nn_checkpoint_meta(c, "crc32"))
        return nn_fail(err, NN_ERR_FORMAT,
                       "%s: \"crc32\" is not the first note: damaged, or rewritten by a tool that "
                       "should have dropped it",
                       name);
    if (format && strcmp(format, "locus") == 0)
        return nn_fail(err, NN_ERR_FORMAT, "%s: damaged: a file of format \"locus\" without crc32", name);
    return NN_OK;
}

static NnStatus take_values(NnCheckpoint *out, const size_t *first, const unsigned char *data, size_t data_len,
                            const char *name, NnErr *err)
{
    if (!(out->block = nn_alloc(data_len, 1)))
        return nn_fail(err, NN_ERR_NOMEM, "%s: out of memory for %zu bytes", name, data_len);
    if (data_len) memcpy(out->block, data, data_len);
    for (int i = 0; i < out->n_tensors; i++) out->tensors[i].value = (float *)out->block + first[i];
    return NN_OK;
}

static NnStatus parse_body(const char *header, size_t len, const unsigned char *data, size_t data_len, const char *name,
                           NnCheckpoint *out, NnErr *err)
{
    size_t *first = NULL;
    const int has_crc = len >= CRC_AT && memcmp(header, crc_lead, CRC_AT) == 0;
    NnStatus s = has_crc ? check_crc(header, len, data, data_len, name, err) : NN_OK;
    if (s == NN_OK) s = nn_safetensors_read_header(header, len, data_len, name, out, &first, err);
    if (s == NN_OK && !has_crc) s = check_no_crc(out, name, err);
    if (s == NN_OK) s = take_values(out, first, data, data_len, name, err);
    free(first);
    return s;
}

NnStatus nn_checkpoint_parse(const unsigned char *bytes, size_t len, const char *name, NnCheckpoint *out, NnErr *err)
{
    *out = (NnCheckpoint){ 0 };
    uint64_t header_len;
    if (len < PREFIX_LEN)
        return nn_fail(err, NN_ERR_FORMAT, "%s: %zu bytes are too few for a safetensors file", name, len);
    memcpy(&header_len, bytes, PREFIX_LEN);
    if (header_len > NN_SAFETENSORS_MAX_HEADER)
        return nn_fail(err, NN_ERR_FORMAT, "%s: header of %llu bytes; the format allows %d", name,
                       (unsigned long long)header_len, NN_SAFETENSORS_MAX_HEADER);
    if (header_len > len - PREFIX_LEN)
        return nn_fail(err, NN_ERR_FORMAT, "%s: header of %llu bytes, but the file ends %zu bytes after its length",
                       name, (unsigned long long)header_len, len - PREFIX_LEN);
    const unsigned char *header = bytes + PREFIX_LEN, *data = header + header_len;
    const size_t data_len = len - PREFIX_LEN - (size_t)header_len;
    const NnStatus s = parse_body((const char *)header, (size_t)header_len, data, data_len, name, out, err);
    if (s != NN_OK) nn_checkpoint_free(out);
    return s;
}

NnStatus nn_checkpoint_load(const char *path, NnCheckpoint *out, NnErr *err)
{
    *out = (NnCheckpoint){ 0 };
    unsigned char *bytes = NULL;
    size_t len = 0;
    NN_TRY(nn_file_read(path, max_file, &bytes, &len, err));
    const NnStatus s = nn_checkpoint_parse(bytes, len, path, out, err);
    free(bytes);
    return s;
}
