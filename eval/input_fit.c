/* input_fit.c -- see input_fit.h. */
#include "eval/input_fit.h"

#include <stdio.h>
#include <stdlib.h>

EvalInputForm eval_input_form(const NnTrained *trained, const DataSettings *data)
{
    return (EvalInputForm){ data->size, data->fit, atoi(nn_trained_note(trained, "side_min")),
                            atoi(nn_trained_note(trained, "side_max")) };
}

/* "images of 96 to 128 pixels a side" */
static void name_sides(const EvalInputForm *form, char *out, size_t size)
{
    if (form->side_min == form->side_max) snprintf(out, size, "images of %d pixels a side", form->side_min);
    else snprintf(out, size, "images of %d to %d pixels a side", form->side_min, form->side_max);
}

void eval_input_warning(const EvalInputForm *form, int w, int h, char *out, size_t size)
{
    const long shorter = w < h ? w : h, longer = w < h ? h : w;
    char sides[64];
    *out = 0;
    name_sides(form, sides, sizeof sides);
    if (form->side_min > 0 && 3 * shorter < 2 * (long)form->side_min)
        snprintf(out, size, "%dx%d pixels are too few: the detector was trained on %s", w, h, sides);
    else if (form->side_max > 0 && shorter > 2 * (long)form->side_max)
        snprintf(out, size, "%dx%d pixels: shrinking loses fine traces; the detector was trained on %s", w, h, sides);
    else if (2 * longer > 3 * shorter && form->fit == DATA_FIT_CROP)
        snprintf(out, size, "%dx%d pixels: only the central %ldx%ld are judged", w, h, shorter, shorter);
    else if (2 * longer > 3 * shorter) snprintf(out, size, "%dx%d pixels: squeezed into a square", w, h);
}
