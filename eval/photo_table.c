/* photo_table.c -- see photo_table.h. */
#include "eval/photo_table.h"

#include <stdlib.h>

#include "data/csv.h"
#include "nn/base/file.h"

NnStatus eval_photo_table_open(EvalPhotoTable *t, NnErr *err)
{
    t->rows = open_memstream(&t->text, &t->len);
    if (!t->rows) return nn_fail(err, NN_ERR_NOMEM, "table of scores: out of memory");
    fputs("path,score,verdict,width,height,warning,failure\n", t->rows);
    return NN_OK;
}

void eval_photo_table_add(EvalPhotoTable *t, const EvalPhoto *photo)
{
    data_csv_put(t->rows, photo->path);
    if (photo->failure) {
        fputs(",,,,,,", t->rows);
        data_csv_put(t->rows, photo->failure);
    } else {
        fprintf(t->rows, ",%.9g,%s,%d,%d,", (double)photo->score, eval_photo_verdicts[photo->verdict], photo->w,
                photo->h);
        data_csv_put(t->rows, photo->warning);
        putc(',', t->rows);
    }
    putc('\n', t->rows);
}

NnStatus eval_photo_table_save(EvalPhotoTable *t, const char *folder, NnErr *err)
{
    if (fflush(t->rows) || ferror(t->rows)) return nn_fail(err, NN_ERR_NOMEM, "table of scores: out of memory");
    NN_TRY(nn_folder_make(folder, err));
    char *path = nn_path_join(folder, "scores.csv");
    const NnChunk all = { t->text, t->len };
    const NnStatus s =
        path ? nn_file_write(path, &all, 1, err) : nn_fail(err, NN_ERR_NOMEM, "table of scores: out of memory");
    free(path);
    return s;
}

void eval_photo_table_free(EvalPhotoTable *t)
{
    if (t->rows) fclose(t->rows);
    free(t->text);
    *t = (EvalPhotoTable){ 0 };
}
