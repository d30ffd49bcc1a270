/* text_table.c -- see text_table.h. */
#include "eval/text_table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/size.h"

void eval_text_table_add(EvalTextTable *t, int bold, const char *format, ...)
{
    if (t->n_cells == t->room) {
        const int room = t->room ? 2 * t->room : 64;
        EvalCell *grown = nn_realloc(t->cells, (size_t)room, sizeof *grown);
        if (!grown) {
            t->failed = 1;
            return;
        }
        t->cells = grown;
        t->room = room;
    }
    EvalCell *cell = &t->cells[t->n_cells++];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(cell->text, sizeof cell->text, format, args);
    va_end(args);
    if (len >= EVAL_CELL_MAX) cell->text[EVAL_CELL_MAX - 2] = '~';
    cell->bold = bold;
}

void eval_text_table_free(EvalTextTable *t)
{
    free(t->cells);
    *t = (EvalTextTable){ 0 };
}

/* ---- Markdown ---- */

/* Would Markdown take it for the border of a cell, or for HTML? */
static int is_mark(char c)
{
    return c == '|' || c == '<';
}

/* Columns on a terminal: UTF-8 characters, with the marks of bold text and escapes. */
static int width(const EvalCell *cell)
{
    int n = cell->bold ? 4 : 0;
    for (const char *p = cell->text; *p; p++) n += (*p & 0xc0) != 0x80 ? 1 + is_mark(*p) : 0;
    return n;
}

static int column_width(const EvalTextTable *t, int column)
{
    int widest = 3;
    for (int i = column; i < t->n_cells; i += t->n_columns)
        if (width(&t->cells[i]) > widest) widest = width(&t->cells[i]);
    return widest;
}

static void put_markdown(FILE *out, const EvalCell *cell, int to_width)
{
    fputs(cell->bold ? " **" : " ", out);
    for (const char *p = cell->text; *p; p++) {
        if (is_mark(*p)) putc('\\', out);
        putc(*p, out);
    }
    fprintf(out, "%s%*s |", cell->bold ? "**" : "", to_width - width(cell), "");
}

void eval_text_table_markdown(FILE *out, const EvalTextTable *t, int level, const char *title)
{
    if (t->failed || t->n_cells == 0) return;
    for (int i = 0; i < level; i++) putc('#', out);
    fprintf(out, " %s\n\n", title);
    for (int i = 0; i < t->n_cells; i++) {
        const int column = i % t->n_columns, last = column == t->n_columns - 1;
        if (column == 0) putc('|', out);
        put_markdown(out, &t->cells[i], column_width(t, column));
        if (last) putc('\n', out);
        if (i != t->n_columns - 1) continue;
        for (int k = 0; k < t->n_columns; k++) {
            fputs(k == 0 ? "|" : "", out);
            for (int n = column_width(t, k) + 2; n > 0; n--) putc('-', out);
            fputs(k == t->n_columns - 1 ? "|\n" : "|", out);
        }
    }
    putc('\n', out);
}

/* ---- LaTeX ---- */

void eval_latex_text(FILE *out, const char *text)
{
    static const char *const special[][2] = { { "\\", "\\textbackslash{}" },
                                              { "~", "\\textasciitilde{}" },
                                              { "^", "\\textasciicircum{}" },
                                              { "[", "{[}" }, /* not an argument of a line's end before it */
                                              { "\xc2\xb1", "$\\pm$" } };
    for (const char *p = text; *p; p++) {
        const char *instead = NULL;
        for (size_t i = 0; i < sizeof special / sizeof *special && !instead; i++)
            if (!strncmp(p, special[i][0], strlen(special[i][0])))
                instead = special[i][1], p += strlen(special[i][0]) - 1;
        if (instead) fputs(instead, out);
        else if (strchr("_%&#$}{", *p)) fprintf(out, "\\%c", *p);
        else putc(*p, out);
    }
}

/* A sign before a digit is a minus, not a hyphen. */
static void put_latex_text(FILE *out, const char *text)
{
    char piece[EVAL_CELL_MAX];
    for (const char *p = text; *p;) {
        const int minus = *p == '-' && p[1] >= '0' && p[1] <= '9' && (p == text || strchr(" [", p[-1]));
        if (minus) fputs("$-$", out), p++;
        size_t n = 1;
        while (p[n] && p[n] != '-') n++;
        snprintf(piece, sizeof piece, "%.*s", (int)n, p);
        eval_latex_text(out, piece);
        p += n;
    }
}

/* An interval goes below its figure: side by side they would not fit a page. */
static void put_latex(FILE *out, const EvalCell *cell)
{
    char figure[EVAL_CELL_MAX];
    const char *interval = strstr(cell->text, " [");
    fputs(cell->bold ? "\\textbf{" : "", out);
    snprintf(figure, sizeof figure, "%.*s", interval ? (int)(interval - cell->text) : EVAL_CELL_MAX - 1, cell->text);
    fputs(interval ? "\\shortstack{" : "", out);
    put_latex_text(out, figure);
    if (interval) {
        fputs("\\\\{\\scriptsize ", out);
        put_latex_text(out, interval + 1);
        fputs("}}", out);
    }
    fputs(cell->bold ? "}" : "", out);
}

void eval_text_table_latex(FILE *out, const EvalTextTable *t, const char *title)
{
    if (t->failed || t->n_cells == 0) return;
    fputs("\\begin{table}[htbp]\n\\centering\\footnotesize\\setlength{\\tabcolsep}{3pt}\n\\caption{", out);
    eval_latex_text(out, title);
    fputs("}\n\\begin{tabular}{l", out);
    for (int i = 1; i < t->n_columns; i++) putc('r', out);
    fputs("}\n\\hline\n", out);
    for (int i = 0; i < t->n_cells; i++) {
        put_latex(out, &t->cells[i]);
        fputs(i % t->n_columns == t->n_columns - 1 ? " \\\\\n" : " & ", out);
        if (i == t->n_columns - 1) fputs("\\hline\n", out);
    }
    fputs("\\hline\n\\end{tabular}\n\\end{table}\n\n", out);
}
