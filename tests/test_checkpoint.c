/* test_checkpoint.c -- safetensors files: golden bytes, round trips, every truncation, bit flips, malformed headers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nn/base/file.h"
#include "nn/base/rng.h"
#include "nn/base/size.h"
#include "nn/model/checkpoint.h"
#include "nn/model/safetensors.h"
#include "tests/check_main.h"

/* {"w": F32[2] = [1,2]}, as the safetensors library of Python writes it. */
static const char golden_hex[] =
    "38000000000000007b2277223a7b226474797065223a22463332222c227368617065223a5b325d2c22646174"
    "615f6f666673657473223a5b302c385d7d7d20200000803f00000040";

static size_t golden_bytes(unsigned char *out)
{
    const size_t n = (sizeof golden_hex - 1) / 2;
    for (size_t i = 0; i < n; i++) {
        unsigned byte;
        ck_assert_int_eq(sscanf(golden_hex + 2 * i, "%2x", &byte), 1);
        out[i] = (unsigned char)byte;
    }
    return n;
}

static const char *scratch_path(char *buf, size_t size, const char *name)
{
    const char *folder = getenv("TMPDIR");
    snprintf(buf, size, "%s/locus_%ld_%s", folder ? folder : "/tmp", (long)getpid(), name);
    return buf;
}

/* A file in memory: length, header, data_len bytes of data (0, 1, 2 ...). The caller frees. */
static unsigned char *make_file(const char *header, size_t header_len, size_t data_len, size_t *len)
{
    *len = 8 + header_len + data_len;
    unsigned char *bytes = nn_alloc(*len, 1);
    const uint64_t n = header_len;
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, &n, 8);
    memcpy(bytes + 8, header, header_len);
    for (size_t i = 0; i < data_len; i++) bytes[8 + header_len + i] = (unsigned char)i;
    return bytes;
}

static NnStatus parse_header(const char *header, size_t header_len, size_t data_len, NnCheckpoint *out, NnErr *err)
{
    size_t len;
    unsigned char *bytes = make_file(header, header_len, data_len, &len);
    const NnStatus s = nn_checkpoint_parse(bytes, len, "file", out, err);
    free(bytes);
    return s;
}

/* Three tensors and two notes, written to `path`. */
static void save_sample(const char *path)
{
    static const float a[6] = { 1, -2, 3.5f, 0, 1e-30f, 4 }, b[3] = { 7, 8, 9 }, c[1] = { -0.25f };
    NnCheckpoint out = { 0 };
    NnErr err = { 0 };
    nn_checkpoint_add(&out, "model.weight", (NnShape){ 2, { 2, 3 } }, a, &err);
    nn_checkpoint_add(&out, "a \"quoted\" \xc3\xa9", (NnShape){ 1, { 3 } }, b, &err);
    nn_checkpoint_add(&out, "scale", (NnShape){ 1, { 1 } }, c, &err);
    nn_checkpoint_note(&out, "config", "[model]\nnetwork = lae_small\n", &err);
    nn_checkpoint_notef(&out, &err, "step", "%d", 1234);
    ck_assert_msg(nn_checkpoint_save(&out, path, &err) == NN_OK, "%s", err.msg);
    nn_checkpoint_free(&out);
}

static unsigned char *sample_bytes(size_t *len)
{
    char path[256];
    NnErr err = { 0 };
    unsigned char *bytes = NULL;
    save_sample(scratch_path(path, sizeof path, "sample.safetensors"));
    ck_assert_msg(nn_file_read(path, 1 << 20, &bytes, len, &err) == NN_OK, "%s", err.msg);
    unlink(path);
    return bytes;
}

