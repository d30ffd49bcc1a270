/* test_chart.c -- charts: where values land, what is not drawn and said so, ticks, labels, colours of cells. */
#include <math.h>
#include <string.h>

#include "nn/base/chart_frame.h"
#include "tests/check_main.h"

static NnPage page;
static NnErr err;
static size_t from;

static void begin(void)
{
    ck_assert_int_eq(nn_page_open(&page, "charts", "", &err), NN_OK);
    from = nn_page_size(&page);
}

static void end(void)
{
    nn_page_drop(&page);
}

static const char *drawn(void)
{
    nn_page_size(&page);
    return page.text + from;
}

static int count(const char *what)
{
    int n = 0;
    for (const char *at = drawn(); (at = strstr(at, what)); at++) n++;
    return n;
}

/* No number that is none has come into the drawing. */
static void assert_sane(void)
{
    ck_assert_int_eq(count("nan"), 0);
    ck_assert_int_eq(count("inf"), 0);
}

/* ---- scales ---- */

typedef struct {
    double low, high;
    int log, wanted;
    int n;
    double tick[NN_CHART_MAX_TICKS];
} Ticks;

static const Ticks tick_cases[] = {
    { 0, 1, 0, 5, 6, { 0, 0.2, 0.4, 0.6, 0.8, 1 } },
    { 0, 60, 0, 6, 7, { 0, 10, 20, 30, 40, 50, 60 } },
    { -0.013, 0.027, 0, 4, 4, { -0.01, 0, 0.01, 0.02 } },
    { 1, 1000, 1, 5, 4, { 1, 10, 100, 1000 } },
    { 0.3, 3, 1, 5, 3, { 0.5, 1, 2 } },
};

START_TEST(ticks_are_round)
{
    const Ticks *c = &tick_cases[_i];
    const NnScale s = nn_scale_make(&(NnChartAxis){ NAN, NAN, c->log }, (NnSpan){ c->low, c->high }, c->wanted);
    ck_assert_int_eq(s.n_ticks, c->n);
    for (int i = 0; i < c->n; i++) ck_assert_double_eq_tol(s.tick[i], c->tick[i], 1e-9);
}
END_TEST

/* Whatever the data, a scale can be drawn. */
START_TEST(no_span_is_too_odd_for_a_scale)
{
    static const double spans[][2] = { { INFINITY, -INFINITY }, { 0, 0 },          { 5, 5 },      { -1e-300, 1e-300 },
                                       { 1e300, 1.0001e300 },   { -1e308, 1e308 }, { 1e15, 1e15 } };
    for (int log = 0; log < 2; log++)
        for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
            const NnSpan span = { log ? fabs(spans[i][0]) : spans[i][0], log ? fabs(spans[i][1]) : spans[i][1] };
            const double y[] = { span.low, span.high }, x[] = { 0, 1 };
            const NnChartSeries s = { .name = "s", .x = x, .y = y, .n = 2 };
            nn_chart_lines(
                &page,
                &(NnLineChart){ .text = { "t", "h", "x", "y", 0 }, .y = { NAN, NAN, log }, .series = &s, .n = 1 });
        }
    assert_sane();
}
END_TEST

/* ---- lines ---- */

START_TEST(lines_are_interrupted_where_a_value_is_missing)
{
    const double x[] = { 0, 1, 2, 3, 4 }, y[] = { 1, 2, NAN, 2, 1 };
    const NnChartSeries s = { .name = "a <name>", .x = x, .y = y, .n = 5 };
    nn_chart_lines(&page, &(NnLineChart){ .text = { "A title", "so", "step", "loss", 0 }, .series = &s, .n = 1 });
    const char *line = strstr(drawn(), "class=\"line c0\"");
    const char *path = strstr(line, "d=\"");
    ck_assert_ptr_nonnull(path);
    int moves = 0, draws = 0;
    for (const char *at = path + 3; *at != '"'; at++) moves += *at == 'M', draws += *at == 'L';
    ck_assert_int_eq(moves, 2);
    ck_assert_int_eq(draws, 2);
    ck_assert_int_eq(count("1 value could not be drawn"), 1);
    ck_assert_int_eq(count("a &lt;name&gt;"), 2); /* at the line's end, and in its title */
    ck_assert_int_eq(count("role=\"img\""), 1);
    ck_assert_int_eq(count("<title>A title</title>"), 1);
    ck_assert_int_eq(count("<desc>loss, by step. so</desc>"), 1);
    ck_assert_int_eq(count("How to read: so"), 1);
    assert_sane();
}
END_TEST

