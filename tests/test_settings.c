/* test_settings.c -- what the INI reader accepts, and that everything else is an error that helps. */
#include <float.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/data_settings.h"
#include "nn/base/file.h"
#include "nn/base/help_text.h"
#include "nn/base/path_list.h"
#include "nn/base/rng.h"
#include "nn/base/settings.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"

typedef struct {
    int epochs, nesterov, optimizer;
    float lr;
    char name[NN_TEXT_MAX], out[NN_TEXT_MAX], from[NN_TEXT_MAX];
} Train;

typedef struct {
    float size, wide;
} Shape;

static const NnSetting train_rows[] = {
    { "epochs", NN_SET_INT, offsetof(Train, epochs), "10", 1, 1000, "", "", "passes over the data" },
    { "lr", NN_SET_FLOAT, offsetof(Train, lr), "0.1", 0, 0.1, "", "", "learning rate" },
    { "nesterov", NN_SET_BOOL, offsetof(Train, nesterov), "yes", 0, 1, "", "", "look ahead" },
    { "optimizer", NN_SET_CHOICE, offsetof(Train, optimizer), "adamw", 0, 0, "sgd adam adamw radam", "", "the rule" },
    { "name", NN_SET_TEXT, offsetof(Train, name), "", 0, 0, "", "", "of the run" },
    { "out", NN_SET_PATH, offsetof(Train, out), "runs", 0, 0, "", "", "where results go" },
    { "from", NN_SET_PATHS, offsetof(Train, from), "", 0, 0, "", "", "where it begins" },
};
static const NnSetting shape_rows[] = {
    { "size", NN_SET_FLOAT, offsetof(Shape, size), "2.5", 1, 64, "", "pixels", "side of the picture" },
    { "wide", NN_SET_FLOAT, offsetof(Shape, wide), "0", -FLT_MAX, FLT_MAX, "", "", "anything" },
};
static const NnSection train_section = { "train", "how the network learns", train_rows, 7 };
static const NnSection shape_section = { "shape", "how large", shape_rows, 2 };

static Train train;
static Shape shape;
static NnBinding both[] = { { &train_section, &train }, { &shape_section, &shape } };
static NnErr err;

static void set_up(void)
{
    memset(&train, 0, sizeof train);
    memset(&shape, 0, sizeof shape);
    err = (NnErr){ .status = NN_OK };
    nn_settings_defaults(both, 2);
    temp_folder_make();
}

static NnStatus parse(const char *text)
{
    return nn_settings_parse(both, 2, text, "a.ini", "conf", NN_SETTINGS_STRICT, &err);
}

/* Write a file into the test's own folder; its path stays valid until the next call but three. */
static const char *put(const char *name, const char *text, size_t len)
{
    static char path[4][128];
    static int turn;
    char *p = path[turn++ % 4];
    const NnChunk chunk = { text, len };
    snprintf(p, sizeof path[0], "%s/%s", temp_folder, name);
    ck_assert_int_eq(nn_file_write(p, &chunk, 1, &err), NN_OK);
    return p;
}

static NnStatus load(const char *path)
{
    return nn_settings_load(both, 2, path, NN_SETTINGS_STRICT, &err);
}

static void expect_message(const char *part)
{
    ck_assert_msg(strstr(err.msg, part) != NULL, "expected \"%s\" in \"%s\"", part, err.msg);
}

/* ---- accepted ---- */

START_TEST(defaults_are_the_presets)
{
    ck_assert_int_eq(train.epochs, 10);
    ck_assert(train.lr == 0.1f && train.nesterov == 1 && train.optimizer == 2);
    ck_assert_str_eq(train.name, "");
    ck_assert_str_eq(train.out, "runs");
    ck_assert(shape.size == 2.5f);
}
END_TEST

START_TEST(reads_what_people_write)
{
    ck_assert_int_eq(parse("\xEF\xBB\xBF; opening = \"words\r\n"
                           "# [more]\r\n"
                           "\r\n"
                           "  [ train ]  # the run\r\n"
                           "epochs=3\r\n"
                           "\tlr\t=\t5e-2 ; small\r\n"
                           "nesterov = off\r\n"
                           "optimizer = radam# \r\n"
                           "[shape]\n"
                           "size = +64\n"
                           "[train]\n"
                           "name = a#b;c \"d\" = e   # f"),
                     NN_ERR_CONFIG); /* "radam#": a comment needs a blank before it */
    expect_message("a.ini:8: [train] optimizer = \"radam#\": unknown");
    ck_assert_int_eq(train.epochs, 3);
    ck_assert(train.lr == 0.05f && train.nesterov == 0);
    err = (NnErr){ .status = NN_OK };
    ck_assert_int_eq(parse("[shape]\nsize = +64\n[train]\nname = a#b;c \"d\" = e   # f"), NN_OK);
    ck_assert(shape.size == 64);
    ck_assert_str_eq(train.name, "a#b;c \"d\" = e");
}
END_TEST