START_TEST(golden_file_is_read)
{
    unsigned char bytes[sizeof golden_hex] = { 0 };
    NnCheckpoint c;
    NnErr err = { 0 };
    const size_t len = golden_bytes(bytes);
    ck_assert_msg(nn_checkpoint_parse(bytes, len, "golden", &c, &err) == NN_OK, "%s", err.msg);
    const NnTensor *w = nn_checkpoint_find(&c, "w");
    ck_assert_ptr_nonnull(w);
    ck_assert(c.n_tensors == 1 && c.n_meta == 0 && w->shape.n == 1 && w->shape.d[0] == 2);
    ck_assert(w->value[0] == 1 && w->value[1] == 2);
    ck_assert_ptr_null(nn_checkpoint_find(&c, "v"));
    nn_checkpoint_free(&c);
}
END_TEST

/* Without notes the header is the golden one to the byte. */
START_TEST(golden_header_is_written)
{
    unsigned char bytes[sizeof golden_hex] = { 0 };
    const float w[2] = { 1, 2 };
    const int order[1] = { 0 };
    char *text = NULL;
    size_t len = 0;
    NnCheckpoint c = { 0 };
    NnErr err = { 0 };
    ck_assert_int_eq(nn_checkpoint_add(&c, "w", (NnShape){ 1, { 2 } }, w, &err), NN_OK);
    ck_assert_msg(nn_safetensors_write_header(&c, order, NULL, 0, &text, &len, &err) == NN_OK, "%s", err.msg);
    ck_assert_uint_eq(8 + len + sizeof w, golden_bytes(bytes));
    ck_assert_uint_eq(bytes[0], len);
    ck_assert_mem_eq(text, bytes + 8, len);
    float data[2];
    memcpy(data, bytes + 8 + len, sizeof data);
    ck_assert(data[0] == w[0] && data[1] == w[1]);
    free(text);
    nn_checkpoint_free(&c);
}
END_TEST

START_TEST(round_trip)
{
    char path[256];
    NnCheckpoint c;
    NnErr err = { 0 };
    save_sample(scratch_path(path, sizeof path, "trip.safetensors"));
    ck_assert_msg(nn_checkpoint_load(path, &c, &err) == NN_OK, "%s", err.msg);
    const NnTensor *w = nn_checkpoint_find(&c, "model.weight"), *q = nn_checkpoint_find(&c, "a \"quoted\" \xc3\xa9");
    ck_assert(c.n_tensors == 3 && w && q);
    ck_assert(w->shape.n == 2 && w->shape.d[0] == 2 && w->shape.d[1] == 3);
    ck_assert(w->value[1] == -2 && w->value[2] == 3.5f && w->value[4] == 1e-30f && q->value[2] == 9);
    ck_assert(nn_checkpoint_find(&c, "scale")->value[0] == -0.25f);
    ck_assert_str_eq(nn_checkpoint_meta(&c, "config"), "[model]\nnetwork = lae_small\n");
    ck_assert_str_eq(nn_checkpoint_meta(&c, "step"), "1234");
    ck_assert_str_eq(nn_checkpoint_meta(&c, "format"), "locus");
    ck_assert_ptr_null(nn_checkpoint_meta(&c, "absent"));
    nn_checkpoint_free(&c);
    unlink(path);
}
END_TEST

START_TEST(header_is_padded_and_sorted)
{
    size_t len;
    unsigned char *bytes = sample_bytes(&len);
    uint64_t header_len = 0;
    memcpy(&header_len, bytes, 8);
    ck_assert_uint_eq(header_len % 8, 0);
    const char *text = (const char *)bytes + 8;
    const char *a = strstr(text, "\"a \\\"quoted"), *m = strstr(text, "\"model.weight\""),
               *s = strstr(text, "\"scale\"");
    ck_assert(a && m && s && a < m && m < s);
    free(bytes);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    size_t len;
    unsigned char *bytes = sample_bytes(&len);
    for (size_t n = 0; n < len; n++) {
        NnCheckpoint c;
        NnErr err = { 0 };
        unsigned char *exact = nn_alloc(n, 1); /* so that a sanitizer sees a read beyond */
        memcpy(exact, bytes, n);
        ck_assert_msg(nn_checkpoint_parse(exact, n, "cut", &c, &err) == NN_ERR_FORMAT, "%zu of %zu bytes", n, len);
        ck_assert_ptr_null(c.tensors);
        free(exact);
    }
    free(bytes);
}
END_TEST

