/* test_page.c -- pages: what goes through the escape, how a page is built and saved, and that it is well-formed. */
#include <string.h>

#include "nn/base/file.h"
#include "nn/base/page.h"
#include "nn/base/size.h"
#include "tests/check_main.h"
#include "tests/temp_folder.h"

static NnPage page;
static NnErr err;

static void begin(void)
{
    temp_folder_make();
    err = (NnErr){ 0 };
    ck_assert_int_eq(nn_page_open(&page, "A <title> & \"more\"", "below it", &err), NN_OK);
}

static void end(void)
{
    nn_page_drop(&page);
    temp_folder_remove();
}

/* What has been written since `from`. */
static const char *since(size_t from)
{
    nn_page_size(&page);
    return page.text + from;
}

/* ---- the escape ---- */

typedef struct {
    const char *bytes;
    size_t n;
    const char *written;
} Escape;

#define BAD "\xEF\xBF\xBD"
static const Escape escapes[] = {
    { "plain", 5, "plain" },
    { "<script>alert('x')</script>", 27, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" },
    { "a\" onload=\"b", 12, "a&quot; onload=&quot;b" },
    { "&amp;", 5, "&amp;amp;" },
    { "a\0b", 3, "a" BAD "b" },
    { "tab\tline\n", 9, "tab\tline\n" },
    { "\x01\x1B\x7F", 3, BAD BAD BAD },
    { "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80" },
    { "\xC3", 1, BAD },                             /* cut off */
    { "\xC3<", 2, BAD "&lt;" },                     /* cut off before something dangerous */
    { "\xC0\xBC", 2, BAD BAD },                     /* '<' in a longer form than it needs */
    { "\xE0\x80\xBC", 3, BAD BAD BAD },             /* the same in three bytes */
    { "\xED\xA0\x80", 3, BAD BAD BAD },             /* a surrogate */
    { "\xF4\x90\x80\x80", 4, BAD BAD BAD BAD },     /* beyond U+10FFFF */
    { "\xFF\xFE", 2, BAD BAD },                     /* never in UTF-8 */
    { "\xC2\x85\xEF\xBF\xBF", 5, BAD BAD },         /* a control character; no character at all */
    { "\xEF\xB7\x90\xF0\x9F\xBF\xBE", 7, BAD BAD }, /* no characters either */
    { "\xF4\x8F\xBF\xBD", 4, "\xF4\x8F\xBF\xBD" },  /* the last that is one */
};

START_TEST(text_is_escaped)
{
    const Escape *e = &escapes[_i];
    const size_t from = nn_page_size(&page);
    nn_page_bytes(&page, e->bytes, e->n);
    ck_assert_str_eq(since(from), e->written);
}
END_TEST

START_TEST(formats_are_escaped_as_a_whole)
{
    const size_t from = nn_page_size(&page);
    nn_page_format(&page, "%s is %d > %s", "<b>", 2, "'1'");
    ck_assert_str_eq(since(from), "&lt;b&gt; is 2 &gt; &#39;1&#39;");
}
END_TEST

START_TEST(every_block_escapes)
{
    static const char evil[] = "\"><script>'\xFF&";
    static const char *const heads[] = { evil };
    static const NnPageCell kinds[] = { NN_CELL_TEXT };
    static const char *const sentences[] = { evil };
    const unsigned char png[] = { 1, 2, 3, 4 };
    const NnPagePicture picture = { png, sizeof png, 1, 1, evil, evil };
    const size_t from = nn_page_size(&page);
    nn_page_contents(&page, &(NnPageLink){ "id", evil }, 1);
    nn_page_section_begin(&page, "id", evil, evil);
    nn_page_verdict(&page, NN_TONE_BAD, evil, sentences, 1);
    nn_page_cards(&page, &(NnPageCard){ evil, evil, evil }, 1);
    nn_page_facts_begin(&page);
    nn_page_fact(&page, evil, "%s", evil);
    nn_page_facts_end(&page);
    nn_page_table_begin(&page, evil, heads, kinds, 1);
    nn_page_row_begin(&page);
    nn_page_cell(&page, NN_CELL_HEAD, "%s", evil);
    nn_page_row_end(&page);
    nn_page_table_end(&page, evil);
    nn_page_frames_begin(&page, evil);
    nn_page_grid_begin(&page);
    nn_page_item_begin(&page, evil);
    nn_page_picture(&page, &picture);
    nn_page_frame(&page, 0, evil, &picture);
    nn_page_item_end(&page);
    nn_page_grid_end(&page);
    nn_page_frames_end(&page);
    nn_page_glossary(&page, &(NnPageEntry){ evil, evil }, 1);
    nn_page_details_begin(&page, evil);
    nn_page_verbatim(&page, evil);
    nn_page_details_end(&page);
    nn_page_paragraph(&page, "%s", evil);
    nn_page_section_end(&page);
    ck_assert_ptr_null(strstr(since(from), "<script>"));
    ck_assert_ptr_null(strchr(since(from), '\xFF'));
    int places = 0;
    for (const char *at = since(from); (at = strstr(at, "&quot;&gt;&lt;script&gt;&#39;" BAD "&amp;")); at++) places++;
    ck_assert_int_eq(places, 27);
    ck_assert_int_eq(nn_page_save(&page, in_folder("evil.html"), &err), NN_OK);
}
END_TEST

/* ---- pictures ---- */

START_TEST(pictures_are_base64)
{
    static const char *const want[] = { "base64,\"", "base64,Zg==\"", "base64,Zm8=\"", "base64,Zm9v\"",
                                        "base64,Zm9vYg==\"" };
    for (size_t n = 0; n < 5; n++) { /* the known answers of RFC 4648 */
        const size_t from = nn_page_size(&page);
        nn_page_picture(&page, &(NnPagePicture){ (const unsigned char *)"foob", n, 2, 3, "", NULL });
        ck_assert_ptr_nonnull(strstr(since(from), want[n]));
        ck_assert_ptr_nonnull(strstr(since(from), "width=\"2\" height=\"3\""));
    }
}
END_TEST

START_TEST(a_page_never_grows_beyond_its_limit)
{
    enum { BYTES = 1000000 };
    unsigned char *png = nn_alloc(BYTES, 1);
    for (int i = 0; i < 20; i++) nn_page_picture(&page, &(NnPagePicture){ png, BYTES, 1, 1, "large", NULL });
    ck_assert_int_eq(page.left_out, 20 - 6);
    ck_assert_ptr_nonnull(strstr(since(0), "no room in this file for: large"));
    ck_assert(nn_page_size(&page) < NN_PAGE_PICTURES_MAX + 20000);
    free(png);
}
END_TEST

/* ---- the file ---- */

START_TEST(a_page_asks_for_nothing_from_elsewhere)
{
    unsigned char *text;
    size_t len;
    ck_assert_int_eq(nn_page_save(&page, in_folder("p.html"), &err), NN_OK);
    ck_assert_int_eq(nn_file_read(in_folder("p.html"), 1 << 20, &text, &len, &err), NN_OK);
    ck_assert_ptr_nonnull(strstr((char *)text, "<title>A &lt;title&gt; &amp; &quot;more&quot;</title>"));
    ck_assert_ptr_nonnull(strstr((char *)text, "default-src 'none'"));
    ck_assert_ptr_null(strstr((char *)text, "http:"));
    ck_assert_ptr_null(strstr((char *)text, "https:"));
    ck_assert_ptr_null(strstr((char *)text, "url("));
    ck_assert_str_eq((char *)text + len - 8, "</html>\n");
    free(text);
}
END_TEST

START_TEST(a_page_that_cannot_be_written_says_so)
{
    ck_assert_int_eq(nn_page_save(&page, in_folder("no/such/p.html"), &err), NN_ERR_IO);
    ck_assert_ptr_nonnull(strstr(err.msg, "no/such"));
    ck_assert_ptr_null(page.out); /* released */
}
END_TEST

START_TEST(memory_that_ran_out_is_told)
{
    page.failed = 1;
    ck_assert_int_eq(nn_page_save(&page, in_folder("p.html"), &err), NN_ERR_NOMEM);
    ck_assert(!nn_file_exists(in_folder("p.html")));
}
END_TEST

/* Python's parser of XML takes it; so does its parser of HTML, and finds every tag closed. */
START_TEST(a_page_is_well_formed)
{
    static const char check[] = "import sys,html.parser,xml.dom.minidom as m\n"
                                "t=open(sys.argv[1],encoding='utf-8').read(); m.parseString(t.encode())\n"
                                "class P(html.parser.HTMLParser):\n"
                                "  s=[]\n"
                                "  def handle_starttag(self,t,a): self.s.append(t)\n"
                                "  def handle_endtag(self,t): assert self.s.pop()==t\n"
                                "  def handle_startendtag(self,t,a): pass\n"
                                "p=P(); p.feed(t); p.close(); assert not p.s\n";
    char command[512];
    int n;
    const NnPageEntry *words = nn_page_common_words(&n);
    const NnChunk chunk = { check, sizeof check - 1 };
    if (system("python3 -c 'import html.parser, xml.dom.minidom' >/dev/null 2>&1")) { /* NOLINT(cert-env33-c) */
        puts("test_page: no python3, so no parser has read the page");
        return;
    }
    nn_page_section_begin(&page, "words", "Words & <more>", "lead \x01");
    nn_page_glossary(&page, words, n);
    nn_page_section_end(&page);
    ck_assert_int_eq(nn_page_save(&page, in_folder("p.html"), &err), NN_OK);
    ck_assert_int_eq(nn_file_write(in_folder("check.py"), &chunk, 1, &err), NN_OK);
    snprintf(command, sizeof command, "cd '%s' && python3 check.py p.html", temp_folder);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): the name is our own */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("page");
    TCase *tests = tcase_create("page");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, 60); /* an interpreter starts in one of them */
    tcase_add_loop_test(tests, text_is_escaped, 0, sizeof escapes / sizeof *escapes);
    tcase_add_test(tests, formats_are_escaped_as_a_whole);
    tcase_add_test(tests, every_block_escapes);
    tcase_add_test(tests, pictures_are_base64);
    tcase_add_test(tests, a_page_never_grows_beyond_its_limit);
    tcase_add_test(tests, a_page_asks_for_nothing_from_elsewhere);
    tcase_add_test(tests, a_page_that_cannot_be_written_says_so);
    tcase_add_test(tests, memory_that_ran_out_is_told);
    tcase_add_test(tests, a_page_is_well_formed);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