START_TEST(reads_quoted_text)
{
    ck_assert_int_eq(parse("[train]\nname = \"  a # \"\"b\"\" ; \" # c \"d\n"), NN_OK);
    ck_assert_str_eq(train.name, "  a # \"b\" ; ");
    err = (NnErr){ .status = NN_OK };
    ck_assert_int_eq(parse("[train]\nname = \"\"\nepochs = \"7\"\n"), NN_OK);
    ck_assert_str_eq(train.name, "");
    ck_assert_int_eq(train.epochs, 7);
}
END_TEST

static const struct {
    const char *word;
    int value;
} bools[] = { { "yes", 1 }, { "no", 0 },  { "true", 1 }, { "false", 0 },
              { "on", 1 },  { "off", 0 }, { "1", 1 },    { "0", 0 } };

START_TEST(reads_every_bool)
{
    char text[64];
    snprintf(text, sizeof text, "[train]\nnesterov = %s\n", bools[_i].word);
    train.nesterov = !bools[_i].value;
    ck_assert_int_eq(parse(text), NN_OK);
    ck_assert_int_eq(train.nesterov, bools[_i].value);
}
END_TEST

START_TEST(paths_are_relative_to_their_file)
{
    ck_assert_int_eq(parse("[train]\nout = data/x\nname = data/x"), NN_OK);
    ck_assert_str_eq(train.out, "conf/data/x");
    ck_assert_str_eq(train.name, "data/x");
    ck_assert_int_eq(parse("[train]\nout = /data/x"), NN_OK);
    ck_assert_str_eq(train.out, "/data/x");
    ck_assert_int_eq(parse("[train]\nout =   # nowhere"), NN_OK);
    ck_assert_str_eq(train.out, "");
    ck_assert_int_eq(nn_settings_parse(both, 2, "[train]\nout = x", "a", NULL, NN_SETTINGS_STRICT, &err), NN_OK);
    ck_assert_str_eq(train.out, "x");
    ck_assert_int_eq(nn_settings_set(both, 2, "train.out=y/z", &err), NN_OK);
    ck_assert_str_eq(train.out, "y/z");
}
END_TEST

START_TEST(each_path_of_a_list_is_relative_to_its_file)
{
    char text[NN_TEXT_MAX];
    ck_assert_int_eq(parse("[train]\nfrom = \" a, b c/d ,,/e,\"\n"), NN_OK);
    ck_assert_str_eq(train.from, "conf/a,conf/b c/d,/e");
    ck_assert_int_eq(parse("[train]\nfrom = \" , \"\n"), NN_OK);
    ck_assert_str_eq(train.from, "");
    ck_assert_int_eq(nn_settings_set(both, 2, "train.from=y/z, x", &err), NN_OK);
    ck_assert_str_eq(train.from, "y/z,x");
    memset(text, 'x', sizeof text);
    memcpy(text, "[train]\nfrom = ", 15);
    text[505] = '\0'; /* 490 bytes and conf/ */
    ck_assert_int_eq(parse(text), NN_OK);
    ck_assert_uint_eq(strlen(train.from), 495);
    text[300] = text[310] = text[320] = text[330] = ',';
    ck_assert_int_eq(parse(text), NN_ERR_CONFIG);
    expect_message("too long with their folder; at most 511 bytes");
}
END_TEST

START_TEST(paths_of_a_list_fit_or_are_refused)
{
    char path[8] = "before!";
    const char *list = " ,\ta b\t,, 7 bytes ,8 bytes!,", *third;
    ck_assert_int_eq(nn_path_list_next(&list, path, sizeof path, &err), NN_OK);
    ck_assert_str_eq(path, "a b");
    ck_assert_int_eq(nn_path_list_next(&list, path, sizeof path, &err), NN_OK);
    ck_assert_str_eq(path, "7 bytes");
    third = list;
    ck_assert_int_eq(nn_path_list_next(&list, path, sizeof path, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "a path of 8 bytes in a list; at most 7"));
    ck_assert_str_eq(path, "7 bytes");
    err = (NnErr){ 0 };
    char room[9];
    ck_assert_int_eq(nn_path_list_next(&third, room, sizeof room, &err), NN_OK);
    ck_assert_str_eq(room, "8 bytes!");
    ck_assert_int_eq(nn_path_list_next(&third, room, sizeof room, &err), NN_OK);
    ck_assert_str_eq(room, "");
}
END_TEST