START_TEST(every_bit_flip_is_refused)
{
    size_t len;
    unsigned char *bytes = sample_bytes(&len);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        NnCheckpoint c;
        NnErr err = { 0 };
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        ck_assert_msg(nn_checkpoint_parse(bytes, len, "flip", &c, &err) == NN_ERR_FORMAT, "bit %zu of byte %zu",
                      bit % 8, bit / 8);
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    free(bytes);
}
END_TEST

/* One more byte at the end is as wrong as one less. */
START_TEST(appended_bytes_are_refused)
{
    size_t len;
    NnCheckpoint c;
    unsigned char *bytes = sample_bytes(&len), *longer = nn_alloc(len + 4, 1);
    memcpy(longer, bytes, len);
    for (size_t extra = 1; extra <= 4; extra++)
        ck_assert_int_eq(nn_checkpoint_parse(longer, len + extra, "long", &c, &(NnErr){ 0 }), NN_ERR_FORMAT);
    free(bytes);
    free(longer);
}
END_TEST

/* A header over so many bytes of data, and a part of the message that must refuse it. */
typedef struct {
    const char *header;
    size_t data_len;
    const char *want;
} Malformed;

#define T(dtype, shape, offsets) "{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define F32(shape, offsets)      T("\"F32\"", shape, offsets)

