/* contact_sheet.c -- see contact_sheet.h. */
#include "data/contact_sheet.h"

#include <string.h>

#include "data/bitmap_font.h"
#include "data/heat_map.h"

enum { GUTTER = 6, HEADER = 24, CAPTION = 132, INK = 40 };

NnStatus data_sheet_fit(DataImage *tile, NnErr *err)
{
    DataImage small = { 0 };
    if (tile->w > DATA_SHEET_TILE) {
        NN_TRY(data_image_resize(tile, DATA_SHEET_TILE, DATA_SHEET_TILE, &small, err));
        data_image_free(tile);
        *tile = small;
    }
    for (size_t i = 0; i < 3 * (size_t)tile->w * (size_t)tile->h; i++)
        tile->px[i] = (unsigned char)((tile->px[i] & 0xFC) | tile->px[i] >> 6);
    return NN_OK;
}

/* Large letters where they fit, else small ones. */
static void write_caption(DataImage *canvas, int x, int y, int width, const char *text)
{
    const int zoom = (int)strlen(text) * DATA_FONT_W * 2 <= width ? 2 : 1;
    data_font_draw(canvas, x, y, zoom, INK, text);
}

static void draw_row(const DataSheet *sheet, const DataSheetRow *row, int x, int y, int zoom, DataImage *out)
{
    const int side = zoom * row->tiles[0].w;
    for (int i = 0; i < DATA_SHEET_LINES; i++)
        write_caption(out, x + GUTTER, y + side / 2 - 34 + 24 * i, CAPTION, row->caption[i]);
    for (int i = 0; i < sheet->columns; i++)
        data_picture_place(out, x + CAPTION + GUTTER + i * (side + GUTTER), y, zoom, &row->tiles[i]);
}

NnStatus data_sheet_draw(const DataSheet *sheet, DataImage *out, NnErr *err)
{
    if (sheet->n == 0 || !sheet->rows[0].tiles[0].px)
        return nn_fail(err, NN_ERR_DATA, "contact sheet: there is no image to show");
    const int zoom = DATA_SHEET_TILE / sheet->rows[0].tiles[0].w, side = zoom * sheet->rows[0].tiles[0].w;
    const int most = sheet->across > 1 ? sheet->across : 1, across = sheet->n < most ? sheet->n : most;
    const int width = CAPTION + GUTTER + sheet->columns * (side + GUTTER), lines = (sheet->n + across - 1) / across;
    NN_TRY(data_image_new(across * width, HEADER + lines * (side + GUTTER), 3, out, err));
    memset(out->px, 255, 3 * (size_t)out->w * (size_t)out->h);
    for (int i = 0; i < across * sheet->columns; i++)
        write_caption(out, i / sheet->columns * width + CAPTION + GUTTER + i % sheet->columns * (side + GUTTER), 5,
                      side, sheet->titles[i % sheet->columns]);
    for (int i = 0; i < sheet->n; i++)
        draw_row(sheet, &sheet->rows[i], i % across * width, HEADER + i / across * (side + GUTTER), zoom, out);
    return NN_OK;
}

void data_sheet_free(DataSheet *sheet)
{
    for (int i = 0; i < sheet->n; i++)
        for (int k = 0; k < DATA_SHEET_COLUMNS; k++) data_image_free(&sheet->rows[i].tiles[k]);
}
