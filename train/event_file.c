/* event_file.c -- see event_file.h. Protocol buffers are few enough here to be written by hand: a field is a varint
 * (number << 3 | kind), then a varint, 8 or 4 bytes, or a length and so many bytes. */
#include "train/event_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nn/base/file.h"
#include "nn/base/size.h"

enum { KIND_VARINT = 0, KIND_FIXED64 = 1, KIND_BYTES = 2, KIND_FIXED32 = 5 };
enum { EVENT_WALL_TIME = 1, EVENT_STEP = 2, EVENT_VERSION = 3, EVENT_SUMMARY = 5, SUMMARY_VALUE = 1 };
enum { VALUE_TAG = 1, VALUE_SIMPLE = 2, VALUE_IMAGE = 4, IMAGE_H = 1, IMAGE_W = 2, IMAGE_COLORS = 3, IMAGE_PNG = 4 };
enum { HEAD_BYTES = 12, FOOT_BYTES = 4, MOST_BYTES = 1 << 28 };

static const char prefix[] = "events.out.tfevents.";

/* ---- records ---- */

uint32_t train_crc32c(const void *bytes, size_t n)
{
    const unsigned char *b = bytes;
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < n; i++) {
        crc ^= b[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (0x82F63B78u & (0u - (crc & 1u)));
    }
    return ~crc;
}

static uint32_t masked_crc(const void *bytes, size_t n)
{
    const uint32_t crc = train_crc32c(bytes, n);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static void put_little(unsigned char *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) to[i] = (unsigned char)(value >> 8 * i);
}

static uint64_t get_little(const unsigned char *from, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t)from[i] << 8 * i;
    return value;
}

static void write_record(TrainEventFile *e, const unsigned char *data, size_t len)
{
    unsigned char head[HEAD_BYTES], foot[FOOT_BYTES];
    put_little(head, len, 8);
    put_little(head + 8, masked_crc(head, 8), 4);
    put_little(foot, masked_crc(data, len), 4);
    fwrite(head, 1, sizeof head, e->file);
    fwrite(data, 1, len, e->file);
    fwrite(foot, 1, sizeof foot, e->file);
}

/* ---- messages ---- */

static unsigned char *put_varint(unsigned char *to, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) *to++ = (unsigned char)(value | 0x80);
    *to++ = (unsigned char)value;
    return to;
}

static unsigned char *put_key(unsigned char *to, int field, int kind)
{
    return put_varint(to, (uint64_t)field << 3 | (uint64_t)kind);
}

static unsigned char *put_number(unsigned char *to, int field, uint64_t value)
{
    return put_varint(put_key(to, field, KIND_VARINT), value);
}

static unsigned char *put_bytes(unsigned char *to, int field, const void *bytes, size_t n)
{
    to = put_varint(put_key(to, field, KIND_BYTES), n);
    memcpy(to, bytes, n);
    return to + n;
}

static unsigned char *put_time_and_step(unsigned char *to, double wall_time, int64_t step)
{
    uint64_t bits;
    memcpy(&bits, &wall_time, sizeof bits);
    to = put_key(to, EVENT_WALL_TIME, KIND_FIXED64);
    put_little(to, bits, 8);
    return put_number(to + 8, EVENT_STEP, (uint64_t)step);
}

/* Tags are the program's own or a path's end; longer ones are cut. */
static size_t tag_length(const char *tag)
{
    const size_t n = strlen(tag);
    return n < 200 ? n : 200;
}

void train_events_version(TrainEventFile *e, double wall_time)
{
    static const char version[] = "brain.Event:2";
    unsigned char data[64], *end;
    uint64_t bits;
    memcpy(&bits, &wall_time, sizeof bits);
    end = put_key(data, EVENT_WALL_TIME, KIND_FIXED64);
    put_little(end, bits, 8);
    end = put_bytes(end + 8, EVENT_VERSION, version, sizeof version - 1);
    write_record(e, data, (size_t)(end - data));
}

void train_events_scalar(TrainEventFile *e, double wall_time, int64_t step, const char *tag, double value)
{
    unsigned char inner[256], summary[280], data[320], *end;
    const float v = (float)value;
    uint32_t bits;
    if (!e->file) return;
    memcpy(&bits, &v, sizeof bits);
    end = put_key(put_bytes(inner, VALUE_TAG, tag, tag_length(tag)), VALUE_SIMPLE, KIND_FIXED32);
    put_little(end, bits, 4);
    end = put_bytes(summary, SUMMARY_VALUE, inner, (size_t)(end + 4 - inner));
    end = put_bytes(put_time_and_step(data, wall_time, step), EVENT_SUMMARY, summary, (size_t)(end - summary));
    write_record(e, data, (size_t)(end - data));
}

