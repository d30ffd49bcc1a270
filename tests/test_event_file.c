/* test_event_file.c -- TensorBoard's file: known answers, going on without double steps, damage, and what an
 * independent reader makes of it. */
#include <dirent.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "data/image.h"
#include "nn/base/file.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"
#include "train/event_file.h"

static NnErr err;

static void begin(void)
{
    temp_folder_make();
    err = (NnErr){ 0 };
}

static TrainEventFile open_at(int64_t step)
{
    TrainEventFile e;
    ck_assert_int_eq(train_events_open(&e, temp_folder, step, &err), NN_OK);
    return e;
}

/* The one event file's name and bytes; the caller frees these. */
static size_t read_only_file(char path[512], unsigned char **bytes)
{
    DIR *dir = opendir(temp_folder);
    size_t len = 0;
    int n = 0;
    for (const struct dirent *d; (d = readdir(dir));)
        if (strstr(d->d_name, "tfevents")) snprintf(path, 512, "%s/%s", temp_folder, d->d_name), n++;
    closedir(dir);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(nn_file_read(path, 1 << 24, bytes, &len, &err), NN_OK);
    return len;
}

static size_t file_size(void)
{
    char path[512];
    unsigned char *bytes;
    const size_t n = read_only_file(path, &bytes);
    free(bytes);
    return n;
}

/* ---- known answers ---- */

START_TEST(checksum_has_its_known_answers)
{
    static const unsigned char zeros[32];
    ck_assert_uint_eq(train_crc32c("123456789", 9), 0xE3069283u);
    ck_assert_uint_eq(train_crc32c("", 0), 0u);
    ck_assert_uint_eq(train_crc32c(zeros, sizeof zeros), 0x8A9136AAu); /* RFC 3720, B.4 */
}
END_TEST

static void assert_bytes(TrainEventFile *e, char *const *text, const size_t *len, const char *hex)
{
    char got[1024] = "";
    fclose(e->file);
    for (size_t i = 0; i < *len; i++) snprintf(got + 2 * i, 3, "%02x", (unsigned)(unsigned char)(*text)[i]);
    ck_assert_str_eq(got, hex);
}

START_TEST(first_record_is_the_golden_one)
{
    char *text = NULL;
    size_t len = 0;
    TrainEventFile e = { .file = open_memstream(&text, &len) };
    train_events_version(&e, 0);
    assert_bytes(&e, &text, &len, "1800000000000000a37f4b220900000000000000001a0d627261696e2e4576656e743a32eedf28a3");
    free(text);
}
END_TEST

/* Event { wall_time 1.5, step 300, summary { value { tag "a/b", simple_value 0.25 } } }, from the definition by
 * hand. */
START_TEST(a_scalar_is_what_the_definition_says)
{
    char *text = NULL;
    size_t len = 0;
    TrainEventFile e = { .file = open_memstream(&text, &len) };
    train_events_scalar(&e, 1.5, 300, "a/b", 0.25);
    fclose(e.file);
    static const unsigned char want[] = { 0x09, 0,    0,    0,    0,    0,   0,   0xF8, 0x3F, 0x10, 0xAC, 0x02, 0x2A,
                                          0x0C, 0x0A, 0x0A, 0x0A, 0x03, 'a', '/', 'b',  0x15, 0,    0,    0x80, 0x3E };
    ck_assert_uint_eq(len, 12 + sizeof want + 4);
    ck_assert_mem_eq(text + 12, want, sizeof want);
    free(text);
}
END_TEST

START_TEST(without_a_file_nothing_happens)
{
    TrainEventFile none = { 0 };
    train_events_scalar(&none, 0, 1, "a", 1);
    train_events_image(&none, 0, 1, "a", 1, 1, (const unsigned char *)"", 0);
    ck_assert_int_eq(train_events_sync(&none, &err), NN_OK);
    train_events_close(&none);
}
END_TEST

/* ---- going on ---- */

static void write_steps(TrainEventFile *e, int from, int to)
{
    for (int i = from; i <= to; i++) train_events_scalar(e, 1, i, "loss", i);
}

START_TEST(a_run_goes_on_without_double_steps)
{
    TrainEventFile e = open_at(0);
    write_steps(&e, 1, 5);
    ck_assert_int_eq(train_events_sync(&e, &err), NN_OK);
    const size_t five = file_size();
    write_steps(&e, 6, 9);
    train_events_close(&e);
    const size_t nine = file_size();
    e = open_at(5); /* 6 to 9 were after the checkpoint */
    train_events_close(&e);
    ck_assert_uint_eq(file_size(), five);
    e = open_at(5);
    write_steps(&e, 6, 9);
    train_events_close(&e);
    ck_assert_uint_eq(file_size(), nine);
}
END_TEST

