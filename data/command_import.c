/* command_import.c -- `data import SPEC --out FILE`. */
#include "data/commands.h"
#include "data/import.h"

static void say_result(DataConsole *console, const DataSet *set, const char *out)
{
    int real = 0, masks = 0, declared = 0;
    for (int i = 0; i < set->n; i++) {
        real += set->items[i].label == 0;
        masks += set->items[i].mask != NULL;
        declared += set->items[i].split >= 0;
    }
    fprintf(console->out,
            "%s: %d images: %d real, %d fake of %d methods, %d with masks; split declared for %d\n"
            "next: %s check %s\n",
            out, set->n, real, set->n - real, set->n_methods, masks, declared, console->program, out);
}

NnStatus data_command_import(DataConsole *console, const DataArguments *a, NnErr *err)
{
    DataSet *set;
    NN_TRY(data_console_list(console, a, a->specs[0], &set, err));
    NnStatus s = data_console_folder_of(a->out, err);
    if (s == NN_OK) s = data_import_write(set, a->out, err);
    if (s == NN_OK) say_result(console, set, a->out);
    data_set_free(set);
    return s;
}