/* The picture is long, so the three levels around it are built from the inside out, each with room for its head. */
void train_events_image(TrainEventFile *e, double wall_time, int64_t step, const char *tag, int w, int h,
                        const unsigned char *png, size_t len)
{
    enum { HEADS = 512 };
    size_t room;
    if (!e->file || len > MOST_BYTES || !nn_size_add(len, HEADS, &room)) return;
    unsigned char *block = nn_alloc(4, room), *end;
    if (!block) return; /* a picture less in a viewer is no reason to end a run */
    unsigned char *const image = block, *const value = block + room, *const summary = value + room,
                         *const data = summary + room;
    end = put_number(image, IMAGE_H, (uint64_t)h);
    end = put_number(put_number(end, IMAGE_W, (uint64_t)w), IMAGE_COLORS, 3);
    end = put_bytes(end, IMAGE_PNG, png, len);
    const size_t image_len = (size_t)(end - image);
    end = put_bytes(put_bytes(value, VALUE_TAG, tag, tag_length(tag)), VALUE_IMAGE, image, image_len);
    end = put_bytes(summary, SUMMARY_VALUE, value, (size_t)(end - value));
    end = put_bytes(put_time_and_step(data, wall_time, step), EVENT_SUMMARY, summary, (size_t)(end - summary));
    write_record(e, data, (size_t)(end - data));
    free(block);
}

/* ---- going on with a file ---- */

/* The step of an event; 0 if it has none, as its version event. -1: not understood. */
static int64_t step_of(const unsigned char *data, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint64_t key = 0, value = 0;
        for (int shift = 0; i < len && shift < 64; shift += 7) {
            key |= (uint64_t)(data[i] & 0x7F) << shift;
            if (!(data[i++] & 0x80)) break;
        }
        if ((key & 7) == KIND_FIXED64) {
            i += 8;
            continue;
        }
        if ((key & 7) == KIND_FIXED32) {
            i += 4;
            continue;
        }
        for (int shift = 0; i < len && shift < 64; shift += 7) {
            value |= (uint64_t)(data[i] & 0x7F) << shift;
            if (!(data[i++] & 0x80)) break;
        }
        if (key == (EVENT_STEP << 3 | KIND_VARINT)) return (int64_t)value;
        if ((key & 7) == KIND_BYTES) i = value < len - i ? i + value : len;
        else if ((key & 7) != KIND_VARINT) return -1;
    }
    return 0;
}

/* Bytes of the record at `at` if it is whole and known by `step`; else 0. */
static size_t known_record(const unsigned char *at, size_t left, int64_t step)
{
    if (left < HEAD_BYTES || get_little(at + 8, 4) != masked_crc(at, 8)) return 0;
    const uint64_t len = get_little(at, 8);
    if (len > left - HEAD_BYTES || left - HEAD_BYTES - len < FOOT_BYTES) return 0;
    const unsigned char *data = at + HEAD_BYTES;
    const int64_t found = step_of(data, (size_t)len);
    if (get_little(data + len, 4) != masked_crc(data, (size_t)len) || found < 0 || found > step) return 0;
    return HEAD_BYTES + (size_t)len + FOOT_BYTES;
}

static NnStatus io_fail(const TrainEventFile *e, NnErr *err)
{
    return nn_fail(err, NN_ERR_IO, "%s: %s", e->path, strerror(errno));
}

/* Open for writing behind the last record that the run knows of; *kept bytes remain. */
static NnStatus open_again(TrainEventFile *e, int64_t step, size_t *kept, NnErr *err)
{
    unsigned char *bytes;
    size_t len, n;
    *kept = 0;
    NN_TRY(nn_file_read(e->path, (size_t)1 << 40, &bytes, &len, err));
    while ((n = known_record(bytes + *kept, len - *kept, step)) > 0) *kept += n;
    free(bytes);
    e->file = fopen(e->path, "r+b");
    if (!e->file || ftruncate(fileno(e->file), (off_t)*kept) || fseeko(e->file, (off_t)*kept, SEEK_SET))
        return io_fail(e, err);
    return NN_OK;
}

/* The first event file in folder by name; "" if there is none. With `remove` all of them go. */
static NnStatus find(const char *folder, int remove_all, char path[4096], NnErr *err)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    char file[4096];
    path[0] = '\0';
    if (!dir) return nn_fail(err, NN_ERR_IO, "%s: %s", folder, strerror(errno));
    while ((entry = readdir(dir))) {
        if (strncmp(entry->d_name, prefix, sizeof prefix - 1) != 0) continue;
        if (snprintf(file, sizeof file, "%s/%s", folder, entry->d_name) >= (int)sizeof file) continue;
        if (remove_all) unlink(file);
        else if (!path[0] || strcmp(file, path) < 0) memcpy(path, file, sizeof file);
    }
    closedir(dir);
    return NN_OK;
}

NnStatus train_events_open(TrainEventFile *e, const char *folder, int64_t step, NnErr *err)
{
    size_t kept = 0;
    *e = (TrainEventFile){ 0 };
    NN_TRY(find(folder, step <= 0, e->path, err));
    const double now = (double)time(NULL);
    if (e->path[0]) {
        NN_TRY(open_again(e, step, &kept, err));
    } else {
        const int n = snprintf(e->path, sizeof e->path, "%s/%s%010.0f.locus", folder, prefix, now);
        if (n >= (int)sizeof e->path) return nn_fail(err, NN_ERR_IO, "%s: the path is too long", folder);
        e->file = fopen(e->path, "wb");
        if (!e->file) return io_fail(e, err);
    }
    if (!kept) train_events_version(e, now);
    return NN_OK;
}

void train_events_close(TrainEventFile *e)
{
    if (e->file) fclose(e->file);
    e->file = NULL;
}

NnStatus train_events_sync(TrainEventFile *e, NnErr *err)
{
    if (!e->file || (!fflush(e->file) && !ferror(e->file) && !fsync(fileno(e->file)))) return NN_OK;
    return io_fail(e, err);
}