START_TEST(a_damaged_end_is_cut_off)
{
    char path[512];
    unsigned char *bytes;
    TrainEventFile e = open_at(0);
    write_steps(&e, 1, 3);
    train_events_close(&e);
    const size_t whole = read_only_file(path, &bytes);
    const size_t record = (whole - 40) / 3;
    ck_assert_int_eq(truncate(path, (off_t)whole - 1), 0); /* as after a power cut */
    e = open_at(3);
    train_events_close(&e);
    ck_assert_uint_eq(file_size(), whole - record);
    bytes[40 + record + 14] ^= 1; /* one bit of the second scalar */
    ck_assert_int_eq(nn_file_write(path, &(NnChunk){ bytes, whole }, 1, &err), NN_OK);
    e = open_at(3);
    train_events_close(&e);
    ck_assert_uint_eq(file_size(), 40 + record);
    free(bytes);
}
END_TEST

START_TEST(a_file_of_noise_is_begun_anew)
{
    unsigned char noise[300], *bytes;
    char path[512];
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (unsigned char)(i * 37 + i / 7);
    memset(noise, 0xFF, 8); /* a length beyond all files */
    ck_assert_int_eq(
        nn_file_write(in_folder("events.out.tfevents.0000000001.x"), &(NnChunk){ noise, sizeof noise }, 1, &err),
        NN_OK);
    TrainEventFile e = open_at(7);
    train_events_close(&e);
    ck_assert_uint_eq(read_only_file(path, &bytes), 40);
    free(bytes);
}
END_TEST

START_TEST(a_new_run_has_one_file)
{
    ck_assert_int_eq(nn_file_write(in_folder("events.out.tfevents.0000000001.x"), &(NnChunk){ "old", 3 }, 1, &err),
                     NN_OK);
    TrainEventFile e = open_at(0);
    train_events_close(&e);
    ck_assert_uint_eq(file_size(), 40);
    ck_assert(!nn_file_exists(in_folder("events.out.tfevents.0000000001.x")));
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_an_error)
{
    TrainEventFile e;
    ck_assert_int_eq(train_events_open(&e, in_folder("none"), 0, &err), NN_ERR_IO);
    ck_assert_ptr_nonnull(strstr(err.msg, "none"));
}
END_TEST

/* ---- an independent reader ---- */

static void write_all_kinds(void)
{
    DataImage image;
    DataBytes png;
    TrainEventFile e = open_at(0);
    ck_assert_int_eq(data_image_new(5, 3, 3, &image, &err), NN_OK);
    ck_assert_int_eq(data_image_to_png(&image, &png, &err), NN_OK);
    write_steps(&e, 1, 3);
    train_events_scalar(&e, 1, 3, "odd", NAN);
    train_events_scalar(&e, 1, 5000000000, "odd", -1e30);
    train_events_image(&e, 1, 200, "picture", image.w, image.h, png.data, png.len);
    train_events_close(&e);
    free(png.data);
    data_image_free(&image);
}

/* Python's tensorboard; LOCUS_PYTHON names an interpreter that has it. */
START_TEST(tensorboard_reads_it)
{
    static const char check[] =
        "import sys, math\n"
        "from tensorboard.backend.event_processing import event_accumulator as ea\n"
        "a = ea.EventAccumulator(sys.argv[1]); a.Reload()\n"
        "s = [(e.step, e.value) for e in a.Scalars('loss')]\n"
        "assert s == [(1, 1.0), (2, 2.0), (3, 3.0)], s\n"
        "o = a.Scalars('odd')\n"
        "assert math.isnan(o[0].value) and o[1].step == 5000000000 and abs(o[1].value + 1e30) < 1e24, o\n"
        "i = a.Images('picture')[0]\n"
        "assert (i.step, i.width, i.height) == (200, 5, 3), i\n"
        "assert i.encoded_image_string[:4] == b'\\x89PNG'\n";
    const char *python = getenv("LOCUS_PYTHON");
    char command[1024];
    if (!python) python = "python3";
    snprintf(command, sizeof command, "%s -c 'import tensorboard' >/dev/null 2>&1", python);
    if (system(command)) { /* NOLINT(cert-env33-c) */
        puts("test_event_file: no tensorboard in python, so no other reader has read the file");
        return;
    }
    write_all_kinds();
    ck_assert_int_eq(nn_file_write(in_folder("check.py"), &(NnChunk){ check, sizeof check - 1 }, 1, &err), NN_OK);
    snprintf(command, sizeof command, "cd '%s' && %s check.py . 2>log || (cat log; false)", temp_folder, python);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): the names are our own */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event_file");
    TCase *tests = tcase_create("event_file");
    tcase_add_checked_fixture(tests, begin, temp_folder_remove);
    tcase_set_timeout(tests, 120); /* an interpreter starts in one of them */
    tcase_add_test(tests, checksum_has_its_known_answers);
    tcase_add_test(tests, first_record_is_the_golden_one);
    tcase_add_test(tests, a_scalar_is_what_the_definition_says);
    tcase_add_test(tests, without_a_file_nothing_happens);
    tcase_add_test(tests, a_run_goes_on_without_double_steps);
    tcase_add_test(tests, a_damaged_end_is_cut_off);
    tcase_add_test(tests, a_file_of_noise_is_begun_anew);
    tcase_add_test(tests, a_new_run_has_one_file);
    tcase_add_test(tests, a_folder_that_is_not_there_is_an_error);
    tcase_add_test(tests, tensorboard_reads_it);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
