/* input_fit.h -- does a photo resemble, in size and form, what the detector was trained on?
 *
 * Traces of forging are fine: a photo that has to be enlarged has none of the fineness that the detector knows, one that
 * is shrunk much loses its own, and one that is squeezed or cut is not the photo any more. */
#ifndef EVAL_INPUT_FIT_H
#define EVAL_INPUT_FIT_H
#include "data/data_settings.h"
#include "nn/model/trained_detector.h"

typedef struct {
    int size, fit; /* [data] */
    int side_min,
        side_max; /* shorter side of the training images before they were fitted; 0: the checkpoint is silent */
} EvalInputForm;

EvalInputForm eval_input_form(const NnTrained *trained, const DataSettings *data);

/* What is amiss with a photo of w x h pixels, in words, into out [size] ("" = nothing):
 *   its shorter side is below side_min / 1.5, or above 2 side_max;
 *   fit = resize: one side is more than 1.5 times the other; fit = crop: then the central square leaves out a third. */
void eval_input_warning(const EvalInputForm *form, int w, int h, char *out, size_t size);

#endif