static const Malformed malformed[] = {
    { "[]", 0, "does not start with '{'" },
    { "{", 0, "header byte 1" },
    { "{}x", 0, "end of file expected" },
    { "{\"a\":1}", 0, "\"a\": is not described by an object" },
    { "{\"b\":[]}", 0, "\"b\": is not described by an object" },
    { "{\"a\":" F32("[1]", "[0,4]") ",\"a\":" F32("[1]", "[4,8]") "}", 8, "duplicate object key" },
    { "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "duplicate" },
    { "{\"__metadata__\":3}", 0, "\"__metadata__\" is not an object of texts" },
    { "{\"__metadata__\":{\"k\":1}}", 0, "value of \"k\" is not a text" },
    { "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "\"a\": \"dtype\" is missing" },
    { "{\"b\":" T("4", "[1]", "[0,4]") "}", 4, "\"b\": \"dtype\" is missing or not a text" },
    { "{\"a\":" T("\"F16\"", "[2]", "[0,4]") "}", 4, "dtype is \"F16\"; only F32" },
    { "{\"a\":" T("\"f32\"", "[1]", "[0,4]") "}", 4, "dtype is \"f32\"" },
    { "{\"a\":" T("\"I64\"", "[]", "[0,8]") "}", 8, "dtype is \"I64\"" },
    { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "\"a\": \"shape\" is missing" },
    { "{\"b\":" F32("1", "[0,4]") "}", 4, "\"b\": \"shape\" is missing or not a list" },
    { "{\"a\":" F32("[1,1,1,1,1]", "[0,4]") "}", 4, "5 dimensions; at most 4" },
    { "{\"a\":" F32("[\"1\"]", "[0,4]") "}", 4, "\"a\": a dimension is not a whole number" },
    { "{\"b\":" F32("[1.0]", "[0,4]") "}", 4, "\"b\": a dimension is not a whole number" },
    { "{\"c\":" F32("[true]", "[0,4]") "}", 4, "\"c\": a dimension is not a whole number" },
    { "{\"a\":" F32("[-1]", "[0,4]") "}", 4, "dimension 0 is -1" },
    { "{\"a\":" F32("[0]", "[0,0]") "}", 0, "dimension 0 is 0" },
    { "{\"a\":" F32("[1,2147483648]", "[0,4]") "}", 4, "dimension 1 is 2147483648" },
    { "{\"a\":" F32("[2147483647,2147483647,2147483647,2147483647]", "[0,4]") "}", 4, "size overflows" },
    { "{\"a\":" F32("[99999999999999999999]", "[0,4]") "}", 4, "too big integer" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "\"data_offsets\" is missing" },
    { "{\"b\":" F32("[1]", "{}") "}", 4, "\"b\": \"data_offsets\" is missing or not a list" },
    { "{\"a\":" F32("[1]", "[0]") "}", 4, "\"a\": \"data_offsets\" is not a pair" },
    { "{\"b\":" F32("[1]", "[0,4,8]") "}", 4, "\"b\": \"data_offsets\" is not a pair" },
    { "{\"a\":" F32("[1]", "[0,4.0]") "}", 4, "an offset is not a whole number" },
    { "{\"a\":" F32("[1]", "[-4,0]") "}", 4, "an offset is negative" },
    { "{\"a\":" F32("[1]", "[4,0]") "}", 4, "ends before it begins" },
    { "{\"a\":" F32("[2]", "[0,8]") "}", 4, "ends at byte 8 of the data, of which there are 4" },
    { "{\"a\":" F32("[1]", "[0,9223372036854775807]") "}", 4, "ends at byte 9223372036854775807" },
    { "{\"a\":" F32("[2]", "[0,4]") "}", 4, "shape [2] takes 8 bytes, its offsets span 4" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":0}}", 4, "has a key besides" },
    { "{\"a\":" F32("[1]", "[4,8]") "}", 8, "\"a\": 4 bytes before it belong to no tensor" },
    { "{\"a\":" F32("[1]", "[0,4]") ",\"b\":" F32("[1]", "[12,16]") "}", 16, "\"b\": 8 bytes before it" },
    { "{\"a\":" F32("[2]", "[0,8]") ",\"b\":" F32("[2]", "[4,12]") "}", 12, "\"b\": overlaps the one before it" },
    { "{\"a\":" F32("[1]", "[0,4]") ",\"c\":" F32("[1]", "[0,4]") "}", 4, "\"c\": overlaps the one before it" },
    { "{\"a\":" F32("[1]", "[0,4]") "}", 7, "3 bytes at the end belong to no tensor" },
    { "{}", 5, "5 bytes at the end belong to no tensor" },
    { "{\"\xff\":" F32("[1]", "[0,4]") "}", 4, "unable to decode byte 0xff" },
    { "{\"a\\u0000b\":" F32("[1]", "[0,4]") "}", 4, "\\u0000" },
    { "{\"a\":{\"b\":{\"c\":{}}}}", 0, "nested deeper than 3 levels" },
    { "{\"a\":" F32("[[1]]", "[0,4]") "}", 4, "byte 29: nested deeper" },
    { "{\"a", 0, "header byte 3" },
    { "{\"a\":" F32("[NaN]", "[0,4]") "}", 4, "header byte" },
    { "{\"a\":" F32("[1,]", "[0,4]") "}", 4, "unexpected token near ']'" },
    { "{'a':1}", 0, "near '''" },
    { "{}//", 0, "near '/'" },
    { "{\"__metadata__\":{\"k\":\"v\",\"crc32\":\"00000000\"}}", 0, "\"crc32\" is not the first note" },
    { "{\"__metadata__\":{\"format\":\"locus\"}}", 0, "without crc32" },
    { "{\"__metadata__\":{\"crc32\":\"00000000\"}}", 0, "damaged: its CRC-32 is" },
    { "{\"__metadata__\":{\"crc32\":\"123\"}}", 0, "damaged: header ends within crc32" },
};
enum { N_MALFORMED = sizeof malformed / sizeof *malformed };

START_TEST(malformed_headers_are_refused_each_with_its_own_message)
{
    static char messages[N_MALFORMED][sizeof((NnErr *)0)->msg];
    for (int i = 0; i < N_MALFORMED; i++) {
        const Malformed *m = &malformed[i];
        NnCheckpoint c;
        NnErr err = { 0 };
        ck_assert_msg(parse_header(m->header, strlen(m->header), m->data_len, &c, &err) == NN_ERR_FORMAT, "%s",
                      m->header);
        ck_assert_msg(strstr(err.msg, m->want) && strncmp(err.msg, "file: ", 6) == 0, "%s\ngave: %s\nwant: %s",
                      m->header, err.msg, m->want);
        strcpy(messages[i], err.msg);
        for (int j = 0; j < i; j++)
            ck_assert_msg(strcmp(messages[i], messages[j]) != 0, "%s and %s both give %s", malformed[j].header,
                          m->header, err.msg);
    }
}
END_TEST

/* What goes wrong before the header is looked at. */
START_TEST(bad_lengths_are_refused)
{
    static const struct {
        uint64_t header_len;
        size_t file_len;
        const char *want;
    } cases[] = {
        { 0, 0, "0 bytes are too few" },
        { 2, 7, "7 bytes are too few" },
        { 0, 8, "does not start with '{'" },
        { 3, 10, "header of 3 bytes, but the file ends 2 bytes after its length" },
        { 100000001, 10, "header of 100000001 bytes; the format allows 100000000" },
        { UINT64_MAX, 10, "header of 18446744073709551615 bytes; the format" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char bytes[10] = { 0, 0, 0, 0, 0, 0, 0, 0, '{', '}' };
        NnCheckpoint c;
        NnErr err = { 0 };
        memcpy(bytes, &cases[i].header_len, 8);
        ck_assert_int_eq(nn_checkpoint_parse(bytes, cases[i].file_len, "file", &c, &err), NN_ERR_FORMAT);
        ck_assert_msg(strstr(err.msg, cases[i].want), "gave: %s", err.msg);
    }
}
END_TEST

/* A hundred thousand brackets must not reach a recursive parser. */
START_TEST(deep_nesting_is_refused_at_once)
{
    enum { N = 100000 };
    char *header = nn_alloc(N, 1);
    NnCheckpoint c;
    NnErr err = { 0 };
    memset(header, '[', N);
    header[0] = '{', header[1] = '"', header[2] = 'a', header[3] = '"', header[4] = ':';
    ck_assert_int_eq(parse_header(header, N, 0, &c, &err), NN_ERR_FORMAT);
    ck_assert_msg(strstr(err.msg, "nested deeper"), "gave: %s", err.msg);
    free(header);
}
END_TEST

/* Files that other tools write: legal, though ours look different. */
START_TEST(files_of_other_tools_are_read)
{
    static const struct {
        const char *header;
        size_t data_len;
        int n_tensors, n_meta;
    } good[] = {
        { "{}", 0, 0, 0 },
        { "{}      ", 0, 0, 0 },
        { "{\"__metadata__\":{}}", 0, 0, 0 },
        { "{\"__metadata__\":{\"format\":\"pt\"},\"a\":" F32("[1]", "[0,4]") "}", 4, 1, 1 },
        { "{\"a\":" F32("[]", "[0,4]") "}", 4, 1, 0 },
        { "{\"z\":" F32("[1]", "[0,4]") ",\"a\":" F32("[2,1]", "[4,12]") "}", 12, 2, 0 },
        { "{\"z\":" F32("[1]", "[8,12]") ",\"a\":" F32("[2,1]", "[0,8]") "}", 12, 2, 0 },
        { "{\"{[{[{[\":" F32("[1]", "[0,4]") "}", 4, 1, 0 },
        { "{\"\":" F32("[1,1,1,1]", "[0,4]") ",\"__metadata__\":{\"crc\":\"\"}}", 4, 1, 1 },
        { "{ \"a\" : {\"data_offsets\":[0,4], \"shape\":[1], \"dtype\":\"F32\"} }", 4, 1, 0 },
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        NnCheckpoint c;
        NnErr err = { 0 };
        ck_assert_msg(parse_header(good[i].header, strlen(good[i].header), good[i].data_len, &c, &err) == NN_OK,
                      "%s: %s", good[i].header, err.msg);
        ck_assert_int_eq(c.n_tensors, good[i].n_tensors);
        ck_assert_int_eq(c.n_meta, good[i].n_meta);
        nn_checkpoint_free(&c);
    }
}
END_TEST

/* Data start at any byte of the file and are in any order; values must still be found where they are. */
START_TEST(values_follow_their_offsets)
{
    const char *header = "{\"z\":" F32("[1]", "[8,12]") ",\"a\":" F32("[2]", "[0,8]") "}";
    const unsigned char last[4] = { 8, 9, 10, 11 };
    NnCheckpoint c;
    NnErr err = { 0 };
    ck_assert_int_eq(parse_header(header, strlen(header), 12, &c, &err), NN_OK);
    ck_assert_mem_eq(nn_checkpoint_find(&c, "z")->value, last, 4);
    nn_checkpoint_free(&c);
}
END_TEST

static NnParams *sample_params(int wide)
{
    NnParams *p = nn_params_new();
    NnErr err = { 0 };
    const NnInit he = { NN_INIT_HE, 4, 4 };
    int i;
    nn_params_add(p, "w", (NnShape){ 2, { 3, wide } }, he, NN_PARAM_TRAIN | NN_PARAM_DECAY, &i, &err);
    nn_params_add(p, "running", (NnShape){ 1, { 5 } }, (NnInit){ .kind = NN_INIT_ONE }, 0, &i, &err);
    nn_params_add(p, "b", (NnShape){ 1, { 7 } }, he, NN_PARAM_TRAIN, &i, &err);
    ck_assert_msg(nn_params_seal(p, 5, &err) == NN_OK, "%s", err.msg);
    return p;
}

START_TEST(parameters_come_back)
{
    char path[256];
    NnCheckpoint out = { 0 }, in;
    NnErr err = { 0 };
    NnParams *p = sample_params(4);
    const size_t bytes = nn_params_len(p) * sizeof(float), train_bytes = nn_params_train_len(p) * sizeof(float);
    float *copy = nn_alloc(bytes, 1), *moment = nn_alloc(train_bytes, 1), *back = nn_alloc(train_bytes, 1);
    memcpy(copy, nn_params_values(p), bytes);
    for (int i = 0; i < nn_params_count(p); i++) {
        const NnParam *param = nn_params_at(p, i);
        for (size_t k = 0; param->flags && k < param->len; k++) moment[param->offset + k] = (float)(100 * i) + (float)k;
    }
    nn_checkpoint_add_params(&out, p, "model.", nn_params_values(p), 0, &err);
    nn_checkpoint_add_params(&out, p, "moment.", moment, 1, &err);
    ck_assert_int_eq(out.n_tensors, 5);
    scratch_path(path, sizeof path, "params.safetensors");
    ck_assert_msg(nn_checkpoint_save(&out, path, &err) == NN_OK, "%s", err.msg);
    memset(nn_params_values(p), 0, bytes);

    ck_assert_msg(nn_checkpoint_load(path, &in, &err) == NN_OK, "%s", err.msg);
    ck_assert_int_eq(nn_checkpoint_get_params(&in, p, "model.", nn_params_values(p), 0, &err), NN_OK);
    ck_assert_int_eq(nn_checkpoint_get_params(&in, p, "moment.", back, 1, &err), NN_OK);
    ck_assert_mem_eq(copy, nn_params_values(p), bytes);
    ck_assert_mem_eq(moment, back, train_bytes);
    nn_checkpoint_free(&out);
    nn_checkpoint_free(&in);
    nn_params_free(p);
    free(copy);
    free(moment);
    free(back);
    unlink(path);
}
END_TEST

START_TEST(weights_of_another_network_are_refused)
{
    NnCheckpoint c = { 0 };
    NnErr shape = { 0 }, missing = { 0 }, err = { 0 };
    NnParams *four = sample_params(4), *six = sample_params(6);
    ck_assert_int_eq(nn_checkpoint_add_params(&c, four, "", nn_params_values(four), 0, &err), NN_OK);
    ck_assert_int_eq(nn_checkpoint_get_params(&c, six, "", nn_params_values(six), 0, &shape), NN_ERR_FORMAT);
    ck_assert_msg(strstr(shape.msg, "\"w\" is [3,4], the network expects [3,6]"), "gave: %s", shape.msg);
    ck_assert_int_eq(nn_checkpoint_get_params(&c, four, "ema.", nn_params_values(four), 0, &missing), NN_ERR_FORMAT);
    ck_assert_msg(strstr(missing.msg, "\"ema.w\" is missing"), "gave: %s", missing.msg);
    nn_checkpoint_free(&c);
    nn_params_free(four);
    nn_params_free(six);
}
END_TEST

START_TEST(what_cannot_be_written_is_refused)
{
    const float one = 1;
    const NnShape scalar = { 1, { 1 } };
    NnCheckpoint c = { 0 };
    NnErr err = { 0 };
    char path[256];
    scratch_path(path, sizeof path, "never.safetensors");
    ck_assert_int_eq(nn_checkpoint_add(&c, "w", scalar, &one, &err), NN_OK);
    ck_assert_int_eq(nn_checkpoint_add(&c, "w", scalar, &one, &(NnErr){ 0 }), NN_ERR_CONFIG);
    ck_assert_int_eq(nn_checkpoint_add(&c, "__metadata__", scalar, &one, &(NnErr){ 0 }), NN_ERR_CONFIG);
    ck_assert_int_eq(nn_checkpoint_note(&c, "k", "v", &err), NN_OK);
    ck_assert_int_eq(nn_checkpoint_note(&c, "k", "v", &(NnErr){ 0 }), NN_ERR_CONFIG);
    ck_assert_int_eq(nn_checkpoint_notef(&c, &(NnErr){ 0 }, "long", "%5000d", 1), NN_ERR_CONFIG);
    ck_assert_int_eq(nn_checkpoint_add(&c, "\xff", scalar, &one, &err), NN_OK);
    ck_assert_int_eq(nn_checkpoint_save(&c, path, &(NnErr){ 0 }), NN_ERR_FORMAT);
    ck_assert(!nn_file_exists(path));
    nn_checkpoint_free(&c);
    ck_assert_int_eq(nn_checkpoint_note(&c, "crc32", "0", &err), NN_OK);
    ck_assert_int_eq(nn_checkpoint_save(&c, path, &(NnErr){ 0 }), NN_ERR_CONFIG);
    nn_checkpoint_free(&c);
}
END_TEST

START_TEST(an_unwritable_path_is_an_error)
{
    NnCheckpoint c = { 0 };
    NnErr write_err = { 0 }, read_err = { 0 };
    ck_assert_int_eq(nn_checkpoint_save(&c, "/nonexistent/folder/x.safetensors", &write_err), NN_ERR_IO);
    ck_assert_ptr_nonnull(strstr(write_err.msg, "/nonexistent/folder"));
    ck_assert_int_eq(nn_checkpoint_load("/nonexistent/x.safetensors", &c, &read_err), NN_ERR_IO);
    ck_assert_ptr_nonnull(strstr(read_err.msg, "/nonexistent/x.safetensors"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint");
    TCase *t = tcase_create("checkpoint");
    tcase_add_test(t, golden_file_is_read);
    tcase_add_test(t, golden_header_is_written);
    tcase_add_test(t, round_trip);
    tcase_add_test(t, header_is_padded_and_sorted);
    tcase_add_test(t, every_truncation_is_refused);
    tcase_add_test(t, every_bit_flip_is_refused);
    tcase_add_test(t, appended_bytes_are_refused);
    tcase_add_test(t, malformed_headers_are_refused_each_with_its_own_message);
    tcase_add_test(t, bad_lengths_are_refused);
    tcase_add_test(t, deep_nesting_is_refused_at_once);
    tcase_add_test(t, files_of_other_tools_are_read);
    tcase_add_test(t, values_follow_their_offsets);
    tcase_add_test(t, parameters_come_back);
    tcase_add_test(t, weights_of_another_network_are_refused);
    tcase_add_test(t, what_cannot_be_written_is_refused);
    tcase_add_test(t, an_unwritable_path_is_an_error);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
