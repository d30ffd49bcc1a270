/* contact_sheet.h -- a few images on one picture: a row each, with a caption and a tile for the image, its map, ... */
#ifndef DATA_CONTACT_SHEET_H
#define DATA_CONTACT_SHEET_H
#include "data/image.h"

enum { DATA_SHEET_COLUMNS = 4, DATA_SHEET_LINES = 3, DATA_SHEET_TILE = 128 /* pixels */ };

/* One image: lines of text, and square RGB tiles, all tiles of a sheet of one size. */
typedef struct {
    char caption[DATA_SHEET_LINES][32];
    DataImage tiles[DATA_SHEET_COLUMNS];
} DataSheetRow;

/* The caller fills it; rows is its own array, whose tiles data_sheet_free releases. */
typedef struct {
    int n, columns, across; /* rows; tiles of each; rows side by side (0 means 1) */
    const char *titles[DATA_SHEET_COLUMNS];
    DataSheetRow *rows;
} DataSheet;

/* Replace *tile by one that is ready for a sheet: shrunk to DATA_SHEET_TILE if larger, with six bits a colour (nobody
 * sees the others, and they double the file). */
NnStatus data_sheet_fit(DataImage *tile, NnErr *err);

/* Draw all rows: the first `across` of them in the topmost line, and so on. Small tiles are enlarged in whole steps, to
 * DATA_SHEET_TILE at most. ERR_DATA: no row, or its first tile is empty. */
NnStatus data_sheet_draw(const DataSheet *sheet, DataImage *out, NnErr *err);

void data_sheet_free(DataSheet *sheet);

#endif