/* A list that is too long already is refused before its folder is set before it. */
START_TEST(lists_of_any_length_are_read)
{
    static char long_one[3 * NN_TEXT_MAX], joined[NN_TEXT_MAX];
    memset(long_one, 'a', sizeof long_one - 1);
    ck_assert_int_eq(nn_path_list_join("conf", long_one, joined, &err), NN_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.msg, "at most 511"));
}
END_TEST

START_TEST(longest_value_fits_and_longer_lines_read)
{
    char text[3000], value[NN_TEXT_MAX + 1];
    memset(value, 'x', sizeof value);
    value[NN_TEXT_MAX - 1] = '\0';
    snprintf(text, sizeof text, "[train]\nname = \"%s\" ;%2000s", value, "comment");
    ck_assert_int_eq(parse(text), NN_OK);
    ck_assert_str_eq(train.name, value);
    snprintf(text, sizeof text, "[train]\nname = %sx\n", value);
    ck_assert_int_eq(parse(text), NN_ERR_CONFIG);
    expect_message("a.ini:2: [train] name: value too long; at most 511 bytes");
}
END_TEST

START_TEST(skips_sections_of_other_programs)
{
    const char *text = "[other]\nanything = 1\nanything = 2\n[shape]\nsize = 3\n";
    ck_assert_int_eq(nn_settings_parse(both, 2, text, "a.ini", NULL, NN_SETTINGS_SKIP_SECTIONS, &err), NN_OK);
    ck_assert(shape.size == 3);
    ck_assert_int_eq(parse(text), NN_ERR_CONFIG);
    expect_message("a.ini:1: [other]: unknown section; known: train, shape");
}
END_TEST

/* ---- refused ---- */

static const struct {
    const char *text, *message;
} refused[] = {
    { "[train]\noptimizer = adma", "a.ini:2: [train] optimizer = \"adma\": unknown; known: sgd, adam, adamw, radam "
                                   "(did you mean adam?)" },
    { "[train]\noptimizer = zebra", "unknown; known: sgd, adam, adamw, radam" },
    { "[train]\noptimizer =", "[train] optimizer = \"\": unknown; known: sgd" },
    { "[train]\noptimzer = adam", "a.ini:2: [train] optimzer: unknown key (did you mean [train] optimizer?)" },
    { "[train]\nsize = 3", "[train] size: unknown key (did you mean [shape] size?)" },
    { "[train]\nzzzzzz = 3", "unknown key; known: epochs, lr, nesterov, optimizer, name, out" },
    { "[tarin]\n", "a.ini:1: [tarin]: unknown section; known: train, shape (did you mean train?)" },
    { "[train]\nlr = 0.1\n\nlr = 0.1", "a.ini:4: [train] lr: set twice; first on line 2" },
    { "[train]\nlr = 0.1\n[shape]\n[train]\nlr = 0.1", "a.ini:5: [train] lr: set twice; first on line 2" },
    { "[train]\nepochs = 0", "[train] epochs = \"0\": out of range; allowed: 1 to 1000" },
    { "[train]\nepochs = 99999999999999999999", "out of range; allowed: 1 to 1000" },
    { "[shape]\nsize = 65", "[shape] size = \"65\": out of range; allowed: 1 to 64 pixels" },
    { "[train]\nepochs = 3x", "\"3x\": not a whole number" },
    { "[train]\nepochs = 3.5", "not a whole number" },
    { "[train]\nepochs = 0x10", "not a whole number" },
    { "[train]\nepochs =", "not a whole number" },
    { "[train]\nlr = nan", "not a finite number" },
    { "[train]\nlr = -inf", "not a finite number" },
    { "[shape]\nwide = 1e39", "not a finite number" },
    { "[train]\nlr = 0x1p-5", "not a decimal number" },
    { "[train]\nlr = 0.05 0.06", "not a number" },
    { "[train]\nlr = 0,05", "not a number" },
    { "[train]\nlr = ", "not a number" },
    { "[train]\nnesterov = 2", "neither yes nor no" },
    { "[train]\nname = \"abc", "closing quote \" missing" },
    { "[train]\nname = \"abc\" def", "text after the closing quote" },
    { "[train]\nname = \"abc\"# def", "text after the closing quote" },
    { "lr = 1\n[train]", "a.ini:1: key before the first [section]: lr" },
    { "[train\nlr = 1", "section without its closing ]" },
    { "[]\n", "section without a name" },
    { "[train] lr ]\n", "text after the closing ]" },
    { "[train]\nlr", "neither [section] nor key = value: lr" },
    { "[train]\n= 3", "no key before =" },
    { "[train]\nname = a\x1b[31m", "a.ini:2: control character 0x1b" },
    { "[train]\rlr = 1\r", "control character 0x0d" },
    { "include =\n", "include without a file name" },
    { "[train]\ninclude = b.ini", "[train] include: unknown key" },
};