START_TEST(a_value_alone_is_a_dot)
{
    const double x[] = { 3 }, y[] = { 0.5 };
    const NnChartSeries s = { .name = "s", .x = x, .y = y, .n = 1 };
    nn_chart_lines(&page, &(NnLineChart){ .text = { "t", NULL, "x", "y", 0 }, .series = &s, .n = 1 });
    ck_assert_ptr_nonnull(strstr(drawn(), "class=\"dot c0\" d=\"M"));
}
END_TEST

START_TEST(a_logarithmic_axis_leaves_out_what_has_no_place)
{
    const double x[] = { 1, 2, 3 }, y[] = { 0, -1, 100 };
    const NnChartSeries s = { .name = "s", .x = x, .y = y, .n = 3 };
    nn_chart_lines(&page,
                   &(NnLineChart){ .text = { "t", NULL, "x", "y", 0 }, .y = { NAN, NAN, 1 }, .series = &s, .n = 1 });
    ck_assert_int_eq(count("2 values could not be drawn"), 1);
    assert_sane();
}
END_TEST

START_TEST(an_empty_chart_says_so)
{
    nn_chart_lines(&page, &(NnLineChart){ .text = { "t", NULL, "x", "y", 0 } });
    nn_chart_scatter(&page, &(NnScatterChart){ .text = { "t", NULL, "x", "y", 0 } });
    ck_assert_int_eq(count("no values"), 2);
    assert_sane();
}
END_TEST

/* A spike of one value in a million is drawn, and the file stays small. */
START_TEST(long_curves_are_short_in_the_file)
{
    enum { N = 100000 };
    static double x[N], y[N];
    for (int i = 0; i < N; i++) x[i] = i, y[i] = i % 2;
    y[77777] = 9;
    const NnChartSeries s = { .name = "s", .x = x, .y = y, .n = N };
    nn_chart_lines(&page, &(NnLineChart){ .text = { "t", NULL, "x", "y", 0 }, .series = &s, .n = 1 });
    ck_assert(strlen(drawn()) < 20000);
    ck_assert_ptr_nonnull(strstr(drawn(), " 24.0L")); /* y = 9 lies at the top of the area */
}
END_TEST

START_TEST(bands_have_two_sides)
{
    const double x[] = { 0, 1, 2 }, y[] = { 1, 2, 3 }, low[] = { 0, 1, NAN }, high[] = { 2, 3, 4 };
    const NnChartSeries s = { .name = "s", .x = x, .y = y, .low = low, .high = high, .n = 3 };
    nn_chart_lines(&page, &(NnLineChart){ .text = { "t", NULL, "x", "y", 0 }, .series = &s, .n = 1 });
    const char *path = strstr(strstr(drawn(), "class=\"area c0\""), "d=\"") + 3;
    int corners = 0;
    for (; *path != '"'; path++) corners += *path == 'M' || *path == 'L';
    ck_assert_int_eq(corners, 4);
}
END_TEST

START_TEST(names_at_line_ends_do_not_overlap)
{
    enum { LINES = 8 };
    const double x[] = { 0, 1 }, y[] = { 1, 1 };
    NnChartSeries s[LINES];
    for (int i = 0; i < LINES; i++) s[i] = (NnChartSeries){ .name = "same", .x = x, .y = y, .n = 2, .style = i };
    nn_chart_lines(&page, &(NnLineChart){ .text = { "t", NULL, "x", "y", 0 }, .series = s, .n = LINES });
    double last = -INFINITY;
    for (const char *at = drawn(); (at = strstr(at, ">same</text>")); at++) {
        const char *y_of = at;
        while (strncmp(y_of, " y=\"", 4) != 0) y_of--;
        const double place = strtod(y_of + 4, NULL);
        ck_assert_double_ge(place - last, 13.9);
        last = place;
    }
    ck_assert(isfinite(last) && last < 320);
}
END_TEST

/* ---- the others ---- */

START_TEST(classes_have_shapes_of_their_own)
{
    const double x[] = { 0, 1, 2, NAN }, y[] = { 0, 1, 2, 3 };
    const int class_of[] = { 0, 1, 2, 1 };
    const char *const name[] = { "real", "a", "b" };
    nn_chart_scatter(&page, &(NnScatterChart){ .text = { "t", NULL, "x", "y", 0 },
                                               .x = x,
                                               .y = y,
                                               .class_of = class_of,
                                               .n = 4,
                                               .class_name = name,
                                               .n_classes = 3 });
    ck_assert_int_eq(count("a3.2 3.2"), 4); /* two arcs of a disc, in the chart and in the key */
    ck_assert_int_eq(count("l3.5 6.4h-7z"), 2);
    ck_assert_int_eq(count("h5.8v5.8h-5.8z"), 2);
    ck_assert_int_eq(count("1 value could not be drawn"), 1);
    assert_sane();
}
END_TEST

