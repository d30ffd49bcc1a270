/* input_fit.c -- see input_fit.h. */
#include "eval/input_fit.h"

#include <stdio.h>
#include <stdlib.h>

EvalInputForm eval_input_form(const NnTrained *trained, const DataSettings *data)
{
    return (EvalInputForm){ data->size, data->fit, atoi(nn_trained_note(trained, "side_min")),
                            atoi(nn_trained_note(trained, "side_max")) };
}

void eval_input_warning(const EvalInputForm *form, int w, int h, char *out, size_t size)
{
    const int shorter = w < h ? w : h, longer = w < h ? h : w;
    char against[96] = "";
    *out = 0;
    if (form->side_min > 0)
        snprintf(against, sizeof against, "the detector was trained on images of %d to %d pixels a side",
                 form->side_min, form->side_max);
    if (form->side_min > 0 && 3 * (long)shorter < 2 * (long)form->side_min)
        snprintf(out, size, "%dx%d pixels are too few: %s", w, h, against);
    else if (form->side_max > 0 && (long)shorter > 2 * (long)form->side_max)
        snprintf(out, size, "%dx%d pixels: fine traces are lost in shrinking; %s", w, h, against);
    else if (2 * (long)longer > 3 * (long)shorter)
        snprintf(out, size,
                 form->fit == DATA_FIT_CROP ? "%dx%d pixels: only the central %d x %d are judged"
                                            : "%dx%d pixels: squeezed into a square of %d x %d",
                 w, h, form->fit == DATA_FIT_CROP ? shorter : form->size,
                 form->fit == DATA_FIT_CROP ? shorter : form->size);
}