START_TEST(refuses_and_says_why)
{
    ck_assert_int_eq(parse(refused[_i].text), NN_ERR_CONFIG);
    expect_message("a.ini:");
    expect_message(refused[_i].message);
}
END_TEST

static const struct {
    const char *assignment, *message;
} sets_refused[] = {
    { "train.lr=0.2", "--set: [train] lr = \"0.2\": out of range" },
    { "train.rl=0.2", "--set: [train] rl: unknown key (did you mean [train] lr?)" },
    { "trian.lr=0.2", "--set: [trian]: unknown section" },
    { "train.lr", "expected section.key=value, such as --set train.epochs=10" },
    { "lr=a.b", "expected section.key=value" },
    { "train.name=a\nb", "control character" },
    { "", "expected section.key=value" },
};

START_TEST(set_refuses_and_says_why)
{
    ck_assert_int_eq(nn_settings_set(both, 2, sets_refused[_i].assignment, &err), NN_ERR_CONFIG);
    expect_message(sets_refused[_i].message);
}
END_TEST

START_TEST(set_takes_values_whole)
{
    ck_assert_int_eq(nn_settings_set(both, 2, "train.name=a = b # c.d", &err), NN_OK);
    ck_assert_str_eq(train.name, "a = b # c.d");
    ck_assert_int_eq(nn_settings_set(both, 2, " train.epochs = 12 ", &err), NN_OK);
    ck_assert_int_eq(train.epochs, 12);
}
END_TEST

/* ---- files ---- */

START_TEST(include_is_read_first_and_relative)
{
    NnErr none = { .status = NN_OK };
    char sub[96], inner[] = "[train]\nepochs = 5\nlr = 0.05\nout = x\n";
    snprintf(sub, sizeof sub, "%s/sub", temp_folder);
    ck_assert_int_eq(nn_folder_make(sub, &none), NN_OK);
    put("sub/base.ini", inner, strlen(inner));
    const char *outer = "# first\ninclude = sub/base.ini\n[train]\nepochs = 6\n";
    ck_assert_int_eq(load(put("top.ini", outer, strlen(outer))), NN_OK);
    ck_assert_int_eq(train.epochs, 6);
    ck_assert(train.lr == 0.05f);
    strcat(sub, "/x");
    ck_assert_str_eq(train.out, sub);
}
END_TEST

START_TEST(include_errors_name_both_files)
{
    const char *cycle = "include = b.ini\n", *lost = "\ninclude = gone.ini\n", *bad = "[train]\nepochs = -1\n";
    put("b.ini", cycle, strlen(cycle));
    ck_assert_int_eq(load(put("a.ini", cycle, strlen(cycle))), NN_ERR_CONFIG);
    expect_message("b.ini:1: include = ");
    expect_message("more than 8 files deep");
    err = (NnErr){ .status = NN_OK };
    ck_assert_int_eq(load(put("c.ini", lost, strlen(lost))), NN_ERR_IO);
    expect_message("c.ini:2: include: ");
    expect_message("gone.ini: cannot be opened: No such file");
    err = (NnErr){ .status = NN_OK };
    put("b.ini", bad, strlen(bad));
    ck_assert_int_eq(load(put("a.ini", cycle, strlen(cycle))), NN_ERR_CONFIG);
    expect_message("b.ini:2: [train] epochs = \"-1\": out of range");
}
END_TEST