START_TEST(histograms_are_shares)
{
    const double real[] = { 0.1, 0.1, 0.1, 0.9 }, forged[] = { 0.9, 2.0, NAN };
    nn_chart_histograms(&page, &(NnHistogramPair){ .text = { "t", NULL, "score", NULL, 0 },
                                                   .name = { "real", "forged" },
                                                   .value = { real, forged },
                                                   .n = { 4, 3 },
                                                   .bins = 2,
                                                   .high = 1 });
    const char *up = strstr(drawn(), "class=\"bar c0\" d=\""), *down = strstr(drawn(), "class=\"bar c1\" d=\"");
    double x, zero, end_up, end_down;
    ck_assert_int_eq(sscanf(up + 18, "M%lf %lfV%lf", &x, &zero, &end_up), 3);
    ck_assert_int_eq(sscanf(down + 18, "M%lf %lfV%lf", &x, &zero, &end_down), 3);
    ck_assert_double_eq_tol((zero - end_up) / (end_down - zero), 0.75, 0.01); /* .75 of the real, all of the forged */
    ck_assert_int_eq(count("1 value could not be drawn"), 1);
}
END_TEST

START_TEST(bars_are_as_long_as_their_values)
{
    const NnChartBar bars[] = { { "a & b", 1.0, NAN, NAN, 0 }, { "c", 0.5, 0.4, 0.6, 1 }, { "d", NAN, NAN, NAN, 2 } };
    nn_chart_bars(&page, &(NnBarChart){ .text = { "t", NULL, "AUC", NULL, 0 }, .bars = bars, .n = 3, .decimals = 2 });
    double from_x[2], to_x[2], y;
    ck_assert_int_eq(sscanf(strstr(drawn(), "bar c0") + 11, "M%lf %lfH%lf", &from_x[0], &y, &to_x[0]), 3);
    ck_assert_int_eq(sscanf(strstr(drawn(), "bar c1") + 11, "M%lf %lfH%lf", &from_x[1], &y, &to_x[1]), 3);
    ck_assert_double_eq_tol((to_x[1] - from_x[1]) / (to_x[0] - from_x[0]), 0.5, 0.01);
    ck_assert_int_eq(count("class=\"whisker\""), 1);
    ck_assert_int_eq(count(">n/a</text>"), 1);
    ck_assert_int_eq(count(">0.50</text>"), 1);
    ck_assert_int_eq(count("a &amp; b"), 1);
    assert_sane();
}
END_TEST

START_TEST(cells_are_coloured_and_readable)
{
    const char *const row[] = { "r<1>" }, *const column[] = { "low", "high", "none", "beyond" };
    const char *const note[] = { "", "n = 7", NULL, "" };
    const double value[] = { 0.5, 1, NAN, 7 };
    const char ring[] = { 0, 1, 0, 0 };
    nn_chart_heat(&page, &(NnHeatTable){ .text = { "t", "h", "tested on", "trained on", 0 },
                                         .row = row,
                                         .column = column,
                                         .rows = 1,
                                         .columns = 4,
                                         .value = value,
                                         .note = note,
                                         .ring = ring,
                                         .low = 0.5,
                                         .high = 1,
                                         .decimals = 3 });
    ck_assert_int_eq(count("background:#00224e;color:#fff\">0.500"), 1);
    ck_assert_int_eq(count("class=\"ring\" style=\"background:#fee838;color:#000\">1.000<small>n = 7</small>"), 1);
    ck_assert_int_eq(count("<td>n/a</td>"), 1);
    ck_assert_int_eq(count("background:#fee838;color:#000\">7.000"), 1);
    ck_assert_int_eq(count("<th scope=\"row\">r&lt;1&gt;</th>"), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("chart");
    TCase *tests = tcase_create("chart");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, ticks_are_round, 0, sizeof tick_cases / sizeof *tick_cases);
    tcase_add_test(tests, no_span_is_too_odd_for_a_scale);
    tcase_add_test(tests, lines_are_interrupted_where_a_value_is_missing);
    tcase_add_test(tests, a_value_alone_is_a_dot);
    tcase_add_test(tests, a_logarithmic_axis_leaves_out_what_has_no_place);
    tcase_add_test(tests, an_empty_chart_says_so);
    tcase_add_test(tests, long_curves_are_short_in_the_file);
    tcase_add_test(tests, bands_have_two_sides);
    tcase_add_test(tests, names_at_line_ends_do_not_overlap);
    tcase_add_test(tests, classes_have_shapes_of_their_own);
    tcase_add_test(tests, histograms_are_shares);
    tcase_add_test(tests, bars_are_as_long_as_their_values);
    tcase_add_test(tests, cells_are_coloured_and_readable);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