START_TEST(nul_bytes_do_not_end_a_file_silently)
{
    const char text[] = "[train]\nepochs = 5\n\0lr = 7\n";
    ck_assert_int_eq(load(put("nul.ini", text, sizeof text - 1)), NN_ERR_CONFIG);
    expect_message("nul.ini:3: control character 0x00");
    err = (NnErr){ .status = NN_OK };
    ck_assert_int_eq(load("/dev/zero"), NN_ERR_IO);
}
END_TEST

/* Any bytes whatever: a status, never a crash; and a failure always has a message. */
START_TEST(survives_mutations)
{
    static const char base[] =
        "[train]\nname = \"a # \"\"b\"\"\" ; c\nlr = 0.05\noptimizer = adam\n[shape]\nsize = 3\n";
    NnRng r = nn_rng_make(5, NN_STREAM_TEST, 0, 0);
    for (int i = 0; i < 20000; i++) {
        char text[sizeof base];
        memcpy(text, base, sizeof base);
        for (uint32_t k = nn_rng_below(&r, 6) + 1; k-- > 0;)
            text[nn_rng_below(&r, sizeof base - 1)] = "[]=\"#; \n\r\t.x1\x80"[nn_rng_below(&r, 14)];
        err = (NnErr){ .status = NN_OK };
        const NnStatus s = parse(text);
        ck_assert(s == NN_OK ? err.status == NN_OK : s == NN_ERR_CONFIG && err.msg[0]);
    }
}
END_TEST

/* ---- writing ---- */

static void expect_same_after_format(void)
{
    const Train t = train;
    const Shape s = shape;
    char *text = nn_settings_format(both, 2);
    ck_assert_ptr_nonnull(text);
    memset(&train, 0, sizeof train);
    memset(&shape, 0, sizeof shape);
    ck_assert_msg(nn_settings_parse(both, 2, text, "out", NULL, NN_SETTINGS_STRICT, &err) == NN_OK, "%s", err.msg);
    ck_assert_mem_eq(&train, &t, sizeof t);
    ck_assert_mem_eq(&shape, &s, sizeof s);
    free(text);
}

START_TEST(format_parses_back_to_the_same_bits)
{
    static const char *const texts[] = { "",       " a ", "a#b", "a # b", "\"",  "\"a\" b",       "a\"\"",
                                         "a = b",  "[a]", "\t",  ";",     "x\t", "caf\xc3\xa9 x", "C:\\a",
                                         "# none", "a b", "a'b" };
    NnRng r = nn_rng_make(6, NN_STREAM_TEST, 0, 0);
    for (int i = 0; i < 2000; i++) {
        uint32_t bits;
        do {
            bits = nn_rng_u32(&r);
            memcpy(&shape.wide, &bits, sizeof bits);
        } while (!isfinite(shape.wide));
        shape.size = i % 2 ? 64 : nn_rng_range(&r, 1, 64);
        train.lr = i % 3 ? 0.1f : nn_rng_range(&r, 0, 0.1f);
        train.epochs = 1 + (int)nn_rng_below(&r, 1000);
        train.nesterov = (int)nn_rng_below(&r, 2);
        train.optimizer = (int)nn_rng_below(&r, 4);
        memset(train.name, 0, sizeof train.name);
        memset(train.out, 0, sizeof train.out);
        strcpy(train.name, texts[i % 17]);
        strcpy(train.out, texts[i % 16]);
        expect_same_after_format();
    }
}
END_TEST

START_TEST(help_names_every_key)
{
    char *text = nn_settings_help(both, 2);
    ck_assert_ptr_nonnull(text);
    const char *const parts[] = { "[train]  how the network learns",
                                  "epochs = 10",
                                  "whole number, 1 to 1000",
                                  "one of: sgd, adam, adamw, radam",
                                  "number, 1 to 64, pixels",
                                  "side of the picture",
                                  "nesterov = yes\n",
                                  "yes or no" };
    for (int i = 0; i < 8; i++) ck_assert_msg(strstr(text, parts[i]) != NULL, "%s not in\n%s", parts[i], text);
    free(text);
}
END_TEST

static char *help_of(const char *left, int indent, const char *text)
{
    char *out = NULL;
    size_t len;
    FILE *stream = open_memstream(&out, &len);
    nn_help_row(stream, left, indent, text);
    fclose(stream);
    return out;
}

static void expect_help(const char *left, int indent, const char *text, const char *expected)
{
    char *out = help_of(left, indent, text);
    ck_assert_str_eq(out, expected);
    free(out);
}

START_TEST(help_breaks_between_words)
{
    const char *fifty = "12345678901234567890123456789012345678901234567890";
    char text[160], expected[160];
    expect_help("", 0, "one  two ", "one two\n");
    expect_help("  --out", 10, "where", "  --out   where\n");
    expect_help("  --out", 8, "where", "  --out where\n");
    expect_help("  --out", 7, "where", "  --out\n       where\n");
    snprintf(text, sizeof text, "%s abcd efghi", fifty); /* 25 + 50 + 5 columns are 80 */
    snprintf(expected, sizeof expected, "a%*s%s abcd\n%*sefghi\n", 24, "", fifty, 25, "");
    expect_help("a", 25, text, expected);
    snprintf(expected, sizeof expected, "a%*s%s\n%*sabcd efghi\n", 25, "", fifty, 26, "");
    expect_help("a", 26, text, expected);
    snprintf(text, sizeof text, "see %s%s end", fifty, fifty);
    snprintf(expected, sizeof expected, "see\n%s%s\nend\n", fifty, fifty);
    expect_help("", 0, text, expected);
}
END_TEST

/* The program's own tables: each preset passes its own row's check, no key stands twice. */
START_TEST(tables_are_sound)
{
    static DataSettings data;
    static DataAugment augment;
    const NnBinding real[] = { { &data_section, &data }, { &data_augment_section, &augment } };
    nn_settings_defaults(real, 2);
    for (int i = 0; i < 2; i++) {
        const NnSection *s = real[i].section;
        for (int r = 0; r < s->n_rows; r++) {
            char text[NN_TEXT_MAX + 100];
            snprintf(text, sizeof text, "%s.%s=%s", s->name, s->rows[r].name, s->rows[r].preset);
            ck_assert_msg(nn_settings_set(real, 2, text, &err) == NN_OK, "%s", err.msg);
            for (int q = 0; q < r; q++) ck_assert_str_ne(s->rows[q].name, s->rows[r].name);
        }
    }
}
END_TEST

/* ---- names ---- */

START_TEST(lists_and_near_misses)
{
    static const char *const known[] = { "sgd", "adam", "adamw", "radam" };
    ck_assert(nn_list_has("a, bc ,d", "bc") && nn_list_has("a", "a") && nn_list_has("a,\tb", "b"));
    ck_assert(!nn_list_has("a, bc", "b") && !nn_list_has("", "a") && !nn_list_has("a,,b", "") && !nn_list_has(" ", ""));
    ck_assert_str_eq(nn_nearest("adma", known, 4), "adam");
    ck_assert_str_eq(nn_nearest("sdg", known, 4), "sgd");
    ck_assert_str_eq(nn_nearest("radamw", known, 4), "adamw");
    ck_assert_ptr_null(nn_nearest("zebra", known, 4));
    ck_assert_ptr_null(nn_nearest("", known, 4));
    ck_assert_ptr_null(nn_nearest("x", known, 4));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("settings");
    TCase *t = tcase_create("settings");
    tcase_add_checked_fixture(t, set_up, temp_folder_remove);
    tcase_add_test(t, defaults_are_the_presets);
    tcase_add_test(t, reads_what_people_write);
    tcase_add_test(t, reads_quoted_text);
    tcase_add_loop_test(t, reads_every_bool, 0, 8);
    tcase_add_test(t, paths_are_relative_to_their_file);
    tcase_add_test(t, each_path_of_a_list_is_relative_to_its_file);
    tcase_add_test(t, paths_of_a_list_fit_or_are_refused);
    tcase_add_test(t, lists_of_any_length_are_read);
    tcase_add_test(t, longest_value_fits_and_longer_lines_read);
    tcase_add_test(t, skips_sections_of_other_programs);
    tcase_add_loop_test(t, refuses_and_says_why, 0, sizeof refused / sizeof *refused);
    tcase_add_loop_test(t, set_refuses_and_says_why, 0, sizeof sets_refused / sizeof *sets_refused);
    tcase_add_test(t, set_takes_values_whole);
    tcase_add_test(t, include_is_read_first_and_relative);
    tcase_add_test(t, include_errors_name_both_files);
    tcase_add_test(t, nul_bytes_do_not_end_a_file_silently);
    tcase_add_test(t, survives_mutations);
    tcase_add_test(t, format_parses_back_to_the_same_bits);
    tcase_add_test(t, help_names_every_key);
    tcase_add_test(t, help_breaks_between_words);
    tcase_add_test(t, tables_are_sound);
    tcase_add_test(t, lists_and_near_misses);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return check_run(suite());
}
